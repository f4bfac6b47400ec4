"""The verb that holds a model to what is expected of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.common import (
    Choice,
    emit_json,
    engine_option,
    finite,
    jobs_option,
    json_option,
    model_option,
    number_text,
    progress_bar,
    say,
    show_table,
)
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.validate import Finding, Signs, Validation
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.checks import Comparison

_WORDS = {True: "holds", False: "FAILS"}


@click.command()
@model_option
@engine_option
@json_option
@jobs_option
@click.option(
    "--lang",
    type=Choice(("en", "zh")),
    default="en",
    show_default=True,
    help="Language of the claims.",
)
def validate(
    model: str, engine: str, as_json: bool, jobs: int | None, lang: str
) -> None:
    """Hold a model to its expected behaviours, its balances and its history.

    Reads checks.toml and targets.csv of the model's folder and runs all of them as one
    batch. Ends with 1 if anything fails.

    Example: sdmodel validate --json
    """
    from sdmodel.experiments.validate import validate as judge
    from sdmodel.experiments.workbook import open_workbook

    workbook = open_workbook(model)
    for sentence in workbook.model.warnings:
        say(f"sdmodel: warning: {sentence}")
    with progress_bar("runs", 1) as progress:
        found = judge(
            workbook, engine=cast("EngineName", engine), jobs=jobs, progress=progress
        )
    if as_json:
        emit_json(_document(workbook, found, engine))
    else:
        _text(found, lang, own=workbook.model.is_own_place)
    if not found.holds:
        raise click.exceptions.Exit(1)


def _document(workbook: Workbook, found: Validation, engine: str) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "runs": found.runs,
        "checks": [
            {
                "id": v.check.id,
                "title": dict(v.check.title),
                "claim": dict(v.check.claim),
                "source": v.check.source,
                "holds": v.holds,
                "bad": list(v.bad),
                "comparisons": [_finding_json(f) for f in v.findings],
            }
            for v in found.verdicts
        ],
        "balances": [
            {
                "id": b.balance.id,
                "title": dict(b.balance.title),
                "gap": finite(b.gap),
                "run": b.run,
                "holds": b.holds,
            }
            for b in found.balances
        ],
        "history": [
            {
                "variable": f.variable,
                "period": f.period,
                "from": f.first,
                "to": f.last,
                "observations": f.observations,
                "mape": finite(f.mape),
                "rmse": finite(f.rmse),
                "unit": f.unit,
                "theil": {"m": finite(f.u_m), "s": finite(f.u_s), "c": finite(f.u_c)},
                "judged": f.judged,
                "holds": f.holds,
            }
            for f in found.fits
        ],
        "model": {"digest": workbook.model.digest, "name": workbook.model.name},
        "engine": engine,
    }


def _finding_json(found: Finding) -> dict[str, Any]:
    rule = found.comparison
    document: dict[str, Any] = {
        "says": dict(rule.says),
        "figure": finite(found.figure),
        "unit": rule.unit,
        "of": rule.figure.text,
        "measures": {name: finite(v) for name, v in found.measures.items()},
        "relation": rule.relation,
        "bound": list(rule.bound),
        "tolerance": rule.tolerance,
        "holds": found.holds,
    }
    if found.signs is not None:
        signs = found.signs
        document["signs"] = {
            "draws": signs.draws,
            "failed": signs.failed,
            "positive": signs.positive,
            "negative": signs.negative,
            "p5": finite(signs.low),
            "p95": finite(signs.high),
            "least": finite(signs.least),
            "most": finite(signs.most),
            "deciders": [vars(d) for d in signs.deciders],
        }
    return document


def _text(found: Validation, lang: str, *, own: bool) -> None:
    for verdict in found.verdicts:
        check = verdict.check
        click.echo(f"{check.id}  {_WORDS[verdict.holds]}  {check.title[lang]}")
        click.echo(f"    {check.claim[lang]}")
        for item in verdict.findings:
            mark = "  " if item.holds else "✗ "
            click.echo(f"  {mark}{item.comparison.says[lang]}: {_figure(item)}")
            if item.signs is not None:
                for line in _signs(item.signs, item.comparison):
                    click.echo(f"      {line}")
        for sentence in verdict.bad:
            click.echo(f"  ✗ {sentence}")
    if found.balances:
        click.echo()
        show_table(
            "Balances: gap of a step relative to its flows, at worst over all runs",
            ["verdict", "gap", "run", "what is conserved"],
            [
                [_WORDS[b.holds], f"{b.gap:.1e}", b.run, b.balance.title[lang]]
                for b in found.balances
            ],
        )
    if found.fits:
        click.echo()
        show_table(
            "History: the baseline beside targets.csv (Theil's shares of the error: "
            "U_M level, U_S spread, U_C the rest)",
            ["verdict", "observed", "period", "n", "MAPE", "U_M", "U_S", "U_C"],
            [
                [
                    _WORDS[f.holds] if f.judged else "shown",
                    f.variable,
                    f.period,
                    str(f.observations),
                    "–" if f.mape != f.mape else f"{100 * f.mape:.1f} %",
                    *(number_text(x, 2) for x in (f.u_m, f.u_s, f.u_c)),
                ]
                for f in found.fits
            ],
            right=(3, 4, 5, 6, 7),
        )
        if not own:
            click.echo(
                "targets.csv tells of the model's own place: it is shown beside this "
                "grid and not judged."
            )
    failed = [v.check.id for v in found.verdicts if not v.holds]
    failed += [b.balance.id for b in found.balances if not b.holds]
    failed += [f"{f.variable} ({f.period})" for f in found.fits if not f.holds]
    total = len(found.verdicts) + len(found.balances) + len(found.fits)
    click.echo()
    if failed:
        click.echo(f"{len(failed)} of {total} fail: {', '.join(failed)}")
    else:
        click.echo(f"All {total} hold, over {found.runs} runs.")


def _figure(item: Finding) -> str:
    rule = item.comparison
    expected = {
        "between": "between {} and {}",
        "=": "{} within {}",
        "both signs": "both signs, {} or more either way",
    }.get(rule.relation, rule.relation + " {}")
    bounds = [_number(b, rule.unit) for b in rule.bound]
    if rule.relation == "=":
        bounds.append(_number(rule.tolerance, rule.unit))
    return f"{_number(item.figure, rule.unit)} (expected {expected.format(*bounds)})"


def _sign(value: float) -> str:
    return minus(f"{value:+.2f}")


def _number(value: float, unit: str) -> str:
    if value != value:
        return "no number"
    if unit == "%":
        return f"{number_text(100 * value, 3)} %"
    if unit == "pp":
        return f"{number_text(100 * value, 3)} points"
    return f"{number_text(value, 4, unit)} {unit}".rstrip()


def _signs(signs: Signs, rule: Comparison) -> list[str]:
    unit = rule.unit
    lines = [
        f"over {signs.draws} draws: {signs.positive} above, {signs.negative} below; "
        f"90 % between {_number(signs.low, unit)} and {_number(signs.high, unit)}"
        + (f"; {signs.failed} without a number" if signs.failed else "")
    ]
    if signs.deciders:
        lines.append("which sign it is depends most on (rank correlation, interval):")
        lines += [
            f"  {d.name}: {_sign(d.correlation)} ({_sign(d.low)} to {_sign(d.high)})"
            for d in signs.deciders
        ]
    else:
        lines.append("no assumption alone decides at this number of draws")
    return lines
