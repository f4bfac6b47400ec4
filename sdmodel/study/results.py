"""Run folders: results, and a manifest that says how to make them again.

A run folder holds ``manifest.json`` (command, expanded scenarios or study, model
digest, versions, platform, seed, times, SHA-256 of every other file), results as NetCDF
and small tables as CSV. It is filled under a temporary name and renamed when complete;
one process at a time writes it.
Dims of results are always in the order run, time, subscripts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.errors import HostError, ResultsError
from sdmodel.study.design import Schedule
from sdmodel.study.files import (
    atomic_folder,
    check_writable,
    host_error,
    leftovers,
    sync,
)
from sdmodel.study.lock import locked
from sdmodel.study.netcdf import dataset_bytes as dataset_bytes
from sdmodel.study.tables import cell as cell
from sdmodel.study.tables import csv_bytes as csv_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr

    from sdmodel.model.core import Model
    from sdmodel.study.scenario import Scenario

FORMAT = 1
"""Version of the manifest; a reader refuses newer ones."""
MANIFEST = "manifest.json"
UNFINISHED = "unfinished"
"""State of a sweep's manifest until its last file is written."""
RESULTS = "results.nc"
PAGE = "report.html"
"""What ``report`` adds to a run folder, after the manifest was written."""
SHOWN = 3
"""Foreign files that a refusal names."""
_NEEDED = ("format", "kind", "command", "model", "outputs")
_PACKAGES = (
    "sdmodel",
    "numpy",
    "pysd",
    "llvmlite",
    "xarray",
    "h5netcdf",
    "h5py",
    "scipy",
    "SALib",
)


@dataclass(frozen=True)
class RunFolder:
    """A run folder that was opened and found whole."""

    folder: Path
    manifest: Mapping[str, Any]

    def file(self, name: str) -> bytes:
        """Return the content of one of its files."""
        return _bytes(self.folder / name)

    def dataset(self, name: str = RESULTS) -> xr.Dataset:
        """Return the results, read into memory."""
        import xarray as xr

        try:
            return xr.load_dataset(self.folder / name, engine="h5netcdf")
        except (OSError, ValueError, KeyError) as error:
            msg = f"{self.folder / name}: not readable as NetCDF: {error}"
            raise ResultsError(msg) from error


def now() -> str:
    """Return the time of day in UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def describe(
    kind: str,
    *,
    command: Sequence[str],
    model: Model,
    engine: str,
    started: str,
    scenarios: Sequence[Scenario] = (),
    study: Mapping[str, object] | None = None,
    seed: int | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a manifest without its outputs, as `save_run` takes it."""
    import platform

    return {
        "format": FORMAT,
        "kind": kind,
        "command": list(command),
        "model": {"name": model.name, "digest": model.digest},
        "engine": engine,
        "seed": seed,
        "scenarios": {scenario.id: scenario_record(scenario) for scenario in scenarios},
        "study": study,
        "warnings": list(warnings),
        "versions": versions(),
        "platform": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "implementation": sys.implementation.name,
        },
        "started": started,
    }


def versions() -> dict[str, str]:
    """Return the versions of what computes; absent packages are left out."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    from importlib import metadata

    found: dict[str, str] = {}
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def scenario_record(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario with all it inherits, as the manifest keeps it."""
    return {
        "title": dict(scenario.title),
        "values": {name: value_record(v) for name, v in scenario.values.items()},
        "evidence": dict(scenario.evidence),
    }


def value_record(value: float | Schedule) -> float | dict[str, list[float]]:
    """Return a number, or the points of a schedule, for JSON."""
    if isinstance(value, Schedule):
        return {"time": list(value.times), "value": list(value.values)}
    return value


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder that is written as a whole, and refuse it if it holds other files.

    Raises
    ------
    HostError, ResultsError
        As for `held` and `check_folder`.
    """
    with held(folder):
        check_folder(folder)
        yield


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for results, from before the first simulation to the last file.

    What a process that was killed left half-done beside it is cleared away; if it was
    killed between taking the old folder away and putting the new one in its place, the
    new one is put there.

    Raises
    ------
    HostError
        If another process is writing there, or it cannot be written.
    ResultsError
        If it is the current folder or one above it.
    """
    _check_place(folder)
    with locked(folder):
        _clear_up(folder.resolve())
        yield


def _clear_up(folder: Path) -> None:
    for left in leftovers(folder):
        if left.is_dir() and not folder.exists():
            with contextlib.suppress(ResultsError, HostError, OSError):
                open_run(left)
                left.rename(folder)
                continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                left.unlink()


