"""What the engine itself costs: `python benchmarks/engine.py [--cluster]`, in the root of the repository, on an idle
machine.

Prints wall seconds, the best of three: start of the command, discovery of plugins, dry-run of the shipped config and of
all of Clog Loss, and what a job costs above its process start, locally and (--cluster) when every job is submitted by
itself to the cluster-generic executor. The stages of the jobs are empty (tests/workflow/empty_stages).
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FULL = ROOT / "examples/clog-loss-full.yaml"
BIN = Path(sys.executable).parent


def wall(command: list[str], repeat: int = 3, **options) -> float:
    """Seconds of the quickest of some runs."""
    best = float("inf")
    for _ in range(repeat):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        best = min(best, time.perf_counter() - started)
    return best


def snakemake(*arguments: str) -> list[str]:
    profile = ["--workflow-profile", str(ROOT / "profiles/default")]
    return [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), *profile, *arguments]


def per_job(executor: list[str], shards: int) -> float:
    """Seconds of one more empty job: the difference between a run of many shards and a run of few, over its jobs."""
    seconds = {}
    for train in (1, shards):
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder)
            (site / "challengeflow").symlink_to(ROOT / "tests/workflow/empty_stages")
            (site / "submit").write_text('#!/bin/sh\nsh "$1" > /dev/null 2>&1 &\necho $!\n')
            (site / "submit").chmod(0o755)
            (site / "config.yaml").write_text(
                "challenges: {clog-loss: {controls: false, datasets: "
                f"{{nano: {{source: official, folds: 2, shards: {{train: {train}, test: 1}}}}}}}}}}"
            )
            environment = os.environ | {"PATH": os.pathsep.join([folder, str(BIN), os.environ["PATH"]])}
            command = snakemake("--cores", "1", "--until", "preprocess", *executor)
            seconds[train] = wall(command, repeat=1, cwd=folder, env=environment)
    return (seconds[shards] - seconds[1]) / (4 * (shards - 1))  # two folds, download and preprocess


def main() -> None:
    python = wall([sys.executable, "-c", ""])
    show = [
        ("process start of Python", python),
        ("challengeflow --version", wall([str(BIN / "challengeflow"), "--version"])),
        ("challengeflow plugins", wall([str(BIN / "challengeflow"), "plugins"])),
        ("snakemake --version", wall(snakemake("--version"))),
        ("dry-run, shipped config", wall(snakemake("--dry-run", "--configfile", str(ROOT / "config.yaml")))),
        ("dry-run, all of Clog Loss", wall(snakemake("--dry-run", "--configfile", str(FULL)))),
        ("one more empty local job", per_job([], 60)),
    ]
    if "--cluster" in sys.argv[1:]:
        executor = ["--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit", "--jobs", "2"]
        show.append(("one more empty job on a cluster, two at once", per_job(executor, 5)))
    for what, seconds in show:
        print(f"{what:<46}{seconds:8.3f} s")


if __name__ == "__main__":
    main()
