"""Seconds of the two commands on this machine: ``python benchmarks/pipeline.py`` prints a table in Markdown.

It clones the project's last commit into an empty folder, with no environment on PATH, and runs there what a user runs.
With ``--customers 1000000`` it builds the pages of so many synthetic customers, three orders each, instead.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from scale import END, ORDERS, connect

from regulars.sources.discovery.writing import with_dataset

ROOT = Path(__file__).resolve().parents[1]
SYSTEM_PATH = os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"])
STAGE = re.compile(r"^  \S+ +\S+ +[\d.]+ s$", re.M)
LARGE = f"""\
title: Synthetic shop
currency: EUR
simulated: true
observation_end: {END}
tables:
  orders:
    path: inbox/orders.parquet
    columns: {{order_id: {{row_number: true}}, customer_id: customer_id, ordered_at: ordered_at, amount: amount}}
"""


def run(command: list[str], folder: Path) -> tuple[float, str]:
    """Seconds and output of a command; it must succeed."""
    kept = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    kept["REGULARS_ID_KEY"] = "a key of the benchmark"
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=kept | {"PATH": SYSTEM_PATH}, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds, done.stdout


def stages_run(output: str) -> int:
    return len(STAGE.findall(output))


def clone(temporary: str) -> Path:
    folder = Path(temporary, "regulars")
    run(["git", "clone", "--quiet", str(ROOT), str(folder)], Path(temporary))
    return folder


def build_large(customers: int) -> None:
    """Pages of one large dataset, the environment installed beforehand; prints seconds, all and stage by stage."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = clone(temporary)
        run(["make", ".venv/.reports"], folder)
        (folder / "inbox").mkdir()
        path = folder / "inbox" / "orders.parquet"
        connect("5GB", folder).execute(ORDERS.format(customers=customers, path=path, order="ORDER BY ordered_at"))
        (folder / "data/sources/large.yaml").write_text(LARGE, encoding="utf-8")
        params = folder / "params.yaml"
        text = params.read_text(encoding="utf-8")
        params.write_text(with_dataset(text, "large"), encoding="utf-8")
        seconds, output = run(["make", "reports", "DATASET=large"], folder)
        megabytes = max(page.stat().st_size for page in (folder / "reports/large").glob("*.html")) / 1e6
    print(f"{customers:,} customers: {seconds:.1f} s; the largest page has {megabytes:.1f} MB\n")
    print("\n".join(STAGE.findall(output)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, help="of one synthetic dataset, in place of cdnow and demo")
    options = parser.parse_args()
    if options.customers:
        build_large(options.customers)
    else:
        time_commands()


def time_commands() -> None:
    """The first run, a second one, and one after a change of a parameter."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, rows = clone(temporary), []

        def measure(what: str, bound: str) -> str:
            seconds, output = run(["make", "reports"], folder)
            rows.append((what, stages_run(output), seconds, bound))
            return output

        first = measure("`make reports`, fresh clone, with installation", "180")
        is_as_committed = run(["git", "diff", "--stat", "--", "dvc.lock"], folder)[1] == ""
        measure("again, nothing changed", "5")
        params = folder / "params.yaml"
        text = params.read_text(encoding="utf-8")
        params.write_text(re.sub(r"slipping_below: [\d.]+", "slipping_below: 0.25", text), encoding="utf-8")
        measure("again, one parameter of the retention report changed", "25")

    print(f"{os.cpu_count()} cores\n")
    print("| what | stages run | seconds | bound |\n|---|---|---|---|")
    for what, stages, seconds, bound in rows:
        print(f"| {what} | {stages} | {seconds:.1f} | {bound} |")
    print(f"\ndvc.lock as committed after the first run: {'yes' if is_as_committed else 'no'}")
    print("\nStage by stage, first run:\n")
    print("\n".join(STAGE.findall(first)))


if __name__ == "__main__":
    main()
