"""The verb that says what moved an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from sdmodel.cli.common import (
    Choice,
    claim,
    emit_json,
    engine_option,
    finite,
    json_option,
    model_option,
    number_text,
    out_option,
    say,
    seed_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.experiments.explain import Explanation, LoopPart
    from sdmodel.experiments.spread import Range
    from sdmodel.experiments.workbook import Workbook

_TOLD_LOOPS = 6
_SMALL = 0.02
"""Share of what the loops do in all below which one is only counted."""


@click.command()
@click.argument("scenario")
@click.argument("outcome")
@model_option
@engine_option
@json_option
@out_option
@seed_option
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
    help="Language of names of loops and outcomes.",
)
def explain(
    scenario: str,
    outcome: str,
    model: str,
    engine: str,
    as_json: bool,
    out: Path | None,
    seed: int | None,
    draws: int,
    lang: str,
) -> None:
    """Say what moved an outcome of a scenario against the baseline.

    Tells what each lever brings, the ways from lever to outcome, and the feedback
    loops by name with what their return does; with --out also tables and a figure.

    Example: sdmodel explain capitation in_county_share
    """
    from sdmodel.experiments.explain import added_key
    from sdmodel.experiments.explain import explain as ask
    from sdmodel.experiments.workbook import open_workbook
    from sdmodel.study.outcomes import parse_key
    from sdmodel.study.results import now

    started = now()
    if out is not None:
        claim(out)
    workbook = open_workbook(model)
    asked = workbook.scenario(scenario)
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
    if out is not None:
        _save(out, workbook, found, engine, started)
    if as_json:
        emit_json(document(found, workbook, engine))
    else:
        for line in lines(found, lang, percent=_is_share(found, workbook)):
            click.echo(line)
    if out is not None:
        say(f"sdmodel: wrote {out}")


def document(found: Explanation, workbook: Workbook, engine: str) -> dict[str, Any]:
    """Return an explanation as plain data."""
    return {
        "scenario": found.scenario.id,
        "baseline": found.baseline.id,
        "outcome": found.key.text,
        "unit": found.key.unit,
        "value": finite(found.value),
        "base": finite(found.base),
        "change": finite(found.change),
        "range": _range_json(found.change_range),
        "levers": [vars(part) for part in found.levers],
        "account": [
            {
                "id": part.id,
                "name": dict(part.names),
                "carried": finite(part.carried),
                "range": _range_json(part.carried_range),
            }
            for part in found.account
        ],
        "ways": [
            {
                "path": list(part.way.path[:-1]),
                "carried": finite(part.way.carried),
                "narrowest": list(part.way.narrowest),
                "held": list(part.held),
                "owed": finite(part.owed),
                "range": _range_json(part.owed_range),
            }
            for part in found.ways
        ],
        "loops": [_loop_json(part) for part in found.loops],
        "times": found.times.tolist(),
        "model": {"digest": workbook.model.digest, "name": workbook.model.name},
        "engine": engine,
    }


def _loop_json(part: LoopPart) -> dict[str, Any]:
    return {
        "id": part.loop.id,
        "name": {"en": part.loop.name_en, "zh": part.loop.name_zh},
        "polarity": part.loop.polarity,
        "path": list(part.loop.path),
        "source": part.loop.source,
        "on_way": part.on_way,
        "active": finite(part.active),
        "as_claimed": finite(part.as_claimed),
        "feedback": finite(part.feedback),
        "range": _range_json(part.feedback_range),
        "through": finite(part.through),
        "course": [finite(v) for v in part.course],
        "share": [finite(v) for v in part.share],
    }


def _range_json(given: Range | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {"p5": given.low, "p95": given.high, "draws": given.draws}


def _is_share(found: Explanation, workbook: Workbook) -> bool:
    """Say whether report.toml has the outcome shown as a percentage."""
    from sdmodel.experiments.facts import model_facts, read_about

    if workbook.folder is None:
        return False
    about = read_about(workbook.folder, model_facts(workbook.model))
    return found.key.outcome.id in about.get("percent", ())


@dataclass(frozen=True)
class _Say:
    """How the outcome's numbers are written: shares in per cent and points."""

    scale: float
    unit: str
    points: str

    def level(self, value: float) -> str:
        return f"{number_text(self.scale * value)}{self.unit}"

    def change(self, value: float) -> str:
        text = number_text(abs(self.scale * value), 3)
        if value == 0 or text == "–":
            return text
        sign = "+" if value > 0 else "−"
        return f"{sign}{text}"

    def between(self, given: Range | None) -> str:
        if given is None:
            return ""
        return f" [{self.change(given.low)} to {self.change(given.high)}]"


