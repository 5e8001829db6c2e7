"""What a wave asks beside satisfaction: features, with and without them, and the offer against a competitor's."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from regulars.labels import KanoClass
from regulars.simulate.streams import stream

M, O, A, I, R, Q = (  # noqa: E741, the letters of the literature
    KanoClass.MUST_BE, KanoClass.ONE_DIMENSIONAL, KanoClass.ATTRACTIVE, KanoClass.INDIFFERENT, KanoClass.REVERSE,
    KanoClass.QUESTIONABLE,
)  # fmt: skip
FEATURES = {
    "Delivery on the promised day": {M: 0.60, O: 0.26, I: 0.09, A: 0.04, Q: 0.01},
    "Easy returns": {O: 0.56, M: 0.25, A: 0.09, I: 0.09, Q: 0.01},
    "Gift wrapping": {A: 0.58, I: 0.28, O: 0.08, R: 0.05, Q: 0.01},
    "Following the parcel live": {O: 0.36, A: 0.36, I: 0.20, M: 0.07, Q: 0.01},  # of two classes in equal parts
    "Shopping app": {I: 0.58, A: 0.24, O: 0.10, R: 0.07, Q: 0.01},
}
# answers with and without the feature that the literature's table gives each class: 5 like … 1 dislike
PAIRS = {
    M: ((4, 1), (3, 1), (2, 1)),
    O: ((5, 1),),
    A: ((5, 4), (5, 3), (5, 2)),
    I: ((3, 3), (4, 3), (3, 2), (4, 2), (2, 2)),
    R: ((1, 5), (3, 5), (1, 3)),
    Q: ((5, 5), (1, 1)),
}
OURS, RIVAL = "us", "Brightway"
# what respondents judge on average, 0 to 10: (ours, the competitor's)
PARTS = {
    "product": (7.2, 7.0),
    "service": (6.6, 5.4),
    "personnel": (7.1, 6.0),
    "image": (6.6, 7.2),
    "money": (5.6, 4.9),
    "time": (4.2, 4.9),
    "energy": (3.4, 3.7),
    "effort": (3.6, 4.3),
}
COSTS = ("money", "time", "energy", "effort")
PERSON_SD, PART_SD = 0.8, 1.6  # of who rates all high, and of each answer
KNOW_RIVAL = 0.6  # share of respondents who know the competitor's shop


@dataclass(frozen=True)
class Asked:
    """Answers and items beyond those of the path model, and what the truth keeps of them."""

    surveys: pd.DataFrame
    survey_items: pd.DataFrame
    truth: dict


def draw_features(surveys: pd.DataFrame, seed: int) -> Asked:
    """Ask who answered the last wave for features and for what they get and give, here and at a competitor.

    Classes and parts hang on nothing else that is simulated, and move nothing.

    Parameters
    ----------
    surveys : pandas.DataFrame
        The raw table before it is soiled: its respondents of the last wave are those who are asked.
    seed : int

    Returns
    -------
    Asked
        Rows to append, in the columns of `surveys`.
    """
    last = surveys[surveys["wave"] == surveys["wave"].max()] if len(surveys) else surveys
    people = last.drop_duplicates("response_no")[["response_no", "customer", "date", "wave"]]
    kano = _kano(len(people), stream(seed, "features"))
    parts = _parts(len(people), stream(seed, "delivered value"))
    scores = pd.concat([kano, parts], axis=1)
    row, column = np.nonzero(scores.notna().to_numpy())
    asked = people.iloc[row].reset_index(drop=True)
    asked["item"], asked["kind"] = scores.columns.to_numpy()[column], "perceived"
    asked["score"] = scores.to_numpy()[row, column].astype(int).astype(str)
    truth = {
        "kano": {
            feature: {"items": list(items_of(feature)), "kano": _leading(chances),
                      "classes": {kind.value: share for kind, share in chances.items()}}
            for feature, chances in FEATURES.items()
        },
        "delivered": {
            offer: {"items": {part: f"{part}_{offer.lower()}" for part in PARTS},
                    "means": {part: means[place] for part, means in PARTS.items()}}
            for place, offer in enumerate((OURS, RIVAL))
        }
        | {"know_rival_share": KNOW_RIVAL, "person_sd": PERSON_SD, "part_sd": PART_SD},
    }  # fmt: skip
    return Asked(asked, _items(), truth)


def items_of(feature: str) -> tuple[str, str]:
    """Items that ask how it is with a feature and how without.

    Examples
    --------
    >>> items_of("Gift wrapping")
    ('gift_wrapping_with', 'gift_wrapping_without')
    """
    name = feature.lower().replace(" ", "_")
    return f"{name}_with", f"{name}_without"


def _leading(chances) -> str | None:
    """Class of most; none where two share the first place."""
    first, second = sorted(chances.values(), reverse=True)[:2]
    return max(chances, key=chances.get).value if first > second else None


def _kano(n: int, rng) -> pd.DataFrame:
    columns = {}
    for feature, chances in FEATURES.items():
        kinds = list(chances)
        kind = rng.choice(len(kinds), n, p=list(chances.values()))
        pick = rng.random(n)
        pairs = np.array([PAIRS[kinds[k]][int(u * len(PAIRS[kinds[k]]))] for k, u in zip(kind, pick, strict=True)])
        with_it, without = items_of(feature)
        columns[with_it], columns[without] = pairs.reshape(n, 2).T
    return pd.DataFrame(columns, dtype=float)


def _parts(n: int, rng) -> pd.DataFrame:
    person = PERSON_SD * rng.standard_normal(n)
    knows = rng.random(n) < KNOW_RIVAL
    columns = {}
    for place, offer in enumerate((OURS, RIVAL)):
        for part, means in PARTS.items():
            score = means[place] + person + PART_SD * rng.standard_normal(n)
            score = np.clip(np.round(score), 0, 10)
            columns[f"{part}_{offer.lower()}"] = score if offer == OURS else np.where(knows, score, np.nan)
    return pd.DataFrame(columns, dtype=float)


def _items() -> pd.DataFrame:
    rows = []
    for feature in FEATURES:
        for item, there in zip(items_of(feature), ("there is", "there is not"), strict=True):
            rows.append((item, "features", "1", "5", f"{feature}: how is it if {there}?"))
    for offer, shop in ((OURS, "our shop"), (RIVAL, RIVAL)):
        for part in PARTS:
            asks = "How much does it cost you in" if part in COSTS else "How much does it give you in"
            rows.append((f"{part}_{offer.lower()}", f"value_{offer.lower()}", "0", "10", f"{shop}: {asks} {part}?"))
    return pd.DataFrame(rows, columns=["item", "construct", "scale_min", "scale_max", "wording"])
