"""Groups that the data form by themselves, where they do: k-means and mixtures whose number must prove stable."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from regulars.finding import shows
from regulars.labels import Cluster, ClusterFeature, ClusterMethod
from regulars.purchases import unit_days
from regulars.statistics.roots import triangular_root

if TYPE_CHECKING:
    from regulars.clv.record import ModelsRecord

FEATURES = tuple(name.value for name in ClusterFeature)
STABLE = 0.8
FIRST_LOOK, HOPELESS = 6, 0.65  # after so many resamples, agreement below which no more are drawn
NEAR = 0.02
WORLDS, TIGHTER = 19, 0.8  # bases without groups, and the share of their scatter below which groups are believed
SAMPLE = 1500
SILHOUETTE_SAMPLE = 1000
WHOLE = 100_000  # customers by whom the centres are placed; more move them by less than can be seen


@shows
@dataclass(frozen=True)
class Clustering:
    """Result of `find_clusters`.

    Parameters
    ----------
    labels : pandas.Series
        Value of `regulars.labels.Cluster` per customer; ``none`` for everybody where no clusters are stable.
    stability : pandas.DataFrame
        One row per way and number of clusters tried: ``method``, ``clusters``, ``adjusted_rand`` (mean over the
        bootstraps), ``adjusted_rand_low`` (their lower tenth), ``silhouette``, ``tighter_than_one_group`` (share of the
        bases without groups that are looser by a fifth), ``distinct_names`` (how many groups are named
        unlike the others), ``admitted``.
    profile : pandas.DataFrame
        One row per cluster found: ``cluster``, ``customers``, the median of each feature and, as ``<feature>_z``,
        how many standard deviations its mean lies from the middle of the base, on the log scale. Empty where none.
    n_clusters : int
        0 where there are no stable clusters.
    method : ClusterMethod, optional
        How they were found; None where there are none.
    rule : callable, optional
        Features of any customers to the names of these clusters, by which `groups_at` names those of an earlier day.
    """

    labels: pd.Series
    stability: pd.DataFrame
    profile: pd.DataFrame
    n_clusters: int
    method: ClusterMethod | None = None
    rule: Any = field(default=None, repr=False)


def cluster_features(customers: pd.DataFrame, observation_end) -> pd.DataFrame:
    """The three features that clusters are made of, in words' units.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``last_ordered_at`` (date), ``frequency`` (repeat purchase days), ``spend`` (currency, total so far).
    observation_end : date
        The last day of the data.

    Returns
    -------
    pandas.DataFrame
        ``days_since_order``, ``orders`` (purchase days), ``spend_per_order`` (currency; never below 0), on the same
        index.

    Examples
    --------
    >>> customers = pd.DataFrame({"last_ordered_at": pd.to_datetime(["2026-01-01"]), "frequency": [1], "spend": [50.0]})
    >>> cluster_features(customers, "2026-01-31").to_numpy().tolist()
    [[30.0, 2.0, 25.0]]
    """
    days = (pd.Timestamp(observation_end).normalize() - customers["last_ordered_at"].dt.normalize()).dt.days
    orders = customers["frequency"].astype(float) + 1
    return pd.DataFrame(
        {
            "days_since_order": days.astype(float).clip(lower=0),
            "orders": orders,
            "spend_per_order": (customers["spend"].astype(float) / orders).clip(lower=0),
        }
    )


World = Callable[[np.random.Generator, int], pd.DataFrame]  # features of so many customers of a base without groups


def world_of(customers: pd.DataFrame, models: "ModelsRecord") -> World | None:
    """Bases without groups, like this one in all else: customers differ by degrees alone, as the fitted models have it.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``T``: their ages in the unit of the models.
    models : ModelsRecord
        BG/NBD of orders, Gamma-Gamma of spend.

    Returns
    -------
    callable or None
        From a generator and a number of customers to their features; None where the orders allow no model.
    """
    if models.untold:
        return None
    ages, unit = customers["T"].to_numpy(float), unit_days(models.time_unit)
    r, alpha, a, b = models.orders.params_[["r", "alpha", "a", "b"]].to_numpy(float)
    p, q, v = models.spend.params_[["p", "q", "v"]].to_numpy(float)

    def drawn(rng: np.random.Generator, n: int) -> pd.DataFrame:
        age, rate = rng.choice(ages, n), rng.gamma(r, 1 / alpha, n)
        leaves = rng.beta(a, b, n) if np.isfinite([a, b]).all() and min(a, b) > 0 else np.zeros(n)
        now, orders, last, alive = np.zeros(n), np.ones(n), np.zeros(n), np.ones(n, bool)
        while alive.any():
            now[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-12))
            came = alive & (now <= age)
            orders, last = orders + came, np.where(came, now, last)
            alive = came & (rng.random(n) >= leaves)
        each = rng.gamma(p * orders, 1 / rng.gamma(q, 1 / v, n)) / orders
        silence = np.floor((age - last) * unit)
        return pd.DataFrame({"days_since_order": silence, "orders": orders, "spend_per_order": each})

    return drawn


def _shuffled(features: pd.DataFrame) -> World:
    """Bases with the distribution of each feature and its rank correlations, and nothing else: a Gaussian copula."""
    order = features.rank(method="first").to_numpy()
    normal = ndtri((order - 0.5) / len(features))
    root = triangular_root(np.corrcoef(normal, rowvar=False) + 1e-9 * np.eye(normal.shape[1]))

    def drawn(rng: np.random.Generator, n: int) -> pd.DataFrame:
        shares = ndtr(rng.standard_normal((n, normal.shape[1])) @ root.T)
        columns = {name: np.quantile(features[name], shares[:, k]) for k, name in enumerate(features)}
        return pd.DataFrame(columns)

    return drawn


def find_clusters(
    features: pd.DataFrame,
    *,
    clusters_max: int = 6,
    bootstraps: int = 20,
    seed: int = 0,
    world: World | None = None,
    sample: int = SAMPLE,
) -> Clustering:
    """Groups into which the customers fall by themselves, if they do.

    Each number of clusters from 2 to `clusters_max`, made by k-means and by Gaussian mixtures, must pass three
    tests, on at most `sample` customers drawn by `seed`; of those that pass, the fewest whose silhouette is within .02
    of the best are taken (k-means before mixtures), fitted on all customers.

    * *Stable*: made on bootstrap samples, they put the same customers together as on the whole (mean adjusted Rand
      index ≥ .8). Where six samples agree below .65, no more are drawn.
    * *More than a cut*: the customers lie tighter around their centres, by a fifth, than those of every one of 19
      simulated bases without groups do. Cutting one long cloud in two is stable, too, but no finding; and since no
      model of a base without groups fits exactly (CDNOW lies up to a tenth tighter than its own), less is none.
    * *Interpretable*: the rule that names clusters gives each another name.

    Parameters
    ----------
    features : pandas.DataFrame
        ``days_since_order``, ``orders``, ``spend_per_order``, as `cluster_features` gives them; no value missing.
    clusters_max : int
        Largest number of clusters that is tried.
    bootstraps : int
        Resamples per way and number of clusters.
    seed : int
        Of the samples, the bootstraps and the starting centres.
    world : callable, optional
        Bases without groups, of `world_of`; without it those with the distribution of each feature and its rank
        correlations.
    sample : int
        Customers on whom the number of clusters is chosen.

    Returns
    -------
    Clustering

    Notes
    -----
    Features are scaled as (ln(1 + value) − median) / interquartile range, by the standard deviation where that
    range is zero. A feature that does not vary is left out.

    References
    ----------
    Hennig, C. (2007), Computational Statistics & Data Analysis 52, 258-271 (stability by bootstrap).
    Hubert, L. and Arabie, P. (1985), Journal of Classification 2, 193-218 (adjusted Rand index).
    Liu, Y., Hayes, D. N., Nobel, A. and Marron, J. S. (2008), J. American Statistical Association 103, 1281-1293
    (simulated single groups as the case without clusters).
    Fraley, C. and Raftery, A. E. (2002), J. American Statistical Association 97, 611-631 (mixtures of normals).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> logs = np.vstack([rng.normal(centre, 0.2, (100, 3)) for centre in ((3, 2.8, 5.5), (6, 0.9, 2.5))])
    >>> found = find_clusters(pd.DataFrame(np.expm1(logs), columns=list(FEATURES)), clusters_max=3, bootstraps=5)
    >>> found.n_clusters, found.profile["cluster"].tolist()
    (2, ['recent_frequent_high', 'silent_rare_low'])
    """
    scaling = _Scaling.of(features)
    scaled = scaling.apply(features)
    rng = np.random.default_rng(seed)
    if scaled.shape[1] == 0 or len(scaled) < 10 * clusters_max:
        return _none(features)
    world = world or _shuffled(features)
    rows = np.sort(rng.choice(len(scaled), sample, replace=False)) if len(scaled) > sample else np.arange(len(scaled))
    points = scaled[rows]
    import sklearn.cluster
    import sklearn.mixture  # noqa: F401  (before the limit: it holds for libraries that are loaded)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order, so that every machine finds the same centres
        trials = [
            _trial(points, features.iloc[rows], method=method, k=k, bootstraps=bootstraps, rng=rng, world=world)
            for method in ClusterMethod
            for k in range(2, clusters_max + 1)
        ]
        stability = pd.DataFrame([trial for trial, _ in trials])
        admitted = stability[stability["admitted"]]
        if admitted.empty:
            return _none(features, stability)
        near = admitted[admitted["silhouette"] >= admitted["silhouette"].max() - NEAR]
        place = near.sort_values("clusters", kind="stable").index[0]
        best, method = int(near.loc[place, "clusters"]), ClusterMethod(near.loc[place, "method"])
        model = trials[place][1]
        if method is ClusterMethod.K_MEANS:
            some = scaled if len(scaled) <= WHOLE else scaled[rng.choice(len(scaled), WHOLE, replace=False)]
            model = _fit(method, some, best, rng, start=model.cluster_centers_)
        codes = model.predict(scaled)
    names = _names(features, codes)
    rule = _Rule(scaling, model, names)
    labels = rule.named(codes, features.index)
    return Clustering(labels, stability, _profile(features, labels), best, method, rule)


def profile_long(profile: pd.DataFrame) -> pd.DataFrame:
    """Profile of clusters as one row per cluster and feature, for a chart.

    Parameters
    ----------
    profile : pandas.DataFrame
        Of a `Clustering`.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``feature`` (`regulars.labels.ClusterFeature`), ``standing`` (standard deviations from the middle
        of the base, on the log scale), ``customers``.

    Examples
    --------
    >>> profile = pd.DataFrame({"cluster": ["recent_rare_low"], "customers": [9], "days_since_order_z": [-1.0],
    ...                         "orders_z": [-0.5], "spend_per_order_z": [-0.2]})
    >>> profile_long(profile)[["feature", "standing"]].values.tolist()
    [['days_since_order', -1.0], ['orders', -0.5], ['spend_per_order', -0.2]]
    """
    parts = [
        profile[["cluster", "customers"]].assign(feature=name, standing=profile[f"{name}_z"], place=range(len(profile)))
        for name in FEATURES
    ]
    long = pd.concat(parts, ignore_index=True).sort_values("place", kind="stable", ignore_index=True)
    return long[["cluster", "feature", "standing", "customers"]]


@dataclass(frozen=True)
class _Scaling:
    """Middle and width of each feature that varies, on the log scale."""

    middle: pd.Series
    width: pd.Series

    @classmethod
    def of(cls, features: pd.DataFrame) -> "_Scaling":
        logs = _logs(features)
        width = logs.quantile(0.75) - logs.quantile(0.25)
        width = width.where(width > 1e-12, logs.std(ddof=0))
        varies = width > 1e-12
        return cls(logs.median()[varies], width[varies])

    def apply(self, features: pd.DataFrame) -> np.ndarray:
        return ((_logs(features)[self.width.index] - self.middle) / self.width).to_numpy()


@dataclass(frozen=True)
class _Rule:
    """How customers are put into the clusters found."""

    scaling: _Scaling
    model: Any
    names: dict

    def __call__(self, features: pd.DataFrame) -> pd.Series:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            codes = self.model.predict(self.scaling.apply(features))
        return self.named(codes, features.index)

    def named(self, codes, index) -> pd.Series:
        """Names of the clusters of these numbers."""
        return pd.Series(pd.Series(self.names, dtype="string").reindex(codes).array, index=index, name="cluster")


def _trial(points, features, *, method, k, bootstraps, rng, world):
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    whole = _fit(method, points, k, rng)
    codes = whole.predict(points)
    agreement = []
    for b in range(bootstraps):
        resampled = points[rng.integers(0, len(points), len(points))]
        agreement.append(adjusted_rand_score(codes, _fit(method, resampled, k, rng, quick=True).predict(points)))
        if b == FIRST_LOOK - 1 and np.mean(agreement) < HOPELESS:
            break
    agreement = np.array(agreement)
    names = _names(features, codes)
    stable = agreement.mean() >= STABLE and len(set(names.values())) == k
    # what is out already need not be compared
    looser = _looser(_within(points, codes), world, len(points), method=method, k=k, rng=rng) if stable else np.nan
    part = slice(None, SILHOUETTE_SAMPLE)  # rows were drawn at random or are few
    order = rng.permutation(len(points))[part]
    several = len(np.unique(codes[order])) > 1
    trial = {
        "method": method.value,
        "clusters": k,
        "adjusted_rand": agreement.mean(),
        "adjusted_rand_low": np.quantile(agreement, 0.1),
        "silhouette": silhouette_score(points[order], codes[order]) if several else np.nan,
        "tighter_than_one_group": looser,
        "distinct_names": len(set(names.values())),
    }
    trial["admitted"] = bool(stable and looser == 1 and several)
    return trial, whole


def _looser(within, world: World, n: int, *, method, k, rng) -> float:
    """Share of bases without groups that lie less tight by a fifth; none is drawn after the first that does not."""
    for nth in range(WORLDS):
        drawn = world(rng, n)
        points = _Scaling.of(drawn).apply(drawn)
        if within > TIGHTER * _within(points, _fit(method, points, k, rng, quick=True).predict(points)):
            return nth / WORLDS
    return 1.0


def _fit(method, points, k, rng, *, start=None, quick=False):
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    seed = int(rng.integers(2**31))
    if method is ClusterMethod.GAUSSIAN_MIXTURE:
        starts = KMeans(k, n_init=1 if quick else 3, random_state=seed).fit(points).cluster_centers_
        # a floor under the variances: one-time buyers all have one order, a group of no width at all
        model = GaussianMixture(
            k,
            means_init=starts,
            reg_covar=0.01,
            max_iter=50,
            tol=0.01,
            random_state=seed,
            init_params="random_from_data",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # stability is what is asked for
            return model.fit(points)
    if start is not None:
        return KMeans(k, init=start, n_init=1, random_state=seed).fit(points)
    return KMeans(k, n_init=1 if quick else 4, random_state=seed).fit(points)


def _within(points, codes) -> float:
    """Scatter within groups as a share of the whole."""
    sums = np.zeros((codes.max() + 1, points.shape[1]))
    np.add.at(sums, codes, points)
    counts = np.bincount(codes, minlength=len(sums))
    centres = sums / np.maximum(counts, 1)[:, None]
    return float(((points - centres[codes]) ** 2).sum()) / _scatter(points)


def _scatter(points) -> float:
    return float(((points - points.mean(axis=0)) ** 2).sum())


def _logs(features: pd.DataFrame) -> pd.DataFrame:
    return np.log1p(features[list(FEATURES)].astype(float))


def _names(features: pd.DataFrame, codes) -> dict[int, str]:
    """Name of each cluster by the side of the base's middle on which it lies, feature by feature."""
    z = _standing(features, codes)
    recency = np.where(z["days_since_order"] <= 0, "recent", "silent")
    frequency = np.where(z["orders"] > 0, "frequent", "rare")
    spend = np.where(z["spend_per_order"] > 0, "high", "low")
    return {
        int(code): Cluster("_".join(words)).value
        for code, *words in zip(z.index, recency, frequency, spend, strict=True)
    }


