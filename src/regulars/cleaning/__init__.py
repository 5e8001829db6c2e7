"""Raw tables to clean ones: read, rejected with reasons, netted, and the ledger that accounts for every row.

A dataset that has been ingested is cleaned, looked at, and written::

    from regulars import cleaning

    cleaned = cleaning.clean("cdnow")
    cleaning.tables_overview(cleaned.ledger)
    cleaning.worst_reasons(cleaned.ledger)
    cleaning.save(cleaned)

What the quality page says of it is made by `regulars.cleaning.quality`.
"""

from regulars.lazy import exports

_HOMES = {
    "process": ("Cleaned", "clean", "clean_orders", "clean_tables", "save"),
    "ledger_tables": ("copies_kept", "example_rows", "main_account", "tables_overview", "waterfall", "worst_reasons"),
    "order_figures": ("by_day", "figures", "gaps", "sufficiency", "weekly_orders"),
    "quality": ("quality",),
}  # fmt: skip
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
