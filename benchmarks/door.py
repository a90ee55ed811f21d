"""What the door for outside files costs a stage: `python benchmarks/door.py [--rounds N]`.

Prepares a shard of the demo of clog-loss and of mood as the workflow does, and with `read_each` replaced by a loop
that calls the reader in the stage's own process: no other process, no limit of time or memory. The two alternate; each
run is a process of its own. Printed are CPU and wall seconds of each, the medians of the rounds, and how much more the
door takes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
SHARDS = {"clog-loss": "clog-loss/nano", "mood": "mood/brain"}
CONFIG = {
    "keep_raw": True,
    "challenges": {
        "clog-loss": {
            "controls": False,
            "datasets": {"nano": {"source": "demo", "folds": 2, "shards": {"train": 1, "test": 1}}},
            "download": {"demo_videos": 120},
            "models": {"metadata-only": {}},
        },
        "mood": {"controls": False, "datasets": {"brain": {"source": "demo"}}, "models": {"pca-residual": {}}},
    },
}
DIRECT = """
import sys
from challengeflow.outside import door
def direct(read, items, **limits):
    for place, item in enumerate(items):
        try:
            yield place, read(*item)
        except Exception as error:
            yield place, door.Unreadable(door.reason_of(error))
door.read_each = direct
from challengeflow.cli import main
sys.exit(main())
"""


def run(code: list[str], folder: Path, challenge: str) -> tuple[float, float]:
    """CPU and wall seconds of one preprocess job on one core."""
    command = [sys.executable, *code, "preprocess", SHARDS[challenge], "test-000", "--config", "config.yaml"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*command, "--threads", "1"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        snakemake = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2", "--quiet", "all"]
        snakemake += ["--workflow-profile", str(ROOT / "profiles/default"), "--until", "preprocess"]
        subprocess.run(snakemake, cwd=folder, check=True, env=os.environ | {"PATH": path})
        for challenge in SHARDS:
            taken: dict[str, list[tuple[float, float]]] = {"door": [], "direct": []}
            for _ in range(rounds):
                taken["door"].append(run(["-m", "challengeflow.cli"], folder, challenge))
                taken["direct"].append(run(["-c", DIRECT], folder, challenge))
            cpu, wall = (
                {way: statistics.median(each[at] for each in found) for way, found in taken.items()} for at in (0, 1)
            )
            print(
                f"{challenge}: {cpu['direct']:.2f} CPU s direct, {cpu['door']:.2f} by the door "
                f"({100 * (cpu['door'] / cpu['direct'] - 1):+.0f} %); wall {wall['direct']:.2f} and {wall['door']:.2f} "
                f"({100 * (wall['door'] / wall['direct'] - 1):+.0f} %)",
                flush=True,
            )


if __name__ == "__main__":
    main()
