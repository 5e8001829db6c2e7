"""Loyalty two by two: attitude (what customers say) and behaviour (how often they order), and how sure the class is."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammaincc, ndtr

from regulars.clv import NBDFitter
from regulars.errors import UntoldError
from regulars.finding import Finding, shows, tells
from regulars.labels import LoyaltyType
from regulars.purchases import Purchases, day_numbers
from regulars.settings import SatisfactionSettings
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import Estimate, from_row, share, wilson

TYPES = tuple(LoyaltyType)
DAYS = 365.25


class Attitude(NamedTuple):
    """What customers say, regressed to the mean by the reliability of the score.

    Parameters
    ----------
    table : pandas.DataFrame
        By customer: ``attitude`` (observed, 0–100), ``p_high`` (chance that the true attitude is at least the cut).
    reliability : float
        Share of the score's variance that is not error; NaN where it cannot be told.
    """

    table: pd.DataFrame
    reliability: float


class Behaviour(NamedTuple):
    """What customers do.

    Parameters
    ----------
    table : pandas.DataFrame
        By customer: ``orders`` in the window, ``years`` observed in it, ``p_high`` (chance that the true rate of
        orders is at least the cut).
    cut : float
        Orders per year.
    r, alpha : float
        Gamma distribution of rates over customers (orders per year), fitted to all.
    """

    table: pd.DataFrame
    cut: float
    r: float
    alpha: float


def cronbach_alpha(items: pd.DataFrame) -> float:
    """Reliability of a mean of items, from the respondents who answered all; NaN for one item.

    Parameters
    ----------
    items : pandas.DataFrame
        Respondents × items.

    Returns
    -------
    float

    References
    ----------
    Cronbach, L. J. (1951), Psychometrika 16, 297-334.

    Examples
    --------
    >>> round(cronbach_alpha(pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3]})), 3)
    0.75
    """
    known = items.dropna().to_numpy(dtype=float)
    k = known.shape[1]
    if k < 2 or len(known) < 3:
        return float("nan")
    whole = known.sum(axis=1).var(ddof=1)
    return float(k / (k - 1) * (1 - known.var(axis=0, ddof=1).sum() / whole)) if whole > 0 else float("nan")


def attitude(items: pd.DataFrame, cut: float, reliability: float | None = None) -> Attitude:
    """Attitude of each customer and the chance that it is truly high.

    The true score is normal around the regressed one: mean + ρ (score − mean), with standard deviation
    SD √(ρ (1 − ρ)), ρ the reliability; with fewer items answered ρ is that of the shorter score (Spearman–Brown).

    Parameters
    ----------
    items : pandas.DataFrame
        Customer × item of attitude, 0–100; customers who answered none are left out.
    cut : float
        From which on attitude is high (0–100).
    reliability : float, optional
        Of the mean of all items; Cronbach's alpha without it.

    Returns
    -------
    Attitude

    References
    ----------
    Kelley, T. L. (1923), Statistical Method, ch. 8 (the regressed score).

    Examples
    --------
    >>> items = pd.DataFrame({"a": [20.0, 80.0, 50.0], "b": [30.0, 90.0, 40.0]})
    >>> attitude(items, cut=50).table["p_high"].round(2).tolist()
    [0.0, 1.0, 0.2]
    """
    known = items[items.notna().any(axis=1)].astype(float)
    score, count = known.mean(axis=1), known.notna().sum(axis=1)
    rho = cronbach_alpha(known) if reliability is None else reliability
    table = pd.DataFrame({"attitude": score})
    if not 0 < rho <= 1:
        return Attitude(table.assign(p_high=np.nan), float("nan"))
    shorter = (count / known.shape[1]).to_numpy()
    own = shorter * rho / (1 + (shorter - 1) * rho)
    centre, variance = float(score.mean()), float(score.var(ddof=1)) * rho  # of the true scores
    true = centre + own * (score.to_numpy() - centre)
    spread = np.sqrt(np.maximum(variance * (1 - own), 1e-12))
    return Attitude(table.assign(p_high=ndtr((true - cut) / spread)), float(rho))


def behaviour(purchases: Purchases, until: pd.Series, window_days: int = 365, cut: float | None = None) -> Behaviour:
    """How often each customer ordered before a day, and the chance that the true rate is high.

    Orders in the window are Poisson with a rate that is Gamma over customers (NBD); given the orders x in t years the
    rate is Gamma(r + x, α + t).

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    until : pandas.Series
        Last day of the window, by customer_id.
    window_days : int
        A customer's window begins no earlier than the day after the first order, which does not count.
    cut : float, optional
        Orders per year from which on the rate is high; the median of the customers' regressed rates without it.

    Returns
    -------
    Behaviour
        Customers whose first order came after their day are left out.

    Raises
    ------
    UntoldError
        Where nobody ordered twice.

    References
    ----------
    Ehrenberg, A. S. C. (1959), Applied Statistics 8, 26-41 (the negative binomial of repeat buying).
    """
    ids = pd.Index(until.index.astype(object), name="customer_id")
    place, last = purchases.places(ids), day_numbers(until)
    who = np.flatnonzero(place >= 0)
    place, last = place[who], last[who]
    start = np.maximum(last - window_days, purchases.first_days[place])
    counted = purchases.up_to(place, last) - purchases.up_to(place, start)
    table = pd.DataFrame({"orders": counted.astype(float), "years": (last - start) / DAYS}, index=ids[who])
    table = table[table["years"] > 0].sort_index()
    if not len(table) or table["orders"].sum() == 0:
        raise UntoldError("Table orders: nobody ordered again in the window, so behaviour cannot be told apart.")
    if len(table) < 2:
        raise UntoldError("Table orders: one customer who answered ordered before; behaviour is told apart among many.")
    r, alpha = _rates(table["orders"].to_numpy(), table["years"].to_numpy())
    regressed = (r + table["orders"]) / (alpha + table["years"])
    cut = float(regressed.median()) if cut is None else cut
    high = gammaincc(r + table["orders"], (alpha + table["years"]) * cut)
    return Behaviour(table.assign(rate=regressed, p_high=high), cut, r, alpha)


def _rates(orders: np.ndarray, years: np.ndarray) -> tuple[float, float]:
    """Maximum likelihood of the negative binomial with exposure, to a thousandth of a year."""
    model = NBDFitter().fit(orders, np.zeros(len(orders)), np.rint(years * 1000) / 1000)
    return float(model.params_["r"]), float(model.params_["alpha"])


def loyalty_types(said: Attitude, done: Behaviour) -> pd.DataFrame:
    """Loyalty type of each customer who is known on both sides, with the chance of being misclassified.

    Parameters
    ----------
    said : Attitude
        Of `attitude`.
    done : Behaviour
        Of `behaviour`.

    Returns
    -------
    pandas.DataFrame
        By customer: ``loyalty_type`` (true: high attitude and behaviour; latent: high attitude only; spurious: high
        behaviour only; none), the likeliest of the four, ``p_type`` (chance that it is right), ``p_wrong`` (1 less
        that), and the chance of each, ``p_true`` …. The errors of both sides are taken as independent. Where the
        reliability of attitude is unknown the observed score decides, without a chance.

    References
    ----------
    Dick, A. S. and Basu, K. (1994), J. Academy of Marketing Science 22, 99-113.
    """
    both = said.table.index.intersection(done.table.index)
    a, b = said.table.loc[both, "p_high"].to_numpy(), done.table.loc[both, "p_high"].to_numpy()
    chance = np.column_stack([a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)])
    best = np.argmax(chance, axis=1)
    table = pd.DataFrame(chance, index=both, columns=[f"p_{kind.value}" for kind in TYPES])
    right = chance[np.arange(len(both)), best] if len(both) else np.empty(0)
    names = np.array([kind.value for kind in TYPES])[best] if len(both) else np.empty(0, object)
    front = pd.DataFrame({"loyalty_type": names, "p_type": right, "p_wrong": 1 - right}, index=both)
    return front.astype({"loyalty_type": "string"}).join(table)


def type_shares(types: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Share of each loyalty type with Wilson's interval, and how likely its members are misclassified.

    Parameters
    ----------
    types : pandas.DataFrame
        Of `loyalty_types`.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.

    Returns
    -------
    pandas.DataFrame
        ``loyalty_type``, ``customers``, ``share`` with limits, ``wrong`` (mean chance of being misclassified), ``n``.
    """
    n = len(types)
    rows = []
    for kind in TYPES:
        here = types["loyalty_type"] == kind.value
        count = int(here.sum())
        low, high = wilson(count, n, level)
        wrong = float(types.loc[here, "p_wrong"].mean()) if count else float("nan")
        rows.append((kind.value, count, count / n if n else float("nan"), low, high, wrong, n))
    names = ["loyalty_type", "customers", "share", "share_low", "share_high", "wrong", "n"]
    return pd.DataFrame(rows, columns=names).astype({"loyalty_type": "string"})


