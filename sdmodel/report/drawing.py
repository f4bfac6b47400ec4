"""The figures of a page: which there are, and the drawing of them, at once or early."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sdmodel.report.charts import differences, history, trajectories
from sdmodel.report.figures import style
from sdmodel.report.model_picture import draw_model
from sdmodel.report.study_charts import classes, convergence, indices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sdmodel.engines.base import Progress
    from sdmodel.report.content import Content, Study
    from sdmodel.report.figures import Picture

    Drawn = Mapping[str, Picture | None]

HEADLINE_TRAJECTORIES = 4
HEADLINE_DIFFERENCES = 8
YEARS_BEFORE_POLICY = 8
SHOWN_OUTCOMES = 4
"""Outcomes of a study that have panels; the tables hold all."""

TRAJECTORY = "trajectory-"


def draw(
    content: Content, drawn: Drawn | None = None, progress: Progress | None = None
) -> dict[str, Picture | None]:
    """Return the figures of a page by name, in its order; None where there is nothing.

    Parameters
    ----------
    content
        Of the page.
    drawn
        Figures that were drawn from the same numbers before.
    progress
        Called with figures done and figures in all.
    """
    known = drawn or {}
    figures = _figures(content)
    found: dict[str, Picture | None] = {}
    with style():
        for name, figure in figures.items():
            found[name] = known[name] if name in known else figure()
            if progress is not None:
                progress(len(found), len(figures))
    return found


def of_study(found: Drawn, study: Study) -> list[Picture]:
    """Return the pictures of a study."""
    names = (name for name in found if name.startswith(f"{study.method}-"))
    return [picture for name in names if (picture := found[name]) is not None]


def _figures(content: Content) -> dict[str, Callable[[], Picture | None]]:
    """Return by name how to draw each figure."""
    keys = [key for key in content.headline if key in content.by_key]
    if content.regimes is not None:
        known = {c.outcome for s in content.scenarios for c in content.changes(s.id)}
        keys = [key for key in keys if key in known]
    # A calendar year has no course over time, and often no value to compare.
    dated = [key for key in keys if not content.by_key[key].calendar]
    keys = content.one_of_each(dated)
    found: dict[str, Callable[[], Picture | None]] = {
        "model": partial(draw_model, content.model),
        "history": partial(history, content),
    }
    if content.regimes is not None and len(content.scenarios) > 1 and keys:
        shown = keys[:HEADLINE_DIFFERENCES]
        found["differences"] = partial(differences, content, shown)
    if content.series is not None:
        first = _first_year(content)
        for key in keys[:HEADLINE_TRAJECTORIES]:
            found[f"{TRAJECTORY}{key}"] = partial(
                trajectories, content, content.series, key, first
            )
    for study in content.studies:
        found |= _study_figures(content, study)
    return found


def _study_figures(
    content: Content, study: Study
) -> dict[str, Callable[[], Picture | None]]:
    first = study.scenarios[0] if study.scenarios else ""
    good = study.verdicts[
        (study.verdicts["state"] == "ok") & (study.verdicts["scenario"] == first)
    ]
    able = content.one_of_each([str(key) for key in dict.fromkeys(good["outcome"])])
    shown = able[:SHOWN_OUTCOMES]
    found: dict[str, Callable[[], Picture | None]] = {}
    if able:
        found["indices"] = partial(indices, content, study, first, shown)
    if study.method == "sobol":
        found["classes"] = partial(classes, content, study, first)
    if able and len(set(study.indices["n"])) > 1:
        found["convergence"] = partial(convergence, content, study, first, shown)
    return {f"{study.method}-{name}": figure for name, figure in found.items()}


def _first_year(content: Content) -> float:
    """Return from when to show trajectories: some years before the policies act."""
    start, stop = float(content.model["start"]), float(content.model["stop"])
    policy = float(content.model.get("policy_start", start))
    return max(start, policy - YEARS_BEFORE_POLICY) if start < policy < stop else start
