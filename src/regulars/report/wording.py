"""What the pages say: one gettext file per language, keys in code, numbers, money and dates through Babel.

An entry of ``wording/<language>.po`` has a key as its msgid and the sentence as its msgstr, with facts in braces::

    msgid "value.answer"
    msgstr "Customers are worth {clv:money_short} ({clv:money_short:interval}) until {until:date}"

An entry with a plural names the fact that is counted as its msgid_plural::

    msgid "retention.calls"
    msgid_plural "customers"
    msgstr[0] "Call {customers:count} customer"
    msgstr[1] "Call {customers:count} customers"

The file's header ``Language:`` is the locale (``en_GB``), ``Plural-Forms:`` its plural rule. A new language is a file.

**Formats** (``{fact:format}``): a unit and, after colons, what is wanted of it.

=================================  =====================================================================
unit                               14.03 or .1403 becomes
=================================  =====================================================================
``count``                          whole number with separators: 14
``number``                         as many decimals as its size asks for: 14.0
``money``                          in the dataset's currency: £14.03, £1,403
``money_short``                    in the language's scales: £412k, £1.24m (41.2万元 in Chinese)
``count_short``                    the same without currency: 412k
``percent``                        of a share: 14%
``points``                         of a difference of shares: 14.0 points
``days weeks months years``        with their plural: 14 days
``date date_short month year``     31 December 2024, 31 Dec 2024, December 2024, 2024
``label``                          wording of an enum's member; ``label:tier`` for plain text "vip"
=================================  =====================================================================

A digit after a unit fixes the decimals: ``percent1``, ``number3``, ``money0``. After a colon: ``interval``
(£371k-£455k), ``with_interval`` (£412k (371k-455k)), ``signed`` (+3.0 points), ``abs``. What is missing is worded,
never blank.
"""

import io
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from enum import Enum
from functools import cache, partial
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter

import numpy as np
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_name, get_currency_symbol

from regulars.intervals import Estimate
from regulars.rounding import plain, round_significant

FOLDER = Path(__file__).with_name("wording")
MINUS = "−"
MODIFIERS = ("interval", "with_interval", "signed", "abs")
DATE_UNITS = ("date", "date_short", "month", "month_short", "year")
SPANS = ("days", "weeks", "months", "years")


class WordingError(ValueError):
    """A sentence that cannot be said: its key, or a fact in it, is missing, not used or of the wrong kind."""


@cache
def _read(path: Path):
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    plurals, written = {}, {}
    for message in catalogue:
        if message.pluralizable:
            key, plural_fact = message.id
            plurals[key] = plural_fact
            written[key] = tuple(message.string)
        elif message.id:
            written[message.id] = (message.string,)
    said = {key: strings for key, strings in written.items() if all(strings)}
    return catalogue.locale, GNUTranslations(compiled), plurals, said


