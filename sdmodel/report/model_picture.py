"""The model in one picture: its sectors as boxes, its dependences as arrows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sdmodel.report.charts import wrapped
from sdmodel.report.figures import GREY, INK, Picture, picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

FILLS = {
    "blue": "#d9e8f5",
    "orange": "#fbe3d0",
    "green": "#d5eee5",
    "pink": "#f5e1ee",
    "yellow": "#f8efcf",
    "grey": "#ececec",
}
LINES = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#A64D82",
    "yellow": "#8A7B00",
    "grey": GREY,
}
LINKS_SHOWN = 24


def draw_model(model: Mapping[str, Any]) -> Picture:
    """Draw the model as its ``picture.toml`` says, or its sectors on a ring."""
    plan = model.get("picture") or ring(model)
    from matplotlib.figure import Figure

    width, height = plan.get("size", [10.2, 6.4])
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100 * height / width)
    axes.set_axis_off()
    boxes = {str(box["id"]): box for box in plan.get("box", [])}
    for arrow in plan.get("arrow", []):
        _arrow(axes, boxes, arrow)
    for box in boxes.values():
        _box(axes, box)
    for loop in plan.get("loop", []):
        _loop(axes, loop)
    titles = "; ".join(
        f"{box['title']}: {box['text']}" if box.get("text") else str(box["title"])
        for box in boxes.values()
    )
    arrows = "; ".join(
        f"{boxes[str(a['from'])]['title']} to {boxes[str(a['to'])]['title']}"
        + (f" ({a['label']})" if a.get("label") else "")
        for a in plan.get("arrow", [])
    )
    return picture(
        figure,
        "model",
        f"The model's parts: {titles}. Arrows: {arrows}.",
        str(plan.get("caption", "")),
    )


def ring(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan of the model's sectors on an ellipse, strongest links only."""
    sectors = list(model["sectors"])
    boxes = []
    colours = list(FILLS)
    for i, sector in enumerate(sectors):
        angle = 2 * math.pi * i / max(len(sectors), 1) + math.pi / 2
        stocks = ", ".join(sector["stocks"][:3])
        boxes.append(
            {
                "id": sector["name"],
                "title": sector["name"],
                "text": stocks or f"{sector['variables']} variables",
                "at": [50 + 38 * math.cos(angle), 31 + 24 * math.sin(angle)],
                "size": [20, 8.5],
                "colour": colours[i % len(colours)],
            }
        )
    known = {box["id"] for box in boxes}
    links = [x for x in model["links"] if x["from"] in known and x["to"] in known]
    links.sort(key=lambda link: (-link["count"], link["from"], link["to"]))
    return {
        "size": [10.2, 6.4],
        "box": boxes,
        "arrow": [
            {"from": link["from"], "to": link["to"], "bend": 0.12}
            for link in links[:LINKS_SHOWN]
        ],
        "caption": "The sectors of the model and the strongest of their links: an "
        "arrow runs from a sector to one whose equations use its variables.",
    }


def _box(axes: Axes, box: Mapping[str, Any]) -> None:
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = box["at"], box["size"]
    colour = str(box.get("colour", "grey"))
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=1.2",
            facecolor=FILLS.get(colour, FILLS["grey"]),
            edgecolor=LINES.get(colour, GREY),
            linewidth=1.2,
            zorder=3,
        )
    )
    text = str(box.get("text", ""))
    fit = max(int(width * 1.22), 10)
    lines = wrapped(text, fit) if text else ""
    title = wrapped(str(box["title"]), max(int(width * 1.05), 8))
    size = title.count("\n") + 1 + (lines.count("\n") + 1 if lines else 0)
    top = y + size * 1.02
    axes.text(x, top, title, ha="center", va="top", weight="bold", size=8.8, zorder=4)
    if lines:
        below = top - 2.15 * (title.count("\n") + 1)
        axes.text(x, below, lines, ha="center", va="top", size=7.4, zorder=4)


def _edge(box: Mapping[str, Any], towards: tuple[float, float]) -> tuple[float, float]:
    """Return where the line from a box's centre towards a point leaves the box."""
    (x, y), (width, height) = box["at"], box["size"]
    dx, dy = towards[0] - x, towards[1] - y
    reach = min(
        (width / 2 + 0.5) / abs(dx) if dx else math.inf,
        (height / 2 + 0.5) / abs(dy) if dy else math.inf,
    )
    return x + dx * reach, y + dy * reach


def _arrow(
    axes: Axes, boxes: Mapping[str, Mapping[str, Any]], arrow: Mapping[str, Any]
) -> None:
    from matplotlib.patches import FancyArrowPatch

    source, target = boxes[str(arrow["from"])], boxes[str(arrow["to"])]
    bend = float(arrow.get("bend", 0.0))
    colour = LINES.get(str(arrow.get("colour", "grey")), GREY)
    (x0, y0), (x1, y1) = source["at"], target["at"]
    # Leave and arrive towards the middle of the bent line, so that two arrows between
    # the same boxes keep apart.
    middle = ((x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0))
    start, end = _edge(source, middle), _edge(target, middle)
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=10,
            color=colour,
            linewidth=1.3,
            zorder=2,
        )
    )
    if label := str(arrow.get("label", "")):
        dx, dy = arrow.get("shift", [0, 0])
        # arc3 puts its control point at the bend; the curve passes half-way to it.
        lx = (start[0] + end[0]) / 2 + bend * (end[1] - start[1]) / 2
        ly = (start[1] + end[1]) / 2 - bend * (end[0] - start[0]) / 2
        axes.text(
            lx + dx,
            ly + dy,
            wrapped(label, int(arrow.get("wrap", 22))),
            ha="center",
            va="center",
            size=7.2,
            color=INK,
            zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.9},
        )


def _loop(axes: Axes, loop: Mapping[str, Any]) -> None:
    x, y = loop["at"]
    reinforcing = str(loop["id"]).upper().startswith("R")
    colour = LINES["orange"] if reinforcing else LINES["blue"]
    axes.text(
        x,
        y,
        f"{loop['id']} {loop.get('name', '')}".strip(),
        ha="center",
        va="center",
        size=7.2,
        weight="bold",
        color=colour,
        zorder=6,
        bbox={
            "boxstyle": "round,pad=0.3",
            "facecolor": "white",
            "edgecolor": colour,
            "linewidth": 1,
        },
    )
