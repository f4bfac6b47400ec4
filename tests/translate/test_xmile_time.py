"""The time axis of an XMILE file: numbers and equations, as in PySD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from tests.translate.judging import agree
from tests.translate.test_constructs_xmile import WHOLE, aux

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

SPECS = (
    "<start>0</start><stop>4</stop>\n",
    '<dt reciprocal="true">4</dt>',
)
BODY = (
    aux("horizon", "3")
    + aux("per year", "8")
    + aux("first", "1")
    + aux("S", "5", "<inflow>f</inflow>", "stock")
    + aux("f", "TIME", "", "flow")
)
AXES = {
    "numbers": ("0", "4", '<dt reciprocal="true">4</dt>', (0, 4, 0.25)),
    "equations": (
        "first",
        "first + 2*Horizon",
        '<dt reciprocal="true">per_year</dt>',
        (1, 7, 0.125),
    ),
    "functions": ("-first", "MAX(horizon, 2)", "<dt>1/per_year</dt>", (-1, 3, 0.125)),
}


def written(tmp_path: Path, body: str, start: str, stop: str, dt: str) -> Path:
    path = tmp_path / "m.xmile"
    text = WHOLE.format(body)
    assert all(part in text for part in SPECS)
    text = text.replace(SPECS[0], f"<start>{start}</start><stop>{stop}</stop>\n")
    path.write_text(text.replace(SPECS[1], dt), encoding="utf-8")
    return path


@pytest.mark.parametrize("case", AXES)
def test_the_axis_is_pysds(case: str, tmp_path: Path, engine: EngineName) -> None:
    start, stop, dt, (first, last, step) = AXES[case]
    got, compared = agree(written(tmp_path, BODY, start, stop, dt), engine)
    assert compared >= 6
    times = np.arange(first, last + step / 2, step)
    assert got["finaltime"][0] == last
    # Euler's sum of the times before.
    np.testing.assert_allclose(
        got["s"], 5 + step * np.concatenate([[0], np.cumsum(times)[:-1]]), rtol=1e-14
    )


def test_a_variable_of_that_name_does_not_count(
    tmp_path: Path, engine: EngineName
) -> None:
    body = BODY + aux("FINAL TIME", "99") + aux("x", "FINAL_TIME*2")
    path = written(tmp_path, body, *AXES["numbers"][:3])
    got, _ = agree(path, engine)
    assert got["x"].tolist() == [8.0] * 17
    (warning,) = read_model(path, cache=False).warnings
    assert "'FINAL TIME', line" in warning


@pytest.mark.parametrize(
    ("start", "stop", "dt", "words"),
    [
        ("0", "4 +", "<dt>1</dt>", "<stop> is '4 [+]'; .* an equation .it ends too"),
        ("0", "", "<dt>1</dt>", "<stop> is ''; it must be a number or an equation"),
        ("nix", "4", "<dt>1</dt>", "'INITIAL TIME': no variable 'nix'"),
        ("0", "inf", "<dt>1</dt>", "<stop> is 'inf'; .* .it must be finite"),
        ("0", "4", "<dt>0</dt>", "TIME STEP = 0; it must be greater"),
        ("S", "4", "<dt>1</dt>", "the time axis must not depend on a stock"),
    ],
)
def test_a_wrong_axis_hides_no_loop(
    start: str, stop: str, dt: str, words: str, tmp_path: Path
) -> None:
    body = BODY + aux("l1", "l2") + aux("l2", "l1")
    with pytest.raises(ModelFileError, match=words) as caught:
        read_model(written(tmp_path, body, start, stop, dt), cache=False)
    told = caught.value.problems
    assert len(told) == 2, told
    assert all(", line " in one for one in told), told
    assert sum("an algebraic loop" in one for one in told) == 1
