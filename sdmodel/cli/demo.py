"""The main job in one command: regimes, studies, bands, and a page that tells all."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.common import (
    claim,
    engine_option,
    jobs_option,
    out_option,
    progress_bar,
    say,
    seed_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.indices import SensitivityResult
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.study import Study

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
def demo(
    out: Path | None,
    seed: int | None,
    jobs: int | None,
    show: bool,
    name: str,
    model: str | None,
    engine: str,
) -> None:
    """Do the main job: payment regimes side by side, two studies, and a report.

    Writes a run folder (runs/demo/out) with a page that opens in any browser.

    Example: sdmodel demo --out my-first-report
    """
    from sdmodel.cli.studying import command_line, open_page, open_study, study_record
    from sdmodel.report.build import report
    from sdmodel.study.results import describe, now, save_run

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
    files = _side_by_side(workbook, study, scenarios, options)
    studies = _studies(workbook, study, options, files)
    files |= _texts(workbook, study, scenarios, studies)
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
        page = report(folder, progress=progress)
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


def _side_by_side(
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
    options: dict[str, Any],
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
    answer = evaluate(workbook.model, scenarios, keys, window=window, **options)
    for sentence in answer.bad_runs():
        say(f"sdmodel: warning: {sentence}")
    space = make_space(
        [c for c in drawable(workbook.controls) if c.role == "uncertainty"]
    )
    values = {s.id: dict(s.values) for s in scenarios}
    with progress_bar("bands", BAND_RUNS * len(scenarios)) as progress:
        spread = bands(
            workbook.model,
            values,
            keys,
            space,
            runs=BAND_RUNS,
            seed=study.seed,
            window=window,
            progress=progress,
            **options,
        )
    return regime_files(answer, spread, scenarios[0].id)


def _studies(
    workbook: Workbook,
    study: Study,
    options: dict[str, Any],
    files: dict[str, bytes],
) -> list[SensitivityResult]:
    """Screen everything by Morris, then do the study's Sobol' analysis; add files."""
    from sdmodel.cli.studying import DEFAULT_N
    from sdmodel.experiments.record import study_files
    from sdmodel.experiments.sensitivity import sensitivity, study_runs

    found = []
    around = [workbook.scenario(name) for name in study.scenarios]
    screening = dataclasses.replace(
        study, method="morris", n=SCREENING_N, factors=("levers", "uncertainties")
    )
    size = study.n if study.method == "sobol" else DEFAULT_N["sobol"]
    for asked in (screening, dataclasses.replace(study, method="sobol", n=size)):
        method = asked.method
        total = len(around) * study_runs(asked, workbook.controls)
        say(f"sdmodel: {method}, {total} runs")
        with progress_bar(f"{method} runs", total) as progress:
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
        files |= study_files(result)
    return found


def _texts(
    workbook: Workbook,
    study: Study,
    scenarios: Sequence[Scenario],
    studies: Sequence[SensitivityResult],
) -> dict[str, bytes]:
    from sdmodel.experiments.record import CONTEXT, context, context_bytes
    from sdmodel.experiments.targets import read_targets

    headline = dict.fromkeys(key.partition("@")[0] for key in study.outcomes)
    texts = context(
        workbook,
        scenarios,
        title=study.title or f"Scenarios of the model “{workbook.model.name}”",
        question=study.question,
        baseline=scenarios[0].id,
        headline=list(headline),
        targets=read_targets(workbook.folder, workbook.model, workbook.outcomes),
        studies=studies,
    )
    return {CONTEXT: context_bytes(texts)}
