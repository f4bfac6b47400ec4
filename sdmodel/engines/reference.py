"""PySD, the judge: slow, independent of our Plan and kernels, started clean each run.

PySD turns a model into a Python file and keeps ``params`` for later runs of the same
object. So the file is made in a temporary folder, of what our own reading has checked,
and each run loads it anew.
"""

from __future__ import annotations

import math
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sdmodel.engines.base import Output, Progress
from sdmodel.engines.plan import constant
from sdmodel.engines.stopped import place_of, stopped
from sdmodel.errors import RunError, SdmodelError
from sdmodel.translate.datfile import as_tables, text_of
from sdmodel.translate.external import files_beside, rank
from sdmodel.translate.judged import write_program
from sdmodel.translate.nouns import NOISE_SEED_NAME
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from sdmodel.model.core import Model, Variable
    from sdmodel.study.design import Inputs, Save, Schedule

T = TypeVar("T")
Value = Any
"""What PySD takes for a parameter: float, pandas Series, xarray DataArray, function."""


_ENOUGH = 0.25
"""Seconds of PySD that tell its speed well enough."""


def run_pysd(
    model: Model, inputs: Inputs, save: Save, progress: Progress | None = None
) -> Output:
    """Run PySD once for each row of ``inputs``.

    Names must be the model's own and ``save.times`` a tuple.

    Raises
    ------
    RunError
        If the model's file is no longer the one that was read, or PySD cannot load it.
    """
    owners = _owners(model)
    foreign = [name for name in save.names if name not in owners]
    if foreign:
        raise RunError(
            [f"engine pysd: '{name}' is no variable there" for name in foreign]
        )
    times = np.asarray(save.times, dtype=np.float64)
    runs = inputs.values.shape[0]
    values = np.full((runs, len(times), len(save.names)), math.nan)
    faults: list[tuple[float, str]] = []
    with (
        tempfile.TemporaryDirectory(prefix="sdmodel-") as folder,
        _quiet(),
        _ending(model),
    ):
        program = _translate(model, Path(folder)) if runs else Path(folder)
        for run in range(runs):
            judge = _load(model, program, owners)
            try:
                judge.run(inputs, run, save.names, times, values[run])
            except (SdmodelError, RecursionError, OSError, MemoryError):
                raise
            except Exception as error:
                place = place_of(error, program, judge.names())
                now = judge.clock()
                # Python's arithmetic stops where IEEE's goes on to inf and nan.
                if not isinstance(error, ArithmeticError) or not place:
                    when = f"at {now:g}"
                    raise stopped(model, error, when, place) from error
                faults.append((now, place))
            else:
                faults.append(_first_fault(values[run], times, save.names))
            if progress is not None:
                progress(run + 1, runs)
    return Output(
        names=save.names,
        times=times,
        values=values,
        status=np.array([bool(name) for _, name in faults], dtype=np.int8),
        bad_time=np.array([time for time, _ in faults], dtype=np.float64),
        bad_name=tuple(name for _, name in faults),
    )


@contextmanager
def _ending(model: Model) -> Iterator[None]:
    """Tell of what never comes to an end in PySD."""
    try:
        yield
    except RecursionError:
        msg = (
            f"{model.path}: PySD cannot run the model: there a variable that names "
            "itself never comes to an end; use --engine compiled"
        )
        raise RunError(msg) from None


def _owners(model: Model) -> dict[str, tuple[Variable, int]]:
    """Return the variable of each element and its place in row-major order."""
    return {
        element: (variable, place)
        for variable in model.variables.values()
        for place, element in enumerate(variable.elements)
    }


class _quiet(warnings.catch_warnings):  # noqa: N801 - a context manager, used as a verb
    """Silence PySD's warnings, which repeat at each step what ``check`` says once."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


def _translate(model: Model, folder: Path) -> Path:
    """Return the Python program that PySD makes of the model's file."""
    source = Path(model.path)
    if read_model(source, data=model.data).digest != model.file_digest:
        msg = f"{model.path}: the file has changed since it was read; read it again"
        raise RunError(msg)
    when = "before it had made its program"
    return _unless_stopped(model, when, lambda: write_program(source, folder))


