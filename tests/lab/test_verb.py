"""The verb ``lab``: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def test_it_prints_where_the_page_is(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "lab.html"
    assert main(["lab", "--model", str(tiny_folder), "--out", str(page)]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(page)
    assert "MB" in said.err
    assert page.read_text("utf-8").startswith("<!")


def test_json_tells_what_is_on_the_page(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "lab.html"
    code = main(["lab", "--model", str(tiny_folder), "--out", str(page), "--json"])
    assert code == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["page"] == str(page)
    assert found["bytes"] == page.stat().st_size
    assert found["agreement"]["worst"] <= found["agreement"]["bound"]
    assert "baseline" in found["presets"]


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["--model", "nothing.mdl"], 2, "no such model"),
        (["--out", ""], 2, "no name is given"),
        (["--out", "no/such/folder/lab.html"], 3, "no/such/folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(
    args: list[str],
    code: int,
    word: str,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no").write_text("a file where a folder is asked for")
    model = [] if "--model" in args else ["--model", str(tiny_folder)]
    assert main(["lab", *model, *args]) == code
    assert word in capsys.readouterr().err
    assert not list(tmp_path.glob("*.html"))


def test_help_loads_neither_model_nor_compiler() -> None:
    script = (
        "import sys; from sdmodel.cli.main import main; main(['lab', '--help']); "
        "heavy = ('pysd', 'llvmlite', 'numpy', 'jinja2'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_model_whose_constants_are_all_without_a_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.mdl"
    model.write_text(
        "{UTF-8}\ns = INTEG(inflow, 3) ~~|\ninflow = STEP(1, 2035)*late ~~|\n"
        "late = 2 ~~|\nINITIAL TIME = 2010 ~~|\nFINAL TIME = 2040 ~~|\n"
        "TIME STEP = 0.25 ~~|\nSAVEPER = 1 ~~|\n"
    )
    page = tmp_path / "lab.html"
    assert main(["lab", "--model", str(model), "--out", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
