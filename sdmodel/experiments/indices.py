"""What a sensitivity study gives back: estimates, and the tables made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from sdmodel.experiments.space import Group
    from sdmodel.experiments.verdicts import Verdict


class Evaluate(Protocol):
    """Runs of a model: values of named constants in, outcomes out."""

    def __call__(
        self, names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return outcomes (run, outcome) and which runs failed (run,)."""


@dataclass(frozen=True)
class Level:
    """Indices from the first ``n`` base rows or trajectories of a design.

    ``value`` and ``half`` map a measure to an array (group, outcome), nan where the
    outcome has none. Measures: S1, ST; S1 alone (RBD-FAST); mu, mu_star, sigma (mu and
    sigma without intervals); dgsm; delta; or pawn and pawn_max (without interval).
    """

    n: int
    value: dict[str, NDArray[np.float64]]
    half: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Estimate:
    """The indices of one design: who moved (``scope``), and what came of it.

    ``scope`` is levers, uncertainties or classes; ``groups`` are the factors and mixes
    (or classes, which have no ``members``). ``levels`` end with the full sample.
    ``tiers`` (group, outcome) is 0 where an outcome has no indices; ``converged``
    (outcome,) likewise None. ``inputs`` (run, name) and ``outputs`` (run, outcome) are
    the runs themselves; ``judge`` is the largest difference from SALib's own analysis
    of the first outcome that has indices.
    """

    scope: str
    groups: tuple[str, ...]
    members: tuple[Group | None, ...]
    outcomes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    levels: tuple[Level, ...]
    tiers: NDArray[np.int64]
    converged: tuple[bool | None, ...]
    names: tuple[str, ...]
    inputs: NDArray[np.float64] = field(repr=False)
    outputs: NDArray[np.float64] = field(repr=False)
    failed: NDArray[np.bool_] = field(repr=False)
    random_rows: NDArray[np.int64] = field(repr=False)
    judge: float | None = None


