"""Functions on the unit cube whose Sobol' indices are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.space import Space, make_space
from sdmodel.study.controls import Control, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

A, B = 7.0, 0.1
G = np.array([0.0, 1.0, 4.5, 9.0])
WEIGHTS = np.array([1.0, 2.0, 4.0])


@dataclass(frozen=True)
class Known:
    """A function of uniform factors, with its exact first-order and total indices."""

    name: str
    factors: int
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    first: NDArray[np.float64]
    total: NDArray[np.float64]


def _ishigami(u: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.pi * (2 * u - 1)
    found: NDArray[np.float64] = (
        np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])
    )
    return found


def ishigami() -> Known:
    """Ishigami & Homma (1990) with a = 7, b = 0.1."""
    v1 = 0.5 * (1 + B * np.pi**4 / 5) ** 2
    v2 = A**2 / 8
    v13 = B**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = v1 + v2 + v13
    first = np.array([v1, v2, 0.0]) / variance
    total = np.array([v1 + v13, v2, v13]) / variance
    return Known("ishigami", 3, _ishigami, first, total)


def sobol_g() -> Known:
    """Sobol's g function, Saltelli & Sobol' (1995)."""

    def g(u: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.prod((np.abs(4 * u - 2) + G) / (1 + G), axis=1)
        return found

    part = 1 / 3 / (1 + G) ** 2
    variance = np.prod(1 + part) - 1
    rest = np.array([np.prod(np.delete(1 + part, i)) for i in range(len(G))])
    return Known("sobol g", 4, g, part / variance, part * rest / variance)


def linear() -> Known:
    """A weighted sum: no interaction."""
    share = WEIGHTS**2 / np.sum(WEIGHTS**2)
    return Known("linear", 3, lambda u: u @ WEIGHTS, share, share)


KNOWN = (ishigami(), sobol_g(), linear())


def control(name: str, role: Role = "lever", **changes: object) -> Control:
    """Return a control that is uniform on 0 to 1."""
    fields: dict[str, object] = {
        "name": name,
        "role": role,
        "label_en": name.upper(),
        "label_zh": "",
        "unit": "Dmnl",
        "default": 0.5,
        "min": 0.0,
        "max": 1.0,
        "step": 0.0,
        "distribution": "uniform",
        "group": "",
        "source": "test",
        "grade": "assumption",
    }
    return Control(**(fields | changes))  # type: ignore[arg-type]  # of the right kinds


def plain_space(size: int, role: Role = "lever") -> Space:
    """Return a space of independent uniform factors x0, x1, …."""
    return make_space([control(f"x{i}", role) for i in range(size)])
