"""Run folders: written whole or not at all, read only when undamaged."""

from __future__ import annotations

import csv
import errno
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.errors import HostError, ResultsError
from sdmodel.study.files import atomic_file, check_writable, write_file
from sdmodel.study.results import (
    cell,
    csv_bytes,
    dataset_bytes,
    describe,
    list_runs,
    now,
    open_run,
    save_run,
)

if TYPE_CHECKING:
    from sdmodel.model.core import Model

FILES = {"results.nc": b"not looked at here", "table.csv": b"a\n1\n"}


def manifest(model: Model) -> dict[str, Any]:
    return describe(
        "run", command=["sdmodel", "run"], model=model, engine="numpy", started=now()
    )


@pytest.fixture
def saved(tiny: Model, tmp_path: Path) -> Path:
    return save_run(tmp_path / "runs" / "one", FILES, manifest(tiny))


def test_a_saved_run_opens_with_its_record(saved: Path, tiny: Model) -> None:
    run = open_run(saved)
    assert run.manifest["model"] == {"name": "tiny", "digest": tiny.digest}
    assert run.manifest["outputs"]["table.csv"]["bytes"] == 4
    assert run.manifest["versions"]["numpy"] == np.__version__
    assert {p.name for p in saved.parent.iterdir()} == {"one"}


def test_a_dataset_survives_saving_and_opening(tiny: Model, tmp_path: Path) -> None:
    numbers = np.array([[1.0, np.nan, 0.1], [np.pi, -0.0, 1e300]])
    data = xr.Dataset(
        {"price[tertiary]": (("run", "time"), numbers, {"units": "CNY"})},
        coords={"run": ["基线", "drg"], "time": [2020.0, 2020.25, 2020.5]},
        attrs={"engine": "numpy"},
    )
    files = {"results.nc": dataset_bytes(data)}
    opened = open_run(save_run(tmp_path / "r", files, manifest(tiny))).dataset()
    xr.testing.assert_identical(opened, data)
    found = opened["price[tertiary]"].to_numpy()
    assert found.tobytes() == numbers.tobytes()


def test_a_file_holds_every_kind_of_values_that_results_have() -> None:
    data = xr.Dataset(
        {
            "status": (("run",), np.array([0, 1], dtype=np.int8)),
            "bad_name": (("run",), ["", "价格"]),
            "known": (("run",), [True, False]),
            "by place": (("run", "place"), np.arange(6.0).reshape(3, 2).T),
            "empty": (("run", "none"), np.empty((2, 0))),
            "alone": ((), 2.5),
        },
        coords={"place": ["township", "county", "outside"]},
        attrs={"n": 7, "title": "", "flags": np.arange(3, dtype=np.int16)},
    )
    opened = xr.load_dataset(io.BytesIO(dataset_bytes(data)), engine="h5netcdf")
    xr.testing.assert_identical(opened, data)
    assert {n: v.dtype.kind for n, v in opened.items() if n != "bad_name"} == {
        n: v.dtype.kind for n, v in data.items() if n != "bad_name"
    }


def test_the_same_data_make_the_same_bytes() -> None:
    data = xr.Dataset({"a": (("run",), np.arange(3.0))})
    assert dataset_bytes(data) == dataset_bytes(data.copy())


def test_an_older_run_is_replaced_but_nobody_elses_files(
    saved: Path, tiny: Model, tmp_path: Path
) -> None:
    save_run(saved, {"table.csv": b"b\n"}, manifest(tiny))
    assert {p.name for p in saved.iterdir()} == {"manifest.json", "table.csv"}
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("years of work")
    with pytest.raises(ResultsError, match=r"holds other files.*'chapter.txt'"):
        save_run(foreign, FILES, manifest(tiny))
    assert (foreign / "chapter.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: p.write_text(""), "damaged: not valid JSON"),
        (lambda p: p.write_text(p.read_text()[:80]), "damaged: not valid JSON"),
        (lambda p: p.write_bytes(b"\xff\xfe\0"), "damaged: not valid JSON"),
        (lambda p: p.write_text("[1]"), "no manifest of a run"),
        (lambda p: p.write_text('{"format": 1}'), "'kind'.*is missing or wrong"),
        (lambda p: p.write_text('{"format": 99}'), "newer sdmodel .format 99"),
        (lambda p: p.unlink(), "manifest.json is missing"),
        (lambda p: (p.parent / "table.csv").unlink(), "missing, though"),
        (
            lambda p: (p.parent / "table.csv").write_text("a\n2\n"),
            "damaged: its content",
        ),
        (lambda p: (p.parent / "results.nc").write_bytes(b""), "0 bytes, 18 expected"),
    ],
)
def test_damage_is_told_and_other_runs_are_still_listed(
    damage: Any, words: str, saved: Path
) -> None:
    shutil.copytree(saved, saved.parent / "two")
    damage(saved / "manifest.json")
    with pytest.raises(ResultsError, match=words):
        open_run(saved)
    listed = [run for run in list_runs(saved.parent) if not isinstance(run, Exception)]
    assert [run.folder.name for run in listed] == ["two"]


def test_missing_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no such run folder"):
        open_run(tmp_path / "none")
    assert list_runs(tmp_path / "none") == ()


