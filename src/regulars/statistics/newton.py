"""Newton's method with safeguards, inside a box."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NOISE = 1e-13  # relative rounding noise of a log-likelihood: below it only the gradient tells better from worse
POLISH = 1e-6  # a last step below this length is taken unseen: convergence is quadratic, it reaches the last digits


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    ``free`` marks the coordinates that are not held at an edge of the box.
    """

    point: np.ndarray
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    free: np.ndarray
    iterations: int

    @property
    def gradient_norm(self) -> float:
        """Largest absolute derivative among the free coordinates."""
        return float(np.abs(self.gradient[self.free]).max(initial=0.0))


def _free(point, gradient, lower, upper):
    return ~(((point <= lower) & (gradient < 0)) | ((point >= upper) & (gradient > 0)))


def _ascent(gradient, hessian, longest: float):
    """Newton step of the concave model: negative curvature is turned round, flat directions are cut short."""
    curvature, axes = np.linalg.eigh(-hessian)
    size = np.abs(curvature)
    size = np.maximum(size, max(size.max(initial=0.0) * 1e-14, 1e-300))
    step = axes @ ((axes.T @ gradient) / size)
    length = np.abs(step).max(initial=0.0)
    return step * min(1.0, longest / length) if length > 0 else step


def _step_inside(point, gradient, hessian, free, lower, upper, longest):
    """Step of the free coordinates; one at an edge that would be carried out of the box stays for this time."""
    moving = free.copy()
    while True:
        step = np.zeros_like(point)
        step[moving] = _ascent(gradient[moving], hessian[np.ix_(moving, moving)], longest)
        outwards = ((point <= lower) & (step < 0)) | ((point >= upper) & (step > 0))
        if not outwards.any() or outwards.sum() == moving.sum():
            return step
        moving &= ~outwards


def _room(point, step, lower, upper) -> float:
    """Share of the step up to the first edge of the box: cut short there, the step still climbs."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (upper - point) / step, np.where(step < 0, (lower - point) / step, np.inf))
    return float(min(1.0, room.min()))


def maximise(
    function: Callable, start, lower, upper, tol: float = 1e-9, longest: float = 2.0, max_iterations: int = 200
) -> Optimum:
    """Maximise a smooth function inside a box.

    Parameters
    ----------
    function : callable
        From a point to (value, gradient, Hessian).
    start, lower, upper : array
        Start and edges of the box.
    tol : float
        Ends when no free derivative is larger, or when rounding noise stops it from becoming smaller.
    longest : float
        No coordinate moves further in one step.

    Returns
    -------
    Optimum

    Examples
    --------
    >>> def hill(y):
    ...     return -np.cosh(y).sum(), -np.sinh(y), -np.diag(np.cosh(y))
    >>> bool(np.abs(maximise(hill, [3.0, -1.0], [-9.0] * 2, [9.0] * 2).point).max() < 1e-12)
    True
    """
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    point = np.clip(np.asarray(start, float), lower, upper)
    value, gradient, hessian = function(point)
    iteration = 0
    for iteration in range(1, max_iterations + 1):
        free = _free(point, gradient, lower, upper)
        norm = np.abs(gradient[free]).max(initial=0.0)
        step = _step_inside(point, gradient, hessian, free, lower, upper, longest)
        if norm <= tol:
            if (
                np.abs(step).max(initial=0.0) < POLISH
            ):  # convergence is quadratic: one more step reaches the last digits
                point = np.clip(point + step, lower, upper)
            return Optimum(point, value, gradient, hessian, free, iteration)
        noise = NOISE * max(1.0, abs(value))
        share = _room(point, step, lower, upper)
        while True:
            trial = np.clip(point + share * step, lower, upper)
            trial = np.where(upper - trial < 1e-12, upper, np.where(trial - lower < 1e-12, lower, trial))
            gain = gradient @ (trial - point)
            new = function(trial)
            better = (
                new[0] >= value + 1e-4 * gain
                if gain > noise
                else (np.abs(new[1][_free(trial, new[1], lower, upper)]).max(initial=0.0) < norm)
            )
            if np.isfinite(new[0]) and better:
                break
            share /= 4
            if share < 1e-8 or gain <= noise:
                return Optimum(point, value, gradient, hessian, free, iteration)
        point, (value, gradient, hessian) = trial, new
    return Optimum(point, value, gradient, hessian, _free(point, gradient, lower, upper), iteration)
