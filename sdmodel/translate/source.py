"""The text of a model file, cut into definitions with line, unit, limits and sector.

PySD's abstract model holds neither line numbers nor sectors, so they are read here,
once, from the text itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sdmodel.translate.colons import marked_calls

SKETCH_MARK = "\\\\\\---///"
"""Where the equations of a Vensim file end and its drawing begins."""

MAX_DEFINITIONS = 20_000
MAX_PROBLEMS = 50
"""So many are told of one file; a file with more is hardly a model."""

_MOST_FIELDS = 20
_TEXT = re.compile(r"\S")
_STOP, _END = re.compile(r'[~|"]'), re.compile(r"[~|]")
_MACRO = re.compile(r":MACRO:\s*([^(]*)\([^)]*\)")
_SIGNED_BASE = re.compile(r"\(\s*-\s*([\d.]+(?:[eE][+-]?\d+)?)\s*\)\s*\^")
_SPACED_LIMITS = re.compile(r"\)\s*-\s*\((?=[^()]*\)\s*[\],])")
_QUOTED_OR_OPEN, _BRACE = re.compile(r'"[^"]*"|\{'), re.compile(r"[{}]")
_QUOTED_OR_KEYWORD = re.compile(r'"[^"]*"|:(?:AND|OR|NOT|NA):', re.IGNORECASE)
_LEFT_SIDE = re.compile(
    r'\s*(?P<name>"[^"]*"|[^"=:(<\[\]~|]*)'
    r"\s*(?P<subscripts>(\[[^\]]*\])?(\s*:EXCEPT:\s*\[[^\]]*\](\s*,\s*\[[^\]]*\])*)?)"
    r"\s*(?P<keyword>:(?:INTERPOLATE|RAW|HOLD BACKWARD|LOOK FORWARD):)?"
    r"\s*(?P<sign>==|=|:=|<->|:THE CONDITION:|:TEST INPUT:|:|\(|$)",
    re.IGNORECASE,
)
_KINDS = {
    "==": "unchangeable",
    "=": "variable",
    ":=": "data",
    "<->": "range",
    ":": "range",
    "(": "lookup",
    ":THE CONDITION:": "check",
    ":TEST INPUT:": "check",
}


@dataclass(frozen=True)
class Definition:
    """One definition of the file: all text of it that is not arithmetic.

    ``equation`` is what PySD may parse (both sides, on one line), ``right`` its
    right-hand side; ``limits`` are the numbers in brackets behind the unit.
    """

    name: str
    kind: str
    line: int
    subscripts: str
    equation: str
    right: str
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    comment: str = ""
    group: str = ""
    macro: str = ""


def _keywords(equation: str) -> str:
    """Write ``:and:`` in capitals, which alone PySD's parser knows; Vensim takes both.

    Names in quotation marks keep what stands in them.
    """
    return _QUOTED_OR_KEYWORD.sub(
        lambda found: found[0] if found[0][0] == '"' else found[0].upper(), equation
    )


def name_key(name: str) -> str:
    """Return the spelling under which PySD merges and finds a variable."""
    return re.sub(r"\s+", " ", name.strip()).lower().replace(" ", "_")


class Lines:
    """Line numbers of positions in a text, asked for in the text's order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position, self._line = 0, 1

    def of(self, position: int) -> int:
        """Return the line, counted from 1, that holds a position."""
        if position < self._position:
            self._position, self._line = 0, 1
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


@dataclass(frozen=True)
class VensimSource:
    """A scanned Vensim file: its definitions, macro headers and what was wrong."""

    definitions: tuple[Definition, ...]
    macros: tuple[tuple[str, str], ...]
    problems: tuple[tuple[int, str], ...]

    def text(self) -> str:
        """Return equations only, without units, comments and sketch, for PySD."""
        parts = ["{UTF-8}\n"]
        # Macros first: PySD's grammar loses all but the last of several behind it.
        for name, header in self.macros:
            parts.append(f"{header}\n")
            parts += [
                f"{self.entry(item)}~~|\n"
                for item in self.definitions
                if item.macro == name
            ]
            parts.append(":END OF MACRO:\n")
        parts += [
            f"{self.entry(item)}~~|\n" for item in self.definitions if not item.macro
        ]
        return "".join(parts)

    def entry(self, item: Definition) -> str:
        """Return an equation as PySD's parser understands it."""
        equation = item.equation
        if item.kind == "variable" and self._with_outputs:
            equation = marked_calls(equation, self._with_outputs)
        text = _SPACED_LIMITS.sub(")-(", keep_signs(equation))
        return _in_pairs(text) if item.kind == "lookup" else text

    @cached_property
    def _with_outputs(self) -> tuple[str, ...]:
        return tuple(name for name, header in self.macros if ":" in header[7:])


def _in_pairs(text: str) -> str:
    """Write a table of all x, then all y, as older files have it, in pairs."""
    name, mark, inner = text.rpartition("(")
    numbers = inner.rstrip().removesuffix(")").split(",")
    half = len(numbers) // 2
    if not mark or text.count("(") > 1 or len(numbers) % 2 or half < 2:
        return text
    pairs = zip(numbers[:half], numbers[half:], strict=True)
    return f"{name}({','.join(f'({x},{y})' for x, y in pairs)})"


def keep_signs(equation: str) -> str:
    """Write ``(-2)^x`` so that PySD's parser, which drops parentheses, keeps them."""
    return _SIGNED_BASE.sub(r"(0-\1)^", equation)


