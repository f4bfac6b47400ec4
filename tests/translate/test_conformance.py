"""The field's suite of small models with published outputs, where it is at hand.

A file passes, or is refused by a sentence; a wrong number fails. SDMODEL_TEST_MODELS
names the suite's ``tests`` folder (github.com/SDXorg/test-models).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import ModelFileError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model

ROOT = Path(__file__).resolve().parents[2]
SUITE = Path(
    os.environ.get("SDMODEL_TEST_MODELS", ROOT.parent / "shared/test-models/tests")
)
BOUND = 1e-5  # as the suite itself compares

pytestmark = pytest.mark.skipif(
    not SUITE.is_dir(), reason=f"the field's suite is not at {SUITE}"
)
FILES = sorted(
    path
    for path in SUITE.glob("*/*")
    if path.suffix.lower() in {".mdl", ".xmile"}
    and any((path.parent / name).is_file() for name in ("output.tab", "output.csv"))
    # Makes data for its neighbour; the folder's output is not its own.
    and path.name != "model_to_generate_data.mdl"
)


def _key(name: str) -> str:
    for mark in (" ", "_", '"', "\\n"):
        name = name.replace(mark, "")
    return name.casefold()


def _published(folder: Path) -> tuple[list[str], list[list[str]]]:
    tab = folder / "output.tab"
    path, mark = (tab, "\t") if tab.is_file() else (folder / "output.csv", ",")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=mark) if row and row[0]]
    return rows[0], rows[1:]


def _verdict(path: Path) -> str:
    try:
        model = read_model(path, cache=False)
    except ModelFileError:
        return "refused"
    names = tuple(model.scalars)
    out = simulate(
        model, Inputs((), np.zeros((1, 0))), Save(names), engine="numpy"
    ).values[0]
    header, rows = _published(path.parent)
    times = np.array([float(row[0]) for row in rows])
    at = np.abs(np.array(model.time.saved)[None, :] - times[:, None]).argmin(axis=1)
    np.testing.assert_allclose(np.array(model.time.saved)[at], times, atol=1e-6)
    columns = {_key(name): out[at, i] for i, name in enumerate(names)}
    compared = 0
    for i, name in enumerate(header[1:], start=1):
        own = columns.get(_key(name))
        cells = [row[i] if i < len(row) else "" for row in rows]
        if own is None or not any(cells):
            continue
        given = np.array([float(c) if c not in {"", "NA"} else np.nan for c in cells])
        known = ~np.isnan(given)
        np.testing.assert_allclose(
            own[known], given[known], rtol=BOUND, atol=BOUND, err_msg=name
        )
        compared += 1
    assert compared, "no column of the published output is ours"
    return "passed"


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_right_or_refused(path: Path) -> None:
    assert _verdict(path) in {"passed", "refused"}


@pytest.mark.slow
def test_enough_of_the_suite_passes() -> None:
    verdicts = [_verdict(path) for path in FILES]
    assert verdicts.count("passed") >= 100
