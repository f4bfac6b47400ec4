"""What ``check`` tells of a model, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sdmodel.cli.check import check
from sdmodel.errors import ModelFileError
from sdmodel.experiments.inspect import inspect_model
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdmodel.experiments.exogenous import Exogenous

ROOT = Path(__file__).resolve().parents[2]
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
        ("odd", "date"),
        ("policy", "date"),
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


AXIS = BODY[BODY.index("FINAL TIME") :]
CONSTANTS = """
base = 2 ~ year ~|
span = 3 ~ year ~|
rate = 0.1 ~ 1/year ~|
level = 7 ~ Dmnl ~|
stock = INTEG(rate*level, level) ~ Dmnl ~|
start = Time-base ~ year ~|
"""


def series(equation: str, folder: Path) -> dict[str, Exogenous]:
    path = folder / "m.mdl"
    path.write_text(f"{{UTF-8}}\nx = {equation} ~ Dmnl ~|{CONSTANTS}{AXIS}")
    found = inspect_model(read_model(path, cache=False)).exogenous
    return {item.name: item for item in found}


@pytest.mark.parametrize(
    ("equation", "kind", "dates", "pace"),
    [
        ("EXP(rate*(Time-base))", "trend", {"base": 2}, {"rate": 0.1}),
        ("EXP(rate*MAX(0,Time-base))", "trend", {"base": 2}, {"rate": 0.1}),
        ("stock*(1+rate*(Time-INITIAL TIME))", "trend", {"INITIAL TIME": 0}, None),
        ("level+rate*Time", "trend", {}, {"rate": 0.1}),
        ("MIN(9,MAX(3,stock*(1+rate*Time)))", "trend", {}, {"rate": 0.1}),
        ("SIN(Time)", "trend", {}, {}),
        ("MAX(0,MIN(1,(Time-base)/span))", "date", {"base": 2}, {"span": 3}),
        (
            "level*MIN(1,MAX(0,1-(Time-base)/span))",
            "date",
            {"base": 2},
            {"span": 3, "level": 7},
        ),
        ("IF THEN ELSE(Time>=base,stock,0)", "date", {"base": 2}, {}),
        ("IF THEN ELSE(Time>3,level,0)", "date", {"3": 3}, {}),
        ("STEP(stock, base)", "date", {"base": 2}, {}),
        ("RAMP(rate, base, 4)", "date", {"base": 2}, {"rate": 0.1}),
        ("PULSE(base, span)", "date", {"base": 2, "span": 3}, {}),
        ("INTEG(STEP(rate, base), 1)", "date", {"base": 2}, {"rate": 0.1}),
        ("SMOOTH(rate*(Time-base), 2)", "trend", {"base": 2}, {"rate": 0.1}),
        # The same nodes as another variable's, written out a second time:
        ("stock*(Time-base)", "trend", {"base": 2}, {}),
    ],
)
def test_an_equation_that_reads_time_is_a_trend_or_a_date(
    equation: str,
    kind: str,
    dates: Mapping[str, float],
    pace: Mapping[str, float] | None,
    tmp_path: Path,
) -> None:
    found = series(equation, tmp_path)["x"]
    assert found.kind == kind
    assert dates.items() <= found.dates.items()
    if pace is not None:
        assert found.pace == pace


@pytest.mark.parametrize(
    "equation", ["stock*rate", "EXP(start*rate)", "level", "time c"]
)
def test_what_reads_time_through_another_variable_is_not_listed(
    equation: str, tmp_path: Path
) -> None:
    found = series(f"{equation} ~~|\ntime c = 4", tmp_path)
    assert list(found) == ["start"]
    users = ("x",) if "start" in equation else ()
    assert found["start"].used_by == users
    assert found["start"].unit == "year"


def test_everything_exogenous_of_the_consortium_is_listed() -> None:
    model = read_model(ROOT / "models" / "consortium")
    found = {item.name: item for item in inspect_model(model).exogenous}
    told = {
        item.name
        for item in model.variables.values()
        if re.search(r"(?<![\w] )\bTime\b(?! \w)", item.equation)
    }
    assert set(found) == told
    kinds = {
        "net population growth": "table",
        "share 65 plus": "table",
        "historical income index": "table",
        "pandemic severity": "table",
        "income index": "trend",
        "visit price index": "trend",
        "admission price index": "trend",
        "policy phase": "date",
        "coverage phase": "date",
        "case payment phase": "date",
        "consortium phase": "date",
    }
    assert {name: found[name].kind for name in kinds} == kinds
    assert all(item.unit and item.group and item.line for item in found.values())
    assert all(item.used_by for item in found.values())
    assert found["income index"].dates == {"last history year": 2023}
    assert list(found["income index"].pace) == ["real income growth"]
    assert found["policy phase"].dates == {"policy start": 2026}


def test_the_verb_groups_the_series(path: Path) -> None:
    text = CliRunner().invoke(check, [str(path)]).stdout
    assert (
        "Exogenous series: 3\n  Tables over Time: 1\n    wave (Dmnl): 2 points" in text
    )
    assert "Trends (an equation moves with Time): none\n  Dates" in text
    assert "    policy (Dmnl): 2 = 2; feeds nothing" in text
    listed = json.loads(CliRunner().invoke(check, [str(path), "--json"]).stdout)
    assert listed["exogenous"][2]["dates"] == {"2": 2}
    assert listed["exogenous"][0]["used_by"] == ["births"]


def test_an_empty_path_is_not_the_shipped_model() -> None:
    result = CliRunner().invoke(check, [""])
    assert isinstance(result.exception, ModelFileError)