def type_migration(before: pd.DataFrame, now: pd.DataFrame, level: float = 0.9, min_cell: int = 1) -> pd.DataFrame:
    """Where customers of each type went, of those who are known at both times.

    Parameters
    ----------
    before, now : pandas.DataFrame
        As `loyalty_types` gives them.
    level : float
        Of the intervals: nine of ten such intervals hold the truth at 0.9.
    min_cell : int
        Types with fewer customers before are left out.

    Returns
    -------
    pandas.DataFrame
        One row per type before: ``before``, ``n``, ``stayed`` (share still of that type) with limits, and the shares
        ``to_true``, ``to_latent``, ``to_spurious``, ``to_none``.
    """
    both = before.index.intersection(now.index)
    was, is_now = before.loc[both, "loyalty_type"], now.loc[both, "loyalty_type"]
    rows = []
    sizes = was.value_counts().rename_axis("before").reset_index(name="n").astype({"before": object})
    sizes = large_enough(sizes, "n", min_cell).set_index("before")["n"]
    for kind in (one for one in TYPES if one.value in sizes.index):
        here, n = was == kind.value, int(sizes[kind.value])
        to = {f"to_{other.value}": float((is_now[here] == other.value).mean()) for other in TYPES}
        low, high = wilson(int((is_now[here] == kind.value).sum()), n, level)
        stayed = to[f"to_{kind.value}"]
        rows.append({"before": kind.value, "n": n, "stayed": stayed, "stayed_low": low, "stayed_high": high, **to})
    columns = ["before", "n", "stayed", "stayed_low", "stayed_high", *(f"to_{kind.value}" for kind in TYPES)]
    return pd.DataFrame(rows, columns=columns).astype({"before": "string"})


