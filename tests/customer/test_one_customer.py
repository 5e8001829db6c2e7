"""One customer: nothing of any table is forgotten, nobody is named where nobody may be, and the page has it all."""

import html
import re
import stat

import numpy as np
import pandas as pd
import pytest

import wording_keys
from memory_dataset import MemoryDataset
from regulars import cli
from regulars.catalog import typed
from regulars.catalog.tables import CLEAN_TABLES, TABLES
from regulars.customer import FIELDS, NAMED_BY, customer_file, folded, rows_of, timeline, write_page
from regulars.customer.account import answered, to_do
from regulars.customer.dealings import ENDS
from regulars.customer.page import SECTIONS, STAGE, page_html
from regulars.errors import UserError
from regulars.pages.declared import FOLDERS
from regulars.report.layout import Page
from regulars.report.wording import Wording
from regulars.report.writer import Writer

PEOPLE = [f"real-{n}" for n in range(9)]
DAYS = pd.date_range("2025-01-01", "2025-12-31", unit="us")
PARTS = ("question", "title", "lead", "note", "text", "caption", "untold")  # of what is told by a key
VALUES = {
    "int": lambda rng, n: rng.integers(1, 5, n),
    "float": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "money": lambda rng, n: rng.integers(1, 9000, n) / 100,
    "bool": lambda rng, n: rng.random(n) < 0.5,
    "date": lambda rng, n: rng.choice(DAYS, n),
    "timestamp": lambda rng, n: rng.choice(DAYS, n) + pd.to_timedelta(rng.integers(0, 86_400, n), unit="s"),
}


def random_table(table, rng, rows=30):
    """Rows of one table as its catalogue has it, any optional value missing now and then."""
    made = {}
    for column in table.columns:
        if column.name in (*NAMED_BY, "respondent_id"):
            values = rng.choice(PEOPLE, rows)
        elif column.kind == "text":
            values = rng.choice([*column.choices] or [f"{column.name}-{n}" for n in range(12)], rows)
        else:
            values = VALUES[column.kind](rng, rows)
        made[column.name] = pd.Series(values).mask(rng.random(rows) < (0.3 if column.nullable else 0))
    frame = pd.DataFrame(made)
    if len(table.key) == 1 and table.key[0] not in NAMED_BY:
        frame[table.key[0]] = [f"{table.name}-{n}" for n in range(rows)]
    return typed(frame.drop_duplicates(list(table.key), ignore_index=True), table.name)


def random_shop(seed):
    rng = np.random.default_rng(seed)
    frames = {table.name: random_table(table, rng) for table in CLEAN_TABLES}
    for name, (parent, key) in {"ticket_events": ("tickets", "ticket_id"), "contacts": ("tickets", "ticket_id"),
                                "prospect_events": ("prospects", "prospect_id"),
                                "activities": ("prospects", "prospect_id")}.items():  # fmt: skip
        frames[name][key] = pd.array(rng.choice(frames[parent][key], len(frames[name])), "string")
        frames[name] = frames[name].drop_duplicates(list(TABLES[name].key), ignore_index=True)
    frames["customers"]["referred_by"] = pd.array(rng.choice(PEOPLE, len(frames["customers"])), "string")
    return MemoryDataset(frames, "2025-12-31", name="demo")


@pytest.fixture(scope="module")
def shop():
    return random_shop(2)


@pytest.fixture(scope="module")
def one(shop):
    known = shop.tables.frames["identities"]["customer_id"]
    return shop.customer(next(who for who in PEOPLE if known.eq(who).any()))


@pytest.fixture
def small(shop):
    """Of the same shop three tables."""
    return MemoryDataset({name: shop.tables.frames[name] for name in ("orders", "customers", "referrals")}, name="demo")


