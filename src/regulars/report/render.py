"""The page itself: from its blocks to one HTML file.

The file asks nothing of anyone: its style and its charts are inside, it has no script, and its Content-Security-Policy
lets nothing in.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.errors import UserError
from regulars.report import svg
from regulars.report.levels import parted
from regulars.report.wording import Wording

TEMPLATES = Path(__file__).with_name("templates")
NIGHT = "@media screen and (prefers-color-scheme: dark)"


class PageError(UserError):
    """Something that must not become a page: its answer is missing, or given twice."""


def render_blocks(
    blocks: list[dict], page: Mapping, wording: Wording, pages: Mapping[str, str], detail_file: str
) -> tuple[str, str]:
    """Make a page of blocks, as `regulars.report.writer.Writer` makes them, in front and in detail.

    Parameters
    ----------
    blocks : list of dict
    page : mapping
        What the stage told of its dataset: stage, title, simulated, share, orders_sampled ….
    wording : Wording
    pages : mapping
        Stage to file of every page, in the order of the navigation.
    detail_file : str
        Name of the file of the details.

    Returns
    -------
    (str, str)
        HTML of what stands in front, and of the details.

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
    shared = {
        "answer": by_kind["answer"][0],
        "tiles": [tile for tile in by_kind.get("tile", []) if tile["on_page"]],
        "levels": parted(blocks),
        "terms": by_kind.get("term", []),
        "source": by_kind["footer"][0]["source"],
        "file": pages[page["stage"]],
        "detail_file": detail_file,
    }
    names = ("page.html.j2", "detail.html.j2")
    return tuple(render(name, page, wording, pages, **shared) for name in names)


def render(template: str, page: Mapping, wording: Wording, pages: Mapping[str, str], **parts) -> str:
    """Fill a template with a page's parts; its style and policy are made here."""
    style = page_style()
    nav = [
        {"words": wording.say(f"page.{stage}"), "file": file, "here": stage == page["stage"]}
        for stage, file in pages.items()
    ]
    here = list(pages).index(page["stage"])
    beside = {"before": nav[here - 1] if here else None, "after": nav[here + 1] if here + 1 < len(nav) else None}
    written = _environment().get_template(template)
    return written.render(
        page=page,
        say=wording.say,
        lang=wording.lang,
        nav=nav,
        beside=beside,
        style=style,
        policy=content_security_policy(style),
        **parts,
    )


def content_security_policy(style: str) -> str:
    """Policy under which exactly this style holds, and nothing is run, fetched, framed, sent or embedded."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'none'",
            f"style-src 'sha256-{digest}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


@cache
def page_style() -> Markup:
    """Style of every page: its own, and the colours of charts by day and by night."""
    own = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return Markup(f"{own}{svg.style(night=False)}\n{NIGHT}{{{svg.style(night=True)}}}\n")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["svg"] = svg.svg
    return made


def block_html(block: Mapping) -> str:
    """One block as HTML without the page's style, for those who run the notebook in JupyterLab."""
    return _environment().get_template("block.html.j2").render(block=block).strip()
