"""Tables that lie in a database, read in batches as text: PostgreSQL through ADBC, DuckDB and Spark by themselves.

The engine's PostgreSQL backend needs psycopg, which is under the LGPL, and DuckDB's own reader is a download; ADBC's
driver (Apache-2.0) streams Arrow batches and is the fastest of the three. Statements are built with sqlglot, which
quotes every name as the database wants it.
"""

import math
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import sqlglot
from sqlglot import exp

from regulars.engine.addresses import expand, hide
from regulars.engine.embedded import SPARK, even, sentences
from regulars.engine.patience import SilenceError, watched, within
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.progress import tell

T = TypeVar("T")
BATCH_ROWS = 100_000  # written at a time: what lies in memory, whatever the table holds
LOGIN = 10  # seconds to wait for a connection, where neither the mapping nor the URL says how long
SILENCE = 300  # seconds for which a database may send nothing, where the mapping does not say how long
HIDDEN = "***"
SOURCE = "q"  # what a statement calls the table or the query that it reads
OFFLINE = "nothing is downloaded here; map the file by path"
FAULTS = (
    (r"support the encoding", f"DuckDB reads UTF-8 alone here, and {OFFLINE}, its encoding named under format"),
    (r"install.* extension|INSTALL ", f"this needs an extension of DuckDB, and {OFFLINE}"),
    (r"42P01|relation .* does not exist", "there is no such table"),
    (r"42703|column .* does not exist", "there is no such column"),
    (r"42501|permission denied", "the user may not read it; grant SELECT"),
    (r"57014|statement timeout", "the query took longer than the server allows; raise statement_timeout or read less"),
    (r"42601|syntax error|Parser Error", "the query is not valid SQL there"),
    (r"28P01|28000|password authentication|no password supplied", "it refuses the user or the password"),
    (r"3D000|database .* does not exist", "there is no such database"),
    (r"Connection refused|could not translate|timeout expired|[Nn]o route", "it does not answer; is it there?"),
    (r"57P0|terminat|closed the connection|closed unexpectedly|lost", "the connection broke; try again"),
)  # fmt: skip


class _Connection(Protocol):
    """What is asked of a database, whichever it is."""

    dialect: str

    def schema(self, statement: str) -> pa.Schema: ...

    def rows(self, statement: str) -> list[tuple]: ...

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def connect(table: dict, label: str) -> Iterator[_Connection]:
    """Open the database of a table for reading; whatever goes wrong inside becomes one sentence without secrets.

    Parameters
    ----------
    table : dict
        ``url`` as the mapping has it, and ``timeout_seconds`` where it says for how long the database may keep silent.
    label : str
        How messages name its table: ``data/sources/shop.yaml: tables.orders``.
    """
    full, secrets = expand(table["url"], f"{label}.url")
    kind = _DuckDB if full.startswith("duckdb:") else _Postgres
    errors = kind.errors()
    try:
        with closing(_Patient(kind, full, table)) as database:
            yield database
    except _SilentError as error:
        raise UserError(hide(f"{label}: {error}", secrets, HIDDEN)) from None
    except errors as error:
        raise UserError(_sentence(error, label, secrets)) from None


def _sentence(error: Exception, label: str, secrets: list[str]) -> str:
    told = re.sub(r"([A-Z_]+: )?\[libpq\]\s*(Failed to connect:\s*)?|Query was: (.|\n)*", "", str(error))
    told = hide(re.sub(r'connection to server at "[^"]*"[^,]*, port \d+ failed: ', "", told), secrets, HIDDEN)
    code = getattr(error, "sqlstate", None) or ""
    meaning = next((text for sign, text in FAULTS if re.search(sign, f"{code} {told}")), "it cannot be read")
    first = " ".join(told.split())[:200].rstrip(". ")
    return f"{label}: {meaning} (the database says: {first})."


