"""Margin by product and customer, and what is bought together: to the cent, planted, in real shops."""

import numpy as np
import pandas as pd
import pytest

from regulars import segments
from regulars.labels import Tier
from regulars.segments import sections
from regulars.segments.products import descriptions, profit_cells, readable, with_actions
from regulars.settings import ProductRules, stage_settings
from regulars.simulate import demo


@pytest.fixture
def products():
    return stage_settings("segments").products


def lines_of(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def tell_products(lines: pd.DataFrame, tiers: pd.Series, rules: ProductRules, min_cell: int = 1):
    names = descriptions(lines)
    margins = segments.product_margins(lines, tiers, rules)
    return sections.tell_products(
        margins,
        segments.margin_by_product(margins, names, segments.per_piece(lines)),
        matrix=segments.margin_map(margins, lines, tiers, names),
        offered=segments.offers(margins, names, min_cell=min_cell),
        rules=rules,
    )


def tell_baskets(lines: pd.DataFrame, rules: ProductRules):
    baskets = segments.one_basket_each(lines, rules.baskets_max)
    found = segments.with_names(segments.basket_rules(baskets, rules), descriptions(lines))
    return sections.tell_baskets(found, baskets=baskets, rate=rules.false_discovery_rate)


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


def test_a_customer_of_no_known_group_ends_nothing():
    lines = pd.DataFrame(
        {"customer_id": list("aabc"), "product_id": list("xyxy"), "quantity": 1.0, "unit_price": 3.0, "unit_cost": 2.0}
    )
    tiers = pd.Series({"a": pd.NA, "b": "vip"}, dtype="string")
    table = segments.product_margins(lines, tiers, ProductRules(0.01, 0.8, 0.002, 100, 0.05))
    known = table[table["group"].notna()]
    assert known[["group", "item", "margin"]].to_numpy().tolist() == [["vip", "x", 1.0]]
    assert table["margin"].sum() == 4.0, "what the others bought stays in the sum"


def test_as_many_products_as_groups_and_no_margin_known():
    """A square table of zeros is a table of products and groups, and gives no warning."""
    cells = pd.DataFrame([(group, item, 1.0, np.nan, 7) for group in "abcd" for item in "wxyz"],
                         columns=["group", "item", "revenue", "margin", "customers"])  # fmt: skip
    assert sorted(readable(cells)["item"].unique()) == list("wxyz")


def test_what_to_do_about_a_cell(products):
    cells = pd.DataFrame(
        [("vip", "good", 8, 900.0, 300.0), ("small", "good", 10, 90.0, 30.0), ("vip", "dear", 5, 500.0, -50.0),
         ("small", "rare", 1, 1.0, -0.5), ("small", "free", 1, 5.0, np.nan), ("vip", "back", 1, -3.0, -1.0)],
        columns=["group", "item", "customers", "revenue", "margin"],
    )  # fmt: skip
    parts = pd.DataFrame({"vip": 0.1, "small": 0.9}, index=["good", "dear", "rare", "free", "back"])
    told = with_actions(cells, parts, 110, products)
    assert told["action"].tolist() == ["keep", "cross_sell", "raise_price", "drop", "unknown", "unknown"]
    # of 18 buyers nine tenths are 16.2, who would bring 3 each like the 10 there are
    assert told["worth"].iloc[1] == pytest.approx(6.2 * 3)


def test_who_buys_more_of_everything_is_offered_nothing_for_it(products):
    """Simulated: all choose alike, some ten times as often; shares of buyers differ by far, and no pair is told."""
    rng, told = np.random.default_rng(8), 0
    for _ in range(20):
        many = np.where(np.arange(400) < 40, 60, 6)
        customer = np.repeat(np.arange(400), rng.poisson(many) + 1)
        lines = lines_of(customer_id=[f"k{k:03d}" for k in customer], quantity=1.0, unit_price=5.0, unit_cost=3.0)
        lines["product_id"] = rng.choice([f"p{k}" for k in range(40)], len(lines), p=rng.dirichlet(np.ones(40)))
        tiers = pd.Series({f"k{k:03d}": "vip" if k < 40 else "small" for k in range(400)})
        told += (segments.product_margins(lines, tiers, products)["action"] == "cross_sell").any()
    assert told <= 2  # one of ten such shops at most


def test_a_product_that_one_group_shuns_is_offered_to_it(products):
    rng = np.random.default_rng(9)
    customer = np.repeat(np.arange(600), 10)
    likes = rng.choice(10, len(customer))
    likes = np.where((customer < 300) & (likes == 0) & (rng.random(len(customer)) < 0.8), 1, likes)
    lines = lines_of(customer_id=[f"k{k:03d}" for k in customer], quantity=1.0, unit_price=5.0, unit_cost=3.0)
    lines["product_id"] = [f"p{k}" for k in likes]
    tiers = pd.Series({f"k{k:03d}": "medium" if k < 300 else "small" for k in range(600)})
    table = segments.product_margins(lines, tiers, products)
    found = table[table["action"] == "cross_sell"]
    assert found[["group", "item"]].to_numpy().tolist() == [["medium", "p0"]]


def test_a_price_from_which_nothing_is_lost_and_what_is_lost_in_a_year(products):
    lines = lines_of(
        customer_id=["a", "b", "c"], product_id=["x", "x", "y"], quantity=[2.0, 1.0, 1.0], unit_price=[4.0, 1.0, 9.0],
        unit_cost=[5.0, 5.0, 1.0], ordered_at=pd.to_datetime(["2026-01-01", "2024-01-01", "2026-01-01"]),
    )  # fmt: skip
    table = segments.margin_by_product(
        segments.product_margins(lines, pd.Series({"a": "vip", "b": "vip", "c": "vip"}), products),
        descriptions(lines),
        segments.per_piece(lines),
    )
    assert table[["product_id", "price", "break_even", "loses"]].to_numpy().tolist() == [
        ["x", 3.0, 5.0, True], ["y", 9.0, 1.0, False],
    ]  # fmt: skip
    loss = segments.loss_ahead(lines, table, "2026-06-30", months=6, level=0.9)
    assert (loss.value, loss.n) == (1.0, 1)  # two pieces at 1 below cost in a year, half of it in six months


def test_no_costs_and_negative_margins_and_one_product(products):
    lines = lines_of(customer_id=["a", "b"], order_id=["1", "2"], product_id=["x", "x"], quantity=1.0, unit_price=5.0)
    tiers = pd.Series({"a": "vip", "b": "small"})
    assert tell_products(lines, tiers, products).verdict == "no_costs"
    losing = tell_products(lines.assign(unit_cost=9.0), tiers, products)
    assert losing.verdict == "losses" and losing.facts["lost"] == 8
    assert tell_baskets(lines, products).verdict == "none"


def test_the_rule_told_first_is_the_one_with_most_of_it_and_not_the_rarest(products):
    """Of 1,000 baskets 11 hold both of a rare pair, 50 times as often as by chance; 60 both of a common one."""
    held = {"rare": range(15), "odd": range(4, 19), "tea": range(100, 220), "milk": range(160, 260)}
    held["rice"] = range(1000)
    lines = [(f"c{k}", f"o{k}", name) for name, baskets in held.items() for k in baskets]
    told = tell_baskets(pd.DataFrame(lines, columns=["customer_id", "order_id", "product_id"]), products)
    assert (told.facts["when"], told.facts["then"], told.facts["together"]) == ("milk", "tea", 60)
    assert told.facts["lift"].value == 60 * 1000 / (120 * 100) and told.facts["share"] == 0.6
    rules = told.frames["rules"]
    assert rules[["when", "then"]].to_numpy().tolist()[:2] == [["milk", "tea"], ["odd", "rare"]], "each pair once"
    rare = rules[(rules["when"] == "odd") & (rules["then"] == "rare")].iloc[0]
    assert (rare["together"], round(rare["lift"], 1)) == (11, 48.9)


def test_what_came_back_is_no_basket_and_no_liking():
    lines = pd.DataFrame(
        [("a", "1", "tea", 2.0), ("a", "2", "rice", -1.0), ("b", "3", "tea", -1.0)],
        columns=["customer_id", "order_id", "product_id", "quantity"],
    ).assign(unit_price=3.0)
    assert {tuple(segments.one_basket_each(lines, 9, seed=seed)["product_id"]) for seed in range(9)} == {("tea",)}
    # who is no customer, such as one who was given all of it, has no basket
    assert segments.one_basket_each(lines, 9, of=["nobody"]).empty
    assert segments.Liked.of(lines).own["bought"].to_dict() == {"a": 1}


def test_planted_pairs_are_found_and_nothing_else(products):
    rng = np.random.default_rng(9)
    held = rng.random((4000, 30)) < 0.04
    held[:, 1] |= held[:, 0] & (rng.random(4000) < 0.5)
    basket, product = np.nonzero(held)
    table = segments.basket_rules(
        pd.DataFrame({"basket": basket, "product_id": [f"p{k:02d}" for k in product]}), products
    )
    pairs = {frozenset((when, then)) for when, then in zip(table["when"], table["then"], strict=True)}
    assert pairs == {frozenset(("p00", "p01"))}
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
    assert told == 0, told


def test_the_limits_of_a_lift_hold_it():
    rng, hits = np.random.default_rng(12), 0
    rules = ProductRules(0.01, 0.8, 0.002, 50000, 1.0)
    for _ in range(150):
        a = rng.random(1500) < 0.2
        b = rng.random(1500) < np.where(a, 0.4, 0.15)
        frame = pd.DataFrame({"basket": np.r_[np.flatnonzero(a), np.flatnonzero(b), np.arange(1500)],
                              "product_id": ["a"] * a.sum() + ["b"] * b.sum() + ["c"] * 1500})  # fmt: skip
        row = segments.basket_rules(frame, rules, longest=2).query("when == 'a' and then == 'b'").iloc[0]
        hits += row["lift_low"] <= 0.4 / 0.2 <= row["lift_high"]
    assert 0.84 <= hits / 150 <= 0.96  # 0.9, give or take 2.5 standard errors of 150 draws


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
    assert common and all(pair in found for pair in common), [len(common), sum(pair in found for pair in common)]


def test_products_that_share_a_name_are_told_apart_by_their_id():
    lines = pd.DataFrame({"product_id": ["1", "2", "3"], "description": ["BURRITOS", "Burritos ", "milk"]})
    assert descriptions(lines).to_dict() == {"1": "Burritos (1)", "2": "Burritos (2)", "3": "Milk"}


def real_lines(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[(frame["quantity"] > 0) & (frame["unit_price"] > 0)].reset_index(drop=True)
    return frame.assign(unit_cost=(frame["unit_price"] * 0.6).round(2))


def tell_all(lines: pd.DataFrame, products) -> dict:
    spend = (lines["quantity"] * lines["unit_price"]).groupby(lines["customer_id"]).sum()
    liked = segments.Liked.of(lines)
    kept = segments.keep_back(lines, lines["ordered_at"].max(), days=30)
    rates = segments.hit_rates(kept)
    told = {
        "products": tell_products(lines, segments.assign_tiers(spend), products, 5),
        "baskets": tell_baskets(lines, products),
        "preferences": sections.tell_preferences(
            liked, rates, segments.by_favourite(liked), sources=segments.by_source(kept), days=30
        ),
    }
    assert told["products"].facts["revenue"] == pytest.approx(spend.sum(), abs=0.01)
    assert told["products"].verdict == "no_losses", "each line is given a cost of 60 %"
    assert told["baskets"].verdict == "found"
    assert_better_than_popular(told["preferences"])
    return told


def assert_better_than_popular(told):
    """By hit rate, of all products and of those that are new to the customer, and by the products reached."""
    facts, new = told.facts, {remark.code: remark.facts for remark in told.remarks}["new"]
    assert told.verdict == "better" and facts["gain"].low > 0.05 and new["gain_new"].low > 0
    assert facts["own_reach"].low > 20 * facts["popular_reach"].value
    sources = told.frames["sources"].set_index("source")
    assert sources.loc["all", "hit"] > sources.drop(index="all")["hit"].max() - 0.03, "no source alone does much better"


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
