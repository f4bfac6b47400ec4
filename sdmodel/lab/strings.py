"""What the lab says, in both languages."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from sdmodel.errors import DataError

LANGUAGES = ("en", "zh")


@cache
def read_strings() -> dict[str, dict[str, str]]:
    """Return ``section.key`` to texts by language, from ``strings.toml``.

    Raises
    ------
    DataError
        If a text is missing or empty in a language; all such keys at once.
    """
    source = files("sdmodel.lab") / "strings.toml"
    sections = tomllib.loads(source.read_text(encoding="utf-8"))
    found = {
        f"{section}.{key}": texts
        for section, keys in sections.items()
        for key, texts in keys.items()
    }
    problems = [
        f"sdmodel/lab/strings.toml, '{key}': no text in '{language}'"
        for key, texts in found.items()
        for language in LANGUAGES
        if not texts.get(language)
    ]
    if problems:
        raise DataError(problems)
    return found
