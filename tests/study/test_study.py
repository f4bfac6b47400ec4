"""Study files: everything in them is checked, and everything wrong told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import StudyError
from sdmodel.study.controls import read_controls
from sdmodel.study.factors import Mix, chosen
from sdmodel.study.locate import find_study, locate_model
from sdmodel.study.outcomes import read_outcomes
from sdmodel.study.scenario import scenario_paths
from sdmodel.study.study import model_of, override, read_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.study import Study

GOOD = """
model = "consortium"
scenarios = ["baseline", "DRG"]
outcomes = ["fund balance", "primary_visit_share@2035"]
[design]
method = "sobol"
n = 64
seed = 0
factors = ["levers", "Trust_Delay"]
"""


@pytest.fixture
def read(tiny: Model, tiny_folder: Path, tmp_path: Path) -> Callable[[str], Study]:
    def read_text(text: str) -> Study:
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return read_study(
            path,
            controls=read_controls(tiny_folder, tiny),
            outcomes=read_outcomes(tiny_folder, tiny),
            scenarios=tuple(scenario_paths(tiny_folder)),
        )

    return read_text


def test_names_become_those_of_the_tables(read: Callable[[str], Study]) -> None:
    study = read(GOOD)
    assert (study.name, study.method, study.n, study.seed) == ("mine", "sobol", 64, 0)
    assert study.scenarios == ("baseline", "drg")
    assert study.outcomes == ("fund_balance", "primary_visit_share@2035")
    assert study.factors == ("levers", "trust delay")


def test_shares_of_a_mix_are_drawn_together_unasked(
    read: Callable[[str], Study], tiny: Model, tiny_folder: Path
) -> None:
    study = read(GOOD)
    shares = ("DRG share", "DIP share", "capitation share")
    assert study.mixes == (Mix("payment", shares),)
    names = [c.name for c in chosen(study, read_controls(tiny_folder, tiny))]
    assert names == [
        *shares,
        "training effort",
        "premium",
        "price[tertiary]",
        "tertiary capacity",
        "trust delay",
    ]


def test_no_mix_is_added_where_none_is_drawn(read: Callable[[str], Study]) -> None:
    study = read(GOOD.replace('"levers", ', ""))
    assert study.mixes == ()
    assert study.factors == ("trust delay",)


def test_the_committed_study_is_read_and_finds_its_model(tiny_folder: Path) -> None:
    path = tiny_folder / "runs" / "shares" / "study.toml"
    study = read_study(path)
    assert study.name == "shares"
    assert study.mixes[0].name == "payment"
    source, folder = locate_model(model_of(path))
    assert folder is not None
    assert source.resolve() == folder.resolve() == tiny_folder.resolve()
    assert find_study(path.parent) == path


PAIR = '["DRG share", "DIP share"]'
BAD = [
    (('method = "sobol"', 'method = "sobl"'), "'sobl'; allowed.*nearest: 'sobol'"),
    (('method = "sobol"', "method = 3"), "'method': '3'; allowed: morris, sobol"),
    (('method = "sobol"\n', ""), "'method': none given"),
    (("n = 64", "n = 0"), "'n': 0; allowed: a power of two from 16 to 1048576"),
    (("n = 64", "n = -1"), "'n': -1"),
    (("n = 64", "n = 10.5"), "'n': 10.5"),
    (("n = 64", 'n = "abc"'), "'n': 'abc'"),
    (("n = 64", "n = true"), "'n': True"),
    (("n = 64", "n = 9999999999"), "'n': 9999999999; allowed: .* 1048576"),
    (("n = 64\n", ""), "'n': none given"),
    (("seed = 0", "seed = -3"), "'seed': -3"),
    (("seed = 0", "seed = 1.0"), "'seed': 1.0"),
    (("[design]", "[desing]"), "unknown key 'desing'.*nearest: 'design'"),
    (("seed = 0", "sed = 0"), "unknown key 'sed'.*nearest: 'seed'"),
    (('"DRG"', '"drgs"'), "no scenario 'drgs'; nearest: 'drg'"),
    (('"DRG"', '"baseline"'), "'baseline' stands twice"),
    (('"DRG"', '"none.toml"'), "no file"),
    (('"DRG"', f'"{"x" * 300}.toml"'), "no file"),
    (('["baseline", "DRG"]', '"drg"'), "'scenarios': 'drg'; allowed: a list"),
    (('["baseline", "DRG"]', "[]"), "'scenarios': the list is missing or empty"),
    (("fund balance", "fund balanc"), "no outcome 'fund balanc'.*'fund_balance'"),
    (("@2035", "@finall"), "'finall' is neither a year.*nearest: 'final'"),
    (('"levers"', '"lever"'), "no control 'lever'.*nearest: 'levers'"),
    (("Trust_Delay", "Fund Balance"), "no control 'Fund Balance'"),
    (("Trust_Delay", "trust delai"), "nearest: 'trust delay'"),
    (('model = "consortium"', "model = 7"), "'model': 7; allowed: text"),
    (("seed = 0", 'seed = 0\nmix = "x"'), "must be tables"),
    (("seed = 0", 'mix = [{names = ["DRG share"]}]'), "one share alone is no mix"),
    (
        ("seed = 0", 'mix = [{names = ["DRG share", "DPI share"]}]'),
        "no control 'DPI share'; nearest: 'DIP share'",
    ),
    (
        ("seed = 0", 'mix = [{nmaes = ["DRG share", "DIP share"]}]'),
        "unknown key 'nmaes'.*nearest: 'names'",
    ),
    (
        ("seed = 0", f"mix = [{{names = {PAIR}}}, {{names = {PAIR}}}]"),
        "'DRG share' is already in 'mix 1'",
    ),
    (("scenarios =", "discount = 5\nscenarios ="), "'discount': 5; allowed: a yearly"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_what_is_wrong_is_told_with_its_key(
    change: tuple[str, str], words: str, read: Callable[[str], Study]
) -> None:
    assert change[0] in GOOD
    with pytest.raises(StudyError, match=words) as caught:
        read(GOOD.replace(*change))
    assert all("mine.toml" in sentence for sentence in caught.value.problems)


def test_everything_wrong_is_told_at_once(read: Callable[[str], Study]) -> None:
    text = GOOD
    for old, new in (("sobol", "x"), ("64", "0"), ("DRG", "no"), ("levers", "no")):
        text = text.replace(old, new)
    with pytest.raises(StudyError) as caught:
        read(text)
    assert len(caught.value.problems) == 4


def test_the_command_line_overrides_and_is_checked(
    read: Callable[[str], Study],
) -> None:
    study = override(read(GOOD), method="MORRIS", n=10, seed=7)
    assert (study.method, study.n, study.seed) == ("morris", 10, 7)
    assert override(study) == study
    with pytest.raises(StudyError) as caught:
        override(study, method="moris", n=0)
    assert "--method" in caught.value.problems[0]
    assert "nearest: 'morris'" in caught.value.problems[0]
    assert "'--n': 0" in caught.value.problems[1]
