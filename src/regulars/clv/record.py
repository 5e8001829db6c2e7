"""What was fitted, as the other stages find it: models, their units, and the assumptions behind the money."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import pandas as pd

from regulars.clv.backtesting import COMBINATIONS, RULES
from regulars.clv.calibration import Calibration
from regulars.clv.margins import origin_of
from regulars.clv.model_entries import model_entry, restore_models
from regulars.finding import Refusal, refused, shows
from regulars.settings import Certainty, Economics, ValueSettings

ORDERS, SPEND = "bg_nbd", "gamma_gamma"


@shows
@dataclass(frozen=True)
class ModelsRecord:
    """Content of ``models/<dataset>/clv.json``.

    Parameters
    ----------
    economics : Economics
        Margin, annual discount rate, horizon, unit of time of the models, days of P(active).
    certainty : Certainty
        Level of the intervals, and what no model sees of a total's.
    zero_spend_is_purchase : bool
        Whether a day with zero net spend counts as a purchase occasion.
    observation_start, observation_end : datetime.date
        The window that the models hold for.
    currency : str
        Code of the money.
    in_memory_rows : int
        Orders; with more, the models were fitted on a part of the customers.
    champion : str or None
        Name of the model, combination or rule whose forecast the pages show; None where the orders allow no model.
    entries : mapping
        Name (``bg_nbd``, ``gamma_gamma`` …) to what is kept of a fitted model, as `model_entry` makes it.
    months_ahead : sequence of dict or None
        The months that were told; None in a record of an earlier version.
    elasticities : sequence of dict
        Of customer equity: lever, elasticity and its interval.
    calibration : mapping, optional
        Of P(active).
    untold : str
        Why the orders allow no model; empty where they do.
    histories : callable, optional
        Gives the summary of the customers when a model is asked for a picture of them.
    """

    economics: Economics
    certainty: Certainty
    zero_spend_is_purchase: bool
    observation_start: date
    observation_end: date
    currency: str
    in_memory_rows: int
    champion: str | None = None
    entries: Mapping[str, Mapping] = field(default_factory=dict, repr=False)
    months_ahead: Sequence[Mapping] | None = field(default=(), repr=False)
    elasticities: Sequence[Mapping] = field(default=(), repr=False)
    calibration: Mapping | None = field(default=None, repr=False)
    untold: str = ""
    histories: Callable[[], pd.DataFrame] | None = field(default=None, repr=False, compare=False)

    @property
    def horizon_months(self) -> int:
        """How far ahead orders and money are told."""
        return self.economics.horizon_months

    @property
    def time_unit(self) -> str:
        """Unit of time of the models."""
        return self.economics.time_unit

    @cached_property
    def fitted(self) -> dict | Refusal:
        """Every model, restored: name to fitter; a `regulars.finding.Refusal` where the orders allow none.

        Raises
        ------
        ValueError
            Where an entry was saved by another version.
        """
        if self.untold:
            return Refusal(self.untold)
        models = restore_models({"time_unit": self.time_unit, "models": self.entries}, time_unit=self.time_unit)
        for model in models.values():
            model.level = self.certainty.level  # of the intervals in its summary
            model.histories = self.histories
        return models

    @property
    def orders(self):
        """Model of how often customers order."""
        return self.fitted[ORDERS]

    @property
    def spend(self):
        """Model of what an order brings."""
        return self.fitted[SPEND]

    def to_json(self) -> dict:
        """What `from_json` reads: units and assumptions, the models, and what was told with them."""
        known = {
            "time_unit": self.time_unit,
            "zero_spend_is_purchase": self.zero_spend_is_purchase,
            "margin": self.economics.margin,
            "costs_known": self.economics.costs_known,
            "annual_discount_rate": self.economics.annual_discount_rate,
            "active_within_days": self.economics.active_within_days,
            "horizon_months": self.horizon_months,
            "interval_level": self.certainty.level,
            "level_uncertainty": self.certainty.level_uncertainty,
            "observation_start": self.observation_start,
            "observation_end": self.observation_end,
            "currency": self.currency,
            "in_memory_rows": self.in_memory_rows,
        }
        models = {"champion": self.champion, "models": dict(self.entries)}
        told = {"months_ahead": list(self.months_ahead or ()), "elasticities": list(self.elasticities)}
        if self.untold:
            return known | models | told | {"untold": self.untold}
        return known | told | models | ({"p_active": dict(self.calibration)} if self.calibration else {})

    @classmethod
    def from_json(
        cls, content: Mapping, *, seed: int = 0, draws: int = 0, histories: Callable[[], pd.DataFrame] | None = None
    ) -> "ModelsRecord":
        """Record that was saved.

        Parameters
        ----------
        content : mapping
            As `to_json` made it.
        seed, draws : int
            Of what is drawn with it: they are settings, and not saved.
        histories : callable, optional
            Gives the summary of the customers, which is not saved either.

        Returns
        -------
        ModelsRecord
        """
        names = ("margin", "annual_discount_rate", "horizon_months", "time_unit", "active_within_days")
        return cls(
            economics=Economics(**{name: content[name] for name in names}, costs_known=content.get("costs_known", 0.0)),
            certainty=Certainty(content["interval_level"], content["level_uncertainty"], seed, draws),
            zero_spend_is_purchase=content["zero_spend_is_purchase"],
            observation_start=_day(content["observation_start"]),
            observation_end=_day(content["observation_end"]),
            currency=content["currency"],
            in_memory_rows=content["in_memory_rows"],
            champion=content["champion"],
            entries=content["models"],
            months_ahead=content.get("months_ahead"),
            elasticities=content.get("elasticities", ()),
            calibration=content.get("p_active"),
            untold=content.get("untold", ""),
            histories=histories,
        )


def models_record(
    models: Mapping,
    settings: ValueSettings,
    about,
    *,
    economics: Economics,
    champion: str,
    calibration: Calibration | None = None,
    months_ahead: Sequence[Mapping] = (),
    elasticities: pd.DataFrame | None = None,
    certainty: Certainty | None = None,
) -> ModelsRecord:
    """Record of models just fitted; where the orders allow none it says why.

    Parameters
    ----------
    models : mapping or Refusal
        Name (``bg_nbd``, ``gamma_gamma`` …) to a fitted model.
    settings : ValueSettings
        Certainty of what is told, what counts as a purchase, how many orders are held in memory.
    about : regulars.catalog.About
        The window that the models hold for, and the currency.
    economics : Economics
        Of what is told.
    champion : str or Refusal
        Name of the model whose forecast the reports show: one of ``models``, a combination or a rule of the backtest.
    calibration : Calibration, optional
        Of P(active).
    months_ahead : sequence of dict
        As `regulars.clv.cohort_revenue.CohortForecast.record` tells them.
    elasticities : pandas.DataFrame, optional
        Of customer equity, as `regulars.clv.elasticities` gives them.
    certainty : Certainty, optional
        As it was read from the log; that of the settings by default.

    Returns
    -------
    ModelsRecord

    Raises
    ------
    ValueError
        Where the champion is none of the models.
    """
    record = ModelsRecord(
        economics=economics,
        certainty=certainty or settings.certainty,
        zero_spend_is_purchase=settings.zero_spend_is_purchase,
        observation_start=about.observation_start,
        observation_end=about.observation_end,
        currency=about.currency,
        in_memory_rows=settings.in_memory_rows,
    )
    if (why := refused(models, champion)) is not None:
        return replace(record, untold=why.why)
    known = (*models, *COMBINATIONS, *RULES)
    if champion not in known:
        raise ValueError(f"the champion '{champion}' is none of the models {', '.join(known)}")
    return replace(
        record,
        champion=champion,
        entries={name: model_entry(model) for name, model in models.items()},
        months_ahead=months_ahead,
        elasticities=() if elasticities is None else elasticities.to_dict("records"),
        calibration=None if calibration is None else _calibration(calibration),
    )


def assumptions(economics: Economics) -> dict:
    """What a page says beside every lifetime value: horizon, margin and where it comes from, annual discount rate.

    Examples
    --------
    >>> assumptions(Economics(0.3, 0.1, 12, "week", 90))
    {'horizon_months': 12, 'margin': 0.3, 'annual_discount_rate': 0.1, 'origin': <MarginOrigin.ASSUMED: 'assumed'>}
    """
    told = {name: getattr(economics, name) for name in ("horizon_months", "margin", "annual_discount_rate")}
    return told | {"origin": origin_of(economics)}


def _day(told) -> date:
    return date.fromisoformat(told) if isinstance(told, str) else told


def _calibration(calibration: Calibration) -> dict:
    return {
        "is_calibrated": calibration.is_calibrated,
        "reason": calibration.reason,
        "intercept": calibration.intercept,
        "slope": calibration.slope,
        "fitted_on": calibration.fitted_on,
        "judged_on": calibration.judged_on,
    }
