"""Which constants a name sets, and why it cannot set others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.errors import MOST_TOLD, did_you_mean, listed
from sdmodel.model.core import Model, Variable, plain
from sdmodel.study.controls import Control, variable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId

_RUN_SETTINGS = frozenset({"time", "timestep", "finaltime", "initialtime", "saveper"})


def settable(
    name: str, model: Model, controls: Sequence[Control], before: int = 0
) -> tuple[str, ...]:
    """Return the elements that a name sets: itself, or all of an array.

    ``before`` counts the problems before this name, as for `did_you_mean`.

    Raises
    ------
    ValueError
        With a sentence that says why it cannot be set and what to do.
    """
    if name in model.input_index:
        return (name,)
    wanted = plain(name)
    if before >= MOST_TOLD and not model.knows(wanted):
        msg = f"no such lever or constant in {model.path}"
        raise ValueError(msg)
    inputs = {plain(item.name): item.name for item in model.inputs}
    if wanted in inputs:
        return (inputs[wanted],)
    if wanted in _RUN_SETTINGS:
        msg = (
            f"'{name}' belongs to the run settings, not to a scenario; "
            f"it is changed in {model.path}"
        )
        raise ValueError(msg)
    variable = next(
        (v for v in model.variables.values() if plain(v.name) == wanted), None
    )
    if variable is not None:
        elements = tuple(e for e in variable.elements if plain(e) in inputs)
        if elements and len(elements) == len(variable.elements):
            return elements
        raise ValueError(_refusal(variable, elements, model))
    element = next((e for e in model.scalars if plain(e) == wanted), None)
    owner = None if element is None else variable_of(element, model)
    if owner is not None and owner in model.variables:
        raise ValueError(_refusal(model.variables[owner], (), model))
    head = plain(name.partition("[")[0])
    family = [i for i in inputs.values() if plain(i.partition("[")[0]) == head]
    if "[" in name and family:
        msg = (
            f"no element '{name}'; elements: {listed(family)}"
            f"{did_you_mean(name, family)}"
        )
        raise ValueError(msg)
    known = [c.name for c in controls]
    known = list(dict.fromkeys((*known, *inputs.values())))
    hint = did_you_mean(name, known) or "; see 'sdmodel levers'"
    msg = f"no such lever or constant in {model.path}{hint}"
    raise ValueError(msg)


def _refusal(variable: Variable, free: tuple[str, ...], model: Model) -> str:
    """Say why a variable that is no plain constant cannot be set, and what can."""
    name = variable.name
    if variable.kind == "stock":
        initials = _initial_constants(variable, model)
        way = (
            f"set its initial value: {_quoted(initials)}"
            if initials
            else "set the constants of its flows"
        )
        return f"'{name}' is a stock, which its flows fill and drain; {way}"
    if variable.kind == "lookup":
        return f"'{name}' is a lookup table; it is changed in {model.path}"
    if variable.kind == "data":
        return f"'{name}' is a data series; it is changed in its file"
    if variable.kind == "control":
        return f"'{name}' belongs to the run settings; it is changed in {model.path}"
    if free:
        return f"of '{name}' only some elements can be set: {_quoted(free)}"
    roots = [model.scalars[e] for e in variable.elements if e in model.scalars]
    causes = _nearest_inputs(roots, model)
    way = f"; set what it depends on, such as {_quoted(causes)}" if causes else ""
    return f"'{name}' is computed by the model ({name} = {_short(variable)}){way}"


def _short(variable: Variable) -> str:
    text = " ".join(variable.equation.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _quoted(names: Sequence[str]) -> str:
    return listed([f"'{name}'" for name in names])


def _initial_constants(variable: Variable, model: Model) -> tuple[str, ...]:
    elements = set(variable.elements)
    roots = [state.initial for state in model.states if state.name in elements]
    return _nearest_inputs(roots, model)


def _nearest_inputs(
    roots: Sequence[NodeId], model: Model, limit: int = 3
) -> tuple[str, ...]:
    """Return the constants nearest to some nodes, breadth first."""
    found: dict[str, None] = {}
    seen: set[NodeId] = set()
    layer = list(roots)
    while layer and len(found) < limit:
        following: list[NodeId] = []
        for index in layer:
            if index in seen:
                continue
            seen.add(index)
            node = model.nodes[index]
            if node.op == "input" and isinstance(node.data, int):
                found[model.inputs[node.data].name] = None
            following += node.args
        layer = following
    return tuple(found)[:limit]
