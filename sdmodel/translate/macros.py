"""Macro calls written out: each call gets hidden variables of its own.

A macro is a small model that is called like a function. A call inside an equation with
subscripts is one macro for each of its elements, as are the ranges marked ``!`` in its
arguments; so the hidden variables carry those subscripts. Decision 0006 says why.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from sdmodel.translate.colons import MARK
from sdmodel.translate.drafts import Draft
from sdmodel.translate.macro_outputs import (
    as_written,
    definition,
    problem,
    split,
)
from sdmodel.translate.nouns import CONTROLS, Component, Equation
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.space import MAX_SCALARS, Space, SubscriptError, subscript_key
from sdmodel.translate.sums import marked
from sdmodel.translate.trees import children, rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.translate.faults import Problems
    from sdmodel.translate.macro_read import Macro
    from sdmodel.translate.space import Binding

Tree = Any
Spot = tuple["Binding", tuple[str, ...]]

MAX_DEPTH = 20
"""Of macros that call macros."""

MAX_CALLS = 20_000
"""Macro calls that are written out, those inside others counted each time."""


def write_out(
    drafts: dict[str, Draft],
    macros: Mapping[str, Macro],
    space: Space,
    problems: Problems,
) -> list[Definition]:
    """Replace every macro call in ``drafts``, adding the variables it stands for.

    Returns
    -------
    list of Definition
        What the model's variables are that calls define behind a colon.
    """
    if not macros:
        return []
    writer = _Writer(drafts, macros, space, problems)
    for draft in list(drafts.values()):
        writer.draft(draft, ())
    return writer.defined


class _Writer:
    def __init__(
        self,
        drafts: dict[str, Draft],
        macros: Mapping[str, Macro],
        space: Space,
        problems: Problems,
    ) -> None:
        self.drafts, self.macros = drafts, macros
        self.space, self.problems = space, problems
        self.calls = self.scalars = 0
        self.full = False
        self.defined: list[Definition] = []

    def draft(self, draft: Draft, above: tuple[str, ...]) -> None:
        """Replace the calls in one variable; ``above`` are the macros it stands in."""
        for place, part in enumerate(draft.components):
            if not self._calls_one(part.tree):
                continue
            spots = [
                (equation.binding, elements)
                for elements, equation in draft.equations.items()
                if equation.component is part
            ]
            tree = self._replace(part.tree, part, spots, above)
            made = replace(part, tree=tree)
            draft.components[place] = made
            for elements, equation in draft.equations.items():
                if equation.component is part:
                    draft.equations[elements] = replace(equation, component=made)

    def _calls_one(self, tree: Tree) -> bool:
        if type(tree).__name__ == "CallStructure" and self._macro(tree):
            return True
        return any(self._calls_one(item) for item in children(tree))

    def _macro(self, tree: Tree) -> Macro | None:
        return self.macros.get(tree.function.reference)

    def _replace(
        self, tree: Tree, part: Component, spots: Sequence[Spot], above: tuple[str, ...]
    ) -> Tree:
        def change(item: Tree) -> Tree:
            if type(item).__name__ != "CallStructure":
                return item
            macro = self._macro(item)
            return (
                item if macro is None else self._call(macro, item, part, spots, above)
            )

        return rewrite(tree, change)

    def _call(
        self,
        macro: Macro,
        tree: Tree,
        part: Component,
        spots: Sequence[Spot],
        above: tuple[str, ...],
    ) -> Tree:
        """Add the variables of one call; return a reference to what it gives."""
        given, outputs = split(tree.arguments)
        if len(given) != len(macro.params):
            what = f"takes {len(macro.params)} arguments, {len(given)} given"
            return self._refuse(macro, part, what)
        if macro.name in above or len(above) > MAX_DEPTH:
            chain = " → ".join([*above, macro.name]).upper().replace("_", " ")
            self.problems.add(part.line, f"a macro calls itself: {chain}")
            return float("nan")
        if self.calls >= MAX_CALLS:
            if not self.full:
                what = f"more than {MAX_CALLS} calls of macros"
                self.problems.add(part.line, what)
            self.full = True  # said once, however many more there are
            return float("nan")
        bare: dict[str, str] = {}
        for argument in given:
            bare.update(marked(argument))
        if outputs is not None:
            what = problem(outputs, macro.returns, part, inside=bool(bare))
            if what:
                return self._refuse(macro, part, what)
        try:
            chosen = list(self.space.combinations(bare.values()))
        except SubscriptError as error:
            self.problems.add(part.line, f"'{part.variable}': {error}")
            return float("nan")
        inner = [
            ({**binding, **dict(zip(bare, items, strict=True))}, (*elements, *items))
            for binding, elements in spots
            for items in chosen
        ]
        subscripts = (*part.subscripts, *(f"{name}!" for name in bare.values()))
        prefix = self._body(macro, given, part, subscripts, inner, above)
        reference, marks = _types()
        own = marks(list(subscripts)) if subscripts else None
        for name, output in zip(macro.returns, outputs or (), strict=False):
            tree = reference(prefix + name, own)
            self._output(macro, name, output.reference, replace(part, tree=tree), spots)
        return reference(prefix + macro.name, own)

    def _refuse(self, macro: Macro, part: Component, what: str) -> Tree:
        what = f"'{part.variable}': the macro {macro.shown} {what}"
        self.problems.add(part.line, f"{what}; equation: {part.text}")
        return float("nan")

    def _output(
        self,
        macro: Macro,
        output: str,
        key: str,
        part: Component,
        spots: Sequence[Spot],
    ) -> None:
        """Define the variable that a call names behind its colon."""
        hidden = key.startswith("\x1f")
        draft = self.drafts.get(key)
        if draft is None:
            name = as_written(key.rpartition("\x1f")[2], part.text)
            shown = f"{part.variable}: {name}" if hidden else name
            draft = Draft(key, shown, sealed=True, hidden=hidden)
            self.drafts[key] = draft
            if not hidden:
                texts = macro.texts.get(output, ())
                self.defined.append(definition(name, part, texts, macro.params))
        twice = [elements for _, elements in spots if elements in draft.equations]
        ranks = {len(elements) for elements in draft.equations}
        if twice or (ranks and ranks != {len(part.subscripts)}):
            other = next(iter(draft.equations.values())).component.line
            what = f"'{draft.name}' is defined again; line {other} defines it already"
            self.problems.add(part.line, what)
            return
        self._spread(draft, replace(part, variable=draft.name), spots, hidden=hidden)
        if draft.equations and not hidden:
            listed = [item.subscripts for item in draft.components]
            draft.dims = self.space.dims(draft.equations, listed)

    def _body(
        self,
        macro: Macro,
        given: Sequence[Tree],
        part: Component,
        subscripts: tuple[str, ...],
        spots: Sequence[Spot],
        above: tuple[str, ...],
    ) -> str:
        """Add the variables of one call; return what their keys begin with."""
        self.calls += 1
        prefix = f"\x1f{self.calls}\x1f"
        own = {name_key(element.name) for element in macro.section.elements}
        local = {*macro.params, *macro.made, *own}
        reference, marks = _types()
        made: list[Draft] = []
        for name, argument in zip(macro.params, given, strict=True):
            draft = self._hidden(prefix, name, macro, part)
            component = replace(part, subscripts=subscripts, tree=argument)
            self._spread(draft, component, spots)
            made.append(draft)

        def outer(item: Tree) -> Tree:
            """Turn names of the macro into names of this call."""
            if type(item).__name__ == "CallStructure":
                # A macro and the variable that holds its value share a name.
                name = item.function.reference.removeprefix(prefix)
                if name in self.macros:
                    return type(item)(reference(name), item.arguments)
                return item
            if type(item).__name__ != "ReferenceStructure":
                return item
            if item.reference in local:
                given = list(getattr(item.subscripts, "subscripts", None) or ())
                both = [*subscripts, *given]
                return reference(prefix + item.reference, marks(both) if both else None)
            if item.reference.endswith("$"):
                return reference(item.reference[:-1], item.subscripts)
            return item

        for element in macro.section.elements:
            key = name_key(element.name)
            draft = self._hidden(prefix, key, macro, part)
            texts = macro.texts.get(key, ())
            for i, piece in enumerate(element.components):
                text = texts[min(i, len(texts) - 1)] if texts else None
                component = Component(
                    variable=f"{macro.shown}.{element.name.strip()}",
                    subscripts=(*subscripts, *piece.subscripts[0]),
                    bindings=(),
                    tree=piece.ast,
                    line=(text.line or None) if text else part.line,
                    text=text.equation if text else element.name,
                )
                for unknown in self._foreign(piece.ast, local):
                    what = (
                        f"'{component.variable}': no variable '{unknown}' in the "
                        f"macro; write '{unknown}$' for the model's own; equation: "
                        f"{component.text}"
                    )
                    self.problems.add(component.line, what)
                component = replace(component, tree=rewrite(piece.ast, outer))
                self._local(draft, component, spots, piece)
            made.append(draft)
        for draft in made:
            self.drafts[draft.key] = draft
        for draft in made:
            inside = above if draft.key[len(prefix) :] in macro.params else None
            self.draft(draft, (*above, macro.name) if inside is None else inside)
        return prefix

    def _foreign(self, tree: Tree, local: set[str]) -> list[str]:
        """Return names in a macro's equation that are neither its own nor marked."""
        found: dict[str, None] = {}
        stack = [tree]
        while stack:
            item = stack.pop()
            if type(item).__name__ == "ReferenceStructure":
                name = item.reference
                known = name in local or name.endswith("$") or name in CONTROLS
                known |= name == MARK
                bare = name.strip('"')
                ranged = (
                    self.space.range_name(bare) is not None
                    or self.space.element_name(bare) is not None
                )
                if not (known or name == "time" or ranged):
                    found[name.replace("_", " ")] = None
            if type(item).__name__ == "CallStructure":
                stack.extend(item.arguments)
            else:
                stack.extend(children(item))
        return list(found)

    def _hidden(self, prefix: str, name: str, macro: Macro, part: Component) -> Draft:
        shown = f"{part.variable}: {macro.shown}.{name.replace('_', ' ')}"
        return Draft(prefix + name, shown, sealed=True, hidden=True)

    def _local(
        self, draft: Draft, component: Component, spots: Sequence[Spot], piece: Any
    ) -> None:
        """Give a macro's own variable its elements; it may have ranges of its own."""
        try:
            own = list(self.space.bindings(piece.subscripts[0]))
            taken = {
                elements
                for group in piece.subscripts[1]
                for _, elements in self.space.bindings(group)
            }
        except SubscriptError as error:
            self.problems.add(component.line, f"'{component.variable}': {error}")
            return
        clash = {subscript_key(name) for name in piece.subscripts[0]} & {
            key for binding, _ in spots for key in binding
        }
        if clash:
            what = (
                f"'{component.variable}': the range {', '.join(sorted(clash))} both "
                "inside the macro and where it is called"
            )
            self.problems.add(component.line, what, unsupported=True)
            return
        both = [
            ({**outer, **inner}, (*before, *after))
            for (outer, before), (inner, after) in product(spots, own)
            if after not in taken
        ]
        numbers = len(own)
        self._spread(draft, component, both, numbers)

    def _spread(
        self,
        draft: Draft,
        component: Component,
        spots: Sequence[Spot],
        numbers: int = 1,
        *,
        hidden: bool = True,
    ) -> None:
        self.scalars += len(spots)
        if self.scalars > MAX_SCALARS:
            self.problems.add(
                component.line, f"macros write out more than {MAX_SCALARS} scalars"
            )
            return
        component = replace(
            component, bindings=tuple(b for b, _ in spots), hidden=hidden
        )
        draft.components.append(component)
        for place, (binding, elements) in enumerate(spots):
            shown = f"{draft.name}[{','.join(elements)}]" if elements else draft.name
            draft.equations[elements] = Equation(
                shown, component, binding, place % numbers
            )


def _types() -> tuple[Any, Any]:
    from pysd.translators.structures import abstract_expressions as trees

    return trees.ReferenceStructure, trees.SubscriptsReferenceStructure
