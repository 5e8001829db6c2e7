"""What was told and planned against what came: worked by hand, and on a shop whose faults and campaigns are known."""

import numpy as np
import pandas as pd
import pytest

from memory_dataset import MemoryDataset
from regulars.cycle import (
    corrective,
    deviations,
    held_forecasts,
    lights_of_year,
    monthly_indicators,
    new_plan,
    restated,
    score_plans,
    scorecard,
    sections,
    track,
    track_all,
    turned,
)
from regulars.cycle.festivals import SPRING_FESTIVALS, festival_day
from regulars.errors import UserError
from regulars.finding import UNUSABLE, Refusal
from regulars.history.closed import HELD, INDICATORS, MONTHS, SUMMARY
from regulars.labels import Light, PlanOutcome


def figures(values, indicator="spend_per_order", quadrant="value", n=np.nan):
    months = pd.date_range("2025-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"quadrant": quadrant, "indicator": indicator, "month": months, "value": values, "n": n})


QUIET = [10.0, 11, 9, 10.5, 9.5, 10, 11.2, 8.8, 10.1, 9.9, 10.4, 9.6, 10.2]


def planned(month, low, high, area="customer", **cell):
    made_from = pd.Period(month, "M").start_time - pd.Timedelta(days=1)
    known = {(area, "plan"): {"text": "x", "change_low": low, "change_high": high} | cell}
    return new_plan("demo", made_from, known)


def test_the_spring_festival_falls_as_published():
    published = (
        "2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 "
        "2030-02-03 2031-01-23"
    )
    assert " ".join(map(str, SPRING_FESTIVALS)) == published
    assert str(festival_day("easter", 2025)) == "2025-04-20"
    with pytest.raises(UserError, match="of 2032 is not in the calendar"):
        festival_day("spring_festival", 2032)


def test_figures_of_a_month_by_hand():
    orders = pd.DataFrame(
        [("a", "2026-01-05", 10.0), ("a", "2026-02-03", 20.0), ("b", "2026-02-10", 30.0), ("b", "2026-02-10", -5.0)]
        + [(f"c{n}", "2026-02-01", 6.0) for n in range(5)],
        columns=["customer_id", "ordered_at", "amount"],
    ).assign(ordered_at=lambda rows: pd.to_datetime(rows["ordered_at"]))
    shop = MemoryDataset({"orders": orders}, "2026-03-15")
    found = monthly_indicators(shop.tables, shop.purchases(), shop.end)
    assert set(found["month"].dt.strftime("%Y-%m")) == {"2026-01", "2026-02"}  # March is cut
    told = found.set_index(["indicator", "month"])["value"].unstack()
    february = told[pd.Timestamp("2026-02-01")]
    assert (february["orders"], february["revenue"], february["active"], february["newcomers"]) == (7, 75.0, 7, 6)
    assert february["spend_per_order"] == pytest.approx(75 / 7)
    assert february["from_existing"] == pytest.approx(20 / 75)
    assert "complaints" not in told.index  # no tickets are supplied


@pytest.mark.parametrize(
    ("last", "low", "high", "outcome"),
    [(14.0, 0.1, 0.3, "moved"), (14.0, -0.3, -0.1, "against"), (10.5, 0.1, 0.3, "noise")],
)
def test_what_became_of_a_plan(last, low, high, outcome):
    plan = planned("2026-02", low, high, indicator="spend_per_order")
    told = score_plans([plan], figures([*QUIET, last]), pd.Timestamp("2026-02-01")).iloc[0]
    assert told["outcome"] == outcome
    # of the months before, the last one is left out: what changed then should not hide itself
    assert told["change"] == pytest.approx(last / np.mean(QUIET[:-1]) - 1)
    assert told["usual_low"] < 0 < told["usual_high"]


def test_a_plan_is_early_until_its_day_and_unknown_without_its_figure():
    plans = [
        planned("2026-02", 0.1, 0.2, indicator="spend_per_order", due=pd.Timestamp("2026-03-10")),
        planned("2026-02", 0.1, 0.2, indicator="wait"),
    ]
    told = score_plans(plans, figures([*QUIET, 14.0]), pd.Timestamp("2026-02-01"))
    assert told["outcome"].tolist() == [PlanOutcome.EARLY, PlanOutcome.UNKNOWN]


def test_a_sum_is_held_against_its_growth_on_the_year_before():
    """A December twice as high every year moves nothing; the growth of one month beyond the others does."""
    rng = np.random.default_rng(4)
    base = np.tile([100.0] * 11 + [200.0], 3) * np.exp(rng.normal(scale=0.03, size=36))
    seasonal = figures(base, indicator="orders")
    assert scorecard(seasonal)["light"].tolist() == [Light.STEADY]
    jump = seasonal.assign(value=np.r_[base[:-1], base[-1] * 1.6])
    assert scorecard(jump)["light"].tolist() == [Light.BETTER]
    assert scorecard(jump)["usual_high"].iloc[0] < 2 * 160


def closed(folder, day, told, *, revenue_low, revenue_high):
    """A closed month as `regulars close-month` leaves it, with one month ahead."""
    place = folder / "data/history/demo" / day
    place.mkdir(parents=True)
    (place / SUMMARY).write_text(f'{{"dataset": "demo", "observation_end": "{day}"}}', encoding="utf-8")
    start = pd.Timestamp(day) + pd.Timedelta(days=1)
    ends = {f"{name}{end}": 1.0 for name in ("orders", "customers") for end in ("", "_low", "_high")}
    ends |= {"revenue": told, "revenue_low": revenue_low, "revenue_high": revenue_high}
    row = {"month": 1, "start": start.date(), "with_new": True, "share": 1.0, **ends}
    pd.DataFrame([row]).to_csv(place / MONTHS, index=False)
    return place


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    return tmp_path


def log(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


ORDERS = log(("a", "2026-03-20", 80.0), ("a", "2026-04-10", 100.0), ("b", "2026-05-10", 60.0))


def test_forecasts_of_closed_months_beside_what_came(project):
    closed(project, "2026-03-31", 90.0, revenue_low=70, revenue_high=110)
    closed(project, "2026-04-30", 90.0, revenue_low=70, revenue_high=110)
    closed(project, "2026-05-31", 90.0, revenue_low=70, revenue_high=110)  # its month is not over
    months = held_forecasts("demo", ORDERS, "2026-05-31")
    money = months[months["measure"] == "revenue"]
    assert money["came"].tolist() == [100.0, 60.0]
    assert money["inside"].tolist() == [True, False]
    assert money["naive"].tolist() == [80.0, 100.0]
    told = track(months, measure="revenue")
    assert (told.inside.value, told.inside.n, told.band[:2]) == (0.5, 2, (1, 2))
    assert told.bias.value == pytest.approx((np.log(100 / 90) + np.log(60 / 90)) / 2)


def test_without_a_closed_month_the_page_says_why(project):
    none = track_all(held_forecasts("demo", ORDERS, "2026-05-31"))
    assert isinstance(none, Refusal)
    assert sections.tell_forecasts(none).verdict == UNUSABLE


def test_a_restated_month_is_told_and_a_verdict_that_turns_with_it(project):
    place = closed(project, "2026-04-30", 90.0, revenue_low=70, revenue_high=110)
    before = figures([100.0, 110.0], indicator="revenue")
    (before[["indicator", "month", "value", "n"]]).to_csv(place / INDICATORS, index=False)
    later = closed(project, "2026-05-31", 90.0, revenue_low=70, revenue_high=110)
    judged = log(*ORDERS.itertuples(index=False, name=None), ("c", "2026-05-20", 30.0))  # 90 in May: a hit
    first = held_forecasts("demo", judged, "2026-05-31")
    first.to_csv(later / HELD, index=False)
    assert first.loc[first["measure"] == "revenue", "inside"].tolist() == [True]
    returned = log(*judged.itertuples(index=False, name=None), ("c", "2026-05-30", -30.0))  # came in June
    now = held_forecasts("demo", returned, "2026-06-30")
    flipped = turned("demo", now, "2026-06-30")
    assert flipped[["measure", "was", "came", "inside"]].values.tolist() == [["revenue", 90.0, 60.0, False]]
    moved = restated("demo", figures([100.0, 99.0], indicator="revenue"), "2026-06-30")
    assert moved[["was", "now"]].values.tolist() == [[110.0, 99.0]]
    finding = sections.tell_restated(moved, flipped)
    assert (finding.verdict, finding.facts["turned"], finding.facts["figures"]) == ("turned", 1, 1)


def test_a_history_of_another_dataset_is_refused(project):
    place = closed(project, "2026-04-30", 90.0, revenue_low=70, revenue_high=110)
    now = figures([100.0, 110.0], indicator="revenue")
    now[["indicator", "month", "value", "n"]].to_csv(place / INDICATORS, index=False)
    months = held_forecasts("demo", ORDERS, "2026-05-31")
    months.to_csv(place / HELD, index=False)
    (place / SUMMARY).write_text('{"dataset": "other", "observation_end": "2026-04-30"}', encoding="utf-8")
    for read in (
        lambda: held_forecasts("demo", ORDERS, "2026-05-31"),
        lambda: restated("demo", now, "2026-05-31"),
        lambda: turned("demo", months, "2026-05-31"),
    ):
        with pytest.raises(UserError, match="dataset is 'other', not 'demo': the file belongs elsewhere"):
            read()


def test_months_closed_out_of_order_and_skipped_are_each_held_against_their_own(project):
    for day in ("2026-04-30", "2026-01-31"):  # January afterwards, February and March never
        place = closed(project, day, 90.0, revenue_low=70, revenue_high=110)
        told = figures([100.0], indicator="revenue").assign(value=100.0 if day > "2026-02" else 101.0)
        told[["indicator", "month", "value", "n"]].to_csv(place / INDICATORS, index=False)
    months = held_forecasts("demo", ORDERS, "2026-05-31")
    money = months[months["measure"] == "revenue"]
    assert money["told_on"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-31", "2026-04-30"]
    assert money["start"].dt.strftime("%Y-%m").tolist() == ["2026-02", "2026-05"]
    assert money["came"].tolist() == [0.0, 60.0]
    moved = restated("demo", figures([100.0], indicator="revenue"), "2026-05-31")
    assert moved[["was", "now"]].values.tolist() == [[101.0, 100.0]]  # as the earliest day told it, whenever closed
    early = held_forecasts("demo", ORDERS, "2026-03-15")  # pages of an earlier day know nothing of later ones
    assert early["told_on"].dt.strftime("%Y-%m").unique().tolist() == ["2026-01"]


def test_a_figure_that_some_months_lack_is_judged_by_those_that_have_it():
    gaps = [*QUIET[:3], np.nan, *QUIET[3:8], np.nan, *QUIET[8:], 10.1]
    told = scorecard(figures(gaps)).iloc[0]
    assert (told["light"], told["months"]) == (Light.STEADY, 12)
    assert scorecard(figures([*gaps[:-1], 30.0]))["light"].tolist() == [Light.BETTER]
    assert scorecard(figures([*gaps[:-1], np.nan]))["light"].tolist() == [Light.ABSENT]
    late = [*[np.nan] * 9, *QUIET[:6]]  # a table that is kept since six months
    assert scorecard(figures(late))["light"].tolist() == [Light.EARLY]
    board = sections.tell_scorecard(scorecard(figures(gaps)), figures(gaps))
    line = board.frames["lights"]["year"].iloc[0].split(" ")
    assert (len(line), line.count("."), line[-1]) == (12, 1, "10.1")


def test_a_figure_whose_usual_range_holds_nearly_everything_is_not_judged():
    """A share that swings between a tenth and nine tenths: that the last month lies inside says nothing."""
    swings = [0.1, 0.8, 0.5, 0.9, 0.2, 0.6, 0.3, 0.9, 0.1, 0.4, 0.7, 0.2, 0.9, 0.5, 0.1, 0.8, 0.3, 0.6, 0.9, 0.2]
    known = figures(swings, indicator="callers_known").assign(n=9_000.0)
    told = scorecard(known).iloc[0]
    assert told["light"] == Light.WIDE and told["usual_high"] - told["usual_low"] > 0.75
    told = sections.tell_scorecard(scorecard(known), known)
    assert told.verdict == "early" and told.facts["unjudged"] == 1 and "judged" not in told.facts
    assert scorecard(figures([*QUIET, 10.1]))["light"].tolist() == [Light.STEADY]


def test_figures_of_contacts_visits_and_prospects_by_hand():
    day = pd.to_datetime(["2026-01-31", "2026-02-03", "2026-02-05", "2026-02-09", "2026-02-27", "2026-02-28"])
    done = pd.to_datetime(["2026-02-01", "2026-02-04", "2026-02-07", None, "2026-02-26", "2026-03-01"])
    contacts = pd.DataFrame({
        "at": pd.to_datetime(["2026-02-02"] * 8), "initiator": ["customer"] * 6 + ["firm"] * 2,
        "resolved": [True, True, True, False, None, None, True, True], "transfers": [0, 1, 2, 0, 0, None, None, None],
        "self_service": [True, False, False, False, False, None, True, True],
    })  # fmt: skip
    prospects = pd.DataFrame({
        "stage": ["won"] * 3 + ["lost"] * 2 + ["disqualified", "offer"],
        "decided_at": pd.to_datetime(["2026-02-10"] * 6 + [None]),
    })  # fmt: skip
    tables = {"orders": log(*((name, "2026-01-05", 1.0) for name in "abcde")), "contacts": contacts,
              "activities": pd.DataFrame({"planned_at": day, "done_at": done}), "prospects": prospects}  # fmt: skip
    shop = MemoryDataset(tables, "2026-02-28")
    told = monthly_indicators(shop.tables, shop.purchases(), shop.end).set_index(["indicator", "month"])
    february = told.xs(pd.Timestamp("2026-02-01"), level="month")[["value", "n"]]
    assert {name: tuple(february.loc[name]) for name in ("solved", "passed_on", "self_served", "won")} == {
        "solved": (5 / 6, 6), "passed_on": (2 / 5, 5), "self_served": (1 / 5, 5), "won": (3 / 5, 5),
    }  # fmt: skip
    # kept within a day: of 31 January and 3 February, not two days late, never, or before; that of the 28th still runs
    assert tuple(february.loc["visits_kept"]) == (2 / 5, 5)


def test_nothing_is_made_of_a_month_too_few():
    shop = MemoryDataset({"orders": log(*((name, "2026-01-05", 1.0) for name in "abcde"))}, "2026-01-20")
    with pytest.raises(UserError, match="no calendar month is observed from its first day to its last"):
        monthly_indicators(shop.tables, shop.purchases(), shop.end)


def test_what_went_wrong_is_watched_after_its_day():
    values = [*QUIET, 20.0, 10.0, 9.8, 19.0]
    indicators = figures(values, indicator="wait", quadrant="interaction")
    last = indicators["month"].max()
    seen = scorecard(indicators[indicators["month"] <= "2026-02-01"])
    found = deviations(seen, pd.Timestamp("2026-02-01"))
    assert found["indicator"].tolist() == ["wait"]
    plan = new_plan("demo", "2026-02-28", {}, [{"indicator": "wait", "month": pd.Timestamp("2026-02-01")}])
    lit = lights_of_year(indicators)
    steps = corrective([plan], lit, last)
    worse = lit[(lit["light"] == Light.WORSE) & (lit["month"] > "2026-02-01")]
    assert steps["came_back"].tolist() == [len(worse)]
    finding = sections.tell_corrective(steps, found)
    assert finding.verdict == "open"  # no cause, no owner
