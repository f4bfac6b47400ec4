"""What decides each outcome, and what a study that says so left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.report.study_charts import MAIN, SCOPES
from sdmodel.report.words import number

if TYPE_CHECKING:
    from sdmodel.report.content import Content, Study

DECISIVE = 0.05
"""A factor is named as decisive if its total index is surely above this share."""

NAMED = 5

LEFT_OUT = 3
"""Factors left out of a study that are named for an outcome."""

LEFT_OUT_SHARE = 0.1
"""And the share of the largest mu* that makes one worth naming."""


def screening(content: Content, study: Study) -> Study | None:
    """Return the Morris screening in the same folder, for another method's study."""
    found = (s for s in content.studies if s.method == "morris")
    return None if study.method == "morris" else next(found, None)


def _left_out(content: Content, study: Study, scenario: str, key: str) -> list[str]:
    """Return the strongest factors of the screening that the study did not move."""
    other = screening(content, study)
    if other is None:
        return []
    moved = set(study.indices["factor"])
    rows = other.indices
    rows = rows[
        (rows["measure"] == MAIN["morris"])
        & (rows["n"] == other.n)
        & (rows["scenario"] == scenario)
        & (rows["outcome"] == key)
        & ~rows["factor"].isin(content.timing)
    ]
    if not len(rows):
        return []
    # Levers are weighed against levers, uncertainties against uncertainties.
    largest = rows.groupby("scope")["value"].transform("max")
    rows = rows.assign(share=rows["value"] / largest)
    left = rows[~rows["factor"].isin(moved) & (rows["share"] >= LEFT_OUT_SHARE)]
    unit = content.unit(key)
    return [
        f"{row['label']} {span(row['value'], row['low'], row['high'], unit)}, "
        f"{100 * row['share']:.0f} % of the largest of the {row['scope']}"
        for row in left.nlargest(LEFT_OUT, "share").to_dict("records")
    ]


def span(value: float, low: float, high: float, unit: str) -> str:
    """Return a value with its interval in square brackets."""
    return f"{number(value, unit)} [{number(low, unit)}; {number(high, unit)}]"


def decisive(content: Content, study: Study, scenario: str) -> list[dict[str, Any]]:
    """Return for each outcome the factors that surely matter, by scope, with grade."""
    grades = {str(p["name"]): str(p["grade"]) for p in content.parameters}
    part = study.indices[
        (study.indices["measure"] == MAIN[study.method])
        & (study.indices["n"] == study.n)
        & (study.indices["scenario"] == scenario)
        & (study.indices["low"] > DECISIVE)
    ].sort_values("value", ascending=False)
    outcomes = dict.fromkeys(str(key) for key in study.verdicts["outcome"])
    found = []
    for key in outcomes:
        cells = []
        for scope in SCOPES:
            rows = part[(part["outcome"] == key) & (part["scope"] == scope)]
            when = rows["factor"].isin(content.timing)
            cells.append(
                [
                    {
                        "text": f"{before}{row['label']} {100 * row['value']:.0f} % "
                        f"({100 * row['low']:.0f} to {100 * row['high']:.0f})",
                        "assumed": grades.get(str(row["factor"])) == "assumption",
                    }
                    for before, named in (
                        ("", rows[~when].head(NAMED)),
                        ("apart, when: ", rows[when]),
                    )
                    for row in named.to_dict("records")
                ]
            )
        states = study.verdicts[
            (study.verdicts["outcome"] == key)
            & (study.verdicts["scenario"] == scenario)
            & study.verdicts["scope"].isin(list(SCOPES))
        ]
        settled = all(str(value) == "True" for value in states["converged"])
        found.append(
            {
                "label": content.label(key),
                "cells": cells,
                "left_out": _left_out(content, study, scenario, key),
                "provisional": not settled,
            }
        )
    return found
