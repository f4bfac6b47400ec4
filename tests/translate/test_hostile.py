"""No text of a model file is ever executed, by our engines or by the judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.translate.hostile import models

# One process for all of them: it tells of each file called PWN that anything opens,
# and of what stands in the model's folder afterwards that did not stand there before.
_CHILD = """
import contextlib, io, json, os, sys
from pathlib import Path
engine, root = sys.argv[1], Path(sys.argv[2])
executed, now = [], [""]
def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith("PWN"):
        executed.append(now[0])
    if event in ("os.system", "subprocess.Popen", "os.exec"):
        executed.append(f"{now[0]}: {event}")
from sdmodel.cli.main import main
sys.addaudithook(watch)
answers = {}
for folder in sorted(root.iterdir()):
    now[0] = folder.name
    file = next(path for path in folder.iterdir() if path.name != "d.csv")
    before = set(os.listdir(folder))
    os.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["run", "--json", "--model", file.name, "--engine", engine])
        except SystemExit as stop:
            code = stop.code
        except BaseException as error:
            code = repr(error)
    left = sorted(set(os.listdir(folder)) - before)
    answers[folder.name] = [code, err.getvalue(), left]
print(json.dumps({"executed": executed, "answers": answers}))
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    for what, name, text in models():
        folder = root / what
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        (folder / "d.csv").write_text("1,2\n3,4\n", encoding="utf-8")
    (root.parent / "d.csv").write_text("7,8\n", encoding="utf-8")
    return root


@pytest.mark.skipif(os.name == "nt", reason="file names that Windows does not take")
@pytest.mark.parametrize("engine", ["compiled", "pysd"])
def test_nothing_is_executed_and_every_answer_is_a_sentence(
    engine: str, corpus: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _CHILD, engine, str(corpus)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["executed"] == []
    assert len(seen["answers"]) == len(list(models()))
    for what, (code, words, left) in seen["answers"].items():
        assert left == [], what
        assert code in (0, 2), (what, code, words)
        assert "Traceback" not in words, what
        assert (code == 0) == ("sdmodel: m." not in words), (what, words)
    served = [what for what, answer in seen["answers"].items() if answer[0] == 0]
    # A comment is only a comment: what is harmless to us is read, not refused.
    assert {"comment 0", "comment 1", "xmile doc 0", "file name 4"} <= set(served)


@pytest.mark.parametrize("name", ["it's", "50 % {more}", "a #b"])
def test_the_judge_takes_odd_names_that_are_only_names(
    name: str, tmp_path: Path
) -> None:
    from sdmodel.engines.simulate import simulate
    from sdmodel.study.design import Inputs, Save
    from sdmodel.translate.read import read_model

    file = tmp_path / "m.mdl"
    file.write_text(
        f'{{UTF-8}}\nS = INTEG("{name}", 1) ~~|\n"{name}" = 2 ~ u ~ it\'s """ |\n'
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|",
        encoding="utf-8",
    )
    model = read_model(file, cache=False)
    out = simulate(model, Inputs((), np.empty((1, 0))), Save(("S",)), engine="pysd")
    assert out.values[0, :, 0].tolist() == [1.0, 3.0, 5.0]


def test_whole_numbers_of_the_judge_come_to_an_end(tmp_path: Path) -> None:
    """Python's own would fill the memory: 9^9^9 has 369 million digits."""
    from sdmodel.engines.simulate import simulate
    from sdmodel.study.design import Inputs, Save
    from sdmodel.translate.read import read_model

    file = tmp_path / "m.mdl"
    file.write_text(
        "{UTF-8}\nn = 9 ~~|\nq = n^n^n^9 + 7 ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|",
        encoding="utf-8",
    )
    model = read_model(file, cache=False)
    out = simulate(model, Inputs((), np.empty((1, 0))), Save(("q",)), engine="pysd")
    assert not np.isfinite(out.values[0, :, 0]).any()
