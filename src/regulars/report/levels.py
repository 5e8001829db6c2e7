"""The two levels of a page: what a director finishes in front, and everything else in the details.

Each section's blocks are parted once: what stands in front and what stands behind do not overlap, but for a table of
which the front shows the first rows; together they are all that was told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

MOST_ACTIONS = 3  # in front
SAID = ("title", "lead", "text", "caption", "label", "note", "state", "under", "brings")
SHOWN = ("figure", "table")  # kinds of blocks of which one stands in front


@dataclass(frozen=True)
class Part:
    """One section on one of the two levels.

    Attributes
    ----------
    id, question, title : str
    chapter : str
        Of the details.
    blocks : list of dict
    linked : bool
        Whether the same section stands on the other level as well.
    nothing : str, optional
        The section in a few words, where its finding is one of nothing.
    """

    id: str
    question: str
    title: str
    chapter: str
    blocks: Sequence[dict]
    linked: bool
    nothing: str | None = None


@dataclass(frozen=True)
class Levels:
    """What stands where.

    Attributes
    ----------
    front : list of Part
    details : list of Part
        Those of a chapter beside each other.
    checked : list of Part
        Of the details: findings of nothing.
    lacking, lacking_more : list of str
        What is not supplied, of the sections in front and of the others.
    said : list of dict
        Paragraphs that belong to no section; they stand in the details.
    actions : list of dict
        Those that pay, the surest first, and at most three.
    actions_more : list of dict
        Those that pay and are not among them; then those that may not pay; then those without a sum.
    """

    front: list[Part] = field(default_factory=list)
    details: list[Part] = field(default_factory=list)
    checked: list[Part] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    lacking_more: list[str] = field(default_factory=list)
    said: list[dict] = field(default_factory=list)
    actions: list[dict] = field(default_factory=list)
    actions_more: list[dict] = field(default_factory=list)

    @property
    def chapters(self) -> list[tuple[str, list[Part]]]:
        """Chapter and its sections."""
        return [(name, list(parts)) for name, parts in groupby(self.details, key=lambda part: part.chapter)]

    @property
    def nearest(self) -> dict | None:
        """The action that comes nearest to paying, where none does."""
        priced = [one for one in self.actions_more if "short" in one]
        return priced[0] if priced and not self.actions else None

    @property
    def unpriced(self) -> list[dict]:
        """The first of those whose gain or cost nobody has put in money, where no action has both."""
        return [] if self.actions or self.nearest else self.actions_more[:MOST_ACTIONS]


def parted(blocks: Iterable[dict]) -> Levels:
    """Part the blocks of a page, in the order in which `regulars.report.writer.Writer` wrote them.

    Parameters
    ----------
    blocks : iterable of dict

    Returns
    -------
    Levels

    Examples
    --------
    >>> section = {"kind": "section", "id": "a", "question": "How many?", "title": "Many", "chapter": "More"}
    >>> section |= {"front": True, "shows": ["bars"], "nothing": None}
    >>> levels = parted([section, {"kind": "figure", "part": "bars"}, {"kind": "table", "part": "rows"}])
    >>> [block["part"] for block in levels.front[0].blocks], [block["part"] for block in levels.details[0].blocks]
    (['bars'], ['rows'])
    """
    levels, opened = Levels(), []
    for block in blocks:
        if block["kind"] == "section":
            opened.append((block, []))
        elif block["kind"] == "not_supplied":
            (levels.lacking if block["front"] else levels.lacking_more).append(block["text"])
        elif block["kind"] in ("text", "sure", "caveat", *SHOWN):
            (opened[-1][1] if opened else levels.said).append(block)
    told = {section["id"] for section, _ in opened if "id" in section}
    for section, parts in opened:
        spare = section.get("instead_of") in told
        before, behind = ([], parts) if spare else _of_section(section, parts)
        both = bool(before and behind)
        if before:
            levels.front.append(_part(section, before, both))
        if behind or not before:
            levels.details.append(_part(section, behind, both))
    order = list(dict.fromkeys(part.chapter for part in levels.details))
    levels.details.sort(key=lambda part: order.index(part.chapter))
    levels.checked.extend(part for part in levels.details if part.nothing)
    found = levels_of_actions(block for block in blocks if block["kind"] == "action")
    return replace(levels, actions=found.actions, actions_more=found.actions_more)


def levels_of_actions(actions: Iterable[dict]) -> Levels:
    """Actions alone: in front those that pay, the surest first."""
    told = ranked(actions)
    front = [one for one in told if one["pays"]][:MOST_ACTIONS]
    return Levels(actions=front, actions_more=[one for one in told if not any(one is some for some in front)])


def ranked(actions: Iterable[dict]) -> list[dict]:
    """Actions, the one that surely brings most first; those without a sum last.

    Examples
    --------
    >>> [one["surely"] for one in ranked([{"surely": None}, {"surely": -1.0}, {"surely": 5.0}])]
    [5.0, -1.0, None]
    """
    return sorted(actions, key=lambda one: (one["surely"] is None, -(one["surely"] or 0.0)))


def in_words(terms: Iterable[dict], *texts: str) -> list[dict]:
    """Those terms of which the word, or what stands in brackets behind it, is in some texts.

    Examples
    --------
    >>> terms = [{"word": "customer lifetime value (CLV)"}, {"word": "cohort"}]
    >>> in_words(terms, "Its CLV is 5")
    [{'word': 'customer lifetime value (CLV)'}]
    """
    said = " ".join(texts).lower()
    return [term for term in terms if any(name in said for name in term["word"].lower().rstrip(")").split(" ("))]


def said_in(block: dict) -> str:
    """All that a block says."""
    words = [str(value) for name, value in block.items() if name in SAID and value]
    if "table" in block:
        words += [heading["text"] for heading in block["table"]["headings"]]
    return " ".join(words)


def _part(section: dict, blocks: Sequence[dict], linked: bool) -> Part:
    named = {name: section[name] for name in ("id", "question", "title", "chapter", "nothing")}
    return Part(**named, blocks=blocks, linked=linked)


def _of_section(section: dict, blocks: list[dict]) -> tuple[list[dict], list[dict]]:
    """Blocks of a section in front, and those behind."""
    if not section["front"] or section["nothing"]:
        return [], blocks
    by_part = {block["part"]: block for block in blocks if block["kind"] in SHOWN}
    shown = next((by_part[name] for name in section["shows"] if name in by_part), None)
    # a section whose chart is not told says its paragraph
    words = ("sure",) if shown or not section["shows"] else ("text", "sure")
    before = [block for block in blocks if block is shown or block["kind"] in words]
    whole = shown if shown and is_cut(shown) else None
    return before, [block for block in blocks if block is whole or not any(block is one for one in before)]


def is_cut(block: dict) -> bool:
    """Whether a table shows in front a part of its rows, columns or caption only, so that the details have it whole."""
    if block["kind"] != "table":
        return False
    if "front_caption" in block:
        return True
    table = block["table"]
    return len(table["rows"]) > table["front"] or any(heading["behind"] for heading in table["headings"])
