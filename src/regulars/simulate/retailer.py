"""Every parameter of the simulated retailer in one place; all of them are written into the truth."""

from dataclasses import asdict, dataclass, replace

import numpy as np

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class Retailer:
    """A shop whose customers order three times at the median, for some GBP 60; times are in weeks.

    `rate_satisfaction` and `dropout_satisfaction` are γ₁ and γ₂: purchase rate × exp(γ₁ s), dropout a × exp(γ₂ s).
    """

    title: str = "Demo Retail Ltd"
    currency: str = "GBP"
    start: str = "2023-07-01"
    end: str = "2026-06-30"  # last day of the observation
    future_weeks: int = 52  # simulated beyond the end, for the truth only
    # purchases (BG/NBD)
    r: float = 0.9
    alpha: float = 9.0
    a: float = 0.75
    b: float = 3.0
    rate_satisfaction: float = 0.25
    dropout_satisfaction: float = -0.5
    # spend (Gamma-Gamma), mean order = p v / (q − 1) in `currency`
    p: float = 6.0
    q: float = 4.0
    v: float = 30.0
    # baskets
    extra_lines: float = 1.7  # mean of the lines beyond the first (Poisson), at most 7
    price_rise: float = 0.03  # per calendar year
    companion_share: float = 0.4  # a leading product takes its companion along so often, room permitting
    # surveys
    first_wave: int = 40  # weeks after the start
    weeks_between_waves: int = 26
    last_wave_before_end: int = 12
    answer_share_alive: float = 0.13  # of those invited, at s = 0
    answer_share_dropped: float = 0.05
    answer_satisfaction: float = 0.2  # log-odds of answering per SD of s
    satisfaction_reliability: float = 0.85  # share of the variance of a wave's satisfaction that is s
    last_wave_quality_shift: float = -0.4  # SD of quality; moves what depends on quality, and no purchase
    # tickets
    bad_experience_share: float = 0.10  # of orders, at s = 0
    bad_experience_satisfaction: float = -0.6  # log-odds of a bad experience per SD of s
    complaint_share: float = 0.25  # of bad experiences; the rest is silent
    service_share: float = 0.03  # of orders: questions and the like
    never_resolved_share: float = 0.02
    # chance that a customer leaves for good when a complaint is closed, by its outcome; 0: outcomes move no purchase
    leave_not_satisfied: float = 0.0
    leave_resolved: float = 0.0
    leave_resolved_quickly: float = 0.0
    # contact centre of the last weeks
    centre_weeks: int = 20
    calls_per_hour: float = 24.0  # mean of opening hours, for 5,000 customers
    patience_seconds: float = 240.0  # mean (exponential)
    handling_seconds: float = 300.0
    interaction_effects: bool = True  # false: channel, mood, transfers, agents and departments move nothing
    second_id_share: float = 0.03  # of the customers are known under two ids
    # what a year of monthly reports should find: from a day on more goes wrong; a day on which a campaign brings orders
    worse_from: str = ""
    worse_times: float = 1.0  # by which the odds of a bad experience rise
    push_on: str = ""
    push_percent: float = 0.0  # of the customers still there who order once more for it
    # what households use up, and fill up with each order
    refill_share: float = 0.5  # of the customers
    refill_noise: float = 0.15  # standard deviation of the logarithm of how long a quantity lasts
    refill_effect: bool = True  # false: how much is taken says nothing about the next order
    # dirt, as a share of rows; UCI Online Retail has the same shares but for the missing ids (25 % there: guests
    # beyond all measure in a shop that wants to know its customers)
    duplicate_share: float = 0.0097
    cancellation_share: float = 0.0171
    cancellation_exact: float = 0.35  # of cancellations: an exact opposite sale exists
    cancellation_partial: float = 0.45  # of cancellations: fewer pieces than were sold; the rest has no sale
    guest_share: float = 0.05
    non_product_share: float = 0.0055
    adjustment_share: float = 0.0025  # negative quantities that are no cancellations, price zero, no customer
    gift_share: float = 0.0022  # price zero, in an ordinary order
    untidy_share: float = 0.01  # padding or odd capitals
    other_duplicate_share: float = 0.003  # in customers, surveys and tickets

    @property
    def first_day(self) -> np.datetime64:
        """First day of the observation."""
        return np.datetime64(self.start, "D")

    def day_of(self, day: str) -> float:
        """Days from the first day to another; infinite where none is named."""
        return float((np.datetime64(day, "D") - self.first_day).astype(int)) if day else np.inf

    @property
    def days(self) -> int:
        """Days from the first to the last day, both counted."""
        return int((np.datetime64(self.end, "D") - self.first_day).astype(int)) + 1

    def without_satisfaction_effect(self) -> "Retailer":
        """The same shop, where satisfaction moves neither purchases nor dropout."""
        return replace(self, rate_satisfaction=0.0, dropout_satisfaction=0.0)

    def leave_after(self) -> dict[str, float]:
        """Chance of leaving over a complaint, by `regulars.labels.Outcome`."""
        return {
            "not_satisfied": self.leave_not_satisfied,
            "resolved": self.leave_resolved,
            "resolved_quickly": self.leave_resolved_quickly,
        }

    def as_dict(self) -> dict:
        """Every parameter by name."""
        return asdict(self)


def month_of_day(first_day: np.datetime64, day) -> np.ndarray:
    """Calendar month (1 … 12) of days counted from the first."""
    return (first_day + np.asarray(day)).astype("datetime64[M]").astype(int) % 12 + 1


def year_position(first_day: np.datetime64, moment) -> np.ndarray:
    """Calendar years since the year of the first day, of moments counted in days from it."""
    year = (first_day + np.floor(moment).astype(int)).astype("datetime64[Y]")
    return (year - first_day.astype("datetime64[Y]")).astype(int)
