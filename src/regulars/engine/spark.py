"""Spark as the engine: a standalone cluster that runs the same expressions, and tables that are read where they lie."""

import re
import socket
import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from regulars.engine.addresses import expand
from regulars.engine.patience import SilenceError, watched
from regulars.errors import UserError

SCHEME = "spark://"
PORT = 7077
KNOCK = 10  # seconds in which the host of the master has to take a connection
PATIENCE = 60  # seconds for a cluster to let us in, and as many to give a worker, where nobody says how long
FAULTS = (
    ("TABLE_OR_VIEW_NOT_FOUND", "there is no such table"),
    ("UNRESOLVED_COLUMN", "there is no such column"),
    ("PARSE_SYNTAX_ERROR", "the query is not valid SQL there"),
    ("PATH_ALREADY_EXISTS|already exists", "there is something already; name another place"),
    ("PATH_NOT_FOUND|does not exist", "there is nothing at that place"),
    ("NUMERIC_VALUE_OUT_OF_RANGE|ARITHMETIC_OVERFLOW", "a number is too large to be money"),
    ("SparkContext was shut down|Connection refused|JavaGateway|stopped SparkContext|Master removed",
     "the connection to Spark broke; try again"),
)  # fmt: skip
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # exact money: products keep every decimal, and one that does not fit is an error
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@cache
def _engine_class():
    """Ibis' backend, with what it hands over to Spark otherwise than Spark takes it."""
    try:
        import ibis
        import sqlglot.expressions as sge

        _ = ibis.pyspark  # registers its options
        from ibis.backends.pyspark import Backend
        from ibis.backends.sql.compilers.pyspark import PySparkCompiler
    except (ModuleNotFoundError, AttributeError):
        return None

    class Compiler(PySparkCompiler):
        __slots__ = ()

        def visit_RegexReplace(self, op, *, arg, pattern, replacement):  # noqa: N802
            # Java calls the first group $1, where others call it \1
            if isinstance(replacement, sge.Literal):
                text = replacement.this.replace("$", r"\$")
                replacement = sge.convert(re.sub(r"\\(\d)", r"$\1", text))
            return self.f.regexp_replace(arg, pattern, replacement)

    class Spark(Backend):
        name = "pyspark"
        compiler = Compiler()

        def create_table(self, name, obj, *, temp=False, **options):
            if not (temp and isinstance(obj, pa.Table)):
                return super().create_table(name, obj, temp=temp, **options)
            self._session.createDataFrame(obj).createOrReplaceTempView(name)
            return self.table(name)

        def to_pyarrow(self, expr, /, *, params=None, limit=None, **options):
            # Ibis goes through pandas, in a way that pandas 3 warns of
            table = expr.as_table()
            self._run_pre_execute_hooks(table)
            data = self._session.sql(self.compile(table, params=params, limit=limit)).toArrow()
            return expr.__pyarrow_result__(data.cast(table.schema().to_pyarrow()))

    return Spark


def connect(url: str, label: str, seconds: float = PATIENCE):
    """A session on a standalone cluster, as an Ibis backend.

    Parameters
    ----------
    url : str
        ``spark://host:port``, with settings of Spark behind a question mark where it needs some:
        ``spark://host:7077?spark.executor.memory=8g&spark.executor.cores=4``.
    label : str
        How messages name where the URL stands.
    seconds : float
        For a cluster to let us in, and as many for a worker of it to be there.

    Returns
    -------
    ibis.backends.pyspark.Backend

    Raises
    ------
    UserError
        Where pyspark or Java is not installed, the master does not answer, or no worker is free.
    """
    url, _ = expand(url, label)
    parts = urlsplit(url)
    if not parts.hostname:
        raise UserError(f"{label}: {url!r} names no host; write spark://host:{PORT}.")
    if (engine := _engine_class()) is None:
        raise UserError(
            f"{label}: Spark is spoken to through pyspark, which is not installed; install regulars[spark]."
        )
    _await_master(parts.hostname, parts.port or PORT, label, seconds)
    session = _session(master(url), dict(parse_qsl(parts.query)), label, seconds)
    _await_worker(session, label, seconds)
    return engine().connect(session)


