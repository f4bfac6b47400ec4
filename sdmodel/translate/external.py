"""Numbers that a model keeps in other files: constants, tables, series, subscripts.

Spreadsheets are read by PySD's own readers, so that cells mean what they mean there.
Only files inside the model's folder are opened, wherever a symbolic link may lead.
"""

from __future__ import annotations

import re
import threading
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ModelFileError, did_you_mean, listed
from sdmodel.model.core import plain
from sdmodel.translate.datfile import MAX_CELLS, Columns, columns_of
from sdmodel.translate.nouns import EquationError, LackingError
from sdmodel.translate.sheets import spanned
from sdmodel.translate.source import SKETCH_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_BYTES = 50_000_000
MAX_UNPACKED = 500_000_000
"""A spreadsheet is a compressed file; this is what it may be unpacked."""

_SPREADSHEETS = {".xls", ".xlsx", ".xlsm", ".ods", ".odf", ".odt"}
_TEXTS = {".csv", ".tab", ".txt", ".dat"}
_TABLES = {".csv", ".tab", ".dat"}
"""Files in which data without an equation are looked for."""

_NAMED = _TABLES | {".nc"}
"""Files with data that a user may name."""

_RULES = {
    "interpolate": "clamp",
    "hold_backward": "hold_backward",
    "look_forward": "hold_forward",
    "raw": "exact",
}
_GET = re.compile(
    rb"GET[\s_\\]+(?:XLS|DIRECT)[\s_\\]+(?:DATA|LOOKUPS|CONSTANTS|SUBSCRIPT)[\s\\]*"
    rb"\([\s\\]*'([^'\n]*)'",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    rb":\s*(?:INTERPOLATE|RAW|HOLD[ _]BACKWARD|LOOK[ _]FORWARD)\s*:\s*~"
    rb'|(?:\||\}|\A)\s*(?:"[^"\n]*"\s*|[^\s=:(<\[\]~|"{}*\\][^=:(<\[\]~|"{}\\]*)'
    rb"(?:\[[^\]~|]*\]\s*)?~",
    re.IGNORECASE,
)
_NAMED_DATA = re.compile(r"(?:\A|[^a-z])data", re.IGNORECASE)
NO_DATA = "nothing that is read: the model has no data variables"
_ONE_READER = threading.Lock()


@dataclass(frozen=True, eq=False)
class Series:
    """Tables from a file, one for each element of a definition, in its order.

    ``over_time`` tells data, whose argument is Time, from lookups. An element of which
    there are no data has a table without points.
    """

    tables: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    rule: str
    over_time: bool


def files_beside(data: bytes, model: Path) -> tuple[Path, ...]:
    """Return the files inside the model's folder that the text of a model names.

    Where it has data without an equation, every table beside it counts as named.
    """
    folder = model.parent
    found: dict[Path, None] = {}
    for given in _GET.findall(data):
        try:
            found[_inside(folder, given.decode("utf-8", "replace"))] = None
        except EquationError:
            continue  # told when it is read
    equations = data.partition(SKETCH_MARK.encode())[0]
    if model.suffix.lower() == ".mdl" and _EMPTY.search(equations):
        found |= dict.fromkeys(_tables_in(folder))
    return tuple(sorted(found))


def rank(table: Path, model: Path) -> int:
    """Return how soon a table is asked for data: 0 first.

    Tables whose name holds ``data`` come first, and last what may be the model's own
    output: a table called as the model is, or output.
    """
    if _NAMED_DATA.search(table.stem):
        return 0
    own = table.stem.lower() in {model.stem.lower(), "output", "outputs"}
    return 2 if own else 1


def named_tables(given: Sequence[Path | str]) -> tuple[Path, ...]:
    """Return the tables that a user names, wherever they are.

    Raises
    ------
    ModelFileError
        For each that is not there, no table or too large.
    """
    problems = [f"data file {p}: {what}" for p in given for what in _no_table(Path(p))]
    if problems:
        raise ModelFileError(problems)
    return tuple(dict.fromkeys(Path(item).resolve() for item in given))


def _no_table(path: Path) -> Iterator[str]:
    """Tell why a file that a user names is no table."""
    if path.suffix.lower() not in _NAMED:
        yield f"it is no table ({', '.join(sorted(_NAMED))})"
    elif not path.is_file():
        names = [p.name for p in path.parent.glob("*") if p.is_file()]
        yield f"no such file{did_you_mean(path.name, names)}"
    elif path.stat().st_size > MAX_BYTES:
        yield f"it is larger than {MAX_BYTES // 1_000_000} MB; not read"