@shows
class Loyalty(NamedTuple):
    """Loyalty types now and before.

    Parameters
    ----------
    now : pandas.DataFrame
        As `loyalty_types` gives them: the latest answer, and orders until the end of the data.
    asked : pandas.Series
        Loyalty type by customer_id as of the latest answer whose window after it is over.
    since : pandas.Series
        Day of that answer.
    migration : pandas.DataFrame
        As `type_migration`, from the answer before the last to the last; empty where nobody answered twice.
    reliability, cut : float
        Of attitude; orders per year from which on behaviour is high.
    """

    now: pd.DataFrame
    asked: pd.Series
    since: pd.Series
    migration: pd.DataFrame
    reliability: float
    cut: float


def loyalty_of(
    every: pd.DataFrame,
    items: list[str],
    purchases: Purchases,
    observation_end,
    *,
    cuts: tuple[float, float] = (50.0, 2.0),
    window_days: int = 365,
    within_days: int = 180,
    level: float = 0.9,
    min_cell: int = 5,
) -> Loyalty:
    """Loyalty type of each customer who answered, how sure it is, and where customers went since the wave before.

    Parameters
    ----------
    every : pandas.DataFrame
        As ``wide_answers(…, latest=False)`` gives them.
    items : list of str
        Items of attitude.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    observation_end : date
        Last day of the data.
    cuts : (float, float)
        From which on attitude is high (0–100), and behaviour (orders a year).
    window_days : int
        Days before the answer, or before the end, whose orders make the behaviour.
    within_days : int
        An answer counts for ``asked`` when so many days after it are over.
    level : float
        Of the intervals of the migration.
    min_cell : int
        Types with fewer customers before are left out of the migration.

    Returns
    -------
    Loyalty

    Raises
    ------
    UntoldError
        Where nobody answered or nobody ordered again.
    """
    known = every.dropna(subset=["customer_id"]).sort_values(["answered_at", "wave"], kind="stable")
    known = known[known[items].notna().any(axis=1)]
    if not len(known):
        raise UntoldError("Table surveys: no customer answered an item of loyalty, so its types cannot be told.")
    end = pd.Timestamp(observation_end)
    alpha = cronbach_alpha(known[items])
    rho = None if np.isnan(alpha) else alpha

    attitude_cut, cut = cuts

    def told(rows, until):
        rows = rows.drop_duplicates("customer_id", keep="last").set_index("customer_id")
        done = behaviour(purchases, until(rows), window_days, cut)
        said = attitude(rows[items], attitude_cut, rho)
        return loyalty_types(said, done), rows["answered_at"], said.reliability

    def at_answer(rows):
        return rows["answered_at"]

    now, _, reliability = told(known, lambda rows: pd.Series(end, index=rows.index))
    over = known[known["answered_at"] + pd.Timedelta(days=within_days) <= end]
    asked, since = pd.Series(dtype="string"), pd.Series(dtype="datetime64[us]")
    if len(over):
        with suppress(UntoldError):  # too few to tell then; what can be told now stands
            types, since, _ = told(over, at_answer)
            asked = types["loyalty_type"]
    last = ~known.duplicated("customer_id", keep="last")
    earlier = known[~last]
    migration = type_migration(now.head(0), now.head(0))
    if len(earlier):
        with suppress(UntoldError):
            before, after = (told(rows, at_answer)[0] for rows in (earlier, known[last]))
            migration = type_migration(before, after, level, min_cell)
    return Loyalty(now, asked, since, migration, reliability, cut)


