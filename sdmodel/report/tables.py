"""Tables of the page, cell by cell, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.experiments.notice import is_share
from sdmodel.experiments.space import held
from sdmodel.report.judging import (
    HEADLINES_TOLD,
    MARKS,
    brief_change,
    by_sign,
    concerning,
    verdict,
)
from sdmodel.report.words import (
    EDGE,
    SIGNS,
    STAKEHOLDERS,
    exists,
    in_year,
    number,
    parties,
    signed,
    unit_words,
)
from sdmodel.study.signs import minus, minuses

if TYPE_CHECKING:
    from sdmodel.report.content import Content
    from sdmodel.report.words import Change


def regime_table(content: Content) -> dict[str, Any]:
    """Return outcomes (rows, by stakeholder) of scenarios (columns)."""
    by_scenario = {
        s.id: {c.outcome: c for c in content.changes(s.id)} for s in content.scenarios
    }
    base_year = str(content.model.get("base_year", ""))
    groups = []
    others = {o.stakeholder for o in content.outcomes} - set(STAKEHOLDERS)
    for stakeholder in (*STAKEHOLDERS, *sorted(others)):
        rows = []
        for outcome in content.outcomes:
            if outcome.stakeholder != stakeholder:
                continue
            cells = [
                _cell(content, scenario.id, by_scenario[scenario.id].get(outcome.key))
                for scenario in content.scenarios
            ]
            if any(cell["value"] not in ("", ABSENT) for cell in cells):
                bare = is_share(outcome.unit) or outcome.calendar
                unit = "" if bare else outcome.unit
                rows.append(
                    {
                        "label": outcome.label,
                        "unit": unit_words(unit, base_year),
                        "cells": cells,
                    }
                )
        if rows:
            title = STAKEHOLDERS.get(stakeholder, stakeholder or "other outcomes")
            groups.append({"title": title[:1].upper() + title[1:], "rows": rows})
    return {"heads": [s.title for s in content.scenarios], "groups": groups}


def overview(content: Content) -> dict[str, Any]:
    """Return scenarios (rows) against stakeholders (columns): one mark a cell.

    A cell holds the mark, how many headline outcomes are better, worse, at the edge
    and unclear, and those outcomes with their changes and ranges.
    """
    heads = [
        (key, name)
        for key, name in parties(o.stakeholder for o in content.outcomes).items()
        if any(
            outcome.stakeholder == key and outcome.good != "neutral"
            for outcome in content.outcomes
        )
    ]
    rows = []
    for scenario in content.scenarios:
        if scenario.id == content.baseline:
            continue
        changes = content.changes(scenario.id)
        cells = [_overview_cell(concerning(changes, key)) for key, _ in heads]
        rows.append({"title": scenario.title, "cells": cells})
    titles = [name[:1].upper() + name[1:] for _, name in heads]
    return {"heads": titles, "rows": rows}


def _overview_cell(own: list[Change]) -> dict[str, Any]:
    kind = verdict(own)
    groups = by_sign(own)
    shown = []
    for sign, _, found in groups:
        for change in found:
            label, size, span = brief_change(change)
            if change.direction == "same":
                size = span = ""
            shown.append(
                {
                    "mark": f"{EDGE}:" if sign == EDGE else sign[0],
                    "label": label,
                    "size": size,
                    "range": span,
                }
            )
    left = len(shown) - HEADLINES_TOLD
    return {
        "kind": {"gains": "better", "loses": "worse"}.get(kind, kind),
        "mark": MARKS[kind],
        "counts": ", ".join(
            f"{len(found)} {sign[2:]}" for sign, _, found in groups if found
        ),
        "changes": shown[:HEADLINES_TOLD],
        "more": max(0, left),
    }


EMPTY = {"value": "", "kind": "", "sign": "", "change": "", "range": "", "median": ""}
ABSENT = "–"
"""Where an outcome has no value, such as the worth of a point without points."""


def happens(content: Content, scenario: str, key: str) -> str:
    """Return in how many draws a year comes at all, and when; "" without draws."""
    row = content.row(scenario, key) or {}
    draws, missing = int(row.get("draws", 0)), int(row.get("undefined", 0))
    if not draws:
        return ""
    share = 100 * (draws - missing) / draws
    if draws == missing:
        return f"in none of {draws} draws"
    text = f"in {share:.0f} % of draws" if missing else "in every draw"
    low, middle, high = (
        float(row.get(f"when_{q}", float("nan"))) for q in ("p5", "p50", "p95")
    )
    if exists(middle):
        # The years are those of the draws in which it happens; the record begins when
        # the policies do, so that what happened before shows as that year.
        first = float(content.model.get("policy_start", float("-inf")))
        years = [
            f"{in_year(year)} or before" if year <= first else in_year(year)
            for year in (middle, low, high)
        ]
        text += f"; median year {years[0]} (5–95 % {years[1]} to {years[2]})"
    return text


def crossings(content: Content, scenario: str) -> list[str]:
    """Return a sentence for each outcome that is a year in which something happens."""
    found = []
    for outcome in content.outcomes:
        row = content.row(scenario, outcome.key)
        if not outcome.calendar or row is None:
            continue
        value = float(row["value"])
        central = f"{value:.1f}" if exists(value) else "never"
        text = f"{outcome.label}: {central} at central values"
        if often := happens(content, scenario, outcome.key):
            text += f"; {often}"
            base = happens(content, content.baseline, outcome.key)
            text += f". {content.title_of(content.baseline)}: {base}"
        found.append(f"{text}.")
    return found


def _cell(content: Content, scenario: str, change: Change | None) -> dict[str, str]:
    if change is None:
        return EMPTY
    row = content.row(scenario, change.outcome) or {}
    if change.calendar:
        value = number(change.value, calendar=True) if exists(change.value) else "never"
        often = happens(content, scenario, change.outcome)
        return EMPTY | {"value": value, "range": often}
    if not exists(change.value):
        return EMPTY | {"value": ABSENT}
    value = number(change.value, change.unit)
    middle = float(row.get("p50", float("nan")))
    median = f"median {number(middle, change.unit)}" if exists(middle) else ""
    if scenario == content.baseline:
        low, high = (
            float(row.get("p5", float("nan"))),
            float(row.get("p95", float("nan"))),
        )
        span = ""
        if exists(low) and exists(high):
            span = f"{number(low, change.unit)} to {number(high, change.unit)}"
        return EMPTY | {"value": value, "range": span, "median": median}
    direction = change.direction
    shown = direction not in ("none", "same")
    span = ""
    if exists(change.low) and exists(change.high) and direction != "none":
        low_text, high_text = (
            signed(v, change.unit).removesuffix(" points")
            for v in (change.low, change.high)
        )
        span = f"{low_text} to {high_text}"
    return {
        "value": value,
        "kind": direction,
        "sign": EDGE if change.at_edge else SIGNS[direction],
        "change": signed(change.change, change.unit) if shown else "",
        "range": span,
        "median": median,
    }


def parameter_rows(content: Content) -> list[dict[str, Any]]:
    """Return the parameters with their ranges, sources and grades."""
    rows = []
    for item in content.parameters:
        unit = str(item["unit"])
        low, high = item["min"], item["max"]
        rows.append(
            {
                "label": item["label"],
                "role": item["role"],
                "unit": "" if unit.casefold() in {"dmnl", "1"} else unit,
                "default": minus(f"{item['default']:.6g}"),
                "range": (
                    "held"
                    if held(str(item["group"]))
                    else f"{minus(f'{low:.6g}')} to {minus(f'{high:.6g}')}"
                ),
                "distribution": (
                    "not drawn" if held(str(item["group"])) else item["distribution"]
                ),
                "grade": item["grade"],
                "assumed": item["grade"] == "assumption",
                "source": minuses(item["source"]),
            }
        )
    return rows


def provenance(content: Content) -> list[tuple[str, str]]:
    """Return what else is needed to make the page again."""
    manifest = content.manifest
    model = manifest["model"]
    rows = [
        ("Model", f"{model['name']}, digest {model['digest']}"),
        ("Engine", str(manifest.get("engine", ""))),
        ("Seed", str(manifest.get("seed"))),
        ("Time step", f"{content.model['step']:g} years, Euler"),
        ("Started", str(manifest.get("started", ""))),
        ("Ended", str(manifest.get("ended", ""))),
    ]
    rows += [
        (f"Study, {study.method}", f"n {study.n}, {study.runs} runs, seed {study.seed}")
        for study in content.studies
    ]
    versions = manifest.get("versions", {})
    rows.append(("Versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    machine = manifest.get("platform", {})
    rows.append(("Platform", ", ".join(str(v) for v in machine.values())))
    return rows
