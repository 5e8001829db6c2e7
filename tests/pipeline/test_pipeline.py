"""The whole pipeline through DVC on samples of 300 customers: what it writes, what runs again, what bad input does."""

import json
import os
import re
from datetime import date
from hashlib import md5

import numpy as np
import pandas as pd
import pytest

import pages
from regulars import catalog
from regulars.clv import BetaGeoFitter, ModelsRecord, fit_models, score_customers
from regulars.interaction.calls import calls_of
from regulars.purchases import Purchases
from regulars.sources.ingest import has_changed
from regulars.stages import STAGES
from sample_project import (
    CUSTOMERS,
    DEMO,
    IN_MEMORY_ROWS,
    SHOP,
    build,
    change_parameter,
    outputs,
    run,
    sample_orders,
    stages_run,
    write_orders,
)

pytestmark = [pytest.mark.pipeline, pytest.mark.xdist_group("pipeline")]
END = date(1998, 6, 30)


@pytest.fixture(scope="module")
def orders(cdnow_sample):
    return sample_orders(cdnow_sample)


@pytest.fixture(scope="module")
def project(tmp_path_factory, orders):
    """The copy after one run of everything."""
    folder = tmp_path_factory.mktemp("project")
    build(folder, orders)
    done = run(folder, "reports")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(stages_run(done)) == {(dataset, stage) for dataset in (SHOP, DEMO) for stage in STAGES}
    assert f"{SHOP}: open reports/{SHOP}/index.html (" in done.stdout
    return folder


def read_json(folder, *parts):
    return json.loads(folder.joinpath(*parts).read_text(encoding="utf-8"))


@pytest.mark.parametrize("dataset", [SHOP, DEMO])
def test_every_output_is_there(project, dataset):
    for stage in STAGES.values():
        for output in stage.owned(dataset):
            path = project / output
            assert path.is_dir() if output.endswith("/") else path.stat().st_size > 0, output


def test_values_are_those_of_an_independent_fit(project, orders):
    record = read_json(project, "models", SHOP, "clv.json")
    summary = Purchases.of(orders, zero_spend_is_purchase=True).summary(END, "week")
    model = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    fitted = record["models"]["bg_nbd"]
    assert fitted["customers"] == CUSTOMERS == len(summary)
    assert fitted["log_likelihood"] == pytest.approx(model.log_likelihood_, abs=1e-6)
    assert list(fitted["parameters"].values()) == pytest.approx(model.params_.tolist(), rel=1e-6)
    # on none of the three hold-outs are its misses larger, beyond noise, than those of past rates at its own total
    expected = {"time_unit": "week", "observation_end": "1998-06-30", "currency": "USD", "champion": "bg_nbd"}
    assert expected.items() <= record.items()
    value = pd.read_parquet(project / f"data/scored/{SHOP}/value.parquet")
    assert value["frequency"].tolist() == summary["frequency"].tolist()
    assert value["spend"].sum() == pytest.approx(orders["amount"].sum(), abs=0.005)
    assert (value["value_at_risk"] - (value["value_if_alive"] - value["clv"])).abs().max() < 1e-6
    total = read_json(project, "reports", SHOP, "metrics.json")["value"]["worth"]
    assert value["clv"].sum() == pytest.approx(total, rel=1e-8)


