"""Random graphs: both engines compute the same, and runs are independent."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sdmodel.engines.operations import LEAVES, OPERATIONS
from sdmodel.engines.simulate import simulate
from sdmodel.model.core import Input, Model, State, TimeAxis
from sdmodel.model.expr import Graph
from sdmodel.model.functions import OPERATIONS as ALL
from sdmodel.study.design import Inputs, Save, Schedule
from tests.engines.small import TABLE, build
from tests.tolerances import KERNEL_VS_NUMPY

# Rounding differs by a last place in these, and a step function or a pole makes any
# difference large: they are compared one operation at a time in test_functions.py.
ROUNDED = {"exp", "ln", "pow", "sin", "cos", "tan", "arcsin", "arccos", "arctan"}
ROUNDED |= {"sinh", "cosh", "tanh"}
EXACT = [*sorted(set(OPERATIONS) - ROUNDED), "lookup", "uniform", "inverse"]
SMOOTH = ["add", "mul", "exp", "ln", "pow", "sub", "sqrt", "abs", "min", "max", "sin"]
STEPS = TimeAxis(0.0, 0.5, 1 / 16, 1 / 16)


@st.composite
def graphs(draw: st.DrawFn, operations: list[str]) -> Model:
    """A model of two states, three inputs and up to 25 operations."""
    graph = Graph()
    nodes = [graph.add("input", data=i) for i in range(3)]
    nodes += [graph.add("state", data=i) for i in range(2)]
    nodes += [graph.add("time"), graph.add("dt")]
    for value in draw(st.lists(st.floats(-3, 3), min_size=2, max_size=4)):
        nodes.append(graph.const(value))
    for op in draw(st.lists(st.sampled_from(operations), min_size=1, max_size=25)):
        arity = 4 if op == "inverse" else ALL[op].arity
        args = [nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(arity)]
        data = {"lookup": 0, "uniform": len(nodes) * 2**55 + 1, "inverse": 2}.get(op)
        node = graph.add(op, *args, data=data)
        if op == "inverse":  # of two rows; a value are its parts alone
            node = graph.add("part", node, data=draw(st.integers(0, 3)))
        nodes.append(node)
    pick = st.integers(0, len(nodes) - 1)
    states = (
        State("A", nodes[0], nodes[draw(pick)]),
        State("B", nodes[1], nodes[draw(pick)], "assign"),
    )
    return build(
        graph,
        {f"n{i}": node for i, node in enumerate(nodes)},
        inputs=[Input("x", 0.5), Input("y", 1.5), Input("z", -1.0)],
        states=states,
        lookups=[TABLE],
        time=STEPS,
    )


values = st.lists(
    st.tuples(*[st.floats(-4, 4, allow_subnormal=False)] * 3), min_size=1, max_size=10
)


def test_every_operation_has_a_generator() -> None:
    assert set(EXACT) | ROUNDED | LEAVES | {"part"} == set(ALL)


@settings(max_examples=60)
@given(graphs(EXACT), values)
def test_exact_operations_agree_to_the_bit(
    model: Model, rows: list[tuple[float, float, float]]
) -> None:
    inputs = Inputs(("x", "y", "z"), np.array(rows))
    save = Save(tuple(model.scalars))
    plain = simulate(model, inputs, save, engine="numpy")
    fast = simulate(model, inputs, save)
    np.testing.assert_array_equal(fast.values, plain.values)
    assert fast.bad_name == plain.bad_name
    np.testing.assert_array_equal(fast.bad_time, plain.bad_time)


@settings(max_examples=30)
@given(graphs(SMOOTH), values)
def test_one_evaluation_of_rounded_functions_agrees(
    model: Model, rows: list[tuple[float, float, float]]
) -> None:
    inputs = Inputs(("x", "y", "z"), np.array(rows))
    save = Save(tuple(model.scalars), (0.0,))
    plain = simulate(model, inputs, save, engine="numpy").values
    fast = simulate(model, inputs, save).values
    # What is left of two large numbers' difference is rounding: judge it by them.
    both = np.isfinite(plain) & np.isfinite(fast) & (np.abs(plain) < 1e9)
    scale = np.maximum(1.0, np.nanmax(np.where(both, np.abs(plain), 1.0)))
    error = np.abs(np.where(both, fast, 0.0) - np.where(both, plain, 0.0)) / scale
    assert error.max() <= 100 * KERNEL_VS_NUMPY


@settings(max_examples=25)
@given(graphs(EXACT), values, st.randoms(use_true_random=False))
def test_runs_are_independent(
    model: Model,
    rows: list[tuple[float, float, float]],
    random: object,
) -> None:
    table = np.array(rows)
    order = np.arange(len(rows))
    random.shuffle(order)  # type: ignore[attr-defined] # a random.Random
    curve = Schedule((0.1, 0.3), (0.0, 2.0))
    entries = tuple(curve if i % 2 else None for i in range(len(rows)))
    save = Save(tuple(model.scalars))
    batch = simulate(model, Inputs(("x", "y", "z"), table, {"y": entries}), save)
    mixed = simulate(
        model,
        Inputs(("x", "y", "z"), table[order], {"y": tuple(entries[i] for i in order)}),
        save,
        jobs=3,
    )
    np.testing.assert_array_equal(mixed.values, batch.values[order])
    assert mixed.bad_name == tuple(batch.bad_name[i] for i in order)
    single = simulate(
        model, Inputs(("x", "y", "z"), table[:1], {"y": entries[:1]}), save
    )
    np.testing.assert_array_equal(single.values[0], batch.values[0])
