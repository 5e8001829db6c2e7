"""The page of one customer, with real numbers, for one pair of eyes."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regulars.customer.account import FULL, LABELS, Customer
from regulars.customer.dealings import folded, timeline
from regulars.customer.file import credit_left
from regulars.finding import UNUSABLE, Finding, Remark
from regulars.labels import Errand
from regulars.pages.declared import FILES, FOLDERS
from regulars.paths import project_root
from regulars.private_files import private_place, write_for_owner
from regulars.report.layout import Page, section, table
from regulars.report.levels import parted
from regulars.report.render import render
from regulars.report.wording import Wording
from regulars.report.writer import Writer
from regulars.rounding import plain
from regulars.statistics.intervals import Estimate

STAGE = "customer"
GONE = 0.5  # chance that no order ever comes again, from which that is what the title says
WHOLE = 10_000  # rows of a table: none is left out
SECTIONS = (
    section("todo", list=table({"what": "text", "about": "text", "by": "date_short", "channel": "text"})),
    section(
        "expected", measures=table({"measure": "text", "value": "text"}), dates=table({"when": "text", "day": "date"})
    ),
    section("why", labels=table({"label": "text", "value": "text", "facts": "text"})),
    section("next", product=table({"what": "text", "is": "text"})),
    section(
        "satisfied",
        answers=table(
            dict.fromkeys(("wave", "construct"), "text")
            | {"perceived": "number0", "expected": "number0", "gap": "number0:signed", "n": "count"},
            rows=WHOLE,
        ),
    ),
    section(
        "file",
        fields=table(
            {"field": "text", "value": "text", "filled": "percent:with_interval", "age_days": "count"}, rows=WHOLE
        ),
    ),
)
# measure to how it is worded
MEASURES = {
    "expected_orders": "number1:with_interval",
    "clv": "money:with_interval",
    "spend_per_order": "money",
    "p_active": "percent",
    "p_never": "percent",
    "value_at_risk": "money",
}
# fact behind a label to how it is worded
FACTS = {
    **dict.fromkeys(("r_score", "f_score", "m_score", "orders", "referred", "days_since_order", "patience"), "count"),
    **dict.fromkeys(("spend_per_order", "clv", "growth"), "money"),
    "p_below_zero": "percent",
}


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written.

    Parameters
    ----------
    file : pathlib.Path
    customer : str
        Pseudonym.
    rows, tables : int
        Rows that are about the customer, and tables that have them.
    """

    file: Path
    customer: str
    rows: int
    tables: int


def write_page(one: Customer, output: Path | None = None, language: str = "en") -> WrittenPage:
    """Write the page of one customer, with real numbers, that only its owner may read.

    Parameters
    ----------
    one : Customer
    output : Path, optional
        Default: ``private/<dataset>/customer-<pseudonym>.html``, so that no real number stands in a name of a file.
    language : str

    Returns
    -------
    WrittenPage

    Raises
    ------
    UserError
        Where the page would land among what the pipeline publishes.
    """
    file = private_place(output, one.dataset.name, f"customer-{one.customer}.html")
    write_for_owner(file, page_html(one, language, beside=file.parent).encode())
    return WrittenPage(file, one.customer, sum(map(len, one.rows.values())), len(one.rows))


def page_html(one: Customer, language: str = "en", *, beside: Path | None = None) -> str:
    """Page of one customer.

    Parameters
    ----------
    one : Customer
    language : str
    beside : Path, optional
        Folder where it will lie, from which its links lead to the pages of the dataset that are built.

    Returns
    -------
    str
        HTML.
    """
    about = one.dataset.about
    words = Wording(language, about.currency, (*FOLDERS, Path(__file__).parent))
    page = {
        "stage": STAGE,
        "dataset": about.name,
        "title": about.title,
        "simulated": bool(about.simulated),
        "start": plain(about.observation_start),
        "end": plain(about.observation_end),
        "level": one.dataset.settings("value").interval_level,
        "share": 1.0,
        "orders_sampled": bool(about.orders_sampled),
    }
    writer = Writer(Page(STAGE, "customer.html", SECTIONS, acts=False), page, words)
    _first_screen(writer, one)
    for key, tell in TOLD.items():
        writer.tell(key, tell(one, words))
    for block in writer.blocks:
        if "table" in block:
            block["table"] |= {"file": "", "order": None}  # all of it is here
    lines = folded(timeline(one.rows))
    levels = parted(writer.blocks)
    return render(
        "customer.html.j2",
        page,
        words,
        _pages(about.name, beside),
        answer=writer.blocks[0],
        tiles=[block for block in writer.blocks if block["kind"] == "tile"],
        parts=levels.details,
        lacking=levels.lacking_more,
        timeline=_timeline(lines, words, one.customer_id),
        counts={"rows": int(lines["rows"].sum()), "dealings": lines["dealing"].nunique()},
        terms=[],
        source=[words.say("page.footer.source")],
        models=[],
    )


