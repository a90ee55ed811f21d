"""A folder with the digits plugin, its workflow as small as can be, and how to tell a sentence from a crash."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from conftest import Site, make_site

CONFIG = """\
challenges:
  digits:
    controls: false
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}
    models:
      one: {model: logistic, parameters: {iterations: 2}}
"""
CRASHES = ("Traceback (most recent", "fault of challengeflow", "core dumped", "Segmentation fault")


def small(folder: Path) -> Site:
    """A site whose whole run is a dozen jobs."""
    site = make_site(folder)
    site.configure(CONFIG)
    return site


def crash(done: subprocess.CompletedProcess) -> str | None:
    """What of a crash a command has printed; None of sentences."""
    said = f"{done.stdout}\n{done.stderr}"
    found = next((sign for sign in CRASHES if sign in said), None)
    return f"{found!r} in {said[-600:]!r}" if found else None
