"""Figures of sensitivity studies: indices with intervals, and how they settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.report.charts import short_numbers, wrapped
from sdmodel.report.figures import COLOURS, GREY, Picture, grid_of, picture
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from sdmodel.report.content import Content, Study

MAIN = {"morris": "mu_star", "sobol": "ST"}
SCOPES = {"levers": "Levers", "uncertainties": "Uncertainties"}
TIER_NAMES = 2
"""Factors of a tier that a picture's text names; the rest are counted."""

SHOWN = 9
"""Factors shown in a panel; the table holds all."""


def indices(
    content: Content, study: Study, scenario: str, keys: Sequence[str]
) -> Picture:
    """Draw the indices of each outcome: levers left, uncertainties right."""
    scopes = [s for s in SCOPES if s in set(study.indices["scope"])]
    figure, panels = grid_of(
        len(keys) * len(scopes), columns=len(scopes), width=10.2, height=2.9
    )
    main = MAIN[study.method]
    final = study.indices[
        (study.indices["n"] == study.n)
        & (study.indices["scenario"] == scenario)
        & ~study.indices["factor"].isin(content.timing)
    ]
    told = []
    for place, key in enumerate(keys):
        for column, scope in enumerate(scopes):
            axes = panels[place * len(scopes) + column]
            part = final[(final["outcome"] == key) & (final["scope"] == scope)]
            shown = _strongest(part, main)
            _bars(axes, part, shown, study.method)
            axes.set_title(
                wrapped(f"{content.label(key)}: {SCOPES[scope].lower()}", 34)
            )
            first = part[(part["measure"] == main) & (part["tier"] == 1)]
            names = [str(n) for n in first.sort_values("value")["label"]][::-1]
            if names:
                told.append(f"{content.label(key)}, {scope}, first tier: {some(names)}")
    words = (
        "mu* (dot, with 95 % interval) and sigma (cross), in units of the outcome over "
        "the whole range of a factor"
        if study.method == "morris"
        else "total share of variance ST (dot) and first-order share S1 (open circle), "
        "with 95 % intervals"
    )
    return picture(
        figure,
        f"{study.method}-indices",
        f"{study.method.capitalize()} indices of the strongest factors. "
        + "; ".join(told)
        + ".",
        f"{_name(study.method)}: {words}. At most {SHOWN} factors a panel, those with "
        "the largest values; where bars overlap, no order is claimed."
        + timing_note(content, study, " Left out here: ", "; see the tables."),
    )


def timing_note(content: Content, study: Study, before: str, after: str) -> str:
    """Name the study's levers that only say when a reform acts, between two texts."""
    rows = study.indices[study.indices["factor"].isin(content.timing)]
    names = [str(label) for label in dict.fromkeys(rows["label"])]
    if not names:
        return ""
    listed = "; ".join(names)
    return f"{before}when the reform acts, which is no way of paying ({listed}){after}"


def some(names: Sequence[str], count: int = TIER_NAMES) -> str:
    """Return the first names, and how many more there are."""
    left = len(names) - count
    return ", ".join(names[:count]) + (f" and {left} more" if left > 0 else "")


def _name(method: str) -> str:
    return {"morris": "Morris screening", "sobol": "Sobol’ indices"}[method]


def two_lines(label: str, width: int = 40) -> str:
    """Return a label that fits on two lines; the table holds it in full."""
    lines = wrapped(label, width).split("\n")
    if len(lines) <= 2:
        return "\n".join(lines)
    second = " ".join(lines[1:])
    return f"{lines[0]}\n{second[: width - 1].rstrip()}…"


def _strongest(part: pd.DataFrame, main: str) -> list[str]:
    rows = part[part["measure"] == main].sort_values("value", ascending=False)
    return [str(factor) for factor in rows["factor"].head(SHOWN)]


def _bars(axes: Axes, part: pd.DataFrame, shown: list[str], method: str) -> None:
    labels = dict(zip(part["factor"], part["label"], strict=True))
    main, other = ("mu_star", "sigma") if method == "morris" else ("ST", "S1")
    for measure, offset, marker, colour, filled in (
        (main, 0.14, "o", COLOURS[0], True),
        (other, -0.14, "x" if method == "morris" else "o", COLOURS[1], False),
    ):
        rows = part[part["measure"] == measure].set_index("factor")
        for place, factor in enumerate(shown):
            value = float(rows["value"][factor])
            low, high = float(rows["low"][factor]), float(rows["high"][factor])
            at = place - offset
            if low == low:
                axes.plot(
                    [low, high],
                    [at, at],
                    color=colour,
                    lw=2,
                    alpha=0.6,
                    solid_capstyle="butt",
                )
            axes.plot(
                value,
                at,
                marker,
                color=colour,
                markersize=4.5,
                markerfacecolor=colour if filled else "white",
            )
    names = [two_lines(str(labels[factor])) for factor in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=6.8, linespacing=1.0)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.axvline(0, color=GREY, linewidth=0.8)
    short_numbers(axes, vertical=False)
    if not shown:
        axes.text(
            0.5,
            0.5,
            "no indices: see the table",
            ha="center",
            transform=axes.transAxes,
        )
        axes.set_yticks([])


