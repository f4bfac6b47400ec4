"""The verb that sets scenarios side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.asked import read_asked, seed_sets
from sdmodel.cli.common import (
    claim,
    emit_json,
    number_text,
    plain_values,
    progress_bar,
    say,
    show_table,
)
from sdmodel.cli.running import (
    end_with,
    question_options,
    typed_command,
    wide_table,
)
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.compare import Comparison
    from sdmodel.experiments.workbook import Workbook


WIDE = 3
"""Scenarios up to which text shows differences too; JSON and CSV always do."""


@click.command()
@click.argument("names", nargs=-1, metavar="SCENARIO...")
@question_options
def compare(
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
) -> None:
    """Set scenarios side by side, against the first.

    Shows only the levers that differ, then every outcome; with --out also figures.

    Example: sdmodel compare baseline drg dip --out figures
    """
    from sdmodel.experiments.compare import check_two, compare_answer
    from sdmodel.experiments.whatif import evaluate, headline_keys
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.results import now

    started = now()
    check_two(names)
    if out is not None:
        claim(out)
    workbook = open_workbook(model, data)
    sets = (*sets, *seed_sets(workbook, seed))
    asked = read_asked(workbook, names, sets, allow_outside)
    check_two(asked, names)
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
    for sentence in (*workbook.cautions(engine), *warnings):
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
    end_with(answer)


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
    # With many scenarios the differences would push the values out of sight.
    gaps = len(ids) <= WIDE
    heads = ["outcome", "unit", ids[0]]
    for name in ids[1:]:
        heads += [name, "difference", "relative"] if gaps else [name, "relative"]
    outcomes = []
    for row in comparison.rows:
        line = [
            row.outcome.id,
            row.outcome.unit,
            number_text(row.values[ids[0]], unit=row.outcome.unit),
        ]
        for name in ids[1:]:
            share = row.relative[name]
            line.append(number_text(row.values[name], unit=row.outcome.unit))
            if gaps:
                line.append(number_text(row.difference[name]))
            line.append("–" if share is None else f"{minus(f'{100 * share:+.1f}')} %")
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
    from sdmodel.experiments.labelled import dataset
    from sdmodel.experiments.record import answer_files
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
    titles = [s.title.get("en", s.id) for s in answer.scenarios]
    files = {
        "results.nc": dataset_bytes(dataset(answer, workbook.model, engine=engine)),
        "levers.csv": csv_bytes(["lever", *ids], levers),
        "outcomes.csv": csv_bytes(heads, table),
        "series.csv": wide_table(answer, len(ids), "outcomes"),
        **comparison_figures(comparison),
        **answer_files(
            workbook, answer, ids[0], title="Side by side: " + ", ".join(titles)
        ),
    }
    manifest = describe(
        "compare",
        command=typed_command(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=answer.scenarios,
        warnings=[*workbook.cautions(engine), *warnings, *answer.bad_runs()],
    )
    save_run(out, files, manifest)
