"""Campaigns: the plan against what came, and what each changed against those whom a lot kept back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.actions.effects import (
    FEW_CONTROLS,
    Redrawn,
    adjusted,
    corrected_levels,
    effect_on_those_who_came,
    limits_from_lots,
    needed_share,
    running_half_width,
    smallest_effect,
    welch_of,
    welch_p,
)
from regulars.engine.embedded import as_frame, as_table, embedded
from regulars.errors import UserError
from regulars.finding import NotSupplied, may_refuse, shows
from regulars.labels import Change
from regulars.purchases import Purchases, unit_days
from regulars.settings import CampaignRules
from regulars.showing import forest
from regulars.statistics.intervals import Estimate, against
from regulars.statistics.trials import ALARM, Pooled, kept_as_planned, pool, share_gap

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEANT = "contacted"  # arm of a campaign with one way to contact
SIDES = ["ordered", "orders", "spend", "earlier"]
# spend against the covariate, and whether one ordered: sums that tell mean and variance of what is adjusted
SUMS = ("ordered", "orders", "spend", "spend2", "earlier", "earlier2", "expected", "expected2", "cross", "orders2")


class Lot(StrEnum):
    """Whether a campaign's lot lets its effect be told."""

    HONEST = "honest"
    BROKEN = "broken"  # the groups are not as large as planned, or differed before
    NONE = "none"  # nobody was kept back
    TOO_FEW = "too_few"  # fewer than two on a side
    NOT_YET = "not_yet"  # it begins after the data end


class Watched(NamedTuple):
    """Whom campaigns drew, and what each of those did; the rows lie in the engine.

    Parameters
    ----------
    campaigns : pandas.DataFrame
        One per campaign: as supplied, with ``begin``, ``until`` (last day counted, for both sides alike), ``days``,
        ``is_cut`` (the data end before the outcome's days are over).
    rows : ibis Table
        One per customer drawn: ``campaign_id``, ``customer_id``, ``arm``, ``is_control``, ``was_contacted``,
        ``attended``, ``responded``, ``ordered``, ``orders``, ``spend``, ``earlier`` (spend in as many days before),
        ``expected`` (spend expected on the eve; `earlier` where no model told it).
    notes : pandas.DataFrame
        ``code`` and ``n``: what in the tables cannot be as it stands, and how often.
    """

    campaigns: pd.DataFrame
    rows: "ir.Table"
    notes: pd.DataFrame

    def __repr__(self) -> str:
        """How many campaigns and rows there are, and what cannot be as it stands."""
        notes = ", ".join(f"{row.code}: {row.n}" for row in self.notes.itertuples()) or "none"
        n = int(as_frame(self.rows.aggregate(n=self.rows.count()))["n"].iloc[0])
        return f"Watched\n  campaigns = {len(self.campaigns)}\n  customers drawn = {n}\n  notes = {notes}"

    def fetch(self, campaign_id=None) -> pd.DataFrame:
        """Rows of some campaigns, or of all, in an order of their own."""
        rows = self.rows
        if campaign_id is not None:
            rows = rows.filter(rows.campaign_id.isin(list(campaign_id)))
        return as_frame(rows.order_by(["campaign_id", "customer_id"]))


@may_refuse
def watch_campaigns(
    campaigns, contacts, orders, observation_end, *, outcome_days: int, expected=None, lots=None
) -> Watched | NotSupplied:
    """Count what every customer whom a campaign drew did from its first day on, contacted or not.

    Parameters
    ----------
    campaigns : pandas.DataFrame or None
        As the catalog has them; None where not supplied.
    contacts : pandas.DataFrame, ibis Table or None
    orders : pandas.DataFrame or ibis Table
        ``customer_id``, ``ordered_at``, ``amount``.
    observation_end : date
    outcome_days : int
        From the first day on, where the campaign does not say its own ``outcome_days``.
    expected : pandas.DataFrame, optional
        ``campaign_id``, ``customer_id``, ``expected``: spend that a model expected on the eve.
    lots : pandas.DataFrame, optional
        ``campaign_id``, ``customer_id``, ``is_control``: lots as they were drawn. Whoever is in one belongs to the
        group that it said, whatever `contacts` say of what was done.

    Returns
    -------
    Watched or NotSupplied
    """
    if campaigns is None:
        return NotSupplied("campaigns")
    if contacts is None:
        return NotSupplied("campaign_contacts")
    end = pd.Timestamp(observation_end).normalize()
    table = windows(campaigns, end, outcome_days)
    contacts, orders = (as_table(one) if isinstance(one, pd.DataFrame) else one for one in (contacts, orders))
    contacts = contacts if lots is None else _by_lot(contacts, as_table(lots))
    rows = _rows(table, contacts, orders, None if expected is None else as_table(expected))
    held = embedded().create_table(ibis.util.gen_name("watched"), rows, temp=True)  # asked several times
    return Watched(table, held, _notes(campaigns, contacts))


