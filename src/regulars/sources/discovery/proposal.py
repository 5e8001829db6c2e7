"""The mapping that a firm's files suggest, as commented YAML, with what it rests on and what only the firm knows."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from regulars.catalog.tables import TABLES
from regulars.sources.discovery import signs
from regulars.sources.discovery.columns import NAMES, Found, Profile, find_in_system, find_nearest, find_table, nearest
from regulars.sources.discovery.files import Inspected, same_name
from regulars.sources.mapping import OPEN, OPEN_TABLES

ORDER_TABLES = ("order_lines", "orders")
SHOWN = 12  # names or codes in a comment
COMMENT_AT = 46  # column that comments begin in
# what a table of answers or attributes by customer is good for, where orders are beside it
USES = {
    "customers": "attributes by which segments are described and a tree of answers or credit may ask",
    "surveys": "the satisfaction page, from the index and its drivers to what satisfaction brings",
    "tickets": "complaints and their answers on the satisfaction page",
    "contacts": "channels and the contact centre on the interaction page",
    "contracts": "who ends contracts, and when, on the retention page",
}
NOT_IN_YAML = r"\x7f-\x9f\u2028\u2029\ufffe\uffff"  # JSON leaves them as they are; YAML refuses them or breaks the line


@dataclass(frozen=True)
class Proposal:
    """A mapping, and what it rests on.

    Parameters
    ----------
    text : str
        Content of ``data/sources/<dataset>.yaml``.
    concluded : list of str
        What the files show.
    unsure : list of str
        What somebody who knows the data may want to look at.
    questions : list of str
        What has to be answered before anything can be built; each stands as ``"?"`` in the text. Without an order log
        the first asks for one.
    has_orders : bool
        Whether an order log is among the files.
    """

    text: str = field(repr=False)
    concluded: list[str]
    unsure: list[str]
    questions: list[str]
    has_orders: bool


class _Notes:
    def __init__(self):
        self.concluded, self.unsure, self.questions = [], [], []


def propose(dataset: str, files: Sequence[Inspected], currency: str = "") -> Proposal:
    """Mapping of a dataset from its files.

    Parameters
    ----------
    dataset : str
    files : sequence of Inspected
    currency : str
        Code of its money, where it is known.

    Returns
    -------
    Proposal
        Its text is a mapping without any open question only where `Proposal.questions` is empty.
    """
    notes = _Notes()
    groups = _group(files)
    found, left = _one_of_each([pair for group in groups for pair in _tables_of(group)])
    if not any(name in found for name in ORDER_TABLES):
        for group in list(left):
            if (near := find_nearest(_whole(group))) and not any(name in found for name in ORDER_TABLES):
                found["orders"] = (near, group)
                left.remove(group)
    found, left = _with_refunds(found, left, notes)
    for group in left:
        notes.unsure.append(_unused(group[0]))
    found = _ids_alike(found, notes)
    orders = [name for name in ORDER_TABLES if name in found]
    blocks = [_block(name, *found[name], files, notes) for name in sorted(found, key=_turn)]
    if "surveys" in found and "survey_items" not in found and found["surveys"][0].rules.get("wide"):
        blocks.append(_items_block(found["surveys"][0], notes))
    if not orders:
        notes.questions.insert(0, _no_orders(files, found))
    else:
        _compare_customers(found, orders[0], notes)
        notes.unsure.append(
            "observation_end is the day of the last order; name the day of the export if that was later"
        )
    log = found[orders[-1]][0] if orders else None
    money, clock = _currency(currency, log, notes), _clock(log, notes)
    head = [
        "# yaml-language-server: $schema=../../src/regulars/sources/source.schema.json",
        '# Suggested by `regulars new` from what the files show. A "?" is a question to be answered before the build.',
        f"title: {_scalar(dataset.replace('_', ' ').replace('-', ' ').title())}",
        money,
        clock,
        _comment("simulated: false", "true puts a banner on every page"),
        _comment("observation_end: last_order_day", "or the day of the export, YYYY-MM-DD"),
        "",
        "tables:",
    ]
    return Proposal("\n".join(head + blocks) + "\n", notes.concluded, notes.unsure, notes.questions, bool(orders))


def _turn(name: str) -> tuple[bool, str]:
    return name not in ORDER_TABLES, name


def _group(files: Sequence[Inspected]) -> list[list[Inspected]]:
    """Files with the same columns, written the same way, are parts of one table."""
    groups: dict[str, list[Inspected]] = {}
    # plain ASCII reads in every encoding, so such a file joins whichever group has its columns
    for file in sorted(files, key=lambda file: file.is_ascii):
        layout = {name: value for name, value in file.form.items() if name != "encoding"}
        # a database table is a table of its own, whatever its columns
        same = json.dumps([file.header, layout, file.source.get("table")])
        encoding = f"{same} in {file.form.get('encoding')}"
        other = next((key for key in groups if key.startswith(same)), encoding) if file.is_ascii else encoding
        groups.setdefault(other, []).append(file)
    return [sorted(group, key=files.index) for group in groups.values()]


def _whole(group: list[Inspected]) -> Inspected:
    """The files of a group as one: what is proved is proved by all of their values."""
    encoded = next((file for file in group if "encoding" in file.form), group[0])
    data = pa.concat_tables([file.data for file in group])
    return replace(group[0], data=data, form=encoded.form, concluded=encoded.concluded, unsure=encoded.unsure)


def _tables_of(group: list[Inspected]) -> list[tuple[Found | None, list[Inspected]]]:
    """Tables that a file is, by the export that it is known to be, else by its columns."""
    whole = _whole(group)
    known = find_in_system(whole)
    return [(table, group) for table in known or [find_table(whole)]]


def _one_of_each(pairs):
    """Best file for each table, and the groups that none is needed of."""
    found: dict[str, tuple[Found, list[Inspected]]] = {}
    left = [group for table, group in pairs if table is None]
    best = sorted((pair for pair in pairs if pair[0]), key=lambda pair: (not pair[0].system, len(pair[0].missing)))
    for table, group in best:
        if table.table in found:
            left.append(group)
        else:
            found[table.table] = (table, group)
    return found, left


def _with_refunds(found: dict, left: list[list[Inspected]], notes: _Notes):
    """A file of refunds of columns of its own goes with the log whose orders it names."""
    main = next((name for name in ORDER_TABLES if name in found and "order_id" in found[name][0].columns), None)
    if main is None:
        return found, left
    others = list(left)
    if main == "order_lines" and "orders" in found and found["orders"][0].missing:  # of which nobody says who bought
        others.append(found["orders"][1])
    for group in others:
        log, files = found[main]
        columns = signs.refunds_in(_whole(group), log) if "path" in group[0].source else None
        if not columns:
            continue
        rule = {"path": [file.source["path"] for file in group], "columns": columns}
        rule |= {"format": group[0].form or {"delimiter": ","}} if group[0].form != log.file.form else {}
        found = found | {main: (replace(log, rules=log.rules | {"refunds": rule}), files)}
        if group in left:
            left = [other for other in left if other is not group]
        else:
            del found["orders"]
        labels, rows = _some([file.label for file in group]), sum(file.data.num_rows for file in group)
        notes.concluded.append(f"{labels} is refunds that name orders: {rows:,} rows, by '{columns['of']}'")
        break
    return found, left


def _unused(file: Inspected) -> str:
    why = "it is no table that is read, or one that another file is already"
    return f"{file.label} is not used: {why}; its columns are {_some(file.header)}"


def _no_orders(files: Sequence[Inspected], found: dict) -> str:
    best = max(files, key=lambda file: len(nearest(file)))
    pairs = ", ".join(f"{target} may be '{name}'" for target, name in nearest(best).items())
    hint = f"; in {best.label} {pairs}: if the rest has other names, write the mapping yourself" if pairs else ""
    return (
        f"which file holds the orders? None of {_some([file.label for file in files])} has a customer, a date and an "
        f"amount of each order; name one that has{hint}.{_beside_orders(found)}"
    )


def _beside_orders(found: dict) -> str:
    """What can be done with files that have no orders once a log of the same customers is beside them."""
    told = []
    for name, (table, group) in found.items():
        if "customer_id" not in table.columns:
            continue
        labels, column = _some([file.label for file in group]), table.columns["customer_id"]["column"]
        rows = sum(file.data.num_rows for file in group)
        more = f" with {_some(table.other)}" if name == "customers" and table.other else ""
        told.append(
            f"{labels} ({rows:,} rows by '{column}'{more}) is {name}: {USES.get(name, 'told beside the orders')}"
        )
    if not told:
        return ""
    return f" What is there can be used beside orders of the same customers: {'; '.join(told)}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(str(name)[:60] for name in names[:SHOWN]) + more


def _ids_alike(found: dict, notes: _Notes) -> dict:
    """Ids that one table writes as 17850 and another as 17850.0 are brought to one form in all of them."""
    main = next((name for name in ORDER_TABLES if name in found), None)
    if main is None:
        return found
    ids = {name: {one for one in table.values("customer_id") or () if one} for name, (table, _) in found.items()}
    dressed = [
        name for name, own in ids.items()
        if name != main and own and ids[main] and not own & ids[main] and _bare(own) & _bare(ids[main])
    ]  # fmt: skip
    for name in {*dressed, *([main] if dressed else [])}:
        table, group = found[name]
        spec = table.columns["customer_id"] | {"number_id": True}
        found = found | {name: (replace(table, columns=table.columns | {"customer_id": spec}), group)}
    if dressed:
        notes.concluded.append(
            f"ids of customers are numbers that {' and '.join(sorted(dressed))} writes in another form"
        )
    return found


def _bare(ids: set[str]) -> set[str]:
    found = (re.fullmatch(r"0*([0-9]+)(\.0*)?", one) for one in ids)
    return {match[1] for match in found if match}


def _compare_customers(found: dict, main: str, notes: _Notes) -> None:
    """Ids of the other tables are held against those of the order log."""
    buyers = set(found[main][0].values("customer_id") or ())
    for name, (table, _) in found.items():
        ids = set(table.values("customer_id") or ()) - {""}
        alike = ids & buyers or (table.columns.get("customer_id", {}).get("number_id") and _bare(ids) & _bare(buyers))
        if name != main and ids and buyers and not alike:
            column = table.columns["customer_id"]["column"]
            notes.unsure.append(
                f"{name}: none of the ids in '{column}' is a customer of the order log; is it another id?"
            )


# ---- one table -------------------------------------------------------------------------------------------------


def _block(name: str, found: Found, group: list[Inspected], files: Sequence[Inspected], notes: _Notes) -> str:
    first, rows = found.file, found.file.data.num_rows
    labels = _some([file.label for file in group])
    about = "; ".join([*([found.system] if found.system else []), f"{rows:,} rows", *first.concluded])
    notes.concluded.append(f"{labels} is {name}: {about}")
    notes.unsure += [f"{first.label}: {text}" for text in first.unsure]
    told = [f"{found.system or name}: {text}" for text in found.notes]
    notes.unsure += [text for text in told if text not in notes.unsure]
    if name == "surveys" and "customer_id" not in found.columns:
        notes.unsure.append(
            f"surveys: no column says who answered, so answers are anonymous{_join(found, files, 'customer_id')}"
        )
    if name == "surveys" and (repeated := signs.repeats(found, "response_id")):
        column = found.columns["response_id"]["column"]
        notes.unsure.append(f"surveys: {repeated:,} rows repeat a value of '{column}': of each the first row counts")
    lines = [_comment(f"  {name}:", about), *_source(group)]
    if form := dict(first.form) | _marks(found, notes):
        lines.append(f"    format: {_flow(form)}")
    lines += _rule_lines(found, notes)
    lines.append("    columns:")
    lines += [_column_line(found, target, spec) for target, spec in found.columns.items()]
    for target in found.missing:
        lines.append(_missing_line(found, target, files, notes))
    for target, dates in found.dates.items():
        if dates.choices or not dates.found:
            notes.questions.append(_which_date(found, target))
    if name == "contracts" and (shown := signs.inclusive_end(found)):
        lines.append(_comment("    inclusive_end: true", shown))
        notes.concluded.append(f"contracts: ended_at is the last day under contract ({shown})")
    lines += _rules(found, group, notes) if name in ORDER_TABLES else []
    if name in ORDER_TABLES and "amount" in found.missing and "unit_price" not in found.columns:
        notes.unsure.append(
            "orders without any money can be counted and foretold: write amount: {constant: 0}; what is told of money "
            "then says what to supply"
        )
    if found.other and name not in OPEN_TABLES:
        lines.append(f"    # not used: {_one_line(_some(found.other))}")
    if name in OPEN_TABLES and found.other:
        lines.append(f"    # kept as attributes where you add them to columns: {_one_line(_some(found.other))}")
    pairs = ", ".join(f"{target} = {_where(spec)}" for target, spec in found.columns.items())
    notes.concluded.append(f"{name}: {pairs}")
    return "\n".join(lines)


def _source(group: list[Inspected]) -> list[str]:
    source = group[0].source
    if "path" not in source:
        return [f"    {key}: {_scalar(value)}" for key, value in source.items()]
    if len(group) == 1:
        return [f"    path: {_scalar(source['path'])}"]
    return ["    path:", *(f"      - {_scalar(file.source['path'])}" for file in group)]


def _where(spec: dict) -> str:
    return spec.get("column") or ("the row's number" if "row_number" in spec else f"{spec['constant']!r}")


def _column_line(found: Found, target: str, spec: dict) -> str:
    dates, line = found.dates.get(target), dict(spec)
    comment = ""
    if dates and dates.choices:
        line["date_format"] = OPEN
        comment = f"{dates.example!r} reads as {' and as '.join(form for form, _, _ in dates.choices)}: which is it?"
    elif dates and not dates.found:
        line["date_format"] = OPEN
        comment = "no format was found that reads all of its values"
    elif dates and dates.formats != ("iso",):
        line["date_format"] = dates.formats[0] if len(dates.formats) == 1 else list(dates.formats)
        comment = f"shown by {dates.example!r}"
    if dates and "epoch" not in dates.formats and ":" in dates.example and re.search(signs.TOLD_IN_UTC, spec["column"]):
        line["utc"] = True
    if spec.get("number_id"):
        comment = "17850.0 and 017850 are 17850"
    elif "after" in spec:
        comment = f"{spec['unit']} after {spec['after']}"
    plain = set(line) == {"column"}
    return _comment(f"      {target}: {_scalar(line['column']) if plain else _flow(line)}", comment)


def _rule_lines(found: Found, notes: _Notes) -> list[str]:
    """What a known export says beside its columns."""
    lines = []
    for key, rule in found.rules.items():
        if key == "wide":
            lines += ["    wide:", *(f"      {_scalar(item['column'])}: {_scalar(item['item'])}" for item in rule)]
            continue
        lines.append(f"    {key}: {_flow(rule) if isinstance(rule, dict) else _scalar(rule)}")
    notes.questions += [f"tables.{found.table}.{key}: {question}" for key, question in found.asked.items()]
    return lines


def _items_block(found: Found, notes: _Notes) -> str:
    """Items of a questionnaire that stood side by side, as rows of the mapping itself."""
    items = found.rules["wide"]
    constructs = {item["construct"] for item in items}
    if "satisfaction" not in constructs:
        notes.unsure.append(
            "survey_items: no item is known to ask for satisfaction: give those that do the construct satisfaction"
        )
    told = ", ".join(f"{item['item']} {item['scale_min']}–{item['scale_max']}" for item in items)
    notes.unsure.append(
        f"survey_items: scales and constructs were guessed from wordings and answers ({told}): are they?"
    )
    rows = [{key: value for key, value in item.items() if key != "column"} for item in items]
    lines = [_comment("  survey_items:", "from the questions of the file"), "    rows:"]
    return "\n".join([*lines, *(f"      - {_flow(row)}" for row in rows)])


def _which_date(found: Found, target: str) -> str:
    dates, column = found.dates[target], found.columns[target]["column"]
    if not dates.found:
        example = next((value for value in found.values(target) or () if value), "")
        return (
            f"tables.{found.table}.columns.{target}.date_format: how is a day written in '{column}', such as "
            f"{example[:40]!r}? No one format reads all of its values; name it, or a list of several."
        )
    readings = "; ".join(f"{form} gives {first} to {last}" for form, first, last in dates.choices)
    return (
        f"tables.{found.table}.columns.{target}.date_format: how is the day written in '{column}'? Every value reads "
        f"in several ways, such as {dates.example!r}: {readings}."
    )


def _missing_line(found: Found, target: str, files: Sequence[Inspected], notes: _Notes) -> str:
    column = TABLES[found.table].column(target)
    profile = Profile(found.file)
    if column.kind == "text":
        fitting = [name for name in found.other if re.search(r"_?(id|no|nr|code|number|key)$|_", same_name(name))]
    else:
        fitting = [name for name in found.other if profile.fits(name, column)]
    shown = f"perhaps {_some(fitting)}" if fitting else "no column of the file fits"
    notes.questions.append(
        f"tables.{found.table}.columns.{target}: which column of {found.file.label} is it? "
        f"{shown[0].upper()}{shown[1:]}{_join(found, files, target)}."
    )
    return _comment(f'      {target}: "{OPEN}"', shown)


def _join(found: Found, files: Sequence[Inspected], target: str) -> str:
    """Which other file may say what this one does not, by which column they share."""
    for other in files:
        shared = [name for name in other.header if name in found.file.header and same_name(name).endswith("id")]
        names = [
            name for name in other.header
            if name not in found.file.header
            and any(re.fullmatch(pattern, same_name(name)) for pattern in NAMES[target])
        ]  # fmt: skip
        if shared and names and other.label != found.file.label:
            return (
                f"; {other.label} has '{names[0]}' by the same '{shared[0]}': join them by `url: duckdb://` and a query"
            )
    return ""


def _marks(found: Found, notes: _Notes) -> dict:
    """Decimal and thousands marks of the table's numbers."""
    told = {target: n for target, n in found.numbers.items() if n.decimal and not n.is_open and n.example}
    marks = {(n.decimal, n.thousands) for n in told.values() if n.decimal == "," or n.thousands}
    doubtful = {target: n for target, n in found.numbers.items() if n.is_open}
    if any(n.decimal == "," for n in told.values()):
        thousands = next((mark for decimal, mark in marks if decimal == "," and mark), None)
        return {"decimal": ","} | ({"thousands": thousands} if thousands else {})
    if thousands := next((mark for _, mark in marks if mark), None):
        return {"thousands": thousands}
    for target, n in doubtful.items():
        notes.questions.append(
            f"tables.{found.table}.format.decimal: is {n.example!r} in '{found.columns[target]['column']}' a thousand "
            "or a little more than one? Name the decimal mark, and the thousands mark if it is one."
        )
        return {"decimal": OPEN}
    return {}


