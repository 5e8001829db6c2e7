"""What a notebook written for `lifetimes` finds here: the same names and arguments, exact numbers, current pandas.

Such a notebook is ported by its imports alone; what it draws are plotly figures with ``.save("x.svg")``::

    from regulars.lifetimes import BetaGeoFitter, load_cdnow_summary, plot_frequency_recency_matrix

    data = load_cdnow_summary(index_col=[0])
    bgf = BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
    plot_frequency_recency_matrix(bgf)

`rfm_summary` is called as pymc-marketing calls it. What else there is, `regulars.clv` has under names of its own.
"""

from importlib import import_module
from importlib.resources import files

import numpy as np
import pandas as pd

from regulars.clv import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from regulars.errors import UserError
from regulars.frames import TIME_UNIT, check_columns, dates_in
from regulars.showing import picture

__all__ = [
    "BetaGeoFitter", "GammaGammaFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter", "calculate_alive_path",
    "calibration_and_holdout_data", "load_cdnow_summary", "load_cdnow_summary_data_with_monetary_value", "load_dataset",
    "load_donations", "load_transaction_data", "plot_calibration_purchases_vs_holdout_purchases",
    "plot_expected_repeat_purchases", "plot_frequency_recency_matrix", "plot_history_alive", "plot_period_transactions",
    "plot_probability_alive_matrix", "rfm_summary", "summary_data_from_transaction_data",
]  # fmt: skip
# right in `lifetimes` itself, and loaded when they are asked for: its plots draw with matplotlib
_AS_THEY_ARE = {
    "BetaGeoBetaBinomFitter": "lifetimes",
    "expected_cumulative_transactions": "lifetimes.utils",
    "plot_cumulative_transactions": "lifetimes.plotting",
    "plot_dropout_rate_heterogeneity": "lifetimes.plotting",
    "plot_incremental_transactions": "lifetimes.plotting",
    "plot_transaction_rate_heterogeneity": "lifetimes.plotting",
}
UNITS = {("D", 1): "day", ("D", 7): "week", ("W", 1): "week"}  # period and multiplier to the unit that it makes
AXES = {
    "frequency_cal": "purchases in the calibration period",
    "recency_cal": "age of the customer at the last purchase",
    "T_cal": "age of the customer at the end of the calibration period",
    "time_since_last_purchase": "time since the last purchase",
}


def __getattr__(name: str):
    if name not in _AS_THEY_ARE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_AS_THEY_ARE[name]), name)


# ---- data ----


def load_dataset(filename: str, **kwargs) -> pd.DataFrame:
    """One of the tables that come with `lifetimes`.

    Parameters
    ----------
    filename : str
        Such as ``cdnow_customers_summary.csv``.
    **kwargs
        Of `pandas.read_csv`.

    Raises
    ------
    UserError
        Where there is no such file: it names those that are there.

    Examples
    --------
    >>> load_dataset("example_transactions.csv").columns.tolist()
    ['date', 'id']
    """
    folder = files("lifetimes") / "datasets"
    if not (folder / filename).is_file():
        there = sorted(file.name for file in folder.iterdir() if file.name.endswith((".csv", ".txt")))
        raise UserError(f"lifetimes has no table '{filename}': name one of {', '.join(there)}.")
    return pd.read_csv(folder / filename, **kwargs)


def load_cdnow_summary(**kwargs) -> pd.DataFrame:
    """CDNOW's sample of 2,357 customers: ID, frequency, recency, T, in weeks."""
    return _in_weeks(load_dataset("cdnow_customers_summary.csv", **kwargs))


def load_cdnow_summary_data_with_monetary_value(**kwargs) -> pd.DataFrame:
    """The same with monetary_value, by customer_id."""
    table = load_dataset("cdnow_customers_summary_with_transactions.csv", **kwargs)
    table.columns = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    return _in_weeks(table.set_index("customer_id"))


def load_transaction_data(**kwargs) -> pd.DataFrame:
    """An artificial log of 2014: date, id."""
    return load_dataset("example_transactions.csv", **kwargs)


def load_donations(**kwargs) -> pd.DataFrame:
    """Donations in discrete periods: frequency, recency, periods, weights."""
    return load_dataset("donations.csv", **kwargs)


def _in_weeks(table: pd.DataFrame) -> pd.DataFrame:
    table.attrs[TIME_UNIT] = "week"
    return table


