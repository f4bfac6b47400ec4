from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.consortium.regimes import (
    EVERYTHING,
    REGIMES,
    Runs,
    lever_values,
    run_all,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model


@pytest.fixture(scope="session")
def regimes(consortium: Model, consortium_folder: Path) -> dict[str, dict[str, float]]:
    """What each of the eight regimes sets."""
    return {r: lever_values(consortium, consortium_folder, r) for r in REGIMES}


@pytest.fixture(scope="session")
def eight(consortium: Model, regimes: dict[str, dict[str, float]]) -> Runs:
    """The eight regimes and all levers at once, every scalar at every step."""
    runs = {**regimes, "everything": EVERYTHING}
    return run_all(consortium, runs, tuple(consortium.scalars))
