"""Every table of the project: where it lies, what one row is, its key and its columns."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from regulars.labels import ChannelBasis, IdentityKind, Outcome, Purpose, SalePhase, ServiceLevel

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
        _optional("colour", "text"),
        _optional("size", "text"),
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
        _optional("household_size", "int", low=1),
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
        Column("category", "text", nullable=True),                     # null: nobody said what it is about
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
        _optional("question_id", "text"),                              # what was asked, as the knowledge base names it
        _optional("sale_phase", "text", choices=tuple(SalePhase)),
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
        _optional("part", "text"),                                     # that was repaired
        _optional("part_warranty_until", "date"),                      # of the repaired part: it starts anew
    ),
    _table(
        "contacts", "clean", "one interaction with a customer", "contact_id",
        Column("contact_id", "text"),
        Column("customer_id", "text", nullable=True, personal=True),   # null: nobody knows who it was
        Column("at", "timestamp"),
        Column("channel", "text"),
        Column("initiator", "text", choices=("company", "customer")),
        Column("purpose", "text", nullable=True),
        _optional("content", "text"),
        _optional("staff", "text"),
        _optional("staff_rank", "text"),                               # adviser, team leader, manager …
        _optional("cost", "money"),
        _optional("minutes", "float", low=0),
        _optional("wait_seconds", "float", low=0),                     # until answered, or until the caller gave up
        _optional("answered", "bool"),
        _optional("self_service", "bool"),
        _optional("score", "float"),
        _optional("reason", "text"),
        _optional("mood", "text"),
        _optional("queue", "text"),
        _optional("transfers", "int", low=0),
        _optional("first_staff", "text"),                              # who was asked first
        _optional("resolved", "bool"),
        _optional("ticket_id", "text"),                                # the problem that it is about
        _optional("question_id", "text"),
        _optional("department", "text"),
        _optional("answer_id", "text"),                                # what was answered to the question
        _optional("ended_by", "text"),
        _optional("response_hours", "float", low=0),
    ),
    _table(
        "shifts", "clean", "one shift of one member of staff", "staff from",
        Column("staff", "text"),
        Column("from", "timestamp"),
        Column("to", "timestamp"),
    ),
    _table(
        "identities", "clean", "one thing that one source knows of a person", "source external_id kind value",
        Column("source", "text"),
        Column("external_id", "text", personal=True),
        Column("customer_id", "text", nullable=True, personal=True),   # null: tied to no customer
        Column("kind", "text", choices=tuple(IdentityKind)),
        Column("value", "text", personal=True),
    ),
    _table(
        "interaction_plan", "clean", "one planned interaction", "plan_id",
        Column("plan_id", "text"),
        Column("object", "text"),                                      # which customers: a segment, or in words
        Column("goal", "text"),
        _optional("target", "float"),
        _optional("due", "date"),
        _optional("theme", "text"),
        _optional("structure", "text"),
        _optional("format", "text"),
        _optional("budget", "money"),
        _optional("budget_basis", "text"),                             # share of sales, competitors, or tasks
        Column("channel", "text"),
        _optional("times_per_year", "float", low=0),
        _optional("reached", "float"),
        _optional("problems", "text"),
        _optional("novelty", "text"),
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
        _optional("decided_at", "date"),
        _optional("client_type", "text"),
        _optional("customer_class", "text"),
        _optional("last_contact_at", "date"),
    ),
    _table(
        "prospect_events", "clean", "one stage that a prospect reached", "prospect_id at stage",
        Column("prospect_id", "text"),
        Column("at", "date"),
        Column("stage", "text"),
        _optional("win_probability", "float", low=0, high=1),          # as stated then
        _optional("quoted_amount", "money"),
    ),
    _table(
        "activities", "clean", "one visit, call or letter of the plan", "activity_id",
        Column("activity_id", "text"),
        Column("planned_at", "date"),
        _optional("done_at", "date"),                                  # null: missed, or still to come
        _optional("prospect_id", "text"),
        _optional("customer_id", "text", personal=True),
        _optional("owner", "text"),
        _optional("kind", "text"),
        _optional("person", "text", personal=True),
        _optional("content", "text"),
        _optional("result", "text"),
        _optional("next_at", "date"),
    ),
    _table(
        "contracts", "clean", "one contract", "contract_id",
        Column("contract_id", "text"),
        CUSTOMER_ID,
        Column("started_at", "date"),
        _optional("ended_at", "date"),                                 # first day without; null: it runs
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
        _optional("theme", "text"),
        _optional("host", "text"),
        _optional("notification", "text"),
        _optional("control_share", "float", low=0, high=1),            # planned
        _optional("outcome_days", "int", low=1),
    ),
    _table(
        "campaign_contacts", "clean", "one customer in one campaign", "campaign_id customer_id",
        Column("campaign_id", "text"),
        CUSTOMER_ID,
        Column("is_control", "bool"),
        Column("contacted_at", "date", nullable=True),                 # null: control, not contacted
        _optional("attended", "bool"),
        _optional("responded", "bool"),
        _optional("arm", "text"),                                      # null: there is one way only
    ),
    _table(
        "wallet", "clean", "what one customer spends at one shop in a period", "customer_id period competitor",
        CUSTOMER_ID,
        Column("period", "text"),
        Column("competitor", "text"),                                  # us: this firm
        _optional("spend", "money"),
        _optional("rank", "float", low=1),
    ),
    _table(
        "recall", "clean", "one brand and one person who was asked", "respondent_id brand",
        Column("respondent_id", "text", personal=True),
        Column("brand", "text"),                                       # us: this firm
        Column("named_first", "bool"),
        Column("named", "bool"),
        _optional("asked_at", "date"),
    ),
    _table(
        "credit", "clean", "one customer who was lent to, or asked", "customer_id",
        CUSTOMER_ID,
        Column("outcome", "bool"),                                     # true: what is to be told happened
        _optional("observed_at", "date"),
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
        Column("spend", "float"),                                      # past, less what came back later
        # null from here on: the orders allow no model (one customer, nobody who came back)
        Column("spend_per_order", "float", nullable=True, low=0),      # expected of the next order
        Column("spend_is_prior", "bool"),                              # where it is the mean of all customers
        Column("p_alive", "float", nullable=True, low=0, high=1),
        Column("p_active", "float", nullable=True, low=0, high=1),
        # each range is one customer's future and holds what is expected (`regulars.clv.uncertainty.holding`)
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
        Column("next_order_low", "date", nullable=True),               # null: later than the horizon, or the median is
        Column("next_order_median", "date", nullable=True),
        Column("next_order_high", "date", nullable=True),
        Column("call_by", "date", nullable=True),                      # null: the window is too wide to name a day
    ),
    _table(
        "interaction", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("contacts", "int", nullable=True, low=0),               # null: contacts are not supplied
        Column("best_channel", "text", nullable=True),                 # null: none is better beyond noise
        Column("best_channel_basis", "text", nullable=True, choices=tuple(ChannelBasis)),
        Column("best_channel_rate", "float", nullable=True, low=0, high=1),   # expected share that is solved there
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
        *(Column(f"next_product_{rank}", "text", nullable=True) for rank in range(2, 6)),   # null: so few products
    ),
    _table(
        "actions", "scored", "one customer", "customer_id",
        CUSTOMER_ID,
        Column("campaigns", "int", low=0),                           # that contacted the customer
        Column("last_campaign_at", "date", nullable=True),
        Column("errand", "text", nullable=True),                     # null: not on Monday's list
        Column("errand_channel", "text", nullable=True),
    ),
    _table(
        "monday", "scored", "one customer or prospect on Monday's list", "rank",
        Column("rank", "int", low=1),
        Column("errand", "text"),
        Column("customer_id", "text", nullable=True, personal=True),  # null: a prospect
        Column("prospect_id", "text", nullable=True),
        Column("channel", "text"),
        Column("about", "text", nullable=True),
        Column("worth", "float", nullable=True),
        Column("cost", "float", nullable=True),
        Column("net", "float", nullable=True),                       # null: no lot has shown what asking gains
        Column("net_low", "float", nullable=True),
        Column("net_high", "float", nullable=True),
    ),
)  # fmt: skip


JOINED_TASTES = ("favourite", "next_product", "next_probability")  # that stand beside each customer


def _joined_table() -> Table:
    value, *parts = SCORED_TABLES
    # what only some stages supply may be absent from the joined table, never empty
    others = [replace(column, required=False) for part in parts for column in part.columns if column != CUSTOMER_ID]
    tastes = next(table for table in COMPANION_TABLES if table.name == "preferences")
    # null: a customer without order lines
    others += [replace(column, required=False, nullable=True) for column in map(tastes.column, JOINED_TASTES) if column]
    return Table("customers", "scored", "one customer", ("customer_id",), (*value.columns, *others))


TABLES = {table.name: table for table in CLEAN_TABLES} | {
    f"scored.{table.name}": table for table in (*SCORED_TABLES, *COMPANION_TABLES, _joined_table())
}
