"""The verbs that list, run and compare: what each prints and writes."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.study.results import open_run

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "fixtures" / "tiny"


@dataclass
class Sd:
    """Runs commands on the toy model; ``err`` is what the last one said."""

    capsys: pytest.CaptureFixture[str]
    err: str = ""

    def __call__(self, *args: str, model: Path | str = TINY, code: int = 0) -> str:
        """Run a command that must end with ``code`` and return what it prints."""
        ended = main([*args, "--model", str(model)])
        out, self.err = self.capsys.readouterr()
        assert ended == code, self.err
        return out


@pytest.fixture
def sd(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Sd:
    """Commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Sd(capsys)


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    return head, rows


# -- listing


def test_scenarios_are_listed_with_their_columns(sd: Sd) -> None:
    found = {item["id"]: item for item in json.loads(sd("scenarios", "--json"))}
    assert list(found) == ["baseline", "capitation", "drg"]
    assert found["drg"]["from"] == "baseline"
    assert found["drg"]["values"]["DRG share"] == {
        "time": [2026.0, 2029.0],
        "value": [0.4, 0.8],
    }
    assert "DRG share = 0.4@2026.0..0.8" not in sd("scenarios")
    assert "DRG share = 0.4@2026..0.8@2029" in sd("scenarios")


def test_levers_are_listed_by_role(sd: Sd) -> None:
    levers = json.loads(sd("levers", "--json"))
    assert {item["role"] for item in levers} == {"lever"}
    assert set(levers[0]) >= {
        "name", "role", "label_en", "label_zh", "unit", "default", "min", "max",
        "step", "distribution", "group", "source", "grade",
    }  # fmt: skip
    assert not any(item["fixed"] for item in levers)
    unknown = json.loads(sd("levers", "--role", "Uncertainty", "--json"))
    assert "trust delay" in [item["name"] for item in unknown]
    assert len(json.loads(sd("levers", "--role", "all", "--json"))) == 11
    assert "trust delay" in sd("levers", "--role", "uncertainty")


def test_a_convention_is_listed_as_fixed(tmp_path: Path, sd: Sd) -> None:
    folder = shutil.copytree(TINY, tmp_path / "copy")
    path = folder / "controls.csv"
    text = path.read_text("utf-8").replace(
        "1,10,0.5,loguniform,trust,", "3.999999999,4.000000001,,uniform,fixed,"
    )
    path.write_text(text, "utf-8")
    (item,) = (
        item
        for item in json.loads(sd("levers", "--role", "all", "--json", model=folder))
        if item["fixed"]
    )
    assert item["name"] == "trust delay"
    assert item["min"] == item["default"] == item["max"]


