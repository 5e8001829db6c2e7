"""The mappings in docs/sources of a marketplace and of a grocer, as whole projects: figures anew from the raw files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from regulars.satisfaction.survey.indices import mean
from regulars.statistics.intervals import difference
from sample_project import ROOT, build_real, run

pytestmark = [pytest.mark.full, pytest.mark.pipeline, pytest.mark.xdist_group("example_projects")]
END = pd.Timestamp("2018-08-31")
VOID = ["canceled", "unavailable"]
SAMPLED = ("simulated: false\n", "simulated: false\norders_sampled: true\n")
# name of the project: mapping, folder of its files, what is changed in the mapping
PROJECTS = {
    "sample": ("olist", "olist", SAMPLED),
    "whole": ("olist", "olist", ("", "")),  # as if the files held all orders
    "grocer": ("complete_journey", "complete_journey", ("", "")),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory, shared_data):
    """Folder of a project's pages, built once each."""
    made = {}

    def of(name: str) -> Path:
        mapping, files, change = PROJECTS[name]
        if not (shared_data / files).is_dir():
            pytest.skip(f"{files} lies beside the project on some machines only")
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            text = (ROOT / f"docs/sources/{mapping}.yaml").read_text(encoding="utf-8")
            text = text.replace(*change).replace(f"'{files}/", f"'{shared_data / files}/")
            build_real(folder, name, text)
            done = run(folder, "reports", name)
            assert done.returncode == 0, done.stdout + done.stderr
            made[name] = folder
        return made[name]

    return of


@pytest.fixture(scope="module")
def olist(shared_data) -> dict[str, pd.DataFrame]:
    """The raw files, with times as such."""
    if not (shared_data / "olist").is_dir():
        pytest.skip("olist lies beside the project on some machines only")
    names = {"orders": "orders", "customers": "customers", "items": "order_items"}
    names |= {"payments": "order_payments", "reviews": "order_reviews"}
    raw = {key: pd.read_csv(shared_data / f"olist/olist_{name}_dataset.csv.gz") for key, name in names.items()}
    for frame in raw.values():
        for column in [one for one in frame if one.endswith(("_date", "_timestamp", "_at"))]:
            frame[column] = pd.to_datetime(frame[column])
    raw["orders"] = raw["orders"].merge(raw["customers"], on="customer_id")
    return raw


def page(folder: Path, name: str) -> str:
    (dataset,) = [one.name for one in (folder / "reports").iterdir() if one.is_dir()]
    return (folder / "reports" / dataset / f"{name}.html").read_text(encoding="utf-8")


def ledger(folder: Path, table: str) -> dict:
    (path,) = (folder / "data/clean").glob("*/ledger.json")
    return json.loads(path.read_text(encoding="utf-8"))["tables"][table]


def table(folder: Path, name: str) -> pd.DataFrame:
    (path,) = (folder / "reports").glob(f"*/tables/{name}.csv")
    return pd.read_csv(path)


def sold(olist) -> pd.DataFrame:
    """Orders that count: paid, with items, not cancelled, until the end of August."""
    orders = olist["orders"].set_index("order_id")
    orders["paid"] = olist["payments"].groupby("order_id")["payment_value"].sum().round(2)
    counted = ~orders["order_status"].isin(VOID) & orders.index.isin(olist["items"]["order_id"])
    return orders[counted & orders["paid"].notna() & (orders["order_purchase_timestamp"].dt.normalize() <= END)]


def answers(olist) -> pd.DataFrame:
    """Of each order the later review, of each customer and quarter the mean, from 0 to 100."""
    reviews = olist["reviews"].sort_values(["review_answer_timestamp", "review_id"])
    reviews = reviews.drop_duplicates("order_id", keep="last").merge(olist["orders"], on="order_id")
    reviews = reviews[reviews["review_answer_timestamp"].dt.normalize() <= END]
    quarter = reviews["review_answer_timestamp"].dt.to_period("Q").rename("quarter")
    grouped = reviews.groupby(["customer_unique_id", quarter])
    told = grouped.agg(at=("review_answer_timestamp", "max"), stars=("review_score", "mean")).reset_index()
    return told.assign(score=25 * (told["stars"] - 1))


def late(olist) -> pd.DataFrame:
    """Deliveries that came after the promised day, or have not come and are due."""
    orders = olist["orders"]
    promised, came = (orders[f"order_{name}_date"] for name in ("estimated_delivery", "delivered_customer"))
    under_way = came.isna() & orders["order_status"].isin(["invoiced", "processing", "shipped"])
    return orders[((came.dt.normalize() > promised) | under_way) & (promised <= END)]


@pytest.mark.parametrize("name", ["sample", "whole"])
def test_orders_and_money_are_those_of_the_files(built, olist, name):
    folder, right = built(name), sold(olist)
    kept = ledger(folder, "orders")
    assert kept["rows"]["raw"] == len(olist["orders"]) == 15_000
    assert kept["rows"]["kept"] == len(right)
    assert float(kept["amount"]["kept"]) == pytest.approx(right["paid"].sum(), abs=0.005)
    assert ledger(folder, "tickets")["rows"]["kept"] == len(late(olist))
    assert "orders to 31 August 2018" in page(folder, "index")


