"""Bad input, each through the command: one sentence, an exit code, and everything that was there before."""

import errno
import hashlib
import os
import resource
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from regulars import cleaning, cli
from regulars.errors import UserError
from regulars.settings import CleanSettings

ENOUGH = CleanSettings(
    seed=1, interval_level=0.9, privacy_min_cell=5, min_customers=500, min_days=180, max_quiet_days=30, min_orders=3,
    example_rows=5,
)  # fmt: skip
HEADER = "order,customer,day,total\n"
LOG = HEADER + "1,ann,2024-01-05,10.00\n2,bob,2024-01-06,12.50\n"
RAW = "data/raw/shop/orders/orders.csv"
MAPPING = "data/sources/shop.yaml"


@pytest.fixture
def firm(shop, root, capsys):
    """A dataset that was brought in, and then what a test puts in its place."""
    shop.write("params.yaml", (root / "params.yaml").read_text().replace("  demo:", "  shop: {}\n  demo:", 1))
    shop.write("dvc.yaml", "stages: {}\n")
    shop.orders(LOG)
    assert cli.main(["run", "ingest", "shop"]) == 0
    capsys.readouterr()
    return shop


def standing(folder: Path) -> dict[str, str]:
    files = [file for place in ("data/raw", "private") for file in (folder / place).rglob("*") if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def refused(firm, capsys):
    """Run a command; the one sentence that it ends with, after a look at what it left alone."""

    def run(*command: str, code: int = 1) -> str:
        before = standing(firm.folder)
        command = command or ("run", "ingest", "shop")
        assert cli.main(list(command)) == code
        told = capsys.readouterr()
        assert told.out.split() == (["shop", command[1], "begins"] if command[0] == "run" else [])
        lines = told.err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("regulars: ")
        assert "this should not have happened" not in lines[0]
        assert "\x1b" not in lines[0], "it steers no terminal"
        assert standing(firm.folder) == before
        assert not (firm.folder / ".staging" / "shop.ingest").exists()
        return lines[0].removeprefix("regulars: ")

    return run


@pytest.fixture
def not_cleaned(firm, refused, capsys):
    """Bring the file in, and clean it: the sentence that this ends with."""

    def run() -> str:
        assert cli.main(["run", "ingest", "shop"]) == 0
        (firm.folder / "private").mkdir()
        firm.write("private/scores.parquet", "of an earlier run")
        capsys.readouterr()
        return refused("score", "shop")

    return run


# ---- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", " is empty; supply a file with a header and rows."),
        (HEADER, " has a header and no rows: table orders is empty; supply rows or drop it."),
        (
            LOG.replace(",", ";"),
            f" has no column 'order', which {MAPPING} maps to orders.order_id; its rows are read as one column, "
            "'order;customer;day;total': name its delimiter under format.",
        ),
        (
            LOG + "3,cat,2024-01-07\n",
            ", row 3 below the header, has 3 values where the header has 4 ('3,cat,2024-01-07'); mend the row, or the "
            "delimiter, quote and skip_rows in the mapping.",
        ),
        (
            LOG + "3,cat,2024-01-07,5,6\n",
            ", row 3 below the header, has 5 values where the header has 4 ('3,cat,2024-01-07,5,6'); mend the row, or "
            "the delimiter, quote and skip_rows in the mapping.",
        ),
        (
            LOG + '3,"cat,2024-01-07,5\n4,dan,2024-01-08,6\n',
            ", line 4: the quote before 'cat,2024-01-07,5' never closes; close it, or name another quote (or none) in "
            "the mapping.",
        ),
        (
            LOG + '3,cat,2024-01-07,"5\n4,dan,2024-01-08,6\n',
            ", line 4: the quote before '5' never closes; close it, or name another quote (or none) in the mapping.",
        ),
        (LOG.replace("bob", "b\0b"), ", line 3, holds a NUL character; is it a text file?"),
        (
            LOG.replace("bob", "Zoë Müller").encode("latin-1"),
            ", line 3, is not utf-8 (byte 0xeb); name its encoding in the mapping: it looks like cp1252.",
        ),
        (
            LOG.replace("bob", "上海李雷").encode("gb18030"),
            ", line 3, is not utf-8 (byte 0xc9); name its encoding in the mapping: it looks like gb18030.",
        ),
        (
            LOG.encode("utf-16"),
            ", line 1, is not utf-8 (byte 0xff); name its encoding in the mapping: it looks like utf-16.",
        ),
        (
            LOG.replace("day", "date"),
            f" has no column 'day', which {MAPPING} maps to orders.ordered_at; it has order, customer, date, total.",
        ),
        (
            LOG.replace("total", "totals"),
            f" has no column 'total', which {MAPPING} maps to orders.amount; did you mean 'totals'?",
        ),
        (
            LOG.replace("day", "\x1b[31mday"),
            f" has no column 'day', which {MAPPING} maps to orders.ordered_at; did you mean '[31mday'?",
        ),
        (
            LOG.replace("day", "Total"),
            f" has no column 'day', which {MAPPING} maps to orders.ordered_at; it has order, customer, Total, "
            "total (2).",
        ),
    ],
)
def test_a_file_that_is_not_as_it_should_be(firm, refused, content, told):
    firm.orders(content)
    assert refused() == RAW + told


