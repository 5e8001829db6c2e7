"""The two levels of a page: what stands in front, what behind, and that nothing is lost between them."""

import re
import warnings

import pytest

import pages
import report_sample
from places import ROOT
from regulars.finding import Action, sums
from regulars.pages.declared import FOLDERS, PAGES
from regulars.report import charts
from regulars.report.layout import MOST_IN_FRONT, Page, chart, section, table
from regulars.report.levels import MOST_ACTIONS, is_cut, parted
from regulars.report.wording import UnsaidError, Wording, WordingError
from regulars.statistics.intervals import Estimate
from regulars.told import read_told

BUILT = [page for page in pages.built(ROOT) if page[1] != "index"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("levels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGULARS_ROOT", str(folder))
        patch.setenv("REGULARS_STAGING", str(folder))
        writer = report_sample.build(folder / "wording")
        told = read_told("example", "retention")
    return writer, told


def shown(parts) -> list[str]:
    return [block["id"] for part in parts for block in part.blocks if "id" in block]


def test_each_block_stands_on_one_level(sample):
    writer, _ = sample
    levels = parted(writer.blocks)
    names = ("cohorts-curves", "tracking-lines", "who-segments", "brief-rows")
    assert shown(levels.front) == [f"retention-{name}" for name in names]
    everything = [block["id"] for block in writer.blocks if block["kind"] in ("figure", "table")]
    cut = [block["id"] for part in levels.front for block in part.blocks if is_cut(block)]
    assert sorted(shown(levels.front) + shown(levels.details)) == sorted(everything + cut)
    words = [block["text"] for block in writer.blocks if block["kind"] in ("text", "sure", "caveat")]
    said = [block["text"] for part in levels.front + levels.details for block in part.blocks if "text" in block]
    assert sorted(words) == sorted(said)
    assert [name for name, _ in levels.chapters] == ["More", "Hindsight", "Who is at risk"]


def test_what_need_not_be_read_in_front_stands_behind(sample):
    """Half of a box, columns, rows and the long caption of a table: the details have all of it."""
    levels = parted(sample[0].blocks)
    before, behind = ({part.id: part for part in parts} for parts in (levels.front, levels.details))
    kinds = [[block["kind"] for block in parts["retention-section-brief"].blocks] for parts in (before, behind)]
    assert kinds == [["table", "sure"], ["table", "caveat"]]
    front, detail = report_sample.pages_of(sample[0])
    own = [re.search(r'id="retention-section-brief".*?</section>', html, re.S)[0] for html in (front, detail)]
    assert [html.count("<tr>") for html in own] == [3, 7], "two rows of six, and the headings"
    assert ["Those worth most" in html for html in own] == [True, False]
    assert ["What they are worth, at length" in html for html in own] == [False, True]


def test_a_section_on_both_levels_is_linked_in_both_directions(sample):
    front, detail = report_sample.pages_of(sample[0])
    assert '<a href="retention-detail.html#retention-section-cohorts">' in front
    assert '<a href="retention.html#retention-section-cohorts">' in detail
    for html in (front, detail):
        assert html.count('id="retention-section-cohorts"') == 1


def test_a_finding_of_nothing_is_part_of_one_line(sample):
    front, detail = report_sample.pages_of(sample[0])
    line = re.search(r'<p class="checked">(.*?)</p>', front, re.S)[1]
    assert re.sub(r"\s+", " ", re.sub("<.*?>", "", line)).strip() == (
        "Checked, nothing beyond noise: how the risk is spread."
    )
    assert "The risk is spread evenly" in detail and "The risk is spread evenly" not in front


def test_what_is_not_supplied_stands_where_its_section_would(sample):
    levels = parted(sample[0].blocks)
    assert len(levels.lacking) == 1 and not levels.lacking_more


@pytest.mark.parametrize("stage", PAGES)
def test_a_page_has_at_most_so_many_sections_in_front_and_every_key_once(stage):
    keys = [section.key for section in PAGES[stage].sections]
    assert len(keys) == len(set(keys))
    front = {section.instead_of or section.key for section in PAGES[stage].sections if section.front}
    assert 0 < len(front) <= MOST_IN_FRONT and front <= set(keys)


def test_a_section_that_stands_in_for_another_is_in_front_only_where_that_one_is_not_told():
    first, spare = ({"kind": "section", "id": name, "question": "?", "title": name, "chapter": "More", "front": True,
                     "shows": ["bars"], "nothing": None} for name in ("first", "spare"))  # fmt: skip
    spare["instead_of"] = "first"
    chart_of = {"kind": "figure", "part": "bars"}
    assert [part.title for part in parted([spare, chart_of, first, chart_of]).front] == ["first"]
    assert [part.title for part in parted([spare, chart_of]).front] == ["spare"]


@pytest.mark.skipif(not BUILT, reason="no reports are built here: run make reports")
@pytest.mark.parametrize(("dataset", "stage"), BUILT)
def test_every_told_section_and_frame_stands_on_exactly_one_page(dataset, stage):
    """Nothing that a stage tells is lost between what stands in front and the details."""
    told = pages.told_of(ROOT, dataset, stage)
    levels = parted(pages.blocks_of(ROOT, dataset, stage))
    frames = {f"{stage}-{key}-{name}" for key, found in told.sections.items() for name in found.frames}
    # the front shows the first rows of a long table, which the details have whole
    cut = [block["id"] for part in levels.front for block in part.blocks if is_cut(block)]
    assert set(cut) <= set(shown(levels.details))
    places = [name for name in shown(levels.front) if name not in cut] + shown(levels.details)
    assert len(places) == len(set(places))
    assert set(places) == {name.replace("_", "-") for name in frames}
    sections = {part.id: part.title for part in levels.front + levels.details}
    unsaid = {key for key, found in told.sections.items() if found.verdict in ("not_supplied", "unusable")}
    wanted = {f"{stage}-section-{key}".replace("_", "-") for key in set(told.sections) - unsaid}
    assert set(sections) == wanted
    assert bool(unsaid) == bool(levels.lacking + levels.lacking_more)
    twice = {part.id for part in levels.front} & {part.id for part in levels.details}
    assert {part.id for part in levels.front + levels.details if part.linked} == twice


def test_what_a_page_declares_of_its_front_is_checked():
    looks = table(["customer"])
    with pytest.raises(ValueError, match=r"declares no 'who\.rows' for its front"):
        Page("value", "value.html", (section("who", front="rows", list=looks),))
    many = tuple(section(f"s{i}", front=True, list=looks) for i in range(MOST_IN_FRONT + 1))
    with pytest.raises(ValueError, match=r"8 sections in front: at most 7"):
        Page("value", "value.html", many)
    drawn = chart(charts.bars, ["customer"], category="customer", value="n")
    assert section("who", front=True, list=looks, bars=drawn).in_front == ["list", "bars"]


# ---- what to do ----


def test_actions_are_told_in_front_where_the_interval_allows(sample):
    writer, told = sample
    levels = parted(writer.blocks)
    assert [one["key"] for one in levels.actions] == ["remind", "call"]
    assert [one["key"] for one in levels.actions_more] == ["leave", "learn"]
    assert levels.nearest is None, "two pay"
    remind = levels.actions[0]
    assert remind["sums"] == {"gain": "£25k (21k–29k)", "cost": "£640", "net": "£24.4k (20.4k–28.4k)"}
    assert remind["brings"] == "the margin of one order each, £25k in all"
    assert levels.actions[1]["by"] == "by Friday"
    front, detail = report_sample.pages_of(writer)
    assert "2 things pay by more than noise" in front and "2 more that may not pay" in front
    assert "Leave 1,870 who are likely gone" in detail and "Leave 1,870" not in front
    assert told.actions[0].net == Estimate(10_000, 7_000, 14_000, 0)


def test_where_nothing_pays_the_page_says_so_and_what_would_change_it(sample):
    writer, _ = sample
    blocks = [block for block in writer.blocks if block.get("key") not in ("call", "remind")]
    front, _ = report_sample.pages_of(writer, blocks)
    assert "Nothing pays beyond noise" in front
    assert "“Leave 1,870 who are likely gone”: net £1,900 (−300 to 4,100). Even for nothing it need not pay" in front
    unpriced = [block for block in blocks if block.get("key") != "leave"]
    front = report_sample.pages_of(writer, unpriced)[0]
    assert "One thing to decide by judgement: what it gains is not known in money" in front
    assert "whether they pay" in front and "Nothing pays" not in front
    none = [block for block in unpriced if block["kind"] != "action"]
    assert "No step here is known to pay" in report_sample.pages_of(writer, none)[0]


def test_at_most_three_actions_stand_in_front(sample):
    block = next(block for block in sample[0].blocks if block.get("key") == "call")
    blocks = [block | {"key": str(i), "surely": float(i)} for i in range(5)]
    levels = parted(blocks)
    assert [one["key"] for one in levels.actions] == ["4", "3", "2"]
    assert len(levels.actions) == MOST_ACTIONS and len(levels.actions_more) == 2


def test_an_action_has_all_of_its_sums_or_none():
    gain, cost = Estimate(10.0, 5.0, 15.0, 3), Estimate(4.0)
    with pytest.raises(ValueError, match=r"'call' needs gain, cost and net, or none"):
        Action("call", gain=gain)
    with pytest.raises(ValueError, match=r"'call' has a net of 9, but gain less cost is 6"):
        Action("call", gain=gain, cost=cost, net=Estimate(9.0))
    assert Action("call", **sums(gain, cost)).pays
    assert not Action("call", **sums(gain, 5.0)).pays, "its interval begins at zero"
    assert not Action("call", gain=gain, cost=cost, net=Estimate(6.0)).pays, "without an interval it cannot be told"
    assert not Action("call").pays


def test_a_fact_without_a_sentence_ends_no_build():
    """It is a fault of ours that takes nothing from a page: an error to a test, a line to whoever builds pages."""
    words = Wording("en", "EUR", FOLDERS)
    with pytest.raises(WordingError, match="uses the fact 'unheard_of'"):
        words.compose({"text": "page.top"}, {"unheard_of": 1})
    with warnings.catch_warnings(record=True) as unsaid:
        warnings.simplefilter("always")
        assert words.compose({"text": "page.top"}, {"unheard_of": 1}) == {"text": "Back to top"}
    assert [type(one.message) for one in unsaid] == [UnsaidError]
