"""One page over all datasets: what the index of each says first, and the way there."""

import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from regulars.paths import project_root

INDEX_FILE = "index.html"
REPORTS = "reports"
SETTINGS = "params.yaml"
# of an index, which is ours and escaped already
PARTS = {
    "lang": re.compile(r'<html lang="([^"]*)"'),
    "who": re.compile(r'<p class="who"><strong>.*?</strong> · (.*?)</p>', re.S),
    "simulated": re.compile(r'<p class="banner simulated">(.*?)</p>', re.S),
    "title": re.compile(r"<h1>(.*?)</h1>", re.S),
}


def entry_of(html: str) -> dict[str, Markup]:
    """What the index of a dataset says first.

    Parameters
    ----------
    html : str
        Of the index.

    Returns
    -------
    dict
        ``lang``, ``who`` (title and last day), ``simulated`` (empty where the data are real) and ``title``.

    Examples
    --------
    >>> entry_of('<html lang="en"><p class="who"><strong>R</strong> · A &amp; B</p><h1>Worth it</h1>')["who"]
    Markup('A &amp; B')
    """
    found = {name: pattern.search(html) for name, pattern in PARTS.items()}
    return {name: Markup(one[1] if one else "") for name, one in found.items()}


def write_overview(datasets: Sequence[str], language: str = "en", root: Path | None = None) -> Path:
    """Write ``reports/index.html`` over the datasets whose pages stand; the same pages give the same bytes.

    Parameters
    ----------
    datasets : sequence of str
        In their order.
    language : str
        Of what this page itself says.
    root : Path, optional
        Of the project.

    Returns
    -------
    Path
    """
    # most builds need not write it: they do not wait for these
    from regulars.pages.declared import FOLDERS
    from regulars.report.render import render_alone
    from regulars.report.wording import Wording

    folder = (root or project_root()) / REPORTS
    indexes = [(name, folder / name / INDEX_FILE) for name in datasets]
    entries = [
        {"name": name, "file": f"{name}/{INDEX_FILE}"} | entry_of(file.read_text(encoding="utf-8"))
        for name, file in indexes
        if file.is_file()
    ]
    html = render_alone("overview.html.j2", Wording(language, None, FOLDERS), entries=entries)
    target, aside = folder / INDEX_FILE, folder / f".{INDEX_FILE}.new"
    folder.mkdir(parents=True, exist_ok=True)
    aside.write_text(html, encoding="utf-8")
    aside.replace(target)
    return target


def is_out_of_date(datasets: Sequence[str], root: Path | None = None) -> bool:
    """Whether a page that it leads to, or what is built, is newer than ``reports/index.html``."""
    root = root or project_root()
    target = root / REPORTS / INDEX_FILE
    if not target.is_file():
        return True
    known = [root / SETTINGS, *(root / REPORTS / name / INDEX_FILE for name in datasets)]
    return any(file.stat().st_mtime_ns > target.stat().st_mtime_ns for file in known if file.is_file())
