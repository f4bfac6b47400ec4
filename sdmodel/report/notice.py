"""When a change is worth a word: the one place where that is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["any", "absolute", "relative"]

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
