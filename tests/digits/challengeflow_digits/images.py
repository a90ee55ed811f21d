"""The raw images, and which of them a dataset has; of data of one's own, those in a folder, each an .npy."""

import json
import shutil
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from challengeflow import Sample, write_samples

SIZE = {"few": 300, "many": 600}


def download(job):
    """Index: 20 images a writer, two writers in three train. Shard: one .npy an image, nothing for a broken one."""
    if job.source != "demo":
        return own(job)
    digits = load_digits()
    if job.part == "index":
        groups = {i: f"writer-{i // 20:02d}" for i in range(SIZE[job.dataset])}
        samples = [
            Sample(f"{i:04d}", "test" if i // 20 % 3 == 2 else "train", g, {"number": str(i)})
            for i, g in groups.items()
        ]
        even = {f"{i:04d}": int(digits.target[i] % 2 == 0) for i in groups}
        write_samples(job.output, samples, {s.id: str(even[s.id]) for s in samples if s.split == "train"})
        (job.gold / "even.json").write_text(json.dumps(even))
        return
    for sample in job.samples:
        if sample.id not in job.parameters["broken"]:
            np.save(job.output / f"{sample.id}.npy", digits.images[int(sample.columns["number"])])


def own(job):
    """The same of a folder."""
    if job.part == "index":
        stems = sorted(path.stem for path in Path(job.source).glob("*.npy"))
        made_from = {stem: [Path(job.source, f"{stem}.npy")] for stem in stems}
        write_samples(job.output, [Sample(stem, "test", stem) for stem in stems], made_from=made_from)
    for sample in job.samples:
        shutil.copy(Path(job.source, f"{sample.id}.npy"), job.output)