def copy_table(table: dict, zone: str, target: Path, label: str, *, limit: int | None = None) -> int:
    """Copy a table or the result of a query into a Parquet file of text, batch by batch.

    Parameters
    ----------
    table : dict
        ``url`` with ``table`` (and ``schema``) or ``query``; ``order_by`` where the rows have an order of their own,
        ``timeout_seconds`` where the database may keep silent for another while than `SILENCE`.
    zone : str
        Time zone in which moments with a zone are written.
    target : Path
    label : str
    limit : int, optional
        Most rows.

    Returns
    -------
    int
        Rows written.

    Notes
    -----
    The same table gives the same file: rows come in the order of ``order_by``, else of the query's own ORDER BY or
    the table's primary key, else of all columns as text.
    """
    import pyarrow.parquet as pq

    rows = 0
    if table["url"].strip().startswith(SPARK):
        return _copy_from_spark(table, zone, target, label, limit)
    with connect(table, label) as database:
        statement, schema = _statement(database, table, zone, label, limit)
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for part in even(_texts(database.batches(statement), schema), BATCH_ROWS):
                writer.write_table(part)
                rows += part.num_rows
                tell(f"rows of {label.rpartition('.')[2]}", rows)
    return rows


def _copy_from_spark(table: dict, zone: str, target: Path, label: str, limit: int | None) -> int:
    import pyarrow.parquet as pq

    from regulars.engine import spark

    url, secrets = expand(table["url"], f"{label}.url")
    seconds = table.get("timeout_seconds", SILENCE)
    with _hidden(secrets), sentences(label):
        engine = spark.connect(url, f"{label}.url", table.get("timeout_seconds", spark.PATIENCE))
        try:
            with watched(seconds, lambda: spark.cancel(engine), lambda: spark.progress(engine)):
                header, data, rows = spark.read_text(engine, table, zone, label, limit=limit)
                schema = pa.schema([pa.field(name, pa.string()) for name in header])
                with pq.ParquetWriter(target, schema, compression="zstd") as writer:
                    read = 0
                    for batch in spark.batches(data, len(header), BATCH_ROWS):
                        writer.write_batch(batch.rename_columns(header))
                        read += batch.num_rows
                        tell(f"rows of {label.rpartition('.')[2]}", read, rows)
        except SilenceError as error:
            place = f"Spark at {spark.master(url).removeprefix(SPARK)}"
            raise UserError(f"{label}: {_SilentError(place, table, seconds, error)}") from None
    return rows


@contextmanager
def _hidden(secrets: list[str]) -> Iterator[None]:
    """Sentences without secrets."""
    try:
        yield
    except UserError as error:
        raise UserError(hide(str(error), secrets, HIDDEN)) from None


def _texts(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    for batch in batches:
        yield pa.Table.from_arrays([column.cast(pa.string()) for column in batch.columns], schema=schema)


# ---- statements ------------------------------------------------------------------------------------------------


def _statement(database: _Connection, table: dict, zone: str, label: str, limit: int | None) -> tuple[str, pa.Schema]:
    source = _source(database, table, label)
    found = database.schema(exp.select("*").from_(source).limit(0).sql(database.dialect))
    if len(set(found.names)) < len(found.names):
        raise UserError(f"{label}: two columns of the query have the same name; give each its own.")
    keys = table.get("order_by", []) if "query" in table else table.get("order_by") or _primary_key(database, table)
    keys = [str(key) for key in (keys if isinstance(keys, list) else [keys])]
    for key in keys:
        if key not in found.names:
            raise UserError(f"{label}.order_by: there is no column '{key}'; it may be {', '.join(found.names[:20])}.")
    texts = [exp.alias_(_as_text(database, field, zone), field.name, quoted=True) for field in found]
    ordered = not keys and _has_order(database, table)
    by = [] if ordered else [found.field(name) for name in keys or found.names]
    statement = exp.select(*texts).from_(source)
    if by:
        statement = statement.order_by(*(_sorted_by(database, field, as_text=not keys) for field in by))
    statement = statement.limit(limit) if limit else statement
    return statement.sql(database.dialect), pa.schema([pa.field(name, pa.string()) for name in found.names])


def _source(database: _Connection, table: dict, label: str) -> exp.Expression:
    if "query" in table:
        query = str(table["query"]).strip().rstrip(";")
        # the firm's own text, passed on as it stands; the line break ends a comment at its end
        return exp.Subquery(this=exp.Var(this=f"{query}\n"), alias=exp.TableAlias(this=_name(SOURCE)))
    name, schema = str(table["table"]), table.get("schema")
    listed = exp.select(exp.column("table_name"), exp.column("table_schema"))
    listed = listed.from_(exp.table_("tables", db="information_schema"))
    tables = [row for row in database.rows(listed.sql(database.dialect)) if not schema or row[1] == schema]
    names = [row[0] for row in tables]
    if name not in names:
        own = [row[0] for row in tables if row[1] not in ("information_schema", "pg_catalog")]
        close = get_close_matches(name, own, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(own)[:20]) or 'none'}."
        place = f" in the schema '{schema}'" if schema else ""
        raise UserError(f"{label}: the database has no table '{name}'{place} that this user may read; {hint}")
    return exp.table_(_name(name), db=_name(schema) if schema else None, alias=_name(SOURCE))


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(str(text), quoted=True)


