"""The portfolio, and how closely customers are looked after: worked by hand, recovered, bad input."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import models_of
from regulars import segments
from regulars.clv import BetaGeoFitter
from regulars.errors import UserError
from regulars.labels import LifecycleStage, PortfolioClass, RelationshipLevel, RelationStage, Segment, Tier
from regulars.segments import sections
from regulars.segments.portfolio import cost_to_serve, portfolio_classes, potential, probability_below
from regulars.segments.relationship import actual_levels
from regulars.settings import Certainty, stage_settings
from regulars.simulate.purchasing import bg_nbd_customers
from regulars.statistics.intervals import Estimate

END = date(2026, 6, 30)
KOTLER = {
    "high": {"many": "accountable", "medium": "proactive", "few": "partnership"},
    "medium": {"many": "reactive", "medium": "accountable", "few": "proactive"},
    "low": {"many": "basic", "medium": "reactive", "few": "accountable"},
}


@pytest.fixture(scope="module")
def settings():
    return stage_settings("segments")


@pytest.fixture
def rules(settings):
    return settings.portfolio


@pytest.mark.parametrize("enum", [Segment, Tier, LifecycleStage, PortfolioClass, RelationshipLevel, RelationStage])
def test_labels_have_one_chinese_name_each(enum):
    names = [member.chinese for member in enum]
    assert all(names) and len(set(names)) == len(names)
    assert [enum(member.value) for member in enum] == list(enum)


def test_kotlers_cells_are_those_published(rules):
    assert {margin: dict(row) for margin, row in rules.levels.items()} == KOTLER


@pytest.mark.parametrize(
    ("low", "sentence"),
    [
        (
            {"many": "none", "medium": "reactive", "few": "accountable"},
            r"levels\.low\.many is 'none'; give one of",
        ),
        (
            {"many": "basic", "medium": "reactive"},
            r"levels\.low\.few is None; give one of basic, reactive,",
        ),
    ],
)
def test_a_cell_that_names_no_level_is_refused(low, sentence):
    with pytest.raises(UserError, match=sentence):
        stage_settings("segments", changes={"portfolio": {"levels": KOTLER | {"low": low}}})


def test_room_to_grow_is_measured_at_peers():
    clv = pd.Series([0.0, 10, 20, 30, 40, 7])
    table = potential(clv, pd.Series(["a"] * 5 + ["b"]), quantile=0.75)
    assert table["potential"].tolist() == [30, 30, 30, 30, 30, 7]
    assert table["growth"].tolist() == [30, 20, 10, 0, 0, 0]
    assert (table["growth_low"] <= table["growth"]).all() and (table["growth"] <= table["growth_high"]).all()
    equal = potential(pd.Series([5.0] * 9), pd.Series(["a"] * 9))
    assert (equal["growth"] == 0).all()


def test_the_interval_of_a_good_peer_holds_the_quantile():
    rng, hits = np.random.default_rng(5), 0
    for _ in range(400):
        clv = pd.Series(rng.exponential(1.0, 80))
        table = potential(clv, pd.Series(["a"] * 80))
        low, high = (table[name].iloc[clv.argmin()] + clv.min() for name in ("growth_low", "growth_high"))
        hits += low <= -np.log(0.25) <= high
    assert 0.87 <= hits / 400 <= 0.96  # 0.9 or a little more, since order statistics are discrete


@pytest.fixture(scope="module")
def fitted():
    """The saved form of known models, and simulated customers with what they went on to bring."""
    from regulars.clv import GammaGammaFitter

    told = bg_nbd_customers(3000, 0.9, 9.0, 0.75, b=3.0, T=80.0, seed=4)
    rng = np.random.default_rng(1)
    money = 30.0 * 6 / 3 * rng.gamma(6, 1 / 6, 3000)
    orders = BetaGeoFitter().fit(told["frequency"], told["recency"], told["T"])
    some = told["frequency"] > 0
    spend = GammaGammaFitter().fit(told["frequency"][some], pd.Series(money)[some])
    models = models_of(bg_nbd=orders, gamma_gamma=spend)
    customers = pd.DataFrame(told)[["frequency", "recency", "T"]].assign(
        monetary_value=np.where(some, money, np.nan), clv_low=0.0
    )
    return models, orders, customers


def test_chance_below_cost_is_that_of_no_order_where_cost_is_small(fitted):
    models, orders, customers = fitted
    cost = pd.Series(0.01, index=customers.index)
    cost.iloc[:3] = [0.0, np.nan, 1e9]
    p = probability_below(customers, cost, models, seed=2, draws=400)
    assert p.iloc[0] == 0 and np.isnan(p.iloc[1]) and p.iloc[2] == 1
    exact = orders.probability_of_no_order(52.18, customers["frequency"], customers["recency"], customers["T"])
    gap = (p - np.asarray(exact)).iloc[3:]
    assert abs(gap.mean()) < 0.005 and gap.abs().max() < 0.13  # 400 draws: 5 standard errors are .125


def test_classes_by_rule(rules):
    n = 100
    customers = pd.DataFrame(
        {"customer_id": [f"{k:03d}" for k in range(n)], "clv": np.arange(n, dtype=float), "p_below_zero": np.nan}
    ).assign(growth=lambda x: 99 - x["clv"])
    customers.loc[[0, 99], "p_below_zero"] = 0.9
    classes = portfolio_classes(customers, rules)
    assert (classes[95:] == PortfolioClass.MOST_VALUABLE).all(), "the most valuable stay so, whatever they cost"
    assert classes[0] == PortfolioClass.BELOW_ZERO
    assert (classes[1:16] == PortfolioClass.MOST_GROWABLE).all() and classes[16] == PortfolioClass.STEADY


def test_levels_recommended_and_actual(rules):
    customers = pd.DataFrame(
        {
            "customer_id": [f"k{i}" for i in range(100)],
            "first_ordered_at": pd.Timestamp("2024-01-01"),
            "tier": ["vip"] + ["large"] * 4 + ["medium"] * 15 + ["small"] * 80,
            "clv": [500.0] + [150] * 4 + [60] * 15 + [5] * 80,
        }
    )
    wanted = segments.recommended_levels(customers, rules).set_index("tier")["relationship_level"]
    assert wanted.to_dict() == {"vip": "partnership", "large": "partnership", "medium": "proactive", "small": "basic"}
    contacts = pd.DataFrame(
        [("k0", "company", 10.0)] * 12 + [("k1", "company", 10.0)] * 4 + [("k50", "company", 10.0)] * 2
        + [("k51", "customer", 1.0)],
        columns=["customer_id", "initiator", "cost"],
    ).assign(at=pd.Timestamp("2026-03-01"), channel="phone")  # fmt: skip
    actual = actual_levels(customers, contacts, END, rules)["actual_level"]
    assert actual[[0, 1, 2, 50, 51]].tolist() == ["partnership", "proactive", "basic", "accountable", "reactive"]
    care = segments.care_given(customers, contacts, end=END, rules=rules)
    told = sections.tell_relationship(customers, care, rules=rules, level=0.9)
    table = told.frames["tiers"]
    assert told.verdict == "mismatch"
    assert (table["below"] + table["matching"] + table["above"] == table["customers"]).all()
    # below: four large, fifteen medium; above: the small one called twice, for 20; who only asked costs no call
    assert told.facts["below"].value == pytest.approx(0.19) and told.facts["above"].value == pytest.approx(0.01)
    assert told.facts["clv_below"] == 4 * 150 + 15 * 60 and told.facts["cost_above"] == pytest.approx(20)
    bare = segments.care_given(customers, None, end=END, rules=rules)
    assert sections.tell_relationship(customers, bare, rules=rules, level=0.9).verdict == "no_contacts"


def test_cost_to_serve_goes_on_as_in_the_last_year():
    customers = pd.DataFrame({"customer_id": ["a", "b"], "first_ordered_at": pd.to_datetime(["2024-01-01"] * 2)})
    contacts = pd.DataFrame(
        {"customer_id": ["a", "a", "a"], "at": pd.to_datetime(["2026-01-01", "2026-02-01", "2024-05-01"]),
         "cost": [4.0, np.nan, 50.0], "channel": ["phone", "phone", "visit"]}
    )  # fmt: skip
    cost = cost_to_serve(contacts, customers, END, 12)
    assert cost.tolist() == pytest.approx([8.0, 0.0], rel=1e-3)
    assert cost_to_serve(contacts.drop(columns="cost"), customers, END, 12).isna().all()


def test_cost_to_serve_is_scaled_from_the_day_on_which_a_log_is_full():
    """140 days of a call a day at 2.0 by customers, 4 calls before; the firm's own calls, 4 in the year, are whole."""
    customers = pd.DataFrame({"customer_id": ["a", "b"]})
    late = pd.date_range("2026-02-11", "2026-06-30")
    few = pd.to_datetime(["2025-08-01", "2025-10-01", "2025-12-01", "2026-02-01"])
    calls = pd.DataFrame({"at": late.append(few), "customer_id": "a", "initiator": "customer"})
    own = pd.DataFrame({"at": few, "customer_id": "b", "initiator": "company"})
    contacts = pd.concat([calls, own], ignore_index=True).assign(channel="phone", cost=2.0)
    assert cost_to_serve(contacts, customers, END, 12).tolist() == pytest.approx([730.0, 8.0])
    assert cost_to_serve(contacts.iloc[:0], customers, END, 12).isna().all()
    old = contacts.assign(at=contacts["at"] - pd.Timedelta(days=800))
    assert cost_to_serve(old, customers, END, 12).tolist() == [0.0, 0.0]


