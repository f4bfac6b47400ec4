"""Bad input, one row a case: exit code, words of the message, and nothing left behind.

Every case runs the command line in a folder of its own with a copy of the toy model.
Each must end with its exit code and one clear message that holds the words (file, key,
nearest name), print nothing on stdout, show no traceback and leave no new file.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import VERBS, main
from sdmodel.errors import MOST_TOLD, did_you_mean
from tests.errors.asked import ASKED
from tests.errors.conftest import check, tree
from tests.errors.read import READ

if TYPE_CHECKING:
    from pathlib import Path

    from tests.errors.case import Case

PATIENCE = 5.0
"""Seconds of the processor in which any file is refused."""

CASES = [*ASKED, *READ]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input(case: Case, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in case.files.items():
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = tree(place)
    ended = main(case.args)
    out, err = capsys.readouterr()
    check(case.code, case.words, ended, out, err)
    assert tree(place) == before


def test_thousands_of_problems_are_told_soon_and_shortly(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 20_000
    for section in ("values", "evidence", "nothing"):
        lines = "\n".join(f'"unknown lever {i}" = "x"' for i in range(count))
        head = "" if section == "nothing" else f"[{section}]\n"
        (place / "mine.toml").write_text(f"{head}{lines}\n", "utf-8")
        clock = time.process_time()
        ended = main(["run", "mine.toml", "--model", "tiny"])
        spent = time.process_time() - clock
        out, err = capsys.readouterr()
        check(2, ("mine.toml", "'unknown lever 0'", " more"), ended, out, err)
        assert len(err.splitlines()) == MOST_TOLD + 1
        told = int(err.split("and ")[-1].split(" more")[0].replace(",", ""))
        assert told + MOST_TOLD >= count
        assert spent < PATIENCE, section


FAMILIES = (
    "unknown scenario", "unknown lever", "unknown outcome", "unknown method",
    "wrong kind", "not finite", "outside range", "shares", "schedule",
    "scenario file", "study file", "model file", "output",
)  # fmt: skip


def test_the_table_covers_every_family() -> None:
    count = Counter(case.family for case in CASES)
    assert len({(case.args, *case.files.values()) for case in CASES}) == len(CASES)
    assert len(CASES) >= 100
    assert not [family for family in FAMILIES if count[family] < 3]


@pytest.mark.parametrize(
    ("given", "allowed", "meant"),
    [
        ("FOOBAR", ("flow", "clinical floor"), ""),
        ("nosuch", tuple(VERBS), ""),
        ("nosuch", ("scheduling wait", "DRG share"), ""),
        ("bogus", ("bonus share[PE]",), ""),
        ("rnu", tuple(VERBS), "run"),
        ("aim integration", ("integration aim", "DRG share"), "integration aim"),
        ("training", ("training seats", "trust delay"), "training seats"),
        ("x", ("mixed", "drg"), ""),
        ("FOOBAR", ("f", "foo bar"), "foo bar"),
        ("DGR", ("drg", "dip", "ffs"), "drg"),
    ],
)
def test_only_a_near_name_is_suggested(
    given: str, allowed: tuple[str, ...], meant: str
) -> None:
    assert did_you_mean(given, allowed) == (f"; nearest: '{meant}'" if meant else "")
