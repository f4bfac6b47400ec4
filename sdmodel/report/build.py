"""The page: content, figures and words put into the template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.errors import UsageError, did_you_mean
from sdmodel.experiments.notice import is_share, rule_text
from sdmodel.report.drawing import TRAJECTORY, draw, of_study
from sdmodel.report.fit import fit
from sdmodel.report.judging import who_gains
from sdmodel.report.load import load
from sdmodel.report.study_page import study_page
from sdmodel.report.tables import (
    crossings,
    overview,
    parameter_rows,
    provenance,
    regime_table,
)
from sdmodel.report.words import STAKEHOLDERS, listed, unit_words
from sdmodel.study.files import atomic_file
from sdmodel.study.places import check_target
from sdmodel.study.signs import minus, minuses

if TYPE_CHECKING:
    from sdmodel.engines.base import Progress
    from sdmodel.report.content import Content
    from sdmodel.report.drawing import Drawn

FORMATS = ("html",)
PLANNED_FORMATS = ("docx", "pdf")
LANGUAGES = ("en",)
PLANNED_LANGUAGES = ("zh",)

NOT_FOR = (
    (
        "Forecasts. It shows what follows from stated assumptions; the bands hold the "
        "uncertainties that are listed, not those that nobody thought of."
    ),
    (
        "Decisions about single patients, physicians or institutions: everything here "
        "is an average over a population."
    ),
    (
        "Setting tariffs, point values, capitation rates or budgets for a real place "
        "without that place’s own data, calibration and local review."
    ),
    (
        "Statements on outcomes whose direction depends on the assumptions (marked "
        "“?”), and rankings of factors whose intervals overlap."
    ),
)


def check_formats(formats: str, languages: str) -> None:
    """Refuse formats and languages that are unknown or not there yet.

    Raises
    ------
    UsageError
        All problems at once.
    """
    problems: list[str] = []
    for option, text, there, planned in (
        ("--to", formats, FORMATS, PLANNED_FORMATS),
        ("--lang", languages, LANGUAGES, PLANNED_LANGUAGES),
    ):
        for word in (part.strip().casefold() for part in text.split(",")):
            if word in there:
                continue
            if word in planned:
                problems.append(
                    f"{option}: '{word}' is not yet available; available: "
                    f"{', '.join(there)}"
                )
            else:
                hint = did_you_mean(word, (*there, *planned))
                problems.append(
                    f"{option}: '{word}'; available: {', '.join(there)}{hint}"
                )
    if problems:
        raise UsageError(problems)


def report(
    folder: Path | str,
    out: Path | str | None = None,
    progress: Progress | None = None,
    *,
    to: str = "html",
    lang: str = "en",
) -> Path:
    """Write the page of a run folder and return where it is.

    Parameters
    ----------
    folder
        A run folder that ``demo``, ``sensitivity``, ``run`` or ``compare`` wrote.
    out
        File to write; default ``report.html`` in the folder.
    progress
        Called with figures done and figures in all.
    to
        Format of the document: "html".
    lang
        Its language: "en".

    Raises
    ------
    UsageError
        If a format or language is unknown or not there yet, or the page would take the
        place of a model, a scenario, a study, or a file of a run.
    ResultsError
        If the folder is missing or damaged, or holds nothing to report.
    HostError
        If the page cannot be written.
    """
    check_formats(to, lang)
    own = Path(folder) / "report.html"
    target = own if out is None else Path(out)
    check_target(target, own=own)
    return write_page(Path(folder), target, progress)


def write_page(
    folder: Path,
    target: Path,
    progress: Progress | None = None,
    drawn: Drawn | None = None,
) -> Path:
    """Write the page of a run folder, with figures that were drawn of it already."""
    text = render(load(folder), progress, drawn)
    with atomic_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return target


def render(
    content: Content, progress: Progress | None = None, drawn: Drawn | None = None
) -> str:
    """Return the page as HTML that needs nothing but itself."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("sdmodel.report", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html", "html.j2", "j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"minus": minus, "minuses": minuses}
    page = _page(content, draw(content, drawn, progress))
    return environment.get_template("report.html.j2").render(**page)


