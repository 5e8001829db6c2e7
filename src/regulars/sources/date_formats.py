"""Date formats as regular expressions, so that any engine reads them the same way."""

import re

WORDS = ("iso", "excel", "epoch")
PARTS = {
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "b": r"\d{1,2}",
    "B": r"\d{1,2}",
    "H": r"\d{1,2}",
    "I": r"0?[1-9]|1[0-2]",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "z": r"Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?",
}
ROLES = {"Y": "year", "y": "year", "m": "month", "b": "month", "B": "month", "d": "day", "H": "hour", "I": "hour",
         "M": "minute", "S": "second", "p": "half", "z": "zone"}  # fmt: skip
ZONE_AT_END = re.compile(r"(?<![%\d])(Z|UTC|GMT|([+-])(\d{2}):?(\d{2}))$")


def date_pattern(form: str) -> tuple[str, dict[str, int]]:
    r"""Regular expression of a date format, and the number of the group that holds each part.

    Parameters
    ----------
    form : str
        A pattern of the directives Y y m d b B H I M S p z.

    Returns
    -------
    pattern : str
    groups : dict
        year, month, day, hour, minute, second, half, zone to the number of their group.

    Raises
    ------
    ValueError
        Where the format names another directive, or no year, month or day.

    Examples
    --------
    >>> date_pattern("%d/%m/%Y")
    ('^(\\d{1,2})/(\\d{1,2})/(\\d{4})$', {'day': 1, 'month': 2, 'year': 3})
    """
    pieces = re.findall(r"%(.)|([^%]+)", form)
    pattern, groups = "", {}
    for i, (directive, literal) in enumerate(pieces):
        if literal:
            blank = r"\s+" if literal.isspace() else r"\s*"
            pattern += blank.join(re.escape(word) for word in re.split(r"\s+", literal))
            continue
        if directive not in PARTS:
            raise ValueError(f"%{directive} is not one of %{' %'.join(PARTS)}")
        neighbours = [pieces[j][0] for j in (i - 1, i + 1) if 0 <= j < len(pieces)]
        # without a mark between them two numbers can only be told apart by their width
        part = PARTS[directive].replace("{1,2}", "{2}") if any(neighbours) else PARTS[directive]
        groups[ROLES[directive]] = len(groups) + 1
        pattern += f"({part})"
    absent = {"year", "month", "day"} - set(groups)
    if absent:
        raise ValueError(f"it has no {' and no '.join(sorted(absent))}")
    return f"^{pattern}$", groups


def seconds_ahead(form: str) -> int | None:
    """Seconds by which the zone that a format ends with is ahead of UTC; None where it ends with none.

    Examples
    --------
    >>> seconds_ahead("%Y-%m-%dT%H:%M:%SZ"), seconds_ahead("%d/%m/%Y %H:%M -0430"), seconds_ahead("%d-%m-%Y")
    (0, -16200, None)
    """
    found = ZONE_AT_END.search(form)
    if not found or ("%H" not in form and "%I" not in form):
        return None
    sign, hours, minutes = found[2], found[3], found[4]
    return 0 if sign is None else (-1 if sign == "-" else 1) * (int(hours) * 60 + int(minutes)) * 60