def check_folder(folder: Path) -> None:
    """Refuse, before the first simulation, a folder that results could not go to.

    Raises
    ------
    HostError
        If it cannot be written.
    ResultsError
        If it holds anything that no run put there: nobody's files are replaced. It
        is also raised for the current folder and those above it, which cannot be
        replaced as a whole.
    """
    _check_place(folder)
    check_writable(folder, folder=True)
    foreign = _foreign(folder) if folder.is_dir() else []
    if foreign:
        shown = ", ".join(f"'{name}'" for name in foreign[:SHOWN])
        more = f" and {len(foreign) - SHOWN} more" if len(foreign) > SHOWN else ""
        msg = (
            f"{folder}: this folder holds other files, which no run wrote: "
            f"{shown}{more}; move them elsewhere, or name a new or empty folder"
        )
        raise ResultsError(msg)


def _check_place(folder: Path) -> None:
    true, here = folder.resolve(), Path.cwd()
    if not true.name or true == here or true in here.parents:
        msg = (
            f"{folder}: results need a folder of their own, not the current one or one "
            "above it; name one, such as --out results"
        )
        raise ResultsError(msg)


def _foreign(folder: Path) -> list[str]:
    """Return what stands in a folder without being listed in its manifest.

    The page that ``report`` adds is no one's loss: it is made from the rest.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise host_error(error, folder, "read") from error
    if MANIFEST not in names:
        return names
    try:
        outputs = read_manifest(folder / MANIFEST)["outputs"]
    except (ResultsError, HostError):
        # Without a readable list nothing is known to be a run's.
        return names
    own = {MANIFEST, PAGE, *outputs}
    return [name for name in names if name not in own or (folder / name).is_dir()]


def save_run(
    folder: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> Path:
    """Write a run folder; an older run of that name is replaced when all is written.

    Parameters
    ----------
    folder
        Where; it is made.
    files
        Content by file name.
    manifest
        As `describe` makes it; the end time and the outputs' hashes are added.

    Raises
    ------
    HostError, ResultsError
        If it cannot be written; then nothing is left of it.
    """
    outputs = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in files.items()
    }
    record = dict(manifest) | {"ended": now(), "outputs": outputs}
    with claimed(folder), atomic_folder(folder) as temporary:
        for name, data in {**files, MANIFEST: manifest_bytes(record)}.items():
            path = temporary / name
            path.write_bytes(data)
            sync(path)
    return folder


def manifest_bytes(record: Mapping[str, Any]) -> bytes:
    """Return a manifest as it is written."""
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def open_run(folder: Path) -> RunFolder:
    """Open a run folder and check that it is whole.

    Raises
    ------
    ResultsError
        If it is missing, damaged or of a newer version; every damage at once.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        msg = f"{folder}: no such run folder"
        raise ResultsError(msg)
    if not path.is_file():
        msg = f"{folder}: no run folder: {MANIFEST} is missing"
        raise ResultsError(msg)
    manifest = read_manifest(path)
    if manifest.get("state") == UNFINISHED:
        msg = (
            f"{folder}: an unfinished sweep, which goes on by the same command: "
            f"{' '.join(map(str, manifest['command']))}"
        )
        raise ResultsError(msg)
    problems: list[str] = []
    outputs = manifest["outputs"]
    for name, about in outputs.items():
        output = folder / name
        if "/" in name or "\\" in name or not isinstance(about, dict):
            problems.append(f"{path}: damaged: output '{name}'")
        elif not output.is_file():
            problems.append(f"{output}: missing, though the manifest lists it")
        else:
            data = _bytes(output)
            if hashlib.sha256(data).hexdigest() != about.get("sha256"):
                problems.append(
                    f"{output}: damaged: its content is not what was written "
                    f"({len(data)} bytes, {about.get('bytes')} expected)"
                )
    if problems:
        raise ResultsError(problems)
    return RunFolder(folder, manifest)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise host_error(error, path, "read") from error


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest, checked for its form alone.

    Raises
    ------
    ResultsError
        If it is damaged, or written by a newer version.
    """
    try:
        manifest = json.loads(_bytes(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{path}: damaged: not valid JSON ({str(error)[:60]})"
        raise ResultsError(msg) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        msg = f"{path}: damaged: no manifest of a run"
        raise ResultsError(msg)
    if manifest["format"] > FORMAT:
        msg = (
            f"{path}: written by a newer sdmodel (format {manifest['format']}, this "
            f"one reads {FORMAT}); update sdmodel"
        )
        raise ResultsError(msg)
    missing = [key for key in _NEEDED if key not in manifest]
    if missing or not isinstance(manifest["outputs"], dict):
        what = ", ".join(f"'{key}'" for key in missing or ["outputs"])
        msg = f"{path}: damaged: {what} is missing or wrong"
        raise ResultsError(msg)
    return manifest


def list_runs(place: Path) -> tuple[RunFolder | ResultsError, ...]:
    """Return every run folder directly in ``place``; damaged ones as their error."""
    found: list[RunFolder | ResultsError] = []
    if not place.is_dir():
        return ()
    for folder in sorted(place.iterdir()):
        if not (folder / MANIFEST).is_file():
            continue
        try:
            found.append(open_run(folder))
        except ResultsError as error:
            found.append(error)
        except HostError as error:
            found.append(ResultsError(error.problems))
    return tuple(found)
