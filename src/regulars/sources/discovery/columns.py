"""Which table a file is, and which of its columns is which of ours: by name, then held against the values."""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from regulars.catalog.tables import TABLES, Column
from regulars.sources.discovery import values
from regulars.sources.discovery.files import MOSTLY, Inspected, same_name
from regulars.sources.discovery.questionnaires import items_of
from regulars.sources.discovery.systems import System, column_of, rules_of, system_of
from regulars.sources.discovery.values import Dates, Numbers
from regulars.sources.mapping import LINE_TOTAL, OPEN, REFUNDED
from regulars.sources.meaning import NO_MONEY, REFUND_NAMES, is_total

READ_AT_MOST = 50_000  # distinct values of a column that its reading is proved by
NUMBER_KINDS = ("money", "float", "int")
DATE_KINDS = ("date", "timestamp")
NEAR = {  # what a column of an order log may be called where nothing of its name says more
    "order_id": r"id|no|nr|number|#|ref|reference",
    "customer_id": r"name|who|contact|e?_?mail|phone",
    "ordered_at": r".*(date|day|time|when|datum|日期|时间).*",
    "amount": r"price|cost|fee|payment|paid|revenue|net|gross|.*(amount|total|price|金额).*",
}
ID_COLUMNS = ("customer_id", "order_id", "product_id")
BESIDE = (LINE_TOTAL, REFUNDED)
_ID = r"(_?(id|no|nr|num|number|code|key|nummer|kennung))?"
_AT = r"(_?(at|on|date|day|time|datetime|timestamp))?"
_OF = r"((n|no|num|numero|numéro|número|id|code|ref|référence|fecha|date|data)_(de_|du_|do_|del_|della_|d_)?(la_|l_)?)?"
# each name that a column of ours goes by, best first; matched against the whole of `same_name`
NAMES: dict[str, tuple[str, ...]] = {
    "order_id": (rf"(sales_)?order{_ID}", rf"(invoice|bill|receipt|basket){_ID}",
                 rf"(bestell(ungs?)?|belegs?|rechnungs?|auftrags?){_ID}",
                 rf"(transaction|purchase|document|vorgangs?|bons?){_ID}",
                 rf"{_OF}(commande|facture|pedido|factura|fatura|ordine|fattura){_ID}", r"订单(编?号|id)?|发票号|单号"),
    "customer_id": (r"customer_unique_id", rf"customer{_ID}", rf"(client|buyer|shopper|household|kunden?|cust){_ID}",
                    rf"(user|member|account|consumer|mitglieds?|käufer){_ID}", rf"{_OF}(client|cliente|acheteur){_ID}",
                    r"(客户|顾客|会员|用户|买家)(编?号|id|名)?"),
    "ordered_at": (rf"order(ed)?(_purchase)?{_AT}", r"order_(.*_)?(date|timestamp)", rf"invoice{_AT}",
                   rf"(purchased?|transaction|sales?|bought){_AT}",
                   r"(bestell|kauf|rechnungs?|beleg|auftrags|verkaufs)_?(datum|zeit|tag)",
                   rf"{_OF}(commande|facture|vente|pedido|factura|venta|fatura|venda|ordine|fattura|vendita)",
                   r"(下单|订单|交易|购买)(日期|时间)|日期|时间",
                   r"date|day|datum|fecha|data|timestamp|datetime|created(_at|_on)?", r"date_.*"),
    "amount": (r"(order_)?(total|amount)(_amount|_price|_value)?|betrag|(订单|实付|支付|消费|销售)?总?(金额|额|价)",
               r"(net|grand)_(total|amount|sales)|sales|revenue|turnover|umsatz|summe|sum|paid",
               r"(gesamt|rechnungs|brutto|netto)_?(betrag|summe|preis)|montant(_.*)?|importe(_.*)?|valor(_total)?|importo(_.*)?",
               r"(dollar|sales|payment|order|transaction)_(value|amount)|value|spend"),
    "product_id": (rf"product{_ID}|商品(编?号|编码|id)", rf"(sku|stock|article|artikel|item|material){_ID}",
                   r"(货号|产品)(编号)?|upc|ean|asin|isbn",
                   rf"{_OF}(produit|article|producto|articulo|artículo|produto|prodotto|articolo){_ID}|référence"),
    "quantity": (r"quantity|qty|menge|anzahl|stück(zahl)?|数量|件数",
                 r"quantit(e|é|à|a)|qté|cantidad|quantidade", r"units?(_sold)?|pieces|pcs"),
    "unit_price": (r"unit_price|price_(per_unit|each)|(einzel|stück)preis|单价",
                   r"prix_unitaire|precio_unitario|preço_unitário|prezzo_unitario",
                   r"(item_|sales_)?price|preis|prix|precio|preço|prezzo|价格"),
    LINE_TOTAL: (r"(line|extended|item)_(total|amount|value|price)|小计", r"sales_value|net_sales|sales|revenue",
                 r"total|amount|value|betrag|金额"),
    "unit_cost": (r"unit_cost|cost_(per_unit|each)", r"cost|cogs|成本"),
    "cost": (r"(order_)?cost|cogs|成本",),
    "description": (r"description|product_name|item_name|beschreibung|商品名称?|品名",),
    "category": (r"(product_)?category|issue|(customer_)?complaint|reason|kategorie|品?类别?",
                 r"department|subject|type"),
    "colour": (r"(product_|item_)?colou?r|farbe|couleur|颜色",),
    "size": (r"(product_|item_)?size|größe|taille|尺码",),
    "channel": (r"(sales_)?channel|received_via|渠道", r"via|source"),
    "currency": (r"currency(_code)?|waehrung|币种",),
    "joined_at": (r"joined(_at|_on)?|sign_?up(_date|_at)?",
                  r"regist(ered|ration)(_at|_on|_date)?|member_since|注册(日期|时间)",),
    "birth_year": (r"birth_year|year_of_birth|出生年份?",),
    "region": (r"region|(customer_)?state|province|地区|省份?", r"country|(customer_)?city|land|国家|城市"),
    "consent": (r"consent|opt_?in|newsletter",),
    "response_id": (rf"(response|review|answer){_ID}",),
    "answered_at": (r"answered(_at|_on)?|((response|review)_)?answer_(date|timestamp)",
                    r"(response|review)(_creation)?_(date|timestamp)", r"submitted(_at)?|survey_date"),
    "item": (rf"(survey_)?item{_ID}|question{_ID}|问题",),
    "score": (r"(review_|survey_)?score|rating|stars|评分|得分", r"answer"),
    "kind": (r"kind|(ticket_|case_)?type",),
    "wave": (r"wave|round",),
    "construct": (r"construct|dimension",),
    "scale_min": (r"scale_min|minimum",),
    "scale_max": (r"scale_max|maximum",),
    "wording": (r"wording|question_text|text",),
    "ticket_id": (rf"ticket{_ID}|工单(编?号)?", rf"(case|complaint|incident){_ID}"),
    "opened_at": (r"opened(_at|_on)?|(ticket|case)_(date|opened)|created(_at|_on)?", r"date|day", r"date_.*"),
    "first_response_at": (r"first_(response|reply|answer)(_at)?",),
    "resolved_at": (r"(resolved|closed|solved)(_at|_on|_date)?",),
    "cause": (r"cause",),
    "urgency": (r"urgency|priority|severity",),
    "status": (r"status|(ticket|case)_status|状态",),
    "contacts": (r"contacts|contact_count",),
    "outcome": (r"outcome|result",),
    "contact_id": (rf"(contact|interaction|call){_ID}",),
    "at": (r"at|started(_at)?|(contact(ed)?|call(ed)?|interaction)_(at|on|date|time)|timestamp|datetime|date|day",),
    "initiator": (r"initiator|initiated_by|direction|begun_by",),
    "purpose": (r"purpose|topic|subject|reason",),
    "wait_seconds": (r"wait(ed|ing)?(_seconds|_s|_time)?|seconds_waited|queue_time",),
    "answered": (r"answered|picked_up|connected",),
    "self_service": (r"self_service",),
    "minutes": (r"minutes|(talk|handling)_minutes|duration_min(utes)?",),
    "resolved": (r"(is_)?(resolved|solved)",),
    "staff": (r"staff|agent|employee|operator|mitarbeiter",),
    "staff_rank": (r"staff_(rank|level|role)|rank|agent_level",),
    "from": (r"from|start(s|ed)?(_at)?|shift_start|von",),
    "to": (r"to|end(s|ed)?(_at)?|shift_end|bis",),
    "external_id": (rf"external{_ID}|record{_ID}|source_key",),
    "source": (r"source|system",),
    "value": (r"value|mark",),
    "plan_id": (rf"plan{_ID}",),
    "object": (r"object|target_group|audience|for_whom",),
    "goal": (r"goal|aim|objective",),
    "amount_at_stake": (r"amount_at_stake|claim(_amount)?",),
    "contract_id": (rf"(contract|subscription|agreement|policy){_ID}|vertrags?(nr|nummer)?|合同(编?号|id)?",),
    "started_at": (r"((contract|subscription)_)?(start(s|ed)?|begins?|vertragsbeginn|beginn)(_at|_on|_date)?|开始日期",
                   r"(valid|effective)_from|activated(_at|_on)?"),
    "ended_at": (r"((contract|subscription)_)?(end(s|ed)?|vertragsende|ende)(_at|_on|_date)?|结束日期|到期日",
                 r"valid_(to|until)|expir(y|es|ed|ation)(_at|_on|_date)?|cancell?ed(_at|_on|_date)?"),
    "monthly_fee": (r"monthly_(fee|price|charges?|amount)|mrr|monatspreis|月费",),
    "reason": (r"((leaving|churn|cancel(l?ation)?|end)_)?reason(_code)?|(结束|流失)原因",),
    "term_months": (r"term(_months)?|laufzeit(_monate)?",),
    # campaigns, programmes, the sales desk, wallets
    "campaign_id": (rf"campaign{_ID}", r"活动(编?号|id)?"),
    "name": (r"(campaign_)?name|title|活动名称",),
    "starts_at": (r"(starts?|begins?|from|launch(ed)?)(_at|_on|_date)?|开始日期",),
    "ends_at": (r"(ends?|until|to)(_at|_on|_date)?|结束日期",),
    "planned_cost": (r"planned_(cost|budget)|budget|计划费用",),
    "actual_cost": (r"actual_(cost|spend)|cost_actual|实际费用",),
    "target": (r"target(_value)?",),
    "control_share": (r"control_share|holdout(_share)?",),
    "is_control": (r"is_control|control(_group)?|holdout|对照组",),
    "contacted_at": (r"contacted(_at|_on)?|sent(_at|_on)?|contact_date",),
    "attended": (r"attended",),
    "responded": (r"responded|response|answered",),
    "arm": (r"arm|variant|treatment",),
    "programme": (r"program(me)?|club|俱乐部",),
    "left_at": (r"left(_at|_on)?|cancelled(_at|_on)?",),
    "reward_cost": (r"reward(s)?(_cost)?",),
    "prospect_id": (rf"(prospect|lead|opportunity|deal){_ID}", r"潜在客户(编?号|id)?"),
    "created_at": (r"created(_at|_on|_date)?|创建日期",),
    "stage": (r"(sales_|deal_)?stage|销售阶段",),
    "win_probability": (r"(win_)?probability|chance|把握度",),
    "quoted_amount": (r"quoted(_amount)?|quote(d_value)?|报价",),
    "expected_close": (r"(expected_)?close(_date)?|预计成交日",),
    "next_contact_at": (r"next_contact(_at|_on)?",),
    "competitor": (r"competitor|竞争对手",),
    "key_factor": (r"key_factor|(win|loss)_reason|成败关键",),
    "decided_at": (r"decided(_at|_on)?|closed(_at|_on)?",),
    "activity_id": (rf"(activity|visit|task){_ID}",),
    "planned_at": (r"planned(_at|_for|_on)?|计划日期",),
    "done_at": (r"done(_at|_on)?|completed(_at|_on)?",),
    "period": (r"period|year|month",),
    "spend": (r"spend|spent",),
    "respondent_id": (rf"respondent{_ID}",),
    "brand": (r"brand|品牌",),
    "named_first": (r"named_first|top_of_mind",),
    "named": (r"named|recalled",),
}  # fmt: skip
# what of a table may be filled in where the file has no column for it
FILLED = {
    ("orders", "order_id"): {"row_number": True},
    ("order_lines", "quantity"): {"constant": "1"},
    ("surveys", "response_id"): {"row_number": True},
    ("contracts", "contract_id"): {"row_number": True},
    ("tickets", "ticket_id"): {"row_number": True},
}
# a file is this table where it has a column for each of these; tried in this order
SIGNS = {
    "survey_items": ("item", "construct"),
    "contacts": ("contact_id", "at", "channel"),
    "shifts": ("staff", "from", "to"),
    "identities": ("external_id", "kind", "value"),
    "interaction_plan": ("plan_id", "object", "goal"),
    "campaign_contacts": ("campaign_id", "customer_id", "is_control"),
    "campaigns": ("campaign_id", "starts_at"),
    "activities": ("activity_id", "planned_at"),
    "prospect_events": ("prospect_id", "at", "stage"),
    "prospects": ("prospect_id", "created_at", "stage"),
    "memberships": ("customer_id", "programme", "joined_at"),
    "contracts": ("contract_id", "customer_id", "started_at"),
    "recall": ("respondent_id", "brand", "named_first"),
    "wallet": ("customer_id", "competitor", "period"),
    "tickets": ("ticket_id",),
    "surveys": ("score",),
    "order_lines": ("product_id", "order_id"),
    "orders": ("order_id", "ordered_at"),
    "customers": ("customer_id",),
}


