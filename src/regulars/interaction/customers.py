"""Per customer: how often to get in touch, which channel is best, and on which way orders come."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import shows
from regulars.frames import moments_of
from regulars.interaction.outcomes import FEW, claim_level, slope, solved
from regulars.labels import ChannelBasis
from regulars.statistics.intervals import Estimate, against, difference, share
from regulars.statistics.slope import clustered

MONTH = 30.4375  # days
MOST = 3  # contacts of a month that are told apart
BEFORE_ORDER = 30  # days whose contacts are on the way to an order
LATER = 0.33  # share of the contacts, the last ones, on which best channels are judged
CLOSE = 1e-5  # to which means of customers and of months are taken out
OWN_LEAST = 3  # contacts of a customer by which a channel of their own is told


@shows
class Frequency(NamedTuple):
    """How orders go with the number of the firm's contacts, within the same customer.

    Parameters
    ----------
    table : pandas.DataFrame
        ``contacts`` (of a month, 1, 2, 3 or more), ``n`` (months), ``difference`` (of the chance to order in that
        month, against the same customers' months without one) with limits.
    per_contact : Estimate
        The same per contact.
    change : str
        `regulars.labels.Change` of it, beyond the noise of the page's comparisons.
    between : Estimate
        What a comparison of customers with each other would say: who is contacted more often, orders more often.
    """

    table: pd.DataFrame
    per_contact: Estimate
    change: str
    between: Estimate


def frequency_response(contacts: pd.DataFrame, orders: pd.DataFrame, end, level: float = 0.9) -> Frequency:
    """Contacts of a month against ordering in it, each customer's months against each other.

    A customer's own mean and that of the age of the relationship (months since the first order) are taken out, so that
    neither good customers nor new ones make contacts look good. It is no experiment: who is contacted when may still
    hang on what else happens.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``customer_id``, ``at``, ``initiator``.
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``.
    end : date
    level : float

    Returns
    -------
    Frequency

    Raises
    ------
    UserError
        Where the firm makes no contact with customers who ordered.
    """
    own = contacts[(contacts["initiator"] == "company") & contacts["customer_id"].notna()]
    if own.empty:
        raise UserError("Table contacts: the firm has begun no contact with a customer who ordered before.")
    # customers by number; of the others' orders nothing follows here
    ids = pd.Index(pd.unique(own["customer_id"]), dtype=object)
    own = own[["customer_id", "at"]].assign(customer_id=ids.get_indexer(own["customer_id"].astype(object)))
    orders = orders[["customer_id", "ordered_at"]].assign(
        customer_id=ids.get_indexer(orders["customer_id"].astype(object))
    )
    orders = orders[orders["customer_id"] >= 0]
    first = orders.groupby("customer_id")["ordered_at"].min()
    start = moments_of(own["customer_id"], first)
    age = np.floor((own["at"] - start).dt.total_seconds() / 86400 / MONTH)
    own = own.assign(age=age)[age >= 0]
    if own.empty:
        raise UserError("Table contacts: the firm has begun no contact with a customer who ordered before.")
    told = np.floor((pd.Timestamp(end) - first).dt.total_seconds() / 86400 / MONTH).astype(int)
    reached = first.index.isin(own["customer_id"])
    told = told[reached & (told > 1).to_numpy()]  # customers without any contact say nothing within themselves
    who = np.repeat(np.arange(len(told)), told.to_numpy())
    month = np.arange(who.size) - np.repeat(np.cumsum(told.to_numpy()) - told.to_numpy(), told.to_numpy())
    place = pd.Series(np.arange(len(told)), index=told.index)
    begin = np.cumsum(told.to_numpy()) - told.to_numpy()

    def cell(frame, moment):
        known = frame["customer_id"].map(place)
        at = np.floor((frame[moment] - moments_of(frame["customer_id"], first)).dt.total_seconds() / 86400 / MONTH)
        fits = known.notna() & (at >= 1) & (at < frame["customer_id"].map(told))
        return begin[known[fits].to_numpy(int)] + at[fits].to_numpy(int)

    n_contacts = np.bincount(cell(own, "at"), minlength=who.size).astype(float)
    ordered = (np.bincount(cell(orders, "ordered_at"), minlength=who.size) > 0).astype(float)
    keep = month >= 1  # the first month holds the first order
    who, month, n_contacts, ordered = who[keep], month[keep], n_contacts[keep], ordered[keep]
    if not who.size or n_contacts.sum() < FEW:
        raise UserError(f"The firm's contacts fall into fewer than {FEW} months of its customers: too few to compare.")
    response = _within(ordered, who, month)
    per = clustered(_within(n_contacts, who, month)[:, None], response, who, level)[0]
    steps = np.stack([n_contacts == k if k < MOST else n_contacts >= MOST for k in range(1, MOST + 1)], axis=1)
    used = steps.sum(axis=0) >= FEW
    if not used.any():
        raise UserError(
            f"No number of contacts a month was had {FEW} times by the firm's customers: too few to compare."
        )
    parts = np.stack([_within(step.astype(float), who, month) for step in steps[:, used].T], axis=1)
    # none is to lie beyond zero by having been one of several: the limits hold for all steps at once (Bonferroni)
    told_steps = clustered(parts, response, who, 1 - (1 - level) / max(int(used.sum()), 1))
    table = pd.DataFrame(
        [
            {"contacts": int(k), "n": int(steps[:, k - 1].sum()), "difference": one.value, "difference_low": one.low,
             "difference_high": one.high}
            for k, one in zip(np.flatnonzero(used) + 1, told_steps, strict=True)
        ]
    )  # fmt: skip
    means = pd.DataFrame({"who": who, "c": n_contacts, "o": ordered}).groupby("who").mean()
    strict = clustered(_within(n_contacts, who, month)[:, None], response, who, claim_level(1))[0]
    return Frequency(table, per, against(strict).value, slope(means["c"], means["o"], level=level))


def _within(values, who, month, rounds: int = 12) -> np.ndarray:
    """Values without the mean of their customer and of their month of age."""
    rest = np.asarray(values, float).copy()
    sizes = [np.bincount(code) for code in (who, month)]
    for _ in range(rounds):
        moved = 0.0
        for code, size in zip((who, month), sizes, strict=True):
            means = np.bincount(code, rest) / np.maximum(size, 1)
            rest -= means[code]
            moved = float(np.abs(means).max())
        if moved < CLOSE:
            break
    return rest


@shows
class BestChannels(NamedTuple):
    """Through which channel each customer's problems are best solved.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``customer_id``, ``contacts``, ``best_channel``, ``best_channel_basis``, ``best_channel_rate``: the columns of
        ``data/scored/<dataset>/interaction.parquet``; missing where no channel is better beyond noise.
    gain : Estimate
        On contacts kept back: share solved where a customer came by the own best channel, less what the segment's rate
        by that channel would have given.
    gain_of_segment : Estimate
        The same of the segment's best channel, against all others of the segment.
    basis : ChannelBasis or None
        What is told.
    """

    customers: pd.DataFrame
    gain: Estimate
    gain_of_segment: Estimate
    basis: ChannelBasis | None


def best_channels(
    contacts: pd.DataFrame, customers, segments: pd.Series | None = None, level: float = 0.9
) -> BestChannels:
    """Best channel per customer by shrunken rates, told only where it holds on contacts kept back.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``: customers' contacts of which is known whether they were solved.
    customers : array of str
        All customers of the result.
    segments : pandas.Series, optional
        Segment by customer id.
    level : float

    Returns
    -------
    BestChannels
    """
    ids = pd.Series(customers, dtype="string")
    place = pd.Index(ids.astype(object))  # customers by number from here on
    groups = pd.Series("all", index=range(len(ids)), dtype=object)
    if segments is not None:
        groups = pd.Series(segments.reindex(ids).astype(object).fillna("all").to_numpy(object))
    seen = solved(contacts).dropna(subset=["customer_id"]).sort_values(["at", "contact_id"], kind="stable")
    seen = seen[["purpose", "channel", "resolved"]].assign(
        customer_id=place.get_indexer(seen["customer_id"].astype(object))
    )
    seen = seen[seen["customer_id"] >= 0]
    seen = seen.assign(
        segment=groups.to_numpy(object)[seen["customer_id"].to_numpy()],
        purpose=seen["purpose"].astype(object).fillna("other"),
    )
    nothing = Estimate(float("nan"))
    made = place.get_indexer(contacts["customer_id"].astype(object))
    blank = pd.DataFrame(
        {
            "customer_id": ids,
            "contacts": np.bincount(made[made >= 0], minlength=len(ids)),
            "best_channel": pd.Series(pd.NA, index=ids.index, dtype="string"),
            "best_channel_basis": pd.Series(pd.NA, index=ids.index, dtype="string"),
            "best_channel_rate": np.nan,
        }
    )
    if len(seen) < 10 * FEW or seen["channel"].nunique() < 2:
        return BestChannels(blank, nothing, nothing, None)
    cut = int(len(seen) * (1 - LATER))
    before, after = seen.iloc[:cut], seen.iloc[cut:]
    own, group = _own_rates(before), _segment_rates(before)
    gain = _gain(after, _best_of(own), group, level)
    gain_of_segment = _gain_of_segment(after, group, level)
    strict = 1 - (1 - claim_level(1)) / 2  # two ways to claim
    if against(_gain(after, _best_of(own), group, strict)).value == "up":
        basis = ChannelBasis.OWN
    elif against(_gain_of_segment(after, group, strict)).value == "up":
        basis = ChannelBasis.SEGMENT
    else:
        return BestChannels(blank, gain, gain_of_segment, None)
    return BestChannels(_named(blank, seen, groups, basis), gain, gain_of_segment, basis)


def _fair(seen: pd.DataFrame) -> pd.DataFrame:
    """Contacts with ``excess``: solved, less what their purpose solves in general: easy purposes are no merit."""
    return seen.assign(excess=seen["resolved"] - seen.groupby("purpose")["resolved"].transform("mean"))


def _segment_rates(seen: pd.DataFrame) -> pd.DataFrame:
    """Excess of each channel by segment, drawn to the channel's own in all segments."""
    fair = _fair(seen)
    overall = fair.groupby("channel")["excess"].mean()
    table = fair.groupby(["segment", "channel"])["excess"].agg(["size", "mean"]).reset_index()
    prior = table["channel"].map(overall)
    rate = (table["size"] * table["mean"] + FEW * prior) / (table["size"] + FEW)
    return table.assign(rate=rate)[["segment", "channel", "rate", "size"]]


def _own_rates(seen: pd.DataFrame) -> pd.DataFrame:
    """Excess of each customer's channels, drawn to the segment's by how much customers really differ."""
    fair = _fair(seen).merge(_segment_rates(seen)[["segment", "channel", "rate"]], on=["segment", "channel"])
    fair["beyond"] = fair["excess"] - fair["rate"]
    table = fair.groupby(["customer_id", "channel"]).agg(
        n=("beyond", "size"), mean=("beyond", "mean"), prior=("rate", "first")
    ).reset_index()  # fmt: skip
    noise = float(fair["beyond"].var())
    many = table[table["n"] > 1]
    apart = max(float((many["mean"] ** 2 - noise / many["n"]).mean()), 1e-6) if len(many) else 1e-6
    weight = table["n"] / (table["n"] + noise / apart)
    return table.assign(rate=table["prior"] + weight * table["mean"])


def _best_of(own: pd.DataFrame) -> pd.Series:
    """Own best channel of customers with enough contacts."""
    enough = own.groupby("customer_id")["n"].transform("sum") >= OWN_LEAST
    best = own[enough].sort_values(["customer_id", "rate", "channel"], ascending=[True, False, True])
    return best.drop_duplicates("customer_id").set_index("customer_id")["channel"]


def _gain(after, best: pd.Series, group: pd.DataFrame, level: float) -> Estimate:
    """Solved on kept back contacts by the own best channel, less the segment's rate by the same channel."""
    fair = _fair(after)
    used = fair[fair["customer_id"].map(best) == fair["channel"]].merge(group, on=["segment", "channel"])
    if len(used) < FEW:
        return Estimate(float("nan"), n=len(used))
    return _mean(used["excess"] - used["rate"], used["customer_id"], level)


def _gain_of_segment(after, group: pd.DataFrame, level: float) -> Estimate:
    """Solved on kept back contacts by the segment's best channel, less by its others, at the same purposes."""
    large = group[group["size"] >= FEW]
    best = large.sort_values(["segment", "rate"], ascending=[True, False]).drop_duplicates("segment")
    best = best.set_index("segment")["channel"]
    fair = _fair(after)
    is_best = fair["segment"].map(best) == fair["channel"]
    if min(is_best.sum(), (~is_best).sum()) < FEW:
        return Estimate(float("nan"), n=int(is_best.sum()))
    one = _mean(fair.loc[is_best, "excess"], fair.loc[is_best, "customer_id"], level)
    other = _mean(fair.loc[~is_best, "excess"], fair.loc[~is_best, "customer_id"], level)
    return difference(one, other)


def _mean(values, who, level: float) -> Estimate:
    return clustered(np.ones((len(values), 1)), values, who, level)[0]


def _named(blank, seen, groups, basis: ChannelBasis) -> pd.DataFrame:
    whole = float(seen["resolved"].mean())
    group = _segment_rates(seen)
    group = group[group["size"] >= FEW].sort_values(["segment", "rate"], ascending=[True, False])
    group = group.drop_duplicates("segment").set_index("segment")
    segment = groups
    channel, rate = segment.map(group["channel"]), segment.map(group["rate"])
    source = pd.Series(ChannelBasis.SEGMENT.value, index=blank.index).where(channel.notna())
    if basis is ChannelBasis.OWN:
        own = _own_rates(seen)
        best = _best_of(own)
        rates = own.set_index(["customer_id", "channel"])["rate"]
        mine = best.reindex(range(len(blank)))
        has = mine.notna()
        channel = mine.where(has)
        keys = pd.MultiIndex.from_arrays([mine.index, mine.astype(object)])
        rate = pd.Series(rates.reindex(keys).to_numpy(), index=blank.index)
        source = pd.Series(ChannelBasis.OWN.value, index=blank.index).where(has)
    return blank.assign(
        best_channel=channel.astype("string"), best_channel_basis=source.astype("string"),
        best_channel_rate=np.clip(whole + rate.astype(float), 0, 1),
    )  # fmt: skip


def markov_credit(paths: Sequence[tuple[Sequence[str], bool]]) -> pd.DataFrame:
    """Credit for orders by channel: how many would be missed on the ways that were seen, were the channel not there.

    It is a share of what went along with orders, no effect: nobody was kept from a channel by lot.

    Parameters
    ----------
    paths : sequence of (channels, whether an order followed)

    Returns
    -------
    pandas.DataFrame
        ``channel``, ``removal`` (share of the orders that would be missed), ``credit`` (orders), ``share`` (of all).

    References
    ----------
    Anderl, E. et al. (2016), International Journal of Research in Marketing 33, 457-474.

    Examples
    --------
    >>> paths = [(("G",), True)] * 2 + [(("M",), True), (("G", "M"), True), (("G",), False)]
    >>> markov_credit(paths)[["channel", "removal", "credit"]].round(6).to_numpy().tolist()
    [['G', 0.75, 2.4], ['M', 0.5, 1.6]]
    """
    channels = sorted({channel for path, _ in paths for channel in path})
    place = {name: number for number, name in enumerate(channels)}
    k = len(channels)
    start, order, none = k, k + 1, k + 2
    moves = np.zeros((k + 3, k + 3))
    for path, ordered in paths:
        steps = [start, *(place[channel] for channel in path), order if ordered else none]
        np.add.at(moves, (steps[:-1], steps[1:]), 1)
    return _credit(channels, moves, sum(bool(ordered) for _, ordered in paths))


def _credit(channels, moves: np.ndarray, ordered: int) -> pd.DataFrame:
    k = len(channels)
    chance = moves / np.maximum(moves.sum(axis=1, keepdims=True), 1)
    whole = _reached(chance, k)
    rows = []
    for number in range(k):
        without = chance.copy()
        without[:, k + 2] += without[:, number]  # whoever would have come there is lost
        without[:, number] = 0
        without[number] = 0
        rows.append(1 - _reached(without, k) / whole if whole > 0 else 0.0)
    removal = np.array(rows)
    part = removal / removal.sum() if removal.sum() > 0 else removal
    return pd.DataFrame({"channel": channels, "removal": removal, "credit": part * ordered, "share": part})


def _reached(chance, k) -> float:
    """Chance of an order from the start."""
    inner = chance[: k + 1, : k + 1]
    return float(np.linalg.solve(np.eye(k + 1) - inner, chance[: k + 1, k + 1])[k])


def journeys(contacts: pd.DataFrame, orders: pd.DataFrame, end, *, days: int = BEFORE_ORDER) -> pd.DataFrame:
    """Credit for orders by channel, from the contacts on the way to each, and from ways that led to none.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``customer_id``, ``at``, ``channel``.
    orders : pandas.DataFrame
        ``customer_id``, ``ordered_at``.
    end : date
    days : int
        A way ends with an order, or where so many days pass without a contact or an order.

    Returns
    -------
    pandas.DataFrame
        As `markov_credit`, with ``n`` (ways that touch the channel).

    Raises
    ------
    UserError
        Where no order follows a contact.
    """
    seen = contacts.dropna(subset=["customer_id"])[["customer_id", "at", "channel"]].assign(ordered=False)
    bought = orders[["customer_id", "ordered_at"]].rename(columns={"ordered_at": "at"}).assign(channel="", ordered=True)
    both = pd.concat([seen, bought], ignore_index=True)
    both["who"] = pd.factorize(both["customer_id"])[0]
    both = both.sort_values(["who", "at", "ordered"], kind="stable", ignore_index=True)
    who, ordered = both["who"].to_numpy(), both["ordered"].to_numpy(bool)
    gap = both["at"].diff().dt.total_seconds().to_numpy() > days * 86400
    new = np.r_[True, (who[1:] != who[:-1]) | gap[1:] | ordered[:-1]] if len(both) else np.empty(0, bool)
    way = np.cumsum(new) - 1
    names = sorted(seen["channel"].dropna().unique())
    k = len(names)
    code = pd.Index(names, dtype=object).get_indexer(both["channel"].astype(object))
    touched = np.bincount(way[~ordered], minlength=way[-1] + 1 if len(way) else 0) > 0
    last = np.r_[new[1:], True] if len(both) else new
    # ways too near to the end may yet lead to an order
    open_end = both["at"].to_numpy() > np.datetime64(pd.Timestamp(end) - pd.Timedelta(days=days))
    undecided = np.zeros(len(touched), bool)
    undecided[way[last & ~ordered & open_end]] = True
    keep = touched[way] & ~undecided[way]
    moves = np.zeros((k + 3, k + 3))
    is_contact = keep & ~ordered
    np.add.at(moves, (k, code[is_contact & new]), 1)
    follows = np.flatnonzero(~new & keep)
    before = follows - 1
    np.add.at(moves, (code[before], np.where(ordered[follows], k + 1, code[follows])), 1)
    np.add.at(moves, (code[is_contact & last], k + 2), 1)
    if not moves[:, k + 1].sum():
        raise UserError(f"No order follows a contact within {days} days: there is no way to tell of.")
    n = pd.DataFrame({"way": way[is_contact], "code": code[is_contact]}).drop_duplicates()["code"].value_counts()
    table = _credit(names, moves, int(moves[:, k + 1].sum()))
    table["channel"] = table["channel"].astype("string")
    return table.assign(n=n.reindex(range(k), fill_value=0).to_numpy(int)).sort_values(
        ["share", "channel"], ascending=[False, True], ignore_index=True
    )


def share_solved(contacts: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Share of customers' contacts that solved what they were about."""
    seen = solved(contacts)
    return share(int(seen["resolved"].sum()), len(seen), level)
