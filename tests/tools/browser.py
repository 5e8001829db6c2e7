"""Pages in headless Chromium: what they ask for, what they complain of, what they draw, how they print."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
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
SMALLEST_TEXT = """() => {
  let smallest = Infinity, where = "";
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || ["SCRIPT", "STYLE", "TEMPLATE"].includes(element.tagName)) continue;
    if (element.closest("template, noscript, #js-plotly-tester") || !element.getClientRects().length) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < smallest) { smallest = size; where = walk.currentNode.textContent.trim().slice(0, 60); }
  }
  return [smallest, where];
}"""
DRAWN = """() => Array.from(document.querySelectorAll(".chart"))
  .filter(box => box.querySelector(".main-svg") && box.querySelector(".trace, .points path, .point")).length"""
CLIPPED = """() => Array.from(document.querySelectorAll(".chart")).flatMap(box => {
  const frame = box.querySelector(".main-svg").getBoundingClientRect();
  return Array.from(box.querySelectorAll("text"))
    .filter(text => text.textContent.trim() && text.getClientRects().length)
    .filter(text => {
      const r = text.getBoundingClientRect();
      return r.left < frame.left - 1 || r.right > frame.right + 1
        || r.top < frame.top - 1 || r.bottom > frame.bottom + 1;
    })
    .map(text => box.id + ": " + text.textContent);
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

    def clipped_texts(self) -> list[str]:
        """Texts of charts that stick out of their chart."""
        return self.page.evaluate(CLIPPED)

    def assert_whole(self, charts: int) -> None:
        """What must hold of every page: silent, one heading, so many charts, nothing too wide, too small or cut off."""
        assert self.requests == []
        assert self.complaints == []
        assert self.drawn_charts() == charts
        assert self.overflow() <= 0
        assert self.smallest_text()[0] >= 11, self.smallest_text()
        assert self.clipped_texts() == []
        assert self.evaluate("() => document.querySelectorAll('h1').length") == 1
        assert self.evaluate("() => document.documentElement.lang") != ""

    def evaluate(self, script: str):
        """Result of a script."""
        return self.page.evaluate(script)

    def becomes(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Whether a condition comes true while we wait."""
        for _ in range(int(seconds / 0.05)):
            if condition():
                return True
            self.page.wait_for_timeout(50)
        return False

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
