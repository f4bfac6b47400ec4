"""PySD's abstract model and our own scan of the text → Model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sdmodel.model.core import Kind, Model, State, TimeAxis, Variable
from sdmodel.model.expr import Node
from sdmodel.translate.build import NA, reachable
from sdmodel.translate.clock import axis_by_states, time_axis
from sdmodel.translate.drafts import (
    Draft,
    drafts_of,
    is_constant,
    is_number,
    lost,
    space_of,
)
from sdmodel.translate.external import Reader
from sdmodel.translate.faults import Problems
from sdmodel.translate.lower import Lowering
from sdmodel.translate.macro_read import macros_of
from sdmodel.translate.macros import write_out
from sdmodel.translate.nouns import (
    CONTROLS,
    NOISE_SEED,
    NOISE_SEED_NAME,
    Component,
    EquationError,
    LackingError,
    UnknownError,
    is_lookup,
)
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.translate.space import Space


MOST_WRONG = 200
"""Problems with which a model is not written out: more would take long to find."""


def assemble(
    abstract: Any,
    definitions: Sequence[Definition],
    problems: Problems,
    *,
    name: str,
    path: str,
    digest: str,
    data: tuple[Path, ...] = (),
) -> Model:
    """Return the model, or raise everything that stands in its way.

    Raises
    ------
    ModelFileError
        With every contradiction: names, subscripts, loops, time axis.
    UnsupportedError
        If the file is sound but uses what no engine here computes; all of it is listed.
    """
    section = abstract.sections[0]
    reader = Reader(Path(path), data)
    ranges = Problems()
    space = space_of(section, definitions, ranges, reader)
    problems.wrong += ranges.wrong
    problems.unsupported += ranges.unsupported
    if ranges:
        problems.stop(path)
    drafts = drafts_of(section, definitions, space, problems, path, reader)
    problems.wrong += [(None, what) for what in reader.idle()]
    macros = macros_of(
        [item for item in abstract.sections[1:] if item.name not in problems.spoiled],
        definitions,
        xmile=not path.lower().endswith(".mdl"),
    )
    outputs = write_out(drafts, macros, space, problems)
    known, unknown = {*drafts, *problems.spoiled}, set[str]()
    components = [part for draft in drafts.values() for part in draft.components]
    for component in (*components, *problems.names_only):
        for fault in survey(component, known, space):
            _note(problems, component, fault)
            if isinstance(fault, UnknownError):
                unknown.add(fault.name)
    problems.spoiled |= unknown
    for control in CONTROLS:
        if control not in known:
            shown = control.upper().replace("_", " ")
            problems.add(None, f"'{shown}' is missing: it has no equation")
    if not problems:
        problems.wrong += lost(definitions, drafts)
    if len(problems.wrong) > MOST_WRONG:
        problems.stop(path)
    low = _lower(drafts, space, problems, path)
    for table in data:
        if table not in reader.used:
            what = "no variable is read from it; files named before it hold them"
            low.warnings[f"data file {table.name}: {what}"] = None
    definitions = (*definitions, *outputs)
    found = _model(low, drafts, definitions, name=name, path=path, digest=digest)
    return replace(found, data=tuple(map(str, data))) if data else found


def _note(problems: Problems, part: Component, fault: EquationError) -> None:
    shown = part.text if len(part.text) < 160 else part.text[:160] + "…"
    lacking = isinstance(fault, LackingError)
    what = f"'{part.variable}': {fault}; equation: {shown}"
    problems.add(part.line, what, unsupported=lacking)


def _lower(
    drafts: Mapping[str, Draft], space: Space, problems: Problems, path: str
) -> Lowering:
    equations = {
        (draft.key, elements): equation
        for draft in drafts.values()
        for elements, equation in draft.equations.items()
    }
    dims = {key: draft.rank for key, draft in drafts.items()}
    constants = [key for key, draft in drafts.items() if is_constant(draft)]
    fixed: frozenset[str] = frozenset()
    while True:
        low = Lowering(space, equations, dims, constants, fixed)
        low.xmile = not path.lower().endswith(".mdl")
        low.axes = {key: draft.dims for key, draft in drafts.items()}
        low.spoiled = frozenset(problems.spoiled)
        low.belts = frozenset(problems.belts)
        low.warnings.update(dict.fromkeys(problems.warned))
        if all(key in drafts and key not in low.spoiled for key in CONTROLS):
            low.time = time_axis(low, problems)
        if low.time is None:
            # There is no model any more; yet loops can be found without a time axis.
            low.time, low.by_state, low.loops_only = TimeAxis(0, 1, 1, 1), False, True
        try:
            _everything(low, drafts)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            # With parts missing anything may go wrong; what is known is told below.
            if not problems and not low.faults:
                raise
        if low.by_state and not problems:
            low.time = axis_by_states(low, problems)
        for line, what, kind in low.faults:
            problems.add(line, what, unsupported=issubclass(kind, LackingError))
        problems.stop(path)
        if low.structural <= fixed:
            return low
        # A constant that decides how many states there are is no lever: start again
        # with its value built in.
        fixed |= low.structural


def _everything(low: Lowering, drafts: Mapping[str, Draft]) -> None:
    for draft in drafts.values():
        _settle(low, draft)
    done = 0
    while done < len(low.instances):
        low.settle(("start", done))
        low.settle(("update", done))
        done += 1


def _settle(low: Lowering, draft: Draft) -> None:
    if draft.key in CONTROLS and not (low.time and low.time.clock):
        return
    for elements, equation in draft.equations.items():
        if not low.is_table(equation):
            low.settle(("scalar", "run", draft.key, elements))
            continue
        if draft.hidden:
            continue
        try:
            low.book.table(equation.component.tree, equation.element, equation.place)
        except EquationError as error:
            low.fault(equation, error)


def _model(
    low: Lowering,
    drafts: Mapping[str, Draft],
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
        if draft.hidden:
            continue
        for elements, equation in draft.equations.items():
            key = ("scalar", "run", draft.key, elements)
            if draft.key in CONTROLS and not low.time.clock:
                scalars[equation.element] = low.build.const(
                    {
                        "initial_time": low.time.start,
                        "final_time": low.time.stop,
                        "time_step": low.time.step,
                        "saveper": low.time.save_every,
                    }[draft.key]
                )
            elif not is_lookup(equation.component.tree):
                scalars[equation.element] = low.settle(key)[0]
    seeded = NOISE_SEED not in drafts and NOISE_SEED_NAME in {
        item.name for item in low.inputs
    }
    if seeded:
        scalars[NOISE_SEED_NAME] = low.settle(("scalar", "run", NOISE_SEED, ()))[0]
    states: list[State] = []
    for item in low.instances:
        starts, updates = (
            low.settle(("start", item.number)),
            low.settle(("update", item.number)),
        )
        for i, (label, first, then) in enumerate(
            zip(item.names, starts, updates, strict=True)
        ):
            if item.rule == "rate" and low.time.clock:
                (dt,) = low.settle(("scalar", "run", "time_step", ()))
                change = low.build.op("mul", dt, then)
                then = low.build.op("add", low.state(item.number, i), change)
                states.append(State(label, first, then, "assign"))
            else:
                states.append(State(label, first, then, item.rule))
    nodes, moved = _compact(low.build.graph.nodes, scalars, states)
    by_key: dict[str, list[Definition]] = {}
    for part in definitions:
        if part.kind not in {"range", "check"} and not part.macro:
            by_key.setdefault(name_key(part.name), []).append(part)
    variables = {
        draft.name: _variable(low, draft, by_key.get(draft.key, []))
        for draft in drafts.values()
        if not draft.hidden
    }
    if seeded:
        variables[NOISE_SEED_NAME] = _NOISE_SEED
    return Model(
        name=name,
        path=path,
        digest=digest,
        time=low.time,
        subscripts=dict(low.space.ranges),
        variables=variables,
        nodes=nodes,
        scalars={label: moved[node] for label, node in scalars.items()},
        inputs=tuple(low.inputs),
        states=tuple(
            State(s.name, moved[s.initial], moved[s.update], s.rule) for s in states
        ),
        lookups=tuple(low.tables),
        warnings=tuple(low.warnings),
        missing=_missing(low, scalars),
    )


_HOLDS = frozenset({"initial", "sample", "fixed delay"})
"""Structures that pass on what they are given, a missing value too."""


def _missing(low: Lowering, scalars: Mapping[str, int]) -> frozenset[str]:
    """Return the scalars that ``:NA:`` or raw data reach, other than by a stock.

    The states of structures that only hold or pass on a value are among them.
    """
    absent = low.build.const(NA)
    nodes = low.build.graph.nodes
    states = {
        item.first + i: (name, low.settle(("start", item.number))[i], update)
        for item in low.instances
        if item.kind in _HOLDS
        for i, (name, update) in enumerate(
            zip(item.names, low.settle(("update", item.number)), strict=True)
        )
    }
    reached: set[int] = set()
    while True:
        touched = [False] * len(nodes)
        for i, node in enumerate(nodes):
            raw = (
                node.op == "lookup" and low.tables[int(node.data or 0)].rule == "exact"
            )
            held = node.op == "state" and int(node.data or 0) in reached
            touched[i] = (
                i == absent or raw or held or any(touched[arg] for arg in node.args)
            )
        more = {i for i, (_, a, b) in states.items() if touched[a] or touched[b]}
        if more <= reached:
            break
        reached |= more
    names = {name for name, node in scalars.items() if touched[node]}
    return frozenset(names | {states[i][0] for i in reached})


_NOISE_SEED = Variable(
    name=NOISE_SEED_NAME,
    kind="constant",
    dims=(),
    elements=(NOISE_SEED_NAME,),
    unit="",
    limits=(None, None),
    comment="Names the stream of every random function; not in the file.",
    equation="0",
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


def _variable(low: Lowering, draft: Draft, texts: Sequence[Definition]) -> Variable:
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


def _kind(low: Lowering, draft: Draft) -> Kind:
    trees = {type(part.tree).__name__ for part in draft.components}
    tables = any(is_lookup(part.tree) for part in draft.components)
    kind: Kind = "auxiliary"
    if draft.key in CONTROLS:
        kind = "control"
    elif tables:
        kind = "lookup"
    elif "Series" in trees:
        kind = "data"
    elif "IntegStructure" in trees:
        kind = "stock"
    elif all(is_number(part.tree) for part in draft.components):
        kind = "constant"
    if kind not in get_args(Kind):
        raise AssertionError
    return kind
