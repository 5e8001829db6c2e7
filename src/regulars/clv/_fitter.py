"""What all fitters share: the search for the maximum, standard errors, findings, and the shape of answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from regulars.clv._inputs import _refuse
from regulars.errors import UserError
from regulars.rounding import round_significant
from regulars.showing import Shown
from regulars.statistics.intervals import z_value
from regulars.statistics.newton import Optimum, maximise

# Sums of rounded numbers end a search at points that differ by some 1e-13 from one processor to the next. Without these
# digits that would go on into every forecast; what they leave out is a millionth of a standard error.
PARAMETER_DIGITS = 10
MET = 1e-9  # distance in log-parameters below which two searches have ended at the same point
FLAT = 3.0  # standard error of a log-parameter from which on its interval spans more than two orders of magnitude


USUAL_LEVEL = 0.95  # of `lifetimes`' intervals


def bounds(params: pd.Series, errors: pd.Series, level: float = USUAL_LEVEL) -> pd.DataFrame:
    """Ends of the interval of each parameter, called as `lifetimes` calls them.

    Examples
    --------
    >>> bounds(pd.Series({"r": 0.25}), pd.Series({"r": 0.01}), level=0.9).round(3)
       lower 90% bound  upper 90% bound
    r            0.234            0.266
    """
    reach = z_value(level) * errors
    ends = {"lower": params - reach, "upper": params + reach}
    return pd.DataFrame({f"{end} {100 * level:g}% bound": values for end, values in ends.items()})


@dataclass(frozen=True)
class FitNote:
    """Something the fit found out about the data.

    Parameters
    ----------
    code : str
        Short name, the same in every language.
    sentence : str
        What it is, what follows from it and how it was handled.
    """

    code: str
    sentence: str


class Fitted(Shown):
    """What is said of a fitted model: parameters with their intervals, and what is unusual about the data."""

    level = USUAL_LEVEL
    findings_: Sequence[FitNote] = ()
    params_: pd.Series
    standard_errors_: pd.Series

    @property
    def confidence_intervals_(self) -> pd.DataFrame:
        """Ends of the interval of each parameter, of the model's ``level``."""
        return bounds(self.params_, self.standard_errors_, self.level)

    @property
    def summary(self) -> pd.DataFrame:
        """Parameters with standard errors and the ends of their intervals, one row each."""
        known = pd.DataFrame({"coef": self.params_, "se(coef)": self.standard_errors_})
        return known.join(self.confidence_intervals_)

    def __repr__(self):
        """Name, number of customers and parameters."""
        name = type(self).__name__
        if not hasattr(self, "params_"):
            return f"<regulars.{name}>"
        told = ", ".join(f"{key}: {value:.4g}" for key, value in self.params_.items())
        return f"<regulars.{name}: fitted with {getattr(self, 'customers_', np.nan):g} customers, {told}>"

    def _frames(self) -> dict[str, pd.DataFrame]:
        if not hasattr(self, "standard_errors_"):
            return {}
        notes = [(note.code, note.sentence) for note in self.findings_]
        found = {"unusual": pd.DataFrame(notes, columns=["code", "what it is"])} if notes else {}
        return {"parameters": self.summary, **found}


