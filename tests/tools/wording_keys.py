"""Which keys of the wording the notebooks use, read from their code."""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from regulars.report.columns import USUAL

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "src" / "regulars" / "report"
# method of Report: parts of the key it says, for a key k and a verdict .v; a question mark where a part may be absent
PARTS = {
    "answer": ("answer{v}", "answer{v}.lead", "answer{v}.card?"),
    "tile": ("tile.{k}", "tile.{k}{v}", "tile.{k}.note?"),
    "section": ("{k}.question", "{k}.title{v}"),
    "say": ("{k}{v}",),
    "say_each": ("{k}{v}",),
    "sure": ("{k}{v}",),
    "figure": ("{k}.alt", "{k}.caption"),
    "chart": ("{k}.alt", "{k}.caption", "{k}.x?", "{k}.y?"),
    "table": ("{k}.caption",),
    "not_supplied": ("not_supplied.{k}{v}",),
    "action": ("action.{k}{v}", "action.{k}{v}.brings", "action.{k}{v}.owner"),
    "term": ("term.{k}", "term.{k}.meaning"),
    "word": ("{k}",),
    "close": ("models?",),
    "tell": (
        "{k}.question",
        "{k}.title{v}",
        "{k}.text{v}?",
        "{k}.sure{v}?",
        "{k}.remark{v}?",
        "not_supplied.{k}?",
        "not_supplied.unusable?",
    ),
}
ANY, MAYBE, WORD = object(), object(), "[a-z0-9_]+"
# methods whose verdict comes with the data
ALWAYS = {"say_each": ANY, "tell": MAYBE}
# place of the verdict among the arguments
VERDICT_AT = {"answer": 0, "tile": 3, "section": 1, "say": 1, "sure": 1, "not_supplied": 1, "action": 1}


@dataclass
class Usage:
    """Keys that code uses, and those that it asks for and the wording lacks."""

    used: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)


def notebook_code(path: Path) -> str:
    """Code of a notebook's cells, one after the other."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return "\n".join(source for source in sources if not source.lstrip().startswith("%"))


def layout_code(stage: str) -> str:
    """Code of what says how a page's charts and tables look."""
    path = REPORT.parent / "pages" / f"{ {'clean': 'quality'}.get(stage, stage) }.py"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def usage(code: str, stage: str, known: Iterable[str]) -> Usage:
    """Read the calls of ``report`` in a piece of code."""
    known, found = set(known), Usage()
    tree = ast.parse(code)
    found.constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and _text(node)}
    found.constants |= {USUAL[name] for name in found.constants & set(USUAL)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "columns":
            named = {arg.value for arg in node.args if _text(arg)}
            found.constants |= named | {word.arg for word in node.keywords} | {USUAL[name] for name in named}
        if isinstance(node, ast.Call) and _name(node.func) == "Word":
            _read(node, "word", stage, known, found)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _name(node.func.value) == "report":
            method = node.func.attr
            if method in PARTS and method != "tell":
                _read(node, method, stage, known, found)
            for section in told_sections(node):
                _read(ast.Call(node.func, [section], []), "tell", stage, known, found)
                for place, kind in layout_places(tree, section.value).items():
                    _read(ast.Call(ast.Name(kind), [ast.Constant(place)], []), kind, stage, known, found)
    _read_names(stage, known, found)
    return found


def told_sections(call: ast.Call) -> list[ast.Constant]:
    """Sections that a call of ``tell`` or ``tell_each`` shows."""
    return {"tell": call.args[:1], "tell_each": call.args[1:]}.get(call.func.attr, [])


def layout_places(tree: ast.AST, section: str) -> dict[str, str]:
    """Keys of a section's charts and tables in a layout, with which of the two each is."""
    return {
        key.value: _name(value.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if _text(key) and key.value.rpartition(".")[0] == section and isinstance(value, ast.Call)
    }


def _text(node) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _name(node) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _read(call: ast.Call, method: str, stage: str, known: set[str], found: Usage) -> None:
    takes_key = method not in ("answer", "close")
    keys = call.args if method == "term" else call.args[:1] if takes_key else [ast.Constant("")]
    verdicts = [word.value for word in call.keywords if word.arg == "verdict"]
    if not verdicts and method in VERDICT_AT:
        verdicts = call.args[VERDICT_AT[method] :][:1]
    suffixes = [ALWAYS[method]] if method in ALWAYS else _suffixes(verdicts[0] if verdicts else ast.Constant(None))
    for key in keys:
        for suffix in suffixes:
            for part in PARTS[method]:
                name = key.value if _text(key) else ANY
                if not _resolve(part, name, suffix, stage, known, found) and not part.endswith("?"):
                    shown = part.format(k="*" if name is ANY else name, v=suffix if isinstance(suffix, str) else ".*")
                    found.missing.add(f"{stage}.{shown}")


def _suffixes(node) -> list:
    """What a verdict may be: a text, one of two texts, nothing, or whatever the data say."""
    if isinstance(node, ast.IfExp):
        return _suffixes(node.body) + _suffixes(node.orelse)
    if isinstance(node, ast.Constant):
        return [f".{node.value}" if node.value is not None else ""]
    return [ANY]


def _resolve(part: str, key, suffix, stage: str, known: set[str], found: Usage) -> bool:
    """Mark the keys that a part may stand for as used, the stage's own before the shared ones; whether there is any."""
    key_pattern = WORD if key is ANY else re.escape(key)
    patterns = {ANY: rf"\.{WORD}", MAYBE: rf"(\.{WORD})?"}
    suffix_pattern = patterns[suffix] if suffix in patterns else re.escape(suffix)
    pattern = re.escape(part.removesuffix("?")).replace(r"\{k\}", key_pattern).replace(r"\{v\}", suffix_pattern)
    for room in (rf"{re.escape(stage)}\.", ""):
        hits = {name for name in known if re.fullmatch(room + pattern, name)}
        if hits:
            found.used |= hits
            return True
    return False


def _read_names(stage: str, known: set[str], found: Usage) -> None:
    """Headings and axes are used where the column's name stands in the code, labels where their kind does."""
    for key in known:
        parts = key.split(".")
        heads = ("column" in parts[:-1] and parts[0] in (stage, "column")) or parts[0] == "axis"
        if heads and parts[-1] in found.constants:
            found.used.add(key)
        if parts[0] == "label" and any(f"label:{parts[1]}" in text for text in found.constants):
            found.used.add(key)
