"""Small inputs that people really have, and that lie beside the project: right without SQL, or a sentence that helps.

Each folder of the cases has the right values, worked out independently of this project, in ``expected.json``.
"""

import json
import re
import shutil

import pandas as pd
import pytest

from places import SHARED_CASES
from regulars.errors import UserError
from regulars.labels import Reason
from regulars.retention.contracts import contract_spells
from regulars.sources.discovery import new_dataset
from regulars.sources.mapping import load_mapping

PARAMS = "common:\n  seed: 1\ndatasets:\n  old: {}\n"
HEAD = "title: Case\ncurrency: EUR\nsimulated: false\nobservation_end: last_order_day\n"
ITEMS = """
  survey_items:
    rows:
      - {item: recommendation, construct: recommendation, scale_min: 0, scale_max: 10, wording: "Recommend?"}
      - {item: overall, construct: satisfaction, scale_min: 1, scale_max: 5, wording: All in all}
      - {item: goods, construct: quality, scale_min: 1, scale_max: 5, wording: The goods}
      - {item: delivery, construct: quality, scale_min: 1, scale_max: 5, wording: The delivery}
"""
ORDERS = """
  orders:
    path: {case}/orders.csv
    columns: {{order_id: order_id, customer_id: customer_id, ordered_at: ordered_at, amount: amount}}
"""
# a mapping without SQL for each case that needed it: currency, time zone, tables
MAPPINGS = {
    "01-shopify-orders-export": ("USD", "America/New_York", """
  orders:
    path: {case}/orders_export_1.csv
    columns: {{order_id: Name, customer_id: {{column: Email, case: lower}}, ordered_at: Created at, amount: Total,
               refunded: Refunded Amount, currency: Currency}}
    repeated_key: merge
    void: {{Financial Status: [voided, pending]}}
"""),
    "03-woocommerce-guest-zero": ("GBP", "UTC", """
  orders:
    path: {case}/orders.csv
    columns: {{order_id: order_id, customer_id: {{column: billing_email, case: lower}}, ordered_at: order_date,
               amount: order_total}}
    only: {{status: completed}}
"""),
    "04-partial-refund-rows": ("EUR", "UTC", """
  orders:
    path: {case}/orders.csv
    columns: {{order_id: id, customer_id: customer, ordered_at: date, amount: total}}
    refunds: {{of: parent_id}}
"""),
    "06-amazon-all-orders": ("USD", "America/Los_Angeles", """
  order_lines:
    path: {case}/all-orders.txt
    format: {{delimiter: tab, quote: none}}
    columns: {{order_id: amazon-order-id, customer_id: buyer-email, ordered_at: purchase-date, product_id: sku,
               quantity: quantity, line_total: item-price}}
    void: {{order-status: Cancelled}}
"""),
    "07-taobao-gb18030": ("CNY", "Asia/Shanghai", """
  orders:
    path: {case}/ExportOrderList.csv
    format: {{encoding: gb18030}}
    columns: {{order_id: 订单编号, customer_id: 买家会员名, ordered_at: 订单创建时间, amount: 买家实际支付金额,
               refunded: 退款金额}}
    void: {{订单状态: [交易关闭, 等待买家付款]}}
"""),
    "12-report-with-footer": ("EUR", "UTC", """
  orders:
    path: {case}/report1748764800000.csv
    format: {{thousands: ",", footer: Total}}
    columns: {{order_id: Opportunity ID, customer_id: Account ID, ordered_at: Close Date, amount: Amount}}
    date_format: "%m/%d/%Y"
"""),
    "23-workbook-of-two-sheets": ("GBP", "UTC", """
  order_lines:
    path: {case}/online_orders.xlsx
    format: {{sheet: "*"}}
    columns: {{order_id: Invoice, customer_id: Customer ID, ordered_at: InvoiceDate, product_id: StockCode,
               quantity: Quantity, unit_price: Price}}
"""),
}  # fmt: skip
FOUND = {  # files of each case for `regulars new`, the currency where no file says it, and the zone that is asked for
    "01-shopify-orders-export": (["orders_export_1.csv"], "", ""),
    "03-woocommerce-guest-zero": (["orders.csv"], "", ""),
    "04-partial-refund-rows": (["orders.csv"], "EUR", ""),
    "06-amazon-all-orders": (["all-orders.txt"], "", "America/Los_Angeles"),
    "07-taobao-gb18030": (["ExportOrderList.csv"], "CNY", ""),
    "12-report-with-footer": (["report1748764800000.csv"], "EUR", ""),
    "23-workbook-of-two-sheets": (["online_orders.xlsx"], "GBP", ""),
}
SENTENCES = {  # mappings of the cases that leave something unsaid, and what they are told to write
    "03-woocommerce-guest-zero/c03-suggested": 'void: {"status": [cancelled, failed, on-hold, pending]}',
    "06-amazon-all-orders/c06-plain": 'write line_total: "item-price" in place of unit_price',
    "07-taobao-gb18030/c07-plain": 'write refunded: "退款金额"',
    "09-qualtrics-three-headers/c09-path": "write skip_below under format",
    "12-report-with-footer/c12-path": "write footer: 6 under format",
    "14-one-date-in-the-future/c14-plain": "order 'S9999' of 2052-05-13 comes 9,846 days after the last of all others",
    "14-one-date-in-the-future/c14-year": "order 'S9999' of 2026-05-13 comes 349 days after the last of all others",
    "23-workbook-of-two-sheets/c23-sheets": 'write sheet: "*" under format to read all of them',
}


