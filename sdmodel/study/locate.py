"""Where models and studies are: by name in the checkout or the wheel, or by path."""

from __future__ import annotations

from pathlib import Path

from sdmodel.errors import ModelFileError, StudyError, did_you_mean

MODEL_SUFFIXES = (".mdl", ".xmile", ".stmx", ".itmx")
_PACKAGE = Path(__file__).resolve().parents[1]


def usable(text: str) -> bool:
    """Say whether a text can be a path at all on the systems we know."""
    parts = Path(text).parts
    return (
        bool(text.strip())
        and "\0" not in text
        and len(text) < 4096
        and all(len(part.encode("utf-8", "replace")) < 256 for part in parts)
    )


def shipped(kind: str) -> tuple[Path, ...]:
    """Return the folders that hold shipped "models" or "runs", nearest first."""
    places = (_PACKAGE.parent / kind, _PACKAGE / f"_{kind}")
    # A folder called models beside site-packages is not ours: the checkout is known
    # by its project file.
    return tuple(
        place
        for place in places
        if place.is_dir()
        and (place.parent == _PACKAGE or (_PACKAGE.parent / "pyproject.toml").is_file())
    )


def is_shipped(path: str | Path) -> bool:
    """Say whether a file is one of those that came with this program."""
    file = Path(path).resolve()
    return any(file.is_relative_to(place.resolve()) for place in shipped("models"))


def model_names() -> tuple[str, ...]:
    """Return the names of the shipped models."""
    return tuple(
        sorted(
            {
                folder.name
                for place in shipped("models")
                for folder in place.iterdir()
                if folder.is_dir() and model_files(folder)
            }
        )
    )


def model_files(folder: Path) -> tuple[Path, ...]:
    """Return the model files that stand directly in a folder."""
    return tuple(
        sorted(
            path for path in folder.iterdir() if path.suffix.lower() in MODEL_SUFFIXES
        )
    )


def model_file(folder: Path) -> Path | None:
    """Return the one model of a folder: named like it, or the only one; else None."""
    files = model_files(folder)
    named = [path for path in files if path.stem == folder.resolve().name]
    if len(named) == 1:
        return named[0]
    return files[0] if len(files) == 1 else None


def split_grid(name_or_path: str | Path) -> tuple[str, str | None]:
    """Return ``NAME@GRID`` as name and grid; a path that exists is a name alone."""
    text = str(name_or_path)
    name, mark, grid = text.rpartition("@")
    if not mark or not usable(text) or Path(text).exists():
        return text, None
    return name, grid


def locate_model(name_or_path: str | Path = "consortium") -> tuple[Path, Path | None]:
    """Return what to read, and the folder whose tables belong to it.

    A file that is the one model of its folder brings the folder's tables with it; any
    other file stands alone and the second item is None. A grid behind the name (see
    `split_grid`) is left aside.

    Raises
    ------
    ModelFileError
        If there is no such model.
    """
    text, _ = split_grid(name_or_path)
    if not usable(text):
        msg = f"--model {text[:80]!r}: a shipped model's name or a path is needed"
        raise ModelFileError(msg)
    given = Path(text)
    if len(given.parts) == 1 and not given.suffix:
        for place in shipped("models"):
            folder = place / text
            if folder.is_dir() and model_files(folder):
                return folder, folder
    try:
        if given.is_dir():
            return given, given
        if given.exists():
            folder = given.parent
            own = model_file(folder) == given and (folder / "outcomes.csv").is_file()
            return given, folder if own else None
    except OSError as error:
        msg = f"{text[:80]}: not a usable path: {(error.strerror or '').lower()}"
        raise ModelFileError(msg) from error
    names = model_names()
    hint = did_you_mean(text, names)
    known = ", ".join(names) or "none"
    msg = f"{text}: no such model; a path, or one of the shipped models: {known}{hint}"
    raise ModelFileError(msg)


def study_names() -> tuple[str, ...]:
    """Return the names of the shipped studies and of those under ``runs`` here."""
    return tuple(
        sorted(
            {
                path.parent.name
                for place in (Path("runs"), *shipped("runs"))
                if place.is_dir()
                for path in place.glob("*/study.toml")
            }
        )
    )


def find_study(name_or_path: str | Path) -> Path:
    """Return a study file: ``runs/NAME/study.toml`` by name, or a path.

    Raises
    ------
    StudyError
        If there is none; the message names the nearest.
    """
    text = str(name_or_path)
    if not usable(text):
        msg = f"study {text[:80]!r}: the name of a study or a path is needed"
        raise StudyError(msg)
    given = Path(text)
    if len(given.parts) == 1 and not given.suffix:
        for place in (Path("runs"), *shipped("runs")):
            if (place / text / "study.toml").is_file():
                return place / text / "study.toml"
    try:
        if given.is_dir() and (given / "study.toml").is_file():
            return given / "study.toml"
        if given.is_file():
            return given
    except OSError as error:
        msg = f"{text[:80]}: not a usable path: {(error.strerror or '').lower()}"
        raise StudyError(msg) from error
    names = study_names()
    hint = did_you_mean(text, names)
    known = ", ".join(names) or "none"
    msg = f"{text}: no such study; a path, or one of: {known}{hint}"
    raise StudyError(msg)
