"""What ``check`` tells of a model, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sdmodel.cli.check import check
from sdmodel.errors import ModelFileError
from sdmodel.experiments.inspect import inspect_model
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

BODY = """{UTF-8}
pop = INTEG(births-pop/life, 100) ~ person ~ people |
births = pop*rate*wave(Time)*effect(pop/100) ~ person/year ~ births |
rate = 30 ~ 1/year [0,1] ~ outside its limits |
life = 50 ~ year ~ life |
wave((0,1),(4,2)) ~ Dmnl ~ over time |
effect((0,1),(4,2)) ~ Dmnl ~ of a stock |
fine[d] = 0.123456789012,2 ~ ~ |
d: a,b ~~|
lag = SMOOTH(pop, short) ~ person ~ lag |
short = 0.3 ~ year ~ short |
odd = IF THEN ELSE(Time = 2, 1, 0) ~ Dmnl ~ odd |
policy = STEP(1, 2) ~ Dmnl ~ policy |
FINAL TIME = 4 ~ year ~|
INITIAL TIME = 0 ~ year ~|
SAVEPER = TIME STEP ~ year ~|
TIME STEP = 0.25 ~ year ~|
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "m.mdl"
    file.write_text(BODY)
    return file


def test_findings(path: Path) -> None:
    found = inspect_model(read_model(path, cache=False))
    assert found.clean
    assert [item.variable for item in found.outside_limits] == ["rate"]
    lint = {item.variable: item.message for item in found.lint}
    assert "less than two steps" in lint["lag"]
    assert "compares Time" in lint["odd"]
    assert "8 decimals" in lint["fine"]
    assert found.unused == ("fine",)
    assert found.without_unit == ("fine",)
    assert found.without_comment == ("fine",)
    assert [(item.name, item.kind) for item in found.exogenous] == [
        ("wave", "table"),
        ("policy", "step"),
    ]
    assert found.exogenous[0].used_by == ("births",)
    assert found.counts["stocks"] == 1


def test_verb_ends_well_or_with_one(path: Path) -> None:
    good = CliRunner().invoke(check, [str(path), "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["clean"] is True
    path.write_text(BODY.replace("rate = 30 ~ 1/year", "rate = 30 ~ year"))
    bad = CliRunner().invoke(check, [str(path)])
    assert bad.exit_code == 1
    assert "'births', line 3" in bad.stdout


def test_what_cannot_be_read_is_an_error(path: Path) -> None:
    path.write_text(BODY.replace("pop*rate", "pop*rote"))
    result = CliRunner().invoke(check, [str(path)])
    assert isinstance(result.exception, ModelFileError)
    assert "nearest: 'rate'" in str(result.exception)
