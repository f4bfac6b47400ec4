"""What several verbs share: options, JSON, tables and progress."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sdmodel.errors import did_you_mean, readable
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    import os

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

PATIENCE = 2.0
"""Seconds before work shows its progress."""
STEADY = 1.0
"""Seconds of work beyond its first part from which the time left is told."""
SILENCE = 30.0
"""Seconds after which work without a terminal says again how far it is."""
DEFAULT_MODEL = "consortium"
ENGINES = ("compiled", "numpy", "pysd")


class Choice(click.Choice[str]):
    """A choice whose refusal names the nearest allowed word."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the word as allowed, or fail."""
        text = str(value)
        for choice in self.choices:
            if text.casefold() == choice.casefold():
                return choice
        listed = ", ".join(self.choices)
        hint = did_you_mean(text, self.choices)
        return self.fail(f"'{text}'; allowed: {listed}{hint}", param, ctx)


class Place(click.Path):
    """The path of something to write; no name at all is refused."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path, or fail: an empty text would mean the current folder."""
        if not str(value).strip():
            return self.fail("no name is given; name a file or folder", param, ctx)
        return super().convert(value, param, ctx)


def model_option(command: Command) -> Command:
    """``--model``: a shipped model's name, a model folder or a model file."""
    return click.option(
        "--model",
        "model",
        default=DEFAULT_MODEL,
        show_default=True,
        metavar="PATH",
        help="Shipped model, model folder, or a Vensim or XMILE file.",
    )(command)


def data_option(command: Command) -> Command:
    """Add ``--data``: .csv, .tab, .dat or .nc with series for data variables."""
    return click.option(
        "--data",
        "data",
        multiple=True,
        metavar="FILE",
        help="Series for data variables: .csv, .tab, .dat or .nc; the first that has "
        "one counts. May be repeated.",
    )(command)


def engine_option(command: Command) -> Command:
    """``--engine``: compiled, numpy or pysd."""
    return click.option(
        "--engine",
        type=Choice(ENGINES),
        default="compiled",
        show_default=True,
        help="What computes; pysd is the slow judge.",
    )(command)


def out_option(command: Command) -> Command:
    """``--out``: the folder that results go to."""
    return click.option(
        "--out",
        type=Place(),
        metavar="DIR",
        help="Folder for results; it is made, or an older run replaced.",
    )(command)


def json_option(command: Command) -> Command:
    """``--json``: one JSON document on stdout."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )(command)


def seed_option(command: Command) -> Command:
    """``--seed``: of whatever is drawn."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        metavar="INTEGER",
        help="Seed of what is drawn at random.",
    )(command)


def jobs_option(command: Command) -> Command:
    """``--jobs``: threads."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1, max=1024),
        metavar="INTEGER",
        help="Threads to use; all cores if not given.",
    )(command)


def claim(folder: Path) -> None:
    """Hold a folder for the results of this command, until the command ends.

    Raises
    ------
    HostError, ResultsError
        If another process is writing there, or results cannot go there.
    """
    from sdmodel.study.results import claimed

    click.get_current_context().with_resource(claimed(folder))


def finite(value: float | None) -> float | None:
    """Return a number for JSON: None if it does not exist."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def emit_json(document: object) -> None:
    """Print one JSON document with full precision; it must hold no nan.

    It is set in lines for a reader at a terminal only: series are long.
    """
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").casefold()
    text = json.dumps(
        document,
        indent=1 if sys.stdout.isatty() else None,
        allow_nan=False,
        ensure_ascii=not encoding.replace("-", "").startswith("utf8"),
    )
    click.echo(text)


def say(text: str) -> None:
    """Tell the user something that is no result, on stderr."""
    click.echo(readable(text), err=True)


def show_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    spare: int = 0,
) -> None:
    """Print a table: with rules and colour on a terminal, in plain columns elsewhere.

    Parameters
    ----------
    title
        Line above it; may be empty.
    columns
        Heads.
    rows
        Cells as text.
    right
        Indices of the columns whose cells stand to the right, as numbers do.
    spare
        How many of the last columns a narrow terminal may do without.
    """
    from rich.cells import cell_len

    widths = [
        max([cell_len(name), *(cell_len(row[i]) for row in rows)])
        for i, name in enumerate(columns)
    ]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console()
        shown = len(columns)
        while spare and sum(widths[:shown]) + 3 * shown + 2 > console.width:
            shown, spare = shown - 1, spare - 1
        table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
        for i, name in enumerate(columns[:shown]):
            table.add_column(
                Text(name), justify="right" if i in right else "left", overflow="fold"
            )
        for row in rows:
            # Text, not markup: a name may hold [brackets].
            table.add_row(*(Text(cell) for cell in row[:shown]))
        console.print(table)
        return
    if title:
        click.echo(title)
    for line in (columns, *rows):
        cells = []
        for i, cell in enumerate(line):
            pad = " " * (widths[i] - cell_len(cell))
            cells.append(pad + cell if i in right else cell + pad)
        click.echo("  ".join(cells).rstrip())


def number_text(value: float | None, digits: int = 4, unit: str = "") -> str:
    """Return a number for reading, rounded; a dash if there is none.

    A calendar year (``unit`` says Year) has no thousands apart.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if unit.casefold() in ("year", "years") and 1000 <= value < 10000:
        return f"{value:.1f}"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return minus(f"{value:.{digits - 1}e}")
    return minus(f"{value:,.{max(digits - 1 - size, 0)}f}")


class _Bar:
    """Progress that shows itself only once the work has taken a while."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, total
        self.start = self.clock = time.monotonic()
        self.rich: RichProgress | None = None
        self.task: TaskID | None = None
        self.told = -1
        self.last = self.start
        self.first: int | None = None  # what an earlier sitting had done already
        self.moved = False

    def __call__(self, done: int, total: int) -> None:
        self.total = total
        now = time.monotonic()
        if self.first is None:
            self.first, self.start, self.clock = done, now, now
        elif done > self.first and not self.moved:
            # What was done first held all that comes once, such as compiling.
            self.moved, self.first, self.clock = True, done, now
        if now - self.start < PATIENCE:
            return
        if sys.stderr.isatty():
            self._draw(done)
            return
        if done >= total and self.told < 0:
            return  # one batch, done at once: nothing is left to wait for
        tenth = 10 * done // max(total, 1)
        new, spent = done - self.first, now - self.clock
        # Threads end their first parts together: over so short a time is no rate.
        known = new > 0 and spent >= STEADY
        if (tenth > self.told and known) or done >= total or now - self.last >= SILENCE:
            self.told, self.last = tenth, now
            left = spent * (total - done) / new if known else math.nan
            rest = f", {left:.0f} s left" if known and done < total else ""
            share = 100 * done // max(total, 1)
            say(f"{self.label}: {done} of {total} ({share} %){rest}")

    def _draw(self, done: int) -> None:
        if self.rich is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self.rich = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.rich.start()
            self.task = self.rich.add_task(self.label, total=self.total)
        if self.task is not None:
            self.rich.update(self.task, completed=done, total=self.total)

    def stop(self) -> None:
        if self.rich is not None:
            self.rich.stop()


@contextlib.contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Give ``progress(done, total)``: a bar with time left on a terminal, else lines.

    Work under two seconds shows nothing.
    """
    bar = _Bar(label, total)
    try:
        yield bar
    finally:
        bar.stop()


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for JSON: numbers as they are, schedules as their points."""
    return {
        name: (
            {"time": list(value.times), "value": list(value.values)}
            if hasattr(value, "times")
            else value
        )
        for name, value in values.items()
    }
