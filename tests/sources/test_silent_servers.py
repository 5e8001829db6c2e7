"""Databases and clusters that hang, refuse or break, through the command: one sentence, an exit code, nothing lost."""

import os
import subprocess
import sys
import threading
import time
from unittest import mock

import pytest

from postgres import PASSWORD
from regulars import cli
from regulars.engine import embedded as engine
from regulars.engine import spark
from regulars.engine.patience import SilenceError, watched, within
from regulars.errors import UserError
from silent import falling_silent, silent
from spark_cluster import UNSWEPT

pytestmark = [UNSWEPT, pytest.mark.usefixtures("sockets")]

KEPT = "kept from before"
SLOW = """\
CREATE VIEW slow AS SELECT 1 AS "order", 'ann' AS customer, now() AS day, 1.5 AS total, pg_sleep(50)::text AS nap"""


@pytest.fixture
def firm(shop, monkeypatch):
    """A project with raw data of an earlier run."""
    monkeypatch.setenv("CRM_PASSWORD", PASSWORD)
    shop.write("params.yaml", "common:\n  seed: 1\ningest: {}\ndatasets:\n  shop: {}\n")
    shop.write("dvc.yaml", "stages: {}\n")
    (shop.folder / "data/raw/shop").mkdir(parents=True)
    shop.write("data/raw/shop/manifest.json", KEPT)
    return shop


@pytest.fixture
def refused(firm, capsys):
    """Run the stage, which has to end within so many seconds; the sentence that it ends with."""

    def run(at_most: float) -> str:
        begun = time.perf_counter()
        assert cli.main(["run", "ingest", "shop"]) == 1
        assert time.perf_counter() - begun < at_most
        assert (firm.folder / "data/raw/shop/manifest.json").read_text() == KEPT
        told = capsys.readouterr()
        assert told.out.split() == ["shop", "ingest", "begins"]
        assert PASSWORD not in told.err
        assert len(told.err.splitlines()) == 1
        return told.err.strip().removeprefix("regulars: data/sources/shop.yaml: tables.orders")

    return run


# ---- databases -------------------------------------------------------------------------------------------------


def test_a_database_that_never_lets_one_in(firm, refused):
    with silent() as port:
        firm.table(f"postgresql://crm:${{CRM_PASSWORD}}@127.0.0.1:{port}/shop", "table: orders\n    timeout_seconds: 1")
        told = refused(at_most=10)
    assert told == (
        f": the database 'shop' at 127.0.0.1:{port} did not let us in within 1 seconds; is it well? "
        "raise timeout_seconds if it is only slow."
    )


def test_the_url_may_say_how_long_the_login_takes(firm, refused):
    with silent() as port:
        url = f"postgresql://crm:${{CRM_PASSWORD}}@127.0.0.1:{port}/shop?connect_timeout=2"
        firm.table(url, "table: orders\n    timeout_seconds: 3600")
        assert "2 seconds; is it well?" in (told := refused(at_most=10)) or "it does not answer; is it there?" in told


