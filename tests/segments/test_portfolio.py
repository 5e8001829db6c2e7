"""Portfolio, relationship level, ladder, drift, products, baskets, tastes: hand-worked, recovered, bad input."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from memory_dataset import models_of
from regulars import segments
from regulars.clv import BetaGeoFitter
from regulars.errors import UserError
from regulars.labels import LifecycleStage, PortfolioClass, RelationshipLevel, RelationStage, Segment, Tier
from regulars.purchases import Purchases
from regulars.segments import clusters, drift, sections
from regulars.segments.ladder import prospects_on_ladder
from regulars.segments.portfolio import cost_to_serve, portfolio_classes, potential, probability_below
from regulars.segments.preferences import fit_tastes
from regulars.segments.products import descriptions, profit_cells, readable, with_actions
from regulars.segments.relationship import actual_levels
from regulars.settings import Certainty, ProductRules, stage_settings
from regulars.simulate import demo
from regulars.simulate.purchasing import bg_nbd_customers

END = date(2026, 6, 30)
CERTAINTY = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=100)
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


@pytest.fixture
def ladder(settings):
    return segments.Ladder(settings.ladder)


@pytest.fixture
def products(settings):
    return settings.products


def log_of(*rows) -> Purchases:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return Purchases.of(frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]), amount=10.0))


@pytest.mark.parametrize("enum", [Segment, Tier, LifecycleStage, PortfolioClass, RelationshipLevel, RelationStage])
def test_labels_have_one_chinese_name_each(enum):
    names = [member.chinese for member in enum]
    assert all(names) and len(set(names)) == len(names)
    assert [enum(member.value) for member in enum] == list(enum)


# ---- drift ----


def test_moves_add_up_and_rows_sum_to_one():
    rng = np.random.default_rng(3)
    order = ["a", "b", "c"]
    before = pd.Series(rng.choice(order, 300), index=[f"k{i}" for i in range(300)])
    now = pd.Series(rng.choice(order, 350), index=[f"k{i}" for i in range(350)])
    table = drift.moves(before, now, order)
    assert (table["before"] + table["entered"] + table["won"] - table["left"] == table["now"]).all()
    assert table["now"].sum() == 350 and table["won"].sum() == 50
    assert table["entered"].sum() == table["left"].sum()
    shares = drift.transition_shares(before, now[before.index], order)
    np.testing.assert_allclose(shares.groupby("before")["share"].sum(), 1)


def test_drift_without_a_past_says_so():
    customers = pd.DataFrame({"customer_id": ["a"], "segment": ["new"], "cluster": ["none"]})
    log = log_of(("a", "2026-06-20"))
    found = segments.find_clusters(pd.DataFrame({name: [1.0] for name in clusters.FEATURES}))
    moved = segments.drift_since("2026-05-31", log, customers, end=END, found=found)
    assert sections.tell_drift(moved).verdict == "no_past"
    assert sections.tell_clusters(found, pd.DataFrame(), months=12, bootstraps=20).verdict == "too_few"


# ---- portfolio ----


def test_kotlers_cells_are_those_published(rules):
    assert {margin: dict(row) for margin, row in rules.levels.items()} == KOTLER


def test_a_cell_that_names_no_level_is_refused(settings):
    broken = {"levels": KOTLER | {"low": {"many": "none", "medium": "reactive"}}}
    with pytest.raises(UserError, match=r"levels\.low\.many is 'none'"):
        replace(settings.portfolio, **broken)


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
    assert 0.87 <= hits / 400 <= 0.96


@pytest.fixture(scope="module")
def fitted():
    """The saved form of known models, and simulated customers with what they went on to bring."""
    from regulars.clv import BetaGeoFitter, GammaGammaFitter

    told = bg_nbd_customers(3000, 0.9, 9.0, 0.75, 3.0, 80.0, 4)
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


# ---- ladder ----


def test_steps_of_the_ladder_by_hand(ladder):
    log = log_of(
        ("one", "2026-06-01"), ("two", "2026-05-01"), ("two", "2026-06-01"), ("gone", "2024-01-01"),
        *((name, f"2026-0{m}-01") for name in ("four", "club", "friend", "partner") for m in (3, 4, 5, 6)),
        ("slow", "2023-06-01"), ("slow", "2024-06-01"), ("slow", "2025-06-01"),
    )  # fmt: skip
    memberships = pd.DataFrame(
        {"customer_id": ["club", "partner", "four"], "joined_at": pd.to_datetime(["2026-04-01"] * 3),
         "left_at": pd.to_datetime([None, None, "2026-05-01"])}
    )  # fmt: skip
    referrals = pd.DataFrame(
        {"referrer_id": ["friend", *["partner"] * 3, "one"], "referred_id": list("abcde"),
         "at": pd.to_datetime(["2026-04-01"] * 4 + ["2027-01-01"])}
    )  # fmt: skip
    told = replace(ladder, memberships=memberships, referrals=referrals)
    stood = segments.ladder_at(log, END, told)
    assert stood["lifecycle_stage"].to_dict() == {
        "one": "first_time", "two": "repeat", "gone": "inactive", "four": "client", "club": "member",
        "friend": "advocate", "partner": "partner", "slow": "repeat",
    }  # fmt: skip
    bare = segments.ladder_at(log, END, ladder)["lifecycle_stage"]
    assert bare[["club", "friend", "partner"]].tolist() == ["client"] * 3
    # gone: silent for 911 days, of which 226 (three mean gaps of all) are patience; slow: the first gap was longer than
    # that and the second was not, so that the second order began the stay
    days = segments.days_on_step(stood, log, END, told)
    assert days.to_dict() == {
        "one": 29, "two": 29, "gone": 684, "four": 29, "club": 90, "friend": 90, "partner": 90, "slow": 759,
    }  # fmt: skip


def test_who_comes_back_from_a_silence_begins_a_new_stay(ladder):
    log = log_of(("back", "2024-01-01"), ("back", "2024-02-01"), ("back", "2026-06-20"), ("new", "2026-06-30"))
    stood = segments.ladder_at(log, END, ladder)
    assert stood["lifecycle_stage"].to_dict() == {"back": "repeat", "new": "first_time"}
    assert segments.days_on_step(stood, log, END, ladder).to_dict() == {"back": 10, "new": 0}


def test_time_on_each_step_of_the_ladder(ladder):
    rng = np.random.default_rng(8)
    rows = [(f"k{i}", pd.Timestamp(END) - pd.Timedelta(days=int(d))) for i in range(300)
            for d in rng.integers(0, 700, rng.integers(1, 6))]  # fmt: skip
    log = log_of(*rows)
    prospects = pd.DataFrame(
        {"prospect_id": ["p", "q"], "stage": ["lead", "quoted"], "customer_id": [pd.NA, pd.NA],
         "created_at": pd.to_datetime(["2026-06-20", "2026-05-01"])}
    )  # fmt: skip
    ladder = replace(ladder, prospects=prospects)
    stood = segments.ladder_at(log, END, ladder)
    counts = segments.transition_counts(log, END, ladder, months=12)
    days = segments.days_on_step(stood, log, END, ladder)
    table = segments.time_on_steps(stood, days, counts, ladder, end=END).set_index("lifecycle_stage")
    stayed = counts.loc["repeat", "repeat"] / counts.loc["repeat"].sum()
    assert table.loc["repeat", "leaves"] == pytest.approx(1 - stayed)
    assert table.loc["repeat", "stay_months"] == pytest.approx(1 / (1 - stayed))
    assert table.loc["repeat", "stay_months_low"] == pytest.approx(1 / table.loc["repeat", "leaves_high"])
    assert (table["days_low"] <= table["days"]).all() and (table["days"] <= table["days_high"]).all()
    assert table.loc[["suspect", "prospect"], "days"].tolist() == [10, 60]
    assert table.loc[["suspect", "prospect"], "stay_months"].isna().all()
    assert table["customers"].sum() == 302


def test_moves_on_the_ladder_sum_to_one_and_forecasts_to_all(ladder):
    rng = np.random.default_rng(8)
    rows = [(f"k{i}", pd.Timestamp(END) - pd.Timedelta(days=int(d))) for i in range(200)
            for d in rng.integers(0, 700, rng.integers(1, 6))]  # fmt: skip
    log = log_of(*rows)
    counts = segments.transition_counts(log, END, ladder, months=12)
    matrix = segments.transition_matrix(counts)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    stood = segments.ladder_at(log, END, ladder)["lifecycle_stage"]
    ahead = segments.ladder_forecast(stood, counts, 6, certainty=CERTAINTY, draws=50)
    assert ahead["now"].sum() == 200 and ahead["ahead"].sum() == pytest.approx(200)
    assert ((ahead["ahead_low"] <= ahead["ahead"]) & (ahead["ahead"] <= ahead["ahead_high"])).all()
    climbing = segments.climbs(log, END, ladder)
    assert climbing["n"].iloc[0] == 200 and climbing["reached"].iloc[0] == climbing["n"].iloc[1]


def test_a_stage_of_the_sales_desk_without_a_step_is_named(ladder):
    prospects = pd.DataFrame({"prospect_id": ["p"], "stage": ["maybe"], "customer_id": [pd.NA]})
    with pytest.raises(UserError, match="'maybe' has no step"):
        prospects_on_ladder(prospects, ladder.rules)


def test_stages_of_the_relationship_are_chances():
    rng = np.random.default_rng(2)
    end = pd.Timestamp(END)
    rows = [("up", end - pd.Timedelta(days=int(d))) for d in np.r_[728, np.arange(5, 300, 12)]]
    rows += [("even", end - pd.Timedelta(days=int(d))) for d in range(0, 721, 20)]
    rows += [("once", end - pd.Timedelta(days=700))]
    log = log_of(*rows)
    known = log.summary(END, "week")
    models = models_of(bg_nbd=BetaGeoFitter().fit([0, 1, 3], [0.0, 5.0, 20.0], [30.0, 30.0, 30.0]))
    models.orders.params_[["r", "alpha"]] = 0.9, 9.0
    told = segments.relation_stages(known, log, models, end=END, growth_from=1.25)
    told = told.set_index(known["customer_id"].to_numpy())
    np.testing.assert_allclose(told[["p_acquisition", "p_growth", "p_maturity"]].sum(axis=1), 1)
    assert told["relation_stage"].to_dict() == {"up": "growth", "even": "maturity", "once": "acquisition"}
    # the chance of growth against draws of the two rates
    x = 24
    draws = rng.gamma(0.9 + x, 1, 20000) > 1.25 * rng.gamma(0.9, 1, 20000)
    assert told.loc["up", "p_growth"] / (1 - told.loc["up", "p_acquisition"]) == pytest.approx(draws.mean(), abs=0.02)


# ---- products and baskets ----


def lines_of(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def tell_products(lines: pd.DataFrame, tiers: pd.Series, rules: ProductRules, min_cell: int = 1):
    names = descriptions(lines)
    margins = segments.product_margins(lines, tiers, rules)
    return sections.tell_products(
        margins,
        segments.margin_by_product(margins, rules, names),
        matrix=segments.margin_map(margins, lines, tiers, names),
        offered=segments.offers(margins, names, min_cell=min_cell),
    )


def tell_baskets(lines: pd.DataFrame, rules: ProductRules):
    baskets = segments.one_basket_each(lines, rules.baskets_max)
    found = segments.with_names(segments.basket_rules(baskets, rules), descriptions(lines))
    return sections.tell_baskets(found, baskets=baskets, rate=rules.false_discovery_rate)


def tell_preferences(lines: pd.DataFrame, end, days: int):
    liked = segments.Liked.of(lines)
    rates = segments.hit_rates(liked, end, days=days)
    return sections.tell_preferences(liked, rates, segments.by_favourite(liked), days=days)


def test_cells_add_up_to_the_ledger_to_the_cent_with_their_signs(products):
    rng = np.random.default_rng(7)
    n = 5000
    lines = lines_of(
        customer_id=rng.choice([f"k{i}" for i in range(300)], n),
        order_id=rng.integers(0, 900, n).astype(str),
        product_id=rng.choice([f"p{i}" for i in range(400)], n),  # more products than customers
        quantity=rng.integers(-1, 6, n).astype(float),
        unit_price=rng.integers(1, 5000, n) / 100,
    )
    lines["unit_cost"] = np.where(
        rng.random(n) < 0.1, np.nan, (lines["unit_price"] * rng.uniform(0.5, 1.2, n)).round(2)
    )
    tiers = pd.Series({f"k{i}": list(Tier)[i % 4].value for i in range(300)})
    cells = profit_cells(lines, tiers)
    cents = (lines["quantity"] * lines["unit_price"] * 100).round().sum()
    assert round(cells["revenue"].sum() * 100) == cents
    known = lines["unit_cost"].notna()
    margin = (lines["quantity"] * (lines["unit_price"] - lines["unit_cost"]))[known].sum()
    assert cells["margin"].sum() == pytest.approx(margin, abs=0.005)
    small = readable(cells)
    assert small["item"].nunique() == 12
    assert small["margin"].sum() == pytest.approx(cells["margin"].sum(), abs=0.005)
    told = tell_products(lines, tiers, products)
    assert told.verdict == "losses" and told.facts["revenue"] == pytest.approx(cents / 100)


def test_as_many_products_as_groups_and_no_margin_known():
    """A square table of zeros is a table of products and groups, and gives no warning."""
    cells = pd.DataFrame([(group, item, 1.0, np.nan) for group in "abcd" for item in "wxyz"],
                         columns=["group", "item", "revenue", "margin"])  # fmt: skip
    assert sorted(readable(cells)["item"].unique()) == list("wxyz")


def test_what_to_do_about_a_cell(products):
    cells = pd.DataFrame(
        [("vip", "good", 8, 900.0, 300.0), ("small", "good", 10, 90.0, 30.0), ("vip", "dear", 5, 500.0, -50.0),
         ("small", "rare", 1, 1.0, -0.5), ("small", "free", 1, 5.0, np.nan), ("vip", "back", 1, -3.0, -1.0)],
        columns=["group", "item", "customers", "revenue", "margin"],
    )  # fmt: skip
    told = with_actions(cells, pd.Series({"vip": 10, "small": 100}), products)
    assert told["action"].tolist() == ["keep", "cross_sell", "raise_price", "drop", "unknown", "unknown"]
    # half of 80 % is 40 %: 30 more buyers of 100 at 3 each
    assert told["worth"].iloc[1] == pytest.approx(90)


def test_no_costs_and_negative_margins_and_one_product(products):
    lines = lines_of(customer_id=["a", "b"], order_id=["1", "2"], product_id=["x", "x"], quantity=1.0, unit_price=5.0)
    tiers = pd.Series({"a": "vip", "b": "small"})
    assert tell_products(lines, tiers, products).verdict == "no_costs"
    losing = tell_products(lines.assign(unit_cost=9.0), tiers, products)
    assert losing.verdict == "losses" and losing.facts["lost"] == 8
    assert tell_baskets(lines, products).verdict == "none"


def test_planted_pairs_are_found_and_nothing_else(products):
    rng = np.random.default_rng(9)
    held = rng.random((4000, 30)) < 0.04
    held[:, 1] |= held[:, 0] & (rng.random(4000) < 0.5)
    basket, product = np.nonzero(held)
    table = segments.basket_rules(
        pd.DataFrame({"basket": basket, "product_id": [f"p{k:02d}" for k in product]}), products
    )
    pairs = {frozenset((when, then)) for when, then in zip(table["when"], table["then"], strict=True)}
    assert frozenset(("p00", "p01")) in pairs and len(pairs) <= 2
    row = table[(table["when"] == "p00") & (table["then"] == "p01")].iloc[0]
    a, b, both = held[:, 0].sum(), held[:, 1].sum(), (held[:, 0] & held[:, 1]).sum()
    n = len(np.unique(basket))
    assert row["lift"] == pytest.approx(both * n / (a * b))
    from scipy.stats import fisher_exact

    exact = fisher_exact([[both, a - both], [b - both, n - a - b + both]], alternative="greater").pvalue
    assert row["p_value"] == pytest.approx(exact, rel=1e-6)


def test_independent_products_make_no_rules(products):
    rng, told = np.random.default_rng(10), 0
    for _ in range(20):
        basket, product = np.nonzero(rng.random((1500, 12)) < 0.1)
        told += (
            len(segments.basket_rules(pd.DataFrame({"basket": basket, "product_id": product.astype(str)}), products))
            > 0
        )
    assert told <= 4


def test_the_limits_of_a_lift_hold_it():
    rng, hits = np.random.default_rng(12), 0
    rules = ProductRules(0.002, 0.5, 0.002, 50000, 1.0)
    for _ in range(150):
        a = rng.random(1500) < 0.2
        b = rng.random(1500) < np.where(a, 0.4, 0.15)
        frame = pd.DataFrame({"basket": np.r_[np.flatnonzero(a), np.flatnonzero(b), np.arange(1500)],
                              "product_id": ["a"] * a.sum() + ["b"] * b.sum() + ["c"] * 1500})  # fmt: skip
        row = segments.basket_rules(frame, rules, longest=2).query("when == 'a' and then == 'b'").iloc[0]
        hits += row["lift_low"] <= 0.4 / 0.2 <= row["lift_high"]
    assert 0.84 <= hits / 150 <= 0.96


def test_what_one_customer_repeats_is_one_basket():
    lines = lines_of(customer_id=["a"] * 20 + ["b"], order_id=[str(k // 2) for k in range(20)] + ["x"],
                     product_id=["p", "q"] * 10 + ["p"])  # fmt: skip
    baskets = segments.one_basket_each(lines, 100)
    assert baskets["basket"].nunique() == 2 and len(baskets) == 3


def test_demo_companions_and_loss_makers_are_found(products):
    raw = demo(customers=3000, seed=5)
    lines = raw["order_lines"].assign(
        customer_id=lambda x: x["customer"].str.strip(), order_id=lambda x: x["order_no"],
        product_id=lambda x: x["product"].str.strip(),
        quantity=lambda x: x["qty"].astype(float), unit_price=lambda x: x["price"].astype(float),
        unit_cost=lambda x: pd.to_numeric(x["cost"], errors="coerce"), category=lambda x: x["category"].str.lower(),
    )  # fmt: skip
    lines = lines[(lines["customer_id"] != "") & (lines["quantity"] > 0) & lines["unit_cost"].notna()]
    tiers = pd.Series("small", index=lines["customer_id"].unique())  # a single group
    told = tell_products(lines, tiers, products)
    worst = told.frames["worst"]
    assert set(worst.loc[worst["loses"], "product_id"]) == set(raw["truth"]["products"]["below_cost"])
    table = segments.basket_rules(segments.one_basket_each(lines, 50000), products)
    found = {frozenset(pair) for pair in zip(table["when"], table["then"], strict=True)}
    true = [frozenset(pair.values()) for pair in raw["truth"]["products"]["companions"]]
    frequent = lines["product_id"].value_counts()
    common = [pair for pair in true if min(frequent[list(pair)]) > 150]
    assert common and sum(pair in found for pair in common) >= 0.8 * len(common)


# ---- tastes ----


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


# ---- real shops; neither tells its costs: 60 % of the price is taken for them ----


def real_lines(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[(frame["quantity"] > 0) & (frame["unit_price"] > 0)].reset_index(drop=True)
    return frame.assign(unit_cost=(frame["unit_price"] * 0.6).round(2))


def tell_all(lines: pd.DataFrame, products) -> dict:
    spend = (lines["quantity"] * lines["unit_price"]).groupby(lines["customer_id"]).sum()
    tiers = segments.assign_tiers(spend)
    end = lines["ordered_at"].max()
    told = {
        "products": tell_products(lines, tiers, products, 5),
        "baskets": tell_baskets(lines, products),
        "preferences": tell_preferences(lines, end, 60),
    }
    assert told["products"].facts["revenue"] == pytest.approx(spend.sum(), abs=0.01)
    assert told["products"].verdict in ("losses", "no_losses") and told["baskets"].verdict == "found"
    return told


@pytest.mark.full
def test_a_gift_wholesaler(shared_data, products):
    file = shared_data / "uci_online_retail/online_retail_2010-12_2011-12.csv.gz"
    if not file.exists():
        pytest.skip("UCI Online Retail does not lie beside the project")
    raw = pd.read_csv(file, dtype=str, encoding_errors="replace")
    raw.columns = [name.strip().lower().replace("_", "").replace(" ", "") for name in raw.columns]
    number = next(name for name in raw if "customer" in name)
    lines = pd.DataFrame(
        {
            "customer_id": raw[number].str.replace(".0", "", regex=False),
            "order_id": raw[next(name for name in raw if "invoice" in name and "date" not in name)],
            "ordered_at": pd.to_datetime(raw["invoicedate"]),
            "product_id": raw["stockcode"],
            "description": raw["description"],
            "quantity": raw["quantity"].astype(float),
            "unit_price": raw[next(name for name in raw if "price" in name)].astype(float),
        }
    ).dropna(subset="customer_id")
    told = tell_all(real_lines(lines), products)
    # sets of one design in several colours go together: the wholesaler's best known rule
    assert told["baskets"].facts["lift"].low > 5


@pytest.mark.full
def test_a_grocer(shared_data, products):
    file = shared_data / "complete_journey/transactions.parquet"
    if not file.exists():
        pytest.skip("Complete Journey does not lie beside the project")
    raw = pd.read_parquet(file).sort_values("transaction_timestamp").tail(200_000)
    lines = pd.DataFrame(
        {
            "customer_id": raw["household_id"].astype(str),
            "order_id": raw["basket_id"].astype(str),
            "ordered_at": pd.to_datetime(raw["transaction_timestamp"]).dt.tz_localize(None),
            "product_id": raw["product_id"].astype(str),
            "quantity": raw["quantity"].astype(float),
            "unit_price": (raw["sales_value"] / raw["quantity"].where(raw["quantity"] > 0)).round(4),
        }
    ).dropna(subset="unit_price")
    tell_all(real_lines(lines), products)


def test_products_that_share_a_name_are_told_apart_by_their_id():
    lines = pd.DataFrame({"product_id": ["1", "2", "3"], "description": ["BURRITOS", "Burritos ", "milk"]})
    assert descriptions(lines).to_dict() == {"1": "Burritos (1)", "2": "Burritos (2)", "3": "Milk"}
