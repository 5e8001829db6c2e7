"""Festivals that move between two calendar months, and make each look changed on the year before."""

from datetime import date

from regulars.errors import UserError

# first day of the Chinese lunar year, as published by the Hong Kong Observatory
SPRING_FESTIVALS = tuple(
    date.fromisoformat(day)
    for day in (
        "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06",
        "2028-01-26", "2029-02-13", "2030-02-03", "2031-01-23",
    )
)  # fmt: skip
POOLED = {"none": (), "spring_festival": (1, 2), "easter": (3, 4)}


def festival_day(festival: str, year: int) -> date:
    """Day of a festival in a year.

    Parameters
    ----------
    festival : {"spring_festival", "easter"}
    year : int

    Returns
    -------
    datetime.date

    Raises
    ------
    UserError
        Where the calendar of the Spring Festival does not reach.

    Examples
    --------
    >>> festival_day("spring_festival", 2026).isoformat(), festival_day("easter", 2026).isoformat()
    ('2026-02-17', '2026-04-05')
    """
    if festival == "easter":
        from dateutil.easter import easter

        return easter(year)
    known = {day.year: day for day in SPRING_FESTIVALS}
    if year not in known:
        raise UserError(
            f"The Spring Festival of {year} is not in the calendar, which reaches from {min(known)} to {max(known)}: "
            "set cycle.festival to none for this dataset."
        )
    return known[year]
