"""All that a page knows, as one JSON document: `collect` puts it together."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.experiments.notice import as_document, measures
from sdmodel.experiments.targets import read_targets
from sdmodel.lab.draws import draws_document
from sdmodel.lab.flows import Flow, read_flows
from sdmodel.lab.kernel import LabKernel, make_kernel
from sdmodel.lab.levers import (
    bare_controls,
    lever_documents,
    mix_documents,
)
from sdmodel.lab.record import agreement, as_json, record, value_sets
from sdmodel.model.core import plain
from sdmodel.study.controls import variable_of
from sdmodel.study.design import Schedule
from sdmodel.study.meanings import read_meanings, read_sources
from sdmodel.study.outcomes import element_outcomes
from sdmodel.study.results import versions
from sdmodel.study.scenario import read_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.experiments.notice import Measure
    from sdmodel.experiments.targets import Target
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.scenario import Scenario

MOST_STOCKS = 40
"""Stocks shown of a model without ``outcomes.csv``; without stocks, other variables."""


@dataclass(frozen=True)
class Lab:
    """A page's data and the kernel that goes with it."""

    data: dict[str, Any]
    kernel: LabKernel


def collect(book: Workbook) -> Lab:
    """Return what a page holds of a model and the tables beside it.

    Without ``controls.csv`` the levers are the model's constants within their limits,
    without ``outcomes.csv`` its stocks are looked at.

    Raises
    ------
    SdmodelError
        If a table or scenario is wrong.
    """
    model, folder = book.model, book.folder
    controls = book.controls or bare_controls(model)
    outcomes = tuple(book.outcomes)
    if folder is None or not (folder / "outcomes.csv").is_file():
        outcomes = (outcomes or element_outcomes(model, ("auxiliary",)))[:MOST_STOCKS]
    flows = read_flows(folder, model)
    presets = _presets(book, controls)
    scheduled = {
        name
        for preset in presets
        for name, value in preset.values.items()
        if isinstance(value, Schedule)
    }
    kernel = make_kernel(
        model,
        outcomes,
        [name for flow in flows for name in flow.expression.names],
        controls,
        scheduled,
    )
    about = read_about(folder, model_facts(model)) if folder else {}
    judged = measures(outcomes, about)
    chinese = read_meanings(folder, model)
    targets = read_targets(folder, model, outcomes)
    sources = read_sources(
        folder, {c.source for c in book.controls} | {t.source for t in targets}
    )
    history = _history(targets, outcomes, sources)
    facts = _model(model, kernel, about, history)
    tried = value_sets(controls, model)
    facts["agreement"] = agreement(
        model, kernel.wasm.plan, kernel.native, tried, kernel.layout["points"]
    )
    data: dict[str, Any] = {
        "model": facts,
        "times": list(kernel.points),
        "levers": lever_documents(controls, model, scheduled, chinese, sources),
        "mixes": mix_documents(controls),
        "outcomes": [
            _outcome(outcome, about, judged[outcome.id])
            | {"meaning": _meaning(outcome, model, chinese)}
            for outcome in outcomes
        ],
        "notice": as_document(),
        "presets": [_preset(scenario) for scenario in presets],
        "history": history,
        "flows": [_flow(flow) for flow in flows],
        "draws": draws_document(controls),
        "loops": [],
        "why": {},
        "exercises": [],
        "record": record(
            kernel.native,
            outcomes,
            tried[1:],
            {scenario.id: scenario.values for scenario in presets},
            kernel.points,
            facts["agreement"]["bound"],
        ),
        "kernel": kernel.layout,
        "window": kernel.window,
        "licence": licence(),
    }
    return Lab(data, kernel)


def _presets(book: Workbook, controls: Sequence[Control]) -> tuple[Scenario, ...]:
    """Return every scenario of the model's folder, the baseline first."""
    return tuple(
        read_scenario(name, book.folder, book.model, tuple(controls))
        for name in book.scenario_ids()
    )


def _preset(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "kind": scenario.kind,
        "shows": _both(scenario.shows),
        "title": _both(scenario.title),
        "story": _both(scenario.story),
        "values": {name: as_json(value) for name, value in scenario.values.items()},
        "evidence": dict(scenario.evidence),
    }


def _both(texts: Any) -> dict[str, str | None]:
    return {language: texts.get(language) or None for language in ("en", "zh")}


def _outcome(
    outcome: Outcome, about: dict[str, Any], measure: Measure
) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "label": {"en": outcome.label_en, "zh": outcome.label_zh or None},
        "unit": outcome.unit,
        "series_unit": outcome.series_unit,
        "summary": outcome.summary,
        "good": outcome.good,
        "stakeholder": outcome.stakeholder,
        "percent": outcome.id in about.get("percent", []),
        "days": outcome.id in about.get("days", []),
        "calendar": measure.calendar,
        "share": measure.share,
        "notice": asdict(measure.own) if measure.own else None,
        "expression": [list(step) for step in outcome.expression.steps],
        "names": list(outcome.expression.names),
    }


def _meaning(
    outcome: Outcome, model: Model, chinese: Mapping[str, str]
) -> dict[str, str | None]:
    """Return what the variable behind an outcome means: the first that it names."""
    name = variable_of(next(iter(outcome.expression.names), ""), model)
    variable = model.variables.get(name)
    return {
        "en": " ".join(variable.comment.split()) if variable else None,
        "zh": chinese.get(plain(name)),
    }


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "id": flow.id,
        "label": {"en": flow.label_en, "zh": flow.label_zh or None},
        "unit": flow.unit,
        "expression": [list(step) for step in flow.expression.steps],
    }


def _history(
    targets: Sequence[Target],
    outcomes: Sequence[Outcome],
    sources: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return what was observed of the outcomes that the page shows."""
    known = {outcome.id for outcome in outcomes}
    return [
        {
            "outcome": target.variable,
            "kind": target.kind,
            "from": target.start,
            "to": target.stop,
            "value": target.value,
            "sd": None if math.isnan(target.sd) else target.sd,
            "unit": target.unit,
            "source": target.source,
            "source_zh": sources.get(target.source),
        }
        for target in targets
        if target.variable in known
    ]


def _model(
    model: Model,
    kernel: LabKernel,
    about: dict[str, Any],
    history: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    found = versions()
    start = kernel.window["start"]
    return {
        "name": model.name,
        "digest": model.digest,
        "sdmodel": found.get("sdmodel", ""),
        "pysd": found.get("pysd", ""),
        "versions": found,
        "built": dt.datetime.now(dt.UTC).date().isoformat(),
        "start": model.time.start,
        "end": model.time.last,
        "dt": model.time.step,
        "steps": model.time.steps,
        "scalars": sum(len(v.elements) for v in model.variables.values()),
        "states": len(model.states),
        "policy_start": start if start > model.time.start else None,
        "history_end": max((h["to"] for h in history), default=None),
        "base_year": about.get("base_year"),
        "not_for": list(about.get("not_for", [])),
        "discount": kernel.window["rate"],
    }


def licence() -> str:
    """Return the text of the project's licence; empty where it cannot be found."""
    from importlib import metadata
    from pathlib import Path

    near = Path(__file__).resolve().parents[2] / "LICENSE"
    if near.is_file() and (near.parent / "pyproject.toml").is_file():
        return near.read_text(encoding="utf-8")
    try:
        text = metadata.distribution("sdmodel").read_text("licenses/LICENSE")
    except metadata.PackageNotFoundError:
        return ""
    return text or ""
