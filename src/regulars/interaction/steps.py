"""Steps of the stage: each hands on why it cannot be done, so that the sections that need it say so."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from regulars.finding import NotSupplied, Refusal, shows, step
from regulars.interaction import calls, channels, consistency, customers, identity, points
from regulars.statistics.intervals import Estimate


def supplied(tables: Mapping, name: str) -> pd.DataFrame | NotSupplied:
    """One clean table, or what stands for one that the firm did not supply.

    Parameters
    ----------
    tables : mapping
        Clean tables by name.
    name : str

    Examples
    --------
    >>> supplied({}, "contacts")
    It cannot be told: what it needs is not supplied (contacts).
    """
    return tables[name] if name in tables and len(tables[name]) else NotSupplied(name)


calls_of = step(calls.calls_of)
channel_table = step(channels.channel_table)
in_full = step(channels.in_full)
touch_points = step(points.touch_points)
plan_records = step(points.plan_records)
problems = step(points.problems)
frequency_response = step(customers.frequency_response)
best_channels = step(customers.best_channels)
journeys = step(customers.journeys)
consistency_of = step(consistency.consistency)
agents = step(consistency.agents)
service = step(calls.service)
by_half_hour = step(calls.by_half_hour)


def all_calls(tables) -> pd.DataFrame | Refusal:
    """Calls of all customers, also where pages are made of a part of them: whoever is on duty answers all.

    Parameters
    ----------
    tables : regulars.dataset.Tables
        Of an opened dataset.

    Returns
    -------
    pandas.DataFrame or Refusal
        As of `calls_of`.
    """
    return calls_of(tables.in_engine("contacts") if "contacts" in tables else NotSupplied("contacts"))


def occupancy(calls_, shifts, level: float = 0.9) -> Estimate:
    """Share of the agents' shifts that they spent in calls; NaN where calls or shifts are not there.

    Parameters
    ----------
    calls_ : pandas.DataFrame or Refusal
        Of `calls_of`.
    shifts : pandas.DataFrame or Refusal
        Clean table ``shifts``.
    level : float

    Examples
    --------
    >>> print(occupancy(Refusal("there are no calls."), NotSupplied("shifts")))
    not known
    """
    told = step(calls.occupancy)(calls_, shifts, level)
    return Estimate(float("nan")) if isinstance(told, Refusal) else told


@shows
class Known(NamedTuple):
    """What is known of who customers are.

    Parameters
    ----------
    candidates : regulars.interaction.identity.Candidates
    merged : pandas.DataFrame
        Of `regulars.interaction.identity.before_and_after`.
    complete, contradicting : pandas.DataFrame
        Of `completeness` and `contradictions`.
    judged : dict of str to Estimate
        Precision and recall of the candidates, where the truth is known.
    """

    candidates: identity.Candidates
    merged: pd.DataFrame
    complete: pd.DataFrame
    contradicting: pd.DataFrame
    judged: dict[str, Estimate]


@step
def known_people(
    identities: pd.DataFrame,
    value: pd.DataFrame,
    truth: Mapping,
    *,
    shared_by: int = identity.SHARED_BY,
    level: float = 0.9,
) -> Known:
    """Candidates for one person by rules, what merging them would change, and what sources know and contradict.

    Parameters
    ----------
    identities : pandas.DataFrame
        Clean table ``identities``.
    value : pandas.DataFrame
        ``customer_id``, ``frequency``, ``spend``.
    truth : mapping
        What a simulation knows; its pairs are only to judge by.
    shared_by : int
        A value that more customers share is a placeholder.
    level : float

    Returns
    -------
    Known
    """
    found = identity.identity_candidates(identities, shared_by=shared_by)
    agreed = found.pairs[~found.pairs["contradicts"]]
    real = truth.get("identity", {}).get("same_person")
    return Known(
        found,
        identity.before_and_after(value, identity.persons(agreed), level),
        identity.completeness(identities, level),
        identity.contradictions(identities, level),
        {} if real is None else identity.judged(agreed, real, level),
    )


def kept_channels(found: "customers.BestChannels | Refusal", ids, contacts) -> pd.DataFrame:
    """Columns of the scored table, for every customer: empty where no channel can be told, and where none is supplied.

    Parameters
    ----------
    found : BestChannels or Refusal
    ids : array of str
        All customers.
    contacts : pandas.DataFrame or Refusal
        Clean table ``contacts``.

    Examples
    --------
    >>> kept_channels(Refusal("there is none."), ["a"], Refusal("there is none."))["contacts"].tolist()
    [<NA>]
    """
    if not isinstance(found, Refusal):
        return found.customers
    ids = pd.Series(ids, dtype="string")
    number = pd.Series(pd.NA, index=ids.index, dtype="Int64")
    if not isinstance(contacts, Refusal):
        number = ids.map(contacts["customer_id"].value_counts().to_dict()).fillna(0).astype("Int64")
    return pd.DataFrame(
        {
            "customer_id": ids,
            "contacts": number,
            "best_channel": pd.Series(pd.NA, index=ids.index, dtype="string"),
            "best_channel_basis": pd.Series(pd.NA, index=ids.index, dtype="string"),
            "best_channel_rate": float("nan"),
        }
    )
