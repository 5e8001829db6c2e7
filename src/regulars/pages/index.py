"""The first page of a dataset, from what the reports have recorded."""

import json
from pathlib import Path

from regulars import catalog
from regulars.paths import output_root, project_root
from regulars.report.render import render_index

REPORTS = ("clean", "value", "segments", "satisfaction", "retention")


def write_index(dataset: str, settings: dict) -> None:
    """Write ``reports/<dataset>/metrics.json`` and ``index.html``.

    Parameters
    ----------
    dataset : str
    settings : dict
        language and interval_level.
    """
    folder = Path("reports", dataset)
    metrics = {
        stage: json.loads((project_root() / folder / "metrics" / f"{stage}.json").read_text(encoding="utf-8"))
        for stage in REPORTS
        if (project_root() / folder / "metrics" / f"{stage}.json").is_file()
    }
    catalog.write_json({stage: content["metrics"] for stage, content in metrics.items()}, folder / "metrics.json")
    page = render_index(catalog.about(dataset), metrics, settings["language"], settings["interval_level"])
    (output_root() / folder / "index.html").write_text(page, encoding="utf-8")
