"""Touch points: what customers need at each, how often they come, whether the need is met, and what was planned."""

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.interaction.channels import teaching
from regulars.interaction.outcomes import FEW, claim_level, mean_of, slope, solved
from regulars.labels import Change
from regulars.statistics.intervals import Estimate, against, difference, share, wilson

DIRECT = {"face_to_face": "direct", "phone": "direct", "chat": "direct", "event": "direct", "club": "direct",
          "letter": "indirect", "email": "indirect", "web": "indirect", "app": "indirect"}  # fmt: skip


def touch_points(contacts: pd.DataFrame, end, *, met_from: float = 0.7, level: float = 0.9) -> pd.DataFrame:
    """Each need at each point: how often, whether a gap is there.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Clean table ``contacts``; a need is the ``purpose`` of a customer's contact, a point its channel.
    end : date
        Last day of the data; frequencies are of the year before it.
    met_from : float
        Share solved from which a need counts as met: what the firm hopes for.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``purpose``, ``channel``, ``level`` (direct, indirect; missing where unknown), ``rank`` (of the
        staff who most often see to it, where it is noted), ``n``, ``per_month``,
        ``need_share`` (of the contacts with that purpose), ``share`` (solved) with limits, ``short`` (points below
        what is hoped for), ``lost`` (contacts a month that end unsolved), ``gap`` (bool: below beyond noise); most
        lost first.

    Examples
    --------
    >>> log = pd.DataFrame({"at": pd.to_datetime(["2026-06-01"] * 40), "initiator": "customer", "channel": "phone",
    ...                     "purpose": "invoice", "resolved": [True] * 10 + [False] * 30})
    >>> touch_points(log, "2026-06-30")[["share", "gap"]].to_numpy().tolist()
    [[0.25, True]]
    """
    seen = solved(contacts)
    year = seen[seen["at"] > pd.Timestamp(end) - pd.Timedelta(days=364)].dropna(subset=["purpose"])
    months = max((pd.Timestamp(end).normalize() - year["at"].min()).days + 1, 1) / 30.4375 if len(year) else 1.0
    table = year.groupby(["purpose", "channel"], as_index=False)["resolved"].agg(n="size", good="sum")
    table = table[table["n"] >= FEW].reset_index(drop=True)
    table = table.merge(_usual_rank(year), on=["purpose", "channel"], how="left")
    table["good"] = table["good"].astype(int)
    # no more gaps than one page in twenty may show by chance
    strict = 1 - 0.05 / max(len(table), 1)
    low, high = wilson(table["good"], table["n"], level)
    surely_below = wilson(table["good"], table["n"], strict)[1] < met_from
    rate = table["good"] / table["n"]
    table = table.assign(
        level=teaching(table["channel"]).map(DIRECT).astype("string"),
        per_month=table["n"] / months,
        need_share=table["n"] / table.groupby("purpose")["n"].transform("sum"),
        share=rate, share_low=low, share_high=high, short=met_from - rate,
        lost=(table["n"] - table["good"]) / months, gap=surely_below,
    )  # fmt: skip
    columns = ["purpose", "channel", "level", "rank", "n", "per_month", "need_share",
               "share", "share_low", "share_high", "short", "lost", "gap"]  # fmt: skip
    return table[columns].sort_values(["gap", "lost", "purpose"], ascending=[False, False, True], ignore_index=True)


def _usual_rank(contacts: pd.DataFrame) -> pd.DataFrame:
    """Rank of the staff who most often see to a need at a point; of two alike the first by name."""
    keys = ["purpose", "channel"]
    ranks = contacts.reindex(columns=[*keys, "staff_rank"]).dropna()
    counts = ranks.groupby([*keys, "staff_rank"], as_index=False).size()
    first = counts.sort_values([*keys, "size", "staff_rank"], ascending=[True, True, False, True])
    return first.drop_duplicates(keys).rename(columns={"staff_rank": "rank"})[[*keys, "rank"]]


