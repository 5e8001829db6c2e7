"""Cohort triangles: how many of those won in a period still buy, period after period."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.clv.shifted_beta_geo import ShiftedBetaGeoFitter
from regulars.errors import UntoldError
from regulars.finding import shows
from regulars.labels import StayCurve
from regulars.purchases import Purchases, day_number
from regulars.statistics.intervals import wilson, z_value

UNITS = {"month": 1, "quarter": 3, "year": 12}
DAYS_PER_MONTH = 30.4375
NO_PURCHASE = "Table orders: nobody has bought anything, so no group of customers can be followed."


def cohort_retention(
    purchases: Purchases,
    observation_end=None,
    *,
    unit: str = "month",
    kind: str = "on",
    window: str = "calendar",
    level: float = 0.9,
) -> pd.DataFrame:
    """Share of the customers won in a period who bought in each later period.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought, and for how much.
    observation_end : date, optional
        Last day of the data; that of the last order without it.
    unit : {"month", "quarter", "year"}
        Length of a period. A cohort is a calendar period of first purchases.
    kind : {"on", "on_or_after"}
        Bought in that very period, or in that one or any later one. The second falls towards the end of the data by
        construction, because purchases after the end are not seen.
    window : {"calendar", "rolling"}
        Periods counted in calendar months, or from each customer's own first day in steps of 30.4375 days. Rolling
        cells count those customers only whose window has been observed whole.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per cohort and period, sorted: ``cohort`` (first day of the period), ``period`` (0 is that of the
        first purchase), ``n`` (customers who could have been counted), ``customers`` (who were), ``orders``
        (purchase days in the period), ``revenue`` (currency, in the period), ``share``, ``share_low``,
        ``share_high``, ``mature``: false where the period was not over when the data ended, for all or some of the
        cohort. In period 0 the share is 1 by construction, without width.

    Raises
    ------
    UntoldError
        Where nobody has bought anything.
    ValueError
        On another unit, kind or window.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c"],
    ...     "ordered_at": pd.to_datetime(["2026-01-05", "2026-03-02", "2026-01-09", "2026-02-11"]),
    ...     "amount": [10.0, 20.0, 5.0, 8.0]})
    >>> table = cohort_retention(Purchases.of(orders), observation_end="2026-03-31")
    >>> table.pivot(index="cohort", columns="period", values="customers").to_numpy().tolist()
    [[2.0, 0.0, 1.0], [1.0, 0.0, nan]]
    """
    _refuse_other("unit", unit, UNITS)
    _refuse_other("kind", kind, ("on", "on_or_after"))
    _refuse_other("window", window, ("calendar", "rolling"))
    end = pd.Timestamp(observation_end if observation_end is not None else purchases.last).normalize()
    seen = purchases.until(end)
    if not len(seen.day):
        raise UntoldError(NO_PURCHASE)
    first, is_first = seen.first_days[seen.code], seen.is_first
    days = pd.DataFrame({"amount": seen.amount, "is_first": is_first, "is_last": seen.is_last})
    days["cohort"] = _ordinal(seen.first_days, unit)[seen.code]
    if window == "calendar":
        days["period"] = _ordinal(seen.day, unit) - days["cohort"]
        cells = _calendar_cells(days, end, unit)
    else:
        length = DAYS_PER_MONTH * UNITS[unit]
        days["period"] = ((seen.day - first) // length).astype(int)
        days["complete"] = ((day_number(end) + 1 - first) // length).astype(int)  # windows observed whole
        cells = _rolling_cells(days)
    earlier = np.append(-1, days["period"].to_numpy()[:-1])
    days["is_counted"] = is_first | (days["period"].to_numpy() != earlier)  # once in each period
    counted = _counts(days, kind)
    table = cells.merge(counted, on=["cohort", "period"], how="left")
    table = table.fillna({"customers": 0, "orders": 0, "revenue": 0.0})
    table = table.astype({"customers": int, "orders": int}).sort_values(["cohort", "period"], ignore_index=True)
    table["share"] = table["customers"] / table["n"]
    table["share_low"], table["share_high"] = wilson(table["customers"], table["n"], level)
    table.loc[table["period"] == 0, ["share_low", "share_high"]] = 1.0
    table["cohort"] = _start(table["cohort"], unit)
    columns = ["cohort", "period", "n", "customers", "orders", "revenue", "share", "share_low", "share_high", "mature"]
    return table[columns]


def _refuse_other(name: str, value: str, allowed) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def _ordinal(days: np.ndarray, unit: str) -> np.ndarray:
    """Period since 1970 of days since 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // UNITS[unit]


