"""What is told at the end of a month, saved as it was, for the pages of later months; and the plan of the next one."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from regulars import cycle, retention
from regulars.actions.prospects import OPEN_STAGES
from regulars.cycle.plans import plan_file
from regulars.dataset import Dataset
from regulars.errors import UserError
from regulars.finding import Action, encode_facts
from regulars.history.closed import (
    ACTIONS,
    CUSTOMERS,
    FOLDER,
    HELD,
    HELD_COLUMNS,
    INDICATOR_COLUMNS,
    INDICATORS,
    MONTHS,
    PROSPECTS,
    SUMMARY,
)
from regulars.history.customers import COLUMNS
from regulars.history.months import COLUMNS as MONTH_COLUMNS
from regulars.labels import Indicator, PlanArea, PlanStep
from regulars.pages.declared import PAGES, writer_of
from regulars.paths import project_root
from regulars.rounding import plain, round_frame
from regulars.statistics.intervals import Estimate
from regulars.told import Told, read_told

PROSPECT_COLUMNS = ("prospect", "stage", "win_probability", "quoted_amount", "expected_close")
# pages of each area of a plan: the answer of the first that is told opens it, and what pays on any of them and is in no
# area yet is planned; beside each page the figure that its actions should move
OPENS = {
    PlanArea.CUSTOMER: (("retention", Indicator.KEPT), ("value", Indicator.REVENUE)),
    PlanArea.BRAND: (("satisfaction", Indicator.COMPLAINTS), ("interaction", Indicator.CALLS_ANSWERED)),
    PlanArea.MARKET: (("actions", Indicator.REVENUE), ("segments", Indicator.REVENUE), ("value", Indicator.REVENUE)),
}


def close_month(shop: Dataset) -> Path:
    """Save what the pages of a dataset tell now.

    Parameters
    ----------
    shop : Dataset
        One whose pages are built.

    Returns
    -------
    pathlib.Path
        The folder written, from the project's root.

    Raises
    ------
    UserError
        Where the pages are not built, or something else has been saved for that day.
    """
    settings, models = shop.settings("retention"), shop.models
    if models.untold:
        raise UserError(f"There is nothing to hold {shop.name} to later: {models.untold}")
    if models.months_ahead is None:
        raise UserError(f"models/{shop.name}/clv.json tells no months ahead: build the pages again first.")
    scored = shop.customers
    certainty = replace(models.certainty, level=settings.interval_level)
    expected = retention.expected_active(scored, certainty)
    listed = retention.at_risk(scored, settings.list_length, min_alive=settings.call_min_alive)["customer_id"]
    summary = {
        "dataset": shop.name, "observation_end": shop.end.isoformat(),
        "active_within_days": models.economics.active_within_days, "horizon_months": models.horizon_months,
        "expected_active": vars(expected), "clv": float(scored["clv"].sum()),
        "value_at_risk": float(scored["value_at_risk"].sum()),
    }  # fmt: skip
    table = scored.assign(customer=shop.pseudonyms(scored["customer_id"]), on_list=scored["customer_id"].isin(listed))
    table = round_frame(table.reindex(columns=list(COLUMNS)).sort_values("customer", ignore_index=True))
    folder = FOLDER / shop.name / summary["observation_end"]
    months = pd.DataFrame(models.months_ahead).assign(share=shop.about.share)
    indicators = cycle.monthly_indicators(
        shop.tables, shop.purchases(), shop.end, construct=shop.settings("cycle").satisfaction_construct
    )
    orders = shop.tables.load("orders", ("customer_id", "ordered_at", "amount"))
    held = cycle.held_forecasts(shop.name, orders, shop.end, share_drawn=shop.about.share)
    told = told_pages(shop.name)
    _write_once(folder / SUMMARY, _json(summary))
    _write_once(folder / CUSTOMERS, _text(table))
    _write_once(folder / MONTHS, _text(round_frame(months[list(MONTH_COLUMNS)])))
    _write_once(folder / INDICATORS, _text(round_frame(indicators[list(INDICATOR_COLUMNS)])))
    _write_once(folder / HELD, _text(round_frame(held[list(HELD_COLUMNS)])))
    _write_once(folder / ACTIONS, _json(_actions(told)))
    if "prospects" in shop.tables:
        _write_once(folder / PROSPECTS, _text(round_frame(_prospects(shop))))
    write_plan(shop, told, indicators)
    return folder


def told_pages(dataset: str) -> dict[str, Told]:
    """What each stage of a dataset has told, of those that have."""
    folder = project_root() / "reports" / dataset / "told"
    return {stage: read_told(dataset, stage) for stage in PAGES if (folder / f"{stage}.json").is_file()}


def _actions(told: dict[str, Told]) -> list[dict]:
    """What was to be done, with its sums, page by page."""
    return [
        {"stage": stage, "key": one.key, "verdict": one.verdict, "facts": encode_facts({**one.facts, **one.sums})}
        for stage, page in told.items()
        for one in page.actions
    ]


def _prospects(shop: Dataset) -> pd.DataFrame:
    """What was said of each prospect that was not decided."""
    table = shop.tables["prospects"]
    running = table[table["stage"].isin(OPEN_STAGES)].reindex(columns=["prospect_id", *PROSPECT_COLUMNS[1:]])
    running = running.assign(prospect=shop.pseudonyms(running["prospect_id"]))
    return running[list(PROSPECT_COLUMNS)].sort_values("prospect", ignore_index=True)


def write_plan(shop: Dataset, told: dict[str, Told], indicators: pd.DataFrame) -> Path | None:
    """Make the plan of the month to come, where there is none; what people have written is never overwritten.

    Parameters
    ----------
    shop : Dataset
    told : dict of str to Told
        What each page tells.
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`.

    Returns
    -------
    pathlib.Path or None
        The plan, from the project's root; None where it was there.
    """
    settings = shop.settings("cycle")
    board = cycle.scorecard(indicators, quiet_years=settings.quiet_years, pooled=cycle.POOLED[settings.festival])
    last = indicators["month"].max()
    language = shop.settings("pages").language
    off = _worded(cycle.deviations(board, last), shop, language)
    plan = cycle.new_plan(shop.name, shop.end, known_cells(told, indicators, language), off)
    file = project_root() / plan_file(shop.name, plan.month)
    if file.exists():
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(cycle.plan_text(plan, shop.about.title), encoding="utf-8")
    return plan_file(shop.name, plan.month)


def _surely(action: Action) -> float:
    """What an action leaves at the least; the most comes first."""
    return -action.net.low if action.net is not None else 0.0


def _worded(found: pd.DataFrame, shop: Dataset, language: str) -> list[dict]:
    """What left its usual range, each as a plan takes it, with how far as its deviation."""
    say = writer_of(shop.report("cycle", language).told.page, language).wording.format
    rows = []
    for one in found.to_dict("records"):
        unit = cycle.KINDS[Indicator(one["indicator"])].unit
        usual = say(Estimate(one["value"], one["usual_low"], one["usual_high"]), f"{unit}:interval")
        deviation = f"{say(one['month'], 'month_short')}: {say(one['value'], unit)} ({usual})"
        rows.append({"indicator": one["indicator"], "month": one["month"], "deviation": deviation})
    return rows


def known_cells(told: dict[str, Told], indicators: pd.DataFrame, language: str) -> dict[tuple[str, str], dict]:
    """What the pages say for each cell of a plan: their answers, what is to be done, how last month's words did.

    Parameters
    ----------
    told : dict of str to Told
    indicators : pandas.DataFrame
        Of `regulars.cycle.monthly_indicators`.
    language : str
        Of the sentences.

    Returns
    -------
    dict of (area, step) to dict
        As `regulars.cycle.new_plan` takes them.
    """
    cells: dict[tuple[str, str], dict] = {}
    planned: set[str] = set()
    for area, pages in OPENS.items():
        stage = next((stage for stage, _ in pages if stage in told), None)
        if stage is None:
            continue
        writer = writer_of(told[stage].page, language)
        writer.first_screen(told[stage])
        blocks = writer.blocks
        answer = next(block for block in blocks if block["kind"] == "answer")
        tile = next((block for block in blocks if block["kind"] == "tile"), None)
        cells[area, PlanStep.ANALYSE] = {"text": answer["title"]} | (
            {"figure": f"{tile['label']}: {tile['value']} {tile['under']}".strip()} if tile else {}
        )
        paying = [
            (stage, indicator, one)
            for stage, indicator in pages
            if stage in told and stage not in planned
            for one in sorted((one for one in told[stage].actions if one.pays), key=_surely)
        ]
        planned |= {stage for stage, _ in pages}
        for step, (stage, indicator, one) in zip((PlanStep.PLAN, PlanStep.CARRY_OUT), paying, strict=False):
            writer = writer_of(told[stage].page, language)
            writer.action(one.key, one.verdict, **{**one.sums, **one.facts})
            said = {"text": writer.blocks[-1]["text"], "owner": writer.blocks[-1]["owner"]}
            cells[area, step] = said | {"indicator": str(indicator)} | _expected(one, indicator, indicators)
    if "cycle" in told and (found := told["cycle"].sections.get("forecasts")) is not None:
        writer = writer_of(told["cycle"].page, language)
        writer.tell("forecasts", found)
        title = next((block["title"] for block in writer.blocks if "title" in block), None)
        if title:
            cells[PlanArea.CUSTOMER, PlanStep.ASSESS] = {"text": title}
    return cells


def _expected(action, indicator: Indicator, indicators: pd.DataFrame) -> dict:
    """By how much an action should move revenue, as a share of the last twelve months'; nothing is known of others."""
    if indicator != Indicator.REVENUE:
        return {}
    year = indicators.loc[indicators["indicator"] == Indicator.REVENUE, "value"].tail(12)
    if len(year) < 12 or not year.sum() > 0:
        return {}
    low, high = (float(end / year.sum()) for end in (action.gain.low, action.gain.high))
    return {"change_low": low, "change_high": high}


def _json(content) -> str:
    return json.dumps(plain(content), indent=2, sort_keys=True) + "\n"


def _text(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")


def _write_once(relative: Path, content: str) -> None:
    file = project_root() / relative
    if file.is_file() and file.read_text(encoding="utf-8") != content:
        raise UserError(
            f"{relative.as_posix()} is there and says something else: what was told is not rewritten; if it was never "
            "shown to anybody, delete it and close the month again."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
