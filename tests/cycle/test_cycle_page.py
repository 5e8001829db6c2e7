"""The cycle page: whatever it has to tell, each fact has its sentence and each figure its place."""

import numpy as np
import pandas as pd
import pytest

import report_sample
from regulars.cycle import new_plan, score_plans, scorecard, sections, track_all
from regulars.finding import UNUSABLE
from regulars.pages.declared import writer_of
from regulars.told import Report

QUIET = [10.0, 11, 9, 10.5, 9.5, 10, 11.2, 8.8, 10.1, 9.9, 10.4, 9.6, 10.2]
END = pd.Timestamp("2026-02-28")


def said(finding) -> str:
    """All words of one section, as the page says them."""
    writer = writer_of(Report("cycle", report_sample.ABOUT).told.page, "en")
    writer.tell(finding.key, finding)
    return " ".join(str(block) for block in writer.blocks)


def figures(last, name="wait"):
    months = pd.date_range("2025-01-01", periods=len(QUIET) + 1, freq="MS")
    return pd.DataFrame(
        {"quadrant": "interaction", "indicator": name, "month": months, "value": [*QUIET, last], "n": np.nan}
    )


def held(came):
    rows = [
        (
            pd.Timestamp("2026-01-31"),
            pd.Timestamp("2026-02-01"),
            measure,
            100.0,
            80.0,
            120.0,
            one,
            80 <= one <= 120,
            90.0,
        )
        for one in came
        for measure in ("revenue", "orders", "customers")
    ]
    names = ["told_on", "start", "measure", "told", "low", "high", "came", "inside", "naive"]
    table = pd.DataFrame(rows, columns=names)
    earlier = pd.to_timedelta(31 * (len(came) - 1 - table.index // 3), unit="D")
    return table.assign(told_on=table["told_on"] - earlier, start=table["start"] - earlier)


@pytest.mark.parametrize(
    ("came", "verdict"),
    [([101.0], "held"), ([100.0] * 11 + [150.0], "missed"), ([150.0] * 11 + [100.0], "often_missed")],
)
def test_forecasts(came, verdict):
    finding = sections.tell_forecasts(track_all(held(came)))
    assert finding.verdict == verdict
    assert "For the month after" in said(finding)


def test_a_miss_of_orders_is_no_miss_of_revenue():
    months = held([100.0])
    months.loc[months["measure"] == "orders", ["came", "inside"]] = [150.0, False]
    finding = sections.tell_forecasts(track_all(months))
    assert (finding.verdict, finding.facts["inside"]) == ("held", 2)
    assert "outside" not in said(finding).partition("{'kind': 'table'")[0]


@pytest.mark.parametrize(("last", "verdict"), [(10.1, "steady"), (30.0, "worse"), (1.0, "better")])
def test_scorecard_and_first_screen(last, verdict):
    indicators = figures(last)
    board = sections.tell_scorecard(scorecard(indicators), indicators)
    assert board.verdict == verdict
    assert "90%" in said(board)
    nobody = sections.tell_planned([], END)
    screen = sections.first_screen(board, sections.tell_forecasts(track_all(held([100.0]))), nobody)
    writer = writer_of(Report("cycle", report_sample.ABOUT).told.page, "en")
    writer.answer(screen.answer.verdict, **screen.answer.facts)
    for tile in screen.tiles:
        writer.tile(tile.key, tile.estimate, tile.unit, tile.verdict, mark=tile.mark, **tile.facts)


def test_a_figure_on_a_new_level_is_named_where_nothing_else_changed():
    indicators = pd.concat([figures(10.0), figures(9.0, "solved"), figures(11.0, "revenue").assign(quadrant="value")])
    board = scorecard(indicators)
    board.loc[board["indicator"] == "solved", "light"] = "jumped"
    told = sections.tell_scorecard(board, indicators)
    seen = told.frames["lights"].set_index("indicator")["seen_from"]
    judged = board[board["light"] == "steady"].set_index("indicator")
    reach = (judged["usual_high"] / judged["usual"] - 1).combine(1 - judged["usual_low"] / judged["usual"], max)
    assert np.isnan(seen["solved"]) and seen[reach.index].tolist() == reach.tolist()
    screen = sections.first_screen(
        told, sections.tell_forecasts(track_all(held([100.0]))), sections.tell_planned([], END)
    )
    assert screen.answer.verdict == "steady_but" and screen.answer.facts["jumped"] == "solved"
    writer = writer_of(Report("cycle", report_sample.ABOUT).told.page, "en")
    writer.answer(screen.answer.verdict, **screen.answer.facts)
    assert "leaves its range only by a change of" in said(told)


def test_too_early_for_lights():
    indicators = figures(10.0).head(5)
    board = sections.tell_scorecard(scorecard(indicators), indicators)
    assert board.verdict == "early"
    assert said(board)


@pytest.mark.parametrize(("last", "outcome"), [(30.0, "moved"), (1.0, "against"), (10.0, "noise"), (None, "early")])
def test_plans(last, outcome):
    month = "2026-02" if last is not None else "2026-04"
    made_from = pd.Period(month, "M").start_time - pd.Timedelta(days=1)
    cell = {"text": "x", "indicator": "wait", "change_low": 0.1, "change_high": 0.5}
    plan = new_plan("demo", made_from, {("customer", "plan"): cell})
    indicators = figures(10.0 if last is None else last)
    finding = sections.tell_plans(score_plans([plan], indicators, indicators["month"].max()))
    assert finding.verdict == outcome
    assert "does not prove" in said(finding)


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ({}, "empty"),
        ({"text": "Call the ten"}, "unowned"),
        ({"text": "Call the ten", "owner": "Ann"}, "complete"),
        ({"text": "Call the ten", "due": pd.Timestamp("2026-02-10")}, "late"),
    ],
)
def test_planned(cell, verdict):
    finding = sections.tell_planned([new_plan("demo", "2026-02-28", {("brand", "plan"): cell})], END)
    assert finding.verdict == verdict
    assert said(finding)


