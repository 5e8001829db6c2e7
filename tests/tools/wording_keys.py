"""Which keys of the wording the declared pages ask for, and which of the others something in the code can name."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from regulars.pages.declared import FOLDERS
from regulars.report.layout import Chart, Page, Word
from regulars.report.wording import Wording, WordingError
from regulars.report.writer import Writer

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "regulars"
LANGUAGES = sorted({file.stem.split(".")[-1] for folder in FOLDERS for file in folder.glob("*.po")})
ABOUT = {"title": "Tiny", "start": "2024-01-01", "end": "2025-12-31", "level": 0.9, "share": 1.0}
# where the findings of a stage are made
ROOMS = {
    "clean": ("cleaning",),
    "value": ("clv", "history", "segments/pyramid.py"),
    "segments": ("segments", "satisfaction/survey/stage_needs.py"),
    "satisfaction": ("satisfaction", "catalog"),
    "retention": ("retention", "history"),
    "interaction": ("interaction",),
    "cycle": ("cycle",),
    "actions": ("actions",),
}
SHARED_ROOMS = ("labels.py", "finding.py", "statistics")
PARTS_OF_A_SENTENCE = (
    "lead",
    "card",
    "note",
    "brings",
    "owner",
    "by",
    "meaning",
)  # of what is told, beside the sentence
LABEL = re.compile(r":(label:[a-z_/]+)\}")
# options of charts that name a column
DRAWN = (
    "x", "y", "by", "low", "high", "category", "value", "before", "amount", "is_total", "row", "column", "n",
    "open_cell", "part", "share", "size", "text",
)  # fmt: skip
CHOSEN = (
    "title",
    "text",
    "sure",
    "caveat",
    "remark",
)  # parts of a section whose end is a verdict or the code of a remark


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


def asked(own: Writer) -> Iterator[Callable]:
    """One call for each sentence, heading and title that the sections of a page need, and the lines of its tiles."""
    for tile in own.page.trends:
        yield lambda tile=tile: own.word(f"tile.{tile}.line")
    for section in own.page.sections:
        yield lambda key=section.key: own.own(f"{key}.question")
        yield lambda key=section.key: _some_title(own, key)
        yield lambda section=section: own.word(f"chapter.{section.chapter}")
        if section.nothing:
            yield lambda key=section.key: own.word(f"{key}.nothing")
        for name, looks in section.parts.items():
            place = f"{section.key}.{name}"
            yield lambda place=place: own.captions(place)
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


class Names:
    """Texts and names of arguments that code holds; of a text that it puts together, all that fit."""

    def __init__(self, *code: str):
        self.texts: set[str] = set()
        self.patterns: set[str] = set()
        for node in (node for one in code for node in ast.walk(ast.parse(one))):
            match node:
                case ast.Constant(value=str(text)):
                    self.texts.add(text)
                case ast.keyword(arg=str(name)):
                    self.texts.add(name)
                case ast.JoinedStr(values=parts) if re.match(r"\w{3}", _text(parts[0])):
                    self.patterns.add("".join(re.escape(_text(part)) or r"\w+" for part in parts))

    def __contains__(self, text: str) -> bool:
        """Whether the code can name it."""
        return text in self.texts or any(re.fullmatch(pattern, text) for pattern in self.patterns)

    def have(self, ends: list[str]) -> bool:
        """Whether it can name these parts of a key, each by itself or all of them as one."""
        return all(end in self for end in ends) or ".".join(ends) in self


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) else ""


def may_be_said(key: str, page: Page, names: Names) -> bool:
    """Whether something can ask for a key that the page's declaration does not name by itself.

    A verdict, the code of a remark, a tile, an action, a term and a paragraph are named in the code that makes them.
    """
    first, *rest = key.removeprefix(f"{page.stage}.").split(".")
    ends = [name for name in rest if name not in PARTS_OF_A_SENTENCE]
    if first == "models":
        return not rest
    if first in ("answer", "tile", "action", "term"):
        return names.have(ends)
    if first == "not_supplied":
        return is_needed(ends[0], [page]) or names.have(ends)
    if page.section(first):
        if rest[1:2] == ["mark"]:
            return names.have(rest[2:])
        return rest[0] in CHOSEN and names.have(rest[1:])
    return names.have([first, *rest])


def is_needed(table: str, pages: Iterable[Page]) -> bool:
    """Whether a section of some pages says that it is not supplied, or a step of theirs does for several sections."""
    named = re.findall(r'NotSupplied\("(\w+)"\)', "".join(file.read_text(encoding="utf-8") for file in sources(SOURCE)))
    return table in {section.needs or section.key for page in pages for section in page.sections} | set(named)


def names_in(*stages: str) -> Names:
    """What the code names in which the findings of stages are made, their notebooks among it."""
    rooms = [room for stage in stages for room in ROOMS[stage]]
    files = [file for room in (*rooms, *SHARED_ROOMS) for file in sources(SOURCE / room)]
    notebooks = [path for stage in stages for path in (ROOT / "notebooks").glob(f"*_{stage}.ipynb")]
    return Names(*(file.read_text(encoding="utf-8") for file in files), *map(notebook_code, notebooks))


def sources(room: Path) -> list[Path]:
    """Modules of a room, or the module that it is."""
    return sorted(room.rglob("*.py")) if room.is_dir() else [room]


def label_kinds(wording: Wording, pages: Iterable[Page]) -> set[str]:
    """Kinds of labels that columns of the pages, or sentences, ask for."""
    looks = [looks for page in pages for section in page.sections for looks in section.parts.values()]
    specs = [spec for one in looks for spec in one.columns.values() if spec.startswith("label:")]
    specs += [found for key in wording.keys for text in wording.written(key) for found in LABEL.findall(text)]
    return {kind for spec in specs for kind in spec.removeprefix("label:").split("/")}


def shown_columns(looks) -> set[str]:
    """Columns that a chart or table takes from its frame: those worded with their ends, and those drawn by name."""
    ends = [name for name, spec in looks.columns.items() if "interval" in spec]
    names = {*looks.columns, *(f"{name}_{end}" for name in ends for end in ("low", "high"))}
    if not isinstance(looks, Chart):
        return names | set(looks.total)
    names |= {looks.shown[option] for option in DRAWN if isinstance(looks.shown.get(option), str)}
    by_axis = looks.shown.get("ends", {})
    return names | set(values_in(looks)) | {column for pair in by_axis.values() for column in pair} | set(by_axis)
