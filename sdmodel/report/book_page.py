"""The pages of a model's book: one HTML file, and Markdown for a repository."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sdmodel.study.controls import GRADES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sdmodel.report.book import Book, Entry

LONG_EQUATION = 400
"""Characters of an equation that the Markdown tables show; the HTML page has it all."""


def book_html(book: Book) -> str:
    """Return the book as one self-contained HTML page."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("sdmodel.report"), autoescape=True, trim_blocks=True
    )
    counts: Counter[str] = Counter(control.grade for control in book.controls)
    grades = [(grade, counts[grade]) for grade in GRADES]
    text = environment.get_template("book.html.j2").render(b=book, grades=grades)
    return f"{text}\n"


def book_markdown(book: Book, intro: Sequence[str]) -> str:
    """Return the book as Markdown; ``intro`` are the paragraphs of its head."""
    return "\n\n".join([*intro, *_parts(book)]) + "\n"


def _parts(book: Book) -> Iterator[str]:
    model = book.model
    if model.subscripts:
        yield _table(
            ("subscript", "elements"),
            [(name, ", ".join(items)) for name, items in model.subscripts.items()],
        )
    if book.boundary:
        yield "## Boundary"
        yield _table(
            ("side", "what", "why", "内容", "理由"),
            [
                (row.side, row.item_en, row.why_en, row.item_zh, row.why_zh)
                for row in book.boundary
            ],
        )
    if book.loops:
        yield "## Feedback loops"
        yield _table(
            ("loop", "name", "名称", "through"),
            [
                (row["id"], row["name_en"], row["name_zh"], row["waypoints"])
                for row in book.loops
            ],
        )
    if book.exogenous:
        yield "## What enters from outside"
        yield _table(("variable", "kind", "read by"), book.exogenous)
    for sector in book.sectors:
        yield f"## {sector.name}"
        yield _table(
            ("name", "kind", "unit", "equation", "meaning", "含义", "source (grade)"),
            [_row(entry) for entry in sector.entries],
        )


def _row(entry: Entry) -> tuple[str, ...]:
    equation = entry.equation
    if len(equation) > LONG_EQUATION:
        equation = equation[:LONG_EQUATION].rsplit(" ", 1)[0] + " …"
    return (
        entry.name + entry.dims,
        entry.kind,
        entry.unit,
        f"`{equation}`" if equation else "",
        entry.meaning,
        entry.meaning_zh,
        "; ".join(f"{source} ({grade})" for source, grade in entry.sources),
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
