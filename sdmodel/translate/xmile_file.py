"""An XMILE file → PySD's abstract model: dimensions, modules, macros, variables.

A module is a model inside a model: its variables are written out as ``Module.variable``
and what is connected to an input is its equation. PySD has no modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.translate.guard import line_of, local_name
from sdmodel.translate.nouns import CONTROLS
from sdmodel.translate.source import MAX_DEFINITIONS, Definition, name_key
from sdmodel.translate.xmile_arrays import Meaning
from sdmodel.translate.xmile_dims import Dims, Home
from sdmodel.translate.xmile_expr import ExpressionError, key_of
from sdmodel.translate.xmile_macros import Defaults
from sdmodel.translate.xmile_parts import Parts, child, children, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    from sdmodel.translate.faults import Problem, Problems

MAX_DEPTH = 20
"""Of modules inside modules."""

_KINDS = ("aux", "flow", "gf", "stock")
"""In the order in which PySD lists them."""


@dataclass(frozen=True)
class Found:
    """A variable of the file where it stands in the tree of modules."""

    node: _Element
    prefix: str
    name: str
    axes: tuple[str, ...]
    behavior: _Element | None
    source: str = ""
    """What a connection makes of it, by whole key."""

    @property
    def key(self) -> str:
        """The whole name, as references are matched."""
        return key_of(self.name)


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

    wrong: list[Problem] = []
    dims = _dims(root, wrong)
    defaults = Defaults(root, wrong)
    sections: list[Any] = []
    main = list(_connected(list(_variables(root, dims, wrong)), root))
    unread: list[Problem] = []
    elements = list(_elements(main, dims, defaults, unread, problems.spoiled))
    elements += _controls(root) if problems.whole else []
    sections.append(_section("__main__", "main", [], elements, path))
    for node in children(root, "macro"):
        inner = _macro(node, dims)
        elements = list(_elements(inner, dims, defaults, wrong, problems.spoiled))
        params = [text_of(item) for item in children(node, "parm")]
        name = name_key(node.get("name", ""))
        sections.append(_section(name, "macro", params, elements, path))
    problems.wrong += [*wrong, *unread]
    if wrong or not problems.whole:
        problems.stop(path)
    # Only now: equations may have added parts and doubles of dimensions.
    definitions = [_definition(item) for item in main]
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


def _dims(root: _Element, problems: list[Problem]) -> Dims:
    dims = Dims()
    found = [n for n in _below(root, "dimensions") if local_name(n) == "dim"]
    read = [(line_of(node), dims.read(node)) for node in found]
    problems += [(line, what) for line, what in read if what]
    return dims


def _variables(root: _Element, dims: Dims, problems: list[Problem]) -> Iterator[Found]:
    """Yield the variables of the first model and of all modules in it."""
    models = list(children(root, "model"))
    if not models:
        return
    by_key = {key_of(node.get("name", "")): node for node in models[1:]}
    reached = [models[0]]
    stack: list[tuple[_Element, str, tuple[str, ...]]] = [(models[0], "", ())]
    count = 0
    while stack:
        model, prefix, above = stack.pop(0)
        behavior = child(model, "behavior")
        if behavior is None:
            behavior = child(root, "behavior")
        for node in _below(model, "variables"):
            tag = local_name(node)
            name = prefix + node.get("name", "").replace("\\n", " ")
            count += 1
            if count > MAX_DEFINITIONS:
                problems.append(
                    (line_of(node), f"more than {MAX_DEFINITIONS} variables")
                )
                return
            if tag not in {*_KINDS, "module"} and child(node, "eqn") is not None:
                what = f"'{name}': a <{tag}>; variables are {', '.join(_KINDS)}"
                problems.append((line_of(node), what))
            if tag in _KINDS and name_key(name) not in CONTROLS:
                yield Found(node, prefix[:-1], name, _axes(node, dims), behavior)
            if tag != "module":
                continue
            key = key_of(node.get("name", ""))
            if node.get("resource"):
                what = f"'{name}': a module in another file; not supported"
                problems.append((line_of(node), what))
            elif key not in by_key:
                what = f"'{name}': a module, yet the file has no <model name=…> for it"
                problems.append((line_of(node), what))
            elif key in above or len(above) >= MAX_DEPTH:
                what = f"'{name}': a module that contains itself"
                problems.append((line_of(node), what))
            else:
                reached.append(by_key[key])
                stack.append((by_key[key], f"{name}.", (*above, key)))
    for model in models:
        lost = [n for n in _below(model, "variables") if local_name(n) in _KINDS]
        if lost and not any(model is other for other in reached):
            what = (
                f"the model '{model.get('name', '')}' stands in no module, so "
                f"'{lost[0].get('name', '')}' and all else in it would be in no run"
            )
            problems.append((line_of(model), what))


def _below(node: _Element, tag: str) -> Iterator[_Element]:
    """Yield the elements inside every part of a node that has a tag."""
    for group in children(node, tag):
        yield from group.iterchildren("*")


def _axes(node: _Element, dims: Dims) -> tuple[str, ...]:
    given = child(node, "dimensions")
    if given is None:
        return ()
    names = [item.get("name", "") for item in children(given, "dim")]
    return tuple(dims.names.get(key_of(name), name) for name in names)


def _connected(found: Sequence[Found], root: _Element) -> Iterator[Found]:
    """Yield variables with what modules' connections make of their inputs."""
    known = {item.key for item in found}
    wanted: dict[str, str] = {}
    for model in children(root, "model"):
        around = key_of(model.get("name", ""))
        homes = [around, ""] if around else [""]
        for node in _below(model, "variables"):
            if local_name(node) != "module":
                continue
            for link in children(node, "connect"):
                ends = [_end(link.get(at, ""), homes, known) for at in ("to", "from")]
                if ends[0] and ends[1] and ends[0] != ends[1]:
                    wanted[ends[0]] = ends[1]
    for item in found:
        yield replace(item, source=wanted.get(item.key, ""))


