"""Rooms that load their names on first use, and how others must import from them."""

import ast
import importlib
from pathlib import Path

import pytest

import imports

LAZY = ("segments", "satisfaction", "retention")
CODE = [*imports.PACKAGE.rglob("*.py"), *sorted((imports.ROOT / "notebooks").glob("*.ipynb"))]


@pytest.mark.parametrize("name", LAZY)
def test_every_public_name_is_there(name):
    package = importlib.import_module(f"regulars.{name}")
    assert dir(package) == sorted(package.__all__)
    for public in package.__all__:
        assert getattr(package, public).__doc__ or public.isupper()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_notebooks_and_modules_import_the_room_s_modules(path: Path):
    # the deps of a stage are read off the imports: a name that the package loads later would hide its module
    source = imports.notebook_code(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in {f"regulars.{name}" for name in LAZY}:
            hidden = [a.name for a in node.names if imports.module_file(f"{node.module}.{a.name}") is None]
            assert not hidden, f"{path.name}: write 'from {node.module} import <module>' instead of {hidden}"
