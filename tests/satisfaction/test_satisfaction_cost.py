"""What dissatisfaction costs: the silent part, times with open cases, trails, handling, and satisfaction in money."""

import numpy as np
import pandas as pd
import pytest

from bought import purchases_on
from regulars import satisfaction
from regulars.clv import BetaGeoCovariateFitter
from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, UNUSABLE, Finding
from regulars.pages.declared import writer_of
from regulars.purchases import followed
from regulars.satisfaction.cases import complaint_iceberg, status_trail, ticket_times
from regulars.satisfaction.cases.complaints import tell_complaints
from regulars.satisfaction.cases.desk import tell_desk, tell_flow
from regulars.satisfaction.cases.goods import tell_goods
from regulars.satisfaction.cases.handled import first_to_mend, tell_returned, tell_service
from regulars.satisfaction.cases.iceberg import people_told, word_of_mouth
from regulars.satisfaction.cases.service import breach_forecast, ticket_volume
from regulars.satisfaction.cases.tickets import Cases, only_complaints, ticket_faults
from regulars.satisfaction.index import value_lost_to_dissatisfaction
from regulars.satisfaction.index.worth import histories_at
from regulars.satisfaction.screen import to_do
from regulars.settings import stage_settings
from regulars.simulate import demo
from regulars.simulate.purchasing import purchases_until_dropout
from regulars.simulate.streams import stream
from regulars.statistics.intervals import Estimate, share
from regulars.told import Report
from satisfaction_page import ABOUT

PROCESS = {"open": ["busy"], "busy": ["waiting", "closed"], "waiting": ["busy"], "closed": []}


# ---- the iceberg -----------------------------------------------------------------------------------------------


def iceberg_covers(runs):
    rng, hits = np.random.default_rng(11), 0
    for run in range(runs):
        people, rate, asked = int(rng.integers(400, 3000)), rng.uniform(0.1, 0.4), int(rng.integers(80, 300))
        complained = rng.binomial(people, rate)
        told = complaint_iceberg(complained, rng.binomial(asked, rate), asked, draws=1500, seed=run)
        hits += told.silent.low <= people - complained <= told.silent.high
    return hits / runs


def test_the_interval_of_the_silent_holds_the_truth():
    assert 0.83 <= iceberg_covers(250) <= 0.96


@pytest.mark.full
def test_the_interval_of_the_silent_holds_the_truth_in_a_thousand_runs():
    assert 0.87 <= iceberg_covers(1000) <= 0.93


def test_the_published_rate_is_only_a_prior():
    own = complaint_iceberg(300, 60, 200)
    assert own.rate.value == pytest.approx((60 + 0.08) / 202) and own.prior == 0.04
    assert not own.is_prior_only and complaint_iceberg(10, 0, 50).is_prior_only
    assert complaint_iceberg(10, 0, 50).silent.high > 500
    assert np.isnan(complaint_iceberg(0, 0, 50).silent.value)
    with pytest.raises(UserError, match="more than the 3 surveyed"):
        complaint_iceberg(10, 5, 3)
    with pytest.raises(UserError, match="whole number"):
        complaint_iceberg(-1, 0, 3)


def test_complainants_who_are_satisfied_are_taken_off():
    assert (
        complaint_iceberg(300, 60, 200, satisfied_complained=60).silent.value
        < complaint_iceberg(300, 60, 200).silent.value
    )
    told = complaint_iceberg(534, 38, 190, satisfied_complained=104)
    assert told.counted.value == pytest.approx(534 * 38 / 142, rel=0.02) and told.counted.n == 142
    assert told.counted.low < told.counted.value < told.counted.high
    assert told.dissatisfied.value == pytest.approx(told.silent.value + told.counted.value, rel=0.02)


# ---- times -----------------------------------------------------------------------------------------------------


def cases(n=400, seed=5, end="2026-03-31"):
    rng = np.random.default_rng(seed)
    stop = pd.Timestamp(end) + pd.Timedelta(days=1)
    opened = stop - pd.to_timedelta(np.round(rng.uniform(1, 24 * 60, n), 1), unit="h")
    first = opened + pd.to_timedelta(np.round(rng.exponential(9, n), 1), unit="h")
    done = opened + pd.to_timedelta(np.round(rng.exponential(90, n), 1), unit="h")
    frame = pd.DataFrame({"ticket_id": [f"T{i}" for i in range(n)], "opened_at": opened})
    frame["first_response_at"] = pd.Series(first).where(first < stop)
    frame["resolved_at"] = pd.Series(done).where(done < stop)
    return frame.assign(category=rng.choice(["late", "broken"], n))


