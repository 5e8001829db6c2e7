"""Several ids of one person: merged by decision alone, orders kept, and the ledger tells to the cent what moved."""

from decimal import Decimal

import pytest

from regulars.errors import UserError

D = Decimal
ORDERS = """\
order,customer,day,total
1,a,2024-01-05,10.10
2,b,2024-02-05,20.20
3,c,2024-03-05,30.30
4,d,2024-03-06,1.00
5,b,2024-03-07,0.05
"""
CUSTOMERS = """\
customer,region,consent
a,North,yes
b,South,no
c,West,yes
d,East,yes
"""
DECISIONS = "customer_id,other_id,rules,decision\n"
MAP = """\
title: Corner Shop
currency: EUR
simulated: false
identity_decisions: data/identities/shop.csv
observation_end: last_order_day
tables:
  orders:
    path: orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
  customers:
    path: customers.csv
    columns: {customer_id: customer, region: region, consent: consent}
  memberships:
    path: members.csv
    columns: {customer_id: customer, programme: programme, joined_at: day}
  referrals:
    path: referrals.csv
    columns: {referrer_id: one, referred_id: two, at: day}
"""


def cleaned(shop, decisions: str):
    shop.write("orders.csv", ORDERS)
    shop.write("customers.csv", CUSTOMERS)
    shop.write("members.csv", "customer,programme,day\na,club,2024-01-05\nb,club,2024-01-05\n")
    shop.write("referrals.csv", "one,two,day\na,b,2024-02-05\nb,d,2024-03-06\n")
    (shop.folder / "data" / "identities").mkdir(parents=True, exist_ok=True)
    shop.write("data/identities/shop.csv", DECISIONS + decisions)
    shop.map(MAP)
    return shop.clean()


def test_without_a_decision_nobody_is_merged(shop):
    told = cleaned(shop, "a,b,email,\nc,d,names,no\n")
    assert told.tables["orders"]["customer_id"].tolist() == ["a", "b", "c", "d", "b"]
    assert "reattributed" not in told.ledger["tables"]["orders"]
    assert told.ledger["tables"]["customers"]["rows"]["merged"] == 0


def test_orders_stay_and_the_ledger_tells_rows_and_money_that_moved(shop):
    told = cleaned(shop, "a,b,email,yes\n")
    account = told.ledger["tables"]["orders"]
    assert account["rows"] == {"raw": 5, "kept": 5, "merged": 0, "netted": 0, "rejected": 0}
    assert account["amount"]["kept"] == account["amount"]["raw"] == D("61.65")
    assert account["reattributed"] == {"rows": 2, "amount": D("20.25")}
    assert told.tables["orders"]["customer_id"].tolist() == ["a", "a", "c", "d", "a"]


def test_records_of_one_person_are_merged_and_a_no_to_contact_holds(shop):
    told = cleaned(shop, "a,b,email,yes\n")
    people = told.tables["customers"].set_index("customer_id")
    assert people["region"].to_dict() == {"a": "North", "c": "West", "d": "East"}
    assert people["consent"].to_dict() == {"a": False, "c": True, "d": True}
    account = told.ledger["tables"]["customers"]
    assert account["rows"] == {"raw": 4, "kept": 3, "merged": 1, "netted": 0, "rejected": 0}
    assert account["reasons"] == {"same_person": {"fate": "merged", "rows": 1}}


def test_a_membership_held_twice_is_one_and_nobody_refers_themselves(shop):
    told = cleaned(shop, "a,b,email,yes\n")
    assert told.tables["memberships"]["customer_id"].tolist() == ["a"]
    assert told.tables["referrals"][["referrer_id", "referred_id"]].to_numpy().tolist() == [["a", "d"]]
    assert told.ledger["tables"]["referrals"]["reasons"] == {"same_person": {"fate": "merged", "rows": 1}}


def test_a_cycle_of_decisions_is_one_person(shop):
    told = cleaned(shop, "c,b,x,yes\na,c,x,yes\nb,a,x,YES\n")
    assert set(told.tables["orders"]["customer_id"]) == {"a", "d"}
    assert told.ledger["tables"]["orders"]["reattributed"] == {"rows": 3, "amount": D("50.55")}


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ("a,b,x,yes\nb,c,x,yes\na,c,x,no\n", "line 4: two ids are said to be two people"),
        ("a,b,x,perhaps\n", "line 2: the decision is 'perhaps'"),
        ("a,a,x,yes\n", "line 2: a decision needs two different ids"),
    ],
)
def test_a_file_that_contradicts_itself_stops_with_one_sentence(shop, decisions, told):
    with pytest.raises(UserError, match=told):
        cleaned(shop, decisions)


def test_a_file_that_is_not_there_says_how_to_make_it(shop):
    cleaned(shop, "")
    (shop.folder / "data/identities/shop.csv").unlink()
    with pytest.raises(UserError, match="run `regulars identities shop`"):
        shop.clean()
