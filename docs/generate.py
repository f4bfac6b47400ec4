"""Write the pages that are made from the program and the model, or check them.

    python docs/generate.py           write the pages of the table PAGES
    python docs/generate.py --check   exit 1 if one of them is stale

``cli.md`` comes from the verbs' own help, ``variables.md`` and its HTML twin from the
shipped model and the tables beside it, ``systems.md`` from its ``systems.csv``,
``functions.md`` from the list of constructs in the code; none is edited by hand.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from sdmodel.report.book import Book
    from sdmodel.study.systems import System

DOCS = Path(__file__).resolve().parent
MODEL = "consortium"
WIDTH = 88


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


def _book() -> Book:
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.report.book import make_book

    return make_book(open_workbook(MODEL))


def variables_page() -> str:
    """Return the page of all variables of the shipped model, by sector."""
    from sdmodel.report.book_page import book_markdown

    book = _book()
    return book_markdown(
        book,
        [
            f"# Variables of the {MODEL} model",
            (
                "Made by `docs/generate.py` from the model file and the tables beside "
                "it. Equations are quoted as they stand in the file; a grade says how "
                "well a constant is known: measured, literature, judgement or "
                "assumption. The same as one page with pictures: "
                "[variables.html](variables.html), or `sdmodel book` for any model."
            ),
            (
                f"{book.variables} variables, {book.scalars} scalars with "
                f"their subscripts written out, {len(book.model.states)} states, "
                f"{len(book.controls)} controls."
            ),
        ],
    )


def variables_html() -> str:
    """Return the same page with pictures, for a browser."""
    from sdmodel.report.book_page import book_html

    return book_html(_book())


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


def functions_page() -> str:
    """Return the page of everything that a model file may say."""
    sys.path.insert(0, str(DOCS))
    try:
        from functions import page
    finally:
        sys.path.remove(str(DOCS))
    return page()


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "variables.md": variables_page,
    "variables.html": variables_html,
    "systems.md": systems_page,
    "functions.md": functions_page,
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
