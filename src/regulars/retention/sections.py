"""What the retention page tells: the first screen, a maker of each section, and what is to be done.

The order of the sections on the page, and how they look, is declared in ``regulars/pages/retention.py``.
"""

from regulars.retention.base import tell_base
from regulars.retention.calls import tell_calls
from regulars.retention.comparison import tell_cohorts
from regulars.retention.consumption import tell_jar
from regulars.retention.contracts import tell_contracts
from regulars.retention.costs import tell_costs, tell_referrals
from regulars.retention.economics import tell_worth
from regulars.retention.groups import tell_groups
from regulars.retention.hindsight import tell_judged, tell_last
from regulars.retention.kept_over_time import tell_kept
from regulars.retention.needs import tell_needs
from regulars.retention.screen import first_screen, to_do
from regulars.retention.slipping import tell_states

__all__ = [
    "first_screen", "tell_base", "tell_calls", "tell_cohorts", "tell_contracts", "tell_costs", "tell_groups",
    "tell_jar", "tell_judged", "tell_kept", "tell_last", "tell_needs", "tell_referrals", "tell_states", "tell_worth",
    "to_do",
]  # fmt: skip
