"""Fitted models as plain data that JSON can hold, and back: never pickles."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from regulars.clv.beta_geo import BetaGeoFitter, ModifiedBetaGeoFitter, RegularBetaGeoFitter
from regulars.clv.gamma_gamma import GammaGammaFitter, TiltedGammaGammaFitter
from regulars.clv.nbd import NBDFitter
from regulars.clv.pareto_nbd import ParetoNBDFitter
from regulars.rounding import round_significant

FORMAT = 1  # of an entry; raised whenever its meaning changes
FITTERS = {
    fitter.__name__: fitter
    for fitter in (
        BetaGeoFitter,
        ModifiedBetaGeoFitter,
        RegularBetaGeoFitter,
        ParetoNBDFitter,
        NBDFitter,
        GammaGammaFitter,
        TiltedGammaGammaFitter,
    )
}
SETTINGS = ("penalizer_coef", "k")


def model_entry(model) -> dict:
    """What is kept of a fitted model.

    Parameters
    ----------
    model : fitter
        Fitted.

    Returns
    -------
    dict
        fitter, settings, parameters, standard_errors, log_covariance (of the logs of the parameters), log_likelihood
        (total, in the data's unit of time), customers, distinct_rows, data_sha256, findings (codes), format.
    """
    return {
        "fitter": type(model).__name__,
        "settings": {name: getattr(model, name) for name in SETTINGS if hasattr(model, name)},
        "parameters": model.params_.to_dict(),
        "standard_errors": model.standard_errors_.to_dict(),
        "log_covariance": model.log_variance_matrix_.to_numpy().tolist(),
        "log_likelihood": model.log_likelihood_,
        "customers": int(model.customers_),
        "distinct_rows": len(model.data.drop(columns="weights").drop_duplicates()),
        "data_sha256": data_hash(model.data),
        "findings": [finding.code for finding in model.findings_],
        "format": FORMAT,
    }


def data_hash(data: pd.DataFrame) -> str:
    """Fingerprint of the rows that a model was fitted on, whatever their order.

    Parameters
    ----------
    data : pandas.DataFrame
        ``data`` of a fitted model.

    Returns
    -------
    str
        sha256 of the distinct rows with their numbers of customers, to 10 significant digits.

    Examples
    --------
    >>> one = pd.DataFrame({"frequency": [1, 0], "T": [5.0, 2.0], "weights": [1, 1]})
    >>> data_hash(one) == data_hash(one.iloc[::-1])
    True
    """
    names = sorted(set(data) - {"weights"})
    rows = data.groupby(names, sort=True)["weights"].sum().reset_index()
    numbers = round_significant(rows.to_numpy(float)).astype("<f8")
    return hashlib.sha256(",".join(rows).encode() + numbers.tobytes()).hexdigest()


def restore_models(record: Mapping, *, time_unit: str, data: Mapping[str, pd.DataFrame] | None = None) -> dict:
    """Fitted models from what `models_record` told of them.

    Parameters
    ----------
    record : mapping
        Content of ``models/<dataset>/clv.json``.
    time_unit : str
        Unit in which they are going to be asked; it must be the one that they were fitted in.
    data : mapping, optional
        Name to the rows that a model should have been fitted on, with columns as its ``data``: refused where others.

    Returns
    -------
    dict
        Name to fitter, with parameters and covariance; it answers every question, and cannot be fitted further.

    Raises
    ------
    ValueError
        Where model, version, unit or data are not the ones expected: one sentence.
    """
    if record.get("time_unit") != time_unit:
        raise ValueError(
            f"the models were fitted in the unit {record.get('time_unit')!r}, not in {time_unit!r}; fit them anew."
        )
    models = {
        name: _restored(name, entry, None if data is None else data.get(name))
        for name, entry in record["models"].items()
    }
    for model in models.values():
        model.time_unit_ = time_unit
    return models


def _restored(name: str, entry: Mapping, data):
    if entry.get("format") != FORMAT:
        raise ValueError(
            f"model {name!r} was saved in format {entry.get('format')!r}, this version reads {FORMAT}; fit it anew."
        )
    if entry.get("fitter") not in FITTERS:
        raise ValueError(f"model {name!r} is a {entry.get('fitter')!r}; known are {', '.join(FITTERS)}.")
    if data is not None and data_hash(data) != entry["data_sha256"]:
        raise ValueError(f"model {name!r} was fitted on other data than these; fit it anew.")
    model = FITTERS[entry["fitter"]](**entry["settings"])
    names = list(model._names)
    if set(entry["parameters"]) != set(names):
        raise ValueError(
            f"model {name!r} has the parameters {', '.join(entry['parameters'])}; expected {', '.join(names)}."
        )
    model.params_ = pd.Series(entry["parameters"], dtype=float)[names]
    model.standard_errors_ = pd.Series(entry["standard_errors"], dtype=float)[names]
    model.log_variance_matrix_ = pd.DataFrame(entry["log_covariance"], index=names, columns=names, dtype=float)
    model.variance_matrix_ = model.log_variance_matrix_ * np.outer(model.params_, model.params_)
    model.log_likelihood_, model.customers_ = entry["log_likelihood"], float(entry["customers"])
    return model
