"""What a model is once read: names, units and equations beside one flat graph."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

from sdmodel.errors import ModelFileError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.model.expr import Node, NodeId

Rule = Literal["clamp", "extrapolate", "hold_backward", "hold_forward", "exact"]
"""What a table does outside its points; the last three also between them: hold the
last value, take the next one, or be no number anywhere but at a point."""

Kind = Literal["constant", "stock", "auxiliary", "lookup", "data", "control"]


@lru_cache(maxsize=2**16)
def plain(name: str) -> str:
    """Return a name without case, spaces and underscores, as names are matched."""
    return "".join(name.split()).replace("_", "").replace('"', "").casefold()


@dataclass(frozen=True)
class Variable:
    """One variable as the modeller wrote it, with its documentation.

    ``elements`` are the names of its scalars in row-major order of ``dims``:
    ``("beds[CA,lead]", ...)``, or ``("beds",)`` without subscripts.
    ``equation`` is the text in the file (right-hand sides only), ``line`` its first
    line there (None where it could not be found), ``group`` the sector.
    """

    name: str
    kind: Kind
    dims: tuple[str, ...]
    elements: tuple[str, ...]
    unit: str
    limits: tuple[float | None, float | None]
    comment: str
    equation: str
    line: int | None = None
    group: str = ""


@dataclass(frozen=True)
class Input:
    """A scalar constant that a run may set: element name and value in the file."""

    name: str
    default: float


@dataclass(frozen=True)
class State:
    """A scalar that the engine carries from step to step.

    ``initial`` is a node free of states. With ``rule`` "rate" the next value is
    ``state + dt * update``; with "assign" it is ``update`` itself, both evaluated at
    the step's start.
    """

    name: str
    initial: NodeId
    update: NodeId
    rule: Literal["rate", "assign"] = "rate"


@dataclass(frozen=True)
class Lookup:
    """A piecewise linear table; outside ``x`` it clamps or extrapolates."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    rule: Rule = "clamp"


@dataclass(frozen=True)
class TimeAxis:
    """Steps counted, not summed: ``t = start + k * step`` for ``k = 0 … steps``.

    ``rows`` holds the steps that are saved, where they do not follow evenly. Where the
    control variables change over time, ``clock`` holds the time of every step; then
    ``step`` and ``save_every`` are those at the start, and each stock takes the step in
    force by itself.
    """

    start: float
    stop: float
    step: float
    save_every: float
    clock: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()

    @cached_property
    def steps(self) -> int:
        """Number of Euler steps; where they do not end at ``stop``, the last is beyond.

        As in PySD, what lacks less than a hundred thousandth of a step is not stepped.
        """
        if self.clock:
            return len(self.clock) - 1
        ratio = (self.stop - self.start) / self.step
        return round(ratio) if self.even else math.ceil(ratio - 1e-5)

    @cached_property
    def even(self) -> bool:
        """Whether a step falls on ``stop``."""
        if self.clock:
            return True
        ratio = (self.stop - self.start) / self.step
        return abs(ratio - round(ratio)) <= 1e-9 * max(1.0, abs(ratio))

    @property
    def last(self) -> float:
        """Time of the last step, at ``stop`` or beyond."""
        return self.stop if self.even else self.at(self.steps)

    @cached_property
    def stride(self) -> int:
        """Steps between two saved times."""
        return round(self.save_every / self.step)

    @cached_property
    def saved(self) -> tuple[float, ...]:
        """Saved times, years, from ``start`` on."""
        return tuple(self.at(k) for k in self.saved_steps)

    @cached_property
    def saved_steps(self) -> tuple[int, ...]:
        """Steps that are saved."""
        if self.rows:
            return self.rows
        return tuple(range(0, self.steps + 1, max(self.stride, 1)))

    def at(self, k: int) -> float:
        """Return the time of step ``k``, years."""
        return self.clock[k] if self.clock else self.start + k * self.step

    def times(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the times of several steps, years."""
        import numpy as np

        if self.clock:
            return np.array(self.clock)[steps]
        return self.start + steps.astype(np.float64) * self.step


@dataclass(frozen=True)
class Model:
    """A model ready to be planned for an engine. Nothing in it depends on a run.

    ``scalars`` maps each element name to its node; ``digest`` names the bytes of the
    source, the version of the translation and the grid, so equal digests give equal
    numbers. On a grid, ``source`` is the digest of the file alone, and ``moved`` the
    factor by which each constant differs from the file (nan where that holds zero);
    ``scale`` is the factor of every amount.
    ``missing`` are scalars that may be no number by the model's own word: ``:NA:``, or
    raw data between its points. ``data`` are the paths of tables that the user named.
    """

    name: str
    path: str
    digest: str
    time: TimeAxis
    subscripts: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, Variable]
    nodes: tuple[Node, ...]
    scalars: Mapping[str, NodeId]
    inputs: tuple[Input, ...]
    states: tuple[State, ...]
    lookups: tuple[Lookup, ...]
    warnings: tuple[str, ...] = field(default=())
    source: str = ""
    moved: Mapping[str, float] = field(default_factory=dict)
    scale: float = 1.0
    missing: frozenset[str] = frozenset()
    data: tuple[str, ...] = ()

    @property
    def file_digest(self) -> str:
        """Name of the file's graph, which all grids share."""
        return self.source or self.digest

    @property
    def is_own_place(self) -> bool:
        """Whether it stands for the file's place, or for a stack of alike ones."""
        return all(factor == self.scale for factor in self.moved.values())

    @cached_property
    def _plain(self) -> dict[str, str]:
        names = {plain(name): name for name in self.variables}
        return names | {plain(name): name for name in self.scalars}

    def knows(self, name: str) -> bool:
        """Say whether a variable or element is called so, whatever the spelling."""
        return plain(name) in self._plain

    @cached_property
    def read_at_start(self) -> frozenset[str]:
        """Constants that nothing but initial values of states reads."""
        initial = self._below(state.initial for state in self.states)
        # Whatever is no step on the way to an initial value is looked at over time.
        over_time = self._below(
            [state.update for state in self.states]
            + [node for node in self.scalars.values() if node not in initial]
        )
        return frozenset(
            self.inputs[node.data].name
            for index in initial - over_time
            if (node := self.nodes[index]).op == "input" and isinstance(node.data, int)
        )

    def _below(self, roots: Iterable[NodeId]) -> set[NodeId]:
        """Return nodes and all that they are computed from."""
        found: set[NodeId] = set()
        stack = list(roots)
        while stack:
            index = stack.pop()
            if index not in found:
                found.add(index)
                stack += self.nodes[index].args
        return found

    @cached_property
    def input_index(self) -> dict[str, int]:
        """Position of each settable constant in ``inputs``, by element name."""
        return {item.name: i for i, item in enumerate(self.inputs)}

    @cached_property
    def defaults(self) -> NDArray[np.float64]:
        """The file's value of each of ``inputs``."""
        import numpy as np

        return np.array([item.default for item in self.inputs], dtype=np.float64)

    def find(self, name: str) -> str:
        """Return the true name of a variable or element, whatever its spelling.

        Raises
        ------
        ModelFileError
            If there is none; the message names the nearest.
        """
        if name in self.variables or name in self.scalars:
            return name  # 'a b' and 'ab' may both be there, and are alike when plain
        found = self._plain.get(plain(name))
        if found is None:
            hint = did_you_mean(name, [*self.variables, *self.scalars])
            msg = f"{self.path}: no variable '{name}'{hint}"
            raise ModelFileError(msg)
        return found
