"""Odd arguments of allocation and vector functions: PySD's numbers, or closed forms."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.tolerances import ALLOCATION_VS_PYSD
from tests.translate.judging import agree, ours
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from tests.translate.judging import Columns

REQUESTS = ("1,2,3", "3,0,1")
PRIORITIES = ("5,5,5", "3,1,1", "-1,0,1")
SUPPLIES = ("Time*2", "0", "1e9")
RANGE = "R: a,b,c ~~|\nP: ptype,ppriority,pwidth,pextra ~~|\n"
TIME = np.arange(17) / 4


def written(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "m.mdl"
    path.write_text(vensim(RANGE + body))
    return path


def lines(template: str, cases: Sequence[tuple[str, ...]]) -> str:
    return "".join(template.format(*case, i=i) for i, case in enumerate(cases))


def test_by_priority_is_pysds(tmp_path: Path, engine: EngineName) -> None:
    """No requests, equal and negative priorities, narrow and wide, nothing to give."""
    widths = ("1", "100", "1e-6")
    cases = list(product(REQUESTS, PRIORITIES, widths, SUPPLIES))
    body = lines(
        "q{i}[R] = {0} ~~|\np{i}[R] = {1} ~~|\n"
        "g{i}[R] = ALLOCATE BY PRIORITY(q{i}[R], p{i}[R], ELMCOUNT(R), {2}, {3}) ~~|\n",
        cases,
    )
    got, compared = agree(written(tmp_path, body), engine)
    assert compared >= 9 * len(cases)
    for i, (request, *_, supply) in enumerate(cases):
        asked = sum(map(float, request.split(",")))
        there = 2 * TIME if "2" in supply else float(supply.split("+")[0])
        total = got[f"g{i}[a]"] + got[f"g{i}[b]"] + got[f"g{i}[c]"]
        np.testing.assert_allclose(total, np.minimum(asked, there), atol=1e-12)


@pytest.mark.parametrize("kind", ["1", "2", "3", "4"])
def test_available_is_pysds(kind: str, tmp_path: Path, engine: EngineName) -> None:
    cases = list(product(REQUESTS, PRIORITIES[1:], ("0.5",), SUPPLIES))
    body = lines(
        "q{i}[R] = {0} ~~|\np{i}[R] = {1} ~~|\n"
        f"w{{i}}[R,ptype] = {kind} ~~|\nw{{i}}[R,ppriority] = p{{i}}[R] ~~|\n"
        "w{i}[R,pwidth] = {2} ~~|\nw{i}[R,pextra] = 0 ~~|\n"
        "g{i}[R] = ALLOCATE AVAILABLE(q{i}[R], w{i}[R,ptype], {3}) ~~|\n",
        cases,
    )
    path = written(tmp_path, body)
    got, compared = agree(path, engine, bound=ALLOCATION_VS_PYSD)
    assert compared >= 20 * len(cases)
    for i, (request, *_, supply) in enumerate(cases):
        asked = sum(map(float, request.split(",")))
        there = 2 * TIME if "2" in supply else float(supply.split("+")[0])
        total = got[f"g{i}[a]"] + got[f"g{i}[b]"] + got[f"g{i}[c]"]
        np.testing.assert_allclose(total, np.minimum(asked, there), rtol=1e-9)


def test_one_alone_takes_what_there_is(tmp_path: Path, engine: EngineName) -> None:
    """Of ranges of a single element PySD makes none."""
    body = (
        "Alone: lone ~~|\nq[Alone] = 3 ~~|\np[Alone] = 7 ~~|\ns = Time*2 ~~|\n"
        "g[Alone] = ALLOCATE BY PRIORITY(q[Alone], p[Alone], 1, 1, s) ~~|\n"
        "w[Alone,ptype] = 3 ~~|\nw[Alone,ppriority] = 7 ~~|\nw[Alone,pwidth] = 1 ~~|\n"
        "w[Alone,pextra] = 0 ~~|\n"
        "h[Alone] = ALLOCATE AVAILABLE(q[Alone], w[Alone,ptype], s) ~~|\n"
        "t[Alone] = VECTOR SORT ORDER(q[Alone], 1) ~~|\n"
        "r[Alone] = VECTOR RANK(q[Alone], -1) ~~|\n"
    )
    got = ours(written(tmp_path, body), engine)
    for name in ("g[lone]", "h[lone]"):
        np.testing.assert_allclose(got[name], np.minimum(3, 2 * TIME), rtol=1e-12)
    assert not got["t[lone]"].any()
    assert (got["r[lone]"] == 1).all()


WRONG = {
    "a negative request": ("-1", "1", "2"),
    "a negative supply": ("1", "1", "-2"),
    "no width": ("1", "0", "2"),
    "a negative width": ("1", "-1", "2"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_pysd_refuses_is_no_number(
    case: str, tmp_path: Path, engine: EngineName
) -> None:
    request, width, supply = WRONG[case]
    body = (
        f"q[R] = {request},2,3 ~~|\np[R] = 1,2,3 ~~|\ns = {supply} ~~|\n"
        f"v = {width} ~~|\ng[R] = ALLOCATE BY PRIORITY(q[R], p[R], 3, v, s) ~~|\n"
        "w[R,ptype] = 1 ~~|\nw[R,ppriority] = p[R] ~~|\nw[R,pwidth] = v ~~|\n"
        "w[R,pextra] = 0 ~~|\nh[R] = ALLOCATE AVAILABLE(q[R], w[R,ptype], s) ~~|\n"
    )
    got = ours(written(tmp_path, body), engine)
    for name in ("g", "h"):
        for element in "abc":
            assert np.isnan(got[f"{name}[{element}]"]).all()


VECTORS = ("2,2,2", "-1,0,-1", "1e9,-1e9,1e-9", "3,1,2")


def test_vectors_are_pysds(tmp_path: Path, engine: EngineName) -> None:
    """Equal, zero, negative and huge elements; directions and actions of every sign."""
    sorts = list(product(VECTORS, ("1", "-1", "0", "0.5")))
    body = lines(
        "x{i}[R] = {0} ~~|\nt{i}[R] = VECTOR SORT ORDER(x{i}[R]+Time*0, {1}) ~~|\n"
        "r{i}[R] = VECTOR RANK(x{i}[R]+Time*0, {1}) ~~|\n"
        "o{i}[R] = VECTOR REORDER(x{i}[R], t{i}[R]) ~~|\n",
        sorts,
    )
    actions = [str(k) for k in range(11)]
    picks = list(product(("0,0,0", "2,-1,0"), VECTORS, actions))
    body += lines(
        "s{i}[R] = {0} ~~|\ny{i}[R] = {1} ~~|\n"
        "v{i} = VECTOR SELECT(s{i}[R!], y{i}[R!], -7, {2}, 0) ~~|\n",
        picks,
    )
    _, compared = agree(written(tmp_path, body), engine)
    assert compared >= 9 * len(sorts) + 7 * len(picks)


def missing(got: Columns, names: str) -> list[bool]:
    return [bool(np.isnan(got[name]).any()) for name in names.split()]


def test_no_numbers_stay_no_numbers(tmp_path: Path, engine: EngineName) -> None:
    """A missing element spoils what reads it, and no sum or rest is made up for it."""
    body = (
        "gap = SQRT(Time-9) ~~|\nx[a] = gap ~~|\nx[b] = 2 ~~|\nx[c] = 5 ~~|\n"
        "one[R] = 1 ~~|\n"
        "whole = SUM(x[R!]) ~~|\nleast = VMIN(x[R!]) ~~|\n"
        "some = VECTOR SELECT(one[R!], x[R!], 0, 0, 0) ~~|\n"
        "pick[R] = IF THEN ELSE(x[R] = x[R], 1, 0) ~~|\n"
        "rest = VECTOR SELECT(pick[R!], x[R!], 0, 6, 0) ~~|\n"
    )
    got = ours(written(tmp_path, body), engine)
    assert missing(got, "whole least some rest") == [True, True, True, False]
    assert (got["rest"] == 7).all()
