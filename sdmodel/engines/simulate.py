"""The one door to the engines: check the question, run it, name what went bad."""

from __future__ import annotations

import itertools
import logging
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines.base import EngineName, Output, Progress
from sdmodel.engines.batch import Batch, Raw, make_batch
from sdmodel.engines.numpy_engine import run_numpy
from sdmodel.engines.plan import Plan, make_plan
from sdmodel.errors import ModelFileError, RunError, did_you_mean
from sdmodel.study.design import Inputs, Save, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.engines.native import Kernel
    from sdmodel.model.core import Model

_log = logging.getLogger("sdmodel")

Key = tuple[str, tuple[str, ...], tuple[str, ...]]
# What a notebook or a study asks again and again; a few of each at most.
_plans: dict[Key, Plan] = {}
_kernels: dict[tuple[Key, str, tuple[tuple[str, int], ...]], Kernel] = {}
_KEEP = 16
FEW = 2
"""Runs up to which a kernel with elements of one run in its vectors is the faster."""


def simulate(
    model: Model,
    inputs: Inputs,
    save: Save,
    *,
    engine: EngineName = "compiled",
    jobs: int | None = None,
    progress: Progress | None = None,
    settings: Mapping[str, int] | None = None,
    quick: bool = False,
) -> Output:
    """Run ``model`` once for each row of ``inputs`` and keep what ``save`` names.

    Parameters
    ----------
    model
        The model to run.
    inputs
        Values and schedules of constants, one row per run; names in any spelling.
    save
        Scalars and times to keep.
    engine
        "compiled"; "numpy", which is slower and reads plainly; or "pysd", the judge.
    jobs
        Threads; default all processors. Only the compiled engine uses them.
    progress
        Called with the number of finished runs and of all runs.
    settings
        Kernel settings of another processor, from `kernel_settings` there, for its
        bits; default those of this one.
    quick
        Whether no more than a few thousand runs are asked of these names, now and
        later, so that time is better spent on them than on compiling. Same bits.

    Returns
    -------
    Output
        Values (run, time, name). A run that ceases to be finite is flagged in
        ``status`` and leaves the other runs as they are.

    Raises
    ------
    RunError
        If names, shapes, times or schedules are wrong; the message holds them all.
    """
    checked, schedules, names, steps = _check(model, inputs, save, engine)
    times = model.time.times(steps)
    if engine == "pysd":
        from sdmodel.engines.reference import run_pysd

        return run_pysd(model, checked, Save(names, tuple(times.tolist())), progress)
    scheduled = tuple(sorted(checked.schedules))
    key = (model.file_digest, names, scheduled)
    kernel = None
    if engine == "compiled" and len(steps):
        one = len(checked.values) <= FEW
        whole = len(steps) == model.time.steps + 1
        some = "some, whole" if whole else "some"
        kind = "one" if one else some if quick else "many"
        kernel = _kernel(model, key, kind, settings)
    plan = kernel.plan if kernel else _plan(model, key)
    batch = make_batch(model, plan, checked, schedules, steps)
    if len(steps) == 0:
        raw = _nothing(batch, plan)
    elif kernel is not None:
        raw = kernel.run(batch, jobs=jobs, progress=progress)
    else:
        raw = run_numpy(plan, batch, progress)
    return _output(model, plan, times, raw)


def _plan(model: Model, key: Key) -> Plan:
    if key not in _plans:
        _forget(_plans)
        _plans[key] = make_plan(model, key[1], key[2])
    return _plans[key]


def _kernel(
    model: Model, key: Key, kind: str, settings: Mapping[str, int] | None
) -> Kernel | None:
    asked = tuple(sorted(settings.items())) if settings else ()
    some = kind.startswith("some")
    if some and (key, "many", asked) in _kernels:
        kind = "many"
    if (key, kind, asked) not in _kernels:
        from sdmodel.engines.native import compile_plan, missing
        from sdmodel.engines.target import target_of

        problem = missing()
        if problem:
            _log.warning(
                "llvmlite cannot be loaded (%s): the NumPy engine takes over.", problem
            )
            return None
        target = target_of(settings) if settings else None
        _forget(_kernels)
        _kernels[key, kind, asked] = compile_plan(
            _plan(model, key),
            target,
            single=kind == "one",
            quick=some,
            every=kind == "some, whole",
        )
    return _kernels[key, kind, asked]


def _forget(memo: dict[Any, Any]) -> None:
    while len(memo) >= _KEEP:
        del memo[next(iter(memo))]


def _nothing(batch: Batch, plan: Plan) -> Raw:
    return Raw(
        values=np.empty((batch.runs, 0, len(plan.names))),
        bad_step=np.full(batch.runs, -1, dtype=np.int64),
        bad_index=np.zeros(batch.runs, dtype=np.int64),
    )


def _output(model: Model, plan: Plan, times: NDArray[np.float64], raw: Raw) -> Output:
    bad = raw.bad_step >= 0
    labels = [state.name for state in plan.states] + list(plan.names)
    if model.missing and bad.any():
        # What the model itself leaves out is no fault; anything else still is.
        kept = [i for i, name in enumerate(plan.names) if name not in model.missing]
        absent = np.array([labels[i] in model.missing for i in raw.bad_index.tolist()])
        bad &= ~(absent & np.isfinite(raw.values[:, :, kept]).all(axis=(1, 2)))
    if bad.any():
        clock = np.array([model.time.at(max(k, 0)) for k in raw.bad_step.tolist()])
        bad_name = tuple(
            labels[index] if wrong else ""
            for index, wrong in zip(raw.bad_index.tolist(), bad.tolist(), strict=True)
        )
    else:
        clock = np.zeros(len(bad))
        bad_name = ("",) * len(bad)
    return Output(
        names=plan.names,
        times=times,
        values=raw.values,
        status=bad.astype(np.int8),
        bad_time=np.where(bad, clock, math.nan),
        bad_name=bad_name,
    )


