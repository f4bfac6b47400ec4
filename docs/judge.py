"""Hold the engines to PySD over the whole horizon: the table of docs/performance.md.

    python docs/judge.py [SCENARIO ...]

Runs each scenario of the shipped model (the eight regimes, if none is named) in PySD,
in as many processes as there are cores, and compares every scalar at every saved time
with the compiled and the NumPy engine. PySD takes minutes for each.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

import sdmodel
from sdmodel.engines.simulate import simulate
from sdmodel.experiments.whatif import make_inputs
from sdmodel.experiments.workbook import folder_of
from sdmodel.study.design import Save
from sdmodel.study.scenario import list_scenarios

if TYPE_CHECKING:
    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

ENGINES: tuple[EngineName, ...] = ("compiled", "numpy")


def regimes(model: Model) -> list[str]:
    """Return the ids of the payment regimes, the baseline first."""
    return [s.id for s in list_scenarios(folder_of(model)) if s.kind == "regime"]


def judge(name: str) -> str:
    """Return the table's row for one scenario."""
    model = sdmodel.read_model("consortium")
    inputs = make_inputs([sdmodel.read_scenario(name, model)], model)
    save = Save(tuple(model.scalars))
    begun = time.perf_counter()
    verdict = simulate(model, inputs, save, engine="pysd").values[0]
    took = time.perf_counter() - begun
    cells = [f"`{name}`"]
    for engine in ENGINES:
        found = simulate(model, inputs, save, engine=engine, jobs=1).values[0]
        size = np.abs(verdict).max(axis=0)
        gap = np.abs(verdict - found).max(axis=0) / np.where(size > 0, size, 1)
        cells += [f"{gap.max():.1e}", f"{np.mean(verdict == found):.1%}"]
    return f"| {' | '.join(cells)} | {took:.0f} s |"


def main() -> None:
    """Write the table, a row as soon as it is known."""
    model = sdmodel.read_model("consortium")
    size = f"{len(model.scalars)} scalars at {len(model.time.saved)} times"
    say(f"model {model.digest[:16]}: {size}\n")
    say("| scenario | compiled | same bits | NumPy | same bits | PySD took |")
    say("|---|---|---|---|---|---|")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for row in pool.map(judge, sys.argv[1:] or regimes(model)):
            say(row)


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