def named_in(frame, who):
    """Rows of a table that name somebody, looked for cell by cell."""
    columns = [name for name in frame if name in NAMED_BY]
    return [
        place
        for place, row in enumerate(frame[columns].to_numpy())
        if who in [cell for cell in row if isinstance(cell, str)]
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_of_a_customer_is_forgotten(seed):
    shop = random_shop(seed)
    for who in np.random.default_rng(seed).choice(PEOPLE, 1):
        rows = rows_of(shop.tables, who)
        told = timeline(rows)
        assert told["at"].dropna().is_monotonic_increasing
        for name, frame in shop.tables.frames.items():
            wanted = frame.iloc[named_in(frame, who)]
            keys = {" · ".join(map(str, key)) for key in wanted[list(TABLES[name].key)].astype("string").to_numpy()}
            lines = told[told["table"] == name]
            starts = lines[lines["moment"].isna() | ~lines.duplicated(["row"])]
            if not {"date", "timestamp"} & {TABLES[name].column(key).kind for key in TABLES[name].key}:
                assert keys <= set(lines["row"]), name
            # once each, and once more where it ended
            ends = lines["moment"].eq(ENDS.get(name, "")).fillna(False)
            assert len(lines) - ends.sum() == len(rows.get(name, [])) >= len(wanted), name
            assert len(starts) >= len(keys)
        lines = folded(told)
        assert lines["rows"].sum() == sum(map(len, rows.values()))
        orders = shop.tables["orders"]
        assert told["amount"].sum() == pytest.approx(orders.loc[orders["customer_id"] == who, "amount"].sum(), abs=1e-9)


def test_steps_follow_their_case_and_nobody_elses_row_comes_along(shop):
    linked = ("orders", "tickets", "ticket_events", "contacts", "prospects", "activities")
    frames, unnamed = {name: shop.tables.frames[name] for name in linked}, {"contacts": 0, "activities": 0}
    shop = MemoryDataset(frames, "2025-12-31", name="demo")
    for who in PEOPLE:
        rows = rows_of(shop.tables, who)
        own = frames["tickets"].loc[frames["tickets"]["customer_id"] == who, "ticket_id"]
        assert len(rows.get("ticket_events", ())) == frames["ticket_events"]["ticket_id"].isin(own).sum()
        for name in unnamed:
            of_whom = rows[name]["customer_id"] if name in rows else pd.Series(dtype="string")
            assert set(of_whom.dropna()) <= {who}
            unnamed[name] += int(of_whom.isna().sum())
    for name, parent, key in (("contacts", "tickets", "ticket_id"), ("activities", "prospects", "prospect_id")):
        known = frames[parent].dropna(subset=["customer_id"])[key]
        assert unnamed[name] == (frames[name]["customer_id"].isna() & frames[name][key].isin(known)).sum() > 0


def test_a_timeline_worked_by_hand():
    def frame(**columns):
        return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])

    day = pd.Timestamp
    told = timeline({
        "orders": frame(order_id=["7"], customer_id=["a"], ordered_at=[day("2025-03-01 10:00")], amount=[12.5]),
        "order_lines": frame(line_id=["1", "2"], order_id=["7", "7"], customer_id=["a", "a"],
                             ordered_at=[day("2025-03-01 10:00")] * 2, product_id=["tea", "cup"], quantity=[2.0, 1.0],
                             unit_price=[3.25, 6.0]),
        "tickets": frame(ticket_id=["T"], customer_id=["a"], opened_at=[day("2025-03-05")],
                         resolved_at=[day("2025-03-09")], outcome=["resolved"], owner=["S1"]),
        "wallet": frame(customer_id=["a"], period=["2025"], competitor=["them"], spend=[40.0]),
    })  # fmt: skip
    assert told["table"].tolist() == ["orders", "order_lines", "order_lines", "tickets", "tickets", "wallet"]
    assert told["moment"].tolist()[:5] == ["ordered_at", "ordered_at", "ordered_at", "opened_at", "resolved_at"]
    assert told["at"].isna().tolist() == [False] * 5 + [True]
    lines = folded(told)
    assert lines["dealing"].tolist() == ["tickets T", "tickets T", "orders 7", "wallet a · 2025 · them"]
    assert lines["rows"].tolist() == [0, 1, 3, 1]
    assert lines.loc[2, "about"].split("\n") == ["product id tea; quantity 2; unit price 3.25",
                                                 "product id cup; quantity 1; unit price 6"]  # fmt: skip
    assert lines.loc[0, "about"] == "outcome resolved"


# ---- who is named where ----


