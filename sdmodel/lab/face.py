"""What a lab says of its model beyond the tables: ``lab.toml``, or a plain default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.errors import DataError, did_you_mean
from sdmodel.study.outcomes import STAKEHOLDERS
from sdmodel.study.tidy import Reader
from sdmodel.study.toml_files import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE = "lab.toml"
KEYS = (
    "question", "place", "per_thousand", "exercises", "boards", "rest", "short",
    "risk", "design", "zh",
)  # fmt: skip
MOST_BOARDS = 4
SHOWN = 4
"""Outcomes a board names beneath its figure."""


def read_face(
    folder: Path | None,
    levers: Sequence[Mapping[str, object]],
    outcomes: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    """Return the layout of a lab's page.

    Parameters
    ----------
    folder
        The model's folder; without it, or without a ``lab.toml`` in it, the levers form
        one design and the first four stakeholders get a board each, by their names;
        outcomes that no stakeholder owns are spread over numbered boards.
    levers, outcomes
        The page's levers (``name``, ``role``, ``group``) and its outcomes (``id``,
        ``stakeholder``).

    Raises
    ------
    DataError
        If the file names keys, levers, boards or outcomes that are not there; all at
        once.
    """
    names = [str(lever["name"]) for lever in levers if lever["role"] == "lever"]
    path = folder / FILE if folder else None
    if path is None or not path.is_file():
        return _plain(names, outcomes)
    table: dict[str, Any] = dict(read_toml(path, DataError, "lab"))
    reader = Reader(path)
    problems = reader.problems
    reader.keys(table, KEYS, "")
    ids = [str(outcome["id"]) for outcome in outcomes]
    named = reader.table(table, "boards")
    boards = {key: reader.list_of_texts(named, key, "[boards]") for key in named}
    whose = _stakeholders(outcomes)
    allowed = [*STAKEHOLDERS, *(name for name in whose if name not in STAKEHOLDERS)]
    if len(boards) > MOST_BOARDS:
        problems.append(
            f"{path}, [boards]: {len(boards)} boards; allowed: at most {MOST_BOARDS}"
        )
    for board, shown in boards.items():
        if board not in allowed:
            problems.append(
                f"{path}, [boards]: '{board}'; allowed: {', '.join(allowed)}"
                f"{did_you_mean(board, allowed)}"
            )
        problems += _unknown(f"{path}, [boards] '{board}'", shown, ids, "outcome")
    placed: list[str] = []
    designs: list[dict[str, Any]] = []
    for place, design in reader.tables(table, "design"):
        where = f"{path}, [[design]] '{design.get('id')}'"
        lists = {
            key: reader.list_of_texts(design, key, place)
            for key in ("first", "more", "groups")
        }
        designs.append({**design, **lists})
        here = [*lists["first"], *lists["more"]]
        problems += _unknown(where, here, names, "lever")
        problems += [
            f"{where}: '{name}' stands in two designs"
            for name in here
            if name in placed
        ]
        placed += here
    problems += _unknown(f"{path}, [zh]", reader.table(table, "zh"), names, "lever")
    if problems:
        raise DataError(problems)
    group = {str(lever["name"]): lever.get("group") for lever in levers}
    left = [name for name in names if name not in placed]
    for design in designs:
        groups = design.pop("groups")
        joining = [name for name in left if group[name] in groups]
        design["more"] = [*design["more"], *joining]
        left = [name for name in left if name not in joining]
    if left:
        designs.append({"id": "rest", "title": None, "first": [], "more": left})
    return {**table, "boards": boards, "design": designs}


def _unknown(
    where: str, given: Sequence[str] | Mapping[str, object], known: list[str], kind: str
) -> list[str]:
    return [
        f"{where}: no {kind} '{name}'{did_you_mean(name, known)}"
        for name in given
        if name not in known
    ]


def _stakeholders(outcomes: Sequence[Mapping[str, object]]) -> list[str]:
    """Return who owns outcomes, in the order in which they appear."""
    return [*dict.fromkeys(str(o["stakeholder"]) for o in outcomes if o["stakeholder"])]


def _plain(
    names: list[str], outcomes: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return a layout for a model of which nothing but its tables is known."""
    boards = {
        board: [str(o["id"]) for o in outcomes if o["stakeholder"] == board][:SHOWN]
        for board in _stakeholders(outcomes)[:MOST_BOARDS]
    } or {
        str(i + 1): [str(o["id"]) for o in outcomes[i::MOST_BOARDS]][:SHOWN]
        for i in range(min(MOST_BOARDS, len(outcomes)))
    }
    first, more = names[:5], names[5:]
    return {
        "boards": boards,
        "design": [{"id": "levers", "title": None, "first": first, "more": more}],
    }