def _pages(dataset: str, beside: Path | None) -> dict[str, str]:
    """Links to the page itself and to those of the dataset that are there."""
    folder = project_root() / "reports" / dataset
    built = {stage: folder / file for stage, file in FILES.items() if beside and (folder / file).is_file()}
    return {STAGE: "#top"} | {stage: Path(os.path.relpath(file, beside)).as_posix() for stage, file in built.items()}


def _first_screen(writer: Writer, one: Customer) -> None:
    profile, file = one.profile, one.whole_file.set_index("field")["value"]
    who = " · ".join([one.customer_id, *file.reindex(["name"]).dropna()])
    told = not profile.empty and not pd.isna(profile.get("clv"))
    worth = _estimate(profile, "clv") if told else None
    if worth is None:
        writer.answer("untold", who=who, customer=one.customer)
    else:
        facts = {"who": who, "customer": one.customer, "last": profile["last_ordered_at"], "clv": worth}
        facts |= {"months": one.dataset.settings("value").horizon_months}
        labels = profile.reindex(["segment", "customer_state"]).to_dict()
        known = not any(map(pd.isna, labels.values()))
        # of most customers who hardly order again nothing comes, of a few something: the mean lies above the range
        verdicts = ("quiet", "quiet_labelled") if _told(worth) != worth else ("worth", "worth_labelled")
        writer.answer(verdicts[known], **facts, **(labels if known else {}))
    orders = one.rows.get("orders", pd.DataFrame({"amount": []}))
    writer.tile("spent", Estimate(float(orders["amount"].sum()), n=len(orders)), "money")
    if worth is not None:
        writer.tile("clv", _told(worth), "money", "quiet" if _told(worth) != worth else None)
        days = one.dataset.settings("value").active_within_days
        writer.tile("p_active", Estimate(profile["p_active"]), "percent", days=days)
        if not pd.isna(profile.get("satisfaction")):
            writer.tile("satisfaction", Estimate(profile["satisfaction"]), "number0", full=FULL)
    if (credit := credit_left(one.whole_file)) is not None:
        limit, used, left = credit
        writer.tile("credit", Estimate(left), "money", limit=limit, used=used)


def _estimate(profile: pd.Series, name: str) -> Estimate:
    return Estimate(profile[name], *(profile.get(f"{name}_{end}", float("nan")) for end in ("low", "high")))


def _told(estimate: Estimate) -> Estimate:
    """Estimate as it is shown: a mean that lies above its own range is told without it."""
    return Estimate(estimate.value) if estimate.high < estimate.value else estimate


# ---- sections ----


def _todo(one: Customer, words: Wording) -> Finding:
    found = one.to_do
    if found.empty:
        return Finding("nothing")
    what = [words.label(code, "errand/customer_todo") for code in found["what"]]
    called = {"advice": lambda segment: words.label(segment, "segment_advice"), Errand.NEXT_PRODUCT.value: one.named}
    about = [called[code](it) if code in called else it for code, it in zip(found["what"], found["about"], strict=True)]
    told = found.assign(what=what, about=pd.array(about, "string")).fillna({"about": "", "channel": ""})
    first = about[0] if found["what"][0] == "advice" else what[0]
    return Finding("some", {"first": first, "things": len(told)}, {"list": told})


def _expected(one: Customer, words: Wording) -> Finding:
    found = one.expected.dropna(subset=["value"])
    if found.empty:
        return _untold(words, "expected")
    rows = [
        (words.say(f"customer.measure.{row.measure}"),
         words.format(_told(Estimate(row.value, row.low, row.high)), MEASURES[row.measure]))
        for row in found.itertuples()
    ]  # fmt: skip
    dates = one.next_order
    days = pd.DataFrame({"when": [words.say(f"customer.when.{name}") for name in dates.index], "day": dates.to_numpy()})
    facts = {"next": dates["next_order_median"]} if not pd.isna(dates["next_order_median"]) else {}
    never = one.profile.get("p_never")
    if facts and not pd.isna(never):
        facts |= {"never": float(never)}
    frames = {"measures": pd.DataFrame(rows, columns=["measure", "value"])}
    frames |= {"dates": days} if dates.notna().any() else {}
    remarks = [Remark("prior")] if bool(one.profile.get("spend_is_prior", False)) else []
    remarks += [Remark("alive")] if pd.isna(never) else []
    months = {"months": one.dataset.settings("value").horizon_months}
    verdict = "undated" if not facts else "dated" if "never" not in facts else "gone" if never > GONE else "likely"
    return Finding(verdict, facts | months, frames, remarks=remarks)


