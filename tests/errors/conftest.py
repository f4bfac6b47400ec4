"""The folder that a case of bad input runs in, and what must come of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.errors.case import TINY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder that holds a copy of the toy model."""
    shutil.copytree(TINY, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def check(code: int, words: tuple[str, ...], ended: int, out: str, err: str) -> None:
    assert ended == code, err
    for word in words:
        assert word in err, f"{word!r} is not in: {err}"
    assert "Traceback" not in err
    assert out == ""
    for line in filter(None, err.splitlines()):
        assert line.startswith("sdmodel: "), line
        assert len(line) < 500, line
