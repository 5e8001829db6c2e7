# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction

from .cases.tickets import sound_cases as sound_cases
from .index.index import satisfaction_index as satisfaction_index
from .index.told import with_index as with_index
from .methods.repurchase import followed as followed
from .methods.repurchase import repurchases as repurchases
from . import sections as sections
from .steps import compare_ways as compare_ways
from .steps import feature_answers as feature_answers
from .steps import foretell_orders as foretell_orders
from .steps import measure_benefits as measure_benefits
from .steps import measure_index as measure_index
from .steps import measure_loyalty as measure_loyalty
from .steps import measure_worth as measure_worth
from .steps import offer_answers as offer_answers
from .steps import overall_drivers as overall_drivers
from .steps import score_customers as score_customers
from .steps import second_order as second_order
from .survey.answers import sound_answers as sound_answers
from .survey.between import branch_of as branch_of
from .survey.between import visits_of as visits_of
from .survey.indices import answers_of as answers_of
from .survey.indices import rate as rate
from .survey.listening import voices as voices
from .survey.questionnaire import survey_of as survey_of
from .survey.waves import measure_of as measure_of
from .survey.waves import survey_waves as survey_waves
