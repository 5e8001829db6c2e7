"""The demo retailer: what is put in can be found, nothing else can, and every row of dirt is accounted for."""

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import chi2, chisquare, kruskal, norm

from regulars.labels import Outcome
from regulars.retention import learn_consumption
from regulars.retention.consumption import JarVerdict
from regulars.simulate import Retailer, demo
from regulars.simulate.answers import CONSTRUCTS, ITEMS, PATHS, construct_correlations, draw_surveys, total_effects
from regulars.simulate.base import CHANNELS, draw_base, draw_orders
from regulars.simulate.text import clock, day_first

SEED = 20261122
STANDARD_ERRORS = 4
TABLES = (
    "order_lines", "customers", "surveys", "survey_items", "tickets", "ticket_events", "units", "contacts", "prospects",
    "shifts", "identities", "interaction_plan", "mystery_visits", "lost_reasons", "contracts",
    "memberships", "referrals", "campaigns", "campaign_contacts", "prospect_events", "activities", "wallet", "recall",
    "credit",
)  # fmt: skip
ORDER_LINE = re.compile(r"\d\d/\d\d/20\d\d \d\d:\d\d")


@pytest.fixture(scope="module")
def raw():
    return demo(seed=SEED)


@pytest.fixture(scope="module")
def indifferent():
    """The same shop, where satisfaction acts on nothing."""
    return demo(seed=SEED, satisfaction_effect=False)


@pytest.fixture(scope="module")
def lines(raw):
    """Order lines with numbers as numbers, tidy texts, and the kind of each row as the truth tells it."""
    frame = raw["order_lines"].copy()
    for name in ("customer", "product", "description"):
        frame[name] = frame[name].str.strip()
    for name in ("channel", "category"):
        frame[name] = frame[name].str.lower()
    frame["qty"] = frame["qty"].astype(int)
    frame["pence"] = (frame["price"].astype(float) * 100).round().astype(int)
    frame["at"] = pd.to_datetime(frame["date"], format="%d/%m/%Y %H:%M")
    dirt = raw["truth"]["dirt"]["order_lines"]
    frame["kind"] = "sale"
    for kind, name in [("guest", "guests"), ("non_product", "non_products"), ("gift", "gifts"),
                       ("adjustment", "adjustments"), ("cancellation", "cancellations"),
                       ("duplicate", "duplicates")]:  # fmt: skip
        rows = positions(dirt[name]["row"])
        assert (frame["kind"].to_numpy()[rows] == "sale").all(), f"{name} overlap with another kind"
        frame.loc[rows, "kind"] = kind
    return frame


def positions(rows):
    return np.array(rows, int) - 1


def rows_before_refills(raw) -> int:
    """Rows of the export before those that a refill has made of one more."""
    return raw["truth"]["refills"]["first_row"] - 1


def near(values, expected):
    values = np.asarray(values, float)
    return abs(values.mean() - expected) <= STANDARD_ERRORS * values.std() / np.sqrt(values.size)


# ---- bytes and form --------------------------------------------------------------------------------------------


def as_bytes(tables):
    return {name: json.dumps(table) if name == "truth" else table.to_csv(index=False, lineterminator="\n")
            for name, table in tables.items()}  # fmt: skip


def test_same_seed_same_bytes():
    assert as_bytes(demo(customers=400, seed=1)) == as_bytes(demo(customers=400, seed=1))
    other = as_bytes(demo(customers=400, seed=2))
    assert all(other[name] != text for name, text in as_bytes(demo(customers=400, seed=1)).items()
               if name not in ("survey_items", "interaction_plan"))  # fmt: skip


def test_all_raw_columns_are_text_and_nothing_is_null(raw):
    for name in TABLES:
        assert all(dtype == "str" for dtype in raw[name].dtypes), name
        assert not raw[name].isna().any(axis=None), name


def test_columns_are_those_promised_in_the_docstring(raw):
    told = demo.__doc__
    for name in TABLES:
        assert f"``{name}``" in told
        for column in raw[name]:
            assert f"``{column}``" in told, f"{name}.{column}"


def test_raw_text_can_be_read(raw):
    lines = raw["order_lines"]
    assert lines["date"].map(lambda text: bool(ORDER_LINE.fullmatch(text))).all()
    assert lines["price"].str.fullmatch(r"\d+\.\d\d").all()
    assert lines["cost"].str.fullmatch(r"(\d+\.\d\d)?").all()
    assert lines["qty"].str.fullmatch(r"-?[1-9]\d*").all()
    assert lines["order_no"].str.fullmatch(r"C?\d{6}").all()
    assert lines["customer"].str.strip().str.fullmatch(r"(K\d+)?").all()
    for name, column in [("customers", "joined"), ("surveys", "date")]:
        assert raw[name][column].str.fullmatch(r"20\d\d-\d\d-\d\d").all()
    for column in ("opened", "first_response", "resolved"):
        assert raw["tickets"][column].str.fullmatch(r"(20\d\d-\d\d-\d\d \d\d:\d\d)?").all()


def test_everything_lies_within_the_observation(raw, lines):
    start, end = "2023-07-01", "2026-06-30"
    moments = [lines["at"]]
    moments += [pd.to_datetime(raw["tickets"][name].replace("", None)).dropna()
                for name in ("opened", "first_response", "resolved")]  # fmt: skip
    moments += [pd.to_datetime(raw["customers"]["joined"]), pd.to_datetime(raw["surveys"]["date"])]
    for moment in moments:
        assert str(moment.min().date()) >= start
        assert str(moment.max().date()) <= end
    assert str(lines["at"].min().date()) <= "2023-07-03"
    assert str(lines["at"].max().date()) == end


