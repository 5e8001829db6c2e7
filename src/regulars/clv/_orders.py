"""What all models of orders share: fitting on distinct rows, and the questions that can be asked of them."""

from collections.abc import Callable
from dataclasses import replace
from math import fsum
from typing import Any

import numpy as np
import pandas as pd

from regulars.clv._fitter import FLAT, USUAL_LEVEL, FitNote, Fitter, l2_penalty, penalised, prepared
from regulars.clv._inputs import Rows, check_history, check_unique, check_weights, common_index, distinct
from regulars.errors import UserError
from regulars.frames import check_unit, unit_of
from regulars.showing import picture
from regulars.statistics.distinct import distinct_rows

CHUNK = 500_000  # numbers worked on at a time
MANY = 8_000  # rows, from which on the search begins on fewer of them: it ends a step or two from the maximum
FEWER = 6  # times as few rows, at least
SCOUTS = 10_000  # of them, at most
HARDLY_ANY = 0.02  # share of customers lost below which the data are said to show no dropout
HISTORY = ("frequency", "recency", "T")


def whole(n) -> int:
    """A number of orders as an integer."""
    if int(n) != n or n < 0:
        raise ValueError(f"n is {n}; a number of orders is whole and not negative.")
    return int(n)


def parts(size: int, width: int):
    """Slices of rows such that a block of rows × width stays within memory.

    Examples
    --------
    >>> [(part.start, part.stop) for part in parts(5, CHUNK // 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    step = max(1, CHUNK // max(1, width))
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


class OrderFitter(Fitter):
    """Questions about future orders; a subclass answers them for arrays of histories.

    A subclass gives ``_likelihood``, ``_box`` and ``_starts`` for the fit, ``_alive`` (probability of being alive),
    ``orders_if_alive`` (expected orders), ``_active`` (probability of an order) and ``_mass`` (of n orders).
    """

    _likelihood: Callable
    _box: Callable
    _starts: Callable
    _alive: Callable[..., np.ndarray]
    orders_if_alive: Callable[..., np.ndarray]
    _mass: Callable[..., np.ndarray]

    def __init__(self, penalizer_coef=0.0, level=USUAL_LEVEL):
        """Store the coefficient of the l2 penalty, which is 0 unless given, and the level of the intervals."""
        self.penalizer_coef, self.level = penalizer_coef, level

    # ---- fit ---------------------------------------------------------------------------------------------------

    def fit(
        self,
        frequency,
        recency,
        T,
        weights=None,
        initial_params=None,
        verbose=False,
        tol=1e-7,
        index=None,
        **kwargs,
    ):
        """Fit by maximum likelihood on the distinct rows.

        Parameters
        ----------
        frequency : array_like
            Number of repeat orders of each customer (x in the literature).
        recency : array_like
            Time from the first to the last order (t_x).
        T : array_like
            Time from the first order to the end of the data.
        weights : array_like, optional
            Number of customers that each row stands for.
        initial_params : array_like, optional
            Start as in `lifetimes`: logs of the parameters with times divided by the longest T. Tried first.
        verbose, tol, **kwargs
            Taken for the sake of code written for `lifetimes`; Newton's method needs none of them.
        index : array_like, optional
            Customer ids, the index of ``data``.

        Returns
        -------
        self
            With ``params_``, ``standard_errors_``, ``variance_matrix_``, ``confidence_intervals_``, ``summary``,
            ``log_likelihood_`` (total, in the unit of the data), ``AIC_``, ``BIC_``, ``gradient_norm_``,
            ``condition_number_`` and ``findings_`` (what is unusual, one sentence each).

        Raises
        ------
        ValueError
            Naming the first row and value that cannot be.
        """
        if index is None:
            index = common_index(frequency=frequency, recency=recency, T=T)
        else:
            check_unique(index)
        x, t_x, T = check_history(frequency, recency, T, index)
        weights_given = weights
        weights = check_weights(weights, x, index)
        self._check_enough(x, T, weights)
        rows = distinct(x, t_x, T, weights)
        self.time_unit_ = unit_of(frequency, recency, T)
        self._fit_rows(rows, initial_params)
        counts = np.ones(len(x), dtype=int) if weights_given is None else np.asarray(weights_given)
        self.data = pd.DataFrame({"frequency": x.astype(int), "recency": t_x, "T": T, "weights": counts}, index=index)
        return self

    @staticmethod
    def _check_enough(x, T, weights):
        if not len(x):
            raise ValueError("there are no customers to fit; give at least two, one of them with a repeat order.")
        if weights.sum() < 2:
            raise ValueError("row 0: there is one customer only; a model of how customers differ needs at least two.")
        if not T.max() > 0:
            raise ValueError("row 0: T is 0, as in all rows; nothing was observed after the first orders.")
        if not x.max() > 0:
            raise ValueError(
                "row 0: frequency is 0, as in all rows; without a single repeat order nothing can be fitted."
            )
        if len(x) < 2:
            raise ValueError(
                "row 0: it is the history of all customers; a model of how they differ has nothing to fit."
            )

    def _fit_rows(self, rows: Rows, initial_params=None):
        """Fit on distinct rows with weights, which is all that the likelihood needs."""
        longest = float(rows.T.max())
        likelihood = self._likelihood(rows)
        units = [1 / longest if name in self._time_parameters else 1.0 for name in self._names]
        penalty = l2_penalty(self.penalizer_coef, rows.customers, units)
        self._limits = self._box(longest)
        starts = self._starts(rows)
        if initial_params is not None:
            starts.insert(0, self._from_lifetimes(initial_params) - np.log(units))
        objective = self._penalised(likelihood, penalty)
        if len(rows.x) > MANY:
            starts = [self._scout(rows, penalty, starts)]
        optimum = self._search(objective, starts, *self._limits)
        self._rows = rows
        self._learn(optimum, rows.customers, penalty, 1 / longest, float(rows.weights @ rows.x))
        return self

    def _penalised(self, likelihood, penalty):
        return penalised(likelihood, penalty) if self.penalizer_coef else likelihood

    def _scout(self, rows: Rows, penalty, starts):
        """Maximum of an even part of the rows, which are sorted: a start from which few steps over all are needed."""
        part = slice(None, None, max(FEWER, -(-len(rows.x) // SCOUTS)))
        few = replace(rows, **{name: getattr(rows, name)[part] for name in ("x", "t_x", "T", "weights")})
        objective = self._penalised(self._likelihood(few), penalty)
        return self._search(objective, starts, *self._limits).point

    def _find(self, optimum):
        """What is unusual: a parameter at its limit, a flat likelihood, a model that says no more than a simpler one.

        The rule is the same everywhere: the maximum inside the limits is kept, and what it cannot tell is named.
        """
        values, names = np.exp(optimum.point), self._names
        lower, upper = self._limits
        low = ~optimum.free & (optimum.point <= lower)
        high = ~optimum.free & (optimum.point >= upper)
        flat = np.sqrt(np.diag(self.log_variance_matrix_.to_numpy())) > FLAT
        found = []
        if len(names) == 4:
            found += self._find_dropout(values, names, low[2:], high[2:], flat[2:])
        if high[0] or high[1] or (flat[0] and flat[1]):
            found.append(
                FitNote(
                    "homogeneous_rate",
                    f"The data do not show that customers differ in how often they buy ({names[0]} and {names[1]} grow "
                    f"together): only the common rate, {values[0] / values[1]:.3g} per unit of time, means something.",
                )
            )
        if self.gradient_norm_ > 1e-5 * max(1.0, self.customers_):
            found.append(
                FitNote(
                    "not_converged",
                    f"The search ended with a gradient of {self.gradient_norm_:.2g}: the parameters are not the exact "
                    "maximum; look at the data before using them.",
                )
            )
        return found

    def _find_dropout(self, values, names, low, high, flat):
        """Findings on the two parameters of dropout."""
        rows = self._rows
        lost = float(rows.weights @ (1 - self._alive(rows.x, rows.t_x, rows.T))) / rows.customers
        first, second = names[2:]
        if low[0] and low[1]:
            code, sentence = (
                "polarised_dropout",
                f"The likelihood rises as {first} and {second} go to 0: customers seem to stop at once or never "
                f"({100 * lost:.0f} % have stopped); nothing can be said about stopping later.",
            )
        elif lost < HARDLY_ANY or low[0]:
            code, sentence = (
                "no_dropout",
                f"The data show hardly any customer stopping ({100 * lost:.1f} % of customers lost, {first} = "
                f"{values[2]:.2g}): the model is close to one in which nobody ever leaves, and P(alive) says little.",
            )
        elif low[1]:
            code, sentence = (
                "everyone_drops_out",
                f"The likelihood rises as {second} goes to 0: customers seem to stop at the first occasion; {second} "
                "is held at its lower limit, and forecasts rest on few repeat orders.",
            )
        elif high.any() or flat.all():
            code, sentence = (
                "homogeneous_dropout",
                f"The data do not show that customers differ in their dropout ({first} and {second} grow together); "
                f"the window may be too short to tell; only their ratio, {values[2] / values[3]:.3g}, means something.",
            )
        else:
            return []
        return [FitNote(code, sentence)]

    @staticmethod
    def _from_lifetimes(initial_params):
        """Logs of the start that `lifetimes` would take: logs already, with times divided by the longest T."""
        return np.asarray(initial_params, float)

    time_unit_: str | None = None  # of the data that it was fitted on, where they say so

    def _asked(self, *given, names):
        """Arrays of a question, as `prepared` makes them, in the unit of the model."""
        check_unit(type(self).__name__, summary=unit_of(*given), model=self.time_unit_)
        return prepared(*given, names=names)

    # ---- pictures ----------------------------------------------------------------------------------------------

    def plot(self, kind: str = "frequency", **looks):
        """How well the model fits, or what it says of a history.

        Parameters
        ----------
        kind : {"frequency", "orders", "alive"}
            Customers by their number of repeat orders, as they are and as the model expects them; a map of the orders
            to be expected, or of the probability of being alive, by frequency and recency.
        **looks
            ``most`` (7: repeat orders that stand apart) of the first; ``t`` (1: how far ahead), ``max_frequency`` and
            ``max_recency`` (those of the data) of the maps.

        Returns
        -------
        regulars.report.interactive.Picture or pandas.DataFrame
            A plotly figure with ``.save("x.svg")``; the frame in the pipeline.
        """
        if kind == "frequency":
            values = {"actual": "actual", "expected": "expected by the model"}
            return picture("columns", self.expected_frequencies(**looks), x="repeat_orders", values=values,
                           x_title="repeat orders", y_title="customers")  # fmt: skip
        if kind not in ("orders", "alive"):
            raise UserError(f"There is no picture '{kind}' of a model of orders: write frequency, orders or alive.")
        value, ahead = {"orders": ("expected_orders", looks.get("t", 1)), "alive": ("p_alive", 1)}[kind]
        told = {"orders": f"expected orders in the next {ahead:g}", "alive": "P(alive)"}[kind]
        words: dict[str, Any] = {"x_title": f"{told} · repeat orders", "y_title": "recency"}
        words |= {"row_label": "{:g}".format, "cell_format": "{:.2f}".format}
        return picture("heatmap", self.history_map(**looks), row="recency", column="frequency", value=value,
                       top=1.0 if kind == "alive" else None, **words)  # fmt: skip

    def expected_frequencies(self, most: int = 7) -> pd.DataFrame:
        """Customers by their number of repeat orders, beside what the model expects of customers of their ages.

        Parameters
        ----------
        most : int
            From so many on they are counted together.

        Returns
        -------
        pandas.DataFrame
            ``repeat_orders`` (text), ``actual``, ``expected`` (customers); both add up to all of them.

        Raises
        ------
        UserError
            Where the model was not fitted here, so that its customers are not known.
        """
        rows = self._known_rows()
        count = np.bincount(np.minimum(rows.x, most).astype(int), rows.weights, most + 1)
        ages, place = np.unique(rows.T, return_inverse=True)
        weight, new = np.bincount(place, rows.weights), np.zeros(ages.size)
        expected = [float(weight @ self._mass(n, ages, new, new, new)) for n in range(most)]
        names = [*map(str, range(most)), f"{most}+"]
        rest = rows.customers - fsum(expected)
        return pd.DataFrame({"repeat_orders": names, "actual": count, "expected": [*expected, rest]})

    def history_map(self, t=1, max_frequency=None, max_recency=None, most: int = 12) -> pd.DataFrame:
        """What the model says of customers as old as the oldest, by frequency and recency.

        Parameters
        ----------
        t : float
            How far ahead orders are expected, in the unit of the data.
        max_frequency, max_recency : int, optional
            Ends of the map, the latter the age of the customers as well; those of the data where not given.
        most : int
            Steps of recency, and of frequency.

        Returns
        -------
        pandas.DataFrame
            ``frequency``, ``recency``, ``expected_orders``, ``p_alive``.
        """
        age = float(max_recency or np.floor(self._known_rows().T.max()))
        often = int(max_frequency or self._known_rows().x.max())
        x = np.unique(np.rint(np.linspace(0, often, min(most, often + 1))))
        x, t_x = (grid.ravel() for grid in np.meshgrid(x, np.rint(np.linspace(0, age, most))))
        t_x, T = np.where(x == 0, 0.0, t_x), np.full(x.size, age)
        alive = self._alive(x, t_x, T)
        orders = alive * self.orders_if_alive(np.full(x.size, float(t)), x, t_x, T)
        table = {"frequency": x.astype(int), "recency": t_x, "expected_orders": orders, "p_alive": alive}
        return pd.DataFrame(table).drop_duplicates(["frequency", "recency"], ignore_index=True)

    def _known_rows(self) -> Rows:
        if not hasattr(self, "_rows"):
            self._rows = distinct(*(self.data[name].to_numpy(float) for name in (*HISTORY, "weights")))
        return self._rows

    @staticmethod
    def _customers_of(summary: pd.DataFrame) -> pd.DataFrame:
        return summary[list(HISTORY)]

    def _numbers(self):
        return self._unload_params(*self._names)

    def conditional_probability_alive(self, frequency, recency, T):
        """Probability that the customer has not stopped.

        BG/NBD gives 1 to everyone without a repeat order, by construction: there it says nothing.

        Parameters
        ----------
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.

        Returns
        -------
        numpy.ndarray
            Of at least one dimension, as in `lifetimes`.
        """
        (x, t_x, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        return np.atleast_1d(np.asarray(restore(self._alive(x, t_x, T))))

    def conditional_probability_alive_matrix(self, max_frequency=None, max_recency=None):
        """P(alive) for every frequency (columns) and recency (rows) at T = max_recency."""
        max_frequency = max_frequency or int(self.data["frequency"].max())
        max_recency = max_recency or int(self.data["T"].max())
        x, t_x = np.meshgrid(np.arange(max_frequency + 1.0), np.arange(max_recency + 1.0))
        return self._alive(x.ravel(), t_x.ravel(), np.full(x.size, float(max_recency))).reshape(x.shape)

    def conditional_expected_number_of_purchases_up_to_time(self, t, frequency, recency, T):
        """Orders to be expected in the next `t`, given the history.

        Parameters
        ----------
        t : array_like
            Length of the period, in the unit of the data; 0 or more.
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.

        Returns
        -------
        array_like
            Finite for every history, also of heavy buyers, for a + b < 1 and a = 1.

        Examples
        --------
        >>> from regulars.clv import BetaGeoFitter
        >>> model = BetaGeoFitter()
        >>> model.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
        >>> round(float(model.predict(39, 2, 30.43, 38.86)), 10)
        1.2260281748
        """
        names = ("t", *HISTORY)
        (t, x, t_x, T), restore = self._asked(t, frequency, recency, T, names=names)
        return restore(self._alive(x, t_x, T) * self.orders_if_alive(t, x, t_x, T))

    def predict(self, t, frequency, recency, T):
        """Orders to be expected of customers with a history: `conditional_expected_number_of_purchases_up_to_time`.

        Parameters
        ----------
        t : array_like
            How far ahead, in the unit of the data: with weeks, 13 for a quarter.
        frequency, recency, T : array_like
            History of each customer, as columns of `regulars.purchases.Purchases.summary`.

        Returns
        -------
        array_like
            One number per customer; ``clv.predictive_intervals`` gives their ranges, and that of the total.
        """
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def expected_number_of_purchases_up_to_time(self, t):
        """Repeat orders to be expected of a new customer in the first `t`.

        Parameters
        ----------
        t : array_like
            Time since the first order, in the unit of the data.

        Returns
        -------
        array_like
        """
        return self.conditional_expected_number_of_purchases_up_to_time(t, t * 0, t * 0, t * 0)

    def probability_active(self, t, frequency, recency, T):
        """Probability of at least one order in the next `t`: 1 − L(x, t_x, T+t)/L(x, t_x, T).

        Parameters
        ----------
        t, frequency, recency, T : array_like
            How far ahead, and the history of each customer, in the unit of the data.

        Returns
        -------
        array_like
        """
        (t, x, t_x, T), restore = self._asked(t, frequency, recency, T, names=("t", *HISTORY))
        return restore(self._active(t, x, t_x, T))

    # ---- time to the next order --------------------------------------------------------------------------------

    def probability_never(self, frequency, recency, T):
        """Probability that no order will ever come: the customer has stopped, or will before the next one.

        Parameters
        ----------
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.

        Returns
        -------
        array_like
        """
        (x, t_x, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        return restore(1 - self._ever(x, t_x, T))

    def _ever(self, x, t_x, T):
        """Probability of another order, however late."""
        return self._alive(x, t_x, T)

    def next_order_quantile(self, share, frequency, recency, T, *, given_order=False):
        """Time by which the next order has come with a given probability.

        Parameters
        ----------
        share : float
            Probability between 0 and 1: 0.5 is the median.
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.
        given_order : bool
            Of those customers of the same history who order again at all, rather than of all.

        Returns
        -------
        array_like
            Time from the end of the data; infinite where the probability is never reached.
        """
        if not 0 <= share < 1:
            raise ValueError(f"share is {share}; it is a probability, 0 or more and less than 1.")
        (x, t_x, T), restore = self._asked(frequency, recency, T, names=HISTORY)
        (x1, t_x1, T1), back = distinct_rows(x, t_x, T)
        ever = self._ever(x1, t_x1, T1)
        target = share * ever if given_order else np.full(x1.size, float(share))
        answer = np.full(x1.size, np.inf if share > 0 else 0.0)
        reached = np.flatnonzero((target > 0) & (target < ever * (1 - 1e-9)))
        answer[reached] = self._time_of(target[reached], x1[reached], t_x1[reached], T1[reached])
        return restore(answer[back])

    def _time_of(self, target, x, t_x, T):
        """Time at which P(active) reaches the target, by regula falsi in y = log(1 + t / (α + T)) (Illinois rule)."""
        scale = self._numbers()[1] + T

        def excess(y, rows):
            return self._active(scale[rows] * np.expm1(y), x[rows], t_x[rows], T[rows]) - target[rows]

        everyone = np.arange(x.size)
        low, high = np.zeros(x.size), np.ones(x.size)
        below, above = -target, excess(high, everyone)
        while (short := np.flatnonzero((above < 0) & (high < 600))).size:
            low[short], below[short] = high[short], above[short]
            high[short] *= 2
            above[short] = excess(high[short], short)
        open_rows, side = everyone, np.zeros(x.size)
        for _ in range(100):
            share = np.clip(below[open_rows] / (below[open_rows] - above[open_rows]), 1e-3, 1 - 1e-3)
            y = low[open_rows] + share * (high - low)[open_rows]
            value = excess(y, open_rows)
            left, right = open_rows[value < 0], open_rows[value >= 0]
            # an end that stays for the second time counts half, so that it moves next
            above[left[side[left] < 0]] /= 2
            below[right[side[right] > 0]] /= 2
            low[left], below[left], side[left] = y[value < 0], value[value < 0], -1
            high[right], above[right], side[right] = y[value >= 0], value[value >= 0], 1
            done = (np.abs(value) < 1e-12 * target[open_rows]) | ((high - low)[open_rows] < 1e-13 * high[open_rows])
            low[open_rows[done]] = high[open_rows[done]] = y[done]
            open_rows = open_rows[~done]
            if not open_rows.size:
                break
        return scale * np.expm1((low + high) / 2)

    def probability_of_no_order(self, t, frequency, recency, T):
        """Probability of no order in the next `t`: L(x, t_x, T+t)/L(x, t_x, T)."""
        return 1 - self.probability_active(t, frequency, recency, T)

    def conditional_probability_of_n_purchases_up_to_time(self, n, t, frequency, recency, T):
        """Probability of exactly `n` orders in the next `t`, given the history.

        Parameters
        ----------
        n : int
            Number of orders.
        t : float or array_like
            How far ahead, in the unit of the data.
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.

        Returns
        -------
        array_like
        """
        n = whole(n)
        (t, x, t_x, T), restore = self._asked(t, frequency, recency, T, names=("t", *HISTORY))
        return restore(self._mass(n, t, x, t_x, T))

    def probability_of_n_purchases_up_to_time(self, t, n):
        """Probability that a new customer makes exactly `n` repeat orders in the first `t`.

        Parameters
        ----------
        t : float
            Time since the first order, in the unit of the data.
        n : int
            Number of orders.

        Returns
        -------
        float
        """
        return self.conditional_probability_of_n_purchases_up_to_time(n, t, 0, 0, 0)

    def _time_scale(self, T):
        """Time over which the expected orders bend."""
        return self._numbers()[1] + T

    # ---- simulation --------------------------------------------------------------------------------------------

    def simulate_orders(self, T, seed=0):
        """Repeat orders of new customers by the story of the model: rates, times between orders, stopping.

        Parameters
        ----------
        T : array_like
            How long each customer is watched.
        seed : int or numpy.random.Generator
            Of what is drawn.

        Returns
        -------
        pandas.DataFrame
            One row per repeat order, sorted: customer (position in T), time (since the first order).
        """
        rng = np.random.default_rng(seed)
        (T,), _ = prepared(T, names=("T",))
        rate, end, last, steps = self._lives(rng, T)
        customer, time = np.flatnonzero((last > 0) & (end > 0)), np.zeros(T.size)
        found = [(np.empty(0, dtype=np.int64), np.empty(0))]
        order = 0
        while customer.size:
            order += 1
            time[customer] += rng.standard_gamma(steps, customer.size) / rate[customer]
            customer = customer[time[customer] <= end[customer]]
            found.append((customer, time[customer].copy()))
            customer = customer[last[customer] > order]
        table = pd.DataFrame(
            {
                "customer": np.concatenate([who for who, _ in found]),
                "time": np.concatenate([when for _, when in found]),
            }
        )
        return table.sort_values(["customer", "time"], ignore_index=True)

    # ---- discounted orders -------------------------------------------------------------------------------------

    def discounted_if_alive(self, t, x, t_x, T, rate):
        """∫ e^(−rate·u) dE(u) over the next t of a customer who is alive; t may be infinite if the rate is positive.

        By parts it is e^(−rate·t) E(t) + rate ∫ e^(−rate·u) E(u) du; u = A (e^s − 1), A = α + T, makes E smooth.
        """
        if rate == 0:
            return self.orders_if_alive(t, x, t_x, T)
        shift = self._time_scale(T)
        end = np.minimum(t, 45.0 / rate)
        span = np.log1p(end / shift)
        total = np.exp(-rate * end) * self.orders_if_alive(end, x, t_x, T)
        decay = rate * float(end.max(initial=0.0))
        count, pieces = (8, 1) if decay < 0.5 else (20, min(int(np.ceil(decay / 2)), 24))
        nodes, weights = np.polynomial.legendre.leggauss(count)
        steps = (np.arange(pieces)[:, None] + (nodes + 1) / 2).ravel() / pieces
        for node, weight in zip(steps, np.tile(weights, pieces), strict=True):
            u = np.minimum(shift * np.expm1(span * node), end)
            here = rate * weight / (2 * pieces) * span * (shift + u) * np.exp(-rate * u)
            total += here * self.orders_if_alive(u, x, t_x, T)
        return total

    def discounted_expected_orders(self, t, frequency, recency, T, rate):
        """Orders to be expected in the next `t`, each discounted continuously from now: DERT for t = infinity.

        Parameters
        ----------
        t : array_like
            Length of the period; ``numpy.inf`` for ever.
        frequency, recency, T : array_like
            History of each customer: x, t_x and T in the literature, in the unit of the data.
        rate : float
            Continuous discount rate per unit of time, log(1 + annual rate) · units per year; positive if t is infinite.

        Returns
        -------
        array_like

        References
        ----------
        Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), J. of Marketing Research 42, 415-430.
        """
        if not (np.isfinite(rate) and rate >= 0):
            raise ValueError(f"rate is {rate}; a discount rate is 0 or more.")
        if rate == 0 and np.isinf(np.asarray(t, float)).any():
            raise ValueError("the rate is 0 and t is infinite; undiscounted orders for ever have no finite value.")
        t = np.minimum(np.asarray(t, float), 1e300) if not isinstance(t, pd.Series) else t.clip(upper=1e300)
        (t, x, t_x, T), restore = self._asked(t, frequency, recency, T, names=("t", *HISTORY))
        return restore(self._alive(x, t_x, T) * self.discounted_if_alive(t, x, t_x, T, rate))
