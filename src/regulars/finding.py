"""What one section of a page tells: a finding, with the facts and frames behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from regulars.errors import UntoldError, UserError


@dataclass(frozen=True)
class Finding:
    """A finding as a domain module makes it and `regulars.report.Report.tell` shows it.

    Parameters
    ----------
    verdict : str, optional
        Which of the section's titles is true; an enum's member or plain text.
    facts : mapping
        Name to number, `regulars.statistics.intervals.Estimate`, date or label: what the section's sentences state.
    frames : mapping
        Key of a chart or table within the section to its data. What cannot be computed is left out.
    shown : mapping
        Key of a chart to settings that only the data can tell, such as the bar that is picked out.
    columns : mapping
        Key of a chart or table to formats of columns that only the data can tell, over what the layout says.
    remarks : sequence of regulars.clv.limits.Remark
        Paragraphs below the charts, each with a ``code``, which ends the key of its wording, and ``facts`` of its own.

    Examples
    --------
    >>> Finding("some", {"share": 0.4}).facts["share"]
    0.4
    """

    verdict: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    shown: Mapping[str, Mapping] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: Sequence = ()


NOT_SUPPLIED = "not_supplied"  # verdict: the data of the section are not there; the page says what to supply
UNUSABLE = "unusable"  # verdict: they are there and cannot be used; the fact ``why`` is the sentence


def attempted(make: Callable[..., Finding], *args, **kwargs) -> Finding:
    """Make a finding or, where the data do not allow it, one that says why, so that the rest of a page stands.

    Examples
    --------
    >>> def refuse():
    ...     raise UserError("Table surveys: nobody answered.")
    >>> attempted(refuse).facts["why"]
    'Table surveys: nobody answered.'
    """
    try:
        return make(*args, **kwargs)
    except UserError as error:
        return Finding(UNUSABLE, {"why": str(error)})


def attempt(make: Callable, *args, **kwargs) -> tuple[object | None, str | None]:
    """Make something or, where the data allow no answer, nothing; and why not.

    Returns
    -------
    (object or None, str or None)
        What was made, and the sentence that says why it was not; one of them is None.

    Examples
    --------
    >>> def refuse():
    ...     raise UntoldError("there is one customer only.")
    >>> attempt(refuse)
    (None, 'there is one customer only.')
    >>> attempt(sum, [1, 2])
    (3, None)
    """
    try:
        return make(*args, **kwargs), None
    except UntoldError as error:
        return None, str(error)
