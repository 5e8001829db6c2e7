"""What the value page tells: its first screen, its sections, and what to do. Each maker takes what was found before.

A base whose orders allow no model hands a `regulars.finding.Refusal` through all of it: sections that need a model say
why they are not told, the past is told all the same.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.clv.calibration import Calibration
from regulars.clv.cohort_revenue import CohortForecast
from regulars.clv.concentration import Concentration, lorenz_curves, loss_or_gain
from regulars.clv.equity import Equity, bridge
from regulars.clv.in_memory import OrdersOnly
from regulars.clv.lifetime import Lifetime
from regulars.clv.limits import one_time_buyers
from regulars.clv.margins import origin_of
from regulars.clv.month_by_month import MEASURES
from regulars.clv.newcomer import NewCustomer
from regulars.clv.once import BoughtOnce
from regulars.clv.payback import tell_payback as tell_payback
from regulars.clv.revenue import RevenueMove
from regulars.clv.trust import TOLD, Trust
from regulars.clv.value import DAYS_PER_MONTH
from regulars.clv.verdicts import (
    CohortsVerdict,
    EquityVerdict,
    HeadlineVerdict,
    LifetimeVerdict,
    RevenueVerdict,
    WorthVerdict,
)
from regulars.clv.whole import Whole
from regulars.finding import UNUSABLE, Action, Finding, FirstScreen, Refusal, Remark, Tile, refused, tells
from regulars.labels import Tested
from regulars.purchases import SAMPLED
from regulars.settings import Certainty, Economics
from regulars.statistics.intervals import Estimate, from_row, share


def first_screen(
    whole: Whole,
    trust: Trust,
    summary: pd.DataFrame,
    *,
    newcomer: NewCustomer,
    concentration: Concentration,
    equity: Equity,
    cohorts: CohortForecast,
    economics: Economics,
    certainty: Certainty,
) -> FirstScreen:
    """What all customers together should bring, and how far that can be trusted; without a model, what is known.

    Parameters
    ----------
    whole : Whole or Refusal
        Totals of all customers.
    trust : Trust or Refusal
        How the last test went decides which sentence opens the page.
    summary : pandas.DataFrame
        One row per customer: frequency, spend.
    newcomer : NewCustomer or Refusal
        Who of those just won comes back.
    concentration : Concentration
        What the top customers carry of the value to come.
    equity : Equity
        For the index.
    cohorts : CohortForecast
        Revenue of the months ahead, for the index.
    economics : Economics
        Margin and horizon, told beside the money.
    certainty : Certainty
        Level of the interval where no model is told.

    Returns
    -------
    FirstScreen
    """
    why = refused(whole, trust, concentration)
    if isinstance(why, OrdersOnly) and refused(trust) is None:
        return _without_money(why, trust, economics, certainty)
    if why is not None:
        return _without_model(why, summary, certainty.level)
    months, then, worst = economics.horizon_months, trust.longest, trust.worst
    facts = {"months": months, "days": then.days, "top": concentration.own, "miss": then.miss, "held": then.held}
    facts |= {"tests": len(trust.tests), "worst": worst.miss, "worst_way": worst.way, "worst_held": worst.held}
    facts |= {"cutoff": then.cutoff, "tested": Tested.AS_LONG if trust.is_tested else Tested.SHORTER}
    facts |= {"worth": whole.clv_total, "customers": whole.customers}
    revenue = {"months": len(cohorts.months), "before": cohorts.lately}
    # with customers still to be won it is of no number of customers
    with_new = equity.verdict in (EquityVerdict.TOTAL, EquityVerdict.BEFORE_COST)
    worth = {"months": months} | ({"to_come": equity.to_come} if with_new else {})
    return FirstScreen(
        Finding(WorthVerdict.LOSS if whole.clv_total.value < 0 else then.verdict, facts),
        (
            Tile(
                "worth",
                whole.clv_total,
                "money_short",
                facts={"months": months, "margin": economics.margin, "origin": origin_of(economics)},
            ),
            Tile("orders", whole.orders_total, "count_short", facts={"months": months}),
            *([Tile("returns", newcomer.returns, "percent", facts={"months": months})] if newcomer else []),
            Tile(
                "forecast",
                then.forecast,
                "count_short",
                then.verdict,
                facts={"days": then.days, "came": then.came, "worst": worst.miss, "worst_way": worst.way},
            ),
            Tile(
                "equity",
                replace(equity.told, n=0) if with_new else equity.told,
                "money_short",
                equity.verdict,
                indicator="equity",
                on_page=False,
                facts=worth,
            ),
            Tile(
                "revenue",
                replace(cohorts.coming.total("revenue"), n=0),
                "money_short",
                indicator="revenue",
                on_page=False,
                facts=revenue,
            ),
        ),
    )


def _without_money(known: OrdersOnly, trust: Trust, economics: Economics, certainty: Certainty) -> FirstScreen:
    """How often customers should order, and how the test went; nothing of money."""
    ahead, months, then = known.ahead(economics, certainty), {"months": economics.horizon_months}, trust.longest
    again = share(int((known.summary["frequency"] > 0).sum()), len(known.summary), certainty.level)
    tested = {"days": then.days, "came": then.came, "worst": trust.worst.miss, "worst_way": trust.worst.way}
    facts = {"ahead": ahead, "customers": len(known.summary), "why": known.why, **months}
    return FirstScreen(
        Finding(WorthVerdict.COUNTED, facts),
        (
            Tile("orders", ahead, "count_short", facts=months),
            Tile("again", again, "percent"),
            Tile("forecast", then.forecast, "count_short", then.verdict, facts=tested),
        ),
    )


def _without_model(why: Refusal, summary: pd.DataFrame, level: float) -> FirstScreen:
    """Customers, the days on which they ordered, what they spent, who came back, and why there is no more.

    Of a sample of the orders nothing is said of who came back.
    """
    customers, spent = len(summary), float(summary["spend"].sum())
    again = share(int((summary["frequency"] > 0).sum()), customers, level)
    facts = {"orders": int(summary["frequency"].sum()) + customers, "spent": spent, "why": why.why}
    tiles = (
        Tile("customers", Estimate(customers)),
        Tile("spent", Estimate(spent), "money_short"),
        *((Tile("again", again, "percent"),) if why.why != SAMPLED else ()),
    )
    if why.why == SAMPLED:
        return FirstScreen(Finding(WorthVerdict.SAMPLED, facts | {"customers": customers}), tiles)
    if isinstance(why, BoughtOnce):
        return FirstScreen(Finding(WorthVerdict.ONCE, facts | {"customers": customers, "again": again}), tiles)
    if customers == 1:
        return FirstScreen(Finding(WorthVerdict.ONE, facts), tiles)
    return FirstScreen(Finding(WorthVerdict.UNTOLD, facts | {"customers": customers}), tiles)


@tells
def tell_equity(equity: Equity, levers: pd.DataFrame) -> Finding:
    """What the base is worth with the customers still to come.

    Parameters
    ----------
    equity : Equity
        As `regulars.clv.customer_equity` gives it.
    levers : pandas.DataFrame
        As `regulars.clv.elasticities` gives them.

    Returns
    -------
    Finding
        Verdict `EquityVerdict`; frames ``bridge`` where customers to come are known, and ``levers``.
    """
    if equity.verdict in (EquityVerdict.ONE_COHORT, EquityVerdict.SHORT):
        return Finding(equity.verdict, {"existing": equity.existing}, {"levers": levers})
    facts = {"equity": equity.told, "existing": equity.existing, "to_come": equity.to_come}
    facts |= {"won": equity.acquisition.total, "growth": equity.acquisition.growth}
    if equity.verdict == EquityVerdict.TOTAL:
        facts |= {"cost": equity.cost, "per_customer": equity.cost_each}
    return Finding(equity.verdict, facts, {"bridge": bridge(equity), "levers": levers})


@tells
def tell_lifetime(lifetime: Lifetime, *, months: float) -> Finding:
    """What existing customers should bring to the end, and each cohort beside what winning it cost.

    Parameters
    ----------
    lifetime : Lifetime
        As `regulars.clv.lifetime_equity` gives it.
    months : float
        Horizon of the page.

    Returns
    -------
    Finding
        Verdict `LifetimeVerdict`; frame ``cohorts``, or ``uncosted`` where nobody knows what winning a customer costs.
    """
    facts = {"lifetime": lifetime.total, "horizon": lifetime.horizon, "months": months}
    remarks = [Remark("new", {"new": lifetime.new})] if lifetime.new > 0 else []
    if not np.isfinite(lifetime.cost_each.value):
        frames = {"uncosted": lifetime.cohorts.drop(columns="net_each")}
        return Finding(LifetimeVerdict.NO_COST, facts, frames, remarks=remarks)
    facts |= {"cost": lifetime.cost_each}
    return Finding(LifetimeVerdict.WITH_COST, facts, {"cohorts": lifetime.cohorts}, remarks=remarks)


@tells
def tell_concentration(concentration: Concentration, customers: pd.DataFrame, *, draws: int) -> Finding:
    """Who carries the value: facts, and two curves over the customers in order of past revenue.

    Parameters
    ----------
    concentration : Concentration
        As `regulars.clv.compare_concentration` gives it.
    customers : pandas.DataFrame
        spend, clv.
    draws : int
        Simulated futures behind the intervals of single customers.

    Returns
    -------
    Finding
        Verdict `ConcentrationVerdict`; frame ``lorenz``.
    """
    _, value = loss_or_gain(customers["clv"])
    spend, facts = customers["spend"], {"draws": draws}
    facts |= {name: getattr(concentration, name) for name in ("past", "future", "own", "past_gini", "future_gini")}
    return Finding(concentration.verdict, facts, {"lorenz": lorenz_curves(past=spend, future=value, ranked_by=spend)})


@tells
def tell_revenue(move: RevenueMove) -> Finding:
    """How revenue moved; nothing is drawn where there is nothing to compare.

    Parameters
    ----------
    move : RevenueMove
        As `regulars.clv.revenue_move` gives it.

    Returns
    -------
    Finding
        Verdict `RevenueVerdict`; frame ``steps``.
    """
    facts: dict[str, object] = {"days": move.days}
    if move.verdict == RevenueVerdict.SHORT:
        return Finding(move.verdict, facts)
    facts |= {"before": move.before, "now": move.now}
    if move.verdict != RevenueVerdict.ONE_COHORT:
        facts |= {"existing": move.existing, "largest": move.largest, "moved": move.moved}
    return Finding(move.verdict, facts, {"steps": move.steps})


@tells
def tell_cohorts(cohorts: CohortForecast, earlier: Finding, summary: pd.DataFrame, *, min_cell: int = 1) -> Finding:
    """What each year's intake has brought, and what is to come.

    Parameters
    ----------
    cohorts : CohortForecast
        As `regulars.clv.forecast_cohorts` gives it.
    earlier : Finding
        Its frame ``months``, where there is one, is drawn beside what came: start, and each measure with the ends of
        its interval, as they were told before.
    summary : pandas.DataFrame
        One row per customer: first_ordered_at.
    min_cell : int
        Where fewer customers of a cohort bought in a month of the past, as where hardly anybody comes back, months are
        told over all cohorts together: with such cells left out, what they hide would be read off the others.

    Returns
    -------
    Finding
        Verdict `CohortsVerdict`; frames ``revenue``, ``customers``, ``orders`` (start: calendar month that each
        stretch is named after, cohort, the measure, is_forecast, low, high of the month's total), ``cohorts`` (the
        newest first) and ``months`` (those ahead first, then those of the past, the latest first; of all cohorts
        together, few as some may be; is_ahead, named: calendar month, is_whole: not begun before the data); ``past``
        alone, with the customers of each cell, where the orders allow no model.
    """
    if cohorts.verdict == CohortsVerdict.PAST_ONLY:
        # how many bought in each cell stands beside it, so that few of them are not told
        past = cohorts.by_month("revenue").assign(customers=cohorts.past["customers"])
        if past["customers"].between(1, min_cell - 1).any():
            past = _all_cohorts(past)
        drawn = _named(past, cohorts.observation_end)
        return Finding(
            cohorts.verdict, {"past": float(drawn["revenue"].sum()), "customers": len(summary)}, {"past": drawn}
        )
    months, before = cohorts.months, cohorts.months_past
    facts = {
        "months": len(months),
        "ahead": cohorts.coming.total("revenue"),
        "orders": cohorts.coming.total("orders"),
        "before": cohorts.lately,
        "n_before": min(len(months), len(before)),
        "past": float(before["revenue"].sum()),
        "next": from_row(months.iloc[0].to_dict() | {"n": cohorts.coming.n}, "customers"),
        "ordered": float(before["customers"].iloc[-1]),
    }
    if cohorts.with_new:
        facts["new_share"] = cohorts.new_share
    frames = {name: _named(cohorts.by_month(name), cohorts.observation_end) for name in MEASURES}
    every = pd.concat([months.assign(is_ahead=True), before[::-1].assign(is_ahead=False)], ignore_index=True)
    begun = summary["first_ordered_at"].min()
    every = every.assign(named=_named(every, cohorts.observation_end)["start"], is_whole=every["start"] >= begun)
    frames |= {"cohorts": cohorts.by_cohort, "months": every}
    told = earlier.frames.get("months", ())
    end = cohorts.observation_end
    shown = {name: {"told": _line(told, name, end)} for name in MEASURES} if len(told) else {}
    return Finding(cohorts.verdict, facts, frames, shown)


def _all_cohorts(past: pd.DataFrame) -> pd.DataFrame:
    """Months of the past over all cohorts, which are named by the first and the last of them."""
    named = past["cohort"].astype(str)
    together = past.groupby(["start", "is_forecast"], as_index=False)[["revenue", "customers"]].sum()
    return together.assign(cohort=f"{named.min()}–{named.max()}", low=np.nan, high=np.nan)[list(past)]


def _line(told: pd.DataFrame, name: str, end) -> pd.DataFrame:
    """One measure as it was told: start, the measure, low, high."""
    ends = {f"{name}_low": "low", f"{name}_high": "high"}
    return _named(told[["start", name, *ends]].rename(columns=ends), end)


def _named(stretches: pd.DataFrame, end) -> pd.DataFrame:
    """Months that begin on any day by the first day of a calendar month: each once, and none left out.

    Each is named after the month in which it ends, so that none lies before the data: the one that begins after `end`,
    the last day observed, after the month that follows, and the others in turn before and after it.
    """
    ahead, start = pd.Timestamp(end).normalize() + pd.Timedelta(days=1), pd.to_datetime(stretches["start"])
    length = pd.Timedelta(days=DAYS_PER_MONTH)
    months = ((start - start.min()) / length).round() + round((start.min() - ahead) / length)
    named = np.datetime64(end, "M") + 1 + months.to_numpy(np.int64)
    return stretches.assign(start=named.astype("datetime64[us]"))


def _groups_held(active: Calibration) -> dict[str, int]:
    """Groups of like chance, and those of them whose chance the interval of what came holds."""
    table = active.reliability
    return {"groups": len(table), "held": int(table["predicted"].between(table["low"], table["high"]).sum())}


@tells
def tell_trust(trust: Trust, active: Calibration, *, economics: Economics, certainty: Certainty) -> Finding:
    """How far the forecast can be trusted: what it said on past days, and what came.

    Parameters
    ----------
    trust : Trust
        As `regulars.clv.judge_forecasts` gives it.
    active : Calibration
        Of P(active): whether it is told as calibrated is one of the remarks.
    economics : Economics
        The days of P(active).
    certainty : Certainty
        What no model sees of a total's level.

    Returns
    -------
    Finding
        Verdict `TrustVerdict`; frames ``folds`` (hold-outs), ``long`` (tests at the horizon told, where there are),
        ``tests`` (both), ``ranges`` (of single customers) and ``scorecard``.
    """
    then, chosen, worst = trust.last, trust.headline, trust.worst
    facts = {
        "worst": worst.miss,
        "worst_way": worst.way,
        "worst_days": worst.days,
        "worst_cutoff": worst.cutoff,
        "folds": len(trust.tests),
        "days": trust.days,
        "uncertainty": certainty.level_uncertainty,
        "covered": trust.coverage.real,
        "n": then.forecast.n,
        "cutoff": then.cutoff,
        "then": then.forecast,
        "came": then.came,
        "naive": then.naive,
    }
    facts_of_choice: dict[str, object] = {"wins": chosen.wins, "folds": chosen.folds}
    if chosen.verdict == HeadlineVerdict.NAIVE:
        facts_of_choice["rule"] = chosen.model
    picked = Remark(chosen.verdict, facts_of_choice)
    days = {"days": economics.active_within_days}
    remarks = [*trust.misses]
    told = trust.money_scorecard[trust.money_scorecard["model"] == TOLD]
    if len(told):
        remarks.append(Remark("money", {"money": from_row(told.assign(n=then.forecast.n).iloc[0], "bias")}))
    if trust.coverage.adjusted:
        remarks.append(Remark("adjusted", {"adjusted": trust.coverage.adjusted}))
    groups = _groups_held(active)
    code = "calibrated" if 2 * groups["held"] >= groups["groups"] else "calibrated_off"
    calibrated = Remark(active.reason, days) if active.reason else Remark(code, days | groups)
    tests = trust.tests.rename(columns={"low": "expected_low", "high": "expected_high"})
    frames = {"folds": trust.totals, "tests": tests, "ranges": trust.coverage.table, "scorecard": trust.scorecard}
    frames |= {"money": trust.money_scorecard, "deciles": trust.deciles}
    if len(trust.at_horizon):
        frames["long"] = trust.at_horizon
    return Finding(trust.verdict, facts, frames, remarks=(*remarks, picked, calibrated))


@tells
def tell_buying(
    newcomer: NewCustomer,
    customers: pd.DataFrame,
    *,
    fit: pd.DataFrame,
    track: pd.DataFrame,
    remarks: Sequence[Remark] = (),
    economics: Economics,
) -> Finding:
    """How customers buy: what to expect of a newcomer, and how well the model describes those there are.

    Parameters
    ----------
    newcomer : NewCustomer
        As `regulars.clv.new_customer` gives it.
    customers : pandas.DataFrame
        Scored: frequency, clv.
    fit : pandas.DataFrame
        As `regulars.clv.frequency_check` gives it.
    track : pandas.DataFrame
        As `regulars.clv.tracking` gives it.
    remarks : sequence of Remark
        What must be said beside it, of `regulars.clv.remarks`.
    economics : Economics
        The horizon.

    Returns
    -------
    Finding
        Frames ``fit`` and ``tracking`` (long: week_end, series, orders).
    """
    facts = {"returns": newcomer.returns, "months": economics.horizon_months}
    facts |= {"orders": newcomer.expected_orders, "spend": newcomer.spend_per_order, "worth": newcomer.clv}
    facts |= {"rate": newcomer.orders_per_year, "leaves": newcomer.leaves, **one_time_buyers(customers)}
    facts |= {"none": fit["customers"].iloc[0], "expected": fit["expected"].iloc[0]}
    last = track.iloc[-1] if len(track) else {}
    facts |= {"came": last.get("came", 0.0), "foretold": last.get("expected", 0.0)}
    series = track.melt("week_end", ["expected", "came"], "series", "orders")
    return Finding(None, facts, {"fit": fit, "tracking": series}, remarks=remarks)


def to_do(pyramid: Finding, newcomer: NewCustomer, first_spend: Estimate, economics: Economics) -> list[Action]:
    """What to do about it: hold those at the top, and win others for less than they bring.

    Parameters
    ----------
    pyramid : Finding
        Of `regulars.segments.tell_pyramid`: its frame ``steps``, the top one first.
    newcomer : NewCustomer or Refusal
        What one brings after the first order.
    first_spend : Estimate
        What a first order brings, currency: of `regulars.clv.first_order_spend`.
    economics : Economics
        The horizon and the margin.

    Returns
    -------
    list of Action
        None where the orders allow no model; nothing of a top step with too few customers to be shown.
    """
    if pyramid.verdict == UNUSABLE:
        return []
    top = [
        Action("top", facts={"customers": step["customers"], "share": step["clv_share"], "at_stake": step["clv"]})
        for _, step in pyramid.frames["steps"].head(1).iterrows()
    ]
    if not newcomer:
        return top
    worth = _both(newcomer.clv, first_spend, economics.margin)
    acquire = Action("acquire", facts={"worth": worth, "months": economics.horizon_months})
    return [*top, acquire] if np.isfinite(worth.value) else top


def _both(follows: Estimate, first: Estimate, margin: float) -> Estimate:
    """Margin of a first order and of what follows; each is learnt apart from the other, so that their errors are."""
    value = follows.value + margin * first.value
    below = float(np.hypot(follows.value - follows.low, margin * (first.value - first.low)))
    above = float(np.hypot(follows.high - follows.value, margin * (first.high - first.value)))
    return Estimate(value, value - below, value + above, first.n)
