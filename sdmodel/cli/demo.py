"""The main job in one command: regimes, studies, bands, and a page that tells all."""

from __future__ import annotations

import dataclasses
import importlib
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.beside import Beside
from sdmodel.cli.common import (
    claim,
    emit_json,
    engine_option,
    jobs_option,
    json_option,
    out_option,
    progress_bar,
    say,
    seed_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from sdmodel.engines.base import EngineName, Progress
    from sdmodel.experiments.indices import SensitivityResult
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.report.drawing import Drawn
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.study import Study

    Early = tuple[dict[str, Any], Drawn]

REGIMES = (
    "baseline", "ffs", "per-diem", "drg", "dip", "capitation", "global-budget", "mixed",
)  # fmt: skip
MORE = 4
"""The study that is proposed at the end has this many times the rows."""

BAND_RUNS = 512
SCREENING_N = 16
"""Trajectories of the screening: it moves everything in controls.csv, and only sorts
out what matters at all."""


@click.command()
@out_option
@seed_option
@jobs_option
@click.option("--open", "show", is_flag=True, help="Show the page in a browser.")
@click.option(
    "--study",
    "name",
    default="payment",
    show_default=True,
    metavar="STUDY",
    help="Study whose model, outcomes and factors are used.",
)
@click.option(
    "--model", metavar="PATH", help="Model; else the one that the study names."
)
@engine_option
@json_option
def demo(
    out: Path | None,
    seed: int | None,
    jobs: int | None,
    show: bool,
    name: str,
    model: str | None,
    engine: str,
    as_json: bool,
) -> None:
    """Do the main job: payment regimes side by side, two studies, and a report.

    Writes a run folder (runs/demo/out) with a page that opens in any browser.

    Example: sdmodel demo --out my-first-report
    """
    from sdmodel.cli.studying import command_line, open_page, open_study, study_record
    from sdmodel.experiments.record import CONTEXT, context_bytes
    from sdmodel.report.build import write_page
    from sdmodel.study.results import PAGE, describe, now, save_run

    clock, started = time.monotonic(), now()
    folder = out or Path("runs") / "demo" / "out"
    claim(folder)
    workbook, study = open_study(name, model=model, seed=seed)
    scenarios = _regimes(workbook)
    for sentence in workbook.cautions(engine):
        say(f"sdmodel: warning: {sentence}")
    say(
        f"sdmodel: model '{workbook.model.name}', {len(scenarios)} scenarios, "
        f"{len(workbook.controls)} controls"
    )
    options = {"engine": cast("EngineName", engine), "jobs": jobs}
    # Both threads need it; its modules import each other in a circle, and two threads
    # that enter the circle at two places find a half-made module.
    importlib.import_module("scipy.stats")
    with Beside() as beside:
        regimes = _begun(beside, workbook, study, scenarios, options)
        early = beside.do(_regimes_drawn, regimes, workbook, study, scenarios)
        studies, files, early = _studies(workbook, study, options, beside, early)
        files = regimes.result() | files
        texts, drawn = early.result()
    files[CONTEXT] = context_bytes(texts | _study_texts(studies))
    manifest = describe(
        "demo",
        command=command_line(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=scenarios,
        study=study_record(study),
        seed=study.seed,
        warnings=[warning for s in scenarios for warning in s.warnings],
    )
    save_run(folder, files, manifest)
    with progress_bar("figures", 1) as progress:
        page = write_page(folder, folder / PAGE, progress, drawn)
    if as_json:
        emit_json(
            {
                "page": str(page),
                "folder": str(folder),
                "scenarios": [scenario.id for scenario in scenarios],
                "studies": [result.to_json() for result in studies],
                "model": {"digest": workbook.model.digest, "name": workbook.model.name},
                "engine": engine,
            }
        )
    else:
        click.echo(str(page))
    typed = as_typed()
    say(
        f"sdmodel: done in {time.monotonic() - clock:.0f} s. "
        f"Open {page} in a browser.\n"
        "Next:\n"
        f"  {typed} scenarios                    what else there is to compare\n"
        f'  {typed} run drg --set "NAME=VALUE"   your own what-if\n'
        f"  {typed} levers                       what it may set\n"
        f"  {typed} new mine --from mixed        a scenario file of your own\n"
        f"  {typed} sensitivity {name} --n {MORE * studies[-1].n}  a larger study"
    )
    if show:
        open_page(page)


def as_typed() -> str:
    """Return how the command is called here: its name if it is on the path."""
    if shutil.which("sdmodel"):
        return "sdmodel"
    called = sys.argv[0]
    if Path(called).stem == "__main__":
        called = f"{sys.executable} -m sdmodel"
    elif " " in called:
        called = f'"{called}"'
    return called


def _regimes(workbook: Workbook) -> list[Scenario]:
    """Return the eight regimes; all scenarios of a model that has none of them."""
    ids = workbook.scenario_ids()
    chosen = [name for name in REGIMES if name in ids]
    return [workbook.scenario(name) for name in (chosen if chosen[1:] else ids)]


def _begun(
    beside: Beside,
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
    options: dict[str, Any],
) -> Future[dict[str, bytes]]:
    """Begin the regimes beside; PySD's programs are not made for two threads."""
    if options["engine"] != "pysd":
        return beside.do(
            _side_by_side, workbook, study, scenarios, options, beside.progress
        )
    with progress_bar("bands", BAND_RUNS * len(scenarios)) as bar:
        files = _side_by_side(workbook, study, scenarios, options, bar)
    return beside.do(lambda: files)


def _side_by_side(
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
    options: dict[str, Any],
    progress: Progress,
) -> dict[str, bytes]:
    """Run every scenario at central values and over a sample of the uncertainties."""
    from sdmodel.experiments.bands import bands
    from sdmodel.experiments.record import regime_files
    from sdmodel.experiments.space import drawable, make_space
    from sdmodel.experiments.targets import read_targets, target_keys
    from sdmodel.experiments.whatif import evaluate, headline_keys
    from sdmodel.study.summaries import Window

    known = {outcome.id for outcome in workbook.outcomes}
    targets = read_targets(workbook.folder, workbook.model, workbook.outcomes)
    observed = target_keys(targets, workbook.outcomes)
    # What was observed runs along, so that one compiled kernel does for all.
    keys = (
        *headline_keys(workbook.outcomes),
        *(key for key in observed if key.text not in known),
    )
    window = Window(rate=study.discount)
    answer = evaluate(
        workbook.model, scenarios, keys, window=window, quick=True, **options
    )
    for sentence in answer.bad_runs():
        say(f"sdmodel: warning: {sentence}")
    space = make_space(
        [c for c in drawable(workbook.controls) if c.role == "uncertainty"]
    )
    spread = bands(
        workbook.model,
        {s.id: dict(s.values) for s in scenarios},
        keys,
        space,
        runs=BAND_RUNS,
        seed=study.seed,
        window=window,
        progress=progress,
        quick=True,
        **options,
    )
    return regime_files(answer, spread, scenarios[0].id)


def _studies(
    workbook: Workbook,
    study: Study,
    options: dict[str, Any],
    beside: Beside,
    early: Future[Early],
) -> tuple[list[SensitivityResult], dict[str, bytes], Future[Early]]:
    """Screen everything by Morris, then do the study's Sobol' analysis.

    Returns the studies, their files, and the figures that are drawn beside: those of
    the screening while the analysis runs.
    """
    from sdmodel.cli.studying import DEFAULT_N
    from sdmodel.experiments.record import study_files
    from sdmodel.experiments.sensitivity import sensitivity, study_runs

    found: list[SensitivityResult] = []
    files: dict[str, bytes] = {}
    around = [workbook.scenario(name) for name in study.scenarios]
    screening = dataclasses.replace(
        study, method="morris", n=SCREENING_N, factors=("levers", "uncertainties")
    )
    size = study.n if study.method == "sobol" else DEFAULT_N["sobol"]
    for asked in (screening, dataclasses.replace(study, method="sobol", n=size)):
        method = asked.method
        total = len(around) * study_runs(asked, workbook.controls)
        say(f"sdmodel: {method}, {total} runs")
        with progress_bar(f"{method} runs", total) as bar:

            def progress(done: int, total: int, bar: Progress = bar) -> None:
                beside.check()
                bar(done, total)

            result = sensitivity(
                workbook.model,
                asked,
                scenarios=around,
                controls=workbook.controls,
                outcomes=workbook.outcomes,
                progress=progress,
                **options,
            )
        found.append(result)
        made = study_files(result)
        files |= made
        if asked is screening:
            early = beside.do(_screening_drawn, early, made, result)
    return found, files, early


def _study_texts(studies: Sequence[SensitivityResult]) -> dict[str, Any]:
    from sdmodel.experiments.record import study_text

    return {"studies": [study_text(result) for result in studies]}


def _regimes_drawn(
    regimes: Future[dict[str, bytes]],
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
) -> Early:
    """Return the texts of the report, without studies, and the figures of regimes."""
    from sdmodel.experiments.record import context
    from sdmodel.experiments.targets import read_targets
    from sdmodel.report.drawing import draw
    from sdmodel.report.load import content_of

    headline = dict.fromkeys(key.partition("@")[0] for key in study.outcomes)
    texts = context(
        workbook,
        scenarios,
        title=study.title or f"Scenarios of the model “{workbook.model.name}”",
        question=study.question,
        baseline=scenarios[0].id,
        headline=list(headline),
        targets=read_targets(workbook.folder, workbook.model, workbook.outcomes),
    )
    return texts, draw(content_of(regimes.result(), texts))


def _screening_drawn(
    early: Future[Early], files: dict[str, bytes], screening: SensitivityResult
) -> Early:
    """Return the same with the figures of the screening."""
    from sdmodel.report.drawing import draw
    from sdmodel.report.load import content_of

    texts, drawn = early.result()
    content = content_of(files, texts | _study_texts([screening]))
    return texts, {**drawn, **draw(content, drawn)}
