"""Tables: a frame as the few worded rows that a page shows."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regulars.report.blocks import line_cell
from regulars.report.formats import Peers
from regulars.report.wording import DATE_UNITS, Wording, WordingError
from regulars.statistics.intervals import Estimate

ROWS_IN_FRONT = 5
ROWS_ON_A_PAGE = 8  # at most, in front and of a chart's numbers; a longer table can be sorted
ROWS_IN_DETAIL = 50
CODES = ("customer", "product_id")  # columns whose texts are not broken
LEFT_UNITS = ("text", "label", "cohort", "line", "")


def worded_table(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    wording: Wording,
    heading,
    *,
    total: Sequence[str] = (),
    rows: int = ROWS_IN_DETAIL,
) -> dict:
    """Word the first rows of a frame, for a page.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its order is the page's order. A column shown ``with_interval`` takes its ends from the columns of the same
        name and ``_low``, ``_high``.
    columns : mapping
        Column to format, as `regulars.report.wording` explains; ``text`` for what is shown as it is; ``by:unit`` for
        rows of different units, where the column ``unit`` names the format of each; ``line:unit`` for cells that hold
        figures with blanks between them (``.`` for a missing one) and are drawn as a line. ``by:unit:interval`` shows
        the ends alone; ``by:unit:as_of`` adds the month that the column ``as_of`` names, where it names one.
    wording : Wording
    heading : callable
        Column name to its heading.
    total : sequence of str
        Columns that are summed over the whole frame in a last row.
    rows : int
        Rows shown at most; the rest is in the file.

    Returns
    -------
    dict
        ``headings`` (list of {text, left, behind, code, interval}), ``rows`` and ``total`` (lists of text),
        ``left_out`` (rows that are not shown), ``front`` (rows shown in front) and, of a long table, ``order`` (of each
        cell its place in its column).

    Raises
    ------
    WordingError
        Where a column is not in the frame.

    Examples
    --------
    >>> frame = pd.DataFrame({"tier": ["vip", "small"], "customers": [12, 1188]})
    >>> columns = {"tier": "label:tier", "customers": "count"}
    >>> table = worded_table(frame, columns, Wording("en"), str.title, total=["customers"])
    >>> table["rows"], table["total"]
    ([['VIP', '12'], ['Small', '1,188']], ['Total', '1,200'])
    """
    _refuse_absent([*columns, *total], frame)
    shown = frame.head(rows)
    totals = {name: frame[name].sum(min_count=1) for name in total}
    cells, sums = [], []
    for name, spec in columns.items():
        extra = [totals[name]] if name in totals else []
        texts = _worded_column(shown, name, spec, wording, extra)
        cells.append(texts[: len(shown)])
        sums.append(texts[-1] if extra else "")
    if total:
        sums[0] = sums[0] or wording.say("table.total")
    return {
        "headings": [
            _heading(heading(name), i == 0 or _is_left(spec), name in CODES)
            for i, (name, spec) in enumerate(columns.items())
        ],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "total": sums if total else None,
        "left_out": len(frame) - len(shown),
        # a table of one row per class is whole in front as well, if it is not too long
        "front": ROWS_IN_FRONT if rows == ROWS_IN_DETAIL else min(rows, ROWS_ON_A_PAGE),
        "order": _order(shown[list(columns)]) if len(shown) > ROWS_ON_A_PAGE else None,
    }


def _heading(text: str, left: bool, code: bool = False) -> dict:
    return {"text": text, "left": left, "behind": False, "code": code}


def _order(shown: pd.DataFrame) -> list[list[int | None]]:
    """Place of each cell among those of its column, the least first: so a page sorts without reading numbers."""
    places = [column.rank(method="dense").astype(float).fillna(0).astype(int) for _, column in shown.items()]
    return [[place or None for place in row] for row in zip(*(place.tolist() for place in places), strict=True)]


def worded_numbers(
    frame: pd.DataFrame, columns: Mapping[str, str], wording: Wording, heading, *, across: str | None = None
) -> dict:
    """Word the numbers of a chart: at most eight rows, evenly chosen, so that the table spans what the chart shows.

    Parameters
    ----------
    frame, columns, wording, heading
        As in `worded_table`.
    across : str, optional
        Column whose values (at most eight, evenly chosen) become headings, with the last of ``columns`` in the cells.

    Returns
    -------
    dict
        As `worded_table`, and ``picked``: whether rows or columns were left out.

    Examples
    --------
    >>> frame = pd.DataFrame({"week": [0, 0, 1, 1], "curve": ["a", "b"] * 2, "share": [0.0, 0.1, 0.2, 0.3]})
    >>> columns = {"week": "count", "curve": "text", "share": "percent"}
    >>> table = worded_numbers(frame, columns, Wording("en"), str.title, across="curve")
    >>> [heading["text"] for heading in table["headings"]], table["rows"]
    (['Week', 'a', 'b'], [['0', '0%', '10%'], ['1', '20%', '30%']])
    """
    if across is None:
        picked = frame.iloc[_evenly(len(frame), ROWS_ON_A_PAGE)]
        return worded_table(picked, columns, wording, heading) | {
            "front": ROWS_ON_A_PAGE,
            "picked": len(picked) < len(frame),
        }
    _refuse_absent(columns, frame)
    value = list(columns)[-1]
    beside = [name for name in columns if name not in (across, value)]
    keys = frame[beside].drop_duplicates(ignore_index=True)
    tops = frame[across].drop_duplicates().tolist()
    shown_keys = keys.iloc[_evenly(len(keys), ROWS_ON_A_PAGE)]
    shown_tops = [tops[i] for i in _evenly(len(tops), ROWS_ON_A_PAGE)]
    texts = frame[[*beside, across]].assign(_text=_worded_column(frame, value, columns[value], wording, []))
    wide = texts.pivot(index=beside, columns=across, values="_text").reindex(columns=shown_tops)
    cells = shown_keys.merge(wide.reset_index(), on=beside, how="left")[shown_tops].fillna("").to_numpy().tolist()
    names = [_worded_column(shown_keys, name, columns[name], wording, []) for name in beside]
    titles = [wording.format(top, columns[across]) for top in shown_tops]
    return {
        "headings": [
            *(_heading(heading(name), i == 0 or _is_left(columns[name])) for i, name in enumerate(beside)),
            *(_heading(title, False) for title in titles),
        ],
        "rows": [[*name, *row] for name, row in zip(zip(*names, strict=True), cells, strict=True)],
        "total": None,
        "left_out": 0,
        "front": ROWS_ON_A_PAGE,
        "order": None,
        "picked": len(shown_keys) < len(keys) or len(shown_tops) < len(tops),
    }


def _evenly(count: int, most: int) -> list[int]:
    """Places of at most so many rows, from the first to the last, evenly apart."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _refuse_absent(names, frame: pd.DataFrame) -> None:
    for name in names:
        if name not in frame:
            raise WordingError(f"the table has no column '{name}' (it has: {', '.join(map(str, frame))}).")