def _tables_in(folder: Path) -> Iterator[Path]:
    for item in sorted(folder.iterdir()):
        if item.suffix.lower() in _TABLES and item.is_file():
            try:
                yield _inside(folder, item.name)
            except EquationError:
                continue


def _inside(folder: Path, given: str) -> Path:
    """Return the file that a model names, if it is in the model's folder."""
    if given.startswith("?"):
        msg = f"'{given}' names a file indirectly; write its name"
        raise LackingError(msg)
    home = folder.resolve()
    # By a way back one could lead PySD's copy of the folder out of it.
    back = ".." in given.replace("\\", "/").split("/")
    try:
        path = (home / given.replace("\\", "/")).resolve()
        outside = not path.is_relative_to(home)
    except (OSError, ValueError):
        msg = f"'{given[:60]}' is no name of a file"
        raise EquationError(msg) from None
    if outside or back:
        msg = f"'{given}' leads out of the model's folder, where nothing is read"
        raise EquationError(msg)
    if not path.is_file():
        names = [p.name for p in home.iterdir() if p.is_file()]
        msg = f"no file '{given}' beside the model{did_you_mean(given, names)}"
        raise EquationError(msg)
    suffix = path.suffix.lower()
    if suffix not in _SPREADSHEETS | _TEXTS:
        kinds = ", ".join(sorted(_SPREADSHEETS | _TEXTS))
        msg = f"'{given}' is no table ({kinds})"
        raise LackingError(msg)
    unpacked = 0
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    if path.stat().st_size > MAX_BYTES or unpacked > MAX_UNPACKED:
        msg = f"'{given}' is larger than {MAX_BYTES // 1_000_000} MB; not read"
        raise EquationError(msg)
    if spanned(path) > MAX_CELLS:
        msg = f"'{given}' has a sheet of more than {MAX_CELLS:,} cells"
        raise EquationError(msg)
    return path


def _one_sign(given: str, tab: str) -> None:
    """Ask whether what separates the columns of a text is one sign.

    More would be read as a regular expression.
    """
    if Path(given).suffix.lower() in _TEXTS and len(tab) > 1 and tab != "\\t":
        msg = f"'{tab[:40]}' separates no columns; give one sign, as ','"
        raise EquationError(msg)


