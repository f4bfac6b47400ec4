"""What stops a run from outside: a full disk, missing rights, Ctrl-C, a closed pipe."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.cli.main import main
from tests.errors.case import ROOT
from tests.errors.conftest import check, tree

if TYPE_CHECKING:
    from collections.abc import Callable


def raising(problem: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise problem

    return fail


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITES = {
    "run": ("run", "drg", "--model", "tiny", "--out", "result"),
    "csv": ("run", "drg", "--model", "tiny", "--save", "all", "--csv", "all.csv"),
    "compare": ("compare", "baseline", "drg", "--model", "tiny", "--out", "result"),
    "new": ("new", "mine", "--from", "drg", "--model", "tiny"),
}


@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize(
    ("problem", "code", "words"),
    [
        (full(), 3, ("disk is full",)),
        (OSError(errno.EACCES, "Permission denied"), 3, ("no right to write",)),
        (OSError(errno.EROFS, "Read-only file system"), 3, ("no right to write",)),
        (KeyboardInterrupt(), 130, ("interrupted",)),
    ],
    ids=["full disk", "no right", "read-only", "Ctrl-C"],
)
def test_a_write_that_fails(
    verb: str,
    problem: BaseException,
    code: int,
    words: tuple[str, ...],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The model is translated first, so that its cache is not what fails.
    assert main(["levers", "--model", "tiny"]) == 0
    capsys.readouterr()
    before = tree(place)
    monkeypatch.setattr(Path, "write_bytes", raising(problem))
    ended = main(WRITES[verb])
    out, err = capsys.readouterr()
    check(code, words, ended, out, err)
    assert tree(place) == before


@pytest.mark.parametrize("verb", ["run", "csv", "compare"])
def test_a_full_disk_is_told_before_the_first_simulation(
    verb: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["levers", "--model", "tiny"]) == 0
    capsys.readouterr()
    before = tree(place)
    simulated: list[int] = []
    monkeypatch.setattr(os, "fsync", raising(full()))
    monkeypatch.setattr(
        "sdmodel.experiments.whatif.simulate", lambda *_, **__: simulated.append(1)
    )
    ended = main(WRITES[verb])
    out, err = capsys.readouterr()
    check(3, ("disk is full",), ended, out, err)
    assert not simulated
    assert tree(place) == before


@pytest.mark.parametrize(
    "where",
    [
        "sdmodel.experiments.whatif.simulate",
        "sdmodel.experiments.workbook.translate",
        "sdmodel.study.results.dataset_bytes",
    ],
)
def test_ctrl_c_ends_with_130(
    where: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = tree(place)
    monkeypatch.setattr(where, raising(KeyboardInterrupt()))
    ended = main(WRITES["run"])
    out, err = capsys.readouterr()
    check(130, ("interrupted",), ended, out, err)
    assert tree(place) == before


INTERRUPT = """
import os, signal, sys
import sdmodel.experiments.whatif as whatif
from sdmodel.cli.main import main
whatif.simulate = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""
LIMIT = """
import resource, sys
from sdmodel.cli.main import main
assert main(["levers", "--model", "tiny"]) == 0
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
@pytest.mark.parametrize(
    ("program", "code", "words"),
    [(INTERRUPT, 130, "interrupted"), (LIMIT, 3, "larger than allowed")],
    ids=["a true SIGINT", "a true limit on file size"],
)
def test_in_a_process_of_its_own(
    program: str, code: int, words: str, place: Path
) -> None:
    before = tree(place)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(place) == before


def test_a_full_disk_behind_stdout(place: Path, full_disk: Path) -> None:
    asked = ("run", "drg", "--json", "--model", "tiny")
    with full_disk.open("w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "sdmodel", *asked],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def ends_well_without_a_word(asked: str, how: str) -> None:
    """Run the program in bash; unbuffered, so that a closed pipe is met in mid-work."""
    command = f'"{sys.executable}" -u -m sdmodel {asked} {how}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_reader_that_has_enough(place: Path) -> None:
    ends_well_without_a_word("run drg --json --model tiny", "| head -c 10")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize("asked", ["levers --model tiny", "--help"])
@pytest.mark.parametrize("how", [">&-", "| head -n 1 >/dev/null", ">&- 2>&-"])
def test_an_output_that_nobody_reads(asked: str, how: str, place: Path) -> None:
    ends_well_without_a_word(asked, how)


def test_signals_are_left_as_python_has_them() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
