"""The list with real ids: as the page has it, for its owner alone."""

import os
import stat

import pandas as pd
import pytest

from regulars import cli, segments
from regulars.commands.call_list import call_list, goods_list
from regulars.errors import UserError
from regulars.privacy import pseudonyms
from regulars.retention import at_risk

CLEANED = {
    "name": "demo", "title": "Demo", "currency": "GBP", "simulated": True, "time_zone": "UTC", "supplied": [],
    "rows_raw": 8, "rows_kept": 8, "observation_start": "2024-01-01", "observation_end": "2024-01-31",
}  # fmt: skip


@pytest.fixture
def scored():
    ids = [f"real-{n}" for n in range(8)]
    return pd.DataFrame(
        {
            "customer_id": pd.array(ids, "string"),
            "frequency": [3, 2, 5, 0, 1, 4, 2, 3],
            "p_alive": [0.5, 0.4, 0.05, 1.0, 0.6, 0.7, 0.3, 0.9],
            "value_at_risk": [10.0, 40.0, 90.0, 0.0, 20.0, 30.0, 5.0, 0.0],
            "customer_state": "slipping",
            "call_by": pd.to_datetime(["2024-02-01"] * 8),
        }
    )


def test_it_is_the_page_s_list_with_real_ids(scored):
    listed, refused = call_list(scored, None, "demo", length=4, min_alive=0.1)
    assert listed["customer_id"].tolist() == ["real-1", "real-5", "real-4", "real-0"]
    page = at_risk(scored, 4, min_alive=0.1)
    assert listed["rank"].tolist() == page["rank"].tolist() == [1, 2, 3, 4]
    assert listed["customer"].tolist() == pseudonyms(page["customer_id"], "demo").tolist()
    assert listed["call_by"].notna().all()
    assert refused == 0


def test_who_said_no_is_left_off_and_counted(scored):
    base = pd.DataFrame(
        {
            "customer_id": pd.array(["real-1", "real-5", "real-4"], "string"),
            "consent": pd.array([False, True, None], "boolean"),
            "region": ["North", "South", "West"],
        }
    )
    listed, refused = call_list(scored, base, "demo", length=4, min_alive=0.1)
    assert listed["customer_id"].tolist() == ["real-5", "real-4", "real-0"]
    assert listed["rank"].tolist() == [2, 3, 4]
    assert listed["region"].tolist()[:2] == ["South", "West"]
    assert refused == 1


def test_whom_to_tell_of_goods_heeds_consent_and_cooldown():
    """Four buy tea each time and four rice; one of them said no, one was written to just now."""
    rows = [(f"c{who}", f"{who}-{k}", ("tea", "rice")[who % 2] + str(k % 2), ("tea", "rice")[who % 2], day)
            for who in range(8) for k, day in enumerate(pd.date_range("2026-01-01", periods=8))]  # fmt: skip
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "category", "ordered_at"])
    model = segments.fit_recommender(lines, "2026-01-08", days=2)
    base = pd.DataFrame({"customer_id": ["c0", "c2"], "consent": pd.array([False, None], "boolean"), "region": "North"})
    listed, refused, lately = goods_list(model, "category=tea", base.astype({"customer_id": "string"}), ["c4", "c1"],
                                         dataset="demo")  # fmt: skip
    assert (refused, lately) == (1, 1)
    assert listed["customer_id"].tolist() == ["c2", "c6"] and listed["rank"].tolist() == [1, 2]
    assert listed["bought_before"].tolist() == [8, 8] and (listed["times_usual"] > 1.5).all()
    assert (
        listed["region"].iloc[0] == "North"
        and listed["customer"].tolist() == pseudonyms(listed["customer_id"], "demo").tolist()
    )


@pytest.fixture
def built(shop, scored, root, monkeypatch):
    """A project whose scored table is there."""
    from regulars import catalog

    shop.write("params.yaml", (root / "params.yaml").read_text())
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")
    monkeypatch.setattr("regulars.catalog.files.validate", lambda frame, *_: frame)
    catalog.write_parquet(scored, "data/scored/demo/customers.parquet")
    catalog.write_json({"dataset": CLEANED}, "data/clean/demo/ledger.json")
    return shop


def test_only_the_owner_can_read_it_and_no_id_is_printed(built, capsys):
    before = os.umask(0)
    try:
        assert cli.main(["call-list", "demo"]) == 0
    finally:
        os.umask(before)
    file = built.folder / "private/demo/call-list.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "real-1" in file.read_text()
    told = capsys.readouterr()
    assert told.out.startswith("private/demo/call-list.csv: 5 customers with their real ids")
    assert "real-" not in told.out + told.err
    assert [f.name for f in file.parent.iterdir()] == ["call-list.csv"]


@pytest.mark.parametrize("folder", ["reports/demo", "data/scored/demo", "models"])
def test_it_does_not_go_where_things_are_passed_on(built, folder):
    from regulars.commands.call_list import write_call_list

    with pytest.raises(UserError, match="is passed on, and the list holds real ids"):
        write_call_list("demo", built.folder / folder / "list.csv")


def test_it_needs_the_pages(shop, root, capsys):
    shop.write("params.yaml", (root / "params.yaml").read_text())
    assert cli.main(["call-list", "demo"]) == 1
    assert "data/scored/demo/customers.parquet is not there: run" in capsys.readouterr().err


@pytest.mark.parametrize("file", [".gitignore", ".dvcignore"])
def test_neither_git_nor_dvc_looks_at_it(root, file):
    assert "private" in (root / file).read_text().replace("/", " ").split()
