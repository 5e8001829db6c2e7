"""The page over all datasets: what each says first, and the way there."""

import os

import pytest

from places import ROOT
from regulars.catalog import write_json
from regulars.pages.overview import is_out_of_date, write_overview
from regulars.told import told_file

PAGE = {"stage": "clean", "start": "2025-07-01", "end": "2026-06-30", "currency": "EUR", "level": 0.9, "share": 1.0}
LANGUAGES = {"shop": "en", "absent": "en", "demo": "en"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Two datasets whose pages stand, and one whose pages do not."""
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    (tmp_path / "params.yaml").touch()
    for name, title, simulated in (("shop", "A & Söhne", False), ("demo", "<Demo>", True)):
        page = PAGE | {"dataset": name, "title": title, "simulated": simulated}
        answer = {"verdict": "whole", "facts": {"raw": 1_200, "money": 5_000.0}}
        file = tmp_path / told_file(name, "clean")
        file.parent.mkdir(parents=True)
        write_json({"page": page, "answer": answer}, file)
        (tmp_path / "reports" / name / "index.html").write_text("<h1>Not read</h1>", encoding="utf-8")
    return tmp_path


def test_it_says_what_each_dataset_has_told_and_leads_there(project):
    html = write_overview(LANGUAGES).read_text(encoding="utf-8")
    assert "2 datasets, with the answer of each in one sentence." in html
    assert html.index('href="shop/index.html"') < html.index('href="demo/index.html"')
    assert "A &amp; Söhne · orders to 30 June 2026" in html and "&lt;Demo&gt;" in html
    assert "All 1,200 rows of the order log can be used, and their €5,000 are accounted for in full" in html
    assert '<article class="card" lang="en-GB">' in html
    assert html.count('<div class="banner simulated">') == 1 and "does not exist" in html
    assert "absent" not in html and "Not read" not in html
    assert "<script" not in html and "http" not in html.replace("http-equiv", "")


def test_it_is_the_same_for_the_same_told_and_made_where_pages_are_newer(project):
    assert is_out_of_date(["shop", "demo"])
    file = write_overview(LANGUAGES)
    first = file.read_bytes()
    assert not is_out_of_date(["shop", "demo"])
    later = file.stat().st_mtime_ns + 10**9
    os.utime(project / "reports/demo/index.html", ns=(later, later))
    assert is_out_of_date(["shop", "demo"])
    assert write_overview(LANGUAGES).read_bytes() == first
    assert [file.name for file in (project / "reports").iterdir() if file.is_file()] == ["index.html"]


@pytest.mark.parametrize("dataset", ["cdnow", "demo"])
def test_a_real_dataset_says_there_what_its_index_says(dataset, tmp_path, monkeypatch):
    source = ROOT / "reports" / dataset / "index.html"
    if not source.is_file():
        pytest.skip(f"{dataset} is not built here: run `make reports`")
    copied = tmp_path / told_file(dataset, "value")
    copied.parent.mkdir(parents=True)
    copied.write_bytes((ROOT / told_file(dataset, "value")).read_bytes())
    (tmp_path / "reports" / dataset / "index.html").write_bytes(source.read_bytes())
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    html = write_overview({dataset: "en"}).read_text(encoding="utf-8")
    index = source.read_text(encoding="utf-8")
    title = index.partition("<h1>")[2].partition("</h1>")[0]
    assert title and f"<p>{title}</p>" in html and "1 dataset, with its answer" in html
    assert ("Simulated data" in html) == (dataset == "demo")
