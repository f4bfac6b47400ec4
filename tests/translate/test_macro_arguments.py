"""Arguments that a macro's call leaves out, and outputs that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError, SdmodelError
from sdmodel.model.unit_check import check_units
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


def test_a_macro_with_outputs_gives_its_own_value(write: Write) -> None:
    body = f"{MACRO}x = IF THEN ELSE(1 :AND: 1, my m(Time, 2), 0) ~~|\n"
    assert ours(write(vensim(body)), "numpy")["x"][-1] == 6.0


OUTPUTS = (
    ':MACRO: Split In(whole, share : taken part, "left", held)\n'
    "Split In = whole*1 ~~|\ntaken part = whole*share ~ euro ~ what is taken|\n"
    "left = whole - taken part ~ whole*1 ~|\n"
    "held = INTEG(taken part, whole) ~~|\n:END OF MACRO:\n"
)
"""A macro with three outputs, one of them a stock."""


def test_outputs_behind_a_colon_are_variables(write: Write, engine: EngineName) -> None:
    body = (
        OUTPUTS.replace('"left"', "left")
        + 'x = IF THEN ELSE(1 :AND: 1, split_in(8, 1/4 : The Part, rest, "in store"), '
        '0) + 1 ~~|\nz = "in store"/rest + the part ~~|\n'
    )
    path = write(vensim(body))
    got = ours(path, engine)
    # A stock of 8 that grows by 2 a year; 6 are left.
    time = got["time"] if "time" in got else np.arange(17) / 4
    assert got["x"].tolist() == [9.0] * 17
    assert got["thepart"].tolist() == [2.0] * 17
    assert got["instore"].tolist() == (8 + 2 * time).tolist()
    assert got["z"].tolist() == ((8 + 2 * time) / 6 + 2).tolist()
    model = read_model(path, cache=False)
    part = model.variables["The Part"]
    assert (part.unit, part.comment, part.line) == ("euro", "what is taken", 8)
    assert model.variables["rest"].unit == ""
    assert not [item for item in check_units(model) if "not checked" in item.message]
    with pytest.raises(SdmodelError, match=r"outputs of a macro .* PySD lacks"):
        ours(path, "pysd")


def test_outputs_have_the_subscripts_of_the_left_side(
    write: Write, engine: EngineName
) -> None:
    body = (
        "D: A, B ~~|\nq[D] = 8, 16 ~~|\n"
        + OUTPUTS.replace('"left"', "left")
        + "x[D] = Split In(q[D], 1/4 : p[D], r[D], s[D]) ~~|\n"
        "y[A] = Split In(2, 1 : p2[A], r2[A], s2[A]) ~~|\n"
        "y[B] = Split In(4, 1/2 : p2[B], r2[B], s2[B]) ~~|\n"
        "z = SUM(s[D!]) ~~|\n"
    )
    path = write(vensim(body))
    got = ours(path, engine)
    time = np.arange(17) / 4
    assert got["r[a]"].tolist() == [6.0] * 17
    assert got["r[b]"].tolist() == [12.0] * 17
    assert got["z"].tolist() == (24 + 6 * time).tolist()
    assert got["p2[a]"].tolist() == got["p2[b]"].tolist() == [2.0] * 17
    assert read_model(path, cache=False).variables["s2"].dims == ("D",)


def test_a_macro_may_ask_another_for_outputs(write: Write, engine: EngineName) -> None:
    body = (
        OUTPUTS.replace('"left"', "left")
        + ":MACRO: Twice(w : both)\nTwice = Split In(w, 1/2 : mine, other, kept) ~~|\n"
        "both = mine + other + kept ~~|\n:END OF MACRO:\n"
        "x = Twice(Time : in all) + Twice(2 : in short) ~~|\n"
    )
    got = ours(write(vensim(body)), engine)
    time = np.arange(17) / 4
    # Half, half, and a stock of the half from nothing on, by Euler's steps.
    euler = np.cumsum(np.concatenate([[0.0], time[:-1] / 2])) / 4
    assert got["inall"].tolist() == (time + euler).tolist()
    assert got["inshort"].tolist() == (2 + 2 + time).tolist()
    assert got["x"].tolist() == (time + 2).tolist()


WRONG = {
    "x = my m(1, 2 : y, z) ~~|": "the macro MY M has 1 outputs, 2 given",
    "x = my m(1 : y) ~~|": "the macro MY M takes 2 arguments, 1 given",
    "x = my m(1, 2, y) ~~|": "the macro MY M takes 2 arguments, 3 given",
    "x = my m(1, 2 : 3) ~~|": "takes names of new variables behind its colon",
    "x = my m(1, 2 : y) ~~|\ny = 1 ~~|": "'y' is defined again; line 7 defines",
    "x = my m(1, 2 : y) ~~|\nz = my m(1, 2 : y) ~~|": "'y' is defined again; line 6",
    "D: A, B ~~|\nx[D] = my m(1, 2 : y) ~~|": r"'y' the subscripts .*: \[D\]",
    "D: A, B ~~|\nq[D] = 1, 2 ~~|\nx = SUM(my m(q[D!], 2 : y)) ~~|": "several values",
    "x = SIN(1 : y) ~~|": "'x' cannot be read",
    "x = 1 : y ~~|": "'x' cannot be read",
}


@pytest.mark.parametrize("body", WRONG)
def test_outputs_that_cannot_be(body: str, write: Write) -> None:
    with pytest.raises(ModelFileError, match=WRONG[body]) as caught:
        read_model(write(vensim(f"{MACRO}{body}\n")), cache=False)
    assert "\x01" not in str(caught.value)