def _rules(found: Found, group: list[Inspected], notes: _Notes) -> list[str]:
    """Cancellations, lines that are no goods, copies: what an order log needs beside its columns."""
    lines = []
    name, label = found.table, found.file.label
    own = "column" in found.columns.get("order_id", {})
    again = signs.overlap(group) if len(group) > 1 else 0
    if again:
        notes.concluded.append(
            f"{name}: {again:,} rows stand in an earlier file as well (exports of overlapping months): they count once"
        )
    copies = signs.copies(found)
    if again and not own and copies == again:
        lines.append(
            _comment("    duplicates: keep", f"{again:,} rows stand in an earlier file as well: they count once")
        )
    elif copies := copies - (0 if own else again):
        rule = "merge" if own else "keep"
        told = "equal an earlier row in every column" + ("" if own else ", and there is no order id to tell them apart")
        lines.append(_comment(f"    duplicates: {rule}", f"{copies:,} rows {told}"))
        notes.unsure.append(f"{label}: {copies:,} rows {told}: they will be {'merged' if own else 'kept'}")
    lines += _status_lines(found, notes)
    if nobody := signs.nobody(found):
        (guest, times), rows_in_all = nobody, found.file.data.num_rows
        mails = [column for column in found.other if re.search("(?i)e_?mail", same_name(column))]
        instead = f"; '{mails[0]}' may tell them apart: map customer_id to it, and take guests out" if mails else ""
        lines.append(
            _comment(
                f'    guests: "{OPEN}"', f"{guest!r} has {times:,} rows: [{_scalar(guest)}] if it is nobody, [] if not"
            )
        )
        notes.questions.append(
            f"tables.{name}.guests: does {guest!r}, with {times:,} of {rows_in_all:,} rows, stand for buyers without "
            f"an account? Write [{_scalar(guest)}] to leave them out, or []{instead}."
        )
    if not {"of", "path"} & set(found.rules.get("refunds", {})) and (column := signs.refunds_of(found)):
        lines.append(_comment(f"    refunds: {_flow({'of': column})}", "names the order that a refund undoes"))
        notes.concluded.append(f"{name}: rows below zero name in '{column}' the order that they undo")
    if prefix := signs.cancellation_prefix(found):
        lines += [
            "    cancellations:",
            _comment(f"      order_id_prefix: {_scalar(prefix[0])}", f"{prefix[1]:,} rows, nearly all negative"),
        ]
        notes.concluded.append(f"{name}: order ids that begin with {prefix[0]} are cancellations ({prefix[1]:,} rows)")
    if odd := signs.odd_products(found):
        rows = sum(times for _, times in odd)
        codes = [code for code, _ in odd]
        lines.append(
            f"    # non_products:  # {rows:,} rows have a product code without a digit: goods, or postage and fees?"
        )
        lines.append(f"    #   codes: [{', '.join(_scalar(code) for code in codes[:40])}]")
        notes.unsure.append(
            f"{label}: {rows:,} rows have product codes like {_some(codes[:4])}: fees or goods? They count as goods"
        )
    notes.unsure += [f"{label}: {text}" for text in _doubts(found)]
    if (
        name == "orders"
        and "repeated_key" not in found.rules
        and "column" in found.columns.get("order_id", {})
        and (repeated := signs.repeats(found, "order_id"))
    ):
        column = found.columns["order_id"]["column"]
        lines.append(_comment(f'    repeated_key: "{OPEN}"', f"{repeated:,} rows repeat an order id: first or last"))
        notes.questions.append(
            f"tables.orders.repeated_key: {repeated:,} rows of {label} repeat a value of '{column}'; are they lines of "
            "an order (then map order_lines), or does the first or the last one hold?"
        )
    return lines


