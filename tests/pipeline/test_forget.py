"""A customer who is forgotten is nowhere any more and does not come in again; the ledger counts the rows."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from regulars import cleaning, cli
from regulars.catalog.places import csv_text, edited_rows
from regulars.commands.forget import forget
from regulars.errors import UserError
from regulars.privacy import forgotten_file, pseudonyms
from regulars.sources.ingest import has_changed

ORDERS = """\
order,customer,day,total
1,anna,2024-01-05,10
2,ben,2024-01-06,20
3,anna,2024-02-05,30
4,Carl,2024-02-06,40
"""
LOCK = """\
schema: '2.0'
stages:
  ingest@shop:
    cmd: regulars run ingest shop
    outs:
    - path: data/raw/shop
      md5: 0123456789abcdef0123456789abcdef.dir
  ingest@other:
    cmd: regulars run ingest other
"""


@pytest.fixture
def firm(shop, monkeypatch):
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")
    shop.orders(ORDERS)
    shop.ingest()
    for place in ("data/clean/shop", "data/scored/shop", "reports/shop/told", "private/shop"):
        (shop.folder / place).mkdir(parents=True)
        (shop.folder / place / "table.csv").write_text("customer\nanna\n")
    (shop.folder / "scratch").mkdir()
    for name in ("shop-2024-01-31.zip", "shop-cube.html"):
        (shop.folder / "scratch" / name).write_text("anna")
    history = shop.folder / "data/history/shop/2024-01-31"
    history.mkdir(parents=True)
    names = pseudonyms(["anna", "ben"], "shop")
    (history / "customers.csv").write_text(f"customer,clv\n{names[0]},1\n{names[1]},2\n")
    shop.write("dvc.lock", LOCK)
    return shop


def everything(folder) -> str:
    files = [file for file in folder.rglob("*") if file.is_file() and file.name not in {"orders.csv"}]
    return "\n".join(
        pq.read_table(file).to_pandas().to_csv() if file.suffix == ".parquet" else file.read_text() for file in files
    )


def test_nothing_of_them_is_left_and_the_others_are(firm, capsys):
    assert cli.main(["forget", "shop", "anna", "CARL"]) == 0
    told = capsys.readouterr().out
    assert "run regulars reports shop" in told
    assert "the source itself (orders.csv)" in told
    assert "git" in told
    left = everything(firm.folder)
    assert "anna" not in left and "Carl" not in left and pseudonyms(["anna"], "shop")[0] not in left
    assert pseudonyms(["ben"], "shop")[0] in left
    assert "ingest@shop" not in left and "ingest@other" in left


def test_they_do_not_come_in_again_and_the_ledger_tells_the_rows(firm):
    forget("shop", ["anna"])
    cleaned = firm.clean()
    assert sorted(cleaned.kept["orders"].to_pyarrow()["customer_id"].to_pylist()) == ["Carl", "ben"]
    assert cleaned.ledger["forgotten"] == {"orders": 2}
    overview = cleaning.tables_overview(cleaned.ledger, ["orders"])
    remarks = cleaning.quality.tell_ledger(cleaned.ledger, overview).remarks
    assert [(one.code, one.facts) for one in remarks] == [("forgotten", {"rows": 2})]
    assert cleaned.ledger["tables"]["orders"]["rows"]["raw"] == 2
    raw = firm.folder / "data/raw/shop"
    assert "anna" not in everything(raw)
    assert not has_changed("shop")  # the source is as it was when it was read
    forget("shop", ["ben"])
    firm.ingest()
    assert json.loads((raw / "manifest.json").read_text())["tables"]["orders"]["forgotten"] == 3


def test_refunds_in_a_file_of_their_own_go_with_the_orders_and_by_their_customer(firm):
    firm.write("back.csv", "order,amount,customer,note\n1,3,,anna called\n2,5,,ben called\n77,1,anna,anna wrote\n")
    columns = "{of: order, amount: amount, customer_id: customer}"
    firm.orders(ORDERS, f"refunds: {{path: back.csv, columns: {columns}}}")
    firm.ingest()
    assert forget("shop", ["anna"])
    manifest = firm.ingest()
    assert "anna" not in everything(firm.folder / "data/raw")
    assert [one["rows"] for one in manifest["tables"]["orders"]["refunds"]] == [1]
    orders = firm.clean().tables["orders"]
    assert orders.groupby("customer_id")["amount"].sum().to_dict() == {"Carl": 40, "ben": 15}


def test_without_a_list_files_stay_as_they_came(firm):
    assert (firm.folder / "data/raw/shop/orders/orders.csv").read_text() == ORDERS
    assert "forgetting" not in json.loads((firm.folder / "data/raw/shop/manifest.json").read_text())


def test_the_list_names_nobody_and_needs_its_key(firm, monkeypatch):
    forget("shop", ["anna"])
    assert "anna" not in forgotten_file("shop").read_text()
    monkeypatch.setenv("REGULARS_ID_KEY", "another key for the tests")
    with pytest.raises(UserError, match=r"data/forgotten/shop\.txt was made under another REGULARS_ID_KEY"):
        firm.ingest()


def test_what_hangs_on_their_cases_goes_and_a_mention_is_emptied(firm):
    firm.write("tickets.csv", "t,c,d,cat,st\nT1,anna,2024-01-09,late,open\nT2,ben,2024-01-09,late,open\n")
    firm.write("events.csv", "t,at,st\nT1,2024-01-09,open\nT2,2024-01-09,open\n")
    firm.write("customers.csv", "c,by\nben,anna\nCarl,ben\n")
    firm.map(
        (firm.folder / "data/sources/shop.yaml").read_text()
        + """\
  tickets:
    path: tickets.csv
    columns: {ticket_id: t, customer_id: c, opened_at: d, category: cat, status: st}
  ticket_events:
    path: events.csv
    columns: {ticket_id: t, at: at, status: st}
  customers:
    path: customers.csv
    columns: {customer_id: c, referred_by: by}
