"""One customer of an opened dataset: what was, what is expected, why, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from regulars import catalog
from regulars.customer.dealings import folded, timeline
from regulars.customer.file import PERSONAL, customer_file
from regulars.customer.rows import NAMED_BY, rows_of, whose
from regulars.errors import UserError
from regulars.labels import Errand
from regulars.segments import refusing
from regulars.showing import live, table

if TYPE_CHECKING:
    from regulars.dataset import Dataset

EXPECTED = ("expected_orders", "clv", "spend_per_order", "p_active", "p_never", "value_at_risk")
NEXT_ORDER = ("next_order_low", "next_order_median", "next_order_high", "call_by")
LABELS = ("segment", "tier", "lifecycle_stage", "portfolio_class", "customer_state", "loyalty_type")
OF_A_PERSON = ("customers", "credit")  # tables that may have any field of a customer file
FACTS = (1, 2, 3)  # behind each label
FULL = 100  # of the scale of satisfaction
SHOWN = 12  # dealings that a notebook shows at once
# what may still be done for somebody who said no to being contacted
ASKED_FOR = (Errand.COMPLAINT.value, "no_consent")


def customer_of(dataset, who: str, scored: Callable[[str], pd.DataFrame]) -> "Customer":
    """Open a customer; `regulars.dataset.Dataset.customer` hands it out.

    Parameters
    ----------
    dataset : regulars.dataset.Dataset
    who : str
        Number, or pseudonym.
    scored : callable
        Name of a scored table to it.

    Raises
    ------
    UserError
        Where no table names such a customer.
    """
    customer_id = whose(dataset, who)
    return Customer(dataset, customer_id, dataset.pseudonyms([customer_id]).iloc[0], scored)


@dataclass(frozen=True)
class Customer:
    """One customer; its frames name nobody: other customers are pseudonyms, and what tells who it is is left out.

    Parameters
    ----------
    dataset : regulars.dataset.Dataset
    customer_id : str
        The real number.
    customer : str
        The pseudonym.
    scored : callable
        Name of a scored table to it.
    """

    dataset: "Dataset" = field(repr=False)
    customer_id: str = field(repr=False)
    customer: str
    scored: Callable[[str], pd.DataFrame] = field(repr=False)

    # ---- what was ----

    @cached_property
    def rows(self) -> dict[str, pd.DataFrame]:
        """Every row of every clean table that names the customer, as it is, real numbers and all."""
        return rows_of(self.dataset.tables, self.customer_id)

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """Every dealing in order of time, columns as of `regulars.customer.timeline`."""
        return timeline(unnamed(self.rows, self.dataset.pseudonyms))

    @cached_property
    def whole_file(self) -> pd.DataFrame:
        """The customer file with what tells who it is, columns as of `regulars.customer.customer_file`."""
        tables, known = self.dataset.tables, {}
        if "identities" in tables:
            rows = tables.in_engine("identities")
            counted = rows.group_by("kind").agg(customers=rows["customer_id"].nunique()).order_by("kind").to_pyarrow()
            known = dict(zip(*counted.to_pydict().values(), strict=True))
        level = self.dataset.settings("value").interval_level
        about = {"people": tables.get("customers"), "end": self.dataset.end, "known": known, "level": level}
        return customer_file(self.rows, self.customer_id, **about)

    @property
    def file(self) -> pd.DataFrame:
        """The customer file: what is kept, how full it is for all, how old; what tells who it is is left out."""
        return self.whole_file.assign(value=self.whole_file["value"].mask(self.whole_file["field"].isin(PERSONAL)))

    # ---- what the stages found ----

    def found(self, table: str) -> pd.DataFrame:
        """Rows of a scored table that are the customer's; none where the stage has not run, or did not draw them."""
        try:
            frame = self.scored(table)
        except UserError:
            return pd.DataFrame()
        return frame[frame["customer_id"] == self.customer_id].reset_index(drop=True)

    @cached_property
    def profile(self) -> pd.Series:
        """All that the stages found: a row of ``customers.parquet``; empty where they found nothing of the customer."""
        found = self.found("customers")
        return found.iloc[0].drop("customer_id") if len(found) else pd.Series(dtype=object)

    @property
    def expected(self) -> pd.DataFrame:
        """What is expected: ``measure``, ``value``, ``low``, ``high``; NaN where it cannot be told, or has no range.

        Over the horizon of the settings; money in the dataset's currency; p_active, and p_never (the chance that no
        order ever comes again; NaN of whoever ordered once, where the model cannot tell) from 0 to 1.
        """
        told = [name for name in EXPECTED if name in self.profile]
        rows = [[name, *(self.profile.get(f"{name}{end}") for end in ("", "_low", "_high"))] for name in told]
        frame = pd.DataFrame(rows, columns=["measure", "value", "low", "high"])
        return frame.astype({"measure": "string"} | dict.fromkeys(("value", "low", "high"), "float64"))

    @property
    def next_order(self) -> pd.Series:
        """Dates of the next order if one comes (low, median, high), and the day to call by; NaT: cannot be told."""
        return pd.to_datetime(self.profile.reindex(NEXT_ORDER)).rename(None)

    @property
    def next_product(self) -> pd.Series:
        """What is liked, the next product and its chance; empty without order lines."""
        found = self.found("preferences")
        return found.iloc[0].drop("customer_id") if len(found) else pd.Series(dtype=object)

    def named(self, product: str) -> str:
        """A product by its number and what a line calls it, where one does."""
        tables = self.dataset.tables
        lines = tables.in_engine("order_lines") if "order_lines" in tables else None
        if lines is None or "description" not in lines.columns:
            return product
        # of several names the same one every time
        name = lines.filter(lines["product_id"] == product)["description"].min().to_pyarrow().as_py()
        return f"{product} {name}" if name else product

    @property
    def why(self) -> pd.DataFrame:
        """Why these labels: ``label``, ``value``, ``fact`` (what was looked at), ``is`` (what it was)."""
        found = self.found("segments_why")
        rows = [
            (row["label"], row["value"], row[f"fact_{k}"], row[f"fact_{k}_is"])
            for row in found.to_dict("records")
            for k in FACTS
        ]
        return pd.DataFrame(rows, columns=["label", "value", "fact", "is"]).astype({"is": "float64"})

    @property
    def satisfaction(self) -> pd.DataFrame:
        """What the customer answered: ``wave``, ``construct``, ``perceived``, ``expected``, ``gap`` (0–100), ``n``."""
        return answered(self.rows.get("surveys"), self.dataset.tables.get("survey_items"))

    @property
    def to_do(self) -> pd.DataFrame:
        """What to do, the most pressing first: ``what``, ``about``, ``by`` (date), ``channel``."""
        found = {
            "monday": self.found("monday"),
            "product": self.next_product,
            "call_by": self.next_order["call_by"],
            "refused": self.customer_id in refusing(self.rows.get("customers")),
        }
        return to_do(self.rows, self.profile, self.dataset.end, **found)

    # ---- how it shows itself ----

    def _parts(self) -> dict[str, pd.DataFrame]:
        labels = self.profile.reindex(LABELS).dropna().rename_axis("label").rename("is").reset_index()
        dates = self.next_order.dropna().rename_axis("next order").rename("day").reset_index()
        last = folded(self.timeline).drop(columns=["dealing", "rows"]).head(SHOWN)
        last["about"] = last["about"].str.replace("\n", " · ")
        kept = self.file.query("mapped")[["field", "value", "filled", "age_days"]]
        parts = {"What to do": self.to_do, "What is expected": self.expected, "When": dates, "Labels": labels}
        parts |= {"Why": self.why, "What was answered": self.satisfaction, "Customer file": kept, "Last dealings": last}
        return {title: frame for title, frame in parts.items() if len(frame)}

    def __repr__(self) -> str:
        """Pseudonym, and each part as a table."""
        parts = [f"{title}\n{frame.to_string(index=False)}" for title, frame in self._parts().items()]
        return "\n\n".join([f"{self.dataset.name}: customer {self.customer}", *parts])

    def _repr_html_(self) -> str:
        parts = [f"<h4>{escape(title)}</h4>{table(frame, index=False)}" for title, frame in self._parts().items()]
        return live(f"<p><b>{escape(self.customer)}</b></p>{''.join(parts)}")


