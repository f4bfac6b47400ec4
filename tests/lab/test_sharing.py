"""What leaves the page and comes back: links, codes, files; hostile ones too."""

from __future__ import annotations

import base64
import csv
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.lab.javascript import SETTLE
from tests.tolerances import LAB_SUMMARY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

HEADLINES = "() => ({...Lab.now_results.policyMine.headline})"
DESIGN = """() => { Lab.choose("mixed"); Lab.set("training seats", 123.456);
  Lab.set("gatekeeping", [[2026, 0], [2031.5, 0.7]]);
  Lab.set("real income growth", 0.033); }"""


@pytest.fixture
def lab(open_page: Any, lab_file: Path) -> Any:
    """The page with its engine started."""
    opened = open_page(lab_file, locale="en-GB", accept_downloads=True)
    opened.page.wait_for_function("() => Lab.now_results.base")
    return opened


def test_a_link_brings_back_levers_numbers_pins_and_notes(
    lab: Any, open_page: Any, lab_file: Path
) -> None:
    lab.run(DESIGN)
    lab.run(
        """() => { Lab.pin();
        const notes = { ...Lab.state.notes, finding: "结论 <b>&" };
        Lab.change({ notes }, "notes"); }"""
    )
    lab.run(SETTLE)
    link = lab.run("() => Lab.encodeState()")
    numbers = lab.run(HEADLINES)
    other = open_page(lab_file, locale="zh-CN")
    other.page.goto("about:blank")
    other.page.goto(f"{lab_file.resolve().as_uri()}#s={link}")
    other.page.wait_for_function("() => Lab.now_results.base")
    assert other.run(HEADLINES) == numbers
    assert other.run("() => Lab.state.notes.finding") == "结论 <b>&"
    assert other.run("() => Lab.state.pins.length") == 1
    assert other.run("() => Lab.lang") == "en"
    assert other.page.locator("#trouble").is_hidden()


def test_a_short_code_brings_back_the_design(lab: Any) -> None:
    lab.run(DESIGN)
    lab.run(SETTLE)
    code, values = lab.run("() => [Lab.shortCode(Lab.state.values), Lab.state.values]")
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
    lab.run("() => Lab.choose('baseline')")
    lab.page.locator("#tab-share").click()
    lab.page.locator("#open-code").fill(code.lower().replace("-", " "))
    lab.page.locator("#open-code").press("Enter")
    lab.run(SETTLE)
    assert lab.run("() => Lab.state.values") == values


def test_a_qr_code_is_read_back_by_another_program(lab: Any) -> None:
    zxingcpp = pytest.importorskip("zxingcpp", reason="no zxing-cpp")
    texts = ["A", "x" * 60, "医联体 " + "A1B2-" * 40, "y" * 300, "z" * 700, "q" * 855]
    for text in texts:
        cells = lab.run("(text) => Lab.qr(text).map((row) => [...row])", text)
        quiet = np.pad(1 - np.array(cells, dtype=np.uint8), 4, constant_values=1)
        image = np.kron(quiet * 255, np.ones((4, 4), dtype=np.uint8)).astype(np.uint8)
        found = zxingcpp.read_barcodes(image)
        assert [f.text for f in found] == [text]
    assert lab.run("() => Lab.qr('w'.repeat(2000))") is None


