"""What a stage tells: its answer, key figures, findings and actions, as facts and tables; no word of any language.

A whole notebook, in small::

    report = shop.report("value")
    report.answer(worth=Estimate(412_000, 371_000, 455_000, n=4_210))   # which sentence opens the page, and its facts
    report.tile("worth", worth, unit="money_short")                     # up to four on the page; also a metric
    report.tell(clv.tell_concentration(customers))                      # a section: verdict, facts, frames
    report.action("call", customers=200, **sums(Estimate(12_000, 9_000, 16_000), 1_000))  # gain, cost and net
    report.term("clv", "interval", horizon_months=12)                   # words that the page explains
    report.close()                                                      # writes told/value.json, metrics/value.json

Frames go to ``reports/<dataset>/tables/<stage>/<section>.<frame>.csv``. How all of it looks and what it says is
declared in ``regulars.pages``; the stage ``pages`` makes every page of every language from these files. In a live
kernel each call displays what the page would show.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from regulars import cells
from regulars.catalog.places import as_it_was, read_json, write_csv, write_json
from regulars.disclosure import secret_facts, shown_frames
from regulars.finding import UNUSABLE, Action, Finding, FirstScreen, Refusal, Remark, Tile, decode_facts, encode_facts
from regulars.paths import STAGING_VARIABLE, found
from regulars.rounding import plain
from regulars.statistics.intervals import Estimate

FIGURES = "figures.csv"  # of a stage: what its page states outside of its tables
MEASURES = ("value", "low", "high", "n")
INDICATORS = ("satisfaction", "loyalty", "repurchase", "word_of_mouth", "retention")
MONEY_INDICATORS = ("equity", "revenue", "best", "risk", "stake")  # what a director asks first, in money
MAX_TILES = 4  # on a page
TOO_FEW = "it would say what fewer than {least} customers did (setting `privacy_min_cell`)."
# kind of a column to how it is read from its file; with a question mark where a value is missing
READ_AS = {"int": "int64", "int?": "Int64", "float": "float64", "bool": "boolean", "text": "string", "text?": "string"}


class ToldError(ValueError):
    """A stage tells something twice, too much or too little."""


@dataclass
class Told:
    """All that one stage tells.

    Parameters
    ----------
    page : dict
        stage, dataset, title, simulated, currency, start, end, level, share, rows_raw, rows_kept, orders_sampled.
    answer : Finding, optional
    tiles : list of Tile
    paragraphs : list of Remark
        Said below the first screen.
    sections : dict of str to Finding
        In the order in which they were told; the page has an order of its own.
    actions : list of Action
    terms : list of str
        Words that the page explains.
    term_facts, model_facts : dict
    modelled : bool
        Whether the page tells of a model.
    metrics : dict
        Name to value, low, high, n and unit.
    """

    page: dict
    answer: Finding | None = None
    tiles: list[Tile] = field(default_factory=list)
    paragraphs: list[Remark] = field(default_factory=list)
    sections: dict[str, Finding] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    term_facts: dict = field(default_factory=dict)
    model_facts: dict = field(default_factory=dict)
    modelled: bool = True
    metrics: dict = field(default_factory=dict)

    def content(self) -> dict:
        """As ``told/<stage>.json`` holds it: facts with their intervals, and the names of the tables."""
        answer = self.answer or Finding()
        return {
            "page": self.page,
            "answer": {"verdict": _text(answer.verdict), "facts": encode_facts(answer.facts)},
            "tiles": [
                {**vars(tile), "verdict": _text(tile.verdict), "facts": encode_facts(tile.facts)}
                | {"estimate": encode_facts({"x": tile.estimate})["x"]}
                for tile in self.tiles
            ],
            "paragraphs": [_remark(remark) for remark in self.paragraphs],
            "sections": [self._section(finding) for finding in self.sections.values()],
            "actions": [
                {"key": one.key, "verdict": _text(one.verdict), "facts": encode_facts(one.facts)}
                | encode_facts(one.sums)
                for one in self.actions
            ],
            "terms": {"keys": self.terms, "facts": encode_facts(self.term_facts)},
            "models": {"told": self.modelled, "facts": encode_facts(self.model_facts)},
        }

    def _section(self, finding: Finding) -> dict:
        frames = {
            name: {"file": table_file(self.page["stage"], finding.key, name).as_posix(), "kinds": kinds(frame)}
            for name, frame in finding.frames.items()
        }
        told = {"key": finding.key, "verdict": _text(finding.verdict), "facts": encode_facts(finding.facts)}
        shown = {name: {k: _setting(v) for k, v in settings.items()} for name, settings in finding.shown.items()}
        more: dict[str, object] = {"frames": frames, "shown": shown, "columns": finding.columns}
        more |= {"remarks": [_remark(remark) for remark in finding.remarks], "withheld": list(finding.withheld)}
        return told | {name: content for name, content in more.items() if content}


def _setting(value):
    """A chart's setting as JSON; a frame that is drawn beside the chart's own keeps its types."""
    if isinstance(value, pd.DataFrame):
        return {"kinds": kinds(value), "rows": [plain(list(row)) for row in value.itertuples(index=False)]}
    return value


def _read_setting(value):
    if isinstance(value, Mapping) and set(value) == {"kinds", "rows"}:
        frame = pd.DataFrame(value["rows"], columns=list(value["kinds"]))
        return frame.astype({name: _dtype(kind) for name, kind in value["kinds"].items()})
    return value


def _dtype(kind: str) -> str:
    return "datetime64[us]" if kind == "date" else READ_AS[kind]


def _text(verdict) -> str | None:
    return None if verdict is None else str(verdict)


def _remark(remark: Remark) -> dict:
    return {"code": remark.code, "facts": encode_facts(remark.facts)}


def table_file(stage: str, section: str | None, frame: str) -> Path:
    """Where a section's frame lies, below the dataset's reports."""
    return Path("tables", stage, f"{section}.{frame}.csv")


def kinds(frame: pd.DataFrame) -> dict[str, str]:
    """Kind of each column, by which its CSV is read again.

    Examples
    --------
    >>> kinds(pd.DataFrame({"day": pd.to_datetime(["2026-01-05"]), "n": [1], "share": [0.5], "who": ["a"]}))
    {'day': 'date', 'n': 'int', 'share': 'float', 'who': 'text'}
    """
    return {str(name): _kind(frame[name]) for name in frame}


def _kind(values: pd.Series) -> str:
    types = pd.api.types
    if types.is_datetime64_any_dtype(values):
        return "date"
    if types.is_bool_dtype(values):
        return "bool"
    gap = "?" if values.isna().any() else ""
    if types.is_integer_dtype(values):
        return f"int{gap}"
    return "float" if types.is_float_dtype(values) else f"text{gap}"


def read_frame(file: Path, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Read a table that a stage has written, with the types that it had."""
    frame = as_it_was(pd.read_csv(file, dtype=str, keep_default_na=False))
    for name, kind in kinds.items():
        text = frame[name]
        if kind == "date":
            frame[name] = pd.to_datetime(text.where(text != ""))
        elif kind == "text":
            frame[name] = text.astype("string")
        elif kind == "bool":
            frame[name] = text.map({"True": True, "False": False}).astype("boolean")
            frame[name] = frame[name].astype(bool) if not frame[name].isna().any() else frame[name]
        else:
            frame[name] = text.where(text != "").astype(READ_AS[kind])
    return frame


