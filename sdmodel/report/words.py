"""Numbers as a reader wants them, and the sentences that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sdmodel.report.notice import Notice, usual

if TYPE_CHECKING:
    from collections.abc import Sequence

Direction = Literal["better", "worse", "unclear", "same", "changed", "none"]

EDGE = "? at the edge"
"""Sign of a change whose bound nearest zero might lie beyond it in other draws."""

SMALLEST = 1e-5
"""What is nearer to zero than this is told as a bound."""

SIGNS: dict[str, str] = {
    "better": "▲ better",
    "worse": "▼ worse",
    "unclear": "? unclear",
    "same": "= same",
    "changed": "± changed",
    "none": "",
}

SHARE_UNITS = frozenset({"share", "fraction", "%"})

STAKEHOLDERS: dict[str, str] = {
    "patients": "patients",
    "primary": "primary care",
    "fund": "the insurance fund",
    "hospitals": "hospitals with their physicians",
}


def is_share(unit: str) -> bool:
    """Say whether numbers of this unit are read as percentages of a whole."""
    return unit.strip().casefold() in SHARE_UNITS


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
        return f"{100 * value:.{_decimals(100 * value)}f} %"
    return _plain(value)


def _plain(value: float) -> str:
    size = abs(value)
    for limit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= limit:
            scaled = value / limit
            return f"{_minus(f'{scaled:.{_decimals(scaled)}f}')} {word}"
    if size >= 1000:
        return _minus(f"{value:,.0f}")
    if size and size < SMALLEST:
        return "< 0.00001" if value > 0 else "> −0.00001"
    if size and size < 1e-3:
        return _minus(f"{value:.{1 - math.floor(math.log10(size) + 1e-9)}f}")
    return _minus(f"{value:.{_decimals(value)}f}")


def _decimals(value: float) -> int:
    """Return how many decimals show three significant digits, at most three."""
    if value == 0 or not math.isfinite(value):
        return 0
    return min(3, max(0, 2 - math.floor(math.log10(abs(value)) + 1e-9)))


def _minus(text: str) -> str:
    """Return the text with a true minus, and no minus before zero."""
    if text.startswith("-"):
        return "−" + text[1:] if any(c in "123456789" for c in text) else text[1:]
    return text


def signed(value: float | None, unit: str = "") -> str:
    """Return a change with its sign; shares in percentage points."""
    if value is None or not math.isfinite(value):
        return "none"
    if is_share(unit):
        return f"{signed(_no_dust(100 * value))} points"
    text = _plain(value)
    if value == 0 or text.startswith(("−", ">")):
        return text
    return text.replace("< ", "< +") if text.startswith("<") else "+" + text


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
    own rule for what counts.
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

    @property
    def change(self) -> float:
        """Difference from the baseline, at the central values."""
        return self.value - self.baseline

    @property
    def noticeable(self) -> bool:
        """Whether the change is large enough to be worth a word."""
        rule = self.notice
        if rule is None:
            rule = usual(
                share=is_share(self.unit),
                calendar=self.calendar,
                baseline=self.baseline,
            )
        if rule.kind == "any" and exists(self.low) and not self._one_sided:
            # Both ways are possible; that is worth a word if either is of a size.
            largest = max(abs(v) for v in (self.change, self.low, self.high))
            rule = usual(share=False, calendar=False, baseline=self.baseline)
            return self.change != 0 and rule.counts(largest, self.baseline)
        return rule.counts(self.change, self.baseline)

    @property
    def _one_sided(self) -> bool:
        """Whether the range holds changes of the central change's sign only."""
        return (self.low > 0 and self.change > 0) or (self.high < 0 and self.change < 0)

    @property
    def at_edge(self) -> bool:
        """Whether another sample of draws might have put the range across zero."""
        if not (self._one_sided and self.noticeable):
            return False
        return self.lowest <= 0 if self.change > 0 else self.highest >= 0

    @property
    def direction(self) -> Direction:
        """Better or worse, in the direction that the outcomes table calls good."""
        if not (exists(self.value) and exists(self.baseline)):
            return "none"
        sampled = exists(self.low) and exists(self.high)
        if not self.noticeable:
            return "same"
        if sampled and (self.at_edge or not self._one_sided):
            return "unclear"
        if self.good == "neutral":
            return "changed"
        return "better" if (self.change > 0) == (self.good == "up") else "worse"

    @property
    def weight(self) -> float:
        """Size of the change relative to the baseline, to name the largest first."""
        return abs(self.change) / (abs(self.baseline) or 1.0)


def _brief(value: float, *, sign: bool = False) -> str:
    """Return a number with the two digits that a sentence needs."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6:
        text = _plain(value)
    elif size >= 10:
        text = _minus(f"{value:,.0f}")
    else:
        decimals = min(3, 1 - math.floor(math.log10(size) + 1e-9))
        text = _minus(f"{value:.{decimals}f}")
        if not text.strip("−0."):
            smallest = f"{10.0**-decimals:g}"
            if value < 0:
                return f"> −{smallest}"
            return f"< +{smallest}" if sign else f"< {smallest}"
    return text if not sign or text.startswith("−") else "+" + text


def _inside(label: str) -> str:
    """Return a label as it begins inside a sentence: "DIP point value" stays large."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


LARGEST_RATIO = 1.0
"""Beyond this multiple of the baseline a percentage says less than the two values."""


