"""Several ids of one person: decided by somebody, read here, and brought under one id before anything is counted."""

from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from regulars.catalog.places import edited_rows
from regulars.catalog.tables import TABLES
from regulars.cleaning.heaps import Raw, count_rows
from regulars.errors import UserError
from regulars.labels import Fate, Reason
from regulars.paths import project_root
from regulars.sources.mapping import Mapping
from regulars.sources.raw import ROW

ID_COLUMNS = ("customer_id", "referrer_id", "referred_id")
MOVED = "_reattributed"
YES, NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}


def decided(mapping: Mapping) -> pd.Series:
    """Person by id, as the decision file says that the mapping names; empty without one.

    Parameters
    ----------
    mapping : Mapping

    Returns
    -------
    pandas.Series
        The id under which a person goes on, by each other id of theirs: the smallest of all.

    Raises
    ------
    UserError
        Where the file is absent, says something else than yes or no, or says both of one person.
    """
    if not mapping.identity_decisions:
        return pd.Series(dtype="string")
    file, label = project_root() / mapping.identity_decisions, mapping.identity_decisions
    if not file.is_file():
        raise UserError(
            f"{label} is not there: run `regulars identities {mapping.name}`, or take it out of {mapping.file}."
        )
    rows = edited_rows(file)
    for column in ("customer_id", "other_id", "decision"):
        if rows and column not in rows[0]:
            raise UserError(f"{label}: there is no column '{column}'; it needs customer_id, other_id and decision.")
    same: list[tuple[int, str, str]] = []
    apart: list[tuple[int, str, str]] = []
    for number, row in enumerate(rows, 2):
        word = (row["decision"] or "").strip().lower()
        pair = (row["customer_id"] or "").strip(), (row["other_id"] or "").strip()
        if word and word not in YES | NO:
            raise UserError(f"{label}, line {number}: the decision is {word!r}; write yes or no, or leave it open.")
        if word and (not all(pair) or pair[0] == pair[1]):
            raise UserError(f"{label}, line {number}: a decision needs two different ids.")
        (same if word in YES else apart if word in NO else []).append((number, *pair))
    owner = _joined([pair[1:] for pair in same])
    for number, one, other in apart:
        if owner.get(one, one) == owner.get(other, other):
            raise UserError(
                f"{label}, line {number}: two ids are said to be two people, and other lines lead from one to the "
                "other; change one of them."
            )
    return pd.Series({one: first for one, first in sorted(owner.items()) if one != first}, dtype="string")


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Smallest id that pairs lead to, by id; cycles do no harm."""
    owner: dict[str, str] = {}

    def root(one: str) -> str:
        while owner.setdefault(one, one) != one:
            owner[one] = owner[owner[one]]
            one = owner[one]
        return one

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        owner[high] = low
    return {one: root(one) for one in list(owner)}


def under_one_id(engine, raw: Raw, owner: pd.Series) -> Raw:
    """Rows under the id of their person; ``_reattributed`` tells which came under another.

    Parameters
    ----------
    engine : ibis backend
    raw : Raw
    owner : pandas.Series
        Of `decided`.

    Returns
    -------
    Raw
    """
    columns = [name for name in ID_COLUMNS if name in raw.rows.columns]
    if owner.empty or not columns:
        return raw
    name = ibis.util.gen_name("same_person")
    pairs = pa.table({"_id": pa.array(owner.index, pa.string()), "_person": pa.array(owner, pa.string())})
    same, rows = engine.create_table(name, pairs, temp=True), raw.rows.mutate(**{MOVED: ibis.literal(False)})
    for column in columns:
        joined = rows.left_join(same, rows[column] == same["_id"])
        found = joined["_person"].notnull()
        rows = joined.mutate(
            **{column: ibis.coalesce(joined["_person"], joined[column]), MOVED: joined[MOVED] | found}
        ).drop("_id", "_person")
    return replace(raw, rows=rows.cache())


def records_of_one_person(name: str, rows: ir.Table):
    """Rows that stay, and the heap of records that another record of the same person stands for.

    Of several records the one that came under the person's own id stays, else the first; whoever has said no to being
    contacted under any id has said no.
    """
    if MOVED not in rows.columns:
        return rows, []
    key = list(TABLES[name].key)
    if name == "referrals":
        own = rows.referrer_id == rows.referred_id
        mine = rows.filter(own & rows[MOVED])  # nobody refers themselves
        rows, heap = rows.filter(~(own & rows[MOVED])), [_merged(mine)]
    else:
        heap = []
    groups = rows.group_by(key).aggregate(
        _times=rows.count(), _own=(~rows[MOVED]).sum(), _first=rows[ROW].min(where=rows[MOVED])
    )
    groups = groups.filter((groups["_times"] > 1) & (groups["_own"] < groups["_times"])).cache()
    if not count_rows(groups):
        return rows, heap
    joined = rows.inner_join(groups, key)
    left = joined.filter(joined[MOVED] & ((joined["_own"] > 0) | (joined[ROW] != joined["_first"]))).select(ROW).cache()
    merged = rows.semi_join(left, ROW)
    if "consent" in rows.columns:
        said_no = joined.filter(joined.consent == False).select(_no=joined[key[0]]).distinct()  # noqa: E712
        rows = rows.left_join(said_no, rows[key[0]] == said_no["_no"])
        rows = rows.mutate(consent=ibis.ifelse(rows["_no"].notnull(), ibis.literal(False), rows.consent)).drop("_no")
    return rows.anti_join(left, ROW).cache(), [*heap, _merged(merged)]


def _merged(rows: ir.Table):
    return rows, Fate.MERGED, ibis.literal(Reason.SAME_PERSON.value)


def reattributed(kept: ir.Table) -> dict | None:
    """Rows, and money, that are kept under another id than they came with; None where nothing was decided."""
    if MOVED not in kept.columns:
        return None
    moved = kept.filter(kept[MOVED])
    what = {"rows": moved.count()}
    if "amount_kept" in kept.columns:
        what["amount"] = moved.amount_kept.sum()
    found = moved.aggregate(**what).to_pyarrow().to_pylist()[0]
    return {name: value if value is not None else 0 for name, value in found.items()}
