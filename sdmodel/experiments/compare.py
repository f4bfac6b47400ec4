"""Scenarios side by side: the levers that differ, and what that does to outcomes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.errors import UsageError
from sdmodel.experiments.whatif import Answer, evaluate, headline_keys
from sdmodel.experiments.workbook import folder_of, workbook_of
from sdmodel.study.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.values import Value


@dataclass(frozen=True)
class Row:
    """One outcome in every scenario, against the first; None where there is no number.

    ``difference`` is value minus the first scenario's, ``relative`` that divided by
    the size of the first scenario's value.
    """

    outcome: Outcome
    values: Mapping[str, float | None]
    difference: Mapping[str, float | None]
    relative: Mapping[str, float | None]


@dataclass(frozen=True)
class Comparison:
    """What differs between scenarios, going in and coming out.

    ``levers`` maps each constant that is not the same in all scenarios to its value
    in each.
    """

    scenarios: tuple[str, ...]
    levers: Mapping[str, Mapping[str, Value]]
    rows: tuple[Row, ...]
    answer: Answer


def differing(
    scenarios: Sequence[Scenario], model: Model
) -> dict[str, dict[str, Value]]:
    """Return the constants whose values differ between scenarios."""
    defaults = {item.name: item.default for item in model.inputs}
    found: dict[str, dict[str, Value]] = {}
    for name in dict.fromkeys(name for s in scenarios for name in s.values):
        values = {s.id: s.values.get(name, defaults[name]) for s in scenarios}
        first, *others = values.values()
        if any(other != first for other in others):
            found[name] = values
    return found


def compare_answer(answer: Answer, model: Model) -> Comparison:
    """Return the comparison that an answer holds; the first scenario is the measure."""
    ids = tuple(scenario.id for scenario in answer.scenarios)
    rows = []
    for key in answer.keys:
        values = {
            name: float(value) if math.isfinite(value) else None
            for name, value in zip(ids, answer.values[key.text], strict=True)
        }
        base = values[ids[0]]
        difference = {name: _minus(value, base) for name, value in values.items()}
        # A calendar year has no zero: a share of it says nothing.
        ratio = key.summary != "crossing"
        relative = {
            name: gap / abs(base) if ratio and gap is not None and base else None
            for name, gap in difference.items()
        }
        rows.append(Row(key.outcome, values, difference, relative))
    return Comparison(ids, differing(answer.scenarios, model), tuple(rows), answer)


def _minus(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def check_two(scenarios: Sequence[object], given: Sequence[str] = ()) -> None:
    """Refuse to compare fewer than two scenarios.

    ``given`` are the names by which they were asked for, where one may stand twice.
    """
    if len(scenarios) >= 2:
        return
    msg = "compare needs two scenarios or more, as in 'sdmodel compare baseline drg'"
    if len(given) > 1:
        shown = " and ".join(f"'{name}'" for name in dict.fromkeys(given))
        same = "are one and the same" if len(set(given)) > 1 else "was given twice"
        msg += f"; {shown} {same}"
    raise UsageError(msg)


def compare(
    model: Model,
    scenarios: Iterable[Scenario | str | Path],
    *,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run scenarios and set them side by side, against the first.

    Raises
    ------
    SdmodelError
        If there are fewer than two, or one is wrong.
    """
    workbook = workbook_of(model, folder_of(model))
    read = [
        item if isinstance(item, Scenario) else workbook.scenario(item)
        for item in scenarios
    ]
    check_two(read)
    answer = evaluate(
        model,
        read,
        headline_keys(workbook.outcomes),
        engine=engine,
        jobs=jobs,
        progress=progress,
    )
    return compare_answer(answer, model)