def windows(campaigns: pd.DataFrame, end, outcome_days: int) -> pd.DataFrame:
    """First and last day on which orders count, for both sides alike.

    Examples
    --------
    >>> one = pd.DataFrame({"campaign_id": ["c"], "starts_at": pd.to_datetime(["2026-06-01"])})
    >>> found = windows(one, pd.Timestamp("2026-06-30"), 90)
    >>> found["days"].tolist(), found["is_cut"].tolist()
    ([30], [True])
    """
    table = campaigns.sort_values("campaign_id", ignore_index=True)
    begin = pd.to_datetime(table["starts_at"]).dt.normalize()
    own = table["outcome_days"] if "outcome_days" in table else pd.Series(pd.NA, index=table.index)
    days = pd.to_numeric(own).astype(float).fillna(outcome_days).clip(lower=1)
    until = begin + pd.to_timedelta(days - 1, unit="D")
    table["begin"], table["is_cut"] = begin, until > end
    table["until"] = until.where(until <= end, end)
    table["days"] = ((table["until"] - begin).dt.days + 1).clip(lower=0).astype(int)
    return table


def _by_lot(contacts, lots):
    """Contacts with everybody who was drawn in the group that the lot said."""
    keys = ["campaign_id", "customer_id"]
    both = contacts.left_join(lots, keys)
    told = both.mutate(is_control=ibis.coalesce(both.is_control_right, both.is_control)).select(*contacts.columns)
    absent = lots.anti_join(contacts, keys)
    empty = {name: ibis.null(kind) for name, kind in contacts.schema().items() if name not in (*keys, "is_control")}
    return told.union(absent.mutate(**empty).select(*contacts.columns))


def _rows(table: pd.DataFrame, contacts, orders, expected):
    begun = table[table["days"] > 0]
    window = pd.DataFrame(
        {
            "campaign_id": begun["campaign_id"].astype("string"),
            "begin": begun["begin"].dt.date,
            "until": begun["until"].dt.date,
            "since": (begun["begin"] - pd.to_timedelta(begun["days"], unit="D")).dt.date,
        }
    )
    window = as_table(window) if len(window) else as_table(window.astype({"begin": "datetime64[us]"}))
    names = contacts.columns
    flags = {
        "arm": contacts.arm.fill_null(MEANT) if "arm" in names else ibis.literal(MEANT),
        "was_contacted": contacts.contacted_at.notnull() if "contacted_at" in names else ~contacts.is_control,
        "attended": contacts.attended.cast("boolean") if "attended" in names else ibis.null("boolean"),
        "responded": contacts.responded.cast("boolean") if "responded" in names else ibis.null("boolean"),
    }
    drawn = contacts.select("campaign_id", "customer_id", "is_control", **flags).inner_join(window, "campaign_id")
    drawn = drawn.mutate(arm=ibis.ifelse(drawn.is_control, "control", drawn.arm))
    day = orders.ordered_at.cast("date")
    # exact money: an engine's sum of floats depends on the order in which threads finish
    bought = orders.group_by(orders.customer_id, day=day).aggregate(
        amount=orders.amount.cast("decimal(18, 4)").sum().cast("decimal(18, 4)")
    )
    both = drawn.select("campaign_id", "customer_id", "begin", "until", "since").inner_join(bought, "customer_id")
    both = both.filter((both.day >= both.since) & (both.day <= both.until))
    inside = both.day >= both.begin
    sums = both.group_by("campaign_id", "customer_id").aggregate(
        orders=(inside & (both.amount > 0)).cast("int64").sum(),
        spend=ibis.ifelse(inside, both.amount, 0).sum().cast("float64"),
        earlier=ibis.ifelse(inside, 0, both.amount).sum().cast("float64"),
    )
    joined = drawn.left_join(sums, ["campaign_id", "customer_id"]).drop("campaign_id_right", "customer_id_right")
    zeros = {name: joined[name].fill_null(0).cast("float64") for name in ("orders", "spend", "earlier")}
    joined = joined.mutate(**zeros, ordered=(joined.orders.fill_null(0) > 0).cast("float64"))
    if expected is None:
        joined = joined.mutate(expected=joined.earlier)
    else:
        joined = joined.left_join(expected, ["campaign_id", "customer_id"]).drop(
            "campaign_id_right", "customer_id_right"
        )
        joined = joined.mutate(expected=joined.expected.fill_null(0.0))
    return joined.select(
        "campaign_id", "customer_id", "arm", "is_control", "was_contacted", "attended", "responded", "ordered",
        "orders", "spend", "earlier", "expected",
    )  # fmt: skip


