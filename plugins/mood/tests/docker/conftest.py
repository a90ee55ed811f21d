"""Packages to be tried: the finished submission of the small demo, and one that needs no Python and can be broken."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from challengeflow_mood.commands import check_package
from challengeflow_mood.docker import archive, build_context, dockerfile_lint
from challengeflow_mood.docker.package_trial import Toys

SOUND = """#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for scan in "$1"/*; do
    name=$(basename "$scan")
    {answer}
done
"""
ANSWERS = {"sample": 'sum=$(cksum < "$scan"); echo "0.${sum%% *}" > "$2/$name.txt"', "pixel": 'cp "$scan" "$2/$name"'}
MAP = 'cp "$here/map.nii.gz" "$2/$name"'
SHAPE = (12, 15, 10)
DOCKERFILE = "FROM scratch\nCOPY . /workspace\n"


LIBRARIES = ("nibabel", "numpy", "packaging", "typing_extensions", "isal")
BEGIN = """import os, pathlib, random, sys
import nibabel as nib, numpy as np
inputs, outputs = map(pathlib.Path, sys.argv[1:])
{code}
for number, path in enumerate(sorted(inputs.iterdir())):
    said = answer(path, number)
"""
PYTHON = {
    "sample": BEGIN + "    (outputs / (path.name + '.txt')).write_text(repr(float(said)))\n",
    "pixel": BEGIN
    + "    image = nib.Nifti1Image(np.asarray(said, np.float32), nib.load(path).affine)\n"
    + "    nib.save(image, outputs / path.name)\n",
}


def save(path, values, affine=None):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), path)


def scan(shape, number):
    """A body that lies off the middle of a scan that is no cube."""
    values = np.zeros(shape, np.float32)
    inner = tuple(slice(1, n - n // 3) for n in shape)
    random = np.random.default_rng(number)
    values[inner] = random.uniform(0.4, 1, values[inner].shape)
    return values


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
    """A package that needs no Python, in `folder`: a map is the scan itself, a score comes from its checksum; and toy
    cases.
    """

    def __init__(self, root: Path):
        self.root, self.folder, self.scans, self.full = (root / name for name in ("", "context", "scans", "full"))
        for folder in (self.folder, self.scans, self.full):
            folder.mkdir()
        for task in build_context.TASKS:
            for dataset in build_context.DATASETS:
                script = self.folder / f"run_{task}_{dataset}.sh"
                script.write_text(SOUND.format(answer=ANSWERS[task]))
                script.chmod(0o755)
        (self.folder / "requirements.txt").write_text("")
        (self.folder / "Dockerfile").write_text(DOCKERFILE)
        for number in range(3):
            save(self.scans / f"toy_{number}.nii.gz", scan(SHAPE, number))
        save(self.full / "whole.nii.gz", scan((20, 18, 16), 9))
        self.toys = {"brain": Toys(self.scans, {}, self.full)}

    def save_map(self, values, affine=None):
        """One map for all scans."""
        save(self.folder / "map.nii.gz", values, affine)
        self.answer("pixel", MAP)

    def script(self, task="pixel") -> Path:
        return self.folder / f"run_{task}_brain.sh"

    def answer(self, task, line):
        """Another line in the loop of a script of the brain."""
        self.script(task).write_text(SOUND.format(answer=line))

    def say(self, task, line):
        """Put a line before the loop of a script of the brain."""
        script = self.script(task)
        script.write_text(script.read_text().replace("set -eu\n", f"set -eu\n{line}\n"))

    def python(self, task, code):
        """A script of the brain in Python, with NumPy and nibabel: `answer(path, number)` says what is written."""
        (self.folder / "requirements.txt").write_text("".join(f"{name}\n" for name in LIBRARIES))
        (self.folder / f"{task}.py").write_text(PYTHON[task].format(code=code))
        self.script(task).write_text(f'#!/bin/sh\nexec python3 /workspace/{task}.py "$1" "$2"\n')

    def dockerfile(self, text, scripts="", model=""):
        """Another Dockerfile. scripts: a folder that they are moved to; model: what one says, of a folder `model`."""
        (self.folder / "Dockerfile").write_text(text)
        if model:
            self.say("sample", model)
            (self.folder / "model").mkdir()
            (self.folder / "model" / "weights").write_text("")
        if scripts:
            (self.folder / scripts).mkdir()
            for path in self.folder.glob("run_*"):
                path.rename(self.folder / scripts / path.name)

    def shebang(self, line):
        """Another first line."""
        self.script().write_text(self.script().read_text().replace("#!/bin/sh", line))

    def built(self) -> Path:
        """What the image holds of the package."""
        dockerfile_lint.built(self.folder, self.root / "image")
        return self.root / "image"

    def check(self, limit=600.0):
        archive.write_tar(self.folder, self.root / "package.tar")
        with tarfile.open(self.root / "package.tar", "w") as tar:  # the modes as they are, which write_tar would mend
            for path in sorted(self.folder.iterdir()):
                tar.add(path, path.name)
        work = self.root / "work"
        work.mkdir()
        package = self.root / "package.tar"
        return check_package.check(package, self.toys, work, wanted="bwrap", limit=limit, test_cases=10)


@pytest.fixture
def package(tmp_path):
    return ToyPackage(tmp_path)
