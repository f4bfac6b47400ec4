"""The methods beside Morris and Sobol', on functions whose answers are known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.errors import StudyError
from sdmodel.experiments.analysis import analyse, count_runs
from sdmodel.experiments.designs import check_n, sobol_points
from sdmodel.experiments.given_data import delta, difference_points
from sdmodel.experiments.methods import METHODS
from sdmodel.experiments.space import make_space
from tests.experiments.functions_with_known_indices import (
    KNOWN,
    Known,
    control,
    ishigami,
    plain_space,
)
from tests.tolerances import DELTA_SMOOTHING, KNOWN_FUNCTION, SALIB

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.indices import Estimate

MORE = {"fast": 513, "rbd-fast": 1024, "delta": 256, "pawn": 1024, "dgsm": 512}


def study(method: str, known: Known, n: int, seed: int = 0) -> Estimate:
    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        found = known.function(values)
        return found[:, None], np.zeros(len(found), dtype=bool)

    (found,) = analyse(
        plain_space(known.factors),
        ("y",),
        evaluate,
        method=METHODS[method],
        n=n,
        seed=seed,
    )
    return found


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k.name)
@pytest.mark.parametrize("method", MORE)
def test_salib_says_the_same(method: str, known: Known) -> None:
    found = study(method, known, MORE[method])
    assert found.judge is not None
    assert found.judge < SALIB


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k.name)
@pytest.mark.parametrize(
    ("method", "measure"), [("fast", "S1"), ("fast", "ST"), ("rbd-fast", "S1")]
)
def test_indices_are_the_exact_ones(method: str, measure: str, known: Known) -> None:
    exact = known.first if measure == "S1" else known.total
    last = study(method, known, 4 * MORE[method] // 4 * 4 if method != "fast" else 2049)
    found = last.levels[-1].value[measure][:, 0]
    np.testing.assert_allclose(found, exact, atol=KNOWN_FUNCTION)


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k.name)
def test_intervals_of_rbd_fast_hold_the_truth(known: Known) -> None:
    """Ten seeds; 95 % intervals of three or four factors miss now and then."""
    held = []
    for seed in range(10):
        last = study("rbd-fast", known, 1024, seed).levels[-1]
        gap = np.abs(last.value["S1"][:, 0] - known.first)
        held.append(gap <= last.half["S1"][:, 0] + 0.01)
    assert np.mean(held) >= 0.85


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k.name)
def test_derivatives_bound_the_total_index(known: Known) -> None:
    last = study("dgsm", known, 1024).levels[-1]
    assert (last.value["dgsm"][:, 0] + last.half["dgsm"][:, 0] >= known.total).all()


def test_derivatives_of_a_sum_are_its_weights() -> None:
    """Slopes w, variance (sum of w squared) / 12: the bound is 12 / pi squared times
    the exact index, whatever the sample, but for the sampled variance."""
    known = KNOWN[2]
    found = study("dgsm", known, 1024).levels[-1].value["dgsm"][:, 0]
    np.testing.assert_allclose(found, 12 / np.pi**2 * known.total, rtol=0.01)


def test_differences_move_one_coordinate_and_stay_inside() -> None:
    base = np.array([[0.0, 0.995], [0.5, 1.0]])
    points = difference_points(base).reshape(2, 3, 2)
    np.testing.assert_array_equal(points[:, 0], base)
    np.testing.assert_allclose(points[0, 1], [0.01, 0.995])
    np.testing.assert_allclose(points[0, 2], [0.0, 0.985])
    assert ((points >= 0) & (points <= 1)).all()


def test_pawn_is_the_distance_of_a_slice_from_the_whole() -> None:
    """For y = x a slice from a to b is max(a, 1 - b) away: 0.5 to 0.9, median 0.7."""
    known = Known("x", 2, lambda u: u[:, 0].copy(), np.array([1, 0]), np.array([1, 0]))
    last = study("pawn", known, 1024).levels[-1]
    np.testing.assert_allclose(last.value["pawn"][0], 0.7, atol=0.005)
    np.testing.assert_allclose(last.value["pawn_max"][0], 0.9, atol=0.005)
    assert last.value["pawn"][1] < 0.15


def test_delta_of_a_sum_of_two() -> None:
    """Given x, y = x + z is uniform on x to x + 1, where the triangle of y is lower:
    delta is the mean of 1 - P(x <= y <= x + 1), which is 1 / 3."""
    gaps = []
    for n in (512, 8192):
        inputs = sobol_points(n, 3, 0)
        found = delta(inputs, inputs[:, :2].sum(axis=1)[:, None])[:, 0]
        gaps.append(np.abs(found[:2] - 1 / 3).max())
        assert found[2] < 0.15
    assert gaps[1] < gaps[0]
    assert gaps[1] < DELTA_SMOOTHING


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [1, 10])
def test_no_method_takes_a_bad_run(method: str, bad: int) -> None:
    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        spoilt = values.sum(axis=1)
        spoilt[:bad] = np.nan
        same = np.full(len(values), 3.0)
        return np.column_stack([spoilt, same]), np.zeros(len(values), dtype=bool)

    (found,) = analyse(
        plain_space(3),
        ("spoilt", "same"),
        evaluate,
        method=METHODS[method],
        n=129 if method == "fast" else 128,
        seed=0,
    )
    assert [v.state for v in found.verdicts] == ["withheld", "no effect"]
    assert found.verdicts[0].bad == bad
    for level in found.levels:
        for values in level.value.values():
            assert np.isnan(values).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_count_of_runs_is_kept_and_seeds_tell(method: str) -> None:
    n = 129 if method == "fast" else 128
    one, same, other = (study(method, ishigami(), n, seed) for seed in (0, 0, 1))
    assert len(one.failed) == count_runs(plain_space(3), METHODS[method], n)
    np.testing.assert_array_equal(one.inputs, same.inputs)
    main_of = METHODS[method].main
    here, there = (e.levels[-1].half[main_of] for e in (one, same))
    np.testing.assert_array_equal(here, there)
    assert (one.inputs != other.inputs).any()


MIX = [control("a"), control("b"), control("c")]


@pytest.mark.parametrize("method", ["rbd-fast", "delta", "pawn"])
def test_shares_of_a_mix_are_judged_one_by_one_by_their_values(method: str) -> None:
    space = make_space(MIX, [("mix", ["a", "b"], True)])

    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return values[:, [names.index("b")]], np.zeros(len(values), dtype=bool)

    (found,) = analyse(space, ("y",), evaluate, method=METHODS[method], n=1024, seed=0)
    assert set(found.groups) == {"a", "b", "c"}
    last = found.levels[-1].value[METHODS[method].main][:, 0]
    value = dict(zip(found.groups, last, strict=True))
    assert value["b"] > value["a"] > value["c"]
    assert all(member is not None for member in found.members)


def test_a_mix_is_bounded_as_one_group() -> None:
    space = make_space(MIX, [("mix", ["a", "b"], True)])

    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        return values[:, [0]], np.zeros(len(values), dtype=bool)

    (found,) = analyse(space, ("y",), evaluate, method=METHODS["dgsm"], n=256, seed=0)
    assert found.groups == ("mix", "c")
    assert found.judge is not None
    assert found.judge < SALIB
    bound = found.levels[-1].value["dgsm"][:, 0]
    assert bound[0] > 0.9
    assert bound[1] == 0.0


def test_search_curves_cannot_judge_a_mix() -> None:
    space = make_space(MIX, [("mix", ["a", "b"], True)])
    with pytest.raises(StudyError, match="cannot judge the mix 'mix'"):
        analyse(space, ("y",), None, method=METHODS["fast"], n=129, seed=0)  # type: ignore[arg-type] # never run


@pytest.mark.parametrize(
    ("method", "n", "words"),
    [
        ("fast", 64, "allowed: a whole number from 65 to"),
        ("pawn", 64, "allowed: a power of two from 128 to"),
        ("rbd-fast", 1000, "nearest: 1024"),
        ("dgsm", 17, "nearest: 16"),
    ],
)
def test_sizes_that_will_not_do(method: str, n: int, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        check_n(method, n)


@pytest.mark.parametrize("method", ["rbd-fast", "delta", "pawn", "dgsm"])
def test_the_verb_knows_them(
    method: str, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(tiny_folder / "runs" / "shares" / "study.toml")
    out = tmp_path / "out"
    asked = ["sensitivity", study, "--method", method, "--n", "128", "--out", str(out)]
    assert main([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    outcome = document["scenarios"]["baseline"]["outcomes"]["fund_balance"]
    entry = outcome["levers"]["factors"]["premium"]
    assert METHODS[method].main in entry
    assert entry["effect"] == "some"
    assert main(asked) == 0
    assert METHODS[method].main in capsys.readouterr().out
    assert (out / f"{method}_indices.csv").is_file()
    assert main(["report", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"{method}_indices.csv" in said
    assert "Traceback" not in said