def master(url: str) -> str:
    """Address of the master that a URL names, without the settings behind it.

    Examples
    --------
    >>> master("spark://cluster?spark.executor.cores=4")
    'spark://cluster:7077'
    """
    parts = urlsplit(url)
    return f"{SCHEME}{parts.hostname}:{parts.port or PORT}"


def _await_master(host: str, port: int, label: str, seconds: float) -> None:
    # Spark itself tries for minutes, and says so on every line
    try:
        socket.create_connection((host, port), min(seconds, KNOCK)).close()
    except OSError:
        raise UserError(f"{label}: no Spark master answers at {host}:{port}; is it there?") from None


def _session(address: str, settings: dict[str, str], label: str, seconds: float):
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(address).appName("regulars").config(map=SETTINGS | settings)
    try:
        _start_java(SETTINGS | settings)
        with watched(seconds, _kill):
            session = builder.getOrCreate()
    except SilenceError:
        _forget()
        raise UserError(
            f"{label}: Spark at {address.removeprefix(SCHEME)} did not let us in within {seconds:g} seconds; is it a "
            "Spark master, and well? raise timeout_seconds if it is only slow."
        ) from None
    except PySparkException as error:
        raise UserError(
            f"{label}: Spark cannot be started from here ({_first(error)}); is Java 17 installed?"
        ) from None
    if session.sparkContext.master != address:
        raise UserError(f"{label}: this process speaks to {session.sparkContext.master} already; start another one.")
    session.sparkContext.setLogLevel("OFF")
    # a task that is called off stops at once, where it would otherwise keep its worker to the end
    session.sparkContext.setLocalProperty("spark.job.interruptOnCancel", "true")
    return session


def _start_java(settings: dict[str, str]) -> None:
    """Have the Java process that speaks to the cluster for this one, before time is taken."""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized(conf=SparkConf().setAll(list(settings.items())))


def _kill() -> None:
    """End the Java process that speaks to the cluster for this one, and with it whatever waits for its answer."""
    from pyspark import SparkContext

    SparkContext._gateway.proc.kill()


def _forget() -> None:
    """Have the next session start a Java process of its own."""
    from pyspark import SparkContext

    SparkContext._gateway.shutdown()
    SparkContext._gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


def _await_worker(session, label: str, seconds: float) -> None:
    """Stop where nobody is there to do the work: Spark would wait without end."""
    context = session.sparkContext
    if context.getConf().get("spark.dynamicAllocation.enabled", "false") == "true":
        return  # workers come when there is work
    until = time.monotonic() + seconds
    while len(context._jsc.sc().statusTracker().getExecutorInfos()) < 2:  # one of them is this process
        if time.monotonic() > until:
            address = context.master.removeprefix(SCHEME)
            session.stop()
            raise UserError(
                f"{label}: no worker of Spark at {address} was free for us within {seconds:g} seconds; start some, ask "
                "for less memory or fewer cores in the URL, or raise timeout_seconds."
            )
        time.sleep(0.05)


def progress(engine) -> object:
    """What differs as soon as a task of a job has ended or begun to run."""
    tracker = engine._session.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in sorted(tracker.getActiveStageIds())]
    return [(stage.stageId, stage.numCompletedTasks) for stage in stages if stage]


def cancel(engine) -> None:
    """Call off everything that runs for this process."""
    engine._session.sparkContext.cancelAllJobs()


def sentence(error: Exception) -> str:
    """What Spark finds wrong, in words and with the first line of its own, without the stack that it comes with."""
    told = str(error)
    code = getattr(error, "getCondition", lambda: None)() or ""
    meaning = next((text for sign, text in FAULTS if re.search(sign, f"{code} {told}")), "Spark cannot do this")
    return f"{meaning} (Spark says: {_first(error)})."


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    if first.startswith("An error occurred while calling") and len(lines) > 1:  # py4j; what happened comes below
        first = lines[1].removeprefix(": ")
    return re.sub(r"^\[[A-Z_.]+\] ", "", first)[:200].rstrip(". ")


# ---- tables ----------------------------------------------------------------------------------------------------


