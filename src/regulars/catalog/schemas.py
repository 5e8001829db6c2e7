"""The tables' schemas, executed: types, missing values, limits, keys."""

from functools import cache

import pandas as pd

from regulars.catalog.tables import PANDAS_TYPES, TABLES, Column
from regulars.errors import UserError
from regulars.rounding import plain


@cache
def schema(name: str, columns: tuple[str, ...] | None = None, keyed: bool = True):
    """Executable schema of a table (pandera): types, missing values, limits, key.

    Parameters
    ----------
    name : str
        A name in `TABLES`: ``orders``, ``scored.value`` ….
    columns : tuple of str, optional
        Of the table, those that are looked at; without the whole key nothing is asked of it.
    keyed : bool
        Whether the key is looked at.

    Returns
    -------
    pandera.pandas.DataFrameSchema
    """
    import pandera.pandas as pa_schema

    table = TABLES[name]
    return pa_schema.DataFrameSchema(
        {
            column.name: pa_schema.Column(
                PANDAS_TYPES[column.kind],
                limits_of(column, pa_schema.Check),
                nullable=column.nullable,
                required=column.required,
            )
            for column in table.columns
            if columns is None or column.name in columns
        },
        unique=list(table.key) if keyed and (columns is None or set(table.key) <= set(columns)) else None,
        strict=table.layer == "scored",
        name=name,
    )


def limits_of(column: Column, check) -> list:
    """Limits of a column as checks of pandera, of whichever of its backends."""
    limits = []
    if column.low is not None:
        limits.append(check.ge(column.low))
    if column.high is not None:
        limits.append(check.le(column.high))
    if column.choices:
        limits.append(check.isin([str(choice) for choice in column.choices]))
    return limits


def typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Frame with the columns of the table in their order and of their type, then what else it carries."""
    table = TABLES[name]
    known = [column for column in table.columns if column.name in frame]
    extra = [column for column in frame if table.column(column) is None]
    kinds = {column.name: PANDAS_TYPES[column.kind] for column in known}
    return frame[[column.name for column in known] + extra].astype(kinds)


def validate(
    frame: pd.DataFrame, name: str, columns: tuple[str, ...] | None = None, *, keyed: bool = True
) -> pd.DataFrame:
    """Check a frame against the schema of its table, or of those columns of it; parameters as for `schema`.

    Raises
    ------
    UserError
        That names the table, the column, the first offending row and its value.
    """
    from pandera.errors import SchemaError

    try:
        return schema(name, columns, keyed).validate(frame)
    except SchemaError as error:
        raise UserError(_schema_sentence(name, error)) from None


def _schema_sentence(name: str, error) -> str:
    column = str(getattr(error.schema, "name", None))
    rule = getattr(error, "check", None) or error.reason_code
    cases = error.failure_cases
    if isinstance(cases, pd.DataFrame) and len(cases) and TABLES[name].column(column) is not None:
        case = cases.iloc[0]
        if not pd.isna(case.get("index")):
            return rule_broken(name, column, rule, int(case["index"]), value=case["failure_case"])
    return rule_broken(name, column, rule)


def rule_broken(name: str, column: str, rule, row: int | None = None, *, value=None) -> str:
    """Sentence that says which rule a table breaks, and where; a personal value is not shown.

    Examples
    --------
    >>> rule_broken("prospects", "win_probability", "at most 1", 3, value=1.5)
    'Table prospects, column win_probability, row 3: 1.5 breaks the rule at most 1: mend the data or its mapping.'
    """
    shown = ""
    if row is not None:
        missing = "a missing value" if pd.isna(value) else repr(plain(value))
        known = TABLES[name].column(column)
        shown = f", row {row}: {'a value that is not shown' if known is None or known.personal else missing}"
    return f"Table {name}, column {column}{shown} breaks the rule {rule}: mend the data or its mapping."
