"""Figures of a comparison, as PNG."""

from __future__ import annotations

import io
import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.compare import Comparison, Row

_COLUMNS = 3
# Okabe and Ito's palette, which readers with colour-blindness can tell apart.
COLOURS = (
    "#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
    "#8a8a8a",
)  # fmt: skip
_STYLES = ("-", "--", "-.", ":")


def comparison_figures(comparison: Comparison) -> dict[str, bytes]:
    """Return one figure of trajectories per stakeholder, by file name."""
    groups: dict[str, list[Row]] = {}
    for row in comparison.rows:
        # When a series falls below zero is no curve of its own.
        if row.outcome.summary == "crossing":
            continue
        groups.setdefault(row.outcome.stakeholder or "stocks", []).append(row)
    found: dict[str, bytes] = {}
    for who, rows in groups.items():
        # A stakeholder may be any text, a file's name may not.
        name = re.sub(r"[^\w-]+", "_", who)[:40]
        while f"trajectories-{name}.png" in found:
            name += "_"
        found[f"trajectories-{name}.png"] = _figure(comparison, rows)
    return found


def _figure(comparison: Comparison, rows: Sequence[Row]) -> bytes:
    import matplotlib as mpl

    # Text only in memory: no window system is needed, and none is looked for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    with mpl.rc_context({"font.size": 9.0}):
        figure = Figure(figsize=(3.6 * columns, 2.6 * lines + 0.6), dpi=150)
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained")
        axes = figure.subplots(lines, columns, squeeze=False).ravel()
        for axis, row in zip(axes, rows, strict=False):
            _draw(axis, comparison, row)
        for axis in axes[len(rows) :]:
            axis.set_axis_off()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 4)
        )
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw(axis: Any, comparison: Comparison, row: Row) -> None:
    answer = comparison.answer
    for i, name in enumerate(comparison.scenarios):
        axis.plot(
            answer.times,
            answer.series[row.outcome.id][i],
            color=COLOURS[i % len(COLOURS)],
            linestyle=_STYLES[i // len(COLOURS) % len(_STYLES)],
            linewidth=1.4,
            label=plain_text(name),
        )
    title = textwrap.fill(plain_text(row.outcome.label_en), 34)
    axis.set_title(title, fontsize=9.5)
    axis.set_ylabel(plain_text(row.outcome.series_unit))
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0)


def plain_text(text: str) -> str:
    """Return a text without what matplotlib takes for a formula or hides."""
    return text.replace("$", r"\$").removeprefix("_")
