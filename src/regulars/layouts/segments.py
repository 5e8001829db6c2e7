"""Charts and tables of the segments page."""

from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Word, chart, table

LAYOUT = {
    "groups.shares": chart(
        charts.dots,
        columns("segment", clv_share="percent:with_interval", spend_share="percent:with_interval"),
        category="segment",
        value="clv_share",
        low="clv_share_low",
        high="clv_share_high",
        before="spend_share",
        from_zero=True,
        names=(Word("groups.future"), Word("groups.past")),
    ),
    "groups.table": table(
        columns("segment", "customers", "days_since_order", "spend_per_customer", "clv_per_customer", "clv"),
        total=["customers", "clv"],
    ),
    "quiet.map": chart(
        charts.heatmap,
        columns(r_score="count", fm_score="count")
        | columns("segment", "customers", "spend_per_customer", "clv_per_customer"),
        row="r_score",
        column="fm_score",
        value="clv_per_customer",
    ),
    "tiers.table": table(
        columns("tier", "customers", best="count") | columns("spend_share", "clv"), total=["customers", "best", "clv"]
    ),
    "clusters.stability": chart(
        charts.bars,
        {
            "clusters": "count",
            "adjusted_rand": "number2",
            "silhouette": "number2",
            "tighter_than_one_group": "percent",
        },
        category="clusters",
        value="adjusted_rand",
    ),
    "clusters.table": table(
        columns("cluster", "customers", "days_since_order", "orders", spend_per_order="money") | columns("clv")
    ),
}
