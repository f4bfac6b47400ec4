"""The sign and strength of feedback loops along a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.plan import apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.web import Web
    from sdmodel.study.loops import Loop

STEP = 1e-5
"""Relative step of the numerical derivatives: rounding and curvature errors are both
some 1e-10 there, far below any slope that counts."""


@dataclass(frozen=True)
class Polarity:
    """What a loop's links make of it along a run.

    ``gain`` (step,) is the product of the links' partial derivatives, zero where a link
    is idle; ``active`` is the share of the time in which none is, ``as_claimed`` the
    share of that in which the sign is the claimed one (nan if it is never active).
    """

    gain: NDArray[np.float64]
    active: float
    as_claimed: float


def partial(
    web: Web, courses: Courses, run: int, source: str, reader: str
) -> NDArray[np.float64]:
    """Return the partial derivative of a reader's equation in what it reads, (step,).

    Central differences along the run; of a stock that of its net flow.
    """
    model = web.model
    at = model.scalars[source]
    value = courses.of(at)[run]
    size = np.maximum(np.abs(value), 1e-3 * np.abs(value).max(initial=0.0))
    h = STEP * np.where(size > 0, size, 1.0)
    body, root = web.body(reader), web.equation(reader)
    state = web.is_state(reader)
    moved: list[NDArray[np.float64]] = []
    with np.errstate(all="ignore"):
        for way in (h, -h):
            values: dict[int, NDArray[np.float64]] = {at: value + way}
            for node in body:
                if node in values:
                    continue
                what = model.nodes[node]
                end = node in web.owner and (node != root or state)
                if end or not any(a in values for a in what.args):
                    continue
                args = [
                    values[a] if a in values else courses.of(a)[run] for a in what.args
                ]
                values[node] = np.asarray(apply(what, args, model.lookups))
            moved.append(values.get(root, courses.of(root)[run]))
        slope = (moved[0] - moved[1]) / (2 * h)
    # Rounding in the difference of two equal values is no slope.
    noise = 1e-13 * np.abs(moved[0]) / h
    return np.where(np.abs(slope) > noise, slope, 0.0)


def polarity(web: Web, courses: Courses, run: int, loop: Loop) -> Polarity:
    """Return the sign of a loop along one run, from its links' derivatives."""
    gain = np.ones(len(courses.times))
    for source, reader in loop.links:
        gain = gain * partial(web, courses, run, source, reader)
    active = gain != 0
    wanted = 1.0 if loop.polarity == "R" else -1.0
    claimed = (
        float(np.mean(np.sign(gain[active]) == wanted)) if active.any() else np.nan
    )
    return Polarity(gain, float(active.mean()), claimed)


def widen(web: Web, link: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the links between all elements of the two variables that a link joins."""
    source, reader = (web.variable(element) for element in link)
    return tuple(
        (parent, element)
        for element, parents in web.parents.items()
        if web.variable(element) == reader
        for parent in parents
        if web.variable(parent) == source
    )


def cuts_of(web: Web, loops: Sequence[Loop]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return, by loop, the links that are cut to switch it off: all like its first."""
    return {loop.id: widen(web, loop.links[0]) for loop in loops}
