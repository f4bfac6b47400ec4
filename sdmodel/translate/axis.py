"""Whether a time axis can be stepped and saved without losing a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.model.core import TimeAxis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_STEPS = 10_000_000
MAX_WALKED = 250_000
"""Steps of control variables that change over time, which are kept as a list."""

MAX_WORK = 50_000_000
"""Operations for a time axis that is walked: some ten seconds, step after step."""

_NEAR = 1e-5
"""Part of a step by which a time may miss the end or a saving, as in PySD."""


class AxisError(Exception):
    """A control variable that cannot be stepped by; ``control`` names it."""

    def __init__(self, control: str, what: str) -> None:
        super().__init__(what)
        self.control = control


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


def uneven_rows(axis: TimeAxis) -> tuple[int, ...]:
    """Return the steps that are saved where SAVEPER is no multiple of TIME STEP.

    As in PySD these are the steps that a multiple of SAVEPER falls on; none is returned
    where every multiple does.
    """
    if _whole(axis.save_every / axis.step):
        return ()
    rows: list[int] = []
    for step in range(axis.steps + 1):
        since, near = step * axis.step, axis.step * _NEAR
        if since % axis.save_every < near or -since % axis.save_every < near:
            rows.append(step)
    return tuple(rows)


def walk(
    start: Callable[[float], float],
    stop: Callable[[float], float],
    step: Callable[[float], float],
    save_every: Callable[[float], float],
    cost: int = 1,
) -> TimeAxis:
    """Return the axis of control variables that are functions of time.

    Time goes on until it is within a hundred thousandth of a step of the final time
    then in force; steps of one length are counted, not summed. ``cost`` are the
    operations that one step takes.

    Raises
    ------
    AxisError
        If a step or a saving is not positive, or there are too many steps.
    """
    first = start(start(0.0))
    most = min(MAX_WALKED, max(1000, MAX_WORK // max(cost, 1)))
    clock, rows = [first], list[int]()
    origin, count, before = first, 0, math.nan
    while True:
        now = clock[-1]
        dt, every, end = step(now), save_every(now), stop(now)
        if not (math.isfinite(dt) and dt > 0):
            raise AxisError("time_step", f"TIME STEP = {dt:g} at time {now:g}")
        if not every > 0:
            raise AxisError("saveper", f"SAVEPER = {every:g} at time {now:g}")
        since, near = now - first, dt * _NEAR
        if since % every < near or -since % every < near:
            rows.append(len(clock) - 1)
        if not now + near < end:
            break
        if len(clock) > most:
            msg = (
                f"more than {most:,} steps before FINAL TIME = {end:g}; where the time "
                "axis changes on the way, no more are run"
            )
            raise AxisError("time_step", msg)
        if dt != before:
            origin, count, before = now, 0, dt
        count += 1
        clock.append(origin + count * dt)
    return TimeAxis(
        first, clock[-1], step(first), save_every(first), tuple(clock), tuple(rows)
    )


def _whole(ratio: float) -> bool:
    return (
        math.isfinite(ratio)
        and abs(ratio - round(ratio)) <= 1e-9 * max(1.0, abs(ratio))
        and round(ratio) >= 0
    )
