"""The verb ``systems``: what the sources name, and what carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from sdmodel.cli.common import (
    Choice,
    emit_json,
    engine_option,
    finite,
    jobs_option,
    json_option,
    model_option,
    progress_bar,
    seed_option,
    show_table,
)
from sdmodel.study.signs import minus
from sdmodel.study.systems import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.claimed import Trial
    from sdmodel.study.systems import System

TITLES = {
    "form": "Forms of consortium and degrees of integration",
    "case": "Cases in China",
    "international": "International systems",
    "policy": "Policies",
    "figure": "Figures",
    "mechanism": "Mechanisms and dilemmas",
    "recommendation": "Recommendations",
}


@click.command()
@model_option
@click.option("--kind", type=Choice(KINDS), help="Only the rows of this kind.")
@click.option(
    "--test", "test", is_flag=True, help="Run every claim and tell what it found."
)
@click.option(
    "--draws",
    type=click.IntRange(min=0, max=4096),
    default=0,
    metavar="INTEGER",
    help="Run the claims, over so many draws of the uncertainties too.",
)
@seed_option
@engine_option
@jobs_option
@json_option
def systems(
    model: str,
    kind: str | None,
    test: bool,
    draws: int,
    seed: int | None,
    engine: str,
    jobs: int | None,
    as_json: bool,
) -> None:
    """List what the sources name, and what in the model carries it.

    With --test every claim of an effect is run; the exit code is 1 if one fails at
    the central values. With --draws 64 it says how often each holds when the
    uncertainties take other values: where evidence is thin, both signs are possible.

    Example: sdmodel systems --kind mechanism
    """
    from sdmodel.experiments.claimed import try_claims
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.systems import read_systems

    workbook = open_workbook(model)
    if workbook.folder is None or not (workbook.folder / "systems.csv").is_file():
        if as_json:
            emit_json([])
        else:
            click.echo("This model has no systems.csv: none are listed.")
        return
    read = read_systems(
        workbook.folder, workbook.model, workbook.controls, workbook.outcomes
    )
    rows = [row for row in read if kind in (None, row.kind)]
    trials: tuple[Trial, ...] = ()
    test = test or draws > 0
    if test:
        with progress_bar("claims", draws) as progress:
            trials = try_claims(
                workbook,
                rows,
                draws=draws,
                seed=seed or 0,
                engine=cast("EngineName", engine),
                jobs=jobs,
                progress=progress,
            )
    if as_json:
        emit_json([_record(row, trials if test else None) for row in rows])
    elif test:
        _show_trials(trials)
    else:
        _show(rows)
    if not all(trial.holds for trial in trials):
        click.get_current_context().exit(1)


def _show(rows: Sequence[System]) -> None:
    kinds = dict.fromkeys(row.kind for row in rows)
    for number, kind in enumerate(kinds):
        if number:
            click.echo()
        show_table(
            TITLES[kind],
            ["id", "what", "status", "carried by"],
            [
                [row.id, row.label_en, row.status, _carried(row)]
                for row in rows
                if row.kind == kind
            ],
        )


def _carried(row: System) -> str:
    if row.status == "context":
        return row.reason
    shown = [carrier.text for carrier in row.carriers[:3]]
    more = len(row.carriers) - len(shown)
    return "; ".join(shown) + (f"; … {more} more" if more else "")


def _show_trials(trials: Sequence[Trial]) -> None:
    drawn = any(trial.drawn for trial in trials)
    heads = ["id", "change", "claimed", "before", "after", "found", "holds"]
    show_table(
        "",
        [*heads, *(["in draws", "5 to 95 %"] if drawn else [])],
        [
            [
                trial.system.id,
                trial.claim.text,
                trial.effect.text,
                f"{trial.before:.5g}",
                f"{trial.after:.5g}",
                minus(f"{trial.change:+.2%}"),
                "yes" if trial.holds else "NO",
                *(_draws(trial) if drawn else []),
            ]
            for trial in trials
        ],
        right=(3, 4, 5, 7),
    )
    failed = sum(not trial.holds for trial in trials)
    click.echo(f"{len(trials)} effects claimed, {failed} not found")


def _draws(trial: Trial) -> list[str]:
    low, high = trial.spread
    return [f"{trial.share:.0%}", " to ".join(minus(f"{v:+.1%}") for v in (low, high))]


def _record(row: System, trials: Sequence[Trial] | None) -> dict[str, object]:
    """Return a row for JSON; with what its claims found if they were run."""
    claims: list[dict[str, object]] = [
        {
            "change": claim.text,
            "outcome": effect.key.text,
            "direction": "-0+"[effect.sign + 1],
        }
        for claim in row.claims
        for effect in claim.effects
    ]
    if trials is not None:
        found = [trial for trial in trials if trial.system is row]
        claims = [
            claim
            | {
                "before": finite(trial.before),
                "after": finite(trial.after),
                "change_relative": finite(trial.change),
                "holds": trial.holds,
                "draws": len(trial.drawn),
                "holds_in_draws": finite(trial.share),
                "change_p5": finite(trial.spread[0]),
                "change_p95": finite(trial.spread[1]),
            }
            for claim, trial in zip(claims, found, strict=True)
        ]
    return {
        "id": row.id,
        "kind": row.kind,
        "label_en": row.label_en,
        "label_zh": row.label_zh,
        "status": row.status,
        "carried_by": [carrier.text for carrier in row.carriers],
        "claims": claims,
        "reason": row.reason or None,
        "source": row.source,
    }
