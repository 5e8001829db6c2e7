"""The page itself: from the blocks of an executed notebook, or from all metrics for the index, to one HTML file.

The file asks nothing of anyone: style, plotly.js (only where there are charts), data and script are inside, and its
Content-Security-Policy lets nothing else in.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.errors import UserError
from regulars.report.blocks import BLOCK_TYPE, INDICATORS, MONEY_INDICATORS, PLOTLY_TYPE, tile_block
from regulars.report.wording import Wording, decode_facts
from regulars.rounding import plain

TEMPLATES = Path(__file__).with_name("templates")
# stage and file of each page, in the order of the navigation
PAGES = {
    "index": "index.html",
    "value": "value.html",
    "segments": "segments.html",
    "satisfaction": "satisfaction.html",
    "retention": "retention.html",
    "clean": "quality.html",
}
# whose answer opens the index
FIRST_ANSWERS = ("value", "retention", "segments", "satisfaction", "clean")
MAX_INDICATORS = 5
# plotly.js carries a map library that adds its style unless an element of this id is there
STYLE_GUARD = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')


class PageError(UserError):
    """A notebook that must not become a page: something in it failed, warned or is missing."""


def render_page(notebook, name: str | None = None, wording_folder: Path | None = None) -> str:
    """Make a page of an executed notebook.

    Parameters
    ----------
    notebook : path or mapping
        The ``.ipynb``, or its content.
    name : str, optional
        What errors call it; the file's name where a path is given.
    wording_folder : Path, optional
        Where the wording is, if not in the package.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    PageError
        Where a cell failed or wrote to stderr, where there is no answer or more than one, no end, or nothing at all.
    """
    if not isinstance(notebook, Mapping):
        name = name or Path(notebook).name
        notebook = json.loads(Path(notebook).read_text(encoding="utf-8"))
    name = name or "the notebook"
    blocks = notebook_blocks(notebook, name)
    return render_blocks(blocks, name, wording_folder)


def notebook_blocks(notebook: Mapping, name: str) -> list[dict]:
    """Collect the blocks that the cells of an executed notebook displayed, in their order.

    Raises
    ------
    PageError
        Where a cell failed or wrote to stderr.
    """
    blocks = []
    for number, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", ()):
            where = f"{name}, cell {number} ({_first_line(cell)})"
            if output["output_type"] == "error":
                raise PageError(f"{where} failed: {output['ename']}: {output['evalue']}")
            if output.get("name") == "stderr":
                raise PageError(f"{where} wrote to stderr, so it makes no page: {_first_line(output, 'text')}")
            data = output.get("data", {})
            if BLOCK_TYPE in data:
                figure = {"figure": data[PLOTLY_TYPE]} if PLOTLY_TYPE in data else {}
                blocks.append({**data[BLOCK_TYPE], **figure})
    return blocks


def _first_line(holder: Mapping, field: str = "source") -> str:
    text = holder.get(field) or ""
    text = "".join(text) if isinstance(text, list) else text
    return next((line.strip() for line in text.splitlines() if line.strip()), "empty")[:120]


def render_blocks(blocks: list[dict], name: str = "the page", wording_folder: Path | None = None) -> str:
    """Make a page of blocks, as `Report` displays them.

    Raises
    ------
    PageError
        Where there is not exactly one answer and one end.
    """
    by_kind: dict[str, list[dict]] = {}
    for block in blocks:
        by_kind.setdefault(block["kind"], []).append(block)
    for kind, call in (("answer", "answer"), ("footer", "close")):
        found = len(by_kind.get(kind, ()))
        if found != 1:
            raise PageError(f"{name} makes no page: it calls report.{call} {found} times, and once is right.")
    if blocks[-1]["kind"] != "footer":
        raise PageError(f"{name} makes no page: something follows report.close.")
    footer = by_kind["footer"][0]
    page = footer["page"]
    return _render(
        "page.html.j2",
        page,
        _page_wording(page, wording_folder),
        answer=by_kind["answer"][0],
        tiles=by_kind.get("tile", []),
        sections=_sections(blocks),
        actions=by_kind.get("action", []),
        terms=by_kind.get("term", []),
        figures=by_kind.get("figure", []),
        source=footer["source"],
    )


def _sections(blocks: list[dict]) -> list[dict]:
    sections = [{"id": None, "question": None, "title": None, "blocks": []}]
    for block in blocks:
        if block["kind"] == "section":
            sections.append({**block, "blocks": []})
        elif block["kind"] in ("text", "figure", "table", "sure", "not_supplied"):
            sections[-1]["blocks"].append(block)
    return [section for section in sections if section["title"] or section["blocks"]]


def sampled_note(about) -> dict:
    """What a page keeps of an order log that is a sample; nothing of one that is whole.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> sampled_note(SimpleNamespace(orders_sampled=True)), sampled_note(SimpleNamespace())
    ({'orders_sampled': True}, {})
    """
    return {"orders_sampled": True} if getattr(about, "orders_sampled", False) else {}


def render_index(
    about,
    metrics: Mapping[str, Mapping],
    language: str = "en",
    interval_level: float = 0.9,
    wording_folder: Path | None = None,
) -> str:
    """Make the first page of a dataset from the metrics of its stages.

    Parameters
    ----------
    about : About
        What the dataset is.
    metrics : mapping
        Stage to the content of ``metrics/<stage>.json``.
    language : str
        The wording is said anew, so it need not be the one the stages ran in.
    interval_level : float
    wording_folder : Path, optional
        Where the wording is, if not in the package.

    Returns
    -------
    str
        HTML.
    """
    page = {
        "stage": "index",
        "dataset": about.name,
        "title": about.title,
        "simulated": bool(about.simulated),
        "language": language,
        "currency": about.currency,
        "start": plain(about.observation_start),
        "end": plain(about.observation_end),
        "level": interval_level,
        "share": min((told.get("share", 1.0) for told in metrics.values()), default=1.0),
    } | sampled_note(about)
    wording = _page_wording(page, wording_folder)
    answers = {stage: _answer(wording, metrics[stage]) for stage in PAGES if stage in metrics}
    if not answers:
        raise PageError(f"the index of {about.name} has nothing to show: no stage has written its metrics.")
    first = next(stage for stage in FIRST_ANSWERS if stage in answers)
    cards = [
        {"page": wording.say(f"page.{stage}"), "file": PAGES[stage], "answer": answer["card"]}
        | {"read": wording.say("index.cards.read", page=wording.say(f"page.{stage}"))}
        for stage, answer in answers.items()
    ]
    money, rates = (_indicators(wording, metrics, names) for names in (MONEY_INDICATORS, INDICATORS))
    window = wording.say("index.window", raw=about.rows_raw, kept=about.rows_kept)
    return _render(
        "index.html.j2",
        page,
        wording,
        answer={"title": answers[first]["title"], "lead": answers[first]["lead"]},
        tiles=money or rates,
        more_tiles=rates if money else [],
        cards=cards,
        terms=[{"word": wording.say("term.interval"), "meaning": wording.say("term.interval.meaning")}],
        source=[window],
        figures=[],
    )


def _answer(wording: Wording, metrics: Mapping) -> dict:
    answer = metrics["answer"]
    wording = _stage_wording(wording, metrics)
    words = wording.compose(answer["keys"], decode_facts(answer["facts"]))
    return {"card": words["title"], **words}


def _indicators(wording: Wording, metrics: Mapping, names: Sequence[str]) -> list[dict]:
    found = []
    for stage in PAGES:
        for tile in metrics.get(stage, {}).get("tiles", ()):
            if tile["indicator"] in names:
                own = _stage_wording(wording, metrics[stage])
                facts, estimate = decode_facts(tile["facts"]), decode_facts({"x": tile["estimate"]})["x"]
                block = tile_block(own, tile["keys"], facts, estimate, tile["unit"], tile["mark"])
                found.append((names.index(tile["indicator"]), block | {"file": PAGES[stage]}))
    return [block for _, block in sorted(found, key=lambda pair: pair[0])][:MAX_INDICATORS]


def _page_wording(page: Mapping, folder: Path | None = None) -> Wording:
    context = {name: page[name] for name in ("title", "start", "end", "level", "stage", "share")}
    return Wording(page["language"], page["currency"], folder, context)


def _stage_wording(wording: Wording, metrics: Mapping) -> Wording:
    context = {**wording.context, "stage": metrics["stage"], "level": metrics["level"]}
    return Wording(wording.language, metrics["currency"], wording.folder, context)


# ---- the file ----


def _render(template: str, page: Mapping, wording: Wording, figures: list[dict], **parts) -> str:
    charts = [{"id": figure["id"], **figure["figure"]} for figure in figures]
    scripts = [_plotly_js(), Markup(_text("page.js"))] if charts else []
    style = Markup(_text("page.css"))
    nav = [
        {"words": wording.say(f"page.{stage}"), "file": file, "here": stage == page["stage"]}
        for stage, file in PAGES.items()
    ]
    written = _environment().get_template(template)
    return written.render(
        page=page,
        say=wording.say,
        lang=wording.lang,
        nav=nav,
        style=style,
        scripts=scripts,
        charts=_data(charts),
        taken_ids=STYLE_GUARD.findall(scripts[0]) if charts else [],
        policy=content_security_policy(style, scripts),
        **parts,
    )


def content_security_policy(style: str, scripts: list[str]) -> str:
    """Policy under which exactly these scripts and this style run, and nothing is fetched, framed, sent or embedded."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + (" ".join(_hash(script) for script in scripts) or "'none'"),
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _data(content) -> Markup:
    """JSON that is safe inside a script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@cache
def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _plotly_js() -> Markup:
    from importlib.resources import files

    return Markup((files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def block_html(block: Mapping) -> str:
    """One block as HTML without the page's style, for those who run the notebook in JupyterLab."""
    return _environment().get_template("block.html.j2").render(block=block).strip()
