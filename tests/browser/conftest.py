"""What the tests in a browser share: Chromium as Playwright drives it, with no network but this machine's own."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
VARIABLE = "CNNREPRO_CHROMIUM"
# No name is resolved, and nothing is asked of the network besides the pages.
FLAGS = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-gpu", "--disable-background-networking")


def _executable() -> str:
    """The path of a Chromium; skips the test where there is none."""
    named = os.environ.get(VARIABLE)
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = f"{VARIABLE} names no program: {named!r}" if named else f"no Chromium, looked for {', '.join(NAMES)}"
        pytest.skip(f"{missing}; install one (Debian: apt install chromium), or name it in {VARIABLE}")
    return found


# Of a module, not of the session: Playwright's event loop runs for as long, and other tests start their own.
@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium."""
    executable = _executable()
    sync_api = pytest.importorskip(
        "playwright.sync_api",
        reason="no Playwright; make soak installs it, and so does .venv/bin/pip install -e '.[browser]'",
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()
