"""The sketch of the shipped model shows every variable once, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sdmodel.translate.read import read_model

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "docs" / "sketch.py"
MODEL = ROOT / "models" / "consortium" / "consortium.mdl"
TINY = ROOT / "tests" / "fixtures" / "tiny" / "tiny.mdl"
MARK = b"\\\\\\---///"


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, path, *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the shipped model that was just drawn."""
    path = tmp_path_factory.mktemp("sketch") / MODEL.name
    shutil.copy(MODEL, path)
    result = run(path)
    assert result.returncode == 0, result.stderr
    return path


def views(path: Path) -> list[list[list[str]]]:
    """Return the fields of each object, view by view."""
    text = path.read_text("utf-8").split("///---")[0]
    parts = text.split(MARK.decode())[1:]
    return [[line.split(",") for line in part.splitlines()[4:]] for part in parts]


def test_every_variable_stands_once_as_itself_and_no_other_name(drawn: Path) -> None:
    known = set(read_model(drawn).variables)
    words = [o for view in views(drawn) for o in view if o[0] == "10"]
    itself = Counter(word[2] for word in words if int(word[8]) & 1)
    assert itself == dict.fromkeys(known, 1)
    assert {word[2] for word in words} <= known | {"Time"}


def test_arrows_join_objects_of_their_view_and_say_what_equations_say(
    drawn: Path,
) -> None:
    model = read_model(drawn)
    for view in views(drawn):
        objects = {o[1]: o for o in view}
        assert len(objects) == len(view)
        for arrow in (o for o in view if o[0] == "1"):
            source, user = objects[arrow[2]], objects[arrow[3]]
            if source[0] == "10":
                words = re.escape(source[2]).replace("\\ ", r"\s+")
                assert re.search(words, model.variables[user[2]].equation, re.I)
            else:
                assert (source[0], user[0]) in {("11", "10"), ("11", "12")}


def test_no_two_labels_overlap(drawn: Path) -> None:
    for view in views(drawn):
        boxes = [tuple(map(int, o[3:7])) for o in view if o[0] == "10"]
        for i, (x, y, wide, high) in enumerate(boxes):
            for other in boxes[:i]:
                apart = abs(x - other[0]) >= wide + other[2] - 1
                assert apart or abs(y - other[1]) >= high + other[3] - 1


def test_drawing_leaves_the_equations_and_the_numbers(drawn: Path) -> None:
    before = MODEL.read_bytes().split(MARK)[0]
    after = drawn.read_bytes().split(MARK)[0]
    assert after == before
    bare = drawn.with_name("bare.mdl")
    bare.write_bytes(after)
    with_sketch, without = read_model(drawn), read_model(bare)
    assert with_sketch.nodes == without.nodes
    assert with_sketch.inputs == without.inputs


def test_drawing_again_changes_nothing_and_check_notices_change(
    drawn: Path, tmp_path: Path
) -> None:
    fresh = drawn.read_bytes()
    assert run(drawn, "--check").returncode == 0  # computed anew: the same bytes
    assert drawn.read_bytes() == fresh
    path = tmp_path / "tiny.mdl"
    shutil.copy(TINY, path)
    assert run(path).returncode == 0
    drawn_once = path.read_bytes()
    assert run(path).returncode == 0
    assert path.read_bytes() == drawn_once
    added = b"{UTF-8}\na new constant = 1\n\t~\tDmnl\n\t~\tNew.\n\t|\n\n"
    path.write_bytes(drawn_once.replace(b"{UTF-8}\n", added, 1))
    changed = path.read_bytes()
    assert changed != drawn_once
    result = run(path, "--check")
    assert result.returncode == 1
    assert "stale" in result.stderr
    assert path.read_bytes() == changed


def test_views_are_cut_at_variables_of_the_model(drawn: Path) -> None:
    table = re.search(r"VIEWS = \{(.*?)\}", TOOL.read_text("utf-8"), re.S)
    assert table
    cuts = re.findall(r'"([^"]+)": "', table[1])
    assert cuts
    assert set(cuts) <= set(read_model(drawn).variables)
