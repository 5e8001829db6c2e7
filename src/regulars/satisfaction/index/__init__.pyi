# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction.index

from .drivers import driver_shares as driver_shares
from .pls import path_model as path_model
from .structure import survey_model as survey_model
from .worth import value_lost_to_dissatisfaction as value_lost_to_dissatisfaction
