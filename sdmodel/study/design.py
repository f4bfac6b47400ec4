"""The question put to an engine: which values in each run, and what to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Schedule:
    """A value over time: linear between points, constant before and after them."""

    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Inputs:
    """One row per run.

    ``names`` are element names of settable constants, ``values`` has dims (run, name).
    ``schedules`` maps an element name to one entry per run: a schedule, or None where
    that run holds the constant of ``values`` (or the model's default).
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    schedules: Mapping[str, tuple[Schedule | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Save:
    """Which scalars, at which times.

    ``times`` None means the model's saved times; "step" every step; otherwise a tuple
    of times on the step grid, ascending.
    """

    names: tuple[str, ...]
    times: tuple[float, ...] | Literal["step"] | None = None
