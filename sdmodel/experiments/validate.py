"""Does the model behave as it should: expected behaviours, balances and history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import DataError
from sdmodel.experiments.deciding import Decider, deciders
from sdmodel.experiments.ensemble import Ensemble, by_name
from sdmodel.experiments.history import Fit, fits
from sdmodel.experiments.space import Space, drawable, make_space
from sdmodel.experiments.targets import read_targets, target_keys
from sdmodel.experiments.whatif import make_inputs
from sdmodel.study.checks import LOWEST_STOCK, WORST, Check, Checks, Comparison, Measure
from sdmodel.study.checks_file import FILE, read_checks
from sdmodel.study.design import Inputs, Save
from sdmodel.study.scenario import BASELINE
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName, Output, Progress
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.checks import Balance
    from sdmodel.study.values import Value

CENTRAL = (0, 0)
"""Draws and seed of a run in which every uncertainty has the model's value."""
MOST_DECIDERS = 5
ROUNDING = 1e-6
"""Share of what is held below which a step's flows are lost in its rounding."""


@dataclass(frozen=True)
class Signs:
    """What a figure does over the draws of the uncertainties.

    ``positive`` and ``negative`` count draws beyond the bound on either side; ``low``
    and ``high`` are the 5 and 95 % quantiles; ``failed`` counts draws without a number.
    """

    draws: int
    failed: int
    positive: int
    negative: int
    low: float
    high: float
    least: float
    most: float
    deciders: tuple[Decider, ...]


@dataclass(frozen=True)
class Finding:
    """One comparison with the figure it found (nan where there is none)."""

    comparison: Comparison
    figure: float
    measures: Mapping[str, float]
    holds: bool
    signs: Signs | None = None


@dataclass(frozen=True)
class Verdict:
    """One check: whether all of its comparisons hold, and what went bad."""

    check: Check
    findings: tuple[Finding, ...]
    bad: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything that it says is so."""
        return not self.bad and all(f.holds for f in self.findings)


@dataclass(frozen=True)
class Conserved:
    """A balance: the worst gap of a step over the flows of a step, and in which run."""

    balance: Balance
    gap: float
    run: str
    holds: bool


@dataclass(frozen=True)
class Validation:
    """All verdicts of one batch of runs."""

    verdicts: tuple[Verdict, ...]
    balances: tuple[Conserved, ...]
    fits: tuple[Fit, ...]
    runs: int

    @property
    def holds(self) -> bool:
        """Whether nothing failed."""
        return (
            all(v.holds for v in self.verdicts)
            and all(b.holds for b in self.balances)
            and all(f.holds for f in self.fits)
        )


def validate(
    workbook: Workbook,
    *,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Run everything that ``checks.toml`` asks in one batch and judge it.

    Raises
    ------
    DataError
        If the model has no ``checks.toml``, or it is wrong.
    """
    model, folder = workbook.model, workbook.folder
    if folder is None or not (folder / FILE).is_file():
        where = folder or model.path
        msg = f"{where}: no {FILE} beside the model, so there is nothing to hold it to"
        raise DataError(msg)
    checks = read_checks(folder, model, workbook.controls, workbook.outcomes)
    targets = read_targets(folder, model, workbook.outcomes)
    keys = target_keys(targets, workbook.outcomes)
    batch = _Batch(workbook, checks, Ensemble(model, {}, engine, jobs))
    wanted = [m.expression for c in checks.checks for k in c.comparisons
              for m in k.measures.values()]  # fmt: skip
    wanted += [key.outcome.expression for key in keys]
    for item in checks.balances:
        wanted += [item.held, *item.flows_in, *item.flows_out]
    names = tuple(dict.fromkeys(name for e in wanted for name in e.names))
    batch.run(names, progress)
    series = {
        key.text: key.outcome.expression.evaluate(batch.baseline)[0] for key in keys
    }
    return Validation(
        verdicts=tuple(_verdict(check, batch) for check in checks.checks),
        balances=tuple(batch.conserved(b) for b in checks.balances),
        fits=fits(targets, batch.times, series, checks.history, own=model.is_own_place),
        runs=batch.total,
    )


def _verdict(check: Check, batch: _Batch) -> Verdict:
    bad = tuple(batch.bad[run] for run in check.runs if run in batch.bad)
    return Verdict(
        check, tuple(_finding(c, check, batch) for c in check.comparisons), bad
    )