def _start(ordinals: pd.Series, unit: str) -> pd.Series:
    months = (ordinals.to_numpy() * UNITS[unit]).astype("datetime64[M]")
    return pd.Series(months.astype("datetime64[s]"), index=ordinals.index)


def _calendar_cells(days: pd.DataFrame, end: pd.Timestamp, unit: str) -> pd.DataFrame:
    sizes = days[days["is_first"]].groupby("cohort").size().rename("n").reset_index()
    last, following = (int(_ordinal(np.array([day_number(end) + ahead]), unit)[0]) for ahead in (0, 1))
    whole = following > last
    cells = sizes.loc[sizes.index.repeat(last - sizes["cohort"] + 1)].reset_index(drop=True)
    cells["period"] = cells.groupby("cohort").cumcount()
    return cells.assign(mature=whole | (cells["cohort"] + cells["period"] < last))


def _rolling_cells(days: pd.DataFrame) -> pd.DataFrame:
    first = days[days["is_first"]]
    sizes = first.groupby("cohort")["complete"].agg(["size", "max"])
    cells = sizes.loc[sizes.index.repeat(sizes["max"])].rename_axis("cohort").reset_index()
    cells["period"] = cells.groupby("cohort").cumcount()
    reached = first.groupby(["cohort", "complete"]).size().rename("n").reset_index()
    reached = reached.merge(cells[["cohort", "period"]], on="cohort")
    reached = reached[reached["complete"] > reached["period"]].groupby(["cohort", "period"])["n"].sum().reset_index()
    cells = cells.merge(reached, on=["cohort", "period"])
    cells["mature"] = cells["n"] == cells["size"]
    return cells.drop(columns=["size", "max"])


def _counts(days: pd.DataFrame, kind: str) -> pd.DataFrame:
    seen = days[days["period"] < days["complete"]] if "complete" in days else days
    keys = ["cohort", "period"]
    inside = seen.groupby(keys).agg(
        customers=("is_counted", "sum"), orders=("amount", "size"), revenue=("amount", "sum")
    )
    if kind == "on":
        return inside.reset_index()
    last = days.loc[days["is_last"]].set_index("cohort")
    limit = last["complete"] - 1 if "complete" in last else last["period"]
    # a rolling window that was not observed whole has no cell of its own, but a purchase in it is "or after"
    reach = np.minimum(last["period"], limit).astype(int)
    reach = reach[reach >= 0]
    spread = reach.rename("reach").reset_index()
    per_cell = spread.groupby(["cohort", "reach"]).size().unstack(fill_value=0).sort_index(axis=1)
    per_cell = per_cell.reindex(columns=range(int(per_cell.columns.max()) + 1), fill_value=0)
    still = per_cell.iloc[:, ::-1].cumsum(axis=1).iloc[:, ::-1].stack().rename("customers")
    still.index.names = keys
    return inside.drop(columns="customers").join(still, how="outer").reset_index().fillna({"orders": 0, "revenue": 0.0})