def _notes(campaigns: pd.DataFrame, contacts) -> pd.DataFrame:
    """What cannot be as it stands; the rest of the tables stands."""
    known = as_table(
        pd.DataFrame(
            {
                "campaign_id": campaigns["campaign_id"].astype("string"),
                "begin": pd.to_datetime(campaigns["starts_at"]).dt.date,
            }
        )
    )
    joined = contacts.left_join(known, "campaign_id")
    names = contacts.columns
    has_day = "contacted_at" in names
    flags = {"unknown_campaign": joined.campaign_id_right.isnull()}
    if has_day:
        flags["before_start"] = joined.contacted_at.cast("date") < joined.begin
        flags["control_contacted"] = joined.is_control & joined.contacted_at.notnull()
        if "attended" in names:
            flags["attended_uncontacted"] = joined.attended & joined.contacted_at.isnull() & ~joined.is_control
    counts = as_frame(
        joined.aggregate(**{code: flag.fill_null(False).cast("int64").sum() for code, flag in flags.items()})
    )
    found = {code: int(counts[code].fillna(0).iloc[0]) for code in counts}
    for name in ("planned_cost", "actual_cost"):
        if name in campaigns:
            found["negative_cost"] = found.get("negative_cost", 0) + int((campaigns[name].astype(float) < 0).sum())
    return pd.DataFrame([(code, n) for code, n in found.items() if n], columns=["code", "n"])


@shows
class Judged(NamedTuple):
    """What campaigns changed.

    Parameters
    ----------
    effects : pandas.DataFrame
        One row per campaign and arm: ``campaign_id``, ``name``, ``arm``, ``starts_at``, ``purpose``, ``bond``, ``lot``
        (a `Lot`), ``contacted``, ``controls``, ``planned_share``, ``control_share``, ``ratio_p``, ``earlier_gap``,
        ``earlier_p``, ``days``, ``is_cut``, ``ordered`` and ``ordered_control`` (shares), ``ordered_gap`` with limits,
        ``orders_gap`` with limits, ``raw`` and ``effect`` (spend per customer drawn, without and with what was expected
        taken out) with the limits that hold for all campaigns together, ``single_low`` and ``single_high`` (by itself),
        ``standard_error``, ``variance_ratio``, ``p_value``, ``level``, ``by_lots`` (limits from lots drawn again),
        ``verdict`` (a `Change`, from the limits), ``attended`` (share), ``on_attending`` with its limits, ``cost`` and
        ``planned_cost``, ``break_even`` with limits (margin gained per contact: what one may cost), ``net`` with
        limits, ``detectable`` (smallest effect that this design shows in four of five cases), ``pays_from`` (effect
        that covers the cost), ``needed_share`` (to keep back, to see that).
    pooled : Pooled
        Over all campaigns that are told.
    rate : float
        Chance of any false claim where no campaign does anything.
    """

    effects: pd.DataFrame
    pooled: Pooled
    rate: float

    def plot(self):
        """Effects of the campaigns whose lot lets them be told, one below the other, and all together."""
        rows = self.told.itertuples()
        told = {f"{row.name}, {row.arm}": (row.effect, row.effect_low, row.effect_high) for row in rows}
        return forest(told | {"together": self.pooled.effect}, "effect on spend per customer drawn", from_zero=True)

    @property
    def told(self) -> pd.DataFrame:
        """Those whose lot lets an effect be told."""
        return self.effects[self.effects["lot"] == Lot.HONEST.value]


