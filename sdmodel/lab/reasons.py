"""Why outcomes move: loops and ways of the shipped regimes, found beside the build.

Finding them takes as long as all the rest of a build. So it is done by a second process
while the first compiles, and kept on disk under a key of the model, its tables and the
code that finds them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.engines import cache
from sdmodel.study.locate import locate_model
from sdmodel.translate.read import is_translated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sdmodel.experiments.workbook import Workbook

PROGRAM = """
import json, sys
from sdmodel.experiments.page_loops import page_loops
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.draws import keep_points
keep_points(())
if sys.stdin.readline():
    book = open_workbook(sys.argv[1])
    keep_points(book.controls)
    json.dump(page_loops(book), sys.stdout, allow_nan=False)
"""
"""Waits for a line, so that it can load what it needs while the model is translated."""

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Search:
    """Loops and ways that are being found, or were found before.

    ``known`` is the finished answer; ``process`` the one at work on it.
    """

    book: Workbook
    key: str
    known: dict[str, Any] | None = None
    process: Process | None = field(default=None, repr=False)

    def result(self) -> dict[str, Any]:
        """Return ``loops``, ``times`` and ``scenarios``; see ``page_loops``.

        Raises
        ------
        SdmodelError
            If a table of the model is wrong.
        """
        if self.known is not None:
            return self.known
        found: dict[str, Any] | None = None
        if self.process is not None:
            with suppress(ValueError):
                found = json.loads(self.process.communicate()[0])
        if found is None:  # no second process here, or one that failed: find them here
            from sdmodel.experiments.page_loops import page_loops

            found = page_loops(self.book)
        cache.save(self.key, json.dumps(found).encode())
        return found

    def stop(self) -> None:
        """End the second process where its answer is no longer wanted."""
        end(self.process)


def end(process: Process | None) -> None:
    """End a process whose answer is not wanted."""
    if process is not None and process.poll() is None:
        process.kill()
        process.communicate()


def prepare(name: str) -> Process | None:
    """Start the second process before the model is read, where that takes its time.

    Parameters
    ----------
    name
        What ``open_workbook`` will open.
    """
    source, folder = locate_model(name)
    if folder is None or not (folder / "loops.csv").is_file():
        return None
    return None if is_translated(source) else _start(name)


def _start(name: str) -> Process | None:
    if not sys.executable:
        return None
    try:
        return subprocess.Popen(  # noqa: S603 - this program, with its own code
            [sys.executable, "-c", PROGRAM, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def search(book: Workbook, name: str | None, process: Process | None = None) -> Search:
    """Begin to find loops and ways.

    Parameters
    ----------
    book
        A model and its tables; without ``loops.csv`` there is nothing to find.
    name
        What ``open_workbook`` opens as this very book; None if nothing does.
    process
        What `prepare` has started for this name.
    """
    nothing: dict[str, Any] = {"loops": [], "times": [], "scenarios": {}}
    folder = book.folder
    if folder is None or not (folder / "loops.csv").is_file():
        return Search(book, "", known=nothing)
    key = _key(book, folder)
    stored = cache.load(key)
    if stored is not None:
        with suppress(ValueError):
            known = json.loads(stored)
            end(process)
            return Search(book, key, known=known)
    if process is None and name is not None:
        process = _start(name)
    if process is not None and process.stdin is not None:
        with suppress(OSError):  # if it is gone already, its silence will tell
            process.stdin.write(b"go\n")
            process.stdin.close()
        process.stdin = None
    return Search(book, key, process=process)


def _key(book: Workbook, folder: Path) -> str:
    code = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(book.model.digest.encode())
    for path in (
        *_files(folder, ("*.csv", "scenarios/*.toml")),
        *_files(code, ("experiments/*.py", "engines/*.py", "model/*.py", "study/*.py")),
    ):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _files(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def reason_documents(found: dict[str, Any], book: Workbook) -> dict[str, Any]:
    """Return ``loops`` and ``why`` as the page reads them.

    ``why`` holds the ways and loops of each regime, what each variable on them means,
    in both languages, and what sectors are called in Chinese.
    """
    from sdmodel.model.core import plain
    from sdmodel.study.meanings import read_meanings

    named = {name for loop in found["loops"] for name in loop["variables"]}
    sectors: set[str] = set()
    for scenario in found["scenarios"].values():
        for outcome in scenario["outcomes"].values():
            named |= {name for way in outcome["ways"] for name in way["path"]}
            sectors |= {name for way in outcome["sectors"] for name in way["path"][1:]}
    chinese = read_meanings(book.folder, book.model)
    variables = book.model.variables
    # Constants are named in the table of controls instead.
    labels = {plain(c.name): c.label_zh for c in book.controls if c.label_zh}
    return {
        "loops": found["loops"],
        "why": {
            "times": found["times"],
            "scenarios": found["scenarios"],
            "variables": {
                name: {
                    "en": " ".join(variables[name].comment.split()),
                    "zh": chinese.get(plain(name)) or labels.get(plain(name)),
                }
                for name in sorted(named)
                if name in variables
            },
            "sectors": {name: chinese.get(plain(f".{name}")) for name in sectors},
        },
    }
