"""Raw text to typed columns, and what cannot be read, by the rules of the mapping."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from regulars.catalog.tables import TABLES, Column
from regulars.cleaning.heaps import ORDER_TABLES, WIDE_TYPE, Raw
from regulars.cleaning.money import LESS, PLUS, with_money
from regulars.errors import UserError
from regulars.sources import parsing
from regulars.sources.mapping import LINE_TOTAL, REFUNDED, Mapping, listed
from regulars.sources.raw import ROW, RawTable
from regulars.sources.refunds import REFUND_OF

RATE_TYPE = "decimal(38, 8)"
WIDE = 1000  # columns
MONEY_COLUMNS = ("amount", "cost", "unit_price", "unit_cost", REFUNDED, LINE_TOTAL)
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
YEN = {"￥": "¥"}  # the same sign, as wide as a letter
UNIT_SEPARATOR = "\x1f"
# of a column that a table needs, that may be empty and that the mapping does not name: missing in every row
COLUMN_TYPES = {"text": "string", "date": "timestamp", "timestamp": "timestamp", "money": parsing.MONEY_TYPE,
                "float": "float64", "int": "int64", "bool": "boolean"}  # fmt: skip


@ibis.udf.scalar.builtin(signature=((None,), "string"))
def to_json(row):
    """JSON of a row, by the function of that name which engines have."""


def _column(table: str, name: str) -> Column:
    if name in (REFUNDED, LINE_TOTAL) or name.startswith((PLUS, LESS)):
        return Column(name, "money", required=False, nullable=True)
    return TABLES[table].column(name) or Column(name, "text", required=False, nullable=True)


def _can_fail(column: Column) -> bool:
    """Whether there are texts that the column cannot take."""
    return column.kind != "text" or bool(column.choices)


def _text(source: ir.Table, raw: RawTable, table: dict, spec: dict) -> ir.StringValue:
    """Text of one of our columns, mapped as the mapping says; null where it is missing."""
    if "row_number" in spec:
        return source[ROW].cast("string")
    if "constant" in spec:
        return ibis.literal(str(spec["constant"]))
    text = source[raw.engine_column(spec["column"])]
    if spec.get("case"):
        text = text.upper() if spec["case"] == "upper" else text.lower()
    missing = listed(table["format"].get("missing", []))
    text = ibis.ifelse(text.isin(["", *missing]), ibis.null("string"), text) if missing else text.nullif("")
    values = {str(key): str(value) for key, value in spec.get("values", {}).items()}
    return text.substitute(values) if values else text


def _typed(text: ir.StringValue, column: Column, table: dict, spec: dict, *, zone: str) -> ir.Value:
    """Value of the column's kind; null where the text is missing or cannot be read."""
    form = table["format"]
    match "float" if "after" in spec else column.kind:
        case "date" | "timestamp":
            moment = parsing.read_timestamp(text, spec.get("date_format", table["date_format"]), zone)
            if spec.get("utc"):  # a clock that does not say so; a day alone is a day anywhere
                unsaid = text.contains(":") & ~text.re_search(parsing.ZONE)
                moment = ibis.ifelse(unsaid, parsing.in_zone(moment, zone), moment)
            # two moments of one day are one date, also where dates tell rows apart
            return moment.truncate("D") if column.kind == "date" else moment
        case "money" | "float":
            return parsing.read_number(text, form.get("decimal", "."), form.get("thousands"))
        case "int":
            number = parsing.read_number(text, form.get("decimal", "."), form.get("thousands"))
            return ibis.ifelse(number == number.floor(), number, ibis.null(parsing.MONEY_TYPE)).cast("int64")
        case "bool":
            return parsing.read_bool(text)
    if column.choices:
        return ibis.ifelse(text.isin(column.choices), text, ibis.null("string"))
    return parsing.number_id(text) if spec.get("number_id") else text


