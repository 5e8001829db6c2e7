"""How a table is laid out: cells that hold for the rows below them, answers that stand side by side.

What comes out has a row per order line or per answer, and is mapped as any other table is.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.sources.files import Text
from regulars.sources.mapping import ITEM, SCORE, columns_named


def laid_out(text: Text, table: dict) -> tuple[Text, pa.Array | None]:
    """Bring a table into the form of one row per thing, as its mapping says.

    Parameters
    ----------
    text : Text
    table : dict
        Of `regulars.sources.mapping.Mapping.tables`.

    Returns
    -------
    text : Text
    origin : pyarrow.Array or None
        For each row the row of the file that it comes from, counted from 1; None where it is the same.
    """
    if table["fill_down"]:
        text = filled_down(text, table)
    if table["wide"]:
        return side_by_side(text, table["wide"])
    return text, None


def filled_down(text: Text, table: dict) -> Text:
    """Empty cells with what stands above them: on the first row of the same order, or on the last filled row.

    Examples
    --------
    >>> given = Text(("no", "who"), pa.table({"c0": ["1", "1", "2", "1"], "c1": ["ann", "", "", ""]}))
    >>> table = {"fill_down": {"by": "no", "columns": ["who"]}}
    >>> filled_down(given, table).data["c1"].to_pylist()
    ['ann', 'ann', '', 'ann']
    >>> filled_down(given, {"fill_down": {"columns": ["who"]}}).data["c1"].to_pylist()
    ['ann', 'ann', 'ann', 'ann']
    """
    rule, data = table["fill_down"], text.data
    columns = rule.get("columns") or [name for name in columns_named(table) if name != rule.get("by")]
    above = _first_of_each(data.column(text.header.index(rule["by"]))) if "by" in rule else None
    for name in columns:
        place = text.header.index(name)
        column = data.column(place).combine_chunks()
        empty = pc.equal(column, "")
        if above is None:
            filled = pc.fill_null(pc.fill_null_forward(pc.if_else(empty, None, column)), "")
        else:
            filled = pc.if_else(empty, column.take(above), column)
        data = data.set_column(place, data.column_names[place], filled)
    return Text(text.header, data, text.passed_over, text.without_text)


def _first_of_each(keys: pa.ChunkedArray) -> pa.Array:
    """For each row the place of the first one with the same value; a row without a value stands for itself."""
    codes = keys.combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy()
    # from the end, so that the first of each is what stays
    first = np.empty(len(codes.dictionary), dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    places = first[numbers]
    alone = pc.equal(keys.combine_chunks(), "").to_numpy(zero_copy_only=False)
    return pa.array(np.where(alone, np.arange(len(numbers)), places))


def side_by_side(text: Text, wide: dict[str, str]) -> tuple[Text, pa.Array]:
    """A row per filled cell of the columns that hold answers, with the item that each asks.

    Examples
    --------
    >>> given = Text(("who", "Q1", "Q2"), pa.table({"c0": ["ann", "bob"], "c1": ["9", ""], "c2": ["4", "5"]}))
    >>> long, origin = side_by_side(given, {"Q1": "recommend", "Q2": "ease"})
    >>> long.header, [column.to_pylist() for column in long.data.columns], origin.to_pylist()
    (('who', 'item', 'score'), [['ann', 'ann', 'bob'], ['recommend', 'ease', 'ease'], ['9', '4', '5']], [1, 1, 2])
    """
    kept = [i for i, name in enumerate(text.header) if name not in wide]
    rows = np.arange(text.data.num_rows)
    parts = []
    for place, (name, item) in enumerate(wide.items()):
        answers = text.data.column(text.header.index(name)).combine_chunks()
        filled = pc.not_equal(answers, "").to_numpy(zero_copy_only=False)
        parts.append((rows[filled], np.full(filled.sum(), place), answers.filter(pa.array(filled)), str(item)))
    row = np.concatenate([part[0] for part in parts])
    turn = np.lexsort((np.concatenate([part[1] for part in parts]), row))
    items = pa.concat_arrays([pa.repeat(item, len(found)) for found, _, _, item in parts]).take(pa.array(turn))
    answers = pa.concat_arrays([part[2] for part in parts]).take(pa.array(turn))
    origin = pa.array(row[turn])
    names = [text.header[i] for i in kept]
    # a file may have columns of these names that say something else
    names = [f"{name} (of the file)" if name in (ITEM, SCORE) else name for name in names]
    columns = [text.data.column(i).combine_chunks().take(origin) for i in kept]
    header = (*names, ITEM, SCORE)
    data = pa.table([*columns, items, answers], names=[f"c{i}" for i in range(len(header))])
    empty = text.data.num_rows * len(wide) - len(turn)
    passed = text.passed_over | ({"unanswered": empty} if empty else {})
    return Text(header, data, passed, text.without_text), pc.add(origin, 1)
