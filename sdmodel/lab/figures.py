"""Numbers of the lab's papers, written as the page writes them (static/format.js)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.lab.levers import STEPS
from sdmodel.lab.strings import read_strings
from sdmodel.study.design import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.values import Value

DAYS_A_YEAR = 365
FIRST_YEAR = 1000
"""Years above it are years of the calendar."""

MOST_PLACES = 4
COUNTED = re.compile(
    r"(CNY|person|visit|case|admission|people)\b[^/]*"
    r"|CNY/\(physician\*year\)|(visit|case|person)/year"
)
# From this size on: the name of the scale, and what it divides by.
SCALES: dict[str, tuple[tuple[float, str, float], ...]] = {
    "en": ((1e9, "billion", 1e9), (1e6, "million", 1e6), (1e5, "thousand", 1e3)),
    "zh": ((1e8, "yi", 1e8), (1e4, "wan", 1e4)),
}


@dataclass(frozen=True)
class Scale:
    """How an outcome is shown: factor, unit, and the unit of differences."""

    factor: float
    unit: str
    difference: str
    year: bool = False


@dataclass(frozen=True)
class Figures:
    """Writes numbers of one model's outcomes and levers in one language.

    ``sizes`` holds each outcome's largest size over today's course: it decides between
    thousands and millions. ``per_thousand`` are outcomes read per thousand people.
    """

    language: str
    sizes: Mapping[str, float]
    percents: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    per_thousand: frozenset[str] = frozenset()

    def say(self, key: str, **fill: object) -> str:
        """Return a text of the page with its blanks filled."""
        return say(key, self.language, **fill)

    def percent(self, share: float) -> str:
        """Return a chance as the boards write it."""
        if 0 < share < 0.01:
            return self.say("number.below_one")
        space = " " if self.language == "en" else ""
        return f"{plain(100 * share, 0)}{space}%"

    def value(self, outcome: Outcome, value: float, *, bare: bool = False) -> str:
        """Return a value, without its unit if ``bare``."""
        scale = self.scale(outcome)
        if not math.isfinite(value):
            calendar = outcome.summary == "crossing"
            return self.say("number.never" if calendar else "number.none")
        if scale.year:
            return str(math.floor(value))
        shown = value * scale.factor
        most = 1 if scale.factor == 100 else MOST_PLACES
        text = plain(shown, min(digits(shown), most))
        return text if bare else self.joined(text, scale.unit)

    def difference(
        self, outcome: Outcome, value: float, size: float, places: int | None = None
    ) -> str:
        """Return a difference, with its sign, that stands beside numbers of a size."""
        if not math.isfinite(value):
            return self.say("number.none")
        scale = self.scale(outcome)
        shown = value * scale.factor
        decimals = _places(scale, value, size) if places is None else places
        text = plain(shown, decimals)
        signed = shown > 0 and re.search("[1-9]", text)
        unit = self.say("unit.years") if scale.year else scale.difference
        return self.joined(f"+{text}" if signed else text, unit)

    def interval(self, outcome: Outcome, low: float, high: float, size: float) -> str:
        """Return "low to high" of differences, both with as many decimals."""
        scale = self.scale(outcome)
        less, most = sorted((abs(low), abs(high)))
        places = _places(scale, most, size)
        while (
            scale.factor != 100
            and places < MOST_PLACES
            and less > 0
            and less * scale.factor < 0.5 / 10**places
        ):
            places += 1
        unit = self.say("unit.years") if scale.year else scale.difference
        ends = [self.difference(outcome, v, size, places) for v in (low, high)]
        bare = [end.removesuffix(unit).strip() for end in ends]
        return self.say("number.interval", low=bare[0], high=bare[1])

    def scale(self, outcome: Outcome) -> Scale:
        """Return how an outcome is shown."""
        if outcome.id in self.percents:
            return Scale(100.0, "%", self.say("unit.points"))
        if outcome.id in self.days:
            return _same(float(DAYS_A_YEAR), self.say("unit.day"))
        if outcome.summary == "crossing":
            return Scale(1.0, "", "", year=True)
        if outcome.id in self.per_thousand:
            return _same(1000.0, self.say("scale.per_thousand"))
        unit = self.unit_words(outcome.unit)
        if COUNTED.fullmatch(outcome.unit):
            size = self.sizes.get(outcome.id, 0.0)
            for least, name, by in SCALES[self.language]:
                if size >= least:
                    return _same(1 / by, self.say(f"scale.{name}", unit=unit))
        return _same(1.0, unit)

    def unit_words(self, unit: str) -> str:
        """Say a unit of the model in words."""
        if unit in ("", "1", "Dmnl", "dmnl"):
            return ""
        above, _, below = unit.partition("/")
        top = "" if above == "1" else self._words("unit", above)
        each = self._words("each", below)
        if self.language == "zh":
            many = re.sub(r"[()]", "", top).replace("*", "·")
            each = each.replace("*", "·").replace("(", "（").replace(")", "）")
            if not below:
                return many
            return f"{many}/{each}" if many else "每" + re.sub("[（）]", "", each)
        many = top.replace("*", " · ")
        each = re.sub(r"[()]", "", each).replace("*", " and ")
        return f"{many} per {each}".strip() if below else many

    def _words(self, section: str, unit: str) -> str:
        strings = read_strings()

        def word(match: re.Match[str]) -> str:
            key = f"{section}.{match[0]}"
            return self.say(key) if key in strings else match[0]

        return re.sub(r"[A-Za-z]+", word, unit)

    def joined(self, number: str, unit: str) -> str:
        """Join a number and its unit."""
        if not unit:
            return number
        tight = unit == "%" and self.language == "zh"
        return f"{number}{'' if tight else ' '}{unit}"

    def lever(self, control: Control, value: Value) -> str:
        """Return a lever's value with its unit; a schedule as its points."""
        if isinstance(value, Schedule):
            points = zip(value.times, value.values, strict=True)
            return self.say("number.arrow").join(
                self.say("lever.at", value=self._lever(control, v), year=f"{t:g}")
                for t, v in points
            )
        return self.joined(self._lever(control, value), self._lever_unit(control))

    def _lever(self, control: Control, value: float) -> str:
        if control.unit == "year" and control.min > FIRST_YEAR:
            return f"{round(value, 2):g}"
        if _as_percent(control):
            share = value * 100
            whole = abs(share - round(share)) < 0.05
            return self.joined(plain(share, 0 if whole else 1), "%")
        step = control.step or (control.max - control.min) / STEPS
        places = max(digits(value), math.ceil(-math.log10(abs(step) or 1)))
        return plain(value, max(0, min(MOST_PLACES, places)))

    def _lever_unit(self, control: Control) -> str:
        if _as_percent(control):
            return self.say("unit.a_year") if control.unit == "1/year" else ""
        if control.unit == "year" and control.min > FIRST_YEAR:
            return ""
        return self.unit_words(control.unit)


