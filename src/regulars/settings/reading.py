"""Settings of a stage: its section of ``params.yaml``, with what the dataset overrides and what is tried instead."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings.shown import COMMON, Source, as_tuple, units
from regulars.settings.stages import STAGE_SETTINGS, StageSettings

DATASETS_SECTION = "datasets"
ENGINE_SECTION = "engine"
NOT_STAGES = (DATASETS_SECTION, ENGINE_SECTION)  # sections that no dataset overrides
# settings of a former layout, by section; `regulars upgrade` moves them
FORMER_SECTION, FORMER_KEY = "index", "language"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")  # of a dataset
WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list",
          Mapping: "names with a value each", NoneType: "nothing"}  # fmt: skip


def load(path: Path | None = None) -> dict:
    """Read ``params.yaml``, whole.

    Parameters
    ----------
    path : Path, optional
        Another file than the project's.

    Returns
    -------
    dict
        Section name to its settings.

    Raises
    ------
    UserError
        Where the file is absent, not valid YAML, or laid out as an earlier version had it.
    """
    path = path or project_root() / "params.yaml"
    content = read(path)
    if former := former_layout(content):
        raise UserError(f"{path.name}: {former} is of an earlier version: run `regulars upgrade`, which moves it.")
    return content


def read(path: Path) -> dict:
    """Read a ``params.yaml`` of any version.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    UserError
        Where the file is absent or not valid YAML, or names no datasets.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path.name} is not there: run this inside a Regulars project.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path.name}{where}: this is not valid YAML; mend that line.") from None
    if not isinstance(content, dict) or not isinstance(content.get(DATASETS_SECTION), dict):
        raise UserError(f"{path.name} has no section '{DATASETS_SECTION}': add one that names what to build.")
    for name in content[DATASETS_SECTION]:
        check_name(name, f"{path.name}: {DATASETS_SECTION}: ")
    return content


def check_name(name, where: str = "") -> None:
    """Refuse a name that a dataset cannot have: YAML would read it as something else, or a file cannot be called so.

    Parameters
    ----------
    name : object
        As it was given, or as YAML has read it.
    where : str
        What the sentence begins with.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_name("shop-2024")
    >>> check_name("no")
    Traceback (most recent call last):
    regulars.errors.UserError: 'no' cannot name a dataset, since YAML reads it as false: take another, such as shop.
    """
    if not isinstance(name, str):
        found = "empty" if name is None else str(name).lower()
        raise UserError(
            f"{where}a name that YAML reads as {found} cannot name a dataset: take another, such as shop-2024."
        )
    read_as = yaml.safe_load(name) if NAME.fullmatch(name) else ""
    if read_as == "":
        rule = "take small letters, digits, - and _, a letter first, such as shop-2024"
        raise UserError(f"{where}'{name}' cannot name a dataset: {rule}.")
    if read_as != name:
        found = "empty" if read_as is None else str(read_as).lower()
        raise UserError(
            f"{where}'{name}' cannot name a dataset, since YAML reads it as {found}: take another, such as shop."
        )


def former_layout(content: Mapping) -> str:
    """What a ``params.yaml`` still has of the former layout, as section or section.key; empty where it has nothing.

    Examples
    --------
    >>> former_layout({"common": {"language": "en"}, "datasets": {}})
    'common.language'
    """
    overrides = content.get(DATASETS_SECTION) or {}
    parts = {"": content} | {f"{DATASETS_SECTION}.{name}.": part for name, part in overrides.items()}
    for where, part in parts.items():
        if isinstance(part, Mapping) and FORMER_SECTION in part:
            return f"{where}{FORMER_SECTION}"
        if isinstance(part, Mapping) and FORMER_KEY in (part.get(COMMON) or {}):
            return f"{where}{COMMON}.{FORMER_KEY}"
    return ""


def datasets(settings: dict | None = None) -> list[str]:
    """Names of the datasets that a plain run builds, in the order of ``params.yaml``."""
    return list((settings or load())[DATASETS_SECTION])


