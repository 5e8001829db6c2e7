"""Whether all figures on retention come from the same orders: identities, checked whenever the page is made."""

import numpy as np
import pandas as pd

from regulars.labels import CustomerState
from regulars.purchases import Purchases


def reconciled(
    purchases: Purchases,
    value: pd.DataFrame,
    times: pd.DataFrame,
    second,
    cohorts: pd.DataFrame,
    later: pd.DataFrame,
    ledger: pd.DataFrame,
    bands: pd.DataFrame,
) -> pd.DataFrame:
    """Hold the parts of the page against each other.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
    value : pandas.DataFrame
        The value table with ``customer_state``.
    times, second
        As `regulars.retention.time_to_second_order` gives them, and their Kaplan–Meier curve.
    cohorts, later : pandas.DataFrame
        Triangles "on" and "on or after".
    ledger : pandas.DataFrame
        As `regulars.retention.customer_ledger` gives it.
    bands : pandas.DataFrame
        As `regulars.retention.active_bands` gives them.

    Returns
    -------
    pandas.DataFrame
        One row per identity: ``identity`` (a `regulars.labels.Identity`), ``left``, ``right``, ``holds``.

    Raises
    ------
    RuntimeError
        Naming the identities that fail: then some figure on the page is wrong, and it must not be made.
    """
    first = cohorts["period"] == 0
    flows = ledger["opening"] + ledger["new"] + ledger["reactivated"] - ledger["lost"]
    repeaters = int((value["frequency"] > 0).sum())
    at_first = later["period"] == 0
    sides = {
        "customers_cohorts": (cohorts.loc[first, "n"].sum(), len(value)),
        "customers_ledger": (ledger["new"].sum(), len(value)),
        "customers_bands": (bands["customers"].sum(), len(value)),
        "orders_cohorts": (cohorts["orders"].sum(), (value["frequency"] + 1).sum()),
        "revenue_cohorts": (cohorts["revenue"].sum(), purchases.amount.sum()),
        "revenue_ledger": (ledger["revenue"].sum(), value["spend"].sum()),
        "repeaters_survival": (times["returned"].sum(), repeaters),
        "events_survival": (second.events.sum(), repeaters),
        "later_at_first": (later.loc[at_first, "customers"].sum(), len(value)),
        "ledger_flows": (flows.sum(), ledger["closing"].sum()),
        "ledger_states": (ledger["closing"].iloc[-1], (value["customer_state"] != CustomerState.LOST.value).sum()),
        "active_bands": (bands["expected_active"].sum(), value["p_active"].sum()),
    }
    table = pd.DataFrame(
        {
            "identity": pd.Series(list(sides), dtype="string"),
            "left": [float(left) for left, _ in sides.values()],
            "right": [float(right) for _, right in sides.values()],
        }
    )
    table["holds"] = np.isclose(table["left"], table["right"], rtol=1e-9, atol=1e-6)
    failed = table.loc[~table["holds"]]
    if len(failed):
        told = "; ".join(f"{row.identity}: {row.left:.10g} and {row.right:.10g}" for row in failed.itertuples())
        raise RuntimeError(f"figures on retention that must be equal are not: {told}")
    return table
