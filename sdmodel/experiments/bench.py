"""How fast the engines are on this machine, as ratios measured in one go."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.native import Kernel, compile_plan, cores, missing
from sdmodel.engines.plan import Stage, make_plan
from sdmodel.engines.simulate import simulate
from sdmodel.experiments.whatif import evaluate, headline_keys, run
from sdmodel.study.design import Inputs, Save
from sdmodel.study.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sdmodel.engines.base import Progress
    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome

RUNS = 10_000
"""Runs in one measured batch."""
MILLION = 1_000_000
CHUNK_BYTES = 64 * 2**20
"""Outputs held at a time while many runs are measured, whatever the model saves."""
NUMPY_RUNS = 512
PYSD_STEPS = 4
SPREAD = 0.1
"""Every constant is drawn within a tenth of its value."""
# One Sim, used again and again, in a process of its own: it can abort on a model.
_SIMLIN = """
import json, sys, time, simlin
sim = simlin.load(sys.argv[1]).simulate()
best = 1e9
for _ in range(20):
    sim.reset()
    begin = time.perf_counter()
    sim.run_to_end()
    best = min(best, time.perf_counter() - begin)
print(json.dumps(best))
"""
# From the start of Python to the first numbers, with translation and kernel on disk.
_START = """
import sys
import numpy as np
from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
data = sys.argv[3 : 3 + int(sys.argv[2])]
model = read_model(sys.argv[1], data=data)
simulate(model, Inputs((), np.empty((1, 0))), Save(tuple(sys.argv[3 + len(data) :])))
"""


@dataclass(frozen=True)
class Size:
    """What a run computes: counts of scalars, states, inputs and nodes by stage."""

    scalars: int
    states: int
    inputs: int
    nodes: int
    nodes_each_step: int
    nodes_each_run: int
    nodes_time_only: int
    steps: int
    saved_scalars: int
    saved_times: int


@dataclass(frozen=True)
class Bench:
    """Seconds unless named otherwise; None where there was nothing to measure.

    ``compile_cold`` and ``compile_cached`` are of the kernel for many runs,
    ``compile_single`` of that for one. ``one_run`` is the engine alone, ``what_if``
    the same with all outcomes and their summaries, ``labelled`` as an xarray.Dataset.
    ``start`` is the time of a new
    Python process up to its first numbers, translation and kernel on disk. Batches
    save ``batch_times`` times; one run saves all. Ratios are to the compiled engine's
    time for a run in a batch on one core. ``peak_bytes`` is the largest memory of the
    process so far.
    """

    model: str
    digest: str
    machine: str
    cores: int
    lanes: int
    size: Size
    compile_cold: float
    compile_cached: float
    compile_single: float
    start: float | None
    one_run_warm: float
    one_run_median: float
    what_if_warm: float | None
    what_if_median: float | None
    what_if_labelled: float | None
    batch_runs: int
    batch_times: int
    batch_one_core: float
    batch_all_cores: float
    microseconds_per_run: float
    runs_per_second: float
    cores_speedup: float
    million_all_cores: float | None
    peak_bytes: int | None
    bad_runs: int
    numpy_per_run: float
    numpy_ratio: float
    pysd_steps: int
    pysd_per_step: float | None
    pysd_per_run: float | None
    pysd_ratio: float | None
    simlin_per_run: float | None
    simlin_ratio: float | None

    def document(self) -> dict[str, object]:
        """Return everything as plain values."""
        return asdict(self)


def draw(model: Model, runs: int, seed: int = 0) -> Inputs:
    """Return runs whose constants all differ a little from the file's."""
    rng = np.random.default_rng(seed)
    defaults = np.array([item.default for item in model.inputs], dtype=np.float64)
    factors = rng.uniform(1 - SPREAD, 1 + SPREAD, (runs, len(defaults)))
    return Inputs(tuple(item.name for item in model.inputs), defaults * factors)


def _times(action: Callable[[], object], times: int) -> list[float]:
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        found.append(time.perf_counter() - begin)
    return found


def _best(action: Callable[[], object], times: int) -> float:
    return min(_times(action, times))


def yearly(model: Model) -> tuple[float, ...]:
    """Return the saved times that are whole years, or all where these are few."""
    saved = [float(t) for t in model.time.saved]
    whole = tuple(t for t in saved if t == round(t))
    return whole if len(whole) > 1 else tuple(saved)


