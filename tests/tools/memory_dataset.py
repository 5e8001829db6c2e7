"""A dataset given as frames: notebooks run on it as on one that is opened, and it reads and writes nothing."""

import json
from dataclasses import replace
from datetime import date

import pandas as pd

import regulars
from places import ROOT
from regulars import catalog, cells
from regulars.clv import ModelsRecord
from regulars.clv.model_entries import model_entry
from regulars.dataset import Dataset, Tables
from regulars.engine.embedded import as_table
from regulars.errors import UserError
from regulars.pages.declared import writer_of
from regulars.rounding import plain
from regulars.settings import Certainty, Economics, load

LIKE = "cdnow"  # whose settings it has where none are changed


ECONOMICS = Economics(
    margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week", active_within_days=90
)  # fmt: skip


def models_of(**fitted) -> ModelsRecord:
    """What a value stage leaves of fitted models, of 2024 and 2025."""
    return ModelsRecord(
        economics=ECONOMICS, certainty=Certainty(level=0.9, level_uncertainty=0.12, seed=1, draws=100),
        zero_spend_is_purchase=False, observation_start=date(2024, 1, 1), observation_end=date(2025, 12, 31),
        currency="EUR", in_memory_rows=0, champion="bg_nbd",
        entries={name: model_entry(model) for name, model in fitted.items()},
    )  # fmt: skip


class MemoryTables(Tables):
    """Clean tables that are frames already."""

    def __init__(self, name, about, frames):
        super().__init__(name, about)
        self.frames = frames

    def _fetch(self, table, columns):
        return self.frames[table] if columns is None else self.frames[table][list(columns)]

    def in_engine(self, table):
        return as_table(self.load(table))


class MemoryDataset(Dataset):
    """Dataset of a test.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Clean tables; what is not there was not supplied.
    end : date, optional
        Last day observed; default: the last order's.
    name : str
    about : About, optional
        What else it says of itself.
    found : dict of str to pandas.DataFrame, optional
        What earlier stages found, by scored table.
    models : ModelsRecord, optional
        What the value stage left.
    changes : dict, optional
        Settings that differ.
    """

    def __init__(self, tables, end=None, *, name="tiny", about=None, found=None, models=None, changes=None):
        content = load(ROOT / "params.yaml")
        super().__init__(name, changes, content | {"datasets": {name: content["datasets"][LIKE]}})
        orders = tables["orders"].assign(ordered_at=pd.to_datetime(tables["orders"]["ordered_at"]))
        frames, days = {**tables, "orders": orders}, orders["ordered_at"].dt.date
        end = days.max() if end is None else pd.Timestamp(end).date()
        about = about or catalog.About(name, "Tiny", "EUR", True, "UTC", days.min(), end, (), 1, 1)
        self.about = replace(about, supplied=tuple(tables))
        self.tables = MemoryTables(name, lambda: self.about, frames)
        self._found, self.records = dict(found or {}), {}
        self.conditions_missed = 0
        if models is not None:
            self.save_models(models)

    def tried(self, **changes) -> "MemoryDataset":
        """The same dataset with other settings; what is found is shared."""
        other = MemoryDataset(self.tables.frames, about=self.about, name=self.name, changes=self.changes | changes)
        other._found, other.records = self._found, self.records
        return other

    def run(self, notebook: str, monkeypatch, **changes) -> dict:
        """Run a notebook as if it had opened this dataset; all that it names."""

        def opened(name, **tried):
            return self.tried(**tried)

        opened.__module__ = Dataset.__module__
        monkeypatch.setattr(regulars, "open", opened)
        monkeypatch.setenv(cells.DEBUG_VARIABLE, "1")  # an error of ours is raised, not told
        story = json.loads((ROOT / "notebooks" / notebook).read_text(encoding="utf-8"))["cells"]
        first, *rest = ("".join(cell["source"]) for cell in story if cell["cell_type"] == "code")
        scope: dict = {"display": lambda *shown: None, cells.CALL: cells.told_or_why}
        exec(compile(first, notebook, "exec"), scope)
        scope |= {"dataset": self.name, "changes": changes}
        exec(cells.compiled("\n".join(rest), notebook), scope)
        self.__dict__.pop("models", None)  # found anew
        return scope

    @property
    def found(self) -> dict:
        """What stages have found, by scored table."""
        return self._found

    def save(self, frame, table):
        self._found[table] = catalog.validate(catalog.typed(frame, f"scored.{table}"), f"scored.{table}")

    def save_models(self, record):
        self.records[f"models/{self.name}/clv.json"] = json.loads(json.dumps(plain(record.to_json())))

    def _read_json(self, path):
        if path not in self.records:
            raise UserError(f"{path} is not there: run `make reports`.")
        return self.records[path]


def blocks_of(report) -> list[dict]:
    """Blocks of the page that a report's stage tells, in English."""
    return writer_of(report.told.page, "en").write(report.told)
