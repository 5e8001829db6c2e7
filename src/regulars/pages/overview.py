"""One page over all datasets: what the index of each says first, and the way there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from regulars.paths import project_root

INDEX_FILE = "index.html"
REPORTS = "reports"
SETTINGS = "params.yaml"


def entry_of(dataset: str, language: str) -> dict[str, str]:
    """What the index of a dataset says first, from what its stages have told.

    Parameters
    ----------
    dataset : str
    language : str
        Of its pages.

    Returns
    -------
    dict
        ``lang``, ``who`` (title and last day), ``simulated`` (empty where the data are real) and ``title``.
    """
    from regulars.pages.declared import writer_of
    from regulars.pages.index import FIRST_ANSWERS
    from regulars.told import read_answer, told_file

    first = next(stage for stage in FIRST_ANSWERS if (project_root() / told_file(dataset, stage)).is_file())
    page, answer = read_answer(dataset, first)
    writer = writer_of(page, language)
    say = writer.wording.say
    writer.answer(answer.verdict, **answer.facts)
    return {
        "lang": writer.wording.lang,
        "who": f"{page['title']} · {say('page.until')}",
        "simulated": say("page.simulated") if page["simulated"] else "",
        "title": writer.blocks[0]["title"],
    }


def write_overview(languages: Mapping[str, str]) -> Path:
    """Write ``reports/index.html`` over the datasets whose pages stand; the same told gives the same bytes.

    Parameters
    ----------
    languages : mapping
        Dataset, in their order, to the language of its pages; that of the first is also what this page itself speaks.

    Returns
    -------
    Path
    """
    # most builds need not write it: they do not wait for these
    from regulars.pages.declared import FOLDERS
    from regulars.report.render import render_alone
    from regulars.report.wording import Wording

    folder = project_root() / REPORTS
    entries = [
        {"name": name, "file": f"{name}/{INDEX_FILE}"} | entry_of(name, language)
        for name, language in languages.items()
        if (folder / name / INDEX_FILE).is_file()
    ]
    wording = Wording(next(iter(languages.values()), "en"), None, FOLDERS)
    html = render_alone("overview.html.j2", wording, entries=entries)
    target, aside = folder / INDEX_FILE, folder / f".{INDEX_FILE}.new"
    folder.mkdir(parents=True, exist_ok=True)
    aside.write_text(html, encoding="utf-8")
    aside.replace(target)
    return target


def is_out_of_date(datasets: Sequence[str]) -> bool:
    """Whether a page that it leads to, or what is built, is newer than ``reports/index.html``."""
    root = project_root()
    target = root / REPORTS / INDEX_FILE
    if not target.is_file():
        return True
    known = [root / SETTINGS, *(root / REPORTS / name / INDEX_FILE for name in datasets)]
    return any(file.stat().st_mtime_ns > target.stat().st_mtime_ns for file in known if file.is_file())
