"""The verb that writes a scenario file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from sdmodel.cli.common import DEFAULT_MODEL, Place, model_option
from sdmodel.errors import UsageError


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "parent",
    required=True,
    metavar="SCENARIO",
    help="The scenario that the new one starts from.",
)
@model_option
@click.option(
    "--out",
    type=Place(),
    metavar="DIR",
    default=Path(),
    help="Folder for the file; here if not given.",
)
def new(name: str, parent: str, model: str, out: Path) -> None:
    """Write a commented scenario file NAME.toml to start from.

    Example: sdmodel new my-plan --from drg
    """
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.files import write_file
    from sdmodel.study.template import check_name, template

    file_name = f"{check_name(name)}.toml"
    workbook = open_workbook(model)
    start = workbook.scenario(parent)
    path = out / file_name
    if path.exists() or path.is_symlink():
        msg = f"{path}: exists already and is not overwritten; choose another name"
        raise UsageError(msg)
    named = parent
    if start.path is not None and parent.casefold().endswith(".toml"):
        named = str(start.path.resolve())
    text = template(name, named, start, workbook.controls)
    write_file(path, text.encode())
    option = "" if model == DEFAULT_MODEL else f" --model {model}"
    click.echo(f"Wrote {path}; change it, then: sdmodel run {path}{option}")
