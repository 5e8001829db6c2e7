"""What the sales desk has open: what it is worth, what holds, what is overdue, and why deals are won or lost."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import NotSupplied, may_refuse, shows
from regulars.frames import moments_of
from regulars.labels import ProspectEnd
from regulars.statistics.competing import aalen_johansen
from regulars.statistics.intervals import Estimate, share, wilson
from regulars.statistics.reliability import Reliability, calibration_of_chances, out_of_fold, recalibrated

OPEN_STAGES = ("lead", "contacted", "quoted")  # of prospects that are not decided

EXACT_DEALS = 200  # beyond them the normal law is near enough
GRID = 20_000  # steps that exact amounts are put on where they have too many sums
WON, LOST = "won", "lost"
CLOSED = (WON, LOST, "disqualified")
MIN_CELL = 5
NOTHING = Estimate(float("nan"), n=0)


@shows
class Pipeline(NamedTuple):
    """What a number of open deals will bring, as a distribution.

    Parameters
    ----------
    mean, variance : float
    distribution : pandas.DataFrame
        ``amount`` and ``probability``, ascending; empty beyond 200 deals, where the normal law stands in.
    deals : int
    """

    mean: float
    variance: float
    distribution: pd.DataFrame
    deals: int

    def probability_up_to(self, amount: float) -> float:
        """Chance that no more than `amount` comes in."""
        if self.distribution.empty:
            return _normal_up_to(self, amount)
        below = self.distribution["amount"].to_numpy() <= amount + 1e-9 * max(abs(amount), 1.0)
        return float(self.distribution["probability"].to_numpy()[below].sum())

    def interval(self, level: float = 0.9) -> Estimate:
        """Mean with the amounts between which the sum lies so often; n counts the deals."""
        tail = (1 - level) / 2
        if self.distribution.empty:
            from scipy.special import ndtri

            reach = float(ndtri(1 - tail)) * np.sqrt(self.variance)
            return Estimate(self.mean, max(self.mean - reach, 0.0), self.mean + reach, self.deals)
        amount = self.distribution["amount"].to_numpy()
        below = np.cumsum(self.distribution["probability"].to_numpy())
        # outwards: the largest sum that is undercut or met no more often than the tail, and its like above
        low = amount[max(int(np.searchsorted(below, tail + 1e-12, side="right")) - 1, 0)]
        high = amount[min(int(np.searchsorted(below, 1 - tail - 1e-12)), amount.size - 1)]
        return Estimate(self.mean, float(low), float(high), self.deals)


def _normal_up_to(pipeline: Pipeline, amount: float) -> float:
    from scipy.special import ndtr

    return float(ndtr((amount - pipeline.mean) / np.sqrt(pipeline.variance))) if pipeline.variance > 0 else 1.0


def weighted_pipeline(amounts, chances) -> Pipeline:
    """Distribution of what open deals bring, each won with its chance, by itself.

    Parameters
    ----------
    amounts : array of float
        Quoted, currency.
    chances : array of float
        0 to 1.

    Returns
    -------
    Pipeline
        Exact up to 200 deals (amounts as they are while their sums are few, else on a grid of 1/20,000 of the total).

    Raises
    ------
    UserError
        Where an amount is negative, or a chance is none.

    Notes
    -----
    The sum of few deals is not normal: a large unlikely one makes it lopsided, and 0 is often possible.

    Examples
    --------
    >>> found = weighted_pipeline([1000, 2500, 400, 8000], [0.6, 0.3, 0.9, 0.1])
    >>> found.mean, round(found.variance), round(found.probability_up_to(1400), 4), found.interval(0.9).high
    (2510.0, 7326900, 0.63, 9400.0)
    """
    a, p = np.asarray(amounts, float), np.asarray(chances, float)
    if a.shape != p.shape:
        raise UserError(f"There are {a.size} amounts and {p.size} chances: each deal needs both.")
    if a.size and not (np.isfinite(a).all() and (a >= 0).all()):
        raise UserError("An amount of an open deal is missing or negative: quote one from 0 on.")
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise UserError("The chance of an open deal lies outside 0 to 1: mend it.")
    mean, variance = float(a @ p), float(a**2 @ (p * (1 - p)))
    empty = pd.DataFrame({"amount": [], "probability": []}, dtype=float)
    if a.size > EXACT_DEALS:
        return Pipeline(mean, variance, empty, int(a.size))
    sums, weight = np.array([0.0]), np.array([1.0])
    step = a.sum() / GRID if a.sum() > 0 else 1.0
    for amount, chance in zip(a, p, strict=True):
        both = np.concatenate([sums, sums + amount])
        sums, weight = _gathered(np.round(both, 6), np.concatenate([weight * (1 - chance), weight * chance]))
        if sums.size > GRID:
            sums, weight = _gathered(np.round(sums / step) * step, weight)
    held = weight > 0
    return Pipeline(mean, variance, pd.DataFrame({"amount": sums[held], "probability": weight[held]}), int(a.size))


def _gathered(sums: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found, place = np.unique(sums, return_inverse=True)
    return found, np.bincount(place, weight)


# ---- the funnel ----


@shows
class Desk(NamedTuple):
    """Prospects as they stand at the end of the data.

    Parameters
    ----------
    rows : pandas.DataFrame
        One per prospect: the columns supplied, with ``is_open``, ``is_won``, ``age_days`` (open: until the end of the
        data; decided: until the decision, where its date is known), ``is_overdue`` (next contact past),
        ``is_past_close`` (open beyond the expected close), ``stated`` (the chance stated last before the decision),
        ``stated_since``.
    end : pandas.Timestamp
    stages : tuple of str
        Open ones, in their order.
    """

    rows: pd.DataFrame
    end: pd.Timestamp
    stages: tuple[str, ...]

    @property
    def open(self) -> pd.DataFrame:
        """Prospects not decided yet."""
        return self.rows[self.rows["is_open"]]

    @property
    def decided(self) -> pd.DataFrame:
        """Won and lost; who could not buy (disqualified) is neither."""
        return self.rows[self.rows["stage"].isin([WON, LOST])]


@may_refuse
def sales_desk(
    prospects: pd.DataFrame | None,
    events: pd.DataFrame | None,
    observation_end,
    *,
    stages: Sequence[str] = OPEN_STAGES,
) -> Desk | NotSupplied:
    """Put prospects in order: what is open, how old it is, what was stated before it was decided.

    A chance that stands in a decided prospect may have been written at the decision; only what `events` say was stated
    on an earlier day counts then. Where there are no events, no chance of a decided prospect is trusted.

    Parameters
    ----------
    prospects : pandas.DataFrame or None
        As the catalog has them; None where not supplied.
    events : pandas.DataFrame or None
        ``prospect_id``, ``at``, ``stage``, ``win_probability``, ``quoted_amount``.
    observation_end : date
    stages : sequence of str
        Open stages in their order.

    Returns
    -------
    Desk or NotSupplied
    """
    if prospects is None:
        return NotSupplied("prospects")
    end = pd.Timestamp(observation_end).normalize()
    names = ("win_probability", "quoted_amount", "expected_close", "next_contact_at", "last_contact_at", "decided_at",
             "competitor", "key_factor", "source", "owner", "client_type", "customer_class", "customer_id")  # fmt: skip
    missing = {name: pd.Series(pd.NA, index=prospects.index, dtype="object") for name in names if name not in prospects}
    rows = prospects.assign(**missing).reset_index(drop=True)
    for name in ("created_at", "expected_close", "next_contact_at", "last_contact_at", "decided_at"):
        rows[name] = pd.to_datetime(rows[name])
    for name in ("win_probability", "quoted_amount"):
        rows[name] = pd.to_numeric(rows[name]).astype(float)
    rows = _with_events(rows, events)
    is_open = ~rows["stage"].isin(CLOSED)
    until = rows["decided_at"].where(~is_open, end)
    rows["is_open"], rows["is_won"] = is_open, rows["stage"].eq(WON)
    rows["age_days"] = (until - rows["created_at"]).dt.days.astype(float)
    rows["in_stage_days"] = (end - rows["stage_since"]).dt.days.astype(float).where(is_open)
    rows["is_overdue"] = is_open & (rows["next_contact_at"] <= end)
    rows["is_past_close"] = is_open & (rows["expected_close"] <= end)
    known = tuple(stages) + tuple(sorted(set(rows.loc[is_open, "stage"]) - set(stages)))
    return Desk(rows, end, known)


def _with_events(rows: pd.DataFrame, events: pd.DataFrame | None) -> pd.DataFrame:
    """Date of the decision and of the stage, and the chance stated last before the decision, from the events."""
    if events is None or events.empty:
        # an open prospect's chance is what is stated now; a decided one's may have been written afterwards
        stated = rows["win_probability"].where(~rows["stage"].isin(CLOSED))
        return rows.assign(stated=stated, stated_since=rows["created_at"], stage_since=rows["created_at"])
    told = events.assign(at=pd.to_datetime(events["at"])).sort_values(["prospect_id", "at"], kind="stable")
    closing = told[told["stage"].isin(CLOSED)].groupby("prospect_id")["at"].first()
    decided = rows["decided_at"].fillna(moments_of(rows["prospect_id"], closing))
    rows = rows.assign(decided_at=decided.where(rows["stage"].isin(CLOSED)))
    before = told.merge(rows[["prospect_id", "decided_at"]], on="prospect_id")
    before = before[before["decided_at"].isna() | (before["at"] < before["decided_at"])]
    chance = before["win_probability"] if "win_probability" in before else pd.Series(np.nan, index=before.index)
    last = before.assign(win_probability=chance).dropna(subset=["win_probability"]).groupby("prospect_id").last()
    rows["stated"] = rows["prospect_id"].map(last["win_probability"]).astype(float)
    rows["stated_since"] = moments_of(rows["prospect_id"], last["at"])
    now = told.groupby(["prospect_id", "stage"])["at"].first()
    keys = pd.MultiIndex.from_frame(rows[["prospect_id", "stage"]])
    since = pd.Series(now.reindex(keys).to_numpy(), index=rows.index)
    return rows.assign(stage_since=pd.to_datetime(since).fillna(rows["created_at"]))


def funnel(desk: Desk) -> pd.DataFrame:
    """How many are open at each stage, for how long, and what they carry.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``prospects``, ``quoted`` (currency), ``median_days`` (in the stage), ``overdue``, ``past_close``.
    """
    rows = desk.open.groupby("stage").agg(
        prospects=("prospect_id", "size"),
        quoted=("quoted_amount", "sum"),
        median_days=("in_stage_days", "median"),
        overdue=("is_overdue", "sum"),
        past_close=("is_past_close", "sum"),
    )
    return rows.reindex(desk.stages).dropna(subset=["prospects"]).rename_axis("stage").reset_index().astype(
        {"prospects": "int64", "overdue": "int64", "past_close": "int64"}
    )  # fmt: skip


def ends_by_age(desk: Desk, level: float = 0.9) -> pd.DataFrame:
    """Share of prospects won, and lost, by days since they were noted; open ones are not lost, they are open.

    Returns
    -------
    pandas.DataFrame
        Of `regulars.statistics.aalen_johansen`; ``cause`` a `ProspectEnd`. Empty where no date of a decision is known.
    """
    rows = desk.rows[desk.rows["is_open"] | desk.rows["decided_at"].notna()]
    rows = rows[rows["age_days"] >= 0]
    ends = rows["stage"].map({WON: ProspectEnd.WON.value, LOST: ProspectEnd.LOST.value})
    ends = ends.where(rows["stage"] != "disqualified", ProspectEnd.DISQUALIFIED.value).where(~rows["is_open"], None)
    return aalen_johansen(rows["age_days"].to_numpy(), ends.to_numpy(object), level)


def chances_at_age(desk: Desk) -> np.ndarray:
    """Chance of each open prospect to be won yet, given that it is undecided at its age: by the ends of the others.

    Returns
    -------
    numpy.ndarray
        NaN where nothing older was ever watched.
    """
    curves = ends_by_age(desk)
    if curves.empty:
        return np.full(len(desk.open), np.nan)
    wide = curves.pivot(index="time", columns="cause", values="share")
    won = wide.get(ProspectEnd.WON.value, pd.Series(0.0, index=wide.index)).to_numpy()
    still, time = 1 - wide.sum(axis=1).to_numpy(), wide.index.to_numpy()
    place = np.searchsorted(time, desk.open["age_days"].to_numpy(float), side="right") - 1
    before, left = (np.where(place >= 0, values[place], first) for values, first in ((won, 0.0), (still, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 1e-9, np.clip((won[-1] - before) / left, 0, 1), np.nan)


@shows
class Chances(NamedTuple):
    """Whether stated chances hold.

    Parameters
    ----------
    stated, won : Estimate
        Mean chance stated before the decision, and share won, of the same decided prospects.
    split : Reliability
        Of the Brier score.
    right : Reliability
        The same of chances put right by other prospects (out of fold).
    table : pandas.DataFrame
        ``stated`` (upper end of the band), ``n``, ``won`` with limits, ``told`` (mean stated).
    """

    stated: Estimate
    won: Estimate
    split: Reliability
    right: Reliability
    table: pd.DataFrame


@may_refuse
def chances_held(desk: Desk, level: float = 0.9, bands: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0)) -> Chances | None:
    """Hold chances stated before the decision against what came; None where none was."""
    rows = desk.decided.dropna(subset=["stated"])
    if rows.empty:
        return None
    p, y = rows["stated"].to_numpy(), rows["is_won"].to_numpy(float)
    band = np.searchsorted(np.asarray(bands), p, side="left").clip(max=len(bands) - 1)
    table = pd.DataFrame({"band": band, "told": p, "won": y}).groupby("band").agg(
        n=("won", "size"), k=("won", "sum"), told=("told", "mean")
    )  # fmt: skip
    low, high = wilson(table["k"], table["n"], level)
    table = table.assign(won=table["k"] / table["n"], won_low=low, won_high=high)
    table = table.assign(stated=np.asarray(bands)[table.index]).reset_index(drop=True)
    right = out_of_fold(p, y)
    known = np.isfinite(right)
    return Chances(
        Estimate(float(p.mean()), n=len(p)),
        share(int(y.sum()), len(y), level),
        calibration_of_chances(p, y),
        calibration_of_chances(right[known], y[known]),
        table[["stated", "n", "told", "won", "won_low", "won_high"]],
    )


@may_refuse
def pipelines(desk: Desk) -> dict[str, Pipeline]:
    """What is open and quoted is worth, three ways: as stated, as put right, by how old it is.

    Returns
    -------
    dict
        ``stated``, ``recalibrated`` (where chances of decided prospects are known), ``by_age`` (where dates of
        decisions are). A deal without a quoted amount is in none.
    """
    rows = desk.open
    ages = chances_at_age(desk)
    held = rows["quoted_amount"].notna().to_numpy() & rows["stated"].notna().to_numpy()
    amounts, stated = rows["quoted_amount"].to_numpy(float)[held], rows["stated"].to_numpy(float)[held]
    found = {"stated": weighted_pipeline(amounts, stated)} if held.any() else {}
    past = desk.decided.dropna(subset=["stated"])
    if held.any() and len(past) and 0 < past["is_won"].sum() < len(past):
        right = recalibrated(past["stated"], past["is_won"], stated)
        found["recalibrated"] = weighted_pipeline(amounts, np.clip(right, 0, 1))
    aged = rows["quoted_amount"].notna().to_numpy() & np.isfinite(ages)
    if aged.any():
        found["by_age"] = weighted_pipeline(rows["quoted_amount"].to_numpy(float)[aged], ages[aged])
    return found


def correction(desk: Desk, level: float = 0.9, *, draws: int = 400, seed: int = 1) -> Estimate:
    """What decided prospects take off, or put on, the sum that the stated chances of open ones say.

    How open deals happen to fall is not in the interval: it tells how surely the chances are too high or too low, by
    decided prospects drawn again.

    Returns
    -------
    Estimate
        Currency, below 0 where stated chances say too much; n decided prospects. NaN where nothing decided teaches it.
    """
    past, rows = desk.decided.dropna(subset=["stated"]), desk.open.dropna(subset=["stated", "quoted_amount"])
    p, y, n = past["stated"].to_numpy(float), past["is_won"].to_numpy(float), len(past)
    if not len(rows) or not 0 < y.sum() < n:
        return Estimate(float("nan"), n=n)
    amounts, stated = rows["quoted_amount"].to_numpy(float), rows["stated"].to_numpy(float)
    rng = np.random.default_rng(seed)
    again = (rng.integers(0, n, n) for _ in range(draws))
    told = [float(amounts @ (recalibrated(p[one], y[one], stated) - stated)) for one in (np.arange(n), *again)]
    low, high = np.quantile(told[1:], [(1 - level) / 2, (1 + level) / 2])
    return Estimate(told[0], float(low), float(high), n)


def win_rates(desk: Desk, by: str, level: float = 0.9, least: int = MIN_CELL) -> pd.DataFrame:
    """Share won by competitor, key factor, client type, source or owner, each against all others.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``n``, ``won`` with limits, ``gap`` to all others with limits, corrected for how many groups are
        looked at; the most first.
    """
    rows = desk.decided.dropna(subset=[by])
    columns = ["group", "n", "won", "won_low", "won_high", "gap", "gap_low", "gap_high"]
    counts = rows.groupby(rows[by].astype("string"))["is_won"].agg(["size", "sum"])
    counts = counts[counts["size"] >= least]
    if len(counts) < 2:
        return pd.DataFrame(columns=columns)
    corrected = 1 - (1 - level) / len(counts)
    n, k, found = int(counts["size"].sum()), int(counts["sum"].sum()), []
    from regulars.statistics.intervals import difference

    for group, row in counts.sort_values("size", ascending=False, kind="stable").iterrows():
        own = share(int(row["sum"]), int(row["size"]), level)
        one, rest = (share(a, b, corrected) for a, b in ((int(row["sum"]), int(row["size"])),
                                                        (k - int(row["sum"]), n - int(row["size"]))))  # fmt: skip
        gap = difference(one, rest)
        found.append((group, own.n, own.value, own.low, own.high, gap.value, gap.low, gap.high))
    return pd.DataFrame(found, columns=columns)


def slippage(desk: Desk) -> Estimate:
    """Median days by which decisions came after the expected close, with its interval; n decided prospects."""
    from regulars.statistics.intervals import median_interval

    rows = desk.rows.dropna(subset=["decided_at", "expected_close"])
    late = (rows["decided_at"] - rows["expected_close"]).dt.days.to_numpy(float)
    return Estimate.of(median_interval(late), len(late)) if len(late) else NOTHING


def won_customers(desk: Desk, first_days: Mapping | pd.Series, level: float = 0.9) -> Estimate:
    """Share of won prospects who are found among the customers with an order."""
    rows = desk.rows[desk.rows["is_won"]]
    known = rows["customer_id"].isin(list(getattr(first_days, "index", first_days)))
    return share(int(known.sum()), len(rows), level)
