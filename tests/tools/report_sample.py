"""A page with every component, on invented numbers: what the tests of the page, and of its looks, are made with."""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from regulars.labels import SatisfactionState, Segment
from regulars.report import Report, charts
from regulars.report import wording as wording_module
from regulars.report.columns import columns
from regulars.report.layout import chart, table
from regulars.statistics.intervals import Estimate

ABOUT = SimpleNamespace(
    name="example",
    title="Example Ltd",
    currency="GBP",
    simulated=True,
    time_zone="Europe/London",
    observation_start=date(2024, 1, 1),
    observation_end=date(2026, 6, 30),
    supplied=["orders"],
    rows_raw=412_880,
    rows_kept=401_207,
    share=1.0,
)
WORDS = {
    "answer.worse": (
        "We kept {kept:percent} of last quarter’s customers, as expected; {risk:money} of next year’s margin is at "
        "risk in {customers:count} of them"
    ),
    "answer.worse.lead": (
        "Two thirds of the risk sits with customers who used to order monthly and have been silent for seven weeks. "
        "Calling the first {calls:count} on the list should bring back between {gain.low:money} and {gain.high:money}."
    ),
    "answer.worse.card": (
        "{kept:percent1} of last quarter’s customers were kept ({kept:percent1:interval}); {risk:money_short} of "
        "margin is at risk ({risk:money_short:interval}, {customers:count} customers); calling {calls:count} of them "
        "brings {gain:money_short:interval}"
    ),
    "tile.kept": "Customers kept, last quarter",
    "tile.kept.same": "no change beyond noise",
    "tile.risk": "Margin at risk, {horizon:months}",
    "tile.risk.worse": "{change:money_short} more than in May",
    "tile.again": "Ordered again within {days:days}",
    "tile.again.better": "{change:points} more than last quarter",
    "tile.forecast": "Last month’s forecast of orders",
    "tile.forecast.note": "came: {came:count} · within the {level:percent} interval",
    "tile.forecast.held": "held",
    "cohorts.question": "Are newer customers better or worse?",
    "cohorts.title.apart": (
        "Customers won in March come back sooner than those of January, and the gap is more than chance"
    ),
    "cohorts.text": (
        "After eighteen months {new:percent} of March’s customers have ordered again, against {old:percent} of "
        "January’s. The curves part in the third month, after the first reminder."
    ),
    "cohorts.curves.alt": (
        "Share of customers who have ordered again, by months since their first order, for two cohorts. After 18 "
        "months {old:percent} of January’s and {new:percent} of March’s."
    ),
    "cohorts.curves.caption": (
        "Share who have ordered again (Kaplan–Meier), bands are {level:percent} intervals. January n = {old.n:count}, "
        "March n = {new.n:count}."
    ),
    "cohorts.sure": (
        "If both months were alike, a gap this large would come up less than once in 1,000 times. A rising curve alone "
        "would not mean growing loyalty: the quick ones come first."
    ),
    "cohorts.triangle.alt": (
        "Share of each month’s new customers who ordered again in each later month; {first:percent} one month after "
        "the first order."
    ),
    "cohorts.triangle.caption": (
        "Share of each cohort that ordered in the month; beside a cohort its number of customers. A dotted edge: the "
        "month is not over."
    ),
    "tracking.question": "Does the forecast hold?",
    "tracking.title": "Orders came {gap:percent} above the forecast, inside its band",
    "tracking.lines.alt": "Cumulative orders: {came:count} came by the end, {told:count} were forecast.",
    "tracking.lines.caption": "Cumulative orders. To the right of the upright line the forecast has seen nothing.",
    "tracking.histogram.alt": "Customers by repeat orders: {none:count} have none, {told:count} were expected.",
    "tracking.histogram.caption": "Customers by number of repeat orders, as the model expects them and as they came.",
    "who.question": "Who is at risk?",
    "who.title": "A quarter of the customers carries two thirds of the value at risk",
    "who.segments.alt": "Value at risk by segment; the largest is {most:money_short}.",
    "who.segments.caption": "Value at risk by segment, whiskers are {level:percent} intervals.",
    "who.dots.alt": "Share that ordered again, by segment, this quarter and the one before; champions {top:percent}.",
    "who.dots.caption": "Share that ordered again within 90 days, bars are {level:percent} intervals.",
    "who.lorenz.alt": (
        "The top fifth of customers brought {past:percent} of past revenue and should bring {future:percent} of future "
        "value."
    ),
    "who.lorenz.caption": "Share of revenue and of expected value that the most valuable customers hold.",
    "who.states.alt": "Customers by satisfaction: {bad:percent} of those at risk are dissatisfied.",
    "who.states.caption": "Customers by state of satisfaction.",
    "who.ledger.alt": "From {raw:count} rows in the source to {kept:count} kept.",
    "who.ledger.caption": "Every row of the source ends as kept, merged, netted or rejected.",
    "list.caption": "The most valuable customers at risk, by pseudonym",
    "action.call": "Call the {customers:count} most valuable who have gone quiet",
    "action.call.brings": "brings {brings:money_short:interval}",
    "action.call.owner": "Sales · by Friday",
    "action.remind": "Remind {customers:count} whose stock should run out before the 15th",
    "action.remind.brings": "brings {brings:money_short:interval}",
    "action.remind.owner": "Shop · by the 10th",
    "action.leave": "Leave {customers:count} who are likely gone",
    "action.leave.brings": "saves about {saves:money_short}",
    "action.leave.owner": "Marketing",
    "term.kept": "kept",
    "term.kept.meaning": "ordered at least once in the quarter after a quarter in which they ordered",
    "models": "Models: {first} and {second}, chosen on {holdouts:count} hold-outs.",
    "told.question": "Who is it?",
    "told.title.few": "Of all {listed:count} it is the first",
    "told.text": "Together {worth:money}.",
    "told.bars.alt": "Value at risk by segment, {worth:money} in all.",
    "told.bars.caption": "Value at risk by segment.",
    "told.states.caption": "Value at risk by segment",
    "told.sure.few": "They are only {listed:count}.",
    "told.bars.x": "value at risk",
    "axis.months": "months since the first order",
    "axis.share": "share who have ordered again",
    "axis.orders": "orders since the start",
    "axis.month": "month",
    "axis.repeat_orders": "repeat orders",
    "axis.customers": "customers",
    "axis.at_risk": "value at risk, next 12 months",
    "axis.top_customers": "share of customers, the most valuable first",
    "axis.value_share": "share of the value",
    "axis.cohort": "first order in · n",
    "axis.rows": "rows",
    "axis.customers_share": "share of customers",
    "word.forecast_from": "forecast from here",
    "word.equal": "if all were worth the same",
    "word.now": "this quarter",
    "word.before": "the quarter before",
    "word.came": "came",
    "word.expected": "expected",
    "word.past": "past revenue",
    "word.future": "future value",
    "column.age": "Months",
    "column.came": "Came",
    "column.expected": "Expected",
    "column.before": "Before",
    "column.state": "State",
    "column.step": "Step",
    "column.rows": "Rows",
    "column.curve": "Curve",
    "column.class": "Repeat orders",
}
FIGURES = 9
LAYOUT = {
    "told.bars": chart(
        charts.bars, columns("segment", value_at_risk="money"), category="segment", value="value_at_risk"
    ),
    "told.states": table(columns("segment", value_at_risk="money")),
    "list": table(
        columns("customer", "segment", "last_ordered_at", "p_active", value_at_risk="money:with_interval"),
        total=["value_at_risk"],
    ),
}


