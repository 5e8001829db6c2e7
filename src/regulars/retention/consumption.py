"""When the jar runs low: what a customer took last time against how fast that customer uses it up."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from regulars.finding import NOT_SUPPLIED, Finding, Remark, may_refuse, shows, tells
from regulars.labels import Change
from regulars.retention.dates import DATES
from regulars.settings import DateRules
from regulars.statistics.intervals import Estimate, against, share, z_value

FEWEST_GAPS = 2  # of a product by one customer: with fewer there is no pace of the customer's own
FEWEST_CUSTOMERS = 30
NARROWER = 0.05  # share by which knowing the quantity must narrow a window to be worth a date
NOTHING = Estimate(float("nan"), n=0)
LATE = 0.95  # chance that the jar would be empty by now, from which on the customer gets it elsewhere


class JarVerdict(StrEnum):
    """Whether the quantity taken last tells when a customer comes back."""

    SHARPENS = "sharpens"
    NO_LINK = "no_link"
    NOT_HELD = "not_held"
    TOO_FEW = "too_few"


@shows
@dataclass(frozen=True)
class Consumption:
    """How long a quantity lasts, and what each customer has left.

    Parameters
    ----------
    verdict : JarVerdict
        ``sharpens``: a larger quantity lasts longer beyond noise, knowing it narrows windows by 5 % or more, and
        windows made of that held the last waits known; ``no_link``: it does not last longer, or not by enough to
        matter; ``not_held``: the windows were too narrow; ``too_few``: fewer than 30 customers bought something three
        times.
    slope : Estimate
        Per cent that a customer waits longer for the next order after taking one per cent more; n counts waits. Near
        1 it is used up at a steady pace; at 0 the quantity says nothing.
    narrower : float
        Share by which knowing the quantity narrows a window.
    inside : Estimate
        Share of the last known waits, foretold from the earlier ones of the same customer, within their window; of
        every second customer and product, by the others of whom the windows were made as wide as they must be.
    staples : pandas.DataFrame
        One row per customer: ``customer_id``, ``product_id`` (of what the last order held, that bought on the most
        days), ``last_day``, ``quantity`` (taken then), ``gaps``, ``centre`` and ``spread`` of the logarithm of the
        days until the next order.
    window_level : float
        Share of the waits that was to fall inside their windows.
    products : list of str
        What is used up at a pace that can be told, product by product; all else is left out then. Empty where no
        product by itself is: all are taken together.
    household : Estimate
        Per cent by which a household of one per cent more persons waits longer for the same quantity (−1 where each
        person uses as much); missing where sizes are not supplied.
    """

    verdict: JarVerdict
    slope: Estimate
    narrower: float
    inside: Estimate
    staples: pd.DataFrame
    window_level: float = DateRules.window_level
    products: list[str] = field(default_factory=list)
    household: Estimate = NOTHING


STAPLES = ["customer_id", "product_id", "last_day", "quantity", "gaps", "centre", "spread"]


def learn_consumption(
    lines: pd.DataFrame | None,
    observation_end,
    *,
    level: float = 0.9,
    rules: DateRules | None = None,
    customers: pd.DataFrame | None = None,
) -> Consumption | None:
    """Learn from order lines how long a quantity lasts each customer.

    The days from an order with so much of a product to the customer's next order, of anything, follow
    log(days) = own pace + slope · log(quantity) + noise. Who comes for other things in between has a slope near 0.
    The slope is that within customers, so that large households do not pass for slow eaters; the own pace is drawn
    towards the others' (those of households of that size, where sizes are supplied and tell) as far as few waits leave
    it uncertain. Waits still open are not used.

    Consumables are found first: products of which 30 customers or more have varied their quantity, whose own slope is
    above 0 by more than the best of so many would be by chance (Bonferroni), and whose quantity narrows a window by
    5 % or more. Where there are some, only they are looked at; else all products together.

    Parameters
    ----------
    lines : pandas.DataFrame or None
        ``customer_id``, ``product_id``, ``ordered_at``, ``quantity``; None where not supplied.
    observation_end : date
        Later lines are left out.
    level : float
        Of the intervals and of the decision.
    rules : DateRules, optional
        Their ``window_level`` is what the windows are held against.
    customers : pandas.DataFrame, optional
        ``customer_id``, ``household_size`` (persons); without that column, or row, nothing is known of a household.

    Returns
    -------
    Consumption or None
        None without lines.

    References
    ----------
    Searle, S. R., Casella, G. and McCulloch, C. E. (1992), Variance Components, ch. 3 (one-way random model, predicting
    its effects).

    Examples
    --------
    >>> from regulars.simulate.jars import jar_lines
    >>> found = learn_consumption(jar_lines(customers=80, seed=1), "2025-12-31")
    >>> found.verdict.value, bool(0.8 < found.slope.value < 1.2)
    ('sharpens', True)
    """
    if lines is None:
        return None
    rules, end = rules or DateRules(), pd.Timestamp(observation_end).normalize()
    bought = _purchases(lines, end).assign(household=0.0)
    waits = bought[bought["wait"].notna() & bought["gaps"].ge(FEWEST_GAPS)].reset_index(drop=True)
    if waits["customer_id"].nunique() < FEWEST_CUSTOMERS:
        return _untold(len(waits))
    products = _used_up(waits, level)
    if products:
        bought, waits = (frame[frame["product_id"].isin(products)] for frame in (bought, waits))
        waits = waits.reset_index(drop=True)
    if customers is not None and "household_size" in customers:
        size = _log_size(customers, waits["customer_id"])
        bought, waits = (
            frame.assign(household=frame["customer_id"].map(size).fillna(0.0)) for frame in (bought, waits)
        )
    fit = _Fit.of(waits, level)
    if not np.isfinite(fit.slope.low):  # everybody always takes the same quantity: nothing can be learnt
        return _untold(len(waits))
    wider, held = _held(fit, waits, rules.window_level)
    inside = share(int(held.sum()), len(held), level)
    verdict = JarVerdict.SHARPENS
    if against(fit.slope) is not Change.UP or fit.narrower < NARROWER:
        verdict = JarVerdict.NO_LINK
    elif against(inside, rules.window_level) is Change.DOWN:
        verdict = JarVerdict.NOT_HELD
    staples = _staples(fit, bought, waits)
    staples["spread"] *= wider
    found = (fit.slope, fit.narrower, inside, staples, rules.window_level, products, fit.household)
    return Consumption(verdict, *found)


def _untold(waits: int) -> Consumption:
    nothing = Estimate(float("nan"), n=waits)
    return Consumption(JarVerdict.TOO_FEW, nothing, float("nan"), nothing, pd.DataFrame(columns=STAPLES))


def _log_size(customers: pd.DataFrame, buyers: pd.Series) -> pd.Series:
    """Logarithm of the persons of each household about the mean of the buyers; unknown ones are left out."""
    known = customers[customers["household_size"].gt(0).fillna(False)].drop_duplicates("customer_id")
    size = np.log(known.set_index("customer_id")["household_size"].astype(float))
    return size - size[size.index.isin(buyers)].mean()


def _used_up(waits: pd.DataFrame, level: float) -> list[str]:
    """Products whose quantity, by itself and beyond chance, tells how long customers wait."""
    table = pd.DataFrame({"product_id": waits["product_id"], "pair": waits["pair"]})
    table["y"], table["x"] = np.log(waits["wait"]), np.log(waits["quantity"].astype(float))
    about = table[["x", "y"]] - table.groupby("pair")[["x", "y"]].transform("mean")
    table["xx"], table["xy"], table["yy"] = about["x"] ** 2, about["x"] * about["y"], about["y"] ** 2
    pairs = table.groupby(["product_id", "pair"], sort=True)[["xx", "xy", "yy"]].sum()
    varied = pairs[pairs["xx"] > 1e-12]
    sums = pairs.groupby("product_id").sum().assign(n=varied.groupby("product_id").size())
    sums = sums[sums["n"] >= FEWEST_CUSTOMERS]
    if sums.empty:
        return []
    slope = sums["xy"] / sums["xx"]
    # of one customer's waits the errors may hang together
    together = (varied["xy"] - slope.reindex(varied.index, level="product_id") * varied["xx"]) ** 2
    error = np.sqrt(together.groupby("product_id").sum().reindex(sums.index) * sums["n"] / (sums["n"] - 1)) / sums["xx"]
    narrower = 1 - np.sqrt(np.maximum(1 - slope * sums["xy"] / sums["yy"], 0))
    # one-sided, of as many as are looked at
    reach = -ndtri((1 - level) / 2 / len(sums)) * error
    return sorted(slope.index[(slope - reach > 0) & (narrower >= NARROWER)])


def _purchases(lines: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """One row per customer, product and day: quantity, ``wait`` for the next order (missing in the last), ``gaps``."""
    known = lines[lines["quantity"].gt(0) & lines["ordered_at"].lt(end + pd.Timedelta(days=1))]
    known = known.assign(day=known["ordered_at"].dt.normalize())
    orders = known[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    orders["wait"] = (orders.groupby("customer_id", sort=False)["day"].shift(-1) - orders["day"]).dt.days.astype(float)
    keys = ["customer_id", "product_id"]
    table = known.groupby([*keys, "day"], sort=True)["quantity"].sum().reset_index()
    table = table.merge(orders, on=["customer_id", "day"], how="left")
    pair = table.groupby(keys, sort=False)
    return table.assign(gaps=pair["wait"].transform("count"), pair=pair.ngroup())


@dataclass(frozen=True)
class _Fit:
    """Random intercepts and one slope, by moments."""

    slope: Estimate
    narrower: float
    within: float  # variance of one wait about the own pace
    between: float  # variance of paces
    mean: float
    household: Estimate  # of the pace on the logarithm of the household's size

    @classmethod
    def of(cls, waits: pd.DataFrame, level: float) -> "_Fit":
        y, x = np.log(waits["wait"].to_numpy()), np.log(waits["quantity"].to_numpy(float))
        pair = pd.factorize(waits["pair"])[0]
        n = np.bincount(pair)
        y_mean, x_mean = np.bincount(pair, y) / n, np.bincount(pair, x) / n
        dy, dx = y - y_mean[pair], x - x_mean[pair]
        moved = float(dx @ dx)
        if not moved > 1e-12:
            nan = float("nan")
            return cls(Estimate(nan, n=len(y)), nan, nan, nan, nan, NOTHING)
        slope = float(dx @ dy) / moved
        rest = dy - slope * dx
        customer = pd.factorize(waits["customer_id"])[0]
        together = np.bincount(customer, dx * rest)  # of one customer's waits the errors may hang together
        error = float(np.sqrt(together @ together * len(together) / (len(together) - 1))) / moved
        reach = z_value(level) * error
        # waits are whole days: none is known better than that
        rounding = float(np.mean(1 / (12 * waits["wait"].to_numpy() ** 2)))
        # the scale is that of the middle of the waits, by which windows are told: a jar that is filled elsewhere once,
        # or too small to hold what a long wait takes, must not widen those of all others
        middle = float(np.diff(np.quantile(rest, [0.1, 0.9]))[0]) / (2 * z_value(0.8))
        within = max(middle**2 * len(y) / max(len(y) - len(n) - 1, 1), rounding)
        pace = y_mean - slope * x_mean
        mean = float(np.average(pace, weights=n))
        household = _on_size(pace - mean, waits.groupby(pair)["household"].first().to_numpy(), n, level)
        if against(household) in (Change.UP, Change.DOWN):
            pace = pace - household.value * waits.groupby(pair)["household"].first().to_numpy()
        spread = float(n @ (pace - mean) ** 2) - within * (len(n) - 1)
        between = max(spread / (n.sum() - (n @ n) / n.sum()), 0.0) if len(n) > 1 else 0.0
        without = float(dy @ dy)
        told = min(slope**2 * moved / without, 1.0) if without > 0 else 0.0  # share of the variance
        narrower = told / (1 + np.sqrt(1 - told))  # 1 − √(1 − told), where nothing cancels
        estimate = Estimate(slope, slope - reach, slope + reach, len(y))
        return cls(estimate, float(narrower), within, between, mean, household)

    def pace(self, own: np.ndarray, n: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Own pace drawn towards that of such households, and the variance left; `own` is the mean over `n` waits."""
        weight = self.between / (self.between + self.within / n) if self.between else np.zeros(len(n))
        tells = against(self.household) in (Change.UP, Change.DOWN)
        usual = self.mean + (self.household.value * size if tells else 0.0)
        return usual + weight * (own - usual), self.between * (1 - weight)


