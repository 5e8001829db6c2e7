"""A project of the former layout is refused in one sentence, and brought up to date without losing a comment."""

import pytest
import yaml

from regulars import cli
from regulars.commands.upgrade import upgrade, upgraded
from regulars.errors import UserError
from regulars.settings import load, resolve

OLD = """\
# Knobs of the shop.
common:
  language: zh                    # of the pages
  seed: 1                         # of all

value:
  margin: 0.3                     # assumed

index: {}

datasets:
  a:
    common: {language: en, seed: 2}   # in English
    value: {}                     # as it is
    index: {}
  b:
    common:
      language: en                # here too
    index: {}                     # the last
  c:
"""
NEW = """\
# Knobs of the shop.
common:
  seed: 1                         # of all

value:
  margin: 0.3                     # assumed

pages:
  language: zh                    # of the pages

datasets:
  a:
    common: {seed: 2}                 # in English
    value: {}                     # as it is
    pages:
      language: en
  b:
    common: {}
    pages:                        # the last
      language: en                # here too
    value: {}
  c:
"""


@pytest.fixture
def old(shop):
    shop.write("params.yaml", OLD)
    for name in ("a", "b"):
        shop.write(
            f"data/sources/{name}.yaml",
            "# yaml-language-server: $schema=../../src/regulars/source.schema.json\ntitle: Shop  # of Ann\n",
        )
    return shop.folder


def test_comments_and_order_stay(old):
    told = upgrade(old)
    assert (old / "params.yaml").read_text() == NEW
    assert told == [
        "params.yaml: index is called pages",
        "params.yaml: common.language is pages.language",
        "params.yaml: datasets.a.index is called pages",
        "params.yaml: datasets.a.common.language is datasets.a.pages.language",
        "params.yaml: datasets.b.index is called pages",
        "params.yaml: datasets.b.common.language is datasets.b.pages.language",
        "params.yaml: datasets.b.value is new, with nothing that differs",
        "data/sources/a.yaml: its schema is src/regulars/sources/source.schema.json",
        "data/sources/b.yaml: its schema is src/regulars/sources/source.schema.json",
    ]
    mapping = (old / "data/sources/a.yaml").read_text()
    assert mapping == (
        "# yaml-language-server: $schema=../../src/regulars/sources/source.schema.json\ntitle: Shop  # of Ann\n"
    )
    assert sorted(file.name for file in old.iterdir()) == ["data", "params.yaml"]
    content = load(old / "params.yaml")
    assert [resolve("pages", name, content)["language"] for name in "abc"] == ["en", "en", "zh"]


def test_a_second_time_changes_nothing(old, capsys):
    assert cli.main(["upgrade"]) == 0
    assert "params.yaml: common.language is pages.language\n" in capsys.readouterr().out
    before = {file: file.read_bytes() for file in old.rglob("*.yaml")}
    assert cli.main(["upgrade"]) == 0
    assert capsys.readouterr().out == "Nothing to change: the project is laid out as this version wants it.\n"
    assert {file: file.read_bytes() for file in old.rglob("*.yaml")} == before


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (OLD, "index"),
        (OLD.replace("\nindex: {}\n", ""), "common.language"),
        (NEW.replace("    common: {}\n    pages:", "    common: {}\n    index:"), "datasets.b.index"),
        (NEW.replace("{seed: 2}", "{seed: 2, language: en}"), "datasets.a.common.language"),
    ],
)
def test_the_former_layout_is_refused_with_what_to_do(old, capsys, content, what):
    (old / "params.yaml").write_text(content)
    sentence = f"params.yaml: {what} is of an earlier version: run `regulars upgrade`, which moves it."
    with pytest.raises(UserError) as caught:
        load(old / "params.yaml")
    assert str(caught.value) == sentence
    assert cli.main(["reports", "a"]) == 1
    assert capsys.readouterr().err == f"regulars: {sentence}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("common: {language: de}\ndatasets: {a: {index: {}}}\n",
         "common: {}\ndatasets: {a: {pages: {}}}\npages:\n  language: de\n"),
        ("common: {seed: 1, language: de}\nindex:\ndatasets: {}\n",
         "common: {seed: 1}\npages:\n  language: de\ndatasets: {}\n"),
        ("datasets: {a: {common: {language: de}}}\n", "datasets: {a: {common: {}, pages: {language: de}}}\n"),
        ("datasets:\n  a:\n    common:\n      language: de\n",
         "datasets:\n  a:\n    common: {}\n    pages:\n      language: de\n"),
        ("index: {x: 1}\ncommon:\n  language: de\ndatasets: {}\n",
         "pages: {x: 1, language: de}\ncommon: {}\ndatasets: {}\n"),
    ],
)  # fmt: skip
def test_however_it_is_written(before, after):
    changed, told = upgraded(before)
    assert changed == after and told
    assert upgraded(changed) == (changed, [])


def test_what_only_a_person_can_decide_is_left_alone(old):
    content = OLD.replace("index: {}\n\n", "index: {}\npages: {language: en}\n\n", 1)
    (old / "params.yaml").write_text(content)
    with pytest.raises(UserError, match="has both 'index' and 'pages', and only a person can tell"):
        upgrade(old)
    assert (old / "params.yaml").read_text() == content


def test_the_project_itself_needs_none(root):
    content = (root / "params.yaml").read_text(encoding="utf-8")
    assert upgraded(content) == (content, [])
    assert yaml.safe_load(content)["pages"] == {"language": "en"}


def test_a_dataset_gets_a_section_for_a_stage_that_has_come_since():
    before = "common:\n  seed: 1\ncycle:\n  festival: none\npages:\n  language: en\ndatasets:\n  shop:\n    value:\n"
    before += "      margin: 0.2  # ours\n    pages: {}\n"
    after, told = upgraded(before)
    assert yaml.safe_load(after)["datasets"]["shop"] == {"value": {"margin": 0.2}, "cycle": {}, "pages": {}}
    assert "# ours" in after
    assert told == ["params.yaml: datasets.shop.cycle is new, with nothing that differs"]
    assert upgraded(after) == (after, [])
