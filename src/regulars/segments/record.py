"""How complete the record of each customer is, field by field, and how old."""

import pandas as pd

from regulars.finding import NotSupplied, Refusal
from regulars.statistics.intervals import Estimate, median_interval, share, to_row

OLD_DAYS = 365  # since a record was touched, from which it is old


def record_age(
    people: pd.DataFrame | None, customer_ids: pd.Series, observation_end, *, level: float = 0.9
) -> pd.DataFrame | Refusal:
    """How complete the customer record is, field by field, and how old.

    Parameters
    ----------
    people : pandas.DataFrame or None
        Table customers: customer_id and its fields [, updated_at]; None where it is not supplied.
    customer_ids : pandas.Series
        Those who have ordered.
    observation_end : date
        On which the age is told.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        ``field``, ``filled`` with limits (share of those who ordered; Wilson), ``n``, ``age_days`` with limits (median
        days since the record with this field was touched: updated_at, else joined_at; NaN where neither is known),
        ``old`` with limits (share of those that was not touched for more than a year). The emptiest field first.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": ["a", "b"], "joined_at": pd.to_datetime(["2026-01-01", "2026-03-01"]),
    ...                        "region": ["north", None]})
    >>> record_age(people, pd.Series(["a", "b"]), "2026-03-11")[["field", "filled", "age_days"]].to_numpy().tolist()
    [['region', 0.5, 69.0], ['joined_at', 1.0, 39.5]]
    """
    if people is None:
        return NotSupplied("customers")
    here = people.drop_duplicates("customer_id").set_index("customer_id").reindex(customer_ids.to_numpy())
    touched = pd.Series(pd.NaT, index=here.index, dtype="datetime64[us]")
    for name in ("updated_at", "joined_at"):
        if name in here:
            touched = touched.fillna(pd.to_datetime(here[name]))
    age = (pd.Timestamp(observation_end).normalize() - touched.dt.normalize()).dt.days
    rows = []
    for name in (column for column in people if column != "customer_id"):
        has = here[name].notna().to_numpy()
        part = share(int(has.sum()), len(here), level)
        ages = age[has].dropna().to_numpy(float)
        middle = Estimate.of(median_interval(ages, level))
        old = share(int((ages > OLD_DAYS).sum()), len(ages), level)
        row = {"field": name, **to_row(part, "filled"), "n": len(here)}
        rows.append(row | to_row(middle, "age_days") | to_row(old, "old"))
    table = pd.DataFrame(rows, columns=None if rows else ["field", "filled", "age_days"])
    return table.sort_values(["filled", "field"], kind="stable", ignore_index=True)


def refusing(customers: pd.DataFrame | None) -> list[str]:
    """Customers who said no to being contacted; nobody where nobody was asked.

    Parameters
    ----------
    customers : pandas.DataFrame or None
        customer_id [, consent], as the clean table has it.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> refusing(pd.DataFrame({"customer_id": ["b", "a", "c"], "consent": [False, None, True]})), refusing(None)
    (['b'], [])
    """
    if customers is None or "consent" not in customers:
        return []
    return sorted(customers.loc[customers["consent"].eq(False).fillna(False).astype(bool), "customer_id"])
