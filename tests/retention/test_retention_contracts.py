"""Contracts: bad ones by hand, the published cohort out of dates, and the Telco customers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars.clv import ShiftedBetaGeoFitter, duration_dependence
from regulars.errors import UserError
from regulars.retention import (
    contract_spells,
    contract_story,
)
from regulars.retention.contracts import (
    ContractsVerdict,
    leaving_reasons,
    recurring_revenue,
    survivors_of,
    tell_contracts,
)

TELCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco_churn" / "telco_ibm_7043.csv"
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def contracts_of(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at"])
    return frame.assign(started_at=pd.to_datetime(frame["started_at"]), ended_at=pd.to_datetime(frame["ended_at"]))


class TestSpells:
    def test_a_last_day_under_contract_is_read_as_one(self, shop):
        """Terms of a month that are written by their last day: on the last day of the data nobody has left yet."""
        shop.write("orders.csv", "order,customer,day,total\n1,ann,2024-06-30,10\n")
        shop.write("plans.csv", "id,customer,from,to\n1,ann,2024-05-01,2024-05-31\n2,ann,2024-06-01,2024-06-30\n"
                                "3,bob,2024-05-01,2024-05-31\n")  # fmt: skip
        mapping = (
            "title: Shop\ncurrency: EUR\nsimulated: false\nobservation_end: last_order_day\ntables:\n"
            "  orders:\n    path: orders.csv\n"
            "    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}\n"
            "  contracts:\n    path: plans.csv\n    inclusive_end: true\n"
            "    columns: {contract_id: id, customer_id: customer, started_at: from, ended_at: to}\n"
        )
        for text, left, periods in (
            (mapping, [False, True], [1, 1]),
            (mapping.replace("true", "false"), [True, True], [2, 1]),
        ):
            shop.map(text)
            cleaned = shop.clean()
            spells = contract_spells(cleaned.tables["contracts"], cleaned.about.observation_end).spells
            assert spells["has_ended"].tolist() == left
            assert spells["periods"].tolist() == periods

    def test_a_last_day_means_something_of_contracts_alone(self, shop):
        shop.orders("order,customer,day,total\n1,ann,2024-06-30,10\n", "inclusive_end: true")
        with pytest.raises(UserError, match=r"tables\.orders\.inclusive_end: it is about ended_at of contracts"):
            shop.clean()

    def test_wrong_and_overlapping_contracts_are_counted_and_the_rest_stands(self):
        found = contract_spells(
            contracts_of(
                ("backwards", "2025-03-01", "2025-02-01"),
                ("overlap", "2025-01-01", "2025-03-15"), ("overlap", "2025-03-01", None),
                ("inside", "2025-01-01", "2025-05-15"), ("inside", "2025-02-01", "2025-03-01"),
                ("again", "2025-01-01", "2025-02-15"), ("again", "2025-05-01", None),
                ("future", "2026-01-01", None),
                ("runs", "2025-01-01", "2026-02-01"),
            ),
            "2025-06-30",
        )  # fmt: skip
        assert (found.reversed, found.overlapping, found.later, found.returned) == (1, 2, 1, 1)
        table = found.spells.set_index("customer_id")
        assert table["periods"].to_dict() == {"again": 2, "inside": 5, "overlap": 5, "runs": 5}
        assert table["has_ended"].to_dict() == {"again": True, "inside": True, "overlap": False, "runs": False}

    def test_a_life_after_the_second_gap_is_left_out_as_well(self):
        found = contract_spells(
            contracts_of(
                ("a", "2025-01-01", "2025-01-20"), ("a", "2025-03-01", "2025-03-20"), ("a", "2025-03-10", None)
            ),
            "2025-06-30",
        )
        assert (found.returned, found.overlapping) == (2, 0)
        assert found.spells["periods"].tolist() == [1]

    def test_the_published_cohort_out_of_dates(self):
        start, ended = pd.Timestamp("2018-01-01"), -np.diff(REGULAR)
        ends = [start + pd.DateOffset(years=year) + pd.DateOffset(days=200) for year in range(7)]
        rows = [(f"{year}-{i}", start, ends[year]) for year in range(7) for i in range(ended[year])]
        rows += [(f"stays-{i}", start, None) for i in range(REGULAR[-1])]
        spells = contract_spells(contracts_of(*rows), "2025-01-02", 12).spells
        model = ShiftedBetaGeoFitter().fit(survivors_of(spells["periods"], spells["has_ended"]))
        assert model.log_likelihood_ == pytest.approx(-1680.26518846, abs=1e-7)

    def test_nobody_left(self):
        spells = contract_spells(contracts_of(("a", "2025-01-01", None)), "2025-06-30").spells
        with pytest.raises(ValueError, match="nobody has left in the periods given"):
            contract_story(spells, annual_discount_rate=0.1)


@pytest.fixture(scope="module")
def telco():
    if not TELCO.is_file():
        pytest.skip("the Telco data are not beside the project")
    table = pd.read_csv(TELCO)
    # who is new this month has passed no renewal and tells nothing yet
    table = table[table["tenure"] > 0]
    spells = pd.DataFrame({"periods": table["tenure"], "has_ended": table["Churn"].eq("Yes")})
    return spells, contract_story(spells, annual_discount_rate=0.1)


class TestTelco:
    def test_customers_and_losses_are_those_of_the_file(self, telco):
        spells, story = telco
        assert len(spells) == 7032
        assert spells["has_ended"].sum() == 1869
        assert story.curve.events.sum() == 1869

    def test_the_simple_model_is_rejected_and_the_general_one_fits_what_was_seen(self, telco):
        _, story = telco
        assert story.dependence.p_value < 1e-6
        seen = story.table[story.table["period"].between(1, 60)]
        off = (seen["projected"] - seen["seen"]).abs()
        assert off.max() < 0.02
        assert off.mean() < (seen["simple"] - seen["seen"]).abs().mean()
        assert story.table.loc[story.table["period"] > 72, "seen"].isna().all()
        assert 12 < story.to_come.low < story.to_come.value < story.to_come.high


MAPPING = """\
title: Telco
currency: USD
simulated: false
observation_end: 2020-01-01
tables:
  orders:
    url: duckdb://
    query: |
      SELECT "customerID" AS customer, '2020-01-01'::date - to_months(tenure::int) AS day, "TotalCharges" AS paid
      FROM read_csv('{file}', all_varchar = true) WHERE tenure <> '0'
    columns: {{order_id: customer, customer_id: customer, ordered_at: day, amount: paid}}
  contracts:
    url: duckdb://
    query: |
      SELECT "customerID" AS customer, '2020-01-01'::date - to_months(tenure::int) AS started,
        CASE "Churn" WHEN 'Yes' THEN '2020-01-01' END AS ended, "MonthlyCharges" AS fee,
        CASE "Contract" WHEN 'One year' THEN 12 WHEN 'Two year' THEN 24 ELSE 1 END AS term
      FROM read_csv('{file}', all_varchar = true) WHERE tenure <> '0'
    columns:
      contract_id: customer
      customer_id: customer
      started_at: started
      ended_at: ended
      monthly_fee: fee
      term_months: term
