"""Pages in headless Chromium: what they ask for, what they complain of, what they draw, how they print."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = 1440, 390
# a text in a chart is as large as its chart is drawn
SMALLEST_TEXT = """() => {
  let smallest = Infinity, where = "";
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || ["SCRIPT", "STYLE", "TEMPLATE"].includes(element.tagName)) continue;
    if (!element.getClientRects().length) continue;
    const scale = element.ownerSVGElement ? element.ownerSVGElement.getScreenCTM().a : 1;
    const size = scale * parseFloat(getComputedStyle(element).fontSize);
    if (size < smallest) { smallest = size; where = walk.currentNode.textContent.trim().slice(0, 60); }
  }
  return [smallest, where];
}"""
# charts with marks and words that are shown, each in one of its two widths
DRAWN = """() => Array.from(document.querySelectorAll(".chart")).filter(box => {
  const shown = Array.from(box.querySelectorAll("svg")).filter(svg => svg.getClientRects().length);
  return shown.length === 1 && shown[0].querySelector("path:not(.q)") && shown[0].querySelector("text");
}).length"""
WORDS = """() => Array.from(document.querySelectorAll(".chart svg"))
  .filter(svg => svg.getClientRects().length)
  .map(svg => {
    const place = element => {
      const r = element.getBoundingClientRect();
      return {left: r.left, right: r.right, top: r.top, bottom: r.bottom, words: element.textContent};
    };
    return {chart: svg.parentElement.id, frame: place(svg), texts: Array.from(svg.querySelectorAll("text"), place)};
  })"""


@cache
def executable() -> str | None:
    """Path of the system's Chromium, or of the one that Playwright has; None where there is neither."""
    for name in SYSTEM_BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return str(own) if own.is_file() else None


def needs_browser(test):
    """Mark a test that skips, and says why, on a machine without Chromium; where one is required, it fails there."""
    may_skip = executable() is None and not os.environ.get("REGULARS_REQUIRE_BROWSER")
    skip = pytest.mark.skipif(may_skip, reason="no Chromium here: neither the system's nor Playwright's")
    return pytest.mark.browser(skip(test))


@dataclass
class Visit:
    """One page, open in the browser, and what happened when it was opened.

    Attributes
    ----------
    requests : list of str
        Addresses that the page asked for, other than the page itself.
    complaints : list of str
        Errors and warnings of the console, and uncaught exceptions.
    """

    page: object = field(repr=False)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def drawn_charts(self) -> int:
        """Number of charts that have marks in them."""
        return self.page.evaluate(DRAWN)

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")

    def smallest_text(self) -> tuple[float, str]:
        """Font size in pixels of the smallest visible text, and that text."""
        size, text = self.page.evaluate(SMALLEST_TEXT)
        return size, text

    def words(self) -> int:
        """Number of words that are seen when the page opens: not those of folded parts."""
        return len(self.evaluate("() => document.body.innerText").split())

    def clipped_texts(self) -> list[str]:
        """Texts of charts that stick out of their chart."""
        return [
            f"{chart['chart']}: {text['words']}"
            for chart in self.page.evaluate(WORDS)
            for text in chart["texts"]
            if min(text[low] - chart["frame"][low] for low in ("left", "top")) < -1
            or max(text[high] - chart["frame"][high] for high in ("right", "bottom")) > 1
        ]

    def colliding_texts(self) -> list[str]:
        """Pairs of texts of a chart that stand on each other."""
        return [
            f"{chart['chart']}: {one['words']} | {other['words']}"
            for chart in self.page.evaluate(WORDS)
            for one, other in combinations(chart["texts"], 2)
            if min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
            and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 2
        ]

    def assert_whole(self, charts: int) -> None:
        """What must hold of every page: silent, one heading, so many charts, nothing too wide, small or covered."""
        assert self.requests == []
        assert self.complaints == []
        assert self.drawn_charts() == charts
        assert self.overflow() <= 0
        assert self.smallest_text()[0] >= 11, self.smallest_text()
        assert self.clipped_texts() == [], self.clipped_texts()
        assert self.colliding_texts() == [], self.colliding_texts()
        assert self.evaluate("() => document.querySelectorAll('h1').length") == 1
        assert self.evaluate("() => document.documentElement.lang") != ""

    def evaluate(self, script: str):
        """Result of a script."""
        return self.page.evaluate(script)

    def screenshot(self, path: Path) -> Path:
        """Picture of the whole page."""
        self.page.screenshot(path=path, full_page=True)
        return path

    def pdf(self, path: Path) -> Path:
        """Print to A4, as the page's own style asks for."""
        self.page.pdf(path=path, prefer_css_page_size=True, print_background=False)
        return path


@contextmanager
def browser() -> Iterator:
    """Headless Chromium with a new profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        yield opened
        opened.close()


@contextmanager
def visit(opened, path: Path, width: int = DESKTOP, height: int = 900) -> Iterator[Visit]:
    """Open a file as a page."""
    address = path.resolve().as_uri()
    page = opened.new_page(viewport={"width": width, "height": height})
    seen = Visit(page)
    page.on("request", lambda request: seen.requests.append(request.url) if request.url != address else None)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(address)
    yield seen
    page.close()


ACTS = {"/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/SubmitForm", "/ImportData", "/URI", "/AA"}


def acts(pdf) -> list[str]:
    """What a PDF would do by itself, or where its links lead outside: scripts, programs, attached files, addresses.

    Parameters
    ----------
    pdf : pypdf.PdfReader
    """
    found, seen, todo = set(), set(), [pdf.trailer]
    while todo:
        one = todo.pop()
        if (reference := getattr(one, "idnum", None)) is not None:
            if reference in seen:
                continue
            seen.add(reference)
            one = one.get_object()
        if isinstance(one, dict):
            found |= ACTS & {*one, str(one.get("/S"))}
            todo += [one.raw_get(key) for key in one]
        elif isinstance(one, list):
            todo += list.__iter__(one)
    return sorted(found)
