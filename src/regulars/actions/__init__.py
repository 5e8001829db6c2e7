"""Campaigns and clubs that worked, whom to ask next, the tree, prospects, wallets, and everything for Monday.

Examples
--------
From an opened dataset to what its campaigns changed; ``notebooks/07_actions.ipynb`` tells all of it::

    import regulars
    from regulars import actions

    shop = regulars.open("demo")
    rules = shop.settings("actions").campaigns
    watched = actions.watch_campaigns(
        shop.tables.get("campaigns"), shop.tables.in_engine("campaign_contacts"), shop.tables.in_engine("orders"),
        shop.end, outcome_days=rules.outcome_days,
    )
    judged = actions.judge_campaigns(watched, margin=0.3, rules=rules, level=0.9, seed=1)
    judged.effects[["name", "effect", "effect_low", "effect_high", "verdict"]]

Lots
    ``campaign_effect(outcome, treated, covariate)``: the difference that a lot proves; ``sample_ratio_test(counts,
    shares)``: whether the lot was kept to; ``corrected_levels(p_values)``: limits that hold for all campaigns together.
Whom to ask
    ``qini(score, treated, outcome)``, ``uplift_tree(features, treated, outcome)``, ``policy_value(policy, arm,
    outcome)``, ``ask(…)``: whether choosing beats asking all and asking nobody.
Campaigns
    ``watch_campaigns(…)``, ``judge_campaigns(watched)``, ``whom_next(judged, …)``, ``plans(watched)``,
    ``without_control(watched, …)``; ``placebo(spend)``: what adjusting "finds" where there was nothing yet.
Programmes
    ``judge_clubs(memberships, purchases, end)``: members against others, and against themselves; ``checklist(…)``.
The tree
    ``response_tree(features, outcome)``, ``information_value(values, bad)``, ``population_stability(before, after)``.
The sales desk
    ``sales_desk(prospects, events, end)``, ``pipelines(desk)``, ``chances_held(desk)``; ``weighted_pipeline(amounts,
    chances)``: the exact distribution; ``calibration_of_chances(stated, won)``; ``plan_kept(activities, end)``.
Wallets
    ``wallet_shares(ranks)``, ``share_of_wallet(wallet)``, ``share_of_mind(recall)``, ``conquest(wallet, value)``.
Monday
    ``candidates(…)``, ``mondays_list(candidates, length=…)``.

What the page tells is made by `regulars.actions.sections`.
"""

from regulars.lazy import exports

_HOMES = {
    "activities": ("plan_kept",),
    "asking": ("ask", "features_on_eve", "whom_next"),
    "campaigns": ("expected_on_eve", "judge_campaigns", "plans", "watch_campaigns"),
    "uncontrolled": ("placebo", "without_control"),
    "effects": ("campaign_effect", "corrected_levels", "sample_ratio_test"),
    "lists": ("lately_contacted", "mondays_list"),
    "programmes": ("checklist", "judge_clubs"),
    "prospects": ("chances_held", "pipelines", "sales_desk", "weighted_pipeline"),
    "reliability": ("calibration_of_chances",),
    "sections": ("sections",),
    "tree": ("credit_tree", "information_value", "population_stability", "response_tree"),
    "uplift": ("policy_value", "qini", "uplift_tree"),
    "wallet": ("conquest", "share_of_mind", "share_of_wallet", "wallet_shares"),
    "week": ("candidates", "monday_table", "scored_table"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