def _column(name: str) -> exp.Column:
    # of the source, not of the list of texts, by which 10 would come before 2
    return exp.column(name, table=SOURCE, quoted=True)


def _as_text(database: _Connection, field: pa.Field, zone: str) -> exp.Expression:
    column = _column(field.name)
    if pa.types.is_timestamp(field.type) and field.type.tz:
        column = exp.AtTimeZone(this=column, zone=exp.Literal.string(zone))
    return exp.cast(column, "text", dialect=database.dialect)


def _sorted_by(database: _Connection, field: pa.Field, as_text: bool) -> exp.Expression:
    column = _column(field.name)
    column = exp.cast(column, "text", dialect=database.dialect) if as_text else column
    if database.dialect == "postgres" and (as_text or pa.types.is_string(field.type)):
        # by bytes, not by the language that the server is set to
        column = exp.Collate(this=column, expression=_name("C"))
    return exp.Ordered(this=column, nulls_first=False)


def _has_order(database: _Connection, table: dict) -> bool:
    """Whether a query puts its rows in an order by itself; what wraps it only casts, and leaves them in it."""
    try:
        return bool(sqlglot.parse_one(str(table["query"]), dialect=database.dialect).args.get("order"))
    except (KeyError, sqlglot.errors.SqlglotError):
        return False


def _primary_key(database: _Connection, table: dict) -> list[str]:
    if database.dialect != "postgres":
        return []
    parts = [str(table[part]) for part in ("schema", "table") if table.get(part)]
    name = ".".join(_name(part).sql("postgres") for part in parts)
    literal = exp.Literal.string(name).sql("postgres")
    return [
        row[0]
        for row in database.rows(
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            f"AND a.attnum = ANY(i.indkey) WHERE i.indrelid = {literal}::regclass AND i.indisprimary "
            "ORDER BY array_position(i.indkey::int2[], a.attnum)"
        )
    ]


# ---- databases -------------------------------------------------------------------------------------------------


class _BrokenError(Exception):
    """Rows that stopped coming; the driver gives an error of the stream, which says nothing of its kind."""


class _SilentError(Exception):
    """A database that sent nothing of a table for so many seconds, in words; without ``silence`` at the login."""

    def __init__(self, place: str, table: dict, seconds: float, silence: SilenceError | None = None):
        mend = "raise timeout_seconds if it is only slow"
        if silence is None:
            super().__init__(f"{place} did not let us in within {seconds:g} seconds; is it well? {mend}.")
            return
        what = "the query" if "query" in table else f"the table '{table['table']}'"
        end = "the query was called off" if silence.has_ended else "it was left, as it did not heed being called off"
        super().__init__(f"{place} sent nothing of {what} for {seconds:g} seconds, and {end}; {mend}.")


