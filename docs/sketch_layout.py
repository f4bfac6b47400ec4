"""Place a view's variables, arrows and pipes, for ``docs/sketch.py``.

Layers run from left to right, from what a variable needs to what needs it; stocks whose
rate is a plain sum of flows stand in a column at the right with their pipes. What comes
from another view, or from too far away on this one, comes in as a shadow.

Within a layer the order is by the neighbours' mean height (Sugiyama's barycentre), then
by swaps that take arrows off labels and each other. Nothing is random.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COLUMN, PITCH, TALL = 165, 62, 11
"""Pixels between columns and between labels of one, and labels a column may hold."""
NEAR, GAP = 330, 50
"""Longest arrow within the column of stocks, and tallest empty strip, in pixels."""


@dataclass
class Thing:
    """A word, valve, cloud or corner of a pipe: its place and half size in pixels."""

    name: str
    kind: str
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    near: list[Thing] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Size the label: about 17 letters of 12 points a line."""
        self.number = 0
        lines = [""]
        for part in (f"<{self.name}>" if "ghost" in self.kind else self.name).split():
            if lines[-1] and len(lines[-1]) + len(part) >= 17:
                lines.append(part)
            else:
                lines[-1] = f"{lines[-1]} {part}".strip()
        boxed = self.kind in {"stock", "box"}
        self.wide = max(15.0, 3.4 * max(map(len, lines)) + 4 + 6 * boxed, 44.0 * boxed)
        self.high = max(8.0 * len(lines) + 2, 22.0 * boxed)


@dataclass(frozen=True)
class Structure:
    """Variable → what it needs → whether at the start only; stock → flow → 1 or -1."""

    inputs: Mapping[str, Mapping[str, bool]]
    flows: Mapping[str, Mapping[str, int]]
    boxes: frozenset[str]


