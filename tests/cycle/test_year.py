"""Twelve months closed in a row, of a shop with a campaign and a fault: month twelve scores the eleven before."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml

from memory_dataset import MemoryDataset, blocks_of, models_of
from regulars.commands.close_month import close_month
from regulars.cycle import read_plans
from regulars.finding import UNUSABLE
from regulars.simulate import demo
from regulars.statistics.limits import coverage_band

MONTHS = pd.period_range("2025-07", "2026-06", freq="M")
PUSHED, WORSE = "2025-11", "2026-02"
JUDGED = ("steady", "better", "worse")
PLANTED = {"push_on": f"{PUSHED}-03", "push_percent": 30, "worse_from": f"{WORSE}-01", "worse_times": 5}
TABLES = {"orders": "ordered_at", "tickets": "opened_at"}
CHANCES = ("p_active", "p_never", "p_alive", "clv", "value_at_risk")
DAYS = ("next_order_low", "next_order_median", "next_order_high", "call_by")


def shop_of(raw) -> dict:
    """Orders and complaints of the simulated export, without its dirt."""
    lines = raw["order_lines"]
    lines = lines[(lines["customer"] != "") & ~lines["order_no"].str.startswith("C") & (lines["qty"].astype(float) > 0)]
    amount = lines["qty"].astype(float) * lines["price"].astype(float)
    day = pd.to_datetime(lines["date"], format="%d/%m/%Y %H:%M")
    orders = pd.DataFrame({"customer_id": lines["customer"].str.strip(), "ordered_at": day, "amount": amount})
    cases = raw["tickets"]
    opened = pd.to_datetime(cases["opened"])
    return {"orders": orders, "tickets": pd.DataFrame({"kind": cases["type"], "opened_at": opened})}


def seen_by(month: pd.Period, tables: dict) -> dict:
    return {name: rows[rows[TABLES[name]] <= month.end_time] for name, rows in tables.items()}


def shop_as_of(month: pd.Period, tables: dict) -> MemoryDataset:
    """The shop at the end of a month, with what a clerk would forecast that day: the mean of three months, ± 30 %."""
    shop = MemoryDataset(seen_by(month, tables), month.end_time, name="year")
    days = shop.purchases().frame()
    by = days.groupby(days["day"].dt.to_period("M"))
    told = {"revenue": by["amount"].sum(), "orders": by.size(), "customers": by["customer_id"].nunique()}
    ahead = {"month": 1, "start": (month + 1).start_time.date(), "with_new": True}
    for measure, months in told.items():
        for end, times in (("", 1.0), ("_low", 0.7), ("_high", 1.3)):
            ahead[f"{measure}{end}"] = times * months.tail(3).mean()
    people = pd.DataFrame({"customer_id": shop.purchases().customers, **dict.fromkeys(CHANCES, 0.1)})
    shop.found["customers"] = people.assign(frequency=1, customer_state="active", **dict.fromkeys(DAYS, pd.NaT))
    shop.save_models(replace(models_of(), observation_end=shop.end, months_ahead=[ahead]))
    return shop


def write_into(plan, write) -> None:
    """Write into a plan as its reader does, if it is there."""
    if plan.exists():
        content = yaml.safe_load(plan.read_text(encoding="utf-8"))
        write(content)
        plan.write_text(yaml.safe_dump(content), encoding="utf-8")


def plan_the_campaign(content: dict) -> None:
    cell = next(one for one in content["cells"] if (one["area"], one["step"]) == ("market", "carry_out"))
    cell |= {"text": "Autumn campaign", "indicator": "kept", "expected_change": {"low": 0.1, "high": 0.4}}
    cell |= {"owner": "Marketing", "due": f"{PUSHED}-30"}


def put_right(content: dict) -> None:
    for one in content["corrective"]:
        one |= {
            "cause": "A late parcel service",
            "action": "Change it",
            "owner": "Ann",
            "due": f"{content['month']}-20",
        }


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """What month twelve tells of the eleven before."""
    folder = tmp_path_factory.mktemp("year")
    tables = shop_of(demo(customers=1000, seed=5, satisfaction_effect=False, **PLANTED))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(folder))
        patch.setenv("REGULARS_ID_KEY", "a key for the tests, long enough")
        for month in MONTHS:
            plan = folder / f"data/plans/year/{month}.yaml"
            write_into(plan, plan_the_campaign if str(month) == PUSHED else put_right)
            shop = shop_as_of(month, tables)
            close_month(shop)
        yield folder, shop.run("08_cycle.ipynb", patch)


def section(year, key):
    return year[1]["report"].told.sections[key]


def test_every_month_leaves_its_words_and_the_plan_of_the_next(year):
    folder, _ = year
    days = sorted(path.name for path in (folder / "data/history/year").iterdir())
    assert days == [str(month.end_time.date()) for month in MONTHS]
    assert [plan.month for plan in read_plans("year")] == [month + 1 for month in MONTHS]
    kept = json.loads((folder / "data/history/year/2025-07-31/told.json").read_text(encoding="utf-8"))
    assert (kept["dataset"], kept["observation_end"]) == ("year", "2025-07-31")


def test_month_twelve_scores_the_eleven_before(year):
    told = section(year, "forecasts")
    assert (told.facts["months"], str(told.facts["day"])) == (11, "2026-05-31")
    months = told.frames["months"].pivot(index="month", columns="series")
    came = months["revenue"]["came"]
    inside = came.between(months["revenue_low"]["told"], months["revenue_high"]["told"])
    assert told.facts["hits"] == inside.sum() and not inside["2025-11-01"]  # nobody foretold what the campaign brought
    assert (told.facts["fewest"], told.facts["most"]) == coverage_band(11)
    orders = year[1]["shop"].tables["orders"]
    assert came["2026-06-01"] == pytest.approx(orders.loc[orders["ordered_at"] >= "2026-06-01", "amount"].sum())
    assert not [key for key, one in year[1]["report"].told.sections.items() if one.verdict == UNUSABLE]
    assert section(year, "restated").verdict == "none"  # the shop's past is what it was


def test_the_campaign_moved_what_its_plan_said(year):
    scored = section(year, "plans").frames["cells"]
    assert scored[["text", "outcome"]].values.tolist() == [["Autumn campaign", "moved"]]


def test_the_fault_is_put_right_and_watched(year):
    steps = section(year, "corrective").frames["steps"]
    assert set(steps["indicator"]) == {"complaints"} and set(steps["owner"]) == {"Ann"}
    lit = year[1]["lights"].query("indicator == 'complaints'").set_index("month")["light"]
    first = steps.iloc[-1]
    assert re.fullmatch(r"(Feb|Mar) 2026: \d+\.\d% \(0\.0–\d+\.\d%\)", first["deviation"])
    assert lit[first["month"]] == "worse"
    assert first["watched"] == (lit[lit.index > pd.Timestamp(first["due"]).replace(day=1)].isin(JUDGED)).sum()


def test_the_lights_of_the_year_find_what_was_planted_and_little_else(year):
    lit = year[1]["lights"]
    lit = lit[lit["light"].isin(["better", "worse", "changed"])].assign(
        month=lambda rows: rows["month"].dt.strftime("%Y-%m")
    )
    found = set(lit[["month", "indicator", "light"]].itertuples(index=False, name=None))
    assert (PUSHED, "kept", "better") in found
    assert {(WORSE, "complaints", "worse"), ("2026-03", "complaints", "worse")} & found
    assert len([one for one in found if one[0] not in (PUSHED, "2025-12", WORSE, "2026-03")]) <= 2, found


def test_the_page_says_it(year):
    words = " ".join(str(block) for block in blocks_of(year[1]["report"]))
    for said in (
        "For the month after 31 May 2026 we told revenue",
        "Of 11 months",
        "Autumn campaign",
        "A late parcel service",
    ):
        assert said in words, said
