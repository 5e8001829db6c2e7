"""The engine's limits: they change how the work is done, never what comes out."""

import hashlib

import ibis
import pytest

from regulars import cleaning
from regulars.engine import embedded as engine
from regulars.errors import UserError

GOOD = "engine:\n  memory_gb: {memory}\n  threads: {threads}\ndatasets:\n  shop: {{}}\n"


def setting(connection, name: str) -> str:
    return connection.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]


def test_the_limits_of_the_project_are_kept(shop):
    shop.write("params.yaml", GOOD.format(memory=1.5, threads=1))
    connection = engine.connect()
    assert setting(connection, "memory_limit") == "1.3 GiB"
    assert setting(connection, "threads") == 1
    assert setting(connection, "TimeZone") == "UTC"
    assert setting(connection, "temp_directory") == str(shop.folder / ".staging/spill")


def test_the_project_s_own_settings_are_known(root, monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(root))
    assert engine.limits() == {"url": "duckdb://", "timeout_seconds": 60, "memory_gb": 4, "threads": 0}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "memory: 3",
            "engine names 'memory', which is not a setting there; it has url, timeout_seconds, memory_gb, threads.",
        ),
        ("memory_gb: much", "engine.memory_gb is 'much'; give a number of gigabytes from 0.1."),
        ("memory_gb: 0", "engine.memory_gb is 0; give a number of gigabytes from 0.1."),
        ("timeout_seconds: 0", "engine.timeout_seconds is 0; give a number of seconds from 1."),
        ("threads: -1", "engine.threads is -1; give a number of processors, or 0 for all."),
        ("url: sqlite:///x", "engine.url is 'sqlite:///x'; it may be duckdb:// or spark://host:port."),
        ("url: 3", "engine.url is 3; it may be duckdb:// or spark://host:port."),
        ("threads: 1.5", "engine.threads is 1.5; give a number of processors, or 0 for all."),
    ],
)
def test_settings_that_make_no_sense(shop, section, told):
    shop.write("params.yaml", f"engine:\n  {section}\ndatasets:\n  shop: {{}}\n")
    with pytest.raises(UserError) as caught:
        engine.connect()
    assert str(caught.value) == f"params.yaml: {told}"


def test_what_does_not_fit_is_spilled(shop):
    shop.write("params.yaml", GOOD.format(memory=0.1, threads=1))
    connection = engine.connect()
    text = "hash(range)::text || repeat('x', 90)"
    connection.raw_sql(f"CREATE TABLE t AS SELECT range AS n, {text} AS s FROM range(2000000)")
    rows = connection.table("t").order_by(ibis.desc("s")).mutate(k=ibis.row_number()).filter(ibis._.k == 1_999_999)
    assert rows.count().to_pyarrow().as_py() == 1
    connection.disconnect()


def test_limits_change_nothing_in_what_comes_out(shop):
    rows = "".join(f"{n},c{n % 50},2024-{n % 12 + 1:02}-{n % 28 + 1:02},{n % 97}.{n % 10}\n" for n in range(20_000))

    def built(memory: float, threads: int) -> dict[str, str]:
        shop.write("params.yaml", GOOD.format(memory=memory, threads=threads))
        shop.orders(f"order,customer,day,total\n{rows}")
        cleaning.save(shop.clean())
        folder = shop.folder / "data/clean/shop"
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}

    assert built(4, 0) == built(0.2, 1) == built(1, 2)