def _on_size(pace: np.ndarray, size: np.ndarray, n: np.ndarray, level: float) -> Estimate:
    """Slope of the pace on the household's size, each customer by its waits; missing where sizes do not differ."""
    moved = float(n @ size**2)
    if not moved > 1e-12:
        return NOTHING
    slope = float((n * size) @ pace) / moved
    error = float(np.sqrt(((n * size) ** 2) @ (pace - slope * size) ** 2)) / moved
    reach = z_value(level) * error
    return Estimate(slope, slope - reach, slope + reach, int(np.count_nonzero(size)))


def _held(fit: _Fit, waits: pd.DataFrame, window_level: float) -> tuple[float, np.ndarray]:
    """By how much windows are to be wider, and whether last waits fell inside such as the earlier ones foretell.

    Of every second customer and product it is learnt by how much, on the others the windows are held to what they say.
    """
    y = np.log(waits["wait"].to_numpy()) - fit.slope.value * np.log(waits["quantity"].to_numpy(float))
    pair = pd.factorize(waits["pair"])[0]
    is_last = np.append(pair[1:] != pair[:-1], True)
    earlier = np.bincount(pair[~is_last], minlength=pair.max() + 1)
    sums = np.bincount(pair[~is_last], y[~is_last], pair.max() + 1)
    size = waits["household"].to_numpy()[is_last]
    centre, left = fit.pace(sums / np.maximum(earlier, 1), np.maximum(earlier, 1), size)
    apart = np.abs((y[is_last] - centre) / np.sqrt(fit.within + left))[earlier > 0] / z_value(window_level)
    learnt, judged = apart[::2], apart[1::2]
    wider = max(float(np.quantile(learnt, window_level)), 1.0) if len(learnt) >= FEWEST_CUSTOMERS else 1.0
    return wider, judged <= wider


