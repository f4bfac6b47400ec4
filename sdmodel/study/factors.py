"""What a study draws: controls by name or role, and ranges that the study itself gives.

A model without ``controls.csv`` has for controls the constants to which its file gives
both limits.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.errors import StudyError
from sdmodel.model.core import plain
from sdmodel.study.controls import (
    MIX_PREFIX,
    Control,
    bare_control,
    mixes,
    variable_of,
)
from sdmodel.study.names import settable
from sdmodel.study.tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.study import Study

ROLE_FACTORS: Mapping[str, str] = {"levers": "lever", "uncertainties": "uncertainty"}
_COLUMNS = ("name", "min", "max")
_BASE = "base"


@dataclass(frozen=True)
class Mix:
    """Shares that are drawn together by stick-breaking and reported as one group."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """A constant and the range a study draws it from, uniformly."""

    name: str
    min: float
    max: float


def chosen(study: Study, controls: Sequence[Control]) -> tuple[Control, ...]:
    """Return the controls that a study draws, in the order of ``controls.csv``."""
    wanted = {plain(name) for name in study.factors}
    roles = {role for word, role in ROLE_FACTORS.items() if word in wanted}
    mixed = {plain(name) for mix in study.mixes for name in mix.names}
    return tuple(
        control
        for control in controls
        if control.role in roles or plain(control.name) in wanted | mixed
    )


def whole_mixes(
    study: Study, controls: Sequence[Control], problems: list[str]
) -> tuple[Mix, ...]:
    """Return the mixes of a study and those of ``controls.csv`` that it draws from.

    Shares of one whole that are drawn one by one, or in two mixes, mostly add to more
    than one; so a mix holds every share of its whole that is drawn, and nothing else.
    What is missing or foreign is added to ``problems``.
    """
    drawn = {control.name for control in chosen(study, controls)}
    whole_of = {control.name: control.mix for control in controls}
    wholes = {
        name: [member.name for member in members if member.name in drawn]
        for name, members in mixes(tuple(controls)).items()
    }
    taken: set[str | None] = set()
    for mix in study.mixes:
        of = {whole_of[name]: name for name in reversed(mix.names) if name in whole_of}
        taken |= set(of)
        whole = next((name for name in of if name is not None), None)
        if whole is None:
            continue
        place = f"{study.path or study.name}, [design], mix '{mix.name}'"
        first, group = of[whole], f"'{MIX_PREFIX}{whole}'"
        foreign = [n for n in mix.names if whole_of.get(n, whole) != whole]
        missing = [name for name in wholes[whole] if name not in mix.names]
        if foreign:
            problems.append(
                f"{place}: {_listed(foreign)}: no share of the whole of '{first}' "
                f"({group} in controls.csv); leave it out of this mix"
            )
        if missing:
            problems.append(
                f"{place}: {_listed(missing)}: missing; drawn too, of the same whole "
                f"({group} in controls.csv); all its shares are drawn in one mix"
            )
    extra = [
        Mix(name, tuple(member.name for member in members))
        for name, members in mixes(tuple(controls)).items()
        if wholes[name] and name not in taken
    ]
    return (*study.mixes, *extra)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def parse_ranges(
    path: Path, where: str, given: object, problems: list[str]
) -> tuple[Range, ...]:
    """Return the ranges of a study file: a table of pairs, or the name of a CSV file.

    Such a file has the columns name, min and max; ``base``, if it is there, must be
    the model's own value, which `ranged` checks.
    """
    if isinstance(given, str):
        return tuple(item for item, _ in _table(path.parent / given, problems))
    if not isinstance(given, dict):
        problems.append(
            f"{where}, 'ranges': {given!r}; allowed: a table of \"name\" = [min, max], "
            "or the name of a CSV file with the columns name, min, max"
        )
        return ()
    found = []
    for name, pair in given.items():
        numbers = (
            [float(x) for x in pair if isinstance(x, int | float)]
            if isinstance(pair, list)
            else []
        )
        if len(numbers) != 2 or not isinstance(pair, list) or len(pair) != 2:
            problems.append(f"{where}, ranges, '{name}': {pair!r}; allowed: [min, max]")
            continue
        low, high = numbers
        found.append(_range(f"{where}, ranges", name, low, high, problems))
    return tuple(item for item in found if item is not None)


def _range(
    where: str, name: str, low: float, high: float, problems: list[str]
) -> Range | None:
    if math.isfinite(low) and math.isfinite(high) and low < high:
        return Range(name, low, high)
    problems.append(
        f"{where}, '{name}': {low:g} to {high:g}; allowed: two finite numbers, the "
        "smaller first"
    )
    return None


def _table(path: Path, problems: list[str]) -> list[tuple[Range, float]]:
    """Return ranges of a CSV file, each with its base value (nan without one)."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            header = [cell.strip() for cell in file.readline().split(",")]
    except OSError:
        header = []
    columns = (*_COLUMNS, _BASE) if _BASE in header else _COLUMNS
    found = []
    for row in read_rows(path, columns):
        low, high = row.number("min", problems), row.number("max", problems)
        base = row.number(_BASE, problems) if _BASE in columns else math.nan
        if math.isnan(low) or math.isnan(high):
            continue
        item = _range(row.where, row.cells["name"], low, high, problems)
        if item is not None:
            found.append((item, base))
    return found