@pytest.mark.parametrize(("status", "open_steps"), [("open", 1), ("done", 0)])
def test_a_plan_of_a_month_that_is_over_is_not_called_the_next(status, open_steps):
    cell = {"text": "Call the ten", "owner": "Ann", "status": status}
    finding = sections.tell_planned([new_plan("demo", "2026-01-31", {("brand", "plan"): cell})], END)
    assert finding.verdict == "past"
    assert f"The plan for February 2026 is over, {open_steps or 'none'} of its steps open" in said(finding)
    coming = new_plan("demo", "2026-02-28", {("brand", "plan"): cell})
    assert sections.tell_planned([new_plan("demo", "2026-01-31", {}), coming], END).verdict == "complete"


def test_each_light_has_its_twelve_months_as_a_line():
    indicators = figures(30.0)
    words = said(sections.tell_scorecard(scorecard(indicators), indicators))
    assert "from 9 to 30, between 9 and 30" in words


def test_between_two_waves_the_last_one_stands_with_its_month():
    asked = {"value": [np.nan] * 10 + [0.8, *[np.nan] * 3], "n": [np.nan] * 10 + [90.0] * 4}
    indicators = figures(10.0, "satisfied").assign(**asked)
    board = sections.tell_scorecard(scorecard(indicators), indicators)
    row = board.frames["lights"].iloc[0]
    assert (row["light"], row["value"], row["n"], str(row["as_of"].date())) == ("absent", 0.8, 90, "2025-11-01")
    assert "80.0% (Nov 2025)" in said(board)


def test_the_front_draws_each_line_under_its_side():
    indicators = pd.concat([figures(10.0), figures(9.0, "solved"), figures(11.0, "revenue").assign(quadrant="value")])
    board = sections.tell_scorecard(scorecard(indicators), indicators)
    forecasts, planned = sections.tell_forecasts(track_all(held([100.0]))), sections.tell_planned([], END)
    report = Report("cycle", report_sample.ABOUT)
    report.tell(board)
    report.first_screen(sections.first_screen(board, forecasts, planned))
    writer = writer_of(report.told.page, "en")
    writer.write(report.told)
    front, _ = report_sample.pages_of(writer)
    assert front.count('<td class="left"><svg class="spark"') == front.count("as usual</th>") == 3
    heads = [f'scope="rowgroup" class="left" colspan="5">{side}<' for side in ("Interaction", "Value")]
    assert [front.count(head) for head in heads] == [1, 1]


