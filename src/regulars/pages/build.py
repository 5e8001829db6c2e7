"""The stage that makes every page of a dataset from what the other stages have told, and collects their figures."""

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

from regulars import catalog
from regulars.pages.declared import FILES, PAGES, writer_of
from regulars.pages.index import render_index
from regulars.paths import output_root
from regulars.report.render import render_blocks
from regulars.report.writer import Writer
from regulars.told import Told, read_told

# what `dvc metrics` shows: a dozen numbers by which builds are compared; metrics/<stage>.json has all, with intervals
HEADLINE = {
    "clean": ("customers", "money"),
    "value": ("worth", "orders", "equity"),
    "segments": ("best_share", "once"),
    "satisfaction": ("satisfaction",),
    "retention": ("kept", "second", "value_at_risk"),
    "interaction": ("solved",),
}


def headline(recorded: Mapping[str, Mapping[str, Mapping]]) -> dict[str, dict[str, float]]:
    """The figures by which builds are compared, as numbers alone; what a dataset does not have is left out.

    Parameters
    ----------
    recorded : mapping
        Stage to its figures, as ``metrics/<stage>.json`` has them.

    Returns
    -------
    dict
        Stage to figure to value, in the unit of the figure: money in the dataset's currency, shares from 0 to 1.

    Examples
    --------
    >>> headline({"clean": {"customers": {"value": 7, "low": None, "high": None, "n": 0, "unit": "count"}}})
    {'clean': {'customers': 7}}
    """
    found = {
        stage: {name: recorded[stage][name]["value"] for name in names if name in recorded.get(stage, {})}
        for stage, names in HEADLINE.items()
    }
    return {stage: figures for stage, figures in found.items() if figures}


def html_of(told: Told, language: str = "en") -> dict[str, str]:
    """Page of one stage, in front and in detail.

    Parameters
    ----------
    told : Told
    language : str

    Returns
    -------
    dict
        File to HTML.
    """
    writer = writer_of(told.page, language)
    writer.write(told)
    return _html(writer)


def _html(writer: Writer) -> dict[str, str]:
    page = writer.page
    made = render_blocks(writer.blocks, writer.about | {"acts": page.acts}, writer.wording, FILES, page.detail_file)
    return dict(zip((page.file, page.detail_file), made, strict=True))


def write_pages(dataset: str, settings) -> None:
    """Write every page of a dataset, its index, and ``metrics.json``.

    Parameters
    ----------
    dataset : str
    settings : mapping
        ``language``.

    Raises
    ------
    UserError
        Where a stage has not run.
    """
    folder = Path("reports", dataset)
    told = {stage: read_told(dataset, stage) for stage in PAGES}
    language = settings["language"]
    target = output_root() / folder
    target.mkdir(parents=True, exist_ok=True)
    written = {}
    for stage in PAGES:
        writer = writer_of(told[stage].page, language)
        with warnings.catch_warnings(record=True) as unsaid:
            written[stage] = writer.write(told[stage])
        for one in unsaid:
            text = f"regulars: {dataset}, pages: this should not have happened, and takes nothing from the page"
            print(f"{text}: {one.message} Please report it.", file=sys.stderr)
        for file, html in _html(writer).items():
            (target / file).write_text(html, encoding="utf-8")
    index = render_index(catalog.about(dataset), told, written, language=language)
    (target / FILES["index"]).write_text(index, encoding="utf-8")
    recorded = {stage: catalog.read_json(folder / "metrics" / f"{stage}.json")["metrics"] for stage in PAGES}
    catalog.write_json(headline(recorded), folder / "metrics.json")
