"""The customer file: what a firm keeps of a customer beside the dealings, how much of it is there, and how old."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from regulars.customer.dealings import said
from regulars.errors import UserError
from regulars.labels import IdentityKind
from regulars.segments.record import OLD_DAYS, record_age
from regulars.statistics.intervals import share, to_row

DAY = pd.Timedelta(days=1)
TOUCHED = ("updated_at", "joined_at")  # when a record was last looked after, the first that is known


@dataclass(frozen=True)
class Field:
    """One field of a customer file.

    Parameters
    ----------
    name : str
        Column of the table customers.
    group : str
        ``person``, ``reach`` (how to reach), ``firm`` (of a business customer), ``relation``, ``terms`` or ``record``.
    personal : bool
        Whether it tells who it is: shown under the real number alone.
    identity : str, optional
        What the table identities calls it, where a source there knows it.
    """

    name: str
    group: str
    personal: bool = False
    identity: str = ""


def _of(group: str, *fields: str | tuple) -> tuple[Field, ...]:
    return tuple(Field(one, group) if isinstance(one, str) else Field(one[0], group, True, *one[1:]) for one in fields)


FIELDS = (
    *_of("person", ("name", IdentityKind.NAME), "kind", ("birth_year", IdentityKind.BIRTH), "household_size"),
    *_of("person", "occupation", "education", "income_band", "language"),
    *_of("reach", ("address", IdentityKind.ADDRESS), ("postcode", IdentityKind.POSTCODE), "region"),
    *_of("reach", ("phone", IdentityKind.PHONE), ("email", IdentityKind.EMAIL), "preferred_channel"),
    *_of("firm", ("contact_person",), "industry", "employees", "contact_position", ("tax_number",), ("bank_account",)),
    *_of("relation", "joined_at", "channel", ("referred_by",), "owner", "consent"),
    *_of("terms", "price_class", "payment_terms", "delivery_terms", "credit_limit", "used_credit", "credit_grade"),
    *_of("record", "updated_at"),
)
IDENTITIES = {str(field.identity): field.name for field in FIELDS if field.identity}
PERSONAL = frozenset(field.name for field in FIELDS if field.personal)


def customer_file(
    rows: Mapping[str, pd.DataFrame],
    customer_id: str,
    *,
    people: pd.DataFrame | None,
    end,
    known: Mapping[str, int] | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Fields of the customer file, what is in them for one customer, and how full they are for all.

    Parameters
    ----------
    rows : mapping
        Clean table to the customer's rows: ``customers`` and ``identities`` are looked at.
    customer_id : str
    people : pandas.DataFrame or None
        Table customers with everybody in it, for completeness and age of each field; None where it is not supplied.
    end : date
        Last day observed.
    known : mapping, optional
        Kind of the table identities to the customers of whom a source there knows it.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per field of `FIELDS`, then those that the firm keeps besides: ``field``, ``group`` (``other``: of the
        firm's own), ``value`` (text; null: empty), ``mapped`` (whether the firm supplies it), ``filled`` (share of all
        customers with its interval and ``n``; NaN where it is not mapped), ``age_days`` (since this customer's record
        was touched: updated_at, else joined_at; NaN where it is empty, or known from a source without days), ``old``
        (for more than a year).

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": ["a", "b"], "region": ["north", None], "loves": ["tea", "tea"],
    ...                        "joined_at": pd.to_datetime(["2025-01-01", "2026-01-01"])})
    >>> told = customer_file({"customers": people.head(1)}, "a", people=people, end="2026-03-02")
    >>> told.loc[told["mapped"], ["field", "value", "filled", "age_days", "old"]]
            field       value  filled  age_days   old
    10     region       north     0.5     425.0  True
    20  joined_at  2025-01-01     1.0     425.0  True
    32      loves         tea     1.0     425.0  True
    """
    record, known = _record(rows, customer_id).drop("customer_id", errors="ignore"), dict(known or {})
    own = {name: said(value) for name, value in record.items() if not pd.isna(value)}
    elsewhere = {IDENTITIES[kind]: value for kind, value in _identities(rows).items() if kind in IDENTITIES}
    columns = [name for name in (people if people is not None else record.index) if name != "customer_id"]
    groups = {field.name: field.group for field in FIELDS}
    groups |= dict.fromkeys([name for name in columns if name not in groups], "other")
    frame = pd.DataFrame({"field": list(groups), "group": list(groups.values())}, dtype="string")
    frame["value"] = frame["field"].map(elsewhere | own).astype("string")
    filled = _filled(people, known, end, level=level)
    frame["mapped"] = frame["field"].isin([*columns, *elsewhere, *filled["field"]])
    frame = frame.merge(filled, on="field", how="left")
    touched = next((record[name] for name in TOUCHED if name in own), pd.NaT)
    age = (pd.Timestamp(end) - touched) // DAY if touched is not pd.NaT else None
    frame["age_days"] = pd.Series(age, index=frame.index, dtype="float64").where(frame["field"].isin(list(own)))
    frame["old"] = (frame["age_days"] > OLD_DAYS).astype("boolean").where(frame["age_days"].notna())
    return frame


def credit_left(file: pd.DataFrame) -> tuple[float, float, float] | None:
    """Limit of a customer's credit, what is used of it and what is left; None where either is not supplied.

    Parameters
    ----------
    file : pandas.DataFrame
        Of `customer_file`.

    Raises
    ------
    UserError
        Where one of them is no number.

    Examples
    --------
    >>> credit_left(pd.DataFrame({"field": ["credit_limit", "used_credit"], "value": ["1,000.50", "250"]}))
    (1000.5, 250.0, 750.5)
    """
    values = file.set_index("field")["value"].dropna()
    if not {"credit_limit", "used_credit"} <= set(values.index):
        return None
    numbers = []
    for name in ("credit_limit", "used_credit"):
        try:
            numbers.append(float(values[name].replace(",", "")))
        except ValueError:
            raise UserError(
                f"Table customers, column {name}: '{values[name]}' is no amount of money: map a column of numbers."
            ) from None
    limit, used = numbers
    return limit, used, limit - used


def _record(rows: Mapping[str, pd.DataFrame], customer_id: str) -> pd.Series:
    """The customer's own row of the table customers; other rows name the customer as who referred them."""
    people = rows.get("customers")
    own = people[people["customer_id"] == customer_id] if people is not None else pd.DataFrame()
    return own.iloc[0] if len(own) else pd.Series(dtype=object)


def _identities(rows: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Kind to what sources know, each spelling once."""
    known = rows.get("identities")
    if known is None:
        return {}
    return {kind: ", ".join(dict.fromkeys(part["value"])) for kind, part in known.groupby("kind")}


def _filled(people: pd.DataFrame | None, known: Mapping[str, int], end, *, level: float) -> pd.DataFrame:
    """Share of all customers of whom each mapped field is known: in their record, else to a source of identities."""
    shares = ["field", "filled", "filled_low", "filled_high", "n"]
    if people is None:
        return pd.DataFrame(columns=shares).astype({"field": "string"} | dict.fromkeys(shares[1:], "float64"))
    record = record_age(people, people["customer_id"], end, level=level).reindex(columns=shares)
    rows = [
        {"field": IDENTITIES[kind], **to_row(share(customers, len(people), level), "filled"), "n": len(people)}
        for kind, customers in known.items()
        if kind in IDENTITIES and IDENTITIES[kind] not in people
    ]
    return pd.concat([record, pd.DataFrame(rows, columns=shares)] if rows else [record]).astype({"field": "string"})
