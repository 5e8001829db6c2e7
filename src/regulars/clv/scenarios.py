"""Dropout that a log cannot show: what customers would order if so many of them left each year.

Where a history is shorter than two seasons or than the horizon, who has left cannot be told from who is out of season,
and a likelihood that finds no dropout says little. Scenarios hold the rate of leaving, the same for all customers and
at any time, and leave the rates of ordering to the data.
"""

from collections.abc import Mapping

import numpy as np

from regulars.clv._inputs import Rows
from regulars.clv.pareto_nbd import ParetoNBDFitter
from regulars.clv.value import units
from regulars.statistics.distinct import distinct_rows

YEARLY = (0.1, 0.25, 0.4, 0.6)  # shares of the customers who leave within a year
ENOUGH = 2_500  # histories that the rates of ordering are learnt on; of more an even part
ALIKE = 200.0  # shape of the rates of leaving: customers differ in theirs by a fourteenth


class TimedDropoutFitter(ParetoNBDFitter):
    """Pareto/NBD of customers who leave at a rate that is given: rates of ordering alone are fitted.

    Parameters
    ----------
    yearly : float
        Share of the customers who leave within a year.
    time_unit : {"day", "week", "month"}
        Of recency and T.

    Examples
    --------
    >>> history = [2, 1, 0, 0, 4, 1], [30, 2, 0, 0, 35, 20], [39, 39, 39, 38, 38, 37]
    >>> model = TimedDropoutFitter(0.4).fit(*history)
    >>> float(round(model.params_["s"] / model.params_["beta"] * 365.25 / 7, 3))
    0.511
    """

    def __init__(self, yearly: float = 0.4, time_unit: str = "week"):
        """Store the rate of leaving."""
        super().__init__()
        self.yearly, self.time_unit = yearly, time_unit

    @property
    def _held(self) -> tuple[float, float]:
        """Shape and scale of the rates of leaving."""
        hazard = -np.log1p(-self.yearly) / units(12, self.time_unit)
        return ALIKE, ALIKE / hazard

    def _box(self, longest: float):
        held = self._held
        return np.log([1e-6, 1e-7 * longest, *held]), np.log([1e4, 1e6 * longest, *held])

    def _starts(self, rows: Rows):
        rate = rows.weights @ rows.x / (rows.weights @ rows.T)
        return [np.log([r, r / rate, *self._held]) for r in (0.5, 1.5)]

    def _find(self, optimum):
        return []


def forecast_scenarios(
    weights: Mapping[float, float], horizon: float, seen, asked, *, time_unit: str = "week"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected orders, chance of one and chance of being there, summed over scenarios of dropout by their weights.

    Parameters
    ----------
    weights : mapping
        Share who leave within a year to weight.
    horizon : float
        Length of what is forecast, in the time unit.
    seen : (array, array, array)
        Frequency, recency and T of the customers on whom rates of ordering are learnt.
    asked : (array, array, array)
        Of those who are forecast.
    time_unit : {"day", "week", "month"}
        Of recency and T.

    Returns
    -------
    (array, array, array)

    Examples
    --------
    >>> history = tuple(np.array(each, float) for each in ([2, 1, 0, 4], [30, 2, 0, 35], [39, 39, 38, 38]))
    >>> orders, active, alive = forecast_scenarios({0.1: 0.5, 0.4: 0.5}, 52.0, history, history)
    >>> alive.round(2).tolist()
    [0.93, 0.6, 0.6, 0.98]
    """
    rows = np.lexsort(seen)
    part = rows[:: max(1, len(rows) // ENOUGH)]
    few = [column[part] for column in seen]
    found, back = distinct_rows(*asked)
    told = np.zeros((3, found[0].size))
    for yearly, weight in weights.items():
        model = TimedDropoutFitter(yearly, time_unit).fit(*few)
        told[0] += weight * np.asarray(model.predict(horizon, *found), float)
        told[1] += weight * np.asarray(model.probability_active(horizon, *found), float)
        told[2] += weight * model._alive(*found)
    return told[0][back], told[1][back], told[2][back]
