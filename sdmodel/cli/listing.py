"""The verbs that list what there is: scenarios, levers, outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sdmodel.cli.common import (
    Choice,
    emit_json,
    json_option,
    model_option,
    show_table,
)

if TYPE_CHECKING:
    from collections.abc import Collection

KIND_TITLES = {
    "regime": "Payment regimes",
    "case": "Cases in China",
    "international": "Systems of other countries",
    "policy": "Policies and shocks",
    "": "Others",
}


@click.command()
@model_option
@json_option
def scenarios(model: str, as_json: bool) -> None:
    """List the scenarios of a model, by kind.

    On a grid amounts are shown as they are used there: times the grid's scale.

    Example: sdmodel scenarios
    """
    from sdmodel.study.amounts import multiplied
    from sdmodel.study.locate import locate_model
    from sdmodel.study.results import value_record
    from sdmodel.study.scenario import KINDS, list_scenarios
    from sdmodel.study.values import Value, parse_value, schedule_text

    order = (*KINDS, "")
    files = sorted(
        list_scenarios(locate_model(model)[1]), key=lambda file: order.index(file.kind)
    )

    factors = _factors(model, {name for file in files for name in file.values})

    def value_of(name: str, given: object) -> Value | None:
        # Whether a value is right is told by the verbs that use it; here it is shown.
        try:
            return multiplied(parse_value(given), factors.get(name, 1.0))
        except ValueError:
            return None

    if as_json:
        emit_json(
            [
                {
                    "id": file.id,
                    "kind": file.kind or None,
                    "title": dict(file.title),
                    "story": dict(file.story),
                    "shows": dict(file.shows),
                    "from": file.parent,
                    "values": {
                        name: None
                        if (v := value_of(name, given)) is None
                        else value_record(v)
                        for name, given in file.values.items()
                    },
                    "scaled": {n: factors[n] for n in file.values if n in factors},
                    "evidence": dict(file.evidence),
                }
                for file in files
            ]
        )
        return
    if not files:
        click.echo("This model has no scenario files; 'baseline' is its own values.")
        return
    rows: dict[str, list[list[str]]] = {}
    for file in files:
        sets = [
            f"{name} = "
            f"{given if (v := value_of(name, given)) is None else schedule_text(v)}"
            for name, given in file.values.items()
        ]
        shown = "; ".join(sets[:2]) + (f"; … {len(sets) - 2} more" * (len(sets) > 2))
        rows.setdefault(file.kind, []).append(
            [file.id, file.title.get("en", ""), file.parent or "", shown]
        )
    heads = ["id", "title", "from", "sets"]
    for number, (kind, part) in enumerate(rows.items()):
        if number:
            click.echo()
        title = "" if list(rows) == [""] else KIND_TITLES[kind]
        show_table(title, heads, part, spare=2)
    if factors:
        click.echo(
            f"\nAmounts are those of this grid, {next(iter(factors.values())):g} times "
            f"what the files say: {', '.join(sorted(factors))}"
        )


def _factors(model: str, names: Collection[str]) -> dict[str, float]:
    """Return the names that a grid scales, with its scale; nothing without a grid."""
    from sdmodel.experiments.workbook import read_model
    from sdmodel.study.amounts import factor_of
    from sdmodel.study.controls import unit_of
    from sdmodel.study.locate import split_grid
    from sdmodel.study.names import settable

    if split_grid(model)[1] is None:
        return {}
    here = read_model(model)
    found: dict[str, float] = {}
    for name in names:
        try:
            element = settable(name, here, ())[0]
        except ValueError:
            continue  # told by the verbs that use it
        factor = factor_of(unit_of(element, here), here.scale)
        if factor != 1:
            found[name] = factor
    return found


@click.command()
@model_option
@click.option(
    "--role",
    type=Choice(("lever", "uncertainty", "all")),
    default="lever",
    show_default=True,
    help="What we choose, or what nobody knows.",
)
@json_option
def levers(model: str, role: str, as_json: bool) -> None:
    """List what may be moved: names, values, limits and sources.

    Of a model without controls.csv these are the constants that the lab moves: within
    the limits in the model file, or by half where it has none.

    Example: sdmodel levers --role uncertainty
    """
    from dataclasses import asdict, replace

    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.lab.levers import BARE_LIMITS, bare_controls

    book = open_workbook(model)
    bare = not book.controls
    # The range of a convention is a formality, which nothing may move.
    controls = [
        replace(control, min=control.default, max=control.default)
        if control.fixed
        else control
        for control in book.controls or bare_controls(book.model)
        if role in ("all", control.role)
    ]
    if as_json:
        emit_json([asdict(control) | {"fixed": control.fixed} for control in controls])
        return
    if not controls:
        table = "This model has no controls.csv: " if bare else ""
        click.echo(f"{table}none are listed.")
        return
    if bare:
        click.echo(
            "This model has no controls.csv. These are the constants that the lab "
            "moves, within\nthe limits in the model file, or by half where it has none."
        )
    rows = [
        [
            control.name,
            *(
                # A calendar year has no thousands apart.
                f"{x:.6g}" if control.unit.casefold() == "year" else f"{x:,.6g}"
                for x in (control.default, control.min, control.max)
            ),
            control.unit,
            control.group,
            *(
                ["model file" if control.source == BARE_LIMITS else "half of it"]
                if bare
                else [control.grade, control.label_en]
            ),
        ]
        for control in controls
    ]
    told = ["limits"] if bare else ["grade", "label"]
    heads = ["name", "now", "min", "max", "unit", "group", *told]
    show_table("", heads, rows, right=(1, 2, 3), spare=3)


@click.command()
@model_option
@json_option
def outcomes(model: str, as_json: bool) -> None:
    """List what is looked at, and how each series becomes one number.

    Example: sdmodel outcomes --json
    """
    from sdmodel.experiments.workbook import open_workbook

    found = open_workbook(model).outcomes
    if as_json:
        emit_json(
            [
                {
                    "id": outcome.id,
                    "expression": outcome.expression.text,
                    "summary": outcome.summary,
                    "unit": outcome.unit,
                    "label_en": outcome.label_en,
                    "label_zh": outcome.label_zh,
                    "good": outcome.good,
                    "stakeholder": outcome.stakeholder,
                }
                for outcome in found
            ]
        )
        return
    rows = [[o.id, o.summary, o.unit, o.good, o.stakeholder, o.label_en] for o in found]
    heads = ["id", "summary", "unit", "good", "stakeholder", "label"]
    show_table("", heads, rows, spare=2)
