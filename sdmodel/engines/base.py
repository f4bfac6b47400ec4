"""What every engine takes and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EngineName = Literal["compiled", "numpy", "pysd"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Output:
    """What an engine returns.

    ``values`` has dims (run, time, name). ``status`` (run,) is 0 for a good run, 1
    where a value ceased to be finite; ``bad_time`` (run,) and ``bad_name`` say when
    and which state or saved scalar was first (nan and "" for good runs).
    """

    names: tuple[str, ...]
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    status: NDArray[np.int8]
    bad_time: NDArray[np.float64]
    bad_name: tuple[str, ...]
