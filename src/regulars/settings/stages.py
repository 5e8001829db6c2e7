"""One frozen class per stage, with the unit and the meaning of each of its settings; what they are now is its display.

The unit stands after the type in each docstring, and is read from there where settings are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from regulars.labels import LifecycleStage, RelationshipLevel, Tier
from regulars.settings.bounds import (
    Above,
    Count,
    Days,
    Draws,
    Filled,
    Level,
    Money,
    Months,
    Name,
    OfLength,
    PartOf,
    Points,
    Seed,
    Share,
    Within,
    rising,
)
from regulars.settings.shown import Source, as_html, as_text

LEVELS = tuple(level.value for level in RelationshipLevel)
LADDER_STEPS = tuple(step.value for step in LifecycleStage)
COUNTS, MARGINS = ("many", "medium", "few"), ("high", "medium", "low")
LEAST_UNCERTAINTY = 0.12  # standard deviation of a total's level: the least that hold-outs of several logs have shown
TimeUnit = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Economics:
    """What turns expected orders into money.

    Parameters
    ----------
    margin : float, share of revenue
        Contribution per unit of revenue.
    annual_discount_rate : float, per year
        Applied continuously from the last day observed.
    horizon_months : int, months
        How far ahead orders and money are told.
    time_unit : str, unit
        Of the models: day, week or month.
    active_within_days : int, days
        A customer who orders within so many days is active.
    costs_known : float, share of revenue
        Whose cost was supplied, and gave the margin; 0: the margin is an assumption.
    """

    margin: float
    annual_discount_rate: float
    horizon_months: int
    time_unit: TimeUnit
    active_within_days: int
    costs_known: float = 0.0


@dataclass(frozen=True)
class Certainty:
    """How sure what is told shall be, and what is drawn at random.

    Parameters
    ----------
    level : float, share
        Of every interval: nine of ten such intervals hold the truth at 0.9.
    level_uncertainty : float, share
        Standard deviation of a total's level that no model sees.
    seed : int
        Of everything random.
    draws : int, draws
        Simulated futures behind the intervals.
    """

    level: float
    level_uncertainty: float
    seed: int
    draws: int


@dataclass(frozen=True, repr=False)
class StageSettings:
    """What every stage is told.

    Parameters
    ----------
    seed : int
        The one seed of everything random.
    interval_level : float, share
        Of every interval on a page: nine of ten such intervals hold the truth at 0.9.
    privacy_min_cell : int, customers
        Smaller groups are not shown.
    """

    seed: Seed
    interval_level: Level
    privacy_min_cell: Count
    source: Source | None = field(default=None, compare=False, kw_only=True)

    def __repr__(self) -> str:
        """Name, value and unit of each setting, a line each."""
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, repr=False)
class CleanSettings(StageSettings):
    """When an order log is enough, and how much of what was changed is shown.

    Parameters
    ----------
    min_customers : int, customers
        With fewer, intervals are wide and segments small.
    min_days : int, days
        Observed; with fewer, nobody had the time to come back or to leave.
    max_quiet_days : int, days
        From the last order to the end; with more, nobody's last order is recent.
    min_orders : int, orders
        Of customers who came often; without any, spend per order cannot be told.
    example_rows : int, rows
        Shown of each of the most frequent reasons.
    """

    min_customers: Count
    min_days: Days
    max_quiet_days: Days
    min_orders: Count
    example_rows: Annotated[int, Within(0, 1000)]


@dataclass(frozen=True, repr=False)
class ValueSettings(StageSettings):
    """How what customers are worth is forecast, judged and told.

    Parameters
    ----------
    time_unit : str, unit
        Of the models: day, week or month (30.4375 days); changes alpha, and nothing else.
    zero_spend_is_purchase : bool
        Whether a day with zero net spend counts as a purchase occasion.
    horizon_months : int, months
        Expected orders and customer lifetime value look this far ahead.
    margin : float, share of revenue
        Contribution per unit of revenue.
    annual_discount_rate : float, per year
        Applied continuously from the last day observed.
    active_within_days : int, days
        P(active) is the chance of an order within so many days.
    spend_outliers : float, share of customers
        Whose mean spend is brought down to the largest of the others.
    holdout_days : int, days
        Of each stretch kept back to compare forecasts with what came.
    backtest_folds : int, stretches
        At most, one after the other.
    folds_needed : int, stretches
        In which the combined forecast must beat BG/NBD beyond noise to be told.
    judged_customers : int, customers
        Drawn at random for tests on the past where there are more.
    strict : bool
        Whether to stop where nothing beats each customer's past rate carried on.
    revenue_days : int, days
        Of two stretches whose revenue is compared.
    interval_draws : int, draws
        Simulated futures per customer behind the intervals.
    level_uncertainty : float or auto, share
        Standard deviation of a total's level that no model sees; auto: by what the log shows.
    tier_shares : tuple of float, shares of customers
        Steps of the customer pyramid, from the top; they sum to 1.
    in_memory_rows : int, orders
        With more, pages are made from a random part of the customers, of so many orders.
    """

    time_unit: TimeUnit
    zero_spend_is_purchase: bool
    horizon_months: Annotated[int, Within(1, 120)]
    margin: PartOf
    annual_discount_rate: Annotated[float, Within(0, 10)]
    active_within_days: Days
    spend_outliers: Annotated[float, Within(0, 0.5)]
    holdout_days: Days
    backtest_folds: Annotated[int, Within(1, 50)]
    folds_needed: Annotated[int, Within(1, 50)]
    judged_customers: Annotated[int, Within(100, 10**9)]  # of fewer no model could be judged
    strict: bool
    revenue_days: Days
    interval_draws: Draws
    level_uncertainty: Share | Literal["auto"]
    tier_shares: Annotated[tuple[PartOf, ...], OfLength(len(Tier))]
    in_memory_rows: Annotated[int, Within(0, 10**12)]

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        total = sum(self.tier_shares)
        needed = rising({"folds_needed": self.folds_needed, "backtest_folds": self.backtest_folds}, strictly=False)
        return needed | ({"tier_shares": f"sums to {total:.10g}, and must to 1"} if abs(total - 1) > 1e-9 else {})

    @property
    def horizon_days(self) -> int:
        """How far ahead orders and money are told, in days."""
        return round(self.horizon_months * 365.25 / 12)

    @property
    def economics(self) -> Economics:
        """What turns expected orders into money."""
        return Economics(
            self.margin, self.annual_discount_rate, self.horizon_months, self.time_unit, self.active_within_days
        )

    @property
    def certainty(self) -> Certainty:
        """How sure what is told shall be."""
        uncertainty = LEAST_UNCERTAINTY if self.level_uncertainty == "auto" else self.level_uncertainty
        return Certainty(self.interval_level, uncertainty, self.seed, self.interval_draws)


@dataclass(frozen=True)
class PortfolioRules:
    """How customers are put into classes, and how closely each group of customers should be looked after.

    Parameters
    ----------
    most_valuable_share, most_growable_share : float, share of customers
        By value to come, and by what is missing to a good customer of the same segment.
    peer_quantile : float, share
        Which customer of the same segment shows what the others could become: 0.75, the best quarter's first.
    below_zero_probability : float, probability
        Of bringing less than it costs to serve; above it a customer is below zero.
    many_from, few_to : float, share of customers
        From which a group is many, and up to which it is few.
    high_from, low_below : float, means of the base
        Margin to come per customer from which it is high, and below which it is low.
    contacts_per_year : mapping, contacts per year
        Least number that the firm makes, by level from ``accountable`` on.
    levels : mapping
        Margin (high, medium, low) to number of customers (many, medium, few) to `RelationshipLevel`.
    """

    most_valuable_share: PartOf
    most_growable_share: PartOf
    peer_quantile: Share
    below_zero_probability: Share
    many_from: Share
    few_to: Share
    high_from: Above
    low_below: Above
    contacts_per_year: Mapping[str, Money]
    levels: Mapping[str, Mapping[str, str]]

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others: the table of levels has no cell open."""
        told = {
            f"levels.{margin}.{count}": (self.levels.get(margin) or {}).get(count)
            for margin in MARGINS
            for count in COUNTS
        }
        wanted = f"give one of {', '.join(LEVELS)}"
        cells = {place: f"is {level!r}; {wanted}" for place, level in told.items() if level not in LEVELS}
        number = rising({"few_to": self.few_to, "many_from": self.many_from})
        return number | rising({"low_below": self.low_below, "high_from": self.high_from}, strictly=False) | cells


