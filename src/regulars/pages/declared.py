"""All pages that show one stage each, in the order of the navigation, and the wording that they share."""

from collections.abc import Mapping
from pathlib import Path

from regulars.pages import actions, cycle, interaction, quality, retention, satisfaction, segments, value
from regulars.report.wording import FOLDER, Wording
from regulars.report.writer import Writer

INDEX_FILE = "index.html"
PAGES = {
    module.PAGE.stage: module.PAGE
    for module in (value, segments, satisfaction, retention, interaction, actions, cycle, quality)
}
# stage and file of every page, in the order of the navigation
FILES = {"index": INDEX_FILE} | {stage: page.file for stage, page in PAGES.items()}
FOLDERS = (FOLDER, Path(__file__).parent)


def writer_of(page: Mapping, language: str) -> Writer:
    """Writer of the page of one stage; `page` as of `regulars.told.Told`."""
    return Writer(PAGES[page["stage"]], page, Wording(language, page["currency"], FOLDERS))
