"""JupyterLab as `make lab` starts it, and the notebook that a newcomer opens first."""

import ast
import json
import runpy

import nbformat
import pytest

from places import ROOT

CONFIG = runpy.run_path(str(ROOT / "tools" / "jupyter_server_config.py"))
START = ROOT / "notebooks" / "00_start.ipynb"


def run_and_saved(path):
    notebook = nbformat.read(ROOT / "notebooks" / "05_retention.ipynb", 4)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text="42")]
            cell.metadata["execution"] = {"iopub.status.busy": "now"}
    model = {"type": "notebook", "content": notebook}
    CONFIG["strip_outputs"](model=model, path=path)
    return nbformat.writes(model["content"]) + "\n"


def test_a_notebook_that_was_run_and_saved_is_the_file_that_it_was():
    before = (ROOT / "notebooks" / "05_retention.ipynb").read_text(encoding="utf-8")
    assert json.loads(run_and_saved("notebooks/05_retention.ipynb")) == json.loads(before)


@pytest.mark.parametrize("path", ["explore/1.0-xy-question.ipynb", "/scratch/x.ipynb"])
def test_notebooks_of_ones_own_keep_their_outputs(path):
    assert "42" in run_and_saved(path)


def test_the_first_five_cells_take_a_frame_to_the_worth_of_every_customer():
    """On a small frame in place of CDNOW's: what is shown is the frame of customers with their clv."""
    if not (ROOT / "data/clean/cdnow/orders.parquet").is_file():
        pytest.skip("cdnow is not built here: run `make reports`")
    cells = [cell for cell in json.loads(START.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells[0]["metadata"]["tags"] == ["parameters"]
    names: dict = {}
    exec("".join(cells[0]["source"]), names)
    assert (names["dataset"], names["changes"]) == ("cdnow", {})
    for cell in cells[1:5]:
        tree = ast.parse("".join(cell["source"]))
        shown = ast.Expression(tree.body.pop().value)
        exec(compile(tree, START.name, "exec"), names)
        if "orders" in names and len(names["orders"]) > 20_000:
            kept = names["orders"]["customer_id"] < "01500"
            names["orders"] = names["orders"][kept].reset_index(drop=True)
        frame = eval(compile(shown, START.name, "eval"), names)
    assert {"customer_id", "clv", "clv_low", "clv_high"} <= set(frame)
    assert frame["clv"].is_monotonic_decreasing


def test_what_one_explores_is_nobody_elses_business():
    assert "explore" in (ROOT / ".dvcignore").read_text(encoding="utf-8").split()
    assert "/explore/*" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
