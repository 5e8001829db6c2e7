"""The page itself: from its blocks to one HTML file.

The file asks nothing of anyone: style, plotly.js (only where there are charts), data and script are inside, and its
Content-Security-Policy lets nothing else in.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.errors import UserError
from regulars.report.wording import Wording

TEMPLATES = Path(__file__).with_name("templates")
# plotly.js carries a map library that adds its style unless an element of this id is there
STYLE_GUARD = re.compile(r'document\.getElementById\("([0-9a-f]{64})"\)')


class PageError(UserError):
    """Something that must not become a page: its answer is missing, or given twice."""


def render_blocks(blocks: list[dict], page: Mapping, wording: Wording, pages: Mapping[str, str]) -> str:
    """Make a page of blocks, as `regulars.report.writer.Writer` makes them.

    Parameters
    ----------
    blocks : list of dict
    page : mapping
        What the stage told of its dataset: stage, title, simulated, share, orders_sampled ….
    wording : Wording
    pages : mapping
        Stage to file of every page, in the order of the navigation.

    Returns
    -------
    str
        HTML.

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
            raise PageError(f"{page['stage']} makes no page: it has {found} of '{call}', and one is right.")
    if blocks[-1]["kind"] != "footer":
        raise PageError(f"{page['stage']} makes no page: something follows its end.")
    return render(
        "page.html.j2",
        page,
        wording,
        pages,
        answer=by_kind["answer"][0],
        tiles=[tile for tile in by_kind.get("tile", []) if tile["on_page"]],
        sections=_sections(blocks),
        actions=by_kind.get("action", []),
        terms=by_kind.get("term", []),
        figures=by_kind.get("figure", []),
        source=by_kind["footer"][0]["source"],
    )


def _sections(blocks: list[dict]) -> list[dict]:
    sections = [{"id": None, "question": None, "title": None, "blocks": []}]
    for block in blocks:
        if block["kind"] == "section":
            sections.append({**block, "blocks": []})
        elif block["kind"] in ("text", "figure", "table", "sure", "not_supplied"):
            sections[-1]["blocks"].append(block)
    return [section for section in sections if section["title"] or section["blocks"]]


def render(
    template: str, page: Mapping, wording: Wording, pages: Mapping[str, str], figures: list[dict], **parts
) -> str:
    """Fill a template with a page's parts; its style, scripts and policy are made here."""
    charts = [{"id": figure["id"], **figure["figure"]} for figure in figures]
    scripts = [_plotly_js(), Markup(_text("page.js"))] if charts else []
    style = Markup(_text("page.css"))
    nav = [
        {"words": wording.say(f"page.{stage}"), "file": file, "here": stage == page["stage"]}
        for stage, file in pages.items()
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
