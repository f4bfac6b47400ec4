"""Studies: honest about bad runs, reproducible, and the same through the engines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import StudyError
from sdmodel.experiments.analysis import CLASSES, analyse, check_size, count_runs
from sdmodel.experiments.methods import METHODS, find_method
from sdmodel.experiments.sensitivity import sensitivity
from sdmodel.experiments.space import make_space
from sdmodel.experiments.verdicts import converged, tiers
from sdmodel.experiments.workbook import workbook_of
from sdmodel.study.study import read_study
from tests.experiments.functions_with_known_indices import (
    control,
    ishigami,
    plain_space,
)
from tests.tolerances import SALIB

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.indices import Evaluate, SensitivityResult
    from sdmodel.model.core import Model

METHOD_NAMES = ("morris", "sobol")


def planted(bad: int, kind: float = np.nan, *, fails: bool = False) -> Evaluate:
    """Return a model whose first ``bad`` runs go wrong in the first of two outcomes."""

    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        good = values.sum(axis=1)
        spoilt = good.copy()
        spoilt[:bad] = kind
        failed = np.zeros(len(values), dtype=bool)
        if fails:
            failed[:bad] = True
        return np.column_stack([spoilt, good]), failed

    return evaluate


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("kind", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bad", [1, 10, 100])
def test_no_index_comes_from_a_bad_run(method: str, kind: float, bad: int) -> None:
    (found,) = analyse(
        plain_space(3),
        ("spoilt", "good"),
        planted(bad, kind),
        method=METHODS[method],
        n=64,
        seed=0,
    )
    spoilt, good = found.verdicts
    assert spoilt.state == "withheld"
    assert spoilt.bad == bad
    assert spoilt.examples == tuple(range(min(bad, 3)))
    assert f"{bad} of {len(found.failed)} runs" in spoilt.reason
    assert good.state == "ok"
    for level in found.levels:
        for values in level.value.values():
            assert np.isnan(values[:, 0]).all()
    assert found.converged[0] is None
    assert (found.tiers[:, 0] == 0).all()


def test_a_failed_run_withholds_every_outcome() -> None:
    (found,) = analyse(
        plain_space(3),
        ("spoilt", "good"),
        planted(2, 1.0, fails=True),
        method=METHODS["sobol"],
        n=16,
        seed=0,
    )
    assert [verdict.state for verdict in found.verdicts] == ["withheld", "withheld"]
    assert found.judge is None


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_constant_outcome_has_no_effect_and_no_index(method: str) -> None:
    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        noise = 1e6 * (1 + 1e-15 * values[:, 0])
        zero = np.zeros(len(values))
        return np.column_stack([noise, zero, values[:, 0]]), zero.astype(bool)

    (found,) = analyse(
        plain_space(2),
        ("rounding", "zero", "real"),
        evaluate,
        method=METHODS[method],
        n=16,
        seed=0,
    )
    states = [verdict.state for verdict in found.verdicts]
    assert states == ["no effect", "no effect", "ok"]
    last = found.levels[-1].value[METHODS[method].main]
    assert np.isnan(last[:, :2]).all()
    assert last[1, 2] == 0.0


def test_levers_uncertainties_and_their_interaction_have_indices_of_their_own() -> None:
    space = make_space([control("a"), control("b"), control("u", "uncertainty")])

    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        at = {name: np.full(len(values), 0.5) for name in ("a", "b", "u")}
        at |= dict(zip(names, values.T, strict=True))
        found = (at["a"] - 0.5) * (at["u"] - 0.5) + at["b"] - 0.5
        return found[:, None], np.zeros(len(values), dtype=bool)

    method = METHODS["sobol"]
    found = analyse(space, ("y",), evaluate, method=method, n=512, seed=0)
    levers, uncertainties, classes = found
    assert [e.scope for e in found] == ["levers", "uncertainties", CLASSES]
    assert sum(len(e.failed) for e in found) == count_runs(space, method, 512)
    # With u held at 0.5 only b moves the outcome; with a held at 0.5 nothing does.
    assert levers.levels[-1].value["ST"][:, 0] == pytest.approx([0, 1], abs=1e-3)
    assert uncertainties.verdicts[0].state == "no effect"
    # Var = 1/12 of b and 1/144 of the product, which only both classes explain.
    product = (1 / 144) / (1 / 144 + 1 / 12)
    first, total = (classes.levels[-1].value[name][:, 0] for name in ("S1", "ST"))
    assert first == pytest.approx([1 - product, 0], abs=0.03)
    assert total == pytest.approx([1, product], abs=0.03)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_design_is_judged_by_salib(method: str) -> None:
    def evaluate(
        names: tuple[str, ...], values: NDArray[np.float64], /
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        del names
        return ishigami().function(values)[:, None], np.zeros(len(values), dtype=bool)

    (found,) = analyse(
        plain_space(3), ("y",), evaluate, method=METHODS[method], n=64, seed=0
    )
    assert found.judge is not None
    assert found.judge <= SALIB
    assert [level.n for level in found.levels] == [8, 16, 32, 64]


def test_factors_whose_intervals_overlap_share_a_tier() -> None:
    value = np.array([0.10, 0.50, 0.45, 0.12, 0.0])
    half = np.array([0.05, 0.05, 0.05, 0.05, 0.0])
    assert tiers(value, half).tolist() == [2, 1, 1, 2, 3]
    assert tiers(value, np.zeros(5)).tolist() == [4, 1, 2, 3, 5]
    # A wide interval joins what it reaches across.
    assert tiers(value, np.array([0.4, 0, 0, 0, 0])).tolist() == [1, 1, 1, 1, 1]


def test_converged_means_narrow_and_settled() -> None:
    def level(value: float, half: float) -> tuple[np.ndarray, np.ndarray]:
        return np.array([value, 0.5]), np.array([half, 0.01])

    narrow = [level(0.30, 0.06), level(0.32, 0.04)]
    assert converged(narrow, bound=0.05, relative=False)
    assert not converged(narrow[1:], bound=0.05, relative=False)
    assert not converged(
        [level(0.30, 0.06), level(0.32, 0.051)], bound=0.05, relative=False
    )
    assert not converged(
        [level(0.20, 0.06), level(0.32, 0.04)], bound=0.05, relative=False
    )
    assert converged(narrow, bound=0.08, relative=True)
    assert not converged(narrow, bound=0.07, relative=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lhs", "draws runs without indices; it is for 'sdmodel sweep'"),
        ("sobel", "unknown; .*nearest: 'sobol'"),
    ],
)
def test_methods_that_are_not_there(name: str, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        find_method(name)


def study_of(
    model: Model, folder: Path, method: str, n: int, engine: EngineName, seed: int = 0
) -> SensitivityResult:
    book = workbook_of(model, folder)
    study = read_study(
        folder / "runs" / "shares" / "study.toml",
        controls=book.controls,
        outcomes=book.outcomes,
        scenarios=book.scenario_ids(),
    )
    return sensitivity(
        model,
        replace(study, method=method, n=n, seed=seed),
        scenarios=[book.scenario(name) for name in study.scenarios],
        controls=book.controls,
        outcomes=book.outcomes,
        engine=engine,
    )


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_study_of_a_model(
    tiny: Model, tiny_folder: Path, engine: EngineName, method: str
) -> None:
    found = study_of(tiny, tiny_folder, method, 32, engine)
    levers, uncertainties = found.estimates["baseline"][:2]
    assert levers.groups[0] == "payment"
    assert "DRG share" not in levers.groups
    assert "trust delay" in uncertainties.groups
    shares = levers.inputs[:, [levers.names.index("DIP share")]]
    assert (shares >= 0).all()
    states = {v.state for v in levers.verdicts}
    assert states == {"ok", "withheld"}  # the fund does not run out in every run
    json.dumps(found.to_json(), allow_nan=False)
    document = found.to_json()["scenarios"]["baseline"]["outcomes"]["fund_balance"]
    premium = document["levers"]["factors"]["premium"]
    main = premium["ST" if method == "sobol" else "mu_star"]
    assert main["low"] <= main["value"] <= main["high"]
    assert document["levers"]["converged"] in (True, False)
    assert document["levers"]["factors"]["tertiary capacity"]["effect"] == "none"
    dry = found.to_json()["scenarios"]["baseline"]["outcomes"]["fund_depletion_year"]
    assert dry["levers"]["factors"] == {}
    assert len(dry["levers"]["first_bad_inputs"]) == 3
    assert found.runs == sum(len(e.failed) for p in found.estimates.values() for e in p)


def test_the_same_seed_gives_the_same_bits(tiny: Model, tiny_folder: Path) -> None:
    first = study_of(tiny, tiny_folder, "sobol", 32, "compiled", seed=0)
    again = study_of(tiny, tiny_folder, "sobol", 32, "compiled", seed=0)
    other = study_of(tiny, tiny_folder, "sobol", 32, "compiled", seed=1)
    assert first.indices().equals(again.indices())
    assert not first.indices().equals(other.indices())


def test_progress_ends_at_all_runs(tiny: Model, tiny_folder: Path) -> None:
    book = workbook_of(tiny, tiny_folder)
    study = read_study(
        tiny_folder / "runs" / "shares" / "study.toml",
        controls=book.controls,
        outcomes=book.outcomes,
        scenarios=book.scenario_ids(),
    )
    told: list[tuple[int, int]] = []
    found = sensitivity(
        tiny,
        study,
        scenarios=[book.scenario("drg")],
        controls=book.controls,
        outcomes=book.outcomes,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (found.runs, found.runs)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_study_too_large_is_refused_with_its_cost() -> None:
    with pytest.raises(StudyError, match=r"65,011,712 runs: .* hours .* GB"):
        check_size(62 * 2**20, 180)
    check_size(30 * 1024, 60)
