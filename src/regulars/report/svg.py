"""A chart as SVG inside a page: no script, no style attribute, the same bytes for the same drawing.

Coordinates are in tenths of a pixel, curves have no more points than a screen can show, and what looks alike stands in
one element. Colours are classes, so that the page's style decides them by day, by night and on paper.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby

import numpy as np
from markupsafe import Markup, escape

from regulars.report import drawing
from regulars.report.drawing import SIZE, STEPS, Area, Box, Dot, Drawing, Line, Text

TOLERANCE = 0.2  # pixels by which a curve may differ from its points
DASH_PATTERNS = {"dash": "7 4", "dot": "2 3", "dashdot": "8 3 2 3"}
MOST_TIPS = 120  # of a chart
SAMPLE = 20  # pixels of a line in a key
# class of a hue; its colour and that of words in or on it, by day and by night. Words in a light colour are hard to
# read, and so are white words on it: both take a darker shade of the same hue
PAINTS = {
    drawing.NOW: ("n", ("#0072b2", "#0072b2"), ("#83bbe8", "#83bbe8")),
    drawing.BEFORE: ("b", ("#8a94a0", "#5b6470"), ("#afb2b6", "#afb2b6")),
    drawing.RISK: ("r", ("#d55e00", "#b94f00"), ("#f9a348", "#f9a348")),
    drawing.GAIN: ("g", ("#009e73", "#00795a"), ("#52e49c", "#52e49c")),
    drawing.OTHER: ("o", ("#882255", "#882255"), ("#c15fa3", "#c15fa3")),
    drawing.INK: ("i", ("#1b1f24", "#1b1f24"), ("#e6e9ed", "#e6e9ed")),
    drawing.SOFT: ("s", ("#5b6470", "#5b6470"), ("#a4adb8", "#a4adb8")),
    drawing.GRID: ("q", ("#e3e6ea", "#e3e6ea"), ("#2c333b", "#2c333b")),
    drawing.FAINT: ("f", ("#c9ced5", "#c9ced5"), ("#454e58", "#454e58")),
    drawing.ON: ("w", ("#ffffff", "#ffffff"), ("#14181d", "#14181d")),
}
# ends of a heat map's shades, by day and by night: from nothing to the most, and below zero to the least
SHADES = {
    "s": (((238, 244, 249), (0, 76, 122)), ((30, 42, 54), (96, 178, 232))),
    "d": (((252, 240, 230), (150, 62, 0)), ((52, 38, 28), (240, 150, 80))),
}
# as page.css has it
PRINTED = (
    "svg{font:12px system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif}text{fill:#5b6470}"
    ".x{stroke:#ffffff;stroke-width:1.5}.v{fill:none}.m{text-anchor:middle}.e{text-anchor:end}.k{font-weight:600}"
    ".h text{paint-order:stroke;stroke:#ffffff;stroke-width:7px;stroke-linejoin:round}"
)
DARK_INK, WHITE = "#000000", "#ffffff"  # of cells: on any shade one of the two has a contrast of 4.5


# ---- colours ----


def luminance(colour: str) -> float:
    """Relative luminance of a colour, as WCAG 2.2 defines it."""
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def cell_colours(kind: str, step: int, night: bool) -> tuple[str, str]:
    """Colour of a cell of a heat map, and the ink that reads better on it.

    Examples
    --------
    >>> cell_colours("s", 9, night=False)
    ('#004c7a', '#ffffff')
    """
    mixed = [round(a + (b - a) * step / STEPS) for a, b in zip(*SHADES[kind][night], strict=True)]
    fill = "#{:02x}{:02x}{:02x}".format(*mixed)
    light, dark = 1.05 / (luminance(fill) + 0.05), (luminance(fill) + 0.05) / (luminance(DARK_INK) + 0.05)
    return fill, WHITE if light > dark else DARK_INK


def colours(hue: str, night: bool = False) -> tuple[str, str]:
    """Colour of a mark, and of words in it or on it, for a hue or a shade of a heat map."""
    return PAINTS[hue][1 + night] if hue in PAINTS else cell_colours(hue[0], int(hue[1:]), night)


@cache
def style(night: bool) -> str:
    """Rules that give every class of a chart its colours."""
    hues = [*PAINTS, *(f"{kind}{step}" for kind in SHADES for step in range(STEPS + 1))]
    return "".join(".chart .{}{{--c:{};--t:{}}}".format(_class(hue), *colours(hue, night)) for hue in hues)


def _class(hue: str) -> str:
    return PAINTS[hue][0] if hue in PAINTS else hue


# ---- the drawing ----


def svg(chart: Drawing, name: str, hover: bool = False) -> Markup:
    """Chart as an element of a page.

    Parameters
    ----------
    chart : Drawing
    name : str
        Class of the element.
    hover : bool
        Whether a mouse that rests on a mark is told of it: a browser does that by itself.

    Returns
    -------
    Markup
    """
    parts = [_grid(chart), *_marks(chart), _ticks(chart), _tips(chart) if hover else ""]
    size = f'width="{_n(chart.width)}" height="{_n(chart.height)}"'
    box = f'viewBox="0 0 {_n(chart.width)} {_n(chart.height)}"'
    return Markup(f'<svg class="{name}" {box} {size} aria-hidden="true">{"".join(parts)}</svg>')


def document(chart: Drawing) -> str:
    """Chart as a file of its own, in the colours of a printed page, which any program that reads SVG shows alike.

    Parameters
    ----------
    chart : Drawing

    Returns
    -------
    str
    """
    inside = str(svg(chart, "chart")).partition(">")[2]
    size = f'viewBox="0 0 {_n(chart.width)} {_n(chart.height)}" width="{_n(chart.width)}" height="{_n(chart.height)}"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    used = set(re.findall(r'class="([^"]*)"', inside))
    style = f"<style>{_printed(used)}</style>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{ground}{inside}\n'


def _printed(used: Iterable[str]) -> str:
    """What the classes of a chart mean in print: without variables, which not every program that reads SVG knows."""
    names = {name for classes in used for name in classes.split()}
    rules = [PRINTED]
    for hue in [*PAINTS, *(f"{kind}{step}" for kind in SHADES for step in range(STEPS + 1))]:
        if (name := _class(hue)) in names:
            mark, word = colours(hue)
            rules.append(f".a.{name}{{fill:{mark}}}.t.{name}{{fill:{word}}}.l.{name}{{fill:none;stroke:{mark}}}")
            rules.append(f"g.{name} text{{fill:{word}}}")
    return "".join(rules)


def _grid(chart: Drawing) -> str:
    left, right, top, bottom = _edges(chart)
    lines = [f"M{_n(chart.place(x, None)[0])} {top}V{bottom}" for x in chart.x.ticks if chart.x.grid]
    lines += [f"M{left} {_n(chart.place(None, y)[1])}H{right}" for y in chart.y.ticks if chart.y.grid]
    return f'<path class="l q" d="{"".join(lines)}"/>' if lines else ""


def _tips(chart: Drawing) -> str:
    """What is told of places, each in an unseen circle; of a curve with many places evenly chosen ones."""
    spots = list(chart.hover())
    spots = spots[:: -(-len(spots) // MOST_TIPS)] if spots else []
    tips = []
    for x, y, text in spots:
        if x == x and y == y and None not in (x, y):
            across, down = chart.place(x, y)
            tips.append(f'<circle cx="{_n(across)}" cy="{_n(down)}" r="9"><title>{escape(text)}</title></circle>')
    return f'<g class="v">{"".join(tips)}</g>' if tips else ""


def _edges(chart: Drawing) -> tuple[str, str, str, str]:
    inner = (chart.left, chart.width - chart.right, chart.top, chart.height - chart.bottom)
    return tuple(map(_n, inner))


def _ticks(chart: Drawing) -> str:
    base = _n(chart.height - chart.bottom + 17)
    across = []
    for at, text in zip(chart.x.ticks, chart.x.texts, strict=True):
        half = drawing.text_width(text, SIZE) / 2
        # at the edge of the chart a text moves inwards
        across.append((_n(min(max(chart.place(at, None)[0], half), chart.width - half)), base, text))
    left = _n(chart.left - 7)
    up = [(left, _n(chart.place(None, y)[1] + 4), text) for y, text in zip(chart.y.ticks, chart.y.texts, strict=True)]
    return _tick_group(across, "m") + _tick_group(up, "e")


def _tick_group(places: Sequence[tuple], anchor: str) -> str:
    words = "".join(f'<text x="{x}" y="{y}">{escape(text)}</text>' for x, y, text in places)
    return f'<g class="{anchor}">{words}</g>' if words else ""


def _marks(chart: Drawing) -> Iterable[str]:
    for look, marks in groupby(chart.marks, _look):
        kind, attributes = look
        if kind is Text:
            yield f"<g {attributes}>{''.join(_text(chart, mark) for mark in marks)}</g>"
        else:
            path = "".join(_PATHS[kind](chart, mark) for mark in marks)
            yield f'<path {attributes} d="{path}"/>' if path else ""


def _look(mark) -> tuple[type, str]:
    """Kind of a mark and its attributes; neighbours that agree in both share an element."""
    if isinstance(mark, Text):
        anchor = "" if mark.anchor == "start" else mark.anchor[0]
        names = [_class(mark.hue), anchor, "k" if mark.strong else "", "h" if mark.halo else ""]
        size = "" if mark.size == SIZE else f' font-size="{_n(mark.size)}"'
        return Text, f'class="{" ".join(name for name in names if name)}"{size}'
    hue = _class(mark.hue)
    if isinstance(mark, Line):
        dash = f' stroke-dasharray="{DASH_PATTERNS[mark.dash]}"' if mark.dash != "solid" else ""
        width = "" if mark.width == 1 else f' stroke-width="{_n(mark.width)}"'
        return Line, f'class="l {hue}"{width}{dash}' + _opacity("stroke", mark.opacity)
    names = "a"
    if isinstance(mark, Box):
        names = ("t" if mark.shaded else "a") + (" x" if mark.edged else "")
    elif isinstance(mark, Dot):
        names = "a x"
    return type(mark), f'class="{names} {hue}"' + _opacity("fill", mark.opacity)


def _opacity(of: str, value: float) -> str:
    return "" if value == 1 else f' {of}-opacity="{value:g}"'


def _line(chart: Drawing, mark: Line) -> str:
    pieces, piece = [], []
    for x, y in zip(mark.x, mark.y, strict=True):
        if x is None or y is None or x != x or y != y:
            pieces, piece = [*pieces, piece], []
        else:
            piece.append(chart.place(x, y))
    return "".join(_path(thinned(piece)) for piece in [*pieces, piece] if piece)


def _area(chart: Drawing, mark: Area) -> str:
    edges = [[chart.place(x, y) for x, y in zip(mark.x, side, strict=True)] for side in (mark.low, mark.high)]
    return _path([*thinned(edges[0]), *thinned(edges[1])[::-1]]) + "z" if edges[0] else ""


def _box(chart: Drawing, mark: Box) -> str:
    (x0, y0), (x1, y1) = chart.place(mark.x[0], mark.y[0]), chart.place(mark.x[1], mark.y[1])
    left, right, top, bottom = (round(v, 1) for v in (min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)))
    if left == right or top == bottom:
        return ""
    return f"M{_n(left)} {_n(top)}h{_n(right - left)}v{_n(bottom - top)}h{_n(left - right)}z"


def _dot(chart: Drawing, mark: Dot) -> str:
    if mark.x != mark.x or mark.y != mark.y:
        return ""
    x, y = chart.place(mark.x, mark.y)
    r, d = _n(mark.size / 2), _n(mark.size)
    return f"M{_n(x - mark.size / 2)} {_n(y)}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0z"


_PATHS = {Line: _line, Area: _area, Box: _box, Dot: _dot}


def _text(chart: Drawing, mark: Text) -> str:
    x, y = chart.place(mark.x, mark.y)
    x, y = x + mark.dx, y + mark.dy
    before = ""
    if mark.sample == "box":
        before = f'<path class="a {_class(mark.sample_hue)}" d="M{_n(x)} {_n(y - 5)}h10v10h-10z"/>'
        x += 15
    elif mark.sample:
        dash = f' stroke-dasharray="{DASH_PATTERNS[mark.sample]}"' if mark.sample != "solid" else ""
        line = f'd="M{_n(x)} {_n(y)}h{SAMPLE}"'
        before = f'<path class="l {_class(mark.sample_hue)}" stroke-width="2.4"{dash} {line}/>'
        x += SAMPLE + 7
    if mark.turned:
        return f'<text transform="translate({_n(x + 0.36 * mark.size)} {_n(y)})rotate(-90)">{escape(mark.text)}</text>'
    lines = mark.text.split("\n")
    leading = drawing.LINE_HEIGHT * mark.size / drawing.LABEL_SIZE
    first = y + 0.36 * mark.size - leading * (len(lines) - 1) / 2
    return before + "".join(
        f'<text x="{_n(x)}" y="{_n(first + leading * number)}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )


# ---- paths ----


def _n(value: float) -> str:
    """Number with at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Line through points, each by its distance from the one before."""
    x, y = round(points[0][0], 1), round(points[0][1], 1)
    path, rest = f"M{_n(x)} {_n(y)}", []
    for to_x, to_y in points[1:]:
        across, down = _n(round(to_x, 1) - x), _n(round(to_y, 1) - y)
        rest.append(across + ("" if down.startswith("-") else " ") + down)
        x, y = round(to_x, 1), round(to_y, 1)
    joined = "".join(part if part.startswith("-") or not i else f" {part}" for i, part in enumerate(rest))
    return path + (f"l{joined}" if rest else "")


def thinned(points: Sequence[tuple[float, float]], tolerance: float = TOLERANCE) -> list[tuple[float, float]]:
    """Points without those that a straight line passes anyway (Douglas & Peucker, 1973, Cartographica 10).

    Examples
    --------
    >>> thinned([(0, 0), (1, 1), (2, 2), (3, 0)])
    [(0, 0), (2, 2), (3, 0)]
    """
    if len(points) < 3:
        return list(points)
    at = np.asarray(points, dtype=float)
    kept, open_spans = {0, len(at) - 1}, [(0, len(at) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        between = at[first + 1 : last] - at[first]
        if not len(between):
            continue
        along = at[last] - at[first]
        length = float(np.hypot(*along))
        aside = between[:, 1] * along[0] - between[:, 0] * along[1]
        # point by point and rounded, so that every processor takes the same of two that lie as far off
        off = np.round(np.hypot(*between.T) if length == 0 else np.abs(aside) / length, 6)
        furthest = int(off.argmax())
        if off[furthest] > tolerance:
            middle = first + 1 + furthest
            kept.add(middle)
            open_spans += [(first, middle), (middle, last)]
    return [points[i] for i in sorted(kept)]