class Wording:
    """One language's sentences and formats, in one currency.

    Parameters
    ----------
    language : str
        Name of a file in ``folder`` without ``.po``.
    currency : str, optional
        ISO 4217 code of the dataset's money.
    folder : Path, optional
        Where the files are; the package's own unless given.
    context : mapping, optional
        Facts that every sentence may use and none must.

    Examples
    --------
    >>> words = Wording("en", currency="GBP")
    >>> words.format(412345.6, "money_short"), words.format(0.7142, "percent"), words.format(float("nan"), "count")
    ('£412k', '71%', 'n/a')
    >>> words.format(Estimate(0.1925, 0.18, 0.2049, 7814), "percent:with_interval")
    '19% (18–20)'
    """

    def __init__(self, language: str = "en", currency: str | None = None, folder: Path | None = None, context=None):
        self.folder = folder
        path = (folder or FOLDER) / f"{language}.po"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in path.parent.glob("*.po"))) or "none"
            raise WordingError(f"there is no wording for the language '{language}' (there is: {known}).")
        self.file = path.name
        self.language = language
        self.currency = currency
        self.context = dict(context or {})
        self.locale, self._translations, self._plurals, self._written = _read(path)
        if self.locale is None:
            raise WordingError(f"{self.file}: its header names no language, as in 'Language: en_GB'.")

    @property
    def lang(self) -> str:
        """The language as HTML's ``lang`` attribute names it."""
        return str(self.locale).replace("_", "-")

    @property
    def keys(self) -> list[str]:
        """All keys of the file, in its order."""
        return list(self._written)

    # ---- sentences ----

    def has(self, key: str) -> bool:
        """Whether there is an entry of that key."""
        return key in self._written

    def find(self, *keys: str) -> str:
        """First of these keys that has an entry; an error that names the last, the most general, where none has."""
        for key in keys:
            if key in self._written:
                return key
        close = get_close_matches(keys[0], self._written, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise WordingError(f"{self.file} has no entry {' or '.join(map(repr, keys))}{hint}")

    def placeholders(self, key: str) -> set[str]:
        """Names of the facts that an entry asks for."""
        names = {
            re.split(r"[.\[]", name)[0]
            for string in self._written[self.find(key)]
            for _, name, _, _ in Formatter().parse(string)
            if name is not None
        }
        return names | ({self._plurals[key]} if key in self._plurals else set())

    def say(self, key: str, facts: Mapping | None = None, **more) -> str:
        """Sentence of one key with its facts filled in; facts that it does not use are an error.

        Raises
        ------
        WordingError
            Where the key, or a fact, is missing or not used, or a format does not fit.
        """
        return self.compose({"text": key}, {**(facts or {}), **more})["text"]

    def compose(self, keys: Mapping[str, str], facts: Mapping | None = None) -> dict[str, str]:
        """Sentences of several keys that share their facts; a fact that none of them uses is an error.

        Parameters
        ----------
        keys : mapping
            Name of each part (title, lead …) to its key.
        facts : mapping
            Name of each fact to its value.

        Returns
        -------
        dict
            Name of each part to its sentence.
        """
        facts = dict(facts or {})
        known = {**self.context, **facts}
        wanted = {key: self.placeholders(key) for key in keys.values()}
        for key, names in wanted.items():
            for name in sorted(names - set(known)):
                given = ", ".join(sorted(facts)) or "none"
                raise WordingError(f"{self.file}: '{key}' needs the fact '{name}' (given: {given}).")
        for name in sorted(set(facts) - set().union(*wanted.values())):
            raise WordingError(f"{self.file}: none of {', '.join(map(repr, keys.values()))} uses the fact '{name}'.")
        return {part: self._fill(key, known) for part, key in keys.items()}

    def _fill(self, key: str, facts: Mapping) -> str:
        if key in self._plurals:
            number = facts[self._plurals[key]]
            number = getattr(number, "value", number)
            # a number that is not whole reads like the plural: "1.5 days"
            template = self._translations.ngettext(key, key, int(number) if float(number).is_integer() else 2)
        else:
            template = self._translations.gettext(key)
        # n and its number stay on one line
        return _Filler(self, key).vformat(template, (), facts).replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")

    def label(self, member, kind: str | None = None) -> str:
        """Wording of an enum's member, or of plain text that is one of the enum named ``kind``.

        Examples
        --------
        >>> from regulars.labels import Tier
        >>> words = Wording("en")
        >>> words.label(Tier.VIP), words.label("at_risk", "segment")
        ('VIP', 'At risk')
        """
        if kind is None:
            if not isinstance(member, Enum):
                raise WordingError(f"{member!r} is plain text: say which enum it is of, as in 'label:tier'.")
            kind = snake(type(member).__name__)
        if _is_missing(member):
            return self.missing
        value = member.value if isinstance(member, Enum) else member
        return self._fill(self.find(f"label.{kind}.{value}"), {})

    # ---- values ----

    @property
    def missing(self) -> str:
        """What stands where there is no value."""
        return self._fill(self.find("format.missing"), {})

    def format(self, value, spec: str = "", peers: Iterable[float] | None = None) -> str:
        """Word one value.

        Parameters
        ----------
        value : number, Estimate, date, enum member or str
        spec : str
            Unit and modifiers, see the module.
        peers : iterable of float, optional
            Numbers beside which it stands (a column, an axis), so that all have the same decimals and scale.

        Returns
        -------
        str
        """
        unit, *modifiers = spec.split(":")
        if unit == "label":
            return self.label(value, modifiers[0] if modifiers else None)
        if unit in DATE_UNITS:
            return self._date(value, unit)
        if isinstance(value, Enum) and not unit:
            return self.label(value)
        if isinstance(value, str) and unit in ("", "text"):
            return value
        if _is_missing(value):
            return self.missing
        name, digits = re.fullmatch(r"(.*?)(\d?)", unit).groups()
        if name not in _UNITS or any(modifier not in MODIFIERS for modifier in modifiers):
            raise WordingError(f"the format '{spec}' does not fit {value!r}; formats are {', '.join(formats())}.")
        return self._number(value, name, int(digits) if digits else None, modifiers, peers)

    def formatter(self, spec: str) -> "Format":
        """Return a function that words values in one format, for axes and labels of charts."""
        return Format(self, spec)

    def _number(self, value, unit: str, digits: int | None, modifiers: list[str], peers) -> str:
        estimate = value if isinstance(value, Estimate) else Estimate(value)
        try:
            value, low, high = float(estimate.value), float(estimate.low), float(estimate.high)
        except (TypeError, ValueError):
            raise WordingError(f"the format '{unit}' needs a number, not {value!r}.") from None
        if "abs" in modifiers:
            value, (low, high) = abs(value), sorted((abs(low), abs(high)))
        with_ends = not (_is_missing(low) or _is_missing(high)) and {"interval", "with_interval"} & set(modifiers)
        shown = [] if "interval" in modifiers else [value]
        beside = [x for x in (shown + [low, high] * bool(with_ends) if peers is None else peers) if not _is_missing(x)]
        text = partial(_UNITS[unit], self, peers=beside)
        if with_ends and digits is None and text(low) == text(high) and low != high:
            # an interval needs the decimals that tell its ends apart
            digits = next((d for d in (1, 2, 3) if text(low, digits=d) != text(high, digits=d)), None)
        text = partial(text, digits=digits)
        if "interval" in modifiers:
            return self._interval(text, unit, low, high) if with_ends else self.missing
        one = self.missing if _is_missing(value) else text(value)
        one = f"+{one}" if "signed" in modifiers and value > 0 else one
        if not with_ends:
            return one
        # in brackets behind its value an interval needs no unit: "19% (18–20)"
        ends = self._interval(partial(text, bare=True), unit, low, high)
        return self._fill("format.with_interval", {"value": one, "interval": ends})

    def _interval(self, text, unit: str, low: float, high: float) -> str:
        # "18–20%", not "18%–20%", for the units that a language says once
        once = unit in self._fill(self.find("format.interval.unit_once"), {}).split()
        ends = {"low": text(low, bare=True) if once else text(low), "high": text(high)}
        negative = any(end.startswith(MINUS) for end in ends.values())
        return self._fill("format.interval.negative" if negative else "format.interval", ends)

    def _date(self, value, unit: str) -> str:
        if _is_missing(value):
            return self.missing
        if isinstance(value, np.datetime64):
            value = value.astype("datetime64[us]").item()
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(f"{value}-01" if re.fullmatch(r"\d{4}-\d\d", value) else value)
        value = getattr(value, "start_time", value)
        if not isinstance(value, date):
            raise WordingError(f"the format '{unit}' needs a date, not {value!r}.")
        if unit in ("date", "date_short"):
            return format_date(value, "long" if unit == "date" else "medium", locale=self.locale)
        skeleton = {"month": "yMMMM", "month_short": "yMMM", "year": "y"}[unit]
        return format_skeleton(skeleton, value, locale=self.locale)

    def decimal(self, value: float, decimals: int) -> str:
        """Plain number with separators and a fixed number of decimals, rounded half away from zero."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return _sign(format_decimal(_rounded(value, decimals), pattern, locale=self.locale))

    def money_symbol(self) -> str:
        """Currency sign of the dataset in this language."""
        return get_currency_symbol(self._currency(), locale=self.locale)

    def _currency(self) -> str:
        if not self.currency:
            raise WordingError("money cannot be worded: no currency is known.")
        return self.currency

    def _scale(self, size: float) -> tuple[float, str]:
        """Largest of the language's scales that the number reaches ten of, or the number itself as it is."""
        chosen = (1.0, "")
        for entry in self._fill(self.find("format.scales"), {}).split():
            limit, _, suffix = entry.partition(":")
            # 1,240 reads better than 1.24k; 1.24m better than 1,240k
            if size >= float(limit) * (10 if chosen[1] == "" and float(limit) < 10_000 else 1):
                chosen = (float(limit), suffix)
        return chosen


class Format:
    """One format as a function: of one value, or of all that stand beside each other with the same decimals and scale.

    Examples
    --------
    >>> money = Wording("en", currency="GBP").formatter("money_short")
    >>> money(9_500), money.all([0, 9_500, 142_000])
    ('£9,500', ['£0', '£10k', '£142k'])
    """

    def __init__(self, wording: Wording, spec: str):
        self.wording, self.spec = wording, spec

    def __call__(self, value) -> str:
        """Word one value."""
        return self.wording.format(value, self.spec)

    def all(self, values: Iterable) -> list[str]:
        """Word values that belong together."""
        values = list(values)
        numbers = [value for value in values if isinstance(value, int | float | np.number) and not _is_missing(value)]
        return [self.wording.format(value, self.spec, peers=numbers) for value in values]


class _Filler(Formatter):
    """Fills one sentence; every complaint names the sentence."""

    def __init__(self, wording: Wording, key: str):
        self.wording, self.key = wording, key

    def format_field(self, value, spec):
        if not spec and isinstance(value, int | float | np.number | Estimate) and not isinstance(value, bool):
            raise WordingError(f"{self.wording.file}: '{self.key}' shows the number {value!r} without a format.")
        try:
            return self.wording.format(value, spec)
        except WordingError as error:
            raise WordingError(f"{self.wording.file}: '{self.key}': {error}") from None


def snake(name: str) -> str:
    """Class name as keys write it: ``CustomerState`` is ``customer_state``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def formats() -> list[str]:
    """Names of all units."""
    return [*_UNITS, *DATE_UNITS, "label"]


def encode_facts(facts: Mapping) -> dict:
    """Facts as JSON that `decode_facts` turns back, so that another language can say the same."""
    return {name: _encode(value) for name, value in facts.items()}


def _encode(value):
    if isinstance(value, Estimate):
        return {"value": plain(value.value), "low": plain(value.low), "high": plain(value.high), "n": plain(value.n)}
    if isinstance(value, Enum):
        return {"label": snake(type(value).__name__), "member": value.value}
    return plain(value)


def decode_facts(content: Mapping) -> dict:
    """Facts that `encode_facts` wrote; a label comes back as a `Label`."""
    return {name: _decode(value) for name, value in content.items()}


def _decode(value):
    match value:
        case {"label": kind, "member": member}:
            return _named_enum(kind, member)
        case {"value": number, "low": low, "high": high, "n": n}:
            return Estimate(*(float("nan") if x is None else x for x in (number, low, high)), n)
    return value


@cache
def _named_enum(kind: str, member: str) -> Enum:
    # a label needs no more than its enum's name, so old files can be read when an enum has changed
    return Enum("".join(part.title() for part in kind.split("_")), {member.upper() or "EMPTY": member})(member)


def _is_missing(value) -> bool:
    if value is None:
        return True
    if isinstance(value, Estimate):
        return False
    return value != value if isinstance(value, float | np.floating | np.datetime64) else _is_pandas_missing(value)


def _is_pandas_missing(value) -> bool:
    return type(value).__name__ in ("NAType", "NaTType")


def _sign(text: str) -> str:
    return text.replace("-", MINUS)


def _rounded(value: float, decimals: int) -> Decimal:
    exact = Decimal(repr(round_significant(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return abs(exact) if exact == 0 else exact


def _largest(peers: list[float]) -> float:
    return max((abs(x) for x in peers if math.isfinite(x)), default=0.0)


def _count(words, value, digits=None, peers=(), bare=False):
    return words.decimal(value, digits or 0)


def _plain_number(words, value, digits=None, peers=(), bare=False):
    size = _largest(peers)
    if digits is None and all(float(x).is_integer() for x in peers):
        digits = 0
    chosen = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
    return words.decimal(value, chosen if digits is None else digits)


def _percent(words, value, digits=None, peers=(), bare=False):
    if digits is None:
        digits = _percent_digits(peers)
    number = words.decimal(100 * value, digits)
    return number if bare else words.locale.percent_formats[None].pattern.replace("#,##0", number)


def _percent_digits(shares: list[float]) -> int:
    """Decimals with which no share reads as 0% or 100% that is neither; at most two, for all of a column."""

    def misleads(share: float, digits: int) -> bool:
        is_bound = math.isclose(share, 1) or math.isclose(share, 0, abs_tol=1e-9)
        return not is_bound and float(_rounded(100 * share, digits)) in (0, 100)

    if not any(misleads(share, 0) for share in shares):
        return 0
    return 2 if misleads(max(shares, key=abs), 1) else 1


def _points(words, value, digits=None, peers=(), bare=False):
    number = words.decimal(100 * value, 1 if digits is None else digits)
    return number if bare else words._fill(words.find("unit.points"), {"number": number})


def _money(words, value, digits=None, peers=(), bare=False):
    digits = digits if digits is not None else 0 if _largest(peers) >= 100 else 2
    pattern = words.locale.currency_formats["standard"].pattern
    pattern = pattern.replace("0.00", "0." + "0" * digits if digits else "0")
    if bare:
        return words.decimal(value, digits)
    number = _rounded(value, digits)
    return _sign(format_currency(number, words._currency(), pattern, locale=words.locale, currency_digits=False))


def _scaled(words, value, digits, peers) -> dict[str, str]:
    size, suffix = words._scale(_largest(peers) * (1 + 1e-12))
    largest = _largest(peers) / size
    if digits is None:
        digits = 0 if largest >= 100 or (not suffix and largest >= 100) else 1 if largest >= 10 else 2
        if all(float(round_significant(x / size)).is_integer() for x in peers):
            digits = 0
    number = words.decimal(abs(value) / size, digits)
    return {"sign": MINUS if value < 0 else "", "number": number, "scale": suffix}


def _money_short(words, value, digits=None, peers=(), bare=False):
    if value == 0 or not words._scale(_largest(peers))[1]:
        return _money(words, value, digits, peers, bare)
    parts = _scaled(words, value, digits, peers)
    if bare:
        return "".join(parts.values())
    symbol, name = words.money_symbol(), get_currency_name(words._currency(), locale=words.locale)
    return words._fill(words.find("format.money_short"), {**parts, "symbol": symbol, "name": name})


def _count_short(words, value, digits=None, peers=(), bare=False):
    if value == 0 or not words._scale(_largest(peers))[1]:
        return _count(words, value, digits)
    return "".join(_scaled(words, value, digits, peers).values())


def _span(unit, words, value, digits=None, peers=(), bare=False):
    whole = all(float(x).is_integer() for x in peers)
    digits = digits if digits is not None else 0 if whole or _largest(peers) >= 10 else 1
    number = words.decimal(value, digits)
    if bare:
        return number
    shown = float(_rounded(value, digits))
    plural = 1 if shown == 1 and not digits else 2
    return _Filler(words, f"unit.{unit}").vformat(
        words._translations.ngettext(words.find(f"unit.{unit}"), "", plural), (), {"number": number}
    )


_UNITS: dict[str, Callable] = {
    "count": _count,
    "number": _plain_number,
    "percent": _percent,
    "points": _points,
    "money": _money,
    "money_short": _money_short,
    "count_short": _count_short,
    **{unit: partial(_span, unit) for unit in SPANS},
}
