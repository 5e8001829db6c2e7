"""One dataset to open: its tables, its settings, its purchases, and what earlier stages found."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from difflib import get_close_matches
from functools import cached_property
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pandas as pd

from regulars import catalog
from regulars.cells import guard_kernel
from regulars.errors import UserError
from regulars.paths import read_first
from regulars.settings import STAGE_SETTINGS, StageSettings, places_of, stage_settings
from regulars.settings.shown import CHANGED, LEFT, short
from regulars.showing import show_frames

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.clv.record import ModelsRecord
    from regulars.cube import Cube
    from regulars.cube.facts import Facts
    from regulars.customer import Customer
    from regulars.purchases import Purchases
    from regulars.settings import (
        ActionsSettings,
        CleanSettings,
        CycleSettings,
        Economics,
        InteractionSettings,
        PagesSettings,
        RetentionSettings,
        SatisfactionSettings,
        SegmentsSettings,
        ValueSettings,
    )
    from regulars.told import Report

ORDERS = "orders"
# rooms that are loaded when a notebook asks for what comes from them: a stage depends on those that it uses, and
# cleaning on no model (tools/imports.py reads this table)
_LATE = {
    "purchases": "regulars.purchases",
    "models": "regulars.clv.record",
    "economics": "regulars.clv.margins",
    "pseudonyms": "regulars.privacy",
    "groups": "regulars.statistics.groups",
    "cube": "regulars.cube",
    "report": "regulars.told",
}


class Tables(Mapping[str, "pd.DataFrame"]):
    """Clean tables of a dataset by name, read when they are asked for, checked, once; of the drawn customers only.

    ``"surveys" in tables`` tells whether the firm supplied it, ``tables["orders"]`` reads it, ``tables.get("surveys")``
    is None where it was not supplied, or nothing of it was.

    Parameters
    ----------
    name : str
        Of the dataset.
    about : callable
        What the dataset says of itself, when it is asked.
    reading : callable
        Makes a context within which files are read.
    """

    def __init__(self, name: str, about: Callable[[], catalog.About], reading: Callable = nullcontext):
        self._name, self._about, self._reading = name, about, reading
        self._read: dict = {}

    def __contains__(self, table: object) -> bool:
        return table == ORDERS or table in self._about().supplied

    def __iter__(self) -> Iterator[str]:
        supplied = self._about().supplied
        return iter(supplied if ORDERS in supplied else (ORDERS, *supplied))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.load(table)

    def get(self, table: str, default=None) -> Any:
        """One table, or None where the firm did not supply it: a table without a row supplies nothing."""
        found = self.load(table) if table in self else None
        return found if found is not None and len(found) else None

    def supplied(self, *tables: str) -> dict[str, pd.DataFrame]:
        """Those of some tables that the firm supplied, by name."""
        return {table: found for table in tables if (found := self.get(table)) is not None}

    def load(self, table: str, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
        """One table.

        Parameters
        ----------
        table : str
        columns : tuple of str, optional
            All that is read.

        Returns
        -------
        pandas.DataFrame
            Columns as in `regulars.catalog.TABLES`; of the customers whose rows are drawn.

        Raises
        ------
        UserError
            Where the firm did not supply it, or it breaks its schema.
        """
        if table not in self:
            raise UserError(f"{self._name} has no table '{table}': it has {', '.join(self)}.")
        if (table, columns) not in self._read:
            self._read[table, columns] = self._fetch(table, columns)
        return self._read[table, columns].copy(deep=False)  # what is changed there stays there: pandas copies on write

    def in_engine(self, table: str) -> "ir.Table":
        """One table where it lies, with the rows of all customers, as an Ibis table: no row of it comes to Python."""
        with self._reading():
            return catalog.in_engine(table, self._name)

    def get_in_engine(self, table: str) -> "ir.Table | None":
        """The same, or None where the firm did not supply it."""
        return self.in_engine(table) if table in self else None

    def _fetch(self, table: str, columns) -> pd.DataFrame:
        share = self._about().share
        with self._reading():
            return catalog.load(table, self._name, share, columns)


class Dataset:
    """One dataset, as `regulars.open` hands it out.

    Parameters
    ----------
    name : str
        A name under ``datasets`` in ``params.yaml``.
    changes : mapping
        Settings to try instead.
    content : dict, optional
        The content of ``params.yaml``, where it is not to be read.

    Attributes
    ----------
    name : str
    changes : dict
    tables : Tables
        Clean tables by name.
    """

    def __init__(self, name: str, changes: Mapping | None = None, content: dict | None = None):
        self.name, self.changes = name, dict(changes or {})
        self._content = content
        self._settings: dict[str, Any] = {}
        self._found: dict[str, pd.DataFrame] = {}
        for stage in places_of(self.changes):  # refuses a name that is no setting, at once
            self.settings(stage if stage in STAGE_SETTINGS else "ingest")
        self.settings("ingest")  # refuses a dataset that is not there
        self.tables = Tables(name, lambda: self.about, self._reading)

    # ---- what it is ----

    @cached_property
    def about(self) -> catalog.About:
        """Title, currency, window, what was supplied, how much was kept, and the share of the customers drawn."""
        rows = self.settings("value").in_memory_rows
        with self._reading():
            return catalog.about(self.name, rows)

    @property
    def start(self):
        """First day observed."""
        return self.about.observation_start

    @property
    def end(self):
        """Last day observed."""
        return self.about.observation_end

    @property
    def currency(self) -> str:
        """Code of its money."""
        return self.about.currency

    @overload
    def settings(self, stage: Literal["clean"]) -> "CleanSettings": ...
    @overload
    def settings(self, stage: Literal["value"]) -> "ValueSettings": ...
    @overload
    def settings(self, stage: Literal["segments"]) -> "SegmentsSettings": ...
    @overload
    def settings(self, stage: Literal["satisfaction"]) -> "SatisfactionSettings": ...
    @overload
    def settings(self, stage: Literal["retention"]) -> "RetentionSettings": ...
    @overload
    def settings(self, stage: Literal["interaction"]) -> "InteractionSettings": ...
    @overload
    def settings(self, stage: Literal["actions"]) -> "ActionsSettings": ...
    @overload
    def settings(self, stage: Literal["cycle"]) -> "CycleSettings": ...
    @overload
    def settings(self, stage: Literal["pages"]) -> "PagesSettings": ...
    @overload
    def settings(self, stage: str) -> StageSettings: ...
    def settings(self, stage: str) -> StageSettings:
        """Settings of a stage: those of ``params.yaml``, what differs for this dataset, and what is tried instead.

        Parameters
        ----------
        stage : str
            Such as ``value``.

        Returns
        -------
        StageSettings
            Of the stage's class, with the unit of each in its docstring.
        """
        if stage not in self._settings:
            self._settings[stage] = stage_settings(stage, self.name, self.changes, content=self._content)
        return self._settings[stage]

    # ---- what is made of the orders ----

    def purchases(self) -> "Purchases":
        """Purchase occasions, one per customer and day; what counts as one is decided by the settings of ``value``."""
        return self._purchases

    @cached_property
    def _purchases(self) -> "Purchases":
        room = _late("purchases")
        orders = self.tables.load(ORDERS, room.COLUMNS)
        # of a log without any money each day with an order counts
        counted = self.settings("value").zero_spend_is_purchase or not orders["amount"].any()
        return room.Purchases.of(orders, zero_spend_is_purchase=counted)

    @cached_property
    def economics(self) -> "Economics":
        """What turns expected orders into money: by known costs, else a margin assumed; one that is tried stands."""
        tried = "margin" in places_of(self.changes).get("value", ())
        return _late("economics").with_known_costs(self.settings("value").economics, self.tables[ORDERS], tried=tried)

    # ---- what earlier stages found ----

    @property
    def value(self) -> pd.DataFrame:
        """One row per customer: history, expected orders and lifetime value."""
        return self._scored("value")

    @property
    def segments(self) -> pd.DataFrame:
        """One row per customer: segment, cluster, stage, class."""
        return self._scored("segments")

    @property
    def satisfaction(self) -> pd.DataFrame:
        """One row per customer: satisfaction and type of loyalty."""
        return self._scored("satisfaction")

    @property
    def retention(self) -> pd.DataFrame:
        """One row per customer: state, and the date of the next order."""
        return self._scored("retention")

    @property
    def preferences(self) -> pd.DataFrame:
        """One row per customer with order lines: what is liked, and the next product."""
        return self._scored("preferences")

    @property
    def interaction(self) -> pd.DataFrame:
        """One row per customer: contacts, and the channel through which problems are best solved."""
        return self._scored("interaction")

    @property
    def customers(self) -> pd.DataFrame:
        """One row per customer with all that the stages found; which columns there are hangs on what was supplied.

        ``frequency`` (repeat purchase days), ``recency``, ``T`` (ages at the last one and at the end, in the setting
        ``time_unit``), ``monetary_value`` (mean of the repeat days), ``spend`` (all so far), ``spend_per_order``
        (expected of the next order; ``spend_is_prior``: the mean of others). ``p_alive`` (still a customer; 1 or hardly
        less for who ordered once), ``p_active`` (orders within ``active_within_days``), ``expected_orders`` and ``clv``
        (discounted margin) over ``horizon_months``, each with the range of this customer's future (``_low``,
        ``_high``), ``value_if_alive``, ``value_at_risk`` (what it is more than ``clv``), ``tier``.

        ``segment``, ``cluster``, ``lifecycle_stage``, ``portfolio_class``; ``satisfaction`` (0 to 100, missing without
        an answer), ``loyalty_type``; ``customer_state`` (active, slipping, dormant, lost …), ``p_never`` (no order any
        more), ``next_order_low``, ``_median``, ``_high``, ``call_by`` (days, missing where the window is too wide);
        ``contacts``, ``best_channel``; ``favourite``, ``next_product``.
        """
        return self._scored("customers")

    def customer(self, who: str) -> "Customer":
        """One customer: every dealing in one timeline, what is expected, why this segment, what to do.

        Parameters
        ----------
        who : str
            Number of the customer, or the pseudonym of a page.

        Returns
        -------
        regulars.customer.Customer
            Its frames name nobody; ``regulars customer`` writes a page with real numbers.

        Raises
        ------
        UserError
            Where no table names such a customer.
        """
        return import_module("regulars.customer").customer_of(self, who, self._scored)

    def compare(self, by: str | pd.Series, measure: str | pd.Series = "clv") -> pd.DataFrame:
        """Groups of customers beside each other: which differ from all others by more than noise.

        Parameters
        ----------
        by : str or pandas.Series
            A column of `customers`, such as ``segment``, or an attribute of the table customers, such as ``region``; or
            groups of your own, by customer_id.
        measure : str or pandas.Series
            Likewise: money, a count, a chance, or true and false.

        Returns
        -------
        pandas.DataFrame
            Of `regulars.statistics.groups.compare_means`: n, mean and difference from all others with their intervals,
            p adjusted for the number of groups, and the verdict; groups smaller than ``privacy_min_cell`` are left out.

        Raises
        ------
        UserError
            Where there is no such column, or the measure is no number.
        """
        settings, (groups, values) = self.settings("value"), map(self._by_customer, (by, measure))
        return _late("groups").compare_means(
            values, groups, level=settings.interval_level, least=settings.privacy_min_cell
        )

    def _by_customer(self, what: str | pd.Series) -> pd.Series:
        people, attributes = self.customers, self.tables.get("customers")
        if isinstance(what, pd.Series):
            found = people["customer_id"].map(what[~what.index.duplicated()])
            if not found.notna().any():
                raise UserError(f"Nothing of what you gave is of a customer of {self.name}: its index is customer_id.")
            return found
        if what in people:
            return people[what]
        if attributes is not None and what in attributes:
            return people["customer_id"].map(attributes.set_index("customer_id")[what])
        known = [*people, *(name for name in ([] if attributes is None else attributes) if name not in people)]
        close = get_close_matches(str(what), known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"they have {', '.join(known)}."
        raise UserError(f"customers of {self.name} have no '{what}'; {hint}")

    def cube(self, rows=(), columns=(), measures=("spend",), where: Mapping | None = None) -> "Cube":
        """Orders by time, product, channel and what is known of their customers, to be drilled, rotated and sliced.

        Parameters
        ----------
        rows, columns : str or sequence of str
            Levels laid down and across: year, quarter, month; category, product; channel; attributes of the table
            customers (its channel is ``acquisition_channel``); segment, tier and what else the stages found.
        measures : str or sequence of str
            spend, margin (over known costs), spend_per_order, spend_per_customer in the dataset's currency; orders,
            customers (each counted once in every cell and margin); quantity.
        where : mapping, optional
            Level to the member, or the list of members, to which it is cut.

        Returns
        -------
        regulars.cube.Cube
            Shows itself, with margins; sums equal the ledger to the cent. Cells of fewer customers than
            ``privacy_min_cell`` are not told, nor those by which they could be.

        Raises
        ------
        UserError
            Where a level, a member or a measure is not there: the sentence lists what is.
        """
        return _late("cube").Cube(self.cube_facts, rows, columns, measures, where=where)

    @cached_property
    def cube_facts(self) -> "Facts":
        """What a cube is made of: one row per order line with everything by which it may be cut."""
        tables, scored = self.tables, "scored.customers"
        with self._reading():
            found = catalog.in_engine(scored, self.name) if catalog.exists(scored, self.name) else None
            return _late("cube").gather(
                tables.in_engine(ORDERS),
                tables.get_in_engine("order_lines"),
                tables.get_in_engine("customers"),
                found,
                name=self.name,
                least=self.settings("value").privacy_min_cell,
            )

    @cached_property
    def models(self) -> "ModelsRecord":
        """Models that the value stage fitted, their units, and the assumptions behind the money."""
        value = self.settings("value")
        content = self._read_json(f"models/{self.name}/clv.json")
        drawn = {"seed": value.seed, "draws": value.interval_draws}
        return _late("models").ModelsRecord.from_json(content, **drawn, histories=self._histories)

    def _histories(self) -> pd.DataFrame:
        return self.purchases().summary(self.end, self.models.time_unit)

    @cached_property
    def truth(self) -> dict:
        """What only the simulation knows, of a simulated dataset; empty of a real one."""
        return self._read_json(f"data/raw/{self.name}/truth.json") if self.about.simulated else {}

    @cached_property
    def conditions_missed(self) -> int:
        """How many conditions the data miss under which results are firm, as cleaning told."""
        told = self._read_json(f"reports/{self.name}/metrics/clean.json")
        return told["metrics"]["conditions_missed"]["value"]

    def _scored(self, table: str) -> pd.DataFrame:
        if table not in self._found:
            if self._carried is None and (tried := self._differing()):
                sentence = f"{table} of {self.name} is as params.yaml has it, and not of {', '.join(tried)}"
                warnings.warn(f"{sentence}: .pages() carries what is tried through.", stacklevel=3)
            with self._reading():
                self._found[table] = catalog.load(f"scored.{table}", self.name)
        return self._found[table].copy(deep=False)

    def _read_json(self, path: str) -> dict:
        with self._reading():
            return catalog.read_json(path)

    # ---- what this stage hands on ----

    def save(self, frame: pd.DataFrame, table: str) -> None:
        """Check a scored table and write it: in the pipeline as the stage's output, by hand under ``scratch/``.

        Parameters
        ----------
        frame : pandas.DataFrame
        table : str
            Such as ``value``.
        """
        catalog.save(frame, f"scored.{table}", self.name)

    def save_models(self, record: "ModelsRecord") -> None:
        """Write what was fitted, for `models` of later stages."""
        catalog.write_json(record.to_json(), f"models/{self.name}/clv.json")

    def pseudonyms(self, customer_ids) -> pd.Series:
        """What stands for each customer on a page; the real ids stay where they are."""
        return _late("pseudonyms").pseudonyms(customer_ids, self.name)

    def report(self, stage: str, language: str = "en", *, about: catalog.About | None = None) -> "Report":
        """What a stage tells, section by section.

        Parameters
        ----------
        stage : str
        language : str
            In which a live kernel shows it.
        about : regulars.catalog.About, optional
            What the dataset says of itself, where the stage has just found it; as cleaning left it otherwise.
        """

        def live(page: Mapping) -> Callable[..., None]:
            # wording and charts are loaded by a live kernel alone: no stage depends on them
            return import_module("regulars.pages.live").shower(page, language)

        settings = self.settings(stage)
        told = {"least": settings.privacy_min_cell, "changes": self._differing(), "live": live}
        return _late("report").Report(stage, about or self.about, settings.interval_level, **told)

    # ---- what it would be with other settings ----

    def pages(self) -> Path:
        """Compute every stage with the settings that are tried, and make pages of it beside the official ones.

        Returns
        -------
        pathlib.Path
            The index, below ``scratch/``; each page says which settings differ. From then on `value`, `segments`,
            `models` … are those of these settings, also where the dataset is opened with them again.

        Raises
        ------
        UserError
            Where no setting differs.
        """
        index = import_module("regulars.what_if").carry_through(self.name, self.changes, self._differing())
        for name in ("about", "models", "conditions_missed", "_purchases", "cube_facts"):
            vars(self).pop(name, None)  # what was read before the trial was computed
        self._found.clear()
        self.tables = Tables(self.name, lambda: self.about, self._reading)
        return index

    def _reading(self):
        """What is read within it is of these settings, where they have been carried through."""
        return read_first(self._carried)

    @property
    def _carried(self) -> Path | None:
        return import_module("regulars.what_if").carried(self.name, self.changes) if self.changes else None

    # ---- how it shows itself ----

    def _facts(self) -> dict[str, str]:
        try:
            about = self.about
        except UserError as error:
            return {"not yet": str(error)}
        facts = {
            "observed": f"{about.observation_start} to {about.observation_end}",
            "currency": about.currency,
            "tables": ", ".join(self.tables),
            "rows kept": f"{about.rows_kept:,} of {about.rows_raw:,}",
        }
        if about.share < 1:
            facts["drawn"] = f"{about.share:.1%} of the customers"
        return facts

    def _differing(self) -> dict[str, str]:
        """Setting that is tried to its value, and that of ``params.yaml`` for this dataset."""
        found = {}
        for section, names in places_of(self.changes).items():
            stage = section if section in STAGE_SETTINGS else "ingest"
            before = stage_settings(stage, self.name, content=self._content)
            for name in names:
                now, then = (short(getattr(settings, name)) for settings in (self.settings(stage), before))
                if now != then:
                    found[f"{section}.{name}"] = f"{now} (params.yaml: {then})"
        return found

    def _title(self) -> str:
        try:
            return f"{self.name}: {self.about.title}{' (simulated)' if self.about.simulated else ''}"
        except UserError:
            return self.name

    def __repr__(self) -> str:
        """Title, window, tables supplied, rows kept, what differs from ``params.yaml``."""
        facts = [f"  {name:<10} {told}" for name, told in self._facts().items()]
        differ = [f"  {CHANGED} {name}: {told}" for name, told in self._differing().items()]
        return "\n".join([self._title(), *facts, *differ])

    def _repr_html_(self) -> str:
        rows = {**self._facts(), **{f"{CHANGED} {name}": told for name, told in self._differing().items()}}
        table = "".join(
            f"<tr><th {LEFT}>{escape(name)}</th><td {LEFT}>{escape(told)}</td></tr>" for name, told in rows.items()
        )
        return f'<div class="mathjax_ignore"><p><b>{escape(self._title())}</b></p><table>{table}</table></div>'


def open(name: str, **changes) -> Dataset:
    """Open a dataset.

    Parameters
    ----------
    name : str
        A name under ``datasets`` in ``params.yaml``.
    **changes
        Settings to try instead, by name; one that stands in two sections is written ``stage.name``, as in
        ``regulars.open("demo", **{"retention.satisfaction_construct": "trust"})``.

    Returns
    -------
    Dataset

    Raises
    ------
    UserError
        Where there is no such dataset, or a change names no setting, or one of two sections, or has no fitting value.

    Examples
    --------
    >>> shop = open("cdnow", margin=0.25)
    >>> shop.settings("value").margin, shop.settings("value").zero_spend_is_purchase
    (0.25, True)
    """
    opened = Dataset(name, changes)
    guard_kernel()
    show_frames()
    return opened


def _late(what: str):
    return import_module(_LATE[what])