@pytest.mark.parametrize("name", ["sample", "whole"])
def test_satisfaction_opens_with_what_a_late_delivery_goes_with(built, olist, name):
    folder, told = built(name), answers(olist)
    waves = table(folder, "satisfaction/waves.line")
    right = told.groupby("quarter")["score"].agg(["size", "mean"])
    right = right[right["size"] >= 30]
    assert waves["n"].tolist() == right["size"].tolist()
    assert waves["satisfaction"].tolist() == pytest.approx(right["mean"].tolist(), rel=1e-9)
    # of each customer the latest answer, after a late delivery of the half year before it or without any
    latest = told.drop_duplicates("customer_unique_id", keep="last")
    cases = latest.merge(late(olist)[["customer_unique_id", "order_estimated_delivery_date"]], on="customer_unique_id")
    days = (cases["at"].dt.normalize() - cases["order_estimated_delivery_date"]).dt.days
    after = latest["customer_unique_id"].isin(cases.loc[days.between(0, 180), "customer_unique_id"])
    gap = difference(mean(latest.loc[after, "score"]), mean(latest.loc[~after, "score"]))
    row = table(folder, "satisfaction/cases.scores").iloc[0]
    assert (row["category"], row["n"], row["others_n"]) == ("late delivery", after.sum(), (~after).sum())
    assert row[["gap", "gap_low", "gap_high"]].tolist() == pytest.approx([gap.value, gap.low, gap.high], rel=1e-9)
    assert gap.high < -50, "more than two stars"
    front = page(folder, "satisfaction")
    assert f"who had a case of “late delivery” scores {-gap.value:.1f} points lower than who had none" in front
    assert 'id="satisfaction-section-cases"' in front and "See to what brings cases of “late delivery” first" in front
    assert "Promises are kept" not in front and "customers have complained" not in page(folder, "satisfaction-detail")
    assert "Nobody needs be drawn" in page(folder, "satisfaction-detail")


def test_where_nearly_nobody_comes_back_that_is_said_and_nothing_forecast(built, olist):
    folder = built("whole")
    right = sold(olist)
    days = right.assign(day=right["order_purchase_timestamp"].dt.normalize())
    days = days.groupby("customer_unique_id")["day"].agg(["min", "nunique"])
    had_time = days[days["min"] <= END - pd.Timedelta(days=90)]
    back = int((had_time["nunique"] > 1).sum())
    front = page(folder, "value")
    assert f"Customers buy once: {(days['nunique'] > 1).mean():.1%} of our {len(days):,} customers" in front
    assert f"Of {len(had_time):,} customers whose first order is 90 days or more ago, {back:,} " in front
    past = table(folder, "value/cohorts.past")
    by_month = right.groupby(right["order_purchase_timestamp"].dt.to_period("M"))["paid"].sum()
    drawn = past.groupby("start")["revenue"].sum()
    assert drawn[drawn > 0].tolist() == pytest.approx(by_month.tolist(), abs=0.005), "no month is left out"
    for name in ("index", "value", "segments", "retention", "actions"):
        assert "of margin over the next" not in page(folder, name), name
        assert "this week's list, " not in page(folder, name), name
    assert "Of those who ordered once" in page(folder, "retention")


def test_of_a_sample_of_orders_nothing_is_told_of_who_comes_back(built):
    folder = built("sample")
    assert "what is to come a sample of orders cannot tell" in page(folder, "value")
    for name in ("index", "value", "retention", "satisfaction"):
        told = page(folder, name)
        assert "of most customers some orders are missing" in told
        for word in ("order again within", "bought again", "on a second day:", "should bring"):
            assert word not in told, (name, word)
        assert told.count("The order log is a sample (orders_sampled in its source)") <= 2, "once, and for the rest"
    assert "Who comes back and who leaves cannot be told" in page(folder, "retention")


def test_a_grocers_year_is_that_of_the_files(built, shared_data):
    folder = built("grocer")
    raw = pd.read_parquet(shared_data / "complete_journey/transactions.parquet")
    raw = raw[raw["sales_value"].round(2) > 0]
    local = raw["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    assert (local.min().date().isoformat(), local.max().date().isoformat()) == ("2017-01-01", "2017-12-31")
    lines = ledger(folder, "order_lines")
    assert lines["rows"]["kept"] == len(raw)
    assert float(lines["amount"]["kept"]) == pytest.approx(raw["sales_value"].round(2).sum(), abs=0.005)
    front = page(folder, "value")
    assert "orders to 31 December 2017" in front and "costs approximated as 70% of the shelf price" in front
    assert f"Our {raw['household_id'].nunique():,} customers should bring" in front
    months = table(folder, "value/cohorts.months")
    by_month = raw.groupby(local.dt.tz_localize(None).dt.to_period("M"))["sales_value"].sum()
    past = months[months["month"].isna()].set_index("start")["revenue"].sort_index()
    assert past.tolist() == pytest.approx(by_month.tolist(), rel=1e-9), "months of the calendar, none of them empty"
    assert "most likely left" not in page(folder, "retention")
