"""What several tests share: the project's root, and the logs that the literature uses."""

import importlib.util
import os
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from places import ROOT, SHARED_DATA
from postgres import postgres  # noqa: F401
from spark_cluster import cluster, sockets  # noqa: F401

SERVERS = ("postgres", "cluster")  # fixtures that start one, once in a run

os.environ.setdefault("REGULARS_ROOT", str(ROOT))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config, items):
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    if "full" in (config.option.markexpr or ""):
        return
    skip = pytest.mark.skip(reason="a slow proof: run by make test-full")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)


def pytest_xdist_auto_num_workers(config) -> int:
    """One process more than processors: tests of servers that fall silent wait, and so does what starts Spark."""
    return (os.cpu_count() or 1) + 1


def _group(item) -> str | None:
    """Tests that share something costly run in one process, since each process would make it anew."""
    if item.get_closest_marker("xdist_group") or not hasattr(item, "fixturenames"):
        return None
    if servers := [server for server in SERVERS if server in item.fixturenames]:
        return servers[0]
    made = (item._fixtureinfo.name2fixturedefs.get(name) for name in item.fixturenames)
    shared = any(fixture[-1].scope == "module" for fixture in made if fixture)
    return item.module.__name__ if shared else None


@pytest.fixture
def id_key(monkeypatch) -> None:
    """A key of pseudonyms, as every firm has one of its own."""
    monkeypatch.setenv("REGULARS_ID_KEY", "a key for the tests, long enough")


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


class Shop:
    """A project in a temporary folder, with one dataset called ``shop`` whose files a test writes."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "data" / "sources").mkdir(parents=True)
        (folder / "params.yaml").write_text("datasets:\n  shop: {}\n", encoding="utf-8")

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> None:
        """Write a file beside params.yaml."""
        data = content if isinstance(content, bytes) else textwrap.dedent(content).encode(encoding)
        (self.folder / name).write_bytes(data)

    def map(self, content: str) -> None:
        """Write the mapping."""
        self.write("data/sources/shop.yaml", content)

    def orders(self, content: str | bytes, extra: str = "", name: str = "orders.csv") -> None:
        """Write an order log with the columns order, customer, day, total, and its mapping."""
        self.write(name, content)
        self.map(SHOP.format(source=f"path: {name}") + textwrap.indent(textwrap.dedent(extra), "    "))

    def table(self, url: str, source: str = "table: orders") -> "Shop":
        """Map an order log of the same columns that lies in a database or in Spark."""
        self.map(SHOP.format(source=f"url: {url}\n    {source}"))
        return self

    def lines(self, content: str, extra: str = "") -> None:
        """Write a log of order lines with the columns order, customer, day, product, qty, price, and its mapping."""
        self.write("lines.csv", content)
        self.map(SHOP_LINES + textwrap.indent(textwrap.dedent(extra), "    "))

    def ingest(self) -> dict:
        from regulars.sources.ingest import ingest

        return ingest("shop", {"seed": 1})

    def clean(self):
        from regulars.cleaning import clean

        self.ingest()
        return clean("shop")


SHOP = """\
title: Corner Shop
currency: EUR
time_zone: Europe/Berlin
simulated: false
observation_end: last_order_day
tables:
  orders:
    {source}
    columns: {{order_id: order, customer_id: customer, ordered_at: day, amount: total}}
"""
SHOP_LINES = """\
title: Corner Shop
currency: EUR
time_zone: Europe/Berlin
simulated: false
observation_end: 2024-12-31
tables:
  order_lines:
    path: lines.csv
    columns:
      order_id: order
      customer_id: customer
      ordered_at: day
      product_id: product
      quantity: qty
      unit_price: price
"""


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    monkeypatch.setenv("REGULARS_STAGING", str(tmp_path))
    return Shop(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return SHARED_DATA
