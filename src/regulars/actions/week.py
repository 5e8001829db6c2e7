"""Who comes into question for Monday's list, gathered from all pages; and what the stage hands on."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from regulars.actions.asking import Asking
from regulars.actions.campaign_sections import pays_next
from regulars.actions.campaigns import Judged
from regulars.actions.lists import Monday, due_prospects, errands, open_complaints
from regulars.actions.prospects import Desk
from regulars.finding import Refusal, refused
from regulars.interaction.costs import contact_cost
from regulars.labels import Change, CustomerState, Errand
from regulars.retention.costs import Costs
from regulars.retention.risk import at_risk
from regulars.settings import ListRules
from regulars.statistics.intervals import against


def candidates(
    value: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    *,
    end,
    asking: Asking | Refusal,
    judged: Judged | Refusal,
    desk: Desk | Refusal,
    preferences: pd.DataFrame | None,
    conquest: pd.DataFrame | None,
    kept: Costs,
    rules: ListRules,
) -> list[pd.DataFrame]:
    """Everybody whom one of the pages says to see to.

    Parameters
    ----------
    value : pandas.DataFrame
        Scored customers: ``customer_id``, ``frequency``, ``p_alive``, ``p_active``, ``value_at_risk``,
        ``expected_orders``, ``spend_per_order``, and ``customer_state`` where retention tells it.
    tables : mapping
        Clean tables supplied, by name: ``tickets``; ``contacts``, whose costs are those of the errands.
    end : date
    asking, judged : of `whom_next` and `judge_campaigns`
    desk : Desk
    preferences : pandas.DataFrame or None
        ``customer_id``, ``next_product``, ``next_probability``, ``price_level``.
    conquest : pandas.DataFrame or None
        Of `regulars.actions.conquest`.
    kept : Costs
        Of `regulars.retention.campaign_costs`: the share whom a contact keeps who would not have ordered,
        and what such a contact costs.
    rules : ListRules
        ``contact_cost`` where no contact of the channel is costed; ``min_alive`` of those to call; at most ``length``
        of each kind.

    Returns
    -------
    list of pandas.DataFrame
        Of `errands`.
    """
    min_alive, length, saved = rules.min_alive, rules.length, kept.effect
    share = (saved.value, saved.low, saved.high) if against(saved) is Change.UP else None
    contacts = tables.get("contacts")
    phone, visit = (contact_cost(by, contacts, assumed=rules.contact_cost).each for by in ("phone", "visit"))
    letter = contact_cost("letter", contacts, assumed=rules.contact_cost, campaigns=kept.contact).each
    email = contact_cost("e-mail", contacts, assumed=0.0).each
    found = [
        errands(Errand.COMPLAINT, _few(open_complaints(tables.get("tickets"), end), length), channel="phone",
                worth="at_stake", cost=phone, about="ticket_id"),
        _asks(value, asking, judged, length),
        errands(Errand.PROSPECT, _due(desk, length), channel="phone",
                worth="expected", cost=phone, about="owner"),
    ]  # fmt: skip
    if value["p_alive"].notna().any() and value["value_at_risk"].notna().any():
        risk = at_risk(value, length, min_alive=min_alive)
        found.append(errands(Errand.CALL, risk, channel="phone", worth="value_at_risk", cost=phone, share=share))
        if "customer_state" in value:
            quiet = value[(value["customer_state"] == CustomerState.DORMANT.value) & (value["p_alive"] >= min_alive)]
            quiet = quiet.sort_values("value_at_risk", ascending=False, kind="stable").head(length)
            found.append(
                errands(Errand.WIN_BACK, quiet, channel="letter", worth="value_at_risk", cost=letter, share=share)
            )
    if preferences is not None and len(preferences) and value["p_active"].notna().any():
        likes = preferences.merge(value[["customer_id", "p_active"]], on="customer_id").dropna(subset=["price_level"])
        likes = likes.assign(worth=likes["next_probability"] * likes["price_level"] * likes["p_active"].fillna(0.0))
        likes = likes.sort_values("worth", ascending=False, kind="stable").head(length)
        found.append(
            errands(Errand.NEXT_PRODUCT, likes, channel="e-mail", worth="worth", cost=email, about="next_product")
        )
    if conquest is not None and refused(conquest) is None and len(conquest):
        sure = conquest[~conquest["is_far"]].head(length)  # nobody drives to see a slip
        found.append(errands(Errand.CONQUEST, sure, channel="visit", worth="elsewhere", cost=visit))
    return found


def _due(desk: Desk | Refusal, length: int) -> pd.DataFrame | None:
    return None if refused(desk) is not None else due_prospects(desk).head(length)


def _few(rows: pd.DataFrame | None, length: int) -> pd.DataFrame | None:
    return None if rows is None else rows.head(length)


def _asks(value: pd.DataFrame, asking, judged, length: int) -> pd.DataFrame:
    """Customers to be asked again by the campaign that is proved to gain: those most likely to order first."""
    if refused(asking, judged) is not None or not pays_next(asking) or value["p_active"].isna().all():
        return errands(Errand.ASK, None, channel="letter", worth="", cost=0.0)
    told = judged.told
    row = told[(told["name"] == asking.campaign) & (told["arm"] == asking.arm)].iloc[0]
    rows = value.dropna(subset=["p_active"]).sort_values("p_active", ascending=False, kind="stable").head(length)
    rows = rows.assign(campaign=asking.campaign, worth=rows["spend_per_order"] * rows["p_active"])
    each = (float(row["break_even"]), float(row["break_even_low"]), float(row["break_even_high"]))
    return errands(
        Errand.ASK, rows, channel="letter", worth="worth", cost=asking.cost_each, about="campaign", each=each
    )


def scored_table(customers: pd.Series, contacts: pd.DataFrame | None, monday: Monday) -> pd.DataFrame:
    """What the stage hands on of each customer.

    Parameters
    ----------
    customers : pandas.Series
        ``customer_id`` of all.
    contacts : pandas.DataFrame or None
        Of campaigns.
    monday : Monday

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``campaigns`` (that contacted the customer), ``last_campaign_at``, ``errand``,
        ``errand_channel`` (missing for who is not on Monday's list).
    """
    table = pd.DataFrame({"customer_id": customers.astype("string")})
    if contacts is None or "contacted_at" not in contacts:
        count, last = pd.Series(dtype="int64"), pd.Series(dtype="datetime64[us]")
    else:
        asked = contacts[contacts["contacted_at"].notna()].groupby("customer_id")["contacted_at"]
        count, last = asked.size(), pd.to_datetime(asked.max())
    rows = monday.rows.dropna(subset=["customer_id"]).drop_duplicates("customer_id").set_index("customer_id")
    return table.assign(
        campaigns=table["customer_id"].map(count).fillna(0).astype("int64"),
        last_campaign_at=table["customer_id"].map(last.to_dict()).astype("datetime64[us]"),
        errand=table["customer_id"].map(rows["errand"]).astype("string"),
        errand_channel=table["customer_id"].map(rows["channel"]).astype("string"),
    )


def monday_table(monday: Monday) -> pd.DataFrame:
    """Monday's list as it is kept for `regulars call-list`."""
    rows = monday.rows
    numbers = {
        name: pd.to_numeric(rows[name]).astype(float) for name in ("worth", "cost", "net", "net_low", "net_high")
    }
    texts = {name: rows[name].astype("string") for name in ("errand", "customer_id", "prospect_id", "channel", "about")}
    return pd.DataFrame({"rank": np.arange(1, len(rows) + 1), **texts, **numbers})