def _batch(
    model: Model, save: Save, runs: int, jobs: int, progress: Progress | None = None
) -> tuple[float, int]:
    """Time runs in chunks that fit in memory; return seconds and how many went bad.

    What stays of a chunk is the sum of its last values, as in a study that reduces
    outcomes while it runs. Drawing the inputs is not timed.
    """
    row = 8 * max(len(save.names) * len(save.times or ()), len(model.inputs), 1)
    size = min(runs, max(CHUNK_BYTES // row // 256, 1) * 256)
    spent, bad, done, total = 0.0, 0, 0, np.zeros(len(save.names))
    while done < runs:
        inputs = draw(model, min(size, runs - done), seed=done)
        begin = time.perf_counter()
        found = simulate(model, inputs, save, jobs=jobs)
        total += np.where(found.status == 0, found.values[:, -1].T, 0.0).sum(axis=1)
        spent += time.perf_counter() - begin
        bad += int(found.status.sum())
        done += len(inputs.values)
        if progress is not None:
            progress(done, runs)
    return spent, bad


def _start(model: Model, names: tuple[str, ...]) -> float | None:
    """Return the best time of a new process up to its first numbers, s."""
    given = (model.path, str(len(model.data)), *model.data)
    command = [sys.executable, "-c", _START, *given, *names]
    try:
        return _best(
            lambda: subprocess.run(  # noqa: S603 - our own interpreter and text
                command, capture_output=True, timeout=120, check=True
            ),
            3,
        )
    except (subprocess.SubprocessError, OSError):
        return None


def _peak() -> int | None:
    """Return the largest memory this process has held, bytes; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size(model: Model, kernel: Kernel) -> Size:
    plan = kernel.plan
    stages = list(plan.stages)
    return Size(
        scalars=len(model.scalars),
        states=len(plan.states),
        inputs=len(plan.inputs),
        nodes=len(plan.nodes),
        nodes_each_step=stages.count(Stage.STEP),
        nodes_each_run=stages.count(Stage.RUN),
        nodes_time_only=stages.count(Stage.TIME),
        steps=model.time.steps,
        saved_scalars=len(plan.names),
        saved_times=len(model.time.saved),
    )


def measure(
    model: Model,
    names: tuple[str, ...],
    outcomes: Sequence[Outcome] = (),
    *,
    million: bool = False,
    judge: bool = True,
    say: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
) -> Bench:
    """Measure the engines on ``model``, saving the scalars ``names``.

    Parameters
    ----------
    model
        The model to run, over its whole horizon, at its saved times.
    names
        Scalars to save.
    outcomes
        What a what-if asks for; its time is not measured without them.
    million
        Also run a million runs, in batches.
    judge
        Whether to measure PySD and pysimlin, which takes longest.
    say
        Told what is being measured.
    progress
        Told how many of a million runs are done.

    Raises
    ------
    HostError
        If llvmlite is not installed: there is nothing to measure then.
    """
    from sdmodel.errors import HostError

    problem = missing()
    if problem:
        msg = f"bench measures the compiled engine, and llvmlite is missing: {problem}"
        raise HostError(msg)
    save = Save(names)
    say("compiling")
    plan = make_plan(model, names)
    cold = _best(lambda: compile_plan(plan, use_cache=False), 2)
    single = _best(lambda: compile_plan(plan, use_cache=False, single=True), 1)
    kernel = compile_plan(plan)
    cached = _best(lambda: compile_plan(plan), 3)
    base = Inputs((), np.empty((1, 0)))
    simulate(model, base, save)
    warm = _times(lambda: simulate(model, base, save), 200)
    keys = headline_keys(outcomes)
    ask = Scenario("as written", {}, {}, {}, {}, None)
    asked = _times(lambda: evaluate(model, [ask], keys), 200 if keys else 0)
    labelled = _times(lambda: run(model, ask), 50 if keys else 0)
    say("starting Python anew")
    start = _start(model, names)
    say(f"{RUNS} runs on one core and on {cores()}")
    some = Save(names, yearly(model))
    one = min(_batch(model, some, RUNS, 1)[0] for _ in range(3))
    every, bad = min(_batch(model, some, RUNS, cores()) for _ in range(3))
    per_run = one / RUNS
    long = None
    if million:
        say(f"{MILLION:,} runs")
        long, bad = _batch(model, some, MILLION, cores(), progress)
    say("NumPy")
    few = draw(model, NUMPY_RUNS)
    plain = _best(lambda: simulate(model, few, save, engine="numpy"), 1) / NUMPY_RUNS
    per_step = simlin = None
    steps = 0
    if judge:
        say("PySD")
        from sdmodel.engines.reference import seconds_per_step

        per_step, steps = seconds_per_step(model, names, PYSD_STEPS)
        say("pysimlin")
        simlin = _simlin(model)
    pysd = None if per_step is None else per_step * model.time.steps
    return Bench(
        model=model.name,
        digest=model.digest,
        machine=processor(),
        cores=cores(),
        lanes=kernel.layout.lanes,
        size=_size(model, kernel),
        compile_cold=cold,
        compile_cached=cached,
        compile_single=single,
        start=start,
        one_run_warm=min(warm),
        one_run_median=float(np.median(warm)),
        what_if_warm=min(asked, default=None),
        what_if_median=float(np.median(asked)) if asked else None,
        what_if_labelled=float(np.median(labelled)) if labelled else None,
        batch_runs=RUNS,
        batch_times=len(some.times or ()),
        batch_one_core=one,
        batch_all_cores=every,
        microseconds_per_run=per_run * 1e6,
        runs_per_second=RUNS / every,
        cores_speedup=one / every,
        million_all_cores=long,
        peak_bytes=_peak(),
        bad_runs=bad,
        numpy_per_run=plain,
        numpy_ratio=plain / per_run,
        pysd_steps=steps,
        pysd_per_step=per_step,
        pysd_per_run=pysd,
        pysd_ratio=None if pysd is None else pysd / per_run,
        simlin_per_run=simlin,
        simlin_ratio=None if simlin is None else simlin / per_run,
    )


def _simlin(model: Model) -> float | None:
    """Return pysimlin's time for a run, s; None where it is missing or refuses."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", _SIMLIN, model.path],
            capture_output=True,
            timeout=120,
            check=True,
        )
        return float(json.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError):
        return None


def processor() -> str:
    """Return the kind of processor, as the system and LLVM call it."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no file
            lines = [line for line in file if line.startswith("model name")]
        name = lines[0].partition(":")[2].strip() if lines else name
    except OSError:
        pass
    if missing():
        return name
    from sdmodel.engines.target import host_target

    return f"{name} ({host_target().cpu})"
