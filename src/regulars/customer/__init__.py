"""One customer: everything a firm knows of one, and what the stages found.

* ``customer_of(dataset, who, scored)``: the customer, as `regulars.dataset.Dataset.customer` hands it out.
* ``rows_of(tables, customer_id)``: every row of every clean table that names the customer.
* ``timeline(rows)``: all of them in order of time; ``folded(timeline)``: what belongs together as one line.
* ``customer_file(rows, …)``: the fields of the customer file, what is in them, how old.
* ``write_page(customer)``: a page with real ids, for one pair of eyes.
"""

from regulars.lazy import exports

_HOMES = {
    "account": ("Customer", "customer_of"),
    "dealings": ("folded", "timeline"),
    "file": ("FIELDS", "customer_file"),
    "page": ("write_page",),
    "rows": ("NAMED_BY", "rows_of", "whose"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
