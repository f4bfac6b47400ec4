"""Loops and ways of every outcome as plain data, for a page that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.courses import Courses, courses
from sdmodel.experiments.explanation import added_key
from sdmodel.experiments.flux import flux
from sdmodel.experiments.holds import Switchboard
from sdmodel.experiments.loops import cuts_of
from sdmodel.experiments.matter import loop_scores, shares
from sdmodel.experiments.paths import net_of, sector_net, ways
from sdmodel.experiments.secants import Secants
from sdmodel.experiments.spread import courses_of
from sdmodel.experiments.whatif import headline_keys
from sdmodel.model.web import Web, with_states
from sdmodel.study.loops import read_loops
from sdmodel.study.scenario import BASELINE, read_scenario_file, scenario_paths
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.flux import Flux
    from sdmodel.experiments.holds import Held
    from sdmodel.experiments.paths import Net, Way
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.loops import Loop
    from sdmodel.study.outcomes import OutcomeKey

MOST_SECTOR_WAYS = 6
MOST_WAYS = 4
MOST_LOOPS = 6
REGIME = "regime"
DIGITS = 6
"""Significant digits that a page keeps."""


def page_loops(
    workbook: Workbook, scenarios: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the loops of a model, and what moves each outcome of some scenarios.

    Parameters
    ----------
    workbook
        A model and its tables.
    scenarios
        Ids; all regimes but the baseline if None.

    Returns
    -------
    dict
        ``loops``: id, name (en, zh), polarity, path (elements), variables, source.
        ``times``: the years of shares. ``scenarios``: by id ``outcomes``, by id of an
        outcome unit, change, ``levers``, ``sectors`` and ``ways`` with what they carry,
        and ``loops`` by id with ``passed``, ``returned`` and ``share`` over time (see
        `explain.LoopPart`); outcomes without a value in either run are left out. Beside
        them ``matter``: each loop's share of all loops' scores over time.
    """
    web = Web(with_states(workbook.model))
    loops = read_loops(workbook.folder, web)
    ids = _regimes(workbook) if scenarios is None else tuple(scenarios)
    keys = [added_key(k, workbook) for k in headline_keys(workbook.outcomes)]
    found: dict[str, Any] = {
        "loops": [_loop(web, loop) for loop in loops],
        "times": [],
        "scenarios": {},
    }
    if not ids:
        return found
    asked = [workbook.scenario(name) for name in ids]
    runs = courses(web.model, [workbook.scenario(BASELINE), *asked])
    board = Switchboard(web, cuts_of(web, loops), keys, Window())
    series = {s: runs.of(web.model.scalars[s])[0] for s in board.sources}
    held = board.hold(asked, [courses_of(board, series)] * len(asked), runs.times)
    back = board.without_feedback(asked, held, runs.times)
    yearly = max(round(1 / web.model.time.step), 1)
    found["times"] = runs.times[::yearly].tolist()
    rows = np.arange(1, len(ids) + 1)[:, None]
    scores = shares(loop_scores(web, runs, rows, loops, found["times"]))
    secants = Secants(web, runs)
    for row, name in enumerate(ids):
        moved = flux(web, _pair(runs, row + 1), keys, Window(), secants, row)
        nets = net_of(web, moved), sector_net(web, moved)
        outcomes = {}
        for column, key in enumerate(keys):
            if np.isfinite(moved.change[column]):
                outcomes[key.outcome.id] = {
                    **_moved(web, moved, nets, column, key),
                    "loops": _feedback(loops, held[row], back[row], column, yearly),
                }
        found["scenarios"][name] = {
            "outcomes": outcomes,
            "matter": {
                loop: [round(float(v), 3) for v in share[row]]
                for loop, share in scores.items()
            },
        }
    return found


def _regimes(workbook: Workbook) -> tuple[str, ...]:
    """Return the scenarios of the kind "regime", the baseline left out."""
    return tuple(
        name
        for name, path in scenario_paths(workbook.folder).items()
        if name != BASELINE and read_scenario_file(path).kind == REGIME
    )


def _pair(runs: Courses, row: int) -> Courses:
    """Return the first run and one other."""
    rows = [0, row]
    nodes = tuple(n if n.shape[0] == 1 else n[rows] for n in runs.nodes)
    return Courses(runs.times, nodes, 2)


def _loop(web: Web, loop: Loop) -> dict[str, Any]:
    return {
        "id": loop.id,
        "name": {"en": loop.name_en, "zh": loop.name_zh},
        "polarity": loop.polarity,
        "path": list(loop.path),
        "variables": list(dict.fromkeys(web.variable(e) for e in loop.path)),
        "source": loop.source,
    }


def _moved(
    web: Web, moved: Flux, nets: tuple[Net, Net | None], column: int, key: OutcomeKey
) -> dict[str, Any]:
    single, sectors = nets
    levers = sorted(moved.levers.items(), key=lambda item: -abs(item[1][column]))
    return {
        "unit": key.unit,
        "change": _short(moved.change[column]),
        "levers": [
            {"name": name, "carried": _short(part[column])} for name, part in levers
        ],
        "sectors": _paths(ways(web, moved, column, MOST_SECTOR_WAYS, sectors))
        if sectors
        else [],
        "ways": _paths(ways(web, moved, column, MOST_WAYS, single)),
    }


def _paths(found: Sequence[Way]) -> list[dict[str, Any]]:
    return [
        {"path": list(way.path[:-1]), "carried": _short(way.carried)} for way in found
    ]


def _feedback(
    loops: Sequence[Loop], held: Held, back: Held, column: int, yearly: int
) -> dict[str, Any]:
    """Return the loops that do most to an outcome, with their share over time."""
    parts = {loop.id: held.course(loop.id, column)[::yearly] for loop in loops}
    whole = np.sum([np.abs(part) for part in parts.values()], axis=0)
    effects = {loop.id: held.effect(loop.id, column) for loop in loops}
    told = sorted(
        (name for name, effect in effects.items() if np.isfinite(effect) and effect),
        key=lambda name: -abs(effects[name]),
    )[:MOST_LOOPS]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            name: {
                "passed": _short(effects[name]),
                "returned": _short(back.effect(name, column)),
                "share": [
                    round(float(v), 3)
                    for v in np.where(whole > 0, parts[name] / whole, 0.0)
                ],
            }
            for name in told
        }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else 0.0
