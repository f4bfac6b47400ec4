"""How much of a change each link of a model carries, exactly.

Between two runs every operation is replaced by the secant through both: the change of
its value is split over its arguments by Shapley's value (1953), so that the parts add
to the whole. The differences between the runs then obey a linear system without error,
and one sweep backwards in time gives what each link carries of the change of an
outcome: over all ways from levers to the outcome, through stocks and around loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines.plan import apply
from sdmodel.errors import UsageError
from sdmodel.experiments.secants import Secants, slopes
from sdmodel.model.expr import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.web import Web
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.summaries import Window

OUTCOME = "outcome"
CHUNK = 48
"""Steps that are swept together: few enough for the memory of a small machine."""
ADDED = ("final", "mean", "total", "discounted")
"""Summaries that are weighted sums of a series, so that a change has parts."""


@dataclass(frozen=True)
class Flux:
    """What each link carries of the change of outcomes.

    ``links`` pairs what is read with its reader (`OUTCOME` reads for all outcomes);
    ``carried`` has dims (link, outcome) in the outcomes' units, ``levers`` maps each
    constant that differs to what it brings, (outcome,); ``change`` (outcome,) is the
    whole.
    """

    links: tuple[tuple[str, str], ...]
    carried: NDArray[np.float64]
    levers: Mapping[str, NDArray[np.float64]]
    change: NDArray[np.float64]


def weights_of(
    key: OutcomeKey,
    times: NDArray[np.float64],
    saved: NDArray[np.float64],
    window: Window,
) -> NDArray[np.float64]:
    """Return the weight of each step in an outcome's number, (step,).

    Raises
    ------
    UsageError
        If the number is no weighted sum of its series (a peak, a date).
    """
    found = np.zeros(len(times))
    place = np.searchsorted(times, saved - 1e-9)
    if key.year is None and key.summary not in ADDED:
        msg = (
            f"'{key.text}': a {key.summary} is picked, not added up, and its change "
            f"has no parts; ask for a year, as in {key.outcome.id}@{saved[-1]:.0f}"
        )
        raise UsageError(msg)
    # A linear functional of the series is known from what it makes of unit impulses.
    number = key.value(np.eye(len(saved)), saved, window)
    found[place] = number
    return found


def flux(web: Web, both: Courses, keys: Sequence[OutcomeKey], window: Window) -> Flux:
    """Return what each link carries of the change of each outcome.

    Parameters
    ----------
    web
        The model's graph.
    both
        Courses of two runs: the one to compare with, then the one to explain.
    keys
        Outcomes.
    window
        Years and discount rate of their summaries.

    Raises
    ------
    UsageError
        If an outcome is no weighted sum of its series.
    """
    saved = np.asarray(web.model.time.saved)
    weights = [weights_of(key, both.times, saved, window) for key in keys]
    return _Sweep(web, both, keys, np.stack(weights, axis=1)).result()


class _Sweep:
    """The linear system of differences and its sweep backwards in time."""

    def __init__(
        self,
        web: Web,
        both: Courses,
        keys: Sequence[OutcomeKey],
        weights: NDArray[np.float64],
    ) -> None:
        self.web, self.keys = web, keys
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
        steps = len(both.times)
        # Constants, and what is made of them, differ all the time; nothing answers
        # before the first of all others does.
        answers = [
            int(np.argmax(c != 0))
            for name, c in changes.items()
            if both.nodes[model.scalars[name]].shape[1] > 1
        ]
        self.first = max(min(answers, default=steps) - 1, 0)
        self.change = np.array([c[self.first :] for c in changes.values()])
        self.change = self.change.reshape(len(changes), steps - self.first)
        self.weights = weights[self.first :]
        self.secants = Secants(web, both, self.first)
        pairs: list[tuple[int, int]] = []
        rows: list[NDArray[np.float64]] = []
        for name in self.names:
            if name in model.input_index:
                continue
            for parent, slope in self._parents(name).items():
                pairs.append((self.index[parent], self.index[name]))
                rows.append(np.broadcast_to(slope, self.change.shape[1:]))
        self.pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self.slope = np.array(rows).reshape(len(rows), self.change.shape[1])
        self.at_start = self._initial() if self.first == 0 else {}
        self.ends = [self._outcome(key) for key in keys]

    def _parents(self, name: str) -> dict[str, NDArray[np.float64]]:
        root, body = self.web.equation(name), self.web.body(name)
        own = None if self.web.is_state(name) else root
        ends = {n for n in body if n in self.web.owner and n != own}
        found = self.secants.through(body, root, ends)
        return self._changing(found)

    def _changing(
        self, found: Mapping[int, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        named = {self.web.owner[node]: slope for node, slope in found.items()}
        return {e: s for e, s in named.items() if e in self.index}

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
                values.append(self.secants.ends(node))
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

    def result(self) -> Flux:
        """Sweep backwards and gather what each link and lever carries."""
        with np.errstate(all="ignore"):  # an outcome without a value stays without
            return self._result()

    def _result(self) -> Flux:
        model, outcomes = self.web.model, len(self.keys)
        count, steps = self.change.shape
        self.carried = np.zeros((len(self.pairs), outcomes))
        brought = np.zeros((count, outcomes))
        direct = np.zeros((count, outcomes))
        order = sorted(range(count), key=lambda i: model.scalars[self.names[i]])
        self.states = [i for i in order if self.web.is_state(self.names[i])]
        self.others = [
            i
            for i in order
            if i not in set(self.states) and self.names[i] not in model.input_index
        ]
        self.into: dict[int, list[tuple[int, int]]] = {}
        for link, (source, target) in enumerate(self.pairs.tolist()):
            self.into.setdefault(target, []).append((link, source))
        later = np.zeros((len(self.states), outcomes))
        for stop in range(steps, 0, -CHUNK):
            part = slice(max(stop - CHUNK, 0), stop)
            worth, later = self._worth(part, later, last=stop == steps)
            change = self.change[:, part]
            for column, ends in enumerate(self.ends):
                for i, slope in ends.items():
                    add = self.weights[part, column] * slope[part]
                    direct[i, column] += float(add @ change[i])
            brought += np.einsum("ito,it->io", worth, change)
        if self.at_start:
            seeds = np.zeros((count, 1, outcomes))
            for i, starts in self.at_start.items():
                for name, slope in starts.items():
                    seeds[self.index[name], 0] += worth[i, 0] * slope[0]
            self._down(seeds, slice(0, 1))
            brought += seeds[:, 0] * self.change[:, [0]]
        used = np.flatnonzero(np.any(direct != 0, axis=1))
        links = [(self.names[s], self.names[t]) for s, t in self.pairs.tolist()]
        return Flux(
            links=(*links, *((self.names[i], OUTCOME) for i in used)),
            carried=np.concatenate([self.carried, direct[used]]),
            levers={
                name: brought[i]
                for i, name in enumerate(self.names)
                if name in model.input_index
            },
            change=direct.sum(axis=0),
        )

    def _worth(
        self, part: slice, later: NDArray[np.float64], *, last: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what a unit of each element is worth at each step of a part of time.

        ``later`` is the worth of states at the step after the part, (state, outcome);
        it is returned anew for the part before. With ``last`` nothing comes after.
        """
        model, outcomes = self.web.model, len(self.keys)
        count, steps = len(self.names), part.stop - part.start
        place = {i: k for k, i in enumerate(self.states)}
        assign = {s.name for s in model.states if s.rule == "assign"}
        jump = np.array([self.names[i] in assign for i in self.states], dtype=bool)
        gain = np.where(jump, 1.0, model.time.step)
        on, through = self._on_states(part, place)
        states = np.zeros((steps + 1, len(self.states), outcomes))
        states[-1] = later
        for step in range(steps - 1, -1, -1):
            after = states[step + 1]
            states[step] = np.where(jump[:, None], 0.0, after) + on[step].T
            if not (last and step == steps - 1):
                # Not by BLAS, which would wake all cores for each small product.
                states[step] += np.einsum(
                    "sr,ro->so", through[step], gain[:, None] * after
                )
        worth = np.zeros((count, steps, outcomes))
        for column, ends in enumerate(self.ends):
            for i, slope in ends.items():
                worth[i, :, column] += self.weights[part, column] * slope[part]
        for i, k in place.items():
            reach = gain[k] * states[1:, k]
            if last:
                reach[-1] = 0.0
            self._pull(i, reach, worth, part)
        self._down(worth, part)
        # A state's own worth is known already, its persistence included.
        worth[self.states] = states[:-1].transpose(1, 0, 2)
        return worth, states[0]

    def _on_states(
        self, part: slice, place: dict[int, int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how outcomes and updates depend on states within one step.

        Dims (step, outcome, state) and (step, state, updated state).
        """
        steps, size = part.stop - part.start, len(place)
        reach: dict[int, NDArray[np.float64]] = {}

        def gathered(parents: list[tuple[NDArray[np.float64], int]]) -> Any:
            total = np.zeros((size, steps))
            for slope, i in parents:
                if i in place:
                    total[place[i]] += slope
                elif i in reach:
                    total += slope * reach[i]
            return total

        def parents_of(i: int) -> list[tuple[NDArray[np.float64], int]]:
            return [(self.slope[n, part], u) for n, u in self.into.get(i, ())]

        for i in self.others:
            reach[i] = gathered(parents_of(i))
        through = np.stack(
            [gathered(parents_of(i)) for i in place] or [np.zeros((0, steps))]
        )
        on = np.stack(
            [
                self.weights[part, column]
                * gathered([(slope[part], i) for i, slope in ends.items()])
                for column, ends in enumerate(self.ends)
            ]
        )
        through = through.reshape(size, size, steps)
        # Each step's matrix in one piece: otherwise its products go the slow way.
        return on.transpose(2, 0, 1), np.ascontiguousarray(through.transpose(2, 1, 0))

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
            self.carried[link] += self.change[source, part] @ add

    def _down(self, worth: NDArray[np.float64], part: slice) -> None:
        """Pass the worth of elements that are no states on, last in order first."""
        for i in reversed(self.others):
            self._pull(i, worth[i], worth, part)
