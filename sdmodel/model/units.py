"""Do the units of every equation agree? Dimension algebra over Vensim's equations.

A number in an equation fits any unit that stands beside it (``MAX(0, x)``), as in
simlin; a variable without a unit does too, and is listed elsewhere. Arguments of
EXP, LN and their like must be dimensionless, delay times must be in units of Time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from sdmodel.model.core import Model, Variable, plain

Unit = Mapping[str, Fraction]
"""Exponent by base unit; empty is dimensionless."""
Sense = Unit | None
"""A unit, or None for a number, which fits any."""

NONE: Unit = MappingProxyType({})
_DIMENSIONLESS = {"dmnl", "dimensionless", "1", "fraction", "none", "unitless"}
_SAME = {"people": "person", "persons": "person", "$": "dollar", "usd": "dollar"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<name>"[^"]*"|[^\W\d][\w\s\'$]*)'
    r"|(?P<word>:[A-Za-z ]+:)"
    r"|(?P<sign><>|<=|>=|[-+*/^()\[\],;=<>!'.{}]))"
)


class UnitTextError(ValueError):
    """A unit or equation that cannot be read as one."""


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


def _base(name: str) -> str:
    """Return a unit's name in its singular."""
    word = " ".join(name.split()).casefold()
    word = _SAME.get(word, word)
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def parse_unit(text: str) -> Sense:
    """Return the exponents of ``CNY/(person*year)``; None for an empty text.

    Raises
    ------
    UnitTextError
        If the text is not names joined by ``* / ^ ( )``.
    """
    if not text.strip():
        return None
    tokens = re.findall(r"[*/^()]|[^*/^()]+", text)
    position = 0

    def factor() -> Unit:
        nonlocal position
        if position >= len(tokens):
            raise UnitTextError(text)
        word = tokens[position].strip()
        position += 1
        if not word:
            return factor()
        if word == "(":
            inner = product()
            if position >= len(tokens) or tokens[position].strip() != ")":
                raise UnitTextError(text)
            position += 1
        elif word in "*/^)":
            raise UnitTextError(text)
        elif word.casefold() in _DIMENSIONLESS or _is_number(word):
            inner = NONE
        else:
            inner = {_base(word): Fraction(1)}
        while position < len(tokens) and not tokens[position].strip():
            position += 1
        if position < len(tokens) and tokens[position] == "^":
            try:
                power = Fraction(tokens[position + 1].strip().strip("()"))
            except (IndexError, ValueError):
                raise UnitTextError(text) from None
            position += 2
            inner = _power(inner, power)
        return inner

    def product() -> Unit:
        nonlocal position
        total = factor()
        while position < len(tokens) and tokens[position].strip() in {"*", "/", ""}:
            sign = tokens[position].strip()
            position += 1
            if sign:
                total = _times(total, factor(), 1 if sign == "*" else -1)
        return total

    unit = product()
    if position < len(tokens):
        raise UnitTextError(text)
    return unit


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _times(a: Unit, b: Unit, sign: int = 1) -> Unit:
    total = dict(a)
    for name, power in b.items():
        total[name] = total.get(name, Fraction(0)) + sign * power
    return {name: power for name, power in total.items() if power}


def _power(unit: Unit, power: Fraction) -> Unit:
    return {name: own * power for name, own in unit.items() if own * power}


def show(unit: Sense) -> str:
    """Return a unit as text: ``CNY/(person*year)``."""
    if unit is None:
        return "a number"

    def part(names: Mapping[str, Fraction]) -> str:
        return "*".join(
            name if power == 1 else f"{name}^{power}"
            for name, power in sorted(names.items())
        )

    above = {name: power for name, power in unit.items() if power > 0}
    below = {name: -power for name, power in unit.items() if power < 0}
    if not below:
        return part(above) or "Dmnl"
    text = part(below)
    return f"{part(above) or '1'}/{f'({text})' if '*' in text else text}"


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
            what = f"'{item.unit}' is not a unit; write names with * / ^ ( )"
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


def _check(
    item: Variable, units: Mapping[str, Sense], kinds: Mapping[str, str], time: Sense
) -> Iterator[UnitProblem]:
    own = units[plain(item.name)]
    for equation in item.equation.split("\n"):
        text = re.sub(
            r"^\s*\[[^\]]*\](\s*:EXCEPT:\s*(\[[^\]]*\]\s*,?\s*)+)?\s*=", "", equation
        )
        reader = _Reader(text, units, kinds, time, own)
        try:
            found = reader.whole()
        except UnitTextError as error:
            reader.notes.append(f"not checked ({error})")
            found = None
        if found is not None and own is not None and dict(found) != dict(own):
            reader.notes.append(
                f"its unit is {show(own)}, its equation gives {show(found)}"
            )
        for note in dict.fromkeys(reader.notes):
            shown = " ".join(text.split())
            yield UnitProblem(item.name, item.line, shown, note)


_MATHS = {"exp", "ln", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "log"}
_MATHS |= {"sinh", "cosh", "tanh"}
_ALIKE = {"min", "max", "modulo", "quantum", "activeinitial"}
_THROUGH = {"abs", "integer", "initial", "game", "sum", "vmin", "vmax"}
_DELAYS = {"smooth", "smoothi", "smooth3", "smooth3i", "smoothn", "delay1", "delay1i"}
_DELAYS |= {"delay3", "delay3i", "delayn", "delayfixed"}


