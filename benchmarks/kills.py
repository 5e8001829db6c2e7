"""Builds that are killed at any instant: ``python benchmarks/kills.py`` kills and stops builds of a sample of CDNOW,
each at a random moment, and looks at what is left: nothing that runs, nothing aside, and after another run all bytes as
in a build that nobody disturbed.

``--kills 50 --stops 10`` are SIGKILL and SIGTERM of the command; with ``--of stage`` any process that it has started is
killed. ``--until clean`` cuts the pipeline after that stage, for a machine on which all stages take too long. With
``--results FILE`` each attack leaves a line there, and a campaign that was ended goes on after the last one.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/tools"))
SECONDS_TO_END = 5.0
AFTER_A_KILL = 10.0  # seconds in which what a killed command had started has to end


def environment(folder: Path) -> dict:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PYTHONPATH": str(folder / "src"), "PATH": path, "REGULARS_ID_KEY": "a key of the benchmark"}


def start(folder: Path, dataset: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "regulars.cli", "reports", dataset]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment(folder), **pipes)


def running(folder: Path) -> list[psutil.Process]:
    """Processes that work in the project's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        if inside and process.pid != os.getpid():
            found.append(process)
    return found


def wait_for_quiet(folder: Path, seconds: float) -> tuple[float, list[psutil.Process]]:
    started = time.perf_counter()
    while (left := running(folder)) and time.perf_counter() - started < seconds:
        time.sleep(0.1)
    return time.perf_counter() - started, left


def litter(folder: Path, started: set[int]) -> list[str]:
    """What no build leaves behind: work aside, folders half swapped, sockets and logs of what the build had started."""
    aside = list((folder / ".staging").glob("*")) if (folder / ".staging").is_dir() else []
    swapped = [path for place in ("data", "models", "reports") for path in (folder / place).rglob(".*.earlier")]
    sockets = [path for number in sorted(started) for path in Path("/tmp").glob(f"regulars-{number}-*")]
    return [str(path) for path in (*aside, *swapped, *sockets)]


def attack(folder: Path, dataset: str, number: int, at: float, options: argparse.Namespace) -> tuple[set[int], str]:
    """One build that is ended after so many seconds: what it had started, and what it left that is not as promised."""
    process = start(folder, dataset)
    time.sleep(at)
    started = {one.pid for one in running(folder)} | {process.pid}
    inner = sorted(started - {process.pid}) if options.of == "stage" else []
    with suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(random.choice(inner) if inner else process.pid, number)
    limit = options.busy * (SECONDS_TO_END if number == signal.SIGTERM else AFTER_A_KILL)
    took, left = wait_for_quiet(folder, limit if options.of == "command" else 120)
    if left:
        told = ", ".join(f"{one.pid} {' '.join(one.cmdline())[:60]}" for one in left)
        for one in left:
            one.kill()
        return started, f"runs on after {took:.1f} s: {told}"
    said = process.communicate()[1]
    if number == signal.SIGTERM and (rest := litter(folder, started)):
        return started, f"left aside: {rest}"
    return started, f"said more than a sentence: {said}" if len(said.strip().splitlines()) > 1 else ""


def afresh(folder: Path, dataset: str) -> None:
    """As if nothing had ever been built."""
    for made in ("data/raw", "data/clean", "data/scored", "models", "reports"):
        shutil.rmtree(folder / made / dataset, ignore_errors=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(folder / ".dvc/cache", ignore_errors=True)


def campaign(folder: Path, dataset: str, options: argparse.Namespace) -> int:
    from sample_project import outputs

    began = time.perf_counter()
    first = start(folder, dataset)
    said = first.communicate()[1]
    if first.returncode:
        raise SystemExit(f"the undisturbed build failed: {said}")
    seconds, wanted = time.perf_counter() - began, outputs(folder)
    lock = (folder / "dvc.lock").read_bytes()
    print(f"undisturbed: {seconds:.0f} s, {len(wanted)} files", flush=True)
    signals = [signal.SIGKILL] * options.kills + [signal.SIGTERM] * options.stops
    random.shuffle(signals)
    attacks = [(number, random.random()) for number in signals]
    faults = [json.loads(line)["fault"] for line in options.results.read_text().splitlines()] if options.results else []
    for number, when in attacks[len(faults) :]:
        afresh(folder, dataset)
        began = time.perf_counter()
        started, fault = attack(folder, dataset, number, when * seconds, options)
        stood = len(outputs(folder))
        again = start(folder, dataset)
        said = again.communicate()[1]
        if not fault and (again.returncode or said.strip()):
            fault = f"the next build ended with {again.returncode}: {said.strip()[:300]}"
        if not fault and (now := outputs(folder)) != wanted:
            fault = f"other bytes: {[name for name in {*wanted, *now} if wanted.get(name) != now.get(name)][:3]}"
        if not fault and (folder / "dvc.lock").read_bytes() != lock:
            fault = "another dvc.lock"
        if not fault and (rest := litter(folder, started | {again.pid})):
            fault = f"litter: {rest}"
        faults.append(fault)
        name = signal.Signals(number).name
        told = {"signal": name, "at": round(when * seconds, 1), "files": stood, "fault": fault}
        if options.results:
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")
        took = time.perf_counter() - began
        print(f"{len(faults)} of {len(attacks)}, {took:.0f} s, {told} {'' if fault else 'as promised'}", flush=True)
    print(f"\n{len(faults)} tried, {sum(map(bool, faults))} failed")
    return sum(map(bool, faults))


def cut_after(folder: Path, last: str) -> None:
    """Leave out of the copy's pipeline what comes after a stage; the two that a build asks for do nothing."""
    path = folder / "dvc.yaml"
    pipeline = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = list(pipeline["stages"])
    kept = {name: pipeline["stages"][name] for name in names[: names.index(last) + 1]}
    made = [next(iter(out)) if isinstance(out, dict) else out for out in kept[last]["do"]["outs"]]
    nothing = {"foreach": "${datasets}", "do": {"cmd": "true", "deps": made}}
    path.write_text(yaml.safe_dump({"stages": kept | {"scores": nothing, "pages": nothing}}, sort_keys=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--stops", type=int, default=10)
    parser.add_argument("--of", choices=["command", "stage"], default="command", help="who is killed")
    parser.add_argument("--until", metavar="STAGE", help="the last stage that is built")
    parser.add_argument("--results", type=Path, metavar="FILE")
    parser.add_argument("--busy", type=float, default=1.0, help="times as long as promised, where other work is done")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.results:
        options.results.touch()
    random.seed(options.seed)

    import importlib.util

    import pandas as pd

    from sample_project import SHOP, build, sample_orders

    log = Path(importlib.util.find_spec("lifetimes").submodule_search_locations[0]) / "datasets/CDNOW_sample.txt"
    names = ["master_id", "customer_id", "date", "items", "amount"]
    orders = pd.read_csv(log, sep=r"\s+", header=None, names=names, dtype={"customer_id": "string"})
    orders["ordered_at"] = pd.to_datetime(orders["date"].astype(str), format="%Y%m%d")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        folder.mkdir()
        build(folder, sample_orders(orders[["customer_id", "ordered_at", "amount"]]))
        if options.until:
            cut_after(folder, options.until)
        sys.exit(bool(campaign(folder, SHOP, options)))


if __name__ == "__main__":
    main()
