"""What becomes of each row of a dirty log, worked row by row in plain Python: the library has to agree with it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

D = Decimal
LAST_DAY = datetime(2024, 12, 31, 23, 59, 59)
NUMBERS = {"(2.00)": "-2"}  # as text reads
NO_NUMBER, NO_DATE = ("many", "NaN"), ("soon",)
RATES = {"": [(datetime.min, D(1))], "EUR": [(datetime.min, D(1))], "usd": [(datetime.min, D("0.5"))],
         "GBP": [(datetime(2024, 2, 1), D("1.5")), (datetime(2024, 1, 1), D("1.25"))]}  # fmt: skip
RULES = {
    "cancellations": {"order_id_prefix": "C"},
    "test_orders": {"customer_ids": ["test"], "order_id_pattern": "T.*"},
    "void": {"state": ["void", "lost"]},
}
LINE_RULES = RULES | {"non_products": {"codes": ["post"]}}
WRITTEN_RATES = {"USD": "0.5", "GBP": {"2024-01-01": "1.25", "2024-02-01": "1.5"}}


@dataclass
class Row:
    """A row as it was read: nothing where its text is empty or says nothing."""

    number: int
    order: str | None
    customer: str | None
    moment: datetime | None
    product: str | None
    quantity: Decimal | None
    price: Decimal | None
    is_void: bool
    is_unreadable: bool
    text: tuple
    fate: str = ""
    reason: str | None = None
    left: Decimal | None = None  # of the quantity
    names: str | None = None  # the order that a refund undoes
    total: Decimal | None = None  # where the row says its money otherwise than as quantity × price
    money_left: Decimal | None = None  # where credits took money and no pieces
    went_back: bool = False  # whether its own column says that money came back

    @property
    def money(self) -> Decimal:
        if self.total is not None:
            return self.total
        return D(0) if self.quantity is None or self.price is None else self.quantity * self.price

    @property
    def kept(self) -> Decimal:
        return self.remains if self.fate == "kept" else D(0)

    @property
    def remains(self) -> Decimal:
        """Money once returns have taken from it."""
        if self.money_left is not None:
            return self.money_left
        return self.money if self.left is None else self.left * self.price

    def set(self, fate: str, reason: str | None = None) -> None:
        self.fate, self.reason = fate, reason


def number(text: str) -> Decimal | None:
    return None if text in ("", *NO_NUMBER) else D(NUMBERS.get(text, text))


def moment(text: str) -> datetime | None:
    return None if text in ("", *NO_DATE) else datetime.fromisoformat(text)


def exchanged(price: Decimal | None, code: str, day: datetime | None) -> Decimal | None:
    rate = next((rate for since, rate in RATES[code] if since == datetime.min or (day and day >= since)), None)
    return None if price is None or rate is None else (price * rate).quantize(D("0.0001"), ROUND_HALF_UP)


def read_line(number_of_row: int, text: tuple) -> Row:
    """A line: order, customer, day, product, quantity, price, state, money."""
    order, customer, day, product, quantity, price, state, code = text
    size, when = number(quantity), moment(day)
    if size is not None and order.startswith("C"):
        size = -abs(size)
    unreadable = quantity in NO_NUMBER or price in NO_NUMBER or day in NO_DATE
    cost = exchanged(number(price), code, when)
    void = state in RULES["void"]["state"]
    return Row(
        number_of_row, order or None, customer or None, when, product or None, size, cost, void, unreadable, text
    )


def read_order(number_of_row: int, text: tuple) -> Row:
    """An order: order, customer, day, total, state, money; one piece at its total."""
    order, customer, day, total, state, code = text
    amount, when = exchanged(number(total), code, moment(day)), moment(day)
    credit = order.startswith("C") or (amount is not None and amount < 0)
    size, price = (None, None) if amount is None else (D(-1 if credit else 1), abs(amount))
    unreadable = total in NO_NUMBER or day in NO_DATE
    void = state in RULES["void"]["state"]
    return Row(number_of_row, order or None, customer or None, when, "", size, price, void, unreadable, text)


def judge(rows: list[Row], with_lines: set | None = None) -> None:
    """Copies, then what cannot be used, in the order in which the reasons are tried."""
    seen = set()
    for row in rows:
        tried = {
            "unreadable": row.is_unreadable,
            "missing_customer": row.customer is None,
            "test_order": row.customer == "test" or (row.order or "").startswith("T"),
            "order_without_lines": with_lines is not None and row.order is not None and row.order not in with_lines,
            "void_order": row.is_void,
            "missing_value": None in (row.order, row.moment, row.product, row.quantity, row.price),
            "date_out_of_range": row.moment is not None and row.moment.year < 1900,
            "after_observation": row.moment is not None and row.moment > LAST_DAY,
            "non_product": (row.product or "").upper() == "POST",
            "zero_quantity": row.quantity == 0,
            "negative_price": row.price is not None and row.price < 0,
        }
        if row.text in seen:
            row.set("merged", "exact_duplicate")
        elif reason := next((reason for reason, holds in tried.items() if holds), None):
            row.set("rejected", reason)
        seen.add(row.text)


def void_by_order(rows: list[Row], state: int) -> None:
    """A row without a status has that of the first row of its order that has one; a refund that of its order."""
    first: dict = {}
    for row in rows:
        if row.order and row.text[state]:
            first.setdefault(row.order, row.is_void)
    for row in rows:
        own = row.is_void if row.text[state] else first.get(row.order, False)
        row.is_void = own or first.get(row.names, False)


def waiting(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.fate]


def one_customer(rows: list[Row]) -> None:
    """An order belongs to the customer of its first line that is of use."""
    owners: dict = {}
    for row in waiting(rows):
        if owners.setdefault(row.order, row.customer) != row.customer:
            row.set("rejected", "order_of_two_customers")


def stack(events: list[tuple], by_unit: bool = True) -> dict[int, tuple[Decimal, bool]]:
    """What is left of each sale and return, and whether it was undone whole, by its place counted from 1.

    Events are (customer, product, price, quantity, moment): first equal quantities, then unit by unit, always from the
    latest sale.
    """
    order = sorted(range(len(events)), key=lambda i: (events[i][4], events[i][3] < 0, i))
    left = {i: Decimal(events[i][3]) for i in order}
    pairs = set()
    for same_quantity in (True, False) if by_unit else (True,):
        open_sales = []
        for i in order:
            if left[i] > 0 and i not in pairs:
                open_sales.append(i)
            elif left[i] < 0:
                for sale in reversed(list(open_sales)):
                    if events[sale][:3] != events[i][:3] or left[sale] == 0 or left[i] == 0:
                        continue
                    if same_quantity:
                        if left[sale] != -left[i]:
                            continue
                        pairs |= {sale, i}
                    taken = min(left[sale], -left[i])
                    left[sale] -= taken
                    left[i] += taken
    return {i + 1: (left[i], i in pairs) for i in range(len(events))}


def net(rows: list[Row], by_unit: bool) -> None:
    """Returns against the sales that they undo."""
    rows = waiting(rows)
    events = [(row.customer, row.product, row.price, row.quantity, row.moment) for row in rows]
    for place, (left, is_pair) in stack(events, by_unit).items():
        row = rows[place - 1]
        row.left, is_credit = left, row.quantity < 0
        if left == 0:
            row.set("netted", "cancelled_sale" if not is_credit else "cancellation" if is_pair else "return_of_part")
        elif is_credit:
            row.set("kept", "unmatched_credit")
        else:
            row.set("kept", "reduced_by_return" if left < row.quantity else None)


def take(rows: list[Row], key, in_time: bool = True) -> set[int]:
    """Credits take money from the latest sales of their key: first whole amounts, then whatever is left."""
    order = sorted((row for row in rows if row.money_left), key=lambda row: (
        row.moment if in_time else datetime.min, row.money_left < 0, row.number))  # fmt: skip
    pairs: set[int] = set()
    for whole in (True, False):
        open_sales: list[Row] = []
        for row in order:
            if row.money_left > 0 and row.number not in pairs:
                open_sales.append(row)
            elif row.money_left < 0 and key(row) is not None:
                for sale in reversed(open_sales):
                    if key(sale) != key(row) or not sale.money_left or not row.money_left:
                        continue
                    if whole and sale.money_left != -row.money_left:
                        continue
                    pairs |= {sale.number, row.number} if whole else set()
                    taken = min(sale.money_left, -row.money_left)
                    sale.money_left -= taken
                    row.money_left += taken
    return pairs


def net_as_money(rows: list[Row]) -> None:
    """Orders: a refund undoes the order that it names, else the latest equal one, else the customer's latest sales."""
    rows = waiting(rows)
    for row in rows:
        row.money_left = row.money
    named = take(rows, lambda row: row.names if row.money < 0 else row.order, in_time=False)
    named |= take(rows, lambda row: (row.order, row.customer), in_time=False)
    still = [row for row in rows if row.money_left or not row.money]  # what is undone already is equal to nothing
    events = [(row.customer, row.product, abs(row.money_left), row.quantity, row.moment) for row in still]
    equal = set()
    for place, (_, is_pair) in stack(events, by_unit=False).items():
        if is_pair:
            still[place - 1].money_left = D(0)
            equal.add(still[place - 1].number)
    spent = take(rows, lambda row: row.customer)
    for row in rows:
        was, now, is_credit = row.money, row.money_left, row.quantity < 0
        gone = not now and (was or row.number in equal)
        row.left = D(0) if gone else row.quantity
        if gone:
            is_pair = row.number in named | equal | spent
            row.set("netted", "cancelled_sale" if not is_credit else "cancellation" if is_pair else "return_of_part")
        elif is_credit:
            row.set("kept", "unmatched_credit")
        else:
            row.set("kept", "reduced_by_return" if now < was else None)


