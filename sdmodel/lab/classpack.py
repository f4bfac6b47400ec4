"""What a teacher hands out: worksheets and keys, to print in two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.errors import UsageError
from sdmodel.lab.figures import figures_of
from sdmodel.lab.keys import answer
from sdmodel.lab.page import render
from sdmodel.lab.strings import LANGUAGES, read_strings
from sdmodel.study.files import check_writable, write_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.lab.exercises import Exercise
    from sdmodel.lab.figures import Figures

PAGE = "lab.html"
KINDS = ("worksheets", "keys")


def check_pack(folder: Path) -> None:
    """Refuse a folder that cannot take a class pack, before anything is computed.

    Raises
    ------
    SdmodelError
        If it cannot be written to.
    """
    check_writable(folder / PAGE, folder=False)


def write_papers(
    book: Workbook,
    exercises: tuple[Exercise, ...],
    folder: Path,
    per_thousand: Collection[str] = (),
) -> tuple[Path, ...]:
    """Write worksheets and keys in each language; return the files.

    Parameters
    ----------
    book
        The model whose keys are computed.
    exercises
        The exercises of the page.
    folder
        Where the files go; it is made if it is not there.
    per_thousand
        Outcomes that the page reads per thousand people.

    Raises
    ------
    UsageError
        If the model has no exercises.
    SdmodelError
        If the folder cannot be written to.
    """
    if not exercises:
        msg = (
            f"--class-pack: the model '{book.model.name}' has no exercises; allowed: "
            "a model whose lab.toml says exercises = true"
        )
        raise UsageError(msg)
    answers = answer(book, exercises, per_thousand)
    strings = read_strings()
    writers = {language: figures_of(book, language) for language in LANGUAGES}
    settings = {
        language: {e.id: _settings(book, e, writers[language]) for e in exercises}
        for language in LANGUAGES
    }
    contents = {
        f"{kind}-{language}.html": render(
            "paper.html.j2",
            kind=kind,
            language=language,
            words={key: text[language] for key, text in strings.items()},
            exercises=exercises,
            answers=answers.texts,
            settings=settings[language],
            deeds={
                e.id: tuple(
                    _deeds(e, book, writers[language], settings[language][e.id])
                )
                for e in exercises
            },
            model=book.model,
        )
        for language in LANGUAGES
        for kind in KINDS
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_file(folder / name, content.encode())
    return tuple(folder / name for name in contents)


def _settings(
    book: Workbook, exercise: Exercise, figures: Figures
) -> dict[str, tuple[str, ...]]:
    """Return "lever value", as the page writes both, by scenario."""
    controls = {control.name: control for control in book.controls}
    labels = {c.name: c.label_en for c in book.controls}
    if figures.language == "zh":
        labels = {c.name: c.label_zh for c in book.controls}
    return {
        id: tuple(
            f"{labels[name]} {figures.lever(controls[name], value)}"
            for name, value in values.items()
        )
        for id, values in exercise.values.items()
    }


def _deeds(
    exercise: Exercise,
    book: Workbook,
    figures: Figures,
    settings: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[str, ...]]:
    """Yield what each step asks the hands to do, in the order in which it is done."""
    say = figures.say
    labels = {o.id: o.label_en for o in book.outcomes}
    if figures.language == "zh":
        labels = {o.id: o.label_zh for o in book.outcomes}
    known: set[str] = set()
    for step in exercise.steps:
        deeds = []
        letter = step.get("scenario")
        if "predict" in step:
            deeds.append(say("paper.do_predict", name=labels[step["predict"]]))
        elif letter is not None:
            deeds.append(_setting(letter, known, settings[letter], figures))
        if step.get("pin"):
            key = "paper.do_pin_result" if letter is None else "paper.do_pin"
            deeds.append(say(key, letter=letter))
        if "against" in step:
            deeds.append(say("paper.do_against", letter=step["against"]))
        elif "tab" in step:
            tab = say(f"tab.{step['tab']}")
            name = labels.get(step.get("outcome", ""))
            key = "paper.do_open_on" if name else "paper.do_open"
            deeds.append(say(key, tab=tab, name=name))
        yield tuple(deeds)


def _setting(
    letter: str, known: set[str], levers: tuple[str, ...], figures: Figures
) -> str:
    """Say how a design is set: its levers once, then that they are as before."""
    if letter in known:
        return figures.say("paper.do_again", letter=letter)
    known.add(letter)
    if not levers:
        return figures.say("paper.do_today", letter=letter)
    listed = figures.say("number.semicolon").join(levers)
    return figures.say("paper.do_set", letter=letter, levers=listed)
