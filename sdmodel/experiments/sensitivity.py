"""Which levers and which assumptions decide an outcome: Morris and Sobol' studies.

Levers (what a policy maker chooses) and uncertainties (what nobody knows) have indices
of their own: in one design the levers move and the uncertainties stay at the values of
the scenario, in a second it is the other way round. A third design moves each class as
one group, so that a reader sees how much of the spread is policy, how much ignorance,
and how much their interaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.experiments.analysis import (
    analyse,
    check_mixes,
    check_size,
    count_runs,
)
from sdmodel.experiments.designs import check_n
from sdmodel.experiments.ensemble import Ensemble
from sdmodel.experiments.indices import SensitivityResult
from sdmodel.experiments.methods import find_method
from sdmodel.experiments.space import study_space
from sdmodel.experiments.wholes import check_held
from sdmodel.experiments.workbook import folder_of, workbook_of, workbook_of_study
from sdmodel.study.locate import find_study
from sdmodel.study.outcomes import parse_key
from sdmodel.study.study import Study
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.indices import Estimate
    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.scenario import Scenario


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
    check_mixes(space, method)
    check_held(space, controls, scenarios)
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


def study_runs(study: Study, controls: Sequence[Control]) -> int:
    """Return how many runs a study makes around one scenario."""
    return count_runs(study_space(study, controls), find_method(study.method), study.n)
