"""From a run folder to the content of a page."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ResultsError
from sdmodel.experiments.notice import read_notice
from sdmodel.report.content import Content, OutcomeText, ScenarioText, Study
from sdmodel.study.results import open_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

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
    if run.manifest["kind"] == "sweep":
        msg = (
            f"{folder}: a sweep has no page; its numbers stand in summary.csv and "
            "results.nc, its runs in runs-*.nc"
        )
        raise ResultsError(msg)
    if CONTEXT not in outputs:
        msg = (
            f"{folder}: a run of kind '{run.manifest['kind']}' holds no texts for a "
            "report; it was written by an older version: run the command again"
        )
        raise ResultsError(msg)
    try:
        texts = json.loads((folder / CONTEXT).read_bytes())
        others = [s["method"] for s in texts["studies"] if s["method"] not in SHOWN]
        if others:
            msg = (
                f"{folder}: a report shows {' and '.join(SHOWN)} studies, and not "
                f"'{others[0]}'; its indices stand in {others[0]}_indices.csv"
            )
            raise ResultsError(msg)
        names = (REGIMES, SERIES, *(n for s in texts["studies"] for n in _tables(s)))
        files = {name: run.file(name) for name in names if name in outputs}
        return content_of(files, texts, run.manifest)
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        msg = f"{folder}: damaged, or written by another version: {error!r}"
        raise ResultsError(msg) from error


DAYS_A_YEAR = 365.0
SHOWN = ("morris", "sobol")
"""Methods of which there are words and figures."""


def content_of(
    files: Mapping[str, bytes],
    texts: Mapping[str, Any],
    manifest: Mapping[str, Any] | None = None,
) -> Content:
    """Return the content of a page from the files and texts of a run folder.

    Parameters
    ----------
    files
        By name: tables of regimes and studies, and the series; what is not there is
        not shown.
    texts
        The document ``context.json``; its ``studies`` have their tables in ``files``.
    manifest
        Of the folder; figures need none.
    """
    days = set(texts["model"].get("days", ()))
    notices = texts["model"].get("notice", {})
    regimes = _table(files[REGIMES]) if REGIMES in files else None
    series = _series(files[SERIES]) if SERIES in files else None
    studies = tuple(_study(files, item) for item in texts["studies"])
    if days:
        screenings = [s.indices for s in studies if s.method == "morris"]
        for table in (regimes, series, *screenings):
            if table is not None:
                _to_days(table, days)
    return Content(
        title=texts["title"],
        question=texts["question"],
        manifest=dict(manifest or {}),
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
                unit="day" if item["key"] in days else item["unit"],
                series_unit="day" if item["key"] in days else item["series_unit"],
                good=item["good"],
                stakeholder=item["stakeholder"],
                calendar=bool(item["calendar"]),
                notice=read_notice(
                    notices[item["key"]], DAYS_A_YEAR if item["key"] in days else 1.0
                )
                if item["key"] in notices
                else None,
            )
            for item in texts["outcomes"]
        ),
        headline=tuple(texts["headline"]),
        regimes=regimes,
        series=series,
        studies=studies,
        parameters=tuple(texts["parameters"]),
        targets=tuple(texts["targets"]),
    )


_VALUES = (
    "value", "p5", "p50", "p95", "change_p5", "change_p50", "change_p95",
    "change_p5_low", "change_p5_high", "change_p95_low", "change_p95_high",
    "low", "high",
)  # fmt: skip


def _to_days(table: pd.DataFrame, keys: set[str]) -> None:
    """Turn the years of some outcomes into days, in place."""
    ids = table["outcome"].astype(str).str.partition("@")[0]
    rows = ids.isin(keys)
    for column in _VALUES:
        if column in table:
            table.loc[rows, column] *= DAYS_A_YEAR


def _table(data: bytes) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")
    return frame


def _series(data: bytes) -> pd.DataFrame:
    import xarray as xr

    dataset = xr.load_dataset(io.BytesIO(data), engine="h5netcdf")
    frame: pd.DataFrame = dataset.to_dataframe().reset_index()
    return frame


def _tables(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names of a study's tables."""
    return f"{item['method']}_indices.csv", f"{item['method']}_verdicts.csv"


def _study(files: Mapping[str, bytes], item: Mapping[str, Any]) -> Study:
    indices, verdicts = (_table(files[name]) for name in _tables(item))
    return Study(
        method=item["method"],
        n=int(item["n"]),
        seed=int(item["seed"]),
        runs=int(item["runs"]),
        judge=item["judge"],
        indices=indices,
        verdicts=verdicts,
        failures=tuple(item["failures"]),
    )
