# made of __init__.py by python tools/stubs.py --write; see regulars.cycle

from .festivals import POOLED as POOLED
from .festivals import festival_day as festival_day
from .indicators import KINDS as KINDS
from .indicators import lights_of_year as lights_of_year
from .indicators import monthly_indicators as monthly_indicators
from .indicators import scorecard as scorecard
from .plans import Plan as Plan
from .plans import new_plan as new_plan
from .plans import parse_plan as parse_plan
from .plans import plan_text as plan_text
from .plans import read_plans as read_plans
from .scoring import corrective as corrective
from .scoring import deviations as deviations
from .scoring import held_forecasts as held_forecasts
from .scoring import restated as restated
from .scoring import score_plans as score_plans
from .scoring import track as track
from .scoring import track_all as track_all
from .scoring import turned as turned
