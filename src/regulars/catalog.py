"""Every table of the project: where it lies, what one row is, its key and its columns, checked on load and save."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import UserError
from regulars.labels import Outcome, Purpose, ServiceLevel
from regulars.paths import output_root, project_root
from regulars.rounding import plain, round_frame

if TYPE_CHECKING:
    import ibis.expr.types as ir

MONEY = pa.decimal128(18, 4)
ARROW_TYPES = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "money": MONEY,
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
PANDAS_TYPES = {
    "text": "string",
    "int": "Int64",
    "float": "float64",
    "money": "float64",
    "bool": "boolean",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us]",
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    kind : {"text", "int", "float", "money", "bool", "date", "timestamp"}
        Money in clean tables is exact (four decimals); money that a model predicts is a float.
    required : bool
        Whether the table must have it.
    nullable : bool
        Whether a value may be missing.
    low, high : float, optional
        Smallest and largest value allowed.
    personal : bool
        Never shown in a report, a log or an executed notebook.
    choices : tuple of str
        The only texts allowed; empty: any.
    """

    name: str
    kind: str
    required: bool = True
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    personal: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its layer (clean or scored), what a row is, its key and its columns."""

    name: str
    layer: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)

    def relative_path(self, dataset: str) -> Path:
        """Path from the project's root."""
        return Path("data", self.layer, dataset, f"{self.name}.parquet")

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def _table(name: str, layer: str, grain: str, key: str, *columns: Column) -> Table:
    return Table(name, layer, grain, tuple(key.split()), columns)


def _optional(name: str, kind: str, **limits) -> Column:
    return Column(name, kind, required=False, nullable=True, **limits)


CUSTOMER_ID = Column("customer_id", "text", personal=True)


