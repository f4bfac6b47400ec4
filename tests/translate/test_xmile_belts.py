"""Conveyors of XMILE against closed forms; more than a plain one is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError, UnsupportedError
from tests.translate.test_constructs_xmile import ROW, aux, elements
from tests.translate.test_xmile_beyond import TIME, run

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

DT = 0.25


def belt(initial: str, more: str = "<len>2</len>", flows: str = "") -> str:
    inner = f"<inflow>on</inflow><outflow>off</outflow>{flows}"
    return aux("B", initial, f"{inner}<conveyor>{more}</conveyor>", "stock")


def shifted(inflow: np.ndarray, initial: float, steps: int) -> np.ndarray:
    """What came so many steps ago; before, what was there at first, spread evenly."""
    return np.concatenate([[initial / (steps * DT)] * steps, inflow])[: len(TIME)]


def content(inflow: np.ndarray, outflow: np.ndarray, initial: float) -> np.ndarray:
    net = np.concatenate([[0.0], np.cumsum(inflow - outflow)[:-1]])
    return initial + DT * net


@pytest.mark.parametrize("tag", ["<flow name='off'/>", aux("off", "0", "", "flow")])
@pytest.mark.parametrize(
    ("length", "steps"), [("2", 8), ("0.25", 1), ("transit/4", 6), ("0.3", 1)]
)
def test_what_gets_on_falls_off_later(
    length: str, steps: int, tag: str, tmp_path: Path, engine: EngineName
) -> None:
    body = (
        belt("8", f"<len>{length}</len>")
        + aux("on", "TIME^2 + 1", "", "flow")
        + tag
        + aux("transit", "6")
        + aux("after", "3", "<inflow>off</inflow>", "stock")
    )
    got = run(tmp_path, body, engine)
    on = TIME**2 + 1
    off = shifted(on, 8.0, steps)
    np.testing.assert_allclose(got["off"], off, rtol=1e-15)
    np.testing.assert_allclose(got["b"], content(on, off, 8.0), rtol=1e-14)
    # Nothing is lost: what is on the belt or beyond is what was there and came on.
    total = content(on, 0 * on, 11.0)
    np.testing.assert_allclose(got["b"] + got["after"], total, rtol=1e-14)


def test_a_belt_without_inflow_is_empty_after_one_transit(
    tmp_path: Path, engine: EngineName
) -> None:
    body = aux(
        "B", "6", "<outflow>off</outflow><conveyor><len>1.5</len></conveyor>", "stock"
    )
    got = run(tmp_path, body + "<flow name='off'/>", engine)
    np.testing.assert_array_equal(got["b"], np.maximum(6 - 4 * TIME, 0))
    np.testing.assert_array_equal(got["off"], np.where(TIME < 1.5, 4.0, 0.0))


def test_belts_in_a_row_and_in_arrays(tmp_path: Path, engine: EngineName) -> None:
    one = "<inflow>on</inflow><inflow>more</inflow><outflow>off</outflow>"
    length = '<conveyor discrete="false"><len>len[Row]</len></conveyor>'
    body = (
        elements("B", ROW, {"a": "4", "b": "0", "c": "1"}, "stock").replace(
            "</stock>", f"{one}{length}</stock>"
        )
        + elements("len", ROW, {"a": "1", "b": "2", "c": "0.5"})
        + f'<stock name="C">{ROW}<eqn>1</eqn><inflow>off</inflow>'
        "<outflow>gone</outflow><conveyor><len>1</len></conveyor></stock>"
        + f'<flow name="on">{ROW}<eqn>TIME</eqn></flow>'
        + f'<flow name="more">{ROW}<eqn>2</eqn></flow>'
        + f'<flow name="off">{ROW}</flow><flow name="gone">{ROW}</flow>'
    )
    got = run(tmp_path, body, engine)
    for row, initial, steps in (("a", 4.0, 4), ("b", 0.0, 8), ("c", 1.0, 2)):
        off = shifted(TIME + 2, initial, steps)
        np.testing.assert_allclose(got[f"off[{row}]"], off, rtol=1e-15)
        expected = shifted(off, 1.0, 4)
        np.testing.assert_allclose(got[f"gone[{row}]"], expected, rtol=1e-15)


def test_a_belt_in_a_module(tmp_path: Path, engine: EngineName) -> None:
    inside = belt("8") + aux("on", "TIME", "", "flow") + "<flow name='off'/>"
    model = f'<model name="Line"><variables>{inside}</variables></model>'
    body = '<module name="Line"/>' + aux("seen", "Line.off*2")
    got = run(tmp_path, body, engine, model)
    np.testing.assert_allclose(got["seen"], 2 * shifted(TIME, 8.0, 8), rtol=1e-15)


OFF = "<flow name='off'/>"
REFUSED = {
    "capacity": (
        belt("8", "<len>2</len><capacity>9</capacity>") + OFF,
        "a conveyor with <capacity>",
    ),
    "limit": (
        belt("8", "<len>2</len><in_limit>9</in_limit>") + OFF,
        "a conveyor with <in_limit>",
    ),
    "arrest": (
        belt("8", "<len>2</len><arrest>TIME</arrest>") + OFF,
        "a conveyor with <arrest>",
    ),
    "sample": (
        belt("8", "<len>2</len><sample>TIME</sample>") + OFF,
        "a conveyor with <sample>",
    ),
    "length": (belt("8", "") + OFF, "a conveyor without <len>, its transit time"),
    "discrete": (
        belt("8").replace("<conveyor>", '<conveyor discrete="true">') + OFF,
        "a conveyor that is discrete",
    ),
    "leak": (
        belt("8") + "<flow name='off'><eqn>0.1</eqn><leak/></flow>",
        "a conveyor with a leak",
    ),
    "spread": (
        belt("8").replace("<inflow>on", "<inflow>in")
        + '<flow name="in" spreadflow="dist"><eqn>1</eqn></flow>'
        + OFF,
        "a conveyor whose flow has spreadflow",
    ),
    "two outflows": (
        belt("8", flows="<outflow>more</outflow>") + OFF + "<flow name='more'/>",
        "a conveyor with 2 outflows",
    ),
    "no flow": (belt("8") + aux("off", "1"), "a conveyor whose outflow is no <flow>"),
    "list": (belt("1,2,3") + OFF, "a conveyor with a list of initial values"),
    "queue": (
        aux("B", "0", "<inflow>on</inflow><outflow>off</outflow><queue/>", "stock")
        + OFF,
        "a queue",
    ),
    "oven": (aux("B", "0", "<outflow>off</outflow><oven/>", "stock") + OFF, "a oven"),
}
HINT = "; not supported"


@pytest.mark.parametrize("case", REFUSED)
def test_more_than_a_plain_one_is_refused_by_name(case: str, tmp_path: Path) -> None:
    body, words = REFUSED[case]
    with pytest.raises((ModelFileError, UnsupportedError)) as caught:
        run(tmp_path, body + aux("on", "1", "", "flow"), "numpy")
    (told,) = caught.value.problems
    assert f"line 8: 'B': {words}{HINT}" in told


@pytest.mark.parametrize("length", ["TIME + 1", "B", "1 + STEP(1, 2)"])
def test_a_transit_time_that_changes_is_refused(length: str, tmp_path: Path) -> None:
    body = belt("8", f"<len>{length}</len>") + aux("on", "1", "", "flow") + OFF
    words = "'off': the transit time of a conveyor must not change over time"
    with pytest.raises(ModelFileError, match=words):
        run(tmp_path, body, "numpy")