def test_times_equal_those_of_statsmodels_with_open_tickets_censored():
    from statsmodels.duration.survfunc import SurvfuncRight

    tickets, end = cases(), pd.Timestamp("2026-04-01")
    told = ticket_times(tickets, "2026-03-31")
    assert tickets["resolved_at"].isna().sum() > 10
    for step, column in (("response", "first_response_at"), ("resolution", "resolved_at")):
        done = tickets[column].notna()
        hours = (tickets[column].fillna(end) - tickets["opened_at"]).dt.total_seconds() / 3600
        other = SurvfuncRight(hours, done.astype(int))
        curve = getattr(told, step)[""]
        assert curve.times == pytest.approx(other.surv_times) and curve.survival == pytest.approx(other.surv_prob)
        assert curve.quantile().value == pytest.approx(other.quantile(0.5))
    within = told.sla.set_index("step")
    assert within.loc["resolution", "share"] == pytest.approx(1 - np.exp(-48 / 90), abs=0.07)
    assert within.loc["resolution", "share_low"] < within.loc["resolution", "share"]


def test_a_case_is_held_to_its_own_promise_where_there_is_one():
    opened = pd.Timestamp("2026-01-01")
    hours = pd.Series([40.0, 60.0, 60.0, 80.0, 100.0])
    promised = pd.to_datetime([opened + pd.Timedelta(hours=24), opened + pd.Timedelta(hours=72), None, None, None])
    log = pd.DataFrame({"opened_at": opened, "resolved_at": opened + pd.to_timedelta(hours, unit="h")})
    log.loc[4, "resolved_at"] = pd.NaT  # nothing was promised of the open one, and its usual time is over
    told = ticket_times(log.assign(promised_at=promised), "2026-01-31", resolution_hours=72).sla.iloc[0]
    assert (told["share"], told["overdue"], told["n"]) == (pytest.approx(2 / 5), 1, 5)
    assert ticket_times(log, "2026-01-31", resolution_hours=72).sla["share"].iloc[0] == pytest.approx(3 / 5)
    assert breach_forecast(log.assign(promised_at=promised), pd.Timestamp("2026-01-07")).n == 4
    assert breach_forecast(log.assign(promised_at=opened), pd.Timestamp("2026-01-07")).n == 5


def test_breaches_of_next_week_lie_in_the_interval():
    hits = 0
    for seed in range(60):
        tickets = cases(600, seed, end="2026-03-31")
        cut = pd.Timestamp("2026-03-25")
        known = tickets[tickets["opened_at"] < cut]
        known = known.assign(resolved_at=known["resolved_at"].where(known["resolved_at"] < cut))
        told = breach_forecast(known, cut)
        limit = tickets["opened_at"] + pd.Timedelta(hours=48)
        missed = tickets["resolved_at"].isna() | (tickets["resolved_at"] > limit)
        came = int((missed & (limit >= cut) & (limit < cut + pd.Timedelta(days=7))).sum())
        hits += told.low <= came <= told.high
    assert hits >= 49


def test_backlog_adds_up_and_ages():
    tickets = cases()
    table = ticket_volume(tickets, "2026-03-31")
    assert table["backlog"].tolist() == (table["opened"] - table["closed"]).cumsum().tolist()
    still = tickets[tickets["resolved_at"].isna()]
    assert table["backlog"].iloc[-1] == len(still)
    age = (pd.Timestamp("2026-04-01") - still["opened_at"]).dt.total_seconds().mean() / 86400
    assert table["mean_age_days"].iloc[-1] == pytest.approx(age, rel=1e-6)


def test_a_ticket_that_ends_before_it_opens_is_named():
    bad = pd.DataFrame(
        {"ticket_id": ["T7"], "opened_at": [pd.Timestamp("2026-02-02")], "resolved_at": [pd.Timestamp("2026-02-01")]}
    )
    with pytest.raises(UserError, match="ticket T7: resolved_at is 2026-02-01"):
        ticket_times(bad, "2026-03-01")
    assert ticket_faults(bad.assign(amount_at_stake=-1.0, status="lost"), PROCESS) == [
        "Table tickets: 1 tickets have a resolved_at before they were opened (first: T7): correct one of the two.",
        "Table tickets: 1 tickets have a negative amount_at_stake (first: T7): an amount lost is 0 or more.",
        "Table tickets: 1 tickets have a status that the process does not know (first: T7): add it or correct it.",
    ]


# ---- trails ----------------------------------------------------------------------------------------------------


