"""Every error a user can cause or meet, each with the exit code it ends a command with.

``SdmodelError``
├── ``ModelFileError``      a model file that cannot be read
│   └── ``UnsupportedError``  a construct the engines lack
├── ``ScenarioError``       a scenario, a ``--set`` value or a lever
├── ``StudyError``          a study file, a method or a sample size
├── ``DataError``           controls.csv, outcomes.csv, targets.csv and their like
├── ``RunError``            a simulation that cannot be done as asked
├── ``ResultsError``        a run folder that cannot be opened
├── ``UsageError``          an unknown verb, id or option value
└── ``HostError``           disk, rights, a missing extra (exit code 3)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class SdmodelError(Exception):
    """One or more problems, each a plain sentence that says how to go on.

    Parameters
    ----------
    problems
        A sentence, or several: all problems of one file are told at once.
    """

    exit_code = 2

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ModelFileError(SdmodelError):
    """A model file is missing, malformed, unsafe or contradicts itself."""


class UnsupportedError(ModelFileError):
    """The model uses constructs that the chosen engine lacks; all are listed."""


class ScenarioError(SdmodelError):
    """A scenario file, a ``--set`` assignment or a lever value is wrong."""


class StudyError(SdmodelError):
    """A study file, its method, factors or sample size is wrong."""


class DataError(SdmodelError):
    """A table beside the model (controls, outcomes, targets) is wrong."""


class RunError(SdmodelError):
    """A simulation cannot be done as asked."""


class ResultsError(SdmodelError):
    """A run folder is missing, damaged or of another version."""


class UsageError(SdmodelError):
    """An unknown verb, id or option value on the command line."""


class HostError(SdmodelError):
    """The machine's fault: no disk, no right to write, a missing extra."""

    exit_code = 3


MOST_TOLD = 20
"""Problems of one command that are told; nobody reads twenty thousand lines."""

LONGEST_NAME = 120
"""Letters of a name that a sentence tells."""

LONGEST_TOLD = 3000
"""Letters of a sentence that are told; a list of allowed names needs a thousand."""

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters, but for tabs and new lines."""

SHORTEST = 3
"""Letters that a part of a name needs to stand for the whole."""


def told(problems: Sequence[str], most: int = MOST_TOLD) -> tuple[str, ...]:
    """Return the problems to tell: the first ones, and how many more there are."""
    more = len(problems) - most
    return (*problems[:most], f"and {more:,} more") if more > 0 else tuple(problems)


def readable(text: str) -> str:
    """Return a sentence as it may be shown: not endless, and commanding no terminal.

    Names in quotation marks are shortened before the whole is; control characters,
    which a terminal obeys, stand as escapes.
    """
    # An apostrophe follows a letter, and opens nothing.
    long = rf"(?:(?<=[\s(\[=])|^)'([^']{{{LONGEST_NAME}}})[^']+'"
    text = re.sub(long, r"'\1...'", text)
    if (more := len(text) - LONGEST_TOLD) > 0:
        text = f"{text[:LONGEST_TOLD]}... (and {more:,} letters more)"
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def nearest(given: str, allowed: Iterable[str], *, limit: int = 1) -> tuple[str, ...]:
    """Return up to ``limit`` names of ``allowed`` that ``given`` may have meant.

    A slip of the keys leaves most letters in place; a word left out or moved leaves
    whole words. What is neither is no suggestion: a far one misleads.
    """
    from rapidfuzz import fuzz, process, utils

    found = process.extract(
        given,
        list(allowed),
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=limit + 4,
        score_cutoff=60,
    )
    close = [
        name
        for name, score, _ in found
        if (score >= 85 and min(len(given), len(name)) >= SHORTEST)
        or fuzz.ratio(given, name, processor=utils.default_process) >= 60
    ]
    return tuple(close[:limit])


def did_you_mean(given: str, allowed: Iterable[str], before: int = 0) -> str:
    """Return ``"; nearest: 'x'"`` or the empty string, to end a message with.

    ``before`` counts the problems before this one: a search takes long, and of those
    that are not told nobody needs it.
    """
    if before >= MOST_TOLD:
        return ""
    names = nearest(given, allowed)
    return f"; nearest: '{names[0]}'" if names else ""


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names for a message, the first few if there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
