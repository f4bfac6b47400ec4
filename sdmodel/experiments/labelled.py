"""Answers with labels: scenarios and their outcomes as an xarray.Dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.study.controls import variable_of
from sdmodel.study.results import versions

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from sdmodel.experiments.whatif import Answer, SaveWhat
    from sdmodel.model.core import Model, Variable

    Found = dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]

KEPT = 8
"""Forms that are kept between what-ifs."""


@dataclass(frozen=True)
class _Form:
    """A dataset that waits for its numbers, and all that is said of them in it."""

    said: tuple[object, ...]
    empty: xr.Dataset = field(repr=False)


_forms: list[_Form] = []


def dataset(
    answer: Answer, model: Model, *, engine: str, save: SaveWhat = "outcomes"
) -> xr.Dataset:
    """Return an answer with labels and attributes; see `run` for its variables."""
    found: Found = {}
    for key in answer.keys:
        about = {"long_name": key.outcome.label_en, "label_zh": key.outcome.label_zh}
        found[key.outcome.id] = (
            ("run", "time"),
            answer.series[key.outcome.id],
            about | {"units": key.outcome.series_unit},
        )
        name = key.text if "@" in key.text else f"{key.text}@{key.summary}"
        found[name] = (
            ("run",),
            answer.values[key.text],
            about | {"units": key.unit, "summary": name.partition("@")[2]},
        )
    coordinates = {
        "run": [scenario.id for scenario in answer.scenarios],
        "time": answer.times.tolist(),
    }
    if save == "all":
        for variable in model.variables.values():
            _add_variable(variable, answer, model, found, coordinates)
    else:
        _add_inputs(answer, model, found)
    found["status"] = (("run",), answer.status, {"long_name": "0 good, 1 bad"})
    found["bad_time"] = (("run",), answer.bad_time, {"units": "Year"})
    found["bad_name"] = (("run",), np.array(answer.bad_name), {})
    attrs = {
        "model": model.name,
        "model_digest": model.digest,
        "engine": engine,
        **{f"version_{name}": text for name, text in versions().items()},
    }
    return _filled(found, coordinates, attrs)


def _filled(
    found: Found, coordinates: dict[str, list[Any]], attrs: dict[str, str]
) -> xr.Dataset:
    """Put numbers into the form of an earlier answer where all else is the same.

    To check and to join labels takes xarray several times as long as the numbers take.
    """
    import xarray as xr

    labels = {name: (dims, v.shape, about) for name, (dims, v, about) in found.items()}
    said = (labels, coordinates, attrs)
    form = next((form for form in _forms if form.said == said), None)
    if form is None:
        # Of zeros without a size in memory: what was computed is not kept.
        empty = {
            name: (dims, np.broadcast_to(np.zeros((), v.dtype), v.shape), about)
            for name, (dims, v, about) in found.items()
        }
        form = _Form(said, xr.Dataset(empty, coords=coordinates, attrs=attrs))
        _forms[:] = [form, *_forms[: KEPT - 1]]
    return form.empty.copy(data={name: item[1] for name, item in found.items()})


def name_in_file(name: str) -> str:
    """Return a name as NetCDF has it, which takes a slash for a group."""
    return name.replace("/", "∕")  # noqa: RUF001 - the look-alike is meant


def _add_inputs(answer: Answer, model: Model, found: Found) -> None:
    inputs = answer.inputs
    for column, name in enumerate(inputs.names):
        variable = model.variables.get(variable_of(name, model))
        about = {"units": variable.unit if variable else "", "role": "input"}
        if name in inputs.schedules:
            held = np.repeat(inputs.values[:, column, None], len(answer.times), axis=1)
            for row, schedule in enumerate(inputs.schedules[name]):
                if schedule is not None:
                    held[row] = np.interp(answer.times, schedule.times, schedule.values)
            found.setdefault(name_in_file(name), (("run", "time"), held, about))
        else:
            values = inputs.values[:, column]
            found.setdefault(name_in_file(name), (("run",), values, about))


def _add_variable(
    variable: Variable,
    answer: Answer,
    model: Model,
    found: Found,
    coordinates: dict[str, list[Any]],
) -> None:
    """Add a model variable with its subscripts as dims."""
    if not variable.elements or any(
        element not in answer.elements for element in variable.elements
    ):
        return
    about = {
        "units": variable.unit,
        "long_name": variable.name,
        "comment": variable.comment,
        "equation": variable.equation,
    }
    parts = [answer.elements[element] for element in variable.elements]
    if len(parts) == 1:
        found.setdefault(
            name_in_file(variable.name), (("run", "time"), parts[0], about)
        )
        return
    dims = tuple(name_in_file(dim) for dim in variable.dims)
    sizes = tuple(len(model.subscripts.get(dim, ())) for dim in variable.dims)
    if len(set(dims)) < len(dims) or int(np.prod(sizes)) != len(parts):
        for element, part in zip(variable.elements, parts, strict=True):
            found.setdefault(name_in_file(element), (("run", "time"), part, about))
        return
    for dim, name in zip(variable.dims, dims, strict=True):
        coordinates[name] = list(model.subscripts[dim])
    stacked = np.stack(parts, axis=-1).reshape(*parts[0].shape, *sizes)
    found.setdefault(
        name_in_file(variable.name), (("run", "time", *dims), stacked, about)
    )
