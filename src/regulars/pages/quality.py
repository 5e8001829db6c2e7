"""Charts and tables of the quality page."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import chart, table

STEPS = {"category": "step_name", "is_total": "is_total"}

LAYOUT = {
    "ledger.waterfall": chart(charts.waterfall, columns(step_name="text", rows="count"), amount="rows", **STEPS),
    "ledger.money": chart(charts.waterfall, columns(step_name="text", amount="money"), amount="amount", **STEPS),
    "tables": table(columns("table", "supply", "raw", "kept", "merged", "netted", "rejected")),
    "worst": table(columns("table", "reason", fate="label:fate", rows="count", share="percent1", amount="money")),
    "examples": table(
        columns("reason", row="count", ordered_at="date_short", product_id="text", quantity="number", amount="money")
    ),
    "gaps.weeks": chart(charts.lines, ["week_end", "orders"], x="week_end", y="orders"),
    "gaps.list": table({"first_day": "date", "last_day": "date"} | columns("days", "expected")),
    "conditions": table(
        {
            "check": "label:sufficiency",
            "value": "count",
            "needed": "count",
            "state": "label:state",
            "affects": "label:affects",
        }
    ),
}
