"""What a live kernel shows of each call of a report: the words, chart and table of the page, at once."""

from IPython.display import display

from regulars.report.interactive import PLOTLY_TYPE, plain_figure
from regulars.report.render import block_html
from regulars.report.writer import Writer


def show(writer: Writer, call: str, *args, **facts) -> None:
    """Display the blocks that one call adds to the page."""
    before = len(writer.blocks)
    getattr(writer, call)(*args, **facts)
    for block in writer.blocks[before:]:
        chart = {PLOTLY_TYPE: plain_figure(block["wide"])} if block["kind"] == "figure" else {}
        display({"text/html": block_html(block), **chart}, raw=True)
