"""One person under two ids: candidates by rules, what merging them would change, what sources know and contradict.

Nothing is merged here: pairs are proposed, somebody decides, and cleaning reads the decision.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import UserError
from regulars.finding import shows
from regulars.labels import IdentityKind
from regulars.statistics.intervals import Estimate, share

SHARED_BY = 4  # customers; a phone or mailbox that more than so many have is no sign of one person
FEW_DIGITS = 7  # of a phone number; shorter ones are placeholders or extensions
PLAIN = {IdentityKind.PHONE, IdentityKind.EMAIL, IdentityKind.LOGIN, IdentityKind.CARD}


@shows
class Candidates(NamedTuple):
    """Pairs of customer ids that may be one person.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``customer_id``, ``other_id`` (the first id sorts before the other), ``rules`` (names of those that fit,
        joined by ``+``), ``contradicts`` (bool: given names or dates of birth are too different to be slips).
    placeholders : pandas.DataFrame
        ``kind``, ``customers`` (who share one value that is no sign of one person), one row per such value.
    people : int
        Persons, if every pair without a contradiction is one.
    customers : int
        Customers with any mark of identity.
    chains : int
        Persons of three ids or more of whom not every two are a pair: look at them before deciding.
    """

    pairs: pd.DataFrame
    placeholders: pd.DataFrame
    people: int
    customers: int
    chains: int


def normal(identities: pd.DataFrame) -> pd.DataFrame:
    """Values as they are compared: lower case without accents, digits of phones, names in their parts.

    Parameters
    ----------
    identities : pandas.DataFrame
        Clean table ``identities``.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``external_id``, ``customer_id``, ``kind``, ``value``; a name becomes given_name and surname; values
        that are empty then are left out.

    Examples
    --------
    >>> log = pd.DataFrame({"source": "shop", "external_id": "1", "customer_id": "a", "kind": ["name", "phone"],
    ...                     "value": ["Dr. Zoë  Barton", "+44 7123 456789"]})
    >>> normal(log)[["kind", "value"]].to_numpy().tolist()
    [['given_name', 'zoe'], ['surname', 'barton'], ['phone', '123456789']]
    """
    columns = ["source", "external_id", "customer_id", "kind", "value"]
    frame = identities[columns].reset_index(drop=True).astype({"kind": "string", "value": "string"})
    code, _ = pd.factorize(frame["kind"] + " " + frame["value"])
    first = np.flatnonzero(~pd.Series(code).duplicated().to_numpy())  # each text is looked at once
    kind, text = frame["kind"].iloc[first], frame["value"].iloc[first].str.strip().str.lower()
    ascii_only = text.str.isascii().fillna(True)
    if not ascii_only.all():
        text = text.where(ascii_only, text.str.normalize("NFKD").str.replace(r"[\u0300-\u036f]", "", regex=True))
    is_phone, is_name = kind == IdentityKind.PHONE.value, kind == IdentityKind.NAME.value
    digits = text[is_phone].str.replace(r"\D", "", regex=True).str[-9:]
    plain = text[~is_phone & ~is_name].str.replace(r"[^\w@.+]", "", regex=True)
    titles = r"^(?:(?:dr|mr|mrs|ms|miss|prof|herr|frau)\.? +)+"
    words = text[is_name].str.replace(titles, "", regex=True).str.replace(r"[^\w' -]", "", regex=True).str.strip()
    several = words.str.contains(" ", regex=False)
    given = words[several].str.split(n=1).str[0]
    surname = words.str.rsplit(n=1).str[-1]
    made = {
        IdentityKind.GIVEN_NAME.value: given,
        IdentityKind.SURNAME.value: surname,
        "": pd.concat([digits[digits.str.len() >= FEW_DIGITS], plain]),
    }
    parts = []
    for name, values in made.items():
        known = values.reindex(text.index)
        whole = pd.array(known.array, dtype="string").take(np.maximum(code, 0))
        rows = frame.assign(value=whole) if not name else frame.assign(value=whole, kind=name)
        parts.append(rows[rows["value"].notna().to_numpy() & (rows["value"] != "").to_numpy(bool, na_value=False)])
    return pd.concat(parts, ignore_index=True)[columns]


class _Coded(NamedTuple):
    """Marks as numbers, which are compared faster: customer (in the order of the ids), kind, value, source."""

    frame: pd.DataFrame
    customers: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    sources: np.ndarray


def _coded(known: pd.DataFrame) -> _Coded:
    found = {
        name: pd.factorize(known[name], sort=name != "value") for name in ("customer_id", "kind", "value", "source")
    }
    codes = {short: found[name][0] for short, name in zip("ckvs", found, strict=True)}
    frame = pd.DataFrame(codes).drop_duplicates(ignore_index=True)
    return _Coded(frame, *(np.asarray(texts, object) for _, texts in found.values()))


def records(identities: pd.DataFrame) -> pd.DataFrame:
    """One row per customer with the value of each kind that most of its sources give; ties: the first by source.

    Parameters
    ----------
    identities : pandas.DataFrame
        Of `normal`.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` and a column for each `regulars.labels.IdentityKind` that occurs.
    """
    known = identities.dropna(subset=["customer_id"])
    count = known.groupby(["customer_id", "kind", "value"], as_index=False).agg(
        n=("source", "size"), source=("source", "min")
    )
    count = count.sort_values(
        ["customer_id", "kind", "n", "source", "value"], ascending=[True, True, False, True, True]
    )
    best = count.drop_duplicates(["customer_id", "kind"])
    wide = best.pivot(index="customer_id", columns="kind", values="value")
    wide.columns.name = None
    return wide.reset_index()


# name of each rule, and the kinds whose values must be equal
RULES = {
    "card": ("card",),
    "login": ("login",),
    "email": ("email",),
    "phone_given": ("phone", "given_name"),
    "phone_birth": ("phone", "birth"),
    "birth_names": ("birth", "surname", "given_name"),
    "birth_surname": ("birth", "surname", "postcode"),
    "birth_given": ("birth", "given_name", "postcode"),
    "names_postcode": ("given_name", "surname", "postcode"),
    "names_address": ("given_name", "surname", "address"),
}


def identity_candidates(identities: pd.DataFrame, *, shared_by: int = SHARED_BY) -> Candidates:
    """Pairs of customers that may be one person, by rules alone.

    A rule takes values that are equal once they are normalised: a mailbox, a card, a phone with a given name or a
    birthday, both names with a postcode …. What very many share says nothing (a household's phone is shared by few, a
    placeholder by hundreds). Where given names or birthdays are too different for a slip the pair contradicts itself:
    people of one household.

    Parameters
    ----------
    identities : pandas.DataFrame
        Clean table ``identities``.
    shared_by : int
        A phone, mailbox, login or card that more customers have is a placeholder.

    Returns
    -------
    Candidates

    Raises
    ------
    UserError
        Where no mark of identity is tied to a customer.

    Examples
    --------
    >>> rows = [("a", "name", "Ann Barton"), ("a", "phone", "07123456789"), ("b", "name", "Ann Bartn"),
    ...         ("b", "phone", "7123 456 789"), ("c", "name", "Tom Barton"), ("c", "phone", "07123456789")]
    >>> log = pd.DataFrame(rows, columns=["customer_id", "kind", "value"]).assign(source="shop", external_id="1")
    >>> identity_candidates(log).pairs[["customer_id", "other_id", "rules"]].to_numpy().tolist()
    [['a', 'b', 'phone_given']]
    """
    known = normal(identities).dropna(subset=["customer_id"])
    if known.empty:
        raise UserError("Table identities: no mark of identity is tied to a customer; supply customer_id with them.")
    known, placeholders = without_placeholders(known, shared_by)
    coded = _coded(known)
    values = {
        coded.kinds[kind]: part[["c", "v"]].drop_duplicates() for kind, part in coded.frame.groupby("k", sort=True)
    }
    found = [_pairs_of(values, rule, kinds, shared_by) for rule, kinds in RULES.items() if set(kinds) <= set(values)]
    both = pd.concat(found, ignore_index=True) if found else pd.DataFrame({"c": [], "other": [], "rule": []})
    both = both.groupby(["c", "other"], as_index=False)["rule"].agg("+".join) if len(both) else both
    ids = {
        name: coded.customers[both[code].to_numpy(int)] for name, code in (("customer_id", "c"), ("other_id", "other"))
    }
    pairs = pd.DataFrame({**ids, "rules": both["rule"].to_numpy(object)}).astype("string")
    pairs["contradicts"] = contradicts(pairs, known)
    agreed = pairs[~pairs["contradicts"]]
    person = persons(agreed)
    customers = len(coded.customers)
    table = placeholders.drop(columns="value").reset_index(drop=True)
    return Candidates(pairs, table, customers - len(person) + person.nunique(), customers, _chains(agreed, person))


def without_placeholders(known: pd.DataFrame, shared_by: int = SHARED_BY) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Marks of identity without those that too many customers share.

    Parameters
    ----------
    known : pandas.DataFrame
        Of `normal`.
    shared_by : int

    Returns
    -------
    known : pandas.DataFrame
    placeholders : pandas.DataFrame
        ``kind``, ``value``, ``customers``; the most shared first.
    """
    marks = known[known["kind"].isin([kind.value for kind in PLAIN])]
    kind, value, customer = (pd.factorize(marks[name])[0] for name in ("kind", "value", "customer_id"))
    each = pd.DataFrame({"kind": kind, "value": value, "customer": customer})
    count = each.drop_duplicates().groupby(["kind", "value"]).size()
    many = count[count > shared_by].rename("customers").reset_index()
    if many.empty:
        return known, pd.DataFrame({"kind": [], "value": [], "customers": []})
    shared = each[["kind", "value"]].merge(many, on=["kind", "value"], how="left")["customers"].to_numpy()
    is_shared = shared == shared
    found = marks.assign(customers=shared)[is_shared].drop_duplicates(["kind", "value"])
    found = found[["kind", "value", "customers"]].astype({"customers": int})
    found = found.sort_values(["customers", "kind", "value"], ascending=[False, True, True], ignore_index=True)
    return known.drop(index=marks.index[is_shared]), found


def _pairs_of(values: dict, rule: str, kinds: tuple[str, ...], most: int) -> pd.DataFrame:
    """Pairs of customers equal in all kinds of a rule; groups larger than `most` are left out."""
    columns = [f"v{place}" for place in range(len(kinds))]
    frame = values[kinds[0]].rename(columns={"v": "v0"})
    for column, kind in zip(columns[1:], kinds[1:], strict=True):
        frame = frame.merge(values[kind].rename(columns={"v": column}), on="c")
    size = frame.groupby(columns)["c"].transform("size")
    frame = frame[(size > 1) & (size <= most)]
    both = frame.merge(frame, on=columns, suffixes=("", "_other"))
    both = both[both["c"] < both["c_other"]]
    pairs = both[["c", "c_other"]].drop_duplicates()
    return pairs.set_axis(["c", "other"], axis=1).assign(rule=rule)


def contradicts(pairs: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Whether the given names, or the dates of birth, of a pair are further apart than a slip of the fingers.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``customer_id``, ``other_id``.
    known : pandas.DataFrame
        Of `normal`, or part of it.

    Returns
    -------
    numpy.ndarray
        Of bool, by row of `pairs`: people of one household, most likely.
    """
    asked = known["kind"].isin(["given_name", "birth"])
    asked &= known["customer_id"].isin(pd.unique(pd.concat([pairs["customer_id"], pairs["other_id"]])))
    values = {kind: part[["customer_id", "value"]].drop_duplicates() for kind, part in known[asked].groupby("kind")}
    wrong = np.zeros(len(pairs), bool)
    for kind, slips in (("given_name", 2), ("birth", 2)):
        if kind not in values or not len(pairs):
            continue
        # of several values one that agrees is enough
        one = values[kind].rename(columns={"value": "a"})
        two = values[kind].rename(columns={"value": "b", "customer_id": "other_id"})
        both = pairs.assign(place=range(len(pairs))).merge(one, on="customer_id").merge(two, on="other_id")
        distinct = both[["a", "b"]].drop_duplicates()
        distinct = distinct.assign(
            apart=[_slips(a, b, slips) for a, b in zip(distinct["a"], distinct["b"], strict=True)]
        )
        nearest = both.merge(distinct, on=["a", "b"]).groupby("place")["apart"].min()
        wrong[nearest.index[nearest > slips].to_numpy(int)] = True
    return wrong


def _slips(a: str, b: str, most: int) -> int:
    """Letters wrong, left out, added or swapped between two texts; more than `most` is `most` + 1."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > most:
        return most + 1
    if min(len(a), len(b)) == 1 and a[0] == b[0]:
        return 0  # an initial
    before: list[int] = list(range(len(b) + 1))
    last: list[int] = []
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        last, before = before, row
    return min(before[-1], most + 1)


def persons(pairs: pd.DataFrame) -> pd.Series:
    """Person of each id that is in a pair: the smallest id that pairs lead to, through however many steps.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``customer_id``, ``other_id``; cycles do no harm.

    Returns
    -------
    pandas.Series
        Id of the person by customer id.

    Examples
    --------
    >>> pairs = pd.DataFrame({"customer_id": ["b", "a", "c"], "other_id": ["c", "b", "a"]})
    >>> persons(pairs).to_dict()
    {'a': 'a', 'b': 'a', 'c': 'a'}
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return pd.Series(dtype="string")
    ids = pd.Index(
        np.unique(np.concatenate([pairs["customer_id"].to_numpy(object), pairs["other_id"].to_numpy(object)]))
    )
    one, two = ids.get_indexer(pairs["customer_id"]), ids.get_indexer(pairs["other_id"])
    graph = coo_array((np.ones(len(pairs), bool), (one, two)), shape=(len(ids), len(ids)))
    group = connected_components(graph, directed=False)[1]
    first = pd.Series(ids).groupby(group).first()  # ids are sorted: the smallest of each group
    return pd.Series(first.to_numpy()[group], index=ids.astype("string"), dtype="string")


def _chains(pairs: pd.DataFrame, person: pd.Series) -> int:
    size = person.value_counts()
    links = pairs["customer_id"].map(person).value_counts().reindex(size.index, fill_value=0)
    return int(((size > 2) & (links < size * (size - 1) / 2)).sum())


def judged(pairs: pd.DataFrame, truth, level: float = 0.9) -> dict[str, Estimate]:
    """Precision and recall of pairs where the truth is known.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``customer_id``, ``other_id``.
    truth : sequence of (id, id)
        All pairs that are one person.
    level : float

    Returns
    -------
    dict of str to Estimate
        ``precision``, ``recall``.

    Examples
    --------
    >>> told = judged(pd.DataFrame({"customer_id": ["a"], "other_id": ["b"]}), [("b", "a"), ("c", "d")])
    >>> told["precision"].value, told["recall"].value
    (1.0, 0.5)
    """
    real = {tuple(sorted(pair)) for pair in truth}
    made = {tuple(sorted(pair)) for pair in zip(pairs["customer_id"], pairs["other_id"], strict=True)}
    right = len(real & made)
    return {"precision": share(right, len(made), level), "recall": share(right, len(real), level)}


def completeness(identities: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Of each source's records, the share that hold each kind.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``kind``, ``records``, ``share`` with limits, ``tied`` (share of its records with a customer).

    Examples
    --------
    >>> rows = pd.DataFrame({"source": "shop", "external_id": ["1", "1", "2"], "customer_id": "a",
    ...                      "kind": ["phone", "email", "phone"], "value": "x"})
    >>> completeness(rows)[["kind", "share"]].to_numpy().tolist()
    [['email', 0.5], ['phone', 1.0]]
    """
    total = identities.groupby("source")["external_id"].nunique()
    tied = (
        identities.dropna(subset=["customer_id"])
        .groupby("source")["external_id"]
        .nunique()
        .reindex(total.index)
        .fillna(0)
    )
    table = identities.drop_duplicates(["source", "external_id", "kind"]).groupby(["source", "kind"]).size()
    table = table.rename("has").reset_index()
    records_ = table["source"].map(total)
    told = [share(int(has), int(n), level) for has, n in zip(table["has"], records_, strict=True)]
    return pd.DataFrame(
        {
            "source": table["source"], "kind": table["kind"], "records": records_.to_numpy(int),
            "share": [one.value for one in told], "share_low": [one.low for one in told],
            "share_high": [one.high for one in told], "tied": (table["source"].map(tied) / records_).to_numpy(),
        }
    )  # fmt: skip


def contradictions(identities: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Of the customers whom two sources know, the share of whom they say different things, by kind.

    Parameters
    ----------
    identities : pandas.DataFrame
        Clean table ``identities``; compared as `normal` writes it.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``source``, ``other``, ``n`` (customers whom both know), ``share`` (they differ) with limits; the most
        different first.
    """
    coded = _coded(normal(identities).dropna(subset=["customer_id"]))
    each = coded.frame
    marks = each[["k", "c", "s"]].drop_duplicates()
    both = marks.merge(marks, on=["k", "c"], suffixes=("", "_other"))
    both = both[both["s"] < both["s_other"]]
    # of several values one that agrees is enough
    agree = each.merge(each, on=["k", "c", "v"], suffixes=("", "_other"))
    agree = agree.loc[agree["s"] < agree["s_other"], ["k", "c", "s", "s_other"]].drop_duplicates()
    both = both.merge(agree.assign(agrees=True), how="left", on=["k", "c", "s", "s_other"])
    both["differs"] = both["agrees"].isna()
    table = both.groupby(["k", "s", "s_other"])["differs"].agg(["size", "sum"]).reset_index()
    told = [share(int(k), int(n), level) for k, n in zip(table["sum"], table["size"], strict=True)]
    made = pd.DataFrame(
        {
            "kind": pd.array(coded.kinds[table["k"].to_numpy(int)], "string"),
            "source": pd.array(coded.sources[table["s"].to_numpy(int)], "string"),
            "other": pd.array(coded.sources[table["s_other"].to_numpy(int)], "string"),
            "n": table["size"].to_numpy(int),
            "share": [one.value for one in told], "share_low": [one.low for one in told],
            "share_high": [one.high for one in told],
        }
    )  # fmt: skip
    return made.sort_values(["share", "kind", "source"], ascending=[False, True, True], ignore_index=True)


def before_and_after(value: pd.DataFrame, person: pd.Series, level: float = 0.9) -> pd.DataFrame:
    """Customers, repeat rate and spend as they are, and if each person counted once.

    Parameters
    ----------
    value : pandas.DataFrame
        ``customer_id``, ``frequency`` (repeat purchase days), ``spend``, ``first_ordered_at``.
    person : pandas.Series
        Of `persons`.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``counted`` (records, persons), ``customers``, ``share`` (who bought on two days or more) with limits,
        ``spend`` (in all: merging moves none), ``spend_per_customer``.

    Examples
    --------
    >>> value = pd.DataFrame({"customer_id": ["a", "b", "c"], "frequency": [0, 0, 1], "spend": [1.0, 2.0, 3.0]})
    >>> before_and_after(value, pd.Series({"a": "a", "b": "a"}))[["customers", "share"]].round(2).to_numpy().tolist()
    [[3.0, 0.33], [2.0, 1.0]]
    """
    ids = value["customer_id"].astype(object)
    owner = ids.map(person.to_dict()).fillna(ids) if len(person) else ids
    days = (value["frequency"] + 1).groupby(owner).sum()
    rows = []
    for name, counts in (("records", value["frequency"] + 1), ("persons", days)):
        told = share(int((counts > 1).sum()), len(counts), level)
        rows.append((name, len(counts), told.value, told.low, told.high, float(value["spend"].sum())))
    table = pd.DataFrame(rows, columns=["counted", "customers", "share", "share_low", "share_high", "spend"])
    return table.assign(spend_per_customer=table["spend"] / table["customers"]).astype({"counted": "string"})