def _status_lines(found: Found, notes: _Notes) -> list[str]:
    """A status that says which rows are sales is asked about, with its values and their rows."""
    if "void" in found.rules or "only" in found.rules or not (status := signs.status(found)):
        return []
    column, counts, doubtful = status
    told = ", ".join(f"{value or 'nothing'} {rows:,}" for value, rows in counts[:SHOWN])
    notes.questions.append(
        f"tables.{found.table}.void: which values of '{column}' are no sales ({told})? Perhaps "
        f"[{', '.join(doubtful)}]; [] where all count."
    )
    return [_comment(f'    void: {{{_scalar(column)}: "{OPEN}"}}', f"perhaps [{', '.join(doubtful)}]; it has {told}")]


def _doubts(found: Found) -> list[str]:
    doubts, rows = [], found.file.data.num_rows
    customers = found.values("customer_id")
    if customers is not None:
        missing = sum(not customer for customer in customers)
        if missing:
            doubts.append(f"{missing:,} rows ({missing / rows:.1%}) have no customer: they will be set apart")
        filled = rows - missing
        if found.table == "orders" and filled >= 50 and len(set(customers) - {""}) == filled:
            column = found.columns["customer_id"]["column"]
            doubts.append(
                f"every row has a '{column}' of its own: is there an id that stays when a customer comes again?"
            )
    price = found.numbers.get("unit_price")
    if price and price.is_negative:
        doubts.append(
            f"some values of '{found.columns['unit_price']['column']}' are negative: those rows will be set apart"
        )
    return doubts


