"""JupyterLab as `make lab` starts it: a saved notebook holds no outputs: run, it is still the same file.

What was computed stays on the screen; only the file is left clean. Notebooks of one's own, in ``explore/`` and
``scratch/``, keep their outputs.
"""

KEPT = ("explore/", "scratch/")


def strip_outputs(model, path: str, **_) -> None:
    """Take outputs, counts and what papermill or a cell's run left out of a notebook that is about to be saved."""
    if model["type"] != "notebook" or path.lstrip("/").startswith(KEPT):
        return
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        cell["metadata"] = {"tags": cell["metadata"]["tags"]} if cell["metadata"].get("tags") else {}


if "get_config" in globals():  # read by JupyterLab, not by a test
    c = get_config()  # noqa: F821
    c.FileContentsManager.pre_save_hook = strip_outputs
    c.ServerApp.root_dir = "."
    c.LabApp.default_url = "/lab/tree/notebooks"
