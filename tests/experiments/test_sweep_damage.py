"""Whatever is damaged in a sweep's folder is told and made again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ResultsError
from tests.experiments.sweeps import (
    contents,
    do,
    stopped,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sdmodel.experiments.question import Question

CHUNKS = 6


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    """As a process leaves it that is killed while it adds its line."""
    path.write_bytes(path.read_bytes()[:-20])


def foreign_line(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"chunk": 99}\n[1]\nnull\n\xff\n')


@pytest.mark.parametrize("damage", [cut, flip, empty, remove])
@pytest.mark.parametrize("name", ["runs-000001.nc", "bands-000001.npz"])
def test_a_damaged_chunk_is_told_and_computed_again(
    damage: Callable[[Path], None],
    name: str,
    question: Question,
    whole: Path,
    tmp_path: Path,
) -> None:
    out = stopped(tmp_path / "out", question)
    damage(out / name)
    said: list[str] = []
    do(out, question, say=said.append)
    assert len(said) == 1
    assert name in said[0]
    assert "its runs are computed again" in said[0]
    assert contents(out) == contents(whole)


@pytest.mark.parametrize("damage", [torn, cut, empty, remove, foreign_line])
def test_a_damaged_list_costs_no_more_than_its_chunks(
    damage: Callable[[Path], None], question: Question, whole: Path, tmp_path: Path
) -> None:
    out = stopped(tmp_path / "out", question)
    damage(out / "chunks.jsonl")
    do(out, question)
    assert contents(out) == contents(whole)


FILES = ("runs-000004.nc", "results.nc", "summary.csv")


@pytest.mark.parametrize("damage", [cut, flip, empty, remove])
@pytest.mark.parametrize(
    ("name", "bands"),
    [(name, False) for name in FILES]
    + [pytest.param(n, True, marks=pytest.mark.slow) for n in (*FILES, "bands.csv")],
)
def test_a_finished_sweep_that_was_damaged_is_made_whole(
    damage: Callable[[Path], None],
    name: str,
    bands: bool,
    question: Question,
    whole: Path,
    tmp_path: Path,
) -> None:
    if bands:
        shutil.copytree(whole, tmp_path / "out")
    else:
        import dataclasses

        question = dataclasses.replace(question, bands=())
        do(tmp_path / "out", question)
    out = tmp_path / "out"
    expected = contents(out)
    damage(out / name)
    said: list[str] = []
    do(out, question, say=said.append)
    assert len(said) == 1
    assert name in said[0]
    assert contents(out) == expected


def bare(path: Path) -> None:
    path.write_bytes(b'{"format": 1}')


@pytest.mark.parametrize("damage", [cut, empty, bare])
def test_a_damaged_manifest_is_told_and_nothing_lost(
    damage: Callable[[Path], None], question: Question, whole: Path, tmp_path: Path
) -> None:
    out = stopped(tmp_path / "out", question)
    manifest = out / "manifest.json"
    good = manifest.read_bytes()
    damage(manifest)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ResultsError, match=r"damaged: .*bring it back from a copy"):
        do(out, question)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    manifest.write_bytes(good)
    do(out, question)
    assert contents(out) == contents(whole)


def test_a_lost_manifest_keeps_the_chunks(question: Question, tmp_path: Path) -> None:
    out = stopped(tmp_path / "out", question)
    (out / "manifest.json").unlink()
    with pytest.raises(ResultsError, match="holds other files"):
        do(out, question)
    assert len(list(out.glob("runs-*.nc"))) >= 3