def one_per_order(rows: list[Row], rule: str) -> None:
    """Of orders that bear the same id the first counts, or the last."""
    kept = [row for row in rows if row.fate == "kept"]
    for row in reversed(kept) if rule == "last" else kept:
        if Counter(other.order for other in kept if other.fate == "kept")[row.order] > 1:
            twins = [other for other in kept if other.order == row.order and other.fate == "kept"]
            for other in twins[:-1] if rule == "last" else twins[1:]:
                other.set("rejected", "repeated_key")


def lines(texts: list[tuple]) -> list[Row]:
    """Lines of orders, each with its fate."""
    rows = [read_line(n, text) for n, text in enumerate(texts, start=1)]
    void_by_order(rows, 6)
    judge(rows)
    one_customer(rows)
    net(rows, by_unit=True)
    return rows


def orders(texts: list[tuple], rule: str, with_lines: set | None = None) -> list[Row]:
    """Orders, each with its fate."""
    rows = [read_order(n, text) for n, text in enumerate(texts, start=1)]
    void_by_order(rows, 4)
    judge(rows, with_lines)
    net_as_money(rows)
    one_per_order(rows, rule)
    return rows


def read_receipt(number_of_row: int, text: tuple) -> Row:
    """An order: order, customer, day, total, refunded, tax, state, of; tax comes off, and so does what went back."""
    order, customer, day, total, refunded, tax, state, names = text
    when, written = moment(day), number(total)
    off = sum((abs(number(part) or D(0)) for part in (refunded, tax)), D(0))
    net_of = None if written is None else written - off
    credit = net_of is not None and (net_of < 0 or order.startswith("C"))
    amount = None if net_of is None else -abs(net_of) if credit else net_of
    unreadable = day in NO_DATE or any(part in NO_NUMBER for part in (total, refunded, tax))
    size = None if amount is None else D(-1 if credit else 1)
    row = Row(number_of_row, order or None, customer or None, when, "", size, None if amount is None else abs(amount),
              state in RULES["void"]["state"], unreadable, text, names=names or None)  # fmt: skip
    row.total = amount if amount is not None else D(0)
    row.went_back = written is not None and bool(number(refunded))
    return row


