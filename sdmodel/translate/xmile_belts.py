"""Conveyors of XMILE: a plain one is a fixed delay of its inflows, any other refused.

What gets on a conveyor falls off one transit time later, and what it holds at first is
spread evenly over it (XMILE 1.0, chapters 3.7.2 and 4.2.1). So its outflow is a fixed
delay that begins at initial value / transit time, and the stock adds up its flows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.model.functions import SMALL
from sdmodel.translate.guard import local_name
from sdmodel.translate.xmile_calls import call
from sdmodel.translate.xmile_expr import expression, key_of, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    Tree = Any

_KINDS = frozenset({"conveyor", "queue", "oven"})

_MEANS_NOTHING = frozenset({"batch_integrity", "one_at_a_time", "exponential_leak"})
"""Of a conveyor without a queue before it and without leaks."""


def _beyond_plain(node: _Element) -> str:
    """Return what makes a stock's conveyor or queue more than is computed, or nothing.

    ``node`` is the ``<conveyor>``, ``<queue>`` or ``<oven>``.
    """
    tag, stock = local_name(node), node.getparent()
    if tag != "conveyor" or stock is None:
        return f"a {tag}"
    for part in node.iterchildren("*"):
        if local_name(part) != "len":
            return f"a conveyor with <{local_name(part)}>"
    for name, value in node.attrib.items():
        plain = str(name).rpartition("}")[2]
        if plain not in _MEANS_NOTHING and str(value).lower() != "false":
            return f"a conveyor that is {plain}"
    if any(local_name(above) == "macro" for above in node.iterancestors()):
        return "a conveyor in a macro"
    if any(numbers_of(text) is not None for text in names_in(stock, "eqn")):
        return "a conveyor with a list of initial values"
    if not _lengths(node):
        return "a conveyor without <len>, its transit time"
    outflows = names_in(stock, "outflow")
    if len(outflows) != 1:
        return f"a conveyor with {len(outflows)} outflows"
    return ""


def _beyond_plain_flow(flow: _Element) -> str:
    """Return what makes a flow on or off a conveyor more than is computed."""
    for part in flow.iterchildren("*"):
        if local_name(part) in {"leak", "overflow"}:
            return f"a conveyor with a {local_name(part)}"
    for name in flow.attrib:
        plain = str(name).rpartition("}")[2]
        if plain in {"spreadflow", "leak_start", "leak_end"}:
            return f"a conveyor whose flow has {plain}"
    return ""


def names_in(stock: _Element, tag: str) -> list[str]:
    """Return the texts of the parts of a node that have a tag."""
    return [
        str(item.text or "").strip()
        for item in stock.iterchildren("*")
        if local_name(item) == tag
    ]


def belt_of(stock: _Element) -> _Element | None:
    """Return the conveyor of a stock, where it is one."""
    return next(
        (n for n in stock.iterchildren("*") if local_name(n) == "conveyor"), None
    )


def _lengths(belt: _Element) -> list[str]:
    return [text for text in names_in(belt, "len") if text]


def off_the_belt(belt: _Element, stock: str, inflows: Sequence[Tree]) -> Tree:
    """Return the tree of what leaves a conveyor.

    Parameters
    ----------
    belt
        The ``<conveyor>``.
    stock
        The name of the stock that it is; before the first step, its initial value.
    inflows
        The trees of what gets on.

    Raises
    ------
    ExpressionError
        If its transit time cannot be read.
    """
    from pysd.translators.structures import abstract_expressions as trees

    transit = expression(_lengths(belt)[0], call)
    step = trees.ReferenceStructure("time_step")
    # The whole steps that a fixed delay of that length has, one at least.
    ratio = trees.ArithmeticStructure(["/"], (transit, step))
    up = trees.ArithmeticStructure(["+"], (ratio, 0.5 + SMALL))
    whole = trees.CallStructure(trees.ReferenceStructure("integer"), (up,))
    steps = trees.CallStructure(trees.ReferenceStructure("max"), (whole, 1))
    first = trees.ArithmeticStructure(
        ["/", "/"], (trees.ReferenceStructure(stock), steps, step)
    )
    coming: Tree = 0
    if inflows:
        coming = inflows[0]
    if len(inflows) > 1:
        signs = ["+"] * (len(inflows) - 1)
        coming = trees.ArithmeticStructure(signs, tuple(inflows))
    return trees.DelayFixedStructure(coming, transit, first)


def driven(
    variables: _Element,
) -> Iterator[tuple[_Element, _Element, str, list[_Element]]]:
    """Yield the conveyors and queues among variables, and the flows they drive.

    Each with its stock, the ``<conveyor>`` or ``<queue>``, what makes it more than is
    computed (nothing for a plain conveyor), and its outflows.
    """
    found = [
        (stock, node)
        for stock in variables.iterchildren("*")
        for node in stock.iterchildren("*")
        if local_name(stock) == "stock" and local_name(node) in _KINDS
    ]
    if not found:
        return
    flows = {
        key_of(str(node.get("name", ""))): node
        for node in variables.iterchildren("*")
        if local_name(node) == "flow"
    }
    for stock, node in found:
        ends = [
            [
                flows[key_of(name)]
                for name in names_in(stock, tag)
                if key_of(name) in flows
            ]
            for tag in ("inflow", "outflow")
        ]
        whys = [_beyond_plain(node), *map(_beyond_plain_flow, (*ends[0], *ends[1]))]
        if not ends[1]:
            whys.append("a conveyor whose outflow is no <flow>")
        yield stock, node, next(filter(None, whys), ""), ends[1]
