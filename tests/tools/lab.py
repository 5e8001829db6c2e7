"""Notebooks run in a real JupyterLab, in headless Chromium: what a person at the screen sees of them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from places import ROOT

KEY = "a key for the tests"
STARTS_WITHIN, RUNS_WITHIN = 180, 600  # seconds, on a machine that does much else
# all cells in the document at once, instead of those in sight; nothing is asked of the network
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
IDLE = """() => {
  const app = window.jupyterapp, panel = app && app.shell.currentWidget;
  return Boolean(panel && panel.sessionContext && panel.sessionContext.session && panel.content.widgets.length
    && panel.sessionContext.session.kernel && panel.sessionContext.session.kernel.status === "idle");
}"""
RUN = """async () => { await window.jupyterapp.commands.execute("notebook:run-all-cells"); }"""
# formulas are made, and pictures drawn, a little after the outputs came
SEEN = """() => Array.from(document.querySelectorAll(".jp-CodeCell"), cell => ({
  source: cell.querySelector(".jp-InputArea-editor").innerText,
  shown: Array.from(cell.querySelectorAll(".jp-OutputArea-output"), one => ({
    type: one.dataset.mimeType || "", text: one.innerText,
    lines: Array.from(one.querySelectorAll("h1, h2, p, blockquote, caption"), part => part.textContent),
    tables: Array.from(one.querySelectorAll("table"), table =>
      Array.from(table.rows, row => Array.from(row.cells, cell => cell.innerText))),
    told: one.closest(".jp-OutputArea-executeResult") === null,
    plotted: one.querySelectorAll(".js-plotly-plot .main-svg").length,
    wide: one.scrollWidth - one.clientWidth,
  })),
  formulas: cell.querySelectorAll("mjx-container").length,
  failed: cell.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]').length,
}))"""  # noqa: E501


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """JupyterLab of a copy of the project, as `make lab` starts it, on the outputs of the pipeline; its address.

    Parameters
    ----------
    folder : Path
        Empty; notebooks are copied into it, what the pipeline made is linked.
    """
    for name in ("params.yaml", "dvc.yaml", "data", "models", "reports"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("notebooks", "explore/examples", "tools"):
        shutil.copytree(ROOT / name, folder / name)
    own = folder / ".own"
    for plugin, content in SETTINGS.items():
        file = own / "settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "JUPYTER"))}
    folders = {"SETTINGS_DIR": "settings", "WORKSPACES_DIR": "workspaces"}
    environment = kept | {f"JUPYTERLAB_{name}": str(own / place) for name, place in folders.items()}
    environment |= {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment |= {"IPYTHONDIR": str(own / "ipython"), "PYTHONPATH": str(ROOT / "src"), "REGULARS_ID_KEY": KEY}
    command = [sys.executable, "-m", "jupyterlab", "--config=tools/jupyter_server_config.py", "--no-browser",
               f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
               "--ServerApp.allow_root=True", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(port, server, folder / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:  # kernels end with it
            server.kill()
            server.wait()


def _wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(STARTS_WITHIN * 5):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def run_all(opened, address: str, notebook: str, picture: Path | None = None) -> list[dict]:
    """Open a notebook, run all of its cells, and look.

    Parameters
    ----------
    opened
        A browser, see `browser`.
    address : str
        Of the server.
    notebook : str
        Below its folder.
    picture : Path, optional
        Where a picture of the whole notebook is written.

    Returns
    -------
    list of dict
        Per code cell ``source``, ``shown`` (of each output type, text, lines, tables, whether it was told rather than
        the result of the cell, pictures drawn, pixels that stand out),
        ``formulas`` (mathematics made of its output) and ``failed`` (outputs that are errors).
    """
    page = opened.new_page(viewport={"width": 1280, "height": 1000})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/lab/tree/{notebook}?reset")
    page.wait_for_function(IDLE, timeout=STARTS_WITHIN * 1000, polling=200)
    page.set_default_timeout(RUNS_WITHIN * 1000)
    page.evaluate(RUN)
    page.wait_for_function(IDLE, timeout=RUNS_WITHIN * 1000, polling=200)
    page.wait_for_timeout(1500)
    seen = page.evaluate(SEEN)
    strange = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert strange == [], f"{notebook} asked the network for {strange}"
    if picture is not None:
        _photograph(page, picture)
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")
    page.close()
    return seen


def _photograph(page, picture: Path, step: int = 2000) -> None:
    """The whole notebook, of which the window shows a part, piece by piece."""
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.set_viewport_size({"width": 1280, "height": step + 130})
    page.wait_for_timeout(1000)
    box = page.locator(".jp-WindowedPanel-outer").first
    tall = box.evaluate("one => one.scrollHeight")
    for number, top in enumerate(range(0, tall, step)):
        box.evaluate("(one, top) => { one.scrollTop = top; }", top)
        page.wait_for_timeout(300)
        page.screenshot(path=picture.with_name(f"{picture.stem}-{number}.png"))
