"""What several tests share: the project's root, and the logs that the literature uses."""

import importlib.util
import os
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"  # real data that lies beside the project on some machines

os.environ.setdefault("REGULARS_ROOT", str(ROOT))


def pytest_collection_modifyitems(config, items):
    if "full" in (config.option.markexpr or ""):
        return
    skip = pytest.mark.skip(reason="a slow proof: run by make test-full")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def lifetimes_data() -> Path:
    """Folder of the data files inside the lifetimes wheel."""
    return Path(importlib.util.find_spec("lifetimes").submodule_search_locations[0]) / "datasets"


@pytest.fixture(scope="session")
def cdnow_master(lifetimes_data) -> pd.DataFrame:
    """The full CDNOW log: 69,659 orders of 23,570 customers."""
    return _cdnow(lifetimes_data / "CDNOW_master.txt", skiprows=1, names=["customer_id", "date", "items", "amount"])


@pytest.fixture(scope="session")
def cdnow_sample(lifetimes_data) -> pd.DataFrame:
    """The 1/10 sample of the literature: 2,357 customers."""
    names = ["master_id", "customer_id", "date", "items", "amount"]
    return _cdnow(lifetimes_data / "CDNOW_sample.txt", skiprows=0, names=names)


def _cdnow(path: Path, skiprows: int, names: list[str]) -> pd.DataFrame:
    log = pd.read_csv(path, sep=r"\s+", header=None, skiprows=skiprows, names=names, dtype={"customer_id": "string"})
    log["ordered_at"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    return log[["customer_id", "ordered_at", "amount"]]
