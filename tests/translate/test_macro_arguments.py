"""Arguments that a macro's call leaves out, and outputs that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from tests.translate.judging import ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from sdmodel.engines.base import EngineName
    from tests.translate.writing import Write

XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<macro name="Two Of"><parm>a</parm><parm default="{b}">b</parm>
<parm default="-2">c</parm><eqn>a*b+c*d</eqn>
<variables><aux name="d"><eqn>a+1</eqn></aux></variables></macro>
<macro name="outer"><parm>a</parm><eqn>Two_Of(a)</eqn></macro>
<model><variables><aux name="y"><eqn>{call}</eqn></aux></variables></model></xmile>
"""
CALLS = {
    "two_of(TIME)": 2 * 3 - 2 * 3,
    "Two_Of(TIME, 5)": 2 * 5 - 2 * 3,
    '"Two Of"(TIME, 5, 1)': 2 * 5 + 3,
    "1 + SIN(0*two_of(TIME)) + outer(TIME)": 1.0,
}


@pytest.mark.parametrize("engine", ["numpy", "compiled", "pysd"])
@pytest.mark.parametrize("call", CALLS)
def test_a_default_stands_for_what_is_left_out(
    call: str, engine: EngineName, write: Write
) -> None:
    path = write(XMILE.format(b="3", call=call), "m.xmile")
    assert ours(path, engine)["y"][-1] == CALLS[call]


def test_what_has_no_default_must_be_given(write: Write) -> None:
    path = write(XMILE.format(b="", call="two_of(TIME)"), "m.xmile")
    with pytest.raises(ModelFileError, match="'y': the macro TWO OF takes 3 arguments"):
        read_model(path, cache=False)


def test_a_default_that_cannot_be_read(write: Write) -> None:
    path = write(XMILE.format(b="3 +", call="two_of(TIME)"), "m.xmile")
    with pytest.raises(ModelFileError, match=r"line 4: .*the default '3 \+' of 'b'"):
        read_model(path, cache=False)


MACRO = ":MACRO: my m(a, b : out)\nmy m = a + b ~~|\nout = a - b ~~|\n:END OF MACRO:\n"


def test_outputs_of_a_macro_are_refused_by_name(write: Write) -> None:
    body = f"{MACRO}x = 1 + My M(Time, 2 : y) ~~|\nz = y + x ~~|\n"
    with pytest.raises(ModelFileError, match="line 6: 'x': the macro my m is asked"):
        read_model(write(vensim(body)), cache=False)


def test_a_macro_with_outputs_gives_its_own_value(write: Write) -> None:
    body = f"{MACRO}x = IF THEN ELSE(1 :AND: 1, my m(Time, 2), 0) ~~|\n"
    assert ours(write(vensim(body)), "numpy")["x"][-1] == 6.0
