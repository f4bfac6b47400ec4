"""What we look at: each outcome an expression of the model and how to sum it up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError, UsageError, did_you_mean
from sdmodel.model.core import Model, plain
from sdmodel.study.controls import unit_of
from sdmodel.study.expression import Expression, element_names, parse
from sdmodel.study.tables import Row, read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.study.summaries import Window

Summary = Literal["final", "peak", "trough", "mean", "total", "discounted", "crossing"]
Good = Literal["up", "down", "neutral"]

COLUMNS = (
    "id", "expression", "summary", "unit", "label_en", "label_zh", "good",
    "stakeholder",
)  # fmt: skip
SUMMARY_NAMES: tuple[str, ...] = (
    "final",
    "peak",
    "trough",
    "mean",
    "total",
    "discounted",
    "crossing",
)
GOODS: tuple[str, ...] = ("up", "down", "neutral")
STAKEHOLDERS: tuple[str, ...] = ("patients", "primary", "fund", "hospitals")
"""Stakeholders that pages name in words; a model of one's own may have others."""
_ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Outcome:
    """One row of ``outcomes.csv``.

    ``unit`` is that of the number which ``summary`` makes, ``series_unit`` that of the
    expression over time (they differ for totals and crossings).
    """

    id: str
    expression: Expression
    summary: Summary
    unit: str
    label_en: str
    label_zh: str
    good: Good
    stakeholder: str
    series_unit: str = ""


@dataclass(frozen=True)
class OutcomeKey:
    """An outcome and how it is looked at here: ``id``, ``id@2035`` or ``id@peak``."""

    text: str
    outcome: Outcome
    summary: Summary
    year: float | None = None

    @property
    def unit(self) -> str:
        """Unit of the number."""
        if self.year is not None:
            return self.outcome.series_unit
        if self.summary == self.outcome.summary:
            return self.outcome.unit
        return summary_unit(self.outcome.series_unit, self.summary)

    def value(
        self,
        series: NDArray[np.float64],
        times: NDArray[np.float64],
        window: Window,
    ) -> NDArray[np.float64]:
        """Return the number (run,) that belongs to the outcome's series (run, time)."""
        from sdmodel.study.summaries import at_time, summarise

        if self.year is not None:
            return at_time(series, times, self.year)
        return summarise(series, times, self.summary, window)


def summary_unit(unit: str, summary: str) -> str:
    """Return the unit of a summary of a series in ``unit``."""
    if summary == "crossing":
        return "Year"
    if summary in ("total", "discounted"):
        for ending in ("/Year", "/year", "/Years", "/yr"):
            if unit.endswith(ending):
                return unit.removesuffix(ending)
        return f"{unit}*Year" if unit else ""
    return unit


def read_outcomes(folder: Path, model: Model) -> tuple[Outcome, ...]:
    """Return the rows of ``outcomes.csv`` in the order of the file.

    Raises
    ------
    DataError
        If the table is missing or wrong; every problem at once.
    """
    problems: list[str] = []
    found: dict[str, Outcome] = {}
    names = element_names(model)
    for row in read_rows(folder / "outcomes.csv", COLUMNS):
        outcome = _outcome(row, model, names, problems)
        if outcome is None:
            continue
        if outcome.id in found:
            problems.append(f"{row.where}: '{outcome.id}' already has a row")
        found[outcome.id] = outcome
    if problems:
        raise DataError(problems)
    return tuple(found.values())


