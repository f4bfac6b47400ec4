"""Bad input, one row a case: exit code, words of the message, and nothing left behind.

Every case runs the command line in a folder of its own with a copy of the toy model.
Each must end with its exit code and one clear message that holds the words (file, key,
nearest name), print nothing on stdout, show no traceback and leave no new file.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.cli.main import VERBS, main
from sdmodel.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "fixtures" / "tiny"
MODEL = (TINY / "tiny.mdl").read_text("utf-8")
STUDY = """model = "tiny/tiny.mdl"
scenarios = ["baseline", "drg"]
outcomes = ["fund_balance", "primary_visit_share@2035"]
[design]
method = "morris"
n = 8
seed = 1
"""
Content = str | bytes


@dataclass(frozen=True)
class Case:
    """A command, the files it finds, and what must come of it."""

    family: str
    args: tuple[str, ...]
    words: tuple[str, ...]
    files: dict[str, Content] = field(default_factory=dict)
    code: int = 2

    @property
    def name(self) -> str:
        shown = " ".join((*self.args, *self.files))
        return f"{self.family}: {shown}".encode("ascii", "replace").decode()[:90]


def run_case(family: str, *words: str, args: str | tuple[str, ...]) -> Case:
    given = tuple(args.split()) if isinstance(args, str) else args
    return Case(family, (*given, "--model", "tiny"), words)


def set_case(family: str, assignment: str, *words: str) -> Case:
    args = ("run", "drg", "--set", assignment, "--model", "tiny")
    return Case(family, args, ("--set", *words))


def file_case(family: str, content: Content, *words: str) -> Case:
    """A scenario file of the user's own."""
    args = ("run", "mine.toml", "--model", "tiny")
    return Case(family, args, ("mine.toml", *words), {"mine.toml": content})


def value_case(family: str, line: str, *words: str) -> Case:
    return file_case(family, f'title = "mine"\n[values]\n{line}\n', *words)


def study_case(family: str, old: str, new: str, *words: str) -> Case:
    assert old in STUDY, old
    content = STUDY.replace(old, new)
    args = ("sensitivity", "mine.toml", "--model", "tiny")
    return Case(family, args, words, {"mine.toml": content})


def study_file(family: str, content: Content, *words: str) -> Case:
    args = ("sensitivity", "mine.toml", "--model", "tiny")
    return Case(family, args, ("mine.toml", *words), {"mine.toml": content})


def model_case(family: str, name: str, content: Content, *words: str) -> Case:
    return Case(family, ("run", "--model", name), (name, *words), {name: content})


def changed(old: str, new: str) -> str:
    assert old in MODEL, old
    return MODEL.replace(old, new, 1)


SYSTEMS = (
    "id,kind,label_en,label_zh,status,carried_by,claims,reason,source\n"
    "A1,form,Form,形式,carried,{carrier},{claim},,paper\n"
)