class Fitter(Fitted):
    """Fit by Newton's method in log-parameters; a mixin placed before the `lifetimes` class.

    A subclass gives ``_names`` (parameters), ``_time_parameters`` (those measured in time), ``_limits`` (box),
    ``_starts`` and ``_objective``.
    """

    _names: tuple[str, ...] = ()
    _time_parameters: tuple[str, ...] = ()
    _customers_of: Callable[[pd.DataFrame], pd.DataFrame]
    histories: Callable[[], pd.DataFrame] | None = None  # of a model that was saved: its summary, when it is asked for

    @cached_property
    def data(self) -> pd.DataFrame:
        """Customers that the model was fitted on, one a row, or with ``weights``."""
        if self.histories is None:
            raise UserError(
                f"This {type(self).__name__} was not fitted here, so that its customers are not known: fit one by "
                "`clv.fit_models(summary)`, or take that of `regulars.open(name).models`."
            )
        return self._customers_of(self.histories()).assign(weights=1)

    def _unload_params(self, *names):
        if not hasattr(self, "params_"):
            raise ValueError(f"{type(self).__name__} has not been fitted; call fit first.")
        return [float(self.params_[name]) for name in names]

    def _search(self, objective, starts, lower, upper) -> Optimum:
        """Best of the starts; the later ones are tried only where the first ends at an edge or on a ridge.

        Where two of them meet there, a third is not tried.
        """
        best: Any = None
        for start in starts:
            found = maximise(objective, start, lower, upper)
            if best is not None and np.abs(found.point - best.point).max() < MET:
                break
            if best is None or found.value > best.value:
                best = found
            if best.free.all() and np.linalg.eigvalsh(-best.hessian).min() > 1e-6 * np.abs(best.hessian).max():
                break
        return best

    def _learn(self, optimum: Optimum, customers: float, penalty, scale: float, events: float):
        """Set the attributes that `lifetimes` has, and those that it lacks."""
        names = list(self._names)
        log_params = optimum.point
        params = round_significant(np.exp(log_params), PARAMETER_DIGITS)
        self.params_ = pd.Series(params, index=names)
        self.customers_ = customers
        taken, _, _ = penalty(log_params)
        self.log_likelihood_ = optimum.value + taken
        self.gradient_norm_ = optimum.gradient_norm
        self.iterations_ = optimum.iterations
        free = optimum.free
        self.free_ = pd.Series(free, index=names)
        information = -optimum.hessian[np.ix_(free, free)]
        self.information_ = pd.DataFrame(-optimum.hessian, index=names, columns=names)
        self.condition_number_ = float(np.linalg.cond(information)) if free.any() else np.nan
        log_covariance = np.zeros((len(names), len(names)))
        log_covariance[np.ix_(free, free)] = _inverse(information)
        self.log_variance_matrix_ = pd.DataFrame(log_covariance, index=names, columns=names)
        self.variance_matrix_ = self.log_variance_matrix_ * np.outer(params, params)
        errors = np.sqrt(np.diag(self.variance_matrix_))
        self.standard_errors_ = pd.Series(np.where(free, errors, np.nan), index=names)
        self.AIC_ = 2 * len(names) - 2 * self.log_likelihood_
        self.BIC_ = len(names) * np.log(customers) - 2 * self.log_likelihood_
        # in the conventions of lifetimes: a mean, per customer, with times divided by the longest T
        self._scale = scale
        self._negative_log_likelihood_ = (events * np.log(scale) - optimum.value) / customers
        self._hessian_ = -optimum.hessian / customers
        self.findings_ = self._find(optimum)

    def _find(self, optimum: Optimum) -> list[FitNote]:
        return []

    def _compute_variance_matrix(self):
        return self.variance_matrix_

    def _compute_standard_errors(self):
        return self.standard_errors_

    @property
    def aic_(self) -> float:
        """Akaike's criterion, −2 log-likelihood + 2 parameters."""
        return self.AIC_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, −2 log-likelihood + log(customers) · parameters."""
        return self.BIC_


def _inverse(information):
    """Inverse of the information; where the likelihood is flat the variance is large, not negative."""
    if not len(information):
        return information
    curvature, axes = np.linalg.eigh(information)
    curvature = np.maximum(curvature, 1e-10 * max(curvature.max(), 1e-300))
    return (axes / curvature) @ axes.T


def l2_penalty(coefficient: float, customers: float, units):
    """`lifetimes`' penalty, coefficient · Σ params² per customer, with times on its scale: value, gradient, Hessian."""
    units = np.asarray(units, float)

    def penalty(log_params):
        squares = coefficient * customers * (np.exp(log_params) * units) ** 2
        return squares.sum(), 2 * squares, np.diag(4 * squares)

    return penalty


def penalised(likelihood, penalty):
    """Objective less penalty, both with gradient and Hessian."""

    def objective(log_params):
        return tuple(value - taken for value, taken in zip(likelihood(log_params), penalty(log_params), strict=True))

    return objective


def to_logs(params, value, gradient, hessian):
    """Derivatives with respect to log-parameters from those with respect to parameters."""
    log_gradient = params * gradient
    return value, log_gradient, np.outer(params, params) * hessian + np.diag(log_gradient)


def prepared(*arrays, names):
    """Float arrays broadcast to one shape, and a function that gives an answer the form in which the question came.

    A pandas Series among them leads to a Series with its index, numbers to a number.
    """
    index = next((values.index for values in arrays if isinstance(values, pd.Series)), None)
    floats = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in arrays))
    for name, values in zip(names, floats, strict=True):
        flat = values.ravel()
        told = index if index is not None and len(index) == flat.size else None
        _refuse(~np.isfinite(flat), flat, told, f"{{where}}: {name} is {{value}}; it must be a finite number.")
        _refuse(flat < 0, flat, told, f"{{where}}: {name} is {{value:g}}; it cannot be negative.")
        if name == "frequency":
            _refuse(flat != np.floor(flat), flat, told, "{where}: frequency is {value:g}; it must be a whole number.")
    if "recency" in names and "T" in names:
        t_x, T = (floats[names.index(name)].ravel() for name in ("recency", "T"))
        told = index if index is not None and len(index) == T.size else None
        _refuse(
            t_x > T, t_x, told, "{where}: recency is {value:g}, more than T; no order comes after the end of the data."
        )
    shape = floats[0].shape

    def restore(answer):
        answer = np.asarray(answer).reshape(shape)
        if index is not None and answer.shape == (len(index),):
            return pd.Series(answer, index=index)
        return answer[()] if answer.ndim == 0 else answer

    return [values.ravel() for values in floats], restore
