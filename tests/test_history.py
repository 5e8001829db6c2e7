"""What was told is saved once, as it was, and scored by later pages; what belongs elsewhere is refused."""

import json

import pandas as pd
import pytest

from regulars import catalog, history, params
from regulars.errors import UserError
from regulars.privacy import pseudonyms
from regulars.retention import saved_finding

SETTINGS = {"interval_level": 0.9, "list_length": 2, "call_min_alive": 0.1}


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A dataset whose pages are built, as the catalogue sees it."""
    scored = pd.DataFrame(
        {
            "customer_id": [f"real-{n}" for n in range(4)], "frequency": [3, 2, 5, 1], "p_alive": [0.5, 0.4, 0.9, 0.8],
            "p_active": [0.9, 0.4, 0.6, 0.1], "p_never": [0.1, 0.2, 0.3, 0.4], "clv": [9.0, 5.0, 2.0, 1.0],
            "value_at_risk": [4.0, 9.0, 1.0, 0.0], "call_by": pd.to_datetime(["2026-05-05", None, "2026-05-07", None]),
            "next_order_low": pd.to_datetime(["2026-05-03"] * 4),
            "next_order_median": pd.to_datetime(["2026-05-09"] * 4),
            "next_order_high": pd.to_datetime(["2026-05-20"] * 4),
        }
    )  # fmt: skip
    about = catalog.About(
        "demo",
        "Demo",
        "GBP",
        True,
        "UTC",
        pd.Timestamp("2024-01-01").date(),
        pd.Timestamp("2026-04-30").date(),
        (),
        1,
        1,
    )
    record = {"level_uncertainty": 0.12, "active_within_days": 30, "horizon_months": 12}
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setattr(catalog, "about", lambda name: about)
    monkeypatch.setattr(catalog, "load", lambda name, dataset: scored.copy())
    monkeypatch.setattr(catalog, "read_json", lambda name: dict(record))
    monkeypatch.setattr(params, "resolve", lambda stage, dataset: dict(SETTINGS))
    return tmp_path, scored


def occasions_of(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    return frame.assign(day=pd.to_datetime(frame["day"]))


def test_what_was_told_is_scored_later(built):
    assert history.close_month("demo").as_posix() == "data/history/demo/2026-04-30"
    came = occasions_of(
        ("real-0", "2026-04-01"), ("real-0", "2026-05-10"), ("real-2", "2026-05-25"), ("new", "2026-05-02")
    )
    found = history.score("demo", came, "2026-05-31")
    assert found.verdict == "held"  # .9 + .4 + .6 + .1 = 2 were told, 2 of those known came; the newcomer is none
    assert (found.facts["expected"], found.facts["came"], found.facts["n"]) == (2.0, 2, 4)
    assert (found.facts["hits"].value, found.facts["hits"].n) == (0.5, 2)
    assert (found.facts["listed"].value, found.facts["listed"].n) == (0.5, 2)  # real-1 and real-0 were listed
    early = history.score("demo", came, "2026-05-15")
    assert (early.verdict, early.facts["came"], early.facts["hits"].n) == ("open", 1, 0)


def test_no_real_id_is_saved(built):
    folder, scored = built
    place = folder / history.close_month("demo")
    text = "".join(path.read_text() for path in place.iterdir())
    assert "real-" not in text
    table = pd.read_csv(place / "customers.csv")
    assert sorted(table["customer"]) == sorted(pseudonyms(scored["customer_id"], "demo"))


def test_a_month_is_closed_once(built):
    _, scored = built
    history.close_month("demo")
    history.close_month("demo")  # the same again changes nothing
    scored.loc[0, "p_active"] = 0.2
    with pytest.raises(UserError, match=r"told\.json is there and says something else: what was told is not rewritten"):
        history.close_month("demo")


def test_only_what_was_told_before_counts(built):
    history.close_month("demo")
    assert history.read_latest("demo", "2026-04-30") is None
    assert history.score("demo", occasions_of(("a", "2026-01-01")), "2026-04-30").verdict == "none"
    assert history.read_latest("demo", "2026-05-01").day.isoformat() == "2026-04-30"


def test_a_file_of_another_dataset_is_refused(built):
    folder, _ = built
    place = folder / history.close_month("demo")
    told = json.loads((place / "told.json").read_text())
    (place / "told.json").write_text(json.dumps(told | {"dataset": "cdnow"}))
    with pytest.raises(UserError, match=r"demo/2026-04-30/told.json: dataset is 'cdnow', not 'demo'"):
        history.read_latest("demo", "2026-05-31")


def test_a_damaged_file_is_named(built):
    folder, _ = built
    place = folder / history.close_month("demo")
    (place / "told.json").write_text("{")
    with pytest.raises(UserError, match="data/history/demo/2026-04-30 cannot be read"):
        history.read_latest("demo", "2026-05-31")


def test_a_miss_is_called_one():
    told = {"observation_end": "2026-04-30", "active_within_days": 30,
            "expected_active": {"value": 3.0, "low": 2.5, "high": 3.5, "n": 4}}  # fmt: skip
    people = pd.DataFrame({"customer": list("abcd"), "on_list": True, "call_by": pd.NaT, "next_order_low": pd.NaT,
                           "next_order_high": pd.NaT})  # fmt: skip
    for name in ("call_by", "next_order_low", "next_order_high"):
        people[name] = pd.to_datetime(people[name])
    day = pd.Timestamp("2026-05-02")
    for customers, verdict in (("a", "over"), ("abc", "held"), ("abcd", "under")):
        first = pd.Series(day, index=list(customers))
        assert saved_finding(told, people, first, "2026-06-30").verdict == verdict
