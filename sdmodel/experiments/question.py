"""The question of a sweep: all that decides its numbers, as data that can travel."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import platform
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sdmodel.experiments.ensemble import Ensemble
from sdmodel.experiments.points import (
    Points,
    check_latin,
    latin_points,
    saltelli_points,
    whole,
)
from sdmodel.experiments.space import Group, Space
from sdmodel.study.controls import Control
from sdmodel.study.design import Schedule
from sdmodel.study.expression import Expression
from sdmodel.study.outcomes import Outcome, OutcomeKey
from sdmodel.study.results import value_record, versions
from sdmodel.study.summaries import Window
from sdmodel.translate.cache import from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

Values = dict[str, "float | Schedule"]


@dataclass(frozen=True)
class Question:
    """What a sweep computes.

    ``scenarios`` pairs ids with values; what the design draws takes their place.
    ``space`` is drawn from by ``method``; where it is None, ``names`` and ``table``
    (run, name) are the design. ``bands`` are the times whose spread is kept, none for
    no bands. ``chunk`` is how many runs of one scenario are computed and stored
    together; ``settings`` are those of the compiled kernel.
    """

    model: Model
    scenarios: tuple[tuple[str, Values], ...]
    keys: tuple[OutcomeKey, ...]
    names: tuple[str, ...]
    space: Space | None
    table: NDArray[np.float64] | None = field(repr=False)
    method: str
    n: int
    seed: int
    window: Window
    engine: EngineName
    bands: tuple[float, ...]
    chunk: int
    settings: Mapping[str, int]

    @cached_property
    def points(self) -> Points:
        """The design, in the unit cube; a table's rows as they are."""
        if self.space is None:
            assert self.table is not None  # noqa: S101 - one of the two is there
            return whole(self.table)
        columns = [group.columns for group in self.space.groups]
        if self.method == "lhs":
            check_latin(self.n)
            return latin_points(self.n, self.space.dimensions, self.seed)
        if self.method == "sobol":
            return saltelli_points(self.n, columns, self.seed)
        from sdmodel.experiments.methods import find_method

        return whole(find_method(self.method).design(columns, self.n, self.seed))

    def values(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return what rows ``start`` to ``stop`` of the design set, (run, name)."""
        rows = self.points.rows(start, stop)
        if self.space is None:
            return rows
        return self.space.values(np.ascontiguousarray(rows))

    @property
    def rows(self) -> int:
        """Rows of the design: runs of each scenario."""
        return self.points.runs

    @property
    def runs(self) -> int:
        """Runs in all."""
        return self.rows * len(self.scenarios)

    @property
    def chunks(self) -> int:
        """Number of chunks; each holds runs of one scenario."""
        return len(self.scenarios) * self.chunks_each

    @property
    def chunks_each(self) -> int:
        """Number of chunks of one scenario."""
        return -(-self.rows // self.chunk)

    def span(self, index: int) -> tuple[int, int, int]:
        """Return of a chunk its scenario's place, and its first and last row + 1."""
        scenario, part = divmod(index, self.chunks_each)
        start = part * self.chunk
        return scenario, start, min(start + self.chunk, self.rows)

    def ensemble(self, scenario: int, jobs: int | None = None) -> Ensemble:
        """Return how runs of a scenario are made."""
        return Ensemble(
            self.model,
            self.scenarios[scenario][1],
            self.engine,
            jobs,
            self.window,
            self.settings or None,
        )

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes behind the keys, each once."""
        return tuple({key.outcome.id: key.outcome for key in self.keys}.values())

    def identity(self) -> dict[str, Any]:
        """Return what must be equal for a sweep that was broken off to go on."""
        design: Any = {"names": list(self.names)}
        if self.space is not None:
            design = [_drawn(group) for group in self.space.groups]
        elif self.table is not None:
            data = np.ascontiguousarray(self.table).tobytes()
            design["values"] = hashlib.sha256(data).hexdigest()
        return {
            "model": self.model.digest,
            "scenarios": {
                name: {key: value_record(value) for key, value in values.items()}
                for name, values in self.scenarios
            },
            "outcomes": {
                key.text: [key.outcome.expression.text, key.summary, key.year]
                for key in self.keys
            },
            "method": self.method,
            "n": self.n,
            "seed": self.seed,
            "factors": design,
            "discount": self.window.rate,
            "from": self.window.start,
            "engine": self.engine,
            "bands": list(self.bands),
            "chunk": self.chunk,
            "kernel": dict(self.settings),
            "machine": machine(),
            "versions": versions(),
        }

    @cached_property
    def digest(self) -> str:
        """Name of the question: equal ones have equal answers."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def packed(self) -> bytes:
        """Return the question as bytes: JSON, then the table's numbers if any."""
        table = self.table
        head = {
            "model": to_bytes(self.model).decode(),
            "path": self.model.path,
            "scenarios": [
                [name, {key: value_record(value) for key, value in values.items()}]
                for name, values in self.scenarios
            ],
            "keys": [dataclasses.asdict(key) for key in self.keys],
            "names": self.names,
            "groups": None
            if self.space is None
            else [dataclasses.asdict(group) for group in self.space.groups],
            "shape": None if table is None else table.shape,
            "method": self.method,
            "n": self.n,
            "seed": self.seed,
            "window": dataclasses.asdict(self.window),
            "engine": self.engine,
            "bands": self.bands,
            "chunk": self.chunk,
            "settings": dict(self.settings),
            "versions": versions() | {"machine": machine()},
        }
        text = json.dumps(head).encode()
        numbers = b"" if table is None else np.ascontiguousarray(table).tobytes()
        return text + b"\n" + numbers


def unpacked(data: bytes) -> Question:
    """Return the question that `Question.packed` wrote.

    Raises
    ------
    ValueError
        If it comes from other versions of what computes.
    """
    text, _, numbers = data.partition(b"\n")
    head = json.loads(text)
    there, here = head["versions"], versions() | {"machine": machine()}
    if there != here:
        differs = ", ".join(
            f"{name} {there.get(name)} there and {here.get(name)} here"
            for name in sorted({*there, *here})
            if there.get(name) != here.get(name)
        )
        msg = f"other versions: {differs}"
        raise ValueError(msg)
    table = None
    if head["shape"] is not None:
        table = np.frombuffer(numbers).reshape(head["shape"])
    return Question(
        model=from_bytes(head["model"].encode(), head["path"]),
        scenarios=tuple((name, _values(given)) for name, given in head["scenarios"]),
        keys=tuple(_key_of(item) for item in head["keys"]),
        names=tuple(head["names"]),
        space=None
        if head["groups"] is None
        else Space(tuple(_group_of(item) for item in head["groups"])),
        table=table,
        method=head["method"],
        n=head["n"],
        seed=head["seed"],
        window=Window(**head["window"]),
        engine=cast("EngineName", head["engine"]),
        bands=tuple(head["bands"]),
        chunk=head["chunk"],
        settings=head["settings"],
    )


def machine() -> str:
    """Return the kind of processor and the C library, whose sine the kernel uses."""
    return " ".join((platform.machine(), *platform.libc_ver())).strip()


def _values(given: Mapping[str, Any]) -> Values:
    return {
        name: Schedule(tuple(value["time"]), tuple(value["value"]))
        if isinstance(value, dict)
        else value
        for name, value in given.items()
    }


def _key_of(item: Mapping[str, Any]) -> OutcomeKey:
    about = dict(item["outcome"])
    steps = tuple((kind, what) for kind, what in about["expression"]["steps"])
    about["expression"] = Expression(about["expression"]["text"], steps)
    return OutcomeKey(item["text"], Outcome(**about), item["summary"], item["year"])


def _group_of(item: Mapping[str, Any]) -> Group:
    return Group(
        item["id"],
        item["role"],
        tuple(Control(**control) for control in item["controls"]),
        tuple(item["columns"]),
        item["mix"],
    )


def _drawn(group: Group) -> list[Any]:
    """Return how a group is drawn; labels and sources change no number."""
    return [
        group.id,
        group.mix,
        list(group.columns),
        [[c.name, c.min, c.max, c.default, c.distribution] for c in group.controls],
    ]


RUN_BYTES = 8
SMALLEST_CHUNK, LARGEST_CHUNK = 256, 32768
CHUNK_SECONDS = 8.0
"""Work of one processor that a chunk holds: what a kill may cost, at the most."""
CHUNK_BYTES = 64_000_000
SECONDS = {"compiled": 1.5e-10, "numpy": 2e-9, "pysd": 4e-5}
"""Of one scalar at one step of one run, roughly; `compiled` is that of eight lanes."""


def seconds_of(model: Model, engine: str) -> float:
    """Return about how many seconds of one processor a run takes."""
    return max(model.time.steps, 1) * max(len(model.scalars), 1) * SECONDS[engine]


def usual_chunk(model: Model, engine: str, columns: int) -> int:
    """Return how many runs to store together: a power of two, the same everywhere."""
    by_time = CHUNK_SECONDS / seconds_of(model, engine)
    by_bytes = CHUNK_BYTES / (RUN_BYTES * columns)
    size: int = 2 ** int(math.log2(max(min(by_time, by_bytes), 1.0)))
    return min(max(size, SMALLEST_CHUNK), LARGEST_CHUNK)
