"""The demo's three crates: accepted by the validator, and made again from the models and from the data."""

import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

SUBMISSIONS = {
    "clog-loss": "submissions/csv/nano-roi-features",
    "mabe-task1": "submissions/npy/task1-pose-boosting",
    "mood": "submissions/docker/pca-residual",
}


def challengeflow(folder, *words):
    command = [sys.executable, "-m", "challengeflow.cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def crates(tmp_path_factory):
    """The crates with models of a small demo of all three challenges, by challenge."""
    folder = tmp_path_factory.mktemp("demo")
    config = yaml.safe_load((ROOT / "tests/launching/small_demo.yaml").read_text())
    mood = config["challenges"]["mood"]
    mood |= {"controls": False, "datasets": {name: {"source": "demo", "folds": 2} for name in ("brain", "abdom")}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    targets = {name: f"results/{name}/{path}" for name, path in SUBMISSIONS.items()}
    challengeflow(folder, "run", *targets.values())
    for name, path in targets.items():
        challengeflow(folder, "export", path, "--models", "--to", f"{name}.crate.zip")
    return {name: folder / f"{name}.crate.zip" for name in targets}


@pytest.mark.long
@pytest.mark.parametrize("challenge", SUBMISSIONS)
def test_a_crate_of_the_demo_is_accepted_and_verifies_whole_both_ways(crates, valid, tmp_path, challenge):
    assert valid(crates[challenge]) == []
    for way, not_made in (((), "train"), (("--from-data",), None)):
        said = challengeflow(tmp_path, "verify", str(crates[challenge]), *way).splitlines()
        assert said[-1].startswith("the submission is identical: ") and not any(line[:3] == "dif" for line in said)
        told = {line.split()[3].rstrip(":") for line in said if line.startswith("not made again")}
        assert not_made in told if not_made else not told
