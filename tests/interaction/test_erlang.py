"""Erlang C and A against values computed at forty digits, and against what must hold."""

import math

import mpmath
import pytest
from scipy.stats import norm

from regulars.errors import UserError
from regulars.interaction import agents_needed, erlang_a, erlang_c

# 100 calls per 30 minutes of 180 s, answered within 20 s: agents, P(wait), service level, mean wait, occupancy
PUBLISHED_C = [
    (11, 0.68211820468933, 0.38961381172915, 122.78127684408, 0.90909090909),
    (12, 0.44938822429827, 0.64015804037401, 40.444940186844, 0.83333333333),
    (13, 0.28527045303649, 0.79559478841778, 17.116227182190, 0.76923076923),
    (14, 0.17413193359505, 0.88835001917947, 7.8359370117772, 0.71428571429),
    (15, 0.10204236700799, 0.94145284286902, 3.6735252122876, 0.66666666667),
]
EXACT = {"rel": 1e-10}


@pytest.mark.parametrize(("agents", "p_wait", "level", "wait", "occupancy"), PUBLISHED_C)
def test_erlang_c(agents, p_wait, level, wait, occupancy):
    queue = erlang_c(200, 180, agents, 20)
    assert queue.p_wait == pytest.approx(p_wait, **EXACT)
    assert queue.service_level == pytest.approx(level, **EXACT)
    assert queue.mean_wait_seconds == pytest.approx(wait, **EXACT)
    assert queue.occupancy == pytest.approx(occupancy, **EXACT)
    assert queue.abandoned == 0


def test_erlang_a_beside_c():
    """Garnett, Mandelbaum and Reiman (2002): 48 calls a minute of one minute, 50 agents, patience of two minutes."""
    c, a = erlang_c(2880, 60, 50, 20), erlang_a(2880, 60, 50, 20, patience_seconds=120)
    assert c.p_wait == pytest.approx(0.69445561119683, **EXACT)
    assert c.mean_wait_seconds == pytest.approx(20.833668335905, **EXACT)
    assert c.wait_quantile(0.9) == pytest.approx(58.138741782009, **EXACT)
    assert c.queue == pytest.approx(16.666934668724, **EXACT)
    assert a.abandoned == pytest.approx(0.030912249162193, **EXACT)
    assert a.p_wait == pytest.approx(0.46777406855379, **EXACT)
    assert a.mean_wait_seconds == pytest.approx(3.7094698994632, **EXACT)
    assert a.wait_quantile(0.9) == pytest.approx(12.444647715181, **EXACT)
    assert a.queue == pytest.approx(2.9675759195705, **EXACT)
    assert a.occupancy == pytest.approx(0.93032424080429, **EXACT)
    assert a.waits_longer(20) == pytest.approx(0.027135608292192, **EXACT)
    assert a.service_level == pytest.approx(0.94301895474698, **EXACT)


@pytest.mark.parametrize(("calls", "agents", "patience"), [(100, 3, 60), (100, 12, 300), (500, 20, 45), (40, 1, 600)])
def test_the_share_that_hangs_up_is_the_mean_wait_over_patience(calls, agents, patience):
    queue = erlang_a(calls, 180, agents, 20, patience_seconds=patience)
    assert queue.abandoned == pytest.approx(queue.mean_wait_seconds / patience, rel=1e-12)
    assert queue.occupancy == pytest.approx(calls * 180 / 3600 * (1 - queue.abandoned) / agents, rel=1e-12)


def test_erlang_a_at_forty_digits():
    """Steady state of the birth–death chain, summed without a logarithm."""
    calls, handling, agents, patience = 130, 240, 9, 150
    with mpmath.workdps(40):
        load, leave = mpmath.mpf(calls) * handling / 3600, mpmath.mpf(handling) / patience
        terms = [mpmath.mpf(1)]
        for k in range(1, 400):
            terms.append(terms[-1] * load / (min(k, agents) + max(k - agents, 0) * leave))
        queue = sum(max(k - agents, 0) * p for k, p in enumerate(terms)) / sum(terms)
        abandoned = queue * leave / load
        waits = sum(terms[agents:]) / sum(terms)
    told = erlang_a(calls, handling, agents, 20, patience_seconds=patience)
    assert told.abandoned == pytest.approx(float(abandoned), rel=1e-12)
    assert told.p_wait == pytest.approx(float(waits), rel=1e-12)


@pytest.mark.parametrize(
    ("beta", "p_wait"), [(0.5, 0.504538640998), (1, 0.223361274798), (1.5, 0.084690394494), (2, 0.026881362429)]
)
def test_many_agents_come_near_halfin_and_whitt(beta, p_wait):
    assert 1 / (1 + beta * norm.cdf(beta) / norm.pdf(beta)) == pytest.approx(p_wait, rel=1e-10)
    agents = 40_000
    load = agents - beta * math.sqrt(agents)
    assert erlang_c(load * 20, 180, agents, 20).p_wait == pytest.approx(p_wait, rel=0.02)


def test_patience_without_end_is_erlang_c():
    assert erlang_a(200, 180, 13, 20, patience_seconds=1e9).service_level == pytest.approx(0.79559478841778, abs=1e-5)


def test_fewest_agents():
    """80/20 needs 14 agents: 13 give 79.56 %; with patience fewer, since some hang up."""
    rule = {"share": 0.8, "within_seconds": 20}
    assert agents_needed(200, 180, **rule) == 14
    for calls in (1, 7, 60, 200, 1500):
        for patience in (None, 120):
            need = agents_needed(calls, 180, **rule, patience_seconds=patience)

            def level(agents, calls=calls, patience=patience):
                if patience is None:
                    return erlang_c(calls, 180, agents, 20).service_level if agents > calls / 20 else 0.0
                return erlang_a(calls, 180, agents, 20, patience_seconds=patience).service_level

            assert level(need) >= 0.8
            assert need == 1 or level(need - 1) < 0.8
    assert agents_needed(0, 180, **rule) == 0


def test_overload_has_no_answer_in_c_and_one_in_a():
    with pytest.raises(UserError, match="the queue grows without end; take more than 10, or Erlang A"):
        erlang_c(200, 180, 10, 20)
    crushed = erlang_a(2000, 180, 10, 20, patience_seconds=120)
    assert crushed.abandoned == pytest.approx(0.9, abs=1e-9) and crushed.occupancy <= 1


@pytest.mark.parametrize("call", [(-1, 180, 3, 20), (10, 0, 3, 20), (10, 180, 0, 20), (float("nan"), 180, 3, 20)])
def test_what_cannot_be_is_one_sentence(call):
    with pytest.raises(UserError) as caught:
        erlang_c(*call)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="between 0 and 1"):
        agents_needed(10, 180, share=1.0, within_seconds=20)
    with pytest.raises(UserError, match="patience"):
        erlang_a(10, 180, 3, 20, patience_seconds=0)
