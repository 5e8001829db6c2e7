# made of __init__.py by python tools/stubs.py --write; see regulars.statistics

from .competing import aalen_johansen as aalen_johansen
from .limits import laney_limits as laney_limits
from .limits import lights as lights
from .limits import prediction_limits as prediction_limits
from .reliability import calibration_of_chances as calibration_of_chances
from .reliability import out_of_fold as out_of_fold
from .reliability import recalibrated as recalibrated