"""


def test_telco_through_a_mapping(shop):
    """Mapped as a user would map it: the same survivors as straight out of the file, and a finding."""
    if not TELCO.is_file():
        pytest.skip("the Telco data are not beside the project")
    shop.map(MAPPING.format(file=TELCO))
    contracts = shop.clean().tables["contracts"]
    contracts = contracts.assign(monthly_fee=contracts["monthly_fee"].astype(float))
    for name in ("started_at", "ended_at"):
        contracts[name] = pd.to_datetime(contracts[name])
    raw = pd.read_csv(TELCO)
    raw = raw[raw["tenure"] > 0].set_index("customerID").sort_index()
    spells = contract_spells(contracts, "2020-01-01").spells.set_index("customer_id")
    assert spells["periods"].tolist() == raw["tenure"].tolist()
    assert spells["has_ended"].tolist() == raw["Churn"].eq("Yes").tolist()
    found = tell_contracts(contracts, "2020-01-01", annual_discount_rate=0.1)
    assert found.verdict is ContractsVerdict.FALLING
    assert found.facts["c"].high < 1
    assert found.facts["still"].value == pytest.approx(0.844, abs=0.002)
    assert "reasons" not in found.frames  # no reason was supplied, none is told
    assert 0.6 < found.facts["gross"].value == found.facts["net"].value < 1  # fees never change in this file


class TestFinding:
    def test_derl_of_the_published_cohort(self):
        """Fader and Hardie (2010), as the closed form of `derl` has it for one customer who has renewed four times."""
        spells = pd.DataFrame({"periods": [*np.repeat(np.arange(1, 8), -np.diff(REGULAR)), *[7] * REGULAR[-1]]})
        spells["has_ended"] = np.arange(1000) < 1000 - REGULAR[-1]
        story = contract_story(spells, annual_discount_rate=0.1, periods_per_year=1)
        assert story.verdict is ContractsVerdict.STEADY
        assert story.to_come.value == pytest.approx(float(story.dependence.simple.derl(8, 0.1)), rel=1e-9)
        assert story.to_come.low < story.to_come.value < story.to_come.high

    def test_faults_are_counted_and_the_rest_stands(self):
        start = pd.Timestamp("2025-01-01")
        rows = [(f"c{i:03d}", start, start + pd.DateOffset(months=1 + i % 9) if i % 3 else None) for i in range(120)]
        rows += [("backwards", start, start - pd.Timedelta(days=9)), ("twice", start, None), ("twice", start, None)]
        found = tell_contracts(contracts_of(*rows), "2026-06-30", annual_discount_rate=0.1)
        assert found.verdict is ContractsVerdict.RISING
        told = {name: found.facts[name] for name in ("reversed", "later", "overlapping", "returned")}
        assert told == {"reversed": 1, "later": 0, "overlapping": 1, "returned": 0}
        assert np.isnan(found.facts["net"].value)  # no fees were supplied

    def test_contracts_that_end_at_a_few_renewals_only_widen_what_a_curve_says_of_them(self):
        """Of 120 customers 20, 23, 16, 18 and 5 left at renewals 4, 7, 10, 14 and 21: steps that no curve has."""
        gone = {4: 20, 7: 23, 10: 16, 14: 18, 21: 5}
        there = {14: 7, 15: 3, 16: 4, 17: 3, 18: 3, 19: 3, 20: 9, 21: 2, 22: 1, 23: 3}
        spells = pd.concat(
            pd.DataFrame({"periods": np.repeat([*of], [*of.values()]), "has_ended": ended})
            for of, ended in ((gone, True), (there, False))
        )
        story = contract_story(spells, annual_discount_rate=0.1)
        assert story.verdict is ContractsVerdict.ALIKE, "one chance for all: nothing in the steps says more"
        # 82 left in as many customer-months as were watched: that is the chance, and what it brings a geometric series
        watched = sum(period * number for of in (gone, there) for period, number in of.items())
        stay, rate = 1 - 82 / watched, 1.1 ** (1 / 12)
        assert story.to_come.value == pytest.approx(stay / (1 - stay / rate), rel=1e-3)
        assert story.dependence.dispersion > 10 and story.dependence.c.low < 1 < story.dependence.c.high
        # the last step too lies within: .195 (.110 to .300) are still there
        last = story.table.set_index("period").loc[21]
        assert last["seen_low"] < last["simple"] < last["seen_high"] < last["projected"]

    def test_chance_alone_is_no_misfit(self):
        rng, wider = np.random.default_rng(1), 0
        for _ in range(40):
            left, seen = rng.geometric(rng.beta(2, 20, 500)), rng.integers(3, 30, 500)
            found = duration_dependence(survivors_of(np.minimum(left, seen), left <= seen))
            wider += found.dispersion > 1
        assert wider <= 3  # of 40, where one in a hundred is meant: three and fewer in 99.9 %

    def test_nothing_but_wrong_contracts_is_an_answer(self):
        found = tell_contracts(contracts_of(("a", "2025-03-01", "2025-02-01")), "2025-06-30", annual_discount_rate=0.1)
        assert (found.verdict, found.facts["customers"], found.facts["reversed"]) == (ContractsVerdict.UNTOLD, 0, 1)

    def test_a_contract_that_follows_on_the_day_is_no_fault(self):
        found = contract_spells(
            contracts_of(("a", "2025-01-01", "2025-03-01"), ("a", "2025-03-01", None)), "2025-06-30"
        )
        assert (found.overlapping, found.returned, found.spells["periods"].tolist()) == (0, 0, [5])

    @pytest.mark.parametrize(("ended", "periods"), [("2025-01-31", 1), ("2025-02-28", 1), ("2025-03-01", 2),
                                                    ("2025-03-31", 2), ("2025-04-01", 3)])  # fmt: skip
    def test_periods_end_on_the_day_of_renewal(self, ended, periods):
        spells = contract_spells(contracts_of(("a", "2025-01-31", ended)), "2025-06-30").spells
        assert spells["periods"].tolist() == [periods]


def test_fees_by_hand():
    contracts = contracts_of(("up", "2024-01-01", None), ("down", "2024-01-01", "2025-01-01"),
                             ("down", "2025-01-01", None), ("gone", "2024-01-01", "2025-02-01"),
                             ("new", "2025-03-01", None))  # fmt: skip
    contracts["monthly_fee"] = [10.0, 10.0, 6.0, 20.0, 9.0]
    found = recurring_revenue(contracts, "2025-06-30", months=12)
    assert (found.before, found.now) == (40.0, 25.0)
    assert found.net.value == found.gross.value == pytest.approx(16 / 40)
    whole, part = np.array([10.0, 10.0, 20.0]), np.array([10.0, 6.0, 0.0])
    error = np.sqrt(3 * np.var(part - 0.4 * whole, ddof=1)) / 40
    assert found.net.high - found.net.value == pytest.approx(1.6448536269514722 * error)


def test_reasons_by_hand():
    contracts = contracts_of(("a", "2024-01-01", "2024-03-01"), ("b", "2024-01-01", "2024-03-01"),
                             ("c", "2024-01-01", "2024-04-01"), ("d", "2024-01-01", None),
                             ("e", "2024-01-01", "2024-02-01"), ("e", "2024-02-01", None))  # fmt: skip
    contracts["reason"] = ["price", "price", "moved", None, "other plan", None]
    table = leaving_reasons(contracts, contract_spells(contracts, "2025-06-30").spells)
    assert table[["reason", "customers", "n"]].to_numpy().tolist() == [["price", 2, 3], ["moved", 1, 3]]
    hidden = leaving_reasons(contracts, contract_spells(contracts, "2025-06-30").spells, min_cell=2)
    assert hidden.empty, "beside how many left in all, what is left of the others tells the one"


def test_an_upgrade_on_the_day_after_the_last_day_paid_is_no_end():
    rows = []
    for number in range(20):
        who, left = f"c{number:02}", number % 4 == 0
        rows.append((who, "2024-01-10", f"2024-0{3 + number % 5}-09"))
        rows.append((who, f"2024-0{3 + number % 5}-10", "2025-01-09" if left else None))
    contracts = contracts_of(*rows).assign(reason=["upgrade", "cancelled"] * 20, monthly_fee=10.0)
    contracts["reason"] = contracts["reason"].where(contracts["ended_at"].notna())
    found = contract_spells(contracts, "2025-05-31")
    assert (len(found.spells), int(found.spells["has_ended"].sum()), found.returned, found.overlapping) == (20, 5, 0, 0)
    assert leaving_reasons(contracts, found.spells)["reason"].tolist() == ["cancelled"]
    told = tell_contracts(contracts, "2025-05-31", annual_discount_rate=0.1)
    to_come = told.facts["to_come"]
    assert to_come.low <= to_come.value <= to_come.high


def test_two_days_without_a_contract_are_an_end():
    found = contract_spells(contracts_of(("a", "2024-01-01", "2024-02-29"), ("a", "2024-03-02", None)), "2024-12-31")
    assert found.spells["has_ended"].tolist() == [True] and found.returned == 1
