"""Make the page: read, compile, put together, write whole or not at all."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.engines.native import missing
from sdmodel.errors import HostError
from sdmodel.experiments.workbook import open_workbook, workbook_of
from sdmodel.model.core import Model
from sdmodel.study.files import check_writable, write_file

if TYPE_CHECKING:
    from sdmodel.lab.data import Lab

LARGEST_PAGE = 6_000_000
"""Bytes: what a page may weigh and still travel by mail or messenger."""


@dataclass(frozen=True)
class Page:
    """What `build` wrote, and how long it took."""

    path: Path
    size: int
    seconds: float
    data: dict[str, Any]


def build(
    model: str | Path | Model = "consortium",
    out: str | Path = "lab.html",
) -> Page:
    """Write the policy lab of a model as one HTML file.

    Parameters
    ----------
    model
        A shipped model's name, a model folder or file, or a model read before.
    out
        The page.

    Raises
    ------
    SdmodelError
        If the model or a table is wrong, or the page cannot be written there.
    """
    from sdmodel.lab.data import collect

    begun = time.perf_counter()
    problem = missing()
    if problem:
        msg = (
            f"the lab compiles the model with llvmlite, which cannot be loaded here: "
            f"{problem}; build it on another machine, it opens on this one"
        )
        raise HostError(msg)
    target = Path(out)
    check_writable(target, folder=False)
    if isinstance(model, Model):
        from sdmodel.experiments.workbook import folder_of

        book = workbook_of(model, folder_of(model))
    else:
        book = open_workbook(model)
    lab: Lab = collect(book)
    page = assemble(lab.data, lab.kernel.wasm.code).encode()
    write_file(target, page)
    return Page(target, len(page), time.perf_counter() - begun, lab.data)


def assemble(data: dict[str, Any], wasm: bytes) -> str:
    """Return the page: its scripts, the data and the kernel."""
    folder = resources("sdmodel.lab") / "static"
    scripts = "".join(
        f'<script id="src-{name}">{(folder / f"{name}.js").read_text("utf-8")}</script>'
        for name in ("kernel", "summary", "engine")
    )
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return (
        '<!doctype html><meta charset="utf-8"><title>sdmodel lab</title>'
        f'<script type="application/json" id="lab-data">{text}</script>'
        '<script type="application/octet-stream" id="lab-wasm">'
        f"{base64.b64encode(wasm).decode()}</script>{scripts}"
    )
