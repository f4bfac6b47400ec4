"""The exercises of the lab: read from their files, their keys computed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.errors import DataError
from sdmodel.lab.figures import Figures
from sdmodel.lab.strings import LANGUAGES
from sdmodel.study.outcomes import parse_key
from sdmodel.study.values import parse_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.experiments.bands import Bands
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.values import Value

KEYS = ("minutes", "title", "question", "scenarios", "step", "ask")
STEP_KEYS = ("text", "scenario", "predict", "pin", "tab", "outcome")
TABS = ("sure", "why", "compare", "flow", "explore", "learn", "share", "about")
HOLE = re.compile(r"\{(?:(\w+)-)?(\w+):([\w@]+)\}")
CHANCE = "chance"
DRAWS = 256
SEED = 0


@dataclass(frozen=True)
class Exercise:
    """One exercise: its text, its scenarios as values, and the questions of its key."""

    id: str
    minutes: int
    title: Mapping[str, str]
    question: Mapping[str, str]
    titles: Mapping[str, Mapping[str, str]]
    values: Mapping[str, Mapping[str, Value]]
    steps: tuple[Mapping[str, Any], ...]
    asks: tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]


def read_exercises(book: Workbook) -> tuple[Exercise, ...]:
    """Return the exercises, in the order of their files.

    Raises
    ------
    DataError
        If a file names a lever, outcome, scenario or tab that is not there, or lacks a
        language; all such problems at once.
    """
    import tomllib

    problems: list[str] = []
    found = []
    folder = files("sdmodel.lab") / "exercises"
    for source in sorted(folder.iterdir(), key=lambda path: path.name):
        if source.name.endswith(".toml"):
            table = tomllib.loads(source.read_text(encoding="utf-8"))
            found.append(_exercise(source.name, table, book, problems))
    if problems:
        raise DataError(problems)
    return tuple(found)


def _exercise(
    name: str, table: dict[str, Any], book: Workbook, problems: list[str]
) -> Exercise:
    levers = {control.name for control in book.controls}
    problems += [f"{name}: unknown key '{key}'" for key in table if key not in KEYS]
    scenarios = table.get("scenarios", {})
    for id, scenario in scenarios.items():
        problems += [
            f"{name}, [scenarios.{id}]: no lever '{lever}'"
            for lever in scenario.get("values", {})
            if lever not in levers
        ]
    outcomes = {outcome.id for outcome in book.outcomes}
    for step in table["step"]:
        where = f"{name}, [[step]] '{step['text']['en'][:30]}'"
        problems += [f"{where}: unknown key '{k}'" for k in step if k not in STEP_KEYS]
        if step.get("scenario", "A") not in scenarios:
            problems.append(f"{where}: no scenario '{step['scenario']}'")
        problems += [
            f"{where}: no outcome '{step[key]}'"
            for key in ("predict", "outcome")
            if key in step and step[key] not in outcomes
        ]
        if step.get("tab", TABS[0]) not in TABS:
            problems.append(f"{where}: no tab '{step['tab']}'")
    texts = [table["title"], table["question"]]
    texts += [step["text"] for step in table["step"]]
    texts += [text for ask in table["ask"] for text in (ask["question"], ask["answer"])]
    texts += [scenario["title"] for scenario in scenarios.values()]
    problems += [
        f"{name}: '{text.get('en', '')[:40]}' has no text in '{language}'"
        for text in texts
        for language in LANGUAGES
        if not text.get(language)
    ]
    for a, b, key in _holes(table):
        problems += [
            f"{name}: no scenario '{id}' in a key"
            for id in (a, b)
            if id and id not in scenarios
        ]
        if key != CHANCE and key.partition("@")[0] not in outcomes:
            problems.append(f"{name}: no outcome '{key}' in a key")
    return Exercise(
        id=name.removesuffix(".toml"),
        minutes=table["minutes"],
        title=table["title"],
        question=table["question"],
        titles={id: scenario["title"] for id, scenario in scenarios.items()},
        values={
            id: {n: parse_value(v) for n, v in scenario.get("values", {}).items()}
            for id, scenario in scenarios.items()
        },
        steps=tuple(table["step"]),
        asks=tuple((ask["question"], ask["answer"]) for ask in table["ask"]),
    )


def _holes(table: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        hole
        for ask in table["ask"]
        for text in ask["answer"].values()
        for hole in HOLE.findall(text)
    ]


def as_document(exercise: Exercise) -> dict[str, Any]:
    """Return what the page holds of an exercise: all but the key."""
    from sdmodel.lab.record import as_json

    return {
        "id": exercise.id,
        "minutes": exercise.minutes,
        "title": dict(exercise.title),
        "question": dict(exercise.question),
        "steps": [dict(step) for step in exercise.steps],
        "scenarios": {
            id: {
                "title": dict(exercise.titles[id]),
                "values": {n: as_json(v) for n, v in values.items()},
            }
            for id, values in exercise.values.items()
        },
    }


@dataclass(frozen=True)
class Answers:
    """The keys of all exercises: question and answer in each language, by exercise."""

    texts: Mapping[str, tuple[tuple[Mapping[str, str], Mapping[str, str]], ...]]


def answer(book: Workbook, exercises: tuple[Exercise, ...]) -> Answers:
    """Compute every number of the keys.

    The central value comes from a run with the default assumptions, the range from
    `DRAWS` draws of them; differences are taken draw by draw.
    """
    from sdmodel.experiments.bands import bands
    from sdmodel.experiments.space import drawable, make_space
    from sdmodel.experiments.whatif import evaluate
    from sdmodel.study.scenario import Scenario

    model = book.model
    figures = Figures(book)
    space = make_space([c for c in drawable(book.controls) if c.role == "uncertainty"])
    texts = {}
    for exercise in exercises:
        wanted = {
            key
            for _, text in exercise.asks
            for _, _, key in HOLE.findall(text["en"] + text["zh"])
            if key != CHANCE
        }
        crossing = [o.id for o in book.outcomes if o.summary == "crossing"]
        keys = [parse_key(key, book.outcomes, model) for key in sorted(wanted)]
        keys += [parse_key(id, book.outcomes, model) for id in crossing]
        spread = bands(model, dict(exercise.values), keys, space, runs=DRAWS, seed=SEED)
        scenarios = [
            Scenario(id=id, title={}, story={}, values=values, evidence={}, path=None)
            for id, values in exercise.values.items()
        ]
        central = evaluate(model, scenarios, keys)
        fill = _Fill(spread, central.values, keys, figures, crossing)
        texts[exercise.id] = tuple(
            (question, {lang: fill.text(given[lang], lang) for lang in LANGUAGES})
            for question, given in exercise.asks
        )
    return Answers(texts)


@dataclass(frozen=True)
class _Fill:
    spread: Bands
    central: Mapping[str, NDArray[np.float64]]
    keys: list[OutcomeKey]
    figures: Figures
    crossing: list[str]

    def text(self, text: str, language: str) -> str:
        """Put numbers into the holes of a text."""

        def number(match: re.Match[str]) -> str:
            a, b, key = match.groups()
            return self._one(b, a, key, language)

        return HOLE.sub(number, text)

    def _one(self, id: str, first: str | None, key: str, language: str) -> str:
        # {B-A:x} is read as first B, then A: the difference is B less A.
        if key == CHANCE:
            drawn = self._drawn(id, self.crossing[0])
            return self.figures.percent(float(np.mean(~np.isnan(drawn))), language)
        outcome = next(k.outcome for k in self.keys if k.text == key)
        if first is None:
            low, high = np.nanquantile(self._drawn(id, key), (0.05, 0.95))
            value = self._value(id, key)
            return self.figures.value(outcome, value, low, high, language)
        change = self._drawn(first, key) - self._drawn(id, key)
        low, high = np.nanquantile(change, (0.05, 0.95))
        value = self._value(first, key) - self._value(id, key)
        return self.figures.change(outcome, value, low, high, language)

    def _drawn(self, id: str, key: str) -> NDArray[np.float64]:
        row = self.spread.scenarios.index(id)
        column = self.spread.outcomes.index(key)
        good = ~self.spread.failed.any(axis=0)
        drawn: NDArray[np.float64] = self.spread.values[row, good, column]
        return drawn

    def _value(self, id: str, key: str) -> float:
        return float(self.central[key][self.spread.scenarios.index(id)])