@dataclass(frozen=True)
class Found:
    """What was found of one table in one file.

    Parameters
    ----------
    table : str
    file : Inspected
    columns : dict
        Our column to what the mapping says of it.
    missing : tuple of str
        Our columns that are needed and that nothing in the file fits.
    numbers, dates : dict
        Our column to how its values are written.
    other : tuple of str
        Columns of the file that no column of ours stands for.
    notes : tuple of str
        Conclusions that somebody may want to look at.
    rules : dict
        What the mapping says beside the columns, where the export is one that is known.
    asked : dict
        Rule to the question that it leaves open.
    system : str
        Name of the known export; empty where the columns were guessed.
    """

    table: str
    file: Inspected
    columns: dict[str, dict]
    missing: tuple[str, ...]
    numbers: dict[str, Numbers] = field(repr=False)
    dates: dict[str, Dates] = field(repr=False)
    other: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rules: dict = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    system: str = ""

    def values(self, target: str) -> list[str] | None:
        """All values of the file's column that stands for one of ours; None where none does."""
        name = self.columns.get(target, {}).get("column")
        return None if name is None else self.file.column(name).to_pylist()


class Profile:
    """The columns of a file, each read when it is asked for, once."""

    def __init__(self, file: Inspected):
        self.file = file
        self._distinct: dict[str, list[str]] = {}
        self._dates: dict[str, Dates] = {}
        self._numbers: dict[str, Numbers] = {}

    def distinct(self, name: str) -> list[str]:
        """Distinct values, none empty, in the order in which they come."""
        if name not in self._distinct:
            found = pc.unique(self.file.column(name).combine_chunks()).to_pylist()
            self._distinct[name] = [value for value in found if value][:READ_AT_MOST]
        return self._distinct[name]

    def dates(self, name: str) -> Dates:
        """The column read as dates."""
        if name not in self._dates:
            self._dates[name] = values.dates(self.distinct(name))
        return self._dates[name]

    def numbers(self, name: str) -> Numbers:
        """The column read as numbers."""
        if name not in self._numbers:
            self._numbers[name] = values.numbers(self.distinct(name))
        return self._numbers[name]

    def fits(self, name: str, column: Column) -> bool:
        """Whether the values can be of our column's kind."""
        if column.kind in DATE_KINDS:
            return self.dates(name).found
        if column.kind in NUMBER_KINDS:
            return self.numbers(name).found
        if column.choices:
            return len(self.distinct(name)) > 0 and set(self.distinct(name)) <= set(column.choices)
        return True


