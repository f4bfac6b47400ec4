"""ALLOCATE BY PRIORITY and ALLOCATE AVAILABLE: who gets what where supply is short.

Both fill all requests where there is enough. Negative requests or supply, and widths
that are not positive, make a bad run (PySD raises).
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import EquationError, LackingError, Scope
from sdmodel.translate.special import erfc
from sdmodel.translate.sums import pairwise
from sdmodel.translate.vectors import along, place_in, ranges_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder
    from sdmodel.translate.lower import Lowering

    Tree = Any

_HALVINGS, _CHORDS = 16, 10
"""Steps to the price that clears the market: halve, then follow chords (Illinois)."""

_REACH = {1: 0.5, 2: 0.5, 3: 8.2923611, 4: 36.7368005696}
"""Widths from the middle to where a curve has ended, in double precision (PySD's)."""


def by_priority(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """ALLOCATE BY PRIORITY: from the highest priority down, overlapping by a width."""
    name = ranges_of(low, tree.request)[-1]
    place = place_in(low, name, scope)
    request = along(low, tree.request, scope, name)
    priority = along(low, tree.priority, scope, name)
    width, supply = (low.express(item, scope) for item in (tree.width, tree.supply))
    key = ("priority", *request, *priority, width, supply)
    return low.once(key, lambda: _shared(low.build, request, priority, width, supply))[
        place
    ]


def _total(b: Builder, nodes: Sequence[NodeId]) -> NodeId:
    return pairwise(list(nodes), lambda x, y: b.op("add", x, y))


def _shared(
    b: Builder,
    request: list[NodeId],
    priority: list[NodeId],
    width: NodeId,
    supply: NodeId,
) -> list[NodeId]:
    """Return what each receives.

    All that are being served are filled at the same rate, in parts of their request.
    In that common time a target begins when the one before it has got
    min(difference of priorities / width, 1) of its own, and ends one unit later; what
    is left is to find the moment at which the supply is used up.
    """
    op, const = b.op, b.const
    zero, one = const(0.0), const(1.0)
    asks = [op("gt", item, zero) for item in request]
    count = len(request)
    # Those who ask for nothing stand behind all others, where they hold nobody up.
    begins: list[NodeId] = []
    for i in range(count):
        above = [
            op(
                "and",
                asks[j],
                op("ge" if j < i else "gt", priority[j], priority[i]),
            )
            for j in range(count)
            if j != i
        ]
        begins.append(_total(b, above) if above else zero)
    places = [
        op("if", ask, rank, const(-1.0)) for ask, rank in zip(asks, begins, strict=True)
    ]

    def at(position: int, nodes: Sequence[NodeId]) -> NodeId:
        value = zero
        for place, node in zip(places, nodes, strict=True):
            here = op("eq", place, const(float(position)))
            value = op("if", here, node, value)
        return value

    ranked = [at(k, priority) for k in range(count)]
    starts = [zero]
    for k in range(1, count):
        gap = op("div", op("sub", ranked[k - 1], ranked[k]), width)
        starts.append(op("add", starts[-1], op("min", gap, one)))
    amounts = [at(k, request) for k in range(count)]

    def given(moment: NodeId, start: NodeId, amount: NodeId) -> NodeId:
        part = op("max", zero, op("min", one, op("sub", moment, start)))
        return op("mul", amount, part)

    moment = zero
    edges = [*starts, *(op("add", start, one) for start in starts)]
    latest = const(-1.0)
    for edge in edges:
        used = _total(
            b, [given(edge, s, a) for s, a in zip(starts, amounts, strict=True)]
        )
        active = [
            op(
                "if",
                op("and", op("le", s, edge), op("lt", edge, op("add", s, one))),
                a,
                zero,
            )
            for s, a in zip(starts, amounts, strict=True)
        ]
        rate = _total(b, active)
        left = op("sub", supply, used)
        found = op("add", edge, op("div", left, rate))
        later = op("and", op("ge", left, zero), op("gt", edge, latest))
        later = op("and", later, op("gt", rate, zero))
        moment = op("if", later, found, moment)
        latest = op("if", later, edge, latest)
    own = [
        (
            reduce(
                lambda x, y: op("add", x, y),
                [
                    op("if", op("eq", place, const(float(k))), starts[k], zero)
                    for k in range(count)
                ],
            )
        )
        for place in places
    ]
    enough = op("ge", supply, _total(b, request))
    wrong = op("or", op("le", width, zero), op("lt", supply, zero))
    wrong = reduce(
        lambda x, y: op("or", x, y), [op("lt", r, zero) for r in request], wrong
    )
    return [
        op(
            "if",
            wrong,
            const(math.nan),
            op("if", enough, ask, given(moment, start, ask)),
        )
        for ask, start in zip(request, own, strict=True)
    ]


def available(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """ALLOCATE AVAILABLE: one price for all, each with its own curve of demand."""
    name = ranges_of(low, tree.request)[-1]
    place = place_in(low, name, scope)
    request = along(low, tree.request, scope, name)
    columns = [along(low, part, scope, name) for part in _profile(low, tree.pp)]
    supply = low.express(tree.avail, scope)
    kinds = [low.constant(node, "the kind of a priority curve") for node in columns[0]]
    for kind in kinds:
        if kind not in _REACH:
            msg = f"a priority curve of the kind {kind:g}; those of 1 to 4 are computed"
            raise LackingError(msg)
    whole = [int(kind) for kind in kinds]
    key = ("available", *request, *columns[1], *columns[2], *whole, supply)
    return low.once(
        key,
        lambda: _cleared(low.build, whole, request, columns[1], columns[2], supply),
    )[place]


def _profile(low: Lowering, tree: Tree) -> list[Tree]:
    """Return references to kind, middle and width of the priorities."""
    given = getattr(getattr(tree, "subscripts", None), "subscripts", None) or ()
    first = low.space.element_name(given[-1]) if given else None
    for members in low.space.ranges.values():
        if first in members and len(members) >= members.index(first) + 3:
            start = members.index(first)
            marks = type(tree.subscripts)
            return [
                type(tree)(tree.reference, marks([*given[:-1], item]))
                for item in members[start : start + 3]
            ]
    msg = "the priorities of ALLOCATE AVAILABLE end in [target, first of four elements]"
    raise EquationError(msg)


def _curve(
    b: Builder, kind: int, amount: NodeId, middle: NodeId, width: NodeId, x: NodeId
) -> NodeId:
    """Return what a target takes at price ``x``: all at low prices, nothing at high."""
    op, const = b.op, b.const
    zero, one, half = const(0.0), const(1.0), const(0.5)
    away = op("div", op("sub", x, middle), width)
    if kind == 1:
        part = op("sub", half, away)
        return op("mul", amount, op("max", zero, op("min", one, part)))
    if kind == 2:
        near = op("max", const(-0.5), op("min", half, away))
        rise, fall = op("add", near, half), op("sub", half, near)
        low = op("sub", one, op("mul", const(2.0), op("mul", rise, rise)))
        high = op("mul", const(2.0), op("mul", fall, fall))
        return op("mul", amount, op("if", op("lt", near, zero), low, high))
    if kind == 3:
        z = op("div", away, const(math.sqrt(2.0)))
        return op("mul", op("mul", amount, half), erfc(b, z))
    tail = op("mul", half, op("exp", op("neg", op("abs", away))))
    below = op("lt", away, zero)
    return op("mul", amount, op("if", below, op("sub", one, tail), tail))


def _cleared(
    b: Builder,
    kinds: list[int],
    request: list[NodeId],
    middles: list[NodeId],
    widths: list[NodeId],
    supply: NodeId,
) -> list[NodeId]:
    """Return what each receives at the price where all together take the supply."""
    op, const = b.op, b.const
    zero = const(0.0)
    rows = list(zip(kinds, request, middles, widths, strict=True))

    def taken(x: NodeId) -> list[NodeId]:
        return [_curve(b, kind, q, p, w, x) for kind, q, p, w in rows]

    def excess(x: NodeId) -> NodeId:
        return op("sub", _total(b, taken(x)), supply)

    reaches = [op("mul", const(_REACH[kind]), w) for kind, _, _, w in rows]
    low = reduce(
        lambda x, y: op("min", x, y),
        [op("sub", p, r) for p, r in zip(middles, reaches, strict=True)],
    )
    high = reduce(
        lambda x, y: op("max", x, y),
        [op("add", p, r) for p, r in zip(middles, reaches, strict=True)],
    )
    for _ in range(_HALVINGS):
        middle = op("mul", const(0.5), op("add", low, high))
        above = op("gt", excess(middle), zero)
        low, high = op("if", above, middle, low), op("if", above, high, middle)
    f_low, f_high = excess(low), excess(high)
    price, side = low, zero
    for _ in range(_CHORDS):
        fall = op("sub", f_low, f_high)
        step = op("div", op("mul", f_low, op("sub", high, low)), fall)
        price = op("add", low, op("if", op("gt", fall, zero), step, zero))
        value = excess(price)
        above = op("gt", value, zero)
        # Where the same end stays twice, its value counts half: so it moves at last.
        again_low = op("and", above, op("gt", side, zero))
        again_high = op("and", op("not", above), op("lt", side, zero))
        kept_high = op("if", again_low, op("mul", const(0.5), f_high), f_high)
        kept_low = op("if", again_high, op("mul", const(0.5), f_low), f_low)
        low, high = op("if", above, price, low), op("if", above, high, price)
        f_low = op("if", above, value, kept_low)
        f_high = op("if", above, kept_high, value)
        side = op("if", above, const(1.0), const(-1.0))
    enough = op("ge", supply, _total(b, request))
    wrong = reduce(
        lambda x, y: op("or", x, y),
        [
            *(op("lt", q, zero) for q in request),
            *(op("le", w, zero) for w in widths),
        ],
        op("lt", supply, zero),
    )
    nothing = op("eq", supply, zero)
    return [
        op(
            "if",
            wrong,
            const(math.nan),
            op("if", enough, ask, op("if", nothing, zero, share)),
        )
        for ask, share in zip(request, taken(price), strict=True)
    ]
