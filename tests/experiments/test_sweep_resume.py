"""Whatever stops a sweep, the same command ends with the same bytes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.cli.main import main
from sdmodel.errors import HostError, ResultsError
from sdmodel.study.results import list_runs, open_run
from tests.experiments.sweeps import (
    TINY,
    contents,
    do,
    question_of,
    stopped,
    write_study,
)

if TYPE_CHECKING:
    from sdmodel.experiments.question import Question

CHUNKS = 6


@pytest.mark.parametrize("after", [0, 1, 256, 700, 1300, 1400])
def test_an_interrupted_sweep_goes_on(
    after: int, question: Question, whole: Path, tmp_path: Path
) -> None:
    out = stopped(tmp_path / "out", question, after)
    with pytest.raises(ResultsError, match="an unfinished sweep, which goes on by"):
        open_run(out)
    computed: list[int] = []
    do(out, question, progress=lambda done, _: computed.append(done))
    assert contents(out) == contents(whole)
    assert computed[0] >= min(after, 1400) - 256, "at most one chunk is done again"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_finished_sweep_is_left_as_it_is(question: Question, tmp_path: Path) -> None:
    out = do(tmp_path / "out", question).folder
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    do(out, question)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before


SCRIPT = """
import sys
from sdmodel.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def start(study: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    asked = ["sweep", str(study), "--model", str(TINY), "--out", str(out), "--bands"]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *asked, "--chunk", "256", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


LARGER = ("n = 700", "n = 3000")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("expected")
    with start(write_study(folder, LARGER), folder / "out") as process:
        process.communicate()
    return folder / "out"


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 50))]
)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    seed: int, expected: Path, tmp_path: Path
) -> None:
    """Four kills a time, the first moments after the folder was made among them."""
    moment = random.Random(seed)  # noqa: S311 - when to kill, nothing secret
    study, out = expected.parent / "study.toml", tmp_path / "out"
    for _ in range(4):
        with start(study, out) as process:
            while not (out / "manifest.json").exists() and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moment.expovariate(2.0))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    with start(study, out) as process:
        said = process.communicate()[1]
    assert process.returncode == 0, said
    assert contents(out) == contents(expected)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


@pytest.mark.skipif(os.name != "posix", reason="interrupts as POSIX does")
def test_ctrl_c_ends_with_130_and_can_go_on(tmp_path: Path) -> None:
    study, out = write_study(tmp_path, ("n = 700", "n = 200000")), tmp_path / "out"
    with start(study, out) as process:
        while not (out / "chunks.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "interrupted; what is done is kept in" in said
    assert "nothing half-done" not in said
    assert "Traceback" not in said
    assert json.loads((out / "manifest.json").read_text("utf-8"))["chunks"] > 1
    assert not list(tmp_path.glob(".*"))


CHANGES = [
    ("seed = 3", "seed = 4", "seed: 3 there, 4 here"),
    ("n = 700", "n = 701", "n: 700 there, 701 here"),
    ('"baseline", "drg"', '"baseline"', "scenarios, 'drg': only there"),
    ('"spending_total",', "", "outcomes, 'spending_total': only there"),
    ('"premium", "unc', '"levers", "unc', "factors: "),
    ('method = "lhs"\nn = 700', 'method = "sobol"\nn = 16', 'method: "lhs" there'),
]


@pytest.mark.parametrize(("old", "new", "words"), CHANGES)
@pytest.mark.parametrize("finished", [False, True])
def test_another_question_is_refused_and_told_what_differs(
    old: str,
    new: str,
    words: str,
    finished: bool,
    question: Question,
    whole: Path,
    tmp_path: Path,
) -> None:
    if finished:
        out = Path(shutil.copytree(whole, tmp_path / "out"))
    else:
        out = stopped(tmp_path / "out", question)
    before = contents(out)
    other = question_of(write_study(tmp_path, (old, new)), bands=True)
    with pytest.raises(ResultsError, match="asked something else") as caught:
        do(out, other)
    assert words in str(caught.value)
    assert contents(out) == before
    do(out, other, restart=True)
    assert open_run(out).manifest["study_digest"] == other.digest


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("model", "0" * 64, "model: "),
        ("versions", {"numpy": "0.0.1"}, "versions, 'numpy': \"0.0.1\" there"),
        ("kernel", {"emitter": 0}, "kernel, 'emitter': 0 there"),
        ("engine", "numpy", 'engine: "numpy" there, "compiled" here'),
        ("chunk", 512, "chunk: 512 there, 256 here"),
    ],
)
def test_another_model_or_version_is_refused(
    field: str, value: Any, words: str, question: Question, tmp_path: Path
) -> None:
    out = stopped(tmp_path / "out", question)
    path = out / "manifest.json"
    record = json.loads(path.read_text("utf-8"))
    there = record["question"][field]
    record["question"][field] = there | value if isinstance(value, dict) else value
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(ResultsError) as caught:
        do(out, question)
    assert words in str(caught.value)


