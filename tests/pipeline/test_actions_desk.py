"""Lots, calendars, owners and Monday's list: files with real ids, and what the pipeline takes back from them."""

import stat

import numpy as np
import pandas as pd
import pytest

from regulars import cli
from regulars.actions.lists import errands, mondays_list
from regulars.cleaning.owners import read_owner_changes
from regulars.commands.desk_files import as_calendar, change_owner
from regulars.commands.draw_lot import draw_lot
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.labels import Errand
from regulars.lots import drawn, kept_back, read_lots

pytestmark = pytest.mark.usefixtures("id_key")
END = pd.Timestamp("2026-06-30")

PEOPLE = pd.DataFrame({"customer_id": [f"real-{n:03d}" for n in range(200)], "stratum": ["vip"] * 40 + ["small"] * 160})


def test_a_lot_is_stratified_and_the_same_on_any_machine():
    lot = drawn(PEOPLE, "spring", 0.1)
    kept = lot[lot["group"] == "control"]
    assert kept.groupby("stratum").size().to_dict() == {"small": 16, "vip": 4}
    again = drawn(PEOPLE.sample(frac=1, random_state=3), "spring", 0.1)
    pd.testing.assert_frame_equal(lot, again)
    assert set(
        drawn(PEOPLE, "spring", 0.1, version=2).loc[lambda rows: rows["group"] == "control", "customer_id"]
    ) != set(kept["customer_id"])


def test_small_strata_are_drawn_from_as_well():
    people = pd.DataFrame({"customer_id": [f"k{n}" for n in range(400)], "stratum": [f"s{n // 4}" for n in range(400)]})
    kept = drawn(people, "spring", 0.1)["group"].eq("control").mean()
    assert 0.05 < kept < 0.16, "a tenth of four is one or none, by lot"


@pytest.fixture
def firm(shop, root, monkeypatch):
    """A project with scored customers, some of whom said no or were contacted lately."""
    from regulars import catalog
    from regulars.commands import draw_lot as lots

    shop.write("params.yaml", (root / "params.yaml").read_text())
    value = PEOPLE.rename(columns={"stratum": "tier"}).astype("string")
    customers = pd.DataFrame({"customer_id": value["customer_id"], "consent": [False] * 20 + [True] * 180})
    contacts = pd.DataFrame({"customer_id": ["real-030", "real-031"], "initiator": "company",
                             "at": pd.to_datetime(["2026-06-20", "2026-01-01"])})  # fmt: skip
    tables = {"customers": customers, "contacts": contacts}

    class Supplied(dict):
        def supplied(self, *names):
            return {name: self[name] for name in names if name in self}

    monkeypatch.setattr(Dataset, "value", value)
    monkeypatch.setattr(Dataset, "end", END.date())
    monkeypatch.setattr(lots, "Dataset", lambda name: _with(Dataset(name), Supplied(tables)))
    assert catalog is not None
    return shop


def _with(dataset, tables):
    dataset.tables = tables
    return dataset


def test_who_said_no_or_was_contacted_lately_is_not_drawn_and_ids_stay_private(firm):
    lot = draw_lot("demo", "spring", 0.1)
    assert (lot.without_consent, lot.contacted_lately, lot.contacted + lot.controls) == (20, 1, 179)
    assert stat.S_IMODE(lot.file.stat().st_mode) == 0o600 and lot.file.is_relative_to(firm.folder / "private")
    assert "real-" in lot.file.read_text() and "real-" not in lot.kept.read_text()
    back = read_lots("demo", PEOPLE["customer_id"])
    assert back["campaign_id"].unique().tolist() == ["spring"] and back["is_control"].sum() == lot.controls
    assert back["drawn_from"].unique().tolist() == [pd.Timestamp(END)]
    private = pd.read_csv(lot.file)
    wanted = set(private.loc[private["group"] == "control", "customer_id"])
    assert set(back.loc[back["is_control"], "customer_id"]) == wanted


def test_who_is_kept_back_is_left_alone_while_the_lot_runs(firm):
    draw_lot("demo", "spring", 0.1)
    back = read_lots("demo", PEOPLE["customer_id"])
    controls = sorted(back.loc[back["is_control"], "customer_id"])
    running, over = (END + pd.Timedelta(days=days) for days in (29, 30))
    assert kept_back("demo", PEOPLE["customer_id"], end=running, days=30) == controls
    assert kept_back("demo", PEOPLE["customer_id"], end=over, days=30) == []
    calls = errands(Errand.CALL, PEOPLE.assign(worth=9.0), channel="phone", worth="worth", cost=1.0)
    monday = mondays_list([calls], length=10_000, controls=controls)
    assert monday.kept_back == len(controls) and not set(monday.rows["customer_id"]) & set(controls)
    waiting = PEOPLE.head(200).assign(worth=9.0, ticket_id="t")
    complaints = errands(Errand.COMPLAINT, waiting, channel="phone", worth="worth", cost=1.0, about="ticket_id")
    assert mondays_list([complaints], length=10_000, controls=controls).kept_back == 0  # it was they who asked


def test_a_lot_of_those_to_call_leaves_out_whom_another_keeps_back(firm, monkeypatch):
    first = draw_lot("demo", "spring", 0.5)
    back = read_lots("demo", PEOPLE["customer_id"])
    controls = set(back.loc[back["is_control"], "customer_id"])
    scored = PEOPLE.rename(columns={"stratum": "tier"}).assign(
        frequency=3, p_alive=0.5, value_at_risk=np.arange(200.0), customer_state="dormant"
    )
    monkeypatch.setattr(Dataset, "customers", scored.astype({"customer_id": "string", "tier": "string"}))
    lot = draw_lot("demo", "calls", 0.5, of_calls=True)
    drawn_from = set(pd.read_csv(lot.file)["customer_id"])
    called = set(PEOPLE["customer_id"].tail(50))  # those with the most money at risk
    assert drawn_from == called - controls and lot.kept_back == len(called & controls) > 0
    assert first.kept_back == 0 and lot.contacted + lot.controls == len(drawn_from)