MARKERS = ("o", "s", "^")
"""Of the strongest factors whose convergence is drawn; shape beside colour."""

LEGEND_WIDTH = 36
"""Letters of a line under a panel that is a quarter of the figure wide."""


def convergence(
    content: Content, study: Study, scenario: str, keys: Sequence[str]
) -> Picture:
    """Draw the strongest indices against the sample size, with their intervals."""
    scopes = [s for s in SCOPES if s in set(study.indices["scope"])]
    main = MAIN[study.method]
    rows = study.indices[
        (study.indices["measure"] == main)
        & (study.indices["scenario"] == scenario)
        & ~study.indices["factor"].isin(content.timing)
    ]
    figure, panels = grid_of(len(keys) * len(scopes), columns=4, width=10.2, height=2.6)
    settled = {
        (str(row["outcome"]), str(row["scope"])): str(row["converged"]) == "True"
        for row in study.verdicts.to_dict("records")
        if row["scenario"] == scenario
    }
    for place, key in enumerate(keys):
        for column, scope in enumerate(scopes):
            axes = panels[place * len(scopes) + column]
            part = rows[(rows["outcome"] == key) & (rows["scope"] == scope)]
            final = part[part["n"] == study.n]
            for i, factor in enumerate(_strongest(final, main)[: len(MARKERS)]):
                line = part[part["factor"] == factor].sort_values("n")
                axes.plot(
                    line["n"],
                    line["value"],
                    f"{MARKERS[i]}-",
                    color=COLOURS[i],
                    ms=3,
                    label=two_lines(str(line["label"].iloc[0]), LEGEND_WIDTH),
                )
                axes.fill_between(
                    line["n"],
                    line["low"],
                    line["high"],
                    color=COLOURS[i],
                    alpha=0.2,
                    linewidth=0,
                )
            axes.set_xscale("log", base=2)
            ticks = sorted({int(n) for n in part["n"]})
            axes.set_xticks(ticks, [str(n) for n in ticks])
            axes.minorticks_off()
            short_numbers(axes)
            if axes.lines:
                axes.legend(
                    loc="upper center",
                    bbox_to_anchor=(0.5, -0.14),
                    fontsize=6,
                    handlelength=1.6,
                    labelspacing=0.3,
                )
            state = "" if settled.get((key, scope)) else " (provisional)"
            axes.set_title(wrapped(f"{content.label(key)}: {scope}{state}", 28))
    figure.supxlabel("n", fontsize=8.5)
    ok = study.verdicts[study.verdicts["state"] == "ok"]
    count = sum(str(value) == "True" for value in ok["converged"])
    return picture(
        figure,
        f"{study.method}-convergence",
        f"Values of the three strongest factors of each outcome at growing n "
        f"with their 95 % intervals; {count} of {len(ok)} sets of indices converged.",
        f"Convergence of {'mu*' if main == 'mu_star' else main}: the three strongest "
        "factors of each outcome, named below its panel, at growing parts of the "
        "sample, with 95 % intervals.",
    )


def classes(content: Content, study: Study, scenario: str) -> Picture | None:
    """Draw how much of each outcome's variance is policy, ignorance, and both."""
    rows = study.indices[
        (study.indices["scope"] == "classes")
        & (study.indices["n"] == study.n)
        & (study.indices["scenario"] == scenario)
    ]
    if not len(rows):
        return None
    table = rows.pivot_table(
        index="outcome", columns=["factor", "measure"], values="value", sort=False
    )
    keys = [str(key) for key in table.index]
    policy = table[("levers", "S1")].to_numpy()
    unknown = table[("uncertainties", "S1")].to_numpy()
    both = 1.0 - policy - unknown
    figure, (axes,) = grid_of(1, columns=1, width=10.2, height=0.9 + 0.3 * len(keys))
    left = policy * 0.0
    parts = (
        ("levers alone", policy, COLOURS[0], ""),
        ("uncertainties alone", unknown, COLOURS[4], "//"),
        ("their interaction", both, "#bbbbbb", ".."),
    )
    for label, share, colour, hatch in parts:
        width = 100 * share.clip(min=0)
        axes.barh(
            range(len(keys)),
            width,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=label,
            height=0.7,
        )
        left = left + width
    axes.set_yticks(range(len(keys)), [wrapped(content.label(k), 60) for k in keys])
    axes.invert_yaxis()
    axes.set_xlabel("% of variance")
    axes.set_xlim(0, 100)
    figure.legend(loc="outside upper right", ncols=3)
    told = "; ".join(
        f"{content.label(key)}: levers {minus(f'{100 * a:.0f}')} %, uncertainties "
        f"{minus(f'{100 * b:.0f}')} %, interaction {minus(f'{100 * c:.0f}')} %"
        for key, a, b, c in zip(keys, policy, unknown, both, strict=True)
    )
    return picture(
        figure,
        "classes",
        f"Share of variance by class. {told}.",
        "Policy or ignorance: share of each outcome's variance that levers explain "
        "alone, that uncertainties explain alone, and that only both together explain: "
        "of the variance that the factors of this study cause. Factors left out would "
        "change the shares. The intervals stand in the table.",
    )
