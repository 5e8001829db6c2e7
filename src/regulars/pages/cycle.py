"""The cycle page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, chart, section, table

CELL = columns(area="label:plan_area", step="label:plan_step", text="text")

PAGE = Page(
    "cycle",
    "cycle.html",
    (
        section(
            "scorecard",
            front="lights",
            chapter="lights",
            lights=table(
                columns(
                    light="label:light",
                    indicator="label:indicator",
                    value="by:unit:as_of",
                    usual="by:unit:interval",
                    year="line:unit",
                    months="count",
                    seen_from="percent",
                    quadrant="label:quadrant",
                ),
                rows=40,
                front=("light", "indicator", "value", "usual", "year"),
                front_rows=40,
                groups="quadrant",
            ),
        ),
        section(
            "forecasts",
            front="last",
            chapter="scored",
            last=table(
                columns(
                    measure="label:measure",
                    told="count",
                    low="count",
                    high="count",
                    came="count",
                    naive="count",
                    inside="label:inside",
                ),
                front=("measure", "told", "low", "high", "came", "inside"),
            ),
            months=chart(
                charts.lines,
                columns(month="month_short", series="label:told_or_came", revenue="money_short:with_interval"),
                x="month",
                y="revenue",
                by="series",
                across="series",
            ),
        ),
        section(
            "plans",
            front="cells",
            chapter="scored",
            unchecked="none",
            cells=table(
                columns(plan="month_short")
                | CELL
                | columns(
                    indicator="label:indicator",
                    change_low="percent1",
                    change_high="percent1",
                    change="percent1",
                    usual_low="percent1",
                    usual_high="percent1",
                    outcome="label:plan_outcome",
                ),
                front=("plan", "text", "indicator", "change", "outcome"),
            ),
        ),
        section(
            "planned",
            front="cells",
            chapter="planned",
            cells=table(
                CELL | columns(owner="text", due="date_short", status="label:plan_status", overdue="label:overdue"),
                rows=20,
                front=("area", "text", "owner", "due", "overdue"),
            ),
        ),
        section(
            "corrective",
            front="steps",
            chapter="planned",
            unchecked="none",
            steps=table(
                columns(
                    month="month_short",
                    indicator="label:indicator",
                    deviation="text",
                    cause="text",
                    action="text",
                    owner="text",
                    due="date_short",
                    status="label:plan_status",
                    came_back="count",
                    watched="count",
                ),
                front=("indicator", "deviation", "cause", "action", "came_back"),
            ),
        ),
        section(
            "years",
            front="months",
            chapter="lights",
            months=chart(
                charts.columns,
                columns(month="month_short", value="money_short", before="money_short", change="percent1"),
                x="month",
                values=["before", "value"],
                colours={"before": charts.BEFORE, "value": charts.NOW},
            ),
        ),
        section(
            "restated",
            chapter="scored",
            unchecked="none",
            turned=table(
                columns(
                    start="month_short",
                    measure="label:measure",
                    low="count",
                    high="count",
                    was="count",
                    came="count",
                    inside="label:inside",
                )
            ),
            figures=table(
                columns(
                    month="month_short",
                    indicator="label:indicator",
                    was="by:unit",
                    now="by:unit",
                    change="percent1",
                )
            ),
        ),
        section(
            "months",
            chapter="lights",
            all=table(
                columns(
                    month="month_short",
                    quadrant="label:quadrant",
                    indicator="label:indicator",
                    value="by:unit",
                    n="count",
                ),
                rows=40,
            ),
        ),
    ),
    acts=False,
)
