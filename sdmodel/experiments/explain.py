"""What moved an outcome: levers, ways, feedback loops and their part over time."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import RunError, UsageError
from sdmodel.experiments.accounting import account_of
from sdmodel.experiments.courses import Courses, courses
from sdmodel.experiments.explanation import (
    Explanation,
    LeverPart,
    LoopPart,
    WayPart,
)
from sdmodel.experiments.flux import ADDED, Flux, flux
from sdmodel.experiments.holds import Switchboard
from sdmodel.experiments.loops import cuts_of, polarity
from sdmodel.experiments.matter import loop_scores, shares
from sdmodel.experiments.paths import (
    Way,
    between_variables,
    first_acts,
    sector_net,
    ways,
)
from sdmodel.experiments.second_scores import SecondScores, second_scores
from sdmodel.experiments.spread import Spread, courses_of, frozen
from sdmodel.model.web import Web, with_states
from sdmodel.study.loops import read_loops
from sdmodel.study.scenario import BASELINE
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.holds import Held
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.loops import Loop
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.scenario import Scenario

MOST_WAYS = 6
MOST_LEVERS = 6
DRAWS = 32
ROUNDING = 1e-12
"""Part of the outcome below which what loops do is the last bits of a sum: two runs
that are alike may differ in them, and no loop has a share of that."""


def explain(
    workbook: Workbook,
    scenario: Scenario,
    key: OutcomeKey,
    *,
    baseline: Scenario | None = None,
    engine: EngineName = "compiled",
    window: Window | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    second: bool = True,
) -> Explanation:
    """Explain how a scenario moves an outcome.

    Parameters
    ----------
    workbook
        A model and its tables; ``loops.csv`` names the loops.
    scenario
        What to explain.
    key
        The outcome; a weighted sum of its series (see `added_key`).
    baseline
        What to compare with; the model's baseline if None.
    engine
        What computes.
    window
        Years and discount rate of summaries.
    draws, seed
        Draws of the uncertainties for the ranges; 0 for none.
    second
        Whether pysimlin, where it is installed, scores the loops too.

    Raises
    ------
    UsageError
        If the outcome's number is picked, not added up.
    RunError
        If a run goes bad, or the outcome has no value in one of them.
    """
    window = window or Window()
    if key.year is None and key.summary not in ADDED:
        msg = (
            f"'{key.text}': a {key.summary} has no parts; ask for {key.outcome.id}@YEAR"
        )
        raise UsageError(msg)
    base = baseline or workbook.scenario(BASELINE)
    web = Web(with_states(workbook.model))
    loops = read_loops(workbook.folder, web)
    both = courses(web.model, [base, scenario], engine=engine)
    found = flux(web, both, [key], window)
    if not np.isfinite(found.change[0]):
        msg = (
            f"'{key.text}' has no value in '{scenario.id}' or in '{base.id}' (it "
            "divides by nothing there), and there is no change to explain"
        )
        raise RunError(msg)
    told = ways(web, found, 0, MOST_WAYS)
    between = sector_net(web, found)
    held = [_least_shared(web, found, way) for way in told]
    cuts = _cuts(web, loops, held)
    board = Switchboard(web, cuts, [key], window, engine)
    alone = not found.levers
    series = _without_reform(web, both, board.sources, alone=alone, start=window.start)
    first = board.hold([scenario], [courses_of(board, series)], both.times)
    open_ = board.without_feedback([scenario], first, both.times)
    spread = Spread.over(
        workbook, board, base, scenario, draws, seed, alone=alone, start=window.start
    )
    saved = both.times[:: max(round(1 / web.model.time.step), 1)]
    at = np.searchsorted(both.times, saved - 1e-9)
    own = shares(loop_scores(web, both, 1, loops, saved.tolist()))
    other = (
        second_scores(web, both, 1, loops, saved.tolist()) if second else SecondScores()
    )
    matter = other.shares or own
    parts = [
        dataclasses.replace(
            _loop_part(web, both, loop, told, first[0], open_[0], at, spread),
            matter=matter[loop.id],
            matter_own=own[loop.id],
        )
        for loop in loops
    ]
    numbers = first[0].values
    value = float(numbers[0, 0])
    whole = np.sum([np.abs(p.course) for p in parts], axis=0) if parts else 0.0
    some = whole > ROUNDING * abs(value)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [
            dataclasses.replace(p, share=np.where(some, p.course / whole, 0.0))
            for p in parts
        ]
    mix_of = {control.name: control.mix for control in workbook.controls}
    change = float(found.change[0])
    return Explanation(
        scenario=scenario,
        baseline=base,
        key=key,
        value=value,
        base=value - change,
        change=change,
        change_range=spread.change if spread else None,
        levers=tuple(
            sorted(
                (
                    LeverPart(n, float(v[0]), mix_of.get(n))
                    for n, v in found.levers.items()
                ),
                key=lambda part: -abs(part.carried),
            )
        ),
        first=first_acts(web, found, 0, MOST_LEVERS),
        sectors=ways(web, found, 0, MOST_WAYS, between) if between else (),
        ways=tuple(
            WayPart(
                way,
                link,
                first[0].effect(_name(link), 0),
                spread.owed(_name(link)) if spread else None,
            )
            for way, link in zip(told, held, strict=True)
        ),
        loops=tuple(sorted(parts, key=lambda part: -abs(part.passed))),
        account=account_of(
            workbook, web, both, key, window, (base, scenario), draws, seed
        )
        if not alone
        else (),
        second=other,
        times=saved,
    )


def _name(link: tuple[str, str]) -> str:
    return f"{link[0]} -> {link[1]}"


def _least_shared(web: Web, found: Flux, way: Way) -> tuple[str, str]:
    """Return the link of a way that carries least in all, and so is most its own."""
    passed = between_variables(web, found, 0)
    links = list(itertools.pairwise(way.path))
    links = links[:-2] or links  # the last ones only say what the outcome is made of
    return min(links, key=lambda link: passed[link[0]][link[1]])


def _cuts(
    web: Web, loops: Sequence[Loop], held: Sequence[tuple[str, str]]
) -> dict[str, tuple[tuple[str, str], ...]]:
    cuts = dict(cuts_of(web, loops))
    for start, end in dict.fromkeys(held):
        links = tuple(
            (parent, element)
            for element in web.elements.get(end, ())
            for parent in web.parents[element]
            if web.variable(parent) == start
        )
        if links:
            cuts[_name((start, end))] = links
    return cuts


def _without_reform(
    web: Web, both: Courses, sources: Sequence[str], *, alone: bool, start: float
) -> dict[str, NDArray[np.float64]]:
    """Return what held links see: the baseline, or where things stood at the start."""
    series = {s: both.of(web.model.scalars[s])[0] for s in sources}
    return frozen(series, both.times, start) if alone else series


def _loop_part(
    web: Web,
    both: Courses,
    loop: Loop,
    told: Sequence[Way],
    first: Held,
    open_: Held,
    at: NDArray[np.int64],
    spread: Spread | None,
) -> LoopPart:
    """Return what a loop does; its shares are filled in when all are known."""
    sign = polarity(web, both, 1, loop)
    around = {(web.variable(a), web.variable(b)) for a, b in loop.links}
    on_way = any(around & set(itertools.pairwise(way.path)) for way in told)
    course = first.course(loop.id, 0)[at]
    return LoopPart(
        loop=loop,
        on_way=on_way,
        active=sign.active,
        as_claimed=sign.as_claimed,
        passed=first.effect(loop.id, 0),
        returned=open_.effect(loop.id, 0),
        course=course,
        share=np.zeros(len(course)),
        matter=np.zeros(len(course)),
        matter_own=np.zeros(len(course)),
        passed_range=spread.owed(loop.id) if spread else None,
        returned_range=spread.feedback(loop.id) if spread else None,
    )
