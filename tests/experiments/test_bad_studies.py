"""What a study is refused for: each with one message, its exit code, nothing left."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from sdmodel.cli.main import main


@pytest.fixture
def study(tiny_folder: Path) -> str:
    return str(tiny_folder / "runs" / "shares" / "study.toml")


def refused(
    arguments: list[str], code: int, *words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    said = capsys.readouterr()
    for word in words:
        assert word in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--n", "0"], ("'--n'", "0")),
        (["--n", "-1"], ("'--n'", "-1")),
        (["--n", "10.5"], ("'--n'", "'10.5'")),
        (["--n", "abc"], ("'--n'", "'abc'")),
        (["--n", "nan"], ("'--n'", "'nan'")),
        (["--method", "sobol", "--n", "100"], ("powers of two", "nearest: 128")),
        (["--method", "sobol", "--n", "8"], ("powers of two", "16")),
        (["--method", "sobol", "--n", "1000000000"], ("runs", "hours", "GB")),
        (["--method", "morris", "--n", "1000000000"], ("runs", "hours", "GB")),
        (["--method", "morriss"], ("nearest: 'morris'",)),
        (["--method", "lhs"], ("it is for 'sdmodel sweep'",)),
        (["--method", ""], ("method",)),
        (["--jobs", "0"], ("--jobs",)),
    ],
)
def test_options(
    study: str,
    options: list[str],
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    asked = ["sensitivity", study, *options, "--out", str(out)]
    refused(asked, 2, *words, capsys=capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('["levers", "uncertainties"]', '["premum"]', ("premum", "nearest: 'premium'")),
        ('"fund_balance"', '"fund_balanc"', ("nearest: 'fund_balance'",)),
        ('"drg"]', '"drgg"]', ("drgg", "nearest: 'drg'")),
        ("n = 8", "n = 10.5", ("n", "10.5")),
        ("n = 8", 'n = "many"', ("n", "many")),
        ("n = 8", "n = true", ("n", "true")),
        ("seed = 1", "seed = -1", ("seed", "-1")),
        ('"morris"', '"sobl"', ("nearest: 'sobol'",)),
        ("[design]", "[desing]", ("desing", "nearest: 'design'")),
        ("n = 8", "n = = 8", ("TOML",)),
        ('"DIP share"', '"DIP shre"', ("nearest: 'DIP share'",)),
    ],
)
def test_files(
    study: str,
    old: str,
    new: str,
    words: tuple[str, ...],
    tiny_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = Path(study).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "study.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    asked = ["sensitivity", str(path), "--model", str(tiny_folder)]
    refused(asked, 2, "study.toml", *words, capsys=capsys)
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("verb", ["sensitivity", "demo"])
def test_a_file_where_results_should_go(
    verb: str, study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    asked = [verb, study] if verb == "sensitivity" else [verb, "--study", study]
    assert main([*asked, "--out", str(taken)]) in (2, 3)
    said = capsys.readouterr()
    assert "taken" in said.err
    assert "Traceback" not in said.err
    assert taken.read_text(encoding="utf-8") == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("verb", ["sensitivity", "demo"])
@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 3, "disk is full"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), 3, "right"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_trouble_while_saving_leaves_nothing(
    verb: str,
    error: BaseException,
    code: int,
    words: str,
    study: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = Path.write_bytes

    def fails(self: Path, data: bytes) -> int:
        if self.name.endswith("_verdicts.csv"):
            raise error
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", fails)
    monkeypatch.setattr("sdmodel.cli.studying.DEFAULT_N", {"sobol": 16})
    out = tmp_path / "out"
    asked = [verb, study] if verb == "sensitivity" else [verb, "--study", study]
    assert main([*asked, "--out", str(out)]) == code
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["sensitivity", "demo"])
def test_control_c_during_runs_leaves_nothing(
    verb: str,
    study: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("sdmodel.experiments.ensemble.simulate", interrupted)
    out = tmp_path / "out"
    asked = [verb, study] if verb == "sensitivity" else [verb, "--study", study]
    assert main([*asked, "--out", str(out)]) == 130
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
