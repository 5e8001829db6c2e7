"""The clean stage on many orders: seconds and peak memory of reading, cleaning, saving and of what its page shows.

    python benchmarks/clean.py                       # 1,000,000 customers, 3,000,000 orders, as a CSV file
    python benchmarks/clean.py --customers 100000

Orders are those of `benchmarks/scale.py`, written as a firm's export would be, with dirt: copies, guests without an id,
cancellations, and days after the end. Each step runs in one fresh process, so that its peak of memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scale import ORDERS, connect, environment

MAPPING = """\
title: Orders of a benchmark
currency: EUR
simulated: true
observation_end: 2025-12-15
tables:
  orders:
    path: orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: day, amount: total}
    cancellations: {order_id_prefix: C}
    repeated_key: first
"""
PARAMS = "common:\n  seed: 1\nengine:\n  memory_gb: 4\n  threads: 2\ningest: {}\nclean: {}\ndatasets:\n  big: {}\n"
# of a thousand orders: 20 without a customer, 10 written twice, 30 cancelled on the next day
DIRT = """
CREATE TABLE numbered AS SELECT row_number() OVER (ORDER BY ordered_at, customer_id) AS n, * FROM '{source}';
COPY (
    SELECT "order", customer, day, total FROM (
        SELECT n, n::text AS "order", if(n % 50 = 7, '', customer_id) AS customer, ordered_at AS day, amount AS total
        FROM numbered
        UNION ALL SELECT n, n::text, if(n % 50 = 7, '', customer_id), ordered_at, amount FROM numbered WHERE n % 100 = 3
        UNION ALL SELECT n, 'C' || n, if(n % 50 = 7, '', customer_id), ordered_at + INTERVAL 1 DAY, amount FROM numbered
        WHERE n % 100 IN (11, 41, 71)
    ) ORDER BY n, "order", day
) TO '{target}' (FORMAT csv, HEADER)"""


def write(folder, customers):
    """A project with one dataset, its orders as a file."""
    connection = connect("5GB", folder)
    source = folder / "orders.parquet"
    connection.execute(ORDERS.format(customers=customers, path=source, order=""))
    connection.execute(DIRT.format(source=source, target=folder / "orders.csv"))
    source.unlink()
    (folder / "data" / "sources").mkdir(parents=True)
    (folder / "data" / "sources" / "big.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")


def work(step):
    """One stage, in steps; seconds of each, and the ledger's rows."""
    from regulars import cleaning, sources
    from regulars.settings import stage_settings

    took, begun = {}, time.perf_counter()

    def done(name):
        nonlocal begun
        took[name] = time.perf_counter() - begun
        begun = time.perf_counter()

    if step == "ingest":
        sources.ingest("big", {"seed": 1})
        done("ingest")
        return took, {}
    cleaned = cleaning.clean("big")
    done("clean, ledger checked row by row")
    cleaning.save(cleaned)
    done("clean tables and rejected rows checked and written")
    orders, about = cleaned.kept["orders"], cleaned.about
    span = about.observation_start, about.observation_end
    days = cleaning.by_day(orders)
    cleaning.figures(orders), cleaning.sufficiency(orders, *span, stage_settings("clean"))
    cleaning.weekly_orders(days, *span), cleaning.gaps(days, *span)
    cleaning.example_rows(cleaned.changed, cleaning.worst_reasons(cleaned.ledger))
    done("what the page shows")
    return took, cleaned.ledger["tables"]["orders"]["rows"]


def one(step):
    """In the fresh process: seconds of each step, processor seconds, peak memory (GB)."""
    took, rows = work(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": took, "processor": time.process_time(), "peak": peak, "rows": rows}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where orders are written; a temporary one by default")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write(folder, options.customers)
        megabytes = (folder / "orders.csv").stat().st_size / 1e6
        print(f"{options.customers:,} customers, {megabytes:,.0f} MB of orders; load {os.getloadavg()[0]:.1f}")
        there = environment() | {"REGULARS_ROOT": name, "REGULARS_STAGING": name}
        for step in ("ingest", "clean"):
            command = [sys.executable, __file__, "--one", step]
            told = subprocess.run(command, capture_output=True, text=True, check=True, env=there).stdout
            told = json.loads(told.splitlines()[-1])
            for what, seconds in told["seconds"].items():
                print(f"  {what:<55}{seconds:7.1f} s")
            print(f"  {'processors, peak memory':<55}{told['processor']:7.1f} s{told['peak']:7.2f} GB")
            if told["rows"]:
                print("  rows:", ", ".join(f"{count:,} {fate}" for fate, count in told["rows"].items()))
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