def test_a_file_that_is_not_there(firm, refused):
    (firm.folder / "orders.csv").unlink()
    assert refused() == (
        f"{MAPPING}: tables.orders.path: there is no file 'orders.csv'; paths start at the project's folder."
    )


def test_a_compressed_file_that_is_cut_short(firm, refused):
    import gzip

    firm.orders(gzip.compress(LOG.encode() * 100)[:40], name="orders.csv.gz")
    assert refused() == f"{RAW}.gz is not a gzip file, or is cut short; supply it again."


# ---- values ----------------------------------------------------------------------------------------------------

DATE = f"cannot be read as a date; mend it, or in {MAPPING} name its date_format or set on_unreadable to reject."
NUMBER = (
    f"cannot be read as a number; mend it, or in {MAPPING} name its decimal and thousands marks or set on_unreadable "
    "to reject."
)


@pytest.mark.parametrize(
    ("first", "value", "form"),
    [
        ("06/01/2024", "31/02/2020", "'%d/%m/%Y'"),
        ("2024-01-06", "2024-02-30", "iso"),
        ("2024-01-06", "1706745600", "iso"),
        ("2024-01-06", "45321", "iso"),
        ("2024-01-06", "2024-01-07 25:00", "iso"),
        ("2024-01-06", "07.01.2024", "[iso, '%d/%m/%Y']"),
        ("2024-01-06", "2010 年 6 月 25 日", "iso"),
        ("1706745600", "yesterday", "epoch"),
        ("45321", "1e400", "excel"),
    ],
)
def test_a_date_that_the_calendar_or_the_declared_formats_do_not_have(firm, not_cleaned, first, value, form):
    firm.orders(f"{HEADER}1,ann,{first},10\n2,bob,{value},5\n", f"date_format: {form}")
    assert not_cleaned() == f"{RAW}, row 2 below the header, column 'day': {value!r} {DATE}"


@pytest.mark.parametrize("value", ["1.234,56", "NaN", "1e400", "inf", "(12.00", "12.00 EUR", "1.2.3", "9" * 30, "£"])
def test_an_amount_that_is_no_number(firm, not_cleaned, value):
    firm.orders(f'{HEADER}1,ann,2024-01-05,10\n2,bob,2024-01-06,"{value}"\n')
    assert not_cleaned() == f"{RAW}, row 2 below the header, column 'total': {value!r} {NUMBER}"


@pytest.mark.parametrize(
    ("rows", "end", "reason"),
    [
        ("1,,2024-01-05,10\n2,,2024-01-06,12\n", "last_order_day", "missing_customer"),
        ("1,ann,2999-01-05,10\n2,bob,2999-01-06,12\n", "2024-12-31", "after_observation"),
        ("1,ann,0001-01-01,10\n2,bob,0001-01-02,12\n", "2024-12-31", "date_out_of_range"),
        ("1,ann,,10\n2,bob,,12\n", "2024-12-31", "missing_value"),
    ],
)
def test_no_row_that_can_be_used(firm, not_cleaned, rows, end, reason):
    """All customers missing, all orders in the future, all before the calendar of firms, no dates at all."""
    firm.orders(HEADER + rows)
    firm.map((firm.folder / MAPPING).read_text().replace("last_order_day", end))
    assert not_cleaned() == (
        f"{RAW}: no row of orders is left after cleaning; 2 of 2 rows are rejected as '{reason}'; check the mapping of "
        "that column."
    )