def log(*rows):
    frame = pd.DataFrame(rows, columns=["ticket_id", "at", "status"])
    return frame.assign(at=pd.to_datetime(frame["at"], format="ISO8601"))


HAND_MADE = log(
    ("1", "2026-01-01 08:00", "open"), ("1", "2026-01-01 09:00", "busy"), ("1", "2026-01-01 12:00", "closed"),
    ("2", "2026-01-02 08:00", "open"), ("2", "2026-01-02 10:00", "closed"),  # skipped busy
    ("3", "2026-01-03 08:00", "busy"),  # began in the middle, and is still there
    ("4", "2026-01-04 08:00", "open"), ("4", "2026-01-04 09:00", "busy"), ("4", "2026-01-04 10:00", "waiting"),
    ("4", "2026-01-04 11:00", "closed"), ("4", "2026-01-04 12:00", "busy"),  # two at once
    ("5", "2026-01-05 08:00", "open"), ("5", "2026-01-05 08:30", "open"), ("5", "2026-01-05 09:00", "busy"),
)  # fmt: skip


def test_every_illegal_transition_is_found_and_none_invented():
    told = status_trail(HAND_MADE, PROCESS, "2026-01-31")
    found = list(zip(told.illegal["ticket_id"], told.illegal["status"], told.illegal["next_status"], strict=True))
    assert found == [("2", "open", "closed"), ("3", "", "busy"), ("4", "waiting", "closed"), ("4", "closed", "busy")]
    assert told.illegal_cases == Estimate(0.6, told.illegal_cases.low, told.illegal_cases.high, 5)
    stays = told.stays.set_index(["ticket_id", "status"])["hours"]
    assert stays["5", "open"] == 1.0 and stays["1", "busy"] == 3.0
    assert told.dwell.set_index("status").loc["busy", ["n", "open"]].tolist() == [5, 3]
    assert told.faults == []


def test_what_cannot_be_followed_is_told_and_the_rest_stands():
    odd = pd.concat([
        HAND_MADE,
        log(("1", "2026-01-01 08:30", "lost"), ("9", "2026-01-01", "open"), ("1", "2025-12-01", "open")),
        log(("2", "2026-05-01", "open"), ("2", None, "open")),
    ])  # fmt: skip
    tickets = pd.DataFrame({"ticket_id": list("12345"), "opened_at": pd.Timestamp("2026-01-01")})
    told = status_trail(odd, PROCESS, "2026-01-31", tickets=tickets)
    assert len(told.faults) == 5 and "no ticket" in told.faults[3] and "'lost'" in told.faults[1]
    assert len(told.illegal) == 4
    backwards = status_trail(HAND_MADE.iloc[[1, 0, 2]], PROCESS, "2026-01-31")
    assert "out of order" in backwards.faults[0] and backwards.illegal.empty


def test_stuck_cases_are_those_that_outlast_the_others():
    rows = [(str(i), "2026-01-01", "open") for i in range(40)] + [
        (str(i), f"2026-01-{2 + i % 3:02d}", "busy") for i in range(39)
    ]
    told = status_trail(log(*rows), {"open": ["busy"], "busy": []}, "2026-01-31")
    assert told.stuck["ticket_id"].tolist() == ["39"] and told.stuck["hours"].tolist() == [744.0]


# ---- satisfaction in money -------------------------------------------------------------------------------------