def _end(given: str, homes: Sequence[str], known: set[str]) -> str:
    """Return the whole key of one end of a connection; nothing where there is none."""
    if given.startswith("."):
        return key_of(given[1:])
    for home in homes:
        key = key_of(f"{home}.{given}" if home else given)
        if key in known:
            return key
        for other in known:
            if home and other.endswith(f".{key}"):
                return other
    return ""


def _macro(node: _Element, dims: Dims) -> list[Found]:
    """Return the variables of a macro; its value is one of its own name."""
    inner = [
        Found(
            item, "", item.get("name", "").replace("\\n", " "), _axes(item, dims), None
        )
        for item in _below(node, "variables")
        if local_name(item) in _KINDS
    ]
    return [Found(node, "", node.get("name", ""), (), None), *inner]


def _elements(
    found: Sequence[Found],
    dims: Dims,
    defaults: Defaults,
    problems: list[Problem],
    spoiled: set[str],
) -> Iterator[Any]:
    from pysd.translators.structures import abstract_model as pysd

    variables = {item.key: item.axes for item in found}
    true = {item.key: name_key(item.name) for item in found}
    meaning = Meaning(dims, variables, true)
    parts = Parts(dims)
    kinds = {kind: i for i, kind in enumerate(_KINDS)}
    for item in sorted(found, key=lambda one: kinds.get(local_name(one.node), 0)):
        made: list[Any] = []
        try:
            dims.require(item.axes)
            for mine, tree in parts.of(
                item.node, item.axes, item.behavior, item.source
            ):
                own = dims.apart(mine)
                home = Home(key_of(item.prefix), item.key, own, item.axes)
                table = type(tree).__name__ == "LookupsStructure"
                kind = pysd.AbstractLookup if table else pysd.AbstractComponent
                tree = meaning.of(defaults.filled(tree), home)
                tree = parts.held(tree, item.node, item.behavior)
                made.append(kind((list(own), []), tree))
            limits = parts.limits(item.node)
        except ExpressionError as error:
            what = f"'{item.name}' cannot be read ({error})"
            problems.append((line_of(item.node), what))
            spoiled.add(name_key(item.name))
            continue
        yield pysd.AbstractElement(
            name=item.name,
            units=text_of(child(item.node, "units")),
            limits=limits,
            documentation=text_of(child(item.node, "doc")),
            components=made,
        )


def _controls(root: _Element) -> Iterator[Any]:
    from pysd.translators.structures import abstract_expressions as trees
    from pysd.translators.structures import abstract_model as pysd

    specs = child(root, "sim_specs")
    unit = specs.get("time_units", "") if specs is not None else ""

    def number(tag: str) -> float | int:
        text = text_of(child(specs, tag)) if specs is not None else ""
        return int(text) if text.isascii() and text.isdigit() else float(text or 1)

    step: Any = number("dt")
    node = child(specs, "dt") if specs is not None else None
    if node is not None and node.get("reciprocal", "").lower() == "true":
        step = trees.ArithmeticStructure(["/"], (1, step))
    values = {
        "INITIAL TIME": number("start"),
        "FINAL TIME": number("stop"),
        "TIME STEP": step,
        "SAVEPER": trees.ReferenceStructure("time_step"),
    }
    for name, tree in values.items():
        part = pysd.AbstractComponent(([], []), tree)
        yield pysd.AbstractControlElement(name=name, units=unit, components=[part])


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
