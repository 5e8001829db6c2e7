"""A first mapping from the files of a firm: what they show is written down, what they do not show is asked."""

from regulars.lazy import exports

_HOMES = {
    "files": ("Inspected", "find_delimiter", "find_encoding", "has_header", "inspect_file"),
    "columns": ("Found", "find_table"),
    "proposal": ("Proposal", "propose"),
    "writing": ("new_dataset", "with_dataset"),
}
__getattr__, __dir__ = exports(__name__, _HOMES)
