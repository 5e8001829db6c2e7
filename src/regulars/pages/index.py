"""The first page of a dataset: what to do, where revenue goes, every page's answer, and how far to trust it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from regulars.finding import Finding
from regulars.pages.declared import FILES, FOLDERS, PAGES
from regulars.pages.next_table import tell_lacking
from regulars.report import charts
from regulars.report.columns import columns
from regulars.report.layout import Page, Word, chart, section, table
from regulars.report.levels import Levels, Part, levels_of_actions, parted
from regulars.report.render import PageError, render
from regulars.report.wording import Wording
from regulars.report.writer import Writer
from regulars.rounding import plain
from regulars.told import INDICATORS, MONEY_INDICATORS, Told, table_file

# whose answer opens it
FIRST_ANSWERS = ("value", "retention", "segments", "satisfaction", "interaction", "actions", "clean")
MAX_INDICATORS = 5
REVENUE = ("value", "cohorts", "months")  # stage, section and frame of which the months stand on it
MONTHS = 12  # of the past, beside those to come
TRUST = (("value", "trust"), ("retention", "last"), ("clean", "sufficiency"))  # sections that say how far to trust it

PAGE = Page(
    "index",
    FILES["index"],
    (
        section(
            "year",
            revenue=chart(
                charts.stacked,
                columns(start="month_short", revenue="money_short"),
                x="start",
                y="revenue",
                by="of",
                low="low",
                high="high",
                border=Word("year.border"),
            ),
        ),
        section("lacking", tables=table({"table": "text", "effort": "text", "tells": "text"})),
    ),
)


def render_index(
    about,
    told: Mapping[str, Told],
    written: Mapping[str, list[dict]],
    *,
    language: str = "en",
    folders: Sequence[Path] = FOLDERS,
) -> str:
    """Make the first page of a dataset.

    Parameters
    ----------
    about : regulars.catalog.About
        What the dataset is.
    told : mapping
        Stage to what it told.
    written : mapping
        Stage to the blocks of its page.
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
    page |= next(({"changes": one.page["changes"]} for one in told.values() if "changes" in one.page), {})
    wording = Wording(language, about.currency, folders)
    writer = Writer(PAGE, page, wording)
    blocks = {stage: written[stage] for stage in PAGES if stage in written}
    answers = {stage: next(b for b in some if b["kind"] == "answer") for stage, some in blocks.items()}
    first = next(stage for stage in FIRST_ANSWERS if stage in answers)
    cards = [
        {"page": wording.say(f"page.{stage}"), "file": FILES[stage], "answer": answer.get("card", answer["title"])}
        | {"read": wording.say("index.cards.read", page=wording.say(f"page.{stage}"))}
        for stage, answer in answers.items()
    ]
    money, rates = (_indicators(blocks, names) for names in (MONEY_INDICATORS, INDICATORS))
    absent = [name for name in INDICATORS if name not in {tile["indicator"] for tile in rates}]
    return render(
        "index.html.j2",
        page,
        wording,
        FILES,
        answer=answers[first],
        levels=_actions(blocks, wording),
        year=_year(writer, told, blocks),
        lacking=_lacking(writer, told, absent),
        tiles=money or rates,
        more_tiles=rates if money else [],
        absent=[wording.say(f"index.indicator.{name}") for name in absent],
        cards=cards,
        trust=_titles(blocks, TRUST),
        terms=[
            {"word": wording.say(f"term.{key}"), "meaning": wording.say(f"term.{key}.meaning")}
            for key in ["interval", *(["month"] if any("month" in one.terms for one in told.values()) else [])]
        ],
        source=[wording.say("index.window", raw=about.rows_raw, kept=about.rows_kept)],
        models=[],
    )


def _lacking(writer: Writer, told: Mapping[str, Told], absent: list[str]) -> Part | None:
    """Section on what to supply next; None where nothing is missing."""
    found = tell_lacking(told, writer.wording, absent)
    if found is None:
        return None
    (finding, others), before = found, len(writer.blocks)
    writer.tell("lacking", finding)
    if others:
        text = writer.wording.say("index.lacking.others", names=", ".join(others))
        writer.blocks.append({"kind": "text", "text": text})
    part = parted(writer.blocks[before:]).details[0]
    for block in part.blocks:
        if block["kind"] == "table":
            block["table"]["file"] = ""  # made of the wording, which is no table of a stage
    return part


def _indicators(blocks: Mapping[str, list[dict]], names: Sequence[str]) -> list[dict]:
    found = [
        (names.index(block["indicator"]), block | {"file": FILES[stage]})
        for stage, some in blocks.items()
        for block in some
        if block["kind"] == "tile" and block["indicator"] in names
    ]
    return [block for _, block in sorted(found, key=lambda pair: pair[0])][:MAX_INDICATORS]


def _actions(blocks: Mapping[str, list[dict]], wording: Wording) -> Levels:
    """What surely brings most over all pages; what several pages tell in the same words counts once."""
    told: dict[str, dict] = {}
    for stage, some in blocks.items():
        for block in some:
            if block["kind"] == "action":
                told.setdefault(block["text"], block | {"file": FILES[stage], "page": wording.say(f"page.{stage}")})
    return levels_of_actions(told.values())


def _titles(blocks: Mapping[str, list[dict]], places: Iterable[tuple[str, str]]) -> list[dict]:
    """Titles of some sections, with the files where they stand."""
    wanted: dict[tuple[str, str], dict | None] = {(stage, f"{stage}-section-{key}"): None for stage, key in places}
    for stage, some in blocks.items():
        for block in some:
            if block["kind"] == "section" and (stage, block["id"]) in wanted:
                file = FILES[stage] if block["front"] and not block["nothing"] else PAGES[stage].detail_file
                words = {name: block[name] for name in ("question", "title")}
                wanted[stage, block["id"]] = words | {"file": f"{file}#{block['id']}"}
    return [title for title in wanted.values() if title]


def _year(writer: Writer, told: Mapping[str, Told], blocks: Mapping[str, list[dict]]) -> dict | None:
    """Revenue of the last months and those to come, month by month; None where it is not told."""
    stage, key, name = REVENUE
    title = _titles(blocks, [(stage, key)])
    frame = told[stage].sections[key].frames.get(name) if title else None
    if frame is None:
        return None
    shown = {"named": "start", "revenue_low": "low", "revenue_high": "high", "is_ahead": "is_forecast"}
    months = frame[frame["is_ahead"] | frame["is_whole"]].rename(columns={"start": "begins"}).rename(columns=shown)
    months = months[["revenue", *shown.values()]].sort_values("start")
    months = pd.concat([months[~months["is_forecast"]].tail(MONTHS), months[months["is_forecast"]]])
    past, ahead = (float(months.loc[months["is_forecast"] == kind, "revenue"].sum()) for kind in (False, True))
    frames = {"revenue": months.assign(of="revenue")}
    writer.tell("year", Finding(None, {"past": past, "ahead": ahead}, frames))
    figure = next((block for block in writer.blocks if block["kind"] == "figure"), None)
    if figure is None:  # none of the months has a number to be drawn
        return None
    figure["table"]["file"] = table_file(stage, key, name).as_posix()
    return title[0] | {"question": writer.blocks[0]["question"], "figure": figure}
