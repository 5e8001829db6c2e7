"""A page with every component, on invented numbers: what the tests of the page, and of its looks, are made with."""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from regulars.finding import NOT_SUPPLIED, Finding, sums
from regulars.labels import SatisfactionState
from regulars.pages import declared
from regulars.pages.index import render_index
from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Trend, Word, chart, section, table
from regulars.report.render import render_blocks
from regulars.report.wording import FOLDER, Wording
from regulars.report.writer import Writer
from regulars.statistics.intervals import Estimate
from regulars.told import Report, read_told

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
    orders_sampled=False,
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
    "tile.forecast.line": "Orders so far",
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
    "tracking.histogram.alt": "Customers by repeat orders: {none:count} have none, {expected:count} were expected.",
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
    "who.list.caption": "The most valuable customers at risk, by pseudonym",
    "action.call": "Call the {customers:count} most valuable who have gone quiet",
    "action.call.owner": "Sales",
    "action.call.by": "by Friday",
    "action.remind": "Remind {customers:count} whose stock should run out before the 15th",
    "action.remind.brings": "the margin of one order each, {gain.value:money_short} in all",
    "action.remind.owner": "Shop",
    "action.leave": "Leave {customers:count} who are likely gone",
    "action.leave.owner": "Marketing",
    "action.learn": "Ask those who left why",
    "action.learn.owner": "Service",
    "chapter.hindsight": "Hindsight",
    "chapter.risk": "Who is at risk",
    "spread.question": "Is the risk spread evenly?",
    "spread.title.alike": "The risk is spread evenly",
    "spread.nothing": "how the risk is spread",
    "who.absent.caption": "Nobody",
    "term.kept": "kept",
    "term.kept.meaning": "ordered at least once in the quarter after a quarter in which they ordered",
    "models": "Models: {first} and {second}, chosen on {holdouts:count} hold-outs.",
    "brief.question": "Who is worth most?",
    "brief.title": "The first is worth most",
    "brief.rows.caption": "What they are worth, at length",
    "brief.rows.caption.front": "Those worth most",
    "brief.sure": "These are ranks.",
    "brief.caveat": "Ranks say nothing of distances.",
    "told.question": "Who is it?",
    "told.title.few": "Of all {listed:count} it is the first",
    "told.text": "Together {worth:money}.",
    "told.bars.alt": "Value at risk by segment, {worth:money} in all.",
    "told.bars.caption": "Value at risk by segment.",
    "told.states.caption": "Value at risk by segment",
    "told.sure.few": "They are only {listed:count}.",
    "told.bars.x": "value at risk",
    "cohorts.curves.x": "months since the first order",
    "cohorts.curves.y": "share who have ordered again",
    "cohorts.triangle.x": "months since the first order",
    "cohorts.triangle.y": "first order in · n",
    "tracking.lines.x": "month",
    "tracking.lines.y": "orders since the start",
    "tracking.histogram.x": "repeat orders",
    "tracking.histogram.y": "customers",
    "who.segments.x": "value at risk, next 12 months",
    "who.dots.x": "share who have ordered again",
    "who.lorenz.x": "share of customers, the most valuable first",
    "who.lorenz.y": "share of the value",
    "who.states.x": "share of customers",
    "who.ledger.x": "rows",
    "word.equal": "if all were worth the same",
    "word.now": "this quarter",
    "word.before": "the quarter before",
    "column.age": "Months",
    "column.p_active": "Chance of an order",
    "column.came": "Came",
    "column.expected": "Expected",
    "column.before": "Before",
    "column.state": "State",
    "column.step": "Step",
    "column.rows": "Rows",
    "column.curve": "Curve",
    "column.class": "Repeat orders",
}
FIGURES, IN_FRONT = 9, 3  # on both levels, and of them in front
PAGE = Page(
    "retention",
    "retention.html",
    (
        section(
            "cohorts",
            front=True,
            curves=chart(
                charts.lines,
                {"cohort": "text", "n": "count", "age": "months", "share": "percent:with_interval"},
                across="age",
                x="age",
                y="share",
                by="cohort",
                low="share_low",
                high="share_high",
                x_step=3,
                colours={"January 2025": charts.BEFORE, "March 2025": charts.NOW},
            ),
            triangle=chart(
                charts.heatmap,
                {"cohort": "month_short", "n": "count", "age": "count", "share": "percent"},
                across="age",
                row="cohort",
                column="age",
                value="share",
                n="n",
                open_cell="is_open",
            ),
        ),
        section(
            "tracking",
            front="lines",
            chapter="hindsight",
            lines=chart(
                charts.lines,
                {"month": "month_short", "curve": "text", "orders": "count_short"},
                across="curve",
                x="month",
                y="orders",
                by="curve",
                low="orders_low",
                high="orders_high",
                colours={"expected": charts.BEFORE, "came": charts.NOW},
            ),
            histogram=chart(
                charts.columns,
                {"class": "text", "expected": "count", "came": "count"},
                x="class",
                values=["expected", "came"],
            ),
        ),
        section(
            "who",
            front=("absent", "segments"),
            chapter="risk",
            absent=table(columns("segment")),
            segments=chart(
                charts.bars,
                columns("segment", "customers", value_at_risk="money_short:with_interval"),
                category="segment",
                value="value_at_risk",
                low="value_at_risk_low",
                high="value_at_risk_high",
                colours=charts.RISK,
            ),
            dots=chart(
                charts.dots,
                columns("segment", "share", before="percent"),
                category="segment",
                value="share",
                low="share_low",
                high="share_high",
                before="before",
                names=(Word("word.now"), Word("word.before")),
            ),
            lorenz=chart(
                charts.lorenz,
                {"customers": "percent", "curve": "text", "value": "percent"},
                across="curve",
                x="customers",
                y="value",
                by="curve",
                equal=Word("word.equal"),
                colours={"past revenue": charts.BEFORE, "future value": charts.NOW},
            ),
            states=chart(
                charts.shares,
                {"segment": "label:segment", "state": "label:satisfaction_state", "share": "percent"},
                across="state",
                category="segment",
                part="state",
                share="share",
                colours={"dissatisfied": charts.RISK, "satisfied": charts.BEFORE, "highly_satisfied": charts.GAIN},
            ),
            ledger=chart(
                charts.waterfall,
                {"step": "text", "rows": "count"},
                category="step",
                amount="rows",
                is_total="is_total",
                colours=dict.fromkeys(("Merged duplicates", "Netted returns", "Rejected"), charts.BEFORE),
            ),
            list=table(
                columns("customer", "segment", "last_ordered_at", "p_active", value_at_risk="money:with_interval"),
                total=["value_at_risk"],
            ),
        ),
        section(
            "brief", front=True, chapter="risk", rows=table(columns("segment", value_at_risk="money"), front_rows=2)
        ),
        section("surveys", front=True),
        section("spread", chapter="risk", nothing=("alike",)),
        section(
            "told",
            chapter="risk",
            bars=chart(
                charts.bars, columns("segment", value_at_risk="money"), category="segment", value="value_at_risk"
            ),
            states=table(columns("segment", value_at_risk="money")),
        ),
    ),
    {"forecast": Trend("tracking.lines", "month", "orders", "count", {"curve": "came"})},
)