def _standing(features: pd.DataFrame, groups) -> pd.DataFrame:
    logs = _logs(features)
    spread = logs.std(ddof=0)
    return ((logs - logs.mean()) / spread.where(spread > 1e-12, np.inf)).groupby(np.asarray(groups)).mean()


def _profile(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    keys = labels.to_numpy(dtype=object)
    profile = features.groupby(keys)[list(FEATURES)].median()
    profile = profile.join(_standing(features, keys).add_suffix("_z"))
    profile.insert(0, "customers", pd.Series(keys).value_counts())
    profile = profile.rename_axis("cluster").reset_index().astype({"cluster": "string"})
    order = {name.value: place for place, name in enumerate(Cluster)}
    return profile.sort_values("cluster", key=lambda names: names.map(order)).reset_index(drop=True)


def _none(features: pd.DataFrame, stability: pd.DataFrame | None = None) -> Clustering:
    labels = pd.Series(Cluster.NONE.value, index=features.index, name="cluster", dtype="string")
    columns = [
        "method", "clusters", "adjusted_rand", "adjusted_rand_low", "silhouette", "tighter_than_one_group",
        "distinct_names", "admitted",
    ]  # fmt: skip
    empty = _profile(features, labels).iloc[:0]
    return Clustering(labels, pd.DataFrame(columns=columns) if stability is None else stability, empty, 0)
