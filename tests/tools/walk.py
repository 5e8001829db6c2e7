"""Walk over what all pages of a dataset tell: figures with their tables, sums with their parts, what stands twice."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from regulars.pages.declared import PAGES
from regulars.report.layout import Table
from regulars.told import FIGURES

CLOSE = {"rel_tol": 1e-6, "abs_tol": 1e-6}  # tables are written with ten digits
# What stands at several places, by name: (stage, place, figure), a table's column summed (``table:<file>:<column>``),
# or its rows where the place says which (``table:<file>:<column>:<key>=<value>``). Each is computed once.
TWICE = {
    "margin to come": [
        ("value", "answer", "worth"),
        ("value", "tile.worth", "value"),
        ("value", "equity", "existing"),
        ("value", "table:equity.bridge:amount:part=existing"),
        ("value", "table:pyramid.steps:clv"),
        ("segments", "table:groups.table:clv"),
        ("segments", "table:tiers.table:clv"),
        ("segments", "table:portfolio.classes:clv"),
        ("segments", "table:relation.table:clv"),
        ("retention", "table:states.table:clv"),
        ("retention", "table:needs.expected:clv"),
        ("retention", "table:worth.equity:equity:step=same"),
    ],
    "customers": [
        ("value", "answer", "customers"),
        ("value", "table:pyramid.steps:customers"),
        ("segments", "table:groups.table:customers"),
        ("segments", "table:tiers.table:customers"),
        ("segments", "table:portfolio.classes:customers"),
        ("segments", "table:relation.table:customers"),
        ("segments", "table:drift.moves:now"),
        ("retention", "table:states.table:customers"),
        ("retention", "table:needs.expected:customers"),
        ("clean", "table:sufficiency.conditions:value:check=customers"),
        ("clean", "tile.customers", "value"),
        ("value", "tile.worth", "n"),
    ],
    "customer equity": [
        ("value", "tile.equity", "value"),
        ("value", "equity", "equity"),
        ("value", "table:equity.bridge:amount:part=total"),
    ],
    "revenue to expect": [
        ("value", "tile.revenue", "value"),
        ("value", "cohorts", "ahead"),
        ("value", "table:cohorts.cohorts:ahead"),
    ],
    "revenue of the last months": [
        ("value", "tile.revenue", "before"),
        ("value", "cohorts", "before"),
        ("value", "table:cohorts.cohorts:year"),
    ],
    "lifetime purchases": [
        ("value", "table:pyramid.steps:spend"),
        ("value", "pyramid", "bought"),
    ],
    "margin so far": [
        ("value", "table:pyramid.steps:margin"),
        ("segments", "products", "margin"),
    ],
    "cost to win a customer": [
        ("value", "equity", "per_customer"),
        ("retention", "costs", "win"),
    ],
    "second order in time": [
        ("retention", "tile.second", "value"),
        ("retention", "cohorts", "again"),
        ("satisfaction", "tile.second", "value"),
    ],
    "customers kept": [
        ("retention", "tile.kept", "value"),
        ("retention", "answer", "kept"),
        ("retention", "last", "kept"),
    ],
    "to win back": [
        ("retention", "tile.risk", "value"),
        ("retention", "answer", "risk"),
        ("retention", "calls", "reachable"),
    ],
    "on the call list": [
        ("retention", "tile.calls", "value"),
        ("retention", "answer", "calls"),
        ("retention", "calls", "listed"),
        ("retention", "table:calls.list:rows"),
        ("retention", "action.call", "customers"),
    ],
    "worth of the call list": [
        ("retention", "answer", "worth"),
        ("retention", "calls", "worth"),
        ("retention", "table:calls.list:value_at_risk"),
        ("retention", "action.call", "worth"),
    ],
    "best segment": [
        ("segments", "tile.best", "value"),
        ("segments", "answer", "worth"),
        ("segments", "groups", "worth"),
        ("segments", "table:groups.table:clv:first"),
    ],
    "share of the best segment": [
        ("segments", "tile.best_share", "value"),
        ("segments", "answer", "future"),
        ("segments", "groups", "future"),
    ],
    "gone quiet": [
        ("segments", "answer", "quiet"),
        ("segments", "quiet", "quiet"),
        ("segments", "tile.quiet", "n"),
    ],
    "silent beyond their rhythm": [
        ("segments", "table:ladder.steps:customers:lifecycle_stage=inactive"),
        ("segments", "table:ladder.stays:customers:lifecycle_stage=inactive"),
        ("segments", "table:ladder.forecast:now:lifecycle_stage=inactive"),
    ],
    "below zero": [
        ("segments", "action.stop", "customers"),
        ("segments", "table:portfolio.classes:customers:portfolio_class=below_zero"),
    ],
    "margin of those below zero": [
        ("segments", "action.stop", "cost"),
        ("segments", "table:portfolio.classes:clv:portfolio_class=below_zero"),
    ],
    "cost to serve those below zero": [
        ("segments", "portfolio", "cost"),
        ("segments", "table:portfolio.classes:cost_to_serve:portfolio_class=below_zero"),
    ],
    "revenue before": [
        ("value", "revenue", "before"),
        ("value", "table:revenue.steps:amount:step=before"),
    ],
    "revenue now": [
        ("value", "revenue", "now"),
        ("value", "table:revenue.steps:amount:step=now"),
    ],
    "satisfaction index": [
        ("satisfaction", "tile.satisfaction", "value"),
        ("satisfaction", "answer", "now"),
        ("satisfaction", "satisfied", "now"),
        ("satisfaction", "waves", "now"),
        ("satisfaction", "table:satisfied.constructs:performance:construct=satisfaction"),
    ],
    "recommendation": [
        ("satisfaction", "tile.nps", "value"),
        ("satisfaction", "recommend", "nps"),
    ],
    "loyal": [
        ("satisfaction", "tile.loyalty", "value"),
        ("satisfaction", "loyalty", "true_share"),
    ],
    "at stake with the dissatisfied": [
        ("satisfaction", "tile.stake", "value"),
        ("satisfaction", "answer", "at_risk"),
        ("satisfaction", "worth", "at_risk"),
    ],
    "money of the raw log": [
        ("clean", "ledger", "money"),
        ("clean", "answer", "money"),
        ("clean", "tile.money", "money"),
        ("clean", "action.reconcile", "money"),
    ],
    "sales kept": [
        ("clean", "ledger", "kept"),
        ("clean", "answer", "kept_money"),
        ("clean", "tile.money", "value"),
        ("value", "cohorts", "past"),
        ("segments", "products", "revenue"),
    ],
    "driver to work on": [
        ("satisfaction", "answer", "effect"),
        ("satisfaction", "why", "effect"),
    ],
    "step to mend": [
        ("satisfaction", "paragraph.said.mend", "fails"),
        ("satisfaction", "service", "fails"),
    ],
    "margin, a share of revenue": [
        ("value", "tile.worth", "margin"),
        ("value", "terms", "margin"),
        ("segments", "terms", "margin"),
        ("retention", "terms", "margin"),
        ("satisfaction", "worth", "margin"),
    ],
    "quick ratio": [
        ("retention", "base", "ratio"),
    ],
}
# tables whose steps lead from one total to the next
BRIDGES = {
    "value": {"revenue.steps": "amount", "equity.bridge": None},
    "retention": {"base.revenue": "amount"},
    "clean": {"ledger.waterfall": "rows", "ledger.money": "amount"},
}
# tables whose shares part a whole, by column
WHOLE = {
    "value": {"pyramid.steps": ("clv_share", "spend_share", "customers_share")},
    "segments": {
        "groups.table": ("clv_share", "spend_share", "customers_share"),
        "tiers.table": ("clv_share", "spend_share"),
        "relation.table": ("share",),
        "portfolio.classes": ("clv_share", "spend_share"),
    },
    "satisfaction": {"loyalty.types": ("share",)},
}


@dataclass
class Count:
    """How many figures were compared, and what was found wrong."""

    compared: int = 0
    wrong: list = None

    def __post_init__(self):
        self.wrong = []

    def same(self, one: float, other: float, where: str) -> None:
        """Compare two numbers; both missing are alike."""
        self.compared += 1
        if not (math.isclose(one, other, **CLOSE) or (math.isnan(one) and math.isnan(other))):
            self.wrong.append(f"{where}: {one:.10g} and {other:.10g}")

    def holds(self, true: bool, where: str) -> None:
        """Note a condition."""
        self.compared += 1
        if not true:
            self.wrong.append(where)


class Pages:
    """What the stages of one dataset have told, as it lies in ``reports/``."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.told = {file.stem: json.loads(file.read_text()) for file in sorted((folder / "told").glob("*.json"))}
        self.figures = {stage: self.table(stage, FIGURES.removesuffix(".csv")) for stage in self.told}

    def table(self, stage: str, name: str) -> pd.DataFrame | None:
        """One table of a stage, or None."""
        file = self.folder / "tables" / stage / f"{name}.csv"
        return pd.read_csv(file) if file.exists() else None

    def tables(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Stage, name and content of every table."""
        for stage in self.told:
            for file in sorted((self.folder / "tables" / stage).glob("*.csv")):
                if file.name != FIGURES:
                    yield stage, file.stem, pd.read_csv(file)

    def facts(self, stage: str) -> Iterator[tuple[str, str, dict | float]]:
        """Place, name and number of every fact of a stage, read from ``told``, not from the table of figures."""
        told = self.told[stage]
        places = [("answer", told["answer"]["facts"])]
        places += [(f"tile.{one['key']}", {"value": one["estimate"], **one["facts"]}) for one in told["tiles"]]
        for section in told["sections"]:
            places.append((section["key"], section["facts"]))
            places += [(f"{section['key']}.{one['code']}", one["facts"]) for one in section.get("remarks", ())]
        sums = ("gain", "cost", "net")
        places += [
            (f"action.{one['key']}", one["facts"] | {k: one[k] for k in sums if k in one}) for one in told["actions"]
        ]
        for place, facts in places:
            for name, fact in facts.items():
                if (isinstance(fact, dict) and "value" in fact) or (
                    isinstance(fact, int | float) and not isinstance(fact, bool)
                ):
                    yield place, name, fact

    def look_up(self, stage: str, place: str, figure: str | None = None) -> float | None:
        """A figure by its place; None where the page does not tell it."""
        if stage not in self.told:
            return None
        if place.startswith("table:"):
            return self._of_table(stage, *place.split(":")[1:])
        found = self.figures[stage]
        column = "n" if figure == "n" else "value"
        rows = found[(found["place"] == place) & (found["figure"] == ("value" if figure == "n" else figure))]
        return float(rows[column].iloc[0]) if len(rows) else None

    def _of_table(self, stage: str, name: str, column: str, which: str = "") -> float | None:
        table = self.table(stage, name)
        if table is None or not len(table):
            return None
        if column == "rows":
            return float(len(table))
        if column not in table:
            return None
        if which == "first":
            return float(table[column].iloc[0])
        if which:
            key, value = which.split("=")
            table = table[table[key].astype(str) == value]
            return float(table[column].sum()) if len(table) else None
        return float(table[column].sum())


def figures_stand_in_their_table(pages: Pages, count: Count) -> None:
    """Every number that a sentence may state stands in ``figures.csv``, with its interval and n."""
    for stage in pages.told:
        rows = pages.figures[stage].groupby(["place", "figure"])
        for place, name, fact in pages.facts(stage):
            of = fact if isinstance(fact, dict) else {"value": fact}
            known = (place, name) in rows.groups
            count.holds(known, f"{stage} {place} {name} is in no table")
            if known:  # remarks of one code stand there one by one
                ends = ["value", "low", "high"]
                told = np.array([_number(of.get(end)) for end in ends])
                listed = rows.get_group((place, name))[ends].to_numpy(float)
                same = np.isclose(listed, told, rtol=1e-6, atol=1e-6, equal_nan=True).all(axis=1)
                count.holds(bool(same.any()), f"{stage} {place} {name}: {told} and {listed}")
                count.compared += len(ends) - 1


def figures_come_from_tables(pages: Pages) -> tuple[int, int]:
    """How many figures of sections stand in a table of the same section, or are a sum, a mean or a count of one."""
    found = total = 0
    for stage, told in pages.told.items():
        for section in told["sections"]:
            pool = []
            for frame in section.get("frames", ()):
                table = pages.table(stage, f"{section['key']}.{frame}")
                numbers = table.select_dtypes("number")
                pool += [numbers.to_numpy(float).ravel(), numbers.sum().to_numpy(float), numbers.mean().to_numpy(float)]
                pool.append(np.array([float(len(table))]))
            pool = np.concatenate(pool) if pool else np.zeros(0)
            for fact in section["facts"].values():
                value = fact.get("value") if isinstance(fact, dict) else fact
                if _is_number(value):
                    total += 1
                    found += bool(np.isclose(pool, value, rtol=1e-6, atol=1e-9).any())
    return found, total


def what_stands_twice_is_the_same(pages: Pages, count: Count) -> None:
    """Each quantity of `TWICE`, at all places where it is told."""
    for name, places in TWICE.items():
        told = [(place, value) for place in places if (value := pages.look_up(*place)) is not None]
        for place, value in told[1:]:
            count.same(told[0][1], value, f"{name} at {told[0][0]} and {place}")


def sums_have_their_parts(pages: Pages, count: Count) -> None:
    """Bridges lead from total to total, shares of a whole sum to one, totals of one kind agree, ends enclose values."""
    for stage, bridges in BRIDGES.items():
        for name, column in bridges.items():
            table = pages.table(stage, name) if stage in pages.told else None
            if table is None or not len(table):
                continue
            amount = table[column or "amount"].to_numpy(float)
            totals = (
                table["is_total"].to_numpy(bool) if "is_total" in table else np.arange(len(table)) == len(table) - 1
            )
            running = np.cumsum(np.where(totals & (np.arange(len(table)) > 0), 0.0, amount))
            for at in np.flatnonzero(totals)[1 if totals[0] else 0 :]:
                count.same(running[at], amount[at], f"{stage} {name}: steps to row {at}")
    for stage, tables in WHOLE.items():
        for name, columns in tables.items():
            table = pages.table(stage, name) if stage in pages.told else None
            for column in columns if table is not None and len(table) else ():
                if column in table:
                    count.same(float(table[column].sum()), 1.0, f"{stage} {name} {column} sums")


def ends_enclose_values(pages: Pages, count: Count) -> None:
    """Of every estimate in a table or a fact the interval holds the value."""
    for stage, name, table in pages.tables():
        for column in table:
            low, high = f"{column}_low", f"{column}_high"
            if low in table and high in table:
                rows = table[[low, column, high]].apply(pd.to_numeric, errors="coerce").dropna().to_numpy(float)
                for bottom, value, top in rows:
                    slack = 1e-9 * max(1.0, abs(value))
                    count.holds(
                        bottom - slack <= value <= top + slack, f"{stage} {name} {column}: {bottom} {value} {top}"
                    )
    for stage in pages.told:
        for place, name, fact in pages.facts(stage):
            if isinstance(fact, dict) and None not in (fact["low"], fact["value"], fact["high"]):
                inside = fact["low"] - 1e-9 <= fact["value"] <= fact["high"] + 1e-9 * max(1, abs(fact["value"]))
                count.holds(inside, f"{stage} {place} {name}: {fact}")


def totals_of_tables(pages: Pages, count: Count) -> None:
    """A total that a page prints below a table is the sum of the file's column, whichever rows are shown."""
    for stage, told in pages.told.items():
        for section in told["sections"]:
            for frame in section.get("frames", ()):
                looks = PAGES[stage].section(section["key"]).parts[frame]
                table = pages.table(stage, f"{section['key']}.{frame}")
                for column in looks.total if isinstance(looks, Table) else ():
                    if column in table and f"{column}_share" in table and table[column].sum():
                        parts = (table[column] / table[column].sum()).to_numpy(float)
                        for one, other in zip(parts, table[f"{column}_share"].to_numpy(float), strict=True):
                            count.same(one, other, f"{stage} {section['key']}.{frame} {column}_share")


def _number(value) -> float:
    return float("nan") if value is None else float(value)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
