"""From a space and a method to estimates: sample, run, judge, estimate, rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import check_n
from sdmodel.experiments.estimators import resampler
from sdmodel.experiments.indices import Estimate, Level
from sdmodel.experiments.verdicts import converged, judge_outputs, tiers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.indices import Evaluate
    from sdmodel.experiments.space import Space

    Columns = Sequence[Sequence[int]]
    Measures = dict[str, NDArray[np.float64]]

FEWEST_ROWS = 8
"""Smallest prefix of a design that is worth an index in the convergence record."""

ROLES = {"lever": "levers", "uncertainty": "uncertainties"}
CLASSES = "classes"


@dataclass(frozen=True)
class Method:
    """A way of sampling the unit cube and of turning outputs into indices.

    ``design(columns, n, seed)`` gives points (run, dimension) in blocks of one run per
    group and ``extra`` more; its first blocks are the design of a smaller ``n``.
    ``random`` are the places in a block whose points are random draws.
    ``estimate(design, outputs, columns, rng)`` gives measures and half widths, each
    (group, output). ``judge(design, output, columns, level, place, seed)`` says how far
    another implementation is from them. ``main`` is the measure that ranks; ``bound``
    the half width that counts as converged, a share of the largest if ``relative``.
    """

    name: str
    main: str
    extra: int
    random: tuple[int, ...]
    bound: float
    relative: bool
    classes: bool
    design: Callable[[Columns, int, int], NDArray[np.float64]]
    estimate: Callable[
        [NDArray[np.float64], NDArray[np.float64], Columns, np.random.Generator],
        tuple[Measures, Measures],
    ]
    judge: Callable[
        [NDArray[np.float64], NDArray[np.float64], Columns, Level, int, int], float
    ]


def designs_of(
    space: Space, method: Method
) -> tuple[tuple[str, Space, tuple[str, ...], tuple[tuple[int, ...], ...]], ...]:
    """Return the designs of a study: scope, space, and its groups with their columns.

    One design for the levers, one for the uncertainties, and, where the method shares
    out variance, one that moves each class as a group.
    """
    found = []
    classes = []
    for role, scope in ROLES.items():
        part = space.of_role(role)
        if part.groups:
            labels = tuple(group.id for group in part.groups)
            columns = tuple(group.columns for group in part.groups)
            found.append((scope, part, labels, columns))
            classes.append((scope, space.columns_of_role(role)))
    if method.classes and len(classes) > 1:
        labels = tuple(label for label, _ in classes)
        found.append((CLASSES, space, labels, tuple(cols for _, cols in classes)))
    return tuple(found)


def count_runs(space: Space, method: Method, n: int) -> int:
    """Return how many runs `analyse` makes."""
    return sum(
        n * (len(columns) + method.extra) for *_, columns in designs_of(space, method)
    )


def analyse(
    space: Space,
    outcomes: Sequence[str],
    evaluate: Evaluate,
    *,
    method: Method,
    n: int,
    seed: int,
) -> tuple[Estimate, ...]:
    """Run every design of a study around one scenario and estimate its indices.

    Parameters
    ----------
    space
        All factors.
    outcomes
        Names of the columns that ``evaluate`` returns.
    evaluate
        Runs the model; constants that are not named stay as the scenario has them.
    method
        How to sample and estimate.
    n
        Trajectories (Morris) or base rows (Sobol', a power of two).
    seed
        Of the design; the bootstrap draws from ``seed + 1``, so that 0 is a seed too.

    Raises
    ------
    StudyError
        If the sample size or the space will not do.
    """
    check_n(method.name, n)
    if not space.groups:
        msg = "the study has no factors; name levers or uncertainties in [design]"
        raise StudyError(msg)
    return tuple(
        _estimate(
            scope, part, labels, columns, tuple(outcomes), evaluate, method, n, seed
        )
        for scope, part, labels, columns in designs_of(space, method)
    )


def _estimate(
    scope: str,
    space: Space,
    labels: tuple[str, ...],
    columns: tuple[tuple[int, ...], ...],
    outcomes: tuple[str, ...],
    evaluate: Evaluate,
    method: Method,
    n: int,
    seed: int,
) -> Estimate:
    """Sample one design, run it, and estimate what its outcomes allow."""
    block = len(columns) + method.extra
    design = method.design(columns, n, seed)
    inputs = space.values(design)
    outputs, failed = evaluate(space.names, inputs)
    verdicts = judge_outputs(outputs, failed)
    good = [i for i, verdict in enumerate(verdicts) if verdict.state == "ok"]
    sizes = [size for size in (n // 8, n // 4, n // 2, n) if size >= FEWEST_ROWS] or [n]
    levels = tuple(
        _level(method, design, outputs, columns, good, size, block, seed)
        for size in sizes
    )
    last = levels[-1]
    ranks = np.zeros((len(columns), len(outcomes)), dtype=np.int64)
    settled: list[bool | None] = [None] * len(outcomes)
    for i in good:
        ranks[:, i] = tiers(last.value[method.main][:, i], last.half[method.main][:, i])
        settled[i] = converged(
            [
                (lv.value[method.main][:, i], lv.half[method.main][:, i])
                for lv in levels
            ],
            bound=method.bound,
            relative=method.relative,
        )
    judge = None
    if good:
        column = np.ascontiguousarray(outputs[:, good[0]])
        judge = method.judge(design, column, columns, last, good[0], seed)
    shown = {group.id: group for group in space.groups}
    starts = np.arange(0, len(design), block)[:, None]
    return Estimate(
        scope=scope,
        groups=labels,
        members=tuple(shown.get(label) for label in labels),
        outcomes=outcomes,
        verdicts=verdicts,
        levels=levels,
        tiers=ranks,
        converged=tuple(settled),
        names=space.names,
        inputs=inputs,
        outputs=outputs,
        failed=failed,
        random_rows=(starts + np.array(method.random) % block).ravel(),
        judge=judge,
    )


def _level(
    method: Method,
    design: NDArray[np.float64],
    outputs: NDArray[np.float64],
    columns: Columns,
    good: Sequence[int],
    size: int,
    block: int,
    seed: int,
) -> Level:
    """Estimate the indices of the good outcomes from the first blocks of a design."""
    rows = size * block
    chosen = outputs[:rows, good]
    # A short prefix may hold one value only; it has no indices then.
    varied = np.ptp(chosen, axis=0) > 0 if good else np.zeros(0, dtype=bool)
    places = np.array(good, dtype=np.int64)[varied]
    value, half = method.estimate(
        design[:rows], chosen[:, varied], columns, resampler(seed)
    )

    def full(part: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = np.full((len(columns), outputs.shape[1]), np.nan)
        whole[:, places] = part
        return whole

    return Level(
        size,
        {name: full(part) for name, part in value.items()},
        {name: full(part) for name, part in half.items()},
    )