@pytest.mark.parametrize(
    ("source", "what"), [("table: slow", "the table 'slow'"), ("query: SELECT * FROM slow", "the query")]
)
def test_a_query_that_never_ends_is_called_off_on_the_server(firm, refused, postgres, source, what):
    postgres.sql(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {SLOW}")
    firm.table(postgres.url, f"{source}\n    timeout_seconds: 2")
    assert refused(at_most=20) == (
        f": the database 'shop' at 127.0.0.1:{postgres.port} sent nothing of {what} for 2 seconds, and the query was "
        "called off; raise timeout_seconds if it is only slow."
    )
    left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%slow%' AND pid <> pg_backend_pid()"
    until = time.monotonic() + 10
    while (running := postgres.sql(left).strip()) != "0" and time.monotonic() < until:
        time.sleep(0.1)
    assert running == "0"


@pytest.mark.parametrize("word", [b"pg_type", b"ISOLATION", b"information_schema", b"COPY"])
def test_a_database_that_falls_silent_is_left_though_it_heeds_nothing(firm, refused, postgres, word):
    """At whichever step: after the login, at the list of its tables, at the rows."""
    postgres.sql(
        'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE orders ("order" int, customer text, '
        "day timestamp, total numeric(12, 2)); INSERT INTO orders VALUES (1, 'ann', '2024-01-05', 10)"
    )
    with falling_silent(postgres.port, word) as port:
        url = postgres.url.replace(str(postgres.port), str(port))
        firm.table(f"{url}?sslmode=disable", "table: orders\n    timeout_seconds: 1")
        told = refused(at_most=20)
    assert told.startswith(f": the database 'shop' at 127.0.0.1:{port} ")
    if "let us in" not in told:
        assert told.endswith(
            "sent nothing of the table 'orders' for 1 seconds, and it was left, as it did not heed being called off; "
            "raise timeout_seconds if it is only slow."
        )


@pytest.fixture
def orders(postgres):
    """The server with many orders, one of them by a customer whose name nobody else bears."""
    postgres.sql(
        'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE orders ("order" int PRIMARY KEY, customer '
        "text, day timestamp, total numeric(12, 2)); INSERT INTO orders SELECT n, CASE n WHEN 200000 THEN "
        "'Rumpelstilzchen' ELSE 'ann' || n END, '2024-01-05', 1 FROM generate_series(1, 400000) n"
    )
    return postgres


def test_a_database_that_drops_in_the_middle_of_the_rows(firm, refused, orders):
    with falling_silent(orders.port, b"Rumpelstilzchen", drops=True) as port:
        firm.table(f"{orders.url.replace(str(orders.port), str(port))}?sslmode=disable")
        told = refused(at_most=60)
    assert told.startswith(": the connection broke; try again (the database says: ")


def test_a_database_that_falls_silent_in_the_middle_of_the_rows(firm, refused, orders):
    with falling_silent(orders.port, b"Rumpelstilzchen") as port:
        url = f"{orders.url.replace(str(orders.port), str(port))}?sslmode=disable"
        firm.table(url, "table: orders\n    timeout_seconds: 5")
        told = refused(at_most=60)
    assert told == (
        f": the database 'shop' at 127.0.0.1:{port} sent nothing of the table 'orders' for 5 seconds, and it was left, "
        "as it did not heed being called off; raise timeout_seconds if it is only slow."
    )


def test_a_database_that_refuses(firm, refused, orders, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", "wrong-secret")
    firm.table(orders.url)
    assert refused(at_most=30) == (
        ": it refuses the user or the password (the database says: FATAL: password authentication failed for user "
        '"crm").'
    )
    firm.table(orders.url.replace(str(orders.port), "1"))
    assert refused(at_most=30) == (
        ": it does not answer; is it there? (the database says: Connection refused Is the server running on that host "
        "and accepting TCP/IP connections?)."
    )


def test_a_database_that_lacks_the_table_or_the_column(firm, refused, orders):
    firm.table(orders.url, "table: odrers")
    assert refused(at_most=30) == (
        ": the database has no table 'odrers' that this user may read; did you mean 'orders'?"
    )
    firm.table(orders.url, "query: SELECT customer FROM orders LIMIT 5")
    assert refused(at_most=30).startswith("regulars: data/raw/shop/orders/orders.parquet has no column 'order', which")


def test_a_query_over_files_that_never_ends_is_called_off(firm, refused):
    endless = "query: SELECT count(*) AS n FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 1"
    firm.table("duckdb://", f"{endless}\n    timeout_seconds: 1")
    assert refused(at_most=15) == (
        ": the database of files sent nothing of the query for 1 seconds, and the query was called off; "
        "raise timeout_seconds if it is only slow."
    )


def test_a_patient_mapping_waits(firm, postgres):
    postgres.sql(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {SLOW.replace('50', '1.5')}")
    firm.table(postgres.url, "table: slow\n    timeout_seconds: 60")
    assert cli.main(["run", "ingest", "shop"]) == 0


@pytest.mark.parametrize("given", ["0", "-1", "soon", "1.5"])
def test_seconds_that_are_none(firm, refused, given):
    firm.table("duckdb://", f"query: SELECT 1\n    timeout_seconds: {given}")
    assert "timeout_seconds: " in (told := refused(at_most=5))
    assert "is not what this key takes. Whole seconds for which the database may keep silent" in told


# ---- Spark -----------------------------------------------------------------------------------------------------


def in_a_process_of_its_own(firm, *arguments: str) -> subprocess.CompletedProcess:
    # another cluster than that of the other tests, which this process may speak to
    command = [sys.executable, "-m", "regulars.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=firm.folder, env=os.environ)


def test_a_spark_that_never_lets_one_in(firm, cluster):
    with silent() as port:
        firm.table(f"spark://127.0.0.1:{port}", "table: orders\n    timeout_seconds: 3")
        done = in_a_process_of_its_own(firm, "run", "ingest", "shop")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"regulars: data/sources/shop.yaml: tables.orders.url: Spark at 127.0.0.1:{port} did not let us in within 3 "
        "seconds; is it a Spark master, and well? raise timeout_seconds if it is only slow."
    )
    assert (firm.folder / "data/raw/shop/manifest.json").read_text() == KEPT


@pytest.mark.full
def test_a_spark_without_a_free_worker(firm, cluster):
    firm.table(f"{cluster.master}?spark.executor.memory=900g", "table: orders\n    timeout_seconds: 20")
    done = in_a_process_of_its_own(firm, "run", "ingest", "shop")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "regulars: data/sources/shop.yaml: tables.orders.url: no worker of Spark at "
        f"{cluster.master.removeprefix('spark://')} was free for us within 20 seconds; start some, ask for less memory "
        "or fewer cores in the URL, or raise timeout_seconds."
    )


def test_a_worker_is_waited_for_and_no_longer_than_it_is_said(cluster):
    session = spark.connect(cluster.url, "x")._session
    assert spark._await_worker(session, "x", 20) is None, "one is there"
    nobody = mock.MagicMock()
    nobody.sparkContext.master = "spark://h:1"
    nobody.sparkContext._jsc.sc().statusTracker().getExecutorInfos.return_value = ["this process"]
    nobody.sparkContext.getConf().get.return_value = "false"
    with pytest.raises(UserError, match=r"^x: no worker of Spark at h:1 was free for us within 0\.2 seconds"):
        spark._await_worker(nobody, "x", 0.2)
    nobody.stop.assert_called_once()


def test_a_spark_that_is_not_there(firm, refused):
    firm.table("spark://127.0.0.1:1", "table: orders\n    timeout_seconds: 3")
    assert refused(at_most=10) == ".url: no Spark master answers at 127.0.0.1:1; is it there?"


def test_a_job_of_spark_that_stands_still_is_called_off(firm, refused, cluster):
    spark.connect(cluster.url, "x")  # to be let in takes longer
    nap = 'query: SELECT 1 AS `order`, reflect("java.lang.Thread", "sleep", 60000L) AS nap FROM range(2)'
    firm.table(cluster.url, f"{nap}\n    timeout_seconds: 3")
    told = refused(at_most=40)
    address = cluster.master.removeprefix("spark://")
    assert told == (
        f": Spark at {address} sent nothing of the query for 3 seconds, and the query was called off; "
        "raise timeout_seconds if it is only slow."
    )
    place = spark.connect(cluster.url, "x")
    begun = time.perf_counter()
    assert place._session.range(3).count() == 3
    assert time.perf_counter() - begun < 20, "its workers still sleep"


def test_the_engine_s_own_spark_is_waited_for_as_the_settings_say(monkeypatch):
    monkeypatch.setattr(spark, "connect", lambda *given: given)
    assert engine.connect({"url": "spark://h:1", "timeout_seconds": 7}) == ("spark://h:1", "params.yaml: engine.url", 7)
    assert engine.connect({"url": "spark://h:1"})[-1] == spark.PATIENCE


# ---- work that stands still ------------------------------------------------------------------------------------


def test_work_that_gets_on_is_not_called_off():
    done, calls = [], []
    with watched(0.4, lambda: calls.append(1), lambda: len(done)):
        for _ in range(8):
            time.sleep(0.1)
            done.append(1)
    assert not calls


def test_work_is_called_off_again_where_the_first_call_came_too_early():
    stop, calls = threading.Event(), []

    def call_off():
        calls.append(1)
        if len(calls) > 1:
            stop.set()

    def work():
        assert stop.wait(20)
        raise OSError("called off")

    with pytest.raises(SilenceError), watched(0.1, call_off):
        work()
    with pytest.raises(OSError, match="its own"), watched(10, call_off):
        raise OSError("its own")


def test_what_comes_too_late_is_put_away():
    late, opened = threading.Event(), threading.Event()
    with pytest.raises(SilenceError) as told:
        within(0.05, lambda: late.wait(20), too_late=lambda future: opened.set() if future.result() else None)
    assert not told.value.has_ended
    late.set()
    assert opened.wait(20)


def test_the_work_s_own_error_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
