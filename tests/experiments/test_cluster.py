"""Sweeps on a real Dask scheduler with real workers, all on this machine."""

from __future__ import annotations

import builtins
import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.cli.main import main
from sdmodel.engines.target import kernel_settings, target_of
from sdmodel.errors import HostError, RunError
from sdmodel.experiments import cluster
from sdmodel.experiments.parts import compute
from sdmodel.experiments.question import unpacked
from sdmodel.experiments.sweep import fill
from sdmodel.experiments.sweep_files import chunk_of
from sdmodel.experiments.sweep_store import open_store
from sdmodel.experiments.sweep_summary import results_dataset
from sdmodel.study.results import RESULTS, dataset_bytes, describe, held
from tests.experiments.sweeps import TINY, contents, do, question_of, write_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sdmodel.experiments.question import Question

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for workers than a user would: they share a small, busy machine."""
    monkeypatch.setattr(cluster, "CONNECT", 300.0)
    monkeypatch.setattr(cluster, "PATIENCE", 300.0)


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Question:
    change = ("n = 700", "n = 2500")
    return question_of(
        write_study(tmp_path_factory.mktemp("study"), change), bands=True
    )


@pytest.fixture(scope="module")
def whole(question: Question, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return do(tmp_path_factory.mktemp("whole") / "out", question).folder


def program(folder: Path, name: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{name}", *options,
         "--no-dashboard", "--scheduler-file", str(folder / "scheduler.json")],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers of one thread; their address and the workers."""
    import json

    folder = tmp_path / "servers"
    folder.mkdir()
    started = [program(folder, "scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        while not (folder / "scheduler.json").exists():
            assert started[0].poll() is None
            time.sleep(0.05)
        worker = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
        started += [program(folder, "worker", *worker) for _ in range(2)]
        address = json.loads((folder / "scheduler.json").read_text("utf-8"))["address"]
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def do_there(
    out: Path,
    question: Question,
    address: str,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    record = describe(
        "sweep",
        command=["sdmodel", "sweep"],
        model=question.model,
        engine="",
        started="",
    )
    with held(out):
        fill(out, question, record, cluster=address, progress=progress)


@pytest.mark.loopback
@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_worker_is_killed_and_the_bits_are_those_of_threads(
    servers: tuple[str, list[subprocess.Popen[bytes]]],
    question: Question,
    whole: Path,
    tmp_path: Path,
) -> None:
    address, workers = servers
    assert question.chunks == 20
    killed_at: list[int] = []

    def progress(done: int, _: int) -> None:
        if done > 1000 and not killed_at:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()
            killed_at.append(done)

    out = tmp_path / "out"
    do_there(out, question, address, progress)
    assert killed_at
    assert killed_at[0] < question.runs / 2
    assert workers[1].poll() is None
    assert contents(out) == contents(whole)


@pytest.mark.loopback
def test_all_workers_lost_is_told_and_the_sweep_goes_on_elsewhere(
    servers: tuple[str, list[subprocess.Popen[bytes]]],
    question: Question,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = servers

    def progress(done: int, _: int) -> None:
        if done > 1000:
            monkeypatch.setattr(cluster, "PATIENCE", 2.0)
            for worker in workers:
                worker.kill()
                worker.wait()

    out = tmp_path / "out"
    with pytest.raises(HostError, match=r"no worker has been there(.|\n)*20 chunks"):
        do_there(out, question, address, progress)
    do(out, question)
    assert contents(out) == contents(whole)


@pytest.mark.loopback
@pytest.mark.slow
def test_a_local_cluster_is_started_and_ended(tmp_path: Path) -> None:
    out = tmp_path / "out"
    study = write_study(tmp_path)
    asked = [sys.executable, "-m", "sdmodel", "sweep", str(study), "--out", str(out)]
    done = subprocess.run(
        [*asked, "--cluster", "local", "--jobs", "1", "--chunk", "256"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    do(tmp_path / "here", question_of(study))
    assert (out / "summary.csv").read_bytes() == (
        tmp_path / "here" / "summary.csv"
    ).read_bytes()


@pytest.mark.loopback
@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "nonsense.invalid:8786", "[::1]:9"]
)
def test_no_scheduler_there_is_one_sentence(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1.0)
    study, out = write_study(tmp_path), tmp_path / "out"
    asked = ["sweep", str(study), "--model", str(TINY), "--out", str(out)]
    assert main([*asked, "--cluster", address]) == 3
    said = capsys.readouterr().err
    assert "no scheduler with a worker answers there" in said
    assert "Traceback" not in said
    assert "chunks are kept" not in said
    assert not out.exists()
    out.mkdir()
    assert main([*asked, "--cluster", address]) == 3
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["nonsense", "", "tcp://:x", "host:", "host:0", "host:70000", "a b:1"]
)
def test_what_is_no_address_is_refused_before_any_work(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    # The study is not there either: the address is looked at first.
    asked = ["sweep", str(tmp_path / "none.toml"), "--out", str(out)]
    assert main([*asked, "--cluster", address]) == 2
    said = capsys.readouterr().err
    assert f"--cluster '{address}': no address of a scheduler; allowed: " in said
    assert main([*asked, "--cluster", "locl"]) == 2
    assert "nearest: 'local'" in capsys.readouterr().err
    assert not out.exists()


def test_without_dask_the_line_that_installs_it_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find = importlib.util.find_spec

    def none(name: str, package: str | None = None) -> Any:
        return None if name == "distributed" else find(name, package)

    monkeypatch.setattr("importlib.util.find_spec", none)
    study, out = write_study(tmp_path), tmp_path / "out"
    assert main(["sweep", str(study), "--out", str(out), "--cluster", "local"]) == 3
    assert 'pip install "sdmodel[cluster]"' in capsys.readouterr().err
    assert not out.exists()


def test_a_question_travels_as_data(question: Question) -> None:
    """What arrives computes the same, and no pickle is in it."""
    packed = question.packed()
    arrived = unpacked(packed)
    assert arrived.digest == question.digest
    assert arrived.model == question.model
    assert arrived.keys == question.keys
    assert arrived.space == question.space
    text, _, numbers = packed.partition(b"\n")
    assert text.isascii()
    assert text.startswith(b"{")
    assert numbers == b""


def test_a_chunk_is_computed_from_bytes_alone_and_compiled_once(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zlib

    from sdmodel.engines import native, simulate
    from sdmodel.experiments.parts import compute
    from sdmodel.experiments.sweep_files import chunk_of, unpacked_chunk

    compiled: list[object] = []
    true = native.compile_plan

    def counting(*args: Any, **options: Any) -> Any:
        compiled.append(args)
        return true(*args, **options)

    monkeypatch.setattr(simulate, "_kernels", {})
    monkeypatch.setattr(native, "compile_plan", counting)
    monkeypatch.setattr(builtins, "exec", None)
    packed = zlib.compress(question.packed())
    for index in (0, 1, 2):
        found = unpacked_chunk(cluster.run_chunk(packed, index))
        part = compute(question, index, jobs=2)
        assert part.bands is not None
        assert found == chunk_of(question, index, part)
    assert len(compiled) == 1


def test_a_worker_that_gives_other_bits_is_refused(question: Question) -> None:
    import zlib

    for change in ({"emitter": -1}, {"llvm": 1}):
        settings = {**question.settings, **change}
        other = dataclasses.replace(question, settings=settings)
        with pytest.raises(RunError, match="cannot give another's bits"):
            cluster.run_chunk(zlib.compress(other.packed()), 0)
    packed = question.packed().replace(b'"versions": {"', b'"versions": {"x')
    with pytest.raises(ValueError, match="other versions"):
        cluster.run_chunk(zlib.compress(packed), 0)


def test_narrower_registers_are_used_where_wider_are_asked() -> None:
    here = kernel_settings()
    assert kernel_settings(target_of(here)) == here
    wider = target_of(here | {"lanes": 64, "wide": 1})
    assert kernel_settings(wider)["lanes"] == here["lanes"]
    plain = target_of(here | {"fma": 0, "lanes": 2, "wide": 0})
    assert (plain.fma, plain.lanes, plain.wide) == (False, 2, False)


def watched(frames: int, work: Callable[[], object]) -> object:
    """Do work while the last frames are held, as Dask's sampling of threads does.

    What a frame holds stays alive for a moment: an open part of a file, for one, whose
    place is then not free.
    """
    kept: deque[object] = deque(maxlen=frames)
    sys.setprofile(lambda frame, *_: kept.append(frame))
    try:
        return work()
    finally:
        sys.setprofile(None)


FRAMES = (1, 7, 50, 400)


def test_the_bytes_of_a_chunk_hang_on_nobody_who_looks_on(question: Question) -> None:
    part = compute(question, 0, jobs=1)
    alone = chunk_of(question, 0, part)
    for frames in FRAMES:
        assert watched(frames, lambda: chunk_of(question, 0, part)) == alone, frames


def test_the_bytes_of_the_results_hang_on_nobody_who_looks_on(
    question: Question, tmp_path: Path
) -> None:
    store = open_store(tmp_path / "out", question, {"command": ["sweep"]})
    for index in store.pending:
        store.add(index, chunk_of(question, index, compute(question, index, jobs=1)))
    results = results_dataset(question, store.folder)
    alone = dataset_bytes(results)
    for frames in FRAMES:
        assert watched(frames, lambda: dataset_bytes(results)) == alone, frames
    watched(FRAMES[-1], store.finish)
    assert (store.folder / RESULTS).read_bytes() == alone
