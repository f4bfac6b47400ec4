"""Hostile, broken and odd equations: each gets its sentence, with a line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.translate.read import read_model
from sdmodel.translate.source import without_remarks
from tests.translate.writing import TAIL, Write, vensim

if TYPE_CHECKING:
    from pathlib import Path

SOON = 30.0
"""Seconds of the processor, on whatever machine: what is guarded takes minutes."""


def time_axis(initial: str, final: str, step: str, saveper: str) -> str:
    return (
        f"x = 1 ~~|\nFINAL TIME = {final} ~~|\nINITIAL TIME = {initial} ~~|\n"
        f"SAVEPER = {saveper} ~~|\nTIME STEP = {step} ~~|\n"
    )


REFUSED = {
    "limits that are Python": (
        (
            "lk([(0,0),(1,__import__('pathlib').Path('PWN').touch() or 1)],(0,0),(1,1))"
            " ~~|\ny = lk(Time) ~~|"
        ),
        "line 2: 'lk': ",
    ),
    "with lookup limits that are Python": (
        "y = WITH LOOKUP(Time, ([(0,0)-(open('PWN','w'),1)],(0,0),(1,1))) ~~|",
        "lookup limits must be numbers",
    ),
    "limits of words": (
        "lk([(0,0)-(a,b)],(0,0),(1,1)) ~~|",
        "lookup limits must be numbers",
    ),
    "defined twice": ("x = 1 ~~|\ny = 2 ~~|\nx = 3 ~~|", "line 4: 'x' is .* line 2"),
    "defined twice up to case": ("My X = 1 ~~|\nmy_x = 3 ~~|", "line 3: .* line 2"),
    "element defined twice": (
        "d: a,b ~~|\nx[d] = 1 ~~|\nx[a] = 2 ~~|",
        r"line 4: 'x\[a\]' is defined again; line 3",
    ),
    "undefined": (
        "birth rate = 1 ~~|\ny = 2*brith rate ~~|",
        "line 3: 'y': no variable 'brith rate'; nearest: 'birth rate'",
    ),
    "loop of two": (
        "x = y + 1 ~~|\ny = x + 1 ~~|",
        "line [23]: '[xy]': an algebraic loop: ([xy]) → [xy] → \\1",
    ),
    "loop with itself": ("x = x + 1 ~~|", "an algebraic loop: x → x"),
    "loop of initial values": (
        "s = INTEG(1, r) ~~|\nr = INTEG(1, s) ~~|",
        "an algebraic loop: initial",
    ),
    "unknown function": ("y = FOOBAR(1) ~~|", "line 2: 'y': no function FOOBAR"),
    "misspelt function": (
        "y = SMOTH3(Time, 2) ~~|",
        "no function SMOTH3",
    ),
    "wrong number of arguments": ("y = EXP(1, 2) ~~|", "EXP takes 1 arguments, 2"),
    "not a lookup": ("x = 1 ~~|\ny = x(2) ~~|", "'x' is not a lookup"),
    "unknown subscript": (
        "d: a,b ~~|\nx[d] = 1 ~~|\ny = x[q] ~~|",
        "no subscript range or element 'q'",
    ),
    "subscript too few": ("d: a,b ~~|\nx[d] = 1 ~~|\ny = x ~~|", "has 1 subscripts"),
    "range without binding": (
        "d: a,b ~~|\nx[d] = 1 ~~|\ny = x[d] ~~|",
        "not one of the equation's left-hand side",
    ),
    "sum without mark": (
        "d: a,b ~~|\nx[d] = 1 ~~|\ny = SUM(x[a]) ~~|",
        "marked with !",
    ),
    "too few numbers": ("d: a,b,c ~~|\nx[d] = 1,2 ~~|", "2 numbers for 3 elements"),
    "two points at one x": ("lk((0,1),(0,2)) ~~|\ny = lk(Time) ~~|", "two points at x"),
    "not closed": ("x = 1 ~~|\ny = 2", "line 3: 'y' cannot be read"),
    "parenthesis": ("y = (2 + 3 ~~|", "line 2: 'y': a parenthesis is not closed"),
    "nothing right": ("y = ~~|", "'y =' has nothing on its right-hand side"),
    "grammar": ("y = 2 + * 3 ~~|", "line 2: 'y' cannot be read"),
    "seventy parentheses": ("y = " + "(" * 70 + "1" + ")" * 70 + " ~~|", "70 parenth"),
    "backslash at a name's end": (
        '"a\\" = 1 ~~|\n"b" = 2 ~~|',
        "line 2: .*begin with a name",
    ),
    "backslash outside a name": (
        "x = 1 \\ 2 ~~|",
        "line 2: 'x': a backslash stands in",
    ),
    "limits of a unit": ("y = 1 ~ person [low,high] ~|", "are not numbers"),
    "missing field": ("y = 1 ~ person |", "lacks a field"),
    "range in itself": ("d: a,d ~~|\nx[d] = 1 ~~|", "contains itself"),
    "zero delay": ("y = DELAY1(Time, 0) ~~|", "shorter than TIME STEP|than 1 steps"),
    "quoted twin": (
        'x = 1 ~~|\n"x" = 3 ~~|',
        "line 3: '\"x\"' is defined again; line 2",
    ),
    "lookup points that are Python": (
        "lk((0,0),(1,open('PWN','w'))) ~~|\ny = lk(Time) ~~|",
        "line 2: 'lk' cannot be read",
    ),
    "limits that are Python on a line of their own": (
        "lk(\n[(0,0)-\n(1,open('PWN','w'))],(0,0),(1,1)) ~~|\ny = lk(Time) ~~|",
        "line 2: 'lk': lookup limits must be numbers",
    ),
    "twenty thousand parentheses": (
        "y = " + "(" * 20_000 + "1" + ")" * 20_000 + " ~~|",
        "20000 parentheses inside each other",
    ),
    "an endless equation": ("y = 1" + "+1" * 30_000 + " ~~|", "more than 50000 char"),
    "a clock of its own": ("Time = 3 ~~|\ny = Time ~~|", "line 2: 'Time' is what the"),
    "unfinished macro": (
        ":MACRO: f(a)\nf = a*2 ~~|",
        "line 2: the macro 'f' has no :END OF MACRO:",
    ),
    "merge conflict": ("<<<<<<< HEAD\nx = 1 ~~|\n=======\nx = 2 ~~|", "begin with a"),
    "a hundred million elements": (
        "d: (a1-a9999) ~~|\ne: (b1-b9999) ~~|\nx[d,e] = 1 ~~|",
        r"line 4: 'x': 99980001 combinations of subscripts; at most 200000",
    ),
    "a sum of a hundred million": (
        (
            "d: (a1-a9999) ~~|\ne: (b1-b9999) ~~|\nx[d] = 1 ~~|\nz[e] = 2 ~~|\n"
            "y = SUM(x[d!]*z[e!]) ~~|"
        ),
        "line 6: 'y': 99980001 combinations",
    ),
    "many large arrays": (
        "d: (a1-a9999) ~~|\n" + "".join(f"x{i}[d] = 1 ~~|\n" for i in range(30)),
        "more than 200000 scalar variables",
    ),
    "an endless range": ("d: (a1-a999999999) ~~|", "line 2: 'd': .* more than 20000"),
    "a range that counts down": ("d: (a9-a1) ~~|", "line 2: 'd': .a9-a1. counts down"),
    "an endless delay": (
        "y = DELAY N(Time, 4, 0, 1000000000) ~~|",
        "line 2: 'y': the order of a DELAY is 1e.09; at most 1000",
    ),
    "an infinite smooth": (
        "y = SMOOTH N(Time, 4, 0, 1e999) ~~|",
        "line 2: 'y': the order of a SMOOTH is inf; at most 1000",
    ),
    "text, not a model": (
        "Dear reader, a letter. ~~|",
        "lacks a field|has no equation",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_line(
    case: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, words = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    path = write(vensim(body))
    with pytest.raises(ModelFileError, match=words) as caught:
        read_model(path, cache=False)
    assert all(str(path) in problem for problem in caught.value.problems)
    assert not (tmp_path / "PWN").exists()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["m.mdl"]


TIMES = {
    "step zero": (("0", "4", "0", "1"), "TIME STEP = 0; it must be greater"),
    "step negative": (("0", "4", "-1", "1"), "TIME STEP = -1; it must be greater"),
    "horizon": (("0", "1e300", "1", "1"), "at most 10,000,000"),
    "tiny step": (("0", "100", "1e-07", "1"), "at most 10,000,000"),
    "backwards": (("4", "0", "1", "1"), "FINAL TIME = 0 lies before INITIAL TIME = 4"),
    "of a stock": (("0", "5", "1+INTEG(1,1)", "1"), "not depend on a stock"),
    "a step that ends": (("0", "5", "2-Time", "1"), "TIME STEP = 0 at time 2"),
    "endless": (("0", "Time+9", "1", "1"), "more than 250,000 steps"),
    "ever shorter": (("0", "9", "1/(Time+1)^40", "1"), "more than 250,000 steps"),
}


@pytest.mark.parametrize("case", TIMES)
def test_time_axis_refused(case: str, write: Write) -> None:
    values, words = TIMES[case]
    begun = time.process_time()
    with pytest.raises(ModelFileError, match=words):
        read_model(write("{UTF-8}\n" + time_axis(*values)), cache=False)
    assert time.process_time() - begun < SOON


def test_both_ends_of_a_long_loop_are_told(write: Write) -> None:
    body = "x0 = x299 ~~|\n" + "".join(
        f"x{i} = x{i - 1}+1 ~~|\n" for i in range(1, 300)
    )
    with pytest.raises(
        ModelFileError, match="an algebraic loop: x0 → x299 → "
    ) as caught:
        read_model(write(vensim(body)), cache=False)
    assert len(caught.value.problems[0]) < 500
    assert "→ … 281 more … →" in caught.value.problems[0]


HUGE = {
    "definitions": ("x{i} = {i} ~~|\n", "more than 20000 definitions"),
    "bars": ("~~|", "line 2: nothing is read from here on; too much is wrong"),
    "tildes": ("~", "line 2: the definition '' does not end with"),
    "quotes": ('"', 'line 2: the definition \'""""".* does not end with'),
    "lines": ("\n", "holds no equation"),
}


