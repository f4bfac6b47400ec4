"""PySD's abstract model and our own scan of the text → Model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.model.core import Kind, Model, State, TimeAxis, Variable
from sdmodel.model.expr import Node
from sdmodel.translate.axis import check_time, dyadic
from sdmodel.translate.build import reachable
from sdmodel.translate.guard import told
from sdmodel.translate.lower import (
    CONTROLS,
    Component,
    Equation,
    EquationError,
    LackingError,
    Lowering,
)
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.space import Space, SubscriptError
from sdmodel.translate.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SCALARS = 200_000


@dataclass
class _Problems:
    """Everything wrong with a file; unsupported constructs are kept apart."""

    wrong: list[tuple[int | None, str]] = field(default_factory=list)
    unsupported: list[tuple[int | None, str]] = field(default_factory=list)

    def add(self, line: int | None, what: str, *, unsupported: bool = False) -> None:
        (self.unsupported if unsupported else self.wrong).append((line, what))

    def stop(self, path: str) -> None:
        """Raise what there is, all at once."""
        lacking = [(line, f"{what} (not supported)") for line, what in self.unsupported]
        if self.wrong:
            raise ModelFileError(told(path, [*self.wrong, *lacking]))
        if lacking:
            raise UnsupportedError(told(path, lacking))


@dataclass
class _Draft:
    """A variable while it is being read."""

    key: str
    name: str
    components: list[Component] = field(default_factory=list)
    equations: dict[tuple[str, ...], Equation] = field(default_factory=dict)
    dims: tuple[str, ...] = ()
    sealed: bool = False
    """Defined with ``==``: a constant that no run may change."""


def assemble(
    abstract: Any,
    definitions: Sequence[Definition],
    *,
    name: str,
    path: str,
    digest: str,
) -> Model:
    """Return the model, or raise everything that stands in its way.

    Raises
    ------
    ModelFileError
        With every contradiction: names, subscripts, loops, time axis.
    UnsupportedError
        If the file is sound but uses what no engine here computes; all of it is listed.
    """
    problems = _Problems()
    section = abstract.sections[0]
    space = _space(section, definitions, problems)
    problems.stop(path)
    drafts = _drafts(section, definitions, space, problems)
    macros = {part.name for part in abstract.sections[1:]}
    for draft in drafts.values():
        for component in draft.components:
            for fault in survey(component, drafts, macros, space):
                _note(problems, component, fault)
    for control in CONTROLS:
        if control not in drafts:
            shown = control.upper().replace("_", " ")
            problems.add(None, f"'{shown}' is missing: it has no equation")
    problems.stop(path)
    low = _lower(drafts, space, problems, path)
    return _model(low, drafts, definitions, name=name, path=path, digest=digest)


def _note(problems: _Problems, part: Component, fault: EquationError) -> None:
    shown = part.text if len(part.text) < 160 else part.text[:160] + "…"
    lacking = isinstance(fault, LackingError)
    what = f"'{part.variable}': {fault}; equation: {shown}"
    problems.add(part.line, what, unsupported=lacking)


def _space(
    section: Any,
    definitions: Sequence[Definition],
    problems: _Problems,
) -> Space:
    lines = {name_key(d.name): d for d in definitions if d.kind == "range"}
    raw: list[tuple[str, tuple[str, ...] | str, tuple[str, ...]]] = []
    for item in section.subscripts:
        known = lines.get(name_key(item.name))
        line = known.line if known else None
        if isinstance(item.subscripts, dict):
            what = f"'{item.name}': subscripts from another file"
            problems.add(line, what, unsupported=True)
            continue
        if known and "->" in known.right and "(" in known.right.split("->", 1)[1]:
            what = f"'{item.name}': a mapping element by element: {known.right}"
            problems.add(line, what, unsupported=True)
        value = (
            item.subscripts
            if isinstance(item.subscripts, str)
            else tuple(item.subscripts)
        )
        if not isinstance(value, str) and len(set(value)) < len(value):
            problems.add(line, f"'{item.name}': an element stands in it twice")
        raw.append((item.name, value, tuple(item.mapping)))
    try:
        return Space.build(raw)
    except SubscriptError as error:
        problems.add(None, str(error))
        return Space()


def _drafts(
    section: Any,
    definitions: Sequence[Definition],
    space: Space,
    problems: _Problems,
) -> dict[str, _Draft]:
    texts: dict[str, list[Definition]] = {}
    for item in definitions:
        if item.kind not in {"range", "check"} and not item.macro:
            texts.setdefault(name_key(item.name), []).append(item)
    drafts: dict[str, _Draft] = {}
    total = 0
    for element in section.elements:
        key = name_key(element.name)
        draft = drafts.setdefault(key, _Draft(key, element.name.strip()))
        if len(draft.components) and not texts.get(key):
            problems.add(None, f"'{element.name}' is defined twice")
            continue
        for i, part in enumerate(element.components):
            written = texts.get(key, [])
            # An XMILE variable is one entry in the text, however many parts it has.
            text = written[min(i, len(written) - 1)] if written else None
            draft.sealed |= type(part).__name__ == "AbstractUnchangeableConstant"
            try:
                component = _component(draft.name, part, space, text)
                total += len(component.bindings)
                _cover(draft, component, part, space, problems)
            except SubscriptError as error:
                line = text.line if text else None
                problems.add(line, f"'{element.name}': {error}")
                continue
            draft.components.append(component)
        if draft.equations:
            given = [part.subscripts for part in draft.components]
            draft.dims = space.dims(draft.equations, given)
    if total > MAX_SCALARS:
        problems.add(None, f"{total} scalar variables; at most {MAX_SCALARS}")
    return drafts


def _component(
    name: str,
    part: Any,
    space: Space,
    text: Definition | None,
) -> Component:
    subscripts = tuple(sub.strip() for sub in part.subscripts[0])
    return Component(
        variable=name,
        subscripts=subscripts,
        bindings=tuple(binding for binding, _ in space.bindings(subscripts)),
        tree=part.ast,
        line=(text.line or None) if text else None,
        text=text.equation if text else name,
    )


def _cover(
    draft: _Draft,
    component: Component,
    part: Any,
    space: Space,
    problems: _Problems,
) -> None:
    """Give the component its elements, except those that :EXCEPT: takes away."""
    ranks = {len(component.subscripts), *(len(c.subscripts) for c in draft.components)}
    if len(ranks) > 1:
        what = f"'{draft.name}' is defined with {' and '.join(map(str, sorted(ranks)))}"
        problems.add(component.line, f"{what} subscripts")
        return
    taken: set[tuple[str, ...]] = set()
    for group in part.subscripts[1]:
        taken.update(elements for _, elements in space.bindings(group))
    tree = component.tree
    if type(tree).__name__ == "ndarray" and tree.size != len(component.bindings):
        what = f"{tree.size} numbers for {len(component.bindings)} elements"
        problems.add(component.line, f"'{draft.name}': {what}: {component.text}")
        return
    for place, (binding, elements) in enumerate(space.bindings(component.subscripts)):
        if elements in taken:
            continue
        shown = f"{draft.name}[{','.join(elements)}]" if elements else draft.name
        known = draft.equations.get(elements)
        if known is not None:
            other = known.component.line
            what = f"'{shown}' is defined again; line {other} defines it already"
            problems.add(component.line, what)
            return
        draft.equations[elements] = Equation(shown, component, binding, place)


def _is_number(tree: object) -> bool:
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return math.isfinite(tree)
    return type(tree).__name__ == "ndarray"


def _is_constant(draft: _Draft) -> bool:
    return (
        draft.key not in CONTROLS
        and not draft.sealed
        and bool(draft.components)
        and all(_is_number(part.tree) for part in draft.components)
    )


def _lower(
    drafts: Mapping[str, _Draft], space: Space, problems: _Problems, path: str
) -> Lowering:
    equations = {
        (draft.key, elements): equation
        for draft in drafts.values()
        for elements, equation in draft.equations.items()
    }
    dims = {key: len(draft.dims) for key, draft in drafts.items()}
    constants = [key for key, draft in drafts.items() if _is_constant(draft)]
    fixed: frozenset[str] = frozenset()
    while True:
        low = Lowering(space, equations, dims, constants, fixed)
        low.time = _time_axis(low, problems)
        if low.time is not None:
            for draft in drafts.values():
                _settle(low, draft)
            done = 0
            while done < len(low.instances):
                low.settle(("start", done))
                low.settle(("update", done))
                done += 1
        for line, what, kind in low.faults:
            problems.add(line, what, unsupported=kind is LackingError)
        problems.stop(path)
        if low.structural <= fixed:
            return low
        # A constant that decides how many states there are is no lever: start again
        # with its value built in.
        fixed |= low.structural


def _settle(low: Lowering, draft: _Draft) -> None:
    if draft.key in CONTROLS:
        return
    if (
        draft.components
        and type(draft.components[0].tree).__name__ == "LookupsStructure"
    ):
        for equation in draft.equations.values():
            try:
                low.table(equation.component.tree, equation.element)
            except EquationError as error:
                low.fault(equation, error)
        return
    for elements in draft.equations:
        low.settle(("scalar", "run", draft.key, elements))


def _time_axis(low: Lowering, problems: _Problems) -> TimeAxis | None:
    values: dict[str, float] = {}
    for control in CONTROLS:
        key = ("scalar", "control", control, ())
        shown = control.upper().replace("_", " ")
        if (control, ()) not in low.equations:
            problems.add(None, f"'{shown}' must have no subscripts")
            continue
        equation = low.equations[control, ()]
        before = len(low.faults)
        (node,) = low.settle(key)
        if len(low.faults) > before:
            continue
        try:
            values[control] = low.constant(node, shown)
        except EquationError as error:
            low.fault(equation, error)
    if len(values) < len(CONTROLS):
        return None
    axis = TimeAxis(
        values["initial_time"],
        values["final_time"],
        values["time_step"],
        values["saveper"],
    )
    lines = {key: low.equations[key, ()].component.line for key in CONTROLS}
    wrong = list(check_time(axis))
    for control, what in wrong:
        problems.add(lines[control], what)
    if not wrong and not dyadic(axis.step):
        low.warnings[
            f"TIME STEP = {axis.step:g} is not a power of two: PySD, which sums time, "
            "may lose saved rows that this program has; 1/8, 1/16, 1/32 … do not"
        ] = None
    return None if wrong else axis


def _model(
    low: Lowering,
    drafts: Mapping[str, _Draft],
    definitions: Sequence[Definition],
    *,
    name: str,
    path: str,
    digest: str,
) -> Model:
    if low.time is None:  # _lower has raised
        raise AssertionError
    scalars: dict[str, int] = {}
    for draft in drafts.values():
        for elements, equation in draft.equations.items():
            key = ("scalar", "run", draft.key, elements)
            if draft.key in CONTROLS:
                scalars[equation.element] = low.build.const(
                    {
                        "initial_time": low.time.start,
                        "final_time": low.time.stop,
                        "time_step": low.time.step,
                        "saveper": low.time.save_every,
                    }[draft.key]
                )
            elif type(equation.component.tree).__name__ != "LookupsStructure":
                scalars[equation.element] = low.settle(key)[0]
    states: list[State] = []
    for item in low.instances:
        starts, updates = (
            low.settle(("start", item.number)),
            low.settle(("update", item.number)),
        )
        states += [
            State(label, first, then, item.rule)
            for label, first, then in zip(item.names, starts, updates, strict=True)
        ]
    nodes, moved = _compact(low.build.graph.nodes, scalars, states)
    by_key: dict[str, list[Definition]] = {}
    for part in definitions:
        if part.kind not in {"range", "check"} and not part.macro:
            by_key.setdefault(name_key(part.name), []).append(part)
    return Model(
        name=name,
        path=path,
        digest=digest,
        time=low.time,
        subscripts=dict(low.space.ranges),
        variables={
            draft.name: _variable(low, draft, by_key.get(draft.key, []))
            for draft in drafts.values()
        },
        nodes=nodes,
        scalars={label: moved[node] for label, node in scalars.items()},
        inputs=tuple(low.inputs),
        states=tuple(
            State(s.name, moved[s.initial], moved[s.update], s.rule) for s in states
        ),
        lookups=tuple(low.tables),
        warnings=tuple(low.warnings),
    )


def _compact(
    nodes: list[Node], scalars: Mapping[str, int], states: Sequence[State]
) -> tuple[tuple[Node, ...], dict[int, int]]:
    """Drop the nodes that no scalar and no state needs."""
    roots = {
        *scalars.values(),
        *(s.initial for s in states),
        *(s.update for s in states),
    }
    kept = reachable(nodes, tuple(roots))
    moved = {old: new for new, old in enumerate(kept)}
    return (
        tuple(
            Node(item.op, tuple(moved[arg] for arg in item.args), item.data)
            for item in (nodes[old] for old in kept)
        ),
        moved,
    )


def _variable(low: Lowering, draft: _Draft, texts: Sequence[Definition]) -> Variable:
    order = {
        dim: {element: i for i, element in enumerate(low.space.ranges[dim])}
        for dim in draft.dims
    }
    elements = sorted(
        draft.equations,
        key=lambda item: [order[d][e] for d, e in zip(draft.dims, item, strict=True)],
    )
    last = dict.fromkeys(("unit", "comment", "group"), "")
    limits: tuple[float | None, float | None] = (None, None)
    for text in texts:
        for label in last:
            last[label] = getattr(text, label) or last[label]
        if text.limits != (None, None):
            limits = text.limits
    return Variable(
        name=draft.name,
        kind=_kind(low, draft),
        dims=draft.dims,
        elements=tuple(draft.equations[item].element for item in elements),
        unit=last["unit"],
        limits=limits,
        comment=last["comment"],
        equation="\n".join(
            f"{text.subscripts} = {text.right}" if len(texts) > 1 else text.right
            for text in texts
        ),
        line=(texts[0].line or None) if texts else None,
        group=last["group"],
    )


def _kind(low: Lowering, draft: _Draft) -> Kind:
    trees = {type(part.tree).__name__ for part in draft.components}
    kind: Kind = "auxiliary"
    if draft.key in CONTROLS:
        kind = "control"
    elif "LookupsStructure" in trees:
        kind = "lookup"
    elif "IntegStructure" in trees:
        kind = "stock"
    elif all(_is_number(part.tree) for part in draft.components):
        kind = "constant"
    if kind not in get_args(Kind):
        raise AssertionError
    return kind
