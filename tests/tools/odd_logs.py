"""Order logs as firms have them now and then: each is ordinary somewhere, and none is like a text book's."""

from collections.abc import Callable

import numpy as np
import pandas as pd

START = pd.Timestamp("2023-01-02")
COLUMNS = ["customer_id", "ordered_at", "amount"]


def _log(customer, day, amount) -> pd.DataFrame:
    rows = pd.DataFrame({"customer_id": customer, "ordered_at": day, "amount": amount})
    rows["ordered_at"] = rows["ordered_at"].map(lambda value: value if isinstance(value, str) else f"{value:%Y-%m-%d}")
    return rows


def _at(days, start=START):
    return [start + pd.Timedelta(days=int(day)) for day in days]


def ordinary(rng, customers=60, days=500, start=START) -> pd.DataFrame:
    """Customers who order at rates of their own."""
    rate = rng.gamma(1.0, 1 / 40, customers)
    number = rng.poisson(rate * days) + 1
    who = np.repeat(np.arange(customers), number)
    amount = np.round(rng.gamma(4, 10, number.sum()), 2)
    return _log([f"c{one:03}" for one in who], _at(rng.integers(0, days, number.sum()), start), amount)


def identical(rng) -> pd.DataFrame:
    """Everybody orders on the same days for the same money."""
    days = np.arange(0, 300, int(rng.integers(10, 60)))
    return _log(np.repeat([f"c{k}" for k in range(50)], len(days)), _at(np.tile(days, 50)), 20.0)


def daily(rng) -> pd.DataFrame:
    """Few customers, every day of a history shorter than a hold-out."""
    number, length = int(rng.integers(20, 60)), int(rng.integers(100, 250))
    return _log(np.repeat([f"c{k}" for k in range(number)], length), _at(np.tile(np.arange(length), number)), 5.5)


def nothing_paid(rng) -> pd.DataFrame:
    """No order has an amount."""
    return ordinary(rng).assign(amount=0.0)


def only_returns(rng) -> pd.DataFrame:
    """Everything is negative."""
    return ordinary(rng).assign(amount=lambda rows: -rows["amount"])


def mostly_returned(rng) -> pd.DataFrame:
    """Each second order comes back."""
    bought = ordinary(rng)
    return pd.concat([bought, bought.iloc[::2].assign(amount=lambda rows: -rows["amount"])], ignore_index=True)


def long_ago(rng) -> pd.DataFrame:
    """Before computers counted seconds."""
    return ordinary(rng, start=pd.Timestamp(str(int(rng.integers(1905, 1969)))))


def far_future(rng) -> pd.DataFrame:
    """A system's idea of never, once."""
    rows = ordinary(rng)
    rows.loc[int(rng.integers(len(rows))), "ordered_at"] = str(rng.choice(["9999-12-31", "2262-05-01", "2099-01-01"]))
    return rows


def one_customer(rng) -> pd.DataFrame:
    """One customer, often."""
    number = int(rng.integers(1, 60))
    return _log("only", _at(rng.integers(0, 400, number)), np.round(rng.gamma(4, 10, number), 2))


def few_customers(rng) -> pd.DataFrame:
    """Two or three customers."""
    return ordinary(rng, customers=int(rng.integers(2, 4)))


def nobody_returns(rng) -> pd.DataFrame:
    """Everybody orders once."""
    number = int(rng.integers(20, 300))
    amount = np.round(rng.gamma(4, 10, number), 2)
    return _log([f"c{k}" for k in range(number)], _at(rng.integers(0, 500, number)), amount)


def one_day(rng) -> pd.DataFrame:
    """The whole log is of one day."""
    return ordinary(rng).assign(ordered_at="2024-05-06")


def two_days(rng) -> pd.DataFrame:
    """Two days, far apart."""
    rows = ordinary(rng)
    return rows.assign(ordered_at=rng.choice(["2022-05-06", "2024-05-06"], len(rows)))


def same_amount(rng) -> pd.DataFrame:
    """A subscription: one price."""
    return ordinary(rng).assign(amount=9.99)


def by_the_clock(rng) -> pd.DataFrame:
    """Everybody orders every thirtieth day from a first day of their own on."""
    first = rng.integers(0, 200, 80)
    days = first[:, None] + 30 * np.arange(12)
    return _log(np.repeat([f"c{k}" for k in range(80)], 12), _at(days.ravel()), np.round(rng.gamma(4, 10, 960), 2))


def huge_amounts(rng) -> pd.DataFrame:
    """Money with many digits."""
    return ordinary(rng).assign(amount=lambda rows: (rows["amount"] * 10 ** int(rng.integers(6, 11))).round(2))


def tiny_amounts(rng) -> pd.DataFrame:
    """Hundredths."""
    return ordinary(rng).assign(amount=0.01)


def one_giant(rng) -> pd.DataFrame:
    """One customer brings nearly everything."""
    rows = ordinary(rng)
    rows.loc[rows["customer_id"] == rows["customer_id"].iloc[0], "amount"] *= 100_000
    return rows


def strange_ids(rng) -> pd.DataFrame:
    """Ids in other scripts, with signs, quotes and spaces."""
    rows = ordinary(rng)
    return rows.assign(customer_id="客 " + rows["customer_id"] + " <b>'\"&=1+1")


def ended_long_ago(rng) -> pd.DataFrame:
    """A year of orders, then one last order after two years of silence."""
    late = pd.DataFrame([("late", "2027-01-01", 10.0)], columns=COLUMNS)
    return pd.concat([ordinary(rng, days=365), late], ignore_index=True)


def decades(rng) -> pd.DataFrame:
    """Rare orders over thirty years."""
    return ordinary(rng, customers=80, days=11_000, start=pd.Timestamp("1994-01-01"))


def seasonal(rng) -> pd.DataFrame:
    """Orders at Christmas only."""
    rows = ordinary(rng, customers=120)
    return rows.assign(ordered_at=[f"{2021 + k % 4}-12-{1 + k % 24:02}" for k in rng.integers(0, 96, len(rows))])


def won_at_once(rng) -> pd.DataFrame:
    """All customers come on the first day; most never again."""
    later = ordinary(rng, customers=15)
    return pd.concat([_log([f"c{k:03}" for k in range(200)], "2023-01-02", 30.0), later], ignore_index=True)


KINDS: dict[str, Callable] = {
    make.__name__: make
    for make in (
        ordinary, identical, daily, nothing_paid, only_returns, mostly_returned, long_ago, far_future, one_customer,
        few_customers, nobody_returns, one_day, two_days, same_amount, by_the_clock, huge_amounts, tiny_amounts,
        one_giant, strange_ids, ended_long_ago, decades, seasonal, won_at_once,
    )
}  # fmt: skip


def odd_log(number: int) -> tuple[str, pd.DataFrame]:
    """The odd log of a number: its kind, and its rows with an order id."""
    kind = list(KINDS)[number % len(KINDS)]
    rows = KINDS[kind](np.random.default_rng(number))
    return kind, rows.reset_index(drop=True).rename_axis("order_id").reset_index()
