"""The page of everything that a model file may say, from the table in the code."""

from __future__ import annotations

from sdmodel.model.functions import OPERATIONS
from sdmodel.model.language import CONSTRUCTS

_INTRODUCTION = (
    (
        "Made by `docs/generate.py` from the table in `sdmodel/model/language.py`. "
        "Every row is computed by the compiled engine and by NumPy, alone or in "
        "arrays, nested in any way, and is held to PySD 3.14 by the tests; the last "
        "column tells where PySD lacks it or differs. What is not here is refused with "
        "variable, equation and line."
    ),
    (
        "Names are read without regard to case, spaces and underscores. A model may "
        "hold macros (Vensim's and XMILE's; PySD lacks the latter, and delays inside "
        "the former, and outputs `M(a, b : y, z)`, which become variables y and z "
        "with the subscripts of the left side), subscript ranges with subranges, "
        "mappings, `:EXCEPT:` and "
        "definitions element by element."
    ),
    (
        "Random functions draw one number a step from a stream that is named by the "
        "run's `NOISE SEED` (a constant that any run may set; 0 if the model has "
        "none), the call's place in the model and the seed it is given. The same seed "
        "gives the same draws for any order of runs, chunk, thread count and engine. "
        "PySD's draws are others: these functions stand outside agreement."
    ),
)


def page() -> str:
    """Return the page of all constructs and of the operations they become."""
    parts = ["# Functions", *_INTRODUCTION]
    for chapter, rows in CONSTRUCTS.items():
        head = ["| Vensim | XMILE | meaning | beyond PySD |", "|---|---|---|---|"]
        cells = ((row.vensim, row.xmile, row.meaning, row.beyond) for row in rows)
        parts += [f"## {chapter}", "\n".join([*head, *map(_row, cells)])]
    head = ["| operation | arguments | meaning | formula |", "|---|---|---|---|"]
    cells_of = (
        (item.name, str(item.arity), item.doc, _code(item.closed_form))
        for item in OPERATIONS.values()
    )
    parts += [
        "## What engines compute",
        "The translation writes all of the above out in these operations on numbers.",
        "\n".join([*head, *map(_row, cells_of)]),
    ]
    return "\n\n".join(parts) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    flat = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(flat)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
