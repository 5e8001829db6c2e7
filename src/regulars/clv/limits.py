"""What must be said beside the numbers: on spend and frequency, on outliers, on days, on what the data cannot tell."""

import numpy as np
import pandas as pd

from regulars.clv.in_memory import Models, spend_choice_effect
from regulars.clv.level import SEASONS_DAYS, Level
from regulars.clv.netting_bias import NettingBias
from regulars.clv.value import DAYS_PER_MONTH
from regulars.finding import Remark, may_refuse
from regulars.settings import Economics

LATE = 1.5  # times as many first orders a day at the log's start as later, from which it is said to have begun late
TOLD_TREND = 0.01  # logarithm that a trend adds, below which it is not worth a sentence
TOLD_WEIGHT = 0.1  # of scenarios, from which they are told to decide
STEADY = {"swings": 0.2, "drift": 0.3, "lately": 0.5}  # logarithms, beyond which a pace is told to be unsteady


@may_refuse
def remarks(
    models: Models, netting: NettingBias, *, economics: Economics, missed: int = 0, level: Level | None = None
) -> list[Remark]:
    """Everything about a fit that its reader must know, in the order of telling.

    Parameters
    ----------
    models : Models
        Whose choice of a model of spend, outliers and peculiarities are told.
    netting : NettingBias
        Of the model of orders.
    economics : Economics
        In which the choice of the model of spend is told in money.
    missed : int
        Conditions that the data do not meet.
    level : Level, optional
        Whether scenarios of dropout decide with the models.

    Returns
    -------
    list of Remark
        ``spend_independent`` or ``spend_tilted``; ``spend_capped`` where outliers were brought down; the codes of what
        the fits have found; ``scenarios``, ``season_unseen``, ``late_start`` and ``unsteady`` of the level;
        ``thin_data`` where conditions are missed; ``days_small`` or ``days_material``.

    Examples
    --------
    >>> from regulars.clv.in_memory import fit_models
    >>> from regulars.clv.netting_bias import day_netting_bias
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> purchases = Purchases.of(order_log(customers=250, seed=2))
    >>> summary = purchases.summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> models = fit_models(summary)
    >>> netting = day_netting_bias(models.orders, time_unit="week", repeats=2)
    >>> [remark.code for remark in remarks(models, netting, economics=economics)]
    ['spend_independent', 'days_small']
    """
    choice, capped = models.spend_choice, models.capped
    facts = {"correlation": choice.correlation, "tilt": choice.tilt}
    if choice.is_independent:
        found = [Remark("spend_independent", facts)]
    else:
        found = [Remark("spend_tilted", facts | {"moved": spend_choice_effect(models, economics)})]
    if capped.customers:
        cap = {"customers": capped.customers, "cap": capped.cap, "money": capped.money}
        found.append(Remark("spend_capped", cap))
    seen, told = [note.code for note in (*models.orders.findings_, *models.spend.findings_)], level_remarks(level)
    if "scenarios" in [remark.code for remark in told]:  # then who leaves is told by these
        seen = ["no_dropout_seen" if code == "no_dropout" else code for code in seen]
    found += [Remark(code) for code in seen] + told
    if missed:
        found.append(Remark("thin_data", {"conditions": missed}))
    days = "days_material" if netting.is_material else "days_small"
    return [*found, Remark(days, {"bias": netting.largest})]


def level_remarks(level: Level | None) -> list[Remark]:
    """What must be said of a forecast's level: scenarios, an unseen season, a late start, an unsteady pace, a trend.

    Examples
    --------
    >>> from regulars.clv.level import level_of
    >>> from regulars.clv.signs import Signs
    >>> year = Signs(373, 365, 4000, 12000, 0.0, 1.2, 0.05, 0.0, float("nan"), 0.1, 0.0)
    >>> [remark.code for remark in level_remarks(level_of(year))]
    ['scenarios', 'season_unseen', 'late_start']
    """
    if level is None or level.signs is None:
        return []
    signs, found = level.signs, []
    history = round(signs.history_days / DAYS_PER_MONTH)
    if level.is_mixed and 1 - level.models >= TOLD_WEIGHT:
        found.append(Remark("scenarios", {"weight": 1 - level.models, "yearly": level.yearly, "history": history}))
    if signs.history_days < SEASONS_DAYS:
        found.append(Remark("season_unseen"))
    if signs.start > np.log(LATE):
        found.append(Remark("late_start", {"times": float(np.exp(signs.start))}))
    if any(abs(getattr(signs, name)) > most for name, most in STEADY.items()):
        pace = {name: float(np.expm1(getattr(signs, name))) for name in ("drift", "lately")}
        found.append(Remark("unsteady", {"swings": float(np.exp(signs.swings))} | pace))
    if abs(level.trend) >= TOLD_TREND:
        found.append(Remark("trend", {"drift": float(np.expm1(signs.drift)), "moved": float(np.expm1(level.trend))}))
    return found


def one_time_buyers(customers: pd.DataFrame) -> dict[str, float]:
    """How many have ordered once only, of whom the model cannot tell who has left, and what is expected of them.

    Parameters
    ----------
    customers : pandas.DataFrame
        frequency, clv.

    Returns
    -------
    dict
        once (customers), share (of all), worth_share (of the value of all).

    Examples
    --------
    >>> one_time_buyers(pd.DataFrame({"frequency": [0, 0, 3, 1], "clv": [1.0, 1.0, 5.0, 3.0]}))
    {'once': 2, 'share': 0.5, 'worth_share': 0.2}
    """
    once = customers["frequency"] == 0
    worth = customers["clv"]
    return {"once": int(once.sum()), "share": float(once.mean()), "worth_share": float(worth[once].sum() / worth.sum())}
