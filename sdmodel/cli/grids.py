"""The verb for grids: other places, and one's own from a table of statistics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdmodel.cli.common import (
    Place,
    emit_json,
    json_option,
    model_option,
    say,
    show_table,
)
from sdmodel.cli.placing import check_output
from sdmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.localise import Reached


@click.command()
@model_option
@click.option(
    "--template",
    "template_path",
    type=Place(),
    metavar="FILE",
    help="Write an empty table of local statistics (CSV) to fill in.",
)
@click.option(
    "--fit",
    "table_path",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Make a grid of a filled table.",
)
@click.option(
    "--out", type=Place(), metavar="FILE", help="The grid file that --fit writes."
)
@json_option
def grids(
    model: str,
    template_path: Path | None,
    table_path: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """List the places a model can describe, or make one of your own.

    A model on a grid is named MODEL@GRID, wherever a model is named. For your own
    place: write a table with --template, fill in what you know, and turn it into a grid
    with --fit and --out. Exit code 1 if a figure could not be reached within 1 %.

    Example: sdmodel grids --template my-table.csv
    """
    from sdmodel.experiments.workbook import read_model
    from sdmodel.study.grids import list_grids
    from sdmodel.study.local import read_statistics
    from sdmodel.study.locate import locate_model

    _, folder = locate_model(model)
    if table_path is not None:
        _fit(model, folder, table_path, out, as_json)
        return
    if template_path is not None:
        _template(template_path, read_statistics(folder, read_model(model)))
        return
    found = list_grids(folder)
    if as_json:
        emit_json(
            [
                {
                    "id": grid.id,
                    "title": dict(grid.title),
                    "story": dict(grid.story),
                    "scale": grid.scale,
                    "values": dict(grid.values),
                    "evidence": dict(grid.evidence),
                }
                for grid in found
            ]
        )
        return
    if not found:
        click.echo("This model has no grids: it describes one place.")
        return
    rows = [
        [grid.id, grid.title.get("en", ""), f"{grid.scale:g}", ", ".join(grid.values)]
        for grid in found
    ]
    show_table("", ["id", "title", "scale", "sets"], rows, right=(2,))
    click.echo(f"\nUse one: sdmodel run drg --model {model}@{found[0].id}")


def _template(path: Path, statistics: Sequence[object]) -> None:
    from sdmodel.study.files import write_file
    from sdmodel.study.local import TABLE, Statistic, local_template
    from sdmodel.study.results import csv_bytes

    check_output(path)
    if path.exists() or path.is_symlink():
        msg = f"{path}: exists already and is not overwritten; choose another name"
        raise UsageError(msg)
    known = [item for item in statistics if isinstance(item, Statistic)]
    write_file(path, csv_bytes(list(TABLE), local_template(known)))
    show_table(
        "",
        ["id", "unit", "label", "needed"],
        [[s.id, s.unit, s.label_en, "yes" if s.needed else ""] for s in known],
    )
    click.echo(
        f"\nWrote {path}; fill in what you know, leave the rest empty, then:\n"
        f"  sdmodel grids --fit {path} --out my-place.toml"
    )


def _fit(
    model: str, folder: Path | None, table: Path, out: Path | None, as_json: bool
) -> None:
    from sdmodel.experiments.localise import localise
    from sdmodel.experiments.workbook import read_model
    from sdmodel.study.files import write_file
    from sdmodel.study.grids import check_fitted, grid_text
    from sdmodel.study.local import read_local, read_statistics

    if out is None or out.suffix.casefold() != ".toml":
        msg = "--fit needs --out FILE.toml, where the grid is written"
        raise UsageError(msg)
    check_output(out, model=model, inputs=[table], ending=".toml")
    check_fitted(out)
    plain_model = read_model(model)
    statistics = read_statistics(folder, plain_model)
    local = read_local(table, statistics, plain_model, plain_model.time.stop - 1)
    grid, results = localise(plain_model, local, path=out)
    write_file(out, grid_text(grid).encode())
    if as_json:
        emit_json(
            {
                "grid": str(out),
                "scale": grid.scale,
                "values": dict(grid.values),
                "fit": grid.fit,
            }
        )
    else:
        _show(results)
    say(f"sdmodel: wrote {out}; use it: sdmodel run drg --model {model}@{out}")
    missed = [item.local.statistic.id for item in results if not item.close]
    if missed:
        say(
            f"sdmodel: not reached within 1 %: {', '.join(missed)}; look at the "
            "figure, its year and its unit, or leave it out"
        )
        click.get_current_context().exit(1)


def _show(results: Sequence[Reached]) -> None:
    rows = [
        [
            item.local.statistic.id,
            f"{item.local.value:,.6g}",
            f"{item.value:,.6g}",
            f"{item.factor:.3f}",
            item.local.statistic.unit,
            item.local.statistic.label_en,
        ]
        for item in results
    ]
    heads = ["id", "wanted", "reached", "factor", "unit", "label"]
    show_table("", heads, rows, right=(1, 2, 3), spare=2)
