"""Real order lines as whole projects, from the files to the pages of value and segments in a browser.

They lie beside the project on some machines only, and take minutes: a slow proof.
"""

import json
import re
import shutil

import pandas as pd
import pytest
import yaml

import pages
from browser import browser, needs_browser
from regulars.pages.build import html_of
from sample_project import PARTS, ROOT, run

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("real pages")]
FILES = {"online_retail": "uci_online_retail", "complete_journey": "complete_journey"}
STAGES = ("ingest", "clean", "value", "segments")
PAGES = ("value", "segments")


@pytest.fixture(scope="module", params=FILES)
def built(request, shared_data, tmp_path_factory):
    """A project with one real dataset, whose pages of value and segments are made."""
    name, source = request.param, shared_data / FILES[request.param]
    if not source.is_dir():
        pytest.skip("the real files lie beside the project on some machines only")
    folder = tmp_path_factory.mktemp(name)
    for part in PARTS:
        at, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".ipynb_*")
        shutil.copytree(at, target, ignore=ignored) if at.is_dir() else shutil.copy(at, target)
    (folder / source.name).symlink_to(source)
    shutil.copy(ROOT / f"docs/sources/{name}.yaml", folder / f"data/sources/{name}.yaml")
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    # a year of data: two stretches of half a year are compared, and hold-outs of a quarter
    own = {stage: {} for stage in settings["datasets"]["cdnow"]} | {"value": {"revenue_days": 180, "holdout_days": 90}}
    settings["datasets"] = {name: own}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    for stage in STAGES:
        done = run(folder, "run", stage, name)
        assert done.returncode == 0, f"{stage}: {done.stderr}"
    for stage in PAGES:
        for file, html in html_of(pages.told_of(folder, name, stage)).items():
            (folder / f"reports/{name}/{file}").write_text(html, encoding="utf-8")
    return folder, name


def words(folder, name, stage) -> str:
    text = "".join(file.read_text(encoding="utf-8") for file in pages.files_of(folder, name, stage))
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", text, flags=re.S))


@needs_browser
@pytest.mark.parametrize("stage", PAGES)
def test_pages_are_whole_in_a_browser(built, stage):
    folder, name = built
    with browser() as chromium:
        pages.assert_whole_in_browser(chromium, folder, name, stage)


@pytest.mark.parametrize("stage", PAGES)
def test_figures_are_those_of_the_tables(built, stage):
    assert pages.assert_figures_are_those_of_the_tables(*built, stage) > 0


@pytest.mark.parametrize("stage", PAGES)
def test_pages_say_that_costs_are_approximated_and_stay_small(built, stage):
    folder, name = built
    assert "costs approximated as" in words(folder, name, stage)
    assert all(file.stat().st_size <= pages.MOST_BYTES for file in pages.files_of(folder, name, stage))


def test_every_part_that_lines_allow_is_told(built):
    folder, name = built
    value, segments = words(folder, name, "value"), words(folder, name, "segments")
    for part in ("What is the base worth with the customers still to come?", "Who is at the top", "Who carries it?",
                 "How did revenue move?", "What has each year", "How far can you trust this?"):  # fmt: skip
        assert part in value, part
    for part in ("How do people climb", "How long customers stand on each step", "bought together", "next product"):
        assert part in segments, part


def test_money_is_that_of_the_orders(built):
    folder, name = built
    orders = pd.read_parquet(folder / f"data/clean/{name}/orders.parquet")
    cohorts = pd.read_csv(folder / f"reports/{name}/tables/value/cohorts.cohorts.csv")
    assert cohorts["past"].sum() == pytest.approx(float(orders["amount"].sum()), abs=0.05)
    record = json.loads((folder / f"models/{name}/clv.json").read_text(encoding="utf-8"))
    assert len(record["months_ahead"]) == record["horizon_months"] == 12
    value = pd.read_parquet(folder / f"data/scored/{name}/value.parquet")
    assert value["customer_id"].nunique() == len(value) > 2000


def test_margins_by_product_add_up_to_the_lines(built):
    folder, name = built
    lines = pd.read_parquet(folder / f"data/clean/{name}/order_lines.parquet")
    known = lines[lines["unit_cost"].notna()].astype({"quantity": float, "unit_price": float, "unit_cost": float})
    known = known[
        known["customer_id"].isin(pd.read_parquet(folder / f"data/scored/{name}/value.parquet")["customer_id"])
    ]
    margin = (known["quantity"] * (known["unit_price"] - known["unit_cost"])).sum()
    told = pd.read_csv(folder / f"reports/{name}/tables/segments/products.map.csv")
    assert told["margin"].sum() == pytest.approx(margin, rel=0.02)
