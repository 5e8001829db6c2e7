"""A project that was set up for an earlier version, brought to the present layout: ``regulars upgrade``."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from regulars.errors import UserError
from regulars.paths import project_root
from regulars.settings import STAGE_SETTINGS, former_layout, read
from regulars.settings.reading import COMMON, DATASETS_SECTION, FORMER_KEY, FORMER_SECTION

PAGES = "pages"
BY_HAND = (
    "params.yaml has both 'index' and 'pages', and only a person can tell which is meant: move what 'index' says to "
    "'pages', also under each dataset."
)
SCHEMA = re.compile(r"^(# yaml-language-server: \$schema=\S*src/regulars/)(source\.schema\.json)", re.M)
WIDE = 10_000  # characters: no line of the file is broken anew


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
        Where ``params.yaml`` cannot be read, or only a person can tell what is meant; then nothing is changed.
    """
    root = root or project_root()
    settings = root / "params.yaml"
    read(settings)  # says in one sentence what is wrong with it
    after, told = upgraded(settings.read_text(encoding="utf-8"))
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
        Where both layouts are mixed.

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
    yaml = YAML()  # keeps comments, order and quotes
    yaml.preserve_quotes, yaml.width = True, WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    parsed = yaml.load(content)
    overrides = {name: part for name, part in (parsed.get(DATASETS_SECTION) or {}).items() if isinstance(part, Mapping)}
    told = []
    if former_layout(parsed):
        told += _moved(parsed, "", PAGES in parsed)
        for name, part in overrides.items():
            told += _moved(part, f"{DATASETS_SECTION}.{name}.", PAGES in part)
    for name, part in overrides.items():
        told += _completed(part, f"{DATASETS_SECTION}.{name}.", [stage for stage in STAGE_SETTINGS if stage in parsed])
    if not told:
        return content, []
    written = io.StringIO()
    yaml.dump(parsed, written)
    return written.getvalue(), told


def _completed(part, where: str, stages: list[str]) -> list[str]:
    """Give a dataset a section for each stage that has come since, with nothing that differs; what was done."""
    known = [stage for stage in STAGE_SETTINGS if stage in part]
    if not known:  # it lists no stage at all: it differs in nothing
        return []
    told = []
    for stage in stages:
        if stage not in part:
            before = [name for name in list(STAGE_SETTINGS)[: list(STAGE_SETTINGS).index(stage)] if name in part]
            place = list(part).index(before[-1]) + 1 if before else len(part)
            part.insert(place, stage, CommentedMap())
            part[stage].fa.set_flow_style()
            told.append(f"params.yaml: {where}{stage} is new, with nothing that differs")
    return told


def _moved(part, where: str, has_pages: bool) -> list[str]:
    """Rename the section of one part of the file, and move the language into it; what was done."""
    told = []
    if FORMER_SECTION in part:
        if has_pages:
            raise UserError(BY_HAND)
        place = list(part).index(FORMER_SECTION)
        comment = part.ca.items.pop(FORMER_SECTION, None)
        part.insert(place, PAGES, part.pop(FORMER_SECTION))
        if comment:
            part.ca.items[PAGES] = comment
        told.append(f"params.yaml: {where}{FORMER_SECTION} is called {PAGES}")
    common: Any = part.get(COMMON)
    if isinstance(common, CommentedMap) and FORMER_KEY in common:
        if not part.get(PAGES):
            part[PAGES] = CommentedMap()
        comment = common.ca.items.pop(FORMER_KEY, None)
        pages = part[PAGES]
        pages.setdefault(FORMER_KEY, common.pop(FORMER_KEY))
        if comment and not pages.fa.flow_style():
            pages.ca.items[FORMER_KEY] = comment
        told.append(f"params.yaml: {where}{COMMON}.{FORMER_KEY} is {where}{PAGES}.{FORMER_KEY}")
    return told


def _write(file: Path, content: str) -> None:
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(content, encoding="utf-8")
    aside.replace(file)
