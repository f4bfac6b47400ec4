"""exp, ln, pow and tables of the compiled engine, over their whole range."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.batch import make_batch
from sdmodel.engines.native import compile_plan
from sdmodel.engines.operations import interpolate
from sdmodel.engines.plan import make_plan
from sdmodel.engines.target import Target, host_target
from sdmodel.model.core import Input, Lookup, State
from sdmodel.model.expr import Graph
from sdmodel.model.functions import OPERATIONS
from sdmodel.study.design import Inputs
from tests.engines.small import TABLE, build

if TYPE_CHECKING:
    from numpy.typing import NDArray

INF, NAN = math.inf, math.nan
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -0.5, 5e-324, 1e-310, 1e-300, 1e300]
EDGES += [1.7e308, -1e300, INF, -INF, NAN, 709.7, 709.79, -745.1, -745.2, -710.0, 3.0]
ULPS = 2.0  # of the last place; the C library itself is within one


def random(low: float, high: float, count: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(low, high, count)


def compute(
    op: str, *args: NDArray[np.float64], target: Target, moving: bool
) -> NDArray[np.float64]:
    """Evaluate an operation in a kernel: per step if ``moving``, else per run."""
    graph = Graph()
    inputs = [graph.add("input", data=i) for i in range(len(args))]
    states = tuple(
        State(f"s{i}", node, graph.const(0.0)) for i, node in enumerate(inputs)
    )
    # With two arguments the first stays per run: logarithms taken in the prologue.
    given = inputs
    if moving:
        given = [graph.add("state", data=i) for i in range(len(args))]
        if op in ("div", "pow"):
            keep = 0 if op == "pow" else 1
            given[keep] = inputs[keep]
    root = graph.add(op, *given)
    model = build(
        graph,
        {"y": root},
        inputs=[Input(f"x{i}", 1.0) for i in range(len(args))],
        states=states,
    )
    names = tuple(item.name for item in model.inputs)
    plan = make_plan(model, ("y",))
    query = Inputs(names, np.column_stack(args))
    batch = make_batch(model, plan, query, {}, np.array([0], dtype=np.int64))
    return compile_plan(plan, target, use_cache=False).run(batch).values[:, 0, 0]


def close(got: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
    exact = np.isnan(wanted) | np.isinf(wanted) | (wanted == 0)
    np.testing.assert_array_equal(got[exact], wanted[exact])
    off = np.abs(got[~exact] - wanted[~exact]) / np.spacing(np.abs(wanted[~exact]))
    assert off.max() <= ULPS


UNFUSED = replace(host_target(2, wide=False), fma=False)
TARGETS = [host_target(), host_target(2, wide=False), UNFUSED]


@pytest.mark.parametrize("target", TARGETS, ids=["wide", "general", "unfused"])
@pytest.mark.parametrize("moving", [False, True])
def test_exp_and_ln_within_two_last_places(target: Target, moving: bool) -> None:
    x = np.concatenate([EDGES, random(-750, 715, 4000, 1), random(-1, 1, 4000, 2)])
    exp, ln = OPERATIONS["exp"].scalar, OPERATIONS["ln"].scalar
    assert exp is not None
    assert ln is not None
    close(
        compute("exp", x, target=target, moving=moving),
        np.array([exp(v) for v in x.tolist()]),
    )
    x = np.concatenate(
        [EDGES, np.exp(random(-700, 700, 4000, 3)), random(0.5, 2, 4000, 4)]
    )
    close(
        compute("ln", x, target=target, moving=moving),
        np.array([ln(v) for v in x.tolist()]),
    )


@pytest.mark.parametrize("target", TARGETS, ids=["wide", "general", "unfused"])
@pytest.mark.parametrize("moving", [False, True])
def test_pow_within_two_last_places(target: Target, moving: bool) -> None:
    pairs = [(a, b) for a in EDGES for b in EDGES]
    x = np.concatenate([[a for a, _ in pairs], np.exp(random(-50, 50, 6000, 5))])
    y = np.concatenate([[b for _, b in pairs], random(-16, 16, 6000, 6)])
    with np.errstate(all="ignore"):
        edges = np.power(x[: len(pairs)], y[: len(pairs)])
    power = OPERATIONS["pow"].scalar
    assert power is not None
    rest = zip(x[len(pairs) :].tolist(), y[len(pairs) :].tolist(), strict=True)
    inner = [power(a, b) for a, b in rest]
    wanted = np.concatenate([edges, inner])
    close(compute("pow", x, y, target=target, moving=moving), wanted)


BRIEF = replace(UNFUSED, brief=True)


def near(got: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
    """Hold what a page computes to its promise: an error that grows with the logarithm.

    Results below the normal numbers may be zero, those above 2^1023.5 infinite.
    """
    usual = (np.abs(wanted) > 2.3e-308) & (np.abs(wanted) < 1.2e308)
    special = np.isnan(wanted) | np.isinf(wanted) | (wanted == 0)
    np.testing.assert_array_equal(got[special], wanted[special])
    size = 6.0 + np.abs(np.log2(np.abs(wanted[usual])))
    assert (np.abs(got[usual] / wanted[usual] - 1.0) <= 2.3e-16 * size).all()


@pytest.mark.parametrize("moving", [False, True])
def test_brief_exp_and_pow_keep_their_promise(moving: bool) -> None:
    exp, power = OPERATIONS["exp"].scalar, OPERATIONS["pow"].scalar
    assert exp is not None
    assert power is not None
    x = np.concatenate([EDGES, random(-750, 715, 4000, 1), random(-1, 1, 4000, 2)])
    near(
        compute("exp", x, target=BRIEF, moving=moving),
        np.array([exp(v) for v in x.tolist()]),
    )
    pairs = [(a, b) for a in EDGES for b in EDGES]
    rest = list(
        zip(
            np.exp(random(-50, 50, 6000, 5)).tolist(),
            random(-16, 16, 6000, 6).tolist(),
            strict=True,
        )
    )
    with np.errstate(all="ignore"):
        edges = np.power([a for a, _ in pairs], [b for _, b in pairs])
    wanted = np.concatenate([edges, [power(a, b) for a, b in rest]])
    x, y = np.array(pairs + rest).T
    got = compute("pow", x, y, target=BRIEF, moving=moving)
    near(got, wanted)
    # A lane's neighbour may send both through the function for unusual powers.
    mixed = compute(
        "pow",
        np.column_stack([x, np.full(len(x), -2.0)]).ravel(),
        np.column_stack([y, np.full(len(y), 3.0)]).ravel(),
        target=BRIEF,
        moving=moving,
    )
    np.testing.assert_array_equal(mixed[::2], got)
    assert (mixed[1::2] == -8.0).all()


@pytest.mark.parametrize("target", TARGETS, ids=["wide", "general", "unfused"])
def test_division_by_a_constant_of_the_run_rounds_once(target: Target) -> None:
    pairs = [(a, b) for a in EDGES for b in EDGES if b != 5e-324]
    x = np.concatenate([[a for a, _ in pairs], np.exp(random(-300, 300, 9000, 7))])
    y = np.concatenate([[b for _, b in pairs], np.exp(random(-300, 300, 9000, 8))])
    with np.errstate(all="ignore"):
        wanted = x / y
    usual = (np.abs(y) > 1e-307) | (y == 0) | ~np.isfinite(y)
    usual &= (np.abs(wanted) > 1e-290) | (wanted == 0) | ~np.isfinite(wanted)
    usual &= (np.abs(x) > 1e-290) | (x == 0)
    got = compute("div", x, y, target=target, moving=True)
    np.testing.assert_array_equal(got[usual], wanted[usual])


@pytest.mark.parametrize("target", TARGETS, ids=["wide", "general", "unfused"])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 16, 17, 40])
def test_tables_are_numpys_interp_to_the_bit(target: Target, size: int) -> None:
    rng = np.random.default_rng(size)
    points = tuple(np.cumsum(rng.uniform(0.1, 1.0, size)).tolist())
    heights = tuple(rng.normal(size=size).tolist())
    x = np.concatenate([[-INF, INF, NAN, -1e9, 1e9], points, rng.uniform(-1, 25, 500)])
    for rule in ("clamp", "extrapolate", "hold_backward", "hold_forward"):
        table = Lookup("t", points, heights, rule)
        wanted = interpolate(table, x)
        graph = Graph()
        state = graph.add("state", data=0)
        model = build(
            graph,
            {"y": graph.add("lookup", state, data=0)},
            inputs=[Input("x", 0.0)],
            states=(State("s", graph.add("input", data=0), graph.const(0.0)),),
            lookups=[table],
        )
        plan = make_plan(model, ("y",))
        batch = make_batch(
            model,
            plan,
            Inputs(("x",), x[:, None]),
            {},
            np.array([0], dtype=np.int64),
        )
        kernel = compile_plan(plan, target, use_cache=False)
        got = kernel.run(batch).values[:, 0, 0]
        fair = np.isfinite(x) if rule == "extrapolate" else np.full(len(x), True)
        np.testing.assert_array_equal(got[fair], wanted[fair])


def test_the_oracle_reads_tables_as_written() -> None:
    x = np.array([-1.0, 0.0, 0.3, 5.0, 9.0, NAN])
    rows = {
        "clamp": [1.0, 1.0, 2.8, 4.5, 4.5, NAN],
        "extrapolate": [-7.0, 1.0, 2.8, 4.5, 4.5 + 4 * 0.5 / 3, NAN],
        "hold_backward": [1.0, 1.0, 3.0, 4.5, 4.5, NAN],
        "hold_forward": [1.0, 1.0, 2.0, 4.5, 4.5, NAN],
    }
    for rule, wanted in rows.items():
        table = Lookup("t", TABLE.x, TABLE.y, rule)  # type: ignore[arg-type] # a Literal
        np.testing.assert_allclose(interpolate(table, x), wanted, rtol=1e-14)
