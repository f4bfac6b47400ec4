"""Accounts add up: by hand, in any sum of products, and in the shipped model."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.errors import DataError
from sdmodel.experiments.accounting import account_parts, decompose
from sdmodel.experiments.explain import explain
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.accounts import read_accounts
from sdmodel.study.outcomes import parse_key, read_outcomes
from sdmodel.study.summaries import Window
from tests.tolerances import SHARES_ADD

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

FACTORS = st.lists(st.floats(-3, 3), min_size=24, max_size=24)
TEXT = """
[[account]]
outcome = "spending_total"
title = { en = "Spending", zh = "费用" }
factors.volume = { en = "Volume", zh = "数量" }
factors.price = { en = "Price", zh = "价格" }
factors.rule = { en = "Rule", zh = "规则" }
measures.list = '"visits[primary]" * "price[primary]" + "visits[tertiary]" * "price[tertiary]"'
  [[account.item]]
  id = "primary"
  volume = '"visits[primary]"'
  price = '"price[primary]"'
  rule = '"spending" / "list"'
  [[account.item]]
  id = "tertiary"
  volume = '"visits[tertiary]"'
  price = '"price[tertiary]"'
  rule = '"spending" / "list"'
"""  # noqa: E501 - TOML has no way to break such a text


def test_two_factors_by_hand() -> None:
    # 2 * 3 becomes 5 * 7: volume brings 3 * (3 + 7) / 2, price 4 * (2 + 5) / 2.
    factors = np.array([[[[2.0], [5.0]], [[3.0], [7.0]]]])
    assert decompose(factors)[:, 0] == pytest.approx([15.0, 14.0])


@given(values=FACTORS)
def test_parts_add_to_the_change(values: list[float]) -> None:
    factors = np.array(values).reshape(3, 4, 2, 1)
    before, after = factors.prod(axis=1).sum(axis=0)
    assert decompose(factors).sum() == pytest.approx((after - before).sum(), abs=1e-9)


def test_a_factor_that_stays_brings_nothing() -> None:
    factors = np.array([[[[2.0], [2.0]], [[3.0], [7.0]]]])
    assert decompose(factors)[:, 0].tolist() == [0.0, 8.0]


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")
    (folder / "accounts.toml").write_text(TEXT, "utf-8")
    return folder


def test_a_payment_rule_alone_moves_its_own_factor(folder: Path) -> None:
    book = open_workbook(folder)
    key = parse_key("spending_total", book.outcomes, book.model)
    found = explain(book, book.scenario("drg"), key, draws=0)
    parts = {part.id: part.carried for part in found.account}
    assert parts["rule"] == pytest.approx(found.change)
    assert parts["volume"] == parts["price"] == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"spending_total"', '"spending_totl"', ("nearest: 'spending_total'",)),
        ("factors.rule", "factors.rle", ("unknown key 'rule'",)),
        ('zh = "规则"', 'zh = ""', ("both languages",)),
        ("'\"visits[primary]\"'", "'\"visit[primary]\"'", ("no variable",)),
        ('id = "tertiary"', 'id = "primary"', ("stands twice",)),
        ('id = "primary"', "", ("'id' is missing",)),
        ("[[account]]", "[[acount]]", ("unknown key 'acount'",)),
    ],
)
def test_bad_accounts_are_refused(
    old: str, new: str, words: tuple[str, ...], folder: Path, tiny: Model
) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    (folder / "accounts.toml").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"accounts\.toml") as caught:
        read_accounts(folder, tiny, read_outcomes(folder, tiny))
    for word in words:
        assert word in str(caught.value)


def test_an_account_that_does_not_add_up_is_refused(folder: Path) -> None:
    text = TEXT.replace("volume = '\"visits[tertiary]\"'", "volume = '1'")
    (folder / "accounts.toml").write_text(text, "utf-8")
    book = open_workbook(folder)
    key = parse_key("spending_total", book.outcomes, book.model)
    with pytest.raises(DataError, match="its items add to"):
        explain(book, book.scenario("drg"), key, draws=0)


def test_the_shipped_account_adds_up_in_every_scenario(consortium_folder: Path) -> None:
    book = open_workbook(consortium_folder)
    (account,) = read_accounts(book.folder, book.model, book.outcomes)
    key = parse_key(account.outcome, book.outcomes, book.model)
    asked = [book.scenario(name) for name in book.scenario_ids()]
    found = evaluate(book.model, asked, [key], save="all")
    change = found.values[key.text] - found.values[key.text][0]
    for i, scenario in enumerate(asked):
        series = {n: found.elements[n][[0, i]] for n in found.elements}
        parts = account_parts(account, series, key, found.times, Window())
        assert parts.sum() == pytest.approx(
            change[i], rel=SHARES_ADD, abs=SHARES_ADD * found.values[key.text][0]
        ), scenario.id