def test_truth_is_json_and_holds_every_parameter(raw):
    truth = json.loads(json.dumps(raw["truth"]))
    assert truth["seed"] == SEED
    assert truth["effects"] == {"rate_satisfaction": 0.25, "dropout_satisfaction": -0.5}
    assert set(Retailer().as_dict()) == set(truth["retailer"])
    assert truth["bg_nbd"] == {"r": 0.9, "alpha": 9.0, "a": 0.75, "b": 3.0, "time_unit": "week"}


@pytest.mark.parametrize("customers", [1, 3, 40])
def test_small_shops_work(customers):
    small = demo(customers=customers, seed=1)
    assert small["truth_customers"]["customer_id"].nunique() == customers
    assert list(small["tickets"]) == list(demo(customers=100, seed=2)["tickets"])


def test_a_shop_without_customers_is_refused():
    with pytest.raises(ValueError, match="customers is 0"):
        demo(customers=0)


def test_clock_keeps_the_order_of_moments():
    moments = np.sort(np.random.Generator(np.random.PCG64(1)).uniform(0, 30, 500))
    stamps = clock(np.datetime64("2024-12-20"), moments)
    assert (np.diff(stamps).astype(int) >= 0).all()
    assert (
        np.floor(moments).astype(int) == (stamps.astype("datetime64[D]") - np.datetime64("2024-12-20")).astype(int)
    ).all()
    assert day_first(stamps[:1])[0].startswith("20/12/2024 ")


# ---- it looks like a shop --------------------------------------------------------------------------------------


def test_it_looks_like_a_shop(raw, lines):
    orders = raw["truth_customers"]["orders"]
    assert orders.median() in (2, 3)
    assert 5 <= (orders >= 40).sum() <= 100
    assert 0.1 < (orders == 1).mean() < 0.4
    sales = lines[lines["kind"] == "sale"]
    revenue = (sales["qty"] * sales["pence"] / 100).groupby(sales["at"].dt.to_period("M")).sum()
    assert revenue.size == 36
    assert revenue.iloc[6:].between(10_000, 90_000).all()
    per_order = sales.groupby("order_no").size()
    assert 2 < per_order.mean() < 3.5
    cost = sales["cost"].astype(float) * sales["qty"]
    assert 0.25 < 1 - cost.sum() / (sales["qty"] * sales["pence"] / 100).sum() < 0.45


def test_customers_join_by_month_and_channel_as_told(raw):
    people = raw["truth_customers"].merge(raw["customers"].drop_duplicates("customer"), left_on="customer_id",
                                          right_on="customer")  # fmt: skip
    base = draw_base(Retailer(), 5000, SEED)
    month = (np.datetime64("2023-07-01") + np.floor(base.first_moment).astype(int)).astype("datetime64[M]").astype(str)
    told = pd.DataFrame(raw["truth"]["acquisition"]).T[list(CHANNELS)]
    seen = pd.crosstab(month, base.acquisition_channel).reindex(index=told.index, columns=told.columns, fill_value=0)
    assert seen.to_numpy().sum() == 5000
    assert chisquare(seen.to_numpy().ravel(), 5000 * told.to_numpy().ravel() / told.to_numpy().sum()).pvalue > 0.001
    # the truth differs between months and channels by more than chance would make it
    assert chisquare(seen.sum(axis=1)).pvalue < 1e-6
    assert (people["joined"] <= people["first_ordered_on"].where(people["first_ordered_on"] != "", "9999")).all()


# ---- purchases and spend ---------------------------------------------------------------------------------------


def expected_repeat_orders(truth, known):
    """E[X(T)] of BG/NBD (Fader, Hardie & Lee 2005, equation 9) with each customer's own α and a."""
    model, effect, s = truth["bg_nbd"], truth["effects"], known["satisfaction"].to_numpy()
    r, b = model["r"], model["b"]
    alpha = model["alpha"] * np.exp(-effect["rate_satisfaction"] * s)
    a = model["a"] * np.exp(effect["dropout_satisfaction"] * s)
    base = draw_base(Retailer(), len(known), truth["seed"])
    T = (Retailer().days - base.first_moment) / 7
    z = T / (alpha + T)
    return (a + b - 1) / (a - 1) * (1 - (1 - z) ** r * hyp2f1(r, b, a + b - 1, z))


@pytest.mark.parametrize("shop", ["raw", "indifferent"])
def test_orders_have_the_mean_of_the_model(shop, request):
    shop = request.getfixturevalue(shop)
    known = shop["truth_customers"]
    expected = expected_repeat_orders(shop["truth"], known)
    error = known["orders"] - known["added_orders"] - 1 - expected
    assert near(error, 0)
    for part in np.array_split(np.argsort(expected), 4):
        assert near(error.to_numpy()[part], 0)