def test_to_stop_contacts_is_told_against_all_that_could_be_lost():
    """Contacts of 30 that the firm began, and 12 (10 to 14) of margin at most: 18 (16 to 20) are left."""
    customers = pd.DataFrame({"portfolio_class": ["below_zero"] * 2 + ["steady"], "cost_of_ours": [10.0, 20.0, 5.0]})
    below = {"portfolio_class": "below_zero", "customers": 2, "clv": 12.0, "clv_low": 10.0, "clv_high": 14.0}
    products = pd.DataFrame(
        {"product_id": ["x", "y"], "name": ["Tea", "Cake"], "loses": [True, False], "price": [3.0, 9.0],
         "break_even": [4.0, 1.0]}
    )  # fmt: skip
    stop, price = sections.to_do(customers, pd.DataFrame([below]), products, loss=Estimate(7.0, 6.0, 8.0, 3))
    assert (stop.key, stop.net, stop.pays) == ("stop", Estimate(18.0, 16.0, 20.0, 2), True)
    assert (price.key, price.net, price.facts["worst"]) == ("reprice", Estimate(7.0, 6.0, 8.0, 3), "Tea")
    dear = pd.DataFrame([below | {"clv_high": 33.0}])
    assert not sections.to_do(customers, dear, products, loss=Estimate(0.0, 0.0, 0.0))[0].pays


