"""Bad input, each through the command: one sentence, an exit code, and everything that was there before."""

import errno
import hashlib
import os
import resource
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest

from regulars import cleaning, cli, quality

LOG = "order,customer,day,total\n1,ann,2024-01-05,10.00\n2,bob,2024-01-06,12.50\n"
PARAMS = "common:\n  seed: 1\ningest: {}\ndatasets:\n  shop: {}\n"


@pytest.fixture
def firm(shop, capsys):
    """A dataset that was brought in, and then what a test puts in its place."""
    shop.write("params.yaml", PARAMS)
    shop.write("dvc.yaml", "stages: {}\n")
    shop.orders(LOG)
    assert cli.main(["run", "ingest", "shop"]) == 0
    capsys.readouterr()
    return shop


def standing(folder: Path) -> dict[str, str]:
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in (folder / "data/raw").rglob("*") if f.is_file()}


@pytest.fixture
def refused(firm, capsys):
    """Run the stage; the one sentence that it ends with, after a look at what it left alone."""

    def run() -> str:
        before = standing(firm.folder)
        assert cli.main(["run", "ingest", "shop"]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        lines = told.err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("regulars: ")
        assert "this should not have happened" not in lines[0]
        assert standing(firm.folder) == before
        assert not (firm.folder / ".staging" / "shop.ingest").exists()
        return lines[0].removeprefix("regulars: ")

    return run


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "data/raw/shop/orders/orders.csv is empty; supply a file with a header and rows."),
        ("order,customer,day,total\n", "has a header and no rows: table orders is empty; supply rows or drop it."),
        (LOG.replace(",", ";"), "has no column 'order', which data/sources/shop.yaml maps to orders.order_id"),
        (LOG + "3,cat,2024-01-07\n", "row 3 below the header, has 3 values where the header has 4"),
        (LOG + "3,cat,2024-01-07,5,6\n", "row 3 below the header, has 5 values where the header has 4"),
        (LOG + '3,"cat,2024-01-07,5\n4,dan,2024-01-08,6\n', "line 4: the quote before 'cat,2024-01-07,5' never closes"),
        (LOG + '3,cat,2024-01-07,"5\n4,dan,2024-01-08,6\n', "line 4: the quote before '5' never closes; close it, or"),
        (LOG.replace("bob", "b\0b"), "orders.csv, line 3, holds a NUL character; is it a text file?"),
        (LOG.replace("bob", "Zoë").encode("latin-1"), "line 3, is not utf-8 (byte 0xeb); name its encoding"),
        (LOG.replace("bob", "李雷").encode("gb18030"), "line 3, is not utf-8 (byte 0xc0); name its encoding"),
        (LOG.replace("day", "date"), "has no column 'day', which data/sources/shop.yaml maps to orders.ordered_at"),
        (LOG.replace("day", "Total"), "has the column 'total' twice; rename one of them."),
    ],
)
def test_a_file_that_is_not_as_it_should_be(firm, refused, content, told):
    firm.orders(content)
    assert told in refused()


def test_a_file_that_is_not_there(firm, refused):
    firm.orders(LOG)
    (firm.folder / "orders.csv").unlink()
    assert refused().startswith("data/sources/shop.yaml: tables.orders.path: there is no file 'orders.csv'")


def test_a_compressed_file_that_is_cut_short(firm, refused):
    import gzip

    firm.orders(gzip.compress(LOG.encode() * 100)[:40], name="orders.csv.gz")
    assert "orders.csv.gz is not a gzip file, or is cut short; supply it again." in refused()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "aliases are not read here"),
        ("[" * 5_000, "data/sources/shop.yaml"),
        ("tables: " + "{a: " * 3_000, "data/sources/shop.yaml"),
        ("title: !!python/object/apply:os.system [id]\n", "data/sources/shop.yaml, line 1: this is not valid YAML"),
        ("title: 7\n", "data/sources/shop.yaml"),
        ("nonsense: 1\n", "'nonsense' is not a key here"),
    ],
)
def test_a_mapping_that_is_a_bomb_or_nonsense(firm, refused, content, told):
    firm.map(content)
    begun = time.perf_counter()
    assert told in refused()
    assert time.perf_counter() - begun < 10