def _load(
    model: Model, program: Path, owners: dict[str, tuple[Variable, int]]
) -> _Judge:
    when = "when it loaded its program"
    return _unless_stopped(model, when, lambda: _Judge(model, program, owners))


def _unless_stopped(model: Model, when: str, action: Callable[[], T]) -> T:
    """Return what an action of PySD gives; where it stops, tell it in one sentence."""
    try:
        return action()
    except (SdmodelError, RecursionError, OSError, MemoryError):
        raise
    except Exception as error:
        raise stopped(model, error, when) from error


def _first_fault(
    values: NDArray[np.float64], times: NDArray[np.float64], names: tuple[str, ...]
) -> tuple[float, str]:
    for moment, row in zip(times.tolist(), values, strict=True):
        for name, value in zip(names, row.tolist(), strict=True):
            if not math.isfinite(value):
                return moment, name
    return math.nan, ""


def _data_for(model: Path, named: Sequence[str], folder: Path) -> list[str]:
    """Return the tables in which PySD shall look for data, in our order."""
    beside = files_beside(model.read_bytes(), model)
    ranked = sorted(beside, key=lambda path: rank(path, model))
    found: list[Path] = []
    for i, item in enumerate((*map(Path, named), *ranked)):
        suffix = item.suffix.lower()
        if suffix == ".dat":
            found += as_tables(item, folder, i)
        elif suffix == ".nc":
            found.append(item)
        elif suffix in {".tab", ".csv"}:
            # A copy: PySD takes small letters and UTF-8 alone.
            found.append(folder / f"table {i}{suffix}")
            found[-1].write_text(text_of(item), encoding="utf-8")
    return [str(item) for item in found]


class _Judge:
    """One run of a fresh PySD model."""

    def __init__(
        self, model: Model, program: Path, owners: dict[str, tuple[Variable, int]]
    ) -> None:
        import pysd

        self.model, self.owners = model, owners
        source = Path(model.path)
        data = _data_for(source, model.data, program.parent)
        self.pysd = pysd.load(program, data_files=data or None)

    def names(self) -> dict[str, str]:
        """Return the model's names by those in PySD's program."""
        return {inner: name for name, inner in self.pysd.namespace.items()}

    def clock(self) -> float:
        """Return the time that the run has reached."""
        return float(self.pysd.time())

    def run(
        self,
        inputs: Inputs,
        run: int,
        names: tuple[str, ...],
        times: NDArray[np.float64],
        out: NDArray[np.float64],
    ) -> None:
        """Run and write the saved values into ``out``, (time, name)."""
        mine = [self.owners[name][0] for name in names]
        wanted = list(dict.fromkeys(v.name for v in mine if not _ours_alone(v)))
        # Where time steps change, times asked for would change them in their turn.
        moving = bool(self.model.time.clock)
        whole = not moving and self._reads_final_time()
        frame = self.pysd.run(
            params=dict(self._parameters(inputs, run)),
            return_columns=wanted,
            return_timestamps=None if moving else times.tolist(),
            # PySD takes the last time asked for as FINAL TIME, in equations too.
            # A function, since there a FINAL TIME of 0 counts as none.
            final_time=(lambda: self.model.time.stop) if whole else None,
            flatten_output=False,
            reload=True,
        )
        if moving:
            frame = frame.reindex(times, method="nearest", tolerance=1e-9)
        if len(frame) != len(times):
            msg = f"PySD returned {len(frame)} of {len(times)} times"
            raise RunError(msg)
        for column, name in enumerate(names):
            variable, place = self.owners[name]
            if _ours_alone(variable):
                given = dict(zip(inputs.names, inputs.values[run], strict=True))
                out[:, column] = given.get(name, 0.0)
                continue
            if variable.kind == "control" and not moving:
                # PySD's FINAL TIME is the last time asked for, ours the model's.
                out[:, column] = self._control(name)
                continue
            for row, value in enumerate(frame[variable.name].to_numpy()):
                array = np.ravel(getattr(value, "values", value))
                if row == 0 and array.size != len(variable.elements):
                    # PySD widens a range that is part of another to the whole.
                    place = _place_of(name, value)
                out[row, column] = array[place]

    def _reads_final_time(self) -> bool:
        readers: list[object] = list(self.pysd.dependencies.values())
        while readers:
            item = readers.pop()
            if isinstance(item, dict):
                if "final_time" in item:
                    return True
                readers += item.values()
        return False

    def _control(self, name: str) -> float:
        node = self.model.nodes[self.model.scalars[name]]
        return self.model.time.step if node.op == "dt" else constant(node)

    def _parameters(self, inputs: Inputs, run: int) -> Iterator[tuple[str, Value]]:
        # What a grid changed is nowhere in the file that PySD reads.
        given: dict[str, float | Schedule] = {
            item.name: item.default
            for item in self.model.inputs
            if item.name in self.model.moved
        }
        given |= zip(inputs.names, map(float, inputs.values[run]), strict=True)
        for name, entries in inputs.schedules.items():
            entry = entries[run]
            if entry is not None:
                given[name] = entry
        changed: dict[str, dict[int, float | Schedule]] = {}
        for name, value in given.items():
            variable, place = self.owners[name]
            if _ours_alone(variable):
                continue
            changed.setdefault(variable.name, {})[place] = value
        for owner, places in changed.items():
            variable = self.model.variables[owner]
            if variable.dims:
                yield owner, self._array(variable, places)
            else:
                yield owner, _scalar(places[0])

    def _array(self, variable: Variable, places: dict[int, float | Schedule]) -> Value:
        """Return an array with some elements set, the others as the model has them."""
        import xarray as xr

        shape = [len(self.model.subscripts[dim]) for dim in variable.dims]
        coords = {dim: list(self.model.subscripts[dim]) for dim in variable.dims}
        index = self.model.input_index
        moving = any(not isinstance(value, float) for value in places.values())

        def array(base: NDArray[np.float64]) -> Value:
            flat = base.astype(np.float64).ravel()
            for place, value in places.items():
                flat[place] = (
                    value
                    if isinstance(value, float)
                    else np.interp(self.clock(), value.times, value.values)
                )
            return xr.DataArray(flat.reshape(shape), coords, list(variable.dims))

        defaults = np.array(
            [self.model.inputs[index[e]].default for e in variable.elements]
        )
        return (lambda: array(defaults)) if moving else array(defaults)


