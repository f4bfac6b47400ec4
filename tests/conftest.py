"""Fixtures that every room shares, and which tests a plain ``pytest`` runs.

A plain ``pytest`` runs everything that takes seconds, and of the tests marked ``slow``
a sample: those whose name's checksum divides by eight. The sample is the same on every
machine and moves only when a test is renamed. ``--slow all`` runs all of them,
``--slow none`` leaves them out. Tests marked ``bench`` or ``browser`` run only when
``-m`` names the mark.

Files of tests are shared among up to four processes; with ``-s``, for the benchmark
above all, and where the table of conformance is gathered, there is one.
"""

from __future__ import annotations

import os
import socket
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

ROOT = Path(__file__).resolve().parents[1]
SLOW_SAMPLE = 8

# The same examples on every machine; time limits belong to benchmarks.
hypothesis.settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow",
        choices=("sample", "all", "none"),
        default="sample",
        help="which tests marked slow to run (default: one in eight, always the same)",
    )
    parser.addoption(
        "--write-conformance",
        action="store_true",
        help="write docs/conformance.md from the field's suite of test models",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    alone = config.getoption("capture") == "no" or bool(
        config.getoption("--write-conformance")
    )
    return 0 if alone else min(4, os.cpu_count() or 1)


def in_sample(name: str) -> bool:
    """Say whether a slow test belongs to the sample that always runs."""
    return zlib.crc32(name.encode()) % SLOW_SAMPLE == 0


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if any("::" in str(argument) for argument in config.args):
        return  # a test asked for by name is run
    marks = str(config.getoption("-m") or "")
    slow = str(config.getoption("--slow"))
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        asked = any(
            mark in marks
            for mark in ("bench", "browser")
            if item.get_closest_marker(mark)
        )
        optional = item.get_closest_marker("bench") or item.get_closest_marker(
            "browser"
        )
        leave_out = bool(optional) and not asked
        if item.get_closest_marker("slow") and "slow" not in marks:
            leave_out |= slow == "none" or (
                slow == "sample" and not in_sample(item.name)
            )
        (dropped if leave_out else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep caches out of the user's folders, for this process and those it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDMODEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MPLBACKEND", "Agg")
        patch.delenv("PYTHONWARNINGS", raising=False)
        yield


@pytest.fixture(autouse=True)
def _no_network(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail a test that calls another machine, or this one if it is not marked so."""
    connect = socket.socket.connect
    here = ("127.0.0.1", "::1") if request.node.get_closest_marker("loopback") else ()

    def refuse(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else address
            if host not in here:
                _refuse(address)
        connect(self, cast("str", address))

    monkeypatch.setattr(socket.socket, "connect", refuse)


def _refuse(address: object) -> NoReturn:
    msg = f"a test tried to reach {address}"
    raise AssertionError(msg)


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    """The folder of a toy model: two stocks, a subscript, a lookup, a payment mix."""
    return ROOT / "tests" / "fixtures" / "tiny"


@pytest.fixture(scope="session")
def consortium_folder() -> Path:
    """The folder of the model that ships."""
    return ROOT / "models" / "consortium"


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path, _own_cache: None) -> Model:
    from sdmodel.translate.read import read_model

    return read_model(tiny_folder)


@pytest.fixture(scope="session")
def consortium(consortium_folder: Path, _own_cache: None) -> Model:
    from sdmodel.translate.read import read_model

    return read_model(consortium_folder)


@pytest.fixture(params=["compiled", "numpy"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    """Each of our own engines; a test that takes it runs on both."""
    return cast("EngineName", request.param)


@pytest.fixture
def full_disk() -> Path:
    """A device that refuses every byte, where the system has one."""
    device = Path("/dev/full")
    if not device.exists() or os.name != "posix":
        pytest.skip("no /dev/full on this system")
    return device