def test_of_too_many_orders_a_part_is_shown_and_all_are_counted(project):
    """Above `in_memory_rows` pages are of customers drawn by their ids, the headline's totals of everybody."""
    log = pd.read_parquet(project / f"data/clean/{DEMO}/orders.parquet")
    record = read_json(project, "models", DEMO, "clv.json")
    part = IN_MEMORY_ROWS / len(log)
    assert record["in_memory_rows"] == IN_MEMORY_ROWS < len(log)
    drawn = {name for name in log["customer_id"] if int(md5(name.encode()).hexdigest()[:8], 16) < part * 16**8}
    value = pd.read_parquet(project / f"data/scored/{DEMO}/value.parquet")
    bought = Purchases.of(log).summary(date.fromisoformat(record["observation_end"]), record["time_unit"])
    assert value["customer_id"].tolist() == sorted(drawn & set(bought["customer_id"]))
    assert abs(len(value) / len(bought) - part) < 3 * (part * (1 - part) / len(bought)) ** 0.5

    # everybody fitted and scored in memory, from the same clean orders
    kept = ModelsRecord.from_json(record, draws=1)
    told = read_json(project, "reports", DEMO, "metrics", "value.json")["metrics"]["worth"]
    assert told["n"] == len(bought)
    of_all, of_part = (
        score_customers(fit_models(table), economics=kept.economics, certainty=kept.certainty)
        for table in (bought, bought[bought["customer_id"].isin(drawn)].reset_index(drop=True))
    )
    moved = value["clv"].sum() / of_part.clv_total.value  # 1 but where the headline is not the reference
    assert told["value"] == pytest.approx(of_all.clv_total.value * moved, rel=1e-6)
    # whoever is on duty answers all who call, not a part of them
    contacts = pd.read_parquet(project / f"data/clean/{DEMO}/contacts.parquet")
    sections = {one["key"]: one for one in read_json(project, "reports", DEMO, "told/interaction.json")["sections"]}
    assert sections["service"]["facts"]["within"]["n"] == len(calls_of(contacts))
    for dataset, shown in ((DEMO, True), (SHOP, False)):
        for page in ("index", "value", "segments", "satisfaction", "retention"):
            text = (project / f"reports/{dataset}/{page}.html").read_text(encoding="utf-8")
            assert ("drawn at random: its counts" in text) == shown, (dataset, page)


def test_a_part_of_the_customers_is_the_same_in_every_table(project, monkeypatch):
    monkeypatch.setenv("REGULARS_ROOT", str(project))
    share = 0.3
    names = catalog.about(DEMO).supplied
    whole, part = ({name: catalog.load(name, DEMO, of) for name in names} for of in (1.0, share))
    drawn = set(part["customers"]["customer_id"])
    assert 0 < len(drawn) < len(whole["customers"])

    def expected(name, rows):
        if name in ("survey_items", "mystery_visits", "interaction_plan", "campaigns"):
            return rows
        for events, of, by in (
            ("ticket_events", "tickets", "ticket_id"),
            ("prospect_events", "prospects", "prospect_id"),
        ):
            if name == events:
                return rows[rows[by].isin(part[of][by])]
        if name == "referrals":
            return rows[rows["referrer_id"].isin(drawn) | rows["referred_id"].isin(drawn)]
        own = "external_id" if name == "identities" else catalog.TABLES[name].key[0]
        own_drawn = rows[own].map(lambda text: int(md5(text.encode()).hexdigest()[:8], 16) < share * 16**8)
        if "customer_id" not in rows:  # units, shifts, recall
            return rows[own_drawn]
        known = rows["customer_id"].notna()
        return rows[rows["customer_id"].isin(drawn) & known | own_drawn & ~known]

    for name, rows in part.items():
        wanted = expected(name, whole[name]).reset_index(drop=True)
        if name == "campaigns":
            wanted = wanted.assign(**{cost: wanted[cost] * share for cost in ("actual_cost", "planned_cost")})
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), wanted, obj=name)


def test_ledger_adds_up(project, orders):
    ledger = read_json(project, "data/clean", SHOP, "ledger.json")["tables"]["orders"]
    assert ledger["rows"]["raw"] == ledger["rows"]["kept"] == len(orders)
    assert ledger["amount"]["raw"] == pytest.approx(orders["amount"].sum(), abs=0.005)
    demo = read_json(project, "data/clean", DEMO, "ledger.json")["tables"]
    for table in demo.values():
        assert table["rows"]["raw"] == sum(table["rows"][fate] for fate in ("kept", "merged", "netted", "rejected"))


