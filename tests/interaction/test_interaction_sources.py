"""Tables of the contact centre: mapped, checked, refused where they cannot be; what bad input does to them."""

import pandas as pd
import pytest
import yaml

from regulars import cleaning, cli, interaction
from regulars.cleaning import clean
from regulars.commands.identities import write_proposals
from regulars.interaction import sections
from regulars.sources.discovery import new_dataset

ORDERS = "order,customer,date,total\n1,ann,2026-01-05,10\n2,ben,2026-01-06,20\n3,cat,2026-02-06,5\n"
CALLS = """\
caller,started,via,direction,topic,waited,answered,minutes,solved
ann,2026-01-05 09:00,Phone,in,delivery,12,yes,3.5,yes
,2026-01-05 09:05,phone,in,invoice,40,no,2,
ben,2026-01-05 09:07,phone,in,invoice,-3,yes,1,no
ben,2026-01-06 10:00,mail,out,offer,,yes,,
stranger,2026-01-06 11:00,phone,in,delivery,1,,4,yes
"""
ROSTER = "agent,start,end\nA1,2026-01-05 08:00,2026-01-05 16:00\nA2,2026-01-05 16:00,2026-01-05 08:00\n"
MARKS = """\
system,record,customer,kind,value
shop,1,ann,email,Ann@x.org
shop,2,ben,email,ben@x.org
club,7,cat,email,ann@x.org
club,8,,phone,0712345678
"""


@pytest.fixture
def firm(shop, root):
    (shop.folder / "inbox").mkdir()
    for name, text in {"orders": ORDERS, "calls": CALLS, "roster": ROSTER, "marks": MARKS}.items():
        shop.write(f"inbox/{name}.csv", text)
    example = (root / "docs/sources/contact_log.yaml").read_text(encoding="utf-8")
    shop.map("\n".join(line for line in example.splitlines() if not line.startswith("identity_decisions")))
    return shop


def test_ten_lines_map_a_contact_log(firm, root):
    example = yaml.safe_load((root / "docs/sources/contact_log.yaml").read_text(encoding="utf-8"))
    assert len(example["tables"]["contacts"]["columns"]) == 10
    firm.ingest()
    told = clean("shop")
    accounts = told.ledger["tables"]
    assert accounts["contacts"]["rows"] == {"raw": 5, "kept": 4, "merged": 0, "netted": 0, "rejected": 1}
    assert accounts["contacts"]["reasons"] == {"negative_value": {"fate": "rejected", "rows": 1}}
    assert accounts["shifts"]["reasons"] == {"ends_before_it_starts": {"fate": "rejected", "rows": 1}}
    contacts = told.tables["contacts"]
    assert contacts["customer_id"].isna().sum() == 1, "an unknown caller is kept"
    calls = interaction.calls_of(contacts)
    assert calls["wait_seconds"].tolist() == [12.0, 40.0], "what was not said to be answered is left out"
    assert calls["minutes"].tolist()[0] == 3.5 and pd.isna(calls["minutes"][1])
    assert interaction.identity_candidates(told.tables["identities"]).pairs["rules"].tolist() == ["email"]


def test_files_are_known_by_their_columns(shop):
    shop.write("params.yaml", "common:\n  seed: 1\ndatasets:\n  old: {}\n")
    files = {
        "orders.csv": "order_id,customer_id,date,total\n1,ann,2026-01-05,10\n2,ben,2026-01-06,20\n",
        "calls.csv": "contact_id,customer_id,started_at,channel,initiator,topic,wait_seconds,answered\n"
        "1,ann,2026-01-05 09:00,phone,customer,delivery,12,yes\n",
        "roster.csv": "agent,shift_start,shift_end\nA1,2026-01-05 08:00,2026-01-05 16:00\n",
        "marks.csv": "source,record_id,customer_id,kind,value\nshop,1,ann,email,ann@x.org\n",
        "plan.csv": "plan_id,audience,goal,channel\n1,loyal,keep,phone\n",
    }
    for name, text in files.items():
        shop.write(name, text)
    proposal = new_dataset("shop2", [str(shop.folder / name) for name in files])
    tables = yaml.safe_load(proposal.text)["tables"]
    assert set(tables) == {"orders", "contacts", "shifts", "identities", "interaction_plan"}
    assert tables["contacts"]["columns"]["purpose"] == "topic" and tables["shifts"]["columns"]["to"] == "shift_end"
    assert tables["identities"]["columns"]["external_id"] == "record_id"


