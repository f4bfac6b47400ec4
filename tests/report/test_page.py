"""The page: whole, safe, self-contained, and made from the run folder alone."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from lxml import etree, html

from sdmodel.cli.main import main
from sdmodel.errors import ResultsError, UsageError
from sdmodel.report.build import check_formats, render, report
from sdmodel.report.fit import fit
from sdmodel.report.load import load
from sdmodel.report.study_charts import some
from sdmodel.report.study_page import study_page
from sdmodel.report.tables import crossings, happens, overview, regime_table
from sdmodel.study.results import open_run, save_run

if TYPE_CHECKING:
    from pathlib import Path

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(2)</script>",
    "{{ 7*7 }}",
    "$\\frac{x}{",
    "javascript:alert(3)",
    "' onmouseover='alert(4)",
    "]]>&lt;b&gt;",
    "https://example.org/track.png",
)
VOID = {"meta", "br", "img", "link", "input", "hr", "col"}


class Page(HTMLParser):
    """Collects tags and attributes, and checks that tags close as they opened."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


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


def test_the_page_is_well_formed_and_calls_nobody(run_folder: Path) -> None:
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    page = parsed(text)
    html.fromstring(text)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(names)
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name == "src":
                assert str(value).startswith("data:image/svg+xml;base64,")
            if name == "href":
                assert str(value).startswith("#")
    (policy,) = [a["content"] for t, a in page.tags if "http-equiv" in a]
    assert "default-src 'none'" in str(policy)
    assert "url(" not in text
    assert "@import" not in text


def test_inner_links_lead_somewhere(run_folder: Path) -> None:
    page = parsed((run_folder / "report.html").read_text(encoding="utf-8"))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        href = str(attributes.get("href") or "")
        if href.startswith("#"):
            assert href[1:] in ids


def test_every_figure_says_what_it_shows(run_folder: Path) -> None:
    page = parsed((run_folder / "report.html").read_text(encoding="utf-8"))
    images = [a for tag, a in page.tags if tag == "img"]
    assert len(images) >= 6
    for image in images:
        assert len(str(image["alt"])) > 40
        data = base64.b64decode(str(image["src"]).partition(",")[2])
        drawing = etree.fromstring(data)
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        for element in drawing.iter("{*}use", "{*}image", "{*}a"):
            link = element.get("{http://www.w3.org/1999/xlink}href", "#")
            assert link.startswith(("#", "data:"))


def test_the_page_tells_all_that_it_must(run_folder: Path) -> None:
    text = " ".join(
        parsed((run_folder / "report.html").read_text(encoding="utf-8")).texts
    )
    manifest = open_run(run_folder).manifest
    for words in (
        "What the model must not be used for",
        "not forecasts",
        "Capitation with training",
        "SALib’s own analysis",
        "95 % intervals",
        "withheld, no index is computed",
        "⚠ assumption",
        "toy model",
        manifest["model"]["digest"],
        manifest["outputs"]["regimes.csv"]["sha256"],
        manifest["versions"]["numpy"],
        "seed 1",
    ):
        assert words in text, words


def test_sentences_follow_the_numbers(run_folder: Path) -> None:
    content = replace(load(run_folder), studies=(), headline=())
    text = render(content)
    assert "Patients, primary care and the insurance fund gain" in text
    assert content.regimes is not None
    rows = content.regimes.to_dict("records")
    base = {r["outcome"]: r["value"] for r in rows if r["scenario"] == "baseline"}
    for row in rows:
        if row["scenario"] == "capitation":
            row["value"] = 2 * base[row["outcome"]] - row["value"]
            row["change_p5"], row["change_p95"] = -row["change_p95"], -row["change_p5"]
            low, high = row["change_p5_low"], row["change_p95_high"]
            row["change_p5_low"], row["change_p95_high"] = -high, -low
    turned = pd.DataFrame(rows)
    again = render(replace(content, regimes=turned))
    assert "Patients, primary care and the insurance fund lose" in again


def test_the_same_folder_gives_the_same_page(run_folder: Path, tmp_path: Path) -> None:
    again = report(run_folder, tmp_path / "again.html").read_bytes()
    assert again == (run_folder / "report.html").read_bytes()


