"""A cached translation is the same model, and a damaged one is no translation."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sdmodel.translate import cache
from sdmodel.translate.read import read_model
from tests.translate.test_against_pysd import CASES
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDMODEL_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "m.mdl"
    path.write_text(vensim(CASES["delays"]))
    return path


def test_same_model_without_pysd(model_path: Path) -> None:
    first = read_model(model_path)
    code = (
        "import sys; from sdmodel.translate.read import read_model; "
        f"model = read_model({str(model_path)!r}); "
        "assert 'pysd' not in sys.modules and 'numpy' not in sys.modules; "
        "print(model.digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == first.digest
    # nan differs from itself, so models that hold one are compared as text.
    assert repr(read_model(model_path)) == repr(first)


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format":1}', "cut", "flip", "folder"]
)
def test_damage_means_translating_again(model_path: Path, damage: str) -> None:
    first = read_model(model_path)
    (kept,) = cache.folder().glob("*.json")
    if damage == "folder":
        kept.unlink()
        kept.mkdir()
    else:
        text = kept.read_text()
        changed = {
            "cut": text[: len(text) // 2],
            "flip": text.replace("0.25", "0.75", 1),
        }
        kept.write_text(changed.get(damage, damage))
    assert repr(read_model(model_path)) == repr(first)


def test_another_file_is_another_model(model_path: Path) -> None:
    first = read_model(model_path)
    model_path.write_text(vensim(CASES["delays"] + "\nextra = 1 ~~|"))
    second = read_model(model_path)
    assert second.digest != first.digest
    assert "extra" in second.scalars


def test_unwritable_cache_is_done_without(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDMODEL_CACHE", str(model_path / "below a file"))
    assert read_model(model_path).name == "m"
