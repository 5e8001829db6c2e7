"""Plans of a month, ``data/plans/<dataset>/<month>.yaml``: made once with what the data say, then written by people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

import pandas as pd
import yaml

from regulars.errors import UserError
from regulars.labels import Indicator, PlanArea, PlanStatus, PlanStep
from regulars.lazy import leave_out_slow_checker
from regulars.paths import PLANS, project_root

FOLDER = PLANS
CELL_COLUMNS = (
    "area", "step", "text", "figure", "indicator", "change_low", "change_high", "owner", "due", "status",
)  # fmt: skip
CORRECTIVE_COLUMNS = ("indicator", "month", "deviation", "cause", "action", "owner", "due", "status")


@dataclass(frozen=True)
class Plan:
    """Plan of one month.

    Parameters
    ----------
    dataset : str
    month : pandas.Period
        Planned for.
    made_from : datetime.date
        Last day that was known.
    cells : pandas.DataFrame
        area, step, text, figure, indicator, change_low, change_high (shares of the figure), owner, due, status.
    corrective : pandas.DataFrame
        indicator, month (first day, in which it left its usual range), deviation, cause, action, owner, due, status.
    """

    dataset: str
    month: pd.Period
    made_from: date
    cells: pd.DataFrame
    corrective: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CORRECTIVE_COLUMNS)))


class _Texts(yaml.SafeLoader):
    """YAML whose dates and words such as ``no`` stay the texts that were written."""


_Texts.yaml_implicit_resolvers = {
    letter: [(tag, rule) for tag, rule in rules if tag.rpartition(":")[2] in ("int", "float", "null")]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@cache
def _schema() -> dict:
    return json.loads((package_files("regulars.cycle") / "plan.schema.json").read_text(encoding="utf-8"))


def plan_file(dataset: str, month: pd.Period) -> Path:
    """Where the plan of a month lies, from the project's root.

    Examples
    --------
    >>> plan_file("demo", pd.Period("2026-07")).as_posix()
    'data/plans/demo/2026-07.yaml'
    """
    return FOLDER / dataset / f"{month}.yaml"


def read_plans(dataset: str) -> list[Plan]:
    """Every plan of a dataset, the earliest first.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    list of Plan

    Raises
    ------
    UserError
        Where a file is no plan, or says something that plans do not know: which file, which cell, what to write.
    """
    return [parse_plan(file.read_text(encoding="utf-8"), file.relative_to(project_root()).as_posix(), dataset)
            for file in sorted((project_root() / FOLDER / dataset).glob("*.yaml"))]  # fmt: skip


def parse_plan(text: str, name: str, dataset: str) -> Plan:
    """Read and check one plan.

    Parameters
    ----------
    text : str
        Content of the file.
    name : str
        Of the file, for messages; ``<month>.yaml``.
    dataset : str
        That it should belong to.

    Returns
    -------
    Plan

    Raises
    ------
    UserError

    Examples
    --------
    >>> plan = parse_plan("{dataset: demo, month: 2026-07, made_from: 2026-06-30, cells: []}", "2026-07.yaml", "demo")
    >>> str(plan.month), len(plan.cells)
    ('2026-07', 0)
    """
    try:
        content = yaml.load(text, Loader=_Texts)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{name}{line} is not YAML ({getattr(error, 'problem', 'unreadable')}): correct it.") from None
    _check(content, name)
    if content["dataset"] != dataset:
        raise UserError(
            f"{name}: dataset is {content['dataset']!r}, not {dataset!r}: the plan belongs elsewhere; move it there."
        )
    if Path(name).stem != content["month"]:
        raise UserError(f"{name}: month is {content['month']}: name the file {content['month']}.yaml, or correct it.")
    month, made_from = pd.Period(content["month"], "M"), _day(content["made_from"], name, "made_from")
    if month <= pd.Timestamp(made_from).to_period("M"):
        raise UserError(
            f"{name}: month {month} was over or under way on {made_from}, when it was planned: plan a month to come."
        )
    cells = [_cell(cell, f"cells.{number}", name) for number, cell in enumerate(content["cells"], 1)]
    steps = [
        _with_days(one, f"corrective.{number}", name) | {"month": pd.Timestamp(one["month"])}
        for number, one in enumerate(content.get("corrective") or (), 1)
    ]
    return Plan(dataset, month, made_from, _table(cells, CELL_COLUMNS), _table(steps, CORRECTIVE_COLUMNS))


def _check(content, name: str) -> None:
    leave_out_slow_checker()
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(_schema()).iter_errors(content))
    if error is None:
        return
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in error.absolute_path)
    at = f"{name}: {where + ': ' if where else ''}"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in known)
        close = get_close_matches(str(unknown), known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"it may be {', '.join(known)}."
        raise UserError(f"{at}'{unknown}' is not a key here; {hint}")
    if error.validator == "required":
        absent = next(key for key in error.validator_value if key not in error.instance)
        raise UserError(f"{at}the key '{absent}' is missing; add it.")
    wanted = error.schema.get("description") or _described(error) or "See the plan that `regulars close-month` writes."
    raise UserError(f"{at}{error.instance!r} is not what is wanted here. {wanted}")


def _described(error) -> str:
    """What the schema says of the key, where the rule that was broken stands below it."""
    below = error.parent
    while below is not None:
        if told := below.schema.get("description"):
            return told
        below = below.parent
    return ""


def _day(text: str, name: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{name}: {where}: {text} is no day: write one that there is, as 2026-07-10.") from None


def _with_days(row: Mapping, where: str, name: str) -> dict:
    known = [str(one) for one in Indicator]
    if row.get("indicator") is not None and row["indicator"] not in known:
        close = get_close_matches(row["indicator"], known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"it may be {', '.join(known)}."
        raise UserError(f"{name}: {where}.indicator: '{row['indicator']}' is no figure that is watched; {hint}")
    due = row.get("due")
    due = pd.NaT if due is None else pd.Timestamp(_day(due, name, f"{where}.due"))
    return {**row, "due": due, "status": row.get("status", str(PlanStatus.OPEN))}


def _cell(cell: Mapping, where: str, name: str) -> dict:
    change = cell.get("expected_change") or {}
    if change and change["low"] > change["high"]:
        raise UserError(f"{name}: {where}.expected_change: low {change['low']} lies above high {change['high']}.")
    if change and cell.get("indicator") is None:
        raise UserError(f"{name}: {where}: a change is expected of no figure: name the indicator that shall move.")
    ends = {f"change_{end}": change.get(end, float("nan")) for end in ("low", "high")}
    return _with_days(cell, where, name) | ends


def _table(rows: Sequence[Mapping], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=list(columns))
    texts = [name for name in columns if name not in ("due", "month", "change_low", "change_high")]
    kinds = dict.fromkeys(texts, "string") | {"due": "datetime64[us]"}
    kinds |= {name: "float64" for name in columns if name.startswith("change_")}
    return frame.astype(kinds | ({"month": "datetime64[us]"} if "month" in columns else {}))


def new_plan(
    dataset: str, made_from, known: Mapping[tuple[str, str], Mapping], deviations: Iterable[Mapping] = ()
) -> Plan:
    """The fifteen cells of the month after a day, filled where the data say something.

    Parameters
    ----------
    dataset : str
    made_from : date
        Last day observed.
    known : mapping
        (area, step) to what is known of the cell: text, figure, indicator, change_low, change_high, due.
    deviations : iterable of mapping
        What left its usual range: indicator, month, deviation.

    Returns
    -------
    Plan

    Examples
    --------
    >>> plan = new_plan("demo", "2026-06-30", {("customer", "plan"): {"text": "Call the ten.", "indicator": "kept"}})
    >>> str(plan.month), len(plan.cells), int(plan.cells["text"].notna().sum())
    ('2026-07', 15, 1)
    """
    day = pd.Timestamp(made_from)
    cells = [
        {"area": area, "step": step, "status": PlanStatus.OPEN} | dict(known.get((area, step), {}))
        for area in PlanArea
        for step in PlanStep
    ]
    steps = [{"status": PlanStatus.OPEN} | dict(one) for one in deviations]
    return Plan(
        dataset, day.to_period("M") + 1, day.date(), _table(cells, CELL_COLUMNS), _table(steps, CORRECTIVE_COLUMNS)
    )


def plan_text(plan: Plan, title: str) -> str:
    """A plan as the file that people go on writing, with what each key takes.

    Parameters
    ----------
    plan : Plan
    title : str
        Of the dataset.

    Returns
    -------
    str
        YAML that `parse_plan` reads.

    Examples
    --------
    >>> print(plan_text(new_plan("demo", "2026-06-30", {}), "Demo Ltd").splitlines()[0])
    # Plan of Demo Ltd for 2026-07, made from what was known on 2026-06-30.
    """
    lines = [
        f"# Plan of {' '.join(title.split())} for {plan.month}, made from what was known on {plan.made_from}.",
        "# It is yours: write into it, add cells, delete cells; it is never overwritten. The cycle page of the next",
        "# month shows what became of it.",
        f"#   indicator        the figure that shall move: {', '.join(list(Indicator)[:7])},",
        *(f"#                    {', '.join(list(Indicator)[at : at + 7])}," for at in range(7, len(Indicator), 7)),
        "#   expected_change  by how much, as shares of the figure: {low: 0.02, high: 0.05} is 2 to 5 % more",
        f"#   status           {', '.join(PlanStatus)};   due   a day, as {plan.month}-10",
        f"dataset: {json.dumps(plan.dataset)}",
        f"month: {plan.month}",
        f"made_from: {plan.made_from}",
        "cells:",
    ]
    for cell in plan.cells.to_dict("records"):
        change = ""
        if cell["change_low"] == cell["change_low"]:
            change = f" {{low: {cell['change_low']:.4g}, high: {cell['change_high']:.4g}}}"
        lines.append(f"  - area: {cell['area']}")
        lines += [f"    {name}:{_written(cell[name])}" for name in ("step", "text", "figure", "indicator")]
        lines.append(f"    expected_change:{change}")
        lines += [f"    {name}:{_written(cell[name])}" for name in ("owner", "due", "status")]
    lines.append("corrective:" if len(plan.corrective) else "corrective: []")
    for one in plan.corrective.to_dict("records"):
        lines += [f"  - indicator: {one['indicator']}", f"    month: {one['month']:%Y-%m}"]
        lines += [f"    {name}:{_written(one[name])}" for name in CORRECTIVE_COLUMNS[2:]]
    return "\n".join(lines) + "\n"


def _written(value) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return f" {value:%Y-%m-%d}"
    return f" {value}" if str(value).isidentifier() else f" {json.dumps(str(value), ensure_ascii=False)}"
