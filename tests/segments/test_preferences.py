"""Tastes, the next product, the customer record, and the reasons of labels."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars import segments
from regulars.segments import sections
from regulars.segments.preferences import fit_tastes

END = date(2026, 6, 30)


def taste_lines(weight, customers=1500, seed=1, categories=5, items=6):
    rng = np.random.default_rng(seed)
    base = np.full(categories, 1 / categories)
    shares = rng.dirichlet(weight * base, customers) if np.isfinite(weight) else np.tile(base, (customers, 1))
    rows = []
    for k in range(customers):
        bought = rng.choice(categories, 12, p=shares[k])
        rows.append(
            pd.DataFrame({"customer_id": f"k{k:05d}", "order_id": [f"{k}-{j}" for j in range(12)], "kind": bought})
        )
    frame = pd.concat(rows, ignore_index=True)
    item = rng.integers(0, items, len(frame))
    return frame.assign(
        product_id=[f"{c}{i}" for c, i in zip(frame["kind"], item, strict=True)], category=frame["kind"].astype(str),
        ordered_at=pd.Timestamp(END) - pd.to_timedelta(rng.integers(0, 300, len(frame)), unit="D"),
        quantity=1.0, unit_price=10.0,
    )  # fmt: skip


def tell_preferences(lines: pd.DataFrame, end, days: int):
    liked = segments.Liked.of(lines)
    rates = segments.hit_rates(liked, end, days=days)
    return sections.tell_preferences(liked, rates, segments.by_favourite(liked), days=days)


def test_how_much_tastes_differ_is_recovered():
    tastes = fit_tastes(taste_lines(4.0))
    assert tastes.weight == pytest.approx(4.0, rel=0.15)
    np.testing.assert_allclose(tastes.shares().sum(axis=1), 1)
    assert fit_tastes(taste_lines(np.inf)).weight > 200


def test_next_product_beats_popularity_where_tastes_differ_only():
    sharp = tell_preferences(taste_lines(1.5, 800), END, 60)
    assert sharp.verdict == "better" and sharp.facts["gain"].low > 0.05
    assert tell_preferences(taste_lines(np.inf, 800), END, 60).verdict == "alike"
    one = taste_lines(4.0, 1).assign(ordered_at=pd.Timestamp("2024-01-01"))
    assert tell_preferences(one, END, 60).verdict == "unchecked"


def test_chances_of_the_next_product_sum_to_at_most_one():
    lines = taste_lines(4.0, 50)
    told = segments.next_products(fit_tastes(lines), most=30)
    np.testing.assert_allclose(told.groupby("customer_id")["probability"].sum(), 1)
    assert (told.groupby("customer_id")["probability"].diff().dropna() <= 1e-12).all()
    own = segments.tastes_of(pd.Series(["k00001", "k00002"]), segments.Liked.of(lines))
    assert own["customer_id"].tolist() == ["k00001", "k00002"] and own["price_level"].eq(1).all()
    assert segments.tastes_of(pd.Series(["a"]), segments.Liked.of(None)).empty


def test_completeness_and_age_of_the_record():
    people = pd.DataFrame(
        {"customer_id": ["a", "b"], "joined_at": pd.to_datetime(["2026-06-20", "2026-06-10"]), "region": ["N", None]}
    )
    table = segments.record_age(people, pd.Series(["a", "b", "c"]), END).set_index("field")
    assert table["filled"].to_dict() == {"region": pytest.approx(1 / 3), "joined_at": pytest.approx(2 / 3)}
    assert table["age_days"].to_dict() == {"region": 10, "joined_at": 15}
    bare = segments.record_age(people[["customer_id"]], pd.Series(["a"]), END)
    assert sections.tell_record(bare).verdict == "empty"
    assert sections.tell_record(segments.record_age(None, pd.Series(["a"]), END)).verdict == "not_supplied"


def test_every_label_has_three_facts():
    customers = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["loyal", "lost"], "r_score": [4, 1],
                              "f_score": [5, 1], "m_score": [3, 1]})  # fmt: skip
    why = segments.explain_labels(customers, {"segment": ("r_score", "f_score", "m_score")})
    assert len(why) == 2 and why[["fact_1_is", "fact_2_is", "fact_3_is"]].notna().all(axis=None)


def test_a_step_is_explained_by_what_decided_it():
    """A member stands there by membership, an advocate by whom they referred; their orders decide nothing."""
    facts = {"orders": 9, "days_since_order": 3, "patience": 180.0, "is_member": [False, True, True, True],
             "referred": [0, 0, 1, 4]}  # fmt: skip
    steps = pd.DataFrame({"customer_id": list("abcd"), "lifecycle_stage": ["client", "member", "advocate", "partner"]})
    rule = {"lifecycle_stage": segments.DECIDED_BY["lifecycle_stage"]}
    why = segments.explain_labels(steps.assign(**facts), rule).set_index("value")
    named = why[["fact_1", "fact_2", "fact_3"]]
    assert named.loc["client"].tolist() == ["orders", "days_since_order", "patience"]
    assert named.loc["member"].tolist() == ["is_member", "days_since_order", "patience"]
    assert named.loc["advocate"].tolist() == ["referred", "days_since_order", "patience"]
    assert named.loc["partner"].tolist() == ["referred", "is_member", "days_since_order"]
    assert why.loc["partner", ["fact_1_is", "fact_2_is", "fact_3_is"]].tolist() == [4.0, 1.0, 3.0]