def test_a_notebook_names_nobody_and_the_page_names_the_customer(one):
    secret = {*PEOPLE, *one.rows["identities"]["value"], *one.rows["identities"]["external_id"]}
    shown = repr(one) + one._repr_html_() + one.timeline.to_csv() + one.file.to_csv()
    assert one.customer in shown
    assert [text for text in sorted(secret) if re.search(rf"\b{re.escape(text)}\b", shown)] == []
    page = html.unescape(page_html(one))
    assert one.customer_id in page
    for name, rows in one.rows.items():
        telling = "product_id" if name == "order_lines" else TABLES[name].key[0]  # a line's number tells nothing
        assert [text for text in rows[telling].astype("string") if text not in page] == [], name


def test_an_unknown_customer_is_one_sentence(small):
    for who in ("nobody", "C-AAAAAAAAAAAA"):
        with pytest.raises(UserError, match=rf"^No table of demo names a customer '{who}': give the number .*\.$"):
            small.customer(who)


def test_the_page_is_for_its_owner_alone(one, tmp_path, monkeypatch):
    written = write_page(one, tmp_path / "one" / "page.html")
    assert stat.S_IMODE(written.file.stat().st_mode) == 0o600
    assert written.rows == sum(map(len, one.rows.values()))
    text = written.file.read_text(encoding="utf-8")
    assert "<script" not in text and "default-src 'none'" in html.unescape(text)
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    with pytest.raises(UserError, match="is passed on"):
        write_page(one, tmp_path / "reports" / "page.html")
    assert write_page(one).file == tmp_path / "private" / "demo" / f"customer-{one.customer}.html"


def test_by_pseudonym_the_command_prints_and_by_number_it_writes(tmp_path, monkeypatch, capsys, id_key, small):
    monkeypatch.setattr("regulars.dataset.open", lambda name: small)
    monkeypatch.setenv("REGULARS_ROOT", str(tmp_path))
    one = small.customer(PEOPLE[1])
    assert small.customer(one.customer).customer_id == PEOPLE[1], "by pseudonym as by number"
    assert cli.main(["customer", "demo", one.customer]) == 0
    assert capsys.readouterr().out.startswith(f"demo: customer {one.customer}")
    assert not (tmp_path / "private").exists()
    assert cli.main(["customer", "demo", PEOPLE[1]]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"private/demo/customer-{one.customer}.html: ")
    assert "real-" not in told


# ---- the customer file ----


def test_about_thirty_fields_and_whatever_else_is_mapped_are_measured():
    people = pd.DataFrame({
        "customer_id": ["a", "b", "c", "d"], "region": ["north", None, "south", "south"],
        "loves": [None, "tea", None, None],
        "credit_limit": ["1000", "500", None, None], "used_credit": ["250", None, None, None],
        "price_class": ["B", "A", "A", None],
        "updated_at": pd.to_datetime(["2025-12-01", None, None, None]), "joined_at": pd.to_datetime(["2020-01-01"] * 4),
    })  # fmt: skip
    told = customer_file({"customers": people.head(1)}, "a", people=people, end="2025-12-31").set_index("field")
    assert 28 <= len(FIELDS) <= 35 and len(told) == len(FIELDS) + 1
    assert told.index[told["mapped"]].tolist() == ["region", "joined_at", "price_class", "credit_limit", "used_credit",
                                                   "updated_at", "loves"]  # fmt: skip
    filled = told.loc[told["mapped"], "filled"]
    assert filled.tolist() == [0.75, 1.0, 0.75, 0.5, 0.25, 0.25, 0.25]
    assert told.loc["region", "age_days"] == 30 and not told.loc["region", "old"]
    assert pd.isna(told.loc["loves", "value"]) and pd.isna(told.loc["loves", "age_days"])
    assert told.loc[~told["mapped"], "filled"].isna().all(), "what nobody supplies is not empty for all"
    other = customer_file({"customers": people.iloc[[1]]}, "b", people=people, end="2025-12-31").set_index("field")
    assert other.loc["price_class", "age_days"] == 2191 and other.loc["price_class", "old"]


