"""One figure of an explanation: levers, ways, and the loops over time."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from sdmodel.cli.figures import COLOURS, plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.explanation import Explanation

_LOOPS = 6
_UP, _DOWN = "#0072b2", "#d55e00"


def figure(found: Explanation) -> bytes:
    """Return the figure as PNG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9.0}):
        drawing = Figure(figsize=(9.6, 8.4), dpi=150)
        FigureCanvasAgg(drawing)
        drawing.set_layout_engine("constrained")
        top, bottom = drawing.subplots(2, 1, height_ratios=[5, 4])
        _bars(top, found)
        _courses(bottom, found)
        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _unit(found: Explanation) -> str:
    unit = found.key.unit
    return "" if unit in ("1", "Dmnl") else f", {plain_text(unit)}"


def _bars(axis: Any, found: Explanation) -> None:
    rows = [("Change", found.change, found.change_range)]
    rows += [(part.name, part.carried, None) for part in found.levers]
    levers = len(rows)
    rows += [
        (part.names["en"].partition(" (")[0], part.carried, part.carried_range)
        for part in found.account
    ]
    account = len(rows)
    rows += [
        (" → ".join(_ends(part.way.path)), part.way.carried, None)
        for part in found.ways
    ]
    labels = [textwrap.fill(plain_text(label), 46) for label, _, _ in rows]
    at = list(range(len(rows)))[::-1]
    values = [value for _, value, _ in rows]
    axis.barh(at, values, color=[_UP if v >= 0 else _DOWN for v in values])
    for y, (_, _, spread) in zip(at, rows, strict=True):
        if spread is not None:
            axis.plot([spread.low, spread.high], [y, y], color="black", linewidth=1.2)
    for count in dict.fromkeys((1, levers, account)):
        line = at[0] - count + 0.5
        axis.axhline(line, color="#8a8a8a", linewidth=0.6)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(at, labels)
    axis.set_xlabel(f"{plain_text(found.key.outcome.label_en)}{_unit(found)}")
    axis.set_title(
        f"{found.key.text}: {found.scenario.id} against {found.baseline.id}; "
        "levers, account, ways (line: 5 to 95 %)",
        loc="left",
        fontsize=9.5,
    )
    axis.spines[["top", "right"]].set_visible(False)


def _ends(path: Sequence[str]) -> list[str]:
    """Return a few names of a path: the lever, its stocks, and where it ends."""
    stocks = [name for name in path[1:-2] if name[:1].isupper()]
    return [path[0], *dict.fromkeys(stocks[:3]), path[-2]]


def _courses(axis: Any, found: Explanation) -> None:
    for i, part in enumerate(found.loops[:_LOOPS]):
        axis.plot(
            found.times,
            part.course,
            color=COLOURS[i % len(COLOURS)],
            linestyle="-" if part.loop.polarity == "R" else "--",
            linewidth=1.4,
            label=plain_text(f"{part.loop.id} {part.loop.name_en}"),
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_title(
        "What comes over the link of each loop (dashed: balancing)",
        loc="left",
        fontsize=9.5,
    )
    axis.set_ylabel(f"{plain_text(found.key.outcome.id)}{_unit(found)}")
    axis.spines[["top", "right"]].set_visible(False)
    moving = [
        t for i, t in enumerate(found.times) if any(p.course[i] for p in found.loops)
    ]
    axis.set_xlim(min(moving, default=found.times[0]) - 1, found.times[-1])
    if found.loops:
        axis.legend(loc="best", fontsize=8, ncols=2)
