"""How much of a change each link of a model carries, exactly.

Between two runs every operation is replaced by the secant through both: the change of
its value is split over its arguments by Shapley's value (1953), so that the parts add
to the whole. The differences between the runs then obey a linear system without error,
and one sweep backwards in time gives what each link carries of the change of an
outcome: over all ways from levers to the outcome, through stocks and around loops. A
sweep forwards says which lever's change it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import UsageError
from sdmodel.experiments.differences import Differences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.experiments.secants import Secants
    from sdmodel.model.web import Web
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.summaries import Window

OUTCOME = "outcome"
ADDED = ("final", "mean", "total", "discounted")
"""Summaries that are weighted sums of a series, so that a change has parts."""


@dataclass(frozen=True)
class Flux:
    """What each link carries of the change of outcomes.

    ``links`` pairs what is read with its reader (`OUTCOME` reads for all outcomes);
    ``carried`` has dims (link, outcome, lever) in the outcomes' units, ``levers`` maps
    each constant that differs, in that order, to what it brings, (outcome,); ``change``
    (outcome,) is the whole.
    """

    links: tuple[tuple[str, str], ...]
    carried: NDArray[np.float64]
    levers: Mapping[str, NDArray[np.float64]]
    change: NDArray[np.float64]


def weights_of(
    key: OutcomeKey,
    times: NDArray[np.float64],
    saved: NDArray[np.float64],
    window: Window,
) -> NDArray[np.float64]:
    """Return the weight of each step in an outcome's number, (step,).

    Raises
    ------
    UsageError
        If the number is no weighted sum of its series (a peak, a date).
    """
    found = np.zeros(len(times))
    place = np.searchsorted(times, saved - 1e-9)
    if key.year is None and key.summary not in ADDED:
        msg = (
            f"'{key.text}': a {key.summary} is picked, not added up, and its change "
            f"has no parts; ask for a year, as in {key.outcome.id}@{saved[-1]:.0f}"
        )
        raise UsageError(msg)
    # A linear functional of the series is known from what it makes of unit impulses.
    number = key.value(np.eye(len(saved)), saved, window)
    found[place] = number
    return found


def flux(
    web: Web,
    both: Courses,
    keys: Sequence[OutcomeKey],
    window: Window,
    secants: Secants | None = None,
    row: int = 0,
) -> Flux:
    """Return what each link carries of the change of each outcome.

    Parameters
    ----------
    web
        The model's graph.
    both
        Courses of two runs: the one to compare with, then the one to explain.
    keys
        Outcomes.
    window
        Years and discount rate of their summaries.
    secants, row
        Slopes between a run and several others, the second of ``both`` being this one
        of them: for callers with many pairs that share the first run.

    Raises
    ------
    UsageError
        If an outcome is no weighted sum of its series.
    """
    saved = np.asarray(web.model.time.saved)
    weights = [weights_of(key, both.times, saved, window) for key in keys]
    system = Differences(web, both, keys, np.stack(weights, axis=1), secants, row)
    system.solve()
    used = np.flatnonzero(np.any(system.direct != 0, axis=(1, 2)))
    names = system.names
    links = [(names[s], names[t]) for s, t in system.pairs.tolist()]
    levers = [names[i] for i in system.levers]
    return Flux(
        links=(*links, *((names[i], OUTCOME) for i in used)),
        carried=np.concatenate([system.carried, system.direct[used]]),
        levers=dict(zip(levers, system.brought, strict=True)),
        change=system.direct.sum(axis=(0, 2)),
    )
