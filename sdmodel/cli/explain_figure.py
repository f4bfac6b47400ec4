"""One figure of an explanation: levers, ways, and the loops over time."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.cli.explain_words import Words, columns
from sdmodel.cli.figures import COLOURS, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.explanation import LoopPart

_LOOPS = 6
_SEEN = 1e-3
"""Share of the largest from which what loops do can be seen: the curves begin there."""
_UP, _DOWN = "#0072b2", "#d55e00"
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
    "Microsoft YaHei", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "SimHei", "Noto Sans CJK JP", "Noto Serif CJK SC", "Noto Serif CJK JP",
    "Source Han Serif SC", "Heiti SC", "Songti SC", "SimSun", "Arial Unicode MS",
)  # fmt: skip
"""Fonts with Chinese letters that systems bring along, the best first."""
_LABEL = 46
"""Columns of a line of a bar's label."""
_BAR = 0.37
"""Inches for a bar: room for two lines of its label."""


def chinese_font() -> str | None:
    """Return a font with Chinese letters, or None where the system has none."""
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None)


def figure(words: Words) -> bytes:
    """Return the figure as PNG; in English where no font can write Chinese."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fonts = ["DejaVu Sans"]
    if words.language == "zh":
        found = chinese_font()
        fonts = [*fonts, found] if found else fonts
        words = words if found else Words("en", words.found, words.workbook)
    bars = _rows(words)
    panels: list[tuple[float, Callable[[Any], None]]] = []
    if not (words.found.alone and words.found.loops):
        panels.append((1.0 + _BAR * len(bars), lambda axis: _bars(axis, words, bars)))
    if words.found.loops:
        panels.append((2.8, lambda axis: _courses(axis, words)))
        panels.append((2.6, lambda axis: _scores(axis, words)))
    heights = [height for height, _ in panels]
    with mpl.rc_context({"font.size": 9.0, "font.family": fonts}):
        drawing = Figure(figsize=(9.6, 1.0 + sum(heights)), dpi=150)
        FigureCanvasAgg(drawing)
        drawing.set_layout_engine("constrained")
        grid = drawing.subplots(len(panels), 1, height_ratios=heights, squeeze=False)
        for axis, (_, draw) in zip(grid[:, 0], panels, strict=True):
            draw(axis)
        drawing.suptitle(plain_text(words.outcome), x=0.01, ha="left", fontsize=10.5)
        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


Bar = tuple[str, float, tuple[float, float] | None, bool]
"""Label, value, range, and whether a group of bars begins."""


def _rows(words: Words) -> list[Bar]:
    found, by = words.found, words.scale.factor
    rows = [(words("change").strip(" :："), found.change, found.change_range, True)]
    rows += [
        (words.name(part.name), part.carried, None, i == 0)
        for i, part in enumerate(found.levers)
    ]
    rows += [
        (part.names[words.language], part.carried, part.carried_range, i == 0)
        for i, part in enumerate(p for p in found.account if p.carried)
    ]
    rows += [
        (words.path(_ends(part.way.path)), part.way.carried, None, i == 0)
        for i, part in enumerate(found.ways)
    ]
    return [
        (label, by * value, (by * given.low, by * given.high) if given else None, first)
        for label, value, given, first in rows
    ]


def _bars(axis: Any, words: Words, rows: Sequence[Bar]) -> None:
    at = list(range(len(rows)))[::-1]
    values = [value for _, value, _, _ in rows]
    axis.barh(at, values, color=[_UP if v >= 0 else _DOWN for v in values])
    for y, (_, _, spread, first) in zip(at, rows, strict=True):
        if spread is not None:
            axis.plot(spread, [y, y], color="black", linewidth=1.2)
        if first:
            axis.axhline(y + 0.5, color="#8a8a8a", linewidth=0.6)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(at, [_fill(label) for label, _, _, _ in rows])
    axis.set_xlabel(plain_text(words.scale.difference))
    scenario, other = words.titles
    axis.set_title(
        plain_text(f"{scenario} − {other}{words('figure')}"),
        loc="left",
        fontsize=9.5,
    )
    axis.spines[["top", "right"]].set_visible(False)


def _fill(label: str) -> str:
    """Break a label into lines; Chinese letters take two columns and have no spaces."""
    each = columns(label) / max(len(label), 1)
    lines = textwrap.wrap(plain_text(label), int(_LABEL / each))
    return "\n".join(lines if len(lines) < 3 else [lines[0], f"{lines[1]} …"])


def _ends(path: Sequence[str]) -> tuple[str, ...]:
    """Return a few names of a path: the lever, its stocks, and where it ends."""
    stocks = [name for name in path[1:-2] if name[:1].isupper()]
    return (path[0], *dict.fromkeys(stocks[:3]), path[-2])


def _courses(axis: Any, words: Words) -> None:
    parts = words.found.loops[:_LOOPS]
    courses = [words.scale.factor * part.course for part in parts]
    _curves(axis, words, parts, courses, COLOURS)
    axis.set_title(words("courses"), loc="left", fontsize=9.5)
    axis.set_ylabel(plain_text(words.scale.difference))
    axis.legend(loc="best", fontsize=8, ncols=2)


def _scores(axis: Any, words: Words) -> None:
    """Draw the shares of the same loops, and of the strongest of the others."""
    found = words.found
    told, rest = found.loops[:_LOOPS], found.loops[_LOOPS:]
    seen = _seen(words)
    more = sorted(rest, key=lambda part: -np.abs(part.matter[seen]).sum())
    more = [p for p in more if p.matter[seen].any()][: len(COLOURS) - _LOOPS]
    for parts, colours in ((told, COLOURS), (more, COLOURS[_LOOPS:])):
        _curves(axis, words, parts, [100 * part.matter for part in parts], colours)
    axis.set_title(words("matter"), loc="left", fontsize=9.5)
    axis.set_ylabel("%")
    if more:
        axis.legend(handles=axis.lines[-1 - len(more) : -1], loc="best", fontsize=8)


def _seen(words: Words) -> NDArray[np.bool_]:
    """Say which times are drawn: from just before loops begin to do something."""
    found = words.found
    sizes = [np.abs(part.course) for part in found.loops]
    whole = np.sum(sizes, axis=0) if sizes else np.zeros(len(found.times))
    moving = found.times[whole > _SEEN * whole.max(initial=0.0)]
    shown: NDArray[np.bool_] = found.times >= min(moving, default=found.times[0]) - 1
    return shown


def _curves(
    axis: Any,
    words: Words,
    parts: Sequence[LoopPart],
    courses: Sequence[NDArray[np.float64]],
    colours: Sequence[str],
) -> None:
    from matplotlib.ticker import MaxNLocator

    seen = _seen(words)
    times = words.found.times[seen]
    for part, course, colour in zip(parts, courses, colours, strict=False):
        name = words.label(part.loop.name_en, part.loop.name_zh)
        axis.plot(
            times,
            course[seen],
            color=colour,
            linestyle="-" if part.loop.polarity == "R" else "--",
            linewidth=1.4,
            label=plain_text(f"{part.loop.id} {name}"),
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_xlim(times[0], times[-1])
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
