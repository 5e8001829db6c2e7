"""A project that was set up for an earlier version, brought to the present layout: ``regulars upgrade``."""

import re
from pathlib import Path

import yaml

from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings import former_layout, read
from regulars.settings.reading import COMMON, DATASETS_SECTION, FORMER_KEY, FORMER_SECTION

PAGES = "pages"
BY_HAND = (
    "params.yaml is laid out in a way that cannot be changed without losing something: rename the section 'index' to "
    "'pages', also under each dataset, and move 'language' from 'common' there."
)
SCHEMA = re.compile(r"^(# yaml-language-server: \$schema=\S*src/regulars/)(source\.schema\.json)", re.M)


def upgrade(root: Path | None = None) -> list[str]:
    """Change ``params.yaml`` and the mappings where they are of an earlier version; comments and order stay.

    Parameters
    ----------
    root : Path, optional
        Of the project.

    Returns
    -------
    list of str
        What was changed, a line each; empty where everything is as it should be.

    Raises
    ------
    UserError
        Where ``params.yaml`` is laid out so that only a person can change it; then nothing is changed.
    """
    root = root or project_root()
    settings = root / "params.yaml"
    read(settings)  # says in one sentence what is wrong with it
    content = settings.read_text(encoding="utf-8")
    after, told = upgraded(content)
    if told:
        _write(settings, after)
    for mapping in sorted((root / "data" / "sources").glob("*.yaml")):
        before = mapping.read_text(encoding="utf-8")
        pointed = SCHEMA.sub(r"\1sources/\2", before)
        if pointed != before:
            _write(mapping, pointed)
            told.append(f"data/sources/{mapping.name}: its schema is src/regulars/sources/source.schema.json")
    return told


def upgraded(content: str) -> tuple[str, list[str]]:
    r"""``params.yaml`` in the present layout, and what was changed.

    Parameters
    ----------
    content : str

    Returns
    -------
    (str, list of str)

    Raises
    ------
    UserError
        Where it cannot be changed without losing something.

    Examples
    --------
    >>> before = "common:\n  language: en  # of the pages\n  seed: 1\nindex: {}\ndatasets:\n  shop: {index: {}}\n"
    >>> after, told = upgraded(before)
    >>> print(after)
    common:
      seed: 1
    pages:
      language: en  # of the pages
    datasets:
      shop: {pages: {}}
    <BLANKLINE>
    >>> told[1]
    'params.yaml: common.language is pages.language'
    """
    wanted, told = _moved(yaml.safe_load(content)), []
    while former := former_layout(yaml.safe_load(content)):
        *where, last = former.split(".")
        path = tuple(where[:2]) if where[:1] == [DATASETS_SECTION] else ()
        if last == FORMER_SECTION:
            key, _ = _pair(_at(content, path), FORMER_SECTION)
            content = _replaced(content, key.start_mark.index, key.end_mark.index, PAGES)
            told.append(f"params.yaml: {former} is called {PAGES}")
        else:
            content, line = _without_language(content, path)
            content = _with_language(content, path, line)
            told.append(f"params.yaml: {former} is {'.'.join((*path, PAGES))}.{FORMER_KEY}")
        if len(told) > content.count("\n") + 9:
            break
    try:
        is_right = yaml.safe_load(content) == wanted
    except yaml.YAMLError:
        is_right = False
    if not is_right:
        raise UserError(BY_HAND)
    return content, told


def _moved(content: dict) -> dict:
    """What the file shall say, without its comments."""
    parts = {"": content} | {name: part for name, part in (content.get(DATASETS_SECTION) or {}).items() if part}
    moved = {}
    for name, part in parts.items():
        if PAGES in part and (FORMER_SECTION in part or (FORMER_KEY in (part.get(COMMON) or {}) and part[PAGES])):
            raise UserError(BY_HAND)  # which of the two is meant?
        new = {PAGES if key == FORMER_SECTION else key: value for key, value in part.items()}
        common = new.get(COMMON) or {}
        if FORMER_KEY in common:
            new[COMMON] = {key: value for key, value in common.items() if key != FORMER_KEY}
            new[PAGES] = {FORMER_KEY: common[FORMER_KEY], **(new.get(PAGES) or {})}
        moved[name] = new
    return {**moved.pop(""), DATASETS_SECTION: {**content[DATASETS_SECTION], **moved}}


def _at(content: str, path: tuple[str, ...]) -> yaml.MappingNode:
    node = yaml.compose(content, Loader=yaml.SafeLoader)
    for name in path:
        node = _pair(node, name)[1]
    return node


def _pair(node: yaml.MappingNode, name: str):
    """Node of a key and of its value; None and None where it is not there."""
    return next(((key, value) for key, value in node.value if key.value == name), (None, None))


def _replaced(content: str, start: int, end: int, text: str) -> str:
    return content[:start] + text + content[end:]


def _line(content: str, index: int) -> tuple[int, int]:
    """Start of a line, and of the next."""
    end = content.find("\n", index)
    return content.rfind("\n", 0, index) + 1, len(content) if end < 0 else end + 1


def _without_language(content: str, path) -> tuple[str, str]:
    """The file without ``common.language``, and what stood there, with its comment."""
    name, common = _pair(_at(content, path), COMMON)
    key, value = _pair(common, FORMER_KEY)
    pairs, place = common.value, [one.value for one, _ in common.value].index(FORMER_KEY)
    if not common.flow_style:
        start, end = _line(content, key.start_mark.index)
        told = content[key.start_mark.index : end].rstrip()
        rest = _replaced(content, start, end, "")
        return (rest if len(pairs) > 1 else _replaced(rest, *2 * [name.end_mark.index + 1], " {}")), told
    told = content[key.start_mark.index : value.end_mark.index]
    start, end = key.start_mark.index, value.end_mark.index
    if place + 1 < len(pairs):
        end = pairs[place + 1][0].start_mark.index
    elif place:
        start = pairs[place - 1][1].end_mark.index
    return _replaced(content, start, end, ""), told


def _with_language(content: str, path, line: str) -> str:
    """The file with the language in the section ``pages``, which is made where it is not there."""
    part = _at(content, path)
    key, pages = _pair(part, PAGES)
    plain = re.sub(r"\s+#.*$", "", line)
    if key is None and part.flow_style:
        before = ", " if part.value else ""
        return _replaced(content, *2 * [part.end_mark.index - 1], f"{before}{PAGES}: {{{plain}}}")
    if key is None:
        after = _pair(part, DATASETS_SECTION)[0] or part.value[0][0]  # before the datasets, or first of a dataset's
        start, _ = _line(content, after.start_mark.index)
        indent = " " * after.start_mark.column
        return _replaced(content, start, start, f"{indent}{PAGES}:\n{indent}  {line}\n" + ("" if path else "\n"))
    if isinstance(pages, yaml.MappingNode) and pages.value:
        first = pages.value[0][0]
        told = f"{plain}, " if pages.flow_style else f"{line}\n{' ' * first.start_mark.column}"
        return _replaced(content, *2 * [first.start_mark.index], told)
    if part.flow_style:
        return _replaced(content, pages.start_mark.index, pages.end_mark.index, f"{{{plain}}}")
    indent = " " * (key.start_mark.column + 2)
    content = _replaced(content, pages.start_mark.index, pages.end_mark.index, "")
    start, end = _line(content, key.start_mark.index)
    return _replaced(content, start, end, f"{content[start:end].rstrip()}\n{indent}{line}\n")


def _write(file: Path, content: str) -> None:
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(content, encoding="utf-8")
    aside.replace(file)
