"""PLS path model of satisfaction: weights of the items, arrows between the constructs, and how good they are.

Everything but the respondents' scores follows from the items' covariances, so that the algorithm works on a stack of
covariance matrices at once: one for an estimate, a thousand for a bootstrap.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.satisfaction.index.structure import Structure, structure_of
from regulars.showing import Shown, picture

SCHEMES = ("centroid", "factorial", "path")
TOLERANCE, MAX_STEPS = 1e-10, 500
LEAST_ANSWERED = 0.10  # share of the respondents; an item that fewer answered is not analysed
SINGULAR = 1e-10  # determinant or eigenvalue, of correlations, that counts as zero


@dataclass(frozen=True, repr=False)
class PathModel(Shown):
    """A fitted path model. Constructs have mean 0 and variance 1.

    Parameters
    ----------
    paths : pandas.Series
        Path coefficient by (source, target).
    weights : pandas.Series
        Outer weight by (construct, item): a construct is the sum of its items, standardised or only centred as asked,
        times these.
    loadings : pandas.Series
        Correlation of item and construct, by (construct, item).
    communalities : pandas.Series
        Squared loadings.
    r_squared : pandas.Series
        By construct, of those that an arrow leads to.
    total_effects : pandas.Series
        By (source, target): over all paths.
    construct_correlations : pandas.DataFrame
        Constructs × constructs.
    quality : pandas.DataFrame
        By construct: ``mode``, ``items``, ``ave`` (average variance extracted), ``composite_reliability`` (rho_c),
        ``alpha`` (Cronbach's; missing with a single item).
    htmt : pandas.DataFrame
        Constructs × constructs: heterotrait-monotrait ratio of correlations; below 0.85 or 0.9 they are distinct.
    scores : pandas.DataFrame, optional
        Respondents × constructs; missing where a respondent answered no item of a construct, and altogether where only
        correlations were given.
    steps : int
        Iterations.
    n : int
        Respondents.
    remarks : tuple of (code, dict)
        What to be wary of: ``negative_weight`` (item, construct, weight), ``single_item`` (construct),
        ``collinear`` (construct).
    """

    paths: pd.Series
    weights: pd.Series
    loadings: pd.Series
    communalities: pd.Series
    r_squared: pd.Series
    total_effects: pd.Series
    construct_correlations: pd.DataFrame
    quality: pd.DataFrame
    htmt: pd.DataFrame
    scores: pd.DataFrame | None
    steps: int
    n: int
    remarks: tuple

    def __repr__(self) -> str:
        """Respondents, constructs and how much of each is explained."""
        explained = ", ".join(f"{name} {value:.2f}" for name, value in self.r_squared.items())
        return f"PathModel: n = {self.n}, {len(self.quality)} constructs, {len(self.paths)} paths, R² of {explained}"

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {"paths": self.paths.to_frame("path"), "quality": self.quality}

    def plot(self):
        """Path coefficients, the strongest first."""
        names = [" → ".join(map(str, pair)) for pair in self.paths.index]
        frame = pd.DataFrame({"path": names, "coefficient": self.paths.to_numpy()})
        frame = frame.sort_values("coefficient", ascending=False, ignore_index=True)
        return picture("dots", frame, category="path", value="coefficient", x_title="path coefficient",
                       x_format="{:.2f}".format, from_zero=True)  # fmt: skip

    @property
    def ave(self) -> pd.Series:
        """Average variance extracted, by construct."""
        return self.quality["ave"]

    @property
    def composite_reliability(self) -> pd.Series:
        """rho_c, by construct."""
        return self.quality["composite_reliability"]

    @property
    def alpha(self) -> pd.Series:
        """Cronbach's alpha, by construct."""
        return self.quality["alpha"]


def path_model(answers: pd.DataFrame, model: Mapping, scheme: str = "centroid", standardise: bool = True) -> PathModel:
    """Estimate a path model by partial least squares.

    Parameters
    ----------
    answers : pandas.DataFrame
        One row per respondent, one column per item; columns that the model does not name are ignored. Missing answers
        stay missing: covariances are those of the respondents who answered both items.
    model : mapping
        ``constructs``: {name: [items]}; ``paths``: [[source, target]]; ``modes``: {name: "A" or "B"}, optional, A
        where absent.
    scheme : {"centroid", "factorial", "path"}
        Inner weights: sign of the correlation of two joined constructs; the correlation; or regression coefficient of
        those before and correlation with those after.
    standardise : bool
        Items to variance 1; centring only where false.

    Returns
    -------
    PathModel
        Each construct's sign is such that its items' loadings sum to more than zero.

    Raises
    ------
    UserError
        In one sentence: a faulty model, an item that is not in the answers, that nearly nobody answered or that
        everybody answered alike, one respondent, collinear items in a construct of mode B.

    References
    ----------
    Wold, H. (1982), in Systems under Indirect Observation, part 2, 1-54. Lohmöller, J.-B. (1989), Latent Variable Path
    Modeling with Partial Least Squares. Tenenhaus, M. et al. (2005), Computational Statistics & Data Analysis 48,
    159-205. Henseler, J. et al. (2015), J. Academy of Marketing Science 43, 115-135 (HTMT).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> good = rng.normal(size=200)
    >>> answers = pd.DataFrame({f"q{k}": good + rng.normal(size=200) for k in range(3)})
    >>> answers["s"] = good + rng.normal(size=200)
    >>> told = path_model(answers, {"constructs": {"quality": ["q0", "q1", "q2"], "satisfaction": ["s"]},
    ...                             "paths": [["quality", "satisfaction"]]})
    >>> round(float(told.paths["quality", "satisfaction"]), 3), round(float(told.ave["quality"]), 3)
    (0.577, 0.627)
    """
    structure = structure_of(model)
    table = answer_table(answers, structure)
    moments = Moments.of(table)
    covariance = moments.covariance[None]
    _check_block_b(covariance[0], structure)
    fitted = fit(treated(covariance, standardise), structure, scheme)
    spread = np.sqrt(np.diag(covariance[0])) if standardise else np.ones(len(structure.items))
    scores = _scores((table - moments.mean) / spread, fitted.weights[0], structure, answers.index)
    return _result(fitted, structure, respondents_in(table), scores)


def path_model_of(correlations: pd.DataFrame, model: Mapping, scheme: str = "centroid", n: int = 0) -> PathModel:
    """The standardised path model of a correlation matrix, which is all that it needs.

    Parameters
    ----------
    correlations : pandas.DataFrame
        Items × items, symmetric; those that the model does not name are ignored. Covariances are brought to
        correlations.
    model : mapping
        ``constructs``: {name: [items]}; ``paths``: [[source, target]]; ``modes``: {name: "A" or "B"}, optional.
    scheme : {"centroid", "factorial", "path"}
        Inner weights.
    n : int
        Respondents behind the matrix, where known.

    Returns
    -------
    PathModel
        Without scores.

    Raises
    ------
    UserError
        As `path_model`, and where the matrix is not one of correlations.

    Examples
    --------
    >>> pair = pd.DataFrame([[1, 0.5], [0.5, 1]], index=["a1", "b1"], columns=["a1", "b1"])
    >>> model = {"constructs": {"a": ["a1"], "b": ["b1"]}, "paths": [["a", "b"]]}
    >>> float(path_model_of(pair, model).paths["a", "b"])
    0.5
    """
    structure = structure_of(model)
    _check_known(correlations.columns, structure)
    matrix = correlations.loc[list(structure.items), list(structure.items)].to_numpy(float)
    if not (np.isfinite(matrix).all() and np.allclose(matrix, matrix.T, atol=1e-8) and (np.diag(matrix) > 0).all()):
        raise UserError("The correlation matrix is not symmetric, has a gap, or an item without variance: mend it.")
    if np.linalg.eigvalsh(treated(matrix[None], True)[0])[0] < -1e-6:
        raise UserError("The correlation matrix cannot be one: it has a negative eigenvalue; mend it.")
    _check_block_b(matrix, structure)
    return _result(fit(treated(matrix[None], True), structure, scheme), structure, n, None)


# ---- what goes in ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moments:
    """Mean of the items and their covariances (population), of those who answered."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> "Moments":
        """Moments of a table of respondents × items with NaN where unanswered.

        Parameters
        ----------
        table : numpy.ndarray
            Respondents × items.

        Returns
        -------
        'Moments'
        """
        told = ~np.isnan(table)
        mean = np.nanmean(table, axis=0)
        centred = np.where(told, table - mean, 0.0)
        both = told.astype(float)  # a product of truth values is reckoned one by one
        pairs = np.maximum(both.T @ both, 1.0)
        covariance = centred.T @ centred / pairs
        return cls(mean, covariance if told.all() else as_possible(covariance))


def answer_table(answers: pd.DataFrame, structure: Structure) -> np.ndarray:
    """Answers to the model's items as numbers, checked: respondents × items, NaN where unanswered.

    Parameters
    ----------
    answers : pandas.DataFrame
        Respondents × items; others than the structure's are ignored.
    structure : Structure
        Of `structure_of`.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    UserError
        See `path_model`.
    """
    _check_known(answers.columns, structure)
    chosen = answers[list(structure.items)]
    for item, kind in chosen.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            raise UserError(f"The answers to item '{item}' are not numbers: give scores.")
    table = chosen.to_numpy(dtype=float, na_value=np.nan)
    n = respondents_in(table)
    if n < 2:
        raise UserError(f"{n} respondent answered: a path model needs many, at least 30 to tell anything.")
    _check_answered(table, structure.items)
    return table


def respondents_in(table: np.ndarray) -> int:
    """Rows with any answer.

    Parameters
    ----------
    table : numpy.ndarray
        Respondents × items.

    Returns
    -------
    int
    """
    return int((~np.isnan(table)).any(axis=1).sum())


def _check_known(columns, structure: Structure) -> None:
    for item in structure.items:
        if item not in columns:
            raise UserError(f"The model names item '{item}', which is not in the answers: correct it or leave it out.")


def _check_answered(table: np.ndarray, items) -> None:
    told, n = (~np.isnan(table)).sum(axis=0), respondents_in(table)
    for item, count in zip(items, told, strict=True):
        if count < max(2, LEAST_ANSWERED * n):
            raise UserError(
                f"Item '{item}' was answered by {count} of {n} respondents, too few to be analysed: leave it "
                "out of the model."
            )
    flat = np.nanmax(table, axis=0) == np.nanmin(table, axis=0)
    if flat.any():
        place = int(flat.argmax())
        value = np.nanmin(table[:, place])
        raise UserError(f"Everybody answered {value:g} to item '{items[place]}': leave it out of the model.")


def _check_block_b(covariance: np.ndarray, structure: Structure) -> None:
    correlation = treated(covariance[None], True)[0]
    for name, mode, block in zip(structure.constructs, structure.modes, structure.blocks, strict=True):
        if mode == "B" and np.linalg.eigvalsh(correlation[np.ix_(block, block)])[0] < 1e-8:
            raise UserError(
                f"Items of construct '{name}' repeat one another exactly ({_twins(correlation, block, structure)}), so "
                "that mode B has no answer: leave one out or take mode A."
            )


def _twins(correlation: np.ndarray, block: np.ndarray, structure: Structure) -> str:
    inside = np.abs(np.triu(correlation[np.ix_(block, block)], 1))
    first, second = np.unravel_index(inside.argmax(), inside.shape)
    return f"'{structure.items[block[first]]}' and '{structure.items[block[second]]}'"


def as_possible(covariance: np.ndarray) -> np.ndarray:
    """Covariances of pairs of answers made into a matrix that can be one: negative eigenvalues to zero.

    Parameters
    ----------
    covariance : numpy.ndarray
        … × items × items.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values.min() >= 0:
        return covariance
    mended = (vectors * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    scale = np.sqrt(_diagonals(covariance) / np.maximum(_diagonals(mended), 1e-300))
    return mended * scale[..., None] * scale[..., None, :]


def treated(covariance: np.ndarray, standardise: bool) -> np.ndarray:
    """Covariances, brought to correlations where asked.

    Parameters
    ----------
    covariance : numpy.ndarray
        Draws × items × items.
    standardise : bool
        Whether items are brought to variance 1.

    Returns
    -------
    numpy.ndarray
    """
    if not standardise:
        return covariance
    spread = np.sqrt(np.maximum(_diagonals(covariance), 1e-300))
    return covariance / spread[..., None] / spread[..., None, :]


def _diagonals(matrices: np.ndarray) -> np.ndarray:
    return np.diagonal(matrices, axis1=-2, axis2=-1)


# ---- the algorithm, on a stack of covariance matrices ------------------------------------------------------------


@dataclass(frozen=True)
class Fitted:
    """Estimates of a stack of covariance matrices, one per draw."""

    covariance: np.ndarray  # draws × items × items
    weights: np.ndarray  # draws × items
    correlations: np.ndarray  # draws × constructs × constructs
    paths: np.ndarray  # draws × constructs × constructs, from row to column
    steps: int

    def totals(self) -> np.ndarray:
        """Total effects: draws × constructs × constructs."""
        size = self.paths.shape[1]
        return np.linalg.inv(np.eye(size) - self.paths) - np.eye(size)

    def loadings(self, structure: Structure) -> np.ndarray:
        """Correlation of each item with its own construct: draws × items.

        Parameters
        ----------
        structure : Structure
            Of `structure_of`.

        Returns
        -------
        numpy.ndarray
        """
        outer = np.einsum("bij,bjk->bik", self.covariance, _as_matrix(self.weights, structure))
        own = np.take_along_axis(outer, np.broadcast_to(structure.owner[None, :, None], (*outer.shape[:2], 1)), 2)
        return own[..., 0] / np.sqrt(_diagonals(self.covariance))


def fit(covariance: np.ndarray, structure: Structure, scheme: str = "centroid") -> Fitted:
    """The algorithm: outer weights until they stand still, then the arrows by least squares.

    Parameters
    ----------
    covariance : numpy.ndarray
        Draws × items × items.
    structure : Structure
        Of `structure_of`.
    scheme : str
        Inner weights: centroid, factorial or path.

    Returns
    -------
    Fitted
        Signs such that the loadings of each construct sum to more than zero.

    Raises
    ------
    UserError
        For an unknown scheme, weights that never stand still, or constructs that repeat one another exactly.
    """
    if scheme not in SCHEMES:
        raise UserError(f"The scheme '{scheme}' is unknown: name one of {', '.join(SCHEMES)}.")
    inverses = {
        place: np.linalg.pinv(covariance[:, block][:, :, block], hermitian=True)
        for place, block in enumerate(structure.blocks)
        if structure.modes[place] == "B"
    }
    weights = _scaled(np.ones(covariance.shape[:2]), covariance, structure)
    going, steps = np.arange(len(covariance)), 0
    while going.size and steps < MAX_STEPS:
        steps += 1
        part = covariance[going]
        new = _scaled(_outer_step(weights[going], part, structure, scheme, inverses, going), part, structure)
        old, weights[going] = weights[going], new
        spread = np.sqrt(_diagonals(part))
        moved = np.abs(np.abs(new * spread) - np.abs(old * spread)).max(axis=1) > TOLERANCE
        going = going[moved]
    if len(going) == len(covariance):
        raise UserError(f"The weights do not settle in {MAX_STEPS} steps: take another scheme or mode A.")
    weights = _signed(weights, covariance, structure)
    matrix = _as_matrix(weights, structure)
    correlations = np.swapaxes(matrix, 1, 2) @ covariance @ matrix
    return Fitted(covariance, weights, correlations, _paths(correlations, structure), steps)


def _as_matrix(weights: np.ndarray, structure: Structure) -> np.ndarray:
    matrix = np.zeros((*weights.shape, len(structure.constructs)))
    matrix[:, np.arange(weights.shape[1]), structure.owner] = weights
    return matrix


def _scaled(weights: np.ndarray, covariance: np.ndarray, structure: Structure) -> np.ndarray:
    """Weights that give every construct variance 1."""
    scaled = np.empty_like(weights)
    for block in structure.blocks:
        part = weights[:, block]
        variance = np.einsum("bi,bij,bj->b", part, covariance[:, block][:, :, block], part)
        scaled[:, block] = part / np.sqrt(np.maximum(variance, 1e-300))[:, None]
    return scaled


def _outer_step(weights, covariance, structure: Structure, scheme, inverses, going) -> np.ndarray:
    outer = covariance @ _as_matrix(weights, structure)  # of items with constructs
    correlations = np.stack(
        [np.einsum("bi,bik->bk", weights[:, block], outer[:, block]) for block in structure.blocks], axis=1
    )
    proxies = outer @ _inner_weights(correlations, structure, scheme)  # of items with inner proxies
    new = np.take_along_axis(proxies, np.broadcast_to(structure.owner[None, :, None], (*proxies.shape[:2], 1)), axis=2)[
        ..., 0
    ]
    for place, inverse in inverses.items():
        block = structure.blocks[place]
        new[:, block] = np.einsum("bij,bj->bi", inverse[going], new[:, block])
    return new


def _inner_weights(correlations: np.ndarray, structure: Structure, scheme: str) -> np.ndarray:
    joined = structure.arrows | structure.arrows.T
    if scheme == "centroid":
        return np.where(joined, np.sign(correlations), 0.0)
    inner = np.where(joined, correlations, 0.0)
    if scheme == "path":
        inner = np.where(structure.arrows, _paths(correlations, structure), inner)
    return inner


def _paths(correlations: np.ndarray, structure: Structure) -> np.ndarray:
    """Least squares of each construct on those before it."""
    paths = np.zeros_like(correlations)
    for target, sources in enumerate(structure.sources):
        if not sources.size:
            continue
        among = correlations[:, sources][:, :, sources]
        if len(correlations) == 1 and np.linalg.eigvalsh(among[0])[0] < SINGULAR:
            names = ", ".join(structure.constructs[place] for place in sources)
            raise UserError(
                f"The constructs that lead to '{structure.constructs[target]}' ({names}) repeat one another exactly: "
                "leave one of the arrows out."
            )
        with_target = correlations[:, sources, target]
        paths[:, sources, target] = (np.linalg.pinv(among, hermitian=True) @ with_target[..., None])[..., 0]
    return paths


def _signed(weights: np.ndarray, covariance: np.ndarray, structure: Structure) -> np.ndarray:
    outer = covariance @ _as_matrix(weights, structure)
    spread = np.sqrt(_diagonals(covariance))
    signed = weights.copy()
    for place, block in enumerate(structure.blocks):
        agree = (outer[:, block, place] / spread[:, block]).sum(axis=1)
        signed[:, block] *= np.where(agree < 0, -1.0, 1.0)[:, None]
    return signed


# ---- what comes out ----------------------------------------------------------------------------------------------


def _scores(table: np.ndarray, weights: np.ndarray, structure: Structure, index: pd.Index) -> pd.DataFrame:
    """Scores; of those with gaps, from the items answered, scaled up by the weight that is missing."""
    told = ~np.isnan(table)
    filled = np.where(told, table, 0.0)
    columns = {}
    for name, block in zip(structure.constructs, structure.blocks, strict=True):
        share = told[:, block] @ np.abs(weights[block]) / np.abs(weights[block]).sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            columns[name] = np.where(share > 0, filled[:, block] @ weights[block] / share, np.nan)
    return pd.DataFrame(columns, index=index)


def _result(fitted: Fitted, structure: Structure, n: int, scores: pd.DataFrame | None) -> PathModel:
    names, items = np.array(structure.constructs, dtype=object), list(structure.items)
    outer = pd.MultiIndex.from_arrays([names[structure.owner], items], names=["construct", "item"])
    loadings = pd.Series(fitted.loadings(structure)[0], outer, name="loading")
    weights = pd.Series(fitted.weights[0], outer, name="weight")
    correlations, paths = fitted.correlations[0], fitted.paths[0]
    explained = (paths * correlations).sum(axis=0)
    reached = structure.arrows.any(axis=0)
    correlation = treated(fitted.covariance, True)[0]
    square = pd.DataFrame(correlations, names, names)
    return PathModel(
        _by_pair(paths, structure.arrows, names, "path"),
        weights,
        loadings,
        (loadings**2).rename("communality"),
        pd.Series(explained[reached], names[reached], name="r_squared"),
        _by_pair(fitted.totals()[0], structure.reach, names, "total_effect"),
        square,
        _quality(correlation, loadings.to_numpy(), structure),
        pd.DataFrame(htmt(correlation, structure), names, names),
        scores,
        fitted.steps,
        n,
        _remarks(weights, correlation, structure),
    )


def _by_pair(matrix: np.ndarray, chosen: np.ndarray, names: np.ndarray, name: str) -> pd.Series:
    source, target = np.nonzero(chosen)
    index = pd.MultiIndex.from_arrays([names[source], names[target]], names=["source", "target"])
    return pd.Series(matrix[source, target], index, name=name)


def _quality(correlation: np.ndarray, loadings: np.ndarray, structure: Structure) -> pd.DataFrame:
    rows = []
    for mode, block in zip(structure.modes, structure.blocks, strict=True):
        own, size = loadings[block], len(block)
        total = correlation[np.ix_(block, block)].sum()
        rows.append(
            {
                "mode": mode,
                "items": size,
                "ave": (own**2).mean(),
                "composite_reliability": own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum()),
                "alpha": size / (size - 1) * (1 - size / total) if size > 1 else np.nan,
            }
        )
    return pd.DataFrame(rows, index=list(structure.constructs)).astype({"mode": "string"})


def htmt(correlation: np.ndarray, structure: Structure) -> np.ndarray:
    """Heterotrait-monotrait ratio of each pair of constructs, of the items' correlations; a single item's own is 1.

    Parameters
    ----------
    correlation : numpy.ndarray
        Items × items.
    structure : Structure
        Of `structure_of`.

    Returns
    -------
    numpy.ndarray
    """
    within = np.ones(len(structure.constructs))
    for place, block in enumerate(structure.blocks):
        if len(block) > 1:
            within[place] = correlation[np.ix_(block, block)][np.triu_indices(len(block), 1)].mean()
    between = np.array(
        [[correlation[np.ix_(one, other)].mean() for other in structure.blocks] for one in structure.blocks]
    )
    scale = np.outer(within, within)
    ratio = np.divide(between, np.sqrt(np.abs(scale)), out=np.full_like(between, np.nan), where=scale > 0)
    np.fill_diagonal(ratio, 1.0)
    return ratio


def _remarks(weights: pd.Series, correlation: np.ndarray, structure: Structure) -> tuple:
    told = [
        ("negative_weight", {"construct": construct, "item": item, "weight": float(weight)})
        for (construct, item), weight in weights.items()
        if weight < 0
    ]
    for name, block in zip(structure.constructs, structure.blocks, strict=True):
        if len(block) == 1:
            told.append(("single_item", {"construct": name}))
        elif np.linalg.eigvalsh(correlation[np.ix_(block, block)])[0] < 1e-8:
            told.append(("collinear", {"construct": name}))
    return tuple(told)
