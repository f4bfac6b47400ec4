"""TOML files of a user's own: what is wrong with them, in words and by line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from sdmodel.errors import CONTROL, did_you_mean, readable
from sdmodel.study.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sdmodel.errors import SdmodelError

_MOST_BITS = 3000
_DIGITS = re.compile(r"[0-9A-Fa-f_]{700}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_.-]*")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def read_toml(path: Path, problem: type[SdmodelError], what: str) -> dict[str, object]:
    """Return the keys of a TOML file; a byte order mark is allowed.

    Raises
    ------
    SdmodelError
        Of class ``problem`` if it cannot be read as TOML; the line is named;
        or if a text in it holds control characters.
    """
    text = read_text(path, problem, what)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise problem(_toml_sentence(path, text, str(error))) from error
    except RecursionError as error:
        msg = f"{path}: brackets are nested too deeply for a {what}"
        raise problem(msg) from error
    except ValueError as error:
        # Python refuses to read whole numbers of thousands of digits.
        raise problem(_too_long(path, text)) from error
    if _has_giant(table):
        raise problem(_too_long(path, text))
    if commands := list(_commands(table)):
        raise problem([f"{path}, {what}; remove it" for what in commands])
    return table


def subtable(
    path: Path, key: str, table: Mapping[str, object], problems: list[str]
) -> dict[str, object]:
    """Return the table ``[key]`` of a file, empty without one; add what is wrong."""
    found = table.get(key, {})
    if isinstance(found, dict):
        return found
    problems.append(f"{path}, '{key}': must be a table, [{key}], not {found!r}")
    return {}


def unknown_keys(where: str, table: Iterable[str], allowed: Sequence[str]) -> list[str]:
    """Return a sentence for each key that is not allowed, with the nearest that is."""
    return [
        f"{where}: unknown key '{key}'; allowed: {', '.join(allowed)}"
        f"{did_you_mean(key, allowed, number)}"
        for number, key in enumerate(key for key in table if key not in allowed)
    ]


def _has_giant(item: object) -> bool:
    """Say whether a whole number is too large to be written out in a message."""
    if isinstance(item, dict):
        return any(_has_giant(value) for value in item.values())
    if isinstance(item, list):
        return any(_has_giant(value) for value in item)
    return isinstance(item, int) and item.bit_length() > _MOST_BITS


def _commands(item: object, key: str = "") -> Iterator[str]:
    """Tell the texts with control characters, which a terminal would obey."""
    if isinstance(item, dict):
        for name, value in item.items():
            yield from _commands(name, f"the name of key '{readable(name)}'")
            yield from _commands(value, f"{key}.{name}" if key else str(name))
    elif isinstance(item, list):
        for value in item:
            yield from _commands(value, key)
    elif isinstance(item, str) and (found := CONTROL.search(item)):
        yield f"'{key}': holds a control character, \\x{ord(found[0]):02x}"


def _too_long(path: Path, text: str) -> str:
    lines = text.splitlines()
    number = next((i for i, line in enumerate(lines, 1) if _DIGITS.search(line)), 0)
    place = f"{path}, line {number}" if number else str(path)
    return f"{place}: a whole number of so many digits cannot be read; shorten it"


def _toml_sentence(path: Path, text: str, message: str) -> str:
    place = _TOML_PLACE.search(message)
    lines = text.splitlines()
    number = int(place[1]) if place and place[1] else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    key, equals, value = line.partition("=")
    reason = _TOML_PLACE.sub("", message)
    if "overwrite" in reason:
        # The place that the parser gives may be the line after the second value.
        keys = [entry.partition("=")[0].strip() for entry in lines[:number]]
        known = [entry for entry in keys if entry and not entry.startswith(("#", "["))]
        again = key.strip() if keys.count(key.strip()) > 1 else (known or [key])[-1]
        first = keys.index(again) + 1 if again in keys else number
        return (
            f"{path}, line {number}: key {again} stands twice, first in line {first}; "
            "keep one"
        )
    if equals and not value.strip():
        return f"{path}, line {number}: {key.strip()} has no value"
    if equals and not _BARE_KEY.fullmatch(key.strip()) and key.strip()[:1] not in "\"'":
        return (
            f"{path}, line {number}: a name of several words stands in quotes: "
            f'"{key.strip()}" ={value}'
        )
    return f"{path}, line {number}: not valid TOML ({reason}): {line[:60]}"