@may_refuse
def judge_campaigns(watched: Watched, *, margin: float, rules: CampaignRules, level: float, seed: int) -> Judged:
    """Tell the effect of every campaign with an honest lot, one correction over all of them.

    Parameters
    ----------
    watched : Watched
    margin : float
        Contribution per unit of spend.
    rules : CampaignRules
        ``false_discovery_rate`` and ``draws`` (lots drawn again where there are fewer than 1,000 controls).
    level : float
        Of the limits of a single campaign.
    seed : int

    Returns
    -------
    Judged
    """
    moments = arm_moments(watched)
    few = sorted({campaign for campaign, part in moments.groupby("campaign_id") if _is_few(part)})
    near = watched.fetch(few) if few else None
    # so many that the corrected limits of the last of all still have a lot beyond them
    draws = max(rules.draws, int(np.ceil(4 * len(moments) / rules.false_discovery_rate)))
    found = []
    for row in watched.campaigns.itertuples(index=False):
        part = moments[moments["campaign_id"] == row.campaign_id].set_index("arm")
        own = near[near["campaign_id"] == row.campaign_id] if near is not None and row.campaign_id in few else None
        found += _campaign(row, part, own, draws=draws, level=level, seed=seed)
    table = pd.DataFrame(found)
    if table.empty:
        raise UserError("Table campaign_contacts has no row of a campaign that has begun: supply whom it contacted.")
    table = _together(table, rules.false_discovery_rate, level)
    table = _money(table, watched.campaigns, margin)
    told = table[table["lot"] == Lot.HONEST.value]
    # ways to contact of one campaign share those kept back: as if their errors went together, which is never too sure
    each = told.groupby("campaign_id")[["effect", "standard_error"]].mean()
    pooled = pool(each["effect"], each["standard_error"], level)
    return Judged(table.drop(columns=["_limits"]), pooled, rules.false_discovery_rate)


def arm_moments(watched: Watched) -> pd.DataFrame:
    """Counts and sums by campaign and arm, added up where the rows lie."""
    rows = watched.rows
    flags = {"contacted_n": rows.was_contacted, "came_n": rows.attended, "answered_n": rows.responded}
    known = {"came_known": rows.attended.notnull(), "answered_known": rows.responded.notnull()}
    told = rows.group_by("campaign_id", "arm").aggregate(
        n=rows.count(),
        is_control=rows.is_control.any(),
        **{name: rows[name].sum() for name in ("ordered", "orders", "spend", "earlier", "expected")},
        spend2=(rows.spend * rows.spend).sum(),
        earlier2=(rows.earlier * rows.earlier).sum(),
        expected2=(rows.expected * rows.expected).sum(),
        cross=(rows.spend * rows.expected).sum(),
        orders2=(rows.orders * rows.orders).sum(),
        **{name: flag.fill_null(False).cast("int64").sum() for name, flag in (flags | known).items()},
    )
    return as_frame(told.order_by(["campaign_id", "arm"]))


def _is_few(part: pd.DataFrame) -> bool:
    controls = part.loc[part["is_control"], "n"].sum()
    return 2 <= controls < FEW_CONTROLS or (controls >= 2 and bool((part["n"] < FEW_CONTROLS).any()))


