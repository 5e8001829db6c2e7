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
``many``                           the same in a sentence, where nothing is "none"
``number``                         as many decimals as its size asks for: 14.0
``money``                          in the dataset's currency: £14.03, £1,403
``money_short``                    in the language's scales: £412k, £1.24m (41.2万元 in Chinese)
``count_short``                    the same without currency: 412k
``percent``                        of a share: 14%
``points``                         of a difference of shares: 14.0 points
``chance``                         percent of a chance, never none: 14.0%, below 0.1%
``clock``                          hours of a day: 14:02
``days weeks months years``        with their plural: 14 days; ``customers orders products …`` alike: 1 customer
``date date_short month year``     31 December 2024, 31 Dec 2024, December 2024, 2024
``cohort``                         2026, "≤ 2021": 2021 and before, "> 2026-06-30": still to be won
``label``                          wording of an enum's member; ``label:tier`` for plain text "vip"
=================================  =====================================================================

A digit after a unit fixes the decimals: ``percent1``, ``number3``, ``money0``. After a colon: ``interval``
(£371k-£455k), ``with_interval`` (£412k (371k-455k)), ``signed`` (+3.0 points), ``abs``. What is missing is worded,
never blank.
"""

import io
import re
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
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

from regulars.finding import snake
from regulars.report.formats import MINUS, UNITS, Peers, is_missing
from regulars.statistics.intervals import Estimate

FOLDER = Path(__file__).with_name("wording")
MODIFIERS = ("interval", "with_interval", "signed", "abs")
SCALED = ("money_short", "count_short")
DATE_UNITS = ("date", "date_short", "month", "month_short", "year")


class WordingError(ValueError):
    """A sentence that cannot be said: its key, or a fact in it, is missing, not used or of the wrong kind."""


class UnsaidError(WordingError, UserWarning):
    """A fact that no sentence uses: a fault of ours that takes nothing from a page, so it warns; tests let it raise."""


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


def catalogues(folder: Path, language: str) -> list[Path]:
    """Files of a folder with the wording of one language: ``en.po``, and ``<page>.en.po`` of each page."""
    return [file for file in sorted(folder.glob("*.po")) if file.stem.split(".")[-1] == language]


class Wording:
    """One language's sentences and formats, in one currency.

    Parameters
    ----------
    language : str
        End of the names of its files, before ``.po``.
    currency : str, optional
        ISO 4217 code of the dataset's money.
    folders : sequence of Path
        Where the files are: what every page says lies in the package's own.
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

    def __init__(self, language: str = "en", currency: str | None = None, folders=(FOLDER,), context=None):
        self.folders = tuple(folders)
        files = [file for folder in self.folders for file in catalogues(folder, language)]
        if not files:
            known = sorted({file.stem.split(".")[-1] for folder in self.folders for file in folder.glob("*.po")})
            raise WordingError(f"there is no wording for the language '{language}' (there is: {', '.join(known)}).")
        self.file = f"{language}.po"
        self.language = language
        self.currency = currency
        self.context = dict(context or {})
        self._translations, self._plurals, self._written = {}, {}, {}
        for file in files:
            locale, translations, plurals, written = _read(file)
            if locale is None:
                raise WordingError(f"{file.name}: its header names no language, as in 'Language: en_GB'.")
            if twice := sorted(set(written) & set(self._written)):
                raise WordingError(f"{file.name}: '{twice[0]}' is worded in another file already.")
            self.locale = locale
            self._translations |= dict.fromkeys(plurals, translations)
            self._plurals |= plurals
            self._written |= written

    @property
    def lang(self) -> str:
        """The language as HTML's ``lang`` attribute names it."""
        return str(self.locale).replace("_", "-")

    @property
    def keys(self) -> list[str]:
        """All keys of its files, in their order."""
        return list(self._written)

    def written(self, key: str) -> tuple[str, ...]:
        """Entry of a key as it is written, facts in braces: one sentence, or one of each plural."""
        return self._written[self.find(key)]

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
            for string in self.written(key)
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
            text = f"{self.file}: none of {', '.join(map(repr, keys.values()))} uses the fact '{name}'."
            warnings.warn(UnsaidError(text), stacklevel=2)
        return {part: self._fill(key, known) for part, key in keys.items()}

    def _fill(self, key: str, facts: Mapping) -> str:
        if key in self._plurals:
            number = facts[self._plurals[key]]
            number = getattr(number, "value", number)
            # a number that is not whole reads like the plural: "1.5 days"
            template = self._translations[key].ngettext(key, key, int(number) if float(number).is_integer() else 2)
        else:
            template = self._written[key][0]
        # n and its number stay on one line
        return _Filler(self, key).vformat(template, (), facts).replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")

    def fill(self, key: str, **parts: str) -> str:
        """Put parts that are words already into an entry of the formats."""
        return self._fill(self.find(key), parts)

    def fill_counted(self, key: str, count: int, **parts: str) -> str:
        """Put parts into the singular or plural of an entry."""
        template = self._translations[self.find(key)].ngettext(key, key, count)
        return _Filler(self, key).vformat(template, (), parts)

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
        if is_missing(member):
            return self.missing
        value = member.value if isinstance(member, Enum) else member
        # "ledger_step/reason": a step of one of these enums
        return self.fill(self.find(*(f"label.{one}.{value}" for one in kind.split("/"))))

    # ---- values ----

    @property
    def missing(self) -> str:
        """What stands where there is no value."""
        return self.fill("format.missing")

    def format(self, value, spec: str = "", peers: Peers | Iterable[float] | None = None) -> str:
        """Word one value.

        Parameters
        ----------
        value : number, Estimate, date, enum member or str
        spec : str
            Unit and modifiers, see the module.
        peers : Peers or iterable of float, optional
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
        if isinstance(value, str) and unit == "cohort":
            return self._cohort(value)
        if is_missing(value):
            return self.missing
        name, decimals = re.fullmatch(r"(.*?)(\d?)", unit).groups()
        if name not in UNITS or any(modifier not in MODIFIERS for modifier in modifiers):
            raise WordingError(f"the format '{spec}' does not fit {value!r}; formats are {', '.join(formats())}.")
        return self._number(value, name, int(decimals) if decimals else None, modifiers, peers)

    def formatter(self, spec: str) -> "Format":
        """Return a function that words values in one format, for axes and labels of charts."""
        return Format(self, spec)

    def _number(self, value, unit: str, decimals: int | None, modifiers: list[str], peers) -> str:
        estimate = value if isinstance(value, Estimate) else Estimate(value)
        try:
            value, low, high = float(estimate.value), float(estimate.low), float(estimate.high)
        except (TypeError, ValueError):
            raise WordingError(f"the format '{unit}' needs a number, not {value!r}.") from None
        if "abs" in modifiers:
            value, (low, high) = abs(value), sorted((abs(low), abs(high)))
        with_ends = bool({"interval", "with_interval"} & set(modifiers)) and not (is_missing(low) or is_missing(high))
        with_ends = with_ends and ("interval" in modifiers or not low == high == 0)  # nothing, for certain
        if peers is None and unit in SCALED:
            peers = [value, low, high]  # one figure is rounded alike wherever it stands, with its interval or without
        elif peers is None:
            peers = ([] if "interval" in modifiers else [value]) + ([low, high] if with_ends else [])
        beside = peers if isinstance(peers, Peers) else Peers(peers)
        text = partial(UNITS[unit], self, decimals=decimals, peers=beside)
        if with_ends and decimals is None and low != high and text(low, bare=True) == text(high, bare=True):
            # an interval needs the decimals that tell its ends apart
            for more in (1, 2, 3):
                text = partial(UNITS[unit], self, decimals=more, peers=beside)
                if text(low, bare=True) != text(high, bare=True):
                    break
        if "interval" in modifiers:
            return self._interval(text, unit, low, high, bare=False) if with_ends else self.missing
        one = self.missing if is_missing(value) else text(value, bare=False)
        one = f"+{one}" if "signed" in modifiers and value > 0 else one
        if not with_ends:
            return one
        # in brackets behind its value an interval needs no unit: "19% (18–20)"
        return self.fill("format.with_interval", value=one, interval=self._interval(text, unit, low, high, bare=True))

    def _interval(self, text, unit: str, low: float, high: float, bare: bool) -> str:
        # "18–20%", not "18%–20%", for the units that a language says once
        once = unit in self.fill("format.interval.unit_once").split()
        ends = {"low": text(low, bare=bare or once), "high": text(high, bare=bare)}
        negative = any(end.startswith(MINUS) for end in ends.values())
        return self.fill("format.interval.negative" if negative else "format.interval", **ends)

    def _cohort(self, name: str) -> str:
        """Name of a cohort, where those older than some year, and those of whom nobody has ordered yet, are one."""
        kind = {"≤": "format.cohort.older", ">": "format.cohort.to_come"}.get(name[:1])
        return self.fill(kind, when=name[1:].strip()) if kind else name

    def _date(self, value, unit: str) -> str:
        if is_missing(value):
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

    @property
    def currency_code(self) -> str:
        """Currency of the dataset's money."""
        if not self.currency:
            raise WordingError("money cannot be worded: no currency is known.")
        return self.currency


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

    def with_interval(self, value, low, high) -> str:
        """Word a value with its interval, as tables do.

        Examples
        --------
        >>> Wording("en", currency="GBP").formatter("money").with_interval(-3.05, -14.93, 3.78)
        '−£3.05 (−14.93 to 3.78)'
        """
        spec = self.spec if "with_interval" in self.spec else f"{self.spec}:with_interval"
        return self.wording.format(Estimate(value, low, high), spec)

    def all(self, values: Iterable) -> list[str]:
        """Word values that belong together."""
        values = list(values)
        peers = Peers(value for value in values if isinstance(value, int | float | np.number))
        return [self.wording.format(value, self.spec, peers) for value in values]


class _Filler(Formatter):
    """Fills one sentence; every complaint names the sentence."""

    def __init__(self, wording: Wording, key: str):
        self.wording, self.key = wording, key
        self.beside: list[float] | None = None  # the figure and its ends, where one of these is said by itself

    def get_field(self, field_name, args, kwargs):
        value, first = super().get_field(field_name, args, kwargs)
        whole = kwargs.get(first)
        is_end = isinstance(whole, Estimate) and value is not whole
        self.beside = [whole.value, whole.low, whole.high] if is_end else None
        return value, first

    def format_field(self, value, spec):
        if not spec and isinstance(value, int | float | np.number | Estimate) and not isinstance(value, bool):
            raise WordingError(f"{self.wording.file}: '{self.key}' shows the number {value!r} without a format.")
        try:
            return self.wording.format(value, spec, self.beside if spec.split(":")[0] in SCALED else None)
        except WordingError as error:
            raise WordingError(f"{self.wording.file}: '{self.key}': {error}") from None


def formats() -> list[str]:
    """Names of all units."""
    return [*UNITS, *DATE_UNITS, "cohort", "label"]
