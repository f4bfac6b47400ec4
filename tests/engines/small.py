"""Models of a few nodes, built by hand, and questions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.model.core import Input, Lookup, Model, State, TimeAxis
from sdmodel.model.expr import Graph
from sdmodel.study.design import Inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = Lookup(
    "effect", (0.0, 0.25, 0.5, 1.0, 2.0, 5.0), (1.0, 3.0, 2.0, 5.0, 4.0, 4.5)
)


def build(
    graph: Graph,
    scalars: dict[str, int],
    *,
    inputs: Sequence[Input] = (),
    states: Sequence[State] = (),
    lookups: Sequence[Lookup] = (TABLE,),
    time: TimeAxis | None = None,
    digest: str | None = None,
) -> Model:
    """Wrap a graph as a model. Its digest is its contents."""
    time = time or TimeAxis(0.0, 4.0, 1 / 16, 1.0)
    parts = (graph.nodes, scalars, inputs, states, lookups, time)
    return Model(
        name="small",
        path="small.mdl",
        digest=digest or repr(parts),
        time=time,
        subscripts={},
        variables={},
        nodes=tuple(graph.nodes),
        scalars=scalars,
        inputs=tuple(inputs),
        states=tuple(states),
        lookups=tuple(lookups),
    )


def decay(step: float = 1 / 16) -> Model:
    """S' = -rate · S from S(0) = start; saved: S and the flow."""
    graph = Graph()
    rate = graph.add("input", data=0)
    start = graph.add("input", data=1)
    stock = graph.add("state", data=0)
    flow = graph.add("mul", rate, stock)
    scalars = {"S": stock, "flow": flow, "rate": rate}
    return build(
        graph,
        scalars,
        inputs=(Input("rate", 0.5), Input("start", 1.0)),
        states=(State("S", start, graph.add("neg", flow)),),
        time=TimeAxis(0.0, 4.0, step, 1.0),
    )


def medley() -> Model:
    """Every operation at least once, fed by two stocks, time and three inputs."""
    graph = Graph()
    k, h, z = (graph.add("input", data=i) for i in range(3))
    s, q = (graph.add("state", data=i) for i in range(2))
    t, dt = graph.add("time"), graph.add("dt")
    c = graph.const
    scalars: dict[str, int] = {"S": s, "Q": q, "time": t, "k": k}
    binary = "add sub mul div pow lt le gt ge eq ne and or min max modulo zidz"
    for op in binary.split():
        scalars[f"{op} sh"] = graph.add(op, s, h)
        scalars[f"{op} hs"] = graph.add(op, h, s)
        scalars[f"{op} sq"] = graph.add(op, s, q)
        scalars[f"{op} s2"] = graph.add(op, s, c(2.0))
        scalars[f"{op} ts"] = graph.add(op, t, s)
        scalars[f"{op} tk"] = graph.add(op, t, k)
        scalars[f"{op} kt"] = graph.add(op, k, h)
    unary = "neg not exp ln sqrt abs sin cos tan sinh cosh tanh arctan integer"
    for op in unary.split():
        scalars[f"{op} s"] = graph.add(op, s)
        scalars[f"{op} t"] = graph.add(op, graph.add("add", t, dt))
        scalars[f"{op} k"] = graph.add(op, k)
    small = graph.add("mul", s, c(0.25))
    scalars["arcsin"] = graph.add("arcsin", small)
    scalars["arccos"] = graph.add("arccos", small)
    scalars["uniform"] = graph.add("uniform", k, z, t, data=2**62 + 12345)
    scalars["xidz"] = graph.add("xidz", h, graph.add("sub", s, s), q)
    scalars["if"] = graph.add("if", graph.add("gt", s, q), t, h)
    for i, name in enumerate(("clamp", "extrapolate", "backward", "forward", "long")):
        scalars[name] = graph.add("lookup", graph.add("sub", q, c(0.5)), data=i)
        scalars[f"{name} t"] = graph.add("lookup", t, data=i)
    grow = graph.add("mul", k, graph.add("sub", q, s))
    held = graph.add("if", graph.add("gt", t, z), graph.add("mul", s, h), q)
    long = Lookup(
        "long",
        tuple(float(i) / 7 for i in range(23)),
        tuple(float((i * 37) % 11) for i in range(23)),
    )
    tables = [
        TABLE,
        Lookup("e", TABLE.x, TABLE.y, "extrapolate"),
        Lookup("b", TABLE.x, TABLE.y, "hold_backward"),
        Lookup("f", TABLE.x, TABLE.y, "hold_forward"),
        long,
    ]
    return build(
        graph,
        scalars,
        inputs=(Input("k", 0.5), Input("h", 0.75), Input("z", 2.0)),
        states=(State("S", c(1.0), grow), State("Q", h, held, "assign")),
        lookups=tables,
    )


def matrices() -> Model:
    """Inverses known once a run, of time alone and of each step, of one another too."""
    graph = Graph()
    k, h = (graph.add("input", data=i) for i in range(2))
    s, t, c = graph.add("state", data=0), graph.add("time"), graph.const
    scalars: dict[str, int] = {"S": s}
    kinds = {
        "const": (c(0.0), c(2.0), c(4.0), c(1.0)),
        "run": (c(0.0), k, h, c(1.0)),
        "time": (t, c(2.0), c(3.0), t),
        "step": (s, h, t, graph.add("sub", k, s)),
    }
    for name, elements in kinds.items():
        whole = graph.add("inverse", *elements, data=2)
        for place in range(4):
            scalars[f"{name} {place}"] = graph.add("part", whole, data=place)
    names = [f"{name} {place}" for name in ("run", "step") for place in range(4)]
    wide = [graph.add("sub", c(float(i % 5)), s) for i in range(8)]
    nine = [scalars[name] for name in names] + [t, *wide[:7]]
    whole = graph.add("inverse", *nine, data=4)
    for place in range(16):
        scalars[f"both {place}"] = graph.add("part", whole, data=place)
    return build(
        graph,
        scalars,
        inputs=(Input("k", 0.5), Input("h", 0.75)),
        states=(State("S", c(1.0), scalars["step 1"]),),
    )


def sample(model: Model, runs: int, *, spread: float = 0.5, seed: int = 0) -> Inputs:
    """Values around the defaults, one row per run."""
    rng = np.random.default_rng(seed)
    defaults = np.array([item.default for item in model.inputs])
    factor = rng.uniform(1 - spread, 1 + spread, (runs, len(defaults)))
    return Inputs(tuple(item.name for item in model.inputs), defaults * factor)