def test_the_portfolio_is_told_with_the_chance_that_cuts_it(rules):
    customers = pd.DataFrame(
        {
            "customer_id": list("abcd"), "segment": "loyal", "orders": 2, "spend": 10.0, "clv": [40.0, 20.0, 10.0, 5.0],
            "growth": [0.0, 20.0, 5.0, 1.0], "growth_low": 0.0, "growth_high": 30.0, "potential": 40.0,
            "portfolio_class": ["most_valuable", "most_growable", "steady", "below_zero"],
            "cost_to_serve": [1.0, 1.0, 1.0, 9.0], "p_below_zero": [0.0, 0.0, 0.1, 0.9],
        }
    )  # fmt: skip
    classes = segments.portfolio_table(customers, certainty=Certainty(0.9, 0.0, 0, 0))
    assert classes["net"].tolist() == [39.0, 19.0, -4.0, 9.0], "clv less cost, in the order of the classes"
    shown = {"named": lambda ids: "C-" + ids, "rules": rules, "months": 12, "level": 0.9}
    told = sections.tell_portfolio(customers, classes, **shown)
    assert (told.verdict, told.facts["chance"], told.facts["cost"]) == ("costs", rules.below_zero_probability, 9.0)
    assert told.facts["below"].value == 0.25 and told.facts["growth"].value == 20.0
    assert told.frames["growable"]["customer"].tolist() == ["C-b"]
    assert told.facts["carry"] == 40.0
    assert told.frames["below_zero"][["customer", "cost_to_serve"]].to_numpy().tolist() == [["C-d", 9.0]]
    fine = customers.assign(portfolio_class=["most_valuable", "most_growable", "steady", "steady"])
    assert sections.tell_portfolio(fine, classes, **shown).verdict == "none_below"
    unknown = sections.tell_portfolio(fine.assign(cost_to_serve=np.nan), classes, **shown)
    assert unknown.verdict == "no_costs" and "below" not in unknown.facts
