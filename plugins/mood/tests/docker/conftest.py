"""Packages to be tried: the finished submission of the small demo, and one that needs no Python and can be broken."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from challengeflow_mood.commands import check_package
from challengeflow_mood.docker import archive, build_context
from challengeflow_mood.docker.package_trial import Toys

SOUND = """#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for scan in "$1"/*; do
    name=$(basename "$scan")
    {answer}
done
"""
ANSWERS = {"sample": 'echo 0.5 > "$2/$name.txt"', "pixel": 'cp "$here/map.nii.gz" "$2/$name"'}
SHAPE = (9, 9, 9)


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    """The test skips where bubblewrap cannot start."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    if shutil.which("bwrap") is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("bubblewrap cannot start here")


@pytest.fixture(scope="session")
def answers(mood_brain, mood_abdom):
    return {
        run.dataset: run.answers([shard for shard in run.scored if shard.split == "test"], run.models)
        for run in (mood_brain, mood_abdom)
    }


@pytest.fixture(scope="session")
def submission(mood_brain, answers):
    return mood_brain.package("docker", answers, "docker")


class ToyPackage:
    """A package that needs no Python, in `folder`: every map is the same, every score one half; and two toy cases."""

    def __init__(self, root: Path):
        self.root, self.folder, self.scans = root, root / "context", root / "scans"
        self.folder.mkdir()
        for task in build_context.TASKS:
            for dataset in build_context.DATASETS:
                script = self.folder / f"run_{task}_{dataset}.sh"
                script.write_text(SOUND.format(answer=ANSWERS[task]))
                script.chmod(0o755)
        self.save_map(np.full(SHAPE, 0.25, np.float32))
        (self.folder / "requirements.txt").write_text("")
        (self.folder / "Dockerfile").write_text("FROM scratch\n")
        self.scans.mkdir()
        for number in range(2):
            values = np.random.default_rng(number).random(SHAPE).astype(np.float32)
            nib.save(nib.Nifti1Image(values, np.eye(4)), self.scans / f"toy_{number}.nii.gz")
        self.toys = {"brain": Toys(self.scans, {})}

    def save_map(self, values, affine=None):
        nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), self.folder / "map.nii.gz")

    def script(self, task="pixel") -> Path:
        return self.folder / f"run_{task}_brain.sh"

    def answer(self, task, line):
        """Another line in the loop of a script of the brain."""
        self.script(task).write_text(SOUND.format(answer=line))

    def say(self, task, line):
        """Put a line before the loop of a script of the brain."""
        script = self.script(task)
        script.write_text(script.read_text().replace("set -eu\n", f"set -eu\n{line}\n"))

    def check(self, limit=600.0):
        archive.write_tar(self.folder, self.root / "package.tar")
        with tarfile.open(self.root / "package.tar", "a") as tar:  # the modes as they are, which write_tar would mend
            for path in sorted(self.folder.iterdir()):
                tar.add(path, path.name)
        work = self.root / "work"
        work.mkdir()
        return check_package.check(self.root / "package.tar", self.toys, work, wanted="bwrap", limit=limit)


@pytest.fixture
def package(tmp_path):
    return ToyPackage(tmp_path)
