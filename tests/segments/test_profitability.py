"""Products × customers by profit: classes by hand, sums that are the margin; how much customers differ."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars import segments
from regulars.labels import ProfitAction, ProfitClass, ProfitSign
from regulars.segments import sections
from regulars.segments.differences import cells_of, difference_of, four_steps
from regulars.segments.preferences import fit_tastes
from regulars.segments.products import ProductRules, margin_by_product, per_piece, product_margins
from regulars.segments.profitability import ACTIONS, profit_classes, profit_matrix
from regulars.statistics.intervals import Estimate

RULES = ProductRules(0.01, 0.8, 0.002, 100, 0.05)

# product: price, cost; margins of 8, 2, 0.1 and -1 a piece
GOODS = {"gold": (10.0, 2.0), "silver": (5.0, 3.0), "tin": (4.0, 3.9), "lead": (3.0, 4.0)}
# customer: pieces of each product
BOUGHT = {
    "ann": {"gold": 10, "lead": 2},  # 80 - 2 = 78
    "bob": {"gold": 4, "silver": 5},  # 32 + 10 = 42
    "cat": {"silver": 5, "tin": 10},  # 10 + 1 = 11
    "dan": {"tin": 10},  # 1 of 40: nothing
    "eve": {"lead": 7, "tin": 10},  # -7 + 1 = -6
}


def by_hand() -> pd.DataFrame:
    rows = [
        (who, f"{who}-{what}", what, float(pieces), *GOODS[what])
        for who, basket in BOUGHT.items()
        for what, pieces in basket.items()
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "quantity", "unit_price", "unit_cost"])


def random_lines(seed: int, size: int = 4000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    price = rng.uniform(1, 50, 60).round(2)
    cost = (price * rng.choice([0.5, 0.8, 0.98, 1.2], 60)).round(2)
    product = rng.integers(0, 60, size)
    lines = pd.DataFrame(
        {
            "customer_id": [f"c{k:03d}" for k in rng.integers(0, 300, size)],
            "order_id": [str(k) for k in range(size)],
            "product_id": [f"p{k:02d}" for k in product],
            "quantity": rng.choice([-1.0, 1.0, 2.0, 5.0], size, p=[0.05, 0.6, 0.25, 0.1]),
            "unit_price": price[product],
            "unit_cost": cost[product],
        }
    )
    lines.loc[rng.random(size) < 0.1, "unit_cost"] = np.nan
    lines.loc[lines["product_id"] == "p07", "unit_cost"] = np.nan
    return lines


def test_classes_by_hand():
    # of 112 + 20 the first alone makes half; tin makes 3 of 120, below 5 %; lead loses
    assert profit_classes([112.0, -9.0, 20.0, 3.0], [140.0, 27.0, 50.0, 120.0]).tolist() == [
        "high", "loss", "profit", "none"
    ]  # fmt: skip
    even = profit_classes([10.0, 10.0, 10.0, 10.0], [20.0] * 4)
    assert even.tolist() == ["high", "high", "profit", "profit"], "equal ones go by id, and two make half"
    assert profit_classes([np.nan, 0.0, -0.01], [0.0, 10.0, 10.0]).tolist() == [None, "none", "loss"]


def test_the_matrix_by_hand():
    table = profit_matrix(by_hand()).set_index(["product_class", "customer_class"])
    # customers: ann makes 78 of the 131 of ann, bob and cat; products: gold makes 112 of 132
    expected = {
        ("high", "high"): (1, 80.0, "plus", "protect"),
        ("high", "profit"): (1, 32.0, "plus", "grow"),
        ("profit", "profit"): (2, 20.0, "plus", "keep"),
        ("none", "profit"): (1, 1.0, "zero", "bundle"),
        ("none", "none"): (1, 1.0, "zero", "reprice"),
        ("none", "loss"): (1, 1.0, "zero", "reprice"),
        ("loss", "high"): (1, -2.0, "minus", "bundle"),
        ("loss", "loss"): (1, -7.0, "minus", "stop"),
    }
    got = table[["customers", "margin", "sign", "action"]]
    assert {key: tuple(row) for key, row in zip(got.index, got.to_numpy().tolist(), strict=True)} == expected
    assert table["margin"].sum() == 126.0
    assert table.loc[("profit", "profit"), "margin_share"] == 0.4


@pytest.mark.parametrize("seed", range(3))
def test_all_cells_together_are_the_margin_whatever_the_order_of_the_lines(seed):
    lines = random_lines(seed)
    table = profit_matrix(lines)
    costed = lines.dropna(subset=["unit_cost"])
    whole = (costed["quantity"] * (costed["unit_price"] - costed["unit_cost"])).sum()
    assert table["margin"].sum() == pytest.approx(whole, abs=0.005)
    margins = product_margins(lines, pd.Series("all", index=lines["customer_id"].unique()), RULES)
    products = margin_by_product(margins, pd.Series(dtype=object), per_piece(lines))
    assert table["margin"].sum() == pytest.approx(products["margin"].sum(), abs=0.005)
    pd.testing.assert_frame_equal(table, profit_matrix(lines.sample(frac=1, random_state=seed)))
    # each class of products has the margin of its products
    signs = table.groupby("product_class")["margin"].sum()
    assert signs["loss"] < 0 < signs["profit"] and signs["high"] > 0


def test_every_pair_of_classes_has_an_action_that_fits_its_sign():
    for sign in ProfitSign:
        assert set(ACTIONS[sign]) == {(a, b) for a in ProfitClass for b in ProfitClass}
    earning = {ProfitAction.PROTECT, ProfitAction.GROW, ProfitAction.KEEP, ProfitAction.STEER}
    assert set(ACTIONS[ProfitSign.PLUS].values()) == earning
    assert not earning & set(ACTIONS[ProfitSign.MINUS].values())


def test_small_cells_say_nothing_and_no_cost_no_matrix():
    lines = random_lines(1)
    shown = profit_matrix(lines, min_cell=40)
    small = shown["customers"] < 40
    assert small.any() and shown.loc[small, ["revenue", "margin", "margin_share", "sign", "action"]].isna().all(
        axis=None
    )
    of_class = shown[shown["margin"].isna()].groupby("product_class").size()
    assert (of_class >= 2).all(), "one alone would be told by the difference"
    assert not profit_matrix(lines.drop(columns="unit_cost"))
    told = sections.tell_profit(profit_matrix(by_hand()), pd.DataFrame({"margin": [126.0]}))
    assert told.verdict == "losses" and told.facts["lost"] == 9 and told.facts["cells"] == 2
    assert (told.facts["bad"], told.facts["with"], told.facts["do"]) == ("loss", "loss", "stop")
    earning = by_hand()[lambda lines: lines["product_id"].isin(["gold", "silver"])]
    assert sections.tell_profit(profit_matrix(earning), pd.DataFrame({"margin": [132.0]})).verdict == "no_losses"


def bought_by_kind(weight: float, customers: int = 600, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(4, weight / 4), customers) if np.isfinite(weight) else np.full((customers, 4), 0.25)
    kind = np.concatenate([rng.choice(4, 10, p=one) for one in shares]).astype(str)
    who = np.repeat([f"c{k:03d}" for k in range(customers)], 10)
    order = [str(k) for k in range(len(who))]
    return pd.DataFrame({"customer_id": who, "order_id": order, "product_id": kind, "category": kind})


@pytest.mark.parametrize("weight", [1.0, 4.0, 19.0])
def test_how_much_needs_differ_is_recovered(weight):
    found = [segments.needs_differ(fit_tastes(bought_by_kind(weight, seed=seed)), level=0.99) for seed in range(4)]
    assert all(one.low < 1 / (1 + weight) < one.high for one in found)
    assert all(one.high - one.low < 0.1 for one in found)


def test_a_product_that_only_came_back_is_no_loss_maker_anywhere():
    """One piece of it came back at 2 and gives a cost of 1 back; a credit near nothing gives back a cost of 100."""
    came = [("ann", "o8", "zinc", -1.0, 2.0, 1.0), ("bob", "o9", "gold", -50.0, 0.1, 2.0)]
    lines = pd.concat([by_hand(), pd.DataFrame(came, columns=by_hand().columns)], ignore_index=True)
    margins = product_margins(lines, pd.Series(pd.NA, list(BOUGHT)), RULES)
    products = margin_by_product(margins, pd.Series(dtype=object), per_piece(lines)).set_index("product_id")
    assert products.index[products["loses"]].tolist() == ["lead"]
    matrix = profit_matrix(lines)
    assert matrix.loc[matrix["product_class"] == "loss", "products"].max() == 1
    assert matrix["margin"].sum() == pytest.approx(products["margin"].sum())
    # of 140 that gold brought, 5 went back, with a cost of 100: no margin above revenue is told to be kept
    assert products.loc["gold", "margin"] == 207 and products.loc["gold", "action"] == "unknown"


def test_alike_needs_are_not_told_apart():
    found = segments.needs_differ(fit_tastes(bought_by_kind(np.inf)))
    assert found.value < 0.01
    one_kind = bought_by_kind(4.0).drop(columns="category")
    assert not segments.needs_differ(fit_tastes(one_kind)), "without kinds it is not known, and not nought"


def test_the_four_cells_and_the_edges_between_them():
    low, high = Estimate(0.3, 0.25, 0.35), Estimate(0.7, 0.65, 0.75)
    alike, apart = Estimate(0.05, 0.04, 0.06), Estimate(0.2, 0.15, 0.25)
    cells = {(value, needs): difference_of(*pair) for value, needs, pair in (
        ("low", "alike", (low, alike)), ("low", "apart", (low, apart)),
        ("high", "alike", (high, alike)), ("high", "apart", (high, apart)),
    )}  # fmt: skip
    assert [one.cell.value for one in cells.values()] == ["mass", "niche", "key_account", "one_to_one"]
    assert all(one.is_sure for one in cells.values())
    unsure = difference_of(Estimate(0.52, 0.48, 0.56), apart)
    assert unsure.cell == "one_to_one" and not unsure.is_sure
    assert cells_of(unsure)["standing"].tolist() == ["elsewhere", "perhaps", "elsewhere", "perhaps"]
    customers = pd.DataFrame({"spend": 1.0, "clv": [1.0] * 9 + [100.0]})
    assert segments.value_skew(customers).value == pytest.approx(0.817, abs=0.001)
    assert not segments.value_skew(customers.assign(clv=np.nan))
    returned = customers.assign(spend=[-5.0] + [1.0] * 9)  # of what is to come it says nothing
    assert segments.value_skew(returned).value == segments.value_skew(customers).value


def test_the_four_steps_count_who_has_what_and_leave_open_what_is_not_supplied():
    customers = pd.DataFrame({"customer_id": list("abcd"), "clv": [1.0, 2.0, np.nan, 3.0]})
    at = pd.to_datetime(["2026-06-01", "2024-01-01", "2026-05-01", "2026-05-01"])
    tables = {
        "customers": pd.DataFrame({"customer_id": list("abx"), "consent": pd.array([True, None, False], "boolean")}),
        "contacts": pd.DataFrame({"customer_id": ["a", "b", "c", None], "at": at,
                                  "initiator": ["company", "company", "customer", "company"]}),
        "order_lines": pd.DataFrame({"customer_id": list("aab")}),
    }  # fmt: skip
    table = four_steps(customers, tables, pd.Series({"a": "x", "b": "x", "c": "y"}), end=date(2026, 6, 30))
    counts = dict(zip(table["asset"], table["n"], strict=True))
    assert counts.pop("asked") is pd.NA and np.isnan(table.set_index("asset").loc["asked", "share"])
    assert counts == {"record": 2, "consent": 1, "value": 3, "needs": 2, "contacted": 1, "heard": 1,
                      "own_suggestion": 1}  # fmt: skip
    assert table["step"].drop_duplicates().tolist() == ["identify", "differentiate", "interact", "customise"]
    told = sections.tell_difference(difference_of(Estimate(0.7, 0.6, 0.8), Estimate(0.2, 0.05, 0.3)), table)
    assert told.verdict == "unsure" and told.remarks[0].facts == {"cell": "one_to_one"}
