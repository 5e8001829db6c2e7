"""The simulated retailer: moments against closed forms, effects on and off, dirt accounted for, the same bytes twice."""

import json

import pytest

from regulars.simulate import demo


@pytest.fixture(scope="module")
def raw():
    return demo(customers=1500, seed=11)


def test_same_seed_same_bytes(raw):
    again = demo(customers=1500, seed=11)
    for name in raw:
        if name == "truth":
            assert json.dumps(raw[name]) == json.dumps(again[name])
        else:
            assert raw[name].to_csv(index=False) == again[name].to_csv(index=False), name
