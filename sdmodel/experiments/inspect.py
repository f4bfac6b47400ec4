"""What a look at a model finds before any run: units, structure, limits, lint."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.experiments.exogenous import Exogenous, exogenous_series, names_in
from sdmodel.model.core import Model, Variable, plain
from sdmodel.model.unit_check import UnitProblem, check_units

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELAY = re.compile(r"\b((?:SMOOTH|DELAY)\w*(?:\s+(?:N|FIXED))?)\s*\(", re.IGNORECASE)
_TIME_EQUALS = re.compile(
    r"(?<![\w'$])Time\s*=(?!=)|(?<![<>:=])=\s*Time(?![\w'$])", re.IGNORECASE
)


@dataclass(frozen=True)
class Finding:
    """Something worth a look, with the variable and its line in the file."""

    variable: str
    line: int | None
    message: str


@dataclass(frozen=True)
class Inspection:
    """Everything ``check`` tells. Only ``unit_problems`` count as errors."""

    name: str
    path: str
    digest: str
    counts: dict[str, int]
    unit_problems: tuple[UnitProblem, ...]
    outside_limits: tuple[Finding, ...]
    lint: tuple[Finding, ...]
    unused: tuple[str, ...]
    without_unit: tuple[str, ...]
    without_comment: tuple[str, ...]
    exogenous: tuple[Exogenous, ...]
    warnings: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing found is an error."""
        return not self.unit_problems


def inspect_model(model: Model) -> Inspection:
    """Return what can be said of a model without running it."""
    modelled = [v for v in model.variables.values() if v.kind != "control"]
    kinds = [v.kind for v in modelled]
    return Inspection(
        name=model.name,
        path=model.path,
        digest=model.digest,
        counts={
            "variables": len(modelled),
            "scalars": len(model.scalars),
            "states": len(model.states),
            "inputs": len(model.inputs),
            "stocks": kinds.count("stock"),
            "constants": kinds.count("constant"),
            "lookups": len(model.lookups),
            "nodes": len(model.nodes),
            "steps": model.time.steps,
            "saved_times": len(model.time.saved),
        },
        unit_problems=check_units(model),
        outside_limits=tuple(_outside_limits(model)),
        lint=tuple(_lint(model)),
        unused=tuple(_unused(model)),
        without_unit=tuple(v.name for v in modelled if not v.unit),
        without_comment=tuple(v.name for v in modelled if not v.comment),
        exogenous=tuple(exogenous_series(model)),
        warnings=model.warnings,
    )


def _unused(model: Model) -> Iterator[str]:
    """Constants and tables that nothing reads (an unread auxiliary is an output)."""
    read: dict[str, set[str]] = {}
    for item in model.variables.values():
        for name in names_in(item.equation, model):
            read.setdefault(name, set()).add(item.name)
    for item in model.variables.values():
        others = read.get(plain(item.name), set()) - {item.name}
        if item.kind in {"constant", "lookup"} and not others:
            yield item.name


def _outside_limits(model: Model) -> Iterator[Finding]:
    for item in model.variables.values():
        low, high = item.limits
        for element in item.elements:
            index = model.input_index.get(element)
            if index is None:
                continue
            value = model.inputs[index].default
            below = low is not None and value < low
            above = high is not None and value > high
            if below or above:
                text = (
                    f"'{element}' = {value:g} lies outside its limits [{low}, {high}]"
                )
                yield Finding(item.name, item.line, text)


def _lint(model: Model) -> Iterator[Finding]:
    step = model.time.step
    for item in model.variables.values():
        if _TIME_EQUALS.search(_right(item)):
            text = "compares Time with =, which a step may jump over; use >= or PULSE"
            yield Finding(item.name, item.line, text)
        for function, length in _delay_times(item, model):
            if length < 2 * step:
                text = (
                    f"{function} over {length:g}, less than two steps of {step:g}: its "
                    "numbers depend on the step"
                )
                yield Finding(item.name, item.line, text)
        if _rounded_by_pysd(item, model):
            text = (
                "numbers in an array or table with more than 8 decimals, which plain "
                "PySD rounds"
            )
            yield Finding(item.name, item.line, text)


def _right(item: Variable) -> str:
    """Return the equations without the ``[a,b] =`` that several definitions carry."""
    return "\n".join(
        re.sub(r"^\s*\[[^=]*\]\s*=", "", line) for line in item.equation.split("\n")
    )


def _delay_times(item: Variable, model: Model) -> Iterator[tuple[str, float]]:
    for found in _DELAY.finditer(item.equation):
        args = _arguments(item.equation, found.end())
        if len(args) < 2:
            continue
        name = plain(args[1])
        try:
            yield found[1].upper(), float(args[1])
        except ValueError:
            for value in model.inputs:
                if plain(value.name.partition("[")[0]) == plain(name.partition("[")[0]):
                    yield found[1].upper(), value.default


def _arguments(text: str, start: int) -> list[str]:
    """Return the arguments of a call whose parenthesis has just been opened."""
    depth, begin = 0, start
    found: list[str] = []
    for i in range(start, len(text)):
        char = text[i]
        if char in "([":
            depth += 1
        elif char in ")]":
            if depth == 0:
                return [*found, text[begin:i].strip()]
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[begin:i].strip())
            begin = i + 1
    return found


def _rounded_by_pysd(item: Variable, model: Model) -> bool:
    """Tell whether PySD's generated code, which prints arrays, loses digits."""
    import numpy as np

    values = [
        [
            model.inputs[model.input_index[name]].default
            for name in item.elements
            if name in model.input_index
        ]
        if item.dims
        else []
    ]
    for table in model.lookups:
        if table.name in item.elements:
            values += [list(table.x), list(table.y)]
    with np.printoptions(precision=8, suppress=False, floatmode="maxprec"):
        return any(
            row
            and ast.literal_eval(
                np.array2string(np.array(row), separator=",", threshold=len(row) + 1)
            )
            != row
            for row in values
        )
