"""What the interaction page tells: the first screen, a maker of each section, and what is to be done.

The order of the sections on the page, and how they look, is declared in ``regulars/pages/interaction.py``.
"""

from regulars.interaction.screen import first_screen, to_do, words_used
from regulars.interaction.told_centre import (
    tell_agents,
    tell_outbound,
    tell_owner,
    tell_patience,
    tell_problems,
    tell_service,
    tell_staffing,
)
from regulars.interaction.told_channels import (
    tell_best,
    tell_dealings,
    tell_frequency,
    tell_journeys,
    tell_moods,
    tell_plan,
    tell_points,
    tell_solved,
)
from regulars.interaction.told_identity import tell_answers, tell_identity, tell_records

__all__ = [
    "first_screen", "tell_agents", "tell_answers", "tell_best", "tell_dealings", "tell_frequency", "tell_identity",
    "tell_journeys", "tell_moods", "tell_outbound", "tell_owner", "tell_patience", "tell_plan", "tell_points",
    "tell_problems", "tell_records", "tell_service", "tell_solved", "tell_staffing", "to_do", "words_used",
]  # fmt: skip
