"""Packages whose public names are loaded when they are first used.

A stage that needs one room of a package then neither waits for the imports of the others nor depends on their files
(``tests/imports.py`` reads the same table as this module).
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

# jsonschema takes this checker of addresses wherever it is installed, and compiling its grammar costs 2.6 s
SLOW_CHECKER = "rfc3987_syntax"


def exports(package: str, homes: Mapping[str, tuple[str, ...]]) -> tuple[Callable, Callable, list[str]]:
    """Make ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping
        Module to the public names that it defines; a module named as its only name is handed out itself.

    Returns
    -------
    tuple
        To be assigned to the three names, in this order.

    Examples
    --------
    >>> getattr_, dir_, names = exports("xml", {"etree": ("ElementTree",)})
    >>> names, getattr_("ElementTree").__name__
    (['ElementTree'], 'xml.etree.ElementTree')
    """
    module_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str):
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{module_of[name]}")
        return module if module_of[name] == name else getattr(module, name)

    return find, lambda: sorted(module_of), sorted(module_of)


def leave_out_slow_checker() -> None:
    """Let jsonschema start without a checker that nothing here asks for; to be called before it is imported."""
    sys.modules.setdefault(SLOW_CHECKER, None)
