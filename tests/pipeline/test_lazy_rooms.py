"""Rooms that load their names on first use."""

import importlib

import pytest


@pytest.mark.parametrize("name", ["segments", "satisfaction", "retention"])
def test_every_public_name_is_there(name):
    package = importlib.import_module(f"regulars.{name}")
    for public in dir(package):
        assert getattr(package, public).__doc__ or public.isupper()
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018
