"""The retention page: its sections in order, their charts and tables."""

from regulars.labels import CustomerState
from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import WORDS, Chart, Page, Trend, chart, section, table

GAINED_AND_LOST = {"arrived": charts.GAIN, "lost": charts.RISK}


def groups_named(group: str) -> Chart:
    """How the groups of one grouping look; `group` is the format of their names."""
    shown = columns(group=group, n="count", share="percent:with_interval", waiting="number1:with_interval")
    return chart(charts.dots, shown, category="group", value="share")


PAGE = Page(
    "retention",
    "retention.html",
    (
        section(
            "calls",
            front="list",
            chapter="whom",
            list=table(
                columns(
                    "rank",
                    "customer",
                    "customer_state",
                    "last_ordered_at",
                    "p_alive",
                    usual_days="count",
                    silence_days="count",
                    value_if_alive="money",
                    value_at_risk="money",
                ),
                front=["customer", "customer_state", "last_ordered_at", "value_at_risk"],
            ),
        ),
        section(
            "kept",
            front="windows",
            chapter="base",
            windows=chart(
                charts.lines,
                columns("n", end="month_short", measure="label:kept_measure", value="percent:with_interval"),
                x="end",
                y="value",
                by="measure",
                across="measure",
                colours={"kept": charts.BEFORE, "net": charts.NOW, "gross": charts.OTHER},
            ),
            months=table(columns("n", end="month_short", value="percent:with_interval")),
        ),
        section(
            "states",
            front="table",
            chapter="whom",
            table=table(
                ["customer_state", "customers", "days_since_order", "clv", "value_at_risk"],
                total=["customers", "clv", "value_at_risk"],
                rows=len(CustomerState),
                front=["customer_state", "customers", "clv", "value_at_risk"],
            ),
            moves=chart(
                charts.heatmap,
                columns("n", before="label:customer_state", after="label:customer_state", share="percent"),
                across="after",
                row="before",
                column="after",
                value="share",
                n="n",
            ),
        ),
        section(
            "worth",
            front="back",
            chapter="worth",
            equity=table(columns(step="label:point_step", equity="money_short", moved="money_short:with_interval")),
            levers=table(columns(lever="label:equity_lever", elasticity="number2:with_interval", published="number1")),
            back=table(
                columns(
                    "customer_state",
                    "customers",
                    brings="money",
                    break_even="percent1",
                    unasked="percent:with_interval",
                )
            ),
        ),
        section(
            "base",
            front="ledger",
            chapter="base",
            ledger=chart(
                charts.columns,
                columns(month="month_short", arrived="count", lost="count", closing="count"),
                x="month",
                values=list(GAINED_AND_LOST),
                colours=GAINED_AND_LOST,
            ),
            revenue=chart(
                charts.waterfall,
                columns(step="label:revenue_step", amount="money_short", customers="count"),
                category="step",
                amount="amount",
                is_total="is_total",
            ),
        ),
        section(
            "cohorts",
            front="curves",
            chapter="again",
            nothing=("alike", "mixed"),
            unchecked="too_few",
            curves=chart(
                charts.lines,
                columns("share", time="count", cohort="month_short", at_risk="count"),
                x="time",
                by="cohort",
                ordered=True,
                step=True,
                y="share",
            ),
            table=table(["cohort", "n", "share", "change"]),
            triangle=chart(
                charts.heatmap,
                columns("cohort", "period", "n", "customers", share="percent"),
                row="cohort",
                column="period",
                value="share",
                n="n",
                open_cell="open",
            ),
            mixture=chart(
                charts.lines,
                columns("period", curve="label:stay_curve", share="percent"),
                across="curve",
                x="period",
                by="curve",
                y="share",
                low="share_low",
                high="share_high",
            ),
        ),
        section(
            "last",
            front=WORDS,
            chapter="trust",
            agreed=table(columns(identity="label:identity", left="number", right="number")),
        ),
        section(
            "needs",
            chapter="whom",
            expected=chart(
                charts.bars,
                columns("band_low", "customers", expected_active="count:with_interval", clv="money_short"),
                category="band_low",
                value="expected_active",
            ),
            list=table(
                columns("customer", call_by="date_short", next_order_high="date_short", spend_per_order="money")
            ),
            jars=table(columns("customer", product_id="text", quantity="number", call_by="date_short")),
        ),
        section("jar", chapter="whom", nothing="no_link"),
        section("costs", chapter="worth"),
        section("referrals", chapter="worth", nothing="alike"),
        section(
            "contracts",
            chapter="base",
            curve=chart(
                charts.lines,
                columns("period", curve="label:contract_curve", share="percent:with_interval"),
                across="curve",
                x="period",
                by="curve",
                y="share",
            ),
            reasons=chart(
                charts.bars,
                columns(reason="text", customers="count", share="percent:with_interval"),
                category="reason",
                value="share",
            ),
        ),
        section(
            "groups",
            chapter="again",
            nothing="alike",
            tests=table(
                columns(
                    grouping="label:grouping",
                    start="label:waiting_start",
                    n="count",
                    lowest="percent",
                    highest="percent",
                    p_adjusted="chance",
                    differs="label:groups_verdict",
                )
            ),
            satisfaction=groups_named("label:third"),
            channel=groups_named("text"),
            first_product=groups_named("text"),
            first_size=groups_named("label:third"),
            segment=groups_named("label:segment"),
        ),
        section(
            "judged",
            chapter="trust",
            rankings=table(
                columns(
                    score="label:ranking",
                    auc="percent1:with_interval",
                    gap="points1:with_interval",
                    verdict="label:beside",
                    n="count",
                )
            ),
            rules=table(columns(days="count", caught="percent", wrong="percent", score="points")),
            reliability=chart(
                charts.dots,
                columns(predicted="percent1", n="count", observed="percent1:with_interval"),
                category="predicted",
                value="observed",
                before="predicted",
            ),
        ),
        section("closed", chapter="trust"),
    ),
    trends={
        "kept": Trend("kept.months", "end", "value", "percent"),
        "second": Trend("cohorts.table", "cohort", "soon", "percent"),
    },
)