def _staples(fit: _Fit, bought: pd.DataFrame, waits: pd.DataFrame) -> pd.DataFrame:
    """Of what each customer's last order held, that bought on the most days: how long its quantity should last."""
    y = np.log(waits["wait"]) - fit.slope.value * np.log(waits["quantity"].astype(float))
    own = y.groupby(waits["pair"]).agg(["mean", "size"])
    last = bought[bought["wait"].isna() & bought["pair"].isin(own.index)]
    last = last.sort_values(["customer_id", "gaps", "product_id"], ascending=[True, False, True])
    last = last.drop_duplicates("customer_id").reset_index(drop=True)
    at = own.loc[last["pair"]]
    pace, left = fit.pace(at["mean"].to_numpy(), at["size"].to_numpy(float), last["household"].to_numpy())
    return last.rename(columns={"day": "last_day"}).assign(
        centre=pace + fit.slope.value * np.log(last["quantity"].to_numpy(float)), spread=np.sqrt(fit.within + left)
    )[STAPLES]


@may_refuse
def sharpened(
    dates: pd.DataFrame, used: Consumption | None, observation_end, *, rules: DateRules | None = None
) -> pd.DataFrame:
    """Dates of the next order, sharpened where the jar tells more than the customer's rhythm.

    Parameters
    ----------
    dates : pandas.DataFrame
        As `regulars.retention.next_order` gives them.
    used : Consumption or None
        None, or one that does not sharpen, leaves all dates as they are.
    observation_end : date
        The wait so far counts: what has lasted until then is not empty yet, or has been filled elsewhere.
    rules : DateRules, optional
        When a date is worth telling, and how wide a window is; the usual ones without them.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns, with ``product_id`` and ``quantity`` of what runs out where that made the date
        (missing elsewhere). A window is replaced by a narrower one only; of customers whose jar should have been
        empty long ago (with a chance of 95 %) nothing is changed.
    """
    plain = dates.assign(product_id=pd.Series(pd.NA, dates.index, dtype="string"), quantity=np.nan)
    if used is None or used.verdict is not JarVerdict.SHARPENS:
        return plain
    rules, end = rules or DateRules(), pd.Timestamp(observation_end).normalize()
    staples = used.staples.set_index("customer_id").reindex(dates["customer_id"].array)
    centre, spread = staples["centre"].to_numpy(float), staples["spread"].to_numpy(float)
    waited = (end - staples["last_day"]).dt.days.to_numpy(float)
    so_far = ndtr((np.log(waited + 0.5) - centre) / spread)
    tail = (1 - rules.window_level) / 2

    so_far = np.where(so_far < LATE, so_far, np.nan)

    def days_until(chance: float) -> np.ndarray:
        total = np.exp(centre + spread * ndtri(so_far + chance * (1 - so_far)))
        return np.maximum(np.ceil(total - 0.5 - waited), 1)  # waits are whole days, from half a day before to after

    low, median, high = (days_until(chance) for chance in (tail, 0.5, 1 - tail))
    better = np.isfinite(so_far) & (high - low < dates["window_days"].to_numpy(float))
    is_narrow = better & (dates["p_never"] <= rules.max_never).to_numpy() & (median <= rules.horizon_days)
    is_narrow &= high - low <= rules.max_window_days

    def replaced(name: str, days: np.ndarray, keep: np.ndarray) -> pd.Series:
        within = np.where(keep & (days <= rules.horizon_days), days, np.nan)
        return dates[name].where(~better, end + pd.to_timedelta(within, unit="D"))

    columns = dict(zip(DATES, (low, median, high), strict=True))
    is_told = better & (median <= rules.horizon_days)  # a range without a middle tells nothing
    made = {name: replaced(name, days, is_told) for name, days in columns.items()}
    made["call_by"] = replaced("call_by", days_until(rules.call_share), is_narrow)
    made["window_days"] = dates["window_days"].where(~better, high - low)
    made["product_id"] = plain["product_id"].where(~better, staples["product_id"].to_numpy())
    made["quantity"] = np.where(better, staples["quantity"].to_numpy(float), np.nan)
    return dates.assign(**made)


