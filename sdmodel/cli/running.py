"""The verbs that ask what if: run, compare, new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.common import (
    DEFAULT_MODEL,
    Choice,
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
    show_table,
)
from sdmodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.compare import Comparison
    from sdmodel.experiments.whatif import Answer, SaveWhat
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario

_LIMITS_HELP = "Let values outside their limits through, with a warning."


def _question_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every question to a model has."""
    command = click.option(
        "--allow-outside-limits", "allow_outside", is_flag=True, help=_LIMITS_HELP
    )(command)
    command = click.option(
        "--set",
        "sets",
        multiple=True,
        metavar='"NAME=VALUE"',
        help="Set a constant in all scenarios; a value or 0.4@2026..0.8@2029.",
    )(command)
    for option in (jobs_option, out_option, json_option, engine_option, model_option):
        command = option(command)
    return command


@click.command()
@click.argument("names", nargs=-1, metavar="SCENARIO...")
@_question_options
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
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a wide table: time, then one column each.",
)
def run(
    names: tuple[str, ...],
    model: str,
    engine: str,
    as_json: bool,
    out: Path | None,
    jobs: int | None,
    sets: tuple[str, ...],
    allow_outside: bool,
    save: str,
    csv_path: Path | None,
) -> None:
    """Ask what if: run scenarios and show their outcomes.

    A SCENARIO is an id (see 'sdmodel scenarios') or a .toml file; none means the
    baseline. Changes are against the baseline scenario without --set.

    Example: sdmodel run drg --set "training effort=0.2@2026..0.6@2030"
    """
    from sdmodel.experiments.whatif import evaluate, headline_keys
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.files import check_writable
    from sdmodel.study.results import check_folder, now

    started = now()
    workbook = open_workbook(model)
    asked = _scenarios(workbook, names, sets, allow_outside)
    if csv_path is not None:
        check_writable(csv_path, folder=False)
    if out is not None:
        check_folder(out)
    rows, baseline = _with_baseline(workbook, asked)
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
    for sentence in (*workbook.model.warnings, *warnings):
        say(f"sdmodel: warning: {sentence}")
    for sentence in answer.bad_runs():
        say(f"sdmodel: {sentence}")
    if csv_path is not None:
        _write_csv(csv_path, answer, len(asked), save)
    if out is not None:
        _save_run(out, workbook, answer, asked, engine, save, started, warnings)
    if as_json:
        emit_json(_run_json(workbook, answer, asked, baseline, engine))
    else:
        _run_text(workbook, answer, asked, baseline)
    for place in (csv_path, out):
        if place is not None:
            say(f"sdmodel: wrote {place}")


def _scenarios(
    workbook: Workbook,
    names: Sequence[str],
    sets: Sequence[str],
    allow_outside: bool,
) -> tuple[Scenario, ...]:
    """Read the scenarios asked for, each once; tell the problems of all at once."""
    from sdmodel.errors import ScenarioError, SdmodelError

    found: dict[object, Scenario] = {}
    problems: list[str] = []
    for name in names or workbook.scenario_ids()[:1]:
        try:
            scenario = workbook.scenario(name, sets=sets, allow_outside=allow_outside)
        except SdmodelError as error:
            if error.exit_code != ScenarioError.exit_code:
                raise
            problems += error.problems
            continue
        place = scenario.path.resolve() if scenario.path else None
        found[place] = scenario
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    return tuple(found.values())


def _with_baseline(
    workbook: Workbook, asked: Sequence[Scenario]
) -> tuple[tuple[Scenario, ...], int | None]:
    """Add the baseline as the last row, unless one of those asked for is it already."""
    import dataclasses

    from sdmodel.study.scenario import BASELINE

    if BASELINE not in workbook.scenario_ids():
        return tuple(asked), None
    baseline = workbook.scenario(BASELINE)
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
        )
    if baseline is not None:
        click.echo("\nchange: against the baseline; –: there is no such number")


def _write_csv(path: Path, answer: Answer, count: int, save: str) -> None:
    """Write ``time`` and a column for each element (or outcome), all saved times."""
    from sdmodel.study.files import atomic_file

    with atomic_file(path) as temporary:
        temporary.write_bytes(_wide_table(answer, count, save))


def _wide_table(answer: Answer, count: int, save: str) -> bytes:
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


def _command() -> list[str]:
    """Return the command as it was typed, for the manifest."""
    return list(click.get_current_context().find_root().obj or ["sdmodel"])