def _check(
    model: Model, inputs: Inputs, save: Save, engine: str
) -> tuple[
    Inputs,
    dict[int, tuple[Schedule | None, ...]],
    tuple[str, ...],
    NDArray[np.int64],
]:
    """Return the question in the model's own spelling, or tell all that is wrong."""
    problems: list[str] = []
    if engine not in ("compiled", "numpy", "pysd"):
        hint = did_you_mean(engine, ("compiled", "numpy", "pysd"))
        problems.append(
            f"engine '{engine}': there is no such engine; "
            f"use compiled, numpy or pysd{hint}"
        )
    values = np.asarray(inputs.values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(inputs.names):
        problems.append(
            f"inputs: values have shape {values.shape}; "
            f"one row per run and {len(inputs.names)} columns are needed"
        )
    names = tuple(_collect(problems, _input, model, n) for n in inputs.names)
    doubled = sorted({n for n in names if n and names.count(n) > 1})
    problems += [f"inputs: '{name}' is given twice" for name in doubled]
    schedules: dict[str, tuple[Schedule | None, ...]] = {}
    for given, entries in inputs.schedules.items():
        name = _collect(problems, _input, model, given)
        if name:
            schedules[name] = tuple(entries)
        if values.ndim == 2 and len(entries) != len(values):
            problems.append(
                f"schedule of '{given}': {len(entries)} entries for {len(values)} runs"
            )
        for schedule in {entry for entry in entries if entry is not None}:
            problems += _schedule_problems(given, schedule)
    saved = tuple(_collect(problems, _scalar, model, n) for n in save.names)
    steps = _save_steps(model, save, problems)
    if problems:
        raise RunError(problems)
    return (
        Inputs(names, values, schedules),
        {model.input_index[name]: entries for name, entries in schedules.items()},
        saved,
        steps,
    )


def _collect(problems: list[str], find: object, model: Model, name: str) -> str:
    try:
        return find(model, name)  # type: ignore[operator, no-any-return] # _input or _scalar
    except (RunError, ModelFileError) as error:
        problems.extend(error.problems)
        return ""


def _scalar(model: Model, name: str) -> str:
    """Return the scalar's true name."""
    if name in model.scalars:
        return name
    found = model.find(name)
    if found in model.scalars:
        return found
    elements = model.variables[found].elements
    if len(elements) == 1 and elements[0] in model.scalars:
        return elements[0]
    shown = ", ".join(f"'{e}'" for e in elements[:3])
    msg = (
        f"{model.path}: '{found}' has {len(elements)} elements; "
        f"name one of them ({shown}{', …' if len(elements) > 3 else ''})"
        if elements
        else f"{model.path}: '{found}' has no value over time that could be saved"
    )
    raise RunError(msg)


def _input(model: Model, name: str) -> str:
    """Return the settable constant's true name."""
    if name in model.input_index:
        return name
    try:
        found = model.find(name)
    except ModelFileError:
        hint = did_you_mean(name, model.input_index)
        msg = f"{model.path}: no constant '{name}'{hint}"
        raise RunError(msg) from None
    if found in model.input_index:
        return found
    variable = model.variables.get(found)
    if variable is not None and any(e in model.input_index for e in variable.elements):
        shown = ", ".join(f"'{e}'" for e in variable.elements[:3])
        msg = f"{model.path}: '{found}' has several elements; name one ({shown}, …)"
    else:
        hint = did_you_mean(name, model.input_index)
        msg = (
            f"{model.path}: '{found}' is computed by the model and cannot be set; "
            f"only constants can{hint}"
        )
    raise RunError(msg)


def _schedule_problems(name: str, schedule: Schedule) -> list[str]:
    times, values = schedule.times, schedule.values
    if not times or len(times) != len(values):
        return [
            (
                f"schedule of '{name}': {len(times)} times and {len(values)} values; "
                "as many of each are needed, and at least one"
            )
        ]
    if not all(math.isfinite(x) for x in (*times, *values)):
        return [f"schedule of '{name}': every time and value must be finite"]
    if any(b <= a for a, b in itertools.pairwise(times)):
        return [f"schedule of '{name}': times must grow, got {times}"]
    return []


def _save_steps(model: Model, save: Save, problems: list[str]) -> NDArray[np.int64]:
    axis = model.time
    if save.times is None:
        return np.array(axis.saved_steps, dtype=np.int64)
    if save.times == "step":
        return np.arange(axis.steps + 1, dtype=np.int64)
    wanted = np.asarray(save.times, dtype=np.float64)
    if axis.clock:
        exact = np.interp(wanted, axis.clock, np.arange(len(axis.clock)), -1.0, -1.0)
    else:
        exact = (wanted - axis.start) / axis.step
    steps = np.where(np.isfinite(exact), np.rint(exact), -1).astype(np.int64)
    for time, place, step in zip(save.times, exact, steps, strict=True):
        if not 0 <= step <= axis.steps:
            problems.append(
                f"saved time {time:g}: outside the model's horizon "
                f"{axis.start:g} to {axis.last:g}"
            )
        elif abs(place - step) > 1e-9 * max(1.0, abs(place)):
            near = axis.at(int(step))
            problems.append(
                f"saved time {time:g}: not on the step grid of {axis.step:g} years; "
                f"nearest: {near:g}"
            )
    if np.any(np.diff(steps) <= 0):
        problems.append("saved times must grow from one to the next")
    return steps
