"""Answers that stand side by side: which columns are items, what they ask, and on which scale."""

import re
from collections.abc import Sequence

from regulars.sources.discovery.files import Inspected, same_name

MOST_POINTS = 11  # of a scale
FEWEST_ANSWERS = 2
SCALES = ((1, 5), (0, 10), (1, 7), (0, 100))  # the first that holds all answers
RECOMMENDS = (
    r"(?i)recommend|tell (a|your) (colleague|friend)|friends? or colleagues?|nps|weiterempf|推荐|conseill|recomend"
)
NO_WORDING = ("Response", "Open-Ended Response")  # what SurveyMonkey writes below a question of one part
SATISFIED = r"(?i)satisf|content|happy|all in all|overall|zufrieden|满意|soddisf"
META = (
    r"(?i)(id|ip|date|time|progress|duration|status|finished|latitude|longitude|channel|language|email|name|phone"
    r"|group|network|tags?|#|score|(in seconds)\W*)$"
)


def items_of(file: Inspected, wordings: Sequence[str] = ()) -> list[dict]:
    """Items of a questionnaire, as rows of ``survey_items`` with the column that holds each.

    Parameters
    ----------
    file : Inspected
    wordings : sequence of str
        What each column asks, where a row below the header says it.

    Returns
    -------
    list of dict
        column, item, construct, scale_min, scale_max, wording; in the order of the columns.
    """
    items, taken = [], set()
    for place, name in enumerate(file.header):
        values = {value for value in file.column(name).to_pylist() if value}
        told = wordings[place].strip() if place < len(wordings) else ""
        wording = name if told in ("", *NO_WORDING) else told
        if len(values) < FEWEST_ANSWERS or len(values) > MOST_POINTS or re.search(META, name.strip()):
            continue
        if not all(re.fullmatch(r"\d{1,3}(\.0+)?", value) for value in values):
            continue
        numbers = [float(value) for value in values]
        if max(numbers) > SCALES[-1][1]:
            continue
        item, construct = _meant(wording, max(numbers), taken, same_name(name) or f"item_{place + 1}")
        taken |= {item}
        low, high = (0, 10) if item == "recommendation" else _scale(numbers)
        items.append(
            {"column": name, "item": item, "construct": construct, "scale_min": low, "scale_max": high,
             "wording": " ".join(wording.split())}
        )  # fmt: skip
    return items


def _scale(numbers: list[float]) -> tuple[int, int]:
    return next(scale for scale in SCALES if scale[0] <= min(numbers) and max(numbers) <= scale[1])


def _meant(wording: str, most: float, taken: set[str], name: str) -> tuple[str, str]:
    """Item and construct that a question's wording speaks of; its own name where it speaks of none that is known."""
    if re.search(RECOMMENDS, wording) and 5 < most <= 10 and "recommendation" not in taken:
        return "recommendation", "recommendation"
    if re.search(SATISFIED, wording):
        return ("overall", "satisfaction") if "overall" not in taken else (name, "satisfaction")
    return name, name
