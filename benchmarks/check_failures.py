"""How long the check for unreadable samples takes before a score: `python benchmarks/check_failures.py [SAMPLES]`.

600,000 samples, as in the full Clog Loss training set, in shards of 2,000; one in a hundred could not be read.
"""

import sys
import tempfile
import time
from pathlib import Path

from challengeflow.arrays import Writer
from challengeflow.running.check_outputs import check_failures

SHARD = 2000


def write_shards(folder: Path, samples: int) -> list[Path]:
    """Prepared shards without arrays: attributes alone."""
    shards = []
    for first in range(0, samples, SHARD):
        shards.append(folder / f"train-{first // SHARD:03d}")
        with Writer(shards[-1]) as out:
            for number in range(first, min(first + SHARD, samples)):
                out.add(f"sample-{number}", {"status": "too short" if number % 100 == 0 else "ok", "shape": []})
    return shards


def main(samples: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shards = write_shards(Path(folder), samples)
        started, cpu = time.perf_counter(), time.process_time()
        failed = check_failures(shards, 0.05, "full")
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        print(f"{samples} samples in {len(shards)} shards, {len(failed)} unreadable: {seconds:.2f} s, {cpu:.2f} CPU s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600_000)
