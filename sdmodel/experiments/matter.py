"""Loops that matter: how much of what moves now goes around each loop.

The method is Schoenberg, Davidsen and Eberlein's (2020, System Dynamics Review
36:158-189). A link's score at an instant is the part of its reader's change over the
last step that it accounts for, others held, with the sign of the link; a loop's score
is the product of its links'. Scores say which loops are at work, not what an outcome
owes to them. Loops that run through arrays are added up over all their elements.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdmodel.engines.plan import apply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.web import Web
    from sdmodel.study.loops import Loop

STILL = 1e-14
"""Relative change of a reader in a step below which it is the last bits of a sum."""

Runs = int | NDArray[np.intp]
"""A run, or several as a column (run, 1): results then have a row for each."""


def link_score(
    web: Web,
    courses: Courses,
    runs: Runs,
    steps: NDArray[np.int64],
    source: str,
    reader: str,
) -> NDArray[np.float64]:
    """Return the score of a link between two elements at some steps, (…, step).

    Of a stock the reader is its net flow, whose own score into the stock is one. Zero
    where either end stands still, but for rounding.
    """
    model = web.model
    at = model.scalars[source]
    body, root = web.body(reader), web.equation(reader)
    state = web.is_state(reader)

    def past(node: int, back: int) -> NDArray[np.float64]:
        course: NDArray[np.float64] = courses.of(node)[runs, steps - back]
        return course

    values: dict[int, NDArray[np.float64]] = {at: past(at, 0)}
    with np.errstate(all="ignore"):
        for node in body:
            what = model.nodes[node]
            end = node in web.owner and (node != root or state)
            if node in values or end or not any(a in values for a in what.args):
                continue
            args = [values[a] if a in values else past(a, 1) for a in what.args]
            values[node] = np.asarray(apply(what, args, model.lookups))
        before = past(root, 1)
        alone = values.get(root, before) - before
        whole = past(root, 0) - before
        moved = past(at, 0) - past(at, 1)
        score = np.abs(alone / whole) * np.sign(alone) * np.sign(moved)
    moving = ~still(web, courses, runs, steps, reader)
    return np.where(moving & np.isfinite(score), score, 0.0)


def still(
    web: Web, courses: Courses, runs: Runs, steps: NDArray[np.int64], reader: str
) -> NDArray[np.bool_]:
    """Say when a reader stands still, (…, step): what it moves by is rounding."""
    course = courses.of(web.equation(reader))
    now, before = course[runs, steps], course[runs, steps - 1]
    found: NDArray[np.bool_] = np.abs(now - before) <= STILL * np.abs(before)
    return found


def links_of(web: Web, loops: Sequence[Loop]) -> tuple[tuple[str, str], ...]:
    """Return what is read and who reads it on some loops, over all elements."""
    found: dict[tuple[str, str], None] = {}
    for loop in loops:
        for source, reader in _steps(web, loop):
            for element in web.elements[reader]:
                for parent in web.parents[element]:
                    if web.variable(parent) == source:
                        found[parent, element] = None
    return tuple(found)


def _steps(web: Web, loop: Loop) -> list[tuple[str, str]]:
    """Return the variables that a loop leads from and to."""
    names = [web.variable(element) for element in loop.path]
    return [(a, b) for a, b in itertools.pairwise([*names, names[0]]) if a != b]


def loop_scores(
    web: Web,
    courses: Courses,
    runs: Runs,
    loops: Sequence[Loop],
    times: Sequence[float],
) -> dict[str, NDArray[np.float64]]:
    """Return the score of each loop at some times, (…, time), by the loop's id.

    Parameters
    ----------
    web, courses, runs
        The model and the run, or several.
    loops
        Loops; each is followed through its variables, over all elements.
    times
        On the step grid; the first step of a run has no step before and counts as the
        second.
    """
    clock = np.asarray(times)
    steps = np.searchsorted(courses.times, clock - 1e-9).clip(1)
    shape = np.broadcast_shapes(np.shape(runs), steps.shape)

    def score(source: str, reader: str) -> NDArray[np.float64]:
        return link_score(web, courses, runs, steps, source, reader)

    return around(web, loops, shape, score)


def around(
    web: Web,
    loops: Sequence[Loop],
    shape: tuple[int, ...],
    score: Callable[[str, str], NDArray[np.float64]],
) -> dict[str, NDArray[np.float64]]:
    """Return the product of links' scores around each loop, by the loop's id.

    Parameters
    ----------
    web, loops
        Loops; each is followed through its variables, over all elements.
    shape
        Of one link's scores.
    score
        Gives them for what is read and who reads it.
    """
    known: dict[tuple[str, str], NDArray[np.float64]] = {}

    def matrix(source: str, reader: str) -> NDArray[np.float64]:
        """Return scores (…, time, reader element, source element)."""
        if (source, reader) not in known:
            rows, columns = web.elements[reader], web.elements[source]
            found = np.zeros((*shape, len(rows), len(columns)))
            for i, element in enumerate(rows):
                for parent in web.parents[element]:
                    if web.variable(parent) == source:
                        found[..., i, columns.index(parent)] = score(parent, element)
            known[source, reader] = found
        return known[source, reader]

    scores = {}
    for loop in loops:
        product = None
        for source, reader in _steps(web, loop):
            link = matrix(source, reader)
            product = (
                link
                if product is None
                else np.einsum("...ij,...jk->...ik", link, product)
            )
        assert product is not None  # noqa: S101 - a loop has two variables or more
        scores[loop.id] = np.einsum("...ii->...", product)
    return scores


def shares(scores: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return each loop's part of all their scores, signed; sizes add to one."""
    whole = np.sum([np.abs(score) for score in scores.values()], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {n: np.where(whole > 0, s / whole, 0.0) for n, s in scores.items()}
