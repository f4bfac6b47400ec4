"""An XMILE file → PySD's abstract model: dimensions, variables, macros, time axis."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.translate.guard import line_of, local_name
from sdmodel.translate.nouns import CONTROLS, Component
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.xmile_arrays import Meaning
from sdmodel.translate.xmile_calls import call
from sdmodel.translate.xmile_dims import Dims, Home
from sdmodel.translate.xmile_expr import ExpressionError, expression, key_of
from sdmodel.translate.xmile_guard import SPOILED, unsafe_text
from sdmodel.translate.xmile_macros import Defaults
from sdmodel.translate.xmile_modules import (
    KINDS,
    Found,
    axes_of,
    below,
    connected,
    is_in,
    shown,
    variables,
)
from sdmodel.translate.xmile_names import named_in
from sdmodel.translate.xmile_parts import Parts, child, children, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    from sdmodel.translate.faults import Problems

Tree = Any


def parse_xmile(
    root: _Element, path: str, problems: Problems
) -> tuple[Any, list[Definition]]:
    """Return PySD's abstract model of a checked XMILE file, and its definitions.

    Variables that cannot be read are left out and told in ``problems``.

    Raises
    ------
    ModelFileError
        If so much cannot be read that to go on would only mislead.
    """
    from pysd.translators.structures import abstract_model as pysd

    if not problems.whole:
        problems.stop(path)
    gone: set[str] = set()
    dims = _dims(root, problems)
    defaults = Defaults(root, problems)
    main = list(variables(root, dims, problems, gone))
    main = list(connected(main, root, gone))
    if not problems.whole:
        problems.stop(path)
    reader = _Reader(dims, defaults, problems, gone)
    elements = [*reader.elements(main), *reader.controls(root, main)]
    sections = [_section("__main__", "main", [], elements, path)]
    for node in children(root, "macro"):
        elements = list(reader.elements(_macro(node, dims), node))
        params = [text_of(item) for item in children(node, "parm")]
        name = name_key(node.get("name", ""))
        sections.append(_section(name, "macro", params, elements, path))
    # Only now: equations may have added parts and doubles of dimensions.
    definitions = [_definition(item) for item in main if not item.spoiled]
    definitions += list(_times(root))
    ranges = [
        pysd.AbstractSubscriptRange(name, list(elements), [])
        for name, elements in dims.elements.items()
    ]
    sections[0].subscripts = ranges
    return pysd.AbstractModel(Path(path), tuple(sections)), definitions


def _section(
    name: str, kind: str, params: list[str], elements: Sequence[Any], path: str
) -> Any:
    from pysd.translators.structures import abstract_model as pysd

    return pysd.AbstractSection(
        name=name,
        path=Path(path).with_suffix(".py"),
        type=kind,
        params=params,
        returns=[],
        subscripts=[],
        elements=list(elements),
        constraints=[],
        test_inputs=[],
        split=False,
        views_dict=None,
    )


def _dims(root: _Element, problems: Problems) -> Dims:
    dims = Dims()
    for node in below(root, "dimensions"):
        what = dims.read(node) if local_name(node) == "dim" else ""
        if what:
            problems.add(line_of(node), what)
    return dims


def _macro(node: _Element, dims: Dims) -> list[Found]:
    """Return the variables of a macro; its value is one of its own name."""
    inner = [
        Found(
            item,
            "",
            shown(item),
            axes_of(item, dims),
            None,
            spoiled=local_name(item) == SPOILED,
        )
        for item in below(node, "variables")
        if local_name(item) in {*KINDS, SPOILED}
    ]
    return [Found(node, "", node.get("name", ""), (), None), *inner]


class _Reader:
    """Reads the variables of a file's main part and of its macros."""

    def __init__(
        self, dims: Dims, defaults: Defaults, problems: Problems, gone: set[str]
    ) -> None:
        self.dims, self.defaults = dims, defaults
        self.problems, self.gone = problems, gone

    def elements(
        self, found: Sequence[Found], macro: _Element | None = None
    ) -> Iterator[Any]:
        """Yield PySD's elements; those that cannot be read are told and left out.

        A macro of which a part cannot be read is spoiled as a whole.
        """
        from pysd.translators.structures import abstract_model as pysd

        dims, problems = self.dims, self.problems
        meaning, parts = self._meaning(found), Parts(dims)
        kinds = {kind: i for i, kind in enumerate(KINDS)}
        for item in sorted(found, key=lambda one: kinds.get(local_name(one.node), 0)):
            made: list[Any] = []
            try:
                self._sure(item, meaning, parts)
                for mine, tree in parts.of(
                    item.node, item.axes, item.behavior, item.source, item.belt
                ):
                    own = dims.apart(mine)
                    home = Home(key_of(item.prefix), item.key, own, item.axes)
                    table = type(tree).__name__ == "LookupsStructure"
                    kind = pysd.AbstractLookup if table else pysd.AbstractComponent
                    tree = self._whole(tree, home, meaning)
                    tree = parts.held(tree, item.node, item.behavior)
                    made.append(kind((list(own), []), tree))
                limits = parts.limits(item.node)
                if item.belt is not None:
                    problems.belts.add(name_key(item.name))
            except ExpressionError as error:
                if str(error):
                    what = f"'{item.name}' cannot be read ({error})"
                    problems.add(line_of(item.node), what)
                problems.spoiled |= {name_key(item.name), item.key}
                if macro is not None:
                    problems.spoiled.add(name_key(macro.get("name", "")))
                continue
            yield pysd.AbstractElement(
                name=item.name,
                units=text_of(child(item.node, "units")),
                limits=limits,
                documentation=text_of(child(item.node, "doc")),
                components=made,
            )

    def controls(self, root: _Element, found: Sequence[Found]) -> Iterator[Any]:
        """Yield the time axis: numbers or, as PySD reads them, equations.

        What the file says of a variable called FINAL TIME or the like does not count.
        """
        from pysd.translators.structures import abstract_expressions as trees
        from pysd.translators.structures import abstract_model as pysd

        specs = child(root, "sim_specs")
        if specs is None:  # told by the guard
            self.problems.spoiled.update(CONTROLS)
            return
        meaning, unit = self._meaning(found), specs.get("time_units", "")
        home = Home("", "", (), ())
        values: dict[str, Tree] = {"SAVEPER": trees.ReferenceStructure("time_step")}
        for name, tag in _TIMES.items():
            node = child(specs, tag)
            text = text_of(node) if node is not None or tag != "dt" else "1"
            try:
                tree = self._whole(_time_of(text), home, meaning)
                if isinstance(tree, float):
                    tree = _finite(tree)
            except ExpressionError as error:
                if text:  # an empty one is told by the guard
                    what = f"<{tag}> is '{text[:60]}'; it must be a number or an"
                    line = line_of(node if node is not None else specs)
                    self.problems.add(line, f"{what} equation ({error})")
                self.problems.spoiled.add(name_key(name))
                continue
            turned = node is not None and node.get("reciprocal", "").lower() == "true"
            if turned:
                tree = trees.ArithmeticStructure(["/"], (1, tree))
            values[name] = tree
        for name, tree in values.items():
            part = pysd.AbstractComponent(([], []), tree)
            yield pysd.AbstractControlElement(name=name, units=unit, components=[part])

    def _meaning(self, found: Sequence[Found]) -> Meaning:
        axes = {item.key: item.axes for item in found}
        true = {item.key: name_key(item.name) for item in found}
        return Meaning(self.dims, axes, true)

    def _whole(self, tree: Tree, home: Home, meaning: Meaning) -> Tree:
        """Return a tree with whole names; those in modules not there are spoiled."""
        tree = meaning.of(self.defaults.filled(tree), home)
        if self.gone:
            names = (item.reference for item in named_in(tree))
            self.problems.spoiled |= {name for name in names if is_in(name, self.gone)}
        return tree

    def _sure(self, item: Found, meaning: Meaning, parts: Parts) -> None:
        """Ask whether a variable can be read; where not, have its names looked at.

        Raises
        ------
        ExpressionError
            If it was told, or its dimensions are in doubt; without words where that
            stands elsewhere.
        """
        if item.spoiled:
            raise ExpressionError
        if self.dims.sure(item.axes):
            return
        trees: list[Tree] = []
        for _, tree in parts.of(item.node, (), item.behavior, item.source, item.belt):
            trees += named_in(tree, meaning, key_of(item.prefix))
        part = Component(
            variable=item.name,
            subscripts=(),
            bindings=(),
            tree=trees,
            line=line_of(item.node),
            text=_definition(item).equation,
        )
        self.problems.names_only.append(part)
        self.dims.require(item.axes)
        raise ExpressionError


