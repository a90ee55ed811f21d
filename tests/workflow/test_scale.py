"""The whole of Clog Loss through the scheduler, with empty stages: how many jobs, and how many raw shards at once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

FULL = ROOT / "examples/clog-loss-full.yaml"


def snakemake(folder: Path, config: Path, *arguments: str, **environment: str) -> str:
    """Run the workflow with empty stages; what it printed."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin/challengeflow"
    if not command.exists():
        command.symlink_to(Path(__file__).with_name("empty_stages"))
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    options = ["--configfile", str(config), "--workflow-profile", str(ROOT / "profiles/default"), "--quiet", "rules"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), *arguments, *options],
        cwd=folder,
        env=os.environ | {"PATH": path, "CHALLENGEFLOW_PLUGINS": "clog-loss"} | environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def raw_alive(folder: Path) -> int:
    """Most raw shards that were on disk at once."""
    return max(int(line) for line in (folder / "raw.log").read_text().split())


def configured(folder: Path, **changes) -> Path:
    """The full config without its controls, changed, written into the folder."""
    config = yaml.safe_load(FULL.read_text())
    config["challenges"]["clog-loss"] |= {"controls": False}
    config |= {"results": "results"} | {key: value for key, value in changes.items() if key != "shards"}
    if "shards" in changes:
        config["challenges"]["clog-loss"]["datasets"] = {"nano": {"source": "official", "folds": 2} | changes}
        del config["challenges"]["clog-loss"]["datasets"]["nano"]["raw_shards"]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_all_of_clog_loss_is_about_a_thousand_jobs_a_model_within_the_bound(tmp_path: Path):
    """More cores than the bound, downloads quicker than preparing: the window alone holds them back."""
    config = configured(tmp_path, raw_shards=6)
    output = snakemake(tmp_path, config, "--cores", "16", PREPROCESS_SECONDS="0.02")
    jobs = int(re.search(r"^total +(\d+)$", output, re.MULTILINE)[1])
    assert 900 < jobs < 1100
    downloads = (tmp_path / "raw.log").read_text().split()
    assert len(downloads) > 300
    assert 2 <= raw_alive(tmp_path) <= 6
    assert not list(tmp_path.glob("results/*/*/raw/*"))


@pytest.mark.long
def test_the_bound_holds_on_a_cluster(tmp_path: Path):
    """Jobs as a cluster runs them, each by a Snakemake of its own, with a place for every job at once."""
    config = configured(tmp_path, raw_shards=2, shards={"train": 2, "test": 1})
    # What a scheduler's submit command does: start the job script, print an id, do not wait.
    submit = tmp_path / "submit"
    submit.write_text('#!/bin/sh\nsh "$1" > /dev/null 2>&1 &\necho $!\n')
    submit.chmod(0o755)
    executor = ["--executor", "cluster-generic", "--cluster-generic-submit-cmd", str(submit), "--jobs", "9"]
    snakemake(tmp_path, config, "--until", "preprocess", *executor, DOWNLOAD_SECONDS="0.1", PREPROCESS_SECONDS="1")
    assert raw_alive(tmp_path) == 2
