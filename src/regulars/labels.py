"""Names of segments, tiers, states and outcomes: one enum each; their wording is ``label.<enum>.<value>``."""

from enum import StrEnum


class Tier(StrEnum):
    """Step of the customer pyramid, by expected value."""

    VIP = "vip"
    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"


class Segment(StrEnum):
    """Named segment by recency, frequency and spend."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    POTENTIAL_LOYAL = "potential_loyal"
    NEW = "new"
    PROMISING = "promising"
    NEED_ATTENTION = "need_attention"
    ABOUT_TO_SLEEP = "about_to_sleep"
    AT_RISK = "at_risk"
    CANNOT_LOSE = "cannot_lose"
    HIBERNATING = "hibernating"
    LOST = "lost"


class CustomerState(StrEnum):
    """State of a customer at the end of the data, by the customer's own rhythm."""

    NEW = "new"
    ACTIVE = "active"
    SLIPPING = "slipping"
    DORMANT = "dormant"
    REACTIVATED = "reactivated"
    LOST = "lost"


class SatisfactionState(StrEnum):
    """State of satisfaction by the gap between what was perceived and what was expected."""

    DISSATISFIED = "dissatisfied"
    SATISFIED = "satisfied"
    HIGHLY_SATISFIED = "highly_satisfied"


class Outcome(StrEnum):
    """How a complaint ended."""

    RESOLVED_QUICKLY = "resolved_quickly"
    RESOLVED = "resolved"
    NOT_SATISFIED = "not_satisfied"