def _outcome(
    row: Row, model: Model, names: Mapping[str, str], problems: list[str]
) -> Outcome | None:
    before = len(problems)
    cells = row.cells
    if not _ID.fullmatch(cells["id"]):
        problems.append(
            f"{row.where}, column 'id': '{cells['id']}'; allowed: small letters, "
            "digits and underscores, a letter first"
        )
    try:
        expression = parse(cells["expression"], model, names)
    except ValueError as error:
        problems.append(f"{row.where}, column 'expression': {error}")
        expression = Expression("", ())
    summary = row.word("summary", SUMMARY_NAMES, problems)
    good = row.word("good", GOODS, problems)
    problems += [
        f"{row.where}, column '{column}': blank"
        for column in ("unit", "label_en", "stakeholder")
        if not cells[column]
    ]
    if len(problems) > before:
        return None
    single = expression.single
    if single is not None:
        series_unit = unit_of(single, model)
    elif summary in ("total", "discounted"):
        series_unit = f"{cells['unit']}/Year"
    else:
        series_unit = "" if summary == "crossing" else cells["unit"]
    return Outcome(
        id=cells["id"],
        expression=expression,
        summary=cast("Summary", summary),
        unit=cells["unit"],
        label_en=cells["label_en"],
        label_zh=cells["label_zh"],
        good=cast("Good", good),
        stakeholder=_stakeholder(cells["stakeholder"]),
        series_unit=series_unit,
    )


def _stakeholder(text: str) -> str:
    """Return the id of a stakeholder that pages name in words, or the text itself."""
    known = text.casefold()
    return known if known in STAKEHOLDERS else text


def stock_outcomes(model: Model) -> tuple[Outcome, ...]:
    """Return what is looked at in a model without a table: every stock, at the end.

    A model without a stock is looked at through whatever it computes.
    """
    return element_outcomes(model, ("stock",)) or element_outcomes(model)


def element_outcomes(
    model: Model, kinds: Sequence[str] = ("stock", "auxiliary")
) -> tuple[Outcome, ...]:
    """Return every element of the variables of these kinds, at the end of the run.

    Of a model without a table each is an outcome that a study may name.
    """
    return tuple(
        Outcome(
            id=element,
            expression=Expression(element, (("name", element),)),
            summary="final",
            unit=variable.unit,
            label_en=element,
            label_zh="",
            good="neutral",
            stakeholder="",
            series_unit=variable.unit,
        )
        for variable in model.variables.values()
        if variable.kind in kinds
        for element in variable.elements
        if element in model.scalars
    )


def parse_key(
    text: str, outcomes: Sequence[Outcome], model: Model | None = None
) -> OutcomeKey:
    """Return the outcome key that ``text`` writes, whatever its case and spaces.

    Parameters
    ----------
    text
        ``id``, ``id@YEAR`` or ``id@SUMMARY``.
    outcomes
        Those of the model.
    model
        If given, years outside its time are refused.

    Raises
    ------
    UsageError
        If there is no such outcome, summary or year.
    """
    name, at, rest = text.rpartition("@") if "@" in text else (text, "", "")
    by_name = {plain(outcome.id): outcome for outcome in outcomes}
    outcome = by_name.get(plain(name))
    if outcome is None:
        ids = [outcome.id for outcome in outcomes]
        msg = f"no outcome '{name}'{did_you_mean(name, ids)}; see 'sdmodel outcomes'"
        raise UsageError(msg)
    rest = rest.strip()
    if not at:
        return OutcomeKey(outcome.id, outcome, outcome.summary)
    if rest.casefold() in SUMMARY_NAMES:
        summary = cast("Summary", rest.casefold())
        return OutcomeKey(f"{outcome.id}@{summary}", outcome, summary)
    try:
        year = float(rest)
    except ValueError:
        year = math.nan
    if not math.isfinite(year):
        msg = (
            f"'{text}': '{rest}' is neither a year nor a summary; allowed: a year, "
            f"{', '.join(SUMMARY_NAMES)}{did_you_mean(rest, SUMMARY_NAMES)}"
        )
        raise UsageError(msg)
    if model is not None and not model.time.start <= year <= model.time.last:
        msg = (
            f"'{text}': the model runs from {model.time.start:g} to "
            f"{model.time.last:g}, which does not hold {year:g}"
        )
        raise UsageError(msg)
    return OutcomeKey(f"{outcome.id}@{year:g}", outcome, outcome.summary, year)
