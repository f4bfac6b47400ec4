"""Check that every dependency, and theirs, can be had as a wheel on each platform.

Nothing is installed: pip only resolves, with ``--dry-run`` and wheels alone. Two things
need care:

* pip evaluates environment markers (``sys_platform == 'win32'``) for the interpreter
  that runs it, not for the platform asked for. So the markers of every package found
  are evaluated here for the target, and what pip missed is asked for in another round,
  until nothing is missing. What pip took too much is checked as well; it does no harm.
* A package that is published as source only cannot be resolved this way. Those known
  are built here first, and must give a wheel for any platform (no compiler needed).

Usage: python .ci/check_wheels.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

SOURCE_ONLY = {"odfpy": "PySD wants pandas[excel], which wants it; pure Python"}
"""Packages without any wheel in the registry, and why we have them."""


@dataclass(frozen=True)
class Platform:
    """A platform as pip's tags and as the values that markers see."""

    name: str
    tags: tuple[str, ...]
    sys_platform: str
    platform_machine: str
    os_name: str
    platform_system: str


def _manylinux(machine: str) -> tuple[str, ...]:
    # pip takes the tags literally: a glibc 2.28 system also accepts all older tags.
    newer = tuple(f"manylinux_2_{minor}_{machine}" for minor in range(28, 4, -1))
    return (*newer, f"manylinux2014_{machine}", f"linux_{machine}")


PLATFORMS = (
    Platform("Linux x86-64", _manylinux("x86_64"), "linux", "x86_64", "posix", "Linux"),
    Platform(
        "Linux aarch64", _manylinux("aarch64"), "linux", "aarch64", "posix", "Linux"
    ),
    Platform("Windows x86-64", ("win_amd64",), "win32", "AMD64", "nt", "Windows"),
    Platform(
        "macOS arm64", ("macosx_14_0_arm64",), "darwin", "arm64", "posix", "Darwin"
    ),
)
PAUSES = (5, 20)
"""Seconds before pip is asked again."""
PYTHONS = ("3.11", "3.13")


def _environment(platform: Platform, python: str) -> dict[str, str]:
    return {
        "sys_platform": platform.sys_platform,
        "platform_machine": platform.platform_machine,
        "platform_system": platform.platform_system,
        "os_name": platform.os_name,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def _applies(
    requirement: Requirement, environment: dict[str, str], extras: set[str]
) -> bool:
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate(environment | {"extra": extra})
        for extra in (extras or {""}) | {""}
    )


def _bare(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip, again where it fails: a registry that gives no answer lacks nothing."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for pause in PAUSES:
        if done.returncode == 0:
            break
        time.sleep(pause)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done


def _last_errors(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("ERROR")]
    said = "; ".join(lines[-2:]) or text.strip()[-300:]
    tries = len(PAUSES) + 1
    return f"{said} ({tries} tries; if the registry did not answer, that is no verdict)"


def build_source_only(folder: Path) -> list[str]:
    """Build the packages without wheels; return a sentence for each that fails."""
    problems = []
    for name in SOURCE_ONLY:
        done = _pip("wheel", "--quiet", "--no-deps", "-w", str(folder), name)
        if done.returncode:
            problems.append(f"{name}: cannot be built: {_last_errors(done.stderr)}")
    problems.extend(
        f"{wheel.name}: published as source only, and bound to one platform"
        for wheel in folder.glob("*.whl")
        if not wheel.stem.endswith("-none-any")
    )
    return problems


def resolve(
    wanted: list[str], platform: Platform, python: str, folder: Path
) -> list[dict[str, object]]:
    """Return pip's report, one entry per package.

    Raises
    ------
    RuntimeError
        If some package has no wheel there.
    """
    report = folder / "report.json"
    tags = [part for tag in platform.tags for part in ("--platform", tag)]
    done = _pip(
        "install", "--quiet", "--dry-run", "--ignore-installed",
        "--only-binary=:all:", "--python-version", python, "--implementation", "cp",
        "--target", str(folder / "nowhere"), "--find-links", str(folder),
        "--report", str(report), *tags, *wanted,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(_last_errors(done.stderr))
    found: list[dict[str, object]] = json.loads(report.read_text("utf-8"))["install"]
    return found


def closure(
    roots: list[Requirement], platform: Platform, python: str, folder: Path
) -> dict[str, str]:
    """Return the wheel of every package needed on a platform, by package name."""
    environment = _environment(platform, python)
    wanted = [_bare(item) for item in roots if _applies(item, environment, set())]
    while True:
        entries = resolve(wanted, platform, python, folder)
        wheels: dict[str, str] = {}
        needs: list[tuple[Requirement, set[str]]] = []
        for entry in entries:
            metadata, source = entry["metadata"], entry["download_info"]
            assert isinstance(metadata, dict)  # noqa: S101 - narrows pip's JSON
            assert isinstance(source, dict)  # noqa: S101 - narrows pip's JSON
            name = canonicalize_name(metadata["name"])
            wheels[name] = str(source["url"]).rsplit("/", 1)[-1]
            extras = set(entry.get("requested_extras") or ())  # type: ignore[call-overload] # JSON
            needs.extend(
                (Requirement(text), extras)
                for text in metadata.get("requires_dist") or ()
            )
        missed = {
            _bare(item)
            for item, extras in needs
            if canonicalize_name(item.name) not in wheels
            and _applies(item, environment, extras)
        }
        if not missed:
            return wheels
        wanted.extend(sorted(missed))


def main() -> int:
    """Resolve for every platform and Python; return 1 if anything lacks a wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    roots = [Requirement(text) for text in project["dependencies"]]
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for problem in build_source_only(folder):
            print(f"FAIL  {problem}")
            failed = True
        for platform in PLATFORMS:
            for python in PYTHONS:
                label = f"{platform.name}, Python {python}"
                try:
                    wheels = closure(roots, platform, python, folder)
                except RuntimeError as error:
                    print(f"FAIL  {label}: {error}", flush=True)
                    failed = True
                    continue
                kernel = wheels.get("llvmlite", "no llvmlite: NumPy engine")
                count = f"{len(wheels)} wheels"
                print(f"ok    {label:28}{count:12}{kernel}", flush=True)
    for package, reason in SOURCE_ONLY.items():
        print(f"note  {package} is published as source only ({reason}); built here")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
