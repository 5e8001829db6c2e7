"""A first mapping from files: right where they show it, a question where they do not."""

import csv
import datetime as dt
import gzip
import random

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from regulars import cli
from regulars.errors import UserError
from regulars.sources.discovery import find_encoding, new_dataset, with_dataset
from regulars.sources.discovery.values import dates, is_number_id, numbers
from regulars.sources.mapping import load_mapping

PARAMS = """\
# knobs
common:
  seed: 1   # of everything random
clean: {}

datasets:
  # what is built
  old:
    common: {}
    clean: {}   # as it was
"""
LOG = "Order No,Customer,Date,Total £\n1,ann,25/12/2023,10.00\n2,bob,03/01/2024,12.50\n"


@pytest.fixture
def firm(shop):
    """A folder with params.yaml, to which a test adds files."""
    shop.write("params.yaml", PARAMS)
    return shop


def new(firm, name: str, content: str | bytes, **settings):
    firm.write(name, content)
    return new_dataset("shop", [str(firm.folder / name)], **settings)


# ---- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["2024-01-05", "2024-12-31 10:30"], ("iso",)),
        (["25/12/2023", "01/02/2024"], ("%d/%m/%Y",)),
        (["12/25/23 8:05", "1/2/24 17:30"], ("%m/%d/%y %H:%M",)),
        (["25.12.2023"], ("%d.%m.%Y",)),
        (["2023/12/25", "2023/01/02"], ("%Y/%m/%d",)),
        (["19970131", "19970201"], ("%Y%m%d",)),
        (["22-Apr-15", "04-Aug-15", "31-Jan-15"], ("%d-%b-%y",)),
        (["June 25, 2010"], ("%b %d, %Y",)),
        (["2010 年 6 月 25 日", "2010年12月1日"], ("%Y 年 %m 月 %d 日",)),
        (["２０１０年６月２５日"], ("%Y 年 %m 月 %d 日",)),
        (["12/25/2023 01:05 PM"], ("%m/%d/%Y %I:%M %p",)),
        (["45657", "45658.5"], ("excel",)),
        (["1735653900"], ("epoch",)),
        (["2023-12-25", "25/12/2023"], ("iso", "%d/%m/%Y")),
    ],
)
def test_dates_that_show_how_they_are_written(values, formats):
    found = dates(values)
    assert (found.formats, found.choices) == (formats, ())


def test_a_day_that_could_be_a_month_is_asked_for():
    found = dates(["04/08/2015", "01/02/2015", "12/11/2015"])
    assert found.formats == ()
    assert found.choices == (
        ("%d/%m/%Y", dt.date(2015, 2, 1), dt.date(2015, 11, 12)),
        ("%m/%d/%Y", dt.date(2015, 1, 2), dt.date(2015, 12, 11)),
    )


def test_one_value_decides_however_many_could_not():
    unclear = [f"{day:02}/{month:02}/2015" for day in range(1, 13) for month in range(1, 13)]
    assert len(dates(unclear).choices) == 2
    assert dates([*unclear, "13/01/2015"]).formats == ("%d/%m/%Y",)
    assert dates([*unclear, "01/13/2015"]).formats == ("%m/%d/%Y",)
    assert not dates([*unclear, "13/01/2015", "01/13/2015"]).found


def test_dates_written_in_any_format_are_read_back_or_asked():
    """Write random days in a format: what comes back is that format, or choices that hold it."""
    draw = random.Random(1)
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y-%m-%d", "%m-%d-%y", "%d %b %Y"):
        for count in (1, 5, 100):
            days = [dt.date(2021, 1, 1) + dt.timedelta(draw.randrange(1000)) for _ in range(count)]
            found = dates(list({day.strftime(form) for day in days}))
            named = found.formats or [choice for choice, _, _ in found.choices]
            assert (form if form != "%Y-%m-%d" else "iso") in named
            if count == 100:
                assert found.formats


