"""The names in a study file, matched to those of its model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import UsageError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.factors import ROLE_FACTORS, Mix, whole_mixes
from sdmodel.study.locate import usable
from sdmodel.study.outcomes import Outcome, parse_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control
    from sdmodel.study.study import Study


def with_scenarios(study: Study, known: Sequence[str], problems: list[str]) -> Study:
    """Return the study with its scenarios as the model calls them."""
    by_plain = {plain(name).replace("-", ""): name for name in known}
    found: list[str] = []
    for name in study.scenarios:
        if name.casefold().endswith(".toml"):
            beside = (study.path.parent if study.path else Path()) / name
            if not usable(name) or not beside.is_file():
                problems.append(f"{study.path}, 'scenarios': no file '{beside}'")
            found.append(str(beside))
            continue
        true_name = by_plain.get(plain(name).replace("-", ""))
        if true_name is None:
            problems.append(
                f"{study.path}, 'scenarios': no scenario '{name}'"
                f"{did_you_mean(name, known, len(problems))}"
            )
            continue
        found.append(true_name)
    return dataclasses.replace(study, scenarios=tuple(found))


def with_outcomes(
    study: Study,
    known: Sequence[Outcome],
    model: Model | None,
    problems: list[str],
) -> Study:
    """Return the study with its outcome keys as the model writes them."""
    found: list[str] = []
    for text in study.outcomes:
        try:
            found.append(parse_key(text, known, model).text)
        except UsageError as error:
            problems += [f"{study.path}, 'outcomes': {said}" for said in error.problems]
    return dataclasses.replace(study, outcomes=tuple(found))


def with_controls(
    study: Study, controls: Sequence[Control], problems: list[str]
) -> Study:
    """Return the study with its factors and mixes as ``controls.csv`` has them."""
    by_plain = {plain(control.name): control for control in controls}
    words = (*ROLE_FACTORS, *(control.name for control in controls))
    factors: list[str] = []
    for text in study.factors:
        if text in ROLE_FACTORS:
            factors.append(text)
        elif plain(text) in by_plain:
            factors.append(by_plain[plain(text)].name)
        else:
            problems.append(
                f"{study.path}, [design], 'factors': no control '{text}'; allowed: "
                f"levers, uncertainties or a name of controls.csv"
                f"{did_you_mean(text, words, len(problems))}"
            )
    owner: dict[str, str] = {}
    true_mixes: list[Mix] = []
    for mix in study.mixes:
        names: list[str] = []
        for text in mix.names:
            place = f"{study.path}, [design], mix '{mix.name}'"
            control = by_plain.get(plain(text))
            if control is None:
                hint = did_you_mean(text, words[len(ROLE_FACTORS) :], len(problems))
                problems.append(f"{place}: no control '{text}'{hint}")
                continue
            if control.mix is None and not 0 <= control.min < control.max <= 1:
                problems.append(
                    f"{place}: '{control.name}' is no share: its limits are "
                    f"{control.min:g} … {control.max:g}; a mix holds shares, "
                    "from 0 to 1"
                )
                continue
            if control.name in owner:
                problems.append(
                    f"{place}: '{control.name}' is already in '{owner[control.name]}'"
                )
            owner[control.name] = mix.name
            names.append(control.name)
        true_mixes.append(Mix(mix.name, tuple(names)))
    study = dataclasses.replace(study, factors=tuple(factors), mixes=tuple(true_mixes))
    return dataclasses.replace(study, mixes=whole_mixes(study, controls, problems))
