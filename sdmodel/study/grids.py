"""Grids: what differs when the same model describes another place.

A grid is one catchment: a county, a city district, a province. Its file scales the
amounts of the model and sets what else is known of the place. ``NAME@GRID`` names a
model on a grid wherever a model is named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, cast

from sdmodel.errors import ScenarioError, SdmodelError, UsageError, did_you_mean
from sdmodel.model.core import Model, plain
from sdmodel.study.amounts import is_amount
from sdmodel.study.controls import unit_of
from sdmodel.study.names import settable
from sdmodel.study.toml_files import read_toml, subtable, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = ("title", "story", "scale", "values", "evidence", "fit")
FOLDER = "grids"
_FACTORS = (1e-3, 1e3)


@dataclass(frozen=True)
class Grid:
    """A grid file as read.

    ``scale`` multiplies every constant whose unit is an amount, or an amount per year.
    ``values`` are set after that, ``evidence`` says where each comes from, and ``fit``
    what a fit to local statistics wanted and reached.
    """

    id: str
    path: Path
    title: Mapping[str, str]
    story: Mapping[str, str]
    scale: float
    values: Mapping[str, float]
    evidence: Mapping[str, str]
    fit: Mapping[str, object]


def grid_paths(folder: Path | None) -> dict[str, Path]:
    """Return the grid files of a model folder by id."""
    place = folder / FOLDER if folder else None
    if place is None or not place.is_dir():
        return {}
    return {path.stem: path for path in sorted(place.glob("*.toml"))}


def find_grid(name: str, folder: Path | None) -> Path:
    """Return the file of a grid: an id of the model folder, or a ``.toml`` path.

    Raises
    ------
    ScenarioError
        If there is none; the message names the nearest.
    """
    if name.casefold().endswith(".toml"):
        path = Path(name)
        if path.is_file():
            return path
        msg = f"{path}: no such grid file"
        raise ScenarioError(msg)
    known = grid_paths(folder)
    found = {plain(key).replace("-", ""): path for key, path in known.items()}.get(
        plain(name).replace("-", "")
    )
    if found is None:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known) or 'none'}"
        msg = f"no grid '{name}'{hint}; see 'sdmodel grids'"
        raise ScenarioError(msg)
    return found


def read_grid(path: Path) -> Grid:
    """Read a grid file by itself.

    Raises
    ------
    ScenarioError
        With every problem of the file at once.
    """
    table = read_toml(path, ScenarioError, "grid")
    problems = unknown_keys(str(path), table, KEYS)
    scale = table.get("scale", 1.0)
    if not _number(scale) or not _FACTORS[0] <= scale <= _FACTORS[1]:
        problems.append(
            f"{path}, 'scale': {scale!r}; allowed: a number from {_FACTORS[0]:g} to "
            f"{_FACTORS[1]:g}, the grid's people relative to the model's"
        )
    values = subtable(path, "values", table, problems)
    evidence = subtable(path, "evidence", table, problems)
    problems += [
        f"{path}, [values] '{name}': {value!r}; allowed: a finite number"
        for name, value in values.items()
        if not _number(value)
    ]
    problems += [
        f"{path}, [values] '{name}': has no [evidence]; give its source, or "
        "'assumption: …'"
        for name in values
        if name not in evidence
    ]
    problems += [
        f"{path}, [evidence] '{name}': {source!r}; allowed: a text that says the source"
        for name, source in evidence.items()
        if not isinstance(source, str) or not source.strip()
    ]
    texts = {key: _texts(path, key, table, problems) for key in ("title", "story")}
    fit = subtable(path, "fit", table, problems)
    if problems:
        raise ScenarioError(problems)
    return Grid(
        id=path.stem,
        path=path,
        title=texts["title"] or {"en": path.stem},
        story=texts["story"],
        scale=float(cast("float", scale)),
        values={name: float(cast("float", value)) for name, value in values.items()},
        evidence={name: str(source) for name, source in evidence.items()},
        fit=fit,
    )


def _number(value: object) -> TypeGuard[int | float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e300
        and math.isfinite(value)
    )


def _texts(
    path: Path, key: str, table: Mapping[str, object], problems: list[str]
) -> dict[str, str]:
    given = table.get(key, {})
    texts = {"en": given} if isinstance(given, str) else given
    if not isinstance(texts, dict) or not all(
        name in ("en", "zh") and isinstance(text, str) for name, text in texts.items()
    ):
        problems.append(f"{path}, '{key}': {given!r}; allowed: text, or {{en, zh}}")
        return {}
    return texts


def list_grids(folder: Path | None) -> tuple[Grid, ...]:
    """Return every grid of a model folder.

    Raises
    ------
    ScenarioError
        If any cannot be read; the problems of all of them at once.
    """
    found: list[Grid] = []
    problems: list[str] = []
    for path in grid_paths(folder).values():
        try:
            found.append(read_grid(path))
        except SdmodelError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return tuple(found)


def on_grid(model: Model, grid: Grid) -> Model:
    """Return the model with the grid's values in place of its own.

    ``moved`` of the result holds the factor by which each constant was moved, and
    ``scale`` that of amounts, also of those that are zero.

    Raises
    ------
    ScenarioError
        If the grid sets what is no constant of the model; every problem at once.
    """
    values = {item.name: item.default for item in model.inputs}
    if grid.scale != 1:
        for name, value in values.items():
            if is_amount(unit_of(name, model)):
                values[name] = value * grid.scale
    problems: list[str] = []
    for key, value in grid.values.items():
        try:
            values |= dict.fromkeys(settable(key, model, ()), value)
        except ValueError as error:
            problems.append(f"{grid.path}, [values] '{key}': {error}")
    for key in grid.evidence:
        try:
            settable(key, model, ())
        except ValueError as error:
            problems.append(f"{grid.path}, [evidence] '{key}': {error}")
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    moved = {
        name: _factor(values[name], default, grid.scale)
        for name, default in ((item.name, item.default) for item in model.inputs)
        if values[name] != default
    }
    if not moved:
        return dataclasses.replace(
            model, name=f"{model.name}@{grid.id}", scale=grid.scale
        )
    text = repr(sorted((name, values[name]) for name in moved))
    digest = hashlib.sha256(f"{model.digest}\0{text}".encode()).hexdigest()
    return dataclasses.replace(
        model,
        name=f"{model.name}@{grid.id}",
        digest=digest,
        source=model.digest,
        moved=moved,
        scale=grid.scale,
        inputs=tuple(
            dataclasses.replace(item, default=values[item.name])
            for item in model.inputs
        ),
    )


def _factor(value: float, default: float, scale: float) -> float:
    """Return by what a value was moved; of an amount the scale itself, to the bit.

    A limit that a value meets here is met there too.
    """
    if value == default * scale:
        return scale
    return value / default if default else math.nan


def check_fitted(path: Path) -> None:
    """Refuse to write a grid over any file but a grid that a fit has written.

    Raises
    ------
    UsageError
        If there is such a file.
    """
    if not path.is_file():
        return
    try:
        fitted = bool(read_grid(path).fit)
    except SdmodelError:
        fitted = False
    if not fitted:
        msg = (
            f"{path}: exists already and is no grid that --fit wrote, so that it is "
            "not overwritten; choose another name"
        )
        raise UsageError(msg)


def grid_text(grid: Grid) -> str:
    """Return the text of a grid file."""
    lines = [
        f"title = {_inline(grid.title or {'en': grid.id})}",
        f"story = {_inline(grid.story or {'en': 'Say here what place this is.'})}",
        f"scale = {grid.scale!r}",
        "",
        "[values]",
        *(f"{_quote(name)} = {value!r}" for name, value in grid.values.items()),
        "",
        "[evidence]",
        *(f"{_quote(name)} = {_quote(said)}" for name, said in grid.evidence.items()),
        "",
        "[fit]",
        *(f"{name} = {_inline(row)}" for name, row in grid.fit.items()),
    ]
    return "\n".join(lines) + "\n"


def _inline(table: object) -> str:
    parts = cast("Mapping[str, object]", table).items()
    return (
        "{ "
        + ", ".join(
            f"{name} = {_quote(value) if isinstance(value, str) else repr(value)}"
            for name, value in parts
        )
        + " }"
    )


def _quote(text: str) -> str:
    # JSON's escapes are among those of a TOML basic string; DEL is not in JSON's.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
