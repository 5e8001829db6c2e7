"""Exports of shops, tills, payment services, sales systems, help desks, questionnaires and mailings: known by headers.

Every export here is invented; each has the columns of the real one, and the oddities that it is known for.
"""

# lines of an export stay whole
# ruff: noqa: E501

import re
from dataclasses import dataclass, field

import pytest

from regulars.sources.discovery import new_dataset
from regulars.sources.discovery.systems import system_of, systems
from regulars.sources.mapping import load_mapping

PARAMS = "common:\n  seed: 1\ndatasets:\n  old: {}\n"
ORDERS = (
    "order_id,customer_id,ordered_at,amount\nS1,C1,2025-01-02,10.00\nS2,C2,2025-02-03,20.00\nS3,C1,2025-03-04,5.00\n"
)
MOST_QUESTIONS = 3


@dataclass(frozen=True)
class Export:
    """One file of a system: what it says, and what has to come of it."""

    content: str
    spend: dict = field(default_factory=dict)  # customer to what they spent, as worked by hand
    last_day: str = ""
    zone: str = "UTC"
    suffix: str = ".csv"
    rows: dict = field(default_factory=dict)  # of other tables: how many are kept
    encoding: str = "utf-8"


EXPORTS = {
    "Shopify, orders": Export(
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Refunded Amount,Source\n"
        '#3,Ann@x.example,paid,,EUR,8,2,0,10.00,2025-05-30 23:30:00 -0400,1,"Mug, red",4.00,M1,0,web\n'
        "#3,Ann@x.example,,,,,,,,2025-05-30 23:30:00 -0400,1,Jug,4.00,J1,,\n"
        "#2,bob@x.example,partially_refunded,,EUR,20,0,0,20.00,2025-05-02 10:00:00 -0400,1,Jug,20.00,J1,5.50,web\n"
        "#1,cat@x.example,voided,,EUR,9,0,0,9.00,2025-05-01 10:00:00 -0400,2,Mug,4.50,M1,0,web\n"
        "#1,cat@x.example,,,,,,,,2025-05-01 10:00:00 -0400,1,Bag,1.00,B1,,\n",
        {"ann@x.example": 10, "bob@x.example": 14.5}, "2025-05-31", "Europe/London", rows={"order_lines": 3},
    ),
    "WooCommerce, order export": Export(
        "order_id,order_number,order_date,status,order_total,refunded_total,order_currency,customer_id,billing_email\n"
        "1,1,2025-01-02 10:00:00,completed,10.00,0,EUR,0,Ann@x.example\n"
        "2,2,2025-01-03 10:00:00,failed,99.00,0,EUR,0,ann@x.example\n"
        "3,3,2025-01-04 10:00:00,refunded,20.00,-20.00,EUR,7,bob@x.example\n"
        "4,4,2025-01-05 10:00:00,processing,30.00,-1.25,EUR,7,bob@x.example\n",
        {"ann@x.example": 10, "bob@x.example": 28.75}, "2025-01-05",
    ),
    "WooCommerce, analytics": Export(
        "Date,Order #,Status,Customer,Customer type,Product(s),Items sold,Coupon(s),N. Revenue,Attribution\n"
        "2025-01-02 10:00:00,11,completed,Ann A,new,1× Mug,1,,12.50,Direct\n"
        "2025-01-09 10:00:00,12,cancelled,Ann A,returning,1× Mug,1,,12.50,Direct\n",
        {"Ann A": 12.5}, "2025-01-02",
    ),
    "Magento, orders": Export(
        "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,"
        "Customer Email,Total Refunded\n"
        '000000001,Main,"Jan 2, 2025, 10:00:00 AM",Ann A,Ann A,10.00,10.00,Complete,Ann@x.example,0\n'
        '000000002,Main,"Jan 13, 2025, 10:00:00 PM",Bob B,Bob B,20.00,20.00,Closed,bob@x.example,20.00\n'
        '000000003,Main,"Jan 14, 2025, 01:00:00 PM",Bob B,Bob B,30.00,30.00,Canceled,bob@x.example,0\n',
        {"ann@x.example": 10}, "2025-01-02",
    ),
    "Amazon, all orders": Export(
        "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tproduct-name\tsku\t"
        "item-status\tquantity\tcurrency\titem-price\tbuyer-email\n"
        '111-1\t\t2025-01-02T03:00:00+00:00\t\tShipped\tAmazon.com\t5" plate\tA\tShipped\t2\tUSD\t10.00\tA@m.example\n'
        "111-2\t\t2025-01-03T18:00:00+00:00\t\tCancelled\tAmazon.com\tmug\tB\tCancelled\t0\tUSD\t\tb@m.example\n",
        {"a@m.example": 10}, "2025-01-01", "America/Los_Angeles", ".txt",
    ),
    "eBay, orders": Export(
        "\n"
        '"Sales Record Number","Order Number","Buyer Username","Buyer Name","Item Number","Item Title","Quantity","Sold For",'
        '"Total Price","Sale Date"\n'
        '"1","01-1","ann7","Ann","110","Mug","2","$4.50","$9.00","Mar-05-25"\n'
        '"2","01-2","bob8","Bob","111","Jug","1","$6.00","$11.00","Mar-15-25"\n'
        '"2","01-2","","","112","Bag","1","$5.00","",""\n'
        "\n"
        '"2","record(s) downloaded","from","Mar-01-25"\n'
        '"Seller ID : shop"\n',
        {"ann7": 9, "bob8": 11}, "2025-03-15",
    ),
    "Square, items": Export(
        "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,"
        "Customer ID\n"
        "2025-01-02,10:00:00,Berlin,Tea,Earl Grey,2.0,Regular,E1,$10.00,($1.00),$9.00,$0.70,T1,K1\n"
        "2025-01-05,10:00:00,Berlin,Tea,Earl Grey,1.0,Regular,E1,$5.00,$0.00,$5.00,$0.35,T2,K2\n"
        "2025-01-06,10:00:00,Berlin,Tea,Earl Grey,-1.0,Regular,E1,($5.00),$0.00,($5.00),($0.35),T3,K2\n",
        {"K1": 9}, "2025-01-02",
    ),
    "Square, transactions": Export(
        "Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Tax,Tip,Total Collected,Source,Transaction ID,Customer ID\n"
        "2025-01-02,10:00:00,Berlin,$10.00,$0.00,$10.00,$0.70,$0.00,$10.70,Register,T1,K1\n"
        '2025-01-05,10:00:00,Berlin,"$1,205.00",$0.00,"$1,205.00",$0.35,$0.00,$5.35,Register,T2,K2\n',
        {"K1": 10, "K2": 1205}, "2025-01-05",
    ),
    "Stripe, payments": Export(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID,Customer Email\n"
        "ch_1,2025-01-02 10:00:00,10.00,0.00,eur,true,Paid,cus_1,a@x.example\n"
        "ch_2,2025-01-03 10:00:00,20.00,0.00,eur,false,Failed,cus_1,a@x.example\n"
        "ch_3,2025-01-04 02:00:00,30.00,12.00,eur,true,Refunded,cus_2,b@x.example\n",
        {"cus_1": 10, "cus_2": 18}, "2025-01-03", "America/New_York",
    ),
    "Stripe, subscriptions": Export(
        "id,Customer ID,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),Start (UTC),"
        "Current Period Start (UTC),Current Period End (UTC),Canceled At (UTC),Ended At (UTC)\n"
        "sub_1,C1,a@x.example,basic,1,eur,month,9.00,active,2025-01-02 10:00,2025-01-02 10:00,2025-03-02 10:00,"
        "2025-04-02 10:00,,\n"
        "sub_2,C2,b@x.example,basic,1,eur,month,9.00,canceled,2025-01-05 09:00,2025-01-05 09:00,2025-02-05 09:00,"
        "2025-03-05 09:00,2025-02-20 08:00,2025-03-05 09:00\n"
        "sub_3,C2,b@x.example,basic,1,eur,month,9.00,incomplete_expired,2025-02-01 09:00,2025-02-01 09:00,,,,\n",
        rows={"contracts": 2},
    ),
    "PayPal, activity": Export(
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address",'
        '"Transaction ID","Reference Txn ID"\n'
        '"13/01/2025","10:00:00","GMT","Ann","Express Checkout Payment","Completed","EUR","1,010.00","-0.50","9.50","a@x.example",'
        '"shop@x.example","P1",""\n'
        '"14/01/2025","10:00:00","GMT","Ann","Payment Refund","Completed","EUR","-4.00","0.10","-3.90","shop@x.example",'
        '"a@x.example","P2","P1"\n'
        '"15/01/2025","10:00:00","GMT","","General Withdrawal","Completed","EUR","-5.50","0.00","-5.50","shop@x.example","","P3",""\n'
        '"16/01/2025","10:00:00","GMT","Bob","Express Checkout Payment","Pending","EUR","7.00","0","7","b@x.example",'
        '"shop@x.example","P4",""\n',
        {"a@x.example": 1006}, "2025-01-13",
    ),
    "淘宝／天猫, 订单": Export(
        "订单编号,买家会员名,买家应付货款,买家实际支付金额,订单状态,订单创建时间,订单付款时间,宝贝标题,退款金额\n"
        '"=""380000000000000001""",李雷,10.00,10.00,交易成功,2025-01-02 10:00:00,2025-01-02 10:01:00,茶杯,0.00\n'
        '"=""380000000000000002""",韩梅,20.00,20.00,交易成功,2025-01-03 10:00:00,2025-01-03 10:01:00,茶壶,7.50\n'
        '"=""380000000000000003""",韩梅,30.00,0.00,等待买家付款,2025-01-04 10:00:00,,茶壶,0.00\n',
        {"李雷": 10, "韩梅": 12.5}, "2025-01-03", "Asia/Shanghai", encoding="gb18030",
    ),
    "京东, 订单": Export(
        "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,应付金额,订单状态,下单帐号\n"
        "71,1001,茶杯,1,在线支付,2025-01-02 10:00:00,5.00,15.00,15.00,完成,jd_ann\n"
        "71,1002,茶壶,1,在线支付,2025-01-02 10:00:00,10.00,15.00,15.00,完成,jd_ann\n"
        "72,1001,茶杯,1,在线支付,2025-01-03 10:00:00,5.00,5.00,5.00,已取消,jd_bob\n",
        {"jd_ann": 15}, "2025-01-02", "Asia/Shanghai", encoding="gb18030",
    ),
    "有赞, 订单": Export(
        "订单号,订单状态,订单创建时间,订单实付金额,订单已退款金额,全部商品名称,买家昵称,买家手机号\n"
        "E1,交易完成,2025-01-02 10:00:00,10.00,0.00,茶杯,小李,13800000001\n"
        "E2,交易关闭,2025-01-03 10:00:00,20.00,20.00,茶壶,小韩,13800000002\n"
        "E3,已发货,2025-01-04 10:00:00,30.00,4.00,茶壶,小韩,13800000002\n",
        {"13800000001": 10, "13800000002": 26}, "2025-01-04", "Asia/Shanghai",
    ),
    "Salesforce, opportunities": Export(
        '"Opportunity ID","Account ID","Account Name","Stage","Close Date","Amount"\n'
        '"006A","001A","Acme","Closed Won","1/13/2025","1,200.00"\n'
        '"006B","001B","Bolt","Closed Lost","1/14/2025","900.00"\n'
        '"006C","001B","Bolt","Closed Won","2/3/2025","50.00"\n'
        '"Total","","","","","2,150.00"\n\n\n"Won deals"\n"Generated by: A. Analyst  3/1/2025"\n',
        {"001A": 1200, "001B": 50}, "2025-02-03",
    ),
    "Salesforce, opportunities by name": Export(
        '"Opportunity Name","Account Name","Stage","Close Date","Amount"\n'
        '"Roof","Acme","Closed Won","13.01.2025","1.200,00"\n'
        '"Door","Bolt","Negotiation","14.01.2025","900,50"\n',
        {"Acme": 1200}, "2025-01-13",
    ),
    "HubSpot, deals": Export(
        "Record ID,Deal Name,Deal Stage,Close Date,Amount,Currency,Pipeline,Associated Company IDs,Associated Company\n"
        "51,Roof,Closed Won,2025-01-13 10:00,1200,EUR,Sales,9001,Acme\n"
        "52,Door,Contract Sent,2025-01-14 10:00,900,EUR,Sales,9002,Bolt\n",
        {"9001": 1200}, "2025-01-13",
    ),
    "Zendesk, tickets": Export(
        "Id,Requester,Requester id,Requester external id,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Solved at,"
        "First reply time in minutes\n"
        '1,Ann,77,C1,"Late,\n""again""",shop,Solved,High,Mail,Incident,2025-01-02T10:00:00Z,2025-01-03T10:00:00Z,90\n'
        "2,Bob,78,C2,Broken,shop,Open,,Web,,2025-01-05T10:00:00Z,,\n",
        rows={"tickets": 2},
    ),
    "Freshdesk, tickets": Export(
        "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,Closed time,"
        "Initial response time,Requester email,External ID\n"
        "1,Late,Closed,Low,Email,Question,Kim,Shop,2025-01-02 10:00:00,2025-01-05 10:00:00,2025-01-03 10:00:00,,"
        "2025-01-02 11:00:00,a@x.example,C1\n"
        "2,Broken,Open,High,Phone,,Kim,Shop,2025-01-04 10:00:00,2025-01-07 10:00:00,,,,b@x.example,C2\n",
        rows={"tickets": 2},
    ),
    "Intercom, conversations": Export(
        "Conversation ID,Conversation started at,User external ID,Channel,Conversation state,First teammate reply at,"
        "Last closed at,Teammate assigned\n"
        "9001,2025-01-02T10:00:00Z,C1,Messenger,closed,2025-01-02T10:05:00Z,2025-01-02T12:00:00Z,Kim\n"
        "9002,2025-01-03T10:00:00Z,C2,Email,open,,,Kim\n",
        rows={"tickets": 2},
    ),
    "Qualtrics, answers": Export(
        "StartDate,EndDate,Status,Progress,Finished,RecordedDate,ResponseId,ExternalReference,Q1_NPS_GROUP,Q1,Q2,Q3\n"
        "Start Date,End Date,Response Type,Progress,Finished,Recorded Date,Response ID,External Data Reference,Group,"
        '"Would you recommend us\nto a friend?","All in all, how content are you?",What else?\n'
        '"{""ImportId"":""startDate""}",{},{},{},{},{},{},{},{},{},{},{}\n'
        "2025-02-01 10:00:00,2025-02-01 10:05:00,IP Address,100,True,2025-02-01 10:05:01,R_1,C1,Promoter,9,4,fine\n"
        "2025-02-02 10:00:00,2025-02-02 10:05:00,IP Address,100,True,2025-02-02 10:05:01,R_2,C2,Detractor,3,2,\n"
        "2025-02-03 10:00:00,2025-02-03 10:05:00,Survey Preview,100,True,2025-02-03 10:05:01,R_3,,Promoter,10,5,test\n",
        rows={"surveys": 4, "survey_items": 2},
    ),
    "SurveyMonkey, answers": Export(
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1,"
        "How likely is it that you would recommend us to a friend?,How satisfied are you with,\n"
        ",,,,,,,,,Response,The goods,The delivery\n"
        "1001,5,02/13/2025 10:00:00 AM,02/13/2025 10:05:00 AM,1.2.3.4,a@x.example,,,C1,9,4,5\n"
        "1002,5,02/14/2025 10:00:00 AM,02/14/2025 10:05:00 AM,1.2.3.4,b@x.example,,,C2,6,2,\n",
        rows={"surveys": 4, "survey_items": 2},
    ),
    "Typeform, answers": Export(
        "#,Would you recommend us to a friend?,How satisfied are you?,customer_id,Start Date (UTC),Submit Date (UTC),Network ID\n"
        "aaa,9,4,C1,2025-02-01 10:00:00,2025-02-01 10:05:00,n1\n"
        "bbb,5,3,C2,2025-02-02 10:00:00,2025-02-02 10:05:00,n2\n",
        rows={"surveys": 4, "survey_items": 2},
    ),
    "Mailchimp, audience": Export(
        "Email Address,First Name,Last Name,CUSTOMERID,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID,EUID,NOTES,TAGS\n"
        "a@x.example,Ann,A,C1,4,2024-12-01 10:00:00,,2024-12-01 10:05:00,1,x1,,\n"
        "b@x.example,Bob,B,C2,2,2024-12-02 10:00:00,,2024-12-02 10:05:00,2,x2,,\n",
        rows={"customers": 2},
    ),
    "Klaviyo, profiles": Export(
        "Email,Klaviyo ID,External ID,First Name,Email Marketing Consent,Profile Created On,Country\n"
        "a@x.example,01H1,C1,Ann,SUBSCRIBED,2024-12-01 10:00:00,DE\n"
        "b@x.example,01H2,C2,Bob,NEVER_SUBSCRIBED,2024-12-02 10:00:00,FR\n",
        rows={"customers": 2},
    ),
}  # fmt: skip


