"""When a change is worth a word: the one place where that is decided.

Reports and papers ask `Measure`; the lab's page follows the same rules
(lab/static/verdict.js) with the numbers that `as_document` hands to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sdmodel.experiments.bands import REACH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sdmodel.study.outcomes import Outcome

Kind = Literal["any", "absolute", "relative"]

Direction = Literal["better", "worse", "edge", "unclear", "same", "changed"]

SHARE_UNITS = frozenset({"share", "fraction", "%"})

RELATIVE = 0.01
"""A change below one hundredth of the baseline's value is not worth a word."""

POINTS = 0.005
"""For shares of a whole: half a percentage point."""

SMALL_SHARE = 0.05
SMALL_SHARE_RELATIVE = 0.1
"""But for a share below a twentieth: a tenth of its value."""

YEARS = 0.5
"""For a calendar year, such as that in which a fund runs out: half a year."""


@dataclass(frozen=True)
class Notice:
    """The least change of an outcome that counts.

    "any" counts whatever change keeps its sign in the 5 to 95 % range; "absolute" has
    its ``size`` in the outcome's unit, "relative" as a share of the baseline's value.
    """

    kind: Kind
    size: float = 0.0

    def counts(self, change: float, baseline: float) -> bool:
        """Say whether a change from the baseline is large enough."""
        if self.kind == "relative" and baseline:
            return abs(change) >= self.size * abs(baseline)
        if self.kind == "absolute":
            return abs(change) >= self.size
        return change != 0


def usual(*, share: bool, calendar: bool, baseline: float) -> Notice:
    """Return the rule of an outcome that ``report.toml`` gives none."""
    if calendar:
        return Notice("absolute", YEARS)
    if share and 0 < baseline < SMALL_SHARE:
        return Notice("relative", SMALL_SHARE_RELATIVE)
    return Notice("absolute", POINTS) if share else Notice("relative", RELATIVE)


@dataclass(frozen=True)
class Spread:
    """A change from the baseline: at the central values, and over the draws.

    ``low`` and ``high`` bound it in nine of ten draws (nan without a sample),
    ``lowest`` and ``highest`` are how far these bounds may lie out by the sampling
    error of the draws.
    """

    change: float
    baseline: float
    low: float
    high: float
    lowest: float = math.nan
    highest: float = math.nan

    @property
    def one_sided(self) -> bool:
        """Whether the range holds changes of the central change's sign only."""
        return (self.low > 0 and self.change > 0) or (self.high < 0 and self.change < 0)

    @property
    def at_edge(self) -> bool:
        """Whether another sample of draws might have put the range across zero."""
        return self.lowest <= 0 if self.change > 0 else self.highest >= 0


@dataclass(frozen=True)
class Measure:
    """What decides of an outcome's changes: which way is good, and what counts.

    ``own`` is the outcome's own rule; without one the usual rules hold.
    """

    good: str
    share: bool = False
    calendar: bool = False
    own: Notice | None = None

    def notices(self, spread: Spread) -> bool:
        """Say whether a change is large enough to be worth a word."""
        base = spread.baseline
        rule = self.own or usual(
            share=self.share, calendar=self.calendar, baseline=base
        )
        sampled = math.isfinite(spread.low) and math.isfinite(spread.high)
        if rule.kind == "any" and sampled and not spread.one_sided:
            # Both ways are possible; that is worth a word if either is of a size.
            largest = max(abs(v) for v in (spread.change, spread.low, spread.high))
            rule = usual(share=False, calendar=False, baseline=base)
            return spread.change != 0 and rule.counts(largest, base)
        return rule.counts(spread.change, base)

    def direction(self, spread: Spread) -> Direction:
        """Return what a change is; without a sample the central change decides."""
        if not self.notices(spread):
            return "same"
        if math.isfinite(spread.low) and math.isfinite(spread.high):
            if not spread.one_sided:
                return "unclear"
            if spread.at_edge:
                return "edge"
        if self.good == "neutral":
            return "changed"
        return "better" if (spread.change > 0) == (self.good == "up") else "worse"


def is_share(unit: str) -> bool:
    """Say whether numbers of this unit are read as percentages of a whole."""
    return unit.strip().casefold() in SHARE_UNITS


def measures(
    outcomes: Iterable[Outcome], about: Mapping[str, Any]
) -> dict[str, Measure]:
    """Return the measure of each outcome, by id, in the units of the model.

    ``about`` is what ``report.toml`` says: its ``percent`` and ``notice`` count.
    """
    own, percent = about.get("notice", {}), about.get("percent", ())
    return {
        o.id: Measure(
            o.good,
            share=o.id in percent or is_share(o.unit),
            calendar=o.summary == "crossing",
            own=read_notice(own[o.id]) if o.id in own else None,
        )
        for o in outcomes
    }


def as_document() -> dict[str, float]:
    """Return the thresholds for a page that follows these rules itself."""
    return {
        "relative": RELATIVE,
        "points": POINTS,
        "small_share": SMALL_SHARE,
        "small_share_relative": SMALL_SHARE_RELATIVE,
        "years": YEARS,
        "reach": REACH,
    }


def read_notice(value: Any, factor: float = 1.0) -> Notice:
    """Return a rule as ``report.toml`` writes it: a number, "any", or a table.

    Parameters
    ----------
    value
        A number in the outcome's unit, "any", or ``{relative = 0.1}``.
    factor
        What turns the outcome's unit into the one that is shown.
    """
    if value == "any":
        return Notice("any")
    if isinstance(value, dict):
        return Notice("relative", float(value["relative"]))
    return Notice("absolute", factor * float(value))


def rule_text(special: Mapping[str, tuple[Notice, str, bool]]) -> str:
    """Return the rules in words.

    Parameters
    ----------
    special
        For the label of each outcome with a rule of its own: the rule, its unit in
        words, and whether it is a share of a whole.
    """
    text = (
        f"A change counts if it is at least {100 * RELATIVE:g} % of the baseline’s "
        f"value; for shares {100 * POINTS:g} percentage points, or, where the baseline "
        f"is below {100 * SMALL_SHARE:g} %, a tenth of its value; for calendar years "
        f"{YEARS:g} years."
    )
    by_rule: dict[str, list[str]] = {}
    for label, (notice, unit, share) in special.items():
        if notice.kind == "any":
            rule = "any change whose 5 to 95 % range excludes zero"
        elif notice.kind == "relative":
            rule = f"{100 * notice.size:.3g} % of the baseline’s value"
        elif share:
            rule = f"{100 * notice.size:.3g} percentage points"
        else:
            rule = f"{notice.size:.3g} {unit}".strip()
        by_rule.setdefault(rule, []).append(label)
    if by_rule:
        parts = [f"{rule} ({'; '.join(names)})" for rule, names in by_rule.items()]
        text += f" Rules of their own: {'; '.join(parts)}."
    return text
