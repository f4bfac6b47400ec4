"""Outputs of Vensim's macros behind a colon: ``x = M(a, b : y, z)`` defines y and z."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sdmodel.translate.colons import MARK
from sdmodel.translate.source import Definition, name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sdmodel.translate.nouns import Component

    Tree = Any


def split(arguments: Sequence[Tree]) -> tuple[list[Tree], list[Tree] | None]:
    """Return the inputs of a call, and what stands behind its colon if it has one."""
    for i, item in enumerate(arguments):
        if getattr(item, "reference", None) == MARK:
            return list(arguments[:i]), list(arguments[i + 1 :])
    return list(arguments), None


def names_given(tree: Tree, parts: Callable[[Tree], Iterable[Tree]]) -> Iterator[str]:
    """Yield the names that the calls in a tree give to outputs of macros."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if type(item).__name__ == "CallStructure":
            for given in split(item.arguments)[1] or ():
                if type(given).__name__ == "ReferenceStructure":
                    yield given.reference
            stack.extend(item.arguments)
        else:
            stack.extend(parts(item))


def problem(
    outputs: Sequence[Tree], returns: Sequence[str], part: Component, *, inside: bool
) -> str:
    """Return what is wrong with the names behind a colon, or nothing."""
    if len(outputs) != len(returns):
        return f"has {len(returns)} outputs, {len(outputs)} given behind the colon"
    own = [name_key(name) for name in part.subscripts]
    for item in outputs:
        if type(item).__name__ != "ReferenceStructure":
            return "takes names of new variables behind its colon"
        given = getattr(item.subscripts, "subscripts", None) or ()
        shown = item.reference.rpartition("\x1f")[2].replace("_", " ")
        if [name_key(name) for name in given] != own:
            wanted = f"[{','.join(part.subscripts)}]" if own else "no subscripts"
            return f"must give '{shown}' the subscripts of the left side: {wanted}"
        if inside:
            return (
                f"is called over the elements of a range marked with !, so that "
                f"'{shown}' would have several values"
            )
    return ""


def as_written(reference: str, text: str) -> str:
    """Return a name as an equation spells it, from its key."""
    inner = reference.strip('"')
    pattern = r"[\s_]+".join(map(re.escape, filter(None, inner.split("_"))))
    found = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return found[0] if found else inner.replace("_", " ")


def definition(
    name: str,
    part: Component,
    texts: Sequence[Definition],
    params: Sequence[str],
) -> Definition:
    """Return the definition of a variable that a call gives an output of a macro.

    ``texts`` are the definitions of that output inside the macro: unit and comment are
    theirs, unless the unit is made of those of inputs.
    """
    unit = next((text.unit for text in texts), "")
    of_inputs = any(name_key(part) in params for part in re.split(r"[*/^()]", unit))
    return Definition(
        name=name,
        kind="variable",
        line=part.line or 0,
        subscripts=f"[{','.join(part.subscripts)}]" if part.subscripts else "",
        equation=part.text,
        right=part.text.partition("=")[2].strip(),
        unit="" if of_inputs else unit,
        comment=next((text.comment for text in texts), ""),
    )
