"""The reference of the library: every public name has its place in it, is there, and says what it is."""

from importlib import import_module

import pytest
import yaml

import reference
from places import ROOT

ROOMS = reference.rooms()


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in reference.TITLES])
def test_every_public_name_of_a_room_is_told(room):
    assert {name for name in dir(import_module(room)) if not name.startswith("_")} == {
        name.rpartition(".")[2] for name in ROOMS[room]
    }


@pytest.mark.parametrize("name", sorted({name for names in ROOMS.values() for name in names}))
def test_a_name_is_where_the_reference_looks_for_it_and_says_what_it_is(name):
    try:
        found = import_module(name)
    except ModuleNotFoundError:
        module, _, public = name.rpartition(".")
        found = getattr(import_module(module), public)
    assert isinstance(found, str | int | float | tuple | dict | list | frozenset) or (found.__doc__ or "").strip(), name


def test_the_first_page_leads_to_all_others():
    pages = reference.pages()
    assert [file for file in pages if file != "index.md" and f"]({file})" not in pages["index.md"]] == []
    assert "::: regulars.dataset.open" in pages["regulars.md"]


def test_it_is_built_of_what_is_written_here():
    told = yaml.safe_load((ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8"))
    assert told["docs_dir"] == "_build/pages" and told["strict"] and not told["theme"]["highlightjs"]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert "/docs/_build/" in ignored
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "python tools/reference.py docs/_build/pages && mkdocs build --quiet --config-file docs/mkdocs.yml" in recipe