@pytest.mark.parametrize("values", [[], ["ann"], ["31/02/2020"], ["12", "7"], ["0.5"], ["85123A"]])
def test_what_is_no_date(values):
    assert not dates(values).found


# ---- numbers and ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        (["10", "2.50"], (".", None)),
        (["10,5"], (",", None)),
        (["1.234,50", "3"], (",", ".")),
        (["1,234.50"], (".", ",")),
        (["1.234.567"], (",", ".")),
        (["1'234.5"], (".", "'")),
        (["£3", "(12.00)", "4.5-"], (".", None)),
        (["１２．５", "1.2万"], (".", None)),
    ],
)
def test_marks_of_numbers(values, marks):
    found = numbers(values)
    assert found.found
    assert not found.is_open
    assert (found.decimal, found.thousands) == marks


@pytest.mark.parametrize("values", [["1,234"], ["1.234", "2.000"]])
def test_a_mark_that_could_be_either_is_open(values):
    assert numbers(values).is_open


@pytest.mark.parametrize("values", [["ann"], ["NaN"], ["1e400"], ["2024-01-05"], ["1", "x"]])
def test_what_is_no_number(values):
    assert not numbers(values).found


def test_ids_dressed_up_as_numbers():
    assert is_number_id(["17850.0", "12"])
    assert not is_number_id(["17850", "12"])
    assert not is_number_id(["17850.5"])


# ---- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        ("plain", "ascii", "ascii"),
        ("Zoë,İstanbul", "utf-8", "utf-8"),
        ("Zoë", "utf-16", "utf-16"),
        ("Zoë café", "latin-1", "cp1252"),
        ("李雷 上海 订单", "gb18030", "gb18030"),
        ("五金店，数量：三", "gb18030", "gb18030"),
    ],
)
def test_encodings(text, written, found):
    assert find_encoding(text.encode(written))[0] == found


def test_a_log_is_mapped_and_builds(firm):
    proposal = new(firm, "log.csv", LOG)
    assert proposal.questions == []
    table = load_mapping("shop").tables["orders"]
    assert {key: spec["column"] for key, spec in table["columns"].items()} == {
        "order_id": "Order No", "customer_id": "Customer", "ordered_at": "Date", "amount": "Total £",
    }  # fmt: skip
    orders = _clean().tables["orders"]
    assert orders["amount"].tolist() == [10, 12.5]
    assert orders["ordered_at"].dt.date.tolist() == [dt.date(2023, 12, 25), dt.date(2024, 1, 3)]


def _clean():
    from regulars.cleaning import clean
    from regulars.sources.ingest import ingest

    ingest("shop", {"seed": 1})
    return clean("shop")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.csv", "\ufeff" + LOG),
        ("log.csv.gz", gzip.compress(LOG.encode(), mtime=0)),
        ("log.txt", LOG.replace(",", "\t").encode("utf-16")),
        ("log.csv", LOG.replace(",", ";").replace("10.00", "10,00").replace("12.50", "12,50").encode("latin-1")),
        ("log.tsv", LOG.replace(",", "\t")),
        ("log.csv", LOG.replace(",", "|")),
        (
            "log.csv",
            "订单号,客户,下单日期,金额\n1,李雷,2023年12月25日,￥10\n2,韩梅,2024年1月3日,￥12.5\n".encode("gb18030"),
        ),
        ("log.csv", 'Order No,Customer,Date,Total £\n1,"ann, jr",25/12/2023,10\n2,"bob\nsmith",03/01/2024,12.5\n'),
    ],
)
def test_however_it_is_written_the_same_log_is_read(firm, name, content):
    new(firm, name, content, currency="GBP")
    orders = _clean().tables["orders"]
    assert orders["amount"].tolist() == [10, 12.5]
    assert orders["ordered_at"].dt.date.tolist() == [dt.date(2023, 12, 25), dt.date(2024, 1, 3)]


