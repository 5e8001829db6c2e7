"""Who the customers are: segments, clusters, tiers, portfolio, ladder, products, preferences, and why.

Every function takes frames and gives frames::

    from regulars import segments

    customers = shop.value
    scores = segments.rfm_scores(customers)
    customers["segment"] = segments.name_segments(scores)
    segments.group_summary(customers, "segment")

What the page says of them is made by `regulars.segments.sections`.
"""

from regulars.lazy import exports

_HOMES = {
    "rfm": ("name_segments", "rfm_scores"),
    "summary": ("cross_table", "group_summary", "largest_first", "score_grid", "share_of"),
    "groups": ("GONE_QUIET", "HAVE_BEGUN", "leading_group", "part_of"),
    "tiers": ("assign_tiers", "tier_thresholds"),
    "pyramid": (
        "add_inactive", "migration", "moving_up", "on_pyramid", "tell_pyramid", "tier_probability",
    ),
    "clusters": ("cluster_features", "find_clusters"),
    "drift": ("drift_since",),
    "portfolio": ("portfolio_table", "with_portfolio"),
    "relationship": ("care_given", "recommended_levels"),
    "ladder": ("Ladder", "count_steps", "days_on_step", "ladder_at"),
    "climbing": ("climbs", "ladder_forecast", "time_on_steps", "transition_counts", "transition_matrix"),
    "relation": ("relation_stages", "relation_table"),
    "products": ("margin_by_product", "margin_map", "offers", "product_margins"),
    "baskets": ("basket_rules", "one_basket_each", "with_names"),
    "preferences": ("Liked", "by_favourite", "hit_rates", "next_products", "tastes_of"),
    "record": ("record_age",),
    "reasons": ("DECIDED_BY", "explain_labels"),
    "sections": ("sections",),
}  # fmt: skip
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
