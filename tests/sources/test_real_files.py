"""Every real file through `regulars new`: what is concluded or asked; and every order log accounted for to the cent.

Rows and money are counted over the files by DuckDB in its own SQL, not by the library.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

import duckdb
import pytest

from regulars import cleaning
from regulars.labels import Fate, Reason
from regulars.sources.discovery import new_dataset
from regulars.sources.ingest import ingest
from regulars.sources.mapping import load_mapping

D = Decimal
PARAMS = "common:\n  seed: 1\ndatasets:\n  old: {}\n"
NO_ORDERS = "which file holds the orders?"
NO_CAMPAIGN_NAME = "tables.campaigns.columns.name: which column of campaign_descriptions.parquet is it?"
COMMA = "delimiter a comma"
UCI_COLUMNS = {
    "order_id": "InvoiceNo", "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "product_id": "StockCode",
    "quantity": "Quantity", "unit_price": "UnitPrice", "description": "Description",
}  # fmt: skip
UCI = "uci_online_retail/online_retail_2010-12_2011-12.csv.gz"
TEXT_DATES = "uci_online_retail/partial_240007_textdates_mdy.parquet"
JOURNEY = "complete_journey/transactions.parquet"
CDNOW = "CDNOW_master.txt"  # inside the lifetimes wheel


@dataclass(frozen=True)
class Expected:
    """What `regulars new` has to say of one file alone.

    ``table`` with its ``columns`` (a text is the file's column), how the file is written, how each date is, what
    each question begins with, and some of what it is unsure of.
    """

    table: str = ""
    written: tuple[str, ...] = ()
    columns: dict = field(default_factory=dict)
    dates: dict = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


def unused(*written: str) -> Expected:
    """A file that is no table of ours: the order log is asked for."""
    return Expected(written=written, asked=(NO_ORDERS,), unsure=("is not used: it is no table that is read",))


EXPECTED = {
    CDNOW: Expected(
        "orders", ("encoding ascii", "delimiter blanks"),
        {"customer_id": "customer_id", "ordered_at": "date", "amount": "dollar_value",
         "order_id": {"row_number": True}},
        {"ordered_at": "%Y%m%d"},
        unsure=("255 rows equal an earlier row in every column, and there is no order id to tell them apart: they "
                "will be kept",),
    ),
    UCI: Expected(
        "order_lines", ("encoding utf-8", COMMA), UCI_COLUMNS,
        unsure=("135,080 rows (24.9%) have no customer: they will be set apart",
                "5,268 rows equal an earlier row in every column: they will be merged",
                "2,796 rows have product codes like POST, DOT, M, D: fees or goods?",
                "some values of 'UnitPrice' are negative"),
    ),
    TEXT_DATES: Expected(
        "order_lines", (), UCI_COLUMNS, {"ordered_at": "%m/%d/%y %H:%M"},
        unsure=("67,225 rows (28.0%) have no customer", "1,970 rows equal an earlier row in every column"),
    ),
    JOURNEY: Expected(
        "order_lines", (),
        {"order_id": "basket_id", "customer_id": "household_id", "ordered_at": "transaction_timestamp",
         "product_id": "product_id", "quantity": "quantity", "line_total": "sales_value"},
        unsure=("'sales_value' is taken for the money of the whole line",),
    ),
    "complete_journey/demographics.parquet": Expected(
        "customers", (), {"customer_id": "household_id"}, asked=(NO_ORDERS,)
    ),
    "complete_journey/campaign_descriptions.parquet": Expected(
        "campaigns", (), {"campaign_id": "campaign_id", "starts_at": "start_date", "ends_at": "end_date"},
        asked=(NO_ORDERS, NO_CAMPAIGN_NAME),
    ),
    "complete_journey/campaigns.parquet": unused(),
    "complete_journey/coupon_redemptions.parquet": unused(),
    "complete_journey/coupons.parquet": unused(),
    "complete_journey/products.parquet": unused(),
    "olist/olist_orders_dataset.csv.gz": Expected(
        "orders", ("encoding ascii", COMMA),
        {"order_id": "order_id", "customer_id": "customer_id", "ordered_at": "order_purchase_timestamp"},
        asked=("tables.orders.columns.amount: which column of olist_orders_dataset.csv.gz is it? No column of the",
               "tables.orders.void: which values of 'order_status' are no sales (delivered "),
        unsure=("every row has a 'customer_id' of its own: is there an id that stays when a customer comes again?",
                "'order_delivered_customer_date' and 'order_estimated_delivery_date' would fit as well"),
    ),
    "olist/olist_order_items_dataset.csv.gz": Expected(
        "order_lines", ("encoding ascii", COMMA),
        {"order_id": "order_id", "product_id": "product_id", "unit_price": "price", "quantity": {"constant": "1"}},
        asked=("tables.order_lines.columns.customer_id: which column of olist_order_items_dataset.csv.gz is it?",
               "tables.order_lines.columns.ordered_at: which column of olist_order_items_dataset.csv.gz is it?"),
    ),
    "olist/olist_order_reviews_dataset.csv.gz": Expected(
        "surveys", ("encoding utf-8", COMMA),
        {"response_id": "review_id", "answered_at": "review_answer_timestamp", "score": "review_score",
         "item": {"constant": "review_score"}},
        asked=(NO_ORDERS,),
        unsure=("no column says who answered, so answers are anonymous", "20 rows repeat a value of 'review_id'"),
    ),
    "olist/olist_customers_dataset.csv.gz": Expected(
        "customers", ("encoding ascii", COMMA), {"customer_id": "customer_unique_id", "region": "customer_state"},
        asked=(NO_ORDERS,), unsure=("customer_id is 'customer_unique_id'; 'customer_id' would fit as well",),
    ),
    "olist/olist_order_payments_dataset.csv.gz": unused(),
    "olist/olist_products_dataset.csv.gz": unused(),
    "olist/olist_sellers_dataset.csv.gz": unused(),
    "olist/product_category_name_translation.csv": unused(),
    "telco_churn/telco_ibm_7043.csv": Expected(
        "customers", ("encoding ascii", COMMA), {"customer_id": "customerID"}, asked=(NO_ORDERS,)
    ),
    "comcast_complaints/comcast_fcc_complaints.csv": Expected(
        "tickets", ("encoding utf-8", COMMA),
        {"ticket_id": "Ticket #", "opened_at": "Date", "category": "Customer Complaint", "channel": "Received Via",
         "status": "Status"},
        asked=(NO_ORDERS, "tables.tickets.columns.customer_id: which column of comcast_fcc_complaints.csv is it?"),
    ),
    "hillstrom_email/hillstrom_email.csv": unused(),
    "ecsi_mobi/mobi.csv": unused(),
}  # fmt: skip


@pytest.fixture
def real(shop, shared_data, lifetimes_data):
    """Look at real files as `regulars new` does."""
    shop.write("params.yaml", PARAMS)

    def look(*names: str, currency: str = "GBP"):
        places = [lifetimes_data / name if name == CDNOW else shared_data / name for name in names]
        if not all(place.is_file() for place in places):
            pytest.skip("the real files lie beside the project on some machines only")
        return new_dataset("shop", [str(place) for place in places], currency)

    return look


def columns(table: str) -> dict:
    """What the mapping that was written says of each column of ours; questions left out."""
    specs = load_mapping("shop").tables[table]["columns"]
    return {target: spec.get("column", spec) for target, spec in specs.items()}


def test_no_real_file_is_left_out(shared_data):
    if not shared_data.is_dir():
        pytest.skip("the real files lie beside the project on some machines only")
    files = {str(file.relative_to(shared_data)) for file in shared_data.rglob("*") if file.is_file()}
    assert files - {"README.md"} == set(EXPECTED) - {CDNOW}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_is_mapped_right_or_asked_about(real, shop, name):
    expected = EXPECTED[name]
    proposal = real(name)
    assert len(proposal.questions) == len(expected.asked)
    for question, begin in zip(proposal.questions, expected.asked, strict=True):
        assert question.startswith(begin)
    told = "\n".join(proposal.unsure)
    for text in expected.unsure:
        assert text in told
    concluded = [line for line in proposal.concluded if f" is {expected.table}: " in line]
    assert len(concluded) == bool(expected.table)
    for text in expected.written if expected.table else ():
        assert text in concluded[0]
    pairs = ", ".join(f"{target} = {_in_words(spec)}" for target, spec in expected.columns.items())
    if expected.table:
        assert f"{expected.table}: {pairs}" in proposal.concluded
    assert proposal.has_orders == (expected.table in ("orders", "order_lines"))
    assert (shop.folder / "data/sources/shop.yaml").exists() == proposal.has_orders
    if proposal.has_orders and not expected.asked:
        table = load_mapping("shop").tables[expected.table]
        assert columns(expected.table) == expected.columns
        formats = {target: spec["date_format"] for target, spec in table["columns"].items() if "date_format" in spec}
        assert formats == expected.dates


def _in_words(spec) -> str:
    return spec if isinstance(spec, str) else "the row's number" if "row_number" in spec else repr(spec["constant"])


@pytest.mark.full
def test_all_files_of_complete_journey_are_one_dataset(real, shop):
    names = ("campaigns", "campaign_descriptions", "demographics", "transactions")
    asked = real(*(f"complete_journey/{name}.parquet" for name in names)).questions
    assert asked == [f"{NO_CAMPAIGN_NAME} Perhaps campaign_type."]
    mapping = shop.folder / "data/sources/shop.yaml"
    answered = re.subn(r"^( +name: )['\"]?\?['\"]?", r"\1campaign_id", mapping.read_text(encoding="utf-8"), flags=re.M)
    assert answered[1] == 1
    mapping.write_text(answered[0], encoding="utf-8")
    assert columns("customers") == {"customer_id": "household_id"}
    assert columns("campaigns")["starts_at"] == "start_date"


def test_olist_asks_for_what_stands_in_another_file(real):
    names = ("orders", "customers", "order_items", "order_payments", "order_reviews", "products", "sellers")
    asked = "\n".join(real(*(f"olist/olist_{name}_dataset.csv.gz" for name in names)).questions)
    assert "order_lines.columns.customer_id" in asked
    assert "olist_orders_dataset.csv.gz has 'order_purchase_timestamp' by the same 'order_id'" in asked
    assert "olist_order_payments_dataset.csv.gz has 'payment_value' by the same 'order_id'" in asked


# ---- the ledger ------------------------------------------------------------------------------------------------


def clean() -> cleaning.Cleaned:
    ingest("shop", {"seed": 1})
    return cleaning.clean("shop")


def account_for(cleaned: cleaning.Cleaned, table: str, raw: str) -> None:
    """Hold a table's ledger against the file, row by row.

    ``raw`` is SQL that gives row (from 1, as they stand in the file) and money (decimal). The money of each fate is
    summed over the file itself, by the rows that the library says went there.
    """
    account = cleaned.ledger["tables"][table]
    changed = cleaned.rejected[cleaned.rejected["table"] == table][["row", "fate", "reason"]]
    assert not changed["row"].duplicated().any()
    database = duckdb.connect()
    database.register("changed", changed)
    database.execute(f"CREATE TABLE raw AS {raw}")
    rows, money = database.sql("SELECT count(*), sum(money) FROM raw").fetchall()[0]
    assert (account["rows"]["raw"], account["amount"]["raw"]) == (rows, money)
    found = database.sql(
        f"SELECT coalesce(fate, '{Fate.KEPT}'), count(*), sum(money) FROM raw LEFT JOIN changed USING (row) GROUP BY 1"
    ).fetchall()
    counts, sums = {fate: n for fate, n, _ in found}, {fate: total for fate, _, total in found}
    assert counts == {fate: n for fate, n in account["rows"].items() if fate != "raw" and n}
    for fate in (Fate.MERGED, Fate.REJECTED):
        assert account["amount"][fate] == sums.get(fate, 0)
    # what credits took from sales that stay is money of rows that are kept
    assert account["amount"][Fate.NETTED] == 0
    assert account["amount"][Fate.KEPT] == sums[Fate.KEPT] + sums.get(Fate.NETTED, 0)
    assert sum(account["amount"][fate] for fate in Fate) == money
    assert sum(account["rows"][fate] for fate in Fate) == rows
    by_code = dict(database.sql("SELECT reason, count(*) FROM changed GROUP BY 1").fetchall())
    assert by_code == {code: reason["rows"] for code, reason in account["reasons"].items()}
    kept = cleaned.kept["orders"].amount.sum().to_pyarrow().as_py()
    assert abs(kept - account["amount"][Fate.KEPT]) < D("0.01")


def uci_money(place) -> str:
    return f"""SELECT row_number() OVER () AS row, CASE WHEN "InvoiceNo" LIKE 'C%' THEN -abs("Quantity"::decimal(12, 0))
        ELSE "Quantity"::decimal(12, 0) END * "UnitPrice"::decimal(14, 4) AS money FROM {place}"""


@pytest.fixture
def uci(real, shared_data):
    real(UCI)
    return clean(), f"read_csv('{shared_data / UCI}', all_varchar = true)"


def test_uci_is_accounted_for(uci):
    cleaned, file = uci
    table = load_mapping("shop").tables["order_lines"]
    assert table["columns"]["customer_id"]["number_id"] is True  # 17850.0
    assert table["cancellations"] == {"order_id_prefix": "C"}
    account_for(cleaned, "order_lines", uci_money(file))
    account = cleaned.ledger["tables"]["order_lines"]
    assert account["rows"]["raw"] == 541_909
    assert account["found"][Reason.MISSING_CUSTOMER] == 135_080
    assert account["rows"][Fate.MERGED] == 5_268
    # orders of 80,995 and 74,215 units that were cancelled minutes later
    lines, orders = cleaned.kept["order_lines"], cleaned.kept["orders"]
    assert lines.filter(lines.quantity.abs().isin([80_995, 74_215])).count().to_pyarrow().as_py() == 0
    means = orders.group_by("customer_id").aggregate(mean=orders.amount.mean())
    assert means["mean"].max().to_pyarrow().as_py() < 20_000


def test_another_export_of_uci_is_accounted_for_and_gives_the_same_spend_a_day(real, shop, shared_data):
    """Written with dates as text, up to 26 June 2011, where the last five lines of invoice 558077 are cut off."""
    real(TEXT_DATES)
    cleaned = clean()
    account_for(cleaned, "order_lines", uci_money(f"'{shared_data / TEXT_DATES}'"))
    others, mapping = spend_by_day(cleaned), shop.folder / "data/sources/shop.yaml"
    duckdb.sql(
        f"""COPY (SELECT * FROM read_csv('{shared_data / UCI}', all_varchar = true)
        WHERE "InvoiceDate"::timestamp <= '2011-06-26 10:59:00') TO '{shop.folder / "cut.parquet"}'"""
    )
    mapping.unlink()
    shop.write("params.yaml", PARAMS)
    new_dataset("shop", [str(shop.folder / "cut.parquet")], "GBP")
    spend = spend_by_day(clean())
    assert spend.index.equals(others.index)
    differs = spend[spend != others]
    assert [str(day) for _, day in differs.index] == ["2011-06-26 00:00:00"]
    cut_off = 24 * D("1.95") + 12 * D("3.75") + 2 * 48 * D("0.29") + 96 * D("0.85")
    assert (spend - others).sum() == cut_off


def spend_by_day(cleaned: cleaning.Cleaned):
    """Net spend of each customer on each day, exact."""
    orders = cleaned.kept["orders"].select("customer_id", "ordered_at", "amount").to_pyarrow().to_pandas()
    return orders.groupby(["customer_id", orders["ordered_at"].dt.normalize()])["amount"].sum()


def test_cdnow_is_accounted_for(real, lifetimes_data):
    real(CDNOW, currency="USD")
    lines = f"""SELECT string_split_regex(trim(line), '\\s+') AS part, number FROM (
        SELECT unnest(string_split(rtrim(content, chr(10)), chr(10))) AS line, generate_subscripts(string_split(
        rtrim(content, chr(10)), chr(10)), 1) AS number FROM read_text('{lifetimes_data / CDNOW}'))"""
    account_for(
        clean(), "orders", f"SELECT number - 1 AS row, part[4]::decimal(12, 2) AS money FROM ({lines}) WHERE number > 1"
    )


@pytest.mark.full
def test_complete_journey_is_accounted_for(real, shared_data):
    real(JOURNEY, currency="USD")
    cleaned = clean()
    file = f"SELECT row_number() OVER () AS row, sales_value::decimal(12, 2) AS money FROM '{shared_data / JOURNEY}'"
    account_for(cleaned, "order_lines", file)
    assert cleaned.ledger["tables"]["order_lines"]["rows"]["raw"] == 1_469_307


BESIDE_ORDERS = """\
title: Others
currency: USD
simulated: false
observation_end: last_order_day
tables:
  orders:
    path: orders.csv
    columns: {{order_id: order, customer_id: customer, ordered_at: day, amount: total}}
  customers:
    path: '{folder}/telco_churn/telco_ibm_7043.csv'
    columns: {{customer_id: customerID}}
  tickets:
    path: '{folder}/comcast_complaints/comcast_fcc_complaints.csv'
    columns:
      ticket_id: 'Ticket #'
      customer_id: {{row_number: true}}
      opened_at: {{column: Date_month_year, date_format: '%d-%b-%y'}}
      category: Customer Complaint
      channel: Received Via
      urgency: {{constant: normal}}
      status: Status
"""


def test_files_without_orders_are_accounted_for_beside_some(shop, shared_data):
    if not (shared_data / "telco_churn").is_dir():
        pytest.skip("the real files lie beside the project on some machines only")
    shop.write("orders.csv", "order,customer,day,total\n1,7590-VHVEG,2015-12-31,10\n")
    shop.map(BESIDE_ORDERS.format(folder=shared_data))
    accounts = clean().ledger["tables"]
    files = {"customers": ("telco_churn/telco_ibm_7043.csv", "customerID"),
             "tickets": ("comcast_complaints/comcast_fcc_complaints.csv", '"Ticket #"')}  # fmt: skip
    for table, (file, key) in files.items():
        place = f"read_csv('{shared_data / file}', all_varchar = true)"
        rows, keys = duckdb.sql(f"SELECT count(*), count(DISTINCT {key}) FROM {place}").fetchall()[0]
        assert accounts[table]["rows"] == {"raw": rows, "kept": keys, "merged": rows - keys, "netted": 0, "rejected": 0}
    assert (accounts["customers"]["rows"]["raw"], accounts["tickets"]["rows"]["raw"]) == (7_043, 2_224)


def test_olist_is_accounted_for_by_its_example_mapping(shop, root, shared_data):
    """The mapping in docs/sources: orders with payments, items, reviews and late deliveries."""
    if not (shared_data / "olist").is_dir():
        pytest.skip("the real files lie beside the project on some machines only")
    text = (root / "docs/sources/olist.yaml").read_text()
    assert len(text.splitlines()) <= 60
    shop.map(text.replace("'olist/", f"'{shared_data}/olist/"))
    cleaned = clean()
    paths = {
        name: f"'{shared_data}/olist/olist_{name}_dataset.csv.gz'"
        for name in ("orders", "order_items", "order_payments", "order_reviews", "customers")
    }
    paid = f"SELECT order_id, sum(payment_value::decimal(12, 2)) AS money FROM {paths['order_payments']} GROUP BY 1"
    orders = f"SELECT order_id, order_status FROM {paths['orders']}"
    raw = {
        "orders": f"SELECT order_id, coalesce(money, 0) AS money FROM ({orders}) LEFT JOIN ({paid}) USING (order_id)"
    }
    raw["order_lines"] = f"SELECT order_id, price::decimal(12, 2) AS money FROM {paths['order_items']}"
    accounts = cleaned.ledger["tables"]
    database = duckdb.connect()
    for table, rows in raw.items():
        counted, money = database.sql(f"SELECT count(*), sum(money) FROM ({rows})").fetchall()[0]
        assert (accounts[table]["rows"]["raw"], accounts[table]["amount"]["raw"]) == (counted, money)
        adds_up(accounts[table])
    # what the rules took out, found another way
    without = f"SELECT * FROM ({raw['orders']}) WHERE order_id NOT IN (SELECT order_id FROM {paths['order_items']})"
    counted, money = database.sql(f"SELECT count(*), sum(money) FROM ({without})").fetchall()[0]
    reasons = accounts["orders"]["reasons"]
    assert reasons[Reason.ORDER_WITHOUT_LINES] == {"fate": "rejected", "rows": counted, "amount": money}
    assert counted == 115  # of a sample of 15,000; 775 of the 99,441 orders that were published
    void = f"SELECT order_id FROM ({orders}) WHERE order_status IN ('canceled', 'unavailable')"
    counted, money = database.sql(
        f"""SELECT count(*), sum(money) FROM ({raw["orders"]}) WHERE order_id IN ({void})
        AND order_id NOT IN (SELECT order_id FROM ({without}))"""
    ).fetchall()[0]
    assert reasons[Reason.VOID_ORDER] == {"fate": "rejected", "rows": counted, "amount": money}
    assert counted == 88
    assert reasons[Reason.MISSING_VALUE]["rows"] == 1  # one order has no payment
    assert set(reasons) == {Reason.ORDER_WITHOUT_LINES, Reason.VOID_ORDER, Reason.MISSING_VALUE}
    counted = database.sql(f"SELECT count(*) FROM {paths['order_items']} WHERE order_id IN ({void})").fetchall()[0][0]
    assert accounts["order_lines"]["reasons"][Reason.VOID_ORDER]["rows"] == counted
    # reviews: of several of one order the latest counts
    reviews = f"SELECT order_id, review_score, review_answer_timestamp AS moment FROM {paths['order_reviews']}"
    more = database.sql(f"SELECT count(*) - count(DISTINCT order_id) FROM ({reviews})").fetchall()[0][0]
    latest = "arg_max(review_score, moment) AS score, max(moment) AS moment"
    latest = f"SELECT order_id, {latest} FROM ({reviews}) GROUP BY 1"
    after = database.sql(f"SELECT count(*) FROM ({latest}) WHERE moment >= '2018-09-01'").fetchall()[0][0]
    assert accounts["surveys"]["reasons"] == {
        Reason.REPEATED_KEY: {"fate": "rejected", "rows": more},
        Reason.AFTER_OBSERVATION: {"fate": "rejected", "rows": after},  # the orders kept end with August 2018
    }
    assert (more, after) == (72, 93)
    latest = database.sql(f"SELECT order_id, score FROM ({latest}) WHERE moment < '2018-09-01'").fetchall()
    surveys = cleaned.tables["surveys"].set_index("response_id")["score"]
    assert surveys.to_dict() == {order: float(score) for order, score in latest}
    late = database.sql(
        f"""SELECT count(*) FROM {paths["orders"]}
        WHERE order_delivered_customer_date::date > order_estimated_delivery_date::date"""
    ).fetchall()[0][0]
    tickets = cleaned.tables["tickets"]
    assert (tickets["status"] == "closed").sum() == tickets["resolved_at"].notna().sum() == late
    assert cleaning.save(cleaned)  # every table keeps its schema
    buyers = database.sql(f"SELECT DISTINCT customer_unique_id FROM {paths['customers']}").fetchall()
    assert set(cleaned.tables["orders"]["customer_id"]) <= {buyer for (buyer,) in buyers}


def adds_up(account: dict) -> None:
    for part in ("rows", "amount"):
        assert sum(account[part][fate] for fate in Fate) == account[part]["raw"]
