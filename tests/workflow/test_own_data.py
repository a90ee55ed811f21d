"""Files that are added, mended, removed or renamed in a folder of one's own: only what they touch is made again."""

import csv
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Site, install_plugin

HERE = Path(__file__).parent


def image(path: Path, seed: int) -> None:
    np.save(path.with_suffix(".npy"), np.random.default_rng(seed).integers(0, 16, (8, 8)).astype(float))


def video(path: Path, seed: int) -> None:
    from clog_loss_small_videos import write_small_video

    write_small_video(path.with_suffix(".mp4"), seed=seed)


def scan(path: Path, seed: int) -> None:
    import nibabel as nib

    values = np.random.default_rng(seed).integers(0, 900, (12, 12, 12)).astype(np.int16)
    nib.save(nib.Nifti1Image(values, np.eye(4)), path.with_suffix(".nii"))


def track(path: Path, seed: int) -> None:
    np.save(path.with_suffix(".npy"), np.random.default_rng(seed).uniform(0, 500, (60, 2, 2, 7)))


@dataclass(frozen=True)
class Case:
    """A challenge, what writes a sample of it, the demo dataset and the model that answer, how many samples."""

    challenge: str
    write: Callable[[Path, int], None]
    trained_on: str
    model: str
    samples: int = 200
    added: int = 10
    settings: str = ""
    others: int = 3
    """Shards of the demo beside it."""


CASES = [
    Case("digits", image, "few", "logistic", 16, 3),
    Case("clog-loss", video, "nano", "roi-features"),
    Case("mabe-task1", track, "task1", "pose-boosting"),
    Case("mood", scan, "brain", "pca-residual", settings="preprocess: {grid: 16}, ", others=4),
]
SHARDS = 8


class Project(Site):
    """A site whose command reads the data of the dataset `own`, and runs no other stage."""

    def environment(self, **extra: str) -> dict[str, str]:
        found = super().environment(EMPTY_STAGES=str(HERE / "empty_stages"), CHALLENGEFLOW_PLUGINS="", **extra)
        del found["CHALLENGEFLOW_PLUGINS"]
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), found["PATH"]])
        return found | {"PATH": path}

    def run(self) -> Counter[str]:
        """Run it; rule -> jobs that were done."""
        done = self.snakemake()
        assert done.returncode == 0, done.stdout + done.stderr
        said = max((self.folder / ".snakemake/log").glob("*.log")).read_text()
        return Counter(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):$", said, re.MULTILINE))

    def shards(self, challenge: str) -> dict[str, str]:
        """Sample -> shard."""
        with open(self.folder / f"results/{challenge}/own/index/samples.csv", newline="") as file:
            return {row["sample"]: row["shard"] for row in csv.DictReader(file)}


@pytest.fixture
def project(request, tmp_path, monkeypatch) -> Iterator[tuple[Project, Case]]:
    case: Case = request.param
    monkeypatch.syspath_prepend(ROOT / "plugins/clog-loss/tests/helpers")
    made = Project(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/challengeflow").symlink_to(HERE / "data_alone")
    if case.challenge == "digits":
        install_plugin(ROOT / "tests/digits/challengeflow_digits", tmp_path / "plugins", "digits")
    data = tmp_path / "data"
    data.mkdir()
    for number in range(case.samples):
        case.write(data / f"n{number:03d}", number)
    own = f"own: {{source: data, trained_on: {case.trained_on}, shards: {{test: {SHARDS}}}}}"
    made.configure(
        f"challenges: {{{case.challenge}: {{controls: false, {case.settings}models: {{{case.model}: {{}}}}, "
        f"datasets: {{{case.trained_on}: {{source: demo, folds: 2, shards: {{train: 1, test: 1}}}}, {own}}}}}}}\n"
    )
    yield made, case
    shutil.rmtree(tmp_path / "results", ignore_errors=True)


@pytest.mark.long
@pytest.mark.parametrize("project", CASES, ids=[case.challenge for case in CASES], indirect=True)
def test_only_what_changed_files_touch_is_made_again(project):
    site, case = project
    assert site.run()["preprocess"] == SHARDS + case.others
    assert site.run() == {}
    before, data = site.shards(case.challenge), site.folder / "data"
    prepared = site.folder / f"results/{case.challenge}/own/prepared"
    times = {path.name: path.stat().st_mtime_ns for path in prepared.iterdir() if path.is_dir()}

    (changed,) = data.glob("n004.*")
    case.write(changed, 1000)
    (gone,) = data.glob(f"n{case.samples - 2:03d}.*")
    gone.unlink()
    for number in range(case.added):
        case.write(data / f"a{number:03d}", 2000 + number)
    touched = {before["n004"], before[f"n{case.samples - 2:03d}"]}
    assert len(touched) == 2
    done = site.run()
    after = site.shards(case.challenge)
    assert {sample: shard for sample, shard in after.items() if sample in before} == {
        sample: shard for sample, shard in before.items() if sample in after
    }
    assert {after[f"a{number:03d}"] for number in range(case.added)} <= touched
    assert gone.stem not in after and len(after) == case.samples + case.added - 1
    assert (done["own_index"], done["preprocess"], done["predict"]) == (1, 2, 2)
    assert not {"index", "train", "score"} & set(done)
    again = {path.name for path in prepared.iterdir() if path.is_dir() and path.stat().st_mtime_ns != times[path.name]}
    assert again == touched

    changed.touch()  # the same file, written anew
    (data / "notes.txt").write_text("seen twice\n")
    assert site.run()["preprocess"] == 1
    (data / "notes.txt").write_text("seen three times\n")
    assert site.run()["preprocess"] == 0 and site.run() == {}
