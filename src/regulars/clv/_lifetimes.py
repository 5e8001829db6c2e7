"""Import `lifetimes` once, quietly.

Its import sets a pandas option that pandas 4 removes, and switches FutureWarnings off for the whole process. Both are
kept inside this module.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes
    from lifetimes import generate_data, utils

__all__ = ["generate_data", "lifetimes", "utils"]
