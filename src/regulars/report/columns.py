"""How the columns that many tables share are usually worded: the same quantity looks the same on every page."""

from collections.abc import Mapping, Sequence

USUAL = {
    "band_high": "percent",
    "band_low": "percent",
    "came": "count",
    "change": "label:change",
    "cluster": "label:cluster",
    "clv": "money_short:with_interval",
    "clv_per_customer": "money",
    "clv_share": "percent",
    "cohort": "month_short",
    "curve": "label:curve",
    "customer": "text",
    "customer_share": "percent",
    "customer_state": "label:customer_state",
    "customers": "count",
    "cutoff": "date_short",
    "days": "count",
    "days_since_order": "count",
    "expected": "count",
    "expected_orders": "number0:with_interval",
    "high": "count",
    "kept": "count",
    "last_ordered_at": "date_short",
    "low": "count",
    "merged": "count",
    "model": "label:model",
    "n": "count",
    "netted": "count",
    "orders": "count",
    "p_active": "percent",
    "p_alive": "percent",
    "period": "count",
    "rank": "count",
    "raw": "count",
    "reason": "label:reason",
    "rejected": "count",
    "repeat_orders": "count",
    "segment": "label:segment",
    "series": "label:forecast_series",
    "share": "percent:with_interval",
    "spend": "money_short",
    "spend_per_customer": "money",
    "spend_share": "percent:with_interval",
    "supply": "label:supply",
    "table": "label:table",
    "tickets": "count",
    "tier": "label:tier",
    "value_at_risk": "money_short",
    "value_share": "percent",
    "week_end": "date_short",
}


def as_formats(named: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """Column to format, of a mapping or of names that look as usual."""
    return dict(named) if isinstance(named, Mapping) else columns(*named)


COUNTS = ("n", "customers", "contacts", "orders")  # of what stands in the first of the other columns, where that is
HEADS = ("label", "text", "month", "date")  # a name or a day


def columns(*names: str, **others: str) -> dict[str, str]:
    """Formats of a table's columns, in the order given; what a leading count counts comes before it, as the row's head.

    Parameters
    ----------
    *names : str
        Columns that look as usual.
    **others : str
        Column to its format, where it is not a usual one or looks otherwise here.

    Returns
    -------
    dict
        As `regulars.report.layout.chart` and `table` take it.

    Raises
    ------
    KeyError
        For a name without a usual format.

    Examples
    --------
    >>> columns("tier", "customers", threshold="money")
    {'tier': 'label:tier', 'customers': 'count', 'threshold': 'money'}
    >>> columns("n", month="month_short", share="percent")
    {'month': 'month_short', 'n': 'count', 'share': 'percent'}
    """
    unknown = [name for name in names if name not in USUAL]
    if unknown:
        raise KeyError(f"'{unknown[0]}' has no usual format; give it as {unknown[0]}='…'")
    usual = {name: USUAL[name] for name in names}
    head = next(iter(others), None) if names and names[0] in COUNTS else None
    head = head if head and others[head].startswith(HEADS) else None
    return ({head: others[head]} if head else {}) | usual | others
