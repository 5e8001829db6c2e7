"""Effects of campaigns against published and twice-computed values, and limits that hold for several at once."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from places import SHARED_DATA
from regulars.actions import (
    ask,
    campaign_effect,
    corrected_levels,
    judge_campaigns,
    policy_value,
    qini,
    sample_ratio_test,
    uplift_tree,
    watch_campaigns,
)
from regulars.actions import effects as found
from regulars.actions.asking import Ask
from regulars.actions.uplift import qini_interval
from regulars.errors import UserError
from regulars.settings import CampaignRules
from regulars.statistics.trials import share_gap

FILE = SHARED_DATA / "hillstrom_email" / "hillstrom_email.csv"
MENS, WOMENS, NONE = "Mens E-Mail", "Womens E-Mail", "No E-Mail"
FEATURES = ["recency", "history", "mens", "womens", "newbie", "rural", "urban", "web", "phone"]
RULES = CampaignRules(outcome_days=14, false_discovery_rate=0.05, draws=2000, cooldown_days=28, groups_min=1000)


@pytest.fixture(scope="module")
def mails():
    """The published e-mail test: 64,000 customers, three arms by lot."""
    if not FILE.is_file():
        pytest.skip("the e-mail test does not lie beside the project")
    frame = pd.read_csv(FILE)
    for name, column in (("Rural", "zip_code"), ("Urban", "zip_code"), ("Web", "channel"), ("Phone", "channel")):
        frame[name.lower()] = (frame[column] == name).astype(int)
    return frame


def near(value):
    """To the ten digits printed."""
    return pytest.approx(value, abs=5.1e-11)


def pair(mails, arm):
    rows = mails[mails["segment"].isin([arm, NONE])]
    return rows, (rows["segment"] == arm).to_numpy()


def test_the_arms_are_as_published(mails):
    told = mails.groupby("segment").agg(n=("spend", "size"), visits=("visit", "sum"), buyers=("conversion", "sum"),
                                        spend=("spend", "sum"), sd=("spend", "std"))  # fmt: skip
    assert told.loc[NONE, ["n", "visits", "buyers"]].tolist() == [21_306, 2_262, 122]
    assert told.loc[MENS, ["n", "visits", "buyers"]].tolist() == [21_307, 3_894, 267]
    assert told.loc[WOMENS, ["n", "visits", "buyers"]].tolist() == [21_387, 3_238, 189]
    assert told["spend"].round(2).to_dict() == {MENS: 30_311.69, NONE: 13_908.33, WOMENS: 23_038.11}
    assert told["sd"].round(6).to_dict() == {MENS: 17.754205, NONE: 11.5882, WOMENS: 15.116106}
    lot = sample_ratio_test(mails["segment"].value_counts(sort=False).tolist(), [1, 1, 1])
    assert (lot.statistic, lot.df, lot.p_value) == (pytest.approx(0.20253125), 2, pytest.approx(0.9036929576))


@pytest.mark.parametrize(
    ("outcome", "arm", "estimate", "error", "low", "high"),
    [
        ("visit", MENS, 0.0765895637, 0.0033858878, 0.0699533455, 0.0832257818),
        ("visit", WOMENS, 0.0452331066, 0.0032344621, 0.0388936774, 0.0515725358),
        ("conversion", MENS, 0.0068050065, 0.0009208728, 0.0050001290, 0.0086098840),
        ("spend", MENS, 0.7698271559, 0.1452465602, 0.4851491289, 1.0545051829),
        ("history", MENS, 1.9532776715, 2.4858473556, None, None),
        ("history", WOMENS, 1.6539802257, 2.4589481158, None, None),
    ],
)  # fmt: skip
def test_effects_of_the_mails(mails, outcome, arm, estimate, error, low, high):
    rows, treated = pair(mails, arm)
    told = campaign_effect(rows[outcome], treated)
    assert told.estimate == pytest.approx(estimate, abs=5.1e-11)
    assert told.standard_error == pytest.approx(error, abs=5.1e-11)
    assert told.variance_ratio == 1
    if low is not None:
        assert (told.low, told.high) == (near(low), near(high))


def test_one_mail_against_the_other_and_any_against_none(mails):
    both = mails[mails["segment"] != NONE]
    for outcome, value, error in (("visit", 0.0313564571, 0.0036080008), ("conversion", 0.0036939490, 0.0009951621),
                                  ("spend", 0.3454149400, 0.1596174148)):  # fmt: skip
        told = campaign_effect(both[outcome], both["segment"] == MENS)
        assert (told.estimate, told.standard_error) == (near(value), near(error))
    for outcome, value, error in (("visit", 0.0608819573, 0.0027772876), ("conversion", 0.0049545712, 0.0007174467),
                                  ("spend", 0.5967960667, 0.1125562087)):  # fmt: skip
        told = campaign_effect(mails[outcome], mails["segment"] != NONE)
        assert (told.estimate, told.standard_error) == (near(value), near(error))


@pytest.mark.parametrize(
    ("outcome", "arm", "estimate", "error", "ratio"),
    [
        ("visit", MENS, 0.0764111475, 0.0033783605, 0.995559),
        ("visit", WOMENS, 0.0450949424, 0.0032279809, 0.995996),
        ("conversion", MENS, 0.0067834329, 0.0009204671, 0.999119),
        ("conversion", WOMENS, 0.0030966398, 0.0008223995, 0.999325),
        ("spend", MENS, 0.7674384994, 0.1452150422, 0.999566),
    ],
)
def test_what_earlier_spend_explains(mails, outcome, arm, estimate, error, ratio):
    rows, treated = pair(mails, arm)
    told = campaign_effect(rows[outcome], treated, rows["history"])
    assert told.estimate == pytest.approx(estimate, abs=5.1e-11)
    assert told.standard_error == pytest.approx(error, abs=5.1e-11)
    assert told.variance_ratio == pytest.approx(ratio, abs=5.1e-7)


def test_limits_of_shares_and_of_spend(mails):
    for outcome, arm, low, high in (
        ("visit", MENS, 0.0699533081, 0.0832267413), ("visit", WOMENS, 0.0388940954, 0.0515743430),
        ("conversion", MENS, 0.0050143447, 0.0086407234), ("conversion", WOMENS, 0.0015016571, 0.0047454713),
    ):  # fmt: skip
        rows, treated = pair(mails, arm)
        k = [int(rows.loc[side, outcome].sum()) for side in (treated, ~treated)]
        told = share_gap(k[0], treated.sum(), k[1], (~treated).sum(), level=0.95)
        assert (told.low, told.high) == (near(low), near(high))
    for arm, low, high in ((MENS, 0.4851397326, 1.0545145792), (WOMENS, 0.1689567899, 0.6798676420)):
        rows, treated = pair(mails, arm)
        told = found.welch(rows["spend"], treated, level=0.95)
        assert (told.low, told.high) == (near(low), near(high))


def test_effects_by_group(mails):
    for column, value, arm, outcome, estimate, error in (
        ("womens", 0, MENS, "visit", 0.0691551642, 0.0049006319),
        ("womens", 1, WOMENS, "visit", 0.0731145486, 0.0046127160),
        ("mens", 0, MENS, "spend", 0.6157308066, 0.1765608797),
        ("newbie", 1, WOMENS, "spend", 0.7322877957, 0.1689258432),
        ("newbie", 0, MENS, "visit", 0.0778328508, 0.0051599498),
        ("mens", 1, WOMENS, "spend", 0.2564155535, 0.1906352230),
    ):  # fmt: skip
        rows, treated = pair(mails, arm)
        here = (rows[column] == value).to_numpy()
        told = campaign_effect(rows.loc[here, outcome], treated[here])
        assert (told.estimate, told.standard_error) == (near(estimate), near(error))


@pytest.mark.parametrize(
    ("arm", "rule", "outcome", "value"),
    [
        (WOMENS, "womens", "visit", 0.0076516739), (WOMENS, "womens", "conversion", 0.0005557486),
        (WOMENS, "womens", "spend", 0.0328778859), (WOMENS, "newbie", "visit", 0.0013027880),
        (WOMENS, "newbie", "conversion", 0.0005431308), (WOMENS, "newbie", "spend", 0.0773709295),
        (MENS, "mens", "visit", 0.0013735742), (MENS, "mens", "spend", 0.0350051598),
    ],
)  # fmt: skip
def test_qini_of_a_rule(mails, arm, rule, outcome, value):
    rows, treated = pair(mails, arm)
    yes = (rows[rule] == 1).to_numpy()
    told = qini(rows[rule], treated, rows[outcome])
    assert told == pytest.approx(value, abs=5.1e-11)
    inside = campaign_effect(rows.loc[yes, outcome], treated[yes]).estimate
    overall = campaign_effect(rows[outcome], treated).estimate
    assert told == pytest.approx(yes.mean() / 2 * (inside - overall), abs=1e-9), "closed form of a yes/no rule"


def test_a_rule_that_tells_nothing_is_within_noise(mails):
    rows, treated = pair(mails, MENS)
    told = qini_interval(rows["mens"], treated, rows["visit"], 0.95, draws=100)
    assert told.low < 0 < told.high


@pytest.mark.parametrize(
    ("outcome", "arm", "halves", "mean", "inside"),
    [
        ("visit", WOMENS, (0.0079694648, 0.0072306173), 0.0076000411, (0.0080786, 0.0094742)),
        ("visit", MENS, (-0.0005469462, 0.0009296678), 0.0001913608, (0.0044097, 0.0056460)),
        ("conversion", WOMENS, (0.0007428764, 0.0005006851), 0.0006217807, (0.0008184, 0.0012994)),
        ("conversion", MENS, (-0.0003564805, -0.0000096217), -0.0001830511, (0.0012231, 0.0018941)),
        ("spend", MENS, (0.0109814559, -0.0214922873), -0.0052554157, (0.1359348, 0.2338005)),
    ],
)
def test_honest_tree(mails, outcome, arm, halves, mean, inside):
    rows, treated = pair(mails, arm)
    told = uplift_tree(rows[FEATURES], treated, rows[outcome], first=rows.index % 2 == 0)
    assert told.halves == (pytest.approx(halves[0], abs=1e-6), pytest.approx(halves[1], abs=1e-6))
    assert told.qini == pytest.approx(mean, abs=1e-6)
    assert told.in_sample == (pytest.approx(inside[0], abs=1e-6), pytest.approx(inside[1], abs=1e-6))


def test_leaves_of_the_honest_tree(mails):
    rows, treated = pair(mails, WOMENS)
    leaves = uplift_tree(rows[FEATURES], treated, rows["visit"], first=rows.index % 2 == 0).leaves
    assert leaves["rule"].str.startswith("womens").all() and leaves["n"].tolist() == [7_111, 2_617, 10_653, 1_090]
    assert leaves["effect"].tolist() == pytest.approx([0.0117941, 0.0053412, 0.0751743, 0.0759129], abs=1e-6)
    assert leaves["standard_error"].tolist() == pytest.approx([0.0070640, 0.0133270, 0.0066524, 0.0234987], abs=1e-6)


def test_personalising_does_not_beat_the_mens_mail_to_all(mails):
    odd, arm, thirds = (
        mails.index % 2 == 1,
        mails["segment"].to_numpy(object),
        dict.fromkeys((MENS, WOMENS, NONE), 1 / 3),
    )
    learnt = np.where(mails["mens"] == 1, MENS, WOMENS).astype(object)  # what is best by departments, on the even rows
    policies = {"nobody": np.full(len(mails), NONE, object), "all": np.full(len(mails), MENS, object), "learnt": learnt}
    on = (mails.loc[~odd, FEATURES], arm[~odd])
    for outcome, expected in (
        ("visit", {"nobody": (0.1047187500, 0.0030781473), "all": (0.18, 0.0039828376),
                   "learnt": (0.1790625, 0.0039731124)}),
        ("spend", {"nobody": (0.7342331250, 0.1252971340), "all": (1.7905293750, 0.2024478996),
                   "learnt": (1.5316734375, 0.1802507530)}),
    ):  # fmt: skip
        for name, (value, error) in expected.items():
            told = policy_value(policies[name][odd], arm[odd], mails.loc[odd, outcome], thirds)
            assert told.estimate == pytest.approx(value, abs=5.1e-11)
            assert told.standard_error == pytest.approx(error, abs=5.1e-11)
    for outcome, value, error in (("visit", -0.0007522244, 0.0034098795), ("spend", -0.2578895693, 0.1362469327)):
        scores = [
            policy_value(policies[name][odd], arm[odd], mails.loc[odd, outcome], thirds,
                         features=mails.loc[odd, FEATURES],
                         learnt_on=(*on, mails.loc[~odd, outcome]))
            for name in ("learnt", "all")
        ]  # fmt: skip
        gap = scores[0].against(scores[1], 0.95)
        assert gap.value == pytest.approx(value, abs=5.1e-11)
        assert (gap.high - gap.low) / 2 / norm.ppf(0.975) == pytest.approx(error, abs=1e-9)


def test_money_of_the_mails(mails):
    for arm, values in (
        (MENS, (0.2309481468, 0.1455447387, 0.3163515549)),
        # the list has .2039573774 for its upper end, which would not lie as far from the estimate as the lower one
        (WOMENS, (0.1273236648, 0.0506893522, 0.2039579774)),
    ):
        rows, treated = pair(mails, arm)
        told = campaign_effect(rows["spend"], treated)
        assert [0.3 * told.estimate, 0.3 * told.low, 0.3 * told.high] == pytest.approx(values, abs=1e-9)
        if arm == MENS:
            on_cost = [one / 0.05 - 1 for one in values]
            assert on_cost == pytest.approx([3.6189629354, 1.9108947736, 5.3270310972], abs=1e-8)


def as_project(mails):
    """The e-mail test as a firm would supply it: one campaign with two arms, and orders before and after it."""
    ids = mails.index.astype(str)
    start = pd.Timestamp("2008-03-01")
    bought = mails["spend"] > 0
    orders = pd.concat([
        pd.DataFrame({"customer_id": ids, "ordered_at": start - pd.Timedelta(days=10), "amount": mails["history"]}),
        pd.DataFrame({"customer_id": ids[bought], "ordered_at": start + pd.Timedelta(days=3),
                      "amount": mails.loc[bought, "spend"]}),
    ], ignore_index=True)  # fmt: skip
    contacts = pd.DataFrame({"campaign_id": "mails", "customer_id": ids, "is_control": mails["segment"].eq(NONE),
                             "arm": mails["segment"].where(mails["segment"] != NONE)})  # fmt: skip
    campaigns = pd.DataFrame({"campaign_id": ["mails"], "name": ["E-mails"], "starts_at": [start],
                              "control_share": [1 / 3],
                              "actual_cost": [0.05 * 42_694]})  # fmt: skip
    text = {"customer_id": "string", "campaign_id": "string"}
    return (
        campaigns.astype({"campaign_id": "string"}),
        contacts.astype(text | {"arm": "string"}),
        orders.astype({"customer_id": "string"}),
    )


def test_the_mails_as_a_dataset_and_what_the_page_says_of_them(mails):
    campaigns, contacts, orders = as_project(mails)
    watched = watch_campaigns(campaigns, contacts, orders, "2008-03-14", outcome_days=14)
    judged = judge_campaigns(watched, margin=0.3, rules=RULES, level=0.95, seed=1)
    told = judged.effects.set_index("arm")
    assert told.loc[MENS, "effect"] == pytest.approx(0.7674384994, abs=1e-9), "with history taken out"
    assert told.loc[MENS, "raw"] == pytest.approx(0.7698271559, abs=1e-9)
    assert told["ratio_p"].iloc[0] == pytest.approx(sample_ratio_test([21_306, 42_694], [1, 2]).p_value)
    assert told["lot"].tolist() == ["honest", "honest"] and told["verdict"].tolist() == ["up", "up"]
    assert told.loc[MENS, "ordered_gap"] == pytest.approx(0.0068050065, abs=1e-9)
    arm = mails["segment"].replace(NONE, "control").to_numpy(object)
    asked = ask(mails[FEATURES], arm, mails["spend"], arms=[MENS, WOMENS], costs=[0.05, 0.05], margin=0.3,
                first=mails.index % 2 == 0, groups_min=2000, best=MENS)  # fmt: skip
    assert asked.verdict is Ask.ALL, "send the men's e-mail to all"
    assert asked.all_over_nobody.low > 0 and asked.rule_over_all.low < 0, "personalising does not beat it"


# ---- small textbook values ----


def test_a_lot_that_was_not_kept_to():
    told = sample_ratio_test([821_588, 815_482], [1, 1])
    assert (told.statistic, told.p_value) == (pytest.approx(22.7743688419), pytest.approx(1.8217928726e-06))
    with pytest.raises(UserError, match="give one above 0 for each"):
        sample_ratio_test([1, 2], [1, 0])


def test_newcombe_1998():
    for (a, n, b, m), low, high in (
        ((56, 70, 48, 80), 0.0524314724, 0.3338726540), ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926), ((0, 10, 0, 20), -0.1611, 0.2775), ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ):  # fmt: skip
        told = share_gap(a, n, b, m, level=0.95)
        assert (told.low, told.high) == (pytest.approx(low, abs=5.1e-5), pytest.approx(high, abs=5.1e-5))


def test_benjamini_and_hochberg_1995_and_limits_that_follow():
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert found.benjamini_hochberg(p)[:5].round(6).tolist() == [0.0015, 0.003, 0.0095, 0.035625, 0.0603]
    level = corrected_levels(p, 0.05)
    leaves_zero_out = np.array(p) < 1 - level + 1e-12
    assert leaves_zero_out.sum() == 4, "what the limits find is what Benjamini and Hochberg find"
    assert level[:4] == pytest.approx([1 - 4 * 0.05 / 15] * 4) and level[4:] == pytest.approx([1 - 5 * 0.05 / 15] * 11)


def test_vitamin_a_attended_against_invited():
    died = np.concatenate([np.repeat([1, 0], [12, 9_675 - 12]), np.repeat([1, 0], [34, 2_419 - 34]),
                           np.repeat([1, 0], [74, 11_588 - 74])])  # fmt: skip
    asked = np.repeat([True, True, False], [9_675, 2_419, 11_588])
    took = np.repeat([True, False, False], [9_675, 2_419, 11_588])
    whole = campaign_effect(died, asked)
    assert whole.estimate == pytest.approx(-0.0025823775, abs=5.1e-11)
    # the published error divides by n; ours, as that of the e-mail test, by n − 1
    variances = [died[asked == side].var() / (asked == side).sum() for side in (True, False)]
    assert np.sqrt(sum(variances)) == pytest.approx(0.0009278269, abs=5.1e-11)
    unbiased = [died[asked == side].var(ddof=1) / (asked == side).sum() for side in (True, False)]
    assert whole.standard_error == pytest.approx(np.sqrt(sum(unbiased)), rel=1e-12)
    told = found.effect_on_those_who_came(died, asked, took)
    assert told.compliance == pytest.approx(0.7999834629)
    assert told.estimate == pytest.approx(-0.0032280386)
    assert told.standard_error == pytest.approx(0.0011591629, abs=5.1e-11)


def test_power():
    assert found.needed_customers(0.01, (0.11 * 0.89, 0.1 * 0.9)) == pytest.approx(14_748.045, abs=5e-4)
    base = 0.106167
    rates = (base * (1 - base), (base + 0.01) * (1 - base - 0.01))
    assert found.needed_customers(0.01, rates) == pytest.approx(15_506.9, abs=0.5)
    assert found.smallest_effect(11.5882 * np.sqrt(2 / 21_306)) == pytest.approx(0.3145457662, abs=1e-6)


def test_limits_that_may_be_looked_at_every_day():
    told = found.running_half_width(np.array([100, 1000, 5000, 50_000]))
    assert told == pytest.approx([0.6694388617, 0.1063754701, 0.0429243372, 0.0144974266], abs=5.1e-11)
    assert found.e_value(1.374) == pytest.approx(2.0908514490) and found.e_value(2) == pytest.approx(3.4142135624)


# ---- drawing the lot again ----


def test_drawing_again_agrees_with_all_lots_there_are():
    from itertools import combinations

    y, z = np.array([3.0, 9.0, 1.0, 4.0, 7.0, 2.0]), np.array([1, 1, 1, 0, 0, 0], bool)
    everything = []
    for treated in combinations(range(6), 3):
        side = np.isin(np.arange(6), treated)
        everything.append(campaign_effect(y, side).estimate / campaign_effect(y, side).standard_error)
    seen = campaign_effect(y, z)
    nearer = min(np.mean(np.array(everything) >= seen.estimate / seen.standard_error - 1e-9),
                 np.mean(np.array(everything) <= seen.estimate / seen.standard_error + 1e-9))  # fmt: skip
    _, p = found.permuted(y, z, draws=20_000)
    assert p == pytest.approx(min(1, 2 * nearer), abs=0.02)


def test_limits_leave_zero_out_exactly_where_the_p_value_says_so():
    rng = np.random.default_rng(5)
    for shift in np.linspace(0, 0.8, 15):
        y = rng.gamma(0.3, 40, 240) * (rng.random(240) < 0.4)
        z = np.arange(240) < 180
        y = y + shift * z * y.std()
        for level in (0.8, 0.9, 0.95, 0.99):
            told, p = found.permuted(y, z, level, draws=999)
            assert (told.low > 0 or told.high < 0) == (p <= 1 - level + 1e-12)


def test_a_covariate_that_never_changes_takes_nothing_out():
    y, z = np.arange(10.0), np.arange(10) % 2 == 0
    plain, told = campaign_effect(y, z), campaign_effect(y, z, np.full(10, 7.0))
    assert told.estimate == plain.estimate and told.variance_ratio == 1


def test_nobody_kept_back_or_a_single_one_is_refused():
    for controls in (0, 1):
        with pytest.raises(UserError, match="with fewer than two on a side"):
            campaign_effect(np.arange(5.0), np.arange(5) >= controls)
