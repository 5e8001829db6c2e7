"""What a contact costs: by the firm's own, by its campaigns, or as assumed."""

import pandas as pd
import pytest

from regulars.interaction import contact_cost
from regulars.statistics.intervals import Estimate

CAMPAIGNS = Estimate(1.5, n=40)
LOG = pd.DataFrame(
    {
        "channel": ["phone", "Call", "phone", "phone", "visit", "e-mail", "fax"],
        "initiator": ["company", "company", "company", "customer", "company", "customer", "company"],
        "cost": [3.0, 5.0, None, 11.0, 40.0, 1.5, 0.7],
    }
)


@pytest.mark.parametrize(
    ("channel", "found"),
    [
        ("phone", (4.0, "contacts", 2)),  # 3 and 5: the third is not costed, the fourth was the customer's
        ("visit", (40.0, "contacts", 1)),
        ("fax", (0.7, "contacts", 1)),  # a channel that no teaching knows goes by its name
        ("letter", (1.5, "campaigns", 40)),
        ("e-mail", (1.5, "campaigns", 40)),  # only customers wrote any
    ],
)
def test_what_is_known_wins(channel, found):
    assert contact_cost(channel, LOG, assumed=5.0, campaigns=CAMPAIGNS) == found


@pytest.mark.parametrize("contacts", [None, LOG.drop(columns="cost"), LOG.assign(cost=float("nan"))])
def test_where_nothing_is_known_the_setting_holds(contacts):
    unknown = Estimate(float("nan"), n=0)
    assert contact_cost("phone", contacts, assumed=5.0, campaigns=unknown) == (5.0, "assumed", 0)
