"""How an outcome is made up: a sum of items, each a product of factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.errors import DataError, did_you_mean
from sdmodel.model.core import plain
from sdmodel.study.expression import Expression, element_names, parse, parse_with
from sdmodel.study.tidy import Reader
from sdmodel.study.toml_files import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.outcomes import Outcome

FILE = "accounts.toml"


@dataclass(frozen=True)
class Account:
    """An outcome as the sum over items of the product of their factors.

    ``factors`` maps each factor to its names (en, zh); ``measures`` are expressions
    that items may name, in the order in which they build on one another; ``items`` map
    factors to expressions, a factor that is left out being one.
    """

    outcome: str
    title: Mapping[str, str]
    factors: Mapping[str, Mapping[str, str]]
    measures: Mapping[str, Expression]
    items: Mapping[str, Mapping[str, Expression]]

    @property
    def names(self) -> tuple[str, ...]:
        """Elements of the model that it reads, each once."""
        parts = [*self.measures.values()]
        parts += [e for item in self.items.values() for e in item.values()]
        return tuple(
            dict.fromkeys(n for e in parts for n in e.names if n not in self.measures)
        )


def read_accounts(
    folder: Path | None, model: Model, outcomes: Sequence[Outcome]
) -> tuple[Account, ...]:
    """Return the accounts of a model folder; none without the file.

    Raises
    ------
    DataError
        If ``accounts.toml`` is wrong; every problem at once.
    """
    if folder is None or not (folder / FILE).is_file():
        return ()
    path = folder / FILE
    table = read_toml(path, DataError, "table of accounts")
    read = Reader(path)
    read.keys(table, ("account",), "")
    known = [outcome.id for outcome in outcomes]
    found = [
        _account(read, place, item, model, known)
        for place, item in read.tables(table, "account")
    ]
    if not found and not read.problems:
        read.say("", "holds no account; give at least one [[account]]")
    if read.problems:
        raise DataError(read.problems)
    return tuple(found)


def _account(
    read: Reader,
    place: str,
    table: Mapping[str, object],
    model: Model,
    outcomes: Sequence[str],
) -> Account:
    read.keys(table, ("outcome", "title", "factors", "measures", "item"), place)
    outcome = read.text(table, "outcome", place)
    if outcome and outcome not in outcomes:
        hint = did_you_mean(outcome, outcomes)
        read.say(place, f"no outcome '{outcome}' in outcomes.csv{hint}")
    given = read.table(table, "factors", place)
    factors = {name: read.texts(given, name, f"{place}, factors") for name in given}
    if len(factors) < 2:
        read.say(place, "factors: give two or more, each with a name in both languages")
    elements = element_names(model)
    measures: dict[str, Expression] = {}

    def expression(text: object, where: str) -> Expression:
        if not isinstance(text, str):
            read.say(where, f"{text!r}; allowed: an expression in quotes")
            return Expression("", ())
        try:
            return parse_with(text, resolve)
        except ValueError as error:
            read.say(where, str(error))
            return Expression("", ())

    def resolve(name: str) -> str:
        if name in measures:
            return name
        found = elements.get(plain(name))
        if found is None:
            parse(name, model, elements)  # says what is wrong with it
        return str(found)

    for name, text in read.table(table, "measures", place).items():
        measures[name] = expression(text, f"{place}, measures, '{name}'")
    items: dict[str, dict[str, Expression]] = {}
    for where, item in read.tables(table, "item", place):
        read.keys(item, ("id", *factors), where)
        name = read.text(item, "id", where)
        if name in items:
            read.say(where, f"'{name}' stands twice")
        items[name] = {
            factor: expression(text, f"{where}, '{factor}'")
            for factor, text in item.items()
            if factor in factors
        }
    if not items:
        read.say(place, "has no items; give at least one [[account.item]]")
    return Account(outcome, read.texts(table, "title", place), factors, measures, items)
