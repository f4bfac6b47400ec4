"""Model files that try to run code while they are read or judged.

Each text places a payload where PySD 3.14 puts text of the file into the Python program
it makes, or hands it to ``eval``: thirteen routes, each in several spellings. Whoever
executes one leaves a file called PWN in the working folder.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SINGLE = "__import__('builtins').open('PWN','a').close()"
DOUBLE = '__import__("builtins").open("PWN","a").close()'

_MODEL = "S = INTEG(x, 1) ~~|\nx = 1 ~~|\n"
_CLOCK = (
    "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
)
_XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>v</vendor><name>{title}</name></header>
<sim_specs><start>{start}</start><stop>2</stop><dt>1</dt></sim_specs>
{ranges}
<model><variables>
<stock name="S"><eqn>1</eqn><inflow>x</inflow></stock>
<flow name="x"><eqn>1</eqn></flow>
{variables}
</variables></model>{models}</xmile>"""

LIMITS = (
    f"[(0,0),(1,{SINGLE} or 1)]",
    f"[(0,0)-({SINGLE} or 1,1)]",
    f"[({SINGLE} or 0,0)-(1,1)]",
    f"[(0,0)-(1,1),(2,{SINGLE} or 2)]",
    f"[(0,0)-(1,1)*{SINGLE}]",
    f"[ ( 0,0)-(1,[{SINGLE}] and 1)]",
    f"[(0,0)-(1,1)],(0,0),(1,{SINGLE} or 1",
)
TEXTS = (
    f'"""\n{DOUBLE}\n"""',
    f'""" + str({DOUBLE}) + """',
    f"'''\n{SINGLE}\n'''",
    f'\\"""\n{DOUBLE}\n#',
    f'"""\n    pass\n{SINGLE}\n"""',
)
PLACES = (
    rf"\x27 + str({SINGLE}) + \x27",
    f"\\\\' + str({SINGLE}) + '",
    f"d.csv' + str({SINGLE}) + '",
    rf"d.csv\' + {SINGLE} + r\'",
    "?d.xlsx\\",
    "../d.csv",
)
NAMES = (
    f"f', {SINGLE}) #",
    f"f'+str({SINGLE})+'",
    f"f\\x27+{SINGLE}",
    f"x')\n{SINGLE}\n#",
    f"g,{SINGLE}",
    f"{{{SINGLE}}}",
)
FILES = (
    f"a'+str({SINGLE})+'",
    f'a"+str({DOUBLE})+"',
    "a\\x27",
    f"a';{SINGLE};'",
    "numpy",
    "conftest",
)


def models() -> Iterator[tuple[str, str, str]]:
    """Yield (what it tries, file name, text) of each hostile model."""
    for what, body in (*_limits(), *_texts(), *_places(), *_names()):
        yield what, "m.mdl", f"{{UTF-8}}\n{body}{_CLOCK}"
    for number, stem in enumerate(FILES):
        yield f"file name {number}", f"{stem}.mdl", f"{{UTF-8}}\n{_MODEL}{_CLOCK}"
    for what, parts in _xmile():
        given = {
            "title": "n",
            "start": "0",
            "ranges": "",
            "variables": "",
            "models": "",
        }
        given |= parts
        yield what, "m.xmile", _XMILE.format(**given)


def _limits() -> Iterator[tuple[str, str]]:
    for number, limits in enumerate(LIMITS):
        table = f"{limits},(0,0),(1,1)"
        yield f"limits {number}", f"{_MODEL}t({table}) ~~|\ny = t(x) ~~|\n"
        yield f"with {number}", f"{_MODEL}y = WITH LOOKUP(x,({table})) ~~|\n"


def _texts() -> Iterator[tuple[str, str]]:
    for number, text in enumerate(TEXTS):
        yield f"comment {number}", f"S = INTEG(x, 1) ~~|\nx = 1 ~ u ~ {text}\n|\n"
        line = text.replace("\n", " ")
        yield f"unit {number}", f"S = INTEG(x, 1) ~~|\nx = 1 ~ {line} ~ c\n|\n"


def _places() -> Iterator[tuple[str, str]]:
    for number, text in enumerate(PLACES):
        for kind in ("DIRECT", "XLS"):
            get = f"y = GET {kind} CONSTANTS"
            for part, call in enumerate(
                (f"('{text}',',','A1')", f"('d.csv','{text}','A1')",
                 f"('d.csv',',','{text}')")
            ):  # fmt: skip
                yield f"{kind} {number}.{part}", f"{_MODEL}{get}{call} ~~|\n"
        yield (
            f"lookups {number}",
            f"{_MODEL}t(GET DIRECT LOOKUPS('{text}',',','A','B1')) ~~|\ny = t(x) ~~|\n",
        )
        yield (
            f"external data {number}",
            f"{_MODEL}d := GET DIRECT DATA('{text}',',','A','B1') ~~|\ny = d ~~|\n",
        )
        yield (
            f"external range {number}",
            f"{_MODEL}D : GET DIRECT SUBSCRIPT('{text}',',','A1','A','') ~~|\n",
        )


