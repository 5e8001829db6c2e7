"""What one section of a page tells: a finding, with the facts and frames behind it; and what the data do not allow."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from functools import cache, wraps
from typing import Any, TypedDict, TypeVar

import numpy as np
import pandas as pd

from regulars.errors import UntoldError, UserError, printable
from regulars.labels import Change
from regulars.rounding import plain, six_digits
from regulars.showing import Shown, html
from regulars.statistics.intervals import Estimate, against

NOT_SUPPLIED = "not_supplied"  # verdict: the data of the section are not there; the page says what to supply
UNUSABLE = "unusable"  # verdict: they are there and cannot be used; the fact ``why`` is the sentence
Class = TypeVar("Class", bound=type)
LONG_NUMBER = re.compile(r"-?\d+\.\d{6,}(?:e[+-]?\d+)?")
MOST_VALUES = 12  # of an array that is shown in full
MAKER = "tell_"  # what the name of every maker of findings begins with


@dataclass(frozen=True)
class Remark:
    """One sentence to be said below the charts of a section.

    Parameters
    ----------
    code : str
        Which: the end of its key in the wording.
    facts : mapping
        What it says.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding(Shown):
    """A finding as a domain module makes it, a stage tells it and a page shows it.

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
        Key of a chart or table to formats of columns that only the data can tell, over what the page says.
    remarks : sequence of Remark
        Paragraphs below the charts.
    key : str, optional
        Of the section; `tells` gives it.
    withheld : sequence of str
        Keys of frames that were there, and may not be shown as groups are too small; `regulars.told.Report` gives it.

    Examples
    --------
    >>> Finding("some", {"share": 0.4}).facts["share"]
    0.4
    """

    verdict: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    shown: Mapping[str, Mapping] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    key: str | None = None
    withheld: Sequence[str] = ()

    def _frames(self) -> dict[str, pd.DataFrame]:
        return dict(self.frames)

    def __repr__(self) -> str:
        """The verdict, each fact on a line of its own, and the size of each frame."""
        lines = [f"{self.key or 'finding'}: {self.verdict}"]
        lines += [f"  {name} = {plain_fact(value)}" for name, value in self.facts.items()]
        lines += [f"  remark {remark.code} {_listed(remark.facts)}".rstrip() for remark in self.remarks]
        lines += [f"  table {name}: {len(frame)} rows, {', '.join(frame)}" for name, frame in self.frames.items()]
        return "\n".join(lines)


def _listed(facts: Mapping) -> str:
    return ", ".join(f"{name} = {plain_fact(value)}" for name, value in facts.items())


def plain_fact(value) -> str:
    """A fact as an analyst reads it: an estimate with its interval and n, a number with at most six digits.

    Examples
    --------
    >>> plain_fact(Estimate(0.5, 0.4, 0.6, 70)), plain_fact(1 / 3), plain_fact([1 / 3, 2]), plain_fact(np.arange(90))
    ('0.5 (0.4 to 0.6), n = 70', '0.333333', '[0.333333, 2]', '90 values, 0 to 89')
    """
    if isinstance(value, Estimate):
        return str(value)
    if isinstance(value, np.ndarray | pd.Series | pd.DataFrame) and value.size > MOST_VALUES:
        told = f"{' × '.join(map(str, value.shape))} values"
        ends = np.asarray(value)[[0, -1]].tolist() if value.ndim == 1 else []
        return f"{told}, {' to '.join(map(plain_fact, ends))}" if ends else told
    if hasattr(value, "_fields"):
        return f"{type(value).__name__}({_listed(value._asdict())})"
    try:
        value = value if is_dataclass(value) else plain(value)
    except TypeError:  # a model, or some of them by name
        return ", ".join(map(str, value)) if isinstance(value, Mapping) else repr(value).partition("\n")[0]
    if isinstance(value, str | float):
        return six_digits(value) if isinstance(value, float) else value
    return LONG_NUMBER.sub(lambda number: six_digits(float(number[0])), str(value))


def shows(of: Class) -> Class:
    """Named tuples or dataclasses of a class as an analyst reads them: each fact on a line, and the size of each frame.

    Written above the class. A live kernel shows the first rows of each frame as well.

    Parameters
    ----------
    of : type

    Returns
    -------
    type
        The same.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> @shows
    ... class Kept(NamedTuple):
    ...     now: Estimate
    ...     months: int
    >>> Kept(Estimate(1 / 3, 0.2, 0.5, 40), 2)
    Kept
      now = 0.333333 (0.2 to 0.5), n = 40
      months = 2
    """
    for name, made in {"__repr__": _shown, "_repr_html_": _shown_html}.items():
        setattr(of, name, made)
    return of


def _shown(result) -> str:
    lines = [type(result).__name__]
    for name, value in _parts(result).items():
        if isinstance(value, pd.DataFrame):
            lines.append(f"  {name}: {len(value)} rows, {', '.join(map(str, value))}".rstrip(" ,"))
        else:
            lines.append(f"  {name} = {plain_fact(value)}")
    return "\n".join(lines)