def plan_records(plan: pd.DataFrame, contacts: pd.DataFrame | None, segments: pd.DataFrame | None, end) -> pd.DataFrame:
    """Interaction plan, record by record: whether its goal can be checked, and what was done.

    Parameters
    ----------
    plan : pandas.DataFrame
        Clean table ``interaction_plan``.
    contacts : pandas.DataFrame or None
        Clean table ``contacts``: the firm's own contacts of the last year are counted.
    segments : pandas.DataFrame or None
        ``customer_id``, ``segment``: who the plan's object is, where it names a segment.
    end : date

    Returns
    -------
    pandas.DataFrame
        ``plan_id``, ``object``, ``goal``, ``channel``, ``target``, ``due``, ``times_per_year``, ``concrete`` (it has a
        target), ``dated``, ``compatible`` (no other record speaks to the same customers by the same channel),
        ``checkable`` (all three), ``customers``, ``done_per_year`` (contacts per customer; missing where the object
        is no segment), ``reached`` (share of the target; missing while open), ``problems``, ``novelty``.
    """
    columns = ("target", "due", "times_per_year", "reached", "problems", "novelty", "theme", "format", "budget")
    table = plan.assign(**{name: plan.get(name, pd.NA) for name in columns})
    same = table.groupby(["object", "channel"])["plan_id"].transform("size")
    concrete, dated, compatible = table["target"].notna(), pd.to_datetime(table["due"]).notna(), same == 1
    customers, done = _done(table, contacts, segments, end)
    target = pd.to_numeric(table["target"], errors="coerce").astype(float)
    reached = pd.to_numeric(table["reached"], errors="coerce").astype(float)
    return pd.DataFrame(
        {
            "plan_id": table["plan_id"], "object": table["object"], "goal": table["goal"], "channel": table["channel"],
            "target": target, "due": pd.to_datetime(table["due"]),
            "times_per_year": pd.to_numeric(table["times_per_year"], errors="coerce").astype(float),
            "concrete": concrete.to_numpy(bool), "dated": dated.to_numpy(bool), "compatible": compatible.to_numpy(bool),
            "checkable": (concrete & dated & compatible).to_numpy(bool), "customers": customers, "done_per_year": done,
            "reached": reached / target, "problems": table["problems"].astype("string"),
            "novelty": table["novelty"].astype("string"),
        }
    )  # fmt: skip


def _done(plan, contacts, segments, end):
    customers, done = np.full(len(plan), np.nan), np.full(len(plan), np.nan)
    if contacts is None or segments is None:
        return customers, done
    since = pd.Timestamp(end) - pd.Timedelta(days=364)
    own = contacts[(contacts["initiator"] == "company") & (contacts["at"] > since) & contacts["customer_id"].notna()]
    own = own.merge(segments[["customer_id", "segment"]], on="customer_id")
    count = own.groupby(["segment", "channel"]).size()
    size = segments["segment"].value_counts()
    for place, (name, channel) in enumerate(zip(plan["object"], plan["channel"], strict=True)):
        if name in size.index:
            customers[place] = size[name]
            done[place] = count.get((name, channel), 0) / size[name]
    return customers, done


