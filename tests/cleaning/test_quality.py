"""The quality page's findings, on small tables worked by hand."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars import cleaning
from regulars.cleaning import quality
from regulars.engine.embedded import as_table
from regulars.finding import Action, Finding
from regulars.labels import Reason
from regulars.settings import stage_settings

START, END = date(2024, 1, 1), date(2024, 6, 30)


def account(raw, kept, reasons, amounts):
    return {
        "rows": {"raw": raw, "kept": kept, "merged": 0, "netted": 0, "rejected": raw - kept},
        "amount": dict(zip(("raw", "kept", "merged", "netted", "rejected"), amounts, strict=True)),
        "reasons": reasons,
        "found": {"exact_duplicate": 2},
    }


REASONS = {
    "reduced_by_return": {"fate": "kept", "rows": 1, "amount": 3},
    "unmatched_credit": {"fate": "kept", "rows": 2, "amount": -5},
    "cancelled_sale": {"fate": "netted", "rows": 2, "amount": 20},
    "cancellation": {"fate": "netted", "rows": 2, "amount": -20},
    "missing_customer": {"fate": "rejected", "rows": 6, "amount": 30},
}
LEDGER = {
    "tables": {
        "order_lines": account(100, 90, REASONS, (200, 170, 0, 0, 30)),
        "tickets": {
            "rows": {"raw": 10, "kept": 9, "merged": 1, "netted": 0, "rejected": 0},
            "reasons": {"exact_duplicate": {"fate": "merged", "rows": 1}},
            "found": {"exact_duplicate": 1},
        },
    }
}
WHOLE = {"tables": {"orders": account(4, 4, {}, (9, 9, 0, 0, 0))}}


def orders(days, customers=None, amount=1.0):
    days = pd.to_datetime(list(days))
    return as_table(pd.DataFrame({"customer_id": customers or "a", "ordered_at": days, "amount": amount}))


def by_day(days):
    return cleaning.by_day(orders(days))


def test_the_answer():
    found = quality.usable(LEDGER)
    assert found.verdict == "most"
    assert found.facts == {
        "raw": 100,
        "money": 200,
        "kept": 0.9,
        "kept_money": 170,
        "reason": Reason.MISSING_CUSTOMER,
        "rows": 6,
        "amount": 30,
    }
    assert quality.usable(WHOLE) == Finding("whole", {"raw": 4, "money": 9.0})


@pytest.mark.parametrize(
    ("copies", "lost", "verdict", "reason"),
    [
        (5, 4, "most", "exact_duplicate"),
        (40, 9, "ruled", "exact_duplicate"),
        (9, 12, "part", "missing_customer"),
        (40, 12, "part", "missing_customer"),
        (0, 12, "part", "missing_customer"),
    ],
)
def test_what_the_rules_of_the_mapping_set_aside_is_nothing_to_mend(copies, lost, verdict, reason):
    reasons = {"missing_customer": {"fate": "rejected", "rows": lost, "amount": 3}}
    reasons |= {"exact_duplicate": {"fate": "merged", "rows": copies, "amount": 2}} if copies else {}
    found = quality.usable({"tables": {"orders": account(100, 100 - copies - lost, reasons, (9, 4, 2, 0, 3))}})
    assert (found.verdict, found.facts["reason"]) == (verdict, reason)
    assert found.facts.get("by_rule") == (copies if verdict == "ruled" else None)


def test_waterfalls_lead_from_raw_to_kept():
    rows, money = cleaning.waterfall(LEDGER), cleaning.waterfall(LEDGER, "amount")
    assert rows["step"].tolist() == ["raw", "cancelled_sale", "cancellation", "missing_customer", "kept"]
    assert money["step"].tolist() == ["raw", "missing_customer", "kept"]
    for table, column in ((rows, "rows"), (money, "amount")):
        assert table[column].iloc[:-1].sum() == table[column].iloc[-1]


def test_copies_that_are_kept_are_told():
    assert cleaning.copies_kept(WHOLE) == 2
    merged = REASONS | {"exact_duplicate": {"fate": "merged", "rows": 2, "amount": 1}}
    assert cleaning.copies_kept({"tables": {"orders": account(4, 2, merged, (9, 8, 1, 0, 0))}}) == 0


def test_every_table_is_listed():
    table = cleaning.tables_overview(LEDGER, ["orders", "order_lines", "surveys"]).set_index("table")
    assert table["supply"].to_dict() == {"orders": "derived", "order_lines": "supplied", "surveys": "absent"}
    assert table.loc["order_lines", "kept"] == 90
    assert table.loc["surveys"].isna().sum() == 5


def test_the_worst_reasons_come_first():
    table = cleaning.worst_reasons(LEDGER, n=2)
    assert table["reason"].tolist() == ["missing_customer", "unmatched_credit"]
    assert table["share"].tolist() == [0.06, 0.02]
    assert cleaning.worst_reasons(WHOLE).empty


def test_examples_take_turns_and_hold_nothing_personal():
    rejected = pd.DataFrame(
        {
            "table": "order_lines",
            "row": range(1, 9),
            "fate": "rejected",
            "reason": ["missing_customer"] * 6 + ["cancellation"] * 2,
            "order_id": "x",
            "product_id": "mug",
            "ordered_at": pd.Timestamp("2024-01-01"),
            "quantity": 1.0,
            "amount": 2.0,
            "raw": '{"customer":"ann"}',
        }
    )
    changed = {"order_lines": as_table(rejected), "tickets": as_table(rejected.assign(table="tickets"))}
    examples = cleaning.example_rows(changed, cleaning.worst_reasons(LEDGER), n=3)
    assert examples["row"].tolist() == [1, 7, 2, 8, 3]
    assert not {"raw", "order_id", "customer_id"} & set(examples)
    empty = cleaning.example_rows({}, cleaning.worst_reasons(WHOLE))
    assert empty.empty


def test_orders_in_figures_are_those_of_their_rows():
    log = orders(["2024-01-05 10:00", "2024-01-05 23:59", "2024-02-01 00:00"], ["a", "b", "a"], [1.0, 2.5, -7.0])
    assert cleaning.figures(log).iloc[0].tolist() == [
        3, 2, pd.Timestamp("2024-01-05"), pd.Timestamp("2024-02-01"), -7, 1, pytest.approx(-3.5 / 3), 2.5,
    ]  # fmt: skip
    days = cleaning.by_day(log)
    assert days["day"].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-02-01")]
    assert days[["orders", "revenue"]].to_numpy().tolist() == [[2, 3.5], [1, -7]]


def test_who_only_returned_is_no_customer():
    at = ["2024-01-05 10:00"] * 2 + ["2024-01-06 10:00"] * 2 + ["2024-01-07 10:00"]
    log = orders(at, ["buys", "returns", "undone", "undone", "given"], [5.0, -7.0, 4.0, -4.0, 0.0])
    assert cleaning.figures(log)["customers"].tolist() == [2]
    checks = cleaning.sufficiency(log, START, END, stage_settings("clean")).set_index("check")
    assert checks.loc["customers", "value"] == 2


def test_weeks_are_whole_and_end_with_the_data():
    weeks = cleaning.weekly_orders(by_day(["2024-06-01", "2024-06-14", "2024-06-30"]), date(2024, 6, 1), END)
    assert weeks["week_end"].dt.strftime("%d").tolist() == ["09", "16", "23", "30"]
    assert weeks["orders"].tolist() == [0, 1, 0, 1]  # 1 June lies in no whole week


def test_a_closed_weekday_is_no_gap_and_lost_weeks_are():
    days = pd.date_range(START, END, freq="D")
    busy = days[days.day_of_week != 6].repeat(10)  # closed on Sundays
    assert cleaning.gaps(by_day(busy), START, END).empty
    lost = busy[(busy < "2024-03-04") | (busy > "2024-03-13")]
    found = cleaning.gaps(by_day(lost), START, END)
    assert found[["first_day", "last_day", "days"]].to_numpy().tolist() == [
        [pd.Timestamp("2024-03-03"), pd.Timestamp("2024-03-13"), 11]
    ]
    assert found["expected"].iloc[0] == pytest.approx(90, abs=2)  # nine days of business at 10


@pytest.mark.parametrize("rate", [0.3, 0.7, 1.2, 20])
def test_a_lost_stretch_is_noticed_however_long_and_however_little_is_sold(rate):
    days, end = pd.date_range(START, periods=457), START + timedelta(days=456)
    sold = np.random.default_rng(1).poisson(rate, len(days))
    sold[150:390] = 0
    (found,) = cleaning.gaps(by_day(days.repeat(sold)), START, end).to_dict("records")
    assert found["days"] >= 240
    assert found["first_day"] <= days[150] and found["last_day"] >= days[389]


def test_chance_alone_makes_no_gap():
    rng = np.random.default_rng(7)
    for rate in (0.05, 0.5, 3):
        days = pd.Series(pd.date_range(START, END)).repeat(rng.poisson(rate, 182))
        assert cleaning.gaps(by_day(days), START, END).empty


@pytest.mark.parametrize(
    ("log", "met"),
    [
        (orders(pd.date_range(START, END).repeat(3), [str(i % 182) for i in range(546)]), [False, True, True, True]),
        (orders(["2024-01-01"] * 600, [str(i) for i in range(600)]), [True, True, False, False]),
    ],
)
def test_enough_to_conclude_from(log, met):
    checks = cleaning.sufficiency(log, START, END, stage_settings("clean"))
    assert checks["check"].tolist() == ["customers", "days", "recent", "repeaters"]
    assert checks["is_met"].tolist() == met
    told = quality.tell_sufficiency(checks, 3)
    assert (told.verdict, told.facts) == ("thin", {"failed": 4 - sum(met), "checks": 4, "min_orders": 3})
    assert told.frames["conditions"]["state"].tolist() == [{True: "met", False: "not_met"}[one] for one in met]
    fine = quality.tell_sufficiency(checks.assign(is_met=True), 3)
    assert (fine.verdict, fine.facts) == ("enough", {"min_orders": 3})


def test_what_to_do():
    assert quality.to_do(LEDGER) == [
        Action("customers", facts={"rows": 6, "amount": 30.0}),
        Action("credits", facts={"rows": 2, "amount": 5.0}),
        Action("reconcile", facts={"money": 200.0}),
    ]
    assert quality.to_do(WHOLE) == [Action("reconcile", facts={"money": 9.0})]


def test_the_first_screen_says_how_much_is_usable():
    log = orders(["2024-01-05", "2024-02-01"], ["a", "b"])
    checks = cleaning.sufficiency(log, START, END, stage_settings("clean"))
    screen = quality.first_screen(LEDGER, cleaning.figures(log), checks)
    assert screen.answer == quality.usable(LEDGER)
    assert [(tile.key, tile.estimate.value) for tile in screen.tiles] == [
        ("kept", 0.9), ("money", 170), ("customers", 2), ("days", 182),
    ]  # fmt: skip
    assert screen.tiles[2].verdict == "thin"


def test_sections_say_whether_anything_is_missing():
    days = cleaning.by_day(orders(pd.date_range(START, END, freq="D").repeat(10)))
    weeks = cleaning.weekly_orders(days, START, END)
    none = quality.tell_gaps(weeks, cleaning.gaps(days, START, END))
    assert (none.key, none.verdict, none.facts) == ("gaps", "none", {"least": 70, "most": 70})
    lost = days[(days["day"] < "2024-03-04") | (days["day"] > "2024-03-10")]
    weeks, found = cleaning.weekly_orders(lost, START, END), cleaning.gaps(lost, START, END)
    some = quality.tell_gaps(weeks, found)
    assert (some.verdict, some.facts["gaps"], some.facts["days"], some.facts["least"]) == ("some", 1, 7, 0)
    reasons = cleaning.worst_reasons(LEDGER)
    told = quality.tell_reasons(reasons, pd.DataFrame())
    assert (told.verdict, told.facts) == ("some", {"reason": "missing_customer", "share": 0.06})
    assert quality.tell_reasons(cleaning.worst_reasons(WHOLE), pd.DataFrame()).verdict == "whole"
    ledger = quality.tell_ledger(WHOLE, cleaning.tables_overview(WHOLE))
    assert ledger.verdict == "whole" and set(ledger.frames) == {"tables"}
    assert [remark.facts for remark in ledger.remarks] == [{"copies": 2}]
