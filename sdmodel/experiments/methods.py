"""The methods of sensitivity analysis there are, each with SALib as its judge.

SALib is used here alone: it draws the designs of Morris and FAST, and judges our own
estimates of every method on one outcome of every design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.errors import StudyError, did_you_mean
from sdmodel.experiments import wrappers
from sdmodel.experiments.analysis import Case, Method
from sdmodel.experiments.estimators import (
    CONFIDENCE,
    MORRIS_RESAMPLES,
    SOBOL_RESAMPLES,
)
from sdmodel.experiments.given_data import CURVES, SLICES, delta_edges, delta_grid
from sdmodel.experiments.verdicts import MORRIS_HALF_WIDTH
from sdmodel.study.sizes import SMALLEST
from sdmodel.study.study import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.analysis import Columns


def find_method(name: str) -> Method:
    """Return the method of that name.

    Raises
    ------
    StudyError
        If it is unknown, naming what there is.
    """
    if name in METHODS:
        return METHODS[name]
    available = ", ".join(METHODS)
    if name == "lhs" or is_table(name):
        msg = (
            f"method '{name}' draws runs without indices; it is for 'sdmodel sweep'; "
            f"available here: {available}"
        )
        raise StudyError(msg)
    hint = did_you_mean(name, METHODS)
    msg = f"method '{name}': unknown; available: {available}{hint}"
    raise StudyError(msg)


def _problem(columns: Sequence[Sequence[int]], *, grouped: bool) -> dict[str, Any]:
    """Describe the unit cube to SALib; ``grouped`` names every coordinate's group."""
    if not grouped:
        size = len(columns)
        names = [f"g{i}" for i in range(size)]
        return {"num_vars": size, "names": names, "bounds": [[0.0, 1.0]] * size}
    of_column = {c: f"g{i:04d}" for i, group in enumerate(columns) for c in group}
    size = len(of_column)
    return {
        "num_vars": size,
        "names": [f"x{i}" for i in range(size)],
        "bounds": [[0.0, 1.0]] * size,
        "groups": [of_column[i] for i in range(size)],
    }


def _morris_design(columns: Columns, n: int, seed: int) -> NDArray[np.float64]:
    """Return ``n`` trajectories in the unit cube, drawn by SALib."""
    from SALib.sample import morris

    design: NDArray[np.float64] = morris.sample(
        _problem(columns, grouped=True), n, num_levels=wrappers.MORRIS_LEVELS, seed=seed
    )
    return design


def _morris_judge(case: Case) -> float:
    """Return the largest difference from SALib's mu*, as a share of the largest mu*."""
    from SALib.analyze import morris

    theirs = morris.analyze(
        _problem(case.columns, grouped=True),
        case.points,
        case.output,
        num_resamples=MORRIS_RESAMPLES,
        conf_level=CONFIDENCE,
        num_levels=wrappers.MORRIS_LEVELS,
        seed=case.seed + 1,
    )
    ours = case.value("mu_star"), case.half("mu_star")
    pairs = zip((theirs["mu_star"], theirs["mu_star_conf"]), ours, strict=True)
    return _largest(pairs) / float(np.max(ours[0]))


def _sobol_judge(case: Case) -> float:
    """Return the largest difference from SALib's indices and half widths."""
    from SALib.analyze import sobol

    theirs = sobol.analyze(
        _problem(case.columns, grouped=False),
        case.output,
        calc_second_order=False,
        num_resamples=SOBOL_RESAMPLES,
        conf_level=CONFIDENCE,
        seed=case.seed + 1,
    )
    return _largest(
        (theirs[name + ending], part(name))
        for name in ("S1", "ST")
        for ending, part in (("", case.value), ("_conf", case.half))
    )


def _fast_design(columns: Columns, n: int, seed: int) -> NDArray[np.float64]:
    """Return SALib's search curves, each with phases of its own: see `fast`."""
    from SALib.sample import fast_sampler

    rng = np.random.default_rng(seed)
    size = len(columns)
    curves = [
        fast_sampler.sample(_problem(columns, grouped=False), n, seed=rng)
        for _ in range(CURVES)
    ]
    cube = np.stack(curves).reshape(CURVES, size, n, size)
    return np.ascontiguousarray(cube.transpose(2, 0, 1, 3)).reshape(-1, size)


