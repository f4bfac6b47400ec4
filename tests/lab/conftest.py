"""The page in a real browser: Debian's Chromium, driven by Playwright, network cut."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = "SDMODEL_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 300_000.0
"""Milliseconds after which what a test waits for will not come: a slow machine may."""
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic")


def chromium_path() -> str:
    """Return where the browser is; skip with a clear word where there is none."""
    given = os.environ.get(CHROMIUM)
    found = given or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        pytest.skip(f"no Chromium: apt install chromium, or name one in {CHROMIUM}")
    return str(found)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright: pip install playwright"
    )
    path = chromium_path()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, args=list(_FLAGS), timeout=PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_file(tmp_path_factory: pytest.TempPathFactory, _own_cache: None) -> Path:
    """The page of the model that ships."""
    from sdmodel.lab.build import build

    return build("consortium", tmp_path_factory.mktemp("lab") / "lab.html").path


@dataclass
class Opened:
    """A page that was opened from its file, and what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def run(self, script: str, given: Any = None) -> Any:
        """Run a script in the page, which may be a promise, and return its JSON."""
        return self.page.evaluate(script, given)


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Any]:
    """Open a file offline; at the end nothing may have been asked of any network."""
    contexts: list[Any] = []
    pages: list[Opened] = []

    def opener(file: Path, **options: Any) -> Opened:
        context = chromium.new_context(offline=True, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page)
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith(("file:", "blob:", "data:"))
                else opened.requests.append(r.url)
            ),
        )
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.on(
            "console",
            lambda m: opened.errors.append(m.text) if m.type == "error" else None,
        )
        page.goto(file.resolve().as_uri())
        pages.append(opened)
        return opened

    yield opener
    for context in contexts:
        context.close()
    for opened in pages:
        assert opened.requests == []
        assert opened.errors == []
