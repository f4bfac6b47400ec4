"""All that the report's page shows, read once and passed along."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sdmodel.report.words import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sdmodel.experiments.notice import Notice


TIMING = "timing"
"""Group of controls.csv whose levers are dates and durations of a reform."""


@dataclass(frozen=True)
class OutcomeText:
    """An outcome as the page names it; ``key`` may be ``id``, ``id@2035``."""

    key: str
    label: str
    unit: str
    series_unit: str
    good: str
    stakeholder: str
    calendar: bool = False
    notice: Notice | None = None


@dataclass(frozen=True)
class ScenarioText:
    """A scenario as the page names it.

    ``values`` are what it sets: label, value in words, evidence.
    """

    id: str
    title: str
    story: str
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Study:
    """The tables of one sensitivity study (see ``experiments.indices``)."""

    method: str
    n: int
    seed: int
    runs: int
    indices: pd.DataFrame = field(repr=False)
    verdicts: pd.DataFrame = field(repr=False)
    judge: float | None = None
    failures: tuple[dict[str, Any], ...] = ()

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Ids of the scenarios around which it was made."""
        return tuple(str(s) for s in dict.fromkeys(self.verdicts["scenario"]))


@dataclass(frozen=True)
class Content:
    """What a run folder holds, in the shape that the page wants.

    ``regimes`` has one row per scenario and outcome (value, and the quantiles of
    ``experiments.bands``); ``series`` one per scenario, outcome (or observed
    variable) and time. Each is None where the run made none.
    """

    title: str
    question: str
    manifest: dict[str, Any]
    model: dict[str, Any]
    baseline: str
    scenarios: tuple[ScenarioText, ...] = ()
    outcomes: tuple[OutcomeText, ...] = ()
    headline: tuple[str, ...] = ()
    regimes: pd.DataFrame | None = field(default=None, repr=False)
    series: pd.DataFrame | None = field(default=None, repr=False)
    studies: tuple[Study, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    targets: tuple[dict[str, Any], ...] = ()

    @cached_property
    def judged(self) -> dict[str, frozenset[str]]:
        """By stakeholder, the outcomes that say whether it gains; not there: all."""
        table = self.model.get("verdict", {})
        return {str(name): frozenset(keys) for name, keys in table.items()}

    @cached_property
    def timing(self) -> frozenset[str]:
        """Names of the levers that say when a reform acts, and not what it does."""
        return frozenset(
            str(item["name"])
            for item in self.parameters
            if item["role"] == "lever" and str(item["group"]).casefold() == TIMING
        )

    @property
    def draws(self) -> int:
        """Draws of the uncertainties behind every range; 0 if none were made."""
        if self.regimes is None or not len(self.regimes):
            return 0
        return int(self.regimes["draws"].min())

    @property
    def by_key(self) -> dict[str, OutcomeText]:
        """Outcomes by key."""
        return {outcome.key: outcome for outcome in self.outcomes}

    @cached_property
    def _rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        records = [] if self.regimes is None else self.regimes.to_dict("records")
        return {
            (str(row["scenario"]), str(row["outcome"])): {str(k): row[k] for k in row}
            for row in records
        }

    def row(self, scenario: str, key: str) -> dict[str, Any] | None:
        """Return the row of ``regimes`` for one scenario and outcome, if there."""
        return self._rows.get((scenario, key))

    def title_of(self, scenario: str) -> str:
        """Return the title of a scenario."""
        return next((s.title for s in self.scenarios if s.id == scenario), scenario)

    def label(self, key: str) -> str:
        """Return what a reader calls an outcome key, with its year if it has one."""
        if key in self.by_key:
            return self.by_key[key].label
        name, _, rest = key.partition("@")
        known = self.by_key.get(name)
        return f"{known.label if known else name}, {rest}"

    def unit(self, key: str) -> str:
        """Return the unit of an outcome key."""
        known = self.by_key.get(key) or self.by_key.get(key.partition("@")[0])
        return known.unit if known else ""

    def one_of_each(self, keys: Sequence[str]) -> list[str]:
        """Order outcomes so that each stakeholder's first comes before any second."""
        seen: dict[str, int] = {}
        ranked = []
        for key in keys:
            known = self.by_key.get(key) or self.by_key.get(key.partition("@")[0])
            stakeholder = known.stakeholder if known else ""
            seen[stakeholder] = seen.get(stakeholder, 0) + 1
            ranked.append((seen[stakeholder], key))
        return [key for _, key in sorted(ranked, key=lambda pair: pair[0])]

    def changes(self, scenario: str) -> list[Change]:
        """Return every outcome of a scenario against the baseline."""
        found = []
        for outcome in self.outcomes:
            row = self.row(scenario, outcome.key)
            base = self.row(self.baseline, outcome.key)
            if row is None or base is None:
                continue
            found.append(
                Change(
                    outcome=outcome.key,
                    label=outcome.label,
                    unit=outcome.unit,
                    good=outcome.good,
                    stakeholder=outcome.stakeholder,
                    value=float(row["value"]),
                    baseline=float(base["value"]),
                    low=float(row["change_p5"]),
                    high=float(row["change_p95"]),
                    calendar=outcome.calendar,
                    notice=outcome.notice,
                    lowest=float(row.get("change_p5_low", math.nan)),
                    highest=float(row.get("change_p95_high", math.nan)),
                    headline=outcome.key
                    in self.judged.get(outcome.stakeholder, {outcome.key}),
                )
            )
        return found
