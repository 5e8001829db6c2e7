"""Every notebook in a real JupyterLab: it runs, its money is no mathematics, and it says what the page says."""

import json
import re
from html.parser import HTMLParser

import pytest

from browser import browser, needs_browser
from lab import jupyterlab, run_all
from places import ROOT
from regulars.stages import STAGES

pytestmark = pytest.mark.xdist_group("jupyterlab")  # one server
STORIES = {name: stage for name, stage in STAGES.items() if stage.notebook}
NAMED = re.compile(r"C-[0-9A-Z]{12}")  # pseudonyms hang on the key of whoever built the pages
MARKS = re.compile("[▲▼●]")
JOINER = "\N{WORD JOINER}"  # keeps a range on one line of a page
ALWAYS = ("cycle", "cdnow")  # the shortest of them, in `make test`
BESIDE = ("notebooks/00_start.ipynb", *(f"explore/examples/{file.name}" for file in
                                        sorted((ROOT / "explore" / "examples").glob("*.ipynb"))))  # fmt: skip


class _Text(HTMLParser):
    """All text of a page but that of its charts, scripts and style."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], 0

    def handle_starttag(self, tag, attrs):
        self.inside += tag in ("svg", "script", "style")

    def handle_endtag(self, tag):
        self.inside -= tag in ("svg", "script", "style")

    def handle_data(self, data):
        if not self.inside:
            self.found.append(data)


def plain(text: str) -> str:
    """Words of a text: without marks of states and names that hang on a key, and with single blanks."""
    return " ".join(
        NAMED.sub("C-", MARKS.sub(" ", text)).replace(JOINER, "").replace("·", " ").replace(":", " ").split()
    )


def page_text(stage: str, dataset: str) -> str:
    """What the page of a stage says, in front and in its details, and the index, where some figures stand alone."""
    parser = _Text()
    page = {"clean": "quality"}.get(stage, stage)
    for file in (f"{page}.html", f"{page}-detail.html", "index.html"):
        parser.feed((ROOT / "reports" / dataset / file).read_text(encoding="utf-8"))
    return plain(" ".join(parser.found))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with jupyterlab(folder) as address, browser() as opened:

        def run(notebook: str, dataset: str) -> list[dict]:
            if not (ROOT / "reports" / dataset / "metrics.json").is_file():
                pytest.skip(f"the pages of {dataset} are not built here")
            file = folder / notebook
            content = json.loads(file.read_text(encoding="utf-8"))
            first = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
            first["source"] = [re.sub(r'^dataset = "\w+"', f'dataset = "{dataset}"', line) for line in first["source"]]
            file.write_text(json.dumps(content), encoding="utf-8")
            return run_all(opened, address, notebook)

        yield run


def assert_runs(seen: list[dict], least: float = 1 / 2) -> None:
    """What holds of every notebook: no cell fails, no text is typeset as a formula, so many show something, drawn."""
    assert [cell["source"] for cell in seen if cell["failed"]] == []
    assert [cell["source"] for cell in seen if cell["formulas"]] == []
    shown = [one for cell in seen for one in cell["shown"]]
    assert len(shown) >= least * len(seen)
    assert all(one["text"].strip() or one["plotted"] for one in shown)
    assert not any("Javascript Error" in one["text"] for one in shown)


@needs_browser
@pytest.mark.parametrize(
    ("stage", "dataset"),
    [
        pytest.param(stage, dataset, marks=() if (stage, dataset) == ALWAYS else pytest.mark.full)
        for dataset in ("cdnow", "demo")
        for stage in STORIES
    ],
)
def test_a_story_says_what_its_page_says(lab, stage, dataset):
    seen = lab(f"notebooks/{STORIES[stage].notebook}", dataset)
    content = json.loads((ROOT / "reports" / dataset / "told" / f"{stage}.json").read_text(encoding="utf-8"))
    supplied = [section for section in content["sections"] if section["verdict"] != "not_supplied"]
    assert_runs(seen, least=1 / 2 if supplied else 1 / 3)  # sections that miss the same table say so once
    page = page_text(stage, dataset)
    told = [one for cell in seen if "report." in cell["source"] for one in cell["shown"] if one["told"]]
    said = [plain(part) for one in told for line in one["lines"] for part in re.split(" · |: ", line)]
    for heads, *rows in (table for one in told for table in one["tables"]):
        columns = [at for at, head in enumerate(heads) if plain(head) in page]  # a page leaves some to the file
        said += [plain(row[at]) for row in rows for at in columns if at < len(row)]
    assert [line for line in said if line not in page] == []
    drawn = sum(one["plotted"] > 0 for one in told)
    assert len(said) > (10 if supplied else 5), "of what is not supplied a few lines say so"
    assert drawn >= bool(supplied) or dataset == "cdnow"


@needs_browser
@pytest.mark.full
@pytest.mark.parametrize("notebook", BESIDE)
def test_what_a_newcomer_opens_runs(lab, notebook):
    dataset = "cdnow" if notebook.endswith("00_start.ipynb") else "demo"
    assert_runs(lab(notebook, dataset))
