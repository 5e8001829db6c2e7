"""The demo retailer: every raw table as a shop's systems export them, and the truth beside them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from regulars.rounding import plain, round_frame
from regulars.simulate.answers import draw_surveys
from regulars.simulate.as_of import as_of as cut_off
from regulars.simulate.attitudes import draw_attitudes
from regulars.simulate.base import CHANNELS, Base, Orders, draw_base, draw_orders, expected_acquisition
from regulars.simulate.campaigns import draw_campaigns
from regulars.simulate.cases import Tickets, draw_tickets
from regulars.simulate.centre import draw_centre
from regulars.simulate.contracts import draw_contracts
from regulars.simulate.dealings import draw_dealings
from regulars.simulate.dirt import Export, soil, with_clean_orders
from regulars.simulate.features import draw_features
from regulars.simulate.handling import draw_handling, leaving_after
from regulars.simulate.listening import draw_heard
from regulars.simulate.persons import draw_identities, draw_plan
from regulars.simulate.planted import draw_planted
from regulars.simulate.products import Products, draw_products, fill_baskets
from regulars.simulate.referrals import draw_referrals
from regulars.simulate.refills import BUNDLES, CONSUMABLES, Refills, about_refills, draw_refills, with_refills
from regulars.simulate.retailer import DAYS_PER_WEEK, Retailer, year_position
from regulars.simulate.sales_desk import draw_sales_desk
from regulars.simulate.spending import mean_spend, order_values
from regulars.simulate.standing import draw_standing
from regulars.simulate.streams import stream
from regulars.simulate.text import iso_day
from regulars.simulate.untidy import soil_table

ORDER_CHANNELS = ("web", "store", "phone")
ORDER_CHANNEL_SHARES = {"store": (0.25, 0.70, 0.05), "": (0.82, 0.11, 0.07)}  # by acquisition channel, "" any other


def demo(
    customers: int = 5000,
    seed: int = 20261122,
    satisfaction_effect: bool = True,
    *,
    effects: bool = True,
    as_of: str = "",
    **changes,
) -> dict:
    """Simulate a retailer over three years and export its tables, dirt included.

    Customers join over time, buy and leave event by event as BG/NBD says (λ ~ Gamma(r, α), after every repeat purchase
    the customer leaves with p ~ Beta(a, b)); satisfaction s (mean 0, SD 1) multiplies the purchase rate by exp(γ₁ s)
    and the dropout parameter a by exp(γ₂ s); order values scatter around each customer's mean as Gamma-Gamma says and
    are filled with products. Nothing else acts on these purchases: not channel, region, age, survey waves, tickets or
    season (new customers come by season, and by channel), nor household, contracts, the club, referrals and the
    campaigns C01 …, unless ``leave_not_satisfied`` and the like let customers leave when a complaint is closed. To them
    are added, under numbers from 900001 on, the orders that the campaigns E01 and E02 and the Delivery Pass bring. Some
    households buy what they use up with each order: as much as lasts until the next one, in place of other goods of the
    same money and cost.

    Parameters
    ----------
    customers : int
        Registered customers, all of whom order at least once.
    seed : int
        The same seed gives the same bytes.
    satisfaction_effect : bool
        False puts γ₁ and γ₂ to zero.
    effects : bool
        False puts every effect to zero, that of satisfaction as well: no campaign or programme adds an order, nothing
        that a prospect cares for moves a deal, and nothing that an applicant says tells who pays.
    as_of : str
        Day, as 2025-12-31, at whose end the tables are exported; the last one observed where it is empty.
    **changes
        Other fields of `regulars.simulate.Retailer`, by name.

    Returns
    -------
    dict
        Raw tables, all columns text, missing is empty:

        ``order_lines`` : one line, in the order of the documents' numbers.
            ``order_no`` (prefix C: cancellation), ``customer`` (K10001 …; empty for guests), ``date``
            (``31/12/2024 14:05``), ``product``, ``description``, ``category``, ``qty`` (negative for what comes
            back), ``price`` and ``cost`` (GBP per piece; cost empty for postage and the like), ``channel`` (web,
            store, phone). Some texts are padded; some channels and categories, lower-case
            otherwise, have odd capitals.
        ``customers`` : one customer.
            ``customer``, ``joined`` (``2024-12-31``), ``birth_year`` (4 % empty), ``region``, ``channel`` (of
            acquisition), ``consent`` (yes, no), ``household_size`` (persons).
        ``surveys`` : one answer to one item.
            ``response_no``, ``customer`` (empty: anonymous), ``date`` (``2024-12-31``), ``wave`` (2024H1 …), ``item``,
            ``kind`` (perceived, expected), ``score``. Behind them what the last wave was asked beside the path model:
            features with and without (Kano), the parts of delivered value, here and at a competitor, and how much
            a statement of each attitude holds.
        ``survey_items`` : one item.
            ``item``, ``construct``, ``scale_min``, ``scale_max``, ``wording``.
        ``tickets`` : one complaint or service case.
            ``ticket_no``, ``customer``, ``type`` (complaint, service), ``opened``, ``first_response``, ``resolved``
            (``2024-12-31 14:05``, the latter two empty while they are still to come), ``category``, ``cause``
            (``company: service`` …), ``channel``, ``urgency`` (low, normal, high), ``status`` (open, in progress,
            closed), ``contacts``, ``outcome`` (of `regulars.labels.Outcome`, empty until closed), ``amount_at_stake``
            (GBP, empty for service cases), ``product``, ``owner``, ``transfers``, ``promised`` (empty where nothing was
            promised), ``remedy_wished`` and ``verdict`` (complaints), ``escalated_to``, ``in_knowledge_base``.
        ``ticket_events`` : one change of the status of a case.
            ``ticket_no``, ``at``, ``status`` (open, in progress, waiting, closed), ``actor``.
        ``units`` : one piece sold with a warranty.
            ``unit``, ``product``, ``sold``, ``warranty_until``, ``repaired``, ``repair_cost`` (empty: never repaired).
        ``contacts`` : one interaction, in either direction.
            ``contact_no``, ``customer``, ``at``, ``channel``, ``initiator`` (company, customer), ``purpose``,
            ``staff``, ``cost`` (GBP), ``minutes``, ``wait_seconds`` (until answered or given up; empty where nobody
            waits), ``answered``, ``self_service``; in the last weeks, from the contact centre's own system, also
            ``content``, ``score`` (0 to 100), ``reason``, ``mood``, ``queue``, ``transfers``, ``first_staff``,
            ``resolved``, ``ticket`` (the problem), ``question``, ``department``, ``answer``, ``ended_by``,
            ``response_hours``; of the calls most are of unknown callers (``customer`` empty).
        ``shifts`` : one shift of one agent.
            ``staff``, ``from``, ``to``.
        ``identities`` : one thing that one source knows of a person.
            ``source`` (shop, club, centre), ``external_id``, ``customer``, ``kind`` (of
            `regulars.labels.IdentityKind`), ``value``.
        ``interaction_plan`` : one planned interaction.
            ``plan``, ``object``, ``goal``, ``target``, ``due``, ``theme``, ``structure``, ``format``, ``budget``,
            ``budget_basis``, ``channel``, ``times_per_year``, ``reached``, ``problems``, ``novelty``.
        ``prospects`` : one prospect of the sales desk.
            ``prospect``, ``created``, ``stage`` (lead, contacted, quoted, won, lost, disqualified), ``source``,
            ``owner``, ``win_probability`` (as stated before the decision, too high), ``quoted``, ``expected_close``,
            ``next_contact`` (for some long past), ``competitor``, ``key_factor``, ``customer`` (once won), ``decided``,
            ``client_type``, ``customer_class``, ``last_contact``.
        ``prospect_events`` : one stage that a prospect reached.
            ``prospect``, ``at``, ``stage``, ``win_probability`` (stated then; empty at the decision), ``quoted``.
        ``activities`` : one visit, call or e-mail of the plan.
            ``activity``, ``prospect``, ``customer`` (once won), ``owner``, ``kind``, ``planned``, ``done`` (empty:
            missed, or still to come), ``person``, ``content``, ``result``.
        ``contracts`` : one subscription to free delivery, renewed by the month.
            ``contract``, ``customer``, ``started``, ``ended`` and ``reason`` (both empty while it runs; no reason where
            another plan follows), ``monthly_fee`` (GBP), ``term_months``. A few overlap or have their dates swapped.
        ``memberships`` : one member of the club, of the Delivery Pass or of the stamp card.
            ``customer``, ``programme``, ``joined``, ``left`` (empty: still in it), ``reward_cost`` (GBP so far).
        ``referrals`` : one customer who was referred.
            ``referrer``, ``referred``, ``at`` (day of the first order).
        ``campaigns`` : one campaign.
            ``campaign``, ``name``, ``purpose`` (acquire, keep, win_back, grow), ``starts``, ``ends``, ``planned_cost``,
            ``actual_cost`` (GBP), ``goal``, ``target``, ``goal_due`` (both empty where the goal cannot be checked),
            ``bond`` (financial, social, structural; empty for advertising), ``theme``, ``host``, ``notification``,
            ``control_share`` (planned; empty where nobody is kept back), ``outcome_days``.
        ``campaign_contacts`` : one customer in one campaign.
            ``campaign``, ``customer``, ``control`` (yes: drawn by lot not to be contacted), ``contacted_at`` (empty for
            those, and for who was not reached), ``attended``, ``responded`` (yes, no; empty where there was nothing to
            attend or to respond to), ``arm`` (empty where there is one way only).
        ``wallet`` : what one customer who was asked spends at one shop in a year.
            ``customer``, ``period``, ``competitor`` (us: this shop), ``spend``.
        ``recall`` : one brand and one person who was asked whom she thinks of.
            ``respondent``, ``asked``, ``brand`` (us: this shop), ``named_first``, ``named`` (yes, no).
        ``credit`` : one customer who may pay later.
            ``customer``, ``outcome`` (yes: it was not paid), ``observed``, ``arrears_before``, ``job_years``,
            ``term_months``, ``credit_amount``, ``housing``, ``reminders_sent`` (known only afterwards).
        ``mystery_visits`` : one item of one visit by a mystery shopper.
            ``visit``, ``date``, ``branch``, ``staff``, ``item`` (of ``survey_items``), ``score``, ``level`` (of
            `regulars.labels.ServiceLevel`, the same in all rows of a visit).
        ``lost_reasons`` : one customer who has left and says why.
            ``customer``, ``date``, ``reason``.

        ``truth_customers`` : frame, typed, what only the simulation knows of each customer.
        ``truth`` : dict that JSON can hold: parameters, effects, seed, and every row of dirt (rows counted from 1 below
            the header).

    Raises
    ------
    ValueError
        Where there is no customer.

    Examples
    --------
    >>> raw = demo(customers=50, seed=1)
    >>> [name for name in raw if name.startswith("t")]
    ['tickets', 'ticket_events', 'truth_customers', 'truth']
    >>> len(raw["customers"])
    50
    """
    if customers < 1:
        raise ValueError(f"customers is {customers}: a shop needs at least one")
    retailer = Retailer(**changes)
    retailer = retailer if satisfaction_effect and effects else retailer.without_satisfaction_effect()
    retailer = retailer if effects else replace(retailer, interaction_effects=False, refill_effect=False)
    base = draw_base(retailer, customers, seed)
    everything = draw_orders(retailer, base, seed)
    orders = _observed(everything, retailer)
    years = int(year_position(retailer.first_day, retailer.days - 1)) + 1
    products = draw_products(retailer, years, stream(seed, "products"))
    sales = _sales(retailer, base, orders, products, seed)
    tickets = draw_tickets(retailer, base, orders, sales, seed=seed)
    leaving = leaving_after(retailer, tickets.tickets, base, seed)
    if np.isfinite(leaving).any():
        everything, orders, sales, tickets = _without_the_left(retailer, leaving, base, everything, sales, tickets)
    planted = draw_planted(retailer, base, orders, effects, seed=seed)
    added = _added(retailer, base, planted.orders, products, seed)
    export = soil(retailer, _with_guests(retailer, sales, products, seed), products, seed)
    added = _beyond_doubt(added, export)
    export = with_clean_orders(retailer, export, added)
    households = draw_refills(retailer, base, everything, seed)
    surveys = draw_surveys(retailer, base, orders.dropped_at, seed)
    asked = draw_features(surveys.surveys, seed)
    attitudes = draw_attitudes(surveys.surveys, base, effects, seed=seed)
    handling = draw_handling(retailer, base, orders, sales, tickets=tickets.tickets, seed=seed)
    spoken_of = _spoken_of(sales, handling)
    rows = len(export.order_lines)
    export, new = with_refills(export, sales, households, orders=orders, products=products, spoken_of=spoken_of)
    handling = replace(handling, tickets=about_refills(retailer, handling.tickets, new, seed))
    dealings = draw_dealings(retailer, base, orders, seed)
    desk = draw_sales_desk(retailer, base, effects, seed)
    standing = draw_standing(retailer, base, orders, effects, seed=seed)
    centre = draw_centre(retailer, base, seed)
    known_as = draw_identities(retailer, base, orders, seed)
    bound = draw_contracts(retailer, base, orders, seed)
    referrals, referral_truth = draw_referrals(retailer, base, orders, seed)
    campaigns = draw_campaigns(retailer, base, orders, customers, seed=seed)
    heard = draw_heard(retailer, base, orders, seed)
    people, people_dirt = soil_table(
        retailer, _customers(retailer, base, households), "customers", ["customer", "region"], recased=[], seed=seed
    )
    answers, answers_dirt = soil_table(
        retailer, surveys.surveys, "surveys", ["customer", "item"], recased=[], seed=seed
    )
    cases, cases_dirt = soil_table(
        retailer, handling.tickets, "tickets", ["customer"], recased=["channel", "urgency"], seed=seed
    )
    contracts, contracts_dirt = soil_table(
        retailer, bound.contracts, "contracts", ["customer"], recased=["reason"], seed=seed
    )
    items = [surveys.survey_items, asked.survey_items, attitudes.survey_items]
    tables = {
        "order_lines": export.order_lines,
        "customers": people,
        # behind the answers to the path model's items, so that those keep their rows
        "surveys": pd.concat([answers, asked.surveys, attitudes.surveys], ignore_index=True),
        "survey_items": pd.concat(items, ignore_index=True),
        "tickets": cases,
        "ticket_events": handling.events,
        "units": handling.units,
        # behind the contacts of three years, so that those keep their rows; what only the centre notes is empty there
        "contacts": pd.concat([dealings.contacts, centre.contacts], ignore_index=True).fillna(""),
        "shifts": centre.shifts,
        "identities": known_as.identities,
        "interaction_plan": draw_plan(retailer),
        "mystery_visits": heard.mystery_visits,
        "lost_reasons": heard.lost_reasons,
        "prospects": desk.prospects,
        "prospect_events": desk.events,
        "activities": desk.activities,
        "contracts": contracts,
        "memberships": pd.concat([bound.memberships, planted.memberships], ignore_index=True),
        "referrals": referrals,
        "campaigns": _together(campaigns.campaigns, planted.campaigns),
        "campaign_contacts": _together(campaigns.contacts, planted.contacts),
        "wallet": standing.wallet,
        "recall": standing.recall,
        "credit": standing.credit,
    }
    known = _truth_customers(retailer, base, everything, (orders, planted.orders), (sales, added), export)
    known = known.assign(**households.truth())
    counts = (
        np.bincount(orders.customer[here], minlength=customers) for here in (tickets.is_bad, tickets.is_complained_of)
    )
    known = known.assign(**dict(zip(("bad_experiences", "complaints"), counts, strict=True)))
    truth = {
        "simulated": True,
        "seed": seed,
        "customers": customers,
        "satisfaction_effect": satisfaction_effect,
        **_parameters(retailer),
        "products": _product_truth(products),
        "refills": {"products": list(CONSUMABLES), "bundles": list(BUNDLES), "first_row": rows + 1},
        "surveys": surveys.truth | asked.truth | attitudes.truth,
        "tickets": tickets.truth | handling.truth,
        **dealings.truth,
        "centre": centre.truth,
        "identity": known_as.truth,
        **heard.truth,
        **standing.truth,
        "prospects": desk.truth,
        "effects_on": effects,
        "planted": planted.truth,
        **bound.truth,
        "referrals": referral_truth,
        "campaigns": campaigns.truth,
        "dirt": {
            "order_lines": export.truth,
            "customers": people_dirt,
            "surveys": answers_dirt,
            "tickets": cases_dirt,
            "contracts": contracts_dirt,
        },
    }
    exported = {name: frame.astype("str") for name, frame in tables.items()}
    return {
        **(cut_off(exported, as_of) if as_of else exported),
        "truth_customers": round_frame(known),
        "truth": plain(truth),
    }


def _parameters(retailer: Retailer) -> dict:
    """All parameters, then once more those that a model estimates, by the names that the model gives them."""
    values = retailer.as_dict()
    return {
        "retailer": values,
        "bg_nbd": {**{name: values[name] for name in ("r", "alpha", "a", "b")}, "time_unit": "week"},
        "gamma_gamma": {name: values[name] for name in ("p", "q", "v")},
        "effects": {name: values[name] for name in ("rate_satisfaction", "dropout_satisfaction")},
        "acquisition": _acquisition(retailer),
    }


def _observed(orders: Orders, retailer) -> Orders:
    seen = orders.moment < retailer.days
    return Orders(orders.customer[seen], orders.moment[seen], orders.worth[seen], orders.dropped_at)


def _without_the_left(retailer, leaving, base: Base, everything: Orders, sales, tickets: Tickets):
    """What is left when customers leave over the outcome of a complaint: no order and no case after that moment."""
    dropped_at = np.minimum(everything.dropped_at, leaving)
    was = everything.moment < retailer.days
    stays = everything.moment <= leaving[everything.customer]
    kept = Orders(everything.customer[stays], everything.moment[stays], everything.worth[stays], dropped_at)
    placed = stays[was]
    number = np.cumsum(placed) - 1
    sales = sales[placed[sales["document"].to_numpy()]]
    sales = sales.assign(document=number[sales["document"].to_numpy()], sale=np.arange(len(sales))).reset_index(
        drop=True
    )
    position = pd.Series(np.arange(base.customer_id.size), index=base.customer_id)
    table = tickets.tickets
    opened = pd.to_datetime(table["opened"]).to_numpy("datetime64[m]") - retailer.first_day.astype("datetime64[m]")
    before = opened.astype(float) / 1440 <= leaving[position[table["customer"]].to_numpy()]
    return kept, _observed(kept, retailer), sales, tickets.of(placed, table[before].reset_index(drop=True))


def _sales(retailer, base: Base, orders: Orders, products: Products, seed) -> pd.DataFrame:
    """Sale lines of registered customers; document = position of the order, sale = position of the line."""
    taste = base.taste[orders.customer]
    shares = np.where(
        (base.acquisition_channel == "store")[:, None], ORDER_CHANNEL_SHARES["store"], ORDER_CHANNEL_SHARES[""]
    )[orders.customer]
    rng = stream(seed, "order channels")
    channel = (rng.random(len(shares))[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    frame = _lines(retailer, products, taste, orders.worth, orders.moment, stream(seed, "baskets"))
    return frame.assign(
        sale=np.arange(len(frame)),
        kind="sale",
        customer=base.customer_id[orders.customer[frame["document"]]].astype(object),
        channel=np.array(ORDER_CHANNELS, object)[channel[frame["document"]]],
    )


def _added(retailer, base: Base, orders: Orders, products: Products, seed) -> pd.DataFrame:
    """Lines of the orders that campaigns and programmes add: nothing of what stands already is drawn anew."""
    lines = _lines(retailer, products, base.taste[orders.customer], orders.worth, orders.moment, stream(seed, "added"))
    return lines.assign(
        sale=-1,
        kind="sale",
        channel="web",
        customer=base.customer_id[orders.customer[lines["document"]]].astype(object),
    )


def _beyond_doubt(added: pd.DataFrame, export: Export) -> pd.DataFrame:
    """Added lines without products that the customer took back: which sale that was must stay beyond doubt."""
    back = export.order_lines[export.kinds == "cancellation"]
    keys = set(zip(back["customer"].str.strip(), back["product"].str.strip(), strict=True))
    rival = [key in keys for key in zip(added["customer"], added["product"], strict=True)]
    return added[~np.array(rival, dtype=bool)].reset_index(drop=True)


def _together(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([one, other], ignore_index=True).fillna("")


def _lines(retailer, products, taste, worth, moment, rng) -> pd.DataFrame:
    year = year_position(retailer.first_day, moment)
    lines = fill_baskets(products, taste, worth, year, retailer=retailer, rng=rng)
    prices = np.array([products.prices(position) for position in range(len(products.index))])
    costs = np.array([products.costs(position) for position in range(len(products.index))])
    return pd.DataFrame(
        {
            "document": lines.order,
            "moment": moment[lines.order],
            "quantity": lines.quantity,
            "price": prices[year[lines.order], lines.product],
            "cost": costs[year[lines.order], lines.product],
            "product": products.code[lines.product].astype(object),
            "description": products.name[lines.product].astype(object),
            "category": np.array(products.categories, object)[products.category[lines.product]],
        }
    )


def _with_guests(retailer, sales: pd.DataFrame, products: Products, seed) -> pd.DataFrame:
    """Add orders without a customer: people beside the registered ones, one order each."""
    rng = stream(seed, "guests")
    orders = sales["document"].nunique()
    count = round(orders * retailer.guest_share / (1 - retailer.guest_share))
    moment = np.sort(rng.choice(sales["moment"].to_numpy(), count) // 1 + rng.random(count))
    worth = order_values(mean_spend(count, retailer.p, retailer.q, retailer.v, rng=rng), retailer.p, rng)
    taste = rng.dirichlet(np.full(len(products.categories), 0.8), count)
    frame = _lines(retailer, products, taste, worth, moment, rng)
    channel = np.array(ORDER_CHANNELS, object)[rng.choice(3, count, p=ORDER_CHANNEL_SHARES[""])]
    guests = frame.assign(
        sale=len(sales) + np.arange(len(frame)), kind="guest", customer="", channel=channel[frame["document"]]
    ).assign(document=frame["document"] + orders)
    return pd.concat([sales, guests], ignore_index=True)


def _spoken_of(sales: pd.DataFrame, handling) -> set[tuple[str, str]]:
    """Customers and products of cases, and every customer with each product sold with a warranty."""
    cases = handling.tickets
    pairs = set(zip(cases["customer"].str.strip(), cases["product"].str.strip(), strict=True))
    sold = sales[sales["product"].isin(handling.units["product"])]
    return pairs | set(zip(sold["customer"], sold["product"], strict=True))


def _customers(retailer, base: Base, households: Refills) -> pd.DataFrame:
    day = np.maximum(np.floor(base.first_moment).astype(int) - base.days_registered, 0)
    return pd.DataFrame(
        {
            "customer": base.customer_id,
            "joined": iso_day(retailer.first_day, day),
            "birth_year": np.where(base.birth_year < 0, "", base.birth_year.astype(str)),
            "region": base.region,
            "channel": base.acquisition_channel,
            "consent": np.where(base.consent, "yes", "no"),
            "household_size": households.household.astype(str),
        }
    )


def _truth_customers(retailer, base: Base, everything: Orders, placed, lines, export: Export) -> pd.DataFrame:
    """What only the simulation knows, one row per customer; purchases by day, net of what was cancelled in full.

    `placed` and `lines` are the orders of the shop and those that were added, and the lines of each.
    """
    n, (orders, added) = base.rate.size, placed
    more = np.bincount(added.customer[lines[1]["document"].unique()], minlength=n)
    net = _net_days(retailer, placed, lines, export)
    repeat = net.groupby("customer")["day"].agg(["min", "max", "count"]).reindex(range(n))
    ahead = everything.moment >= retailer.days
    following = pd.Series(everything.moment[ahead]).groupby(everything.customer[ahead]).min().reindex(range(n))
    left = orders.dropped_at < retailer.days
    last_day = retailer.days - 1
    return pd.DataFrame(
        {
            "customer_id": base.customer_id,
            "satisfaction": base.satisfaction,
            "rate_per_week": base.rate,
            "dropout": base.dropout,
            "mean_spend": base.mean_spend,
            "is_alive": ~left,
            "left_on": _days(retailer, np.where(left, orders.dropped_at, np.nan)),
            "orders": np.bincount(orders.customer, minlength=n) + more,
            "added_orders": more,  # by campaigns and programmes
            "first_ordered_on": _days(retailer, repeat["min"].to_numpy()),
            "last_ordered_on": _days(retailer, repeat["max"].to_numpy()),
            "frequency": (repeat["count"] - 1).astype("Int64").array,
            "recency_weeks": ((repeat["max"] - repeat["min"]) / DAYS_PER_WEEK).to_numpy(),
            "T_weeks": ((last_day - repeat["min"]) / DAYS_PER_WEEK).to_numpy(),
            "spend": net.groupby("customer")["pence"].sum().reindex(range(n)).to_numpy() / 100,
            "future_orders": np.bincount(everything.customer[ahead], minlength=n),
            "future_spend": np.bincount(everything.customer[ahead], everything.worth[ahead], minlength=n),
            "next_order_on": _days(retailer, following.to_numpy()),
        }
    )


def _net_days(retailer, placed, sold, export: Export) -> pd.DataFrame:
    """Money of each customer and day after the cancellations of known sales; days without any are left out."""
    (orders, added), (sales, more) = placed, sold
    back = np.flatnonzero((export.kinds == "cancellation") & (export.sale >= 0) & (export.sale < len(sales)))
    pieces = sales["quantity"].to_numpy().astype(int).copy()
    np.add.at(pieces, export.sale[back], export.order_lines["qty"].to_numpy()[back].astype(int))
    document = sales["document"].to_numpy()
    pence = np.round(sales["price"].to_numpy() * 100).astype(int) * pieces
    lines = pd.DataFrame({"customer": orders.customer[document], "day": orders.day[document], "pence": pence})
    document = more["document"].to_numpy()
    pence = np.round(more["price"].to_numpy() * 100).astype(int) * more["quantity"].to_numpy().astype(int)
    own = pd.DataFrame({"customer": added.customer[document], "day": added.day[document], "pence": pence})
    lines = pd.concat([lines, own], ignore_index=True)
    net = lines.groupby(["customer", "day"], as_index=False)["pence"].sum()
    return net[net["pence"] > 0]


def _days(retailer, moment) -> np.ndarray:
    """Dates as text; what is missing becomes empty."""
    known = ~np.isnan(moment)
    text = np.full(len(moment), "", object)
    text[known] = iso_day(retailer.first_day, np.floor(moment[known]).astype(int))
    return text


def _acquisition(retailer) -> dict:
    """Expected share of all customers by month and channel."""
    share = expected_acquisition(retailer)
    month = (retailer.first_day + np.arange(retailer.days)).astype("datetime64[M]").astype(str)
    table = pd.DataFrame(share, columns=list(CHANNELS)).groupby(month).sum()
    return {name: row.to_dict() for name, row in table.iterrows()}


def _product_truth(products: Products) -> dict:
    lead = np.flatnonzero(products.companion >= 0)
    return {
        "below_cost": products.code[products.cost > products.price].tolist(),
        "companions": [
            {"product": products.code[position], "companion": products.code[products.companion[position]]}
            for position in lead
        ],
    }
