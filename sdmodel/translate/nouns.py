"""What a translation works with: definitions, elements, places, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sdmodel.translate.space import Binding

Mode = Literal["run", "init", "control"]

NOISE_SEED, NOISE_SEED_NAME = "noise_seed", "NOISE SEED"
"""What seeds the random functions of a run: a constant that every model may set."""

CONTROLS = ("initial_time", "final_time", "time_step", "saveper")


class EquationError(Exception):
    """Something wrong in one equation; the message says what."""


class LackingError(EquationError):
    """Something in one equation that no engine here computes."""


class StockInAxisError(LackingError):
    """A control variable that depends on a stock, delay or the like."""


class UnknownError(EquationError):
    """A name or function that there is none of; ``name`` is it."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        super().__init__(text)


class SpoiledError(EquationError):
    """Something that follows from what is told elsewhere, and is not told again."""


@dataclass(frozen=True, eq=False)
class Component:
    """One definition of a variable: where it holds, and its syntax tree."""

    variable: str
    subscripts: tuple[str, ...]
    bindings: tuple[Binding, ...]
    tree: Any
    line: int | None
    text: str
    hidden: bool = False
    """Part of a macro."""


@dataclass(frozen=True)
class Equation:
    """One scalar: its element name, its component and the elements of its ranges.

    ``place`` is the position among the component's combinations, which picks the
    number where the component is a list of numbers.
    """

    element: str
    component: Component
    binding: Binding
    place: int


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: scalar, elements of its ranges, and moment."""

    equation: Equation
    binding: Binding
    mode: Mode

    def at(self, mode: Mode) -> Scope:
        """Return the same place in another mode."""
        return replace(self, mode=mode)


@dataclass
class Instance:
    """A structure with states of its own: a stock, a delay, a smooth.

    ``tree`` and ``scope`` say where it stands; ``first`` is its first state's index.
    """

    kind: str
    tree: Any
    scope: Scope
    names: tuple[str, ...]
    rule: Literal["rate", "assign"]
    first: int
    number: int
    extra: dict[str, Any] = field(default_factory=dict)


def is_lookup(tree: Any) -> bool:
    """Tell whether a right-hand side is a table that waits for an argument."""
    name = type(tree).__name__
    return name == "LookupsStructure" or (name == "Series" and not tree.over_time)


def number_at(equation: Equation) -> float:
    """Return the plain number of a constant's element."""
    tree = equation.component.tree
    if isinstance(tree, int | float):
        return float(tree)
    return float(tree.reshape(-1)[equation.place])