def _shown_html(result) -> str | None:
    frames = {name: each for name, each in _parts(result).items() if isinstance(each, pd.DataFrame)}
    return html(repr(result), frames)


def _parts(result) -> dict[str, object]:
    names = getattr(result, "_fields", None) or [one.name for one in fields(result) if one.repr]
    return {name: getattr(result, name) for name in names}


@dataclass(frozen=True)
class Tile:
    """One key figure.

    Parameters
    ----------
    key : str
    estimate : Estimate
    unit : str
        A format of the wording: ``count``, ``money_short``, ``percent`` ….
    verdict : str, optional
        Which state stands below it.
    mark : {"good", "held", "bad", "neutral"}, optional
        Shape and colour of the state; follows from the verdict where absent.
    indicator : str, optional
        One of those of `regulars.told`: the tile then stands on the index as well.
    on_page : bool
        False for a tile that stands on the index only.
    facts : mapping
    """

    key: str
    estimate: Estimate
    unit: str = "count"
    verdict: str | None = None
    mark: str | None = None
    indicator: str | None = None
    on_page: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """One thing to do: what it brings, what it costs and what is left; its words say who does it and by when.

    Parameters
    ----------
    key : str
        End of its wording, ``<stage>.action.<key>``.
    verdict : str, optional
        Which of its sentences is true.
    facts : mapping
        What its sentences state.
    gain, cost, net : Estimate, optional
        Money over the same time: all three, or none where no sum stands behind it. A page tells an action in front
        where the whole interval of its net lies above zero.

    Raises
    ------
    ValueError
        Where one of the sums is missing, or the net is not the gain less the cost.

    Examples
    --------
    >>> call = Action("call", facts={"customers": 200}, **sums(Estimate(900.0, 650.0, 1200.0, 200), 400.0))
    >>> call
    call: customers = 200, gain = 900 (650 to 1200), n = 200, cost = 400, net = 500 (250 to 800), n = 200
    >>> call.pays
    True
    """

    key: str
    verdict: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    gain: Estimate | None = None
    cost: Estimate | None = None
    net: Estimate | None = None

    def __post_init__(self):
        given = (self.gain, self.cost, self.net)
        if given == (None, None, None):
            return
        if None in given:
            raise ValueError(f"the action '{self.key}' needs gain, cost and net, or none of them.")
        left = self.gain.value - self.cost.value
        if not math.isclose(self.net.value, left, rel_tol=1e-6, abs_tol=0.005):
            raise ValueError(f"the action '{self.key}' has a net of {self.net}, but gain less cost is {left:g}.")

    def __repr__(self) -> str:
        """Its key, its facts and its sums, on one line."""
        named = [self.key, self.verdict] if self.verdict else [self.key]
        facts = _listed({**self.facts, **self.sums})
        return ": ".join([" ".join(named), facts] if facts else [" ".join(named)])

    @property
    def sums(self) -> dict[str, Estimate | None]:
        """Gain, cost and net, or nothing."""
        return {"gain": self.gain, "cost": self.cost, "net": self.net} if self.net is not None else {}

    @property
    def pays(self) -> bool:
        """Whether its net lies above zero by more than noise."""
        return self.net is not None and against(self.net) == Change.UP


class Sums(TypedDict):
    """What an action brings, takes and leaves, as `Action` takes them."""

    gain: Estimate
    cost: Estimate
    net: Estimate


def sums(gain: Estimate, cost: Estimate | float) -> Sums:
    """Gain, cost and net of an action whose cost is known, so that all that is uncertain of the net is the gain.

    Where the cost has an interval as well, compute the net's from both and give the three to `Action`.

    Parameters
    ----------
    gain : Estimate
        Money that it brings, before its cost.
    cost : Estimate or float
        Money, known.

    Returns
    -------
    dict
        ``gain``, ``cost`` and ``net``, as `Action` and `regulars.told.Report.action` take them.

    Examples
    --------
    >>> print(sums(Estimate(900.0, 650.0, 1200.0, 200), 400.0)["net"])
    500 (250 to 800), n = 200
    """
    cost = cost if isinstance(cost, Estimate) else Estimate(float(cost))
    net = Estimate(gain.value - cost.value, gain.low - cost.value, gain.high - cost.value, gain.n)
    return {"gain": gain, "cost": cost, "net": net}


@dataclass(frozen=True)
class FirstScreen:
    """What a page opens with: the answer, and its key figures."""

    answer: Finding
    tiles: Sequence[Tile] = ()


