"""The list of constructs is the one list: whatever is translated has a row there."""

from __future__ import annotations

import re

from sdmodel.model.language import CONSTRUCTS
from sdmodel.translate.expand import FUNCTIONS, TREES

ROWS = [row for rows in CONSTRUCTS.values() for row in rows]
KEYS = [key for row in ROWS for key in row.keys]
OTHERWISE = {
    "lookup",  # a call of a table, not of a function
    "delay_material",  # turned into DELAY FIXED before it is looked up
}


def test_every_function_and_tree_has_one_row() -> None:
    assert sorted(KEYS) == sorted({*FUNCTIONS, *TREES, *OTHERWISE} - {"CallStructure"})


def test_every_row_says_how_it_is_written_and_what_it_means() -> None:
    for row in ROWS:
        assert row.vensim or row.xmile, row.keys
        assert row.meaning, row.keys


def test_vensim_names_are_those_of_the_keys() -> None:
    """A function's row quotes its name, so that a reader finds it."""
    for row in ROWS:
        for key in row.keys:
            if key in FUNCTIONS and row.vensim and not key.startswith("X"):
                name = key.removesuffix("_xmile").replace("_", " ").upper()
                assert re.search(rf"`{name}\(", row.vensim), key