class _Patient:
    """A database that is left where it keeps silent for too long, its query called off."""

    def __init__(self, kind: type, url: str, table: dict):
        self._place, self._table = kind.place(url), table
        self._silence = table.get("timeout_seconds", SILENCE)
        self._was_left = False
        login = kind.login_seconds(url) or table.get("timeout_seconds", LOGIN)
        try:
            self._database = within(login, lambda: kind(url, login), too_late=_close_late)
        except SilenceError:
            raise _SilentError(self._place, table, login) from None

    @property
    def dialect(self) -> str:
        return self._database.dialect

    def schema(self, statement: str) -> pa.Schema:
        return self._wait(lambda: self._database.schema(statement))

    def rows(self, statement: str) -> list[tuple]:
        return self._wait(lambda: self._database.rows(statement))

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        batches = self._database.batches(statement)
        while (batch := self._wait(lambda: next(batches, None))) is not None:
            yield batch

    def _wait(self, work: Callable[[], T]) -> T:
        self._was_left = True  # until it has answered
        try:
            answer = within(self._silence, work, self._database.cancel, lambda _: self._database.close())
        except SilenceError as silence:
            self._was_left = not silence.has_ended
            raise _SilentError(self._place, self._table, self._silence, silence) from None
        except Exception:
            self._was_left = False
            raise
        self._was_left = False
        return answer

    def close(self) -> None:
        # what has been left closes when it comes back: the driver may still be inside
        if not self._was_left:
            self._database.close()


def _close_late(opened: Future) -> None:
    with suppress(Exception):
        opened.result().close()


class _Postgres:
    dialect = "postgres"

    def __init__(self, url: str, login: float):
        from adbc_driver_postgresql import dbapi

        if not self.login_seconds(url):
            # a little longer than we wait, so that what is left ends by itself
            url += f"{'&' if urlsplit(url).query else '?'}connect_timeout={math.ceil(login) + 1}"
        self._connection = dbapi.connect(url)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET datestyle = 'ISO, YMD'")
        except BaseException:
            self._connection.close()
            raise

    @staticmethod
    def login_seconds(url: str) -> float | None:
        """As the URL has it."""
        found = parse_qs(urlsplit(url).query).get("connect_timeout", [""])[-1]
        return int(found) if re.fullmatch("[1-9][0-9]{0,5}", found) else None

    @staticmethod
    def place(url: str) -> str:
        """The database in words, without user and password."""
        # by the last @, however the password is written
        host, _, name = url.partition("://")[2].rpartition("@")[2].partition("?")[0].partition("/")
        return f"the database '{name}' at {host}"

    @staticmethod
    def errors():
        from adbc_driver_postgresql import dbapi

        return (dbapi.Error, _BrokenError)

    def schema(self, statement: str) -> pa.Schema:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetch_arrow_table().schema

    def rows(self, statement: str) -> list[tuple]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetch_record_batch()
            while True:
                try:
                    batch = rows.read_next_batch()
                except StopIteration:
                    return
                except (pa.ArrowException, OSError) as error:
                    raise _BrokenError(str(error)) from None
                yield batch

    def cancel(self) -> None:
        self._connection.adbc_cancel()

    def close(self) -> None:
        self._connection.close()


class _DuckDB:
    dialect = "duckdb"

    def __init__(self, url: str, _login: float):
        import duckdb

        path = url.removeprefix("duckdb://")
        root = project_root()
        file = str(root / path) if path else ":memory:"
        if path and not Path(file).is_file():
            raise duckdb.IOException(f"there is no file {path}")
        # whatever a query asks for, nothing is downloaded
        offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        self._connection = duckdb.connect(file, read_only=bool(path), config=offline)
        folder = str(root).replace("'", "''")
        self._connection.execute(f"SET file_search_path = '{folder}'")
        self._connection.execute("SET TimeZone = 'UTC'")

    @staticmethod
    def login_seconds(_url: str) -> None:
        """Nobody lets one in."""

    @staticmethod
    def place(url: str) -> str:
        """The database in words."""
        return f"the database {url.removeprefix('duckdb://') or 'of files'}"

    @staticmethod
    def errors():
        import duckdb

        return duckdb.Error

    def schema(self, statement: str) -> pa.Schema:
        return self._connection.sql(statement).to_arrow_table().schema

    def rows(self, statement: str) -> list[tuple]:
        return self._connection.execute(statement).fetchall()

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.sql(statement).to_arrow_reader(BATCH_ROWS)

    def cancel(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
