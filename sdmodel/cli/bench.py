"""The verbs about the machine: how fast the engines are, and what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sdmodel.cli.common import (
    data_option,
    emit_json,
    json_option,
    model_option,
    progress_bar,
    say,
    show_table,
)

if TYPE_CHECKING:
    from sdmodel.experiments.bench import Bench
    from sdmodel.experiments.scaling import Point
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome


@click.command()
@model_option
@data_option
@click.option("--million", is_flag=True, help="Also time a million runs.")
@click.option("--no-judge", is_flag=True, help="Leave out PySD and pysimlin.")
@click.option(
    "--scaling",
    is_flag=True,
    help="Instead: translate and compile invented models of 100 to 20 000 variables.",
)
@json_option
def bench(
    model: str,
    data: tuple[str, ...],
    million: bool,
    no_judge: bool,
    scaling: bool,
    as_json: bool,
) -> None:
    """Measure the engines in one go, as ratios.

    The scalars behind the model's outcomes are saved (its stocks, for a lone file) and
    every constant is drawn within a tenth of its value.

    Example: sdmodel bench --million
    """
    if scaling:
        from sdmodel.experiments.scaling import measure_scaling

        points = measure_scaling(say=say)
        if as_json:
            emit_json([vars(point) for point in points])
        else:
            heads = ("variables", "nodes a step", "translate", "plan", "compile", "run")
            show_table("", heads, [_point(p) for p in points], right=range(6))
        return
    from sdmodel.experiments.bench import MILLION, measure

    chosen, names, outcomes = _question(model, data)
    with progress_bar("runs", MILLION) as progress:
        found = measure(
            chosen,
            names,
            outcomes,
            million=million,
            judge=not no_judge,
            say=say,
            progress=progress,
        )
    if as_json:
        emit_json(found.document())
    else:
        show_table("", ("what", "here"), _rows(found), right=(1,))


@click.command()
@model_option
@json_option
def doctor(model: str, as_json: bool) -> None:
    """Tell what this machine has, and whether the engines agree on it.

    Ends with 1 where something is at fault.

    Example: sdmodel doctor
    """
    from sdmodel.experiments.machine import examine

    chosen, names, _ = _question(model)
    found = examine(chosen, names)
    if as_json:
        emit_json([vars(item) for item in found])
    else:
        rows = [(item.topic, item.state, item.detail) for item in found]
        show_table("", ("what", "state", "detail"), rows)
    if any(item.state == "fault" for item in found):
        raise click.exceptions.Exit(1)


def _question(
    model: str, data: tuple[str, ...] = ()
) -> tuple[Model, tuple[str, ...], tuple[Outcome, ...]]:
    """Return a model, the scalars behind its outcomes, and these."""
    from sdmodel.experiments.workbook import open_workbook

    book: Workbook = open_workbook(model, data)
    names = dict.fromkeys(
        name for outcome in book.outcomes for name in outcome.expression.names
    )
    return book.model, tuple(names), book.outcomes


def _point(found: Point) -> tuple[str, ...]:
    return (
        f"{found.variables}",
        f"{found.nodes_each_step}",
        f"{found.translate:.2f} s",
        f"{found.plan:.2f} s",
        f"{found.compile:.2f} s",
        f"{found.run * 1e6:.1f} µs",
    )


def _rows(found: Bench) -> list[tuple[str, str]]:
    size = found.size
    rows = [
        ("model", found.model),
        ("machine", f"{found.machine}, {found.cores} cores, {found.lanes} lanes"),
        ("scalar variables, all", f"{size.scalars}"),
        ("states · inputs, used", f"{size.states} · {size.inputs}"),
        (
            "nodes: each step · each run · time only",
            f"{size.nodes_each_step} · {size.nodes_each_run} · {size.nodes_time_only}",
        ),
        (
            "steps · saved times · saved scalars",
            f"{size.steps} · {size.saved_times} · {size.saved_scalars}",
        ),
        ("compile, cold: many runs · one run", _pair(found)),
        ("code from disk", f"{found.compile_cached * 1e3:.0f} ms"),
        (
            "a new Python to its first numbers, all on disk",
            "not measured" if found.start is None else f"{found.start:.2f} s",
        ),
        (
            "one run, warm: best · median of 200",
            f"{found.one_run_warm * 1e3:.2f} · {found.one_run_median * 1e3:.2f} ms",
        ),
        *_what_if(found),
        ("times that batches save", f"{found.batch_times}"),
        (f"{found.batch_runs} runs, one core", f"{found.batch_one_core:.3f} s"),
        (f"{found.batch_runs} runs, all cores", f"{found.batch_all_cores:.3f} s"),
        ("one run in a batch, one core", f"{found.microseconds_per_run:.1f} µs"),
        ("runs per second, all cores", f"{found.runs_per_second:,.0f}"),
        ("all cores against one", f"{found.cores_speedup:.2f} ×"),
        ("share of the processor's port bound", "not measured"),
        ("runs that went bad", f"{found.bad_runs}"),
        ("NumPy against compiled", f"{found.numpy_ratio:.1f} ×"),
    ]
    if found.million_all_cores is not None:
        rows.append(("a million runs, all cores", f"{found.million_all_cores:.1f} s"))
    if found.peak_bytes is not None:
        rows.append(("memory, peak so far", f"{found.peak_bytes / 2**20:.0f} MB"))
    if found.pysd_ratio is not None and found.pysd_per_step is not None:
        rows += [
            (
                f"PySD, a step (of {found.pysd_steps} measured)",
                f"{found.pysd_per_step * 1e3:.1f} ms",
            ),
            ("PySD, a run (steps × that)", f"{found.pysd_per_run:.1f} s"),
            ("PySD against compiled", f"{found.pysd_ratio:,.0f} ×"),
        ]
    if found.simlin_ratio is not None and found.simlin_per_run is not None:
        rows += [
            ("pysimlin, a run, Sim reused", f"{found.simlin_per_run * 1e3:.2f} ms"),
            ("pysimlin against compiled", f"{found.simlin_ratio:.0f} ×"),
        ]
    return rows


def _pair(found: Bench) -> str:
    return f"{found.compile_cold:.2f} · {found.compile_single:.2f} s"


def _what_if(found: Bench) -> list[tuple[str, str]]:
    if found.what_if_warm is None or found.what_if_median is None:
        return []
    best, median = found.what_if_warm * 1e3, found.what_if_median * 1e3
    rows = [("a what-if with all outcomes, warm", f"{best:.2f} · {median:.2f} ms")]
    if found.what_if_labelled is not None:
        labelled = found.what_if_labelled * 1e3
        rows.append(
            ("the same as sdmodel.run gives it, labelled", f"{labelled:.2f} ms")
        )
    return rows
