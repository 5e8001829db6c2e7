"""The segments page: its sections in order, their charts and tables."""

from regulars.labels import LifecycleStage, ProfitClass, Segment, StepAsset
from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Word, chart, section, table
from regulars.report.tables import ROWS_ON_A_PAGE

MARGIN_MAP = {"tier": "label:tier", "item": "text", "revenue": "money_short", "margin": "money_short"}

PAGE = Page(
    "segments",
    "segments.html",
    (
        section(
            "groups",
            front=("table", "brought"),
            chapter="groups",
            shares=chart(
                charts.dots,
                columns("segment", clv_share="percent:with_interval", spend_share="percent:with_interval"),
                category="segment",
                value="clv_share",
                before="spend_share",
                from_zero=True,
                names=(Word("groups.future"), Word("groups.past")),
            ),
            table=table(
                columns("segment", "customers", "days_since_order", "spend_per_customer", "clv_per_customer", "clv")
                | {"advice": "label:segment_advice"},
                total=["customers", "clv"],
                rows=len(Segment),
                front=["segment", "customers", "clv", "advice"],
            ),
            brought=table(
                columns(
                    "segment",
                    "customers",
                    "days_since_order",
                    "spend_per_customer",
                    spend_share="percent:with_interval",
                ),
                total=["customers"],
            ),
            advice=table(columns("segment", "customers", advice="label:segment_advice")),
        ),
        section(
            "quiet",
            front="map",
            chapter="groups",
            map=chart(
                charts.heatmap,
                columns(r_score="count", fm_score="count")
                | columns("segment", "customers", "spend_per_customer", "clv_per_customer"),
                row="r_score",
                column="fm_score",
                value="clv_per_customer",
            ),
        ),
        section(
            "portfolio",
            front="classes",
            chapter="costs",
            classes=table(
                columns(portfolio_class="label:portfolio_class")
                | columns(
                    "customers",
                    "clv",
                    growth="money_short:with_interval",
                    cost_to_serve="money_short",
                    net="money_short",
                ),
                total=["customers", "clv", "growth", "cost_to_serve", "net"],
                front=["portfolio_class", "customers", "growth", "net"],
                if_known=("cost_to_serve", "net"),
            ),
            below_zero=table(
                columns("customer", "segment", clv="money", cost_to_serve="money", p_below_zero="percent"),
                rows=ROWS_ON_A_PAGE,
            ),
            growable=table(columns("customer", "segment", "orders", clv="money", potential="money", growth="money")),
        ),
        section(
            "products",
            needs="order_lines",
            front="worst",
            chapter="products",
            map=chart(
                charts.heatmap,
                MARGIN_MAP,
                row="item",
                column="tier",
                value="margin",
                signed=True,
                y_title=Word("products.y"),
            ),
            revenue=chart(
                charts.heatmap, MARGIN_MAP, row="item", column="tier", value="revenue", y_title=Word("products.y")
            ),
            worst=table(
                {
                    "name": "text",
                    "revenue": "money",
                    "margin": "money",
                    "margin_share": "percent",
                    "buyers": "count",
                    "price": "money",
                    "break_even": "money",
                    "action": "label:product_action",
                },
                front=["name", "margin", "margin_share", "action"],
                front_rows=3,
            ),
            offers=table(
                {
                    "name": "text",
                    "tier": "label:tier",
                    "customers": "count",
                    "expected": "number0",
                    "worth": "money",
                }
            ),
        ),
        section(
            "profit",
            needs="order_lines",
            chapter="products",
            map=chart(
                charts.heatmap,
                {"product_class": "label:profit_class", "customer_class": "label:profit_class"}
                | {"margin_share": "percent", "margin": "money"},
                row="product_class",
                column="customer_class",
                value="margin_share",
                signed=True,
            ),
            matrix=table(
                {
                    "product_class": "label:profit_class",
                    "customer_class": "label:profit_class",
                    "products": "count",
                    "customers": "count",
                    "revenue": "money",
                    "sign": "label:profit_sign",
                    "margin": "money",
                    "action": "label:profit_action",
                },
                rows=len(ProfitClass) ** 2,
            ),
        ),
        section(
            "baskets",
            needs="order_lines",
            front="rules",
            chapter="products",
            nothing="none",
            rules=table(
                {
                    "when": "text",
                    "then": "text",
                    "together": "count",
                    "share": "percent",
                    "usual": "percent1",
                    "lift": "number1:with_interval",
                },
                front=["when", "then", "together", "lift"],
                front_rows=3,
            ),
        ),
        section(
            "preferences",
            needs="order_lines",
            front=("categories", "sources"),
            chapter="products",
            nothing=("alike", "worse"),
            categories=table(
                {
                    "category": "text",
                    "customers": "count",
                    "favourite_share": "percent",
                    "price_level": "number2",
                    "next_product": "text",
                    "probability": "percent1",
                },
                front=["category", "customers", "next_product", "probability"],
                front_rows=3,
            ),
            sources=table(
                {
                    "source": "label:suggestion_source",
                    "weight": "percent",
                    "hit": "percent:with_interval",
                    "reach": "percent1:with_interval",
                    "n": "count",
                },
                front=["source", "hit", "n"],
            ),
        ),
        section(
            "arrivals",
            needs="order_lines",
            chapter="products",
            goods=table(
                {
                    "goods": "text",
                    "customers": "count",
                    "refused": "count",
                    "told": "percent:with_interval",
                    "others": "percent:with_interval",
                    "n": "count",
                },
                if_known=("refused",),
            ),
        ),
        section(
            "drift",
            chapter="groups",
            nothing="still",
            moves=table(
                columns(
                    "segment",
                    before="count",
                    entered="count",
                    left="count",
                    won="count",
                    now="count",
                    net="number0:signed",
                    usual="number0:with_interval",
                ),
                total=["before", "now"],
            ),
            paths=table({"before": "label:segment", "now": "label:segment", "customers": "count", "share": "percent"}),
            clusters=table(
                columns("cluster", before="count", entered="count", left="count", won="count", now="count"),
                total=["before", "now"],
            ),
        ),
        section(
            "tiers",
            chapter="groups",
            table=table(
                columns("tier", "customers", best="count") | columns("spend_share", "clv"),
                total=["customers", "best", "clv"],
            ),
        ),
        section(
            "clusters",
            chapter="groups",
            nothing="none",
            profile=chart(
                charts.heatmap,
                {
                    "cluster": "label:cluster",
                    "feature": "label:cluster_feature",
                    "standing": "number1",
                    "customers": "count",
                },
                row="cluster",
                column="feature",
                value="standing",
                signed=True,
            ),
            stability=chart(
                charts.columns,
                {"clusters": "count", "k_means": "number2", "gaussian_mixture": "number2"},
                x="clusters",
                values=["k_means", "gaussian_mixture"],
            ),
            trials=table(
                {
                    "method": "label:cluster_method",
                    "clusters": "count",
                    "adjusted_rand": "number2",
                    "silhouette": "number2",
                    "distinct_names": "count",
                    "tighter_than_one_group": "percent",
                }
            ),
            table=table(
                columns("cluster", "customers", "days_since_order", "orders", spend_per_order="money") | columns("clv")
            ),
        ),
        section(
            "relationship",
            chapter="costs",
            actual=chart(
                charts.heatmap,
                {"tier": "label:tier", "actual_level": "label:relationship_level", "share": "percent"},
                row="tier",
                column="actual_level",
                value="share",
            ),
            tiers=table(
                columns(
                    "tier",
                    "customers",
                    relationship_level="label:relationship_level",
                    below="count",
                    matching="count",
                    above="count",
                    clv_below="money_short",
                    cost_above="money_short",
                ),
                total=["customers", "below", "matching", "above", "clv_below", "cost_above"],
            ),
            recommended=table(
                columns(
                    "tier",
                    "customers",
                    clv_per_customer="money",
                    count="label:how_many",
                    margin="label:how_high",
                    relationship_level="label:relationship_level",
                )
            ),
            cells=table(
                {"margin": "label:how_high"} | dict.fromkeys(("many", "medium", "few"), "label:relationship_level")
            ),
        ),
        section(
            "difference",
            needs="order_lines",
            chapter="costs",
            cells=table(
                {
                    "cell": "label:difference_cell",
                    "asks": "label:difference_advice",
                    "standing": "label:standing",
                }
            ),
            steps=table(
                {
                    "step": "label:relationship_step",
                    "asset": "label:step_asset",
                    "share": "percent:with_interval",
                    "n": "count",
                },
                rows=len(StepAsset),
            ),
        ),
        section(
            "ladder",
            chapter="ladder",
            steps=chart(
                charts.bars,
                {"lifecycle_stage": "label:lifecycle_stage", "customers": "count"},
                category="lifecycle_stage",
                value="customers",
            ),
            climbs=table(
                {
                    "lifecycle_stage": "label:lifecycle_stage",
                    "next_stage": "label:lifecycle_stage",
                    "n": "count",
                    "share": "percent:with_interval",
                    "median_days": "number0:with_interval",
                }
            ),
            stays=table(
                {
                    "lifecycle_stage": "label:lifecycle_stage",
                    "customers": "count",
                    "days": "number0:with_interval",
                    "leaves": "percent:with_interval",
                    "stay_months": "number1:with_interval",
                },
                rows=len(LifecycleStage),
            ),
            matrix=chart(
                charts.heatmap,
                {"before": "label:lifecycle_stage", "now": "label:lifecycle_stage", "share": "percent", "n": "count"},
                row="before",
                column="now",
                value="share",
            ),
            forecast=table(
                {"lifecycle_stage": "label:lifecycle_stage", "now": "count", "ahead": "number0:with_interval"},
            ),
        ),
        section(
            "relation",
            chapter="ladder",
            table=table(
                {
                    "relation_stage": "label:relation_stage",
                    "customers": "count",
                    "share": "percent:with_interval",
                    "probability": "percent",
                    "clv": "money_short",
                },
                total=["customers", "clv"],
            ),
        ),
        section(
            "stage_needs",
            chapter="ladder",
            items=table(
                {"relation_stage": "label:relation_stage", "wording": "text", "need": "label:need_kind", "n": "count"}
                | {"expected": "number0", "perceived": "number0", "gap": "number1:with_interval"}
            ),
        ),
        section(
            "record",
            needs="customers",
            chapter="ladder",
            fields=chart(
                charts.bars,
                {"field": "text", "filled": "percent:with_interval", "n": "count", "age_days": "count"},
                category="field",
                value="filled",
            ),
            ages=table(
                {
                    "field": "text",
                    "filled": "percent:with_interval",
                    "age_days": "number0:with_interval",
                    "old": "percent:with_interval",
                }
            ),
        ),
    ),
)
