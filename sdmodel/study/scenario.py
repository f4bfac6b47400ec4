"""Scenarios: named sets of values, each with its story and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import ScenarioError, SdmodelError, did_you_mean
from sdmodel.model.core import Model, plain
from sdmodel.study.amounts import on_scale
from sdmodel.study.controls import unit_of
from sdmodel.study.files import stamp
from sdmodel.study.locate import usable
from sdmodel.study.names import settable
from sdmodel.study.toml_files import read_toml, subtable, unknown_keys
from sdmodel.study.values import (
    Value,
    limit_problem,
    mix_problems,
    parse_sets,
    parse_value,
    time_problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.study.controls import Control
    from sdmodel.study.files import Stamp

KEYS = ("title", "kind", "story", "shows", "from", "values", "evidence")
KINDS = ("regime", "case", "international", "policy")
"""Payment regimes; cases in China; systems of other countries; policies and shocks."""
LANGUAGES = ("en", "zh")
SCENARIOS, SUFFIX = "scenarios", ".toml"
BASELINE = "baseline"
OWN_VALUES = {"en": "The values in the model file", "zh": "模型文件中的取值"}


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario file as written, before it meets a model.

    ``parent`` is what its ``from`` names; ``values`` are still of any TOML kind.
    ``kind`` is one of ``KINDS``, or empty; ``shows`` says what to look for.
    """

    id: str
    path: Path
    kind: str
    title: Mapping[str, str]
    story: Mapping[str, str]
    shows: Mapping[str, str]
    parent: str | None
    values: Mapping[str, object]
    evidence: Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """Values of constants that answer one question, inherited ones included.

    ``values`` maps element names to numbers or schedules, ``evidence`` element names
    to sources. ``warnings`` tell values outside their limits that were let through.
    """

    id: str
    title: Mapping[str, str]
    story: Mapping[str, str]
    values: Mapping[str, Value]
    evidence: Mapping[str, str]
    path: Path | None
    warnings: tuple[str, ...] = field(default=())
    kind: str = ""
    shows: Mapping[str, str] = field(default_factory=dict)


def read_scenario_file(path: Path) -> ScenarioFile:
    """Read one scenario file by itself.

    Raises
    ------
    ScenarioError
        If it is unreadable, has unknown keys or texts of the wrong kind.
    """
    return _scenario_file(path, stamp(path))


@lru_cache(maxsize=256)
def _scenario_file(path: Path, state: Stamp) -> ScenarioFile:
    del state  # read again when the file has changed
    table = read_toml(path, ScenarioError, "scenario")
    if not table:
        msg = f"{path}: holds no scenario: it needs a title or [values]"
        raise ScenarioError(msg)
    problems = unknown_keys(str(path), table, KEYS)
    title = _texts(path, "title", table.get("title", {}), problems)
    story = _texts(path, "story", table.get("story", {}), problems)
    shows = _texts(path, "shows", table.get("shows", {}), problems)
    kind = table.get("kind", "")
    if kind not in ("", *KINDS):
        problems.append(
            f"{path}, 'kind': {kind!r}; allowed: {', '.join(KINDS)}"
            f"{did_you_mean(str(kind), KINDS)}"
        )
    parent = table.get("from")
    if parent is not None and (not isinstance(parent, str) or not parent.strip()):
        problems.append(f"{path}, 'from': {parent!r}; allowed: the id of a scenario")
        parent = None
    values = subtable(path, "values", table, problems)
    evidence = subtable(path, "evidence", table, problems)
    problems += [
        f"{path}, [evidence] '{name}': {source!r}; allowed: a text that says the source"
        for name, source in evidence.items()
        if not isinstance(source, str) or not source.strip()
    ]
    if problems:
        raise ScenarioError(problems)
    return ScenarioFile(
        id=path.stem,
        path=path,
        kind=str(kind),
        title=title or {"en": path.stem},
        story=story,
        shows=shows,
        parent=parent,
        values=values,
        evidence={name: str(source) for name, source in evidence.items()},
    )