def test_the_command_writes_pairs_to_be_decided_and_keeps_decisions(firm, root, capsys):
    (firm.folder / "params.yaml").write_text((root / "params.yaml").read_text("utf-8").replace("  cdnow:", "  shop:"))
    firm.ingest()
    cleaning.save(clean("shop"))
    assert cli.main(["identities", "shop"]) == 0
    file = firm.folder / "data/identities/shop.csv"
    lines = file.read_text("utf-8").splitlines()
    assert lines == ["customer_id,other_id,rules,probability,contradicts,decision", "ann,cat,email,,no,"]
    values = firm.folder / "private/shop/identity-candidates.csv"
    assert values.stat().st_mode & 0o777 == 0o600 and "annx" not in file.read_text("utf-8")
    assert "ann@x.org" in values.read_text("utf-8-sig") and "@" not in file.read_text("utf-8")
    assert "identity_decisions: data/identities/shop.csv" in capsys.readouterr().out
    file.write_text(lines[0] + "\nann,cat,email,,no,yes\n", encoding="utf-8")
    mapping = firm.folder / "data/sources/shop.yaml"
    mapping.write_text(
        mapping.read_text("utf-8").replace("tables:", "identity_decisions: data/identities/shop.csv\ntables:", 1)
    )
    told = clean("shop")
    assert told.ledger["tables"]["orders"]["reattributed"]["rows"] == 1
    assert set(told.tables["orders"]["customer_id"]) == {"ann", "ben"}
    cleaning.save(told)
    assert write_proposals("shop").decided == 1, "what was decided stays, though it is no candidate any more"


def test_ids_that_a_spreadsheet_would_compute_are_decided_as_they_are(firm, root):
    (firm.folder / "params.yaml").write_text((root / "params.yaml").read_text("utf-8").replace("  cdnow:", "  shop:"))
    for name in ("orders", "marks"):
        text = (firm.folder / f"inbox/{name}.csv").read_text("utf-8")
        firm.write(f"inbox/{name}.csv", text.replace("ann,", "=ann,").replace("cat,", "-cat,"))
    cleaning.save(firm.clean())
    write_proposals("shop")
    file = firm.folder / "data/identities/shop.csv"
    assert "'-cat,'=ann,email" in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace("no,\n", "no,yes\n"), encoding="utf-8")
    mapping = firm.folder / "data/sources/shop.yaml"
    mapping.write_text(
        mapping.read_text("utf-8").replace("tables:", "identity_decisions: data/identities/shop.csv\ntables:", 1)
    )
    assert set(firm.clean().tables["orders"]["customer_id"]) == {"-cat", "ben"}


def test_a_dataset_without_identities_says_what_to_map(shop, root, capsys):
    (shop.folder / "params.yaml").write_text((root / "params.yaml").read_text("utf-8").replace("  cdnow:", "  shop:"))
    shop.orders("order,customer,day,total\n1,a,2024-01-01,5\n")
    shop.ingest()
    cleaning.save(clean("shop"))
    assert cli.main(["identities", "shop"]) == 1
    assert "shop has no table identities" in capsys.readouterr().err


# ---- real ----


@pytest.fixture(scope="module")
def comcast(shared_data):
    file = shared_data / "comcast_complaints/comcast_fcc_complaints.csv"
    if not file.is_file():
        pytest.skip("the real files lie beside the project on some machines only")
    raw = pd.read_csv(file, dtype=str)
    topic = raw["Customer Complaint"].str.lower()
    purpose = topic.str.extract(r"(internet|bill|cap|price|service)", expand=False).fillna("other")
    return pd.DataFrame(
        {
            "contact_id": raw["Ticket #"], "customer_id": pd.NA, "channel": raw["Received Via"].str.lower(),
            "initiator": "customer", "purpose": purpose, "resolved": raw["Status"].isin(["Closed", "Solved"]),
        }
    )  # fmt: skip


def test_comcast_answers_by_two_channels(comcast):
    """2,224 complaints of 2015, 1,119 by call and 1,105 by internet; 77 and 76 % of them closed or solved."""
    table = interaction.channel_table(comcast).set_index("channel")
    assert table["n"].to_dict() == {"customer care call": 1119, "internet": 1105}
    assert table["raw"].round(3).to_dict() == {"customer care call": 0.772, "internet": 0.763}
    assert table.loc["customer care call", "given_cost"] == "high" and table.loc["internet", "given_speed"] == "fast"
    told = sections.tell_solved(interaction.channel_table(comcast))
    assert told.verdict == "alike" and told.facts["channels"] == 2
    assert "no answered and no wait_seconds" in interaction.calls_of(comcast).why
