"""Ctrl-C ends every verb, at whatever moment it comes, and leaves nothing half-done."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.errors.case import ROOT
from tests.errors.conftest import tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="interrupts as POSIX does")

AT_ITS_END = 1.0
"""Seconds in which a process is gone that was at its end when Ctrl-C was pressed."""
HANGS = 300
"""Seconds after which a command that goes on in spite of Ctrl-C has lost it."""

PRESSED = """
import ctypes, gc, os, signal, sys, threading, weakref
import sdmodel.experiments.whatif as whatif
from sdmodel.cli.main import main

def press(*_):
    os.kill(os.getpid(), signal.SIGINT)

class Thing:
    pass

class Dying:
    def __del__(self):
        press()

def by_weakref():
    thing = Thing()
    weakref.ref(thing, press)
    kept = weakref.ref(thing, press)
    del thing

def by_del():
    Dying()

def by_gc():
    gc.callbacks.append(lambda when, _: press() if when == "stop" else None)
    gc.collect()
    gc.callbacks.clear()

def by_ctypes():
    ctypes.CFUNCTYPE(None)(press)()

def by_except():
    try:
        press()
    except BaseException:
        pass

def three_times():
    by_weakref(), by_del(), by_ctypes()

def by_main():
    press()

def busy():
    while True:
        pass

def asleep():
    threading.Event().wait()

def done():
    return answered(*given[0], **given[1])

answered, given = whatif.simulate, []

def simulate(*args, **named):
    given[:] = args, named
    HOW()
    return THEN()

whatif.simulate = simulate
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and what was said on stderr."""
    try:
        said = process.communicate(timeout=HANGS)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()[1]
        pytest.fail(f"Ctrl-C was lost; said: {said}")
    return process.returncode, said


def started(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("then", ["busy", "asleep", "done"])
@pytest.mark.parametrize(
    "how",
    "by_main by_weakref by_del by_gc by_ctypes by_except three_times".split(),  # noqa: SIM905 - one word a way
)
def test_a_press_that_python_swallows_still_ends_the_command(
    how: str, then: str, place: Path
) -> None:
    before = tree(place)
    program = PRESSED.replace("HOW", how).replace("THEN", then)
    code, said = ends(started(sys.executable, "-c", program))
    assert code == 130, said
    assert said.strip() == "sdmodel: interrupted; nothing half-done was kept"
    if then != "done" or how == "by_main":
        assert tree(place) == before


NATIVE = """
import hashlib, os, sys
os.environ["SDMODEL_CACHE"] = os.path.join(os.getcwd(), "cache")
import sdmodel.engines.native as native
from sdmodel.__main__ import program

def endless(*_):
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

native.LONG = 0
WHERE = endless
sys.argv[1:] = ["run", "drg", "--model", "tiny", "--jobs", "1"]
program()
"""
"""Native code takes no notice of signals, and this would take it half an hour."""


@pytest.mark.parametrize("where", ["native._compile", "native._Job.do"])
def test_native_code_that_runs_long_is_not_waited_for(where: str, place: Path) -> None:
    with started(sys.executable, "-c", NATIVE.replace("WHERE", where)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        code, said = ends(process)
    assert code == 130, said
    assert said.strip() == "sdmodel: interrupted; nothing half-done was kept"


SLOW_END = """
import os, signal, sys, threading, time
import sdmodel.experiments.whatif as whatif
from sdmodel.cli.main import main

def simulate(*_, **__):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        print("clearing up", flush=True)
        threading.Event().wait()

whatif.simulate = simulate
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""


def test_a_second_press_ends_what_clears_up_too_long(place: Path) -> None:
    with started(sys.executable, "-c", SLOW_END) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "clearing up\n"
        process.send_signal(signal.SIGINT)
        code, said = ends(process)
    assert code == 130, said
    assert "Traceback" not in said


