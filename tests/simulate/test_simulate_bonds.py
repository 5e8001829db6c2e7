"""Contracts, memberships, referrals and campaigns of the demo: what is put in is found, and nothing else is."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, chisquare, fisher_exact, mannwhitneyu

from regulars.clv import ShiftedBetaGeoFitter
from regulars.retention.contracts import contract_spells, survivors_of
from regulars.simulate import demo

SEED = 20261122
END = "2026-06-30"
UNLIKELY = 0.001


@pytest.fixture(scope="module")
def shop():
    """The shop without the campaigns and programmes that change something, or are drawn otherwise."""
    raw = demo(seed=SEED)
    club = raw["memberships"]["programme"] == "Regulars' Club"
    quiet = {name: raw[name][~raw[name]["campaign"].str.startswith("E")] for name in ("campaigns", "campaign_contacts")}
    return raw | quiet | {"memberships": raw["memberships"][club]}


@pytest.fixture(scope="module")
def contracts(shop):
    """Contracts as cleaning leaves them: typed, without copies."""
    frame = shop["contracts"].assign(customer=shop["contracts"]["customer"].str.strip()).drop_duplicates("contract")
    for name in ("started", "ended"):
        frame[name] = pd.to_datetime(frame[name].replace("", None))
    frame["reason"] = frame["reason"].str.lower()
    return frame.rename(columns={"customer": "customer_id", "started": "started_at", "ended": "ended_at"})


@pytest.fixture(scope="module")
def traits(shop):
    return shop["truth_customers"].set_index("customer_id")


def test_renewals_are_those_of_the_shifted_beta_geometric(shop, contracts):
    truth = shop["truth"]["contracts"]
    spells = contract_spells(contracts, END).spells
    fitted = ShiftedBetaGeoFitter().fit(survivors_of(spells["periods"], spells["has_ended"]))
    for name in ("alpha", "beta"):
        distance = np.log(fitted.params_[name] / truth[name]) / np.sqrt(fitted.log_variance_matrix_.loc[name, name])
        assert abs(distance) < 3, name


def test_wrong_contracts_are_those_of_the_truth(shop, contracts):
    truth = shop["truth"]["contracts"]
    found = contract_spells(contracts, END)
    backwards = contracts.loc[contracts["ended_at"] < contracts["started_at"], "contract"]
    assert sorted(backwards) == sorted(truth["reversed"])
    assert found.reversed == len(truth["reversed"]) > 0
    assert len(truth["overlapping"]) > 0
    assert len(found.spells) >= truth["customers"] - len(truth["reversed"])


def test_reasons_of_leaving_come_in_their_shares(shop, contracts):
    shares = pd.Series(shop["truth"]["contracts"]["reasons"])
    seen = contracts.loc[contracts["reason"] != "", "reason"].value_counts()
    assert chisquare(seen[shares.index], shares * seen.sum()).pvalue > UNLIKELY
    assert (contracts.loc[contracts["ended_at"].isna(), "reason"] == "").all()


def test_subscribing_has_nothing_to_do_with_buying(contracts, traits):
    bound = traits.index.isin(contracts["customer_id"])
    assert traits["is_alive"][bound].mean() < 1
    # the time left to subscribe differs by when customers came, so that only a customer's own traits are compared
    for trait in ("satisfaction", "rate_per_week", "dropout", "mean_spend"):
        assert mannwhitneyu(traits.loc[bound, trait], traits.loc[~bound, trait]).pvalue > UNLIKELY, trait


def test_members_buy_more_because_those_who_buy_more_join(shop, traits):
    import statsmodels.api as sm

    members = shop["memberships"]
    joined = traits.index.isin(members["customer"])
    early = pd.to_datetime(traits["first_ordered_on"]) < pd.Timestamp("2025-07-01")  # had a year and more to join
    rate = np.log(traits.loc[early, "rate_per_week"])
    logit = sm.Logit(joined[early], sm.add_constant(rate)).fit(disp=0)
    assert abs(logit.params["rate_per_week"] - 1.0) < 3 * logit.bse["rate_per_week"]
    assert mannwhitneyu(traits.loc[joined, "mean_spend"], traits.loc[~joined, "mean_spend"]).pvalue > UNLIKELY
    assert (members["reward_cost"].astype(float) >= 0).all()
    assert not members["customer"].duplicated().any()


def test_satisfied_customers_refer_and_the_referred_are_like_others(shop, traits):
    referrals, people = shop["referrals"], shop["customers"].assign(customer=shop["customers"]["customer"].str.strip())
    channel = people.drop_duplicates("customer").set_index("customer")["channel"]
    assert set(channel[referrals["referred"]]) == {"referral"}
    share = len(referrals) / (channel == "referral").sum()
    assert abs(share - shop["truth"]["referrals"]["recorded_share"]) < 0.05
    # with weight exp(.6 s) the mean satisfaction of those who refer is .6 above that of those to choose from
    referring = traits.loc[referrals["referrer"], "satisfaction"]
    assert 0.45 < referring.mean() < 0.95
    firsts = pd.to_datetime(traits["first_ordered_on"])
    assert (firsts[referrals["referrer"]].to_numpy() <= pd.to_datetime(referrals["at"]).to_numpy()).mean() > 0.99
    known = traits.loc[referrals["referred"]]
    rest = traits.drop(referrals["referred"])
    for trait in ("satisfaction", "rate_per_week", "mean_spend"):
        assert mannwhitneyu(known[trait], rest[trait]).pvalue > UNLIKELY, trait


def test_control_groups_are_drawn_by_lot_and_campaigns_move_nothing(shop, traits):
    contacts = shop["campaign_contacts"]
    control = (contacts["control"] == "yes").to_numpy()
    n = len(contacts)
    assert abs(control.mean() - 0.2) < 4 * np.sqrt(0.2 * 0.8 / n)
    assert (contacts.loc[control, ["contacted_at", "attended", "responded"]] == "").all(axis=None)
    assert set(contacts.loc[~control, "responded"]) == {"yes", "no"}
    people = traits.loc[contacts["customer"]]
    table = pd.crosstab(control, people["is_alive"].to_numpy())
    assert fisher_exact(table.to_numpy()).pvalue > UNLIKELY
    assert mannwhitneyu(people.loc[control, "future_orders"], people.loc[~control, "future_orders"]).pvalue > UNLIKELY


def test_responses_come_at_the_rate_of_the_campaign(shop):
    contacts = shop["campaign_contacts"].merge(shop["campaigns"], on="campaign")
    contacts = contacts[contacts["control"] == "no"]
    for name, share in shop["truth"]["campaigns"]["response_share"].items():
        answers = contacts.loc[contacts["name"] == name, "responded"] == "yes"
        assert abs(answers.mean() - share) < 4 * np.sqrt(share * (1 - share) / len(answers)) + 0.01, name
    attended = pd.crosstab(contacts["name"], contacts["attended"])
    assert attended.loc["Customer evening", "yes"] > 0
    assert attended.drop(index="Customer evening")["yes"].sum() == 0
    assert chi2_contingency(pd.crosstab(contacts["name"], contacts["responded"])).pvalue < UNLIKELY


def test_advertising_costs_what_a_new_customer_costs(shop, traits):
    campaigns = shop["campaigns"]
    paid = campaigns.loc[campaigns["purpose"] == "acquire"]
    covered = pd.to_datetime(traits["first_ordered_on"]).between(paid["starts"].min(), paid["ends"].max()).sum()
    planned = paid["planned_cost"].astype(float).sum()
    assert planned / covered == pytest.approx(shop["truth"]["campaigns"]["cost_per_new_customer"], rel=0.06)
    assert (campaigns.loc[campaigns["purpose"] == "grow", ["target", "goal_due"]] == "").all(axis=None)