def resolve(stage: str, dataset: str, settings: dict | None = None) -> dict:
    """Settings of one stage for one dataset: shared ones, the stage's own, then the dataset's overrides.

    Parameters
    ----------
    stage : str
        A section of ``params.yaml``.
    dataset : str
        A name under ``datasets``.
    settings : dict, optional
        The content of ``params.yaml``, where it has been read already.

    Returns
    -------
    dict
        Name of each setting to its value. Of a group of settings the overrides change those that they name.

    Raises
    ------
    UserError
        Where stage or dataset is unknown, a name is no setting of the stage, or a value is of another kind.

    Examples
    --------
    >>> settings = {"common": {"seed": 1}, "value": {"margin": 0.3},
    ...             "datasets": {"shop": {"value": {"margin": 0.4}}}}
    >>> resolve("value", "shop", settings)
    {'seed': 1, 'margin': 0.4}
    """
    settings = settings or load()
    if dataset not in settings[DATASETS_SECTION]:
        known = ", ".join(settings[DATASETS_SECTION]) or "none yet"
        raise UserError(f"params.yaml has no dataset '{dataset}' (it has: {known}): name one of these or add it.")
    overrides = _named(settings[DATASETS_SECTION][dataset], f"{DATASETS_SECTION}.{dataset}")
    _refuse_unknown(overrides, [key for key in settings if key not in NOT_STAGES], f"datasets.{dataset}")
    merged = _defaults(stage, settings)
    for section in (COMMON, stage):
        where, defaults = f"datasets.{dataset}.{section}", settings.get(section) or {}
        changed = _named(overrides.get(section), where)
        _refuse_unknown(changed, _known(section) if section in (COMMON, *STAGE_SETTINGS) else defaults, where)
        _check(changed, section, where)
        merged = _merged(merged, changed)
    return merged


def stage_settings(
    stage: str, dataset: str = "", changes: Mapping | None = None, *, content: dict | None = None
) -> StageSettings:
    """Settings of a stage as one object.

    Parameters
    ----------
    stage : str
        A section of ``params.yaml``.
    dataset : str
        A name under ``datasets``; empty: what holds for all.
    changes : mapping, optional
        Settings to try instead, by name; a name that stands in two sections is written ``stage.name``.
    content : dict, optional
        The content of ``params.yaml``, where it has been read already.

    Returns
    -------
    StageSettings
        Of the stage's class.

    Raises
    ------
    UserError
        As `resolve`; where a setting is missing; where a change names none, or one that stands in two sections.
    """
    file = None if content else project_root() / "params.yaml"
    content = content or load()
    if stage not in STAGE_SETTINGS:
        raise UserError(f"There are no settings of a stage '{stage}': name one of {', '.join(STAGE_SETTINGS)}.")
    defaults = _defaults(stage, content)
    merged = resolve(stage, dataset, content) if dataset else defaults
    for section, changed in places_of(changes or {}).items():
        if section in (COMMON, stage):
            _check(changed, section, "changes", file="")
            merged = _merged(merged, changed)
    source = Source(stage, dataset, defaults, file)
    return _built(STAGE_SETTINGS[stage], merged, stage, dataset, {"source": source})


def check_settings(dataset: str = "") -> None:
    """Refuse what is wrong with the settings of any stage, before one runs.

    Parameters
    ----------
    dataset : str
        Whose; empty: those that all datasets share.

    Raises
    ------
    UserError
        As `stage_settings`; where the dataset is not there.
    """
    content = load()
    for stage in STAGE_SETTINGS:
        stage_settings(stage, dataset, content=content)


def places_of(changes: Mapping) -> dict[str, dict]:
    """Section to the settings in it that are to be tried instead.

    Parameters
    ----------
    changes : mapping
        Name, or ``stage.name``, to value.

    Raises
    ------
    UserError
        Where a name is a setting of no stage, or of two.

    Examples
    --------
    >>> places_of({"margin": 0.25, "seed": 7, "retention.satisfaction_construct": "x"})
    {'value': {'margin': 0.25}, 'common': {'seed': 7}, 'retention': {'satisfaction_construct': 'x'}}
    """
    known = {section: _known(section) for section in (COMMON, *STAGE_SETTINGS)}
    found: dict[str, dict] = {}
    for told, value in changes.items():
        stage, _, name = told.rpartition(".")
        sections = [one for one, names in known.items() if name in names and stage in ("", one)]
        if not sections:
            every = sorted({one for names in known.values() for one in names})
            close = get_close_matches(name, every, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(every)}."
            raise UserError(f"changes: no stage has a setting '{told}'; {hint}")
        if len(sections) > 1:
            raise UserError(
                f"changes: '{name}' is a setting of {' and of '.join(sections)}: "
                f"write {' or '.join(f'{section}.{name}' for section in sections)}."
            )
        found.setdefault(sections[0], {})[name] = value
    return found


def _known(section: str) -> list[str]:
    """Names of the settings of a section; none where it is of no known stage."""
    common = [one.name for one in fields(StageSettings) if one.name != "source"]
    if section == COMMON:
        return common
    kind = STAGE_SETTINGS.get(section)
    return [one.name for one in fields(kind) if one.name not in (*common, "source")] if kind else []


