"""Inverses of matrices that are loops of the engines, against NumPy's and PySD's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.batch import make_batch
from sdmodel.engines.native import compile_plan
from sdmodel.engines.numpy_engine import run_numpy
from sdmodel.engines.plan import make_plan
from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError, UnsupportedError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.cache import from_bytes, to_bytes
from sdmodel.translate.read import read_model
from tests.engines.small import matrices, sample
from tests.tolerances import BATCH_VS_SINGLE, ENGINE_VS_PYSD, KERNEL_VS_NUMPY
from tests.translate.judging import agree, ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName

SIZE = 11
KINDS = {
    "const": "k[R,C]",
    "run": "k[R,C]*a + IF THEN ELSE(R = C, b, 0)",
    "time": "k[R,C] + IF THEN ELSE(R = C, Time, 0)",
    "step": "k[R,C] + IF THEN ELSE(R = C, s*b, a)",
}


def matrix() -> NDArray[np.float64]:
    """Return a matrix whose diagonal is zero, so that rows must be exchanged."""
    rng = np.random.default_rng(5)
    found = np.round(rng.uniform(-1, 1, (SIZE, SIZE)), 2)
    np.fill_diagonal(found, 0)
    return found


def write(tmp_path: Path, kind: str) -> Path:
    rows = ";".join(",".join(map(str, row)) for row in matrix().tolist())
    body = (
        f"R: (r1-r{SIZE}) ~~|\nC: (c1-c{SIZE}) -> R ~~|\nk[R,C] = {rows}; ~~|\n"
        "a = 1 ~~|\nb = 0.5 ~~|\ns = INTEG(0.25, 1) ~~|\n"
        # Before the matrix: it must wait for it.
        f"i[R,C] = INVERT MATRIX(m[R,C], {SIZE}) ~~|\n"
        f"m[R,C] = {KINDS[kind]} ~~|\n"
        "g[R] = INTEG(SUM(i[R,C!]) - g[R], 0) ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_the_inverse_is_numpys_and_pysds(
    kind: str, tmp_path: Path, engine: EngineName
) -> None:
    got, compared = agree(write(tmp_path, kind), engine, bound=1e3 * ENGINE_VS_PYSD)
    assert compared > 2 * SIZE**2
    for step in (0, 16):
        table = np.array(
            [
                [got[f"m[r{r + 1},c{c + 1}]"][step] for c in range(SIZE)]
                for r in range(SIZE)
            ]
        )
        inverse = np.array(
            [
                [got[f"i[r{r + 1},c{c + 1}]"][step] for c in range(SIZE)]
                for r in range(SIZE)
            ]
        )
        np.testing.assert_allclose(table @ inverse, np.eye(SIZE), atol=1e-12)


@pytest.mark.parametrize("kind", ["run", "step"])
def test_every_run_has_pivots_of_its_own(kind: str, tmp_path: Path) -> None:
    model = read_model(write(tmp_path, kind), cache=False)
    rng = np.random.default_rng(1)
    rows = rng.uniform(-2, 2, (13, 3))
    inputs = Inputs(("a", "b", "k[r1,c2]"), rows)
    save = Save(tuple(model.scalars))
    fast = simulate(model, inputs, save).values
    slow = simulate(model, inputs, save, engine="numpy").values
    size = np.abs(slow).max(axis=(0, 1))
    assert (np.abs(fast - slow) / np.where(size > 0, size, 1)).max() <= KERNEL_VS_NUMPY
    for run in (0, 7, 12):
        one = simulate(model, Inputs(inputs.names, rows[run : run + 1]), save).values
        assert np.abs(one[0] - fast[run]).max() <= BATCH_VS_SINGLE


@pytest.mark.parametrize("size", [3, 11])
def test_rows_and_columns_of_one_range(
    size: int, tmp_path: Path, engine: EngineName
) -> None:
    numbers = matrix()[:size, :size]
    rows = ";".join(",".join(map(str, row)) for row in numbers.tolist())
    path = tmp_path / "m.mdl"
    body = (
        f"R: (r1-r{size}) ~~|\nC: (r1-r{size}) ~~|\nm[R,C] = {rows}; ~~|\n"
        f"i[R,C] = INVERT MATRIX(m[R,R], {size}) ~~|\n"
    )
    path.write_text(vensim(body))
    got = ours(path, engine)
    inverse = np.linalg.inv(numbers)
    for r in range(size):
        for c in range(size):
            found = got[f"i[r{r + 1},r{c + 1}]"][0]
            assert found == pytest.approx(inverse[r, c], rel=1e-9, abs=1e-12)


def test_a_matrix_without_inverse_makes_its_own_run_bad(
    tmp_path: Path, engine: EngineName
) -> None:
    model = read_model(write(tmp_path, "run"), cache=False)
    inputs = Inputs(("a", "b"), np.array([[1, 0.5], [0, 0], [1, 0.25]]))
    out = simulate(model, inputs, Save(("i[r1,c1]",)), engine=engine)
    assert out.status.tolist() == [0, 1, 0]


def test_the_graph_can_be_kept(tmp_path: Path) -> None:
    model = read_model(write(tmp_path, "step"), cache=False)
    assert from_bytes(to_bytes(model), model.path).nodes == model.nodes


def test_limits_are_told(tmp_path: Path) -> None:
    body = (
        "R: (r1-r101) ~~|\nC: (c1-c101) ~~|\nm[R,C] = R + C ~~|\n"
        "i[R,C] = INVERT MATRIX(m[R,C], 101) ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text(vensim(body))
    with pytest.raises(UnsupportedError, match="101 elements; at most 100"):
        read_model(path, cache=False)


def test_explain_says_that_it_cannot(tmp_path: Path) -> None:
    from sdmodel.experiments.courses import courses
    from sdmodel.experiments.workbook import open_workbook

    book = open_workbook(write(tmp_path, "step"))
    scenario = book.scenario("baseline")
    with pytest.raises(RunError, match="cannot look into INVERT MATRIX"):
        courses(book.model, [scenario, scenario])


@pytest.mark.parametrize("piece", [3, 400])
def test_functions_of_any_length_have_the_same_bits(piece: int) -> None:
    model = matrices()
    plan = make_plan(model, tuple(model.scalars))
    inputs = sample(model, 9)
    steps = np.arange(model.time.steps + 1)
    batch = make_batch(model, plan, inputs, {}, steps)
    whole = compile_plan(plan, use_cache=False, piece=piece).run(batch).values
    slow = run_numpy(plan, batch).values
    np.testing.assert_array_equal(whole, slow)
