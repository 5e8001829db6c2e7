"""Why each customer bears a label: the three facts that decided it."""

from collections.abc import Mapping

import pandas as pd

# label to the three columns that decide it
DECIDED_BY = {
    "segment": ("r_score", "f_score", "m_score"),
    "cluster": ("days_since_order", "orders", "spend_per_order"),
    "lifecycle_stage": ("orders", "days_since_order", "patience"),
    "portfolio_class": ("clv", "growth", "p_below_zero"),
}


def explain_labels(
    customers: pd.DataFrame, decided_by: Mapping[str, tuple[str, str, str]] = DECIDED_BY
) -> pd.DataFrame:
    """Label by label, the three facts that decided it for each customer.

    Parameters
    ----------
    customers : pandas.DataFrame
        customer_id, the labels and the columns that decide them.
    decided_by : mapping
        Label to the names of its three facts.

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
        for k, name in enumerate(facts, start=1):
            part |= {f"fact_{k}": name, f"fact_{k}_is": customers[name].astype(float)}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)
