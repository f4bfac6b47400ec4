"""The verb that asks what if, and what it shares with comparing."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.asked import read_asked, seed_sets
from sdmodel.cli.common import (
    Choice,
    Place,
    claim,
    data_option,
    emit_json,
    engine_option,
    finite,
    jobs_option,
    json_option,
    model_option,
    number_text,
    out_option,
    plain_values,
    progress_bar,
    say,
    seed_option,
    show_table,
)
from sdmodel.cli.placing import check_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.whatif import Answer, SaveWhat
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario

STORY_WIDTH = 88
LIMITS_HELP = "Let values outside their limits through, with a warning."


def question_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every question to a model has."""
    command = click.option(
        "--allow-outside-limits", "allow_outside", is_flag=True, help=LIMITS_HELP
    )(command)
    command = click.option(
        "--set",
        "sets",
        multiple=True,
        metavar='"NAME=VALUE"',
        help="Set a constant in all scenarios; a value or 0.4@2026..0.8@2029.",
    )(command)
    for option in (
        jobs_option,
        seed_option,
        out_option,
        json_option,
        engine_option,
        data_option,
        model_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("names", nargs=-1, metavar="SCENARIO...")
@question_options
@click.option(
    "--save",
    type=Choice(("outcomes", "all")),
    default="outcomes",
    show_default=True,
    help="Keep the outcomes, or every variable of the model.",
)
@click.option(
    "--csv",
    "csv_path",
    type=Place(),
    metavar="FILE",
    help="Write a wide table: time, then one column each.",
)
def run(
    names: tuple[str, ...],
    model: str,
    data: tuple[str, ...],
    engine: str,
    as_json: bool,
    out: Path | None,
    seed: int | None,
    jobs: int | None,
    sets: tuple[str, ...],
    allow_outside: bool,
    save: str,
    csv_path: Path | None,
) -> None:
    """Ask what if: run scenarios and show their outcomes.

    A SCENARIO is an id (see 'sdmodel scenarios') or a .toml file; none means the
    baseline. Changes are against the baseline scenario without --set. If a run goes
    bad, what there is is shown and the exit code is 1.

    Example: sdmodel run drg --set "integration aim=0.3@2026..0.6@2030"
    """
    from sdmodel.experiments.whatif import evaluate, headline_keys
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.places import check_apart
    from sdmodel.study.results import now

    started = now()
    if out is not None:
        claim(out)
    if csv_path is not None:
        check_output(csv_path, model=model, inputs=[Path(item) for item in data])
        if out is not None:
            check_apart(out, [csv_path])
    workbook = open_workbook(model, data)
    seeded = seed_sets(workbook, seed)
    asked = read_asked(workbook, names, (*sets, *seeded), allow_outside)
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            say(f"sdmodel: '{name}' was given twice; it is run once")
    rows, baseline = _with_baseline(workbook, asked, seeded)
    with progress_bar("runs", len(rows)) as progress:
        answer = evaluate(
            workbook.model,
            rows,
            headline_keys(workbook.outcomes),
            engine=cast("EngineName", engine),
            save=cast("SaveWhat", save),
            jobs=jobs,
            progress=progress,
        )
    warnings = [warning for scenario in asked for warning in scenario.warnings]
    for sentence in (*workbook.cautions(engine), *warnings):
        say(f"sdmodel: warning: {sentence}")
    for sentence in answer.bad_runs():
        say(f"sdmodel: {sentence}")
    if csv_path is not None:
        _write_csv(csv_path, answer, len(asked), save)
    if out is not None:
        _save_run(
            out, workbook, answer, asked, baseline, engine, save, started, warnings
        )
    if as_json:
        emit_json(_run_json(workbook, answer, asked, baseline, engine))
    else:
        _run_text(workbook, answer, asked, baseline)
    for place in (csv_path, out):
        if place is not None:
            say(f"sdmodel: wrote {place}")
    end_with(answer)


def end_with(answer: Answer) -> None:
    """End the command with exit code 1 if a run went bad: its numbers are not there."""
    if answer.bad_runs():
        click.get_current_context().exit(1)


def _with_baseline(
    workbook: Workbook, asked: Sequence[Scenario], seeded: Sequence[str]
) -> tuple[tuple[Scenario, ...], int | None]:
    """Add the baseline as the last row, unless one of those asked for is it already.

    It draws from the seed of the others, ``seeded``: chance is no change.
    """
    import dataclasses

    from sdmodel.study.scenario import BASELINE

    if BASELINE not in workbook.scenario_ids():
        return tuple(asked), None
    baseline = workbook.scenario(BASELINE, sets=seeded)
    for row, scenario in enumerate(asked):
        if scenario == baseline:
            return tuple(asked), row
    # Its own id may be taken by a row that has --set on top.
    hidden = dataclasses.replace(baseline, id="baseline as it stands")
    return (*asked, hidden), len(asked)


def _levers(workbook: Workbook, scenario: Scenario) -> dict[str, Any]:
    """Return every lever's value in a scenario, and whatever else it sets."""
    values: dict[str, Any] = {
        c.name: c.default for c in workbook.controls if c.role == "lever"
    }
    return plain_values(values | dict(scenario.values))


def _run_json(
    workbook: Workbook,
    answer: Answer,
    asked: Sequence[Scenario],
    baseline: int | None,
    engine: str,
) -> dict[str, Any]:
    times = [float(time) for time in answer.times]
    found: dict[str, Any] = {}
    for row, scenario in enumerate(asked):
        outcomes: dict[str, Any] = {}
        series: dict[str, Any] = {}
        for key in answer.keys:
            value = finite(answer.values[key.text][row])
            base = (
                None if baseline is None else finite(answer.values[key.text][baseline])
            )
            outcomes[key.outcome.id] = {
                "value": value,
                "unit": key.unit,
                "baseline": base,
                "change": None if value is None or base is None else value - base,
            }
            series[key.outcome.id] = {
                "time": times,
                "value": [finite(v) for v in answer.series[key.outcome.id][row]],
            }
        found[scenario.id] = {
            "levers": _levers(workbook, scenario),
            "outcomes": outcomes,
            "series": series,
        }
        if answer.status[row] != 0:
            found[scenario.id]["bad"] = {
                "time": finite(answer.bad_time[row]),
                "variable": answer.bad_name[row],
            }
    return {
        "scenarios": found,
        "model": {"digest": workbook.model.digest, "name": workbook.model.name},
        "engine": engine,
    }


def _run_text(
    workbook: Workbook,
    answer: Answer,
    asked: Sequence[Scenario],
    baseline: int | None,
) -> None:
    start, stop = workbook.model.time.start, workbook.model.time.stop
    click.echo(f"Model {workbook.model.name}, {start:g} to {stop:g}")
    if len(asked) == 1:
        _tell_story(asked[0])
    for row, scenario in enumerate(asked):
        rows = []
        for key in answer.keys:
            value = finite(answer.values[key.text][row])
            base = (
                None if baseline is None else finite(answer.values[key.text][baseline])
            )
            change = None if value is None or base is None else value - base
            rows.append(
                [
                    key.outcome.id,
                    number_text(value, unit=key.unit),
                    number_text(change),
                    key.unit,
                    key.summary,
                    key.outcome.label_en,
                ]
            )
        click.echo()
        show_table(
            f"{scenario.id}: {scenario.title.get('en', '')}",
            ["outcome", "value", "change", "unit", "summary", "label"],
            rows,
            right=(1, 2),
            spare=2,
        )
    if baseline is not None:
        click.echo("\nchange: against the baseline; –: there is no such number")


def _tell_story(scenario: Scenario) -> None:
    """Say what a scenario is about and what to look for, where it says so."""
    told = [scenario.story.get("en", "")]
    if shows := scenario.shows.get("en"):
        told.append(f"Look for: {shows}")
    for text in filter(None, told):
        click.echo("\n" + textwrap.fill(text, STORY_WIDTH))


def _write_csv(path: Path, answer: Answer, count: int, save: str) -> None:
    """Write ``time`` and a column for each element (or outcome), all saved times."""
    from sdmodel.study.files import write_file

    write_file(path, wide_table(answer, count, save))


def wide_table(answer: Answer, count: int, save: str) -> bytes:
    """Return times and columns as CSV, one scenario below the other."""
    from sdmodel.study.results import csv_bytes

    columns = answer.elements if save == "all" else answer.series
    several = count > 1
    heads = [*(["scenario"] if several else []), "time", *columns]
    times = answer.times.tolist()
    rows: list[list[object]] = []
    for row in range(count):
        scenario = answer.scenarios[row].id
        block = [column[row].tolist() for column in columns.values()]
        rows += [
            [*([scenario] if several else []), *line]
            for line in zip(times, *block, strict=True)
        ]
    return csv_bytes(heads, rows)


def typed_command() -> list[str]:
    """Return the command as it was typed, for the manifest."""
    return list(click.get_current_context().find_root().obj or ["sdmodel"])


def _save_run(
    out: Path,
    workbook: Workbook,
    answer: Answer,
    asked: Sequence[Scenario],
    baseline: int | None,
    engine: str,
    save: str,
    started: str,
    warnings: Sequence[str],
) -> None:
    from sdmodel.experiments.labelled import dataset
    from sdmodel.experiments.record import answer_files
    from sdmodel.study.results import csv_bytes, dataset_bytes, describe, save_run

    count = len(asked)
    data = dataset(
        answer, workbook.model, engine=engine, save=cast("SaveWhat", save)
    ).isel(run=slice(count))
    heads = ["outcome", "label_en", "label_zh", "summary", "unit"]
    table = [
        [
            key.outcome.id,
            key.outcome.label_en,
            key.outcome.label_zh,
            key.summary,
            key.unit,
            *(finite(v) for v in answer.values[key.text][:count]),
        ]
        for key in answer.keys
    ]
    files = {
        "results.nc": dataset_bytes(data),
        "outcomes.csv": csv_bytes([*heads, *(s.id for s in asked)], table),
        "series.csv": wide_table(answer, count, "outcomes"),
        **answer_files(
            workbook,
            answer,
            answer.scenarios[baseline or 0].id,
            title=f"What if: {', '.join(s.title.get('en', s.id) for s in asked)}",
        ),
    }
    if save == "all":
        files["all.csv"] = wide_table(answer, count, "all")
    manifest = describe(
        "run",
        command=typed_command(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=asked,
        warnings=[*workbook.cautions(engine), *warnings, *answer.bad_runs()],
    )
    save_run(out, files, manifest)
