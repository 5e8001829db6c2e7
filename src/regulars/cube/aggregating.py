"""Cells of every level at once, computed where the rows lie, and which of them may be told."""

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from regulars.cube.facts import Facts
from regulars.cube.suppressing import Way, untold
from regulars.engine.embedded import ask
from regulars.errors import UserError

# each counted or added up anew at every level; money in the dataset's currency
MEASURES = {
    "spend": "CAST(sum(spend) AS DECIMAL(18, 4))",
    "orders": "count(DISTINCT order_id)",
    "customers": "count(DISTINCT customer_id)",
    "quantity": "sum(quantity)",
    # a margin over known costs alone would be too high
    "margin": "CAST(CASE WHEN count(cost) = count(*) THEN sum(spend) - sum(cost) END AS DECIMAL(18, 4))",
}
RATIOS = {"spend_per_order": ("spend", "orders"), "spend_per_customer": ("spend", "customers")}
OPTIONAL = ("quantity", "margin")  # only where lines, or costs, are supplied
PEOPLE = "customers"


def measures_of(facts: Facts) -> tuple[str, ...]:
    """Measures that a dataset allows."""
    return (*(one for one in MEASURES if one not in OPTIONAL or one in facts.has), *RATIOS)


def aggregate(
    facts: Facts, chains: Sequence[Sequence[str]], measures: Iterable[str] = ("spend",), at_once: int | None = None
) -> pd.DataFrame:
    """Cells by every combination of levels, margins among them, small ones marked.

    Parameters
    ----------
    facts : Facts
    chains : sequence of sequence of str
        Levels to cut by, of each hierarchy from coarse to fine.
    measures : iterable of str
        Of `MEASURES` and `RATIOS`.
    at_once : int, optional
        By so many hierarchies at a time at most.

    Returns
    -------
    pandas.DataFrame
        A column for each level (null: over all of its members), the measures, ``customers``, and ``hidden``: true of a
        cell of fewer than `facts.least` customers, and of such by which it could be told. Sums are those of the rows
        to the cent; customers and orders are counted anew in every cell. Rows from the whole to the finest, sorted.

    Raises
    ------
    UserError
        Where there is no such measure.

    References
    ----------
    Gray, J. et al. (1997), Data Cube, Data Mining and Knowledge Discovery 1, 29-53 (a count of distinct values is
    holistic: no cell's follows from those of its parts).

    Examples
    --------
    >>> from regulars.engine.embedded import as_table
    >>> rows = as_table(pd.DataFrame({"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"], "spend": [1.0, 2, 4],
    ...                               "year": ["2023", "2024", "2024"]}))
    >>> cells = aggregate(Facts(rows, (("year",),), least=1), [("year",)], ["spend", "customers"])
    >>> cells[["spend", "customers"]].values.tolist()
    [[7.0, 2.0], [1.0, 1.0], [6.0, 2.0]]
    """
    allowed, measures = measures_of(facts), list(dict.fromkeys(measures))
    for one in measures:
        if one not in allowed:
            raise UserError(f"{facts.name} has no measure '{one}': there are {', '.join(allowed)}.")
    levels = [level for chain in chains for level in chain]
    sets = []
    for depths in product(*(range(len(chain) + 1) for chain in chains)):
        if at_once is None or sum(depth > 0 for depth in depths) <= at_once:
            sets.append([level for chain, depth in zip(chains, depths, strict=True) for level in chain[:depth]])
    asked = list(dict.fromkeys(part for one in [*measures, PEOPLE] for part in RATIOS.get(one, (one,))))
    columns = [*(f'"{level}"' for level in levels), *(f"{MEASURES[one]} AS {one}" for one in asked)]
    grouped = ", ".join(f"({', '.join(f'{chr(34)}{level}{chr(34)}' for level in one)})" for one in sets)
    frame = ask(facts.rows, f"SELECT {', '.join(columns)} FROM rows GROUP BY GROUPING SETS ({grouped})")
    frame = frame[frame[PEOPLE] > 0].astype(dict.fromkeys(asked, float))
    depth = frame[levels].notna().sum(axis=1) if levels else pd.Series(0, frame.index)
    frame = frame.assign(_depth=depth).sort_values(["_depth", *levels], na_position="first", kind="stable")
    frame = frame.reset_index(drop=True)
    ratios = {one: frame[RATIOS[one][0]] / frame[RATIOS[one][1]] for one in measures if one in RATIOS}
    frame = frame.assign(**ratios)[list(dict.fromkeys([*levels, *measures, PEOPLE]))]
    return frame.assign(hidden=_hidden(frame, chains, facts))


def _hidden(frame: pd.DataFrame, chains: Sequence[Sequence[str]], facts: Facts) -> np.ndarray:
    """Cells that may not be told: a cell and its parts are a set, for each way of parting it."""
    levels = [level for chain in chains for level in chain]
    codes = pd.DataFrame(
        {level: pd.factorize(frame[level])[0] for level in levels}, frame.index
    )  # -1: over all members
    ways = []
    for chain in chains:
        depth = (codes[list(chain)] >= 0).sum(axis=1)
        for place, level in enumerate(chain):
            fixed = [one for one in levels if one not in chain[place:]]
            together = codes.groupby(fixed, sort=False).ngroup() if fixed else pd.Series(0, codes.index)
            # a whole of which no parts were asked for is no sum of any
            is_in = depth.isin((place, place + 1)) & together.isin(together[depth == place + 1])
            sets = together.where(is_in, -1).to_numpy(np.int64)
            ways.append(Way(sets, (depth == place).to_numpy(), level in facts.of_orders))
    is_cut = codes.to_numpy(int) >= 0
    cuts = is_cut @ (2 ** np.arange(len(levels)))
    return untold(frame[PEOPLE].to_numpy(), facts.least, ways, is_cut.sum(axis=1), cuts)
