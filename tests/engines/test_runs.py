"""Runs do not touch one another, and a bad one is a status."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines import simulate as door
from sdmodel.engines.batch import make_batch
from sdmodel.engines.native import compile_plan
from sdmodel.engines.pack import pack
from sdmodel.engines.plan import Stage, make_plan
from sdmodel.engines.simulate import simulate
from sdmodel.engines.target import host_target
from sdmodel.errors import RunError
from sdmodel.model.core import Input, State
from sdmodel.model.expr import Graph
from sdmodel.study.design import Inputs, Save, Schedule
from tests.engines.small import build, decay, medley, sample

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.engines.batch import Raw
    from sdmodel.model.core import Model

SAVE = Save(tuple(medley().scalars))


def equal(a: Raw, b: Raw) -> None:
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.bad_step, b.bad_step)
    np.testing.assert_array_equal(a.bad_index, b.bad_index)


def test_a_batch_equals_its_single_runs(engine: EngineName) -> None:
    model, inputs = medley(), sample(medley(), 11)
    batch = simulate(model, inputs, SAVE, engine=engine)
    for run in (0, 3, 10):
        row = Inputs(inputs.names, inputs.values[run : run + 1])
        single = simulate(model, row, SAVE, engine=engine)
        np.testing.assert_array_equal(single.values[0], batch.values[run])
        assert single.bad_name[0] == batch.bad_name[run]


def test_order_of_runs_reorders_results(engine: EngineName) -> None:
    model, inputs = medley(), sample(medley(), 29)
    order = np.random.default_rng(3).permutation(29)
    straight = simulate(model, inputs, SAVE, engine=engine)
    mixed = simulate(
        model, Inputs(inputs.names, inputs.values[order]), SAVE, engine=engine
    )
    np.testing.assert_array_equal(mixed.values, straight.values[order])


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_threads_blocks_lanes_and_pieces_change_no_bit(lanes: int) -> None:
    model, inputs = medley(), sample(medley(), 75)
    schedule = tuple(
        None if i % 3 == 0 else Schedule((1.0, 3.0), (0.2, i / 75)) for i in range(75)
    )
    plan = make_plan(model, SAVE.names, ("k",))
    batch = make_batch(
        model, plan, inputs, {0: schedule}, np.arange(0, 65, 16, dtype=np.int64)
    )
    first = compile_plan(plan, host_target()).run(batch, jobs=1)
    target = host_target(lanes, wide=False)
    kernel = compile_plan(plan, target)
    equal(kernel.run(batch, jobs=1), first)
    equal(kernel.run(batch, jobs=3, block=16), first)
    equal(compile_plan(plan, target, piece=7).run(batch, jobs=2, block=8), first)
    equal(compile_plan(plan, target, single=True).run(batch, jobs=2, block=8), first)
    quick = compile_plan(plan, target, use_cache=False, quick=True)
    equal(quick.run(batch, jobs=1), first)


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_elements_in_vectors_change_no_bit(lanes: int, tiny: Model) -> None:
    names = tuple(tiny.scalars)
    inputs = sample(tiny, 9, spread=0.1)
    plan = make_plan(tiny, names)
    steps = np.arange(tiny.time.steps + 1, dtype=np.int64)
    batch = make_batch(tiny, plan, inputs, {}, steps)
    wide = compile_plan(plan).run(batch)
    for piece in (5, 400):
        kernel = compile_plan(plan, host_target(lanes), piece=piece, single=True)
        equal(kernel.run(batch), wide)


def test_a_vector_holds_every_node_once() -> None:
    model = medley()
    plan = make_plan(model, tuple(model.scalars))
    packed = pack(plan, 4)
    vectors = [n for n in packed.plan.nodes if n.op not in ("pick", "one", "many")]
    assert len(vectors) < len(plan.nodes)
    placed = sorted(slot for group in packed.states for slot in set(group))
    assert placed == list(range(len(plan.states)))
    for index, node in enumerate(packed.plan.nodes):
        assert all(a < index for a in node.args)


def test_a_bad_run_is_flagged_and_alone(engine: EngineName) -> None:
    values = np.tile([0.5, 1.0], (9, 1))
    values[4, 0] = -1e300  # grows beyond all numbers
    values[7, 1] = np.nan  # never was one
    out = simulate(
        decay(), Inputs(("rate", "start"), values), Save(("S", "flow")), engine=engine
    )
    assert out.status.tolist() == [0, 0, 0, 0, 1, 0, 0, 1, 0]
    assert out.bad_name[7] == "S"
    assert out.bad_time[7] == 0.0
    assert out.bad_name[4] == "S"
    assert out.bad_time[4] == 2 / 16
    assert np.isnan(out.bad_time[0])
    assert out.bad_name[0] == ""
    clean = simulate(
        decay(), Inputs((), np.empty((1, 0))), Save(("S", "flow")), engine=engine
    )
    for run in (0, 3, 5, 8):
        np.testing.assert_array_equal(out.values[run], clean.values[0])


def test_a_bad_saved_value_is_found_at_saved_times_only(engine: EngineName) -> None:
    graph = Graph()
    time = graph.add("time")
    once = graph.add("div", graph.const(1.0), graph.add("sub", time, graph.const(2.0)))
    model = build(graph, {"pole": once})
    query = Inputs((), np.empty((1, 0)))
    met = simulate(model, query, Save(("pole",)), engine=engine)
    assert (met.status[0], met.bad_time[0], met.bad_name[0]) == (1, 2.0, "pole")
    missed = simulate(model, query, Save(("pole",), (1.0, 3.0)), engine=engine)
    assert missed.status[0] == 0


def test_an_assigned_state_that_recovers_is_still_flagged(engine: EngineName) -> None:
    graph = Graph()
    time, state = graph.add("time"), graph.add("state", data=0)
    pole = graph.add("div", graph.const(1.0), graph.add("sub", time, graph.const(2.0)))
    # The pole is met at a step's start and gone at the next.
    finite = graph.add("min", graph.const(5.0), state)
    model = build(
        graph,
        {"finite": finite},
        states=(State("A", graph.const(0.0), pole, "assign"),),
    )
    out = simulate(
        model, Inputs((), np.empty((1, 0))), Save(("finite",)), engine=engine
    )
    assert (out.status[0], out.bad_name[0]) == (1, "A")
    assert out.bad_time[0] == 2 + 1 / 16


def test_only_what_is_asked_for_is_computed() -> None:
    graph = Graph()
    a, b = graph.add("input", data=0), graph.add("input", data=1)
    states = [graph.add("state", data=i) for i in range(2)]
    model = build(
        graph,
        {"x": states[0], "y": states[1]},
        inputs=(Input("a", 1.0), Input("b", 1.0)),
        states=(State("x", a, a), State("y", b, b)),
    )
    plan = make_plan(model, ("y",))
    assert [state.name for state in plan.states] == ["y"]
    assert plan.inputs == (1,)
    assert set(plan.stages) == {Stage.RUN, Stage.STEP}


def test_constants_fold_and_time_is_tabulated_once() -> None:
    graph = Graph()
    time = graph.add("time")
    two = graph.add("add", graph.const(1.0), graph.const(1.0))
    root = graph.add("exp", graph.add("mul", time, graph.add("sqrt", two)))
    plan = make_plan(build(graph, {"x": root}), ("x",))
    assert set(plan.stages) == {Stage.CONST, Stage.TIME}
    np.testing.assert_array_equal(
        plan.time_table(3)[:, 0], np.exp(np.arange(4) / 16 * np.sqrt(2.0))
    )


def test_a_kernel_is_kept_and_a_damaged_one_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SDMODEL_CACHE", str(tmp_path / "cache"))
    plan = make_plan(decay(), ("S",))
    assert not compile_plan(plan).cached
    assert compile_plan(plan).cached
    (stored,) = (tmp_path / "cache" / "kernels").iterdir()
    stored.write_bytes(stored.read_bytes()[:-9])
    again = compile_plan(plan)
    assert not again.cached
    assert compile_plan(plan).cached
    assert compile_plan(plan, quick=True).cached, "better code serves as well"
    stored.unlink()
    assert not compile_plan(plan, quick=True).cached
    assert compile_plan(plan, quick=True).cached
    assert not compile_plan(plan).cached, "quick code does not serve for many runs"
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SDMODEL_CACHE", str(blocked))
    assert not compile_plan(plan).cached


def test_numpy_takes_over_without_llvmlite(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    query, save = sample(decay(), 3), Save(("S", "rate"))
    expected = simulate(decay(), query, save, engine="numpy")
    monkeypatch.setattr(door, "_kernels", {})
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    with caplog.at_level(logging.WARNING):
        out = simulate(decay(), query, save)
    assert "NumPy engine takes over" in caplog.text
    np.testing.assert_array_equal(out.values, expected.values)


def test_progress_counts_up_to_all_runs(engine: EngineName) -> None:
    seen: list[tuple[int, int]] = []
    simulate(
        decay(),
        sample(decay(), 600),
        Save(("S",)),
        engine=engine,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (600, 600)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_failing_progress_stops_the_batch() -> None:
    def stop(done: int, total: int) -> None:
        msg = "enough"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="enough"):
        simulate(decay(), sample(decay(), 5000), Save(("S",)), jobs=2, progress=stop)


def test_all_that_is_wrong_is_told_at_once(tiny: object) -> None:
    model = decay()
    query = Inputs(
        ("rat", "rate", "S"),
        np.zeros((2, 3)),
        {"start": (Schedule((2.0, 1.0), (0.0, 1.0)),)},
    )
    with pytest.raises(RunError) as caught:
        simulate(model, query, Save(("flw", "S"), (0.5, 0.51, 9.0)))
    text = str(caught.value)
    for words in (
        "no constant 'rat'; nearest: 'rate'",
        "'S' is computed by the model and cannot be set",
        "1 entries for 2 runs",
        "times must grow",
        "no variable 'flw'; nearest: 'flow'",
        "saved time 0.51: not on the step grid",
        "saved time 9: outside the model's horizon",
    ):
        assert words in text


def test_an_array_is_not_one_scalar(tiny_folder: Path) -> None:
    from sdmodel.translate.read import read_model

    model = read_model(tiny_folder)
    with pytest.raises(RunError, match="has 2 elements; name one of them"):
        simulate(model, Inputs((), np.empty((1, 0))), Save(("visits per person",)))


def test_no_run_and_no_name_are_fine(engine: EngineName) -> None:
    none = simulate(decay(), Inputs((), np.empty((0, 0))), Save(("S",)), engine=engine)
    assert none.values.shape == (0, 5, 1)
    bare = simulate(decay(), Inputs((), np.empty((2, 0))), Save(()), engine=engine)
    assert bare.values.shape == (2, 5, 0)
    timeless = simulate(
        decay(), Inputs((), np.empty((2, 0))), Save(("S",), ()), engine=engine
    )
    assert timeless.values.shape == (2, 0, 1)
