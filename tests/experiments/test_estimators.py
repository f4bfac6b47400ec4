"""Our indices are SALib's, and both are right."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol
from SALib.sample import morris as salib_morris_sample
from SALib.sample import sobol as salib_sobol_sample

from sdmodel.errors import StudyError
from sdmodel.experiments.designs import check_n, saltelli, sobol_points
from sdmodel.experiments.estimators import morris_indices, resampler, sobol_indices
from tests.experiments.functions_with_known_indices import KNOWN, Known, ishigami
from tests.tolerances import KNOWN_FUNCTION, SALIB

N = 256
DELTA = 2 / 3


def problem(size: int, groups: list[str] | None = None) -> dict[str, object]:
    found: dict[str, object] = {
        "num_vars": size,
        "names": [f"x{i}" for i in range(size)],
        "bounds": [[0.0, 1.0]] * size,
    }
    return found | ({"groups": groups} if groups else {})


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("groups", [None, ["a", "b", "a"]])
def test_the_sobol_design_is_salibs(seed: int, groups: list[str] | None) -> None:
    columns = [[0], [1], [2]] if groups is None else [[0, 2], [1]]
    theirs = salib_sobol_sample.sample(
        problem(3, groups),
        N,
        calc_second_order=False,
        seed=np.random.default_rng(seed),
    )
    assert np.array_equal(saltelli(N, columns, seed), theirs)


def test_the_first_half_of_a_design_is_the_design_of_half_the_size() -> None:
    columns = [[0], [1, 2]]
    assert np.array_equal(saltelli(64, columns, 3)[: 32 * 4], saltelli(32, columns, 3))


@pytest.mark.parametrize("seed", [0, 1])
def test_sobol_indices_of_many_outputs_are_salibs(seed: int) -> None:
    design = saltelli(N, [[0], [1], [2]], seed)
    values = np.column_stack(
        [
            ishigami().function(design),
            1e9 + 1e6 * design[:, 0],
            np.exp(8 * design[:, 1]) * design[:, 2],
            np.where(design[:, 0] > 0.99, 1.0, 0.0),
        ]
    )
    ours = sobol_indices(values, 3, resampler(seed), resamples=100)
    for i in range(values.shape[1]):
        theirs = salib_sobol.analyze(
            problem(3),
            np.ascontiguousarray(values[:, i]),
            calc_second_order=False,
            num_resamples=100,
            seed=seed + 1,
        )
        pairs = (
            (theirs["S1"], ours.first),
            (theirs["S1_conf"], ours.first_half),
            (theirs["ST"], ours.total),
            (theirs["ST_conf"], ours.total_half),
        )
        for a, b in pairs:
            scale = max(1.0, float(np.max(np.abs(a))))
            assert np.max(np.abs(a - b[:, i])) <= SALIB * scale


@pytest.mark.parametrize(
    ("groups", "members"),
    [(None, [[0], [1], [2]]), (["a", "b", "a"], [[0, 2], [1]])],
)
def test_morris_measures_of_many_outputs_are_salibs(
    groups: list[str] | None, members: list[list[int]]
) -> None:
    asked = problem(3, groups)
    design = salib_morris_sample.sample(asked, 40, num_levels=4, seed=5)
    values = np.column_stack([ishigami().function(design), 1e6 * design[:, 1]])
    ours = morris_indices(design, values, members, resampler(0), delta=DELTA)
    for i in range(values.shape[1]):
        theirs = salib_morris.analyze(
            asked,
            design,
            np.ascontiguousarray(values[:, i]),
            num_levels=4,
            num_resamples=1000,
            seed=1,
        )
        scale = float(np.max(ours.mean_absolute[:, i]))
        pairs = [
            (theirs["mu_star"], ours.mean_absolute),
            (theirs["mu_star_conf"], ours.half),
            (theirs["sigma"], ours.sigma),
        ]
        if groups is None:
            pairs.append((theirs["mu"], ours.mean))
        for a, b in pairs:
            a = np.asarray(a, dtype=float)
            assert np.array_equal(np.isnan(a), np.isnan(b[:, i]))
            assert np.nanmax(np.abs(a - b[:, i])) <= SALIB * scale
    if groups is not None:
        assert np.isnan(ours.mean[0]).all()
        assert np.isnan(ours.sigma[0]).all()


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_indices_lie_in_the_intervals(known: Known) -> None:
    columns = [[i] for i in range(known.factors)]
    inside = []
    for seed in range(10):
        design = saltelli(1024, columns, seed)
        found = sobol_indices(
            known.function(design)[:, None], known.factors, resampler(seed)
        )
        assert np.max(np.abs(found.total[:, 0] - known.total)) <= KNOWN_FUNCTION
        assert np.max(np.abs(found.first[:, 0] - known.first)) <= KNOWN_FUNCTION
        inside += list(
            np.abs(found.total[:, 0] - known.total) <= found.total_half[:, 0]
        )
        inside += list(
            np.abs(found.first[:, 0] - known.first) <= found.first_half[:, 0]
        )
    assert np.mean(inside) >= 0.93


def test_seed_zero_is_a_seed() -> None:
    def once(seed: int) -> np.ndarray:
        design = saltelli(64, [[0], [1], [2]], seed)
        found = sobol_indices(ishigami().function(design)[:, None], 3, resampler(seed))
        return np.concatenate([found.total, found.total_half, found.first_half])

    assert np.array_equal(once(0), once(0))
    assert not np.array_equal(once(0), once(1))
    assert np.array_equal(sobol_points(8, 3, 0), sobol_points(8, 3, 0))


@pytest.mark.parametrize(
    ("method", "n", "words"),
    [
        ("sobol", 1000, "nearest: 1024"),
        ("sobol", 8, "allowed: a power of two from 16 to"),
        ("sobol", 2**21, "nearest: 1048576"),
        ("sobol", 0, "nearest: 16"),
        ("morris", 1, "number of Morris trajectories"),
    ],
)
def test_sample_sizes_that_will_not_do(method: str, n: int, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        check_n(method, n)
