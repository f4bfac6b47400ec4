"""The lab's texts: both languages, none missing, none unused."""

import re
from importlib.resources import files

import pytest

from sdmodel.lab.strings import read_strings

FOLDER = files("sdmodel.lab")
# Names that Chinese writes in Latin letters.
NAMES = ("DRG", "DIP", "Chromium", "Edge", "Firefox", "Safari", "JavaScript")


def sources() -> str:
    """All scripts and templates, and the modules that write papers."""
    found = [
        path.read_text("utf-8")
        for folder in ("static", "templates", ".")
        for path in (FOLDER / folder).iterdir()
        if path.name.endswith((".js", ".j2", ".py"))
    ]
    return "\n".join(found)


def used() -> tuple[set[str], set[str]]:
    """Keys named in full, and the beginnings of those put together at run time."""
    text = sources()
    whole = set(re.findall(r"""["'`]([a-z]\w*\.[A-Za-z]\w*)["'`]""", text))
    begun = set(re.findall(r"`([a-z]\w*\.\w*)\$\{|'([a-z]\w*\.\w*)' ~", text))
    return whole, {start for pair in begun for start in pair if start}


def test_no_text_is_unused() -> None:
    whole, begun = used()
    left = [
        key
        for key in read_strings()
        if key not in whole and not any(key.startswith(start) for start in begun)
    ]
    assert not left


def test_no_text_is_missing() -> None:
    called = set(re.findall(r"""Lab\.(?:t|button)\(\s*"([^"]+)\"""", sources()))
    called |= set(re.findall(r'data-t(?:-label)?="([^"]+)"', sources()))
    assert called
    assert not called - set(read_strings())


@pytest.mark.parametrize("key", sorted(read_strings()))
def test_each_language_is_its_own(key: str) -> None:
    texts = read_strings()[key]
    assert not re.search(r"[\u4e00-\u9fff]", texts["en"])
    holes = re.findall(r"\{(\w+)\}", texts["en"])
    assert sorted(set(holes)) == sorted(set(re.findall(r"\{(\w+)\}", texts["zh"])))
    plain = texts["zh"]
    for name in (
        r"\{\w+\}",
        "sdmodel run design",
        "lab.html",
        r"\.toml",
        r"\.csv",
        *NAMES,
    ):
        plain = re.sub(name, "", plain)
    assert not re.search(r"[A-Za-z]{2,}", plain)