def lines(found: Explanation, lang: str = "en", *, percent: bool = False) -> list[str]:
    """Return an explanation as a reader wants it.

    Parameters
    ----------
    found
        The explanation.
    lang
        "en" or "zh": language of the names.
    percent
        Whether the outcome is a share: shown in per cent, its changes in points.
    """
    key = found.key
    label = key.outcome.label_zh if lang == "zh" else key.outcome.label_en
    unit = "" if key.unit in ("1", "Dmnl") else f" {key.unit}"
    tell = _Say(100.0, " %", "points") if percent else _Say(1.0, unit, unit.strip())
    inside = f", in {tell.points}" if tell.points else ""
    title = found.scenario.title.get(lang) or found.scenario.id
    when = f" in {key.year:g}" if key.year is not None else ""
    head = f"{label or key.text}{when}, {title}: {tell.level(found.value)}"
    told = [f"{head}, against {tell.level(found.base)} in {found.baseline.id}"]
    if found.alone:
        told.append("The scenario sets nothing otherwise, so there is no change.")
        told.append("What feedback has done to it since the reform could begin:")
    else:
        told += [
            _changed(found, tell),
            "",
            f"What each lever brings{inside} (they add to it):",
        ]
        for part in found.levers:
            told.append(f"  {tell.change(part.carried)}  {part.name}")
        if found.account:
            told += ["", f"What it is made of{inside} (the parts add to it):"]
            told += [
                f"  {tell.change(part.carried)}{tell.between(part.carried_range)}  "
                f"{part.names[lang]}"
                for part in found.account
                if part.carried
            ]
        told += ["", f"The ways that carry most of it{inside}:"]
        for way in found.ways:
            told.append(f"  {tell.change(way.way.carried)}  {short(way.way.path)}")
            told.append(
                f"      its own link '{way.held[0]}' → '{way.held[1]}', held at the "
                f"baseline, takes with it {tell.change(way.owed)}"
                f"{tell.between(way.owed_range)}"
            )
        rest = found.change - sum(w.way.carried for w in found.ways)
        told.append(f"  {tell.change(rest)}  by all other ways together")
        told += ["", f"Feedback: what the return of each loop adds{inside}:"]
    told += _loops(found, tell, lang)
    return told


def _changed(found: Explanation, tell: _Say) -> str:
    share = found.change / abs(found.base) if found.base else float("nan")
    relative = f" ({100 * share:+.1f} %)" if share == share else ""
    spread = tell.between(found.change_range)
    unit = f" {tell.points}".rstrip()
    return f"Change: {tell.change(found.change)}{unit}{relative}{spread}"


def _loops(found: Explanation, tell: _Say, lang: str) -> list[str]:
    told = []
    total = sum(abs(part.feedback) for part in found.loops)
    big = [p for p in found.loops if total and abs(p.feedback) >= _SMALL * total]
    for part in big[:_TOLD_LOOPS]:
        name = part.loop.name_zh if lang == "zh" else part.loop.name_en
        kind = "reinforcing" if part.loop.polarity == "R" else "balancing"
        place = "" if part.on_way or found.alone else ", off these ways"
        told.append(
            f"  {tell.change(part.feedback)}{tell.between(part.feedback_range)}  "
            f"{part.loop.id} {name}, {kind}{place}"
        )
        told.append(f"      {short((*part.loop.path, part.loop.path[0]))}")
        if part.active < 1:
            told.append(f"      closed {100 * part.active:.0f} % of the time")
    if not found.loops:
        return ["  The model has no loops.csv."]
    if not big:
        return ["  No loop does anything to it."]
    idle = len(found.loops) - len(big[:_TOLD_LOOPS])
    if idle:
        told.append(f"  The other {idle} loops of loops.csv add little or nothing.")
    return told


def short(path: tuple[str, ...], most: int = 9) -> str:
    """Return a path as text; of a long one the stocks, by their capitals, stay."""
    shown = [name for name in path if name != "outcome"]
    if len(shown) > most:
        ends = {0, 1, len(shown) - 2, len(shown) - 1}
        shown = [
            name
            for i, name in enumerate(shown)
            if i in ends or name[:1].isupper() or i % 3 == 0
        ]
    return " → ".join(shown)


def _save(
    out: Path, workbook: Workbook, found: Explanation, engine: str, started: str
) -> None:
    import json

    from sdmodel.cli.explain_figure import figure
    from sdmodel.cli.running import typed_command
    from sdmodel.study.results import csv_bytes, describe, save_run

    loops = [
        [
            part.loop.id,
            part.loop.name_en,
            part.loop.name_zh,
            part.loop.polarity,
            finite(part.feedback),
            part.feedback_range.low if part.feedback_range else None,
            part.feedback_range.high if part.feedback_range else None,
            finite(part.through),
            part.active,
            " > ".join(part.loop.path),
        ]
        for part in found.loops
    ]
    heads = ["id", "name_en", "name_zh", "polarity", "feedback", "p5", "p95"]
    over_time = [
        [float(time), *(float(part.course[i]) for part in found.loops)]
        for i, time in enumerate(found.times)
    ]
    text = json.dumps(document(found, workbook, engine), ensure_ascii=False, indent=1)
    files = {
        "explanation.json": text.encode(),
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
        "loops.csv": csv_bytes([*heads, "through", "active", "path"], loops),
        "loops_over_time.csv": csv_bytes(
            ["time", *(part.loop.id for part in found.loops)], over_time
        ),
        "explanation.png": figure(found),
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