def _finding(comparison: Comparison, check: Check, batch: _Batch) -> Finding:
    central = {
        name: batch.found[measure, CENTRAL]
        for name, measure in comparison.measures.items()
    }
    figure = float(np.ravel(comparison.figure.evaluate(central))[0])
    figure = figure if np.isfinite(figure) else float("nan")
    values = {name: float(value[0]) for name, value in central.items()}
    if not comparison.open:
        return Finding(comparison, figure, values, comparison.holds(figure))
    drawn = (check.draws, check.seed)
    over = comparison.figure.evaluate(
        {name: batch.found[m, drawn] for name, m in comparison.measures.items()}
    )
    good = over[np.isfinite(over)]
    size = comparison.bound[0]
    positive, negative = int((good >= size).sum()), int((good <= -size).sum())
    low, high = np.quantile(good, (0.05, 0.95)) if len(good) else (np.nan, np.nan)
    signs = Signs(
        draws=len(over),
        failed=len(over) - len(good),
        positive=positive,
        negative=negative,
        low=float(low),
        high=float(high),
        least=float(good.min()) if len(good) else float("nan"),
        most=float(good.max()) if len(good) else float("nan"),
        deciders=deciders(batch.space.names, batch.samples[drawn], over, MOST_DECIDERS),
    )
    return Finding(comparison, figure, values, positive > 0 < negative, signs)


@dataclass
class _Batch:
    """The runs of all checks, laid out one block after the other, and what they gave.

    ``found`` maps a measure and (draws, seed) to its numbers, (draw,).
    """

    workbook: Workbook
    checks: Checks
    ensemble: Ensemble
    found: dict[tuple[Measure, tuple[int, int]], NDArray[np.float64]] = field(
        default_factory=dict
    )
    samples: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, dict[str, float]] = field(default_factory=dict)
    baseline: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    times: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    total: int = 0
    space: Space = field(init=False)

    def __post_init__(self) -> None:
        self.space = make_space(
            [c for c in drawable(self.workbook.controls) if c.role == "uncertainty"]
        )

    def run(self, names: tuple[str, ...], progress: Progress | None) -> None:
        """Run all blocks as one question and reduce each to what is asked of it."""
        blocks = self._blocks()
        inputs = _stacked([rows for _, _, rows in blocks], self.workbook)
        self.total = len(inputs.values)
        ends = np.cumsum([len(rows) for _, _, rows in blocks])
        asked: dict[tuple[str, tuple[int, int]], list[Measure]] = {}
        for check in self.checks.checks:
            for comparison in check.comparisons:
                for measure in comparison.measures.values():
                    asked.setdefault((measure.run, CENTRAL), []).append(measure)
                    if comparison.open:
                        drawn = (check.draws, check.seed)
                        asked.setdefault((measure.run, drawn), []).append(measure)
        done: dict[tuple[Measure, tuple[int, int]], list[NDArray[np.float64]]] = {
            (m, d): [] for (_, d), ms in asked.items() for m in ms
        }
        for rows, output in self.ensemble.outputs(inputs, Save(names), progress):
            self.times = output.times
            for (run, drawn, block), end in zip(blocks, ends, strict=True):
                first = max(rows.start, end - len(block))
                last = min(rows.stop, end)
                if first >= last:
                    continue
                part = _part(output, first - rows.start, last - rows.start)
                series = by_name(part)
                if drawn == CENTRAL:
                    self._central(run, part, series)
                for measure in dict.fromkeys(asked.get((run, drawn), ())):
                    done[measure, drawn].append(_number(measure, series, part))
        self.found = {key: np.concatenate(parts) for key, parts in done.items()}

    def _blocks(self) -> list[tuple[str, tuple[int, int], list[dict[str, Value]]]]:
        """Return run, draws and the values of each row; the baseline comes first."""
        drawn: dict[str, dict[tuple[int, int], None]] = {}
        for check in self.checks.checks:
            for comparison in check.comparisons:
                for measure in comparison.measures.values():
                    runs = drawn.setdefault(measure.run, {})
                    if comparison.open:
                        runs[check.draws, check.seed] = None
        blocks: list[tuple[str, tuple[int, int], list[dict[str, Value]]]] = []
        base = self.workbook.scenario(BASELINE) if self._has_baseline else None
        blocks.append(("", CENTRAL, [dict(base.values) if base else {}]))
        for run, many in drawn.items():
            values = dict(self.checks.runs[run].values)
            blocks.append((run, CENTRAL, [values]))
            for key in many:
                sample = self._sample(key)
                rows: list[dict[str, Value]] = [
                    dict(zip(self.space.names, row, strict=True)) | values
                    for row in sample.tolist()
                ]
                blocks.append((run, key, rows))
        return blocks

    @property
    def _has_baseline(self) -> bool:
        return BASELINE in self.workbook.scenario_ids()

    def _sample(self, key: tuple[int, int]) -> NDArray[np.float64]:
        if not self.space.groups:
            msg = f"{self.checks.path}: controls.csv names no uncertainty to draw"
            raise DataError(msg)
        if key not in self.samples:
            # Independent draws: the coordinates of a quasi-random sequence of so many
            # dimensions go together by the sequence's own making, not the model's.
            points = np.random.default_rng(key[1]).random(
                (key[0], self.space.dimensions)
            )
            self.samples[key] = self.space.values(points)
        return self.samples[key]

    def _central(
        self, run: str, part: Output, series: dict[str, NDArray[np.float64]]
    ) -> None:
        if not run:
            self.baseline = series
        if part.status[0] != 0:
            self.bad[run] = (
                f"run '{run}' went bad: '{part.bad_name[0]}' ceased to be a finite "
                f"number at {part.bad_time[0]:.10g}"
            )
        self.gaps[run or BASELINE] = {
            b.id: balance_gap(b, series, part.times) for b in self.checks.balances
        }

    def conserved(self, balance: Balance) -> Conserved:
        """Return the worst of all central runs."""
        gap, run = max((gaps[balance.id], run) for run, gaps in self.gaps.items())
        return Conserved(balance, gap, run, gap <= self.checks.tolerance)