def problems(
    contacts: pd.DataFrame, *, score_scale=(0.0, 100.0), orders: pd.DataFrame | None = None, return_days: int = 90,
    end=None, level: float = 0.9,
) -> dict:  # fmt: skip
    """Contacts per problem, and what each further one goes with: satisfaction, cost, coming back.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``ticket_id`` (the problem), ``score``, ``cost``, ``customer_id``.
    score_scale : (float, float)
        Lowest and highest score.
    orders : pandas.DataFrame, optional
        ``customer_id``, ``ordered_at``: who came back.
    return_days : int
        An order within so many days after the last contact counts as coming back.
    end : date, optional
        Last day of the data: problems too near to it are not judged by coming back.
    level : float

    Returns
    -------
    dict
        ``table`` (by number of contacts: ``contacts``, ``n``, ``satisfaction``, ``cost``, ``back``, with limits),
        ``at_once`` (share of problems with one contact), ``solved_at_once`` (of those of which it is known whether the
        last contact solved them, share with one contact, and solved), ``points`` (of satisfaction per further contact),
        ``cost_more`` (currency per further contact), ``cost_second`` (problems with two contacts cost so many times
        those with one), ``back_points`` (share who come back, each further contact).

    Raises
    ------
    UserError
        Where no contact names its problem.
    """
    seen = contacts
    if "ticket_id" not in seen or seen["ticket_id"].isna().all():
        raise UserError("Table contacts has no ticket_id: supply which problem each contact is about.")
    seen = seen[seen["ticket_id"].notna() & (seen["initiator"] == "customer")].sort_values("at", kind="stable")
    low, high = score_scale
    score = seen["score"].astype(float) if "score" in seen else pd.Series(np.nan, index=seen.index)
    cost = seen["cost"].astype(float) if "cost" in seen else pd.Series(np.nan, index=seen.index)
    frame = seen.assign(points=100 * (score - low) / (high - low), money=cost)
    code, names = pd.factorize(frame["ticket_id"])
    last = np.empty(len(names), dtype=np.int64)
    last[code] = np.arange(len(frame))  # rows are in the order of time: the last one stays
    first = np.flatnonzero(~pd.Series(code).duplicated().to_numpy())
    each = pd.DataFrame(
        {
            "ticket_id": names, "contacts": np.bincount(code), "cost": np.bincount(code, frame["money"].fillna(0.0)),
            "customer_id": frame["customer_id"].to_numpy(object)[first], "last": frame["at"].to_numpy()[last],
            # how the customer felt in the end, where that was asked in the end
            "satisfaction": frame["points"].to_numpy(float)[last],
            "solved": frame.get("resolved", pd.Series(pd.NA, frame.index)).astype("boolean").array[last],
        }
    )  # fmt: skip
    # what one of its contacts cost nobody knows, nobody knows of the problem
    each["cost"] = each["cost"].where(np.bincount(code, frame["money"].isna()) == 0)
    each["back"] = _came_back(each, orders, return_days, end)
    capped = each.assign(contacts=each["contacts"].clip(upper=4))
    rows = []
    for number, part in capped.groupby("contacts"):
        told = {"satisfaction": mean_of(part["satisfaction"], level), "cost": mean_of(part["cost"], level)}
        known = part["back"].dropna()
        told["back"] = share(int(known.sum()), len(known), level)
        row: dict[str, float] = {"contacts": int(number), "n": len(part)}
        for name, estimate in told.items():
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        rows.append(row)
    once, known = each["contacts"] == 1, each["solved"].notna()
    return {
        "table": pd.DataFrame(rows),
        "at_once": share(int(once.sum()), len(each), level),
        "solved_at_once": share(int((once & each["solved"]).sum()), int(known.sum()), level),
        "points": slope(each["contacts"], each["satisfaction"], groups=each["customer_id"], level=level),
        "points_change": _claimed(each, "satisfaction"),
        "cost_more": slope(each["contacts"], each["cost"], groups=each["customer_id"], level=level),
        "cost_second": _times(*(mean_of(each.loc[each["contacts"] == k, "cost"], level) for k in (2, 1))),
        "back_points": slope(each["contacts"], each["back"], groups=each["customer_id"], level=level),
        "back_change": _claimed(each, "back"),
    }


def _times(after: Estimate, before: Estimate) -> Estimate:
    """Ratio of two means above zero, from the difference of their logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [Estimate.of(np.log([one.value, one.low, one.high]), one.n) for one in (after, before)]
    told = difference(*logs)
    return Estimate.of(np.exp([told.value, told.low, told.high]), told.n)


def _claimed(each: pd.DataFrame, column: str) -> Change:
    """Whether further contacts move it, beyond the noise of all comparisons of the page."""
    return against(slope(each["contacts"], each[column], groups=each["customer_id"], level=claim_level(1)))


def _came_back(each: pd.DataFrame, orders, days: int, end) -> np.ndarray:
    if orders is None or end is None:
        return np.full(len(each), np.nan)
    window = pd.Timedelta(days=days)
    watched = (each["last"] + window <= pd.Timestamp(end) + pd.Timedelta(days=1)).to_numpy()
    ids = pd.Index(pd.unique(each["customer_id"].dropna()), dtype=object)
    who = ids.get_indexer(each["customer_id"].astype(object))
    buyer = ids.get_indexer(orders["customer_id"].astype(object))
    when, ends = (moment.to_numpy("datetime64[s]").astype(np.int64) for moment in (orders["ordered_at"], each["last"]))
    # customer and moment in one number: the next order of the same customer is the next number
    far = int(max(when.max(initial=0), ends.max(initial=0))) + 1
    bought = np.sort((buyer * far + when)[buyer >= 0])
    place = np.searchsorted(bought, who * far + ends, side="right")
    following = np.append(bought, np.iinfo(np.int64).max)[place]
    came = (following // far == who) & (following % far - ends <= window.total_seconds())
    return np.where(watched & (who >= 0), came.astype(float), np.nan)