CLEAN_TABLES = (
    _table(
        "orders", "clean", "one order", "order_id",
        Column("order_id", "text"),
        CUSTOMER_ID,
        Column("ordered_at", "timestamp"),
        Column("amount", "money"),
        _optional("channel", "text"),
        _optional("cost", "money"),
        _optional("is_return", "bool"),
    ),
    _table(
        "order_lines", "clean", "one line of an order", "line_id",
        Column("line_id", "text"),
        Column("order_id", "text"),
        CUSTOMER_ID,
        Column("ordered_at", "timestamp"),
        Column("product_id", "text"),
        Column("quantity", "float"),
        Column("unit_price", "money"),
        _optional("unit_cost", "money"),
        _optional("description", "text"),
        _optional("category", "text"),
        _optional("channel", "text"),
    ),
    _table(
        "customers", "clean", "one customer", "customer_id",
        CUSTOMER_ID,
        _optional("joined_at", "date"),
        _optional("birth_year", "int", personal=True),
        _optional("region", "text"),
        _optional("channel", "text"),
        _optional("consent", "bool"),
    ),
    _table(
        "surveys", "clean", "one answer to one item", "response_id item kind",
        Column("response_id", "text"),
        Column("customer_id", "text", nullable=True, personal=True),   # null: an anonymous answer
        Column("answered_at", "date"),
        Column("item", "text"),
        Column("score", "float"),
        Column("kind", "text", choices=("perceived", "expected")),
        _optional("wave", "text"),
    ),
    _table(
        "survey_items", "clean", "one item of the survey", "item",
        Column("item", "text"),
        Column("construct", "text"),
        Column("scale_min", "float"),
        Column("scale_max", "float"),
        Column("wording", "text"),
    ),
    _table(
        "tickets", "clean", "one complaint or service case", "ticket_id",
        Column("ticket_id", "text"),
        CUSTOMER_ID,
        _optional("kind", "text", choices=("complaint", "service")),
        Column("opened_at", "timestamp"),
        _optional("first_response_at", "timestamp"),
        _optional("resolved_at", "timestamp"),
        Column("category", "text"),
        Column("cause", "text", nullable=True),
        Column("channel", "text", nullable=True),
        Column("urgency", "text", nullable=True),
        Column("status", "text"),
        _optional("contacts", "int", low=1),
        Column("outcome", "text", nullable=True, choices=tuple(Outcome)),   # null while the case is open
        _optional("amount_at_stake", "money"),
        _optional("product_id", "text"),
        _optional("promised_at", "timestamp"),
        _optional("owner", "text"),
        _optional("transfers", "int", low=0),
        _optional("requested_remedy", "text"),
        _optional("verdict", "text"),
        _optional("escalated_to", "text"),
        _optional("in_knowledge_base", "bool"),
    ),
    _table(
        "ticket_events", "clean", "one change of the status of a case", "ticket_id at status",
        Column("ticket_id", "text"),
        Column("at", "timestamp"),
        Column("status", "text"),
        _optional("actor", "text"),
    ),
    _table(
        "units", "clean", "one unit sold with a warranty", "unit_id",
        Column("unit_id", "text"),
        Column("product_id", "text"),
        Column("sold_at", "date"),
        Column("warranty_until", "date"),
        _optional("repaired_at", "date"),
        _optional("repair_cost", "money"),
    ),
    _table(
        "contacts", "clean", "one interaction with a customer", "contact_id",
        Column("contact_id", "text"),
        CUSTOMER_ID,
        Column("at", "timestamp"),
        Column("channel", "text"),
        Column("initiator", "text", choices=("company", "customer")),
        Column("purpose", "text", nullable=True),
        _optional("content", "text"),
        _optional("staff", "text"),
        _optional("cost", "money"),
        _optional("minutes", "float", low=0),
        _optional("wait_seconds", "float", low=0),
        _optional("answered", "bool"),
        _optional("self_service", "bool"),
        _optional("score", "float"),
    ),
    _table(
        "prospects", "clean", "one prospect", "prospect_id",
        Column("prospect_id", "text"),
        Column("created_at", "date"),
        Column("stage", "text"),
        _optional("source", "text"),
        _optional("owner", "text"),
        _optional("win_probability", "float", low=0, high=1),
        _optional("quoted_amount", "money"),
        _optional("expected_close", "date"),
        _optional("next_contact_at", "date"),
        _optional("competitor", "text"),
        _optional("key_factor", "text"),
        _optional("customer_id", "text", personal=True),   # once won
    ),
    _table(
        "contracts", "clean", "one contract", "contract_id",
        Column("contract_id", "text"),
        CUSTOMER_ID,
        Column("started_at", "date"),
        _optional("ended_at", "date"),                                 # null: it runs
        _optional("reason", "text"),
        _optional("monthly_fee", "money"),
        _optional("term_months", "int", low=1),
    ),
    _table(
        "memberships", "clean", "one membership of one programme", "customer_id programme joined_at",
        CUSTOMER_ID,
        Column("programme", "text"),
        Column("joined_at", "date"),
        _optional("left_at", "date"),                                  # null: still in it
        _optional("reward_cost", "money"),
    ),
    _table(
        "referrals", "clean", "one customer who was referred", "referred_id",
        Column("referrer_id", "text", personal=True),
        Column("referred_id", "text", personal=True),
        Column("at", "date"),
    ),
    _table(
        "campaigns", "clean", "one campaign", "campaign_id",
        Column("campaign_id", "text"),
        Column("name", "text"),
        Column("starts_at", "date"),
        _optional("ends_at", "date"),
        _optional("purpose", "text", choices=tuple(Purpose)),
        _optional("planned_cost", "money"),
        _optional("actual_cost", "money"),
        _optional("goal", "text"),
        _optional("target", "float"),
        _optional("goal_due", "date"),
        _optional("bond", "text"),
    ),
    _table(
        "campaign_contacts", "clean", "one customer in one campaign", "campaign_id customer_id",
        Column("campaign_id", "text"),
        CUSTOMER_ID,
        Column("is_control", "bool"),
        Column("contacted_at", "date", nullable=True),                 # null: control, not contacted
        _optional("attended", "bool"),
        _optional("responded", "bool"),
    ),
    _table(
        "mystery_visits", "clean", "one item of one visit by a mystery shopper", "visit_id item",
        Column("visit_id", "text"),
        Column("visited_at", "date"),
        Column("item", "text"),
        Column("score", "float"),
        _optional("branch", "text"),
        _optional("staff", "text"),
        _optional("service_level", "text", choices=tuple(ServiceLevel)),
    ),
    _table(
        "lost_reasons", "clean", "one lost customer who says why", "customer_id",
        CUSTOMER_ID,
        Column("lost_at", "date"),
        Column("reason", "text"),
        _optional("competitor", "text"),
    ),
)  # fmt: skip