@pytest.mark.parametrize("case", HUGE)
def test_a_huge_file_is_refused_soon(case: str, write: Write) -> None:
    part, words = HUGE[case]
    size = 1_500_000
    text = "".join(part.format(i=i) for i in range(size // len(part.format(i=10**5))))
    path = write("{UTF-8}\n" + text)
    begun = time.process_time()
    with pytest.raises(ModelFileError, match=words) as caught:
        read_model(path, cache=False)
    assert time.process_time() - begun < SOON
    assert len(caught.value.problems) <= 51


@pytest.mark.parametrize("closed", [300_000, 299_999, 0])
def test_remarks_that_nest_are_left_out_soon(closed: int) -> None:
    begun = time.process_time()
    left = without_remarks("1 " + "{" * 300_000 + "a" + "}" * closed + " + 2")
    assert time.process_time() - begun < SOON
    assert ("{" in left) == (closed < 300_000)
    assert left == "1   + 2" or closed < 300_000


def test_macros_that_multiply_are_refused_soon(write: Write) -> None:
    body = ":MACRO: m0(x)\nm0 = x ~~|\n:END OF MACRO:\n" + "".join(
        f":MACRO: m{i}(x)\nm{i} = m{i - 1}(x)+m{i - 1}(x) ~~|\n:END OF MACRO:\n"
        for i in range(1, 19)
    )
    with pytest.raises(ModelFileError, match="more than 20000 calls of macros"):
        read_model(write(vensim(body + "y = m18(1) ~~|\n")), cache=False)


def test_what_is_written_out_has_an_end(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdmodel.translate.lower.MAX_NODES", 5000)
    body = "r: (r1-r60) ~~|\nx[r] = r*SIN(Time) ~~|\ny[r] = VECTOR RANK(x[r], 1) ~~|\n"
    with pytest.raises(ModelFileError, match="more than 5,000 operations"):
        read_model(write(vensim(body)), cache=False)


def test_larger_than_is_ever_read(write: Write) -> None:
    with pytest.raises(ModelFileError, match="larger than 20 MB; not read"):
        read_model(write(b"{UTF-8}\n" + b"a" * 20_000_001), cache=False)


def test_unfinished_file_is_refused(write: Write) -> None:
    with pytest.raises(ModelFileError, match="line 3: the definition 'y = 2' does not"):
        read_model(write("{UTF-8}\nx = 1 ~~|\ny = 2 ~"), cache=False)


def test_missing_control_variable_is_named(write: Write) -> None:
    with pytest.raises(ModelFileError, match="'SAVEPER' is missing"):
        read_model(write(TAIL.replace("SAVEPER = TIME STEP ~ year ~|", "x=1~~|")))


def test_every_problem_is_told_at_once(write: Write) -> None:
    body = "x = y ~~|\nz = FOO(1) ~~|\nw = IRR(x) ~~|\nv = nix ~~|"
    with pytest.raises(ModelFileError) as caught:
        read_model(write(vensim(body)), cache=False)
    assert [p.split(": ")[0].rpartition("line ")[2] for p in caught.value.problems] == [
        "2",
        "3",
        "4",
        "5",
    ]


def test_every_unsupported_construct_is_told(write: Write) -> None:
    body = (
        "d: a,b ~~|\nx[d] = GET VDF CONSTANTS('d.vdf', 'a', 1) ~~|\n"
        "y = RANDOM POISSON(0,1,2) + GET XLS DATA('../../d.xls','a','b','c') ~~|\n"
        "z = 2 ~~|"
    )
    with pytest.raises(UnsupportedError) as caught:
        read_model(write(vensim(body)), cache=False)
    text = "\n".join(caught.value.problems)
    assert "line 3: 'x': the function GET VDF CONSTANTS" in text
    assert "line 4: 'y': the function RANDOM POISSON" in text
    assert "GET DATA as a part of an equation" in text
    assert "equation: y = RANDOM POISSON(0,1,2)" in text