def test_an_order_number_on_two_rows(firm, not_cleaned):
    firm.orders(LOG + "2,cat,2024-01-07,5\n")
    assert not_cleaned() == (
        f"{RAW}, row 3 below the header: order_id '2' came before in another row; if each row is a line of an order, "
        f"map the file to order_lines, or set repeated_key to first or last in {MAPPING}."
    )


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [("£10", "€10", "€, and that of row 1 in £"), ("10¥", "$ 9.50", "$, and that of row 1 in ¥")],
)
def test_money_with_the_signs_of_two_currencies(firm, not_cleaned, first, second, shown):
    firm.write("orders.csv", f"order,customer,day,total\n1,ann,2024-01-05,{first}\n2,ben,2024-02-06,{second}\n")
    assert not_cleaned() == (
        f"{RAW}, row 2 below the header, column 'total': the amount is in {shown}; map the column that names the "
        "currency, or make a dataset of each."
    )


def test_money_of_two_currencies(firm, not_cleaned):
    firm.orders("order,customer,day,total,money\n1,ann,2024-01-05,10,eur\n2,ann,2024-01-06,10,USD\n")
    firm.map((firm.folder / MAPPING).read_text().replace("amount: total", "amount: total, currency: money"))
    assert not_cleaned() == (
        f"{RAW}, row 2 below the header: the currency is 'USD', but {MAPPING} says EUR; name what one unit of it is "
        "worth under rates, or make a dataset of each currency."
    )


@pytest.mark.parametrize(
    ("rows", "end", "told"),
    [
        ("1,ann,2024-01-05,10\n2,ann,2024-03-05,10\n", "2024-12-31",
         "row 0: there is one customer only; a model of how customers differ needs at least two."),
        ("".join(f"{n},c{n},2024-{n % 12 + 1:02}-05,10\n" for n in range(50)), "2024-12-31",
         "row 0: frequency is 0, as in all rows; without a single repeat order nothing can be fitted."),
        ("".join(f"{n},c{n % 20},2024-01-05,10\n" for n in range(50)), "last_order_day",
         "row 0: T is 0, as in all rows; nothing was observed after the first orders."),
    ],
    ids=["one customer", "one order each", "every order on one day"],
)  # fmt: skip
def test_orders_of_which_no_model_can_be_made(firm, not_cleaned, rows, end, told):
    """The pages say what there is too little of (below); scores alone cannot be had."""
    firm.orders(HEADER + rows)
    firm.map((firm.folder / MAPPING).read_text().replace("last_order_day", end))
    assert not_cleaned() == f"These orders cannot be modelled: {told}"


# ---- mappings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
         ", line 2: this is not valid YAML (aliases are not read here); mend that line."),
        ("[" * 5_000, ": it is nested too deeply to be a mapping; write it as the schema says."),
        ("tables: " + "{a: " * 3_000, ": it is nested too deeply to be a mapping; write it as the schema says."),
        ("title: !!python/object/apply:os.system [id]\n", ", line 1: this is not valid YAML (could not determine a "
         "constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system'); mend that line."),
        ("title: 'x\n", ", line 2: this is not valid YAML (found unexpected end of stream); mend that line."),
    ],
)  # fmt: skip
def test_a_mapping_that_is_a_bomb_or_nonsense(firm, refused, content, told):
    firm.map(content)
    begun = time.perf_counter()
    assert refused() == MAPPING + told
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title:", "titel:", "'titel' is not a key here; did you mean 'title'?"),
        ("title: Corner Shop", "title: 7",
         "title: 7 is not what this key takes. Name of the firm or the data set, as the pages print it."),
        ("simulated: false", "simulated: perhaps", "simulated: 'perhaps' is not what this key takes. true puts a "
         "banner on every page: these numbers are not of a real firm."),
        ("path: orders.csv", "path: {a: b}", "tables.orders.path: {'a': 'b'} is not what this key takes. File or glob, "
         "from the project's folder: .csv .tsv .txt (also .gz, or in a .zip), .xlsx or .parquet. A list names "
         "several of equal columns."),
        ("amount: total", "amuont: total",
         "tables.orders.columns: 'amuont' is not a column of orders; did you mean 'amount'?"),
    ],
)  # fmt: skip
def test_an_unknown_key_and_a_wrong_type(firm, refused, old, new, told):
    firm.map((firm.folder / MAPPING).read_text().replace(old, new))
    assert refused() == f"{MAPPING}: {told}"


