r"""Draw a Vensim model's sketch section anew, or check that it is up to date.

    python docs/sketch.py [MODEL.mdl]           write it
    python docs/sketch.py [MODEL.mdl] --check   exit 1 if stale

Without a file it is the shipped model's. The equations stay byte for byte. Each sector
gets a view (``VIEWS`` cuts the large ones) in which each of its variables stands once
as itself; ``sketch_layout.py`` says where.

Facts about the format are from Vensim's help, "Appendix > Files > .mdl Model Files",
pages "Sketch Information" (ref_sketch_format.html) and "Objects" (24305.html): a line
begins with the object's type and its number within the view; 10 is a variable (shape 3
a box, 8 bare text, 40 the label of the valve one line above; bits 3 itself, 2 shadow),
11 a valve, 12 text 48 a cloud, 1 an arrow (shape 0 straight, 1 an arc through a point,
4 and 100 the pipe's two ends, thickness 22). Coordinates are centres, sizes half sizes.
That 1 in an arrow's eleventh place marks "initial value only" is seen in public files.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sketch_layout import Structure, View

from sdmodel.errors import SdmodelError
from sdmodel.model.core import plain
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdmodel.model.core import Model

MARK = r"\\\---/// Sketch information - do not modify anything except names"
SHIPPED = Path(__file__).parents[1] / "models" / "consortium" / "consortium.mdl"
HEAD = """V300  Do not put anything below this section - it will be ignored
*{}
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
"""
TAIL = """///---\\\\\\ :L\x7f<%^E!@ 15:0,0,0,0,0,0 19:100,0 27:0, 34:0, 4:Time 35:Date
36:YYYY-MM-DD 37:2000 38:1 39:1 40:2 41:0 42:0 24:{start:g} 25:{stop:g} 26:{stop:g}
""".replace(" ", "\n")
VIEWS = {
    "member share": "Need and use sought",
    "visit charge seen": "Choice of tier",
    "base up referral": "Referral up and across",
    "base down referral": "Referral down",
    "cross pull": "Choice between communities and admissions",
    "days per year": "Beds",
    "reference stay": "Stays and bed days",
    "admission capacity": "Waiting for admission",
    "visit capacity": "Waiting for visits and unmet need",
    "per diem share": "Payment levers and shares in force",
    "base visit charge": "Charges and reference rates",
    "visit reimbursement start": "Cover and charges billed",
    "coded weight": "Claims under each contract",
    "member growth": "Budgets and settlement",
    "outside spending": "Shared savings and closed grid",
    "consultation price": "Programmes paid beside care",
    "member mix now": "Marginal rewards",
    "all service reward": "Intensity and stays and inducement",
    "coding ceiling": "Coding and selection and refusal",
    "rotation rate": "Dispatch and rotation of staff",
    "brand tie": "Brand and specialist alliances",
    "savings share to primary": "Prevention effort and its reward",
    "members": "Fund income",
    "account spending per member": "Fund spending and reserves",
    "patient payments": "Revenue and cost and margin",
    "bonus share": "Physician pay",
    "fund receipts": "Cash and debt and hospital physicians",
    "all visits": "Outcomes of access and equity",
    "chronic cases": "Outcomes of health and money",
}
"""First variable of a view → its name; a sector without one is a view of its own."""
SHAPES = {"stock": "3", "box": "3", "flow": "40", "ghost flow": "40"}


def structure(model: Model) -> Structure:
    """Take arrows and plain rates out of the equations' text."""
    known = {plain(name): name for name in model.variables} | {"time": "Time"}
    inputs, flows = {}, {}

    def named(text: str) -> dict[str, None]:
        found = re.findall(r'"[^"]*"|[^-+*/^(),<>=!:;\n]+', text)
        return {known[plain(w)]: None for w in found if plain(w) in known}

    for name, variable in model.variables.items():
        text = first = re.sub(r"\[[^\]]*\]", "", variable.equation)
        if variable.kind == "stock":
            first, depth = text[text.index("(") + 1 :], 0
            for at, letter in enumerate(first):
                depth += {"(": 1, ")": -1}.get(letter, 0)
                if letter == "," and depth == 0:
                    first = first[:at]
                    break
            terms = re.findall(r"([-+]?)([^-+]+)", first)
            rate = {known.get(plain(w), ""): -1 if s == "-" else 1 for s, w in terms}
            if not re.search(r"[*/^(]", first) and not {"", name} & set(rate):
                flows[name] = rate
        now = named(first)
        inputs[name] = {w: w not in now for w in named(text) if w != name}
    boxes = frozenset(n for n, v in model.variables.items() if v.kind == "stock")
    return Structure(inputs, flows, boxes)


