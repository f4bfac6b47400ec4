"""The space a study samples: factors, payment mixes and their unit cube."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import StudyError
from sdmodel.experiments.wholes import refuse_over
from sdmodel.model.core import plain
from sdmodel.study.factors import chosen, whole_mixes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from sdmodel.study.controls import Control
    from sdmodel.study.study import Study

NORMAL_RANGE_SD = 4.0
"""A truncated normal's limits lie this many standard deviations apart (about 95 %)."""


NOT_DRAWN: dict[str, str] = {
    "fixed": "conventions (units, starting years): another value is another model",
    "status quo": "twins of levers that hold until the policies start: drawn without "
    "its lever, a twin makes a change of policy in the baseline that nobody proposed",
    "shocks": "switches that rewrite history, such as a past without the pandemic",
}
"""Groups of ``controls.csv`` that no study, screening or band draws, with the reason;
a study that wants one of their controls names it."""


def held(group: str) -> bool:
    """Say whether controls of this group are ``NOT_DRAWN`` unless named."""
    return group.strip().casefold() in NOT_DRAWN


def drawable(
    controls: Iterable[Control], named: Collection[str] = ()
) -> tuple[Control, ...]:
    """Return the controls that may be drawn: those of no group that is ``NOT_DRAWN``.

    Parameters
    ----------
    controls
        Rows of ``controls.csv``.
    named
        Names (plain) that a study asks for itself; they are drawn whatever their group.
    """
    return tuple(
        control
        for control in controls
        if not held(control.group) or plain(control.name) in named
    )


@dataclass(frozen=True)
class Group:
    """Factors that are drawn, moved and reported together; mostly just one.

    ``id`` is the name of the control, or the name of the mix; ``columns`` are its
    coordinates in the unit cube.
    """

    id: str
    role: str
    controls: tuple[Control, ...]
    columns: tuple[int, ...]
    mix: bool = False

    @property
    def label(self) -> str:
        """What a reader calls it."""
        if self.mix:
            return f"{self.id[:1].upper()}{self.id[1:]} mix"
        return self.controls[0].label_en or self.controls[0].name


@dataclass(frozen=True)
class Space:
    """Groups of factors and the way from the unit cube to their values."""

    groups: tuple[Group, ...]

    @cached_property
    def dimensions(self) -> int:
        """Number of coordinates."""
        return sum(len(group.columns) for group in self.groups)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the sampled constants, in the order of ``values``."""
        return tuple(c.name for group in self.groups for c in group.controls)

    def of_role(self, role: str) -> Space:
        """Return the space of one class of factors, with coordinates of its own."""
        return _numbered([group for group in self.groups if group.role == role])

    def columns_of_role(self, role: str) -> tuple[int, ...]:
        """Return the coordinates that belong to one class of factors."""
        return tuple(
            column
            for group in self.groups
            if group.role == role
            for column in group.columns
        )

    def values(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn points of the unit cube (run, dimension) into values (run, name).

        Raises
        ------
        StudyError
            If shares of one whole add to more than one in any row.
        """
        columns: list[NDArray[np.float64]] = []
        for group in self.groups:
            part = unit[:, list(group.columns)]
            if group.mix:
                columns.extend(stick_breaking(part).T[: len(group.controls)])
            else:
                columns.append(inverse(group.controls[0], part[:, 0]))
        values = np.column_stack(columns)
        refuse_over([c for group in self.groups for c in group.controls], values)
        return values


