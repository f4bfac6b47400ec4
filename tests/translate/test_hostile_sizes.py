"""Files that ask for too much: each is answered in a sentence, soon and in little room.

What is refused here could be read by a machine of any size, given days.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CLOCK = "INITIAL TIME=0 ~~|\nFINAL TIME=2 ~~|\nTIME STEP=1 ~~|\nSAVEPER=1 ~~|\n"
GET = "q = GET DIRECT CONSTANTS('d.csv','{}','A1') ~~|\n"
DATA = "q ~~|\ny = q ~~|\n"
XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>{}
<model><variables>{}<aux name="x"><eqn>1</eqn></aux></variables></model>{}</xmile>"""
LINKS = "".join(f'<connect to="A.v{i}" from=".x"/>' for i in range(5000))
ANY = ""

# The model, a table beside it, and words of the answer where it is refused.
MODELS: dict[str, tuple[str, str, str]] = {
    "ranges of ranges": (
        "".join(f"D{i}: D{i + 1},D{i + 1},D{i + 1} ~~|\n" for i in range(40))
        + "D40: a ~~|\n",
        "",
        "has more than 200000 elements",
    ),
    "a name of tabs": ("a" + "\t" * 200_000 + "b = 1 ~~|\n", "", ANY),
    "an opened range of blanks": (f"D: ({' ' * 45_000} ~~|\n", "", "is not closed"),
    "a mapping of blanks": (f"D: a,b -> ({' ' * 45_000}) ~~|\n", "", ANY),
    "signs and blanks": (f"x = 3 {'-' + ' ' * 45_000} ~~|\n", "", "cannot be read"),
    "delays of all states": (
        "D: (a1-a100) ~~|\nz[D] = DELAY FIXED(Time, 99999, 1) ~~|\n",
        "",
        "more than 1,500,000",
    ),
    "a separator that is a search": (
        GET.format("(a+)+$"),
        "a" * 60 + "!\n",
        "'(a+)+$' separates no columns",
    ),
    "a way out and back": (
        GET.format(",").replace("d.csv", "../a way out and back/d.csv"),
        "1,2\n",
        "leads out of the model's folder",
    ),
    "a field without end": (
        DATA,
        f"Time,q\n0,{'1' * 300_000}\n",
        "line 2 of d.csv is no line of a table",
    ),
    "a table to be turned round": (
        DATA,
        "Time,1,2,3\n" + "q\n" * 200_000 + "z" + "," * 40_000,
        "d.csv has more than 5,000,000 cells",
    ),
    "an encoding that is none": (
        "{punycode}\nx = 1 ~~|\n-" + "zzzzzzzz9" * 20_000,
        "",
        "states the encoding 'punycode'",
    ),
    "an encoding that hides": ("{UTF-7}\nx = 1 ~~|\n", "", "the encoding 'UTF-7'"),
    "an encoding with escapes": (
        "{unicode_escape}\nx = 1 ~~|\n",
        "",
        "the encoding 'unicode_escape'",
    ),
    "control characters in another encoding": (
        "{latin-1}\nx = 1 ~~|\ny\x1b = 2 ~~|\n",
        "",
        "line 3: holds a control character",
    ),
    "dimensions": (
        XMILE.format(
            "<dimensions>"
            + "".join(f'<dim name="D{i}" size="19999"/>' for i in range(3000))
            + "</dimensions>",
            "",
            "",
        ),
        "",
        "the dimensions have more than 200000 elements in all",
    ),
    "connections": (
        XMILE.format(
            "",
            f"<module name='A'>{LINKS}</module>",
            "<model name='A'><variables>"
            + "".join(f'<aux name="v{i}" access="input"/>' for i in range(5000))
            + "</variables></model>",
        ),
        "",
        ANY,
    ),
    "points": (
        XMILE.format(
            "",
            '<aux name="y"><eqn>TIME</eqn><gf><xscale min="0" max="1"/><ypts>'
            + ",".join(["1"] * 400_000)
            + "</ypts></gf></aux>",
            "",
        ),
        "",
        ANY,
    ),
    "a long belt": (
        XMILE.format(
            "",
            '<stock name="b"><eqn>1</eqn><outflow>o</outflow><conveyor><len>5000</len>'
            '</conveyor></stock><flow name="o"/>',
            "",
        ),
        "",
        ANY,
    ),
}

# One process for all; the clock is a wide one, since other tests share the machine.
_CHILD = """
import contextlib, io, json, os, resource, signal, sys
from pathlib import Path
root = Path(sys.argv[1])
from sdmodel.cli.main import main
import openpyxl, pandas, pysd
resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
class Late(BaseException): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
answers = {}
for folder in sorted(root.iterdir()):
    os.chdir(folder)
    (file,) = folder.glob("m.*")
    out, err = io.StringIO(), io.StringIO()
    signal.alarm(60)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["run", "--model", file.name])
        except SystemExit as stop:
            code = stop.code
        except BaseException as error:
            code = repr(error)[:200]
    signal.alarm(0)
    answers[folder.name] = [code, err.getvalue()]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, str]]:
    root = tmp_path_factory.mktemp("sizes")
    for what, (text, table, _) in MODELS.items():
        folder = root / what
        folder.mkdir()
        xmile = text.startswith("<?xml")
        stated = text.startswith("{")
        whole = text if xmile else f"{'' if stated else '{UTF-8}'}{text}{CLOCK}"
        (folder / ("m.xmile" if xmile else "m.mdl")).write_text(whole, encoding="utf-8")
        (folder / "d.csv").write_text(table, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _CHILD, str(root)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    found: dict[str, tuple[object, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(os.name == "nt", reason="no such limits on Windows")
@pytest.mark.parametrize("what", MODELS)
def test_it_is_answered_in_a_sentence(
    what: str, answers: dict[str, tuple[object, str]]
) -> None:
    code, said = answers[what]
    words = MODELS[what][2]
    assert code in (0, 2), (code, said[:400])
    assert "Traceback" not in said
    if code == 2:
        assert said.startswith("sdmodel: m."), said[:400]
    if words:
        assert code == 2
        assert words in said, said[:400]
