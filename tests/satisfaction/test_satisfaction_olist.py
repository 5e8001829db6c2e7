"""Reviews of a real marketplace read as a survey: what a late delivery does to the score, and what is not claimed."""

import pandas as pd
import pytest

from regulars.labels import Change
from regulars.satisfaction.survey.answers import item_answers, sound_answers
from regulars.satisfaction.survey.indices import mean
from regulars.statistics.intervals import change, difference

ITEMS = pd.DataFrame(
    {"item": ["review"], "construct": ["satisfaction"], "scale_min": [1.0], "scale_max": [5.0], "wording": ["Review."]}
)


@pytest.fixture(scope="module")
def olist(shared_data):
    """Reviews as the table surveys, and orders with the person who placed them."""
    folder = shared_data / "olist"
    if not folder.exists():
        pytest.skip("the Olist sample lies beside the project on some machines only")
    reviews = pd.read_csv(folder / "olist_order_reviews_dataset.csv.gz", dtype="string")
    orders = pd.read_csv(folder / "olist_orders_dataset.csv.gz", dtype="string")
    people = pd.read_csv(folder / "olist_customers_dataset.csv.gz", dtype="string")
    orders = orders.merge(people[["customer_id", "customer_unique_id"]], on="customer_id")
    known = reviews.merge(orders[["order_id", "customer_unique_id"]], on="order_id")
    surveys = pd.DataFrame(
        {
            "response_id": known["review_id"] + " " + known["order_id"],
            "customer_id": known["customer_unique_id"],
            "answered_at": pd.to_datetime(known["review_answer_timestamp"]),
            "item": "review",
            "kind": "perceived",
            "score": known["review_score"].astype(float),
            "order_id": known["order_id"],
        }
    )
    return surveys, orders


def test_reviews_are_answers_on_their_scale(olist):
    surveys, _ = olist
    assert sound_answers(surveys, ITEMS).left_out == []
    answers = item_answers(surveys, "review")
    assert answers["score"].between(1, 5).all()
    assert not answers.duplicated(["respondent", "wave"]).any()


def test_who_waited_too_long_scores_lower_by_more_than_noise(olist):
    surveys, orders = olist
    delivered = orders.dropna(subset=["order_delivered_customer_date", "order_estimated_delivery_date"])
    came = pd.to_datetime(delivered["order_delivered_customer_date"]).dt.normalize()
    promised = pd.to_datetime(delivered["order_estimated_delivery_date"]).dt.normalize()
    late = pd.Series((came > promised).to_numpy(), index=delivered["order_id"])
    # of two reviews of one order the later one counts
    latest = surveys.sort_values("answered_at", kind="stable").drop_duplicates("order_id", keep="last")
    was_late = latest["order_id"].map(late)
    slow, fast = (mean(latest.loc[(was_late == answer).fillna(False), "score"]) for answer in (True, False))
    gap = difference(slow, fast)
    assert min(slow.n, fast.n) > 500
    assert change(slow, fast) is Change.DOWN
    assert gap.high < -1
    assert 0 < gap.high - gap.low < 0.3


def test_nothing_is_claimed_on_repurchase_since_the_sample_is_thinned(olist):
    # orders were drawn by lot, so of most people with several orders one is left: a share who come back would be the
    # sample's, not the marketplace's
    _, orders = olist
    per_person = orders.groupby("customer_unique_id").size()
    assert (per_person > 1).mean() < 0.01
