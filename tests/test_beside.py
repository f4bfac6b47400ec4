"""Work in a second thread: its failure and the caller's end both."""

from __future__ import annotations

import threading

import pytest

from sdmodel.cli.beside import Beside
from sdmodel.errors import StudyError

PATIENCE = 300.0
"""Seconds after which a thread that was told nothing gives up."""


def test_what_is_given_is_done_in_order_and_waited_for() -> None:
    seen: list[int] = []
    with Beside() as beside:
        first = beside.do(seen.append, 1)
        second = beside.do(seen.append, 2)
        beside.progress(1, 2)
    assert seen == [1, 2]
    assert first.done()
    assert second.done()
    beside.check()


def fails() -> None:
    msg = "nothing to draw from"
    raise StudyError(msg)


def test_what_fails_beside_ends_the_work_at_its_next_word() -> None:
    with Beside() as beside:
        failed = beside.do(fails)
        after = beside.do(failed.result)
        assert isinstance(failed.exception(), StudyError)
        with pytest.raises(StudyError, match="nothing to draw from"):
            beside.check()
    assert isinstance(after.exception(), StudyError)


def test_what_fails_here_ends_the_work_beside() -> None:
    begun = threading.Event()
    rounds = 0

    def long() -> None:
        nonlocal rounds
        wait = threading.Event()
        while rounds < 100 * PATIENCE:
            beside.progress(rounds, 10)
            begun.set()
            rounds += 1
            wait.wait(0.01)

    beside = Beside()
    work, waiting = beside.do(long), beside.do(begun.set)
    assert begun.wait(PATIENCE)
    with pytest.raises(KeyboardInterrupt), beside:
        raise KeyboardInterrupt
    assert 0 < rounds < 100 * PATIENCE
    assert work.exception() is not None
    assert waiting.cancelled()