def _fast_judge(case: Case) -> float:
    """Return the largest difference from the mean of SALib's indices of the curves."""
    import warnings

    from SALib.analyze import fast

    cube = case.output.reshape(-1, CURVES, len(case.columns))
    with warnings.catch_warnings():
        # That SALib's intervals are not to be trusted; they are not looked at.
        warnings.simplefilter("ignore", UserWarning)
        theirs = [
            fast.analyze(
                _problem(case.columns, grouped=False), part.T.ravel(), num_resamples=2
            )
            for part in cube.transpose(1, 0, 2)
        ]
    return _largest(
        (np.mean([t[name] for t in theirs], axis=0), case.value(name))
        for name in ("S1", "ST")
    )


def _rbd_fast_judge(case: Case) -> float:
    """Return the largest difference from SALib's S1."""
    from SALib.analyze import rbd_fast

    problem = _problem(case.columns, grouped=False)
    theirs = rbd_fast.analyze(problem, case.points, case.output, seed=case.seed + 1)
    return _largest([(theirs["S1"], case.value("S1"))])


def _pawn_judge(case: Case) -> float:
    """Return the largest difference from SALib's median and maximum."""
    from SALib.analyze import pawn

    problem = _problem(case.columns, grouped=False)
    theirs = pawn.analyze(problem, case.points, case.output, S=SLICES)
    return _largest(
        (theirs[name], case.value(measure))
        for name, measure in (("median", "pawn"), ("maximum", "pawn_max"))
    )


def _delta_judge(case: Case) -> float:
    """Return the largest difference from SALib's estimator, without its resampling."""
    from SALib.analyze.delta import calc_delta

    grid, edges = delta_grid(case.output), delta_edges(len(case.output))
    theirs = [calc_delta(case.output, grid, x, edges) for x in case.points.T]
    return _largest([(theirs, case.value("delta"))])


def _dgsm_judge(case: Case) -> float:
    """Return the largest difference from SALib's bounds, summed over each group."""
    from SALib.analyze import dgsm

    alone = [[i] for i in range(case.points.shape[1])]
    theirs = dgsm.analyze(
        _problem(alone, grouped=False), case.points, case.output, seed=case.seed + 1
    )
    sums = np.array([theirs["dgsm"][list(group)].sum() for group in case.columns])
    return _largest([(sums, case.value("dgsm"))])


def _largest(pairs: Iterable[tuple[Any, NDArray[np.float64]]]) -> float:
    return max(
        float(np.max(np.abs(np.asarray(theirs, dtype=float) - ours)))
        for theirs, ours in pairs
    )


METHODS: dict[str, Method] = {
    "morris": Method(
        name="morris",
        main="mu_star",
        block=lambda columns: len(columns) + 1,
        bound=MORRIS_HALF_WIDTH,
        relative=True,
        design=_morris_design,
        estimate=wrappers.morris_estimate,
        judge=_morris_judge,
    ),
    "sobol": Method(
        name="sobol",
        main="ST",
        block=lambda columns: len(columns) + 2,
        random=(0, -1),
        classes=True,
        design=wrappers.sobol_design,
        estimate=wrappers.sobol_estimate,
        judge=_sobol_judge,
    ),
    "fast": Method(
        name="fast",
        main="ST",
        block=wrappers.fast_block,
        design=_fast_design,
        estimate=wrappers.fast_estimate,
        judge=_fast_judge,
        nested=False,
        mixes=False,
    ),
    "rbd-fast": Method(
        name="rbd-fast",
        main="S1",
        block=lambda _: 1,
        design=wrappers.sample_design,
        estimate=wrappers.rbd_fast_estimate,
        judge=_rbd_fast_judge,
        fewest=SMALLEST["rbd-fast"],
        by_value=True,
    ),
    "pawn": Method(
        name="pawn",
        main="pawn",
        block=lambda _: 1,
        design=wrappers.sample_design,
        estimate=wrappers.pawn_estimate,
        judge=_pawn_judge,
        fewest=SMALLEST["pawn"],
        by_value=True,
    ),
    "delta": Method(
        name="delta",
        main="delta",
        block=lambda _: 1,
        design=wrappers.sample_design,
        estimate=wrappers.delta_estimate,
        judge=_delta_judge,
        fewest=SMALLEST["delta"],
        by_value=True,
    ),
    "dgsm": Method(
        name="dgsm",
        main="dgsm",
        block=wrappers.dgsm_block,
        bound=MORRIS_HALF_WIDTH,
        relative=True,
        design=wrappers.dgsm_design,
        estimate=wrappers.dgsm_estimate,
        judge=_dgsm_judge,
    ),
}
"""The methods there are; each is judged by SALib on one outcome of every design."""
