"""What may be moved: levers (we choose) and uncertainties (nobody knows)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from sdmodel.errors import DataError, did_you_mean
from sdmodel.model.core import Model, plain
from sdmodel.study.amounts import factor_of
from sdmodel.study.tables import Row, read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Role = Literal["lever", "uncertainty"]
Distribution = Literal["uniform", "loguniform", "triangular", "normal-truncated"]
Grade = Literal["measured", "literature", "judgement", "assumption"]

COLUMNS = (
    "name", "role", "label_en", "label_zh", "min", "max", "step", "distribution",
    "group", "source", "grade",
)  # fmt: skip
ROLES: tuple[str, ...] = ("lever", "uncertainty")
DISTRIBUTIONS: tuple[str, ...] = (
    "uniform",
    "loguniform",
    "triangular",
    "normal-truncated",
)
GRADES: tuple[str, ...] = ("measured", "literature", "judgement", "assumption")
FIXED = "fixed"
MIX_PREFIX = "mix:"
SHARE_SUM = 1.0 + 1e-9
"""What shares of one whole may add to; the rest is for rounding."""


@dataclass(frozen=True)
class Control:
    """One row of ``controls.csv``, with unit and default from the model.

    ``distribution`` says how a study draws it between ``min`` and ``max``: "uniform";
    "loguniform" (uniform in the logarithm); "triangular" (mode at the default);
    "normal-truncated" (centred on the default, standard deviation a quarter of the
    range, cut at the limits). Controls whose ``group`` begins with ``mix:`` are shares
    of one whole.
    """

    name: str
    role: Role
    label_en: str
    label_zh: str
    unit: str
    default: float
    min: float
    max: float
    step: float
    distribution: Distribution
    group: str
    source: str
    grade: Grade

    @property
    def fixed(self) -> bool:
        """Whether it is a convention, whose range is but a formality."""
        return self.group.strip().casefold() == FIXED

    @property
    def mix(self) -> str | None:
        """Name of the payment mix it is a share of, if it is one."""
        if self.group.startswith(MIX_PREFIX):
            return self.group.removeprefix(MIX_PREFIX).strip()
        return None


def variable_of(element: str, model: Model) -> str:
    """Return the variable that an element belongs to."""
    name = element.partition("[")[0]
    if name in model.variables:
        return name
    for variable in model.variables.values():
        if element in variable.elements:
            return variable.name
    return element


def unit_of(element: str, model: Model) -> str:
    """Return the unit of a variable or element; empty if the model has none."""
    variable = model.variables.get(variable_of(element, model))
    return variable.unit if variable else ""


def read_controls(folder: Path, model: Model) -> tuple[Control, ...]:
    """Return the rows of ``controls.csv`` in the order of the file.

    Raises
    ------
    DataError
        If the table is missing or wrong; every problem at once.
    """
    path = folder / "controls.csv"
    problems: list[str] = []
    found: dict[str, Control] = {}
    inputs = {plain(item.name): item for item in model.inputs}
    for row in read_rows(path, COLUMNS):
        name = row.cells["name"]
        item = inputs.get(plain(name))
        if item is None:
            problems.append(_no_constant(row, name, model))
            continue
        if item.name in found:
            problems.append(f"{row.where}: '{item.name}' already has a row")
            continue
        control = _control(row, item.name, item.default, model, problems)
        if control is not None:
            found[item.name] = control
    problems += _lone_mixes(path, tuple(found.values()))
    if problems:
        raise DataError(problems)
    return tuple(found.values())


def _no_constant(row: Row, name: str, model: Model) -> str:
    head = plain(name) + "["
    whole = [i.name for i in model.inputs if plain(i.name).startswith(head)]
    if whole:
        return (
            f"{row.where}, column 'name': '{name}' is an array; give each element a "
            f"row: {', '.join(whole[:8])}{' …' if len(whole) > 8 else ''}"
        )
    known = [item.name for item in model.inputs]
    return (
        f"{row.where}, column 'name': '{name}' is no constant of {model.path} that can "
        f"be set{did_you_mean(name, known)}"
    )


def _control(
    row: Row, name: str, default: float, model: Model, problems: list[str]
) -> Control | None:
    before = len(problems)
    role = row.word("role", ROLES, problems)
    distribution = row.word("distribution", DISTRIBUTIONS, problems)
    grade = row.word("grade", GRADES, problems)
    low, high = row.number("min", problems), row.number("max", problems)
    step = row.number("step", problems) if row.cells["step"] else 0.0
    if name in model.moved:
        # On a grid a range moves with the value that it stands around.
        factor = model.moved[name]
        if math.isfinite(factor) and factor > 0:
            low, high, step = low * factor, high * factor, step * factor
        low, high = min(low, default), max(high, default)
    elif default == 0:
        # No amount at all is the same everywhere; what it may become is not.
        factor = factor_of(unit_of(name, model), model.scale)
        low, high, step = low * factor, high * factor, step * factor
    if low >= high:
        problems.append(f"{row.where}, '{name}': min {low:g} is not below max {high:g}")
    elif not low <= default <= high:
        problems.append(
            f"{row.where}, '{name}': the model's value {default:g} is outside "
            f"{low:g} … {high:g}"
        )
    if step < 0 or step > high - low:
        problems.append(
            f"{row.where}, column 'step': {step:g}; allowed: 0 to max - min"
        )
    if distribution == "loguniform" and low <= 0:
        problems.append(
            f"{row.where}, '{name}': loguniform needs min above 0, not {low:g}"
        )
    problems += [
        f"{row.where}, column '{column}': blank; say where the range comes from "
        "('assumption' is allowed)"
        if column == "source"
        else f"{row.where}, column '{column}': blank"
        for column in ("source", "label_en")
        if not row.cells[column]
    ]
    if len(problems) > before or not math.isfinite(low + high + step):
        return None
    return Control(
        name=name,
        role=cast("Role", role),
        label_en=row.cells["label_en"],
        label_zh=row.cells["label_zh"],
        unit=unit_of(name, model),
        default=default,
        min=low,
        max=high,
        step=step,
        distribution=cast("Distribution", distribution),
        group=row.cells["group"],
        source=row.cells["source"],
        grade=cast("Grade", grade),
    )


def bare_control(
    name: str,
    role: Role,
    default: float,
    limits: tuple[float, float],
    source: str,
    model: Model,
    group: str = "",
) -> Control:
    """Return the control of a constant without a row: uniform, an assumption.

    Parameters
    ----------
    name
        Name of the constant's element; it is its own label.
    role, source, group
        As in ``controls.csv``.
    default, limits
        Its value and the ends of its range, in the model's unit.
    model
        Gives the unit.
    """
    low, high = limits
    return Control(
        name=name,
        role=role,
        label_en=name,
        label_zh="",
        unit=unit_of(name, model),
        default=default,
        min=low,
        max=high,
        step=0.0,
        distribution="uniform",
        group=group,
        source=source,
        grade="assumption",
    )


def mixes(controls: tuple[Control, ...]) -> Mapping[str, tuple[Control, ...]]:
    """Return the shares of each payment mix, by the mix's name."""
    found: dict[str, tuple[Control, ...]] = {}
    for control in controls:
        if control.mix is not None:
            found[control.mix] = (*found.get(control.mix, ()), control)
    return found


def _lone_mixes(path: Path, controls: tuple[Control, ...]) -> list[str]:
    problems = []
    for name, members in mixes(controls).items():
        if not name:
            problems.append(f"{path}, column 'group': 'mix:' needs a name after it")
        elif len(members) < 2:
            problems.append(
                f"{path}, '{members[0].name}': the only share of '{MIX_PREFIX}{name}'; "
                "a mix has two or more"
            )
        elif (total := math.fsum(m.default for m in members)) > SHARE_SUM:
            problems.append(
                f"{path}, '{MIX_PREFIX}{name}': the model's own values add to "
                f"{total:g}; shares add to at most 1"
            )
    return problems
