"""Claims that a change moves an outcome, as ``systems.csv`` writes them.

``luohu: in_county_share +, cost_per_admission -`` says what a scenario does against
the baseline; ``luohu vs capitation: …`` against another. ``gatekeeping: …`` moves a
control over its whole range, ``integration aim 0 to 0.25 in dip: …`` moves a constant
between two values within a scenario, and ``premium with gatekeeping 0: …`` holds
another at a value. A 0 in the place of the sign claims no effect.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sdmodel.errors import UsageError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.amounts import factor_of
from sdmodel.study.controls import unit_of
from sdmodel.study.names import settable
from sdmodel.study.outcomes import OutcomeKey, parse_key
from sdmodel.study.scenario import BASELINE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome

Sign = Literal[-1, 0, 1]
SIGNS: dict[str, Sign] = {"+": 1, "-": -1, "0": 0}

_VALUES = re.compile(r"(.+?)\s+(-?[0-9.e-]+)\s+to\s+(-?[0-9.e-]+)")


@dataclass(frozen=True)
class Effect:
    """An outcome and the way it moves: 1 up, -1 down, 0 not at all."""

    key: OutcomeKey
    sign: Sign

    @property
    def text(self) -> str:
        """The effect as the table writes it."""
        return f"{self.key.text} {'-0+'[self.sign + 1]}"


@dataclass(frozen=True)
class Side:
    """One of the two runs of a claim: a scenario, and constants set on top of it."""

    scenario: str
    values: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Claim:
    """A change, from one run to another, and what it moves.

    ``names`` are those of the scenario or constants that the claim speaks for; of an
    element of an array the array's too.
    """

    text: str
    names: tuple[str, ...]
    before: Side
    after: Side
    effects: tuple[Effect, ...]


def parse_claims(
    text: str,
    model: Model,
    controls: Sequence[Control],
    outcomes: Sequence[Outcome],
    presets: Mapping[str, str],
) -> tuple[Claim, ...]:
    """Return the claims that a cell writes, divided by semicolons.

    Parameters
    ----------
    text
        The cell.
    model, controls, outcomes
        What may be moved and looked at.
    presets
        Ids of the scenarios, by their names as compared.

    Raises
    ------
    UsageError
        With every problem at once.
    """
    found: list[Claim] = []
    problems: list[str] = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        change, colon, moved = (p.strip() for p in part.rpartition(":"))
        if not colon or not change or not moved:
            problems.append(
                f"'{part}'; allowed: CHANGE: OUTCOME +, as in 'gatekeeping: "
                "primary_visit_share +'"
            )
            continue
        said = len(problems)
        effects = _effects(moved, model, outcomes, problems)
        try:
            names, before, after = _sides(change, model, controls, presets)
        except ValueError as error:
            problems.append(str(error))
        if len(problems) == said:
            found.append(Claim(change, names, before, after, effects))
    if problems:
        raise UsageError(problems)
    return tuple(found)


def _effects(
    text: str, model: Model, outcomes: Sequence[Outcome], problems: list[str]
) -> tuple[Effect, ...]:
    found = []
    for part in (p.strip() for p in text.split(",")):
        name, sign = part[:-1].strip(), part[-1:]
        if sign not in SIGNS or not name:
            problems.append(
                f"'{part}': allowed: an outcome and +, - or 0, as in "
                "'primary_visit_share +'"
            )
            continue
        try:
            key = parse_key(name, outcomes, model)
        except UsageError as error:
            problems += error.problems
            continue
        if key.summary == "crossing" and key.year is None:
            problems.append(
                f"'{part}': a calendar year cannot grow by a share; claim "
                f"'{key.outcome.id}@mean' or another outcome"
            )
            continue
        found.append(Effect(key, SIGNS[sign]))
    return tuple(found)


def _sides(
    text: str,
    model: Model,
    controls: Sequence[Control],
    presets: Mapping[str, str],
) -> tuple[tuple[str, ...], Side, Side]:
    first, versus, second = (p.strip() for p in text.partition(" vs "))
    if plain(first) in presets:
        other = _preset(second if versus else BASELINE, presets)
        name = presets[plain(first)]
        if name == other:
            msg = f"'{text}': a scenario against itself; write '{name} vs OTHER'"
            raise ValueError(msg)
        return (name,), Side(other), Side(name)
    head, inside, last = (p.strip() for p in text.rpartition(" in "))
    if inside and plain(last) in presets:
        text, within = head, presets[plain(last)]
    else:
        within = _preset(BASELINE, presets)
    text, held, other = (p.strip() for p in text.partition(" with "))
    fixed = _held(other, model, controls) if held else ()
    match = _VALUES.fullmatch(text)
    name = match[1] if match else text
    elements = _elements(name, model, controls, presets)
    # What is written is of the model's own place; limits are the grid's already.
    factor = factor_of(unit_of(elements[0], model), model.scale)
    low, high = (
        (_number(match[2]) * factor, _number(match[3]) * factor)
        if match
        else _range(name, elements, controls)
    )
    if low == high:
        msg = f"'{text}': from {low:g} to {high:g} is no change"
        raise ValueError(msg)
    names = dict.fromkeys((*elements, elements[0].partition("[")[0]))
    before, after = (
        Side(within, (*fixed, *((element, value) for element in elements)))
        for value in (low, high)
    )
    return tuple(names), before, after


def _elements(
    name: str,
    model: Model,
    controls: Sequence[Control],
    presets: Mapping[str, str],
) -> tuple[str, ...]:
    try:
        return settable(name, model, controls)
    except ValueError as error:
        near = did_you_mean(name, presets.values())
        msg = f"'{name}': neither a scenario{near} nor a constant: {error}"
        raise ValueError(msg) from error


def _held(
    text: str, model: Model, controls: Sequence[Control]
) -> tuple[tuple[str, float], ...]:
    """Return what ``with NAME VALUE`` holds."""
    name, _, value = text.rpartition(" ")
    if not name:
        msg = f"'with {text}': say 'with NAME VALUE'"
        raise ValueError(msg)
    held = _number(value)
    return tuple(
        (element, held * factor_of(unit_of(element, model), model.scale))
        for element in settable(name, model, controls)
    )


def _preset(name: str, presets: Mapping[str, str]) -> str:
    found = presets.get(plain(name))
    if found is None:
        msg = f"no scenario '{name}'{did_you_mean(name, presets.values())}"
        raise ValueError(msg)
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"'{text}' is not a number"
        raise ValueError(msg)
    return value


def _range(
    name: str, elements: Sequence[str], controls: Sequence[Control]
) -> tuple[float, float]:
    """Return the limits of a control; a constant that is none needs two values."""
    by_name = {control.name: control for control in controls}
    found = {
        (by_name[e].min, by_name[e].max) if e in by_name else None for e in elements
    }
    limits = found.pop()
    if found or limits is None:
        msg = (
            f"'{name}': no one range of it stands in controls.csv; say "
            f"'{name} LOW to HIGH'"
        )
        raise ValueError(msg)
    return limits