def slope(x, y):
    """Least-squares slope and its standard error."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    centred = x - x.mean()
    estimate = (centred * y).sum() / (centred**2).sum()
    rest = y - y.mean() - estimate * centred
    return estimate, np.sqrt((rest**2).sum() / (len(x) - 2) / (centred**2).sum())


def test_satisfaction_is_standardised(raw):
    s = raw["truth_customers"]["satisfaction"]
    assert s.mean() == pytest.approx(0, abs=1e-9)
    assert s.std(ddof=0) == pytest.approx(1, abs=1e-9)


def test_satisfaction_acts_as_told(raw, indifferent):
    """Rate × exp(.25 s); dropout a × exp(−.5 s); without the effect neither moves."""
    for shop, rate_effect in [(raw, 0.25), (indifferent, 0.0)]:
        known = shop["truth_customers"]
        estimate, error = slope(known["satisfaction"], np.log(known["rate_per_week"]))
        assert abs(estimate - rate_effect) <= STANDARD_ERRORS * error
    on, off = raw["truth_customers"], indifferent["truth_customers"]
    a, b = 0.75, 3.0
    for low, high in [(-4, -1), (-1, 0), (0, 1), (1, 4)]:
        group = on[on["satisfaction"].between(low, high)]
        own = a * np.exp(-0.5 * group["satisfaction"])
        assert near(group["dropout"] - own / (own + b), 0)
        assert near(off.loc[off["satisfaction"].between(low, high), "dropout"], a / (a + b))


def test_satisfaction_shows_in_orders_only_where_it_acts(raw, indifferent):
    estimate, error = slope(raw["truth_customers"]["satisfaction"], raw["truth_customers"]["orders"])
    assert estimate > 6 * error
    estimate, error = slope(indifferent["truth_customers"]["satisfaction"], indifferent["truth_customers"]["orders"])
    assert abs(estimate) < 3 * error


@pytest.mark.parametrize("shop", ["raw", "indifferent"])
def test_truth_is_not_rejected_by_the_likelihood_of_what_an_analyst_sees(shop, request):
    """Likelihood-ratio test, 1 in 1,000, of the six true parameters on days of purchase (Fader & Hardie 2007)."""
    shop = request.getfixturevalue(shop)
    known = shop["truth_customers"].dropna(subset="frequency")
    x, t_x, T = (known[name].to_numpy(float) for name in ("frequency", "recency_weeks", "T_weeks"))
    s, model, effect = known["satisfaction"].to_numpy(), shop["truth"]["bg_nbd"], shop["truth"]["effects"]

    def loss(parameters):
        r, alpha, a, b = np.exp(parameters[:4])
        alpha, a = alpha * np.exp(-parameters[4] * s), a * np.exp(parameters[5] * s)
        alive = -(r + x) * np.log(alpha + T)
        left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        return -(shared + np.where(x > 0, np.logaddexp(alive, left), alive)).sum()

    truth = np.array([*np.log([model[name] for name in ("r", "alpha", "a", "b")]), *effect.values()])
    best = minimize(loss, truth, method="L-BFGS-B")
    assert 2 * (loss(truth) - best.fun) < chi2.ppf(0.999, 6)
    assert best.x[4:] == pytest.approx(list(effect.values()), abs=0.1)


def test_the_shops_differ_only_by_the_effect(raw, indifferent):
    assert raw["customers"].equals(indifferent["customers"])
    same = ["customer_id", "satisfaction", "mean_spend"]
    assert raw["truth_customers"][same].equals(indifferent["truth_customers"][same])


def test_nothing_else_acts_on_customers(raw):
    people = raw["customers"].assign(customer=raw["customers"]["customer"].str.strip()).drop_duplicates("customer")
    people = people.assign(region=people["region"].str.strip()).set_index("customer")
    known = raw["truth_customers"].set_index("customer_id").join(people)
    for attribute in ("region", "channel", "consent"):
        for nature in ("rate_per_week", "dropout", "mean_spend", "satisfaction"):
            groups = [group[nature] for _, group in known.groupby(attribute)]
            assert kruskal(*groups).pvalue > 0.001, (attribute, nature)


def test_mean_spend_is_that_of_gamma_gamma_and_unrelated_to_rate(raw):
    """E(M) = p v / (q − 1) = 60 (Fader & Hardie 2013)."""
    known = raw["truth_customers"]
    assert near(known["mean_spend"], 60)
    assert abs(np.corrcoef(known["mean_spend"], known["rate_per_week"])[0, 1]) < 4 / np.sqrt(len(known))


def test_order_totals_scatter_around_the_mean_of_the_customer(lines, raw):
    sales = lines[lines["kind"] == "sale"]
    total = (sales["qty"] * sales["pence"] / 100).groupby([sales["customer"], sales["order_no"]]).sum()
    mean = raw["truth_customers"].set_index("customer_id")["mean_spend"]
    ratio = total / mean.reindex(total.index.get_level_values(0)).to_numpy()
    assert near(ratio, 1)
    assert ratio.std() == pytest.approx(1 / np.sqrt(6), rel=0.1)  # Gamma with shape p = 6, and whole pieces
    for part in np.array_split(np.argsort(mean.reindex(total.index.get_level_values(0)).to_numpy()), 5):
        assert near(ratio.to_numpy()[part], 1)


def test_the_future_is_known_only_to_the_truth(raw, lines):
    known = raw["truth_customers"]
    assert (known.loc[~known["is_alive"], "future_orders"] == 0).all()
    assert ((known["next_order_on"] != "") == (known["future_orders"] > 0)).all()
    assert (known.loc[known["future_orders"] > 0, "next_order_on"] > "2026-06-30").all()
    assert ((known["left_on"] != "") == ~known["is_alive"]).all()
    own = known["orders"] - known["added_orders"]
    assert known.loc[own == 1, "is_alive"].all()  # BG/NBD: nobody leaves after the first order
    # a campaign may bring somebody back once who has left
    last = lines[(lines["kind"] == "sale") & ~added(lines)].groupby("customer")["at"].max().dt.strftime("%Y-%m-%d")
    left = known[~known["is_alive"]].set_index("customer_id")["left_on"]
    assert (last.reindex(left.index) == left).all()


# ---- baskets ---------------------------------------------------------------------------------------------------


def test_prices_are_those_of_the_year(raw, lines):
    sold = lines[lines["kind"].isin(["sale", "guest"])]
    refills = raw["truth"]["refills"]  # consumables keep their price, bundles have one of their own each
    sold = sold[~sold["product"].isin([*refills["products"], *refills["bundles"]])]
    by_year = sold.groupby(["product", sold["at"].dt.year])["pence"]
    assert (by_year.nunique() == 1).all()
    price = by_year.first().unstack()
    rise = (price[2025] / price[2024]).dropna()
    assert rise.between(1.015, 1.045).all()
    assert rise.mean() == pytest.approx(1.03, abs=0.002)
    assert not sold.duplicated(["order_no", "product"]).any()


def test_companions_are_bought_together(raw, lines):
    sold = lines[lines["kind"].isin(["sale", "guest"])]
    products = sold.groupby("order_no")["product"].agg(set)
    orders = products.size
    for pair in raw["truth"]["products"]["companions"]:
        lead = products.map(lambda held, code=pair["product"]: code in held)
        follow = products.map(lambda held, code=pair["companion"]: code in held)
        lift = (lead & follow).sum() * orders / (lead.sum() * follow.sum())
        assert lift > 3, pair


def test_products_below_cost_are_those_told(raw, lines):
    sold = lines[lines["kind"].isin(["sale", "guest"])].drop_duplicates("product")
    below = sold.loc[sold["cost"].astype(float) * 100 > sold["pence"], "product"]
    assert sorted(below) == sorted(raw["truth"]["products"]["below_cost"])


# ---- dirt ------------------------------------------------------------------------------------------------------


def test_dirt_comes_at_the_rates_of_the_real_export(raw):
    """Shares of UCI Online Retail: 5,268 duplicates, 9,288 cancellations (3,137 of 8,905 exact), 2,515 zero prices,
    1,336 negative quantities that are no cancellations, 2,995 codes that are no products; missing ids 5 % on purpose.
    """
    dirt, total = raw["truth"]["dirt"]["order_lines"], (~added(raw["order_lines"]))[: rows_before_refills(raw)].sum()
    share = {name: rows / total for name, rows in dirt["rows"].items()}
    assert share["duplicate"] == pytest.approx(5268 / 541909, rel=0.03)
    assert share["cancellation"] == pytest.approx(9288 / 541909, rel=0.03)
    assert share["non_product"] == pytest.approx(2995 / 541909, rel=0.03)
    assert share["adjustment"] == pytest.approx(1336 / 541909, rel=0.03)
    assert share["gift"] + share["adjustment"] == pytest.approx(2515 / 541909, rel=0.03)
    assert len(dirt["missing_customers"]["row"]) / total == pytest.approx(0.052, abs=0.004)
    how = pd.Series(dirt["cancellations"]["how"]).value_counts(normalize=True)
    assert how["exact"] == pytest.approx(3137 / 8905, abs=0.02)
    assert how["partial"] == pytest.approx(0.45, abs=0.02)


def test_kinds_add_up_to_all_rows_and_all_money(raw, lines):
    dirt = raw["truth"]["dirt"]["order_lines"]
    assert lines["kind"].value_counts().to_dict() == dirt["rows"]
    amount = (lines["qty"] * lines["pence"]).groupby(lines["kind"]).sum()
    for kind, told in dirt["amount"].items():
        assert amount[kind] == round(told * 100), kind
    assert sum(dirt["rows"].values()) == len(lines)


@pytest.mark.parametrize("name", ["order_lines", "customers", "surveys", "tickets"])
def test_every_duplicate_is_told_and_no_other_exists(raw, name):
    frame, told = raw[name], raw["truth"]["dirt"][name]["duplicates"]
    assert positions(told["row"]).tolist() == np.flatnonzero(frame.duplicated()).tolist()
    assert len(told["row"]) > 0
    twin, original = frame.iloc[positions(told["row"])], frame.iloc[positions(told["of_row"])]
    assert (twin.to_numpy() == original.to_numpy()).all()


@pytest.mark.parametrize("name", ["order_lines", "customers", "surveys", "tickets"])
def test_every_untidy_text_is_told_and_no_other_exists(raw, name):
    frame, told = raw[name], raw["truth"]["dirt"][name]
    copy_of = dict(zip(told["duplicates"]["of_row"], told["duplicates"]["row"], strict=True))
    untidy = set()
    for row, column, tidy in zip(told["untidy"]["row"], told["untidy"]["column"], told["untidy"]["tidy"], strict=True):
        value = frame[column].iloc[row - 1]
        assert value != tidy
        assert tidy in (value.strip(), value.lower())
        untidy |= {(row, column), (copy_of.get(row, row), column)}
    found = set()
    for column in frame:
        padded = frame[column] != frame[column].str.strip()
        recased = column in ("channel", "category", "urgency") and name in ("order_lines", "tickets")
        odd = (padded | (frame[column] != frame[column].str.lower())) if recased else padded
        found |= {(row + 1, column) for row in np.flatnonzero(odd)}
    assert found == untidy


def test_missing_customers_codes_zero_prices_and_adjustments_are_those_told(raw, lines):
    dirt = raw["truth"]["dirt"]["order_lines"]
    assert positions(dirt["missing_customers"]["row"]).tolist() == np.flatnonzero(lines["customer"] == "").tolist()
    once = lines[lines["kind"] != "duplicate"]
    codes = once[once["product"].isin(["POST", "MANUAL", "BANK CHARGES"])]
    assert codes.index.tolist() == positions(dirt["non_products"]["row"]).tolist()
    assert codes["product"].tolist() == dirt["non_products"]["code"]
    assert set(once.loc[once["pence"] == 0, "kind"]) == {"gift", "adjustment"}
    assert set(once.loc[once["qty"] < 0, "kind"]) == {"cancellation", "adjustment"}
    assert (once.loc[once["kind"] == "guest", "customer"] == "").all()
    assert (once.loc[once["kind"].isin(["sale", "gift", "non_product"]), "customer"] != "").all()


def test_every_cancellation_is_told_with_the_sale_it_takes_back(raw, lines):
    told = raw["truth"]["dirt"]["order_lines"]["cancellations"]
    once = lines[lines["kind"] != "duplicate"]
    assert positions(told["row"]).tolist() == once.index[once["order_no"].str.startswith("C")].tolist()
    taken_back = [row for row in told["of_row"] if row is not None]
    assert len(taken_back) == len(set(taken_back))
    back = lines.iloc[positions(told["row"])].assign(how=told["how"], of_row=told["of_row"]).reset_index(drop=True)
    for how in ("exact", "partial"):
        rows = back[back["how"] == how]
        sale = lines.iloc[positions(rows["of_row"])].reset_index(drop=True)
        rows = rows.reset_index(drop=True)
        assert (rows[["customer", "product", "pence"]] == sale[["customer", "product", "pence"]]).all(axis=None)
        assert sale["kind"].isin(["sale", "guest"]).all()
        assert (rows["at"] >= sale["at"]).all()
        assert (rows["at"] - sale["at"]).max().days <= 22
        left = sale["qty"] + rows["qty"]
        assert (left == 0).all() if how == "exact" else ((left > 0) & (rows["qty"] < 0)).all()
    unknown = back[back["how"] == "none"]
    assert unknown["of_row"].isna().all()
    assert not unknown["product"].isin(lines.loc[lines["kind"].isin(["sale", "guest"]), "product"]).any()


def test_the_sale_that_is_taken_back_is_beyond_doubt(raw, lines):
    """No other sale of that product to that customer exists, so that every sensible matching finds the same one."""
    once = lines[(lines["kind"] == "sale")]
    sales = once.groupby(["customer", "product"]).size()
    told = raw["truth"]["dirt"]["order_lines"]["cancellations"]
    back = lines.iloc[positions(told["row"])].assign(how=told["how"])
    back = back[(back["how"] != "none") & (back["customer"] != "")]
    assert (sales.reindex(pd.MultiIndex.from_frame(back[["customer", "product"]])) == 1).all()


def test_whole_orders_are_cancelled_under_one_number(raw, lines):
    told = raw["truth"]["dirt"]["order_lines"]["cancellations"]
    back = lines.iloc[positions(told["row"])].assign(how=told["how"])
    several = back[back["how"] == "exact"].groupby("order_no").size()
    assert (several > 1).sum() > 20


def added(lines):
    """Lines of the orders that campaigns and programmes add, under numbers of their own, behind all others."""
    return lines["order_no"].str.startswith("9")


def test_rows_of_one_document_share_number_customer_and_date(raw, lines):
    distinct = lines.groupby("order_no")[["customer", "date", "channel"]].nunique()
    assert (distinct == 1).all(axis=None)
    lines = lines.iloc[: rows_before_refills(raw)]
    number = lines["order_no"].str.removeprefix("C").astype(int)
    assert number.is_monotonic_increasing
    for part, first in ((~added(lines), 500001), (added(lines), 900001)):
        assert lines.loc[part, "at"].is_monotonic_increasing
        assert number[part].min() == first
    plain = number[~added(lines)]
    assert sorted(plain.unique()) == list(range(500001, 500001 + plain.nunique()))
    assert lines.loc[added(lines), "kind"].eq("sale").all()


def test_purchases_recomputed_from_the_export_are_those_of_the_truth(raw, lines):
    """Merge duplicates, net what was taken back on the day of the sale, count days: that is the truth's RFM."""
    told = raw["truth"]["dirt"]["order_lines"]["cancellations"]
    sales = lines[lines["kind"] == "sale"].copy()
    for row, of_row in zip(told["row"], told["of_row"], strict=True):
        if of_row is not None and of_row - 1 in sales.index:
            sales.loc[of_row - 1, "qty"] += lines["qty"].iloc[row - 1]
    sales = sales.assign(day=sales["at"].dt.normalize(), spent=sales["qty"] * sales["pence"])
    days = sales.groupby(["customer", "day"], as_index=False)["spent"].sum()
    days = days[days["spent"] > 0]
    seen = days.groupby("customer").agg(first=("day", "min"), last=("day", "max"), days=("day", "size"),
                                        spent=("spent", "sum"))  # fmt: skip
    known = raw["truth_customers"].set_index("customer_id")
    known = known[known["frequency"].notna()]
    assert sorted(seen.index) == sorted(known.index)
    seen = seen.reindex(known.index)
    assert (seen["days"] - 1 == known["frequency"]).all()
    assert (seen["first"].dt.strftime("%Y-%m-%d") == known["first_ordered_on"]).all()
    assert (seen["last"].dt.strftime("%Y-%m-%d") == known["last_ordered_on"]).all()
    assert np.allclose((seen["last"] - seen["first"]).dt.days / 7, known["recency_weeks"], atol=1e-8)
    assert np.allclose((pd.Timestamp("2026-06-30") - seen["first"]).dt.days / 7, known["T_weeks"], atol=1e-8)
    assert np.allclose(seen["spent"] / 100, known["spend"], atol=1e-6)