@dataclass(frozen=True)
class LadderRules:
    """What makes a customer stand on a step of the ladder.

    Parameters
    ----------
    client_orders : int, purchase days
        From which a repeat customer is a client.
    inactive_days : float, days
        Silence after which nobody counts as active before it, however quick the own rhythm.
    inactive_gaps : float, mean gaps
        Silence in the customer's own rhythm (of all gaps for one-time customers) after which the customer is inactive;
        the longer of the two holds.
    advocate_referrals, partner_referrals : int, customers referred
        From which one is an advocate; from which a member is a partner.
    growth_from : float, times the earlier rate
        Of orders, from which a relationship grows.
    prospect_stages : mapping
        Stage of the sales desk to step of the ladder; won prospects are customers.
    """

    client_orders: Count
    inactive_days: Above
    inactive_gaps: Above
    advocate_referrals: Count
    partner_referrals: Count
    growth_from: Above
    prospect_stages: Mapping[str, Literal[LADDER_STEPS]]  # type: ignore[valid-type]  # from the enum, written once

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        referred = {"advocate_referrals": self.advocate_referrals, "partner_referrals": self.partner_referrals}
        return rising(referred, strictly=False)


@dataclass(frozen=True)
class ProductRules:
    """When a product, or a product with a group of customers, calls for something.

    Parameters
    ----------
    drop_below_share : float, share of customers
        Who must buy a product that loses money for its price to be raised; with fewer it is dropped.
    cross_sell_below : float, share of the buyers to be expected
        A group in which fewer buy the product, beyond chance, is offered it.
    min_support : float, share of baskets
        That must hold a combination.
    baskets_max : int, baskets
        Looked at, at most, drawn by the seed.
    false_discovery_rate : float, share of rules
        Of those told that may be chance.
    """

    drop_below_share: Share
    cross_sell_below: Share
    min_support: PartOf
    baskets_max: Count
    false_discovery_rate: PartOf


