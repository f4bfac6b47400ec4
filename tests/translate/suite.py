"""The field's suite of small models with published outputs, run as a user runs them.

SDMODEL_TEST_MODELS names it: the folder of github.com/SDXorg/test-models, or the
``tests`` folder inside. Unset, it is ``../shared/test-models`` beside the checkout.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.cli.main import main
from tests.tolerances import FIELD_SUITE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
ENGINES = ("compiled", "numpy")


def _suite() -> Path:
    named = Path(
        os.environ.get("SDMODEL_TEST_MODELS", ROOT.parent / "shared/test-models")
    )
    return named / "tests" if (named / "tests").is_dir() else named


SUITE = _suite()
FILES = sorted(
    path
    for path in SUITE.glob("*/*")
    if path.suffix.lower() in {".mdl", ".xmile"}
    and any((path.parent / name).is_file() for name in ("output.tab", "output.csv"))
    # Makes data for its neighbour; the folder's output is not its own.
    and path.name != "model_to_generate_data.mdl"
)


@dataclass(frozen=True)
class Verdict:
    """What became of one file: passes, differs or refused; columns compared; why."""

    word: str
    columns: int = 0
    why: str = ""


def key(name: str) -> str:
    """Return a name as names are compared: without case, spaces, marks and breaks."""
    for mark in (" ", "_", '"', "\\n"):
        name = name.replace(mark, "")
    return name.casefold()


def published(folder: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and rows of the expected output of a folder."""
    tab = folder / "output.tab"
    path, mark = (tab, "\t") if tab.is_file() else (folder / "output.csv", ",")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=mark) if row and row[0]]
    return rows[0], rows[1:]


def judge(
    times: NDArray[np.float64],
    columns: Mapping[str, NDArray[np.float64]],
    folder: Path,
) -> Verdict:
    """Compare columns, by key, with the published output of a folder."""
    header, rows = published(folder)
    wanted = np.array([float(row[0]) for row in rows])
    at = np.abs(times[None, :] - wanted[:, None]).argmin(axis=1)
    if not np.allclose(times[at], wanted, rtol=0, atol=1e-6):
        return Verdict("differs", 0, "saves other times")
    compared = 0
    for i, name in enumerate(header[1:], start=1):
        own = columns.get(key(name))
        cells = [row[i] if i < len(row) else "" for row in rows]
        if own is None or not any(cells):
            continue
        given = np.array([float(c) if c not in {"", "NA"} else np.nan for c in cells])
        known = ~np.isnan(given)
        if not np.allclose(
            own[at][known], given[known], rtol=FIELD_SUITE, atol=FIELD_SUITE
        ):
            return Verdict("differs", compared, f"'{name}'")
        compared += 1
    if not compared:
        return Verdict("differs", 0, "no column in common")
    return Verdict("passes", compared)


def by_command(path: Path, engine: str, folder: Path) -> Verdict:
    """Run ``sdmodel run --model FILE --save all --csv OUT --engine …`` and compare."""
    out = folder / f"{engine}.csv"
    said, printed = io.StringIO(), io.StringIO()
    call = ["run", "--model", str(path), "--save", "all", "--csv", str(out)]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        code = main([*call, "--engine", engine])
    if code:
        lines = [line for line in said.getvalue().splitlines() if ": " in line]
        why = " ".join(lines[:1]).replace(f"{path}", "").removeprefix("sdmodel: ")
        return Verdict("refused" if code == 2 else "differs", 0, why.strip(", "))
    with out.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    values = np.array([[float(c) if c else np.nan for c in row] for row in rows])
    columns = {key(name): values[:, i] for i, name in enumerate(header)}
    return judge(values[:, 0], columns, path.parent)


def by_pysd(path: Path, folder: Path) -> Verdict:
    """Run PySD on a copy of the file's folder and compare."""
    import pysd

    home = folder / "pysd"
    shutil.copytree(path.parent, home, dirs_exist_ok=True)
    vensim = path.suffix.lower() == ".mdl"
    data = [str(item) for item in sorted(home.glob("data*.tab"))]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            read = pysd.read_vensim if vensim else pysd.read_xmile
            more = {"data_files": data} if data else {}
            frame = read(str(home / path.name), **more).run(flatten_output=True)
            columns = {
                key(str(name)): np.asarray(frame[name], dtype=float)
                for name in frame.columns
            }
    except Exception as error:
        return Verdict("fails", 0, type(error).__name__)
    times = np.asarray(frame.index, dtype=float)
    return judge(times, columns, path.parent)


def page(rows: Mapping[Path, Sequence[Verdict]]) -> str:
    """Return the page of all files; the verdicts are of ENGINES, then of PySD."""
    counts = [
        sum(verdicts[i].word == "passes" for verdicts in rows.values())
        for i in range(len(ENGINES) + 1)
    ]
    lines = [
        "# Conformance",
        "",
        (
            "Made by the tests (`pytest tests/translate/test_conformance.py "
            "--write-conformance`) from the field's suite of test models, each file "
            "run as `sdmodel run --model FILE --save all --csv OUT --engine ENGINE` "
            f"and compared with its published output to {FIELD_SUITE:g}, relative and "
            "absolute. PySD 3.14 is held to the same bound."
        ),
        "",
        (
            f"Of {len(rows)} files, {counts[0]} pass on the compiled engine, "
            f"{counts[1]} on NumPy and {counts[2]} in PySD. What is refused is refused "
            "with a sentence that names variable, equation and line."
        ),
        "",
        "| file | compiled | NumPy | PySD | columns | what is in the way |",
        "|---|---|---|---|---|---|",
    ]
    for path, (compiled, numpy, pysd) in rows.items():
        name = path.relative_to(SUITE).as_posix()
        why = compiled.why or numpy.why
        lines.append(
            f"| {name} | {compiled.word} | {numpy.word} | {pysd.word} | "
            f"{compiled.columns or ''} | {_short(why)} |"
        )
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    text = " ".join(text.replace("|", "\\|").split())
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + " …"


def our_columns(text: str) -> dict[str, tuple[str, str]]:
    """Return the verdicts of both engines that a page states, by file."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if line.startswith("| ") and "/" in cells[0]:
            found[cells[0].removeprefix("| ")] = (cells[1], cells[2])
    return found