# ---- surveys ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers(raw):
    """Perceived scores, one row per response, with wave, customer and the truth of the customer."""
    surveys = raw["surveys"].drop_duplicates()
    surveys = surveys.assign(customer=surveys["customer"].str.strip(), item=surveys["item"].str.strip(),
                             score=surveys["score"].astype(int))  # fmt: skip
    assert not surveys.duplicated(["response_no", "item", "kind"]).any()
    return surveys


def wide(answers, kind="perceived"):
    return answers[answers["kind"] == kind].pivot(index="response_no", columns="item", values="score")


def test_scores_are_on_the_scales_of_the_items(raw, answers):
    items = raw["survey_items"].set_index("item")
    assert set(answers["item"]) == set(items.index)
    low, high = (answers["item"].map(items[name].astype(int)) for name in ("scale_min", "scale_max"))
    assert answers["score"].between(low, high).all()
    sizes = items.groupby("construct").size()
    assert sizes[list(CONSTRUCTS)].between(2, 4).all()
    assert items.loc["recommendation", ["scale_min", "scale_max"]].tolist() == ["0", "10"]
    assert items.loc["overall", ["scale_min", "scale_max"]].tolist() == ["1", "5"]


def test_a_minority_answers_and_those_who_stay_answer_more(raw, answers):
    waves = raw["truth"]["surveys"]["waves"]
    assert [wave["wave"] for wave in waves] == ["2024H1", "2024H2", "2025H1", "2025H2", "2026H1"]
    responses = answers.drop_duplicates("response_no")
    for wave in waves:
        assert (responses["wave"] == wave["wave"]).sum() == wave["answered"]
        assert 0.05 < wave["answered"] / wave["invited"] < 0.25
    known = raw["truth_customers"].set_index("customer_id")
    answered = known.index.isin(responses["customer"])
    assert known.loc[answered, "is_alive"].mean() > known["is_alive"].mean() + 0.05
    assert known.loc[answered, "satisfaction"].mean() > 0.05


