"""Where and why PySD, the judge, stopped: in the words of the model, not of Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sdmodel.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdmodel.model.core import Model

_BEGINS = re.compile(r"(?:def |_[a-z]+_)(\w+)(?:\(| = )")
"""Where a variable, or a structure with states of one, begins in PySD's program."""

_CODE = re.compile(r"Error|object|\w\(|[<>{}]|__|\b[a-z]+\.[a-z_]+|NoneType|\bstr\b")
"""What shows that a message speaks of a program; a reader has no use for it."""

_SENTENCES = {
    "negative integer powers": (
        "a whole number is raised to a negative power, which PySD cannot do here"
    ),
    "domain": "a function is asked for a value that it does not have",
    "division by zero": "a division by zero",
    "positional argument": "a table is read there in a way that PySD does not know",
}


def place_of(error: Exception, program: Path, names: Mapping[str, str]) -> str:
    """Return the variable in whose equation PySD's program stopped, or nothing.

    ``names`` are the model's names by those of the program.
    """
    found = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if Path(code.co_filename) == program:
            lines = program.read_text(encoding="utf-8").splitlines()
            for line in reversed(lines[: trace.tb_lineno]):
                begins = _BEGINS.match(line)
                if begins:
                    found = names.get(begins[1], found)
                    break
        trace = trace.tb_next
    return found


def reason_of(error: Exception) -> str:
    """Return in plain words what PySD says, or nothing where it speaks of code."""
    if isinstance(error, OverflowError):
        return "a number becomes too large"
    if isinstance(error, NotImplementedError):
        return "it lacks a function that stands there"
    text = " ".join(str(error).split())
    for part, sentence in _SENTENCES.items():
        if part in text:
            return sentence
    if isinstance(error, KeyError):
        return f"it lacks {text[:120]}"
    return "" if _CODE.search(text) else text[:120]


def stopped(model: Model, error: Exception, when: str, place: str = "") -> RunError:
    """Return what to raise where PySD stopped for good, ``when`` making or running."""
    why = reason_of(error)
    where = ""
    variable = model.variables.get(place)
    if variable is not None:
        line = f", line {variable.line}" if variable.line else ""
        shown = " ".join(variable.equation.split())[:160]
        where = f" in '{variable.name}'{line} ({variable.name} = {shown})"
    return RunError(
        f"{model.path}: PySD stopped {when}{where}{': ' if why else ''}{why}; "
        "our own engines do not need it: use --engine compiled"
    )
