"""A workbook is read where there is no network, and without anything that DuckDB may have fetched before."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

READ = """
import sys
from regulars.sources.ingest import ingest
from regulars.sources.discovery import new_dataset
proposal = new_dataset("shop", [sys.argv[1]], "EUR")
print(proposal.questions, ingest("shop", {"seed": 1})["tables"]["orders"]["rows"])
"""
ALONE = ("unshare", "--net", "--map-root-user")


@pytest.mark.full
@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True).returncode != 0,
    reason="processes cannot be cut off from the network here",
)
def test_a_workbook_is_found_and_read_without_a_network(shop):
    shop.write("params.yaml", "common:\n  seed: 1\ndatasets:\n  old: {}\n")
    days = pd.date_range("2025-01-02", periods=40, freq="D").strftime("%Y-%m-%d")
    orders = pd.DataFrame({"Order": range(1, 41), "Customer": [f"c{n % 9}" for n in range(40)], "Day": days})
    orders.assign(Total=12.5).to_excel(shop.folder / "orders.xlsx", index=False)
    home = shop.folder / "home"
    home.mkdir()
    known = {"HOME": str(home), "REGULARS_ROOT": str(shop.folder), "REGULARS_STAGING": str(shop.folder)}
    done = subprocess.run(
        [*ALONE, sys.executable, "-c", READ, str(shop.folder / "orders.xlsx")],
        env=os.environ | known, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout.split("\n")[0] == "[] 40", done.stderr
    assert not list(home.iterdir()), "no extension was fetched"
