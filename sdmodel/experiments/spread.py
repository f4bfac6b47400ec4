"""How far an explanation moves when the uncertainties take other values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.experiments.space import drawable, make_space
from sdmodel.experiments.whatif import make_inputs
from sdmodel.study.design import Save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.holds import Held, Switchboard
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario


@dataclass(frozen=True)
class Range:
    """The 5 and 95 % quantiles of a number over the draws of the uncertainties."""

    low: float
    high: float
    draws: int


def frozen(
    series: Mapping[str, NDArray[np.float64]], times: NDArray[np.float64], start: float
) -> dict[str, NDArray[np.float64]]:
    """Return courses that stay from a time on where they are then."""
    if not times[0] <= start < times[-1]:
        start = float(times[0])
    return {
        name: np.where(times > start, np.interp(start, times, course), course)
        for name, course in series.items()
    }


def courses_of(
    board: Switchboard, series: Mapping[str, NDArray[np.float64]]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return, by cut, the courses of what it reads."""
    return {
        cut: {s: series[s] for s in board.cut_model.sources[cut]} for cut in board.cuts
    }


def drawn_scenarios(
    workbook: Workbook, scenarios: Sequence[Scenario], draws: int, seed: int
) -> list[list[Scenario]] | None:
    """Return each scenario with each draw of the uncertainties.

    All scenarios meet the same draws; what a scenario sets itself is not drawn. None
    without draws or uncertainties.
    """
    space = make_space(
        [c for c in drawable(workbook.controls) if c.role == "uncertainty"]
    )
    if not draws or not space.groups:
        return None
    rng = np.random.default_rng(seed)
    sample = space.values(rng.random((draws, space.dimensions)))
    return [
        [
            dataclasses.replace(
                one,
                id=f"{one.id} {i}",
                values=dict(zip(space.names, row, strict=True)) | dict(one.values),
            )
            for i, row in enumerate(sample.tolist())
        ]
        for one in scenarios
    ]


@dataclass(frozen=True)
class Spread:
    """The same questions over draws of the uncertainties."""

    changes: NDArray[np.float64]
    held: tuple[Held, ...]
    open: tuple[Held, ...]

    @classmethod
    def over(
        cls,
        workbook: Workbook,
        board: Switchboard,
        base: Scenario,
        scenario: Scenario,
        draws: int,
        seed: int,
        *,
        alone: bool,
        start: float,
    ) -> Spread | None:
        """Draw, run and return; None without draws or uncertainties."""
        drawn = drawn_scenarios(workbook, (base, scenario), draws, seed)
        if drawn is None:
            return None
        bases, asked = drawn
        model = board.web.model
        key = board.keys[0]
        names = tuple(dict.fromkeys([*board.sources, *key.outcome.expression.names]))
        output = simulate(
            model, make_inputs(bases, model), Save(names, "step"), engine=board.engine
        )
        series = {name: output.values[:, :, i] for i, name in enumerate(output.names)}
        saved = np.asarray(model.time.saved)
        at = np.searchsorted(output.times, saved - 1e-9)
        over = np.broadcast_to(
            key.outcome.expression.evaluate(series), (draws, len(output.times))
        )
        before = np.where(
            output.status == 0, key.value(over[:, at], saved, board.window), np.nan
        )
        seen = []
        for i in range(draws):
            own = {s: series[s][i] for s in board.sources}
            own = frozen(own, output.times, start) if alone else own
            seen.append(courses_of(board, own))
        held = board.hold(asked, seen, output.times)
        open_ = board.without_feedback(asked, held, output.times)
        after = np.array([one.values[0, 0] for one in held])
        return cls(after - before, held, open_)

    @property
    def change(self) -> Range | None:
        """Range of the whole change."""
        return range_of(self.changes)

    def owed(self, cut: str) -> Range | None:
        """Range of what a held link brings."""
        return range_of(np.array([one.effect(cut, 0) for one in self.held]))

    def feedback(self, cut: str) -> Range | None:
        """Range of what a loop's feedback brings."""
        return range_of(np.array([one.effect(cut, 0) for one in self.open]))


def range_of(values: NDArray[np.float64]) -> Range | None:
    """Return the range of numbers (draw,); None for fewer than two."""
    good = values[np.isfinite(values)]
    if len(good) < 2:
        return None
    low, high = np.quantile(good, (0.05, 0.95))
    return Range(float(low), float(high), len(good))