def _campaign(row, part: pd.DataFrame, own, *, draws: int, level: float, seed: int) -> list[dict]:
    """One row per arm that is not the control."""
    base = {
        "campaign_id": row.campaign_id, "name": row.name, "starts_at": row.begin, "days": row.days,
        "is_cut": bool(row.is_cut), "purpose": getattr(row, "purpose", None), "bond": getattr(row, "bond", None),
        "planned_share": float(getattr(row, "control_share", np.nan) or np.nan),
    }  # fmt: skip
    if not row.days:
        return [base | {"arm": MEANT, "lot": Lot.NOT_YET.value, "contacted": 0, "controls": 0}]
    arms = [arm for arm in part.index if arm != "control"]
    controls = int(part.loc["control", "n"]) if "control" in part.index else 0
    treated = int(part.loc[arms, "n"].sum())
    if not treated + controls:
        return []
    ratio = kept_as_planned(controls, treated, planned=base["planned_share"])
    found = []
    for arm in arms or [MEANT]:
        one = part.loc[arm] if arm in part.index else None
        shares = {"control_share": controls / (treated + controls), "ratio_p": ratio, "controls": controls}
        told = base | shares | {"arm": arm, "contacted": 0 if one is None else int(one["n"])}
        if one is None or controls == 0 or min(one["n"], controls) < 2:
            told["lot"] = Lot.NONE.value if not controls else Lot.TOO_FEW.value
            found.append(told | _seen(one))
            continue
        found.append(told | _seen(one) | _against(one, part.loc["control"], own, draws=draws, level=level, seed=seed))
    return found


def _seen(one) -> dict:
    if one is None or not one["n"]:
        return {}
    n = int(one["n"])
    shares = {"ordered": one["ordered"] / n, "reached": one["contacted_n"] / n}
    for name, known, k in (("attended", "came_known", "came_n"), ("responded", "answered_known", "answered_n")):
        shares[name] = one[k] / one[known] if one[known] else float("nan")
    return shares


def _against(one, control, own, *, draws: int, level: float, seed: int) -> dict:
    """Both sides compared; an effect only where the lot is honest."""
    sides = {name: (_side(one, name), _side(control, name)) for name in ("earlier", "orders", "spend")}
    n1, n0 = int(one["n"]), int(control["n"])
    gap = share_gap(int(one["ordered"]), n1, int(control["ordered"]), n0, level=level)
    orders = welch_of(*sides["orders"], level=level)
    earlier_gap = sides["earlier"][0][1] - sides["earlier"][1][1]
    again: Redrawn | None = None
    rows: Any = None
    if own is not None:
        rows = own[own["arm"].isin([one.name, "control"])]
        again = Redrawn.of(~rows["is_control"].to_numpy(bool), draws, seed)
    # few controls, or spend of which a handful has most: a lot drawn again says how far chance reaches
    balance = welch_p(*sides["earlier"]) if again is None else again.p_value(rows["earlier"])
    told: dict[str, Any] = {
        "ordered_control": float(control["ordered"]) / n0,
        "ordered_gap": gap.value, "ordered_gap_low": gap.low, "ordered_gap_high": gap.high,
        "orders_gap": orders.value, "orders_gap_low": orders.low, "orders_gap_high": orders.high,
        "earlier_gap": earlier_gap, "earlier_p": balance,
        "raw": sides["spend"][0][1] - sides["spend"][1][1], "by_lots": again is not None,
    }  # fmt: skip
    if again is None:
        theta = _theta(one, control)
        mine, theirs = _side(one, "spend", theta), _side(control, "spend", theta)
        estimate, p_value = welch_of(mine, theirs, level), welch_p(mine, theirs)
        error = float(np.sqrt(mine[2] / n1 + theirs[2] / n0))
        raw = float(np.sqrt(sides["spend"][0][2] / n1 + sides["spend"][1][2] / n0))

        def limits(at: float) -> Estimate:
            return welch_of(mine, theirs, at)

        variance = mine[2]
    else:
        outcome = adjusted(rows["spend"], rows["expected"])
        (value, error), (_, raw) = again.seen(outcome), again.seen(rows["spend"])
        drawn = again.statistics(outcome)
        p_value = again.p_value(outcome)

        def limits(at: float) -> Estimate:
            return limits_from_lots(value, error, drawn, level=at, n=n0)

        estimate, variance = limits(level), float(np.var(outcome))
    told |= {
        "effect": estimate.value, "single_low": estimate.low, "single_high": estimate.high,
        "standard_error": error, "variance_ratio": (error / raw) ** 2 if raw > 0 else 1.0, "p_value": p_value,
        "variance": variance, "_limits": limits,
    }  # fmt: skip
    if rows is not None and one["came_known"] and one["came_n"]:
        came = effect_on_those_who_came(outcome, ~rows["is_control"], rows["attended"].fillna(False).astype(bool))
        told |= {"on_attending": came.estimate, "on_attending_error": came.standard_error}
    return told | {"lot": Lot.HONEST.value}


