"""Cases that can be told of: tickets without those that cannot be, and the complaints among them."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from regulars.errors import UntoldError
from regulars.finding import NotSupplied

COMPLAINT = "complaint"
FEW_CASES = 30  # below so many, nothing is singled out
FEW = "few"  # verdict of every section of cases: there are fewer


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases of a firm, as `sound_cases` makes them.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Clean table without tickets that cannot be; all kinds of cases.
    complaints : pandas.DataFrame
        Those that are complaints.
    faults : list of str
        What is wrong with the tickets left out, one sentence each.
    """

    tickets: pd.DataFrame
    complaints: pd.DataFrame
    faults: list[str]

    def __repr__(self) -> str:
        """How many, and what is wrong with those left out."""
        return "\n".join([f"cases: {len(self.tickets):,}, of which {len(self.complaints):,} complaints", *self.faults])


def sound_cases(tickets: pd.DataFrame | None, statuses: Iterable[str] | None = None) -> Cases | NotSupplied:
    """Cases that can be told of; what is wrong with the others is said.

    Parameters
    ----------
    tickets : pandas.DataFrame or None
        Clean table: ``ticket_id``, ``opened_at`` and what else is recorded.
    statuses : iterable of str, optional
        States that the firm's process knows.

    Returns
    -------
    Cases or NotSupplied

    Examples
    --------
    >>> sound_cases(pd.DataFrame({"ticket_id": ["1", "1"], "opened_at": pd.to_datetime(["2026-01-01"] * 2)}))
    cases: 1, of which 1 complaints
    Table tickets: 1 tickets occur twice (first: 1): keep one row each.
    """
    if tickets is None:
        return NotSupplied("tickets")
    sound = sound_tickets(tickets)
    return Cases(sound, only_complaints(sound), ticket_faults(tickets, statuses))


def need_closing(tickets: pd.DataFrame) -> None:
    """Refuse to tell of cases of which nobody noted when they were closed: they are not all open.

    Raises
    ------
    UntoldError
        With what to supply.
    """
    if "resolved_at" not in tickets:
        raise UntoldError("Table tickets has no resolved_at: supply when each case was closed.")


def only_complaints(tickets: pd.DataFrame) -> pd.DataFrame:
    """Tickets that are complaints: those whose ``kind`` says so, or all where the table does not tell kinds apart.

    Parameters
    ----------
    tickets : pandas.DataFrame
        Clean table: ``kind``, where kinds are told apart.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> only_complaints(pd.DataFrame({"ticket_id": ["1", "2"], "kind": ["complaint", "service"]}))["ticket_id"].tolist()
    ['1']
    """
    return tickets[tickets["kind"] == COMPLAINT] if "kind" in tickets else tickets


def ticket_faults(tickets: pd.DataFrame, statuses=None) -> list[str]:
    """What is wrong with a table of tickets, one sentence each, so that the rest of a page can stand.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``ticket_id``, ``opened_at`` and what else is recorded.
    statuses : iterable of str, optional
        States that the process knows.

    Returns
    -------
    list[str]

    Examples
    --------
    >>> ticket_faults(pd.DataFrame({"ticket_id": ["1", "1"], "opened_at": pd.to_datetime(["2026-01-01"] * 2)}))[0]
    'Table tickets: 1 tickets occur twice (first: 1): keep one row each.'
    """
    checks = [(tickets["ticket_id"].duplicated(), "{n} tickets occur twice (first: {ticket}): keep one row each.")]
    for column in ("first_response_at", "resolved_at"):
        if column in tickets:
            text = f"{{n}} tickets have a {column} before they were opened (first: {{ticket}}): correct one of the two."
            checks.append((tickets[column] < tickets["opened_at"], text))
    if "amount_at_stake" in tickets:
        text = "{n} tickets have a negative amount_at_stake (first: {ticket}): an amount lost is 0 or more."
        checks.append((tickets["amount_at_stake"] < 0, text))
    if statuses is not None and "status" in tickets:
        text = "{n} tickets have a status that the process does not know (first: {ticket}): add it or correct it."
        checks.append((~tickets["status"].isin(list(statuses)), text))
    said = []
    for bad, text in checks:
        bad = bad.fillna(False).to_numpy(bool)
        if bad.any():
            said.append("Table tickets: " + text.format(n=int(bad.sum()), ticket=tickets.loc[bad, "ticket_id"].iloc[0]))
    return said


def sound_tickets(tickets: pd.DataFrame) -> pd.DataFrame:
    """Tickets without those that cannot be: twice, over before they began, with a negative amount.

    Parameters
    ----------
    tickets : pandas.DataFrame
        ``ticket_id``, ``opened_at`` and what else is recorded.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> len(sound_tickets(pd.DataFrame({"ticket_id": ["1", "1"], "opened_at": pd.to_datetime(["2026-01-01"] * 2)})))
    1
    """
    if not ticket_faults(tickets):
        return tickets
    bad = tickets["ticket_id"].duplicated()
    for column in ("first_response_at", "resolved_at"):
        if column in tickets:
            bad |= (tickets[column] < tickets["opened_at"]).fillna(False)
    if "amount_at_stake" in tickets:
        bad |= (tickets["amount_at_stake"] < 0).fillna(False)
    return tickets[~bad]