@dataclass(frozen=True, repr=False)
class SegmentsSettings(StageSettings):
    """How customers are grouped.

    Parameters
    ----------
    clusters_max : int, clusters
        The largest number of k-means clusters that is tried.
    cluster_bootstraps : int, resamples
        Behind the stability of the clusters.
    portfolio : PortfolioRules
        Most valuable, most growable, below zero; how closely a customer is looked after.
    ladder : LadderRules
        Steps from suspect to partner.
    products : ProductRules
        Margin by product and customer, baskets.
    next_product_days : int, days
        Kept back, on which the suggestions are checked.
    ladder_months : int, months
        Whose moves on the ladder are counted.
    ladder_ahead : int, months
        That the ladder is forecast.
    """

    clusters_max: Annotated[int, Within(2, 50)]
    cluster_bootstraps: Annotated[int, Within(2, 10000)]
    portfolio: PortfolioRules
    ladder: LadderRules
    products: ProductRules
    next_product_days: Days
    ladder_months: Months
    ladder_ahead: Months


@dataclass(frozen=True)
class Questions:
    """What the questionnaire asks beside satisfaction.

    Parameters
    ----------
    effort_item : str, item
        "How easy was it?"
    loyalty_construct : str, construct
        Whose items make the attitude.
    immunity_item : str, item
        Of it, that asks whether one stays though another is cheaper: a benefit, so no part of attitude.
    attitude_from : float, 0 to 100
        From it on attitude is high.
    behaviour_from : float, orders a year
        From it on behaviour is high: a fixed mark, so that the share of the truly loyal can rise.
    loyalty_days : int, days
        Whose orders make the behaviour.
    highly_satisfied_from : float, 0 to 100
        Satisfaction from which a customer is highly satisfied.
    target_width : float, points
        Half the interval of satisfaction that the next wave shall reach.
    """

    effort_item: Name
    loyalty_construct: Name
    immunity_item: Name
    attitude_from: Points
    behaviour_from: Above
    loyalty_days: Days
    highly_satisfied_from: Points
    target_width: Annotated[float, Within(0, 50, above=True)]