def _names() -> Iterator[tuple[str, str]]:
    for number, name in enumerate(NAMES):
        bodies = {
            "bare data": f'"{name}" ~~|\ny = "{name}" ~~|\n',
            "held": f'"{name}" = SAMPLE IF TRUE(x > "{name}", x, x) ~~|\n',
            "function": f'y = "{name}"(x) ~~|\n',
            "data": f'"{name}" :INTERPOLATE: ~~|\ny = "{name}" ~~|\n',
            "data equation": f'"{name}" := x ~~|\ny = "{name}" ~~|\n',
            "dimension": f'"{name}" : A, B ~~|\ny["{name}"] = 1,2 ~~|\n'
            f'z = SUM(y["{name}"!]) ~~|\n',
            "element": f'D : "{name}", B ~~|\ny[D] = 1,2 ~~|\nw = y["{name}"] ~~|\n',
            "mapping": f'D : A,B -> "{name}" ~~|\n"{name}" : A1,B1 ~~|\n'
            "y[D] = 1,2 ~~|\n",
            "variable": f'"{name}" = 1 ~~|\ny = "{name}" + SMOOTH("{name}", 2) ~~|\n',
            "table": f'"{name}"((0,0),(1,1)) ~~|\ny = "{name}"(x) ~~|\n',
            "group": f"********\n\t.{name}\n********~\n\tg\n\t|\n",
        }
        for what, body in bodies.items():
            yield f"{what} {number}", _MODEL + body
        macros = {
            "macro": f'"{name}"(a)\n"{name}" = a ~~|',
            "macro input": f'M("{name}")\nM = "{name}" ~~|',
            "macro output": f'M(a : "{name}")\nM = a ~~|\n"{name}" = a ~~|',
        }
        uses = (f'"{name}"(x)', "M(x)", f'M(x : "{name}")')
        for (what, macro), use in zip(macros.items(), uses, strict=True):
            body = f":MACRO: {macro}\n:END OF MACRO:\n{_MODEL}y = {use} ~~|\n"
            yield f"{what} {number}", body


def _xmile() -> Iterator[tuple[str, dict[str, str]]]:
    for number, text in enumerate(TEXTS):
        for tag in ("doc", "units"):
            inner = f"<{tag}>{escape(text)}</{tag}><eqn>x</eqn>"
            aux = f'<aux name="q">{inner}</aux>'
            yield f"xmile {tag} {number}", {"variables": aux}
    for number, name in enumerate(NAMES):
        text = escape(name, quote=True)
        axis = f'<dimensions><dim name="{text}"/></dimensions>'
        bodies = {
            "function": f"<eqn>&quot;{text}&quot;(x)</eqn>",
            "equation": f"<eqn>{text}</eqn>",
            "scale": f'<eqn>x</eqn><gf><xscale min="0" max="{text}"/>'
            "<ypts>0,1</ypts></gf>",
            "points": '<eqn>x</eqn><gf><xscale min="0" max="1"/>'
            f"<ypts>0,{text}</ypts></gf>",
            "limits": f'<range min="{text}" max="1"/><eqn>1</eqn>',
        }
        for what, inner in bodies.items():
            aux = f'<aux name="q">{inner}</aux>'
            yield f"xmile {what} {number}", {"variables": aux}
        yield (
            f"xmile variable {number}",
            {
                "variables": f'<aux name="{text}"><eqn>x</eqn></aux><aux name="q">'
                f"<eqn>SMTH1(&quot;{text}&quot;,2)</eqn></aux>"
            },
        )
        for what, dim, elem in (("dimension", text, "A"), ("element", "D", text)):
            axis = f'<dimensions><dim name="{dim}"/></dimensions>'
            yield (
                f"xmile {what} {number}",
                {
                    "variables": f'<aux name="q">{axis}<eqn>1</eqn></aux>',
                    "ranges": f'<dimensions><dim name="{dim}"><elem name="{elem}"/>'
                    '<elem name="B"/></dim></dimensions>',
                },
            )
        yield f"xmile title {number}", {"title": text}
        module = f'<module name="{text}"><connect to="{text}.a" from=".{text}"/>'
        inner = f'<aux name="a" access="input"/><aux name="{text}"><eqn>a</eqn></aux>'
        yield (
            f"xmile module {number}",
            {
                "variables": f"{module}</module>"
                f'<aux name="q"><eqn>&quot;{text}&quot;.a</eqn></aux>',
                "models": f'<model name="{text}"><variables>{inner}</variables>'
                "</model>",
            },
        )
        axis = '<dimensions><dim name="D"/></dimensions>'
        for what, part in {
            "part": f'<element subscript="{text}"><eqn>1</eqn></element>',
            "slice": f"<eqn>SUM(q[*:&quot;{text}&quot;])</eqn>",
            "computed": f"<eqn>x[&quot;{text}&quot;]+x[{text}]</eqn>",
            "start value": f"<eqn>1</eqn><init_eqn>&quot;{text}&quot;()</init_eqn>",
            "table": f'<eqn/><gf type="{text}"><xpts>0,1</xpts><ypts>0,1</ypts></gf>',
            "mark": f'<eqn/><gf><xpts sep="{text}">0,1</xpts><ypts>0,1</ypts></gf>',
        }.items():
            yield (
                f"xmile {what} {number}",
                {
                    "variables": f'<aux name="q">{axis}{part}</aux>',
                    "ranges": '<dimensions><dim name="D" size="2"/></dimensions>',
                },
            )
        yield f"xmile start {number}", {"start": text}
