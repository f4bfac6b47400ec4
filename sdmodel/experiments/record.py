"""The files of a run folder that a report is made from, and their texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.experiments.indices import failing_inputs
from sdmodel.study.design import Schedule
from sdmodel.study.results import csv_bytes, dataset_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import xarray as xr

    from sdmodel.experiments.bands import Bands
    from sdmodel.experiments.indices import SensitivityResult
    from sdmodel.experiments.targets import Target
    from sdmodel.experiments.whatif import Answer
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.controls import Control
    from sdmodel.study.scenario import Scenario

CONTEXT = "context.json"
REGIMES = "regimes.csv"
SERIES = "series.nc"

FAILURES_KEPT = 3


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV that spreadsheets open, numbers in full precision."""
    return csv_bytes(
        [str(column) for column in frame.columns],
        (
            [item.item() if isinstance(item, np.generic) else item for item in row]
            for row in frame.itertuples(index=False)
        ),
    )


def study_files(result: SensitivityResult) -> dict[str, bytes]:
    """Return the files of a sensitivity study: indices, verdicts, and every run."""
    return {
        f"{result.method}_indices.csv": frame_bytes(result.indices()),
        f"{result.method}_verdicts.csv": frame_bytes(result.verdicts()),
        f"{result.method}_runs.nc": dataset_bytes(runs_dataset(result)),
    }


def runs_dataset(result: SensitivityResult) -> xr.Dataset:
    """Return every run of a study, its sampled inputs beside its outcomes.

    Dims (run, input) and (run, outcome); an input that a run did not sample is nan.
    """
    import xarray as xr

    parts = [(s, e) for s, es in result.estimates.items() for e in es]
    names = list(dict.fromkeys(name for _, e in parts for name in e.names))
    place = {name: i for i, name in enumerate(names)}
    total = sum(len(e.failed) for _, e in parts)
    inputs = np.full((total, len(names)), np.nan)
    start = 0
    for _, estimate in parts:
        stop = start + len(estimate.failed)
        inputs[start:stop, [place[name] for name in estimate.names]] = estimate.inputs
        start = stop
    return xr.Dataset(
        {
            "inputs": (("run", "input"), inputs),
            "outputs": (("run", "outcome"), np.vstack([e.outputs for _, e in parts])),
            "status": (
                ("run",),
                np.concatenate([e.failed.astype(np.int8) for _, e in parts]),
                {"long_name": "0 good, 1 bad"},
            ),
            "design": (
                ("run",),
                np.repeat(np.arange(len(parts)), [len(e.failed) for _, e in parts]),
                {"long_name": "index of the design that the run belongs to"},
            ),
        },
        coords={"input": names, "outcome": list(parts[0][1].outcomes)},
        attrs={
            "designs": json.dumps([[s, e.scope, list(e.groups)] for s, e in parts]),
            "method": result.method,
            "n": result.n,
            "seed": result.seed,
            "engine": result.engine,
            "model_digest": result.digest,
        },
    )


def regime_files(answer: Answer, bands: Bands, baseline: str) -> dict[str, bytes]:
    """Return the files of scenarios side by side: numbers with spread, and series.

    ``answer`` holds the central values, ``bands`` the sample of the uncertainties;
    both of the same scenarios and outcomes.
    """
    import xarray as xr

    table = bands.difference_table(baseline)
    ids = [scenario.id for scenario in answer.scenarios]
    numbers = dict(answer.values)
    central = [
        float(numbers[str(outcome)][ids.index(str(scenario))])
        for scenario, outcome in zip(table["scenario"], table["outcome"], strict=True)
    ]
    table.insert(2, "value", central)
    with np.errstate(all="ignore"):
        spread = np.stack(
            [
                np.quantile(
                    bands.series[s][~bands.failed[s]], (0.05, 0.5, 0.95), axis=0
                )
                if not bands.failed[s].all()
                else np.full((3, len(bands.times), len(bands.outcomes)), np.nan)
                for s in range(len(bands.scenarios))
            ]
        )
    kept = np.isin(answer.times, bands.times)
    value = np.stack([answer.series[o][:, kept] for o in bands.outcomes], axis=-1)
    dims = ("scenario", "time", "outcome")
    dataset = xr.Dataset(
        {
            "value": (dims, value),
            "p5": (dims, spread[:, 0]),
            "p50": (dims, spread[:, 1]),
            "p95": (dims, spread[:, 2]),
        },
        coords={
            "scenario": list(bands.scenarios),
            "time": list(bands.times),
            "outcome": list(bands.outcomes),
        },
        attrs={"draws": bands.failed.shape[1], "baseline": baseline},
    )
    return {REGIMES: frame_bytes(table), SERIES: dataset_bytes(dataset)}


