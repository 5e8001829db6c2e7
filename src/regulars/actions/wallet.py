"""Share of wallet and of mind: what customers spend elsewhere, and whom they think of first."""

from collections.abc import Mapping
from math import fsum
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln

from regulars.errors import UserError
from regulars.finding import NotSupplied, may_refuse, shows
from regulars.statistics.intervals import Estimate, share, z_value

US = "us"
LIFE_FROM, LIFE_TO = 20, 70
FAR_TIMES = 50  # the median spent elsewhere: beyond so many times it an answer is to be checked first


def wallet_shares(ranks) -> np.ndarray:
    """Share of wallet by the ranks that a customer gives (wallet allocation rule).

    Parameters
    ----------
    ranks : array of float
        1 for the best; ties share their mean rank. Given as places, such as 1, 1, 3, ties are found.

    Returns
    -------
    numpy.ndarray
        (1 − rank/(n + 1)) · 2/n of n brands used; sums to 1.

    Raises
    ------
    UserError
        Where a rank is below 1 or missing.

    References
    ----------
    Keiningham, T., Aksoy, L., Buoye, A. and Cooil, B. (2011), Harvard Business Review 89 (10), 29-31.

    Examples
    --------
    >>> wallet_shares([1, 2, 3]).round(4).tolist(), wallet_shares([1.5, 1.5, 3]).round(7).tolist()
    ([0.5, 0.3333, 0.1667], [0.4166667, 0.4166667, 0.1666667])
    """
    from scipy.stats import rankdata

    given = np.asarray(ranks, float)
    if given.size == 0:
        return given
    if not (np.isfinite(given).all() and (given >= 1).all()):
        raise UserError("A rank is missing or below 1: the best is 1, the next 2.")
    n = given.size
    return (1 - rankdata(given) / (n + 1)) * 2 / n


def share_of_life(bought: Mapping[str, list[float]]) -> pd.Series:
    """Share of each brand in what one customer buys in a lifetime.

    Parameters
    ----------
    bought : mapping
        Brand to the amounts bought of it.

    Returns
    -------
    pandas.Series

    Examples
    --------
    The teaching's businessman between 20 and 70, in 10,000 yuan: C's share is 61 %.

    >>> share_of_life({"A": [15, 17], "B": [18], "C": [20, 15, 25, 18]}).round(2).to_dict()
    {'A': 0.25, 'B': 0.14, 'C': 0.61}
    """
    total = pd.Series({brand: fsum(amounts) for brand, amounts in bought.items()})
    return total / total.sum()


@shows
class Wallet(NamedTuple):
    """What customers who were asked spend with us, and elsewhere.

    Parameters
    ----------
    share : Estimate
        Our part of what all of them spend (ratio of totals); n customers.
    by : str
        ``spend`` where amounts were asked, ``rank`` where only ranks were (wallet allocation rule).
    elsewhere : float
        Spent elsewhere per customer, currency; NaN where only ranks were asked.
    segments : pandas.DataFrame
        ``segment``, ``n``, ``share`` with limits, ``spend`` and ``elsewhere`` per customer.
    competitors : pandas.DataFrame
        ``competitor``, ``n`` customers who use it, ``share`` of all wallets.
    customers : pandas.DataFrame
        ``customer_id``, ``wallet``, ``share``.
    """

    share: Estimate
    by: str
    elsewhere: float
    segments: pd.DataFrame
    competitors: pd.DataFrame
    customers: pd.DataFrame

    @property
    def is_far(self) -> pd.Series:
        """Of each customer, whether so much more is spent elsewhere than by the others that it may be a slip."""
        other = self.customers["wallet"] * (1 - self.customers["share"])
        return (other > FAR_TIMES * other.median()) & (self.by == "spend")