def _stacked(blocks: list[list[dict[str, Value]]], workbook: Workbook) -> Inputs:
    """Return one row per run of all blocks."""
    from sdmodel.study.scenario import Scenario

    rows = [row for block in blocks for row in block]
    scenarios = [Scenario(str(i), {}, {}, r, {}, None) for i, r in enumerate(rows)]
    return make_inputs(scenarios, workbook.model)


def _part(output: Output, first: int, last: int) -> Output:
    from dataclasses import replace

    return replace(
        output,
        values=output.values[first:last],
        status=output.status[first:last],
        bad_time=output.bad_time[first:last],
        bad_name=output.bad_name[first:last],
    )


def _number(
    measure: Measure, series: dict[str, NDArray[np.float64]], part: Output
) -> NDArray[np.float64]:
    """Return a measure of each run (run,); nan for runs that went bad."""
    if measure.summary == LOWEST_STOCK:
        return np.where(part.status == 0, _lowest(measure, series), np.nan)
    over = measure.expression.evaluate(series)
    over = np.broadcast_to(over, (len(part.status), len(part.times)))
    if measure.summary == WORST:
        with np.errstate(invalid="ignore"):
            found = np.abs(over).max(axis=1)
    else:
        found = measure.key.value(over, part.times, Window())
    return np.where(part.status == 0, found, np.nan)


def _lowest(
    measure: Measure, series: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the least value of any stock, relative to its largest size (run,)."""
    stocks = np.stack([series[name] for name in measure.expression.names])
    size = np.abs(stocks).max(axis=2)
    with np.errstate(invalid="ignore"):
        least = stocks.min(axis=2) / np.where(size > 0, size, 1.0)
    found: NDArray[np.float64] = least.min(axis=0)
    return found


def balance_gap(
    balance: Balance,
    series: Mapping[str, NDArray[np.float64]],
    times: NDArray[np.float64],
) -> float:
    """Return how far a step's gain is from inflows less outflows, at worst.

    The gap is relative to all that flows in and out within the step, or to the rounding
    of what is held where that is larger; every step must have been saved.
    """
    held = balance.held.evaluate(series)[0]
    step = np.diff(times)
    come = [np.ravel(e.evaluate(series))[: len(held) - 1] for e in balance.flows_in]
    gone = [np.ravel(e.evaluate(series))[: len(held) - 1] for e in balance.flows_out]
    net = np.sum(come, axis=0) - np.sum(gone, axis=0)
    moved = np.sum(np.abs([*come, *gone]), axis=0) * step
    floor = np.abs(held).max() * ROUNDING
    missing = np.abs(np.diff(held) - net * step)
    size = np.maximum(moved, floor)
    # Where nothing is held and nothing flows, nothing may be missing.
    empty = np.where(missing == 0, 0.0, np.inf)
    gap = np.divide(missing, size, out=empty, where=size > 0)
    return float(np.nanmax(gap)) if np.isfinite(gap).any() else float("nan")
