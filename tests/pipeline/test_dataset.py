"""One dataset to open: its tables, its settings, what was found, and how it shows itself."""

import json
import subprocess
import sys
from datetime import date

import pandas as pd
import pytest

import regulars
from memory_dataset import MemoryDataset, models_of
from regulars import catalog
from regulars.errors import UserError
from regulars.simulate.logs import order_log
from regulars.told import Report

ORDERS = pd.DataFrame(
    {
        "order_id": pd.array(["1", "2", "3", "4"], "string"), "customer_id": pd.array(list("aabc"), "string"),
        "ordered_at": pd.to_datetime(["2025-01-01", "2025-01-15", "2025-01-03", "2025-01-29"]),
        "amount": [10.0, 20.0, 0.0, 5.0],
    }
)  # fmt: skip
REFERRALS = pd.DataFrame(
    {
        "referrer_id": pd.array(["a"], "string"), "referred_id": pd.array(["b"], "string"),
        "at": pd.to_datetime(["2025-01-02"]),
    }
)  # fmt: skip
LEDGER = {
    "name": "demo", "title": "Corner <Shop>", "currency": "GBP", "simulated": True, "time_zone": "UTC",
    "supplied": ["orders", "referrals"], "rows_raw": 5, "rows_kept": 4, "observation_start": "2025-01-01",
    "observation_end": "2025-01-31",
}  # fmt: skip


@pytest.fixture
def project(shop, root):
    """A project whose dataset demo has been cleaned."""
    shop.write("params.yaml", (root / "params.yaml").read_text())
    catalog.write_json({"dataset": LEDGER}, "data/clean/demo/ledger.json")
    catalog.save(ORDERS, "orders", "demo")
    catalog.save(REFERRALS, "referrals", "demo")
    return shop


def test_it_says_what_it_is(project):
    shop = regulars.open("demo")
    assert (shop.name, shop.start, shop.end, shop.currency) == ("demo", date(2025, 1, 1), date(2025, 1, 31), "GBP")
    assert shop.about == catalog.about("demo", shop.settings("value").in_memory_rows)


def test_tables_are_read_when_asked_for_and_once(project, monkeypatch):
    shop, read = regulars.open("demo"), []
    load = catalog.load
    monkeypatch.setattr(catalog, "load", lambda name, *rest: read.append(name) or load(name, *rest))
    assert "referrals" in shop.tables and "surveys" not in shop.tables
    assert list(shop.tables) == ["orders", "referrals"] and len(shop.tables) == 2
    assert read == []
    assert shop.tables.get("surveys") is None
    assert list(shop.tables.supplied("referrals", "surveys")) == ["referrals"]
    orders = shop.tables["orders"]
    pd.testing.assert_frame_equal(orders, load("orders", "demo"))
    orders["amount"] = 0.0
    assert shop.tables["orders"]["amount"].sum() == 35, "what is changed there stays there"
    assert list(shop.tables.load("orders", ("customer_id", "amount"))) == ["customer_id", "amount"]
    assert read == ["referrals", "orders", "orders"]
    assert shop.tables.in_engine("orders").count().to_pyarrow().as_py() == 4
    with pytest.raises(UserError, match=r"^demo has no table 'surveys': it has orders, referrals\.$"):
        shop.tables["surveys"]


def test_orders_are_there_where_only_lines_were_supplied(project):
    catalog.write_json({"dataset": LEDGER | {"supplied": ["order_lines"]}}, "data/clean/demo/ledger.json")
    tables = regulars.open("demo").tables
    assert "orders" in tables and list(tables) == ["orders", "order_lines"]


