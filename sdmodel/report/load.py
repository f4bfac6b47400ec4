"""From a run folder to the content of a page."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ResultsError
from sdmodel.report.content import Content, OutcomeText, ScenarioText, Study
from sdmodel.study.results import open_run

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from sdmodel.study.results import RunFolder

CONTEXT, REGIMES, SERIES = "context.json", "regimes.csv", "series.nc"


def load(folder: Path) -> Content:
    """Read a run folder.

    Raises
    ------
    ResultsError
        If the folder is missing or damaged, or holds nothing to report.
    """
    run = open_run(folder)
    outputs = run.manifest["outputs"]
    if CONTEXT not in outputs:
        msg = (
            f"{folder}: a run of kind '{run.manifest['kind']}' holds no texts for a "
            "report; it was written by an older version: run the command again"
        )
        raise ResultsError(msg)
    try:
        return _content(run, json.loads((folder / CONTEXT).read_bytes()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{folder}: damaged, or written by another version: {error!r}"
        raise ResultsError(msg) from error


def _content(run: RunFolder, texts: dict[str, Any]) -> Content:
    outputs = run.manifest["outputs"]
    return Content(
        title=texts["title"],
        question=texts["question"],
        manifest=dict(run.manifest),
        model=texts["model"],
        baseline=texts["baseline"],
        scenarios=tuple(
            ScenarioText(
                id=item["id"],
                title=item["title"],
                story=item["story"],
                values=tuple(
                    (v["label"], v["value"], v["evidence"]) for v in item["values"]
                ),
            )
            for item in texts["scenarios"]
        ),
        outcomes=tuple(
            OutcomeText(
                key=item["key"],
                label=item["label"],
                unit=item["unit"],
                series_unit=item["series_unit"],
                good=item["good"],
                stakeholder=item["stakeholder"],
                calendar=bool(item["calendar"]),
            )
            for item in texts["outcomes"]
        ),
        headline=tuple(texts["headline"]),
        regimes=_table(run, REGIMES) if REGIMES in outputs else None,
        series=_series(run) if SERIES in outputs else None,
        studies=tuple(_study(run, item) for item in texts["studies"]),
        parameters=tuple(texts["parameters"]),
        targets=tuple(texts["targets"]),
    )


def _table(run: RunFolder, name: str) -> pd.DataFrame:
    import pandas as pd

    data = (run.folder / name).read_bytes()
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")
    return frame


def _series(run: RunFolder) -> pd.DataFrame:
    dataset = run.dataset(SERIES)
    frame: pd.DataFrame = dataset.to_dataframe().reset_index()
    return frame


def _study(run: RunFolder, item: dict[str, Any]) -> Study:
    method = item["method"]
    return Study(
        method=method,
        n=int(item["n"]),
        seed=int(item["seed"]),
        runs=int(item["runs"]),
        judge=item["judge"],
        indices=_table(run, f"{method}_indices.csv"),
        verdicts=_table(run, f"{method}_verdicts.csv"),
        failures=tuple(item["failures"]),
    )
