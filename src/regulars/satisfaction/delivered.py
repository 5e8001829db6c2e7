"""Delivered value: what an offer gives the customer less what it costs the customer, beside a competitor's."""

from collections.abc import Mapping

import pandas as pd

from regulars.errors import UserError
from regulars.finding import NOT_SUPPLIED, Finding
from regulars.intervals import Estimate
from regulars.satisfaction.indices import mean

GAINS = ("product", "service", "personnel", "image")
COSTS = ("money", "time", "energy", "effort")
PARTS = GAINS + COSTS


def delivered_value(offers: pd.DataFrame | Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Net value and ratio of offers: (product + service + personnel + image) − (money + time + energy + effort).

    Parameters
    ----------
    offers : mapping or pandas.DataFrame
        Offer to its eight parts (a frame: offer × part), all in one unit, each at least 0. A part that plays no role is
        given as 0, never left out.

    Returns
    -------
    pandas.DataFrame
        By offer: the eight parts, ``gains``, ``costs``, ``net`` (gains − costs) and ``ratio`` (gains/costs; NaN where
        nothing is to be paid in any form).

    Raises
    ------
    UserError
        That names the offer and the part that is missing, unknown or negative.

    References
    ----------
    Kotler, P. (2000), Marketing Management, 10th ed., ch. 2 (customer delivered value).

    Examples
    --------
    >>> ours = dict(product=50, service=20, personnel=10, image=10, money=40, time=5, energy=5, effort=10)
    >>> delivered_value({"us": ours})[["net", "ratio"]].loc["us"].tolist()
    [30.0, 1.5]
    """
    rows = offers.to_dict("index") if isinstance(offers, pd.DataFrame) else offers
    for offer, parts in rows.items():
        for part in (*PARTS, *parts):
            value = parts.get(part)
            if part not in PARTS:
                raise UserError(f"Delivered value of {offer}: '{part}' is no part; name {', '.join(PARTS)}.")
            if not isinstance(value, int | float) or not value >= 0:
                raise UserError(f"Delivered value of {offer}: {part} is {value}; give a number of at least 0.")
    table = pd.DataFrame({offer: {part: float(parts[part]) for part in PARTS} for offer, parts in rows.items()}).T
    table["gains"], table["costs"] = table[list(GAINS)].sum(axis=1), table[list(COSTS)].sum(axis=1)
    table["net"] = table["gains"] - table["costs"]
    table["ratio"] = table["gains"].where(table["costs"] > 0) / table["costs"]
    return table.rename_axis("offer")


def value_bridge(parts: pd.Series) -> pd.DataFrame:
    """From the first gain to the net value, step by step, as a waterfall shows it.

    Parameters
    ----------
    parts : pandas.Series
        One row of `delivered_value`.

    Returns
    -------
    pandas.DataFrame
        ``part``, ``amount`` (costs are negative), ``is_total``.

    Examples
    --------
    >>> ours = dict(product=50, service=20, personnel=10, image=10, money=40, time=5, energy=5, effort=10)
    >>> value_bridge(delivered_value({"us": ours}).loc["us"])["amount"].tolist()
    [50.0, 20.0, 10.0, 10.0, 90.0, -40.0, -5.0, -5.0, -10.0, 30.0]
    """
    steps = [(part, parts[part], False) for part in GAINS] + [("gains", parts["gains"], True)]
    steps += [(part, -parts[part], False) for part in COSTS] + [("net", parts["net"], True)]
    return pd.DataFrame(steps, columns=["part", "amount", "is_total"])


def answered_value(factors: pd.DataFrame, level: float = 0.9) -> Estimate:
    """Mean net value as customers judge it, with its interval.

    Parameters
    ----------
    factors : pandas.DataFrame
        One row per customer, a column for each of the eight parts (0–100); who left one out is left out.
    level : float
    """
    known = factors[list(PARTS)].dropna()
    return mean(known[list(GAINS)].sum(axis=1) - known[list(COSTS)].sum(axis=1), level)


def delivered_finding(offers: Mapping[str, Mapping[str, float]] | None, ours: str = "us") -> Finding:
    """Delivered value for the page.

    Parameters
    ----------
    offers : mapping or None
        As `delivered_value` takes them; one is called `ours`.
    ours : str

    Returns
    -------
    Finding
        Verdict ``ahead`` or ``behind`` (of the best competitor), ``level`` with it, ``alone`` without a competitor.
    """
    if not offers:
        return Finding(NOT_SUPPLIED)
    table = delivered_value(offers)
    if ours not in table.index:
        raise UserError(f"Delivered value names {', '.join(table.index)}: call your own offer '{ours}'.")
    facts = {"net": table.loc[ours, "net"], "ratio": table.loc[ours, "ratio"]}
    frames = {"bridge": value_bridge(table.loc[ours]), "offers": table.reset_index()}
    rivals = table.drop(index=ours)
    if rivals.empty:
        return Finding("alone", facts, frames)
    best = str(rivals["net"].idxmax())
    gap = float(table.loc[ours, "net"] - rivals.loc[best, "net"])
    facts |= {"rival": best, "gap": abs(gap)}
    return Finding("ahead" if gap > 0 else "behind" if gap < 0 else "level", facts, frames)