def test_only_the_share_drawn_is_read(project):
    log = order_log(customers=200, seed=1).assign(order_id=lambda t: t.index.astype(str))
    catalog.save(log, "orders", "demo")
    shop = regulars.open("demo", in_memory_rows=len(log) // 2)
    assert shop.about.share == pytest.approx(0.5, abs=0.01)
    pd.testing.assert_frame_equal(shop.tables["orders"], catalog.load("orders", "demo", shop.about.share))
    assert 60 < shop.tables["orders"]["customer_id"].nunique() < 140
    assert len(shop.purchases().customers) < 140


def test_what_counts_as_a_purchase_is_a_setting(project):
    shop = regulars.open("demo")
    assert shop.purchases() is shop.purchases(), "made once"
    assert len(shop.purchases()) == 3
    assert len(regulars.open("demo", zero_spend_is_purchase=True).purchases()) == 4
    assert len(regulars.open("demo", **{"value.zero_spend_is_purchase": True}).purchases()) == 4


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("shop", {}, r"params\.yaml has no dataset 'shop' \(it has: cdnow, demo\)"),
        ("demo", {"margins": 1}, r"^changes: no stage has a setting 'margins'; did you mean 'margin'\?"),
        ("demo", {"satisfaction_construct": "x"}, "is a setting of satisfaction and of retention"),
        (
            "demo",
            {"list_length": "all"},
            r"^changes: list_length is 'all'; give a whole number from 1 to",
        ),
        ("demo", {"seed": "all"}, r"^changes: seed is 'all'; give a whole number from 0 to "),
    ],
)
def test_what_cannot_be_opened_is_refused_at_once(project, name, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        regulars.open(name, **changes)


def test_a_shared_setting_changes_for_every_stage(project):
    shop = regulars.open("demo", interval_level=0.8)
    assert {shop.settings(stage).interval_level for stage in ("clean", "value", "retention", "pages")} == {0.8}
    assert shop.report("value").told.page["level"] == 0.8


def test_what_is_found_is_handed_on(project):
    shop = regulars.open("demo")
    with pytest.raises(UserError, match=r"models/demo/clv\.json is not there: run `regulars reports`\."):
        _ = shop.models
    shop.save_models(models_of())
    shop.save(pd.DataFrame({"customer_id": ["b", "a"], "segment": "new", "cluster": "none", "lifecycle_stage": "member",
                            "portfolio_class": None}), "segments")  # fmt: skip
    catalog.write_json({"metrics": {"conditions_missed": {"value": 2}}}, "reports/demo/metrics/clean.json")
    assert shop.segments["customer_id"].tolist() == ["a", "b"]
    assert shop.conditions_missed == 2
    assert shop.models.economics == models_of().economics
    value = shop.settings("value")
    assert (shop.models.certainty.seed, shop.models.certainty.draws) == (value.seed, value.interval_draws)
    file = project.folder / "models/demo/clv.json"
    before = file.read_bytes()
    shop.save_models(shop.models)
    assert file.read_bytes() == before


def test_names_are_hidden_and_pages_begun(project, monkeypatch):
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests")
    shop = regulars.open("demo")
    assert shop.pseudonyms(["a"])[0].startswith("C-")
    report = shop.report("value")
    assert isinstance(report, Report) and report.about is shop.about and report.stage == "value"


def test_it_shows_itself(project):
    shop = regulars.open("demo", margin=0.25, portfolio={"peer_quantile": 0.8})
    assert repr(shop).splitlines()[:5] == [
        "demo: Corner <Shop> (simulated)",
        "  observed   2025-01-01 to 2025-01-31",
        "  currency   GBP",
        "  tables     orders, referrals",
        "  rows kept  4 of 5",
    ]
    assert "  ● value.margin: 0.25 (params.yaml: 0.3)" in repr(shop)
    html = shop._repr_html_()
    assert "Corner &lt;Shop&gt;" in html and "● value.margin" in html and "4 of 5" in html
    assert "●" not in repr(regulars.open("cdnow")), "what a dataset sets stands in params.yaml"
    assert "●" not in repr(regulars.open("demo", margin=0.3)), "as it is there"


def test_it_is_opened_and_shown_before_it_has_been_cleaned(project):
    shown = repr(regulars.open("cdnow"))
    assert shown == "cdnow\n  not yet    data/clean/cdnow/ledger.json is not there: run `regulars reports`."


def test_a_dataset_in_memory_has_the_same_face(project):
    memory = MemoryDataset({"orders": ORDERS, "referrals": REFERRALS}, "2025-01-31", name="demo")
    real = regulars.open("demo", zero_spend_is_purchase=True)
    assert {name for name in dir(real) if not name.startswith("_")} <= set(dir(memory))
    pd.testing.assert_frame_equal(memory.purchases().summary(memory.end), real.purchases().summary(real.end))
    assert memory.tables.get("surveys") is None and memory.tables.in_engine("orders").count().to_pyarrow().as_py() == 4


def test_importing_it_is_fast():
    """Neither pandas nor the engine is loaded before something is opened."""
    code = "import regulars, sys, json; print(json.dumps([m for m in ('pandas', 'ibis', 'yaml') if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_groups_are_compared_by_a_column_an_attribute_or_what_one_brings(project, monkeypatch):
    """Two regions of 30: the means are 5 apart, of a column and of an own measure alike."""
    ids = pd.array([f"c{n}" for n in range(60)], "string")
    found = pd.DataFrame({"customer_id": ids, "clv": [n % 3 + 5.0 * (n < 30) for n in range(60)], "tier": "vip"})
    shop = regulars.open("demo")
    monkeypatch.setattr(type(shop), "customers", found)
    regions = pd.DataFrame({"customer_id": ids, "region": ["north"] * 30 + ["south"] * 30})
    monkeypatch.setattr(shop.tables, "get", {"customers": regions}.get)
    told = shop.compare("region")
    assert told[["group", "n", "difference", "verdict"]].to_numpy().tolist() == [
        ["north", 30, 5.0, "up"], ["south", 30, -5.0, "down"]
    ]  # fmt: skip
    own = found.set_index("customer_id")["clv"] * 2
    assert shop.compare("region", own)["difference"].tolist() == [10.0, -10.0]
    pd.testing.assert_frame_equal(shop.compare(regions.set_index("customer_id")["region"]), told)
    for by, measure, sentence in (
        ("regoin", "clv", "customers of demo have no 'regoin'; did you mean 'region'?"),
        ("region", "tier", "'tier' is no number"),
        ("region", own.reset_index(drop=True), "its index is customer_id"),
    ):
        with pytest.raises(UserError, match=sentence):
            shop.compare(by, measure)
