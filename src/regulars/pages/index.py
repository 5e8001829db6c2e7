"""The first page of a dataset: the answer of every page, and the figures that a director asks for first."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from regulars.pages.declared import FILES, FOLDERS, PAGES
from regulars.report.render import PageError, render
from regulars.report.wording import Wording
from regulars.report.writer import Writer
from regulars.rounding import plain
from regulars.told import INDICATORS, MONEY_INDICATORS, Told

# whose answer opens it
FIRST_ANSWERS = ("value", "retention", "segments", "satisfaction", "actions", "clean")
MAX_INDICATORS = 5


def render_index(about, told: Mapping[str, Told], language: str = "en", folders: Sequence[Path] = FOLDERS) -> str:
    """Make the first page of a dataset.

    Parameters
    ----------
    about : regulars.catalog.About
        What the dataset is.
    told : mapping
        Stage to what it told.
    language : str
    folders : sequence of Path
        Where the wording is.

    Returns
    -------
    str
        HTML.
    """
    if not told:
        raise PageError(f"the index of {about.name} has nothing to show: no stage has told anything.")
    page = {
        "stage": "index",
        "dataset": about.name,
        "title": about.title,
        "simulated": bool(about.simulated),
        "currency": about.currency,
        "start": plain(about.observation_start),
        "end": plain(about.observation_end),
        "level": next(iter(told.values())).page["level"],
        "share": min(one.page["share"] for one in told.values()),
        "orders_sampled": bool(about.orders_sampled),
    }
    context = {name: page[name] for name in ("title", "start", "end", "level", "stage", "share")}
    wording = Wording(language, about.currency, folders, context)
    first_screens = {stage: _first_screen(told[stage], language, folders) for stage in PAGES if stage in told}
    answers = {stage: next(b for b in blocks if b["kind"] == "answer") for stage, blocks in first_screens.items()}
    first = next(stage for stage in FIRST_ANSWERS if stage in answers)
    cards = [
        {"page": wording.say(f"page.{stage}"), "file": FILES[stage], "answer": answer.get("card", answer["title"])}
        | {"read": wording.say("index.cards.read", page=wording.say(f"page.{stage}"))}
        for stage, answer in answers.items()
    ]
    money, rates = (_indicators(first_screens, names) for names in (MONEY_INDICATORS, INDICATORS))
    return render(
        "index.html.j2",
        page,
        wording,
        FILES,
        answer=answers[first],
        tiles=money or rates,
        more_tiles=rates if money else [],
        cards=cards,
        terms=[{"word": wording.say("term.interval"), "meaning": wording.say("term.interval.meaning")}],
        source=[wording.say("index.window", raw=about.rows_raw, kept=about.rows_kept)],
    )


def _first_screen(told: Told, language: str, folders: Sequence[Path]) -> list[dict]:
    """Blocks of the answer and the key figures of one page."""
    writer = Writer(PAGES[told.page["stage"]], told.page, Wording(language, told.page["currency"], folders))
    writer.first_screen(told)
    return writer.blocks


def _indicators(first_screens: Mapping[str, list[dict]], names: Sequence[str]) -> list[dict]:
    found = [
        (names.index(block["indicator"]), block | {"file": FILES[stage]})
        for stage, blocks in first_screens.items()
        for block in blocks
        if block["kind"] == "tile" and block["indicator"] in names
    ]
    return [block for _, block in sorted(found, key=lambda pair: pair[0])][:MAX_INDICATORS]
