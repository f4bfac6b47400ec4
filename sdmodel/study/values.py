"""Values given to constants: numbers and schedules, their names and their limits."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from typing import TYPE_CHECKING

from sdmodel.study.controls import (
    SHARE_SUM,
    Control,
    mixes,
    unit_of,
    variable_of,
)
from sdmodel.study.design import Schedule
from sdmodel.study.names import settable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sdmodel.model.core import Model


Value = float | Schedule

_UNIT = re.compile(r"\s*[^\W\d_][^\d_]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def parse_number(text: str) -> float:
    """Return the number that a text writes.

    Raises
    ------
    ValueError
        With a sentence that says why it is none.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            shown = text if len(text) <= 40 else f"{text[:37]}..."
            msg = f"{shown} is too large to be a number here"
            raise ValueError(msg)
        return value
    if not text:
        msg = "no value is given; allowed: a number or a schedule"
        raise ValueError(msg)
    if text.lstrip("+-").casefold() in ("nan", "inf", "infinity"):
        msg = f"'{text}' is not a finite number"
        raise ValueError(msg)
    if text.casefold() in ("true", "false", "yes", "no", "on", "off"):
        msg = f"'{text}' is true or false; allowed: a number such as 0 or 1"
        raise ValueError(msg)
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        msg = f"'{text}' has a decimal comma; write {text.replace(',', '.')}"
        raise ValueError(msg)
    if text.endswith("%") and _NUMBER.fullmatch(text[:-1].strip()):
        share = float(text[:-1]) / 100
        msg = f"'{text}' is a percentage; write the fraction {share:g}"
        raise ValueError(msg)
    number = _NUMBER.match(text)
    if number and _UNIT.fullmatch(text[number.end() :]):
        msg = (
            f"'{text}' carries a unit; give the number alone, in the unit of the model"
        )
        raise ValueError(msg)
    msg = (
        f"'{text}' is not a number; allowed: a number, or a schedule 0.4@2026..0.8@2029"
    )
    raise ValueError(msg)


def parse_schedule(text: str) -> Schedule:
    """Return the schedule ``value@year..value@year…`` that a text writes.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong with it.
    """
    times: list[float] = []
    values: list[float] = []
    for point in text.split(".."):
        value, at, time = point.partition("@")
        if not at or "@" in time:
            msg = (
                f"schedule '{text}': '{point.strip()}' is not of the form value@year, "
                "as in 0.4@2026..0.8@2029"
            )
            raise ValueError(msg)
        try:
            values.append(parse_number(value))
            times.append(parse_number(time))
        except ValueError as error:
            msg = f"schedule '{text}': {error}"
            raise ValueError(msg) from error
    if len(times) < 2:
        msg = (
            f"schedule '{text}' has one point; give two or more, as in "
            "0.4@2026..0.8@2029, or a number alone for a constant"
        )
        raise ValueError(msg)
    for before, after in itertools.pairwise(times):
        if after <= before:
            how = "repeats the year" if after == before else "runs backwards:"
            tail = f"{before:g}" if after == before else f"{before:g} before {after:g}"
            msg = f"schedule '{text}' {how} {tail}; years must go up"
            raise ValueError(msg)
    return Schedule(tuple(times), tuple(values))


def parse_value(given: object) -> Value:
    """Return the number or schedule that a TOML value stands for.

    Raises
    ------
    ValueError
        With a sentence that says which kind it is and which are allowed.
    """
    if isinstance(given, bool):
        msg = f"{str(given).lower()} is true or false; allowed: a number such as 0 or 1"
        raise ValueError(msg)  # noqa: TRY004 - callers gather one kind of error
    if isinstance(given, int | float):
        try:
            value = float(given)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            shown = str(given) if isinstance(given, float) else "this whole number"
            msg = f"{shown} is not a finite number"
            raise ValueError(msg)
        return value
    if isinstance(given, str):
        if "@" in given or ".." in given:
            return parse_schedule(given)
        if _NUMBER.fullmatch(given.strip()):
            msg = f'"{given}" is text; write the number without quotes: {given.strip()}'
            raise ValueError(msg)
        parse_number(given)
    kind = {
        list: "an array",
        dict: "a table",
        dt.date: "a date",
        dt.datetime: "a date",
        dt.time: "a time of day",
    }.get(type(given), "of the wrong kind")
    msg = (
        f"{given} is {kind}; allowed: a number, or a schedule "
        '"0.4@2026..0.8@2029" (elements of an array each on a line of its own)'
    )
    raise ValueError(msg)


def schedule_text(value: Value) -> str:
    """Return a value as a user writes it."""
    if isinstance(value, Schedule):
        points = zip(value.values, value.times, strict=True)
        return "..".join(f"{v!r}@{t:.12g}" for v, t in points)
    return repr(value)


