"""Econometric drivers: an ordered answer explained by its drivers (ordered logit)."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from regulars.errors import UserError
from regulars.finding import shows
from regulars.statistics.intervals import z_value
from regulars.statistics.newton import maximise


@shows
class OrderedLogit(NamedTuple):
    """Ordered logit, P(y ≤ k) = Λ(θ_k − x'β).

    Parameters
    ----------
    drivers : pandas.DataFrame
        By driver: ``effect`` (β: log-odds of a better answer per SD of the driver), ``effect_low``, ``effect_high``,
        ``odds`` (e^β), ``p_value``, ``n``.
    thresholds : pandas.Series
        θ by the answer below it.
    log_likelihood, pseudo_r_squared : float
        McFadden's R² against thresholds alone.
    means, deviations : pandas.Series
        By driver: what standardises it.
    covariance : pandas.DataFrame
        Of the effects, driver × driver.
    """

    drivers: pd.DataFrame
    thresholds: pd.Series
    log_likelihood: float
    pseudo_r_squared: float
    means: pd.Series
    deviations: pd.Series
    covariance: pd.DataFrame

    def ahead(self, first: str, other: str, level: float = 0.9) -> bool:
        """Whether the largest effect is larger than another beyond noise.

        It was picked among all as the largest, so that the comparison is as strict as with each of the others at once
        (Bonferroni).

        Parameters
        ----------
        first, other : str
            Drivers.
        level : float
            Of the intervals: nine of ten such intervals hold the truth at 0.9.
        """
        gap = self.drivers.loc[first, "effect"] - self.drivers.loc[other, "effect"]
        c = self.covariance
        error = np.sqrt(max(c.loc[first, first] + c.loc[other, other] - 2 * c.loc[first, other], 0.0))
        return bool(gap > ndtri(1 - (1 - level) / 2 / (len(self.drivers) - 1)) * error)

    def index_of(self, drivers: pd.DataFrame) -> pd.Series:
        """x'β of each respondent; missing where a driver is missing.

        Parameters
        ----------
        drivers : pandas.DataFrame
            Respondents × drivers.

        Returns
        -------
        pandas.Series
        """
        z = (drivers[self.means.index].astype(float) - self.means) / self.deviations
        return (z @ self.drivers["effect"].to_numpy()).rename("ordered_logit")


def ordered_logit(y: pd.Series, X: pd.DataFrame, level: float = 0.9) -> OrderedLogit:
    """Which drivers make the answers better, all others equal: maximum likelihood for an ordered answer.

    Parameters
    ----------
    y : pandas.Series
        Ordered answers, such as 1 to 5; rows with a missing answer or driver are left out.
    X : pandas.DataFrame
        Drivers on the same index; standardised here, so that their effects compare.
    level : float
        Of Wald's intervals.

    Returns
    -------
    OrderedLogit

    Raises
    ------
    UserError
        With fewer than 10 answers per driver, one answer given by all, a driver without variance or drivers that
        determine each other; it names them.

    References
    ----------
    McCullagh, P. (1980), J. Royal Statistical Society B 42, 109-142.
    Pratt, J. W. (1981), J. American Statistical Association 76, 103-106 (the likelihood has one maximum).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x = pd.DataFrame(rng.standard_normal((500, 2)), columns=["quality", "price"])
    >>> y = pd.Series(np.digitize(1.5 * x["quality"] + rng.logistic(size=500), [-1, 1]))
    >>> ordered_logit(y, x).drivers["effect"].round(1).to_dict()
    {'quality': 1.3, 'price': 0.0}
    """
    known = y.notna() & X.notna().all(axis=1)
    y, X = y[known].astype(float), X[known].astype(float)
    _check(y, X)
    means, deviations = X.mean(), X.std(ddof=1)
    z = ((X - means) / deviations).to_numpy()
    levels, code = np.unique(y.to_numpy(), return_inverse=True)
    order = np.argsort(code, kind="stable")
    code, z = code[order], z[order]
    cuts, p = len(levels) - 1, z.shape[1]
    share = np.cumsum(np.bincount(code))[:-1] / len(code)
    start = np.concatenate([np.log(share / (1 - share)), np.zeros(p)])
    null = _terms(start, code, z, cuts)[0]
    edge = np.full(len(start), np.inf)
    found = maximise(lambda point: _terms(point, code, z, cuts), start, -edge, edge)
    point, best = found.point, found.value
    if best > 1e-3 * null:
        raise UserError("Table surveys: a driver separates the answers without exception, so its effect has no end.")
    covariance = np.linalg.inv(-found.hessian)
    effect, error = point[cuts:], np.sqrt(np.diag(covariance)[cuts:])
    reach = z_value(level) * error
    table = pd.DataFrame(
        {"effect": effect, "effect_low": effect - reach, "effect_high": effect + reach, "odds": np.exp(effect)},
        index=pd.Index(X.columns, name="driver"),
    ).assign(p_value=2 * ndtr(-np.abs(effect / error)), n=len(y))
    names = list(X.columns)
    return OrderedLogit(
        table,
        pd.Series(point[:cuts], index=levels[:-1]),
        best,
        1 - best / null if null else 0.0,
        means,
        deviations,
        pd.DataFrame(covariance[cuts:, cuts:], names, names),
    )


def _check(y, X) -> None:
    flat = X.columns[~(X.std(ddof=1) > 0)] if len(X) > 1 else X.columns
    if len(y) < 10 * X.shape[1]:
        raise UserError(
            f"Table surveys: {len(y)} complete answers are too few for {X.shape[1]} drivers: {10 * X.shape[1]} needed."
        )
    if y.nunique() < 2:
        raise UserError(f"Table surveys: all answers to be explained are {y.iloc[0]:g}, so nothing drives them.")
    if len(flat):
        raise UserError(f"Table surveys, driver {flat[0]}: all answers are the same; leave it out.")
    z = ((X - X.mean()) / X.std()).to_numpy()
    roots, vectors = np.linalg.eigh(np.corrcoef(z.T) if z.shape[1] > 1 else np.ones((1, 1)))
    if roots[0] < 1e-8:
        names = X.columns[np.abs(vectors[:, 0]) > 1e-3]
        raise UserError(f"Table surveys: the drivers {', '.join(map(str, names))} determine each other; leave one out.")


def _terms(point, code, z, cuts):
    """Log-likelihood, gradient and Hessian in (θ, β); rows are sorted by their answer, so that sums are of slices."""
    index = z @ point[cuts:]
    theta = np.concatenate([[-np.inf], point[:cuts], [np.inf]])
    upper, lower = theta[code + 1] - index, theta[code] - index
    above, below = (expit(upper), expit(lower)), (expit(-upper), expit(-lower))
    fu, fl = above[0] * below[0], above[1] * below[1]
    # from the side where the tail is small, so that nothing cancels
    chance = np.maximum(np.where(lower > 0, below[1] - below[0], above[0] - above[1]), 1e-300)
    du, dl = fu / chance, -fl / chance
    huu = fu * (1 - 2 * above[0]) / chance - du**2
    hll = -fl * (1 - 2 * above[1]) / chance - dl**2
    hul = -du * dl
    starts = np.searchsorted(code, np.arange(cuts + 1))

    def by_answer(values):
        return np.add.reduceat(values, starts, axis=0)

    p = len(point) - cuts
    hessian = np.zeros((cuts + p, cuts + p))
    at = np.arange(cuts)
    hessian[at, at] = by_answer(huu)[:cuts] + by_answer(hll)[1:]
    hessian[at[1:], at[:-1]] = hessian[at[:-1], at[1:]] = by_answer(hul)[1:cuts]
    beside = -by_answer((huu + hul)[:, None] * z)[:cuts] - by_answer((hll + hul)[:, None] * z)[1:]
    hessian[:cuts, cuts:], hessian[cuts:, :cuts] = beside, beside.T
    hessian[cuts:, cuts:] = z.T @ ((huu + hll + 2 * hul)[:, None] * z)
    slope = np.concatenate([by_answer(du)[:cuts] + by_answer(dl)[1:], -(z.T @ (du + dl))])
    return float(np.log(chance).sum()), slope, hessian
