"""What is wrong with a file is told all at once, and nothing that follows from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from tests.translate.writing import TAIL, vensim

if TYPE_CHECKING:
    from pathlib import Path

    from tests.translate.writing import Write

LOOP = "l1 = l2 ~~|\nl2 = l1 ~~|\n"
"""An algebraic loop: what is found last of all."""

FAULTS = {
    "an unknown name": ("x = foo*2 ~~|", "no variable 'foo'"),
    "an unknown name in a stock": ("x = INTEG(foo*2, 1) ~~|", "no variable 'foo'"),
    "an unknown function": ("x = BAR(Time) ~~|", "no function BAR"),
    "a function that is lacking": ("x = IRR(Time) ~~|", "the function IRR"),
    "an unknown element": ("x[A] = Time ~~|", "no subscript range or element 'A'"),
    "no grammar": ("x = 2 + ~~|", "cannot be read"),
    "no closing parenthesis": ("x = (2 ~~|", "a parenthesis is not closed"),
    "defined twice": ("x = 2 ~~|\nX = 3 ~~|", "'X\\d?' is defined again; line"),
    "limits that are no numbers": ("x = 2 ~ [a, b] ~|", "are not numbers; write unit"),
    "too few arguments": ("x = MAX(1) ~~|", "MAX takes 2 arguments|cannot be read"),
    "a table that is none": ("q = 1 ~~|\nx = q(2) ~~|", "'q' is not a lookup"),
    "an endless delay": ("x = DELAY N(Time, 4, 0, 1e9) ~~|", "the order of a DELAY"),
    "a table of one point": ("x((2,7)) ~~|", "a table of a single point"),
    "a macro": (
        ":MACRO: x(a)\nx = a + ~~|\n:END OF MACRO:",
        "'x' cannot be read",
    ),
}
USED = {
    "a table of one point": "y = x(Time) + LOOKUP FORWARD(x, 3) ~~|\n",
    "a macro": "y = x(Time) + 1 ~~|\n",
    "an unknown element": "y = 1 ~~|\n",
}
"""Uses of x that are no news; by default of x as a number, and as an order of delay."""

PLAIN = "y = x + 1 ~~|\nz = DELAY N(x, 2, 0, x) ~~|\n"


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ModelFileError) as caught:
        read_model(path, cache=False)
    return caught.value.problems


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_hides_no_loop_and_is_told_once(case: str, write: Write) -> None:
    body, words = FAULTS[case]
    text = vensim(f"{body}\n{USED.get(case, PLAIN)}{LOOP}")
    told = problems_of(write(text))
    assert len(told) == 2, told
    assert sum(bool(re.search(words, one)) for one in told) == 1
    assert sum("an algebraic loop: l1 → l2 → l1" in one for one in told) == 1


def test_all_faults_of_a_file_at_once(write: Write) -> None:
    several = [case for case in FAULTS if case != "a macro"]
    body = "".join(
        re.sub(r"(?<!\w)([xXq])(?!\w)", rf"\g<1>{i}", FAULTS[case][0]) + "\n"
        for i, case in enumerate(several)
    )
    told = problems_of(write(vensim(body + LOOP)))
    assert len(told) == len(several) + 1, told
    for case in several:
        words = FAULTS[case][1].replace("'q'", r"'q\d+'")
        assert any(re.search(words, one) for one in told), case


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("TIME STEP = 0.25", "'TIME STEP' is missing"),
        ("TIME STEP = 0", "TIME STEP = 0; it must be greater"),
        ("TIME STEP = 2 +", "'TIME STEP' cannot be read"),
        ("TIME STEP = nix", "no variable 'nix'"),
    ],
)
def test_a_wrong_time_axis_hides_no_loop(axis: str, words: str, write: Write) -> None:
    tail = TAIL.replace("TIME STEP = 0.25", axis)
    if "missing" in words:
        tail = tail.replace("TIME STEP = 0.25", "other = 0.25")
        tail = tail.replace("SAVEPER = TIME STEP", "SAVEPER = 1")
    told = problems_of(write(vensim(LOOP, tail)))
    assert len(told) == 2, told
    assert any(words in one for one in told)
    assert any("an algebraic loop" in one for one in told)


XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<model><variables>
<aux name="twice"><eqn>1</eqn></aux>
<aux name="TWICE"><eqn>1</eqn></aux>
<aux name="none"/>
<aux name="empty"><eqn/></aux>
<aux name="half"><eqn>2 +</eqn><range min="low" max="3"/></aux>
<aux name="limit"><eqn>2</eqn><range min="low" max="3"/></aux>
<aux name="foo"><eqn>bar*2 + none + empty + half + twice</eqn></aux>
<aux name="l1"><eqn>l2</eqn></aux>
<aux name="l2"><eqn>l1</eqn></aux>
</variables></model></xmile>
"""


def test_all_faults_of_an_xmile_file_at_once(write: Write) -> None:
    told = problems_of(write(XMILE, "m.xmile"))
    found = [one.partition("line ")[2].partition(":")[0] for one in told]
    assert found == ["6", "7", "8", "9", "10", "11", "12"], told
