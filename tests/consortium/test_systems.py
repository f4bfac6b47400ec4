"""All that the sources name is carried, and what carries it does what it claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.experiments.claimed import LEAST, try_claims
from sdmodel.experiments.whatif import evaluate, headline_keys
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.scenario import list_scenarios, read_chain
from sdmodel.study.systems import KINDS, read_systems
from tests.consortium.regimes import REGIMES

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.claimed import Trial
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.systems import System

NAMED = {"A": 14, "B": 20, "C": 12, "D": 13, "E": 11, "F": 17, "G": 15}
"""Items that the source documents name: forms and degrees, cases in China, systems of
other countries, policies, figures, mechanisms and dilemmas, recommendations."""

CASES = (
    "shenyang-1984", "renji", "ruijin-luwan", "beijing", "peking-third", "shanghai",
    "wuhan", "wuxi", "zhenjiang", "hubei", "luohu", "tianchang", "sanming",
    "beijing-childrens", "china-japan-telemedicine", "beijing-drg-2011",
    "guangzhou-dip-2018", "us-ids", "kaiser", "aco", "hmo", "pace", "pcmh",
    "uk-gatekeeping", "singapore", "regional-hub", "buurtzorg", "docrates",
    "grid-2020", "dualistic", "pandemic",
)  # fmt: skip


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
    assert len(trials) > 200
    assert [trial.sentence for trial in trials if not trial.holds] == []


def test_every_item_of_the_sources_has_a_row(systems: tuple[System, ...]) -> None:
    assert Counter(row.id[0] for row in systems) == NAMED
    for letter, kind in zip("ABCDEFG", KINDS, strict=True):
        ids = [row.id for row in systems if row.kind == kind]
        assert ids == [f"{letter}{i}" for i in range(1, NAMED[letter] + 1)]


def test_every_mechanism_and_recommendation_says_what_it_moves(
    systems: tuple[System, ...],
) -> None:
    silent = [
        row.id
        for row in systems
        if row.status == "carried" and row.kind != "figure" and not row.claims
    ]
    assert silent == []


def test_every_lever_and_scenario_carries_a_row(
    book: Workbook, systems: tuple[System, ...]
) -> None:
    carrying = {carrier.name for row in systems for carrier in row.carriers}
    levers = [c.name for c in book.controls if c.role == "lever"]
    left = {n for n in levers if not {n, n.partition("[")[0]} & carrying}
    assert not left
    assert set(book.scenario_ids()) <= carrying


def test_every_case_tells_its_story_and_whence_its_values(
    consortium_folder: Path,
) -> None:
    files = {file.id: file for file in list_scenarios(consortium_folder)}
    assert set(files) == {*REGIMES, *CASES}
    for name, file in files.items():
        assert file.kind, name
        assert (file.kind == "regime") == (name in REGIMES), name
        texts = [file.title, file.story]
        texts += [file.shows] if name in CASES else []
        for text in texts:
            assert set(text) == {"en", "zh"}, name
            assert all(text.values()), name
        assert set(file.values) <= set(file.evidence), name
        if name in CASES:
            assert file.values, name


def test_the_demo_shows_the_regimes_alone(book: Workbook) -> None:
    from sdmodel.cli.demo import _regimes

    assert [scenario.id for scenario in _regimes(book)] == list(REGIMES)
    assert len(book.scenario_ids()) == len(REGIMES) + len(CASES)


FAITHFUL = {
    # What was observed is too small to see: that is the finding.
    ("china-japan-telemedicine", "telemedicine capacity"),
    # Two clusters that are alike exchange patients, and the whole stays as it is.
    ("singapore", "community competition"),
}
"""Values that stand in a case because the source says so, though nothing moves."""


def test_every_value_of_a_case_counts(book: Workbook) -> None:
    """Leaving a value out moves some outcome; shares of one mix are told in full."""
    mixes = {c.name for c in book.controls if c.mix is not None}
    runs: list[Scenario] = []
    asked: list[tuple[str, str]] = []
    for name in CASES:
        file = read_chain(name, book.folder)[-1]
        whole = book.scenario(name)
        runs.append(whole)
        asked.append((name, ""))
        parent = book.scenario(str(file.parent))
        for key in file.values:
            if key in mixes:
                continue
            values = {n: v for n, v in whole.values.items() if n != key}
            if key in parent.values:
                values[key] = parent.values[key]
            runs.append(replace(whole, id=f"{name} without {key}", values=values))
            asked.append((name, key))
    keys = [k for k in headline_keys(book.outcomes) if k.summary != "crossing"]
    answer = evaluate(book.model, runs, keys)
    found = np.array([answer.values[key.text] for key in keys])
    whole_of = {name: i for i, (name, key) in enumerate(asked) if not key}
    idle = set()
    for i, (name, key) in enumerate(asked):
        before = found[:, whole_of[name]]
        moved = np.nanmax(np.abs(found[:, i] - before) / np.abs(before))
        if key and not moved >= LEAST:
            idle.add((name, key))
    assert idle == FAITHFUL