@may_refuse
def share_of_wallet(
    wallet: pd.DataFrame | None, segments: pd.DataFrame | None = None, *, level: float = 0.9, min_cell: int = 5
) -> Wallet | NotSupplied:
    """Share of wallet of those who were asked.

    Parameters
    ----------
    wallet : pandas.DataFrame or None
        ``customer_id``, ``period``, ``competitor`` (``us`` for this firm), and ``spend`` or ``rank``; the latest period
        of each customer counts.
    segments : pandas.DataFrame, optional
        ``customer_id``, ``segment``.
    level : float
    min_cell : int
        Customers below which a segment is not told.

    Returns
    -------
    Wallet or NotSupplied
    """
    if wallet is None:
        return NotSupplied("wallet")
    latest = wallet[wallet["period"] == wallet.groupby("customer_id")["period"].transform("max")]
    has_spend = "spend" in latest and latest["spend"].notna().any()
    if has_spend:
        rows = latest.assign(part=latest["spend"].astype(float))
    elif "rank" in latest and latest["rank"].notna().any():
        ranked = latest.dropna(subset=["rank"])
        part = ranked.groupby("customer_id")["rank"].transform(lambda ranks: wallet_shares(ranks))
        rows = ranked.assign(part=part)
    else:
        raise UserError("Table wallet has neither spend nor rank: ask for one of them.")
    rows = rows.dropna(subset=["part"])
    total = rows.groupby("customer_id")["part"].sum()
    ours = (
        rows[rows["competitor"].str.lower() == US].groupby("customer_id")["part"].sum().reindex(total.index).fillna(0)
    )
    people = pd.DataFrame({"wallet": total, "ours": ours}).rename_axis("customer_id").reset_index()
    people = people[people["wallet"] > 0].reset_index(drop=True)
    people["share"] = people["ours"] / people["wallet"]
    if people.empty:
        raise UserError("Table wallet holds no spending at all: a share of it cannot be told.")
    elsewhere = float((people["wallet"] - people["ours"]).mean()) if has_spend else float("nan")
    return Wallet(
        _ratio(people["ours"], people["wallet"], level),
        "spend" if has_spend else "rank",
        elsewhere,
        _by_segment(people, segments, has_spend, level=level, min_cell=min_cell),
        _competitors(rows, len(people)),
        people[["customer_id", "wallet", "share"]],
    )


def _ratio(ours: pd.Series, wallet: pd.Series, level: float) -> Estimate:
    """Ratio of totals with Cochran's linearised error."""
    n, total = len(wallet), float(wallet.sum())
    value = float(ours.sum()) / total
    if n < 2:
        return Estimate(value, n=n)
    rest = ours - value * wallet
    reach = z_value(level) * float(np.sqrt(n * rest.var(ddof=1))) / total
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0), n)


def _by_segment(people, segments, has_spend: bool, *, level: float, min_cell: int) -> pd.DataFrame:
    columns = ["segment", "n", "share", "share_low", "share_high", "spend", "elsewhere"]
    if segments is None:
        return pd.DataFrame(columns=columns)
    joined = people.merge(segments[["customer_id", "segment"]], on="customer_id")
    rows = []
    for name, group in joined.groupby("segment", sort=True):
        if len(group) >= min_cell:
            told = _ratio(group["ours"], group["wallet"], level)
            money = (group["ours"].mean(), (group["wallet"] - group["ours"]).mean()) if has_spend else (np.nan, np.nan)
            rows.append((name, told.n, told.value, told.low, told.high, *money))
    return pd.DataFrame(rows, columns=columns)


def _competitors(rows: pd.DataFrame, customers: int) -> pd.DataFrame:
    table = rows.groupby(rows["competitor"].astype("string")).agg(n=("customer_id", "nunique"), part=("part", "sum"))
    table = table.assign(share=table["part"] / table["part"].sum(), users=table["n"] / max(customers, 1))
    return (
        table.sort_values("part", ascending=False)
        .rename_axis("competitor")
        .reset_index()[["competitor", "n", "users", "share"]]
    )


@shows
class Mind(NamedTuple):
    """Whom customers think of.

    Parameters
    ----------
    first, named : Estimate
        Share who named this firm first, and at all.
    brands : pandas.DataFrame
        ``brand``, ``first`` and ``named`` with limits, ``n``.
    """

    first: Estimate
    named: Estimate
    brands: pd.DataFrame


