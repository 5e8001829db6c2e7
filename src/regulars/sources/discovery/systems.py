"""Exports that are known by their headers: `systems.yaml` beside this file says which, and how each is mapped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as package_files

import yaml

from regulars.sources.mapping import plain_name

LISTED = ("void", "only")


@dataclass(frozen=True)
class System:
    """One known export.

    Parameters
    ----------
    system : str
        Its name.
    signs : tuple of str
        Columns that a file of it has, all of them.
    tables : dict
        What a mapping says of it, table by table; of a list of columns the first that the file has is taken.
    below : int
        Rows between the header and the data.
    footer : str
        How what stands below the data begins; empty where nothing does.
    note : str
        What whoever maps it should know.
    """

    system: str
    signs: tuple[str, ...]
    tables: dict = field(repr=False)
    below: int = 0
    footer: str = ""
    note: str = ""


@cache
def systems() -> tuple[System, ...]:
    """All known exports, in the order in which they are tried."""
    text = (package_files("regulars.sources.discovery") / "systems.yaml").read_text(encoding="utf-8")
    return tuple(System(**one | {"signs": tuple(one["signs"])}) for one in yaml.safe_load(text))


def system_of(header: Sequence[str]) -> System | None:
    """The export that a header is of, or None.

    Examples
    --------
    >>> system_of(["#", "Would you come again?", "Submit Date (UTC)", "Network ID"]).system
    'Typeform, answers'
    >>> system_of(["a", "b"])
    """
    names = {plain_name(name).casefold() for name in header}
    return next((one for one in systems() if all(sign.casefold() in names for sign in one.signs)), None)


def column_of(given, header: Sequence[str], filled: Sequence[str]) -> str | None:
    """The column of a file that an entry means: of several the first that holds values, else the first there is."""
    own = {name.casefold(): name for name in reversed(header)}
    wanted = [str(name).casefold() for name in (given if isinstance(given, list) else [given])]
    there = [own[name] for name in wanted if name in own]
    return next((name for name in there if name in filled), there[0] if there else None)


def rules_of(table: dict, header: Sequence[str]) -> dict:
    """What an entry says of a table beside its columns, by the names of the file's columns."""
    rules = {key: value for key, value in table.items() if key not in ("columns", "wide", *LISTED)}
    for key in LISTED:
        named = {column_of(column, header, header): these for column, these in table.get(key, {}).items()}
        if named := {column: these for column, these in named.items() if column}:
            rules[key] = named
    if "fill_down" in rules:
        rules["fill_down"] = {
            key: column_of(value, header, header) if key == "by" else [column_of(one, header, header) for one in value]
            for key, value in rules["fill_down"].items()
        }
    if "refunds" in rules:
        rules["refunds"] = {"of": column_of(rules["refunds"]["of"], header, header)}
    return rules
