"""In which month a new customer has paid: worked by hand, by construction, and how often the interval holds."""

import math

import numpy as np
import pandas as pd
import pytest

from regulars.clv import payback
from regulars.clv.payback import first_groups, margins_by_age, payback_of, tell_payback, winning_costs
from regulars.clv.verdicts import PaybackVerdict
from regulars.finding import Refusal
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate

ECONOMICS = Economics(0.5, 0.1, 12, "week", 90)
MONTH = 30.4375


def log(rows: list[tuple]) -> pd.DataFrame:
    """Orders of (customer, day after 1 January 2025, amount)."""
    table = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return table.assign(ordered_at=pd.Timestamp("2025-01-01") + pd.to_timedelta(table["day"], unit="D"))


def steady(customers: int, months: int, amount: float, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Customers who all came on one day and spend as much every month."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"c{i}", math.ceil(m * MONTH), amount + noise * rng.standard_normal())
        for i in range(customers)
        for m in range(months)
    ]
    return log(rows)


@pytest.fixture
def few(monkeypatch):
    """A month is told of one customer."""
    monkeypatch.setattr(payback, "FEWEST", 1)


def test_means_of_months_are_of_those_who_were_watched_through_them(few):
    orders = log([("a", 0, 20.0), ("a", 40, 12.0), ("b", 0, 8.0), ("c", 30, 14.0), ("c", 62, 99.0)])
    ages = margins_by_age(orders, "2025-03-05", ECONOMICS)
    assert ages.people["observed"].tolist() == [2, 2, 1]
    found = ages.cumulative()
    # month 1: (10 + 4 + 7) / 3; month 2, of a and b alone: + (6 + 0) / 2; what c bought in month 2 does not count yet
    assert found.mean.tolist() == [7.0, 10.0]
    assert found.n.tolist() == [3, 2]
    # each one's part: 1, −1, 0 in the first month, and ±1.5 more in the second
    assert found.error == pytest.approx([2**0.5, 12.5**0.5])


def test_known_costs_are_taken_and_credits_reduce_what_was_brought(few):
    orders = log([("a", 0, 20.0), ("a", 3, -5.0), ("b", 0, 10.0)]).assign(cost=[12.0, -3.0, None])
    known = Economics(0.5, 0.1, 12, "week", 90, costs_known=0.6)
    assert margins_by_age(orders, "2025-03-05", known).cumulative().mean[0] == pytest.approx((8 - 2 + 5) / 2)


def test_the_month_is_the_first_whose_margin_reaches_the_cost():
    ages = margins_by_age(steady(60, 10, 10.0), "2025-12-31", ECONOMICS)
    found = payback_of(ages, Estimate(12.0, 11.0, 13.0))
    assert (found.verdict, found.month.value, found.month.low, found.month.high) == (PaybackVerdict.PAID, 3, 3, 3)
    uncertain = payback_of(ages, Estimate(12.0, 2.0, 22.0)).month
    assert (uncertain.low, uncertain.value, uncertain.high) == (1, 3, 5), "the cost's interval is in it"
    told = tell_payback(found)
    assert told.facts["worth"].value == pytest.approx(50.0, abs=6), "ten months of 5"
    assert told.frames["curve"]["series"].tolist()[-2:] == ["cost", "cost"]


def test_what_is_never_reached_is_not_paid_and_what_is_close_cannot_be_told():
    ages = margins_by_age(steady(60, 10, 10.0, noise=6.0), "2025-11-01", ECONOMICS)
    everything = ages.cumulative().mean[-1]
    verdicts = {cost: payback_of(ages, Estimate(cost)).verdict for cost in (everything + 20, everything)}
    assert list(verdicts.values()) == [PaybackVerdict.NOT_YET, PaybackVerdict.UNCLEAR]
    assert payback_of(ages, Estimate(float("nan"))).verdict == PaybackVerdict.NO_COST


def test_too_few_customers_are_refused_and_the_section_says_why():
    found = payback_of(margins_by_age(steady(10, 3, 10.0), "2025-12-31", ECONOMICS), Estimate(3.0))
    assert isinstance(found, Refusal)
    assert "fewer than 30 customers have been watched" in tell_payback(found).facts["why"]


