"""Which levers and which assumptions decide an outcome: Morris and Sobol' studies.

Levers (what a policy maker chooses) and uncertainties (what nobody knows) have indices
of their own: in one design the levers move and the uncertainties stay at the values of
the scenario, in a second it is the other way round. A third design moves each class as
one group, so that a reader sees how much of the spread is policy, how much ignorance,
and how much their interaction.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.errors import StudyError, did_you_mean
from sdmodel.experiments.analysis import Method, analyse, count_runs
from sdmodel.experiments.designs import check_n, saltelli
from sdmodel.experiments.ensemble import Ensemble
from sdmodel.experiments.estimators import (
    CONFIDENCE,
    MORRIS_RESAMPLES,
    SOBOL_RESAMPLES,
    morris_indices,
    sobol_indices,
)
from sdmodel.experiments.indices import SensitivityResult
from sdmodel.experiments.space import drawable, make_space
from sdmodel.experiments.verdicts import MORRIS_HALF_WIDTH, SOBOL_HALF_WIDTH
from sdmodel.experiments.workbook import folder_of, workbook_of, workbook_of_study
from sdmodel.model.core import plain
from sdmodel.study.factors import chosen
from sdmodel.study.locate import find_study
from sdmodel.study.outcomes import parse_key
from sdmodel.study.study import Study, is_table
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.analysis import Columns, Measures
    from sdmodel.experiments.indices import Estimate, Level
    from sdmodel.experiments.space import Space
    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.scenario import Scenario

PLANNED = ("fast", "rbd-fast", "delta", "pawn", "dgsm")

LARGEST_BYTES = 2_000_000_000
"""Inputs and outcomes of one study that are held in memory."""

SECONDS_A_RUN = 1e-3
"""For the estimate in a refusal; the shipped model, compiled, on one core."""

MORRIS_LEVELS = 4
MORRIS_DELTA = MORRIS_LEVELS / (2.0 * (MORRIS_LEVELS - 1))


def find_method(name: str) -> Method:
    """Return the method of that name.

    Raises
    ------
    StudyError
        If it is unknown or not there yet, naming what there is.
    """
    if name in METHODS:
        return METHODS[name]
    available = ", ".join(METHODS)
    if name in PLANNED:
        msg = f"method '{name}' is not yet available; available: {available}"
        raise StudyError(msg)
    if name == "lhs" or is_table(name):
        msg = (
            f"method '{name}' draws runs without indices; it is for 'sdmodel sweep'; "
            f"available here: {available}"
        )
        raise StudyError(msg)
    hint = did_you_mean(name, (*METHODS, *PLANNED))
    msg = f"method '{name}': unknown; available: {available}{hint}"
    raise StudyError(msg)


def study_space(study: Study, controls: Sequence[Control]) -> Space:
    """Return the space that a study samples: its factors, its mixes as groups."""
    named = {plain(name) for name in study.factors}
    named |= {plain(name) for mix in study.mixes for name in mix.names}
    drawn = {c.name: c for c in drawable(chosen(study, controls), named)}
    mixes = []
    for mix in study.mixes:
        total = math.fsum(drawn[name].default for name in mix.names if name in drawn)
        # Shares that add to one in the model leave no rest to a share not named.
        mixes.append((mix.name, mix.names, total < 1.0 - 1e-9))
    return make_space(tuple(drawn.values()), mixes)


def sensitivity(
    model: Model,
    study: Study | str | Path,
    *,
    scenarios: Sequence[Scenario] | None = None,
    controls: Sequence[Control] | None = None,
    outcomes: Sequence[Outcome] | None = None,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> SensitivityResult:
    """Do a study: Morris or Sobol' indices around each of its scenarios.

    Parameters
    ----------
    model
        The model.
    study
        Method, sample size, seed, factors, mixes and outcome keys; or the name of a
        shipped study, or the path of a study file.
    scenarios
        Those of the study, read; by default from the model's folder.
    controls, outcomes
        Tables of the model folder; by default read from there.
    engine, jobs, progress
        As for ``simulate``; progress counts the runs of the whole study.

    Raises
    ------
    StudyError
        If the study cannot be done as asked, before any run.
    """
    if (
        controls is None
        or outcomes is None
        or scenarios is None
        or not isinstance(study, Study)
    ):
        workbook = workbook_of(model, folder_of(model))
        if not isinstance(study, Study):
            workbook, study = workbook_of_study(workbook, find_study(study))
        controls = workbook.controls if controls is None else controls
        outcomes = workbook.outcomes if outcomes is None else outcomes
        if scenarios is None:
            scenarios = [workbook.scenario(name) for name in study.scenarios]
    method = find_method(study.method)
    space = study_space(study, controls)
    keys = [parse_key(text, outcomes, model) for text in study.outcomes]
    window = Window(rate=study.discount)
    total = len(scenarios) * count_runs(space, method, study.n)
    check_size(total, len(space.names) + space.dimensions + len(keys))
    check_n(method.name, study.n)
    done = 0

    def around(scenario: Scenario) -> tuple[Estimate, ...]:
        ensemble = Ensemble(model, scenario.values, engine, jobs, window)

        def evaluate(
            names: tuple[str, ...], values: NDArray[np.float64], /
        ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
            nonlocal done
            before = done

            def report(finished: int, _: int) -> None:
                if progress is not None:
                    progress(before + finished, total)

            found = ensemble.outcomes(keys, names, values, report)
            done = before + len(values)
            return found

        return analyse(
            space,
            [key.text for key in keys],
            evaluate,
            method=method,
            n=study.n,
            seed=study.seed,
        )

    return SensitivityResult(
        method=study.method,
        n=study.n,
        seed=study.seed,
        engine=engine,
        digest=model.digest,
        estimates={scenario.id: around(scenario) for scenario in scenarios},
        units={key.text: key.unit for key in keys},
    )


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


def study_runs(study: Study, controls: Sequence[Control]) -> int:
    """Return how many runs a study makes around one scenario."""
    return count_runs(study_space(study, controls), find_method(study.method), study.n)


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
        _problem(columns, grouped=True), n, num_levels=MORRIS_LEVELS, seed=seed
    )
    return design


def _morris_estimate(
    design: NDArray[np.float64],
    outputs: NDArray[np.float64],
    columns: Columns,
    rng: np.random.Generator,
) -> tuple[Measures, Measures]:
    found = morris_indices(design, outputs, columns, rng, delta=MORRIS_DELTA)
    value = {"mu_star": found.mean_absolute, "mu": found.mean, "sigma": found.sigma}
    return value, {"mu_star": found.half}


def _sobol_design(columns: Columns, n: int, seed: int) -> NDArray[np.float64]:
    return saltelli(n, columns, seed)


def _sobol_estimate(
    design: NDArray[np.float64],
    outputs: NDArray[np.float64],
    columns: Columns,
    rng: np.random.Generator,
) -> tuple[Measures, Measures]:
    del design
    found = sobol_indices(outputs, len(columns), rng)
    value = {"S1": found.first, "ST": found.total}
    return value, {"S1": found.first_half, "ST": found.total_half}


def _morris_judge(
    design: NDArray[np.float64],
    output: NDArray[np.float64],
    columns: Columns,
    level: Level,
    place: int,
    seed: int,
) -> float:
    """Return the largest difference from SALib's mu*, as a share of the largest mu*."""
    from SALib.analyze import morris

    theirs = morris.analyze(
        _problem(columns, grouped=True),
        design,
        output,
        num_resamples=MORRIS_RESAMPLES,
        conf_level=CONFIDENCE,
        num_levels=MORRIS_LEVELS,
        seed=seed + 1,
    )
    ours = level.value["mu_star"][:, place], level.half["mu_star"][:, place]
    pairs = zip((theirs["mu_star"], theirs["mu_star_conf"]), ours, strict=True)
    return _largest(pairs) / float(np.max(ours[0]))