def retailer(seed, n=4000, rate=0.25, dropout=-0.5, left=0.4):
    """Purchases of a shop and one survey a year before the end, answered before what it explains."""
    rng = stream(seed, "worth")
    s = rng.standard_normal(n)
    came = rng.uniform(0, 600, n)  # days
    bought = purchases_until_dropout(
        rng.gamma(1.0, 1 / 60, n) * np.exp(rate * s), rng.beta(0.8 * np.exp(dropout * s), 2.4), 1100 - came, rng
    )
    day = np.floor(came[bought.customer] + bought.time)
    purchases = purchases_on(
        {"customer_id": bought.customer.astype(str), "day": pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")}
    )
    chance = np.where(came + bought.dropped_at > 700, 0.5, 0.5 * left) * (came < 650)
    answers = np.flatnonzero(rng.random(n) < chance)
    scores = pd.DataFrame(
        {"customer_id": answers.astype(str), "wave": "1", "satisfaction": np.clip(65 + 15 * s[answers], 0, 100)}
    )
    return purchases, scores.assign(answered_at=pd.Timestamp("2023-01-01") + pd.Timedelta(days=700)), n


def lost(seed, **effects):
    purchases, scores, n = retailer(seed, **effects)
    spend = pd.Series(50.0, index=[str(i) for i in range(n)])
    return value_lost_to_dissatisfaction(purchases, scores, spend, "2026-01-05")


def effect_sizes(seed, **effects):
    """Both effects less the truth, per SD, and their standard errors, measured after the survey."""
    purchases, scores, _ = retailer(seed, **effects)
    rows = histories_at(purchases, scores.set_index("customer_id")["answered_at"], "2026-01-05")
    score = (scores.set_index("customer_id")["satisfaction"].reindex(rows.index) - 65) / 15
    past = [rows[name] for name in ("x0", "t0", "T0")]
    model = BetaGeoCovariateFitter().fit(
        rows["frequency"], rows["recency"], rows["T"], score.to_frame("s"), before=past, answer_if_left=0.4
    )
    return model.params_.to_numpy()[4:], model.standard_errors_.to_numpy()[4:]


def test_satisfaction_is_worth_what_the_simulation_says():
    one = lost(0, n=2500)
    value = one.effects.set_index("effect")
    for effect, true in (("rate", 0.25), ("dropout", -0.5)):
        error = (value.loc[effect, "value_high"] - value.loc[effect, "value_low"]) / 2 / 1.645
        assert abs(value.loc[effect, "value"] - true) < 3.5 * error
    assert one.verdict == "unclear"  # dropout moves, and what that costs cannot be told from nothing
    assert one.effects["p_value"].min() < 1e-4 and one.at_risk.low < 0 < one.at_risk.high
    assert one.by_satisfaction["value"].is_monotonic_increasing
    assert one.at_risk.low < one.at_risk.value < one.at_risk.high
    assert 0 < one.at_risk.n < one.point_value.n, "n counts the dissatisfied"
    assert one.sensitivity["assumption"].tolist()[0] == "all" and len(one.sensitivity) == 6
    assert 0 <= one.answer_if_left <= 1 and one.reliability == 1.0


@pytest.mark.parametrize(("rate", "dropout", "verdict"), [(0.4, -0.8, "costs"), (0.0, 0.0, "none")])
def test_what_costs_is_told_and_what_moves_nothing_is_not(rate, dropout, verdict):
    told = lost(0, n=2500, rate=rate, dropout=dropout)
    assert told.verdict == verdict
    assert (told.at_risk.low > 0) is (verdict == "costs")


@pytest.mark.parametrize("effects", [{"rate": 0.0, "dropout": 0.0}, {"rate": 0.25, "dropout": -0.5}])
def test_effects_after_the_survey_come_back_with_honest_errors(effects):
    told = np.array([effect_sizes(seed, n=2500, **effects) for seed in range(12)])
    z = (told[:, 0] - list(effects.values())) / told[:, 1]
    assert np.abs(z.mean(axis=0)).max() < 3 / np.sqrt(12) and (np.abs(z) < 1.96).mean() > 0.8


@pytest.mark.full
def test_effects_of_zero_raise_few_alarms_in_four_hundred_shops():
    told = np.array([effect_sizes(seed, rate=0.0, dropout=0.0) for seed in range(400)])
    assert ((np.abs(told[:, 0] / told[:, 1]) > 1.959964).mean(axis=0) <= 0.08).all()


def test_too_few_answers_are_one_sentence():
    purchases, scores, _ = retailer(1, n=300)
    with pytest.raises(UserError, match="100 are needed"):
        value_lost_to_dissatisfaction(purchases, scores.head(20), pd.Series([50.0], index=["0"]), "2026-01-05")


# ---- the simulator ---------------------------------------------------------------------------------------------


def test_outcomes_act_on_dropout_as_told_and_on_nothing_by_default():
    plain, harsh = demo(customers=1200, seed=4), demo(customers=1200, seed=4, leave_not_satisfied=0.9)
    assert set(plain["truth"]["tickets"]["leave_after_outcome"].values()) == {0.0}
    assert harsh["truth"]["tickets"]["leave_after_outcome"]["not_satisfied"] == 0.9
    unhappy = (
        harsh["tickets"].query("type == 'complaint' and outcome == 'not_satisfied'")["customer"].str.strip().str.upper()
    )
    share = {}
    for name, raw in (("plain", plain), ("harsh", harsh)):
        known = raw["truth_customers"].set_index("customer_id")["is_alive"]
        share[name] = 1 - known[unhappy.unique()].mean()
    assert share["harsh"] > 0.88 and share["harsh"] > share["plain"] + 0.2
    skipped = plain["truth"]["tickets"]["skipped_in_progress"]
    events = plain["ticket_events"].rename(columns={"ticket_no": "ticket_id"})
    events = events.assign(at=pd.to_datetime(events["at"]))
    told = status_trail(events, plain["truth"]["tickets"]["process"], "2026-06-30")
    assert sorted(told.illegal["ticket_id"]) == sorted(skipped) and told.faults == []


# ---- real tickets ----------------------------------------------------------------------------------------------

COMCAST = """\
title: Comcast
currency: USD
time_zone: America/New_York
simulated: false
observation_end: 2015-12-31
tables:
  orders:
    path: orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
  tickets:
    path: tickets.csv
    columns:
      ticket_id: "Ticket #"
      customer_id: "Ticket #"
      opened_at: {column: %s, date_format: "%s"}
      category: Customer Complaint
      cause: {constant: company}
      channel: Received Via
      urgency: {constant: normal}
      status: Status
      outcome: {constant: resolved}
"""


@pytest.mark.parametrize(
    ("column", "form"),
    [("Date", "%d-%m-%y"), ("Date_month_year", "%d-%b-%y"), ("moment", "%d-%b-%y %I:%M:%S %p")],
)
def test_the_tickets_of_comcast_map_with_each_of_their_date_formats(shop, shared_data, column, form):
    file = shared_data / "comcast_complaints/comcast_fcc_complaints.csv"
    if not file.is_file():
        pytest.skip("the tickets of Comcast are not on this machine")
    raw = pd.read_csv(file, dtype=str)
    raw["moment"] = raw["Date_month_year"] + " " + raw["Time"]
    shop.write("tickets.csv", raw.to_csv(index=False))
    shop.write("orders.csv", "order,customer,day,total\n1,ann,2015-01-05,10\n2,ann,2015-12-31,10\n")
    shop.map(COMCAST % (column, form))
    tickets = shop.clean().tables["tickets"]
    assert len(tickets) == len(raw) == 2224
    told = pd.to_datetime(raw["Date_month_year"], format="%d-%b-%y").value_counts()
    assert tickets["opened_at"].dt.normalize().value_counts().sort_index().tolist() == told.sort_index().tolist()


def test_ambiguous_dates_of_tickets_are_asked_for(shop):
    from regulars.sources.discovery import new_dataset

    shop.write("params.yaml", "common: {}\ndatasets:\n  other:\n    common: {}\n")
    rows = "".join(f"{i},{1 + i % 12:02d}-{1 + i % 9:02d}-15,late,Open\n" for i in range(60))
    shop.write("cases.csv", "ticket_id,opened,category,status\n" + rows)
    asked = "\n".join(new_dataset("shop", [str(shop.folder / "cases.csv")], "USD").questions)
    assert "date" in asked


# ---- the desk --------------------------------------------------------------------------------------------------

PROMISED = stage_settings("satisfaction", changes={"process": PROCESS})


def cases_of(tickets):
    """Cases of which all can be told."""
    return Cases(tickets, only_complaints(tickets), [])


def flow(log, orders, end):
    return tell_flow(cases_of(log), orders, end, PROMISED)


def desk(log, events=None):
    return tell_desk(satisfaction.sound_cases(log, PROCESS), events, "2026-03-31", PROMISED)


def goods(log, lines=None, units=None):
    return tell_goods(cases_of(log), lines, units, end="2026-03-31", settings=PROMISED)


def service(log, scores):
    return tell_service(satisfaction.sound_cases(log), scores, "2026-03-31", PROMISED)


def returned(log, orders):
    return tell_returned(satisfaction.sound_cases(log), orders, "2026-03-31", PROMISED)


def monthly(per_month, orders_per_month=1000, first="2024-12-15"):
    """A log of complaints with so many in each month of 2025, one in the month before, and orders."""
    months = pd.period_range("2025-01", periods=len(per_month), freq="M")
    counts = zip(months, per_month, strict=True)
    opened = [month.start_time + pd.Timedelta(hours=i) for month, n in counts for i in range(n)]
    opened = pd.Series([pd.Timestamp(first), *opened])
    log = pd.DataFrame({"opened_at": opened, "resolved_at": opened + pd.Timedelta(hours=30)})
    days = pd.Series([month.start_time for month in months]).repeat(orders_per_month)
    return log, pd.DataFrame({"ordered_at": days.reset_index(drop=True)})


def test_a_month_of_many_complaints_is_told_by_the_limits_of_montgomery():
    log, orders = monthly([20, 22, 18, 21, 19, 20, 40])
    told = flow(log, orders, "2025-07-31")
    centre = 160 / 7  # per thousand orders
    assert told.verdict == "up" and told.facts["usual"] == pytest.approx(centre)
    line = told.frames["line"].query("series == 'usual'")
    assert line["high"].iloc[-1] == pytest.approx(centre + 3 * np.sqrt(centre)) and line["low"].iloc[0] > 8
    assert flow(*monthly([20, 40, 18, 21, 19, 20, 22]), "2025-07-31").verdict == "moved"
    assert flow(*monthly([30, 32, 31, 29, 30, 31, 5]), "2025-07-31").verdict == "down"
    assert flow(*monthly([20, 22, 18, 21, 19, 20, 23]), "2025-07-31").verdict == "steady"
    few = flow(*monthly([2, 3, 2]), "2025-03-31")
    assert few.verdict == "few" and few.facts["cases"] == 7
    cut = flow(*monthly([20, 22, 18, 21, 19, 20, 40]), "2025-07-20")
    assert cut.facts["month"] == pd.Timestamp("2025-06-01")  # a month that is not over is not judged


def test_steady_complaints_are_seldom_called_more_than_chance():
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(60):
        alarms += flow(*monthly(rng.poisson(25, 12)), "2025-12-31").verdict != "steady"
    assert alarms <= 8  # 12 months at .27 % and a little more, since the limits are estimated


def desk_cases(n=400, kept=(0.9, 0.9), seed=2):
    rng = np.random.default_rng(seed)
    opened = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="h")
    owner = rng.integers(0, 2, n)
    late = rng.random(n) > np.asarray(kept)[owner]
    done = opened + pd.to_timedelta(np.where(late, 90, 30), unit="h")
    frame = pd.DataFrame({"ticket_id": [f"T{i:04d}" for i in range(n)], "opened_at": opened, "resolved_at": done})
    frame["promised_at"] = frame["opened_at"] + pd.Timedelta(hours=72)
    return frame.assign(owner=np.array(["Ann", "Bob"])[owner], contacts=rng.integers(1, 3, n))


