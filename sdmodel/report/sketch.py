"""The views of a Vensim file as pictures: stocks as boxes, flows as pipes, links.

The sketch is read from the text behind the equations; the codes are those of Vensim's
reference manual (10 variable, 11 valve, 12 comment, 1 arrow).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sdmodel.model.core import plain
from sdmodel.translate.source import SKETCH_MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE, _VALVE, _COMMENT, _ARROW = "10", "11", "12", "1"
MARGIN = 30
_POINT = re.compile(r"\((-?\d+),(-?\d+)\)")


@dataclass(frozen=True)
class Item:
    """A thing in a view: centre and half sizes, points of the sketch."""

    kind: str
    name: str
    x: int
    y: int
    width: int
    height: int
    ghost: bool


@dataclass(frozen=True)
class Arrow:
    """From one thing to another, by number; a pipe of a flow goes over ``bend``."""

    start: int
    stop: int
    pipe: bool
    bend: tuple[int, int] | None


@dataclass(frozen=True)
class View:
    """One view: its title, things by number, and arrows between them."""

    title: str
    items: Mapping[int, Item]
    arrows: tuple[Arrow, ...]


def read_views(text: str) -> tuple[View, ...]:
    """Return the views of a Vensim file's text; none where it holds no sketch."""
    views = []
    for part in text.split(SKETCH_MARK)[1:]:
        title = ""
        items: dict[int, Item] = {}
        arrows: list[Arrow] = []
        for line in part.splitlines():
            if line.startswith("*"):
                title = line[1:].strip()
            cells = line.split(",")
            try:
                _take(cells, items, arrows)
            except (ValueError, IndexError):
                continue  # a line of another kind
        if items:
            views.append(View(title, items, tuple(arrows)))
    return tuple(views)


def _take(
    cells: list[str],
    items: dict[int, Item],
    arrows: list[Arrow],
) -> None:
    kind = cells[0]
    if kind in (_VARIABLE, _VALVE, _COMMENT):
        # A quoted name may hold commas: the numbers are counted from behind it.
        name, rest = cells[2], cells[3:]
        while name.startswith('"') and not (len(name) > 1 and name.endswith('"')):
            name, rest = f"{name},{rest[0]}", rest[1:]
        x, y, width, height = (int(cell) for cell in rest[:4])
        ghost = kind == _VARIABLE and len(rest) > 5 and rest[5] == "2"
        items[int(cells[1])] = Item(kind, name.strip('"'), x, y, width, height, ghost)
    elif kind == _ARROW:
        found = _POINT.search(",".join(cells[8:]))
        bend = (int(found[1]), int(found[2])) if found else None
        # Vensim draws what is thicker than a line as the pipe of a flow.
        arrows.append(Arrow(int(cells[2]), int(cells[3]), int(cells[7]) > 1, bend))


def draw_view(view: View, kinds: Mapping[str, str], links: Mapping[str, str]) -> str:
    """Return a view as SVG.

    Parameters
    ----------
    view
        From `read_views`.
    kinds
        Kind of each variable ("stock", "constant", …) by its plain name.
    links
        Address of each variable on the page by its plain name.
    """
    shown = view.items.values()
    left = min(item.x - item.width for item in shown) - MARGIN
    top = min(item.y - item.height for item in shown) - MARGIN
    right = max(item.x + item.width for item in shown) + MARGIN
    bottom = max(item.y + item.height for item in shown) + MARGIN
    head = (
        f'<svg viewBox="{left} {top} {right - left} {bottom - top}" '
        f'width="{right - left}" role="img" aria-label="{escape(view.title)}: stocks, '
        'flows and links">'
    )
    parts = [head]
    for arrow in view.arrows:
        first, last = view.items.get(arrow.start), view.items.get(arrow.stop)
        if first is not None and last is not None:
            parts.append(_arrow(first, last, arrow))
    parts += [_item(item, kinds, links) for item in shown]
    parts.append("</svg>")
    return "".join(parts)


def _arrow(first: Item, last: Item, arrow: Arrow) -> str:
    if arrow.pipe and arrow.bend is not None:
        x, y = arrow.bend
        return (
            f'<path class="pipe" d="M{first.x} {first.y}L{x} {y}L{last.x} {last.y}"/>'
        )
    (x1, y1), (x2, y2) = _edge(first, last), _edge(last, first)
    return f'<path class="link" d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}"/>'


def _edge(item: Item, other: Item) -> tuple[float, float]:
    """Return where the line from one centre to another leaves the first thing."""
    dx, dy = other.x - item.x, other.y - item.y
    reach = min(
        (item.width + 2) / abs(dx) if dx else 1e9,
        (item.height + 2) / abs(dy) if dy else 1e9,
        1.0,
    )
    return item.x + dx * reach, item.y + dy * reach


def _item(item: Item, kinds: Mapping[str, str], links: Mapping[str, str]) -> str:
    if item.kind == _VALVE:
        x, y = item.x, item.y
        return (
            f'<path class="valve" d="M{x - 6} {y - 6}L{x + 6} {y - 6}L{x - 6} {y + 6}'
            f'L{x + 6} {y + 6}Z"/>'
        )
    if item.kind == _COMMENT:
        return f'<circle class="cloud" cx="{item.x}" cy="{item.y}" r="8"/>'
    key = plain(item.name)
    kind = "ghost" if item.ghost else kinds.get(key, "auxiliary")
    box = (
        f'<rect class="stock" x="{item.x - item.width}" y="{item.y - item.height}" '
        f'width="{2 * item.width}" height="{2 * item.height}"/>'
        if kind == "stock"
        else ""
    )
    text = _label(item, kind)
    link = links.get(key)
    return box + (f'<a href="#{link}">{text}</a>' if link else text)


def _label(item: Item, kind: str) -> str:
    lines, most = [""], max(10, 2 * item.width // 6)
    for word in item.name.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    first = item.y - 6 * (len(lines) - 1) + 4
    return "".join(
        f'<text class="{kind}" x="{item.x}" y="{first + 12 * i}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
