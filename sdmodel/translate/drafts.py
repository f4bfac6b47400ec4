"""What a file defines: subscript ranges, and each variable with its definitions."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import (
    CONTROLS,
    Component,
    Equation,
    EquationError,
    LackingError,
)
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.space import MAX_SCALARS, Space, SubscriptError
from sdmodel.translate.trees import in_one_spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sdmodel.translate.external import Reader
    from sdmodel.translate.faults import Problem, Problems


@dataclass
class Draft:
    """A variable while it is being read."""

    key: str
    name: str
    components: list[Component] = field(default_factory=list)
    equations: dict[tuple[str, ...], Equation] = field(default_factory=dict)
    dims: tuple[str, ...] = ()
    sealed: bool = False
    """Defined with ``==``: a constant that no run may change."""
    hidden: bool = False
    """Part of a macro: computed, but no variable of the model."""

    @property
    def rank(self) -> int:
        """Number of subscripts."""
        return len(next(iter(self.equations), ()))


_PAIRS = re.compile(r"\(([^:()]+):([^()]*)\)")


def space_of(
    section: Any,
    definitions: Sequence[Definition],
    problems: Problems,
    reader: Reader,
) -> Space:
    """Return the subscript ranges of the file; what is wrong with them is noted."""
    lines = {name_key(d.name): d for d in definitions if d.kind == "range"}
    raw: list[tuple[str, tuple[str, ...] | str, tuple[str, ...]]] = []
    pairs: list[tuple[str, str, list[str]]] = []
    for item in section.subscripts:
        known = lines.get(name_key(item.name))
        line = known.line if known else None
        if isinstance(item.subscripts, dict):
            try:
                found = reader.subscripts(item.subscripts)
            except EquationError as error:
                lacking = isinstance(error, LackingError)
                problems.add(line, f"'{item.name}': {error}", unsupported=lacking)
                continue
            raw.append((item.name, found, tuple(item.mapping)))
            continue
        more = 0
        if known and "->" in known.right:
            for target, text in _PAIRS.findall(known.right.split("->", 1)[1]):
                listed = text.split(",")
                pairs.append((item.name, target.strip(), listed))
                more += len(listed)
        value = (
            item.subscripts
            if isinstance(item.subscripts, str)
            # PySD's parser adds what a mapping lists to the elements.
            else tuple(item.subscripts)[: len(item.subscripts) - more]
        )
        if not isinstance(value, str) and len(set(value)) < len(value):
            problems.add(line, f"'{item.name}': an element stands in it twice")
        raw.append((item.name, value, tuple(item.mapping)))
    try:
        space = Space.build(raw)
        for name, target, listed in pairs:
            space.pair(name, target, listed)
    except SubscriptError as error:
        problems.add(None, str(error))
        return Space()
    return space


def drafts_of(
    section: Any,
    definitions: Sequence[Definition],
    space: Space,
    problems: Problems,
    path: str,
    reader: Reader,
) -> dict[str, Draft]:
    """Return the variables by key; what is wrong with them is noted.

    Raises
    ------
    ModelFileError
        If they are too many to look any further, with what was noted so far.
    """
    texts: dict[str, list[Definition]] = {}
    for item in definitions:
        if item.kind not in {"range", "check"} and not item.macro:
            texts.setdefault(name_key(item.name), []).append(item)
    drafts: dict[str, Draft] = {}
    names = {name_key(element.name) for element in section.elements}
    xmile = not path.lower().endswith(".mdl")
    total = 0
    for element in section.elements:
        key = name_key(element.name)
        draft = drafts.setdefault(key, Draft(key, element.name.strip()))
        if len(draft.components) and not texts.get(key):
            problems.add(None, f"'{element.name}' is defined twice")
            continue
        for i, part in enumerate(element.components):
            written = texts.get(key, [])
            # An XMILE variable is one entry in the text, however many parts it has.
            text = written[min(i, len(written) - 1)] if written else None
            draft.sealed |= type(part).__name__ == "AbstractUnchangeableConstant"
            part.ast = in_one_spelling(part.ast, names, xmile=xmile)
            try:
                component = _component(draft.name, part, space, text, reader)
                total += len(component.bindings)
                _cover(draft, component, part, space, problems)
            except (SubscriptError, EquationError) as error:
                line = text.line if text else None
                what = f"'{element.name}': {error}"
                if isinstance(error, EquationError) and text:
                    what += f"; equation: {text.equation[:160]}"
                lacking = isinstance(error, LackingError)
                problems.add(line, what, unsupported=lacking)
                problems.spoiled.add(key)
                continue
            if draft.components and len(component.subscripts) != len(
                draft.components[0].subscripts
            ):
                continue  # told by _cover
            draft.components.append(component)
        if draft.equations:
            given = [part.subscripts for part in draft.components]
            draft.dims = space.dims(draft.equations, given)
        if total > MAX_SCALARS:
            problems.add(None, f"more than {MAX_SCALARS} scalar variables")
            problems.stop(path)
    return drafts


def _component(
    name: str,
    part: Any,
    space: Space,
    text: Definition | None,
    reader: Reader,
) -> Component:
    subscripts = tuple(sub.strip() for sub in part.subscripts[0])
    members = [space.members(sub) for sub in subscripts]
    keyword = getattr(part, "keyword", None)
    tree = part.ast
    kind = type(tree).__name__
    if kind == "GetConstantsStructure":
        tree = reader.constants(tree, members)
    elif kind in {"GetDataStructure", "GetLookupsStructure"}:
        tree = reader.series(tree, members, keyword)
    elif kind == "DataStructure":
        columns = [
            f"{name}[{','.join(elements)}]" if elements else name
            for elements in space.combinations(subscripts)
        ]
        tree = reader.columns(columns, keyword)
    return Component(
        variable=name,
        subscripts=subscripts,
        bindings=tuple(binding for binding, _ in space.bindings(subscripts)),
        tree=tree,
        line=(text.line or None) if text else None,
        text=text.equation if text else name,
    )


def _cover(
    draft: Draft,
    component: Component,
    part: Any,
    space: Space,
    problems: Problems,
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


def lost(
    definitions: Sequence[Definition], drafts: Mapping[str, Draft]
) -> Iterator[Problem]:
    """Tell of every variable of the file that has come to nothing on the way.

    No file may lose one in silence, whatever the reason: its results would be read as
    those of the whole model.
    """
    for item in definitions:
        draft = drafts.get(name_key(item.name))
        if item.kind in {"range", "check"} or item.macro:
            continue
        if draft is None or not draft.equations:
            what = f"'{item.name}' has no element left; equation: {item.equation[:160]}"
            yield item.line or None, what


def is_number(tree: object) -> bool:
    """Tell whether a right-hand side is a plain number, or a list of them."""
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return math.isfinite(tree)
    return type(tree).__name__ == "ndarray"


def is_constant(draft: Draft) -> bool:
    """Tell whether a variable is made of numbers that a run may set."""
    return (
        draft.key not in CONTROLS
        and not draft.sealed
        and bool(draft.components)
        and all(is_number(part.tree) for part in draft.components)
    )
