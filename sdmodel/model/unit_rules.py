"""What each function makes of the units of its arguments, and what it asks of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from sdmodel.model.units import NONE, Sense, power_of, show, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MATHS = {"exp", "ln", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "log"}
_MATHS |= {"sinh", "cosh", "tanh"}
_ALIKE = {"min", "max", "modulo", "quantum", "activeinitial"}
_THROUGH = {"abs", "integer", "initial", "game", "sum", "vmin", "vmax"}
_DELAYS = {"smooth", "smoothi", "smooth3", "smooth3i", "smoothn", "delay1", "delay1i"}
_DELAYS |= {"delay3", "delay3i", "delayn", "delayfixed"}


@dataclass
class Ledger:
    """Notes the disagreements of one equation; knows the units around it.

    ``time`` is the unit of Time, ``own`` that of the variable.
    """

    time: Sense
    own: Sense
    notes: list[str] = field(default_factory=list)

    def same(self, a: Sense, b: Sense, what: str) -> Sense:
        """Return the unit that two things share; note it if they differ."""
        if a is None or b is None:
            return b if a is None else a
        if dict(a) != dict(b):
            self.notes.append(f"{what}: {show(a)} and {show(b)}")
        return a

    def as_time(self, unit: Sense, what: str) -> None:
        """Note a unit that is not that of Time."""
        self.same(unit, self.time, f"{what} is not in units of Time")

    def over_time(self, unit: Sense, sign: int) -> Sense:
        """Return the unit times (1) or divided by (-1) the unit of Time."""
        if unit is None or self.time is None:
            return None
        return times(unit, self.time, sign)


def unit_of_call(ledger: Ledger, name: str, given: list[Sense]) -> Sense:
    """Return the unit of a function's value, None where any would do."""
    if not given:
        return None
    first = given[0]
    if name in _MATHS:
        for unit in given:
            if unit:
                ledger.notes.append(
                    f"the argument of {name.upper()} has the unit {show(unit)}; it "
                    "must be dimensionless"
                )
        return NONE
    if name in _THROUGH:
        return first
    if name in _ALIKE:
        for unit in given[1:]:
            first = ledger.same(first, unit, f"the arguments of {name.upper()} differ")
        return first
    if name in _DELAYS:
        ledger.as_time(
            given[1] if len(given) > 1 else None, f"the time of {name.upper()}"
        )
        if len(given) > 2:
            ledger.same(first, given[2], "the input and its initial value differ")
        return first
    rule = _RULES.get(name)
    padded = [*given, None, None, None, None]
    return rule(ledger, padded) if rule else None


def _integ(ledger: Ledger, given: list[Sense]) -> Sense:
    flow = ledger.over_time(given[0], 1)
    if flow is not None and ledger.own is not None and dict(flow) != dict(ledger.own):
        wanted = ledger.over_time(ledger.own, -1)
        ledger.notes.append(
            f"the flows have the unit {show(given[0])}, a stock of {show(ledger.own)} "
            f"needs {show(wanted)}"
        )
    ledger.same(ledger.own, given[1], "the stock and its initial value differ")
    return None


def _if(ledger: Ledger, given: list[Sense]) -> Sense:
    return ledger.same(given[1], given[2], "the two branches of IF THEN ELSE differ")


def _ratio(ledger: Ledger, given: list[Sense]) -> Sense:
    if given[0] is None and given[1] is None:
        return None
    return times(given[0] or NONE, given[1] or NONE, -1)


def _xidz(ledger: Ledger, given: list[Sense]) -> Sense:
    return ledger.same(_ratio(ledger, given), given[2], "the ratio and XIDZ's default")


def _step(ledger: Ledger, given: list[Sense]) -> Sense:
    ledger.as_time(given[1], "the moment of STEP")
    return given[0]


def _ramp(ledger: Ledger, given: list[Sense]) -> Sense:
    for unit in given[1:3]:
        ledger.as_time(unit, "a moment of RAMP")
    return ledger.over_time(given[0], 1)


def _pulse(ledger: Ledger, given: list[Sense]) -> Sense:
    for unit in given:
        ledger.as_time(unit, "a time of PULSE")
    return NONE


def _trend(ledger: Ledger, given: list[Sense]) -> Sense:
    ledger.as_time(given[1], "the time of TREND")
    return ledger.over_time(NONE, -1)


def _forecast(ledger: Ledger, given: list[Sense]) -> Sense:
    for unit in given[1:3]:
        ledger.as_time(unit, "a time of FORECAST")
    return given[0]


def _sample(ledger: Ledger, given: list[Sense]) -> Sense:
    return ledger.same(given[1], given[2], "the value and its initial value differ")


def _sqrt(ledger: Ledger, given: list[Sense]) -> Sense:
    return None if given[0] is None else power_of(given[0], Fraction(1, 2))


def _product_of(ledger: Ledger, given: list[Sense]) -> Sense:
    return None if given[0] else given[0]


_RULES: Mapping[str, Callable[[Ledger, list[Sense]], Sense]] = {
    "integ": _integ,
    "ifthenelse": _if,
    "zidz": _ratio,
    "xidz": _xidz,
    "step": _step,
    "ramp": _ramp,
    "pulse": _pulse,
    "pulsetrain": _pulse,
    "trend": _trend,
    "forecast": _forecast,
    "sampleiftrue": _sample,
    "sqrt": _sqrt,
    "prod": _product_of,
}
