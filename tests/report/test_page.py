"""The page: whole, safe, self-contained, and made from the run folder alone."""

from __future__ import annotations

import base64
import json
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
from sdmodel.report.drawing import draw
from sdmodel.report.load import load
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


def test_figures_that_were_drawn_before_are_not_drawn_again(run_folder: Path) -> None:
    content = load(run_folder)
    figures = draw(content)
    assert {name for name, figure in figures.items() if figure is not None} >= {
        "model",
        "differences",
        "morris-indices",
        "morris-convergence",
        "sobol-indices",
        "sobol-classes",
        "sobol-convergence",
    }
    model = figures["model"]
    assert model is not None
    marked = replace(model, caption="not drawn again")
    told: list[tuple[int, int]] = []
    again = draw(
        content,
        {"model": marked, "history": None},
        lambda done, total: told.append((done, total)),
    )
    assert again == figures | {"model": marked}
    assert told == [(i + 1, len(figures)) for i in range(len(figures))]


def test_the_same_folder_gives_the_same_page(run_folder: Path, tmp_path: Path) -> None:
    # The demo draws beside its runs, from what it is about to write.
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