CASES = [
    # -- unknown verbs, options and models
    Case("unknown verb", ("rnu",), ("no verb 'rnu'", "nearest: 'run'")),
    Case("unknown verb", ("outcome",), ("nearest: 'outcomes'",)),
    Case("unknown verb", ("sensitivty", "x"), ("nearest: 'sensitivity'",)),
    run_case("unknown option", "--jsn", "--json", args="run drg --jsn"),
    run_case("unknown option", "--engine", "compiled", args="run --engine compild"),
    run_case("unknown option", "--save", "'outcomes'", args="run --save outcoms"),
    run_case("unknown option", "--role", "'lever'", args="levers --role levr"),
    run_case("unknown option", "--jobs", args="run --jobs 0"),
    Case("unknown option", ("run", "--model", "tiny", "--set"), ("--set",)),
    Case("unknown model", ("levers", "--model", "consorcium"), ("no such model",)),
    Case("unknown model", ("run", "--model", "no/where.mdl"), ("no/where.mdl",)),
    Case("unknown model", ("outcomes", "--model", ""), ("--model",)),
    Case("unknown model", ("check", "x" * 5000), ("x" * 80,)),
    # -- unknown scenario
    run_case("unknown scenario", "'dgr'", "nearest: 'drg'", args="run dgr"),
    run_case("unknown scenario", "'capitaton'", "'capitation'", args="run capitaton"),
    run_case("unknown scenario", "none.toml", args="run none.toml"),
    run_case("unknown scenario", "'drgg'", "'drg'", args="compare baseline drgg"),
    run_case("unknown scenario", "'basline'", args="new mine --from basline"),
    run_case("unknown scenario", "neither an id", args=("run", "x" * 5000)),
    run_case("unknown scenario", "neither an id", args=("run", "x" * 299 + ".toml")),
    run_case("unknown scenario", "neither an id", args=("run", "a\0b")),
    run_case("unknown scenario", "''", args=("run", "")),
    run_case("unknown scenario", "'zzz'", "known: baseline", args="run zzz"),
    run_case("unknown scenario", "two scenarios", args="compare drg"),
    run_case("unknown scenario", "'drgg'", "'drg'", args="explain drgg fund_balance"),
    run_case(
        "unknown outcome", "nearest: 'fund_balance'", args="explain drg fund_balnce"
    ),
    run_case("unknown outcome", "2090", args="explain drg fund_balance@2090"),
    run_case("no checks", "no checks.toml beside the model", args="validate"),
    Case(
        "no checks",
        ("validate", "--model", "tiny"),
        ("checks.toml", "unknown key 'chek'", "nearest: 'check'"),
        {"tiny/checks.toml": "[[chek]]\nid = 'a'\n"},
    ),
    Case(
        "bad loops",
        ("explain", "drg", "fund_balance", "--model", "tiny"),
        ("loops.csv, row 2", "no variable 'Trst'"),
        {
            "tiny/loops.csv": "id,name_en,name_zh,polarity,waypoints,source\n"
            "R1,a,b,R,Trst > spending,s\n"
        },
    ),
    run_case("unknown scenario", "two scenarios", args="compare drg DRG"),
    file_case("unknown scenario", 'from = "drgg"', "'from'", "nearest: 'drg'"),
    file_case("unknown scenario", 'from = "mine.toml"', "loop: mine -> mine"),
    study_case("unknown scenario", '"drg"', '"dgr"', "'scenarios'", "nearest: 'drg'"),
    # -- unknown lever
    set_case("unknown lever", "DRG shre=0.1", "'DRG shre=0.1'", "nearest: 'DRG share'"),
    set_case("unknown lever", "trust dely=2", "nearest: 'trust delay'"),
    set_case("unknown lever", "price[secondary]=2", "price[primary]"),
    set_case("unknown lever", "=2", "NAME=VALUE"),
    set_case("unknown lever", "premium 2", "NAME=VALUE"),
    set_case("unknown lever", "Fund Balance=2", "stock", "'initial fund balance'"),
    set_case("unknown lever", "spending=2", "computed by the model", "SUM(visits"),
    set_case("unknown lever", "TIME STEP=1", "run settings", "tiny.mdl"),
    set_case("unknown lever", "final_time=2050", "run settings"),
    set_case("unknown lever", "trust effect lookup=1", "lookup table"),
    value_case(
        "unknown lever", '"training efort" = 1', "'training efort'", "'training"
    ),
    value_case("unknown lever", '"Trust in Primary" = 1', "stock", "'initial trust'"),
    value_case("unknown lever", '"Time" = 2030', "run settings"),
    file_case("unknown lever", '[evidence]\n"premum" = "x"', "[evidence]", "'premium'"),
    # -- unknown outcome
    study_case("unknown outcome", '"fund_balance"', '"fund_balanc"', "'fund_balance'"),
    study_case("unknown outcome", "@2035", "@2350", "2350", "2020 to 2040"),
    study_case("unknown outcome", "@2035", "@peek", "nearest: 'peak'"),
    study_case("unknown outcome", '"fund_balance", ', '"spending", ', "'spending'"),
    # -- unknown method, sample size, seed
    study_case("unknown method", '"morris"', '"moris"', "nearest: 'morris'"),
    study_case("unknown method", '"morris"', '"Latin"', "allowed", "sobol"),
    study_case("unknown method", '"morris"', "7", "'method'"),
    Case(
        "unknown method",
        ("sensitivity", "mine.toml", "--model", "tiny", "--method", "sobl"),
        ("sobl", "nearest: 'sobol'"),
        {"mine.toml": STUDY},
    ),
    study_case("unknown method", "n = 8", "n = 0", "'n'", "0"),
    study_case("unknown method", "n = 8", "n = -1", "'n'", "-1"),
    study_case("unknown method", "n = 8", "n = 10.5", "'n'", "whole number"),
    study_case("unknown method", "n = 8", 'n = "abc"', "'n'", "'abc'"),
    study_case("unknown method", "n = 8", "n = 1000000000", "runs", "hours", "GB"),
    study_case("unknown method", "seed = 1", "seed = -1", "'seed'"),
    # -- wrong kind
    value_case(
        "wrong kind", 'premium = "450"', "'premium'", "is text", "without quotes"
    ),
    value_case("wrong kind", "premium = true", "true or false"),
    value_case("wrong kind", "premium = [450, 460]", "an array"),
    value_case("wrong kind", "premium = 2026-01-01", "a date"),
    value_case("wrong kind", 'premium = "450 CNY"', "carries a unit"),
    value_case("wrong kind", 'premium = "450,5"', "decimal comma", "450.5"),
    value_case("wrong kind", 'premium = ""', "no value"),
    value_case("wrong kind", "premium.x = 1", "a table"),
    set_case("wrong kind", "premium=much", "'much' is not a number"),
    set_case("wrong kind", "premium=", "no value"),
    set_case("wrong kind", "DRG share=40%", "percentage", "0.4"),
    set_case("wrong kind", "trust delay=5 years", "carries a unit"),
    set_case("wrong kind", "premium=1_000", "not a number"),
    file_case("wrong kind", "title = 7", "'title'", "7"),
    file_case("wrong kind", "from = 7", "'from'", "7"),
    file_case("wrong kind", "values = 7", "'values'", "[values]"),
    file_case("wrong kind", '[evidence]\n"premium" = 3', "[evidence]", "source"),
    # -- not finite
    value_case("not finite", "premium = nan", "'premium'", "not a finite number"),
    value_case("not finite", "premium = -inf", "not a finite number"),
    value_case("not finite", "premium = 1e999", "not a finite number"),
    value_case("not finite", "premium = 1" + "0" * 400, "not a finite number"),
    set_case("not finite", "premium=nan", "not a finite number"),
    set_case("not finite", "premium=1e999", "too large"),
    set_case("not finite", "premium=1@2026..inf@2028", "not a finite number"),
    # -- outside range
    set_case(
        "outside range", "trust delay=99", "1 … 10 Year", "--allow-outside-limits"
    ),
    set_case("outside range", "DRG share=30", "0 … 1", "0.30"),
    set_case("outside range", "DRG share=-0.1", "0 … 1"),
    set_case("outside range", "base trust=2", "0 … 1"),
    value_case("outside range", '"premium" = 9999', "'premium'", "300 … 600 CNY"),
    value_case("outside range", '"premium" = "400@2026..900@2030"', "900 is outside"),
    value_case("outside range", '"price" = 5000', "'price[tertiary]'", "200 … 800"),
    # -- shares
    Case(
        "shares",
        ("run", "drg", "--set", "DIP share=0.3", "--model", "tiny"),
        ("add to 1.1 in 2029", "'DRG share' 0.8", "'DIP share' 0.3", "drg.toml"),
    ),
    value_case(
        "shares",
        '"DRG share" = 0.6\n"capitation share" = 0.6',
        "add to 1.2",
        "'capitation share' 0.6",
    ),
    value_case(
        "shares",
        '"DRG share" = "1@2026..0@2030"\n"DIP share" = "0.2@2026..1@2030"',
        "add to 1.2 in 2026",
    ),
    Case(
        "shares",
        ("run", "--set", "DRG share=1.5", "--allow-outside-limits", "--model", "tiny"),
        ("add to 1.5", "at most 1"),
    ),
    # -- schedules
    set_case("schedule", "DRG share=0.8@2029..0.4@2026", "runs backwards", "2029"),
    set_case("schedule", "DRG share=0.8@2026..0.4@2026", "repeats the year 2026"),
    set_case("schedule", "DRG share=0.8@2026", "one point"),
    set_case("schedule", "DRG share=0.8@..0.4@2026", "no value"),
    set_case("schedule", "DRG share=0.8@2090..0.4@2095", "outside the model's time"),
    value_case("schedule", '"DRG share" = "0.2..0.4"', "'DRG share'", "value@year"),
    value_case(
        "schedule", '"DRG share" = "1@2030..0@2029"', "'DRG share'", "backwards"
    ),
    # -- scenario files that cannot be read
    file_case("scenario file", b"", "empty"),
    file_case("scenario file", "# nothing but a comment\n", "no scenario"),
    file_case("scenario file", b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
    file_case("scenario file", 'title = "é"'.encode("latin-1"), "line 1", "UTF-8"),
    file_case("scenario file", 'title = "x"'.encode("utf-16"), "UTF-16"),
    file_case("scenario file", '[values\n"premium" = 1', "line 1", "not valid TOML"),
    file_case("scenario file", "[values]\nDRG share = 0.1", "line 2", "in quotes"),
    file_case("scenario file", "[values]\nprice[primary] = 5", "line 2", "in quotes"),
    file_case("scenario file", "[values]\n价格 = 5", "line 2", "in quotes"),
    file_case("scenario file", "[values]\npremium =\n", "line 2", "no value"),
    file_case("scenario file", "[values]\npremium = 1\npremium = 2", "stands twice"),
    file_case(
        "scenario file",
        '[values]\n"DRG share" = 0.1\n"drg_share" = 0.2',
        "'DRG share' is set twice",
    ),
    file_case("scenario file", "[levrs]\npremium = 1", "'levrs'", "allowed"),
    file_case("scenario file", "[value]\npremium = 1", "'value'", "nearest: 'values'"),
    file_case("scenario file", 'title = {fr = "x"}', "'fr'", "en, zh"),
    file_case("scenario file", "x = " + "[" * 5000, "mine.toml"),
    Case("scenario file", ("run", "tiny.toml", "--model", "tiny"), ("no such",)),
    # -- study files that cannot be read
    Case("study file", ("sensitivity", "no-such-study"), ("no-such-study",)),
    Case("study file", ("sensitivity", "no/study.toml"), ("no/study.toml",)),
    study_file("study file", b"", "empty"),
    study_file("study file", b"\0\1\2", "binary"),
    study_file("study file", STUDY.encode("utf-16"), "UTF-16"),
    study_file("study file", "[design", "line 1", "not valid TOML"),
    study_file("study file", b'title = "\xe9"', "line 1", "UTF-8"),
    study_case("study file", "[design]", "[desing]", "'desing'", "nearest: 'design'"),
    study_case("study file", "seed = 1", "sead = 1", "'sead'", "nearest: 'seed'"),
    study_case("study file", "seed = 1", 'factors = ["lever"]', "nearest: 'levers'"),
    study_case("study file", "seed = 1", 'mix = ["a"]', "[[design.mix]]"),
    study_case("study file", "seed = 1", "seed = " + "9" * 5000, "line 7", "digits"),
    study_case("study file", "seed = 1", "seed = 0x" + "f" * 9000, "line 7", "digits"),
    study_case("study file", "@2035", "@2099", "mine.toml, 'outcomes'", "2099"),
    Case(
        "study file",
        ("sensitivity", "mine.toml"),
        ("mine.toml, 'model'", "no such model"),
        {"mine.toml": STUDY.replace("tiny/tiny.mdl", "tiny/none.mdl")},
    ),
    study_case(
        "study file",
        "seed = 1",
        'seed = 1\n[[design.mix]]\nnames = ["premium", "DRG share"]',
        "'premium' is no share",
        "from 0 to 1",
    ),
    value_case("scenario file", "premium = " + "9" * 5000, "line 3", "digits"),
    set_case("not finite", "premium=" + "9" * 5000, "too large"),
    # -- model files that cannot be read
    model_case("model file", "m.mdl", b"", "empty"),
    model_case("model file", "m.mdl", b"\x89PNG\r\n\x1a\n\0\0\0\0"),
    model_case(
        "model file", "m.mdl", MODEL.replace("Primary", "Prim\xe4r").encode("cp1252")
    ),
    model_case("model file", "m.mdl", "this is no model at all"),
    model_case("model file", "m.mdl", changed("trust delay=", "trust dely=")),
    model_case("model file", "m.mdl", changed("premium=", "DRG share=")),
    model_case("model file", "m.mdl", changed("STEP  = 0.125", "STEP  = 0")),
    model_case("model file", "m.mdl", changed("IF THEN ELSE(", "FOOBAR(")),
    model_case("model file", "m.xmile", "<xmile><model></xmile>"),
    Case("model file", ("run", "--model", "empty"), ("empty",), {"empty/x.txt": "x"}),
    # -- tables beside the model
    Case(
        "table",
        ("run", "--model", "tiny"),
        ("controls.csv", "'naem'", "nearest: 'name'"),
        {"tiny/controls.csv": "naem,role\n"},
    ),
    Case(
        "table",
        ("levers", "--model", "tiny"),
        ("controls.csv", "';'"),
        {"tiny/controls.csv": "name;role;min;max\n"},
    ),
    Case(
        "table",
        ("outcomes", "--model", "tiny"),
        ("outcomes.csv", "empty"),
        {"tiny/outcomes.csv": ""},
    ),
    Case(
        "table",
        ("systems", "--model", "tiny"),
        ("systems.csv", "'carriedby'", "nearest: 'carried_by'", "'claims' is missing"),
        {"tiny/systems.csv": "id,kind,carriedby\n"},
    ),
    Case(
        "table",
        ("systems", "--test", "--model", "tiny"),
        ("systems.csv, row 2", "no lever 'premum'; nearest: 'premium'"),
        {"tiny/systems.csv": SYSTEMS.format(carrier="lever:premum", claim="")},
    ),
    Case(
        "table",
        ("systems", "--test", "--model", "tiny"),
        ("'A1', 'premium 9 to 9000'", "9 is outside", "9000 is outside 300 … 600"),
        {
            "tiny/systems.csv": SYSTEMS.format(
                carrier="variable:spending", claim="premium 9 to 9000: fund_balance +"
            )
        },
    ),
    Case(
        "table",
        ("scenarios", "--model", "tiny"),
        ("broken.toml", "line 1"),
        {"tiny/scenarios/broken.toml": "title = "},
    ),
    # -- places that cannot be written
    Case(
        "output",
        ("run", "--out", "file", "--model", "tiny"),
        ("file",),
        {"file": ""},
        3,
    ),
    Case(
        "output",
        ("run", "--out", "file/in", "--model", "tiny"),
        ("file",),
        {"file": ""},
        3,
    ),
    Case("output", ("run", "--csv", "tiny", "--model", "tiny"), ("folder",)),
    Case(
        "output",
        ("compare", "baseline", "drg", "--out", "/proc/nowhere", "--model", "tiny"),
        ("/proc",),
        {},
        3,
    ),
    Case(
        "output",
        ("run", "--out", "full", "--model", "tiny"),
        ("full", "holds other files", "'thesis.txt'"),
        {"full/thesis.txt": "years of work"},
    ),
    Case(
        "output",
        ("new", "mine", "--from", "drg", "--model", "tiny"),
        ("mine.toml", "not overwritten"),
        {"mine.toml": "title = 'precious'"},
    ),
    Case("output", ("run", "--out", ".", "--model", "tiny"), ("folder of their own",)),
    Case("output", ("run", "--out", "/", "--model", "tiny"), ("folder of their own",)),
    run_case("output", "--out", "no name is given", args=("run", "--out", "")),
    run_case("output", "--csv", "no name is given", args=("run", "--csv", "")),
    run_case(
        "output",
        "--out",
        "no name is given",
        args=("new", "x", "--from", "drg", "--out", ""),
    ),
    run_case(
        "output",
        "folder of their own",
        args=("compare", "baseline", "drg", "--out", "."),
    ),
    Case(
        "output",
        ("sensitivity", "mine.toml", "--model", "tiny", "--out", "."),
        ("folder of their own",),
        {"mine.toml": STUDY},
    ),
    run_case("output", "cannot be the name", args="new ../../x --from drg"),
    run_case("output", "cannot be the name", args="new con --from drg"),
    run_case("output", "cannot be the name", args=("new", "", "--from", "drg")),
    run_case("output", "cannot be the name", args=("new", "x" * 300, "--from", "drg")),
]


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


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input(case: Case, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in case.files.items():
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = tree(place)
    ended = main(case.args)
    out, err = capsys.readouterr()
    check(case.code, case.words, ended, out, err)
    assert tree(place) == before


FAMILIES = (
    "unknown scenario", "unknown lever", "unknown outcome", "unknown method",
    "wrong kind", "not finite", "outside range", "shares", "schedule",
    "scenario file", "study file", "model file", "output",
)  # fmt: skip


def test_the_table_covers_every_family() -> None:
    count = Counter(case.family for case in CASES)
    assert len({(case.args, *case.files.values()) for case in CASES}) == len(CASES)
    assert len(CASES) >= 100
    assert not [family for family in FAMILIES if count[family] < 3]


def raising(problem: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise problem

    return fail


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITES = {
    "run": ("run", "drg", "--model", "tiny", "--out", "result"),
    "csv": ("run", "drg", "--model", "tiny", "--save", "all", "--csv", "all.csv"),
    "compare": ("compare", "baseline", "drg", "--model", "tiny", "--out", "result"),
    "new": ("new", "mine", "--from", "drg", "--model", "tiny"),
}


@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize(
    ("problem", "code", "words"),
    [
        (full(), 3, ("disk is full",)),
        (OSError(errno.EACCES, "Permission denied"), 3, ("no right to write",)),
        (OSError(errno.EROFS, "Read-only file system"), 3, ("no right to write",)),
        (KeyboardInterrupt(), 130, ("interrupted",)),
    ],
    ids=["full disk", "no right", "read-only", "Ctrl-C"],
)
def test_a_write_that_fails(
    verb: str,
    problem: BaseException,
    code: int,
    words: tuple[str, ...],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The model is translated first, so that its cache is not what fails.
    assert main(["levers", "--model", "tiny"]) == 0
    capsys.readouterr()
    before = tree(place)
    monkeypatch.setattr(Path, "write_bytes", raising(problem))
    ended = main(WRITES[verb])
    out, err = capsys.readouterr()
    check(code, words, ended, out, err)
    assert tree(place) == before


@pytest.mark.parametrize("verb", ["run", "csv", "compare"])
def test_a_full_disk_is_told_before_the_first_simulation(
    verb: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["levers", "--model", "tiny"]) == 0
    capsys.readouterr()
    before = tree(place)
    simulated: list[int] = []
    monkeypatch.setattr(os, "fsync", raising(full()))
    monkeypatch.setattr(
        "sdmodel.experiments.whatif.simulate", lambda *_, **__: simulated.append(1)
    )
    ended = main(WRITES[verb])
    out, err = capsys.readouterr()
    check(3, ("disk is full",), ended, out, err)
    assert not simulated
    assert tree(place) == before


@pytest.mark.parametrize(
    "where",
    [
        "sdmodel.experiments.whatif.simulate",
        "sdmodel.experiments.workbook.translate",
        "sdmodel.study.results.dataset_bytes",
    ],
)
def test_ctrl_c_ends_with_130(
    where: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = tree(place)
    monkeypatch.setattr(where, raising(KeyboardInterrupt()))
    ended = main(WRITES["run"])
    out, err = capsys.readouterr()
    check(130, ("interrupted",), ended, out, err)
    assert tree(place) == before


INTERRUPT = """
import os, signal, sys
import sdmodel.experiments.whatif as whatif
from sdmodel.cli.main import VERBS, main
from sdmodel.errors import did_you_mean
whatif.simulate = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""
LIMIT = """
import resource, sys
from sdmodel.cli.main import VERBS, main
from sdmodel.errors import did_you_mean
assert main(["levers", "--model", "tiny"]) == 0
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
sys.exit(main(["run", "drg", "--model", "tiny", "--out", "result"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
@pytest.mark.parametrize(
    ("program", "code", "words"),
    [(INTERRUPT, 130, "interrupted"), (LIMIT, 3, "larger than allowed")],
    ids=["a true SIGINT", "a true limit on file size"],
)
def test_in_a_process_of_its_own(
    program: str, code: int, words: str, place: Path
) -> None:
    before = tree(place)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(place) == before


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/full")
def test_a_full_disk_behind_stdout(place: Path, full_disk: Path) -> None:
    with full_disk.open("w") as stdout:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "sdmodel",
                "run",
                "drg",
                "--json",
                "--model",
                "tiny",
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_reader_that_has_enough(place: Path) -> None:
    command = f'"{sys.executable}" -m sdmodel run drg --json --model tiny | head -c 10'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize("verb", ["levers", "--help"])
@pytest.mark.parametrize("how", [">&-", "| head -n 1 >/dev/null", ">&- 2>&-"])
def test_an_output_that_nobody_reads(verb: str, how: str, place: Path) -> None:
    model = "" if verb == "--help" else "--model tiny"
    # Unbuffered, so that the closed pipe is met in the middle of the work.
    command = f'"{sys.executable}" -u -m sdmodel {verb} {model} {how}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_signals_are_left_as_python_has_them() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("given", "allowed", "meant"),
    [
        ("FOOBAR", ("flow", "clinical floor"), ""),
        ("nosuch", tuple(VERBS), ""),
        ("nosuch", ("scheduling wait", "DRG share"), ""),
        ("bogus", ("bonus share[PE]",), ""),
        ("rnu", tuple(VERBS), "run"),
        ("aim integration", ("integration aim", "DRG share"), "integration aim"),
        ("training", ("training seats", "trust delay"), "training seats"),
        ("DGR", ("drg", "dip", "ffs"), "drg"),
    ],
)
def test_only_a_near_name_is_suggested(
    given: str, allowed: tuple[str, ...], meant: str
) -> None:
    assert did_you_mean(given, allowed) == (f"; nearest: '{meant}'" if meant else "")
