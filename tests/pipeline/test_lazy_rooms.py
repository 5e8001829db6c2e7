"""Rooms that load their names on first use."""

import importlib

import pytest

import stubs


@pytest.mark.parametrize(
    "name", ["cleaning", "clv", "segments", "satisfaction", "retention", "actions", "statistics", "history"]
)
def test_every_public_name_is_there(name):
    package = importlib.import_module(f"regulars.{name}")
    for public in dir(package):
        assert getattr(package, public).__doc__ or public.isupper()
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018


def test_every_stub_is_up_to_date():
    stale = [file for file, text in stubs.stubs().items() if file.read_text(encoding="utf-8") != text]
    assert not stale, "run python tools/stubs.py --write"