SCORED_TABLES = (
    _table(
        "value", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("first_ordered_at", "date"),
        Column("last_ordered_at", "date"),
        Column("frequency", "int", low=0),
        Column("recency", "float", low=0),
        Column("T", "float", low=0),
        Column("monetary_value", "float", nullable=True, low=0),       # null: no repeat day with positive spend
        Column("spend", "float"),                                      # past, all purchase days
        # null from here on: the orders allow no model (one customer, nobody who came back)
        Column("spend_per_order", "float", nullable=True, low=0),      # expected of the next order
        Column("spend_is_prior", "bool"),                              # where it is the mean of all customers
        Column("p_alive", "float", nullable=True, low=0, high=1),
        Column("p_active", "float", nullable=True, low=0, high=1),
        Column("expected_orders", "float", nullable=True, low=0),
        Column("expected_orders_low", "float", nullable=True, low=0),
        Column("expected_orders_high", "float", nullable=True, low=0),
        Column("clv", "float", nullable=True),
        Column("clv_low", "float", nullable=True),
        Column("clv_high", "float", nullable=True),
        Column("value_if_alive", "float", nullable=True),
        Column("value_at_risk", "float", nullable=True),
        Column("tier", "text", nullable=True),
        Column("tier_probability", "float", nullable=True, low=0, high=1),  # null: brings nothing
    ),
    _table(
        "segments", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("segment", "text"),
        Column("cluster", "text"),
        Column("lifecycle_stage", "text"),
        Column("portfolio_class", "text", nullable=True),              # null: what customers will bring is not told
    ),
    _table(
        "satisfaction", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("satisfaction", "float", nullable=True, low=0, high=100),   # null without an answer
        Column("loyalty_type", "text", nullable=True),                 # null without an answer on loyalty
        Column("loyalty_type_probability", "float", nullable=True, low=0, high=1),   # that the type is right
    ),
    _table(
        "retention", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("customer_state", "text", nullable=True),               # null: the orders allow no model
        Column("p_never", "float", nullable=True, low=0, high=1),      # null: the model cannot tell of one-time buyers
        Column("next_order_low", "date", nullable=True),               # null: later than the horizon
        Column("next_order_median", "date", nullable=True),
        Column("next_order_high", "date", nullable=True),
        Column("call_by", "date", nullable=True),                      # null: the window is too wide to name a day
    ),
)  # fmt: skip


COMPANION_TABLES = (
    _table(
        "segments_why", "scored", "one label of one customer", "customer_id label",
        CUSTOMER_ID,
        Column("label", "text"),
        Column("value", "text"),
        *(
            column
            for k in (1, 2, 3)
            for column in (Column(f"fact_{k}", "text"), Column(f"fact_{k}_is", "float", nullable=True))
        ),
    ),
    _table(
        "preferences", "scored", "one customer with order lines", "customer_id",
        CUSTOMER_ID,
        Column("favourite", "text"),
        Column("favourite_share", "float", low=0, high=1),
        Column("bought", "int", low=1),
        Column("price_level", "float", nullable=True, low=0),        # null: nothing priced
        Column("next_product", "text"),
        Column("next_probability", "float", low=0, high=1),
    ),
)  # fmt: skip


def _joined_table() -> Table:
    value, *parts = SCORED_TABLES
    # what only some stages supply may be absent from the joined table, never empty
    others = [replace(column, required=False) for part in parts for column in part.columns if column != CUSTOMER_ID]
    return Table("customers", "scored", "one customer", ("customer_id",), (*value.columns, *others))


TABLES = {table.name: table for table in CLEAN_TABLES} | {
    f"scored.{table.name}": table for table in (*SCORED_TABLES, *COMPANION_TABLES, _joined_table())
}


