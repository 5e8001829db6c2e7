"""How much customers differ in value and in needs, and what that asks for: mass, niche, key account, one to one."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import gammaln

from regulars.errors import UntoldError
from regulars.finding import may_refuse, shows
from regulars.labels import DifferenceCell, RelationshipStep, StepAsset
from regulars.segments.groups import need_value
from regulars.segments.preferences import Tastes
from regulars.segments.suggesting import SAMPLE
from regulars.statistics.intervals import Estimate, share, z_value

SKEWED_FROM = 0.5  # Gini coefficient of value to come: from it on a few are worth much more than the others
NEEDS_FROM = 0.1  # part of what customers take that is their own taste: from it on needs differ
STEP = 0.05  # of the logarithm, for the curvature
YEAR_DAYS = 365
CELLS = {  # by whether value is skewed, and whether needs differ
    (False, False): DifferenceCell.MASS,
    (False, True): DifferenceCell.NICHE,
    (True, False): DifferenceCell.KEY_ACCOUNT,
    (True, True): DifferenceCell.ONE_TO_ONE,
}


@may_refuse
def value_skew(customers: pd.DataFrame, *, level: float = 0.9, seed: int = 0) -> Estimate:
    """Gini coefficient of what customers should bring, as the page on value tells it.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``spend``, ``clv``.
    level : float
        Of the interval.
    seed : int
        Of the resamples.

    Returns
    -------
    Estimate or Refusal
        0 where all are worth the same, towards 1 where one is worth everything. Why not, where nobody's value is known
        or some should bring less than nothing.

    Examples
    --------
    >>> value_skew(pd.DataFrame({"spend": 1.0, "clv": [0.0, 0.0, 0.0, 1.0]})).value
    0.75
    """
    from regulars.clv.concentration import compare_concentration

    need_value(customers)
    if customers["clv"].min() < 0 or customers["clv"].max() <= 0:
        raise UntoldError("Some customers should bring less than nothing, so that shares of their value say nothing.")
    past = customers["spend"].clip(lower=0)  # who returned more than was bought says nothing of what is to come
    return compare_concentration(past, customers["clv"], level=level, seed=seed).future_gini


@may_refuse
def needs_differ(tastes: Tastes, *, level: float = 0.9) -> Estimate:
    """Part of what customers take that is their own taste rather than everybody's.

    Parameters
    ----------
    tastes : Tastes
        Of `regulars.segments.preferences.fit_tastes`.
    level : float
        Of the interval.

    Returns
    -------
    Estimate or Refusal
        From 0, where all would take the same kinds, to 1, where each takes one kind alone: 1 / (1 + weight), the
        correlation of two purchases of one customer. The interval is that of the logarithm of the weight by the
        curvature of its likelihood; n customers. Why not, where all goods are of one kind.

    References
    ----------
    Mosimann, J. E. (1962), Biometrika 49, 65-82 (the Dirichlet-multinomial and its correlation).

    Examples
    --------
    >>> from regulars.segments.preferences import fit_tastes
    >>> lines = pd.DataFrame({"customer_id": [who for who in "abcd" for _ in range(4)], "product_id": "x",
    ...                       "order_id": [str(k) for k in range(16)], "category": ["tea"] * 8 + ["rice"] * 8})
    >>> lines["product_id"] = lines["category"]
    >>> needs_differ(fit_tastes(lines)).value > 0.9
    True
    """
    n = len(tastes.customers)
    if len(tastes.categories) < 2:
        raise UntoldError("Order lines carry no category, so that what customers take cannot be told apart.")
    if not np.isfinite(tastes.weight):
        return Estimate(0.0, n=n)
    counts = tastes.counts[np.linspace(0, n - 1, min(n, SAMPLE)).astype(int)]
    size = counts.sum(axis=1)

    def likelihood(log_weight: float) -> float:
        k = np.exp(log_weight)
        prior = k * tastes.base
        return float((gammaln(counts + prior) - gammaln(prior)).sum() + (gammaln(k) - gammaln(k + size)).sum())

    middle = np.log(tastes.weight)
    below, here, above = (likelihood(middle + move) for move in (-STEP, 0.0, STEP))
    bend = (above - 2 * here + below) / STEP**2 * n / len(counts)
    reach = z_value(level) / np.sqrt(-bend) if bend < 0 else np.inf
    value, low, high = (1 / (1 + np.exp(middle + move)) for move in (0.0, reach, -reach))
    return Estimate(float(value), float(low), float(high), n)


@shows
@dataclass(frozen=True)
class Difference:
    """Where a firm stands between serving all alike and each by themselves.

    Parameters
    ----------
    cell : DifferenceCell
    value : Estimate
        Gini coefficient of what customers should bring.
    needs : Estimate
        Of `needs_differ`.
    is_sure : bool
        Whether both intervals keep to their side of what parts the cells.
    may : frozenset of DifferenceCell
        The cells that the intervals reach.
    """

    cell: DifferenceCell
    value: Estimate
    needs: Estimate
    is_sure: bool
    may: frozenset[DifferenceCell] = field(repr=False, default=frozenset())


@may_refuse
def difference_of(value: Estimate, needs: Estimate) -> Difference:
    """The cell in which a firm stands.

    Parameters
    ----------
    value : Estimate
        Gini coefficient, of `regulars.clv.compare_concentration`.
    needs : Estimate
        Of `needs_differ`.

    Returns
    -------
    Difference or Refusal

    References
    ----------
    Peppers, D. and Rogers, M. (1993), The One to One Future (customers differ by value and by needs).

    Examples
    --------
    >>> difference_of(Estimate(0.7, 0.68, 0.72, 900), Estimate(0.2, 0.08, 0.3, 900))
    Difference
      cell = one_to_one
      value = 0.7 (0.68 to 0.72), n = 900
      needs = 0.2 (0.08 to 0.3), n = 900
      is_sure = False
    """
    sides = [[one.value >= edge, one.low >= edge, one.high >= edge]
             for one, edge in ((value, SKEWED_FROM), (needs, NEEDS_FROM))]  # fmt: skip
    skewed, differ = sides
    may = frozenset(CELLS[one, other] for one in skewed for other in differ)
    return Difference(CELLS[skewed[0], differ[0]], value, needs, len(may) == 1, may)


def cells_of(found: Difference) -> pd.DataFrame:
    """The four cells, and which is the firm's.

    Parameters
    ----------
    found : Difference
        Of `difference_of`.

    Returns
    -------
    pandas.DataFrame
        ``cell``, ``asks`` (the cell again, for what it asks for in words), ``standing`` (here, elsewhere; perhaps: both
        where an interval reaches over an edge).

    Examples
    --------
    >>> cells_of(difference_of(Estimate(0.2, 0.1, 0.3), Estimate(0.05, 0.04, 0.06)))["standing"].tolist()
    ['here', 'elsewhere', 'elsewhere', 'elsewhere']
    """
    names, here = [cell.value for cell in DifferenceCell], "here" if found.is_sure else "perhaps"
    standing = [here if name in found.may else "elsewhere" for name in names]
    return pd.DataFrame({"cell": names, "asks": names, "standing": standing})


def four_steps(customers: pd.DataFrame, tables, suggested: pd.Series, *, end, level: float = 0.9) -> pd.DataFrame:
    """What the firm has for each of the four steps from a customer's name to an offer of their own.

    Parameters
    ----------
    customers : pandas.DataFrame
        ``customer_id``, ``clv``: all there are.
    tables : mapping
        Clean tables supplied, by name: ``customers`` (consent), ``order_lines``, ``contacts``, ``surveys``.
    suggested : pandas.Series
        Product suggested to each customer who has order lines, by customer_id.
    end : date
        Last day observed.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``step`` (identify, differentiate, interact, customise), ``asset`` (`regulars.labels.StepAsset`), ``share`` of
        all customers with limits, ``n`` who have it. Missing where the table that would tell is not supplied: what is
        not known is not nought.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 2.0]})
    >>> table = four_steps(customers, {}, pd.Series({"a": "x"}), end="2026-06-30")
    >>> table[["asset", "share"]].dropna().values.tolist()
    [['value', 1.0], ['own_suggestion', 0.0]]
    """
    ids = customers["customer_id"].astype(object)
    wanted = "customers", "contacts", "order_lines", "surveys"
    record, contacts, lines, surveys = (tables.get(name) for name in wanted)
    after = pd.Timestamp(end).normalize() + pd.Timedelta(days=1)

    def among(frame: pd.DataFrame | None, rows=None) -> int | None:
        if frame is None:
            return None
        known = (frame if rows is None else frame[rows])["customer_id"].dropna()
        return int(ids.isin(known.astype(object)).sum())

    def within_year(initiator: str) -> pd.Series | None:
        if contacts is None:
            return None
        recent = (contacts["at"] >= after - pd.Timedelta(days=YEAR_DAYS)) & (contacts["at"] < after)
        return recent & (contacts["initiator"] == initiator)

    has_consent = record is not None and "consent" in record
    common = suggested.mode()
    rows = {
        (RelationshipStep.IDENTIFY, StepAsset.RECORD): among(record),
        (RelationshipStep.IDENTIFY, StepAsset.CONSENT): (
            among(record, record["consent"].notna()) if has_consent else None
        ),
        (RelationshipStep.DIFFERENTIATE, StepAsset.VALUE): int(customers["clv"].notna().sum()),
        (RelationshipStep.DIFFERENTIATE, StepAsset.NEEDS): among(lines),
        (RelationshipStep.INTERACT, StepAsset.CONTACTED): among(contacts, within_year("company")),
        (RelationshipStep.INTERACT, StepAsset.HEARD): among(contacts, within_year("customer")),
        (RelationshipStep.INTERACT, StepAsset.ASKED): among(surveys),
        (RelationshipStep.CUSTOMISE, StepAsset.OWN_SUGGESTION): (
            int((suggested != common.iloc[0]).sum()) if len(common) else None
        ),
    }
    table = [
        {"step": step.value, "asset": asset.value, "n": many}
        | dict(zip(("share", "share_low", "share_high"), _share(many, len(ids), level), strict=True))
        for (step, asset), many in rows.items()
    ]
    return pd.DataFrame(table).astype({"n": "Int64"})


def _share(many: int | None, n: int, level: float) -> tuple[float, float, float]:
    if many is None:
        return (float("nan"),) * 3
    told = share(many, n, level)
    return told.value, told.low, told.high
