"""Charts and tables of the retention page."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import chart, table

SHARE_BAND = {"y": "share", "low": "share_low", "high": "share_high"}
BY_GROUP = {"category": "group", "value": "share", "low": "share_low", "high": "share_high"}
GAINED_AND_LOST = {"arrived": charts.GAIN, "lost": charts.RISK}

LAYOUT = {
    "calls.list": table(
        columns(
            "rank",
            "customer",
            "last_ordered_at",
            "p_alive",
            usual_days="count",
            silence_days="count",
            value_if_alive="money",
            value_at_risk="money",
        )
    ),
    "cohorts.curves": chart(
        charts.lines,
        columns("share", time="count", cohort="month_short", at_risk="count"),
        x="time",
        by="cohort",
        step=True,
        **SHARE_BAND,
    ),
    "cohorts.table": table(["cohort", "n", "share", "change"]),
    "cohorts.triangle": chart(
        charts.heatmap,
        columns("cohort", "period", "n", "customers", share="percent"),
        row="cohort",
        column="period",
        value="share",
        n="n",
        open_cell="open",
    ),
    "cohorts.mixture": chart(
        charts.lines,
        columns("period", curve="label:stay_curve", share="percent"),
        across="curve",
        x="period",
        by="curve",
        **SHARE_BAND,
    ),
    "groups.tests": table(
        columns(
            grouping="label:grouping",
            start="label:waiting_start",
            n="count",
            lowest="percent",
            highest="percent",
            p_adjusted="percent1",
            differs="label:groups_finding",
        )
    ),
    "groups.satisfaction": chart(
        charts.dots,
        columns(group="label:third", n="count", share="percent:with_interval", waiting="number1:with_interval"),
        **BY_GROUP,
    ),
    "groups.channel": chart(
        charts.dots,
        columns(group="text", n="count", share="percent:with_interval", waiting="number1:with_interval"),
        **BY_GROUP,
    ),
    "groups.first_product": chart(
        charts.dots,
        columns(group="text", n="count", share="percent:with_interval", waiting="number1:with_interval"),
        **BY_GROUP,
    ),
    "groups.first_size": chart(
        charts.dots,
        columns(group="label:third", n="count", share="percent:with_interval", waiting="number1:with_interval"),
        **BY_GROUP,
    ),
    "groups.segment": chart(
        charts.dots,
        columns(group="label:segment", n="count", share="percent:with_interval", waiting="number1:with_interval"),
        **BY_GROUP,
    ),
    "base.ledger": chart(
        charts.columns,
        columns(month="month_short", arrived="count", lost="count", closing="count"),
        x="month",
        values=list(GAINED_AND_LOST),
        colours=GAINED_AND_LOST,
    ),
    "base.revenue": chart(
        charts.waterfall,
        columns(step="label:revenue_step", amount="money_short", customers="count"),
        category="step",
        amount="amount",
        is_total="is_total",
    ),
    "states.table": table(
        ["customer_state", "customers", "days_since_order", "clv", "value_at_risk"],
        total=["customers", "clv", "value_at_risk"],
    ),
    "states.moves": chart(
        charts.heatmap,
        columns("n", before="label:customer_state", after="label:customer_state", share="percent"),
        across="after",
        row="before",
        column="after",
        value="share",
        n="n",
    ),
    "contracts.curve": chart(
        charts.lines,
        columns("period", curve="label:contract_curve", share="percent:with_interval"),
        across="curve",
        x="period",
        by="curve",
        **SHARE_BAND,
    ),
    "contracts.reasons": chart(
        charts.bars,
        columns(reason="text", customers="count", share="percent:with_interval"),
        category="reason",
        value="share",
        low="share_low",
        high="share_high",
    ),
    "needs.expected": chart(
        charts.bars,
        columns("band_low", "customers", expected_active="count:with_interval", clv="money_short"),
        category="band_low",
        value="expected_active",
        low="expected_active_low",
        high="expected_active_high",
    ),
    "needs.list": table(
        columns("customer", call_by="date_short", next_order_high="date_short", spend_per_order="money")
    ),
    "needs.jars": table(columns("customer", product_id="text", quantity="number", call_by="date_short")),
    "worth.equity": table(
        columns(step="label:point_step", equity="money_short:with_interval", moved="money_short:with_interval")
    ),
    "worth.levers": table(columns(lever="label:equity_lever", elasticity="number2:with_interval", published="number1")),
    "worth.back": table(
        columns("customer_state", "customers", brings="money", break_even="percent1", unasked="percent:with_interval")
    ),
    "last.agreed": table(columns(identity="label:identity", left="number", right="number")),
    "judged.rankings": table(
        columns(
            score="label:ranking",
            auc="percent1:with_interval",
            gap="points1:with_interval",
            verdict="label:beside",
            n="count",
        )
    ),
    "judged.reliability": chart(
        charts.dots,
        columns(predicted="percent1", n="count", observed="percent1:with_interval"),
        category="predicted",
        value="observed",
        low="observed_low",
        high="observed_high",
        before="predicted",
    ),
}
