"""Results become pages for readers; ``sdmodel.report(folder)`` makes one.

The package is called like a function, because it is what a user asks for by that name;
what it is made of is imported from its files as from any other package.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


class _Report(ModuleType):
    """A package that can be called."""

    def __call__(
        self,
        folder: Path | str,
        *,
        to: str = "html",
        lang: str = "en",
        out: Path | str | None = None,
    ) -> Path:
        """Write the page of a run folder and return where it is.

        Parameters
        ----------
        folder
            A run folder that ``demo``, ``sensitivity``, ``run`` or ``compare`` wrote.
        to
            Format of the document: "html".
        lang
            Its language: "en".
        out
            File to write; default ``report.html`` in the folder.

        Raises
        ------
        UsageError
            If a format or language is unknown or not there yet.
        ResultsError
            If the folder is missing or damaged, or holds nothing to report.
        HostError
            If the page cannot be written.
        """
        from sdmodel.report.build import check_formats, report

        check_formats(to, lang)
        return report(Path(folder), None if out is None else Path(out))


sys.modules[__name__].__class__ = _Report
