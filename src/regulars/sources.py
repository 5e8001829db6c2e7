"""Where a dataset comes from: its mapping in ``data/sources``, the copy of its files, and reading them as text."""

import csv
import datetime as dt
import gzip
import hashlib
import importlib.util
import io
import json
import re
import shutil
import zlib
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from regulars.catalog import TABLES, write_json
from regulars.date_formats import WORDS, date_pattern
from regulars.encodings import find_encoding
from regulars.errors import UserError
from regulars.paths import output_root, project_root

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROW = "row"
OPEN = "?"  # what `regulars new` writes where only somebody who knows the data can answer
LAST_ORDER_DAY = "last_order_day"
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
OPEN_TABLES = ("customers",)  # any further column of the file may be kept as an attribute
TABLE_DEFAULTS = {
    "format": {},
    "date_format": "iso",
    "duplicates": "merge",
    "cancellations": {},
    "non_products": {},
    "test_orders": {},
    "void": {},
    "without_lines": "keep",
    "zero_amount": "keep",
}
REPEATED_KEY_DEFAULTS = {"orders": "stop", "order_lines": "stop", "surveys": "first"}


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

    @property
    def file(self) -> str:
        """Path of the mapping from the project's root, as messages name it."""
        return f"data/sources/{self.name}.yaml"


@dataclass(frozen=True)
class RawTable:
    """One table as it came: every value text, columns ``c0``, ``c1`` … and ``row``, counted from 1.

    The engine sees only our own column names, never those of the file, whatever they hold.

    Parameters
    ----------
    name : str
        Table name.
    data : pyarrow.Table or ibis Table
        Here, or where it lies in the engine.
    header : tuple of str
        Names of the columns in the file, in their order.
    files : tuple of (str, int)
        Path of each file from the project's root, and its number of rows.
    """

    name: str
    data: "pa.Table | ir.Table" = field(repr=False)
    header: tuple[str, ...]
    files: tuple[tuple[str, int], ...]

    @property
    def rows(self) -> int:
        """How many rows came."""
        return sum(rows for _, rows in self.files)

    def engine_column(self, name: str) -> str:
        """Name in the engine of a column of the file."""
        return f"c{self.header.index(name)}"

    def place(self, row: int) -> str:
        """Where a row stands, in words: its file and its number below the header."""
        for file, rows in self.files:
            if row <= rows:
                return f"{file}, row {row} below the header"
            row -= rows
        raise IndexError(row)


# ---- the mapping -----------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
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
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])


@cache
def source_schema() -> dict:
    """The JSON Schema of ``data/sources/<dataset>.yaml``, which editors can use as well."""
    return json.loads((package_files("regulars") / "source.schema.json").read_text(encoding="utf-8"))


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
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
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
        table = TABLE_DEFAULTS | {"repeated_key": REPEATED_KEY_DEFAULTS.get(name, "last")} | given
        table["columns"] = {
            target: dict(spec) if isinstance(spec, dict) else {"column": spec}
            for target, spec in given["columns"].items()
        }
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
    )


def _rates(code: str, given, label: str) -> tuple[tuple[dt.date | None, Decimal], ...]:
    steps = given if isinstance(given, dict) else {None: given}
    return tuple((_day(since, f"rates.{code}", label), Decimal(str(rate))) for since, rate in steps.items())


def _refuse_open(content, label: str, where: str = "") -> None:
    """Stop at the first question of `regulars new` that nobody has answered yet."""
    if content == OPEN and where:
        raise UserError(
            f"{label}: {where} is still a question; answer it there: the comment beside it says what is known."
        )
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, part in parts:
        _refuse_open(part, label, f"{where}.{key}" if where else str(key))