def find_in_system(file: Inspected) -> list[Found]:
    """Tables of a file whose export is one that is known; empty where it is not.

    Parameters
    ----------
    file : Inspected

    Returns
    -------
    list of Found
    """
    system = system_of(file.header)
    return [_known(file, system, name) for name in system.tables] if system else []


def _known(file: Inspected, system: System, name: str) -> Found:
    table, profile = system.tables[name], Profile(file)
    filled = [column for column in file.header if profile.distinct(column)]
    columns = {}
    for target, given in table["columns"].items():
        spec = given if isinstance(given, dict) else {"column": given}
        if "column" in spec:
            column = column_of(spec["column"], file.header, filled)
            if column is None:
                continue
            spec = spec | {"column": column}
            if target in ID_COLUMNS and values.is_number_id(profile.distinct(column)):
                spec |= {"number_id": True}
        columns[target] = dict(spec)
    rules, asked = rules_of(table, file.header), {}
    for column, these in rules.get("only", {}).items():
        there = profile.distinct(column)
        if not set(there) & set(these if isinstance(these, list) else [these]):
            rules["only"][column] = OPEN
            asked[f"only.{column}"] = f"which values of '{column}' are sales? It has {_told(there)}."
    if table.get("wide"):
        rules["wide"] = [item for item in items_of(file, file.wordings) if item["column"] not in _used(columns)]
    kinds = {column.name: column.kind for column in TABLES[name].columns} | dict.fromkeys(BESIDE, "money")
    plain = {target: spec["column"] for target, spec in columns.items() if "column" in spec and "after" not in spec}
    beside = {item["column"] for item in rules.get("wide", [])} | _used(columns)
    made = (
        "line_id",
        "kind",
        *(("unit_price",) if LINE_TOTAL in columns else ()),
        *(("item", "score") if "wide" in rules else ()),
    )
    missing = [
        column.name for column in TABLES[name].columns
        if column.required and not column.nullable and column.name not in (*columns, *made)
    ]  # fmt: skip
    return Found(
        name, file, columns, tuple(missing),
        {target: profile.numbers(column) for target, column in plain.items() if kinds.get(target) in NUMBER_KINDS},
        {target: profile.dates(column) for target, column in plain.items() if kinds.get(target) in DATE_KINDS},
        tuple(column for column in file.header if column not in beside),
        (system.note,) if system.note else (), rules, asked, system.system,
    )  # fmt: skip