def receipts(texts: list[tuple]) -> list[Row]:
    """Orders whose refunds stand in a column, or in rows that name the order they undo."""
    rows = [read_receipt(n, text) for n, text in enumerate(texts, start=1)]
    void_by_order(rows, 6)
    judge(rows)
    for row in waiting(rows):
        if not row.money and row.went_back:
            row.set("netted", "refunded")
    net_as_money(rows)
    one_per_order(rows, "last")
    return rows


def account(rows: list[Row]) -> dict:
    """The ledger of a table, added up from its rows."""
    fates = ("kept", "merged", "netted", "rejected")
    count = {fate: sum(row.fate == fate for row in rows) for fate in fates}
    money = {fate: sum((row.money for row in rows if row.fate == fate), D(0)) for fate in fates}
    left = {fate: sum((row.remains for row in rows if row.fate == fate), D(0)) for fate in ("kept", "rejected")}
    # what returns took from rows that stay, or are rejected later, belongs to the pairs that undo each other
    taken = sum((money[fate] - left[fate] for fate in left), D(0))
    money |= left | {"netted": money["netted"] + taken}
    reasons: dict = {}
    for row in rows:
        if row.reason:
            part = row.remains if row.fate in ("kept", "rejected") else row.money
            part = row.money - row.kept if row.reason == "reduced_by_return" else part
            entry = reasons.setdefault(row.reason, {"fate": row.fate, "rows": 0, "amount": D(0)})
            entry["rows"] += 1
            entry["amount"] += part
    return {
        "rows": {"raw": len(rows)} | count,
        "amount": {"raw": sum((row.money for row in rows), D(0))} | money,
        "reasons": reasons,
    }