def read_typed(engine, mapping: Mapping, source: RawTable) -> Raw:
    """Bring a raw table into the engine and read its columns, all in one pass."""
    table = mapping.tables[source.name]
    here = not isinstance(source.data, ir.Table)
    name = ibis.util.gen_name(f"raw_{source.name}")  # the engine may hold the table of an earlier run
    text = engine.create_table(name, source.data, temp=True) if here else source.data
    specs = table["columns"] | _further_money(table)
    values, unreadable, malformed = {}, [], ibis.literal(False)
    for target, spec in specs.items():
        given = _text(text, source, table, spec)
        column = _column(source.name, target)
        values[target] = _typed(given, column, table, spec, zone=mapping.time_zone)
        fails = given.notnull() & values[target].isnull()
        if _can_fail(column):
            unreadable.append(fails)
        elif spec.get("number_id") and target == "customer_id":
            malformed = fails
    values |= {
        target: values[spec["after"]] + (values[target] * SECONDS[spec["unit"]]).round().cast("int64").as_interval("s")
        for target, spec in specs.items() if "after" in spec
    }  # fmt: skip
    if table["inclusive_end"]:  # clean contracts end on the first day without
        values["ended_at"] = values["ended_at"] + ibis.interval(days=1)
    values |= {
        column.name: ibis.null(COLUMN_TYPES[column.kind]) for column in TABLES[source.name].columns
        if column.required and column.nullable and column.name not in values
    }  # fmt: skip
    if "currency" in values:
        before, values = values, _converted(mapping, values)
        unreadable += [
            before[name].notnull() & values["_rate"].notnull() & values[name].isnull()  # more than money can be
            for name in before
            if _is_money(name) and "_rate" in values
        ]
    if of := REFUND_OF if REFUND_OF in source.header else table["refunds"].get("of"):
        spec = table["columns"]["order_id"]  # an order is named as it is numbered
        spec = {**(spec if "column" in spec else {}), "column": of}
        values["_of"] = _typed(_text(text, source, table, spec), _column(source.name, "order_id"), table, spec, zone="")
    read = text.select(
        ROW, **values, **_status(text, source, table), _unreadable=ibis.or_(*unreadable), _malformed=malformed
    )
    firsts = text.group_by([f"c{i}" for i in range(len(source.header))]).aggregate(_first=text[ROW].min())
    read = read.left_join(firsts.select("_first"), read[ROW] == firsts._first)
    read = read.mutate(_twin=read._first.isnull()).drop("_first")
    if source.name in ORDER_TABLES and table["duplicates"] == "keep" and len(source.files) > 1:
        read = _told_before(read, text, source)
    if source.name in ORDER_TABLES:
        read = with_money(_void_by_order(read, table), source.name, table)
    if source.name == "surveys" and "kind" not in values:
        read = read.mutate(kind=ibis.literal("perceived"))
    return Raw(replace(source, data=text), text, read.cache())  # what came is in the engine now, and let go here


def _told_before(read: ir.Table, text: ir.Table, source: RawTable) -> ir.Table:
    """Rows with ``_again``: whether an earlier file has the row as well, as exports of overlapping months do.

    Equal rows of one file are sales of their own: of each as many are real as the file has that has the most of them.
    """
    file = ibis.literal(0)
    rows_before = 0
    for _, rows in source.files[:-1]:
        rows_before += rows
        file = file + (text[ROW] > rows_before).cast("int64")
    content = [f"c{i}" for i in range(len(source.header))]
    dated = text.select(ROW, *content, _file=file)
    turn = ibis.row_number().over(ibis.window(group_by=[*content, "_file"], order_by=ROW)) + 1
    # rows of one content in one file stand beside each other, so the most of the files before is known at the first
    counted = dated.mutate(_turn=turn)
    most = counted.group_by([*content, "_file"]).aggregate(_times=counted.count())
    before = ibis.window(group_by=content, order_by="_file", preceding=(None, 1))
    most = most.mutate(_before=ibis.coalesce(most._times.max().over(before), 0))
    both = counted.inner_join(most, [*content, "_file"])
    again = both.filter(both._turn <= both._before).select(_at=both[ROW])
    joined = read.left_join(again, read[ROW] == again._at)
    again = joined._at.notnull()
    return joined.mutate(_again=again, _twin=joined._twin & ~again).drop("_at")


def _further_money(table: dict) -> dict[str, dict]:
    """What the mapping adds to an amount and takes off it, as columns to be read."""
    return {
        f"{begin}{number}": {"column": column}
        for sign, begin in (("plus", PLUS), ("less", LESS))
        for number, column in enumerate(table["money"].get(sign, []))
    }


def _is_money(name: str) -> bool:
    return name in MONEY_COLUMNS or name.startswith((PLUS, LESS))


def _status(text: ir.Table, source: RawTable, table: dict) -> dict[str, ir.BooleanValue]:
    """Whether what a row says of itself makes it void, and whether it says nothing."""
    given = {column: text[source.engine_column(column)] for key in ("void", "only") for column in table[key]}
    if not given:
        return {"_void": ibis.literal(False)}
    void = [given[column].isin(listed(these)) for column, these in table["void"].items()]
    void += [(given[column] != "") & given[column].notin(listed(these)) for column, these in table["only"].items()]
    silent = ibis.and_(*(status == "" for status in given.values()))
    # a status that is empty in every row of an order is none of those that count
    return {"_void": ibis.or_(*void), "_silent": silent, "_only": ibis.literal(bool(table["only"]))}


def _void_by_order(read: ir.Table, table: dict) -> ir.Table:
    """Rows that are void since their order is: by its first row where they say nothing, or as refunds of it."""
    if "_silent" not in read.columns:
        return read
    said = read.filter(~read._silent & read.order_id.notnull())
    orders = said.group_by("order_id").aggregate(_order_void=said._void.argmin(said[ROW])).cache()
    joined = read.left_join(orders, "order_id").drop("order_id_right")
    # where the order says nothing either, only what has to be named counts
    void = ibis.ifelse(joined._silent, joined._order_void.fill_null(joined._only), joined._void)
    joined = joined.mutate(_void=void).drop("_order_void", "_silent", "_only")
    if "_of" not in read.columns:
        return joined
    undone = orders.select(_undone=orders.order_id, _undone_void=orders._order_void)
    named = joined.left_join(undone, joined._of == undone._undone)
    return named.mutate(_void=named._void | named._undone_void.fill_null(False)).drop("_undone", "_undone_void")


