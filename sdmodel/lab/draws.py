"""The sample of assumptions from which the page draws its bands."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines import cache
from sdmodel.experiments.designs import sobol_points
from sdmodel.experiments.space import Space, drawable, make_space
from sdmodel.study.controls import mixes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sdmodel.study.controls import Control

DRAWS = 512
"""A power of two, as Sobol' points ask; enough for 5 % quantiles on a screen."""

SHOWN = 500
"""Draws behind every number that a reader compares: boards, pins, a teacher's keys."""

SEED = 0


def space_of(controls: Sequence[Control]) -> Space:
    """Return the space of the uncertainties that bands draw."""
    free = [c for c in drawable(controls) if c.role == "uncertainty"]
    shares = [
        (name, [member.name for member in members], True)
        for name, members in mixes(tuple(free)).items()
    ]
    return make_space(free, shares)


def prior(
    controls: Sequence[Control], n: int = DRAWS, seed: int = SEED
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return names and a Sobol' sample (draw, name) of the uncertainties.

    Values are rounded to 32 bits and kept within their ranges, so that the page can
    hold them in half the space and everyone else can use the very same ones.
    """
    space = space_of(controls)
    if not space.groups:
        return (), np.empty((0, 0))
    values = space.values(_points(n, space.dimensions, seed))
    rounded = values.astype(np.float32)
    by_name = {c.name: c for c in controls}
    for i, name in enumerate(space.names):
        control = by_name[name]
        column = rounded[:, i]
        low, high = np.float32(control.min), np.float32(control.max)
        if float(low) < control.min:
            low = np.nextafter(low, np.float32(np.inf))
        if float(high) > control.max:
            high = np.nextafter(high, np.float32(-np.inf))
        rounded[:, i] = np.clip(column, low, high)
    return space.names, rounded.astype(np.float64)


def keep_points(controls: Sequence[Control]) -> None:
    """Leave on disk the points that `prior` will take; load what makes them.

    Loading takes many times as long as making them, and can be done beside.
    """
    from scipy.stats import qmc  # noqa: F401 - loaded for `prior`

    if controls:
        prior(controls)


def _points(n: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Return Sobol' points (draw, dimension), from disk where they have been made."""
    made = f"numpy {version('numpy')}, scipy {version('scipy')}"
    text = f"Sobol' points: {n}, {dimensions}, {seed}, {made}"
    key = hashlib.sha256(text.encode()).hexdigest()
    stored = cache.load(key)
    if stored is not None and len(stored) == 8 * n * dimensions:
        return np.frombuffer(stored, dtype="<f8").reshape(n, dimensions)
    points = sobol_points(n, dimensions, seed)
    cache.save(key, points.astype("<f8").tobytes())
    return points


def draws_document(controls: Sequence[Control]) -> dict[str, Any]:
    """Return the sample as the page reads it."""
    names, values = prior(controls)
    return {
        "names": list(names),
        "n": len(values),
        "shown": SHOWN,
        "values": base64.b64encode(values.astype("<f4").tobytes()).decode(),
        "seed": SEED,
        "what": "prior",
    }
