"""The mapping of a dataset, ``data/sources/<dataset>.yaml``: read, checked, its defaults filled in."""

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib.resources import files as package_files
from zoneinfo import ZoneInfo

import yaml

from regulars.catalog.tables import TABLES
from regulars.errors import UserError
from regulars.lazy import leave_out_slow_checker
from regulars.paths import project_root
from regulars.sources.date_formats import WORDS, date_pattern

OPEN = "?"  # what `regulars new` writes where only somebody who knows the data can answer
LAST_ORDER_DAY = "last_order_day"
OPEN_TABLES = ("customers", "credit")  # any further column of the file may be kept as an attribute
TABLE_DEFAULTS = {
    "format": {},
    "date_format": "iso",
    "duplicates": "merge",
    "cancellations": {},
    "non_products": {},
    "test_orders": {},
    "void": {},
    "only": {},
    "fill_down": {},
    "wide": {},
    "refunds": {},
    "money": {},
    "guests": None,
    "without_lines": "keep",
    "inclusive_end": False,
    "zero_amount": "keep",
}
REPEATED_KEY_DEFAULTS = {"orders": "stop", "order_lines": "stop", "surveys": "first"}
UNMATCHED_DEFAULTS = {"orders": "spend", "order_lines": "keep"}
ORDER_TABLES = ("orders", "order_lines")
REFUNDED, LINE_TOTAL = (
    "refunded",
    "line_total",
)  # of an order log, beside the columns of the catalogue
MONEY_BESIDE = {"orders": (REFUNDED,), "order_lines": (REFUNDED, LINE_TOTAL)}
ITEM, SCORE = "item", "score"  # of answers that stood side by side


@dataclass(frozen=True)
class Mapping:
    """The content of one ``data/sources/<dataset>.yaml``, checked, with its defaults filled in.

    Parameters
    ----------
    name, title, source, currency, time_zone : str
    simulated : bool
    observation_start : datetime.date or None
        None: the day of the first order kept.
    observation_end : datetime.date or None
        None: the day of the last order kept.
    on_unreadable : {"stop", "reject"}
    simulator : dict
        Settings of `regulars.simulate.demo`.
    tables : dict
        Table name to its section of the file.
    rates : dict
        Currency to what one unit of it is worth in the dataset's: rates, each with the day from which it holds (None:
        always).
    orders_sampled : bool
        Whether the log holds orders drawn from all, of most customers not every one.
    identity_decisions : str
        File of decisions on which ids are one person, from the project's root; empty: none.
    """

    name: str
    title: str
    source: str
    currency: str
    time_zone: str
    simulated: bool
    observation_start: dt.date | None
    observation_end: dt.date | None
    on_unreadable: str
    simulator: dict
    tables: dict[str, dict]
    rates: dict[str, tuple[tuple[dt.date | None, Decimal], ...]] = field(default_factory=dict)
    orders_sampled: bool = False
    identity_decisions: str = ""

    @property
    def file(self) -> str:
        """Path of the mapping from the project's root, as messages name it."""
        return f"data/sources/{self.name}.yaml"


class UniqueKeys(yaml.SafeLoader):
    """YAML of which only what looks like it is a number or a truth value; no aliases, no key given twice."""

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem="aliases are not read here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"'{key.value}' is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# 1998-06-30, 0123, no and 1e3 stay the texts that were written
UniqueKeys.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
UniqueKeys.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?(0|[1-9][0-9]*)$"), list("-0123456789"))
UniqueKeys.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])


@cache
def source_schema() -> dict:
    """The JSON Schema of ``data/sources/<dataset>.yaml``, which editors can use as well."""
    return json.loads((package_files("regulars.sources") / "source.schema.json").read_text(encoding="utf-8"))


