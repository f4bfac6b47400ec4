"""Explanations hang together: parts, ranges, loops, and what is written of them."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli import explain_figure
from sdmodel.cli.explain_json import document
from sdmodel.cli.explain_text import lines
from sdmodel.cli.explain_words import Words
from sdmodel.cli.main import main
from sdmodel.errors import RunError
from sdmodel.experiments.courses import courses
from sdmodel.experiments.explain import explain
from sdmodel.experiments.explanation import Explanation, added_key
from sdmodel.experiments.flux import flux
from sdmodel.experiments.page_loops import page_loops
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import Workbook, open_workbook
from sdmodel.model.web import Web, with_states
from sdmodel.study.outcomes import parse_key
from sdmodel.study.summaries import Window
from tests.tolerances import SHARES_ADD

if TYPE_CHECKING:
    from pathlib import Path


FILES = {
    "account.csv",
    "explanation.json",
    "explanation.png",
    "levers.csv",
    "loops.csv",
    "loops_over_time.csv",
    "manifest.json",
    "sectors.csv",
    "ways.csv",
}


@pytest.fixture(scope="module")
def book(consortium_folder: Path) -> Workbook:
    return open_workbook(consortium_folder)


def ask(book: Workbook, scenario: str, outcome: str, draws: int = 0) -> Explanation:
    key = added_key(parse_key(outcome, book.outcomes, book.model), book)
    return explain(book, book.scenario(scenario), key, draws=draws)


@pytest.fixture(scope="module")
def county(book: Workbook) -> Explanation:
    return ask(book, "capitation", "in_county_share", draws=4)


def test_the_change_is_that_of_a_plain_run(book: Workbook, county: Explanation) -> None:
    key = parse_key("in_county_share", book.outcomes, book.model)
    both = [book.scenario(name) for name in ("baseline", "capitation")]
    base, value = evaluate(book.model, both, [key]).values["in_county_share"]
    assert county.value == pytest.approx(value, rel=SHARES_ADD)
    assert county.base == pytest.approx(base, rel=SHARES_ADD)
    assert county.change == pytest.approx(value - base, rel=SHARES_ADD)
    brought = sum(part.carried for part in county.levers)
    assert brought == pytest.approx(county.change, rel=SHARES_ADD)
    assert county.change_range is not None
    assert county.change_range.draws == 4


def test_loops_share_what_they_do(county: Explanation) -> None:
    shares = np.array([part.share for part in county.loops])
    whole = np.abs(shares).sum(axis=0)
    late = county.times >= 2030
    assert whole[late] == pytest.approx(1.0)
    assert (shares[:, county.times < 2026] == 0).all()
    sizes = [abs(part.passed) for part in county.loops]
    assert sizes == sorted(sizes, reverse=True)


def test_a_loop_returns_only_what_its_link_lets_through(
    county: Explanation,
) -> None:
    for part in county.loops:
        if part.passed == 0:
            assert part.returned == 0


def test_the_race_for_points_gives_nothing_away(book: Workbook) -> None:
    """What a loop is said to do is what goes when its own behaviour is switched off."""
    off = ("income pressure response=0",)
    found = ask(book, "dip", "dip_point_value@2035")
    race = next(part for part in found.loops if part.loop.id == "R6")
    keys = [found.key]
    ends = [
        [book.scenario(name, sets=sets) for name in ("baseline", "dip")]
        for sets in ((), off)
    ]
    web = Web(with_states(book.model))
    change, without = (
        float(flux(web, courses(web.model, pair), keys, Window()).change[0])
        for pair in ends
    )
    assert race.passed == pytest.approx(change - without, abs=0.02 * abs(change))


def test_audits_hold_coding_down(book: Workbook) -> None:
    found = ask(book, "drg", "upcoding_index")
    audit = next(part for part in found.loops if part.loop.id == "B4")
    assert audit.passed < 0 < audit.returned


def test_without_a_change_loops_are_told_alone(book: Workbook) -> None:
    found = ask(book, "baseline", "trust_in_primary")
    assert found.alone
    assert found.change == 0
    assert not found.ways
    assert any(part.passed for part in found.loops)


def test_a_date_is_explained_by_its_series(book: Workbook) -> None:
    key = parse_key("fund_depletion_year", book.outcomes, book.model)
    assert added_key(key, book).year == book.model.time.stop


def test_what_has_no_value_is_not_explained(book: Workbook) -> None:
    with pytest.raises(RunError, match="no change to explain"):
        ask(book, "capitation", "dip_point_value")


def test_the_verb_writes_text_json_and_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "why"
    args = ["explain", "drg", "los_tertiary", "--draws", "2", "--out", str(out)]
    assert main(args) == 0
    text = capsys.readouterr().out
    assert "What each lever brings" in text
    assert "DRG share → Payment → " in text
    assert "of these DRG share, DIP share are shares of one whole: together" in text
    names = {path.name for path in out.iterdir()}
    assert names == FILES
    assert main([*args[:-2], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / "explanation.json").read_text("utf-8"))
    assert document["change"] == pytest.approx(
        sum(lever["carried"] for lever in document["levers"])
    )


def test_a_model_without_loops_is_explained_too(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")
    args = ["explain", "drg", "fund_balance", "--model", str(folder), "--draws", "0"]
    assert main(args) == 0
    text = capsys.readouterr().out
    assert "DRG share → spending → fund payments → Fund Balance" in text
    assert "no loops.csv" in text


ENGLISH = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(
    r"\([A-Za-z ]+\)|（[A-Za-z ]+）|DRG|DIP|FFS|pysimlin|loops\.csv|loops that matter"
    r"|Schoenberg|--json"
)
"""What stays English in a Chinese text: levers' names in brackets, terms, programs."""


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [("capitation", "in_county_share"), ("ffs", "spending_per_capita@2035")],
)
def test_the_chinese_text_is_chinese(
    scenario: str, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", scenario, outcome, "--draws", "2", "--lang", "zh"]) == 0
    text = capsys.readouterr().out
    left = [line for line in text.splitlines() if ENGLISH.search(KEPT.sub("", line))]
    assert left == []
    assert "延续现状" in text.splitlines()[1]


def test_parts_of_money_are_told_beside_the_change(
    book: Workbook,
) -> None:
    """All changes have the decimals of the largest: what is told adds up."""
    found = ask(book, "global-budget", "fund_balance")
    words = Words("en", found, book)
    assert words.level(found.value).endswith(" billion CNY")
    assert words.inside == ", in billion CNY"
    shown = [float(words.change(p.carried).replace("−", "-")) for p in found.levers]
    change = float(words.change(found.change))
    assert sum(shown) == pytest.approx(change, abs=0.005 * (len(shown) + 1))
    assert words.change(1.0) == "≈0"
    assert Words("zh", found, book).level(found.value).endswith(" 亿元")


def test_a_changed_baseline_is_told_apart_from_the_baseline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sets = ["--set", "integration aim=0.8", "--draws", "0"]
    assert main(["explain", "baseline", "in_county_share", *sets]) == 0
    head = capsys.readouterr().out.splitlines()[1]
    assert head.startswith("Going on as today, as set here: ")
    assert "; Going on as today: " in head


def test_tiny_changes_are_written_out(book: Workbook) -> None:
    found = ask(book, "pandemic", "avoidable_admissions")
    assert 0.0 < abs(found.change) < 1e-4  # at six digits a power of ten would do
    head = lines(found, Words("en", found, book))[2]
    assert re.fullmatch(r"Change: [−+]0\.0000\d+ per year \(.*%\)", head)


def test_json_names_what_it_tells_in_both_languages(book: Workbook) -> None:
    told = document(ask(book, "drg", "los_tertiary"), book, "compiled")
    assert told["label"]["zh"]
    assert [title["zh"] for title in told["titles"]] != ["", ""]
    ways = [name for way in told["ways"] for name in way["path"]]
    sectors = [name for way in told["sectors"] for name in way["path"]]
    for name in (*ways, *sectors):
        assert told["names"][name]["zh"], name
    assert len(told["loops"][0]["matter_own"]) == len(told["times"])


@pytest.mark.parametrize("font", [True, False])
def test_the_figure_is_readable_with_and_without_chinese_letters(
    *, font: bool, book: Workbook, county: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters that a font lacks are warnings, and warnings are errors here."""
    if not font:
        monkeypatch.setattr(explain_figure, "chinese_font", lambda: None)
    elif explain_figure.chinese_font() is None:
        pytest.skip("no font with Chinese letters")
    assert explain_figure.figure(Words("zh", county, book)).startswith(b"\x89PNG")


def test_a_wrong_outcome_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "drg", "in_county_shar"]) == 2
    assert "nearest: 'in_county_share'" in capsys.readouterr().err


def test_the_page_is_told_what_the_verb_tells(book: Workbook) -> None:
    found = page_loops(book, ["dip"])
    here = found["scenarios"]["dip"]["outcomes"]["spending_per_capita"]
    there = ask(book, "dip", "spending_per_capita")
    assert here["change"] == pytest.approx(there.change, rel=1e-5)
    assert here["ways"][0]["carried"] == pytest.approx(
        there.ways[0].way.carried, rel=1e-5
    )
    best = there.loops[0]
    assert here["loops"][best.loop.id]["passed"] == pytest.approx(best.passed, rel=1e-5)
    assert here["loops"][best.loop.id]["share"] == pytest.approx(
        best.share.tolist(), abs=1e-3
    )
    assert len(here["loops"][best.loop.id]["share"]) == len(found["times"])
    assert {loop["id"] for loop in found["loops"]} >= set(here["loops"])
    json.dumps(found, allow_nan=False)
