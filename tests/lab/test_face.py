"""What a lab says of its model beyond the tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import DataError
from sdmodel.lab.face import read_face
from sdmodel.lab.page import as_json

if TYPE_CHECKING:
    from pathlib import Path

LEVERS = [
    {"name": "price", "role": "lever", "group": "money"},
    {"name": "beds", "role": "lever", "group": "rooms"},
    {"name": "growth", "role": "uncertainty", "group": "money"},
]
OUTCOMES = [
    {"id": "cost", "stakeholder": "fund"},
    {"id": "wait", "stakeholder": "patients"},
]


def test_every_lever_has_a_place(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(
        '[[design]]\nid = "a"\ntitle = { en = "A", zh = "甲" }\nfirst = []\n'
        'more = []\ngroups = ["money"]\n',
        "utf-8",
    )
    face = read_face(tmp_path, LEVERS, OUTCOMES)
    designs = face["design"]
    assert isinstance(designs, list)
    assert [(d["id"], d["more"]) for d in designs] == [
        ("a", ["price"]),
        ("rest", ["beds"]),
    ]


def test_boards_of_a_model_without_a_file_follow_its_stakeholders() -> None:
    face = read_face(None, LEVERS, OUTCOMES)
    assert face["boards"] == {"patients": ["wait"], "fund": ["cost"]}


def test_outcomes_of_nobody_stand_on_numbered_boards() -> None:
    outcomes = [{"id": name, "stakeholder": ""} for name in "abcde"]
    face = read_face(None, LEVERS, outcomes)
    assert face["boards"] == {"1": ["a", "e"], "2": ["b"], "3": ["c"], "4": ["d"]}


def test_lists_may_be_one_text_or_absent(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(
        '[boards]\nfund = "cost"\n[[design]]\nid = "a"\nmore = "beds"\n', "utf-8"
    )
    face = json.loads(as_json(read_face(tmp_path, LEVERS, OUTCOMES)))
    assert face["boards"] == {"fund": ["cost"]}
    assert face["design"][0] == {"id": "a", "more": ["beds"], "first": []}


def test_all_that_is_wrong_in_a_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(
        'questoin = "x"\n[boards]\nfond = ["cost"]\npatients = ["wayt"]\n'
        '[[design]]\nid = "a"\nfirst = ["prize"]\nmore = ["beds", "beds"]\n',
        "utf-8",
    )
    with pytest.raises(DataError) as raised:
        read_face(tmp_path, LEVERS, OUTCOMES)
    text = str(raised.value)
    for word in ("questoin", "question", "fond", "wayt", "prize", "price"):
        assert word in text


@pytest.mark.parametrize(
    "text",
    [
        "boards = 3",
        "design = 3",
        "zh = 3",
        "[boards]\nfund = 3",
        "[[design]]\nfirst = 3",
        "[[design]]\nmore = [3]",
        "[[design]]\ngroups = 3",
    ],
)
def test_what_is_of_the_wrong_kind_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"lab\.toml.*(table|texts)"):
        read_face(tmp_path, LEVERS, OUTCOMES)


def test_every_lever_of_the_model_that_ships_is_placed_and_explained_in_chinese() -> (
    None
):
    from sdmodel.experiments.workbook import open_workbook

    book = open_workbook("consortium")
    levers = [{"name": c.name, "role": c.role, "group": c.group} for c in book.controls]
    outcomes = [{"id": o.id, "stakeholder": o.stakeholder} for o in book.outcomes]
    face = read_face(book.folder, levers, outcomes)
    designs = face["design"]
    explained = face["zh"]
    assert isinstance(designs, list)
    assert isinstance(explained, dict)
    placed = [n for design in designs for n in (*design["first"], *design["more"])]
    names = [lever["name"] for lever in levers if lever["role"] == "lever"]
    assert sorted(placed) == sorted(names)
    assert [n for n in names if not explained.get(n, {}).get("meaning")] == []
    assert [n for n in names if not explained.get(n, {}).get("source")] == []


def test_boards_are_named_by_a_models_own_stakeholders_four_at_most() -> None:
    outcomes = [
        {"id": f"o{i}", "stakeholder": who}
        for i, who in enumerate(["Towns", "fund", "Towns", "Fish", "Birds", "Bees"])
    ]
    face = read_face(None, LEVERS, outcomes)
    boards = face["boards"]
    assert isinstance(boards, dict)
    assert list(boards) == ["Towns", "fund", "Fish", "Birds"]
    assert boards["Towns"] == ["o0", "o2"]


def test_a_file_may_lay_out_own_stakeholders_but_no_more_than_four(
    tmp_path: Path,
) -> None:
    who = ["Towns", "Fish", "Birds", "Bees", "Trees"]
    outcomes = [{"id": name.lower(), "stakeholder": name} for name in who]
    lines = [f'{name} = ["{name.lower()}"]\n' for name in who]
    path = tmp_path / "lab.toml"
    path.write_text("[boards]\n" + "".join(lines[:4]), "utf-8")
    boards = read_face(tmp_path, LEVERS, outcomes)["boards"]
    assert isinstance(boards, dict)
    assert list(boards) == who[:4]
    path.write_text("[boards]\n" + "".join(lines), "utf-8")
    with pytest.raises(DataError, match="5 boards; allowed: at most 4"):
        read_face(tmp_path, LEVERS, outcomes)
