"""The variables of an XMILE file where they stand in its tree of modules.

A module is a model inside a model: its variables are written out as ``Module.variable``
and what is connected to an input is its equation. PySD has no modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdmodel.translate.guard import line_of, local_name
from sdmodel.translate.nouns import CONTROLS
from sdmodel.translate.source import MAX_DEFINITIONS, name_key
from sdmodel.translate.xmile_belts import driven
from sdmodel.translate.xmile_expr import key_of
from sdmodel.translate.xmile_guard import SPOILED
from sdmodel.translate.xmile_parts import child, children

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    from sdmodel.translate.faults import Problems
    from sdmodel.translate.xmile_dims import Dims

MAX_DEPTH = 20
"""Of modules inside modules."""

KINDS = ("aux", "flow", "gf", "stock")
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
    belt: _Element | None = None
    """The stock that is a conveyor and this flow its outflow."""
    spoiled: bool = False
    """Told as a fault, and not to be read."""

    @property
    def key(self) -> str:
        """The whole name, as references are matched."""
        return key_of(self.name)


def variables(
    root: _Element, dims: Dims, problems: Problems, gone: set[str]
) -> Iterator[Found]:
    """Yield the variables of the first model and of all modules in it.

    ``gone`` collects the whole keys of modules of which nothing is known.
    """
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
        belts = {
            flow: stock
            for group in children(model, "variables")
            for stock, _, _, flows in driven(group)
            for flow in flows
        }
        for node in below(model, "variables"):
            tag = local_name(node)
            name = prefix + shown(node)
            count += 1
            if count > MAX_DEFINITIONS:
                problems.add(line_of(node), f"more than {MAX_DEFINITIONS} variables")
                problems.whole = False
                return
            if tag == SPOILED:
                axes = axes_of(node, dims)
                yield Found(node, prefix[:-1], name, axes, behavior, spoiled=True)
            elif tag == "module":
                what, inner = _inside(node, name, by_key, above)
                if inner is None:
                    problems.add(line_of(node), what)
                    gone.add(key_of(name))
                else:
                    reached.append(inner)
                    key = key_of(node.get("name", ""))
                    stack.append((inner, f"{name}.", (*above, key)))
            elif tag in KINDS and name_key(name) in CONTROLS:
                problems.warned.append(
                    f"'{name}', line {line_of(node)}: not read; the time axis is that "
                    "of <sim_specs>, as in PySD"
                )
            elif tag in KINDS:
                axes, belt = axes_of(node, dims), belts.get(node)
                yield Found(node, prefix[:-1], name, axes, behavior, belt=belt)
            elif tag not in KINDS and child(node, "eqn") is not None:
                what = f"'{name}': a <{tag}>; variables are {', '.join(KINDS)}"
                problems.add(line_of(node), what)
                yield Found(node, prefix[:-1], name, (), behavior, spoiled=True)
    for model in models:
        lost = [n for n in below(model, "variables") if local_name(n) in KINDS]
        if lost and not any(model is other for other in reached):
            what = (
                f"the model '{model.get('name', '')}' stands in no module, so "
                f"'{lost[0].get('name', '')}' and all else in it would be in no run"
            )
            problems.add(line_of(model), what)
            gone.add(key_of(model.get("name", "")))


def _inside(
    node: _Element, name: str, by_key: dict[str, _Element], above: tuple[str, ...]
) -> tuple[str, _Element | None]:
    """Return what is wrong with a module, and the model that stands in it."""
    key = key_of(node.get("name", ""))
    if node.get("resource"):
        return f"'{name}': a module in another file; not supported", None
    if key not in by_key:
        what = f"'{name}': a module, yet the file has no <model name=…> for it"
        return what, None
    if key in above or len(above) >= MAX_DEPTH:
        return f"'{name}': a module that contains itself", None
    return "", by_key[key]


def shown(node: _Element) -> str:
    """Return the name of a variable as it is shown."""
    return str(node.get("name", "")).replace("\\n", " ")


def below(node: _Element, tag: str) -> Iterator[_Element]:
    """Yield the elements inside every part of a node that has a tag."""
    for group in children(node, tag):
        yield from group.iterchildren("*")


def axes_of(node: _Element, dims: Dims) -> tuple[str, ...]:
    """Return the names of a variable's dimensions."""
    given = child(node, "dimensions")
    if given is None:
        return ()
    names = [item.get("name", "") for item in children(given, "dim")]
    return tuple(dims.names.get(key_of(name), name) for name in names)


def connected(
    found: Sequence[Found], root: _Element, gone: set[str]
) -> Iterator[Found]:
    """Yield variables with what modules' connections make of their inputs.

    Inputs that are connected to a module that is gone are spoiled.
    """
    known = {item.key for item in found}
    inner: dict[str, str] = {}
    for item in found:
        parts = item.key.split(".")
        for i in range(1, len(parts)):
            inner.setdefault(".".join(parts[i:]), item.key)
    wanted: dict[str, str] = {}
    lost: set[str] = set()
    for model in children(root, "model"):
        around = key_of(model.get("name", ""))
        homes = [around, ""] if around else [""]
        for node in below(model, "variables"):
            if local_name(node) != "module":
                continue
            for link in children(node, "connect"):
                ends = [
                    _end(link.get(at, ""), homes, known, inner) for at in ("to", "from")
                ]
                if ends[0] and ends[1] and ends[0] != ends[1]:
                    wanted[ends[0]] = ends[1]
                if gone and is_in(key_of(link.get("from", "").lstrip(".")), gone):
                    lost.add(ends[0])
    for item in found:
        spoiled = item.spoiled or (item.key in lost and item.key not in wanted)
        yield replace(item, source=wanted.get(item.key, ""), spoiled=spoiled)


def is_in(key: str, modules: set[str]) -> bool:
    """Return whether a whole key is of a variable in one of these modules."""
    parts = key.split(".")
    return any(".".join(parts[:i]) in modules for i in range(1, len(parts)))


def _end(
    given: str, homes: Sequence[str], known: set[str], inner: dict[str, str]
) -> str:
    """Return the whole key of one end of a connection; nothing where there is none."""
    if given.startswith("."):
        return key_of(given[1:])
    for home in homes:
        key = key_of(f"{home}.{given}" if home else given)
        if key in known:
            return key
        if home and key in inner:
            return inner[key]
    return ""