def _defaults(stage: str, settings: Mapping) -> dict:
    """What holds for every dataset."""
    if stage not in settings:
        raise UserError(f"params.yaml has no section '{stage}': add it, if only as '{stage}: {{}}'.")
    merged: dict = {}
    for section in (COMMON, stage):
        here = _named(settings.get(section), section)
        if section == COMMON or section in STAGE_SETTINGS:
            _refuse_unknown(here, _known(section), section)
        _check(here, section, section)
        merged |= here
    return merged


def _named(section, where: str) -> dict:
    if not isinstance(section or {}, Mapping):
        raise UserError(f"params.yaml: {where} is {section!r}; give names with a value each.")
    return dict(section or {})


def _merged(defaults: Mapping, changed: Mapping) -> dict:
    """Settings with those changed; of a group of settings only those that are named."""
    groups = {name for kind in STAGE_SETTINGS.values() for name, one in _hints(kind).items() if _is_group(one)}
    inside = {
        name: {**defaults[name], **value}
        for name, value in changed.items()
        if name in groups and isinstance(defaults.get(name), Mapping)
    }
    return {**defaults, **changed, **inside}


@cache
def _hints(kind: type) -> dict:
    """What each setting of a class may be, with its bounds."""
    return get_type_hints(kind, include_extras=True)


def _is_group(kind) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and kind is not Source


def _check(section: Mapping, name: str, where: str, file: str = "params.yaml: ") -> None:
    """Refuse what is of another kind than the section's class says."""
    kind = StageSettings if name == COMMON else STAGE_SETTINGS.get(name)
    if kind:
        _check_fields(kind, section, where, file)


def _check_fields(kind: type, section: Mapping, where: str, file: str) -> None:
    hints = _hints(kind)
    for name, value in section.items():
        place = f"{file}{where}{'.' if file else ': '}{name}"
        if _is_group(hints[name]):
            if not isinstance(value, Mapping):
                raise UserError(f"{place} is {value!r}; give {WANTED[Mapping]}.")
            _refuse_unknown(value, [one.name for one in fields(hints[name])], f"{where}.{name}", file)
            _check_fields(hints[name], value, f"{where}.{name}", file)
        elif not _fits(value, hints[name]):
            unit = units(kind).get(name, "")
            found = "empty" if value is None else repr(value)
            raise UserError(f"{place} is {found}; give {_wanted(hints[name])}{f' ({unit})' if unit else ''}.")


def _fits(value, kind) -> bool:
    """Whether a value is of a kind that an annotation names, and within its bounds."""
    origin, inside = get_origin(kind) or kind, get_args(kind)
    if origin is Annotated:
        bare, *bounds = inside
        return _fits(value, bare) and all(bound.admits(value) for bound in bounds)
    if origin is Literal:
        return isinstance(value, str) and value in inside
    if origin in (UnionType, Union):
        return any(_fits(value, one) for one in inside)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_fits(one, inside[0]) for one in value)
    if origin is Mapping:
        names = isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
        return names and (not inside or all(_fits(one, inside[1]) for one in value.values()))
    if origin is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    return isinstance(value, origin) and (origin is bool or not isinstance(value, bool))


def _wanted(kind) -> str:
    origin, inside = get_origin(kind) or kind, get_args(kind)
    if origin is Annotated:
        bare, *bounds = inside
        between = " " if isinstance(bare, type) else ", "
        return between.join([_wanted(bare), *map(str, bounds)])
    if origin is Literal:
        return f"one of {', '.join(inside)}" if len(inside) > 1 else inside[0]
    if origin in (UnionType, Union):
        return " or ".join(_wanted(one) for one in inside)
    if origin is tuple:
        return f"a list of which each is {_wanted(inside[0])}"
    if origin is Mapping and inside:
        return f"names, each with {_wanted(inside[1])}"
    return WANTED[origin]


def _built(kind: type, values: Mapping, where: str, dataset: str, more: Mapping | None = None):
    """Object of a class, groups of settings as objects of theirs."""
    hints, given = _hints(kind), dict(more or {})
    for one in fields(kind):
        if one.name in given:
            continue
        if one.name not in values:
            raise UserError(f"params.yaml: section '{where}' does not set '{one.name}': add it there.")
        value = values[one.name]
        group = _is_group(hints[one.name])
        given[one.name] = _built(hints[one.name], value, f"{where}.{one.name}", dataset) if group else as_tuple(value)
    built = kind(**given)
    for name, wrong in getattr(built, "faults", dict)().items():
        of = f" (dataset {dataset})" if dataset else ""
        raise UserError(f"params.yaml: {where}.{name}{of} {wrong}.")
    return built


def _refuse_unknown(names: Iterable, known: Iterable, where: str, file: str = "params.yaml: ") -> None:
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), [str(k) for k in known], n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it may name {', '.join(map(str, known)) or 'nothing'}."
            raise UserError(f"{file}{where} names '{name}', which is not a setting there; {hint}")
