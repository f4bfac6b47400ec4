"""Study files: which scenarios, outcomes and factors, drawn by which method."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import ModelFileError, StudyError, UsageError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.controls import Control, mixes
from sdmodel.study.locate import locate_model, usable
from sdmodel.study.outcomes import Outcome, parse_key
from sdmodel.study.summaries import DISCOUNT_RATE
from sdmodel.study.toml_files import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.model.core import Model

METHODS: tuple[str, ...] = ("morris", "sobol")
ROLE_FACTORS: Mapping[str, str] = {"levers": "lever", "uncertainties": "uncertainty"}
LARGEST_N = 2**30
"""Beyond this no n is meant; what memory allows is for the study to say."""
LARGEST_SEED = 2**63 - 1

_KEYS = ("title", "question", "model", "scenarios", "outcomes", "discount", "design")
_DESIGN_KEYS = ("method", "n", "seed", "factors", "mix")
_MIX_KEYS = ("name", "names")


@dataclass(frozen=True)
class Mix:
    """Shares that are drawn together by stick-breaking and reported as one group."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """A study file, checked.

    ``factors`` are as written: "levers", "uncertainties" or names of controls;
    `chosen` gives the controls they mean. ``outcomes`` are keys such as ``id@2035``.
    ``discount`` is the yearly rate of discounted totals. ``model`` is as written,
    relative paths being relative to the study file: see `model_of`.
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
    problems = _unknown(str(path), table, _KEYS)
    design = table.get("design")
    if not isinstance(design, dict):
        problems.append(f"{path}: the table [design] is missing, with method, n, seed")
        design = {}
    where = f"{path}, [design]"
    problems += _unknown(where, design, _DESIGN_KEYS)
    named = _text(path, table, "model", problems, default="consortium")
    study = Study(
        name=path.parent.name if path.stem == "study" else path.stem,
        path=path,
        model=_resolve(path, named),
        scenarios=_list(path, table, "scenarios", problems),
        outcomes=_list(path, table, "outcomes", problems),
        method=_method(where, design.get("method"), problems),
        n=_whole(where, "n", design.get("n"), (1, LARGEST_N), problems),
        seed=_whole(where, "seed", design.get("seed", 1), (0, LARGEST_SEED), problems),
        factors=_list(where, design, "factors", problems, ("levers", "uncertainties")),
        mixes=_mixes(where, design.get("mix", []), problems),
        title=_text(path, table, "title", problems, default=""),
        question=_text(path, table, "question", problems, default=""),
        discount=_rate(path, table.get("discount", DISCOUNT_RATE), problems),
    )
    if scenarios is not None:
        study = _with_scenarios(study, scenarios, problems)
    if outcomes is not None:
        study = _with_outcomes(study, outcomes, model, problems)
    if controls is not None:
        study = _with_controls(study, controls, problems)
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
        changes["method"] = _method("--method", method, problems)
    if n is not None:
        changes["n"] = _whole("command line", "--n", n, (1, LARGEST_N), problems)
    if seed is not None:
        span = (0, LARGEST_SEED)
        changes["seed"] = _whole("command line", "--seed", seed, span, problems)
    if problems:
        raise StudyError(problems)
    return dataclasses.replace(study, **changes)  # type: ignore[arg-type]  # as checked


def chosen(study: Study, controls: Sequence[Control]) -> tuple[Control, ...]:
    """Return the controls that a study draws, in the order of ``controls.csv``."""
    wanted = {plain(name) for name in study.factors}
    roles = {role for word, role in ROLE_FACTORS.items() if word in wanted}
    mixed = {plain(name) for mix in study.mixes for name in mix.names}
    return tuple(
        control
        for control in controls
        if control.role in roles or plain(control.name) in wanted | mixed
    )


def _unknown(
    where: str, table: Mapping[str, object], keys: tuple[str, ...]
) -> list[str]:
    return [
        f"{where}: unknown key '{key}'; allowed: {', '.join(keys)}"
        f"{did_you_mean(key, keys)}"
        for key in table
        if key not in keys
    ]


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


def _method(where: str, given: object, problems: list[str]) -> str:
    if isinstance(given, str) and plain(given) in METHODS:
        return plain(given)
    shown = "none given" if given is None else f"'{given}'"
    problems.append(
        f"{where}, 'method': {shown}; allowed: {', '.join(METHODS)}"
        + (did_you_mean(given, METHODS) if isinstance(given, str) else "")
    )
    return METHODS[0]


