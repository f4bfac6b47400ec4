"""Each construct in a tiny model of its own, against PySD on a copy of the file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.translate.read import read_model
from tests.translate.oracle import simulate
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from pathlib import Path

# Of each column's maximum; what numpy's own exp and pow leave between libraries.
BOUND = 1e-12

SUBSCRIPTS = "D: a,b,c ~~|\nE: e1,e2 ~~|\nsub: b,c ~~|\nprev: a,b -> sub ~~|\n"
CASES = {
    "stocks": "s = INTEG(-s/k, 10) ~~|\nk = 3 ~~|",
    "array stocks": SUBSCRIPTS
    + "x[D] = 1,2,3 ~~|\ns[D] = INTEG(x[D]-s[D]/2, x[D]) ~~|\nt = INTEG(1,0) ~~|",
    "equal first and unequal second dimension": SUBSCRIPTS
    + "s[D,E] = INTEG(1, 2) ~~|\nt[D,sub] = INTEG(s[D,e1], 1) ~~|\nu=INTEG(1,1)~~|",
    "chain by mapping": SUBSCRIPTS
    + "s[a] = INTEG(1-s[a], 1) ~~|\ns[sub] = INTEG(s[prev]-s[sub], 0) ~~|\n"
    "t = INTEG(1,0) ~~|",
    "except": SUBSCRIPTS + "x[D] :EXCEPT: [b] = Time ~~|\nx[b] = 7 ~~|",
    "element by element": SUBSCRIPTS
    + "x[a] = 1 ~~|\nx[b] = y ~~|\nx[c] = Time ~~|\ny = Time^2 ~~|",
    "sums": SUBSCRIPTS
    + "x[D] = 0.1,0.2,0.3 ~~|\ny[E] = 5,7 ~~|\nz[D,E] = x[D]*y[E]*Time ~~|\n"
    "t = SUM(z[D!,E!]) ~~|\nu[E] = SUM(z[D!,E]) ~~|\nv[D] = VMAX(z[D,E!]) ~~|\n"
    "w = PROD(x[D!]) ~~|\nm = VMIN(x[sub!]) ~~|",
    "a long sum": "L: (l1-l37) ~~|\nx[L] = 0.1*L*L ~~|\ns = SUM(x[L!]) ~~|",
    "a very long sum": "L: (l1-l300) ~~|\nx[L] = 0.1*L ~~|\ns = SUM(x[L!]) ~~|",
    "matrix": SUBSCRIPTS + "x[D,E] = 1,2; 3,4; 5,6; ~~|\ny[E,D] = x[D,E]*2 ~~|",
    "position as number": SUBSCRIPTS + "x[D] = D ~~|\ny[sub] = sub*2 ~~|",
    "lookups": "f((0,1),(1,3),(3,2)) ~~|\ny = f(Time-0.6) ~~|\n"
    "z = WITH LOOKUP(Time, ([(0,0)-(9,9)],(1,1),(2,5),(3,4.5))) ~~|",
    "lookups in arrays": SUBSCRIPTS
    + "f((0,1),(1,3),(3,2)) ~~|\nx[D] = 0.3,1.4,9 ~~|\ny[D] = f(x[D]) ~~|",
    "signs": "x = 3 ~~|\na = -x^2 ~~|\nb = 2^-x ~~|\nc = -2^2 ~~|\nd = 2^3^2 ~~|\n"
    "e = -x*2-3-4 ~~|\nf = 2*x/3/4*5 ~~|\ng = x-(3-x) ~~|\nh = 30^-30^-0.1 ~~|",
    "functions": "x = Time+0.3 ~~|\na = EXP(-x) ~~|\nb = LN(x) ~~|\nc = SQRT(x) ~~|\n"
    "d = SIN(x)+COS(x)*TAN(x) ~~|\ne = ARCTAN(x)+ARCSIN(x/9)-ARCCOS(x/9) ~~|\n"
    "f = INTEGER(x*3) ~~|\ng = MODULO(x*3, 2) ~~|\nh = QUANTUM(x*3, 2) ~~|\n"
    "i = ABS(x-2) ~~|\nj = MAX(x, 2) + MIN(x, 3) ~~|\nk = LOG(x, 10) ~~|\n"
    "l = POWER(x, 1.5) ~~|",
    "truth": "x = Time ~~|\na = IF THEN ELSE(x > 2 :AND: x <= 3, 1, 2) ~~|\n"
    "b = IF THEN ELSE(x < 1 :OR: x >= 3, x, -x) ~~|\n"
    "c = IF THEN ELSE(:NOT: x = 2, 1, 0) ~~|\nd = IF THEN ELSE(x <> 2, 1, 0) ~~|",
    "zero division": "x = Time-2 ~~|\na = ZIDZ(1, x) ~~|\nb = XIDZ(1, x, 7) ~~|\n"
    "c = ZIDZ(1, x*1e-07) ~~|",
    "inputs over time": "a = STEP(3, 1.1) ~~|\nb = RAMP(2, 1, 3) ~~|\n"
    "c = PULSE(1, 0.5) ~~|\nd = PULSE TRAIN(0.5, 0.25, 1, 3) ~~|\n"
    "e = PULSE(1.1, 0) ~~|",
    "smooths": "i = STEP(3, 1) + 1 ~~|\nt = 2 ~~|\na = SMOOTH(i, t) ~~|\n"
    "b = SMOOTH3(i, t) ~~|\nc = SMOOTHI(i, t, 5) ~~|\nd = SMOOTH3I(i, t, 5) ~~|\n"
    "e = SMOOTH N(i, t, 5, 4) + 2*SMOOTH(a, 3) ~~|",
    "delays": "i = STEP(3, 1) + 1 ~~|\nt = 2 ~~|\na = DELAY1(i, t) ~~|\n"
    "b = DELAY3(i, t) ~~|\nc = DELAY1I(i, t, 5) ~~|\nd = DELAY3I(i, t, 5) ~~|\n"
    "e = DELAY N(i, t, 5, 4) ~~|\nf = DELAY FIXED(i, 1.25, 9) ~~|",
    "delay with a changing time": "t = 2 + Time/4 ~~|\ni = 1+Time ~~|\n"
    "a = DELAY3(i, t) ~~|\nb = SMOOTH3(i, t) ~~|",
    "delays in arrays": SUBSCRIPTS
    + "i[D] = Time*D ~~|\nt[D] = 2,3,1.5 ~~|\na[D] = DELAY3(i[D], t[D]) ~~|\n"
    "b[D] = SMOOTH(i[D], t[D]) ~~|\nu = INTEG(1,1) ~~|",
    "trend": "i = 5+Time^2 ~~|\na = TREND(i, 2, 0.1) ~~|\nb = FORECAST(i, 2, 3) ~~|",
    "memory": "x = Time*2+1 ~~|\na = INITIAL(x*k) ~~|\nk = 3 ~~|\n"
    "b = SAMPLE IF TRUE(x > 4 :AND: x < 6, x, 9) ~~|\n"
    "c = ACTIVE INITIAL(x, 7) ~~|\nd = INTEG(1, c) ~~|\ne = GAME(x) ~~|",
    "initial chain": "s = INTEG(1, 2*r) ~~|\nr = INTEG(-1, a/3) ~~|\na = 5+Time ~~|",
    "time axis by constants": "n = 4 ~~|\nm = n*TIME STEP + FINAL TIME ~~|",
}


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pysd(case: str, tmp_path: Path) -> None:
    import pysd

    path = tmp_path / "case.mdl"
    path.write_text(vensim(CASES[case]))
    ours = simulate(read_model(path, cache=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pysd.read_vensim(str(path)).run(flatten_output=True)
    columns = {str(name).replace(" ", ""): theirs[name] for name in theirs.columns}
    compared = 0
    for name, values in ours.items():
        if name in {"FINAL TIME", "INITIAL TIME", "SAVEPER", "TIME STEP"}:
            continue
        expected = np.asarray(columns[name.replace(" ", "")], dtype=float)
        bound = BOUND * max(1e-300, float(np.abs(expected).max()))
        np.testing.assert_allclose(values, expected, rtol=0, atol=bound, err_msg=name)
        compared += 1
    assert compared
