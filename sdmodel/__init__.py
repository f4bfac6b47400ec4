"""Payment policy in a regional medical consortium, as a stock-and-flow model.

>>> import sdmodel
>>> model = sdmodel.read_model("consortium")  # doctest: +SKIP
>>> sdmodel.run(model, ["baseline", "drg"])  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.errors import SdmodelError as SdmodelError
    from sdmodel.experiments.compare import Comparison as Comparison
    from sdmodel.experiments.compare import compare as compare
    from sdmodel.experiments.sensitivity import sensitivity as sensitivity
    from sdmodel.experiments.sweep import Sweep as Sweep
    from sdmodel.experiments.sweep import sample as sample
    from sdmodel.experiments.sweep import sweep as sweep
    from sdmodel.experiments.whatif import run as run
    from sdmodel.experiments.workbook import read_model as read_model
    from sdmodel.experiments.workbook import read_scenario as read_scenario
    from sdmodel.model.core import Model as Model
    from sdmodel.report.build import report as report
    from sdmodel.study.controls import Control as Control
    from sdmodel.study.design import Schedule as Schedule
    from sdmodel.study.outcomes import Outcome as Outcome
    from sdmodel.study.scenario import Scenario as Scenario
    from sdmodel.study.study import Study as Study
    from sdmodel.study.study import read_study as read_study
    from sdmodel.study.summaries import Window as Window

# Imported when first used, so that the command line starts without NumPy and xarray.
_HOMES = {
    "read_model": "sdmodel.experiments.workbook",
    "read_scenario": "sdmodel.experiments.workbook",
    "run": "sdmodel.experiments.whatif",
    "compare": "sdmodel.experiments.compare",
    "read_study": "sdmodel.study.study",
    "sensitivity": "sdmodel.experiments.sensitivity",
    "sample": "sdmodel.experiments.sweep",
    "sweep": "sdmodel.experiments.sweep",
    "report": "sdmodel.report",
    "Model": "sdmodel.model.core",
    "Scenario": "sdmodel.study.scenario",
    "Schedule": "sdmodel.study.design",
    "Control": "sdmodel.study.controls",
    "Outcome": "sdmodel.study.outcomes",
    "Window": "sdmodel.study.summaries",
    "Study": "sdmodel.study.study",
    "Sweep": "sdmodel.experiments.sweep",
    "Comparison": "sdmodel.experiments.compare",
    "SdmodelError": "sdmodel.errors",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    """Import a public name from the file that defines it."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'sdmodel' has no attribute '{name}'"
        raise AttributeError(msg)
    module = import_module(home)
    # The package sdmodel.report is itself what is called.
    return module if name == "report" else getattr(module, name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(_HOMES)