def test_an_unclear_date_stops_the_build_until_it_is_answered(firm):
    proposal = new(firm, "log.csv", LOG.replace("25/12", "05/12"))
    assert len(proposal.questions) == 1
    assert "%d/%m/%Y gives 2023-12-05 to 2024-01-03; %m/%d/%Y gives 2023-05-12 to 2024-03-01" in proposal.questions[0]
    with pytest.raises(UserError, match=r"ordered_at\.date_format is still a question"):
        load_mapping("shop")
    mapping = firm.folder / "data/sources/shop.yaml"
    mapping.write_text(mapping.read_text().replace('date_format: "?"', 'date_format: "%m/%d/%Y"'))
    assert _clean().tables["orders"]["ordered_at"].dt.month.tolist() == [5, 3]


def test_a_number_that_could_be_a_thousand_is_asked_for(firm):
    proposal = new(firm, "log.csv", LOG.replace("10.00", '"1,000"').replace("12.50", '"2,500"'))
    assert any("is '1,000' in 'Total £' a thousand" in question for question in proposal.questions)


def test_lines_with_cancellations_and_fees(firm):
    rows = [f"{n},c{n % 7},2024-01-{n % 28 + 1:02},P{n % 9},2,3.50" for n in range(300)]
    rows += [f"C{n},c{n % 7},2024-02-01,P{n % 9},-2,3.50" for n in range(10)] + ["999,c1,2024-02-02,POST,1,4"]
    proposal = new(
        firm, "lines.csv", "\n".join(["invoice,client,invoice_date,sku,qty,unit_price", *rows, rows[0]]), currency="EUR"
    )
    assert proposal.questions == []
    table = load_mapping("shop").tables["order_lines"]
    assert table["cancellations"] == {"order_id_prefix": "C"}
    assert table["duplicates"] == "merge"
    assert "codes: [POST]" in proposal.text
    assert any("1 rows have product codes like POST" in line for line in proposal.unsure)


@pytest.mark.parametrize(
    ("header", "table"),
    [
        ("Rechnungsnr.;Kundennr.;Datum;Artikelnr.;Menge;Einzelpreis", "order_lines"),
        ("Auftragsnummer;Kunden-ID;Verkaufsdatum;Artikel;Stückzahl;Preis", "order_lines"),
        ("Belegnummer;Käufer;Rechnungsdatum;;;Gesamtbetrag", "orders"),
        ("N° commande;Client;Date de commande;Référence;Quantité;Prix unitaire", "order_lines"),
        ("Numero_pedido;ID cliente;Fecha pedido;Producto;Cantidad;Precio", "order_lines"),
        ("Numero ordine;Codice;Data;Articolo;Quantità;Prezzo", "order_lines"),
        ("订单编号;客户编号;下单时间;商品编号;数量;单价", "order_lines"),
    ],
)
def test_headers_of_other_languages(firm, header, table):
    names = header.split(";")
    row = ["A1", "k7", "13.05.2024", "X1", "2", "3,50"]
    cells = [(name, value) for name, value in zip(names, row, strict=True) if name]
    log = (
        "\n".join(";".join(part) for part in zip(*cells, strict=True)) + "\nA2;k8;14.05.2024" + ";1" * (len(cells) - 3)
    )
    proposal = new(firm, "log.csv", log + "\n", currency="EUR")
    wanted = {"order_lines": ["order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price"],
              "orders": ["order_id", "customer_id", "ordered_at", "amount"]}[table]  # fmt: skip
    asked = ["customer_id"] if "Codice" in names else []
    told = yaml.safe_load(proposal.text)["tables"][table]["columns"]
    found = {target: spec.get("column") if isinstance(spec, dict) else spec for target, spec in told.items()}
    kept = [name for name in names if name]
    expected = {target: "?" if target in asked else name for target, name in zip(wanted, kept, strict=True)}
    assert found == expected
    assert len(proposal.questions) == len(asked)


