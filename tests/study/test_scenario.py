"""Scenario files: inheritance, evidence, and what is refused."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ScenarioError, UsageError
from sdmodel.study.controls import read_controls
from sdmodel.study.design import Schedule
from sdmodel.study.scenario import list_scenarios, read_scenario
from sdmodel.study.template import check_name, template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.scenario import Scenario


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of the toy model that a test may add to."""
    return shutil.copytree(tiny_folder, tmp_path / "tiny")


@pytest.fixture
def read(folder: Path, tiny: Model) -> Callable[..., Scenario]:
    controls = read_controls(folder, tiny)

    def read_one(name: str | Path, **options: object) -> Scenario:
        return read_scenario(name, folder, tiny, controls, **options)  # type: ignore[arg-type]  # tests pass keywords on

    return read_one


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "scenarios" / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_shipped_scenario_is_read(read: Callable[..., Scenario]) -> None:
    drg = read("drg")
    assert drg.id == "drg"
    assert drg.title["zh"] == "按疾病诊断相关分组付费"
    assert drg.values == {"DRG share": Schedule((2026.0, 2029.0), (0.4, 0.8))}
    assert drg.evidence == {"DRG share": "toy model, no evidence"}


def test_values_are_inherited_and_overridden(
    read: Callable[..., Scenario], folder: Path
) -> None:
    write(folder, "more", 'from = "drg"\n[values]\n"training effort" = 0.5')
    write(folder, "most", 'from = "more"\n[values]\n"drg_share" = 0.2\n')
    found = read("most")
    assert found.values == {"DRG share": 0.2, "training effort": 0.5}
    assert found.title == {"en": "most"}


def test_a_file_elsewhere_inherits_from_the_model_folder(
    read: Callable[..., Scenario], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('from = "drg"\n[values]\n"premium" = 500\n', "utf-8")
    assert read(path).values["premium"] == 500.0
    assert "DRG share" in read(str(path)).values


def test_a_loop_of_inheritance_is_shown(
    read: Callable[..., Scenario], folder: Path
) -> None:
    write(folder, "a", 'from = "b"\n')
    write(folder, "b", 'from = "c"\n')
    write(folder, "c", 'from = "a"\n')
    with pytest.raises(ScenarioError, match="loop: a -> b -> c -> a"):
        read("a")
    write(folder, "self", 'from = "self"\n')
    with pytest.raises(ScenarioError, match="loop: self -> self"):
        read("self")


def test_a_byte_order_mark_changes_nothing(
    read: Callable[..., Scenario], folder: Path
) -> None:
    plain = folder / "scenarios" / "drg.toml"
    (folder / "scenarios" / "marked.toml").write_bytes(
        b"\xef\xbb\xbf" + plain.read_bytes()
    )
    assert read("marked").values == read("drg").values


def test_every_problem_is_told_at_once(
    read: Callable[..., Scenario], folder: Path
) -> None:
    write(
        folder,
        "bad",
        '[values]\n"DRG shre" = 0.1\n"premium" = "450"\n"Fund Balance" = 1\n'
        '"trust delay" = 99\n"DIP share" = nan\n[evidence]\n"premiums" = "x"\n',
    )
    with pytest.raises(ScenarioError) as caught:
        read("bad", sets=["TIME STEP=1"])
    said = caught.value.problems
    assert len(said) == 7
    assert sum("bad.toml" in sentence for sentence in said) == 6
    assert "nearest: 'DRG share'" in said[0]


def test_outside_limits_needs_leave_and_leaves_a_warning(
    read: Callable[..., Scenario],
) -> None:
    with pytest.raises(ScenarioError, match=r"99 is outside 1 … 10 Year.*allow-"):
        read("drg", sets=["trust delay=99"])
    allowed = read("drg", sets=["trust delay=99"], allow_outside=True)
    assert allowed.values["trust delay"] == 99.0
    assert "'trust delay': 99 is outside" in allowed.warnings[0]


def test_shares_above_one_are_refused_even_with_leave(
    read: Callable[..., Scenario],
) -> None:
    for leave in (False, True):
        with pytest.raises(ScenarioError, match=r"add to 1.2 in 2029: 'DRG share' 0.8"):
            read("drg", sets=["DIP share=0.4"], allow_outside=leave)


def test_a_model_without_scenarios_has_its_own_values(tiny: Model) -> None:
    own = read_scenario("baseline", None, tiny, ())
    assert own.id == "baseline"
    assert own.values == {}
    with pytest.raises(ScenarioError, match="no scenario 'drg'"):
        read_scenario("drg", None, tiny, ())


def test_the_baseline_is_listed_first(folder: Path) -> None:
    assert [f.id for f in list_scenarios(folder)] == ["baseline", "capitation", "drg"]


def test_a_new_file_reads_as_the_scenario_it_comes_from(
    read: Callable[..., Scenario], folder: Path, tiny: Model
) -> None:
    controls = read_controls(folder, tiny)
    text = template("mine", "drg", read("drg"), controls)
    write(folder, "mine", text)
    assert read("mine").values == read("drg").values
    opened = "\n".join(
        line.removeprefix("# ") if line.startswith('# "premium" =') else line
        for line in text.splitlines()
    )
    write(folder, "opened", opened)
    assert read("opened").values["premium"] == 440.0


def test_any_title_makes_a_readable_file(
    read: Callable[..., Scenario], folder: Path
) -> None:
    write(folder, "odd", 'title = "say \\"hi\\" \\\\ \\t 你好"\n')
    text = template("x", "odd", read("odd"), ())
    assert tomllib.loads(text)["title"]["en"].startswith('x, from say "hi" \\')


@pytest.mark.parametrize("name", ["my-plan", "方案一", "a.b", "x", "plan 2.toml"])
def test_safe_names_are_taken(name: str) -> None:
    assert check_name(name) == name.removesuffix(".toml")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/x", "con", "a/b", "", "x" * 300, "dot.", "-rf", "a\nb", "a\0b",
        "NUL.toml", "..", "a\\b", "lpt1.x", " lead",
    ],
)  # fmt: skip
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        check_name(name)


def test_kind_and_what_it_shows_are_read_and_not_inherited(
    read: Callable[..., Scenario], folder: Path
) -> None:
    write(folder, "a", 'kind = "case"\nshows = { en = "more", zh = "更多" }\n')
    write(folder, "b", 'from = "a"\n')
    assert (read("a").kind, read("a").shows["zh"]) == ("case", "更多")
    assert (read("b").kind, dict(read("b").shows)) == ("", {})
    write(folder, "c", 'kind = "regimes"\nshows = 1\n')
    with pytest.raises(ScenarioError) as caught:
        read("c")
    assert len(caught.value.problems) == 2
    assert "nearest: 'regime'" in caught.value.problems[1]