def summary_data_from_transaction_data(
    transactions: pd.DataFrame,
    customer_id_col,
    datetime_col,
    monetary_value_col=None,
    datetime_format=None,
    observation_period_end=None,
    freq="D",
    freq_multiplier=1,
    include_first_transaction=False,
) -> pd.DataFrame:
    """Repeat purchase periods of each customer, age at the last one and age at the end, as `lifetimes` counts them.

    Periods are those of the calendar: with ``freq="W"`` two purchases of one week are one. `Purchases.summary` counts
    days, whatever the unit, so that a change of unit changes alpha and nothing else.

    Parameters
    ----------
    transactions : pandas.DataFrame
        One row per purchase.
    customer_id_col, datetime_col, monetary_value_col : str
        Names of its columns; the last may be None.
    datetime_format : str, optional
        Of dates that are written as text or numbers.
    observation_period_end : date, optional
        Last moment observed; that of the last purchase by default.
    freq : {"D", "W", "h"}
        Period.
    freq_multiplier : int
        Periods in one unit of recency and T.
    include_first_transaction : bool
        Whether the first purchase counts in frequency and monetary_value; not for any model.

    Returns
    -------
    pandas.DataFrame
        By customer: frequency, recency, T [, monetary_value (mean of the periods counted; 0 where there is none)].

    Examples
    --------
    >>> log = pd.DataFrame({"id": [1, 1, 1, 2], "date": ["2014-01-01", "2014-01-03", "2014-01-03", "2014-01-05"]})
    >>> summary_data_from_transaction_data(log, "id", "date", observation_period_end="2014-01-11").to_numpy().tolist()
    [[1.0, 2.0, 10.0], [0.0, 0.0, 6.0]]
    """
    columns = (customer_id_col, datetime_col, monetary_value_col)
    log, end = _log(transactions, columns, datetime_format, observation_period_end)
    periods = log[log["moment"] <= end].assign(period=lambda log: _start(log["moment"], freq))
    spent = periods.groupby([customer_id_col, "period"], as_index=False)["money"].sum()
    by_customer = spent.groupby(customer_id_col)["period"]
    first, last = by_customer.min(), by_customer.max()
    length = pd.Timedelta(1, freq) * freq_multiplier
    end = _start(pd.Series([end]), freq)[0]
    summary = pd.DataFrame(
        {
            "frequency": by_customer.size() - (not include_first_transaction),
            "recency": (last - first) / length,
            "T": (end - first) / length,
        }
    )
    if monetary_value_col:
        repeats = spent if include_first_transaction else spent[spent[customer_id_col].duplicated()]
        means = repeats.groupby(customer_id_col)["money"].mean()
        summary["monetary_value"] = means.reindex(summary.index).fillna(0)  # as `lifetimes` writes that there is none
    summary = summary.astype(float)
    if (freq, freq_multiplier) in UNITS:
        summary.attrs[TIME_UNIT] = UNITS[freq, freq_multiplier]
    return summary


def rfm_summary(transactions: pd.DataFrame, customer_id_col, datetime_col, *args, time_unit="D", time_scaler=1, **rest):
    """`summary_data_from_transaction_data` as pymc-marketing calls it: ``customer_id`` is a column.

    Parameters
    ----------
    transactions, customer_id_col, datetime_col, *args, **rest
        As there.
    time_unit, time_scaler
        ``freq`` and ``freq_multiplier``.

    Returns
    -------
    pandas.DataFrame
        customer_id, frequency, recency, T [, monetary_value].

    Examples
    --------
    >>> log = pd.DataFrame({"id": [1, 1, 2], "date": [20140101, 20140115, 20140105]})
    >>> rfm_summary(log, "id", "date", datetime_format="%Y%m%d", time_unit="W").to_numpy().tolist()
    [[1.0, 1.0, 2.0, 2.0], [2.0, 0.0, 0.0, 2.0]]
    """
    rest |= {"freq": time_unit, "freq_multiplier": time_scaler}
    summary = summary_data_from_transaction_data(transactions, customer_id_col, datetime_col, *args, **rest)
    return summary.rename_axis("customer_id").reset_index()


