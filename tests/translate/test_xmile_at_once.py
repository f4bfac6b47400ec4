"""A fault in an XMILE dimension, module or macro hides nothing, and is told once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError, UnsupportedError
from sdmodel.translate.read import read_model
from tests.translate.test_constructs_xmile import WHOLE, aux

if TYPE_CHECKING:
    from pathlib import Path

LOOP = aux("l1", "l2") + aux("l2", "l1")


def array(name: str, dim: str, equation: str) -> str:
    inner = f'<dimensions><dim name="{dim}"/></dimensions>'
    return f'<aux name="{name}">{inner}<eqn>{equation}</eqn></aux>'


USES_D = (
    array("x", "D", "nix*2 + TIME")
    + array("y", "D", "x[D] + x[3] + x[north] + D + SIZE(D) + DT")
    + aux("total", "SUM(x[*]) + x[2] + x[south] + MEAN(y) + SIZE(D)")
)
"""An unknown name inside, and uses that mean something only if D were right."""

THREE = '<elem name="north"/><elem name="south"/><elem name="e"/>'
LINK = '<connect to="A.inner" from="B.x"/>'
M = '<model name="A"><variables>{}</variables></model>'
USES_A = aux("seen", "A.inner*2 + nix") + aux("then", "seen + A.other")

# What to put before <model>, among the variables, and after; the words of the fault.
FAULTS = {
    "size": ('<dim name="D" size="many"/>', USES_D, "", "'D': size 'many'"),
    "none": ('<dim name="D"/>', USES_D, "", "'D' has no elements"),
    "twice": (
        '<dim name="D" size="3"/><dim name="d" size="4"/>',
        USES_D,
        "",
        "the dimension 'd' is defined again",
    ),
    "one too many": (
        f'<dim name="D" size="4">{THREE}</dim>',
        USES_D,
        "",
        "size '4', yet it names 3 elements",
    ),
    "an element twice": (
        f'<dim name="D">{THREE}<elem name="North"/></dim>',
        USES_D,
        "",
        "the element 'North' stands in it twice",
    ),
    "no dimension": ("", array("x", "Q", "nix"), "", "no dimension 'Q'"),
    "no model": ("", f'<module name="A"/>{USES_A}', "", "the file has no <model"),
    "elsewhere": (
        "",
        f'<module name="A" resource="a.xmile"/>{USES_A}',
        "",
        "a module in another file",
    ),
    "no module": ("", USES_A, M.format(aux("inner", "1")), "'A' stands in no module"),
    "inside itself": (
        "",
        f'<module name="A"/>{aux("seen", "A.A.inner*2 + nix")}',
        M.format('<module name="A"/>' + aux("inner", "1")),
        "'A.A': a module that contains itself",
    ),
    "unread in a module": (
        "",
        f'<module name="A"/>{USES_A}',
        M.format(aux("inner", "2 +") + aux("other", "3")),
        "'A.inner' cannot be read",
    ),
    "unsafe in a module": (
        "",
        f'<module name="A"/>{USES_A}',
        M.format(aux("inner", "(" * 60 + "1" + ")" * 60) + aux("other", "3")),
        "60 parentheses inside each other",
    ),
    "twice in a module": (
        "",
        f'<module name="A"/>{USES_A}',
        M.format(aux("inner", "1") + aux("INNER", "1") + aux("other", "3")),
        "'INNER' is defined again",
    ),
    "no such input": (
        "",
        f'<module name="A">{LINK}</module><module name="B"/>{USES_A}',
        M.format('<aux name="inner" access="input"/>' + aux("other", "inner")),
        "'B': a module, yet the file has no <model",
    ),
    "unread in a macro": (
        "",
        aux("x", "twice(nix) + 1"),
        '<macro name="twice"><parm>a</parm><eqn>2 +</eqn></macro>',
        "'twice' cannot be read",
    ),
    "an inner part of a macro": (
        "",
        aux("x", "twice(nix) + 1"),
        '<macro name="twice"><parm>a</parm><eqn>b</eqn><variables>'
        + aux("b", "a*?")
        + "</variables></macro>",
        "'b' cannot be read",
    ),
    "deep in a macro": (
        "",
        aux("x", "twice(nix) + 1"),
        '<macro name="twice"><parm>a</parm><eqn>b</eqn><variables>'
        + aux("b", "(" * 60 + "a" + ")" * 60)
        + "</variables></macro>",
        "60 parentheses",
    ),
    "a default of a macro": (
        "",
        aux("x", "twice() + nix"),
        '<macro name="twice"><parm default="2*">a</parm><eqn>a*2</eqn></macro>',
        "the default '2[*]' of 'a' cannot be read",
    ),
    "a conveyor": (
        "",
        aux("x", "1", "<outflow>o</outflow><conveyor/>", "stock")
        + '<flow name="o"/>'
        + aux("y", "x + o + nix"),
        "",
        "'x\\d?': a conveyor without <len>",
    ),
    "a kind": ("", "<tank name='x'><eqn>1</eqn></tank>" + aux("y", "x+nix"), "", "<t"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_hides_nothing_and_is_told_once(case: str, tmp_path: Path) -> None:
    dims, body, models, words = FAULTS[case]
    text = WHOLE.format("\n" + body + "\n" + LOOP)
    if dims:
        text = text.replace("<dimensions><dim", f"<dimensions>{dims}<dim", 1)
    path = tmp_path / "m.xmile"
    path.write_text(text.replace("</xmile>", f"\n{models}</xmile>"), encoding="utf-8")
    with pytest.raises((ModelFileError, UnsupportedError)) as caught:
        read_model(path, cache=False)
    told = caught.value.problems
    assert len(told) == 3, told
    assert all(", line " in one for one in told), told
    assert sum(bool(re.search(words, one)) for one in told) == 1, told
    assert sum("no variable 'nix'" in one for one in told) == 1
    assert sum("an algebraic loop: l1 → l2 → l1" in one for one in told) == 1


def test_they_are_all_told_together(tmp_path: Path) -> None:
    """Faults of every kind in one file, each in variables of its own."""
    names = ("size", "no model", "unread in a macro", "a conveyor")
    parts = [FAULTS[name] for name in names]
    body = "".join(
        re.sub(r"(?<![\w.<])(x|y|o|seen|then|total)(?![\w=])", rf"\g<1>{i}", part[1])
        for i, part in enumerate(parts)
    )
    text = WHOLE.format(body + LOOP).replace(
        "<dimensions><dim", f"<dimensions>{parts[0][0]}<dim", 1
    )
    path = tmp_path / "m.xmile"
    text = text.replace("</xmile>", "".join(part[2] for part in parts) + "</xmile>")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError) as caught:
        read_model(path, cache=False)
    told = caught.value.problems
    for words in (*(part[3] for part in parts), "an algebraic loop"):
        assert sum(bool(re.search(words, one)) for one in told) == 1, (words, told)
    assert sum("no variable 'nix'" in one for one in told) == len(names)
    assert len(told) == 2 * len(names) + 1, told