def test_titles_above_the_header_are_passed_over(firm):
    log = (
        "Export vom 01.04.2025\n\n"
        + "Rechnungsnr.;Datum;Kundennr.;Betrag\n"
        + "".join(f"RE{n};{n + 1}.01.2024;k{n % 3};{n},50\n" for n in range(25))
    )
    proposal = new(firm, "log.csv", log, currency="EUR")
    assert proposal.questions == []
    assert load_mapping("shop").tables["orders"]["format"] == {"delimiter": ";", "skip_rows": 2, "decimal": ","}
    assert any("the first 2 lines hold no table and are passed over" in line for line in proposal.unsure)
    assert firm.clean().tables["orders"]["amount"].sum() == sum(range(25)) + 12.5


def test_lines_whose_order_goes_by_an_unknown_name_ask_for_it(firm):
    content = "Wotsit,Customer,Date,SKU,Qty,Price\nA1,ann,2024-05-13,X1,2,3.50\nA1,ann,2024-05-13,X2,1,5\n"
    proposal = new(firm, "lines.csv", content, currency="EUR")
    assert proposal.questions == [
        "tables.order_lines.columns.order_id: which column of lines.csv is it? No column of the file fits."
    ]
    assert proposal.has_orders


@pytest.mark.parametrize(("goods", "told"), [("P{}", True), ("mug", False)])
def test_postage_in_every_order_is_noticed_where_goods_are_numbered(firm, goods, told):
    rows = ["invoice,client,invoice_date,sku,qty,unit_price", "999,c1,2024-01-03,P1,1,2"]
    for n in range(300):
        code = goods.format(n % 9) if n % 2 else "SHIPPING"
        rows.append(f"{n // 2},c{n % 7},2024-01-{n % 28 + 1:02},{code},1,3.50")
    assert ("codes: [SHIPPING" in new(firm, "lines.csv", "\n".join(rows), currency="EUR").text) == told


def test_files_of_one_kind_are_one_table(firm):
    firm.write("a.csv", LOG)
    firm.write("b.csv", LOG.replace("\n1,", "\n3,").replace("\n2,", "\n4,"))
    new_dataset("shop", [str(firm.folder / "a.csv"), str(firm.folder / "b.csv")])
    assert _clean().tables["orders"]["order_id"].tolist() == ["1", "2", "3", "4"]


def test_one_file_may_prove_what_another_leaves_open(firm):
    log = LOG.replace(" £", "")
    firm.write("a.csv", log.replace("25/12", "05/12"))
    firm.write("b.csv", log.replace("ann", "Zoë").replace("\n1,", "\n3,").replace("\n2,", "\n4,"), "latin-1")
    proposal = new_dataset("shop", [str(firm.folder / name) for name in ("a.csv", "b.csv")], "GBP")
    assert proposal.questions == []
    assert load_mapping("shop").tables["orders"]["path"] == ["a.csv", "b.csv"]
    orders = _clean().tables["orders"]
    assert orders["customer_id"].tolist() == ["ann", "bob", "Zoë", "bob"]
    assert orders["ordered_at"].dt.month.tolist() == [12, 1, 12, 1]


def test_several_currencies_are_asked_for(firm):
    log = (
        LOG.replace("£", "")
        .replace("\n1", "\n1,USD")
        .replace("\n2", "\n2,EUR")
        .replace("Order No", "Order No,Currency")
    )
    proposal = new(firm, "log.csv", log)
    assert "2 currencies: EUR, USD may be several" in proposal.questions[0]