def test_no_plan_nothing_wrong_nothing_restated():
    none = pd.DataFrame()
    told = [
        sections.tell_planned([], END),
        sections.tell_plans(score_plans([], figures(10.0), END)),
        sections.tell_corrective(none, none),
        sections.tell_restated(pd.DataFrame(columns=["indicator", "month"]), pd.DataFrame(columns=["inside"])),
    ]
    assert {str(one.verdict) for one in told} == {"none"}
    assert all(said(one) for one in told)


@pytest.mark.parametrize(
    ("step", "verdict"),
    [({}, "open"), ({"came_back": 1}, "came_back"), ({"came_back": 0}, "holds")],
)
def test_corrective(step, verdict):
    known = {"cause": "A late service", "owner": "Ann"} if step else {"cause": None, "owner": None}
    row = {"indicator": "wait", "month": END, "deviation": None, "action": "x", "due": END, "status": "open"}
    steps = pd.DataFrame([{**row, **known, "came_back": 0, "watched": 3, **step}])
    finding = sections.tell_corrective(steps, pd.DataFrame({"indicator": ["wait"]}))
    assert finding.verdict == verdict
    assert said(finding)


def test_restated_and_turned():
    moved = pd.DataFrame([(END, "revenue", END, 100.0, 90.0, -0.1)],
                         columns=["closed_on", "indicator", "month", "was", "now", "change"])  # fmt: skip
    flipped = pd.DataFrame([(END, END, "revenue", 80.0, 120.0, 90.0, 70.0, False)],
                           columns=["told_on", "start", "measure", "low", "high", "was", "came", "inside"])  # fmt: skip
    for turned, verdict in ((flipped, "turned"), (flipped.head(0), "some")):
        finding = sections.tell_restated(moved, turned)
        assert finding.verdict == verdict
        assert said(finding)


def test_growth_is_that_of_the_sums():
    """Six months of 10, 20, 30, 40, 50, 60 after six of which each was half as much, but the first a tenth."""
    now, before = np.array([10.0, 20, 30, 40, 50, 60]), np.array([1.0, 10, 15, 20, 25, 30])
    months = pd.date_range("2024-01-01", periods=18, freq="MS")

    def told_of(first, last):
        rows = {"revenue": [*first, *[np.nan] * 6, *last], "newcomers": [1] * 6 + [0] * 12}
        parts = [pd.DataFrame({"indicator": name, "month": months, "value": of}) for name, of in rows.items()]
        return sections.tell_years(pd.concat(parts).assign(quadrant="value", n=np.nan))

    told = told_of(before, now)
    assert (told.verdict, told.facts["months"]) == ("up", 6)
    grown, ratio = told.facts["grown"], 210 / 101
    assert grown.value == pytest.approx(ratio - 1)
    left = now - ratio * before
    reach = 2.015048 * np.sqrt(6 * left.var(ddof=1)) / 210  # Student's t at five degrees of freedom
    assert (grown.low, grown.high) == pytest.approx((ratio * np.exp(-reach) - 1, ratio * np.exp(reach) - 1), rel=1e-6)
    followed = told_of(now, before)
    assert followed.verdict == "followed" and "below the year before: the data follow" in said(followed)


@pytest.mark.parametrize(("growth", "verdict"), [(1.5, "up"), (0.5, "down"), (1.0, "unclear")])
def test_years_with_a_festival_between_two_months(growth, verdict):
    rng = np.random.default_rng(1)
    months = pd.date_range("2024-01-01", periods=26, freq="MS")
    value = 100.0 * growth ** (np.arange(26) / 12) * np.exp(rng.normal(scale=0.05, size=26))
    table = pd.DataFrame({"quadrant": "value", "indicator": "revenue", "month": months, "value": value, "n": np.nan})
    finding = sections.tell_years(table, festival="spring_festival")
    assert finding.verdict == verdict
    assert "17 February 2026" in said(finding)
    assert sections.tell_years(table.head(8)).verdict == UNUSABLE
    assert said(sections.tell_months(table))
