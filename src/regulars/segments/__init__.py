"""Who the customers are: segments, clusters, steps of the pyramid and the ladder, portfolio, products, tastes, and why.

Examples
--------
From an opened dataset to named segments and what each should bring; ``notebooks/03_segments.ipynb`` tells all of it::

    import regulars
    from regulars import segments

    shop = regulars.open("demo")
    customers = shop.value
    scores = segments.rfm_scores(customers)                     # fifths by recency, frequency, money
    customers["segment"] = segments.name_segments(scores)
    segments.group_summary(customers, "segment")                # revenue so far and value to come, with intervals

    settings, purchases = shop.settings("segments"), shop.purchases()
    ladder = segments.Ladder(settings.ladder, memberships=shop.tables.get("memberships"))
    segments.ladder_at(purchases, shop.end, ladder)             # first-time, repeat, client, member … of each

Named segments
    ``rfm_scores(customers)``, ``name_segments(scores)``; ``score_grid(customers, scores)``: the map that they are cut
    out of; ``drift_since(day, …)``: who has moved since.
Any groups
    ``group_summary(customers, by)``, ``largest_first(table)``; ``share_of(values, mask)``: of a total;
    ``cross_table``: one kind of groups by another; ``leading_group``: most to come; ``part_of``: some segments.
Groups by themselves
    ``cluster_features(customers, end)``; ``find_clusters(features)``: stable, tighter than in a ``world_of`` customers
    who differ by degrees alone, or none.
The pyramid
    ``assign_tiers(values)``, ``tier_thresholds``; ``tier_probability``, ``moving_up``, ``migration``.
The portfolio
    ``with_portfolio(customers, contacts, models, …)``: potential, cost to serve, class; ``portfolio_table``;
    ``care_given(customers, contacts, …)`` beside ``recommended_levels(customers, rules)``.
The ladder
    ``Ladder(rules, …)``; ``ladder_at(purchases, day, ladder)``, ``count_steps``; ``climbs``: who reached the next step,
    and when; ``monthly_moves``, ``transition_counts``, ``transition_matrix``, ``ladder_forecast``;
    ``days_on_step``, ``time_on_steps``; ``join_few``: no step missing where few stand on the highest;
    ``relation_stages(customers, purchases, models, …)``, ``relation_table``: being won, growing, mature.
What they buy
    ``Liked.of(lines)``: order lines by number, with tastes; ``product_margins``, ``margin_by_product``, ``margin_map``,
    ``offers``, ``per_piece``, ``loss_ahead``; ``profit_matrix(lines)``: products × customers by profit;
    ``one_basket_each``, ``basket_rules``, ``with_names``; ``fit_recommender(lines, end, days=…)``, ``next_products``,
    ``tastes_of``, ``by_favourite``; ``keep_back``, ``hit_rates``, ``by_source``: whether suggestions held;
    ``arrivals``, ``chance_of(model, such_goods(model, …))``: whom to tell when goods arrive.
How to deal with them
    ``difference_of(value_skew(customers), needs_differ(tastes))``: mass, niche, key account or one to one;
    ``four_steps``: what is there for it.
Why, and how much is known
    ``explain_labels(customers)``: three facts behind each label; ``record_age``: how complete the record is.

Where the data allow no answer these functions hand on a `regulars.finding.Refusal`, which says why. What the page tells
is made by `regulars.segments.sections`.
"""

from regulars.lazy import exports

_HOMES = {
    "rfm": ("name_segments", "rfm_scores"),
    "summary": ("cross_table", "group_summary", "largest_first", "score_grid", "share_of"),
    "groups": ("GONE_QUIET", "leading_group", "part_of"),
    "tiers": ("assign_tiers", "tier_thresholds"),
    "pyramid": (
        "add_inactive", "migration", "moving_up", "on_pyramid", "tell_pyramid", "tier_probability",
    ),
    "clusters": ("cluster_features", "find_clusters", "world_of"),
    "drift": ("drift_since",),
    "portfolio": ("portfolio_table", "with_portfolio"),
    "relationship": ("care_given", "recommended_levels"),
    "ladder": ("Ladder", "count_steps", "days_on_step", "join_few", "ladder_at"),
    "climbing": (
        "climbs", "ladder_forecast", "monthly_moves", "time_on_steps", "transition_counts", "transition_matrix",
    ),
    "relation": ("relation_stages", "relation_table"),
    "products": ("loss_ahead", "margin_by_product", "margin_map", "offers", "per_piece", "product_margins"),
    "baskets": ("basket_rules", "one_basket_each", "with_names"),
    "preferences": ("Liked", "by_favourite", "tastes_of"),
    "suggesting": ("Recommender", "fit_recommender", "next_products"),
    "suggestions_held": ("by_source", "hit_rates", "keep_back"),
    "arriving": ("TOLD_FROM", "arrivals", "chance_of", "such_goods"),
    "profitability": ("profit_matrix",),
    "differences": ("difference_of", "four_steps", "needs_differ", "value_skew"),
    "record": ("record_age", "refusing"),
    "reasons": ("DECIDED_BY", "explain_labels"),
    "sections": ("sections",),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
