"""Packages whose public names are loaded when they are first used; functions of domain rooms check their frames.

A stage that needs one room of a package then neither waits for the imports of the others nor depends on their files
(``tools/imports.py`` reads the same table as this module).
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType
from typing import Any, cast

# jsonschema takes this checker of addresses wherever it is installed, and compiling its grammar costs 2.6 s
SLOW_CHECKER = "rfc3987_syntax"
# rooms that take frames of an analyst's own; others read and write raw text under the same names
DOORS = tuple(
    f"regulars.{room}" for room in ("clv", "segments", "retention", "satisfaction", "interaction", "actions", "cycle")
)


def exports(package: str, homes: Mapping[str, tuple[str, ...]]) -> tuple[Callable, Callable]:
    """Make ``__getattr__`` and ``__dir__`` of a package; without ``__all__`` its ``help()`` is what its own text says.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping
        Module to the public names that it defines; a module named as its only name is handed out itself.

    Returns
    -------
    tuple
        To be assigned to the two names, in this order.

    Examples
    --------
    >>> getattr_, dir_ = exports("xml", {"etree": ("ElementTree",)})
    >>> dir_(), getattr_("ElementTree").__name__
    (['ElementTree'], 'xml.etree.ElementTree')
    """
    module_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str):
        if name not in module_of:
            if not name.startswith("_") and find_spec(f"{package}.{name}"):
                return import_module(f"{package}.{name}")  # a room inside this one
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{module_of[name]}")
        found = module if module_of[name] == name else getattr(module, name)
        if not isinstance(found, FunctionType) or not package.startswith(DOORS):
            return found
        from regulars.frames import door

        return door(found)

    return find, lambda: sorted(module_of)


def leave_out_slow_checker() -> None:
    """Let jsonschema start without a checker that nothing here asks for; to be called before it is imported."""
    cast(dict[str, Any], sys.modules).setdefault(SLOW_CHECKER, None)
