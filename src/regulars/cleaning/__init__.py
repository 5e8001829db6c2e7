"""Raw tables to clean ones: read, rejected with reasons, netted, and the ledger that accounts for every row.

Examples
--------
A dataset that has been ingested is cleaned, looked at, and written; ``notebooks/01_clean.ipynb`` tells all of it::

    from regulars import cleaning

    cleaned = cleaning.clean("cdnow")
    cleaning.tables_overview(cleaned.ledger)        # what became of the rows of every table
    cleaning.worst_reasons(cleaned.ledger)          # why rows were set aside
    cleaning.figures(cleaned.kept["orders"])        # the range of what is left
    cleaning.save(cleaned)

Cleaning
    ``clean(dataset)``: a ``Cleaned`` with ``kept``, ``changed``, ``ledger``, ``about``; ``save(cleaned)``;
    ``clean_tables(mapping, read)``: the same of tables in memory; ``clean_orders``: the order log alone, however large.
The ledger in tables
    ``waterfall(ledger)``: from raw to kept; ``tables_overview``, ``worst_reasons``, ``example_rows``, ``main_account``,
    ``copies_kept``.
The orders in figures
    ``figures(orders)``, ``by_day``, ``weekly_orders``; ``gaps``: stretches without an order that are no chance;
    ``sufficiency``: whether there is enough to conclude from.

What the quality page tells is made by `regulars.cleaning.quality`.
"""

from regulars.lazy import exports

_HOMES = {
    "process": ("Cleaned", "clean", "clean_orders", "clean_tables", "save"),
    "ledger_tables": ("copies_kept", "example_rows", "main_account", "tables_overview", "waterfall", "worst_reasons"),
    "order_figures": ("by_day", "figures", "gaps", "sufficiency", "weekly_orders"),
    "quality": ("quality",),
}  # fmt: skip
__getattr__, __dir__, _ = exports(__name__, _HOMES)  # no __all__: help() then shows what stands above
