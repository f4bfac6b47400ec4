"""A sweep's chunks on a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sdmodel.experiments.parts import Part
    from sdmodel.experiments.question import Question


def check_installed() -> None:
    """Refuse at once where Dask is missing.

    Raises
    ------
    HostError
        With the line that installs it.
    """
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        msg = "--cluster needs Dask: pip install 'sdmodel[cluster]'"
        raise HostError(msg)


def parts(
    question: Question, pending: Sequence[int], cluster: str, jobs: int | None
) -> Iterator[tuple[int, Part]]:
    """Yield chunks as the cluster has done them."""
    check_installed()
    raise NotImplementedError
