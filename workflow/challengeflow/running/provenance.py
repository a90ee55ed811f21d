"""What made an output: written beside it as `OUTPUT.provenance.json`."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import resource
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from challengeflow.contract.credentials import redacted
from challengeflow.contract.declare import CONTRACT
from challengeflow.contract.errors import InputError

SUFFIX = ".provenance.json"
IGNORED = {".snakemake_timestamp"}


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of a folder's file names and contents; links count by what they point to."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name not in IGNORED) if path.is_dir() else [path]
    for file in files:
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        with open(file, "rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def recorded_hash(path: Path) -> str:
    """The hash noted beside an output, without reading the output; of what has none, its content's."""
    note = Path(f"{path}{SUFFIX}")
    if note.exists():
        return str(json.loads(note.read_text())["sha256"])
    return content_hash(path) if path.exists() else "missing"


@lru_cache
def machine() -> dict[str, Any]:
    """Processor, its cores and memory in GiB, and the system of where this runs; without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def peak_memory_mb() -> float:
    """Largest resident set of this process or any of its finished children, MiB."""
    kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(kib / 1024, 1)


def hashes(paths: Iterable[str], below: str | None, what: str) -> dict[str, str]:
    """Path (below a folder, where one is given) -> its hash. Raises InputError where `what` needs what is not there."""
    found = {}
    for path in paths:
        if not Path(path).exists():
            raise InputError(f"{what} needs {path}, which is not there; run the stage that makes it")
        found[os.path.relpath(path, below) if below else path] = recorded_hash(Path(path))
    return found


def write(outputs: Iterable[Path], facts: Mapping[str, Any], distribution: str) -> None:
    """Note `facts`, versions, machine, the time (UTC) and its own hash beside each output.

    Versions: of Python, challengeflow, the plugin's `distribution` and everything that it says it requires.
    """
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    versions = versions_behind(distribution)
    for output in outputs:
        note = dict(facts) | {"versions": versions, "machine": machine(), "ended": ended}
        note |= {"sha256": content_hash(output)}
        Path(f"{output}{SUFFIX}").write_text(redacted(json.dumps(note, indent=2, sort_keys=True)) + "\n")


@lru_cache
def versions_behind(distribution: str) -> dict[str, str]:
    """Versions of Python, challengeflow and its contract, a distribution and what it requires, extras included where
    they are installed."""
    names = {"challengeflow", "numpy", distribution}
    try:
        lines = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    names |= {found[0].lower() for line in lines if (found := re.match(r"[\w.-]+", line))}
    versions = {name: version for name in sorted(names) if (version := _version(name))}
    return {"python": platform.python_version(), "contract": str(CONTRACT)} | versions


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
