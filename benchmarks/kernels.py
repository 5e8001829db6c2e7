"""The same bytes on any processor: ``python benchmarks/kernels.py`` builds cdnow and demo once as this machine would by
itself, and once for each other way in which processors compute, and compares every file that the stages write.

Varied are the instructions that numpy chooses by the processor, the kernel of the linear algebra (OpenBLAS), its
threads, and what the C library may use. It fails where threadpoolctl shows another kernel than was asked for, or the
same one twice. Name stages to run only these, each on the files that the project holds now.
"""

import argparse
import difflib
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from regulars.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
USUAL = "as it comes"
COPIED = ("notebooks", "src", "data/sources", "data/history", "data/plans", "params.yaml", "dvc.yaml")
MADE = ("data/raw", "data/clean", "data/scored", "models", "reports")
KERNEL = "OPENBLAS_CORETYPE"
NO_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
WAYS = {
    "numpy without AVX-512": {"NPY_DISABLE_CPU_FEATURES": NO_AVX512},
    "numpy without AVX2": {"NPY_DISABLE_CPU_FEATURES": f"X86_V3 {NO_AVX512}"},
    "OpenBLAS SkylakeX": {KERNEL: "SkylakeX"},
    "OpenBLAS Haswell": {KERNEL: "Haswell"},
    "OpenBLAS Sandybridge": {KERNEL: "Sandybridge"},
    "OpenBLAS Nehalem": {KERNEL: "Nehalem"},
    "one thread": {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    "four threads": {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"},
    "C library without FMA": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"},
}
VARIED = {name for way in WAYS.values() for name in way}
PROBE = """
import json, numpy, scipy.linalg, threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__ as features
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["internal_api"] == "openblas"]
kernels = sorted({pool["architecture"] for pool in pools})
print(json.dumps({"kernels": kernels, "features": sorted(name for name, there in features.items() if there)}))
"""


def environment(way: dict, root: Path) -> dict:
    kept = {name: value for name, value in os.environ.items() if name not in VARIED}
    return kept | way | {"REGULARS_ROOT": str(root), "PYTHONPATH": str(root / "src")}


def probe(way: dict) -> dict:
    """What numpy and OpenBLAS say of themselves in a process of that way."""
    command = [sys.executable, "-c", PROBE]
    return json.loads(subprocess.run(command, env=environment(way, ROOT), stdout=subprocess.PIPE, check=True).stdout)


def check_kernels(found: dict[str, dict]) -> None:
    """Each kernel asked for is the one that runs, and no two of them are the same."""
    asked = {name: WAYS[name][KERNEL] for name in found if KERNEL in WAYS.get(name, {})}
    wrong = {name: found[name]["kernels"] for name, kernel in asked.items() if found[name]["kernels"] != [kernel]}
    if wrong:
        raise SystemExit(f"threadpoolctl shows another kernel than was asked for: {wrong}")
    shown = [tuple(found[name]["kernels"]) for name in asked]
    if len(set(shown)) < len(shown):
        raise SystemExit(f"threadpoolctl shows the same kernel twice: {shown}")
    same = [name for name in found if "numpy" in name and found[name]["features"] == found[USUAL]["features"]]
    if same:
        print(f"This processor has none of these instructions, so that nothing is varied: {', '.join(same)}.\n")


def project(folder: Path, names: tuple[str, ...], origin: Path = ROOT) -> Path:
    """A copy of the project, of these folders and files."""
    for name in names:
        source, target = origin / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy2(source, target)
    return folder


def build(folder: Path, way: dict, datasets: list[str], stages: list[str]) -> float:
    """Run the stages in the copy; seconds it took."""
    started = time.perf_counter()
    for dataset in datasets:
        for stage in stages:
            command = [sys.executable, "-m", "regulars.cli", "run", stage, dataset]
            done = subprocess.run(command, cwd=folder, env=environment(way, folder), capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{stage} of {dataset} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return time.perf_counter() - started


def written(folder: Path, datasets: list[str], stages: list[str]) -> set[str]:
    """Files that those stages own."""
    owned = [folder / output for dataset in datasets for stage in stages for output in STAGES[stage].owned(dataset)]
    files = (path for place in owned for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file())
    return {path.relative_to(folder).as_posix() for path in files}


def differing(one: Path, other: Path, datasets: list[str], stages: list[str]) -> list[str]:
    names = written(one, datasets, stages) | written(other, datasets, stages)
    there = [name for name in names if (one / name).is_file() and (other / name).is_file()]
    return sorted(names - {name for name in there if filecmp.cmp(one / name, other / name, shallow=False)})


def show_first(one: Path, other: Path, name: str) -> None:
    """The first lines that differ of a file of text."""
    files = [folder / name for folder in (one, other)]
    if name.endswith((".csv", ".json")) and all(file.is_file() for file in files):
        lines = difflib.unified_diff(*(file.read_text(encoding="utf-8").splitlines() for file in files), n=0)
        changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
        print(*(f"      {line[:160]}" for line in changed[:6]), sep="\n")


def compare(folder: Path, ways: dict, stages: list[str], options: argparse.Namespace) -> bool:
    """Build in the usual way and in the others; whether all of them wrote the same bytes."""
    found = {name: probe(way) for name, way in {USUAL: {}, **ways}.items()}
    check_kernels(found)
    names, same = (*COPIED, *(MADE if options.stages else ())), True
    # all ways from one copy, whatever is edited meanwhile
    origin = project(folder / "origin", names)
    usual = project(folder / USUAL, names, origin)
    print("| how it is computed | OpenBLAS | seconds | files | files that differ |\n|---|---|---:|---:|---:|")
    for name, way in {USUAL: {}, **ways}.items():
        other = usual if name == USUAL else project(folder / name, names, origin)
        seconds = build(other, way, options.datasets, stages)
        differ = differing(usual, other, options.datasets, stages)
        files, kernel = len(written(other, options.datasets, stages)), ", ".join(found[name]["kernels"])
        print(f"| {name} | {kernel} | {seconds:.0f} | {files} | {len(differ)} |", flush=True)
        for file in differ:
            print(f"    {file}", flush=True)
            show_first(usual, other, file)
        same = same and not differ
        if not options.keep and name != USUAL:
            shutil.rmtree(other)
    return same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", help="only these, on what the project holds now (default: all)")
    parser.add_argument("--datasets", nargs="+", default=["cdnow", "demo"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), help="only those whose names hold one of these")
    parser.add_argument("--keep", type=Path, help="folder in which the builds stay, to be looked at")
    options = parser.parse_args()
    ways = {name: way for name, way in WAYS.items() if any(part in name for part in options.ways)}
    folder = options.keep or Path(tempfile.mkdtemp(prefix="regulars-kernels-"))
    try:
        sys.exit(not compare(folder, ways, options.stages or list(STAGES), options))
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