def _sobol_judge(
    design: NDArray[np.float64],
    output: NDArray[np.float64],
    columns: Columns,
    level: Level,
    place: int,
    seed: int,
) -> float:
    """Return the largest difference from SALib's indices and half widths."""
    from SALib.analyze import sobol

    del design
    theirs = sobol.analyze(
        _problem(columns, grouped=False),
        output,
        calc_second_order=False,
        num_resamples=SOBOL_RESAMPLES,
        conf_level=CONFIDENCE,
        seed=seed + 1,
    )
    return _largest(
        (theirs[name + ending], part[name][:, place])
        for name in ("S1", "ST")
        for ending, part in (("", level.value), ("_conf", level.half))
    )


def _largest(pairs: Iterable[tuple[Any, NDArray[np.float64]]]) -> float:
    return max(
        float(np.max(np.abs(np.asarray(theirs, dtype=float) - ours)))
        for theirs, ours in pairs
    )


METHODS: dict[str, Method] = {
    "morris": Method(
        name="morris",
        main="mu_star",
        extra=1,
        random=(0,),
        bound=MORRIS_HALF_WIDTH,
        relative=True,
        classes=False,
        design=_morris_design,
        estimate=_morris_estimate,
        judge=_morris_judge,
    ),
    "sobol": Method(
        name="sobol",
        main="ST",
        extra=2,
        random=(0, -1),
        bound=SOBOL_HALF_WIDTH,
        relative=False,
        classes=True,
        design=_sobol_design,
        estimate=_sobol_estimate,
        judge=_sobol_judge,
    ),
}
"""The methods there are; each is judged by SALib on one outcome of every design."""