def fail_at(monkeypatch: pytest.MonkeyPatch, k: int, problem: BaseException) -> None:
    """Make the k-th write, fsync or rename of this process fail."""
    import os

    calls = iter(range(10_000))

    def failing(true: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            if next(calls) == k:
                raise problem
            return true(*args, **options)

        return call

    for name in ("write_bytes", "write_text", "replace", "rename", "mkdir"):
        monkeypatch.setattr(Path, name, failing(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", failing(os.fsync))


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EIO, "Input/output error"),
        KeyboardInterrupt(),
    ],
    ids=["full disk", "broken disk", "Ctrl-C"],
)
@pytest.mark.parametrize("k", range(8))
def test_whatever_fails_the_old_run_or_the_new_one_stands(
    problem: BaseException, k: int, saved: Path, tiny: Model
) -> None:
    before = open_run(saved)
    record = manifest(tiny)
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, k, problem)
        try:
            save_run(saved, {"table.csv": b"new\n"}, record)
            wrote = True
        except (HostError, KeyboardInterrupt):
            wrote = False
    after = open_run(saved)
    assert wrote or after == before
    assert {p.name for p in saved.parent.iterdir()} == {"one"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "no right to write"),
        (errno.EROFS, "no right to write"),
        (errno.EFBIG, "larger than allowed"),
        (errno.EIO, "input/output error"),
    ],
)
def test_the_machines_refusals_become_sentences(
    code: int, words: str, tmp_path: Path
) -> None:
    import os

    with pytest.raises(HostError, match=words), atomic_file(tmp_path / "x.csv"):
        raise OSError(code, os.strerror(code))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.csv"
    write_file(path, b"old")

    def fill() -> None:
        with atomic_file(path) as temporary:
            temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fill()
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["x.csv"]


def test_a_link_keeps_pointing_where_it_did(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "x.csv"
    link.symlink_to(tmp_path / "there" / "y.csv")
    write_file(link, b"data")
    assert link.is_symlink()
    assert (tmp_path / "there" / "y.csv").read_bytes() == b"data"


def test_a_full_device_is_told_and_stays_a_device(full_disk: Path) -> None:
    with pytest.raises(HostError, match="disk is full"):
        write_file(full_disk, b"data")
    assert not full_disk.is_file()


def test_trying_a_place_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b" / "out", folder=True)
    assert list(tmp_path.iterdir()) == []


def test_a_table_opens_in_spreadsheets() -> None:
    chinese = csv_bytes(["编号", "value"], [["基线", 0.1], ["a,b", None]])
    assert chinese.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(chinese.decode("utf-8-sig"))))
    assert rows == [["编号", "value"], ["基线", "0.1"], ["a,b", ""]]
    assert csv_bytes(["time"], [[2020.0]]) == b"time\n2020.0\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-a", "@SUM(A1)", "\t=1", "=cmd|'x'!A1"]
)
def test_no_text_is_a_formula(text: str) -> None:
    assert cell(text) == "'" + text
    assert cell(-1.5) == "-1.5"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_full_precision(value: float) -> None:
    assert float(cell(value)) == value
    assert cell(np.float64(value)) == repr(value)


def test_a_manifest_is_plain_json(saved: Path) -> None:
    text = (saved / "manifest.json").read_text("utf-8")
    assert json.loads(text)["format"] == 1


def test_files_put_into_a_run_folder_are_never_replaced(
    saved: Path, tiny: Model
) -> None:
    (saved / "thesis").mkdir()
    (saved / "thesis" / "ch1.docx").write_text("years of work")
    for name in ("notes.txt", "a.txt", "z.txt"):
        (saved / name).write_text("mine")
    words = r"no run wrote: 'a.txt', 'notes.txt', 'thesis' and 1 more; move them"
    with pytest.raises(ResultsError, match=words):
        save_run(saved, {"table.csv": b"b\n"}, manifest(tiny))
    assert (saved / "thesis" / "ch1.docx").read_text() == "years of work"
    assert (saved / "table.csv").read_bytes() == FILES["table.csv"]


def test_a_page_in_the_folder_is_replaced_with_the_run(
    saved: Path, tiny: Model
) -> None:
    (saved / "report.html").write_text("<html>")
    save_run(saved, {"table.csv": b"b\n"}, manifest(tiny))
    assert {p.name for p in saved.iterdir()} == {"manifest.json", "table.csv"}


def test_a_folder_whose_manifest_is_damaged_is_left_alone(
    saved: Path, tiny: Model
) -> None:
    (saved / "manifest.json").write_text("{")
    with pytest.raises(ResultsError, match=r"'manifest\.json', 'results\.nc'"):
        save_run(saved, {"table.csv": b"b\n"}, manifest(tiny))


def test_a_link_to_a_run_folder_stays_a_link(
    saved: Path, tiny: Model, tmp_path: Path
) -> None:
    link = tmp_path / "latest"
    link.symlink_to(saved)
    save_run(link, {"table.csv": b"b\n"}, manifest(tiny))
    assert link.is_symlink()
    assert {p.name for p in saved.iterdir()} == {"manifest.json", "table.csv"}
    assert {p.name for p in tmp_path.iterdir()} == {"runs", "latest"}


@pytest.mark.parametrize("place", [".", "..", "/", "inner/.."])
def test_the_current_folder_is_not_replaced(
    place: str, tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResultsError, match="a folder of their own"):
        save_run(Path(place), FILES, manifest(tiny))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float64("nan")])
def test_a_number_that_does_not_exist_is_an_empty_cell(value: float) -> None:
    assert cell(value) == ""
