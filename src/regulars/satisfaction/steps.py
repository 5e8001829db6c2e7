"""What the sections of the page rest on, step by step: a survey and the settings in, something to look at out.

A step that the data or the settings do not allow hands on why, so that the sections that need it say so.
"""

import warnings

import numpy as np
import pandas as pd

from regulars.finding import NotSupplied, Refusal, step
from regulars.purchases import Purchases
from regulars.retention.second_order import second_order_share
from regulars.satisfaction.index.index import SatisfactionIndex, satisfaction_index
from regulars.satisfaction.index.structure import survey_model
from regulars.satisfaction.index.worth import ValueLost, value_lost_to_dissatisfaction
from regulars.satisfaction.methods.importance import factor_weights, factors_of
from regulars.satisfaction.methods.methods import Design, FourWays, four_ways, which_foretells
from regulars.satisfaction.methods.ordered import OrderedLogit, ordered_logit
from regulars.satisfaction.methods.repurchase import Foretold
from regulars.satisfaction.offer.delivered import asked_of_offers
from regulars.satisfaction.offer.kano import asked_of_features
from regulars.satisfaction.survey.answers import scores_by_item
from regulars.satisfaction.survey.benefits import benefits_of_loyalty
from regulars.satisfaction.survey.loyalty import Loyalty, loyalty_of
from regulars.satisfaction.survey.questionnaire import Survey
from regulars.satisfaction.survey.raking import rfm_cells
from regulars.satisfaction.survey.wide import factor_scores, overall_answers
from regulars.settings import Economics, SatisfactionSettings
from regulars.statistics.intervals import Estimate

KEPT = ["customer_id", "satisfaction", "loyalty_type", "loyalty_type_probability"]  # columns of the scored table


@step
def measure_index(survey: Survey, settings: SatisfactionSettings) -> SatisfactionIndex:
    """Satisfaction index of a survey by the path model of the settings.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``model``, ``scheme``, ``draws``, ``satisfaction_construct``.

    Returns
    -------
    SatisfactionIndex
        A `Refusal` where it cannot be measured.
    """
    model = survey_model(settings.model, survey.items)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a question counts negatively is a verdict of the section
        return satisfaction_index(
            scores_by_item(survey.surveys), model, survey.items, settings.satisfaction_construct,
            scheme=settings.scheme, draws=settings.draws, level=settings.interval_level,
            min_answers=settings.min_answers, seed=settings.seed,
        )  # fmt: skip


@step
def measure_loyalty(survey: Survey, purchases: Purchases, end, settings: SatisfactionSettings) -> Loyalty | NotSupplied:
    """Loyalty type of each customer who answered.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``questions`` and ``handling.return_days``.

    Returns
    -------
    Loyalty
        A `Refusal` where it cannot be told; `NotSupplied` where the survey has no item of loyalty.
    """
    asked = settings.questions
    of = survey.items.loc[survey.items["construct"] == asked.loyalty_construct, "item"]
    items = [item for item in of if item != asked.immunity_item]
    if not items:
        return NotSupplied("loyalty")
    return loyalty_of(
        survey.wide, items, purchases, end, cuts=(asked.attitude_from, asked.behaviour_from),
        window_days=asked.loyalty_days,
        within_days=settings.handling.return_days, level=settings.interval_level, min_cell=settings.privacy_min_cell,
    )  # fmt: skip


@step
def measure_benefits(
    survey: Survey,
    loyalty: Loyalty,
    *,
    orders: pd.DataFrame,
    lines: pd.DataFrame | None,
    referrals: pd.DataFrame | None,
    end,
    settings: SatisfactionSettings,
) -> pd.DataFrame:
    """Five benefits of loyalty, by the answers from which the types were told.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    loyalty : Loyalty
        Of `measure_loyalty`.
    orders : pandas.DataFrame
        Clean table.
    lines : pandas.DataFrame or None
        Clean table ``order_lines``: with a ``category`` for cross-buying.
    referrals : pandas.DataFrame or None
        Clean table: who brought whom.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``questions.immunity_item`` and ``handling.return_days``.

    Returns
    -------
    pandas.DataFrame
        Of `benefits_of_loyalty`.
    """
    known = survey.wide.dropna(subset=["customer_id"]).set_index("customer_id")
    known = known[(known["answered_at"] == loyalty.since.reindex(known.index)).to_numpy()]
    known = known[~known.index.duplicated(keep="last")]
    return benefits_of_loyalty(
        loyalty.asked, loyalty.since, orders, end, within_days=settings.handling.return_days,
        categories=lines if lines is not None and "category" in lines else None, referrals=referrals,
        immunity=known.get(settings.questions.immunity_item), level=settings.interval_level,
        min_cell=settings.privacy_min_cell,
    )  # fmt: skip


@step
def overall_drivers(survey: Survey, settings: SatisfactionSettings) -> OrderedLogit:
    """Which factors make the overall answer better, all others equal, in the latest answers.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``overall_item`` and what `factors_of` takes.

    Returns
    -------
    OrderedLogit
    """
    answers = survey.latest
    scores = factor_scores(answers, survey.items, factors_of(survey.items, settings))
    return ordered_logit(overall_answers(answers, settings.overall_item).round(6), scores, settings.interval_level)