def poisoned(value: object, payload: str) -> object:
    """Return the texts with the payload in every one that a person writes."""
    free = {"title", "question", "story", "label", "evidence", "source", "unit"}
    free |= {"series_unit", "value", "not_for", "name", "caption", "text"}
    if isinstance(value, dict):
        return {
            key: payload + item
            if key in free and isinstance(item, str)
            else poisoned(item, payload)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [poisoned(item, payload) for item in value]
    return value


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup(run_folder: Path, tmp_path: Path, payload: str) -> None:
    run = open_run(run_folder)
    files = {name: (run_folder / name).read_bytes() for name in run.manifest["outputs"]}
    texts: Any = poisoned(json.loads(files["context.json"]), payload)
    texts["studies"] = []  # their figures take seconds, their texts are the same
    texts["headline"] = []
    texts["model"]["links"] = []
    texts["model"]["not_for"] = [payload]
    files["context.json"] = json.dumps(texts).encode()
    manifest = dict(run.manifest) | {"command": ["sdmodel", payload]}
    save_run(tmp_path / "run", files, manifest | {"warnings": [payload]})
    clean = parsed((run_folder / "report.html").read_text(encoding="utf-8"))
    text = render(load(tmp_path / "run"))
    page = parsed(text)
    html.fromstring(text)
    allowed = {(tag, name) for tag, a in clean.tags for name in a}
    assert {(tag, name) for tag, a in page.tags for name in a} <= allowed
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in clean.tags} | {"h3"}
    assert payload in "".join(page.texts)
    assert "49" not in page.texts


