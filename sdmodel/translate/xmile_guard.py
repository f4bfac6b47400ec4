"""Is an XMILE file safe and sane? Asked before anything in it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sdmodel.errors import ModelFileError
from sdmodel.translate.guard import (
    MAX_EQUATION,
    MAX_NESTING,
    bare_key,
    line_of,
    local_name,
    too_long,
    unsafe_name,
)
from sdmodel.translate.xmile_belts import driven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from sdmodel.translate.faults import Problems


def check_xmile(data: bytes, path: str, problems: Problems) -> _Element:
    """Return the root of an XMILE file that is well formed and refers to nothing else.

    Variables that are unsafe, unfinished or defined twice are taken out of it and told
    in ``problems``, with lines.

    Raises
    ------
    ModelFileError
        For malformed XML, a DOCTYPE or no equations.
    """
    from lxml import etree

    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    stated = re.match(rb"<\?xml[^>]*encoding\s*=\s*['\"](utf-?(?!-?8)\w+)", data, re.I)
    if b"\x00" in data or stated:
        # Read otherwise, its bytes would not show what is asked of them below.
        msg = f"{path}, line 1: not written as UTF-8; save the file as UTF-8"
        raise ModelFileError(msg)
    found = re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE)
    if found:
        line = data[: found.start()].count(b"\n") + 1
        msg = f"{path}, line {line}: holds a DOCTYPE, which a model has no use for"
        raise ModelFileError(msg)
    # Recovering, so that an undeclared prefix (iThink and Stella write them) can be
    # let pass; anything else in the log is refused.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False
    )
    root = etree.fromstring(data, parser)
    for entry in parser.error_log:
        harmless = entry.type_name == "ERR_HYPHEN_IN_COMMENT"
        if entry.domain_name != "NAMESPACE" and not harmless:
            msg = f"{path}, line {entry.line}: not well-formed XML ({entry.message})"
            raise ModelFileError(msg)
    if root is None:
        msg = f"{path}, line 1: not well-formed XML (no element at all)"
        raise ModelFileError(msg)
    space = root.nsmap.get(None)
    if local_name(root) != "xmile" or space is None:
        msg = f"{path}, line {line_of(root)}: the root is not <xmile xmlns=…>"
        raise ModelFileError(msg)
    bad: list[_Element] = []
    for node, what in _wrong_in(root):
        if what:
            problems.add(line_of(node), what)
        bad.append(node)
    problems.wrong += list(_no_time(root))
    if not any(local_name(n) in _VARIABLES and _counts(n) for n in root.iter("*")):
        problems.add(line_of(root), "holds no variable")
        problems.whole = False
    for node in bad:
        _take_out(node)
    return root


_VARIABLES = frozenset({"aux", "flow", "stock"})


SPOILED = "spoiled"
"""What the tag of a variable becomes that is told and not to be read."""


def _take_out(node: _Element) -> None:
    """Let no one read the variable that a node belongs to."""
    for item in (node, *node.iterancestors()):
        above = item.getparent()
        if above is not None and local_name(above) == "variables":
            if local_name(item) in {*_VARIABLES, "gf"}:
                item.tag = SPOILED
            return


def _wrong_in(root: _Element) -> Iterator[tuple[_Element, str]]:
    """Tell what is wrong with each element of a file.

    Nothing is said of what follows from another fault; it is not to be read either.
    """
    seen: dict[tuple[str, str], tuple[str, int | None]] = {}
    belts = [
        belt
        for group in root.iter("*")
        if local_name(group) == "variables"
        for belt in driven(group)
    ]
    # What leaves a conveyor has no equation.
    no_equation = {flow for *_, flows in belts for flow in flows}
    for stock, node, why, flows in belts:
        if why:
            owner = (stock.get("name") or "").replace("\\n", " ")
            yield node, f"'{owner}': {why}; not supported"
            yield from ((flow, "") for flow in flows)
    for node in root.iter("*"):
        tag = local_name(node)
        name = node.get("name")
        shown = (name or "").replace("\\n", " ")
        named = tag in {*_VARIABLES, "gf", "dim", "elem", "module"} and _counts(node)
        if tag == "macro" or named:
            yield from ((node, what) for what in unsafe_name(shown))
        outer = all(local_name(above) != "macro" for above in node.iterancestors())
        if tag in _VARIABLES and name and _counts(node) and outer:
            key = (_home(node), bare_key(shown))
            if key in seen:
                other, before = seen[key]
                what = f"'{name}' is defined again; line {before} defines '{other}'"
                yield node, what
            seen.setdefault(key, (name, line_of(node)))
        if tag in {"eqn", "inflow", "outflow"} and node.text:
            yield from ((node, what) for what in unsafe_text(node.text.strip()))
        if tag in _VARIABLES and _counts(node) and node not in no_equation:
            yield from ((node, what) for what in _unfinished(node))


def _home(node: _Element) -> str:
    """Return the name of the model that a variable of an XMILE file stands in."""
    models = [item for item in node.iterancestors() if local_name(item) == "model"]
    return (models[0].get("name") or "") if models else ""


def _unfinished(node: _Element) -> Iterator[str]:
    """Tell what a variable of an XMILE file lacks."""
    name, tag = node.get("name"), local_name(node)
    if not (name or "").strip():
        yield f"a <{tag}> without a name"
    elif not _home(node) and not any(
        local_name(item) in {"eqn", "gf"} for item in node.iter("*")
    ):
        # In a module, what is connected to it may be all that it has.
        yield f"'{name}' has no <eqn>"


def _no_time(root: _Element) -> Iterator[tuple[int | None, str]]:
    """Tell what is missing in an XMILE file's time axis."""
    specs = next(
        (n for n in root.iterchildren("*") if local_name(n) == "sim_specs"), None
    )
    if specs is None:
        yield line_of(root), "<sim_specs> is missing: start, stop and dt"
        return
    given = {local_name(item): item for item in specs.iterchildren("*")}
    for tag in ("start", "stop"):
        if tag not in given:
            yield line_of(specs), f"<{tag}> is missing in <sim_specs>"
    for tag, item in given.items():
        if tag in {"start", "stop", "dt"} and not (item.text or "").strip():
            yield line_of(item), f"<{tag}> is ''; it must be a number or an equation"


def _counts(node: _Element) -> bool:
    """Tell what defines something from what only draws it, or says how all behave."""
    parent = node.getparent()
    around = {"view", "views", "style", "behavior"}
    return parent is not None and local_name(parent) not in around


def unsafe_text(text: str) -> Iterator[str]:
    """Tell why an equation is not to be read: its length, its numbers, its depth."""
    if len(text) > MAX_EQUATION:
        yield f"an equation of more than {MAX_EQUATION} characters"
        return
    yield from too_long(text)
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        yield f"{deepest} parentheses inside each other; at most {MAX_NESTING} are read"
