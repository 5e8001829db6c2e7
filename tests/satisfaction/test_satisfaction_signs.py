"""Ten signs of loyalty: read by hand, judged by what came later, and nothing claimed where there is nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd

from bought import purchases_on
from regulars.finding import NOT_SUPPLIED, UNUSABLE, Finding
from regulars.labels import LoyaltySign
from regulars.pages.declared import writer_of
from regulars.purchases import followed
from regulars.satisfaction.signs import signs_by, tell_signs, undated_signs
from regulars.settings import stage_settings
from regulars.statistics.intervals import share
from regulars.told import Report
from satisfaction_page import ABOUT

SETTINGS = stage_settings("satisfaction")
END = pd.Timestamp("2026-06-30")
JUNE = pd.Timestamp("2026-06-01")


def said(found: Finding) -> str:
    """What the page says of a finding: a fact that no sentence uses, or a verdict without words, is an error."""
    writer = writer_of(Report("satisfaction", ABOUT).told.page, "en")
    writer.tell(found.key, found)
    return " ".join(str(block.get(name, "")) for block in writer.blocks for name in ("title", "text", "caption"))


def shop() -> tuple:
    """Four customers: a orders often and for long, b and c once, d after the day; and what else is known of them."""
    days = [("a", "2025-01-10"), ("a", "2026-03-01"), ("a", "2026-06-20"), ("b", "2026-05-01"), ("c", "2024-01-01")]
    moments = pd.to_datetime(["2026-03-01", "2026-06-20", "2026-05-01", "2026-05-01", "2024-01-01"])
    tables = {
        "order_lines": pd.DataFrame({"customer_id": ["a", "a", "b", "b", "c"], "category": ["x", "y", "x", "y", "x"],
                                     "ordered_at": moments, "quantity": [1, 1, 1, -1, 1]}),
        "referrals": pd.DataFrame({"referrer_id": ["b", "c"], "at": [JUNE, END + pd.Timedelta(days=1)]}),
        "contacts": pd.DataFrame({"customer_id": ["a", "b", "c"], "initiator": ["customer", "company", "customer"],
                                  "reason": ["suggestion", "suggestion", "complaint"], "at": JUNE}),
        "surveys": pd.DataFrame({"customer_id": ["a", "a", "b", None], "item": "loyalty2", "kind": "perceived",
                                 "score": [1.0, 9.0, 5.0, 9.0],
                                 "answered_at": [JUNE - pd.Timedelta(days=300), JUNE, JUNE, JUNE]}),
        "survey_items": pd.DataFrame({"item": ["loyalty2"], "scale_min": 1.0, "scale_max": 10.0}),
        "tickets": pd.DataFrame({"customer_id": ["a", "b", "c"], "kind": "complaint",
                                 "opened_at": pd.to_datetime(["2025-12-01", "2026-05-02", "2024-01-02"])}),
        "prospects": pd.DataFrame({"customer_id": ["a", "b", None], "created_at": JUNE - pd.Timedelta(days=40),
                                   "decided_at": [JUNE - pd.Timedelta(days=10), JUNE, None]}),
    }  # fmt: skip
    return purchases_on([*days, ("d", "2026-07-02")]), tables


def test_each_sign_by_hand():
    purchases, tables = shop()
    table = signs_by(purchases, tables, END, SETTINGS)
    assert table.index.tolist() == ["a", "b", "c"]  # d had not bought yet
    missing = float("nan")
    by_hand = {
        "repeat": [1, 0, 0],  # two days in the last year; what lies before it does not count
        "lasting": [1, 0, 0],  # c came long ago, and has not ordered in the last year
        "crossing": [1, 0, 0],  # what b sent back was not bought
        "referral": [0, 1, 0],  # c after the day
        "ideas": [1, 0, 0],  # b was asked by us
        "price": [1, 0, missing],  # a's last answer; 5 of 10 lies at 44 of 100
        "tolerance": [1, missing, 0],  # the half year after b's complaint is not over
        "quick": [1, 0, missing],  # 30 and 40 days
    }
    pd.testing.assert_frame_equal(table, pd.DataFrame(by_hand, index=table.index, dtype=float))


def test_the_purse_and_whom_people_think_of_first():
    rows = [("a", "2025", "us", 900), ("a", "2026", "us", 40), ("a", "2026", "x", 60), ("b", "2026", "us", 50),
            ("b", "2026", "x", 50), ("c", "2026", "x", 0)]  # fmt: skip
    wallet = pd.DataFrame(rows, columns=["customer_id", "period", "competitor", "spend"])
    recall = pd.DataFrame({"respondent_id": ["q", "q", "r", "r"], "brand": ["us", "x"] * 2,
                           "named_first": [True, False, False, True]})  # fmt: skip
    told = undated_signs({"wallet": wallet, "recall": recall})
    assert told == {"wallet": share(1, 2), "first": share(1, 2)}  # of 2026 only; c spends nothing at all
    assert undated_signs({}) == {}


def test_a_sign_that_foretells_is_found_and_the_others_are_not_claimed():
    # of 400 who ordered once in 2025, 200 brought somebody; 150 of those order again in the last half year, 50 others
    ids = [f"c{k:03d}" for k in range(400)]
    again = [ids[k] for k in (*range(150), *range(200, 250))]
    purchases = purchases_on([(one, "2025-11-01") for one in ids] + [(one, "2026-04-01") for one in again])
    tables = {"referrals": pd.DataFrame({"referrer_id": ids[:200], "at": pd.Timestamp("2025-11-02")})}
    told = tell_signs(purchases, tables, END, SETTINGS)
    assert told.verdict == "foretells" and told.facts["sign"] == "referral"
    assert told.facts["shown"].value == 0.75 and told.facts["others"].value == 0.25 and told.facts["gap"].value == 0.5
    strength = told.frames["strength"].set_index("signs")
    assert strength[["n", "share"]].to_numpy().tolist() == [[200, 0.25], [200, 0.75]]
    missing = {remark.code for remark in told.remarks}
    assert missing == {f"missing_{sign.value}" for sign in LoyaltySign} - {
        f"missing_{name}" for name in ("repeat", "lasting", "referral")
    }
    assert "“Has brought somebody” foretells best" in said(told) and "without the table wallet" in said(told)


def test_a_wider_gap_of_few_does_not_hide_a_sign_that_foretells():
    # brought somebody: 120 of 200 order again, 90 of 200 others; gave ideas: 20 of 30, 190 of 370 others
    ids = [f"c{k:03d}" for k in range(400)]
    again = [ids[k] for k in (*range(120), *range(200, 290))]
    purchases = purchases_on([(one, "2025-11-01") for one in ids] + [(one, "2026-04-01") for one in again])
    ideas = [ids[k] for k in (*range(10), *range(195, 200), *range(200, 210), *range(395, 400))]
    tables = {
        "referrals": pd.DataFrame({"referrer_id": ids[:200], "at": pd.Timestamp("2025-11-02")}),
        "contacts": pd.DataFrame({"customer_id": ideas, "initiator": "customer", "reason": "suggestion",
                                  "at": pd.Timestamp("2025-11-05")}),
    }  # fmt: skip
    told = tell_signs(purchases, tables, END, SETTINGS)
    table = told.frames["signs"].set_index("sign")
    assert table.loc["ideas", "gap"] > table.loc["referral", "gap"] and table.loc["ideas", "gap_low"] < 0
    assert (told.verdict, told.facts["sign"]) == ("foretells", "referral")


def test_signs_that_mean_nothing_are_not_said_to_foretell():
    rng, claims = np.random.default_rng(6), 0
    ids = np.array([f"c{k:03d}" for k in range(300)])
    for _ in range(20):
        back = ids[rng.random(300) < 0.4]
        purchases = purchases_on([(one, "2025-11-01") for one in ids] + [(one, "2026-04-01") for one in back])
        asked = {"customer_id": ids, "initiator": "customer", "at": pd.Timestamp("2025-11-05")}
        asked["reason"] = rng.choice(["suggestion", "complaint"], 300)
        tables = {"contacts": pd.DataFrame(asked)}
        tables["referrals"] = pd.DataFrame({"referrer_id": rng.choice(ids, 80), "at": pd.Timestamp("2025-11-05")})
        claims += tell_signs(purchases, tables, END, SETTINGS).verdict != "none"
    assert claims <= 4  # a twentieth in the long run: an end of a two-sided interval for both signs at once


def test_few_customers_and_a_sample_of_orders_are_said():
    purchases, tables = shop()
    told = tell_signs(purchases, tables, END, SETTINGS)
    assert told.verdict == "few" and "cannot be told" in said(told)
    told = tell_signs(followed(purchases, orders_sampled=True), tables, END, SETTINGS)
    assert told.verdict == UNUSABLE and told.facts["why"].startswith("The order log is a sample")


def test_days_longer_than_the_log_leave_nobody_to_judge_by():
    purchases, tables = shop()
    long_ago = replace(SETTINGS, handling=replace(SETTINGS.handling, return_days=36_500))
    told = tell_signs(purchases, tables, END, long_ago)
    assert told.verdict == "few" and told.frames["strength"].empty and "cannot be told" in said(told)


def test_signs_without_their_tables_say_what_to_supply_and_orders_alone_are_one_line():
    purchases, tables = shop()
    told = tell_signs(purchases, {"surveys": tables["surveys"]}, END, SETTINGS)
    assert [remark.code for remark in told.remarks] == [f"missing_{sign.value}" for sign in LoyaltySign]
    assert told.frames["signs"].empty, "three customers are too few to be shown"
    alone = tell_signs(purchases, {}, END, SETTINGS)
    assert alone.verdict == NOT_SUPPLIED and alone.facts == {"table": "surveys"}
