"""What a reader wants to know of a model: its size, its sectors and their links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sdmodel.errors import DataError, did_you_mean
from sdmodel.experiments.exogenous import exogenous_series
from sdmodel.model.core import plain
from sdmodel.study.outcomes import STAKEHOLDERS
from sdmodel.study.summaries import POLICY_START
from sdmodel.study.toml_files import read_toml, subtable, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome

_NAME = re.compile(r'"[^"]+"|[^\W\d][\w ]*')
ABOUT = "report.toml"
_KEYS = (
    "base_year", "days", "not_for", "notice", "percent", "picture", "titles", "verdict",
)  # fmt: skip
_PICTURE_KEYS = ("size", "caption", "box", "arrow", "loop")


def model_facts(model: Model) -> dict[str, Any]:
    """Return the size of a model, its sectors, and which sector uses which."""
    groups: dict[str, dict[str, Any]] = {}
    for variable in model.variables.values():
        if variable.kind == "control":
            continue
        name = variable.group or "Model"
        sector = groups.setdefault(name, {"name": name, "variables": 0, "stocks": []})
        sector["variables"] += len(variable.elements)
        if variable.kind == "stock":
            sector["stocks"].append(variable.name)
    return {
        "name": model.name,
        "digest": model.digest,
        "scalars": sum(len(v.elements) for v in model.variables.values()),
        "states": len(model.states),
        "inputs": len(model.inputs),
        "start": model.time.start,
        "stop": model.time.stop,
        "step": model.time.step,
        "policy_start": POLICY_START,
        "save_every": model.time.save_every,
        "sectors": list(groups.values()),
        "links": [
            {"from": source, "to": target, "count": count}
            for (source, target), count in sorted(sector_links(model).items())
        ],
        "exogenous": [
            {"name": item.name, "kind": item.kind, "from": item.first, "to": item.last}
            for item in exogenous_series(model)
        ],
        "warnings": list(model.warnings),
    }


def sector_links(model: Model) -> dict[tuple[str, str], int]:
    """Count, for each pair of sectors, how often the second uses the first.

    Read from the equations: every time that a variable of one sector is named in an
    equation of another.
    """
    known = {plain(v.name): v for v in model.variables.values()}
    found: dict[tuple[str, str], int] = {}
    for variable in model.variables.values():
        used = {
            known[plain(word)].name
            for word in _NAME.findall(variable.equation)
            if plain(word) in known
        }
        for name in used:
            pair = (model.variables[name].group, variable.group)
            if pair[0] != pair[1] and "control" not in (
                model.variables[name].kind,
                variable.kind,
            ):
                found[pair] = found.get(pair, 0) + 1
    return found


def read_about(
    folder: Path, facts: Mapping[str, Any], outcomes: Sequence[Outcome] | None = None
) -> dict[str, Any]:
    """Return what ``report.toml`` tells of a model; nothing without the file.

    ``base_year`` of its prices, what it must not be used for (``not_for``), the ids of
    outcomes that are shares of a whole and read as percentages (``percent``), what
    observed variables and expressions of ``targets.csv`` are called (``titles``),
    outcomes in years that read better in ``days``, from what size on a change counts
    (``notice``: outcome id and a number in its unit, "any", or a relative size),
    by which outcomes each stakeholder is said to gain or lose (``verdict``; the ids are
    checked where the ``outcomes`` are given), and how to draw it (``picture``). Every
    box of the picture names the sectors (groups of the model file) that it stands for,
    and every arrow must be a dependence that the equations hold, so that the picture
    cannot drift away from the model.

    Raises
    ------
    DataError
        If a key or sector is unknown, or an arrow has no equation behind it; all at
        once.
    """
    path = folder / ABOUT
    if not path.is_file():
        return {}
    about = read_toml(path, DataError, "report text")
    problems = unknown_keys(str(path), about, _KEYS)
    picture = subtable(path, "picture", about, problems)
    problems += unknown_keys(f"{path}, [picture]", picture, _PICTURE_KEYS)
    problems += [
        f"{path}, [titles]: {name!r} = {title!r}; allowed: text"
        for name, title in subtable(path, "titles", about, problems).items()
        if not isinstance(title, str) or not title.strip()
    ]
    problems += [
        f"{path}, [notice]: {name} = {value!r}; allowed: a number above 0 in the "
        'unit of the outcome, "any", or {relative = NUMBER}'
        for name, value in subtable(path, "notice", about, problems).items()
        if not _is_notice(value)
    ]
    problems += _verdict_problems(
        f"{path}, [verdict]", subtable(path, "verdict", about, problems), outcomes
    )
    problems += _picture_problems(path, picture, facts)
    if problems:
        raise DataError(problems)
    return about


def _is_notice(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) == {"relative"} and _is_notice(value["relative"])
    if isinstance(value, bool):
        return False
    return value == "any" or (isinstance(value, int | float) and value > 0)


def _verdict_problems(
    where: str, table: Mapping[str, Any], outcomes: Sequence[Outcome] | None
) -> list[str]:
    """Return what is wrong with the outcomes that stakeholders are judged by."""
    problems = unknown_keys(where, table, STAKEHOLDERS)
    for stakeholder, ids in table.items():
        if not isinstance(ids, list) or not ids:
            problems.append(
                f"{where}: {stakeholder} = {ids!r}; allowed: a list of outcome ids"
            )
            continue
        if outcomes is None or stakeholder not in STAKEHOLDERS:
            continue
        allowed = [
            o.id
            for o in outcomes
            if o.stakeholder == stakeholder and o.good != "neutral"
        ]
        problems += [
            f"{where}: {stakeholder}: '{name}'; allowed: outcomes of '{stakeholder}' "
            f"that can be better or worse{did_you_mean(str(name), allowed)}"
            for name in ids
            if name not in allowed
        ]
    return problems


def _picture_problems(
    path: Path, picture: Mapping[str, Any], facts: Mapping[str, Any]
) -> list[str]:
    problems: list[str] = []
    sectors = [str(sector["name"]) for sector in facts["sectors"]]
    by_plain = {plain(name): name for name in sectors}
    boxes: dict[str, list[str]] = {}
    for number, box in enumerate(_tables(path, picture, "box", problems), start=1):
        where = f"{path}, box {number}"
        problems += _missing(where, box, ("id", "title", "at", "size", "sectors"))
        found = []
        named = box.get("sectors", [])
        if not isinstance(named, list):
            problems.append(f"{where}: 'sectors' = {named!r}; allowed: a list of names")
            named = []
        for name in named:
            if plain(str(name)) in by_plain:
                found.append(by_plain[plain(str(name))])
            else:
                hint = did_you_mean(str(name), sectors)
                problems.append(f"{where}: no sector '{name}' in the model{hint}")
        boxes[str(box.get("id"))] = found
    linked = {(link["from"], link["to"]) for link in facts["links"]}
    for number, arrow in enumerate(_tables(path, picture, "arrow", problems), start=1):
        where = f"{path}, arrow {number}"
        problems += _missing(where, arrow, ("from", "to"))
        ends = [str(arrow.get("from")), str(arrow.get("to"))]
        unknown = [end for end in ends if end not in boxes]
        problems += [f"{where}: no box '{e}'{did_you_mean(e, boxes)}" for e in unknown]
        if unknown:
            continue
        held = {(a, b) for a in boxes[ends[0]] for b in boxes[ends[1]]}
        if not held & linked:
            problems.append(
                f"{where}: no equation of '{ends[1]}' uses a variable of '{ends[0]}'"
            )
    return problems


def _tables(
    path: Path, picture: Mapping[str, Any], key: str, problems: list[str]
) -> Sequence[Mapping[str, Any]]:
    found = picture.get(key, [])
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    problems.append(
        f"{path}, [picture]: {key} = {found!r}; allowed: tables, [[picture.{key}]]"
    )
    return []


def _missing(where: str, table: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    return [f"{where}: '{key}' is missing" for key in keys if key not in table]
