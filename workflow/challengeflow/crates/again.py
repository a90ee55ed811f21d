"""The submission of a crate made again, through Snakemake like every run, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.crates.agree import below
from challengeflow.crates.crate import CONFIG, Crate
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.running.provenance import SUFFIX

MADE = ("archive", "index", "own_index", "download", "preprocess", "predict", "ensemble", "package")
"""The rules that make the submission from models."""


def lay_out(crate: Crate, folder: Path, data: Path | None) -> None:
    """Make the folder that the submission is made again in: the config, and what this calls `data`."""
    shutil.copyfile(crate.folder / CONFIG, folder / CONFIG)
    link = folder / "data"
    link.unlink(missing_ok=True)
    if data is not None:
        link.symlink_to(data.resolve(), target_is_directory=True)


def lay_models(crate: Crate, jobs: Sequence[PlannedJob]) -> set[str]:
    """Put models and decisions of the crate where a run has them; their paths below the results folder."""
    answering = {path for job in jobs if job.stage in ("predict", "package") for path in job.inputs}
    made = [(job, output) for job in jobs if job.stage in ("train", "score") for output in job.outputs]
    given = set()
    for job, output in made:
        path, to = below(job, output), Path(output)
        if output not in answering or (held := crate.held(path)) is None:
            continue  # a fold that answers nothing, and scores, which nothing reads
        given.add(path)
        if not Path(f"{to}{SUFFIX}").exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(held, to, dirs_exist_ok=True) if held.is_dir() else shutil.copyfile(held, to)
            shutil.copyfile(crate.folder / "provenance" / f"{path}.json", f"{to}{SUFFIX}")
    return given


def make(folder: Path, target: str, rules: Sequence[str], words: Sequence[str]) -> None:
    """Have Snakemake make a target in a folder, by some rules alone or, without any, by all.

    Raises InputError where it did not come to its end.
    """
    chosen = ["--allowed-rules", *rules] if rules else []
    command = [sys.executable, "-m", "challengeflow.cli", "run", "--config", CONFIG, target, "--", *chosen, *words]
    process = subprocess.Popen(command, cwd=folder, stdout=sys.stderr)
    try:
        status = process.wait()
    except KeyboardInterrupt:  # Snakemake has got it too, and ends its jobs
        process.wait()
        raise
    if status:
        raise InputError(
            f"the submission was not made again: the run in {os.path.relpath(folder)} stopped, as said above; the same"
            " command goes on with it"
        )