REPLACED = """
import os, signal, sys
from pathlib import Path
from sdmodel.cli.main import main
true = Path.rename

def rename(self, to):
    os.kill(os.getpid(), signal.SIGINT)
    found = true(self, to)
    os.kill(os.getpid(), signal.SIGINT)
    return found

Path.rename = rename
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""


def test_a_folder_is_put_in_its_place_before_a_press_is_heard(place: Path) -> None:
    asked = (sys.executable, "-m", "sdmodel", "run", "drg", "--model", "tiny")
    assert ends(started(*asked, "--out", "result"))[0] == 0
    before = tree(place)
    code, said = ends(started(sys.executable, "-c", REPLACED))
    assert code == 130, said
    assert "Traceback" not in said
    assert tree(place).keys() == before.keys()
    assert tree(place) != before, "the new one stands in place of the old"


def test_who_takes_ctrl_c_in_a_way_of_his_own_keeps_it() -> None:
    from sdmodel.cli.interrupt import listening

    def mine(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, mine)
    try:
        with listening() as ctrl_c:
            assert signal.getsignal(signal.SIGINT) is mine
            assert not ctrl_c.pressed
    finally:
        signal.signal(signal.SIGINT, before)
    hook = sys.unraisablehook
    with listening():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    assert sys.unraisablehook is hook


BEGUN = """
import contextlib, sys
import sdmodel.__main__ as start
own = start.listening

@contextlib.contextmanager
def listening():
    with own() as ctrl_c:
        print("begun", file=sys.stderr, flush=True)
        yield ctrl_c

start.listening = listening
start.program()
"""
"""As the command does, with a word when it can hear: before that Python starts up."""

VERBS = {
    "run": ("run drg --model tiny --out result", 1.0),
    "sweep": ("sweep study.toml --model tiny --bands --chunk 256 --out result", 3.0),
    "sweep on a cluster": (
        "sweep study.toml --model tiny --chunk 256 --cluster local --out result",
        6.0,
    ),
    "sensitivity": (
        "sensitivity study.toml --method sobol --n 4096 --model tiny --out result",
        2.5,
    ),
    "validate": ("validate", 4.0),
    "demo": ("demo --out result", 12.0),
    "lab": ("lab --out lab.html", 10.0),
}
"""The command of each verb and about how many seconds it takes on two cores."""

STUDY = """
model = "tiny"
scenarios = ["baseline", "drg"]
outcomes = ["fund_balance", "primary_visit_share@2035"]
[design]
method = "lhs"
n = 65536
seed = 3
factors = ["premium", "uncertainties"]
"""


def press_at_a_random_moment(verb: str, seed: int, place: Path) -> None:
    asked, about = VERBS[verb]
    moment = random.Random(seed)  # noqa: S311 - when to press, nothing secret
    (place / "study.toml").write_text(STUDY, "utf-8")
    before = tree(place)
    with started(sys.executable, "-c", BEGUN, *asked.split()) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        # Waits for no event: any moment is right, and the seeds try many.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment.uniform(0, about))
        pressed = process.poll() is None
        if pressed:
            with contextlib.suppress(ProcessLookupError):
                # A terminal tells all processes that the command has started.
                os.killpg(process.pid, signal.SIGINT)
        clock = time.monotonic()
        code, said = ends(process)
        late = time.monotonic() - clock < AT_ITS_END
    allowed = {130, -signal.SIGINT} if pressed else {0, 1}
    # The system may take the signal to a process that has ended, and drop it.
    assert code in allowed | ({0, 1} if late else set()), said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    if code == 130:
        kept = "sweep" in verb and "what is done is kept" in said
        assert ("nothing half-done was kept" in said) != kept
    left = tree(place)
    assert not [name for name in left if name.endswith((".part", ".tmp", ".lock"))]
    if pressed and not verb.startswith("sweep"):
        new = {name.split("/")[0] for name in left.keys() - before.keys()}
        assert new <= {"result", "lab.html"}
        assert (place / "result").exists() == (
            place / "result" / "manifest.json"
        ).exists()


@pytest.mark.parametrize(
    ("verb", "seed"),
    [
        pytest.param(verb, seed, marks=() if seed == 0 else pytest.mark.slow)
        for verb in VERBS
        for seed in range(8)
    ],
)
@pytest.mark.loopback
def test_a_press_at_any_moment_ends_every_verb(
    verb: str, seed: int, place: Path
) -> None:
    press_at_a_random_moment(verb, seed, place)
