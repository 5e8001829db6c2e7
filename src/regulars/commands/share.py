"""One file to forward: the pages of a dataset with their tables as a zip, or all of it as one PDF."""

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from regulars.catalog.places import read_json
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.stages import LEVELS, PAGES

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = ("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer")
SECONDS = 300  # for a browser to print
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a zip: the same pages give the same bytes
OWN_IDS = ("top", "answer", "actions", "terms", "year", "cards", "indicators", "trust", "other-actions")


def share(dataset: str, output: Path | None = None, *, pdf: bool = False) -> Path:
    """Write one file that holds the pages of a dataset.

    Parameters
    ----------
    dataset : str
    output : Path, optional
        File to write; default ``scratch/<dataset>-<last day>.zip``, or ``.pdf``.
    pdf : bool
        Whether to print the pages with a browser, what stands in front first and the details behind it, in place of
        packing them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UserError
        Where the pages have not been made, or there is no browser to print them.
    """
    folder = project_root() / "reports" / dataset
    absent = [page for page in PAGES if not (folder / f"{page}.html").is_file()]
    if absent:
        raise UserError(f"reports/{dataset} has no {absent[0]}.html: run regulars reports {dataset} first.")
    end = read_json(Path("reports", dataset, "told", "value.json"))["page"]["end"]
    file = output or project_root() / "scratch" / f"{dataset}-{end}.{'pdf' if pdf else 'zip'}"
    file.parent.mkdir(parents=True, exist_ok=True)
    if pdf:
        print_pages([folder / f"{page}.html" for page in in_order(PAGES)], file)
    else:
        pack(folder, file)
    return file


def in_order(pages: Iterable[str]) -> list[str]:
    """Pages as they are printed: all that stands in front, then the details as an appendix.

    Examples
    --------
    >>> in_order(["index", "value", "value-detail", "segments", "segments-detail"])
    ['index', 'value', 'segments', 'value-detail', 'segments-detail']
    """
    return sorted(pages, key=lambda page: page.endswith(LEVELS[1]))


def pack(folder: Path, file: Path) -> None:
    """Pack pages and tables of a folder of reports, so that every link between them holds.

    Parameters
    ----------
    folder : Path
        ``reports/<dataset>``.
    file : Path
        The zip.
    """
    inside = [*folder.glob("*.html"), *(folder / "tables").rglob("*.csv")]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(inside):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def joined(pages: dict[str, str]) -> str:
    """Several pages as one, with one count of sheets; links between them lead within it.

    Parameters
    ----------
    pages : dict
        File to HTML, in order.

    Returns
    -------
    str
        HTML.
    """
    first = next(iter(pages.values()))
    parts = []
    for number, (file, html) in enumerate(pages.items()):
        main = html[html.index("<main") : html.index("</main>") + len("</main>")]
        main = re.sub(r"<footer\b.*?</footer>", "", main, flags=re.S)  # every sheet says whose it is
        for name in OWN_IDS:
            main = re.sub(rf'(id|aria-labelledby)="{name}"', rf'\1="{name}-{number}"', main)
            main = main.replace(f'href="#{name}"', f'href="#{name}-{number}"')
        parts.append(f'<div class="sheet" id="{file}">{main}</div>')
    text = "\n".join(parts)
    text = re.sub(r'href="[\w-]+\.html#([\w-]+)"', r'href="#\1"', text)
    text = re.sub(r'href="([\w-]+\.html)"', r'href="#\1"', text)
    text = re.sub(r' href="(?!#)[^"]*"', "", text)  # of what is not in it; it would hold a path of this machine
    head = first[: first.index("<body")]
    # a section that stands on both levels has its name twice: links lead to the first, in front
    return f"{head}<body>\n{text}\n</body>\n</html>\n"


def print_pages(files: list[Path], file: Path) -> None:
    """Print pages as one PDF with the browser that is there.

    Parameters
    ----------
    files : list of Path
        Pages, in order.
    file : Path
        The PDF.

    Raises
    ------
    UserError
        Where there is no Chromium, or it prints nothing.
    """
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise UserError("a PDF is printed by Chromium, and there is none here: install it, or share without --pdf.")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "pages.html")
        page.write_text(joined({path.name: path.read_text(encoding="utf-8") for path in files}), encoding="utf-8")
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={file}", page.as_uri()]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # it refuses to start for root otherwise
        file.unlink(missing_ok=True)
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise UserError(f"{Path(browser).name} printed nothing within {SECONDS} s.") from None
    if not file.is_file():
        raise UserError(f"{Path(browser).name} printed nothing: share without --pdf.")
