"""What comes in at the doors of the library: frames whose columns are there, and hold what their names say.

Names mean the same in every table, so that one list tells what a column holds. Every public function that a domain
room hands out (`regulars.lazy`) is such a door, and so is `regulars.purchases.Purchases.of`, where other names of
columns are translated. What is wrong is said in one sentence that names what came and what was expected.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import cache, wraps
from inspect import Parameter, signature
from itertools import pairwise

import numpy as np
import pandas as pd

from regulars.errors import UserError

# what a column of this name holds, in whatever table it stands
DATES = (
    "ordered_at", "joined_at", "answered_at", "opened_at", "resolved_at", "starts_at", "ends_at", "contacted_at",
    "started_at", "ended_at", "created_at", "first_ordered_at", "last_ordered_at",
)  # fmt: skip
NUMBERS = (
    "amount", "quantity", "unit_price", "unit_cost", "cost", "frequency", "recency", "T", "monetary_value", "spend",
    "spend_per_order", "p_alive", "p_active", "expected_orders", "clv", "value_if_alive", "value_at_risk", "minutes",
    "wait_seconds", "planned_cost", "actual_cost",
)  # fmt: skip
KINDS = dict.fromkeys(DATES, "dates") | dict.fromkeys(NUMBERS, "numbers")
COMMON = ("cost", "minutes")  # may be anybody's: looked at where a function documents them
HINTS = {
    "dates": "pd.to_datetime makes dates",
    "numbers": "pd.to_numeric makes numbers, and pd.read_csv(…, decimal=',') reads those with a comma",
}
FORMAT, MONTHS = "give their format, as in datetime_format='%d.%m.%Y'", 12
DAY_OR_MONTH = r"^\s*(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}"
NO_FRAMES = (list, tuple, dict, str, np.ndarray, pd.Series)
UNITS = ("day", "week", "month")
TIME_UNIT = "time_unit"  # of recency and T, in ``frame.attrs``


def came(values: pd.Series, kind: str) -> str | None:
    """What a column holds in place of the dates or numbers that are expected; None where it holds them.

    Examples
    --------
    >>> came(pd.Series([19970101]), "dates"), came(pd.Series(["12,50"]), "numbers"), came(pd.Series([1.5]), "numbers")
    ('numbers', 'text', None)
    """
    types = pd.api.types
    if types.is_datetime64_any_dtype(values):
        return "dates" if kind == "numbers" else None
    if types.is_numeric_dtype(values):
        return "numbers" if kind == "dates" and values.notna().any() else None
    first = values.first_valid_index() if values.index.is_unique else values.reset_index(drop=True).first_valid_index()
    if first is None:
        return None
    return "text" if isinstance(values.dropna().iloc[0], str) else None


def check_kinds(frame: pd.DataFrame, where: str, kinds: Mapping[str, str] = KINDS) -> None:
    """Refuse a frame whose columns hold something else than their names say.

    Parameters
    ----------
    frame : pandas.DataFrame
    where : str
        Whom the sentence names.
    kinds : mapping
        Column to ``dates`` or ``numbers``; those that are not there are passed over.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_kinds(pd.DataFrame({"amount": ["12,50"]}), "fit_models")
    Traceback (most recent call last):
    regulars.errors.UserError: fit_models: column 'amount' holds text, such as '12,50' in row 0, where numbers ...
    """
    for name in frame.columns.intersection(list(kinds)).unique():
        values = frame[name]
        if isinstance(values, pd.DataFrame):
            raise UserError(f"{where}: column '{name}' stands in the frame {values.shape[1]} times: keep one of them.")
        if (found := came(values, kinds[name])) is not None:
            row, example = next((at, value) for at, value in enumerate(values) if not pd.isna(value))
            example = repr(example) if isinstance(example, str) else example
            raise UserError(
                f"{where}: column '{name}' holds {found}, such as {example} in row {row}, where {kinds[name]} are "
                f"expected: {HINTS[kinds[name]]}."
            )


def check_columns(frame, where: str, columns: Mapping[str, str]) -> None:
    """Refuse what is no frame, or lacks a column.

    Parameters
    ----------
    frame : pandas.DataFrame
    where : str
        Whom the sentence names.
    columns : mapping
        Column that is needed to how another is named in its place: ``{"id": "customer_id_col"}``.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_columns(pd.DataFrame({"id": [1]}), "Purchases.of", {"customer_id": "customer_id_col"})
    Traceback (most recent call last):
    regulars.errors.UserError: Purchases.of: the frame has no column 'customer_id' (it has id): name yours, as in
    customer_id_col='id'.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UserError(f"{where} takes a pandas.DataFrame with {_listed(columns)}; {_named(frame)} came.")
    for name, option in columns.items():
        if name not in frame:
            like = f", as in {option}={frame.columns[0]!r}" if option and len(frame.columns) else ""
            there = _listed(frame.columns) or "none at all"
            raise UserError(f"{where}: the frame has no column '{name}' (it has {there}): name yours{like}.")


