"""Pages that a run has built, and what must be true of every one of them."""

from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

import wording_keys
from browser import DESKTOP, PHONE, visit
from regulars.pages.declared import FILES, PAGES, writer_of
from regulars.report.layout import Chart, Page
from regulars.report.levels import parted
from regulars.report.tables import ROWS_IN_DETAIL, worded_numbers, worded_table
from regulars.told import Told, read_told


def built(project: Path) -> list[tuple[str, str]]:
    """Dataset and stage of every page below a project's folder."""
    stages = {file: stage for stage, file in FILES.items()}
    files = sorted(project.glob("reports/*/*.html"))
    return [(path.parent.name, stages[path.name]) for path in files if path.name in stages]


def files_of(project: Path, dataset: str, stage: str) -> list[Path]:
    """Files of a page: what stands in front, and the details; of the index the first only."""
    names = [FILES[stage]] + ([PAGES[stage].detail_file] if stage in PAGES else [])
    return [project / "reports" / dataset / name for name in names]


def told_of(project: Path, dataset: str, stage: str) -> Told:
    """What a stage of a project has told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(project))
        return read_told(dataset, stage)


def blocks_of(project: Path, dataset: str, stage: str) -> list[dict]:
    """Blocks that a page is made of; none for the index, which has no stage."""
    if stage == "index":
        return []
    told = told_of(project, dataset, stage)
    return writer_of(told.page, "en").write(told)


MOST_BYTES = 400_000
MOST_WORDS = 1_200  # in front, for a director who has three minutes


def assert_whole_in_browser(opened, project: Path, dataset: str, stage: str) -> None:
    """On both levels, at both widths: no request, no complaint, every chart; light enough to be mailed.

    And in front, which comes first, few enough words: all that is seen counts, charts' and tables' among it.
    """
    levels = parted(blocks_of(project, dataset, stage))
    for file, parts in zip(files_of(project, dataset, stage), (levels.front, levels.details), strict=False):
        assert file.stat().st_size <= MOST_BYTES
        charts = sum(block["kind"] == "figure" for part in parts for block in part.blocks)
        if stage == "index":
            charts = file.read_text(encoding="utf-8").count('<div class="chart"')
        for width in (DESKTOP, PHONE):
            with visit(opened, file, width) as seen:
                seen.assert_whole(charts)
                if width == DESKTOP and not file.stem.endswith("-detail"):
                    assert seen.words() <= MOST_WORDS, f"{file.name} has {seen.words()} words"


def assert_figures_are_those_of_the_tables(project: Path, dataset: str, stage: str) -> int:
    """Every table of a page, made again from its file, has the same words; returns how many there are."""
    told = told_of(project, dataset, stage)
    html = "".join(file.read_text(encoding="utf-8") for file in files_of(project, dataset, stage)).replace("\u2060", "")
    tables = {
        block["table"]["file"]: block["table"] for block in blocks_of(project, dataset, stage) if "table" in block
    }
    assert_columns_stand_in_their_frames(PAGES[stage], told)
    for file, table in tables.items():
        section, name = Path(file).stem.split(".")
        looks = PAGES[stage].section(section).parts[name]
        again = made_again(project / "reports" / dataset / file, looks, told, section, name)
        assert file in html
        assert again["rows"] == table["rows"], file
        assert again["total"] == table["total"], file
        for cell in (cell for row in table["rows"] for cell in row):
            assert f">{escape(cell)}<" in html, file
    return len(tables)


def assert_columns_stand_in_their_frames(page: Page, told: Told) -> None:
    """Every column that a page declares of a chart or table is told with it."""
    for key, finding in told.sections.items():
        for name, frame in finding.frames.items():
            columns = wording_keys.shown_columns(page.section(key).parts[name])
            assert columns - set(frame) == set(), f"{key}.{name}"


def made_again(file: Path, looks, told: Told, section: str, name: str) -> dict:
    """Table of a page from its CSV, read without what the stage told of its columns."""
    wording = writer_of(told.page, "en").wording
    columns = looks.columns | dict(told.sections[section].columns.get(name, {}))
    text = {column: str for column, spec in columns.items() if spec.split(":")[0] in ("text", "label", "cohort")}
    frame = pd.read_csv(file, dtype=text, keep_default_na=False, na_values=[""])
    if isinstance(looks, Chart):
        return worded_numbers(frame, columns, wording, str, across=looks.across)
    columns = looks.known(frame, columns)
    return worded_table(frame, columns, wording, str, total=looks.total, rows=looks.rows or ROWS_IN_DETAIL)