def wording_folder(folder: Path) -> Path:
    """Folder with the package's English and the sample's own sentences."""
    english = (wording_module.FOLDER / "en.po").read_text(encoding="utf-8")
    own = "".join(f"\nmsgid {json.dumps(f'retention.{key}')}\nmsgstr {_quoted(text)}\n" for key, text in WORDS.items())
    folder.mkdir(parents=True, exist_ok=True)
    shared = english.split("# ---- clean ----")[0]
    (folder / "en.po").write_text(f"{shared}\n{own}", encoding="utf-8")
    return folder


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def curves() -> pd.DataFrame:
    age = np.arange(19)
    parts = []
    for cohort, level, n in (("January 2025", 0.48, 7814), ("March 2025", 0.57, 8476)):
        share = level * (1 - np.exp(-age / 6))
        half = 1.645 * np.sqrt(share * (1 - share) / n) + 0.012
        low, high = np.clip(share - half, 0, 1), share + half
        part = {"cohort": cohort, "age": age, "share": share, "share_low": low, "share_high": high, "n": n}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def triangle() -> pd.DataFrame:
    cohorts = pd.period_range("2025-07", "2026-06", freq="M")
    rows = [
        {
            "cohort": str(cohort),
            "age": age,
            "share": 0.31 * 0.86**age * (1 + 0.1 * np.sin(3 * i + age)),
            "n": 420 + 37 * ((i * 7) % 9),
            "is_open": age == len(cohorts) - 1 - i,
        }
        for i, cohort in enumerate(cohorts)
        for age in range(1, len(cohorts) - i)
    ]
    return pd.DataFrame(rows)


