"""The package stage's proof: the finished archive runs by itself and answers as the workflow does.

What it finds goes to the log, with what differs from machine to machine (sandbox, seconds, memory); the submission
holds nothing of it, so that it is the same everywhere. `challengeflow check-package` does the same on the organisers'
toy cases, and more.
"""

import gzip
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

from challengeflow import InputError, PackageJob
from challengeflow.arrays import Arrays
from challengeflow_mood.docker import archive, infer, sandbox
from challengeflow_mood.docker.dockerfile_lint import built
from challengeflow_mood.docker.package_trial import Report, Trial
from challengeflow_mood.docker.script_lint import lint
from challengeflow_mood.docker.trial_toys import Toys

CORRUPT = "zz_corrupt.nii.gz"


def prove(job: PackageJob, package: Path) -> None:
    """Run all four scripts of the archive and compare with the workflow's own answers.

    Inputs: the first readable test cases of each dataset, as prepared (downsampled), and one corrupt file, which must
    not stop the rest. Raises InputError when a script fails, its output is wrong, or not what this process answers.
    """
    job.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        work, unpacked, root = Path(folder), Path(folder) / "package", Path(folder) / "root"
        workspace = root / "workspace"
        unpacked.mkdir()
        archive.unpack(package, unpacked)
        report = Report(problems=[*built(unpacked, root), *lint(workspace)])
        box = _sandbox(job, package, unpacked, root)
        trial = Trial(box, work, report, unreadable=frozenset([CORRUPT]), say=job.progress.message)
        if not isinstance(box, sandbox.Unboxed):
            trial.probe()
        toys = {dataset: Toys(_inputs(job, dataset, work / "in" / dataset), {}) for dataset in sorted(job.answers)}
        trial.run_scripts(workspace, toys)
        for problem in report.problems:
            raise InputError(f"the package is not sound: {problem}")
        for dataset, own in toys.items():
            compare(dataset, own.scans, workspace / "models" / dataset, work)
        job.progress.message(f"the archive alone answers as the workflow does, under {box.name}")


def _sandbox(job: PackageJob, package: Path, unpacked: Path, root: Path) -> sandbox.Sandbox:
    try:
        return sandbox.open_sandbox(package, unpacked, root, "bwrap", job.progress.message)
    except InputError:
        job.progress.message(
            "no bubblewrap: the scripts run on the bare machine, which proves less; use check-package elsewhere"
        )
        return sandbox.Unboxed(root / "workspace")


def compare(dataset: str, inputs: Path, models: Path, work: Path) -> None:
    """The scripts' answers must be, byte for byte, those of this process, which answers all but the corrupt case."""
    for task in ("sample", "pixel"):
        own = work / "own" / dataset / task
        own.mkdir(parents=True)
        if infer.answer_folder(task, inputs, own, models) > 1:
            raise InputError(f"the model of {dataset} cannot answer test cases here; the reason is in the lines above")
        for path in sorted(own.iterdir()):
            if path.read_bytes() != (work / "answers" / dataset / task / path.name).read_bytes():
                raise InputError(
                    f"run_{task}_{dataset}.sh answers {path.name} otherwise than the workflow does; the package lacks "
                    "something "
                    "that the model reads, or its predictions are random: give predict a seed"
                )


def _inputs(job: PackageJob, dataset: str, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for shard in job.answers[dataset].shards:
        prepared = Arrays(shard.prepared)
        for sample in prepared.ok():
            if len(list(folder.iterdir())) == job.parameters["proof_cases"]:
                break
            image = nib.Nifti1Image(np.asarray(prepared[sample]["volume"], np.float32), np.diag([3.0, 3.0, 3.0, 1.0]))
            (folder / f"{sample}.nii.gz").write_bytes(gzip.compress(image.to_bytes(), 1, mtime=0))
    if not list(folder.iterdir()):
        raise InputError(
            f"no test case of {dataset!r} could be read, so the scripts cannot be proven; see the prepared status"
        )
    (folder / CORRUPT).write_bytes(b"\x1f\x8bthis is no scan")
    return folder
