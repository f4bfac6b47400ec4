"""How far the model lies from what was observed, observation by observation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.experiments.notice import is_share
from sdmodel.report.words import exists, number, signed, unit_words
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    import pandas as pd

    from sdmodel.report.content import Content

FAR = 2.0
"""Standard deviations beyond which an observation counts as missed."""


def fit(content: Content) -> dict[str, Any] | None:
    """Return the observations beside the baseline; None without either.

    A level is read at its instant, a flow as the mean over its interval; z is the
    model less the data in standard deviations of the data.
    """
    if content.series is None or not content.targets:
        return None
    base = content.series[content.series["scenario"] == content.baseline]
    courses = {str(k): v for k, v in base.groupby("outcome")}
    rows = [
        _row(content, target, courses[str(target["outcome"])])
        for target in content.targets
        if str(target["outcome"]) in courses
    ]
    if not rows:
        return None
    judged = [row for row in rows if exists(row["far"])]
    far = sum(row["far"] > FAR for row in judged)
    banded = [row for row in rows if row["outside"] is not None]
    out = sum(bool(row["outside"]) for row in banded)
    parts = []
    if judged:
        parts.append(
            f"{far} of {len(judged)} observations lie further than {FAR:g} standard "
            "deviations from the model’s central run"
        )
    if banded:
        parts.append(f"{out} of {len(banded)} lie outside the model’s 5 to 95 % band")
    sentence = " and ".join(parts)
    return {"rows": rows, "sentence": f"{sentence}." if sentence else ""}


def _row(
    content: Content, target: dict[str, Any], course: pd.DataFrame
) -> dict[str, Any]:
    start, stop = float(target["from"]), float(target["to"])
    data = float(target["value"])
    model = _mean(course, "value", start, stop)
    low, high = _mean(course, "p5", start, stop), _mean(course, "p95", start, stop)
    sd = target["sd"]
    z = (model - data) / float(sd) if sd else math.nan
    unit = str(target["unit"])
    words = unit_words(unit, str(content.model.get("base_year", "")))
    outside = not low <= data <= high if exists(low) and exists(high) else None
    return {
        "label": str(target["label"]),
        "unit": "" if is_share(unit) else words,
        "when": f"{start:g}" if start == stop else f"{start:g} to {stop:g}",
        "data": number(data, unit),
        "model": number(model, unit),
        "difference": signed(model - data, unit),
        "z": minus(f"{z:+.1f}") if exists(z) else "–",
        "far": abs(z),
        "missed": exists(z) and abs(z) > FAR,
        "outside": outside,
        "band": f"{number(low, unit)} to {number(high, unit)}" if exists(low) else "–",
    }


def _mean(course: pd.DataFrame, column: str, start: float, stop: float) -> float:
    """Return a course at an instant, or its mean over an interval (trapezoids)."""
    times = course["time"].to_numpy(dtype=float)
    values = course[column].to_numpy(dtype=float)
    order = np.argsort(times)
    times, values = times[order], values[order]
    if start < times[0] or stop > times[-1]:
        return math.nan
    if start == stop:
        return float(np.interp(start, times, values))
    inner = times[(times > start) & (times < stop)]
    points = np.concatenate([[start], inner, [stop]])
    return float(
        np.trapezoid(np.interp(points, times, values), points) / (stop - start)
    )
