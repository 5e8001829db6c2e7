"""The stages of the pipeline in their order: what runs, what it writes, where its page lies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage, named as its notebook is without the number.

    Parameters
    ----------
    name : str
    outputs : tuple of str
        Files, and folders (ending in ``/``), that the stage owns; ``{dataset}`` stands for the dataset.
    notebook : str, optional
        File in ``notebooks/``.
    entry : str, optional
        ``module:function`` called with dataset and settings, for a stage without a notebook.
    page : str, optional
        Name of its page in ``reports/<dataset>/``.
    """

    name: str
    outputs: tuple[str, ...]
    notebook: str | None = None
    entry: str | None = None
    page: str | None = None

    def owned(self, dataset: str) -> list[str]:
        """Paths of the outputs, relative to the project's root."""
        return [output.format(dataset=dataset) for output in self.outputs]


def _notebook_stage(name: str, notebook: str, page: str, *outputs: str) -> Stage:
    report = (
        f"reports/{{dataset}}/{page}",
        f"reports/{{dataset}}/metrics/{name}.json",
        f"reports/{{dataset}}/tables/{name}/",
        f"reports/{{dataset}}/executed/{name}.ipynb",
    )
    return Stage(name, (*outputs, *report), notebook=notebook, page=page)


_STAGES = (
    Stage("ingest", ("data/raw/{dataset}/",), entry="regulars.sources.ingest:ingest"),
    _notebook_stage("clean", "01_clean.ipynb", "quality.html", "data/clean/{dataset}/"),
    _notebook_stage(
        "value", "02_value.ipynb", "value.html", "data/scored/{dataset}/value.parquet", "models/{dataset}/clv.json"
    ),
    _notebook_stage(
        "segments",
        "03_segments.ipynb",
        "segments.html",
        "data/scored/{dataset}/segments.parquet",
        "data/scored/{dataset}/segments_why.parquet",
        "data/scored/{dataset}/preferences.parquet",
    ),
    _notebook_stage(
        "satisfaction", "04_satisfaction.ipynb", "satisfaction.html", "data/scored/{dataset}/satisfaction.parquet"
    ),
    _notebook_stage("retention", "05_retention.ipynb", "retention.html", "data/scored/{dataset}/retention.parquet"),
    Stage("scores", ("data/scored/{dataset}/customers.parquet",), entry="regulars.customer_table:join_scores"),
    Stage(
        "index",
        ("reports/{dataset}/metrics.json", "reports/{dataset}/index.html"),
        entry="regulars.pages.index:write_index",
        page="index.html",
    ),
)

STAGES = {stage.name: stage for stage in _STAGES}
