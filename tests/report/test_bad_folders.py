"""A run folder that is missing, cut or changed is told, and no page is made of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, _own_cache: None
) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    asked = ["compare", "baseline", "drg", "--model", str(tiny_folder)]
    assert main([*asked, "--out", str(out)]) == 0
    return out


def gone(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return act


def emptied(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"")


def flipped(name: str) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(bytes(data))

    return act


def without_texts(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["outputs"]["context.json"]
    path.write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (gone("manifest.json"), "manifest.json is missing"),
        (cut("manifest.json"), "manifest.json"),
        (emptied("manifest.json"), "manifest.json"),
        (gone("series.nc"), "missing"),
        (cut("series.nc"), "damaged"),
        (flipped("series.nc"), "damaged"),
        (emptied("series.nc"), "damaged"),
        (flipped("regimes.csv"), "damaged"),
        (cut("context.json"), "damaged"),
        (without_texts, "run the command again"),
    ],
)
def test_damage(
    whole: Path,
    damage: Callable[[Path], object],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    (folder / "report.html").unlink(missing_ok=True)
    damage(folder)
    assert main(["report", str(folder)]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not (folder / "report.html").exists()


def test_places_that_are_no_run_folder(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path, tmp_path / "nowhere", whole / "manifest.json"):
        assert main(["report", str(place)]) == 2
        said = capsys.readouterr()
        assert place.name in said.err
        assert "Traceback" not in said.err
    assert main(["report", str(whole), "--out", str(tmp_path / "a" / "b.html")]) == 0
    assert main(["report", str(whole), "--out", str(tmp_path)]) in (2, 3)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", '"some"', "true", "{relative = -1}", "{a = 1}"])
def test_rules_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    from sdmodel.errors import DataError
    from sdmodel.experiments.facts import read_about

    (tmp_path / "report.toml").write_text(f"[notice]\nwait = {text}\n", "utf-8")
    with pytest.raises(DataError, match="allowed: a number above 0"):
        read_about(tmp_path, {"sectors": [], "links": []})


@pytest.mark.parametrize("key", ["picture", "titles", "notice"])
def test_a_number_where_a_table_belongs_is_refused(tmp_path: Path, key: str) -> None:
    from sdmodel.errors import DataError
    from sdmodel.experiments.facts import read_about

    (tmp_path / "report.toml").write_text(f"{key} = 3\n", "utf-8")
    with pytest.raises(DataError, match=f"'{key}': must be a table"):
        read_about(tmp_path, {"sectors": [], "links": []})


@pytest.mark.parametrize(
    "text", ["box = 3", "arrow = 'a'", "[[picture.box]]\nsectors = 3"]
)
def test_a_picture_of_the_wrong_kind_is_refused(tmp_path: Path, text: str) -> None:
    from sdmodel.errors import DataError
    from sdmodel.experiments.facts import read_about

    (tmp_path / "report.toml").write_text(f"[picture]\n{text}\n", "utf-8")
    with pytest.raises(DataError, match=r"report\.toml.* = .*; allowed: "):
        read_about(tmp_path, {"sectors": [], "links": []})