@dataclass(frozen=True)
class Offer:
    """What the questionnaire asks of features and of offers.

    Parameters
    ----------
    kano : mapping, items
        Feature to its functional and its dysfunctional item.
    delivered : mapping, items
        Offer to the eight parts of its delivered value, each with the item that asks customers for it.
    attitudes : mapping, items
        `regulars.labels.Attitude` to the item with its statement.
    """

    kano: Mapping[str, Annotated[tuple[Name, ...], OfLength(2)]]
    delivered: Mapping[str, Mapping[str, Name]]
    attitudes: Mapping[str, Name] = field(default_factory=dict)


@dataclass(frozen=True)
class Managers:
    """What managers say of the offer.

    Parameters
    ----------
    factors : tuple of str, constructs
        That satisfaction is judged by; those with two items or more where empty.
    rankings : mapping
        Manager to the factors, the most important first.
    pairwise : tuple of tuple of float, times as important
        Judgements of a factor (row) against another (column).
    offers : mapping, one unit
        As `regulars.satisfaction.offer.delivered_value`; used where customers are not asked (`Offer.delivered`).
    """

    factors: tuple[Name, ...]
    rankings: Mapping[str, tuple[Name, ...]]
    pairwise: tuple[tuple[Above, ...], ...]
    offers: Mapping[str, Mapping[str, Money]]

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        square = {len(row) for row in self.pairwise} <= {len(self.pairwise)}
        return {} if square else {"pairwise": f"has {len(self.pairwise)} rows; give as many entries in each"}


@dataclass(frozen=True)
class Handling:
    """What a firm promises of its cases, and from where on a loss is large.

    Parameters
    ----------
    response_hours, resolution_hours : float, hours
        Promised until a case is answered, and until one without a promised date of its own is resolved.
    call_back_cost : float, currency
        For each contact after the first.
    return_days : int, days
        An order within so many days after a complaint, or an answer, counts as coming back.
    small_loss, large_loss : float, currency
        Below the one a complainant's loss is small, above the other large.
    """

    response_hours: Above
    resolution_hours: Above
    call_back_cost: Money
    return_days: Days
    small_loss: Money
    large_loss: Money

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        return rising({"small_loss": self.small_loss, "large_loss": self.large_loss}, strictly=False)


