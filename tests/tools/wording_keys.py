"""Which keys of the wording the declared pages ask for, and which of the others something in the code can name."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from regulars.pages.declared import FOLDERS, PAGES
from regulars.report.layout import Chart, Page, Word
from regulars.report.wording import Wording, WordingError, catalogues
from regulars.report.writer import Writer

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "regulars"
LANGUAGES = sorted({file.stem.split(".")[-1] for folder in FOLDERS for file in folder.glob("*.po")})
ABOUT = {"title": "Tiny", "start": "2024-01-01", "end": "2025-12-31", "level": 0.9}
# where the findings of a stage are made
ROOMS = {
    "clean": ("cleaning",),
    "value": ("clv", "history"),
    "segments": ("segments", "rfm.py"),
    "satisfaction": ("satisfaction", "catalog"),
    "retention": ("retention", "history"),
}
SHARED_ROOMS = ("labels.py", "finding.py", "statistics")
PARTS_OF_A_SENTENCE = ("lead", "card", "note", "brings", "owner", "meaning")  # of what is told, beside the sentence
CHOSEN = ("title", "text", "sure", "remark")  # parts of a section whose end is a verdict or the code of a remark


class Heard(Wording):
    """A wording that keeps which of its keys were asked for."""

    def __init__(self, language: str):
        self.heard: set[str] = set()
        super().__init__(language, "EUR", FOLDERS)

    def find(self, *keys: str) -> str:
        """As of `Wording`."""
        key = super().find(*keys)
        self.heard.add(key)
        return key


def notebook_code(path: Path) -> str:
    """Code of a notebook's cells, one after the other."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return "\n".join(source for source in sources if not source.lstrip().startswith("%"))


def writer(page: Page, language: str) -> Writer:
    """Writer of a page whose wording is `Heard`."""
    return Writer(page, ABOUT, Heard(language))


def unworded(page: Page, language: str) -> list[str]:
    """What a page declares and its wording lacks, by the look-ups of the writer itself."""
    own, lacking = writer(page, language), []
    for ask in asked(own):
        try:
            ask()
        except WordingError as error:
            lacking.append(str(error))
    return lacking


def heard(page: Page, language: str) -> set[str]:
    """Keys that a page asks for because it declares something."""
    own = writer(page, language)
    for ask in asked(own):
        ask()
    return own.wording.heard


def asked(own: Writer) -> Iterator:
    """One call for each sentence, heading and title that the sections of a page need."""
    for section in own.page.sections:
        yield lambda key=section.key: own.own(f"{key}.question")
        yield lambda key=section.key: _some_title(own, key)
        for name, looks in section.parts.items():
            place = f"{section.key}.{name}"
            yield lambda place=place: own.own(f"{place}.caption")
            for column in headed(looks):
                yield lambda place=place, column=column: own.heading(place, column)
            if isinstance(looks, Chart):
                yield lambda place=place: own.own(f"{place}.alt")
                yield lambda place=place, looks=looks: own.chart_words(place, looks.draw, looks.shown, looks.columns)
                for word in words_in(looks.shown.values()):
                    yield lambda word=word: own.word(word)
                for column in values_in(looks):
                    yield lambda place=place, column=column: own.heading(place, column)


def _some_title(own: Writer, key: str) -> None:
    if not any(re.fullmatch(rf"{own.stage}\.{key}\.title(\.\w+)?", known) for known in own.wording.keys):
        own.own(f"{key}.title")


def headed(looks) -> list[str]:
    """Columns of a chart or table that have a heading: not those that become headings, or stand below them."""
    across = getattr(looks, "across", None)
    return [name for name in looks.columns if across is None or name not in (across, list(looks.columns)[-1])]


def values_in(looks: Chart) -> list[str]:
    """Columns that a chart draws side by side under their headings."""
    values = looks.shown.get("values")
    return values if isinstance(values, list) else []


def words_in(settings: Iterable) -> Iterator[Word]:
    """Words among a chart's settings."""
    for setting in settings:
        if isinstance(setting, Word):
            yield setting
        elif isinstance(setting, tuple):
            yield from words_in(setting)


def may_be_said(key: str, page: Page, names: set[str]) -> bool:
    """Whether something can ask for a key that the page's declaration does not name by itself.

    A verdict, the code of a remark, a tile, an action, a term and a paragraph are named in the code that makes them.
    """
    first, *rest = key.removeprefix(f"{page.stage}.").split(".")
    ends = [name for name in rest if name not in PARTS_OF_A_SENTENCE]
    if first == "models":
        return not rest
    if first == "answer":
        return set(ends) <= names
    if first in ("tile", "action", "term"):
        return set(ends) <= names or ".".join(ends) in names
    if first == "not_supplied":
        return ends[0] in {section.needs or section.key for section in page.sections} | names
    if page.section(first):
        return rest[0] in CHOSEN and (set(rest[1:]) <= names or ".".join(rest[1:]) in names)
    return {first, *rest} <= names or ".".join([first, *rest]) in names


def names_in(stage: str) -> set[str]:
    """All texts and names of arguments in the code where a stage's findings are made, its notebook among it."""
    files = [file for room in (*ROOMS[stage], *SHARED_ROOMS) for file in sources(SOURCE / room)]
    code = [file.read_text(encoding="utf-8") for file in files]
    code += [notebook_code(path) for path in (ROOT / "notebooks").glob(f"*_{stage}.ipynb")]
    return set().union(*map(literals, code))


def sources(room: Path) -> list[Path]:
    """Modules of a room, or the module that it is."""
    return sorted(room.rglob("*.py")) if room.is_dir() else [room]


def literals(code: str) -> set[str]:
    """Texts, names of arguments and of makers that a piece of code holds."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Constant(value=str(text)):
                found.add(text)
            case ast.keyword(arg=str(name)):
                found.add(name)
    return found


def files_of(language: str) -> list[Path]:
    """All files of a language's wording."""
    return [path for folder in FOLDERS for path in catalogues(folder, language)]


def formats_of(page: Page) -> set[str]:
    """Formats of all columns of a page."""
    return {spec for section in page.sections for looks in section.parts.values() for spec in looks.columns.values()}


def shown_columns(looks) -> set[str]:
    """Columns that a chart or table takes from its frame: those worded, and those that the chart draws by name."""
    names = set(looks.columns) | set(getattr(looks, "total", ()))
    if not isinstance(looks, Chart):
        return names
    drawn = ("x", "y", "by", "low", "high", "category", "value", "before", "amount", "is_total", "row", "column", "n",
             "open_cell", "part", "share", "size", "across", "text")  # fmt: skip
    names |= {looks.shown[option] for option in drawn if isinstance(looks.shown.get(option), str)}
    values, ends = looks.shown.get("values", ()), looks.shown.get("ends", {})
    names |= {column for pair in ends.values() for column in pair} | set(ends)
    return names | set(values)


def told_columns(content: Mapping) -> dict[str, set[str]]:
    """Chart or table to the columns of its frame, of what a stage has told (``told/<stage>.json``)."""
    return {
        f"{section['key']}.{name}": set(frame["kinds"])
        for section in content["sections"]
        for name, frame in section.get("frames", {}).items()
    }


PAGE_STAGES = tuple(PAGES)
