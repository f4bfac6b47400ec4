"""A unit of measurement: read from text, multiplied, shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

Unit = Mapping[str, Fraction]
"""Exponent by base unit; empty is dimensionless."""
Sense = Unit | None
"""A unit, or None for a number, which fits any."""

NONE: Unit = MappingProxyType({})
_DIMENSIONLESS = {"dmnl", "dimensionless", "1", "fraction", "none", "unitless"}
_SAME = {"people": "person", "persons": "person", "$": "dollar", "usd": "dollar"}


class UnitTextError(ValueError):
    """A unit or equation that cannot be read as one."""


def _base(name: str) -> str:
    """Return a unit's name in its singular."""
    word = " ".join(name.split()).casefold()
    word = _SAME.get(word, word)
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def parse_unit(text: str) -> Sense:
    """Return the exponents of ``CNY/(person*year)``; None for an empty text.

    Raises
    ------
    UnitTextError
        If the text is not names joined by ``* / ^ ( )``.
    """
    if not text.strip():
        return None
    tokens = re.findall(r"[*/^()]|[^*/^()]+", text)
    position = 0

    def factor() -> Unit:
        nonlocal position
        if position >= len(tokens):
            raise UnitTextError(text)
        word = tokens[position].strip()
        position += 1
        if not word:
            return factor()
        if word == "(":
            inner = product()
            if position >= len(tokens) or tokens[position].strip() != ")":
                raise UnitTextError(text)
            position += 1
        elif word in "*/^)":
            raise UnitTextError(text)
        elif word.casefold() in _DIMENSIONLESS or _is_number(word):
            inner = NONE
        else:
            inner = {_base(word): Fraction(1)}
        while position < len(tokens) and not tokens[position].strip():
            position += 1
        if position < len(tokens) and tokens[position] == "^":
            try:
                given = tokens[position + 1].strip().strip("()")
                # Written out, 1e999999999 has a billion digits.
                power = Fraction("" if "e" in given.lower() else given)
            except (IndexError, ValueError):
                raise UnitTextError(text) from None
            position += 2
            inner = power_of(inner, power)
        return inner

    def product() -> Unit:
        nonlocal position
        total = factor()
        while position < len(tokens) and tokens[position].strip() in {"*", "/", ""}:
            sign = tokens[position].strip()
            position += 1
            if sign:
                total = times(total, factor(), 1 if sign == "*" else -1)
        return total

    try:
        unit = product()
    except RecursionError:
        raise UnitTextError(text) from None
    if position < len(tokens):
        raise UnitTextError(text)
    return unit


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def times(a: Unit, b: Unit, sign: int = 1) -> Unit:
    """Return the product of two units, or their quotient where ``sign`` is -1."""
    total = dict(a)
    for name, power in b.items():
        total[name] = total.get(name, Fraction(0)) + sign * power
    return {name: power for name, power in total.items() if power}


def power_of(unit: Unit, power: Fraction) -> Unit:
    """Return a unit raised to a power."""
    return {name: own * power for name, own in unit.items() if own * power}


def show(unit: Sense) -> str:
    """Return a unit as text: ``CNY/(person*year)``."""
    if unit is None:
        return "a number"

    def part(names: Mapping[str, Fraction]) -> str:
        return "*".join(
            name if power == 1 else f"{name}^{power}"
            for name, power in sorted(names.items())
        )

    above = {name: power for name, power in unit.items() if power > 0}
    below = {name: -power for name, power in unit.items() if power < 0}
    if not below:
        return part(above) or "Dmnl"
    text = part(below)
    return f"{part(above) or '1'}/{f'({text})' if '*' in text else text}"
