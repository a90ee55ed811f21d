"""What runs inside the image: `python -m challengeflow_mood.infer TASK IN_DIR OUT_DIR MODEL_DIR`.

The same code as the stages: read, align, predict, bring back. Each case stands alone: an answer that is safe is
written first, the real one replaces it, and whatever a case does, the next one is answered. Only OUT_DIR is written.
"""

import gzip
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import InputError, PredictJob, Sample, Shard, write_samples
from challengeflow.arrays import Predictions, Writer
from challengeflow.progress import Progress
from challengeflow_mood import alignment, decision
from challengeflow_mood.official_layout import is_scan, stem
from challengeflow_mood.preparation import prepare
from challengeflow_mood.volumes import map_image, read_scan

SAFE_SCORE = 0.0


def run(task: str, inputs: Path, outputs: Path, model: Path) -> int:
    """Answer every scan in `inputs`; the number of scans that got the safe answer because they could not be read.

    task "pixel": a map NAME of the scan's own shape and affine; task "sample": NAME.txt with one number in [0, 1].
    model: the folder that `container.write_model` wrote.
    """
    if task not in ("pixel", "sample"):
        raise InputError(f"the task is {task!r}; expected 'pixel' or 'sample'")
    names = sorted(path.name for path in inputs.iterdir() if is_scan(path.name))
    if not names:
        raise InputError(f"{inputs} holds no scan; expected .nii.gz files")
    ensemble = json.loads((model / "ensemble.json").read_text())
    failed = 0
    work = Path(tempfile.mkdtemp(prefix=".work-", dir=outputs))
    try:
        for name in names:
            started = time.monotonic()
            try:
                _write_safe(task, inputs / name, outputs)
                _answer(task, inputs / name, outputs, model, ensemble, work)
                what = "answered"
            except Exception as error:
                failed += 1
                what = f"got the safe answer: {error}"
            print(f"{name}: {what} after {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return failed


def map_name(file: str) -> str:
    """The name of a scan's map: its own, with .nii.gz in place of an ending that is no NIfTI's."""
    return file if file.endswith((".nii.gz", ".nii")) else stem(file) + ".nii.gz"


def write_map(scores: np.ndarray, geometry: dict[str, Any], target: Path) -> None:
    """Write a map (stored three-dimensional shape) as NIfTI, whole or not at all, with the same bytes each time."""
    image = map_image(scores, geometry)
    part = target.with_name(f".{target.name}.part")
    with open(part, "wb") as raw:
        if target.name.endswith(".gz"):
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as file:
                image.to_stream(file)
        else:
            image.to_stream(raw)
    os.replace(part, target)


def _write_safe(task: str, scan: Path, outputs: Path) -> None:
    if task == "sample":
        _write_text(outputs / f"{scan.name}.txt", SAFE_SCORE)
        return
    image = nib.load(scan)  # the header alone
    shape = [int(n) for n in image.shape]
    facts = {"original": shape, "affine": np.asarray(image.affine), "header": None}
    write_map(np.zeros(shape, np.float32), facts, outputs / map_name(scan.name))


def _answer(task: str, scan: Path, outputs: Path, model: Path, ensemble: dict[str, Any], work: Path) -> None:
    volume, facts = read_scan(scan)
    grid = ensemble["grid"]
    facts, arrays = prepare(volume, {"status": "ok", "shape": [1, grid, grid, grid], **facts}, grid)
    del volume
    scores = _predict(facts, arrays, model, ensemble, work)
    if task == "sample":
        value = decision.probability(ensemble["decision"], decision.sample_score(scores))
        _write_text(outputs / f"{scan.name}.txt", value)
    else:
        write_map(alignment.to_scan(scores[0], facts["mapping"]), facts, outputs / map_name(scan.name))


def _predict(facts: dict, arrays: dict, model: Path, ensemble: dict[str, Any], work: Path) -> np.ndarray:
    """Weighted mean of the members' predictions for one prepared scan, by the models' own predict stage."""
    folder = Path(tempfile.mkdtemp(dir=work))
    write_samples(folder, [Sample("case", "test", "case")])
    with Writer(folder / "prepared") as out:
        out.add("case", facts, **arrays)
    shard = Shard("test-0", "test", None, folder / "samples.csv", folder / "prepared")
    total, weights = np.zeros(facts["shape"], np.float32), 0.0
    for number, member in enumerate(ensemble["members"]):
        (folder / "work").mkdir(exist_ok=True)
        job = PredictJob(
            challenge="mood",
            dataset=ensemble["dataset"],
            parameters=member["parameters"],
            seed=0,
            threads=1,
            device="cpu",
            work=folder / "work",
            progress=Progress("predict"),
            model=member["model"],
            models=tuple(model / name for name in member["folders"]),
            shard=shard,
            output=folder / f"member-{number}",
        )
        importlib.import_module(member["module"]).predict(job)
        total += member["weight"] * np.asarray(Predictions(job.output)["case"], np.float32)
        weights += member["weight"]
    shutil.rmtree(folder)
    return total / weights


def _write_text(target: Path, value: float) -> None:
    part = target.with_name(f".{target.name}.part")
    part.write_text(f"{value!r}\n")
    os.replace(part, target)


if __name__ == "__main__":
    try:
        run(sys.argv[1], *(Path(argument) for argument in sys.argv[2:5]))
    except (InputError, TypeError) as error:
        sys.exit(f"infer: {error}")