def _used(columns: dict[str, dict]) -> set[str]:
    return {spec["column"] for spec in columns.values() if "column" in spec}


def _told(there: list[str]) -> str:
    return ", ".join(repr(value) for value in there[:8]) + (" …" if len(there) > 8 else "")


def find_table(file: Inspected) -> Found | None:
    """Which table a file is: the first whose signs it has.

    Parameters
    ----------
    file : Inspected

    Returns
    -------
    Found or None
        None where the file fits no table that is read.
    """
    profile, found = Profile(file), []
    for table, signs in SIGNS.items():
        columns = _match(profile, table)
        if all(sign in columns for sign in signs) or _is_log(table, columns):
            found.append(_complete(profile, table, columns))
    # a customer id alone makes a list of customers only where it names one row each
    found = [one for one in found if one.table != "customers" or _names_rows(profile, one)]
    return min(found, key=lambda one: (one.table == "customers", len(one.missing)), default=None)


def _names_rows(profile: Profile, found: Found) -> bool:
    distinct = profile.distinct(found.columns["customer_id"]["column"])
    return len(distinct) >= MOSTLY * profile.file.data.num_rows


def _is_log(table: str, columns: dict[str, str]) -> bool:
    """Whether rows need no number of their own: orders of a customer, a date and an amount, lines, ended contracts."""
    if table == "contracts":
        return {"customer_id", "started_at", "ended_at"} <= set(columns)
    if table == "order_lines":
        return {"customer_id", "ordered_at", "product_id"} <= set(columns) and bool(
            {"unit_price", LINE_TOTAL} & set(columns)
        )
    return table == "orders" and {"customer_id", "ordered_at", "amount"} <= set(columns)


