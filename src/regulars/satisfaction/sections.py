"""Sections of the satisfaction page that rest on the whole questionnaire: loyalty, what to do, how it was measured."""

from collections.abc import Callable, Collection

import pandas as pd

from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding, attempted
from regulars.satisfaction.cases.aftermath import cases_finding
from regulars.satisfaction.cases.complaints import only_complaints
from regulars.satisfaction.methods.hierarchy import ahp, expert_weights, points_of_ranking
from regulars.satisfaction.methods.methods import (
    Design,
    factor_scores,
    latest_answers,
    methods_finding,
    overall_answers,
    usual_factors,
    wide_answers,
)
from regulars.satisfaction.methods.ordered import ordered_logit
from regulars.satisfaction.methods.repurchase import repurchases
from regulars.satisfaction.offer.delivered import asked_finding, delivered_finding
from regulars.satisfaction.offer.kano import kano_finding, levels_finding
from regulars.satisfaction.survey.answers import scores_by_item
from regulars.satisfaction.survey.between import Visits, between_finding
from regulars.satisfaction.survey.gap import gap_states, gaps
from regulars.satisfaction.survey.indices import customer_satisfaction
from regulars.satisfaction.survey.listening import channels_finding, importance_finding, switching_finding
from regulars.satisfaction.survey.loyalty import (
    Loyalty,
    benefits_finding,
    benefits_of_loyalty,
    loyalty_finding,
    loyalty_of,
)
from regulars.satisfaction.survey.raking import rfm_cells
from regulars.satisfaction.survey.recommending import recommend_finding
from regulars.satisfaction.survey.sampling import sampling_finding
from regulars.settings import SatisfactionSettings

KEPT = ["customer_id", "satisfaction", "loyalty_type", "loyalty_type_probability"]  # columns of the scored table


