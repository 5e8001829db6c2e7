"""The room as a newcomer meets it: what it exports, what editors know of it, what help says."""

import ast
from pathlib import Path

from regulars import clv

SCREEN = 24  # lines


def test_the_stub_names_what_is_loaded_late():
    stub = Path(clv.__file__).with_suffix(".pyi")
    found = {
        alias.asname
        for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert found == {*clv.__all__, "sections"}


def test_help_begins_with_an_example_and_fits_on_three_screens():
    assert "    models = clv.fit_models(summary)" in clv.__doc__
    assert len(clv.__doc__.splitlines()) <= 3 * SCREEN
    assert all(name in clv.__doc__ for name in clv.__all__ if name != "WITHOUT_MODEL")
