"""Stubs beside packages that load their names late (`regulars.lazy`), so that editors complete and checkers see them.

``python tools/stubs.py --write`` writes every ``__init__.pyi`` anew; without it those that are out of date are named.
"""

import sys
from pathlib import Path

from imports import PACKAGE, SOURCE, module_file, table_of

STUB = "__init__.pyi"


def stub_of(package: str) -> str:
    """Text of a package's stub, from the table of its names."""
    lines = [f"# made of __init__.py by python tools/stubs.py --write; see {package}\n"]
    for module, names in sorted(table_of(package, "_HOMES").items()):
        own = [name for name in sorted(names) if name != module]
        lines += [f"from . import {module} as {module}"] * (module in names)
        lines += [f"from .{module} import {name} as {name}" for name in own]
    if "\n__version__ = " in module_file(package).read_text(encoding="utf-8"):
        lines += ["", "__version__: str"]
    return "\n".join(lines) + "\n"


def stubs() -> dict[Path, str]:
    """File of each stub to its text."""
    lazy = [file for file in PACKAGE.rglob("__init__.py") if "_HOMES" in file.read_text(encoding="utf-8")]
    names = {file: ".".join(file.parent.relative_to(SOURCE).parts) for file in lazy}
    return {file.with_name(STUB): stub_of(name) for file, name in sorted(names.items())}


def main() -> int:
    """Write the stubs, or name those that are out of date."""
    stale = [f for f, text in stubs().items() if not f.is_file() or f.read_text(encoding="utf-8") != text]
    for file in stale:
        if "--write" in sys.argv:
            file.write_text(stubs()[file], encoding="utf-8")
        else:
            print(f"{file.relative_to(SOURCE)}: out of date; run python tools/stubs.py --write")
    return int(bool(stale) and "--write" not in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