@dataclass
class _Reader:
    """Reads one right-hand side; notes every disagreement and goes on."""

    text: str
    units: Mapping[str, Sense]
    kinds: Mapping[str, str]
    time: Sense
    own: Sense
    notes: list[str] = field(default_factory=list)
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

    def _same(self, a: Sense, b: Sense, what: str) -> Sense:
        if a is None or b is None:
            return b if a is None else a
        if dict(a) != dict(b):
            self.notes.append(f"{what}: {show(a)} and {show(b)}")
        return a

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
            self._same(unit, self._sum(), f"the two sides of {sign} differ")
            unit = NONE
        return unit

    def _sum(self) -> Sense:
        unit = self._product()
        while self._peek() in {"+", "-"}:
            sign = self._take()
            unit = self._same(unit, self._product(), f"the two sides of {sign} differ")
        return unit

    def _product(self) -> Sense:
        unit = self._sign()
        while self._peek() in {"*", "/"}:
            sign = 1 if self._take() == "*" else -1
            other = self._sign()
            if unit is not None or other is not None:
                unit = _times(unit or NONE, other or NONE, sign)
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
            self.notes.append(f"an exponent has the unit {show(power)}")
        if not base:
            return base
        try:
            text = "".join(word for _, word in self.tokens[start : self.at])
            return _power(base, Fraction(text.strip("()")))
        except ValueError:
            self.notes.append(f"{show(base)} raised to a power that is not a number")
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
        return self._result(name, given)

    def _skip(self) -> None:
        """Pass everything up to the parenthesis that closes this call."""
        depth = 1
        while depth:
            word = self._take()
            depth += (word == "(") - (word == ")")

    def _as_time(self, unit: Sense, what: str) -> None:
        self._same(unit, self.time, f"{what} is not in units of Time")

    def _result(self, name: str, given: list[Sense]) -> Sense:
        if not given:
            return None
        first = given[0]
        if name in _MATHS:
            for unit in given:
                if unit:
                    self.notes.append(
                        f"the argument of {name.upper()} has the unit {show(unit)}; it "
                        "must be dimensionless"
                    )
            return NONE
        if name in _THROUGH:
            return first
        if name in _ALIKE:
            for unit in given[1:]:
                first = self._same(
                    first, unit, f"the arguments of {name.upper()} differ"
                )
            return first
        if name in _DELAYS:
            self._as_time(
                given[1] if len(given) > 1 else None, f"the time of {name.upper()}"
            )
            if len(given) > 2:
                self._same(first, given[2], "the input and its initial value differ")
            return first
        rule = _RULES.get(name)
        padded = [*given, None, None, None, None]
        return rule(self, padded) if rule else None

    def over_time(self, unit: Sense, sign: int) -> Sense:
        """Return the unit times (1) or divided by (-1) the unit of Time."""
        if unit is None or self.time is None:
            return None
        return _times(unit, self.time, sign)


def _integ(reader: _Reader, given: list[Sense]) -> Sense:
    flow = reader.over_time(given[0], 1)
    if flow is not None and reader.own is not None and dict(flow) != dict(reader.own):
        wanted = reader.over_time(reader.own, -1)
        reader.notes.append(
            f"the flows have the unit {show(given[0])}, a stock of {show(reader.own)} "
            f"needs {show(wanted)}"
        )
    reader._same(reader.own, given[1], "the stock and its initial value differ")
    return None


def _if(reader: _Reader, given: list[Sense]) -> Sense:
    return reader._same(given[1], given[2], "the two branches of IF THEN ELSE differ")


def _ratio(reader: _Reader, given: list[Sense]) -> Sense:
    if given[0] is None and given[1] is None:
        return None
    return _times(given[0] or NONE, given[1] or NONE, -1)


def _xidz(reader: _Reader, given: list[Sense]) -> Sense:
    return reader._same(_ratio(reader, given), given[2], "the ratio and XIDZ's default")


def _step(reader: _Reader, given: list[Sense]) -> Sense:
    reader._as_time(given[1], "the moment of STEP")
    return given[0]


def _ramp(reader: _Reader, given: list[Sense]) -> Sense:
    for unit in given[1:3]:
        reader._as_time(unit, "a moment of RAMP")
    return reader.over_time(given[0], 1)


def _pulse(reader: _Reader, given: list[Sense]) -> Sense:
    for unit in given:
        reader._as_time(unit, "a time of PULSE")
    return NONE


def _trend(reader: _Reader, given: list[Sense]) -> Sense:
    reader._as_time(given[1], "the time of TREND")
    return reader.over_time(NONE, -1)


def _forecast(reader: _Reader, given: list[Sense]) -> Sense:
    for unit in given[1:3]:
        reader._as_time(unit, "a time of FORECAST")
    return given[0]


def _sample(reader: _Reader, given: list[Sense]) -> Sense:
    return reader._same(given[1], given[2], "the value and its initial value differ")


def _sqrt(reader: _Reader, given: list[Sense]) -> Sense:
    return None if given[0] is None else _power(given[0], Fraction(1, 2))


def _product_of(reader: _Reader, given: list[Sense]) -> Sense:
    return None if given[0] else given[0]


_RULES: Mapping[str, Callable[[_Reader, list[Sense]], Sense]] = {
    "integ": _integ,
    "ifthenelse": _if,
    "zidz": _ratio,
    "xidz": _xidz,
    "step": _step,
    "ramp": _ramp,
    "pulse": _pulse,
    "pulsetrain": _pulse,
    "trend": _trend,
    "forecast": _forecast,
    "sampleiftrue": _sample,
    "sqrt": _sqrt,
    "prod": _product_of,
}
