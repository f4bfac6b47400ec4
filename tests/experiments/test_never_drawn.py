"""What no sample may move: conventions, twins of levers, and switches of history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdmodel.cli.studying import open_study
from sdmodel.experiments.space import NOT_DRAWN, drawable, study_space
from sdmodel.experiments.verdicts import rows_needed
from sdmodel.experiments.workbook import open_workbook
from tests.experiments.functions_with_known_indices import control


@pytest.mark.parametrize("group", sorted(NOT_DRAWN))
def test_a_control_of_such_a_group_is_drawn_only_if_named(group: str) -> None:
    free = control("free")
    held = replace(control("held"), group=group)
    assert drawable([free, held]) == (free,)
    assert drawable([free, held], {"held"}) == (free, held)


def test_no_study_or_band_of_the_shipped_model_draws_them() -> None:
    workbook, study = open_study("payment")
    groups = {c.name: c.group for c in workbook.controls}
    assert set(NOT_DRAWN) <= set(groups.values())
    everything = replace(study, factors=("levers", "uncertainties"), mixes=())
    for asked in (study, everything):
        names = study_space(asked, workbook.controls).names
        assert not {groups[name] for name in names} & set(NOT_DRAWN)
    twin = "status quo strictness"
    named = replace(study, factors=(*study.factors, twin))
    assert twin in study_space(named, workbook.controls).names


def test_the_shipped_study_holds_levers_and_assumptions() -> None:
    workbook, study = open_study("payment")
    space = study_space(study, workbook.controls)
    roles = [group.role for group in space.groups]
    assert roles.count("lever") >= 10
    assert roles.count("uncertainty") >= 14
    assert {"inpatient payment", "outpatient payment"} <= {g.id for g in space.groups}
    assert (study.method, study.n, study.n & (study.n - 1)) == ("sobol", study.n, 0)
    assert study.n >= 1024
    of = {outcome.id: outcome.stakeholder for outcome in workbook.outcomes}
    assert {of[key] for key in study.outcomes} == {
        "patients",
        "primary",
        "fund",
        "hospitals",
    }


def test_the_baseline_names_no_twin() -> None:
    workbook = open_workbook("consortium")
    groups = {c.name: c.group for c in workbook.controls}
    for name in workbook.scenario_ids():
        values = dict(workbook.scenario(name).values)
        named = {groups[key] for key in values if key in groups}
        # Shocks are there for a scenario to set.
        assert not named & (set(NOT_DRAWN) - {"shocks"})


@pytest.mark.parametrize(
    ("n", "widest", "allowed", "needed"),
    [
        (1024, 0.05, 0.05, 1024),
        (1024, 0.01, 0.05, 1024),
        (1024, 0.1, 0.05, 4096),
        (2048, 0.072, 0.05, 8192),
        (2048, 0.051, 0.05, 4096),
        (16, float("nan"), 0.1, 0),
    ],
)
def test_intervals_shrink_with_the_root_of_the_sample(
    n: int, widest: float, allowed: float, needed: int
) -> None:
    assert rows_needed(n, widest, allowed) == needed