def _currency(given: str, orders: Found | None, notes: _Notes) -> str:
    code, shown = (given, "as named") if given else signs.currency(orders) if orders else ("", "")
    if not code and orders is None:
        return f'currency: "{OPEN}"'  # without an order log there are no amounts that it could be asked of
    if code:
        notes.concluded.append(f"the currency is {code} ({shown})")
        return _comment(f"currency: {code}", shown)
    what = f"{_one_line(shown)} may be several" if shown else "neither sign nor code stands with the amounts"
    notes.questions.append(f"currency: which is it? {what[0].upper()}{what[1:]}; write its code, such as EUR.")
    return _comment(f'currency: "{OPEN}"', f"{what}; a code such as EUR")


def _clock(orders: Found | None, notes: _Notes) -> str:
    """In which zone an order's day begins: what its moments show, or a question where they are told in another."""
    zone, shown = signs.zone(orders) if orders else ("", "")
    if zone:
        notes.concluded.append(f"the time zone is {zone}: {shown}")
        return _comment(f"time_zone: {zone}", shown)
    if shown:
        notes.questions.append(
            f"time_zone: by which clock do the shop's days begin? {shown[0].upper()}{shown[1:]}; write a zone such as "
            "America/New_York, or UTC where its days are those."
        )
        return _comment(f'time_zone: "{OPEN}"', f"{shown}; a zone such as America/New_York, or UTC")
    if orders:
        notes.unsure.append(
            "the time zone of the dates is not in the files: UTC is taken; name another where it matters"
        )
    return _comment("time_zone: UTC", "not in the files; name one like Europe/London")


# ---- YAML ------------------------------------------------------------------------------------------------------


def _comment(line: str, comment: str) -> str:
    return f"{line.ljust(COMMENT_AT)}  # {_one_line(comment)}" if comment else line


def _one_line(text: str) -> str:
    return re.sub(rf"[\x00-\x1f{NOT_IN_YAML}]+", " ", text)


def _scalar(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z_/][\w ./-]*", text, re.A) and text == text.strip()
    return text if plain and text not in ("true", "false", "null") else _quoted(text)


def _quoted(text: str) -> str:
    return re.sub(f"[{NOT_IN_YAML}]", lambda odd: f"\\u{ord(odd[0]):04x}", json.dumps(text, ensure_ascii=False))


def _flow(items: dict) -> str:
    def one(value) -> str:
        if isinstance(value, dict):
            return _flow(value)
        return f"[{', '.join(_scalar(part) for part in value)}]" if isinstance(value, list) else _scalar(value)

    return "{" + ", ".join(f"{_scalar(key)}: {one(value)}" for key, value in items.items()) + "}"
