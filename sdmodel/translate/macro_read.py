"""The macros of a file as read: arguments, outputs, and their own small models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdmodel.translate.macro_outputs import names_given
from sdmodel.translate.source import Definition, name_key
from sdmodel.translate.trees import children, in_one_spelling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Macro:
    """A macro as read: its arguments, and its variables with their definitions."""

    name: str
    params: tuple[str, ...]
    returns: tuple[str, ...]
    made: frozenset[str]
    """Names that calls inside the macro give to outputs of other macros."""
    section: Any
    texts: Mapping[str, tuple[Definition, ...]]

    @property
    def shown(self) -> str:
        """The name as Vensim writes it."""
        return self.name.upper().replace("_", " ")


def macros_of(
    sections: Sequence[Any], definitions: Sequence[Definition], *, xmile: bool
) -> dict[str, Macro]:
    """Return the macros of a file by name."""
    found: dict[str, Macro] = {}
    for section in sections:
        texts: dict[str, tuple[Definition, ...]] = {}
        for item in definitions:
            if name_key(item.macro) == section.name and item.kind != "check":
                key = name_key(item.name)
                texts[key] = (*texts.get(key, ()), item)
        params = tuple(name_key(item) for item in section.params)
        returns = tuple(name_key(item) for item in section.returns)
        parts = [part for element in section.elements for part in element.components]
        made = frozenset(
            name_key(name) for p in parts for name in names_given(p.ast, children)
        )
        local = {*params, *(name_key(element.name) for element in section.elements)}
        for part in parts:
            part.ast = in_one_spelling(part.ast, {*local, *made}, xmile=xmile)
        found[section.name] = Macro(section.name, params, returns, made, section, texts)
    return found