def figures_of(
    book: Workbook,
    language: str,
    sizes: Mapping[str, float] | None = None,
    per_thousand: Collection[str] = (),
) -> Figures:
    """Return the writer of a model's numbers; see `Figures` for the last two."""
    about = read_about(book.folder, model_facts(book.model)) if book.folder else {}
    return Figures(
        language,
        sizes or {},
        frozenset(about.get("percent", ())),
        frozenset(about.get("days", ())),
        frozenset(per_thousand),
    )


def say(key: str, language: str, **fill: object) -> str:
    """Return a text of ``strings.toml`` with its blanks filled."""
    text = read_strings()[key][language]
    for name, value in fill.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def plain(value: float, places: int) -> str:
    """Return a number with so many decimals, grouped, with a true minus sign."""
    unit = Decimal(1).scaleb(-places)
    # The shortest decimal that is this double is what browsers round.
    rounded = Decimal(repr(abs(float(value)))).quantize(unit, rounding=ROUND_HALF_UP)
    return f"{'−' if value < 0 and rounded else ''}{rounded:,}"


def digits(size: float) -> int:
    """Return the decimals with which a size shows three figures, at most four."""
    if not abs(size) > 0:
        return 0
    return max(0, min(MOST_PLACES, 2 - math.floor(math.log10(abs(size)))))


def _places(scale: Scale, value: float, size: float) -> int:
    """Return the decimals of a difference that stands beside numbers of a size."""
    if scale.year or scale.factor == 100:
        return 1
    beside = digits((size or value) * scale.factor)
    return min(digits(value * scale.factor), beside + 1)


def _same(factor: float, unit: str) -> Scale:
    return Scale(factor, unit, unit)


def _as_percent(control: Control) -> bool:
    share = control.unit in ("Dmnl", "dmnl", "1", "1/year")
    return control.role == "lever" and share and abs(control.max) <= 2