def _page(content: Content, figures: Drawn) -> dict[str, Any]:
    several = len(content.scenarios) > 1
    pictures: dict[str, Any] = {
        name: figures.get(name) for name in ("model", "history", "differences")
    }
    pictures["trajectories"] = [
        figure for name, figure in figures.items() if name.startswith(TRAJECTORY)
    ]
    studies = [
        study_page(content, study, of_study(figures, study))
        for study in content.studies
    ]
    regimes = _regimes(content) if content.regimes is not None and several else []
    table = regime_table(content) if content.regimes is not None else None
    return {
        "c": content,
        "sections": _sections(content, pictures, bool(regimes), bool(studies)),
        "baseline_title": content.title_of(content.baseline),
        "regimes": regimes,
        "overview": overview(content) if regimes else None,
        "draws": content.draws,
        "rules": rule_text(
            {
                outcome.label: (
                    outcome.notice,
                    unit_words(outcome.unit),
                    is_share(outcome.unit),
                )
                for outcome in content.outcomes
                if outcome.notice is not None
            }
        ),
        "judged": _judged(content),
        "pictures": pictures,
        "outside": _outside(content),
        "fit": fit(content),
        "table": table,
        "studies": studies,
        "parameters": parameter_rows(content),
        "grades": _grades(content),
        "not_for": (*content.model.get("not_for", ()), *NOT_FOR),
        "command": " ".join(_quoted(part) for part in content.manifest["command"]),
        "provenance": provenance(content),
    }


def _sections(
    content: Content, pictures: dict[str, Any], regimes: bool, studies: bool
) -> list[tuple[str, str]]:
    found = [("model", "The model")]
    if regimes:
        found = [("answer", "The answer"), *found, ("side-by-side", "Side by side")]
    if pictures["trajectories"] or pictures["history"]:
        found.append(("trajectories", "Over time"))
    if studies:
        found.append(("uncertainty", "What decides it"))
    if content.parameters:
        found.append(("assumptions", "Assumptions"))
    return [*found, ("not-for", "What not to use it for"), ("again", "Make it again")]


def _regimes(content: Content) -> list[dict[str, Any]]:
    found = []
    for scenario in content.scenarios:
        if scenario.id == content.baseline:
            continue
        sentence, details = who_gains(content.changes(scenario.id))
        details += crossings(content, scenario.id)
        found.append(
            {
                "title": scenario.title,
                "story": scenario.story,
                "sentence": sentence,
                "details": details,
                "settings": scenario.values,
            }
        )
    return found


def _judged(content: Content) -> str:
    """Return in words by which outcomes each stakeholder is judged."""
    parts = [
        f"{name[:1].upper()}{name[1:]}: {'; '.join(content.label(k) for k in keys)}."
        for stakeholder, name in STAKEHOLDERS.items()
        if (keys := content.model.get("verdict", {}).get(stakeholder))
    ]
    if not parts:
        return ""
    return f"These outcomes say who gains and who loses. {' '.join(parts)}"


def _outside(content: Content) -> str:
    """Return in words what enters the model from outside: series, then dates."""
    items = content.model.get("exogenous", ())
    titles = dict(content.model.get("titles", {}))
    series = [
        f"{titles.get(item['name'], item['name'])} ({item['from']:g} to {item['to']:g})"
        for item in items
        if item["from"] is not None
    ]
    dated = [
        str(titles.get(item["name"], item["name"]))
        for item in items
        if item["from"] is None
    ]
    parts = []
    if series:
        parts.append(f"From outside come these series only: {listed(series)}.")
    if dated:
        parts.append(
            f"Trends and changes at a date, made of constants: {listed(dated)}."
        )
    return " ".join(parts)


def _grades(content: Content) -> str:
    counts: dict[str, int] = {}
    for parameter in content.parameters:
        grade = str(parameter["grade"])
        counts[grade] = counts.get(grade, 0) + 1
    listed = ", ".join(f"{count} {grade}" for grade, count in sorted(counts.items()))
    return (
        f"{len(content.parameters)} parameters by grade of evidence: {listed}. "
        "Assumptions are shaded and marked ⚠: nothing was found that measures them. "
        "“Not drawn” are conventions, twins of levers before the policies start, and "
        "switches of history: no band or screening moves them."
    )


def _quoted(part: str) -> str:
    return f'"{part}"' if " " in part else part
