# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction.survey

from .between import variance_between as variance_between
from .gap import gaps as gaps
from .indices import csat as csat
from .indices import customer_satisfaction as customer_satisfaction
from .indices import nps as nps
from .loyalty import loyalty_of as loyalty_of
from .raking import rake as rake
from .sampling import sampling_plan as sampling_plan
