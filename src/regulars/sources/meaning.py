"""What columns and values of exports mean by their names, in the languages that shops export in."""

import pandas as pd

NO_MONEY = (
    r"(?i)(^|[\W_])(id|no|nr|number|date|time|at|status|state|reason|type|by|qty|quantity|count)([\W_]|$)"
    r"|编号|单号|状态|时间|日期|原因|数量"
)
REFUND_NAMES = r"(?i)refund|returned.?(amount|value)|退款(总?金?额)?|erstatt|rembours|reembols|rimbors|devoluc"
STATUS_NAMES = (
    r"(?i)^((order|financial|payment|transaction|charge|item|fulfil?ment)[\W_]*)?(status|state)$"
    r"|(订单|交易|支付)状态|^bestellstatus$"
)
NO_SALE = (
    r"(?i)^(cancell?ed|cancell?ation|failed|failure|void(ed)?|refunded|pending([\W_]payment)?|declined|denied|expired|draft|test"
    r"|unpaid|on[\W_-]?hold|trash|abandoned|rejected|chargeback|storniert|abgebrochen|annul[ée]e?|cancelad[oa]"
    r"|交易关闭|等待买家付款|已取消|已关闭|未付款|待付款|退款成功)$"
)
NOBODY = (
    r"(?i)^(0+|-1|guest|gast|invit[ée]|none|null|nil|nan|n/?a|-+|unknown|anonymous|anonym|no[\W_-]?name|walk[\W_-]?in|cash"
    r"|散客|游客|匿名(用户|买家)?)(@.*)?$"
)
STATUS_MOST = 30  # distinct values of a column that is a status
LEAST_ROWS = 50  # lines of several pieces from which a price is held against the quantity
TOTAL_RATIO = (0.6, 1.67)  # of prices against quantities, within which prices are totals
GROWS = 1.5  # times the price of one piece, that each larger quantity costs at least where prices are totals


def is_total(sizes: pd.DataFrame) -> bool:
    """Whether what is called a price is the money of all pieces: it grows as their number does.

    Parameters
    ----------
    sizes : pandas.DataFrame
        quantity, rows, price (usual, of that quantity).

    Examples
    --------
    >>> is_total(pd.DataFrame({"quantity": [1, 2, 4], "rows": 100, "price": [9.0, 17.0, 40.0]}))
    True
    >>> is_total(pd.DataFrame({"quantity": [1, 2, 4], "rows": 100, "price": [9.0, 8.0, 7.0]}))
    False
    """
    one = sizes.loc[sizes["quantity"] == 1, "price"]
    several = sizes.loc[(sizes["quantity"] > 1) & (sizes["rows"] >= 5)]
    if one.empty or several["rows"].sum() < LEAST_ROWS:
        return False
    times = several["price"] / one.iloc[0]
    return bool((times / several["quantity"]).between(*TOTAL_RATIO).all() and (times > GROWS).all())