def _design(survey: Survey, settings: SatisfactionSettings) -> Design:
    weights = factor_weights(factors_of(survey.items, settings), settings.managers)
    return Design(weights, settings.overall_item, settings.csat_top_box)


@step
def compare_ways(
    survey: Survey, value: pd.DataFrame, segment: pd.Series, branch: pd.Series | None, *, settings: SatisfactionSettings
) -> FourWays:
    """Rank segments and branches by four ways to measure satisfaction.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    value : pandas.DataFrame
        Scored table of the value stage, by which answers are weighted for those who did not answer.
    segment : pandas.Series
        Of every customer, by customer_id.
    branch : pandas.Series or None
        Of `branch_of`.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    FourWays
    """
    groups = {"segment": segment} | ({} if branch is None else {"branch": branch})
    return four_ways(
        survey.latest, survey.items, groups, rfm_cells(value.set_index("customer_id")),
        design=_design(survey, settings), level=settings.interval_level, min_answers=settings.min_answers,
        seed=settings.seed,
    )  # fmt: skip


@step
def foretell_orders(survey: Survey, purchases: Purchases, end, settings: SatisfactionSettings) -> Foretold:
    """Which of the four ways foretells who orders again, on customers that it has not seen.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``handling.return_days``: days after the answer in which an order counts.

    Returns
    -------
    Foretold
    """
    return which_foretells(
        survey.wide, survey.items, purchases, end, design=_design(survey, settings),
        within_days=settings.handling.return_days, level=settings.interval_level, seed=settings.seed,
    )  # fmt: skip


@step
def measure_worth(
    survey: Survey,
    purchases: Purchases,
    spend_per_order: pd.Series,
    *,
    end,
    economics: Economics,
    settings: SatisfactionSettings,
) -> ValueLost:
    """What dissatisfaction costs in customer lifetime value.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    spend_per_order : pandas.Series
        Expected spend of one order (currency), by customer_id.
    end : date
        Last day of the data.
    economics : Economics
        Of the value stage, so that both pages reckon alike.
    settings : SatisfactionSettings
        Its ``dissatisfied_below``.

    Returns
    -------
    ValueLost
    """
    return value_lost_to_dissatisfaction(
        purchases, survey.satisfaction, spend_per_order, end, economics=economics,
        dissatisfied_below=settings.dissatisfied_below, level=settings.interval_level,
    )  # fmt: skip


def feature_answers(survey: Survey, settings: SatisfactionSettings) -> pd.DataFrame:
    """What respondents answered to the items that ask for features (``offer.kano``), on their scales.

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    pandas.DataFrame
        Respondent × item; no column where nothing is asked.
    """
    return survey.last_answers(asked_of_features(settings.offer))


def offer_answers(survey: Survey, settings: SatisfactionSettings) -> pd.DataFrame:
    """What respondents answered to the items that ask for the parts of an offer (``offer.delivered``).

    Parameters
    ----------
    survey : Survey
        Of `survey_of`.
    settings : SatisfactionSettings
        Its ``interval_level``.

    Returns
    -------
    pandas.DataFrame
        Respondent × item; no column where nothing is asked.
    """
    return survey.last_answers(asked_of_offers(settings.offer))


@step
def second_order(purchases: Purchases, end, settings: SatisfactionSettings) -> Estimate:
    """Share of customers who order a second time soon after the first order.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        Every purchase day of the customers.
    end : date
        Last day of the data.
    settings : SatisfactionSettings
        Its ``repurchase_days``.

    Returns
    -------
    Estimate
    """
    return second_order_share(purchases, end, settings.repurchase_days, settings.interval_level)


def score_customers(customer_id: pd.Series, survey: Survey | Refusal, loyalty: Loyalty | Refusal) -> pd.DataFrame:
    """What this stage hands on of every customer; missing where it cannot be told.

    Parameters
    ----------
    customer_id : pandas.Series
        All customers.
    survey : Survey or Refusal
        Of `survey_of`.
    loyalty : Loyalty or Refusal
        Of `measure_loyalty`.

    Returns
    -------
    pandas.DataFrame
        One row per customer: ``customer_id``, ``satisfaction`` (0 to 100), ``loyalty_type``,
        ``loyalty_type_probability``.
    """
    table = pd.DataFrame({"customer_id": customer_id, "satisfaction": np.nan})
    table = table.assign(loyalty_type=None, loyalty_type_probability=np.nan)
    if not isinstance(survey, Refusal):
        table["satisfaction"] = customer_id.map(survey.scores)
    if not isinstance(loyalty, Refusal):
        table["loyalty_type"] = customer_id.map(loyalty.now["loyalty_type"])
        table["loyalty_type_probability"] = customer_id.map(loyalty.now["p_type"].astype("float64"))
    return table[KEPT]
