"""Hostile text in every column of every table, and personal data in all of them: what reaches pages and tables."""

import csv
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pypdf import PdfReader

from browser import acts, executable, needs_browser
from places import ROOT
from regulars.catalog import TABLES
from regulars.commands import share
from regulars.simulate import demo
from regulars.stages import STAGES
from sample_project import PARTS

pytestmark = [pytest.mark.full, pytest.mark.pipeline, pytest.mark.xdist_group("hostile")]
NAME = "hostile"
HOSTILE = (
    "=cmd|'/c calc'!A0", "+1+1", "@sum(a1)", "-2+3", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "{{7*191}}", "{% raw %}", "{value}", "%s%n", "../../etc/passwd", "\x1b[31mred", "\u202eright to left",
    "'; drop table--", '"><svg onload=alert(1)>', "a\nb", "\ttab", "msgid",
)  # fmt: skip
FREE = (
    "description", "category", "wording", "region", "reason", "mood", "department", "queue", "requested_remedy",
    "owner", "staff", "first_staff", "content", "question_id", "answer_id", "name", "competitor", "key_factor",
    "escalated_to",
)  # fmt: skip
PEOPLE = ("customer_id", "referrer_id", "referred_id", "referred_by")
CANARY = "Canary-7f3a"


def poisoned(table: str, frame: pd.DataFrame, columns: dict, turn: int) -> pd.DataFrame:
    """A raw table with a hostile text before the most frequent value of every free column, and canaries of people.

    Of each other column a row more, with a hostile text there: a number, a date, a choice that is none, an id.
    """
    frame = frame.astype(object)
    choices = {column.name: column.choices for column in TABLES[table].columns}
    more = []
    for target, spec in columns.items():
        column = spec["column"] if isinstance(spec, dict) else spec
        if column not in frame:
            continue
        if target in PEOPLE:
            frame[column] = frame[column].map(lambda one: f"{CANARY}-{one}", na_action="ignore")
        elif target in FREE and not choices.get(target):
            often = frame[column].value_counts()
            for place, value in enumerate(often.index[:3]):
                text = HOSTILE[(turn + place) % len(HOSTILE)]
                frame[column] = frame[column].where(frame[column] != value, f"{text}{value}")
                turn += 1
        else:
            row = frame.iloc[-1].copy()
            row[column] = f"{HOSTILE[(turn + len(more)) % len(HOSTILE)]}{row[column]}"
            more.append(row)
    frame = pd.concat([frame, pd.DataFrame(more)], ignore_index=True) if more else frame
    for extra in ("e-mail", "=name", "phone <b>"):
        frame[extra] = [f"{CANARY}-{extra}-{row}" for row in range(len(frame))]
    return frame


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    mapping = yaml.safe_load((ROOT / "data/sources/demo.yaml").read_text(encoding="utf-8"))
    mapping["simulated"] = False  # a firm's own files, of which nobody knows the truth
    mapping["on_unreadable"] = "reject"
    made = demo(seed=1, **{**mapping.pop("simulator"), "customers": 500})
    (folder / "inbox").mkdir()
    for turn, (name, table) in enumerate(mapping["tables"].items()):
        frame = poisoned(name, made[table.pop("simulator")], table["columns"], 3 * turn)
        frame.to_csv(folder / "inbox" / f"{name}.csv", index=False)
        table["path"] = f"inbox/{name}.csv"
    (folder / f"data/sources/{NAME}.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    settings["datasets"] = {NAME: settings["datasets"]["demo"]}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REGULARS_")}
    environment = kept | {"PYTHONPATH": str(folder / "src"), "REGULARS_ID_KEY": "a key for the tests"}
    said = []
    for stage in STAGES:
        command = [sys.executable, "-m", "regulars.cli", "run", stage, NAME]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout + done.stderr)
    return folder, "".join(said)


def shared(project) -> list[Path]:
    folder, _ = project
    return [path for place in ("reports", "models") for path in (folder / place).rglob("*") if path.is_file()]


class Elements(HTMLParser):
    """Names of elements and of attributes of a page."""

    def __init__(self):
        super().__init__()
        self.elements, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_no_text_becomes_markup_or_template(project):
    for page in (path for path in shared(project) if path.suffix == ".html"):
        content = page.read_text(encoding="utf-8")
        read = Elements()
        read.feed(content)
        assert not read.elements & {"img", "iframe", "object", "embed"}, page.name
        assert "alert(1)" not in "".join(re.findall(r"(?s)<script.*?</script>", content)), page.name
        assert not {name for name in read.attributes if name.startswith("on")}, page.name
        assert "1337" not in re.findall(r"1337(?=[A-Za-z])", content), page.name


def test_no_control_character_leaves_the_data(project):
    for path in shared(project):
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", path.read_text(encoding="utf-8")), path.name
    assert "\x1b" not in project[1]


def test_no_cell_is_a_formula(project):
    tables = [path for path in shared(project) if path.suffix == ".csv"]
    assert len(tables) > 50
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    number = re.fullmatch(r"[+-]?(\d+([.,]\d+)*(e[+-]?\d+)?%?|inf)", cell)
                    assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"{table.name}: {cell!r}"


@needs_browser
def test_the_pdf_does_nothing_and_tells_nobody(project, monkeypatch):
    folder, _ = project
    monkeypatch.setenv("REGULARS_ROOT", str(folder))
    monkeypatch.setattr(share, "BROWSERS", (executable(),))
    read = PdfReader(share.share(NAME, pdf=True))
    text = "".join(sheet.extract_text() for sheet in read.pages)
    assert len(read.pages) > 10 and CANARY.casefold() not in text.casefold()
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e]", text)
    assert acts(read) == []


def test_nothing_of_a_person_leaves_the_data(project):
    for path in shared(project):
        assert CANARY.casefold() not in path.read_text(encoding="utf-8").casefold(), path.name
    assert CANARY not in project[1]