@may_refuse
def share_of_mind(recall: pd.DataFrame | None, *, level: float = 0.9) -> Mind | NotSupplied:
    """Share of mind of those who were asked.

    Parameters
    ----------
    recall : pandas.DataFrame or None
        ``respondent_id``, ``brand`` (``us`` for this firm), ``named_first``, ``named``.

    Returns
    -------
    Mind or NotSupplied

    Examples
    --------
    >>> found = share_of_mind(pd.DataFrame({"respondent_id": ["1", "1", "2"], "brand": ["us", "x", "x"],
    ...     "named_first": [True, False, True], "named": [True, True, True]}))
    >>> found.first.value, found.named.value
    (0.5, 0.5)
    """
    if recall is None:
        return NotSupplied("recall")
    n = recall["respondent_id"].nunique()
    counts = recall.groupby(recall["brand"].astype("string"))[["named_first", "named"]].sum()
    rows = []
    for brand, row in counts.sort_values("named", ascending=False, kind="stable").iterrows():
        first, named = (share(int(row[name]), n, level) for name in ("named_first", "named"))
        rows.append((brand, first.value, first.low, first.high, named.value, named.low, named.high, n))
    names = ["brand", "first", "first_low", "first_high", "named", "named_low", "named_high", "n"]
    table = pd.DataFrame(rows, columns=names)
    own = table[table["brand"].str.lower() == US]
    first, named = (
        Estimate.of((own[name + end].iloc[0] for end in ("", "_low", "_high")), n) if len(own) else share(0, n, level)
        for name in ("first", "named")
    )
    return Mind(first, named, table)


@may_refuse
def conquest(wallet: Wallet, value: pd.DataFrame, *, length: int = 50, share_below: float = 0.5) -> pd.DataFrame:
    """Customers with much to win: a large wallet, a small share of it with us, and a good chance of another order.

    Parameters
    ----------
    wallet : Wallet
    value : pandas.DataFrame
        ``customer_id``, ``p_active``.
    length : int
    share_below : float
        Of the wallet with us; more has been won already.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``wallet``, ``share``, ``is_far`` (to be checked first), ``p_active``, ``elsewhere``: by chance
        times the amount elsewhere.
    """
    rows = wallet.customers.assign(is_far=wallet.is_far).merge(value[["customer_id", "p_active"]], on="customer_id")
    rows = rows.assign(elsewhere=rows["wallet"] * (1 - rows["share"]))
    rows = rows[(rows["share"] < share_below) & rows["p_active"].notna()]
    order = (rows["elsewhere"] * rows["p_active"]).sort_values(ascending=False, kind="stable").index
    return rows.loc[order].head(length).reset_index(drop=True)


class BrandMarket(NamedTuple):
    """What the NBD–Dirichlet model expects of one brand.

    Parameters
    ----------
    penetration : float
        Share of all who buy it in the period.
    purchases_per_buyer : float
    category_per_buyer : float
        Purchases of any brand per buyer of this one.
    share_of_requirements : float
        Of its buyers' purchases, what it gets.
    """

    penetration: float
    purchases_per_buyer: float
    category_per_buyer: float
    share_of_requirements: float


def dirichlet_market(mean: float, k: float, s: float, shares, most: int = 400) -> list[BrandMarket]:
    """Penetration and buying of brands in a market without preferences beyond their size (NBD–Dirichlet).

    Parameters
    ----------
    mean : float
        Purchases of the category per head and period.
    k : float
        Shape of the gamma law of buying rates.
    s : float
        Sum of the Dirichlet's parameters: the smaller, the more each customer keeps to few brands.
    shares : sequence of float
        Market shares of the brands.
    most : int
        Purchases per head that are counted.

    Returns
    -------
    list of BrandMarket

    References
    ----------
    Goodhardt, G., Ehrenberg, A. and Chatfield, C. (1984), J. Royal Statistical Society A 147, 621-655.

    Examples
    --------
    >>> round(dirichlet_market(1.456, 0.7788158828, 1.3, [0.25])[0].penetration, 6)
    0.200052
    """
    n = np.arange(most + 1)
    law = np.exp(
        gammaln(n + k) - gammaln(n + 1) - gammaln(k) + k * np.log(k / (k + mean)) + n * np.log(mean / (k + mean))
    )
    found = []
    for part in shares:
        a, b = s * part, s * (1 - part)
        none = np.exp(betaln(a, b + n) - betaln(a, b))  # chance of none of n
        buys = 1 - float(law @ none)
        own, category = part * mean / buys, float(law @ (n * (1 - none))) / buys
        found.append(BrandMarket(buys, own, category, own / category))
    return found
