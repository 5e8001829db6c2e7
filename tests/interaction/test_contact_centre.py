"""Calls, patience, staffing: worked by hand, and on simulated centres whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from regulars import interaction
from regulars.engine.embedded import as_table
from regulars.errors import UserError
from regulars.finding import NotSupplied, Refusal
from regulars.interaction import roster, sections
from regulars.interaction.calls import calls_of, on_duty, with_slots
from regulars.interaction.calls import occupancy as occupancy_of
from regulars.interaction.roster import arrivals, backtest, counts
from regulars.pages.declared import PAGES
from regulars.settings import stage_settings
from regulars.simulate.base import draw_base
from regulars.simulate.centre import AGENTS, draw_centre
from regulars.simulate.retailer import Retailer

THETA = 1 / 240


def simulated(seed: int, customers: int = 300, **changes):
    """Calls and shifts of a centre, typed as clean tables are."""
    retailer = Retailer(**changes)
    made = draw_centre(retailer, draw_base(retailer, customers, seed), seed)
    raw = made.contacts
    contacts = pd.DataFrame(
        {
            "contact_id": raw["contact_no"], "at": pd.to_datetime(raw["at"]), "channel": raw["channel"],
            "initiator": raw["initiator"], "wait_seconds": pd.to_numeric(raw["wait_seconds"]),
            "answered": raw["answered"] == "yes", "minutes": pd.to_numeric(raw["minutes"]), "staff": raw["staff"],
            "queue": raw["queue"].replace("", None),
        }
    )  # fmt: skip
    shifts = made.shifts.assign(**{name: pd.to_datetime(made.shifts[name]) for name in ("from", "to")})
    return contacts, shifts


def centre(seed: int, calls_per_hour: float = 24.0, **changes):
    """As many calls as the demo has, with few customers: the rate stands for 5,000 of them."""
    return simulated(seed, 300, calls_per_hour=calls_per_hour * 5000 / 300, **changes)


# ---- by hand ----


def contact_log(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"channel": "phone", "initiator": "customer", **columns}, index=range(n))


def test_calls_are_the_same_out_of_the_engine():
    contacts, _ = centre(5)
    contacts = contacts.sort_values(["at", "contact_id"], ignore_index=True)
    pd.testing.assert_frame_equal(
        calls_of(as_table(contacts)).astype({"staff": "string", "queue": "string", "at": "datetime64[us]"}),
        calls_of(contacts).astype({"staff": "string", "queue": "string", "at": "datetime64[us]"}),
        check_dtype=False,
    )


def test_calls_of_which_nobody_knows_the_length_are_not_staffed():
    at = pd.date_range("2026-01-05 09:00", periods=60 * 24, freq="1h")
    calls = calls_of(contact_log(at=at, wait_seconds=[1.0] * len(at), answered=[True] * len(at)))
    assert arrivals(calls).why.startswith("Table contacts has no minutes")


def test_service_level_in_both_definitions():
    calls = calls_of(
        contact_log(
            at=pd.date_range("2026-06-01 09:00", periods=10, freq="5min"),
            wait_seconds=[0, 5, 10, 15, 30, 40, 5, 25, 60, 0],
            answered=[True] * 6 + [False] * 3 + [True],
            minutes=[4.0] * 10,
        )
    )
    told = interaction.service(calls, 20)
    assert told["within"].value == 0.5 and told["given_up"].value == 0.3
    assert told["within_stayed"].value == pytest.approx(5 / 9)
    assert calls["minutes"].notna().sum() == 7, "minutes of a call that nobody answered are none"
    assert told["wait_median"].value == 12.5


def test_calls_without_a_queue_are_those_of_the_channel_that_waits_most():
    log = contact_log(
        at=pd.to_datetime(["2026-06-01 09:00"] * 3), wait_seconds=[1.0, 2.0, 3.0], answered=[True, None, False]
    ).assign(channel=["phone", "phone", "chat"])
    assert calls_of(log)["wait_seconds"].tolist() in ([1.0], [3.0])
    assert len(calls_of(log.assign(queue=["a", "b", "b"]))) == 1, "what was not said to be answered is left out"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (pd.DataFrame({"at": [], "channel": [], "initiator": []}), "no answered and no wait_seconds"),
        (contact_log(at=pd.to_datetime(["2026-06-01"]), wait_seconds=[None], answered=[True]), "no contact says both"),
    ],
)
def test_logs_without_waits_say_what_to_supply(log, told):
    assert told in interaction.calls_of(log).why


def test_two_calls_a_day_are_too_few_to_staff_by():
    at = pd.date_range("2026-01-05 10:00", periods=200, freq="12h")
    calls = calls_of(contact_log(at=at, wait_seconds=[5.0] * 200, answered=[True] * 200, minutes=[4.0] * 200))
    told = interaction.arrivals(calls)
    assert "2 calls a day are too few to staff by" in told.why
    assert "too few" in sections.tell_staffing(told, told, told, tried=told, settings=SETTINGS).facts["why"]
    assert backtest(calls, None).why.startswith("Without the table shifts")


def test_three_weeks_are_too_short():
    at = pd.date_range("2026-01-05 09:00", periods=24 * 2 * 20, freq="30min")
    calls = calls_of(contact_log(at=at, wait_seconds=[5.0] * len(at), answered=[True] * len(at)))
    assert "less than 4 weeks" in interaction.arrivals(calls).why


def test_patience_is_the_time_under_risk_over_those_who_gave_up():
    told = interaction.patience([30] * 20 + [60] * 80, [False] * 20 + [True] * 80)
    assert told.mean_seconds.value == (20 * 30 + 80 * 60) / 20
    assert told.mean_seconds.low < told.mean_seconds.value < told.mean_seconds.high
    few = interaction.patience([30] * 9 + [60], [False] * 9 + [True])
    assert isinstance(few, Refusal) and "9 callers gave up" in few.why


def test_shifts_count_in_part_where_they_cover_a_part():
    shifts = pd.DataFrame(
        {"staff": ["a", "b"], "from": pd.to_datetime(["2026-06-01 09:15", "2026-06-01 09:00"]),
         "to": pd.to_datetime(["2026-06-01 10:15", "2026-06-01 09:30"])}
    )  # fmt: skip
    duty = on_duty(shifts, pd.to_datetime(["2026-06-01"]))
    assert duty[["slot", "agents"]].to_numpy().tolist() == [[18, 1.5], [19, 1.0], [20, 0.5]]
    with pytest.raises(UserError, match="staff 'a': a shift from 2026-06-01 09:15 to 2026-06-01 09:15 cannot be"):
        on_duty(shifts.assign(to=shifts["from"]), pd.to_datetime(["2026-06-01"]))


def test_occupancy_is_worked_over_paid_time():
    at = pd.to_datetime(["2026-06-01 09:00", "2026-06-02 09:00"])
    calls = with_slots(pd.DataFrame({"at": at, "minutes": [30.0, 15.0], "answered": True, "wait_seconds": 0.0}))
    shifts = pd.DataFrame({"staff": "a", "from": at, "to": at + pd.Timedelta(hours=1)})
    assert occupancy_of(calls, shifts).value == pytest.approx(45 / 120)
    assert np.isnan(interaction.occupancy(calls, NotSupplied("shifts")).value)


# ---- on a simulated centre ----

SETTINGS = stage_settings("interaction", "cdnow")


@pytest.fixture(scope="module")
def built():
    contacts, shifts = centre(11)
    calls = calls_of(contacts)
    patient = interaction.patience(calls["wait_seconds"], calls["answered"])
    return contacts, shifts, calls, patient


def test_whoever_hung_up_has_waited_less_than_the_queue_asked_for(built):
    _, shifts, calls, _ = built
    assert 15_000 < len(calls) < 30_000 and 0.03 < 1 - calls["answered"].mean() < 0.2
    assert set(calls.loc[calls["answered"], "staff"]) <= set(AGENTS)
    # patience of the impatient: far less than the mean
    assert calls.loc[~calls["answered"], "wait_seconds"].mean() < 0.5 / THETA
    assert len(shifts) == shifts.groupby(["staff", "from"]).ngroups


def test_arrivals_find_weekday_and_half_hour(built):
    *_, calls, _ = built
    told = arrivals(calls)
    by_day = told.table.groupby("weekday")["calls"].sum()
    assert by_day.idxmax() == 0 and len(by_day) == 5
    assert told.table["calls"].sum() == pytest.approx(len(calls) / 20, rel=0.02)
    assert counts(calls)["calls"].sum() == pytest.approx(len(calls), rel=0.001)
    assert 30 < told.size < 500, "days differ beyond Poisson: 69 is the truth"


def test_staffing_by_a_needs_no_more_than_by_c_and_keeps_the_promise(built):
    _, shifts, calls, patient = built
    days = calls["day"].unique()[-20:]
    table = interaction.staffing(
        arrivals(calls), patient.mean_seconds, share=0.8, within_seconds=20, shifts=shifts, days=days
    )
    assert (table["agents"] <= table["agents_c"]).all() and (table["agents_low"] <= table["agents_high"]).all()
    one = table.iloc[3]
    handling = 60 * arrivals(calls).minutes
    load = {"calls_per_hour": 2 * one["calls_high"], "handling_seconds": handling, "within_seconds": 20}
    level = [
        interaction.erlang_a(**load, agents=n, patience_seconds=patient.mean_seconds.value).service_level
        for n in (int(one["agents"]) - 1, int(one["agents"]))
    ]
    assert level[0] < 0.8 <= level[1]
    assert table["missing"].sum() > 0
    bare = interaction.staffing(arrivals(calls), patient.mean_seconds, share=0.8, within_seconds=20)
    assert bare["now"].isna().all() and (bare["agents"] == table["agents"]).all()


def test_weeks_kept_back_lie_in_the_interval(built):
    _, shifts, calls, _ = built
    told = backtest(calls, shifts)
    assert told.inside.value >= 0.85
    assert told.expected == pytest.approx(told.came, rel=0.25)
    again = backtest(calls, shifts)
    assert again.table.equals(told.table), "the same seed, the same draws"


def recovered(seeds, rate: float):
    means, by_minute = [], []
    for seed in seeds:
        contacts, _ = centre(seed, rate, centre_weeks=8)
        calls = calls_of(contacts)
        told = interaction.patience(calls["wait_seconds"], calls["answered"])
        means.append(told.theta.value / THETA)
        by_minute.append(told.curve.share_by(60).value)
    return np.array(means), np.array(by_minute)


def test_patience_is_recovered():
    means, by_minute = recovered(range(4), 24.0)
    assert abs(means.mean() - 1) < 0.06
    assert by_minute.mean() == pytest.approx(1 - np.exp(-60 * THETA), abs=0.02)


@pytest.mark.full
def test_patience_is_recovered_within_three_percent():
    means, by_minute = recovered(range(100, 140), 36.0)
    assert abs(means.mean() - 1) < 0.03
    assert by_minute.mean() == pytest.approx(1 - np.exp(-60 * THETA), abs=0.006)


@pytest.mark.full
def test_giving_up_is_told_for_most_half_hours_of_every_centre():
    inside, expected, came = [], [], []
    for seed in range(20):
        contacts, shifts = centre(seed, (16.0, 24.0, 48.0)[seed % 3])
        told = backtest(calls_of(contacts), shifts)
        inside.append(told.inside.value)
        expected.append(told.expected)
        came.append(told.came)
    assert min(inside) >= 0.85
    assert sum(expected) == pytest.approx(sum(came), rel=0.1)


# ---- what the page tells ----


def told_of(contacts, shifts):
    calls = interaction.calls_of(contacts)
    patient = interaction.patience(calls["wait_seconds"], calls["answered"])
    expected = interaction.arrivals(calls)
    days = None if isinstance(calls, Refusal) else calls["day"].unique()[-20:]
    given = None if isinstance(shifts, Refusal) else shifts
    table = interaction.staffing(expected, patient.mean_seconds, share=0.8, within_seconds=20, shifts=given, days=days)
    tried = interaction.backtest(calls, given)
    served = interaction.service(calls, 20)
    half_hours = interaction.by_half_hour(calls, 20)
    return {
        "service": sections.tell_service(served, half_hours, interaction.occupancy(calls, shifts), SETTINGS),
        "staffing": sections.tell_staffing(table, expected, patient, tried=tried, settings=SETTINGS),
        "patience": sections.tell_patience(patient),
    }


def test_sections_of_the_centre(built):
    contacts, shifts, *_ = built
    told = told_of(contacts, shifts)
    assert told["staffing"].verdict == "short" and told["staffing"].facts["there"] < told["staffing"].facts["wanted"]
    assert {remark.code for remark in told["staffing"].remarks} == {"erlang_c", "tried"}
    assert told["patience"].verdict in ("fits", "bent")
    assert told["service"].facts["worst"] > told["service"].facts["given_up"].value


def test_without_shifts_the_need_is_told_and_the_roster_is_asked_for(built):
    contacts, *_ = built
    told = told_of(contacts, NotSupplied("shifts"))
    assert told["staffing"].verdict == "unrostered" and not told["service"].remarks
    week = told["staffing"].frames["week"]
    assert week[["now", "given_up_now", "missing"]].isna().all(axis=None)
    assert set(PAGES["interaction"].section("staffing").parts["week"].columns) <= set(week)


def test_without_calls_each_section_says_what_to_supply():
    told = told_of(NotSupplied("contacts"), NotSupplied("shifts"))
    assert {one.verdict for one in told.values()} == {"not_supplied"}
    log = contact_log(at=pd.to_datetime(["2026-06-01"]), purpose=["x"])
    assert {one.verdict for one in told_of(log, NotSupplied("shifts")).values()} == {"unusable"}


def test_what_the_backtest_is_off_in_all_is_told_with_its_interval():
    """Days of 10 expected: 12 on each are a fifth more, surely; 8 and 16 by turns are as much, within noise."""
    days = pd.DataFrame({"day": pd.date_range("2026-06-01", periods=20), "expected": 10.0, "given_up": 12})
    sure = roster._bias(days, 0.9)
    assert (sure.value, sure.low, sure.high) == pytest.approx((0.2, 0.2, 0.2))
    loose = roster._bias(days.assign(given_up=[8, 16] * 10), 0.9)
    assert loose.value == pytest.approx(0.2) and (loose.low, loose.high) == pytest.approx((0.0413, 0.3587), abs=1e-3)
