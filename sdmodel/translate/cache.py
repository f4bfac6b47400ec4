"""Translated models on disk, as columns of JSON: quick to load, and never executed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdmodel.model.core import Input, Lookup, Model, State, TimeAxis, Variable
from sdmodel.model.expr import Node
from sdmodel.model.functions import OPERATIONS, SQUARE

FORMAT = 3


def folder() -> Path:
    """Return the folder of cached translations; SDMODEL_CACHE names another."""
    given = os.environ.get("SDMODEL_CACHE")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("sdmodel", appauthor=False))


def _file(digest: str) -> Path:
    return folder() / f"model-{digest[:32]}.json"


def to_bytes(model: Model) -> bytes:
    """Return a model as text that can travel: data, which nobody executes."""
    return json.dumps(_to_columns(model), separators=(",", ":")).encode()


def from_bytes(content: bytes, path: str) -> Model:
    """Return the model that `to_bytes` wrote.

    Raises
    ------
    ValueError
        If it is not whole, or of another version.
    """
    try:
        data = json.loads(content)
        if data["format"] != FORMAT:
            msg = f"format {data['format']}; this sdmodel reads {FORMAT}"
            raise ValueError(msg)
        return _from_columns(data, path)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def is_there(digest: str) -> bool:
    """Say whether there is a file for the model of this digest, whole or not."""
    return _file(digest).is_file()


def load(digest: str, path: str, tables: tuple[str, ...] = ()) -> Model | None:
    """Return the cached model of this digest; None if there is none that is whole."""
    try:
        check, _, content = _file(digest).read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != check:
            return None
        data = json.loads(content)
        if data["format"] != FORMAT or data["digest"] != digest:
            return None
        return replace(_from_columns(data, path), data=tables)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def store(model: Model) -> None:
    """Keep a model; where that cannot be done, go without."""
    target = _file(model.digest)
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            content = to_bytes(model)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
                file.write(content)
            Path(name).replace(target)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _to_columns(model: Model) -> dict[str, Any]:
    ops = sorted({node.op for node in model.nodes})
    number = {op: i for i, op in enumerate(ops)}
    time = model.time
    return {
        "format": FORMAT,
        "digest": model.digest,
        "name": model.name,
        "time": [
            time.start,
            time.stop,
            time.step,
            time.save_every,
            time.clock,
            time.rows,
        ],
        "subscripts": {name: list(items) for name, items in model.subscripts.items()},
        "variables": [
            [
                v.name,
                v.kind,
                v.dims,
                v.elements,
                v.unit,
                v.limits,
                v.comment,
                v.equation,
                v.line,
                v.group,
            ]
            for v in model.variables.values()
        ],
        "ops": ops,
        "node_op": [number[node.op] for node in model.nodes],
        "node_args": [arg for node in model.nodes for arg in node.args],
        "node_data": [node.data for node in model.nodes if node.data is not None],
        "node_has_data": [int(node.data is not None) for node in model.nodes],
        "scalars": [list(model.scalars), list(model.scalars.values())],
        "inputs": [[i.name for i in model.inputs], [i.default for i in model.inputs]],
        "states": [
            [s.name for s in model.states],
            [s.initial for s in model.states],
            [s.update for s in model.states],
            [s.rule for s in model.states],
        ],
        "lookups": [[t.name, t.x, t.y, t.rule] for t in model.lookups],
        "warnings": list(model.warnings),
        "missing": sorted(model.missing),
        **({"data": model.data} if model.data else {}),
    }


def _from_columns(data: dict[str, Any], path: str) -> Model:
    ops: list[str] = data["ops"]
    arity = [OPERATIONS[op].arity for op in ops]
    args: list[int] = data["node_args"]
    values = iter(data["node_data"])
    nodes: list[Node] = []
    at = 0
    for op, has in zip(data["node_op"], data["node_has_data"], strict=True):
        payload = next(values) if has else None
        end = at + (arity[op] if arity[op] != SQUARE else int(payload or 0) ** 2)
        own = tuple(args[at:end])
        if own and max(own) >= len(nodes):
            raise ValueError
        nodes.append(Node(ops[op], own, payload))
        at = end
    return Model(
        name=data["name"],
        path=path,
        digest=data["digest"],
        time=TimeAxis(*data["time"][:4], *map(tuple, data["time"][4:])),
        subscripts={name: tuple(items) for name, items in data["subscripts"].items()},
        variables={
            row[0]: Variable(
                row[0],
                row[1],
                tuple(row[2]),
                tuple(row[3]),
                row[4],
                (row[5][0], row[5][1]),
                *row[6:],
            )
            for row in data["variables"]
        },
        nodes=tuple(nodes),
        scalars=dict(zip(*data["scalars"], strict=True)),
        inputs=tuple(map(Input, *data["inputs"])),
        states=tuple(map(State, *data["states"])),
        lookups=tuple(
            Lookup(name, tuple(x), tuple(y), rule)
            for name, x, y, rule in data["lookups"]
        ),
        warnings=tuple(data["warnings"]),
        missing=frozenset(data["missing"]),
        data=tuple(data.get("data", ())),
    )
