"""Expected behaviours as data: which runs, what is compared, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.study.outcomes import Outcome, OutcomeKey, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sdmodel.study.expression import Expression
    from sdmodel.study.scenario import Scenario

Relation = Literal[">", ">=", "<", "<=", "=", "between", "both signs"]
RELATIONS: tuple[str, ...] = (">", ">=", "<", "<=", "=", "between", "both signs")
WORST = "worst"
"""A summary of its own: the largest size, sign aside, at any saved time."""
LOWEST_STOCK = "lowest stock"
"""A measure of its own: the least value of any stock over the run, each relative to its
own largest size; below zero it is a stock that went negative."""


@dataclass(frozen=True)
class Measure:
    """One number of one run: an expression over time and how it is summed up."""

    text: str
    run: str
    expression: Expression
    summary: str
    year: float | None = None

    @property
    def key(self) -> OutcomeKey:
        """The same as an outcome key, whose summaries it shares."""
        summary = cast("Summary", "peak" if self.summary == WORST else self.summary)
        outcome = Outcome(
            id=self.text,
            expression=self.expression,
            summary=summary,
            unit="",
            label_en="",
            label_zh="",
            good="neutral",
            stakeholder="",
        )
        return OutcomeKey(self.text, outcome, summary, self.year)


@dataclass(frozen=True)
class Comparison:
    """One figure made of measures, and the relation that it must have.

    ``bound`` has one number, or two for "between"; ``tolerance`` is the absolute
    distance that "=" allows; with "both signs" ``bound`` is the size that the figure
    must reach on either side, over the draws of the check.
    """

    says: Mapping[str, str]
    figure: Expression
    measures: Mapping[str, Measure]
    relation: Relation
    bound: tuple[float, ...]
    tolerance: float
    unit: str

    @property
    def open(self) -> bool:
        """Whether it asks for both signs over a sample of the uncertainties."""
        return self.relation == "both signs"

    def holds(self, value: float) -> bool:
        """Say whether one figure has the relation (not for "both signs")."""
        first, last = self.bound[0], self.bound[-1]
        if self.relation == "between":
            return first <= value <= last
        if self.relation == "=":
            return abs(value - first) <= self.tolerance
        return {
            ">": value > first,
            ">=": value >= first,
            "<": value < first,
            "<=": value <= first,
        }[self.relation]


@dataclass(frozen=True)
class Check:
    """One expected behaviour."""

    id: str
    title: Mapping[str, str]
    claim: Mapping[str, str]
    source: str
    comparisons: tuple[Comparison, ...]
    draws: int = 0
    seed: int = 1

    @property
    def runs(self) -> tuple[str, ...]:
        """Runs that it needs, each once."""
        return tuple(
            dict.fromkeys(m.run for c in self.comparisons for m in c.measures.values())
        )


@dataclass(frozen=True)
class Balance:
    """Something conserved: what is held changes by what comes in less what goes out."""

    id: str
    title: Mapping[str, str]
    held: Expression
    flows_in: tuple[Expression, ...]
    flows_out: tuple[Expression, ...]


@dataclass(frozen=True)
class HistoryRule:
    """How the fit to ``targets.csv`` is judged.

    Observations within ``shock`` (first and last year) are shown and not judged, since
    a dated shock drives them; those that begin at ``late`` or after are judged apart.
    """

    mape: float = 0.1
    late: float | None = None
    shock: tuple[float, float] | None = None


@dataclass(frozen=True)
class Checks:
    """All that ``checks.toml`` asks; ``runs`` are scenarios named as the file does."""

    path: Path
    runs: Mapping[str, Scenario]
    checks: tuple[Check, ...]
    balances: tuple[Balance, ...]
    history: HistoryRule
    tolerance: float