def clause(change: Change) -> str:
    """Return what happens to one outcome, with its interval, as part of a sentence."""
    verb = "rises" if change.change > 0 else "falls"
    label = _inside(change.label)
    sizes = [abs(v) for v in (change.change, change.low, change.high) if exists(v)]
    ratio = max(sizes) / abs(change.baseline) if change.baseline else math.inf
    scale, ending = 1.0, ""
    if change.calendar:
        verb = "comes later" if change.change > 0 else "comes earlier"
        text = f"{label} {verb}, by {_brief(abs(change.change))} years"
    elif is_share(change.unit):
        scale, ending = 100.0, " points"
        text = f"{label} {verb} by {_brief(100 * abs(change.change))} points"
    elif ratio <= LARGEST_RATIO:
        scale, ending = 100 / abs(change.baseline), " %"
        text = f"{label} {verb} by {_brief(abs(change.change) * scale)} %"
    else:
        before = number(change.baseline, change.unit)
        text = f"{label} {verb} from {before} to {number(change.value, change.unit)}"
    if exists(change.low) and exists(change.high):
        low, high = (
            _brief(value * scale, sign=True) for value in (change.low, change.high)
        )
        text += f" ({low} to {high}{ending})"
    return text


def verdict(changes: Sequence[Change]) -> str:
    """Return in one word what happens to a stakeholder: gains, loses, mixed, none."""
    directions = {change.direction for change in changes}
    if {"better", "worse"} <= directions:
        return "mixed"
    if "better" in directions:
        return "gains"
    if "worse" in directions:
        return "loses"
    return "unclear" if "unclear" in directions else "same"


def strongest(changes: Sequence[Change], direction: Direction) -> list[Change]:
    """Return the changes of one direction, the relatively largest first."""
    found = [change for change in changes if change.direction == direction]
    return sorted(found, key=lambda change: -change.weight)


def concerning(changes: Sequence[Change], stakeholder: str) -> list[Change]:
    """Return a stakeholder's outcomes that can be better or worse."""
    return [c for c in changes if c.stakeholder == stakeholder and c.good != "neutral"]


MARKS: dict[str, str] = {
    "gains": "▲ better",
    "loses": "▼ worse",
    "mixed": "± mixed",
    "unclear": "? unclear",
    "same": "= same",
}


def brief_change(change: Change) -> tuple[str, str, str]:
    """Return what changed, by how much, and the 5 to 95 % range, for a small cell."""
    text = clause(change)
    size, _, span = text.removeprefix(_inside(change.label)).partition(" (")
    return change.label, size.strip(), span.removesuffix(")")


def who_gains(changes: Sequence[Change], *, details: int = 2) -> tuple[str, list[str]]:
    """Say who gains and who loses under one scenario, computed from its changes.

    Parameters
    ----------
    changes
        All outcomes of the scenario against the baseline.
    details
        How many outcomes, the largest changes first, are named per stakeholder and
        direction.

    Returns
    -------
    tuple
        One sentence over all stakeholders, and one sentence of detail for each.
    """
    groups: dict[str, list[str]] = {}
    lines: list[str] = []
    for stakeholder, name in STAKEHOLDERS.items():
        own = concerning(changes, stakeholder)
        if not own:
            continue
        outcome = verdict(own)
        groups.setdefault(outcome, []).append(name)
        if line := _detail(name, own, details):
            lines.append(line)
    parts = []
    for kind, (one, several) in _VERBS.items():
        if kind in groups:
            many = len(groups[kind]) > 1 or _plural(groups[kind])
            parts.append(f"{listed(groups[kind])} {several if many else one}")
    if not parts:
        return "There is nothing to compare.", lines
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:] + ".", lines


_VERBS: dict[str, tuple[str, str]] = {
    "gains": ("gains", "gain"),
    "loses": ("loses", "lose"),
    "mixed": (
        "gains in some ways and loses in others",
        "gain in some ways and lose in others",
    ),
    "unclear": (
        "may gain or lose, depending on the assumptions",
        "may gain or lose, depending on the assumptions",
    ),
    "same": ("sees no noticeable change", "see no noticeable change"),
}


def _plural(names: Sequence[str]) -> bool:
    return names[0] in {STAKEHOLDERS["patients"], STAKEHOLDERS["hospitals"]}


def listed(names: Sequence[str]) -> str:
    """Return names with commas and a last "and"."""
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + " and " + names[-1]


def _detail(name: str, changes: Sequence[Change], count: int) -> str:
    parts = []
    told: tuple[Direction, ...] = ("better", "worse")
    for direction in told:
        found = strongest(changes, direction)
        if found:
            named = ", ".join(clause(change) for change in found[:count])
            more = len(found) - count
            rest = f", and {more} more" if more > 0 else ""
            parts.append(f"{direction}: {named}{rest}")
    unclear = strongest(changes, "unclear")
    if unclear and not parts:
        named = ", ".join(clause(change) for change in unclear[:count])
        parts.append(f"direction unclear: {named}")
    elif unclear:
        names = ", ".join(_inside(change.label) for change in unclear[:count])
        more = len(unclear) - count
        rest = f" and {more} more" if more > 0 else ""
        parts.append(f"direction unclear: {names}{rest}")
    if not parts:
        return ""
    return f"{name[:1].upper()}{name[1:]}: " + "; ".join(parts) + "."