@pytest.mark.parametrize(
    ("column", "times", "zone"),
    [
        ("date", ["2025-01-05 10:00:00"], "UTC"),  # by the clock of whoever wrote it
        ("date", ["2025-01-05 10:00:00 -0500", "2025-07-05T10:00:00-04:00"], "America/New_York"),
        ("date", ["2025-01-05T10:00:00+08:00", "2025-07-05T10:00:00+08:00"], "Asia/Shanghai"),
        ("date", ["2025-01-05T10:00:00-05:00", "2025-07-05T10:00:00-05:00"], "America/Bogota"),
        ("date", ["2025-01-05T10:00:00+00:00", "2025-07-05T10:00:00+01:00"], "Europe/London"),
        ("date", ["2025-01-05T10:00:00+08:17"], "?"),
        ("date", ["2025-01-05T10:00:00Z", "2025-07-05T10:00:00Z"], "?"),
        ("date", ["1736071200", "1751709600"], "?"),
        ("created (UTC)", ["2025-01-05 10:00:00", "2025-07-05 10:00:00"], "?"),
    ],
)
def test_the_zone_is_what_the_moments_show_or_asked(firm, column, times, zone):
    rows = "".join(f"{n},c{n},{time},5\n" for n, time in enumerate(times))
    firm.write("log.csv", f"order_id,customer_id,{column},total\n{rows}")
    proposal = new_dataset("shop", [str(firm.folder / "log.csv")], "EUR")
    assert [question.split(":")[0] for question in proposal.questions] == ["time_zone"] * (zone == "?")
    mapping = yaml.safe_load((firm.folder / "data/sources/shop.yaml").read_text())
    assert mapping["time_zone"] == zone
    assert isinstance(mapping["tables"]["orders"]["columns"]["ordered_at"], dict) == (
        column != "date" or "1736" in times[0]
    )


def test_names_that_would_break_yaml_stay_names(firm):
    column = 'total: "x" # {a}\u2028- !!python/object:os.system'
    firm.write("log.csv", LOG.replace("Total £", '"amount"').replace("Order No", '"' + column.replace('"', '""') + '"'))
    proposal = new_dataset("shop", [str(firm.folder / "log.csv")], "EUR")
    assert load_mapping("shop").tables["orders"]["columns"]["amount"] == {"column": "amount"}
    assert yaml.safe_load(proposal.text)["tables"]["orders"]["columns"]["order_id"] == {"row_number": True}


# ---- what it leaves alone --------------------------------------------------------------------------------------


def test_params_keep_every_line():
    after = with_dataset(PARAMS, "shop")
    assert after == PARAMS + "  shop:\n    common: {}\n    clean: {}\n"


def test_params_of_the_project_take_a_dataset(root):
    content = (root / "params.yaml").read_text()
    sections = yaml.safe_load(with_dataset(content, "shop"))["datasets"]["shop"]
    assert sections == {name: {} for name in yaml.safe_load(content)["datasets"]["cdnow"]}