@tells
def tell_loyalty(loyalty: Loyalty, settings: SatisfactionSettings) -> Finding:
    """How many are truly loyal, and where those went who were known before.

    Parameters
    ----------
    loyalty : Loyalty
        Of `loyalty_of`.
    settings : SatisfactionSettings
        Its ``questions`` (``loyalty_days``, ``attitude_from``, ``behaviour_from``) by which the types were told.

    Returns
    -------
    Finding
        Without a verdict; frames ``types`` and, where customers answered twice, ``migration``.
    """
    level, asked = settings.interval_level, settings.questions
    shares = type_shares(loyalty.now, level)
    told = {str(row["loyalty_type"]): from_row(row, "share") for _, row in shares.iterrows()}
    moved, stayed = loyalty.migration, Estimate(float("nan"))
    if len(moved):
        stayed = share(round((moved["stayed"] * moved["n"]).sum()), int(moved["n"].sum()), level)
    facts: dict[str, object] = {f"{kind}_share": told[kind] for kind in ("true", "latent", "spurious")}
    facts |= {"wrong": float(loyalty.now["p_wrong"].mean()), "stayed": stayed, "cut": loyalty.cut}
    facts |= {"attitude": asked.attitude_from, "days": asked.loyalty_days, "reliability": loyalty.reliability}
    return Finding(None, facts, {"types": shares} | ({"migration": moved} if len(moved) else {}))
