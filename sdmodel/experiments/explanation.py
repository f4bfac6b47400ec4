"""What an explanation of an outcome's change is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdmodel.experiments.flux import ADDED
from sdmodel.study.outcomes import OutcomeKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.experiments.paths import FirstActs, Way
    from sdmodel.experiments.second_scores import SecondScores
    from sdmodel.experiments.spread import Range
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.loops import Loop
    from sdmodel.study.scenario import Scenario


@dataclass(frozen=True)
class LeverPart:
    """A constant that the scenario sets otherwise, and what it brings of the change.

    ``mix`` is the payment mix that it is a share of, if any: shares of one whole move
    together, and only their sum stands for a choice.
    """

    name: str
    carried: float
    mix: str | None = None


@dataclass(frozen=True)
class WayPart:
    """A way and what the outcome owes to it by a second measure.

    ``held`` is the link of the way that fewest others share, between two variables;
    ``owed`` is the outcome less what it would be with that link held at the baseline.
    """

    way: Way
    held: tuple[str, str]
    owed: float
    owed_range: Range | None = None


@dataclass(frozen=True)
class LoopPart:
    """A loop along the scenario and what it does to the outcome.

    ``passed`` is the outcome less what it would be with the loop's link held at the
    baseline: all that comes that way, from levers too. ``returned`` is what of it comes
    by going around again: the outcome less what it would be if the link were played its
    own course without the return. ``course`` is what has passed over ``times``,
    ``share`` its part of what passes all loops' links then (signed; the sizes add to
    one). ``matter`` is the loop's part of all loops' scores (loops that matter),
    whatever the outcome: pysimlin's where it answers, otherwise ``matter_own``, ours
    (see ``experiments.matter``).
    """

    loop: Loop
    on_way: bool
    active: float
    as_claimed: float
    passed: float
    returned: float
    course: NDArray[np.float64]
    share: NDArray[np.float64]
    matter: NDArray[np.float64]
    matter_own: NDArray[np.float64]
    passed_range: Range | None = None
    returned_range: Range | None = None


@dataclass(frozen=True)
class FactorPart:
    """A factor of the outcome's account and what it brings of the change."""

    id: str
    names: Mapping[str, str]
    carried: float
    carried_range: Range | None = None


@dataclass(frozen=True)
class Explanation:
    """Why an outcome of a scenario is not what it is in the baseline.

    ``second`` is what pysimlin says of the loops' shares.
    """

    scenario: Scenario
    baseline: Scenario
    key: OutcomeKey
    value: float
    base: float
    change: float
    change_range: Range | None
    levers: tuple[LeverPart, ...]
    first: tuple[FirstActs, ...]
    sectors: tuple[Way, ...]
    ways: tuple[WayPart, ...]
    loops: tuple[LoopPart, ...]
    account: tuple[FactorPart, ...]
    second: SecondScores
    times: NDArray[np.float64] = field(repr=False)

    @property
    def apart(self) -> float | None:
        """Largest difference between pysimlin's shares of the loops and ours."""
        return self.second.apart({p.loop.id: p.matter_own for p in self.loops})

    @property
    def alone(self) -> bool:
        """Whether the scenario sets nothing otherwise: only loops are told then."""
        return not self.levers


def added_key(key: OutcomeKey, workbook: Workbook) -> OutcomeKey:
    """Return the key itself, or for a peak or a date the series at the end.

    A date or a peak is picked, not added up: its change has no parts, while that of its
    series has.
    """
    if key.year is not None or key.summary in ADDED:
        return key
    stop = workbook.model.time.last
    return OutcomeKey(f"{key.outcome.id}@{stop:g}", key.outcome, key.summary, stop)
