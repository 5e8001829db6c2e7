"""The stages of the pipeline in their order: what runs, and what it writes."""

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
    """

    name: str
    outputs: tuple[str, ...]
    notebook: str | None = None
    entry: str | None = None

    def owned(self, dataset: str) -> list[str]:
        """Paths of the outputs, relative to the project's root."""
        return [output.format(dataset=dataset) for output in self.outputs]


def _notebook_stage(name: str, notebook: str, *outputs: str) -> Stage:
    report = (
        f"reports/{{dataset}}/told/{name}.json",
        f"reports/{{dataset}}/metrics/{name}.json",
        f"reports/{{dataset}}/tables/{name}/",
        f"reports/{{dataset}}/executed/{name}.ipynb",
    )
    return Stage(name, (*outputs, *report), notebook=notebook)


SUBJECTS = ("quality", "value", "segments", "satisfaction", "retention", "interaction", "actions", "cycle")
LEVELS = ("", "-detail")  # of every page but the index: what stands in front, and the details
PAGES = (
    "index",
    *(f"{page}{level}" for page in SUBJECTS for level in LEVELS),
)

_STAGES = (
    Stage("ingest", ("data/raw/{dataset}/",), entry="regulars.sources.ingest:ingest"),
    _notebook_stage("clean", "01_clean.ipynb", "data/clean/{dataset}/"),
    _notebook_stage("value", "02_value.ipynb", "data/scored/{dataset}/value.parquet", "models/{dataset}/clv.json"),
    _notebook_stage(
        "segments",
        "03_segments.ipynb",
        "data/scored/{dataset}/segments.parquet",
        "data/scored/{dataset}/segments_why.parquet",
        "data/scored/{dataset}/preferences.parquet",
    ),
    _notebook_stage("satisfaction", "04_satisfaction.ipynb", "data/scored/{dataset}/satisfaction.parquet"),
    _notebook_stage("retention", "05_retention.ipynb", "data/scored/{dataset}/retention.parquet"),
    _notebook_stage("interaction", "06_interaction.ipynb", "data/scored/{dataset}/interaction.parquet"),
    _notebook_stage(
        "actions",
        "07_actions.ipynb",
        "data/scored/{dataset}/actions.parquet",
        "data/scored/{dataset}/monday.parquet",
    ),
    _notebook_stage("cycle", "08_cycle.ipynb"),
    Stage("scores", ("data/scored/{dataset}/customers.parquet",), entry="regulars.customer_table:join_scores"),
    Stage(
        "pages",
        ("reports/{dataset}/metrics.json", *(f"reports/{{dataset}}/{page}.html" for page in PAGES)),
        entry="regulars.pages.build:write_pages",
    ),
)

STAGES = {stage.name: stage for stage in _STAGES}