def tracking() -> pd.DataFrame:
    month = pd.date_range("2024-01-31", "2026-06-30", freq="ME")
    k = np.arange(1, len(month) + 1)
    came, told = 640 * k**0.92 * (1 + 0.012 * np.sin(k / 2)), 632 * k**0.92
    expected = pd.DataFrame({"curve": "expected", "month": month, "orders": told})
    expected = expected.assign(orders_low=told * (1 - 0.002 * k), orders_high=told * (1 + 0.002 * k))
    actual = pd.DataFrame({"curve": "came", "month": month, "orders": came})
    actual = actual.assign(orders_low=float("nan"), orders_high=float("nan"))
    return pd.concat([expected, actual], ignore_index=True)


def segments() -> pd.DataFrame:
    value = np.array([142_000, 96_500, 71_200, 48_800, 31_000, 14_100.0])
    names = ["cannot_lose", "at_risk", "need_attention", "champions", "about_to_sleep", "new"]
    share = np.array([0.22, 0.28, 0.41, 0.83, 0.19, 0.36])
    return pd.DataFrame(
        {
            "segment": names,
            "customers": [96, 210, 188, 131, 342, 173],
            "value_at_risk": value,
            "value_at_risk_low": 0.88 * value,
            "value_at_risk_high": 1.13 * value,
            "share": share,
            "share_low": share - 0.03,
            "share_high": share + 0.04,
            "before": share + np.array([0.05, -0.01, 0.0, 0.02, -0.06, 0.01]),
        }
    )


def listed(rows: int = 50) -> pd.DataFrame:
    i = np.arange(rows)
    at_risk = 2400.0 * 0.94**i
    return pd.DataFrame(
        {
            "customer": [f"C-{(7919 * int(k) + 31) % 99991:05d}" for k in i],
            "segment": np.where(i % 3, "at_risk", "cannot_lose"),
            "last_ordered_at": pd.Timestamp("2026-05-12") - pd.to_timedelta(i * 2, unit="D"),
            "p_active": np.clip(0.42 - 0.006 * i, 0.02, 1),
            "value_at_risk": at_risk,
            "value_at_risk_low": 0.7 * at_risk,
            "value_at_risk_high": 1.4 * at_risk,
        }
    )


def concentration() -> pd.DataFrame:
    x = np.linspace(0, 1, 21)
    curves = [{"curve": name, "customers": x, "value": x**power} for name, power in (("past", 0.3), ("future", 0.42))]
    return pd.concat(map(pd.DataFrame, curves), ignore_index=True)


