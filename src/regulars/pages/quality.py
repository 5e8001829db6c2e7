"""The quality page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Trend, chart, section, table

STEP = "label:ledger_step/reason"
STEPS = {"category": "step", "is_total": "is_total"}

PAGE = Page(
    "clean",
    "quality.html",
    (
        section(
            "ledger",
            front=("money", "waterfall"),
            chapter="rows",
            waterfall=chart(charts.waterfall, columns(step=STEP, rows="count"), amount="rows", **STEPS),
            money=chart(charts.waterfall, columns(step=STEP, amount="money"), amount="amount", **STEPS),
            tables=table(columns("table", "supply", "raw", "kept", "merged", "netted", "rejected")),
        ),
        section(
            "reasons",
            front="worst",
            chapter="rows",
            worst=table(
                columns("table", "reason", fate="label:fate", rows="count", share="percent1", amount="money"),
                front=["reason", "rows", "share", "amount"],
            ),
            examples=table(
                columns(
                    "reason", row="count", ordered_at="date_short", product_id="text", quantity="number", amount="money"
                )
            ),
        ),
        section(
            "sufficiency",
            front="conditions",
            chapter="enough",
            conditions=table(
                {
                    "check": "label:sufficiency",
                    "value": "count",
                    "needed": "count",
                    "state": "label:state",
                    "affects": "label:affects",
                }
            ),
        ),
        section(
            "gaps",
            chapter="enough",
            nothing="none",
            weeks=chart(charts.lines, ["week_end", "orders"], x="week_end", y="orders"),
            list=table({"first_day": "date", "last_day": "date"} | columns("days", "expected")),
        ),
    ),
    trends={
        "kept": Trend("gaps.weeks", "week_end", "orders", "count"),
        "money": Trend("gaps.weeks", "week_end", "revenue", "money_short"),
    },
)
