"""One writer to a folder: the other is told who holds it; the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main
from sdmodel.errors import HostError
from sdmodel.study.files import beside
from sdmodel.study.lock import locked
from sdmodel.study.results import claimed, describe, now, open_run, save_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sdmodel.model.core import Model

HOLD = """
import sys
from pathlib import Path
from sdmodel.study.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
CONTEND = """
import sys
from pathlib import Path
from sdmodel.errors import HostError
from sdmodel.study.lock import locked
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
won = 0
while won < rounds:
    try:
        with locked(folder):
            (folder.parent / "inside").open("x").close()
            (folder.parent / "inside").unlink()
            won += 1
    except HostError as error:
        assert "in use: " in str(error), error
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds ``tmp_path / "out"``."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def record(model: Model) -> dict[str, object]:
    return describe("run", command=[], model=model, engine="numpy", started=now())


def test_the_other_is_told_who_holds_the_folder(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    words = f"in use: process {holder.pid}, since .* is writing here; wait"
    with pytest.raises(HostError, match=words), locked(tmp_path / "out"):
        pass
    holder.communicate("")
    with locked(tmp_path / "out"):
        assert (tmp_path / ".out.lock").is_file()
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_the_folder_is_the_folder(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "out")
    with (
        pytest.raises(HostError, match=f"process {holder.pid}"),
        locked(tmp_path / "latest"),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_the_lock_of_a_killed_process_is_taken_over(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert str(holder.pid) in (tmp_path / ".out.lock").read_text("utf-8")
    with locked(tmp_path / "out"):
        assert str(os.getpid()) in (tmp_path / ".out.lock").read_text("utf-8")
    assert list(tmp_path.iterdir()) == []


def test_a_thread_may_ask_twice_and_another_may_not(tmp_path: Path) -> None:
    refused: list[str] = []

    def ask() -> None:
        try:
            with locked(tmp_path / "out"):
                refused.append("")
        except HostError as error:
            refused.append(str(error))

    with locked(tmp_path / "out"), locked(tmp_path / "out"):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert f"process {os.getpid()}" in refused[0]


def test_no_two_are_ever_inside(tmp_path: Path) -> None:
    """The lock file is removed and made anew all the time, which must let none slip."""
    command = [sys.executable, "-c", CONTEND, str(tmp_path / "out"), "200"]
    racers = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [racer.communicate()[1] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "asked",
    [
        ["run"],
        ["compare", "baseline", "drg"],
        ["sensitivity", "STUDY"],
        ["demo", "--study", "STUDY"],
        ["explain", "drg", "fund_balance"],
        ["sweep", "STUDY"],
    ],
    ids=lambda asked: asked[0],
)
def test_every_verb_that_writes_a_folder_waits_its_turn(
    asked: list[str],
    holder: subprocess.Popen[str],
    tiny_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = str(tiny_folder / "runs" / "shares" / "study.toml")
    asked = [study if word == "STUDY" else word for word in asked]
    model = ["--model", str(tiny_folder)]
    code = main([*asked, *model, "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert (code, said.out) == (3, "")
    assert f"process {holder.pid}" in said.err
    assert not (tmp_path / "out").exists()


def test_a_page_waits_for_the_run_that_replaces_its_folder(
    holder: subprocess.Popen[str],
    tiny: Model,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "out").mkdir()
    assert main(["report", str(tmp_path / "out")]) == 3
    assert f"process {holder.pid}" in capsys.readouterr().err


def test_what_a_killed_process_left_is_cleared_away(
    tiny: Model, tmp_path: Path
) -> None:
    folder = save_run(tmp_path / "out", {"a.csv": b"a\n"}, record(tiny))
    half = beside(folder)
    half.mkdir()
    (half / "a.csv").write_bytes(b"half")
    beside(folder).write_bytes(b"a probe of the disk")
    with claimed(folder):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (folder / "a.csv").read_bytes() == b"a\n"


def test_a_process_killed_between_two_renames_loses_nothing(
    tiny: Model, tmp_path: Path
) -> None:
    """The old folder was taken away, the new one is not yet there; both are whole."""
    folder = save_run(tmp_path / "out", {"a.csv": b"old\n"}, record(tiny))
    old = beside(folder)
    folder.rename(old)
    new = beside(folder)
    save_run(new, {"a.csv": b"new\n"}, record(tiny))
    os.utime(old, (1, 1))
    with claimed(folder):
        assert open_run(folder).folder == folder
    assert (folder / "a.csv").read_bytes() == b"new\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
