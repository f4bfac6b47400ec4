"""One tiny model for each construct of Vensim, on both engines against PySD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.translate.judging import agree
from tests.translate.writing import TAIL, vensim

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

DIMS = (
    "Rd: a, b, c, d ~~|\nRe: e1, e2, e3 ~~|\nRf: f1, f2 ~~|\nsub: b, c ~~|\n"
    "other: o1, o2, o3, o4 -> Rd ~~|\nRd2: a, b, c, d ~~|\n"
)
ARRAYS = DIMS + (
    "x[Rd] = 3,1,4,1.5 ~~|\nm[Rd,Re] = 1,2,3; 6,5,4; 7,9,8; 0,2,1; ~~|\n"
    "v[Rd] = x[Rd]*COS(Time) ~~|\nn[Rd,Re] = m[Rd,Re]+SIN(Time*m[Rd,Re]) ~~|\n"
)
CASES = {
    "sort order": ARRAYS + "up[Rd] = VECTOR SORT ORDER(v[Rd], 1) ~~|\n"
    "down[Rd] = VECTOR SORT ORDER(v[Rd], 0) ~~|\nrow[Rd,Re] = VECTOR SORT"
    " ORDER(n[Rd,Re], 1)"
    " ~~|\nminus[Rd] = VECTOR SORT ORDER(-v[Rd]*2, -1) ~~|",
    "rank": ARRAYS + "up[Rd] = VECTOR RANK(v[Rd], 1) ~~|\n"
    "down[Rd,Re] = VECTOR RANK(n[Rd,Re], 0) ~~|",
    "reorder": ARRAYS + "o[Rd] = VECTOR SORT ORDER(v[Rd], 1) ~~|\n"
    "r[Rd] = VECTOR REORDER(v[Rd], o[Rd]) ~~|\np[Rd,Re] = VECTOR SORT"
    " ORDER(n[Rd,Re], 0) ~~|\n"
    "s[Rd,Re] = VECTOR REORDER(n[Rd,Re], p[Rd,Re]) ~~|\nfirst[Rd] = s[Rd,e1] ~~|",
    "select": ARRAYS
    + "pick[Rd] = 0,1,2,0 ~~|\nnone[Rd] = 0 ~~|\n"
    + "".join(
        f"s{k} = VECTOR SELECT(pick[Rd!], v[Rd!]+2, -99, {k}, 0) ~~|\n"
        f"t{k}[Re] = VECTOR SELECT(pick[Rd!], n[Rd!,Re]+2, -99, {k}, 0) ~~|\n"
        f"z{k} = VECTOR SELECT(none[Rd!], v[Rd!], -99, {k}, 0) ~~|\n"
        for k in range(11)
    ),
    "select by an action that changes": ARRAYS + "pick[Rd] = 0,1,2,0 ~~|\n"
    "s = VECTOR SELECT(pick[Rd!], v[Rd!]+2, -99, INTEGER(Time)+6, 0) ~~|",
    "inverse": DIMS + "q[Rd,Rd2] = 4,1,0,2; 1,5,2,0; 0,2,6,1; 2,0,1,7; ~~|\n"
    "w[Rd,Rd2] = q[Rd,Rd2]+Time/10 ~~|\ni[Rd,Rd2] = INVERT MATRIX(w[Rd,Rd2], 4) ~~|\n"
    "k[Rf,Rd,Rd2] = q[Rd,Rd2]*Rf ~~|\nj[Rf,Rd,Rd2] = INVERT MATRIX(k[Rf,Rd,Rd2], 4)"
    " ~~|",
    "inverse that needs a pivot": "Rf: f1, f2 ~~|\nRg: f1, f2 ~~|\n"
    "q[Rf,Rg] = 0,1; 2,Time ~~|".replace("Time", "3")
    + "\ni[Rf,Rg] = INVERT MATRIX(q[Rf,Rg], 2) ~~|",
    "allocate by priority": ARRAYS + "ask[Rd] = 8,1,3,4 ~~|\npri[Rd] = 5,3,0,1.5 ~~|\n"
    "got[Rd] = ALLOCATE BY PRIORITY(ask[Rd], pri[Rd], ELMCOUNT(Rd), 3, Time*5) ~~|\n"
    "sup[Rf] = 3, 9 ~~|\ntwo[Rf,Rd] = ALLOCATE BY PRIORITY(ask[Rd], pri[Rd], 4, 2, "
    "sup[Rf]*Time) ~~|\nlevel[Rd] = 2 ~~|\n"
    "same[Rd] = ALLOCATE BY PRIORITY(ask[Rd], level[Rd], 4, 2, Time*5) ~~|",
    "delay n with a time that changes": "t = 2+SIN(Time) ~~|\ni = 1+Time ~~|\n"
    "a = DELAY N(i, t, 3, 3) ~~|\nb = DELAY N(i, t, 3, 1)+DELAY N(i, 2, 3, 2) ~~|\n"
    "u = INTEG(1,1) ~~|",
    "delay n in arrays": ARRAYS + "t[Rd] = 2+x[Rd]/4+SIN(Time) ~~|\n"
    "a[Rd] = DELAY N(v[Rd], t[Rd], 1, 3) ~~|\nu = INTEG(1,1) ~~|",
    "delay fixed": "i = STEP(3, 1)+RAMP(1,2,3) ~~|\na = DELAY FIXED(i, 1, 0) ~~|\n"
    "b = DELAY FIXED(i, 0.1, 5) ~~|\nc = DELAY FIXED(a, 1.3, 5) ~~|",
    "delay fixed in arrays": ARRAYS + "a[Rd] = DELAY FIXED(v[Rd], 1, x[Rd]) ~~|",
    "smooth in arrays": ARRAYS
    + "t[Rd] = 1,2,3,4 ~~|\na[Rd] = SMOOTH3I(v[Rd], t[Rd], x[Rd])"
    " ~~|\nb[Rd,Re] = SMOOTH(n[Rd,Re], 2) ~~|\nc[Rd] = SMOOTH N(v[Rd], t[Rd],"
    " x[Rd], 2) ~~|\n"
    "u = INTEG(1,1) ~~|",
    "trend in arrays": ARRAYS
    + "y[Rd] = x[Rd]+Time ~~|\na[Rd] = TREND(y[Rd], 2, 0.1) ~~|\n"
    "b[Rd] = FORECAST(y[Rd], 2, 3) ~~|\nu = INTEG(1,1) ~~|",
    "sample in arrays": ARRAYS + "a[Rd] = SAMPLE IF TRUE(v[Rd] > 1, v[Rd], x[Rd]) ~~|",
    "initial in arrays": ARRAYS
    + "a[Rd] = INITIAL(v[Rd]+1) ~~|\ns[Rd] = INTEG(a[Rd], a[Rd])"
    " ~~|\nu = INTEG(1,1) ~~|",
    "active initial in arrays": ARRAYS + "a[Rd] = ACTIVE INITIAL(v[Rd], x[Rd]*2) ~~|\n"
    "s[Rd] = INTEG(v[Rd], a[Rd]) ~~|\nu = INTEG(1,1) ~~|",
    "hyperbolics": "x = Time-2 ~~|\na = SINH(x)+COSH(x/2)*TANH(x) ~~|\n"
    "b = SINH(x/1000)*1000 ~~|",
    "rounding": "x = Time*1.3-3 ~~|\na = INTEGER(x) ~~|\nb = MODULO(x, 1.5) ~~|\n"
    "c = QUANTUM(x, 0.4) ~~|\nd = MODULO(7*x, 3)+QUANTUM(-x, 0.7) ~~|\n"
    "e = QUANTUM(x, 0) ~~|",
    "rounding in arrays": ARRAYS
    + "a[Rd] = INTEGER(v[Rd]) ~~|\nb[Rd] = MODULO(v[Rd]*3, "
    "x[Rd]) ~~|\nc[Rd] = QUANTUM(v[Rd], 0.3)+QUANTUM(2.5, x[Rd]) ~~|",
    "functions in arrays": ARRAYS
    + "a[Rd] = EXP(v[Rd]/9)+LN(x[Rd])+SQRT(x[Rd])+ABS(v[Rd]) "
    "~~|\nb[Rd] = SIN(v[Rd])+ARCTAN(v[Rd])+TAN(v[Rd]/9)+ARCSIN(v[Rd]/9) ~~|\n"
    "c[Rd] = MAX(v[Rd], 1)+MIN(v[Rd], x[Rd]) ~~|\nd[Rd] = LOG(x[Rd]+1, 10)^v[Rd] ~~|\n"
    "e[Rd,Re] = x[Rd]*m[Rd,Re]/n[Rd,Re] ~~|\nf[Rd] = POWER(x[Rd], 2.5) ~~|",
    "zero division in arrays": ARRAYS
    + "z[Rd] = 0,1,0,2 ~~|\na[Rd] = ZIDZ(v[Rd], z[Rd]) ~~|"
    "\nb[Rd] = XIDZ(v[Rd], z[Rd], x[Rd]) ~~|\nc[Rd,Re] = ZIDZ(1, n[Rd,Re]-1) ~~|\n"
    "e = ZIDZ(SUM(x[Rd!]), z[a]) ~~|",
    "choice in arrays": ARRAYS + "a[Rd] = IF THEN ELSE(v[Rd]>1, x[Rd], Time) ~~|\n"
    "b[Rd] = IF THEN ELSE(Time>2, x[Rd], 1) ~~|\nc[Rd] = IF THEN ELSE(x[Rd]>2 :AND:"
    " v[Rd]>0 "
    ":AND: Time>1, 1, IF THEN ELSE(:NOT: v[Rd]>0 :OR: Time<1, 2, 3)) ~~|",
    "pulses in arrays": ARRAYS
    + "t[Rd] = 0.5,1,1.5,2 ~~|\na[Rd] = STEP(x[Rd], t[Rd]) ~~|\n"
    "b[Rd] = RAMP(x[Rd], t[Rd], 3) ~~|\nc = PULSE(1, 1)+PULSE TRAIN(0,0.5,1,3) ~~|",
    "sums over two and three": ARRAYS + "k[Rd,Re,Rf] = n[Rd,Re]*Rf ~~|\n"
    "a = SUM(k[Rd!,Re!,Rf!]) ~~|\nb[Rd] = SUM(k[Rd,Re!,Rf!]) ~~|\nc[Re,Rf] ="
    " SUM(k[Rd!,Re,Rf]) ~~|\n"
    "e = SUM(k[Rd!,e2,Rf!]*x[Rd!]) ~~|\ng[Rd] = PROD(n[Rd,Re!]) ~~|\nh[Rf] ="
    " VMAX(k[Rd!,Re!,Rf]) "
    "~~|\nj = VMIN(k[sub!,e1,Rf!])+SUM(x[sub!]) ~~|\nl[Rd] = x[Rd]/SUM(x[Rd2!]) ~~|",
    "transposed": DIMS
    + "m[Rd,Re] = 1,2,3; 4,5,6; 7,8,9; 0,1,2; ~~|\nt[Re,Rd] = m[Rd,Re] ~~|\n"
    "k[Rf,Re,Rd] = m[Rd,Re]*Rf ~~|\nr[Rd,Rf,Re] = k[Rf,Re,Rd]+t[Re,Rd] ~~|",
    "mapped": ARRAYS
    + "y[Rd] = x[other] ~~|".replace("x[other]", "w[other]")
    + "\nw[other] = 1,2,3,4 ~~|\nz[Rd,Re] = n[Rd,Re]*w[other] ~~|",
    "copied range": "Rd: a,b,c ~~|\nCop <-> Rd ~~|\nx[Rd] = 1,2,3 ~~|\ny[Cop] ="
    " x[Cop]*2 ~~|\n"
    "m[Rd,Cop] = x[Rd]*y[Cop] ~~|",
    "ranges of ranges": "P: p1,p2 ~~|\nQ: q1,q2,q3 ~~|\nall: P, Q ~~|\nx[all] ="
    " 1,2,3,4,5"
    " ~~|\ny[P] = x[P]*Time ~~|\nz = SUM(x[all!])+SUM(x[Q!]) ~~|\nw[P] = 1 ~~|",
    "numbered": "L: (l1-l5) ~~|\nx[L] = L*2 ~~|\ny[L] = IF THEN ELSE(L=l3, Time, x[L]) "
    "~~|",
    "except": ARRAYS + "y[Rd] :EXCEPT: [sub] = x[Rd]*2 ~~|\ny[sub] = Time ~~|\n"
    "z[Rd,Re] :EXCEPT: [a,Re],[Rd,e2] = n[Rd,Re] ~~|\nz[a,Re] = 1 ~~|\nz[b,e2]=2 ~~|\n"
    "z[c,e2]=3 ~~|\nz[d,e2]=Time ~~|",
    "except of one element": ARRAYS + "z[Rd,Re] :EXCEPT: [a,e1] = n[Rd,Re]+x[Rd] ~~|\n"
    "z[a,e1] = Time ~~|",
    "element by element": DIMS
    + "y[a,Re] = Time ~~|\ny[sub,Re] = 2 ~~|\ny[d,e1] = 3 ~~|\n"
    "y[d,e2] = 4*Time ~~|\ny[d,e3] = 5 ~~|\nz[Rd] = SUM(y[Rd,Re!]) ~~|",
    "tables in arrays": ARRAYS + "f[a]((0,1),(4,3)) ~~|\nf[b]((0,2),(2,5),(4,1)) ~~|\n"
    "f[c]((0,0),(4,9)) ~~|\nf[d]((0,0),(4,1)) ~~|\ny[Rd] = f[Rd](Time) ~~|\n"
    "z[Rd] = f[Rd](x[Rd]+Time/9) ~~|\nw[Rd] = WITH LOOKUP(v[Rd],"
    " ((-4,1),(0,2),(4,0))) ~~|\n"
    "g((0,1),(9,2)) ~~|\nk[Rd] = g(x[Rd])+f[b](1.5) ~~|",
    "not a number": "x = IF THEN ELSE(Time > 1, 2, :NA:) ~~|\ny = 3 ~~|",
    "unchangeable": "k == 3 ~~|\nx = k*Time ~~|",
    "signs and powers": "x = 2+Time ~~|\na = -x^2 ~~|\nb = 2^-x ~~|\nc = - x * - 3"
    " ~~|\n"
    "d = 3 - - x ~~|\ne = +x ~~|\nf = (x)^2^0.5 ~~|\ng = -(x-1)^2 ~~|",
    "sums of numbers": "x = 3 - 2 ~~|\ny = 1e3+1.5E-2+.5+5. ~~|\nz = -1 -2 ~~|\n"
    "w = 3 ~~|\nv = w+x*y ~~|",
    "marks in units": 'x = 3 ~ "m ~ the word |\ny = x*Time ~ m" ~ no "end |',
    "a loop that only beginnings break": "cap = INTEG(adj, target) ~~|\n"
    "adj = (target-cap)/2 ~~|\nprod = 5+Time/9 ~~|\nused = prod/cap ~~|\n"
    "target = ACTIVE INITIAL(cap*(used+0.1), 7) ~~|",
    "conditions and test inputs": "x = 3*Time ~~|\n"
    "chk :THE CONDITION: x>3 :IMPLIES: x>2 ~~|\nt1 :TEST INPUT: x = 4 ~~|",
    "truth mixed": "x = Time ~~|\na = IF THEN ELSE(x>1 :AND: x<3 :OR: x=0, 1, 2) ~~|\n"
    "b = IF THEN ELSE(x>3 :OR: x<1 :AND: x>0.5, 1, 2) ~~|",
    "names": '"a b-c (d)!" = 2 ~~|\nÉtat élevé = "a b-c (d)!"*Time ~~|\n'
    'x_y  z = état_élevé+1 ~~|\n"1st" = X Y Z*2 ~~|\nw$1 = "1ST" ~~|\nlambda = 2 ~~|\n'
    "np = lambda+1 ~~|",
    "names with marks": '"a \\n b"=INTEG("f STEP(x!)",67) ~~|\n"f STEP(x!)"=3 ~~|\n'
    'y="a \\n b"*2 ~~|\n"w/ lists, and INITIAL(c" = 4 ~~|\n"$p!@| c"=21 ~~|\n'
    '"F*a^b + c"="$p!@| c"*2+"w/ lists, and INITIAL(c" ~~|\nimport=10 ~~|\n'
    'z=import+"x[1]"+"a:b"+"c=d"+"p<q"+"t~u" ~~|\n"x[1]"=3 ~~|\n"a:b"=2 ~~|\n'
    '"c=d"=1 ~~|\n"p<q"=5 ~~|\n"t~u"=6 ~~|',
    "lines and spaces": "x   =\n\tTime * \\\n\t\t2 +\n 1 ~ widget / year , month ~"
    " words, \n"
    "more | y=x*\\\n 3~~|\n Rd : a ,\n b ~~|\nz [ Rd ] = 1 ,\n 2 ~~|\n"
    "w[Rd]=z[ Rd ]+ IF THEN ELSE( x>2 , 1 ,\n 0 ) ~~|",
    "groups and a sketch": "****\n\t.Sector, one\n****~\n\twords, here\n\t|\nx ="
    " Time ~~|"
    "\n",
    "a sketch by hand": "x = Time ~~|",
    "mixed case": "x = TIME ~~|\ny = if then else(x > 1, Max(x, 2), mIn(x, 1)) ~~|\n"
    "z = Integ(y, 1) ~~|\nd = Smooth3i(z, 2, 1)+delay1(X, 2) ~~|",
    "a stock in an expression": "x = 2*INTEG(Time, 3)+1 ~~|\nu = INTEG(1,1) ~~|",
    "nested memory": "a = SMOOTH(DELAY1(SMOOTH3(Time, 1), 2), 1) ~~|\n"
    "b = INITIAL(SMOOTH(Time+5, 2))+SAMPLE IF TRUE(Time>2, DELAY FIXED(Time, 1, 0), 7) "
    "~~|",
    "positions in ranges that overlap": "d1: A,B,C ~~|\nd2: A,B,C ~~|\nd3: A,C,B ~~|\n"
    "d4: A,B ~~|\nd5: C,X,A,Y ~~|\nx[d1,d2] = IF THEN ELSE(d1=d2, 1, 0) ~~|\n"
    "y[d1,d3] = IF THEN ELSE(d3<d1, d3, d1*10) ~~|\nz[d5] = d5 ~~|\nw[d4] = d4+A ~~|",
    "time value": "a = GET TIME VALUE(0, 2, 0) ~~|\nb = GET TIME VALUE(0, a/3, 0) ~~|",
    "chained beginnings": "s = INTEG(-s, t*2) ~~|\nt = INTEG(s, u+1) ~~|\n"
    "u = INITIAL(w) ~~|\nw = 3+Time ~~|\nx = ACTIVE INITIAL(y, 4) ~~|\n"
    "y = INTEG(1, x) ~~|",
}


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pysd(case: str, tmp_path: Path, engine: EngineName) -> None:
    path = tmp_path / "m.mdl"
    text = vensim(CASES[case])
    if case == "a sketch by hand":
        text += "\n\\\\---/// Sketch information - this is where it would go."
    elif "sketch" in case:
        text += (
            "\\\\\\---/// Sketch information - do not modify anything except names\n"
            "V300  Do not put anything below this section - it will be"
            " ignored\n*View 1\n"
            "10,1,x,1,1,1,1,3,3,0,0,0,0,0,0\n///---\\\\\\\n:L<%^E!@\n"
        )
    path.write_text(text, encoding="utf-8")
    mine, compared = agree(path, engine)
    # Four control variables, and at least one of the model's own.
    assert compared == len(mine) > 4


AXES = {
    "saveper apart": ("0", "10", "0.125", "0.5"),
    "by constants": ("first", "first+8", "1/n", "TIME STEP*2"),
    "below zero": ("-3", "3", "0.25", "1"),
    "all change": (
        "0",
        "IF THEN ELSE(Time<5, 6, 12)",
        "IF THEN ELSE(Time<4, 1, 0.5)",
        "IF THEN ELSE(Time<10, TIME STEP, 2)",
    ),
    "a step that changes alone": ("0", "8", "IF THEN ELSE(Time<4, 0.5, 0.25)", "1"),
}


@pytest.mark.parametrize("case", AXES)
def test_time_axis_agrees_with_pysd(
    case: str, tmp_path: Path, engine: EngineName
) -> None:
    first, last, step, save = AXES[case]
    body = (
        "n = 8 ~~|\nfirst = 2 ~~|\nx = Time ~~|\ns = INTEG(x-s/3, 1) ~~|\n"
        "d = SMOOTH3(x, 4)+DELAY1(s, 3) ~~|\np = STEP(2, 3)+PULSE(5, 1) ~~|\n"
        "q = SAMPLE IF TRUE(x<4, x, 0) ~~|\n"
        f"FINAL TIME = {last} ~~|\nINITIAL TIME = {first} ~~|\nSAVEPER = {save} ~~|\n"
        f"TIME STEP = {step} ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + body)
    mine, compared = agree(path, engine)
    assert compared == len(mine)


def test_the_tail_used_here_has_quarter_steps() -> None:
    assert "TIME STEP = 0.25" in TAIL


def test_a_final_time_by_stocks_agrees_with_pysd(
    tmp_path: Path, engine: EngineName
) -> None:
    body = (
        "s = INTEG(r*s, 1) ~~|\nr = 0.5 ~~|\nd = SMOOTH3(s, 2) ~~|\n"
        "FINAL TIME = IF THEN ELSE(s+d > 20, Time, 50) ~~|\nINITIAL TIME = 0 ~~|\n"
        "SAVEPER = IF THEN ELSE(s > 5, 0.25, 1) ~~|\nTIME STEP = 0.25 ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + body)
    mine, compared = agree(path, engine)
    assert compared == len(mine) == 7
    model = read_model(path, cache=False)
    assert 2 < model.time.stop < 50
    assert any("every run goes to" in text for text in model.warnings)


def test_the_judge_follows_a_moving_time_axis_and_lacks_the_seed(
    tmp_path: Path,
) -> None:
    body = (
        "s = INTEG(1+0*RANDOM 0 1(), 1) ~~|\n"
        "FINAL TIME = IF THEN ELSE(Time<2, 3, 6) ~~|\nINITIAL TIME = 0 ~~|\n"
        "SAVEPER = TIME STEP ~~|\nTIME STEP = IF THEN ELSE(Time<4, 1, 0.5) ~~|\n"
    )
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + body)
    model = read_model(path, cache=False)
    names = tuple(model.scalars)
    asked = Inputs(("NOISE SEED",), np.array([[3.0]])), Save(names)
    judged = simulate(model, *asked, engine="pysd").values
    np.testing.assert_array_equal(simulate(model, *asked).values, judged)
    assert set(names) > {"NOISE SEED", "FINAL TIME"}
