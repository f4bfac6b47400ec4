"""Units: reading them, and finding where they disagree."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from sdmodel.model.unit_check import check_units
from sdmodel.model.units import UnitTextError, parse_unit, show
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

TAIL = """
pop = 5 ~ person ~|
life = 50 ~ years ~|
share = 0.3 ~ Dmnl ~|
price = 3 ~ CNY/(person*year) ~|
effect((0,1),(1,2)) ~ Dmnl ~|
FINAL TIME = 4 ~ year ~|
INITIAL TIME = 0 ~ year ~|
SAVEPER = TIME STEP ~ year ~|
TIME STEP = 0.25 ~ year ~|
"""


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("person/year", "people / years"),
        ("CNY/(person*year)", "CNY/person/year"),
        ("1/year", "year^-1"),
        ("Dmnl", "1"),
        ("person*person", "person^2"),
        ("(CNY/person)/(1/year)", "CNY*year/person"),
    ],
)
def test_same_unit_written_otherwise(text: str, same: str) -> None:
    assert parse_unit(text) == parse_unit(same)


@pytest.mark.parametrize("text", ["person/", "(person", "*", "a^b", "person)"])
def test_what_is_no_unit(text: str) -> None:
    with pytest.raises(UnitTextError):
        parse_unit(text)


def test_shown_as_written() -> None:
    assert show(parse_unit("CNY/person/year")) == "cny/(person*year)"
    assert show(parse_unit("1/years")) == "1/year"


def problems(equation: str, unit: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "m.mdl"
    path.write_text(f"{{UTF-8}}\nx = {equation} ~ {unit} ~|" + TAIL)
    found = check_units(read_model(path, cache=False))
    assert all(item.variable == "x" and item.line == 2 for item in found)
    return [item.message for item in found]


@pytest.mark.parametrize(
    ("equation", "unit"),
    [
        ("pop/life", "person/year"),
        ("pop*price*(1-share)", "CNY/year"),
        ("MAX(0, pop) + 3", "persons"),
        ("IF THEN ELSE(Time > 2026, pop, 0)", "person"),
        ("EXP(-Time/life)", "Dmnl"),
        ("(pop/3)^2/pop", "person"),
        ("SQRT(pop*pop)", "person"),
        ("SMOOTH3(pop, life)", "person"),
        ("DELAY1I(pop, 2, 7)", "person"),
        ("INTEG(pop/life, pop)", "person"),
        ("WITH LOOKUP(Time/life, ([(0,0)-(1,1)],(0,0),(1,1)))", "CNY"),
        ("effect(Time/life)*pop", "person"),
        ("ZIDZ(pop, life)", "person/year"),
        ("XIDZ(pop, pop, 1)", "Dmnl"),
        ("STEP(pop, 2)", "person"),
        ("RAMP(pop/life, 2, 3)", "person"),
        ("PULSE(2, life)*share", "Dmnl"),
        ("TREND(pop, life, 0)", "1/year"),
        ("(1+share)^(Time/life)", "Dmnl"),
        ("INITIAL(pop)", "person"),
    ],
)
def test_agreeing_units(equation: str, unit: str, tmp_path: Path) -> None:
    assert problems(equation, unit, tmp_path) == []


@pytest.mark.parametrize(
    ("equation", "unit", "words"),
    [
        ("pop + life", "person", "the two sides of + differ: person and year"),
        ("pop*life", "person", "its unit is person, its equation gives person*year"),
        ("EXP(pop)", "Dmnl", "the argument of EXP has the unit person"),
        ("MAX(pop, life)", "person", "the arguments of MAX differ"),
        ("IF THEN ELSE(pop > life, 1, 0)", "Dmnl", "the two sides of > differ"),
        ("IF THEN ELSE(share > 1, pop, life)", "person", "two branches of IF THEN"),
        ("INTEG(pop, pop)", "person", "needs person/year"),
        ("INTEG(pop/life, life)", "person", "initial value differ"),
        ("SMOOTH(pop, share)", "person", "the time of SMOOTH is not in units of Time"),
        ("pop^share", "person", "raised to a power that is not a number"),
        ("share^life", "Dmnl", "an exponent has the unit year"),
        ("STEP(pop, share)", "person", "the moment of STEP"),
    ],
)
def test_disagreeing_units(
    equation: str, unit: str, words: str, tmp_path: Path
) -> None:
    assert any(words in item for item in problems(equation, unit, tmp_path))


def test_a_unit_that_is_none(tmp_path: Path) -> None:
    assert problems("1", "person//", tmp_path) == [
        "'person//' is not a unit; write names with * / ^ ( )"
    ]


@pytest.mark.skipif(find_spec("simlin") is None, reason="pysimlin is not installed")
def test_a_second_reader_finds_nothing_in_the_shipped_model(
    consortium_folder: Path,
) -> None:
    import simlin

    model = simlin.load(str(consortium_folder / "consortium.mdl"))
    assert list(model.check()) == []
    assert list(model.check_units()) == []
