"""What a wave asks of attitudes: one statement of each kind of customer, and who agrees with it most."""

import numpy as np
import pandas as pd

from regulars.labels import Attitude
from regulars.simulate.base import Base
from regulars.simulate.features import Asked
from regulars.simulate.streams import stream

STATEMENTS = {
    Attitude.VENTURER: (0.20, "I like to try what nobody has yet."),
    Attitude.HARD_WORKER: (0.20, "I buy what helps me to get on."),
    Attitude.PRICE_FIRST: (0.25, "I look at the price first."),
    Attitude.TREND_FOLLOWER: (0.20, "I like to have what others talk about."),
    Attitude.LAGGARD: (0.15, "What I have is good enough."),
}
OTHERWISE = ("London", {Attitude.VENTURER: 0.45})  # the one region that differs; its other shares shrink alike
FIRST_ALONE = 0.9  # share of respondents with one statement above all others


def item_of(kind: Attitude) -> str:
    """Item that asks for an attitude.

    Examples
    --------
    >>> item_of(Attitude.PRICE_FIRST)
    'as_price_first'
    """
    return f"as_{kind.value}"


def shares_in(region: str, effects: bool = True) -> dict[Attitude, float]:
    """Share of each attitude in a region.

    Examples
    --------
    >>> round(sum(shares_in("London").values()), 9), round(shares_in("London")[Attitude.PRICE_FIRST], 3)
    (1.0, 0.172)
    """
    shares = {kind: share for kind, (share, _) in STATEMENTS.items()}
    place, own = OTHERWISE
    if not effects or region != place:
        return shares
    rest = (1 - sum(own.values())) / sum(share for kind, share in shares.items() if kind not in own)
    return {kind: own.get(kind, share * rest) for kind, share in shares.items()}


def draw_attitudes(surveys: pd.DataFrame, base: Base, effects: bool, *, seed: int) -> Asked:
    """Ask who answered the last wave how much each statement holds, 1 to 5.

    Parameters
    ----------
    surveys : pandas.DataFrame
        The raw table before it is soiled: its respondents of the last wave are those who are asked.
    base : Base
        Where they live; anonymous ones answer as most regions do.
    effects : bool
        Whether one region differs from the others.
    seed : int

    Returns
    -------
    Asked
        Rows to append, in the columns of `surveys`.
    """
    rng = stream(seed, "attitudes")
    last = surveys[surveys["wave"] == surveys["wave"].max()] if len(surveys) else surveys
    people = last.drop_duplicates("response_no")[["response_no", "customer", "date", "wave"]].reset_index(drop=True)
    region = people["customer"].map(dict(zip(base.customer_id, base.region, strict=True))).fillna("")
    kinds, rows = list(STATEMENTS), np.arange(len(people))
    shares = np.array([list(shares_in(name, effects).values()) for name in region]).reshape(-1, len(kinds))
    own = (rng.random(len(people))[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    score = rng.integers(1, 4, (len(people), len(kinds)))
    score[rows, own] = 4 + (rng.random(len(people)) < 0.7)
    alike = rng.random(len(people)) >= FIRST_ALONE
    other = rng.integers(0, len(kinds), len(people))
    score[rows[alike], other[alike]] = score[rows[alike], own[alike]]
    asked = people.loc[np.repeat(rows, len(kinds))].reset_index(drop=True)
    asked["item"], asked["kind"] = np.tile([item_of(kind) for kind in kinds], len(people)), "perceived"
    asked["score"] = score.ravel().astype(str)
    items = [(item_of(kind), "attitudes", "1", "5", wording) for kind, (_, wording) in STATEMENTS.items()]
    table = pd.DataFrame(items, columns=["item", "construct", "scale_min", "scale_max", "wording"])
    truth = {name: shares_in(name, effects) for name in sorted(set(base.region.tolist()))}
    told = {name: {kind.value: share for kind, share in own.items()} for name, own in truth.items()}
    return Asked(asked, table, {"attitudes": told})
