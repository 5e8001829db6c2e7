"""Revenue, orders and customers by acquisition cohort over time: what each brought, and what is to come."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.clv.acquisition import Acquisition
from regulars.clv.in_memory import Models, Scored
from regulars.clv.level import Level
from regulars.clv.month_by_month import MEASURES, MonthByMonth, months_ahead
from regulars.clv.verdicts import CohortsVerdict
from regulars.clv.winning import first_order_spends
from regulars.errors import UntoldError
from regulars.finding import refused
from regulars.purchases import day_number, day_numbers, months_on
from regulars.settings import Certainty, Economics

MOST_COHORTS = 4  # of the past; the fifth hue is that of customers still to come


def cohort_names(first_orders: pd.Series) -> pd.Series:
    """Cohort of each customer: the year of the first order, the quarter where all are of one year.

    Parameters
    ----------
    first_orders : pandas.Series of datetime
        First order of each customer.

    Returns
    -------
    pandas.Series of str
        The oldest are one cohort, named ``≤`` and its last year, where there would be more than four.

    Examples
    --------
    >>> cohort_names(pd.Series(pd.to_datetime(["2020-05-01", "2021-03-01", "2022-01-01"]))).tolist()
    ['2020', '2021', '2022']
    >>> cohort_names(pd.Series(pd.to_datetime(["2020-05-01", "2020-01-01"]))).tolist()
    ['2020 Q2', '2020 Q1']
    """
    years = first_orders.dt.year
    if years.nunique() < 2:
        quarters = first_orders.dt.quarter
        return _worded(quarters, {quarter: f"{years.iloc[0]} Q{quarter}" for quarter in quarters.unique()})
    oldest = years.max() - MOST_COHORTS + 1
    known = years.min() < oldest
    return _worded(years, {year: f"≤ {oldest}" if known and year <= oldest else str(year) for year in years.unique()})


def _worded(numbers: pd.Series, names: dict) -> pd.Series:
    """Names of few numbers, each written once."""
    code, found = pd.factorize(numbers)
    return pd.Series(pd.array([names[number] for number in found], dtype="str").take(code), index=numbers.index)


def past_by_cohort(orders: pd.DataFrame, observation_end) -> pd.DataFrame:
    """Revenue, orders and customers who ordered, by cohort and month counted back from the end of the data.

    Where the data end with a month these are the calendar's; else each begins on the same day of the month.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount; credits reduce the revenue.
    observation_end : date
        Last day observed.

    Returns
    -------
    pandas.DataFrame
        start (first day of the month), cohort, revenue, orders (days on which a customer ordered), customers: one row
        for every month and cohort; revenue adds up to the orders' amounts.
    """
    last = pd.Timestamp(observation_end).normalize() + pd.Timedelta(days=1)
    customer, people = pd.factorize(orders["customer_id"])
    day = orders["ordered_at"].to_numpy("datetime64[D]").astype(np.int64)
    first = np.full(len(people), np.iinfo(np.int64).max)
    np.minimum.at(first, customer, day)
    names = cohort_names(pd.Series(first.astype("datetime64[D]")).astype("datetime64[us]"))
    cohorts = _categories(names)
    cohort = cohorts.codes.astype(np.int64)
    earliest = int(day.min(initial=day_number(last) - 1))  # below 0 before 1970
    edges = day_numbers(months_on(last, np.arange(-((day_number(last) - earliest) // 28) - 1, 1)))
    edges = edges[np.searchsorted(edges, earliest, side="right") - 1 :]
    size = len(edges) - 1

    def months_ago(day) -> np.ndarray:
        return size - np.searchsorted(edges, day, side="right")

    ago, wide = months_ago(day), len(cohorts.categories)

    def counted(customers, ago, amount=None) -> np.ndarray:
        return np.bincount(ago * wide + cohort[customers], amount, wide * size)

    paid = orders["amount"].to_numpy(float) >= 0
    span = int(day.max(initial=0)) - earliest + 1
    occasions = _distinct(customer[paid] * span + day[paid] - earliest)
    active = _distinct(customer[paid] * size + ago[paid])
    since = months_ago(earliest + occasions % span)
    table = pd.DataFrame(
        {
            "age": -np.repeat(np.arange(size), wide),
            "cohort": np.tile(cohorts.categories.to_numpy(dtype=object), size),
            "revenue": counted(customer, ago, orders["amount"].to_numpy(float)),
            "orders": counted(occasions // span, since).astype(float),
            "customers": counted(active // size, active % size).astype(float),
        }
    )
    return _dated(table.sort_values("age", kind="stable", ignore_index=True), last, 1)


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """Distinct whole numbers, sorted: of millions faster than numpy's hash table."""
    ordered = np.sort(numbers)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0]


