"""The table of operations is whole and means what it says."""

from __future__ import annotations

import inspect
import math

import pytest

from sdmodel.model.functions import OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described(name: str) -> None:
    item = OPERATIONS[name]
    assert item.name == name
    assert item.doc.endswith(".")
    if item.arity > 1 and name != "uniform":  # its data is a part of its meaning
        assert item.scalar is not None
        assert item.closed_form


@pytest.mark.parametrize(
    ("name", "args", "wanted"),
    [
        ("modulo", (7.5, 2.0), 1.5),
        ("modulo", (-7.5, 2.0), -1.5),
        ("modulo", (7.5, 0.0), 0.0),
        ("zidz", (1.0, 1e-7), 0.0),
        ("zidz", (1.0, 1e-6), 1e6),
        ("xidz", (1.0, -1e-7, 9.0), 9.0),
        ("integer", (-2.7,), -2.0),
        ("if", (0.0, 1.0, 2.0), 2.0),
        ("if", (math.nan, 1.0, 2.0), 1.0),
        ("and", (2.0, -1.0), 1.0),
        ("or", (0.0, 0.0), 0.0),
        ("not", (3.0,), 0.0),
        ("div", (1.0, 0.0), math.inf),
        ("div", (-1.0, 0.0), -math.inf),
        ("exp", (1e4,), math.inf),
        ("ln", (0.0,), -math.inf),
    ],
)
def test_closed_forms(name: str, args: tuple[float, ...], wanted: float) -> None:
    function = OPERATIONS[name].scalar
    assert function is not None
    assert function(*args) == wanted


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("max", (math.nan, 1.0)),
        ("min", (1.0, math.nan)),
        ("div", (0.0, 0.0)),
        ("pow", (-1.0, 0.5)),
        ("ln", (-1.0,)),
        ("sqrt", (-1.0,)),
        ("arcsin", (2.0,)),
    ],
)
def test_what_does_not_exist_is_nan(name: str, args: tuple[float, ...]) -> None:
    function = OPERATIONS[name].scalar
    assert function is not None
    assert math.isnan(function(*args))


def test_table_is_read_only() -> None:
    assert not hasattr(OPERATIONS, "__setitem__")
    assert inspect.isclass(type(OPERATIONS))
