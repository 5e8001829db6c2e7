"""What a live kernel shows of each call of a report: the words, chart and table of the page, at once."""

from collections.abc import Callable, Mapping
from functools import partial

from IPython.display import display

from regulars.pages.declared import writer_of
from regulars.report.drawing import Drawing
from regulars.report.interactive import PLOTLY_TYPE, plain_figure
from regulars.report.render import block_html
from regulars.report.writer import Writer
from regulars.showing import live


def shower(page: Mapping, language: str) -> Callable[..., dict]:
    """Make what shows each call of a report that tells this page, as `page` of `regulars.told.Told`."""
    return partial(show, writer_of(page, language))


def show(writer: Writer, call: str, *args, **facts) -> dict[str, Drawing]:
    """Display the blocks that one call adds to the page, and hand back its charts by their names in the section."""
    before = len(writer.blocks)
    getattr(writer, call)(*args, **facts)
    drawn = {}
    for block in writer.blocks[before:]:
        if block["kind"] == "figure":
            drawn[block["part"]] = block["wide"]
            # beside a chart JupyterLab shows no text: its caption comes after it
            display({PLOTLY_TYPE: plain_figure(block["wide"]), "text/plain": block["alt"]}, raw=True)
        display({"text/html": live(block_html(block), writer.wording.say("table.search"))}, raw=True)
    return drawn
