"""Numbers of the lab's papers, in both languages and the units readers expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.experiments.facts import model_facts, read_about

if TYPE_CHECKING:
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.outcomes import Outcome

# Unit of the model: factor and words in each language. Chinese counts in 万 and 亿.
UNITS: dict[str, dict[str, tuple[float, str]]] = {
    "CNY": {"en": (1e-9, "billion CNY"), "zh": (1e-8, "亿元")},
    "CNY/case": {"en": (1, "CNY per admission"), "zh": (1, "元/例")},
    "CNY/point": {"en": (1, "CNY per point"), "zh": (1, "元/分")},
    "CNY/(person*year)": {
        "en": (1, "CNY per person and year"),
        "zh": (1, "元/（人·年）"),
    },
    "CNY/(physician*year)": {
        "en": (1, "CNY per physician and year"),
        "zh": (1e-4, "万元/（医师·年）"),
    },
    "month": {"en": (1, "months"), "zh": (1, "个月")},
    "person": {"en": (1, "people"), "zh": (1, "人")},
    "person*year": {"en": (1, "years of life"), "zh": (1, "人年")},
    "physician": {"en": (1, "physicians"), "zh": (1, "名")},
    "day": {"en": (1, "days"), "zh": (1, "天")},
    "year": {"en": (1, "years"), "zh": (1, "年")},
}
WORDS = {
    "en": {
        "better": "better", "worse": "worse", "unclear": "direction unsure",
        "changed": "changed", "same": "no change", "points": "points", "to": "to",
    },
    "zh": {
        "better": "改善", "worse": "恶化", "unclear": "方向不定", "changed": "有变化",
        "same": "无变化", "points": "个百分点", "to": "至",
    },
}  # fmt: skip
DAYS_A_YEAR = 365


class Figures:
    """Writes numbers of one model's outcomes."""

    def __init__(self, book: Workbook) -> None:
        about = read_about(book.folder, model_facts(book.model)) if book.folder else {}
        self.percents = frozenset(about.get("percent", ()))
        self.days = frozenset(about.get("days", ()))

    def percent(self, share: float, language: str) -> str:
        """Return a share as a percentage."""
        space = " " if language == "en" else ""
        return f"{100 * share:.0f}{space}%"

    def value(
        self, outcome: Outcome, value: float, low: float, high: float, language: str
    ) -> str:
        """Return "value unit (low to high)"."""
        factor, unit, _ = self._scale(outcome, language)
        size = max(abs(value), abs(high)) * factor
        number = [_number(v * factor, size) for v in (value, low, high)]
        return _joined(number, unit, language)

    def change(
        self, outcome: Outcome, value: float, low: float, high: float, language: str
    ) -> str:
        """Return "+change unit (low to high), better" or that the sign is not sure."""
        factor, _, unit = self._scale(outcome, language)
        size = max(abs(low), abs(high)) * factor
        number = [_number(v * factor, size, signed=True) for v in (value, low, high)]
        comma = ", " if language == "en" else "，"
        word = WORDS[language][verdict(outcome.good, low, high)]
        return f"{_joined(number, unit, language)}{comma}{word}"

    def _scale(self, outcome: Outcome, language: str) -> tuple[float, str, str]:
        """Return the factor, the unit of values and the unit of differences."""
        if outcome.id in self.percents:
            return 100.0, "%", WORDS[language]["points"]
        if outcome.id in self.days:
            unit = UNITS["day"][language][1]
            return float(DAYS_A_YEAR), unit, unit
        if outcome.unit == "1":
            return 1.0, "", ""
        factor, unit = UNITS.get(outcome.unit, {}).get(language, (1.0, outcome.unit))
        return factor, unit, unit


def verdict(good: str, low: float, high: float) -> str:
    """Say what a difference means whose draws lie between two bounds."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "unclear"
    if low == 0 and high == 0:
        return "same"
    if low < 0 < high:
        return "unclear"
    if good == "neutral":
        return "changed"
    return "better" if (high > 0) == (good == "up") else "worse"


def _number(value: float, size: float, *, signed: bool = False) -> str:
    """Return a number with three figures of the size it is read beside."""
    if not math.isfinite(value):
        return "–"
    places = 0 if size <= 0 else max(0, min(4, 2 - math.floor(math.log10(size))))
    text = f"{value:+,.{places}f}" if signed else f"{value:,.{places}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def _joined(number: list[str], unit: str, language: str) -> str:
    space = "" if not unit or (unit == "%" and language == "zh") else " "
    value, low, high = number
    to = WORDS[language]["to"]
    left, right = ("(", ")") if language == "en" else ("（", "）")
    gap = " " if language == "en" else ""
    return f"{value}{space}{unit}{gap}{left}{low} {to} {high}{right}"