class View:
    """Things, and arrows (from, to, a pipe's sign, initial only, a pipe's corner)."""

    def __init__(self, own: list[str], model: Structure) -> None:
        self.model = model
        self.things: list[Thing] = []
        self.arrows: list[tuple[Thing, Thing, int, bool, Thing | None]] = []
        stocks = [self.add(n, "stock") for n in own if n in model.flows]
        flows = {f for stock in stocks for f in model.flows[stock.name]}
        rest = [n for n in own if n not in model.flows and n not in flows]
        loose = [self.add(n, "box" if n in model.boxes else "word") for n in rest]
        self.own = {thing.name: thing for thing in self.things}
        self.last = self.layers({w.name: w for w in loose}, {*own} - {*rest})
        self.plumb(stocks, flows & {*own})
        self.connect()
        self.place()

    def add(
        self, name: str, kind: str, layer: int = 0, x: float = 0, y: float = 0
    ) -> Thing:
        """Put a thing on the view."""
        self.things.append(Thing(name, kind, layer, x, y))
        return self.things[-1]

    def layers(self, loose: Mapping[str, Thing], ends: set[str]) -> int:
        """Give each word outside the stocks' column its layer; return the column's."""
        needs = {n: [p for p in self.model.inputs[n] if p in loose] for n in loose}
        for name in (n for n, word in loose.items() if word.kind == "box"):
            reach, todo = {name}, [name]  # every loop has a stock: cut it there
            while todo:
                at = todo.pop()
                more = [n for n in loose if at in needs[n] and n not in reach]
                reach.update(more)
                todo += more
            needs[name] = [p for p in needs[name] if p not in reach]
        order: dict[str, None] = {}

        def visit(name: str) -> None:
            for need in needs[name]:
                visit(need)
            order.setdefault(name)

        for name in loose:
            visit(name)
        for name in order:
            before = [loose[p].layer + 1 for p in needs[name]]
            loose[name].layer = max([*before, int(bool(self.model.inputs[name]))])
        last = max((w.layer for w in loose.values()), default=0) + 1
        final = {p for name in ends for p in self.model.inputs[name]}
        for name in reversed(order):  # near to the first user, where that is no loss
            after = [loose[u].layer for u in loose if name in needs[u]]
            after += [last] * (name in final)
            if after and len(needs[name]) <= len(after):
                loose[name].layer = max(loose[name].layer, min(after) - 1)
        return last

    def plumb(self, stocks: list[Thing], flows: set[str]) -> None:
        """Set the column of stocks with valves, labels, clouds and pipes."""
        ends: dict[str, dict[int, Thing]] = defaultdict(dict)
        again: list[tuple[str, dict[int, Thing]]] = []
        for stock in stocks:
            for flow, sign in self.model.flows[stock.name].items():
                if sign in ends[flow]:  # a second stock on this side: a pipe of its own
                    again.append((flow, {sign: stock}))
                else:
                    ends[flow][sign] = stock
        pipes = [*ends.items(), *again]
        direct: dict[int, int] = {}
        sides: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for i, (_, end) in enumerate(pipes):
            ranks = sorted(stocks.index(stock) for stock in end.values())
            if ranks[1:] == [ranks[0] + 1] and ranks[0] not in direct:
                direct[ranks[0]] = i
                continue
            for sign, stock in end.items():
                sides[stock.name, len(end) == 1 and sign == 1].append(i)
        y, lane = 0.0, 260.0 if any(len(end) == 1 for _, end in pipes) else 110.0
        for i, stock in enumerate(stocks):
            most = max(len(sides[stock.name, left]) for left in (True, False))
            stock.high = max(stock.high, 26.0 * most)
            stock.layer, stock.y = self.last, y + stock.high
            y += 2 * stock.high + (150 if i in direct else 60)
        for i, (flow, end) in enumerate(pipes):
            at = {
                sign: stock.y + 52 * (rows.index(i) - (len(rows) - 1) / 2)
                for sign, stock in end.items()
                if i in (rows := sides[stock.name, len(end) == 1 and sign == 1])
            }
            x, upright = 0.0, len(end) > 1
            y = sum(at.values()) / max(1, len(at))
            if not at:
                one, two = sorted(end.values(), key=lambda s: s.y)
                y = (one.y + one.high + two.y - two.high) / 2
            elif upright:
                y += 45 * (lane // 140 % 3 - 1)
                x, lane = lane, lane + 140
            else:
                ((sign, stock),) = end.items()
                x = -150.0 * sign
                cloud = self.add("", "cloud", self.last, x * 1.55, y)
                end = {sign: stock, -sign: cloud}
            valve = self.add("", "upright" if upright else "valve", self.last, x, y)
            itself = flow in flows
            flows.discard(flow)
            label = self.add(flow, "flow" if itself else "ghost flow", self.last)
            if itself:
                self.own[flow] = label
            aside = (14 + label.wide) * (1 if at else -1)
            label.x = x + aside * upright
            label.y = y + (12 + label.high) * (not upright)
            for sign, thing in end.items():
                corner = self.add("", "corner", self.last)
                corner.x = x if upright else (x + thing.x) / 2
                corner.y = at.get(sign, (y + thing.y) / 2)
                self.arrows.append((valve, thing, sign, False, corner))

    def connect(self) -> None:
        """Make the arrows, with a shadow wherever the source is not close by."""
        far: dict[str, list[tuple[Thing, bool]]] = defaultdict(list)
        for word in self.own.values():
            for name, initial in self.model.inputs[word.name].items():
                source = self.own.get(name)
                if name in self.model.flows.get(word.name, {}):
                    continue  # the pipe says it
                if source and self.close(source, word):
                    self.arrows.append((source, word, 0, initial, None))
                else:
                    far[name].append((word, initial))
        for name, users in far.items():
            ghost: Thing | None = None
            for user, initial in sorted(users, key=lambda u: u[0].layer):
                if ghost is None or user.layer > ghost.layer + 2:
                    ghost = self.add(name, "ghost", max(user.layer - 1, 0))
                self.arrows.append((ghost, user, 0, initial, None))
        for source, user, _, _, corner in self.arrows:
            if not corner:
                source.near.append(user)
                user.near.append(source)

    def close(self, source: Thing, user: Thing) -> bool:
        """Whether an arrow from the source itself is short enough to follow."""
        if source.layer == self.last == user.layer:
            return abs(source.y - user.y) < NEAR
        return user.layer - source.layer in {-1, 1, 2}

    def place(self) -> None:
        """Order each layer by its neighbours' mean height; then give out columns."""
        columns = [[t for t in self.things if t.layer == i] for i in range(self.last)]
        split = [max(1, math.ceil(len(c) / TALL)) for c in columns]
        fixed = [t for t in self.things if t.layer == self.last]
        middle = max((t.y for t in fixed), default=0) / 2
        for column, count in zip(columns, split, strict=True):
            for i, word in enumerate(column):
                word.y = middle + (i - len(column) / 2) * PITCH / count
        for turn in range(40):
            for at in range(self.last) if turn % 2 else reversed(range(self.last)):
                settle(columns[at], PITCH / split[at])
        x = 80.0
        for column, count in zip(columns, split, strict=True):
            for i, word in enumerate(column):
                word.x = x + COLUMN * (i % count)
            x += COLUMN * count
        x -= min([0.0, *(t.x + 40 for t in fixed if t.kind == "cloud")])
        for thing in fixed:
            thing.x += x
        self.untangle(columns)
        down, bottom = 0.0, -math.inf
        for thing in sorted(self.things, key=lambda t: t.y - t.high):
            if (gap := thing.y - thing.high - bottom) > GAP:
                down += (gap if math.isfinite(gap) else thing.y - thing.high) - GAP
            bottom = max(bottom, thing.y + thing.high)
            thing.y -= down

    def untangle(self, columns: list[list[Thing]]) -> None:
        """Swap near words of a column as long as that makes the view clearer."""
        shown = [t for t in self.things if t.kind != "corner"]
        index = {id(thing): i for i, thing in enumerate(shown)}
        at = np.array([(t.x, t.y, t.wide - 2, t.high - 2) for t in shown])
        arrows = [(index[id(a[0])], index[id(a[1])]) for a in self.arrows if not a[4]]
        ends = np.array(arrows, dtype=int).reshape(-1, 2)
        places = [[index[id(thing)] for thing in column] for column in columns]
        pairs = [
            pair
            for p in places
            for i in (1, 2, 3)
            for pair in zip(p, p[i:], strict=False)
        ]
        best, before = tangle(at, ends), math.inf
        while best < before:
            before = best
            for one, two in pairs:
                at[[one, two], :2] = at[[two, one], :2]
                if (new := tangle(at, ends)) < best - 1e-6:
                    best = new
                else:
                    at[[one, two], :2] = at[[two, one], :2]
        for thing, (x, y, _, _) in zip(shown, at, strict=True):
            thing.x, thing.y = float(x), float(y)


def settle(column: list[Thing], pitch: float) -> None:
    """Move words towards their neighbours' mean height, a pitch apart (in place)."""
    low = max((n.y for t in column for n in t.near), default=0.0) + PITCH
    wish = {
        id(t): sum(n.y for n in t.near) / len(t.near) if t.near else low for t in column
    }
    column.sort(key=lambda t: wish[id(t)])
    blocks: list[tuple[float, int]] = []
    for i, thing in enumerate(column):
        mean, size = wish[id(thing)] - i * pitch, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    means = [mean for mean, size in blocks for _ in range(size)]
    for i, (thing, mean) in enumerate(zip(column, means, strict=True)):
        thing.y = mean + i * pitch


def tangle(at: NDArray[np.float64], ends: NDArray[np.int_]) -> float:
    """Weigh arrows over labels, crossings and lengths; ``at`` has x, y, w, h."""
    start, stop = at[ends[:, 0], :2], at[ends[:, 1], :2]
    step = np.where(stop == start, 1e-9, stop - start)
    low = (at[:, :2] - at[:, 2:] - start[:, None]) / step[:, None]
    high = (at[:, :2] + at[:, 2:] - start[:, None]) / step[:, None]
    enter = np.minimum(low, high).max(axis=2).clip(0, None)
    hit = enter < np.maximum(low, high).min(axis=2).clip(None, 1)
    hit[np.arange(len(ends))[:, None], ends] = False
    first, last = start - start[:, None], stop - start[:, None]
    left = step[:, None, 0] * first[..., 1] - step[:, None, 1] * first[..., 0]
    right = step[:, None, 0] * last[..., 1] - step[:, None, 1] * last[..., 0]
    apart = left * right < 0
    crossings = (apart & apart.T).sum() / 2
    return float(3 * hit.sum() + crossings + np.abs(step[:, 1]).sum() / 1000)
