"""Cubes: sums as in the orders, people counted anew, small cells told by no sum of others."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from regulars import cube
from regulars.cube.suppressing import Way, determined, untold
from regulars.engine.embedded import as_table
from regulars.errors import UserError

TIME = ("year", "quarter", "month")


def world(seed: int = 1, people: int = 60, orders: int = 260) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Orders, lines and customers of a year and a half."""
    draw = np.random.default_rng(seed)
    who = pd.DataFrame({
        "customer_id": [f"c{n}" for n in range(people)],
        "region": draw.choice(["N", "S", "W"], people, p=[0.6, 0.3, 0.1]),
        "joined_by": draw.choice(["web", "shop"], people),
    })  # fmt: skip
    sold = pd.DataFrame({
        "order_id": [f"o{n}" for n in range(orders)],
        "customer_id": who["customer_id"].to_numpy()[(people * draw.random(orders) ** 2).astype(int)],
        "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 540, orders), "D"),
    })  # fmt: skip
    lines = sold.loc[np.repeat(sold.index, draw.integers(1, 4, orders)), ["order_id"]].reset_index(drop=True)
    lines["product_id"] = draw.choice(["tea", "pot", "cup"], len(lines))
    lines["category"] = lines["product_id"].map({"tea": "food", "pot": "ware", "cup": "ware"})
    lines["quantity"] = draw.integers(1, 4, len(lines)).astype(float)
    lines["unit_price"] = draw.integers(101, 2000, len(lines)) / 100
    worth = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum().round(2)
    sold["amount"] = sold["order_id"].map(worth)
    return sold, lines, who


def facts_of(sold, lines=None, who=None, least: int = 5):
    return cube.gather(as_table(sold), *(None if one is None else as_table(one) for one in (lines, who)), least=least)


@pytest.fixture(scope="module")
def frames():
    return world()


@pytest.fixture(scope="module")
def facts(frames):
    return facts_of(*frames, least=1)


def by_hand(frames) -> pd.DataFrame:
    """Every line beside what is known of it, by pandas alone."""
    sold, lines, who = frames
    rows = lines.merge(sold.drop(columns="amount")).merge(who)
    at = rows["ordered_at"].dt
    return rows.assign(
        spend=rows["quantity"] * rows["unit_price"],
        year=at.year.astype(str),
        quarter=at.year.astype(str) + " Q" + at.quarter.astype(str),
        month=at.strftime("%Y-%m"),
    )


def test_every_cell_is_that_of_the_rows_themselves(facts, frames):
    rows = by_hand(frames)
    chains = [TIME, ("category",), ("region",)]
    cells = cube.aggregate(facts, chains, ["spend", "orders", "customers", "quantity"])
    levels = [*TIME, "category", "region"]
    seen = 0
    for told, group in cells.groupby(cells[levels].notna().apply(tuple, axis=1)):
        cut = [level for level, is_cut in zip(levels, told, strict=True) if is_cut]
        parts = [(None, rows)] if not cut else rows.groupby(cut)
        wanted = sorted(
            (
                round(part["spend"].sum(), 2),
                part["order_id"].nunique(),
                part["customer_id"].nunique(),
                part["quantity"].sum(),
            )
            for _, part in parts
        )
        found = group[["spend", "orders", "customers", "quantity"]].round(2).itertuples(index=False, name=None)
        assert sorted(found) == wanted
        seen += len(wanted)
    assert seen == len(cells) > 200


def test_margins_are_sums_and_people_are_counted_anew(facts, frames):
    cells = cube.aggregate(facts, [TIME, ("region",)], ["spend", "customers"])
    whole = cells[cells[[*TIME, "region"]].isna().all(axis=1)].iloc[0]
    assert round(whole["spend"], 2) == round(frames[0]["amount"].sum(), 2)
    years = cells[cells["year"].notna() & cells[["quarter", "region"]].isna().all(axis=1)]
    assert round(years["spend"].sum(), 2) == round(whole["spend"], 2)
    assert years["customers"].sum() > whole["customers"] == frames[0]["customer_id"].nunique()
    regions = cells[cells["region"].notna() & cells["year"].isna()]
    assert regions["customers"].sum() == whole["customers"], "a customer has one region"


def test_what_an_order_has_beyond_its_lines_is_of_no_product():
    day = pd.to_datetime(["2024-05-01"] * 3)
    sold = pd.DataFrame({"order_id": ["1", "2", "3"], "customer_id": ["a", "b", "c"], "ordered_at": day,
                         "amount": [10.0, 4.2, 7.0], "cost": [6.0, np.nan, 3.0]})  # fmt: skip
    lines = pd.DataFrame({"order_id": ["1", "1", "2"], "product_id": ["tea", "cup", "tea"], "quantity": [2.0, 1.0, 1.0],
                          "unit_price": [4.0, 1.5, 4.2], "unit_cost": [2.0, 1.0, 2.2]})  # fmt: skip
    cells = cube.aggregate(facts_of(sold, lines, least=1), [("product",)], ["spend", "margin", "orders"])
    told = cells.set_index(cells["product"].fillna("all"))
    # postage of order 1 (10 − 9.50), all of order 3, and costs of 6 − 5 that no line has
    assert told["spend"].to_dict() == {"all": 21.2, "cup": 1.5, "not known": 7.5, "tea": 12.2}
    assert told["margin"].round(2).to_dict() == {"all": 10.0, "cup": 0.5, "not known": 3.5, "tea": 6.0}
    assert told["orders"].to_dict() == {"all": 3, "cup": 1, "not known": 2, "tea": 2}


