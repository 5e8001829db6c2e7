# made of __init__.py by python tools/stubs.py --write; see regulars.satisfaction.cases

from .iceberg import complaint_iceberg as complaint_iceberg
from .service import control_chart as control_chart
from .service import ticket_times as ticket_times
from .trail import status_trail as status_trail