def test_credit_and_price_class_stand_on_the_page():
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "ordered_at": ["2025-01-01"], "amount": [5.0]})
    people = pd.DataFrame(
        {"customer_id": ["a"], "credit_limit": ["1000"], "used_credit": ["250"], "price_class": ["B7"]}
    )
    orders, people = (frame.astype({"customer_id": "string"}) for frame in (orders, people))
    orders["order_id"] = orders["order_id"].astype("string")
    page = page_html(MemoryDataset({"orders": orders, "customers": people}, name="demo").customer("a"))
    assert "Credit left" in page and "€750" in page and "€250 of €1,000 used" in page.replace(".00", "")
    assert "B7" in page and "price class" in page


# ---- what is expected ----


def found_of(**differing):
    """What the stages found of customer a, and of another whom no page of a may show."""
    one = {
        "customer_id": "a", "first_ordered_at": "2025-01-01", "last_ordered_at": "2025-06-01", "frequency": 3,
        "clv": 80.0, "clv_low": 10.0, "clv_high": 190.0, "expected_orders": 2.5, "expected_orders_low": 0.0,
        "expected_orders_high": 6.0, "spend_per_order": 40.0, "p_active": 0.4, "p_never": 0.1, "value_at_risk": 9.0,
        "segment": "loyal", "customer_state": "active", "next_order_low": "2026-01-10",
        "next_order_median": "2026-02-20", "next_order_high": "2026-06-30", "call_by": "2026-01-03",
    }  # fmt: skip
    people = pd.DataFrame([one | differing, one | {"customer_id": "b", "clv": 7777.0, "clv_high": 8888.0}])
    dates = [name for name in people if name.startswith("next_order") or name.endswith("_at") or name == "call_by"]
    why = {"customer_id": "a", "label": "segment", "value": "loyal", "fact_1": "r_score", "fact_1_is": 4.0,
           "fact_2": "f_score", "fact_2_is": 5.0, "fact_3": "m_score", "fact_3_is": 3.0}  # fmt: skip
    liked = {"customer_id": "a", "favourite": "tea", "favourite_share": 0.5, "next_product": "cup",
             "next_probability": 0.25}  # fmt: skip
    monday = {"customer_id": "b", "errand": "call", "about": None, "channel": "phone"}
    frames = {"segments_why": why, "preferences": liked, "monday": monday}
    found = {"customers": people.assign(**{name: pd.to_datetime(people[name]) for name in dates})}
    return found | {name: pd.DataFrame([row]) for name, row in frames.items()}


def tiny(**differing):
    orders = pd.DataFrame({"order_id": ["1", "2"], "customer_id": ["a", "b"], "ordered_at": ["2025-06-01"] * 2,
                           "amount": [5.0, 6.0]}).astype({"order_id": "string", "customer_id": "string"})  # fmt: skip
    return MemoryDataset({"orders": orders}, "2025-12-31", name="demo", found=found_of(**differing)).customer("a")


def titles(page):
    return [html.unescape(title) for title in re.findall(r"<h[12][^>]*>(.*?)</h[12]>", page)]


def test_the_page_tells_what_was_found_of_this_customer_alone():
    page = page_html(tiny())
    assert titles(page)[:6] == [
        "a: expected to bring €80 (10–190) over the next 12 months",
        "First of 3: call before the next order is due",
        "The next order, if one comes, comes about 20 February 2026; the chance that none ever does is 10%",
        "Segment: Loyal",
        "Next product: cup",
        "No survey is supplied: nobody was asked",
    ]
    assert "recency score 4, frequency score 5, money score 3" in page
    assert "2.5 (0.0–6.0)" in page and "€80 (10–190)" in page
    assert "7,777" not in page and "8,888" not in page


def test_who_has_surely_left_gets_no_date_as_if_it_were_one():
    gone = tiny(p_never=0.97, clv=0.8, clv_low=0.0, clv_high=0.0)
    told = titles(page_html(gone))
    assert told[0] == "a: most likely brings nothing more over the next 12 months"
    assert told[2] == "No order is likely to come again (chance 97%); if one does, then about 20 February 2026"
    assert "(0.00–0.00)" not in page_html(gone), "a mean above its range is told without it"
    once = page_html(tiny(p_never=np.nan))
    assert titles(once)[2] == "If there is a next order, it comes about 20 February 2026"
    assert "cannot be told: nobody who ordered once" in once