def calibration_and_holdout_data(
    transactions: pd.DataFrame,
    customer_id_col,
    datetime_col,
    calibration_period_end,
    observation_period_end=None,
    freq="D",
    freq_multiplier=1,
    datetime_format=None,
    monetary_value_col=None,
    include_first_transaction=False,
) -> pd.DataFrame:
    """What was known at the end of a calibration period, beside what came afterwards.

    Parameters
    ----------
    transactions, customer_id_col, datetime_col, freq, freq_multiplier, datetime_format, monetary_value_col, \
include_first_transaction
        As of `summary_data_from_transaction_data`.
    calibration_period_end, observation_period_end : date
        Last moments of the calibration and of the hold-out.

    Returns
    -------
    pandas.DataFrame
        By customer: frequency_cal, recency_cal, T_cal [, monetary_value_cal], frequency_holdout (periods with a
        purchase) [, monetary_value_holdout (mean of its purchases)], duration_holdout.

    Raises
    ------
    UserError
        Where nothing was bought after the calibration period.

    Examples
    --------
    >>> log = pd.DataFrame({"id": [1, 1, 1, 2], "date": ["2014-01-01", "2014-01-03", "2014-01-08", "2014-01-02"]})
    >>> calibration_and_holdout_data(log, "id", "date", "2014-01-05", "2014-01-10").to_numpy().tolist()
    [[1.0, 2.0, 4.0, 1.0, 5.0], [0.0, 0.0, 3.0, 0.0, 5.0]]
    """
    columns = (customer_id_col, datetime_col, monetary_value_col)
    log, end = _log(transactions, columns, datetime_format, observation_period_end)
    cutoff = pd.to_datetime(calibration_period_end, format=datetime_format)
    counted = {"freq": freq, "freq_multiplier": freq_multiplier, "include_first_transaction": include_first_transaction}
    known = summary_data_from_transaction_data(
        transactions, *columns, datetime_format, calibration_period_end, **counted
    )
    table = known.add_suffix("_cal")
    after = log[(log["moment"] > cutoff) & (log["moment"] <= end)]
    if after.empty:
        raise UserError(
            f"calibration_and_holdout_data: nothing was bought after {cutoff:%Y-%m-%d} and up to {end:%Y-%m-%d}: "
            "name an earlier calibration_period_end."
        )
    came = after.assign(period=_start(after["moment"], freq)).groupby(customer_id_col)
    # a customer without a purchase in a period that was observed has bought nothing in it: a true zero
    table["frequency_holdout"] = came["period"].nunique().reindex(table.index).fillna(0).astype(float)
    if monetary_value_col:
        table["monetary_value_holdout"] = came["money"].mean().reindex(table.index).fillna(0)
    table["duration_holdout"] = (end.to_period(freq) - cutoff.to_period(freq)).n / freq_multiplier
    return table