def _side(sums, name: str, theta: tuple[float, float] | None = None) -> tuple[int, float, float]:
    """n, mean and variance of one side; of spend less what was expected, where θ and the mean of all are given."""
    n = int(sums["n"])
    mean = sums[name] / n
    variance = max(sums[f"{name}2"] - n * mean**2, 0.0) / (n - 1)
    if theta is not None:
        slope, centre = theta
        x = sums["expected"] / n
        spread = max(sums["expected2"] - n * x**2, 0.0) / (n - 1)
        joint = (sums["cross"] - n * mean * x) / (n - 1)
        mean, variance = mean - slope * (x - centre), max(variance + slope**2 * spread - 2 * slope * joint, 0.0)
    return n, float(mean), float(variance)


def _theta(one, control) -> tuple[float, float]:
    n = one["n"] + control["n"]
    y, x = ((one[name] + control[name]) / n for name in ("spend", "expected"))
    spread = one["expected2"] + control["expected2"] - n * x**2
    joint = one["cross"] + control["cross"] - n * x * y
    constant = not spread > 1e-12 * max(one["expected2"] + control["expected2"], 1e-300)
    return (0.0, float(x)) if constant else (float(joint / spread), float(x))


def _together(table: pd.DataFrame, rate: float, level: float) -> pd.DataFrame:
    """Refuse broken lots, then give each effect the limits that hold for all campaigns together."""
    wanted = ["effect", "standard_error", "p_value", "ratio_p", "earlier_p", "single_low", "single_high", "variance",
              "variance_ratio", "raw", "on_attending", "on_attending_error", "ordered_gap", "ordered_gap_low",
              "ordered_gap_high", "orders_gap", "orders_gap_low", "orders_gap_high", "_limits"]  # fmt: skip
    table = table.reindex(columns=[*table.columns, *(name for name in wanted if name not in table)])
    broken = (table["lot"] == Lot.HONEST.value) & ((table["ratio_p"] < ALARM) | (table["earlier_p"] < ALARM))
    table.loc[broken, "lot"] = Lot.BROKEN.value
    untold = table["lot"] != Lot.HONEST.value
    table.loc[untold, [name for name in wanted if name not in ("ratio_p", "earlier_p", "_limits")]] = np.nan
    table["level"] = corrected_levels(table["p_value"], rate)
    limits = []
    for row in table.itertuples():
        if untold[row.Index]:
            limits.append((np.nan, np.nan))
            continue
        told = table.at[row.Index, "_limits"](row.level)
        if row.is_cut:  # it runs: it will be looked at again, so that the limits must hold at all times
            n = row.contacted + row.controls
            reach = float(running_half_width(n, row.standard_error * np.sqrt(n), planned=n, level=row.level))
            told = Estimate(told.value, min(told.low, told.value - reach), max(told.high, told.value + reach))
        limits.append((told.low, told.high))
    table[["effect_low", "effect_high"]] = np.array(limits, float).reshape(-1, 2)
    table["verdict"] = [
        against(Estimate.of(row)).value if np.isfinite(row[0]) else Change.UNKNOWN.value
        for row in table[["effect", "effect_low", "effect_high"]].to_numpy(float)
    ]
    for name, sign in (("on_attending_low", -1), ("on_attending_high", 1)):
        table[name] = table["on_attending"] + sign * norm.ppf((1 + level) / 2) * table["on_attending_error"]
    return table


