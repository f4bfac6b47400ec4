"""A small sweep, and what it leaves when nothing stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.experiments.sweeps import (
    do,
    question_of,
    write_study,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.question import Question

CHUNKS = 6


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Question:
    found = question_of(write_study(tmp_path_factory.mktemp("study")), bands=True)
    assert found.chunks == CHUNKS
    return found


@pytest.fixture(scope="module")
def whole(question: Question, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that nothing disturbed."""
    return do(tmp_path_factory.mktemp("whole") / "out", question).folder