@pytest.fixture
def cases(shop):
    """The folder of the cases; mappings are written into a project of their own."""
    if not SHARED_CASES.is_dir():
        pytest.skip("the cases lie beside the project on some machines only")
    shop.write("params.yaml", PARAMS)
    return SHARED_CASES


def expected(cases, case: str) -> dict:
    return json.loads((cases / case / "expected.json").read_text("utf-8"))


def holds(cleaned, right: dict) -> None:
    """Each customer's repeat purchase days, first and last day and spend are those of the case."""
    orders = cleaned.tables["orders"]
    by_day = orders.groupby(["customer_id", orders["ordered_at"].dt.date.astype(str).rename("day")])["amount"].sum()
    days = by_day[by_day > 0.005].reset_index()
    found = days.groupby("customer_id").agg(
        frequency=("day", lambda group: len(group) - 1),
        first=("day", "min"),
        last=("day", "max"),
        spend=("amount", "sum"),
    )
    assert found["spend"].sum() == pytest.approx(right["spend_sum"], abs=0.005)
    assert str(cleaned.about.observation_end) == right["observation_end"]
    told = found.round({"spend": 2}).to_dict("index")
    assert told == right["by_customer"]


@pytest.mark.parametrize("case", MAPPINGS)
def test_a_mapping_without_sql_is_right(shop, cases, case):
    currency, zone, tables = MAPPINGS[case]
    head = HEAD.replace("EUR", currency) + f"time_zone: {zone}\ntables:"
    shop.map(head + tables.format(case=cases / case))
    holds(shop.clean(), expected(cases, case))


@pytest.mark.parametrize("case", FOUND)
def test_what_is_suggested_is_right_with_at_most_the_zone_answered(shop, cases, case):
    files, currency, zone = FOUND[case]
    proposal = new_dataset("shop", [str(cases / case / file) for file in files], currency)
    assert [question.split(":")[0] for question in proposal.questions] == ["time_zone"] * bool(zone)
    mapping = shop.folder / "data/sources/shop.yaml"
    mapping.write_text(mapping.read_text().replace('time_zone: "?"', f"time_zone: {zone}"))
    holds(shop.clean(), expected(cases, case))


@pytest.mark.parametrize("mapping", SENTENCES)
def test_a_mapping_that_leaves_something_unsaid_is_told_what_to_write(shop, cases, mapping):
    content = (cases / f"{mapping}.yaml").read_text("utf-8").replace("exports/", f"{cases}/")
    shop.map(content)
    with pytest.raises(UserError, match=re.escape(SENTENCES[mapping])):
        shop.clean()


