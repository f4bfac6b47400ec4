"""controls.csv: every row a settable constant with range, source and grade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import DataError
from sdmodel.study.controls import mixes, read_controls

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model


def test_unit_and_default_come_from_the_model(tiny: Model, tiny_folder: Path) -> None:
    controls = {c.name: c for c in read_controls(tiny_folder, tiny)}
    price = controls["price[tertiary]"]
    assert (price.unit, price.default) == ("CNY/Visit", 400.0)
    assert (price.min, price.max, price.step) == (200.0, 800.0, 10.0)
    assert price.label_zh == "三级医院次均费用"
    assert controls["trust delay"].role == "uncertainty"


def test_shares_of_a_mix_are_found(tiny: Model, tiny_folder: Path) -> None:
    found = mixes(read_controls(tiny_folder, tiny))
    names = [control.name for control in found["payment"]]
    assert names == ["DRG share", "DIP share", "capitation share"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("premium,lever", "premum,lever"), "'premum' is no constant.*'premium'"),
        (("price[tertiary],lever", "price,lever"), "is an array; give each element"),
        (("premium,lever", "fund income,lever"), "'fund income' is no constant"),
        (("premium,lever", "premium,levr"), "column 'role': 'levr'.*nearest: 'lever'"),
        ((",300,600,", ",600,300,"), "min 600 is not below max 300"),
        ((",300,600,", ",450,600,"), "model's value 440 is outside 450 … 600"),
        ((",300,600,", ",nan,600,"), "column 'min': 'nan' is not a number"),
        ((",300,600,", ",300,1e999,"), "column 'max': '1e999' is not a number"),
        ((",300,600,", ',300,"6,5",'), "column 'max': '6,5' is not a number"),
        ((",fund,toy model,", ",fund,,"), "column 'source': blank"),
        (("triangular", "triangel"), "'triangel'.*nearest: 'triangular'"),
        (("premium,lever", "DRG_share,lever"), "'DRG share' already has a row"),
        (("0.5,loguniform", "0.5,uniform,x"), "12 cells, but the header has 11"),
        (("name,role", "role,name,role"), "'role' stands twice"),
        (("grade\n", "grde\n"), "column 'grade' is missing"),
        (
            ("trust delay,uncertainty", "Fund Balance,uncertainty"),
            "'Fund Balance' is no constant",
        ),
        (("0,1,0.05,uniform,primary", "0,1,7,uniform,primary"), "column 'step': 7"),
    ],
)
def test_a_bad_row_names_row_and_column(
    change: tuple[str, str], words: str, tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    text = (tiny_folder / "controls.csv").read_text("utf-8")
    assert change[0] in text
    (tmp_path / "controls.csv").write_text(text.replace(*change, 1), "utf-8")
    with pytest.raises(DataError, match=words):
        read_controls(tmp_path, tiny)


def test_all_problems_are_told_at_once(
    tiny: Model, tiny_folder: Path, tmp_path: Path
) -> None:
    text = (tiny_folder / "controls.csv").read_text("utf-8")
    text = text.replace("premium,lever", "premum,levr").replace("toy model", "")
    (tmp_path / "controls.csv").write_text(text, "utf-8")
    with pytest.raises(DataError) as caught:
        read_controls(tmp_path, tiny)
    assert len(caught.value.problems) == 11


def test_a_lone_share_is_no_mix(tiny: Model, tiny_folder: Path, tmp_path: Path) -> None:
    text = (tiny_folder / "controls.csv").read_text("utf-8")
    text = text.replace("uniform,fund,", "uniform,mix:alone,")
    (tmp_path / "controls.csv").write_text(text, "utf-8")
    with pytest.raises(DataError, match="'premium': the only share of 'mix:alone'"):
        read_controls(tmp_path, tiny)