@pytest.mark.parametrize("layout", ["datasets: {old: {common: {}}}\n", 'datasets: {"old": {}}\ncommon: {}\n'])
def test_params_laid_out_otherwise_are_left_alone(layout):
    with pytest.raises(UserError, match="add there by hand: shop:"):
        with_dataset(layout, "shop")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("log.csv", "", "log.csv is empty"),
        ("log.csv", "a,b\n", "has a header and no rows"),
        ("log.csv", "order,customer\n1,b\0b\n", "holds a NUL character"),
        ("log.pdf", "x", "files of this kind are not read"),
        ("log.xlsx", "x", "is not an Excel workbook"),
        ("log.csv.gz", "x", "is not a gzip file, or is cut short"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(firm, name, content, told):
    with pytest.raises(UserError, match=told):
        new(firm, name, content)
    assert not list((firm.folder / "data/sources").iterdir())
    assert (firm.folder / "params.yaml").read_text() == PARAMS


def test_no_order_log_writes_nothing(firm, capsys):
    firm.write("people.csv", "customer_id,region\na,North\nb,South\n")
    assert cli.main(["new", "shop", str(firm.folder / "people.csv")]) == 1
    assert capsys.readouterr().err == (
        "regulars: nothing was written: which file holds the orders? None of people.csv has a customer, a date and an "
        "amount of each order; name one that has; in people.csv customer_id may be 'customer_id': if the rest has "
        "other names, write the mapping yourself. What is there can be used beside orders of the same customers: "
        "people.csv (2 rows by 'customer_id') is customers: attributes by which segments are described and a tree of "
        "answers or credit may ask.\n"
    )
    assert not list((firm.folder / "data/sources").iterdir())
    assert (firm.folder / "params.yaml").read_text() == PARAMS


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("answers.csv", "response_id,customer_id,answered_at,score\n1,a,2024-01-05,5\n2,b,2024-01-06,4\n",
         "answers.csv (2 rows by 'customer_id') is surveys: the satisfaction page, from the index"),
        # one row per customer, with what somebody has worked out of it already
        ("telco.csv", "customerID,gender,tenure,MonthlyCharges,Churn\nA-1,f,5,29.85,No\nB-2,m,34,56.95,Yes\n",
         "telco.csv (2 rows by 'customerID' with gender, tenure, MonthlyCharges, Churn) is customers: attributes by"),
        ("plans.csv", "contract_id,customer_id,start_date,end_date\n1,a,2024-01-05,\n2,b,2024-01-06,2024-03-05\n",
         "plans.csv (2 rows by 'customer_id') is contracts: who ends contracts, and when"),
    ],
)  # fmt: skip
def test_answers_by_customer_without_orders_are_told_what_they_are_good_for(firm, name, content, told):
    proposal = new(firm, name, content)
    assert not proposal.has_orders
    assert told in proposal.questions[0] and "\n" not in proposal.questions[0]


ORDERED = "order_id,customer_id,date,total\n" + "".join(f"S{n},c{n % 4},2024-01-{n:02d},{n}.00\n" for n in range(1, 25))


@pytest.mark.parametrize(
    ("name", "content", "left"),
    [
        ("refunds.csv", "id,order_id,date,amount\nr1,S20,2024-02-01,20.00\nr2,S10,2024-02-02,4.00\n", 276),
        # no day, another mark, the order's number under another name, money below zero
        ("credit notes.csv", "Note;Rechnung;Betrag\nG1;S20;-5.50\n", 294.5),
    ],
)
def test_refunds_in_a_file_of_their_own_are_found(firm, name, content, left):
    firm.write("orders.csv", ORDERED)
    firm.write(name, content)
    proposal = new_dataset("shop", [str(firm.folder / "orders.csv"), str(firm.folder / name)], "EUR")
    assert proposal.questions == []
    assert any("is refunds that name orders" in line for line in proposal.concluded)
    orders = firm.clean().tables["orders"]
    assert orders["amount"].sum() == left


def test_other_lines_of_orders_are_no_refunds(firm):
    firm.write("orders.csv", ORDERED)
    firm.write("parcels.csv", "order_id,date,amount\nS20,2024-02-01,20.00\n")
    proposal = new_dataset("shop", [str(firm.folder / f"{name}.csv") for name in ("orders", "parcels")], "EUR")
    assert "refunds" not in proposal.text
    assert any("parcels.csv is not used" in line for line in proposal.unsure)


PLANS = "".join(f"a{n},2024-01-10,2024-03-09\na{n},2024-03-10,\n" for n in range(6))


@pytest.mark.parametrize(
    ("rows", "inclusive"),
    [
        (PLANS, True),
        (PLANS.replace("2024-03-09", "2024-03-10"), False),
        ("".join(f"a{n},2024-0{n}-01,2024-0{n + 2}-{30 + (n + 2) % 2 * 1}\n" for n in (1, 2, 4, 5))
         + "b,2024-01-01,2024-12-31\nc,2024-01-01,2024-02-29\n", True),
        ("a,2024-01-03,2024-02-03\nb,2024-01-04,\n", False),
    ],
)  # fmt: skip
def test_contracts_are_found_and_whether_their_last_day_counts(firm, rows, inclusive):
    rows = rows.replace("2024-06-31", "2024-06-30").replace("2024-07-30", "2024-07-31")
    firm.write("orders.csv", ORDERED)
    firm.write("plans.csv", "customer_id,start_date,end_date\n" + rows)
    proposal = new_dataset("shop", [str(firm.folder / f"{name}.csv") for name in ("orders", "plans")], "EUR")
    assert proposal.questions == []
    contracts = load_mapping("shop").tables["contracts"]
    assert contracts["inclusive_end"] is inclusive
    assert set(contracts["columns"]) == {"contract_id", "customer_id", "started_at", "ended_at"}