@tells
def tell_jar(used: Consumption | None, dates: pd.DataFrame, tried=None) -> Finding:
    """Whether the quantity taken last tells when a customer comes back, for how many it made the date, and if it held.

    Parameters
    ----------
    used : Consumption or None
        Of `learn_consumption`; None without order lines.
    dates : pandas.DataFrame
        Of `sharpened`.
    tried : regulars.retention.jars.Tried, optional
        Of `regulars.retention.try_jars`: such dates of earlier days.

    Returns
    -------
    Finding
        Its verdict is a `JarVerdict`, or ``not_supplied`` without order lines.
    """
    if used is None:
        return Finding(NOT_SUPPLIED)
    if used.verdict is JarVerdict.TOO_FEW:
        return Finding(used.verdict, {"fewest": FEWEST_CUSTOMERS})
    ends = (2.0**end for end in (used.slope.value, used.slope.low, used.slope.high))
    facts = {"twice": Estimate.of(ends, used.slope.n), "narrower": used.narrower}
    if used.verdict is JarVerdict.NO_LINK:
        return Finding(used.verdict, facts)
    facts |= {"held": used.inside, "window": used.window_level}
    if used.verdict is JarVerdict.SHARPENS:
        called = dates["product_id"].notna() & dates["call_by"].notna()
        facts |= {"sharpened": int(dates["product_id"].notna().sum()), "staples": len(used.staples)}
        facts |= {"called": int(called.sum())}
    remarks = []
    if used.products:
        remarks.append(Remark("products", {"products": ", ".join(used.products), "number": len(used.products)}))
    if np.isfinite(used.household.value):
        double = Estimate.of((2.0**end for end in _ends(used.household)), used.household.n)
        remarks.append(Remark("household", {"double": double}))
    return Finding(used.verdict, facts, remarks=remarks + (_as_remarks(tried) if tried else []))


def _ends(told: Estimate):
    return told.value, told.low, told.high


def _as_remarks(tried) -> list[Remark]:
    facts = {"within": tried.within, "days": tried.days, "cutoffs": tried.cutoffs}
    if np.isfinite(tried.hits.value):
        facts |= {"hits": tried.hits, "usual": tried.usual, "gap": tried.gap, "customers": tried.customers}
    else:
        facts["fewest"] = FEWEST_CUSTOMERS
    return [Remark(f"tried_{tried.verdict.value}", facts)]
