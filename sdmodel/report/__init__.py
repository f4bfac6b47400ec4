"""Results become pages for readers; ``sdmodel.report(folder)`` makes one.

The package is called like a function, because it is what a user asks for by that name;
what it is made of is imported from its files as from any other package.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class _Report(ModuleType):
    """A package that can be called."""

    def __call__(self, folder: Path | str, **options: Any) -> Path:
        """Write the page of a run folder; see ``sdmodel.report.build.report``."""
        from sdmodel.report.build import report

        return report(folder, **options)


sys.modules[__name__].__class__ = _Report
