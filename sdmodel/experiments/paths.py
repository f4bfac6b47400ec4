"""The ways that carry a change from levers to an outcome, the widest first."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.flux import OUTCOME, Flux

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.model.web import Web

Ways = dict[str, dict[str, float]]
"""What each variable passes on to each of its readers."""
SMALLEST = 1e-3
"""Share of the whole movement below which a way is not told."""


@dataclass(frozen=True)
class Way:
    """A path of variables from a lever to the outcome, with what it carries.

    ``narrowest`` is the link that lets the least through: what passes it passes the
    whole path, so that ``carried`` is what that link has left for this path.
    """

    path: tuple[str, ...]
    carried: float
    narrowest: tuple[str, str]


@dataclass(frozen=True)
class Net:
    """Which variable each link of a flux leads from and to.

    ``pairs`` are the (source, reader) that differ, ``place`` (link,) the pair of each
    link, the number of pairs for a link within one variable.
    """

    pairs: tuple[tuple[str, str], ...]
    place: NDArray[np.intp]


def net_of(web: Web, flux: Flux) -> Net:
    """Return the links of a flux between variables; the same for all its outcomes."""
    pairs: dict[tuple[str, str], int] = {}
    place = np.full(len(flux.links), -1, dtype=np.intp)
    for i, (source, reader) in enumerate(flux.links):
        start = web.variable(source)
        end = OUTCOME if reader == OUTCOME else web.variable(reader)
        if start != end:
            place[i] = pairs.setdefault((start, end), len(pairs))
    place[place < 0] = len(pairs)
    return Net(tuple(pairs), place)


def between_variables(
    web: Web, flux: Flux, outcome: int, lever: int | None = None, net: Net | None = None
) -> Ways:
    """Return what each variable passes to each other of the change of one outcome.

    Elements are added up; what a variable passes to itself is left out, for it leaves
    the variable again. Without a lever the sizes of all are added, signs aside. ``net``
    spares a caller with many outcomes the sorting of links.
    """
    net = net or net_of(web, flux)
    part = flux.carried[:, outcome]
    passed = np.abs(part).sum(axis=1) if lever is None else part[:, lever]
    sums = np.bincount(net.place, weights=passed, minlength=len(net.pairs) + 1)
    found: Ways = {}
    for (start, end), value in zip(net.pairs, sums.tolist(), strict=False):
        found.setdefault(start, {})[end] = value
    return found


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
        From `net_of`, for callers that ask for many outcomes.
    """
    net = net or net_of(web, flux)
    moved = sum(abs(float(v[outcome])) for v in flux.levers.values())
    found: list[Way] = []
    for column, lever in enumerate(flux.levers):
        passed = between_variables(web, flux, outcome, column, net)
        for sign in (1.0, -1.0):
            rest = {
                start: {end: sign * v for end, v in row.items() if sign * v > 0}
                for start, row in passed.items()
            }
            for _ in range(most):
                path = _widest(rest, web.variable(lever))
                if path is None:
                    break
                links = list(itertools.pairwise(path))
                narrow = min(links, key=lambda link: rest[link[0]][link[1]])
                width = rest[narrow[0]][narrow[1]]
                if width < SMALLEST * moved:
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
