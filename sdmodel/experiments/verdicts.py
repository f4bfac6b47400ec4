"""What may be said of an index: whether it exists, has converged, and ranks where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

State = Literal["ok", "no effect", "withheld"]

SOBOL_HALF_WIDTH = 0.05
"""Sobol' indices have converged when no 95 % interval of a total index reaches further
than this to either side, and none moved out of its interval when n doubled.

The criterion, the widest interval over all factors, is that of Sarrazin, Pianosi &
Wagener (2016), Environmental Modelling & Software 79:135-152; the bound is our choice:
an index is a share of variance, and five points of a hundred change no conclusion here.
"""

MORRIS_HALF_WIDTH = 0.10
"""The same for mu*, as a share of the largest mu*: enough to screen, not to rank."""

CONSTANT_SPREAD = 1e-12
"""Outputs whose range is below this share of their size are constant: rounding of the
engines (they agree to 1e-12 of a column's maximum) would otherwise pass for an effect.
"""

EXAMPLES = 3


@dataclass(frozen=True)
class Verdict:
    """Whether an outcome has indices, and if not, why.

    ``bad`` counts the runs without a usable value, ``examples`` are rows of the first.
    """

    state: State
    reason: str = ""
    bad: int = 0
    examples: tuple[int, ...] = ()


def judge_outputs(
    values: NDArray[np.float64], failed: NDArray[np.bool_]
) -> tuple[Verdict, ...]:
    """Decide for each output whether indices may be computed from these runs.

    One run that is not finite is enough to withhold an output: leaving runs out would
    break the design, and SALib would return zeros.

    Parameters
    ----------
    values
        (run, output).
    failed
        (run,), True where the simulation itself went wrong.
    """
    found: list[Verdict] = []
    runs = len(values)
    for column in values.T:
        missing = failed | ~np.isfinite(column)
        if bad := int(missing.sum()):
            broken = int(failed.sum())
            parts = []
            if broken:
                parts.append(
                    f"{broken} of {runs} runs ended in a value that is not finite"
                )
            if bad > broken:
                parts.append(f"it has no value in {bad - broken} of {runs} runs")
            rows = tuple(int(i) for i in np.flatnonzero(missing)[:EXAMPLES])
            found.append(Verdict("withheld", "; ".join(parts), bad, rows))
        elif np.ptp(column) <= CONSTANT_SPREAD * np.abs(column).max():
            found.append(Verdict("no effect", "the same value in every run"))
        else:
            found.append(Verdict("ok"))
    return tuple(found)


def tiers(value: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort factors into tiers whose intervals do not overlap; 1 is the strongest.

    Within a tier no order is claimed.

    Parameters
    ----------
    value, half
        (group,), an index and the half width of its interval.
    """
    low, high = value - half, value + half
    order = np.argsort(-value, kind="stable")
    found = np.empty(len(value), dtype=np.int64)
    tier = 1
    for place, group in enumerate(order):
        if place and high[order[place:]].max() < low[order[:place]].min():
            tier += 1
        found[group] = tier
    return found


def rows_needed(n: int, widest: float, allowed: float) -> int:
    """Return the sample size, a power of two, at which the widest interval would do.

    Half widths shrink with the square root of ``n``: from one sample, a rough guide.

    Parameters
    ----------
    n
        The sample size used.
    widest
        The widest half width at ``n``.
    allowed
        The half width that counts as converged.
    """
    if not (np.isfinite(widest) and allowed > 0):
        return 0
    needed = n * max(widest / allowed, 1.0) ** 2
    return int(2 ** np.ceil(np.log2(needed) - 1e-9))


def converged(
    levels: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    bound: float,
    relative: bool,
) -> bool:
    """Say whether indices may be read as final, from their values at growing n.

    Parameters
    ----------
    levels
        Value and half width (group,) at n / 2 and n at the end of the list.
    bound
        Largest half width allowed.
    relative
        Whether the bound is a share of the largest value (Morris) or absolute (Sobol').
    """
    value, half = levels[-1]
    scale = float(np.max(value)) if relative else 1.0
    if len(levels) < 2 or not float(np.max(half)) <= bound * scale:
        return False
    before, before_half = levels[-2]
    return bool(np.all(np.abs(value - before) <= before_half + 1e-12))
