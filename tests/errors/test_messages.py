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
    asked = {"": "no name is given", "/": "the root of a disk"}
    assert asked.get(path, "no run folder") in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_device_is_told_without_naming_another_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "drg", "--csv", "/dev/full"]) == 3
    said = capsys.readouterr().err
    assert "/dev/full: the disk is full" in said
    assert "--out" not in said


@pytest.mark.parametrize("text", ["\\u001b]0;no\\u0007", "\\u009b2J", "\\u007f"])
@pytest.mark.parametrize("key", ["title", "story", "values"])
def test_no_text_of_a_scenario_commands_the_terminal(
    text: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    texts = dict.fromkeys(("title", "story"), "words")
    texts |= {key: f"word{text}s"} if key in texts else {}
    lines = [f'{name} = {{ en = "{value}" }}' for name, value in texts.items()]
    lines.append(f'[values]\n"DRG share{text if key == "values" else ""}" = 0.4')
    path.write_text("\n".join(lines), encoding="utf-8")
    assert main(["run", str(path)]) == 2
    out, said = capsys.readouterr()
    assert "holds a control character, \\x" in said
    assert not any(
        ord(c) < 32 or 127 <= ord(c) < 160 for c in (out + said) if c != "\n"
    )


def test_no_cell_of_a_table_commands_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.mdl").write_text(vensim("q = 1 ~~|\n"))
    head = "id,variable,label_en,label_zh\n"
    (tmp_path / "outcomes.csv").write_text(f"{head}q,q,a\x1b]0;no\x07,b\n")
    assert main(["outcomes", "--model", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "outcomes.csv, line 2: holds a control character, \\x1b" in said


def test_check_tells_of_a_step_that_does_not_divide_the_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.mdl"
    model.write_text(
        vensim("q = 1 ~~|\n").replace("TIME STEP = 0.25", "TIME STEP = 0.75")
    )
    assert main(["check", str(model)]) == 0
    said = capsys.readouterr().out
    assert "TIME STEP = 0.75 does not divide the" in said
    assert "Nothing wrong.\n" not in said
    model.write_text(vensim("q = 1 ~~|\nx = q ~~|\n"))
    assert main(["check", str(model)]) == 0
    assert capsys.readouterr().out.endswith("Nothing wrong.\n")