def _why(one: Customer, words: Wording) -> Finding:
    found = one.why
    rows = []
    for (label, value), part in found[found["label"].isin(LABELS)].groupby(["label", "value"], sort=False):
        facts = [f"{words.label(fact, 'customer_fact')} {_fact(words, fact, worth)}"
                 for fact, worth in zip(part["fact"], part["is"], strict=True)]  # fmt: skip
        rows.append((label, words.label(value, label), ", ".join(facts)))
    told = {label: value for label, value, _ in rows}
    rows += [(label, words.label(one.profile[label], label), "") for label in LABELS
             if label not in told and not pd.isna(one.profile.get(label))]  # fmt: skip
    if not rows:
        return _untold(words, "why")
    frame = pd.DataFrame(rows, columns=["label", "value", "facts"])
    frame["label"] = [words.label(label, "customer_label") for label in frame["label"]]
    segment = one.profile.get("segment")
    return (
        Finding("segment", {"segment": words.label(segment, "segment")}, {"labels": frame})
        if not pd.isna(segment)
        else Finding("labels", {}, {"labels": frame})
    )


def _fact(words: Wording, fact: str, worth: float) -> str:
    if fact == "is_member":
        return words.say(f"customer.answer_word.{'yes' if worth else 'no'}")
    return words.format(worth, FACTS.get(fact, "number"))


def _next(one: Customer, words: Wording) -> Finding:
    found = one.next_product
    if found.empty:
        return _untold(words, "next")
    named = one.named(found["next_product"])
    rows = {"favourite": found["favourite"], "share": words.format(found["favourite_share"], "percent")}
    rows |= {"product": named, "chance": words.format(found["next_probability"], "percent")}
    frame = pd.DataFrame({"what": [words.say(f"customer.liked.{name}") for name in rows], "is": list(rows.values())})
    return Finding(None, {"product": named}, {"product": frame})


def _satisfied(one: Customer, words: Wording) -> Finding:
    found, cases = one.satisfaction, one.rows.get("tickets")
    remarks = []
    if cases is not None:
        still = int(cases["resolved_at"].isna().sum()) if "resolved_at" in cases else 0
        remarks = [Remark("cases", {"tickets": len(cases), "open": still})]
    if found.empty:
        return Finding("silent" if "surveys" in one.dataset.tables else "unasked", remarks=remarks)
    score = one.profile.get("satisfaction")
    facts: dict[str, object] = {} if pd.isna(score) else {"satisfaction": float(score), "full": FULL}
    return Finding("told" if facts else "answered", facts, {"answers": found}, remarks=remarks)


def _file(one: Customer, words: Wording) -> Finding:
    file = one.whole_file
    kept, rest = file[file["mapped"]], file[~file["mapped"]]
    remarks = (
        [Remark("absent", {"names": ", ".join(_field(words, name) for name in rest["field"])})] if len(rest) else []
    )
    if kept.empty:
        return Finding("none", remarks=remarks)
    told = kept.assign(field=[_field(words, name) for name in kept["field"]], value=kept["value"].fillna(""))
    ages = kept["age_days"].dropna()
    facts = {"filled": int(kept["value"].notna().sum()), "mapped": len(kept)}
    remarks = ([Remark("age", {"age": int(ages.iloc[0])})] if len(ages) else []) + remarks
    return Finding("some", facts, {"fields": told}, remarks=remarks)


def _field(words: Wording, name: str) -> str:
    key = f"label.customer_field.{name}"
    return words.say(key) if words.has(key) else name.replace("_", " ")


def _untold(words: Wording, key: str) -> Finding:
    return Finding(UNUSABLE, {"why": words.say(f"customer.{key}.untold")})


TOLD = {"todo": _todo, "expected": _expected, "why": _why, "next": _next, "satisfied": _satisfied, "file": _file}


def _timeline(lines: pd.DataFrame, words: Wording, customer_id: str) -> list[dict]:
    """Lines of the timeline in words, every text of every row among them."""
    told = []
    for row in lines.itertuples():
        moment = "" if pd.isna(row.moment) or row.moment == "at" else row.moment.removesuffix("_at").replace("_", " ")
        number = row.dealing.removeprefix(f"{row.table} ")
        number = " · ".join(part for part in number.split(" · ") if part != customer_id)
        money = [] if pd.isna(row.amount) else [words.format(row.amount, "money2")]
        told.append(
            {
                "at": words.say("customer.timeline.undated") if pd.isna(row.at) else words.format(row.at, "date_short"),
                "time": "" if pd.isna(row.at) or row.at == row.at.normalize() else f"{row.at:%H:%M}",
                "what": f"{words.label(row.table, 'table')} {number}".strip(),
                "beside": [moment] * bool(moment) + money + [one for one in (row.channel, row.by) if not pd.isna(one)],
                "about": [text for text in row.about.split("\n") if text],
            }
        )
    return told
