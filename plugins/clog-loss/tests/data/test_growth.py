"""From micro to tier 1: what is prepared stays as it is, and only further videos are added."""

import json
import subprocess
import sys
from pathlib import Path

from challengeflow import read_samples
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.demo import metadata

CHAIN = ("nano", "micro", "tier1")


def shards(folder: Path, *datasets: str) -> dict[str, bytes]:
    """Path -> content of every shard's sample table in a fresh run's folder, of datasets from local tables."""
    folder.mkdir()
    each = {"source": str(folder.parent / "tables"), "folds": 3, "shards": {"train": 1}, "splits": ["train"]}
    config = {"challenges": {"clog-loss": {"datasets": dict.fromkeys(datasets, each), "models": {}}}}
    (folder / "config.yaml").write_text(json.dumps(config))
    for dataset in datasets:
        command = [sys.executable, "-m", "challengeflow.cli", "download", f"clog-loss/{dataset}", "index"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    home = folder / "results" / "clog-loss"
    found = {path.relative_to(home): path for path in home.glob("*/index/shards/*.csv")}
    return {str(path): found[path].read_bytes() for path in sorted(found)}


def test_growing_to_tier_1_touches_no_shard_of_micro(tmp_path):
    (tmp_path / "tables").mkdir()
    metadata.write_tables(tmp_path / "tables", 0, 24)
    micro = shards(tmp_path / "small", "nano", "micro")
    grown = shards(tmp_path / "large", *CHAIN)
    assert len(micro) == 6 and len(grown) == 9
    assert micro.items() <= grown.items()  # byte for byte: no job of theirs has another input
    videos = {name: read_samples(tmp_path / "large/results/clog-loss" / name) for name in grown}
    listed = [sample.id for samples in videos.values() for sample in samples]
    expected = {row.filename.removesuffix(".mp4") for row in tables.read_train(tmp_path / "tables").rows}
    assert len(listed) == len(set(listed)) and set(listed) == expected
    folds = {}
    for name, samples in videos.items():
        for sample in samples:
            assert folds.setdefault(sample.group, name[-10:]) == name[-10:]  # a project keeps its fold