def find_nearest(file: Inspected) -> Found | None:
    """An order log of which the file names too little: what is missing is asked, with the columns that may be it.

    Returns
    -------
    Found or None
        None where the file has no column of dates, or none of numbers that may be money.
    """
    profile = Profile(file)
    taken = {target: name for target, name in _match(profile, "orders").items() if target in NEAR}
    for target, names in NEAR.items():
        for name in file.header:
            fits = re.fullmatch(names, same_name(name)) and profile.fits(name, TABLES["orders"].column(target))
            if fits and target not in taken and name not in taken.values():
                taken[target] = name
    if not {"ordered_at", "amount"} <= set(taken):
        return None
    return _complete(profile, "orders", taken)


def nearest(file: Inspected) -> dict[str, str]:
    """Of what an order log needs, our column to the column of the file that fits its name."""
    columns = _match(Profile(file), "orders")
    return {target: columns[target] for target in ("customer_id", "ordered_at", "amount") if target in columns}


def _match(profile: Profile, table: str) -> dict[str, str]:
    """Column of ours to the column of the file that fits its name best and whose values can be of its kind."""
    names = {name: same_name(name) for name in profile.file.header}
    extra = {"orders": ("currency",), "order_lines": ("currency", LINE_TOTAL)}.get(table, ())
    targets = [*TABLES[table].columns, *(Column(name, "money" if name == LINE_TOTAL else "text") for name in extra)]
    taken: dict[str, str] = {}
    # what is needed chooses first
    for column in sorted(targets, key=lambda column: not column.required or column.name == LINE_TOTAL):
        for pattern in NAMES.get(column.name, ()):
            fitting = [
                name for name, plain in names.items()
                if name not in taken.values() and re.fullmatch(pattern, plain) and profile.fits(name, column)
            ]  # fmt: skip
            if fitting:
                taken[column.name] = fitting[0]
                break
    return _certain_dates(profile, table, taken)


