"""The room as a newcomer meets it: what help says of what it exports."""

from regulars import clv

SCREEN = 24  # lines


def test_help_begins_with_an_example_and_fits_on_three_screens():
    assert "    models = clv.fit_models(summary)" in clv.__doc__
    assert len(clv.__doc__.splitlines()) <= 3 * SCREEN
    assert all(name in clv.__doc__ for name in dir(clv))
