"""The verb that finds which factors decide an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from sdmodel.cli.common import (
    claim,
    data_option,
    emit_json,
    engine_option,
    jobs_option,
    json_option,
    number_text,
    out_option,
    progress_bar,
    say,
    seed_option,
    show_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.indices import Estimate, SensitivityResult
    from sdmodel.experiments.workbook import Workbook


PAGES = ("morris", "sobol")
"""Methods of which a report shows the indices."""


@click.command()
@click.argument("study", metavar="STUDY")
@click.option(
    "--method",
    metavar="METHOD",
    help="morris, sobol, fast, rbd-fast, delta, pawn or dgsm; else the study's.",
)
@click.option(
    "--n",
    type=int,
    metavar="INTEGER",
    help="Morris trajectories, points of a FAST curve, else rows (a power of two).",
)
@seed_option
@click.option(
    "--model",
    metavar="PATH",
    help="Model to study; else the one that the study names.",
)
@data_option
@engine_option
@jobs_option
@json_option
@out_option
def sensitivity(
    study: str,
    method: str | None,
    n: int | None,
    seed: int | None,
    model: str | None,
    data: tuple[str, ...],
    engine: str,
    jobs: int | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Find which levers and which assumptions decide the outcomes of a study.

    STUDY is a name (runs/STUDY/study.toml) or a file. Results go to runs/STUDY/out,
    beside the file if a file is given; 'sdmodel report' turns them into a page.

    Example: sdmodel sensitivity payment --method sobol --n 1024
    """
    from sdmodel.cli.studying import (
        command_line,
        default_out,
        open_study,
        study_record,
    )
    from sdmodel.experiments.methods import find_method
    from sdmodel.experiments.record import (
        CONTEXT,
        context,
        context_bytes,
        study_files,
    )
    from sdmodel.experiments.sensitivity import sensitivity as do_study
    from sdmodel.experiments.sensitivity import study_runs
    from sdmodel.study.results import describe, now, save_run

    started = now()
    if method is not None:
        find_method(method.strip().casefold())
    folder = out or default_out(study)
    claim(folder)
    workbook, asked = open_study(
        study, model=model, data=data, method=method, n=n, seed=seed
    )
    scenarios = [workbook.scenario(name) for name in asked.scenarios]
    total = len(scenarios) * study_runs(asked, workbook.controls)
    with progress_bar(f"{asked.method} runs", total) as progress:
        result = do_study(
            workbook.model,
            asked,
            scenarios=scenarios,
            controls=workbook.controls,
            outcomes=workbook.outcomes,
            engine=cast("EngineName", engine),
            jobs=jobs,
            progress=progress,
        )
    warnings = [warning for scenario in scenarios for warning in scenario.warnings]
    for sentence in (*workbook.cautions(engine), *warnings):
        say(f"sdmodel: warning: {sentence}")
    texts = context(
        workbook,
        scenarios,
        title=asked.title or f"Sensitivity study “{asked.name}”",
        question=asked.question,
        baseline=scenarios[0].id,
        headline=asked.outcomes,
        studies=[result],
    )
    manifest = describe(
        "sensitivity",
        command=command_line(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=scenarios,
        study=study_record(asked),
        seed=asked.seed,
        warnings=warnings,
    )
    save_run(folder, {**study_files(result), CONTEXT: context_bytes(texts)}, manifest)
    if as_json:
        emit_json(result.to_json())
    else:
        _show(workbook, result)
    page = f"; for a page: sdmodel report {folder}" if result.method in PAGES else ""
    say(f"sdmodel: wrote {folder}{page}")


def _show(workbook: Workbook, result: SensitivityResult) -> None:
    labels = {outcome.id: outcome.label_en for outcome in workbook.outcomes}
    for scenario, part in result.estimates.items():
        for estimate in part:
            for i, outcome in enumerate(estimate.outcomes):
                name = outcome.partition("@")[0]
                title = labels.get(name, name) + outcome.removeprefix(name)
                _show_one(f"{scenario}, {estimate.scope}: {title}", estimate, i)


def _show_one(title: str, estimate: Estimate, place: int) -> None:
    from sdmodel.experiments.indices import main_measure

    verdict = estimate.verdicts[place]
    if verdict.state != "ok":
        click.echo(f"{title}: {verdict.state}; {verdict.reason}\n")
        return
    last = estimate.levels[-1]
    measures = list(last.value)
    main = main_measure(measures)
    order = (-last.value[main][:, place]).argsort(kind="stable")
    rows = []
    for g in (int(g) for g in order):
        cells = [estimate.groups[g]]
        for measure in measures:
            value = float(last.value[measure][g, place])
            cells.append(number_text(value))
            if measure in last.half:
                half = float(last.half[measure][g, place])
                low, high = number_text(value - half), number_text(value + half)
                cells[-1] += f" [{low}; {high}]"
        rows.append([*cells, str(int(estimate.tiers[g, place]))])
    settled = {
        True: "converged",
        False: "not converged: raise --n",
        None: "one design, convergence not judged",
    }[estimate.converged[place]]
    show_table(
        f"{title} ({settled})",
        ["factor", *measures, "tier"],
        rows,
        right=range(1, len(measures) + 2),
    )
    click.echo()
