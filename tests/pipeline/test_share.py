"""One file to forward: a zip whose links hold, and a PDF with one count of sheets."""

import re
import zipfile

import pytest
from pypdf import PdfReader

import report_sample
from browser import acts, executable, needs_browser
from regulars.cli import main
from regulars.commands import share
from regulars.errors import UserError
from regulars.stages import PAGES

DETAIL = report_sample.PAGE.detail_file


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose pages are the sample's, under every name."""
    for variable in ("REGULARS_ROOT", "REGULARS_STAGING"):
        monkeypatch.setenv(variable, str(tmp_path))
    writer = report_sample.build(tmp_path / "wording")
    front, detail = report_sample.pages_of(writer)
    folder = tmp_path / "reports/example"
    for page in PAGES:
        (folder / f"{page}.html").write_text(detail if page.endswith("-detail") else front, encoding="utf-8")
    (folder / "told/value.json").write_bytes((folder / "told/retention.json").read_bytes())
    return tmp_path


def test_a_zip_holds_every_page_and_all_that_they_link_to(project, capsys):
    assert main(["share", "example"]) == 0
    file = project / "scratch/example-2026-06-30.zip"
    assert "scratch/example-2026-06-30.zip" in capsys.readouterr().out
    with zipfile.ZipFile(file) as packed:
        names = set(packed.namelist())
        html = "".join(packed.read(name).decode() for name in names if name.endswith(".html"))
    assert {f"example/{page}.html" for page in PAGES} <= names
    linked = {name.partition("#")[0] for name in re.findall(r'href="([^"]+)"', html) if not name.startswith("#")}
    assert linked and {f"example/{name}" for name in linked} <= names
    assert not [name for name in names if "told" in name or "executed" in name], "nothing that no page links to"
    first = file.read_bytes()
    assert share.share("example").read_bytes() == first, "the same bytes again"


def test_pages_that_are_not_made_cannot_be_shared(project):
    (project / "reports/example/value-detail.html").unlink()
    with pytest.raises(UserError, match=r"reports/example has no value-detail.html: run regulars reports example"):
        share.share("example")


def test_joined_pages_link_within_and_have_each_name_once(project):
    folder = project / "reports/example"
    files = {name: (folder / name).read_text(encoding="utf-8") for name in ("retention.html", DETAIL)}
    html = share.joined(files)
    assert html.count("<main") == 2 and html.count("<style>") == 1 and "Content-Security-Policy" in html
    own = re.findall(r' id="([^"]+)"', html)
    twice = {name for name in own if own.count(name) > 1}
    assert all(name.startswith("retention-section-") for name in twice), "sections that stand on both levels"
    assert 'href="#retention-section-cohorts"' in html and ".html#" not in html
    assert not re.findall(r'href="(?!#)', html), "nothing leads to files that are not in it"


def test_without_a_browser_the_zip_is_named(project, monkeypatch):
    monkeypatch.setattr(share, "BROWSERS", ())
    with pytest.raises(UserError, match="printed by Chromium, and there is none here"):
        share.share("example", pdf=True)


@needs_browser
def test_a_pdf_has_the_fronts_first_and_a_number_and_what_it_is_on_every_sheet(project, monkeypatch):
    monkeypatch.setattr(share, "BROWSERS", (executable(),))
    file = share.share("example", project / "out/report.pdf", pdf=True)
    read = PdfReader(file)
    assert acts(read) == []
    texts = [sheet.extract_text() for sheet in read.pages]
    for number, text in enumerate(texts, 1):
        assert f"{number} of {len(texts)}" in text
        assert "Simulated data · Example Ltd" in text
    first = next(i for i, text in enumerate(texts) if "the details" in text)
    assert not any("What to do on Monday" in text for text in texts[first:]), "details are the appendix"
