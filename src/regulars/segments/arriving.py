"""Whom to tell when goods arrive."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from regulars.errors import UntoldError, UserError
from regulars.finding import may_refuse
from regulars.segments.suggesting import DIGITS, LABELS, Recommender, chances
from regulars.segments.suggestions_held import KeptBack
from regulars.statistics.cells import large_enough
from regulars.statistics.intervals import share, to_row

TOLD_FROM = 1.5  # times the usual chance of such goods, from which a customer is told of them


def chance_of(model: Recommender, is_such: np.ndarray) -> np.ndarray:
    """Chance that a piece which each customer buys next is one of such goods.

    Parameters
    ----------
    model : Recommender
    is_such : numpy.ndarray of bool
        Which of its products; of goods that are new, those that are like them.

    Returns
    -------
    numpy.ndarray
        By the model's customers.

    Examples
    --------
    >>> from regulars.segments import fit_recommender
    >>> lines = pd.DataFrame({"customer_id": "a", "order_id": ["1", "2"], "product_id": ["x", "y"],
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> chance_of(fit_recommender(lines, "2026-03-31", days=30), np.array([True, True])).round(6).tolist()
    [1.0]
    """
    return _chances_of(model, [is_such])[:, 0]


def _chances_of(model: Recommender, kinds: Sequence[np.ndarray]) -> np.ndarray:
    """As `chance_of`, customer × kind: every customer is gone through once, however many kinds there are."""
    chance = np.empty((len(model.customers), len(kinds)))
    for at, score in chances(model):
        for place, is_such in enumerate(kinds):
            chance[at, place] = score[:, is_such].sum(axis=1)
    return chance.round(DIGITS)


def such_goods(model: Recommender, asked: str) -> np.ndarray:
    """Products of a description, such as ``category=garden,colour=blue``, or one product by its id.

    Parameters
    ----------
    model : Recommender
    asked : str
        An id, or ``label=value`` of `LABELS`, several joined by commas.

    Returns
    -------
    numpy.ndarray of bool

    Raises
    ------
    UserError
        Where no product is such.

    Examples
    --------
    >>> from regulars.segments import fit_recommender
    >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "product_id": ["x", "y"],
    ...                       "ordered_at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    >>> such_goods(fit_recommender(lines, "2026-03-31", days=30), "y").tolist()
    [False, True]
    """
    if "=" not in asked:
        found = np.asarray(model.products == asked)
    else:
        found = np.ones(len(model.products), bool)
        labels = {one.name: one for one in model.tastes if one.name in LABELS}
        for part in asked.split(","):
            name, _, value = (text.strip() for text in part.partition("="))
            if name not in labels:
                known = ", ".join(labels) or "none"
                raise UserError(f"'{name}' tells no tastes apart here: goods are named by id, or by {known}.")
            found &= np.isin(labels[name].of, np.flatnonzero(labels[name].values == value))
    if not found.any():
        raise UserError(f"No product is '{asked}': name an id, or values that the order lines carry.")
    return found


@may_refuse
def arrivals(
    model: Recommender, kept: KeptBack, refusing: Collection[str] = (), *, min_cell: int = 1, level: float = 0.9
) -> pd.DataFrame:
    """Whom to tell when goods of a kind arrive, and whether those told would have bought them.

    Parameters
    ----------
    model : Recommender
        Of all days.
    kept : KeptBack
        Of the days kept back.
    refusing : collection of str
        Customers who said no to being contacted.
    min_cell : int
        Kinds of fewer customers to tell are left out.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame or Refusal
        The kinds of the first label that parts customers: ``label``, ``goods``, ``customers`` (at least `TOLD_FROM`
        times as likely as all, who may be told), ``refused`` (as likely, who said no; missing where no
        refusal is on record), ``told`` (of the customers of the first orders kept back who would have been told, those
        whose order holds such goods) and ``others`` (of the rest) with limits, ``n`` (would have been told). Why not,
        where lines carry no such label.

    Examples
    --------
    >>> from regulars.segments import fit_recommender, keep_back
    >>> days = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-03-20"] * 4)
    >>> lines = pd.DataFrame({"customer_id": [who for who in "abcd" for _ in range(3)], "ordered_at": days,
    ...                       "order_id": [str(k) for k in range(12)], "product_id": list("xxxyyyzzzzzz")})
    >>> lines["category"] = lines["product_id"].map({"x": "tea", "y": "rice", "z": "oil"})
    >>> model, kept = (make(lines, "2026-03-31", days=30) for make in (fit_recommender, keep_back))
    >>> arrivals(model, kept)[["goods", "customers", "told", "others"]].values.tolist()[1:]
    [['rice', 1, 1.0, 0.0], ['tea', 1, 1.0, 0.0]]
    """
    label = next((one for one in model.tastes if one.name in LABELS), None)
    if kept.model is None:
        raise UntoldError("Nobody known before ordered in the days kept back.")
    earlier = next((one for one in kept.model.tastes if label and one.name == label.name), None)
    if label is None or earlier is None:
        raise UntoldError("Order lines carry no category, colour or size by which tastes differ.")
    asked = ~np.isin(model.customers.astype(object), list(refusing))
    judges = np.unique(kept.rows)
    old = {goods: np.flatnonzero(earlier.values == goods) for goods in label.values}
    known = [place for place, goods in enumerate(label.values) if len(old[goods]) and (label.of == place).any()]
    now = [label.of == place for place in known]
    then = [earlier.of == old[label.values[place]][0] for place in known]
    rows = []
    for place, such, likely, would in zip(known, then, _likelier(model, now), _likelier(kept.model, then), strict=True):
        goods, would = label.values[place], would[judges]
        bought = np.isin(judges, kept.rows[(kept.items >= 0) & such[np.maximum(kept.items, 0)]])
        told, others = (share(int(bought[one].sum()), int(one.sum()), level) for one in (would, ~would))
        rows.append(
            {"label": label.name, "goods": str(goods), "customers": int((likely & asked).sum()),
             "refused": int((likely & ~asked).sum()) if len(refusing) else pd.NA}
            | to_row(told, "told") | to_row(others, "others") | {"n": told.n}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table = large_enough(table[table["customers"] > 0], "customers", min_cell)
    return table.sort_values(["customers", "goods"], ascending=[False, True], ignore_index=True)


def _likelier(model: Recommender, kinds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of each kind who is so much likelier than all to buy it that he would be told."""
    usual = [TOLD_FROM * model.popular[is_such].sum() for is_such in kinds]
    return list((_chances_of(model, kinds) >= np.array(usual)).T)
