"""A cube as one file that opens offline, to be drilled, rotated and sliced: aggregates alone, suppressed beforehand.

It shows itself by Perspective (Apache-2.0), whose own bundle is read from the installed package and lies inside the
file. Perspective adds nothing up here: every cell that it shows, margins too, was computed in the engine, and is looked
up by what lies down, across and in its filters.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.cube import aggregate, measures_of
from regulars.cube.facts import Facts
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.rounding import round_significant

PACKAGE, BUNDLE = "perspective-python", "perspective/widget/static/perspective-anywidget"
MISSING = "Perspective is not installed, by which the file shows itself: pip install regulars[cube]."
DEFAULT = ("year", "category", "channel", "region", "segment", "tier")  # whose hierarchies are taken, where they are
AT_ONCE = 3  # hierarchies by which a cell is cut: with more, most cells would be small
MOST = 100  # members of a level: beyond, its cells are more than a file should hold
COUNTS = ("orders", "customers")
TEMPLATES = Path(__file__).parents[1] / "cube"


def write_cube(dataset: str, output: Path | None = None, by: Sequence[str] = ()) -> Path:
    """Write the cube of a dataset as one HTML file.

    Parameters
    ----------
    dataset : str
    output : Path, optional
        Default ``scratch/<dataset>-cube.html``. It holds no row and no id: it may be passed on as the pages are.
    by : sequence of str, optional
        Levels, of each of which the hierarchy is taken; default time, category, channel, region, segment and tier.

    Returns
    -------
    Path

    Raises
    ------
    UserError
        Where Perspective is not installed, or there is no such level.
    """
    script, style, licence = perspective_bundle()
    opened = Dataset(dataset)
    facts = opened.cube_facts
    chains = chains_of(facts, by)
    measures = measures_of(facts)
    cells = aggregate(facts, chains, measures, AT_ONCE)
    title = f"{opened.about.title}: {opened.start} to {opened.end}{' (simulated)' if opened.about.simulated else ''}"
    page = cube_page(title, cells, chains, measures, least=facts.least, currency=opened.currency,
                     script=script, style=style, licence=licence)  # fmt: skip
    file = output or project_root() / "scratch" / f"{dataset}-cube.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")
    return file


def chains_of(facts: Facts, by: Sequence[str] = ()) -> list[list[str]]:
    """Hierarchies of some levels, without levels of very many members."""
    wanted = by or [level for level in DEFAULT if level in facts.levels]
    hierarchies = list(dict.fromkeys(facts.hierarchy_of(level) for level in wanted))
    few = [[level for level in one if len(facts.members(level)) <= MOST] for one in hierarchies]
    return [one for one in few if one]


def perspective_bundle() -> tuple[str, str, str]:
    """Script, style and licence of the Perspective that is installed.

    Raises
    ------
    UserError
        Where none is.
    """
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        raise UserError(MISSING) from None
    place = Path(str(package.locate_file(BUNDLE)))
    found = [place.with_suffix(suffix) for suffix in (".js", ".css")]
    if not all(file.is_file() for file in found):
        raise UserError(f"perspective-python {package.version} holds no {place.name}.js: {MISSING}")
    licences = [file for file in package.files or () if file.name == "LICENSE.md"]
    licence = Path(str(licences[0].locate())).read_text(encoding="utf-8") if licences else "Apache-2.0"
    script, style = (file.read_text(encoding="utf-8") for file in found)
    return script, style, licence


def cube_page(
    title: str,
    cells: pd.DataFrame,
    chains: Sequence[Sequence[str]],
    measures: Sequence[str],
    *,
    least: int,
    currency: str,
    script: str,
    style: str = "",
    licence: str = "",
) -> str:
    """The file's content.

    Parameters
    ----------
    title : str
    cells : pandas.DataFrame
        Of `regulars.cube.aggregate`; those that are hidden do not come into the page, which knows no more of them than
        of empty ones.
    chains : sequence of sequence of str
        Levels by which they are cut.
    measures : sequence of str
    least : int
        Customers of the smallest cell that may be told.
    currency : str
    script, style, licence : str
        Of Perspective.

    Returns
    -------
    str
        HTML that asks for nothing else: its policy forbids every request.
    """
    levels = [level for chain in chains for level in chain]
    shown = cells[~cells["hidden"]]
    codes, members = {}, []
    for level in levels:
        codes[level], names = pd.factorize(shown[level], sort=True)  # -1: over all members
        members.append([str(name) for name in names])
    values = np.column_stack([_written(shown[measure]) for measure in measures])
    content = {
        "hierarchies": [list(chain) for chain in chains],
        "levels": levels,
        "members": members,
        "measures": {measure: place for place, measure in enumerate(measures)},
        "counts": [measure for measure in measures if measure in COUNTS],
        "cells": [
            [code.tolist(), list(value)]
            for code, value in zip(np.column_stack(list(codes.values())), values, strict=True)
        ],
        "at_once": AT_ONCE,
        "start": {
            "plugin": "Datagrid",
            "group_by": ["segment" if "segment" in levels else levels[-1]],
            "split_by": [levels[0]] if levels[0] not in ("segment", levels[-1]) else [],
            "split_rollup_mode": "rollup",
            "columns": ["spend", "customers"],
            "settings": True,
        },
    }
    packed = b64encode(gzip.compress(script.encode(), 9, mtime=0)).decode()
    return _template().render(
        title=title, least=least, currency=currency, at_once=AT_ONCE, style=Markup(style), licence=licence,
        cells=Markup(json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
        bundle=packed,
    )  # fmt: skip


def _written(values: pd.Series) -> np.ndarray:
    rounded = pd.Series(round_significant(values.to_numpy(float)), dtype=object)
    return rounded.where(rounded.notna(), None).to_numpy()


def _template():
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return made.get_template("page.html.j2")
