"""The value page: its sections in order, their charts and tables."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Trend, Word, chart, section, table

STACKED = {"across": "cohort", "x": "start", "by": "cohort", "low": "low", "high": "high"}  # months by cohort
LIFETIME = columns(cohort="text") | columns(
    "customers",
    clv="money_short",
    lifetime="money_short:with_interval",
    brought="money",
    lifetime_each="money",
)

WHOLE = {"is_ahead": False, "is_whole": True}  # months of the past that lie within the data
PAGE = Page(
    "value",
    "value.html",
    (
        section(
            "cohorts",
            front=("revenue", "past"),
            chapter="revenue",
            revenue=chart(
                charts.stacked,
                columns(start="month_short", cohort="cohort", revenue="money_short"),
                y="revenue",
                told_word=Word("cohorts.told"),
                border=Word("cohorts.border"),
                **STACKED,
            ),
            cohorts=table(
                columns(cohort="cohort", customers="number0", past="money_short", year="money_short")
                | {"ahead": "money_short:with_interval", "orders": "number0:with_interval"},
                total=["customers", "past", "year", "ahead", "orders"],
            ),
            customers=chart(
                charts.stacked,
                columns(start="month_short", cohort="cohort", customers="number0"),
                y="customers",
                told_word=Word("cohorts.told"),
                border=Word("cohorts.border"),
                **STACKED,
            ),
            orders=chart(
                charts.stacked,
                columns(start="month_short", cohort="cohort", orders="number0"),
                y="orders",
                told_word=Word("cohorts.told"),
                border=Word("cohorts.border"),
                **STACKED,
            ),
            months=table(
                columns(start="date_short", revenue="money_short:with_interval")
                | dict.fromkeys(("orders", "customers"), "number0:with_interval")
            ),
            past=chart(  # where the orders allow no model
                charts.stacked,
                columns(start="month_short", cohort="cohort", revenue="money_short"),
                y="revenue",
                **STACKED,
            ),
        ),
        section(
            "concentration",
            front="lorenz",
            chapter="carried",
            lorenz=chart(
                charts.lorenz,
                ["customer_share", "value_share", "curve"],
                x="customer_share",
                y="value_share",
                by="curve",
                colours=charts.SERIES,
                equal=Word("concentration.equal"),
            ),
        ),
        section(
            "revenue",
            front="steps",
            chapter="revenue",
            steps=chart(
                charts.waterfall,
                columns("customers", step="label:revenue_step", amount="money_short"),
                category="step",
                amount="amount",
                is_total="is_total",
            ),
        ),
        section(
            "payback",
            front="curve",
            chapter="new",
            curve=chart(
                charts.lines,
                columns("n", month="count", series="label:payback_series", amount="money:with_interval"),
                x="month",
                y="amount",
                by="series",
                colours={"cost": charts.BEFORE, "margin": charts.NOW},
                x_step=3,
            ),
            cohorts=table(
                {"cohort": "text", "customers": "count", "cost": "money"}
                | dict.fromkeys(("margin_3", "margin_6", "margin_12", "margin_24"), "money:with_interval")
                | {"paid": "number0"},
                if_known=("cost", "margin_3", "margin_6", "margin_12", "margin_24", "paid"),
            ),
            groups=table(
                {"grouping": "label:grouping", "group": "text", "customers": "count"}
                | {"margin": "money:with_interval", "paid": "number0"},
                if_known=("paid",),
            ),
        ),
        section(
            "trust",
            front="folds",
            chapter="trust",
            folds=chart(
                charts.dots,
                ["cutoff", "expected", "came"],
                category="cutoff",
                value="expected",
                low="low",
                high="high",
                before="came",
            ),
            long=chart(
                charts.dots,
                ["cutoff", "expected", "came"],
                category="cutoff",
                value="expected",
                low="low",
                high="high",
                before="came",
            ),
            tests=table(
                columns("cutoff", days="number0", season="label:season", expected="number0:with_interval")
                | columns(came="count", miss="percent:signed", verdict="label:fold_verdict")
            ),
            ranges=table(columns(from_orders="count", n="count", covered="percent:with_interval", at="percent1")),
            scorecard=table(
                columns("model", bias="percent:signed:with_interval")
                | dict.fromkeys(("deviance", "correlation", "auc"), "number2:with_interval")
            ),
            money=table(
                columns("model", bias="percent:signed:with_interval", mae="money:with_interval")
                | dict.fromkeys(("deviance", "correlation"), "number2:with_interval")
            ),
            deciles=table(
                columns(tenth="count", n="count", expected="number0", came="count")
                | dict.fromkeys(("money_expected", "money_came"), "money_short"),
                total=["n", "expected", "came", "money_expected", "money_came"],
            ),
        ),
        section(
            "pyramid",
            chapter="carried",
            steps=table(
                columns(
                    step="label:step", customers="count", threshold="money", spend="money_short", margin="money_short"
                )
                | columns("clv", "clv_share", belongs="percent"),
                total=["customers", "spend", "margin", "clv"],
            ),
            up=table(
                columns(tier="label:tier", to="label:tier", customers="count", gain="money_short:with_interval")
                | columns(half="count:with_interval", half_share="percent")
            ),
            migration=chart(
                charts.heatmap,
                columns("n", before="label:step", now="label:step", share="percent", customers="count"),
                row="before",
                column="now",
                value="share",
                n="n",
            ),
            best=table(
                columns(
                    "customer", "last_ordered_at", "spend", "expected_orders", "p_active", clv="money:with_interval"
                )
            ),
        ),
        section(
            "equity",
            chapter="new",
            bridge=chart(
                charts.waterfall,
                columns(part="label:equity_part", amount="money_short:with_interval"),
                category="part",
                amount="amount",
                is_total="is_total",
            ),
            levers=chart(
                charts.dots,
                columns(lever="label:equity_lever", elasticity="number2:with_interval"),
                category="lever",
                value="elasticity",
            ),
        ),
        section(
            "lifetime",
            chapter="new",
            cohorts=table(LIFETIME | {"net_each": "money"}, total=["customers", "clv"], rows=12),
            uncosted=table(LIFETIME, total=["customers", "clv"], rows=12),
        ),
        section(
            "earlier",
            chapter="trust",
            months=table(
                {"start": "date_short", "revenue": "money_short:with_interval", "revenue_came": "money_short"}
                | {"orders": "number0:with_interval", "orders_came": "number0"}
                | {"customers": "number0:with_interval", "customers_came": "number0"},
            ),
        ),
        section(
            "buying",
            chapter="trust",
            fit=chart(
                charts.columns,
                ["repeat_orders", "customers", "expected"],
                x="repeat_orders",
                values=["customers", "expected"],
            ),
            tracking=chart(
                charts.lines,
                ["week_end", "series", "orders"],
                x="week_end",
                y="orders",
                by="series",
                across="series",
                colours=charts.SERIES,
            ),
        ),
    ),
    trends={
        "worth": Trend("cohorts.months", "named", "revenue", "money_short", WHOLE),
        "revenue": Trend("cohorts.months", "named", "revenue", "money_short", WHOLE),
        "forecast": Trend("trust.long", "until", "came", "count"),
        "orders": Trend("cohorts.months", "named", "orders", "count", WHOLE),
    },
)
