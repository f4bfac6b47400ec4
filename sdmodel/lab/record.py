"""How closely the page's numbers agree with the native engine's, and runs to check it.

The page's kernel has the bits of a native kernel with the same settings (a test runs
both). So the distance of that twin from the usual native engine is the page's own, and
can be measured where no browser is at hand.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines.wasm import encode
from sdmodel.lab.runs import twin
from sdmodel.study.controls import mixes
from sdmodel.study.design import Schedule
from sdmodel.study.summaries import Window, summarise
from sdmodel.study.values import value_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import Output
    from sdmodel.engines.plan import Plan
    from sdmodel.lab.runs import NativeRuns
    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.values import Value

BOUND = 1e-12
"""What the page of a well-behaved model promises: of each series' maximum."""
FAINT = 1e-3
"""A series that never reaches this part of its maximum over all sets is measured by
that part: where a flow barely lifts off zero it is the difference of near equals."""

RANDOM, CORNERS, TIMED = 120, 90, 20
SEED = 20260102
RECORDED = 12
"""Sets in the record beside the presets: every so many of those tried."""


def value_sets(
    controls: Sequence[Control], model: Model, seed: int = SEED
) -> list[dict[str, Value]]:
    """Return lever values at random, at corners of all their ranges, and over time.

    Shares of one whole add to at most one. In every second set the assumptions are
    moved too, each within its range; at the corners of five hundred assumptions at once
    models break, and say nothing.
    """
    rng = np.random.default_rng(seed)
    time = model.time
    levers = [c for c in controls if c.role == "lever"]
    others = [c for c in controls if c.role != "lever"]
    sets: list[dict[str, Value]] = [{}]
    for i in range(RANDOM + CORNERS + TIMED):
        values: dict[str, Value] = {}
        if i % 2:
            values |= _anywhere(others, rng)
        if i < RANDOM:
            values |= _anywhere(levers, rng)
        elif i < RANDOM + CORNERS:
            values |= {c.name: float(rng.choice([c.min, c.max])) for c in levers}
        else:
            when = tuple(np.sort(rng.uniform(time.start, time.stop, 3)).tolist())
            values |= {
                c.name: Schedule(when, tuple(rng.uniform(c.min, c.max, 3).tolist()))
                for c in levers
            }
        sets.append(_within_mixes(values, controls))
    return sets


def _anywhere(
    controls: Sequence[Control], rng: np.random.Generator
) -> dict[str, Value]:
    """Return a value of each control, anywhere within its limits."""
    low, high = np.array([(c.min, c.max) for c in controls]).reshape(-1, 2).T
    drawn = rng.uniform(low, high).tolist()
    return {c.name: value for c, value in zip(controls, drawn, strict=True)}


def _within_mixes(
    values: Mapping[str, Value], controls: Sequence[Control]
) -> dict[str, Value]:
    """Return values whose shares of one whole add to at most one at any time."""
    found = dict(values)
    for members in mixes(tuple(controls)).values():
        shares = [values.get(m.name, m.default) for m in members]
        timed = {t for v in shares if isinstance(v, Schedule) for t in v.times}
        total = max(sum(value_at(v, t) for v in shares) for t in timed or {0.0})
        if total <= 1.0:
            continue
        # A hair less, so that rounding does not leave the sum above one.
        factor = (1.0 - 1e-12) / total
        for member, share in zip(members, shares, strict=True):
            if isinstance(share, Schedule):
                lower = tuple(v * factor for v in share.values)
                found[member.name] = Schedule(share.times, lower)
            else:
                found[member.name] = share * factor
    return found


def agreement(
    model: Model,
    plan: Plan,
    native: NativeRuns,
    sets: Sequence[Mapping[str, Value]],
    steps: Sequence[int],
) -> dict[str, Any]:
    """Return how far the page's kernel is from the native engine at its worst.

    The largest difference between two series, as a share of the series' maximum, over
    some sets of values (see ``FAINT``). A run that ceases to be finite has no numbers;
    it must do so in both.
    """
    usual = native.run(sets, [model.time.at(k) for k in steps])
    ours = twin(model, plan, sets, steps)
    judge = usual.values[:, :, : len(plan.names)]
    good = usual.status == 0
    same = np.isfinite(ours).all(axis=(1, 2)) == np.isfinite(judge).all(axis=(1, 2))
    scale = np.abs(judge[good]).max(axis=1, keepdims=True)
    scale = np.maximum(scale, FAINT * scale.max(axis=0, initial=0.0))
    gap = np.abs(ours[good] - judge[good]) / np.where(scale == 0, 1.0, scale)
    worst = float(gap.max(initial=0.0)) if same.all() else math.inf
    return {
        "sets": len(sets),
        "bad": int((~good).sum()),
        "bound": bound(worst),
        "worst": worst if math.isfinite(worst) else None,
    }


def bound(worst: float) -> float:
    """Return what a page promises: above `BOUND` if the model amplifies rounding."""
    if worst <= BOUND:
        return BOUND
    return float(10.0 ** (math.ceil(math.log10(worst)) + 1)) if worst < 1 else 1.0


def record(
    native: NativeRuns,
    outcomes: Sequence[Outcome],
    tried: Sequence[Mapping[str, Value]],
    presets: Mapping[str, Mapping[str, Value]],
    points: Sequence[float],
    promise: float = BOUND,
) -> dict[str, Any]:
    """Return runs of the native engine for "check against the record".

    Every preset, and `RECORDED` of the sets that were tried.
    """
    some = tried[:: max(len(tried) // RECORDED, 1)][:RECORDED]
    titles = [*presets, *(f"set {i + 1}" for i in range(len(some)))]
    sets = [*presets.values(), *some]
    output = native.run(sets)
    series, numbers = outcome_values(output, outcomes, points)
    return {
        "engine": "native",
        "bound": promise,
        "sets": [
            {
                "title": title,
                "values": {name: as_json(value) for name, value in values.items()},
                "good": bool(output.status[i] == 0),
                "series": encode(series[i]),
                "headline": encode(numbers[i]),
            }
            for i, (title, values) in enumerate(zip(titles, sets, strict=True))
        ],
    }


def outcome_values(
    output: Output, outcomes: Sequence[Outcome], points: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return outcomes as (run, outcome, point) and headline numbers (run, outcome).

    nan where there is no number; a bad run has no headline numbers.
    """
    at = np.searchsorted(output.times, np.asarray(points) - 1e-9)
    parts = {name: output.values[:, :, i] for i, name in enumerate(output.names)}
    runs = len(output.values)
    series = np.empty((runs, len(outcomes), len(points)))
    numbers = np.empty((runs, len(outcomes)))
    for i, outcome in enumerate(outcomes):
        whole = np.array(outcome.expression.evaluate(parts))
        whole[~np.isfinite(whole)] = np.nan
        series[:, i] = whole[:, at]
        numbers[:, i] = summarise(whole, output.times, outcome.summary, Window())
    numbers[output.status != 0] = np.nan
    return series, numbers


def as_json(value: Value) -> float | list[list[float]]:
    """Return a number, or the points [time, value] of a schedule."""
    if isinstance(value, Schedule):
        return [[t, v] for t, v in zip(value.times, value.values, strict=True)]
    return float(value)
