"""What one contact costs: what those of its kind have cost the firm or, where none is costed, what is assumed."""

import numpy as np
import pandas as pd

from regulars.interaction.channels import teaching
from regulars.labels import CostOrigin
from regulars.retention.costs import ContactCost
from regulars.statistics.intervals import Estimate


def contact_cost(
    channel: str, contacts: pd.DataFrame | None, *, assumed: float, campaigns: Estimate | None = None
) -> ContactCost:
    """Cost of a contact that the firm begins.

    Parameters
    ----------
    channel : str
        By which, as the teaching calls it or as a log does.
    contacts : pandas.DataFrame or None
        Clean table ``contacts``: ``channel``, ``initiator``, ``cost``; None where not supplied. What customers begin
        takes other work, and does not count.
    assumed : float
        Currency, where nothing shows it.
    campaigns : Estimate, optional
        Cost of a contact in campaigns, of `regulars.retention.campaign_costs`, for what is sent to many at a time.

    Returns
    -------
    ContactCost
        By the contacts of the channel, else by the campaigns, else as assumed.

    Examples
    --------
    >>> log = pd.DataFrame({"channel": ["Phone", "call", "phone", "visit"], "cost": [3.0, 5.0, 9.0, 40.0],
    ...                     "initiator": ["company", "company", "customer", "company"]})
    >>> contact_cost("phone", log, assumed=5.0)
    ContactCost
      each = 4
      origin = contacts
      n = 2
    >>> contact_cost("letter", log, assumed=5.0).origin.value
    'assumed'
    """
    if contacts is not None and "cost" in contacts:
        asked = teaching(pd.Series([channel])).fillna(channel).iloc[0]
        is_such = (teaching(contacts["channel"]).fillna(contacts["channel"]) == asked) & contacts["initiator"].eq(
            "company"
        )
        known = contacts.loc[is_such, "cost"].dropna().astype(float)
        if len(known):
            return ContactCost(float(known.mean()), CostOrigin.CONTACTS, len(known))
    if campaigns is not None and np.isfinite(campaigns.value):
        return ContactCost(campaigns.value, CostOrigin.CAMPAIGNS, campaigns.n)
    return ContactCost(assumed, CostOrigin.ASSUMED)