def _whole(
    where: str, key: str, given: object, span: tuple[int, int], problems: list[str]
) -> int:
    low, high = span
    whole = isinstance(given, int) and not isinstance(given, bool)
    if whole and isinstance(given, int) and low <= given <= high:
        return given
    shown = "none given" if given is None else f"{given!r}"
    problems.append(
        f"{where}, '{key}': {shown}; allowed: a whole number {low} … {high}"
    )
    return low


def _mixes(where: str, given: object, problems: list[str]) -> tuple[Mix, ...]:
    if not isinstance(given, list) or not all(isinstance(m, dict) for m in given):
        problems.append(f"{where}, 'mix': must be tables [[design.mix]] with names")
        return ()
    found: list[Mix] = []
    for number, table in enumerate(given, start=1):
        place = f"{where}, mix {number}"
        problems += _unknown(place, table, _MIX_KEYS)
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


def _with_scenarios(study: Study, known: Sequence[str], problems: list[str]) -> Study:
    by_plain = {plain(name).replace("-", ""): name for name in known}
    found: list[str] = []
    for name in study.scenarios:
        if name.casefold().endswith(".toml"):
            beside = (study.path.parent if study.path else Path()) / name
            if not usable(name) or not beside.is_file():
                problems.append(f"{study.path}, 'scenarios': no file '{beside}'")
            found.append(str(beside))
            continue
        true_name = by_plain.get(plain(name).replace("-", ""))
        if true_name is None:
            problems.append(
                f"{study.path}, 'scenarios': no scenario '{name}'"
                f"{did_you_mean(name, known)}"
            )
            continue
        found.append(true_name)
    return dataclasses.replace(study, scenarios=tuple(found))


def _with_outcomes(
    study: Study,
    known: Sequence[Outcome],
    model: Model | None,
    problems: list[str],
) -> Study:
    found: list[str] = []
    for text in study.outcomes:
        try:
            found.append(parse_key(text, known, model).text)
        except UsageError as error:
            problems += [f"{study.path}, 'outcomes': {said}" for said in error.problems]
    return dataclasses.replace(study, outcomes=tuple(found))


def _with_controls(
    study: Study, controls: Sequence[Control], problems: list[str]
) -> Study:
    by_plain = {plain(control.name): control for control in controls}
    words = (*ROLE_FACTORS, *(control.name for control in controls))
    factors: list[str] = []
    for text in study.factors:
        if text in ROLE_FACTORS:
            factors.append(text)
        elif plain(text) in by_plain:
            factors.append(by_plain[plain(text)].name)
        else:
            problems.append(
                f"{study.path}, [design], 'factors': no control '{text}'; allowed: "
                f"levers, uncertainties or a name of controls.csv"
                f"{did_you_mean(text, words)}"
            )
    owner: dict[str, str] = {}
    true_mixes: list[Mix] = []
    for mix in study.mixes:
        names: list[str] = []
        for text in mix.names:
            place = f"{study.path}, [design], mix '{mix.name}'"
            control = by_plain.get(plain(text))
            if control is None:
                hint = did_you_mean(text, words[len(ROLE_FACTORS) :])
                problems.append(f"{place}: no control '{text}'{hint}")
                continue
            if control.mix is None and not 0 <= control.min < control.max <= 1:
                problems.append(
                    f"{place}: '{control.name}' is no share: its limits are "
                    f"{control.min:g} … {control.max:g}; a mix holds shares, "
                    "from 0 to 1"
                )
                continue
            if control.name in owner:
                problems.append(
                    f"{place}: '{control.name}' is already in '{owner[control.name]}'"
                )
            owner[control.name] = mix.name
            names.append(control.name)
        true_mixes.append(Mix(mix.name, tuple(names)))
    study = dataclasses.replace(study, factors=tuple(factors), mixes=tuple(true_mixes))
    return dataclasses.replace(study, mixes=_completed(study, tuple(controls), owner))


def _completed(
    study: Study, controls: tuple[Control, ...], owner: Mapping[str, str]
) -> tuple[Mix, ...]:
    """Add mixes of controls.csv: shares drawn one by one mostly exceed one."""
    drawn = {control.name for control in chosen(study, controls)}
    extra = [
        Mix(name, tuple(member.name for member in members))
        for name, members in mixes(controls).items()
        if any(m.name in drawn for m in members)
        and not any(m.name in owner for m in members)
    ]
    return (*study.mixes, *extra)