def unnamed(rows: Mapping[str, pd.DataFrame], pseudonyms: Callable) -> dict[str, pd.DataFrame]:
    """Rows in which customers are pseudonyms, without what tells who somebody is.

    Parameters
    ----------
    rows : mapping
        Clean table to rows.
    pseudonyms : callable
        Numbers to pseudonyms.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": ["a"], "email": ["a@example.com"], "region": ["north"]})
    >>> unnamed({"customers": people}, lambda ids: "C-" + ids)["customers"].to_numpy().tolist()
    [['C-a', 'north']]
    """
    made = {}
    for name, frame in rows.items():
        told = {column.name for column in catalog.TABLES[name].columns if column.personal}
        told |= PERSONAL if name in OF_A_PERSON else set()
        named = {column: frame[column].dropna() for column in NAMED_BY if column in frame}
        kept = frame.drop(columns=[column for column in frame if column in told and column not in named])
        masked = {column: pseudonyms(ids).reindex(frame.index) for column, ids in named.items()}
        made[name] = kept.assign(**masked)
    return made


def answered(surveys: pd.DataFrame | None, items: pd.DataFrame | None) -> pd.DataFrame:
    """What one customer answered, by wave and construct, on a scale from 0 to 100.

    Parameters
    ----------
    surveys : pandas.DataFrame or None
        The customer's rows: item, kind, score, answered_at [, wave].
    items : pandas.DataFrame or None
        Table survey_items.

    Returns
    -------
    pandas.DataFrame
        ``wave`` (else the month of the answer), ``construct``, ``perceived``, ``expected`` (means, NaN where not
        asked), ``gap`` (perceived − expected), ``n`` (answers); the newest wave first.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["q1", "q2"], "construct": "quality", "scale_min": 1.0, "scale_max": 5.0})
    >>> rows = pd.DataFrame({"item": ["q1", "q2", "q1"], "kind": ["perceived", "perceived", "expected"],
    ...                      "score": [5.0, 3.0, 4.0], "answered_at": pd.to_datetime(["2026-03-01"] * 3)})
    >>> answered(rows, items).to_numpy().tolist()
    [['2026-03', 'quality', 75.0, 75.0, 0.0, 3]]
    """
    columns = ["wave", "construct", "perceived", "expected", "gap", "n"]
    if surveys is None or items is None:
        return pd.DataFrame(columns=columns)
    known = ["item", "construct", "scale_min", "scale_max"]
    rows = surveys.drop(columns="construct", errors="ignore").merge(items[known], on="item")
    month = rows["answered_at"].dt.strftime("%Y-%m").astype("string")
    rows["wave"] = rows["wave"].astype("string").fillna(month) if "wave" in rows else month
    rows["of_full"] = FULL * (rows["score"] - rows["scale_min"]) / (rows["scale_max"] - rows["scale_min"])
    by = ["wave", "construct"]
    told = rows.pivot_table(index=by, columns="kind", values="of_full", aggfunc="mean")
    told = told.reindex(columns=["perceived", "expected"]).rename_axis(columns=None)
    told["gap"], told["n"] = told["perceived"] - told["expected"], rows.groupby(by).size()
    return told.reset_index().sort_values(by, ascending=[False, True], ignore_index=True)[columns]


