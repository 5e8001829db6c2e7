"""The page itself: from its blocks to one HTML file.

The file asks nothing of anyone: its style and its charts are inside, it is whole without a script (the only one, in the
details, sorts tables), and its Content-Security-Policy lets nothing in.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.errors import UserError
from regulars.report import svg
from regulars.report.blocks import Line
from regulars.report.levels import in_words, parted, said_in
from regulars.report.wording import Wording

TEMPLATES = Path(__file__).with_name("templates")
SHEET_FONT = "font:9pt sans-serif"
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
    script = sorting() if any(_sorts(block) for part in shared["levels"].details for block in part.blocks) else ""
    models = by_kind["footer"][0]["models"]
    where = [wording.say("page.footer.models")] if models else []
    own = {
        "page.html.j2": {"script": "", "terms": in_words(shared["terms"], *_said(shared)), "models": where},
        "detail.html.j2": {"script": script, "terms": shared["terms"], "models": models},
    }
    return tuple(render(name, page, wording, pages, **shared | parts) for name, parts in own.items())


def _said(shared: Mapping) -> Iterable[str]:
    """Texts of what stands in front."""
    levels = shared["levels"]
    inside = [block for part in levels.front for block in part.blocks]
    titles = [part.title for part in levels.front]
    return [*titles, *map(said_in, [shared["answer"], *shared["tiles"], *levels.actions, *inside])]


def _sorts(block: Mapping) -> bool:
    return block["kind"] == "table" and block["table"]["order"] is not None


def render(
    template: str, page: Mapping, wording: Wording, pages: Mapping[str, str], *, script: Markup | str = "", **parts
) -> str:
    """Fill a template with a page's parts; its style and policy are made here."""
    head = wording.say("page.sheet.simulated" if page["simulated"] else "page.sheet")
    style = page_style() + sheets(head, wording.say("page.sheet.number"))
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
        script=script,
        policy=content_security_policy(style, script),
        **parts,
    )


def render_alone(template: str, wording: Wording, **parts) -> str:
    """Fill a template that belongs to no dataset."""
    style = page_style()
    policy = content_security_policy(style)
    written = _environment().get_template(template)
    return written.render(say=wording.say, lang=wording.lang, style=style, policy=policy, **parts)


def content_security_policy(style: str, script: str = "") -> str:
    """Policy under which exactly this style holds and this script runs; nothing is fetched, framed or sent."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_digest(script)}",
            f"style-src {_digest(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" if text else "'none'"


@cache
def sorting() -> Markup:
    """Script that lets the tables of the details sort and search."""
    return Markup((TEMPLATES / "tables.js").read_text(encoding="utf-8"))


def sheets(head: str, number: str) -> Markup:
    r"""Style of paper: on every sheet what it is and its number.

    Parameters
    ----------
    head : str
        Stands above.
    number : str
        Stands below; ``#`` is the sheet, ``##`` how many there are.

    Examples
    --------
    >>> print(sheets('Tiny "Ltd"', "# of ##").partition("}")[0])
    @page{@top-left{content:"Tiny \22 Ltd\22 ";font:9pt sans-serif
    """
    counted = {"##": '" counter(pages) "', "#": '" counter(page) "'}
    words = re.sub("##?", lambda found: counted[found[0]], _css_text(number))
    boxes = {"top-left": _css_text(head), "bottom-right": words}
    rules = "".join(f'@{box}{{content:"{text}";{SHEET_FONT}}}' for box, text in boxes.items())
    return Markup(f"@page{{{rules}}}\n")


def _css_text(text: str) -> str:
    """Text as a string of CSS may hold it, whatever it has in it."""
    return re.sub(r"[^\w .,:;·#-]", lambda found: f"\\{ord(found[0]):x} ", text)


@cache
def page_style() -> Markup:
    """Style of every page: its own, and the colours of charts by day and by night."""
    own = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return Markup(f"{own}{svg.style(night=False)}\n{NIGHT}{{{svg.style(night=True)}}}\n")


def kept_together(text: str) -> str:
    r"""Text whose ranges stand on one line, for the narrow tables of a phone.

    Examples
    --------
    >>> kept_together("5 (4–6)") == "5 (4\u2060–\u20606)"
    True
    """
    if isinstance(text, Line):  # what is drawn has no range
        return text
    return text.replace("–", "\u2060–\u2060").replace("−", "−\u2060")


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
    made.filters["kept"] = kept_together
    return made


def block_html(block: Mapping) -> str:
    """One block as HTML without the page's style, for those who run the notebook in JupyterLab."""
    return _environment().get_template("block.html.j2").render(block=block).strip()
