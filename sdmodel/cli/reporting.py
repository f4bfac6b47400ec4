"""The verb that turns a run folder into a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sdmodel.cli.common import Place, progress_bar, say
from sdmodel.cli.placing import check_output

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("run", type=Place(), metavar="RUN")
@click.option(
    "--to", "formats", default="html", show_default=True, metavar="FORMATS",
    help="Format of the document; html is the one there is.",
)  # fmt: skip
@click.option(
    "--lang", "languages", default="en", show_default=True, metavar="LANGUAGES",
    help="Language of the document; en is the one there is.",
)  # fmt: skip
@click.option(
    "--out", type=Place(), metavar="FILE",
    help="Page to write; else report.html in the run folder.",
)  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show the page in a browser.")
def report(
    run: Path, formats: str, languages: str, out: Path | None, show: bool
) -> None:
    """Turn a run folder into a page that needs nothing but itself.

    RUN is a folder that 'demo', 'sensitivity' (Morris or Sobol), 'run --out' or
    'compare --out' wrote.

    Example: sdmodel report runs/payment/out
    """
    from sdmodel.cli.studying import open_page
    from sdmodel.report.build import check_formats
    from sdmodel.report.build import report as build
    from sdmodel.study.lock import locked

    check_formats(formats, languages)
    target = out or run / "report.html"
    if out is not None or run.is_dir():
        check_output(target, own=run / "report.html")
    if out is None and run.is_dir():
        # A page of the old results must not land beside new ones.
        click.get_current_context().with_resource(locked(run))
    with progress_bar("figures", 1) as progress:
        page = build(run, target, progress)
    click.echo(str(page))
    if show:
        open_page(page)
    else:
        say("sdmodel: open it in any browser; --open does so")
