"""A scenario file for a person to fill in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sdmodel.errors import UsageError
from sdmodel.study.values import schedule_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.study.controls import Control
    from sdmodel.study.design import Schedule
    from sdmodel.study.scenario import Scenario

_NAME = re.compile(r"\w(?:[\w. -]{0,62}\w)?")
# Names that Windows keeps for devices, whatever their ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def check_name(name: str) -> str:
    """Return a name that is safe as a file name on every system, without ``.toml``.

    Raises
    ------
    UsageError
        If it is not; the message says what is allowed.
    """
    bare = name[:-5] if name.casefold().endswith(".toml") else name
    if not _NAME.fullmatch(bare) or ".." in bare or _DEVICES.fullmatch(bare):
        msg = (
            f"{name[:80]!r} cannot be the name of a scenario; allowed: up to 64 "
            "letters, digits, '-', '_' and '.', a letter or digit first and last, "
            "and no name that Windows keeps for devices"
        )
        raise UsageError(msg)
    return bare


def template(
    name: str, parent: str, start: Scenario, controls: Sequence[Control]
) -> str:
    """Return the text of a scenario file that inherits from ``parent``.

    Values of the parent stand in it as comments, and so does every lever with its
    unit and limits.
    """
    title = start.title.get("en", parent)
    lines = [
        f"# A scenario for sdmodel. Run it with: sdmodel run {name}.toml",
        "# Lines that begin with # are comments; take the # away to set a value.",
        '# A value is a number, or a schedule in quotes: "0.4@2026..0.8@2029".',
        "",
        f"title = {{ en = {_text(f'{name}, from {title}')} }}",
        'story = { en = "Say here what is done, by whom and why." }',
        f"from = {_text(parent)}",
        "",
        "[values]",
    ]
    lines += [
        f"# inherited: {_text(key)} = {_value(value)}"
        for key, value in start.values.items()
    ]
    levers = [c for c in controls if c.role == "lever" and c.name not in start.values]
    for control in levers:
        label = " ".join(control.label_en.split())
        lines += [
            f"# {label}; {control.min:g} to {control.max:g} {control.unit}",
            f"# {_text(control.name)} = {control.default!r}",
        ]
    lines += [
        "",
        "[evidence]",
        '# For each value its source, or "assumption":',
        '# "lever name" = "Author (year), journal, page"',
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    # JSON's escapes are among those of a TOML basic string; DEL is not in JSON's.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: float | Schedule) -> str:
    text = schedule_text(value)
    return _text(text) if "@" in text else text
