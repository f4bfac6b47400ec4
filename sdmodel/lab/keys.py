"""A teacher's keys: every number, and every sentence on a number, from the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.experiments.bands import ROUNDING, sure
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.experiments.notice import Measure, Spread, measures
from sdmodel.experiments.whatif import evaluate
from sdmodel.lab.draws import SHOWN, prior
from sdmodel.lab.exercises import CHANCE, HOLE
from sdmodel.lab.figures import Figures, figures_of
from sdmodel.lab.strings import LANGUAGES
from sdmodel.study.outcomes import parse_key
from sdmodel.study.scenario import Scenario

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.notice import Direction
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.lab.exercises import Ask, Condition, Exercise, Term
    from sdmodel.study.outcomes import Outcome

ENDS = (0.05, 0.95)

SIGN_OF = {
    "better": "rises",
    "worse": "falls",
    "unclear": "unsure",
    "edge": "unsure",
    "same": "same",
}


@dataclass(frozen=True)
class Answers:
    """The keys of all exercises: question and answer in each language, by exercise."""

    texts: Mapping[str, tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]]


@dataclass(frozen=True)
class Numbers:
    """What an exercise's scenarios come to, as the page has it.

    ``central`` and ``drawn`` map scenario and outcome to the number of the central run
    and to those of the draws (draw,); nan where there is none. ``outcomes`` are the
    model's by id, ``measures`` say what counts as a change of each, ``crossing`` is the
    one whose chance is spoken of.
    """

    outcomes: Mapping[str, Outcome]
    measures: Mapping[str, Measure]
    crossing: str
    central: dict[tuple[str, str], float]
    drawn: dict[tuple[str, str], NDArray[np.float64]]

    def chance(self, id: str) -> float:
        """Return the share of draws in which a fund runs out."""
        return float(np.mean(~np.isnan(self.drawn[id, self.crossing])))

    def value(self, term: Term) -> float:
        """Return the central value, or the central difference."""
        first, id, key = term
        if key == CHANCE:
            return float(self.draws(term)[0])
        if not first:
            return self.central[id, key]
        return self.central[first, key] - self.central[id, key]

    def draws(self, term: Term) -> NDArray[np.float64]:
        """Return a value or difference in each draw, without rounding's noise."""
        first, id, key = term
        if key == CHANCE:
            chance = self.chance(id)
            return np.array([self.chance(first) - chance if first else chance])
        there = self.drawn[id, key]
        return _less(self.drawn[first, key], there) if first else there

    def ends(self, term: Term) -> tuple[float, float]:
        """Return the 5 and 95 % quantiles over the draws."""
        return _ends(self.draws(term))

    def holds(self, condition: Condition) -> bool:
        """Say whether a change is of the sign that a condition asks for, as reports do.

        Of two terms neither is the larger for sure ("unsure") where their difference
        is not worth a word.
        """
        term, other = condition.term, condition.other
        found, change = self.draws(term), self.value(term)
        signs = {condition.sign}
        if other is not None:
            found, change = _less(found, self.draws(other)), change - self.value(other)
            if condition.sign == "unsure":
                signs.add("same")
        sign = self._direction("up", other or term, found, change)
        return SIGN_OF[sign] in signs

    def direction(self, term: Term) -> Direction:
        """Return what a difference means, by the rules of reports."""
        good = self.outcomes[term[2]].good
        return self._direction(good, term, self.draws(term), self.value(term))

    def _direction(
        self, good: str, term: Term, found: NDArray[np.float64], change: float
    ) -> Direction:
        """Return what draws and central value of a change from a term's come to."""
        _, id, key = term
        if key == CHANCE:
            measure, baseline = Measure(good, share=True), self.chance(id)
        else:
            measure, baseline = self.measures[key], self.central[id, key]
        low, high = _ends(found)
        if not np.isfinite([change, baseline, low, high]).all():
            return "unclear"
        known = found[~np.isnan(found)]
        spread = Spread(
            change, baseline, low, high, sure(known, 0.05)[0], sure(known, 0.95)[1]
        )
        return replace(measure, good=good).direction(spread)


