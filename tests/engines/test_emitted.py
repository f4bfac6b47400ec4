"""The code written for a tiny model, as text: read the difference before taking it.

After a change that is meant, write the file anew with
``SDMODEL_REGEN=1 python -m pytest tests/engines/test_emitted.py`` and raise
``emit.VERSION``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sdmodel.engines.emit import emit
from sdmodel.engines.plan import make_plan
from sdmodel.engines.target import Target
from sdmodel.model.core import Input, Lookup, State
from sdmodel.model.expr import Graph
from tests.engines.small import build

GOLDEN = Path(__file__).with_name("golden") / "tiny.ll"
GENERAL = Target(cpu="generic", features="", lanes=4, fma=True, wide=False)


def written() -> str:
    graph = Graph()
    rate, start = (graph.add("input", data=i) for i in range(2))
    stock, time = graph.add("state", data=0), graph.add("time")
    effect = graph.add("lookup", stock, data=0)
    season = graph.add("sin", time)
    flow = graph.add("mul", graph.add("div", stock, rate), effect)
    limit = graph.add("max", graph.const(0.0), graph.add("sub", flow, season))
    model = build(
        graph,
        {"flow": flow},
        inputs=(Input("rate", 0.5), Input("start", 1.0)),
        states=(State("stock", start, graph.add("neg", limit)),),
        lookups=(Lookup("effect", (0.0, 1.0, 2.0), (1.0, 2.0, 2.5)),),
    )
    return emit(make_plan(model, ("flow",)), GENERAL).text


def equations(text: str) -> str:
    """Leave out the loops around a plan's code, which no model changes."""
    parts = text.split("\n\n")
    kept = [
        p for p in parts if not re.match(r"define.*@(scan|watch|flush|sd_run)\(", p)
    ]
    return "\n\n".join(kept)


def test_code_is_as_it_was_read_last() -> None:
    text = equations(written())
    if os.environ.get("SDMODEL_REGEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_code_does_not_depend_on_the_run_of_python() -> None:
    assert written() == written()
