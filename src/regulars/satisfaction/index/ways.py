"""Satisfaction in money under one set of assumptions: the model of purchasing with satisfaction, and what follows."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.clv import BetaGeoCovariateFitter
from regulars.purchases import unit_days
from regulars.rounding import round_significant
from regulars.settings import Economics
from regulars.statistics.intervals import Estimate, to_row, z_value

MONTH_DAYS = 30.4375
STEP = 1e-4  # of the numerical derivatives of value by the parameters
SLOPE_DIGITS = 6  # those behind are of the step; and differences of near-equal values end otherwise on each processor
BINS = 4  # values of the score at which value is computed; between them it is nearly straight


@dataclass(frozen=True)
class Assumed:
    """What the model takes for granted.

    Parameters
    ----------
    answer_if_left : float or None
        How often those who had left answer, as a share of how often the others do; None: the whole history is
        explained, that before the answer too.
    reliability : float
        Share of the score's variance that is the customer.
    is_weighted : bool
        Whether those who answered stand for all.
    """

    answer_if_left: float | None
    reliability: float
    is_weighted: bool = True


class Way:
    """The model under one set of assumptions, and what follows from it in money.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per customer who answered: history, ``score``, ``spend``, ``weight``.
    customers : int
        All customers, for whom they stand.
    assumed : Assumed
    economics : Economics
    below : float
        Satisfaction below which a customer is dissatisfied.
    level : float
        Of the intervals.
    """

    def __init__(self, rows, customers: int, assumed: Assumed, *, economics: Economics, below: float, level: float):
        self.rows, self.customers, self.level = rows, customers, level
        days = unit_days(economics.time_unit)
        self.margin, self.horizon = economics.margin, economics.horizon_months * MONTH_DAYS / days
        self.rate = float(np.log1p(economics.annual_discount_rate) * days / 365.25)  # per unit of time, continuous
        weight = rows["weight"].to_numpy() if assumed.is_weighted else np.ones(len(rows))
        self.weight = weight / weight.sum()
        score = rows["score"].to_numpy()
        self.mean = float(self.weight @ score)
        self.spread = float(np.sqrt(self.weight @ (score - self.mean) ** 2))
        # regression calibration: what the score tells of true satisfaction, whose SD is the unit
        self.s = np.sqrt(assumed.reliability) * (score - self.mean) / self.spread
        self.unit = self.spread * np.sqrt(assumed.reliability)  # points of true satisfaction in one SD of it
        rho = assumed.answer_if_left
        past = {} if rho is None else {"before": [rows[c] for c in ("x0", "t0", "T0")], "answer_if_left": rho}
        self.model = BetaGeoCovariateFitter().fit(
            rows["frequency"], rows["recency"], rows["T"], pd.DataFrame({"s": self.s}, index=rows.index), **past
        )
        self.covariance = self.model.variance_matrix_.to_numpy()
        self.low = score < below
        self.dissatisfied_share = float(self.weight @ self.low)
        self.effects = self._effects()
        self.at_risk = self._at_risk()

    def _effects(self):
        value = self.model.params_.to_numpy()[4:]
        error = self.model.standard_errors_.to_numpy()[4:]
        z = z_value(self.level)
        return pd.DataFrame(
            {
                "effect": pd.array(["rate", "dropout"], dtype="string"),
                "value": value,
                "value_low": value - z * error,
                "value_high": value + z * error,
                "p_value": 2 * norm.sf(np.abs(value / error)),
                "n": len(self.rows),
            }
        )

    def _estimate(self, function, sampling=0.0, nearly=None):
        """Estimate of a function of the parameters by the delta method, with sampling variance on top.

        `nearly` is a quicker function with nearly the same slopes.
        """
        point, sloped = self.model.point_, nearly or function
        value, base = function(point), sloped(point)
        steps = [(sloped(point + step) - base) / STEP for step in STEP * np.eye(point.size)]
        slope = round_significant(steps, SLOPE_DIGITS)
        half = z_value(self.level) * np.sqrt(np.maximum(slope.T @ self.covariance @ slope, 0.0) + sampling)
        return Estimate(float(value), float(value - half), float(value + half), len(self.rows))

    def _new(self, point, s):
        """Value over the horizon of a customer who has just come with satisfaction s."""
        orders = self.model.at([s], point).discounted_expected_orders(self.horizon, 0, 0, 0, self.rate)
        return self.margin * float(self.weight @ self.rows["spend"].to_numpy()) * (1 + float(orders))

    def curve(self) -> pd.DataFrame:
        """Value of a new customer at the mean of satisfaction, and one standard deviation below and above it."""
        told = [(at, self._estimate(lambda point, at=at: self._new(point, float(at)))) for at in (-1, 0, 1)]
        return pd.DataFrame(
            [(at, self.mean + at * self.unit, e.value, e.low, e.high, e.n) for at, e in told],
            columns=["position", "satisfaction", "value", "value_low", "value_high", "n"],
        )

    def _gain(self, point, who, *, target=None, lift=0.0, exact=True):
        """Value that each of these customers would bring more at the target (or with the lift) over the horizon."""
        rows, gamma = self.rows[who], point[4]
        s, gain = self.s[who], np.zeros(int(who.sum()))
        edges = np.unique(np.quantile(s, np.linspace(0, 1, BINS + 1)))
        cell = np.clip(np.searchsorted(edges, s, side="right") - 1, 0, max(len(edges) - 2, 0))
        x, t_x, T = (rows[name].to_numpy() for name in ("frequency", "recency", "T"))
        for k in np.unique(cell):
            here = cell == k
            now = float(s[here].mean())
            to = now + lift if target is None else target
            alive = self.model.at([now], point)._alive(x[here], t_x[here], T[here])
            t = np.full(int(here.sum()), self.horizon)
            before, after = self.model.at([now], point), self.model.at([to], point)
            # what a higher rate is: the same posterior with a clock that runs faster from now on
            pace = np.exp(-gamma * (to - now))
            gain[here] = alive * (
                self._ahead(after, t, (x[here], t_x[here] * pace, T[here] * pace), exact)
                - self._ahead(before, t, (x[here], t_x[here], T[here]), exact)
            )
        return self.margin * rows["spend"].to_numpy() * gain

    def _ahead(self, model, t, history, exact):
        """Discounted orders ahead of a customer who is alive; all discounted from the middle where not exact."""
        if exact:
            return model.discounted_if_alive(t, *history, self.rate)
        return model.orders_if_alive(t, *history) * np.exp(-self.rate * self.horizon / 2)

    def _total(self, who, *, target=None, lift=0.0) -> Estimate:
        """Estimate over all customers of the weighted sum of gains."""
        if not who.any():
            return Estimate(0.0, 0.0, 0.0, len(self.rows))
        weight = self.weight[who]
        each = np.zeros(len(self.rows))
        each[who] = self._gain(self.model.point_, who, target=target, lift=lift)
        mean = float(self.weight @ each)
        sampling = float(np.sum((self.weight * (each - mean)) ** 2)) * self.customers**2

        def nearly(point):
            each = self._gain(point, who, target=target, lift=lift, exact=False)
            return self.customers * float(weight @ each)

        return self._estimate(lambda point: self.customers * mean, sampling, nearly)

    def _at_risk(self):
        return replace(self._total(self.low, target=0.0), n=int(self.low.sum()))

    def point_value(self) -> Estimate:
        """What one point of satisfaction more of every customer brings over the horizon, currency."""
        return self._total(np.ones(len(self.rows), dtype=bool), lift=1 / self.unit)

    def sensitivity(self) -> dict[str, float]:
        """Effects and value at risk, with limits, as a row of a table."""
        row: dict[str, float] = {}
        for told in self.effects.itertuples():
            row |= to_row(Estimate(told.value, told.value_low, told.value_high), told.effect)
        return row | to_row(self.at_risk, "at_risk") | {"n": self.at_risk.n}
