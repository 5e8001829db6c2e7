"""What was fitted, as JSON: parameters, their errors, units and the window that they hold for."""

from collections.abc import Mapping

from regulars.clv.backtesting import COMBINATIONS, RULES
from regulars.clv.calibration import Calibration
from regulars.clv.saved import model_entry

UNIT_KEYS = ("time_unit", "observation_start", "observation_end", "currency", "horizon_months", "active_within_days")


def models_record(models: Mapping, *, champion: str, calibration: Calibration | None = None, **context) -> dict:
    """Content of ``models/<dataset>/clv.json``.

    Parameters
    ----------
    models : mapping
        Name (``bg_nbd``, ``gamma_gamma`` …) to a fitted model.
    champion : str
        Name of the model whose forecast the reports show: one of ``models``, a combination or a rule of the backtest.
    calibration : Calibration, optional
        Of P(active).
    **context
        time_unit, observation_start, observation_end, currency, horizon_months, active_within_days, margin,
        annual_discount_rate: what the numbers mean.

    Returns
    -------
    dict
        The context, ``champion``, and under ``models`` per name: parameters, standard_errors, log_likelihood (total,
        in the data's unit of time), customers, distinct_rows, findings; under ``p_active`` its calibration.

    Raises
    ------
    ValueError
        Where the champion is none of the models, or a unit is not told.
    """
    known = (*models, *COMBINATIONS, *RULES)
    if champion not in known:
        raise ValueError(f"the champion '{champion}' is none of the models {', '.join(known)}")
    untold = [key for key in UNIT_KEYS if key not in context]
    if untold:
        raise ValueError(f"a record of models tells its units; '{untold[0]}' is missing")
    record = {**context, "champion": champion, "models": {name: model_entry(model) for name, model in models.items()}}
    return record | ({} if calibration is None else {"p_active": _calibration(calibration)})


def assumptions(record: Mapping) -> dict:
    """What a page says beside every lifetime value: horizon, margin, annual discount rate.

    Examples
    --------
    >>> assumptions({"horizon_months": 12, "margin": 0.3, "annual_discount_rate": 0.1, "currency": "EUR"})
    {'horizon_months': 12, 'margin': 0.3, 'annual_discount_rate': 0.1}
    """
    return {name: record[name] for name in ("horizon_months", "margin", "annual_discount_rate")}


def _calibration(calibration: Calibration) -> dict:
    return {
        "is_calibrated": calibration.is_calibrated,
        "reason": calibration.reason,
        "intercept": calibration.intercept,
        "slope": calibration.slope,
        "fitted_on": calibration.fitted_on,
        "judged_on": calibration.judged_on,
    }