def test_a_lot_is_drawn_once(firm):
    draw_lot("demo", "spring", 0.1)
    with pytest.raises(UserError, match="another lot needs --draw 2"):
        draw_lot("demo", "spring", 0.1)
    draw_lot("demo", "spring", 0.2, version=2)
    assert read_lots("demo", PEOPLE["customer_id"])["is_control"].mean() == pytest.approx(0.2, abs=0.02), "the latest"


@pytest.mark.parametrize(
    ("campaign", "control", "said"), [("a/b", 0.1, "cannot be a file's name"), ("a", 0.9, "up to 0.5")]
)
def test_what_is_no_lot_is_refused(firm, campaign, control, said):
    with pytest.raises(UserError, match=said):
        draw_lot("demo", campaign, control)


def test_a_damaged_lot_is_named(firm):
    lot = draw_lot("demo", "spring", 0.1)
    lot.kept.with_suffix(".json").write_text("{")
    with pytest.raises(UserError, match=r"data/lots/demo/spring\.json is not as"):
        read_lots("demo", PEOPLE["customer_id"])


def test_a_calendar_as_calendars_read_it():
    rows = pd.DataFrame({"uid": ["V1"], "day": pd.to_datetime(["2026-07-01"]), "summary": ["call; P1, " + "ä" * 60],
                         "description": ["needs"]})  # fmt: skip
    text = as_calendar(rows, "demo", "2026-06-30")
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "DTSTART;VALUE=DATE:20260701" in lines and "DTEND;VALUE=DATE:20260702" in lines
    assert "SUMMARY:call\\; P1\\, " in text and text == as_calendar(rows, "demo", "2026-06-30")


# ---- owners ----

PROSPECTS = "prospect,created,stage,owner\nP1,2026-01-01,lead,S1\nP2,2026-01-02,lead,S1\nP3,2026-01-03,won,S2\n"


def owned(shop, edits: str):
    (shop.folder / "data" / "edits").mkdir(parents=True, exist_ok=True)
    shop.write("data/edits/shop.owners.csv", edits)
    return read_owner_changes("shop")


def test_changes_of_owners_are_read_and_what_is_wrong_with_them_is_named(shop):
    told = owned(shop, "table,id,from,owner\nprospects,,S1,S9\nprospects,P3,,S1\n")
    assert [(one.id, one.before, one.owner) for one in told] == [("", "S1", "S9"), ("P3", "", "S1")]
    for edits, said in (
        ("table,id,from,owner\norders,,S1,S2\n", "row 1, column table: 'orders' has no owners"),
        ("table,id,from,owner\nprospects,,,S2\n", "row 1: say who has it from now on"),
        ("table,id,owner\nprospects,P1,S2\n", "row 1: the columns are table, id, from, owner"),
    ):
        with pytest.raises(UserError, match=said):
            owned(shop, edits)


def test_an_owner_whose_name_a_spreadsheet_would_compute_is_read_as_it_is(shop, root):
    shop.write("params.yaml", (root / "params.yaml").read_text("utf-8").replace("  cdnow:", "  shop:"))
    for before, owner in (("S1", "=S9"), ("=S9", "S,4")):
        file = change_owner("shop", before, owner)
    assert file.read_text("utf-8") == "table,id,from,owner\nprospects,,S1,'=S9\nprospects,,'=S9,\"S,4\"\n"
    assert [(one.before, one.owner) for one in read_owner_changes("shop")] == [("S1", "=S9"), ("=S9", "S,4")]


def test_owners_change_in_bulk_and_the_ledger_counts_them():
    from regulars.cleaning.owners import OwnerChange, with_owners
    from regulars.engine.embedded import as_frame, as_table, embedded

    frame = pd.DataFrame({"row": [1, 2, 3], "prospect_id": ["P1", "P2", "P3"], "owner": ["S1", "S1", "S2"]})
    rows = embedded().create_table("owned_rows", as_table(frame), temp=True, overwrite=True)

    def change(row, before, owner):
        return OwnerChange("edits, row 1", "prospects", row, before, owner)

    told = as_frame(with_owners(rows, "prospects", [change("", "S1", "S9"), change("P1", "", "S4")]).order_by("row"))
    assert told["owner"].tolist() == ["S4", "S9", "S2"]
    assert told["_edited"].fillna("").tolist() == ["owner_changed", "owner_changed", ""]
    with pytest.raises(UserError, match="prospects has no 'P7'"):
        with_owners(rows, "prospects", [change("P7", "", "S1")])


def test_a_change_is_added_to_the_file(shop, root, capsys):
    shop.write("params.yaml", (root / "params.yaml").read_text())
    assert cli.main(["change-owner", "demo", "S01", "S02"]) == 0
    change_owner("demo", "", "S03", row="P30001")
    file = shop.folder / "data/edits/demo.owners.csv"
    assert file.read_text() == "table,id,from,owner\nprospects,,S01,S02\nprospects,P30001,,S03\n"
    assert cli.main(["change-owner", "demo", "S01", "S02", "--table", "orders"]) == 1
    assert "'orders' has no owners" in capsys.readouterr().err