def make_space(
    controls: Sequence[Control],
    mixes: Sequence[tuple[str, Sequence[str], bool]] = (),
) -> Space:
    """Gather controls into groups: each mix one group, every other control its own.

    Parameters
    ----------
    controls
        The factors of the study.
    mixes
        Of each mix its label, the names of its shares, and whether these shares may
        leave a rest (their sum is at most one) or must add up to one.

    Raises
    ------
    StudyError
        If a mix cannot be drawn; all problems at once.
    """
    by_name = {control.name: control for control in controls}
    problems: list[str] = []
    groups: list[Group] = []
    mixed: set[str] = set()
    for label, names, rest in mixes:
        parts = [by_name[name] for name in names if name in by_name]
        if not parts:
            continue
        if missing := [name for name in names if name not in by_name]:
            problems.append(
                f"mix '{label}': {missing} are not among the study's factors; all "
                "shares of a mix are drawn together"
            )
        roles = {part.role for part in parts}
        if len(roles) > 1:
            problems.append(f"mix '{label}': shares must be of one role, not {roles}")
        problems += [
            f"mix '{label}', '{part.name}': its range is {part.min:g} to {part.max:g}; "
            "a share in a mix must be free from 0 to 1"
            for part in parts
            if part.min > 0 or part.max < 1
        ]
        coordinates = len(parts) if rest else len(parts) - 1
        mixed.update(names)
        groups.append(
            Group(label, parts[0].role, tuple(parts), tuple(range(coordinates)), True)
        )
    if problems:
        raise StudyError(problems)
    groups += [
        Group(c.name, c.role, (c,), (0,)) for c in controls if c.name not in mixed
    ]
    return _numbered(groups)


def _numbered(groups: Sequence[Group]) -> Space:
    """Give each group coordinates of its own, in the order given."""
    found: list[Group] = []
    start = 0
    for group in groups:
        stop = start + len(group.columns)
        columns = tuple(range(start, stop))
        found.append(Group(group.id, group.role, group.controls, columns, group.mix))
        start = stop
    return Space(tuple(found))


def stick_breaking(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn k uniform coordinates into k + 1 shares, uniform over those adding to one.

    Share i takes of what is left a fraction distributed as Beta(1, k - i), whose
    inverse distribution function is 1 - (1 - u) ** (1 / (k - i)): Devroye (1986),
    Non-Uniform Random Variate Generation, chapter XI.4.

    Parameters
    ----------
    unit
        (run, k), each uniform on 0 to 1.

    Returns
    -------
    NDArray
        (run, k + 1), not negative, each row adding to one.
    """
    runs, k = unit.shape
    shares = np.empty((runs, k + 1))
    left = np.ones(runs)
    for i in range(k):
        keep = (1.0 - unit[:, i]) ** (1.0 / (k - i))
        shares[:, i] = left * (1.0 - keep)
        left = left * keep
    shares[:, k] = left
    # Rounding may leave the sum a few ulp above one, which the models refuse.
    over = shares.sum(axis=1)
    return shares / np.where(over > 1.0, over * (1.0 + 4e-16), 1.0)[:, None]


def inverse(control: Control, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a control's inverse distribution function to uniform numbers (run,).

    The last branch is "normal-truncated"; `study.controls` admits no other.
    """
    low, high, mode = control.min, control.max, control.default
    kind = control.distribution
    if kind == "uniform":
        values = low + unit * (high - low)
    elif kind == "loguniform":
        values = np.exp(np.log(low) + unit * (np.log(high) - np.log(low)))
    elif kind == "triangular":
        cut = (mode - low) / (high - low)
        values = np.where(
            unit < cut,
            low + np.sqrt(unit * (high - low) * (mode - low)),
            high - np.sqrt((1.0 - unit) * (high - low) * (high - mode)),
        )
    else:
        from scipy.special import ndtr, ndtri

        sd = (high - low) / NORMAL_RANGE_SD
        below, above = ndtr((low - mode) / sd), ndtr((high - mode) / sd)
        values = mode + sd * ndtri(below + unit * (above - below))
    return np.clip(values, low, high)


def study_space(study: Study, controls: Sequence[Control]) -> Space:
    """Return the space that a study samples: its factors, its mixes as groups.

    Raises
    ------
    StudyError
        If a mix lacks a drawn share of its whole, or holds something else.
    """
    problems: list[str] = []
    study = dataclasses.replace(study, mixes=whole_mixes(study, controls, problems))
    if problems:
        raise StudyError(problems)
    named = {plain(name) for name in study.factors}
    named |= {plain(name) for mix in study.mixes for name in mix.names}
    drawn = {c.name: c for c in drawable(chosen(study, controls), named)}
    mixes = []
    for mix in study.mixes:
        total = math.fsum(drawn[name].default for name in mix.names if name in drawn)
        # Shares that add to one in the model leave no rest to a share not named.
        mixes.append((mix.name, mix.names, total < 1.0 - 1e-9))
    return make_space(tuple(drawn.values()), mixes)
