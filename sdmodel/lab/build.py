"""Make the page: read, compile, put together, write whole or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.engines.native import missing
from sdmodel.errors import HostError
from sdmodel.experiments.workbook import input_files, open_workbook, workbook_of
from sdmodel.model.core import Model
from sdmodel.study.files import check_writable, write_file
from sdmodel.study.places import check_target

if TYPE_CHECKING:
    from sdmodel.lab.data import Lab


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
    *,
    class_pack: str | Path | None = None,
) -> Page:
    """Write the policy lab of a model as one HTML file.

    Parameters
    ----------
    model
        A shipped model's name, a model folder or file, or a model read before.
    out
        The page.
    class_pack
        A folder that gets worksheets and keys in both languages, and the page.

    Raises
    ------
    SdmodelError
        If the model or a table is wrong, or the page cannot be written there, or would
        take the place of what is read or of a run's record.
    """
    from sdmodel.lab.classpack import check_pack, write_papers
    from sdmodel.lab.data import collect
    from sdmodel.lab.exercises import as_document, read_exercises
    from sdmodel.lab.face import read_face
    from sdmodel.lab.page import assemble
    from sdmodel.lab.reasons import end, prepare, reason_documents, search

    begun = time.perf_counter()
    problem = missing()
    if problem:
        msg = (
            f"the lab compiles the model with llvmlite, which cannot be loaded here: "
            f"{problem}; build it on another machine, it opens on this one"
        )
        raise HostError(msg)
    target = Path(out)
    check_target(target, input_files(model.path if isinstance(model, Model) else model))
    check_writable(target, folder=False)
    if class_pack is not None:
        check_pack(Path(class_pack))
    if isinstance(model, Model):
        from sdmodel.experiments.workbook import folder_of

        reasons = search(workbook_of(model, folder_of(model)), None)
    else:
        beside = prepare(str(model))
        try:
            reasons = search(open_workbook(model), str(model), beside)
        except BaseException:
            end(beside)
            raise
    book = reasons.book
    try:
        lab: Lab = collect(book)
        lab.data.update(reason_documents(reasons.result(), book))
    finally:
        reasons.stop()
    face = read_face(book.folder, lab.data["levers"], lab.data["outcomes"])
    lab.data["face"] = face
    exercises = read_exercises(book) if face.get("exercises") else ()
    lab.data["exercises"] = [as_document(exercise) for exercise in exercises]
    page = assemble(lab.data, lab.kernel.wasm.code).encode()
    if class_pack is not None:
        read: Any = face.get("per_thousand", ())
        write_papers(book, exercises, Path(class_pack), read)
    write_file(target, page)
    return Page(target, len(page), time.perf_counter() - begun, lab.data)
