"""The pages say what is true: generated ones are fresh, examples run, links lead on."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdmodel.model.core import plain
from sdmodel.study.expression import parse

if TYPE_CHECKING:
    from types import ModuleType

    from sdmodel.model.core import Model

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def generator() -> ModuleType:
    """Return docs/generate.py as a module; docs is no package."""
    spec = importlib.util.spec_from_file_location(
        "generate", ROOT / "docs" / "generate.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "variables.md", "systems.md"])
def test_generated_page_is_fresh(name: str) -> None:
    page = generator().PAGES[name]()
    assert (ROOT / "docs" / name).read_text("utf-8") == page, (
        "stale; run: python docs/generate.py"
    )


def test_generator_refuses_an_unknown_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert generator().main(["--chek"]) == 2
    assert "--check" in capsys.readouterr().err


def python_blocks() -> list[tuple[str, str]]:
    """Return the Python examples of the README and of the pages, with their place."""
    return [
        (f"{page.relative_to(ROOT)} #{number}", block)
        for page in PAGES
        for number, block in enumerate(
            re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S),
            1,
        )
    ]


def test_the_readme_has_a_python_example() -> None:
    assert any(place.startswith("README.md") for place, _ in python_blocks())


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=place) for place, block in python_blocks()]
)
def test_python_example_runs(
    block: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(block, "example", "exec"), {"__name__": "example"})  # noqa: S102 - our own page
    if "print(" in block:
        assert capsys.readouterr().out.strip()


def toml_after(heading: str) -> str:
    """Return the first TOML example of a section of docs/files.md."""
    page = (ROOT / "docs" / "files.md").read_text("utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(r"^```toml\n(.*?)^```", section, re.M | re.S)
    assert found
    return found[1]


def test_the_example_of_a_study_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdmodel.cli.main import main

    file = tmp_path / "study.toml"
    file.write_text(toml_after("A study"), encoding="utf-8")
    # Screened in place of its own method, which would take hours.
    size = ("--method", "morris", "--n", "4")
    out = ("--out", str(tmp_path / "out"))
    assert main(["sensitivity", str(file), *size, *out]) == 0, capsys.readouterr().err
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_the_example_of_a_scenario_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdmodel.cli.main import main

    file = tmp_path / "mine.toml"
    file.write_text(toml_after("A scenario"), encoding="utf-8")
    assert main(["run", str(file)]) == 0, capsys.readouterr().err


def named_verbs() -> list[tuple[str, str]]:
    found = {
        (str(page.relative_to(ROOT)), verb)
        for page in PAGES
        for verb in re.findall(r"`sdmodel ([a-z][a-z-]*)", page.read_text("utf-8"))
    }
    return sorted(found)


def test_pages_name_only_verbs_that_exist() -> None:
    from sdmodel.cli.main import VERBS

    found = named_verbs()
    assert found
    assert not [(page, verb) for page, verb in found if verb not in VERBS]


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]
)
def test_links_lead_to_files(page: Path) -> None:
    missing = []
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        path, _, anchor = target.partition("#")
        place = page.parent / path
        if not place.exists() or (anchor and anchor not in headings(place)):
            missing.append(target)
    assert not missing


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual viewers make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
            for title in titles}  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def names(consortium: Model) -> set[str]:
    """Every name that a table may use, as names are compared."""
    return {plain(name) for name in (*consortium.variables, *consortium.scalars)}


def test_every_control_names_a_constant(
    consortium: Model, consortium_folder: Path
) -> None:
    settable = {plain(item.name) for item in consortium.inputs}
    found = [row["name"] for row in rows(consortium_folder / "controls.csv")]
    assert found
    assert not [name for name in found if plain(name) not in settable]
    assert len({plain(name) for name in found}) == len(found)


def test_every_control_says_where_its_range_comes_from(
    consortium_folder: Path,
) -> None:
    blank = [
        row["name"]
        for row in rows(consortium_folder / "controls.csv")
        if not row["source"].strip() or not row["grade"].strip()
    ]
    assert not blank


def test_every_outcome_names_variables(
    names: set[str], consortium_folder: Path
) -> None:
    found = rows(consortium_folder / "outcomes.csv")
    assert found
    wrong = []
    for row in found:
        expression = row["expression"]
        used = re.findall(r'"([^"]+)"', expression) or [expression]
        wrong += [(row["id"], name) for name in used if plain(name) not in names]
    assert not wrong


def test_every_target_names_a_variable(
    consortium: Model, consortium_folder: Path
) -> None:
    found = rows(consortium_folder / "targets.csv")
    assert found
    ids = {row["id"] for row in rows(consortium_folder / "outcomes.csv")}
    for row in found:
        if row["variable"] not in ids:
            assert parse(row["variable"], consortium).names  # raises at an unknown name


def test_every_scenario_value_names_a_constant(
    consortium: Model, consortium_folder: Path
) -> None:
    settable = {plain(item.name) for item in consortium.inputs}
    files = sorted((consortium_folder / "scenarios").glob("*.toml"))
    assert files
    wrong = [
        (path.name, name)
        for path in files
        for name in tomllib.loads(path.read_text("utf-8")).get("values", {})
        if plain(name) not in settable
    ]
    assert not wrong


def test_the_test_command_of_the_readme_is_the_one_that_runs() -> None:
    """`.ci/run` takes the line from the README; it must find it, and it alone."""
    if sys.platform == "win32":
        pytest.skip(".ci/run is a bash script")
    text = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"^python3 -m venv .*pytest$", text, re.MULTILINE)
    assert len(lines) == 1
    assert lines[0].endswith(" && .venv/bin/pytest")
    assert "README.md" in (ROOT / ".ci" / "run").read_text("utf-8")
