"""How firm and customers deal with each other: channels, touch points, the contact centre, one identity, one answer.

Examples
--------
From an opened dataset to the agents that Monday needs; ``notebooks/06_interaction.ipynb`` tells all of it::

    import regulars
    from regulars import interaction

    shop = regulars.open("demo")
    contacts = interaction.supplied(shop.tables, "contacts")
    interaction.channel_table(contacts)                         # what each channel solves, costs, and how fast it is
    calls = interaction.calls_of(contacts)                      # those that queued for an agent
    patient = interaction.patience(calls["wait_seconds"], calls["answered"])
    interaction.staffing(interaction.arrivals(calls), patient.mean_seconds, share=0.8, within_seconds=20)

Queues
    ``erlang_c(calls_per_hour, handling_seconds, agents, within_seconds)``: where nobody hangs up; ``erlang_a(…,
    patience_seconds=…)``: with patience; ``agents_needed(…, share=0.8, within_seconds=20)``: the fewest that do.
The contact centre
    ``calls_of(contacts)``, ``all_calls(tables)``: of all customers, where pages are of a part; ``service``,
    ``by_half_hour``, ``occupancy``; ``patience(wait_seconds, answered)``; ``arrivals(calls)``; ``staffing(…)``: agents
    by half hour and weekday; ``backtest(calls, shifts)``; ``agents``: a funnel.
Channels and touch points
    ``in_full(contacts, end)``: from when both sides are logged; ``channel_table(contacts)``;
    ``contact_cost(channel, contacts, …)``; ``touch_points(contacts, end)``; ``plan_records(…)``;
    ``problems(contacts)``; ``frequency_response(…)``, ``best_channels(…)``; ``journeys(…)``: ``markov_credit(paths)``.
One identity, one answer
    ``identity_candidates(identities)`` by rules, ``linked_pairs(records)`` by Splink (``regulars[identity]``);
    ``known_people(…)``: what merging would change; ``consistency_of(contacts, end)``: whether all say the same.

Where the data do not allow a step it gives a `regulars.finding.Refusal`. What the page tells is made by
`regulars.interaction.sections`; ``supplied`` and ``kept_channels`` are steps of the stage.
"""

from regulars.lazy import exports

_HOMES = {
    "costs": ("contact_cost",),
    "customers": ("markov_credit",),
    "erlang": ("agents_needed", "erlang_a", "erlang_c"),
    "identity": ("identity_candidates",),
    "linking": ("linked_pairs",),
    "hanging_up": ("patience",),
    "sections": ("sections",),
    "roster": ("arrivals", "backtest", "staffing"),
    "steps": (
        "agents", "all_calls", "best_channels", "by_half_hour", "calls_of", "channel_table", "consistency_of",
        "frequency_response", "in_full", "journeys", "kept_channels", "known_people", "occupancy",
        "plan_records", "problems", "service", "supplied", "touch_points",
    ),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