@cache
def schema(name: str, columns: tuple[str, ...] | None = None, keyed: bool = True):
    """Executable schema of a table (pandera): types, missing values, limits, key.

    Parameters
    ----------
    name : str
        A name in `TABLES`: ``orders``, ``scored.value`` ….
    columns : tuple of str, optional
        Of the table, those that are looked at; without the whole key nothing is asked of it.
    keyed : bool
        Whether the key is looked at.

    Returns
    -------
    pandera.pandas.DataFrameSchema
    """
    import pandera.pandas as pa_schema

    table = TABLES[name]
    return pa_schema.DataFrameSchema(
        {
            column.name: pa_schema.Column(
                PANDAS_TYPES[column.kind],
                limits_of(column, pa_schema.Check),
                nullable=column.nullable,
                required=column.required,
            )
            for column in table.columns
            if columns is None or column.name in columns
        },
        unique=list(table.key) if keyed and (columns is None or set(table.key) <= set(columns)) else None,
        strict=table.layer == "scored",
        name=name,
    )


def limits_of(column: Column, check) -> list:
    """Limits of a column as checks of pandera, of whichever of its backends."""
    limits = []
    if column.low is not None:
        limits.append(check.ge(column.low))
    if column.high is not None:
        limits.append(check.le(column.high))
    if column.choices:
        limits.append(check.isin([str(choice) for choice in column.choices]))
    return limits


def typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Frame with the columns of the table in their order and of their type, then what else it carries."""
    table = TABLES[name]
    known = [column for column in table.columns if column.name in frame]
    extra = [column for column in frame if table.column(column) is None]
    kinds = {column.name: PANDAS_TYPES[column.kind] for column in known}
    return frame[[column.name for column in known] + extra].astype(kinds)


def validate(
    frame: pd.DataFrame, name: str, columns: tuple[str, ...] | None = None, *, keyed: bool = True
) -> pd.DataFrame:
    """Check a frame against the schema of its table, or of those columns of it; parameters as for `schema`.

    Raises
    ------
    UserError
        That names the table, the column, the first offending row and its value.
    """
    from pandera.errors import SchemaError

    try:
        return schema(name, columns, keyed).validate(frame)
    except SchemaError as error:
        raise UserError(_schema_sentence(name, error)) from None


def _schema_sentence(name: str, error) -> str:
    column = str(getattr(error.schema, "name", None))
    rule = getattr(error, "check", None) or error.reason_code
    cases = error.failure_cases
    if isinstance(cases, pd.DataFrame) and len(cases) and TABLES[name].column(column) is not None:
        case = cases.iloc[0]
        if not pd.isna(case.get("index")):
            return rule_broken(name, column, rule, int(case["index"]), case["failure_case"])
    return rule_broken(name, column, rule)


def rule_broken(name: str, column: str, rule, row: int | None = None, value=None) -> str:
    """Sentence that says which rule a table breaks, and where; a personal value is not shown.

    Examples
    --------
    >>> rule_broken("prospects", "win_probability", "at most 1", 3, 1.5)
    'Table prospects, column win_probability, row 3: 1.5 breaks the rule at most 1: mend the data or its mapping.'
    """
    shown = ""
    if row is not None:
        missing = "a missing value" if pd.isna(value) else repr(plain(value))
        shown = f", row {row}: {'a value that is not shown' if TABLES[name].column(column).personal else missing}"
    return f"Table {name}, column {column}{shown} breaks the rule {rule}: mend the data or its mapping."


def path(name: str, dataset: str) -> Path:
    """Absolute path of a table as the pipeline last left it."""
    return project_root() / TABLES[name].relative_path(dataset)


def exists(name: str, dataset: str) -> bool:
    """Whether the dataset supplies this table."""
    return path(name, dataset).is_file()


def load(name: str, dataset: str, share: float = 1.0, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Read a table and check it.

    Parameters
    ----------
    name : str
        A name in `TABLES`.
    dataset : str
    share : float
        Of the customers whose rows are read; below 1 they are drawn by a hash of the id, the same in every table, and
        the others never leave the engine. Rows without a customer are drawn by their own key; items and visits are
        read whole; of campaigns' cost, which is spent on all customers, this share is told.
    columns : tuple of str, optional
        All that is read and checked; whether the key is unique is then left to what `save` has checked.

    Returns
    -------
    pandas.DataFrame
        Columns as in `TABLES`; text as ``string``, dates as ``datetime64``, money as ``float64``.

    Raises
    ------
    UserError
        Where the table is absent or breaks its schema.
    """
    file = path(name, dataset)
    if not file.is_file():
        raise UserError(f"{TABLES[name].relative_path(dataset)} is not there: run `make reports DATASET={dataset}`.")
    from regulars.engine import in_pandas

    if share >= 1:
        rows = pq.read_table(file, columns=None if columns is None else list(columns))
    else:
        rows = _drawn(name, dataset, share)
        rows = rows if columns is None else rows.select(list(columns))
    return validate(typed(in_pandas(rows), name), name, columns)


