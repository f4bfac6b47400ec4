"""Whether a file may be written where it was asked for, told before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def check_output(
    path: Path,
    *,
    model: str | None = None,
    inputs: Sequence[Path] = (),
    ending: str = "",
    own: Path | None = None,
) -> None:
    """Refuse a file that would take the place of an input or of a run's record.

    Parameters
    ----------
    path
        The file to come.
    model
        The model as named on the command line, whose files are inputs.
    inputs
        Other files that the command reads.
    ending, own
        As in `check_target`.

    Raises
    ------
    SdmodelError
        If it is refused, cannot be written, or there is no such model.
    """
    from sdmodel.study.files import check_writable
    from sdmodel.study.places import check_target

    read = list(inputs)
    if model is not None:
        from sdmodel.experiments.workbook import input_files

        read += input_files(model)
    check_target(path, read, ending=ending, own=own)
    check_writable(path, folder=False)
