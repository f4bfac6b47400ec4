"""Which scenarios a question is about, and the seed of what they draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.cli.common import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario


def seed_sets(workbook: Workbook, seed: int | None) -> tuple[str, ...]:
    """Return the assignment that ``--seed`` stands for, if the model draws at all."""
    from sdmodel.model.core import plain
    from sdmodel.translate.nouns import NOISE_SEED_NAME

    if seed is None:
        return ()
    if not workbook.model.knows(plain(NOISE_SEED_NAME)):
        say("sdmodel: this model draws nothing at random; --seed changes nothing")
        return ()
    return (f"{NOISE_SEED_NAME}={seed}",)


def read_asked(
    workbook: Workbook,
    names: Sequence[str],
    sets: Sequence[str],
    allow_outside: bool,
) -> tuple[Scenario, ...]:
    """Read the scenarios asked for, each once; tell the problems of all at once."""
    from sdmodel.errors import ScenarioError, SdmodelError

    found: dict[object, Scenario] = {}
    problems: list[str] = []
    for name in names or workbook.scenario_ids()[:1]:
        try:
            scenario = workbook.scenario(name, sets=sets, allow_outside=allow_outside)
        except SdmodelError as error:
            if error.exit_code != ScenarioError.exit_code:
                raise
            problems += error.problems
            continue
        place = scenario.path.resolve() if scenario.path else None
        found[place] = scenario
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    return tuple(found.values())