def test_anonymous_answers_are_known_to_the_truth(raw, answers):
    responses = answers.drop_duplicates("response_no")
    told = raw["truth"]["surveys"]["anonymous"]
    assert set(responses.loc[responses["customer"] == "", "response_no"]) == set(told)
    assert 0.03 < len(told) / len(responses) < 0.09


def test_satisfaction_items_measure_s(raw, answers):
    scores = wide(answers)[["satisfaction1", "satisfaction2", "satisfaction3"]].mean(axis=1)
    customer = answers.drop_duplicates("response_no").set_index("response_no")["customer"]
    s = customer.map(raw["truth_customers"].set_index("customer_id")["satisfaction"]).dropna()
    # three items of loadings .9, .85, .85 measure a wave's satisfaction, of whose variance .85 is s
    signal = (1.7 * (0.9 + 0.85 + 0.85)) ** 2
    noise = 1.7**2 * (3 - 0.9**2 - 2 * 0.85**2)
    expected = np.sqrt(0.85 * signal / (signal + noise))
    assert np.corrcoef(scores.reindex(s.index), s)[0, 1] == pytest.approx(expected, abs=0.03)


def test_constructs_follow_the_path_model():
    """Regressing each construct on those that point to it gives back the weights of the arrows."""
    from regulars.simulate.answers import _constructs

    rng = np.random.Generator(np.random.PCG64(1))
    drawn = pd.DataFrame(_constructs(Retailer(), rng.standard_normal(100_000), rng), columns=CONSTRUCTS)
    assert np.allclose(drawn.std(), 1, atol=0.02)
    assert np.allclose(drawn.corr(), construct_correlations(), atol=0.015)
    for target in CONSTRUCTS[1:]:
        sources = [source for source, aim in PATHS if aim == target]
        weights = np.linalg.lstsq(drawn[sources], drawn[target], rcond=None)[0]
        assert np.allclose(weights, [PATHS[source, target] for source in sources], atol=0.015), target