def without_remarks(equation: str) -> str:
    """Drop what stands in braces, outside of quoted names; braces may hold braces.

    A brace that nothing closes stays, with all behind it. Every sign is met once or
    twice, however deep the braces of a stranger's file are.
    """
    kept: list[str] = []
    start = at = 0
    while found := _QUOTED_OR_OPEN.search(equation, at):
        at = found.end()
        if found[0] != "{":
            continue
        end = _closing(equation, at)
        if end is None:
            break
        kept += [equation[start : found.start()], " "]
        start = at = end
    return "".join(kept) + equation[start:]


def _closing(text: str, at: int) -> int | None:
    """Return where the remark that was opened just before ``at`` ends."""
    depth = 1
    for brace in _BRACE.finditer(text, at):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.end()
    return None


def _field(text: str, start: int, *, quotes: bool) -> int:
    """Return where the field that begins at ``start`` ends: at ~ or | or the end."""
    while True:
        found = (_STOP if quotes else _END).search(text, start)
        if found is None:
            return len(text)
        if found[0] != '"':
            return found.start()
        # A mark that is never closed is a character like any other.
        start = text.find('"', found.end()) + 1 or found.end()


def one_line(text: str) -> str:
    """Return the text without continuation marks and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"\\[ \t]*\r?\n", " ", text)).strip()


def split_unit(text: str) -> tuple[str, tuple[float | None, float | None]]:
    """Separate ``person/year [0, 10]`` into its unit and limits.

    Raises
    ------
    ValueError
        If what stands in the brackets is not numbers or question marks.
    """
    text = one_line(text)
    if not text.endswith("]") or "[" not in text:
        return text, (None, None)
    unit, _, inner = text[:-1].rpartition("[")
    numbers = [
        None if part.strip() in {"?", ""} else float(part) for part in inner.split(",")
    ]
    low, high, *_ = [*numbers, None, None]
    return unit.strip(), (low, high)


def scan_vensim(text: str) -> VensimSource:
    """Cut the text of a Vensim file into its definitions."""
    lines = Lines(text)
    found: list[Definition] = []
    macros: list[tuple[str, str]] = []
    problems: list[tuple[int, str]] = []
    end = text.find(SKETCH_MARK)
    if end < 0:  # files written by hand may lack a sign of it
        end = text.find(SKETCH_MARK[1:])
    body = text if end < 0 else text[:end]
    position = 0
    header = re.match(r"\s*\{[^}]*\}", body)
    if header:
        position = header.end()
    group, macro, began = "", "", 0
    while True:
        text_begins = _TEXT.search(body, position)
        if text_begins is None or len(found) > MAX_DEFINITIONS:
            break
        start = text_begins.start()
        line = lines.of(start)
        if len(problems) >= MAX_PROBLEMS:
            problems.append((line, "nothing is read from here on; too much is wrong"))
            break
        if body.startswith(":END OF MACRO:", start):
            macro, position = "", start + len(":END OF MACRO:")
            continue
        opening = _MACRO.match(body, start)
        if opening:
            macro, position = one_line(opening.group(1)), opening.end()
            macros.append((macro, one_line(opening.group(0))))
            began = line
            continue
        fields, position, closed = _fields(body, start)
        if not closed:
            shown = one_line(fields[0])[:60]
            problems.append((line, f"the definition '{shown}' does not end with |"))
            break
        if fields[0].lstrip().startswith("***"):
            group = one_line(re.sub(r"\*+", " ", fields[0])).lstrip(".").strip()
            continue
        equation = _keywords(one_line(without_remarks(fields[0])))
        if len(fields) < 3:
            problems.append(
                (line, f"'{equation[:60]}' lacks a field: equation ~ unit ~ comment |")
            )
            continue
        item, problem = _definition(equation, fields, line, group, macro)
        if problem:
            problems.append((line, problem))
        if item is not None:
            found.append(item)
    if macro and not problems:
        problems.append((began, f"the macro '{macro}' has no :END OF MACRO:"))
    return VensimSource(tuple(found), tuple(macros), tuple(problems))


def _fields(body: str, start: int) -> tuple[list[str], int, bool]:
    fields: list[str] = []
    position = start
    while True:
        if len(fields) < _MOST_FIELDS:
            stop = _field(body, position, quotes=len(fields) != 2)
        else:
            stop = body.find("|", position) % (len(body) + 1)  # -1 becomes the end
        fields.append(body[position:stop])
        if stop >= len(body):
            return fields, stop, False
        position = stop + 1
        if body[stop] == "|":
            return fields, position, True


def _definition(
    equation: str, fields: list[str], line: int, group: str, macro: str
) -> tuple[Definition | None, str]:
    left = _LEFT_SIDE.match(equation)
    if left is None or not left["name"].strip():
        return None, f"'{equation[:60]}' does not begin with a name"
    sign = left["sign"].upper()
    kind = _KINDS.get(sign, "")
    if not kind:
        if "," in left["name"] and not left["name"].startswith('"'):
            return None, f"'{equation[:60]}' has no equation"
        kind = "data"
        if not left["keyword"]:
            equation = f"{equation} :INTERPOLATE:"  # what Vensim does without a word
    right = equation[left.end() - (1 if sign == "(" else 0) :].strip()
    if not right and kind != "data":
        return None, f"'{equation[:60]}' has nothing on its right-hand side"
    problem = ""
    unit = ""
    limits: tuple[float | None, float | None] = (None, None)
    try:
        unit, limits = split_unit(fields[1])
    except ValueError:
        problem = (
            f"'{left['name'].strip()}': the limits '{one_line(fields[1])[-40:]}' are "
            "not numbers; write unit [low, high], with ? for none"
        )
    return (
        Definition(
            name=left["name"].strip(),
            kind=kind,
            line=line,
            subscripts=left["subscripts"].strip(),
            equation=equation,
            right=right,
            unit=unit,
            limits=limits,
            comment=one_line(fields[2]),
            group=group,
            macro=macro,
        ),
        problem,
    )