def _certain_dates(profile: Profile, table: str, taken: dict[str, str]) -> dict[str, str]:
    """A date that reads both ways gives way to another column of the file that says the same day beyond doubt."""
    for column in TABLES[table].columns:
        name = taken.get(column.name)
        if name is None or column.kind not in DATE_KINDS or profile.dates(name).formats:
            continue
        for other in profile.file.header:
            named = any(re.fullmatch(pattern, same_name(other)) for pattern in NAMES[column.name])
            if named and other not in taken.values() and profile.dates(other).formats:
                taken = taken | {column.name: other}
                break
    return taken


def _complete(profile: Profile, table: str, taken: dict[str, str]) -> Found:
    columns, notes = {}, []
    total = taken.pop(LINE_TOTAL, None)
    if table == "order_lines" and "unit_price" in taken and "quantity" in taken and _is_total(profile, taken):
        total = taken.pop("unit_price")
        notes.append(f"'{total}' grows as the quantity does: it is taken for the money of the whole line")
    elif table == "order_lines" and "unit_price" not in taken and total:
        notes.append(f"no price of one unit: '{total}' is taken for the money of the whole line")
    else:
        total = None
    if total:
        taken[LINE_TOTAL] = total
    if table in ("orders", "order_lines") and (refunded := _refunded(profile, taken)):
        taken[REFUNDED] = refunded
        notes.append(f"'{refunded}' is taken for money that came back, and off the amounts: are they not net of it?")
    for target, name in taken.items():
        columns[target] = {"column": name}
        if target in ("customer_id", "order_id", "product_id") and values.is_number_id(profile.distinct(name)):
            columns[target]["number_id"] = True
    if table == "orders" and "order_id" not in taken and (number := _row_names(profile, taken)):
        columns["order_id"] = {"column": number}
        taken = taken | {"order_id": number}
    missing = []
    notes += _alternatives(profile, table, taken)
    made = ("line_id", "kind", *(("unit_price",) if total else ()))
    for column in TABLES[table].columns:
        if column.name in columns or not column.required or column.nullable or column.name in made:
            continue
        filled = FILLED.get((table, column.name))
        if table == "surveys" and column.name == "item" and "score" in taken:
            filled = {"constant": same_name(taken["score"])}
        if filled:
            columns[column.name] = filled
            notes.append(f"{column.name}: no column says it, so it is {_in_words(filled)}")
        else:
            missing.append(column.name)
    kinds = {column.name: column.kind for column in TABLES[table].columns} | dict.fromkeys(BESIDE, "money")
    used = set(taken.values())
    return Found(
        table, profile.file, columns, tuple(missing),
        {target: profile.numbers(name) for target, name in taken.items() if kinds.get(target) in NUMBER_KINDS},
        {target: profile.dates(name) for target, name in taken.items() if kinds.get(target) in DATE_KINDS},
        tuple(name for name in profile.file.header if name not in used), tuple(notes),
    )  # fmt: skip


