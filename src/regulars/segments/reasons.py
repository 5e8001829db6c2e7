"""Why each customer bears a label: the three facts that decided it."""

from collections.abc import Mapping

import pandas as pd

from regulars.labels import LifecycleStage

_STEP = ("orders", "days_since_order", "patience")
# label to the three columns that decide it; where they differ between values of the label, by value, "" for the others
DECIDED_BY: dict[str, tuple | Mapping] = {
    "segment": ("r_score", "f_score", "m_score"),
    "cluster": ("days_since_order", "orders", "spend_per_order"),
    "lifecycle_stage": {
        "": _STEP,
        LifecycleStage.MEMBER.value: ("is_member", *_STEP[1:]),
        LifecycleStage.ADVOCATE.value: ("referred", *_STEP[1:]),
        LifecycleStage.PARTNER.value: ("referred", "is_member", "days_since_order"),
    },
    "portfolio_class": ("clv", "growth", "p_below_zero"),
}


def explain_labels(customers: pd.DataFrame, decided_by: Mapping[str, tuple | Mapping] = DECIDED_BY) -> pd.DataFrame:
    """Label by label, the three facts that decided it for each customer.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, the labels and the columns that decide them.
    decided_by : mapping
        Label to the names of its three facts, or to such names by value of the label, "" for all other values.

    Returns
    -------
    pandas.DataFrame
        One row per customer and label: ``customer_id``, ``label`` (its name), ``value``, then ``fact_1``, ``fact_1_is``
        to ``fact_3``, ``fact_3_is``: what was looked at, and what it was (NaN where it is not known).

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a"], "segment": ["loyal"], "r_score": [4], "f_score": [5],
    ...                           "m_score": [3]})
    >>> told = explain_labels(customers, {"segment": ("r_score", "f_score", "m_score")})
    >>> told.iloc[0, :4].tolist(), float(told.loc[0, "fact_1_is"])
    (['a', 'segment', 'loyal', 'r_score'], 4.0)
    """
    parts = []
    for label, facts in decided_by.items():
        part = {"customer_id": customers["customer_id"], "label": label, "value": customers[label].astype("string")}
        by_value = facts if isinstance(facts, Mapping) else {"": facts}
        for k in range(3):
            part |= _fact(k, part["value"], customers, by_value)
        parts.append(pd.DataFrame(part)[part["value"].notna()])  # a label that cannot be told has no reason
    return pd.concat(parts, ignore_index=True)


def _fact(k: int, value: pd.Series, customers: pd.DataFrame, by_value: Mapping[str, tuple]) -> dict:
    """Name and worth of the k-th fact, from 0, of each customer."""
    usual = by_value[""][k]
    name, worth = pd.Series(usual, index=value.index, dtype="string"), customers[usual].astype(float)
    for label, facts in by_value.items():
        bears = (value == label).fillna(False)
        if label and bears.any():
            name = name.mask(bears, facts[k])
            worth = worth.mask(bears, customers[facts[k]].astype(float))
    return {f"fact_{k + 1}": name, f"fact_{k + 1}_is": worth}
