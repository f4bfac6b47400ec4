"""The command ``sdmodel``: finds the verb, and turns every error into a sentence."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdmodel.cli.common import say
from sdmodel.cli.interrupt import INTERRUPTED, SENTENCE, listening
from sdmodel.errors import SdmodelError, did_you_mean, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.cli.interrupt import CtrlC

VERBS: dict[str, tuple[str, str]] = {
    "demo": ("sdmodel.cli.demo:demo", "The main job: regimes, two studies, a report."),
    "scenarios": ("sdmodel.cli.listing:scenarios", "List the scenarios of a model."),
    "levers": ("sdmodel.cli.listing:levers", "List what may be moved."),
    "outcomes": ("sdmodel.cli.listing:outcomes", "List what is looked at."),
    "systems": (
        "sdmodel.cli.systems:systems",
        "List what the sources name and what carries it.",
    ),
    "run": ("sdmodel.cli.running:run", "Ask what if: run one or more scenarios."),
    "compare": ("sdmodel.cli.comparing:compare", "Set scenarios side by side."),
    "new": ("sdmodel.cli.starting:new", "Write a commented scenario file."),
    "grids": ("sdmodel.cli.grids:grids", "List the places, or make your own."),
    "sensitivity": (
        "sdmodel.cli.studies:sensitivity",
        "Find which factors decide the outcomes.",
    ),
    "validate": (
        "sdmodel.cli.validating:validate",
        "Hold a model to expected behaviour, balances and history.",
    ),
    "explain": (
        "sdmodel.cli.explaining:explain",
        "Say what moved an outcome: levers, ways and loops.",
    ),
    "sweep": ("sdmodel.cli.sweeping:sweep", "Run any design, chunk by chunk, to disk."),
    "report": ("sdmodel.cli.reporting:report", "Turn a run folder into a page."),
    "lab": ("sdmodel.cli.lab:lab", "Build the page with the model inside."),
    "book": ("sdmodel.cli.book:book", "Write the book of a model: every variable."),
    "check": ("sdmodel.cli.check:check", "Check the units and structure of a model."),
    "doctor": ("sdmodel.cli.bench:doctor", "Tell what this machine has."),
    "bench": ("sdmodel.cli.bench:bench", "Measure the engine's speed as ratios."),
}
"""Each verb's command and its line in the help, so that help imports no verb."""

BAD_INPUT = 2
HOST = 3


class _ReaderGoneError(Exception):
    """The reader of our output has gone, as with ``| head -1``.

    Click would end a command for it with code 1, which here means a failed check;
    having been read enough is no failure, so it is told apart, and ends with 0.
    """


class Verbs(click.Group):
    """A group that imports a verb only when it is called."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse; the help is printed from here."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of a verb, importing its module."""
        del ctx
        if name not in VERBS:
            return None
        module, _, attribute = VERBS[name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or refuse an unknown one with the nearest."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            hint = did_you_mean(name, VERBS)
            ctx.fail(f"no verb '{name}'{hint}; see 'sdmodel --help'")
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the verbs with their lines from the table."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


def _show_version(ctx: click.Context) -> None:
    from importlib import metadata

    try:
        click.echo(f"sdmodel {metadata.version('sdmodel')}")
    except metadata.PackageNotFoundError:
        click.echo("sdmodel, run from its folder without being installed")
    ctx.exit()


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _show_version(ctx) if asked else None,
    help="Show the version and exit.",
)
def cli() -> None:
    """See what ways of paying providers do to a county health system.

    Begin with 'sdmodel demo'. 'sdmodel VERB --help' tells what a verb does, with an
    example.

    Example: sdmodel run drg --set "integration aim=0.6"
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 done but a check failed, 2 bad input, 3 the environment, 130 interrupted.
    """
    with listening() as ctrl_c:
        return _ended(args, ctrl_c)


def _ended(args: Sequence[str] | None, ctrl_c: CtrlC) -> int:
    """Run the verb; say how it ended, and return the exit code."""
    _make_streams_tolerant()
    try:
        code = _done(args, ctrl_c)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt) as press:
        return _say((_kept(press),), INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.UsageError as error:
        return _say(_usage_sentences(error), BAD_INPUT)
    except click.ClickException as error:
        return _say((error.format_message(),), BAD_INPUT)
    except SdmodelError as error:
        return _say(told(error.problems), error.exit_code)
    except (BrokenPipeError, _ReaderGoneError):
        return _leave_quietly()
    except MemoryError:
        return _say(("not enough memory for this; ask for fewer runs",), HOST)
    except OSError as error:
        place = error.filename or "output"
        reason = (error.strerror or str(error)).lower()
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _say((f"{place}: {reason}",), HOST)
    return code if isinstance(code, int) else 0


def _kept(press: BaseException | None) -> str:
    """Return what an interrupted verb says is kept; nothing, if it says nothing."""
    while press is not None:
        if isinstance(press, KeyboardInterrupt) and press.args:
            return str(press)
        press = press.__cause__ or press.__context__
    return SENTENCE


def _done(args: Sequence[str] | None, ctrl_c: CtrlC) -> object:
    """Run the verb and return what it returns, unless Ctrl-C was pressed meanwhile.

    Raises
    ------
    KeyboardInterrupt
        If it was, whatever became of it on its way: a library may have turned it into
        an error of its own, or the verb may have ended before it came through.
    """
    try:
        found: object = cli.main(
            args=None if args is None else list(args),
            prog_name="sdmodel",
            obj=["sdmodel", *(sys.argv[1:] if args is None else args)],
            standalone_mode=False,
        )
        sys.stdout.flush()
    except BaseException as error:
        if ctrl_c.arrived():
            raise KeyboardInterrupt from error
        raise
    if ctrl_c.arrived():
        raise KeyboardInterrupt
    return found


def _leave_quietly() -> int:
    """Whoever read our output has enough of it; Python's own flush must not fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _usage_sentences(error: click.UsageError) -> tuple[str, ...]:
    said = error.format_message().rstrip(".")
    wrong_value = isinstance(error, click.BadParameter) and error.param
    kind = wrong_value.type if wrong_value else None
    given, wrong, _ = said.rpartition(" is not ")
    if isinstance(kind, click.types.IntParamType) and wrong:
        said = f"{given}; allowed: {_whole_number(kind)}"
    verb = f" {error.ctx.info_name}" if error.ctx and error.ctx.parent else ""
    return (f"{said}; see 'sdmodel{verb} --help'",) if "--help" not in said else (said,)


def _whole_number(kind: click.types.IntParamType) -> str:
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is None:
        return "a whole number"
    return (
        f"a whole number, {low} or more"
        if high is None
        else (f"a whole number from {low} to {high}")
    )


def _say(sentences: Sequence[str], code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        for sentence in sentences:
            say(f"sdmodel: {sentence}")
    return code


def _make_streams_tolerant() -> None:
    """Let a terminal that lacks a letter show a substitute instead of failing.

    A stream that was closed before we began (``>&-``) swallows what is written.
    """
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
