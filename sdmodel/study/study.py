"""Study files: which scenarios, outcomes and factors, drawn by which method."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import ModelFileError, StudyError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.factors import Mix, Range, parse_ranges
from sdmodel.study.locate import locate_model
from sdmodel.study.sizes import LARGEST_N, sizes
from sdmodel.study.study_names import with_controls, with_outcomes, with_scenarios
from sdmodel.study.summaries import DISCOUNT_RATE
from sdmodel.study.toml_files import read_toml, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome

METHODS: tuple[str, ...] = (
    "morris", "sobol", "fast", "rbd-fast", "delta", "pawn", "dgsm", "lhs"
)  # fmt: skip
"""Methods of a design; "lhs" draws only, and is for ``sweep``, as is a CSV file."""
LARGEST_SEED = 2**63 - 1

_KEYS = ("title", "question", "model", "scenarios", "outcomes", "discount", "design")
_DESIGN_KEYS = ("method", "n", "seed", "factors", "ranges", "mix")
_MIX_KEYS = ("name", "names")


@dataclass(frozen=True)
class Study:
    """A study file, checked.

    ``factors`` are as written: "levers", "uncertainties" or names of controls;
    `chosen` gives the controls they mean. ``outcomes`` are keys such as ``id@2035``.
    ``method`` is one of `METHODS`, or the path of a CSV file whose rows are the runs;
    ``n`` is then how many of them are taken, 0 for all. ``ranges`` are what the study
    itself gives. ``discount`` is the yearly rate of discounted totals. ``model`` is as
    written, relative paths being relative to the study file: see `model_of`.
    """

    name: str
    path: Path | None
    model: str
    scenarios: tuple[str, ...]
    outcomes: tuple[str, ...]
    method: str
    n: int
    seed: int
    factors: tuple[str, ...]
    mixes: tuple[Mix, ...] = ()
    ranges: tuple[Range, ...] = ()
    title: str = ""
    question: str = ""
    discount: float = DISCOUNT_RATE


def model_of(path: Path) -> str:
    """Return the model that a study file names, as `locate.locate_model` takes it.

    A path in the file is relative to the file; a bare name is a shipped model.

    Raises
    ------
    StudyError
        If the file cannot be read, or names no model or one that is not there.
    """
    table = read_toml(path, StudyError, "study")
    problems: list[str] = []
    model = _text(path, table, "model", problems, default="consortium")
    if problems:
        raise StudyError(problems)
    found = _resolve(path, model)
    try:
        locate_model(found)
    except ModelFileError as error:
        raise StudyError(
            f"{path}, 'model': {said}" for said in error.problems
        ) from error
    return found


def _resolve(path: Path, model: str) -> str:
    beside = path.parent / model
    if len(Path(model).parts) > 1 or Path(model).suffix or model in (".", ".."):
        return str(beside)
    return model


def read_study(
    path: Path,
    *,
    controls: Sequence[Control] | None = None,
    outcomes: Sequence[Outcome] | None = None,
    scenarios: Sequence[str] | None = None,
    model: Model | None = None,
) -> Study:
    """Read a study file and check all of it.

    Parameters
    ----------
    path
        The file.
    controls, outcomes, scenarios
        Those of its model; where given, the names in the file are checked against
        them, and written as they are there.
    model
        If given, outcomes in years outside its time are refused.

    Raises
    ------
    StudyError
        With every problem at once.
    """
    table = read_toml(path, StudyError, "study")
    problems = unknown_keys(str(path), table, _KEYS)
    design = table.get("design")
    if not isinstance(design, dict):
        problems.append(f"{path}: the table [design] is missing, with method, n, seed")
        design = {}
    where = f"{path}, [design]"
    problems += unknown_keys(where, design, _DESIGN_KEYS)
    named = _text(path, table, "model", problems, default="consortium")
    method = _method(path, where, design.get("method"), problems)
    ranges = parse_ranges(path, where, design.get("ranges", {}), problems)
    usual = [item.name for item in ranges] or ["levers", "uncertainties"]
    study = Study(
        name=path.parent.name if path.stem == "study" else path.stem,
        path=path,
        model=_resolve(path, named),
        scenarios=_list(path, table, "scenarios", problems),
        outcomes=_list(path, table, "outcomes", problems),
        method=method,
        n=_n(where, design.get("n"), method, problems),
        seed=_whole(where, "seed", design.get("seed", 1), (0, LARGEST_SEED), problems),
        factors=_list(where, design, "factors", problems, tuple(usual)),
        mixes=_mixes(where, design.get("mix", []), problems),
        ranges=ranges,
        title=_text(path, table, "title", problems, default=""),
        question=_text(path, table, "question", problems, default=""),
        discount=_rate(path, table.get("discount", DISCOUNT_RATE), problems),
    )
    if scenarios is not None:
        study = with_scenarios(study, scenarios, problems)
    if outcomes is not None:
        study = with_outcomes(study, outcomes, model, problems)
    if controls is not None:
        study = with_controls(study, controls, problems)
    if problems:
        raise StudyError(problems)
    return study


def override(
    study: Study,
    *,
    method: str | None = None,
    n: int | None = None,
    seed: int | None = None,
) -> Study:
    """Return the study with what the command line says instead.

    Raises
    ------
    StudyError
        If a value is wrong.
    """
    problems: list[str] = []
    changes: dict[str, object] = {}
    if method is not None:
        changes["method"] = _method(None, "--method", method, problems)
    if n is not None:
        size = str(changes.get("method", study.method))
        low, _, allowed = sizes(size)
        # Other methods tell more of a number that is too small for them.
        span = (low if size == "lhs" else 1, LARGEST_N)
        changes["n"] = _whole("command line", "--n", n, span, problems, allowed)
    if seed is not None:
        span = (0, LARGEST_SEED)
        changes["seed"] = _whole("command line", "--seed", seed, span, problems)
    if problems:
        raise StudyError(problems)
    return dataclasses.replace(study, **changes)  # type: ignore[arg-type]  # as checked


def _text(
    path: Path,
    table: Mapping[str, object],
    key: str,
    problems: list[str],
    default: str,
) -> str:
    given = table.get(key, default)
    if not isinstance(given, str) or (key == "model" and not given.strip()):
        problems.append(f"{path}, '{key}': {given!r}; allowed: text")
        return default
    return given


def _rate(path: Path, given: object, problems: list[str]) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool):
        rate = float(given)
        if math.isfinite(rate) and 0 <= rate <= 0.5:
            return rate
    problems.append(
        f"{path}, 'discount': {given!r}; allowed: a yearly rate from 0 to 0.5"
    )
    return DISCOUNT_RATE


def _list(
    where: str | Path,
    table: Mapping[str, object],
    key: str,
    problems: list[str],
    default: tuple[str, ...] = (),
) -> tuple[str, ...]:
    given = table.get(key, list(default))
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        problems.append(f"{where}, '{key}': {given!r}; allowed: a list of texts")
        return default
    if not given:
        problems.append(f"{where}, '{key}': the list is missing or empty")
    problems += [
        f"{where}, '{key}': '{item}' stands twice"
        for item in dict.fromkeys(given)
        if given.count(item) > 1
    ]
    return tuple(given)


def _method(path: Path | None, where: str, given: object, problems: list[str]) -> str:
    if isinstance(given, str) and plain(given) in METHODS:
        return plain(given)
    if isinstance(given, str) and is_table(given):
        return str((path.parent if path else Path()) / given)
    shown = "none given" if given is None else f"'{given}'"
    problems.append(
        f"{where}, 'method': {shown}; allowed: {', '.join(METHODS)}, or a CSV file of "
        "values" + (did_you_mean(given, METHODS) if isinstance(given, str) else "")
    )
    return METHODS[0]


def is_table(method: str) -> bool:
    """Say whether a method is a CSV file whose rows are the runs."""
    return method.casefold().endswith(".csv")


def _n(where: str, given: object, method: str, problems: list[str]) -> int:
    if given is None and is_table(method):
        return 0
    return _whole(where, "n", given, (1, LARGEST_N), problems, sizes(method)[2])


def _whole(
    where: str,
    key: str,
    given: object,
    span: tuple[int, int],
    problems: list[str],
    allowed: str = "",
) -> int:
    low, high = span
    allowed = allowed or f"a whole number from {low} to {high}"
    whole = isinstance(given, int) and not isinstance(given, bool)
    if whole and isinstance(given, int) and low <= given <= high:
        return given
    shown = "none given" if given is None else f"{given!r}"
    problems.append(f"{where}, '{key}': {shown}; allowed: {allowed}")
    return low


def _mixes(where: str, given: object, problems: list[str]) -> tuple[Mix, ...]:
    if not isinstance(given, list) or not all(isinstance(m, dict) for m in given):
        problems.append(f"{where}, 'mix': must be tables [[design.mix]] with names")
        return ()
    found: list[Mix] = []
    for number, table in enumerate(given, start=1):
        place = f"{where}, mix {number}"
        problems += unknown_keys(place, table, _MIX_KEYS)
        name = table.get("name", f"mix {number}")
        if not isinstance(name, str) or not name.strip():
            problems.append(f"{place}, 'name': {name!r}; allowed: text")
            name = f"mix {number}"
        names = _list(place, table, "names", problems)
        if len(names) == 1:
            problems.append(f"{place}: one share alone is no mix; two or more")
        found.append(Mix(name, names))
    names_of_mixes = [mix.name for mix in found]
    problems += [
        f"{where}: two mixes are called '{name}'"
        for name in dict.fromkeys(names_of_mixes)
        if names_of_mixes.count(name) > 1
    ]
    return tuple(found)