def _listed(names) -> str:
    return ", ".join(map(str, names))


def _named(given) -> str:
    kind = type(given)
    return (
        f"a {kind.__name__}" if kind.__module__ == "builtins" else f"a {kind.__module__.split('.')[0]} {kind.__name__}"
    )


def check_filled(frame: pd.DataFrame, where: str) -> None:
    """Refuse a frame in which a value is missing.

    Raises
    ------
    UserError
        That names the first row.

    Examples
    --------
    >>> check_filled(pd.DataFrame({"amount": [1.0, None]}), "Purchases.of")
    Traceback (most recent call last):
    regulars.errors.UserError: Purchases.of: column 'amount' is empty in row 1: fill it in, or leave the row out.
    """
    for name in frame:
        if (empty := frame[name].isna().to_numpy()).any():
            row = int(empty.argmax())
            raise UserError(f"{where}: column '{name}' is empty in row {row}: fill it in, or leave the row out.")


def dates_in(values: pd.Series, where: str, datetime_format: str | None = None) -> pd.Series:
    """Moments that a column tells, be they dates, text or numbers in a format; of times with a zone the local ones.

    Parameters
    ----------
    values : pandas.Series
    where : str
        Whom the sentence names.
    datetime_format : str, optional
        Of text and numbers; text without one is read as pandas reads it.

    Returns
    -------
    pandas.Series of datetime64

    Raises
    ------
    UserError
        That names the first row that is no date.

    Examples
    --------
    >>> dates_in(pd.Series([19970101], name="date"), "Purchases.of", "%Y%m%d").tolist()
    [Timestamp('1997-01-01 00:00:00')]
    >>> dates_in(pd.Series([19970101], name="date"), "Purchases.of")
    Traceback (most recent call last):
    regulars.errors.UserError: Purchases.of: column 'date' holds numbers, such as 19970101 in row 0, where dates are
    expected: give their format, as in datetime_format='%Y%m%d'.
    """
    found = came(values, "dates")
    if found == "numbers" and not datetime_format:
        raise UserError(
            f"{where}: column '{values.name}' holds numbers, such as {values.iloc[0]} in row 0, where dates are "
            "expected: give their format, as in datetime_format='%Y%m%d'."
        )
    if found:
        text = values.astype("string")
        if not datetime_format:
            _refuse_either(text, where)
        with warnings.catch_warnings():  # that rows are read one by one: what cannot be read is told below
            warnings.filterwarnings("ignore", "Could not infer format", UserWarning)
            values = pd.to_datetime(text, format=datetime_format, errors="coerce")
        if (unread := (values.isna() & text.notna()).to_numpy()).any():
            row = int(unread.argmax())
            wanted = f"in the format {datetime_format}" if datetime_format else f"that pandas reads: {FORMAT}"
            told = f"column '{text.name}' holds {text.iloc[row]!r} in row {row}"
            raise UserError(f"{where}: {told}, which is no date {wanted}.")
    return values if getattr(values.dtype, "tz", None) is None else values.dt.tz_localize(None)


def _refuse_either(text: pd.Series, where: str) -> None:
    """Refuse dates of which no row tells whether the day or the month stands first: pandas would take the month."""
    parts = text.reset_index(drop=True).str.extract(DAY_OR_MONTH).dropna().astype(int)
    either = parts.index[parts[0] != parts[1]]
    if len(either) and parts.max().max() <= MONTHS:
        row = either[0]
        raise UserError(
            f"{where}: column '{text.name}' holds '{text.iloc[row]}' in row {row}, and no row tells whether the day or "
            f"the month stands first: {FORMAT}."
        )


# ---- units of time ----