def _save_run(
    out: Path,
    workbook: Workbook,
    answer: Answer,
    asked: Sequence[Scenario],
    engine: str,
    save: str,
    started: str,
    warnings: Sequence[str],
) -> None:
    from sdmodel.experiments.whatif import dataset
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
        "series.csv": _wide_table(answer, count, "outcomes"),
    }
    if save == "all":
        files["all.csv"] = _wide_table(answer, count, "all")
    manifest = describe(
        "run",
        command=_command(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=asked,
        warnings=[*workbook.model.warnings, *warnings, *answer.bad_runs()],
    )
    save_run(out, files, manifest)


@click.command()
@click.argument("names", nargs=-1, metavar="SCENARIO...")
@_question_options
def compare(
    names: tuple[str, ...],
    model: str,
    engine: str,
    as_json: bool,
    out: Path | None,
    jobs: int | None,
    sets: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Set scenarios side by side, against the first.

    Shows only the levers that differ, then every outcome; with --out also figures.

    Example: sdmodel compare baseline drg dip --out figures
    """
    from sdmodel.experiments.compare import check_two, compare_answer
    from sdmodel.experiments.whatif import evaluate, headline_keys
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.results import check_folder, now

    started = now()
    check_two(names)
    workbook = open_workbook(model)
    asked = _scenarios(workbook, names, sets, allow_outside)
    check_two(asked)
    if out is not None:
        check_folder(out)
    with progress_bar("runs", len(asked)) as progress:
        answer = evaluate(
            workbook.model,
            asked,
            headline_keys(workbook.outcomes),
            engine=cast("EngineName", engine),
            jobs=jobs,
            progress=progress,
        )
    comparison = compare_answer(answer, workbook.model)
    warnings = [warning for scenario in asked for warning in scenario.warnings]
    for sentence in (*workbook.model.warnings, *warnings):
        say(f"sdmodel: warning: {sentence}")
    for sentence in answer.bad_runs():
        say(f"sdmodel: {sentence}")
    if out is not None:
        _save_comparison(out, workbook, comparison, engine, started, warnings)
    if as_json:
        emit_json(_compare_json(workbook, comparison, engine))
    else:
        _compare_text(comparison)
    if out is not None:
        say(f"sdmodel: wrote {out}")


def _compare_json(
    workbook: Workbook, comparison: Comparison, engine: str
) -> dict[str, Any]:
    return {
        "scenarios": list(comparison.scenarios),
        "levers": {
            name: plain_values(values) for name, values in comparison.levers.items()
        },
        "outcomes": {
            row.outcome.id: {
                "unit": row.outcome.unit,
                "summary": row.outcome.summary,
                "good": row.outcome.good,
                "value": dict(row.values),
                "difference": dict(row.difference),
                "relative": dict(row.relative),
            }
            for row in comparison.rows
        },
        "model": {"digest": workbook.model.digest, "name": workbook.model.name},
        "engine": engine,
    }


def _compare_tables(
    comparison: Comparison,
) -> tuple[tuple[list[str], list[list[str]]], tuple[list[str], list[list[str]]]]:
    """Return heads and cells, for reading, of the levers and of the outcomes."""
    from sdmodel.study.values import schedule_text

    ids = comparison.scenarios
    levers = [
        [name, *(schedule_text(values[i]) for i in ids)]
        for name, values in comparison.levers.items()
    ]
    heads = ["outcome", "unit", ids[0]]
    for name in ids[1:]:
        heads += [name, "difference", "relative"]
    outcomes = []
    for row in comparison.rows:
        line = [
            row.outcome.id,
            row.outcome.unit,
            number_text(row.values[ids[0]], unit=row.outcome.unit),
        ]
        for name in ids[1:]:
            share = row.relative[name]
            line += [
                number_text(row.values[name], unit=row.outcome.unit),
                number_text(row.difference[name]),
                "–" if share is None else f"{100 * share:+.1f} %",
            ]
        outcomes.append(line)
    return (["lever", *ids], levers), (heads, outcomes)


def _compare_text(comparison: Comparison) -> None:
    (lever_heads, levers), (heads, outcomes) = _compare_tables(comparison)
    if levers:
        right = tuple(range(1, len(lever_heads)))
        show_table("Levers that differ", lever_heads, levers, right=right)
    else:
        click.echo("These scenarios set nothing differently.")
    click.echo()
    title = f"Outcomes, against {comparison.scenarios[0]}"
    show_table(title, heads, outcomes, right=tuple(range(2, len(heads))))


def _save_comparison(
    out: Path,
    workbook: Workbook,
    comparison: Comparison,
    engine: str,
    started: str,
    warnings: Sequence[str],
) -> None:
    from sdmodel.cli.figures import comparison_figures
    from sdmodel.experiments.whatif import dataset
    from sdmodel.study.results import csv_bytes, dataset_bytes, describe, save_run
    from sdmodel.study.values import schedule_text

    ids = comparison.scenarios
    levers = [
        [name, *(schedule_text(values[i]) for i in ids)]
        for name, values in comparison.levers.items()
    ]
    heads = ["outcome", "label_en", "label_zh", "summary", "unit", *ids]
    heads += [f"{name} minus {ids[0]}" for name in ids[1:]]
    heads += [f"{name} relative to {ids[0]}" for name in ids[1:]]
    table = [
        [
            row.outcome.id,
            row.outcome.label_en,
            row.outcome.label_zh,
            row.outcome.summary,
            row.outcome.unit,
            *row.values.values(),
            *(row.difference[name] for name in ids[1:]),
            *(row.relative[name] for name in ids[1:]),
        ]
        for row in comparison.rows
    ]
    answer = comparison.answer
    files = {
        "results.nc": dataset_bytes(dataset(answer, workbook.model, engine=engine)),
        "levers.csv": csv_bytes(["lever", *ids], levers),
        "outcomes.csv": csv_bytes(heads, table),
        "series.csv": _wide_table(answer, len(ids), "outcomes"),
        **comparison_figures(comparison),
    }
    manifest = describe(
        "compare",
        command=_command(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=answer.scenarios,
        warnings=[*workbook.model.warnings, *warnings, *answer.bad_runs()],
    )
    save_run(out, files, manifest)


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
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path(),
    help="Folder for the file; here if not given.",
)
def new(name: str, parent: str, model: str, out: Path) -> None:
    """Write a commented scenario file NAME.toml to start from.

    Example: sdmodel new my-plan --from drg
    """
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.files import atomic_file
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
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    option = "" if model == DEFAULT_MODEL else f" --model {model}"
    click.echo(f"Wrote {path}; change it, then: sdmodel run {path}{option}")