def test_who_was_not_scored_is_told_as_such():
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["c"], "ordered_at": ["2025-06-01"], "amount": [5.0]})
    one = MemoryDataset({"orders": orders.astype({"order_id": "string", "customer_id": "string"})}, name="demo",
                        found=found_of()).customer("c")  # fmt: skip
    page = page_html(one)
    assert titles(page)[:2] == ["c: what this customer will bring is not told", "Nothing is due"]
    assert "no stage has scored this customer" in page
    assert one.expected.empty and one.why.empty and one.next_order.isna().all()


# ---- what was answered, and what is to be done ----


def test_answers_of_different_scales_are_put_on_one():
    items = pd.DataFrame({"item": ["q1", "q2"], "construct": ["care", "care"], "scale_min": [1.0, 0.0],
                          "scale_max": [5.0, 10.0]})  # fmt: skip
    rows = pd.DataFrame({"item": ["q1", "q2", "q2"], "kind": ["perceived", "perceived", "expected"],
                         "score": [2.0, 7.5, 9.0], "answered_at": pd.to_datetime(["2025-05-05"] * 3)})  # fmt: skip
    told = answered(rows, items)
    assert told.to_numpy().tolist() == [["2025-05", "care", 50.0, 90.0, -40.0, 3]]
    assert answered(None, items).empty and answered(rows, None).empty


@pytest.mark.parametrize("consent", [True, False, None])
def test_a_customer_s_own_no_counts_not_that_of_somebody_referred(consent):
    orders = pd.DataFrame({"order_id": ["1", "2"], "customer_id": ["a", "b"], "amount": 9.0,
                           "ordered_at": pd.to_datetime("2025-12-01")})  # fmt: skip
    people = pd.DataFrame({"customer_id": ["a", "b"], "consent": pd.array([consent, False], "boolean"),
                           "referred_by": [None, "a"]})  # fmt: skip
    one = MemoryDataset({"orders": orders, "customers": people}, "2025-12-31", name="demo").customer("a")
    assert len(one.rows["customers"]) == 2, "both rows name the customer"
    assert ("no_consent" in one.to_do["what"].tolist()) == (consent is False)


@pytest.mark.parametrize("consent", [True, False])
def test_who_said_no_is_only_told_what_was_asked_for(consent):
    rows = {
        "tickets": pd.DataFrame({"ticket_id": ["7", "8"], "resolved_at": pd.to_datetime([None, "2025-01-02"])}),
        "prospects": pd.DataFrame({"next_contact_at": pd.to_datetime(["2026-01-05"]), "decided_at": [pd.NaT]}),
    }
    found = {"monday": pd.DataFrame([{"errand": "call", "about": "40", "channel": "phone"}]),
             "product": pd.Series({"next_product": "tea"}), "call_by": pd.Timestamp("2026-01-09"),
             "refused": not consent}  # fmt: skip
    told = to_do(rows, pd.Series({"segment": "loyal", "best_channel": "phone"}), "2025-12-31", **found)
    if not consent:
        assert told["what"].tolist() == ["no_consent", "complaint"]
    else:
        assert told["what"].tolist() == ["complaint", "call", "call_by", "next_contact", "next_product", "advice"]
    assert told.loc[told["what"] == "complaint", "about"].tolist() == ["7"]


@pytest.mark.parametrize("language", wording_keys.LANGUAGES)
def test_every_word_of_the_page_is_there_and_none_is_left_over(language):
    folder = wording_keys.SOURCE / "customer"
    words = Wording(language, "EUR", (*FOLDERS, folder))
    for ask in wording_keys.asked(Writer(Page(STAGE, "customer.html", SECTIONS), wording_keys.ABOUT, words)):
        ask()
    template = wording_keys.SOURCE / "report" / "templates" / "customer.html.j2"
    source = "\n".join(file.read_text(encoding="utf-8") for file in (*folder.glob("*.py"), template))
    named = {*re.findall(r"\w+", source), *PARTS, *(field.name for field in FIELDS)}
    text = (folder / f"customer.{language}.po").read_text(encoding="utf-8")
    own = re.findall(r'^msgid "(.+)"$', text, re.M)
    assert len(own) > 100
    assert [key for key in own if key.split(".")[-1] not in named] == []