def unit_of(*values) -> str | None:
    """Time unit that frames or columns carry in their ``attrs``; None where none does.

    Examples
    --------
    >>> summary = pd.DataFrame({"T": [3.0]})
    >>> summary.attrs["time_unit"] = "week"
    >>> unit_of(5, summary["T"]), unit_of([3.0])
    ('week', None)
    """
    return next((unit for one in values if (unit := getattr(one, "attrs", {}).get(TIME_UNIT))), None)


def check_unit(where: str, **units: str | None) -> None:
    """Refuse two of the summary, the model and the economics in different units; what does not say its own is passed.

    Parameters
    ----------
    where : str
        Whom the sentence names.
    **units
        ``summary``, ``model``, ``economics``: time unit of each.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_unit("score_customers", summary="day", model=None, economics="week")
    Traceback (most recent call last):
    regulars.errors.UserError: score_customers: the summary is in days and the economics in weeks: one unit for both,
    as in purchases.summary(end, "week").
    """
    known = [(name, unit) for name, unit in units.items() if unit in UNITS]  # any other is refused where it is used
    for (one, before), (other, after) in pairwise(known):
        if before != after:
            verb = "is" if one != "economics" else "are"
            raise UserError(
                f"{where}: the {one} {verb} in {before}s and the {other} in {after}s: one unit for both, "
                f'as in purchases.summary(end, "{after}").'
            )


# ---- doors ----


@cache
def door(function: Callable) -> Callable:
    """A public function that says in a sentence what is wrong with a frame that it is given.

    Columns that hold something else than their names say are refused before, and a column that the function documents
    and that is not there is named after.

    Examples
    --------
    >>> @door
    ... def spent(orders: pd.DataFrame) -> float:
    ...     '''Sum of ``amount``.'''
    ...     return float(orders["amount"].sum())
    >>> spent(pd.DataFrame({"amount": [1.0, 2.0]}))
    3.0
    >>> spent(pd.DataFrame({"money": [1.0]}))
    Traceback (most recent call last):
    regulars.errors.UserError: spent: the frame 'orders' has no column 'amount' (it has money): rename yours.
    >>> spent([1.0])
    Traceback (most recent call last):
    regulars.errors.UserError: spent takes a pandas.DataFrame as 'orders'; a list came.
    """
    parameters = signature(function).parameters
    documented = function.__doc__ or ""
    kinds = {name: kind for name, kind in KINDS.items() if name not in COMMON or f"``{name}``" in documented}
    takes = [name for name, one in parameters.items() if one.annotation is pd.DataFrame]
    if any(one.kind is Parameter.VAR_POSITIONAL for one in parameters.values()):
        takes = []  # whose first argument may be a column as well

    @wraps(function)
    def entered(*args, **kwargs):
        given = {**dict(zip(parameters, args, strict=False)), **kwargs}
        for name in takes:
            if isinstance(given.get(name), NO_FRAMES):
                came = _named(given[name])
                raise UserError(f"{function.__name__} takes a pandas.DataFrame as '{name}'; {came} came.")
        frames = {name: value for name, value in given.items() if isinstance(value, pd.DataFrame)}
        for name, frame in frames.items():
            check_kinds(frame, f"{function.__name__}, {name}", kinds)
        try:
            return function(*args, **kwargs)
        except KeyError as error:
            name = error.args[0] if error.args else None
            if not isinstance(name, str) or name not in documented:
                raise
            lacking = [key for key, frame in frames.items() if name not in frame]
            if not lacking:
                raise
            there = _listed(frames[lacking[0]]) or "none at all"
            raise UserError(
                f"{function.__name__}: the frame '{lacking[0]}' has no column '{name}' (it has {there}): rename yours."
            ) from error

    return entered


def moments_of(keys: pd.Series, moments: pd.Series) -> pd.Series:
    """Moment of each key; `Series.map` refuses moments of nobody.

    Parameters
    ----------
    keys : pandas.Series
        To be looked up.
    moments : pandas.Series of datetime
        By key, each once.

    Returns
    -------
    pandas.Series
        On the index of `keys`; missing where a key is not known.

    Examples
    --------
    >>> moments_of(pd.Series(["a", "b"]), pd.Series(pd.to_datetime(["2026-03-01"]), index=["a"])).dt.day.tolist()
    [1.0, nan]
    >>> moments_of(pd.Series(["a"]), pd.Series([], dtype="datetime64[us]", index=[])).isna().tolist()
    [True]
    """
    if len(moments):
        return keys.map(moments)
    return pd.Series(pd.NaT, index=keys.index, dtype="datetime64[us]")
