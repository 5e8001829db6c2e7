"""Forget customers: they go out of everything that the project keeps of a dataset, and do not come in again."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from regulars.catalog.places import text_as_it_was
from regulars.commands.remove import CACHE, LOCK, unlock
from regulars.errors import UserError
from regulars.paths import project_root
from regulars.privacy import fingerprints, however_spelled, pseudonyms, remember_to_forget
from regulars.settings import datasets
from regulars.sources.mapping import load_mapping

MADE = (
    "data/raw", "data/clean", "data/scored", "models", "reports", "private", "scratch/data/scored", "scratch/models",
    "scratch/reports",
)  # fmt: skip
SHARED = ("{}-????-??-??.zip", "{}-????-??-??.pdf", "{}-cube.html")  # of `regulars share` and `cube`, in scratch/
KEPT = ("data/history", "data/lots", "data/identities", "data/edits")  # tracked tables, of which rows are taken out


def forget(dataset: str, customer_ids: Iterable[str]) -> list[str]:
    """Put customers on the list of the forgotten, and remove what was made of their rows.

    What is made of a dataset mixes everybody, so all of it goes, also out of DVC's cache: the next build makes it anew
    without them. Of saved months, drawn lots and decided identities their rows alone are taken out.

    Parameters
    ----------
    dataset : str
    customer_ids : iterable of str
        As the source writes them, in whatever case.

    Returns
    -------
    list of str
        What was done and what is still to be done by hand, a sentence each.

    Raises
    ------
    UserError
        Where there is no such dataset, no id, or no key.
    """
    if dataset not in datasets():
        raise UserError(f"There is no dataset '{dataset}': params.yaml has {', '.join(datasets())}.")
    ids = [one.strip() for one in customer_ids if one.strip()]
    if not ids:
        raise UserError("Name at least one customer by the id that the source gives them.")
    remember_to_forget(ids, dataset)
    root = project_root()
    spelled = [*ids, *_other_spellings(root / "data/clean" / dataset, ids)]  # each has a pseudonym of its own
    for place in MADE:
        _remove(root / place / dataset)
    for pattern in SHARED:
        for file in (root / "scratch").glob(pattern.format(dataset)):
            _remove(file)
    names = {*map(however_spelled, ids), *pseudonyms(spelled, dataset).str.casefold(), *fingerprints(ids, dataset)}
    rows = sum(_rows_taken_out(file, names) for file in _tables(root, dataset))
    _forget_in_dvc(root, dataset)
    sources = ", ".join(_sources(dataset))
    return [
        f"{len(ids)} on the list data/forgotten/{dataset}.txt, which names nobody: commit it.",
        f"Raw, clean and scored tables, models, pages, private lists and DVC's cache of {dataset} are removed"
        f"{f', and {rows} rows of saved tables' if rows else ''}: run regulars reports {dataset}.",
        f"What this cannot reach: the source itself ({sources}), which goes on delivering them, to be left out at "
        "every reading; earlier commits of data/history, lots, identities and edits in git; a remote of DVC; copies "
        "of pages and lists that were passed on.",
    ]


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)


def _tables(root: Path, dataset: str) -> list[Path]:
    folders = [root / place / dataset for place in KEPT]
    inside = [file for folder in folders if folder.is_dir() for file in sorted(folder.rglob("*.csv"))]
    return inside + [file for place in KEPT if (file := root / place / f"{dataset}.csv").is_file()]


def _other_spellings(folder: Path, ids: list[str]) -> list[str]:
    """How the clean tables spell the ids of customers."""
    wanted, found = {*map(however_spelled, ids)}, set()
    for file in sorted(folder.glob("*.parquet")):
        if "customer_id" in pq.read_schema(file).names:
            known = pq.read_table(file, columns=["customer_id"])["customer_id"].unique().to_pylist()
            found |= {one for one in known if one is not None and however_spelled(one) in wanted}
    return sorted(found - {*ids})


def _rows_taken_out(file: Path, names: set[str]) -> int:
    """Take the rows of customers out of a table, whether it has their ids, their pseudonyms or fingerprints."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        head, *rows = list(csv.reader(lines)) or [[]]
    kept = [row for row in rows if not names & {however_spelled(text_as_it_was(cell.strip())) for cell in row}]
    if len(kept) < len(rows):
        with file.open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows([head, *kept])
    return len(rows) - len(kept)


def _forget_in_dvc(root: Path, dataset: str) -> None:
    """Take a dataset out of dvc.lock, and all that nothing else uses out of DVC's cache."""
    if (lock := root / LOCK).is_file():
        unlock(lock, dataset, root / CACHE)
    shutil.rmtree(root / ".dvc/cache/runs", ignore_errors=True)
    if (root / ".dvc/cache").is_dir():
        command = [sys.executable, "-m", "dvc", "gc", "--workspace", "--force", "--quiet"]
        if subprocess.run(command, cwd=root, capture_output=True, check=False).returncode:
            shutil.rmtree(root / ".dvc/cache")  # it holds nothing that cannot be made again


def _sources(dataset: str) -> list[str]:
    tables = load_mapping(dataset).tables
    told = [table.get("path") or ("a database" if "url" in table else "a package") for table in tables.values()]
    return list(dict.fromkeys(", ".join(one) if isinstance(one, list) else str(one) for one in told))