def in_engine(name: str, dataset: str) -> "ir.Table":
    """A clean table where it lies, as an Ibis table of the embedded engine: no row of it comes to Python."""
    from regulars.engine import embedded

    return embedded().read_parquet(path(name, dataset))


HEX_DIGITS = 8  # of the hash by which customers are drawn


def _drawn(name: str, dataset: str, share: float) -> pa.Table:
    """Rows of the customers that are drawn: the first digits of an id's MD5 are as good as random, on any machine."""
    below = f"{min(round(share * 16**HEX_DIGITS), 16**HEX_DIGITS - 1):0{HEX_DIGITS}x}"
    rows = in_engine(name, dataset)

    def is_drawn(*columns):
        ids = [rows[column].cast("string") for column in columns]
        return (ids[0] if len(ids) == 1 else ids[0].coalesce(*ids[1:])).hexdigest("md5") < below

    if name == "ticket_events":
        tickets = in_engine("tickets", dataset)
        chosen = tickets.filter(tickets.customer_id.hexdigest("md5") < below)
        rows = rows.semi_join(chosen, "ticket_id")
    elif name == "referrals":  # either side: whoever is drawn knows whom they referred, and who was referred
        rows = rows.filter(is_drawn("referrer_id") | is_drawn("referred_id"))
    elif name == "campaigns":
        paid = [column for column in ("planned_cost", "actual_cost") if column in rows.columns]
        rows = rows.mutate(**{column: rows[column].cast("float64") * share for column in paid})
    elif name not in ("survey_items", "mystery_visits"):
        who = ("customer_id",) if "customer_id" in rows.columns else ()
        rows = rows.filter(is_drawn(*who, TABLES[name].key[0]))
    return rows.order_by(list(TABLES[name].key)).to_pyarrow()


def load_supplied(dataset: str, *names: str, share: float = 1.0) -> dict[str, pd.DataFrame]:
    """Read those of some tables that the firm supplied, by name; what it did not supply is not in the result.

    Parameters
    ----------
    dataset : str
    *names : str
        Clean tables.
    share : float
        As for `load`.

    Returns
    -------
    dict
    """
    supplied = about(dataset).supplied
    return {name: load(name, dataset, share) for name in names if name in supplied}


def save(frame: pd.DataFrame, name: str, dataset: str) -> Path:
    """Check a table and write it, sorted by its key, floats rounded to 10 significant digits.

    Returns
    -------
    pathlib.Path
        The file written: under the stage's staging folder, or under ``scratch/`` when run by hand.
    """
    table, rows = TABLES[name], typed(frame, name)
    number = _key_numbers([rows[column] for column in table.key])
    place = np.argsort(number, kind="stable")
    is_unique = bool((np.diff(number[place]) > 0).all())
    checked = validate(rows, name, keyed=not is_unique)
    is_in_order = bool((np.diff(place) == 1).all())
    checked = checked if is_in_order else checked.iloc[place]
    return write_parquet(checked, table.relative_path(dataset), {c.name: ARROW_TYPES[c.kind] for c in table.columns})


