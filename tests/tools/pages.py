"""Pages that a run has built, and what must be true of every one of them."""

from pathlib import Path

import pandas as pd

from browser import DESKTOP, PHONE, visit
from regulars.report.render import PAGES, notebook_blocks
from regulars.report.tables import worded_numbers, worded_table
from regulars.report.wording import Wording


def built(project: Path) -> list[tuple[str, str]]:
    """Dataset and stage of every page below a project's folder."""
    stages = {file: stage for stage, file in PAGES.items()}
    return [(path.parent.name, stages[path.name]) for path in sorted(project.glob("reports/*/*.html"))]


def blocks_of(project: Path, dataset: str, stage: str) -> list[dict]:
    """Blocks that a page was made of; none for the index, which has no notebook."""
    import json

    path = project / "reports" / dataset / "executed" / f"{stage}.ipynb"
    if stage == "index":
        return []
    return notebook_blocks(json.loads(path.read_text(encoding="utf-8")), path.name)


def assert_whole_in_browser(opened, project: Path, dataset: str, stage: str) -> None:
    """At both widths: no request, no complaint, as many charts as the notebook made."""
    charts = sum(block["kind"] == "figure" for block in blocks_of(project, dataset, stage))
    for width in (DESKTOP, PHONE):
        with visit(opened, project / "reports" / dataset / PAGES[stage], width) as seen:
            seen.assert_whole(charts)


def assert_figures_are_those_of_the_tables(project: Path, dataset: str, stage: str) -> int:
    """Every table of a page, made again from its file, has the same words; returns how many there are."""
    blocks = blocks_of(project, dataset, stage)
    page = next(block["page"] for block in blocks if block["kind"] == "footer")
    html = (project / "reports" / dataset / PAGES[stage]).read_text(encoding="utf-8")
    tables = [block["table"] for block in blocks if "table" in block]
    for table in tables:
        assert table["file"] in html
        again = made_again(project / "reports" / dataset / table["file"], table["made"], page)
        assert again["rows"] == table["rows"], table["file"]
        assert again["total"] == table["total"], table["file"]
    return len(tables)


def made_again(file: Path, made: dict, page: dict) -> dict:
    """Table of a page from its CSV."""
    wording = Wording(page["language"], currency=page["currency"])
    made = {**made, "columns": dict(made["columns"])}
    text = {name: str for name, spec in made["columns"].items() if spec.split(":")[0] in ("text", "label")}
    frame = pd.read_csv(file, dtype=text, keep_default_na=False, na_values=[""])
    make = worded_numbers if "across" in made else worded_table
    return make(frame, wording=wording, heading=str, **made)
