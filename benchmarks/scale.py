"""From orders in Parquet to scored customers in Parquet, for ever more customers: ``python benchmarks/scale.py``.

For each size it writes synthetic orders (three per customer, in the order of time), then measures in fresh processes:
ours twice (cold: libraries not loaded, the file not in memory; warm: again in the same process), a bare two-level
aggregation of the same file, and the path that `lifetimes` offers. Prints seconds, peak memory and ratios, and how each
way grew from one size to the next. Orders that lie in ``--folder`` already are taken as they are.
"""

import argparse
import itertools
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

END = "2025-12-31"
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]
ALL = [*SIZES, 100_000_000]
SETTINGS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon_months": 12, "active_within_days": 90}

# Every number comes from a hash of the customer and of the order: the same file on every machine. Customers start
# within a year, buy at rates that differ widely, and stop at a day of their own or not at all.
ORDERS = """
CREATE OR REPLACE MACRO chance(value) AS CAST(value AS DOUBLE) / 18446744073709551616.0;
COPY (
    WITH born AS (
        SELECT i, CAST(floor(365 * chance(hash(16 * i + 1))) AS INTEGER) AS first,
            -ln(1 - chance(hash(16 * i + 2))) AS eager,
            least(1.0, 1.6 * chance(hash(16 * i + 3))) AS life, chance(hash(16 * i + 4)) AS rich
        FROM range({customers}) t(i)
    ), known AS (
        SELECT *, CAST(floor(1.94 * eager * eager * life * (730 - first) / 730
            + chance(hash(16 * i + 5))) AS INTEGER) AS n
        FROM born
    ), numbered AS (SELECT *, unnest(range(n + 1)) AS j FROM known)
    SELECT 'c' || i AS customer_id,
        CAST('2024-01-01' AS TIMESTAMP) + to_seconds(CAST(86400 * (first + CASE WHEN j = 0 THEN 0 ELSE
        (730 - first) * life * chance(hash(16 * (1024 * i + j) + 6)) END) AS BIGINT)) AS ordered_at,
        CAST(8 + 40 * rich + 15 * chance(hash(16 * (1024 * i + j) + 7)) AS DECIMAL(9, 2)) AS amount
    FROM numbered {order}
) TO '{path}' (FORMAT parquet)"""


