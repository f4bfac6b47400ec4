"""What `explain` says, in English and Chinese: phrases, names, numbers with units."""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sdmodel.cli.common import number_text
from sdmodel.lab.figures import figures_of, say
from sdmodel.model.core import plain as key_of
from sdmodel.study.meanings import read_meanings
from sdmodel.study.values import schedule_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdmodel.experiments.explanation import Explanation
    from sdmodel.experiments.spread import Range
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.lab.figures import Scale

PHRASES: dict[str, dict[str, str]] = {
    "against": {
        "en": "{title}: {value}; {other}: {base}",
        "zh": "{title}：{value}；{other}：{base}",
    },
    "same": {"en": "{title}: {value}", "zh": "{title}：{value}"},
    "when": {"en": "{label} in {year:g}", "zh": "{label}（{year:g}年）"},
    "series": {
        "en": "{series}, the series behind '{label}',",
        "zh": "“{series}”，即“{label}”所依据的序列",
    },
    "change": {"en": "Change: ", "zh": "变化："},
    "range": {"en": " [{low} to {high}]", "zh": " [{low} 至 {high}]"},
    "draws": {
        "en": "[…]: 5 to 95 % over {n} draws of the uncertainties.",
        "zh": "[…]：对不确定参数抽样{n}次，所得变化的5%—95%区间。",
    },
    "inside": {"en": ", in {unit}", "zh": "（单位：{unit}）"},
    "adds": {"en": " (they add to the change)", "zh": "，相加即为总变化"},
    "alone": {
        "en": "Nothing is set otherwise than in the baseline: there is no change.",
        "zh": "与基准情景的设定完全相同，结果没有变化。",
    },
    "levers": {"en": "What each lever brings", "zh": "各杠杆带来的变化"},
    "lever": {
        "en": "{name}: {label}, {move}",
        "zh": "{label}（{name}）：{move}",
    },
    "bare_lever": {"en": "{name}: {move}", "zh": "{name}：{move}"},
    "as_set": {"en": "{title}, as set here", "zh": "{title}（按此处设定）"},
    "together": {
        "en": "of these {names} are shares of one whole: together {sum}",
        "zh": "其中{names}是同一整体中的占比，合计 {sum}",
    },
    "account": {"en": "What it is made of", "zh": "变化由哪些部分构成"},
    "first": {
        "en": "What each lever first acts on, and what goes over each",
        "zh": "各杠杆首先作用于什么，各传递多少",
    },
    "itself": {"en": "the outcome itself", "zh": "指标本身"},
    "more": {"en": "{n} more together", "zh": "其余{n}项合计"},
    "sectors": {
        "en": "Over which sectors it goes",
        "zh": "变化经过系统的哪些部分",
    },
    "other_sectors": {
        "en": "over other sequences of sectors",
        "zh": "经过其他部分",
    },
    "single": {"en": "The widest single ways", "zh": "传递量最大的单条变量路径"},
    "other_ways": {"en": "by all other ways", "zh": "其余路径合计"},
    "scattered": {
        "en": " (these carry {share} % of what the levers bring; the rest is "
        "scattered, or sent back by loops over the links it came by)",
        "zh": "，这些只占各杠杆所带来变化的{share}%，其余分散在众多路径上，"
        "或被反馈回路沿原路送回",
    },
    "held": {
        "en": "frozen at the baseline, its own link '{a}' → '{b}' would take away ",
        "zh": "若将该路径特有的环节“{a}”→“{b}”固定在基准情景，变化将失去 ",
    },
    "loops": {
        "en": "Feedback loops: what the change loses if a loop's first link is frozen "
        "at the baseline",
        "zh": "反馈回路：若将回路的第一个环节固定在基准情景，变化将失去多少",
    },
    "loops_alone": {
        "en": "Feedback loops: what the outcome loses if a loop's first link is frozen "
        "where it stood when the reform could begin",
        "zh": "反馈回路：若将回路的第一个环节固定在改革可以开始时的水平，"
        "指标将失去多少",
    },
    "off": {"en": ", not on the ways above", "zh": "，不在上述路径上"},
    "again": {
        "en": "of it by going around again {returned}; at work {active} % of the time",
        "zh": "其中因再次循环 {returned}；模拟期内{active}%的时间在起作用",
    },
    "shares": {
        "en": "Each loop's share of what all named loops do, in %",
        "zh": "各回路在所有已命名回路作用中的份额（%）",
    },
    "cut": {"en": "frozen", "zh": "固定环节"},
    "scores": {"en": "scores", "zh": "得分"},
    "how": {
        "en": "frozen: of what is lost by freezing first links; + adds to the "
        "outcome. scores: of what moves in the model then, whatever the outcome "
        "(loops that matter, Schoenberg et al. 2020); + reinforces, − balances.",
        "zh": "固定环节：固定各回路第一个环节时所失去的变化中的份额，+为推高该指标。"
        "得分：当时整个模型的变动中的份额，与指标无关"
        "（loops that matter，Schoenberg等2020）；+为增强，−为平衡。",
    },
    "by": {
        "en": "Scores by {by}; our own differ by {apart} points at most.",
        "zh": "得分由{by}计算；与自算结果最多相差{apart}个百分点。",
    },
    "by_own": {
        "en": "Scores by our own formulas alone{why}.",
        "zh": "得分仅由自有公式计算{why}。",
    },
    "because": {"en": ": {why}", "zh": "（{why}）"},
    "other_loops": {
        "en": "The other {n} loops of loops.csv do less, or nothing.",
        "zh": "loops.csv中其余{n}个回路作用更小，或没有作用。",
    },
    "no_loops": {
        "en": "No loop does anything to it.",
        "zh": "没有回路影响该指标。",
    },
    "no_file": {
        "en": "The model has no loops.csv.",
        "zh": "该模型没有loops.csv。",
    },
    "figure": {
        "en": "; levers, account, ways; line: 5 to 95 %",
        "zh": "；杠杆、构成与路径；横线为5%—95%区间",
    },
    "courses": {
        "en": "What is lost with each loop's first link frozen (dashed: balancing)",
        "zh": "固定各回路第一个环节时所失去的变化（虚线为平衡回路）",
    },
    "matter": {
        "en": "Share of all named loops' scores, % (loops that matter)",
        "zh": "各回路占所有已命名回路得分的份额，%（loops that matter）",
    },
    "comma": {"en": ", ", "zh": "、"},
    "aside": {"en": ", {what}", "zh": "，{what}"},
    "relative": {"en": " ({share} %)", "zh": "（{share}%）"},
    "colon": {"en": ":", "zh": "："},
}
_CUT = re.compile("[：；，（,(]")


