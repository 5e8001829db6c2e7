"""Known costs win over an assumed margin: by hand, and on the simulated shop whose costs are known."""

import numpy as np
import pandas as pd
import pytest

from regulars.clv.margins import earned_so_far, with_known_costs
from regulars.settings import Economics

ASSUMED = Economics(0.3, 0.1, 12, "week", 90)


def test_margin_is_that_of_the_orders_whose_cost_is_known():
    orders = pd.DataFrame({"customer_id": list("abc"), "amount": [60.0, 20.0, 20.0], "cost": [30.0, 18.0, np.nan]})
    known = with_known_costs(ASSUMED, orders)
    assert known.margin == pytest.approx(1 - 48 / 80)
    assert known.costs_known == pytest.approx(0.8)
    assert earned_so_far(orders, known).to_dict() == pytest.approx({"a": 30, "b": 2, "c": 20 * 0.4})


@pytest.mark.parametrize("cost", [[np.nan, np.nan], [10.0, np.nan]], ids=["none known", "too little of it known"])
def test_an_assumption_stands_where_costs_do_not_tell(cost):
    orders = pd.DataFrame({"customer_id": ["a", "b"], "amount": [40.0, 60.0], "cost": cost})
    assert with_known_costs(ASSUMED, orders) == ASSUMED
    assert earned_so_far(orders, ASSUMED).sum() == pytest.approx(30)


def test_a_margin_that_is_tried_stands():
    orders = pd.DataFrame({"amount": [40.0], "cost": [10.0]})
    assert with_known_costs(ASSUMED, orders, tried=True) == ASSUMED