def test_who_breaks_promises_is_named_only_beyond_chance():
    told = desk(desk_cases(kept=(0.9, 0.6)))
    assert told.verdict == "differ" and told.facts["owner"] == "Bob" and told.facts["owner_kept"].high < 0.75
    same = [desk(desk_cases(seed=seed)).verdict for seed in range(60)]
    assert same.count("differ") <= 12  # a tenth in the long run
    assert desk(desk_cases().drop(columns="owner")).verdict == "unknown"
    log = desk_cases().drop(columns="promised_at")
    assert desk(log).verdict == "unpromised"
    assert desk(log.drop(columns=["owner", "contacts"])).verdict == NOT_SUPPLIED, "nothing of the desk is recorded"
    few = desk(desk_cases(10))
    assert few.verdict == "few" and set(few.facts) == {"cases", "few"}


def test_faults_of_cases_and_trails_reach_the_page_and_the_rest_stands():
    tickets = desk_cases().astype({"ticket_id": "string"})
    tickets.loc[0, "resolved_at"] = tickets.loc[0, "opened_at"] - pd.Timedelta(hours=1)
    tickets = pd.concat([tickets, tickets.tail(1)], ignore_index=True)
    events = pd.DataFrame({"ticket_id": ["T0001", "T0001", "nobody"], "status": ["open", "lost", "open"],
                           "at": pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-02"])})  # fmt: skip
    told = desk(tickets, events)
    said = told.frames["faults"]["fault"].tolist()
    assert [word for word in ("twice", "before they were opened", "does not know", "belong to no ticket")
            if not any(word in sentence for sentence in said)] == []  # fmt: skip
    assert told.facts["at_once"].n == 399 and told.facts["kept"].n == 399


def test_goods_that_fail_stand_out_beyond_chance():
    rng = np.random.default_rng(8)
    lines = pd.DataFrame({"product_id": rng.choice([f"P{i}" for i in range(20)], 20_000), "quantity": 1})
    lines["description"] = "THING " + lines["product_id"].str[1:]
    bad = lines["product_id"].eq("P7") & (rng.random(len(lines)) < 0.04)
    hit = lines[bad | (rng.random(len(lines)) < 0.01)]
    told = goods(hit[["product_id"]], lines)
    assert told.verdict == "high" and told.facts["product"] == "Thing 7 (P7)" and told.facts["high"] == 1
    assert told.facts["rate"].low > told.facts["usual"]
    rare = pd.DataFrame({"product_id": ["P99"], "quantity": 1, "description": "RARE"})
    more = goods(pd.concat([hit, rare])[["product_id"]], pd.concat([lines, rare]))
    assert more.facts["cases"] == told.facts["cases"] == len(hit), "of goods seldom ordered none is counted"
    even = lines[rng.random(len(lines)) < 0.01]
    assert goods(even[["product_id"]], lines).verdict == "alike"
    assert goods(even.head(5), lines).verdict == "few"
    assert goods(even.drop(columns="product_id")).verdict == "unnamed"


def test_repairs_are_counted_within_the_warranty_only():
    units = pd.DataFrame({
        "product_id": ["a", "a", "a", "b"],
        "sold_at": pd.to_datetime(["2025-01-01"] * 4),
        "warranty_until": pd.to_datetime(["2025-12-31", "2025-12-31", "2027-01-01", "2025-12-31"]),
        "repaired_at": pd.to_datetime(["2025-06-01", "2026-02-01", None, None]),
        "repair_cost": [10.0, 99.0, None, None],
    })  # fmt: skip
    none = pd.DataFrame({"ticket_id": []})
    told = goods(none, units=units)
    assert told.verdict == "unnamed" and told.facts["repaired"] == 1 and told.facts["repair_cost"] == 10.0
    assert told.facts["running"] == 1 and told.frames["units"]["product_id"].tolist() == ["a", "b"]


def test_word_of_mouth_is_a_range_between_two_published_numbers():
    from regulars.satisfaction.cases import iceberg

    assert people_told(10, 0.2, 20) == pytest.approx(12.0)
    assert people_told(*iceberg.TOLD_LOW) == pytest.approx(10.9, abs=0.05)
    heard = word_of_mouth(Estimate(100, 90, 110, 40))
    assert np.isnan(heard.value) and heard.low == pytest.approx(90 * 10.865) and heard.high == pytest.approx(110 * 12)


def test_where_no_surveyed_customer_complained_the_page_says_so():
    scores = pd.DataFrame({"customer_id": [f"c{i}" for i in range(60)], "satisfaction": [20.0] * 40 + [90.0] * 20})
    tickets = desk_cases().assign(customer_id="other", kind="complaint")
    told = service(tickets, scores)
    assert told.verdict == "prior" and told.facts["rate"].n == 40


def test_every_verdict_of_the_desk_has_its_words():
    def tell(finding):
        words(finding)
        verdicts.add((finding.key, finding.verdict))

    verdicts = set()
    steady, grown = monthly([20, 22, 18, 21, 19, 20, 23]), monthly([20, 22, 18, 21, 19, 20, 40])
    for log, orders in (steady, grown, monthly([20, 40, 18, 21, 19, 20, 22]), monthly([2, 3, 2])):
        tell(flow(log, orders, orders["ordered_at"].max() + pd.offsets.MonthEnd()))
    unowned, unpromised = (desk_cases().drop(columns=column) for column in ("owner", "promised_at"))
    for log in (desk_cases(), desk_cases(kept=(0.9, 0.5)), unowned, unpromised, desk_cases(9)):
        tell(desk(log))
    lines = pd.DataFrame({"product_id": ["a", "b"] * 500, "quantity": 1})
    for products in (["a"] * 30 + ["b"] * 5, ["a", "b"] * 20, ["a"], []):
        log = pd.DataFrame({"product_id": pd.Series(products, dtype="string")})
        tell(goods(log, lines))
    scores = pd.DataFrame({"customer_id": [f"c{i}" for i in range(60)], "satisfaction": [20.0] * 40 + [90.0] * 20})
    tickets = desk_cases().assign(customer_id="other", kind="complaint")
    for who, known in (("other", scores), ("c1", scores), ("other", scores.assign(satisfaction=np.nan))):
        tell(service(tickets.assign(customer_id=who), known))
    tell(service(tickets.assign(kind="service"), scores))
    for again in ((0.9, 0.2), (0.2, 0.9), (0.5, 0.5)):
        tell(returned(*closed(200, *again)))
    tell(returned(*closed(20, 0.5, 0.5)))
    assert len(verdicts) == 20


def words(finding):
    """What the page says of a finding: a fact that no sentence uses, or a verdict without words, is an error."""
    report = Report("satisfaction", ABOUT)
    writer = writer_of(report.told.page, "en")
    writer.tell(finding.key, finding)
    return writer.blocks


def closed(n, righted, unrighted):
    """Complaints of which half were put right, and the orders of the shares of their customers who came back."""
    shown = pd.Timestamp("2025-06-01")
    kind = np.arange(n) % 2 == 0
    tickets = pd.DataFrame({
        "ticket_id": [f"t{i}" for i in range(n)],
        "customer_id": [f"c{i}" for i in range(n)],
        "kind": "complaint",
        "opened_at": shown,
        "resolved_at": shown,
        "category": "late",
        "outcome": np.where(kind, "resolved", "not_satisfied"),
        "amount_at_stake": np.where(np.arange(n) % 4 < 2, 5.0, 50.0),
    })  # fmt: skip
    back = (np.arange(n) // 2) / (n / 2) < np.where(kind, righted, unrighted)
    return tickets, pd.DataFrame(
        {"customer_id": tickets.loc[back, "customer_id"], "ordered_at": shown + pd.Timedelta(days=9)}
    )


def test_who_comes_back_is_told_of_a_whole_log_only():
    tickets, orders = closed(200, 0.9, 0.2)
    told = returned(tickets, orders)
    assert told.verdict == "more"
    assert (told.facts["righted"], told.facts["unrighted"]) == (share(90, 100), share(20, 100))
    cells = told.frames["cells"]  # a loss of 50 is neither small nor large
    assert cells[["loss", "n"]].to_numpy().tolist() == [["small", 50], ["small", 50]]
    assert returned(tickets.drop(columns="outcome"), orders).verdict == NOT_SUPPLIED
    told = returned(tickets, followed(orders, orders_sampled=True))
    assert told.verdict == UNUSABLE and told.facts["why"].startswith("The order log is a sample")


def test_who_complained_several_times_counts_once():
    """With the last complaint; and who is not known does not count at all."""
    tickets, orders = (frame.astype({"customer_id": "string"}) for frame in closed(200, 0.9, 0.2))
    earlier = tickets.assign(resolved_at=tickets["resolved_at"] - pd.Timedelta(days=30), outcome="not_satisfied")
    unknown = tickets.assign(customer_id=pd.array([pd.NA] * len(tickets), dtype="string"))
    more = pd.concat([earlier, tickets, unknown], ignore_index=True)
    more["ticket_id"] = [f"t{i}" for i in range(len(more))]
    told, once = (returned(log, orders) for log in (more, tickets))
    assert told.facts == once.facts
    pd.testing.assert_frame_equal(told.frames["cells"], once.frames["cells"])


def test_causes_stand_in_the_order_of_pareto():
    log = desk_cases(100).assign(customer_id=[f"c{i % 40}" for i in range(100)], category="late", outcome="resolved")
    log["cause"] = ["company: product"] * 30 + ["company: service"] * 60 + ["customer: product"] * 10
    table = tell_complaints(cases_of(log), 90, "2026-03-31", PROMISED).frames["pareto"]
    assert table["cause"].tolist() == ["company: service", "company: product", "customer: product"]
    assert table["cumulative"].tolist() == pytest.approx([0.6, 0.9, 1.0])


def test_cases_of_which_none_is_a_complaint_tell_nothing_of_complaints():
    log = desk_cases(40).assign(customer_id="a", kind="service", category="late delivery")
    customers = pd.DataFrame({"customer_id": ["a", "b"], "satisfaction": [20.0, 30.0]})
    told = service(log, customers)
    assert told.verdict == "unspoken" and "silent" not in told.facts
    assert tell_complaints(satisfaction.sound_cases(log), 2, "2026-03-31", PROMISED).verdict == NOT_SUPPLIED
    assert "No complaint is recorded" in next(block["title"] for block in words(told) if "title" in block)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_page_of_two_tickets_stands(n):
    log = desk_cases(2).assign(customer_id=["a", "b"], kind="complaint", category="late", outcome=["resolved", None])
    log = log.assign(amount_at_stake=5.0, product_id="p").head(n)
    lines = pd.DataFrame({"product_id": ["p"] * 100, "quantity": 1})
    customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "satisfaction": [20.0, 80.0, float("nan")]})
    orders = monthly([2, 3])[1].assign(customer_id="a")
    cases = satisfaction.sound_cases(log)
    complaints = tell_complaints(cases, len(customers), "2026-03-31", PROMISED)
    found = [
        complaints, service(log, customers), returned(log, orders), flow(log, orders, "2026-03-31"), desk(log),
        goods(log, lines),
    ]  # fmt: skip
    assert [one.verdict for one in found] == [
        "few",
        "few",
        "not_supplied" if n == 0 else "few",
        "few",
        "few",
        "few" if n else "unnamed",
    ]
    assert first_to_mend(*found[:2]) == []
    assert to_do(Finding(UNUSABLE), Finding("not_asked"), *found[:2], cases=Finding("few")) == []
    titles = [block["title"] for one in found for block in words(one) if block["kind"] == "section"]
    assert titles[0].endswith(f" from {n} complaint{'' if n == 1 else 's'}")
