"""Do the units of every equation agree? Dimension algebra over Vensim's equations.

A number in an equation fits any unit that stands beside it (``MAX(0, x)``), as in
simlin; a variable without a unit does too, and is listed elsewhere. Arguments of
EXP, LN and their like must be dimensionless, delay times must be in units of Time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from sdmodel.model.core import Model, Variable, plain
from sdmodel.model.unit_rules import Ledger, unit_of_call
from sdmodel.model.units import (
    NONE,
    Sense,
    UnitTextError,
    parse_unit,
    power_of,
    show,
    times,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<name>"[^"]*"|[^\W\d][\w\s\'$]*)'
    r"|(?P<word>:[A-Za-z ]+:)"
    r"|(?P<sign><>|<=|>=|[-+*/^()\[\],;=<>!'.{}]))"
)


@dataclass(frozen=True)
class UnitProblem:
    """Two units that disagree, and where."""

    variable: str
    line: int | None
    equation: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one sentence with its equation."""
        where = f", line {self.line}" if self.line else ""
        return f"'{self.variable}'{where}: {self.message}; equation: {self.equation}"


def check_units(model: Model) -> tuple[UnitProblem, ...]:
    """Return every disagreement of units in a Vensim model's equations.

    Equations of XMILE files are written otherwise and are not read; their units are
    only checked for being units.
    """
    problems: list[UnitProblem] = []
    units: dict[str, Sense] = {}
    for item in model.variables.values():
        try:
            units[plain(item.name)] = parse_unit(item.unit)
        except UnitTextError:
            what = f"'{item.unit[:80]}' is not a unit; write names with * / ^ ( )"
            problems.append(UnitProblem(item.name, item.line, item.unit, what))
            units[plain(item.name)] = None
    if not model.path.lower().endswith(".mdl"):
        return tuple(problems)
    time = next(
        (
            units[plain(name)]
            for name in ("TIME STEP", "INITIAL TIME", "FINAL TIME")
            if units.get(plain(name)) is not None
        ),
        None,
    )
    units["time"] = time
    kinds = {plain(item.name): item.kind for item in model.variables.values()}
    for item in model.variables.values():
        if item.kind != "lookup":
            problems += _check(item, units, kinds, time)
    return tuple(problems)


_COLON = re.compile(r'"[^"]*"|:[A-Z ]+:|:', re.IGNORECASE)
"""Words in colons, and the colon in front of what a macro gives besides its value."""


def _check(
    item: Variable, units: Mapping[str, Sense], kinds: Mapping[str, str], time: Sense
) -> Iterator[UnitProblem]:
    own = units[plain(item.name)]
    for equation in item.equation.split("\n"):
        text = re.sub(
            r"^\s*\[[^\]]*\](\s*:EXCEPT:\s*(\[[^\]]*\]\s*,?\s*)+)?\s*=", "", equation
        )
        text = _COLON.sub(lambda found: found[0] if found[0][1:] else ",", text)
        ledger = Ledger(time, own)
        reader = _Reader(text, units, kinds, ledger)
        try:
            found = reader.whole()
        except UnitTextError as error:
            ledger.notes.append(f"not checked ({error})")
            found = None
        except RecursionError:
            ledger.notes.append("not checked (too deeply nested)")
            found = None
        if found is not None and own is not None and dict(found) != dict(own):
            ledger.notes.append(
                f"its unit is {show(own)}, its equation gives {show(found)}"
            )
        for note in dict.fromkeys(ledger.notes):
            shown = " ".join(text.split())
            yield UnitProblem(item.name, item.line, shown, note)


@dataclass
class _Reader:
    """Reads one right-hand side; notes every disagreement and goes on."""

    text: str
    units: Mapping[str, Sense]
    kinds: Mapping[str, str]
    ledger: Ledger
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0

    def whole(self) -> Sense:
        """Return the unit of the whole text."""
        if re.fullmatch(r"[-+\d.eE,;\s]*", self.text) or self.text.upper().startswith(
            "TABBED ARRAY"
        ):
            return None
        position, end = 0, len(self.text.rstrip())
        while position < end:
            found = _TOKEN.match(self.text, position)
            if found is None:
                raise UnitTextError(self.text[position : position + 20])
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind].strip()))
            position = found.end()
        unit = self._or()
        if self.at < len(self.tokens):
            raise UnitTextError(self.tokens[self.at][1])
        return unit

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, expected: str = "") -> str:
        word = self._peek()
        if not word or (expected and word != expected):
            raise UnitTextError(f"'{word or 'the end'}' where '{expected}' belongs")
        self.at += 1
        return word

    def _or(self) -> Sense:
        unit = self._comparison()
        while self._peek().upper() in {":AND:", ":OR:"}:
            self._take()
            self._comparison()
            unit = NONE
        return unit

    def _comparison(self) -> Sense:
        if self._peek().upper() == ":NOT:":
            self._take()
            self._comparison()
            return NONE
        unit = self._sum()
        while self._peek() in {"=", "<>", "<", "<=", ">", ">="}:
            sign = self._take()
            self.ledger.same(unit, self._sum(), f"the two sides of {sign} differ")
            unit = NONE
        return unit

    def _sum(self) -> Sense:
        unit = self._product()
        while self._peek() in {"+", "-"}:
            sign = self._take()
            unit = self.ledger.same(
                unit, self._product(), f"the two sides of {sign} differ"
            )
        return unit

    def _product(self) -> Sense:
        unit = self._sign()
        while self._peek() in {"*", "/"}:
            sign = 1 if self._take() == "*" else -1
            other = self._sign()
            if unit is not None or other is not None:
                unit = times(unit or NONE, other or NONE, sign)
        return unit

    def _sign(self) -> Sense:
        if self._peek() in {"-", "+"}:
            self._take()
            return self._sign()
        base = self._atom()
        if self._peek() != "^":
            return base
        self._take()
        start = self.at
        power = self._sign()
        if power is not None and power:
            self.ledger.notes.append(f"an exponent has the unit {show(power)}")
        if not base:
            return base
        try:
            text = "".join(word for _, word in self.tokens[start : self.at])
            # Written out, 1e999999999 has a billion digits.
            known = "" if "e" in text.lower() else text
            return power_of(base, Fraction(known.strip("()")))
        except (ValueError, ZeroDivisionError):
            self.ledger.notes.append(
                f"{show(base)} raised to a power that is not a number"
            )
            return None

    def _atom(self) -> Sense:
        if self.at >= len(self.tokens):
            raise UnitTextError("it ends too early")
        kind, word = self.tokens[self.at]
        if kind == "number" or word.upper() == ":NA:":
            self.at += 1
            return None
        if word == "(":
            self._take()
            unit = self._or()
            self._take(")")
            return unit
        if kind != "name":
            raise UnitTextError(f"'{word}'")
        self.at += 1
        if self._peek() == "[":
            while self._take() != "]":
                pass
        if self._peek() == "(":
            return self._call(plain(word))
        return self.units.get(plain(word))

    def _call(self, name: str) -> Sense:
        self._take("(")
        if name == "withlookup":
            self._or()
            self._skip()
            return None
        given: list[Sense] = []
        while self._peek() != ")":
            if self._peek() == "'":
                self._skip()
                return None
            given.append(self._or())
            if self._peek() == ",":
                self._take()
        self._take(")")
        if self.kinds.get(name) == "lookup":
            return self.units.get(name)
        return unit_of_call(self.ledger, name, given)

    def _skip(self) -> None:
        """Pass everything up to the parenthesis that closes this call."""
        depth = 1
        while depth:
            word = self._take()
            depth += (word == "(") - (word == ")")
