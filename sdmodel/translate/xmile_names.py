"""The names in an equation of XMILE, for what looks at no more than these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.translate.trees import children

if TYPE_CHECKING:
    from sdmodel.translate.xmile_arrays import Meaning

    Tree = Any


def named_in(
    tree: Tree, meaning: Meaning | None = None, prefix: str = ""
) -> list[Tree]:
    """Return references to all that a tree names, without their subscripts.

    With a meaning, names of a module's own variables are made whole.
    """
    found: list[Tree] = []
    stack = [tree]
    while stack:
        item = stack.pop()
        if type(item).__name__ == "ReferenceStructure":
            found.append(
                type(item)(
                    meaning.plain(item.reference, prefix) if meaning else item.reference
                )
            )
        elif type(item).__name__ == "CallStructure":
            stack.extend(item.arguments)
        else:
            stack.extend(children(item))
    return found
