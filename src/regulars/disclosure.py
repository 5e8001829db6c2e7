"""What of a section's tables may be shown where small groups may not: all pass here before a stage tells them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from regulars.labels import Segment
from regulars.statistics.cells import too_small

# columns that count people (or their cases), the one that says how large a cell is first
PEOPLE = ("customers", "buyers", "tickets", "voices", "together", "count", "n")
# columns whose values part people: the cells of a table of theirs add up to a number that can be known
PARTS = (
    "after", "before", "category", "cause", "channel", "cluster", "cohort", "customer_state", "group",
    "item", "lifecycle_stage", "loyalty_type", "now", "owner", "period", "portfolio_class", "r_score", "fm_score",
    "reason", "relation_stage", "repeat_orders", "requested_remedy", "segment", "state", "status", "step", "tier",
)  # fmt: skip
# tables whose cells stand side by side, and those of their columns that would tell them
MOVES = (("entered", "won", "left"), ("net", "net_low", "net_high"))
SIDE_BY_SIDE = {
    "base.ledger": (
        ("new", "reactivated", "lost"),
        ("arrived", "quick_ratio", "revenue_new", "revenue_reactivated", "revenue_kept"),
    ),
    "drift.moves": MOVES,
    "drift.clusters": MOVES,
    "relationship.tiers": (("below", "matching", "above"), ("clv_below", "cost_above")),
    "tiers.table": (tuple(segment.value for segment in Segment), ()),
}
# tables whose rows are parted into shares of n, and those that say again what of a row stayed as it was
PARTED = {
    "loyalty.migration": (("to_true", "to_latent", "to_spurious", "to_none"), ("stayed", "stayed_low", "stayed_high"))
}
# columns by which cells are counted, and which nobody reads
COUNTED_ONLY = {"products.map": ("customers",), "cohorts.past": ("customers",)}
# of customers moved in thought, rows of files, cases by month, what is counted in groups, and rows of a list that
# stands beside it: no cell is of people
OF_NO_PEOPLE = (
    "flow.", "groups.tests", "ladder.matrix", "ledger.", "methods.agreement", "monday.kinds", "pyramid.up", "reasons.",
    "sufficiency.", "trust.folds",
)  # fmt: skip
# tables of which the sums over one label alone are told elsewhere
BY_ONE = {"drift.paths": "before", "relationship.actual": "tier"}


def shown_frames(section: str, frames: Mapping[str, pd.DataFrame], least: int) -> dict[str, pd.DataFrame]:
    """What of a section's tables may be shown where groups of fewer than `least` people may not.

    Parameters
    ----------
    section : str
    frames : mapping of str to pandas.DataFrame
    least : int
        ``common.privacy_min_cell``.

    Returns
    -------
    dict of str to pandas.DataFrame
        Without the rows of small cells, or with blanks in maps and where cells stand side by side; a table whose rows
        are the steps of one sum is left out. Lists of customers by their pseudonyms stay, and so do rates of groups
        that are large.

    Examples
    --------
    >>> moves = pd.DataFrame({"before": ["a", "a", "b", "b"], "after": ["a", "b"] * 2, "customers": [90, 2, 7, 80]})
    >>> [int(shown_frames("states", {"moves": moves}, least)["moves"]["customers"].count()) for least in (5, 1)]
    [0, 4]
    """
    shown = {name: _shown(f"{section}.{name}", frame, least, frames) for name, frame in frames.items()}
    return {name: frame for name, frame in shown.items() if frame is not None}


def _shown(key: str, frame: pd.DataFrame, least: int, beside: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    if "customer" in frame or key.startswith(OF_NO_PEOPLE):
        return frame
    if key == "gaps.weeks":  # how many orders a week brought is no secret, what so few brought is
        hidden = too_small(frame["orders"], least, np.zeros(len(frame)))
        return frame.assign(revenue=frame["revenue"].mask(hidden)) if hidden.any() else frame
    if key == "cohorts.curves" and "at_risk" in frame:  # a step of a curve is a rate of those who are watched
        return frame[frame["at_risk"] >= least].reset_index(drop=True)
    size = _sizes(key, frame, beside)
    hidden = np.zeros(len(frame), bool)
    if size is not None and ((size > 0) & (size < least)).any():
        hidden = too_small(size, least, *_sets(key, frame))
    if "is_total" in frame:
        return None if hidden.any() else frame
    shown = _without(frame, hidden) if hidden.any() else frame
    if key in SIDE_BY_SIDE:
        return _blanked(shown, *SIDE_BY_SIDE[key], least)
    if key in PARTED:
        cells, again = PARTED[key]
        shown = _blanked(shown, cells, (), least, of=shown["n"])
        same = [pd.isna(row[f"to_{row['before']}"]) for row in shown.to_dict("records")]
        return shown.assign(**{name: shown[name].mask(same) for name in again})
    return shown.drop(columns=[name for name in COUNTED_ONLY.get(key, ()) if name in shown])


def secret_facts(
    section: str, facts: Mapping[str, object], frames: Mapping[str, pd.DataFrame], least: int
) -> list[str]:
    """Facts of a section that say a number of a small cell: the steps of a sum that is left out whole.

    Parameters
    ----------
    section : str
    facts : mapping
        Name to number, Estimate or anything else.
    frames : mapping of str to pandas.DataFrame
        As they came, before `shown_frames`.
    least : int

    Returns
    -------
    list of str
        Their names; a section with any cannot be told.

    Examples
    --------
    >>> steps = pd.DataFrame({"customers": [90, 3, 93], "amount": [800.0, 70, 870], "is_total": [True, False, True]})
    >>> secret_facts("revenue", {"back": 70.0, "now": 870.0, "why": "back"}, {"steps": steps}, 5)
    ['back']
    """
    secret = set()
    for name, frame in frames.items():
        size = _sizes(f"{section}.{name}", frame, frames) if "is_total" in frame else None
        if size is not None:
            counted = [one for one in PEOPLE if one in frame]
            small = frame[(size > 0) & (size < least)].drop(columns=counted).select_dtypes("number")
            secret |= {round(abs(float(x)), 6) for x in small.to_numpy(float).ravel() if x == x and x}
    return [name for name, fact in facts.items() if _number(fact) in secret]


def _number(fact) -> float:
    value = getattr(fact, "value", fact)
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return round(abs(float(value)), 6) if is_number else np.nan


def _without(frame: pd.DataFrame, hidden: np.ndarray) -> pd.DataFrame:
    """Rows of hidden cells left out; of a map of two labels left blank, so that rows and columns keep their order."""
    parts = [name for name in PARTS if name in frame]
    if len(parts) < 2:
        return frame[~hidden].reset_index(drop=True)
    numbers = frame.columns[[pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]
    blank = [name for name in numbers if name not in {*parts, "n"} and frame[name].dtype != bool]
    return frame.assign(**{name: frame[name].astype(float).mask(hidden) for name in blank})


def _sizes(key: str, frame: pd.DataFrame, beside: Mapping[str, pd.DataFrame]) -> pd.Series | None:
    """People in the cell of each row; the least of several numbers."""
    # of the past, as the table of customers has it
    if key.startswith("cohorts.") and "is_forecast" in frame and "customers" in beside:
        return beside["customers"]["customers"].where(~frame["is_forecast"], np.inf)
    if key == "relationship.actual":
        customers = beside["tiers"].set_index("tier")["customers"]
        return (frame["share"] * frame["tier"].astype(object).map(customers).astype(float)).round()
    counts = [name for name in PEOPLE if name in frame and pd.api.types.is_numeric_dtype(frame[name])]
    if not counts:
        return None
    least = frame[counts].where(frame[counts] > 0).min(axis=1)
    return least.where(frame[counts[0]] > 0, 0)


def _sets(key: str, frame: pd.DataFrame) -> list:
    """For each way in which cells add up, the set of each: all, and those that share a label of several."""
    parts = [frame[name] for name in PARTS if name in frame]
    if key == "cohorts.triangle":
        began = pd.to_datetime(frame["cohort"])
        return [began, began.dt.year * 12 + began.dt.month + frame["period"]]  # by cohort, by calendar month
    if "is_forecast" in frame:
        return [frame["start"], *parts]
    if key in BY_ONE:
        return [frame[BY_ONE[key]]]
    return [np.zeros(len(frame)), *(parts if len(parts) > 1 else [])] if parts else []


def _blanked(
    frame: pd.DataFrame, cells: tuple[str, ...], telling: tuple[str, ...], least: int, of: pd.Series | None = None
) -> pd.DataFrame:
    """Cells that stand side by side left blank: those of a row and those of a column add up; shares `of` so many."""
    names = [name for name in cells if name in frame]
    counts = frame[names].to_numpy(float)
    if of is not None:
        counts = np.rint(counts * of.to_numpy(float)[:, None])
    row, column = np.indices(counts.shape)
    hidden = too_small(np.abs(counts).ravel(), least, row.ravel(), column.ravel()).reshape(counts.shape)
    if not hidden.any():
        return frame
    out = {name: frame[name].mask(hidden[:, place]) for place, name in enumerate(names)}
    out |= {name: frame[name].mask(hidden.any(axis=1)) for name in telling if name in frame}
    return frame.assign(**{name: values.astype(float) for name, values in out.items()})