def test_the_interval_holds_the_mean_as_often_as_it_says():
    """Customers come all year, so that most are watched for a part only; each month brings 3 on average."""
    rng, inside, draws = np.random.default_rng(1), 0, 300
    for _ in range(draws):
        came, rate = rng.integers(0, 365, 200), rng.gamma(2.0, 1.5, 200)
        customer = np.repeat(np.arange(200), 13)
        month = np.tile(np.arange(13), 200)
        day = came[customer] + np.round(month * MONTH + np.where(month, rng.integers(1, 29, len(month)), 0))
        amount = 2 * rng.poisson(rate[customer]) + 1e-9
        orders = log(list(zip(customer, day, amount, strict=True)))
        found = margins_by_age(orders[orders["day"] <= 365], "2026-01-01", ECONOMICS).cumulative().after(6, 0.9)
        inside += found.low <= 18.0 <= found.high
    assert 0.84 <= inside / draws <= 0.96


def test_a_campaign_costs_each_cohort_by_its_days():
    campaigns = pd.DataFrame(
        {
            "purpose": ["acquire", "acquire", "keep"],
            "actual_cost": [181.0, None, 999.0],
            "planned_cost": [1.0, 92.0, 1.0],
            "starts_at": pd.to_datetime(["2025-01-01", "2025-07-01", "2025-01-01"]),
            "ends_at": pd.to_datetime(["2025-06-30", "2025-09-30", "2025-12-31"]),
        }
    )
    days = pd.Series(pd.to_datetime(["2025-01-05"] * 3 + ["2025-05-01"] * 7 + ["2025-09-30"] * 2 + ["2025-11-01"]))
    costs = winning_costs(campaigns, days, days.dt.to_period("Q"))
    # 181 over 181 days: 90 of them in the first quarter, 91 in the second; the planned cost where no other is known
    assert {str(name): cost for name, cost in costs.items()} == {"2025Q1": 30.0, "2025Q2": 13.0, "2025Q3": 46.0}


def test_cohorts_and_groups_are_told_with_their_own_cost_and_month():
    both = pd.concat([steady(40, 8, 10.0), steady(40, 8, 40.0).assign(customer_id=lambda t: "x" + t["customer_id"])])
    ages = margins_by_age(both, "2025-12-31", ECONOMICS)
    region = ages.people.set_index("customer_id").index.to_series().str.startswith("x").map({True: "N", False: "S"})
    groupings = {"region": region, "channel": region.map({"N": "web"})}
    found = payback_of(ages, Estimate(20.0), groupings=groupings, months=6)
    groups = found.groups.set_index("group")
    assert groups["grouping"].unique().tolist() == ["region"], "one group alone is no comparison"
    assert groups["paid"].to_dict() == {"S": 4.0, "N": 1.0}
    assert groups.loc["N", "margin"] == pytest.approx(120.0)
    assert found.cohorts["customers"].tolist() == [80] and found.cohorts["cohort"].tolist() == ["2025 Q1"]


def test_groups_known_when_a_customer_was_won():
    lines = pd.DataFrame(
        {
            "order_id": ["1", "1", "2"],
            "customer_id": ["a", "a", "a"],
            "ordered_at": pd.to_datetime(["2025-01-02", "2025-01-02", "2025-01-01"]),
            "product_id": ["p", "q", "r"],
        }
    )
    assert first_groups({"order_lines": lines})["first_product"].to_dict() == {"a": "r"}
    assert first_groups({}) == {}


def test_who_only_returned_or_was_there_before_the_log_is_no_new_customer():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c", "d", "d"],
            "ordered_at": pd.to_datetime(
                ["2025-01-05", "2025-02-20", "2025-04-01", "2025-04-20", "2025-04-03", "2025-05-01", "2025-05-02"]
            ),
            "amount": [90.0, 30.0, 20.0, 10.0, -8.0, 5.0, 40.0],
        }
    )
    # c has returned only; d's first purchase is that of 2 May by the table of customers
    days = pd.to_datetime(["2025-01-05", "2025-04-01", "2025-05-02"])
    won = pd.DataFrame({"customer_id": ["a", "b", "d"], "first_ordered_at": days})
    half = Economics(0.5, 0.1, 12, "week", 90)
    everybody = margins_by_age(orders, "2025-06-30", half)
    assert everybody.people["customer_id"].tolist() == ["a", "b", "d"]
    found = margins_by_age(orders, "2025-06-30", half, won=won, since=pd.Timestamp("2025-04-01"))
    assert found.people["customer_id"].tolist() == ["b", "d"]
    assert found.people["first_day"].dt.year.tolist() == [2025, 2025]
    assert (found.customer.tolist(), found.month.tolist()) == ([0, 0, 1], [0, 0, 0])
    assert found.margin.tolist() == [10.0, 5.0, 20.0]
