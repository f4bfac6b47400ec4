"""The verb that says what moved an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from sdmodel.cli.common import (
    Choice,
    claim,
    emit_json,
    engine_option,
    finite,
    json_option,
    model_option,
    out_option,
    say,
    seed_option,
)
from sdmodel.cli.running import LIMITS_HELP

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.cli.explain_words import Words
    from sdmodel.engines.base import EngineName


@click.command()
@click.argument("scenario")
@click.argument("outcome")
@model_option
@engine_option
@json_option
@out_option
@seed_option
@click.option("--allow-outside-limits", "allow_outside", is_flag=True, help=LIMITS_HELP)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar='"NAME=VALUE"',
    help="Set a constant in the scenario; a value or 0.4@2026..0.8@2029.",
)
@click.option(
    "--draws",
    type=click.IntRange(0, 1024),
    default=32,
    show_default=True,
    metavar="INTEGER",
    help="Draws of the uncertainties for the ranges; 0 for none.",
)
@click.option(
    "--lang",
    type=Choice(("en", "zh")),
    default="en",
    show_default=True,
    help="Language of the text and the figure.",
)
def explain(
    scenario: str,
    outcome: str,
    model: str,
    engine: str,
    as_json: bool,
    out: Path | None,
    seed: int | None,
    sets: tuple[str, ...],
    allow_outside: bool,
    draws: int,
    lang: str,
) -> None:
    """Say what moved an outcome of a scenario against the baseline.

    Tells what each lever brings, the ways from lever to outcome, and the feedback
    loops by name with what they do; with --out also tables and a figure.

    The baseline is the model's own, without --set.

    Example: sdmodel explain capitation in_county_share
    """
    from sdmodel.cli.explain_text import lines
    from sdmodel.cli.explain_words import Words
    from sdmodel.experiments.explain import explain as ask
    from sdmodel.experiments.explanation import added_key
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.outcomes import parse_key
    from sdmodel.study.results import now

    started = now()
    if out is not None:
        claim(out)
    workbook = open_workbook(model)
    asked = workbook.scenario(scenario, sets=sets, allow_outside=allow_outside)
    given = parse_key(outcome, workbook.outcomes, workbook.model)
    key = added_key(given, workbook)
    for sentence in (*workbook.model.warnings, *asked.warnings):
        say(f"sdmodel: warning: {sentence}")
    if key != given:
        what = "date" if given.summary == "crossing" else given.summary
        say(
            f"sdmodel: '{given.text}' is a {what}, picked and not added up; its series "
            f"is explained in {key.year:g}"
        )
    found = ask(
        workbook,
        asked,
        key,
        engine=cast("EngineName", engine),
        draws=draws,
        seed=1 if seed is None else seed,
    )
    words = Words(lang, found, workbook)
    if out is not None:
        _save(out, words, engine, started)
    if as_json:
        from sdmodel.cli.explain_json import document

        emit_json(document(found, workbook, engine))
    else:
        for line in lines(found, words):
            click.echo(line)
    if out is not None:
        say(f"sdmodel: wrote {out}")


def _save(out: Path, words: Words, engine: str, started: str) -> None:
    import json

    from sdmodel.cli.explain_figure import chinese_font, figure
    from sdmodel.cli.explain_json import document
    from sdmodel.cli.running import typed_command
    from sdmodel.study.results import csv_bytes, describe, save_run

    found, workbook = words.found, words.workbook
    if words.language == "zh" and chinese_font() is None:
        say("sdmodel: no font with Chinese letters here; the figure is in English")
    loops = [
        [
            part.loop.id,
            part.loop.name_en,
            part.loop.name_zh,
            part.loop.polarity,
            finite(part.passed),
            part.passed_range.low if part.passed_range else None,
            part.passed_range.high if part.passed_range else None,
            finite(part.returned),
            part.active,
            " > ".join(part.loop.path),
        ]
        for part in found.loops
    ]
    heads = ["id", "name_en", "name_zh", "polarity", "passed", "p5", "p95"]
    over_time = [
        [
            float(time),
            *(float(part.course[i]) for part in found.loops),
            *(float(part.matter[i]) for part in found.loops),
        ]
        for i, time in enumerate(found.times)
    ]
    text = json.dumps(document(found, workbook, engine), ensure_ascii=False, indent=1)
    files = {
        "explanation.json": text.encode(),
        "sectors.csv": csv_bytes(
            ["carried", "path"],
            [[w.carried, " > ".join(w.path[:-1])] for w in found.sectors],
        ),
        "ways.csv": csv_bytes(
            ["carried", "held_from", "held_to", "owed", "path"],
            [
                [w.way.carried, *w.held, finite(w.owed), " > ".join(w.way.path[:-1])]
                for w in found.ways
            ],
        ),
        "levers.csv": csv_bytes(
            ["lever", "carried"], [[p.name, p.carried] for p in found.levers]
        ),
        "account.csv": csv_bytes(
            ["id", "name_en", "name_zh", "carried", "p5", "p95"],
            [
                [
                    p.id,
                    p.names["en"],
                    p.names["zh"],
                    p.carried,
                    p.carried_range.low if p.carried_range else None,
                    p.carried_range.high if p.carried_range else None,
                ]
                for p in found.account
            ],
        ),
        "loops.csv": csv_bytes([*heads, "returned", "active", "path"], loops),
        "loops_over_time.csv": csv_bytes(
            [
                "time",
                *(part.loop.id for part in found.loops),
                *(f"{part.loop.id} share of scores" for part in found.loops),
            ],
            over_time,
        ),
        "explanation.png": figure(words),
    }
    manifest = describe(
        "explain",
        command=typed_command(),
        model=workbook.model,
        engine=engine,
        started=started,
        scenarios=[found.baseline, found.scenario],
        warnings=[*workbook.model.warnings, *found.scenario.warnings],
    )
    save_run(out, files, manifest)
