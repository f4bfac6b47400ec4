"""What a case of bad input is, and the short ways to write one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "fixtures" / "tiny"
MODEL = (TINY / "tiny.mdl").read_text("utf-8")
STUDY = """model = "tiny/tiny.mdl"
scenarios = ["baseline", "drg"]
outcomes = ["fund_balance", "primary_visit_share@2035"]
[design]
method = "morris"
n = 8
seed = 1
"""
Content = str | bytes


@dataclass(frozen=True)
class Case:
    """A command, the files it finds, and what must come of it."""

    family: str
    args: tuple[str, ...]
    words: tuple[str, ...]
    files: dict[str, Content] = field(default_factory=dict)
    code: int = 2

    @property
    def name(self) -> str:
        shown = " ".join((*self.args, *self.files))
        return f"{self.family}: {shown}".encode("ascii", "replace").decode()[:90]


def run_case(family: str, *words: str, args: str | tuple[str, ...]) -> Case:
    given = tuple(args.split()) if isinstance(args, str) else args
    return Case(family, (*given, "--model", "tiny"), words)


def set_case(family: str, assignment: str, *words: str) -> Case:
    args = ("run", "drg", "--set", assignment, "--model", "tiny")
    return Case(family, args, ("--set", *words))


def file_case(family: str, content: Content, *words: str) -> Case:
    """A scenario file of the user's own."""
    args = ("run", "mine.toml", "--model", "tiny")
    return Case(family, args, ("mine.toml", *words), {"mine.toml": content})


def value_case(family: str, line: str, *words: str) -> Case:
    return file_case(family, f'title = "mine"\n[values]\n{line}\n', *words)


def study_case(family: str, old: str, new: str, *words: str) -> Case:
    assert old in STUDY, old
    content = STUDY.replace(old, new)
    args = ("sensitivity", "mine.toml", "--model", "tiny")
    return Case(family, args, words, {"mine.toml": content})


def study_file(family: str, content: Content, *words: str) -> Case:
    args = ("sensitivity", "mine.toml", "--model", "tiny")
    return Case(family, args, ("mine.toml", *words), {"mine.toml": content})


def model_case(family: str, name: str, content: Content, *words: str) -> Case:
    return Case(family, ("run", "--model", name), (name, *words), {name: content})


def changed(old: str, new: str) -> str:
    assert old in MODEL, old
    return MODEL.replace(old, new, 1)


SYSTEMS = (
    "id,kind,label_en,label_zh,status,carried_by,claims,reason,source\n"
    "A1,form,Form,形式,carried,{carrier},{claim},,paper\n"
)
