"""Seconds of the two commands on this machine: ``python benchmarks/pipeline.py`` prints a table in Markdown.

It clones the project's last commit into an empty folder, with no environment on PATH, and runs there what a user runs.
"""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEM_PATH = os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"])


def run(command: list[str], folder: Path) -> tuple[float, str]:
    """Seconds and output of a command; it must succeed."""
    kept = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=kept | {"PATH": SYSTEM_PATH}, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds, done.stdout


def stages_run(output: str) -> int:
    return len(re.findall(r"^  \S+ +\S+ +[\d.]+ s$", output, re.M))


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "regulars")
        run(["git", "clone", "--quiet", str(ROOT), str(folder)], Path(temporary))
        rows = []

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
    print("\n".join(line for line in first.splitlines() if re.match(r"^  \S+ +\S+ +[\d.]+ s$", line)))


if __name__ == "__main__":
    main()