def recent_cells(cohorts: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """The newest cohorts and the first periods after that of the first purchase, no more than can be read at once.

    Parameters
    ----------
    cohorts : pandas.DataFrame
        As `cohort_retention` gives it.
    most : int
        Cohorts, and periods. Cohorts without a later period do not count.

    Returns
    -------
    pandas.DataFrame
        Those rows, with ``open``, the opposite of ``mature``.

    Examples
    --------
    >>> table = pd.DataFrame({"cohort": [1, 1, 2, 2, 3, 3, 4], "period": [0, 1, 0, 1, 0, 1, 0], "mature": True})
    >>> recent_cells(table, most=2)[["cohort", "period"]].to_numpy().tolist()
    [[2, 1], [3, 1]]
    """
    later = cohorts[cohorts["period"].between(1, most)]
    newest = sorted(later["cohort"].unique())[-most:]
    return later[later["cohort"].isin(newest)].assign(open=lambda cells: ~cells["mature"]).reset_index(drop=True)


def pooled_retention(cohorts: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """One curve out of a triangle: the share of all customers who bought in each period after their first.

    Parameters
    ----------
    cohorts : pandas.DataFrame
        As `cohort_retention` gives it; only mature cells are pooled.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    pandas.DataFrame
        One row per period: ``period``, ``cohorts``, ``n``, ``customers``, ``share``, ``share_low``, ``share_high``.
        Later periods rest on older cohorts only. A pooled curve that flattens is no proof that loyalty grows: those
        who leave early are simply no longer in it.

    Examples
    --------
    >>> table = pd.DataFrame({"cohort": [1, 1, 2], "period": [0, 1, 0], "n": [4, 4, 6], "customers": [4, 1, 6],
    ...                       "mature": [True, True, True]})
    >>> pooled_retention(table)["share"].tolist()
    [1.0, 0.25]
    """
    mature = cohorts[cohorts["mature"]]
    table = mature.groupby("period").agg(cohorts=("cohort", "nunique"), n=("n", "sum"), customers=("customers", "sum"))
    table["share"] = table["customers"] / table["n"]
    low, high = wilson(table["customers"], table["n"], level)
    table["share_low"] = np.where(table.index == 0, 1.0, low)
    table["share_high"] = np.where(table.index == 0, 1.0, high)
    return table.reset_index()


@shows
class Triangles(NamedTuple):
    """The two ways to count who still buys.

    Parameters
    ----------
    on : pandas.DataFrame
        `cohort_retention` of those who bought in the very period.
    on_or_after : pandas.DataFrame
        Of those who bought then or later.
    """

    on: pd.DataFrame
    on_or_after: pd.DataFrame


def triangles(purchases: Purchases, observation_end, *, unit: str = "month", level: float = 0.9) -> Triangles:
    """Share of each cohort who buy in each later period, counted both ways.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        On which days each customer bought, and for how much.
    observation_end : date
        Last day of the data.
    unit : {"month", "quarter", "year"}
        Length of a period.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    Triangles

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 10.0,
    ...                        "ordered_at": pd.to_datetime(["2026-01-05", "2026-03-02", "2026-01-09"])})
    >>> both = triangles(Purchases.of(orders), "2026-03-31")
    >>> both.on["customers"].tolist(), both.on_or_after["customers"].tolist()
    ([2, 0, 1], [2, 1, 1])
    """
    kinds = ("on", "on_or_after")
    return Triangles(
        *(cohort_retention(purchases, observation_end, unit=unit, kind=kind, level=level) for kind in kinds)
    )


@shows
class Mixture(NamedTuple):
    """How many of those still there stay on, as seen and as customers who never change would.

    Parameters
    ----------
    curves : pandas.DataFrame
        ``period``, ``curve`` (a `regulars.labels.StayCurve`), ``share``, ``share_low``, ``share_high``, ``n``: who
        buys in the period, who buys then or later, and the share that the shifted beta-geometric model expects to.
    periods : int
        Periods fitted; 0 where there are too few for a model.
    first, last : float
        Share of those still there who stayed on, in the first and in the last of these periods.
    model_first, model_last : float
        The same as the model has it.
    """

    curves: pd.DataFrame
    periods: int
    first: float
    last: float
    model_first: float
    model_last: float

    @property
    def facts(self) -> dict:
        """What the sentences on these curves need."""
        return {name: getattr(self, name) for name in ("periods", "first", "last", "model_first", "model_last")}


def _product_limit(data: pd.DataFrame, level: float) -> pd.DataFrame:
    """Share still there by period, of customers at risk and kept in each, with its interval."""
    data = data[data["at_risk"] > 0]
    at_risk, kept = data["at_risk"].to_numpy(float), data["kept"].to_numpy(float)
    share = np.cumprod(kept / at_risk)
    reach = z_value(level) * share * np.sqrt(np.cumsum((at_risk - kept) / (at_risk * np.maximum(kept, 1.0))))
    ends = {"share_low": np.maximum(share - reach, 0.0), "share_high": np.minimum(share + reach, 1.0)}
    return pd.DataFrame({"period": data["period"], "share": share, **ends, "n": at_risk.astype(int)})


def mixture_curves(both: Triangles, *, since: pd.Timestamp | None = None, level: float = 0.9) -> Mixture:
    """Lay the shifted beta-geometric model over the curve of all cohorts.

    Parameters
    ----------
    both : Triangles
        As `triangles` gives them.
    since : date, optional
        Day before which cohorts are left out: of customers who were there before the log. All where nobody came after.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    Mixture

    Notes
    -----
    "Then or later" multiplies the shares that stay on from one period to the next, each of the cohorts that are seen in
    both (Kaplan–Meier), with Greenwood's error. It is blind to what comes after the data end. Of each cohort only the
    first half of its periods is taken as seen well enough, for the fit and for the curve.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010), Marketing Science 29, 85-93 (rising retention of a cohort can come from
    differences between customers alone).

    Examples
    --------
    >>> later = pd.DataFrame({"cohort": 1, "period": range(9), "n": 1000, "mature": True,
    ...                       "customers": [1000, 631, 468, 382, 326, 289, 262, 241, 223]})
    >>> found = mixture_curves(Triangles(later, later))
    >>> found.periods, round(found.first, 3), round(found.last, 3), round(found.model_last, 3)
    (4, 0.631, 0.853, 0.849)
    """
    on, on_or_after = both
    if since is not None and (on_or_after["cohort"] >= since).any():
        on, on_or_after = (table[table["cohort"] >= since] for table in both)
    reach = on_or_after.groupby("cohort")["period"].transform("max") // 2
    seen = on_or_after[on_or_after["mature"] & (on_or_after["period"] <= reach)]
    columns = ["period", "share", "share_low", "share_high", "n"]
    parts = [
        pooled_retention(on, level=level).query("period > 0")[columns].assign(curve=StayCurve.IN_PERIOD.value),
        pooled_retention(seen, level=level).query("period > 0")[columns].assign(curve=StayCurve.LATER.value),
    ]
    survivors = seen.pivot(index="cohort", columns="period", values="customers")
    try:
        model = ShiftedBetaGeoFitter().fit(survivors.to_numpy(float))
    except ValueError:  # cohorts of one period, or nobody has left: there is no curve to lay anything over
        nan = float("nan")
        return Mixture(pd.concat(parts, ignore_index=True), 0, nan, nan, nan, nan)
    # of those who were still there, how many stayed on: so that a period seen of some cohorts only raises no curve
    parts[1] = _product_limit(model.data, level).assign(curve=StayCurve.LATER.value)
    periods = int(survivors.columns.max())
    ahead = np.arange(1, int(on["period"].max()) + 1)
    expected = pd.DataFrame({"period": ahead, "share": model.survival(ahead), "n": int(model.customers_)})
    parts.append(expected.assign(curve=StayCurve.MIXTURE.value, share_low=np.nan, share_high=np.nan))
    rates = (model.data["kept"] / model.data["at_risk"]).tolist()
    said = model.retention_rate([1, periods])
    return Mixture(pd.concat(parts, ignore_index=True), periods, rates[0], rates[-1], float(said[0]), float(said[1]))