@dataclass(frozen=True)
class Words:
    """Words and numbers of one explanation in one language."""

    language: str
    found: Explanation
    workbook: Workbook

    def __call__(self, phrase: str, **fill: object) -> str:
        """Return a phrase with its blanks filled."""
        return PHRASES[phrase][self.language].format(**fill)

    @cached_property
    def scale(self) -> Scale:
        """How numbers of the outcome are shown."""
        key = self.found.key
        size = max(abs(self.found.value), abs(self.found.base))
        # Of a date the series is told, which has the unit of its expression.
        asked = dataclasses.replace(key.outcome, summary="final", unit=key.unit)
        return figures_of(self.workbook, self.language, {asked.id: size}).scale(asked)

    @cached_property
    def places(self) -> int:
        """Decimals of changes: three figures of the largest."""
        found = self.found
        sizes = [abs(found.change), *(abs(part.carried) for part in found.levers)]
        if not any(sizes):
            sizes = [abs(part.passed) for part in found.loops]
        size = self.scale.factor * max(sizes, default=0.0)
        if not (size > 0 and math.isfinite(size)):
            return 2
        return max(0, min(9, 2 - math.floor(math.log10(size))))

    @property
    def inside(self) -> str:
        """Say in what changes are told."""
        unit = self.scale.difference
        return self("inside", unit=unit) if unit else ""

    def level(self, value: float) -> str:
        """Return a value with its unit."""
        text, unit = number_text(self.scale.factor * value), self.scale.unit
        if unit.startswith("每"):  # a rate: Chinese says what it is per first
            return f"{unit} {text}"
        tight = self.language == "zh" and unit == "%"
        return f"{text}{'' if tight else ' '}{unit}".rstrip()

    def change(self, value: float) -> str:
        """Return a change with its sign; what is rounded away is about zero."""
        if not math.isfinite(value):
            return "–"
        if value == 0:
            return "0"
        if not self.seen(value):
            return "≈0"
        return f"{'+' if value > 0 else '−'}{self._rounded(value)}"

    def seen(self, value: float) -> bool:
        """Say whether anything is left of a change when it is rounded."""
        return bool(re.search("[1-9]", self._rounded(value)))

    def _rounded(self, value: float) -> str:
        return f"{abs(self.scale.factor * value):,.{self.places}f}"

    def between(self, given: Range | None) -> str:
        """Return a range in brackets, or nothing."""
        if given is None:
            return ""
        return self("range", low=self.change(given.low), high=self.change(given.high))

    @cached_property
    def _meanings(self) -> Mapping[str, str]:
        book = self.workbook
        return read_meanings(book.folder, book.model) if self.language == "zh" else {}

    def name(self, name: str) -> str:
        """Return a variable or an element by name; in Chinese what it is."""
        if self.language != "zh":
            return name
        variable = key_of(name.partition("[")[0])
        return self._labels.get(key_of(name)) or self._short(variable) or name

    def sector(self, name: str) -> str:
        """Return a place on a way over sectors: a sector, or the lever that begins."""
        return self._short(f".{key_of(name)}") or self.name(name)

    def _short(self, key: str) -> str:
        """Return what a variable means, as far as its first comma."""
        return _CUT.split(self._meanings.get(key, ""))[0].strip()

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        return {key_of(c.name): c.label_zh for c in self.workbook.controls}

    def path(self, names: tuple[str, ...]) -> str:
        """Return a path; what has one name in a row is named once."""
        shown = [self.name(name) for name in names]
        kept = [n for i, n in enumerate(shown) if i == 0 or n != shown[i - 1]]
        return " → ".join(kept)

    def lever(self, name: str) -> str:
        """Return a lever with its label, and from where to where it is set."""
        book, found = self.workbook, self.found
        label = next((c for c in book.controls if c.name == name), None)
        at = book.model.input_index.get(name)
        default = book.model.inputs[at].default if at is not None else math.nan
        move = " → ".join(
            f"{value:.12g}" if isinstance(value, float) else schedule_text(value)
            for one in (found.baseline, found.scenario)
            for value in (one.values.get(name, default),)
        )
        said = "" if label is None else self.label(label.label_en, label.label_zh)
        if not said or said == name:
            return self("bare_lever", name=name, move=move)
        return self("lever", name=name, label=said, move=move)

    def label(self, english: str, chinese: str) -> str:
        """Return a label in the language; in English where Chinese is missing."""
        return chinese or english if self.language == "zh" else english

    @property
    def titles(self) -> tuple[str, str]:
        """The titles of the scenario and of the baseline, told apart."""
        found = self.found
        title, other = (
            one.title.get(self.language) or one.title.get("en") or one.id
            for one in (found.scenario, found.baseline)
        )
        if title == other and not found.alone:
            title = self("as_set", title=title)
        return title, other

    @property
    def outcome(self) -> str:
        """The outcome's label, and when it is looked at."""
        key = self.found.key
        label = self.label(key.outcome.label_en, key.outcome.label_zh) or key.text
        if key.year is None:
            return label
        if key.summary != "final":
            series = self.name(key.outcome.expression.text)
            label = self("series", series=series, label=label)
        return self("when", label=label, year=key.year)

    def kind(self, polarity: str) -> str:
        """Return what a loop's polarity is called."""
        which = "reinforcing" if polarity == "R" else "balancing"
        return say(f"why.{which}", self.language)


def columns(text: str) -> int:
    """Return the columns that a text takes in a terminal; Chinese letters take two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def wide(text: str, room: int) -> str:
    """Return a text filled up to some columns."""
    return text + " " * max(0, room - columns(text))
