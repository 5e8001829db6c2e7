"""Charts and tables of the value page."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Word, chart, table

STACKED = {"across": "cohort", "x": "start", "by": "cohort", "low": "low", "high": "high"}  # months by cohort

LAYOUT = {
    "concentration.lorenz": chart(
        charts.lorenz,
        ["customer_share", "value_share", "curve"],
        x="customer_share",
        y="value_share",
        by="curve",
        colours=charts.SERIES,
        equal=Word("concentration.equal"),
    ),
    "equity.bridge": chart(
        charts.waterfall,
        columns(part="label:equity_part", amount="money_short:with_interval"),
        category="part",
        amount="amount",
        is_total="is_total",
    ),
    "equity.levers": chart(
        charts.dots,
        columns(lever="label:equity_lever", elasticity="number2:with_interval"),
        category="lever",
        value="elasticity",
        low="elasticity_low",
        high="elasticity_high",
    ),
    "pyramid.steps": table(
        columns(step="label:step", customers="count", threshold="money", spend="money_short", margin="money_short")
        | columns("clv", "clv_share", belongs="percent"),
        total=["customers", "spend", "margin", "clv"],
    ),
    "pyramid.up": table(
        columns(tier="label:tier", to="label:tier", customers="count", gain="money_short:with_interval")
    ),
    "pyramid.migration": chart(
        charts.heatmap,
        columns("n", before="label:step", now="label:step", share="percent", customers="count"),
        row="before",
        column="now",
        value="share",
        n="n",
    ),
    "best": table(
        columns("customer", "last_ordered_at", "spend", "expected_orders", "p_active", clv="money:with_interval")
    ),
    "revenue.steps": chart(
        charts.waterfall,
        columns("customers", step="label:revenue_factor", amount="money_short"),
        category="step",
        amount="amount",
        is_total="is_total",
    ),
    "cohorts.revenue": chart(
        charts.stacked,
        columns(start="month_short", cohort="text", revenue="money_short"),
        y="revenue",
        told_word=Word("cohorts.told"),
        **STACKED,
    ),
    "past.revenue": chart(
        charts.stacked, columns(start="month_short", cohort="text", revenue="money_short"), y="revenue", **STACKED
    ),
    "cohorts.cohorts": table(
        columns(cohort="text", customers="number0", past="money_short", year="money_short")
        | {"ahead": "money_short:with_interval", "orders": "number0:with_interval"},
        total=["customers", "past", "year", "ahead", "orders"],
    ),
    "cohorts.customers": chart(
        charts.stacked,
        columns(start="month_short", cohort="text", customers="number0"),
        y="customers",
        told_word=Word("cohorts.told"),
        **STACKED,
    ),
    "cohorts.orders": chart(
        charts.stacked,
        columns(start="month_short", cohort="text", orders="number0"),
        y="orders",
        told_word=Word("cohorts.told"),
        **STACKED,
    ),
    "cohorts.months": table(
        columns(start="date_short", revenue="money_short:with_interval")
        | dict.fromkeys(("orders", "customers"), "number0:with_interval")
    ),
    "earlier.months": table(
        {"start": "date_short", "revenue": "money_short:with_interval", "revenue_came": "money_short"}
        | {"orders": "number0:with_interval", "orders_came": "number0"}
        | {"customers": "number0:with_interval", "customers_came": "number0"},
    ),
    "trust.folds": chart(
        charts.dots,
        ["cutoff", "expected", "came"],
        category="cutoff",
        value="expected",
        low="low",
        high="high",
        before="came",
    ),
    "trust.scorecard": table(
        columns("model", bias="percent:signed:with_interval")
        | dict.fromkeys(("deviance", "correlation", "auc"), "number2:with_interval")
    ),
    "buying.fit": chart(
        charts.columns, ["repeat_orders", "expected", "customers"], x="repeat_orders", values=["expected", "customers"]
    ),
    "buying.tracking": chart(
        charts.lines, ["week_end", "series", "orders"], x="week_end", y="orders", by="series", colours=charts.SERIES
    ),
}
