"""Reading the tables of a TOML file strictly, gathering every problem."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.study.scenario import LANGUAGES
from sdmodel.study.toml_files import unknown_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Reader:
    """Takes values of the right kind out of tables; ``problems`` says what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def say(self, place: str, sentence: str) -> None:
        """Note a problem of the file, or of one place in it."""
        self.problems.append(f"{self.path}{f', {place}' if place else ''}: {sentence}")

    def keys(
        self, table: Mapping[str, object], allowed: tuple[str, ...], place: str
    ) -> None:
        """Note the keys that the table may not have."""
        where = f"{self.path}{f', {place}' if place else ''}"
        self.problems += unknown_keys(where, table, allowed)

    def table(
        self, table: Mapping[str, object], key: str, place: str = ""
    ) -> Mapping[str, object]:
        """Return a table within a table; an empty one if it is absent or wrong."""
        found = table.get(key, {})
        if isinstance(found, dict):
            return found
        self.say(place, f"'{key}': {found!r}; allowed: a table")
        return {}

    def tables(
        self, table: Mapping[str, object], key: str, place: str = ""
    ) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield each table of an array of tables, with its place for messages."""
        found = table.get(key, [])
        inside = f"{place}, " if place else ""
        if not isinstance(found, list):
            self.say(place, f"'{key}' is an array of tables, written [[{key}]]")
            return
        for number, item in enumerate(found, 1):
            where = f"{inside}{key} {number}"
            if isinstance(item, dict):
                yield where, item
            else:
                self.say(where, f"{item!r}; allowed: a table")

    def text(
        self,
        table: Mapping[str, object],
        key: str,
        place: str,
        default: str | None = None,
    ) -> str:
        """Return a text that is not blank; note it if there is none."""
        found = table.get(key, default)
        if isinstance(found, str) and (found.strip() or default is not None):
            return found.strip()
        given = f"{found!r}; allowed: a text" if key in table else "is missing"
        self.say(place, f"'{key}' {given}")
        return ""

    def texts(
        self, table: Mapping[str, object], key: str, place: str
    ) -> Mapping[str, str]:
        """Return a text in both languages."""
        found = table.get(key)
        if isinstance(found, dict):
            good = {
                language: text.strip()
                for language, text in found.items()
                if language in LANGUAGES and isinstance(text, str) and text.strip()
            }
            if len(good) == len(found) == len(LANGUAGES):
                return good
        self.say(place, f'\'{key}\': give both languages, {{ en = "…", zh = "…" }}')
        return {}

    def list_of_texts(
        self, table: Mapping[str, object], key: str, place: str
    ) -> tuple[str, ...]:
        """Return a text or a list of texts as a tuple."""
        found = table.get(key, [])
        listed = [found] if isinstance(found, str) else found
        if isinstance(listed, list) and all(isinstance(x, str) for x in listed):
            return tuple(str(x) for x in listed)
        self.say(place, f"'{key}': {found!r}; allowed: texts")
        return ()

    def number(
        self, table: Mapping[str, object], key: str, place: str, *, default: float
    ) -> float:
        """Return a finite number."""
        if key not in table:
            return default
        found = _finite(table[key])
        if found is None:
            self.say(place, f"{key} = {table[key]!r}; allowed: a finite number")
            return default
        return found

    def numbers(
        self, table: Mapping[str, object], key: str, place: str, *, count: int
    ) -> tuple[float, ...]:
        """Return one number, or a pair in ascending order."""
        given = table.get(key)
        listed = given if isinstance(given, list) else [given]
        found = [_finite(x) for x in listed]
        good = [x for x in found if x is not None]
        if len(good) != len(found) or len(good) != count or sorted(good) != good:
            what = "a number" if count == 1 else f"{count} numbers that ascend"
            shown = f"{given!r}" if key in table else "missing"
            self.say(place, f"'{key}': {shown}; allowed: {what}")
            return ()
        return tuple(good)


def _finite(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None