def read_text(engine, table: dict, zone: str, label: str, *, limit: int | None = None):
    """A table of the warehouse as text, its rows numbered, in the engine.

    Parameters
    ----------
    engine : ibis.backends.pyspark.Backend
        From `connect`.
    table : dict
        ``table`` (and ``schema``) or ``query``; ``order_by`` where the rows have an order of their own.
    zone : str
        Time zone in which moments with a zone are written.
    label : str
        How messages name the table: ``data/sources/shop.yaml: tables.orders``.
    limit : int, optional
        Most rows.

    Returns
    -------
    header : tuple of str
    data : ibis Table
        ``c0``, ``c1`` … (a missing value is the empty text) and ``row``, counted from 1 in the order of ``order_by``,
        else of all columns.
    rows : int
    """
    from pyspark.sql import functions as f

    given = _given(engine, table, label)
    header = tuple(given.columns)
    keys = table.get("order_by") or []
    keys = [str(key) for key in (keys if isinstance(keys, list) else [keys])]
    for key in keys:
        if key not in header:
            raise UserError(f"{label}.order_by: there is no column '{key}'; it may be {', '.join(header[:20])}.")
    # by position: names of the warehouse never stand in an expression
    plain = given.toDF(*(f"c{i}" for i in range(len(header))))
    first = [f.col(f"c{header.index(key)}") for key in keys]
    texts = [_text(f, field, zone).alias(field.name) for field in plain.schema]
    ordered = plain.orderBy(*(column.asc_nulls_last() for column in first)) if first else plain
    ordered = ordered.select(*texts)
    ordered = ordered if first else ordered.orderBy(*ordered.columns)
    ordered = ordered.limit(limit) if limit else ordered
    numbered, rows = _numbered(f, ordered)
    name = f"regulars_text_{abs(hash((label, header)))}"
    numbered.createOrReplaceTempView(name)
    return header, engine.table(name), rows


def _given(engine, table: dict, label: str):
    """The table or the query as Spark gives it; what it finds wrong becomes one sentence."""
    from pyspark.errors import PySparkException

    session = engine._session
    try:
        if "query" in table:
            return session.sql(str(table["query"]).strip().rstrip(";"))
        parts = [str(table[part]) for part in ("schema", "table") if table.get(part)]
        return session.table(".".join(f"`{part.replace('`', '``')}`" for part in parts))
    except PySparkException as error:
        raise UserError(f"{label}: {sentence(error)}") from None


def _text(f, field, zone: str):
    """A column as the text that an export would hold."""
    from pyspark.sql import types

    column = f.col(field.name)
    if isinstance(field.dataType, types.TimestampType):  # a moment; told as the clocks of the dataset showed it
        column = f.from_utc_timestamp(column, zone)
    text = column.cast("string")
    if isinstance(field.dataType, types.DoubleType | types.FloatType):  # 1.0E7, which no export would hold
        text = f.when(text.contains("E"), column.cast("decimal(38, 10)").cast("string")).otherwise(text)
    return f.coalesce(f.trim(text), f.lit(""))


def _numbered(f, ordered):
    """Rows with their number, counted where they lie: a window without groups would bring all to one worker."""
    kept = ordered.withColumn("_place", f.monotonically_increasing_id()).persist()
    part = f.shiftrightunsigned("_place", 33)  # as Spark documents it: partition above, position within it below
    counted = kept.groupBy(part.alias("part")).agg(f.count("*").alias("rows"))
    counts = {row["part"]: row["rows"] for row in counted.collect()}
    starts, before = [], 0
    for number in sorted(counts):
        starts += [f.lit(number), f.lit(before)]
        before += counts[number]
    start = f.element_at(f.create_map(*starts), part) if starts else f.lit(0)
    row = (start + f.col("_place").bitwiseAND(f.lit((1 << 33) - 1)) + 1).cast("long")
    return kept.withColumn("row", row).drop("_place"), before


def batches(data, columns: int, size: int) -> Iterator[pa.RecordBatch]:
    """Rows of a table of texts in their order, one partition of the cluster at a time.

    Parameters
    ----------
    data : ibis Table
        As `read_text` gives it.
    columns : int
    size : int
        Rows of a batch.
    """
    session = data.get_backend()._session
    names = [f"c{i}" for i in range(columns)]
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    rows = session.table(data.get_name()).orderBy("row").select(*names).toLocalIterator()
    while part := list(islice(rows, size)):
        arrays = [pa.array(values, pa.string()) for values in zip(*part, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