def lines(view: View) -> Iterator[str]:
    """Give the view's objects, numbered in the order written."""
    grey = "2,0,3,-1,0,0,0,128-128-128,0-0-0,|12||128-128-128"
    shown = [thing for thing in view.things if thing.kind != "corner"]
    number = 0
    for t in shown:
        number += 1
        t.number, place = number, f"{t.x:.0f},{t.y:.0f}"
        if t.kind == "cloud":
            yield f"12,{number},48,{place},10,8,0,3,0,0,-1,0,0,0"
        elif t.kind in {"valve", "upright"}:
            size = "6,8,34,3,0,0,1" if t.kind == "valve" else "8,6,33,3,0,0,4"
            yield f"11,{number},0,{place},{size},0,0,0"
        else:
            shape, size = SHAPES.get(t.kind, "8"), f"{t.wide:.0f},{t.high:.0f}"
            look = "3,0,0,0,0,0,0" if shape == "3" else "3,0,0,-1,0,0,0"
            look = grey if "ghost" in t.kind else look
            yield f"10,{number},{t.name},{place},{size},{shape},{look}"
    for source, user, sign, initial, corner in view.arrows:
        number += 1
        x, y = (source.x + user.x) / 2, (source.y + user.y) / 2
        shape = f"{4 if sign > 0 else 100},0,0,22,0,0"
        if corner:
            x, y = corner.x, corner.y
        elif source.x < user.x:
            shape = "0,0,0,0,0,64"
        else:  # against the flow of the view: an arc
            x, y = x + (user.y - source.y) / 5, y + (source.x - user.x) / 5
            shape = "1,0,0,0,0,64"
        line = f"1,{number},{source.number},{user.number},{shape},{int(initial)}"
        yield f"{line},-1--1--1,,1|({x:.0f},{y:.0f})|"


def sketch(path: Path) -> bytes:
    """Return the file's bytes with its sketch drawn anew."""
    model = read_model(path, cache=False)
    views: dict[str, list[str]] = {}
    title = group = ""
    for name, variable in model.variables.items():
        title = VIEWS.get(name, variable.group if variable.group != group else title)
        group = variable.group
        views.setdefault(title or "Model", []).append(name)
    known, text = structure(model), ""
    for title, own in views.items():
        drawn = "\n".join(lines(View(own, known)))
        text += f"{MARK}\n{HEAD.format(title.replace(',', ''))}{drawn}\n"
    text += TAIL.format(start=model.time.start, stop=model.time.stop)
    equations, _, _ = path.read_bytes().partition(MARK.encode())
    return equations + text.encode()


def main(arguments: list[str]) -> int:
    """Write the sketch, or with ``--check`` say whether it is stale."""
    paths = [Path(a) for a in arguments if a != "--check"]
    if len(paths) > 1:
        sys.stderr.write("usage: python docs/sketch.py [MODEL.mdl] [--check]\n")
        return 2
    paths = paths or [SHIPPED]
    try:
        old, wanted = paths[0].read_bytes(), sketch(paths[0])
    except (OSError, SdmodelError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if old != wanted and "--check" in arguments:
        sys.stderr.write(f"{paths[0]}: the sketch is stale; run docs/sketch.py\n")
        return 1
    if old != wanted:
        handle, temporary = tempfile.mkstemp(dir=paths[0].parent, suffix=".mdl")
        with os.fdopen(handle, "wb") as file:
            file.write(wanted)
        Path(temporary).replace(paths[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
