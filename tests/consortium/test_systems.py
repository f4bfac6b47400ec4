"""All that the sources name is carried, and what carries it does what it claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.experiments.claimed import try_claims
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.systems import read_systems

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.claimed import Trial
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.systems import System


@pytest.fixture(scope="module")
def book(consortium_folder: Path, _own_cache: None) -> Workbook:
    return open_workbook(consortium_folder)


@pytest.fixture(scope="module")
def systems(book: Workbook, consortium_folder: Path) -> tuple[System, ...]:
    """The rows; reading them checks that every carrier exists."""
    return read_systems(consortium_folder, book.model, book.controls, book.outcomes)


@pytest.fixture(scope="module")
def trials(book: Workbook, systems: tuple[System, ...]) -> tuple[Trial, ...]:
    """Every claim, run in one batch."""
    return try_claims(book, systems)


def test_every_claim_holds(trials: tuple[Trial, ...]) -> None:
    assert len(trials) > 100
    assert [trial.sentence for trial in trials if not trial.holds] == []
