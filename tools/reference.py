"""Pages of the API reference: one per room of the library, each public name with its docstring.

``python tools/reference.py FOLDER`` writes them for mkdocs (``make docs``); names are those of the rooms' own tables.
"""

import sys
from pathlib import Path

from imports import PACKAGE, SOURCE, table_of

FIRST = """\
# Regulars: the library

What a notebook calls. Begin with `regulars.open`, which hands out a dataset's tables, settings, purchases and what the
pipeline has found; every other room takes frames and numbers and returns frames and numbers. Examples are run as tests.

"""
TITLES = {
    "regulars": "Open a dataset", "regulars.dataset": "A dataset", "regulars.purchases": "Purchases",
    "regulars.finding": "Findings and actions", "regulars.told": "Telling", "regulars.errors": "Errors",
}  # fmt: skip


def rooms() -> dict[str, list[str]]:
    """Package or module to the full names of what it hands out; packages by their tables, a few modules whole."""
    packages = [file for file in sorted(PACKAGE.rglob("__init__.py")) if "_HOMES" in file.read_text(encoding="utf-8")]
    found = {}
    for file in packages:
        name = ".".join(file.parent.relative_to(SOURCE).parts)
        homes = table_of(name, "_HOMES")
        found[name] = sorted(
            f"{name}.{module}" if public == module else f"{name}.{module}.{public}"
            for module, names in homes.items()
            for public in names
        )
    return found | {name: [name] for name in TITLES if name not in found}


def pages() -> dict[str, str]:
    """File to its text, the first page among them."""
    found, entries = {}, []
    for room, names in sorted(rooms().items()):
        title = TITLES.get(room, f"`{room}`")
        found[f"{room}.md"] = f"# {title}\n\n" + "\n".join(f"::: {name}\n" for name in names)
        entries.append(f"* [{title}]({room}.md): {_first_line(room)}")
    return found | {"index.md": FIRST + "\n".join(entries) + "\n"}


def _first_line(room: str) -> str:
    path = SOURCE.joinpath(*room.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]


def main() -> None:
    """Write every page."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
