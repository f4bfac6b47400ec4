"""No variable of a model file is lost in silence: it is in the results or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from tests.translate.writing import Write

XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<dimensions>
{dim}
</dimensions>
<model><variables>
<aux name="y"><dimensions><dim name="D"/></dimensions>{eqn}</aux>
<aux name="z"><eqn>SUM(y[*])</eqn></aux>
{more}
</variables></model>{models}</xmile>"""
ONE = "<eqn>1</eqn>"
UNUSED = f'<model name="M"><variables><aux name="q">{ONE}</aux></variables></model>'

DIMENSIONS = {
    '<dim name="D" size="20001"/>': "line 5: the dimension 'D': size '20001'; allowed",
    '<dim name="D" size="1000000000"/>': "size '1000000000'; allowed: .* 1 to 20000",
    f'<dim name="D" size="{"9" * 5000}"/>': "line 5: the dimension 'D': size '9999",
    '<dim name="D" size="0"/>': "size '0'; allowed: a whole number from 1 to 20000",
    '<dim name="D" size="-3"/>': "size '-3'; allowed",
    '<dim name="D" size="abc"/>': "size 'abc'; allowed",
    '<dim name="D" size="²"/>': "size '²'; allowed",
    '<dim name="D"/>': "line 5: the dimension 'D' has no elements; give it <elem",
    '<dim name="D" size="3"><elem name="a"/></dim>': "size '3', yet it names 1 el",
    '<dim name="D" size="2"/>\n<dim name="d" size="3"/>': "line 6: .* defined again",
    '<dim name="E" size="2"/>': "line 8: 'y' cannot be read .no dimension 'D'",
}


@pytest.mark.parametrize("dim", DIMENSIONS)
def test_a_wrong_dimension_is_refused(dim: str, write: Write) -> None:
    text = XMILE.format(dim=dim, eqn=ONE, more="", models="")
    with pytest.raises(ModelFileError, match=DIMENSIONS[dim]):
        read_model(write(text, "m.xmile"), cache=False)


TWO = '<dim name="D" size="2"/>'


def test_the_largest_dimension_is_read(write: Write) -> None:
    text = XMILE.format(dim=TWO.replace("2", "20000"), eqn=ONE, more="", models="")
    model = read_model(write(text, "m.xmile"), cache=False)
    assert len(model.variables["y"].elements) == 20_000


LOST = {
    "fewer equations than elements": (
        (f"{ONE}{ONE}{ONE}", "", ""),
        "line 8: 'y' cannot be read .3 <eqn> for the 2 elements of 'D'",
    ),
    "an unknown kind": (
        (ONE, f'<level name="w">{ONE}</level>', ""),
        "line 10: 'w': a <level>; variables are aux, flow, gf, stock",
    ),
    "a model that nothing uses": (
        (ONE, "", UNUSED),
        "line 11: the model 'M' stands in no module, so 'q' and all else",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOST)
def test_what_would_be_lost_is_refused(case: str, write: Write) -> None:
    (eqn, more, models), words = LOST[case]
    text = XMILE.format(dim=TWO, eqn=eqn, more=more, models=models)
    with pytest.raises(ModelFileError, match=words):
        read_model(write(text, "m.xmile"), cache=False)


def test_an_exception_that_takes_all_is_refused(write: Write) -> None:
    body = "d: a,b ~~|\nx[d] :EXCEPT: [d] = 1 ~~|\n"
    with pytest.raises(ModelFileError, match="line 3: 'x' has no element left"):
        read_model(write(vensim(body)), cache=False)
