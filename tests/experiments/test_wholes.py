"""No row of any design of any method gives out more of a whole than there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import StudyError
from sdmodel.experiments.analysis import check_mixes, designs_of, sampled
from sdmodel.experiments.methods import METHODS as JUDGED
from sdmodel.experiments.sensitivity import sensitivity
from sdmodel.experiments.space import make_space, study_space
from sdmodel.experiments.wholes import refuse_over
from sdmodel.experiments.workbook import open_workbook, workbook_of_study
from sdmodel.study.factors import Mix
from sdmodel.study.study import METHODS, override
from sdmodel.study.values import mix_problems
from tests.experiments.functions_with_known_indices import control
from tests.experiments.sweeps import TINY, question_of

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.study.study import Study

STUDY = """
model = "MODEL"
scenarios = ["baseline"]
outcomes = ["fund_balance"]
[design]
method = "sobol"
n = 16
seed = 1
factors = FACTORS
"""
WHOLE = '[[design.mix]]\nnames = ["DRG share", "DIP share", "capitation share"]\n'
PART = '[[design.mix]]\nname = "p"\nnames = ["DRG share", "DIP share"]\n'
LEVERS = '["levers", "trust delay"]'
N = {"morris": 8, "fast": 65, "rbd-fast": 64, "delta": 64, "pawn": 128, "lhs": 64}
ACCEPTED = {
    "a mix of the tables, unasked": (LEVERS, ""),
    "the same mix, named": (LEVERS, WHOLE),
    "one share named alone": ('["DIP share", "trust delay"]', ""),
    "two shares, the third held at 0": ('["trust delay"]', PART),
}


def read(folder: Path, factors: str, mix: str) -> tuple[Workbook, Study, Path]:
    path = folder / "mine.toml"
    text = STUDY.replace("MODEL", TINY.as_posix()).replace("FACTORS", factors)
    path.write_text(text + mix, "utf-8")
    workbook, study = workbook_of_study(open_workbook(TINY), path)
    return workbook, study, path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ACCEPTED)
def test_every_row_of_every_design_keeps_within_the_whole(
    kind: str, method: str, tmp_path: Path
) -> None:
    workbook, study, path = read(tmp_path, *ACCEPTED[kind])
    study = override(study, method=method, n=N.get(method, 16))
    space = study_space(study, workbook.controls)
    shares = {c.name for c in workbook.controls if c.mix}
    assert shares & set(space.names)
    if method == "fast":
        with pytest.raises(StudyError, match="cannot judge the mix"):
            check_mixes(space, JUDGED[method])
        return
    text = path.read_text("utf-8").replace('"sobol"', f'"{method}"')
    path.write_text(text.replace("n = 16", f"n = {study.n}"), "utf-8")
    question = question_of(path)
    rows = [(question.names, question.values(0, question.rows))]
    if method in JUDGED:
        judged = JUDGED[method]
        for _, part, _, columns in designs_of(space, judged):
            cube = judged.design(sampled(part, columns, judged), study.n, study.seed)
            rows.append((part.names, part.values(cube)))
    checked = 0
    for names, values in rows:
        for row in values.tolist():
            given = dict(zip(names, row, strict=True))
            assert not mix_problems(given, workbook.model, workbook.controls)
            checked += bool(shares & set(names))
    assert checked >= study.n


REFUSED = {
    "a drawn share is missing": (LEVERS, PART, "'capitation share': missing; drawn"),
    "two mixes of one whole": (
        LEVERS,
        PART + '[[design.mix]]\nnames = ["capitation share", "training effort"]\n',
        "'training effort': no share of the whole of 'capitation share'",
    ),
    "a share of nothing": (
        LEVERS,
        WHOLE.replace("names = [", 'names = ["training effort", '),
        "'training effort': no share of the whole of 'DRG share'",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_mix_holds_its_whole_and_nothing_else(kind: str, tmp_path: Path) -> None:
    factors, mix, words = REFUSED[kind]
    with pytest.raises(StudyError, match=words) as caught:
        read(tmp_path, factors, mix)
    assert all("mine.toml, [design], mix" in said for said in caught.value.problems)


def test_a_study_changed_on_the_way_draws_whole_mixes_too(tmp_path: Path) -> None:
    workbook, study, _ = read(tmp_path, '["trust delay"]', "")
    assert study.mixes == ()
    shares = ("DRG share", "DIP share", "capitation share")
    more = replace(study, factors=("levers",))
    groups = {group.id: group for group in study_space(more, workbook.controls).groups}
    assert tuple(c.name for c in groups["payment"].controls) == shares
    split = replace(more, mixes=(Mix("p", shares[:2]), Mix("q", shares[2:])))
    with pytest.raises(StudyError, match="'capitation share': missing"):
        study_space(split, workbook.controls)


@pytest.mark.parametrize("method", ["lhs", "sobol", "table.csv"])
def test_what_a_scenario_keeps_counts(method: str, tmp_path: Path) -> None:
    factors, mix = ACCEPTED["two shares, the third held at 0"]
    _, _, path = read(tmp_path, factors, mix)
    kept = tmp_path / "kept.toml"
    kept.write_text(
        '[values]\n"capitation share" = "0@2026..0.4@2030"\n"DRG share" = 0\n', "utf-8"
    )
    table = "DRG share,DIP share\n0.2,0.4\n0.3,0.31\n"
    (tmp_path / "table.csv").write_text(table, "utf-8")
    text = path.read_text("utf-8").replace('["baseline"]', '["kept.toml"]')
    text = text.replace(
        '"sobol"\nn = 16', f'"{method}"\nn = {2 if "." in method else 16}'
    )
    path.write_text(text, "utf-8")
    most = "1.01" if "." in method else "1.4"
    words = f"'kept': shares of 'payment' would add to {most}: .*'capitation share' 0.4"
    with pytest.raises(StudyError, match=words):
        question_of(path)
    if method == "sobol":
        with pytest.raises(StudyError, match=words):
            sensitivity(open_workbook(TINY).model, path)


def test_a_design_refuses_itself() -> None:
    shares = [control("a", group="mix:pay"), control("b", group="mix:pay")]
    rows = np.array([[0.5, 0.5], [0.7, 0.7], [0.2, 0.1]])
    refuse_over(shares, rows[[0, 2]])
    with pytest.raises(StudyError, match=r"add to 1.4, .* 1 of 3 runs: 'a' \+ 'b'"):
        refuse_over(shares, rows)
    with pytest.raises(StudyError, match="draw them in one mix"):
        make_space(shares).values(rows)
    assert len(make_space(shares, [("p", ["a", "b"], True)]).values(rows)) == len(rows)
