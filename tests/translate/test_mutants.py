"""Damaged model files: an answer or a sentence with its line, never a traceback."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import SdmodelError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

_PIECES = """
( ) [ ] , = ~ | " \\ - + * / ^ ! : 1e400 1e-320 0 -1 nan INTEG( SUM( DELAY3( SMOOTH(
:EXCEPT: Time 999999999999 A,B,C { } < > &amp; &#0; é 人口 <stock> </eqn>
"""
PIECES = _PIECES.split()
NUMBERS = ("0", "-1", "1e9", "1e308", "0.3", "99999999")
XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>v</vendor><name>n</name></header>
<sim_specs><start>0</start><stop>5</stop><dt>0.5</dt></sim_specs>
<dimensions><dim name="D"><elem name="A"/><elem name="B"/></dim></dimensions>
<model><variables>
<stock name="S"><eqn>1</eqn><inflow>f</inflow><units>a</units></stock>
<flow name="f"><eqn>SMTH3(q, 2) * k</eqn></flow>
<aux name="q"><eqn>S</eqn><gf><xscale min="0" max="9"/><ypts>0,1,3</ypts></gf></aux>
<aux name="k"><eqn>IF TIME &gt; 3 THEN 0.5 ELSE 1</eqn><doc>how much</doc></aux>
<aux name="r"><dimensions><dim name="D"/></dimensions><eqn>S * 2</eqn></aux>
</variables></model></xmile>
"""


def mutant(text: str, rng: random.Random) -> str:
    """Return the text with one to six small damages."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        start = rng.randrange(len(text) + 1)
        stop = min(len(text), start + rng.randrange(1, 30))
        found = rng.choice(list(re.finditer(r"\d+\.?\d*", text)) or [None])
        piece = rng.choice(
            (
                "",
                rng.choice(PIECES),
                text[start:stop] * rng.choice((2, 50)),
                chr(rng.randrange(32, 0x3000)),
            )
        )
        if rng.random() < 0.2 and found is not None:
            start, stop, piece = *found.span(), rng.choice(NUMBERS)
        text = text[:start] + piece + text[stop:]
    return text or "x"


@pytest.mark.parametrize(
    ("seed", "count"),
    [(1, 120), *(pytest.param(seed, 1000, marks=pytest.mark.slow) for seed in (2, 3))],
)
@pytest.mark.parametrize("suffix", [".mdl", ".xmile"])
def test_damage_is_met_with_an_answer_or_a_sentence(
    suffix: str, seed: int, count: int, tiny_folder: Path, tmp_path: Path
) -> None:
    rng = random.Random(seed)  # noqa: S311 - which damage is no secret
    whole = (tiny_folder / "tiny.mdl").read_text("utf-8") if suffix == ".mdl" else XMILE
    told = lined = 0
    for _ in range(count):
        file = tmp_path / f"m{suffix}"
        file.write_text(mutant(whole, rng), encoding="utf-8")
        try:
            model = read_model(file, cache=False)
            if model.time.steps < 100_000:
                save = Save(tuple(model.scalars))
                simulate(model, Inputs((), np.empty((1, 0))), save, engine="numpy")
        except SdmodelError as error:
            told += len(error.problems)
            lined += sum("line" in what for what in error.problems)
        assert list(tmp_path.iterdir()) == [file]
    assert lined >= 0.95 * told
    assert told > count / 10
