"""One page in the making: every call of a `Report` displays one block, and `render` makes the page of them."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from pathlib import Path

import pandas as pd

from regulars.finding import NOT_SUPPLIED, UNUSABLE, Finding
from regulars.report.blocks import BLOCK_TYPE, INDICATORS, MONEY_INDICATORS, PLOTLY_TYPE, plain_figure, tile_block
from regulars.report.layout import Chart, Table, Word, layout_of
from regulars.report.render import block_html, sampled_note
from regulars.report.tables import guessed_columns, worded_numbers, worded_table, write_csv, write_metrics
from regulars.report.wording import Format, Wording, WordingError, encode_facts
from regulars.rounding import plain
from regulars.statistics.intervals import Estimate

# option of a chart to what it shows there: the column whose format, or whose title, the option takes
WORDED_BY = {
    "x_title": ("x", "value", "amount", "share", "column"),
    "y_title": ("y", "values", "row"),
    "x_format": ("x", "value", "amount", "share"),
    "y_format": ("y", "values"),
    "label": ("by", "category"),
    "part_label": ("part",),
    "cell_format": ("value",),
    "row_label": ("row",),
    "column_label": ("column",),
    "n_format": ("n",),
}
# verdicts that have a mark of their own; all others are neutral
MARKS = {"better": "good", "good": "good", "held": "held", "worse": "bad", "bad": "bad", "missed": "bad"}
MAX_TILES = 4


class Report:
    """The management page of one stage.

    Parameters
    ----------
    stage : str
        Its name is the prefix of its wording and the name of its page.
    about : About
        What the dataset is: name, title, currency, simulated, observation_start, observation_end, rows_raw, rows_kept,
        share.
    language : str
        A file in ``wording/``.
    interval_level : float
        Level of the intervals on the page.
    wording_folder : Path, optional
        Where the wording is, if not in the package.
    layout : mapping, optional
        How its charts and tables look, if not as ``layouts/<stage>.py`` says.

    Attributes
    ----------
    blocks : list of dict
        What has been displayed so far.
    """

    def __init__(
        self, stage: str, about, language: str = "en", interval_level: float = 0.9, wording_folder=None, layout=None
    ):
        self.stage = stage
        self.layout = layout_of(stage) if layout is None else layout
        self.about = about
        self.wording = Wording(language, currency=about.currency, folder=wording_folder)
        self.wording.context |= {
            "title": about.title,
            "start": about.observation_start,
            "end": about.observation_end,
            "level": interval_level,
            "stage": stage,
        }
        self.interval_level = interval_level
        self.blocks: list[dict] = []
        self._answer: dict | None = None
        self._tiles: list[dict] = []
        self._metrics: dict[str, dict] = {}
        self._keys: set[str] = set()

    # ---- the first screen ----

    def answer(self, verdict: str | None = None, **facts) -> None:
        """Say the page's answer in one sentence, and why and what to do in one more.

        Wording: ``<stage>.answer``, ``.lead`` and, if the index's card is to say it otherwise, ``.card``.
        """
        key = self._own("answer", verdict)
        keys = {"title": key, "lead": f"{key}.lead"}
        if self.wording.has(f"{key}.card"):
            keys["card"] = f"{key}.card"
        words = self.wording.compose(keys, facts)
        self._answer = {"keys": keys, "facts": encode_facts(facts)}
        self._show({"kind": "answer", "title": words["title"], "lead": words["lead"]})

    def tile(
        self,
        key: str,
        estimate,
        unit: str = "count",
        verdict: str | None = None,
        mark: str | None = None,
        indicator: str | None = None,
        on_page: bool = True,
        **facts,
    ) -> None:
        """Show one of the page's four key figures, with its interval as a bar and its n; it is a metric as well.

        Wording: ``<stage>.tile.<key>``; with a verdict ``.<verdict>``, the state below it; ``.note`` if there is one.

        Parameters
        ----------
        key : str
        estimate : Estimate or float
        unit : str
            A format of `regulars.report.wording`.
        verdict : str, optional
            Which of the states is worded.
        mark : {"good", "held", "bad", "neutral"}, optional
            Shape and colour of the state; follows from the verdict's name where that is one of ``MARKS``.
        indicator : str, optional
            One of ``INDICATORS`` or ``MONEY_INDICATORS``: the tile then stands on the index as well.
        on_page : bool
            False for a tile that stands on the index only.
        """
        if on_page and sum(tile["on_page"] for tile in self._tiles) == MAX_TILES:
            raise WordingError(f"the page of {self.stage} has {MAX_TILES} tiles already; '{key}' is one too many.")
        known = (*INDICATORS, *MONEY_INDICATORS)
        if indicator is not None and indicator not in known:
            raise WordingError(f"'{indicator}' is no indicator of the index: name one of {', '.join(known)}.")
        label = self._own(f"tile.{key}")
        keys = {"label": label}
        if verdict:
            keys["state"] = self.wording.find(f"{label}.{verdict}")
        if self.wording.has(f"{label}.note"):
            keys["note"] = f"{label}.note"
        estimate = estimate if isinstance(estimate, Estimate) else Estimate(estimate)
        mark = mark or MARKS.get(verdict, "neutral")
        self._tiles.append(
            {"metric": key, "unit": unit, "keys": keys, "mark": mark, "indicator": indicator, "on_page": on_page}
            | {"facts": encode_facts(facts), "estimate": encode_facts({"x": estimate})["x"]}
        )
        self.metric(key, estimate, unit)
        if on_page:
            self._show(tile_block(self.wording, self._tiles[-1]["keys"], facts, estimate, unit, mark))

    # ---- sections ----

    def section(self, key: str, verdict: str | None = None, **facts) -> None:
        """Open a section: the manager's question, small, and the finding as its title.

        Wording: ``<stage>.<key>.question`` and ``<stage>.<key>.title``, with a verdict ``.title.<verdict>``.
        """
        keys = {"question": self._own(f"{key}.question"), "title": self._own(f"{key}.title", verdict)}
        self._show({"kind": "section", "id": self._id(f"section.{key}")} | self.wording.compose(keys, facts))

    def say(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say one paragraph."""
        self._show({"kind": "text", "text": self.wording.say(self._own(key, verdict), facts)})

    def say_each(self, key: str, remarks) -> None:
        """Say a paragraph for each remark, whose ``code`` ends the key of its wording and whose ``facts`` it tells."""
        for remark in remarks:
            self.say(f"{key}.{remark.code}", **remark.facts)

    def sure(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say in the "How sure?" box how far the figures above it can be trusted."""
        self._show({"kind": "sure", "text": self.wording.say(self._own(key, verdict), facts)})

    def tell(self, key: str, finding: Finding) -> None:
        """Show a whole section: title, paragraph, charts and tables in the order of the layout, remarks, how sure.

        Wording: as `section`, `chart` and `table` have it; paragraph ``<stage>.<key>.text`` and box
        ``<stage>.<key>.sure`` where there are any, with a verdict ``.text.<verdict>`` before ``.text``; remarks
        ``<stage>.<key>.remark.<code>``.

        Parameters
        ----------
        key : str
            Of the section; ``<key>.<name>`` in ``layouts/<stage>.py`` is where the frame ``name`` is shown.
        finding : Finding
            One whose verdict is ``not_supplied`` or ``unusable`` becomes one line: what to supply, or why it cannot be
            told. Of any other each sentence takes the facts that it names.

        Raises
        ------
        WordingError
            Where a fact is used by no sentence of the section, or a frame has no place in the layout.
        """
        if finding.verdict == NOT_SUPPLIED:
            return self.not_supplied(key)
        if finding.verdict == UNUSABLE:
            return self.not_supplied("unusable", part=self.word(f"{key}.question"), why=finding.facts["why"])
        facts, used = dict(finding.facts), set()
        places = [place for place in self.layout if place.rpartition(".")[0] == key]
        for name in finding.frames:
            if f"{key}.{name}" not in places:
                raise WordingError(f"the layout of {self.stage} has no '{key}.{name}' for the frame '{name}'.")

        def taken(*keys: str) -> dict:
            wanted = set().union(*map(self.wording.placeholders, keys))
            used.update(wanted)
            return {name: value for name, value in facts.items() if name in wanted}

        verdict = finding.verdict
        self.section(key, verdict, **taken(self._own(f"{key}.question"), self._own(f"{key}.title", verdict)))
        self._say_if_worded(self.say, f"{key}.text", verdict, taken)
        for place in places:
            name = place.rpartition(".")[2]
            if name not in finding.frames:
                continue
            frame, shown, formats = finding.frames[name], finding.shown.get(name), finding.columns.get(name)
            if isinstance(self.layout[place], Chart):
                parts = taken(self._own(f"{place}.alt"), self._own(f"{place}.caption"))
                self.chart(place, frame, shown, formats, **parts)
            else:
                self.table(place, frame, formats, **taken(self._own(f"{place}.caption")))
        self.say_each(f"{key}.remark", finding.remarks)
        self._say_if_worded(self.sure, f"{key}.sure", verdict, taken)
        for name in facts:
            if name not in used:
                raise WordingError(f"{self.wording.file}: no sentence of {self.stage}.{key} uses the fact '{name}'.")

    def tell_each(self, findings: Mapping[str, Finding], *keys: str) -> None:
        """Show several sections, one after the other: `tell` for each key of the findings that is named."""
        for key in keys:
            self.tell(key, findings[key])

    def _say_if_worded(self, say: Callable, key: str, verdict: str | None, taken: Callable) -> None:
        for suffix in (verdict, None) if verdict else (None,):
            worded = f"{self.stage}.{key}" + (f".{suffix}" if suffix else "")
            if self.wording.has(worded):
                say(key, suffix, **taken(worded))
                return

    def figure(
        self,
        key: str,
        fig,
        data: pd.DataFrame,
        columns: Mapping[str, str] | None = None,
        across: str | None = None,
        **facts,
    ) -> None:
        """Show a chart with its text alternative, caption and numbers.

        Wording: ``<stage>.<key>.alt`` (read to those who do not see it: states the number) and ``.caption``; headings
        as `table` has them.

        Parameters
        ----------
        key : str
        fig : plotly.graph_objects.Figure
            From `regulars.report.charts`.
        data : pandas.DataFrame
            What is drawn: written to ``tables/<stage>/<key>.csv``; at most eight rows, evenly chosen, stand below the
            chart.
        columns : mapping, optional
            Column to format, as in `table`; guessed from the types where absent.
        across : str, optional
            Column whose values become the headings of the table below the chart, with the last of ``columns`` in its
            cells: curves beside each other, cohorts by month.
        """
        keys = {part: self._own(f"{key}.{part}") for part in ("alt", "caption")}
        words = self.wording.compose(keys, facts)
        columns = dict(columns or guessed_columns(data))
        made = {"columns": columns, "across": across}
        table = self._table(key, data, partial(worded_numbers, data, wording=self.wording, **made), made)
        block = {"kind": "figure", "id": self._id(key), **words, "table": table}
        self._show(block, {PLOTLY_TYPE: plain_figure(fig)})

    def chart(
        self,
        key: str,
        data: pd.DataFrame,
        shown: Mapping | None = None,
        columns: Mapping[str, str] | None = None,
        **facts,
    ) -> None:
        """Draw a frame as the page's layout says and show it as `figure` does; titles and names follow from columns.

        Wording: as `figure`; titles of the axes ``<stage>.<key>.x`` and ``.y``, or ``axis.<column>``.

        Parameters
        ----------
        key : str
            Of the chart in ``layouts/<stage>.py``.
        data : pandas.DataFrame
        shown, columns : mapping, optional
            What only the data can tell, over what the layout says: settings of the chart, formats of columns.
        **facts
            Of the text alternative and the caption.
        """
        looks = self._looks(key, Chart)
        shown = {option: self._worded(value) for option, value in looks.shown.items()} | dict(shown or {})
        columns = looks.columns | dict(columns or {})
        if isinstance(shown.get("values"), list):
            shown["values"] = {name: self._heading(key, name) for name in shown["values"]}
        worded = {}
        for option in signature(looks.draw).parameters:
            roles = WORDED_BY.get(option, ())
            of = next((shown[role] for role in roles if role in shown), None)
            if of is None or option in shown:
                continue
            column = next(iter(of)) if isinstance(of, Mapping) else of
            if option.endswith("_title"):
                places = (f"{self.stage}.{key}.{option[0]}", f"axis.{column}")
                worded[option] = self.wording.say(self.wording.find(*places), {})
            elif column in columns:
                worded[option] = self.format(columns[column])
        self.figure(key, looks.draw(data, **shown, **worded), data, columns, looks.across, **facts)

    def table(self, key: str, frame: pd.DataFrame, columns: Mapping[str, str] | None = None, **facts) -> None:
        """Show the first rows of a frame as a table; all of it goes to ``tables/<stage>/<key>.csv``.

        Wording: ``<stage>.<key>.caption``; headings ``<stage>.<key>.column.<name>``, ``<stage>.column.<name>`` or
        ``column.<name>``.

        Parameters
        ----------
        key : str
            Of the table in ``layouts/<stage>.py``, which says its columns, their formats and which of them add up.
        frame : pandas.DataFrame
            The CSV has every column of it, the page those of the layout.
        columns : mapping, optional
            Column to format, over what the layout says.
        """
        looks = self._looks(key, Table)
        caption = self.wording.say(self._own(f"{key}.caption"), facts)
        made = {"columns": looks.columns | dict(columns or {}), "total": list(looks.total)}
        made |= {"rows": looks.rows} if looks.rows else {}
        table = self._table(key, frame, partial(worded_table, frame, wording=self.wording, **made), made)
        self._show({"kind": "table", "id": self._id(key), "caption": caption, "table": table})

    def _looks(self, key: str, kind: type):
        looks = self.layout.get(key)
        if not isinstance(looks, kind):
            raise WordingError(f"the layout of {self.stage} has no {kind.__name__.lower()} '{key}'.")
        return looks

    def _worded(self, setting):
        """Setting of a chart with its words said."""
        if isinstance(setting, tuple):
            return tuple(map(self._worded, setting))
        return self.word(setting) if isinstance(setting, Word) else setting

    def _table(self, key: str, frame: pd.DataFrame, worded: Callable, made: Mapping) -> dict:
        file = Path("tables", self.stage, f"{key}.csv")
        write_csv(frame, Path("reports", self.about.name) / file)
        try:
            table = worded(heading=lambda name: self._heading(key, name))
        except WordingError as error:
            raise WordingError(f"{self.stage}.{key}: {error}") from None
        left_out, picked = table.pop("left_out"), table.pop("picked", False)
        if picked:
            words = self.wording.say("table.picked")
        else:
            words = self.wording.say("table.more", rows=left_out) if left_out else self.wording.say("table.all")
        # how it was made of the file, so that anyone can make it again and compare
        # a list, since a notebook sorts the keys of what it saves
        made = {**made, "columns": [list(pair) for pair in made["columns"].items()]}
        return table | {"file": file.as_posix(), "file_words": words, "made": made}

    def _heading(self, key: str, name: str) -> str:
        return self.wording.say(
            self.wording.find(f"{self.stage}.{key}.column.{name}", f"{self.stage}.column.{name}", f"column.{name}")
        )

    def not_supplied(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say in one line which table is not there and what to supply; wording ``not_supplied.<key>``."""
        words = self.wording.say(self._own(f"not_supplied.{key}", verdict), facts)
        self._show({"kind": "not_supplied", "text": words})

    # ---- what to do, what the words mean ----

    def action(self, key: str, verdict: str | None = None, **facts) -> None:
        """Add a line to "What should we do?".

        Wording: ``<stage>.action.<key>`` (what), ``.brings`` (in money, with its interval), ``.owner`` (who, by when).
        """
        name = self._own(f"action.{key}", verdict)
        keys = {"text": name, "brings": f"{name}.brings", "owner": f"{name}.owner"}
        self._show({"kind": "action"} | self.wording.compose(keys, facts))

    def term(self, *keys: str, **facts) -> None:
        """Explain words that the page uses; wording ``term.<key>`` and ``term.<key>.meaning``."""
        names = {key: self._own(f"term.{key}") for key in keys}
        parts = {(key, part): name + part for key, name in names.items() for part in ("", ".meaning")}
        words = self.wording.compose(parts, facts)
        for key in keys:
            self._show({"kind": "term", "word": words[key, ""], "meaning": words[key, ".meaning"]})

    # ---- numbers and words for others ----

    def metric(self, name: str, estimate, unit: str) -> None:
        """Record a figure in ``metrics/<stage>.json``.

        Parameters
        ----------
        name : str
        estimate : Estimate or float
        unit : str
            A format of `regulars.report.wording`.
        """
        if name in self._metrics:
            raise WordingError(f"the metric '{name}' of {self.stage} is recorded twice.")
        self.wording.format(estimate, unit)
        estimate = estimate if isinstance(estimate, Estimate) else Estimate(estimate)
        self._metrics[name] = encode_facts({"x": estimate})["x"] | {"unit": unit}

    def word(self, key: str, **facts) -> str:
        """Text for a chart, such as the title of an axis."""
        return self.wording.say(self._own(key), facts)

    def label(self, member, kind: str | None = None) -> str:
        """Wording of an enum's member; of plain text with the enum's name in ``kind``."""
        return self.wording.label(member, kind)

    def format(self, spec: str) -> Format:
        """Return a function that words numbers or dates in one format, for axes and labels of charts."""
        return self.wording.formatter(spec)

    def close(self, modelled: bool = True, **facts) -> None:
        """End the page: source, counts and models in the footer, and ``metrics/<stage>.json``.

        Wording: ``<stage>.models`` where there is one; the facts are its. A page that tells of no model leaves it out.
        """
        if self._answer is None:
            raise WordingError(f"the page of {self.stage} has no answer: call report.answer first.")
        models = f"{self.stage}.models"
        words = [self.wording.say(models, facts)] if modelled and (facts or self.wording.has(models)) else []
        raw, kept = self.about.rows_raw, self.about.rows_kept
        source = [
            self.wording.say("page.footer.source"),
            self.wording.say("page.footer.rows", raw=raw, kept=kept, rest=raw - kept),
            *words,
            self.wording.say("page.footer.tables"),
        ]
        page = {
            "stage": self.stage,
            "dataset": self.about.name,
            "title": self.about.title,
            "simulated": bool(self.about.simulated),
            "language": self.wording.language,
            "currency": self.about.currency,
            "start": plain(self.about.observation_start),
            "end": plain(self.about.observation_end),
            "level": self.interval_level,
            "share": self.about.share,
        } | sampled_note(self.about)
        metrics = page | {"answer": self._answer, "tiles": self._tiles, "metrics": self._metrics}
        write_metrics(metrics, Path("reports", self.about.name, "metrics", f"{self.stage}.json"))
        self._show({"kind": "footer", "page": page, "source": source})

    # ---- inside ----

    def _own(self, key: str, verdict: str | None = None) -> str:
        suffix = f".{verdict}" if verdict else ""
        return self.wording.find(f"{self.stage}.{key}{suffix}", f"{key}{suffix}")

    def _id(self, key: str) -> str:
        name = f"{self.stage}-{key}".replace(".", "-").replace("_", "-")
        if name in self._keys:
            raise WordingError(f"'{key}' is shown twice on the page of {self.stage}.")
        self._keys.add(name)
        return name

    def _show(self, block: dict, more: Mapping | None = None) -> None:
        block = plain(block)
        self.blocks.append(block | ({"figure": more[PLOTLY_TYPE]} if more else {}))
        # outside a notebook, as in tests, there is nothing to show it on
        from IPython import get_ipython

        if get_ipython() is not None:
            from IPython.display import display

            display({BLOCK_TYPE: block, **(more or {}), "text/html": block_html(block)}, raw=True)