def told_file(dataset: str, stage: str) -> Path:
    """File of what a stage has told, below the project's folder."""
    return Path("reports", dataset, "told", f"{stage}.json")


def read_answer(dataset: str, stage: str) -> tuple[dict, Finding]:
    """Page and answer of what a stage has told, without its sections."""
    content = read_json(told_file(dataset, stage))
    return content["page"], Finding(content["answer"]["verdict"], decode_facts(content["answer"]["facts"]))


def read_told(dataset: str, stage: str) -> Told:
    """Read what a stage has told.

    Parameters
    ----------
    dataset, stage : str

    Returns
    -------
    Told

    Raises
    ------
    UserError
        Where the stage has not run.
    """
    folder = Path("reports", dataset)
    content = read_json(told_file(dataset, stage))
    answer = content["answer"]
    sections = {}
    for one in content["sections"]:
        frames = {
            name: read_frame(found(folder / made["file"]), made["kinds"])
            for name, made in one.get("frames", {}).items()
        }
        sections[one["key"]] = Finding(
            one["verdict"],
            decode_facts(one["facts"]),
            frames,
            {k: {o: _read_setting(v) for o, v in looks.items()} for k, looks in one.get("shown", {}).items()},
            one.get("columns", {}),
            [Remark(remark["code"], decode_facts(remark["facts"])) for remark in one.get("remarks", ())],
            key=one["key"],
            withheld=one.get("withheld", ()),
        )
    return Told(
        page=content["page"],
        answer=Finding(answer["verdict"], decode_facts(answer["facts"])),
        tiles=[
            Tile(**one | {"facts": decode_facts(one["facts"]), "estimate": decode_facts({"x": one["estimate"]})["x"]})
            for one in content["tiles"]
        ],
        paragraphs=[Remark(one["code"], decode_facts(one["facts"])) for one in content["paragraphs"]],
        sections=sections,
        actions=[Action(**decode_facts(one) | {"facts": decode_facts(one["facts"])}) for one in content["actions"]],
        terms=content["terms"]["keys"],
        term_facts=decode_facts(content["terms"]["facts"]),
        model_facts=decode_facts(content["models"]["facts"]),
        modelled=content["models"]["told"],
    )


