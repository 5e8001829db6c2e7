"""Who stays and who leaves: second orders and cohorts, states by each customer's own rhythm, dates, money at risk.

Examples
--------
From an opened dataset to the customers worth a call; ``notebooks/05_retention.ipynb`` tells all of it::

    import regulars
    from regulars import retention

    shop = regulars.open("demo")
    purchases, model = shop.purchases(), shop.models.orders
    rhythm = retention.rhythm_of(model)                             # how customers differ in how often they order
    states = retention.customer_states(purchases, shop.end, rhythm)  # active, slipping, dormant, lost … of each
    dates = retention.next_order(model, shop.value, shop.end)       # when each should order next, and by when to call
    retention.at_risk(shop.value, 50, min_alive=0.1)                # the most money at risk first

Second orders and cohorts
    ``time_to_second_order(purchases, end)``: days, or days watched so far; ``second_order_share``: by Kaplan–Meier;
    ``cohort_retention(purchases, end, kind="on")``: one triangle; ``triangles``: both ways to count;
    ``mixture_curves(triangles)``: whether customers who never change would look the same;
    ``compare_cohorts(times, horizon_days)``: each cohort against the one before it; ``of_newcomers(times, since)``;
    ``groupings(…)``, ``compare_groups(…)``: who orders again sooner, by what was known beforehand.
States
    ``rhythm_of(model)``: a ``Rhythm`` with r, alpha, days_per_unit, thresholds;
    ``silence_probability(frequency, recency, T, rhythm)``: chance of a silence as long as the present one;
    ``customer_states(purchases, end, rhythm)``; ``state_transitions(purchases, earlier, states, rhythm)``.
The base
    ``presence(purchases, end, rhythm)``: spells as a customer; ``customer_ledger(spells, end)``: opening + new +
    reactivated − lost = closing; ``revenue_retention(orders, start, end, …)``; ``kept_change(purchases, end)``.
Dates
    ``next_order(model, value, end)``: window, median, call-by date; ``learn_consumption(order_lines, end)`` and
    ``sharpened(dates, used, end)``: where an empty jar tells more than the rhythm; ``try_jars(…)``: whether it did;
    ``due_this_week(dates, value, end)``: whom to call now.
Money
    ``active_bands(value)``, ``expected_active(value, certainty)``: who should order; ``at_risk(value)``,
    ``money_at_risk(…)``, ``weekly_calls(…)``: whom to call, and from when on that pays;
    ``point_of_retention(…)``, ``win_back(…)``, ``campaign_costs(…)``, ``referral_value(…)``: what keeping is worth.
Contracts
    ``contract_spells(contracts, end)``; ``contract_story(spells, annual_discount_rate=…)``: who is still there, as seen
    and as projected.
Trust
    ``look_back(model, purchases, end, cutoff=…)``: an earlier forecast, beside what came; ``judge(…)``: rankings, rules
    and dates on days kept back; ``reconciled(…)``: whether all figures come from the same orders.

What the page tells is made by `regulars.retention.sections`; steps of the stage are ``with_states``,
``dated_share`` and ``scored_table``.
"""

from regulars.lazy import exports

_HOMES = {
    "base": ("customer_ledger", "presence", "revenue_retention", "state_transitions"),
    "calls": ("weekly_calls",),
    "cohorts": ("cohort_retention", "mixture_curves", "triangles"),
    "comparison": ("compare_cohorts", "of_newcomers"),
    "consumption": ("learn_consumption", "sharpened"),
    "contracts": ("contract_spells", "contract_story"),
    "costs": ("campaign_costs", "referral_value"),
    "dates": ("dated_share", "due_this_week", "next_order", "scored_table"),
    "economics": ("point_of_retention", "win_back"),
    "groups": ("compare_groups", "groupings"),
    "hindsight": ("judge", "look_back"),
    "jars": ("try_jars",),
    "kept": ("kept_change",),
    "reconcile": ("reconciled",),
    "risk": ("active_bands", "at_risk", "expected_active", "money_at_risk"),
    "second_order": ("second_order_share", "time_to_second_order"),
    "sections": ("sections",),
    "states": ("Rhythm", "customer_states", "rhythm_of", "silence_probability", "with_states"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
