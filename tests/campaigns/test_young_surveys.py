"""First answers, few and of yesterday, beside a log of orders: every page is made, and says what it cannot tell."""

import numpy as np
import pandas as pd
import pytest

from odd_logs import ordinary
from removal import NAMED, lay_out, project, run_stages, unsayable

pytestmark = pytest.mark.usefixtures("id_key")

SCALES = {"recommendation": (0, 10), "satisfaction": (1, 5), "loyalty": (1, 5)}
INPUTS = {  # constructs that are asked for, the scores that are given, days before the last order
    "eight promoters of last month": (["recommendation"], [10, 10, 9, 10, 10, 9, 10, 10], range(20, 28)),
    "two questions, all of the last day": (["satisfaction", "loyalty"], [4, 2, 5, 3, 1, 4, 4, 2] * 4, [0] * 32),
}


@pytest.mark.parametrize("name", INPUTS)
def test_answers_whose_window_is_not_over_have_their_page(tmp_path, name):
    constructs, scores, before = INPUTS[name]
    orders = ordinary(np.random.default_rng(20)).rename_axis("order_id").reset_index()
    last, buyers = pd.Timestamp(orders["ordered_at"].max()), orders["customer_id"].unique()
    answers = [
        (f"{n}{item}", buyers[n], f"{last - pd.Timedelta(days=int(days)):%Y-%m-%d}", item, score)
        for item in constructs
        for n, (score, days) in enumerate(zip(scores, before, strict=True))
    ]
    items = [(item, item, *SCALES[item], f"{item}?") for item in constructs]
    tables = {
        "orders": orders,
        "surveys": pd.DataFrame(answers, columns=["response_id", "customer_id", "answered_at", "item", "score"]),
        "survey_items": pd.DataFrame(items, columns=["item", "construct", "scale_min", "scale_max", "wording"]),
    }
    lay_out(tmp_path, tables)
    with project(tmp_path):
        assert run_stages("ingest") == ("pages", "")
    pages = sorted((tmp_path / "reports" / NAMED).glob("*.html"))
    assert "index.html" in [page.name for page in pages]
    assert [said for page in pages for said in unsayable(page)] == []
