"""How messages stand on a terminal: of bounded length, and commanding nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdmodel.cli.main import main
from sdmodel.errors import LONGEST_TOLD, readable
from tests.translate.writing import vensim


def test_no_name_makes_a_message_endless(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.mdl"
    model.write_text(vensim(f"{'v' * 200_000} = q ~~|\n"))
    assert main(["check", str(model)]) == 2
    assert main(["run", "x" * 200_000]) == 2
    said = capsys.readouterr().err
    assert "'vvvv" in said
    assert "'xxxx" in said
    assert max(map(len, said.splitlines())) < LONGEST_TOLD + 100


def test_what_is_no_long_name_is_told_whole() -> None:
    names = ", ".join(f"name {i}" for i in range(100))
    text = f"the model's list of names: {names}; it's 'short' and 'y[A]', 'z'"
    assert readable(text) == text
    assert readable(f"no '{'n' * 500}'; nearest: 'n'") == (
        f"no '{'n' * 120}...'; nearest: 'n'"
    )


def test_no_message_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "dr\x1b]0;no\x07g\x9b"]) == 2
    said = capsys.readouterr().err
    assert r"'dr\x1b]0;no\x07g\x9b'" in said


@pytest.mark.parametrize("path", ["/", ".", "..", ""])
def test_no_folder_of_results_is_one_sentence(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", path]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "no run folder" in said or "no name is given" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_device_is_told_without_naming_another_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "drg", "--csv", "/dev/full"]) == 3
    said = capsys.readouterr().err
    assert "/dev/full: the disk is full" in said
    assert "--out" not in said
