"""The run folder that the tests of the page read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, _own_cache: None
) -> Path:
    """A demo of the toy model, small."""
    place = tmp_path_factory.mktemp("demo")
    study = place / "study.toml"
    text = (tiny_folder / "runs" / "shares" / "study.toml").read_text(encoding="utf-8")
    model = json.dumps(str(tiny_folder))
    text = re.sub('model = "[^"]*"', lambda _: f"model = {model}", text)
    study.write_text(text.replace("n = 8", "n = 16"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sdmodel.cli.studying.DEFAULT_N", {"sobol": 32})
        code = main(["demo", "--study", str(study), "--out", str(place / "out")])
    assert code == 0
    return place / "out"
