"""Every table of the project: what one row is, its key and its columns, and how it is read and written."""

from regulars.lazy import exports

_HOMES = {
    "tables": (
        "ARROW_TYPES", "CLEAN_TABLES", "JOINED_TASTES", "MONEY", "PANDAS_TYPES", "SCORED_TABLES", "TABLES", "Column",
        "Table",
    ),
    "schemas": ("limits_of", "rule_broken", "schema", "typed", "validate"),
    "about_dataset": ("About", "about", "about_from_ledger"),
    "files": ("in_engine", "load", "save"),
    "places": ("exists", "path", "read_json", "write_csv", "write_json", "write_parquet"),
}  # fmt: skip
__getattr__, __dir__ = exports(__name__, _HOMES)