@dataclass(frozen=True, repr=False)
class SatisfactionSettings(StageSettings):
    """What is asked, how satisfaction is measured, and how cases are to be handled.

    Parameters
    ----------
    satisfaction_construct : str, construct
        Whose items make the satisfaction from 0 to 100.
    recommend_item : str, item
        That asks 0 to 10 "would you recommend us?"
    overall_item : str, item
        Whose top boxes are the share of satisfied answers.
    tolerance_steps : float, scale steps
        Around zero that still count as satisfied.
    csat_top_box : int, boxes
        The top ones of the scale, that count as satisfied answers.
    model : str or mapping
        Constructs, items and arrows of the path model: ``ecsi``, or one's own.
    scheme : str
        Inner weights of the path model: centroid, factorial or path.
    draws : int, resamples
        Bootstraps of the path model.
    repurchase_days : int, days
        After the first order, within which a second one counts as coming back.
    min_answers : int, answers
        With fewer, a rate is not interpreted.
    dissatisfied_below : float, 0 to 100
        Satisfaction below which a customer is dissatisfied.
    questions : Questions
        What the questionnaire asks beside satisfaction.
    offer : Offer
        What it asks of features and of offers.
    managers : Managers
        What managers say of the offer.
    handling : Handling
        Of complaints and service cases.
    process : mapping
        State of a case to those that may follow; a case starts in the first.
    """

    satisfaction_construct: Name
    recommend_item: Name
    overall_item: Name
    tolerance_steps: Annotated[float, Within(0, 100)]
    csat_top_box: Annotated[int, Within(1, 100)]
    model: Literal["ecsi"] | Mapping
    scheme: Literal["centroid", "factorial", "path"]
    draws: Draws
    repurchase_days: Days
    min_answers: Count
    dissatisfied_below: Points
    questions: Questions
    offer: Offer
    managers: Managers
    handling: Handling
    process: Annotated[Mapping[str, tuple[Name, ...]], Filled()]

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        strange = [state for after in self.process.values() for state in after if state not in self.process]
        return {"process": f"lets '{strange[0]}' follow, which is none of its states: add it"} if strange else {}


@dataclass(frozen=True)
class Thresholds:
    """Where one state of a customer ends and the next begins.

    Parameters
    ----------
    slipping_below, dormant_below, lost_below : float, probability
        A customer is slipping, dormant or lost once a silence as long as the present one has a smaller chance than
        this in the customer's own rhythm, if still a customer. At .2, .05 and .01 one of 5, 20 and 100 customers
        who are still there is taken for worse than they are.
    new_days : int, days
        Customers are new for so long after their first purchase.
    reactivated_days : int, days
        Customers are called reactivated for so long after a purchase that ended a silence in which they were dormant
        or lost.
    """

    slipping_below: PartOf = 0.2
    dormant_below: PartOf = 0.05
    lost_below: PartOf = 0.01
    new_days: Days = 90
    reactivated_days: Days = 90

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        return rising({name: getattr(self, name) for name in ("lost_below", "dormant_below", "slipping_below")})


@dataclass(frozen=True)
class DateRules:
    """When a date of the next order is worth printing.

    Parameters
    ----------
    max_window_days : int, days
        Widest window of the next order at which a customer gets a call-by date.
    max_never : float, probability
        Largest chance that no order ever comes.
    horizon_days : int, days
        Dates later than this are not told.
    window_level : float, probability
        That the next order, if one comes, falls inside the window.
    call_share : float, share of customers
        Who have ordered by the call-by date, if they order again: small, for a call is to come before the need.
    """

    max_window_days: Days = 28
    max_never: Share = 0.5
    horizon_days: Days = 365
    window_level: Share = 0.8
    call_share: Share = 0.25