def wording_folder(folder: Path) -> Path:
    """Folder with the sample's own sentences and those of the index."""
    header = 'msgid ""\nmsgstr ""\n"Language: en_GB\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    own = "".join(f"\nmsgid {json.dumps(f'retention.{key}')}\nmsgstr {_quoted(text)}\n" for key, text in WORDS.items())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "retention.en.po").write_text(header + own, encoding="utf-8")
    index = Path(declared.__file__).with_name("index.en.po")
    (folder / index.name).write_text(index.read_text(encoding="utf-8"), encoding="utf-8")
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
    curves = [
        {"curve": name, "customers": x, "value": x**power}
        for name, power in (("past revenue", 0.3), ("future value", 0.42))
    ]
    return pd.concat(map(pd.DataFrame, curves), ignore_index=True)


def histogram() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "class": [*map(str, range(7)), "7+"],
            "expected": [1407.7, 460.3, 192.5, 101.2, 59.8, 38.1, 25.5, 71.9],
            "came": [1411, 439, 214, 100, 62, 38, 29, 64],
        }
    )


def ledger() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": ["In the source", "Merged duplicates", "Netted returns", "Rejected", "Kept"],
            "rows": [412_880, -5_268, -3_105, -3_300, 401_207],
            "is_total": [True, False, False, False, True],
        }
    )


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


