"""A change of an outcome, as the tests of words and verdicts want it."""

from __future__ import annotations

from sdmodel.report.words import Change


def change(**fields: object) -> Change:
    """Return a fund balance that surely rises by a tenth, but for ``fields``."""
    basic: dict[str, object] = {
        "outcome": "y",
        "label": "Fund balance",
        "unit": "CNY",
        "good": "up",
        "stakeholder": "fund",
        "value": 110.0,
        "baseline": 100.0,
        "low": 5.0,
        "high": 15.0,
    }
    return Change(**(basic | fields))  # type: ignore[arg-type]  # of the right kinds
