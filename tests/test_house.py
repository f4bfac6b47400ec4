"""The house itself: what start-up imports, what agrees, what may not stand."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sdmodel"
HEAVY = frozenset(
    {
        "SALib", "h5netcdf", "h5py", "jinja2", "llvmlite", "matplotlib", "numpy",
        "pandas", "pysd", "scipy", "xarray",
    }
)  # fmt: skip
"""What no one should wait for who only asks for help."""

MOST_LINES = 400
FLOOR = "3.11"


def tracked(*patterns: str) -> list[Path]:
    """Return the files under version control, or skip where there is none."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in found.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def imported_by(*arguments: str) -> frozenset[str]:
    """Return the top-level packages that a command imports, as Python lists them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = re.findall(r"^import time:.*\|\s*([\w.]+)\s*$", done.stderr, re.MULTILINE)
    return frozenset(name.partition(".")[0] for name in rows)


def test_help_imports_nothing_heavy() -> None:
    modules = imported_by("-m", "sdmodel", "--help")
    assert "click" in modules, "the list of imports was not understood"
    assert not modules & HEAVY


def test_importing_the_package_imports_nothing_heavy() -> None:
    modules = imported_by("-c", "import sdmodel")
    assert "sdmodel" in modules
    assert not modules & HEAVY


def project() -> dict[str, object]:
    read: dict[str, object] = tomllib.loads(
        (ROOT / "pyproject.toml").read_text("utf-8")
    )["project"]
    return read


def test_versions_agree() -> None:
    version = str(project()["version"])
    cited = re.search(
        r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE
    )
    told = re.search(
        r"^## \[(\d.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert cited is not None
    assert told is not None
    assert cited[1].strip('"') == version
    assert told[1] == version


def test_every_committed_study_travels_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    studies = [path.parent.name for path in tracked("runs/*/study.toml")]
    assert studies
    assert wheel == {"models": "sdmodel/_models"} | {
        f"runs/{name}/study.toml": f"sdmodel/_runs/{name}/study.toml"
        for name in studies
    }


def test_python_floor_is_told_once() -> None:
    assert project()["requires-python"] == f">={FLOOR}"
    assert f"Python {FLOOR} or newer" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of one machine", r"(?<![\w.~/<])/(?:home|Users|root|work|mnt|srv)/\w"),
        ("a Windows path of one machine", r"\b[A-Z]:\\\\?Users\\"),
        ("the address of a package registry", r"https?://[^\s)\"']*/(?:simple|packages)/"),
        ("an index setting", r"--(?:extra-)?index-url|index-url\s*="),
        ("a resolved address", r'"resolved":\s*"http'),
    ],
)  # fmt: skip
def test_nothing_ties_the_files_to_one_place(what: str, pattern: str) -> None:
    found = []
    for path in tracked():
        if path == Path(__file__).resolve():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture, or a model that is wrongly encoded on purpose
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
    assert not found, f"{what}: {found}"


def test_files_stay_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long, f"more than {MOST_LINES} lines; what second thing is in there?"


def test_no_module_imports_its_own_top_package() -> None:
    """An import from the file that defines a thing leaves no cycles behind."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            plain = isinstance(node, ast.Import) and any(
                item.name == "sdmodel" for item in node.names
            )
            chosen = isinstance(node, ast.ImportFrom) and (
                node.level > 0 or node.module == "sdmodel"
            )
            if (plain or chosen) and isinstance(node, ast.stmt):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_ignores_carry_a_code_and_files_no_leftovers() -> None:
    blanket = re.compile(
        r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)|#\s*(?:TODO|FIXME|XXX)\b"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if blanket.search(line)
    ]
    assert not found


EXTRAS = frozenset({"simlin", "distributed"})
"""The second judge, and clusters."""

NOT_IMPORTED = frozenset({"mpld3", "xlrd"})
"""Dependencies that another one loads by name: xarray's ``engine="h5netcdf"``, pandas'
reader of ``.xls``; and one whose browser script is read as a file, mpld3."""


def foreign_imports(*, top_level_only: bool) -> set[str]:
    """Return the packages of others that the program imports."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body if top_level_only else ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {item.name.partition(".")[0] for item in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return {
        name
        for name in found
        if name not in sys.stdlib_module_names and name != "sdmodel"
    }


def names_of(requirements: object) -> set[str]:
    assert isinstance(requirements, list)
    return {re.split(r"[\[<>=!~; ]", text)[0] for text in requirements}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    core = names_of(project()["dependencies"])
    imported = foreign_imports(top_level_only=False)
    assert imported - EXTRAS <= core, "a dependency is missing in pyproject.toml"
    assert core - NOT_IMPORTED <= imported, "a dependency that nothing uses"


def test_the_extras_are_not_needed_to_start() -> None:
    """Extras are imported only where they are asked for."""
    assert not EXTRAS & foreign_imports(top_level_only=True)