def test_a_scenario_file_gives_the_same_numbers_on_the_command_line(
    lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdmodel.cli.main import main

    lab.run(DESIGN)
    lab.run(SETTLE)
    lab.page.locator("#tab-share").click()
    with lab.page.expect_download() as waiting:
        lab.page.get_by_role("button", name="Scenario").click()
    file = tmp_path / "design.toml"
    waiting.value.save_as(file)
    capsys.readouterr()
    assert main(["run", str(file), "--json"]) == 0
    ran = json.loads(capsys.readouterr().out)["scenarios"]["design"]["outcomes"]
    shown = lab.run(HEADLINES)
    assert len(shown) == len(ran)
    for id, found in ran.items():
        if found["value"] is None:
            assert shown[id] is None
        else:
            assert shown[id] == pytest.approx(found["value"], rel=LAB_SUMMARY), id


def test_curves_leave_as_csv_and_png(lab: Any) -> None:
    lab.page.wait_for_function("() => Lab.now_results.bands")
    lab.page.locator("#tab-share").click()
    with lab.page.expect_download() as waiting:
        lab.page.get_by_role("button", name="All curves").click()
    text = waiting.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 31 * lab.run("() => Lab.data.outcomes.length")
    last = [r for r in rows if r["outcome"] == "fund_balance"][-1]
    at_end = "() => Lab.now_results.base.series.fund_balance.at(-1)"
    assert float(last["baseline"]) == lab.run(at_end)
    assert float(last["design p05"]) <= float(last["design p95"])
    with lab.page.expect_download() as picture:
        lab.page.locator(".board").first.get_by_role("button", name="PNG").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


def test_csv_cannot_run_formulas(lab: Any) -> None:
    text = lab.run("""() => Lab.csv([["=1+1", "+a", "-b", "@c", 'q"x', -2]])""")
    assert text == "\ufeff'=1+1,'+a,'-b,'@c,\"q\"\"x\",-2\r\n"


def link(document: Any) -> str:
    """Return what the page's own encoder would make of a document."""
    raw = json.dumps(document).encode()
    base = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    number, digits = zlib.crc32(raw), ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return f"s={base}.{digits or '0'}"


SCRIPT = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
HOSTILE = {
    "no state": "s=",
    "markup": f"s={SCRIPT}",
    "bare markup": SCRIPT,
    "a script address": "javascript:window.hit=1",
    "broken escapes": "s=%E0%A4%A",
    "truncated": link({"v": 1, "x": {"DRG share": 0.5}})[:-9],
    "another version": link({"v": 99}),
    "not an object": link([1, 2, 3]),
    "a lever of a hostile name": link({"v": 1, "x": {SCRIPT: 1}}),
    "the prototype": link({"v": 1, "x": {"__proto__": 1, "constructor": 2}}),
    "a number out of range": link({"v": 1, "x": {"DRG share": 1e300}}),
    "a text for a number": link({"v": 1, "x": {"DRG share": SCRIPT}}),
    "a schedule backwards": link(
        {"v": 1, "x": {"gatekeeping": [[2030, 0], [2026, 1]]}}
    ),
    "more than the whole": link({"v": 1, "x": {"DRG share": 0.9, "DIP share": 0.9}}),
    "endless": "s=" + "A" * 70000 + ".1",
    "a hostile pin": link({"v": 1, "x": {}, "p": [{"title": "a", "values": 3}]}),
}


@pytest.mark.parametrize("case", ["markup", "truncated", "a lever of a hostile name"])
def test_a_hostile_address_opens_the_baseline_with_a_clear_word(
    case: str, open_page: Any, lab_file: Path
) -> None:
    opened = open_page(lab_file, locale="en-GB")
    opened.page.goto("about:blank")
    opened.page.goto(f"{lab_file.resolve().as_uri()}#{HOSTILE[case]}")
    opened.page.wait_for_function("() => Lab.now_results.base")
    word = opened.page.locator("#trouble")
    assert word.is_visible()
    assert "link" in word.inner_text()
    assert opened.run("() => window.hit") is None
    assert opened.run("() => Object.keys(Lab.state.values).length") == 0
    assert opened.page.locator("#trouble img, #trouble script").count() == 0


def test_no_hostile_address_is_taken(lab: Any) -> None:
    for case, address in HOSTILE.items():
        word = lab.run(
            """(address) => { Lab.startWord = "";
            history.replaceState(null, "", "#" + address);
            Lab.readAddress();
            return Lab.startWord; }""",
            address,
        )
        assert "link" in word, case
        assert len(word) < 300, case
        assert lab.run("() => Object.keys(Lab.state.values).length") == 0, case
    assert lab.run("() => window.hit") is None


def test_hostile_texts_in_a_sound_state_stay_texts(
    open_page: Any, lab_file: Path
) -> None:
    state = {
        "v": 1, "x": {}, "t": "compare", "b": {"fund": SCRIPT}, "e": SCRIPT,
        "p": [{"title": SCRIPT, "values": {"DRG share": 0.1}}], "l": SCRIPT,
        "n": {"finding": SCRIPT},
    }  # fmt: skip
    opened = open_page(lab_file, locale="en-GB")
    opened.page.goto("about:blank")
    opened.page.goto(f"{lab_file.resolve().as_uri()}#{link(state)}")
    opened.page.wait_for_function("() => Lab.now_results.base")
    opened.page.locator("#tab-learn").click()
    assert opened.run("() => window.hit") is None
    assert opened.page.locator("#note-finding").input_value() == SCRIPT


def test_a_wrong_code_gets_a_clear_word(lab: Any) -> None:
    lab.page.locator("#tab-share").click()
    for code in ("", "ZZZZ-ZZZZ", "0", SCRIPT, "1" * 5000, "医联体"):
        lab.run("() => Lab.trouble('')")
        lab.page.locator("#open-code").fill(code)
        lab.page.locator("#open-code").press("Enter")
        assert lab.page.locator("#trouble").is_visible(), code
    assert lab.run("() => window.hit") is None


def test_every_shortened_code_is_refused(lab: Any) -> None:
    lab.run(DESIGN)
    taken = lab.run(
        """() => { const code = Lab.shortCode(Lab.state.values).replaceAll("-", "");
        const taken = [];
        for (let n = 0; n < code.length; n++) {
          try {
            Lab.readCode(code.slice(0, n));
            taken.push(n);
          } catch (error) {
            if (!error.message.includes("code")) taken.push([n, error.message]);
          }
        } return taken; }"""
    )
    assert taken == []


def test_a_preset_of_a_hostile_name_is_shown_as_text(
    open_page: Any, lab_file: Path, tmp_path: Path
) -> None:
    text = lab_file.read_text("utf-8")
    name = json.dumps("Fee for service")
    hostile = json.dumps(SCRIPT).replace("<", "\\u003c")
    assert name in text
    changed = tmp_path / "hostile.html"
    changed.write_text(text.replace(name, hostile), "utf-8")
    opened = open_page(changed, locale="en-GB")
    opened.page.wait_for_function("() => Lab.now_results.base")
    opened.page.locator("#preset").select_option("ffs")
    opened.run(SETTLE)
    assert opened.run("() => window.hit") is None
    assert SCRIPT in opened.page.locator("#in-words").inner_text()