def first_screen(report) -> None:
    """Answer and tiles, of a recorder or of a writer."""
    kept, risk = Estimate(0.71, 0.696, 0.724, 4210), Estimate(412_000.0, 371_000.0, 455_000.0, 1140)
    gain = Estimate(12_000.0, 9_000.0, 16_000.0, 200)
    report.answer("worse", kept=kept, risk=risk, customers=1140, calls=200, gain=gain)
    report.tile("kept", kept, "percent", verdict="same", indicator="retention")
    report.tile("risk", risk, "money_short", verdict="worse", horizon=12, change=38_000)
    again = Estimate(0.38, 0.365, 0.396, 3870)
    report.tile("again", again, "percent", verdict="better", indicator="repurchase", days=90, change=0.03)
    report.tile("forecast", Estimate(1962, 1780, 2150), "count", verdict="held", came=1991)


def findings() -> list[Finding]:
    """The sections of the page."""
    old, new = Estimate(0.46, 0.45, 0.47, 7814), Estimate(0.55, 0.54, 0.56, 8476)
    return [
        Finding(
            "apart",
            {"old": old, "new": new, "first": 0.31},
            {"curves": curves(), "triangle": triangle()},
            key="cohorts",
        ),
        Finding(
            None,
            {"gap": 0.012, "came": 14_900, "told": 14_700, "none": 1411, "expected": 1408},
            {"lines": tracking(), "histogram": histogram()},
            {"lines": {"marks": {"2025-12-31": "forecast from here"}}},
            key="tracking",
        ),
        Finding(
            None,
            {"most": 142_000, "top": 0.83, "past": 0.62, "future": 0.51, "bad": 0.38, "raw": 412_880, "kept": 401_207},
            {
                "segments": segments(),
                "dots": segments(),
                "lorenz": concentration(),
                "states": satisfaction(),
                "ledger": ledger(),
                "list": listed(),
            },
            key="who",
        ),
        Finding(None, {}, {"rows": segments()}, key="brief"),
        Finding(NOT_SUPPLIED, key="surveys"),
        Finding("alike", key="spread"),
    ]


def record(**about) -> Report:
    """The sample as its stage tells it, of a dataset that may differ; its files lie below ``REGULARS_STAGING``."""
    report = Report("retention", SimpleNamespace(**{**vars(ABOUT), **about}))
    first_screen(report)
    report.tell(*findings())
    report.action("call", customers=200, **sums(Estimate(12_000, 9_000, 16_000), 2_000))
    report.action("remind", customers=640, **sums(Estimate(25_000, 21_000, 29_000), 640))
    report.action("leave", customers=1870, **sums(Estimate(1_900, -300, 4_100), 0))
    report.action("learn")
    report.term("kept")
    report.term("clv", "interval", horizon_months=12, margin=0.4, annual_discount_rate=0.08, origin="assumed")
    report.metric("quick_ratio", float("nan"), "number")
    report.close(first="BG/NBD", second="Gamma-Gamma", holdouts=3)
    return report


def writer(words: Path, page: dict | None = None) -> Writer:
    """A writer of the sample page that has written nothing yet, with the sentences of one folder."""
    page = page or Report("retention", ABOUT).told.page
    return Writer(PAGE, page, Wording("en", page["currency"], (FOLDER, wording_folder(words))))


def build(words: Path, **about) -> Writer:
    """Sample page with every kind of block and of chart, recorded, read again and written."""
    record(**about)
    told = read_told(ABOUT.name, "retention")
    made = writer(words, told.page)
    made.write(told)
    return made


def pages_of(made: Writer, blocks: list[dict] | None = None) -> tuple[str, str]:
    """Page of what a writer has written, or of some blocks: in front and in detail."""
    files = (declared.FILES, PAGE.detail_file)
    return render_blocks(made.blocks if blocks is None else blocks, made.about, made.wording, *files)


def index_of(told, blocks: list[dict], folders, language: str = "en") -> str:
    """Index of the sample, of the blocks of its one page."""
    return render_index(ABOUT, {"retention": told}, {"retention": blocks}, language=language, folders=folders)


def html_of(made: Writer, blocks: list[dict] | None = None) -> str:
    """What stands in front."""
    return pages_of(made, blocks)[0]
