"""What the page moves: the rows of controls.csv, or a model's own constants."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sdmodel.experiments.space import held
from sdmodel.model.core import plain
from sdmodel.study.controls import bare_control, mixes, variable_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sdmodel.model.core import Input, Model
    from sdmodel.study.controls import Control

MOST_BARE = 120
"""Constants that a lab without a table offers; a list without end helps nobody."""

SPREAD = 0.5
"""How far from its value a constant without limits may be moved, as a share of it."""

BARE_LIMITS = "assumption: the limits in the model file"
BARE_SPREAD = (
    "assumption: half as much and half as much again, as the model sets no limits"
)
STEPS = 100
"""Positions of a slider whose table row gives no step."""


def bare_controls(model: Model) -> tuple[Control, ...]:
    """Return levers for a model without ``controls.csv``.

    Constants with limits in the model file come first and keep them; others may be
    moved by `SPREAD` of their value. A constant of zero without limits is left out:
    nothing says what it could be.
    """
    limited: list[Control] = []
    spread: list[Control] = []
    for item in model.inputs:
        variable = model.variables.get(variable_of(item.name, model))
        low, high = variable.limits if variable else (None, None)
        inside = low is not None and high is not None and low < high
        if inside and low is not None and high is not None:
            if low <= item.default <= high:
                limited.append(_bare(item, (low, high), BARE_LIMITS, model))
        elif math.isfinite(item.default) and item.default != 0:
            reach = SPREAD * abs(item.default)
            limits = (item.default - reach, item.default + reach)
            spread.append(_bare(item, limits, BARE_SPREAD, model))
    return tuple([*limited, *spread][:MOST_BARE])


def _bare(
    item: Input, limits: tuple[float, float], source: str, model: Model
) -> Control:
    variable = model.variables.get(variable_of(item.name, model))
    group = variable.group if variable else ""
    return bare_control(item.name, "lever", item.default, limits, source, model, group)


def lever_documents(
    controls: Sequence[Control],
    model: Model,
    scheduled: Collection[str],
    chinese: Mapping[str, str],
    sources: Mapping[str, str] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Return the levers and uncertainties as the page reads them.

    Parameters
    ----------
    controls
        What is moved.
    model
        Gives the meaning: the comment of the model file.
    scheduled
        Names of the uncertainties that can follow a schedule, as every lever can.
    chinese
        From `study.meanings.read_meanings`.
    sources
        From `study.meanings.read_sources`.
    """
    return [
        {
            "name": c.name,
            "role": c.role,
            "label": {"en": c.label_en, "zh": c.label_zh or None},
            "meaning": {
                "en": _comment(c.name, model),
                "zh": chinese.get(plain(variable_of(c.name, model))) or None,
            },
            "unit": c.unit,
            "min": c.min,
            "max": c.max,
            "step": c.step or (c.max - c.min) / STEPS,
            "default": c.default,
            "group": c.group,
            "source": c.source,
            "source_zh": sources.get(c.source),
            "grade": c.grade,
            "schedulable": c.role == "lever" or c.name in scheduled,
            "drawn": c.role == "uncertainty" and not held(c.group),
        }
        for c in controls
    ]


def _comment(name: str, model: Model) -> str:
    variable = model.variables.get(variable_of(name, model))
    return " ".join(variable.comment.split()) if variable else ""


def mix_documents(controls: tuple[Control, ...]) -> list[dict[str, Any]]:
    """Return the mixes: shares that add to at most one."""
    return [
        {"name": name, "members": [member.name for member in members]}
        for name, members in mixes(controls).items()
    ]