def to_do(
    rows: Mapping[str, pd.DataFrame], profile: pd.Series, end, *, monday: pd.DataFrame, product: pd.Series, call_by,
    refused: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """What to do about one customer, the most pressing first.

    Parameters
    ----------
    rows : mapping
        Clean table to the customer's rows: tickets, prospects, activities.
    profile : pandas.Series
        The customer's row of ``customers.parquet``: segment, best_channel.
    end : date
        Last day observed.
    monday : pandas.DataFrame
        The customer's rows of Monday's list.
    product : pandas.Series
        The customer's row of the preferences: next_product.
    call_by : Timestamp
        NaT where no day can be named.
    refused : bool
        Whether the customer said no to being contacted.

    Returns
    -------
    pandas.DataFrame
        ``what`` (no_consent, an errand of `regulars.labels.Errand`, call_by, next_contact, advice), ``about``, ``by``
        (date, NaT where there is none), ``channel``. Whoever said no to being contacted is told what was asked for, and
        nothing else.

    Examples
    --------
    >>> tickets = pd.DataFrame({"ticket_id": ["7"], "status": ["open"], "resolved_at": pd.to_datetime([None])})
    >>> nothing = {"monday": pd.DataFrame(), "product": pd.Series({"next_product": "tea"}), "call_by": pd.NaT}
    >>> told = to_do({"tickets": tickets}, pd.Series({"segment": "loyal"}), "2026-03-31", **nothing)
    >>> told[["what", "about"]].to_numpy().tolist()
    [['complaint', '7'], ['next_product', 'tea'], ['advice', 'loyal']]
    """
    best, last = profile.get("best_channel"), pd.Timestamp(end)
    told: list[tuple] = []

    def add(what, about=None, by=pd.NaT, channel=None):
        if not any(one[:2] == (what, about) for one in told):
            told.append((what, about, by, channel))

    if refused:
        add("no_consent")
    cases = rows.get("tickets", pd.DataFrame())
    for case in cases[cases["resolved_at"].isna()].to_dict("records") if "resolved_at" in cases else []:
        add(Errand.COMPLAINT.value, case["ticket_id"], case.get("promised_at", pd.NaT), best)
    for one in monday.to_dict("records"):
        add(one["errand"], one["about"], channel=one["channel"])
    if not pd.isna(call_by):
        add("call_by", by=call_by, channel=best)
    for name, when, done in (("prospects", "next_contact_at", "decided_at"), ("activities", "planned_at", "done_at")):
        plan = rows.get(name, pd.DataFrame())
        if when in plan:
            to_come = plan[(plan[when] > last) & (plan[done].isna() if done in plan else True)]
            for one in to_come.to_dict("records"):
                add("next_contact", one.get("kind"), one[when])
    if product.get("next_product") is not None and Errand.NEXT_PRODUCT.value not in [one[0] for one in told]:
        add(Errand.NEXT_PRODUCT.value, product["next_product"], channel=best)
    if not pd.isna(profile.get("segment")):
        add("advice", profile["segment"])
    frame = pd.DataFrame(told, columns=["what", "about", "by", "channel"])
    frame = frame.astype({"what": "string", "about": "string", "by": "datetime64[us]", "channel": "string"})
    return frame[frame["what"].isin(ASKED_FOR)].reset_index(drop=True) if refused else frame
