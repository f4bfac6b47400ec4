"""Figures of scenarios: how outcomes run, how they differ, what was observed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sdmodel.experiments.notice import is_share
from sdmodel.report.figures import (
    BASELINE_COLOUR,
    GREY,
    Picture,
    colour_of,
    grid_of,
    picture,
)
from sdmodel.report.words import number, unit_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sdmodel.report.content import Content, OutcomeText

BAND = (
    "5 to 95 % of the draws of all uncertainties, none thrown away for missing the data"
)


HISTORY_PANELS = 12
"""Observed variables that are drawn, those with the most points."""


def _scale(unit: str) -> float:
    return 100.0 if is_share(unit) else 1.0


def _axis_label(unit: str, base_year: str) -> str:
    return unit_words(unit, base_year)


def short_numbers(axes: Axes, *, vertical: bool = True) -> None:
    """Write 1.5 m for 1 500 000 on an axis."""
    from matplotlib.ticker import FuncFormatter

    def text(value: float, _: int) -> str:
        size = abs(value)
        for limit, unit, letter in ((1e9, 1e9, "bn"), (1e6, 1e6, "m"), (1e4, 1e3, "k")):
            if size >= limit:
                return f"{value / unit:g} {letter}".replace("-", "−")
        return f"{value:g}".replace("-", "−")

    for axis in (axes.yaxis,) if vertical else (axes.xaxis,):
        axis.set_major_formatter(FuncFormatter(text))


def _years(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def wrapped(text: str, width: int = 34) -> str:
    """Return a title broken into lines."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def trajectories(
    content: Content, series: pd.DataFrame, key: str, first_year: float
) -> Picture:
    """Draw one outcome over time: each regime, with its band, beside the baseline."""
    outcome = content.by_key[key]
    others = [s for s in content.scenarios if s.id != content.baseline] or list(
        content.scenarios
    )
    part = series[(series["outcome"] == key) & (series["time"] >= first_year)]
    by_scenario = dict(tuple(part.groupby("scenario")))
    ids = [s.id for s in content.scenarios]
    figure, panels = grid_of(
        len(others), columns=4, width=10.2, height=1.9, sharex=True, sharey=True
    )
    scale = _scale(outcome.series_unit)
    for axes, scenario in zip(panels, others, strict=True):
        for name in dict.fromkeys((content.baseline, scenario.id)):
            if name not in by_scenario:
                continue
            colour = colour_of(ids, name, content.baseline)
            _band(axes, by_scenario[name], colour, scale, name == content.baseline)
        axes.set_title(wrapped(scenario.title, 30))
        axes.margins(x=0)
        _years(axes)
        short_numbers(axes)
    for axes in panels[-4:]:
        # A panel with no other below it keeps its years.
        axes.tick_params(labelbottom=True)
    unit = _axis_label(outcome.series_unit, str(content.model.get("base_year", "")))
    title = f"{outcome.label} ({unit})" if unit else outcome.label
    figure.suptitle(title, x=0.005, ha="left", fontsize=10, weight="bold")
    ends = _ends(by_scenario, content, outcome)
    return picture(
        figure,
        f"trajectory-{key}",
        f"{outcome.label} over time under each way of paying, one panel each, with the "
        f"baseline dashed in grey. At the end: {ends}.",
        f"{outcome.label}. Coloured: the way of paying named above the panel; grey and "
        f"dashed: {content.title_of(content.baseline)}. Lines: central values"
        + (f"; bands: {BAND}." if content.draws else "."),
    )


def _band(
    axes: Axes, rows: pd.DataFrame, colour: str, scale: float, baseline: bool
) -> None:
    time = rows["time"].to_numpy()
    axes.fill_between(
        time,
        scale * rows["p5"].to_numpy(),
        scale * rows["p95"].to_numpy(),
        color=GREY if baseline else colour,
        alpha=0.22 if baseline else 0.28,
        linewidth=0,
    )
    axes.plot(
        time,
        scale * rows["value"].to_numpy(),
        color=colour,
        linestyle="--" if baseline else "-",
        linewidth=1.2 if baseline else 1.8,
    )


def _ends(
    by_scenario: dict[Any, pd.DataFrame], content: Content, outcome: OutcomeText
) -> str:
    parts = []
    for scenario in content.scenarios:
        rows = by_scenario.get(scenario.id)
        if rows is None:
            continue
        last = rows.iloc[-1]
        text = number(float(last["value"]), outcome.series_unit)
        if math.isfinite(float(last["p5"])):
            low = number(float(last["p5"]), outcome.series_unit)
            high = number(float(last["p95"]), outcome.series_unit)
            text += f" ({low} to {high})"
        parts.append(f"{scenario.title} {text}")
    return "; ".join(parts)


