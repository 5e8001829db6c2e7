"""Charts and tables of the satisfaction page."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import chart, table

SCORE = "number1:with_interval"

MAP = {"category": "driver", "x": "performance"}
ACROSS = ("performance_low", "performance_high")

LAYOUT = {
    "satisfied.constructs": chart(
        charts.dots,
        columns(construct="text", performance=SCORE, n="count"),
        category="construct",
        value="performance",
        low="performance_low",
        high="performance_high",
    ),
    "why.map": chart(
        charts.bubbles,
        columns(
            driver="text",
            effect="number2:with_interval",
            performance=SCORE,
            share="percent:with_interval",
            rank_first="percent",
            n="count",
        ),
        y="effect",
        size="share",
        ends={"effect": ("effect_low", "effect_high"), "performance": ACROSS},
        **MAP,
    ),
    "why.questions": table(
        columns(
            wording="text",
            driver="text",
            performance=SCORE,
            effect="number2:with_interval",
            room=SCORE,
            rank_first="percent",
        )
    ),
    "levers.map": chart(
        charts.bubbles,
        columns(
            driver="text",
            worth="money_short:with_interval",
            performance=SCORE,
            left="money_short",
            rank_first="percent",
            n="count",
        ),
        y="worth",
        size="left",
        ends={"worth": ("worth_low", "worth_high"), "performance": ACROSS},
        **MAP,
    ),
    "measured.quality": table(
        columns(
            construct="text",
            items="count",
            ave="number2",
            composite_reliability="number2",
            alpha="number2",
            htmt="number2",
            r_squared="number2",
        )
    ),
    "measured.weights": table(
        columns(wording="text", construct="text", share="percent", weight="number2", loading="number2")
    ),
    "waves.line": chart(
        charts.lines,
        columns(wave="text", date="date_short", n="count", satisfaction=SCORE),
        x="date",
        y="satisfaction",
        low="satisfaction_low",
        high="satisfaction_high",
        from_zero=False,
    ),
    "waves.table": table(
        columns(
            wave="text",
            n="count",
            satisfaction=SCORE,
            dissatisfied="percent:with_interval",
            nps="number0:with_interval",
            csat="percent:with_interval",
        )
    ),
    "gap.items": chart(
        charts.shares,
        columns(wording="text", state="label:satisfaction_state", share="percent:with_interval", n="count"),
        category="wording",
        part="state",
        share="share",
        colours={"dissatisfied": charts.RISK, "satisfied": charts.BEFORE, "highly_satisfied": charts.GAIN},
    ),
    "who.segments": chart(
        charts.dots,
        columns("segment", "n", value=SCORE),
        category="segment",
        value="value",
        low="value_low",
        high="value_high",
    ),
    "complaints.causes": chart(
        charts.bars,
        columns(category="text", tickets="count", share="percent:with_interval"),
        category="category",
        value="share",
        low="share_low",
        high="share_high",
    ),
    "complaints.endings": table(
        columns(
            category="text",
            n="count",
            open="count",
            resolved_quickly="percent",
            not_satisfied="percent:with_interval",
            median_days=SCORE,
        ),
        total=["n", "open"],
    ),
    "service.steps": chart(
        charts.bars,
        {"step": "label:handling_step", "share": "percent:with_interval", "n": "count"},
        category="step",
        value="share",
        low="share_low",
        high="share_high",
    ),
    "service.sla": table(
        {
            "step": "label:promise",
            "hours": "count",
            "share": "percent:with_interval",
            "overdue": "count",
            "n": "count",
        }
    ),
    "service.returned": table(
        {
            "outcome": "label:outcome",
            "loss": "label:loss",
            "share": "percent:with_interval",
            "n": "count",
            "published": "percent",
        }
    ),
    "flow.line": chart(
        charts.lines,
        columns(month="month_short", complaints="count", series="label:flow_series", per_thousand="number1"),
        across="series",
        x="month",
        y="per_thousand",
        by="series",
        low="low",
        high="high",
    ),
    "flow.backlog": table(
        columns(month="month_short", opened="count", closed="count", backlog="count", mean_age_days="count")
    ),
    "desk.owners": chart(
        charts.dots,
        columns(owner="text", share="percent:with_interval", n="count"),
        category="owner",
        value="share",
        low="share_low",
        high="share_high",
    ),
    "desk.shares": table(columns(measure="label:desk_measure", share="percent:with_interval", n="count")),
    "desk.remedies": table(columns(requested_remedy="text", share="percent:with_interval", n="count")),
    "desk.trail": table(columns(status="text", n="count", open="count", median_hours="number1:with_interval")),
    "desk.faults": table(columns(fault="text")),
    "goods.products": chart(
        charts.dots,
        columns(product="text", complaints="count", n="count", per_thousand="number1:with_interval"),
        category="product",
        value="per_thousand",
        low="per_thousand_low",
        high="per_thousand_high",
        from_zero=True,
    ),
    "goods.units": table(
        columns(
            product_id="text",
            n="count",
            repaired="count",
            share="percent:with_interval",
            cost="money",
            under_warranty="count",
        )
    ),
    "worth.value": chart(
        charts.dots,
        {
            "position": "label:satisfaction_level",
            "satisfaction": "number1",
            "value": "money:with_interval",
            "n": "count",
        },
        category="position",
        value="value",
        low="value_low",
        high="value_high",
    ),
    "worth.assumptions": table(
        columns(
            assumption="label:assumption",
            rate_pct="percent",
            dropout_pct="percent",
            at_risk="money_short:with_interval",
        )
    ),
}
