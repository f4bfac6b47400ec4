"""Try every claim of ``systems.csv``: whether a change moves outcomes as it says."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.experiments.whatif import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.claims import Claim, Effect, Side
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.systems import System

LEAST = 1e-3
"""Share of an outcome by which a change must move it, to count as moving it."""


@dataclass(frozen=True)
class Trial:
    """What one claim about one outcome found.

    ``before`` and ``after`` are the outcome's values in the two runs, nan where a run
    went bad; ``change`` is their difference as a share of ``before``.
    """

    system: System
    claim: Claim
    effect: Effect
    before: float
    after: float

    @property
    def change(self) -> float:
        """Relative change; of ``after`` if the outcome was zero before."""
        scale = abs(self.before) or abs(self.after)
        return (self.after - self.before) / scale if scale else 0.0

    @property
    def holds(self) -> bool:
        """Whether the outcome moved as claimed, by ``LEAST`` of itself or more."""
        change = self.change
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
            f"{self.before:.6g} to {self.after:.6g} found ({self.change:+.2%})"
        )


def try_claims(
    workbook: Workbook,
    systems: Sequence[System],
    *,
    engine: EngineName = "compiled",
    jobs: int | None = None,
) -> tuple[Trial, ...]:
    """Run every side of every claim in one batch and return what each found.

    Raises
    ------
    SdmodelError
        If a claim sets what a scenario may not set, as a value outside its limits.
    """
    claims = [(s, claim) for s in systems for claim in s.claims]
    if not claims:
        return ()
    sides = dict.fromkeys(side for _, c in claims for side in (c.before, c.after))
    scenarios = [_scenario(workbook, side, f"run {i}") for i, side in enumerate(sides)]
    keys = {e.key.text: e.key for _, claim in claims for e in claim.effects}
    answer = evaluate(
        workbook.model, scenarios, tuple(keys.values()), engine=engine, jobs=jobs
    )
    row = {side: i for i, side in enumerate(sides)}
    return tuple(
        Trial(
            system,
            claim,
            effect,
            float(answer.values[effect.key.text][row[claim.before]]),
            float(answer.values[effect.key.text][row[claim.after]]),
        )
        for system, claim in claims
        for effect in claim.effects
    )


def _scenario(workbook: Workbook, side: Side, name: str) -> Scenario:
    sets = [f"{element}={value!r}" for element, value in side.values]
    return dataclasses.replace(workbook.scenario(side.scenario, sets=sets), id=name)