def _converted(mapping: Mapping, values: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """Money of other currencies in the dataset's, by the rate of its day; null where there is none."""
    if not mapping.rates:
        return values
    code, day = values["currency"].upper(), values["ordered_at"].date()
    rules = [(code.isnull() | (code == mapping.currency), ibis.literal(Decimal(1)).cast(RATE_TYPE))]
    for currency, steps in mapping.rates.items():
        for since, rate in sorted(steps, key=lambda step: step[0] or date.min, reverse=True):
            holds = code == currency if since is None else (code == currency) & (day >= since)
            rules.append((holds, ibis.literal(rate).cast(RATE_TYPE)))
    rate = ibis.cases(*rules, else_=ibis.null(RATE_TYPE))

    def exchanged(money: ir.DecimalValue) -> ir.DecimalValue:
        return (money.cast(WIDE_TYPE) * rate).round(4).try_cast(parsing.MONEY_TYPE)

    money = {name: exchanged(value) for name, value in values.items() if _is_money(name)}
    # whether there was a rate is asked of the currency, so that a missing amount is not taken for a missing rate
    return values | money | {"_rate": rate}


def stop_at_unreadable(mapping: Mapping, raw: Raw) -> None:
    first = raw.rows.filter(raw.rows._unreadable).order_by(ROW).limit(1).to_pyarrow().to_pylist()
    if not first:
        return
    row = first[0]
    table = mapping.tables[raw.name]
    text = raw.text.filter(raw.text[ROW] == row[ROW])
    specs = table["columns"] | _further_money(table)
    given = {target: _text(text, raw.source, table, spec) for target, spec in specs.items()}
    texts = text.select(**given).to_pyarrow().to_pylist()[0]
    unread = [
        name for name in given
        if _can_fail(_column(raw.name, name)) and texts[name] is not None and row[name] is None
    ]  # fmt: skip
    if not unread:
        price = texts.get("unit_price") or texts.get(LINE_TOTAL)
        raise UserError(
            f"{raw.source.place(row[ROW])}: {texts['quantity']} pieces at {price} are more money than "
            f"there is; mend the row, or in {mapping.file} set on_unreadable to reject."
        )
    target = unread[0]
    column = _column(raw.name, target)
    choices = " or ".join(column.choices)
    what, mend = {
        "text": (choices, f"map it to {choices} under values"),
        "date": ("date", "name its date_format"),
        "timestamp": ("date", "name its date_format"),
        "bool": ("truth value", "map it to true or false under values"),
    }.get(column.kind, ("number", "name its decimal and thousands marks"))
    value = "a value that is not shown" if column.personal else f"{texts[target][:60]!r}"
    if row[ROW] == 1 and "skip_below" not in table["format"]:
        mend += " (where the first rows are no data, write skip_below under format)"
    raise UserError(
        f"{raw.source.place(row[ROW])}, column '{specs[target].get('column', target)}': {value} cannot be "
        f"read as {'' if choices else 'a '}{what}; mend it, or in {mapping.file} {mend} or set on_unreadable to reject."
    )


def refuse_mixed_currencies(mapping: Mapping, raw: Raw) -> None:
    if "currency" not in raw.rows.columns:
        return
    other = raw.rows.filter(raw.rows.currency.upper() != mapping.currency)
    if mapping.rates:
        other = other.filter(other._rate.isnull() & other.ordered_at.notnull())
    for row in other.order_by(ROW).limit(1).select(ROW, "currency", "ordered_at").to_pyarrow().to_pylist():
        known = f"has no rate for it on {row['ordered_at']:%Y-%m-%d}" if mapping.rates else f"says {mapping.currency}"
        raise UserError(
            f"{raw.source.place(row[ROW])}: the currency is {row['currency']!r}, but {mapping.file} {known}; name what "
            "one unit of it is worth under rates, or make a dataset of each currency."
        )


def refuse_mixed_signs(mapping: Mapping, raw: Raw) -> None:
    """Stop where one column carries the signs of two currencies and none says which amount is in which."""
    if "currency" in raw.rows.columns:
        return
    table = mapping.tables[raw.name]
    for target, spec in (table["columns"] | _further_money(table)).items():
        if _column(raw.name, target).kind != "money" or "column" not in spec:
            continue
        text = raw.text[raw.source.engine_column(spec["column"])]
        firsts = {sign: raw.text[ROW].min(where=text.contains(sign)) for sign in parsing.CURRENCY_SIGNS}
        found = raw.text.aggregate(**firsts).to_pyarrow().to_pylist()[0]
        rows = sorted((row, YEN.get(sign, sign)) for sign, row in found.items() if row is not None)
        other = next((place for place in rows if place[1] != rows[0][1]), None)
        if other:
            raise UserError(
                f"{raw.source.place(other[0])}, column '{spec['column']}': the amount is in {other[1]}, and that of "
                f"row {rows[0][0]} in {rows[0][1]}; map the column that names the currency, or make a dataset of each."
            )