def limits_of(
    element: str, model: Model, controls: Sequence[Control]
) -> tuple[float, float]:
    """Return the limits of a constant: its control's, else those of the model file."""
    for control in controls:
        if control.name == element:
            return control.min, control.max
    variable = model.variables.get(variable_of(element, model))
    low, high = variable.limits if variable else (None, None)
    return (
        -math.inf if low is None else low,
        math.inf if high is None else high,
    )


def limit_problem(
    element: str, value: Value, model: Model, controls: Sequence[Control]
) -> str | None:
    """Return what is to be said if a value leaves its limits, else None."""
    low, high = limits_of(element, model, controls)
    numbers = value.values if isinstance(value, Schedule) else (value,)
    outside = [number for number in numbers if not low <= number <= high]
    if not outside:
        return None
    unit = unit_of(element, model)
    fixed = next((c for c in controls if c.name == element and c.fixed), None)
    if fixed is not None:
        held = f"{fixed.default:.10g} {unit}".rstrip()
        return (
            f"{outside[0]:.10g}, but it is held fixed at {held}; another place or size "
            "is a grid: see 'sdmodel grids'"
        )
    allowed = f"{low:g} … {high:g}"
    if math.isinf(high):
        allowed = f"{low:g} or more"
    elif math.isinf(low):
        allowed = f"{high:g} or less"
    hint = ""
    as_share = outside[0] / 100
    # 30 was meant as 30 %; 2.6 was not.
    percent = 1 < outside[0] <= 100 and outside[0].is_integer()
    if low >= 0 and high <= 1 and percent and low <= as_share <= high:
        hint = f"; as a fraction it is {as_share:.2f}"
    return f"{outside[0]:g} is outside {allowed} {unit}".rstrip() + hint


def time_problem(element: str, value: Value, model: Model) -> str | None:
    """Return what is to be said of a schedule that can change nothing over time."""
    if not isinstance(value, Schedule):
        return None
    start, stop = model.time.start, model.time.stop
    if element in model.read_at_start:
        return (
            f"schedule '{schedule_text(value)}', but only initial values read this "
            f"constant, once, in {start:g}; give a number"
        )
    if value.times[0] < stop and value.times[-1] > start:
        return None
    return (
        f"schedule '{schedule_text(value)}' lies wholly outside the model's time "
        f"{start:g} … {stop:g}"
    )


def mix_problems(
    values: Mapping[str, Value],
    model: Model,
    controls: tuple[Control, ...],
    refused: Collection[str] = (),
) -> list[str]:
    """Return a sentence for each payment mix whose shares add to more than one.

    A share that is not set counts with the model's value; schedules are looked at in
    all their points, between which sums are linear. A mix with a share among
    ``refused`` is passed over: what is wrong with it has been said.
    """
    problems = []
    for name, members in mixes(controls).items():
        names = [member.name for member in members]
        if not any(n in values for n in names) or any(n in refused for n in names):
            continue
        times = sorted(
            {
                time
                for member in members
                if isinstance(value := values.get(member.name), Schedule)
                for time in value.times
            }
        )
        for time in times or [model.time.start]:
            shares = {
                member.name: value_at(values.get(member.name, member.default), time)
                for member in members
            }
            total = math.fsum(shares.values())
            if total > SHARE_SUM:
                parts = " + ".join(f"'{n}' {v:g}" for n, v in shares.items())
                when = f" in {time:g}" if times else ""
                problems.append(
                    f"shares of '{name}' add to {total:g}{when}: {parts}; "
                    "they may add to at most 1, the rest being fee for service"
                )
                break
    return problems


def value_at(value: Value, time: float) -> float:
    """Return a value at a time: schedules are linear between points, held outside."""
    if not isinstance(value, Schedule):
        return value
    times, values = value.times, value.values
    if time <= times[0]:
        return values[0]
    for t0, t1, v0, v1 in zip(times, times[1:], values, values[1:], strict=False):
        if time <= t1:
            return v0 + (v1 - v0) * (time - t0) / (t1 - t0)
    return values[-1]


def parse_sets(
    texts: Sequence[str],
    model: Model,
    controls: Sequence[Control],
    problems: list[str],
) -> dict[str, Value]:
    """Return the values of ``--set "NAME=VALUE"`` assignments, by element.

    What is wrong with any is added to ``problems``.
    """
    found: dict[str, Value] = {}
    for text in texts:
        name, equals, given = text.rpartition("=")
        where = f"--set '{text if len(text) <= 120 else text[:117] + '...'}'"
        if not equals or not name.strip():
            problems.append(
                f'{where}: not of the form "NAME=VALUE", as in "DRG share=0.4"'
            )
            continue
        try:
            elements = settable(name.strip().strip("\"'"), model, controls)
            value = (
                parse_schedule(given)
                if "@" in given or ".." in given
                else parse_number(given)
            )
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        for element in elements:
            if element in found:
                problems.append(f"{where}: '{element}' is set twice")
            found[element] = value
    return found
