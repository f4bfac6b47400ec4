"""The verb that writes the book of a model."""

from __future__ import annotations

from pathlib import Path

import click

from sdmodel.cli.common import Place, model_option, say
from sdmodel.cli.placing import check_output


@click.command()
@model_option
@click.option(
    "--out",
    type=Place(),
    metavar="FILE",
    default=Path("book.html"),
    show_default=True,
    help="The page that is written.",
)
@click.option("--open", "show", is_flag=True, help="Show the page in a browser.")
def book(model: str, out: Path, show: bool) -> None:
    """Write the book of a model: one page with every variable and picture.

    By sector: stocks and flows drawn, equations, units, meanings, sources and grades;
    what is inside, enters from outside, and is left out.

    Example: sdmodel book --open
    """
    from sdmodel.cli.studying import open_page
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.report.book import make_book
    from sdmodel.report.book_page import book_html
    from sdmodel.study.files import write_file

    check_output(out, model=model)
    write_file(out, book_html(make_book(open_workbook(model))).encode())
    say(f"sdmodel: wrote {out}")
    if show:
        open_page(out)
