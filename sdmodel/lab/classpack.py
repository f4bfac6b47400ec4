"""What a teacher hands out: worksheets and keys, to print in two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.errors import UsageError
from sdmodel.lab.exercises import answer
from sdmodel.lab.page import render
from sdmodel.lab.strings import LANGUAGES, read_strings
from sdmodel.study.design import Schedule
from sdmodel.study.files import check_writable, write_file
from sdmodel.study.values import schedule_text

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.lab.exercises import Exercise
    from sdmodel.study.values import Value

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
    book: Workbook, exercises: tuple[Exercise, ...], folder: Path
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
    answers = answer(book, exercises)
    strings = read_strings()
    settings = _settings(book, exercises)
    contents = {
        f"{kind}-{language}.html": render(
            "paper.html.j2",
            kind=kind,
            language=language,
            words={key: text[language] for key, text in strings.items()},
            exercises=exercises,
            answers=answers.texts,
            settings=settings,
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
    book: Workbook, exercises: tuple[Exercise, ...]
) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """Return exercise, scenario and lever to "label: value" in each language."""
    controls = {control.name: control for control in book.controls}

    def text(name: str, value: Value, language: str) -> str:
        control = controls[name]
        label = control.label_en if language == "en" else control.label_zh
        said = schedule_text(value) if isinstance(value, Schedule) else f"{value:g}"
        return f"{label} {said}"

    return {
        exercise.id: {
            id: {
                name: {lang: text(name, value, lang) for lang in LANGUAGES}
                for name, value in values.items()
            }
            for id, values in exercise.values.items()
        }
        for exercise in exercises
    }
