"""Whether a time axis can be stepped and saved without losing a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdmodel.model.core import TimeAxis

MAX_STEPS = 10_000_000


def dyadic(step: float) -> bool:
    """Return whether sums of steps are exact in binary arithmetic."""
    mantissa, _ = math.frexp(step)
    return (mantissa * 2**12).is_integer()


def check_time(axis: TimeAxis) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a time axis: the control variable and the sentence."""
    values = {
        "initial_time": axis.start,
        "final_time": axis.stop,
        "time_step": axis.step,
        "saveper": axis.save_every,
    }
    for key, value in values.items():
        if not math.isfinite(value):
            yield key, f"{key.upper().replace('_', ' ')} = {value} is not finite"
    if not all(map(math.isfinite, values.values())):
        return
    if axis.step <= 0:
        yield "time_step", f"TIME STEP = {axis.step:g}; it must be greater than 0"
        return
    if axis.save_every <= 0:
        yield "saveper", f"SAVEPER = {axis.save_every:g}; it must be greater than 0"
        return
    if axis.stop < axis.start:
        yield (
            "final_time",
            f"FINAL TIME = {axis.stop:g} lies before INITIAL TIME = {axis.start:g}",
        )
        return
    steps = (axis.stop - axis.start) / axis.step
    if steps > MAX_STEPS:
        yield (
            "time_step",
            (
                f"{steps:.3g} steps of {axis.step:g} from {axis.start:g} to "
                f"{axis.stop:g}; "
                f"at most {MAX_STEPS:,} are run"
            ),
        )
        return
    if not _whole(steps):
        yield (
            "time_step",
            (
                f"TIME STEP = {axis.step:g} does not divide the "
                f"{axis.stop - axis.start:g} "
                "from INITIAL TIME to FINAL TIME"
            ),
        )
    if not _whole(axis.save_every / axis.step):
        yield (
            "saveper",
            (
                f"SAVEPER = {axis.save_every:g} is not a multiple of TIME STEP = "
                f"{axis.step:g}"
            ),
        )


def _whole(ratio: float) -> bool:
    return (
        math.isfinite(ratio)
        and abs(ratio - round(ratio)) <= 1e-9 * max(1.0, abs(ratio))
        and round(ratio) >= 0
    )
