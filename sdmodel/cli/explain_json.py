"""An explanation as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.cli.common import finite
from sdmodel.experiments.flux import OUTCOME
from sdmodel.model.core import plain
from sdmodel.study.meanings import read_meanings

if TYPE_CHECKING:
    from sdmodel.experiments.explanation import Explanation, LoopPart
    from sdmodel.experiments.spread import Range
    from sdmodel.experiments.workbook import Workbook


def document(found: Explanation, workbook: Workbook, engine: str) -> dict[str, Any]:
    """Return an explanation as plain data."""
    return {
        "scenario": found.scenario.id,
        "baseline": found.baseline.id,
        "titles": [dict(one.title) for one in (found.scenario, found.baseline)],
        "outcome": found.key.text,
        "label": {"en": found.key.outcome.label_en, "zh": found.key.outcome.label_zh},
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
        "first": [
            {
                "chain": list(acts.chain),
                "parts": [
                    {"name": name, "carried": finite(value)}
                    for name, value in acts.parts
                ],
            }
            for acts in found.first
        ],
        "sectors": [
            {"path": list(way.path[:-1]), "carried": finite(way.carried)}
            for way in found.sectors
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
        "scores": {
            "by": found.second.by if found.second.shares else "sdmodel",
            "largest_difference_of_a_share": finite(found.apart),
            "why_not_pysimlin": found.second.why,
        },
        "names": _names(found, workbook),
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
        "passed": finite(part.passed),
        "passed_range": _range_json(part.passed_range),
        "returned": finite(part.returned),
        "returned_range": _range_json(part.returned_range),
        "course": [finite(v) for v in part.course],
        "share": [finite(v) for v in part.share],
        "matter": [finite(v) for v in part.matter],
        "matter_own": [finite(v) for v in part.matter_own],
    }


def _range_json(given: Range | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {"p5": given.low, "p95": given.high, "draws": given.draws}


def _names(found: Explanation, workbook: Workbook) -> dict[str, dict[str, str]]:
    """Return what variables and sectors on ways and loops mean, in both languages."""
    model, chinese = workbook.model, read_meanings(workbook.folder, workbook.model)
    labels = {c.name: (c.label_en, c.label_zh) for c in workbook.controls}
    told = [part.name for part in found.levers]
    told += [n for way in found.sectors for n in way.path]
    told += [n for part in found.ways for n in (*part.way.path, *part.held)]
    told += [n for part in found.loops for n in part.loop.path]
    told += [n for acts in found.first for n in (*acts.chain, *dict(acts.parts))]
    names: dict[str, dict[str, str]] = {}
    for element in dict.fromkeys(told):
        name = element.partition("[")[0]
        variable = model.variables.get(name)
        english, zh = labels.get(element, labels.get(name, ("", "")))
        if variable is not None:
            english = english or " ".join(variable.comment.split())
        zh = zh or chinese.get(plain(name)) or chinese.get(plain(f".{name}")) or ""
        if name != OUTCOME and (english or zh):
            names[name] = {"en": english, "zh": zh}
    return names