def test_total_effects_by_hand():
    effects = total_effects()
    assert effects.loc["quality", "value"] == pytest.approx(0.55)
    assert effects.loc["quality", "satisfaction"] == pytest.approx(0.5 + 0.55 * 0.2)
    assert effects.loc["quality", "loyalty"] == pytest.approx(0.61 * (0.5 + 0.5 * 0.05))
    assert effects.loc["loyalty", "image"] == 0


def test_only_the_last_wave_moves():
    """Five waves of a shop thirty times as large: four of them alike, the last lower by the total effect of quality."""
    retailer = Retailer()
    base = draw_base(retailer, 60_000, 3)
    surveys = draw_surveys(retailer, base, np.full(60_000, np.inf), 3).surveys
    scores = surveys[(surveys["item"] == "satisfaction2")].assign(score=lambda frame: frame["score"].astype(int))
    groups = {wave: group["score"].to_numpy() for wave, group in scores.groupby("wave")}
    waves = list(groups)
    for earlier, later in pairwise(waves[:-1]):
        error = np.sqrt(sum(groups[wave].var() / groups[wave].size for wave in (earlier, later)))
        assert abs(groups[later].mean() - groups[earlier].mean()) < STANDARD_ERRORS * error
    fall = groups[waves[-1]].mean() - groups[waves[-2]].mean()
    assert fall == pytest.approx(1.7 * 0.85 * -0.4 * 0.61, abs=0.1)


def test_expected_scores_differ_from_perceived_as_told(answers):
    expected, perceived = wide(answers, "expected"), wide(answers)
    gap = (perceived[expected.columns] - expected).mean()
    for item in ITEMS:
        if item.expected_mean is not None:
            assert gap[item.item] == pytest.approx(item.mean - item.expected_mean, abs=0.25), item.item


def test_what_is_asked_beside_the_path_model_leaves_its_answers_as_they_are(raw):
    """Rows behind the others, of respondents of the last wave, each of whom was asked once."""
    from regulars.simulate.untidy import soil_table

    retailer, seed = Retailer(), raw["truth"]["seed"]
    base = draw_base(retailer, 5000, seed)
    alone = draw_surveys(retailer, base, draw_orders(retailer, base, seed).dropped_at, seed)
    before, _ = soil_table(retailer, alone.surveys, "surveys", ["customer", "item"], recased=[], seed=seed)
    pd.testing.assert_frame_equal(raw["surveys"].head(len(before)), before.astype("str"))
    pd.testing.assert_frame_equal(raw["survey_items"].head(len(ITEMS)), alone.survey_items.astype("str"))
    added = raw["surveys"].iloc[len(before) :]
    last = before[before["wave"] == before["wave"].max()]
    people = ["response_no", "wave"]
    assert set(added[people].itertuples(index=False)) == set(last[people].itertuples(index=False))
    assert not added.duplicated(["response_no", "item"]).any()


