"""The ways that carry a change from levers to an outcome, the widest first."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.flux import OUTCOME, Flux

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sdmodel.model.web import Web

Ways = dict[str, dict[str, float]]
"""What each variable passes on to each of its readers."""
SMALLEST = 1e-3
"""Share of the whole movement below which a way is not told."""


@dataclass(frozen=True)
class Way:
    """A path from a lever to the outcome, with what it carries.

    It goes over variables, or over sectors for the ways of `sector_net`.

    ``narrowest`` is the link that lets the least through: what passes it passes the
    whole path, so that ``carried`` is what that link has left for this path.
    """

    path: tuple[str, ...]
    carried: float
    narrowest: tuple[str, str]


@dataclass(frozen=True)
class Net:
    """Which places, variables or sectors, each link of a flux leads from and to.

    ``pairs`` are the (source, reader) that differ, ``place`` (link,) the pair of each
    link, the number of pairs for a link within one place; ``named`` says where an
    element stands.
    """

    pairs: tuple[tuple[str, str], ...]
    place: NDArray[np.intp]
    named: Callable[[str], str]


def net_of(web: Web, flux: Flux, named: Callable[[str], str] | None = None) -> Net:
    """Return the links of a flux between variables; the same for all its outcomes."""
    named = named or web.variable
    pairs: dict[tuple[str, str], int] = {}
    place = np.full(len(flux.links), -1, dtype=np.intp)
    for i, (source, reader) in enumerate(flux.links):
        start = named(source)
        end = OUTCOME if reader == OUTCOME else named(reader)
        if start != end:
            place[i] = pairs.setdefault((start, end), len(pairs))
    place[place < 0] = len(pairs)
    return Net(tuple(pairs), place, named)


def sector_net(web: Web, flux: Flux) -> Net | None:
    """Return the links of a flux between sectors, each lever standing alone.

    A sector is a group of the model's file. What a lever brings runs over thousands of
    ways of variables, each with a share of a share; over sectors a few carry nearly
    all of it. None for a model with fewer than two groups.
    """
    groups = {
        name: v.group.lstrip(".").strip() for name, v in web.model.variables.items()
    }
    if len({group for group in groups.values() if group}) < 2:
        return None

    def named(element: str) -> str:
        variable = web.variable(element)
        return variable if element in flux.levers else groups.get(variable) or variable

    return net_of(web, flux, named)


def between_variables(
    web: Web, flux: Flux, outcome: int, lever: int | None = None, net: Net | None = None
) -> Ways:
    """Return what each place passes to each other of the change of one outcome.

    Elements are added up; what a variable passes to itself is left out, for it leaves
    the variable again; so with sectors, if ``net`` is theirs. Without a lever the sizes
    of all are added, signs aside. ``net`` spares a caller with many outcomes the
    sorting of links.
    """
    net = net or net_of(web, flux)
    sums = _between(flux, outcome, lever, net)
    found: Ways = {}
    for (start, end), value in zip(net.pairs, sums.tolist(), strict=False):
        found.setdefault(start, {})[end] = value
    return found


def _between(
    flux: Flux, outcome: int, lever: int | None, net: Net
) -> NDArray[np.float64]:
    """Return what passes along each pair of a net, (pair,)."""
    part = flux.carried[:, outcome]
    passed = np.abs(part).sum(axis=1) if lever is None else part[:, lever]
    count = len(net.pairs)
    sums = np.bincount(net.place, passed, minlength=count + 1)
    return np.asarray(sums[:count], dtype=np.float64)


@dataclass(frozen=True)
class FirstActs:
    """Where what a lever brings first divides.

    ``chain`` are the variables it runs through undivided, the lever first; ``parts``
    pairs each variable that reads the last of them with what it is passed, the largest
    first. The parts add up to what the lever brings, unless a loop returns to the
    chain.
    """

    chain: tuple[str, ...]
    parts: tuple[tuple[str, float], ...]


def first_acts(web: Web, flux: Flux, outcome: int, most: int) -> tuple[FirstActs, ...]:
    """Return what the levers that bring most first act on: exact, loops or not.

    Ways need not carry much: where a loop sends most of a push back over the links
    that it came by, what a link carries in all is small. The first division of what a
    lever brings stands before any loop.
    """
    brought = {name: abs(float(v[outcome])) for name, v in flux.levers.items()}
    net, columns = net_of(web, flux), list(flux.levers)
    found = []
    for lever in sorted(filter(brought.get, brought), key=lambda n: -brought[n])[:most]:
        passed = between_variables(web, flux, outcome, columns.index(lever), net)
        chain = [web.variable(lever)]
        while True:
            parts = [
                (name, value)
                for name, value in passed.get(chain[-1], {}).items()
                if abs(value) > SMALLEST * brought[lever]
            ]
            if len(parts) != 1 or parts[0][0] in (*chain, OUTCOME):
                break
            chain.append(parts[0][0])
        parts.sort(key=lambda part: -abs(part[1]))
        found.append(FirstActs(tuple(chain), tuple(parts)))
    return tuple(found)


def ways(
    web: Web, flux: Flux, outcome: int, most: int, net: Net | None = None
) -> tuple[Way, ...]:
    """Return the paths that carry most of the change of an outcome.

    For each lever, links that push the outcome up and those that push it down are two
    networks. From each the widest path from the lever is taken, what it carries is
    taken off its links, and so on: the greedy decomposition of a flow into paths.

    Parameters
    ----------
    web, flux
        The model's graph and what its links carry.
    outcome
        Column of the flux.
    most
        Paths to return, those that carry most first.
    net
        From `net_of`, for callers that ask for many outcomes; or from `sector_net`.
    """
    net = net or net_of(web, flux)
    moved = sum(abs(float(v[outcome])) for v in flux.levers.values())
    found: list[Way] = []
    least = SMALLEST * moved
    for column, lever in enumerate(flux.levers):
        passed = _between(flux, outcome, column, net)
        for sign in (1.0, -1.0):
            # No way that is told leads through a link below the least.
            wide = np.flatnonzero((sign * passed > 0) & (sign * passed >= least))
            rest: Ways = {}
            for place in wide.tolist():
                start, end = net.pairs[place]
                rest.setdefault(start, {})[end] = float(sign * passed[place])
            for _ in range(most):
                path = _widest(rest, net.named(lever))
                if path is None:
                    break
                links = list(itertools.pairwise(path))
                narrow = min(links, key=lambda link: rest[link[0]][link[1]])
                width = rest[narrow[0]][narrow[1]]
                if width < least:
                    break
                for start, end in links:
                    rest[start][end] -= width
                found.append(Way(path, sign * width, narrow))
    found.sort(key=lambda way: -abs(way.carried))
    return tuple(found[:most])


def _widest(
    net: Mapping[str, Mapping[str, float]], lever: str
) -> tuple[str, ...] | None:
    """Return the path to the outcome whose narrowest link is widest, or None."""
    best = {lever: float("inf")}
    came: dict[str, str] = {}
    queue = [(-float("inf"), lever)]
    done: set[str] = set()
    while queue:
        width, at = heapq.heappop(queue)
        if at in done:
            continue
        done.add(at)
        if at == OUTCOME:
            way = [at]
            while way[-1] in came:
                way.append(came[way[-1]])
            return tuple(reversed(way))
        for end, room in net.get(at, {}).items():
            through = min(-width, room)
            if through > best.get(end, 0.0) and end not in done:
                best[end], came[end] = through, at
                heapq.heappush(queue, (-through, end))
    return None
