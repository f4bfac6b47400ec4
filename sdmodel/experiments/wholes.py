"""Shares of one whole: no row of any design may give out more than there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.errors import StudyError
from sdmodel.study.controls import SHARE_SUM, mixes
from sdmodel.study.design import Schedule
from sdmodel.study.values import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.experiments.space import Space
    from sdmodel.study.controls import Control
    from sdmodel.study.scenario import Scenario


def refuse_over(controls: Sequence[Control], values: NDArray[np.float64]) -> None:
    """Refuse a design some of whose rows give out more than the whole.

    Parameters
    ----------
    controls
        What is drawn, in the order of the columns.
    values
        (run, control).

    Raises
    ------
    StudyError
        Naming the shares; drawn in one mix they never add to more than one.
    """
    place = {control.name: i for i, control in enumerate(controls)}
    problems = []
    for whole, members in mixes(tuple(controls)).items():
        total = values[:, [place[member.name] for member in members]].sum(axis=1)
        over = int((total > SHARE_SUM).sum())
        if over:
            shown = " + ".join(f"'{member.name}'" for member in members)
            problems.append(
                f"shares of '{whole}' add to {total.max():g}, and to more than 1 in "
                f"{over:,} of {len(total):,} runs: {shown}; draw them in one mix"
            )
    if problems:
        raise StudyError(problems)


def check_held(
    space: Space, controls: Sequence[Control], scenarios: Iterable[Scenario]
) -> None:
    """Refuse scenarios whose own shares leave too little of a whole to a study.

    Parameters
    ----------
    space
        What the study draws; a mix may give out all of its whole.
    controls, scenarios
        A share that is not drawn stays as the scenario has it.

    Raises
    ------
    StudyError
        Naming scenario and shares.
    """
    mixed = {c.name for group in space.groups if group.mix for c in group.controls}
    problems = []
    for whole, members in mixes(tuple(controls)).items():
        free = [member for member in members if member.name in space.names]
        if not free:
            continue
        alone = math.fsum(member.max for member in free)
        top = 1.0 if any(member.name in mixed for member in free) else alone
        problems += held_problems(whole, members, space.names, top, scenarios)
    if problems:
        raise StudyError(problems)


def check_table(
    names: Sequence[str],
    values: NDArray[np.float64],
    controls: Sequence[Control],
    scenarios: Iterable[Scenario],
) -> None:
    """Refuse scenarios whose own shares leave too little of a whole to a table.

    Parameters
    ----------
    names, values
        The table, (run, name).
    controls, scenarios
        As for `check_held`.

    Raises
    ------
    StudyError
        Naming scenario and shares.
    """
    problems = []
    for whole, members in mixes(tuple(controls)).items():
        columns = [names.index(m.name) for m in members if m.name in names]
        if columns:
            top = float(values[:, columns].sum(axis=1).max())
            problems += held_problems(whole, members, names, top, scenarios)
    if problems:
        raise StudyError(problems)


def held_problems(
    whole: str,
    members: Sequence[Control],
    drawn: Sequence[str],
    top: float,
    scenarios: Iterable[Scenario],
) -> list[str]:
    """Return a sentence for each scenario that holds too much of a whole.

    ``top`` is the largest sum that the ``drawn`` ones of its ``members`` reach.
    """
    problems = []
    for scenario in scenarios:
        held = {
            member.name: scenario.values.get(member.name, member.default)
            for member in members
            if member.name not in drawn
        }
        # Between the points of schedules sums are linear: the largest is at a point.
        times = {t for v in held.values() if isinstance(v, Schedule) for t in v.times}
        sums = [
            {name: value_at(value, time) for name, value in held.items()}
            for time in times or {0.0}
        ]
        most = max(sums, key=lambda shares: math.fsum(shares.values()))
        total = top + math.fsum(most.values())
        if most and total > SHARE_SUM:
            shown = ", ".join(f"'{n}' {v:g}" for n, v in most.items() if v)
            problems.append(
                f"scenario '{scenario.id}': shares of '{whole}' would add to "
                f"{total:g}: it keeps {shown}, and the others are drawn up to {top:g} "
                "together; draw all of them, or take scenarios that set these to 0"
            )
    return problems