def figures(told: Told) -> pd.DataFrame:
    """Every figure that a page states outside of its tables, as a table of its own.

    Parameters
    ----------
    told : Told

    Returns
    -------
    pandas.DataFrame
        ``place`` (answer, ``tile.<key>``, ``paragraph.<code>``, a section, a section's remark, ``action.<key>``,
        terms, models), ``figure`` (name of the fact), ``value``, ``low``, ``high``, ``n``; nothing that is no number.

    Examples
    --------
    >>> told = Told({}, Finding(facts={"share": Estimate(0.5, 0.4, 0.6, 70), "day": "2026-06-30"}))
    >>> figures(told).to_numpy().tolist()
    [['answer', 'share', 0.5, 0.4, 0.6, 70.0]]
    """
    places = [("answer", told.answer.facts if told.answer else {})]
    places += [(f"tile.{one.key}", {"value": one.estimate, **one.facts}) for one in told.tiles]
    places += [(f"paragraph.{one.code}", one.facts) for one in told.paragraphs]
    for key, finding in told.sections.items():
        places += [(key, finding.facts), *((f"{key}.{remark.code}", remark.facts) for remark in finding.remarks)]
    places += [(f"action.{one.key}", {**one.facts, **one.sums}) for one in told.actions]
    places += [("terms", told.term_facts), ("models", told.model_facts)]
    rows = [
        (place, name, *numbers)
        for place, facts in places
        for name, fact in facts.items()
        if (numbers := _numbers(fact)) is not None
    ]
    table = pd.DataFrame(rows, columns=["place", "figure", *MEASURES])
    return table.astype(dict.fromkeys(MEASURES, float))


def _numbers(fact) -> tuple | None:
    """Value, ends of the interval and n of a fact that is a number; None of any other."""
    if isinstance(fact, Estimate):
        return fact.value, fact.low, fact.high, fact.n or float("nan")
    value = plain(fact)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value, *[float("nan")] * 3


@dataclass
class Telling:
    """What sections were told with, for whoever goes on with it: it was shown already, and shows nothing again.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        By the name of the chart or table, of several sections with the section before it: ``worth.steps``.
    drawn : dict
        Charts that a live kernel has shown, by the same names.
    """

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)

    @property
    def figures(self) -> dict:
        """The charts as plotly figures, each with ``.save("x.svg")``; none outside of a live kernel."""
        if not self.drawn:
            return {}
        figure = import_module("regulars.report.interactive").figure
        return {name: figure(chart) for name, chart in self.drawn.items()}

    def __repr__(self) -> str:
        """Names of the frames and figures."""
        return f"Telling: frames {', '.join(self.frames) or 'none'}; figures {', '.join(self.drawn) or 'none'}"

    def _ipython_display_(self) -> None:
        """Nothing: the section stands above."""


