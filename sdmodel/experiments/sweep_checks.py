"""What stands in the folder of a sweep: whose it is, and whether it is whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ResultsError
from sdmodel.experiments.sweep_files import band_file, run_file
from sdmodel.experiments.sweep_tables import BAD, BANDS, SUMMARY
from sdmodel.study.files import host_error
from sdmodel.study.results import (
    MANIFEST,
    PAGE,
    RESULTS,
    check_folder,
    read_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sdmodel.experiments.question import Question

JOURNAL = "chunks.jsonl"
COMPLETE = "complete"
KIND = "sweep"
SHOWN = 12
OWN = re.compile(
    r"runs-\d{6,}\.nc|bands-\d{6,}\.npz|\..+\.part|"
    + "|".join(
        re.escape(name)
        for name in (JOURNAL, MANIFEST, RESULTS, SUMMARY, BANDS, BAD, PAGE)
    )
)


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def own_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a sweep, or tell why it is none.

    Raises
    ------
    ResultsError
        If it is damaged, newer, or that of another verb.
    """
    try:
        manifest = read_manifest(folder / MANIFEST)
    except ResultsError as error:
        msg = (
            f"{error}; the chunks of the sweep are untouched, but nobody can tell "
            "whose they are: bring it back from a copy, name another folder with "
            "--out, or begin anew with --restart"
        )
        raise ResultsError(msg) from error
    if manifest["kind"] != KIND or not isinstance(manifest.get("question"), dict):
        msg = (
            f"{folder}: holds the results of '{manifest['kind']}', no sweep; name "
            "another folder with --out, or let them go with --restart"
        )
        raise ResultsError(msg)
    return manifest


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder without a manifest that holds anything."""
    foreign = [path for path in folder.iterdir() if not OWN.fullmatch(path.name)]
    if foreign or any(folder.glob("runs-*.nc")):
        check_folder(folder)


def clear(folder: Path) -> None:
    """Remove an older run; other files in the folder keep it from being removed."""
    if not folder.is_dir():
        return
    others = [path.name for path in folder.iterdir() if not OWN.fullmatch(path.name)]
    manifest = folder / MANIFEST
    if others and not manifest.exists():
        check_folder(folder)
    if others:
        with contextlib.suppress(ResultsError):
            listed = read_manifest(manifest)["outputs"]
            others = [name for name in others if name not in listed]
    if others:
        shown = ", ".join(f"'{name}'" for name in sorted(others)[:3])
        msg = (
            f"{folder}: this folder holds other files too ({shown}), so that it is not "
            "cleared; move them elsewhere, or name another folder with --out"
        )
        raise ResultsError(msg)
    try:
        # The manifest goes last: without it nobody knows what the rest is.
        for path in sorted(folder.iterdir(), key=lambda p: p.name == MANIFEST):
            path.unlink()
    except OSError as error:
        raise host_error(error, folder) from error


def differences(there: Any, here: Any, name: str = "") -> list[str]:
    """Return what differs between two records, a sentence for each leaf."""
    if isinstance(there, dict) and isinstance(here, dict):
        found: list[str] = []
        for key in sorted({*there, *here}, key=str):
            inner = f"{name}, '{key}'" if name else str(key)
            if key not in there:
                found.append(f"{inner}: only here")
            elif key not in here:
                found.append(f"{inner}: only there")
            else:
                found += differences(there[key], here[key], inner)
        return found
    if there == here:
        return []
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        return [
            sentence
            for i, pair in enumerate(zip(there, here, strict=True))
            for sentence in differences(*pair, f"{name} {i + 1}")
        ]
    return [f"{name}: {_short(there)} there, {_short(here)} here"]


def _short(item: object) -> str:
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def refuse_other(folder: Path, there: Mapping[str, Any], question: Question) -> None:
    """Refuse to go on with another question, saying all that differs."""
    here = json.loads(json.dumps(question.identity()))
    found = differences(dict(there), here)
    if found:
        more = len(found) - SHOWN
        shown = found[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise ResultsError(
            [
                (
                    f"{folder}: holds a sweep that asked something else, and cannot go "
                    "on; ask the same, name another folder with --out, or let it go "
                    "with --restart. What differs:"
                ),
                *(f"  {sentence}" for sentence in shown),
            ]
        )


def listed(folder: Path, manifest: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the chunks that were written, by number, from the list or the manifest."""
    found: dict[int, dict[str, Any]] = {}
    for name, about in manifest["outputs"].items():
        place = re.fullmatch(r"runs-(\d+)\.nc", name)
        if place:
            index = int(place[1])
            found[index] = {"chunk": index, "file": name, **about}
    if manifest["state"] == COMPLETE:
        return found
    with contextlib.suppress(OSError):
        for line in (folder / JOURNAL).read_bytes().splitlines():
            # The last line may be torn: its chunk is then computed again.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                found[int(entry["chunk"])] = entry
    return found


def is_whole(
    folder: Path,
    question: Question,
    index: int,
    entry: Mapping[str, Any],
    say: Callable[[str], None],
) -> bool:
    """Say whether a chunk is there as it was written; tell what is not."""
    wanted = [(run_file(index), entry.get("sha256"))]
    if question.bands and "bands" in entry:
        wanted.append((band_file(index), entry["bands"]))
    for name, written in wanted:
        path = folder / name
        try:
            data = path.read_bytes() if path.is_file() else None
        except OSError as error:
            raise host_error(error, path, "read") from error
        if data is None or digest(data) != written:
            how = "is gone" if data is None else "is not what was written"
            say(f"{path}: {how}; its runs are computed again")
            return False
    return 0 <= index < question.chunks


def results_are_whole(
    folder: Path, manifest: Mapping[str, Any], say: Callable[[str], None]
) -> bool:
    """Say whether the files made of the chunks are as they were written."""
    whole = True
    for name, about in manifest["outputs"].items():
        path = folder / name
        if name.startswith("runs-"):
            continue
        if not path.is_file() or digest(path.read_bytes()) != about["sha256"]:
            say(f"{path}: is not what was written; it is made again")
            whole = False
    return whole
