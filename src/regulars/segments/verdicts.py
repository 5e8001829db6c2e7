"""What the sections on customers can find: one enum each, whose member picks the section's title."""

from enum import StrEnum


class GroupsVerdict(StrEnum):
    """What the named segments should bring."""

    SAME = "same"  # the largest should bring most
    OTHER = "other"
    PAST = "past"  # what they should bring is not known
    FEW = "few"  # every segment is too small to be shown


class DriftVerdict(StrEnum):
    """Which segment moved most beyond what is usual."""

    GROWN = "grown"
    SHRUNK = "shrunk"
    STILL = "still"
    NO_PAST = "no_past"
    YOUNG = "young"  # what is usual cannot be said: too few months, or too unlike


class CareVerdict(StrEnum):
    """Whether customers are looked after as closely as they are worth."""

    MISMATCH = "mismatch"
    MATCHED = "matched"
    NO_CONTACTS = "no_contacts"


class PortfolioVerdict(StrEnum):
    """Whether customers cost more than they bring."""

    COSTS = "costs"
    NONE_BELOW = "none_below"
    NO_COSTS = "no_costs"


class LadderVerdict(StrEnum):
    """Whether moves on the ladder can be counted."""

    KNOWN = "known"
    NO_MOVES = "no_moves"


class ProductsVerdict(StrEnum):
    """Whether products lose money."""

    LOSSES = "losses"
    NO_LOSSES = "no_losses"
    NO_COSTS = "no_costs"
    NO_STEPS = "no_steps"


class ProfitVerdict(StrEnum):
    """Whether products and customers lose money where they meet."""

    LOSSES = "losses"
    NO_LOSSES = "no_losses"


class BasketsVerdict(StrEnum):
    """Whether anything is bought together by more than chance."""

    FOUND = "found"
    NONE = "none"
    THIN = "thin"  # there are rules, each of too few baskets to be told first


class PreferencesVerdict(StrEnum):
    """How suggestions by own taste do beside the best sellers."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    UNCHECKED = "unchecked"


class ArrivalsVerdict(StrEnum):
    """Whether those whom a list would have told of goods bought them more often than others."""

    HELD = "held"
    PARTLY = "partly"  # of some kinds of goods
    CHANCE = "chance"


class RecordVerdict(StrEnum):
    """How complete the customer record is."""

    FULL = "full"
    GAPS = "gaps"
    EMPTY = "empty"


class ClustersVerdict(StrEnum):
    """Whether customers fall into groups by themselves."""

    FOUND = "found"
    NONE = "none"
    TOO_FEW = "too_few"