class Report:
    """What one stage tells, as it is told.

    Parameters
    ----------
    stage : str
    about : regulars.catalog.About
        What the dataset is.
    interval_level : float
        Level of the intervals.
    changes : mapping
        Settings that are tried instead of those of ``params.yaml``, each with both values: the page says so.
    least : int
        The smallest group that may be shown, customers: of smaller ones no table is written and no chart drawn.
    live : callable, optional
        How a live kernel shows it: makes of the told page what shows one call, such as `regulars.pages.live.shower`.
        Nothing that is written depends on it.

    Attributes
    ----------
    told : Told
        All of it so far.
    """

    def __init__(
        self,
        stage: str,
        about,
        interval_level: float = 0.9,
        *,
        least: int = 1,
        changes: Mapping[str, str] | None = None,
        live: Callable | None = None,
    ):
        self.stage, self.about, self._least = stage, about, least
        self.told = Told(
            {
                "stage": stage,
                "dataset": about.name,
                "title": about.title,
                "simulated": bool(about.simulated),
                "currency": about.currency,
                "start": plain(about.observation_start),
                "end": plain(about.observation_end),
                "level": interval_level,
                "share": about.share,
                "rows_raw": about.rows_raw,
                "rows_kept": about.rows_kept,
                "orders_sampled": bool(about.orders_sampled),
            }
            | ({"changes": "; ".join(f"{name} {told}" for name, told in changes.items())} if changes else {})
        )
        self._live = live
        self._show: Callable | None = None

    def answer(self, finding: Finding | str | None = None, **facts) -> None:
        """Give the page's answer: a finding, or which of its sentences is true, and the facts that it states."""
        if self.told.answer is not None:
            raise ToldError(f"the stage {self.stage} answers twice.")
        self.told.answer = finding if isinstance(finding, Finding) else Finding(finding, facts)
        self._display("answer", self.told.answer.verdict, **self.told.answer.facts)

    def tile(
        self,
        key: str,
        estimate,
        unit: str = "count",
        verdict: str | None = None,
        *,
        mark: str | None = None,
        indicator: str | None = None,
        on_page: bool = True,
        **facts,
    ) -> None:
        """Give one of the page's key figures; it is a metric as well. Parameters as of `Tile`."""
        estimate = estimate if isinstance(estimate, Estimate) else Estimate(estimate)
        tile = Tile(key, estimate, unit, verdict, mark, indicator, on_page, facts)
        if on_page and sum(one.on_page for one in self.told.tiles) == MAX_TILES:
            raise ToldError(f"the page of {self.stage} has {MAX_TILES} tiles already; '{key}' is one too many.")
        known = (*INDICATORS, *MONEY_INDICATORS)
        if indicator is not None and indicator not in known:
            raise ToldError(f"'{indicator}' is no indicator of the index: name one of {', '.join(known)}.")
        self.told.tiles.append(tile)
        self.metric(key, estimate, unit)
        given = {"mark": mark, "indicator": indicator, "on_page": None if on_page else False}
        looks = {name: value for name, value in given.items() if value is not None}
        self._display("tile", key, estimate, unit, verdict, **looks, **facts)

    def first_screen(self, screen: FirstScreen) -> None:
        """Give the answer and the key figures that a room has put together."""
        self.answer(screen.answer)
        for one in screen.tiles:
            looks: dict[str, Any] = {"mark": one.mark, "indicator": one.indicator, "on_page": one.on_page}
            self.tile(one.key, one.estimate, one.unit, one.verdict, **looks | dict(one.facts))

    def say(self, code: str, **facts) -> None:
        """Say a paragraph below the first screen."""
        self.told.paragraphs.append(Remark(code, facts))
        self._display("say", code, **facts)

    def say_each(self, code: str, remarks: Sequence[Remark]) -> None:
        """Say a paragraph for each remark; the code of each ends the code given."""
        for remark in remarks:
            self.say(f"{code}.{remark.code}", **remark.facts)

    def tell(self, *findings: Finding) -> "Telling":
        """Tell sections: their verdicts and facts, and their frames, which become tables.

        Returns
        -------
        Telling
            The frames and, in a live kernel, the figures that were shown.
        """
        telling = Telling()
        for finding in findings:
            if (key := finding.key) is None:
                raise ToldError(f"a finding of {self.stage} has no key: its maker is to be marked with `tells`.")
            if key in self.told.sections:
                raise ToldError(f"the stage {self.stage} tells the section '{key}' twice.")
            if secret_facts(key, finding.facts, finding.frames, self._least):
                finding = Finding(UNUSABLE, {"why": TOO_FEW.format(least=self._least)}, key=key)
            frames = shown_frames(key, finding.frames, self._least)
            withheld = [*finding.withheld, *(name for name in finding.frames if name not in frames)]
            finding = replace(finding, frames=frames, withheld=withheld)
            self.told.sections[key] = finding
            for name, frame in finding.frames.items():
                write_csv(frame, Path("reports", self.about.name) / table_file(self.stage, key, name))
            drawn = self._display("tell", key, finding) or {}
            before = f"{key}." if len(findings) > 1 else ""
            telling.frames.update({f"{before}{name}": frame for name, frame in finding.frames.items()})
            telling.drawn.update({f"{before}{name}": chart for name, chart in drawn.items()})
        return telling

    def action(
        self,
        key: str,
        verdict: str | None = None,
        *,
        gain: Estimate | None = None,
        cost: Estimate | None = None,
        net: Estimate | None = None,
        **facts,
    ) -> None:
        """Add something to do; parameters as of `Action`, its sums for instance by `regulars.finding.sums`."""
        self.told.actions.append(Action(key, verdict, facts, gain, cost, net))
        self._display("action", key, verdict, **self.told.actions[-1].sums, **facts)

    def actions(self, actions: Sequence[Action]) -> None:
        """Add all that a room says is to be done."""
        for one in actions:
            told: dict[str, Any] = {**one.sums, **one.facts}
            self.action(one.key, one.verdict, **told)

    def term(self, *keys: str, **facts) -> None:
        """Name words that the page explains, and the facts of their explanations."""
        self.told.terms += keys
        self.told.term_facts |= facts

    def metric(self, name: str, estimate, unit: str) -> None:
        """Record a figure in ``metrics/<stage>.json``; where the data do not allow it there is none.

        Parameters
        ----------
        name : str
        estimate : Estimate, float or Refusal
        unit : str
        """
        if isinstance(estimate, Refusal):
            return
        if name in self.told.metrics:
            raise ToldError(f"the metric '{name}' of {self.stage} is recorded twice.")
        estimate = estimate if isinstance(estimate, Estimate) else Estimate(estimate)
        self.told.metrics[name] = encode_facts({"x": estimate})["x"] | {"unit": unit}

    def close(self, modelled: bool = True, **facts) -> None:
        """Write what has been told: ``told/<stage>.json`` and ``metrics/<stage>.json``.

        Parameters
        ----------
        modelled : bool
            Whether the page tells of a model.
        **facts
            Of the sentence on the models.
        """
        if self.told.answer is None:
            raise ToldError(f"the stage {self.stage} has no answer: call report.answer first.")
        self.told.modelled, self.told.model_facts = modelled, facts
        folder = Path("reports", self.about.name)
        faults = {"faults": list(cells.faults)} if cells.faults else {}  # of Regulars itself: the runner says them
        write_json(self.told.content() | faults, folder / "told" / f"{self.stage}.json")
        write_json({"stage": self.stage, "metrics": self.told.metrics}, folder / "metrics" / f"{self.stage}.json")
        write_csv(figures(self.told), folder / "tables" / self.stage / FIGURES)

    def _display(self, call: str, *args, **facts) -> Mapping | None:
        """Show one call: as the page tells it in a live kernel, as facts and frames in the pipeline.

        What a live kernel has drawn is handed back, by the name of the frame.
        """
        from IPython import get_ipython

        if get_ipython() is None:  # outside a notebook, as in tests, there is nothing to show it on
            return None
        from IPython.display import display

        if os.environ.get(STAGING_VARIABLE) or not self._live:
            finding = args[-1] if call == "tell" else Finding(_text(args[0]), facts, key=call)
            display({"text/plain": repr(finding)}, raw=True)
            for frame in finding.frames.values():
                display(frame.head())
            return None
        show = self._show = self._show or self._live(self.told.page)
        return show(call, *args, **facts)