def test_other_peoples_files_are_never_removed(
    question: Question, whole: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "out"))
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ResultsError, match=r"holds other files too .'notes\.txt'"):
        do(out, question, restart=True)
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("years of work")
    for restart in (False, True):
        with pytest.raises(ResultsError, match="holds other files"):
            do(foreign, question, restart=restart)
    assert (foreign / "chapter.txt").read_text() == "years of work"


def test_an_unfinished_sweep_is_listed_as_such_and_not_replaced(
    question: Question, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = stopped(tmp_path / "out", question)
    (listed,) = list_runs(tmp_path)
    assert isinstance(listed, ResultsError)
    assert "unfinished sweep" in str(listed)
    assert main(["run", "--model", str(TINY), "--out", str(out)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert main(["report", str(out)]) == 2
    assert "unfinished sweep" in capsys.readouterr().err


def fail_at(monkeypatch: pytest.MonkeyPatch, k: int, problem: BaseException) -> None:
    """Make the k-th write, fsync or rename of this process fail."""
    calls = iter(range(10_000))

    def failing(true: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            if next(calls) == k:
                raise problem
            return true(*args, **options)

        return call

    for name in ("write_bytes", "write_text", "replace", "rename", "mkdir", "unlink"):
        monkeypatch.setattr(Path, name, failing(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", failing(os.fsync))


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EIO, "Input/output error"),
        KeyboardInterrupt(),
    ],
    ids=["full disk", "broken disk", "Ctrl-C"],
)
@pytest.mark.slow
@pytest.mark.parametrize("k", range(64))
def test_whichever_write_fails_nothing_is_lost(
    k: int, problem: BaseException, question: Question, whole: Path, tmp_path: Path
) -> None:
    import dataclasses

    question = dataclasses.replace(question, scenarios=question.scenarios[:1])
    assert question.chunks == 3
    out, clean = tmp_path / "out", tmp_path / "clean"
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, k, problem)
        with contextlib.suppress(HostError, KeyboardInterrupt):
            do(out, question)
    do(out, question)
    do(clean, question)
    assert contents(out) == contents(clean)


def test_a_full_disk_tells_what_is_kept_and_what_is_missing(
    question: Question, tmp_path: Path
) -> None:
    out = stopped(tmp_path / "out", question)
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "runs-000004" in self.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(HostError) as caught:
            do(out, question)
    said = str(caught.value)
    assert "disk is full" in said
    assert re.search(r"4 of 6 chunks are kept, about 0\.\d MB still to come", said)
    assert "the same command goes on" in said


@pytest.mark.parametrize("kind", ["file", "link", "inside a file"])
def test_a_place_that_is_none_is_refused_before_any_run(
    kind: str, question: Question, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    if kind == "link":
        out.symlink_to(tmp_path / "nowhere")
    else:
        out.write_text("mine")
    if kind == "inside a file":
        out = out / "in"

    def never(done: int, total: int) -> None:
        raise AssertionError

    with pytest.raises(HostError):
        do(out, question, progress=never)
    assert len(list(tmp_path.iterdir())) == 1
