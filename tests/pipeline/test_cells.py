"""Cells of a notebook: what the data do not allow ends neither the story nor the build."""

import json

import nbformat
import pytest

from regulars import cells, cleaning
from regulars.cells import CALL, compiled, told_or_why
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.finding import UNUSABLE, Finding, Refusal, tells
from regulars.paths import STAGING_VARIABLE
from regulars.runner import execute, say_faults

STORY = (
    "import regulars\nfrom regulars.errors import UserError\nshop = regulars.open(dataset)",
    "def half(n):\n    if n < 2:\n        raise UserError('There is one customer only.')\n    return n / 2",
    "few, many = half(1), half(4)\nround(half(few)), many",
)


@tells
def tell_parts(parts):
    return Finding("told", {"first": parts[0]})


def run(source: str, **names) -> dict:
    scope = {CALL: told_or_why, **names}
    exec(compiled(source, "a cell"), scope)
    return scope


def test_what_follows_from_a_refusal_is_that_refusal():
    none = Refusal("nobody came back.")
    scope = run("a = max(none, 3)\nb = tell(none)\nc = [one for one in [sorted(none)]]", none=none, tell=tell_parts)
    assert scope["a"] is none and scope["c"] == [none]
    assert (scope["b"].key, scope["b"].verdict, scope["b"].facts["why"]) == ("parts", UNUSABLE, "nobody came back.")


def test_a_loop_over_a_refusal_ends():
    with pytest.raises(TypeError):
        list(Refusal("nobody came back."))


def test_an_error_of_ours_is_raised_by_hand_and_told_in_the_pipeline(monkeypatch):
    monkeypatch.delenv(STAGING_VARIABLE, raising=False)
    with pytest.raises(IndexError):
        told_or_why(tell_parts, [])
    monkeypatch.setenv(STAGING_VARIABLE, "aside")
    monkeypatch.delenv(cells.DEBUG_VARIABLE, raising=False)
    monkeypatch.setattr(cells, "faults", [])
    found = told_or_why(tell_parts, [])
    assert (found.key, found.verdict) == ("parts", UNUSABLE)
    assert found.facts["why"].startswith("this part of Regulars failed (IndexError: list index out of range);")
    assert cells.faults == ["tell_parts: IndexError: list index out of range"]


def test_what_everything_rests_on_ends_the_run():
    with pytest.raises(UserError, match="There are no settings of a stage 'valued'"):
        told_or_why(Dataset("cdnow").settings, "valued")
    with pytest.raises(UserError, match=r"data/sources/nobody\.yaml"):
        told_or_why(cleaning.clean, "nobody")


def test_a_live_kernel_makes_calls_so_once_a_dataset_is_open(tmp_path, root):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    first = nbformat.v4.new_code_cell("dataset = 'demo'", metadata={"tags": ["parameters"]})
    story = nbformat.v4.new_notebook(metadata=metadata)
    story.cells = [first, *map(nbformat.v4.new_code_cell, STORY)]
    nbformat.write(story, tmp_path / "story.ipynb")
    (tmp_path / "done").mkdir()
    done = execute(tmp_path / "story.ipynb", tmp_path / "done" / "story.ipynb", {"dataset": "cdnow"}, root)
    shown = done.cells[-1]["outputs"][0]["data"]["text/plain"]
    assert shown == "(It cannot be told: There is one customer only., 2.0)"


def test_faults_are_said_on_the_terminal(tmp_path, capsys):
    place = tmp_path / "reports/shop/told"
    place.mkdir(parents=True)
    (place / "value.json").write_text(json.dumps({"faults": ["tell_worth: KeyError: 'clv'"]}), encoding="utf-8")
    say_faults("value", "shop", tmp_path)
    said = capsys.readouterr().err
    assert said.startswith("regulars: shop, value: this should not have happened, and its page says so: tell_worth: ")


def test_what_everything_rests_on_is_whole_or_not_there(monkeypatch):
    """An error of ours while cleaned tables are written ends the stage: half of them must replace nothing."""
    monkeypatch.setenv(STAGING_VARIABLE, "aside")
    monkeypatch.delenv(cells.DEBUG_VARIABLE, raising=False)
    with pytest.raises(AttributeError):
        told_or_why(cleaning.save, "no cleaned dataset")
