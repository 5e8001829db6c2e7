"""In a folder with a blank and a letter beyond ASCII in its name, without an environment, moved, of read-only files."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from places import ROOT

NAME = "my shop ü"
# stands for uv: notes how it was called, and makes what an environment consists of
UV = """#!/bin/sh
printf '%s|' "$@" >> "$NOTED"; echo >> "$NOTED"
if [ "$1" = venv ]; then
  for last; do :; done
  mkdir -p "$last/bin"
  printf '#!/bin/sh\\nexit 0\\n' > "$last/bin/python"
  printf '#!/bin/sh\\necho "regulars $*" >> "$NOTED"\\n' > "$last/bin/regulars"
  chmod +x "$last/bin/python" "$last/bin/regulars"
fi
"""
WITHOUT_MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def made(folder: Path, tools: Path, *arguments: str) -> list[str]:
    """Lines that the commands have noted when make ran in the folder with nothing in its environment but a path."""
    noted = tools / "noted"
    noted.write_text("")
    environment = {"PATH": os.pathsep.join([str(tools), os.defpath]), "NOTED": str(noted)}
    command = ["make", f"PYTHON={sys.executable}", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return noted.read_text(encoding="utf-8").splitlines()


@WITHOUT_MAKE
def test_make_stands_blanks_and_other_letters_and_a_move(tmp_path):
    folder, tools = tmp_path / NAME, tmp_path / "my tools ü"
    folder.mkdir()
    tools.mkdir()
    for name in ("Makefile", "requirements.lock", "requirements-test.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (tools / "uv").write_text(UV, encoding="utf-8")
    (tools / "uv").chmod(0o755)
    venv, locked, project, ran = made(folder, tools, "reports", "DATASET=shop")
    assert venv.split("|")[:4] == ["venv", "--quiet", "--python", sys.executable]
    python = str(folder / ".venv/bin/python")
    assert all(line.split("|")[:5] == ["pip", "install", "--quiet", "--python", python] for line in (locked, project))
    assert ran == "regulars reports shop"
    assert made(folder, tools, "reports") == ["regulars reports"], "what is there is not made twice"
    moved = tmp_path / "elsewhere and ö"
    folder.rename(moved)
    venv, *_, ran = made(moved, tools, "reports")
    assert venv.startswith("venv|") and ran == "regulars reports", "an environment is bound to its place"


@pytest.fixture
def shop(tmp_path):
    """A small project under such a name, whose inputs may not be written, beside the library."""
    folder = tmp_path / NAME
    (folder / "data/sources").mkdir(parents=True)
    (folder / "eingänge").mkdir()
    for name in ("src", "notebooks", "dvc.yaml"):
        (folder / name).symlink_to(ROOT / name)  # a copy would be compiled anew
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["datasets"] = {"shop": {stage: {} for stage in params["datasets"]["cdnow"]}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    orders = folder / "eingänge" / "orders 1.csv"
    orders.write_text("no,who,day,paid\n1,a,2026-01-05,10\n2,b,2026-01-06,20\n3,a,2026-03-07,30\n", encoding="utf-8")
    orders.chmod(0o444)
    (folder / "data/sources/shop.yaml").write_text(
        "title: My Shop ü\ncurrency: EUR\nsimulated: true\nobservation_end: 2026-03-31\ntables:\n  orders:\n"
        "    path: eingänge/*.csv\n    columns: {order_id: no, customer_id: who, ordered_at: day, amount: paid}\n",
        encoding="utf-8",
    )
    return folder


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The command line with nothing in its environment: no HOME, no PATH, no language."""
    command = [sys.executable, "-m", "regulars.cli", *arguments]
    environment = {"PYTHONPATH": str(folder / "src"), "REGULARS_ID_KEY": "a key for the tests"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8")


def test_a_stage_and_its_kernel_run(shop):
    done = ran(shop, "--version")
    assert done.returncode == 0 and done.stdout.startswith("regulars ")
    for stage in ("ingest", "ingest", "clean"):  # what may not be written is brought in, and replaced
        done = ran(shop, "run", stage, "shop")
        assert done.returncode == 0, done.stderr
    copy = shop / "data/raw/shop/orders/orders 1.csv"
    assert copy.read_bytes() == (shop / "eingänge/orders 1.csv").read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) & stat.S_IWUSR, "the copy is ours: the next run must be able to replace it"
    ledger = json.loads((shop / "data/clean/shop/ledger.json").read_text(encoding="utf-8"))
    assert ledger["tables"]["orders"]["rows"]["kept"] == 3
    assert list(shop.glob("~*")) == [], "where there is no home nothing is written in place of it"
