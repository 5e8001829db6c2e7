"""How settings are shown: name, value, unit and reason of each, and a mark where it differs from ``params.yaml``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from html import escape
from inspect import getdoc
from pathlib import Path

import yaml

COMMON = "common"
CHANGED = "●"
WIDTH = 40  # of a value in text
LEFT = "style='text-align:left'"


@dataclass(frozen=True)
class Source:
    """Where the settings of a stage were read, so that they can say why they are as they are.

    Parameters
    ----------
    stage : str
    dataset : str
        Empty: those of every dataset.
    defaults : mapping
        What ``params.yaml`` says for every dataset.
    file : pathlib.Path, optional
        Which was read.
    """

    stage: str
    dataset: str
    defaults: Mapping
    file: Path | None = None


@dataclass(frozen=True)
class Line:
    """One setting as it is shown.

    Parameters
    ----------
    name, unit, reason : str
    value : object
    default : object
        What ``params.yaml`` says for every dataset; the same as ``value`` where nothing else is wanted here.
    """

    name: str
    value: object
    unit: str
    reason: str
    default: object

    @property
    def is_changed(self) -> bool:
        """Whether something else is wanted here."""
        return self.value != self.default


@cache
def units(kind: type) -> dict[str, str]:
    """Unit of each setting of a class, from its docstring: what stands after the type.

    Examples
    --------
    >>> @dataclass
    ... class Rules:
    ...     '''Rules.
    ...
    ...     Parameters
    ...     ----------
    ...     short_days, long_days : int, days
    ...         Of silence.
    ...     '''
    >>> units(Rules)
    {'short_days': 'days', 'long_days': 'days'}
    """
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        for names, told in re.findall(r"^(\w+(?:, \w+)*) : (.+)$", getdoc(parent) or "", re.M):
            unit = told.partition(", ")[2]
            found |= dict.fromkeys(names.split(", "), unit)
    return found


@lru_cache(maxsize=4)
def comments(text: str) -> dict[tuple[str, ...], str]:
    r"""Comment beside each key of a YAML file, by the path of the key.

    Examples
    --------
    >>> comments("value:  # all of it\n  margin: 0.3   # a third\n  strict: false\n")
    {('value',): 'all of it', ('value', 'margin'): 'a third'}
    """
    lines = text.splitlines()

    def walk(node, path) -> Iterator[tuple[tuple[str, ...], str]]:
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            end = key.end_mark if getattr(value, "flow_style", None) is False else value.end_mark
            found = re.search(r"#\s*(.*)$", lines[end.line][end.column :]) if end.line < len(lines) else None
            here = (*path, str(key.value))
            if found:
                yield here, found[1].strip()
            yield from walk(value, here)

    return dict(walk(yaml.compose(text, Loader=yaml.SafeLoader), ()))


def lines_of(settings) -> list[Line]:
    """Every setting of a stage as it is shown, those of a group one by one."""
    source = settings.source or Source("", "", {})
    file = source.file
    told = comments(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}

    def reason(path) -> str:
        places = [(section, *path) for section in (source.stage, COMMON)]
        of_dataset = [("datasets", source.dataset, *place) for place in places]
        return next((told[place] for place in (*of_dataset, *places) if place in told), "")

    def walk(part, path, default) -> Iterator[Line]:
        for one in fields(part):
            if one.name == "source":
                continue
            value, here = getattr(part, one.name), (*path, one.name)
            known = default.get(one.name, value) if isinstance(default, Mapping) else value
            if is_dataclass(value):
                yield from walk(value, here, known)
            else:
                yield Line(
                    ".".join(here), value, units(part.__class__).get(one.name, ""), reason(here), as_tuple(known)
                )

    return list(walk(settings, (), source.defaults))


def as_tuple(value):
    """A value of YAML with its lists, at any depth, as tuples: nobody can change them.

    Examples
    --------
    >>> as_tuple({"a": [1, [2]]})
    {'a': (1, (2,))}
    """
    if isinstance(value, list | tuple):
        return tuple(as_tuple(one) for one in value)
    if isinstance(value, Mapping):
        return {name: as_tuple(one) for name, one in value.items()}
    return value


def plainly(value) -> str:
    """A value as ``params.yaml`` writes it, on one line.

    Examples
    --------
    >>> plainly((0.01, 0.99)), plainly("week"), plainly({})
    ('[0.01, 0.99]', 'week', '{}')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(plainly, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {plainly(one)}" for name, one in value.items()) + "}"
    return str(value)


def title_of(settings) -> str:
    """Name of the stage, and of the dataset."""
    source = settings.source
    return f"{source.stage}, {source.dataset}" if source and source.dataset else source.stage if source else ""


def as_text(settings) -> str:
    """Settings of a stage in text: a line each, with its unit; beside what differs what ``params.yaml`` says."""
    shown = lines_of(settings)
    wide, wider = max(len(line.name) for line in shown), max(len(short(line.value)) for line in shown)
    told = [f"{type(settings).__name__} {title_of(settings)}".strip()]
    for line in shown:
        mark = f"{CHANGED} params.yaml, every dataset: {short(line.default)}" if line.is_changed else ""
        told.append(f"  {line.name:<{wide}}  {short(line.value):<{wider}}  {line.unit}  {mark}".rstrip())
    return "\n".join(told)


def short(value) -> str:
    """A value in text, cut where it is long."""
    told = plainly(value)
    return told if len(told) <= WIDTH else f"{told[: WIDTH - 1]}…"


def as_html(settings) -> str:
    """Settings of a stage as a table: name, value, unit, why, and what ``params.yaml`` says where it differs."""
    rows = "".join(_row(line) for line in lines_of(settings))
    least = {"setting": 0, "value": 0, "unit": 6, "why": 24, "differs": 9}  # beside a mapping that is a value
    head = "".join(f"<th style='text-align:left;min-width:{wide}em'>{name}</th>" for name, wide in least.items())
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f"<table><caption {LEFT}>{escape(title_of(settings))}</caption>{body}</table>"


def _row(line: Line) -> str:
    value, default = escape(plainly(line.value)), escape(plainly(line.default))
    shown = [f"<b>{value}</b>" if line.is_changed else value, escape(line.unit), escape(line.reason)]
    shown.append(f"{CHANGED} params.yaml, every dataset: {default}" if line.is_changed else "")
    return f"<tr><th {LEFT}>{escape(line.name)}</th>" + "".join(f"<td {LEFT}>{cell}</td>" for cell in shown) + "</tr>"
