"""Reading text: dates, numbers and ids as exports write them."""

from datetime import datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from regulars.sources import parsing


@pytest.fixture(scope="module")
def read():
    engine = ibis.duckdb.connect()

    def run(function, texts, *settings):
        table = engine.create_table(
            "texts", pa.table({"text": pa.array(texts, pa.string())}), temp=True, overwrite=True
        )
        return table.select(value=function(table.text, *settings)).to_pyarrow().column("value").to_pylist()

    return run


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("iso", "2024-12-31", datetime(2024, 12, 31)),
        ("iso", "2024-12-31 14:05", datetime(2024, 12, 31, 14, 5)),
        ("iso", "2024-12-31T14:05:07.250", datetime(2024, 12, 31, 14, 5, 7, 250_000)),
        ("iso", "31/12/2024", None),
        ("iso", "2023-02-29", None),
        ("%Y%m%d", "19970101", datetime(1997, 1, 1)),
        ("%Y%m%d", "1997011", None),
        ("%d/%m/%Y %H:%M", "31/12/2024 14:05", datetime(2024, 12, 31, 14, 5)),
        ("%d/%m/%Y %H:%M", "1/2/2024 4:05", datetime(2024, 2, 1, 4, 5)),
        ("%d/%m/%Y", "31/02/2020", None),
        ("%d/%m/%Y", "12/31/2020", None),
        ("%m/%d/%y %H:%M", "12/1/10 8:26", datetime(2010, 12, 1, 8, 26)),
        ("%m/%d/%y", "12/1/69", datetime(1969, 12, 1)),
        ("%d-%b-%y", "22-Apr-15", datetime(2015, 4, 22)),
        ("%d %B %Y", "3 May 2020", datetime(2020, 5, 3)),
        ("%d/%m/%Y %I:%M %p", "03/05/2020 12:30 AM", datetime(2020, 5, 3, 0, 30)),
        ("%d/%m/%Y %I:%M %p", "03/05/2020 1:30 pm", datetime(2020, 5, 3, 13, 30)),
        ("%Y 年 %m 月 %d 日", "2010 年 6 月 25 日", datetime(2010, 6, 25)),
        ("%Y 年 %m 月 %d 日", "2010年6月25日", datetime(2010, 6, 25)),
        ("excel", "45657.5", datetime(2024, 12, 31, 12)),
        ("%Y 年 %m 月 %d 日", "２０１０年６月２５日", datetime(2010, 6, 25)),
        ("epoch", "1735653900", datetime(2024, 12, 31, 14, 5)),
        ("epoch", "1735653900000", datetime(2024, 12, 31, 14, 5)),
        ("epoch", "yesterday", None),
        ("epoch", "1e300", None),
        (["%d-%b-%y", "%m/%d/%Y"], "6/18/2015", datetime(2015, 6, 18)),
    ],
)
def test_dates(read, form, text, expected):
    assert read(parsing.read_timestamp, [text], form) == [expected]


@pytest.mark.parametrize("form", ["%Y-%m", "%Q", "day"])
def test_a_format_that_gives_no_day_is_refused(form):
    with pytest.raises(ValueError):
        parsing.date_pattern(form)


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("11.77", (), "11.77"),
        ("-0.5", (), "-0.5"),
        ("+3", (), "3"),
        (".5", (), "0.5"),
        ("5.", (), "5"),
        ("£3", (), "3"),
        ("￥1200", (), "1200"),
        ("(12.00)", (), "-12"),
        ("12.00-", (), "-12"),
        ("12 000.50", (), "12000.5"),
        ("12\u00a0000.50", (), "12000.5"),
        ("1,234.56", (".", ","), "1234.56"),
        ("1.234,56", (",", "."), "1234.56"),
        ("1.234.567", (",", "."), "1234567"),
        ("12,5", (",",), "12.5"),
        ("1'234.5", (".", "'"), "1234.5"),
        ("１２．５", (), "12.5"),
        ("－３", (), "-3"),
        ("￥１，２３４．５", (".", ","), "1234.5"),
        (" £ 12.50 ", (), "12.5"),
        ("-£10", (), "-10"),
        ("£-10", (), "-10"),
        ("(£1,200)", (".", ","), "-1200"),
        ("10 €", (), "10"),
        ("10¥", (), "10"),
        ("￥10元", (), "10"),
        ("- 1 234,50 €", (",",), "-1234.5"),
        ("1\u202f234,5", (",",), "1234.5"),
        ("12 50", (), None),
        ("12 000 50", (), None),
        ("1 2345", (), None),
        ("12€50", (), None),
        ("£10€", (), None),
        ("1£0", (), None),
        ("£", (), None),
        ("1.2万", (), "12000"),
        ("￥3.05亿", (), "305000000"),
        ("12元", (), "12"),
        ("1,5万", (",",), "15000"),
        ("99999999999999亿", (), None),
        ("1万2", (), None),
        ("万", (), None),
        ("2.55500000000003", (), "2.555"),
        ("1,234.56", (), None),
        ("1.234,56", (), None),
        ("12.5", (",",), None),
        ("NaN", (), None),
        ("inf", (), None),
        ("1e400", (), None),
        ("1e3", (), "1000"),
        ("-1.2345E+02", (), "-123.45"),
        ("1,5E+01", (",",), "15"),
        ("1e99", (), None),
        ("", (), None),
        ("--3", (), None),
        ("123456789012345", (), None),
        ("twelve", (), None),
    ],
)
def test_numbers(read, text, marks, expected):
    assert read(parsing.read_number, [text], *marks) == [None if expected is None else Decimal(expected)]


def test_truth_values(read):
    assert read(parsing.read_bool, ["yes", "N", "TRUE", "0", "maybe"]) == [True, False, True, False, None]


def test_ids_that_are_numbers(read):
    texts = ["17850", "17850.0", "017850", "0", "000", "12a", "1.5", "99999999999999999999"]
    expected = ["17850", "17850", "17850", "0", "0", None, None, "99999999999999999999"]
    assert read(parsing.number_id, texts) == expected
