"""The file of a cube: what it holds, what it answers, and that it asks for nothing."""

import json
import re
from importlib.metadata import PackageNotFoundError

import pandas as pd
import pytest

from browser import browser, executable, visit
from regulars import cli, cube
from regulars.commands import cube_file
from regulars.cube.facts import Facts
from regulars.engine.embedded import as_table
from regulars.errors import UserError

needs_browser = pytest.mark.skipif(executable() is None, reason="there is no Chromium")
CHAINS = [["year", "month"], ["region"]]
MEASURES = ("spend", "orders", "customers")
# what Perspective's bundle hands out, and nothing behind it
STUB = """
class Viewer extends HTMLElement { async load() {} async restore(config) { window.asked = config; } }
Viewer.__wasm_module__ = { VirtualServer: class {}, Client: class {} };
customElements.define("perspective-viewer", Viewer);
export const ready = Promise.resolve();
"""


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    rows = [(f"c{n % 30}", f"o{n}", 1.07 + n, 2024 + n % 2, 1 + n % 3, "</script>W" if n % 30 < 3 else "NSE"[n % 3])
            for n in range(120)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "spend", "year", "month", "region"])
    frame["month"] = frame["year"].astype(str) + "-0" + frame["month"].astype(str)
    facts = Facts(as_table(frame.astype({"year": str})), (("year", "month"), ("region",)), frozenset(CHAINS[0]))
    return cube.aggregate(facts, CHAINS, MEASURES)


def page_of(cells: pd.DataFrame, script: str, style: str = "") -> str:
    about = {"least": 5, "currency": "EUR", "script": script, "style": style, "licence": "Apache-2.0"}
    return cube_file.cube_page("Corner <Shop>", cells, CHAINS, MEASURES, **about)


def test_hidden_cells_do_not_come_into_it(cells):
    page = page_of(cells, STUB)
    content = json.loads(re.search(r'id="cells">(.*?)</script>', page, re.S)[1])
    assert cells["hidden"].sum() > 0 and len(content["cells"]) == (~cells["hidden"]).sum()
    assert [value[2] for _, value in content["cells"]] == cells.loc[~cells["hidden"], "customers"].tolist()
    assert min(value[2] for _, value in content["cells"]) >= 5
    assert "Corner &lt;Shop&gt;" in page and "</script>W" not in page and "default-src 'none'" in page
    assert page == page_of(cells, STUB), "the same cells give the same bytes"


def test_without_perspective_one_sentence_says_so(monkeypatch, capsys):
    def none(_):
        raise PackageNotFoundError

    monkeypatch.setattr(cube_file, "distribution", none)
    assert cli.main(["cube", "cdnow"]) == 1
    assert capsys.readouterr().err == f"regulars: {cube_file.MISSING}\n"


@needs_browser
def test_what_is_laid_out_are_the_cells_and_nothing_is_added_up(cells, tmp_path):
    file = tmp_path / "cube.html"
    file.write_text(page_of(cells, STUB), encoding="utf-8")
    levels = [level for chain in CHAINS for level in chain]
    keys = cells[levels].astype(object).where(cells[levels].notna(), None).itertuples(index=False, name=None)
    told = {key: row for key, row in zip(keys, cells.to_dict("records"), strict=True) if not row["hidden"]}
    with browser() as opened, visit(opened, file) as seen:
        seen.page.wait_for_function("window.asked")
        assert [one for one in seen.requests if not one.startswith("blob:")] == [] and seen.complaints == []
        for rows, columns in (
            (["year", "month"], ["region"]),
            (["region"], ["month"]),
            (["month"], []),
            ([], ["year"]),
        ):
            config = {
                "group_by": rows,
                "split_by": columns,
                "columns": ["spend", "customers"],
                "split_rollup_mode": "rollup",
            }
            laid = seen.evaluate(f"() => laidOut({json.dumps(config)})")
            found = 0
            for row in laid["rows"]:
                for name, value in row["values"].items():
                    *head, measure = name.split("|")
                    at = dict(zip(rows, row["path"], strict=False)) | dict(zip(columns, head, strict=False))
                    if "month" in at:
                        at["year"] = at["month"][:4]
                    cell = told[tuple(at.get(level) for level in levels)]
                    assert value == pytest.approx(cell[measure], rel=1e-9)
                    found += 1
            assert found > 4
        south = seen.evaluate('() => laidOut({columns: ["customers"], filter: [["region", "==", "S"]]})')["rows"]
        assert [row["values"]["customers"] for row in south] == [told[None, None, "S"]["customers"]]


@needs_browser
def test_perspective_shows_it_offline(cells, tmp_path):
    try:
        script, style, _ = cube_file.perspective_bundle()
    except UserError:
        pytest.skip("Perspective is not installed (regulars[cube])")
    file = tmp_path / "cube.html"
    file.write_text(page_of(cells, script, style), encoding="utf-8")
    with browser() as opened, visit(opened, file) as seen:
        seen.page.context.set_offline(True)
        seen.page.wait_for_function("document.getElementById('said').textContent === ''", timeout=60_000)
        shown = seen.page.locator("regular-table").inner_text()
        assert "TOTAL" in shown and f"{cells['spend'].iloc[0]:,.2f}" in shown
        assert [one for one in seen.requests if not one.startswith(("blob:", "data:"))] == []
