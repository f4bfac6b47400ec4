"""PySD's abstract model → scalar expression graph: references, order, arithmetic.

Each scalar is lowered in one of three modes. ``run`` is the running model; ``init`` is
the moment before the first step, when a state means its initial value and Time its
first value; ``control`` is for the control variables, which everything else needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from sdmodel.model.core import Input, TimeAxis
from sdmodel.translate.build import INPUT, Builder, NotConstantError
from sdmodel.translate.nouns import (
    NOISE_SEED,
    NOISE_SEED_NAME,
    Equation,
    EquationError,
    Instance,
    Scope,
    SpoiledError,
    StockInAxisError,
    is_lookup,
    number_at,
)
from sdmodel.translate.space import Space, SubscriptError
from sdmodel.translate.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sdmodel.model.expr import NodeId

Key = tuple[Any, ...]
"""("scalar", mode, variable key, elements), ("start", i) or ("update", i)."""

MAX_NODES = 1_500_000
"""Operations that a model may become; a model of 20 000 variables has some 200 000."""

_LONG_LOOP = 20
"""Of a longer loop both ends are told."""


class _WaitError(Exception):
    """A structural value needs nodes that are not there yet."""


class Lowering:
    """The work of one translation; ``fixed`` names inputs that shape the structure."""

    def __init__(
        self,
        space: Space,
        equations: Mapping[tuple[str, tuple[str, ...]], Equation],
        dims: Mapping[str, int],
        constants: Iterable[str],
        fixed: frozenset[str] = frozenset(),
    ) -> None:
        self.build = Builder()
        self.space = space
        self.equations = equations
        self.dims = dims
        self.constants = frozenset(constants)
        self.fixed = fixed
        self.axes: Mapping[str, tuple[str, ...]] = {}
        self.xmile = False
        self.spoiled: frozenset[str] = frozenset()
        self.belts: frozenset[str] = frozenset()
        self.loops_only = False
        self.structural: set[str] = set()
        self.inputs: list[Input] = []
        self.book = Tables()
        self.tables = self.book.all
        self.instances: list[Instance] = []
        self.states = 0
        self.time: TimeAxis | None = None
        self.by_state = False
        self.faults: dict[tuple[int | None, str, type[EquationError]], None] = {}
        self.warnings: dict[str, None] = {}
        self.current: tuple[str, tuple[str, ...]] | None = None
        self.sums: dict[tuple[Any, ...], NodeId] = {}
        self.held: dict[tuple[str, tuple[str, ...]], NodeId] = {}
        self._memo: dict[Key, tuple[NodeId, ...]] = {}
        self._one_of: dict[str, Equation] | None = None
        self._shared: dict[Key, list[NodeId]] = {}
        self._pending: dict[Key, None] = {}
        self._places: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}
        self._sites: dict[str, dict[int, int]] = {}
        self._nothing = self.build.const(float("nan"))
        self._loops: set[frozenset[Key]] = set()

    # -- order ----------------------------------------------------------------------

    def need(self, key: Key) -> tuple[NodeId, ...]:
        """Return the nodes of a key, or a stand-in where they are still to be made."""
        found = self._memo.get(key)
        if found is not None:
            return found
        self._pending[key] = None
        if key[0] == "scalar":
            return (self._nothing,)
        return (self._nothing,) * len(self.instances[key[1]].names)

    def settle(self, root: Key) -> tuple[NodeId, ...]:
        """Return the nodes of a key, making all that it needs first.

        A depth-first walk without recursion, so that a model may be as deep as it is
        long. A key is tried, tells what it lacks, and is tried again later.
        """
        frames: list[tuple[Key, list[Key]]] = []
        path: dict[Key, None] = {}

        def enter(key: Key) -> None:
            frames.append((key, []))
            path[key] = None

        if root not in self._memo:
            enter(root)
        while frames:
            key, waiting = frames[-1]
            if waiting:
                other = waiting.pop()
                if other in path:
                    self._report_loop(list(path), other)
                    self._memo[other] = self._stand_in(other)
                elif other not in self._memo:
                    enter(other)
                continue
            made, lacking = self._try(key)
            if lacking:
                waiting.extend(reversed(lacking))
            else:
                self._memo[key] = made
                frames.pop()
                del path[key]
        return self._memo[root]

    def _stand_in(self, key: Key) -> tuple[NodeId, ...]:
        count = 1 if key[0] == "scalar" else len(self.instances[key[1]].names)
        return (self._nothing,) * count

    def _try(self, key: Key) -> tuple[tuple[NodeId, ...], list[Key]]:
        self._pending = {}
        try:
            made = self._make(key)
        except _WaitError:
            made = ()
        except SubscriptError as error:
            made = self._stand_in(key)
            self.fault(self.equation_of(key), EquationError(str(error)))
        except EquationError as error:
            made = self._stand_in(key)
            self.fault(self.equation_of(key), error)
        lacking = [item for item in self._pending if item not in self._memo]
        return made, lacking

    def _make(self, key: Key) -> tuple[NodeId, ...]:
        from sdmodel.translate import stateful

        if len(self.build.graph.nodes) > MAX_NODES:
            msg = f"written out, the model has more than {MAX_NODES:,} operations"
            raise EquationError(msg)
        self.current = (key[2], key[3]) if key[0] == "scalar" else None
        if key[0] == "start":
            return stateful.start(self, self.instances[key[1]])
        if key[0] == "update":
            return stateful.update(self, self.instances[key[1]])
        _, mode, variable, elements = key
        if variable == NOISE_SEED and (variable, elements) not in self.equations:
            node = self.build.op("input", data=len(self.inputs))
            self.inputs.append(Input(NOISE_SEED_NAME, 0.0))
            return (node,)
        equation = self.equations[variable, elements]
        if variable in self.constants:
            return (self._constant(equation),)
        scope = Scope(equation, equation.binding, mode)
        return (self.express(equation.component.tree, scope),)

    @property
    def waits(self) -> bool:
        """Whether what is being made needs nodes that are still to be made."""
        return bool(self._pending)

    def express(self, tree: Any, scope: Scope) -> NodeId:
        """Return the node of a syntax tree in one place."""
        # Here, since expand and this file need each other.
        from sdmodel.translate.expand import expression

        return expression(self, tree, scope)

    def _constant(self, equation: Equation) -> NodeId:
        value = number_at(equation)
        if equation.element in self.fixed:
            return self.build.const(value)
        node = self.build.op("input", data=len(self.inputs))
        self.inputs.append(Input(equation.element, value))
        return node

    def equation_of(self, key: Key) -> Equation:
        """Return the equation in which a key stands."""
        if key[0] == "scalar":
            return self.equations[key[2], key[3]]
        return self.instances[key[1]].scope.equation

    def once(
        self, key: tuple[Any, ...], make: Callable[[], list[NodeId]]
    ) -> list[NodeId]:
        """Return what many elements share, made for the first that asks.

        It is kept once all is there that it is made of.
        """
        found = self._shared.get(key)
        if found is None:
            found = make()
            if not self._pending:
                self._shared[key] = found
        return found

    # -- what went wrong ------------------------------------------------------------

    def fault(self, equation: Equation, error: EquationError) -> None:
        """Note a problem of an equation, once per definition."""
        if self.loops_only or isinstance(error, SpoiledError):
            return
        part = equation.component
        shown = part.text if len(part.text) < 160 else part.text[:160] + "…"
        what = f"'{part.variable}': {error}; equation: {shown}"
        self.faults[part.line, what, type(error)] = None

    def warn(self, equation: Equation, what: str) -> None:
        """Note something that a modeller should know."""
        part = equation.component
        where = f", line {part.line}" if part.line else ""
        self.warnings[f"'{equation.element}'{where}: {what}"] = None

    def _report_loop(self, path: list[Key], back: Key) -> None:
        cycle = path[path.index(back) :]
        if frozenset(cycle) in self._loops:
            return
        self._loops.add(frozenset(cycle))
        names: list[str] = []
        for key in [*cycle, back]:
            name = self.equation_of(key).element
            started = key[0] == "start" or (key[0] == "scalar" and key[1] == "init")
            text = f"initial {name}" if started else name
            if not names or names[-1] != text:
                names.append(text)
        if len(names) == 1:
            names *= 2
        if len(names) > _LONG_LOOP:
            left = f"… {len(names) - _LONG_LOOP} more …"
            names = [*names[: _LONG_LOOP // 2], left, *names[-_LONG_LOOP // 2 :]]
        part = self.equation_of(back).component
        what = f"'{part.variable}': an algebraic loop: {' → '.join(names)}"
        hint = "each needs the other at the same moment; put a stock or delay between"
        self.faults[part.line, f"{what}; {hint}", EquationError] = None

    # -- values that shape the structure ----------------------------------------------

    def constant(self, node: NodeId, what: str, time: float | None = None) -> float:
        """Return the number of a node that shapes the model, and fix its inputs.

        ``time`` is the moment to read it at, where it may change over time.

        Raises
        ------
        EquationError
            If it depends on time or a state.
        """
        value = self.default(node, what, time)
        for index in self.build.inputs_of(node):
            self.structural.add(self.inputs[index].name)
        return value

    def default(self, node: NodeId, what: str, time: float | None = None) -> float:
        """Return the number of a node with every input at its default.

        Raises
        ------
        EquationError
            If it depends on time or a state.
        """
        if self._pending:
            raise _WaitError
        try:
            value = self.build.value(
                node,
                inputs=tuple(item.default for item in self.inputs),
                step=self.time.step if self.time else None,
                tables=tuple(self.tables),
                time=time,
            )
        except NotConstantError:
            msg = f"{what} must not change over time"
            raise EquationError(msg) from None
        if math.isnan(value) and (self.spoiled or self.faults):
            raise SpoiledError
        return value

    def unreadable(self, tree: Any) -> bool:
        """Return whether a name or call in an equation is of what was told already."""
        called = getattr(tree, "function", tree)
        return getattr(called, "reference", None) in self.spoiled

    def is_fixed(self, node: NodeId) -> bool:
        """Return whether no run can change the node. Waits until that is known."""
        if self._pending:
            raise _WaitError
        return not self.build.flags[node] & INPUT

    def is_table(self, equation: Equation) -> bool:
        """Return whether an equation is a table, or a macro's argument that is one."""
        tree: Any = equation.component.tree
        for _ in range(_LONG_LOOP):
            if is_lookup(tree):
                return True
            if type(tree).__name__ != "ReferenceStructure":
                return False
            if self._one_of is None:
                self._one_of = {key: item for (key, _), item in self.equations.items()}
            other = self._one_of.get(tree.reference)
            if other is None or not equation.component.hidden:
                return False
            tree = other.component.tree
        return False

    # -- places with states -----------------------------------------------------------

    def instance(
        self,
        kind: str,
        tree: object,
        scope: Scope,
        count: int = 1,
        rule: Literal["rate", "assign"] = "rate",
        **extra: object,
    ) -> int:
        """Return the number of the structure that stands here, made at first sight."""
        if scope.mode == "control":
            msg = "the time axis must not depend on a stock, delay or the like"
            raise StockInAxisError(msg)
        mark = kind if extra.get("part") else ""
        place = (id(tree), (*sorted(scope.binding.items()), ("", mark)))
        found = self._places.get(place)
        if found is None:
            all_of_it = count * max(1, len(scope.equation.component.bindings))
            if max(self.states + count, all_of_it) > MAX_NODES:
                msg = f"written out, the model has more than {MAX_NODES:,} states"
                raise EquationError(msg)
            found = len(self.instances)
            element = scope.equation.element
            alone = kind == "stock" and scope.equation.component.tree is tree
            names = (
                (element,)
                if alone
                else tuple(f"{element} ({kind} {i + 1})" for i in range(count))
            )
            self.instances.append(
                Instance(
                    kind, tree, scope, names, rule, self.states, found, dict(extra)
                )
            )
            self.states += count
            self._places[place] = found
        return found

    def site(self, element: str, tree: Any) -> int:
        """Return which random call of an element this is, counted as met."""
        places = self._sites.setdefault(element, {})
        return places.setdefault(id(tree), len(places))

    def state(self, number: int, index: int = 0) -> NodeId:
        """Return the node of one state of a structure."""
        return self.build.op("state", data=self.instances[number].first + index)
