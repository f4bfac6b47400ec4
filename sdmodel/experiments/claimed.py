"""Try every claim of ``systems.csv``: whether a change moves outcomes as it says.

A claim holds or fails at the central values. In how many draws of the uncertainties it
would hold is another question, which ``draws`` answers: where the evidence is thin both
signs are possible.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import DataError, SdmodelError, UsageError
from sdmodel.experiments.designs import sobol_points
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.experiments.space import drawable, make_space
from sdmodel.experiments.whatif import evaluate
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.claims import Claim, Effect, Side
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.systems import System

LEAST = 1e-3
"""Share of an outcome by which a change must move it, to count as moving it."""


@dataclass(frozen=True)
class Trial:
    """What one claim about one outcome found.

    ``before`` and ``after`` are the outcome's values in the two runs, nan where a run
    went bad; ``change`` is their difference as a share of ``before``; ``drawn`` is the
    same share in each draw of the uncertainties, if any were drawn.
    """

    system: System
    claim: Claim
    effect: Effect
    before: float
    after: float
    drawn: tuple[float, ...] = ()

    @property
    def change(self) -> float:
        """Relative change at the central values."""
        return relative(self.before, self.after)

    @property
    def holds(self) -> bool:
        """Whether the outcome moved as claimed, by ``LEAST`` of itself or more."""
        return self._as_claimed(self.change)

    @property
    def share(self) -> float:
        """Share of the draws in which it does; nan without draws."""
        good = [self._as_claimed(c) for c in self.drawn if math.isfinite(c)]
        return sum(good) / len(good) if good else math.nan

    @property
    def spread(self) -> tuple[float, float]:
        """The 5 % and 95 % quantiles of the relative change over the draws."""
        good = [c for c in self.drawn if math.isfinite(c)]
        if not good:
            return math.nan, math.nan
        low, high = np.quantile(good, (0.05, 0.95))
        return float(low), float(high)

    def _as_claimed(self, change: float) -> bool:
        if not math.isfinite(change):
            return False
        if self.effect.sign == 0:
            return abs(change) < LEAST
        return change * self.effect.sign >= LEAST

    @property
    def sentence(self) -> str:
        """What was claimed and found, in words."""
        return (
            f"{self.system.id}, '{self.claim.text}': {self.effect.text} claimed, "
            f"{self.before:.6g} to {self.after:.6g} found "
            f"({minus(f'{self.change:+.2%}')})"
        )


def relative(before: float, after: float) -> float:
    """Return the change as a share of ``before``, or of ``after`` if that is zero."""
    scale = abs(before) or abs(after)
    return (after - before) / scale if scale else 0.0


def try_claims(
    workbook: Workbook,
    systems: Sequence[System],
    *,
    draws: int = 0,
    seed: int = 0,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Trial, ...]:
    """Run every side of every claim in one batch and return what each found.

    Parameters
    ----------
    workbook, systems
        The model with its tables, and the rows.
    draws
        How many draws of the uncertainties each side meets too, the same for all; a
        power of two, or 0 for the central values alone.
    seed
        Seed of the Sobol' sequence they are drawn by.
    engine, jobs, progress
        As for ``simulate``.

    Raises
    ------
    SdmodelError
        If a claim sets what a scenario may not set, as a value outside its limits, or
        if ``draws`` is no power of two.
    """
    claims = [(s, claim) for s in systems for claim in s.claims]
    if not claims:
        return ()
    sides, scenarios = _sides(workbook, claims)
    wanted = {e.key.text: e.key for _, claim in claims for e in claim.effects}
    keys = tuple(wanted.values())
    answer = evaluate(workbook.model, scenarios, keys, engine=engine, jobs=jobs)
    central = np.array([answer.values[key.text] for key in keys]).T[:, None, :]
    cube = central
    if draws:
        ensemble = Ensemble(workbook.model, {}, engine, jobs)
        drawn = _drawn(workbook, ensemble, scenarios, keys, draws, seed, progress)
        cube = np.concatenate([central, drawn], axis=1)
    row = {side: i for i, side in enumerate(sides)}
    column = {text: i for i, text in enumerate(wanted)}

    def values(side: Side, effect: Effect) -> list[float]:
        found: list[float] = cube[row[side], :, column[effect.key.text]].tolist()
        return found

    trials = []
    for system, claim in claims:
        for effect in claim.effects:
            before, after = values(claim.before, effect), values(claim.after, effect)
            changes = [relative(*pair) for pair in zip(before, after, strict=True)]
            drawn_changes = tuple(changes[1:])
            trials.append(
                Trial(system, claim, effect, before[0], after[0], drawn_changes)
            )
    return tuple(trials)


def _drawn(
    workbook: Workbook,
    ensemble: Ensemble,
    scenarios: Sequence[Scenario],
    keys: Sequence[OutcomeKey],
    draws: int,
    seed: int,
    progress: Progress | None,
) -> NDArray[np.float64]:
    """Return outcomes (side, draw, key); what a side sets itself is not drawn there."""
    if draws < 2 or draws & (draws - 1):
        msg = f"--draws {draws}; allowed: a power of two, such as 64"
        raise UsageError(msg)
    space = make_space(
        [c for c in drawable(workbook.controls) if c.role == "uncertainty"]
    )
    points = space.values(sobol_points(draws, space.dimensions, seed))
    inputs = crossed(workbook.model, [s.values for s in scenarios], space.names, points)
    found, _, _ = ensemble.courses(keys, inputs, (), progress)
    return found.reshape(len(scenarios), draws, -1)


def _sides(
    workbook: Workbook, claims: Sequence[tuple[System, Claim]]
) -> tuple[tuple[Side, ...], list[Scenario]]:
    """Return each run that claims ask for once, with its scenario."""
    found: dict[Side, Scenario] = {}
    problems: list[str] = []
    for system, claim in claims:
        for side in (claim.before, claim.after):
            if side in found:
                continue
            sets = [f"{element}={value!r}" for element, value in side.values]
            try:
                scenario = workbook.scenario(side.scenario, sets=sets)
            except SdmodelError as error:
                place = f"systems.csv, '{system.id}', '{claim.text}'"
                problems += [f"{place}: {p}" for p in error.problems]
                continue
            found[side] = dataclasses.replace(scenario, id=f"run {len(found)}")
    if problems:
        raise DataError(problems)
    return tuple(found), list(found.values())