def _row_names(profile: Profile, taken: dict[str, str]) -> str | None:
    """Column that is called an id or a number, and names one row each."""
    rows = profile.file.data.num_rows
    free = (name for name in profile.file.header if name not in taken.values())
    called = (name for name in free if re.fullmatch(NEAR["order_id"], same_name(name)))
    return next((name for name in called if len(profile.distinct(name)) == min(rows, READ_AT_MOST)), None)


def _is_total(profile: Profile, taken: dict[str, str]) -> bool:
    """Whether the column that is called a price holds the money of all pieces."""
    cells = {
        target: pd.to_numeric(pd.Series(profile.file.column(taken[target]).to_pylist()), errors="coerce")
        for target in ("quantity", "unit_price")
    }  # fmt: skip
    lines = pd.DataFrame(cells).query("quantity > 0 and unit_price > 0")
    price = np.log(lines["unit_price"]).groupby(lines["quantity"]).agg(["size", "mean"]).nlargest(10, "size")
    return is_total(
        pd.DataFrame(
            {"quantity": price.index, "rows": price["size"].to_numpy(), "price": np.exp(price["mean"].to_numpy())}
        )
    )


def _refunded(profile: Profile, taken: dict[str, str]) -> str | None:
    """Column that says which money of a row came back."""
    for name in profile.file.header:
        if name in taken.values() or not re.search(REFUND_NAMES, name) or re.search(NO_MONEY, name):
            continue
        if profile.numbers(name).found and any(re.search("[1-9]", value) for value in profile.distinct(name)):
            return name
    return None


def _alternatives(profile: Profile, table: str, taken: dict[str, str]) -> list[str]:
    """Columns that would have fitted as well, where it matters most which one is taken."""
    notes = []
    for target in ("customer_id", "ordered_at", "amount", "unit_price"):
        column = TABLES[table].column(target)
        if target not in taken or column is None:
            continue
        others = [
            name for name in profile.file.header
            if name not in taken.values() and profile.fits(name, column)
            and any(re.fullmatch(pattern, same_name(name)) for pattern in NAMES[target])
        ]  # fmt: skip
        if others:
            notes.append(f"{target} is '{taken[target]}'; {' and '.join(map(repr, others))} would fit as well")
    return notes


def _in_words(filled: dict) -> str:
    return "the number of the row" if "row_number" in filled else f"{filled['constant']!r} in every row"