"""
    )
    forget("shop", ["anna"])
    manifest = firm.ingest()
    assert {name: table.get("forgotten") for name, table in manifest["tables"].items()} == {
        "orders": 2, "tickets": 1, "ticket_events": 1, "customers": None,
    }  # fmt: skip
    people = pd.read_parquet(firm.folder / "data/raw/shop/customers/customers.csv.parquet")
    assert people.to_numpy().tolist() == [["ben", ""], ["Carl", "ben"]]


@pytest.mark.parametrize("customer", ["Smith, John", "=1+1", 'the "Duke"', "CARL"])
def test_rows_of_saved_tables_go_however_the_id_is_written(firm, customer):
    """An id with a comma or a quote, one that a spreadsheet would compute, one that is typed in another case."""
    real = customer.replace("CARL", "Carl")
    cell = real.replace('"', '""')
    firm.orders(f'{ORDERS}5,"{cell}",2024-02-07,50\n')
    cleaning.save(firm.clean())
    pairs = pd.DataFrame({"customer_id": [real, "ben"], "other_id": ["zoe", "ann"], "decision": ["no", "yes"]})
    (firm.folder / "data/identities").mkdir()
    firm.write("data/identities/shop.csv", csv_text(pairs, exact=True))
    history = firm.folder / "data/history/shop/2024-01-31/customers.csv"
    names = pseudonyms([real, "ben"], "shop")
    history.write_text(f"customer,clv\n{names[0]},1\n{names[1]},2\n")
    assert "2 rows of saved tables" in " ".join(forget("shop", [customer]))
    assert history.read_text() == f"customer,clv\n{names[1]},2\n"
    assert [row["customer_id"] for row in edited_rows(firm.folder / "data/identities/shop.csv")] == ["ben"]


@pytest.mark.parametrize(("arguments", "told"), [(("nobody", ["a"]), "no dataset"), (("shop", [" "]), "at least one")])
def test_what_cannot_be_is_one_sentence(firm, arguments, told):
    with pytest.raises(UserError, match=told):
        forget(*arguments)