def _time_of(text: str) -> Tree:
    """Return the tree of a number or an equation of the time axis."""
    for reason in unsafe_text(text):
        raise ExpressionError(reason)
    return expression(text, call)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ExpressionError("it must be finite")
    return number


_TIMES = {"INITIAL TIME": "start", "FINAL TIME": "stop", "TIME STEP": "dt"}


def _times(root: _Element) -> Iterator[Definition]:
    """Yield line and text of the time axis."""
    specs = child(root, "sim_specs")
    for name, tag in _TIMES.items():
        node = child(specs, tag) if specs is not None else None
        if specs is None or node is None:
            continue
        text = text_of(node)
        if node.get("reciprocal", "").lower() == "true":
            text = f"1/{text}"
        yield Definition(
            name=name,
            kind="variable",
            line=line_of(node) or 0,
            subscripts="",
            equation=f"{name} = {text}",
            right=text,
            unit=specs.get("time_units", ""),
            limits=(None, None),
            comment="",
        )


def _definition(item: Found) -> Definition:
    """Return line, unit, limits and equation text of a variable."""
    shown = [
        f"{local_name(node)}: {' '.join(str(node.text or '').split())}"
        for node in item.node.iter("*")
        if local_name(node) in {"eqn", "inflow", "outflow", "ypts"}
    ]
    text = "; ".join(shown).removeprefix("eqn: ")
    try:
        limits = Parts(Dims()).limits(item.node)
    except ExpressionError:  # told where the variable was read
        limits = (None, None)
    if item.source:
        text = item.source
    return Definition(
        name=item.name,
        kind="variable",
        line=line_of(item.node) or 0,
        subscripts="",
        equation=f"{item.name} = {text}",
        right=text,
        unit=text_of(child(item.node, "units")),
        limits=limits,
        comment=" ".join(text_of(child(item.node, "doc")).split()),
    )