def _log(transactions: pd.DataFrame, columns, datetime_format, end) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Customer, moment and money of each purchase, and the end of the observation."""
    customer, date, money = columns
    where = "The log of purchases"
    check_columns(transactions, where, {name: "" for name in columns if name})
    moment = dates_in(transactions[date], where, datetime_format)
    spent = transactions[money] if money else 1.0
    log = pd.DataFrame({customer: transactions[customer], "moment": moment, "money": spent})
    return log, moment.max() if end is None else pd.to_datetime(end, format=datetime_format)


def _start(moments: pd.Series, freq: str) -> pd.Series:
    return moments.dt.to_period(freq).dt.to_timestamp()


def calculate_alive_path(model, transactions: pd.DataFrame, datetime_col, t: int, freq="D") -> pd.Series:
    """Probability that one customer has not stopped, at every age up to `t`.

    Parameters
    ----------
    model : fitter of orders
        Fitted in periods of `freq`.
    transactions : pandas.DataFrame
        Purchases of the one customer.
    datetime_col : str
    t : int
        Periods since the first purchase.
    freq : str
        Period.

    Returns
    -------
    pandas.Series
        P(alive) by age, from 0 on.

    Examples
    --------
    >>> model = BetaGeoFitter()
    >>> model.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> log = pd.DataFrame({"date": ["2014-01-01", "2014-01-03"]})
    >>> calculate_alive_path(model, log, "date", 3).round(4).tolist()
    [1.0, 1.0, 0.7537, 0.7187]
    """
    period = dates_in(transactions[datetime_col], "calculate_alive_path").dt.to_period(freq)
    bought = np.unique([step.n for step in period - period.min()])
    ages = np.arange(t + 1)
    frequency = np.searchsorted(bought, ages, side="right") - 1
    return pd.Series(model.conditional_probability_alive(frequency, bought[frequency], ages))


# ---- pictures ----


def plot_period_transactions(model, max_frequency: int = 7, **_):
    """Customers by their number of repeat purchases, beside what the model expects (`lifetimes` simulates it once)."""
    return model.plot("frequency", most=max_frequency)


def plot_frequency_recency_matrix(model, T=1, max_frequency=None, max_recency=None, **_):
    """Purchases to be expected in the next T, by frequency and recency."""
    return model.plot("orders", t=T, max_frequency=max_frequency, max_recency=max_recency)


def plot_probability_alive_matrix(model, max_frequency=None, max_recency=None, **_):
    """Probability of being alive, by frequency and recency."""
    return model.plot("alive", max_frequency=max_frequency, max_recency=max_recency)


def plot_expected_repeat_purchases(model, **_):
    """Repeat purchases to be expected of a new customer, up to one and a half times the longest age of the data."""
    longest = float(model.data["T"].max())
    age = np.linspace(0, 1.5 * longest, 100)
    frame = pd.DataFrame({"age": age, "purchases": model.expected_number_of_purchases_up_to_time(age)})
    return picture("lines", frame, x="age", y="purchases", x_title="time since the first purchase",
                   y_title="repeat purchases per customer", marks={longest: "end of the data"})  # fmt: skip


def plot_calibration_purchases_vs_holdout_purchases(
    model, calibration_holdout_matrix: pd.DataFrame, kind="frequency_cal", n=7, **_
):
    """Mean purchases in the hold-out, as they came and as they were expected, by what was known before.

    Parameters
    ----------
    model : fitter of orders
        Fitted on the ``_cal`` columns.
    calibration_holdout_matrix : pandas.DataFrame
        Of `calibration_and_holdout_data`.
    kind : {"frequency_cal", "recency_cal", "T_cal", "time_since_last_purchase"}
        Horizontal axis.
    n : int
        How many of its values, from the lowest on.

    Returns
    -------
    regulars.report.interactive.Picture or pandas.DataFrame
        A plotly figure; the frame in the pipeline.
    """
    if kind not in AXES:
        raise UserError(f"There is no axis '{kind}': write one of {', '.join(AXES)}.")
    table = calibration_holdout_matrix
    history = (table[name] for name in ("frequency_cal", "recency_cal", "T_cal"))
    at = table["T_cal"] - table["recency_cal"] if kind == "time_since_last_purchase" else table[kind]
    series = {"came": table["frequency_holdout"], "expected": model.predict(table["duration_holdout"], *history)}
    means = pd.DataFrame(series).groupby(at.rename(kind)).mean().head(n)
    frame = means.rename_axis(columns="of").stack().rename("purchases").reset_index()
    return picture("lines", frame, x=kind, y="purchases", by="of", x_title=AXES[kind],
                   y_title="purchases per customer in the hold-out")  # fmt: skip


def plot_history_alive(model, t: int, transactions: pd.DataFrame, datetime_col, freq="D", start_date=None, **_):
    """Probability that one customer has not stopped, day by day, with the days of the purchases.

    Parameters
    ----------
    model, t, transactions, datetime_col, freq
        As of `calculate_alive_path`.
    start_date : date, optional
        Where the picture begins; the first purchase by default.

    Returns
    -------
    regulars.report.interactive.Picture or pandas.DataFrame
        A plotly figure; the frame in the pipeline.
    """
    bought = dates_in(transactions[datetime_col], "plot_history_alive")
    path = calculate_alive_path(model, transactions, datetime_col, t, freq)
    dates = pd.period_range(bought.min(), periods=len(path), freq=freq).to_timestamp()
    frame = pd.DataFrame({"date": dates, "p_alive": path.to_numpy()})
    frame = frame[frame["date"] >= pd.Timestamp(start_date or dates[0])]
    days = _start(bought, freq)
    marks = dict.fromkeys(days[days.isin(frame["date"])].unique(), "")
    return picture("lines", frame, x="date", y="p_alive", x_title="date · lines: purchases", y_title="P(alive)",
                   x_format="{:%Y-%m-%d}".format, marks=marks)  # fmt: skip
