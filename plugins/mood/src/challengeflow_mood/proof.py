"""Running the finished scripts as the organisers do, as far as this machine allows, and saying how far that was.

Under bubblewrap: a read-only root, no network, nothing writable but the output folder.
"""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import InputError, PackageJob
from challengeflow.arrays import Arrays
from challengeflow_mood import checks

LIMIT = 600  # seconds a case, the organisers' rule
CORRUPT = "zz_corrupt.nii.gz"


def run(job: PackageJob, context: Path) -> dict[str, Any]:
    """Run all four scripts and check what they wrote; the report for proof.json, the same each time.

    Inputs: the first readable test cases of each dataset, as prepared (downsampled), and one corrupt file, which must
    not stop the rest. Seconds go to the log alone. Raises InputError when a script fails or its output is wrong.
    """
    sandbox, reason = _sandbox()
    if sandbox is None:
        job.progress.message(f"the scripts run without a sandbox: {reason}")
    job.work.mkdir(parents=True, exist_ok=True)
    scripts = {}
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        for dataset in sorted(job.answers):
            inputs = Path(folder) / f"in-{dataset}"
            inputs.mkdir()
            _write_inputs(job, dataset, inputs)
            for task in ("sample", "pixel"):
                outputs = Path(folder) / f"out-{dataset}-{task}"
                outputs.mkdir()
                script = f"run_{task}_{dataset}.sh"
                started = time.monotonic()
                _run_script(sandbox, context, script, inputs, outputs)
                seconds = time.monotonic() - started
                count = checks.check_outputs(task, inputs, outputs, frozenset([CORRUPT]))
                job.progress.message(f"{script}: {count} cases in {seconds:.1f} s")
                if seconds > LIMIT * count:
                    raise InputError(
                        f"{script} took {seconds:.0f} s for {count} cases; expected at most {LIMIT} s a case"
                    )
                scripts[script] = {"cases": count, "of them corrupt": 1, "result": "passed"}
    sandboxed = sandbox is not None
    return {
        "scripts": scripts,
        "inputs": "test cases as prepared (downsampled), and one corrupt file",
        "read-only root, no network": "passed under bubblewrap" if sandboxed else f"not run: {reason}",
        "image build": "not run: this stage builds no image; see README.md",
    }


def _sandbox() -> tuple[list[str] | None, str]:
    """The bubblewrap command, or None and the reason why it cannot be used here."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return None, "bubblewrap (bwrap) is not installed"
    command = [bwrap, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "--die-with-parent"]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True)
    return (command, "") if probe.returncode == 0 else (None, f"bubblewrap cannot start here: {probe.stderr.strip()}")


def _run_script(sandbox: list[str] | None, context: Path, script: str, inputs: Path, outputs: Path) -> None:
    places = (context, inputs, outputs)
    command: list[str] = []
    if sandbox is not None:
        places = (Path("/mnt/workspace"), Path("/mnt/data"), Path("/mnt/pred"))
        binds = ["--ro-bind", context, places[0], "--ro-bind", inputs, places[1], "--bind", outputs, places[2]]
        command = [*sandbox, "--tmpfs", "/mnt", *(str(bind) for bind in binds), "--remount-ro", "/mnt"]
    command += [str(places[0] / script), str(places[1]), str(places[2])]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    count = len(list(inputs.iterdir()))
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT * count, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{script} was stopped after {LIMIT * count} s; expected at most {LIMIT} s a case") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InputError(
            f"{script} ended with status {done.returncode} ({last[0]}); run it by hand from {script!r} in context/"
        )


def _write_inputs(job: PackageJob, dataset: str, folder: Path) -> None:
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
