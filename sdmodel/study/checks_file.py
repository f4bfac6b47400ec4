"""Reading ``checks.toml``: every problem of the file at once."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sdmodel.errors import DataError, SdmodelError, did_you_mean
from sdmodel.study.amounts import factor_of, multiplied
from sdmodel.study.checks import (
    LOWEST_STOCK,
    RELATIONS,
    WORST,
    Balance,
    Check,
    Checks,
    Comparison,
    HistoryRule,
    Measure,
    Relation,
)
from sdmodel.study.controls import unit_of
from sdmodel.study.expression import Expression, element_names, parse, parse_with
from sdmodel.study.names import settable
from sdmodel.study.outcomes import SUMMARY_NAMES, Outcome
from sdmodel.study.scenario import BASELINE, Scenario, read_scenario
from sdmodel.study.tidy import Reader
from sdmodel.study.toml_files import read_toml
from sdmodel.study.values import (
    Value,
    limit_problem,
    mix_problems,
    parse_value,
    time_problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.controls import Control

FILE = "checks.toml"
DRAWS = (16, 4096)
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def read_checks(
    folder: Path,
    model: Model,
    controls: tuple[Control, ...],
    outcomes: Sequence[Outcome],
) -> Checks:
    """Read ``checks.toml`` of a model folder.

    Raises
    ------
    DataError
        If it is missing or wrong; every problem at once.
    """
    path = folder / FILE
    table = read_toml(path, DataError, "table of checks")
    read = Reader(path)
    read.keys(table, ("runs", "history", "balance", "check"), "")
    runs = _runs(read, table, folder, model, controls)
    names = _Names(model, element_names(model), {o.id: o for o in outcomes}, runs)
    checks: dict[str, Check] = {}
    for place, item in read.tables(table, "check"):
        check = _check(read, place, item, names)
        if check is None:
            continue
        if check.id in checks:
            read.say(place, f"'{check.id}' stands twice")
        checks[check.id] = check
    balance = read.table(table, "balance")
    balances = tuple(_balances(read, balance, names))
    tolerance = read.number(balance, "tolerance", "[balance]", default=1e-9)
    history = _history(read, table)
    if not checks and not balances and not read.problems:
        read.say("", "holds no check; give at least one [[check]]")
    if read.problems:
        raise DataError(read.problems)
    return Checks(path, runs, tuple(checks.values()), balances, history, tolerance)


@dataclass(frozen=True)
class _Names:
    """What the names of a figure may refer to."""

    model: Model
    elements: Mapping[str, str]
    outcomes: Mapping[str, Outcome]
    runs: Mapping[str, Scenario]
    own: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def expression(self, text: str) -> Expression:
        if text in self.outcomes:
            return self.outcomes[text].expression
        return parse(self.own.get(text, text), self.model, self.elements)

    def measure(self, text: str, of: str) -> Measure:
        """Return what ``"outcome@2035 in run"``, or a run's name alone, stands for."""
        what, inside, run = text.rpartition(" in ")
        if not inside:
            what, run = of, text
        if run.strip() not in self.runs:
            hint = did_you_mean(run.strip(), self.runs)
            msg = f"no run '{run.strip()}' under [runs]{hint}"
            raise ValueError(msg)
        if not what:
            msg = (
                f"'{text}' names a run alone; say of what: 'of = \"outcome@2035\"', or "
                f'"outcome@2035 in {text}"'
            )
            raise ValueError(msg)
        name, _, when = what.partition("@")
        name, when = name.strip(), when.strip()
        if name == LOWEST_STOCK:
            stocks = tuple(("name", state.name) for state in self.model.states)
            return Measure(text, run.strip(), Expression(name, stocks), LOWEST_STOCK)
        outcome = self.outcomes.get(name)
        summary: str = outcome.summary if outcome else "final"
        year: float | None = None
        if when in (*SUMMARY_NAMES, WORST):
            summary = when
        elif when:
            try:
                year = float(when)
            except ValueError:
                allowed = (*SUMMARY_NAMES, WORST)
                msg = (
                    f"'{what}': '{when}' is neither a year nor a summary; allowed: "
                    f"a year, {', '.join(allowed)}{did_you_mean(when, allowed)}"
                )
                raise ValueError(msg) from None
            start, stop = self.model.time.start, self.model.time.last
            if not start <= year <= stop:
                msg = f"'{what}': the model runs from {start:g} to {stop:g}"
                raise ValueError(msg)
        return Measure(text, run.strip(), self._expression(name), str(summary), year)

    def _expression(self, name: str) -> Expression:
        try:
            return self.expression(name)
        except ValueError as error:
            known = [*self.own, *self.outcomes]
            hint = did_you_mean(name, known)
            msg = f"'{name}': {error}" + (hint if "nearest" not in str(error) else "")
            raise ValueError(msg) from error


def _runs(
    read: Reader,
    table: Mapping[str, object],
    folder: Path,
    model: Model,
    controls: tuple[Control, ...],
) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    for name, item in read.table(table, "runs").items():
        place = f"[runs.{name}]"
        if not isinstance(item, dict):
            read.say(place, f"{item!r}; allowed: a table with scenario and set")
            continue
        read.keys(item, ("scenario", "set", "outside"), place)
        start = read.text(item, "scenario", place, default=BASELINE)
        outside = item.get("outside", False)
        if not isinstance(outside, bool):
            read.say(place, f"outside = {outside!r}; allowed: true or false")
        try:
            scenario = read_scenario(start, folder, model, controls)
        except SdmodelError as error:
            for problem in error.problems:
                read.say(place, problem)
            continue
        values = dict(scenario.values)
        values |= _values(read, item, place, model, controls, outside=bool(outside))
        for said in () if outside else mix_problems(values, model, controls):
            read.say(place, said)
        found[name] = dataclasses.replace(scenario, id=name, values=values)
    return found