@dataclass(frozen=True, repr=False)
class RetentionSettings(StageSettings):
    """How who stays and who leaves is told, and judged.

    Parameters
    ----------
    cohort_unit : str, unit
        Cohorts by the month, quarter or year of the first order.
    cohort_days : int, days
        After the first order, at which cohorts are compared.
    triangle_size : int, cohorts
        And periods after the first, that are drawn.
    second_order_days : int, days
        At which the share with a second order is read off.
    kept_days : int, days
        Of two stretches compared where revenue and retention are valued.
    judged_days : int, days
        Kept back, on which rankings, the fixed rule and dates are judged.
    fixed_days : tuple of int, days
        Of silence after which a fixed rule calls a customer gone; the best of them is compared with.
    active_bands : tuple of float, probabilities
        Edges of the bands of P(active).
    list_length : int, customers
        On the list of the most valuable at risk.
    call_min_alive : float, probability
        Of still being a customer; below it a call comes too late.
    max_window_days : int, days
        Widest 80 % window of the next order at which a call-by date is told.
    contact_cost : float, currency
        Of one call or reminder, where neither contacts nor campaigns are costed.
    satisfaction_construct : str, construct
        By whose first answer customers are grouped.
    states : Thresholds
        Where one state of a customer ends and the next begins.
    """

    cohort_unit: Literal["month", "quarter", "year"]
    cohort_days: Days
    triangle_size: Annotated[int, Within(1, 120)]
    second_order_days: Days
    kept_days: Days
    judged_days: Days
    fixed_days: Annotated[tuple[Days, ...], Filled()]
    active_bands: tuple[Share, ...]
    list_length: Count
    call_min_alive: Share
    max_window_days: Days
    contact_cost: Money
    satisfaction_construct: Name
    states: Thresholds

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        bands = self.active_bands
        fit = len(bands) > 1 and (bands[0], bands[-1]) == (0, 1) and list(bands) == sorted(set(bands))
        return {} if fit else {"active_bands": f"is {list(bands)}; give edges that rise from 0 to 1"}

    @property
    def dates(self) -> DateRules:
        """When a date of the next order is worth printing."""
        return DateRules(self.max_window_days)


@dataclass(frozen=True)
class CampaignRules:
    """How campaigns are judged, and how the next lot is drawn.

    Parameters
    ----------
    outcome_days : int, days
        From a campaign's first day on, whose orders count, where it says no number of its own.
    false_discovery_rate : float, share
        Of the effects told that may be chance; with no effect anywhere, chance of telling any.
    draws : int, lots
        Drawn again behind the limits, where there are fewer than 1,000 controls.
    cooldown_days : int, days
        Since the last contact, before which nobody is drawn for the next campaign.
    groups_min : int, customers
        Of a group whose own effect may be told.
    """

    outcome_days: Days
    false_discovery_rate: Annotated[float, Within(0.0001, 0.5)]
    draws: Draws
    cooldown_days: Annotated[int, Within(0, 3650)]
    groups_min: Count


@dataclass(frozen=True)
class ClubRules:
    """What the firm says of its club: yes (true), no (false), or nothing yet (null).

    Parameters
    ----------
    functions : mapping
        social, communication, service, psychological, promotion, cohesion.
    conditions : mapping
        social_product, repeat_buying, deep_service, reachable_target.
    """

    functions: Mapping[str, bool | None]
    conditions: Mapping[str, bool | None]


@dataclass(frozen=True)
class TreeRules:
    """How the tree of bad debts, of answers or of who leaves is grown.

    Parameters
    ----------
    outcome : {"unpaid", "answered", "left"}
        What the outcome of the table credit says, where it is true; the page's words and advice follow.
    max_leaves : int, leaves
        More than a reader keeps in mind are not grown.
    min_leaf : int, customers
        Of a leaf, and a twentieth of the half that builds.
    resamples : int, trees
        Grown anew, to see how often the same questions come first.
    known_after : tuple of str, fields
        Known only after the outcome: never asked about.
    """

    outcome: Literal["unpaid", "answered", "left"]
    max_leaves: Annotated[int, Within(2, 64)]
    min_leaf: Count
    resamples: Draws
    known_after: tuple[Name, ...]


@dataclass(frozen=True)
class ListRules:
    """Whom Monday's list takes.

    Parameters
    ----------
    length : int, customers
        Of the whole list.
    cooldown_days : int, days
        Since the last contact, before which nobody is on it.
    conquest_below : float, share of wallet
        With us, below which there is something to conquer.
    contact_cost : float, currency
        Of one call, letter or visit, where no contact of that channel is costed.
    min_alive : float, probability
        Of still being a customer; below it a call comes too late.
    """

    length: Count
    cooldown_days: Annotated[int, Within(0, 3650)]
    conquest_below: Share
    contact_cost: Money
    min_alive: Share


