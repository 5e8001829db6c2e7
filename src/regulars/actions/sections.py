"""What the actions page tells: the first screen, a maker of each section, and what is to be done.

The order of the sections on the page, and how they look, is declared in ``regulars/pages/actions.py``.
"""

from regulars.actions.campaign_sections import tell_campaigns, tell_next, tell_plans, tell_uncontrolled
from regulars.actions.desk_sections import (
    tell_chances,
    tell_clubs,
    tell_desk,
    tell_mind,
    tell_monday,
    tell_plan,
    tell_tree,
    tell_wallet,
)
from regulars.actions.screen import first_screen, to_do

__all__ = [
    "first_screen", "tell_campaigns", "tell_chances", "tell_clubs", "tell_desk", "tell_mind", "tell_monday",
    "tell_next", "tell_plan", "tell_plans", "tell_tree", "tell_uncontrolled", "tell_wallet", "to_do",
]  # fmt: skip