NOISY = """{UTF-8}
S = INTEG(RANDOM NORMAL(-9, 9, 0, 1, 5), 0) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 4 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""


def test_the_seed_names_what_a_model_draws(tmp_path: Path, sd: Sd) -> None:
    (tmp_path / "noisy.mdl").write_text(NOISY, "utf-8")

    def outcome(*args: str) -> dict[str, float]:
        text = sd("run", "--json", *args, model=tmp_path / "noisy.mdl")
        (found,) = json.loads(text)["scenarios"]["baseline"]["outcomes"].values()
        return dict(found)

    plain, first, again, other = (
        outcome(*args)
        for args in ((), ("--seed", "1"), ("--seed", "1"), ("--seed", "2"))
    )
    assert len({one["value"] for one in (plain, first, other)}) == 3
    assert first == again
    assert (first["change"], first["baseline"]) == (0, first["value"])
    set_by_hand = outcome("--set", "NOISE SEED=2")
    assert set_by_hand["value"] == other["value"]
    assert set_by_hand["baseline"] == plain["value"]


def test_a_seed_is_no_use_where_nothing_is_drawn(sd: Sd) -> None:
    assert sd("run", "drg", "--seed", "7") == sd("run", "drg")
    sd("compare", "baseline", "drg", "--seed", "7")
    assert "draws nothing at random; --seed changes nothing" in sd.err


def test_a_scenario_given_twice_is_run_once_and_told(sd: Sd) -> None:
    assert sd("run", "drg", "drg", "baseline").count("drg: ") == 1
    assert "'drg' was given twice; it is run once" in sd.err
    sd("run", "drg", "baseline")
    assert "twice" not in sd.err


def test_outcomes_are_listed_with_their_columns(sd: Sd) -> None:
    found = json.loads(sd("outcomes", "--json"))
    with (TINY / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        assert found == list(csv.DictReader(file))
    assert "fund_depletion_year" in sd("outcomes")


# -- run


def test_run_prints_the_document_that_scripts_read(sd: Sd) -> None:
    read = json.loads(sd("run", "baseline", "DRG", "--json"))
    assert set(read) == {"scenarios", "model", "engine"}
    assert list(read["scenarios"]) == ["baseline", "drg"]
    drg = read["scenarios"]["drg"]
    assert set(drg) == {"levers", "outcomes", "series"}
    assert drg["levers"]["DRG share"]["value"] == [0.4, 0.8]
    assert drg["levers"]["premium"] == 440.0
    balance = drg["outcomes"]["fund_balance"]
    base = read["scenarios"]["baseline"]["outcomes"]["fund_balance"]
    assert balance["baseline"] == base["value"] == base["baseline"]
    assert balance["change"] == balance["value"] - base["value"]
    assert base["change"] == 0.0
    assert balance["unit"] == "CNY"
    series = drg["series"]["fund_balance"]
    assert len(series["time"]) == len(series["value"]) == 81
    assert series["value"][-1] == balance["value"]
    depletion = drg["outcomes"]["fund_depletion_year"]
    assert depletion["value"] is None
    assert depletion["change"] is None
    assert depletion["baseline"] == pytest.approx(2030.87, abs=0.01)
    assert read["engine"] == "compiled"
    assert len(read["model"]["digest"]) >= 32


def test_engines_print_the_same_numbers(sd: Sd) -> None:
    values = []
    for engine in ("compiled", "numpy", "pysd"):
        read = json.loads(sd("run", "capitation", "drg", "--json", "--engine", engine))
        assert read["engine"] == engine
        values.append(
            [
                scenario["outcomes"][key]["value"]
                for scenario in read["scenarios"].values()
                for key in ("fund_balance", "spending_total", "trust_in_primary")
            ]
        )
    np.testing.assert_allclose(values[0], values[2], rtol=1e-12)
    np.testing.assert_allclose(values[1], values[2], rtol=1e-12)


def test_set_changes_against_the_untouched_baseline(sd: Sd) -> None:
    args = ("run", "baseline", "--set", "premium=450", "--set", "PRICE=300", "--json")
    read = json.loads(sd(*args, "--allow-outside-limits"))["scenarios"]["baseline"]
    assert read["levers"]["premium"] == 450.0
    assert read["levers"]["price[tertiary]"] == 300.0
    assert read["levers"]["price[primary]"] == 300.0
    plain = json.loads(sd("run", "--json"))["scenarios"]["baseline"]
    now, before = read["outcomes"]["fund_balance"], plain["outcomes"]["fund_balance"]
    assert now["baseline"] == before["value"]
    assert now["change"] == now["value"] - before["value"] != 0


def test_leaving_limits_is_told_and_recorded(sd: Sd) -> None:
    args = ("run", "drg", "--set", "trust delay=99", "--allow-outside-limits")
    sd(*args, "--out", "wide")
    assert "warning: --set 'trust delay': 99 is outside 1 … 10" in sd.err
    (said,) = open_run(Path("wide")).manifest["warnings"]
    assert "'trust delay': 99 is outside" in said


def test_a_bad_run_is_said_aloud_and_null(sd: Sd) -> None:
    args = ("run", "drg", "--set", "tertiary capacity=0", "--allow-outside-limits")
    read = json.loads(sd(*args, "--json", code=1))["scenarios"]["drg"]
    assert "'drg' went bad: 'tertiary occupancy'" in sd.err
    assert "at 2020" in sd.err
    assert read["bad"] == {"time": 2020.0, "variable": "tertiary occupancy"}
    assert {item["value"] for item in read["outcomes"].values()} == {None}
    assert {item["change"] for item in read["outcomes"].values()} == {None}
    assert read["outcomes"]["fund_balance"]["baseline"] is not None
    assert set(read["series"]["tertiary_occupancy"]["value"]) == {None}
    assert "–" in sd(*args, code=1)
    sd("compare", "baseline", *args[1:], code=1)
    assert "'drg' went bad" in sd.err


def test_the_text_is_plain_where_there_is_no_terminal(sd: Sd) -> None:
    text = sd("run", "drg")
    assert "\x1b" not in text
    assert not set(text) & set("│┃━─")
    (line,) = [row for row in text.splitlines() if row.startswith("fund_depletion")]
    assert line.split()[:4] == ["fund_depletion_year", "–", "–", "Year"]
    (line,) = [row for row in sd("run").splitlines() if row.startswith("fund_depl")]
    assert line.split()[1] == "2030.9"


def test_all_variables_go_to_a_wide_table(sd: Sd) -> None:
    sd("run", "capitation", "--save", "all", "--csv", "deep/all.csv")
    head, rows = table(Path("deep/all.csv"))
    assert head[:2] == ["time", "Population"]
    assert "visits[tertiary]" in head
    assert len(rows) == 81
    last = dict(zip(head, map(float, rows[-1]), strict=True))
    assert last["time"] == 2040.0
    read = json.loads(sd("run", "capitation", "--json"))["scenarios"]["capitation"]
    assert last["Fund Balance"] == read["outcomes"]["fund_balance"]["value"]
    trust = read["series"]["trust_in_primary"]["value"]
    assert [float(row[head.index("Trust in Primary")]) for row in rows] == trust


def test_one_scenario_tells_its_story_and_several_do_not(sd: Sd) -> None:
    Path("mine.toml").write_text('story = "Once."\nshows = "A rise."\n', "utf-8")
    told = sd("run", "mine.toml")
    assert "Once." in told
    assert "Look for: A rise." in told
    assert "Once." not in sd("run", "mine.toml", "drg")


def test_several_scenarios_stand_one_below_the_other(sd: Sd) -> None:
    sd("run", "drg", "baseline", "--save", "all", "--csv", "all.csv")
    head, rows = table(Path("all.csv"))
    assert head[:2] == ["scenario", "time"]
    assert [row[0] for row in rows] == ["drg"] * 81 + ["baseline"] * 81
    sd("run", "drg", "--csv", "outcomes.csv")
    head, rows = table(Path("outcomes.csv"))
    assert head[:3] == ["time", "primary_visit_share", "tertiary_occupancy"]


def test_a_lone_model_file_runs_with_its_own_values(sd: Sd, tmp_path: Path) -> None:
    shutil.copy(TINY / "tiny.mdl", tmp_path / "alone.mdl")
    sd("run", "--save", "all", "--csv", "alone.csv", model="alone.mdl")
    sd("run", "--save", "all", "--csv", "folder.csv")
    assert Path("alone.csv").read_bytes() == Path("folder.csv").read_bytes()
    read = json.loads(sd("run", "--json", model="alone.mdl"))
    own = read["scenarios"]["baseline"]["outcomes"]["Fund Balance"]
    assert own["value"] == pytest.approx(-420_000)
    assert sd("scenarios", model="alone.mdl").startswith("This model has no scenario")
    moved = json.loads(sd("levers", "--json", model="alone.mdl"))
    assert all(item["source"].startswith("assumption:") for item in moved)
    told = sd("levers", model="alone.mdl")
    assert "limits in the model file" in told
    assert all(item["name"] in told for item in moved)
    assert "none are listed" in sd("levers", "--role", "uncertainty", model="alone.mdl")
    assert {path.name for path in tmp_path.iterdir()} == {
        "alone.mdl",
        "alone.csv",
        "folder.csv",
    }


def test_the_models_own_file_brings_its_folder(sd: Sd) -> None:
    by_file = sd("run", "drg", "--json", model=TINY / "tiny.mdl")
    assert (
        json.loads(by_file)["scenarios"]
        == json.loads(sd("run", "drg", "--json"))["scenarios"]
    )


FOR_A_REPORT = {"context.json", "regimes.csv", "series.nc"}


def test_a_run_folder_holds_the_record(sd: Sd) -> None:
    sd(
        "run",
        "drg",
        "capitation",
        "--out",
        "r",
        "--save",
        "all",
        "--set",
        "premium=450",
    )
    run = open_run(Path("r"))
    assert run.manifest["command"][:3] == ["sdmodel", "run", "drg"]
    assert run.manifest["scenarios"]["drg"]["values"]["premium"] == 450.0
    assert set(run.manifest["outputs"]) == {
        "results.nc", "outcomes.csv", "series.csv", "all.csv", *FOR_A_REPORT,
    }  # fmt: skip
    data = run.dataset()
    assert data["run"].to_numpy().tolist() == ["drg", "capitation"]
    assert data["visits"].dims == ("run", "time", "Tier")
    assert Path("r/outcomes.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    head, rows = table(Path("r/outcomes.csv"))
    assert head[-2:] == ["drg", "capitation"]
    assert rows[0][2] == "基层就诊占比"
    assert float(rows[3][-2]) == data["fund_balance@final"].sel(run="drg").item()


def test_the_same_run_makes_the_same_bytes(sd: Sd) -> None:
    for name in ("one", "two"):
        sd("run", "drg", "--out", name)
    first, second = (open_run(Path(n)).manifest["outputs"] for n in ("one", "two"))
    assert first == second


# -- compare and new


def test_compare_shows_only_what_differs(sd: Sd) -> None:
    read = json.loads(sd("compare", "baseline", "drg", "capitation", "--json"))
    assert read["scenarios"] == ["baseline", "drg", "capitation"]
    assert set(read["levers"]) == {"DRG share", "capitation share", "training effort"}
    spending = read["outcomes"]["spending_per_capita"]
    value, gap = spending["value"], spending["difference"]
    assert gap["drg"] == value["drg"] - value["baseline"]
    assert spending["relative"]["drg"] == gap["drg"] / value["baseline"]
    text = sd("compare", "baseline", "drg")
    assert "Levers that differ" in text
    assert "capitation share" not in text
    assert "−6.0 %" in text
    same = sd("compare", "drg", "baseline", "--set", "DRG share=0.1")
    assert "set nothing differently" in same


def test_compare_writes_figures_and_tables(sd: Sd) -> None:
    sd("compare", "baseline", "drg", "--out", "c")
    names = set(open_run(Path("c")).manifest["outputs"])
    figures = {name for name in names if name.endswith(".png")}
    assert figures == {
        f"trajectories-{who}.png"
        for who in ("patients", "primary", "fund", "hospitals")
    }
    for name in figures:
        assert Path("c", name).read_bytes().startswith(b"\x89PNG")
    tables = {"results.nc", "levers.csv", "outcomes.csv", "series.csv"}
    assert names - figures == tables | FOR_A_REPORT
    assert table(Path("c/levers.csv"))[1] == [
        ["DRG share", "0.0", "0.4@2026..0.8@2029"]
    ]


def test_a_new_scenario_runs_at_once(sd: Sd) -> None:
    text = sd("new", "my-plan", "--from", "drg")
    assert "sdmodel run my-plan.toml" in text
    mine = json.loads(sd("run", "my-plan.toml", "--json"))["scenarios"]["my-plan"]
    drg = json.loads(sd("run", "drg", "--json"))["scenarios"]["drg"]
    assert mine == drg
    sd("new", "second", "--from", "my-plan.toml", "--out", "deep")
    assert (
        "DRG share"
        in json.loads(sd("run", "deep/second.toml", "--json"))["scenarios"]["second"][
            "levers"
        ]
    )
    content = Path("my-plan.toml").read_text("utf-8")
    assert '# "training effort" = 0.0' in content
    assert "0 to 1 Dmnl" in content
