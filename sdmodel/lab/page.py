"""Put a lab together: one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import files, version
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from sdmodel.errors import HostError
from sdmodel.lab.strings import read_strings

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = (
    "kernel", "summary", "stats", "engine", "bands", "verdict", "sums", "worker",
    "verify", "i18n", "format", "state", "code", "ensemble", "table", "charts",
    "levers", "words", "strip", "boards", "uncertainty", "labels", "explore", "flow",
    "why", "compare", "qr", "files", "share", "learn", "exercise", "about", "app",
)  # fmt: skip
"""Scripts of the page in the order in which they run; ``app`` starts it."""

LIBRARY = "mpld3/js/d3.v5.min.js"


@dataclass(frozen=True)
class Script:
    """A script of the page, with the digest by which its security policy knows it."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the text as a content security policy writes it."""
        return digest(self.text)


def digest(text: str) -> str:
    """Return ``sha256-…`` of a text that stands between two tags."""
    hashed = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(hashed).decode()}"


def as_json(data: object) -> str:
    """Return JSON that no reader of HTML can take for a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


@cache
def library() -> tuple[str, str]:
    """Return the chart library and its licence, from the package that carries it.

    Raises
    ------
    HostError
        If the package is not there or has moved its files.
    """
    found = {str(path).replace("\\", "/"): path for path in files("mpld3") or ()}
    licence = next((path for name, path in found.items() if "LICENSE" in name), None)
    if LIBRARY not in found or licence is None:
        msg = (
            f"the package mpld3 {version('mpld3')} holds no {LIBRARY} or no licence; "
            "install it again: pip install --force-reinstall mpld3"
        )
        raise HostError(msg)
    return found[LIBRARY].read_text(encoding="utf-8"), licence.read_text()


def scripts() -> tuple[Script, ...]:
    """Return the scripts of the page, the chart library first."""
    folder = resources("sdmodel.lab") / "static"
    own = [
        Script(name, (folder / f"{name}.js").read_text(encoding="utf-8"))
        for name in SCRIPTS
    ]
    return (Script("d3", library()[0]), *own)


def render(template: str, **given: object) -> str:
    """Return a template of the lab with its blanks filled; none may stay empty."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sdmodel.lab"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**given)


def assemble(data: Mapping[str, object], wasm: bytes) -> str:
    """Return the page.

    Parameters
    ----------
    data
        What the page knows of model, levers, outcomes and history.
    wasm
        The model's kernel.

    Raises
    ------
    HostError
        If the chart library is not to be found.
    """
    style = (resources("sdmodel.lab") / "static" / "lab.css").read_text("utf-8")
    return render(
        "lab.html.j2",
        data=as_json(data),
        strings=as_json(read_strings()),
        words={key: text["en"] for key, text in read_strings().items()},
        wasm=base64.b64encode(wasm).decode(),
        scripts=scripts(),
        style=style,
        style_digest=digest(style),
        licence=library()[1],
    )
