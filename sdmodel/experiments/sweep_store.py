"""The folder of a sweep: what is there already, what is whole, and how it grows.

A chunk is written under another name, brought to the disk, renamed, and then listed
with its SHA-256 in ``chunks.jsonl``. Only what is listed and still has its checksum is
kept when a sweep goes on; everything else is computed again. The last file written is
the manifest that calls the sweep complete.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdmodel.errors import HostError
from sdmodel.experiments.sweep_checks import (
    COMPLETE,
    JOURNAL,
    clear,
    digest,
    is_whole,
    listed,
    own_manifest,
    refuse_foreign,
    refuse_other,
    results_are_whole,
)
from sdmodel.experiments.sweep_files import band_file, run_file
from sdmodel.experiments.sweep_summary import results_dataset
from sdmodel.experiments.sweep_tables import (
    BAD,
    BANDS,
    SUMMARY,
    bad_bytes,
    bad_rows,
    bands_bytes,
    summary_bytes,
)
from sdmodel.study.files import atomic_file, check_writable, host_error
from sdmodel.study.results import (
    MANIFEST,
    RESULTS,
    UNFINISHED,
    dataset_bytes,
    manifest_bytes,
    now,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sdmodel.experiments.question import Question
    from sdmodel.experiments.sweep_files import Chunk


@dataclass
class Store:
    """A sweep's folder while it is held; ``kept`` lists its whole chunks by number."""

    folder: Path
    question: Question
    manifest: dict[str, Any]
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def pending(self) -> list[int]:
        """Chunks that are still to be computed."""
        return [i for i in range(self.question.chunks) if i not in self.kept]

    @property
    def runs_kept(self) -> int:
        """Runs whose chunks are whole."""
        spans = (self.question.span(index) for index in self.kept)
        return sum(stop - start for _, start, stop in spans)

    def add(self, index: int, chunk: Chunk) -> None:
        """Write a chunk and list it.

        Raises
        ------
        HostError
            If it cannot be written; what was listed before stays.
        """
        entry: dict[str, Any] = {"chunk": index}
        entry |= _written(self.folder / run_file(index), chunk.runs)
        if chunk.bands is not None:
            about = _written(self.folder / band_file(index), chunk.bands)
            entry["bands"] = about["sha256"]
        line = json.dumps(entry) + "\n"
        path = self.folder / JOURNAL
        try:
            with path.open("ab") as file:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise host_error(error, path) from error
        self.kept[index] = entry

    def finish(self) -> list[list[Any]]:
        """Write what the runs come to, call the sweep complete; return the bad runs."""
        question, folder = self.question, self.folder
        results = results_dataset(question, folder)
        bad = bad_rows(question, folder) if results["bad"].any() else []
        files = {RESULTS: dataset_bytes(results), SUMMARY: summary_bytes(results)}
        if question.bands:
            files[BANDS] = bands_bytes(results)
        if bad:
            files[BAD] = bad_bytes(question, bad)
        outputs = {
            self.kept[index]["file"]: {
                "sha256": self.kept[index]["sha256"],
                "bytes": self.kept[index]["bytes"],
            }
            for index in range(question.chunks)
        }
        for name, data in files.items():
            about = _written(folder / name, data)
            outputs[name] = {"sha256": about["sha256"], "bytes": about["bytes"]}
        self.manifest |= {"state": COMPLETE, "ended": now(), "outputs": outputs}
        _written(folder / MANIFEST, manifest_bytes(self.manifest))
        _tidy(folder)
        return bad


def _written(path: Path, data: bytes) -> dict[str, Any]:
    """Write a file whole; return its name, checksum and size."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)
    return {"file": path.name, "sha256": digest(data), "bytes": len(data)}


def _tidy(folder: Path) -> None:
    """Remove what only an unfinished sweep needs, and what a killed one left."""
    _sweep_out(folder, JOURNAL, "bands-*.npz", ".*.part")


def _sweep_out(folder: Path, *patterns: str) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                path.unlink()


def open_store(
    folder: Path,
    question: Question,
    record: Mapping[str, Any],
    *,
    restart: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Store:
    """Begin a sweep's folder, or go on where it stopped.

    Parameters
    ----------
    folder
        Held by the caller; see `held`.
    question
        The sweep.
    record
        Its manifest, from `describe`.
    restart
        Whether what an older sweep left there may go.
    say
        Told of what is damaged and computed again.

    Raises
    ------
    ResultsError
        If the folder holds anything else, is damaged, or belongs to another question,
        with all that differs.
    HostError
        If it cannot be written.
    """
    check_writable(folder, folder=True)
    if restart:
        clear(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return _begun(folder, question, record)
    if not (folder / MANIFEST).exists():
        refuse_foreign(folder)
        # Killed before its first manifest: nothing of it is listed anywhere.
        return _begun(folder, question, record)
    manifest = own_manifest(folder)
    refuse_other(folder, manifest["question"], question)
    check_writable(folder / MANIFEST, folder=False)
    _sweep_out(folder, ".*.part")
    entries = listed(folder, manifest)
    store = Store(folder, question, manifest)
    store.kept = {
        index: entry
        for index, entry in entries.items()
        if is_whole(folder, question, index, entry, say)
    }
    done = manifest["state"] == COMPLETE and results_are_whole(folder, manifest, say)
    if done and not store.pending:
        _tidy(folder)
        return store
    if question.bands:
        # The spread over time is made from all runs, and goes once it is made.
        store.kept = {i: e for i, e in store.kept.items() if "bands" in e}
    _reopen(store)
    return store


def _begun(folder: Path, question: Question, record: Mapping[str, Any]) -> Store:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise host_error(error, folder) from error
    manifest = dict(record) | {
        "state": UNFINISHED,
        "question": question.identity(),
        "study_digest": question.digest,
        "runs": question.runs,
        "chunks": question.chunks,
        "outputs": {},
    }
    _written(folder / MANIFEST, manifest_bytes(manifest))
    return Store(folder, question, manifest)


def _reopen(store: Store) -> None:
    """Call a sweep unfinished again, and list what is whole of it."""
    lines = [json.dumps(store.kept[index]) + "\n" for index in sorted(store.kept)]
    _written(store.folder / JOURNAL, "".join(lines).encode())
    if store.manifest["state"] == COMPLETE:
        store.manifest |= {"state": UNFINISHED, "outputs": {}}
        _written(store.folder / MANIFEST, manifest_bytes(store.manifest))


def advice(store: Store, error: HostError, needed: int) -> HostError:
    """Return the refusal of a disk, with what was kept and what is still to come."""
    told = (
        f"{store.folder}: {len(store.kept)} of {store.question.chunks} chunks are "
        f"kept, about {needed / 1e6:,.1f} MB still to come; the same command goes on"
    )
    return HostError([*error.problems, told])