def _categories(names: pd.Series) -> pd.Categorical:
    """Cohorts as categories, from the oldest on."""
    code, found = pd.factorize(names)
    found = found.tolist()
    order = sorted(found, key=lambda name: name.lstrip("≤ "))
    place = np.array([order.index(name) for name in found], dtype=np.int64)
    return pd.Categorical.from_codes(place[code], order)


@dataclass(frozen=True, repr=False)
class CohortForecast:
    """What each cohort brought, and what the months ahead will bring.

    Parameters
    ----------
    past : pandas.DataFrame
        As `past_by_cohort` gives it.
    ahead : MonthByMonth or None
        None where the orders allow no model.
    observation_end : date
        Last day observed.
    won : dict of str to float
        Customers of each cohort; of those still to be won, how many are expected.
    with_new : bool
        Whether customers still to be won are in the forecast.
    """

    past: pd.DataFrame
    ahead: MonthByMonth | None
    observation_end: object
    won: dict
    with_new: bool

    @property
    def verdict(self) -> CohortsVerdict:
        """Whose months ahead are told."""
        if self.ahead is None:
            return CohortsVerdict.PAST_ONLY
        return CohortsVerdict.WITH_NEW if self.with_new else CohortsVerdict.EXISTING_ONLY

    @property
    def months(self) -> pd.DataFrame:
        """Each month ahead: month (1, 2 …), start (its first day), and each measure with the ends of its interval."""
        if self.ahead is None:
            return pd.DataFrame({"month": [], "start": []})
        fan = self.ahead.fan
        return _dated(fan.assign(age=fan["month"]), self._first_ahead, 1)

    @property
    def months_past(self) -> pd.DataFrame:
        """Each month of the past: start, and each measure of all cohorts together."""
        return self.past.groupby("start", as_index=False)[list(MEASURES)].sum()

    @property
    def lately(self) -> float:
        """Revenue of as many months of the past as are ahead."""
        return float(self.past.loc[self.past["start"].isin(self._latest), "revenue"].sum())

    @property
    def coming(self) -> MonthByMonth:
        """The months ahead, where they are told."""
        if self.ahead is None:
            raise UntoldError("no month ahead is told: the orders allow none of the models that tell months.")
        return self.ahead

    @property
    def new_share(self) -> float:
        """Share of the revenue ahead that customers still to be won bring."""
        by_cohort = self.coming.by_cohort
        new = by_cohort["cohort"] == newcomers_name(self.observation_end)
        return float(by_cohort.loc[new, "revenue"].sum() / self.coming.total("revenue").value)

    @property
    def record(self) -> list[dict]:
        """What is told of the months ahead, to be saved."""
        if self.ahead is None:
            return []
        months = self.months
        return months.assign(start=months["start"].dt.strftime("%Y-%m-%d"), with_new=self.with_new).to_dict("records")

    def by_month(self, measure: str) -> pd.DataFrame:
        """One measure by cohort and month, past and ahead.

        Parameters
        ----------
        measure : {"revenue", "orders", "customers"}
            Which.

        Returns
        -------
        pandas.DataFrame
            start, cohort, the measure, is_forecast, low and high (ends of the interval of the month's total).
        """
        past = self.past[["start", "cohort", measure]].assign(is_forecast=False)
        if self.ahead is None:
            return past.assign(low=np.nan, high=np.nan)
        ahead = self.ahead.by_cohort[["cohort", "month", measure]].rename(columns={"month": "age"})
        ahead = _dated(ahead, self._first_ahead, 1).assign(is_forecast=True)
        fan = self.months[["start", f"{measure}_low", f"{measure}_high"]].set_axis(["start", "low", "high"], axis=1)
        return pd.concat([past, ahead], ignore_index=True).merge(fan, on="start", how="left")

    @property
    def by_cohort(self) -> pd.DataFrame:
        """Each cohort, the newest first: customers, past and latest revenue (``year``), and what is to come."""
        ahead = self.coming.cohorts.rename(columns=lambda name: name.replace("revenue", "ahead"))
        latest = self.past[self.past["start"].isin(self._latest)]
        table = ahead.assign(
            customers=ahead["cohort"].map(self.won),
            past=ahead["cohort"].map(self.past.groupby("cohort")["revenue"].sum()),
            year=ahead["cohort"].map(latest.groupby("cohort")["revenue"].sum()),
        )
        return table[::-1].reset_index(drop=True)

    @property
    def _first_ahead(self) -> pd.Timestamp:
        return pd.Timestamp(self.observation_end).normalize() + pd.Timedelta(days=1)

    @property
    def _latest(self) -> list:
        """First days of the latest months, as many as are ahead."""
        return sorted(self.past["start"].unique())[-int(self.coming.by_cohort["month"].max()) :]

    def __repr__(self) -> str:
        """How many cohorts and months there are."""
        return f"{self.past['cohort'].nunique()} cohorts over {self.past['start'].nunique()} months: {self.verdict}"