def test_a_margin_is_told_only_where_every_cost_is_known():
    sold = pd.DataFrame({"order_id": ["1", "2"], "customer_id": ["a", "b"], "amount": [10.0, 4.0],
                         "cost": [6.0, np.nan], "ordered_at": pd.to_datetime(["2024-05-01", "2025-05-01"])}
    )  # fmt: skip
    cells = cube.aggregate(facts_of(sold, least=1), [("year",)], ["margin"])
    assert cells["margin"].fillna(-1).tolist() == [-1, 4, -1]
    assert "margin" not in cube.measures_of(facts_of(sold.drop(columns="cost")))


def test_totals_are_those_of_the_ledger_to_the_cent(shop):
    rows = [f"{n // 2},c{n % 9},2024-0{1 + n % 7}-11,p{n % 4},{1 + n % 3},{0.07 + n * 1.13:.2f}" for n in range(60)]
    refund = "900,c3,2024-07-20,p1,-1,1.20"
    shop.lines("order,customer,day,product,qty,price\n" + "\n".join([*rows, rows[5], refund]) + "\n")
    cleaned = shop.clean()
    kept = cleaned.ledger["tables"]["order_lines"]["amount"]["kept"]
    facts = facts_of(cleaned.tables["orders"], cleaned.tables["order_lines"])
    for rows, columns in (((), ()), ("month", "product"), ("product", ["year", "quarter"])):
        table = cube.Cube(facts, rows, columns).table()
        assert round(table.iloc[0, 0], 2) == float(kept) > 0


@pytest.mark.parametrize("seed", range(4))
def test_no_small_cell_follows_from_the_others(seed):
    """Null space by singular values, over equations written down from the labels alone, empty cells known."""
    chains = [("year", "quarter"), ("region",), ("joined_by",), ("category",)]
    facts = facts_of(*world(seed, people=90, orders=150))
    cells = cube.aggregate(facts, chains, ["customers"], at_once=2)
    levels = [level for chain in chains for level in chain]
    labels = [tuple(None if pd.isna(one) else one for one in row) for row in cells[levels].to_numpy(object)]
    place = {label: n for n, label in enumerate(labels)}
    parts: dict = {}
    for label in labels:
        for chain in chains:
            known = [level for level in chain if label[levels.index(level)] is not None]
            if known:
                at = levels.index(known[-1])
                parts.setdefault(((*label[:at], None, *label[at + 1 :]), at), []).append(place[label])
    hidden = cells["hidden"].to_numpy()
    equations = np.zeros((len(parts), len(cells)))
    for row, ((whole, _), cut) in enumerate(parts.items()):
        equations[row, place[whole]] = -1
        equations[row, cut] = 1
        assert hidden[[place[whole], *cut]].sum() != 1, "a single subtraction would tell it"
    small = (cells["customers"] < 5).to_numpy()
    assert 0 < small.sum() <= hidden.sum() < 0.8 * len(cells) and not (small & ~hidden).any()
    assert not hidden[[place[(None,) * 5]]].any()
    _, sizes, directions = np.linalg.svd(equations[:, hidden])
    free = directions[(sizes > 1e-9).sum() :]
    can_move = np.abs(free).max(axis=0) > 1e-9
    assert can_move[small[hidden]].all()


def test_equations_together_tell_what_none_tells_alone():
    """Two pairs of rows and columns, each pair twice hidden, and between them one cell: the sums of a pair give it."""
    rows, columns = np.indices((4, 4)).reshape(2, -1)
    counts = np.full(16, 50)
    hidden = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3)]
    for row, column in hidden:
        counts[4 * row + column] = 3
    margins = np.full(8, 500)
    counts, whole = np.concatenate([[2000], counts, margins]), np.zeros(25, bool)
    is_row = np.concatenate([[False], np.zeros(16, bool), np.arange(8) < 4])
    is_column = np.concatenate([[False], np.zeros(16, bool), np.arange(8) >= 4])
    none, all_cells = -np.ones(8, int), np.concatenate([[-1], rows, -np.ones(8, int)])
    by_row = np.where(is_row, np.concatenate([[-1], -np.ones(16, int), np.arange(4), none[:4]]), all_cells)
    by_column = np.where(is_column, np.concatenate([[-1], -np.ones(16, int), none[:4], np.arange(4)]),
                         np.concatenate([[-1], columns, none]))  # fmt: skip
    ways = [Way(by_row, is_row), Way(by_column, is_column)]
    out = np.zeros(25, bool)
    out[[1 + 4 * row + column for row, column in hidden]] = True
    assert np.flatnonzero(determined(out, ways)).tolist() == [1 + 4 * 1 + 2]
    depth = np.concatenate([[0], np.full(16, 2), np.ones(8, int)])
    kept = untold(counts, 5, ways, depth, depth)
    assert out.sum() < kept.sum() and not determined(kept, ways)[1 + 4 * 1 + 2] and not kept[whole].any()


