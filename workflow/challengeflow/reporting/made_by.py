"""Which packages made the results of a run, for when one of them is no longer installed."""

import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.running.provenance import SUFFIX

NOTES = (f"*/index{SUFFIX}", f"*/*/fold-*{SUFFIX}", f"*/*/scores.json{SUFFIX}")


def missing_packages(config: Mapping[str, Any]) -> str:
    """What to add to an error about a config: which packages made its results and are not installed; "" without any."""
    challenges = config.get("challenges")
    names = challenges if isinstance(challenges, Mapping) else ()
    results = Path(str(config.get("results", "results")))
    found = dict.fromkeys(made for name in names for made in _made(results / str(name)))
    gone = [made for made in found if not _installed(made.partition(" ")[0])]
    return f"; its results were made by {', '.join(gone)}, which is not installed: pip install it again" if gone else ""


def _made(folder: Path) -> Iterator[str]:
    """Distribution and version of every plugin that the notes of a challenge's results name."""
    for pattern in NOTES:
        for note in sorted(folder.glob(pattern)):
            yield str(json.loads(note.read_text()).get("plugin", "challengeflow"))


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
