"""One run in vectors: like nodes of a plan side by side, as lanes of one operation.

Many runs fill vectors by themselves. For a single one, elements of arrays do: nodes
with the same operation on the same vectors become one vector node. Each lane rounds as
the node alone would, so no bit changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdmodel.engines.plan import Plan, PlannedState, Stage
from sdmodel.model.expr import Graph, Node, NodeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEAVY = ("sqrt", "ln", "exp", "pow")
"""Operations of many instructions: worth gathering from wherever they stand. They wait
until nothing else can go on, the cheapest first, so that their vectors get full."""

_FREE = frozenset({"add", "sub", "mul", "lt", "le", "gt", "ge", "eq", "ne", "if"})
"""Operations whose code is the same for any mixture of constants and values."""
_SWAPS = frozenset({"add", "mul"})

Lanes = tuple[NodeId | None, ...]
"""The node of the plan in each lane; None where nobody looks."""


@dataclass(frozen=True)
class Packed:
    """A plan whose nodes are vectors.

    ``plan`` has leaves of its own: ``one`` (a per-run value in all lanes, ``data``
    counts ``Plan.run_values`` of the model's plan), ``many`` (different ones; indexes
    ``many``), ``now`` (an entry of the time table) and ``state`` (indexes ``states``,
    the model's plan's states in each lane). ``pick`` nodes take lanes of one or two
    vectors; ``data`` indexes ``picks``: lanes of the first, then of the second vector,
    -1 where nobody looks. ``saved`` says where each saved scalar is: node and lane.
    """

    plan: Plan
    lanes: int
    states: tuple[tuple[int, ...], ...]
    many: tuple[tuple[NodeId, ...], ...]
    picks: tuple[tuple[int, ...], ...]
    saved: tuple[tuple[NodeId, int], ...]


def pack(plan: Plan, lanes: int) -> Packed:
    """Lay out the steps of ``plan`` in vectors of ``lanes``."""
    packer = _Packer(plan, lanes)
    groups = packer.states()
    packer.steps()
    return packer.finish(groups)


class _Packer:
    def __init__(self, plan: Plan, lanes: int) -> None:
        self.plan, self.lanes = plan, lanes
        self.graph = Graph()
        self.stages: list[Stage] = []
        self.place: dict[NodeId, tuple[NodeId, int]] = {}
        self.uniform: set[NodeId] = set()
        self.many: dict[tuple[NodeId, ...], int] = {}
        self.picks: dict[tuple[int, ...], int] = {}
        self._run = {n: i for i, n in enumerate(plan.run_values)}
        self._time = {n: i for i, n in enumerate(plan.time_values)}

    # Leaves

    def states(self) -> list[tuple[int, ...]]:
        """Place the states, elements of one stock side by side."""
        alike: dict[tuple[str, bool], list[int]] = {}
        for slot, state in enumerate(self.plan.states):
            key = (state.name.partition("[")[0], state.assign)
            alike.setdefault(key, []).append(slot)
        size = self.lanes
        groups = [
            tuple(slots[i : i + size])
            for slots in alike.values()
            for i in range(0, len(slots), size)
        ]
        home: dict[int, tuple[NodeId, int]] = {}
        for number, group in enumerate(groups):
            vector = self._add(Stage.STEP, "state", data=number)
            if len(group) == 1:
                self.uniform.add(vector)
            home |= {slot: (vector, lane) for lane, slot in enumerate(group)}
        for index, node in enumerate(self.plan.nodes):
            if node.op == "state":
                self.place[index] = home[int(node.data or 0)]
            elif node.op == "drive":
                vector = self._add(Stage.STEP, "drive", data=node.data)
                self.uniform.add(vector)
                self.place[index] = (vector, 0)
        return groups

    def _add(self, stage: Stage, op: str, *args: NodeId, data: object = None) -> NodeId:
        index = self.graph.add(op, *args, data=data)  # type: ignore[arg-type] # a Payload
        if index == len(self.stages):
            self.stages.append(stage)
        return index

    # Steps

    def steps(self) -> None:
        """Place every node of a step, in rounds of what can be computed."""
        plan = self.plan
        nodes = [
            n
            for n, stage in enumerate(plan.stages)
            if stage is Stage.STEP and n not in self.place
        ]
        users: dict[NodeId, list[NodeId]] = {}
        missing: dict[NodeId, int] = {}
        for n in nodes:
            needs = {a for a in plan.nodes[n].args if self._open(a)}
            missing[n] = len(needs)
            for a in needs:
                users.setdefault(a, []).append(n)
        ready = [n for n in nodes if not missing[n]]
        held: dict[str, list[NodeId]] = {op: [] for op in HEAVY}
        while ready or any(held.values()):
            for n in ready:
                if plan.nodes[n].op in held:
                    held[plan.nodes[n].op].append(n)
            ready = [n for n in ready if plan.nodes[n].op not in held]
            if ready:
                done = self._round(ready, gather=False)
            else:
                op = next(op for op in HEAVY if held[op])
                done = self._round(held[op], gather=True)
                held[op] = []
            ready = []
            for n in done:
                for user in users.get(n, ()):
                    missing[user] -= 1
                    if not missing[user]:
                        ready.append(user)

    def _open(self, node: NodeId) -> bool:
        return self.plan.stages[node] is Stage.STEP and node not in self.place

    def _round(self, nodes: list[NodeId], *, gather: bool) -> list[NodeId]:
        """Pack these nodes; with ``gather`` also such as stand in different vectors."""
        groups: dict[tuple[object, ...], list[NodeId]] = {}
        for n in sorted(nodes):
            groups.setdefault(self._key(n, sources=True), []).append(n)
        if gather:
            merged: dict[tuple[object, ...], list[NodeId]] = {}
            for group in groups.values():
                merged.setdefault(self._key(group[0], sources=False), []).extend(group)
            for group in merged.values():
                for i in range(0, len(group), self.lanes):
                    self._place(dict(enumerate(group[i : i + self.lanes])))
        else:
            for group in groups.values():
                for chosen in self._share_out(group):
                    self._place(chosen)
        return nodes

    def _args(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return a node's arguments; of sums and products in an order of our own."""
        args = self.plan.nodes[node].args
        if self.plan.nodes[node].op in _SWAPS:
            return tuple(sorted(args, key=lambda a: self.place.get(a, (-1, 0))[0]))
        return args

    def _key(self, node: NodeId, *, sources: bool) -> tuple[object, ...]:
        """Return what nodes of one vector share."""
        plan = self.plan
        op = plan.nodes[node].op
        parts: list[object] = [op, plan.nodes[node].data]
        for a in self._args(node):
            stage = plan.stages[a]
            if stage is Stage.STEP:
                parts.append(self.place[a][0] if sources else stage)
            elif stage is Stage.TIME or (stage is Stage.CONST and op not in _FREE):
                parts.append((stage, a))
            else:
                parts.append(None if op in _FREE else stage)
        return tuple(parts)

    def _share_out(self, group: list[NodeId]) -> list[dict[int, NodeId]]:
        """Give each node the lane that one of its arguments has, or a new one.

        New lanes fill vectors, but every argument must be picked into them.
        """
        lanes = self._lanes(group)
        vectors: list[dict[int, NodeId]] = []
        for n, lane in zip(group, lanes, strict=True):
            for vector in vectors:
                if lane not in vector:
                    vector[lane] = n
                    break
            else:
                vectors.append({lane: n})
        size = self.lanes
        moved = 1 + sum(
            self.place[a][0] not in self.uniform
            for a in self._args(group[0])
            if a in self.place
        )
        if -(-len(group) // size) * moved < len(vectors):
            parts = [group[i : i + size] for i in range(0, len(group), size)]
            vectors = [dict(enumerate(part)) for part in parts]
        return vectors

    def _lanes(self, group: list[NodeId]) -> list[int]:
        """Return the lanes of the argument that spreads the nodes out most."""
        best = [0] * len(group)
        for given in zip(*(self._args(n) for n in group), strict=True):
            places = [self.place[a] for a in given if a in self.place]
            if len(places) == len(given) and places[0][0] not in self.uniform:
                lanes = [lane for _, lane in places]
                if best[0] == 0 or len(set(lanes)) > len(set(best)):
                    best = lanes
        return best

    def _place(self, chosen: dict[int, NodeId]) -> None:
        args = {lane: self._args(n) for lane, n in chosen.items()}
        first = self.plan.nodes[next(iter(chosen.values()))]
        operands = []
        for position in range(len(first.args)):
            wanted = {lane: given[position] for lane, given in args.items()}
            operands.append(
                self.operand(tuple(wanted.get(i) for i in range(self.lanes)))
            )
        vector = self._add(Stage.STEP, first.op, *operands, data=first.data)
        if all(a in self.uniform for a in operands):
            self.uniform.add(vector)
        self.place |= {n: (vector, lane) for lane, n in chosen.items()}

    # Operands

    def operand(self, wanted: Lanes) -> NodeId:
        """Return the vector with these nodes in its lanes."""
        named = dict.fromkeys(n for n in wanted if n is not None)
        if len(named) == 1:
            return self._same(next(iter(named)), wanted)
        parts: dict[NodeId, dict[int, int]] = {}
        for lane, node in enumerate(wanted):
            if node is not None and self.plan.stages[node] is Stage.STEP:
                vector, at = self.place[node]
                at = lane if vector in self.uniform else at
                parts.setdefault(vector, {})[lane] = at
            elif node is not None and self.plan.stages[node] is Stage.TIME:
                parts.setdefault(self._same(node, wanted), {})[lane] = lane
        known = [
            n
            if n is not None and self.plan.stages[n] in (Stage.RUN, Stage.CONST)
            else None
            for n in wanted
        ]
        if any(n is not None for n in known):
            vector = self._known(known)
            parts[vector] = {i: i for i, n in enumerate(known) if n is not None}
        return self._joined(parts)

    def _same(self, node: NodeId, wanted: Lanes) -> NodeId:
        """Return a vector with ``node`` wherever it is wanted."""
        stage = self.plan.stages[node]
        if stage is Stage.STEP:
            vector, lane = self.place[node]
            if vector in self.uniform or all(
                n is None or i == lane for i, n in enumerate(wanted)
            ):
                return vector
            found = self._pick((vector,), (lane,) * self.lanes)
        elif stage is Stage.CONST:
            found = self._add(stage, "const", data=self.plan.nodes[node].data)
        elif stage is Stage.RUN:
            found = self._add(stage, "one", data=self._run[node])
        else:
            found = self._add(stage, "now", data=self._time[node])
        self.uniform.add(found)
        return found

    def _known(self, wanted: Sequence[NodeId | None]) -> NodeId:
        first = next(n for n in wanted if n is not None)
        filled = tuple(first if n is None else n for n in wanted)
        slot = self.many.setdefault(filled, len(self.many))
        return self._add(Stage.RUN, "many", data=slot)

    def _joined(self, parts: dict[NodeId, dict[int, int]]) -> NodeId:
        """Return a vector with lanes of several, two at a time."""
        by_size = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
        (vector, lanes), *rest = by_size
        if not rest and all(lane == at for lane, at in lanes.items()):
            return vector
        sources: tuple[NodeId, ...] = (vector,)
        mask = [lanes.get(i, -1) for i in range(self.lanes)]
        for other, more in rest:
            both = [
                self.lanes + more[i] if i in more else mask[i]
                for i in range(self.lanes)
            ]
            vector = self._pick((sources[0], other), tuple(both))
            lanes = {**lanes, **more}
            sources = (vector,)
            mask = [i if i in lanes else -1 for i in range(self.lanes)]
        return vector if rest else self._pick(sources, tuple(mask))

    def _pick(self, sources: tuple[NodeId, ...], mask: tuple[int, ...]) -> NodeId:
        slot = self.picks.setdefault(mask, len(self.picks))
        return self._add(Stage.STEP, "pick", *sources, data=slot)

    # The end

    def finish(self, groups: list[tuple[int, ...]]) -> Packed:
        """Return the vectors in such an order that each is used soon."""
        plan, size = self.plan, self.lanes
        # Lanes beyond a group's end repeat its first state, and so hold no nonsense.
        states = tuple(g + g[:1] * (size - len(g)) for g in groups)
        updates = [
            self.operand(tuple(plan.states[slot].update for slot in group))
            for group in states
        ]
        saved = []
        for node in plan.saved:
            if plan.stages[node] is Stage.STEP:
                saved.append(self.place[node])
            else:
                saved.append((self.operand((node,) * size), 0))
        order = self._order([*updates, *(vector for vector, _ in saved)])
        index = {old: new for new, old in enumerate(order)}
        nodes = [self.graph.nodes[old] for old in order]
        planned = tuple(
            PlannedState("", 0, index[update], plan.states[group[0]].assign)
            for group, update in zip(states, updates, strict=True)
        )
        return Packed(
            plan=replace(
                plan,
                nodes=tuple(
                    Node(n.op, tuple(index[a] for a in n.args), n.data) for n in nodes
                ),
                stages=tuple(self.stages[old] for old in order),
                states=planned,
                saved=tuple(index[vector] for vector, _ in saved),
            ),
            lanes=size,
            states=states,
            many=tuple(self.many),
            picks=tuple(self.picks),
            saved=tuple((index[vector], lane) for vector, lane in saved),
        )

    def _order(self, roots: Iterable[NodeId]) -> list[NodeId]:
        order: dict[NodeId, None] = {}
        for root in roots:
            pending = [root]
            while pending:
                node = pending[-1]
                left = [a for a in self.graph.nodes[node].args if a not in order]
                if node in order or not left:
                    order.setdefault(pending.pop())
                else:
                    pending.extend(reversed(left))
        return list(order)