def test_classes_of_features_come_in_the_shares_of_the_truth(raw, answers):
    from regulars.satisfaction.offer.kano import kano_classes

    scores = wide(answers)
    for feature, told in raw["truth"]["surveys"]["kano"].items():
        classes = kano_classes(*(scores[item] for item in told["items"])).dropna()
        assert len(classes) > 200
        seen = classes.value_counts().reindex(list(told["classes"]), fill_value=0)
        expected = np.array(list(told["classes"].values())) * len(classes)
        assert chisquare(seen, expected).pvalue > 0.001, feature
    assert raw["truth"]["surveys"]["kano"]["Following the parcel live"]["kano"] is None


def test_parts_of_delivered_value_have_the_means_of_the_truth(raw, answers):
    scores, told = wide(answers), raw["truth"]["surveys"]["delivered"]
    for offer in ("us", "Brightway"):
        for part, item in told[offer]["items"].items():
            assert scores[item].mean() == pytest.approx(told[offer]["means"][part], abs=0.4), item
    known = scores[list(told["Brightway"]["items"].values())].notna().all(axis=1)
    asked = scores[list(told["us"]["items"].values())].notna().all(axis=1)
    assert known.sum() / asked.sum() == pytest.approx(told["know_rival_share"], abs=0.1)


# ---- tickets ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tickets(raw):
    frame = raw["tickets"].drop_duplicates()
    frame = frame.assign(customer=frame["customer"].str.strip(), channel=frame["channel"].str.lower())
    for name in ("opened", "first_response", "resolved"):
        frame[name] = pd.to_datetime(frame[name].replace("", None))
    assert not frame["ticket_no"].duplicated().any()
    return frame


def test_tickets_run_forward_and_some_are_open(tickets):
    assert (tickets["first_response"].dropna() > tickets.loc[tickets["first_response"].notna(), "opened"]).all()
    closed = tickets[tickets["status"] == "closed"]
    assert closed["resolved"].notna().all()
    assert (closed["resolved"] >= closed["first_response"]).all()
    still = tickets[tickets["status"] != "closed"]
    assert 10 < len(still) < 0.1 * len(tickets)
    assert still["resolved"].isna().all()
    assert (still["outcome"] == "").all()
    assert set(closed["outcome"]) == {outcome.value for outcome in Outcome}


def test_outcome_agrees_with_the_time_it_took(tickets):
    hours = (tickets["resolved"] - tickets["opened"]).dt.total_seconds() / 3600
    assert (hours[tickets["outcome"] == "resolved_quickly"] <= 48.02).all()
    assert (hours[tickets["outcome"] == "resolved"] > 47.98).all()


def test_complaints_are_a_fixed_share_of_bad_experiences_and_depend_on_s(raw, tickets):
    truth, known = raw["truth"]["tickets"], raw["truth_customers"]
    assert known["bad_experiences"].sum() == truth["bad_experiences"]
    assert (tickets["type"] == "complaint").sum() == truth["complaints"]
    all_complaints = truth["complaints"] + truth["complained_after_the_end"]
    assert all_complaints + truth["silent"] == truth["bad_experiences"]
    error = np.sqrt(0.25 * 0.75 / truth["bad_experiences"])
    assert abs(all_complaints / truth["bad_experiences"] - 0.25) < STANDARD_ERRORS * error
    known = known.assign(orders=known["orders"] - known["added_orders"])  # those that anything went wrong with
    rate = known.groupby(pd.cut(known["satisfaction"], [-5, -1, 1, 5]))[["bad_experiences", "orders"]].sum()
    share = rate["bad_experiences"] / rate["orders"]
    assert share.is_monotonic_decreasing
    odds = 1 / 9 * np.exp(-0.6 * known["satisfaction"])
    expected = (known["orders"] * odds / (1 + odds)).sum()
    assert abs(known["bad_experiences"].sum() - expected) < STANDARD_ERRORS * np.sqrt(expected)


def test_service_cases_do_not_depend_on_s(raw, tickets):
    known = raw["truth_customers"].set_index("customer_id")
    s = tickets.loc[tickets["type"] == "service", "customer"].map(known["satisfaction"])
    weighted = np.average(known["satisfaction"], weights=known["orders"])
    assert abs(s.mean() - weighted) < STANDARD_ERRORS * s.std() / np.sqrt(s.size)


def test_tickets_are_about_what_the_customer_bought(tickets, lines):
    sales = lines[lines["kind"] == "sale"]
    bought = set(zip(sales["customer"], sales["product"], strict=True))
    assert all(pair in bought for pair in zip(tickets["customer"], tickets["product"], strict=True))
    complaint = tickets["type"] == "complaint"
    assert (tickets.loc[complaint, "amount_at_stake"].astype(float) > 0).all()
    assert (tickets.loc[~complaint, "amount_at_stake"] == "").all()


def test_response_times_have_the_medians_told(raw, tickets):
    hours = (tickets["first_response"] - tickets["opened"]).dt.total_seconds() / 3600
    for urgency, told in raw["truth"]["tickets"]["urgency"].items():
        rows = hours[tickets["urgency"].str.lower() == urgency].dropna()
        low, high = norm.ppf([0.0001, 0.9999]) * 1.25 * 0.9 / np.sqrt(rows.size)
        assert low < np.log(rows.median() / told["median_response_hours"]) < high, urgency


def test_contacts_do_not_hang_on_what_a_customer_is_worth(raw):
    contacts = raw["contacts"]
    assert contacts["customer"].isin(["", *raw["customers"]["customer"].str.strip()]).all()
    assert not contacts["contact_no"].duplicated().any()
    out = contacts[contacts["initiator"] == "company"].groupby("customer").size()
    known = raw["truth_customers"].set_index("customer_id")
    calls = out.reindex(known.index).fillna(0).rank()
    assert abs(calls.corr(known["mean_spend"].rank())) < 4 / np.sqrt(len(known))
    share = raw["truth"]["contacts"]["customers_by_rate"]["0"] / len(known)
    assert abs(share - 0.60) < 4 * np.sqrt(0.6 * 0.4 / len(known))


