"""The engine's check of clean tables says what the check of frames says, on tables spoilt in one place each."""

from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from regulars import catalog
from regulars.cleaning import validation
from regulars.errors import UserError
from regulars.paths import output_root

DAY = pd.Timestamp("2024-01-05")
GOOD = {
    "orders": {"order_id": ["1", "2", "3"], "customer_id": ["a", "b", "b"], "ordered_at": [DAY] * 3,
               "amount": [1.5, 2.0, -1.0]},
    "prospects": {"prospect_id": ["1", "2", "3"], "created_at": [DAY] * 3, "stage": ["won"] * 3,
                  "win_probability": [0.1, None, 1.0]},
    "contacts": {"contact_id": ["1", "2", "3"], "customer_id": ["a"] * 3, "at": [DAY] * 3, "channel": ["phone"] * 3,
                 "initiator": ["company", "customer", "company"], "purpose": [None, "x", "y"]},
    "campaign_contacts": {"campaign_id": ["1", "1", "2"], "customer_id": ["a", "b", "a"],
                          "is_control": [True, False, True], "contacted_at": [None, DAY, None]},
}  # fmt: skip
SPOILT = [
    ("orders", "order_id", ["1", None, "3"], "row 1: a missing value"),
    ("orders", "customer_id", ["a", "b", None], "row 2: a value that is not shown"),
    ("orders", "amount", [1.5, None, 1.0], "row 1: a missing value"),
    ("orders", "order_id", ["1", "2", "2"], "multiple_fields_uniqueness"),
    ("orders", "ordered_at", None, "column_in_dataframe"),
    ("prospects", "win_probability", [0.1, None, 1.25], "row 2: 1.25"),
    ("prospects", "win_probability", [-0.5, None, 1.0], "row 0: -0.5"),
    ("contacts", "initiator", ["company", "nobody", "company"], "row 1: 'nobody'"),
    ("campaign_contacts", "customer_id", ["a", "a", "a"], "multiple_fields_uniqueness"),
    ("campaign_contacts", "is_control", [True, None, False], "row 1: a missing value"),
]


def sentence(of) -> str | None:
    try:
        of()
    except UserError as error:
        return str(error)
    return None


def in_both_ways(name: str, content: dict) -> tuple[str | None, str | None]:
    frame = catalog.typed(pd.DataFrame(content), name)
    kinds = {column: catalog.ARROW_TYPES[catalog.TABLES[name].column(column).kind] for column in frame}
    arrays = {}
    for column, kind in kinds.items():
        values = [None if pd.isna(value) else value for value in frame[column].tolist()]
        money = pa.types.is_decimal(kind)
        arrays[column] = pa.array([Decimal(str(v)) if money and v is not None else v for v in values], type=kind)
    return (
        sentence(lambda: catalog.validate(frame, name)),
        sentence(lambda: validation.save(ibis.memtable(pa.table(arrays)), name, "shop")),
    )


@pytest.mark.parametrize("name", GOOD)
def test_both_pass_what_is_right(shop, name):
    assert in_both_ways(name, GOOD[name]) == (None, None)


@pytest.mark.parametrize(("name", "column", "values", "says"), SPOILT)
def test_both_say_the_same_of_what_is_wrong(shop, name, column, values, says):
    content = {key: value for key, value in (GOOD[name] | {column: values}).items() if value is not None}
    by_frame, by_engine = in_both_ways(name, content)
    assert by_frame == by_engine
    assert says in by_engine
    assert not list(output_root().rglob(f"{name}.parquet*"))
