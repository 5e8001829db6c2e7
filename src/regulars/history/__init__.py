"""What was told at the end of earlier months: closed, read again, and held against what came.

Examples
--------
``regulars close-month demo`` saves what the pages of a dataset tell (`regulars.commands.close_month`) under
``data/history/``, where it is never rewritten; a later page says how it has held::

    from regulars import history

    history.read_customers("demo", "2026-07-31").customers.head()      # what was told of each, by pseudonym
    report.tell(history.tell_closed("demo", purchases, shop.end))      # how many were to order, and how many did
    day, months = history.read_months("demo", "2026-07-31")            # months ahead, as they were told
"""

from regulars.lazy import exports

_HOMES = {
    "closed": ("closed_days", "read_summary"),
    "customers": ("ClosedMonth", "hold_customers", "read_customers", "tell_closed"),
    "months": ("hold_months", "read_months", "tell_earlier"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
