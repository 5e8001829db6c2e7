"""A copy of the project with two small datasets: 300 customers of CDNOW from a CSV file, and a small demo.

Of the demo only a part of the customers is read into memory, as of a dataset that is too large for it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHOP, DEMO = "shop", "smalldemo"
CUSTOMERS = 300
DEMO_CUSTOMERS, IN_MEMORY_ROWS = 600, 1500
TRACKED = ("history", "identities", "plans", "edits", "lots")  # below data/, of which stages read
PARTS = ("src", "notebooks", "data/sources", *(f"data/{name}/README.md" for name in TRACKED), "params.yaml", "dvc.yaml",
         "pyproject.toml", ".gitignore", ".dvcignore", ".dvc/config")  # fmt: skip
SHOP_SOURCE = """\
title: Sample Records
currency: USD
simulated: false
observation_end: 1998-06-30
tables:
  orders:
    path: inbox/orders.csv
    columns:
      order_id: {row_number: true}
      customer_id: Customer No
      ordered_at: Day
      amount: Paid
    date_format: "%d.%m.%Y"
    duplicates: keep
    zero_amount: keep
"""
TELCO_ORDERS = """\
title: Telco
currency: USD
simulated: false
observation_end: 2020-01-01
tables:
  orders:                       # what was billed: at the end of each month
    url: duckdb://
    query: |
      SELECT "customerID" || '-' || month AS bill, "customerID" AS customer, "MonthlyCharges" AS paid,
        '2020-01-01'::date - to_months(tenure::int - month::int) AS day
      FROM read_csv('{file}', all_varchar = true), unnest(range(1, tenure::int + 1)) AS months(month)
      WHERE tenure <> '0'
    columns: {{order_id: bill, customer_id: customer, ordered_at: day, amount: paid}}
"""
STAGE_LINE = re.compile(r"^  (\S+) +(\S+) +[\d.]+ s$", re.M)


def sample_orders(cdnow_sample: pd.DataFrame) -> pd.DataFrame:
    """Orders of every seventh or so of the 2,357 customers of the literature's sample: 300 of them."""
    customers = sorted(cdnow_sample["customer_id"].unique())[::7][:CUSTOMERS]
    return cdnow_sample[cdnow_sample["customer_id"].isin(customers)].reset_index(drop=True)


def write_orders(folder: Path, orders: pd.DataFrame) -> None:
    frame = pd.DataFrame(
        {
            "Customer No": orders["customer_id"],
            "Day": orders["ordered_at"].dt.strftime("%d.%m.%Y"),
            "Paid": orders["amount"].map("{:.2f}".format),
        }
    )
    (folder / "inbox").mkdir(exist_ok=True)
    frame.to_csv(folder / "inbox" / "orders.csv", index=False)


def build(folder: Path, orders: pd.DataFrame) -> None:
    """Lay out the copy; nothing has run in it yet."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", ".ipynb_*"))
        else:
            shutil.copy(source, target)
    write_orders(folder, orders)
    (folder / "data/sources" / f"{SHOP}.yaml").write_text(SHOP_SOURCE, encoding="utf-8")
    demo = yaml.safe_load((folder / "data/sources/demo.yaml").read_text(encoding="utf-8"))
    demo["simulator"]["customers"] = DEMO_CUSTOMERS
    (folder / "data/sources" / f"{DEMO}.yaml").write_text(yaml.safe_dump(demo, sort_keys=False), encoding="utf-8")
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    settings["value"]["interval_draws"] = 100
    settings["datasets"] = {SHOP: settings["datasets"]["cdnow"], DEMO: settings["datasets"]["demo"]}
    settings["datasets"][DEMO].setdefault("value", {})["in_memory_rows"] = IN_MEMORY_ROWS
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def build_real(folder: Path, name: str, mapping: str, changes: dict | None = None) -> None:
    """Lay out a copy of the project with one dataset of real files, by its mapping; nothing has run in it yet."""
    for part in PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, target)
    (folder / "data/sources" / f"{name}.yaml").write_text(mapping, "utf-8")
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    stages = {stage: (changes or {}).get(stage, {}) for stage in settings["datasets"]["cdnow"]}
    settings["datasets"] = {name: stages}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def run(folder: Path, *arguments: str, module: str = "regulars.cli") -> subprocess.CompletedProcess:
    """Run the command line of the copy's own library inside the copy."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REGULARS_")}
    environment = kept | {
        "PYTHONPATH": str(folder / "src"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "REGULARS_ID_KEY": "a key for the tests",
    }
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def stages_run(done: subprocess.CompletedProcess) -> list[tuple[str, str]]:
    """Dataset and stage of each line of progress."""
    return STAGE_LINE.findall(done.stdout)


def change_parameter(folder: Path, section: str, name: str, value) -> None:
    path = folder / "params.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings[section][name] = value
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def outputs(folder: Path) -> dict[str, bytes]:
    """Everything that the pipeline has written, byte for byte."""
    places = ("data/raw", "data/clean", "data/scored", "models", "reports")
    files = [path for place in places for path in (folder / place).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}