def history(content: Content) -> Picture | None:
    """Draw what was observed over the baseline's course; None without targets."""
    if content.series is None or not content.targets:
        return None
    base = content.series[content.series["scenario"] == content.baseline]
    drawn: dict[str, list[dict[str, Any]]] = {}
    for target in content.targets:
        drawn.setdefault(str(target["outcome"]), []).append(target)
    known = set(base["outcome"])
    drawn = {key: points for key, points in drawn.items() if key in known}
    if not drawn:
        return None
    most = sorted(drawn, key=lambda key: -len(drawn[key]))[:HISTORY_PANELS]
    left = len(drawn) - len(most)
    drawn = {key: drawn[key] for key in drawn if key in most}
    figure, panels = grid_of(len(drawn), columns=3, width=10.2, height=2.2)
    told = []
    base_year = str(content.model.get("base_year", ""))
    for axes, (key, points) in zip(panels, drawn.items(), strict=True):
        label = str(points[0]["label"])
        unit = str(points[0]["unit"])
        scale = _scale(unit)
        last = max(float(point["to"]) for point in points) + 1
        rows = base[(base["outcome"] == key) & (base["time"] <= last)]
        _band(axes, rows, BASELINE_COLOUR, scale, True)
        middle = [(float(p["from"]) + float(p["to"])) / 2 for p in points]
        axes.errorbar(
            middle,
            [scale * float(p["value"]) for p in points],
            yerr=[scale * 1.96 * _number(p["sd"]) for p in points],
            fmt="o",
            markersize=4,
            color="#D55E00",
            elinewidth=1,
            capsize=2,
        )
        axes.set_title(wrapped(label, 36))
        axes.set_ylabel(_axis_label(unit, base_year))
        axes.margins(x=0.02)
        _years(axes)
        short_numbers(axes)
        told.append(f"{label}: {len(points)} observations")
    return picture(
        figure,
        "history",
        "Observed data points over the baseline's course. " + "; ".join(told) + ".",
        f"History: points are observations with twice their standard deviation, dashed "
        f"lines the model's baseline, bands {BAND}."
        + (
            f" {left} variables with fewer points are in the table of data."
            if left
            else ""
        ),
    )


def _number(text: Any) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return 0.0
    return value if math.isfinite(value) else 0.0


def difference_figure(
    content: Content, keys: Sequence[str], *, columns: int, width: float, height: float
) -> Figure:
    """Draw how far each regime lies from the baseline, one panel for each outcome.

    Sizes in inches, the height that of one row of panels.
    """
    others = [s for s in content.scenarios if s.id != content.baseline]
    ids = [s.id for s in content.scenarios]
    figure, panels = grid_of(
        len(keys), columns=columns, width=width, height=height, sharey=True
    )
    base_year = str(content.model.get("base_year", ""))
    changes = {s.id: {c.outcome: c for c in content.changes(s.id)} for s in others}
    for axes, key in zip(panels, keys, strict=True):
        outcome = content.by_key[key]
        scale = _scale(outcome.unit)
        axes.axvline(0, color=BASELINE_COLOUR, linewidth=1)
        for place, scenario in enumerate(others):
            change = changes[scenario.id][key]
            colour = colour_of(ids, scenario.id, content.baseline)
            ends = [scale * change.low, scale * change.high]
            axes.plot(ends, [place, place], color=colour, lw=2.5, solid_capstyle="butt")
            axes.plot(scale * change.change, place, "o", color=colour, markersize=5)
        axes.set_yticks(range(len(others)), [wrapped(s.title, 36) for s in others])
        axes.set_ylim(len(others) - 0.5, -0.5)
        axes.set_title(wrapped(outcome.label, 24))
        unit = "percentage points" if is_share(outcome.unit) else ""
        unit = unit or _axis_label(outcome.unit, base_year)
        better = {"up": "right is better", "down": "left is better"}
        words = [text for text in (unit, better.get(outcome.good, "")) if text]
        axes.set_xlabel(wrapped("; ".join(words), 32), fontsize=7.5)
        axes.locator_params(axis="x", nbins=4)
        short_numbers(axes, vertical=False)
    return figure


def differences(content: Content, keys: Sequence[str]) -> Picture:
    """Draw how far each regime's end lies from the baseline's, with intervals."""
    figure = difference_figure(content, keys, columns=4, width=10.2, height=2.4)
    labels = ", ".join(content.by_key[key].label for key in keys)
    return picture(
        figure,
        "differences",
        f"Difference of each way of paying from the baseline in {labels}; the numbers "
        "stand in the table of regimes.",
        "Difference from the baseline, taken within each draw of the uncertainties. "
        "Dots: central values; bars: 5 to 95 % of draws. A bar across the line at zero "
        "means that the assumptions decide the direction."
        if content.draws
        else "Difference from the baseline at the central values of all assumptions.",
    )