@pytest.mark.parametrize(
    ("orders", "people", "same"),
    [("17850", "17850.0", True), ("017850", "17850", True), ("17850", "9.0", False), ("A1", "A1.0", False)],
)
def test_ids_that_two_files_write_otherwise_are_one(firm, orders, people, same):
    firm.write("log.csv", f"order_id,customer_id,date,total\n1,{orders},2024-01-25,5\n2,44,2024-01-26,5\n")
    firm.write("people.csv", f"customer_id,region\n{people},north\n")
    proposal = new_dataset("shop", [str(firm.folder / name) for name in ("log.csv", "people.csv")], "EUR")
    assert any("numbers that customers writes in another form" in line for line in proposal.concluded) == same
    assert any("is it another id?" in line for line in proposal.unsure) != same
    if same:
        tables = firm.clean().tables
        assert set(tables["customers"]["customer_id"]) < set(tables["orders"]["customer_id"])


def test_a_taken_name_is_refused(firm):
    new(firm, "log.csv", LOG)
    for name, told in {
        "shop": "shop.yaml is there already",
        "old": "has a dataset 'old'",
        "../x": "cannot name",
    }.items():
        with pytest.raises(UserError, match=told):
            new_dataset(name, [str(firm.folder / "log.csv")])


def test_the_command_says_what_it_found_and_what_to_do_next(firm, capsys, monkeypatch):
    monkeypatch.delenv("REGULARS_ID_KEY", raising=False)
    firm.write("log.csv", LOG)
    assert cli.main(["new", "shop", str(firm.folder / "log.csv")]) == 0
    told = capsys.readouterr().out
    assert "the currency is GBP (the sign £ in column 'Total £')" in told
    assert "data/sources/shop.yaml is written, and shop stands in params.yaml." in told
    assert told.rstrip().endswith("Then: export REGULARS_ID_KEY=<a long random text>; regulars reports shop")


@pytest.mark.parametrize("odd", ["\x7f", "\x85", "\x98", "\u2028", "\ufffe"])
def test_characters_that_yaml_does_not_know(firm, odd):
    """In a product code that is shown, and in the name of a column that is mapped."""
    rows = [f"{n};C{n % 7};2024-01-{n:02d};{n}.50;{f'PO{odd}ST' if n > 25 else f'P{n % 9}'};1" for n in range(1, 29)]
    proposal = new(firm, "log.csv", "\n".join([f"Order;Customer;Date;Price;Product;Quan{odd}tity", *rows, ""]))
    assert "order_lines" in yaml.safe_load(proposal.text)["tables"]
    assert "PO" in proposal.text and odd not in proposal.text


@pytest.mark.parametrize("value", ["\x82", "EUR\x82", "\x1b", "978", "euro"])
def test_a_value_that_is_no_code_is_asked_about(firm, value):
    """Written as it is, it would be no currency, and of some characters no YAML."""
    rows = "".join(f'{n},c{n % 3},2024-01-{n:02d},12.50,"{value}"\n' for n in range(1, 29))
    proposal = new(firm, "log.csv", f"Order,Customer,Date,Amount,Currency\n{rows}")
    assert yaml.safe_load(proposal.text)["currency"] == "?"
    (question,) = [one for one in proposal.questions if one.startswith("currency: which is it?")]
    assert "in column 'Currency' may be several; write its code, such as EUR." in question
    assert question.isprintable()