def newcomers_name(observation_end) -> str:
    """Name of the cohort of customers who will come after a day.

    Examples
    --------
    >>> newcomers_name("2026-06-30")
    '> 2026-06-30'
    """
    return f"> {pd.Timestamp(observation_end):%Y-%m-%d}"


def forecast_cohorts(
    orders: pd.DataFrame,
    scored: Scored,
    models: Models,
    acquisition: Acquisition,
    *,
    observation_end,
    economics: Economics,
    certainty: Certainty,
    level: Level | None = None,
) -> CohortForecast:
    """Revenue, orders and active customers of each cohort so far and in each month ahead, with their intervals.

    Parameters
    ----------
    orders : pandas.DataFrame
        customer_id, ordered_at, amount.
    scored : Scored or Refusal
        Months take the level of its orders; without it the past alone is told.
    models : Models or Refusal
        As `regulars.clv.fit_models` gives them.
    acquisition : Acquisition
        Nobody is forecast to come where it knows nothing.
    observation_end : date
        Last day observed.
    economics : Economics
        Horizon, and time unit of the models.
    certainty : Certainty
        Level of the intervals, what no model sees of a total's level, seed.
    level : Level, optional
        A season of the months ahead, and how much single months swing.

    Returns
    -------
    CohortForecast

    Examples
    --------
    >>> from regulars.clv.in_memory import fit_models
    >>> from regulars.clv import forecast_acquisition, score_customers
    >>> from regulars.purchases import Purchases
    >>> from regulars.simulate.logs import order_log
    >>> orders = order_log(customers=250, seed=2)
    >>> summary = Purchases.of(orders).summary("2025-12-31")
    >>> economics = Economics(margin=0.3, annual_discount_rate=0.1, horizon_months=12, time_unit="week",
    ...                       active_within_days=90)
    >>> certainty = Certainty(level=0.9, level_uncertainty=0.12, seed=0, draws=50)
    >>> models = fit_models(summary)
    >>> scored = score_customers(models, economics=economics, certainty=certainty)
    >>> coming = forecast_acquisition(summary["first_ordered_at"], "2024-01-01", "2025-12-31")
    >>> cohorts = forecast_cohorts(orders, scored, models, coming, observation_end="2025-12-31", economics=economics,
    ...                            certainty=certainty)
    >>> cohorts.verdict.value, round(cohorts.ahead.total("orders").value)
    ('with_new', 833)
    """
    past = past_by_cohort(orders, observation_end)
    if refused(scored, models) is not None:
        return CohortForecast(past, None, observation_end, {}, False)
    customers, known = scored.customers, acquisition.is_known
    names, newcomers = cohort_names(customers["first_ordered_at"]), newcomers_name(observation_end)
    spends = first_order_spends(orders, observation_end) if known else ()
    starts = months_on(pd.Timestamp(observation_end) + pd.Timedelta(days=1), np.arange(economics.horizon_months + 1))
    ahead = months_ahead(
        models.customers,
        _categories(names),
        models.orders,
        models.spend,
        months=economics.horizon_months,
        time_unit=economics.time_unit,
        acquisition=acquisition,
        first_spends=spends,
        newcomers=newcomers,
        orders_total=scored.orders_total.value,
        level=certainty.level,
        level_uncertainty=certainty.level_uncertainty,
        lengths=np.diff(day_numbers(starts)),
        season=() if level is None else level.season,
        month_uncertainty=0.0 if level is None else level.month_spread,
        seed=certainty.seed,
    )
    won = names.value_counts().to_dict() | ({newcomers: acquisition.total.value} if known else {})
    return CohortForecast(past, ahead, observation_end, won, known)


def _dated(table: pd.DataFrame, last: pd.Timestamp, first: int) -> pd.DataFrame:
    """Month 0 ends with the data; its first day instead of its number."""
    start = months_on(last, table["age"].to_numpy() - first)
    return table.drop(columns="age").assign(start=pd.Series(start, index=table.index))
