"""A made-up run with its report, and a browser to look at it."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """The report of three models and an ensemble on 100 samples."""
    from report_size import make_up

    from challengeflow.reporting.page.page import write

    return write(make_up(tmp_path_factory.mktemp("run") / "results", models=3, samples=100, pixels=8))


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    program = shutil.which("chromium")
    if program is None and "CHALLENGEFLOW_NO_SKIP" not in os.environ:
        pytest.skip("there is no chromium (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