@pytest.mark.parametrize(("value", "code"), [("eur", "EUR"), ("€", "EUR"), ("CNY", "CNY")])
def test_a_code_and_a_sign_are_taken(firm, value, code):
    rows = "".join(f"{n},c{n % 3},2024-01-{n:02d},12.50,{value}\n" for n in range(1, 29))
    proposal = new(firm, "log.csv", f"Order,Customer,Date,Amount,Currency\n{rows}")
    assert yaml.safe_load(proposal.text)["currency"] == code


ODD = ["04/08/2015", "2024-01-05", "1,234", "12.50", "C17", "€3", "", "?", "null", "# x", "${HOME}", '"', "'"]
CELLS = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.sampled_from(ODD))
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
    st.sampled_from(["order", "customer", "date", "amount", "product", "qty", "price", "score", "ticket", "currency"]),
)


class Rows:
    """Stands for hypothesis' data in an example: hands out these rows."""

    def __init__(self, rows: list[list[str]]):
        self.rows = rows

    def draw(self, _):
        return self.rows


def once(name: str) -> str:
    return name.strip().casefold()


# the same files in every run: what fails can be looked at, and what passed yesterday fails of a change alone
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@example(True, ["currency"], Rows([["1", "a", "2024-01-05", "12.50", "\x82"]]))
@given(st.booleans(), st.lists(NAMES, min_size=1, max_size=5, unique_by=once), st.data())
def test_whatever_a_file_holds_the_mapping_is_valid_or_asks(firm, is_log, names, data):
    """Random files: a sentence, or YAML that says of each column just what the file calls it."""
    log = ["Order", "Customer", "Date", "Amount"]
    names = [*log, *(name for name in names if once(name) not in map(once, log))] if is_log else names
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), min_size=1, max_size=5))
    with (firm.folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    (firm.folder / "data/sources/shop.yaml").unlink(missing_ok=True)
    firm.write("params.yaml", PARAMS)
    try:
        proposal = new_dataset("shop", [str(firm.folder / "log.csv")])
        if not proposal.questions:
            load_mapping("shop")
    except UserError as error:
        assert "\n" not in str(error)
        return
    content = yaml.safe_load(proposal.text)
    for table in (content["tables"] or {}).values():
        for spec in table["columns"].values():
            name = spec.get("column") if isinstance(spec, dict) else spec
            assert name in (None, "?", *(name.strip() for name in names), *(f"column{n}" for n in range(1, 10)))
    assert bool(proposal.questions) == ('"?"' in proposal.text) or not proposal.has_orders


# ---- a mapping that is there -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["olist", "online_retail", "complete_journey"])
def test_a_mapping_of_the_examples_is_taken_as_it_is(firm, root, name):
    written = root / f"docs/sources/{name}.yaml"
    proposal = new_dataset(name, [str(written)])
    assert proposal.has_orders and not proposal.questions
    assert (firm.folder / f"data/sources/{name}.yaml").read_text("utf-8") == written.read_text("utf-8")
    assert set(yaml.safe_load((firm.folder / "params.yaml").read_text("utf-8"))["datasets"]) == {"old", name}


@pytest.mark.parametrize(
    ("content", "currency", "told"),
    [
        ("tables: {surveys: {}}", "", "must name orders or order_lines"),
        ("- 1", "", "no mapping with an order log"),
        ("a: [", "", "cannot be read as a mapping"),
        ("currency: EUR\ntables: {orders: {}}", "USD", "its currency is EUR"),
    ],
)
def test_a_mapping_that_is_none_leaves_nothing(firm, content, currency, told):
    before = (firm.folder / "params.yaml").read_text("utf-8")
    with pytest.raises(UserError, match=told):
        new(firm, "map.yaml", content, currency=currency)
    assert (firm.folder / "params.yaml").read_text("utf-8") == before
    assert not (firm.folder / "data/sources/shop.yaml").exists()