def test_a_prospect_that_is_won_is_a_customer_who_ordered_later(raw):
    prospects, truth = raw["prospects"], raw["truth"]["prospects"]
    won = prospects[prospects["stage"] == "won"]
    assert len(won) == truth["won"] == (prospects["customer"] != "").sum()
    first = raw["truth_customers"].set_index("customer_id")["first_ordered_on"]
    ordered = won["customer"].map(first)
    assert (won["created"] <= ordered).mean() > 0.99 and won["customer"].is_unique
    assert (prospects["win_probability"].astype(float).mean()) > truth["won_share_of_decided"]


def test_agents_differ_as_the_truth_says_and_reasons_come_from_the_left(raw):
    visits, truth = raw["mystery_visits"], raw["truth"]["mystery_visits"]
    score = visits["score"].astype(float)
    by_staff = (score - score.groupby(visits["item"]).transform("mean")).groupby(visits["staff"]).mean()
    effects = pd.Series(truth["staff_effects"])
    assert by_staff.corr(effects) > 0.8
    assert visits.groupby("visit")[["branch", "staff", "level"]].nunique().max().max() == 1
    n = visits["visit"].nunique()
    for level, share in truth["levels"].items():
        seen = (visits.drop_duplicates("visit")["level"] == level).mean()
        assert abs(seen - share) < STANDARD_ERRORS * np.sqrt(share * (1 - share) / n), level
    lost, known = raw["lost_reasons"], raw["truth_customers"].set_index("customer_id")
    assert not known.loc[lost["customer"], "is_alive"].any()
    assert (known.loc[lost["customer"], "left_on"].to_numpy() < lost["date"].to_numpy()).all()
    n = len(lost)
    for reason, share in raw["truth"]["lost_reasons"]["reasons"].items():
        error = STANDARD_ERRORS * np.sqrt(share * (1 - share) / n)
        assert abs((lost["reason"] == reason).mean() - share) < error, reason


# ---- what households use up ------------------------------------------------------------------------------------


def test_refills_leave_money_cost_and_day_of_every_order_as_they_are(raw):
    """The same shop without refills: order by order the same, to the penny; so are all tables but two."""
    without = demo(seed=SEED, refill_share=0.0)
    sums = []
    for tables in (raw, without):
        rows = tables["order_lines"].astype({"qty": int})
        rows["pence"] = (rows["price"].astype(float) * 100).round().astype(int) * rows["qty"]
        cost = pd.to_numeric(rows["cost"], errors="coerce") * 100
        rows["cost_pence"] = cost.fillna(0).round().astype(int) * rows["qty"]
        by = [rows[name].str.strip() for name in ("order_no", "customer", "date")]
        sums.append(rows.groupby(by)[["pence", "cost_pence"]].sum())
    pd.testing.assert_frame_equal(*sums)
    cases = {"tickets": ["product"]}  # some are about a refill
    for name in sorted(set(TABLES) - {"order_lines"}):
        one, other = (tables[name].drop(columns=cases.get(name, [])) for tables in (raw, without))
        pd.testing.assert_frame_equal(one, other)


def test_pieces_are_what_the_household_uses_until_the_next_order(raw):
    """Logarithm of pieces / (days until the next order × pieces a day) scatters about 0 as the noise of the truth."""
    lines, known = raw["order_lines"], raw["truth_customers"].set_index("customer_id")
    lines = lines[lines["customer"].str.strip().isin(known.index) & ~added(lines)]
    at = pd.to_datetime(lines["date"], format="%d/%m/%Y %H:%M")
    lines = lines.assign(customer=lines["customer"].str.strip(), at=at, pieces=lines["qty"].astype(int))
    sales = lines[~lines["order_no"].str.startswith("C")]
    orders = sales.groupby(["customer", "order_no"])["at"].first().reset_index().sort_values(["customer", "at"])
    orders["days"] = (orders.groupby("customer")["at"].shift(-1) - orders["at"]).dt.total_seconds() / 86400
    taken = sales[sales["product"].isin(raw["truth"]["refills"]["products"])].drop_duplicates("order_no")
    taken = taken[["order_no", "product", "pieces"]].merge(orders, on="order_no").dropna(subset="days")
    assert (taken["product"].to_numpy() == known["consumable"].reindex(taken["customer"]).to_numpy()).all()
    usual = taken[taken["days"].between(10, 60)]
    ratio = np.log(usual["pieces"] / (usual["days"] * known["pieces_per_day"].reindex(usual["customer"]).to_numpy()))
    assert len(ratio) > 2000
    assert ratio.median() == pytest.approx(0, abs=0.02)
    low, high = ratio.quantile([0.1, 0.9])
    assert (high - low) / 2.563 == pytest.approx(raw["truth"]["retailer"]["refill_noise"], rel=0.15)


def test_where_quantities_are_to_mean_nothing_no_jar_is_found():
    raw = demo(seed=SEED, refill_effect=False)
    lines = raw["order_lines"]
    taken = lines[(lines["customer"].str.strip() != "") & (lines["qty"].astype(int) > 0)]
    frame = pd.DataFrame({"customer_id": taken["customer"].str.strip(), "product_id": taken["product"].str.strip()})
    frame["quantity"] = taken["qty"].astype(float)
    frame["ordered_at"] = pd.to_datetime(taken["date"], format="%d/%m/%Y %H:%M")
    used = learn_consumption(frame, "2026-06-30", level=0.99)
    assert used.products == [] and used.verdict is JarVerdict.NO_LINK