def test_an_id_that_the_format_calls_missing_is_nobody(shop, cases):
    """Those with an account are right, and orders of guests are set apart: they are no customer of 38 % of revenue."""
    case = "03-woocommerce-guest-zero"
    shop.map((cases / case / "c03-zero.yaml").read_text("utf-8").replace("exports/", f"{cases}/"))
    cleaned = shop.clean()
    log = pd.read_csv(cases / case / "orders.csv", dtype=str)
    sold = log[(log["status"] == "completed") & (log["customer_id"] != "0")]
    found = cleaned.tables["orders"].groupby("customer_id")["amount"].sum()
    right = sold["order_total"].astype(float).groupby(sold["customer_id"]).sum()
    assert found.round(2).to_dict() == right.round(2).to_dict()
    reasons = cleaned.ledger["tables"]["orders"]["reasons"]
    guests = int((log["customer_id"] == "0").sum())
    assert reasons[Reason.MISSING_CUSTOMER]["rows"] == guests
    assert guests >= expected(cases, case)["completed_by_guests"]


def test_partial_refunds_that_name_no_order_reduce_what_the_customer_spent(shop, cases):
    case = "04-partial-refund-rows"
    shop.map((cases / case / "c04-plain.yaml").read_text("utf-8").replace("exports/", f"{cases}/"))
    cleaned = shop.clean()
    holds(cleaned, expected(cases, case))
    assert float(cleaned.ledger["tables"]["orders"]["amount"]["kept"]) == 13_581.58


def test_contracts_whose_last_day_counts_are_found_and_right(shop, cases):
    case = "21-plan-change-is-no-churn"
    files = [str(cases / case / name) for name in ("orders.csv", "subscriptions.csv")]
    proposal = new_dataset("shop", files, "EUR")
    assert proposal.questions == []
    assert load_mapping("shop").tables["contracts"]["inclusive_end"]
    cleaned, right = shop.clean(), expected(cases, case)
    contracts = cleaned.tables["contracts"]
    assert len(contracts) == right["contracts"]
    spells = contract_spells(contracts, cleaned.about.observation_end).spells
    assert (len(spells), spells["has_ended"].sum()) == (right["customers"], right["customers_who_left"])


def test_answers_side_by_side(shop, cases):
    case = "09-qualtrics-three-headers"
    (survey,) = (cases / case).glob("*Pulse*.csv")
    shutil.copy(survey, shop.folder / "pulse.csv")
    surveys = """
  surveys:
    path: pulse.csv
    format: {skip_below: 2}
    wide: {Q1: recommendation, Q2: overall, Q3_1: goods, Q3_2: delivery}
    columns: {response_id: ResponseId, customer_id: ExternalReference, answered_at: RecordedDate}
    void: {Status: Survey Preview, Finished: "False"}"""
    shop.map(HEAD + "tables:" + ORDERS.format(case=cases / case) + surveys + ITEMS)
    answers, right = shop.clean().tables["surveys"], expected(cases, case)
    stars = answers.loc[answers["item"] == "recommendation", "score"]
    assert (len(stars), (stars >= 9).sum(), (stars <= 6).sum()) == (
        right["answers"], right["promoters"], right["detractors"],
    )  # fmt: skip
    assert answers.loc[answers["item"] == "overall", "score"].mean() == pytest.approx(right["mean_q2"], abs=0.005)


def test_tickets_whose_first_reply_is_a_duration(shop, cases):
    case = "11-zendesk-tickets"
    tickets = f"""
  tickets:
    path: {cases / case}/tickets.csv
    columns: {{ticket_id: Id, customer_id: Requester external id, kind: {{constant: service}}, opened_at: Created at,
               first_response_at: {{column: First reply time in minutes, after: opened_at, unit: minutes}},
               resolved_at: Solved at, category: Ticket type, channel: Via, urgency: Priority, status: Status}}"""
    shop.map(HEAD + "tables:" + ORDERS.format(case=cases / case) + tickets)
    found, right = shop.clean().tables["tickets"], expected(cases, case)
    hours = (found["resolved_at"] - found["opened_at"]).dt.total_seconds() / 3600
    reply = (found["first_response_at"] - found["opened_at"]).dt.total_seconds() / 3600
    assert (len(found), hours.count(), reply.count()) == (right["tickets"], right["resolved"], right["answered"])
    assert hours.mean() == pytest.approx(right["mean_hours_of_resolved"], abs=1e-4)
    assert reply.mean() == pytest.approx(right["mean_first_reply_hours"], abs=1e-4)
    assert found["category"].isna().sum() == right["without_type"]
