"""The verb that looks at a model without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sdmodel.cli.common import (
    DEFAULT_MODEL,
    data_option,
    emit_json,
    json_option,
    model_option,
)

if TYPE_CHECKING:
    from sdmodel.experiments.exogenous import Exogenous
    from sdmodel.experiments.inspect import Inspection

_KINDS = {
    "table": "Tables over Time",
    "trend": "Trends (an equation moves with Time)",
    "date": "Dates (an equation changes its level at a time)",
}
MOST = 4
"""Names on a line of series; ``--json`` has all of them."""


@click.command()
@click.argument("path", required=False, metavar="[MODEL]")
@model_option
@data_option
@json_option
def check(path: str | None, model: str, data: tuple[str, ...], as_json: bool) -> None:
    """Check the units, structure and limits of a model, and what is unsupported.

    Lists the series that enter from outside: tables over Time, trends and dates.

    Ends with 1 where units disagree, with 2 where the model cannot be read.

    Example: sdmodel check consortium
    """
    from sdmodel.experiments.inspect import inspect_model
    from sdmodel.study.locate import locate_model
    from sdmodel.translate.read import read_model

    if path is not None and model not in {DEFAULT_MODEL, path}:
        msg = f"two models given: '{path}' and --model '{model}'; give one"
        raise click.UsageError(msg)
    file = locate_model(model if path is None else path)[0]
    found = inspect_model(read_model(file, data=data))
    if as_json:
        emit_json(_document(found))
    else:
        for line in _lines(found):
            click.echo(line)
    if not found.clean:
        raise click.exceptions.Exit(1)


def _document(found: Inspection) -> dict[str, object]:
    return {
        "model": {"name": found.name, "path": found.path, "digest": found.digest},
        "clean": found.clean,
        "counts": dict(found.counts),
        "units": [
            {
                "variable": item.variable,
                "line": item.line,
                "equation": item.equation,
                "message": item.message,
            }
            for item in found.unit_problems
        ],
        "limits": [vars(item) for item in found.outside_limits],
        "lint": [vars(item) for item in found.lint],
        "unused": list(found.unused),
        "without_unit": list(found.without_unit),
        "without_comment": list(found.without_comment),
        "exogenous": [vars(item) for item in found.exogenous],
        "warnings": list(found.warnings),
    }


def _lines(found: Inspection) -> list[str]:
    counts = found.counts
    lines = [
        f"{found.path}",
        (
            f"  {counts['variables']} variables ({counts['stocks']} stocks, "
            f"{counts['constants']} constants), written out: {counts['scalars']} "
            f"scalars, {counts['states']} states, {counts['inputs']} settable constants"
        ),
        f"  {counts['steps']} steps, {counts['saved_times']} saved times",
    ]

    def section(title: str, items: list[str], none: str) -> None:
        lines.append(f"{title}: {none if not items else len(items)}")
        lines.extend(f"  {item}" for item in items)

    section("Units that disagree", [str(p) for p in found.unit_problems], "none")
    section(
        "Values outside their limits",
        [_located(item.line, item.message) for item in found.outside_limits],
        "none",
    )
    section(
        "Worth a look",
        [_located(f.line, f"'{f.variable}': {f.message}") for f in found.lint]
        + list(found.warnings),
        "nothing",
    )
    section("Constants and tables that nothing reads", list(found.unused), "none")
    section("Variables without a unit", list(found.without_unit), "none")
    section("Variables without a comment", list(found.without_comment), "none")
    lines.append(f"Exogenous series: {len(found.exogenous) or 'none'}")
    for kind, title in _KINDS.items():
        section(
            f"  {title}",
            [f"  {_series(item)}" for item in found.exogenous if item.kind == kind],
            "none",
        )
    seen = found.outside_limits or found.lint or found.warnings
    fine = (
        "Nothing wrong; what is worth a look stands above."
        if seen
        else "Nothing wrong."
    )
    lines.append(fine if found.clean else "Units disagree (see above).")
    return lines


def _series(item: Exogenous) -> str:
    """Return one series as a line: what, where, from which constants, into what."""
    if item.kind == "table":
        how = f"{item.points} points, {item.first:g} to {item.last:g}"
    else:
        told = [f"{k} = {v:g}" for k, v in {**item.dates, **item.pace}.items()]
        how = ", ".join(told[:MOST]) or "Time alone"
        how += f" and {len(told) - MOST} more" if len(told) > MOST else ""
    users = list(item.used_by)
    fed = ", ".join(users[:MOST]) or "nothing"
    fed += f" and {len(users) - MOST} more" if len(users) > MOST else ""
    where = ", ".join(filter(None, (item.unit, item.group))) or "no unit"
    return f"{item.name} ({where}): {how}; feeds {fed}"


def _located(line: int | None, text: str) -> str:
    return f"line {line}: {text}" if line else text