def _money(table: pd.DataFrame, campaigns: pd.DataFrame, margin: float) -> pd.DataFrame:
    named = campaigns.set_index("campaign_id")
    for name in ("planned_cost", "actual_cost"):
        cost = named[name].astype(float) if name in named else pd.Series(np.nan, index=named.index)
        table[name] = table["campaign_id"].map(cost.where(cost >= 0))
    whole = table.groupby("campaign_id")["contacted"].transform("sum")
    # the cost of a campaign with two arms is dealt out by customers
    table["cost"] = table["actual_cost"].fillna(table["planned_cost"]) * table["contacted"] / whole.where(whole > 0)
    for end in ("", "_low", "_high"):
        table[f"break_even{end}"] = margin * table[f"effect{end}"]
        table[f"net{end}"] = table["contacted"] * table[f"break_even{end}"] - table["cost"]
    each = table["cost"] / table["contacted"].where(table["contacted"] > 0)
    table["cost_each"], table["pays_from"] = each, each / margin if margin > 0 else np.nan
    levels = zip(table["standard_error"], table["level"], strict=True)
    table["detectable"] = [smallest_effect(e, level=at) if np.isfinite(e) else np.nan for e, at in levels]
    drawn = table["contacted"] + table["controls"]
    table["needed_share"] = [
        needed_share(pays, variance, n, level=at)
        if np.isfinite(pays) and np.isfinite(variance) and pays > 0
        else np.nan
        for pays, variance, n, at in zip(table["pays_from"], table["variance"], drawn, table["level"], strict=True)
    ]
    return table


def bonds_compared(judged: Judged, level: float = 0.9) -> pd.DataFrame:
    """Effect of financial, social and structural bonds, each pooled over its campaigns.

    Returns
    -------
    pandas.DataFrame
        ``bond``, ``campaigns``, ``contacted``, ``effect`` with limits corrected for how many bonds are compared,
        ``verdict``.
    """
    told, rows = judged.told.dropna(subset=["bond"]), []
    groups = [(bond, part) for bond, part in told.groupby("bond", sort=True) if bond]
    for bond, part in groups:
        each = part.groupby("campaign_id")[["effect", "standard_error"]].mean()  # ways of one share those kept back
        one = pool(each["effect"], each["standard_error"], 1 - (1 - level) / len(groups)).effect
        rows.append((bond, len(each), int(part["contacted"].sum()), one.value, one.low, one.high, against(one).value))
    names = ["bond", "campaigns", "contacted", "effect", "effect_low", "effect_high", "verdict"]
    return pd.DataFrame(rows, columns=names)


# ---- the plan ----