class Reader:
    """Reads what the definitions of one model name."""

    def __init__(self, model: Path, data: Sequence[Path] = ()) -> None:
        self.model, self.folder, self.data = model, model.parent, data
        self._columns: dict[Path, Columns] = {}
        self.used: set[Path] = set()
        self._wanted: dict[str, str] = {}

    def constants(self, tree: Any, members: Sequence[Sequence[str]]) -> Any:
        """Return the numbers of GET DIRECT CONSTANTS, in the order of the elements.

        Raises
        ------
        EquationError
            If file, sheet or cells are not there or hold no numbers.
        """
        data = self._read(
            tree.file,
            tree.tab,
            lambda kinds, coords: kinds.ExtConstant(
                tree.file, tree.tab, tree.cell, coords, self.folder, coords, "it"
            ),
            members,
        )
        return getattr(data, "values", data)

    def series(
        self, tree: Any, members: Sequence[Sequence[str]], keyword: str | None
    ) -> Series:
        """Return the tables of GET DIRECT LOOKUPS, or DATA with its keyword.

        Raises
        ------
        EquationError
            If file, sheet or cells are not there or hold no numbers.
        """
        over_time = type(tree).__name__ == "GetDataStructure"
        how = (keyword or "interpolate").strip(": ").lower().replace(" ", "_")

        def make(kinds: Any, coords: Any) -> Any:
            first = (tree.file, tree.tab)
            last = (coords, self.folder, coords, "it")
            if over_time:
                place = (tree.time_row_or_col, tree.cell, how)
                return kinds.ExtData(*first, *place, *last)
            return kinds.ExtLookup(*first, tree.x_row_or_col, tree.cell, *last)

        data = self._read(tree.file, tree.tab, make, members)
        x = [float(v) for v in data[data.dims[0]].values]
        columns = data.values.reshape(len(x), -1).T
        rule = _RULES[how] if over_time else "clamp"
        tables = tuple(_points(x, column.tolist()) for column in columns)
        return Series(tables, rule, over_time)

    def subscripts(self, given: Any) -> tuple[str, ...]:
        """Return the elements that GET DIRECT SUBSCRIPT names.

        Raises
        ------
        EquationError
            If file, sheet or cells are not there or empty.
        """
        _one_sign(given["file"], given["tab"])
        path = _inside(self.folder, given["file"])
        with _reading() as kinds:
            found = _told(
                given["file"],
                lambda: (
                    kinds.ExtSubscript(
                        str(path),
                        given["tab"],
                        given["firstcell"],
                        given["lastcell"],
                        given["prefix"],
                        self.folder,
                    ).subscript
                ),
            )
        if not found:
            msg = f"no element in {given['file']}, {given['tab']}"
            raise EquationError(msg)
        return tuple(str(item).strip() for item in found)

    def _read(
        self,
        given: str,
        tab: str,
        make: Callable[[Any, Any], Any],
        members: Sequence[Sequence[str]],
    ) -> Any:
        _one_sign(given, tab)
        _inside(self.folder, given)
        coords = {f"d{i}": list(names) for i, names in enumerate(members)}
        with _reading() as kinds:

            def read() -> Any:
                item = make(kinds, coords)
                item.initialize()
                return item.data

            return _told(given, read)

    def columns(self, names: Sequence[str], keyword: str | None) -> Series:
        """Return the series of data without an equation, from a table beside the model.

        The first of the tables that a user names goes before all of them, as in PySD.

        Raises
        ------
        EquationError
            If no table holds all ``names``, or several beside the model do.
        """
        wanted = [plain(name) for name in names]
        self._wanted |= zip(wanted, names, strict=True)
        given = [p for p in self.data if any(k in self._table(p) for k in wanted)]
        paths = given[:1] or list(_tables_in(self.folder))
        holding = [p for p in paths if all(k in self._table(p) for k in wanted)]
        # Of an array some elements may be missing, as in PySD; they have no number.
        holding = holding or [
            p for p in paths if any(k in self._table(p) for k in wanted)
        ]
        first = min((rank(p, self.model) for p in holding), default=0)
        holding = [p for p in holding if rank(p, self.model) == first]
        if len(holding) != 1:
            looked = [*self.data, *paths]
            among = ", ".join(p.name for p in holding or looked) or "there is none"
            what = (
                f"it is in several tables beside the model ({among}); keep it in one, "
                "call that one data….csv, or name it (--data FILE)"
                if holding
                else "no .csv, .tab or .dat file beside the model has a column "
                f"'{names[0]}' ({among}); name one elsewhere by --data FILE"
            )
            msg = f"it has no equation, so that it is data; {what}"
            raise EquationError(msg)
        self.used.add(holding[0])
        table = self._table(holding[0])
        table.check(holding[0], wanted)
        how = (keyword or "interpolate").strip(": ").lower().replace(" ", "_")
        tables = tuple(
            _points(*table[key]) if key in table else ((), ()) for key in wanted
        )
        return Series(tables, _RULES[how], over_time=True)

    def idle(self) -> Iterator[str]:
        """Tell which tables that the user names hold none of the model's data."""
        for path in self.data:
            try:
                held = self._table(path)
            except EquationError as error:
                # Where the model has data, the variable that was looked for tells it.
                if not self._wanted:
                    yield f"data file {path}: {error}"
                continue
            if held.keys() & self._wanted.keys():
                continue
            names = list(self._wanted.values())
            slips = (did_you_mean(key, names) for key in list(held)[:50])
            hint = next(filter(None, slips), "")
            what = f"none of the model's data variables ({listed(names)}){hint}"
            yield f"data file {path}: it holds {what if names else NO_DATA}"

    def _table(self, path: Path) -> Columns:
        if path not in self._columns:
            self._columns[path] = columns_of(path, plain)
        return self._columns[path]


def _points(
    x: Sequence[float], y: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the points that are there, by x."""
    there = sorted((a, b) for a, b in zip(x, y, strict=True) if a == a and b == b)
    if not there:
        msg = "the cells hold no number"
        raise EquationError(msg)
    return tuple(a for a, _ in there), tuple(b for _, b in there)


class _reading:  # noqa: N801 - a context manager, used as a verb
    """PySD's readers, one at a time, without its warnings and with nothing kept."""

    def __enter__(self) -> Any:
        _ONE_READER.acquire()
        self._quiet = warnings.catch_warnings()
        self._quiet.__enter__()
        warnings.simplefilter("ignore")
        from pysd.py_backend import external

        self._kinds = external
        return external

    def __exit__(self, *_: object) -> None:
        self._kinds.Excels.clean()
        self._quiet.__exit__(None, None, None)
        _ONE_READER.release()


def _told(given: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines()]
        shown = " ".join(line for line in lines if line and line != "it")
        msg = f"'{given}' cannot be read: {shown[:200] or type(error).__name__}"
        raise EquationError(msg) from None
