"""The command line: help, how fast it starts, how numbers and progress read."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from sdmodel.cli.common import finite, number_text, progress_bar
from sdmodel.cli.main import VERBS, cli, main

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "fixtures" / "tiny"


# -- the frame


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_with_an_example(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert f"Example: sdmodel {name}" in (command.help or "")
    line = VERBS[name][1]
    assert line.endswith(".")
    assert len(line) <= 60


def test_the_examples_in_the_help_name_what_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every example's options parse, and its scenarios and levers are the model's."""
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.locate import find_study

    workbook = open_workbook("consortium")
    levers = {c.name for c in workbook.controls if c.role == "lever"}
    commands = [cli, *(cli.get_command(click.Context(cli), name) for name in VERBS)]
    seen = []
    for command in commands:
        assert command is not None
        for line in (command.help or "").splitlines():
            if not line.strip().startswith("Example: sdmodel "):
                continue
            verb, *rest = shlex.split(line.partition("sdmodel ")[2])
            found = cli.get_command(click.Context(cli), verb)
            assert found is not None, line
            # Parsing alone: an unknown option or a missing argument is refused here.
            parent = click.Context(cli, **cli.context_settings)
            given = found.make_context(verb, rest, parent=parent).params
            seen.append(verb)
            if verb in ("run", "compare"):
                workbook_of = [
                    workbook.scenario(name, sets=given["sets"])
                    for name in given["names"]
                ]
                assert len(workbook_of) == len(given["names"])
                for text in given["sets"]:
                    assert text.rpartition("=")[0] in levers, line
            if verb == "new":
                workbook.scenario(given["parent"])
            if verb == "sensitivity":
                assert find_study(given["study"]).is_file()
    assert set(seen) == set(VERBS)


def test_help_starts_fast_and_light() -> None:
    heavy = ("xarray", "pysd", "llvmlite", "pandas", "matplotlib", "numpy", "scipy")
    code = (
        "import sys; from sdmodel.cli.main import main; code = main(['--help']); "
        f"sys.exit(code or [m for m in {heavy} if m in sys.modules] or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Verbs:" in done.stdout


def test_a_what_if_needs_neither_pysd_nor_xarray_once_translated() -> None:
    heavy = ("pysd", "xarray", "pandas", "matplotlib", "scipy", "SALib")
    code = (
        "import sys; from sdmodel.cli.main import main; "
        f"code = main(['run', 'drg', '--json', '--model', {str(TINY)!r}]); "
        f"sys.exit(code or [m for m in {heavy} if m in sys.modules] or 0)"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr


def test_python_m_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sdmodel", "scenarios", "--model", str(TINY)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Diagnosis-related groups" in done.stdout


def test_letters_that_a_terminal_lacks_are_no_error(tmp_path: Path) -> None:
    for language in ("ascii", "gbk"):
        done = subprocess.run(
            [sys.executable, "-m", "sdmodel", "levers", "--json", "--model", str(TINY)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": language},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        read = json.loads(done.stdout.decode(language))
        assert read[0]["label_zh"] == "DRG支付占比"


def test_no_verb_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Verbs:" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("sdmodel")


# -- helpers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0, "0"),
        (0.68047, "0.6805"),
        (-1234.56, "−1,235"),
        (9.6350, "9.635"),
        (69809635.1, "69,809,635"),
        (1e-7, "1.000e-07"),
        (3e20, "3.000e+20"),
    ],
)
def test_numbers_read_well(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_what_does_not_exist_is_null() -> None:
    assert finite(float("inf")) is None
    assert finite(None) is None
    assert finite(np.float64(0.1)) == 0.1


def test_short_work_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("runs", 10) as progress:
        for done in range(11):
            progress(done, 10)
    assert capsys.readouterr() == ("", "")


def test_long_work_shows_plain_lines_with_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with progress_bar("runs", 100) as progress:
        for done in (0, 1, 2, 10, 11, 50, 100):
            progress(done, 100)
    # Three seconds a call: the first run, at 6 s, starts the clock of the rate.
    assert capsys.readouterr().err.splitlines() == [
        "runs: 2 of 100 (2 %), 294 s left",
        "runs: 10 of 100 (10 %), 60 s left",
        "runs: 50 of 100 (50 %), 12 s left",
        "runs: 100 of 100 (100 %)",
    ]


def test_time_left_is_told_without_what_came_once_before_the_first_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Compiling for 20 s, then two threads with ten runs each every five seconds.
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    moments = ((0, 0.0), (10, 20.0), (20, 20.01), (30, 25.0), (40, 25.01), (100, 40.0))
    with progress_bar("sweep", 100) as progress:
        for done, now[0] in moments:
            progress(done, 100)
    assert capsys.readouterr().err.splitlines() == [
        "sweep: 30 of 100 (30 %), 18 s left",
        "sweep: 40 of 100 (40 %), 10 s left",
        "sweep: 100 of 100 (100 %)",
    ]


def test_a_table_on_a_terminal_shows_brackets_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdmodel.cli.common import show_table

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    cells: list[list[Any]] = [["price[red]tertiary[/red]", "1"]]
    show_table("t", ["name", "value"], cells, right=(1,))
    assert "price[red]tertiary[/red]" in capsys.readouterr().out
