"""Who gains and who loses: verdicts on stakeholders, and the sentences that tell them.

A stakeholder is judged by its headline outcomes (``[verdict]`` of ``report.toml``; all
that can be better or worse where the file names none); the others are told as further
changes and decide nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.experiments.notice import is_share
from sdmodel.report.words import (
    EDGE,
    NEAR_ZERO,
    SIGNS,
    STAKEHOLDERS,
    exists,
    inside,
    listed,
    number,
    parties,
    signed,
    unit_words,
)
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.report.words import Change, Direction

LARGEST_RATIO = 1.0
"""Beyond this multiple of the baseline a percentage says less than the two values."""

HEADLINES_TOLD = 5
"""Headline outcomes of one stakeholder that are told in each direction."""

MARKS: dict[str, str] = {
    "gains": "✓ better",
    "loses": "✗ worse",
    "mixed": "± mixed",
    "unclear": "? unclear",
    "same": "= same",
}

_VERBS: dict[str, tuple[str, str]] = {
    "gains": ("gains", "gain"),
    "loses": ("loses", "lose"),
    "mixed": ("sees a mixed result", "see a mixed result"),
    "unclear": (
        "may gain or lose, depending on the assumptions",
        "may gain or lose, depending on the assumptions",
    ),
    "same": ("sees no noticeable change", "see no noticeable change"),
}


def _brief(value: float, *, sign: bool = False) -> str:
    """Return a number with the two digits that a sentence needs."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6:
        return signed(value) if sign else number(value)
    if size >= 10:
        text = minus(f"{value:,.0f}")
    else:
        decimals = min(3, 1 - math.floor(math.log10(size) + 1e-9))
        text = minus(f"{value:.{decimals}f}")
        if not text.strip("−0."):
            return NEAR_ZERO
    return text if not sign or text.startswith("−") else "+" + text


def _told(change: Change) -> tuple[str, str]:
    """Return by how much an outcome changes, and its 5 to 95 % range, in words."""
    more = change.change > 0
    size = abs(change.change)
    sizes = [abs(v) for v in (change.change, change.low, change.high) if exists(v)]
    ratio = max(sizes) / abs(change.baseline) if change.baseline else math.inf
    scale, ending = 1.0, ""
    word = "higher" if more else "lower"
    if change.calendar:
        text = f"{'later' if more else 'earlier'} by {_brief(size)} years"
    elif is_share(change.unit):
        scale, ending = 100.0, " points"
        text = f"{word} by {_brief(100 * size)} points"
    elif ratio <= LARGEST_RATIO:
        scale, ending = 100 / abs(change.baseline), " %"
        text = f"{word} by {_brief(size * scale)} %"
    else:
        before = number(change.baseline, change.unit)
        text = f"{word}, from {before} to {number(change.value, change.unit)}"
        # Beside percentages of its neighbours a bare number would be read as one.
        ending = f" {unit_words(change.unit)}".rstrip()
    if not (exists(change.low) and exists(change.high)):
        return text, ""
    low, high = (_brief(v * scale, sign=True) for v in (change.low, change.high))
    return text, f"{low} to {high}{ending}"


def _open(change: Change) -> bool:
    """Whether the range holds zero, so that the central change's sign says nothing."""
    return change.direction == "unclear" and change.low <= 0 <= change.high


def brief_change(change: Change) -> tuple[str, str, str]:
    """Return what changed, by how much, and the 5 to 95 % range, for a small cell.

    Where the range holds zero there is no size: the range says it all.
    """
    size, span = _told(change)
    return change.label, "" if _open(change) else size, span


def clause(change: Change) -> str:
    """Return what happens to one outcome, with its range, as part of a sentence.

    Words without a verb, because labels are singular and plural.
    """
    label, size, span = brief_change(change)
    text = f"{inside(label)} {size}".strip()
    return f"{text} ({span})" if span else text


def verdict(changes: Sequence[Change]) -> str:
    """Return in one word what happens to a stakeholder: gains, loses, mixed, none.

    Gains (loses) if more than half of the outcomes are surely better (worse) and none
    is surely the other way. Sure changes both ways are mixed, and so are sure changes
    of a minority while the rest surely stays; otherwise it is unclear.
    """
    found = [c.direction for c in changes if c.direction != "none"]
    better, worse = found.count("better"), found.count("worse")
    if better and worse:
        return "mixed"
    if 2 * better > len(found):
        return "gains"
    if 2 * worse > len(found):
        return "loses"
    if "unclear" in found:
        return "unclear"
    return "mixed" if better or worse else "same"