def _check_schema(content, label: str) -> None:
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
            about = error.schema["properties"][absent].get("description", "")
            return f"{at}the key '{absent}' is missing; add it{': ' + about[0].lower() + about[1:] if about else '.'}"
        case "oneOf" if error.schema.get("required") == ["columns"]:
            return (
                f"{at}a table comes from one of path, resource, simulator, url with table, or url with query; "
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
    allowed = [*known, *(["currency"] if table in ("orders", "order_lines") else [])]
    for target in columns:
        if target not in allowed and table not in OPEN_TABLES:
            close = get_close_matches(target, allowed, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(allowed)}."
            raise UserError(f"{label}: tables.{table}.columns: '{target}' is not a column of {table}; {hint}")
    filled_in = {"line_id", "kind"}
    for name, column in known.items():
        if column.required and not column.nullable and name not in columns and name not in filled_in:
            raise UserError(
                f"{label}: tables.{table}.columns: '{name}' is missing; say which column of the file it is."
            )


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


# ---- ingest ----------------------------------------------------------------------------------------------------


def raw_folder(dataset: str) -> Path:
    """Folder of a dataset's raw files, from the project's root."""
    return Path("data", "raw", dataset)


def ingest(dataset: str, settings: dict) -> dict:
    """Copy a dataset's tables as they came, check that they can be read, and write down what came.

    Parameters
    ----------
    dataset : str
    settings : dict
        The stage's settings; ``seed`` is what a simulator starts from.

    Returns
    -------
    dict
        What ``manifest.json`` holds: ``source``, and for each table its ``rows`` and ``files`` (each with file,
        rows, sha256).

    Raises
    ------
    UserError
        Where a file is absent, empty or unreadable, or lacks a column of the mapping.
    """
    mapping = load_mapping(dataset)
    target = output_root() / raw_folder(dataset)
    target.mkdir(parents=True, exist_ok=True)
    simulated = _simulate(mapping, settings, target)
    tables = {}
    for name, table in mapping.tables.items():
        copies = simulated[name] if name in simulated else _copy(mapping, name, table, target)
        read = _read_files(mapping, name, target, copies)
        tables[name] = {
            "rows": read.data.num_rows,
            "files": [
                {"file": copy, "rows": rows, "sha256": _sha256(target / copy)}
                for copy, (_, rows) in zip(copies, read.files, strict=True)
            ],
        }
    manifest = {"source": mapping.source, "simulated": mapping.simulated, "tables": tables}
    write_json(manifest, raw_folder(dataset) / "manifest.json")
    return manifest


def has_changed(dataset: str) -> bool:
    """Whether the files that a dataset is read from are others than those last brought in.

    They lie outside the pipeline, so that no stage can watch them: asked before a run. A database is read again every
    time, since nothing tells from outside whether its rows are the same; where they are, no later stage runs.

    Returns
    -------
    bool
        False where nothing has been brought in yet: the pipeline knows that by itself.

    Raises
    ------
    UserError
        Where the mapping, or a file that it names, is not there.
    """
    mapping = load_mapping(dataset)
    if not (project_root() / raw_folder(dataset) / "manifest.json").is_file():
        return False
    tables = read_manifest(dataset)["tables"]
    return any("url" in table for table in mapping.tables.values()) or any(
        [_sha256(file) for file in _glob(table["path"], f"data/sources/{dataset}.yaml: tables.{name}")]
        != [entry["sha256"] for entry in tables.get(name, {"files": []})["files"]]
        for name, table in mapping.tables.items()
        if "path" in table
    )


def _raw_label(dataset: str, file: str) -> str:
    return (raw_folder(dataset) / file).as_posix()


def _simulate(mapping: Mapping, settings: dict, target: Path) -> dict[str, list[str]]:
    wanted = {name: table["simulator"] for name, table in mapping.tables.items() if "simulator" in table}
    if not wanted:
        return {}
    from regulars.simulate import demo

    made = demo(seed=settings["seed"], **mapping.simulator)
    truth = made.pop("truth", None)
    if truth is not None:
        write_json(truth, raw_folder(mapping.name) / "truth.json")
    for name in [name for name in made if name.startswith("truth")]:
        made.pop(name).to_csv(target / f"{name}.csv", index=False, lineterminator="\n")
    for name, source in wanted.items():
        if source not in made:
            raise UserError(
                f"{mapping.file}: tables.{name}.simulator: the simulator makes no table '{source}'; "
                f"it makes {', '.join(made)}."
            )
        made[source].to_csv(target / f"{name}.csv", index=False, lineterminator="\n")
    return {name: [f"{name}.csv"] for name in wanted}


def _copy(mapping: Mapping, name: str, table: dict, target: Path) -> list[str]:
    key = f"{mapping.file}: tables.{name}"
    if "url" in table:
        from regulars.databases import copy_table

        copy = f"{name}/{name}.parquet"
        (target / name).mkdir(exist_ok=True)
        copy_table(table, mapping.time_zone, target / copy, key)
        return [copy]
    sources = [_resource(table["resource"], key)] if "resource" in table else _glob(table["path"], key)
    names = [source.name for source in sources]
    copies = []
    for source in sources:
        # files of the same name from several folders must not overwrite each other
        unique = names.count(source.name) == 1
        copy = f"{name}/{source.name}" if unique else f"{name}/{len(copies) + 1}-{source.name}"
        (target / name).mkdir(exist_ok=True)
        with source.open("rb") as given, (target / copy).open("wb") as kept:
            shutil.copyfileobj(given, kept)
        copies.append(copy)
    return copies


def _resource(resource: dict, key: str):
    package, file = resource["package"], resource["file"]
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise UserError(f"{key}.resource: the Python package '{package}' is not installed; install it.")
    # by its loader: importlib.resources.files would import the package, which takes seconds and may fail
    found = spec.loader.get_resource_reader(package).files().joinpath(file)
    if not found.is_file():
        raise UserError(f"{key}.resource: the package '{package}' has no file '{file}'; name one that it has.")
    return found


def _glob(patterns, key: str) -> list[Path]:
    found = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        path = Path(str(pattern)).expanduser()
        base, relative = (Path(path.anchor), path.relative_to(path.anchor)) if path.is_absolute() else (None, path)
        base = base or project_root()
        matches = sorted(file for file in base.glob(str(relative)) if file.is_file())
        if not matches:
            raise UserError(f"{key}.path: there is no file '{pattern}'; paths start at the project's folder.")
        found += [match for match in matches if match not in found]
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


# ---- reading raw files -----------------------------------------------------------------------------------------


def read_manifest(dataset: str) -> dict:
    """What the ingest stage wrote down of a dataset's raw files.

    Raises
    ------
    UserError
        Where the dataset has not been ingested.
    """
    file = project_root() / raw_folder(dataset) / "manifest.json"
    if not file.is_file():
        raise UserError(f"{_raw_label(dataset, 'manifest.json')} is not there: run `make reports DATASET={dataset}`.")
    return json.loads(file.read_text(encoding="utf-8"))


def read_raw(mapping: Mapping, name: str, manifest: dict) -> RawTable:
    """Read one raw table as text, from where the pipeline keeps it.

    Parameters
    ----------
    mapping : Mapping
    name : str
        A table of the mapping.
    manifest : dict
        As `read_manifest` gives it.

    Returns
    -------
    RawTable

    Raises
    ------
    UserError
        Where the table was never ingested, or a file is absent, empty or unreadable, lacks a column of the mapping,
        or has other columns than the table's first file.
    """
    if name not in manifest["tables"]:
        raise UserError(f"data/raw/{mapping.name} has no table {name}: run the ingest stage again.")
    files = [entry["file"] for entry in manifest["tables"][name]["files"]]
    return _read_files(mapping, name, project_root() / raw_folder(mapping.name), files)


def _read_files(mapping: Mapping, name: str, folder: Path, files: list[str]) -> RawTable:
    parts, counts, header = [], [], None
    for file in files:
        label = _raw_label(mapping.name, file)
        columns, data = read_text(folder / file, mapping.tables[name]["format"], label)
        if header is not None and columns != header:
            raise UserError(f"{label}: its columns differ from those of {counts[0][0]}; give both files the same.")
        header = columns
        parts.append(data)
        counts.append((label, data.num_rows))
    check_header(mapping, name, header, counts[0][0])
    data = pa.concat_tables(parts).combine_chunks()
    if not data.num_rows:
        raise UserError(f"{counts[0][0]} has a header and no rows: table {name} is empty; supply rows or drop it.")
    data = data.append_column(ROW, pa.array(np.arange(1, data.num_rows + 1)))
    return RawTable(name, data, header, tuple(counts))


def check_header(mapping: Mapping, name: str, header: tuple[str, ...], label: str) -> None:
    """Stop where the mapping names a column that a table, called ``label``, does not have."""
    table = mapping.tables[name]
    wanted = [
        (spec["column"], f"maps to {name}.{target}") for target, spec in table["columns"].items() if "column" in spec
    ]
    wanted += [(column, f"names under {name}.void") for column in table["void"]]
    for column, use in wanted:
        if str(column) not in header:
            close = get_close_matches(str(column), header, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(header[:20])}."
            if len(header) == 1 and re.search("[,;|\t]", header[0]):
                hint = f"its rows are read as one column, {header[0][:60]!r}: name its delimiter under format."
            raise UserError(f"{label} has no column '{column}', which {mapping.file} {use}; {hint}")


def read_text(file: Path, form: dict, label: str) -> tuple[tuple[str, ...], pa.Table]:
    """Read a file with every value as text without blanks around it, a missing one as the empty text.

    Parameters
    ----------
    file : Path
        .csv .tsv .txt, plain or .gz; .xlsx; .parquet.
    form : dict
        The ``format`` section of the table's mapping.
    label : str
        How messages name the file.

    Returns
    -------
    header : tuple of str
        Names of the columns in the file.
    data : pyarrow.Table
        Columns ``c0``, ``c1`` …, all text.

    Raises
    ------
    UserError
        Where the file cannot be read as what it claims to be.
    """
    if not file.is_file():
        raise UserError(f"{label} is not there: run the ingest stage again.")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes[-1:] == [".parquet"]:
        header, data = _read_parquet(file, label)
    elif suffixes[-1:] == [".xlsx"]:
        header, data = _read_excel(file, form, label)
    elif any(suffix in TEXT_SUFFIXES for suffix in suffixes[-2:]):
        header, data = _read_delimited(file, form, label, "\t" if ".tsv" in suffixes[-2:] else ",")
    else:
        raise UserError(f"{label}: files of this kind are not read; supply .csv, .tsv, .txt, .xlsx or .parquet.")
    _refuse_twins(header, label)
    return header, pa.table([pc.utf8_trim_whitespace(column) for column in data.columns], names=data.column_names)


def _refuse_twins(header: tuple[str, ...], label: str) -> None:
    seen = set()
    for name in header:
        if name.casefold() in seen:
            raise UserError(f"{label} has the column '{name}' twice; rename one of them.")
        seen.add(name.casefold())


def _engine_names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


def _read_delimited(file: Path, form: dict, label: str, default: str) -> tuple[tuple[str, ...], pa.Table]:
    delimiter = {"tab": "\t", "whitespace": "\t"}.get(form.get("delimiter", default), form.get("delimiter", default))
    quote = form.get("quote", '"')
    text = _text_of(file, form, label)
    skipped = form.get("skip_rows", 0)
    text = "".join(text.splitlines(keepends=True)[skipped:]) if skipped else text
    if not text.strip():
        raise UserError(f"{label} is empty; supply a file with a header and rows.")
    _refuse_open_quote(text, delimiter, quote, label, skipped)
    first = _first_row(text, delimiter, quote)
    has_header = form.get("header", True)
    header = tuple(name.strip() for name in first) if has_header else tuple(f"column{i + 1}" for i in range(len(first)))
    names = _engine_names(len(header))
    try:
        data, broken = _read_arrow(text, names, has_header, delimiter, quote)
        if broken:  # only a single thread counts its rows
            data, broken = _read_arrow(text, names, has_header, delimiter, quote, use_threads=False)
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise UserError(f"{label} cannot be read as a delimited text: {str(error).splitlines()[0]}") from None
        data, broken = pa.table({name: pa.array([], pa.string()) for name in names}), []
    if broken:
        row = broken[0]
        raise UserError(
            f"{label}, row {row.number - int(has_header)} below the header, has {row.actual_columns} values where the "
            f"header has {row.expected_columns} ({row.text[:60]!r}); mend the row, or the delimiter, quote and "
            "skip_rows in the mapping."
        )
    return header, data


def _refuse_open_quote(text: str, delimiter: str, quote: str, label: str, skipped: int) -> None:
    """Stop where a quote opens and never closes: all rows after it would be taken for one value."""
    if quote == "none" or text.count(quote) % 2 == 0:
        return
    begins = rf"(?:\A|(?<=[{re.escape(delimiter)}\r\n]))"
    quoted = re.escape(quote)
    fields = re.finditer(rf"{begins}{quoted}(?:[^{quoted}]|{quoted}{quoted})*+{quoted}?", text)
    last = next(iter(deque(fields, maxlen=1)), None)
    if last and last.end() == len(text) and last[0].count(quote) % 2:
        line = text.count("\n", 0, last.start()) + 1 + skipped
        raise UserError(
            f"{label}, line {line}: the quote before {last[0][1:21].splitlines()[0]!r} never closes; close it, or name "
            "another quote (or none) in the mapping."
        )


def _read_arrow(text: str, names: list[str], has_header: bool, delimiter: str, quote: str, use_threads: bool = True):
    """Rows of a delimited text, and those that have too few or too many values."""
    from pyarrow import csv as arrow_csv

    broken = []

    def note(row):
        broken.append(row)
        return "skip"

    data = arrow_csv.read_csv(
        pa.py_buffer(text.encode()),
        arrow_csv.ReadOptions(column_names=names, skip_rows=int(has_header), use_threads=use_threads),
        arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=False if quote == "none" else quote,
            newlines_in_values=True,
            invalid_row_handler=note,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return data, broken


def _first_row(text: str, delimiter: str, quote: str) -> list[str]:
    quoting = {"quoting": csv.QUOTE_NONE} if quote == "none" else {"quotechar": quote}
    return next(csv.reader(io.StringIO(text[:1_000_000], newline=""), delimiter=delimiter, **quoting))


def _text_of(file: Path, form: dict, label: str) -> str:
    encoding = form.get("encoding", "utf-8")
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise UserError(f"{label} is not a gzip file, or is cut short; supply it again.") from None
    try:
        text = content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UserError(f"{label}: the mapping names the encoding '{encoding}', which is not known.") from None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n")
        raise UserError(
            f"{label}, line {row + 1}, is not {encoding} (byte {content[error.start]:#04x}); "
            f"name its encoding in the mapping: it looks like {find_encoding(content)[0]}."
        ) from None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n")
        raise UserError(f"{label}, line {row + 1}, holds a NUL character; is it a text file?")
    if form.get("delimiter") == "whitespace":
        text = "\n".join("\t".join(line.split()) for line in text.splitlines())
    return text


def _read_parquet(file: Path, label: str) -> tuple[tuple[str, ...], pa.Table]:
    import pyarrow.parquet as pq

    try:
        data = pq.read_table(file)
    except pa.ArrowInvalid:
        raise UserError(f"{label} is not a Parquet file, or is damaged; supply it again.") from None
    header = tuple(data.column_names)
    texts = [_as_text(column) for column in data.columns]
    return header, pa.table(texts, names=_engine_names(len(header)))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s"), safe=False)
    texts = column.cast(pa.string())
    if pa.types.is_floating(column.type):
        # 1e-05 and 1e+15, which no export to text would hold
        powers = pc.match_substring(texts, "e").combine_chunks()
        plain = [f"{value:.10f}" for value in column.filter(powers).to_pylist()]
        texts = pc.replace_with_mask(texts.combine_chunks(), pc.fill_null(powers, False), pa.array(plain, pa.string()))
        texts = pa.chunked_array([texts])
    return pc.fill_null(texts, "")


def _read_excel(file: Path, form: dict, label: str) -> tuple[tuple[str, ...], pa.Table]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, KeyError, OSError):
        raise UserError(f"{label} is not an Excel workbook, or is damaged; save it again as .xlsx.") from None
    sheet = form.get("sheet", book.sheetnames[0])
    if sheet not in book.sheetnames:
        raise UserError(f"{label} has no sheet '{sheet}'; it has {', '.join(book.sheetnames)}.")
    rows = [[_cell_text(value) for value in row] for row in book[sheet].iter_rows(values_only=True)]
    rows = [row for row in rows if any(row)][form.get("skip_rows", 0) :]
    if not rows:
        raise UserError(f"{label}, sheet '{sheet}', is empty; supply a sheet with a header and rows.")
    has_header = form.get("header", True)
    header = tuple(rows[0]) if has_header else tuple(f"column{i + 1}" for i in range(len(rows[0])))
    body = rows[int(has_header) :]
    columns = [pa.array([row[i] for row in body], pa.string()) for i in range(len(header))]
    return header, pa.table(columns, names=_engine_names(len(header)))


def _cell_text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value).strip()
