"""What a live kernel shows of each call of a report: the words, chart and table of the page, at once."""

from collections.abc import Callable, Mapping

from IPython.display import display

from regulars.pages.declared import writer_of
from regulars.report.interactive import PLOTLY_TYPE, plain_figure
from regulars.report.render import block_html


def shower(page: Mapping, language: str) -> Callable[..., None]:
    """Make what displays the blocks that one call of a report adds to its page; `page` as of `regulars.told.Told`."""
    writer = writer_of(page, language)

    def show(call: str, *args, **facts) -> None:
        before = len(writer.blocks)
        getattr(writer, call)(*args, **facts)
        for block in writer.blocks[before:]:
            chart = {PLOTLY_TYPE: plain_figure(block["wide"])} if block["kind"] == "figure" else {}
            display({"text/html": block_html(block), **chart}, raw=True)

    return show
