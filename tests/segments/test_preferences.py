"""Tastes, the next product, the customer record, and the reasons of labels."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import report_sample
from regulars import segments
from regulars.errors import UserError
from regulars.pages.declared import writer_of
from regulars.segments import sections
from regulars.segments.preferences import fit_tastes
from regulars.segments.suggesting import SHRINKAGE
from regulars.told import Report

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
    liked, kept = segments.Liked.of(lines), segments.keep_back(lines, end, days=days)
    rates, sources = segments.hit_rates(kept), segments.by_source(kept)
    return sections.tell_preferences(liked, rates, segments.by_favourite(liked), sources=sources, days=days)


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


def test_kinds_of_goods_are_told_only_where_lines_carry_them():
    lines = taste_lines(4.0, 60)
    assert "categories" in tell_preferences(lines, END, 60).frames
    plain = tell_preferences(lines.drop(columns="category"), END, 60)
    assert "categories" not in plain.frames
    # of one kind of goods nobody's tastes can differ: that says nothing of products
    assert [one.code for one in plain.remarks] == ["new"]


def test_chances_of_the_next_product_sum_to_at_most_one():
    lines = taste_lines(4.0, 50)
    model = segments.fit_recommender(lines, END, days=60)
    told = segments.next_products(model, most=30)
    np.testing.assert_allclose(told.groupby("customer_id")["probability"].sum(), 1)
    assert (told.groupby("customer_id")["probability"].diff().dropna() <= 1e-12).all()
    own = segments.tastes_of(pd.Series(["k00001", "k00002"]), segments.Liked.of(lines), model)
    assert own["customer_id"].tolist() == ["k00001", "k00002"] and own["price_level"].eq(1).all()
    first = told[told["rank"] == 1].set_index("customer_id")["product_id"]
    assert own["next_product"].tolist() == first[["k00001", "k00002"]].tolist()
    nothing = segments.Liked.of(None)
    refused = segments.fit_recommender(nothing.coded, END, days=60)
    assert segments.tastes_of(pd.Series(["a"]), nothing, refused).empty


def paired_lines(customers=400, seed=3):
    """Sixty products in thirty pairs, no categories; a customer buys a pair's two products on different days."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 30, (customers, 6))
    rows = [
        (
            f"c{who:03d}",
            f"{who}-{k}-{half}",
            f"p{pair:02d}{'ab'[half]}",
            pd.Timestamp(END) - pd.Timedelta(days=int(day)),
        )
        for who in range(customers)
        for k, pair in enumerate(first[who])
        for half, day in enumerate((200 - 30 * k, 200 - 30 * k - 14))
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "ordered_at"])


def test_what_goes_together_is_found_where_all_buy_alike():
    """Planted: who took one of a pair takes the other two weeks later; nothing else tells."""
    lines = paired_lines()
    kept = segments.keep_back(lines, END, days=40)  # both windows begin with the second of a pair
    rates, sources = segments.hit_rates(kept), segments.by_source(kept).set_index("source")
    assert rates.loc["gain_new", "share_low"] > 0.2
    assert kept.model.weights["together"] > 0.3 and not kept.model.tastes
    assert sources.loc["together", "hit_low"] > sources.loc["popular", "hit_high"]
    assert rates.loc["own_reach", "share"] > 0.8 and rates.loc["popular_reach", "share"] == 5 / 60


def test_item_to_item_by_hand():
    """Three customers: x with y twice, x with z once. Of 3 pairs with x 2 are y; shrunk to what all buy."""
    bought = {"a": "xy", "b": "xy", "c": "xz"}
    rows = [(who, f"{who}{what}", what, pd.Timestamp("2026-01-01")) for who, items in bought.items() for what in items]
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "ordered_at"])
    model = segments.fit_recommender(lines, END, days=30)
    share = np.array([3, 2, 1]) / 6
    np.testing.assert_allclose(model.together[0], (np.array([0, 2, 1]) + SHRINKAGE * share) / (3 + SHRINKAGE))
    np.testing.assert_allclose(model.together.sum(axis=1), 1)
    assert set(model.weights.values()) == {0.25}, "nothing to weigh them by"
    # c: habit 1/2 x, 1/2 z; no tastes, so taste is what all buy; together the mean of the rows of x and z
    habit, together = np.array([1, 0, 1]) / 2, (model.together[0] + model.together[2]) / 2
    expected = (habit + 2 * share + together) / 4
    told = segments.next_products(model, ["c"], most=3)
    np.testing.assert_allclose(told.sort_values("product_id")["probability"], expected)


def test_equal_chances_go_by_product_id_and_rows_may_come_in_any_order():
    lines = taste_lines(2.0, 200)
    one = segments.next_products(segments.fit_recommender(lines, END, days=60))
    other = segments.next_products(segments.fit_recommender(lines.sample(frac=1, random_state=4), END, days=60))
    pd.testing.assert_frame_equal(one, other)
    even = pd.DataFrame({"customer_id": list("abc"), "order_id": list("123"), "product_id": ["p3", "p1", "p2"],
                         "ordered_at": pd.Timestamp("2026-01-01")})  # fmt: skip
    stranger = segments.next_products(segments.fit_recommender(even, END, days=60), ["new"])
    assert stranger["product_id"].tolist() == ["p1", "p2", "p3"]


def test_colour_and_size_part_customers_where_lines_carry_them():
    """Planted: everybody buys of all kinds, each in one colour; sizes are chance."""
    rng = np.random.default_rng(5)
    rows = [
        (f"c{who:03d}", f"{who}-{k}", kind, ("blue", "red")[who % 2], "SML"[rng.integers(3)], k)
        for who in range(200)
        for k, kind in enumerate(rng.integers(0, 8, 10))
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "kind", "colour", "size", "k"])
    lines["product_id"] = lines["kind"].astype(str) + lines["colour"] + lines["size"]
    lines["ordered_at"] = pd.Timestamp(END) - pd.to_timedelta(lines["k"] * 20, unit="D")
    model = segments.fit_recommender(lines, END, days=60)
    assert [taste.name for taste in model.tastes] == ["colour"]
    chance = segments.chance_of(model, segments.such_goods(model, "colour=blue"))
    assert (chance[::2] > 0.95).all() and (chance[1::2] < 0.05).all()
    goods = segments.arrivals(model, segments.keep_back(lines, END, days=60), ["c000"])
    assert goods.set_index("goods")[["customers", "refused"]].to_dict("index") == {
        "blue": {"customers": 99, "refused": 1}, "red": {"customers": 100, "refused": 0}
    }  # fmt: skip
    assert goods["told"].eq(1).all() and goods["others"].eq(0).all()
    told = sections.tell_arrivals(goods, times=segments.TOLD_FROM, days=60)
    assert told.verdict == "held" and told.remarks[0].facts == {"entries": 1}
    same = goods.assign(told=goods["others"], told_low=goods["others_low"], told_high=goods["others_high"])
    page = Report("segments", report_sample.ABOUT).told.page
    for one in (told, sections.tell_arrivals(same, times=segments.TOLD_FROM, days=60)):
        writer_of(page, "en").tell(one.key, one)  # each fact has its sentence, whatever came out
    assert one.verdict == "chance"
    for wrong in ("colour=green", "shape=round", "unknown"):
        with pytest.raises(UserError):
            segments.such_goods(model, wrong)


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
