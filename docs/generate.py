"""Write the pages that are made from the program and the model, or check them.

    python docs/generate.py           write the pages of the table PAGES
    python docs/generate.py --check   exit 1 if one of them is stale

``cli.md`` comes from the verbs' own help, ``variables.md`` from the shipped model and
its ``controls.csv``, ``systems.md`` from its ``systems.csv``; none is edited by hand.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from sdmodel.model.core import Model, Variable
    from sdmodel.study.controls import Control
    from sdmodel.study.systems import System

DOCS = Path(__file__).resolve().parent
MODEL = "consortium"
WIDTH = 88
LONG_EQUATION = 400
"""Characters of an equation that the table shows; the rest stands in the model."""


def help_text(command: click.Command, path: str) -> str:
    """Return a command's help as a terminal of fixed width shows it."""
    import click

    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def cli_page() -> str:
    """Return the page of all verbs."""
    import click

    from sdmodel.cli.main import VERBS, cli

    parts = [
        "# The command line",
        "Made by `docs/generate.py` from the program's own help.",
        f"```text\n{help_text(cli, 'sdmodel')}\n```",
    ]
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        if command is None:
            msg = f"the table of verbs names '{verb}', which has no command"
            raise LookupError(msg)
        text = help_text(command, f"sdmodel {verb}")
        parts.append(f"## {verb}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _equation(text: str) -> str:
    flat = " ".join(text.split())
    if len(flat) > LONG_EQUATION:
        flat = flat[:LONG_EQUATION].rsplit(" ", 1)[0] + " …"
    return f"`{_cell(flat)}`" if flat else ""


def _source(variable: Variable, controls: dict[str, Control]) -> str:
    found = {
        f"{row.source} ({row.grade})": None
        for name in (variable.name, *variable.elements)
        if (row := controls.get(name)) is not None
    }
    return _cell("; ".join(found))


def _rows(variables: Iterable[Variable], controls: dict[str, Control]) -> list[str]:
    rows = [
        "| name | kind | unit | equation | meaning | source (grade) |",
        "|---|---|---|---|---|---|",
    ]
    for item in variables:
        dims = f"[{', '.join(item.dims)}]" if item.dims else ""
        rows.append(
            f"| {_cell(item.name + dims)} | {item.kind} | {_cell(item.unit)} "
            f"| {_equation(item.equation)} | {_cell(item.comment)} "
            f"| {_source(item, controls)} |"
        )
    return rows


def variables_page() -> str:
    """Return the page of all variables of the shipped model, by sector."""
    from sdmodel.study.controls import read_controls
    from sdmodel.study.locate import find_model_folder
    from sdmodel.translate.read import read_model

    folder = find_model_folder(MODEL)
    model: Model = read_model(folder, cache=False)
    controls = {row.name: row for row in read_controls(folder, model)}
    sectors: dict[str, list[Variable]] = defaultdict(list)
    for variable in model.variables.values():
        sectors[variable.group.lstrip(".") or "Other"].append(variable)
    scalars = sum(len(item.elements) for item in model.variables.values())
    parts = [
        f"# Variables of the {MODEL} model",
        (
            "Made by `docs/generate.py` from the model file and `controls.csv`. "
            "Equations are quoted as they stand in the file; a grade says how well a "
            "constant is known: measured, literature, judgement or assumption."
        ),
        (
            f"{len(model.variables)} variables, {scalars} scalars with their "
            f"subscripts written out, {len(model.states)} states, {len(controls)} "
            "controls."
        ),
    ]
    if model.subscripts:
        parts.append(
            "\n".join(
                ["| subscript | elements |", "|---|---|"]
                + [
                    f"| {_cell(name)} | {_cell(', '.join(elements))} |"
                    for name, elements in model.subscripts.items()
                ]
            )
        )
    for sector, variables in sectors.items():
        parts.append(f"## {sector}")
        parts.append("\n".join(_rows(variables, controls)))
    return "\n\n".join(parts) + "\n"


def systems_page() -> str:
    """Return the page of what the sources name and what carries it."""
    from sdmodel.cli.systems import TITLES
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.systems import read_systems

    book = open_workbook(MODEL)
    folder = book.folder
    if folder is None:
        msg = f"the model {MODEL} has no folder"
        raise LookupError(msg)
    rows = read_systems(folder, book.model, book.controls, book.outcomes)
    carried = sum(row.status == "carried" for row in rows)
    parts = [
        "# What the sources name, and what carries it",
        (
            "Made by `docs/generate.py` from `systems.csv`. Each row is a form, case, "
            "policy, figure, mechanism or recommendation that the source documents "
            "name, with what carries it in the model. *Moves* says which outcome a "
            "change moves and which way, 0 where none is expected; `sdmodel systems "
            "--test` runs every claim and shows by how much."
        ),
        f"{len(rows)} rows: {carried} carried, {len(rows) - carried} context.",
    ]
    for kind, title in TITLES.items():
        found = [row for row in rows if row.kind == kind]
        if found:
            parts.append(f"## {title}")
            parts.append("\n".join(_system_rows(found)))
    return "\n\n".join(parts) + "\n"


def _system_rows(systems: Iterable[System]) -> list[str]:
    rows = ["| id | what | carried by | moves | source |", "|---|---|---|---|---|"]
    for item in systems:
        what = f"{item.label_en}<br>{item.label_zh}"
        carriers = [
            *(["context"] if item.status == "context" else []),
            *(f"{c.kind} `{c.name}`" for c in item.carriers),
        ]
        moves = [
            f"{claim.text}: {', '.join(e.text for e in claim.effects)}"
            for claim in item.claims
        ]
        if item.reason:
            moves.append(f"*{item.reason}*")
        rows.append(
            f"| {item.id} | {_cell(what)} | {_cell('; '.join(carriers))} "
            f"| {_cell('<br>'.join(moves))} | {_cell(item.source)} |"
        )
    return rows


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "variables.md": variables_page,
    "systems.md": systems_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` compare them; return an exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for name, make in PAGES.items():
        path, page = DOCS / name, make()
        same = path.is_file() and path.read_text("utf-8") == page
        if arguments:
            print(f"docs/{name}: {'fresh' if same else 'stale'}")
            stale += not same
        elif not same:
            partial = Path(tempfile.mkstemp(dir=DOCS, suffix=".part")[1])
            partial.write_text(page, "utf-8", newline="\n")
            os.replace(partial, path)  # noqa: PTH105 - replace as one step, by name
            print(f"docs/{name}: written")
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
