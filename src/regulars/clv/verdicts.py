"""What the sections on value may find: one enum each, whose members end the keys of the wording."""

from enum import StrEnum


class HeadlineVerdict(StrEnum):
    """Which forecast may be told."""

    CANDIDATE = "candidate"
    REFERENCE = "reference"
    NAIVE = "naive"  # nothing beat it


class FoldVerdict(StrEnum):
    """Whether what came lay within its forecast."""

    INSIDE = "inside"
    LOW = "low"  # the forecast was: more came
    HIGH = "high"
    NAIVE = "naive"  # the forecast was the naive rate itself


class TrustVerdict(StrEnum):
    """Whether every total on the past lay in its interval."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class WorthVerdict(StrEnum):
    """With which sentence the page opens, where it is not with how the last test went (`FoldVerdict`)."""

    LOSS = "loss"  # customers bring less than they cost
    ONE = "one"  # customer: nothing can be learnt
    ONCE = "once"  # nearly everybody buys once
    COUNTED = "counted"  # orders without money
    SAMPLED = "sampled"  # of most customers some orders are missing
    UNTOLD = "untold"  # the orders allow no model


class PaybackVerdict(StrEnum):
    """Whether new customers pay what winning them cost."""

    PAID = "paid"  # surely, within the months that are known
    UNCLEAR = "unclear"
    NOT_YET = "not_yet"  # surely not
    NO_COST = "no_cost"


class AcquisitionVerdict(StrEnum):
    """How many customers are won, from year to year."""

    GROWING = "growing"
    SHRINKING = "shrinking"
    UNCLEAR = "unclear"
    ONE_COHORT = "one_cohort"  # all were won in one stretch
    SHORT = "short"  # too few months, or hardly anybody


class EquityVerdict(StrEnum):
    """How much of customer equity is known; as `AcquisitionVerdict` where customers to come are not."""

    TOTAL = "total"
    BEFORE_COST = "before_cost"
    ONE_COHORT = "one_cohort"
    SHORT = "short"


class LifetimeVerdict(StrEnum):
    """Whether what winning a customer costs stands beside what customers bring to the end."""

    WITH_COST = "with_cost"
    NO_COST = "no_cost"


class ConcentrationVerdict(StrEnum):
    """Whether those who brought most will bring more or less of what is to come than of the past."""

    MORE = "more"
    LESS = "less"
    SAME = "same"
    LOSS = "loss"  # there is a loss to come


class RevenueVerdict(StrEnum):
    """How revenue moved between two windows."""

    UP = "up"
    DOWN = "down"
    SAME = "same"
    ONE_COHORT = "one_cohort"  # nobody could join
    SHORT = "short"  # nothing can be compared


class CohortsVerdict(StrEnum):
    """Whose months ahead are told."""

    WITH_NEW = "with_new"
    EXISTING_ONLY = "existing_only"
    PAST_ONLY = "past_only"  # the orders allow no model
