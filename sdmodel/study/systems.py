"""What the sources name, and what in the model carries it: ``systems.csv``."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError, UsageError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.claims import Claim, parse_claims
from sdmodel.study.files import read_text
from sdmodel.study.scenario import scenario_paths
from sdmodel.study.tables import Row, read_rows
from sdmodel.study.toml_files import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome

Status = Literal["carried", "context"]

COLUMNS = (
    "id", "kind", "label_en", "label_zh", "status", "carried_by", "claims", "reason",
    "source",
)  # fmt: skip
KINDS = (
    "form", "case", "international", "policy", "figure", "mechanism", "recommendation",
)  # fmt: skip
STATUSES = ("carried", "context")
MOVABLE = ("lever", "uncertainty", "preset")
"""Carriers that can be changed, and so must claim what they change."""
_ID = re.compile(r"[A-Z][0-9]+")


@dataclass(frozen=True)
class Carrier:
    """A thing that carries a row: what it is, and its name as the model writes it."""

    kind: str
    name: str

    @property
    def text(self) -> str:
        """The carrier as the table writes it."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class System:
    """One row of ``systems.csv``: an item of the sources and what carries it.

    ``claims`` say which outcomes a carrier moves, and which way. ``reason`` says why a
    row is context only, or why the literature expects no effect.
    """

    id: str
    kind: str
    label_en: str
    label_zh: str
    status: Status
    carriers: tuple[Carrier, ...]
    claims: tuple[Claim, ...]
    reason: str
    source: str


def read_systems(
    folder: Path, model: Model, controls: Sequence[Control], outcomes: Sequence[Outcome]
) -> tuple[System, ...]:
    """Return the rows of ``systems.csv`` in the order of the file.

    Raises
    ------
    DataError
        If the table is missing or wrong, or names what does not exist; every problem
        at once.
    """
    path = folder / "systems.csv"
    known = carriers_of(folder, model, controls, outcomes)
    problems: list[str] = []
    found: dict[str, System] = {}
    for row in read_rows(path, COLUMNS):
        before = len(problems)
        system = _system(row, known, model, controls, outcomes, problems)
        if system.id in found:
            problems.append(f"{row.where}, column 'id': '{system.id}' already stands")
        if len(problems) == before:
            found[system.id] = system
    if not problems:
        problems += _unclaimed(path, found.values())
    if problems:
        raise DataError(problems)
    return tuple(found.values())


def carriers_of(
    folder: Path, model: Model, controls: Sequence[Control], outcomes: Sequence[Outcome]
) -> dict[str, dict[str, str]]:
    """Return what may carry a row: by kind, names as compared and as written."""
    names: dict[str, Iterable[str]] = {
        "variable": (*model.variables, *model.scalars),
        "lever": _of_role("lever", controls),
        "uncertainty": _of_role("uncertainty", controls),
        "preset": scenario_paths(folder),
        "outcome": [outcome.id for outcome in outcomes],
        "target": _column(folder / "targets.csv", "variable"),
        "check": _check_ids(folder / "checks.toml"),
        "loop": _column(folder / "loops.csv", "id"),
    }
    return {kind: {plain(n): n for n in found} for kind, found in names.items()}


def _of_role(role: str, controls: Sequence[Control]) -> list[str]:
    """Return the controls of a role; arrays by their elements and as a whole."""
    names = [control.name for control in controls if control.role == role]
    return [*names, *dict.fromkeys(name.partition("[")[0] for name in names)]


def _column(path: Path, name: str) -> list[str]:
    """Return the cells of one column of a table whose reader is in another room."""
    if not path.is_file():
        return []
    rows = csv.DictReader(read_text(path, DataError, "table").splitlines())
    return [cell.strip() for row in rows if (cell := row.get(name) or "").strip()]


def _check_ids(path: Path) -> list[str]:
    if not path.is_file():
        return []
    listed = read_toml(path, DataError, "file of checks").get("check")
    tables = listed if isinstance(listed, list) else []
    return [
        str(item["id"]) for item in tables if isinstance(item, dict) and "id" in item
    ]


def _system(
    row: Row,
    known: Mapping[str, Mapping[str, str]],
    model: Model,
    controls: Sequence[Control],
    outcomes: Sequence[Outcome],
    problems: list[str],
) -> System:
    cells = row.cells
    if not _ID.fullmatch(cells["id"]):
        problems.append(
            f"{row.where}, column 'id': '{cells['id']}'; allowed: a capital letter and "
            "a number, such as A1"
        )
    kind = row.word("kind", KINDS, problems)
    status = row.word("status", STATUSES, problems)
    problems += [
        f"{row.where}, column '{column}': blank"
        for column in ("label_en", "label_zh", "source")
        if not cells[column]
    ]
    carriers = _carriers(row, known, problems)
    claims: tuple[Claim, ...] = ()
    try:
        claims = parse_claims(
            cells["claims"], model, controls, outcomes, known["preset"]
        )
    except UsageError as error:
        problems += [f"{row.where}, column 'claims': {p}" for p in error.problems]
    if status == "carried" and not cells["carried_by"]:
        problems.append(
            f"{row.where}, column 'carried_by': blank; a row that is carried names "
            "what carries it"
        )
    if status == "context" and not cells["reason"]:
        problems.append(
            f"{row.where}, column 'reason': blank; a row that is context says why"
        )
    if not cells["reason"] and any(e.sign == 0 for c in claims for e in c.effects):
        problems.append(
            f"{row.where}, column 'reason': blank; a claim of no effect says why"
        )
    return System(
        id=cells["id"],
        kind=str(kind),
        label_en=cells["label_en"],
        label_zh=cells["label_zh"],
        status=cast("Status", status),
        carriers=carriers,
        claims=claims,
        reason=cells["reason"],
        source=cells["source"],
    )


def _carriers(
    row: Row, known: Mapping[str, Mapping[str, str]], problems: list[str]
) -> tuple[Carrier, ...]:
    found: list[Carrier] = []
    where = f"{row.where}, column 'carried_by'"
    for part in filter(None, (p.strip() for p in row.cells["carried_by"].split(";"))):
        kind, colon, name = (p.strip() for p in part.partition(":"))
        if not colon or kind not in known:
            problems.append(
                f"{where}: '{part}'; allowed: KIND:NAME, several divided by ';', with "
                f"the kinds {', '.join(known)}{did_you_mean(kind, known)}"
            )
        elif plain(name) not in known[kind]:
            said = f"no {kind} '{name}'{_where_else(kind, name, known)}"
            problems.append(f"{where}: {said}")
        else:
            found.append(Carrier(kind, known[kind][plain(name)]))
    return tuple(found)


def _where_else(kind: str, name: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """Say of what other kind a name is, or which is the nearest of its own."""
    others = [k for k, names in known.items() if k != kind and plain(name) in names]
    if others:
        return f"; it is a {others[0]}: write {others[0]}:{name}"
    return did_you_mean(name, known[kind].values())


def _unclaimed(path: Path, systems: Iterable[System]) -> list[str]:
    """Return a sentence for each thing that can be moved and claims no effect."""
    rows = tuple(systems)
    claimed = {
        name for system in rows for claim in system.claims for name in claim.names
    }
    return [
        f"{path}, '{system.id}': no row claims what '{carrier.text}' changes; add it "
        "to the column 'claims'"
        for system in rows
        for carrier in system.carriers
        if carrier.kind in MOVABLE and carrier.name not in claimed
    ]