def _key_numbers(columns: list[pd.Series]) -> np.ndarray:
    """One number per row, in the order of the key: text is compared once, for the order and for what is double."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        code, found = pd.factorize(column)
        rank = np.empty(len(found) + 1, dtype=np.int64)
        rank[pd.Series(found, dtype=found.dtype).argsort(kind="stable").to_numpy()] = np.arange(len(found))
        rank[-1] = len(found)  # what is missing comes last
        number = pd.factorize(number, sort=True)[0] if number.size and number.max() > 2**31 else number
        number = number * (len(found) + 1) + rank[code]
    return number


@dataclass(frozen=True)
class About:
    """What every page says of its dataset.

    Parameters
    ----------
    name, title, currency, time_zone : str
    simulated : bool
        Whether the numbers are of a simulated firm.
    observation_start, observation_end : datetime.date
        First and last day observed.
    supplied : tuple of str
        Tables that the firm supplied; orders are derived from order lines where only lines are.
    rows_raw, rows_kept : int
        Rows of the order log as it came, and those that cleaning kept.
    share : float
        Of the customers whose rows the pages are made from; 1 where all of them fit into memory.
    orders_sampled : bool
        Whether the log holds orders drawn from all, so that whether a customer comes back cannot be seen.
    """

    name: str
    title: str
    currency: str
    simulated: bool
    time_zone: str
    observation_start: date
    observation_end: date
    supplied: tuple[str, ...]
    rows_raw: int
    rows_kept: int
    share: float = 1.0
    orders_sampled: bool = False


def about_from_ledger(ledger: dict) -> About:
    """`About` from the block ``dataset`` of a ledger."""
    block = ledger["dataset"]

    def day(value) -> date:
        return date.fromisoformat(value) if isinstance(value, str) else value

    return About(
        **{key: block[key] for key in ("name", "title", "currency", "simulated", "time_zone", "rows_raw", "rows_kept")},
        observation_start=day(block["observation_start"]),
        observation_end=day(block["observation_end"]),
        supplied=tuple(block["supplied"]),
        orders_sampled=block.get("orders_sampled", False),
    )


def about(dataset: str, in_memory_rows: int = 0) -> About:
    """What the ledger of a cleaned dataset says of it.

    Parameters
    ----------
    dataset : str
    in_memory_rows : int
        Orders that may be read into memory; with more, the pages are made from a share of the customers. 0: any number.

    Raises
    ------
    UserError
        Where the dataset has not been cleaned.
    """
    found = about_from_ledger(read_json(Path("data", "clean", dataset, "ledger.json")))
    if not in_memory_rows or not exists("orders", dataset):
        return found
    rows = pq.read_metadata(path("orders", dataset)).num_rows
    return replace(found, share=min(1.0, in_memory_rows / max(rows, 1)))


def write_parquet(frame: pd.DataFrame, relative_path: Path | str, kinds: dict[str, pa.DataType] | None = None) -> Path:
    """Write a frame as Parquet, the same bytes for the same rows."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    exact = [column for column, kind in (kinds or {}).items() if pa.types.is_decimal(kind) and column in frame]
    plain_frame = frame.reset_index(drop=True)
    plain_frame = round_frame(plain_frame.drop(columns=exact)).join(plain_frame[exact])[list(frame)]
    fields = [
        pa.field(column, (kinds or {}).get(column) or pa.Array.from_pandas(plain_frame[column]).type)
        for column in plain_frame
    ]
    arrays = [pa.Array.from_pandas(plain_frame[f.name], type=_castable(f.type)).cast(f.type) for f in fields]
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), target, compression="zstd")
    return target


def _castable(kind: pa.DataType) -> pa.DataType | None:
    return pa.timestamp("us") if pa.types.is_date(kind) else pa.float64() if pa.types.is_decimal(kind) else kind


def write_json(content, relative_path: Path | str) -> Path:
    """Write JSON: floats rounded to 10 significant digits, missing values as null, keys in the order given."""
    target = output_root() / relative_path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def read_json(relative_path: Path | str):
    """Read JSON that the pipeline wrote.

    Raises
    ------
    UserError
        Where it is absent.
    """
    file = project_root() / relative_path
    if not file.is_file():
        raise UserError(f"{relative_path} is not there: run `make reports`.")
    return json.loads(file.read_text(encoding="utf-8"))
