"""From a space and a method to estimates: sample, run, judge, estimate, rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import check_n
from sdmodel.experiments.estimators import resampler
from sdmodel.experiments.indices import Estimate, Level
from sdmodel.experiments.space import Group
from sdmodel.experiments.verdicts import (
    SOBOL_HALF_WIDTH,
    converged,
    judge_outputs,
    tiers,
)

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

LARGEST_BYTES = 2_000_000_000
"""Inputs and outcomes of one study that are held in memory."""

SECONDS_A_RUN = 1e-3
"""For the estimate in a refusal; the shipped model, compiled, on one core."""


@dataclass(frozen=True)
class Case:
    """What a judge is shown: points (run, column), one output (run,), our estimates."""

    points: NDArray[np.float64]
    output: NDArray[np.float64]
    columns: Columns
    level: Level
    place: int
    seed: int

    def value(self, measure: str) -> NDArray[np.float64]:
        """Return our estimates of a measure (group,)."""
        return self.level.value[measure][:, self.place]

    def half(self, measure: str) -> NDArray[np.float64]:
        """Return the half widths of our intervals (group,)."""
        return self.level.half[measure][:, self.place]


@dataclass(frozen=True)
class Method:
    """A way of sampling the unit cube and of turning outputs into indices.

    ``design(columns, n, seed)`` gives points (run, dimension) in ``n`` blocks of
    ``block(columns)`` runs; if it is ``nested``, its first blocks are the design of a
    smaller ``n``, down to ``fewest``. ``random`` are the places in a block whose points
    are random draws. If ``by_value``, what is estimated from are the values of the
    constants, each a factor of its own, in place of the points and groups of the cube.
    If ``mixes`` is false, shares that are drawn together cannot be judged.
    ``estimate(points, outputs, columns, rng)`` gives measures and half widths, each
    (group, output). ``judge`` says how far another implementation is from them.
    ``main`` is the measure that ranks; ``bound`` the half width that counts as
    converged, a share of the largest if ``relative``.
    """

    name: str
    main: str
    block: Callable[[Columns], int]
    design: Callable[[Columns, int, int], NDArray[np.float64]]
    estimate: Callable[
        [NDArray[np.float64], NDArray[np.float64], Columns, np.random.Generator],
        tuple[Measures, Measures],
    ]
    judge: Callable[[Case], float]
    random: tuple[int, ...] = (0,)
    bound: float = SOBOL_HALF_WIDTH
    relative: bool = False
    classes: bool = False
    nested: bool = True
    fewest: int = FEWEST_ROWS
    by_value: bool = False
    mixes: bool = True


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
            if method.by_value:
                labels = part.names
                columns = tuple((i,) for i in range(len(labels)))
            found.append((scope, part, labels, columns))
            classes.append((scope, space.columns_of_role(role)))
    if method.classes and len(classes) > 1:
        labels = tuple(label for label, _ in classes)
        found.append((CLASSES, space, labels, tuple(cols for _, cols in classes)))
    return tuple(found)


def count_runs(space: Space, method: Method, n: int) -> int:
    """Return how many runs `analyse` makes."""
    return sum(
        n * method.block(sampled(part, columns, method))
        for _, part, _, columns in designs_of(space, method)
    )


def sampled(space: Space, columns: Columns, method: Method) -> Columns:
    """Return the groups of coordinates that a design moves."""
    if method.by_value:
        return tuple(group.columns for group in space.groups)
    return columns


def check_mixes(space: Space, method: Method) -> None:
    """Refuse mixes where the method cannot judge them.

    Raises
    ------
    StudyError
        Naming them.
    """
    mixed = [group.id for group in space.groups if group.mix]
    if mixed and not method.mixes:
        shown = ", ".join(f"'{name}'" for name in mixed)
        msg = (
            f"method '{method.name}' moves one factor at a time and cannot judge the "
            f"mix {shown}, whose shares are drawn together; leave its shares out, or "
            "use another method"
        )
        raise StudyError(msg)


def check_size(runs: int, columns: int) -> None:
    """Refuse a study that would not fit into memory, before any of it is taken.

    Raises
    ------
    StudyError
        Saying how many runs, hours and bytes it would take.
    """
    needed = 8 * runs * columns
    if needed > LARGEST_BYTES:
        msg = (
            f"{runs:,} runs: about {runs * SECONDS_A_RUN / 3600:.1f} hours on one core "
            f"and {needed / 1e9:.1f} GB of memory; at most {LARGEST_BYTES / 1e9:.0f} "
            "GB; lower n or name fewer factors"
        )
        raise StudyError(msg)


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
    check_mixes(space, method)
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
    moved = sampled(space, columns, method)
    block = method.block(moved)
    design = method.design(moved, n, seed)
    inputs = space.values(design)
    points = inputs if method.by_value else design
    outputs, failed = evaluate(space.names, inputs)
    verdicts = judge_outputs(outputs, failed)
    good = [i for i, verdict in enumerate(verdicts) if verdict.state == "ok"]
    parts = (n // 8, n // 4, n // 2, n) if method.nested else (n,)
    sizes = [size for size in parts if size >= method.fewest] or [n]
    levels = tuple(
        _level(method, points, outputs, columns, good, size, block, seed)
        for size in sizes
    )
    last = levels[-1]
    ranks = np.zeros((len(columns), len(outcomes)), dtype=np.int64)
    settled: list[bool | None] = [None] * len(outcomes)
    for i in good:
        ranks[:, i] = tiers(last.value[method.main][:, i], last.half[method.main][:, i])
        if not method.nested:
            continue
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
        judge = method.judge(Case(points, column, columns, last, good[0], seed))
    shown = {group.id: group for group in space.groups}
    if method.by_value:
        shown |= {
            control.name: Group(control.name, control.role, (control,), ())
            for group in space.groups
            for control in group.controls
        }
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
