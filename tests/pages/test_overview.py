"""The page over all datasets: what each says first, and the way there."""

import os

import pytest

from places import ROOT
from regulars.pages.overview import is_out_of_date, write_overview

INDEX = """<!doctype html><html lang="{lang}"><head><title>x</title></head><body>
<header><p class="who"><strong>Regulars</strong> · {title} · orders to 30 June 2026</p></header>
<p class="banner {kind}">{banner}</p>
<h1>{answer}</h1>
<p class="lead">More.</p></body></html>
"""


@pytest.fixture
def project(tmp_path):
    """Two datasets whose pages stand, and one whose pages do not."""
    (tmp_path / "params.yaml").touch()
    real = {"lang": "en-GB", "title": "A &amp; Söhne", "kind": "real", "banner": "Real.", "answer": "Worth €5 &lt; €6"}
    drawn = {"lang": "zh", "title": "Demo", "kind": "simulated", "banner": "Not real.", "answer": "Worth £1"}
    for name, parts in {"shop": real, "demo": drawn}.items():
        (tmp_path / "reports" / name).mkdir(parents=True)
        (tmp_path / "reports" / name / "index.html").write_text(INDEX.format(**parts), encoding="utf-8")
    return tmp_path


def test_it_says_what_each_index_says_and_leads_there(project):
    html = write_overview(["shop", "absent", "demo"], root=project).read_text(encoding="utf-8")
    assert "2 datasets, with the answer of each in one sentence." in html
    assert html.index('href="shop/index.html"') < html.index('href="demo/index.html"')
    assert "A &amp; Söhne · orders to 30 June 2026" in html and "<p>Worth €5 &lt; €6</p>" in html
    assert '<article class="card" lang="zh">' in html
    assert html.count('<div class="banner simulated">') == 1 and "Not real." in html and "Real.<" not in html
    assert "absent" not in html and "<script" not in html and "http" not in html.replace("http-equiv", "")


def test_it_is_the_same_for_the_same_pages_and_made_where_they_are_newer(project):
    assert is_out_of_date(["shop", "demo"], project)
    file = write_overview(["shop", "demo"], root=project)
    first = file.read_bytes()
    assert not is_out_of_date(["shop", "demo"], project)
    later = file.stat().st_mtime_ns + 10**9
    os.utime(project / "reports/demo/index.html", ns=(later, later))
    assert is_out_of_date(["shop", "demo"], project)
    assert write_overview(["shop", "demo"], root=project).read_bytes() == first
    assert [file.name for file in (project / "reports").iterdir() if file.is_file()] == ["index.html"]


@pytest.mark.parametrize("dataset", ["cdnow", "demo"])
def test_a_real_index_has_every_part(dataset, tmp_path):
    source = ROOT / "reports" / dataset / "index.html"
    if not source.is_file():
        pytest.skip(f"{dataset} is not built here: run `make reports`")
    (tmp_path / "reports" / dataset).mkdir(parents=True)
    (tmp_path / "reports" / dataset / "index.html").write_bytes(source.read_bytes())
    html = write_overview([dataset], root=tmp_path).read_text(encoding="utf-8")
    assert "1 dataset, with its answer" in html
    assert " customers should bring " in html and " · orders to 30 June " in html
    assert ("Simulated data" in html) == (dataset == "demo")
