"""The exercises of the lab, read from their files; `keys` computes their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sdmodel.errors import DataError
from sdmodel.lab.strings import LANGUAGES
from sdmodel.study.amounts import on_scale
from sdmodel.study.controls import unit_of
from sdmodel.study.values import parse_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.values import Value

KEYS = ("minutes", "title", "question", "scenarios", "step", "ask")
STEP_KEYS = ("text", "scenario", "predict", "pin", "tab", "outcome", "against")
ASK_KEYS = ("question", "answer", "say")
TABS = ("sure", "why", "compare", "flow", "explore", "learn", "share", "about")
TERM = r"(?:(\w+)-)?(\w+):(\w+)"
HOLE = re.compile(rf"\{{{TERM}\}}")
SIGNS = ("rises", "falls", "unsure", "same")
ORDERS = {"above": "rises", "below": "falls", "beside": "unsure"}
"""What the first term less the second does where it stands above, below or beside."""

CONDITION = re.compile(rf"{TERM} (?:({'|'.join(SIGNS)})|({'|'.join(ORDERS)}) {TERM})")
CHANCE = "chance"

Term = tuple[str, str, str]
"""A key's number: of a difference the first scenario, else ""; scenario; outcome."""


@dataclass(frozen=True)
class Condition:
    """What numbers must do for a sentence to be said.

    The term, less the other one if there is one, must have the sign: one of `SIGNS`.
    """

    term: Term
    other: Term | None
    sign: str


@dataclass(frozen=True)
class Say:
    """A sentence of a key, said only where all its conditions hold."""

    when: tuple[Condition, ...]
    text: Mapping[str, str]


@dataclass(frozen=True)
class Ask:
    """A question, the numbers of its answer, and what is said of them."""

    question: Mapping[str, str]
    answer: Mapping[str, str]
    says: tuple[Say, ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every number that the answer holds or hangs on, each once."""
        found: dict[Term, None] = {}
        for text in (self.answer, *(say.text for say in self.says)):
            for language in LANGUAGES:
                found |= dict.fromkeys(terms(text.get(language, "")))
        for say in self.says:
            for condition in say.when:
                found[condition.term] = None
                if condition.other is not None:
                    found[condition.other] = None
        return tuple(found)


def terms(text: str) -> tuple[Term, ...]:
    """Return the numbers for which a text has holes."""
    return tuple((m[1] or "", m[2], m[3]) for m in HOLE.finditer(text))


def parse_condition(text: str) -> Condition:
    """Return what "B-A:outcome rises" or "D-C:outcome above B-A:outcome" asks.

    Raises
    ------
    ValueError
        If it is neither.
    """
    match = CONDITION.fullmatch(text)
    if match is None:
        allowed = (
            f"'B-A:outcome {'|'.join(SIGNS)}' or "
            f"'D-C:outcome {'|'.join(ORDERS)} B-A:outcome'"
        )
        msg = f"'{text}' is no condition; allowed: {allowed}"
        raise ValueError(msg)
    a, b, key, sign, order, c, d, other = match.groups()
    term = (a or "", b, key)
    if sign:
        return Condition(term, None, sign)
    return Condition(term, (c or "", d, other), ORDERS[order])


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
    asks: tuple[Ask, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes of the key, each once."""
        keys = [key for ask in self.asks for _, _, key in ask.terms]
        return tuple(dict.fromkeys(key for key in keys if key != CHANCE))


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
    units = {
        control.name: unit_of(control.name, book.model) for control in book.controls
    }
    levers = set(units)
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
        problems += [
            f"{where}: no scenario '{step[key]}'"
            for key in ("scenario", "against")
            if key in step and step[key] not in scenarios
        ]
        problems += [
            f"{where}: no outcome '{step[key]}'"
            for key in ("predict", "outcome")
            if key in step and step[key] not in outcomes
        ]
        if step.get("tab", TABS[0]) not in TABS:
            problems.append(f"{where}: no tab '{step['tab']}'")
    asks = [_ask(name, ask, problems) for ask in table["ask"]]
    texts = [table["title"], table["question"]]
    texts += [step["text"] for step in table["step"]]
    texts += [text for ask in asks for text in (ask.question, ask.answer)]
    texts += [say.text for ask in asks for say in ask.says]
    texts += [scenario["title"] for scenario in scenarios.values()]
    problems += [
        f"{name}: '{text.get('en', '')[:40]}' has no text in '{language}'"
        for text in texts
        for language in LANGUAGES
        if not text.get(language)
    ]
    for a, b, key in (term for ask in asks for term in ask.terms):
        problems += [
            f"{name}: no scenario '{id}' in a key"
            for id in (a, b)
            if id and id not in scenarios
        ]
        if key != CHANCE and key not in outcomes:
            problems.append(f"{name}: no outcome '{key}' in a key")
    return Exercise(
        id=name.removesuffix(".toml"),
        minutes=table["minutes"],
        title=table["title"],
        question=table["question"],
        titles={id: scenario["title"] for id, scenario in scenarios.items()},
        values={
            id: {
                n: on_scale(parse_value(v), units[n], book.model.scale)
                for n, v in scenario.get("values", {}).items()
                if n in units
            }
            for id, scenario in scenarios.items()
        },
        steps=tuple(table["step"]),
        asks=tuple(asks),
    )


def _ask(name: str, table: dict[str, Any], problems: list[str]) -> Ask:
    problems += [
        f"{name}, [[ask]]: unknown key '{k}'" for k in table if k not in ASK_KEYS
    ]
    return Ask(table["question"], table["answer"], tuple(_says(name, table, problems)))


def _says(name: str, table: dict[str, Any], problems: list[str]) -> Iterator[Say]:
    for say in table.get("say", ()):
        conditions = []
        for text in say["when"]:
            try:
                conditions.append(parse_condition(text))
            except ValueError as error:
                problems.append(f"{name}, [[ask.say]]: {error}")
        yield Say(tuple(conditions), say["text"])


def as_document(exercise: Exercise) -> dict[str, Any]:
    """Return what the page holds of an exercise: all but the key."""
    from sdmodel.lab.record import as_json

    return {
        "id": exercise.id,
        "minutes": exercise.minutes,
        "title": dict(exercise.title),
        "question": dict(exercise.question),
        "steps": [dict(step) for step in exercise.steps],
        "questions": [dict(ask.question) for ask in exercise.asks],
        "outcomes": list(exercise.outcomes),
        "scenarios": {
            id: {
                "title": dict(exercise.titles[id]),
                "values": {n: as_json(v) for n, v in values.items()},
            }
            for id, values in exercise.values.items()
        },
    }
