"""The differences between two runs as a linear system without error.

See ``experiments.flux``, which asks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines.plan import apply
from sdmodel.engines.sweep import sweeps
from sdmodel.experiments.native_sweeps import sweep_natively
from sdmodel.experiments.secants import Secants, slopes
from sdmodel.model.expr import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.web import Web
    from sdmodel.study.outcomes import OutcomeKey

CHUNK = 48
"""Steps that are swept together: few enough for the memory of a small machine."""


class Differences:
    """The linear system of differences between two runs, swept in both directions.

    ``secants`` may be those between a run and several others, of which ``row`` is the
    second of ``both``.

    After ``solve``: ``carried`` (link, outcome, lever), links being ``pairs`` of places
    in ``names``; ``direct`` (element, outcome, lever), what outcomes read themselves;
    ``brought`` (lever, outcome).
    """

    def __init__(
        self,
        web: Web,
        both: Courses,
        keys: Sequence[OutcomeKey],
        weights: NDArray[np.float64],
        secants: Secants | None = None,
        row: int = 0,
    ) -> None:
        self.web, self.keys, self.both = web, keys, both
        self.secants, self.row = secants or Secants(web, both), row
        self.first = self.secants.first
        model = web.model
        changes = {}
        for node, element in web.owner.items():
            value = both.nodes[node]
            if value.shape[0] > 1 and np.any(value[1] != value[0]):
                changes[element] = np.broadcast_to(
                    value[1] - value[0], both.times.shape
                )
        self.names = list(changes)
        self.index = {name: i for i, name in enumerate(self.names)}
        self.change = np.array([c[self.first :] for c in changes.values()])
        self.change = self.change.reshape(len(changes), len(both.times) - self.first)
        self.weights = weights[self.first :]
        pairs: list[tuple[int, int]] = []
        rows: list[NDArray[np.float64]] = []
        for name in self.names:
            if name in model.input_index:
                continue
            for parent, slope in self._changing(self.secants.parents(name)).items():
                pairs.append((self.index[parent], self.index[name]))
                rows.append(np.broadcast_to(slope, self.change.shape[1:]))
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self.slope = np.array(rows).reshape(len(rows), self.change.shape[1])
        self.at_start = self._initial() if self.first == 0 else {}
        self.ends = [self._outcome(key) for key in keys]

    def _changing(
        self, found: Mapping[str, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the slopes of this pair of runs in elements that differ, (step,)."""
        own = {
            name: slope[self.row if len(slope) > 1 else 0]
            for name, slope in found.items()
            if name in self.index
        }
        return {name: slope for name, slope in own.items() if slope.any()}

    def _below(self, root: int) -> tuple[int, ...]:
        """Return the nodes from a root down to those that have owners, ascending."""
        seen: set[int] = set()
        pending = [root]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                if node not in self.web.owner:
                    pending.extend(self.web.model.nodes[node].args)
        return tuple(sorted(seen))

    def _initial(self) -> dict[int, dict[str, NDArray[np.float64]]]:
        """Return how initial values follow from what is known at the start."""
        found = {}
        for state in self.web.model.states:
            if state.name in self.index:
                body = self._below(state.initial)
                ends = {n for n in body if n in self.web.owner}
                slope = self.secants.through(body, state.initial, ends)
                found[self.index[state.name]] = self._changing(slope)
        return found

    def _outcome(self, key: OutcomeKey) -> dict[int, NDArray[np.float64]]:
        """Return the slope of an outcome's expression in each element it reads."""
        expression = key.outcome.expression
        model = self.web.model
        values: list[NDArray[np.float64]] = []
        worth: list[dict[int, NDArray[np.float64]]] = []
        ops = {"+": "add", "-": "sub", "*": "mul", "/": "div", "neg": "neg"}
        for kind, what in expression.steps:
            if kind == "number":
                values.append(np.full((1, 1), float(what)))
                worth.append({})
            elif kind == "name":
                node = model.scalars[str(what)]
                value = self.both.nodes[node]
                values.append(value[:, self.first :] if value.shape[1] > 1 else value)
                owner = self.web.owner.get(node)
                place = self.index.get(owner) if owner else None
                worth.append({} if place is None else {place: np.ones(1)})
            else:
                node_of = Node(ops[str(what)], ())
                count = 1 if what == "neg" else 2
                args, parts = values[-count:], worth[-count:]
                del values[-count:], worth[-count:]
                merged: dict[int, NDArray[np.float64]] = {}
                with np.errstate(all="ignore"):
                    for part, slope in zip(
                        parts, slopes(node_of, model, args), strict=True
                    ):
                        for i, w in part.items():
                            merged[i] = merged.get(i, np.zeros(1)) + w * slope
                    values.append(np.atleast_2d(apply(node_of, args, model.lookups)))
                worth.append(merged)
        return {
            i: np.broadcast_to(w, self.change.shape[1:]) for i, w in worth[-1].items()
        }

    def solve(self) -> None:
        """Carry each lever forwards in time, the outcomes' worth backwards."""
        with np.errstate(all="ignore"):  # an outcome without a value stays without
            self._arrange()
            loops = sweeps()
            if loops is not None:
                sweep_natively(self, loops)
                return
            steps = self.change.shape[1]
            self.parts = [
                slice(start, min(start + CHUNK, steps))
                for start in range(0, steps, CHUNK)
            ]
            self.within = [self._within(part) for part in self.parts]
            self._forwards()
            self._backwards()

    def _arrange(self) -> None:
        model = self.web.model
        order = sorted(
            range(len(self.names)), key=lambda i: model.scalars[self.names[i]]
        )
        self.levers = [i for i in order if self.names[i] in model.input_index]
        self.states = [i for i in order if self.web.is_state(self.names[i])]
        known = {*self.levers, *self.states}
        self.others = [i for i in order if i not in known]
        self.into: dict[int, list[tuple[int, int]]] = {}
        for link, (source, target) in enumerate(self.pairs.tolist()):
            self.into.setdefault(target, []).append((link, source))
        assign = {s.name for s in model.states if s.rule == "assign"}
        self.jump = np.array([self.names[i] in assign for i in self.states], dtype=bool)
        self.gain = np.where(self.jump, 1.0, model.time.step)[:, None]
        self.keep = np.where(self.jump, 0.0, 1.0)[:, None]

    def _within(self, part: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how outcomes and updates depend on states and levers within one step.

        Dims (step, outcome, state) and (step, state or lever, updated state).
        """
        place = {i: k for k, i in enumerate([*self.states, *self.levers])}
        steps, size = part.stop - part.start, len(place)
        reach: dict[int, NDArray[np.float64]] = {}

        def gathered(parents: list[tuple[NDArray[np.float64], int]]) -> Any:
            total = np.zeros((size, steps))
            for slope, i in parents:
                if i in place:
                    total[place[i]] += slope
                else:
                    total += slope * reach[i]
            return total

        def parents_of(i: int) -> list[tuple[NDArray[np.float64], int]]:
            return [(self.slope[n, part], u) for n, u in self.into.get(i, ())]

        for i in self.others:
            reach[i] = gathered(parents_of(i))
        through = np.zeros((steps, size, len(self.states)))
        for k, i in enumerate(self.states):
            through[:, :, k] = gathered(parents_of(i)).T
        on = np.zeros((steps, len(self.keys), len(self.states)))
        for column, ends in enumerate(self.ends):
            whole = gathered([(slope[part], i) for i, slope in ends.items()])
            on[:, column] = (self.weights[part, column] * whole).T[
                :, : len(self.states)
            ]
        return on, through

    def _forwards(self) -> None:
        """Split every change over the levers, (element, step, lever)."""
        count, steps = self.change.shape
        levers, size = len(self.levers), len(self.states)
        self.split = np.zeros((count, steps, levers))
        for k, i in enumerate(self.levers):
            self.split[i, :, k] = self.change[i]
        state = np.zeros((size, levers))
        if self.at_start:
            self._up(slice(0, 1))  # of what is known before any state is
            for i, starts in self.at_start.items():
                for name, slope in starts.items():
                    state[self.states.index(i)] += (
                        slope[0] * self.split[self.index[name], 0]
                    )
        for part, (_, through) in zip(self.parts, self.within, strict=True):
            for step in range(part.stop - part.start):
                at = part.start + step
                self.split[self.states, at] = state
                moved = np.einsum("sr,sl->rl", through[step, :size], state)
                moved += through[step, size:].T * self.change[self.levers, at]
                state = self.keep * state + self.gain * moved
            self._up(part)

    def _up(self, part: slice) -> None:
        """Add up, in order, what elements that are no states have from each lever."""
        for i in self.others:
            total = np.zeros((part.stop - part.start, len(self.levers)))
            for link, source in self.into.get(i, ()):
                total += self.slope[link, part][:, None] * self.split[source, part]
            self.split[i, part] = total

    def _backwards(self) -> None:
        """Gather what each link carries, from the last step to the first."""
        count, outcomes, levers = len(self.names), len(self.keys), len(self.levers)
        self.carried = np.zeros((len(self.pairs), outcomes, levers))
        self.direct = np.zeros((count, outcomes, levers))
        self.brought = np.zeros((levers, outcomes))
        later = np.zeros((len(self.states), outcomes))
        worth = np.zeros((count, 1, outcomes))
        for part, within in zip(self.parts[::-1], self.within[::-1], strict=True):
            last = part is self.parts[-1]
            worth, later = self._worth(part, within, later, last=last)
            for column, ends in enumerate(self.ends):
                for i, slope in ends.items():
                    add = self.weights[part, column] * slope[part]
                    self.direct[i, column] += add @ self.split[i, part]
            for k, i in enumerate(self.levers):
                self.brought[k] += self.change[i, part] @ worth[i]
        if self.at_start:
            seeds = np.zeros((count, 1, outcomes))
            for i, starts in self.at_start.items():
                for name, slope in starts.items():
                    seeds[self.index[name], 0] += worth[i, 0] * slope[0]
            self._down(seeds, slice(0, 1))
            for k, i in enumerate(self.levers):
                self.brought[k] += self.change[i, 0] * seeds[i, 0]

    def _worth(
        self,
        part: slice,
        within: tuple[NDArray[np.float64], NDArray[np.float64]],
        later: NDArray[np.float64],
        *,
        last: bool,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what a unit of each element is worth at each step of a part of time.

        ``later`` is the worth of states at the step after the part, (state, outcome);
        it is returned anew for the part before. With ``last`` nothing comes after.
        """
        on, through = within
        steps, size = part.stop - part.start, len(self.states)
        states = np.zeros((steps + 1, size, len(self.keys)))
        states[-1] = later
        for step in range(steps - 1, -1, -1):
            after = states[step + 1]
            states[step] = self.keep * after + on[step].T
            if not (last and step == steps - 1):
                # Not by BLAS, which would wake all cores for each small product.
                states[step] += np.einsum(
                    "sr,ro->so", through[step, :size], self.gain * after
                )
        worth = np.zeros((len(self.names), steps, len(self.keys)))
        for column, ends in enumerate(self.ends):
            for i, slope in ends.items():
                worth[i, :, column] += self.weights[part, column] * slope[part]
        for k, i in enumerate(self.states):
            reach = self.gain[k] * states[1:, k]
            if last:
                reach[-1] = 0.0
            self._pull(i, reach, worth, part)
        self._down(worth, part)
        # A state's own worth is known already, its persistence included.
        worth[self.states] = states[:-1].transpose(1, 0, 2)
        return worth, states[0]

    def _pull(
        self,
        reader: int,
        worth_of: NDArray[np.float64],
        worth: NDArray[np.float64],
        part: slice,
    ) -> None:
        """Pass a reader's worth (step, outcome) on to what it reads."""
        for link, source in self.into.get(reader, ()):
            add = worth_of * self.slope[link, part][:, None]
            worth[source] += add
            self.carried[link] += add.T @ self.split[source, part]

    def _down(self, worth: NDArray[np.float64], part: slice) -> None:
        """Pass the worth of elements that are no states on, last in order first."""
        for i in reversed(self.others):
            self._pull(i, worth[i], worth, part)
