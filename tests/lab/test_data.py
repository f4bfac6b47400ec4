"""What the page knows is what the tables and the model say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sdmodel.errors import DataError, HostError, SdmodelError
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.build import build
from sdmodel.lab.data import collect
from sdmodel.lab.draws import prior
from sdmodel.lab.face import read_face
from sdmodel.lab.flows import read_flows
from sdmodel.lab.levers import BARE_SPREAD, bare_controls
from sdmodel.lab.record import value_sets
from sdmodel.study.design import Schedule
from sdmodel.study.meanings import read_sources
from sdmodel.study.values import mix_problems
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

BARE = """{UTF-8}
Cup = INTEG(-heat loss, 90) ~ degree ~ Temperature of the cup. |
heat loss = (Cup - room)/time to cool*on ~ degree/minute ~~|
room = 20 ~ degree [5, 35] ~ Temperature of the room. |
time to cool = 10 ~ minute ~~|
on = 0 ~ Dmnl ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 30 ~~|
TIME STEP = 0.125 ~~|
SAVEPER = 1 ~~|
"""


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return collect(open_workbook("consortium")).data


@pytest.fixture
def cup(tmp_path: Path) -> Path:
    path = tmp_path / "cup.mdl"
    path.write_text(BARE, encoding="utf-8")
    return path


def test_every_control_outcome_and_scenario_is_on_the_page(
    data: dict[str, Any],
) -> None:
    book = open_workbook("consortium")
    assert [d["name"] for d in data["levers"]] == [c.name for c in book.controls]
    assert [d["id"] for d in data["outcomes"]] == [o.id for o in book.outcomes]
    assert [d["id"] for d in data["presets"]] == list(book.scenario_ids())
    for lever in data["levers"]:
        assert lever["min"] <= lever["default"] <= lever["max"]
        assert lever["step"] > 0
    levers = [d for d in data["levers"] if d["role"] == "lever"]
    assert all(d["meaning"]["en"] and d["label"]["zh"] for d in levers)
    assert all(d["title"]["zh"] and d["story"]["zh"] for d in data["presets"])


def test_all_that_moves_says_what_it_means_in_both_languages(
    data: dict[str, Any],
) -> None:
    book = open_workbook("consortium")
    face: Any = read_face(book.folder, data["levers"], data["outcomes"])
    for lever in data["levers"]:
        if lever["group"] != "fixed":  # conventions have no slider
            words = lever["meaning"]
            assert words["en"], lever["name"]
            chinese = face["zh"].get(lever["name"], {})
            assert words["zh"] or chinese["meaning"], lever["name"]
            assert lever["source_zh"] or chinese["source"], lever["name"]


def test_what_was_observed_names_its_source_in_both_languages(
    data: dict[str, Any],
) -> None:
    assert data["history"]
    for point in data["history"]:
        assert point["source"], point
        assert point["source_zh"], point["source"]


def test_a_source_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "sources.csv").write_text(
        "source,source_zh\nnosuch,词\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"nor targets\.csv has 'nosuch'"):
        read_sources(tmp_path, {"assumption: none"})


def test_page_data_is_strict_json_with_a_fair_size(data: dict[str, Any]) -> None:
    text = json.dumps(data, allow_nan=False, ensure_ascii=False)
    # Bands take 3 kB for each of some 540 uncertainties: half of it all.
    assert len(text.encode()) < 3_200_000


def test_kernel_agrees_within_the_promise(data: dict[str, Any]) -> None:
    found = data["model"]["agreement"]
    assert found["sets"] >= 200
    assert found["worst"] <= found["bound"] == 1e-12


def test_sets_that_are_tried_are_policies_that_could_be() -> None:
    book = open_workbook("consortium")
    for values in value_sets(book.controls, book.model):
        assert not mix_problems(values, book.model, book.controls)
        for control in book.controls:
            value = values.get(control.name, control.default)
            several = value.values if isinstance(value, Schedule) else (value,)
            assert all(control.min <= v <= control.max for v in several)


def test_loops_and_ways_of_the_regimes_reach_the_page(lab_file: Path) -> None:
    text = lab_file.read_text("utf-8")
    begun = text.index(">", text.index('id="lab-data"')) + 1
    found = json.loads(text[begun : text.index("</script>", begun)])
    assert len(found["loops"]) >= 6
    ids = {loop["id"] for loop in found["loops"]}
    regimes = found["why"]["scenarios"]
    assert set(regimes) == {
        p["id"] for p in found["presets"] if p["kind"] == "regime"
    } - {"baseline"}
    told = [o for regime in regimes.values() for o in regime["outcomes"].values()]
    assert all(set(outcome["loops"]) <= ids for outcome in told)
    assert any(outcome["ways"] for outcome in told)
    assert any(outcome["sectors"] for outcome in told)
    assert all(found["why"]["sectors"].values()), "a sector without a Chinese name"
    assert any(outcome["loops"] for outcome in told)
    assert "Trust" in found["why"]["variables"]


def test_only_the_start_of_policies_reaches_into_the_past(
    data: dict[str, Any],
) -> None:
    kernel = data["kernel"]
    assert kernel["history_step"] == 16 * (2026 - 2010)
    assert data["model"]["policy_start"] == 2026
    levers = {d["name"] for d in data["levers"] if d["role"] == "lever"}
    assert levers & set(kernel["gates"]) == {"policy start"}
    drawn = {d["name"] for d in data["levers"] if d["drawn"]}
    assert not drawn & set(kernel["gates"])
    assert set(kernel["late"]) == levers - {"policy start"}


def test_draws_are_the_studies_sample_of_every_drawn_assumption(
    data: dict[str, Any],
) -> None:
    names, values = prior(open_workbook("consortium").controls)
    drawn = [d for d in data["levers"] if d["drawn"]]
    assert sorted(names) == sorted(d["name"] for d in drawn)
    assert all(d["role"] == "uncertainty" for d in drawn)
    column = {name: values[:, i] for i, name in enumerate(names)}
    for control in drawn:
        assert column[control["name"]].min() >= control["min"]
        assert column[control["name"]].max() <= control["max"]
    assert np.array_equal(values, values.astype(np.float32))


def test_history_is_that_of_the_targets(data: dict[str, Any]) -> None:
    shown = [h for h in data["history"] if h["outcome"] == "tertiary_visit_share"]
    assert any(h["from"] == 2023 and h["value"] == 0.2754 for h in shown)
    assert all(h["source"] for h in data["history"])


def test_a_wrong_flow_is_told_with_its_row(tiny_folder: Path, tmp_path: Path) -> None:
    model = read_model(tiny_folder)
    (tmp_path / "flows.csv").write_text(
        "id,expression,unit,label_en,label_zh\na,no such thing,1,A,\n", "utf-8"
    )
    with pytest.raises(DataError, match=r"row 2.*no variable 'no such thing'"):
        read_flows(tmp_path, model)


def test_a_bare_model_gets_its_constants_as_levers(cup: Path) -> None:
    controls = {c.name: c for c in bare_controls(read_model(cup))}
    assert (controls["room"].min, controls["room"].max) == (5, 35)
    cooling = controls["time to cool"]
    assert (cooling.min, cooling.max, cooling.source) == (5, 15, BARE_SPREAD)
    assert "on" not in controls  # zero without limits: nothing says what it could be


def test_a_bare_model_gets_a_page(cup: Path, tmp_path: Path) -> None:
    page = build(cup, tmp_path / "cup.html")
    assert page.size < 6_000_000, "it must still travel by mail or messenger"
    assert [d["id"] for d in page.data["outcomes"]] == ["Cup"]
    assert page.data["draws"]["n"] == 0
    assert page.data["times"] == [float(t) for t in range(31)]


def test_a_page_is_written_whole_or_not_at_all(
    tiny_folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "file"
    place.write_text("no folder")
    with pytest.raises(HostError):
        build(tiny_folder, place / "lab.html")
    with pytest.raises(SdmodelError):
        build(tmp_path / "nothing.mdl", tmp_path / "lab.html")
    assert not (tmp_path / "lab.html").exists()
