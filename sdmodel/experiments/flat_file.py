"""Part of a model as a file of scalars, for a program that scores links one by one.

Everything off the links asked for is a course of the run that is looked at; what is
left has no arrays, no macros and a stock with one net flow for every state, so that a
program that scores no link into the flow of an array can score each of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from sdmodel.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.cut import Link
    from sdmodel.model.expr import NodeId
    from sdmodel.model.web import Web

MOST_TABLES = 200
"""Tables that courses are spread over: pysimlin holds 255, and copies a table for each
that reads it."""
_TEXT: Mapping[str, str] = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "pow": "({0} ^ {1})",
    "neg": "(0 - {0})",
    "min": "MIN({0}, {1})",
    "max": "MAX({0}, {1})",
    "exp": "EXP({0})",
    "ln": "LN({0})",
    "sqrt": "SQRT({0})",
    "abs": "ABS({0})",
    "lt": "(IF {0} < {1} THEN 1 ELSE 0)",
    "le": "(IF {0} <= {1} THEN 1 ELSE 0)",
    "gt": "(IF {0} > {1} THEN 1 ELSE 0)",
    "ge": "(IF {0} >= {1} THEN 1 ELSE 0)",
    "if": "(IF {0} <> 0 THEN {1} ELSE {2})",
    "zidz": "(IF ABS({1}) < 0.000001 THEN 0 ELSE ({0} / {1}))",
    "xidz": "(IF ABS({1}) < 0.000001 THEN {2} ELSE ({0} / {1}))",
}
_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>sdmodel</vendor><product version="1">sdmodel</product></header>
<sim_specs method="euler" time_units="Year">
<start>{start!r}</start><stop>{stop!r}</stop><dt>{step!r}</dt>
</sim_specs>
<model><variables>
"""


@dataclass(frozen=True)
class FlatFile:
    """XMILE of scalars; ``links`` says what each link is called there.

    Into a state a link leads to its net flow.
    """

    text: str
    links: Mapping[Link, tuple[str, str]]


def flat_file(web: Web, courses: Courses, run: int, links: Sequence[Link]) -> FlatFile:
    """Write the equations at the end of some links, all else as it was in a run.

    Parameters
    ----------
    web, courses, run
        The model's graph, and the run whose courses stand for all else.
    links
        What is read and who reads it, between elements.

    Raises
    ------
    RunError
        If an equation holds what is not written so, or the clock is uneven.
    """
    if web.model.time.clock:
        msg = "its time step changes on the way"
        raise RunError(msg)
    return _Writer(web, courses, run, links).file()


class _Writer:
    def __init__(
        self, web: Web, courses: Courses, run: int, links: Sequence[Link]
    ) -> None:
        self.web, self.courses, self.run = web, courses, run
        self.links = dict.fromkeys(links)
        self.readers = dict.fromkeys(reader for _, reader in links)
        self.names: dict[str, str] = {}
        self.lines: list[str] = []
        self.tables: dict[bytes, tuple[str, NDArray[np.float64]]] = {}

    def file(self) -> FlatFile:
        for reader in self.readers:
            self._equation(reader)
        for source in dict.fromkeys(source for source, _ in self.links):
            if source not in self.readers:
                course = self._course(self.web.model.scalars[source])
                self._variable("aux", self._name(source), course)
        self._data()
        axis = self.web.model.time
        head = _HEAD.format(start=axis.start, stop=axis.last, step=axis.step)
        text = "\n".join(self.lines)
        ends = {
            (source, reader): (self._name(source), self._end(reader))
            for source, reader in self.links
        }
        return FlatFile(f"{head}{text}\n</variables></model></xmile>\n", ends)

    def _name(self, element: str) -> str:
        return self.names.setdefault(element, f"v{len(self.names)}")

    def _end(self, reader: str) -> str:
        name = self._name(reader)
        return f"net_{name}" if self.web.is_state(reader) else name

    def _variable(self, kind: str, name: str, equation: str, more: str = "") -> None:
        written = f"<eqn>{escape(equation)}</eqn>{more}"
        self.lines.append(f'<{kind} name="{name}">{written}</{kind}>')

    def _equation(self, reader: str) -> None:
        name, end, web = self._name(reader), self._end(reader), self.web
        if not web.is_state(reader):
            self._variable("aux", name, self._formula(reader))
            return
        if any(s.name == reader and s.rule != "rate" for s in web.model.states):
            msg = f"'{reader}' is no stock with a net flow"
            raise RunError(msg)
        start = _number(self._values(web.model.scalars[reader])[0])
        self._variable("stock", name, start, f"<inflow>{end}</inflow>")
        self._variable("flow", end, self._formula(reader))

    def _formula(self, reader: str) -> str:
        """Return an equation in its links' sources; what none of them moves is data."""
        web, nodes = self.web, self.web.model.nodes
        root, state = web.equation(reader), web.is_state(reader)
        moved: dict[NodeId, str] = {}
        for node in web.body(reader):
            owner = web.owner.get(node)
            if owner is not None and (node != root or state):
                if (owner, reader) in self.links:
                    moved[node] = self._name(owner)
                continue
            what = nodes[node]
            if any(argument in moved for argument in what.args):
                if what.op not in _TEXT:
                    msg = f"the equation of '{reader}' holds '{what.op}'"
                    raise RunError(msg)
                moved[node] = _TEXT[what.op].format(
                    *(moved.get(a) or self._course(a) for a in what.args)
                )
        return moved[root]

    def _values(self, node: NodeId) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.courses.of(node)[self.run]
        if not np.isfinite(found).all():
            msg = "part of it is no number"
            raise RunError(msg)
        return found

    def _course(self, node: NodeId) -> str:
        """Return what stands for a node that no link moves: a number or a series."""
        values = self._values(node)
        if (values == values[0]).all():
            return _number(values[0])
        known = self.tables.setdefault(
            values.tobytes(), (f"d{len(self.tables)}", values)
        )
        return known[0]

    def _data(self) -> None:
        """Write the series: a few in each table, one behind the other."""
        times = self.courses.times
        # A power of two keeps the moved times exact.
        far = 2.0 ** math.ceil(math.log2(times[-1] - times[0] + 1))
        series = list(self.tables.values())
        each = max(1, -(-len(series) // MOST_TABLES))
        for first in range(0, len(series), each):
            xs: list[float] = []
            ys: list[float] = []
            for i, (name, values) in enumerate(series[first : first + each]):
                self._variable("aux", name, f"LOOKUP(t{first}, TIME + {i * far!r})")
                xs += (times + i * far).tolist()
                ys += values.tolist()
            points = f"<xpts>{_list(xs)}</xpts><ypts>{_list(ys)}</ypts>"
            self.lines.append(f'<aux name="t{first}"><gf>{points}</gf></aux>')


def _number(value: float) -> str:
    text = repr(float(value))
    return f"({text})" if value < 0 else text


def _list(values: Sequence[float]) -> str:
    return ",".join(map(repr, values))
