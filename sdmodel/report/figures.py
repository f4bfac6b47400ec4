"""How a figure is made and carried: one style, no global state, equal bytes again."""

from __future__ import annotations

import base64
import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, GRID = "#222222", "#767676", "#dddddd"
BASELINE_COLOUR = "#333333"

# Okabe & Ito's colours, which people with any colour vision tell apart; their yellow
# is darkened to be seen on white. Line styles tell the same story in black and white.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8A7B00",
    "#7A4B9E",
)

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "text.parse_math": False,
    "svg.hashsalt": "sdmodel",
    "svg.fonttype": "path",
    "path.simplify": True,
}


@dataclass(frozen=True)
class Picture:
    """A figure in the page: its image as a data address, and what it shows in words."""

    id: str
    source: str
    alt: str
    caption: str


@contextmanager
def style() -> Iterator[None]:
    """Draw with the report's settings; whatever the caller had set comes back."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def grid_of(
    panels: int,
    *,
    columns: int,
    width: float,
    height: float,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``panels`` axes in rows of ``columns``; sizes in inches."""
    from matplotlib.figure import Figure

    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(width, height * rows), layout="constrained")
    drawn = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    axes: list[Axes] = drawn.ravel().tolist()
    for spare in axes[panels:]:
        spare.remove()
    return figure, axes[:panels]


def picture(figure: Figure, name: str, alt: str, caption: str) -> Picture:
    """Return the figure as an SVG inside a data address; the same bytes every time."""
    text = base64.b64encode(svg_bytes(figure)).decode("ascii")
    return Picture(name, f"data:image/svg+xml;base64,{text}", alt, caption)


def svg_bytes(figure: Figure) -> bytes:
    """Return the figure as an SVG, laid out and drawn once.

    ``savefig`` draws a figure that has a layout twice, the first time only to lay it
    out; the bytes are the same.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    canvas = FigureCanvasSVG(figure)
    layout, dots = figure.get_layout_engine(), figure.dpi
    if layout is not None:
        # Text is measured as the file will have it.
        figure.set_dpi(canvas.fixed_dpi)
        layout.execute(figure)
        figure.set_layout_engine(None)
        figure.set_dpi(dots)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def colour_of(scenarios: Sequence[str], scenario: str, baseline: str) -> str:
    """Return a scenario's colour, the same in every figure."""
    if scenario == baseline:
        return BASELINE_COLOUR
    others = [name for name in scenarios if name != baseline]
    return COLOURS[others.index(scenario) % len(COLOURS)]
