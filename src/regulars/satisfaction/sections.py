"""What the satisfaction page tells: the first screen, a maker of each section, and what is to be done.

The order of the sections on the page, and how they look, is declared in ``regulars/pages/satisfaction.py``.
"""

from regulars.satisfaction.cases.complaints import tell_complaints, tell_phase
from regulars.satisfaction.cases.desk import tell_desk, tell_flow
from regulars.satisfaction.cases.goods import tell_goods
from regulars.satisfaction.cases.handled import first_to_mend, tell_returned, tell_service
from regulars.satisfaction.cases.handover import tell_handed
from regulars.satisfaction.cases.knowledge import tell_knowledge
from regulars.satisfaction.cases.recovery import tell_comeback, tell_followup, tell_further
from regulars.satisfaction.folk import tell_folk
from regulars.satisfaction.index.told import tell_levers, tell_measured, tell_satisfied, tell_why, tell_worth
from regulars.satisfaction.methods.importance import tell_importance
from regulars.satisfaction.methods.methods import tell_methods
from regulars.satisfaction.methods.recommending import tell_recommend
from regulars.satisfaction.offer.delivered import tell_delivered
from regulars.satisfaction.offer.kano import tell_kano, tell_levels
from regulars.satisfaction.screen import first_screen, to_do, words_used
from regulars.satisfaction.signs import tell_signs
from regulars.satisfaction.survey.aftermath import tell_cases
from regulars.satisfaction.survey.attitudes import tell_attitudes
from regulars.satisfaction.survey.benefits import tell_benefits
from regulars.satisfaction.survey.between import tell_between
from regulars.satisfaction.survey.gap import tell_gap
from regulars.satisfaction.survey.indices import tell_who
from regulars.satisfaction.survey.listening import tell_channels, tell_switching
from regulars.satisfaction.survey.loyalty import tell_loyalty
from regulars.satisfaction.survey.quality import tell_quality
from regulars.satisfaction.survey.sampling import tell_sample
from regulars.satisfaction.survey.waves import tell_waves

__all__ = [
    "first_screen", "first_to_mend", "tell_attitudes", "tell_benefits", "tell_between", "tell_cases", "tell_channels",
    "tell_comeback", "tell_complaints", "tell_delivered", "tell_desk", "tell_flow", "tell_folk", "tell_followup",
    "tell_further", "tell_gap", "tell_goods", "tell_handed", "tell_importance", "tell_kano", "tell_knowledge",
    "tell_levels", "tell_levers", "tell_loyalty", "tell_measured", "tell_methods", "tell_phase", "tell_quality",
    "tell_recommend", "tell_returned", "tell_sample", "tell_satisfied", "tell_service", "tell_signs",
    "tell_switching", "tell_waves", "tell_who", "tell_why", "tell_worth", "to_do", "words_used",
]  # fmt: skip
