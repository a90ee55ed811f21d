"""What the door for outside files costs a stage: `python benchmarks/door.py --run FOLDER [--rounds N]`.

FOLDER is a run of the demo by `speed_table.py --run`. Prepares its shard `test-000` of clog-loss and of mood as the
workflow does, and with `read_each` replaced by a loop that calls the reader in the stage's own process: no other
process, no limit of time or memory. The two alternate; each run is a process of its own. Printed are CPU and wall
seconds of each, the medians of the rounds, and how much more the door takes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

SHARDS = {"clog-loss": "clog-loss/nano", "mood": "mood/brain"}
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
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder, rounds = options.run.resolve(), options.rounds
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
