"""How much of a change each link of a model carries, exactly.

Between two runs every operation is replaced by the secant through both: the change of
its value is split over its arguments by Shapley's value (1953), so that the parts add
to the whole. The differences between the runs then obey a linear system without error,
and one sweep backwards in time gives what each link carries of the change of an
outcome: over all ways from levers to the outcome, through stocks and around loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True)
class _Group:
    """Links whose readers are swept together, ordered by what they read."""

    links: NDArray[np.int64]
    target: NDArray[np.int64]
    source: NDArray[np.int64]
    unique: NDArray[np.int64]
    starts: NDArray[np.int64]


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
        self.first = min(
            (int(np.argmax(c != 0)) for c in changes.values()), default=steps
        )
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

    def _groups(self) -> tuple[_Group | None, list[_Group]]:
        """Return the links that states read by, then the others, top level first."""
        level: dict[str, int] = {}
        order = sorted((self.web.model.scalars[n], n) for n in self.names)
        parents: dict[int, list[int]] = {}
        for source, target in self.pairs.tolist():
            parents.setdefault(target, []).append(source)
        state = [self.web.is_state(name) for name in self.names]
        for _, name in order:
            i = self.index[name]
            above = [] if state[i] else parents.get(i, [])
            level[name] = max((level[self.names[p]] + 1 for p in above), default=0)
        depth = np.array([level[n] for n in self.names], dtype=np.int64)
        into = self.pairs[:, 1]
        is_late = np.array(state, dtype=bool)[into]
        late = np.flatnonzero(is_late)
        found = (
            np.flatnonzero(~is_late & (depth[into] == d))
            for d in range(int(np.max(depth, initial=0)), 0, -1)
        )
        groups = [self._group(links) for links in found if links.size]
        return (self._group(late) if late.size else None), groups

    def _group(self, links: NDArray[np.int64]) -> _Group:
        links = links[np.argsort(self.pairs[links, 0], kind="stable")]
        source = self.pairs[links, 0]
        unique, starts = np.unique(source, return_index=True)
        return _Group(links, self.pairs[links, 1], source, unique, starts)

    def result(self) -> Flux:
        """Sweep backwards and gather what each link and lever carries."""
        model, outcomes = self.web.model, len(self.keys)
        count, steps = self.change.shape
        late, groups = self._groups()
        carried = np.zeros((len(self.pairs), outcomes))
        brought = np.zeros((count, outcomes))
        direct = np.zeros((count, outcomes))
        states = np.array([self.web.is_state(n) for n in self.names], dtype=bool)
        assign = {s.name for s in model.states if s.rule == "assign"}
        jump = np.array([n in assign for n in self.names], dtype=bool)
        gain = np.where(jump, 1.0, model.time.step)[:, None]
        keep = (states & ~jump)[:, None]
        worth = np.zeros((count, outcomes))

        def pull(group: _Group, worth_of: NDArray[np.float64], step: int) -> None:
            value = worth_of[group.target] * self.slope[group.links, step][:, None]
            carried[group.links] += value * self.change[group.source, step][:, None]
            worth[group.unique] += np.add.reduceat(value, group.starts, axis=0)

        for step in range(steps - 1, -1, -1):
            following = worth * states[:, None]
            worth = following * keep
            for column, parts in enumerate(self.ends):
                for i, slope in parts.items():
                    add = self.weights[step, column] * slope[step]
                    worth[i, column] += add
                    direct[i, column] += add * self.change[i, step]
            if late is not None and step < steps - 1:
                pull(late, following * gain, step)
            for group in groups:
                pull(group, worth, step)
            brought += worth * self.change[:, [step]]
        if self.at_start:
            seeds = np.zeros_like(worth)
            for i, starts in self.at_start.items():
                for name, slope in starts.items():
                    seeds[self.index[name]] += worth[i] * slope[0]
            worth = seeds
            for group in groups:
                pull(group, worth, 0)
            brought += worth * self.change[:, [0]]
        used = np.flatnonzero(np.any(direct != 0, axis=1))
        links = [(self.names[s], self.names[t]) for s, t in self.pairs.tolist()]
        return Flux(
            links=(*links, *((self.names[i], OUTCOME) for i in used)),
            carried=np.concatenate([carried, direct[used]]),
            levers={
                name: brought[i]
                for i, name in enumerate(self.names)
                if name in model.input_index
            },
            change=direct.sum(axis=0),
        )
