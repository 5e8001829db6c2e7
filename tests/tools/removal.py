"""A small shop from which parts are taken away, and its stages run in this process: the notebooks cell by cell."""

import json
import os
import random
import re
import shutil
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from places import ROOT
from regulars import cells
from regulars.catalog import TABLES, save
from regulars.dataset import Tables
from regulars.finding import UNUSABLE
from regulars.paths import ROOT_VARIABLE, STAGING_VARIABLE
from regulars.settings import NOT_STAGES, resolve
from regulars.stages import STAGES

SHOP = "demo"
NAMED = "odd"  # what a dataset of rows that a test gives is called
MAPPING = """\
title: Odd
currency: EUR
time_zone: UTC
simulated: false
observation_end: last_order_day
tables:
"""
ORDERS_ROWS = 1  # cleaning refuses a log without an order
# sound in a kernel, where a warning of libraries about their own future is not shown
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
UNTOLD = re.compile(
    r">[^<]*(\b(nan|NaN|NaT|inf|Refusal)\b|&lt;NA|\bNone\b(?! of))[^<]*<"
)  # what no page may say of a number
SCRIPTS = re.compile(r"<(script|style)\b.*?</\1>", re.S)


@dataclass(frozen=True)
class Removal:
    """What is taken away.

    Parameters
    ----------
    table : str
    column : str
        Empty: of the whole table.
    kind : str
        ``gone``; ``rows``: all but so many; ``one_value``: the rows with another than the most frequent value of the
        column; ``same``: every other value of the column; ``blank``: every value but one.
    rows : int
    """

    table: str
    column: str = ""
    kind: str = "gone"
    rows: int = 0

    def __str__(self) -> str:
        """As a test is called."""
        return "-".join(
            filter(None, (self.table, self.column, self.kind, str(self.rows) if self.kind == "rows" else ""))
        )

    def of(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        """What is left of a clean table; None: nothing."""
        if self.kind == "rows":
            return frame.head(self.rows)
        if not self.column:
            return None
        column = frame[self.column]
        most = column.mode().iloc[0] if column.notna().any() else None
        match self.kind:
            case "gone":
                return frame.drop(columns=self.column)
            case "one_value":
                return frame[column == most] if most is not None else frame.head(0)
            case "same":
                return frame.assign(**{self.column: most})
            case "blank":
                keep = column.index == column.first_valid_index()
                return frame.assign(**{self.column: column.where(keep)})
        raise ValueError(self.kind)


@contextmanager
def project(folder: Path) -> Iterator[None]:
    """Let the library take a folder for the project, and write into it."""
    before = {name: os.environ.get(name) for name in (ROOT_VARIABLE, STAGING_VARIABLE, cells.DEBUG_VARIABLE)}
    os.environ |= {ROOT_VARIABLE: str(folder), STAGING_VARIABLE: str(folder), cells.DEBUG_VARIABLE: "1"}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


class SmallShop(NamedTuple):
    """A shop of which every stage has run, and which of them is the first to read each table."""

    folder: Path
    first: dict[str, str]


def small_shop(folder: Path, customers: int = 500) -> SmallShop:
    """Simulate a shop and run all of its stages."""
    (folder / "data" / "sources").mkdir(parents=True)
    mapping = yaml.safe_load((ROOT / "data/sources/demo.yaml").read_text(encoding="utf-8"))
    mapping["simulator"]["customers"] = customers
    (folder / "data/sources/demo.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    _write_settings(folder, SHOP)
    first: dict[str, str] = {}
    with project(folder), pytest.MonkeyPatch.context() as patch:
        for stage in STAGES:
            for asked in ("__contains__", "load", "in_engine"):
                patch.setattr(Tables, asked, _noting(getattr(Tables, asked), first, stage))
            if fault := run_stage(stage):
                raise AssertionError(fault)
            patch.undo()
    return SmallShop(folder, first)


def _write_settings(folder: Path, dataset: str) -> None:
    """The project's settings with few draws, for one dataset."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    own = settings["datasets"].get(dataset)
    settings["datasets"] = {dataset: own or {name: {} for name in settings if name not in NOT_STAGES}}
    settings["value"]["interval_draws"], settings["satisfaction"]["draws"] = 60, 60
    settings["segments"]["cluster_bootstraps"] = 5
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def lay_out(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Lay out a project with one dataset, `NAMED`, of rows whose columns are called as ours are."""
    (folder / "data" / "sources").mkdir(parents=True)
    text = MAPPING
    for name, rows in tables.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
        columns = ", ".join(f"{column}: {column}" for column in rows)
        text += f"  {name}:\n    path: {name}.csv\n    columns: {{{columns}}}\n"
    (folder / "data" / "sources" / f"{NAMED}.yaml").write_text(text, encoding="utf-8")
    _write_settings(folder, NAMED)


def tried(changes: Mapping[tuple[str, ...], object], shop: SmallShop, folder: Path) -> str:
    """Lay out a copy of a shop with other settings, by their places; the first stage that may find out."""
    _copy(shop, folder)
    file = folder / "params.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    for place, value in changes.items():
        part = settings["datasets"][SHOP]
        for name in place[:-1]:
            part = part.setdefault(name, {})
        part[place[-1]] = value
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return min((place[0] if place[0] in STAGES else "clean" for place in changes), key=list(STAGES).index)


def _copy(shop: SmallShop, folder: Path) -> None:
    for part in ("data", "models", "reports"):
        shutil.copytree(shop.folder / part, folder / part)
    shutil.copy(shop.folder / "params.yaml", folder)


def _noting(asked: Callable, first: dict[str, str], stage: str) -> Callable:
    """A way to ask for a table that notes the first stage to do so."""

    @wraps(asked)
    def noted(tables, table, *args, **kwargs):
        first.setdefault(table, stage)
        return asked(tables, table, *args, **kwargs)

    return noted


def removals(shop: SmallShop) -> list[Removal]:
    """All that can be taken from a clean shop, one thing at a time."""
    found = []
    for file in sorted((shop.folder / "data/clean" / SHOP).glob("*.parquet")):
        table = TABLES.get(file.stem)
        if table is None or table.layer != "clean":
            continue
        there = set(pq.read_schema(file).names)
        least = ORDERS_ROWS if table.name == "orders" else 0
        found += [Removal(table.name)] if table.name != "orders" else []
        found += [Removal(table.name, kind="rows", rows=rows) for rows in (0, 1, 2) if rows >= least]
        for column in table.columns:
            if column.name not in there:
                continue
            kinds = ["one_value"]
            kinds += [] if column.required else ["gone"]
            kinds += ["blank"] if column.nullable else []
            kinds += [] if column.name in table.key else ["same"]
            found += [Removal(table.name, column.name, kind) for kind in kinds]
    return found


def apart(all_of_them: list[Removal], seed: int, at_most: int = 8) -> list[list[Removal]]:
    """Removals that are tried together: columns of different tables. What leaves a table without rows, or without
    most of them, would hide what else is missing, and is tried alone.
    """
    alone = [[removal] for removal in all_of_them if not removal.column]
    columns = [removal for removal in all_of_them if removal.column]
    return [*alone, *together(columns, lambda removal: removal.table, seed, at_most)]


def together(all_of_them: Sequence, kind: Callable, seed: int, at_most: int = 8) -> list[list]:
    """Groups of what is tried at once, all of different kinds."""
    groups: list[list] = []
    for one in random.Random(seed).sample(all_of_them, len(all_of_them)):
        fits = (group for group in groups if len(group) < at_most and kind(one) not in map(kind, group))
        if (group := next(fits, None)) is None:
            groups.append(group := [])
        group.append(one)
    return groups


def faults_of(group: Sequence, run: Callable[[Sequence], list[str]]) -> dict[str, list[str]]:
    """What goes wrong where some things are tried at once, by what they are: by each alone where one alone does it."""
    faults = run(group)
    if not faults:
        return {}
    alone = {} if len(group) == 1 else {k: v for one in group for k, v in faults_of([one], run).items()}
    return alone or {", ".join(map(str, group)): faults}


def take_away(removed: Iterable[Removal], shop: SmallShop, folder: Path) -> str:
    """Lay out a copy of a shop from which things are taken; the first stage that may find out."""
    _copy(shop, folder)
    for removal in removed:
        place = Path("data/clean", SHOP, f"{removal.table}.parquet")
        left = removal.of(pq.read_table(shop.folder / place).to_pandas())
        if left is not None:
            with project(folder):
                save(left.reset_index(drop=True), removal.table, SHOP)
            continue
        (folder / place).unlink()
        ledger = folder / "data/clean" / SHOP / "ledger.json"
        content = json.loads(ledger.read_text(encoding="utf-8"))
        content["dataset"]["supplied"].remove(removal.table)
        ledger.write_text(json.dumps(content), encoding="utf-8")
    return min((shop.first.get(removal.table, "pages") for removal in removed), key=list(STAGES).index)


def run_stage(name: str, dataset: str = SHOP) -> str:
    """Run a stage in this process: its notebook cell by cell; where it stopped, and at what, or nothing."""
    stage = STAGES[name]
    place = "before the first cell"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in QUIET:
            warnings.simplefilter("ignore", kind)
        try:
            if not stage.notebook:
                module, function = stage.entry.split(":")
                getattr(import_module(module), function)(dataset, resolve(name, dataset))
                return ""
            story = json.loads((ROOT / "notebooks" / stage.notebook).read_text(encoding="utf-8"))["cells"]
            scope: dict = {"display": lambda *shown: None, cells.CALL: cells.told_or_why}
            for number, cell in enumerate(story):
                if cell["cell_type"] == "code":
                    place = f"cell {number}"
                    exec(cells.compiled("".join(cell["source"]), f"{stage.notebook}, cell {number}"), scope)
                    if "parameters" in cell["metadata"].get("tags", ()):
                        scope["dataset"] = dataset
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            return f"{name}, {place}: {type(error).__name__}: {error} ({Path(at.filename).name}, line {at.lineno})"
    return ""


def run_stages(first: str, dataset: str = NAMED) -> tuple[str, str]:
    """Run every stage from one on; the last that ran, and what stopped it, or nothing."""
    for name in list(STAGES)[list(STAGES).index(first) :]:
        if fault := run_stage(name, dataset):
            break
    return name, fault


def run_from(first: str, folder: Path) -> list[str]:
    """Run every stage of a small shop from one on in a folder; what stopped one, and what a page may not say."""
    with project(folder):
        _, fault = run_stages(first, SHOP)
    if fault:
        return [fault]
    return [said for page in sorted((folder / "reports" / SHOP).glob("*.html")) for said in unsayable(page)]


def unsayable(page: Path) -> list[str]:
    """What a page says of a number that is none."""
    text = SCRIPTS.sub("", page.read_text(encoding="utf-8"))
    return [f"{page.name}: {found[0]}" for found in UNTOLD.finditer(text)]


def unusable(folder: Path) -> dict[str, str]:
    """Sections that say why they cannot be told, and what they say."""
    found = {}
    for file in sorted((folder / "reports" / SHOP / "told").glob("*.json")):
        for section in json.loads(file.read_text(encoding="utf-8"))["sections"]:
            if section["verdict"] == UNUSABLE:
                found[f"{file.stem}.{section['key']}"] = section["facts"]["why"]
    return found
