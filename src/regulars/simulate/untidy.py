"""Untidiness that any export may have: padded text, odd capitals, rows that come twice."""

import numpy as np
import pandas as pd

from regulars.simulate.retailer import Retailer
from regulars.simulate.streams import stream


def row_numbers(position) -> list[int]:
    """Numbers of rows as a person counts them: the first below the header is 1."""
    return (np.asarray(position, int) + 1).tolist()


def untidied(rows: pd.DataFrame, count: int, padded, recased, *, rng):
    """Pad the text of some columns and change the capitals of others, in about so many rows, one column each.

    Parameters
    ----------
    rows : pandas.DataFrame
    count : int
    padded, recased : sequence of str
        Columns that get spaces around them; columns whose capitals change.
    rng : numpy.random.Generator

    Returns
    -------
    rows : pandas.DataFrame
    changes : pandas.DataFrame
        ``position``, ``column``, ``tidy`` (the text as it was), sorted. Empty texts stay empty, so that there are a few
        fewer than `count`.
    """
    columns = (*padded, *recased)
    position = np.sort(rng.choice(len(rows), min(count, len(rows)), replace=False))
    column = rng.integers(0, len(columns), position.size)
    rows = rows.copy()
    changes = []
    for number, name in enumerate(columns):
        at = position[column == number]
        was = rows[name].to_numpy()[at].astype(str)
        first, second = (_spaced_before, _spaced_after) if name in padded else (np.char.upper, np.char.title)
        now = np.where(rng.random(at.size) < 0.5, first(was), second(was))
        now = np.where(was == "", was, now)
        rows.loc[rows.index[at], name] = now.astype(object)
        changes.append(pd.DataFrame({"position": at, "column": name, "tidy": was})[now != was])
    return rows, pd.concat(changes, ignore_index=True).sort_values(["position", "column"], ignore_index=True)


def _spaced_before(text):
    return np.char.add(" ", text)


def _spaced_after(text):
    return np.char.add(text, "  ")


def repeated(rows: pd.DataFrame, count: int, rng) -> pd.DataFrame:
    """Let some rows come twice, the copy right below; adds ``original`` (position before) and ``is_copy``."""
    chosen = np.sort(rng.choice(len(rows), min(count, len(rows)), replace=False))
    source = np.sort(np.concatenate([np.arange(len(rows)), chosen]), kind="stable")
    is_copy = np.concatenate([[False], source[1:] == source[:-1]])[: source.size]
    return rows.iloc[source].reset_index(drop=True).assign(original=source, is_copy=is_copy)


def copies(rows: pd.DataFrame) -> dict:
    """Row numbers of the copies that `repeated` made, and of the rows that they repeat."""
    at = np.flatnonzero(rows["is_copy"].to_numpy())
    return {"row": row_numbers(at), "of_row": row_numbers(at - 1)}


def in_rows(changes: pd.DataFrame, rows: pd.DataFrame) -> dict:
    """Changes of `untidied` by row number, after `repeated` has moved the rows."""
    place = np.flatnonzero(~rows["is_copy"].to_numpy())[changes["position"].to_numpy(int)]
    return {"row": row_numbers(place), "column": changes["column"].tolist(), "tidy": changes["tidy"].tolist()}


def soil_table(retailer: Retailer, frame: pd.DataFrame, name: str, padded, *, recased, seed: int):
    """Make a small table untidy and let some of its rows come twice.

    Returns
    -------
    frame : pandas.DataFrame
    truth : dict
        ``duplicates`` and ``untidy``, as for order lines.
    """
    rng = stream(seed, f"dirt of {name}")
    rows, changes = untidied(frame.astype(object), round(len(frame) * retailer.untidy_share), padded, recased, rng=rng)
    rows = repeated(rows, round(len(frame) * retailer.other_duplicate_share), rng)
    truth = {"duplicates": copies(rows), "untidy": in_rows(changes, rows)}
    return rows.drop(columns=["original", "is_copy"]), truth