def satisfaction() -> pd.DataFrame:
    states = [SatisfactionState.DISSATISFIED, SatisfactionState.SATISFIED, SatisfactionState.HIGHLY_SATISFIED]
    shares = {"champions": (0.08, 0.45, 0.47), "at_risk": (0.38, 0.5, 0.12), "new": (0.14, 0.58, 0.28)}
    return pd.DataFrame(
        [
            {"segment": segment, "state": str(state), "share": share}
            for segment, row in shares.items()
            for state, share in zip(states, row, strict=True)
        ]
    )


def first_screen(report: Report) -> None:
    kept, risk = Estimate(0.71, 0.696, 0.724, 4210), Estimate(412_000.0, 371_000.0, 455_000.0, 1140)
    gain = Estimate(12_000.0, 9_000.0, 16_000.0, 200)
    report.answer("worse", kept=kept, risk=risk, customers=1140, calls=200, gain=gain)
    report.tile("kept", kept, "percent", verdict="same", indicator="retention")
    report.tile("risk", risk, "money_short", verdict="worse", horizon=12, change=38_000)
    again = Estimate(0.38, 0.365, 0.396, 3870)
    report.tile("again", again, "percent", verdict="better", indicator="repurchase", days=90, change=0.03)
    report.tile("forecast", Estimate(1962, 1780, 2150), "count", verdict="held", came=1991)


def cohorts(report: Report) -> None:
    report.section("cohorts", "apart")
    old, new = Estimate(0.46, 0.45, 0.47, 7814), Estimate(0.55, 0.54, 0.56, 8476)
    report.say("cohorts.text", old=old, new=new)
    data = curves()
    fig = charts.lines(
        data, "age", "share", "cohort", "share_low", "share_high",
        x_title=report.word("axis.months"), y_title=report.word("axis.share"), y_format=report.format("percent"),
        x_step=3, colours={"January 2025": charts.BEFORE, "March 2025": charts.NOW},
    )  # fmt: skip
    columns = {"cohort": "text", "n": "count", "age": "months", "share": "percent:with_interval"}
    report.figure("cohorts.curves", fig, data, columns=columns, across="age", old=old, new=new)
    report.sure("cohorts.sure")
    data = triangle()
    fig = charts.heatmap(
        data, "cohort", "age", "share", n="n", open_cell="is_open",
        x_title=report.word("axis.months"), y_title=report.word("axis.cohort"), cell_format=report.format("percent"),
        row_label=report.format("month_short"), n_format=report.format("count"),
    )  # fmt: skip
    columns = {"cohort": "month_short", "n": "count", "age": "count", "share": "percent"}
    report.figure("cohorts.triangle", fig, data, columns=columns, across="age", first=0.31)


def forecast(report: Report) -> None:
    report.section("tracking", gap=0.012)
    data = tracking()
    words = {"came": report.word("word.came"), "expected": report.word("word.expected")}
    fig = charts.lines(
        data, "month", "orders", "curve", "orders_low", "orders_high",
        x_title=report.word("axis.month"), y_title=report.word("axis.orders"), label=words.get,
        x_format=report.format("month_short"), y_format=report.format("count_short"),
        colours={"expected": charts.BEFORE, "came": charts.NOW},
        marks={"2025-12-31": report.word("word.forecast_from")},
    )  # fmt: skip
    columns = {"month": "month_short", "curve": "text", "orders": "count"}
    report.figure("tracking.lines", fig, data, columns=columns, across="curve", came=14_900, told=14_700)
    data = pd.DataFrame(
        {
            "class": [*map(str, range(7)), "7+"],
            "expected": [1407.7, 460.3, 192.5, 101.2, 59.8, 38.1, 25.5, 71.9],
            "came": [1411, 439, 214, 100, 62, 38, 29, 64],
        }
    )
    fig = charts.columns(
        data, "class", {"expected": words["expected"], "came": words["came"]},
        x_title=report.word("axis.repeat_orders"), y_title=report.word("axis.customers"),
        y_format=report.format("count"),
    )  # fmt: skip
    columns = {"class": "text", "expected": "count", "came": "count"}
    report.figure("tracking.histogram", fig, data, columns=columns, none=1411, told=1408)