def _values(
    read: Reader,
    item: Mapping[str, object],
    place: str,
    model: Model,
    controls: tuple[Control, ...],
    *,
    outside: bool,
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, given in read.table(item, "set", place).items():
        try:
            elements, value = settable(key, model, controls), parse_value(given)
        except ValueError as error:
            read.say(place, f"'{key}': {error}")
            continue
        for element in elements:
            factor = factor_of(unit_of(element, model), model.scale)
            values[element] = multiplied(value, factor)
            said = limit_problem(element, values[element], model, controls)
            if said and not outside:
                read.say(place, f"'{element}': {said}; or say outside = true")
            if said := time_problem(element, value, model):
                read.say(place, f"'{element}': {said}")
    return values


def _check(
    read: Reader, place: str, item: Mapping[str, object], names: _Names
) -> Check | None:
    before = len(read.problems)
    keys = ("id", "title", "claim", "source", "measures", "draws", "seed", "compare")
    read.keys(item, keys, place)
    name = read.text(item, "id", place)
    if name and not _ID.fullmatch(name):
        read.say(place, f"id '{name}'; allowed: letters, digits, '_', '-' and '.'")
    place = f"check '{name}'" if name else place
    own = {}
    for key, text in read.table(item, "measures", place).items():
        if isinstance(text, str):
            own[key] = text
        else:
            read.say(place, f"measure '{key}': {text!r}; allowed: an expression")
    names = dataclasses.replace(names, own=own)
    draws = int(read.number(item, "draws", place, default=0.0))
    if draws and not DRAWS[0] <= draws <= DRAWS[1]:
        read.say(place, f"draws = {draws}; allowed: {DRAWS[0]} to {DRAWS[1]}")
    comparisons = [
        _comparison(read, where, one, names)
        for where, one in read.tables(item, "compare", place)
    ]
    if not comparisons:
        read.say(place, "compares nothing; give at least one [[check.compare]]")
    check = Check(
        id=name,
        title=read.texts(item, "title", place),
        claim=read.texts(item, "claim", place),
        source=read.text(item, "source", place),
        comparisons=tuple(c for c in comparisons if c is not None),
        draws=draws,
        seed=int(read.number(item, "seed", place, default=1.0)),
    )
    if not draws and "both signs" in {
        str(one.get("relation")) for _, one in read.tables(item, "compare", place)
    }:
        read.say(place, "'both signs' is asked over draws; say how many: draws = 256")
    return check if len(read.problems) == before else None


def _comparison(
    read: Reader, place: str, item: Mapping[str, object], names: _Names
) -> Comparison | None:
    before = len(read.problems)
    keys = ("says", "of", "figure", "relation", "bound", "tolerance", "unit")
    read.keys(item, keys, place)
    of = read.text(item, "of", place, default="")
    text = read.text(item, "figure", place)
    measures: dict[str, Measure] = {}

    def resolve(name: str) -> str:
        measures[name] = names.measure(name, of)
        return name

    figure = Expression("", ())
    if text:
        try:
            figure = parse_with(text, resolve)
        except ValueError as error:
            read.say(place, f"figure: {error}")
    relation = read.text(item, "relation", place)
    if relation and relation not in RELATIONS:
        hint = did_you_mean(relation, RELATIONS)
        read.say(place, f"'{relation}'; allowed: {', '.join(RELATIONS)}{hint}")
    bound = read.numbers(item, "bound", place, count=2 if relation == "between" else 1)
    tolerance = read.number(item, "tolerance", place, default=0.0)
    if tolerance < 0 or (tolerance and relation != "="):
        read.say(
            place, f"tolerance = {tolerance:g}; it belongs to '=' and is not negative"
        )
    if relation == "both signs" and bound and bound[0] <= 0:
        read.say(place, f"bound = {bound[0]:g}; both signs need a size above 0")
    says = read.texts(item, "says", place)
    if len(read.problems) > before:
        return None
    return Comparison(
        says=says,
        figure=figure,
        measures=measures,
        relation=cast("Relation", relation),
        bound=bound,
        tolerance=tolerance,
        unit=read.text(item, "unit", place, default=""),
    )


def _balances(
    read: Reader, table: Mapping[str, object], names: _Names
) -> list[Balance]:
    read.keys(table, ("tolerance", "of"), "[balance]")
    found = []
    for place, item in read.tables(table, "of", "balance"):
        read.keys(item, ("id", "title", "held", "in", "out"), place)
        before = len(read.problems)
        sides: dict[str, tuple[Expression, ...]] = {}
        for side in ("held", "in", "out"):
            texts = read.list_of_texts(item, side, place)
            parts = []
            for text in texts:
                try:
                    parts.append(names.expression(text))
                except ValueError as error:
                    read.say(place, f"{side}: {error}")
            sides[side] = tuple(parts)
        if len(sides["held"]) != 1:
            read.say(place, "held: give one expression, such as a sum of stocks")
        if len(read.problems) == before:
            found.append(
                Balance(
                    read.text(item, "id", place),
                    read.texts(item, "title", place),
                    sides["held"][0],
                    sides["in"],
                    sides["out"],
                )
            )
    return found


def _history(read: Reader, table: Mapping[str, object]) -> HistoryRule:
    item = read.table(table, "history")
    place = "[history]"
    read.keys(item, ("mape", "late", "shock"), place)
    late = read.number(item, "late", place, default=float("nan"))
    shock = read.numbers(item, "shock", place, count=2) if "shock" in item else ()
    return HistoryRule(
        mape=read.number(item, "mape", place, default=HistoryRule.mape),
        late=None if late != late else late,
        shock=(shock[0], shock[1]) if len(shock) == 2 else None,
    )
