"""Amounts: what a place twice as large has twice as much of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.model.units import UnitTextError, parse_unit
from sdmodel.study.design import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

AMOUNTS = frozenset(
    {"person", "bed", "physician", "team", "institution", "cny", "case", "visit"}
)
"""Base units of what a place twice as large has twice as much of."""


def is_amount(unit: str) -> bool:
    """Say whether a unit is an amount (``bed``, ``CNY``) or one per year."""
    try:
        powers = parse_unit(unit)
    except UnitTextError:
        return False
    parts: Mapping[str, Fraction] = powers or {}
    above = [name for name, power in parts.items() if power > 0]
    below = [name for name, power in parts.items() if power < 0]
    return len(above) == 1 and above[0] in AMOUNTS and below in ([], ["year"])


def factor_of(unit: str, scale: float) -> float:
    """Return by what a place of this scale multiplies values of a unit: amounts only.

    Parameters
    ----------
    unit
        Of the value.
    scale
        Amounts of the place relative to the model's own.
    """
    return scale if is_amount(unit) else 1.0


def multiplied(value: float | Schedule, factor: float) -> float | Schedule:
    """Return a number, or a schedule with all its values, times a factor."""
    if isinstance(value, Schedule):
        return Schedule(value.times, tuple(factor * item for item in value.values))
    return factor * value


def on_scale(value: float | Schedule, unit: str, scale: float) -> float | Schedule:
    """Return a value of the model's own place as a place of this scale has it."""
    return multiplied(value, factor_of(unit, scale))