def strongest(changes: Sequence[Change], direction: Direction) -> list[Change]:
    """Return the changes of one direction, the relatively largest first."""
    found = [change for change in changes if change.direction == direction]
    return sorted(found, key=lambda change: -change.weight)


def concerning(
    changes: Sequence[Change], stakeholder: str, *, headline: bool = True
) -> list[Change]:
    """Return a stakeholder's outcomes that can be better or worse.

    Those that it is judged by, or else the others.
    """
    return [
        c
        for c in changes
        if c.stakeholder == stakeholder
        and c.good != "neutral"
        and c.headline is headline
    ]


def by_sign(changes: Sequence[Change]) -> list[tuple[str, str, list[Change]]]:
    """Return changes by what is sure of them: sign, words, and the largest first."""
    unclear = strongest(changes, "unclear")
    groups = [
        (SIGNS["better"], "better", strongest(changes, "better")),
        (SIGNS["worse"], "worse", strongest(changes, "worse")),
        (EDGE, "at the edge", [c for c in unclear if c.at_edge]),
        (SIGNS["unclear"], "direction unclear", [c for c in unclear if not c.at_edge]),
        (SIGNS["same"], "no noticeable change", strongest(changes, "same")),
    ]
    return [group for group in groups if group[2]]


def who_gains(changes: Sequence[Change], *, details: int = 2) -> tuple[str, list[str]]:
    """Say who gains and who loses under one scenario, computed from its changes.

    Parameters
    ----------
    changes
        All outcomes of the scenario against the baseline.
    details
        How many further outcomes, the largest changes first, are named per stakeholder
        and direction.

    Returns
    -------
    tuple
        One sentence over all stakeholders, and one paragraph of detail for each.
    """
    groups: dict[str, list[tuple[str, Sequence[Change]]]] = {}
    lines: list[str] = []
    for stakeholder, name in parties(c.stakeholder for c in changes).items():
        own = concerning(changes, stakeholder)
        others = concerning(changes, stakeholder, headline=False)
        if not (own or others):
            continue
        if own:
            groups.setdefault(verdict(own), []).append((name, own))
        if line := _detail(name, own, others, details):
            lines.append(line)
    parts = []
    for kind, (one, several) in _VERBS.items():
        if kind in groups:
            names = [name for name, _ in groups[kind]]
            if kind in ("mixed", "unclear"):
                names = [f"{name}{_sure(own)}" for name, own in groups[kind]]
            many = len(names) > 1 or groups[kind][0][0] in _PLURAL
            parts.append(f"{listed(names)} {several if many else one}")
    if not parts:
        return "There is nothing to compare.", lines
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:] + ".", lines


_PLURAL = frozenset({STAKEHOLDERS["patients"], STAKEHOLDERS["hospitals"]})


def _sure(changes: Sequence[Change]) -> str:
    """Return in brackets what is surely better or worse where the whole is neither."""
    told = [
        f"{words}: {'; '.join(inside(change.label) for change in found)}"
        for _, words, found in by_sign(changes)
        if words in ("better", "worse")
    ]
    return f" ({'; '.join(told)})" if told else ""


def _detail(
    name: str, own: Sequence[Change], others: Sequence[Change], details: int
) -> str:
    """Return what happens to a stakeholder: headline outcomes, then the others."""
    first = _parts(own, HEADLINES_TOLD)
    further = _parts([c for c in others if c.direction != "same"], details)
    sentences = []
    if first and (further or verdict(own) != "same"):
        sentences.append("; ".join(first) + ".")
    if further:
        sentences.append(f"Further changes: {'; '.join(further)}.")
    return f"{name[:1].upper()}{name[1:]}: {' '.join(sentences)}" if sentences else ""


def _parts(changes: Sequence[Change], count: int) -> list[str]:
    parts = []
    for _, words, found in by_sign(changes):
        more = len(found) - count
        named = ", ".join(
            inside(change.label) if change.direction == "same" else clause(change)
            for change in found[:count]
        )
        parts.append(f"{words}: {named}" + (f", and {more} more" if more > 0 else ""))
    return parts