def ranged(
    path: Path,
    given: object,
    controls: Sequence[Control],
    model: Model,
) -> tuple[Control, ...]:
    """Return the controls of a study: the model's, with the ranges that it gives.

    Parameters
    ----------
    path
        The study file.
    given
        What it says under ``ranges``; None if nothing.
    controls
        Rows of ``controls.csv``; if there are none, the model's limits are taken.
    model
        The model.

    Raises
    ------
    StudyError
        If a range is wrong or names no constant; every problem at once.
    """
    controls = controls or limit_controls(model)
    if given is None:
        return tuple(controls)
    problems: list[str] = []
    where = f"{path}, [design]"
    if isinstance(given, str):
        rows = _table(path.parent / given, problems)
    else:
        rows = [(r, math.nan) for r in parse_ranges(path, where, given, problems)]
    found = {control.name: control for control in controls}
    defaults = {item.name: item.default for item in model.inputs}
    seen: set[str] = set()
    for item, base in rows:
        try:
            elements = settable(item.name, model, controls, len(problems))
        except ValueError as error:
            problems.append(f"{where}, ranges, '{item.name}': {error}")
            continue
        for name in elements:
            if name in seen:
                problems.append(f"{where}, ranges: '{name}' stands twice")
            seen.add(name)
            if not math.isnan(base) and not math.isclose(
                base, defaults[name], rel_tol=1e-9
            ):
                problems.append(
                    f"{where}, ranges, '{name}': base {base:g}, but the model has "
                    f"{defaults[name]:g}"
                )
            found[name] = _drawn(item, name, found.get(name), defaults[name], model)
    if problems:
        raise StudyError(problems)
    return tuple(found.values())


def _drawn(
    item: Range, name: str, known: Control | None, default: float, model: Model
) -> Control:
    """Return the control of a range, drawn uniformly whatever was said before."""
    if known is not None:
        return dataclasses.replace(
            known, min=item.min, max=item.max, distribution="uniform"
        )
    limits = (item.min, item.max)
    return bare_control(name, "uncertainty", default, limits, "the study file", model)


def limit_controls(model: Model) -> tuple[Control, ...]:
    """Return a control for each constant to which the model's file gives both limits.

    They are uncertainties without evidence, and say so.
    """
    found = []
    for item in model.inputs:
        variable = model.variables.get(variable_of(item.name, model))
        low, high = variable.limits if variable else (None, None)
        if low is None or high is None or not low <= item.default <= high:
            continue
        if math.isfinite(low) and math.isfinite(high) and low < high:
            source = f"limits in {model.path}"
            limits = (low, high)
            found.append(
                bare_control(
                    item.name, "uncertainty", item.default, limits, source, model
                )
            )
    return tuple(found)
