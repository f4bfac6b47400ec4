"""Observed data: what was measured, when, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError
from sdmodel.study.expression import Expression, parse
from sdmodel.study.outcomes import Outcome, OutcomeKey
from sdmodel.study.tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdmodel.model.core import Model

COLUMNS = ("variable", "kind", "from", "to", "value", "sd", "unit", "source")
KINDS = ("level", "flow")


@dataclass(frozen=True)
class Target:
    """One observation of a model variable, an outcome, or an expression of names.

    A "level" is read at an instant (``start`` equals ``stop``); a "flow" is summed
    over its interval. ``sd`` is nan where none is known.
    """

    variable: str
    expression: Expression
    kind: Literal["level", "flow"]
    start: float
    stop: float
    value: float
    sd: float
    unit: str
    source: str


def read_targets(
    folder: Path | None, model: Model, outcomes: Sequence[Outcome] = ()
) -> tuple[Target, ...]:
    """Return the rows of ``targets.csv``; none without the file.

    Raises
    ------
    DataError
        If the table is wrong; every problem at once.
    """
    if folder is None or not (folder / "targets.csv").is_file():
        return ()
    problems: list[str] = []
    found: list[Target] = []
    known = {outcome.id: outcome.expression for outcome in outcomes}
    for row in read_rows(folder / "targets.csv", COLUMNS):
        name = row.cells["variable"]
        try:
            expression = known.get(name) or parse(name, model)
        except ValueError as error:
            problems.append(f"{row.where}, column 'variable': {error}")
            continue
        kind = row.word("kind", KINDS, problems)
        start, stop = row.number("from", problems), row.number("to", problems)
        sd = row.number("sd", problems) if row.cells["sd"] else float("nan")
        if start > stop or (kind == "flow" and start == stop):
            problems.append(f"{row.where}: from {start:g} to {stop:g} is no interval")
        if not row.cells["source"]:
            problems.append(
                f"{row.where}, column 'source': blank; say where it is from"
            )
        found.append(
            Target(
                variable=name,
                expression=expression,
                kind=cast("Literal['level', 'flow']", kind or "level"),
                start=start,
                stop=stop,
                value=row.number("value", problems),
                sd=sd,
                unit=row.cells["unit"],
                source=row.cells["source"],
            )
        )
    if problems:
        raise DataError(problems)
    return tuple(found)


def target_keys(
    targets: Sequence[Target], outcomes: Sequence[Outcome]
) -> tuple[OutcomeKey, ...]:
    """Return what to run to set a model beside its targets, one key per variable."""
    known = {outcome.id: outcome for outcome in outcomes}
    keys: dict[str, OutcomeKey] = {}
    for target in targets:
        outcome = known.get(target.variable) or Outcome(
            id=target.variable,
            expression=target.expression,
            summary="final",
            unit=target.unit,
            label_en=target.variable,
            label_zh="",
            good="neutral",
            stakeholder="",
            series_unit=target.unit,
        )
        keys.setdefault(target.variable, OutcomeKey(target.variable, outcome, "final"))
    return tuple(keys.values())