def numbers(book: Workbook, exercises: Sequence[Exercise]) -> dict[str, Numbers]:
    """Run all scenarios and today's course, centrally and over the draws.

    The draws are the page's own, as many and in the order of its boards. One question
    for all exercises means one compiled kernel for all.
    """
    crossing = next(o.id for o in book.outcomes if o.summary == "crossing")
    wanted = [id for exercise in exercises for id in exercise.outcomes]
    ids = tuple(dict.fromkeys([*wanted, crossing]))
    keys = [parse_key(id, book.outcomes, book.model) for id in ids]
    places = [(e.id, id) for e in exercises for id in e.values]
    designs = [e.values[id] for e in exercises for id in e.values]
    scenarios = [
        Scenario(id=str(s), title={}, story={}, values=v, evidence={}, path=None)
        for s, v in enumerate(designs)
    ]
    central = evaluate(book.model, scenarios, keys).values
    names, sample = prior(book.controls)
    inputs = crossed(book.model, designs, names, sample[:SHOWN])
    found, _, _ = Ensemble(book.model, {}).courses(keys, inputs, [0])
    cube = found.reshape(len(designs), -1, len(ids))
    outcomes = {outcome.id: outcome for outcome in book.outcomes}
    about = read_about(book.folder, model_facts(book.model)) if book.folder else {}
    judged = measures(book.outcomes, about)
    result = {e.id: Numbers(outcomes, judged, crossing, {}, {}) for e in exercises}
    for s, (exercise, id) in enumerate(places):
        for k, key in enumerate(ids):
            result[exercise].central[id, key] = float(central[key][s])
            result[exercise].drawn[id, key] = cube[s, :, k]
    return result


def answer(
    book: Workbook,
    exercises: tuple[Exercise, ...],
    per_thousand: Collection[str] = (),
) -> Answers:
    """Compute the keys; see `Numbers`, and `Figures` for ``per_thousand``."""
    sizes = _sizes(book)
    writers = {
        language: figures_of(book, language, sizes, per_thousand)
        for language in LANGUAGES
    }
    found = numbers(book, exercises)
    return Answers(
        {
            exercise.id: tuple(
                (
                    ask.question,
                    {
                        language: tell(ask, found[exercise.id], writer)
                        for language, writer in writers.items()
                    },
                )
                for ask in exercise.asks
            )
            for exercise in exercises
        }
    )


def tell(ask: Ask, found: Numbers, figures: Figures) -> str:
    """Return an answer with its numbers, and the sentences that these bear."""
    said = [say.text for say in ask.says if all(map(found.holds, say.when))]

    def number(match: re.Match[str]) -> str:
        return figure((match[1] or "", match[2], match[3]), found, figures)

    language = figures.language
    gap = " " if language == "en" else ""
    texts = (ask.answer[language], *(text[language] for text in said))
    return gap.join(HOLE.sub(number, text) for text in texts)


def figure(term: Term, found: Numbers, figures: Figures) -> str:
    """Return a number as the page writes it, with its range and what a change means."""
    first, id, key = term
    if key == CHANCE:
        return figures.percent(found.chance(id))
    outcome = found.outcomes[key]
    low, high = found.ends(term)
    gap = " " if figures.language == "en" else ""
    if not first:
        ends = [figures.value(outcome, end, bare=True) for end in (low, high)]
        range = figures.say("compare.range", low=ends[0], high=ends[1])
        value = figures.value(outcome, found.value(term))
        return f"{value}{gap}{figures.say('board.interval', interval=range)}"
    change = figures.difference(outcome, found.value(term), found.central[id, key])
    size = max(abs(low), abs(high))
    range = figures.interval(outcome, low, high, size)
    said = figures.say(f"verdict.{found.direction(term)}").strip()
    return (
        f"{change}{gap}{figures.say('board.interval', interval=range)}"
        f"{figures.say('number.comma')}{said}"
    )


def _sizes(book: Workbook) -> dict[str, float]:
    """Return the largest size of every outcome over today's course."""
    keys = [parse_key(o.id, book.outcomes, book.model) for o in book.outcomes]
    today = replace(book.scenario("baseline"), id="today")
    series = evaluate(book.model, [today], keys).series
    return {
        id: float(np.nanmax(np.abs(values), initial=0.0))
        for id, values in series.items()
    }


def _less(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return here less there (draw,); rounding must not pass for a direction."""
    sizes = np.maximum(np.abs(here), np.abs(there))
    noise = ROUNDING * np.max(sizes, initial=0.0, where=sizes == sizes)
    change = here - there
    changed: NDArray[np.float64] = np.where(np.abs(change) <= noise, 0.0, change)
    return changed


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, ENDS)
    return float(low), float(high)
