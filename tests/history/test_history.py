"""What was told is saved once, as it was, and held against what came; what belongs elsewhere is refused."""

import json
import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from bought import purchases_on
from memory_dataset import ECONOMICS, MemoryDataset, models_of
from regulars.commands.close_month import close_month
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, UNUSABLE
from regulars.history import ClosedMonth, hold_customers, read_customers, read_months, tell_closed, tell_earlier
from regulars.history.customers import ClosedVerdict
from regulars.privacy import pseudonyms
from regulars.retention.hindsight import HindsightVerdict
from regulars.statistics.intervals import Estimate

pytestmark = pytest.mark.usefixtures("id_key")
ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c"], "amount": [20.0, 9.0, -3.0, 50.0],
        "ordered_at": pd.to_datetime(["2026-04-02", "2026-05-03", "2026-05-30", "2026-06-02"]),
    }
)  # fmt: skip


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A dataset whose pages are built, as the catalogue sees it."""
    scored = pd.DataFrame(
        {
            "customer_id": [f"real-{n}" for n in range(4)], "frequency": [3, 2, 5, 1], "p_alive": [0.5, 0.4, 0.9, 0.8],
            "p_active": [0.9, 0.4, 0.6, 0.1], "p_never": [0.1, 0.2, 0.3, 0.4], "clv": [9.0, 5.0, 2.0, 1.0],
            "value_at_risk": [4.0, 9.0, 1.0, 0.0], "customer_state": "slipping",
            "call_by": pd.to_datetime(["2026-05-05", None, "2026-05-07", None]),
            "next_order_low": pd.to_datetime(["2026-05-03"] * 4),
            "next_order_median": pd.to_datetime(["2026-05-09"] * 4),
            "next_order_high": pd.to_datetime(["2026-05-20"] * 4),
        }
    )  # fmt: skip
    ends = {f"{name}{end}": 5.0 for name in ("revenue", "orders", "customers") for end in ("", "_low", "_high")}
    ahead = [{"month": 1, "start": "2026-05-01", "with_new": True, **ends}]
    models = replace(models_of(), economics=replace(ECONOMICS, active_within_days=30), months_ahead=ahead)
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    return tmp_path, MemoryDataset(
        {"orders": ORDERS}, "2026-04-30", name="demo", found={"customers": scored}, models=models,
        changes={"list_length": 2, "call_min_alive": 0.1},
    )  # fmt: skip


def test_what_was_told_is_hold_customers_what_came_later(built):
    assert close_month(built[1]).as_posix() == "data/history/demo/2026-04-30"
    came = purchases_on(
        [("real-0", "2026-04-01"), ("real-0", "2026-05-10"), ("real-2", "2026-05-25"), ("new", "2026-05-02")]
    )
    found = tell_closed("demo", came, "2026-05-31")
    # .9 + .4 + .6 + .1 = 2 were told, 2 of those known came; the newcomer is none of them
    assert found.verdict is HindsightVerdict.HELD
    assert (found.facts["expected"], found.facts["came"], found.facts["n"]) == (2.0, 2, 4)
    assert (found.facts["hits"].value, found.facts["hits"].n) == (0.5, 2)
    assert (found.facts["listed"].value, found.facts["listed"].n) == (0.5, 2)  # real-1 and real-0 were listed
    early = tell_closed("demo", came, "2026-05-15")
    assert (early.verdict, early.facts["came"], early.facts["hits"].n) == (ClosedVerdict.OPEN, 1, 0)


def test_no_real_id_is_saved(built):
    folder, shop = built
    place = folder / close_month(shop)
    text = "".join(path.read_text() for path in place.iterdir())
    assert "real-" not in text
    table = pd.read_csv(place / "customers.csv")
    assert sorted(table["customer"]) == sorted(pseudonyms(shop.customers["customer_id"], "demo"))


def test_what_was_said_of_prospects_is_saved_without_their_names(built):
    folder, shop = built
    prospects = pd.DataFrame({
        "prospect_id": ["p-real-1", "p-real-2", "p-real-3"], "stage": ["quoted", "won", "lead"],
        "win_probability": [0.6, 1.0, None], "quoted_amount": [900.0, 100.0, None],
        "expected_close": pd.to_datetime(["2026-05-20", "2026-04-01", None]),
    })  # fmt: skip
    shop.tables.frames["prospects"] = prospects
    shop.about = replace(shop.about, supplied=(*shop.about.supplied, "prospects"))
    place = folder / close_month(shop)
    saved = pd.read_csv(place / "prospects.csv").sort_values("stage")
    assert saved["stage"].tolist() == ["lead", "quoted"]  # what is decided is no forecast
    assert saved["win_probability"].tolist()[1] == 0.6 and saved["quoted_amount"].tolist()[1] == 900.0
    assert "real" not in (place / "prospects.csv").read_text()


def test_a_month_is_closed_once(built):
    _, shop = built
    close_month(shop)
    close_month(shop)  # the same again changes nothing
    shop.found["customers"].loc[0, "p_active"] = 0.2
    with pytest.raises(UserError, match=r"told\.json is there and says something else: what was told is not rewritten"):
        close_month(shop)


def test_only_what_was_told_before_counts(built):
    close_month(built[1])
    assert read_customers("demo", "2026-04-30") is None
    assert tell_closed("demo", purchases_on([("a", "2026-01-01")]), "2026-04-30").verdict is ClosedVerdict.NONE
    assert read_customers("demo", "2026-05-01").day.isoformat() == "2026-04-30"


def test_a_file_of_another_dataset_is_refused(built):
    folder, shop = built
    place = folder / close_month(shop)
    told = json.loads((place / "told.json").read_text())
    (place / "told.json").write_text(json.dumps(told | {"dataset": "cdnow"}))
    with pytest.raises(UserError, match=r"demo/2026-04-30/told.json: dataset is 'cdnow', not 'demo'"):
        read_customers("demo", "2026-05-31")


def test_a_damaged_file_is_named(built):
    folder, shop = built
    place = folder / close_month(shop)
    (place / "told.json").write_text("{")
    with pytest.raises(UserError, match="data/history/demo/2026-04-30 cannot be read"):
        read_customers("demo", "2026-05-31")


def test_a_miss_is_called_one():
    people = pd.DataFrame({"customer": list("abcd"), "on_list": True, "call_by": pd.NaT, "next_order_low": pd.NaT,
                           "next_order_high": pd.NaT})  # fmt: skip
    for name in ("call_by", "next_order_low", "next_order_high"):
        people[name] = pd.to_datetime(people[name])
    month, day = ClosedMonth(date(2026, 4, 30), 30, Estimate(3.0, 2.5, 3.5, 4), people), pd.Timestamp("2026-05-02")
    for customers, verdict in (
        ("a", HindsightVerdict.OVER),
        ("abc", HindsightVerdict.HELD),
        ("abcd", HindsightVerdict.UNDER),
    ):
        first = pd.Series(day, index=list(customers))
        assert hold_customers(month, first, "2026-06-30").verdict is verdict


def saved_months(folder, **changed):
    """Months ahead as an earlier page told them."""
    ends = {f"{name}{end}": value for name in ("revenue", "orders", "customers")
            for end, value in (("", 10.0), ("_low", 5.0), ("_high", 30.0))}  # fmt: skip
    rows = [{"month": k, "start": day, "with_new": True, "share": 1.0, **ends}
            for k, day in ((1, "2026-05-01"), (2, "2026-05-31"))]  # fmt: skip
    place = folder / "data/history/demo/2026-04-30"
    place.mkdir(parents=True, exist_ok=True)
    (place / "told.json").write_text(json.dumps({"dataset": "demo", "observation_end": "2026-04-30"}))
    pd.DataFrame(rows).assign(**changed).to_csv(place / "months.csv", index=False)
    return place


class TestMonths:
    def test_closing_a_month_saves_the_months_ahead(self, built):
        folder, shop = built
        place = folder / close_month(shop)
        months = pd.read_csv(place / "months.csv")
        assert months[["month", "start", "revenue", "customers_high", "share"]].to_numpy().tolist() == [
            [1, "2026-05-01", 5.0, 5.0, 1.0]
        ]

    def test_what_was_told_is_hold_customers_what_came(self, built):
        saved_months(built[0])
        found = tell_earlier("demo", ORDERS, observation_end="2026-06-10")
        table = found.frames["months"]  # the second month runs until 30 June
        assert (found.verdict, found.facts["months"], found.facts["inside"]) == ("inside", 1, 1)
        assert table[["revenue_came", "orders_came", "customers_came"]].to_numpy().tolist() == [[6.0, 1.0, 1.0]]
        later = tell_earlier("demo", ORDERS, observation_end="2026-06-30")
        assert (later.verdict, later.facts["inside"], later.facts["came"]) == ("outside", 1, 56.0)
        assert tell_earlier("demo", ORDERS, observation_end="2026-05-15").verdict == "open"

    def test_only_customers_of_then_count_where_only_they_were_told_of(self, built):
        saved_months(built[0], with_new=False)
        found = tell_earlier("demo", ORDERS, observation_end="2026-06-30")
        assert found.frames["months"]["revenue_came"].tolist() == [9.0, 0.0]  # a; b and c came later

    def test_nothing_saved_says_what_to_do(self, built):
        assert tell_earlier("demo", ORDERS, observation_end="2026-06-30").verdict == NOT_SUPPLIED

    @pytest.mark.parametrize(
        ("spoil", "sentence"),
        [
            (lambda place: (place / "told.json").write_text('{"dataset": "cdnow"}'), r"dataset is 'cdnow', not 'demo'"),
            (lambda place: (place / "months.csv").write_text("month,start\n"), r"months.csv has no column 'with_new'"),
            (lambda place: (place / "months.csv").write_bytes(b""), r"months.csv cannot be read"),
        ],
        ids=["another dataset", "a column short", "empty"],
    )
    def test_a_file_that_cannot_be_used_is_one_sentence(self, built, spoil, sentence):
        spoil(saved_months(built[0]))
        found = tell_earlier("demo", ORDERS, observation_end="2026-06-30")
        assert found.verdict == UNUSABLE and re.search(sentence, found.facts["why"])

    def test_another_share_of_the_customers_is_not_compared(self, built):
        saved_months(built[0], share=0.5)
        found = tell_earlier("demo", ORDERS, observation_end="2026-06-30")
        assert "was made from 0.5 of the customers and the pages now from 1" in found.facts["why"]

    def test_the_earliest_forecast_of_the_last_year_is_drawn(self, built):
        place = saved_months(built[0])
        for day in ("2025-01-31", "2026-05-31"):
            other = place.with_name(day)
            other.mkdir()
            (other / "told.json").write_text(json.dumps({"dataset": "demo", "observation_end": day}))
            (other / "months.csv").write_text((place / "months.csv").read_text())
        assert read_months("demo", "2026-06-30")[0].isoformat() == "2026-04-30"
        assert read_months("demo", "2027-12-31")[0].isoformat() == "2026-05-31"


def test_the_retention_page_says_why_a_file_cannot_be_used(built):
    folder, shop = built
    place = folder / close_month(shop)
    (place / "told.json").write_text(json.dumps({"dataset": "cdnow"}))
    found = tell_closed("demo", purchases_on([("a", "2026-05-01")]), "2026-05-31")
    assert found.verdict == UNUSABLE and "dataset is 'cdnow', not 'demo'" in found.facts["why"]