# ---- the machine -----------------------------------------------------------------------------------------------


def test_a_full_disk(firm, refused, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert refused(code=3) == "the disk is full: free some space; earlier outputs stand."


@contextmanager
def files_of_at_most(size: int):
    """The system itself refuses more, to whoever writes: Python, Arrow or the engine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_limit_on_the_size_of_files(firm, refused):
    firm.orders(LOG + "".join(f"{n},ann,2024-01-05,1\n" for n in range(3, 20_000)))
    with files_of_at_most(100_000):
        assert refused(code=3) == "a file would be larger than is allowed here: raise the limit; earlier outputs stand."


def test_a_limit_that_the_engine_runs_into(firm, refused, capsys):
    rows = "".join(f"{n},c{n % 700}-{n % 13},2024-0{n % 9 + 1}-05,{n}\n" for n in range(3, 20_000))
    firm.orders(LOG + rows)
    assert cli.main(["run", "ingest", "shop"]) == 0
    capsys.readouterr()
    with files_of_at_most(20_000):
        told = refused("score", "shop", code=3)
    assert told.startswith("a file would be larger than is allowed here: raise the limit")


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
    assert refused(code=3) == told


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
        (["１２．５", "1.2万", "￥3", "3元", "(12.00)"], "", [12.5, 12000, 3, 3, -12]),
        (["£3", "£12"], "", [3, 12]),
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
        (["1277467200", "1277553600000"], "epoch"),
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
    checks = cleaning.sufficiency(cleaned.kept["orders"], about.observation_start, about.observation_end, ENOUGH)
    assert set(checks.loc[~checks["is_met"], "check"]) == unmet
    assert cleaning.save(cleaned)


HUGE = "99999999999999"  # the largest amount that can be read


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,ann,2024-01-05,p,1000000,1000000000000\n",
         "row 1 below the header: 1000000 pieces at 1000000000000 are more money than there is; mend the row"),
        ("1,,2024-01-05,p,1000000,1000000000000\n", "row 1 below the header: 1000000 pieces at 1000000000000 are more"),
        (f"1,ann,2024-01-05,p,1,{HUGE}\n1,ann,2024-01-05,q,1,{HUGE}\n",
         "Table order_lines, order '1': its lines add up to more money than there is; mend one of them."),
    ],
)  # fmt: skip
def test_more_money_than_there_is(shop, rows, told):
    shop.lines("order,customer,day,product,qty,price\n" + rows + "2,ben,2024-02-05,p,1,1\n")
    with pytest.raises(UserError) as caught:
        shop.clean()
    assert told in str(caught.value)


def test_a_rejected_row_of_more_money_than_there_is(shop):
    shop.lines(
        "order,customer,day,product,qty,price\n1,ann,2024-01-05,p,1000000,1000000000000\n2,ben,2024-02-05,p,1,1\n"
    )
    shop.map((shop.folder / "data/sources/shop.yaml").read_text() + "on_unreadable: reject\n")
    account = shop.clean().ledger["tables"]["order_lines"]
    assert account["rows"]["rejected"] == 1 and account["amount"]["raw"] == account["amount"]["kept"] == 1


@pytest.mark.parametrize("rate", ["1000", "999999999"])
def test_money_that_a_rate_makes_larger_than_there_is(shop, rate):
    shop.orders(f"order,customer,day,total,money\n1,ann,2024-01-05,{HUGE},USD\n2,ann,2024-01-06,10,EUR\n")
    mapping = (shop.folder / "data/sources/shop.yaml").read_text()
    mapping = mapping.replace("amount: total", "amount: total, currency: money")
    shop.map(f"{mapping}rates:\n  USD: {rate}\n")
    with pytest.raises(UserError) as caught:
        shop.clean()
    assert f"row 1 below the header, column 'total': '{HUGE}' cannot be read as a number" in str(caught.value)