def _texts(
    path: Path, key: str, given: object, problems: list[str]
) -> Mapping[str, str]:
    """Return a text in languages; a bare text is English."""
    texts = {"en": given} if isinstance(given, str) else given
    if not isinstance(texts, dict):
        problems.append(f"{path}, '{key}': {given!r}; allowed: text, or {{en, zh}}")
        return {}
    for language, text in texts.items():
        if language not in LANGUAGES:
            problems.append(
                f"{path}, '{key}': unknown language '{language}'; allowed: "
                f"{', '.join(LANGUAGES)}"
            )
        elif not isinstance(text, str):
            problems.append(f"{path}, '{key}.{language}': {text!r}; allowed: text")
    return {k: v for k, v in texts.items() if isinstance(v, str)}


def scenario_paths(folder: Path | None) -> dict[str, Path]:
    """Return the scenario files of a model folder by id, the baseline first."""
    place = folder / SCENARIOS if folder else None
    if place is None or not place.is_dir():
        return {}
    paths = {path.stem: path for path in place.glob(f"*{SUFFIX}")}
    return dict(sorted(paths.items(), key=lambda item: (item[0] != BASELINE, item[0])))


def is_of_model(path: Path, folder: Path | None) -> bool:
    """Say whether a scenario file is one of the model's folder, however it is named."""
    own = None if folder is None else (folder / SCENARIOS).resolve()
    return path.resolve().parent == own


def list_scenarios(folder: Path | None) -> tuple[ScenarioFile, ...]:
    """Return every scenario file of a model folder, the baseline first.

    Raises
    ------
    ScenarioError
        If any cannot be read; the problems of all of them at once.
    """
    found: list[ScenarioFile] = []
    problems: list[str] = []
    for path in scenario_paths(folder).values():
        try:
            found.append(read_scenario_file(path))
        except SdmodelError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return tuple(found)


def find_scenario(name: str, folder: Path | None, near: Path | None = None) -> Path:
    """Return the file of a scenario: an id of the model folder, or a ``.toml`` path.

    Parameters
    ----------
    name
        Id or path.
    folder
        The model folder.
    near
        Folder of the file that names it, to which paths are relative.

    Raises
    ------
    ScenarioError
        If there is none; the message names the nearest.
    """
    known = scenario_paths(folder)
    by_plain = {_loose(key): path for key, path in known.items()}
    if not usable(f"{name}{SUFFIX}"):
        msg = f"scenario {name[:80]!r}: neither an id nor a path"
        raise ScenarioError(msg)
    if name.casefold().endswith(SUFFIX):
        path = (near or Path()) / name
        if path.is_file():
            return path
        if path.is_dir():
            msg = f"{path}: this is a folder; a scenario is a file"
            raise ScenarioError(msg)
        hint = did_you_mean(path.stem, known)
        msg = f"{path}: no such scenario file{hint}"
        raise ScenarioError(msg)
    found = by_plain.get(_loose(name))
    if found is not None:
        return found
    if near is not None and (near / f"{name}{SUFFIX}").is_file():
        return near / f"{name}{SUFFIX}"
    hint = did_you_mean(name, known) or f"; known: {', '.join(known) or 'none'}"
    if Path(f"{name}{SUFFIX}").is_file():
        hint = f"; for the file here write {name}{SUFFIX}"
    msg = f"no scenario '{name}'{hint}; see 'sdmodel scenarios'"
    raise ScenarioError(msg)


def _loose(name: str) -> str:
    return plain(name).replace("-", "")


def read_chain(name: str, folder: Path | None) -> tuple[ScenarioFile, ...]:
    """Return a scenario file and those it inherits from, the oldest first.

    Raises
    ------
    ScenarioError
        If one is missing or wrong, or if they inherit in a loop, which is shown.
    """
    path = find_scenario(name, folder)
    chain: list[ScenarioFile] = []
    seen: list[Path] = []
    while True:
        true_path = path.resolve()
        if true_path in seen:
            loop = [f.id for f in chain[seen.index(true_path) :]] + [path.stem]
            msg = f"{path}, 'from': scenarios inherit in a loop: {' -> '.join(loop)}"
            raise ScenarioError(msg)
        seen.append(true_path)
        file = read_scenario_file(path)
        chain.append(file)
        if file.parent is None:
            return tuple(reversed(chain))
        try:
            path = find_scenario(file.parent, folder, near=path.parent)
        except ScenarioError as error:
            raise ScenarioError([f"{path}, 'from': {p}" for p in error.problems]) from (
                error
            )