@dataclass(frozen=True, repr=False)
class ActionsSettings(StageSettings):
    """How campaigns, clubs, trees, prospects and wallets are told, and who is on Monday's list.

    Parameters
    ----------
    campaigns : CampaignRules
        How campaigns are judged, and how the next lot is drawn.
    clubs : ClubRules
        What the firm says of its club.
    tree : TreeRules
        How the tree is grown.
    prospect_stages : tuple of str, stages
        Open ones of the sales desk, in their order.
    plan_weeks : int, weeks
        Of the plan of activities that are shown, before the end of the data and after.
    lists : ListRules
        Whom Monday's list takes.
    """

    campaigns: CampaignRules
    clubs: ClubRules
    tree: TreeRules
    prospect_stages: Annotated[tuple[Name, ...], Filled()]
    plan_weeks: Annotated[int, Within(1, 104)]
    lists: ListRules


@dataclass(frozen=True, repr=False)
class InteractionSettings(StageSettings):
    """How the firm's contacts with its customers are judged, and how the contact centre is staffed.

    Parameters
    ----------
    within_seconds : int, seconds
        Within which a call is to be answered.
    service_share : float, share of all calls
        That is to be answered within them.
    load_quantile : float, share of days
        That have at most the calls by which is staffed.
    backtest_weeks : int, weeks
        Kept back, on which the forecast of giving up is judged.
    roster_weeks : int, weeks
        Whose shifts count as today's roster.
    agent_cost_per_hour : float, currency per hour
        Of one agent; an assumption until costs are supplied.
    met_from : float, share
        Solved, from which a need counts as met at a point.
    score_scale : tuple of float, points
        Lowest and highest score of a contact.
    return_days : int, days
        An order within so many days after a contact counts as coming back.
    journey_days : int, days
        A way ends where so many days pass without a contact or an order.
    shared_by : int, customers
        A phone, mailbox, login or card that more customers have is a placeholder.
    """

    within_seconds: Annotated[int, Within(1, 86400)]
    service_share: Annotated[float, Within(0.01, 0.999)]
    load_quantile: Annotated[float, Within(0.01, 0.999)]
    backtest_weeks: Annotated[int, Within(1, 520)]
    roster_weeks: Annotated[int, Within(1, 520)]
    agent_cost_per_hour: Money
    met_from: Share
    score_scale: Annotated[tuple[float, ...], OfLength(2)]
    return_days: Days
    journey_days: Days
    shared_by: Count

    def faults(self) -> dict[str, str]:
        """Setting to what is wrong with it beside the others."""
        low, high = self.score_scale
        return {} if low < high else {"score_scale": f"is {[low, high]}; give the lowest score and a higher one"}


@dataclass(frozen=True, repr=False)
class PagesSettings(StageSettings):
    """How pages are written.

    Parameters
    ----------
    language : str, code
        Of the wording.
    """

    language: Name


@dataclass(frozen=True, repr=False)
class CycleSettings(StageSettings):
    """How months are judged, and plans with them.

    Parameters
    ----------
    quiet_years : float, share
        Of years in which nothing happens that leave every light of the scorecard unchanged.
    festival : str, name
        Festival that moves between two calendar months, which are then told together: spring_festival, easter or none.
    satisfaction_construct : str, construct
        Of the survey's items whose answers are satisfied or not.
    """

    quiet_years: Annotated[float, Within(0.5, 0.999)]
    festival: Literal["none", "spring_festival", "easter"]
    satisfaction_construct: Name


STAGE_SETTINGS = {
    "ingest": StageSettings,
    "clean": CleanSettings,
    "value": ValueSettings,
    "segments": SegmentsSettings,
    "satisfaction": SatisfactionSettings,
    "retention": RetentionSettings,
    "interaction": InteractionSettings,
    "actions": ActionsSettings,
    "cycle": CycleSettings,
    "scores": StageSettings,
    "pages": PagesSettings,
}