def test_scores_join_every_part(project):
    customers = pd.read_parquet(project / f"data/scored/{DEMO}/customers.parquet")
    value = pd.read_parquet(project / f"data/scored/{DEMO}/value.parquet")
    assert customers["customer_id"].tolist() == value["customer_id"].tolist()
    assert {"clv", "tier", "segment", "cluster", "satisfaction", "customer_state"} <= set(customers)
    assert 0 < customers["satisfaction"].notna().sum() < len(customers)
    assert customers["segment"].notna().all()
    # the shop supplies no survey: nothing is known, and nothing is made up
    assert pd.read_parquet(project / f"data/scored/{SHOP}/customers.parquet")["satisfaction"].isna().all()


def test_second_order_share_is_kaplan_meier_by_hand(project, orders):
    """1 − Kaplan–Meier of the time to the second purchase day by 90 days, worked out here customer by customer."""
    days = orders.assign(day=orders["ordered_at"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    gaps, censored = [], []
    for _, own in days.sort_values("day").groupby("customer_id")["day"]:
        own = own.tolist()
        (gaps if len(own) > 1 else censored).append(((own[1] if len(own) > 1 else pd.Timestamp(END)) - own[0]).days)
    survival = 1.0
    for day in sorted(set(gaps)):
        if day <= 90:
            survival *= 1 - gaps.count(day) / sum(gap >= day for gap in gaps + censored)
    told = read_json(project, "reports", SHOP, "metrics.json")["retention"]["second"]
    assert told == pytest.approx(1 - survival, abs=1e-9)


NOTEBOOK_STAGES = [stage.name for stage in STAGES.values() if stage.notebook]


@pytest.mark.parametrize("dataset", [SHOP, DEMO])
@pytest.mark.parametrize("stage", NOTEBOOK_STAGES)
def test_figures_on_a_page_are_those_of_its_tables(project, dataset, stage):
    tables = pages.assert_figures_are_those_of_the_tables(project, dataset, stage)
    # of orders alone nothing is known of what customers say, nor of contacts with them
    assert (tables > 0) != ((dataset, stage) in ((SHOP, "satisfaction"), (SHOP, "interaction")))
    files = (project / f"reports/{dataset}/tables/{stage}").rglob("*.csv")
    assert [file for file in files if "customer_id" in pd.read_csv(file)] == [], "real ids never reach a table"


def test_real_ids_stay_out_of_pages_tables_and_notebooks(project, orders):
    ids = set(orders["customer_id"])
    pattern = re.compile(r"(?<![\d.\-#a-f])0\d{3}(?![\d.])")  # four digits with a leading zero, as the ids are
    for path in (project / "reports" / SHOP).rglob("*"):
        if path.suffix in {".csv", ".ipynb", ".json"}:
            found = set(pattern.findall(path.read_text(encoding="utf-8"))) & ids
            assert not found, f"{path.name}: {sorted(found)[:3]}"


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_nobody_else_on_the_machine_sees_customers_inside(project):
    """Every file that holds real ids lies below a folder into which its owner alone may look."""
    for place in ("data/raw", "data/clean", "data/scored", ".dvc/cache"):
        for path in (project / place).rglob("*.parquet"):
            above = [folder for folder in path.parents if folder.is_relative_to(project)]
            assert any(folder.stat().st_mode & 0o077 == 0 for folder in above), path.relative_to(project)
    assert (project / ".dvc/cache").stat().st_mode & 0o077 == 0


def test_nothing_changed_runs_nothing(project):
    before = outputs(project)
    done = run(project, "reports")
    assert done.returncode == 0
    assert stages_run(done) == []
    assert "nothing had changed" in done.stdout
    assert outputs(project) == before


@pytest.mark.full  # continuous integration builds demo a second time anyway, and compares every byte
def test_forced_rerun_gives_the_same_bytes(project):
    """Of what models, clusters and draws make; that clean tables are the same is tested where they are made."""
    locked, before = (project / "dvc.lock").read_bytes(), outputs(project)
    targets = [f"{stage}@{DEMO}" for stage in STAGES if stage not in ("ingest", "clean")]
    done = run(project, "repro", "--force", *targets, module="dvc")
    assert done.returncode == 0, done.stderr
    after = outputs(project)
    assert [name for name in before if after.get(name) != before[name]] == []
    assert (project / "dvc.lock").read_bytes() == locked


def test_one_parameter_of_retention_reruns_what_depends_on_it(project):
    change_parameter(project, "retention", "max_window_days", 60)
    done = run(project, "reports", SHOP)
    assert done.returncode == 0, done.stderr
    assert {stage for _, stage in stages_run(done)} == {"retention", "actions", "scores", "pages"}


def spoil(folder, text: str):
    path = folder / "inbox" / "orders.csv"
    path.write_text(text, encoding="utf-8")


GOOD = "Customer No,Day,Paid\n0001,01.02.1997,5.00\n0002,02.02.1997,6.00\n"
BAD_INPUT = {
    "a column that is not in the file": (GOOD.replace("Paid", "Price"), ["orders.csv", "Paid"]),
    "an empty table": ("Customer No,Day,Paid\n", ["orders.csv"]),
    "a date that cannot be read": (GOOD.replace("02.02.1997", "31.02.1997"), ["orders.csv", "Day", "31.02.1997", "2"]),
}


@pytest.mark.parametrize(("text", "named"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_data_stops_with_one_sentence_and_leaves_the_pages(project, orders, text, named):
    before = outputs(project)
    spoil(project, text)
    done = run(project, "reports", SHOP)
    assert done.returncode != 0
    sentence = [line for line in done.stderr.splitlines() if line.startswith("regulars: ")]
    assert len(sentence) == 1, done.stderr
    assert [name for name in named if name not in sentence[0]] == []
    assert "Traceback" not in done.stdout + done.stderr
    pages = {name: content for name, content in before.items() if name.startswith(("reports", "data/scored", "models"))}
    after = outputs(project)
    assert {name: after.get(name) for name in pages} == pages
    write_orders(project, orders)
    assert run(project, "reports", SHOP).returncode == 0


@pytest.mark.parametrize(
    ("section", "name", "sentence"),
    [("retention", "list_lenght", "'list_lenght'"), ("retention", "list_length ", "list_length")],
)
def test_an_unknown_parameter_stops_with_one_sentence(project, section, name, sentence):
    before = outputs(project)
    change_parameter(project, section, name, 3)
    done = run(project, "reports", SHOP)
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.startswith("regulars: ")]
    assert len(told) == 1
    assert sentence in told[0]
    assert "Traceback" not in done.stderr
    assert outputs(project) == before
    path = project / "params.yaml"
    path.write_text(
        "".join(
            line
            for line in path.read_text().splitlines(True)
            if name.strip() + ": 3" not in line and f"'{name}': 3" not in line
        )
    )
    assert run(project, "reports", SHOP).returncode == 0


def test_share_columns_are_shares(project):
    value = pd.read_parquet(project / f"data/scored/{DEMO}/value.parquet")
    assert value["p_active"].between(0, 1).all()
    assert (value["expected_orders_low"] <= value["expected_orders"] + 1e-9).all()
    assert np.isfinite(value.select_dtypes(float).drop(columns="monetary_value")).all(axis=None)


def test_a_new_export_is_noticed(project, orders, monkeypatch):
    """The files of the shop lie outside the pipeline; a later export must not be overlooked; the shop stays so."""
    monkeypatch.setenv("REGULARS_ROOT", str(project))
    assert not has_changed(SHOP)
    fewer = orders[orders["customer_id"] != orders["customer_id"].iloc[-1]]
    write_orders(project, fewer)
    assert has_changed(SHOP)
    # what `regulars reports` does then, as far as the models
    for options in (["--force", "--single-item", f"ingest@{SHOP}"], [f"value@{SHOP}"]):
        done = run(project, "repro", *options, module="dvc")
        assert done.returncode == 0, done.stderr
    assert not has_changed(SHOP)
    assert read_json(project, "models", SHOP, "clv.json")["models"]["bg_nbd"]["customers"] == CUSTOMERS - 1
