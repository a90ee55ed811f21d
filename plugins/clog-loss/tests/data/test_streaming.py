"""A shard through a real S3 server, killed three times in download and preprocess: nothing is done twice or other."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clog_loss_faults import proxy
from clog_loss_seaweedfs import BUCKET
from clog_loss_small_videos import write_small_video

from challengeflow import read_samples
from challengeflow.arrays import Arrays
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.demo import metadata

SHARD = "train-f0-000"
KILLED_AT = (2, 5, 8)  # videos done


@pytest.fixture
def network(tmp_path, seaweedfs_server):
    """The competition's tables and videos, small ones, behind a server that takes its time."""
    (tmp_path / "tables").mkdir()
    metadata.write_tables(tmp_path / "tables", 0, 24)
    for number, row in enumerate(tables.read_train(tmp_path / "tables").rows):
        path = write_small_video(tmp_path / "one.mp4", number, row.num_frames)
        seaweedfs_server.bucket.put(f"train/{row.filename}", path)
    with proxy(seaweedfs_server.endpoint) as between:
        between.delay = 0.1
        yield between


class Run:
    """Stages of one run of the workflow, each as the command that the workflow would call."""

    def __init__(self, folder: Path, endpoint: str):
        folder.mkdir()
        self.folder = folder
        download = {"metadata": str(folder.parent / "tables"), "url": f"s3://{BUCKET}", "endpoint": endpoint}
        nano = {"source": "official", "folds": 2, "shards": {"train": 1, "test": 1}}
        challenge = {"datasets": {"nano": nano}, "download": download | {"parallel": 1}, "models": {}}
        (folder / "config.yaml").write_text(json.dumps({"challenges": {"clog-loss": challenge}}))

    def start(self, stage: str, part: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "challengeflow.cli", stage, "clog-loss/nano", part]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL, start_new_session=True)

    def finish(self, stage: str, part: str) -> None:
        assert self.start(stage, part).wait(120) == 0

    def kept(self, stage: str, suffix: str) -> dict[str, int]:
        """Files that the stage has finished so far: name -> when."""
        found = (self.folder / "results" / ".work" / "clog-loss").glob(f"{stage}-*/*{suffix}")
        return {path.name: path.stat().st_mtime_ns for path in found}

    def kill_three_times(self, stage: str, suffix: str) -> None:
        """Kill the stage's processes whenever some more videos are done; none is done again."""
        before: dict[str, int] = {}
        for count in KILLED_AT:
            process = self.start(stage, SHARD)
            while len(self.kept(stage, suffix)) < count:
                assert process.poll() is None, f"{stage} ended with {process.returncode} before it could be killed"
                time.sleep(0.002)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            now = self.kept(stage, suffix)
            assert before.items() <= now.items()
            before = now

    def digest(self) -> str:
        """Of everything that preprocess made."""
        made = hashlib.sha256()
        for kind in ("prepared", "gold"):
            for path in sorted((self.folder / "results/clog-loss/nano" / kind / SHARD).iterdir()):
                if not path.name.startswith("."):
                    made.update(path.name.encode() + path.read_bytes())
        return made.hexdigest()


def test_killed_three_times_and_finished_with_identical_output(tmp_path, network):
    straight, killed = (Run(tmp_path / name, network.url) for name in ("straight", "killed"))
    network.delay = 0
    for part in ("index", SHARD):
        straight.finish("download", part)
    straight.finish("preprocess", SHARD)

    network.delay = 0.1
    network.asked.clear()
    killed.finish("download", "index")
    killed.kill_three_times("download", ".mp4")
    killed.finish("download", SHARD)
    samples = read_samples(killed.folder / f"results/clog-loss/nano/index/shards/{SHARD}.csv")
    paths = [f"/{BUCKET}/train/{sample.columns['filename']}" for sample in samples]
    fetched = [len(network.asked[path]) for path in paths]
    assert len(samples) == 12 and min(fetched) == 1
    assert sum(fetched) <= len(samples) + 2 * len(KILLED_AT)  # one under way at each kill: a look and the rest of it
    killed.kill_three_times("preprocess", ".npz")
    killed.finish("preprocess", SHARD)
    assert killed.digest() == straight.digest()
    assert len(Arrays(killed.folder / f"results/clog-loss/nano/prepared/{SHARD}").ok()) == len(samples)