class Survey:
    """All that the sections are made of: one object, so that answers are brought into shape once.

    Parameters
    ----------
    tables : mapping
        Clean tables by name: ``surveys``, ``survey_items`` and ``orders``; where supplied ``customers``,
        ``order_lines``, ``tickets``, ``mystery_visits``, ``lost_reasons``; ``value``, the scored one.
    customers : pandas.DataFrame
        One row per customer: ``customer_id``, ``segment``.
    purchases : regulars.purchases.Purchases or None
        None where the log is a sample of the orders.
    observation_end : date
    asked : SatisfactionSettings
    names : pandas.Series
        What stands for a customer on the page, by customer_id.
    level : float
    min_answers, min_cell : int
    seed : int
    """

    def __init__(
        self, tables, customers, purchases, observation_end, asked: SatisfactionSettings, names, level=0.9,
        min_answers=30, min_cell=5, seed=0,
    ):  # fmt: skip
        self.names = names
        self.tables, self.purchases, self.end, self.asked = tables, purchases, observation_end, asked
        self.level, self.min_answers, self.min_cell, self.seed = level, min_answers, min_cell, seed
        self.scored = customers.merge(tables["value"], on="customer_id").set_index("customer_id")
        self.surveys, self.items = tables["surveys"], tables["survey_items"]
        self.every = wide_answers(self.surveys, self.items, latest=False)
        self.latest = latest_answers(self.every)
        self.satisfaction = customer_satisfaction(
            self.surveys, self.items, asked.satisfaction_construct, latest=False
        )  # fmt: skip
        self._loyalty: Loyalty | None = None

    def sections(self) -> dict[str, Callable[[], Finding]]:
        """What makes each section, by its key."""
        return {
            "cases": self._cases, "switching": self._switching, "loyalty": self._loyal, "benefits": self._benefits,
            "between": self._between, "importance": self._importance, "delivered": self._delivered, "kano": self._kano,
            "levels": self._levels, "channels": self._channels, "sample": self._sample, "methods": self._methods,
            "recommend": self._recommend,
        }  # fmt: skip

    def told(self) -> dict[str, Finding]:
        """Every section by its key; one that the data do not allow says why, and the others stand."""
        return {name: attempted(make) for name, make in self.sections().items()}

    @property
    def factors(self) -> list[str]:
        """Constructs that satisfaction is judged by."""
        asked = self.asked
        apart = {item for pair in asked.offer.kano.values() for item in pair}
        apart |= {item for parts in asked.offer.delivered.values() for item in parts.values()}
        outcomes = (asked.satisfaction_construct, asked.questions.loyalty_construct)
        found = list(asked.managers.factors) or usual_factors(
            self.items[~self.items["item"].isin(apart)], without=outcomes
        )
        if not found:
            raise UserError("Table survey_items: no construct but the outcomes has two items: nothing explains them.")
        return found

    def loyalty(self) -> Loyalty | None:
        """Loyalty types, worked out once; None where the survey has no item of loyalty."""
        of = self.items.loc[self.items["construct"] == self.asked.questions.loyalty_construct, "item"]
        names = [item for item in of if item != self.asked.questions.immunity_item]
        if self._loyalty is None and names:
            asked = self.asked
            self._loyalty = loyalty_of(
                self.every, names, self.purchases, self.end, attitude_cut=asked.questions.attitude_from,
                window_days=asked.questions.loyalty_days, within_days=asked.handling.return_days, level=self.level,
                min_cell=self.min_cell,
            )  # fmt: skip
        return self._loyalty

    def loyalty_types(self, customers: pd.Series) -> pd.DataFrame:
        """``loyalty_type`` and ``loyalty_type_probability`` of these customers; missing where it cannot be told."""
        found = pd.DataFrame(columns=["loyalty_type", "p_type"], dtype=object)
        if attempted(self._loyal).frames:
            found = self._loyalty.now
        told = {"loyalty_type": found["loyalty_type"], "loyalty_type_probability": found["p_type"].astype("float64")}
        return pd.DataFrame({name: customers.map(values) for name, values in told.items()}, index=customers.index)

    def _loyal(self) -> Finding:
        return loyalty_finding(
            self.loyalty(), self.asked.questions.loyalty_days, self.asked.questions.attitude_from, self.level
        )

    def _benefits(self) -> Finding:
        loyalty = self.loyalty()
        if loyalty is None:
            return Finding(NOT_SUPPLIED)
        known = self.every.dropna(subset=["customer_id"]).set_index("customer_id")
        # the answers that the type was told from
        known = known[(known["answered_at"] == loyalty.since.reindex(known.index)).to_numpy()]
        known = known[~known.index.duplicated(keep="last")]
        ends = self.items.drop_duplicates("item").set_index("item")
        recommend = None
        if self.asked.recommend_item in known:
            low, high = ends.loc[self.asked.recommend_item, ["scale_min", "scale_max"]].astype(float)
            recommend = known[self.asked.recommend_item] / 100 * (high - low) + low
        lines = self.tables.get("order_lines")
        table = benefits_of_loyalty(
            loyalty.asked, loyalty.since, self.tables["orders"], self.end, within_days=self.asked.handling.return_days,
            categories=lines if lines is not None and "category" in lines else None, recommend=recommend,
            immunity=known.get(self.asked.questions.immunity_item), level=self.level, min_cell=self.min_cell,
        )  # fmt: skip
        return benefits_finding(table, self.asked.handling.return_days)

    def _cases(self) -> Finding:
        told = self.satisfaction.sort_values(["answered_at", "wave"], kind="stable")
        return cases_finding(
            told,
            self.tables.get("tickets"),
            self.asked.handling.return_days,
            self.level,
            self.min_answers,
            self.min_cell,
        )

    def _switching(self) -> Finding:
        asked = self.asked
        followed = repurchases(self.satisfaction, self.purchases, self.end, asked.handling.return_days)
        return switching_finding(
            followed["satisfaction"], followed["bought"], asked.handling.return_days, asked.dissatisfied_below,
            asked.questions.highly_satisfied_from, self.level, self.min_answers,
        )  # fmt: skip

    def _between(self) -> Finding:
        branch, visits = self._branch(), self.tables.get("mystery_visits")
        if branch is None:
            return Finding(NOT_SUPPLIED)
        told = self.satisfaction.dropna(subset=["customer_id"]).drop_duplicates("customer_id", keep="last")
        encounters = None
        if visits is not None and "staff" in visits:
            encounters = _encounters(visits, self.items)
        return between_finding(
            told["satisfaction"], told["customer_id"].map(branch), self.level, self.min_answers, encounters
        )

    def _branch(self) -> pd.Series | None:
        """Branch of each customer by customer_id: the region that serves them, where it is known."""
        people = self.tables.get("customers")
        if people is None or "region" not in people:
            return None
        return people.drop_duplicates("customer_id").set_index("customer_id")["region"]

    def _importance(self) -> Finding:
        asked = self.asked
        if not asked.managers.rankings and not len(asked.managers.pairwise):
            return Finding(NOT_SUPPLIED)
        scores = factor_scores(self.latest, self.items, self.factors)
        shown = ordered_logit(overall_answers(self.latest, asked.overall_item).round(6), scores, self.level)
        hierarchy = ahp(asked.managers.pairwise, self.factors) if len(asked.managers.pairwise) else None
        return importance_finding(dict(asked.managers.rankings), hierarchy, shown, self.level)

    def _weights(self) -> pd.Series:
        """Weights of the factors: of pairwise comparisons, else of rankings, else all the same."""
        if len(self.asked.managers.pairwise):
            return ahp(self.asked.managers.pairwise, self.factors).weights
        if self.asked.managers.rankings:
            return expert_weights(points_of_ranking(self.asked.managers.rankings)).table["weight"].reindex(self.factors)
        return pd.Series(1 / len(self.factors), index=self.factors)

    def _methods(self) -> Finding:
        design = Design(self._weights(), self.asked.overall_item, self.asked.csat_top_box)
        groups = {"segment": self.scored["segment"]}
        branch = self._branch()
        if branch is not None:
            groups["branch"] = branch
        return methods_finding(
            self.every, self.items, groups, rfm_cells(self.scored), self.purchases, self.end, design,
            within_days=self.asked.handling.return_days, level=self.level, min_answers=self.min_answers, seed=self.seed,
        )  # fmt: skip

    def _recommend(self) -> Finding:
        asked = self.asked
        return recommend_finding(
            self.surveys, self.items, self.every, self.purchases, self.end,
            items={"recommendation": asked.recommend_item, "overall": asked.overall_item,
                   "effort": asked.questions.effort_item},
            constructs={"satisfaction": asked.satisfaction_construct, "loyalty": asked.questions.loyalty_construct},
            within_days=asked.handling.return_days, top_boxes=asked.csat_top_box, level=self.level,
            min_answers=self.min_answers,
        )  # fmt: skip

    def _delivered(self) -> Finding:
        asked = self.asked.offer.delivered
        if asked:
            items = {item for parts in asked.values() for item in parts.values()}
            return asked_finding(self._latest_of(items), asked, self.level)
        return delivered_finding(dict(self.asked.managers.offers))

    def _kano(self) -> Finding:
        pairs = dict(self.asked.offer.kano)
        answers = self._latest_of({item for pair in pairs.values() for item in pair}) if pairs else None
        return kano_finding(answers, pairs, self.level)

    def _latest_of(self, items: Collection[str]) -> pd.DataFrame:
        """Scores of these items, on their scales: of each respondent those of the last wave that asked for any."""
        told = scores_by_item(self.surveys[self.surveys["item"].isin(items)])
        return told[~told.index.get_level_values("respondent").duplicated(keep="last")]

    def _levels(self) -> Finding:
        return levels_finding(self.tables.get("mystery_visits"), self.level)

    def _channels(self) -> Finding:
        heard = {"surveys": self._survey_topics()}
        tickets, lost = self.tables.get("tickets"), self.tables.get("lost_reasons")
        if tickets is not None:
            cases = only_complaints(tickets)
            heard["complaints"] = (cases["category"], cases["customer_id"])
        visits = self.tables.get("mystery_visits")
        if visits is not None:
            heard["mystery_visits"] = (_lowest_items(visits, self.items), None)
        if lost is not None:
            heard["lost_reasons"] = (lost["reason"], lost["customer_id"])
        return channels_finding(heard, len(self.scored), self.level)

    def _survey_topics(self):
        """What each respondent misses most: the item that falls furthest short, if it falls short at all."""
        both = gaps(self.surveys)
        words = self.items.drop_duplicates("item").set_index("item")["wording"].str.rstrip(".")
        if both.empty:
            return pd.Series(dtype="string"), pd.Series(dtype="string")
        state = gap_states(both["gap"], self.asked.tolerance_steps)
        both = both.assign(topic=both["item"].map(words).where(state == "dissatisfied"))
        worst = both.sort_values(["wave", "respondent", "gap", "item"], kind="stable")
        worst = worst.drop_duplicates(["wave", "respondent"])
        return worst["topic"], worst["customer_id"]

    def _sample(self) -> Finding:
        people = self.tables.get("customers")
        may = pd.Series(True, index=self.scored.index)
        if people is not None and "consent" in people:
            may = people.set_index("customer_id")["consent"].reindex(self.scored.index).fillna(False).astype(bool)
        told = self.satisfaction.dropna(subset=["customer_id"])
        last = told[told["wave"] == told["wave"].max()].drop_duplicates("customer_id").set_index("customer_id")
        segment = self.scored["segment"]
        share = segment.reindex(last.index).value_counts().reindex(segment.unique()).fillna(0) / segment.value_counts()
        return sampling_finding(
            segment, last["satisfaction"], share, may, self.names, target_width=self.asked.questions.target_width,
            level=self.level, least=self.min_answers, seed=self.seed,
        )  # fmt: skip


def _encounters(visits: pd.DataFrame, items: pd.DataFrame) -> Visits:
    """Mean of the items of each visit, 0 to 100, with staff and branch."""
    each = _scaled(visits, items).groupby("visit_id")
    branch = each["branch"].first() if "branch" in visits else pd.Series(pd.NA, each["staff"].first().index)
    return Visits(each["score"].mean(), each["staff"].first(), branch)


def _lowest_items(visits: pd.DataFrame, items: pd.DataFrame) -> pd.Series:
    """Item with the lowest score of each visit, in its wording; missing where all are above the middle."""
    words = items.drop_duplicates("item").set_index("item")["wording"].str.rstrip(".")
    rows = _scaled(visits, items).sort_values(["visit_id", "score", "item"], kind="stable").drop_duplicates("visit_id")
    return rows["item"].map(words).where(rows["score"] < 50)


def _scaled(visits: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    ends = items.drop_duplicates("item").set_index("item")
    low, high = visits["item"].map(ends["scale_min"]), visits["item"].map(ends["scale_max"])
    return visits.assign(score=100 * (visits["score"] - low) / (high - low)).dropna(subset=["score"])