def _place_of(element: str, array: xr.DataArray) -> int:
    """Return where an element stands in PySD's array, written out."""
    labels = element.partition("[")[2].removesuffix("]").split(",")
    places = [
        list(array.coords[dim].values).index(label)
        for dim, label in zip(array.dims, labels, strict=True)
    ]
    return int(np.ravel_multi_index(places, array.shape))


def _ours_alone(variable: Variable) -> bool:
    """Return whether PySD has no such variable: the seed that a file leaves out."""
    return variable.name == NOISE_SEED_NAME and variable.line is None


def _scalar(value: float | Schedule) -> Value:
    """Return a Python float, since PySD takes NumPy's for an array, or a series."""
    import pandas as pd

    if isinstance(value, float):
        return value
    return pd.Series(list(value.values), index=list(value.times), dtype=float)


def seconds_per_step(
    model: Model, names: tuple[str, ...], steps: int
) -> tuple[float, int]:
    """Return what a step of PySD costs here, s, and of how many steps that was taken.

    The difference between a longer run and one of a single step, so that starting does
    not count; at least ``steps`` more, and more than that where they are over at once.
    """
    owners = _owners(model)
    wanted = list(dict.fromkeys(owners[name][0].name for name in names))
    with (
        tempfile.TemporaryDirectory(prefix="sdmodel-") as folder,
        _quiet(),
        _ending(model),
    ):
        program = _translate(model, Path(folder))

        def seconds(count: int) -> float:
            judge = _load(model, program, owners).pysd
            last = model.time.start + count * model.time.step
            begin = time.perf_counter()
            _unless_stopped(
                model,
                "while it ran",
                lambda: judge.run(return_columns=wanted, return_timestamps=[last]),
            )
            return time.perf_counter() - begin

        last_step = max(model.time.steps - 1, 1)
        seconds(1)  # what PySD imports and compiles on first use
        while True:
            steps = min(steps, last_step)
            start = seconds(1)
            took = seconds(steps + 1) - start
            if took > max(start, _ENOUGH) or steps == last_step:
                return max(took, 1e-9) / steps, steps
            steps *= 4
