"""Numbers as a reader wants them, and the sentences that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sdmodel.experiments.notice import Measure, Notice, Spread, is_share
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sdmodel.experiments.notice import Direction as Found

Direction = Literal["better", "worse", "unclear", "same", "changed", "none"]

EDGE = "? at the edge"
"""Sign of a change whose bound nearest zero might lie beyond it in other draws."""

SMALLEST = 1e-5
"""What is nearer to zero than this is "about 0"."""

NEAR_ZERO = "about 0"

SIGNS: dict[str, str] = {
    "better": "✓ better",
    "worse": "✗ worse",
    "unclear": "? unclear",
    "same": "= same",
    "changed": "≠ changed",
    "none": "",
}

STAKEHOLDERS: dict[str, str] = {
    "patients": "patients",
    "primary": "primary care",
    "fund": "the insurance fund",
    "hospitals": "hospitals with their physicians",
}


def parties(given: Iterable[str]) -> dict[str, str]:
    """Return the stakeholders with their names; those of a model's own come last."""
    return STAKEHOLDERS | {who: who for who in given if who and who not in STAKEHOLDERS}


def exists(value: float | None) -> bool:
    """Say whether there is a finite number."""
    return value is not None and math.isfinite(value)


def number(value: float | None, unit: str = "", *, calendar: bool = False) -> str:
    """Return a number with the digits that carry meaning, without its unit.

    Shares become percentages, calendar years keep four digits, millions and billions
    are named; what does not exist is "none".
    """
    if value is None or not math.isfinite(value):
        return "none"
    if calendar:
        return f"{value:.1f}"
    if is_share(unit):
        return f"{minus(f'{100 * value:.{_decimals(100 * value)}f}')} %"
    return _plain(value)


def in_year(value: float) -> str:
    """Return the calendar year in which a time lies.

    2026.77 is in the autumn of 2026: who reads "in 2026" means the year, so that it is
    cut and not rounded, here as in the lab.
    """
    return str(math.floor(value))


def _plain(value: float) -> str:
    size = abs(value)
    for limit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= limit:
            scaled = value / limit
            return f"{minus(f'{scaled:.{_decimals(scaled)}f}')} {word}"
    if size >= 1000:
        return minus(f"{value:,.0f}")
    if size and size < SMALLEST:
        return NEAR_ZERO
    if size and size < 1e-3:
        return minus(f"{value:.{1 - math.floor(math.log10(size) + 1e-9)}f}")
    return minus(f"{value:.{_decimals(value)}f}")


def _decimals(value: float) -> int:
    """Return how many decimals show three significant digits, at most three."""
    if value == 0 or not math.isfinite(value):
        return 0
    return min(3, max(0, 2 - math.floor(math.log10(abs(value)) + 1e-9)))


def signed(value: float | None, unit: str = "") -> str:
    """Return a change with its sign; shares in percentage points."""
    if value is None or not math.isfinite(value):
        return "none"
    if is_share(unit):
        return f"{signed(_no_dust(100 * value))} points"
    text = _plain(value)
    return text if value == 0 or text.startswith(("−", NEAR_ZERO)) else "+" + text


def _no_dust(points: float) -> float:
    """Return percentage points without what no reader would read."""
    return 0.0 if abs(points) < SMALLEST / 100 else points


def unit_words(unit: str, base_year: str = "") -> str:
    """Return a unit as people write it; money with the year of its prices."""
    text = unit.strip()
    if text.casefold() in {"1", "dmnl", "dimensionless", ""}:
        return ""
    if is_share(text):
        return "%"
    above, slash, below = text.partition("/")
    below = below.replace("(", "").replace(")", "").replace("*", " and ")
    text = above.replace("*", "-") + slash + below
    text = text.replace("/", " per ").replace("Person", "person")
    for word in ("Year", "Visit", "Month", "Day", "Admission", "Bed"):
        text = text.replace(word, word.casefold())
    if "CNY" in text and base_year:
        text = text.replace("CNY", f"CNY of {base_year}")
    return text


@dataclass(frozen=True)
class Change:
    """One outcome of one scenario, against the baseline.

    ``low`` and ``high`` bound the difference in nine of ten draws of the uncertainties
    (nan where no sample was taken), ``lowest`` and ``highest`` are how far these
    bounds may lie out by the sampling error of the draws. ``notice`` is the outcome's
    own rule for what counts; ``headline`` says whether the stakeholder is judged by it.
    """

    outcome: str
    label: str
    unit: str
    good: str
    stakeholder: str
    value: float
    baseline: float
    low: float
    high: float
    calendar: bool = False
    notice: Notice | None = None
    lowest: float = math.nan
    highest: float = math.nan
    headline: bool = True

    @property
    def change(self) -> float:
        """Difference from the baseline, at the central values."""
        return self.value - self.baseline

    @property
    def at_edge(self) -> bool:
        """Whether another sample of draws might have put the range across zero."""
        return self._found == "edge"

    @property
    def direction(self) -> Direction:
        """Better or worse, in the direction that the outcomes table calls good."""
        if not (exists(self.value) and exists(self.baseline)):
            return "none"
        found = self._found
        return "unclear" if found == "edge" else found

    @property
    def _found(self) -> Found:
        measure = Measure(self.good, is_share(self.unit), self.calendar, self.notice)
        return measure.direction(
            Spread(
                self.change,
                self.baseline,
                self.low,
                self.high,
                self.lowest,
                self.highest,
            )
        )

    @property
    def weight(self) -> float:
        """Size of the change relative to the baseline, to name the largest first."""
        return abs(self.change) / (abs(self.baseline) or 1.0)


def inside(label: str) -> str:
    """Return a label as it begins inside a sentence: "DIP point value" stays large."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def listed(names: Sequence[str]) -> str:
    """Return names with commas and a last "and"."""
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + " and " + names[-1]