def connect(memory, folder):
    """DuckDB on two threads, with a limit on its memory and a place to spill."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{folder}/spill'; SET threads = 2")
    connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    return connection


def ours(path, out, memory):
    from datetime import date

    import ibis

    from regulars.clv.in_engine import score_in_engine
    from regulars.settings import Certainty, Economics

    parts = out.parent / "parts"
    engine = ibis.duckdb.from_connection(connect(memory, out.parent))
    economics, certainty = Economics(**SETTINGS, time_unit="week"), Certainty(0.9, 0.12, seed=0, draws=0)
    found = score_in_engine(
        engine.read_parquet(path), date.fromisoformat(END), economics=economics, certainty=certainty, folder=parts
    )
    found.scores.to_parquet(out)
    shutil.rmtree(parts, ignore_errors=True)
    told = {"histories": found.histories, "spenders": found.spenders, "orders": found.orders_total.value}
    return told | {"parts": found.parts}


def bare(path, out, memory):
    query = f"""
        COPY (SELECT customer_id, min(day) AS first, max(day) AS last, count(*) AS days, sum(amount) AS spend
        FROM (SELECT customer_id, CAST(ordered_at AS DATE) AS day, sum(amount) AS amount
        FROM read_parquet('{path}') GROUP BY ALL) GROUP BY customer_id) TO '{out}' (FORMAT parquet)"""
    connect(memory, out.parent).execute(query)
    return {}


def lifetimes(path, out, memory):
    """The path that its documentation shows, from a log to lifetime values, in weeks."""
    import warnings

    import pandas as pd

    warnings.simplefilter("ignore")
    from regulars.clv._lifetimes import lifetimes as library

    log = pd.read_parquet(path)
    summary = library.utils.summary_data_from_transaction_data(
        log.astype({"amount": float}), "customer_id", "ordered_at", "amount", observation_period_end=END, freq="D"
    )
    summary[["recency", "T"]] /= 7
    history = summary["frequency"], summary["recency"], summary["T"]
    orders = library.BetaGeoFitter().fit(*history)
    paying = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = library.GammaGammaFitter().fit(paying["frequency"], paying["monetary_value"])
    summary["expected_orders"] = orders.predict(52.18, *history)
    summary["p_alive"] = orders.conditional_probability_alive(*history)
    worth = spend.customer_lifetime_value(orders, *history, summary["monetary_value"], time=12, freq="W")
    summary.assign(clv=worth).to_parquet(out)
    return {"orders": float(summary["expected_orders"].sum())}


WORK = {"ours": ours, "bare": bare, "lifetimes": lifetimes}


def forget(path):
    """Ask the system to drop a file from its cache."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def environment():
    """Of the processes that are measured: compiled modules may be kept, as in any installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def compile_modules():
    """Import once, unmeasured, what each way imports: compiling comes with an installation, not with a run."""
    imports = "import regulars.clv.in_engine, regulars.clv._lifetimes, pandas, pyarrow.parquet, duckdb"
    subprocess.run([sys.executable, "-c", imports], check=True, env=environment())


def run_alone(name, path, out, memory, runs):
    """Seconds of each run in one fresh process, peak memory, and what the work told; the process starts cold."""
    forget(path)
    command = [sys.executable, __file__, "--one", name, "--path", str(path), "--out", str(out), "--memory", memory]
    result = subprocess.run(
        [*command, "--runs", str(runs)], capture_output=True, text=True, check=False, env=environment()
    )
    if result.returncode:
        return {"failed": result.stderr.strip().splitlines()[-1]}
    return json.loads(result.stdout.splitlines()[-1])


def one(options):
    """In the fresh process: run the work, tell seconds and peak memory (GB)."""
    seconds, busy = [], []
    for _ in range(options.runs):
        start, used = time.perf_counter(), time.process_time()
        told = WORK[options.one](Path(options.path), Path(options.out), options.memory)
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": seconds, "processor_seconds": busy, "peak": peak, **told}))


def measure(customers, options, folder):
    """One size: a record of what each way took."""
    path, found = folder / f"orders_{customers}.parquet", {"customers": customers}
    memory = options.memory or ("2.5GB" if customers <= 10_000_000 else "5GB")
    order = "ORDER BY ordered_at" if customers <= options.sorted_up_to else ""
    start, was_there = time.perf_counter(), path.exists()
    if not was_there:
        aside = path.with_suffix(".unfinished")
        connect("5GB", folder).execute(ORDERS.format(customers=customers, path=aside, order=order))
        aside.rename(path)
    print(f"\n{customers:,} customers: {path.stat().st_size / 1e6:,.0f} MB of orders", end="")
    told = ", there already" if was_there else f" written in {time.perf_counter() - start:.0f} s"
    print(f"{told}{'' if order else ', not sorted by time'}", flush=True)
    limits = {"bare": options.bare_up_to, "lifetimes": options.lifetimes_up_to}
    names = ["ours"] + [name for name, most in limits.items() if customers <= most]
    for name in names:
        runs = 2 if name != "lifetimes" and customers <= 10_000_000 else 1
        told = run_alone(name, path, folder / "out.parquet", memory, runs)
        found[name] = told
        if "failed" in told:
            print(f"  {name:<10} failed: {told['failed']}", flush=True)
            continue
        cold, warm = told["seconds"][0], told["seconds"][-1]
        print(f"  {name:<10}{cold:9.1f} s cold{warm:9.1f} s warm", end="")
        print(f"{told['processor_seconds'][-1]:9.1f} s of processors{told['peak']:8.2f} GB", end="")
        mine = f"   {told.get('histories', 0):,} distinct histories, parts: {told.get('parts', 1)}"
        print(mine if name == "ours" else "", flush=True)
    (folder / "out.parquet").unlink(missing_ok=True)
    if not (options.keep or was_there):
        path.unlink()
    tell_ratios(found)
    return found


def tell_ratios(found):
    mine = found["ours"].get("seconds")
    for name in ("lifetimes", "bare"):
        theirs = found.get(name, {}).get("seconds")
        if not (mine and theirs):
            continue
        cold, warm = theirs[0] / mine[0], theirs[-1] / mine[-1]
        if name == "lifetimes":
            print(f"  {cold:.1f} (cold), {warm:.1f} (warm) times faster than lifetimes", flush=True)
        else:
            print(f"  {1 / cold:.2f} (cold), {1 / warm:.2f} (warm) times the bare aggregation", flush=True)
        busy = found[name]["processor_seconds"][-1] / found["ours"]["processor_seconds"][-1]
        print(f"  in processor seconds, warm: {busy if name == 'lifetimes' else 1 / busy:.2f}", flush=True)


def tell_growth(records):
    """Seconds and memory of ours from one size to the next, beside what growth in proportion would be."""
    print("\nfrom one size to the next, in multiples of growth in proportion to the customers:")
    sound = [record for record in records if "seconds" in record["ours"]]
    for before, after in itertools.pairwise(sound):
        more = after["customers"] / before["customers"]
        told = f"  {before['customers']:>11,} -> {after['customers']:>11,}"
        for name, value in (
            ("seconds, cold", lambda told: told["seconds"][0]),
            ("warm", lambda told: told["seconds"][-1]),
            ("of processors", lambda told: told["processor_seconds"][-1]),
            ("memory", lambda told: told["peak"]),
        ):
            told += f"   {name} {value(after['ours']) / value(before['ours']) / more:.2f}"
        print(told, flush=True)


WIDTH, HEIGHT, EDGE = 380, 300, 60
COLOURS = {"ours": "#1f6f8b", "bare": "#737373", "lifetimes": "#b5502b"}
# where the name stands from the end of its line, so that no other line runs through it
NAMED_AT = {"ours": (7, 4, "start"), "bare": (0, 17, "middle"), "lifetimes": (0, -9, "middle")}


def picture(records, path):
    """Seconds and memory against customers on logarithmic scales, as SVG."""
    panels = [("Seconds, warm", lambda told: told["seconds"][-1]), ("Peak memory, GB", lambda told: told["peak"])]
    drawn = [panel(records, title, value, WIDTH * number) for number, (title, value) in enumerate(panels)]
    frame = f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="white"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" font-family="sans-serif"'
    Path(path).write_text(f'{head} font-size="12">\n{frame}\n{"".join(drawn)}</svg>\n', encoding="utf-8")


def panel(records, title, value, left):
    """One half of the picture: axes in powers of ten, a line per way."""
    lines = {
        name: [(record["customers"], value(record[name])) for record in records if "seconds" in record.get(name, {})]
        for name in COLOURS
    }
    points = [point for line in lines.values() for point in line]
    ends = [(math.floor(math.log10(min(axis))), math.ceil(math.log10(max(axis)))) for axis in zip(*points, strict=True)]

    def place(number, axis, start, length):
        low, high = ends[axis]
        return start + length * (math.log10(number) - low) / max(high - low, 1)

    def across(number):
        return place(number, 0, left + EDGE, WIDTH - EDGE - 75)

    def up(number):
        return place(number, 1, HEIGHT - EDGE, 2 * EDGE - HEIGHT)

    bottom, drawn = HEIGHT - EDGE, [f'<text x="{left + EDGE}" y="30" font-weight="bold">{title}</text>']
    for power in range(ends[0][0], ends[0][1] + 1):
        x, word = across(10**power), f"{10**power:,}" if power < 6 else f"{10 ** (power - 6)} m"
        drawn.append(f'<path d="M{x:.1f} {EDGE}V{bottom}" stroke="#ddd"/>')
        drawn.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{word}</text>')
    drawn.append(f'<text x="{left + EDGE}" y="{bottom + 38}">customers</text>')
    for power in range(ends[1][0], ends[1][1] + 1):
        y = up(10.0**power)
        drawn.append(f'<path d="M{left + EDGE} {y:.1f}H{left + WIDTH - 75}" stroke="#ddd"/>')
        drawn.append(f'<text x="{left + EDGE - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for name, line in lines.items():
        if not line:
            continue
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        drawn += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{COLOURS[name]}"/>' for x, y in line]
        x, y, (right, down, anchor) = across(line[-1][0]), up(line[-1][1]), NAMED_AT[name]
        place_of_name = f'x="{x + right:.1f}" y="{y + down:.1f}" text-anchor="{anchor}"'
        drawn.append(f'<text {place_of_name} fill="{COLOURS[name]}">{name}</text>')
    return "\n".join(drawn) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--all", action="store_true", help="every size, a hundred million too")
    parser.add_argument("--bare-up-to", type=int, default=10_000_000, help="it does not fit into memory far above")
    parser.add_argument("--lifetimes-up-to", type=int, default=1_000_000, help="it takes half a minute per million")
    parser.add_argument("--sorted-up-to", type=int, default=10_000_000, help="above it, orders lie by customer")
    parser.add_argument("--memory", help="DuckDB's limit; by default 2.5GB up to ten million customers, 5GB above")
    parser.add_argument("--folder", help="where orders are written; a temporary one by default")
    parser.add_argument("--keep", action="store_true", help="leave the orders in the folder")
    parser.add_argument("--picture", help="SVG to draw")
    parser.add_argument("--records", help="JSON in which records of earlier runs are kept and extended")
    for hidden in ("--one", "--path", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options)
        return
    kept = Path(options.records) if options.records else None
    records = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.exists() else []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        compile_modules()
        for customers in ALL if options.all else options.customers:
            records = [record for record in records if record["customers"] != customers]
            records.append(measure(customers, options, Path(options.folder or folder)))
            records.sort(key=lambda record: record["customers"])
            if kept:
                kept.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    tell_growth(records)
    if options.picture:
        picture(records, options.picture)


if __name__ == "__main__":
    main()
