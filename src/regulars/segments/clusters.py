"""Groups that the data form by themselves, where they do: k-means whose number of clusters must prove stable."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.labels import Cluster

FEATURES = ("days_since_order", "orders", "spend_per_order")
STABLE = 0.8
NEAR = 0.02
SAMPLE = 4000
SILHOUETTE_SAMPLE = 1500


@dataclass(frozen=True)
class Clustering:
    """Result of `find_clusters`.

    Parameters
    ----------
    labels : pandas.Series
        Value of `regulars.labels.Cluster` per customer; ``none`` for everybody where no clusters are stable.
    stability : pandas.DataFrame
        One row per number of clusters tried: ``clusters``, ``adjusted_rand`` (mean over the bootstraps),
        ``adjusted_rand_low`` (their lower tenth), ``silhouette``, ``tighter_than_one_group`` (share of the
        simulated single groups that fall apart less well), ``distinct_names``, ``admitted``.
    profile : pandas.DataFrame
        One row per cluster found: ``cluster``, ``customers``, the median of each feature and, as ``<feature>_z``,
        how many standard deviations its mean lies from the middle of the base, on the log scale. Empty where none.
    n_clusters : int
        0 where there are no stable clusters.
    """

    labels: pd.Series
    stability: pd.DataFrame
    profile: pd.DataFrame
    n_clusters: int


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


def find_clusters(
    features: pd.DataFrame, clusters_max: int = 6, bootstraps: int = 20, seed: int = 0, sample: int = SAMPLE
) -> Clustering:
    """Groups into which the customers fall by themselves, if they do.

    Each number of clusters from 2 to `clusters_max` must pass three tests, on at most `sample` customers drawn by
    `seed`; of those that pass, the fewest whose silhouette is within .02 of the best are taken, fitted on all
    customers.

    * *Stable*: k-means on bootstrap samples puts the same customers together as on the whole (mean adjusted Rand
      index ≥ .8).
    * *More than one group*: the customers lie tighter around their centres than 19 of 20 simulated single groups
      (one normal distribution with the same covariance) do. Cutting one long cloud in two is stable, too, but no
      finding.
    * *Interpretable*: the rule that names clusters gives each another name.

    Parameters
    ----------
    features : pandas.DataFrame
        ``days_since_order``, ``orders``, ``spend_per_order``, as `cluster_features` gives them; no value missing.
    clusters_max : int
        Largest number of clusters that is tried.
    bootstraps : int
        Resamples, and simulated single groups, per number of clusters.
    seed : int
        Of the samples, the bootstraps and the starting centres.
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
    (one normal distribution as the case without clusters).
    """
    scaled = _scale(features)
    rng = np.random.default_rng(seed)
    if scaled.shape[1] == 0 or len(scaled) < 10 * clusters_max:
        return _none(features)
    rows = np.sort(rng.choice(len(scaled), sample, replace=False)) if len(scaled) > sample else np.arange(len(scaled))
    points = scaled[rows]
    import sklearn.cluster  # noqa: F401  (before the limit: it holds for libraries that are loaded)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order, so that every machine finds the same centres
        trials = [_trial(points, features, rows, k, bootstraps, rng) for k in range(2, clusters_max + 1)]
        stability = pd.DataFrame([trial for trial, _ in trials])
        admitted = stability[stability["admitted"]]
        if admitted.empty:
            return _none(features, stability)
        best = int(admitted.loc[admitted["silhouette"] >= admitted["silhouette"].max() - NEAR, "clusters"].min())
        codes = _kmeans(scaled, best, rng, start=trials[best - 2][1]).labels_
    names = _names(features, codes)
    labels = pd.Series([names[code] for code in codes], index=features.index, name="cluster", dtype="string")
    return Clustering(labels, stability, _profile(features, labels), best)


def _trial(points, features, rows, k, bootstraps, rng) -> tuple[dict, np.ndarray]:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    whole = _kmeans(points, k, rng)
    agreement = np.empty(bootstraps)
    for b in range(bootstraps):
        resampled = points[rng.integers(0, len(points), len(points))]
        agreement[b] = adjusted_rand_score(whole.labels_, _kmeans(resampled, k, rng, n_init=2).predict(points))
    tightness = whole.inertia_ / _scatter(points)
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    singles = np.empty(bootstraps)
    for b in range(bootstraps):
        single = rng.multivariate_normal(np.zeros(points.shape[1]), covariance, len(points), method="eigh")
        singles[b] = _kmeans(single, k, rng, n_init=2).inertia_ / _scatter(single)
    part = slice(None, SILHOUETTE_SAMPLE)  # rows were drawn at random or are few
    order = rng.permutation(len(points))[part]
    several = len(np.unique(whole.labels_[order])) > 1
    names = _names(features.iloc[rows], whole.labels_)
    trial = {
        "clusters": k,
        "adjusted_rand": agreement.mean(),
        "adjusted_rand_low": np.quantile(agreement, 0.1),
        "silhouette": silhouette_score(points[order], whole.labels_[order]) if several else np.nan,
        "tighter_than_one_group": float(np.mean(tightness < singles)),
        "distinct_names": len(set(names.values())) == k,
    }
    trial["admitted"] = bool(
        trial["adjusted_rand"] >= STABLE
        and trial["tighter_than_one_group"] >= 0.95
        and trial["distinct_names"]
        and several
    )
    return trial, whole.cluster_centers_


def _kmeans(points, k, rng, n_init=4, start=None):
    from sklearn.cluster import KMeans

    seed = int(rng.integers(2**31))
    if start is not None:
        return KMeans(k, init=start, n_init=1, random_state=seed).fit(points)
    return KMeans(k, n_init=n_init, random_state=seed).fit(points)


def _scatter(points) -> float:
    return float(((points - points.mean(axis=0)) ** 2).sum())


def _logs(features: pd.DataFrame) -> pd.DataFrame:
    return np.log1p(features[list(FEATURES)].astype(float))


def _scale(features: pd.DataFrame) -> np.ndarray:
    logs = _logs(features)
    width = logs.quantile(0.75) - logs.quantile(0.25)
    width = width.where(width > 1e-12, logs.std(ddof=0))
    varies = width > 1e-12
    return ((logs - logs.median()) / width).loc[:, varies].to_numpy()


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
        "clusters", "adjusted_rand", "adjusted_rand_low", "silhouette", "tighter_than_one_group", "distinct_names",
        "admitted",
    ]  # fmt: skip
    empty = _profile(features, labels).iloc[:0]
    return Clustering(labels, pd.DataFrame(columns=columns) if stability is None else stability, empty, 0)
