"""One training step and one prediction of a network of mood, at any size: seconds, CPU seconds and peak memory.

    python benchmarks/mood_network_step.py unet3d 64 '{"channels": 64, "stem": 1}'      the winner's size, brain
    python benchmarks/mood_network_step.py unet3d 128 '{"channels": 24, "patch": 64}'   27 overlapping patches, abdomen
    python benchmarks/mood_network_step.py timm-slices 64 '{}'
    python benchmarks/mood_network_step.py unet3d 64 '{"channels": 64, "stem": 1, "batch": 4}' cuda
    python benchmarks/mood_network_step.py unet3d 64 '{}' cpu FOLDER/case-512/head_512.nii.gz

The arguments are the model, the prepared grid, its parameters, the device, and a scan of any size that is read,
answered and given its map and its score in a process of its own (`mood_full_size.py` makes one of 512^3). Training is
the model's own, on four phantoms, for one step; the making of cases and the optimiser are part of it.
"""

import importlib
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import challengeflow_mood
from challengeflow import PredictJob, Sample, Shard, TrainJob, write_samples
from challengeflow.arrays import Predictions, Writer
from challengeflow.contract.progress import Progress
from challengeflow.outside.door import read_one
from challengeflow_mood.answers.maps import case_score, write_map
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import Scan, read_scan
from challengeflow_mood.demo.phantoms import phantom

SCANS = 4
MODELS = {model.name: model for model in challengeflow_mood.models()}


def phantoms(folder: Path, grid: int) -> Shard:
    """A shard of four prepared phantoms."""
    names = [f"head-{number}" for number in range(SCANS)]
    write_samples(folder, [Sample(name, "train", name) for name in names])
    with Writer(folder / "prepared") as out:
        for number, name in enumerate(names):
            volume = phantom("brain", grid, np.random.default_rng(number))
            scan = Scan(volume, None, {"affine": np.eye(4).tolist()})
            facts, arrays = prepare(scan, grid)
            out.add(name, facts, **arrays)
    return Shard("train-f0-000", "train", 0, folder / "samples.csv", folder / "prepared")


def answer(scan: Path, job: PredictJob) -> str:
    """What reading a scan, predicting it, and writing its map and its score take this process, imports included."""
    facts, arrays = prepare(read_scan(scan), job.parameters["grid"])
    with Writer(job.shard.prepared) as out:
        out.add("case", facts, **arrays)
    write_samples(job.work, [Sample("case", "test", "case")])
    importlib.import_module(MODELS[job.model].module).predict(job)
    values = Predictions(job.output)["case"][0]
    write_map(values, facts, job.work / "map.nii.gz")
    case_score(values, facts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"{time.process_time():.1f} CPU s, peak memory of the process {peak:.2f} GiB"


def timed(what: str, work, count: int) -> None:
    wall, cpu = time.monotonic(), time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(
        f"{what}: {wall / count:.1f} s, {cpu / count:.1f} CPU s, peak memory of the process {peak:.2f} GiB", flush=True
    )


def main(name: str, grid: int, parameters: dict, device: str = "cpu", scan: Path | None = None) -> None:
    model = MODELS[name]
    stages = importlib.import_module(model.module)
    parameters = {key: schema["default"] for key, schema in model.parameters.items()} | parameters
    parameters |= {"steps": 1, "check_every": 1, "inner": 0, "cases": 4, "grid": grid}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        common = {"challenge": "mood", "dataset": "brain", "parameters": parameters, "seed": 1, "threads": 1}
        common |= {"device": device, "work": folder, "progress": Progress(name), "model": name}
        shard, output = phantoms(folder, grid), folder / "model"
        output.mkdir()
        job = TrainJob(**common, fold=None, shards=(shard,), output=output)
        timed(
            "one step, the voxel-wise net from four cases, and the scale from four scans",
            lambda: stages.train(job),
            1,
        )
        job = PredictJob(**common, models=(output,), shard=shard, output=folder / "predictions")
        timed("prediction of a scan", lambda: stages.predict(job), SCANS)
        weights = sum(path.stat().st_size for path in (output / "weights").iterdir())
        print(f"weights: {weights / 2**20:.1f} MiB")
        if scan is not None:
            (folder / "scan").mkdir()
            shard = Shard("test-000", "test", None, folder / "scan/samples.csv", folder / "scan/prepared")
            own = replace(job, work=folder / "scan", shard=shard, output=folder / "scan/predictions")
            print(f"{scan.name}, read, answered and written: {read_one(answer, scan, own)}")
        if device == "cuda":
            import torch

            print(f"peak memory of the GPU {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB")


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 6:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), *sys.argv[4:5], *map(Path, sys.argv[5:]))
