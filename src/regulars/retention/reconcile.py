"""Whether all figures on retention come from the same orders: identities, checked whenever the page is made."""

import numpy as np
import pandas as pd

from regulars.finding import may_refuse
from regulars.labels import CustomerState, Identity
from regulars.purchases import Purchases
from regulars.retention.cohorts import Triangles
from regulars.statistics.survival import Curve


@may_refuse
def reconciled(
    purchases: Purchases,
    value: pd.DataFrame,
    *,
    times: pd.DataFrame,
    second: Curve,
    both: Triangles,
    ledger: pd.DataFrame,
    bands: pd.DataFrame,
) -> pd.DataFrame:
    """Hold the parts of the page against each other.

    Parameters
    ----------
    purchases : regulars.purchases.Purchases
        All of them.
    value : pandas.DataFrame
        The value table with ``customer_state``, one row per customer.
    times : pandas.DataFrame
        As `regulars.retention.time_to_second_order` gives them.
    second : Curve
        Their Kaplan–Meier curve.
    both : Triangles
        As `regulars.retention.triangles` gives them.
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
    cohorts, later = both
    first = cohorts["period"] == 0
    flows = ledger["opening"] + ledger["new"] + ledger["reactivated"] - ledger["lost"]
    repeaters = int((value["frequency"] > 0).sum())
    at_first = later["period"] == 0
    sides = {
        Identity.CUSTOMERS_COHORTS: (cohorts.loc[first, "n"].sum(), len(value)),
        Identity.CUSTOMERS_LEDGER: (ledger["new"].sum(), len(value)),
        Identity.CUSTOMERS_BANDS: (bands["customers"].sum(), len(value)),
        Identity.ORDERS_COHORTS: (cohorts["orders"].sum(), (value["frequency"] + 1).sum()),
        Identity.REVENUE_COHORTS: (cohorts["revenue"].sum(), purchases.amount.sum()),
        Identity.REVENUE_LEDGER: (ledger["revenue"].sum(), value["spend"].sum() + purchases.returned),
        Identity.REPEATERS_SURVIVAL: (times["returned"].sum(), repeaters),
        Identity.EVENTS_SURVIVAL: (second.events.sum(), repeaters),
        Identity.LATER_AT_FIRST: (later.loc[at_first, "customers"].sum(), len(value)),
        Identity.LEDGER_FLOWS: (flows.sum(), ledger["closing"].sum()),
        Identity.LEDGER_STATES: (
            ledger["closing"].iloc[-1],
            (value["customer_state"] != CustomerState.LOST.value).sum(),
        ),
        Identity.ACTIVE_BANDS: (bands["expected_active"].sum(), value["p_active"].sum()),
    }
    table = pd.DataFrame(
        {
            "identity": pd.Series([name.value for name in sides], dtype="string"),
            "left": [float(left) for left, _ in sides.values()],
            "right": [float(right) for _, right in sides.values()],
        }
    )
    table["holds"] = np.isclose(table["left"], table["right"], rtol=1e-9, atol=1e-6)
    failed = table.loc[~table["holds"]]
    if len(failed):
        unequal = "; ".join(f"{row.identity}: {row.left:.10g} and {row.right:.10g}" for row in failed.itertuples())
        raise RuntimeError(f"figures on retention that must be equal are not: {unequal}")
    return table
