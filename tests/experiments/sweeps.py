"""Small sweeps of the toy model, and how their folders are looked at."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdmodel.experiments.asking import ask
from sdmodel.experiments.sweep import fill
from sdmodel.experiments.workbook import open_workbook, workbook_of_study
from sdmodel.study.results import describe, held

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.question import Question
    from sdmodel.experiments.sweep import Sweep

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny"
STUDY = """
model = "MODEL"
scenarios = ["baseline", "drg"]
outcomes = ["fund_balance", "primary_visit_share@2035", "fund_depletion_year",
            "spending_total", "fund_balance@peak"]
[design]
method = "lhs"
n = 700
seed = 3
factors = ["premium", "uncertainties"]
"""


def write_study(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    """Write the study, one thing in it changed, and return where it is."""
    path = folder / "study.toml"
    text = STUDY.replace("MODEL", TINY.as_posix())
    assert change[0] in text
    path.write_text(text.replace(*change) if change[0] else text, "utf-8")
    return path


def question_of(
    study: Path,
    *,
    bands: bool = False,
    chunk: int = 256,
    engine: EngineName = "compiled",
    allow_outside: bool = False,
) -> Question:
    """Return the question of a study file."""
    workbook, asked = workbook_of_study(open_workbook(TINY), study)
    scenarios = [workbook.scenario(name) for name in asked.scenarios]
    return ask(
        workbook,
        asked,
        scenarios,
        bands=bands,
        chunk=chunk,
        engine=engine,
        allow_outside=allow_outside,
    )


def do(
    folder: Path,
    question: Question,
    *,
    jobs: int | None = 1,
    restart: bool = False,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """Do a sweep, or go on with it."""
    record = describe(
        "sweep",
        command=["sdmodel", "sweep"],
        model=question.model,
        engine="",
        started="",
    )
    with held(folder):
        return fill(
            folder,
            question,
            record,
            jobs=jobs,
            restart=restart,
            progress=progress,
            say=say,
        )


def contents(folder: Path) -> dict[str, str]:
    """Return every file of a folder by its SHA-256; a manifest without its times."""
    found = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.name == "manifest.json":
            record = json.loads(data)
            record.pop("started")
            record.pop("ended", None)
            record.pop("command")
            data = json.dumps(record).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


def stopping(after: int) -> Callable[[int, int], None]:
    """Return a progress callback that interrupts once so many runs are done."""

    def progress(done: int, _: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    return progress


def stopped(folder: Path, question: Question, after: int = 800) -> Path:
    """Begin a sweep in ``folder`` and interrupt it."""
    with pytest.raises(KeyboardInterrupt):
        do(folder, question, progress=stopping(after))
    return folder