class Refusal:
    """Stands for what the data do not allow: it says why, and so does whatever is made of it.

    Examples
    --------
    >>> models = Refusal("there is one customer only.")
    >>> models.orders.summary
    It cannot be told: there is one customer only.
    >>> bool(models)
    False
    """

    def __init__(self, why: str):
        self.why = why

    def __getattr__(self, name: str) -> Any:
        """Itself, whatever is asked of it; nothing that Python or a display asks of any object."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **kwargs) -> Any:
        """Itself."""
        return self

    def __getitem__(self, name) -> Any:
        """Itself."""
        return self

    def __bool__(self) -> bool:
        """False: there is nothing here."""
        return False

    __iter__ = None  # whatever is asked of it by number is there: a loop would never end

    def __repr__(self) -> str:
        """The sentence."""
        return f"It cannot be told: {self.why}"


class NotSupplied(Refusal):
    """Stands for what the firm did not supply, and for all that would be made of it: the page says once what to supply.

    Parameters
    ----------
    table : str
        A table, or another end of the wording ``not_supplied.<table>``.

    Examples
    --------
    >>> NotSupplied("surveys").scores.describe()
    It cannot be told: what it needs is not supplied (surveys).
    """

    def __init__(self, table: str):
        super().__init__(f"what it needs is not supplied ({table}).")
        self.not_supplied = table


def refused(*values) -> Refusal | None:
    """First of some values that is a `Refusal`, or None."""
    return next((value for value in values if isinstance(value, Refusal)), None)


def may_refuse(make: Callable) -> Callable:
    """Let a function hand on what the data do not allow in place of stopping a notebook.

    Given a `Refusal` it gives that back; an `UntoldError` becomes one.

    Examples
    --------
    >>> @may_refuse
    ... def half(n):
    ...     if n < 2:
    ...         raise UntoldError("there is one customer only.")
    ...     return n / 2
    >>> half(1)
    It cannot be told: there is one customer only.
    >>> half(half(1)), half(4)
    (It cannot be told: there is one customer only., 2.0)
    """

    @wraps(make)
    def made(*args, **kwargs):
        if (given := refused(*args, *kwargs.values())) is not None:
            return given
        try:
            return make(*args, **kwargs)
        except UntoldError as error:
            return Refusal(str(error))

    return made


def step(make: Callable) -> Callable:
    """Let a step of a stage hand on why it cannot be done, be it the data's fault or that of how they were set up.

    Examples
    --------
    >>> @step
    ... def half(n):
    ...     if n < 2:
    ...         raise UserError("Table orders has one customer only.")
    ...     return n / 2
    >>> half(half(1))
    It cannot be told: Table orders has one customer only.
    """

    @may_refuse
    @wraps(make)
    def made(*args, **kwargs):
        try:
            return make(*args, **kwargs)
        except UserError as error:
            raise UntoldError(str(error)) from error

    return made


def tells(make: Callable[..., Finding]) -> Callable[..., Finding]:
    """Mark a maker of a section's finding: ``tell_worth`` tells the section ``worth``.

    Where the data do not allow it, the finding says why, so that the rest of a page stands.

    Examples
    --------
    >>> @tells
    ... def tell_worth(answers):
    ...     raise UserError("Table surveys: nobody answered.")
    >>> tell_worth([]).key, tell_worth([]).facts["why"]
    ('worth', 'Table surveys: nobody answered.')
    >>> tell_worth(Refusal("there is one customer only.")).facts["why"]
    'there is one customer only.'
    >>> tell_worth(NotSupplied("surveys"))
    worth: not_supplied
      table = surveys
    """
    key = make.__name__.removeprefix(MAKER)

    @wraps(make)
    def told(*args, **kwargs) -> Finding:
        given = refused(*args, *kwargs.values())
        if isinstance(given, NotSupplied):
            return Finding(NOT_SUPPLIED, {"table": given.not_supplied}, key=key)
        if given is not None:
            return Finding(UNUSABLE, {"why": given.why}, key=key)
        try:
            return replace(make(*args, **kwargs), key=key)
        except UserError as error:
            return Finding(UNUSABLE, {"why": str(error)}, key=key)

    setattr(told, "section", key)  # noqa: B010  a function has what it is given
    return told


# ---- facts as JSON ----


def snake(name: str) -> str:
    """Class name as keys write it: ``CustomerState`` is ``customer_state``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def encode_facts(facts: Mapping) -> dict:
    """Facts as JSON that `decode_facts` turns back, so that any language can state them.

    Examples
    --------
    >>> encode_facts({"share": Estimate(0.5, 0.4, 0.6, 70)})
    {'share': {'value': 0.5, 'low': 0.4, 'high': 0.6, 'n': 70}}
    """
    return {name: _encode(value) for name, value in facts.items()}


def _encode(value):
    if isinstance(value, Estimate):
        return {"value": plain(value.value), "low": plain(value.low), "high": plain(value.high), "n": plain(value.n)}
    if isinstance(value, Enum):
        return {"label": snake(type(value).__name__), "member": value.value}
    return printable(value) if isinstance(value, str) else plain(value)


def decode_facts(content: Mapping) -> dict:
    """Facts that `encode_facts` wrote; a label comes back as a member of an enum of the same name."""
    return {name: _decode(value) for name, value in content.items()}


def _decode(value):
    match value:
        case {"label": kind, "member": member}:
            return _named_enum(kind, member)
        case {"value": number, "low": low, "high": high, "n": n}:
            return Estimate.of((float("nan") if x is None else x for x in (number, low, high)), n)
    return value


@cache
def _named_enum(kind: str, member: str) -> Enum:
    # a label needs no more than its enum's name, so old files can be read when an enum has changed
    make: Any = Enum
    return make("".join(part.title() for part in kind.split("_")), {member.upper() or "EMPTY": member})(member)