def load_mapping(dataset: str) -> Mapping:
    """Read and check the mapping of a dataset.

    Parameters
    ----------
    dataset : str
        Name of the file in ``data/sources``, without its ending.

    Returns
    -------
    Mapping

    Raises
    ------
    UserError
        Where the file is absent, is not YAML, or says something that the schema does not know.
    """
    file = project_root() / "data" / "sources" / f"{dataset}.yaml"
    label = f"data/sources/{dataset}.yaml"
    if not file.is_file():
        raise UserError(f"{label} is not there: write it, or name a dataset that has one.")
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=UniqueKeys)
    except UnicodeDecodeError:
        raise UserError(f"{label} is not UTF-8: save it in that encoding.") from None
    except RecursionError:
        raise UserError(f"{label}: it is nested too deeply to be a mapping; write it as the schema says.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise UserError(f"{label}{where}: this is not valid YAML ({problem}); mend that line.") from None
    return parse_mapping(content, dataset)


def parse_mapping(content, dataset: str) -> Mapping:
    """Check the content of a mapping and fill in its defaults.

    Parameters
    ----------
    content : dict
        As YAML gave it.
    dataset : str

    Returns
    -------
    Mapping

    Raises
    ------
    UserError
        One sentence that names the key and what it may hold.

    Examples
    --------
    >>> parse_mapping({"titel": "Shop"}, "shop")
    Traceback (most recent call last):
    regulars.errors.UserError: data/sources/shop.yaml: 'titel' is not a key here; did you mean 'title'?
    """
    label = f"data/sources/{dataset}.yaml"
    _refuse_open(content, label)
    _check_schema(content, label)
    tables = {}
    for name, given in content["tables"].items():
        table = _filled_in(name, given)
        _check_rules(name, table, label)
        _check_columns(name, table["columns"], label)
        tables[name] = table
        _check_formats(name, table, label)
    if tables.get("orders", {}).get("without_lines") == "reject" and "order_lines" not in tables:
        raise UserError(f"{label}: tables.orders.without_lines: there is no table order_lines to look in; map it.")
    end = content["observation_end"]
    zone = content.get("time_zone", "UTC")
    _check_zone(zone, label)
    return Mapping(
        name=dataset,
        title=content["title"],
        source=content.get("source", ""),
        currency=content["currency"],
        time_zone=zone,
        simulated=content["simulated"],
        observation_start=_day(content.get("observation_start"), "observation_start", label),
        observation_end=None if end == LAST_ORDER_DAY else _day(end, "observation_end", label),
        on_unreadable=content.get("on_unreadable", "stop"),
        simulator=content.get("simulator", {}),
        tables=tables,
        rates={code: _rates(code, given, label) for code, given in content.get("rates", {}).items()},
        orders_sampled=content.get("orders_sampled", False),
        identity_decisions=content.get("identity_decisions", ""),
    )


def _filled_in(name: str, given: dict) -> dict:
    """A table of the mapping with its defaults; columns of the file by names without double blanks and line breaks."""
    table = TABLE_DEFAULTS | {"repeated_key": REPEATED_KEY_DEFAULTS.get(name, "last")} | given
    own = {key: key for row in given.get("rows", []) for key in row}
    wide = {plain_name(column): item for column, item in table["wide"].items()}
    answers = {ITEM: ITEM, SCORE: SCORE} if wide else {}
    columns = {}
    for target, spec in (answers | given.get("columns", own)).items():
        spec = dict(spec) if isinstance(spec, dict) else {"column": spec}
        columns[target] = spec | ({"column": plain_name(spec["column"])} if "column" in spec else {})
    fill_down = {
        key: plain_name(value) if key == "by" else [plain_name(column) for column in listed(value)]
        for key, value in table["fill_down"].items()
    }
    refunds = {"unmatched": UNMATCHED_DEFAULTS.get(name, "keep")} | table["refunds"]
    if "of" in refunds:
        refunds["of"] = plain_name(refunds["of"])
    if "columns" in refunds:
        refunds["columns"] = {target: plain_name(column) for target, column in refunds["columns"].items()}
    return table | {
        "columns": columns, "wide": wide, "fill_down": fill_down, "refunds": refunds,
        "money": {sign: [plain_name(column) for column in listed(these)] for sign, these in table["money"].items()},
        "void": {plain_name(column): these for column, these in table["void"].items()},
        "only": {plain_name(column): these for column, these in table["only"].items()},
    }  # fmt: skip


def plain_name(text) -> str:
    r"""Name of a column of a file, on one line and with single blanks.

    Examples
    --------
    >>> plain_name("Total\n (EUR)")
    'Total (EUR)'
    """
    return " ".join(str(text).split())


def listed(given) -> list[str]:
    """One text, or several, as a list.

    Examples
    --------
    >>> listed(7), listed(["a", "b"])
    (['7'], ['a', 'b'])
    """
    return [str(item) for item in (given if isinstance(given, list) else [given])]


def columns_named(table: dict) -> dict[str, str]:
    """Columns of the file that a table of the mapping names, each with what it is named for.

    Parameters
    ----------
    table : dict
        Of `Mapping.tables`.

    Returns
    -------
    dict
        Name in the file to the key of the mapping that names it first.
    """
    made = (ITEM, SCORE) if table["wide"] else ()
    named = [(spec["column"], f"columns.{target}") for target, spec in table["columns"].items() if "column" in spec]
    named = [(column, key) for column, key in named if column not in made]
    named += [(column, key) for key in ("void", "only", "wide") for column in table[key]]
    named += [(column, f"money.{sign}") for sign, these in table["money"].items() for column in these]
    named += [(table["refunds"]["of"], "refunds.of")] if "of" in table["refunds"] else []
    named += [(table["fill_down"]["by"], "fill_down.by")] if "by" in table["fill_down"] else []
    named += [(column, "fill_down.columns") for column in table["fill_down"].get("columns", [])]
    first: dict[str, str] = {}
    for column, key in named:
        first.setdefault(column, key)
    return first


def _rates(code: str, given, label: str) -> tuple[tuple[dt.date | None, Decimal], ...]:
    steps = given if isinstance(given, dict) else {None: given}
    return tuple((_day(since, f"rates.{code}", label), Decimal(str(rate))) for since, rate in steps.items())


def _refuse_open(content, label: str, where: str = "") -> None:
    """Stop at the first question of `regulars new` that nobody has answered yet."""
    if where.partition(".missing")[1]:
        return  # a question mark may well stand for a missing value
    if content == OPEN and where:
        raise UserError(
            f"{label}: {where} is still a question; answer it there: the comment beside it says what is known."
        )
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, part in parts:
        _refuse_open(part, label, f"{where}.{key}" if where else str(key))


def _check_schema(content, label: str) -> None:
    leave_out_slow_checker()
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(source_schema()).iter_errors(content))
    if error is not None:
        raise UserError(f"{label}: {_schema_problem(error)}")


