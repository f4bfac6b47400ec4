"""STEP, RAMP, PULSE: functions of time, in the arithmetic of PySD's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.model.functions import SMALL
from sdmodel.translate.nouns import LackingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder
    from sdmodel.translate.lower import Lowering
    from sdmodel.translate.nouns import Scope

    Args = Sequence[Any]


def moment(low: Lowering, scope: Scope) -> NodeId:
    """Return Time: its node in the run, its first value before."""
    if scope.mode == "init" and low.time is not None:
        return low.build.const(low.time.start)
    return low.build.op("time")


def step_of(low: Lowering, scope: Scope) -> NodeId:
    """Return TIME STEP: a number, or what its equation says at this time."""
    if low.time is None or not low.time.clock:
        return low.build.op("dt")
    return low.need(("scalar", scope.mode, "time_step", ()))[0]


def step(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """STEP(height, start), from half a step before its start on."""
    op = low.build.op
    height, start = (low.express(arg, scope) for arg in args)
    half = op("div", step_of(low, scope), low.build.const(2.0))
    return op("mul", height, op("gt", op("add", moment(low, scope), half), start))


def ramp(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """RAMP(slope, start[, end])."""
    op, now = low.build.op, moment(low, scope)
    slope, start = (low.express(arg, scope) for arg in args[:2])
    final = now
    if len(args) > 2:
        final = op("min", low.express(args[2], scope), now)
    begun = op("gt", op("add", now, low.build.const(SMALL)), start)
    return op("mul", op("mul", begun, slope), op("sub", final, start))


def _one_pulse(b: Builder, now: NodeId, start: NodeId, width: NodeId) -> NodeId:
    return b.op(
        "and",
        b.op("le", b.op("sub", start, b.const(SMALL)), now),
        b.op("lt", now, b.op("add", start, width)),
    )


def _pulses(
    b: Builder, now: NodeId, start: NodeId, interval: NodeId, width: NodeId
) -> NodeId:
    """Return whether a pulse that comes again after each interval is on."""
    since = b.op("add", b.op("sub", now, start), b.const(SMALL))
    on = b.op("lt", b.op("modulo", since, interval), width)
    again = b.op("and", b.op("le", start, now), on)
    once = _one_pulse(b, now, start, width)
    return b.op("if", b.op("eq", interval, b.const(0.0)), once, again)


def pulse(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """PULSE(start, width)."""
    start, width = (low.express(arg, scope) for arg in args)
    return _one_pulse(low.build, moment(low, scope), start, width)


def pulse_train(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """PULSE TRAIN(start, width, interval, end), arguments as PySD orders them."""
    op, now = low.build.op, moment(low, scope)
    start, interval, width, end = (low.express(arg, scope) for arg in args)
    again = op(
        "and", _pulses(low.build, now, start, interval, width), op("lt", now, end)
    )
    once = _one_pulse(low.build, now, start, width)
    return op("if", op("eq", interval, low.build.const(0.0)), once, again)


def pulse_of(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """XMILE's PULSE(magnitude, start[, interval]): the volume of one step."""
    op, b, now = low.build.op, low.build, moment(low, scope)
    start = low.express(args[0], scope)
    magnitude = low.express(args[-1], scope)
    dt = step_of(low, scope)
    width = op("mul", b.const(0.5), dt)
    if len(args) == 3:
        on = _pulses(b, now, start, low.express(args[1], scope), width)
    else:
        on = _one_pulse(b, now, start, width)
    return op("if", on, op("div", magnitude, dt), b.const(0.0))


def time_value(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """GET TIME VALUE(0 or 1, offset, 0): from Time, or from INITIAL TIME."""
    if args[0] not in {0, 1} or args[2] != 0:
        what = "the computer's clock" if args[0] == 2 else "calendar dates"
        msg = f"GET TIME VALUE of {what}; (0, offset, 0) and (1, offset, 0) are read"
        raise LackingError(msg)
    since = moment(low, scope)
    if args[0] == 1 and low.time is not None:
        since = low.build.const(low.time.start)
    return low.build.op("add", since, low.express(args[1], scope))
