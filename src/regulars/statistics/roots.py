"""Roots of covariances, through which normal numbers are drawn: one only, whatever the processor."""

import numpy as np

NOTHING = 1e-14  # share of the largest variance below which what is left of one is rounding


def triangular_root(covariance) -> np.ndarray:
    """Lower triangular root of a covariance, of which, unlike eigenvectors, there is only one to be found.

    Parameters
    ----------
    covariance : array_like
        Symmetric and not negative; a coordinate without variance of its own gets a column of zeros.

    Returns
    -------
    numpy.ndarray
        L with L Lᵀ = covariance and no negative number in its diagonal.

    References
    ----------
    Golub, G. H. and Van Loan, C. F. (2013), Matrix Computations, 4th ed., sec. 4.2 (Cholesky; semidefinite 4.2.8).

    Examples
    --------
    >>> triangular_root([[4.0, 2.0], [2.0, 10.0]]).tolist()
    [[2.0, 0.0], [1.0, 3.0]]
    >>> triangular_root([[4.0, 2.0], [2.0, 1.0]]).tolist()
    [[2.0, 0.0], [1.0, 0.0]]
    """
    covariance = np.asarray(covariance, dtype=float)
    root = np.zeros_like(covariance)
    least = NOTHING * np.diag(covariance).max(initial=0.0)
    for j in range(len(covariance)):
        rest = covariance[j:, j] - (root[j:, :j] * root[j, :j]).sum(axis=1)
        if rest[0] > least:
            root[j:, j] = rest / np.sqrt(rest[0])
    return root
