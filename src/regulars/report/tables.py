"""Tables: a frame as machine-readable CSV, and as the few worded rows that a page shows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from regulars.intervals import Estimate
from regulars.paths import output_root
from regulars.report.wording import DATE_UNITS, Wording, WordingError
from regulars.rounding import plain, round_frame

ROWS_ON_A_PAGE = 8
LEFT_UNITS = ("text", "label", "")


def worded_table(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    wording: Wording,
    heading,
    total: Sequence[str] = (),
    rows: int = ROWS_ON_A_PAGE,
) -> dict:
    """Word the first rows of a frame, for a page.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its order is the page's order. A column shown ``with_interval`` takes its ends from the columns of the same
        name and ``_low``, ``_high``.
    columns : mapping
        Column to format, as `regulars.report.wording` explains; ``text`` for what is shown as it is.
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
        ``headings`` (list of {text, left}), ``rows`` and ``total`` (lists of text) and ``left_out`` (rows not shown).

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
    for name in [*columns, *total]:
        if name not in frame:
            raise WordingError(f"the table has no column '{name}' (it has: {', '.join(map(str, frame))}).")
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
        "headings": [{"text": heading(name), "left": _is_left(spec)} for name, spec in columns.items()],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "total": sums if total else None,
        "left_out": len(frame) - len(shown),
    }


def _is_left(spec: str) -> bool:
    return spec.split(":")[0] in LEFT_UNITS


def _worded_column(frame: pd.DataFrame, name: str, spec: str, wording: Wording, extra: list) -> list[str]:
    values = frame[name].tolist()
    unit = spec.split(":")[0]
    if unit in LEFT_UNITS or unit in DATE_UNITS:
        return [wording.format(value, spec) for value in values] + [str(x) for x in extra]
    values = [None if pd.isna(value) else value for value in values]
    peers = [value for value in [*values, *extra] if value is not None]
    if "interval" in spec:
        ends = [frame[f"{name}_{end}"].tolist() for end in ("low", "high") if f"{name}_{end}" in frame]
        if len(ends) != 2:
            raise WordingError(f"'{name}: {spec}' needs the columns '{name}_low' and '{name}_high'.")
        values = [
            Estimate(float("nan") if value is None else value, low, high)
            for value, low, high in zip(values, *ends, strict=True)
        ]
        peers = [x for x in [*peers, *ends[0], *ends[1]] if not pd.isna(x)]
    plain_spec = ":".join(part for part in spec.split(":") if part not in ("interval", "with_interval"))
    return [wording.format(value, spec, peers) for value in values] + [
        wording.format(value, plain_spec, peers) for value in extra
    ]


def guessed_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Formats of a frame's columns by their types, where the author names none; ends of intervals join their value.

    Examples
    --------
    >>> guessed_columns(pd.DataFrame({"week": [1], "share": [0.4], "share_low": [0.3], "share_high": [0.5]}))
    {'week': 'count', 'share': 'number:with_interval'}
    """
    ends = {f"{name}_{end}" for name in frame for end in ("low", "high")}
    columns = {}
    for name in frame:
        if name in ends:
            continue
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            columns[name] = "date_short"
        elif pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            columns[name] = "text"
        else:
            columns[name] = "count" if pd.api.types.is_integer_dtype(values) else "number"
            if {f"{name}_low", f"{name}_high"} <= set(frame):
                columns[name] = "number:with_interval"
    return columns


def write_csv(frame: pd.DataFrame, relative_path: Path | str) -> Path:
    """Write a frame as CSV below the output folder: plain names, floats with 10 significant digits, ISO dates."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    rounded = round_frame(frame)
    floats = rounded.select_dtypes("float").columns
    text = {name: rounded[name].map(_shortest, na_action="ignore").astype("string") for name in floats}
    rounded.assign(**text).to_csv(target, index=False, lineterminator="\n", encoding="utf-8")
    return target


def _shortest(value: float) -> str:
    return f"{value:.10g}"


def write_metrics(content: Mapping, relative_path: Path | str) -> Path:
    """Write a page's metrics as JSON below the output folder."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return target