def at_risk(report: Report) -> None:
    report.section("who")
    data, percent = segments(), report.format("percent")
    fig = charts.bars(
        data, "segment", "value_at_risk", "value_at_risk_low", "value_at_risk_high",
        x_title=report.word("axis.at_risk"), x_format=report.format("money_short"), colours=charts.RISK,
        label=lambda name: report.label(name, "segment"),
    )  # fmt: skip
    columns = {"segment": "label:segment", "customers": "count", "value_at_risk": "money:with_interval"}
    report.figure("who.segments", fig, data, columns=columns, most=142_000)
    fig = charts.dots(
        data, "segment", "share", "share_low", "share_high", "before",
        x_title=report.word("axis.share"), x_format=percent, label=lambda name: report.label(Segment(name)),
        names=(report.word("word.now"), report.word("word.before")),
    )  # fmt: skip
    columns = {"segment": "label:segment", "share": "percent:with_interval", "before": "percent"}
    report.figure("who.dots", fig, data, columns=columns, top=0.83)
    data = concentration()
    fig = charts.lorenz(
        data, "customers", "value", "curve", equal=report.word("word.equal"),
        x_title=report.word("axis.top_customers"), y_title=report.word("axis.value_share"), x_format=percent,
        y_format=percent, label={name: report.word(f"word.{name}") for name in ("past", "future")}.get,
        colours={"past": charts.BEFORE, "future": charts.NOW},
    )  # fmt: skip
    columns = {"customers": "percent", "curve": "text", "value": "percent"}
    report.figure("who.lorenz", fig, data, columns=columns, across="curve", past=0.62, future=0.51)
    data = satisfaction()
    fig = charts.shares(
        data, "segment", "state", "share", x_title=report.word("axis.customers_share"), x_format=percent,
        label=lambda name: report.label(name, "segment"),
        part_label=lambda name: report.label(name, "satisfaction_state"),
        colours={"dissatisfied": charts.RISK, "satisfied": charts.BEFORE, "highly_satisfied": charts.GAIN},
    )  # fmt: skip
    columns = {"segment": "label:segment", "state": "label:satisfaction_state", "share": "percent"}
    report.figure("who.states", fig, data, columns=columns, across="state", bad=0.38)
    data = pd.DataFrame(
        {
            "step": ["In the source", "Merged duplicates", "Netted returns", "Rejected", "Kept"],
            "rows": [412_880, -5_268, -3_105, -3_300, 401_207],
            "is_total": [True, False, False, False, True],
        }
    )
    fig = charts.waterfall(
        data, "step", "rows", "is_total", x_title=report.word("axis.rows"), x_format=report.format("count"),
        colours=dict.fromkeys(data["step"][1:4], charts.BEFORE),
    )  # fmt: skip
    report.figure("who.ledger", fig, data, columns={"step": "text", "rows": "count"}, raw=412_880, kept=401_207)
    report.table("list", listed())
    report.not_supplied("surveys")


def build(folder: Path, simulated: bool = True) -> Report:
    """Sample page with every kind of block and of chart."""
    about = SimpleNamespace(**{**vars(ABOUT), "simulated": simulated})
    report = Report("retention", about, wording_folder=wording_folder(folder), layout=LAYOUT)
    first_screen(report)
    cohorts(report)
    forecast(report)
    at_risk(report)
    report.action("call", customers=200, brings=Estimate(12_000, 9_000, 16_000))
    report.action("remind", customers=640, brings=Estimate(25_000, 21_000, 29_000))
    report.action("leave", customers=1870, saves=1_900)
    report.term("kept")
    report.term("clv", "interval", horizon_months=12, margin=0.4, annual_discount_rate=0.08)
    report.metric("quick_ratio", float("nan"), "number")
    report.close(first="BG/NBD", second="Gamma-Gamma", holdouts=3)
    return report
