"""Tables: what a page shows of a frame, and the file that holds all of it."""

import pandas as pd
import pytest

from regulars.catalog.places import write_csv
from regulars.labels import LifecycleStage
from regulars.pages.declared import writer_of
from regulars.report.tables import worded_numbers, worded_table
from regulars.report.wording import Wording, WordingError

WORDS = Wording("en", currency="GBP")


def heading(name: str) -> str:
    return name.title()


@pytest.fixture
def tiers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tier": ["vip", "large", "small"],
            "customers": [12, 48, 1140],
            "clv": [940.5, 88.25, None],
            "clv_low": [800.0, 70.0, None],
            "clv_high": [1100.0, 99.0, None],
            "won_on": pd.to_datetime(["2026-01-31", None, "2026-03-01"]),
        }
    )


def test_rows_of_their_own_units_with_their_ends_and_their_line():
    frame = pd.DataFrame({
        "unit": ["percent1", "count", "count"], "usual": [0.5, 20.0, None], "usual_low": [0.4, 11.0, None],
        "usual_high": [0.6, 31.0, None], "year": ["0.4 0.5", "12 . 30", "7"],
    })  # fmt: skip
    shown = worded_table(frame, {"usual": "by:unit:interval", "year": "line:unit"}, WORDS, heading)["rows"]
    assert [row[0] for row in shown] == ["40.0–60.0%", "11–31", "n/a"]
    assert [row[1] for row in shown] == ["from 40.0% to 50.0%, between 40.0% and 50.0%",
                                         "from 12 to 30, between 12 and 30", "n/a"]  # fmt: skip
    assert [getattr(row[1], "path", None) for row in shown] == ["M0.0 22.0L100.0 2.0", "M0.0 22.0M100.0 2.0", None]
    with pytest.raises(WordingError, match="needs the columns 'year_low' and 'year_high'"):
        worded_table(frame, {"year": "by:unit:interval"}, WORDS, heading)


def test_a_worded_table(tiers):
    columns = {"tier": "label:tier", "customers": "count", "clv": "money:with_interval", "won_on": "date_short"}
    table = worded_table(tiers, columns, WORDS, heading, total=["customers", "clv"])
    headings = [(one["text"], one["left"]) for one in table["headings"]]
    assert headings == [("Tier", True), ("Customers", False), ("Clv", False), ("Won_On", False)]
    assert table["rows"] == [
        ["VIP", "12", "£941 (800–1,100)", "31 Jan 2026"],
        ["Large", "48", "£88 (70–99)", "n/a"],
        ["Small", "1,140", "n/a", "1 Mar 2026"],
    ]
    assert table["total"] == ["Total", "1,200", "£1,029", ""]
    assert table["left_out"] == 0


def test_fifty_rows_five_of_them_in_front_and_the_total_of_all():
    frame = pd.DataFrame({"rank": range(60), "value": [10.0] * 60})
    table = worded_table(frame, {"rank": "count", "value": "money"}, WORDS, heading, total=["value"])
    assert (len(table["rows"]), table["front"], table["left_out"]) == (50, 5, 10)
    assert table["total"] == ["Total", "£600"]


def test_a_long_table_knows_the_order_of_its_cells():
    frame = pd.DataFrame({"who": list("cabdefghij"), "value": [30.0, None, 1.5, *range(100, 107)]})
    table = worded_table(frame, {"who": "text", "value": "money"}, WORDS, heading)
    assert table["order"][:3] == [[3, 2], [1, None], [2, 1]], "what is missing has no place"
    short = worded_table(frame.head(8), {"who": "text"}, WORDS, heading)
    assert short["order"] is None
    by_class = worded_table(frame, {"who": "text"}, WORDS, heading, rows=7)
    assert by_class["front"] == 7, "a table of one row per class is whole in front"
    assert worded_table(frame, {"who": "text"}, WORDS, heading, rows=10)["front"] == 8, "if it is not too long"


def test_numbers_of_a_chart_are_chosen_evenly():
    frame = pd.DataFrame({"week": range(100), "share": [i / 100 for i in range(100)]})
    table = worded_numbers(frame, {"week": "count", "share": "percent"}, WORDS, heading)
    assert [row[0] for row in table["rows"]] == ["0", "14", "28", "42", "57", "71", "85", "99"]
    assert table["picked"]


def test_numbers_side_by_side_keep_their_order_and_their_gaps():
    frame = pd.DataFrame(
        {
            "cohort": ["March", "March", "January"],
            "n": [20, 20, 30],
            "age": [1, 2, 1],
            "share": [0.31, 0.25, 0.305],
            "share_low": [0.2, 0.1, 0.25],
            "share_high": [0.4, 0.4, 0.35],
        }
    )
    columns = {"cohort": "text", "n": "count", "age": "months", "share": "percent:with_interval"}
    table = worded_numbers(frame, columns, WORDS, heading, across="age")
    assert [item["text"] for item in table["headings"]] == ["Cohort", "N", "1 month", "2 months"]
    assert table["rows"] == [["March", "20", "31% (20–40)", "25% (10–40)"], ["January", "30", "31% (25–35)", ""]]
    assert not table["picked"]


def test_columns_that_are_not_there_are_named(tiers):
    with pytest.raises(WordingError, match=r"no column 'margin' \(it has: tier, customers"):
        worded_table(tiers, {"margin": "money"}, WORDS, heading)
    with pytest.raises(WordingError, match=r"needs the columns 'customers_low' and 'customers_high'"):
        worded_table(tiers, {"customers": "count:with_interval"}, WORDS, heading)


def test_a_page_may_ask_for_every_class():
    steps = pd.DataFrame({"lifecycle_stage": [stage.value for stage in LifecycleStage], "customers": 9})
    steps = steps.assign(**dict.fromkeys(("days", "leaves", "stay_months"), 0.5))
    steps = steps.assign(
        **{f"{name}{end}": 0.5 for name in ("days", "leaves", "stay_months") for end in ("_low", "_high")}
    )
    page = {"stage": "segments", "title": "X", "currency": "EUR", "start": "2024-01-01", "end": "2024-12-31"}
    writer = writer_of(page | {"level": 0.9, "share": 1.0}, "en")
    writer.table("ladder.stays", steps)
    table = writer.blocks[-1]["table"]
    assert [row[0] for row in table["rows"]][-1] == "Inactive" and len(table["rows"]) == len(LifecycleStage) > 8


def test_the_file_is_plain(tiers, tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    frame = tiers.assign(ratio=[1 / 3, 1e-12, 123456.78901234], label=['a "quoted", one', "b", None])
    path = write_csv(
        frame[["tier", "customers", "clv", "won_on", "ratio", "label"]], "reports/x/tables/value/tiers.csv"
    )
    assert path == tmp_path / "reports/x/tables/value/tiers.csv"
    assert path.read_bytes().decode() == (
        "tier,customers,clv,won_on,ratio,label\n"
        'vip,12,940.5,2026-01-31,0.3333333333,"a ""quoted"", one"\n'
        "large,48,88.25,,1e-12,b\n"
        "small,1140,,2026-03-01,123456.789,\n"
    )
