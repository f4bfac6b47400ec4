"""How the cost of a model grows with its size, on invented models of any size."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.native import compile_plan
from sdmodel.engines.plan import Stage, make_plan
from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (100, 300, 1000, 3000, 10_000, 20_000)
"""Variables, the four controls among them; a file may hold 20 000 definitions."""
STEPS = 160
_FORMS = (
    "{a}*{b}+{c}*0.5",
    "({a}+{b})/(1+ABS({c}))",
    "MIN({a},MAX({b},{c}))",
    "{a}*EXP(-ABS({b}))",
    "IF THEN ELSE({a}>{b},{c},{b})",
    "{a}-{b}*{c}",
    "SQRT(ABS({a}*{b}))",
    "{a}/(1+{b}*{b})",
)


@dataclass(frozen=True)
class Point:
    """What a model of one size costs: counts, and processor time in seconds.

    ``translate`` is PySD's parser and our own part, ``plan`` the plan, ``compile``
    code and object for many runs, ``run`` one run in a batch on one core.
    """

    variables: int
    nodes_each_step: int
    translate: float
    plan: float
    compile: float
    run: float


def invent(variables: int, seed: int = 0) -> str:
    """Return a Vensim model: a tenth stocks, a fifth constants, the rest between.

    Equations read what was written shortly before them, stocks and constants, as in
    models of sectors; every state stays finite.
    """
    rng = random.Random(seed)  # noqa: S311 - an invented model, no secret
    variables -= 4
    stocks, rates = max(variables // 10, 1), max(variables // 5, 1)
    lines = ["{UTF-8}"]

    def write(name: str, equation: str) -> None:
        lines.append(f"{name}=\n\t{equation}\n\t~\t1\n\t~\t\n\t|\n")

    def pick(done: int) -> str:
        what = rng.random()
        if what < 0.3:
            return f"rate {rng.randrange(rates)}"
        if what < 0.6 or not done:
            return f"stock {rng.randrange(stocks)}"
        return f"aux {rng.randrange(max(done - 40, 0), done)}"

    for i in range(rates):
        write(f"rate {i}", f"{rng.uniform(0.1, 0.9):.6f}")
    middle = max(variables - stocks - rates, 1)
    for i in range(middle):
        form = rng.choice(_FORMS)
        write(f"aux {i}", form.format(a=pick(i), b=pick(i), c=pick(i)))
    for i in range(stocks):
        inflow = f"MIN(1,MAX(-1,aux {rng.randrange(middle)}))"
        start = f"{rng.uniform(0.5, 1.5):.6f}"
        write(f"stock {i}", f"INTEG({inflow}-stock {i}*0.5,{start})")
    controls = {"INITIAL TIME": 0, "FINAL TIME": 10, "TIME STEP": 0.0625, "SAVEPER": 1}
    for name, value in controls.items():
        write(name, str(value))
    return "\n".join(lines)


def measure_size(variables: int) -> Point:
    """Translate, plan, compile and run an invented model, nothing from a cache.

    Every variable is saved, so that all of them are computed.
    """
    clock = time.process_time
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invented.mdl"
        path.write_text(invent(variables), encoding="utf-8")
        begin = clock()
        model = read_model(path, cache=False)
        read = clock()
    names = tuple(model.scalars)
    plan = make_plan(model, names)
    planned = clock()
    compile_plan(plan, use_cache=False)
    compiled = clock()
    runs = 64
    query = Inputs((), np.empty((runs, 0)))
    save = Save(names, (model.time.last,))
    simulate(model, query, save, jobs=1)
    best = float("inf")
    for _ in range(3):
        start = clock()
        simulate(model, query, save, jobs=1)
        best = min(best, clock() - start)
    return Point(
        variables=variables,
        nodes_each_step=list(plan.stages).count(Stage.STEP),
        translate=read - begin,
        plan=planned - read,
        compile=compiled - planned,
        run=best / runs,
    )


def measure_scaling(
    sizes: tuple[int, ...] = SIZES, say: Callable[[str], None] = lambda _: None
) -> tuple[Point, ...]:
    """Measure models of these sizes, the smallest twice: the first warms up."""
    measure_size(sizes[0])
    found = []
    for size in sizes:
        say(f"{size} variables")
        found.append(measure_size(size))
    return tuple(found)
