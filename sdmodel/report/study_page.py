"""One sensitivity study as a part of the page: what was done, shown and withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.experiments.verdicts import (
    MORRIS_HALF_WIDTH,
    SOBOL_HALF_WIDTH,
    rows_needed,
)
from sdmodel.report.decisive import decisive, screening
from sdmodel.report.study_charts import MAIN, SCOPES, timing_note
from sdmodel.report.words import number, unit_words
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sdmodel.report.content import Content, Study
    from sdmodel.report.figures import Picture

ROWS_SHOWN = 40
APART = " (when, not ranked)"

_TITLES = {
    "morris": "Morris: which factors matter at all",
    "sobol": "Sobol’: how much of the variance each factor explains",
}
_READING = {
    "morris": "mu* is the mean size of the change in the outcome when a factor moves "
    "by two thirds of its range, scaled to the whole range; sigma tells how much that "
    "change depends on the other factors. For a mix, whose shares move against each "
    "other, sigma has no meaning and is left out. Intervals are 95 %, by bootstrap "
    "over trajectories.",
    "sobol": "Shares are of the variance that the factors of this study cause; all "
    "others stay at their central values. S1 is the share of an outcome’s variance "
    "that a factor explains alone, ST the share that it explains alone or together "
    "with others. An estimate a little "
    "below zero means zero: estimates scatter around the true value. Intervals are "
    "95 %, by bootstrap. Factors are put into tiers; two factors are in different "
    "tiers only if no interval reaches across, and within a tier no order is claimed.",
}


def study_page(
    content: Content, study: Study, pictures: Sequence[Picture]
) -> dict[str, Any]:
    """Return what the template needs to show a study, with its pictures."""
    scenarios = study.scenarios
    first = scenarios[0] if scenarios else ""
    tables = [
        table
        for scenario in scenarios
        for scope in (*SCOPES, "classes")
        if (table := _table(content, study, scenario, scope, len(scenarios) > 1))
    ]
    return {
        "title": _TITLES.get(study.method, study.method),
        "how": _how(content, study, scenarios),
        "reading": _READING.get(study.method, ""),
        "notes": _notes(content, study),
        "pictures": list(pictures),
        "decisive": decisive(content, study, first) if study.method == "sobol" else [],
        "screened": screening(content, study) is not None,
        "convergence": _convergence(content, study, first),
        "tables": tables,
        "failures": [_failure(content, item) for item in study.failures],
    }


def _how(content: Content, study: Study, scenarios: Sequence[str]) -> str:
    around = " and ".join(content.title_of(s) for s in scenarios)
    counts = []
    for scope, label in SCOPES.items():
        rows = study.indices[study.indices["scope"] == scope]
        if size := len(set(rows["factor"])):
            counts.append(f"{size} {label.lower()}")
    unit = (
        "trajectories" if study.method == "morris" else "base rows of a Sobol’ sequence"
    )
    judged = ""
    if study.judge is not None:
        judged = (
            " SALib’s own analysis of one outcome of each design differs from these "
            f"numbers {_apart(study.judge)}."
        )
    return (
        f"Around {around}: {' and '.join(counts)}, {study.n} {unit}, "
        f"{study.runs:,} runs, seed {study.seed}.{judged}"
    )


ROUNDING = 1e-9
"""Differences between two implementations that only the order of sums makes."""


def _apart(judge: float) -> str:
    return "by rounding only" if judge < ROUNDING else f"by at most {judge:.2g}"


def _notes(content: Content, study: Study) -> list[str]:
    notes = []
    rows = [dict(row) for row in study.verdicts.to_dict("records")]
    for state, words in (
        ("withheld", "withheld, no index is computed"),
        ("no effect", "no factor has an effect"),
    ):
        found: dict[str, list[str]] = {}
        for row in rows:
            if row["state"] == state:
                where = f"{_where(content, row)}: {row['reason']}"
                found.setdefault(content.label(str(row["outcome"])), []).append(where)
        notes += [
            f"{label}: {words} ({'; '.join(parts)})." for label, parts in found.items()
        ]
    good = [row for row in rows if row["state"] == "ok"]
    settled = sum(str(row["converged"]) == "True" for row in good)
    measure = MAIN[study.method].replace("_star", "*")
    bound = "10 % of the largest mu*" if study.method == "morris" else "0.05"
    rule = (
        f"Converged means that no 95 % interval of {measure} reaches further than "
        f"{bound} to either side and that none moved out of its interval when the "
        "sample doubled"
    )
    if settled < len(good):
        notes.append(
            f"{rule}. {settled} of {len(good)} sets of indices have; the others are "
            "provisional: the table of convergence names them, and the sample that "
            "would settle them (sdmodel sensitivity with a larger --n)."
        )
    elif good:
        notes.append(f"{rule}. All {len(good)} sets of indices have.")
    if apart := timing_note(content, study, "Not ranked: ", ""):
        notes.append(f"{apart}. Its indices stand last in the tables.")
    return notes


def _convergence(content: Content, study: Study, scenario: str) -> list[dict[str, str]]:
    """Return for each outcome and design whether its indices are settled."""
    main = MAIN[study.method]
    part = study.indices[
        (study.indices["measure"] == main)
        & (study.indices["n"] == study.n)
        & (study.indices["scenario"] == scenario)
    ]
    found = []
    for row in study.verdicts.to_dict("records"):
        if str(row["scenario"]) != scenario or row["state"] != "ok":
            continue
        own = part[
            (part["outcome"] == row["outcome"]) & (part["scope"] == row["scope"])
        ]
        widest = float((own["high"] - own["value"]).max())
        bound = SOBOL_HALF_WIDTH
        if study.method == "morris":
            widest /= float(own["value"].max()) or 1.0
            bound = MORRIS_HALF_WIDTH
        settled = str(row["converged"]) == "True"
        needed = rows_needed(study.n, widest, bound)
        state = "converged" if settled else "provisional: intervals too wide"
        if not settled and needed <= study.n:
            state = "provisional: still moving"
            needed = 2 * study.n
        found.append(
            {
                "label": content.label(str(row["outcome"])),
                "scope": str(row["scope"]),
                "state": state,
                "widest": f"±{100 * widest:.1f} %",
                "needed": "" if settled else f"about {needed:,}",
            }
        )
    return found


def _where(content: Content, row: dict[Any, Any]) -> str:
    scenario = str(row["scenario"])
    if scenario == content.baseline:
        return str(row["scope"])
    return f"{row['scope']} around {content.title_of(scenario)}"


def _table(
    content: Content, study: Study, scenario: str, scope: str, several: bool
) -> dict[str, Any] | None:
    main = MAIN[study.method]
    part = study.indices[
        (study.indices["n"] == study.n)
        & (study.indices["scope"] == scope)
        & (study.indices["scenario"] == scenario)
    ]
    if not len(part):
        return None
    keys = [str(key) for key in dict.fromkeys(part["outcome"])]
    cells = _cells(content, part, study.method)
    factors = dict(zip(part["factor"], part["label"], strict=True))
    strength = part[part["measure"] == main].groupby("factor")["value"].max()
    if study.method == "morris":
        # Units differ between outcomes: each counts relative to its largest mu*.
        largest = part[part["measure"] == main].groupby("outcome")["value"]
        part = part.assign(share=part["value"] / largest.transform("max"))
        strength = part[part["measure"] == main].groupby("factor")["share"].mean()
    # When a reform acts is no choice of how to pay: it stands after the ranking.
    order = sorted(
        factors, key=lambda factor: (factor in content.timing, -float(strength[factor]))
    )
    left = len(order) - ROWS_SHOWN
    order = order[:ROWS_SHOWN]
    name = {"morris": "mu* (sigma)", "sobol": "ST (S1)"}[study.method]
    where = f", around {content.title_of(scenario)}" if several else ""
    titles = {**SCOPES, "classes": "Classes of factors"}
    return {
        "title": f"{titles[scope]}: {name} with 95 % intervals and tier{where}"
        + (
            f"; the strongest {ROWS_SHOWN}, {left} more in the folder"
            if left > 0
            else ""
        ),
        "heads": [
            "Factor",
            *(
                f"{content.label(key)}{_unit(content, key, study.method)}"
                for key in keys
            ),
        ],
        "rows": [
            [
                str(factors[factor]) + (APART if factor in content.timing else ""),
                *(cells.get((factor, key), "") for key in keys),
            ]
            for factor in order
        ],
    }


def _unit(content: Content, key: str, method: str) -> str:
    if method == "sobol":
        return ""
    words = unit_words(content.unit(key), str(content.model.get("base_year", "")))
    return f" ({words})" if words else ""


def _cells(
    content: Content, part: pd.DataFrame, method: str
) -> dict[tuple[str, str], str]:
    main, other = MAIN[method], {"morris": "sigma", "sobol": "S1"}[method]
    by_key: dict[tuple[str, str], dict[str, Any]] = {}
    for row in part.to_dict("records"):
        place = (str(row["factor"]), str(row["outcome"]))
        by_key.setdefault(place, {})[str(row["measure"])] = row
    found = {}
    for (factor, key), rows in by_key.items():
        row, second = rows[main], rows[other]
        unit = content.unit(key) if method == "morris" else ""

        def text(value: float, unit: str = unit) -> str:
            return number(value, unit) if method == "morris" else minus(f"{value:.2f}")

        if float(row["value"]) == 0.0:
            # A screening cannot show that there is none, only that it saw none.
            found[factor, key] = (
                f"none seen in {int(row['n'])} trajectories"
                if method == "morris"
                else "no effect"
            )
            continue
        extra = (
            "" if second["value"] != second["value"] else f" ({text(second['value'])})"
        )
        found[factor, key] = (
            f"{text(row['value'])} [{text(row['low'])}; {text(row['high'])}]{extra}, "
            f"tier {int(row['tier'])}"
        )
    return found


def _failure(content: Content, item: dict[str, Any]) -> dict[str, Any]:
    inputs = item["inputs"]
    names = list(inputs[0]) if inputs else []
    return {
        "title": (
            f"{content.label(item['outcome'])}, {item['scope']}: inputs of the first "
            f"{len(inputs)} of {item['bad']} runs without a value (of {item['runs']})"
        ),
        "columns": len(inputs),
        "rows": [
            (name, [minus(f"{run[name]:.6g}") for run in inputs]) for name in names
        ],
    }
