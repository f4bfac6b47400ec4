"""What a teacher hands out: the page, worksheets and keys, to print in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.lab.exercises import answer, read_exercises
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


@dataclass(frozen=True)
class ClassPack:
    """The files of a class pack, the page first."""

    folder: Path
    files: tuple[Path, ...]


def write_class_pack(book: Workbook, folder: Path, page: str) -> ClassPack:
    """Write the page and, in each language, worksheets and keys.

    Parameters
    ----------
    book
        The model whose keys are computed.
    folder
        Where the files go; it is made if it is not there.
    page
        The lab's page.

    Raises
    ------
    SdmodelError
        If the folder cannot be written to, or an exercise does not fit the model.
    """
    exercises = read_exercises(book)
    answers = answer(book, exercises)
    strings = read_strings()
    settings = _settings(book, exercises)
    contents = {PAGE: page}
    for language in LANGUAGES:
        words = {key: text[language] for key, text in strings.items()}
        for kind in ("worksheets", "keys"):
            contents[f"{kind}-{language}.html"] = _render(
                kind=kind,
                language=language,
                words=words,
                exercises=exercises,
                answers=answers.texts,
                settings=settings,
                model=book.model,
            )
    check_writable(folder, folder=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_file(folder / name, content.encode())
    return ClassPack(folder, tuple(folder / name for name in contents))


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


def _render(**given: object) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sdmodel.lab"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("paper.html.j2").render(**given)
