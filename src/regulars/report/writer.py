"""One page in the making: what a stage told, block by block, in words; `render` makes the page of the blocks."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature

import pandas as pd

from regulars.finding import NOT_SUPPLIED, UNUSABLE, Action, Finding
from regulars.report.blocks import spark, tile_block
from regulars.report.drawing import NARROW, WIDE
from regulars.report.layout import Chart, Page, Section, Table, Word
from regulars.report.tables import ROWS_IN_DETAIL, worded_numbers, worded_table
from regulars.report.wording import Format, UnsaidError, Wording, WordingError
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


class Writer:
    """Turns what a stage tells into the blocks of its page, in one language.

    Parameters
    ----------
    page : Page
        What the page is declared to be.
    about : mapping
        What the stage told of its dataset: stage, dataset, title, simulated, currency, start, end, level, share,
        rows_raw, rows_kept.
    wording : Wording
        Of the page's language and currency.

    Attributes
    ----------
    blocks : list of dict
        What has been written so far.
    """

    def __init__(self, page: Page, about: Mapping, wording: Wording):
        self.page, self.about, self.wording = page, dict(about), wording
        self.stage = page.stage
        wording.context |= {name: about[name] for name in ("title", "start", "end", "level", "share")}
        wording.context["stage"] = page.stage
        self.blocks: list[dict] = []
        self._keys: set[str] = set()
        self._lines: set[str] = set()
        self._unusable: dict[tuple, tuple[dict, list[str]]] = {}

    def write(self, told) -> list[dict]:
        """All blocks of a page, from what its stage told.

        Parameters
        ----------
        told : regulars.told.Told

        Raises
        ------
        WordingError
            Where a section is told that the page does not declare, or a fact is used by no sentence.
        """
        self.first_screen(told)
        for remark in told.paragraphs:
            self.say(remark.code, **remark.facts)
        undeclared = [key for key in told.sections if self.page.section(key) is None]
        if undeclared:
            raise WordingError(f"the page of {self.stage} declares no section '{undeclared[0]}', which is told.")
        for section in self.page.sections:
            if section.key in told.sections:
                self.tell(section.key, told.sections[section.key])
        for action in told.actions:
            self.action(action.key, action.verdict, **action.sums, **action.facts)
        self.term(*told.terms, **told.term_facts)
        self.close(told.modelled, **told.model_facts)
        return self.blocks

    def first_screen(self, told) -> None:
        """Answer and key figures."""
        self.answer(told.answer.verdict, **told.answer.facts)
        for tile in told.tiles:
            looks = {"unit": tile.unit, "verdict": tile.verdict, "mark": tile.mark}
            places = {"indicator": tile.indicator, "on_page": tile.on_page}
            self.tile(tile.key, tile.estimate, **looks, **places, **tile.facts)
            self.blocks[-1]["line"] = self.trend(tile.key, told.sections)

    # ---- the first screen ----

    def answer(self, verdict: str | None = None, **facts) -> None:
        """Say the page's answer in one sentence, and why and what to do in one more.

        Wording: ``<stage>.answer``, ``.lead`` and, if the index's card is to say it otherwise, ``.card``.
        """
        key = self.own("answer", verdict)
        keys = {"title": key, "lead": f"{key}.lead"}
        if self.wording.has(f"{key}.card"):
            keys["card"] = f"{key}.card"
        self._show({"kind": "answer"} | self.wording.compose(keys, facts))

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
        """Show one of the page's four key figures, with its interval as a bar and its n.

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
            The place on the index where the tile stands as well.
        on_page : bool
            False for a tile that stands on the index only.
        """
        label = self.own(f"tile.{key}")
        keys = {"label": label}
        if verdict:
            keys["state"] = self.wording.find(f"{label}.{verdict}")
        if self.wording.has(f"{label}.note"):
            keys["note"] = f"{label}.note"
        estimate = estimate if isinstance(estimate, Estimate) else Estimate(estimate)
        mark = mark or MARKS.get(verdict, "neutral")
        scale = self.page.scales.get(key)
        block = tile_block(self.wording, keys, facts, estimate, unit=unit, mark=mark, scale=scale)
        self._show(block | {"indicator": indicator, "on_page": on_page})

    def trend(self, key: str, sections: Mapping) -> dict | None:
        """Line over time below a tile, and what it says; None where the page declares none or the data have none."""
        trend = self.page.trends.get(key)
        points = trend.points(sections) if trend else []
        if not points:
            return None
        (start, first), (end, last) = points[0], points[-1]
        worded = self.format(trend.unit).all([first, last])
        ends = dict(zip(("first", "last"), worded, strict=True))
        dates = {"since": start, "until": end}
        words = self.wording.say("tile.line", ends | dates | {"what": self.word(f"tile.{key}.line")})
        return {"path": spark(points), "words": words}

    # ---- sections ----

    def section(self, key: str, verdict: str | None = None, **facts) -> None:
        """Open a section: the manager's question, small, and the finding as its title.

        Wording: ``<stage>.<key>.question`` and ``<stage>.<key>.title``, with a verdict ``.title.<verdict>``.
        """
        keys = {"question": self.own(f"{key}.question"), "title": self.own(f"{key}.title", verdict)}
        words = self.wording.compose(keys, facts)
        self._show({"kind": "section", "id": self._id(f"section.{key}"), **self._place(key, verdict), **words})

    def _place(self, key: str, verdict: str | None) -> dict:
        """Where a section stands: in front with one of some parts, or in a chapter of the details, or in a line."""
        section = self.page.section(key) or Section(key, {})
        nothing = self.word(f"{key}.nothing") if verdict in section.nothing else None
        chapter = self.word(f"chapter.{section.chapter}")
        front = bool(section.front) and verdict not in section.unchecked
        place = {"front": front, "shows": section.in_front, "chapter": chapter, "nothing": nothing}
        return place | ({"instead_of": self._named(f"section.{section.instead_of}")} if section.instead_of else {})

    def say(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say one paragraph."""
        self._show({"kind": "text", "text": self.wording.say(self.own(key, verdict), facts)})

    def say_each(self, key: str, remarks) -> None:
        """Say a paragraph for each remark, whose ``code`` ends the key of its wording and whose ``facts`` it tells."""
        for remark in remarks:
            self.say(f"{key}.{remark.code}", **remark.facts)

    def sure(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say in the "How sure?" box how far the figures above it can be trusted."""
        self._show({"kind": "sure", "text": self.wording.say(self.own(key, verdict), facts)})

    def caveat(self, key: str, verdict: str | None = None, **facts) -> None:
        """Say what else bears on how sure it is, and need not be read in front: a box of the details."""
        self._show({"kind": "caveat", "text": self.wording.say(self.own(key, verdict), facts)})

    def tell(self, key: str, finding: Finding) -> None:
        """Show a whole section: title, paragraph, charts and tables in the order of the layout, remarks, how sure.

        Wording: as `section`, `chart` and `table` have it; paragraph ``<stage>.<key>.text`` and box
        ``<stage>.<key>.sure`` (``.caveat`` what of it stands in the details alone) where there are any, with a verdict
        ``.text.<verdict>`` before ``.text``; remarks ``<stage>.<key>.remark.<code>``.

        Parameters
        ----------
        key : str
            Of the section that the page declares.
        finding : Finding
            One whose verdict is ``not_supplied`` or ``unusable`` becomes one line: what to supply (the table that its
            fact ``table`` names, else what the section needs), or why it cannot be told. Of any other each sentence
            takes the facts that it names.

        Raises
        ------
        WordingError
            Where a fact is used by no sentence of the section, or a frame has no place in the layout.
        """
        section = self.page.section(key)
        if section is None:
            raise WordingError(f"the page of {self.stage} declares no section '{key}'.")
        if finding.verdict == NOT_SUPPLIED:
            facts = dict(finding.facts)
            table = facts.pop("table", None) or section.needs or key
            return self.not_supplied(table, front=bool(section.front), **facts)
        if finding.verdict == UNUSABLE:
            return self._not_told(self.word(f"{key}.question"), finding.facts["why"], front=bool(section.front))
        facts, used = dict(finding.facts), set()
        for name in finding.frames:
            if name not in section.parts:
                raise WordingError(f"the page of {self.stage} declares no '{key}.{name}' for the frame '{name}'.")

        def taken(*keys: str) -> dict:
            wanted = set().union(*map(self.wording.placeholders, keys))
            used.update(wanted)
            return {name: value for name, value in facts.items() if name in wanted}

        verdict = finding.verdict
        self.section(key, verdict, **taken(self.own(f"{key}.question"), self.own(f"{key}.title", verdict)))
        self._say_if_worded(self.say, f"{key}.text", verdict, taken)
        for name, looks in section.parts.items():
            if name not in finding.frames and name not in finding.withheld:
                continue
            place, is_chart = f"{key}.{name}", isinstance(looks, Chart)
            parts = taken(*((self.own(f"{place}.alt"),) if is_chart else ()), *self.captions(place).values())
            if name in finding.withheld:  # what its words would have told has a place, though it is not shown
                continue
            frame, shown, formats = finding.frames[name], finding.shown.get(name), finding.columns.get(name)
            if not is_chart:
                if len(frame):
                    self.table(place, frame, formats, **parts)
            elif has_marks(frame, looks.shown | dict(shown or {})):
                self.chart(place, frame, shown, formats, **parts)
        self.say_each(f"{key}.remark", finding.remarks)
        self._say_if_worded(self.sure, f"{key}.sure", verdict, taken)
        self._say_if_worded(self.caveat, f"{key}.caveat", verdict, taken)
        for name in facts:
            if name not in used:
                text = f"{self.wording.file}: no sentence of {self.stage}.{key} uses the fact '{name}'."
                warnings.warn(UnsaidError(text), stacklevel=2)

    def _say_if_worded(self, say: Callable, key: str, verdict: str | None, taken: Callable) -> None:
        for suffix in (verdict, None) if verdict else (None,):
            worded = f"{self.stage}.{key}" + (f".{suffix}" if suffix else "")
            if self.wording.has(worded):
                say(key, suffix, **taken(worded))
                return

    def chart(
        self,
        key: str,
        data: pd.DataFrame,
        shown: Mapping | None = None,
        columns: Mapping[str, str] | None = None,
        **facts,
    ) -> None:
        """Draw a frame as the page says, with its text alternative, caption and numbers.

        Titles and names follow from the columns. At most eight rows, evenly chosen, stand below the chart.

        Wording: ``<stage>.<key>.alt`` (read to those who do not see it: states the number) and ``.caption``; titles of
        the axes ``<stage>.<key>.x`` and ``.y``, or ``axis.<column>``; headings as `table` has them; of places that it
        marks ``<stage>.<key>.mark.<code>``.

        Parameters
        ----------
        key : str
            Section and name of the chart that the page declares.
        data : pandas.DataFrame
        shown, columns : mapping, optional
            What only the data can tell, over what the layout says: settings of the chart, formats of columns.
        **facts
            Of the text alternative and the caption.
        """
        looks = self._looks(key, Chart)
        words = self.wording.compose({part: self.own(f"{key}.{part}") for part in ("alt", "caption")}, facts)
        shown = {option: self._worded(value) for option, value in looks.shown.items()} | dict(shown or {})
        columns = looks.columns | dict(columns or {})
        if "marks" in shown:
            shown["marks"] = {at: self._mark(key, code) for at, code in shown["marks"].items()}
        if isinstance(shown.get("values"), list):
            shown["values"] = {name: self.heading(key, name) for name in shown["values"]}
        if "low" in signature(looks.draw).parameters:
            shown = _ends(shown, columns) | shown
        worded = self.chart_words(key, looks.draw, shown, columns)
        made = partial(worded_numbers, data, columns, self.wording, across=looks.across)
        part = key.rpartition(".")[2]
        block = {"kind": "figure", "id": self._id(key), "part": part, **words, "table": self._table(key, made)}
        drawn = {"wide": WIDE, "narrow": NARROW}
        self._show(block, {name: looks.draw(data, **shown, **worded, width=width) for name, width in drawn.items()})

    def _mark(self, key: str, code: str) -> str:
        """Word of a place that a chart marks; as it is told where the wording has none."""
        name = f"{self.stage}.{key}.mark.{code}"
        return self.wording.say(name) if self.wording.has(name) else code

    def chart_words(self, key: str, draw: Callable, shown: Mapping, columns: Mapping[str, str]) -> dict:
        """Options of a chart that are words: titles of its axes, and formats of what it shows, as of its columns."""
        worded = {}
        for option in signature(draw).parameters:
            roles = WORDED_BY.get(option, ())
            of = next((shown[role] for role in roles if role in shown), None)
            if of is None or option in shown:
                continue
            column = next(iter(of)) if isinstance(of, Mapping | list) else of
            if option.endswith("_title"):
                places = (f"{self.stage}.{key}.{option[0]}", f"axis.{column}")
                worded[option] = self.wording.say(self.wording.find(*places), {})
            elif column in columns:
                worded[option] = self.format(columns[column])
        return worded

    def table(self, key: str, frame: pd.DataFrame, columns: Mapping[str, str] | None = None, **facts) -> None:
        """Show the first rows of a frame as a table; all of it is in ``tables/<stage>/<key>.csv``.

        Wording: ``<stage>.<key>.caption``, and ``.caption.front`` where the front needs less; headings
        ``<stage>.<key>.column.<name>``, ``<stage>.column.<name>`` or ``column.<name>``.

        Parameters
        ----------
        key : str
            Section and name of the table that the page declares, with its columns, their formats and the sums.
        frame : pandas.DataFrame
            The CSV has every column of it, the page those of the layout.
        columns : mapping, optional
            Column to format, over what the layout says.
        """
        looks = self._looks(key, Table)
        captions = self.wording.compose(self.captions(key), facts)
        shown = looks.known(frame, columns)
        made = partial(worded_table, frame, shown, self.wording, total=looks.total, rows=looks.rows or ROWS_IN_DETAIL)
        block = {"kind": "table", "id": self._id(key), "part": key.rpartition(".")[2], **captions}
        content = self._table(key, made, looks.front_rows)
        for name, heading in zip(shown, content["headings"], strict=True):
            # what is missing in every row need not be read in front either
            heading["behind"] = (bool(looks.front) and name not in looks.front) or frame[name].isna().all()
        if looks.groups:
            words = [row[list(shown).index(looks.groups)] for row in content["rows"]]
            content["groups"] = [
                word if word != before else "" for word, before in zip(words, ["", *words], strict=False)
            ]
        self._show(block | {"table": content})

    def captions(self, key: str) -> dict[str, str]:
        """Keys of a caption, and of the shorter one in front where there is one."""
        front = f"{key}.caption.front"
        keys = {"caption": self.own(f"{key}.caption")}
        return keys | ({"front_caption": self.own(front)} if self.wording.has(f"{self.stage}.{front}") else {})

    def _looks(self, key: str, kind: type):
        section, _, name = key.rpartition(".")
        declared = self.page.section(section)
        looks = declared.parts.get(name) if declared else None
        if not isinstance(looks, kind):
            raise WordingError(f"the page of {self.stage} declares no {kind.__name__.lower()} '{key}'.")
        return looks

    def _worded(self, setting):
        """Setting of a chart with its words said."""
        if isinstance(setting, tuple):
            return tuple(map(self._worded, setting))
        return self.word(setting) if isinstance(setting, Word) else setting

    def _table(self, key: str, worded: Callable, front_rows: int | None = None) -> dict:
        file = f"tables/{self.stage}/{key}.csv"
        try:
            table = worded(heading=lambda name: self.heading(key, name))
        except WordingError as error:
            raise WordingError(f"{self.stage}.{key}: {error}") from None
        table["front"] = front_rows or table["front"]
        left_out, picked = table.pop("left_out"), table.pop("picked", False)
        if picked:
            words = front_words = self.wording.say("table.picked")
        else:
            words = self._file_words(left_out)
            front_words = self._file_words(left_out + max(len(table["rows"]) - table["front"], 0))
        return table | {"file": file, "file_words": words, "front_words": front_words}

    def _file_words(self, left_out: int) -> str:
        return self.wording.say("table.more", rows=left_out) if left_out else self.wording.say("table.all")

    def heading(self, key: str, name: str) -> str:
        """Heading of a column in one chart or table."""
        return self.wording.say(
            self.wording.find(f"{self.stage}.{key}.column.{name}", f"{self.stage}.column.{name}", f"column.{name}")
        )

    def not_supplied(self, key: str, verdict: str | None = None, *, front: bool = True, **facts) -> None:
        """Say in one line which table is not there and what to supply; wording ``not_supplied.<key>``."""
        words = self.wording.say(self.own(f"not_supplied.{key}", verdict), facts)
        if words not in self._lines:  # what several sections need is said once, by the first of them
            self._lines.add(words)
            self._show({"kind": "not_supplied", "front": front, "text": words})

    def _not_told(self, part: str, why: str, *, front: bool) -> None:
        """Say why a section is not told, in one line with those before it that are not told for the same reason."""
        if (front, why) not in self._unusable:
            self.not_supplied("unusable", front=front, part=part, why=why)
            self._unusable[front, why] = self.blocks[-1], [part]
            return
        block, parts = self._unusable[front, why]
        parts.append(part)
        named = ", ".join(self.wording.say("not_supplied.unusable.part", part=one) for one in parts)
        block["text"] = self.wording.say("not_supplied.unusable.several", {"parts": named, "why": why})

    # ---- what to do, what the words mean ----

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
        """Add a line to "What to do on Monday"; parameters as of `regulars.finding.Action`.

        Wording: ``<stage>.action.<key>`` (what), ``.brings`` (what the gain is, where it is worded), ``.owner`` (who)
        and ``.by`` (by when, where it is worded). Any of them may state ``gain``, ``cost`` and ``net``.
        """
        name, action = self.own(f"action.{key}", verdict), Action(key, verdict, facts, gain, cost, net)
        optional = [part for part in ("brings", "by") if self.wording.has(f"{name}.{part}")]
        keys = {"text": name, "owner": f"{name}.owner"} | {part: f"{name}.{part}" for part in optional}
        wanted = set().union(*map(self.wording.placeholders, keys.values()))
        stated = {fact: value for fact, value in action.sums.items() if fact in wanted}
        words = {"brings": None, "by": None} | self.wording.compose(keys, facts | stated)
        sums = {fact: self._sum(value) for fact, value in action.sums.items()}
        block = {"kind": "action", "key": key, "sums": sums, "pays": action.pays, **words}
        if action.sums and action.net.low <= 0:
            # a known cost moves the net as a whole: so much less, and its interval would lie above zero
            block["short"] = self.wording.format(-action.net.low, "money_short")
            block["cheaper"] = -action.net.low <= action.cost.value  # or no cost is low enough
        self._show(block | {"surely": action.net.low if action.sums else None})

    def _sum(self, money: Estimate) -> str:
        """Money of an action; nothing is nothing, without pence."""
        return self.wording.format(money, "money_short:with_interval" if money.value else "money0")

    def term(self, *keys: str, **facts) -> None:
        """Explain words that the page uses; wording ``term.<key>`` and ``term.<key>.meaning``."""
        names = {key: self.own(f"term.{key}") for key in keys}
        parts = {(key, part): name + part for key, name in names.items() for part in ("", ".meaning")}
        words = self.wording.compose(parts, facts)
        for key in keys:
            self._show({"kind": "term", "word": words[key, ""], "meaning": words[key, ".meaning"]})

    # ---- words ----

    def word(self, key: str, **facts) -> str:
        """Text for a chart, such as the title of an axis."""
        return self.wording.say(self.own(key), facts)

    def format(self, spec: str) -> Format:
        """Return a function that words numbers or dates in one format, for axes and labels of charts."""
        return self.wording.formatter(spec)

    def close(self, modelled: bool = True, **facts) -> None:
        """End the page: source and counts in the footer, and in that of the details the models.

        Wording: ``<stage>.models`` where there is one; the facts are its. A page that tells of no model leaves it out.
        """
        models = f"{self.stage}.models"
        words = [self.wording.say(models, facts)] if modelled and (facts or self.wording.has(models)) else []
        raw, kept = self.about["rows_raw"], self.about["rows_kept"]
        source = [
            self.wording.say("page.footer.source"),
            self.wording.say("page.footer.rows", raw=raw, kept=kept, rest=raw - kept)
            if raw > kept
            else self.wording.say("page.footer.all", raw=raw),
            self.wording.say("page.footer.tables"),
        ]
        self._show({"kind": "footer", "source": source, "models": words})

    # ---- inside ----

    def own(self, key: str, verdict: str | None = None) -> str:
        """Key of a sentence as the wording has it: the page's own, or else what all pages share."""
        suffix = f".{verdict}" if verdict else ""
        return self.wording.find(f"{self.stage}.{key}{suffix}", f"{key}{suffix}")

    def _named(self, key: str) -> str:
        return f"{self.stage}-{key}".replace(".", "-").replace("_", "-")

    def _id(self, key: str) -> str:
        name = self._named(key)
        if name in self._keys:
            raise WordingError(f"'{key}' is shown twice on the page of {self.stage}.")
        self._keys.add(name)
        return name

    def _show(self, block: dict, drawings: Mapping | None = None) -> None:
        self.blocks.append(plain(block) | dict(drawings or {}))


def _ends(shown: Mapping, columns: Mapping[str, str]) -> dict[str, str]:
    """Columns of an interval's ends, where the value that a chart draws is worded with its interval."""
    value = next((shown[role] for role in ("value", "y", "amount") if isinstance(shown.get(role), str)), None)
    return {end: f"{value}_{end}" for end in ("low", "high")} if "with_interval" in columns.get(value, "") else {}


def has_marks(frame: pd.DataFrame, shown: Mapping) -> bool:
    """Whether a chart of a frame would show anything.

    Parameters
    ----------
    frame : pandas.DataFrame
    shown : mapping
        Settings of the chart: ``y``, ``value`` or ``values`` name what is drawn.

    Returns
    -------
    bool

    Examples
    --------
    >>> waves = pd.DataFrame({"wave": ["w1"], "nps": [float("nan")]})
    >>> has_marks(waves, {"y": "nps"}), has_marks(waves.head(0), {}), has_marks(waves.fillna(3), {"y": "nps"})
    (False, False, True)
    """
    named = [shown[role] for role in ("y", "value", "values") if role in shown]
    drawn = [name for one in named for name in ([one] if isinstance(one, str) else one) if name in frame]
    return bool(len(frame)) and (not drawn or bool(frame[drawn].notna().any(axis=None)))