def scenario_chain(name: str, folder: Path | None) -> tuple[ScenarioFile, ...]:
    """Return `read_chain`; nothing for the baseline of a model without scenario files.

    Raises
    ------
    ScenarioError
        As `read_chain`.
    """
    if plain(name) == BASELINE and not scenario_paths(folder):
        return ()
    return read_chain(name, folder)


def read_scenario(
    id_or_path: str | Path,
    folder: Path | None,
    model: Model,
    controls: tuple[Control, ...],
    *,
    allow_outside: bool = False,
    sets: Sequence[str] = (),
) -> Scenario:
    """Read a scenario, what it inherits, and assignments on top; check all of it.

    On a grid, amounts in scenarios of the model's folder are multiplied by its scale;
    those of a file of one's own are the grid's already.

    Parameters
    ----------
    id_or_path
        An id of the model folder, or the path of a ``.toml`` file. A model without
        scenario files has one scenario, ``baseline``: the values in its file.
    folder
        The model folder, or None for a model file alone.
    model, controls
        What may be set, and within which limits.
    allow_outside
        Let values outside their limits through, with a warning.
    sets
        Assignments ``NAME=VALUE`` that come last.

    Raises
    ------
    ScenarioError
        With every problem of values, names, limits and shares at once.
    """
    chain = scenario_chain(str(id_or_path), folder)
    problems: list[str] = []
    warnings: list[str] = []
    values: dict[str, Value] = {}
    where: dict[str, str] = {}
    evidence: dict[str, str] = {}

    def take(element: str, value: Value, place: str) -> None:
        values[element] = value
        where[element] = place

    for file in chain:
        scale = model.scale if is_of_model(file.path, folder) else 1.0
        given = _file_values(file, model, controls, scale, problems)
        for element, value in given.items():
            take(element, value, f"{file.path}, [values] '{element}'")
        for key, source in file.evidence.items():
            try:
                before = len(problems)
                elements = settable(key, model, controls, before)
                evidence |= dict.fromkeys(elements, source)
            except ValueError as error:
                problems.append(f"{file.path}, [evidence] '{key}': {error}")
    typed = parse_sets(sets, model, controls, problems)
    for element, value in typed.items():
        take(element, value, f"--set '{element}'")
    refused: set[str] = set()
    for element, value in values.items():
        if said := time_problem(element, value, model):
            problems.append(f"{where[element]}: {said}")
        said = limit_problem(element, value, model, controls)
        if said and allow_outside:
            warnings.append(f"{where[element]}: {said}")
        elif said:
            refused.add(element)
            fixed = any(c.fixed for c in controls if c.name == element)
            way = "or" if fixed else "use a value within, or"
            problems.append(f"{where[element]}: {said}; {way} --allow-outside-limits")
    for said in mix_problems(values, model, controls, refused):
        sources = [str(chain[-1].path)] if chain else []
        sources += ["--set"] * any(f"'{name}'" in said for name in typed)
        problems.append(f"{' with '.join(sources)}: {said}")
    if problems:
        raise ScenarioError(problems)
    return Scenario(
        id=chain[-1].id if chain else BASELINE,
        title=chain[-1].title if chain else OWN_VALUES,
        story=chain[-1].story if chain else {},
        values=values,
        evidence=evidence,
        path=chain[-1].path if chain else None,
        warnings=tuple(warnings),
        kind=chain[-1].kind if chain else "",
        shows=chain[-1].shows if chain else {},
    )


def _file_values(
    file: ScenarioFile,
    model: Model,
    controls: tuple[Control, ...],
    scale: float,
    problems: list[str],
) -> dict[str, Value]:
    """Return what a file sets, by element; amounts times ``scale``."""
    found: dict[str, Value] = {}
    for key, given in file.values.items():
        place = f"{file.path}, [values] '{key}'"
        said: list[str] = []
        elements: tuple[str, ...] = ()
        value: Value = 0.0
        try:
            elements = settable(key, model, controls, len(problems))
        except ValueError as error:
            said.append(f"{place}: {error}")
        try:
            value = parse_value(given)
        except ValueError as error:
            said.append(f"{place}: {error}")
        problems += said
        if said:
            continue
        for element in elements:
            if element in found:
                problems.append(f"{place}: '{element}' is set twice in this file")
            found[element] = on_scale(value, unit_of(element, model), scale)
    return found