def test_a_full_disk(firm, refused, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert refused() == "the disk is full: free some space; earlier outputs stand."


def test_a_limit_on_the_size_of_files(firm, refused):
    firm.orders(LOG + "".join(f"{n},ann,2024-01-05,1\n" for n in range(3, 20_000)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        assert "a file would be larger than is allowed here: raise the limit" in refused()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_permission(firm, refused, monkeypatch):
    file = firm.folder / "orders.csv"
    file.chmod(0)
    if os.access(file, os.R_OK):  # root reads everything: refuse in its place
        real = Path.open

        def guarded(path, *arguments, **options):
            if path == file:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(Path, "open", guarded)
    told = "there is no permission to read or write what is needed: change it (orders.csv); earlier outputs stand."
    assert refused() == told


# ---- what is read, strange as it is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "customer",
    [
        "99999999999999999999999",
        "007",
        "李雷",
        "Zoë",
        "o'neil",
        "x'; DROP TABLE raw_orders; --",
        '"',
        "NULL",
        "\u202eabc",
    ],
)
def test_any_text_names_a_customer(shop, customer):
    quoted = customer.replace('"', '""')
    shop.orders(f'order,customer,day,total\n1,"{quoted}",2024-01-05,10\n2,ann,2024-01-06,1\n')
    assert customer in shop.clean().tables["orders"]["customer_id"].tolist()


def test_ids_that_differ_beyond_64_bits_stay_apart(shop):
    ids = [f"123456789012345678901{n}" for n in range(5)]
    shop.orders("order,customer,day,total\n" + "".join(f"{n},{c},2024-01-05,1\n" for n, c in enumerate(ids)))
    assert shop.clean().tables["orders"]["customer_id"].tolist() == ids


@pytest.mark.parametrize(
    ("texts", "form", "expected"),
    [
        (["１２．５", "1.2万", "￥3", "£3", "(12.00)"], "", [12.5, 12000, 3, 3, -12]),
        (['"1.234,56"', '"0,5"'], "format: {decimal: ',', thousands: '.'}", [1234.56, 0.5]),
    ],
)
def test_amounts(shop, texts, form, expected):
    rows = "".join(f"{n},c{n},2024-01-0{n + 1},{text}\n" for n, text in enumerate(texts))
    shop.orders(f"order,customer,day,total\n{rows}", form)
    assert shop.clean().tables["orders"]["amount"].tolist() == expected


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2010 年 6 月 25 日", "2010年6月26日"], "'%Y 年 %m 月 %d 日'"),
        (["1277424000", "1277510400"], "epoch"),
        (["40354", "40355.5"], "excel"),
        (["25/06/2010", "2010-06-26"], "[iso, '%d/%m/%Y']"),
    ],
)
def test_dates(shop, texts, form):
    rows = "".join(f"{n},c{n},{text},1\n" for n, text in enumerate(texts))
    shop.orders(f"order,customer,day,total\n{rows}", f"date_format: {form}")
    days = shop.clean().tables["orders"]["ordered_at"].dt.strftime("%Y-%m-%d")
    assert days.tolist() == ["2010-06-25", "2010-06-26"]


def test_an_hour_that_the_clock_skipped_stays_on_its_day(shop):
    """02:30 of 31 March 2024 does not exist in Berlin; 02:30 of 27 October exists twice."""
    shop.orders("order,customer,day,total\n1,a,2024-03-31 02:30,1\n2,a,2024-10-27 02:30,1\n3,a,2024-10-27 23:59,1\n")
    orders = shop.clean().tables["orders"]
    assert orders["ordered_at"].tolist() == [
        pd.Timestamp("2024-03-31 02:30"), pd.Timestamp("2024-10-27 02:30"), pd.Timestamp("2024-10-27 23:59"),
    ]  # fmt: skip


def test_days_before_the_calendar_of_firms_and_after_the_end_are_counted(shop):
    shop.orders(LOG + "3,cat,0001-01-01,5\n4,dan,2999-01-01,6\n")
    text = (shop.folder / "data/sources/shop.yaml").read_text()
    shop.map(text.replace("last_order_day", "2024-12-31"))
    reasons = shop.clean().ledger["tables"]["orders"]["reasons"]
    assert {code: reason["rows"] for code, reason in reasons.items()} == {
        "date_out_of_range": 1,
        "after_observation": 1,
    }


def test_ten_thousand_columns(shop):
    more = [f"x{n}" for n in range(9_996)]
    row = ",".join("y" for _ in more)
    shop.orders("\n".join([f"order,customer,day,total,{','.join(more)}", f"1,ann,2024-01-05,10,{row}"]) + "\n")
    begun = time.perf_counter()
    assert len(shop.clean().tables["orders"]) == 1
    assert time.perf_counter() - begun < 20


@pytest.mark.parametrize(
    ("rows", "unmet"),
    [
        ([(n, "ann", "2024-01-05") for n in range(600)], {"customers", "days"}),
        ([(n, f"c{n}", f"2024-{n % 12 + 1:02}-05") for n in range(600)], {"repeaters"}),
        ([(n, f"c{n}", "2024-01-05") for n in range(600)], {"days", "repeaters"}),
    ],
)
def test_too_little_to_conclude_from_is_said(shop, rows, unmet):
    shop.orders("order,customer,day,total\n" + "".join(f"{n},{c},{day},{n + 1}\n" for n, c, day in rows))
    cleaned = shop.clean()
    about = cleaned.about
    checks = quality.sufficiency(cleaned.tables["orders"], about.observation_start, about.observation_end)
    assert set(checks.loc[~checks["is_met"], "check"]) == unmet
    assert cleaning.save(cleaned)