def _is_left(spec: str) -> bool:
    return spec.split(":")[0] in LEFT_UNITS


def _worded_column(frame: pd.DataFrame, name: str, spec: str, wording: Wording, extra: list) -> list[str]:
    values = frame[name].tolist()
    unit = spec.split(":")[0]
    if unit == "line":
        formats = frame[spec.partition(":")[2]]
        return [line_cell(value, wording, one) for value, one in zip(values, formats, strict=True)]
    if unit == "by":  # each row in the format that another of its columns names
        of, *modifiers = spec.split(":")[1:]
        dated = "as_of" in modifiers
        specs = [":".join((one, *(part for part in modifiers if part != "as_of"))) for one in frame[of]]
        if modifiers and not dated:
            values = _estimates(frame, name, spec)
        texts = [wording.format(None if _is_none(x) else x, one) for x, one in zip(values, specs, strict=True)]
        return [_dated(*one, wording) for one in zip(texts, frame["as_of"], strict=True)] if dated else texts
    if unit in LEFT_UNITS or unit in DATE_UNITS:
        return [wording.format(value, spec) for value in values] + [str(x) for x in extra]
    values = [None if pd.isna(value) else value for value in values]
    peers = [value for value in [*values, *extra] if value is not None]
    if "interval" in spec:
        values = _estimates(frame, name, spec)
        peers = [x for x in [*peers, *(end for one in values for end in (one.low, one.high))] if not pd.isna(x)]
    peers = Peers(peers)
    plain_spec = ":".join(part for part in spec.split(":") if part not in ("interval", "with_interval"))
    return [wording.format(value, spec, peers) for value in values] + [
        wording.format(value, plain_spec, peers) for value in extra
    ]


def _dated(text: str, month, wording: Wording) -> str:
    return text if pd.isna(month) else wording.say("table.as_of", value=text, month=month)


def _estimates(frame: pd.DataFrame, name: str, spec: str) -> list[Estimate]:
    """Values of a column with their ends, which stand in columns of their own."""
    ends = [frame[f"{name}_{end}"].tolist() for end in ("low", "high") if f"{name}_{end}" in frame]
    if len(ends) != 2:
        raise WordingError(f"'{name}: {spec}' needs the columns '{name}_low' and '{name}_high'.")
    values = [float("nan") if pd.isna(value) else value for value in frame[name]]
    return [Estimate.of(row) for row in zip(values, *ends, strict=True)]


def _is_none(value) -> bool:
    return not isinstance(value, Estimate) and bool(pd.isna(value))
