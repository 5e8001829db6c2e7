"""A year of monthly reports on the simulated shop: closed twelve times, with a fault and a campaign to be found.

    python benchmarks/year.py                  # twelve months of 5,000 customers
    python benchmarks/year.py --months 3 --customers 800
    python benchmarks/year.py --brief          # until the last month only what is closed with it, of fewer draws,
                                               # and by processes that branch off this one, with the library loaded

A folder given by --folder that holds closed months already is gone on with.

Every month the shop is exported as it stood, every stage is run and the month is closed; a plan says that the campaign
should bring customers back. Printed is what the scorecard lit, how the forecasts of the closed months held, and what
became of the plan. Works in a folder of its own, which is left for looking at, with the pages of the last month.
"""

import argparse
import importlib
import io
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from multiprocessing import get_context
from pathlib import Path

import nbformat
import pandas as pd
import yaml

import regulars as library
from regulars import cli, runner
from regulars.simulate import demo
from regulars.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
NAME, FIRST = "year", "2025-07"
COPIED = ("notebooks", "data/sources/demo.yaml", "params.yaml", "pyproject.toml")
PUSHED, WORSE = "2025-11-03", "2026-02-01"
BRIEF = ("ingest", "clean", "value", "segments", "retention", "scores")
BRIEF_DRAWS = 60, 5
PLANTED = {"push_on": PUSHED, "push_percent": 25, "worse_from": WORSE, "worse_times": 4}


def lay_out(folder: Path, *, brief: bool) -> None:
    """A project of its own that works on this checkout's code."""
    for part in COPIED:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(ROOT / part), str(folder / part)], check=True)
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    settings["datasets"] = {NAME: settings["datasets"]["demo"]}
    if brief:
        settings["value"]["interval_draws"], settings["segments"]["cluster_bootstraps"] = BRIEF_DRAWS
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def write_mapping(folder: Path, customers: int, day: str) -> None:
    """Map what the shop's systems exported on a day; a system that held nothing yet exported no table."""
    mapping = yaml.safe_load((folder / "data/sources/demo.yaml").read_text(encoding="utf-8"))
    mapping["simulator"] |= {"customers": customers, "as_of": day, **PLANTED}
    mapping["observation_end"] = day
    exported = demo(**mapping["simulator"])
    there = {name: table for name, table in mapping["tables"].items() if len(exported[table["simulator"]])}
    file = folder / "data/sources" / f"{NAME}.yaml"
    file.write_text(yaml.safe_dump(mapping | {"tables": there}, sort_keys=False), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    return {"REGULARS_ROOT": str(folder), "REGULARS_ID_KEY": "a key for the year of the benchmark"}


def regulars(folder: Path, *words: str) -> None:
    """Run a command of the project in its folder."""
    command = [sys.executable, "-m", "regulars.cli", *words]
    subprocess.run(command, env=os.environ | environment(folder), check=True, capture_output=True)


def branched(folder: Path, *words: str) -> None:
    """The same in a branch of this process, which has the library loaded; of a notebook the code alone is run."""
    child = get_context("fork").Process(target=_branch, args=(folder, words))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"regulars {' '.join(words)} ended with {child.exitcode}")


def _branch(folder: Path, words: Sequence[str]) -> None:
    os.environ |= environment(folder)
    os.chdir(folder)
    runner.execute = _run_cells
    with redirect_stdout(io.StringIO()):
        code = cli.main(list(words))
    os._exit(code)  # nothing of this process is to be ended by its branch


def _run_cells(source: Path, target: Path, parameters: dict, root: Path):
    notebook, names = nbformat.read(source, 4), {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, source.name, "exec"), names)
            names |= parameters if "parameters" in cell.metadata.get("tags", ()) else {}
    return notebook


def load_library() -> None:
    """Load all that needs no extra, once."""
    for module in pkgutil.walk_packages(library.__path__, "regulars."):
        with suppress(ImportError):
            importlib.import_module(module.name)


def close(folder: Path, customers: int, month: pd.Period, stages: Sequence[str], run: Callable) -> float:
    """Find and tell what there is as of the end of a month and close it; seconds taken."""
    started = time.perf_counter()
    write_mapping(folder, customers, str(month.end_time.date()))
    for stage in stages:
        run(folder, "run", stage, NAME)
    run(folder, "close-month", NAME)
    return time.perf_counter() - started


def plan_the_push(folder: Path) -> None:
    """Write into the plan of the month of the campaign what it should move."""
    file = folder / "data/plans" / NAME / f"{PUSHED[:7]}.yaml"
    if not file.exists():
        return
    plan = yaml.safe_load(file.read_text(encoding="utf-8"))
    plan["month"], plan["made_from"] = PUSHED[:7], str(plan["made_from"])
    cell = next(one for one in plan["cells"] if (one["area"], one["step"]) == ("market", "carry_out"))
    cell |= {"text": "Autumn campaign", "indicator": "kept", "expected_change": {"low": 0.1, "high": 0.4}}
    cell |= {"owner": "Marketing", "due": "2025-11-30"}
    file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--first", default=FIRST, help="the first month that is closed")
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--folder", default="")
    parser.add_argument("--brief", action="store_true")
    chosen = parser.parse_args()
    folder = Path(chosen.folder or tempfile.mkdtemp(prefix="regulars-year-"))
    folder.mkdir(parents=True, exist_ok=True)
    lay_out(folder, brief=chosen.brief)
    if chosen.brief:
        load_library()
    every = [stage for stage in STAGES if stage != "pages"]
    months = pd.period_range(chosen.first, periods=chosen.months, freq="M")
    for month in months:
        if (folder / "data/history" / NAME / str(month.end_time.date())).exists():
            continue
        plan_the_push(folder)
        stages, run = (BRIEF, branched) if chosen.brief and month != months[-1] else (every, regulars)
        seconds = close(folder, chosen.customers, month, stages, run)
        if "cycle" not in stages:
            print(f"{month} ({seconds:.0f} s): closed", flush=True)
            continue
        tables = folder / "reports" / NAME / "tables/cycle"
        board = pd.read_csv(tables / "scorecard.lights.csv").set_index("indicator")["light"]
        told = json.loads((folder / "reports" / NAME / "told/cycle.json").read_text(encoding="utf-8"))
        lit = board[board.isin(["better", "worse", "changed"])]
        said = ", ".join(f"{name} {light}" for name, light in lit.items()) or "quiet"
        print(f"{month} ({seconds:.0f} s): {said}", flush=True)
    for stage in ("cycle", "pages"):  # with the plan that closing the last month has made
        regulars(folder, "run", stage, NAME)
    for section in told["sections"]:
        if section["key"] in ("forecasts", "plans", "restated", "corrective"):
            print(section["key"], section["verdict"], json.dumps(section["facts"]))
    print(f"the pages of the last month: {folder / 'reports' / NAME / 'cycle.html'}")


if __name__ == "__main__":
    main()