def answer_files(
    workbook: Workbook, answer: Answer, baseline: str, *, title: str
) -> dict[str, bytes]:
    """Return the files of scenarios side by side without a sample of uncertainties.

    The same files as those of ``regime_files``, their quantiles nan, and the texts; a
    report made of them shows central values alone, and says so.
    """
    import pandas as pd
    import xarray as xr

    ids = [scenario.id for scenario in answer.scenarios]
    outcomes = [key.outcome.id for key in answer.keys]
    numbers = dict(answer.values)
    spread = ("p5", "p50", "p95", "change_p5", "change_p50", "change_p95", "higher")
    table = pd.DataFrame(
        [
            {
                "scenario": scenario,
                "outcome": key.outcome.id,
                "value": float(numbers[key.text][row]),
                "draws": 0,
                "undefined": 0,
                **dict.fromkeys(spread, np.nan),
            }
            for row, scenario in enumerate(ids)
            for key in answer.keys
        ]
    )
    value = np.stack([answer.series[name] for name in outcomes], axis=-1)
    dims = ("scenario", "time", "outcome")
    nothing = np.full(value.shape, np.nan)
    dataset = xr.Dataset(
        {"value": (dims, value), **dict.fromkeys(spread[:3], (dims, nothing))},
        coords={"scenario": ids, "time": answer.times, "outcome": outcomes},
        attrs={"draws": 0, "baseline": baseline},
    )
    texts = context(
        workbook,
        answer.scenarios,
        title=title,
        question="",
        baseline=baseline,
        headline=outcomes,
    )
    return {
        REGIMES: frame_bytes(table),
        SERIES: dataset_bytes(dataset),
        CONTEXT: context_bytes(texts),
    }


def context(
    workbook: Workbook,
    scenarios: Sequence[Scenario],
    *,
    title: str,
    question: str,
    baseline: str,
    headline: Sequence[str],
    targets: Sequence[Target] = (),
    studies: Sequence[SensitivityResult] = (),
) -> dict[str, Any]:
    """Return the texts of a report, so that it can be made without the model."""
    facts = model_facts(workbook.model)
    if workbook.folder is not None:
        facts |= read_about(workbook.folder, facts, workbook.outcomes)
    shares = set(facts.get("percent", ()))
    titles = dict(facts.get("titles", {}))
    controls = {control.name: control for control in workbook.controls}
    return {
        "title": title,
        "question": question,
        "baseline": baseline,
        "headline": list(headline),
        "model": facts,
        "scenarios": [_scenario(scenario, controls) for scenario in scenarios],
        "outcomes": [
            {
                "key": outcome.id,
                "label": outcome.label_en,
                "unit": "share" if outcome.id in shares else outcome.unit,
                "series_unit": "share"
                if outcome.id in shares
                else outcome.series_unit or outcome.unit,
                "good": outcome.good,
                "stakeholder": outcome.stakeholder,
                "summary": outcome.summary,
                "calendar": outcome.summary == "crossing",
            }
            for outcome in workbook.outcomes
        ],
        "parameters": [_parameter(control) for control in workbook.controls],
        "targets": [
            {
                "outcome": target.variable,
                "label": _target_label(target.variable, workbook, titles),
                "kind": target.kind,
                "from": target.start,
                "to": target.stop,
                "value": target.value,
                "sd": None if np.isnan(target.sd) else target.sd,
                "unit": "share" if target.variable in shares else target.unit,
                "source": target.source,
            }
            for target in targets
        ],
        "studies": [study_text(result) for result in studies],
    }


def context_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the texts as JSON."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def value_text(value: float | Schedule) -> str:
    """Return a value as a scenario file writes it."""
    if isinstance(value, Schedule):
        points = zip(value.times, value.values, strict=True)
        return "..".join(f"{v:g}@{t:g}" for t, v in points)
    return f"{value:g}"


def _scenario(scenario: Scenario, controls: Mapping[str, Control]) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title.get("en", scenario.id),
        "story": scenario.story.get("en", ""),
        "values": [
            {
                "name": name,
                "label": controls[name].label_en if name in controls else name,
                "value": value_text(value),
                "evidence": scenario.evidence.get(name, ""),
            }
            for name, value in dict(scenario.values).items()
        ],
    }


def _parameter(control: Control) -> dict[str, Any]:
    return {
        "name": control.name,
        "role": control.role,
        "group": control.group,
        "label": control.label_en,
        "unit": control.unit,
        "default": control.default,
        "min": control.min,
        "max": control.max,
        "distribution": control.distribution,
        "source": control.source,
        "grade": control.grade,
    }


def _target_label(variable: str, workbook: Workbook, titles: Mapping[str, str]) -> str:
    if variable in titles:
        return titles[variable]
    for outcome in workbook.outcomes:
        if outcome.id == variable:
            return outcome.label_en
    text = variable.replace('"', "")
    return text[:1].upper() + text[1:]


def study_text(result: SensitivityResult) -> dict[str, Any]:
    """Return what the texts of a report hold of a study."""
    failures: list[dict[str, Any]] = []
    for scenario, part in result.estimates.items():
        for estimate in part:
            for i, verdict in enumerate(estimate.verdicts):
                if verdict.bad and len(failures) < FAILURES_KEPT:
                    failures.append(
                        {
                            "scenario": scenario,
                            "scope": estimate.scope,
                            "outcome": estimate.outcomes[i],
                            "bad": verdict.bad,
                            "runs": len(estimate.failed),
                            "inputs": failing_inputs(estimate, i),
                        }
                    )
    judges = [
        e.judge
        for part in result.estimates.values()
        for e in part
        if e.judge is not None
    ]
    return {
        "method": result.method,
        "n": result.n,
        "seed": result.seed,
        "runs": result.runs,
        "judge": max(judges) if judges else None,
        "failures": failures,
    }
