"""The verb that runs a design of any size to disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.common import (
    data_option,
    emit_json,
    engine_option,
    finite,
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
    import xarray as xr

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.question import Question
    from sdmodel.experiments.sweep import Sweep

BAD_SHOWN = 3


@click.command()
@click.argument("study", metavar="STUDY")
@click.option(
    "--method",
    metavar="METHOD",
    help="lhs, a method of 'sensitivity', or a CSV file of values; else the study's.",
)
@click.option(
    "--n",
    type=int,
    metavar="INTEGER",
    help="Rows of the design (lhs, CSV), base rows or trajectories.",
)
@seed_option
@click.option(
    "--model",
    metavar="PATH",
    help="Model to run; else the one that the study names.",
)
@data_option
@click.option(
    "--bands", is_flag=True, help="Keep the spread of each outcome in each whole year."
)
@click.option(
    "--chunk",
    type=int,
    metavar="INTEGER",
    help="Runs stored together, a multiple of 256; else by the model's size.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Dask scheduler that computes, such as tcp://host:8786, or 'local'.",
)
@click.option("--restart", is_flag=True, help="Let go what an older sweep left there.")
@click.option("--allow-large", is_flag=True, help="Let a sweep of absurd size through.")
@click.option(
    "--allow-outside-limits",
    "allow_outside",
    is_flag=True,
    help="Let values of a table that are outside their limits through.",
)
@click.option(
    "--costs",
    is_flag=True,
    help="Measure what it would cost here, and print it; nothing is kept.",
)
@engine_option
@jobs_option
@json_option
@out_option
def sweep(
    study: str,
    method: str | None,
    n: int | None,
    seed: int | None,
    model: str | None,
    data: tuple[str, ...],
    bands: bool,
    chunk: int | None,
    cluster: str | None,
    restart: bool,
    allow_large: bool,
    allow_outside: bool,
    costs: bool,
    engine: str,
    jobs: int | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Run a study's design over its scenarios, chunk by chunk, to disk.

    STUDY is a name (runs/STUDY/study.toml) or a file. Every run is kept with its
    inputs and outcomes; what they come to is summed up per scenario. Whatever stops a
    sweep, the same command goes on where it stopped. Ends with 1 if runs went bad.

    Example: sdmodel sweep payment --method lhs --n 100000
    """
    from sdmodel.cli.studying import (
        command_line,
        default_out,
        open_study,
        study_record,
    )
    from sdmodel.experiments.asking import ask, replaced, size_sentence
    from sdmodel.experiments.sweep import fill
    from sdmodel.study.places import check_apart
    from sdmodel.study.results import MANIFEST, describe, held, now
    from sdmodel.study.study import is_table

    started = now()
    if cluster is not None:
        from sdmodel.experiments.cluster import check_cluster

        check_cluster(cluster)
    folder = out or default_out(study, "sweep")
    if not costs:
        click.get_current_context().with_resource(held(folder))
    workbook, asked = open_study(
        study, model=model, data=data, method=method, n=n, seed=seed
    )
    if is_table(asked.method) and not costs:
        check_apart(folder, [Path(asked.method)])
    scenarios = [workbook.scenario(name) for name in asked.scenarios]
    question = ask(
        workbook,
        asked,
        scenarios,
        engine=cast("EngineName", engine),
        bands=bands,
        chunk=chunk,
        allow_outside=allow_outside,
        allow_large=allow_large or costs,
    )
    if costs:
        _tell_costs(question, jobs, as_json=as_json)
        return
    warnings = [warning for scenario in scenarios for warning in scenario.warnings]
    warnings += replaced(question)
    for sentence in (*workbook.model.warnings, *warnings):
        say(f"sdmodel: warning: {sentence}")
    columns = len(question.names) + len(question.keys)
    size = size_sentence(question.runs, columns, question.model, engine)
    say(f"sdmodel: {size}, to {folder}")
    record = describe(
        "sweep",
        command=command_line(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=scenarios,
        study=study_record(asked),
        seed=asked.seed,
        warnings=warnings,
    )
    try:
        with progress_bar("sweep", question.runs) as progress:
            found = fill(
                folder,
                question,
                record,
                jobs=jobs,
                cluster=cluster,
                restart=restart,
                progress=progress,
                say=lambda text: say(f"sdmodel: {text}"),
            )
    except KeyboardInterrupt as press:
        if not (folder / MANIFEST).is_file():
            raise
        msg = f"interrupted; what is done is kept in {folder}; the same command goes on"
        raise KeyboardInterrupt(msg) from press
    _tell_bad(found)
    results = found.results()
    if as_json:
        emit_json(_document(found, results))
    else:
        _show(results)
    say(f"sdmodel: wrote {folder}")
    if found.bad_runs:
        click.get_current_context().exit(1)


def _tell_costs(question: Question, jobs: int | None, *, as_json: bool) -> None:
    from sdmodel.engines.native import cores
    from sdmodel.experiments.costs import measure

    found = measure(question)
    many = jobs or cores()
    if as_json:
        emit_json(found.document(question.runs, many))
        return
    rows = [
        (
            "a run: drawn, simulated, reduced, filed; one core",
            _micro(found.compute_run),
        ),
        ("a run: written, by the one process that does so", _micro(found.store_run)),
        ("a chunk, besides its runs", f"{found.store_chunk * 1e3:.1f} ms"),
        ("runs in a chunk", f"{found.chunk:,}"),
        ("a run on disk", f"{found.run_bytes:,.0f} bytes"),
        ("cores beyond which writing takes the time", f"{found.cores_of_use():,.0f}"),
    ]
    for runs, workers in ((question.runs, many), (10**6, many), (10**9, 100)):
        hours = found.seconds(runs, workers) / 3600
        size = runs * found.run_bytes / 1e9
        rows.append(
            (f"{runs:,} runs, {workers} cores", f"{hours:,.3g} h, {size:,.3g} GB")
        )
    show_table("", ("what", "here"), rows, right=(1,))


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs"


def _tell_bad(found: Sweep) -> None:
    from sdmodel.experiments.sweep import first_bad
    from sdmodel.experiments.sweep_tables import BAD

    if not found.bad_runs:
        return
    say(
        f"sdmodel: warning: {found.bad_runs} of {found.runs} runs went bad; they are "
        f"in no mean and no quantile; their inputs stand in {found.folder / BAD}"
    )
    for sentence in first_bad(found, BAD_SHOWN):
        say(f"sdmodel:   {sentence}")


def _document(found: Sweep, results: xr.Dataset) -> dict[str, Any]:
    quantiles = results["quantile"].to_numpy()
    numbers = ("mean", "sd", "skewness", "kurtosis", "minimum", "maximum")
    counts = ("runs", "bad", "undefined")
    return {
        "folder": str(found.folder),
        "runs": found.runs,
        "bad_runs": found.bad_runs,
        "first_bad": [
            {
                "run": run,
                "scenario": scenario,
                "draw": draw,
                "time": finite(time),
                "variable": variable,
                "inputs": dict(zip(found.names, values, strict=True)),
            }
            for run, scenario, draw, time, variable, *values in found.bad[:BAD_SHOWN]
        ],
        "scenarios": {
            str(scenario): {
                "outcomes": {
                    str(outcome): {
                        "unit": str(results["unit"].to_numpy()[o]),
                        **{k: int(results[k].to_numpy()[s, o]) for k in counts},
                        **{k: finite(results[k].to_numpy()[s, o]) for k in numbers},
                        "quantiles": {
                            f"{share:g}": finite(value)
                            for share, value in zip(
                                quantiles,
                                results["quantiles"].to_numpy()[s, o],
                                strict=True,
                            )
                        },
                    }
                    for o, outcome in enumerate(results["outcome"].to_numpy())
                }
            }
            for s, scenario in enumerate(results["scenario"].to_numpy())
        },
        "model": {"digest": results.attrs["model_digest"]},
        "engine": results.attrs["engine"],
    }


def _show(results: xr.Dataset) -> None:
    shares = results["quantile"].to_numpy().tolist()
    place = [shares.index(share) for share in (0.05, 0.5, 0.95)]
    for s, scenario in enumerate(results["scenario"].to_numpy()):
        rows = []
        for o, outcome in enumerate(results["outcome"].to_numpy()):
            unit = str(results["unit"].to_numpy()[o])
            quantiles = results["quantiles"].to_numpy()[s, o]
            cells = [results[k].to_numpy()[s, o] for k in ("mean", "sd")]
            cells += [quantiles[i] for i in place]
            counted = results["runs"] - results["bad"] - results["undefined"]
            rows.append(
                [
                    str(outcome),
                    *(number_text(float(cell), unit=unit) for cell in cells),
                    unit,
                    f"{int(counted.to_numpy()[s, o]):,}",
                ]
            )
        show_table(
            f"{scenario}",
            ("outcome", "mean", "sd", "p5", "p50", "p95", "unit", "runs counted"),
            rows,
            right=(1, 2, 3, 4, 5, 7),
            spare=1,
        )
        click.echo()
