"""What a cube is made of: one row per order line with everything by which it may be cut."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from regulars.engine.embedded import kept
from regulars.errors import UserError

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNKNOWN = "not known"  # a member of its own: a sum over known ones alone would miss the ledger
TIME, PRODUCT = ("year", "quarter", "month"), ("category", "product")
MONEY = "decimal(18, 4)"
# of customers.parquet, in the order in which they are offered
SCORED = ("segment", "tier", "lifecycle_stage", "customer_state", "portfolio_class", "loyalty_type", "cluster")
# of the table customers what is no attribute, or one that orders have as well
RENAMED = {"channel": "acquisition_channel"}
NO_ATTRIBUTES = ("customer_id", "owner", "referred_by")
MOST_MEMBERS = 60  # of an attribute: beyond, it is an id or a free text


@dataclass(frozen=True)
class Facts:
    """Rows of a cube, and by what they may be cut.

    Parameters
    ----------
    rows : ibis Table
        Of the embedded engine: order_id, customer_id, spend, cost (null where it is not known), quantity (null without
        lines), and a text column for each level.
    hierarchies : tuple of tuple of str
        Levels from coarse to fine, such as year, quarter, month; most have one.
    of_orders : frozenset of str
        Levels of which a customer may have several members: of time, product and channel.
    name : str
        Of the dataset, for sentences.
    least : int
        ``common.privacy_min_cell``: cells of fewer customers are not told.
    has : frozenset of str
        Measures that hang on what is supplied: ``margin`` on costs, ``quantity`` on lines.
    """

    rows: "ir.Table"
    hierarchies: tuple[tuple[str, ...], ...]
    of_orders: frozenset = frozenset()
    name: str = "the dataset"
    least: int = 5
    has: frozenset = field(default=frozenset(), compare=False)

    @property
    def levels(self) -> tuple[str, ...]:
        """All by which may be cut."""
        return tuple(level for hierarchy in self.hierarchies for level in hierarchy)

    def hierarchy_of(self, level: str) -> tuple[str, ...]:
        """The hierarchy of a level.

        Raises
        ------
        UserError
            Where there is no such level.
        """
        for hierarchy in self.hierarchies:
            if level in hierarchy:
                return hierarchy
        raise UserError(f"{self.name} cannot be cut by '{level}': there are {', '.join(self.levels)}.")

    def members(self, level: str) -> list[str]:
        """Values of a level that occur, sorted."""
        found = self.rows.select(level).distinct().to_pyarrow().column(level).to_pylist()
        return sorted(found)

    def where(self, chosen: Mapping[str, str | list]) -> "Facts":
        """The same of some members alone.

        Raises
        ------
        UserError
            Where a level has no such member.
        """
        rows = self.rows
        for level, wanted in chosen.items():
            self.hierarchy_of(level)
            wanted = [str(one) for one in (wanted if isinstance(wanted, list | tuple | set) else [wanted])]
            known = self.members(level)
            if unknown := [one for one in wanted if one not in known]:
                told = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
                raise UserError(f"{level} of {self.name} has no '{unknown[0]}': it has {told}.")
            rows = rows.filter(rows[level].isin(wanted))
        return Facts(rows, self.hierarchies, self.of_orders, self.name, self.least, self.has)


def gather(
    orders: "ir.Table",
    lines: "ir.Table | None" = None,
    customers: "ir.Table | None" = None,
    scored: "ir.Table | None" = None,
    *,
    name: str = "the dataset",
    least: int = 5,
) -> Facts:
    """Lay every order line beside what is known of its order and its customer.

    Parameters
    ----------
    orders : ibis Table
        Clean: order_id, customer_id, ordered_at, amount [, channel, cost].
    lines : ibis Table, optional
        Clean: order_id, product_id, quantity, unit_price [, unit_cost, category]. What an order's amount has beyond
        its lines (postage, a discount, an order without lines) is a row of its own, of a product that is not known, so
        that sums are those of the orders.
    customers : ibis Table, optional
        Clean: customer_id and attributes; of these text and yes or no with at most 60 values.
    scored : ibis Table, optional
        What the stages found of each customer: segment, tier and the like.
    name : str
    least : int
        ``common.privacy_min_cell``.

    Returns
    -------
    Facts

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.engine.embedded import as_table
    >>> orders = as_table(pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "amount": [10.0],
    ...                                 "ordered_at": pd.to_datetime(["2024-05-09"])}))
    >>> lines = as_table(pd.DataFrame({"order_id": ["1"], "product_id": ["tea"], "quantity": [2.0],
    ...                                "unit_price": [4.5]}))
    >>> found = gather(orders, lines)
    >>> found.levels
    ('year', 'quarter', 'month', 'product')
    >>> found.members("product"), found.members("quarter")
    (['not known', 'tea'], ['2024 Q2'])
    """
    import ibis

    has_cost = "cost" in orders.columns
    at = orders.ordered_at
    year = at.year().cast("string")
    heads = orders.select(
        "order_id",
        "customer_id",
        amount=orders.amount.cast(MONEY),
        cost=orders.cost.cast(MONEY) if has_cost else ibis.null(MONEY),
        year=year,
        quarter=year + " Q" + at.quarter().cast("string"),
        month=at.strftime("%Y-%m"),
        **({"channel": orders.channel} if "channel" in orders.columns else {}),
    )
    of_product = () if lines is None else tuple(name for name in PRODUCT if name in (*lines.columns, "product"))
    rows = _by_line(heads, lines, of_product)
    of_orders = [*TIME, *of_product, *(["channel"] if "channel" in heads.columns else [])]
    attributes: list[str] = []
    for table, wanted in ((customers, _attributes(customers)), (scored, _scored(scored))):
        if table is None or not wanted:
            continue
        taken = {*rows.columns}
        wanted = {label: column for label, column in wanted.items() if label not in taken}
        about = table.select("customer_id", **{label: table[name].cast("string") for label, name in wanted.items()})
        rows = rows.left_join(about, "customer_id").drop("customer_id_right")
        attributes += wanted
    hierarchies = [TIME, *([of_product] if of_product else []), *([("channel",)] if "channel" in of_orders else [])]
    hierarchies += [(one,) for one in attributes]
    texts = [*of_orders, *attributes]
    rows = rows.mutate(**{level: rows[level].fill_null(UNKNOWN) for level in texts})
    # a table of the engine from here on: the joins are made once, not at each question
    rows = kept(rows)
    has = frozenset({"margin"} if has_cost else ()) | frozenset({"quantity"} if of_product else ())
    return Facts(rows, tuple(hierarchies), frozenset(of_orders), name, least, has)


def _by_line(heads: "ir.Table", lines: "ir.Table | None", of_product: tuple[str, ...]) -> "ir.Table":
    import ibis

    if lines is None:
        return heads.rename(spend="amount").mutate(quantity=ibis.null("float64"))
    sold = lines.select(
        "order_id",
        quantity=lines.quantity.cast("float64"),
        # whole hundredths of a hundredth, as cleaning writes the amount of an order
        spend=(lines.quantity.cast("decimal(18, 4)") * lines.unit_price.cast(MONEY)).round(4).cast(MONEY),
        cost=(lines.quantity.cast("decimal(18, 4)") * lines.unit_cost.cast(MONEY)).round(4).cast(MONEY)
        if "unit_cost" in lines.columns
        else ibis.null(MONEY),
        **({"category": lines.category} if "category" in of_product else {}),
        product=lines.product_id,
    )
    told = sold.group_by("order_id").aggregate(
        lines_spend=sold.spend.sum().cast(MONEY), lines_cost=sold.cost.sum().cast(MONEY)
    )
    rest = heads.left_join(told, "order_id").drop("order_id_right")
    spend = (rest.amount - rest.lines_spend.fill_null(ibis.literal(0, MONEY))).cast(MONEY)
    cost = (rest.cost - rest.lines_cost.fill_null(ibis.literal(0, MONEY))).cast(MONEY)
    # an order whose lines have costs and which has none itself has those of its lines
    cost = rest.lines_cost.isnull().ifelse(rest.cost, cost.fill_null(ibis.literal(0, MONEY)))
    rest = rest.mutate(spend=spend, rest_cost=cost)
    beyond = rest.lines_spend.isnull() | (rest.spend != 0) | (rest.rest_cost.fill_null(0) != 0)
    rest = rest.filter(beyond).select(
        "order_id",
        quantity=ibis.null("float64"),
        spend=rest.spend,
        cost=rest.rest_cost,
        **{level: ibis.null("string") for level in of_product},
    )
    both = sold.select(rest.columns).union(rest)
    return both.inner_join(heads.drop("amount", "cost"), "order_id")


def _attributes(customers: "ir.Table | None") -> dict[str, str]:
    if customers is None:
        return {}
    kinds = customers.schema()
    names = [one for one in kinds if one not in NO_ATTRIBUTES and (kinds[one].is_string() or kinds[one].is_boolean())]
    if not names:
        return {}
    counts = customers.aggregate(**{one: customers[one].nunique() for one in names}).to_pyarrow().to_pylist()[0]
    return {RENAMED.get(one, one): one for one in names if 1 < counts[one] <= MOST_MEMBERS}


def _scored(scored: "ir.Table | None") -> dict[str, str]:
    return {} if scored is None else {one: one for one in SCORED if one in scored.columns}
