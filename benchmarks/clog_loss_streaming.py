"""Clog Loss through a real S3 server with few raw shards on disk, killed three times.

    python benchmarks/clog_loss_streaming.py

Hundreds of small videos lie on SeaweedFS (of the extra `dev`), on loopback. The workflow downloads, prepares and
deletes them shard by shard, twice: once in one go, once killed three times with everything it started. Said is how much
raw data was on disk at most, in both, and whether the prepared files are the same to the byte. Times are those of the
jobs; loopback is no network.
"""

import argparse
import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "plugins/clog-loss/tests/helpers"))

from clog_loss_seaweedfs import BUCKET, Server, seaweedfs  # noqa: E402
from clog_loss_small_videos import write_small_video  # noqa: E402

from challengeflow_clog_loss.data import tables  # noqa: E402
from challengeflow_clog_loss.demo import metadata  # noqa: E402

FOLDS = 2
RAW_SHARDS = 2


def put_videos(server: Server, folder: Path, videos: int) -> int:
    """Write tables with that many nano videos, and put these on the server; returns their bytes."""
    folder.mkdir()
    metadata.write_tables(folder, 0, videos)
    total = 0
    for number, row in enumerate(tables.read_train(folder).rows[:videos]):
        path = write_small_video(folder / "one.mp4", number, row.num_frames)
        total += path.stat().st_size
        server.bucket.put(f"train/{row.filename}", path)
    return total


class Run:
    """The workflow in a folder of its own, up to the prepared videos."""

    def __init__(self, folder: Path, endpoint: str, shards: int):
        folder.mkdir()
        self.folder, self.peak = folder, 0
        nano = {"source": "official", "splits": ["train"], "folds": FOLDS, "shards": {"train": shards}}
        download = {"metadata": str(folder.parent / "tables"), "url": f"s3://{BUCKET}", "endpoint": endpoint}
        config = {
            "raw_shards": RAW_SHARDS,
            "challenges": {"clog-loss": {"datasets": {"nano": nano}, "download": download}},
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        self.home = folder / "results/clog-loss/nano"
        self.targets = [
            f"results/clog-loss/nano/prepared/train-f{f}-{s:03d}" for f in range(FOLDS) for s in range(shards)
        ]

    def go(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Run snakemake to its end, or kill it and all it started once `until`; returns whether it ended by itself."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-s",
            str(ROOT / "Snakefile"),
            "--cores",
            "2",
            "--nolock",
            "--quiet",
            "all",
        ]
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--rerun-incomplete", *self.targets]
        process = subprocess.Popen(command, cwd=self.folder, env=os.environ | {"PATH": path}, start_new_session=True)
        while process.poll() is None:
            self.peak = max(self.peak, self.raw_bytes())
            if until():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return False
            time.sleep(0.02)
        assert process.returncode == 0, f"snakemake ended with {process.returncode}"
        return True

    def raw_bytes(self) -> int:
        """Raw videos on disk: delivered, and on their way."""
        total = 0
        for root in (self.home / "raw", self.folder / "results/.work"):
            for folder, _, names in os.walk(root):  # which passes over folders that are just deleted
                for name in names:
                    with suppress(FileNotFoundError):
                        total += os.stat(os.path.join(folder, name)).st_size if ".mp4" in name else 0
        return total

    def prepared(self) -> int:
        return sum((self.folder / target).exists() for target in self.targets)

    def digest(self) -> str:
        made = hashlib.sha256()
        for target in self.targets:
            for name in ("data.bin", "index.json"):
                made.update((self.folder / target / name).read_bytes())
        return made.hexdigest()

    def seconds(self, stage: str) -> float:
        """Wall seconds of a stage's jobs."""
        tables_of = (self.folder / "results/benchmarks").rglob(f"{stage}.tsv")
        return sum(
            float(next(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))["s"]) for path in tables_of
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--shards", type=int, default=5, help="of each of 2 folds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        site.mkdir()
        with seaweedfs(site) as server:
            total = put_videos(server, Path(folder, "tables"), options.videos)
            straight, killed = (
                Run(Path(folder, name), server.endpoint, options.shards) for name in ("straight", "killed")
            )
            straight.go()
            for quarter in (1, 2, 3):
                wanted = quarter * len(killed.targets) // 4
                assert not killed.go(lambda wanted=wanted: killed.prepared() >= wanted), "it ended before it was killed"
            killed.go()
        print(
            f"{options.videos} videos, {total / 1e6:.1f} MB, in {len(straight.targets)} shards, "
            f"{RAW_SHARDS} raw ones at once"
        )
        for run in (straight, killed):
            print(
                f"{run.folder.name:<9} raw videos on disk at most {run.peak / 1e6:.1f} MB ({run.peak / total:.0%}); "
                f"{run.seconds('download'):.0f} s of download jobs, "
                f"{run.seconds('preprocess'):.0f} s of preprocess jobs"
            )
        print(f"prepared files identical: {straight.digest() == killed.digest()}")


if __name__ == "__main__":
    main()
