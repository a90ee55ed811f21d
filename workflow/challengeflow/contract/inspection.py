"""What a plugin is given to look at a source before anything runs, and what it says of every file there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from challengeflow.contract.progress import Progress

NOT_OPENED = "not looked into"
"""The status of samples beyond `InspectJob.most`."""


@dataclass(frozen=True, kw_only=True)
class InspectJob:
    """`source`: a folder or a file that is there; dataset: the one that a config reads from it; None: not said.

    splits: those that the dataset has; parameters: stage -> its parameters, with all defaults filled in. most: how many
    samples to look into, where that takes long; None: all. threads, memory_mb: as of `challengeflow.Job`.
    """

    challenge: str
    source: Path
    dataset: str | None = None
    splits: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]]
    most: int | None = None
    threads: int = 1
    memory_mb: int | None = None
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A sample as its files are understood. Without an id: files of all samples, or of none; without files: what the
    source as a whole lacks.

    sample: its id in the sample table. files: paths below the source (with "/" at its end a folder with all that is in
    it). status: "ok", `NOT_OPENED`, or why the sample, or the file, cannot be used.
    understood: what was read, as short text by name (frames, rate, size, spacing, labels). notes: what to look at, and
    what to set in the config.
    """

    sample: str = ""
    files: tuple[str, ...] = ()
    status: str = "ok"
    understood: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
