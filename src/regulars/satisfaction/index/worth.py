"""What satisfaction is worth: satisfaction → purchase rate and dropout → customer lifetime value, with its assumptions.

The score is measured first and the orders after it are what it is held to account for: the likelihood is that of
`regulars.clv.BetaGeoCovariateFitter` given each customer's history up to the day of the answer.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from regulars.clv import BetaGeoCovariateFitter, BetaGeoFitter
from regulars.errors import UntoldError
from regulars.finding import shows
from regulars.purchases import Purchases, day_number, day_numbers, unit_days
from regulars.satisfaction.index.ways import Assumed, Way
from regulars.satisfaction.survey.answers import among
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate, z_value

USUAL = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90)


class WorthVerdict(StrEnum):
    """Whether dissatisfaction costs.

    None: no effect of satisfaction on buying or leaving is more than noise (95 %). Where there is one: the interval of
    the value at risk leaves zero out (costs), or does not (unclear).
    """

    COSTS = "costs"
    UNCLEAR = "unclear"
    NONE = "none"


@shows
class ValueLost(NamedTuple):
    """What dissatisfaction costs.

    Parameters
    ----------
    verdict : WorthVerdict
    effects : pandas.DataFrame
        ``effect`` (rate, dropout), ``value`` (γ per SD of satisfaction), ``low``, ``high``, ``p_value``, ``n``.
    by_satisfaction : pandas.DataFrame
        ``position`` (−1, 0, +1 SD), ``satisfaction`` (0–100), ``value`` of a new customer over the horizon with
        ``value_low``, ``value_high``, ``n``.
    at_risk : Estimate
        Currency: value over the horizon that the dissatisfied among all customers bring less than they would at the
        mean satisfaction.
    dissatisfied_share : float
        Share of customers who are dissatisfied, weighted to all customers.
    sensitivity : pandas.DataFrame
        ``assumption``, ``rate``, ``dropout`` and ``at_risk``, each with limits: one row per assumption dropped.
    asymmetry : dict
        ``statistic``, ``p_value``, ``is_asymmetric``: whether dissatisfaction and satisfaction count differently.
    reliability : float
    answer_if_left : float
        How often those who had left answer, as a share of how often the others do.
    point_value : Estimate
        Currency that one point of satisfaction (of 100) more of every customer brings over the horizon.
    """

    verdict: WorthVerdict
    effects: pd.DataFrame
    by_satisfaction: pd.DataFrame
    at_risk: Estimate
    dissatisfied_share: float
    sensitivity: pd.DataFrame
    asymmetry: dict
    reliability: float
    answer_if_left: float
    point_value: Estimate


def histories_at(purchases: Purchases, when, observation_end, time_unit: str = "week") -> pd.DataFrame:
    """History of customers at a day of their own and at the end of the data.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    when : pandas.Series
        Day by customer_id: of the answer.
    observation_end : date
        Last day of the data.
    time_unit : {"day", "week", "month"}
        In which time is counted: day, week or month.

    Returns
    -------
    pandas.DataFrame
        By customer_id: ``frequency``, ``recency``, ``T`` and, as of the day, ``x0``, ``t0``, ``T0``; customers whose
        first purchase came after their day are left out.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a"], "amount": 1.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-15", "2026-03-05"])})
    >>> when = pd.Series(pd.to_datetime(["2026-02-05"]), index=["a"])
    >>> histories_at(Purchases.of(orders), when, "2026-03-12").iloc[0].tolist()
    [2.0, 9.0, 10.0, 1.0, 2.0, 5.0]
    """
    unit, ids = unit_days(time_unit), pd.Index(when.index.astype(object), name="customer")
    place, asked = purchases.places(ids), day_numbers(when)
    before = purchases.up_to(place, asked)
    known = np.flatnonzero(before > 0)
    place, asked, before = place[known], asked[known], before[known]
    first = purchases.first_days[place]
    table = pd.DataFrame(
        {
            "frequency": purchases.frequency[place].astype(float),
            "recency": (purchases.last_days[place] - first) / unit,
            "T": (day_number(observation_end) - first) / unit,
            "x0": before - 1.0,
            "t0": (purchases.day[purchases.starts[place] + before - 1] - first) / unit,
            "T0": (asked - first) / unit,
        },
        index=ids[known],
    )
    return table.sort_index()


def reliability_of(scores: pd.DataFrame, least: int = 30) -> float:
    """Share of a score's variance that is the customer and not the day: correlation of two waves of the same customers.

    Parameters
    ----------
    scores : pandas.DataFrame
        ``customer_id``, ``answered_at``, ``satisfaction``, one row per customer and wave.
    least : int
        With fewer customers who answered twice it is not estimated and 1 is taken.

    Returns
    -------
    float
        Between 0.3 and 1.

    Examples
    --------
    >>> reliability_of(pd.DataFrame({"customer_id": ["a"], "answered_at": ["2026-01-01"], "satisfaction": [70.0]}))
    1.0
    """
    ordered = scores.dropna().sort_values(["customer_id", "answered_at"])
    pairs = ordered.groupby("customer_id")["satisfaction"].agg(["first", "last", "size"])
    pairs = pairs[pairs["size"] > 1]
    if len(pairs) < least or pairs[["first", "last"]].std().min() == 0:
        return 1.0
    return float(np.clip(pairs["first"].corr(pairs["last"]), 0.3, 1.0))


def answers_of_the_left(
    purchases: Purchases, answers: pd.DataFrame, model: BetaGeoFitter, observation_end, *, time_unit: str = "week"
) -> float:
    """How often customers who had left answer, as a share of how often the others do.

    In each wave the chance of an answer is π_A P(alive) + π_D (1 − P(alive)): a straight line in P(alive), fitted over
    all customers of all waves; the ratio π_D/π_A is kept between 0 and 1.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    answers : pandas.DataFrame
        ``customer_id``, ``wave``, ``answered_at``.
    model : BetaGeoFitter
        Fitted to all customers.
    observation_end : date
        Last day of the data.
    time_unit : str
        Of the model: day, week or month.

    Returns
    -------
    float
        Between 0 and 1; 1 where nobody can be told to have left.
    """
    alive, answered = [], []
    for _, wave in answers.groupby("wave", sort=True):
        day = _same_day(purchases, wave["answered_at"].min())
        told = histories_at(purchases, day, observation_end, time_unit)
        alive.append(model.conditional_probability_alive(*(told[name].to_numpy() for name in ("x0", "t0", "T0"))))
        answered.append(among(told.index, wave["customer_id"]).astype(float))
    p, y = np.concatenate(alive), np.concatenate(answered)
    design = np.column_stack([p, 1 - p])
    if np.linalg.matrix_rank(design) < 2:
        return 1.0
    those, left = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(np.clip(left / those, 0.0, 1.0)) if those > 0 else 1.0


def value_lost_to_dissatisfaction(
    purchases: Purchases,
    scores: pd.DataFrame,
    spend_per_order: pd.Series,
    observation_end,
    *,
    economics: Economics = USUAL,
    dissatisfied_below: float = 50.0,
    reliability: float | None = None,
    answer_if_left: float | None = None,
    level: float = 0.9,
    least: int = 100,
) -> ValueLost:
    """What dissatisfaction costs in customer lifetime value, with the assumptions behind it.

    Satisfaction → purchase rate and dropout (Fader & Hardie 2007) → value. The first answer of each customer is the
    score; orders up to that day are given, those after it are explained.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Of all customers.
    scores : pandas.DataFrame
        ``customer_id``, ``wave``, ``answered_at``, ``satisfaction`` (0–100), one row per customer and wave; anonymous
        answers are left out.
    spend_per_order : pandas.Series
        Expected spend of one order (currency), by customer_id.
    observation_end : date
        Last day of the data.
    economics : Economics
        Margin, discount rate, horizon, and the unit of time of the models.
    dissatisfied_below : float
        Satisfaction (0–100) below which a customer is dissatisfied.
    reliability : float, optional
        Of the score; estimated from customers who answered twice where it is not given.
    answer_if_left : float, optional
        Estimated where it is not given, see `answers_of_the_left`.
    level : float
        Of the intervals. The verdict rests on 95 %.
    least : int
        Customers with an answer below which nothing is said.

    Returns
    -------
    ValueLost

    Raises
    ------
    UntoldError
        Where too few customers can be followed or all scores are the same.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), Time-invariant covariates in the Pareto/NBD and BG/NBD models (note).
    Carroll, R. J. et al. (2006), Measurement Error in Nonlinear Models, ch. 4 (regression calibration).
    """
    unit, scores = economics.time_unit, scores.dropna(subset=["customer_id", "satisfaction"])
    first = scores.sort_values(["answered_at"]).drop_duplicates("customer_id").set_index("customer_id")
    if first.empty:
        raise UntoldError("Table surveys: no answer is of a known customer, so what it is worth cannot be told.")
    rows = histories_at(purchases, first["answered_at"], observation_end, unit)
    rows = rows.assign(score=first["satisfaction"].reindex(rows.index).astype(float))
    _check_enough(rows, least)
    everyone = histories_at(purchases, _same_day(purchases, observation_end), observation_end, unit)
    rows["weight"] = _inverse_probabilities(everyone, rows.index)
    rows["spend"] = spend_per_order.reindex(rows.index).astype(float).fillna(float(spend_per_order.mean()))
    plain = BetaGeoFitter().fit(everyone["frequency"], everyone["recency"], everyone["T"])
    if answer_if_left is None:
        answer_if_left = answers_of_the_left(purchases, scores, plain, observation_end, time_unit=unit)
    reliability = reliability_of(scores) if reliability is None else reliability
    ways = {
        "all": Assumed(answer_if_left, reliability),
        "only_customers_answer": Assumed(0.0, reliability),
        "leaving_changes_no_answer": Assumed(1.0, reliability),
        "whole_history": Assumed(None, reliability),
        "unweighted": Assumed(answer_if_left, reliability, is_weighted=False),
        "as_measured": Assumed(answer_if_left, 1.0),
    }
    told = {
        name: Way(rows, len(everyone), assumed, economics=economics, below=dissatisfied_below, level=level)
        for name, assumed in ways.items()
    }
    best = told["all"]
    return ValueLost(
        _verdict(best),
        best.effects,
        best.curve(),
        best.at_risk,
        best.dissatisfied_share,
        pd.DataFrame([{"assumption": name} | way.sensitivity() for name, way in told.items()]).astype(
            {"assumption": "string"}
        ),
        asymmetry(rows, answer_if_left),
        reliability,
        answer_if_left,
        best.point_value(),
    )


def asymmetry(rows: pd.DataFrame, answer_if_left: float) -> dict:
    """Whether being below the mean counts differently from being above it: likelihood ratio of two slopes to one.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per customer: ``score`` and the history of `histories_at`.
    answer_if_left : float
        How often those who had left answer, as a share of how often the others do.

    Returns
    -------
    dict
    """
    z = (rows["score"] - rows["score"].mean()) / rows["score"].std(ddof=0)
    past = {name: rows[name] for name in ("frequency", "recency", "T")}
    past |= {"before": [rows[name] for name in ("x0", "t0", "T0")], "answer_if_left": answer_if_left}
    straight = BetaGeoCovariateFitter().fit(covariates=pd.DataFrame({"s": z}), **past)
    bent = BetaGeoCovariateFitter().fit(
        covariates=pd.DataFrame({"low": z.clip(upper=0), "high": z.clip(lower=0)}), **past
    )
    gain = max(2 * (bent.log_likelihood_ - straight.log_likelihood_), 0.0)
    chance = float(chi2.sf(gain, 2))
    return {"statistic": gain, "p_value": chance, "is_asymmetric": chance < 0.05}


def driver_worth(
    total_effects: pd.DataFrame, point_value: Estimate, *, level: float = 0.9, draws: int = 4000, seed: int = 0
) -> pd.DataFrame:
    """Importance–performance in money: what one point more of each driver is worth, over all paths to satisfaction.

    Parameters
    ----------
    total_effects : pandas.DataFrame
        One row per driver: ``driver``, ``effect`` (points of satisfaction per point of the driver, both 0–100) with
        ``effect_low``, ``effect_high``, ``rank_first`` (chance of being the largest), ``performance`` (0–100), ``n``.
    point_value : Estimate
        Of `ValueLost`: currency per point of satisfaction.
    level : float
        Of all intervals.
    draws : int
        Of the simulation behind the intervals.
    seed : int
        Of all that is drawn at random.

    Returns
    -------
    pandas.DataFrame
        One row per driver, the largest effect first: ``driver``, ``performance``, ``worth`` (currency per point) and
        ``left`` (currency of all points up to 100), each with limits, ``rank_first``, ``n``. The rank is that of the
        effect: were a point worth less than nothing, the driver that moves least would cost least and come first.

    Examples
    --------
    >>> drivers = pd.DataFrame({"driver": ["price", "staff"], "effect": [.5, .1], "effect_low": [.4, 0.],
    ...                         "effect_high": [.6, .2], "rank_first": [1., 0.], "performance": [60., 80.],
    ...                         "n": 200})
    >>> driver_worth(drivers, Estimate(1000., 500., 1500., 200))[["driver", "worth"]].to_numpy().tolist()
    [['price', 500.0], ['staff', 100.0]]
    """
    rng, z = np.random.default_rng(seed), z_value(level)
    spread = (total_effects["effect_high"] - total_effects["effect_low"]).to_numpy(float) / (2 * z)
    effect = total_effects["effect"].to_numpy(float)
    points = rng.normal(point_value.value, (point_value.high - point_value.low) / (2 * z), draws)
    worth = (effect + spread * rng.standard_normal((draws, effect.size))) * points[:, None]
    table = total_effects[["driver", "effect", "performance", "rank_first", "n"]].assign(
        worth=effect * point_value.value
    )
    table["worth_low"], table["worth_high"] = np.quantile(worth, [(1 - level) / 2, (1 + level) / 2], axis=0)
    for name in ("", "_low", "_high"):
        table[f"left{name}"] = table[f"worth{name}"] * (100 - table["performance"])
    return table.sort_values(["effect", "driver"], ascending=[False, True], ignore_index=True)


def _verdict(way: Way) -> WorthVerdict:
    if not (way.effects["p_value"] < 0.05 / len(way.effects)).any():  # two looks share the chance of a false alarm
        return WorthVerdict.NONE
    return WorthVerdict.COSTS if way.at_risk.low > 0 else WorthVerdict.UNCLEAR


def _same_day(purchases: Purchases, day) -> pd.Series:
    return pd.Series(pd.Timestamp(day), index=pd.Index(purchases.customers.astype(object)))


def _inverse_probabilities(everyone, answered):
    """Customers of each cell (orders so far × how long ago the last one) for each of them who answered."""
    often = np.digitize(everyone["frequency"], [1, 3, 6])
    quiet = (everyone["T"] - everyone["recency"]).to_numpy()
    ago = np.digitize(quiet, np.quantile(quiet, [0.25, 0.5, 0.75]))
    cell = pd.Series(often * 4 + ago, index=everyone.index)
    size, answers = cell.value_counts(), cell.reindex(answered).value_counts()
    return cell.reindex(answered).map(size / answers).to_numpy()


def _check_enough(rows, least):
    if len(rows) < least:
        raise UntoldError(
            f"Table surveys: {len(rows)} customers with an answer can be followed, and {least} are needed to tell what "
            "satisfaction is worth: ask more customers, or wait."
        )
    if rows["score"].nunique() < 2:
        raise UntoldError("Table surveys: all scores are the same, so what satisfaction is worth cannot be told.")
    if not (rows["frequency"] > rows["x0"]).any():
        raise UntoldError(
            "Table surveys: nobody ordered after the answer, so what satisfaction is worth cannot be told."
        )