@may_refuse
def plans(watched: Watched, moments: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every campaign's plan against what came, and whether its goal can be checked at all.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``starts_at``, ``purpose``, ``planned_cost``, ``actual_cost``, ``over`` (actual over planned − 1),
        ``contacted``, ``reached``, ``attended``, ``responded``, ``bought`` (customers), ``target``, and four marks,
        True, False or missing: ``is_specific`` (goal and target are there), ``is_achievable`` (the target is no
        more than those drawn, nor above the best share of a campaign of its purpose), ``is_dated``, ``is_compatible``
        (no campaign of another purpose asks more than one in ten of the same customers while it runs).
    """
    moments = arm_moments(watched) if moments is None else moments
    treated = moments[~moments["is_control"].astype(bool)].groupby("campaign_id")[
        ["n", "ordered", "contacted_n", "came_n", "came_known", "answered_n", "answered_known"]
    ].sum()  # fmt: skip
    table = watched.campaigns.reindex(
        columns=[*watched.campaigns.columns,
                 *(c for c in ("purpose", "goal", "target", "goal_due", "planned_cost", "actual_cost", "theme", "host",
                               "notification") if c not in watched.campaigns)]
    )  # fmt: skip
    table = table.merge(treated, left_on="campaign_id", right_index=True, how="left")
    best = (table["ordered"] / table["n"]).groupby(table["purpose"]).transform("max")
    target, n = table["target"].astype(float), table["n"]
    has_goal = table["goal"].notna() & table["goal"].astype("string").fillna("").ne("")
    due = pd.to_datetime(table["goal_due"])
    planned, actual = table["planned_cost"].astype(float), table["actual_cost"].astype(float)
    shared = overlaps(watched)
    return pd.DataFrame(
        {
            "campaign_id": table["campaign_id"],
            "name": table["name"],
            "starts_at": table["begin"],
            "purpose": table["purpose"],
            "planned_cost": planned,
            "actual_cost": actual,
            "over": actual / planned.where(planned > 0) - 1,
            "contacted": n.astype("Int64"),
            "reached": table["contacted_n"] / n,
            "attended": table["came_n"] / table["came_known"].where(table["came_known"] > 0),
            "responded": table["answered_n"] / table["answered_known"].where(table["answered_known"] > 0),
            "bought": table["ordered"].astype("Int64"),
            "target": target,
            "is_specific": has_goal & target.notna(),
            "is_achievable": (target <= n * best.clip(upper=1.0)).astype("boolean").mask(target.isna() | n.isna()),
            "is_dated": due.notna() & (due >= table["begin"]),
            "is_compatible": ~table["campaign_id"].isin(shared),
        }
    ).sort_values(["starts_at", "campaign_id"], ignore_index=True)


def overlaps(watched: Watched, most: float = 0.1) -> set[str]:
    """Campaigns that ask more than so many of the same customers as one of another known purpose while both run."""
    if "purpose" not in watched.campaigns:
        return set()
    rows = watched.rows.filter(~watched.rows.is_control).select("campaign_id", "customer_id")
    size = as_frame(rows.group_by("campaign_id").aggregate(n=rows.count()).order_by("campaign_id"))
    size = size.set_index("campaign_id")["n"]
    table = watched.campaigns.dropna(subset=["purpose"]).set_index("campaign_id")
    table = table[table.index.isin(size.index)]
    pairs = [
        (a, b) for a in table.index for b in table.index
        if a < b and table.at[a, "purpose"] != table.at[b, "purpose"]
        and table.at[a, "begin"] <= table.at[b, "until"] and table.at[b, "begin"] <= table.at[a, "until"]
    ]  # fmt: skip
    if not pairs:
        return set()
    beside = rows.view()
    both = rows.inner_join(beside, [rows.customer_id == beside.customer_id, rows.campaign_id < beside.campaign_id])
    counts = as_frame(both.group_by("campaign_id", "campaign_id_right").aggregate(n=both.count()))
    n = counts.set_index(["campaign_id", "campaign_id_right"])["n"]
    found = set()
    for a, b in pairs:
        for one in (a, b):
            if n.get((a, b), 0) > most * size[one]:
                found.add(one)
    return found


def expected_on_eve(
    purchases: Purchases,
    contacts: pd.DataFrame | None,
    campaigns: pd.DataFrame | None,
    models,
    *,
    days: int,
    share: float = 1.0,
) -> pd.DataFrame | None:
    """Spend that the model expected of each drawn customer, told on the eve of the campaign.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    contacts : pandas.DataFrame
        ``campaign_id``, ``customer_id``.
    campaigns : pandas.DataFrame
        ``campaign_id``, ``starts_at``.
    models : regulars.clv.record.ModelsRecord
    days : int
        That the expectation covers.
    share : float
        Of the customers who are held in memory.

    Returns
    -------
    pandas.DataFrame or None
        ``campaign_id``, ``customer_id``, ``expected`` (0 for who had not ordered yet); None where the orders allow no
        model, or only a part of the customers is held in memory, so that earlier spend stands in.
    """
    if models.untold or contacts is None or campaigns is None or share < 1:
        return None
    begins = pd.to_datetime(campaigns.set_index("campaign_id")["starts_at"])
    ahead, parts = days / unit_days(models.time_unit), []
    for campaign, rows in contacts.groupby("campaign_id", sort=True):
        if campaign not in begins.index:
            continue
        eve = begins[campaign].normalize() - pd.Timedelta(days=1)
        told = purchases.among(rows["customer_id"]).summary(eve, models.time_unit)
        if told.empty:
            continue
        orders = models.orders.predict(ahead, told["frequency"], told["recency"], told["T"])
        spend = models.spend.conditional_expected_average_profit(
            told["frequency"].where(told["monetary_value"].notna(), 0), told["monetary_value"].fillna(0.0)
        )
        expected = np.nan_to_num(np.asarray(orders, float) * np.asarray(spend, float))
        parts.append(pd.DataFrame({"campaign_id": campaign, "customer_id": told["customer_id"], "expected": expected}))
    if not parts:
        return None
    return pd.concat(parts, ignore_index=True).astype({"campaign_id": "string", "customer_id": "string"})