@dataclass(frozen=True)
class SensitivityResult:
    """A sensitivity study around one or several scenarios.

    ``estimates`` holds, per scenario id, one estimate per design.
    """

    method: str
    n: int
    seed: int
    engine: str
    digest: str
    estimates: dict[str, tuple[Estimate, ...]]
    units: dict[str, str]

    @property
    def runs(self) -> int:
        """Number of simulations."""
        return sum(
            len(estimate.failed)
            for part in self.estimates.values()
            for estimate in part
        )

    def indices(self) -> pd.DataFrame:
        """Return one row per scenario, scope, outcome, factor, measure and n.

        Columns: scenario, scope, outcome, factor, label, measure, n, value, low, high
        (95 % interval, nan where the measure has none), tier.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                row
                for scenario, part in self.estimates.items()
                for estimate in part
                for row in _index_rows(scenario, estimate)
            ],
            columns=list(INDEX_COLUMNS),
        )

    def verdicts(self) -> pd.DataFrame:
        """Return one row per scenario, scope and outcome: state, spread, convergence.

        The spread (mean, sd, p5, p50, p95) is that of the random rows of the design.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                row
                for scenario, part in self.estimates.items()
                for estimate in part
                for row in _verdict_rows(scenario, estimate, self.units)
            ],
            columns=list(VERDICT_COLUMNS),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``sensitivity --json`` prints."""
        return {
            "method": self.method,
            "n": self.n,
            "seed": self.seed,
            "runs": self.runs,
            "engine": self.engine,
            "model": {"digest": self.digest},
            "scenarios": {
                scenario: {
                    "outcomes": {
                        outcome: {
                            "unit": self.units.get(outcome, ""),
                            **{e.scope: _json_scope(e, i) for e in part},
                        }
                        for i, outcome in enumerate(part[0].outcomes)
                    }
                }
                for scenario, part in self.estimates.items()
            },
        }


MAIN = ("ST", "mu_star", "dgsm", "delta", "pawn", "S1")
"""Measures by which factors are ranked, whichever of them comes first."""

INDEX_COLUMNS = (
    "scenario",
    "scope",
    "outcome",
    "factor",
    "label",
    "measure",
    "n",
    "value",
    "low",
    "high",
    "tier",
)
VERDICT_COLUMNS = (
    "scenario",
    "scope",
    "outcome",
    "unit",
    "state",
    "reason",
    "bad",
    "runs",
    "n",
    "converged",
    "mean",
    "sd",
    "p5",
    "p50",
    "p95",
    "judge",
)


def _label(estimate: Estimate, group: int) -> str:
    member = estimate.members[group]
    return member.label if member else estimate.groups[group]


def _index_rows(scenario: str, estimate: Estimate) -> list[dict[str, Any]]:
    rows = []
    for i, outcome in enumerate(estimate.outcomes):
        if estimate.verdicts[i].state != "ok":
            continue
        for level in estimate.levels:
            for measure, values in level.value.items():
                half = level.half.get(measure)
                for g, factor in enumerate(estimate.groups):
                    value = float(values[g, i])
                    reach = np.nan if half is None else float(half[g, i])
                    rows.append(
                        {
                            "scenario": scenario,
                            "scope": estimate.scope,
                            "outcome": outcome,
                            "factor": factor,
                            "label": _label(estimate, g),
                            "measure": measure,
                            "n": level.n,
                            "value": value,
                            "low": value - reach,
                            "high": value + reach,
                            "tier": int(estimate.tiers[g, i]),
                        }
                    )
    return rows


def _verdict_rows(
    scenario: str, estimate: Estimate, units: dict[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for i, outcome in enumerate(estimate.outcomes):
        verdict = estimate.verdicts[i]
        sample = estimate.outputs[estimate.random_rows, i]
        sample = sample[np.isfinite(sample)]
        # A spread without the runs that failed would be a made-up number.
        whole = verdict.state != "withheld" and len(sample) > 1
        low, middle, high = (
            np.quantile(sample, (0.05, 0.5, 0.95)) if whole else (np.nan,) * 3
        )
        rows.append(
            {
                "scenario": scenario,
                "scope": estimate.scope,
                "outcome": outcome,
                "unit": units.get(outcome, ""),
                "state": verdict.state,
                "reason": verdict.reason,
                "bad": verdict.bad,
                "runs": len(estimate.failed),
                "n": estimate.levels[-1].n,
                "converged": estimate.converged[i],
                "mean": float(sample.mean()) if whole else np.nan,
                "sd": float(sample.std(ddof=1)) if whole else np.nan,
                "p5": float(low),
                "p50": float(middle),
                "p95": float(high),
                "judge": np.nan if estimate.judge is None else estimate.judge,
            }
        )
    return rows


def failing_inputs(estimate: Estimate, outcome: int) -> list[dict[str, float]]:
    """Return the sampled values of the first runs without a usable value."""
    return [
        dict(zip(estimate.names, map(float, estimate.inputs[row]), strict=True))
        for row in estimate.verdicts[outcome].examples
    ]


def main_measure(measures: Iterable[str]) -> str:
    """Return the measure that ranks."""
    there = set(measures)
    return next(name for name in MAIN if name in there)


def _number(value: float) -> float | None:
    """Return the number, or None where there is none."""
    return float(value) if np.isfinite(value) else None


def _json_scope(estimate: Estimate, outcome: int) -> dict[str, Any]:
    verdict = estimate.verdicts[outcome]
    document: dict[str, Any] = {
        "state": verdict.state,
        "reason": verdict.reason,
        "converged": estimate.converged[outcome],
        "runs": len(estimate.failed),
    }
    if verdict.bad:
        document["bad"] = verdict.bad
        document["first_bad_inputs"] = failing_inputs(estimate, outcome)
    document["factors"] = {
        factor: _json_factor(estimate, g, outcome)
        for g, factor in enumerate(estimate.groups)
        if verdict.state == "ok"
    }
    return document


def _json_factor(estimate: Estimate, group: int, outcome: int) -> dict[str, Any]:
    last = estimate.levels[-1]
    document: dict[str, Any] = {"tier": int(estimate.tiers[group, outcome])}
    member = estimate.members[group]
    if member is not None and member.mix:
        document["shares"] = [control.name for control in member.controls]
    for measure, values in last.value.items():
        entry: dict[str, Any] = {"value": _number(values[group, outcome])}
        half = last.half.get(measure)
        if half is not None:
            entry["low"] = _number(values[group, outcome] - half[group, outcome])
            entry["high"] = _number(values[group, outcome] + half[group, outcome])
        document[measure] = entry
    main = last.value[main_measure(last.value)]
    document["effect"] = "none" if main[group, outcome] == 0 else "some"
    return document