@pytest.fixture
def firm(shop):
    """A folder with params.yaml, to which a test adds files."""
    shop.write("params.yaml", PARAMS)
    return shop


def test_every_known_export_has_one_here():
    assert [one.system for one in systems()] == list(EXPORTS)


def test_no_export_is_taken_for_another():
    for name, export in EXPORTS.items():
        header = next(line for line in export.content.splitlines() if line).replace('"', "")
        assert system_of(header.split("\t" if "\t" in header else ",")).system == name


@pytest.mark.parametrize("name", EXPORTS)
def test_a_known_export_is_mapped_and_builds(firm, name):
    export = EXPORTS[name]
    file = f"export{export.suffix}"
    firm.write(file, export.content.encode(export.encoding))
    files = [str(firm.folder / file)]
    if not export.spend:
        firm.write("orders.csv", ORDERS)
        files.append(str(firm.folder / "orders.csv"))
    code = {"Amazon": "USD"}.get(name.split(",")[0], "CNY" if "单" in name else "EUR")
    proposal = new_dataset("shop", files, code)
    assert len(proposal.questions) <= MOST_QUESTIONS
    in_utc = name in ("Amazon, all orders", "Stripe, payments")
    assert [question.split(":")[0] for question in proposal.questions] == ["time_zone"] * in_utc
    assert any(name in line for line in proposal.concluded)
    mapping = firm.folder / "data/sources/shop.yaml"
    mapping.write_text(re.sub(r"(?m)^time_zone: \S+", f"time_zone: {export.zone}", mapping.read_text()))
    assert load_mapping("shop")
    cleaned = firm.clean()
    orders = cleaned.tables["orders"]
    spent = orders.groupby("customer_id")["amount"].sum()
    if export.spend:
        assert spent[spent != 0].to_dict() == export.spend
        sold = orders.loc[orders["amount"] > 0, "ordered_at"]
        assert f"{sold.max():%Y-%m-%d}" == export.last_day
    assert {table: len(cleaned.tables[table]) for table in export.rows} == export.rows
