"""Finding a variable by its name, however it is spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

TEXT = """{UTF-8}
a b = 1 ~~|
ab = 2 ~~|
d: one,two ~~|
Beds[d] = 3 ~~|
FINAL TIME = 4 ~ year ~|
INITIAL TIME = 0 ~ year ~|
SAVEPER = TIME STEP ~ year ~|
TIME STEP = 0.25 ~ year ~|
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    path = tmp_path / "m.mdl"
    path.write_text(TEXT)
    return read_model(path, cache=False)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a b", "a b"),
        ("ab", "ab"),
        ("beds", "Beds"),
        ("BEDS[ two ]", "Beds[two]"),
        ("final_time", "FINAL TIME"),
    ],
)
def test_the_exact_name_comes_before_its_likes(
    given: str, found: str, model: Model
) -> None:
    assert model.find(given) == found


def test_an_unknown_name_brings_the_nearest(model: Model) -> None:
    with pytest.raises(ModelFileError, match="no variable 'bed'; nearest: 'Beds"):
        model.find("bed")