def _schema_problem(error) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    at = f"{where}: " if where else ""
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            unknown = next(key for key in error.instance if key not in known)
            close = get_close_matches(str(unknown), known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it may be {', '.join(known)}."
            return f"{at}'{unknown}' is not a key here; {hint}"
        case "required":
            absent = next(key for key in error.validator_value if key not in (error.instance or {}))
            about = _described([*error.absolute_path, absent])
            return f"{at}the key '{absent}' is missing; add it{': ' + about[0].lower() + about[1:] if about else '.'}"
        case "oneOf" if "path" in str(error.validator_value):
            return (
                f"{at}a table comes from one of path, resource, simulator, rows, url with table, or url with query; "
                "name exactly one."
            )
        case "anyOf":
            return f"{at}neither orders nor order_lines is there; one of them is needed."
    wanted = error.schema.get("description") or _described(error.absolute_path) or {
        "type": f"a {error.validator_value} is wanted here.",
        "enum": f"it may be {' or '.join(map(str, error.validator_value))}.",
    }.get(error.validator, f"it breaks the rule {error.validator} {error.validator_value}.")  # fmt: skip
    return f"{at}{error.instance!r} is not what this key takes. {wanted}"


def _described(path) -> str:
    """What the schema says of the key at a path."""
    schema = source_schema()
    node, told = schema, ""
    for part in path:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        below = node.get("properties", {}).get(part) or node.get("additionalProperties") or node.get("items")
        if not isinstance(below, dict):
            break
        node, told = below, below.get("description", told)
    return told


def _check_columns(table: str, columns: dict, label: str) -> None:
    known = {column.name: column for column in TABLES[table].columns}
    if table != "order_lines":
        known.pop("line_id", None)
    allowed = [*known, *(["currency", *MONEY_BESIDE[table]] if table in ORDER_TABLES else [])]
    for target in columns:
        if target not in allowed and table not in OPEN_TABLES:
            close = get_close_matches(target, allowed, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(allowed)}."
            raise UserError(f"{label}: tables.{table}.columns: '{target}' is not a column of {table}; {hint}")
    filled_in = {"line_id", "kind"} | ({"unit_price"} if LINE_TOTAL in columns else set())
    for name, column in known.items():
        if column.required and not column.nullable and name not in columns and name not in filled_in:
            raise UserError(
                f"{label}: tables.{table}.columns: '{name}' is missing; say which column of the file it is."
            )


def _check_rules(name: str, table: dict, label: str) -> None:
    """Refuse rules where they mean nothing."""
    key = f"{label}: tables.{name}"
    for rule in ("money", "guests", "refunds"):
        told = table[rule] not in (None, {}, {"unmatched": UNMATCHED_DEFAULTS.get(name, "keep")})
        if told and name not in ORDER_TABLES:
            raise UserError(f"{key}.{rule}: only orders and order_lines hold money that this is about; take it out.")
    if "path" in table["refunds"]:
        if "of" in table["refunds"]:
            raise UserError(f"{key}.refunds: of is a column of the table's own file; beside path it stands in columns.")
        if "column" not in table["columns"]["order_id"]:
            raise UserError(f"{key}.refunds.path: the orders have no number that a refund could name; map order_id.")
    if table["inclusive_end"] and (name != "contracts" or "ended_at" not in table["columns"]):
        raise UserError(f"{key}.inclusive_end: it is about ended_at of contracts; take it out, or map ended_at.")
    if table["repeated_key"] == "merge" and name != "orders":
        raise UserError(f"{key}.repeated_key: merge is for rows of orders; it may be first, last or stop here.")
    if table["wide"] and name != "surveys":
        raise UserError(f"{key}.wide: only the answers of surveys are read so; take it out, or map surveys.")
    kinds = {column.name: column.kind for column in TABLES[name].columns}
    for target, spec in table["columns"].items():
        at = f"{key}.columns.{target}"
        if ("after" in spec) != ("unit" in spec) or ("after" in spec and "column" not in spec):
            raise UserError(
                f"{at}: a duration needs column, after (the column of ours that it runs from) and unit; name all three."
            )
        if "after" in spec:
            start = table["columns"].get(spec["after"])
            if kinds.get(target) != "timestamp" or kinds.get(spec["after"]) not in ("date", "timestamp") or not start:
                raise UserError(
                    f"{at}.after: '{spec['after']}' is no date of this table that the mapping has; a duration runs "
                    "from one that it names, to a moment."
                )
            if "after" in start:
                raise UserError(f"{at}.after: '{spec['after']}' is a duration itself; name a date.")


def _check_formats(name: str, table: dict, label: str) -> None:
    """Refuse date formats and patterns that the engine would stumble over later."""
    given = {"date_format": table["date_format"]}
    given |= {f"columns.{key}.date_format": spec.get("date_format", []) for key, spec in table["columns"].items()}
    for key, formats in given.items():
        for form in [formats] if isinstance(formats, str) else formats:
            try:
                _ = form in WORDS or date_pattern(form)
            except ValueError as error:
                raise UserError(
                    f"{label}: tables.{name}.{key}: {form!r} is no date format ({error}); write one like %d/%m/%Y."
                ) from None
    patterns = {
        "non_products.pattern": table["non_products"].get("pattern", ""),
        "test_orders.order_id_pattern": table["test_orders"].get("order_id_pattern", ""),
        "format.footer": str(table["format"].get("footer", "")),
    }
    for key, pattern in patterns.items():
        try:
            re.compile(pattern)
            portable = not re.search(r"\(\?[=!<]|\\\d", pattern)
        except re.error:
            portable = False
        if not portable:
            raise UserError(
                f"{label}: tables.{name}.{key}: {pattern!r} is not a regular expression that every engine reads; "
                "write one without look-around and back-references."
            )


def _check_zone(name: str, label: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UserError(f"{label}: time_zone: {name!r} is not a time zone; write one like Europe/London.") from None


def _day(text: str | None, key: str, label: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(f"{label}: {key}: {text!r} is not a day of the calendar; write it as YYYY-MM-DD.") from None
