# made of __init__.py by python tools/stubs.py --write; see regulars.history

from .closed import closed_days as closed_days
from .closed import read_summary as read_summary
from .customers import ClosedMonth as ClosedMonth
from .customers import held_against as held_against
from .customers import read_customers as read_customers
from .customers import tell_closed as tell_closed
from .months import read_months as read_months
from .months import tell_earlier as tell_earlier