@pytest.mark.parametrize(
    ("formats", "languages", "words"),
    [
        ("docx", "en", "'docx' is not yet available; available: html"),
        ("html,pdf", "en", "'pdf' is not yet available"),
        ("html", "zh", "'zh' is not yet available; available: en"),
        ("htm", "en", "'htm'; available: html; nearest: 'html'"),
        ("", "en", "''; available: html"),
    ],
)
def test_formats_and_languages(formats: str, languages: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        check_formats(formats, languages)


def test_folders_without_a_report(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ResultsError, match="no such run folder"):
        report(tmp_path / "nowhere")
    run = open_run(run_folder)
    save_run(tmp_path / "bare", {}, dict(run.manifest) | {"kind": "run"})
    with pytest.raises(ResultsError, match="kind 'run' holds no texts"):
        report(tmp_path / "bare")
    save_run(tmp_path / "bent", {"context.json": b"{}"}, run.manifest)
    with pytest.raises(ResultsError, match="damaged, or written by another version"):
        report(tmp_path / "bent")
    assert main(["report", str(tmp_path / "bent")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "bent" / "report.html").exists()


def test_matplotlib_is_left_as_it_was(run_folder: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 31.0, "axes.grid": False}):
        before = dict(mpl.rcParams)
        render(replace(load(run_folder), studies=()))
        assert dict(mpl.rcParams) == before


def test_the_first_table_says_who_gains_and_who_loses(run_folder: Path) -> None:
    content = load(run_folder)
    table = overview(content)
    assert len(table["rows"]) == len(content.scenarios) - 1
    assert table["heads"][0] == "Patients"
    for row in table["rows"]:
        assert len(row["cells"]) == len(table["heads"])
        for cell in row["cells"]:
            # The sign says in black and white what the colour says.
            assert cell["mark"][0] in "▲▼±?="
            assert bool(cell["changes"]) == (cell["kind"] != "same")
            assert all(change["range"] for change in cell["changes"])
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert text.index('class="overview"') < text.index('class="verdicts"')
    assert text.index("Not to be used for") < text.index('class="verdicts"')


def test_what_is_not_settled_is_called_provisional_with_the_sample_that_would_do(
    run_folder: Path,
) -> None:
    content = load(run_folder)
    for study in content.studies:
        page = study_page(content, study, lambda: None)
        states = study.verdicts[
            (study.verdicts["state"] == "ok")
            & (study.verdicts["scenario"] == content.baseline)
        ]
        assert len(page["convergence"]) == len(states)
        for row, settled in zip(page["convergence"], states["converged"], strict=True):
            assert row["state"].startswith("converged") == (str(settled) == "True")
            assert bool(row["needed"]) == (str(settled) != "True")
        assert any(row["needed"] for row in page["convergence"])
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "provisional" in text


def test_decisive_assumptions_are_marked(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "sobol"]
    sure = replace(study, indices=study.indices.assign(low=0.5))
    rows = study_page(content, sure, lambda: None)["decisive"]
    found = [item for row in rows for cell in row["cells"] for item in cell]
    # Every control of the toy model is an assumption; a mix is none.
    assert any(item["assumed"] for item in found)
    unsure = replace(study, indices=study.indices.assign(low=0.0))
    rows = study_page(content, unsure, lambda: None)["decisive"]
    assert not [item for row in rows for cell in row["cells"] for item in cell]


def test_what_a_study_left_out_is_named_with_its_strength(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "sobol"]
    (screening,) = [s for s in content.studies if s.method == "morris"]
    rows = screening.indices[screening.indices["measure"] == "mu_star"]
    strongest = rows[rows["n"] == screening.n].nlargest(1, "value").iloc[0]
    gone = study.indices[study.indices["factor"] != strongest["factor"]]
    less = replace(study, indices=gone)
    found = study_page(content, less, lambda: None)["decisive"]
    (row,) = [r for r in found if r["label"] == content.label(strongest["outcome"])]
    assert any(
        text.startswith(f"{strongest['label']} ") and "100 % of the largest" in text
        for text in row["left_out"]
    )
    full = study_page(content, study, lambda: None)["decisive"]
    assert not any(
        text.startswith(f"{strongest['label']} ")
        for row in full
        for text in row["left_out"]
    )
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "variance that the factors of this study cause" in text


def test_a_screening_says_none_seen_and_never_no_effect(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "morris"]
    weak = str(study.indices["factor"].iloc[-1])
    value = study.indices["value"].where(study.indices["factor"] != weak, 0.0)
    zero = replace(study, indices=study.indices.assign(value=value))
    label = str(study.indices["label"].iloc[-1])
    page = study_page(content, zero, lambda: None)
    cells = {
        cell
        for table in page["tables"]
        for row in table["rows"]
        if row[0] == label
        for cell in row[1:]
    }
    assert cells == {f"none seen in {study.n} trajectories"}


def test_long_tiers_are_cut_and_counted() -> None:
    assert some([str(i) for i in range(14)], 12).endswith("10, 11 and 2 more")
    assert some(["a", "b"]) == "a, b"


def test_a_year_that_may_never_come_says_how_often_it_does(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.regimes is not None
    (key, *_) = [o.key for o in content.outcomes if not o.calendar]
    outcomes = tuple(replace(o, calendar=o.key == key) for o in content.outcomes)
    table = content.regimes.copy()
    rows = table["outcome"] == key
    table.loc[rows, ["value", "draws", "undefined"]] = [math.nan, 200, 92]
    table.loc[rows, ["when_p5", "when_p50", "when_p95"]] = [2029.0, 2034.0, 2039.0]
    dated = replace(content, outcomes=outcomes, regimes=table)
    words = "in 54 % of draws; median year 2034 (5–95 % 2029 to 2039)"
    (sentence,) = crossings(dated, dated.scenarios[1].id)
    assert words in sentence
    assert "never at central values" in sentence
    cells = [
        cell
        for group in regime_table(dated)["groups"]
        for row in group["rows"]
        if row["label"] == dated.label(key)
        for cell in row["cells"]
    ]
    assert {cell["range"] for cell in cells} == {words}
    assert words in render(replace(dated, studies=(), headline=()))
    start = float(dated.model["policy_start"])
    table.loc[rows, ["when_p5", "when_p50"]] = start
    early = happens(replace(dated, regimes=table), dated.baseline, key)
    assert f"median year {start:.0f} or before" in early


def test_what_has_no_value_is_a_dash_without_a_verdict(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.regimes is not None
    (key, *_) = [o.key for o in content.outcomes if not o.calendar]
    table = content.regimes.copy()
    rows = (table["outcome"] == key) & (table["scenario"] == content.baseline)
    table.loc[rows, "value"] = math.nan
    partial = replace(content, regimes=table)
    (row,) = [
        r
        for group in regime_table(partial)["groups"]
        for r in group["rows"]
        if r["label"] == content.label(key)
    ]
    assert row["cells"][0]["value"] == "–"
    assert all(c["sign"] == c["change"] == "" for c in row["cells"])
    assert "median" in row["cells"][1]["median"]


def test_the_fit_counts_what_is_missed(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.series is not None
    key = str(content.series["outcome"].iloc[0])
    base = content.series[
        (content.series["scenario"] == content.baseline)
        & (content.series["outcome"] == key)
    ]
    year = float(base["time"].iloc[4])
    value = float(base["value"].iloc[4])
    low, high = float(base["p5"].iloc[4]), float(base["p95"].iloc[4])
    target = {"outcome": key, "label": "Y", "kind": "level", "from": year, "to": year}
    target |= {"unit": "", "source": "s", "sd": 1.0}
    near, far = target | {"value": value - 1}, target | {"value": value + 3}
    found = fit(replace(content, targets=(near, far)))
    assert found is not None
    assert [row["z"] for row in found["rows"]] == ["+1.0", "−3.0"]
    assert found["sentence"].startswith("1 of 2 observations lie further than 2")
    outside = [not low <= v <= high for v in (value - 1, value + 3)]
    assert [row["outside"] for row in found["rows"]] == outside
    assert fit(replace(content, targets=())) is None