def test_buyers_of_two_months_may_be_the_same_few():
    people = {"2024-01": 3, "2024-02": 3, "2024-03": 20, "2024-04": 40}
    rows = [(f"c{n}", month) for month, many in people.items() for n in range(many)]
    sold = pd.DataFrame(rows, columns=["customer_id", "month"])
    sold = sold.assign(order_id=sold.index.astype(str), amount=1.0, ordered_at=pd.to_datetime(sold["month"] + "-05"))
    cells = cube.aggregate(facts_of(sold.drop(columns="month")), [("month",)])
    whole, *months = cells["hidden"]
    # less both of the first two, the whole would tell what the same three spent
    assert not whole and months == [True, True, True, False]


# ---- as it lies on the table ----


def test_turned_rolled_up_and_cut_it_is_what_it_was_made_for(facts, frames):
    laid = cube.Cube(facts, "quarter", "region", ["spend", "customers"])
    table = laid.table()
    turned = laid.rotate().table()
    for measure in ("spend", "customers"):
        pd.testing.assert_frame_equal(
            turned[measure].T, table[measure], check_names=False, check_index_type=False, check_column_type=False
        )
    up = laid.roll_up("quarter")
    assert up.rows == ("year",) and up.drill("year").rows == ("quarter",) and up.roll_up("year").rows == ()
    first = up.drill("year", "2024")
    rows = by_hand(frames)
    rows = rows[(rows["year"] == "2024") & rows["region"].isin(["N", "W"])]
    cut = first.slice(region=["N", "W"]).table()
    assert round(cut.loc["(all)", ("spend", "(all)")], 2) == round(rows["spend"].sum(), 2)
    assert cut.loc["(all)", ("customers", "(all)")] == rows["customer_id"].nunique()
    assert first.slice(year=None).where == {} and laid.show("orders").measures == ("orders",)
    assert cut.columns.tolist() == [(m, r) for m in ("spend", "customers") for r in ("(all)", "N", "W")]


def test_levels_of_one_hierarchy_nest(facts):
    table = cube.Cube(facts, ["year", "quarter"], measures="orders").table()
    assert table.index.tolist()[:4] == [("(all)", "(all)"), ("2024", "(all)"), ("2024", "2024 Q1"), ("2024", "2024 Q2")]
    orders = table["orders"]
    for year in ("2024", "2025"):
        assert orders[(year, "(all)")] == orders[year].drop("(all)").sum()


def test_it_shows_itself_and_keeps_to_itself_what_is_small(frames):
    sold, lines, who = frames
    who = who.assign(region=who["region"].replace({"W": "<b>west"}))
    shown = cube.Cube(facts_of(sold, lines, who), ["region", "joined_by"], "month", "customers")
    html = shown._repr_html_()
    assert "&lt;b&gt;west" in html and "<b>west" not in html and "fewer than 5 customers" in html
    assert shown.cells.loc[shown.cells["hidden"], "customers"].isna().all()
    assert shown.cells["customers"].min() >= 5


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda f: cube.Cube(f, "colour"),
            "cannot be cut by 'colour': there are year, quarter, month, category",
        ),
        (lambda f: cube.Cube(f, "region", (), "profit"), "no measure 'profit': there are spend, orders, customers"),
        (
            lambda f: cube.Cube(f, "region", where={"region": "Mars"}),
            "has no 'Mars': it has N, S, W.",
        ),
        (lambda f: cube.Cube(f, "quarter", "year"), "'quarter' and 'year' are of one hierarchy"),
        (lambda f: cube.Cube(f, ["month", "year"]), "in this order: year, quarter, month."),
        (lambda f: cube.Cube(f, "month").drill("month"), "Nothing is finer than month"),
        (lambda f: cube.Cube(f, "month").drill("region"), "'region' does not lie in the cube: there are month."),
    ],
)
def test_what_is_not_there_is_named_with_what_is(facts, ask, sentence):
    with pytest.raises(UserError, match=sentence.replace("(", r"\(")):
        ask(facts)


def test_every_pair_of_levels_can_be_laid_out(facts):
    for one, other in combinations(facts.levels, 2):
        if facts.hierarchy_of(one) != facts.hierarchy_of(other):
            table = cube.Cube(facts, one, other).table()
            assert table.shape == (1 + len(facts.members(one)), 1 + len(facts.members(other)))
